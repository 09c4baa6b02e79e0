//! Files of the machine: what is there, with which size, hash and time.

use std::time::Duration;

use jiff::tz::Offset;
use jiff::{Timestamp, civil};

use super::ShellError;
use super::session::Session;

/// How long a look may take.
const LOOK: Duration = Duration::from_mins(2);
/// How long reading a whole file may take.
pub(super) const READING: Duration = Duration::from_mins(10);

/// What stands at a path of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its whole path.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a path of the machine names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file of so many bytes.
    File(u64),
}

/// What the machine brings for transfers; found once in a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tools {
    /// It packs (`makecab`).
    pub(super) packs: bool,
    /// It unpacks (`expand`).
    pub(super) unpacks: bool,
    /// Its clock against UTC.
    offset: Offset,
}

impl Tools {
    /// A time as the machine's own clock shows it.
    pub(super) fn on_its_clock(self, at: Timestamp) -> civil::DateTime {
        self.offset.to_datetime(at)
    }

    /// A time of the machine's own clock.
    pub(super) fn of_its_clock(self, then: civil::DateTime) -> Option<Timestamp> {
        self.offset.to_timestamp(then).ok()
    }
}

impl Session {
    /// What stands at `path`, which may hold `*` and `?` in its last part; nothing: it does not exist.
    pub async fn look(&mut self, path: &str) -> Result<Vec<Entry>, ShellError> {
        let command = match path.rsplit_once('\\') {
            // `for` itself passes over folders and over what is hidden.
            Some((folder, pattern)) if pattern.contains(['*', '?']) => format!(
                "for /f \"delims=\" %A in ('dir /b/a \"{path}\"') do @for %B in (\"{folder}\\%A\") do @echo %~aB;%~zB;%~fB"
            ),
            _ => format!("for %A in (\"{path}\") do @echo %~aA;%~zA;%~fA"),
        };
        Ok(self.cmd(&command, LOOK).await?.text.lines().filter_map(entry).collect())
    }

    /// All files and folders below a folder.
    pub async fn look_below(&mut self, folder: &str) -> Result<Vec<Entry>, ShellError> {
        let command = format!("for /f \"delims=\" %A in ('dir /s/b/a \"{folder}\"') do @echo %~aA;%~zA;%~fA");
        Ok(self.cmd(&command, LOOK).await?.text.lines().filter_map(entry).collect())
    }

    /// Makes a folder and those above it.
    pub async fn make_folder(&mut self, path: &str) -> Result<(), ShellError> {
        let command = format!("if not exist \"{path}\\\" md \"{path}\"");
        let made = self.cmd(&command, LOOK).await?;
        if made.code == 0 {
            return Ok(());
        }
        let reason = format!("the folder {path} cannot be made: {}", last_line(&made.text));
        Err(ShellError::NotUploaded { reason })
    }

    pub(super) async fn tools(&mut self) -> Result<Tools, ShellError> {
        if let Some(tools) = self.found_tools() {
            return Ok(tools);
        }
        let zone = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation";
        let command = format!(
            "(for %A in (makecab expand) do @if exist %SystemRoot%\\System32\\%A.exe echo %A.)&reg query {zone} /v ActiveTimeBias"
        );
        let found = self.cmd(&command, LOOK).await?.text;
        let tools = Tools {
            packs: found.contains("makecab."),
            unpacks: found.contains("expand."),
            offset: bias(&found)
                .and_then(|bias| Offset::from_seconds(-60 * bias).ok())
                .unwrap_or(Offset::UTC),
        };
        self.remember_tools(tools);
        Ok(tools)
    }
}

/// A line `d----------;0;C:\Temp`. What does not exist has no attributes.
fn entry(line: &str) -> Option<Entry> {
    let mut parts = line.trim_end().splitn(3, ';');
    let (attributes, size, path) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = if attributes.starts_with('d') {
        EntryKind::Folder
    } else if attributes.is_empty() {
        return None;
    } else {
        EntryKind::File(size.parse().ok()?)
    };
    Some(Entry { path: path.to_owned(), kind })
}

/// Minutes that the machine's clock is behind UTC: `ActiveTimeBias    REG_DWORD    0xffffffc4`.
fn bias(text: &str) -> Option<i32> {
    let value = text.split("REG_DWORD").nth(1)?.split_whitespace().next()?;
    u32::from_str_radix(value.strip_prefix("0x")?, 16).ok().map(u32::cast_signed)
}

/// The SHA-256 that certutil shows, lower case; older ones put blanks between the bytes.
pub(super) fn hashes(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split_whitespace().collect::<String>().to_ascii_lowercase())
        .filter(|line| line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .collect()
}

pub(super) fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_machine_are_read() {
        let file = |size| Some(Entry { path: "C:\\a;b".to_owned(), kind: EntryKind::File(size) });
        assert_eq!(entry("--a--------;12;C:\\a;b\r"), file(12));
        let folder = Entry { path: "C:\\Temp".to_owned(), kind: EntryKind::Folder };
        assert_eq!(entry("d----------;0;C:\\Temp"), Some(folder));
        assert_eq!(entry(";;C:\\none"), None);
        assert_eq!(bias("x\r\n    ActiveTimeBias    REG_DWORD    0xffffffc4\r\n"), Some(-60));
        assert_eq!(bias("ERROR"), None);
        let hash = "0123456789abcdef".repeat(4);
        let parted: Vec<String> =
            hash.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into()).collect();
        assert_eq!(hashes(&format!("SHA256 hash:\r\n{}\r\nCertUtil: ok\r\n", parted.join(" "))), [hash]);
    }
}
