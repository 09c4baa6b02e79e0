//! The tap on a console line: both directions, timed, without secrets.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cast::Header;
use super::redact::{Arrival, Piece, Redactor, mask};
use super::rotation::{OpenPart, Rotation};
use super::writer::CastWriter;
use crate::secret::Secret;

/// Writes what goes over a line to a recording.
///
/// Times are since the beginning of the recording. What is held back (see [`Redactor`]) keeps its time and its
/// place among the events of the other direction, and is let go after 10 s of silence, or at the end.
pub struct Recorder(Arc<Mutex<Tape>>);

/// Writes into a recording what the program tells, beside the one who owns the line.
#[derive(Clone)]
pub struct Annotator(Arc<Mutex<Tape>>);

/// The recording itself.
struct Tape {
    cast: Option<CastWriter<Box<dyn Write + Send>>>,
    failure: Option<RecordingFailure>,
    secrets: Vec<Secret>,
    output: Redactor,
    input: Redactor,
    /// Events that wait for something held back before them.
    waiting: BTreeMap<(Arrival, Way), Vec<u8>>,
    number: u64,
    now: Duration,
    /// When the file was brought up to date last.
    flushed: Duration,
    parts: Option<Parts>,
}

/// How the recording goes on in other files.
struct Parts {
    rotation: Rotation,
    open: OpenPart,
    header: Header,
    number: u32,
}

/// The recording stopped; the run goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the recording stopped: {reason}")]
pub struct RecordingFailure {
    /// What the file said.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Output,
    Input,
    Mark,
    Told,
}

const LONGEST_HOLD: Duration = Duration::from_secs(10);
/// A compressor holds back no more than what came in this time; a kill loses no more either.
const FLUSHED_EVERY: Duration = Duration::from_secs(1);

impl Recorder {
    /// Records to `out`. A header that cannot be written is a failure like any later one.
    pub fn start(out: impl Write + Send + 'static, header: &Header) -> Self {
        Self(Arc::new(Mutex::new(Tape::start(out, header))))
    }

    /// Records to a new file that only its owner may read.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        Ok(Self::start(options.open(path)?, header))
    }

    /// Records to several files, each as large or as long as `rotation` says. A file that cannot be opened is a failure
    /// like any later one.
    pub fn start_in_parts(mut open: OpenPart, header: &Header, rotation: Rotation) -> Self {
        let recorder = match open(1) {
            Ok(out) => Self::start(out, header),
            Err(error) => {
                let recorder = Self::start(io::sink(), header);
                recorder.tape().fail(&error);
                recorder
            }
        };
        recorder.tape().parts = Some(Parts { rotation, open, header: header.clone(), number: 1 });
        recorder
    }

    /// A second hand for what the program tells.
    pub fn annotator(&self) -> Annotator {
        Annotator(Arc::clone(&self.0))
    }

    /// Masks `secret` in both directions and in marks from here on.
    pub fn hide(&mut self, secret: &Secret) {
        self.tape().hide(secret);
    }

    /// The console sent `bytes`.
    pub fn output(&mut self, at: Duration, bytes: &[u8]) {
        self.tape().take(Way::Output, at, bytes);
    }

    /// `bytes` were sent to the console.
    pub fn input(&mut self, at: Duration, bytes: &[u8]) {
        self.tape().take(Way::Input, at, bytes);
    }

    /// Sets a mark: a step began, a pattern matched, the mode changed.
    pub fn mark(&mut self, at: Duration, label: &str) {
        self.tape().say(Way::Mark, at, label);
    }

    /// Time went by: lets go what has been held back for too long.
    pub fn tick(&mut self, at: Duration) {
        self.tape().tick(at);
    }

    /// Writes everything that is held back. More may follow.
    pub fn flush(&mut self, at: Duration) {
        self.tape().flush(at);
    }

    /// Why the recording stopped, once.
    pub fn take_failure(&mut self) -> Option<RecordingFailure> {
        self.tape().failure.take()
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Annotator {
    /// The program told `event` (JSON) now: behind what the line carried last.
    pub fn tell(&self, event: &str) {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = tape.now;
        tape.say(Way::Told, now, event);
    }
}

impl Tape {
    /// Records to `out`. A header that cannot be written is a failure like any later one.
    fn start(out: impl Write + Send + 'static, header: &Header) -> Self {
        let mut recorder = Self {
            cast: None,
            failure: None,
            secrets: Vec::new(),
            output: Redactor::new(),
            input: Redactor::new(),
            waiting: BTreeMap::new(),
            number: 0,
            now: Duration::ZERO,
            flushed: Duration::ZERO,
            parts: None,
        };
        let out: Box<dyn Write + Send> = Box::new(out);
        match CastWriter::start(out, header) {
            Ok(cast) => recorder.cast = Some(cast),
            Err(error) => recorder.fail(&error),
        }
        recorder
    }

    /// Masks `secret` in both directions and in marks from here on.
    fn hide(&mut self, secret: &Secret) {
        self.output.hide(secret);
        self.input.hide(secret);
        self.secrets.push(secret.clone());
    }

    /// Writes a line of text that is no byte of the line.
    fn say(&mut self, way: Way, at: Duration, text: &str) {
        let text = mask(text, &self.secrets);
        let arrival = self.arrival(at);
        self.waiting.insert((arrival, way), text.into_bytes());
        self.write_what_is_due();
    }

    /// Time went by: lets go what has been held back for too long.
    fn tick(&mut self, at: Duration) {
        self.now = self.now.max(at);
        for way in [Way::Output, Way::Input] {
            let redactor = self.redactor(way);
            let Some((_, newest)) = redactor.waiting() else { continue };
            if at.saturating_sub(newest.at) >= LONGEST_HOLD {
                self.let_go(way);
            }
        }
        self.write_what_is_due();
        if let Err(error) = self.go_on() {
            self.fail(&error);
        }
    }

    /// Writes everything that is held back. More may follow.
    fn flush(&mut self, at: Duration) {
        self.now = self.now.max(at);
        self.let_go(Way::Output);
        self.let_go(Way::Input);
        self.write_what_is_due();
    }

    fn take(&mut self, way: Way, at: Duration, bytes: &[u8]) {
        if self.cast.is_none() || bytes.is_empty() {
            return;
        }
        self.tick(at);
        let arrival = self.arrival(at);
        let mut pieces = Vec::new();
        self.redactor(way).take(arrival, bytes, &mut pieces);
        self.keep(way, pieces);
        self.write_what_is_due();
    }

    fn let_go(&mut self, way: Way) {
        let mut pieces = Vec::new();
        self.redactor(way).let_go(&mut pieces);
        self.keep(way, pieces);
    }

    fn keep(&mut self, way: Way, pieces: Vec<Piece>) {
        for piece in pieces {
            self.waiting.entry((piece.arrival, way)).or_default().extend(piece.bytes);
        }
    }

    /// An event may be written when nothing older is held back, so the file has the order of the line.
    fn write_what_is_due(&mut self) {
        let held = [&self.output, &self.input];
        let oldest =
            held.iter().filter_map(|redactor| redactor.waiting()).map(|(oldest, _)| oldest.number).min();
        while let Some(entry) = self.waiting.first_entry() {
            if oldest.is_some_and(|oldest| oldest < entry.key().0.number) {
                return;
            }
            let ((arrival, way), bytes) = entry.remove_entry();
            let Some(cast) = &mut self.cast else { continue };
            let written = match way {
                Way::Output => cast.output(arrival.at, &bytes),
                Way::Input => cast.input(arrival.at, &bytes),
                Way::Mark => cast.mark(arrival.at, &String::from_utf8_lossy(&bytes)),
                Way::Told => cast.told(arrival.at, &String::from_utf8_lossy(&bytes)),
            };
            if let Err(error) = written.and_then(|()| self.go_on()) {
                self.fail(&error);
            }
        }
    }

    /// Goes on in the next file when this one is full, and brings this one up to date from time to time.
    fn go_on(&mut self) -> io::Result<()> {
        let Some(cast) = &mut self.cast else { return Ok(()) };
        if let Some(parts) = &mut self.parts
            && parts.rotation.is_due(cast)
        {
            parts.number += 1;
            let out = (parts.open)(parts.number)?;
            cast.go_on_in(out, &parts.header, parts.number, self.now)?;
        }
        if self.now.saturating_sub(self.flushed) >= FLUSHED_EVERY {
            self.flushed = self.now;
            cast.flush()?;
        }
        Ok(())
    }

    fn fail(&mut self, error: &io::Error) {
        tracing::warn!(%error, "the recording stopped");
        self.cast = None;
        self.failure = Some(RecordingFailure { reason: error.to_string() });
    }

    fn arrival(&mut self, at: Duration) -> Arrival {
        self.now = self.now.max(at);
        self.number += 1;
        Arrival { number: self.number, at: self.now }
    }

    fn redactor(&mut self, way: Way) -> &mut Redactor {
        match way {
            Way::Output => &mut self.output,
            Way::Input | Way::Mark | Way::Told => &mut self.input,
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.flush(self.now);
        if let Some(mut cast) = self.cast.take()
            && let Err(error) = cast.finish(self.now)
        {
            tracing::warn!(%error, "the end of the recording is missing");
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("recording", &self.tape().cast.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::{CastReader, Event, Kind};
    use super::*;

    #[derive(Clone, Default)]
    struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.bytes.lock().unwrap();
            if kept.len() + bytes.len() > self.room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            kept.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Disk {
        fn events(&self) -> Vec<Event> {
            let bytes = self.bytes.lock().unwrap();
            CastReader::new(bytes.as_slice()).unwrap().collect::<Result<_, _>>().unwrap()
        }
    }

    fn recorder(room: usize) -> (Disk, Recorder) {
        let disk = Disk { room, ..Disk::default() };
        let recorder = Recorder::start(disk.clone(), &Header::of_console("test", 0));
        (disk, recorder)
    }

    fn seconds(at: u64) -> Duration {
        Duration::from_secs(at)
    }

    fn output(at: u64, text: &str) -> Event {
        Event { at: seconds(at), kind: Kind::Output(text.into()) }
    }

    fn input(at: u64, text: &str) -> Event {
        Event { at: seconds(at), kind: Kind::Input(text.into()) }
    }

    #[test]
    fn what_is_held_back_keeps_its_time_and_place() {
        let (disk, mut recorder) = recorder(10_000);
        recorder.hide(&Secret::new(">secret").unwrap());
        recorder.output(seconds(1), b"C:\\>");
        recorder.input(seconds(2), b"dir");
        recorder.mark(seconds(3), "the password is >secret");
        assert_eq!(disk.events(), [output(1, "C:\\")]);
        recorder.output(seconds(4), b"d");
        let mark = Event { at: seconds(3), kind: Kind::Mark("the password is ***".to_owned()) };
        assert_eq!(disk.events(), [output(1, "C:\\"), output(1, ">"), input(2, "dir"), mark, output(4, "d")]);
    }

    #[test]
    fn both_directions_are_masked_apart() {
        let (disk, mut recorder) = recorder(10_000);
        recorder.hide(&Secret::new("Pa55word").unwrap());
        for (at, piece) in [(1, "Pa5"), (2, "5wo"), (3, "rd\r")] {
            recorder.input(seconds(at), piece.as_bytes());
            recorder.output(seconds(at), piece.as_bytes());
        }
        drop(recorder);
        assert_eq!(disk.events(), [input(1, "***"), output(1, "***"), input(3, "\r"), output(3, "\r")]);
    }

    #[test]
    fn silence_and_the_end_let_go() {
        let (disk, mut recorder) = recorder(10_000);
        recorder.hide(&Secret::new("Pa55word").unwrap());
        recorder.output(seconds(1), b"Pa");
        recorder.tick(seconds(10));
        assert_eq!(disk.events(), []);
        recorder.tick(seconds(11));
        assert_eq!(disk.events(), [output(1, "Pa")]);
        recorder.output(seconds(12), b"55wo");
        drop(recorder);
        assert_eq!(disk.events(), [output(1, "Pa"), output(12, "***")]);
    }

    #[test]
    fn a_full_disk_is_said_once_and_harms_nothing() {
        let (disk, mut recorder) = recorder(250);
        for second in 0..100 {
            recorder.output(seconds(second), b"0123456789");
        }
        assert!(recorder.take_failure().is_some());
        assert_eq!(recorder.take_failure(), None);
        assert!(!disk.events().is_empty());
        let (_, mut nowhere) = self::recorder(0);
        assert!(nowhere.take_failure().is_some());
    }

    #[test]
    fn a_file_is_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.cast");
        let mut recorder = Recorder::create(&path, &Header::of_console("test", 0)).unwrap();
        recorder.output(seconds(1), b"hello");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("[1.000000, \"o\", \"hello\"]\n"), "on disk at once: {text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
