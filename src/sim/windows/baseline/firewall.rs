//! Firewall rules and profiles of the healthy machine.

use crate::sim::windows::firewall::{POLICY, Profile, rules_key};
use crate::sim::windows::os::Os;
use crate::sim::windows::registry::{Data, Registry};

/// Internal name and fields, without the version tag.
const RULES: [(&str, &str); 9] = [
    (
        "CoreNet-DHCP-In",
        r"Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=68|RPort=67|App=%SystemRoot%\system32\svchost.exe|Svc=dhcp|Name=@FirewallAPI.dll,-25301|Desc=@FirewallAPI.dll,-25303|EmbedCtxt=@FirewallAPI.dll,-25000|",
    ),
    (
        "FPS-ICMP4-ERQ-In",
        "Action=Allow|Active=FALSE|Dir=In|Protocol=1|ICMP4=8:*|Name=@FirewallAPI.dll,-28543|Desc=@FirewallAPI.dll,-28547|EmbedCtxt=@FirewallAPI.dll,-28502|",
    ),
    (
        "FPS-SMB-In-TCP",
        "Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=445|App=System|Name=@FirewallAPI.dll,-28511|Desc=@FirewallAPI.dll,-28514|EmbedCtxt=@FirewallAPI.dll,-28502|",
    ),
    (
        "RemoteDesktop-Shadow-In-TCP",
        r"Action=Allow|Active=TRUE|Dir=In|Protocol=6|App=%SystemRoot%\system32\RdpSa.exe|Name=@FirewallAPI.dll,-28778|Desc=@FirewallAPI.dll,-28779|EmbedCtxt=@FirewallAPI.dll,-28752|Edge=TRUE|Defer=App|",
    ),
    (
        "RemoteDesktop-UserMode-In-TCP",
        r"Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=%SystemRoot%\system32\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|",
    ),
    (
        "RemoteDesktop-UserMode-In-UDP",
        r"Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=3389|App=%SystemRoot%\system32\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28776|Desc=@FirewallAPI.dll,-28777|EmbedCtxt=@FirewallAPI.dll,-28752|",
    ),
    (
        "WINRM-HTTP-In-TCP",
        "Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=5985|App=System|Name=@FirewallAPI.dll,-30253|Desc=@FirewallAPI.dll,-30256|EmbedCtxt=@FirewallAPI.dll,-30267|",
    ),
    (
        "WINRM-HTTP-In-TCP-PUBLIC",
        "Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort=5985|RA4=LocalSubnet|RA6=LocalSubnet|App=System|Name=@FirewallAPI.dll,-30253|Desc=@FirewallAPI.dll,-30256|EmbedCtxt=@FirewallAPI.dll,-30267|",
    ),
    (
        "WMI-WINMGMT-In-TCP",
        r"Action=Allow|Active=FALSE|Dir=In|Protocol=6|App=%SystemRoot%\system32\svchost.exe|Svc=winmgmt|Name=@FirewallAPI.dll,-34254|EmbedCtxt=@FirewallAPI.dll,-34251|",
    ),
];

pub(super) fn install(registry: &mut Registry, os: Os) {
    let key = rules_key();
    for (id, fields) in RULES {
        registry.set(&key, id, Data::Sz(format!("{}|{fields}", os.firewall_rule_version())));
    }
    for profile in Profile::ALL {
        let key = format!(r"{POLICY}\{}", profile.key());
        registry.set(&key, "EnableFirewall", Data::Dword(1));
        registry.set(&key, "DisableNotifications", Data::Dword(1));
        registry.set(&format!(r"{key}\Logging"), "LogFilePath", Data::Sz(LOG.to_owned()));
        registry.set(&format!(r"{key}\Logging"), "LogFileSize", Data::Dword(4096));
    }
}

const LOG: &str = r"%systemroot%\system32\LogFiles\Firewall\pfirewall.log";
