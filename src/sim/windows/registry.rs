//! The registry: hives, keys, typed values, the `CurrentControlSet` link.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// A value's type and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// `REG_NONE`.
    None(Vec<u8>),
    /// `REG_SZ`.
    Sz(String),
    /// `REG_EXPAND_SZ`.
    ExpandSz(String),
    /// `REG_BINARY`.
    Binary(Vec<u8>),
    /// `REG_DWORD`.
    Dword(u32),
    /// `REG_MULTI_SZ`.
    MultiSz(Vec<String>),
    /// `REG_QWORD`.
    Qword(u64),
}

/// One key with its values and the keys below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    name: String,
    keys: BTreeMap<String, Self>,
    values: Vec<(String, Data)>,
}

/// The root keys and what hangs below them.
#[derive(Debug, Clone)]
pub struct Registry {
    machine: Key,
    users: Key,
    current_user: String,
    control_set: u32,
    loaded: Vec<LoadedHive>,
    revision: Revision,
}

/// What a registry holds: two of the same revision hold the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(u64);

/// A hive file that was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LoadedHive {
    path: String,
    file: String,
}

/// The keys that cannot be deleted or renamed, with their short and long names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `HKLM`.
    LocalMachine,
    /// `HKU`.
    Users,
    /// `HKCU`, a link to `HKU\<SID>`.
    CurrentUser,
    /// `HKCR`, here a link to `HKLM\SOFTWARE\Classes`.
    ClassesRoot,
    /// `HKCC`, a link to the current hardware profile.
    CurrentConfig,
}

impl Data {
    /// The type's name, `REG_SZ`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None(_) => "REG_NONE",
            Self::Sz(_) => "REG_SZ",
            Self::ExpandSz(_) => "REG_EXPAND_SZ",
            Self::Binary(_) => "REG_BINARY",
            Self::Dword(_) => "REG_DWORD",
            Self::MultiSz(_) => "REG_MULTI_SZ",
            Self::Qword(_) => "REG_QWORD",
        }
    }

    /// The data as `reg query` shows it: hex numbers, `\0` between strings, hex bytes.
    pub fn shown(&self) -> String {
        match self {
            Self::Sz(text) | Self::ExpandSz(text) => text.clone(),
            Self::Dword(number) => format!("{number:#x}"),
            Self::Qword(number) => format!("{number:#x}"),
            Self::MultiSz(texts) => texts.join("\\0"),
            Self::Binary(bytes) | Self::None(bytes) => {
                use std::fmt::Write as _;
                bytes.iter().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02X}");
                    hex
                })
            }
        }
    }

    /// The type's number.
    pub fn number(&self) -> u32 {
        match self {
            Self::None(_) => 0,
            Self::Sz(_) => 1,
            Self::ExpandSz(_) => 2,
            Self::Binary(_) => 3,
            Self::Dword(_) => 4,
            Self::MultiSz(_) => 7,
            Self::Qword(_) => 11,
        }
    }

    /// The bytes that the registry holds: texts in UTF-16 with their ends, numbers little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let wide =
            |text: &str| -> Vec<u8> { text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect() };
        match self {
            Self::None(bytes) | Self::Binary(bytes) => bytes.clone(),
            Self::Sz(text) | Self::ExpandSz(text) => wide(text),
            Self::Dword(number) => number.to_le_bytes().to_vec(),
            Self::Qword(number) => number.to_le_bytes().to_vec(),
            Self::MultiSz(texts) => texts.iter().flat_map(|text| wide(text)).chain([0, 0]).collect(),
        }
    }

    /// The data of type `number` in `bytes`; `None` for a type that this machine does not have, or a number of the
    /// wrong length.
    pub fn from_bytes(number: u32, bytes: &[u8]) -> Option<Self> {
        let units = || -> Vec<u16> {
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
        };
        let text = || {
            let units = units();
            let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
            String::from_utf16_lossy(&units[..end])
        };
        Some(match number {
            0 => Self::None(bytes.to_vec()),
            1 => Self::Sz(text()),
            2 => Self::ExpandSz(text()),
            3 => Self::Binary(bytes.to_vec()),
            4 => Self::Dword(u32::from_le_bytes(bytes.try_into().ok()?)),
            7 => Self::MultiSz(
                units()
                    .split(|unit| *unit == 0)
                    .filter(|text| !text.is_empty())
                    .map(String::from_utf16_lossy)
                    .collect(),
            ),
            11 => Self::Qword(u64::from_le_bytes(bytes.try_into().ok()?)),
            _ => return None,
        })
    }

    /// The text of a `REG_SZ` or `REG_EXPAND_SZ`.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Sz(text) | Self::ExpandSz(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a `REG_DWORD`.
    pub fn dword(&self) -> Option<u32> {
        match self {
            Self::Dword(number) => Some(*number),
            _ => None,
        }
    }
}

impl Key {
    /// An empty key.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Its own name, as created.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The keys below, in the registry's order.
    pub fn keys(&self) -> impl Iterator<Item = &Self> {
        self.keys.values()
    }

    /// The values in the order they were made; the default value has an empty name.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Data)> {
        self.values.iter().map(|(name, data)| (name.as_str(), data))
    }

    /// The value `name`, in any case.
    pub fn value(&self, name: &str) -> Option<&Data> {
        self.values.iter().find(|(own, _)| same_name(own, name)).map(|(_, data)| data)
    }

    /// The key below at `path`.
    pub fn below(&self, path: &str) -> Option<&Self> {
        parts(path).try_fold(self, |key, part| key.keys.get(&fold(part)))
    }

    /// The key below at `path`, made where missing.
    pub fn create(&mut self, path: &str) -> &mut Self {
        parts(path).fold(self, |key, part| key.keys.entry(fold(part)).or_insert_with(|| Self::new(part)))
    }

    /// Sets a value; an existing one keeps its place and the case of its name.
    pub fn set(&mut self, name: &str, data: Data) {
        match self.values.iter_mut().find(|(own, _)| same_name(own, name)) {
            Some((_, old)) => *old = data,
            None => self.values.push((name.to_owned(), data)),
        }
    }

    /// Removes a value; false when there is none.
    pub fn remove_value(&mut self, name: &str) -> bool {
        let before = self.values.len();
        self.values.retain(|(own, _)| !same_name(own, name));
        self.values.len() != before
    }

    /// Removes all values.
    pub fn clear_values(&mut self) {
        self.values.clear();
    }

    /// Removes a key below with everything in it.
    pub fn remove_key(&mut self, path: &str) -> Option<Self> {
        let (parent, last) = path.rsplit_once('\\').unwrap_or(("", path));
        let holder = parts(parent).try_fold(self, |key, part| key.keys.get_mut(&fold(part)))?;
        holder.keys.remove(&fold(last))
    }

    /// Hangs `key` below this one under its own name, replacing a former one.
    pub fn attach(&mut self, key: Self) {
        self.keys.insert(fold(&key.name), key);
    }

    /// The same key under another name.
    #[must_use]
    pub fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

impl Root {
    const NAMES: [(Self, &'static str, &'static str); 5] = [
        (Self::LocalMachine, "HKLM", "HKEY_LOCAL_MACHINE"),
        (Self::Users, "HKU", "HKEY_USERS"),
        (Self::CurrentUser, "HKCU", "HKEY_CURRENT_USER"),
        (Self::ClassesRoot, "HKCR", "HKEY_CLASSES_ROOT"),
        (Self::CurrentConfig, "HKCC", "HKEY_CURRENT_CONFIG"),
    ];

    /// The root named `name`, short or long, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(_, short, long)| name.eq_ignore_ascii_case(short) || name.eq_ignore_ascii_case(long))
            .map(|(root, ..)| root)
    }

    /// `HKEY_LOCAL_MACHINE`.
    pub fn long_name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(root, ..)| *root == self).map_or("", |(.., long)| long)
    }
}

impl Revision {
    /// One that no registry of this process had.
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}

impl Registry {
    /// An empty registry of which `current_user` (a SID) sees `HKCU`.
    pub fn new(current_user: &str) -> Self {
        Self {
            machine: Key::new("HKEY_LOCAL_MACHINE"),
            users: Key::new("HKEY_USERS"),
            current_user: current_user.to_owned(),
            control_set: 1,
            loaded: Vec::new(),
            revision: Revision::new(),
        }
    }

    /// Another one than before as soon as anything may have been changed.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The key at `path` (`HKLM\…` or `HKEY_LOCAL_MACHINE\…`, links followed).
    pub fn key(&self, path: &str) -> Option<&Key> {
        let (holder, rest) = self.place(path)?;
        match holder {
            Holder::Machine => self.machine.below(&rest),
            Holder::Users => self.users.below(&rest),
        }
    }

    /// The key at `path`, made where missing.
    ///
    /// `None`: the path names no root.
    pub fn create(&mut self, path: &str) -> Option<&mut Key> {
        let (holder, rest) = self.place(path)?;
        self.revision = Revision::new();
        Some(match holder {
            Holder::Machine => self.machine.create(&rest),
            Holder::Users => self.users.create(&rest),
        })
    }

    /// The key at `path`, to be changed.
    pub fn key_mut(&mut self, path: &str) -> Option<&mut Key> {
        self.key(path)?;
        self.create(path)
    }

    /// Removes the key at `path` with everything below.
    pub fn remove(&mut self, path: &str) -> Option<Key> {
        let (holder, rest) = self.place(path)?;
        self.revision = Revision::new();
        match holder {
            Holder::Machine => self.machine.remove_key(&rest),
            Holder::Users => self.users.remove_key(&rest),
        }
    }

    /// The value `name` of the key at `path`.
    pub fn value(&self, path: &str, name: &str) -> Option<&Data> {
        self.key(path)?.value(name)
    }

    /// The `REG_DWORD` `name` of the key at `path`.
    pub fn dword(&self, path: &str, name: &str) -> Option<u32> {
        self.value(path, name)?.dword()
    }

    /// The text `name` of the key at `path`.
    pub fn text(&self, path: &str, name: &str) -> Option<&str> {
        self.value(path, name)?.text()
    }

    /// Sets a value, making the key where missing; nothing happens when the path names no root.
    pub fn set(&mut self, path: &str, name: &str, data: Data) {
        if let Some(key) = self.create(path) {
            key.set(name, data);
        }
    }

    /// Removes a value; false when there is none.
    pub fn remove_value(&mut self, path: &str, name: &str) -> bool {
        self.key_mut(path).is_some_and(|key| key.remove_value(name))
    }

    /// The names below `path` in the registry's order, the link `CurrentControlSet` among them; `None` when there is
    /// no such key.
    pub fn names_below(&self, path: &str) -> Option<Vec<String>> {
        let key = self.key(path)?;
        let mut names: Vec<String> = key.keys().map(|key| key.name().to_owned()).collect();
        let is_system = self
            .place(path)
            .is_some_and(|(holder, rest)| holder == Holder::Machine && rest.eq_ignore_ascii_case("SYSTEM"));
        if is_system {
            let link = "CurrentControlSet".to_owned();
            let at = names.iter().position(|name| fold(name) > fold(&link)).unwrap_or(names.len());
            names.insert(at, link);
        }
        Some(names)
    }

    /// Hangs the contents of the hive `file` directly below `HKLM` or `HKU`; false when the name is taken.
    pub fn load(&mut self, root: Root, name: &str, hive: Key, file: &str) -> bool {
        let holder = if root == Root::Users { &mut self.users } else { &mut self.machine };
        if holder.below(name).is_some() {
            return false;
        }
        self.revision = Revision::new();
        holder.attach(hive.renamed(name));
        self.loaded.push(LoadedHive { path: format!(r"{}\{name}", root.long_name()), file: file.to_owned() });
        true
    }

    /// Takes a loaded hive off: its contents and the file they belong to; `None` when none is loaded there.
    pub fn unload(&mut self, root: Root, name: &str) -> Option<(Key, String)> {
        let path = format!(r"{}\{name}", root.long_name());
        let at = self.loaded.iter().position(|loaded| same_name(&loaded.path, &path))?;
        let loaded = self.loaded.remove(at);
        Some((self.remove(&path)?, loaded.file))
    }

    /// The number of the control set this boot uses.
    pub fn control_set(&self) -> u32 {
        self.control_set
    }

    /// What the loader does: takes `Select\Default` as the control set of this boot.
    pub fn select_control_set(&mut self) {
        let set = self.dword(r"HKLM\SYSTEM\Select", "Default").unwrap_or(1);
        self.control_set = set;
        self.revision = Revision::new();
        self.set(r"HKLM\SYSTEM\Select", "Current", Data::Dword(set));
    }

    /// All of `HKEY_LOCAL_MACHINE`.
    pub fn machine(&self) -> &Key {
        &self.machine
    }

    /// All of `HKEY_USERS`.
    pub fn users(&self) -> &Key {
        &self.users
    }

    fn place(&self, path: &str) -> Option<(Holder, String)> {
        let path = path.trim_end_matches('\\');
        let (root, rest) = path.split_once('\\').unwrap_or((path, ""));
        Some(match Root::parse(root)? {
            Root::LocalMachine => (Holder::Machine, self.follow_control_set(rest)),
            Root::Users => (Holder::Users, rest.to_owned()),
            Root::CurrentUser => (Holder::Users, join(&self.current_user, rest)),
            Root::ClassesRoot => (Holder::Machine, join(r"SOFTWARE\Classes", rest)),
            Root::CurrentConfig => {
                let profile = format!(r"SYSTEM\ControlSet{:03}\Hardware Profiles\0001", self.control_set);
                (Holder::Machine, join(&profile, rest))
            }
        })
    }

    fn follow_control_set(&self, rest: &str) -> String {
        let mut below = rest.splitn(3, '\\');
        let (Some(hive), Some(set)) = (below.next(), below.next()) else { return rest.to_owned() };
        if !hive.eq_ignore_ascii_case("SYSTEM") || !set.eq_ignore_ascii_case("CurrentControlSet") {
            return rest.to_owned();
        }
        join(&format!(r"SYSTEM\ControlSet{:03}", self.control_set), below.next().unwrap_or(""))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Machine,
    Users,
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('\\').filter(|part| !part.is_empty())
}

fn join(front: &str, back: &str) -> String {
    if back.is_empty() { front.to_owned() } else { format!(r"{front}\{back}") }
}

fn fold(name: &str) -> String {
    name.to_uppercase()
}

fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || fold(a) == fold(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Registry {
        let mut registry = Registry::new("S-1-5-21-1-2-3-500");
        registry.set(r"HKLM\SYSTEM\Select", "Default", Data::Dword(2));
        registry.set(r"HKLM\SYSTEM\ControlSet001\Control", "Who", Data::Sz("one".into()));
        registry.set(r"HKLM\SYSTEM\ControlSet002\Control", "Who", Data::Sz("two".into()));
        registry
    }

    #[test]
    fn current_control_set_is_a_link_chosen_at_boot() {
        let mut registry = sample();
        assert_eq!(registry.text(r"hklm\system\CURRENTCONTROLSET\control", "WHO"), Some("one"));
        registry.select_control_set();
        assert_eq!(registry.text(r"HKLM\SYSTEM\CurrentControlSet\Control", "Who"), Some("two"));
        assert_eq!(registry.dword(r"HKLM\SYSTEM\Select", "Current"), Some(2));
        registry.set(r"HKLM\SYSTEM\CurrentControlSet\Control", "Who", Data::Sz("new".into()));
        assert_eq!(registry.text(r"HKLM\SYSTEM\ControlSet002\Control", "Who"), Some("new"));
        assert_eq!(registry.text(r"HKLM\SYSTEM\ControlSet001\Control", "Who"), Some("one"));
    }

    #[test]
    fn each_change_is_another_revision_and_a_look_is_none() {
        let mut registry = sample();
        let copy = registry.clone();
        assert_eq!(registry.text(r"HKLM\SYSTEM\ControlSet001\Control", "Who"), Some("one"));
        assert_eq!(registry.revision(), copy.revision());
        let mut seen = vec![registry.revision()];
        let mut changed = |registry: &Registry| {
            assert!(!seen.contains(&registry.revision()), "the last change is not seen");
            seen.push(registry.revision());
        };
        registry.set(r"HKLM\SYSTEM\ControlSet001\Control", "Who", Data::Sz("new".into()));
        changed(&registry);
        registry.key_mut(r"HKLM\SYSTEM\ControlSet001\Control").unwrap().clear_values();
        changed(&registry);
        registry.remove(r"HKLM\SYSTEM\ControlSet001\Control");
        changed(&registry);
        registry.select_control_set();
        changed(&registry);
        registry.load(Root::LocalMachine, "BROKEN", Key::new("x"), r"E:\SYSTEM");
        changed(&registry);
        registry.unload(Root::LocalMachine, "BROKEN");
        changed(&registry);
        assert_ne!(Registry::new("S-1-5-18").revision(), Registry::new("S-1-5-18").revision());
    }

    #[test]
    fn names_have_no_case_but_keep_it() {
        let mut registry = sample();
        registry.set(r"HKLM\SOFTWARE\MiXed", "VaLue", Data::Dword(1));
        registry.set(r"HKLM\software\mixed", "value", Data::Dword(2));
        let key = registry.key(r"HKLM\SOFTWARE\MIXED").unwrap();
        assert_eq!(key.name(), "MiXed");
        assert_eq!(key.values().collect::<Vec<_>>(), [("VaLue", &Data::Dword(2))]);
    }

    #[test]
    fn hkcu_is_the_users_part_of_hku() {
        let mut registry = sample();
        registry.set(r"HKCU\Environment", "TEMP", Data::ExpandSz("x".into()));
        assert_eq!(registry.text(r"HKU\S-1-5-21-1-2-3-500\Environment", "TEMP"), Some("x"));
    }

    #[test]
    fn data_and_bytes_are_the_same() {
        for data in [
            Data::None(vec![1]),
            Data::Sz("x 한".into()),
            Data::ExpandSz(String::new()),
            Data::Binary(vec![0, 255]),
            Data::Dword(7),
            Data::MultiSz(vec!["a".into(), "b c".into()]),
            Data::MultiSz(Vec::new()),
            Data::Qword(1 << 50),
        ] {
            assert_eq!(Data::from_bytes(data.number(), &data.bytes()), Some(data));
        }
        assert_eq!(Data::from_bytes(4, &[1, 2]), None);
        assert_eq!(Data::from_bytes(6, &[]), None);
    }

    #[test]
    fn hives_hang_below_a_root() {
        let mut registry = sample();
        let mut hive = Key::new("");
        hive.create("Select").set("Current", Data::Dword(1));
        assert!(registry.load(Root::LocalMachine, "BROKENSYSTEM", hive.clone(), "F:\\SYSTEM"));
        assert!(!registry.load(Root::LocalMachine, "brokensystem", hive, "F:\\OTHER"));
        assert_eq!(registry.dword(r"HKLM\BROKENSYSTEM\Select", "Current"), Some(1));
        assert!(registry.unload(Root::LocalMachine, "SYSTEM").is_none());
        let (_, file) = registry.unload(Root::LocalMachine, "BrokenSystem").unwrap();
        assert_eq!(file, "F:\\SYSTEM");
        assert!(registry.key(r"HKLM\BROKENSYSTEM").is_none());
    }

    #[test]
    fn the_link_is_seen_among_the_names() {
        let names = sample().names_below(r"HKLM\SYSTEM").unwrap();
        assert_eq!(names, ["ControlSet001", "ControlSet002", "CurrentControlSet", "Select"]);
    }

    #[test]
    fn removed_keys_take_everything_below_with_them() {
        let mut registry = sample();
        assert!(registry.remove(r"HKLM\SYSTEM\ControlSet001").is_some());
        assert!(registry.key(r"HKLM\SYSTEM\ControlSet001\Control").is_none());
        assert!(registry.remove(r"HKLM\SYSTEM\ControlSet001").is_none());
        assert!(registry.key(r"NOROOT\X").is_none());
    }
}
