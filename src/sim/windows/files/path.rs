//! Paths as Windows reads them: drives, separators, `.` and `..`, device names, wildcards.

use std::fmt;

/// A full path on a drive, without `.` and `..`; the root has no parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WinPath {
    /// The drive letter, upper case.
    pub drive: char,
    /// Folders and name, as they were written.
    pub parts: Vec<String>,
}

/// What a name given by the user means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A place on a drive.
    Path(WinPath),
    /// `nul`, in any folder and with any extension.
    Nul,
    /// `con`, the console.
    Console,
    /// `aux`, `com1`, …: devices that are not there.
    NoDevice,
}

/// The current folder of each drive, as a process has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The current folder.
    pub current: WinPath,
    /// Where the process was last on the other drives.
    pub others: Vec<WinPath>,
}

impl WinPath {
    /// The root of a drive.
    pub fn root(drive: char) -> Self {
        Self { drive: drive.to_ascii_uppercase(), parts: Vec::new() }
    }

    /// A full path `C:\a\b`; anything else is read relative to `C:\`.
    pub fn new(text: &str) -> Self {
        match Places::at(Self::root('C')).resolve(text) {
            Target::Path(path) => path,
            Target::Nul | Target::Console | Target::NoDevice => Self::root('C'),
        }
    }

    /// The path of `name` inside this folder.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let mut parts = self.parts.clone();
        parts.push(name.to_owned());
        Self { drive: self.drive, parts }
    }

    /// The folder that holds it; none above a root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.parts.split_last()?;
        Some(Self { drive: self.drive, parts: above.to_vec() })
    }

    /// The last part; empty for a root.
    pub fn name(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// Whether both mean the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        self.drive == other.drive
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(a, b)| fold(a) == fold(b))
    }

    /// Whether this is `folder` or lies somewhere inside it.
    pub fn is_within(&self, folder: &Self) -> bool {
        self.drive == folder.drive
            && self.parts.len() >= folder.parts.len()
            && self.parts.iter().zip(&folder.parts).all(|(a, b)| fold(a) == fold(b))
    }
}

impl fmt::Display for WinPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:\\{}", self.drive, self.parts.join("\\"))
    }
}

impl Places {
    /// A process whose current folder is `folder`.
    pub fn at(folder: WinPath) -> Self {
        Self { current: folder, others: Vec::new() }
    }

    /// The current folder of `drive`.
    pub fn on(&self, drive: char) -> WinPath {
        if self.current.drive == drive {
            return self.current.clone();
        }
        let other = self.others.iter().find(|path| path.drive == drive);
        other.cloned().unwrap_or_else(|| WinPath::root(drive))
    }

    /// Makes `folder` current, remembering where the process was.
    pub fn go(&mut self, folder: WinPath) {
        let left = std::mem::replace(&mut self.current, folder);
        self.remember(left);
        let now = self.current.drive;
        self.others.retain(|path| path.drive != now);
    }

    /// Sets the folder of a drive that is not the current one (`cd D:\x` on C:).
    pub fn remember(&mut self, folder: WinPath) {
        self.others.retain(|path| path.drive != folder.drive);
        self.others.push(folder);
    }

    /// Reads a name as GetFullPathName does. Quotes must be gone already.
    pub fn resolve(&self, text: &str) -> Target {
        let text = text.strip_prefix("\\\\?\\").or_else(|| text.strip_prefix("\\\\.\\")).unwrap_or(text);
        let mut chars = text.chars();
        let (drive, rest) = match (chars.next(), chars.next()) {
            (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => {
                (letter.to_ascii_uppercase(), &text[2..])
            }
            _ => (self.current.drive, text),
        };
        let is_rooted = rest.starts_with(['\\', '/']);
        let mut parts = if is_rooted { Vec::new() } else { self.on(drive).parts };
        for part in rest.split(['\\', '/']) {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                // Trailing dots and blanks are dropped from every part.
                part => parts.push(part.trim_end_matches(['.', ' ']).to_owned()),
            }
        }
        parts.retain(|part| !part.is_empty());
        if let Some(device) = rest.rsplit(['\\', '/']).next().and_then(device) {
            return device;
        }
        Target::Path(WinPath { drive, parts })
    }
}

/// Whether a part of a path can be a name.
pub fn is_valid_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= 255
        && !name.chars().any(|c| c < ' ' || matches!(c, '<' | '>' | '"' | '|' | '*' | '?' | ':'))
}

/// Whether a name holds `*` or `?`.
pub fn has_wildcards(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Names are compared by their upper case.
pub fn fold(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).collect()
}

/// Whether `name` matches `pattern` with the rules that FindFirstFile inherited from DOS: `*.*` is everything,
/// `*.` is everything without an extension, `?` also matches nothing before a dot or at the end.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern = fold(pattern);
    if pattern == "*.*" || pattern == "*" {
        return true;
    }
    let name: Vec<char> = fold(name).chars().collect();
    if let Some(stem) = pattern.strip_suffix("*.") {
        let wanted: Vec<char> = format!("{stem}*").chars().collect();
        return !name.contains(&'.') && match_chars(&wanted, &name);
    }
    let pattern: Vec<char> = pattern.chars().collect();
    // `name.*` also matches `name`.
    if let Some(stem) = pattern.strip_suffix(&['.', '*'])
        && !name.contains(&'.')
        && match_chars(stem, &name)
    {
        return true;
    }
    match_chars(&pattern, &name)
}

fn match_chars(pattern: &[char], name: &[char]) -> bool {
    // Iterative with one way back (the newest star), so that no input makes it slow or deep.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some('*'), _) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            (Some('?'), None | Some('.')) => {
                p += 1;
                continue;
            }
            (Some('?'), Some(_)) => {
                p += 1;
                n += 1;
                continue;
            }
            (Some(a), Some(b)) if a == b => {
                p += 1;
                n += 1;
                continue;
            }
            _ => {}
        }
        match star {
            Some((at, from)) if from < name.len() => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            _ => return false,
        }
    }
}

fn device(part: &str) -> Option<Target> {
    let stem = part.split(['.', ':']).next().unwrap_or(part).trim_end();
    let upper = stem.to_ascii_uppercase();
    match upper.as_str() {
        "NUL" => Some(Target::Nul),
        "CON" | "CONIN$" | "CONOUT$" => Some(Target::Console),
        "AUX" | "PRN" => Some(Target::NoDevice),
        _ => {
            let number = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"))?;
            let is_device = number.len() == 1 && ("1"..="9").contains(&number);
            is_device.then_some(Target::NoDevice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_against_the_current_folders() {
        let mut places = Places::at(WinPath::new("D:\\data"));
        places.go(WinPath::new("C:\\Windows\\System32"));
        let rows = [
            ("x.txt", "C:\\Windows\\System32\\x.txt"),
            ("..\\Temp", "C:\\Windows\\Temp"),
            ("\\x", "C:\\x"),
            ("/x/y", "C:\\x\\y"),
            ("c:x", "C:\\Windows\\System32\\x"),
            ("D:x", "D:\\data\\x"),
            ("d:\\x\\.\\..\\y\\", "D:\\y"),
            ("..\\..\\..\\..", "C:\\"),
            ("x. ", "C:\\Windows\\System32\\x"),
            ("E:", "E:\\"),
            ("\\\\?\\C:\\a", "C:\\a"),
            (".", "C:\\Windows\\System32"),
            ("nully", "C:\\Windows\\System32\\nully"),
        ];
        for (given, full) in rows {
            let Target::Path(path) = places.resolve(given) else { panic!("{given} is a device") };
            assert_eq!(path.to_string(), full, "{given}");
        }
    }

    #[test]
    fn devices_are_known_everywhere() {
        let places = Places::at(WinPath::root('C'));
        for name in ["nul", "NUL:", "nul.txt", "C:\\temp\\nul", "Nul "] {
            assert_eq!(places.resolve(name), Target::Nul, "{name}");
        }
        assert_eq!(places.resolve("con"), Target::Console);
        assert_eq!(places.resolve("COM1"), Target::NoDevice);
        assert!(matches!(places.resolve("com0"), Target::Path(_)));
        assert!(matches!(places.resolve("nul\\x"), Target::Path(_)));
    }

    #[test]
    fn wildcards_match_as_dos_did() {
        let rows = [
            ("*", "a.txt", true),
            ("*.*", "noext", true),
            ("*.txt", "A.TXT", true),
            ("*.txt", "a.txt.bak", false),
            ("*.", "noext", true),
            ("*.", "a.b", false),
            ("a?.txt", "a.txt", true),
            ("a?.txt", "ab.txt", true),
            ("a?.txt", "abc.txt", false),
            ("???", "ab", true),
            ("name.*", "name", true),
            ("f686aa*", "f686aace_x", true),
            ("*a*b*", "xxaYYbz", true),
            ("*a*b*", "xxbYYaz", false),
            ("", "x", false),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
