//! Access lists as text: `D:PAI(A;OICI;FA;;;SY)(A;;0x1200a9;;;BU)` (MS-DTYP 2.5.1).

use super::acl::{Ace, AceKind, Inherit, Security, right};
use super::sid::{NoSid, Sid};

/// Why a text is no descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SddlError {
    /// Something stands where a section, flag or entry was expected.
    #[error("`{0}` is no part of a security descriptor")]
    Part(String),
    /// An entry of a kind that is not about files, or not six fields.
    #[error("`{0}` is no access entry")]
    Entry(String),
    /// A right that nobody knows.
    #[error("`{0}` is no right")]
    Right(String),
    /// A trustee that is no SID.
    #[error(transparent)]
    Sid(#[from] NoSid),
}

/// Names of whole sets, written when they match exactly, and of single rights, only read.
const RIGHTS: [(&str, u32); 21] = [
    ("FA", right::FULL),
    ("FR", right::READ),
    ("FW", right::WRITE),
    ("FX", 0x12_00a0),
    ("GA", right::GENERIC_ALL),
    ("GR", right::GENERIC_READ),
    ("GW", right::GENERIC_WRITE),
    ("GX", right::GENERIC_EXECUTE),
    ("SD", right::DELETE),
    ("RC", right::READ_CONTROL),
    ("WD", right::WRITE_DAC),
    ("WO", right::WRITE_OWNER),
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
];

/// The list of `security` as a `D:` section, as `icacls /save` writes it.
pub fn dacl_text(security: &Security) -> String {
    let mut text = String::from("D:");
    if security.protected {
        text.push('P');
    }
    text.push_str("AI");
    for ace in &security.entries {
        let kind = match ace.kind {
            AceKind::Allow => "A",
            AceKind::Deny => "D",
        };
        let flags: String = flags(ace).iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
        let (rights, trustee) = (rights_text(ace.mask), ace.sid.sddl());
        text.extend(["(", kind, ";", &flags, ";", &rights, ";;;", &trustee, ")"]);
    }
    text
}

/// Owner and list: `O:BAD:AI(…)`.
pub fn text(security: &Security) -> String {
    format!("O:{}{}", security.owner.sddl(), dacl_text(security))
}

/// Reads a descriptor; without `O:` the owner is `owner`. A group (`G:`) and a system list (`S:`) are read over.
///
/// # Errors
/// [`SddlError`] names the part that is wrong.
pub fn parse(text: &str, owner: Sid) -> Result<Security, SddlError> {
    let mut security = Security { owner, protected: false, entries: Vec::new() };
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((section, after)) = rest.split_once(':') else {
            return Err(SddlError::Part(rest.to_owned()));
        };
        let end = section_end(after);
        let (body, next) = after.split_at(end);
        match section {
            "O" => security.owner = Sid::from_sddl(body)?,
            "G" => {
                Sid::from_sddl(body)?;
            }
            "D" => parse_list(body, &mut security)?,
            "S" => {}
            other => return Err(SddlError::Part(other.to_owned())),
        }
        rest = next;
    }
    Ok(security)
}

/// Where the next `X:` begins, outside of entries.
fn section_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_u32;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'O' | b'G' | b'D' | b'S' if depth == 0 && bytes.get(at + 1) == Some(&b':') => return at,
            _ => {}
        }
    }
    text.len()
}

fn parse_list(body: &str, security: &mut Security) -> Result<(), SddlError> {
    let (flags, entries) = body.split_at(body.find('(').unwrap_or(body.len()));
    let without_auto = flags.replace("AI", "").replace("AR", "");
    if !without_auto.chars().all(|c| c == 'P') {
        return Err(SddlError::Part(flags.to_owned()));
    }
    security.protected = without_auto.contains('P');
    let mut rest = entries;
    while !rest.is_empty() {
        let inside = rest.strip_prefix('(').and_then(|r| r.split_once(')'));
        let Some((entry, next)) = inside else { return Err(SddlError::Part(rest.to_owned())) };
        security.entries.push(parse_entry(entry)?);
        rest = next;
    }
    Ok(())
}

fn parse_entry(entry: &str) -> Result<Ace, SddlError> {
    let wrong = || SddlError::Entry(entry.to_owned());
    let fields: Vec<&str> = entry.split(';').collect();
    let [kind, flags, rights, "", "", trustee] = fields[..] else { return Err(wrong()) };
    let kind = match kind {
        "A" => AceKind::Allow,
        "D" => AceKind::Deny,
        _ => return Err(wrong()),
    };
    let mut ace = Ace {
        kind,
        inherit: Inherit::default(),
        inherited: false,
        mask: parse_rights(rights)?,
        sid: Sid::from_sddl(trustee)?,
    };
    for flag in pairs(flags).ok_or_else(wrong)? {
        match flag {
            "OI" => ace.inherit.objects = true,
            "CI" => ace.inherit.containers = true,
            "NP" => ace.inherit.no_propagate = true,
            "IO" => ace.inherit.inherit_only = true,
            "ID" => ace.inherited = true,
            _ => return Err(wrong()),
        }
    }
    Ok(ace)
}

fn parse_rights(text: &str) -> Result<u32, SddlError> {
    let wrong = || SddlError::Right(text.to_owned());
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).map_err(|_| wrong());
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return text.parse().map_err(|_| wrong());
    }
    pairs(text).ok_or_else(wrong)?.into_iter().try_fold(0, |mask, pair| {
        let (_, bits) = RIGHTS.iter().find(|(name, _)| *name == pair).ok_or_else(wrong)?;
        Ok(mask | bits)
    })
}

fn rights_text(mask: u32) -> String {
    if let Some((name, _)) = RIGHTS.iter().find(|(_, bits)| *bits == mask) {
        return (*name).to_owned();
    }
    let generic = [RIGHTS[4], RIGHTS[7], RIGHTS[6], RIGHTS[5]];
    if generic.iter().fold(mask, |mask, (_, bits)| mask & !bits) == 0 {
        return generic.iter().filter(|(_, bits)| mask & bits != 0).map(|(name, _)| *name).collect();
    }
    format!("0x{mask:x}")
}

fn flags(ace: &Ace) -> [(&'static str, bool); 5] {
    [
        ("OI", ace.inherit.objects),
        ("CI", ace.inherit.containers),
        ("NP", ace.inherit.no_propagate),
        ("IO", ace.inherit.inherit_only),
        ("ID", ace.inherited),
    ]
}

fn pairs(text: &str) -> Option<Vec<&str>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    Some((0..text.len() / 2).map(|at| &text[at * 2..at * 2 + 2]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_the_round_trip() {
        for text in [
            "D:AI",
            "D:PAI(A;OICI;FA;;;SY)(A;OICIIO;GXGR;;;BU)",
            "D:AI(D;;FR;;;BG)(A;OICIIOID;GA;;;CO)(A;ID;0x1200a9;;;BU)(A;NP;0x1301bf;;;S-1-5-21-1-2-3-1001)",
        ] {
            let read = parse(text, Sid::system()).unwrap();
            assert_eq!(dacl_text(&read), text);
            assert_eq!(parse(&super::text(&read), Sid::users()).unwrap(), read);
        }
    }

    #[test]
    fn owner_group_and_single_rights_are_read() {
        let read = parse("O:BAG:SYD:(A;;CCRCLO;;;WD)S:AI", Sid::system()).unwrap();
        assert_eq!(read.owner, Sid::administrators());
        assert_eq!(read.entries, [Ace::allow(Sid::everyone(), 0x2_0081)]);
        assert!(!read.protected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = [
            ("x", "`x` is no part of a security descriptor"),
            ("D:Q(A;;FA;;;SY)", "`Q` is no part of a security descriptor"),
            ("D:(A;;FA;;;SY", "`(A;;FA;;;SY` is no part of a security descriptor"),
            ("D:(A;;FA;;SY)", "`A;;FA;;SY` is no access entry"),
            ("D:(A;XX;FA;;;SY)", "`A;XX;FA;;;SY` is no access entry"),
            ("D:(A;;QQ;;;SY)", "`QQ` is no right"),
            ("D:(A;;0xzz;;;SY)", "`0xzz` is no right"),
            ("D:(A;;FA;;;ZZ)", "`ZZ` is no security identifier (S-1-…)"),
        ];
        for (text, message) in wrong {
            assert_eq!(parse(text, Sid::system()).unwrap_err().to_string(), message, "{text}");
        }
    }
}
