//! The journal of a run: its events, one JSON line each, append-only.
//!
//! Written before the fact where it matters ([`EventKind::is_durable`]): the line is on disk before a changing
//! command is sent, and its outcome right after. One writer, held by a lock; readers need none. A
//! crash can tear the last line only: a reader leaves it out, a writer that goes on cuts it off.
//!
//! [`EventKind::is_durable`]: super::event::EventKind::is_durable

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::event::{Event, VERSION};
use crate::encoding::harmless_json;

/// Writes a journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// Held as long as this writes.
    _lock: File,
    path: PathBuf,
    next: u64,
    /// Bytes of its whole lines.
    whole: u64,
    /// Whether a line could not be written: then none may follow, or a number would be missing between them.
    is_broken: bool,
}

/// Where events are kept. An error stops the run before anything else is sent.
pub trait Book: Send {
    /// Number of the next event.
    fn next_seq(&self) -> u64;

    /// Appends an event; when it is a durable one, it is on disk when this returns.
    ///
    /// # Errors
    /// [`JournalError`]
    fn append(&mut self, event: &Event) -> Result<(), JournalError>;
}

/// A journal that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Its events, in order.
    pub events: Vec<Event>,
    /// Whether a last line was torn by a crash; it is not among the events.
    pub torn: bool,
    /// Bytes of the whole lines.
    whole: u64,
}

/// A journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system.
    #[error("cannot write or read the journal {path}: {source}")]
    Io {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes it.
    #[error("the journal {path} is being written by another process")]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// A line in the middle is no event.
    #[error("line {line} of the journal {path} is damaged: {reason}")]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Written by a version of the program that this one does not understand.
    #[error("the journal {path} has version {version}, this program reads up to {VERSION}")]
    TooNew {
        /// The journal.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

impl Journal {
    /// Begins a journal in a new file and locks it.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(path).map_err(io)?;
        let lock = lock(path)?;
        sync_folder(path).map_err(io)?;
        Ok(Self { file, _lock: lock, path: path.to_owned(), next: 1, whole: 0, is_broken: false })
    }

    /// Goes on with the journal of a run that ended early; a torn last line is cut off.
    pub fn resume(path: &Path) -> Result<(Self, Recorded), JournalError> {
        let io = |source| JournalError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(io)?;
        let lock = lock(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(io)?;
        let recorded = parse(&text, path)?;
        file.set_len(recorded.whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(io)?;
        file.sync_all().map_err(io)?;
        let next = recorded.events.last().map_or(1, |event| event.seq + 1);
        let whole = recorded.whole;
        Ok((Self { file, _lock: lock, path: path.to_owned(), next, whole, is_broken: false }, recorded))
    }
}

impl Book for Journal {
    fn next_seq(&self) -> u64 {
        self.next
    }

    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        let io = |source| JournalError::Io { path: self.path.clone(), source };
        let line = serde_json::to_string(event).map_err(|error| io(error.into()))?;
        let mut line = harmless_json(line);
        line.push('\n');
        if self.is_broken {
            return Err(io(io::Error::other("an earlier line of it could not be written")));
        }
        let written = self
            .file
            .write_all(line.as_bytes())
            .and_then(|()| if event.event.is_durable() { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            self.is_broken = true;
            // Half a line: a reader takes only the last one for torn. Where this fails too, it is the last one.
            let _ = self.file.set_len(self.whole);
            return Err(io(error));
        }
        self.whole += line.len() as u64;
        self.next = event.seq + 1;
        Ok(())
    }
}

/// Reads a journal, also while it is written.
pub fn read(path: &Path) -> Result<Recorded, JournalError> {
    let text = std::fs::read(path).map_err(|source| JournalError::Io { path: path.to_owned(), source })?;
    parse(&text, path)
}

/// Whether a program writes it now: the run goes on, or is taken up again.
pub fn is_being_written(path: &Path) -> bool {
    let lock = File::open(lock_path(path));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// What is locked: a lock of Windows keeps readers out as well, so there it is a file of its own.
fn lock_path(path: &Path) -> PathBuf {
    if cfg!(windows) { path.with_extension("lock") } else { path.to_owned() }
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let io = |source| JournalError::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let file = options.append(true).create(cfg!(windows)).open(lock_path(path)).map_err(io)?;
    // For a moment others hold it who do not write: whoever asks whether it is being written, and a program that is being
    // started, until it has let go of what it inherited.
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => pause(),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    Err(JournalError::Locked { path: path.to_owned() })
}

#[expect(clippy::disallowed_methods, reason = "no system tells within a deadline that a lock is free")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// A new file survives a power cut only when its folder was written as well.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn parse(text: &[u8], path: &Path) -> Result<Recorded, JournalError> {
    let damaged = |line: usize, reason: String| JournalError::Damaged { path: path.to_owned(), line, reason };
    let mut events: Vec<Event> = Vec::new();
    let mut whole = 0;
    let mut torn = false;
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.last() != Some(&b'\n') {
            torn = true;
            break;
        }
        let number = index + 1;
        let event: Event = match serde_json::from_slice(line) {
            Ok(event) => event,
            // After a power cut the file system may have kept the length of the last line but not its bytes.
            Err(_) if whole + line.len() == text.len() => {
                torn = true;
                break;
            }
            Err(error) => return Err(damaged(number, error.to_string())),
        };
        if event.v > VERSION {
            return Err(JournalError::TooNew { path: path.to_owned(), version: event.v });
        }
        let expected = events.last().map_or(1, |last| last.seq + 1);
        if event.seq != expected {
            return Err(damaged(number, format!("event {} follows where {expected} is due", event.seq)));
        }
        whole += line.len();
        events.push(event);
    }
    Ok(Recorded { events, torn, whole: whole as u64 })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::engine::event::EventKind;

    fn event(seq: u64) -> Event {
        let event = EventKind::Waiting { what: format!("answer {seq} \u{1f600}"), budget_ms: None };
        Event { v: VERSION, seq, at: Timestamp::UNIX_EPOCH, ms: seq, event }
    }

    fn written(count: u64) -> (tempfile::TempDir, PathBuf, Vec<Event>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::create(&path).unwrap();
        let events: Vec<Event> = (1..=count).map(event).collect();
        for event in &events {
            journal.append(event).unwrap();
        }
        (folder, path, events)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn behind_a_line_that_could_not_be_written_comes_no_other() {
        let path = PathBuf::from("/dev/full");
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let mut journal =
            Journal { _lock: file.try_clone().unwrap(), file, path, next: 1, whole: 0, is_broken: false };
        let full = journal.append(&event(1)).unwrap_err().to_string();
        assert!(full.contains("No space left"), "{full}");
        // Room was made meanwhile: a gap in the numbers would make the whole journal useless.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        journal.file = File::create(&path).unwrap();
        let after = journal.append(&event(2)).unwrap_err().to_string();
        assert!(after.ends_with("an earlier line of it could not be written"), "{after}");
        assert_eq!(std::fs::read(path).unwrap(), b"");
    }

    #[test]
    fn reads_what_was_written_also_while_it_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut journal = Journal::create(&path).unwrap();
        journal.append(&event(1)).unwrap();
        journal.append(&event(2)).unwrap();
        let recorded = read(&path).unwrap();
        assert_eq!((recorded.events, recorded.torn), (vec![event(1), event(2)], false));
    }

    #[test]
    fn has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let first = Journal::create(&path).unwrap();
        assert!(matches!(Journal::resume(&path), Err(JournalError::Locked { .. })));
        assert!(matches!(Journal::create(&path), Err(JournalError::Io { .. })));
        drop(first);
        assert!(Journal::resume(&path).is_ok());
    }

    #[test]
    fn every_torn_end_is_left_out_and_cut_off() {
        let (_folder, path, events) = written(2);
        let text = std::fs::read(&path).unwrap();
        let ends: Vec<usize> =
            text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=text.len() {
            std::fs::write(&path, &text[..cut]).unwrap();
            let lines = ends.iter().filter(|end| **end <= cut).count();
            let recorded = read(&path).unwrap();
            assert_eq!(recorded.events, events[..lines], "cut at {cut}");
            assert_eq!(recorded.torn, cut != 0 && !ends.contains(&cut), "cut at {cut}");

            let (mut journal, _) = Journal::resume(&path).unwrap();
            assert_eq!(journal.next_seq(), lines as u64 + 1);
            journal.append(&event(journal.next_seq())).unwrap();
            let again = read(&path).unwrap();
            assert_eq!((again.events.len(), again.torn), (lines + 1, false), "cut at {cut}");
        }
    }

    #[test]
    fn a_last_line_of_zeros_is_torn_too() {
        let (_folder, path, events) = written(2);
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"\0\0\0\0\n");
        std::fs::write(&path, text).unwrap();
        let recorded = read(&path).unwrap();
        assert_eq!((recorded.events, recorded.torn), (events, true));
    }

    #[test]
    fn damage_in_the_middle_is_an_error_with_its_line() {
        let (_folder, path, _) = written(3);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let version = lines[1].replace("\"v\":1", "\"v\":99");
        for (second, expected) in [
            ("{}", "line 2 of the journal"),
            ("", "line 2 of the journal"),
            (lines[0], "event 1 follows where 2 is due"),
            (lines[2], "event 3 follows where 2 is due"),
            (version.as_str(), "has version 99, this program reads up to 1"),
        ] {
            std::fs::write(&path, format!("{}\n{second}\n{}\n", lines[0], lines[2])).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains(expected), "{second}: {message}");
        }
    }

    #[test]
    fn events_of_later_versions_are_read_over() {
        let (_folder, path, _) = written(1);
        let text = std::fs::read_to_string(&path).unwrap();
        let later = "{\"v\":1,\"seq\":2,\"at\":\"1970-01-01T00:00:00Z\",\"ms\":5,\"new\":1,\"event\":{\"type\":\"levitated\",\"height\":3}}\n";
        std::fs::write(&path, text + later).unwrap();
        assert_eq!(read(&path).unwrap().events[1].event, EventKind::Unknown);
    }
}
