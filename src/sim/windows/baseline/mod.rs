//! The healthy machine: a Windows Server as it comes from Azure's marketplace, with Remote Desktop working.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::accounts::{User, builtin_groups};
use super::acl::ObjectKind;
use super::boot_store::{self, Safe};
use super::components::{self, Components};
use super::control::expand;
use super::disks::Disk;
use super::files::Files;
use super::files::path::WinPath;
use super::files::tree::{Install, MACHINE_KEYS, RDP_KEY};
use super::firmware::Firmware;
use super::keys::{key_bytes, key_security, modulus};
use super::language::Language;
use super::network::{AddressSource, Interface, Lease};
use super::os::Os;
use super::registry::{Data, Registry};
use super::sid::Sid;
use super::{Accounts, EventLog, Network, Processes, Services, Sockets, World};
use crate::sim::tools;

mod firewall;
mod registry;
pub mod services;

/// The first user of the machine, an administrator.
pub const USER: &str = "azadmin";
/// Its password.
pub const PASSWORD: &str = "Sim-Adm1n-Pass";
/// The machine's GUID, the end of every key file's name.
pub const MACHINE_GUID: &str = "5c2f0c8e-4b1d-4f6a-9a37-0d1f6e7b21c4";

/// The serial number of drive C:.
const WINDOWS_VOLUME: u32 = 0xb4a6_1f3c;
/// The serial number of the system partition.
const SYSTEM_VOLUME: u32 = 0x1c0f_88a2;
const MACHINE: [u32; 3] = [3_620_197_412, 1_194_823_307, 2_840_561_129];
/// Wall time at machine time zero.
const EPOCH: &str = "2025-03-03T08:15:00Z";
const INSTALLED: &str = "2024-11-18T10:02:31Z";
const CERTIFICATE_MADE: &str = "2024-12-20T04:11:52Z";
const CERTIFICATE_ENDS: &str = "2025-06-21T04:11:52Z";

impl World {
    /// A machine on which everything works, running since `EPOCH`.
    pub fn healthy(os: Os, language: Language) -> Self {
        let mut world = Self::installed(os, language);
        world.boot();
        world
    }

    /// The same machine, powered off.
    pub fn installed(os: Os, language: Language) -> Self {
        let administrator = Sid::account(MACHINE, 500);
        let mut registry = Registry::new(&administrator.to_string());
        registry::install(&mut registry, os, language);
        services::install(&mut registry, os);
        firewall::install(&mut registry, os);
        components::install(&mut registry, os);
        let mut world = Self {
            os,
            language,
            computer: "VM01".to_owned(),
            files: files(&registry, &administrator),
            disks: vec![Disk::of_system(Firmware::Uefi, 127, WINDOWS_VOLUME)],
            firmware: Firmware::Uefi,
            safe: Safe::No,
            registry,
            services: Services::default(),
            processes: Processes::default(),
            sockets: Sockets::default(),
            accounts: accounts(language),
            events: EventLog::default(),
            network: network(language),
            power: None,
            domain: None,
            programs: Vec::new(),
            tls: Vec::new(),
            listener: super::remote_desktop::Listener::Off,
            held: Vec::new(),
            unguarded: Vec::new(),
            components: Components::default(),
            neighbours: Vec::new(),
            incidents: Vec::new(),
            epoch: instant(EPOCH),
            now: std::time::Duration::ZERO,
            booted: std::time::Duration::ZERO,
            policy_applied: None,
            entropy: 0,
            listener_wanted: None,
        };
        let system = WinPath::new(r"C:\Windows\System32");
        if let Some(folder) = world.files.look(&system) {
            world.components = Components::of(folder, &system);
        }
        world.install_certificate();
        let store = boot_store::fresh(Firmware::Uefi, language.tag(), SYSTEM_VOLUME, WINDOWS_VOLUME);
        boot_store::install(&mut world.registry, &store);
        world.keep_interfaces();
        world
    }

    fn install_certificate(&mut self) {
        let path = WinPath::new(&format!(r"{MACHINE_KEYS}\{RDP_KEY}_{MACHINE_GUID}"));
        let bytes = key_bytes(RDP_KEY.as_bytes());
        let modulus = modulus(&bytes).unwrap_or_default();
        let security = key_security(self.os);
        if let Some(node) = self.files.look_mut(&path) {
            node.body = super::files::node::Body::File(bytes.into());
            node.security = security;
        }
        self.issue_certificate(&modulus, instant(CERTIFICATE_MADE), instant(CERTIFICATE_ENDS));
    }
}

fn files(registry: &Registry, administrator: &Sid) -> Files {
    let programs = tools::PROGRAMS.iter().map(|name| ((*name).to_owned(), tools::image(name))).collect();
    let at = instant(INSTALLED);
    let mut files = Files::standard(&Install {
        at,
        users: vec![(USER.to_owned(), administrator.clone())],
        machine_guid: MACHINE_GUID.to_owned(),
        programs,
    });
    files.plant(
        r"Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
        ObjectKind::File,
        tools::image("powershell.exe"),
        None,
        at,
    );
    for program in programs_of_services(registry) {
        plant_program(&mut files, &program, at);
    }
    for program in CORE_PROGRAMS {
        plant_program(&mut files, &format!(r"C:\Windows\System32\{program}"), at);
    }
    files
}

/// Programs behind the processes that every machine has.
const CORE_PROGRAMS: [&str; 11] = [
    "smss.exe",
    "csrss.exe",
    "wininit.exe",
    "winlogon.exe",
    "services.exe",
    "lsass.exe",
    "fontdrvhost.exe",
    "dwm.exe",
    "LogonUI.exe",
    "sacsess.exe",
    "conhost.exe",
];

/// Puts an empty program file where `path` says, with the folders on the way.
pub(in crate::sim) fn plant_program(files: &mut Files, path: &str, at: Timestamp) {
    let path = WinPath::new(path);
    if path.drive != 'C' || files.look(&path).is_some() {
        return;
    }
    let mut folder = String::new();
    for part in path.parent().map(|parent| parent.parts).unwrap_or_default() {
        folder = if folder.is_empty() { part } else { format!(r"{folder}\{part}") };
        if files.look(&WinPath::new(&format!(r"C:\{folder}"))).is_none() {
            files.plant(&folder, ObjectKind::Folder, Vec::new(), None, at);
        }
    }
    files.plant(&path.parts.join("\\"), ObjectKind::File, b"MZ".to_vec(), None, at);
}

fn programs_of_services(registry: &Registry) -> Vec<String> {
    let Some(key) = registry.key(services::SERVICES) else { return Vec::new() };
    let mut paths = Vec::new();
    for service in key.keys() {
        let image = service.value("ImagePath").and_then(Data::text).unwrap_or_default();
        let program = image.trim_start_matches('"');
        let end = program.to_ascii_lowercase().find(".exe").map(|at| at + 4);
        if let Some(end) = end {
            paths.push(expand(&program[..end]));
        }
        let dll = service.below("Parameters").and_then(|parameters| parameters.value("ServiceDll"));
        if let Some(dll) = dll.and_then(Data::text) {
            paths.push(expand(dll));
        }
    }
    paths
}

fn accounts(language: Language) -> Accounts {
    let user = |name: &str, rid: u32, comment: &str, enabled: bool, password: &str| User {
        name: name.to_owned(),
        rid,
        full_name: String::new(),
        comment: comment.to_owned(),
        password: password.to_owned(),
        enabled,
        failures: 0,
    };
    // Azure renames the built-in administrator to the name that was asked for.
    let users = vec![
        user(USER, 500, "Built-in account for administering the computer/domain", true, PASSWORD),
        user("DefaultAccount", 503, "A user account managed by the system.", false, ""),
        user("Guest", 501, "Built-in account for guest access to the computer/domain", false, ""),
    ];
    Accounts { machine: MACHINE, lockout_threshold: 10, users, groups: builtin_groups(language, USER) }
}

fn network(language: Language) -> Network {
    let lease = Lease {
        address: Ipv4Addr::new(10, 0, 0, 4),
        mask: Ipv4Addr::new(255, 255, 255, 0),
        gateway: Ipv4Addr::new(10, 0, 0, 1),
        dns: vec![Ipv4Addr::new(168, 63, 129, 16)],
        server: Ipv4Addr::new(168, 63, 129, 16),
    };
    let name = match language {
        Language::KoKr => "이더넷",
        Language::JaJp => "イーサネット",
        Language::EnUs | Language::DeDe => "Ethernet",
    };
    Network {
        interfaces: vec![Interface {
            name: name.to_owned(),
            description: "Microsoft Hyper-V Network Adapter".to_owned(),
            index: 6,
            mac: [0x00, 0x0d, 0x3a, 0x4e, 0x91, 0x2c],
            enabled: true,
            source: AddressSource::Dhcp,
            address: lease.address,
            mask: lease.mask,
            gateway: Some(lease.gateway),
            dns: lease.dns.clone(),
            static_dns: Vec::new(),
            lease: Some(lease),
        }],
        domain_suffix: String::new(),
    }
}

/// A constant of this file; they are tested, so that the fallback is never used.
fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_a_time() {
        for text in [EPOCH, INSTALLED, CERTIFICATE_MADE, CERTIFICATE_ENDS] {
            text.parse::<Timestamp>().unwrap();
        }
    }

    #[test]
    fn the_healthy_machine_works_in_every_version_and_language() {
        for os in Os::ALL {
            for language in Language::ALL {
                let world = World::healthy(os, language);
                assert_eq!(world.rdp_works(), Ok(()), "{os:?} {language:?}");
                assert!(
                    world.events.of("System").all(|event| event.level > super::super::events::Level::Warning)
                );
            }
        }
    }

    #[test]
    fn services_that_start_with_the_machine_run() {
        let mut world = World::healthy(Os::Server2022, Language::EnUs);
        world.advance(std::time::Duration::from_mins(5));
        for entry in services::catalog() {
            let service = world.services.by_name(entry.name).unwrap();
            let wanted = service.start <= super::super::services::StartType::Auto || entry.runs;
            assert_eq!(service.is_active(), wanted, "{}", entry.name);
        }
    }

    #[test]
    fn split_hosts_came_with_2019() {
        let alone = |os| {
            let world = World::healthy(os, Language::EnUs);
            let pid = world.services.by_name("SessionEnv").unwrap().pid.unwrap();
            world.services.in_process(pid).count() == 1
        };
        assert!(!alone(Os::Server2016));
        assert!(alone(Os::Server2019));
    }
}
