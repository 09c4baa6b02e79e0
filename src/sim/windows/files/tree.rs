//! The folders and files that a freshly installed server has, with their permissions.

use jiff::Timestamp;

use super::node::{Body, Node, attribute};
use super::path::WinPath;
use super::{Drive, Files};
use crate::sim::windows::acl::{ObjectKind, Security};
use crate::sim::windows::sddl;
use crate::sim::windows::sid::Sid;

/// What the tree is made for.
#[derive(Debug, Clone)]
pub struct Install {
    /// When the machine was set up.
    pub at: Timestamp,
    /// Accounts with a profile folder, and their SIDs.
    pub users: Vec<(String, Sid)>,
    /// The machine's GUID, the end of every key file's name.
    pub machine_guid: String,
    /// Files of System32: programs as `find.exe`, and what is in them.
    pub programs: Vec<(String, Vec<u8>)>,
}

/// Size of the system drive: 127 GB, as an Azure image has.
pub const CAPACITY: u64 = 136_365_211_648;
/// The key of Remote Desktop's self-signed certificate; the file's name goes on with the machine's GUID.
pub const RDP_KEY: &str = "f686aace6942fb7f7ceb231212eef4a4";
/// Where the machine's private keys are.
pub const MACHINE_KEYS: &str = "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys";

/// Descriptors as `icacls /save` shows them on Windows Server 2019.
const ROOT: &str = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)\
(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)(A;OICIIO;GA;;;CO)";
const WINDOWS: &str = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI\
(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
(A;CIIO;GA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)\
(A;OICIIO;GA;;;CO)";
const SYSTEM_FILE: &str = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI\
(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)\
(A;;0x1200a9;;;BA)(A;;0x1200a9;;;SY)(A;;0x1200a9;;;BU)";
const WINDOWS_TEMP: &str = "O:SYD:PAI(A;CI;0x100026;;;BU)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;FA;;;SY)";
const CONFIG: &str = "O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)";
const PROGRAM_DATA: &str =
    "O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;0x116;;;BU)";
const KEYS: &str = "O:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)";
const KEY: &str = "O:SYD:PAI(A;;FA;;;SY)(A;;FR;;;NS)(A;;FA;;;BA)";
const VOLUME_INFORMATION: &str = "O:BAD:PAI(A;OICI;FA;;;SY)";

/// Folders in the order in which they are made, and their own descriptor where they have one.
const FOLDERS: [(&str, Option<&str>); 26] = [
    ("Program Files", Some(WINDOWS)),
    ("Program Files (x86)", Some(WINDOWS)),
    ("ProgramData", Some(PROGRAM_DATA)),
    ("ProgramData\\Microsoft", None),
    ("ProgramData\\Microsoft\\Crypto", None),
    ("ProgramData\\Microsoft\\Crypto\\RSA", None),
    ("ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys", Some(KEYS)),
    ("System Volume Information", Some(VOLUME_INFORMATION)),
    ("Users", Some(PROGRAM_DATA)),
    ("Users\\Public", None),
    ("Windows", Some(WINDOWS)),
    ("Windows\\Fonts", None),
    ("Windows\\INF", None),
    ("Windows\\Logs", None),
    ("Windows\\Minidump", Some(CONFIG)),
    ("Windows\\Prefetch", Some(CONFIG)),
    ("Windows\\System32", Some(WINDOWS)),
    ("Windows\\System32\\config", Some(CONFIG)),
    ("Windows\\System32\\drivers", Some(WINDOWS)),
    ("Windows\\System32\\drivers\\etc", None),
    ("Windows\\System32\\GroupPolicy", None),
    ("Windows\\System32\\WindowsPowerShell", Some(WINDOWS)),
    ("Windows\\System32\\WindowsPowerShell\\v1.0", None),
    ("Windows\\System32\\wbem", None),
    ("Windows\\SysWOW64", Some(WINDOWS)),
    ("Windows\\Temp", Some(WINDOWS_TEMP)),
];

/// Key files beside Remote Desktop's: known names of containers, with invented: contents.
const OTHER_KEYS: [&str; 3] = [
    "6de9cb26d2b98c01ec4e9e8b34824aa2",
    "76944fb33636aeddb9590521c2e8815a",
    "c2319c42033a5ca7f44e731bfd3fa2b5",
];

impl Files {
    /// Drive C: of a new machine.
    pub fn standard(install: &Install) -> Self {
        let at = install.at;
        let root = Node::new("", ObjectKind::Folder, descriptor(ROOT), at);
        let serial = 0xb4a6_1f3c;
        let mut files = Self::default();
        files.attach(
            'C',
            Drive { label: "Windows".to_owned(), serial, capacity: CAPACITY, free: 0, damaged: false, root },
        );
        for (path, own) in FOLDERS {
            files.plant(path, ObjectKind::Folder, Vec::new(), own, at);
        }
        for (user, sid) in &install.users {
            files.plant_profile(user, sid, at);
        }
        for key in OTHER_KEYS.iter().chain([&RDP_KEY]) {
            let path = format!("{}\\{key}_{}", &MACHINE_KEYS[3..], install.machine_guid);
            files.plant(&path, ObjectKind::File, key_blob(key), Some(KEY), at);
            files.mark(&path, attribute::SYSTEM);
        }
        for (name, contents) in &install.programs {
            files.plant(
                &format!("Windows\\System32\\{name}"),
                ObjectKind::File,
                contents.clone(),
                Some(SYSTEM_FILE),
                at,
            );
        }
        let hosts =
            "# localhost name resolution is handled within DNS itself.\r\n#\t127.0.0.1       localhost\r\n";
        files.plant(
            "Windows\\System32\\drivers\\etc\\hosts",
            ObjectKind::File,
            hosts.into(),
            Some(SYSTEM_FILE),
            at,
        );
        files.plant("Windows\\win.ini", ObjectKind::File, WIN_INI.into(), None, at);
        for hive in ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"] {
            let path = format!("Windows\\System32\\config\\{hive}");
            files.plant(&path, ObjectKind::File, b"regf".to_vec(), None, at);
            files.lock_open(&path);
        }
        files.plant("pagefile.sys", ObjectKind::File, Vec::new(), Some(VOLUME_INFORMATION), at);
        files.lock_open("pagefile.sys");
        files.mark("pagefile.sys", attribute::HIDDEN | attribute::SYSTEM);
        files.mark("ProgramData", attribute::HIDDEN);
        files.mark("System Volume Information", attribute::HIDDEN | attribute::SYSTEM);
        files.mark("Program Files", attribute::READ_ONLY);
        files.mark("Program Files (x86)", attribute::READ_ONLY);
        files.mark("Users", attribute::READ_ONLY);
        if let Some(drive) = files.drive_mut('C') {
            // The image's own files, which are not here, take about 12 GB.
            drive.free = CAPACITY - 12_884_901_888;
        }
        files
    }

    /// Puts a file or folder at `path` (below `C:\`), past every check. `own` is its descriptor; without one it
    /// inherits.
    pub fn plant(
        &mut self,
        path: &str,
        kind: ObjectKind,
        contents: Vec<u8>,
        own: Option<&str>,
        at: Timestamp,
    ) {
        let path = WinPath::new(&format!("C:\\{path}"));
        let Some(parent) = path.parent().and_then(|parent| self.look_mut(&parent)) else { return };
        let mut security = Security::inherited(&parent.security, kind, Sid::system());
        if let Some(own) = own {
            let parent_list = parent.security.clone();
            security = descriptor(own);
            security.inherit_again(&parent_list, kind);
        }
        let mut node = Node::new(path.name(), kind, security, at);
        if kind == ObjectKind::File {
            node.body = Body::File(contents.into());
        }
        parent.put(node);
    }

    fn plant_profile(&mut self, user: &str, sid: &Sid, at: Timestamp) {
        let own = format!("O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{sid})");
        self.plant(&format!("Users\\{user}"), ObjectKind::Folder, Vec::new(), Some(&own), at);
        for folder in
            ["AppData", "AppData\\Local", "AppData\\Local\\Temp", "AppData\\Roaming", "Desktop", "Documents"]
        {
            self.plant(&format!("Users\\{user}\\{folder}"), ObjectKind::Folder, Vec::new(), None, at);
        }
        self.mark(&format!("Users\\{user}\\AppData"), attribute::HIDDEN);
    }

    fn mark(&mut self, path: &str, bits: u32) {
        if let Some(node) = self.look_mut(&WinPath::new(&format!("C:\\{path}"))) {
            node.attributes |= bits;
        }
    }

    fn lock_open(&mut self, path: &str) {
        if let Some(node) = self.look_mut(&WinPath::new(&format!("C:\\{path}"))) {
            node.in_use = true;
        }
    }
}

const WIN_INI: &str = "; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n[mci extensions]\r\n[files]\r\n[Mail]\r\nMAPI=1\r\n";

/// A descriptor of this file; they are tested, so that the fallback is never used.
fn descriptor(text: &str) -> Security {
    let bare = Security { owner: Sid::system(), protected: false, entries: Vec::new() };
    sddl::parse(text, Sid::system()).unwrap_or(bare)
}

/// invented: a private key as nobody can read it, derived from its name so that it is always the same.
fn key_blob(name: &str) -> Vec<u8> {
    let mut state =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let mut blob = vec![2, 0, 0, 0];
    while blob.len() < 2311 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        blob.push((state >> 24) as u8);
    }
    blob
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::acl::{Token, right};

    fn install() -> Install {
        Install {
            at: Timestamp::UNIX_EPOCH,
            users: vec![("azureuser".to_owned(), Sid::account([1, 2, 3], 500))],
            machine_guid: "11111111-2222-3333-4444-555555555555".to_owned(),
            programs: vec![("find.exe".to_owned(), b"MZ".to_vec())],
        }
    }

    #[test]
    fn every_descriptor_is_right() {
        for text in
            [ROOT, WINDOWS, SYSTEM_FILE, WINDOWS_TEMP, CONFIG, PROGRAM_DATA, KEYS, KEY, VOLUME_INFORMATION]
        {
            sddl::parse(text, Sid::system()).unwrap();
        }
    }

    #[test]
    fn the_tree_has_what_repairs_need_with_real_rights() {
        let files = Files::standard(&install());
        let admin = Token::administrator(Sid::account([1, 2, 3], 500));
        let key = WinPath::new(&format!("{MACHINE_KEYS}\\{RDP_KEY}_11111111-2222-3333-4444-555555555555"));
        assert_eq!(files.read(&key, &admin).unwrap().len(), 2311);
        assert!(files.look(&key).unwrap().security.allows(
            &Token { user: Sid::network_service(), groups: Vec::new(), privileges: Vec::new() },
            right::READ
        ));
        let find = WinPath::new("c:\\windows\\system32\\FIND.EXE");
        assert_eq!(files.stored(&find).to_string(), "C:\\Windows\\System32\\find.exe");
        assert!(files.may_write(&find, &admin).is_err());
        assert!(files.may_write(&WinPath::new("C:\\Windows\\x"), &admin).is_ok());
        assert!(
            files.may_write(&WinPath::new("C:\\Users\\azureuser\\AppData\\Local\\Temp\\x"), &admin).is_ok()
        );
        assert!(files.list(&WinPath::new("C:\\System Volume Information"), &admin).is_err());
    }
}
