//! Disks and their partitions: which are online, which volume has which letter, which is locked.
//!
//! The volumes that have a letter hang in [`Files`]; the others wait here.

use jiff::Timestamp;

use super::acl::{ObjectKind, Security};
use super::boot_store;
use super::components;
use super::files::node::{Body, Node};
use super::files::path::WinPath;
use super::files::{Drive, Files};
use super::firmware::Firmware;
use super::hive;
use super::registry::{Data, Key};
use super::{World, sddl};
use crate::sim::windows::sid::Sid;

/// The hives of an installation that repairs look at: name below `HKLM`, which is the name of the file as well.
const HIVES: [&str; 2] = ["SYSTEM", "SOFTWARE"];
/// Where they lie.
const CONFIG: &str = r"Windows\System32\config";
/// The serial number of the attached disk's Windows volume.
const ATTACHED_WINDOWS: u32 = 0x7c1e_55d0;
/// The serial number of its system partition.
const ATTACHED_SYSTEM: u32 = 0x3a90_12ee;

/// One disk.
#[derive(Debug, Clone)]
pub struct Disk {
    /// Size in GB.
    pub size: u32,
    /// Whether Windows uses it.
    pub online: bool,
    /// Whether it may not be written.
    pub read_only: bool,
    /// GPT or MBR.
    pub firmware: Firmware,
    /// Its partitions, in order.
    pub partitions: Vec<Partition>,
    /// The machine that it was taken from.
    origin: Option<Box<World>>,
}

/// A partition with its volume.
#[derive(Debug, Clone)]
pub struct Partition {
    /// Size in MB.
    pub size: u32,
    /// `NTFS`, `FAT32`.
    pub file_system: &'static str,
    /// The label.
    pub label: String,
    /// Its letter, while the disk is online.
    pub letter: Option<char>,
    /// The letter it had, and gets again.
    remembered: Option<char>,
    /// Windows gives it a letter by itself.
    pub is_basic: bool,
    /// The volume's serial number.
    pub serial: u32,
    /// BitLocker, if it is encrypted.
    pub encryption: Option<Encryption>,
    /// The volume, while nothing of it can be seen.
    away: Option<Drive>,
}

/// BitLocker on a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// The recovery password.
    pub recovery_password: String,
    /// Name of the file with the external key (`….BEK`); what is in it is the recovery password here.
    pub key_file: Option<String>,
    /// Nothing can be read.
    pub locked: bool,
    /// Protectors are used; off: the key lies in the clear.
    pub protected: bool,
}

/// Why nothing was done to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskError {
    /// There is no such disk, volume or partition.
    NoSuch,
    /// A file on it is open.
    InUse,
    /// It is as wanted already.
    Already,
    /// The letter is taken.
    LetterTaken,
    /// The disk of the running system.
    SystemDisk,
    /// The disk is offline.
    Offline,
}

/// Why a machine would not start from its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFailure {
    /// The boot manager finds no store, no loader, or no volume: `0xc000000f`.
    NoLoader,
    /// A stop error while drivers start.
    Stop(u32),
    /// An update is tried at every start, fails, and is taken back.
    Updating,
    /// The file system of the Windows volume has errors.
    DamagedVolume,
}

impl Disk {
    /// The disk that a machine runs from.
    pub fn of_system(firmware: Firmware, size: u32, windows: u32) -> Self {
        let mut partitions = Vec::new();
        if firmware == Firmware::Uefi {
            partitions.push(Partition::system(0x1c0f_88a2, Drive::empty("", 0x1c0f_88a2)));
        }
        partitions.push(Partition { letter: Some('C'), ..Partition::windows(windows, size) });
        Self { size, online: true, read_only: false, firmware, partitions, origin: None }
    }

    /// The disk of `machine`, which is switched off, as another machine sees it: offline.
    pub fn taken_from(mut machine: World) -> Self {
        let firmware = machine.firmware;
        let store = machine.registry.key(boot_store::LIVE).cloned().unwrap_or_default();
        let mut hives = Vec::new();
        for name in HIVES {
            let key = machine.registry.key(&format!(r"HKLM\{name}")).cloned().unwrap_or_default();
            hives.push((name, hive::write(&key.renamed(""))));
        }
        let Some(mut windows) = machine.files.detach('C') else {
            return Self {
                size: 127,
                online: false,
                read_only: false,
                firmware,
                partitions: Vec::new(),
                origin: None,
            };
        };
        windows.serial = ATTACHED_WINDOWS;
        release(&mut windows.root);
        let now = machine.wall_time();
        for (name, bytes) in hives {
            windows.put(&format!(r"{CONFIG}\{name}"), bytes, now);
        }
        let store = hive::write(&store.renamed(""));
        let mut partitions = Vec::new();
        match firmware {
            Firmware::Uefi => {
                let mut system = Drive::empty("", ATTACHED_SYSTEM);
                system.put(firmware.store(), store, now);
                partitions.push(Partition::system(ATTACHED_SYSTEM, system));
            }
            Firmware::Bios => windows.put(firmware.store(), store, now),
        }
        partitions.push(Partition { away: Some(windows), ..Partition::windows(ATTACHED_WINDOWS, 127) });
        Self {
            size: 127,
            online: false,
            read_only: false,
            firmware,
            partitions,
            origin: Some(Box::new(machine)),
        }
    }

    /// Encrypts the Windows volume: nothing of it can be read until it is unlocked.
    pub fn encrypt(&mut self, recovery_password: &str, key_file: Option<&str>) {
        for partition in self.partitions.iter_mut().filter(|partition| partition.is_basic) {
            partition.encryption = Some(Encryption {
                recovery_password: recovery_password.to_owned(),
                key_file: key_file.map(str::to_owned),
                locked: true,
                protected: true,
            });
        }
    }

    fn windows(&self) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.is_basic)
    }
}

/// The serial numbers that the store of a machine names whose disk will be attached elsewhere: system, Windows.
pub fn attached_serials(firmware: Firmware) -> (u32, u32) {
    match firmware {
        Firmware::Uefi => (ATTACHED_SYSTEM, ATTACHED_WINDOWS),
        Firmware::Bios => (ATTACHED_WINDOWS, ATTACHED_WINDOWS),
    }
}

impl Partition {
    fn system(serial: u32, drive: Drive) -> Self {
        Self {
            size: 100,
            file_system: "FAT32",
            label: String::new(),
            letter: None,
            remembered: None,
            is_basic: false,
            serial,
            encryption: None,
            away: Some(drive),
        }
    }

    fn windows(serial: u32, gigabytes: u32) -> Self {
        Self {
            size: gigabytes * 1024 - 100,
            file_system: "NTFS",
            label: "Windows".to_owned(),
            letter: None,
            remembered: None,
            is_basic: true,
            serial,
            encryption: None,
            away: None,
        }
    }

    /// Whether nothing of it can be read for lack of a key.
    pub fn is_locked(&self) -> bool {
        self.encryption.as_ref().is_some_and(|encryption| encryption.locked)
    }

    /// The volume, wherever it is.
    pub fn drive<'a>(&'a self, files: &'a Files) -> Option<&'a Drive> {
        self.away.as_ref().or_else(|| self.letter.and_then(|letter| files.drive(letter)))
    }

    /// Hangs the volume where its letter says, if it can be read.
    fn mount(&mut self, files: &mut Files) {
        if self.is_locked() {
            return;
        }
        if let (Some(letter), Some(drive)) = (self.letter, self.away.take()) {
            files.attach(letter, drive);
        }
    }

    fn unmount(&mut self, files: &mut Files) {
        if let Some(letter) = self.letter.take() {
            self.remembered = Some(letter);
            if self.away.is_none() {
                self.away = files.detach(letter);
            }
        }
    }
}

impl Drive {
    /// An empty volume.
    pub fn empty(label: &str, serial: u32) -> Self {
        let text = "O:BAD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";
        let bare = Security { owner: Sid::system(), protected: false, entries: Vec::new() };
        let security = sddl::parse(text, Sid::system()).unwrap_or(bare);
        let root = Node::new("", ObjectKind::Folder, security, Timestamp::UNIX_EPOCH);
        Self {
            label: label.to_owned(),
            serial,
            capacity: 104_857_600,
            free: 73_400_320,
            damaged: false,
            root,
        }
    }

    /// Puts a file with the folders on the way, past every check.
    fn put(&mut self, path: &str, contents: Vec<u8>, now: Timestamp) {
        let mut node = &mut self.root;
        let parts: Vec<&str> = path.split('\\').collect();
        for (at, part) in parts.iter().enumerate() {
            let kind = if at + 1 == parts.len() { ObjectKind::File } else { ObjectKind::Folder };
            if node.child(part).is_none() {
                let security = Security::inherited(&node.security, kind, Sid::system());
                node.put(Node::new(part, kind, security, now));
            }
            let Some(next) = node.child_mut(part) else { return };
            node = next;
        }
        node.body = Body::File(contents.into());
        node.in_use = false;
    }

    fn hive(&self, path: &str) -> Option<Key> {
        let mut node = &self.root;
        for part in path.split('\\') {
            node = node.child(part)?;
        }
        let Body::File(bytes) = &node.body else { return None };
        hive::read(bytes)
    }
}

impl World {
    /// Which disk and partition has the letter.
    pub fn partition_of(&self, letter: char) -> Option<(usize, usize)> {
        let letter = letter.to_ascii_uppercase();
        self.disks.iter().enumerate().find_map(|(number, disk)| {
            let at = disk.partitions.iter().position(|partition| partition.letter == Some(letter))?;
            Some((number, at))
        })
    }

    /// The letter of the volume with that serial number.
    pub fn letter_of_volume(&self, serial: u32) -> Option<char> {
        self.partitions().find(|partition| partition.serial == serial)?.letter
    }

    /// All partitions of all disks.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.disks.iter().flat_map(|disk| &disk.partitions)
    }

    /// Takes a disk into use; its volumes get their letters.
    ///
    /// # Errors
    /// [`DiskError::NoSuch`], [`DiskError::Already`].
    pub fn bring_online(&mut self, number: usize) -> Result<(), DiskError> {
        let disk = self.disks.get_mut(number).ok_or(DiskError::NoSuch)?;
        if disk.online {
            return Err(DiskError::Already);
        }
        disk.online = true;
        for at in 0..disk.partitions.len() {
            let partition = &self.disks[number].partitions[at];
            if !partition.is_basic && partition.remembered.is_none() {
                continue;
            }
            let letter = partition.remembered.filter(|letter| self.files.drive(*letter).is_none());
            let letter = letter.or_else(|| self.free_letter());
            let partition = &mut self.disks[number].partitions[at];
            partition.letter = letter;
            partition.mount(&mut self.files);
        }
        Ok(())
    }

    /// Takes a disk out of use.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn take_offline(&mut self, number: usize) -> Result<(), DiskError> {
        let disk = self.disks.get(number).ok_or(DiskError::NoSuch)?;
        if !disk.online {
            return Err(DiskError::Already);
        }
        if number == 0 {
            return Err(DiskError::SystemDisk);
        }
        let open = disk.partitions.iter().filter_map(|partition| partition.drive(&self.files));
        // invented: Windows would force the volume off under a loaded hive; here it is refused, so that nobody does it unseen.
        if open.into_iter().any(|drive| is_open(&drive.root)) {
            return Err(DiskError::InUse);
        }
        let disk = &mut self.disks[number];
        disk.online = false;
        for partition in &mut disk.partitions {
            partition.unmount(&mut self.files);
            if let Some(encryption) = &mut partition.encryption {
                encryption.locked |= encryption.protected;
            }
        }
        Ok(())
    }

    /// Gives a volume a letter.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn assign_letter(
        &mut self,
        number: usize,
        partition: usize,
        letter: Option<char>,
    ) -> Result<char, DiskError> {
        let free = self.free_letter();
        let taken = |letter: char| self.files.drive(letter).is_some() || self.partition_of(letter).is_some();
        let letter = match letter {
            Some(letter) if taken(letter) => return Err(DiskError::LetterTaken),
            Some(letter) => letter,
            None => free.ok_or(DiskError::LetterTaken)?,
        };
        let disk = self.disks.get_mut(number).ok_or(DiskError::NoSuch)?;
        if !disk.online {
            return Err(DiskError::Offline);
        }
        let partition = disk.partitions.get_mut(partition).ok_or(DiskError::NoSuch)?;
        partition.unmount(&mut self.files);
        partition.letter = Some(letter);
        partition.mount(&mut self.files);
        Ok(letter)
    }

    /// Takes a volume's letter away.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn remove_letter(&mut self, number: usize, partition: usize) -> Result<(), DiskError> {
        let disk = self.disks.get_mut(number).ok_or(DiskError::NoSuch)?;
        let partition = disk.partitions.get_mut(partition).ok_or(DiskError::NoSuch)?;
        if partition.letter.is_none() {
            return Err(DiskError::NoSuch);
        }
        partition.unmount(&mut self.files);
        partition.remembered = None;
        Ok(())
    }

    /// Unlocks a volume with its recovery password; false when it does not fit.
    pub fn unlock(&mut self, letter: char, password: &str) -> bool {
        let Some((number, at)) = self.partition_of(letter) else { return false };
        let partition = &mut self.disks[number].partitions[at];
        match &mut partition.encryption {
            Some(encryption) if encryption.recovery_password == password => encryption.locked = false,
            _ => return false,
        }
        partition.mount(&mut self.files);
        true
    }

    /// Locks a volume again; false when it is not encrypted, or something on it is open.
    pub fn lock_volume(&mut self, letter: char) -> bool {
        let Some((number, at)) = self.partition_of(letter) else { return false };
        if self.files.drive(letter).is_some_and(|drive| is_open(&drive.root)) {
            return false;
        }
        let partition = &mut self.disks[number].partitions[at];
        let Some(encryption) = &mut partition.encryption else { return false };
        encryption.locked = true;
        if partition.away.is_none() {
            partition.away = self.files.detach(letter);
        }
        true
    }

    /// Changes the encryption of the volume with that letter.
    pub fn encryption_mut(&mut self, letter: char) -> Option<&mut Encryption> {
        let (number, at) = self.partition_of(letter)?;
        self.disks[number].partitions[at].encryption.as_mut()
    }

    fn free_letter(&self) -> Option<char> {
        // invented: D: is the temporary disk's or the DVD drive's, as on Azure.
        ('E'..='Z').find(|letter| self.files.drive(*letter).is_none() && self.partition_of(*letter).is_none())
    }

    /// The machine that a disk was taken from, with everything that is on the disk now, switched off.
    pub fn revived(&self, number: usize) -> Option<Self> {
        let disk = self.disks.get(number)?;
        let mut machine = disk.origin.as_deref()?.clone();
        let partition = disk.windows()?;
        let mut windows = partition.drive(&self.files)?.clone();
        for name in HIVES {
            let key = windows.hive(&format!(r"{CONFIG}\{name}"))?;
            machine.registry.remove(&format!(r"HKLM\{name}"));
            machine.registry.create("HKLM")?.attach(key.renamed(name));
        }
        let holder = match disk.firmware {
            Firmware::Bios => windows.clone(),
            Firmware::Uefi => disk.partitions.iter().find(|own| !own.is_basic)?.drive(&self.files)?.clone(),
        };
        machine.registry.remove(boot_store::LIVE);
        if let Some(store) = holder.hive(disk.firmware.store()) {
            boot_store::install(&mut machine.registry, &store);
        }
        // The volume keeps its serial number: the store names it.
        windows.label.clone_from(&partition.label);
        machine.files.attach('C', windows);
        Some(machine)
    }

    /// Why this machine would not start; it is switched off, and its disk is the one that [`Self::revived`] gave.
    pub fn start_failure(&self) -> Option<StartFailure> {
        let Some(store) = self.boot_store() else { return Some(StartFailure::NoLoader) };
        let Some(windows) = self.files.drive('C') else { return Some(StartFailure::NoLoader) };
        let loader = boot_store::default_loader(store).unwrap_or_default();
        for name in ["device", "osdevice"] {
            let device = boot_store::get(store, &loader, name).and_then(boot_store::serial);
            if device != Some(windows.serial) {
                return Some(StartFailure::NoLoader);
            }
        }
        let manager = boot_store::get(store, boot_store::BOOT_MANAGER, "device").and_then(boot_store::serial);
        if manager != Some(attached_serials(self.firmware).0) {
            return Some(StartFailure::NoLoader);
        }
        // The file of 2024-07-19 makes CSAgent.sys read what is not there.
        let channel = WinPath::new(r"C:\Windows\System32\drivers\CrowdStrike");
        let bad = self.files.look(&channel).is_some_and(|folder| {
            folder.children().any(|file| {
                let name = file.name.to_uppercase();
                name.starts_with("C-00000291") && name.rsplit('.').next() == Some("SYS")
            })
        });
        let agent = self.registry.dword(r"HKLM\SYSTEM\CurrentControlSet\Services\CSAgent", "Start");
        if bad && agent.is_some_and(|start| start < 4) {
            return Some(StartFailure::Stop(0x50));
        }
        if components::is_stuck(&self.registry) {
            return Some(StartFailure::Updating);
        }
        windows.damaged.then_some(StartFailure::DamagedVolume)
    }
}

fn release(node: &mut Node) {
    node.in_use = false;
    if let Body::Folder(children) = &mut node.body {
        children.values_mut().for_each(release);
    }
}

fn is_open(node: &Node) -> bool {
    node.in_use || node.children().any(is_open)
}

/// The store of a machine in its language.
fn store_for(machine: &World, system: u32, windows: u32) -> Key {
    boot_store::fresh(machine.firmware, machine.language.tag(), system, windows)
}

impl World {
    /// Makes this machine, which is switched off, one whose disk can be attached elsewhere: its store names the
    /// serial numbers that the disk will have.
    pub fn prepare_as_donor(&mut self, firmware: Firmware) {
        self.firmware = firmware;
        let (system, windows) = attached_serials(firmware);
        let store = store_for(self, system, windows);
        boot_store::install(&mut self.registry, &store);
    }

    /// Whether a value of the registry on an attached disk is this (for tests and scenarios).
    pub fn hive_value(&self, disk: usize, hive: &str, key: &str, name: &str) -> Option<Data> {
        let partition = self.disks.get(disk)?.windows()?;
        let key_of = partition.drive(&self.files)?.hive(&format!(r"{CONFIG}\{hive}"))?;
        key_of.below(key)?.value(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    fn rescuer(firmware: Firmware) -> World {
        let mut broken = World::installed(Os::Server2019, Language::EnUs);
        broken.prepare_as_donor(firmware);
        let mut world = World::healthy(Os::Server2022, Language::EnUs);
        world.disks.push(Disk::taken_from(broken));
        world
    }

    #[test]
    fn a_disk_comes_and_goes_with_its_letter() {
        for firmware in [Firmware::Bios, Firmware::Uefi] {
            let mut world = rescuer(firmware);
            assert!(world.files.drive('E').is_none());
            world.bring_online(1).unwrap();
            assert_eq!(world.bring_online(1), Err(DiskError::Already));
            let hive = WinPath::new(r"E:\Windows\System32\config\SYSTEM");
            assert!(world.files.is_file(&hive));
            world.files.look_mut(&hive).unwrap().in_use = true;
            assert_eq!(world.take_offline(1), Err(DiskError::InUse));
            world.files.look_mut(&hive).unwrap().in_use = false;
            world.take_offline(1).unwrap();
            assert!(world.files.drive('E').is_none());
            let revived = world.revived(1).unwrap();
            assert_eq!(revived.start_failure(), None);
        }
    }

    #[test]
    fn a_revived_machine_works_as_before() {
        let world = rescuer(Firmware::Uefi);
        let mut revived = world.revived(1).unwrap();
        revived.boot();
        assert_eq!(revived.rdp_works(), Ok(()));
        let value =
            world.hive_value(1, "SYSTEM", r"ControlSet001\Control\Terminal Server", "fDenyTSConnections");
        assert_eq!(value, Some(Data::Dword(0)));
    }

    #[test]
    fn a_system_partition_gets_a_letter_only_when_asked_for() {
        let mut world = rescuer(Firmware::Uefi);
        assert_eq!(world.assign_letter(1, 0, Some('S')), Err(DiskError::Offline));
        world.bring_online(1).unwrap();
        assert_eq!(world.assign_letter(1, 0, Some('C')), Err(DiskError::LetterTaken));
        world.assign_letter(1, 0, Some('S')).unwrap();
        assert!(world.files.is_file(&WinPath::new(r"S:\EFI\Microsoft\Boot\BCD")));
        world.remove_letter(1, 0).unwrap();
        assert!(world.files.drive('S').is_none());
    }
}
