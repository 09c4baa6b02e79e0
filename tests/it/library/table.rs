//! Which script is for which machine.

use super::{changed, works};
use crate::repair::Outcome;

/// A script, its parameters, and a machine that it makes whole.
pub(super) struct Repair {
    pub(super) script: &'static str,
    /// Inside the braces of `with`.
    pub(super) with: &'static str,
    pub(super) scenario: &'static str,
    /// Parts of paths that may differ afterwards.
    pub(super) changes: &'static [&'static str],
    /// Parts of paths that may differ after everything was taken back.
    pub(super) lasts: &'static [&'static str],
    /// What proves the repair.
    pub(super) proof: fn(&Outcome) -> Result<(), String>,
}

/// A machine that a script does not cure, and what it says.
pub(super) struct Refusal {
    pub(super) script: &'static str,
    pub(super) with: &'static str,
    pub(super) scenario: &'static str,
    pub(super) says: &'static str,
}

const fn repair(script: &'static str, scenario: &'static str, changes: &'static [&'static str]) -> Repair {
    Repair { script, with: "", scenario, changes, lasts: &[], proof: works }
}

const fn mends(script: &'static str, scenario: &'static str, changes: &'static [&'static str]) -> Repair {
    Repair { proof: changed, ..repair(script, scenario, changes) }
}

impl Repair {
    const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }

    const fn lasting(self, lasts: &'static [&'static str]) -> Self {
        Self { lasts, ..self }
    }
}

const fn refusal(script: &'static str, scenario: &'static str, says: &'static str) -> Refusal {
    Refusal { script, with: "", scenario, says }
}

const RDP: &[&str] = &["service/TermService", "service/UmRdpService", "listener/"];

pub(super) const REPAIRS: &[Repair] = &[
    repair("rdp/configuration", "rdp-drain-mode", &["TSServerDrainMode"]),
    repair(
        "rdp/configuration",
        "rdp-logons-refused",
        &["TSEnabled", "TSUserEnabled", "fLogonDisabled", "listener/"],
    ),
    repair("rdp/termservice", "termservice-disabled", &["TermService", "service/UmRdp", "listener/"]),
    repair("rdp/termservice", "termservice-account", &["TermService", "service/UmRdp", "listener/"]),
    repair("rdp/termservice", "termservice-stopped", RDP),
    repair("rdp/authentication", "rdp-authentication", &["disabledomaincreds", "MinEncryptionLevel"]),
    mends("rdp/authentication", "healthy", &["UserAuthentication"]).with("nla: 'off'"),
    mends(
        "rdp/disconnects",
        "rdp-disconnects",
        &[r"\WinStations\RDP-Tcp\@", r"Terminal Services\@KeepAlive", "fDisableAutoReconnect"],
    ),
    repair(
        "network/dhcp-client",
        "dhcp-disabled",
        &["Dhcp", "WinHttpAutoProxySvc", "NlaSvc", "netprofm", "interface/"],
    )
    .lasting(&["interface/"]),
    repair(
        "network/dhcp-client",
        "dhcp-account",
        &["Dhcp", "WinHttpAutoProxySvc", "NlaSvc", "netprofm", "interface/"],
    )
    .lasting(&["interface/"]),
    mends("network/netlogon", "netlogon-disabled", &["Netlogon"]),
    repair("network/adapter", "nic-disabled", &["interface/", "ConfigFlags"]),
    repair("network/static-address", "static-address", &["interface/", r"Parameters\Interfaces\"]),
    repair("network/firewall-policy", "firewall-blocks-all", &["DoNotAllowExceptions"]),
    mends("boot/crash-dump", "crash-dump-off", &[r"\CrashControl\"]),
    repair(
        "boot/safe-mode",
        "safe-mode",
        &["BCD00000000", "SafeBoot", "SystemStartOptions", "service/", "listener/", "interface/"],
    )
    .lasting(&["SafeBoot", "SystemStartOptions", "service/", "listener/", "interface/"]),
    repair(
        "network/nsi",
        "nsi-disabled",
        &["service/", "nsi", "interface/", "listener/", "Remote Desktop", "SelfSignedCertificate"],
    )
    .lasting(&["interface/"]),
    repair(
        "rdp/services",
        "sessionenv-disabled",
        &["SessionEnv", "Remote Desktop\\", "SelfSignedCertificate", "MachineKeys"],
    )
    .lasting(&["Remote Desktop\\", "SelfSignedCertificate"]),
    repair("rdp/connections", "rdp-denied", &["fDenyTSConnections", "listener/"]),
    repair("rdp/firewall", "firewall-rule-off", &["FirewallRules"]),
    repair("rdp/machine-keys", "machinekeys-permissions", &["MachineKeys", "listener/"]),
    repair(
        "rdp/certificate",
        "rdp-certificate-orphaned",
        &["Remote Desktop", "SelfSignedCertificate", "MachineKeys"],
    )
    .lasting(&["MachineKeys"]),
    repair("rdp/port", "rdp-port-taken", &["ContosoRelay", "listener/", "TermService", "UmRdpService"])
        .with("port_conflict: 'stop'"),
    mends("rdp/tls-protocols", "tls-12-disabled", &["SCHANNEL"]),
    Repair { proof: starts, ..repair("offline/rdp-internal-error", "rescue-internal-error", &["disk/1/"]) }
        .with("disk: 1, keys: 'always'"),
    Repair { proof: starts, ..repair("offline/serial-console", "rescue-serial-console", &["disk/1/"]) }
        .with("disk: 1"),
    Repair { proof: starts, ..repair("offline/safe-mode", "rescue-safe-mode", &["disk/1/"]) }.with("disk: 1"),
    Repair { proof: starts, ..repair("offline/boot-store", "rescue-boot-store", &["disk/1/"]) }
        .with("disk: 1"),
    Repair { proof: starts, ..repair("offline/crowdstrike", "rescue-crowdstrike", &["disk/1/"]) }
        .with("disk: 1"),
    mends("offline/attach", "rescue-internal-error", &["disk/1"]).with("disk: 1"),
    mends("offline/detach", "rescue-healthy-uefi", &["disk/1"]).with("disk: 1"),
    mends("rdp/group-policy-pause", "healthy", &["gpsvc"]),
    mends("rdp/group-policy-resume", "group-policy-paused", &["gpsvc"]),
    repair("rdp-internal-error", "rdp-denied", &["fDenyTSConnections", "listener/"]),
    Repair {
        proof: |outcome| if outcome.world.ems_is_on() { Ok(()) } else { Err("EMS is off".to_owned()) },
        ..mends("boot/ems", "ems-off-next", &["BCD00000000"])
    },
];

/// Machines on which a script is recorded in place of that of its first repair.
pub(super) const RECORDED: &[(&str, &str)] =
    &[("rdp-internal-error", "rdp-internal-error"), ("rdp/services", "all-causes"), ("health", "all-causes")];

pub(super) const REFUSALS: &[Refusal] = &[
    refusal("rdp/termservice", "termservice-library-missing", "the file termsrv.dll is missing"),
    refusal(
        "rdp/authentication",
        "no-domain-controller",
        "the secure channel to the domain contoso.local is broken (status 1311)",
    ),
    refusal("rdp/port", "rdp-port-taken-process", "port 3389 is held by portfwd.exe"),
    refusal("rdp/listener", "rdp-port-taken", "TermService does not listen on port 3389"),
    refusal("rdp/listener", "rdp-certificate-orphaned", "no certificate that works"),
    refusal("rdp/tls-kept", "tls-12-disabled", "TLS 1.2 was switched off again"),
    refusal("rdp-internal-error", "rdp-port-taken-process", "port 3389 is held by portfwd.exe"),
    refusal("network/dhcp-client", "no-dhcp-server", "no DHCP server answers"),
    refusal("offline/attach", "healthy", "no other Windows is online"),
    refusal("offline/boot-store", "healthy", "no other Windows is online"),
    refusal("offline/crowdstrike", "rescue-locked", "no other Windows is online"),
    refusal("offline/rdp-internal-error", "rescue-internal-error", "no other Windows is online"),
    refusal("offline/safe-mode", "healthy", "no other Windows is online"),
    refusal("offline/serial-console", "rescue-healthy-uefi", "no boot store was found"),
    refusal("health", "rdp-denied", "Remote Desktop connections are switched off"),
    refusal("network/firewall-policy", "firewall-domain-policy", "a group policy makes PublicProfile block"),
    refusal("rdp/services", "termservice-account", "the service TermService does not run"),
    refusal("rdp/firewall", "firewall-rule-blocks", "blocks port 3389"),
    refusal("rdp/certificate", "rdp-certificate-missing-unreadable", "Remote Desktop has no certificate"),
    refusal("boot/crash-dump", "no-page-file", "no page file"),
];

/// Script, parameters, machine.
pub(super) const HEALTHY: &[(&str, &str, &str)] = &[
    ("boot/crash-dump", "", "healthy"),
    ("boot/ems", "", "healthy"),
    ("boot/safe-mode", "", "healthy"),
    ("network/adapter", "", "healthy"),
    ("network/dhcp-client", "", "healthy"),
    ("network/firewall-policy", "", "healthy"),
    ("network/netlogon", "", "healthy"),
    ("network/nsi", "", "healthy"),
    ("network/static-address", "", "healthy"),
    ("health", "", "healthy"),
    ("offline/attach", "", "rescue-healthy-uefi"),
    ("offline/boot-store", "", "rescue-steady"),
    ("offline/crowdstrike", "", "rescue-healthy-bios"),
    ("offline/detach", "disk: 1", "rescue-internal-error"),
    ("offline/rdp-internal-error", "", "rescue-healthy-bios"),
    ("offline/safe-mode", "", "rescue-healthy-bios"),
    ("offline/serial-console", "", "rescue-healthy-bios"),
    ("rdp-internal-error", "", "healthy"),
    ("rdp/authentication", "", "healthy"),
    ("rdp/certificate", "", "healthy"),
    ("rdp/connections", "", "healthy"),
    ("rdp/disconnects", "", "rdp-steady"),
    ("rdp/firewall", "", "healthy"),
    ("rdp/group-policy-pause", "", "group-policy-paused"),
    ("rdp/group-policy-resume", "", "healthy"),
    ("rdp/listener", "", "healthy"),
    ("rdp/machine-keys", "", "healthy"),
    ("rdp/port", "", "healthy"),
    ("rdp/services", "", "healthy"),
    ("rdp/tls-kept", "", "healthy"),
    ("rdp/tls-protocols", "", "healthy"),
    ("rdp/configuration", "", "healthy"),
    ("rdp/termservice", "", "healthy"),
];

/// Scripts whose repairs are shown in `repair`, or that only look.
pub(super) const ELSEWHERE: &[&str] = &["health", "rdp/listener", "rdp/tls-kept"];

/// Scripts for which no machine is known that they could not cure.
pub(super) const NEVER_REFUSES: &[&str] = &[
    "boot/ems",
    "boot/safe-mode",
    "network/adapter",
    "network/netlogon",
    "network/nsi",
    "network/static-address",
    "offline/detach",
    "rdp/configuration",
    "rdp/connections",
    "rdp/disconnects",
    "rdp/group-policy-pause",
    "rdp/group-policy-resume",
    "rdp/machine-keys",
    "rdp/tls-protocols",
];

/// The machine of the attached disk starts, with its console, and Remote Desktop works.
fn starts(outcome: &Outcome) -> Result<(), String> {
    let mut machine = outcome.world.revived(1).ok_or("nothing can be started from the disk")?;
    if let Some(failure) = machine.start_failure() {
        return Err(format!("it does not start: {failure:?}"));
    }
    if !machine.ems_is_on() {
        return Err("it starts without its console".to_owned());
    }
    machine.boot();
    machine.rdp_works().map_err(|reasons| format!("it starts, but {reasons:?}"))
}

/// A fault, and the script that health names for it.
pub(super) const NAMED: &[(&str, &str)] = &[
    ("crash-dump-off", "boot/crash-dump"),
    ("dhcp-disabled", "network/dhcp-client"),
    ("ems-off-next", "boot/ems"),
    ("firewall-blocks-all", "network/firewall-policy"),
    ("firewall-rule-off", "rdp/firewall"),
    ("group-policy-paused", "rdp/group-policy-resume"),
    ("machinekeys-permissions", "rdp/machine-keys"),
    ("netlogon-disabled", "network/netlogon"),
    ("nic-disabled", "network/adapter"),
    ("nsi-disabled", "network/nsi"),
    ("rdp-authentication", "rdp/authentication"),
    ("rdp-certificate-orphaned", "rdp/certificate"),
    ("rdp-denied", "rdp/connections"),
    ("rdp-disconnects", "rdp/disconnects"),
    ("rdp-drain-mode", "rdp/configuration"),
    ("rdp-port-taken", "rdp/port"),
    ("safe-mode", "boot/safe-mode"),
    ("secure-channel-broken", "rdp/authentication"),
    ("sessionenv-disabled", "rdp/services"),
    ("static-address", "network/static-address"),
    ("termservice-account", "rdp/termservice"),
    ("tls-disabled", "rdp-internal-error"),
];
