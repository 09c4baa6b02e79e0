//! The folder of a run: `journal.jsonl`, `session.cast`, `report.json`, `report.md`, `plan.json`.
//!
//! Its name says when, what and where: `20261122T181500Z-rdp-internal-error-sim-rdp-broken`. Only its owner may
//! look into it: outputs of a production machine are in there.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::journal::{Journal, JournalError};

/// Name of the journal.
const JOURNAL: &str = "journal.jsonl";

/// Longest part of a name that comes from the script or the target.
const LONGEST_PART: usize = 40;

/// A run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
    name: String,
}

/// The folder cannot be made or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}")]
pub struct FolderError {
    /// What could not be written.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl RunFolder {
    /// Makes a new folder below `runs`, which is made as well when it is not there.
    pub fn create(runs: &Path, script: &str, target: &str, now: Timestamp) -> Result<Self, FolderError> {
        let failed = |path: &Path, source| FolderError { path: path.to_owned(), source };
        private().recursive(true).create(runs).map_err(|source| failed(runs, source))?;
        let time = now.strftime("%Y%m%dT%H%M%SZ");
        let base = format!("{time}-{}-{}", plain(script), plain(target));
        let mut number = 1;
        loop {
            let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
            let path = runs.join(&name);
            match private().create(&path) {
                Ok(()) => return Ok(Self { path, name }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(failed(&path, error)),
            }
        }
    }

    /// The folder of a run that exists: a path, or a name below `runs`.
    pub fn open(runs: &Path, run: &str) -> Option<Self> {
        let given = Path::new(run);
        let candidates = [given.to_owned(), runs.join(given)];
        let path = candidates.into_iter().find(|path| path.join(JOURNAL).is_file())?;
        let path = path.canonicalize().ok()?;
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(Self { path, name })
    }

    /// All runs below `runs`, by name, which is by time.
    pub fn all(runs: &Path) -> Vec<Self> {
        let entries = fs::read_dir(runs).into_iter().flatten().flatten();
        let mut found: Vec<Self> =
            entries.filter_map(|entry| Self::open(runs, &entry.file_name().to_string_lossy())).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The journal.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The scripts that take part, as they were when the run began.
    pub fn scripts(&self) -> PathBuf {
        self.path.join("scripts")
    }

    /// Keeps the text of a script.
    pub fn keep_script(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.scripts().join(format!("{name}.yaml"));
        let failed = |source| FolderError { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            private().recursive(true).create(folder).map_err(failed)?;
        }
        write_whole(&path, text).map_err(failed)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A place for the recording of the next session: `session.cast`, then `session-2.cast`, …
    pub fn recording(&self) -> PathBuf {
        let named = |number: u32| match number {
            1 => self.path.join("session.cast"),
            _ => self.path.join(format!("session-{number}.cast")),
        };
        (1..10_000).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(1))
    }

    /// Begins the journal.
    pub fn journal(&self) -> Result<Journal, JournalError> {
        Journal::create(&self.journal_path())
    }

    /// Writes a file whole or not at all.
    pub fn write(&self, file: &str, text: &str) -> Result<(), FolderError> {
        let path = self.path.join(file);
        write_whole(&path, text).map_err(|source| FolderError { path, source })
    }
}

/// A file that only the user can read: whole, or as it was before, whenever the power goes.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut out = options.open(&temporary)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&temporary, path)
}

fn private() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no permission bits"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
}

/// Letters, digits and single dashes, as every file system takes them.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() == LONGEST_PART {
            break;
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "x".to_owned() } else { out.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_safe_and_unique() {
        let runs = tempfile::tempdir().unwrap();
        let below = runs.path().join("a/b");
        let now: Timestamp = "2026-11-22T18:15:00Z".parse().unwrap();
        let made = |script: &str, target: &str| RunFolder::create(&below, script, target, now).unwrap();
        let first = made("rdp/tls", "serial:/dev/ttyUSB0?baud=9600");
        assert_eq!(first.name(), "20261122T181500Z-rdp-tls-serial-dev-ttyUSB0-baud-9600");
        assert_eq!(made("rdp/tls", "serial:/dev/ttyUSB0?baud=9600").name(), format!("{}-2", first.name()));
        assert_eq!(made("../..", &"한/..\\".repeat(9)).name(), "20261122T181500Z-x-x");
        assert!(made("a", &"long ".repeat(99)).name().len() < 70);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_look() {
        use std::os::unix::fs::PermissionsExt as _;

        let runs = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(runs.path(), "a", "b", Timestamp::UNIX_EPOCH).unwrap();
        folder.write("report.md", "text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join("report.md")), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }
}
