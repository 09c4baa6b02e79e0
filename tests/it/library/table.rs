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
    /// It has changes that nobody can take back, and says so: the snapshot of the disk is the way back.
    pub(super) remains: bool,
    /// What proves the repair.
    pub(super) proof: fn(&Outcome) -> Result<(), String>,
}

/// A machine that a script does not cure, and what it says.
pub(super) struct Refusal {
    pub(super) script: &'static str,
    pub(super) with: &'static str,
    pub(super) scenario: &'static str,
    pub(super) says: &'static str,
    /// The account at the console: `administrator` or `standard`.
    pub(super) account: &'static str,
    /// It is found out by a try that has no way back.
    pub(super) tried: bool,
}

const fn repair(script: &'static str, scenario: &'static str, changes: &'static [&'static str]) -> Repair {
    Repair { script, with: "", scenario, changes, lasts: &[], remains: false, proof: works }
}

const fn mends(script: &'static str, scenario: &'static str, changes: &'static [&'static str]) -> Repair {
    Repair { proof: changed, ..repair(script, scenario, changes) }
}

impl Repair {
    const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }

    const fn proven(self, proof: fn(&Outcome) -> Result<(), String>) -> Self {
        Self { proof, ..self }
    }

    const fn remaining(self, lasts: &'static [&'static str]) -> Self {
        Self { lasts, remains: true, ..self }
    }

    const fn lasting(self, lasts: &'static [&'static str]) -> Self {
        Self { lasts, ..self }
    }
}

const fn refusal(script: &'static str, scenario: &'static str, says: &'static str) -> Refusal {
    Refusal { script, with: "", scenario, says, account: "administrator", tried: false }
}

/// Logged in with an account that may not change this: Windows says no, and everything is as it was.
const fn forbidden(script: &'static str, scenario: &'static str, says: &'static str) -> Refusal {
    Refusal { account: "standard", ..refusal(script, scenario, says) }
}

impl Refusal {
    const fn with(self, with: &'static str) -> Self {
        Self { with, ..self }
    }
}

const RDP: &[&str] = &["service/TermService", "service/UmRdpService", "listener/"];

pub(super) const REPAIRS: &[Repair] = &[
    mends("accounts/local-administrator", "healthy", &["user/rescue", "group/"])
        .with("user: 'rescue', password: '{{ secret }}'"),
    mends("accounts/local-administrator", "account-disabled", &["user/rescue", "group/"])
        .with("user: 'rescue', password: '{{ secret }}', existing: 'set_password'")
        .remaining(&["user/rescue"]),
    mends("accounts/enable", "account-disabled", &["user/rescue", "group/"]).with("user: 'rescue'"),
    mends("accounts/enable", "account-locked", &["user/rescue"])
        .with("user: 'rescue'")
        .remaining(&["user/rescue"]),
    mends("system/disk-check", "disk-errors", &["volume/C"]).with("repair: 'restart'").lasting(&["volume/C"]),
    repair("system/files", "files-missing", &["termsrv.dll", "CBS", "TermService", "UmRdp", "listener/"])
        .proven(whole)
        .remaining(&["termsrv.dll", "CBS", "TermService", "UmRdp", "listener/"]),
    repair("system/files", "files-store-damaged", &["termsrv.dll", "CBS", "components"])
        .proven(whole)
        .remaining(&["termsrv.dll", "CBS", "components"]),
    repair("system/files", "files-from-medium", &["CBS", "components"])
        .with("source: 'wim:C:\\Media\\install.wim:1'")
        .proven(whole)
        .remaining(&["CBS", "components"]),
    mends("system/updates", "updates-pending", &["Component Based Servicing"])
        .with("restart: 'allowed'")
        .lasting(&["Component Based Servicing"]),
    mends("boot/crowdstrike", "crowdstrike-safe-mode", &["C-00000291"]).proven(renamed),
    repair("rdp/certificate-remote", "neighbour-certificate", &["neighbour/VM02"])
        .with("machine: 'VM02'")
        .proven(neighbour_works)
        .remaining(&["neighbour/VM02"]),
    repair("offline/unlock", "rescue-locked-offline", &["disk/1"])
        .with("disk: 1, recovery_password: '{{ recovery }}'")
        .proven(readable),
    repair("offline/unlock-with-file", "rescue-locked-offline", &["disk/1"])
        .with("disk: 1, key_file: 'C:\\BEK\\A1B2C3D4-0000-4000-8000-00000000BDE1.BEK'")
        .proven(readable),
    repair("offline/disk-check", "rescue-disk-errors", &["disk/1"])
        .with("disk: 1")
        .proven(starts)
        .remaining(&["disk/1/2/volume"]),
    repair("offline/updates", "rescue-updates", &["disk/1/"])
        .with("disk: 1")
        .proven(starts)
        .remaining(&["Component Based Servicing"]),
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
    repair(
        "rdp/port",
        "rdp-port-taken-process",
        &["PortNumber", "FirewallRules", "listener/", "TermService", "UmRdpService"],
    )
    .with("port_conflict: 'move'"),
    mends("rdp/tls-protocols", "tls-12-disabled", &["SCHANNEL"]).proven(works_after_a_restart),
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
    repair("rdp-internal-error", "rdp-denied", &["fDenyTSConnections", "listener/"])
        .with("restart: 'after_repair'"),
    Repair {
        proof: |outcome| {
            let started = outcome.differences().iter().any(|own| own.path.contains("SystemStartOptions"));
            if outcome.world.ems_is_on() && started {
                Ok(())
            } else {
                Err("not proven by a start".to_owned())
            }
        },
        // How Windows was started is told by the next start.
        ..mends("boot/ems", "ems-off-next", &["BCD00000000", "SystemStartOptions"])
            .with("restart: 'prove'")
            .lasting(&["SystemStartOptions"])
    },
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
    refusal("accounts/local-administrator", "account-present", "exists already, and its password was left")
        .with("user: 'rescue', password: '{{ secret }}'"),
    refusal("accounts/enable", "healthy", "there is no local account nobody").with("user: 'nobody'"),
    refusal("system/disk-check", "disk-errors", "the file system of C: has errors"),
    Refusal {
        tried: true,
        ..refusal("system/files", "files-no-source", "the component store of Windows is damaged")
    },
    refusal("system/updates", "updates-pending", "updates wait for a restart"),
    refusal("events", "event-trail", "a file system has errors"),
    refusal("boot/crowdstrike", "crowdstrike-guarded", "the machine has the faulty file"),
    refusal("rdp/certificate-remote", "healthy", "VM02 does not answer").with("machine: 'VM02'"),
    refusal("offline/unlock", "rescue-locked-offline", "is locked by BitLocker")
        .with("disk: 1, recovery_password: '{{ other }}'"),
    refusal("offline/unlock-with-file", "rescue-locked-offline", "is locked by BitLocker")
        .with("disk: 1, key_file: 'C:\\BEK\\other.BEK'"),
    refusal("offline/disk-check", "healthy", "no other Windows is online"),
    refusal("offline/updates", "rescue-locked", "no other Windows is online"),
    refusal("offline/detach", "rescue-in-use", "is still not true").with("disk: 1"),
    refusal("boot/safe-mode", "safe-mode-directory", "to repair its directory"),
    refusal("network/static-address", "static-address-no-dhcp", "no DHCP server answers"),
    refusal("network/netlogon", "netlogon-dependency", "Netlogon does not run"),
    refusal("network/nsi", "nsi-driver", "nsi does not run"),
    refusal("boot/ems", "debugger-next", "kernel debugging is switched on"),
    refusal("network/adapter", "nic-gone", "Windows knows no network connection"),
    refusal("offline/health", "rescue-locked", "is locked by BitLocker"),
    // Somebody else owns the value and sets it again at once: the check after the change sees that.
    refusal("rdp/configuration", "broker-drains", "the server is in drain mode 1"),
    refusal("rdp/connections", "rdp-denied-by-domain", "a group policy denies Remote Desktop connections"),
    refusal("rdp/disconnects", "listener-missing", "the listener RDP-Tcp has no configuration"),
    refusal("rdp/group-policy-pause", "group-policy-held-on", "is still not true"),
    refusal("rdp/group-policy-resume", "group-policy-held-off", "group policy is switched off"),
    refusal("rdp/machine-keys", "machinekeys-missing", "the folder MachineKeys does not let the system work"),
    refusal("rdp/tls-protocols", "tls-12-held-off", "TLS 1.2 is switched off on the server side"),
    // Logged in with an account that may not change this, Windows says no, and everything is as it was.
    forbidden("boot/ems", "ems-off-next", "the serial console"),
    forbidden("network/adapter", "nic-disabled", "is disabled"),
    forbidden("rdp/connections", "rdp-denied", "denied"),
    forbidden("rdp/group-policy-resume", "group-policy-paused", "group policy"),
    forbidden("rdp/machine-keys", "machinekeys-permissions", "MachineKeys"),
    forbidden("rdp/tls-protocols", "tls-12-disabled", "TLS 1.2 is switched off"),
];

/// Script, parameters, machine.
pub(super) const HEALTHY: &[(&str, &str, &str)] = &[
    ("accounts/enable", "user: 'rescue'", "account-present"),
    (
        "accounts/local-administrator",
        "user: 'rescue', password: '{{ secret }}', existing: 'keep'",
        "account-present",
    ),
    ("boot/crash-dump", "", "healthy"),
    ("boot/crowdstrike", "", "healthy"),
    ("boot/ems", "", "healthy"),
    ("boot/safe-mode", "", "healthy"),
    ("network/adapter", "", "healthy"),
    ("network/dhcp-client", "", "healthy"),
    ("network/firewall-policy", "", "healthy"),
    ("network/netlogon", "", "healthy"),
    ("network/nsi", "", "healthy"),
    ("network/static-address", "", "healthy"),
    ("collect-evidence", "", "healthy"),
    ("events", "", "healthy"),
    ("health", "", "healthy"),
    ("offline/attach", "", "rescue-healthy-uefi"),
    ("offline/boot-store", "", "rescue-steady"),
    ("offline/crowdstrike", "", "rescue-healthy-bios"),
    ("offline/detach", "disk: 1", "rescue-internal-error"),
    ("offline/disk-check", "", "rescue-healthy-bios"),
    ("offline/unlock", "recovery_password: '{{ recovery }}'", "rescue-healthy-bios"),
    ("offline/unlock-with-file", "key_file: 'C:\\Windows\\win.ini'", "rescue-healthy-bios"),
    ("offline/updates", "", "rescue-healthy-bios"),
    ("offline/health", "", "rescue-healthy-bios"),
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
    // Its log has events of a key that could not be read, from before the last start.
    ("rdp/machine-keys", "", "event-trail"),
    ("rdp/port", "", "healthy"),
    ("rdp/services", "", "healthy"),
    ("rdp/tls-kept", "", "healthy"),
    ("rdp/tls-protocols", "", "healthy"),
    ("rdp/configuration", "", "healthy"),
    ("rdp/termservice", "", "healthy"),
    ("system/disk-check", "repair: 'restart'", "healthy"),
    ("system/files", "", "healthy"),
    ("system/updates", "restart: 'allowed'", "healthy"),
];

/// Scripts whose repairs are shown in `repair`, or that only look.
pub(super) const ELSEWHERE: &[&str] =
    &["collect-evidence", "events", "health", "offline/health", "rdp/listener", "rdp/tls-kept"];

/// Scripts that always act, and why.
pub(super) const NEVER_HEALTHY: &[(&str, &str)] = &[(
    "rdp/certificate-remote",
    "from another machine it cannot be seen whether a certificate works; it renews",
)];

/// Scripts that have nothing to refuse, and why.
pub(super) const NEVER_REFUSES: &[(&str, &str)] =
    &[("collect-evidence", "it judges nothing: what cannot be read stands in the evidence as it was said")];

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

/// Windows reads some settings when it starts.
fn works_after_a_restart(outcome: &Outcome) -> Result<(), String> {
    let mut machine = outcome.world.clone();
    machine.boot();
    machine
        .rdp_works()
        .map_err(|reasons| format!("Remote Desktop does not work after a restart: {reasons:?}"))
}

/// Every protected file is as it was.
fn whole(outcome: &Outcome) -> Result<(), String> {
    let damaged = outcome.world.damaged_files();
    if damaged.is_empty() { Ok(()) } else { Err(format!("damaged: {damaged:?}")) }
}

/// The faulty file is not loaded any more.
fn renamed(outcome: &Outcome) -> Result<(), String> {
    let left = outcome.after.0.keys().find(|path| path.contains("C-00000291") && !path.contains(".off"));
    left.map_or(Ok(()), |path| Err(path.clone()))
}

fn neighbour_works(outcome: &Outcome) -> Result<(), String> {
    let neighbour = outcome.world.neighbours[0].lock();
    neighbour.rdp_works().map_err(|reasons| format!("Remote Desktop of the neighbour: {reasons:?}"))
}

fn readable(outcome: &Outcome) -> Result<(), String> {
    let can = outcome.world.partitions().all(|partition| !partition.is_locked());
    if can { Ok(()) } else { Err("it is still locked".to_owned()) }
}

/// A machine with a fault, and the script that health names for it, which makes it healthy.
pub(super) const NAMED: &[(&str, &str)] = &[
    ("account-disabled", "accounts/enable"),
    ("account-locked", "accounts/enable"),
    ("all-causes", "rdp-internal-error"),
    ("crash-dump-off", "boot/crash-dump"),
    ("crowdstrike-safe-mode", "boot/crowdstrike"),
    ("dhcp-account", "network/dhcp-client"),
    ("dhcp-disabled", "network/dhcp-client"),
    ("disk-errors", "system/disk-check"),
    ("ems-off-next", "boot/ems"),
    ("files-from-medium", "system/files"),
    ("files-missing", "system/files"),
    ("files-store-damaged", "system/files"),
    ("firewall-blocks-all", "network/firewall-policy"),
    ("firewall-rule-off", "rdp/firewall"),
    ("group-policy-paused", "rdp/group-policy-resume"),
    ("machinekeys-permissions", "rdp/machine-keys"),
    ("netlogon-disabled", "network/netlogon"),
    ("nic-disabled", "network/adapter"),
    ("nsi-disabled", "network/nsi"),
    ("rdp-authentication", "rdp/authentication"),
    ("rdp-certificate-corrupt", "rdp/certificate"),
    ("rdp-certificate-expired", "rdp/certificate"),
    ("rdp-certificate-missing-unreadable", "rdp/machine-keys"),
    ("rdp-certificate-orphaned", "rdp/certificate"),
    ("rdp-denied", "rdp/connections"),
    ("rdp-disconnects", "rdp/disconnects"),
    ("rdp-drain-mode", "rdp/configuration"),
    ("rdp-internal-error", "rdp-internal-error"),
    ("rdp-logons-refused", "rdp/configuration"),
    ("rdp-port-taken", "rdp/port"),
    ("rdp-port-taken-process", "rdp/port"),
    ("rescue-boot-store", "offline/boot-store"),
    ("rescue-crowdstrike", "offline/crowdstrike"),
    ("rescue-disk-errors", "offline/disk-check"),
    ("rescue-internal-error", "offline/rdp-internal-error"),
    ("rescue-locked", "offline/unlock"),
    ("rescue-locked-offline", "offline/unlock"),
    ("rescue-safe-mode", "offline/safe-mode"),
    ("rescue-serial-console", "offline/serial-console"),
    ("rescue-updates", "offline/updates"),
    ("safe-mode", "boot/safe-mode"),
    ("secure-channel-broken", "rdp/authentication"),
    ("sessionenv-disabled", "rdp/services"),
    ("static-address", "network/static-address"),
    ("termservice-account", "rdp/termservice"),
    ("termservice-disabled", "rdp/termservice"),
    ("termservice-library-missing", "system/files"),
    ("termservice-stopped", "rdp/termservice"),
    ("tls-12-disabled", "rdp-internal-error"),
    ("tls-disabled", "rdp-internal-error"),
    ("tls-disabled-by-default", "rdp-internal-error"),
    ("tls-domain-member", "rdp-internal-error"),
    ("updates-pending", "system/updates"),
];

/// A machine with a fault that is not for a script to repair, and the script that says so.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("broker-drains", "rdp/configuration"),
    ("crowdstrike-guarded", "boot/crowdstrike"),
    ("debugger-next", "boot/ems"),
    ("files-no-source", "system/files"),
    ("firewall-domain-policy", "network/firewall-policy"),
    ("firewall-rule-blocks", "rdp/firewall"),
    ("group-policy-held-off", "rdp/group-policy-resume"),
    ("listener-missing", "rdp/port"),
    ("machinekeys-missing", "rdp/machine-keys"),
    ("netlogon-dependency", "network/netlogon"),
    ("nic-gone", "network/adapter"),
    ("no-dhcp-server", "network/dhcp-client"),
    ("no-domain-controller", "rdp/authentication"),
    ("no-page-file", "boot/crash-dump"),
    ("nsi-driver", "network/nsi"),
    ("rdp-denied-by-domain", "rdp/connections"),
    ("safe-mode-directory", "boot/safe-mode"),
    ("static-address-no-dhcp", "network/static-address"),
    ("tls-12-held-off", "rdp-internal-error"),
    ("tls-domain-policy", "rdp-internal-error"),
    ("tls-domain-policy-unguarded", "rdp-internal-error"),
];

/// Machines of which health says nothing, and why.
pub(super) const WELL: &[(&str, &str)] = &[
    (
        "account-present",
        "nothing is wrong; for accounts/local-administrator, which leaves an account alone that exists",
    ),
    ("event-trail", "nothing is wrong any more; events tells what was before the last start"),
    ("group-policy-held-on", "nothing is wrong; for rdp/group-policy-pause, which an agent does not let"),
    ("healthy", "nothing is wrong"),
    (
        "neighbour-certificate",
        "the fault is that of the machine beside it: rdp/certificate-remote with machine=VM02",
    ),
    ("rdp-steady", "nothing is wrong: what rdp/disconnects makes of a machine"),
    ("rescue-healthy-bios", "nothing is wrong with the attached disk"),
    ("rescue-healthy-uefi", "nothing is wrong with the attached disk"),
    (
        "rescue-in-use",
        "nothing is wrong; for offline/detach, which leaves a disk alone on which somebody works",
    ),
    ("rescue-steady", "nothing is wrong with the attached disk: what offline/boot-store makes of it"),
];
