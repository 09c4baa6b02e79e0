//! Rights as icacls writes and reads them: `(OI)(CI)(RX,W)`.

use super::lines;
use crate::sim::windows::World;
use crate::sim::windows::acl::{Ace, AceKind, Inherit, Security, right};
use crate::sim::windows::files::path::WinPath;

/// Sets with a letter, the widest first.
const SETS: [(&str, u32); 5] = [
    ("F", right::FULL),
    ("M", right::MODIFY),
    ("RX", right::READ_EXECUTE),
    ("R", right::READ),
    ("W", right::WRITE),
];

/// Single rights in the order in which icacls writes them.
const SINGLE: [(&str, u32); 20] = [
    ("DE", right::DELETE),
    ("RC", right::READ_CONTROL),
    ("WDAC", right::WRITE_DAC),
    ("WO", right::WRITE_OWNER),
    ("S", right::SYNCHRONIZE),
    ("AS", 0x0100_0000),
    ("MA", 0x0200_0000),
    ("GR", right::GENERIC_READ),
    ("GW", right::GENERIC_WRITE),
    ("GE", right::GENERIC_EXECUTE),
    ("GA", right::GENERIC_ALL),
    ("RD", right::READ_DATA),
    ("WD", right::WRITE_DATA),
    ("AD", right::APPEND),
    ("REA", 0x8),
    ("WEA", 0x10),
    ("X", right::EXECUTE),
    ("DC", right::DELETE_CHILD),
    ("RA", right::READ_ATTRIBUTES),
    ("WA", right::WRITE_ATTRIBUTES),
];

/// The list of a file: its path, then every entry below the first.
pub(super) fn shown(world: &World, path: &WinPath, security: &Security) -> String {
    let path = path.to_string();
    let entries: Vec<String> = security
        .entries
        .iter()
        .map(|ace| {
            let name = world.account_name(&ace.sid).unwrap_or_else(|| ace.sid.to_string());
            format!("{name}:{}", entry(ace))
        })
        .collect();
    let blank = " ".repeat(super::super::width::cells(&path));
    let mut text: Vec<String> = entries
        .iter()
        .enumerate()
        .map(|(at, entry)| format!("{} {entry}", if at == 0 { &path } else { &blank }))
        .collect();
    if text.is_empty() {
        text.push(path);
    }
    text.push(String::new());
    lines(&text)
}

/// Flags and rights of an entry.
fn entry(ace: &Ace) -> String {
    let flags = [
        ("(I)", ace.inherited),
        ("(OI)", ace.inherit.objects),
        ("(CI)", ace.inherit.containers),
        ("(IO)", ace.inherit.inherit_only),
        ("(NP)", ace.inherit.no_propagate),
        ("(DENY)", ace.kind == AceKind::Deny),
    ];
    let flags: String = flags.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    if ace.kind == AceKind::Deny && ace.mask == right::FULL {
        return format!("{}(N)", flags.replace("(DENY)", ""));
    }
    format!("{flags}({})", mask(ace.mask))
}

fn mask(mask: u32) -> String {
    if mask == right::FULL || mask == right::GENERIC_ALL {
        return "F".to_owned();
    }
    let mut rest = mask;
    let mut names = Vec::new();
    for (name, set) in &SETS[1..] {
        let adds = rest & set & !(right::SYNCHRONIZE | right::READ_CONTROL) != 0;
        if mask & set == *set && adds {
            names.push(*name);
            rest &= !set;
        }
    }
    if !names.is_empty() && rest & right::DELETE != 0 {
        names.push("D");
        rest &= !right::DELETE;
    }
    names.extend(SINGLE.iter().filter(|(_, bit)| rest & bit != 0).map(|(name, _)| *name));
    names.join(",")
}

/// Flags and rights behind the colon: `F`, `(F)`, `(OI)(CI)(RX,W)`.
pub(super) fn parse(text: &str) -> Option<(Inherit, u32)> {
    let mut inherit = Inherit::default();
    let mut rest = text;
    while let Some((flag, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        match flag.to_uppercase().as_str() {
            "OI" => inherit.objects = true,
            "CI" => inherit.containers = true,
            "IO" => inherit.inherit_only = true,
            "NP" => inherit.no_propagate = true,
            _ => {
                let is_last = after.is_empty();
                return is_last.then(|| rights(flag)).flatten().map(|mask| (inherit, mask));
            }
        }
        rest = after;
    }
    rights(rest).map(|mask| (inherit, mask))
}

fn rights(text: &str) -> Option<u32> {
    // Without commas letters may stand together, as in `RX` and `RW`.
    let mut mask = 0;
    for word in text.split(',') {
        let word = word.trim().to_uppercase();
        let known = SETS.iter().chain(&SINGLE).find(|(name, _)| *name == word).map(|(_, mask)| *mask);
        mask |= match (known, word.as_str()) {
            (Some(known), _) => known,
            (None, "D") => right::DELETE,
            (None, "N") => 0,
            (None, "RW") => right::READ | right::WRITE,
            _ => return None,
        };
    }
    Some(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_real_machines() {
        for (number, text) in [
            (0x1f_01ff, "F"),
            (0x13_01bf, "M"),
            (0x12_00a9, "RX"),
            (0x12_0089, "R"),
            (0x12_0116, "W"),
            (0x12_019f, "R,W"),
            (0x12_01bf, "RX,W"),
            (0x10_0026, "S,WD,AD,X"),
            (0x4, "AD"),
            (0x1000_0000, "F"),
            (0xa000_0000, "GR,GE"),
            (0x13_01ff, "M,DC"),
            (0x13_0089, "R,D"),
            (0x1_0000, "DE"),
        ] {
            assert_eq!(mask(number), text, "{number:#x}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let both = Inherit { objects: true, containers: true, ..Inherit::default() };
        for (text, flags, number) in [
            ("F", Inherit::default(), right::FULL),
            ("(F)", Inherit::default(), right::FULL),
            ("(OI)(CI)F", both, right::FULL),
            ("(OI)(CI)(RX,W)", both, right::READ_EXECUTE | right::WRITE),
            ("(wd,ad)", Inherit::default(), 0x6),
        ] {
            assert_eq!(parse(text), Some((flags, number)), "{text}");
        }
        for text in ["", "(Z)", "(F)x", "Q"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
