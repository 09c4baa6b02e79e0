//! The registry of the healthy machine, as far as repairs look at it.

use super::{INSTALLED, MACHINE_GUID, instant};
use crate::sim::windows::language::Language;
use crate::sim::windows::os::Os;
use crate::sim::windows::registry::{Data, Registry};
use crate::sim::windows::remote_desktop::{RDP_TCP, TERMINAL_SERVER};
use crate::sim::windows::schannel::{PROTOCOLS, Tls};

pub(super) fn install(registry: &mut Registry, os: Os, language: Language) {
    for (name, number) in [("Current", 1), ("Default", 1), ("Failed", 0), ("LastKnownGood", 1)] {
        registry.set(r"HKLM\SYSTEM\Select", name, Data::Dword(number));
    }
    version(registry, os);
    control(registry, language);
    terminal_server(registry);
    schannel(registry);
    registry.set(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid", text(MACHINE_GUID));
    let tcpip = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
    registry.set(tcpip, "Hostname", text("VM01"));
    registry.set(tcpip, "NV Hostname", text("VM01"));
    registry.set(tcpip, "Domain", text(""));
    registry.set(
        r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName",
        "ComputerName",
        text("VM01"),
    );
    registry.set(
        r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName",
        "ComputerName",
        text("VM01"),
    );
    for service in ["S-1-5-18", "S-1-5-19", "S-1-5-20"] {
        registry.create(&format!(r"HKU\{service}\Environment"));
    }
    registry.create(r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT");
    registry.create(r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates");
    for store in ["CA", "My", "Remote Desktop", "Root"] {
        for part in ["Certificates", "CRLs", "CTLs"] {
            registry.create(&format!(r"HKLM\SOFTWARE\Microsoft\SystemCertificates\{store}\{part}"));
        }
    }
    registry.set(r"HKCU\Environment", "TEMP", Data::ExpandSz(r"%USERPROFILE%\AppData\Local\Temp".to_owned()));
    registry.set(r"HKCU\Environment", "TMP", Data::ExpandSz(r"%USERPROFILE%\AppData\Local\Temp".to_owned()));
}

fn version(registry: &mut Registry, os: Os) {
    let key = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
    for (name, value) in [
        ("SystemRoot", r"C:\Windows".to_owned()),
        ("BuildBranch", branch(os).to_owned()),
        ("BuildLab", format!("{}.{}", os.build(), branch(os))),
        ("CompositionEditionID", "ServerDatacenter".to_owned()),
        ("CurrentBuild", os.build().to_string()),
        ("CurrentBuildNumber", os.build().to_string()),
        ("CurrentType", "Multiprocessor Free".to_owned()),
        ("CurrentVersion", "6.3".to_owned()),
        ("EditionID", "ServerDatacenter".to_owned()),
        ("InstallationType", "Server".to_owned()),
        ("ProductName", os.product_name()),
        ("ReleaseId", os.release_id().to_owned()),
        ("SoftwareType", "System".to_owned()),
        ("PathName", r"C:\Windows".to_owned()),
        ("ProductId", "00430-00000-00000-AA602".to_owned()),
        ("RegisteredOwner", "Windows User".to_owned()),
    ] {
        if !value.is_empty() {
            registry.set(key, name, Data::Sz(value));
        }
    }
    match os {
        Os::Server2022 => registry.set(key, "DisplayVersion", text("21H2")),
        Os::Server2025 => registry.set(key, "DisplayVersion", text("24H2")),
        Os::Server2012R2 | Os::Server2016 | Os::Server2019 => {}
    }
    if !os.is_windows_8() {
        registry.set(key, "CurrentMajorVersionNumber", Data::Dword(10));
        registry.set(key, "CurrentMinorVersionNumber", Data::Dword(0));
    }
    registry.set(key, "InstallDate", Data::Dword(instant(INSTALLED).as_second() as u32));
    registry.set(key, "UBR", Data::Dword(os.revision()));
    let run = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run";
    registry.set(
        run,
        "SecurityHealth",
        Data::ExpandSz(r"%windir%\system32\SecurityHealthSystray.exe".to_owned()),
    );
}

fn branch(os: Os) -> &'static str {
    match os {
        Os::Server2012R2 => "winblue_ltsb",
        Os::Server2016 => "rs1_release",
        Os::Server2019 => "rs5_release",
        Os::Server2022 => "fe_release",
        Os::Server2025 => "ge_release",
    }
}

fn control(registry: &mut Registry, language: Language) {
    let control = r"HKLM\SYSTEM\CurrentControlSet\Control";
    registry.set(control, "CurrentUser", text("USERNAME"));
    registry.set(control, "SystemBootDevice", text("multi(0)disk(0)rdisk(0)partition(1)"));
    // EMS is on in this boot.
    registry.set(
        control,
        "SystemStartOptions",
        text(" NOEXECUTE=OPTOUT  REDIRECT  EMSPORT=1  EMSBAUDRATE=115200"),
    );
    let crash = format!(r"{control}\CrashControl");
    registry.set(&crash, "AutoReboot", Data::Dword(1));
    registry.set(&crash, "CrashDumpEnabled", Data::Dword(2));
    registry.set(&crash, "DumpFile", Data::ExpandSz(r"%SystemRoot%\MEMORY.DMP".to_owned()));
    registry.set(&crash, "MinidumpDir", Data::ExpandSz(r"%SystemRoot%\Minidump".to_owned()));
    registry.set(&crash, "Overwrite", Data::Dword(1));
    registry.set(&crash, "NMICrashDump", Data::Dword(1));
    registry.set(
        &format!(r"{control}\Session Manager"),
        "BootExecute",
        Data::MultiSz(vec![crate::sim::windows::check_disk::USUAL.to_owned()]),
    );
    let memory = format!(r"{control}\Session Manager\Memory Management");
    registry.set(&memory, "PagingFiles", Data::MultiSz(vec![r"?:\pagefile.sys".to_owned()]));
    let lsa = format!(r"{control}\Lsa");
    registry.set(&lsa, "disabledomaincreds", Data::Dword(0));
    registry.set(&lsa, "LmCompatibilityLevel", Data::Dword(3));
    registry.set(&format!(r"{lsa}\FIPSAlgorithmPolicy"), "Enabled", Data::Dword(0));
    registry.set(&format!(r"{control}\Nls\Language"), "Default", text(language.lcid()));
    registry.set(&format!(r"{control}\Nls\Language"), "InstallLanguage", text(language.lcid()));
    registry.set(&format!(r"{control}\Nls\CodePage"), "OEMCP", text(&language.oem_code_page().to_string()));
    let time_zone = format!(r"{control}\TimeZoneInformation");
    registry.set(&time_zone, "TimeZoneKeyName", text("UTC"));
    registry.set(&time_zone, "Bias", Data::Dword(0));
    registry.set(&time_zone, "ActiveTimeBias", Data::Dword(0));
    let environment = format!(r"{control}\Session Manager\Environment");
    registry.set(&environment, "ComSpec", Data::ExpandSz(r"%SystemRoot%\system32\cmd.exe".to_owned()));
    registry.set(&environment, "OS", text("Windows_NT"));
}

fn terminal_server(registry: &mut Registry) {
    for (name, number) in [
        ("AllowRemoteRPC", 0),
        ("DelayConMgrTimeout", 0),
        ("DeleteTempDirsOnExit", 1),
        ("fDenyTSConnections", 0),
        ("fSingleSessionPerUser", 1),
        ("NotificationTimeOut", 0),
        ("PerSessionTempDir", 0),
        ("TSAppCompat", 0),
        ("TSEnabled", 1),
        ("TSUserEnabled", 0),
        ("TSServerDrainMode", 0),
    ] {
        registry.set(TERMINAL_SERVER, name, Data::Dword(number));
    }
    registry.set(TERMINAL_SERVER, "ProductVersion", text("5.1"));
    registry.set(TERMINAL_SERVER, "SnapshotMonitors", text("1"));
    registry.create(&format!(r"{TERMINAL_SERVER}\Wds\rdpwd"));
    registry.set(&format!(r"{TERMINAL_SERVER}\Wds\rdpwd"), "StartupPrograms", text("rdpclip"));
    for (name, number) in [
        ("fAllowSecProtocolNegotiation", 1),
        ("fAutoClientDrives", 1),
        ("fDisableAutoReconnect", 0),
        ("fEnableWinStation", 1),
        ("fInheritAutoLogon", 1),
        ("fInheritMaxDisconnectionTime", 1),
        ("fInheritMaxIdleTime", 1),
        ("fInheritMaxSessionTime", 1),
        ("fInheritReconnectSame", 1),
        ("fLogonDisabled", 0),
        ("fPromptForPassword", 0),
        ("fQueryUserConfigFromDC", 0),
        ("fReconnectSame", 0),
        ("InputBufferLength", 2048),
        ("KeepAliveTimeout", 0),
        ("KeyboardLayout", 0),
        ("LanAdapter", 0),
        ("MaxConnectionTime", 0),
        ("MaxDisconnectionTime", 0),
        ("MaxIdleTime", 0),
        ("MaxInstanceCount", 0xffff_ffff),
        ("MinEncryptionLevel", 2),
        ("PdClass", 2),
        ("PdFlag", 78),
        ("PortNumber", 3389),
        ("SecurityLayer", 2),
        ("SelectNetworkDetect", 1),
        ("SelectTransport", 2),
        ("Shadow", 1),
        ("UserAuthentication", 1),
    ] {
        registry.set(RDP_TCP, name, Data::Dword(number));
    }
    for (name, value) in [
        ("Comment", ""),
        ("InitialProgram", ""),
        ("LoadableProtocol_Object", "{5828227c-20cf-4408-b73f-73ab70b8849f}"),
        ("PdDLL", "tdtcp"),
        ("PdName", "tcp"),
        ("WdName", "Microsoft RDP 8.0"),
        ("WdPrefix", "RDP"),
        ("WFProfilePath", ""),
        ("WorkDirectory", ""),
    ] {
        registry.set(RDP_TCP, name, text(value));
    }
}

fn schannel(registry: &mut Registry) {
    let above = PROTOCOLS.trim_end_matches(r"\Protocols");
    registry.set(above, "EventLogging", Data::Dword(1));
    let old = format!(r"{PROTOCOLS}\SSL 2.0\Client");
    registry.set(&old, "DisabledByDefault", Data::Dword(1));
    // A fresh machine has no keys for TLS versions at all: absent means on.
    debug_assert!(Tls::ALL.iter().all(|version| registry.key(&version.server_key()).is_none()));
}

fn text(value: &str) -> Data {
    Data::Sz(value.to_owned())
}
