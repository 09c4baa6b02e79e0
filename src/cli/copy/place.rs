//! What a word of `copy` names: a file of this computer, or `TARGET:PATH` on a machine.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::cli::failure::Failure;
use crate::report::visible;
use crate::transport::Endpoint;

/// Where something is copied from or to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// On this computer.
    Here(PathBuf),
    /// On a machine.
    There {
        /// The target, as behind `-t`.
        target: String,
        /// A whole path, with backslashes.
        path: String,
    },
}

impl Place {
    /// Parses a word. A target and a Windows path hold colons themselves: the path begins behind the last colon that a
    /// whole path follows (`C:\…`, `%TEMP%\…`), and a file name of Windows holds none.
    pub(super) fn parse(word: &str) -> Result<Self, Failure> {
        let begins = |at: &usize| is_whole(&word[at + 1..]) && !is_drive(&word[..*at]);
        let Some(at) = word.match_indices(':').map(|(at, _)| at).rfind(begins) else {
            return Self::here(word);
        };
        let (target, path) = (&word[..at], &word[at + 1..]);
        if target.is_empty() {
            return Err(Failure::usage(format!("`{}` names no target", visible::line(word))).help(FORM));
        }
        let path = path.replace('/', "\\");
        match refusal(&path) {
            Some(reason) => Err(Failure::usage(format!("`{}`: {reason}", visible::line(&path))).help(FORM)),
            None => Ok(Self::There { target: target.to_owned(), path }),
        }
    }

    fn here(word: &str) -> Result<Self, Failure> {
        let path = PathBuf::from(word);
        if word.is_empty() {
            return Err(Failure::usage("a file name is empty").help(FORM));
        }
        // A target that was meant, with a path that is none: `web01:temp\a.txt`, `serial:COM1`.
        let meant =
            word.parse::<Endpoint>().is_ok() || word.split_once(':').is_some_and(|(name, _)| name.len() > 1);
        if meant && !path.exists() {
            let message = format!("`{}` is no file here, and no whole path on a target", visible::line(word));
            return Err(Failure::usage(message).help(FORM));
        }
        Ok(Self::Here(path))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(path) => write!(f, "{}", path.display()),
            Self::There { target, path } => write!(f, "{target}:{path}"),
        }
    }
}

/// How a place on a machine is written.
pub(super) const FORM: &str = "a place on a machine is TARGET:PATH with the whole path: `serial:COM1:C:\\Temp\\a.txt`, `web01:%TEMP%\\a.txt`";

/// Refuses two files that would take one place: the second would be written over the first. Each is what is copied, and
/// the name of its place in the form in which equal places have equal names.
pub(super) fn refuse_twice(files: impl Iterator<Item = (String, String)>) -> Result<(), Failure> {
    let mut taken = BTreeMap::new();
    for (from, to) in files {
        let from = visible::line(&from);
        if let Some(first) = taken.insert(to.clone(), from.clone()) {
            let message = format!("{first} and {from} would both be written to {}", visible::line(&to));
            return Err(Failure::usage(message).help("copy them one after the other, to different folders"));
        }
    }
    Ok(())
}

/// Whether it begins at a drive or with a variable.
fn is_whole(path: &str) -> bool {
    match path.as_bytes() {
        [letter, b':', b'\\' | b'/', ..] => letter.is_ascii_alphabetic(),
        [b'%', rest @ ..] => rest.contains(&b'%'),
        _ => false,
    }
}

/// `C`: what stands before is a drive of this computer.
fn is_drive(before: &str) -> bool {
    before.len() == 1 && before.as_bytes()[0].is_ascii_alphabetic()
}

/// Why a path cannot be typed into a command.
fn refusal(path: &str) -> Option<&'static str> {
    let behind_drive = path.get(2..).unwrap_or_default();
    if path.chars().any(char::is_control) {
        return Some("a path cannot hold control characters");
    }
    if path.contains(['"', '<', '>', '|']) || behind_drive.contains(':') {
        return Some("Windows has no file names with `\"`, `<`, `>`, `|` or `:`");
    }
    let folder = path.rsplit_once('\\').map_or("", |(folder, _)| folder);
    folder.contains(['*', '?']).then_some("`*` and `?` may stand in the last part only")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(target: &str, path: &str) -> Place {
        Place::There { target: target.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn targets_and_windows_paths_are_told_apart() {
        for (word, expected) in [
            (r"web01:C:\Temp\a.txt", there("web01", r"C:\Temp\a.txt")),
            (r"serial:COM1:C:\Temp", there("serial:COM1", r"C:\Temp")),
            (
                r"serial:/dev/ttyUSB0?baud=9600:D:/logs/*.log",
                there("serial:/dev/ttyUSB0?baud=9600", r"D:\logs\*.log"),
            ),
            (r"tcp:[::1]:4555:C:\a", there("tcp:[::1]:4555", r"C:\a")),
            (r"azure:s/g/vm:%TEMP%\a", there("azure:s/g/vm", r"%TEMP%\a")),
            (r"exec:ssh C:\x:C:\y", there(r"exec:ssh C:\x", r"C:\y")),
            ("a.txt", Place::Here("a.txt".into())),
            (r"C:\Temp\a.txt", Place::Here(r"C:\Temp\a.txt".into())),
            ("./folder/", Place::Here("./folder/".into())),
        ] {
            assert_eq!(Place::parse(word).unwrap(), expected, "{word}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_form() {
        for word in [
            r"web01:temp\a.txt",
            "serial:COM1",
            "",
            r":C:\a",
            "web01:C:\\a\"b",
            r"web01:C:\*\a",
            "web01:C:\\a\n",
            r"sim:x:C:\a:b",
        ] {
            let refused = Place::parse(word).unwrap_err();
            assert_eq!(refused.help.as_deref(), Some(FORM), "{word}: {refused}");
        }
    }

    #[test]
    fn two_files_for_one_place_are_refused() {
        let file = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let same = refuse_twice([file("C:\\a\\x", "d/x"), file("D:\\x", "d/x")].into_iter()).unwrap_err();
        assert_eq!(same.message, "C:\\a\\x and D:\\x would both be written to d/x");
        assert!(refuse_twice([file("C:\\a\\x", "d/x"), file("D:\\x", "e/x")].into_iter()).is_ok());
    }
}
