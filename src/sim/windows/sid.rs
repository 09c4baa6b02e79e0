//! Security identifiers: `S-1-5-32-544`.

use std::fmt;
use std::str::FromStr;

/// Whom an entry of an access list means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

/// The text is no SID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no security identifier (S-1-…)")]
pub struct NoSid(pub String);

/// Well-known SIDs and their two-letter names in SDDL ("Windows data types", MS-DTYP 2.5.1.1).
const KNOWN: [(&str, &str); 24] = [
    ("WD", "S-1-1-0"),
    ("CO", "S-1-3-0"),
    ("CG", "S-1-3-1"),
    ("OW", "S-1-3-4"),
    ("NU", "S-1-5-2"),
    ("IU", "S-1-5-4"),
    ("SU", "S-1-5-6"),
    ("AN", "S-1-5-7"),
    ("AU", "S-1-5-11"),
    ("RC", "S-1-5-12"),
    ("SY", "S-1-5-18"),
    ("LS", "S-1-5-19"),
    ("NS", "S-1-5-20"),
    ("BA", "S-1-5-32-544"),
    ("BU", "S-1-5-32-545"),
    ("BG", "S-1-5-32-546"),
    ("PU", "S-1-5-32-547"),
    ("AO", "S-1-5-32-548"),
    ("SO", "S-1-5-32-549"),
    ("BO", "S-1-5-32-551"),
    ("RD", "S-1-5-32-555"),
    ("NO", "S-1-5-32-556"),
    ("MU", "S-1-5-32-558"),
    ("AC", "S-1-15-2-1"),
];

impl Sid {
    /// A SID from its authority and parts: `(5, [32, 544])` is Administrators.
    pub fn new(authority: u64, parts: &[u32]) -> Self {
        Self { authority, parts: parts.to_vec() }
    }

    /// Everyone.
    pub fn everyone() -> Self {
        Self::new(1, &[0])
    }

    /// CREATOR OWNER: stands for the owner in inherited entries.
    pub fn creator_owner() -> Self {
        Self::new(3, &[0])
    }

    /// NT AUTHORITY\SYSTEM.
    pub fn system() -> Self {
        Self::new(5, &[18])
    }

    /// NT AUTHORITY\NETWORK SERVICE, the account of TermService.
    pub fn network_service() -> Self {
        Self::new(5, &[20])
    }

    /// NT AUTHORITY\LOCAL SERVICE.
    pub fn local_service() -> Self {
        Self::new(5, &[19])
    }

    /// NT AUTHORITY\Authenticated Users.
    pub fn authenticated_users() -> Self {
        Self::new(5, &[11])
    }

    /// BUILTIN\Administrators.
    pub fn administrators() -> Self {
        Self::new(5, &[32, 544])
    }

    /// BUILTIN\Users.
    pub fn users() -> Self {
        Self::new(5, &[32, 545])
    }

    /// NT SERVICE\TrustedInstaller.
    pub fn trusted_installer() -> Self {
        Self::new(5, &[80, 956_008_885, 3_418_522_649, 1_831_038_044, 1_853_292_631, 2_271_478_464])
    }

    /// The account `rid` of the machine whose own SID ends in `machine` (`S-1-5-21-a-b-c`).
    pub fn account(machine: [u32; 3], rid: u32) -> Self {
        Self::new(5, &[21, machine[0], machine[1], machine[2], rid])
    }

    /// The last part, which tells accounts of one machine apart (500: the built-in administrator).
    pub fn rid(&self) -> Option<u32> {
        self.parts.last().copied()
    }

    /// The name in SDDL: two letters where there are such, else the SID.
    pub fn sddl(&self) -> String {
        let text = self.to_string();
        KNOWN.iter().find(|(_, sid)| *sid == text).map_or(text, |(name, _)| (*name).to_owned())
    }

    /// Reads what [`Self::sddl`] writes.
    ///
    /// # Errors
    /// [`NoSid`] when it is neither a known pair of letters nor a SID.
    pub fn from_sddl(text: &str) -> Result<Self, NoSid> {
        let known = KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        known.map_or(text, |(_, sid)| sid).parse()
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(out, "-{part}"))
    }
}

impl FromStr for Sid {
    type Err = NoSid;

    fn from_str(text: &str) -> Result<Self, NoSid> {
        let wrong = || NoSid(text.to_owned());
        let mut numbers = text.split('-');
        if !numbers.next().is_some_and(|s| s.eq_ignore_ascii_case("s")) || numbers.next() != Some("1") {
            return Err(wrong());
        }
        let authority = numbers.next().and_then(|n| n.parse().ok()).ok_or_else(wrong)?;
        let parts: Vec<u32> = numbers.map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        if parts.is_empty() || parts.len() > 15 {
            return Err(wrong());
        }
        Ok(Self { authority, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_and_numbers_are_the_same_sid() {
        for (name, number) in KNOWN {
            let sid: Sid = number.parse().unwrap();
            assert_eq!(sid.sddl(), name);
            assert_eq!(Sid::from_sddl(name).unwrap(), sid);
            assert_eq!(Sid::from_sddl(number).unwrap(), sid);
        }
        assert_eq!(Sid::administrators().to_string(), "S-1-5-32-544");
        assert_eq!(Sid::account([1, 2, 3], 500).to_string(), "S-1-5-21-1-2-3-500");
        assert_eq!(Sid::account([1, 2, 3], 500).sddl(), "S-1-5-21-1-2-3-500");
    }

    #[test]
    fn what_is_no_sid_is_refused() {
        for text in ["", "S", "S-1", "S-1-5", "S-2-5-18", "XX", "S-1-5-x", "S-1-5-4294967296", "S-1-5--1"] {
            assert_eq!(Sid::from_sddl(text), Err(NoSid(text.to_owned())), "{text}");
        }
    }
}
