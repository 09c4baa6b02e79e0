//! Everything that lasts about a machine, flat, so that two moments can be compared.
//!
//! Left out is what changes by itself: process numbers, times, logs, pending requests.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use super::World;
use super::certificates::hex;
use super::files::node::{Body, Node, attribute};
use super::hive;
use super::registry::Key;
use super::sddl;
use super::services::State;
use super::sockets::{Protocol, SocketState};

/// A machine at one moment: path → value.
///
/// Paths: `registry/HKLM\…\@value`, `registry/HKLM\…\` (the key itself), `service/NAME`, `file/C:\…`, `acl/C:\…`,
/// `listener/tcp/[::]:3389`, `user/NAME`, `group/NAME`, `interface/NAME`, `disk/N`, `disk/N/PARTITION\FILE`,
/// `volume/C`, `components`, `neighbour/NAME/…`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(pub BTreeMap<String, String>);

/// One path whose value differs between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The path.
    pub path: String,
    /// The value before; `None` when the path was not there.
    pub before: Option<String>,
    /// The value after; `None` when the path is gone.
    pub after: Option<String>,
}

impl World {
    /// What lasts about the machine now.
    pub fn snapshot(&self) -> Snapshot {
        let mut map = BTreeMap::new();
        registry(&mut map, self.registry.machine(), "registry/HKLM");
        registry(&mut map, self.registry.users(), "registry/HKU");
        for (letter, drive) in self.files.drives() {
            // Those of other disks are looked at as parts of their disks, with letter or without.
            if self.partition_of(letter).is_some_and(|(disk, _)| disk > 0) {
                continue;
            }
            for node in drive.root.children() {
                files(&mut map, node, &format!("{letter}:"));
            }
        }
        for (letter, drive) in self.files.drives().filter(|(_, drive)| drive.damaged) {
            map.insert(format!("volume/{letter}"), format!("{} has errors", drive.label));
        }
        if self.components.store_damaged {
            map.insert("components".to_owned(), "damaged".to_owned());
        }
        for neighbour in &self.neighbours {
            let other = neighbour.lock();
            let name = other.computer.clone();
            map.extend(
                other
                    .snapshot()
                    .0
                    .into_iter()
                    .map(|(path, value)| (format!("neighbour/{name}/{path}"), value)),
            );
        }
        for service in self.services.iter() {
            let state = match service.state {
                State::Running | State::StartPending => "running",
                State::Stopped | State::StopPending => "stopped",
            };
            let value = format!("{state} start={} type={:#x}", service.start as u32, service.kind);
            map.insert(format!("service/{}", service.name), value);
        }
        for socket in self.sockets.iter().filter(|socket| socket.state == SocketState::Bound) {
            let protocol = if socket.protocol == Protocol::Tcp { "tcp" } else { "udp" };
            let owner = socket.service.clone().unwrap_or_else(|| {
                self.processes.by_pid(socket.pid).map_or_else(String::new, |process| process.image.clone())
            });
            map.insert(format!("listener/{protocol}/{}", socket.local), owner);
        }
        for user in &self.accounts.users {
            let password = hex(&Sha256::digest(user.password.as_bytes()), "");
            let locked = self.accounts.is_locked(user);
            let value = format!(
                "rid={} enabled={} locked={locked} password={}",
                user.rid,
                user.enabled,
                &password[..16]
            );
            map.insert(format!("user/{}", user.name), value);
        }
        for group in &self.accounts.groups {
            map.insert(format!("group/{}", group.name), group.members.join(", "));
        }
        for interface in &self.network.interfaces {
            let value = format!(
                "enabled={} source={:?} address={} dns={:?} own_dns={:?}",
                interface.enabled, interface.source, interface.address, interface.dns, interface.static_dns
            );
            map.insert(format!("interface/{}", interface.name), value);
        }
        for (number, disk) in self.disks.iter().enumerate().skip(1) {
            let value = format!("online={} read_only={}", disk.online, disk.read_only);
            map.insert(format!("disk/{number}"), value);
            for (at, partition) in disk.partitions.iter().enumerate() {
                let path = format!("disk/{number}/{}", at + 1);
                let value = format!("letter={:?} encryption={:?}", partition.letter, partition.encryption);
                map.insert(path.clone(), value);
                let Some(drive) = partition.drive(&self.files) else { continue };
                if drive.damaged {
                    map.insert(format!("{path}/volume"), "has errors".to_owned());
                }
                drive.root.children().for_each(|node| attached(&mut map, node, &path));
            }
        }
        Snapshot(map)
    }
}

impl Snapshot {
    /// What differs from `self` to `after`, by path.
    pub fn diff(&self, after: &Self) -> Vec<Difference> {
        let mut paths: Vec<&String> = self.0.keys().chain(after.0.keys()).collect();
        paths.sort();
        paths.dedup();
        paths
            .into_iter()
            .filter(|path| self.0.get(*path) != after.0.get(*path))
            .map(|path| Difference {
                path: path.clone(),
                before: self.0.get(path).cloned(),
                after: after.0.get(path).cloned(),
            })
            .collect()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
        write!(f, "{}: {} -> {}", self.path, shown(&self.before), shown(&self.after))
    }
}

fn registry(map: &mut BTreeMap<String, String>, key: &Key, path: &str) {
    for (name, data) in key.values() {
        map.insert(format!(r"{path}\@{name}"), format!("{} {}", data.type_name(), data.shown()));
    }
    for below in key.keys() {
        let path = format!(r"{path}\{}", below.name());
        map.insert(format!(r"{path}\"), "key".to_owned());
        registry(map, below, &path);
    }
}

fn files(map: &mut BTreeMap<String, String>, node: &Node, folder: &str) {
    let path = file(map, node, folder);
    for child in node.children() {
        files(map, child, &path);
    }
}

/// One file or folder, without what is in it; its path.
fn file(map: &mut BTreeMap<String, String>, node: &Node, folder: &str) -> String {
    let path = format!(r"{folder}\{}", node.name);
    map.insert(format!("acl/{path}"), sddl::text(&node.security));
    // The archive bit is a mark for backups, not a setting.
    let attributes = node.attributes & !attribute::ARCHIVE;
    let value = match &node.body {
        Body::File(bytes) => {
            let hash = hex(&Sha256::digest(bytes.as_slice()), "");
            format!("{} bytes sha256={} attributes={attributes:#x}", bytes.len(), &hash[..32])
        }
        Body::Folder(_) => format!("folder attributes={attributes:#x}"),
    };
    map.insert(format!("file/{path}"), value);
    path
}

/// Files of another disk; those that are hives by their keys and values.
fn attached(map: &mut BTreeMap<String, String>, node: &Node, folder: &str) {
    if let Body::File(bytes) = &node.body
        && let Some(key) = hive::read(bytes)
    {
        registry(map, &key, &format!(r"{folder}\{}", node.name));
        return;
    }
    let path = file(map, node, folder);
    node.children().for_each(|child| attached(map, child, &path));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::acl::Token;
    use crate::sim::windows::files::path::WinPath;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;
    use crate::sim::windows::registry::Data;

    #[test]
    fn two_boots_of_the_healthy_machine_are_alike() {
        let mut world = World::healthy(Os::Server2022, Language::EnUs);
        world.advance(std::time::Duration::from_mins(5));
        let before = world.snapshot();
        world.boot();
        world.advance(std::time::Duration::from_mins(10));
        assert_eq!(before.diff(&world.snapshot()), []);
    }

    #[test]
    fn every_kind_of_change_shows_once() {
        let mut world = World::healthy(Os::Server2022, Language::EnUs);
        let before = world.snapshot();
        world.registry.set(r"HKLM\SOFTWARE\T", "v", Data::Dword(1));
        let now = world.wall_time();
        let path = WinPath::new(r"C:\Windows\Temp\x.txt");
        world.files.write(&path, b"x".to_vec(), &Token::system(), now).unwrap();
        world.accounts.users[0].password = "other".to_owned();
        world.network.interfaces[0].enabled = false;
        world.stop_service("Spooler").unwrap();
        let after = world.snapshot();
        let paths: Vec<String> = before.diff(&after).into_iter().map(|difference| difference.path).collect();
        assert_eq!(
            paths,
            [
                r"acl/C:\Windows\Temp\x.txt",
                r"file/C:\Windows\Temp\x.txt",
                "interface/Ethernet",
                r"registry/HKLM\SOFTWARE\T\",
                r"registry/HKLM\SOFTWARE\T\@v",
                "service/Spooler",
                "user/azadmin",
            ]
        );
        assert_eq!(after.diff(&before)[3].to_string(), r"registry/HKLM\SOFTWARE\T\: key -> (absent)");
    }
}
