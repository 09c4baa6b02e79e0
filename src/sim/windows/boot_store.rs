//! The boot configuration store (BCD): objects with elements. It is a registry hive, as on Windows; the one of the
//! running system hangs at `HKLM\BCD00000000`, that of another disk is a file.
//!
//! The numbers of objects and elements are Microsoft's (the BCD reference of the Windows SDK).
//! invented: how a device is kept. Windows stores signatures of disk and partition; here it is the volume's serial
//! number. Both mean the same: the letter that is shown depends on who looks, and a volume that is gone is `unknown`.

use std::fmt::Write as _;

use super::World;
use super::firmware::Firmware;
use super::registry::{Data, Key, Registry};

/// Where the store of the running system hangs.
pub const LIVE: &str = r"HKLM\BCD00000000";
/// `{bootmgr}`.
pub const BOOT_MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
/// `{emssettings}`.
pub const EMS_SETTINGS: &str = "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}";
/// The loader of a machine that was never repaired.
pub const LOADER: &str = "{c3a1f0d2-8b7e-11ee-9c4f-000d3a4e912c}";

/// Names that stand for objects in every store.
pub const WELL_KNOWN: [(&str, &str); 7] = [
    ("{bootmgr}", BOOT_MANAGER),
    ("{emssettings}", EMS_SETTINGS),
    ("{memdiag}", "{b2721d73-1db4-4c62-bf78-c548a880142d}"),
    ("{dbgsettings}", "{4636856e-540f-4170-a130-a84776f4c654}"),
    ("{badmemory}", "{5189b25c-5558-4bf2-bca4-289b11bd29e2}"),
    ("{globalsettings}", "{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}"),
    ("{bootloadersettings}", "{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}"),
];

/// What an object is, by the number that the store keeps.
pub mod kind {
    /// The boot manager.
    pub const BOOT_MANAGER: u32 = 0x1010_0002;
    /// A loader of Windows.
    pub const LOADER: u32 = 0x1020_0003;
    /// The memory tester.
    pub const MEMORY_TEST: u32 = 0x1020_0005;
    /// Settings that others inherit.
    pub const INHERITED: u32 = 0x2010_0000;
    /// Settings that loaders inherit.
    pub const LOADER_SETTINGS: u32 = 0x2020_0003;
}

/// The form of an element's value, the second digit of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A volume.
    Device,
    /// Text.
    Text,
    /// One object.
    Object,
    /// Objects in order.
    Objects,
    /// A number; some have names.
    Number,
    /// Yes or no.
    Flag,
}

/// An element: its number, and its name in bcdedit. The names are English in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// The number.
    pub number: u32,
    /// The name.
    pub name: &'static str,
}

/// The elements that bcdedit names here, in the order in which it shows them.
#[rustfmt::skip]
pub const ELEMENTS: [Element; 30] = [
    element(0x1100_0001, "device"),
    element(0x1200_0002, "path"),
    element(0x1200_0004, "description"),
    element(0x1200_0005, "locale"),
    element(0x1400_0006, "inherit"),
    element(0x1600_0020, "bootems"),
    element(0x1500_0022, "emsport"),
    element(0x1500_0023, "emsbaudrate"),
    element(0x1400_0008, "recoverysequence"),
    element(0x1600_0009, "recoveryenabled"),
    element(0x1600_0048, "nointegritychecks"),
    element(0x1600_0049, "testsigning"),
    element(0x1600_0060, "isolatedcontext"),
    element(0x1700_0077, "allowedinmemorysettings"),
    element(0x2300_0003, "default"),
    element(0x2300_0006, "resumeobject"),
    element(0x2400_0001, "displayorder"),
    element(0x2400_0010, "toolsdisplayorder"),
    element(0x2500_0004, "timeout"),
    element(0x2600_0020, "displaybootmenu"),
    element(0x2100_0001, "osdevice"),
    element(0x2200_0002, "systemroot"),
    element(0x2500_0020, "nx"),
    element(0x2500_0080, "safeboot"),
    element(0x2600_00a0, "debug"),
    element(0x2600_00b0, "ems"),
    element(0x2500_00c2, "bootmenupolicy"),
    element(0x2500_00e0, "bootstatuspolicy"),
    // The numbers of the last two are invented: they are in no reference that was found.
    element(0x2600_01f0, "integrityservices"),
    element(0x2600_01f1, "hypervisorlaunchtype"),
];

const fn element(number: u32, name: &'static str) -> Element {
    Element { number, name }
}

/// Values of elements that have names.
const NAMED: [(&str, &[(&str, u64)]); 4] = [
    ("nx", &[("OptIn", 0), ("OptOut", 1), ("AlwaysOff", 2), ("AlwaysOn", 3)]),
    ("safeboot", &[("Minimal", 0), ("Network", 1), ("DsRepair", 2)]),
    ("bootmenupolicy", &[("Legacy", 0), ("Standard", 1)]),
    (
        "bootstatuspolicy",
        &[
            ("DisplayAllFailures", 0),
            ("IgnoreAllFailures", 1),
            ("IgnoreShutdownFailures", 2),
            ("IgnoreBootFailures", 3),
        ],
    ),
];

impl Element {
    /// The element with that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        ELEMENTS.into_iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The form of its value.
    pub fn form(self) -> Form {
        match self.number >> 24 & 0xf {
            1 => Form::Device,
            2 => Form::Text,
            3 => Form::Object,
            4 => Form::Objects,
            5 | 7 => Form::Number,
            _ => Form::Flag,
        }
    }

    /// The number behind a word; `None` when it takes no such word.
    pub fn value_of(self, word: &str) -> Option<u64> {
        match NAMED.iter().find(|(name, _)| *name == self.name) {
            Some((_, words)) => {
                words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, number)| *number)
            }
            None => word.parse().ok(),
        }
    }

    /// How a number is shown.
    pub fn word_of(self, number: u64) -> String {
        let words = NAMED.iter().find(|(name, _)| *name == self.name).map_or(&[][..], |(_, words)| words);
        words
            .iter()
            .find(|(_, known)| *known == number)
            .map_or_else(|| number.to_string(), |(word, _)| (*word).to_owned())
    }
}

/// What is kept for a device.
pub fn volume(serial: u32) -> Data {
    Data::Sz(format!("volume={serial:08x}"))
}

/// The serial number behind what [`volume`] made.
pub fn serial(data: &Data) -> Option<u32> {
    u32::from_str_radix(data.text()?.strip_prefix("volume=")?, 16).ok()
}

/// A number as an element keeps it.
pub fn number(value: u64) -> Data {
    Data::Binary(value.to_le_bytes().to_vec())
}

/// Yes or no as an element keeps it.
pub fn flag(value: bool) -> Data {
    Data::Binary(vec![u8::from(value)])
}

/// The number or flag that an element keeps.
pub fn amount(data: &Data) -> Option<u64> {
    let Data::Binary(bytes) = data else { return None };
    let mut whole = [0; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(whole))
}

/// An element's value.
pub fn get<'s>(store: &'s Key, object: &str, name: &str) -> Option<&'s Data> {
    let number = Element::named(name)?.number;
    store.below(&format!(r"Objects\{object}\Elements\{number:08x}"))?.value("Element")
}

/// Sets an element; the object must be there.
pub fn set(store: &mut Key, object: &str, name: &str, data: Data) -> bool {
    let Some(element) = Element::named(name) else { return false };
    if store.below(&format!(r"Objects\{object}")).is_none() {
        return false;
    }
    store.create(&format!(r"Objects\{object}\Elements\{:08x}", element.number)).set("Element", data);
    true
}

/// Takes an element away; false when it was not there.
pub fn delete(store: &mut Key, object: &str, name: &str) -> bool {
    Element::named(name)
        .and_then(|element| store.remove_key(&format!(r"Objects\{object}\Elements\{:08x}", element.number)))
        .is_some()
}

/// What an object is.
pub fn kind_of(store: &Key, object: &str) -> Option<u32> {
    store.below(&format!(r"Objects\{object}\Description"))?.value("Type")?.dword()
}

/// Every object of a kind, the boot manager's order first.
pub fn objects(store: &Key) -> Vec<(String, u32)> {
    let Some(all) = store.below("Objects") else { return Vec::new() };
    all.keys().filter_map(|object| Some((object.name().to_owned(), kind_of(store, object.name())?))).collect()
}

/// The loader that starts unless somebody chooses: the boot manager's `default`.
pub fn default_loader(store: &Key) -> Option<String> {
    get(store, BOOT_MANAGER, "default").and_then(Data::text).map(str::to_owned)
}

/// The store of a machine that was just installed: boot manager on `system`, Windows on `windows` (serial numbers).
pub fn fresh(firmware: Firmware, locale: &str, system: u32, windows: u32) -> Key {
    let mut store = Key::new("");
    store.create("Description").set("KeyName", Data::Sz("BCD00000000".to_owned()));
    let text = |value: &str| Data::Sz(value.to_owned());
    let resume = "{c3a1f0d1-8b7e-11ee-9c4f-000d3a4e912c}";
    for (object, kind) in [
        (BOOT_MANAGER, kind::BOOT_MANAGER),
        (LOADER, kind::LOADER),
        ("{b2721d73-1db4-4c62-bf78-c548a880142d}", kind::MEMORY_TEST),
        (EMS_SETTINGS, kind::INHERITED),
        ("{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}", kind::INHERITED),
        ("{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}", kind::LOADER_SETTINGS),
    ] {
        store.create(&format!(r"Objects\{object}\Description")).set("Type", Data::Dword(kind));
        store.create(&format!(r"Objects\{object}\Elements"));
    }
    let (manager_path, loader_path) = match firmware {
        Firmware::Uefi => (Some(r"\EFI\Microsoft\Boot\bootmgfw.efi"), r"\Windows\system32\winload.efi"),
        Firmware::Bios => (None, r"\Windows\system32\winload.exe"),
    };
    let global = "{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}";
    let mut elements = vec![
        (BOOT_MANAGER, "device", volume(system)),
        (BOOT_MANAGER, "description", text("Windows Boot Manager")),
        (BOOT_MANAGER, "locale", text(locale)),
        (BOOT_MANAGER, "inherit", Data::MultiSz(vec![global.to_owned()])),
        (BOOT_MANAGER, "bootems", flag(true)),
        (BOOT_MANAGER, "default", text(LOADER)),
        (BOOT_MANAGER, "resumeobject", text(resume)),
        (BOOT_MANAGER, "displayorder", Data::MultiSz(vec![LOADER.to_owned()])),
        (BOOT_MANAGER, "timeout", number(5)),
        (BOOT_MANAGER, "displaybootmenu", flag(true)),
        (LOADER, "device", volume(windows)),
        (LOADER, "path", text(loader_path)),
        (LOADER, "description", text("Windows Server")),
        (LOADER, "locale", text(locale)),
        (LOADER, "inherit", Data::MultiSz(vec!["{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}".to_owned()])),
        (LOADER, "osdevice", volume(windows)),
        (LOADER, "systemroot", text(r"\Windows")),
        (LOADER, "resumeobject", text(resume)),
        (LOADER, "nx", number(1)),
        (LOADER, "ems", flag(true)),
        (EMS_SETTINGS, "bootems", flag(true)),
        (EMS_SETTINGS, "emsport", number(1)),
        (EMS_SETTINGS, "emsbaudrate", number(115_200)),
    ];
    if let Some(path) = manager_path {
        elements.push((BOOT_MANAGER, "path", text(path)));
    }
    for (object, name, data) in elements {
        set(&mut store, object, name, data);
    }
    store
}

/// How Windows was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safe {
    /// With everything.
    #[default]
    No,
    /// Without network.
    Minimal,
    /// With network.
    Network,
}

impl World {
    /// The store of the running system.
    pub fn boot_store(&self) -> Option<&Key> {
        self.registry.key(LIVE)
    }

    /// Whether the next boot has EMS on.
    pub fn ems_is_on(&self) -> bool {
        let Some(store) = self.boot_store() else { return false };
        let loader = default_loader(store).unwrap_or_default();
        get(store, &loader, "ems").and_then(amount) == Some(1)
    }

    /// Whether this boot has EMS on.
    pub fn ems_was_on(&self) -> bool {
        let control = r"HKLM\SYSTEM\CurrentControlSet\Control";
        let options = self.registry.text(control, "SystemStartOptions").unwrap_or_default();
        options.contains("REDIRECT")
    }

    /// Reads what the loader reads: start options and safe mode go into the registry of this boot.
    pub(super) fn read_boot_store(&mut self) {
        let Some(store) = self.registry.key(LIVE).cloned() else { return };
        let loader = default_loader(&store).unwrap_or_default();
        let amount_of = |object: &str, name: &str| get(&store, object, name).and_then(amount);
        let mut options = " NOEXECUTE=OPTOUT".to_owned();
        if amount_of(&loader, "ems") == Some(1) {
            let port = amount_of(EMS_SETTINGS, "emsport").unwrap_or(1);
            let baud = amount_of(EMS_SETTINGS, "emsbaudrate").unwrap_or(115_200);
            let _ = write!(options, "  REDIRECT  EMSPORT={port}  EMSBAUDRATE={baud}");
        }
        self.safe = match amount_of(&loader, "safeboot") {
            Some(0 | 2) => Safe::Minimal,
            Some(_) => Safe::Network,
            None => Safe::No,
        };
        let option = r"HKLM\SYSTEM\CurrentControlSet\Control\SafeBoot\Option";
        self.registry.remove(option);
        if self.safe != Safe::No {
            let (word, value) = if self.safe == Safe::Minimal { ("MINIMAL", 1) } else { ("NETWORK", 2) };
            let _ = write!(options, "  SAFEBOOT:{word}");
            self.registry.set(option, "OptionValue", Data::Dword(value));
        }
        let control = r"HKLM\SYSTEM\CurrentControlSet\Control";
        self.registry.set(control, "SystemStartOptions", Data::Sz(options));
    }
}

/// Hangs a store into the registry of the running system.
pub fn install(registry: &mut Registry, store: &Key) {
    if let Some(key) = registry.create("HKLM") {
        key.attach(store.clone().renamed("BCD00000000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_fit_each_other() {
        for element in ELEMENTS {
            assert_eq!(Element::named(&element.name.to_uppercase()), Some(element));
        }
        let safe = Element::named("safeboot").unwrap();
        assert_eq!((safe.value_of("minimal"), safe.word_of(1).as_str()), (Some(0), "Network"));
        assert_eq!(safe.value_of("quick"), None);
    }

    #[test]
    fn a_fresh_store_has_ems_on() {
        let store = fresh(Firmware::Bios, "en-US", 1, 1);
        assert_eq!(get(&store, LOADER, "ems").and_then(amount), Some(1));
        assert_eq!(get(&store, EMS_SETTINGS, "emsbaudrate").and_then(amount), Some(115_200));
        assert_eq!(get(&store, LOADER, "device").and_then(serial), Some(1));
        assert_eq!(default_loader(&store).as_deref(), Some(LOADER));
        assert_eq!(kind_of(&store, LOADER), Some(kind::LOADER));
    }
}
