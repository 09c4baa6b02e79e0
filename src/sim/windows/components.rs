//! The files of Windows that it protects, the component store that brings them back, and the updates that lie in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::World;
use super::acl::ObjectKind;
use super::files::node::{Body, Node};
use super::files::path::WinPath;
use super::os::Os;
use super::registry::{Data, Key, Registry};

/// Where the packages of updates are listed, below the hive SOFTWARE.
pub const PACKAGES: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages";
/// Present while a restart is needed to go on.
pub const REBOOT_PENDING: &str = r"Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending";
/// The same, of Windows Update.
pub const REBOOT_REQUIRED: &str =
    r"Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired";
/// The log of what was checked and repaired. It is English in every language.
pub const LOG: &str = r"C:\Windows\Logs\CBS\CBS.log";

/// `CurrentState` of a package.
pub mod state {
    /// It is gone with the next start.
    pub const UNINSTALL_PENDING: u32 = 0x05;
    /// It is installed with the next start.
    pub const INSTALL_PENDING: u32 = 0x60;
    /// It is installed.
    pub const INSTALLED: u32 = 0x70;
}

/// The protected files as they should be.
#[derive(Debug, Clone, Default)]
pub struct Components {
    /// By path in lower case; the node holds name and bytes.
    originals: BTreeMap<String, (WinPath, Arc<Vec<u8>>)>,
    /// Nothing can be taken from the store until it is repaired itself.
    pub store_damaged: bool,
    /// Windows Update does not answer, although the network works.
    pub update_unreachable: bool,
}

/// A package of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `Package_for_RollupFix~31bf3856ad364e35~amd64~~17763.5696.1.6`.
    pub identity: String,
    /// See [`state`].
    pub state: u32,
    /// Why the last try to install it failed; 0: it did not.
    pub last_error: u32,
}

/// The packages that a hive SOFTWARE lists.
pub fn packages(software: &Key) -> Vec<Package> {
    let Some(list) = software.below(PACKAGES) else { return Vec::new() };
    let number = |key: &Key, name| key.value(name).and_then(Data::dword).unwrap_or(0);
    list.keys()
        .map(|key| Package {
            identity: key.name().to_owned(),
            state: number(key, "CurrentState"),
            last_error: number(key, "LastError"),
        })
        .collect()
}

/// Takes a package out of a hive SOFTWARE: at once when it waits, else with the next start. False when it is not there.
pub fn remove_package(software: &mut Key, identity: &str) -> bool {
    let Some(package) =
        packages(software).into_iter().find(|own| own.identity.eq_ignore_ascii_case(identity))
    else {
        return false;
    };
    let path = format!(r"{PACKAGES}\{}", package.identity);
    if package.state == state::INSTALL_PENDING {
        software.remove_key(&path);
    } else {
        software.create(&path).set("CurrentState", Data::Dword(state::UNINSTALL_PENDING));
    }
    if packages(software).iter().all(|own| own.state != state::INSTALL_PENDING) {
        software.remove_key(REBOOT_PENDING);
        software.remove_key(REBOOT_REQUIRED);
    }
    true
}

/// Why updates keep a machine from starting: one of them waits and failed before.
pub fn is_stuck(registry: &Registry) -> bool {
    let Some(software) = registry.key(r"HKLM\SOFTWARE") else { return false };
    packages(software).iter().any(|own| own.state == state::INSTALL_PENDING && own.last_error != 0)
}

/// What a new machine has installed.
pub fn install(registry: &mut Registry, os: Os) {
    // invented: the numbers at the end.
    let rollup =
        format!("Package_for_RollupFix~31bf3856ad364e35~amd64~~{}.{}.1.6", os.build(), os.revision());
    let stack = format!(
        "Package_for_ServicingStack_{0}~31bf3856ad364e35~amd64~~{0}.{1}.1.0",
        os.build(),
        os.revision()
    );
    for identity in [rollup, stack] {
        let key = format!(r"HKLM\SOFTWARE\{PACKAGES}\{identity}");
        registry.set(&key, "CurrentState", Data::Dword(state::INSTALLED));
        registry.set(&key, "InstallUser", Data::Sz("S-1-5-18".to_owned()));
    }
}

impl Components {
    /// The programs and libraries in `folder` as they are now.
    pub fn of(folder: &Node, path: &WinPath) -> Self {
        let mut originals = BTreeMap::new();
        for node in folder.children() {
            let name = node.name.to_lowercase();
            let Body::File(bytes) = &node.body else { continue };
            if [".exe", ".dll", ".com"].iter().any(|ending| name.ends_with(ending)) {
                let mut own = path.clone();
                own.parts.push(node.name.clone());
                originals.insert(own.to_string().to_lowercase(), (own, Arc::clone(bytes)));
            }
        }
        Self { originals, store_damaged: false, update_unreachable: false }
    }
}

impl World {
    /// Protected files that are missing or other than they were.
    pub fn damaged_files(&self) -> Vec<WinPath> {
        self.components
            .originals
            .values()
            .filter(|(path, bytes)| {
                !matches!(self.files.look(path).map(|node| &node.body), Some(Body::File(now)) if now == bytes)
            })
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// Brings protected files back from the store; those that could not be.
    pub fn repair_files(&mut self) -> Vec<WinPath> {
        let damaged = self.damaged_files();
        if self.components.store_damaged {
            return damaged;
        }
        let now = self.wall_time();
        for path in damaged {
            let Some((_, bytes)) = self.components.originals.get(&path.to_string().to_lowercase()).cloned()
            else {
                continue;
            };
            match self.files.look_mut(&path) {
                Some(node) => node.body = Body::File(bytes),
                None => self.files.plant(&path.parts.join("\\"), ObjectKind::File, bytes.to_vec(), None, now),
            }
        }
        Vec::new()
    }

    /// Appends lines to the log of the component store.
    pub fn log_components(&mut self, lines: &[String]) {
        let path = WinPath::new(LOG);
        let now = self.wall_time();
        super::baseline::plant_program(&mut self.files, LOG, now);
        let stamp = now.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let Some(node) = self.files.look_mut(&path) else { return };
        let mut text = match &node.body {
            Body::File(bytes) if !bytes.starts_with(b"MZ") => bytes.to_vec(),
            _ => Vec::new(),
        };
        for line in lines {
            text.extend(format!("{stamp}, Info                  CSI    00000001 {line}\r\n").bytes());
        }
        node.body = Body::File(text.into());
    }

    /// What waits for a restart is done when Windows starts.
    pub(super) fn finish_updates(&mut self) {
        let Some(software) = self.registry.key_mut(r"HKLM\SOFTWARE") else { return };
        let waiting: Vec<Package> =
            packages(software).into_iter().filter(|own| own.state != state::INSTALLED).collect();
        for package in &waiting {
            let path = format!(r"{PACKAGES}\{}", package.identity);
            if package.state == state::UNINSTALL_PENDING {
                software.remove_key(&path);
            } else if package.last_error == 0 {
                software.create(&path).set("CurrentState", Data::Dword(state::INSTALLED));
            }
        }
        if waiting.iter().all(|own| own.last_error == 0) {
            software.remove_key(REBOOT_PENDING);
            software.remove_key(REBOOT_REQUIRED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;

    #[test]
    fn a_healthy_machine_has_what_it_had_and_a_lost_file_comes_back() {
        let mut world = World::healthy(Os::Server2019, Language::EnUs);
        assert!(world.damaged_files().is_empty());
        let lost = WinPath::new(r"C:\Windows\System32\termsrv.dll");
        world.files.cut(&lost).unwrap();
        assert_eq!(world.damaged_files().len(), 1);
        world.components.store_damaged = true;
        assert_eq!(world.repair_files().len(), 1);
        world.components.store_damaged = false;
        assert!(world.repair_files().is_empty());
        assert!(world.damaged_files().is_empty() && world.files.is_file(&lost));
    }

    #[test]
    fn an_update_that_waits_is_installed_by_a_restart_unless_it_fails_again_and_again() {
        let mut world = World::healthy(Os::Server2019, Language::EnUs);
        let software = world.registry.key_mut(r"HKLM\SOFTWARE").unwrap();
        let path = format!(r"{PACKAGES}\Package_for_KB1");
        software.create(&path).set("CurrentState", Data::Dword(state::INSTALL_PENDING));
        software.create(REBOOT_PENDING);
        assert!(!is_stuck(&world.registry));
        world.boot();
        let software = world.registry.key_mut(r"HKLM\SOFTWARE").unwrap();
        assert!(software.below(REBOOT_PENDING).is_none());
        assert!(packages(software).iter().all(|own| own.state == state::INSTALLED));
        software.create(&path).set("CurrentState", Data::Dword(state::INSTALL_PENDING));
        software.create(&path).set("LastError", Data::Dword(0x800f_0922));
        assert!(is_stuck(&world.registry));
        let software = world.registry.key_mut(r"HKLM\SOFTWARE").unwrap();
        assert!(remove_package(software, "package_for_kb1") && !remove_package(software, "Package_for_KB1"));
        assert!(!is_stuck(&world.registry));
    }
}
