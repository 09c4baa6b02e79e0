//! The services of the healthy machine, as they stand in the registry.

use std::sync::LazyLock;

use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::os::Os;
use crate::sim::windows::registry::{Data, Registry};

const CATALOG: &str = include_str!("services.txt");

/// Where services are configured.
pub const SERVICES: &str = r"HKLM\SYSTEM\CurrentControlSet\Services";

/// One line of the catalog.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The key's name.
    pub name: &'static str,
    /// The service type's number.
    pub kind: u32,
    start: &'static str,
    /// Started by the system although on demand (triggers, other services).
    pub runs: bool,
    /// Controls it accepts: `s`top, `p`ause, s`h`utdown, p`r`eshutdown.
    pub accepts: &'static str,
    host: &'static str,
    dll: &'static str,
    account: &'static str,
    needs: &'static str,
    /// The display name's resource, `@dll,-id`; empty when there is none.
    pub resource: &'static str,
    english: &'static str,
    german: &'static str,
}

impl Entry {
    /// The catalog's line for the service `name`.
    pub fn of(name: &str) -> Option<Self> {
        catalog().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// Its display name.
    pub fn display(&self) -> Text {
        // Korean and Japanese Windows keep most English service names.
        let german = if self.german.is_empty() { self.english } else { self.german };
        Text { de: german, ..Text::same(self.english) }
    }
}

/// All lines.
pub fn catalog() -> impl Iterator<Item = Entry> {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| read_catalog().collect());
    ENTRIES.iter().copied()
}

fn read_catalog() -> impl Iterator<Item = Entry> {
    CATALOG.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let fields: Vec<&'static str> = line.split('|').collect();
        let [name, kind, start, runs, accepts, host, dll, account, needs, resource, english, german] =
            fields[..]
        else {
            return None;
        };
        let kind = match kind {
            "kernel" => 0x1,
            "fs" => 0x2,
            "own" => 0x10,
            _ => 0x20,
        };
        let runs = runs == "run";
        Some(Entry { name, kind, start, runs, accepts, host, dll, account, needs, resource, english, german })
    })
}

/// Writes all services into the registry.
pub(super) fn install(registry: &mut Registry, os: Os) {
    for entry in catalog() {
        write(registry, os, &entry);
    }
    let action = [
        86_400u32.to_le_bytes(),
        0u32.to_le_bytes(),
        0u32.to_le_bytes(),
        3u32.to_le_bytes(),
        0x14u32.to_le_bytes(),
        1u32.to_le_bytes(),
        60_000u32.to_le_bytes(),
        1u32.to_le_bytes(),
        60_000u32.to_le_bytes(),
        0u32.to_le_bytes(),
        0u32.to_le_bytes(),
    ]
    .concat();
    let path = format!(r"{SERVICES}\TermService");
    registry.set(&path, "FailureActions", Data::Binary(action));
}

fn write(registry: &mut Registry, os: Os, entry: &Entry) {
    let path = format!(r"{SERVICES}\{}", entry.name);
    let display = if entry.resource.is_empty() { entry.english } else { entry.resource };
    let (start, delayed) = match entry.start {
        "boot" => (0, false),
        "system" => (1, false),
        "auto" => (2, false),
        "delayed" => (2, true),
        "disabled" => (4, false),
        _ => (3, false),
    };
    if !display.is_empty() {
        registry.set(&path, "DisplayName", Data::Sz(display.to_owned()));
    }
    registry.set(&path, "ErrorControl", Data::Dword(1));
    registry.set(&path, "ImagePath", Data::ExpandSz(image_path(os, entry)));
    registry.set(&path, "Start", Data::Dword(start));
    registry.set(&path, "Type", Data::Dword(entry.kind));
    if delayed {
        registry.set(&path, "DelayedAutostart", Data::Dword(1));
    }
    let needs: Vec<String> =
        entry.needs.split(',').filter(|need| !need.is_empty()).map(str::to_owned).collect();
    if !needs.is_empty() {
        registry.set(&path, "DependOnService", Data::MultiSz(needs));
    }
    if entry.kind >= 0x10 {
        let account = match entry.account {
            "network" => r"NT AUTHORITY\NetworkService",
            "local" => r"NT AUTHORITY\LocalService",
            _ => "LocalSystem",
        };
        registry.set(&path, "ObjectName", Data::Sz(account.to_owned()));
    }
    if !entry.dll.is_empty() {
        let parameters = format!(r"{path}\Parameters");
        registry.set(&parameters, "ServiceDll", Data::ExpandSz(entry.dll.to_owned()));
    }
}

fn image_path(os: Os, entry: &Entry) -> String {
    if entry.kind < 0x10 || entry.host.contains('\\') {
        return entry.host.to_owned();
    }
    // The process protection switch came with 1703.
    let switch = if os.splits_service_hosts() && entry.host != "termsvcs" { " -p" } else { "" };
    format!(r"%SystemRoot%\System32\svchost.exe -k {}{switch}", entry.host)
}

/// What a display name resource of a service stands for.
pub(crate) fn display_resource(reference: &str, os: Os, language: Language) -> Option<String> {
    let entry = catalog().find(|entry| entry.resource.eq_ignore_ascii_case(reference))?;
    let text = entry.display();
    let name = text.in_language(language);
    // The firewall was renamed with 1709.
    Some(if os <= Os::Server2016 {
        name.replace("Windows Defender Firewall", "Windows Firewall")
    } else {
        name.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = CATALOG.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(catalog().count(), lines);
        let names: BTreeSet<String> = catalog().map(|entry| entry.name.to_lowercase()).collect();
        assert_eq!(names.len(), lines);
    }

    #[test]
    fn what_a_service_needs_is_there() {
        let names: BTreeSet<String> = catalog().map(|entry| entry.name.to_lowercase()).collect();
        for entry in catalog() {
            for need in entry.needs.split(',').filter(|need| !need.is_empty()) {
                assert!(names.contains(&need.to_lowercase()), "{} needs {need}", entry.name);
            }
        }
    }

    #[test]
    fn the_registry_holds_what_windows_holds() {
        let mut registry = Registry::new("S-1-5-18");
        install(&mut registry, Os::Server2019);
        let key = r"HKLM\SYSTEM\CurrentControlSet\Services\gpsvc";
        assert_eq!(registry.text(key, "ImagePath"), Some(r"%SystemRoot%\System32\svchost.exe -k netsvcs -p"));
        assert_eq!(registry.dword(key, "Start"), Some(2));
        assert_eq!(registry.text(key, "DisplayName"), Some("@gpapi.dll,-112"));
        assert_eq!(
            display_resource("@gpapi.dll,-112", Os::Server2019, Language::DeDe).as_deref(),
            Some("Gruppenrichtlinienclient")
        );
    }
}
