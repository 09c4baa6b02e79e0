//! Logs of other tools as recordings: what the console said, with the timing that is known, or that of a line at
//! 115,200 baud.

mod capture;
mod conversation;
mod stamps;
mod timing;
mod unicode;

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use super::cast::{Event, Header, Kind};
use super::reader::{CastReader, ReadError};
use stamps::Clock;
use timing::Timing;

/// How a file came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// asciicast v2, ours or another tool's.
    Cast,
    /// util-linux `script`: a first line `Script started on …`.
    Typescript,
    /// PuTTY's log: lines `=~=~…` where it began.
    Putty,
    /// Lines with the time in front of them: minicom, tio, loggers.
    Stamped,
    /// A capture of a network with the console's connection in it (pcap, pcapng).
    Capture,
    /// Bytes, nothing else: minicom, boot diagnostics, anything.
    Bytes,
}

impl Source {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Cast => "a recording (asciicast)",
            Self::Typescript => "a typescript of `script`",
            Self::Putty => "a log of PuTTY",
            Self::Stamped => "a log with the time in front of its lines",
            Self::Capture => "a capture of a network",
            Self::Bytes => "a plain log",
        }
    }
}

/// What is known about a log beside the log itself.
#[derive(Default)]
pub struct Hints {
    /// The timing file of `script`.
    pub timing: Option<Box<dyn BufRead + Send>>,
    /// Baud of the line, for the time of logs that have none.
    pub baud: Option<u32>,
    /// Which side of a capture is the console: `HOST:PORT`, a host or a port.
    pub console: Option<String>,
}

/// The events of a recording or a log, one after the other.
pub struct Import {
    source: Source,
    header: Header,
    events: Events,
}

enum Events {
    Cast(CastReader<Box<dyn BufRead + Send>>),
    Log(Log),
    Timed(Timed),
    Ready(std::vec::IntoIter<Event>),
}

/// A log without a timing file.
struct Log {
    input: Box<dyn BufRead + Send>,
    source: Source,
    byte_time: Duration,
    at: Duration,
    clock: Clock,
    /// A line begins here.
    fresh: bool,
    done: bool,
}

/// A log with a timing file.
struct Timed {
    input: Box<dyn BufRead + Send>,
    timing: Timing,
    done: bool,
}

/// Bits of a byte on a line: start, eight, stop.
const BITS: u32 = 10;
/// The line of a SAC console.
const BAUD: u32 = 115_200;
/// Bytes in an event that is made from a log.
const PIECE: usize = 1024;
/// How files begin: pcap in both byte orders, with micro- and nanoseconds, and pcapng.
const CAPTURES: [[u8; 4]; 5] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x0a, 0x0d, 0x0d, 0x0a],
];
/// How `script` ends its file, on a line of its own.
const SCRIPT_DONE: &[u8] = b"Script done on ";
/// How PuTTY begins a session in its log.
const PUTTY: &[u8] = b"=~=~";

impl Import {
    /// Looks at the beginning of a file and reads it as what it is. A file that is compressed (gzip) is read too.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn new(input: impl Read + Send + 'static) -> Result<Self, ReadError> {
        Self::with(input, Hints::default())
    }

    /// The same, with what is known beside the file.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn with(input: impl Read + Send + 'static, hints: Hints) -> Result<Self, ReadError> {
        let mut input: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(64 * 1024, input));
        if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            let unpacked = Unpacked(flate2::bufread::MultiGzDecoder::new(input));
            input = Box::new(BufReader::with_capacity(64 * 1024, unpacked));
        }
        let head = input.fill_buf()?;
        let mut header = Header::of_console("imported", 0);
        header.timestamp = None;
        if CAPTURES.iter().any(|magic| head.starts_with(magic)) {
            let events = conversation::events(input, hints.console.as_deref())?;
            return Ok(Self { source: Source::Capture, header, events: Events::Ready(events.into_iter()) });
        }
        let mut input = unicode::as_utf8(input)?;
        let head = input.fill_buf()?;
        let first = &head[..head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len())];
        let source = if first.starts_with(b"{") && first.windows(9).any(|part| part == b"\"version\"") {
            Source::Cast
        } else if first.starts_with(b"Script started on ") {
            Source::Typescript
        } else if first.starts_with(PUTTY) {
            Source::Putty
        } else if stamps::has_stamps(head) {
            Source::Stamped
        } else {
            Source::Bytes
        };
        if source == Source::Cast {
            let reader = CastReader::new(input)?;
            return Ok(Self { source, header: reader.header().clone(), events: Events::Cast(reader) });
        }
        if source == Source::Typescript {
            let mut line = Vec::new();
            input.read_until(b'\n', &mut line)?;
        }
        let events = match hints.timing {
            Some(timing) => Events::Timed(Timed { input, timing: Timing::new(timing), done: false }),
            None => Events::Log(Log {
                input,
                source,
                byte_time: Duration::from_secs(BITS.into()) / hints.baud.unwrap_or(BAUD).max(1),
                at: Duration::ZERO,
                clock: Clock::default(),
                fresh: true,
                done: false,
            }),
        };
        Ok(Self { source, header, events })
    }

    /// What the file is.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The header; of a log one that fits.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The line of the file that was read last, from 1; 0 in a log.
    pub fn line(&self) -> usize {
        match &self.events {
            Events::Cast(reader) => reader.line(),
            Events::Log(_) | Events::Timed(_) | Events::Ready(_) => 0,
        }
    }

    /// Whether the recording's last line was torn; known once the events ended.
    pub fn torn(&self) -> bool {
        match &self.events {
            Events::Cast(reader) => reader.torn(),
            Events::Log(_) | Events::Timed(_) | Events::Ready(_) => false,
        }
    }
}

impl Iterator for Import {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.events {
            Events::Cast(reader) => reader.next(),
            Events::Log(log) => log.next(),
            Events::Timed(timed) => timed.next(),
            Events::Ready(events) => events.next().map(Ok),
        }
    }
}

impl Iterator for Log {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            let bytes = match line(&mut self.input) {
                Ok(bytes) if bytes.is_empty() => break,
                Ok(bytes) => bytes,
                Err(error) => {
                    self.done = true;
                    return Some(Err(error.into()));
                }
            };
            let fresh = std::mem::replace(&mut self.fresh, bytes.ends_with(b"\n"));
            let began = self.at;
            let bytes = match self.source {
                Source::Typescript if fresh && bytes.starts_with(SCRIPT_DONE) => break,
                Source::Putty if fresh && bytes.starts_with(PUTTY) => continue,
                Source::Stamped => {
                    let (at, rest) = if fresh { self.clock.read(&bytes) } else { (began, bytes.as_slice()) };
                    self.at = began.max(at);
                    rest.to_vec()
                }
                _ => bytes,
            };
            let at = self.at;
            self.at += self.byte_time * bytes.len() as u32;
            return Some(Ok(Event { at, kind: Kind::Output(bytes) }));
        }
        self.done = true;
        None
    }
}

impl Iterator for Timed {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let portion = match self.timing.next() {
            Ok(Some(portion)) => portion,
            Ok(None) => {
                self.done = true;
                return None;
            }
            Err(error) => {
                self.done = true;
                return Some(Err(error));
            }
        };
        let mut bytes = Vec::with_capacity(portion.count.min(PIECE * 64));
        if let Err(error) = (&mut self.input).take(portion.count as u64).read_to_end(&mut bytes) {
            self.done = true;
            return Some(Err(error.into()));
        }
        if bytes.len() < portion.count {
            // The log was cut off, its timing was not.
            self.done = true;
        }
        let kind = if portion.typed { Kind::Input(bytes) } else { Kind::Output(bytes) };
        Some(Ok(Event { at: portion.at, kind }))
    }
}

/// The rest of a line, at the most [`PIECE`] bytes of it.
fn line(input: &mut Box<dyn BufRead + Send>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(PIECE as u64).read_until(b'\n', &mut bytes)?;
    Ok(bytes)
}

/// A compressed file whose writer was killed ends where it was torn.
struct Unpacked<R>(flate2::bufread::MultiGzDecoder<R>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    fn read(bytes: &[u8]) -> (Source, Vec<u8>) {
        let mut import = Import::new(Cursor::new(bytes.to_vec())).unwrap();
        let mut out = Vec::new();
        for event in import.by_ref() {
            match event.unwrap().kind {
                Kind::Output(bytes) => out.extend(bytes),
                other => panic!("{other:?}"),
            }
        }
        (import.source(), out)
    }

    #[test]
    fn files_are_told_by_their_beginning() {
        let cast = b"{\"version\": 2, \"width\": 80, \"height\": 24}\n[0, \"o\", \"SAC>\"]\n";
        assert_eq!(read(cast), (Source::Cast, b"SAC>".to_vec()));
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(cast).unwrap();
        assert_eq!(read(&gz.finish().unwrap()), (Source::Cast, b"SAC>".to_vec()));
        let script =
            b"Script started on 2026-11-28 10:00:00+00:00 [TERM=\"x\"]\nSAC>\x1b[2J\nScript done on 2026\n";
        assert_eq!(read(script), (Source::Typescript, b"SAC>\x1b[2J\n".to_vec()));
        let putty = b"=~=~=~=~=~= PuTTY log 2026.11.28 =~=~=~\r\nSAC>";
        assert_eq!(read(putty), (Source::Putty, b"SAC>".to_vec()));
        let twice =
            b"=~=~=~=~=~= PuTTY log 2026.11.28 =~=~=~\r\nSAC>\r\n=~=~= PuTTY log 2026.11.29 =~=~\r\nC:\\>";
        assert_eq!(read(twice), (Source::Putty, b"SAC>\r\nC:\\>".to_vec()));
        let stamped = b"[10:00:00] SAC>\r\n[10:00:01] ch\r\n[10:00:02] x\r\n";
        assert_eq!(read(stamped), (Source::Stamped, b"SAC>\r\nch\r\nx\r\n".to_vec()));
        let pcap = super::conversation::tests::pcap(&[(0, true, 1, "A", b"SAC>")]);
        assert_eq!(read(&pcap), (Source::Capture, b"SAC>".to_vec()));
        assert_eq!(read(b"\xffSAC>\0"), (Source::Bytes, b"\xffSAC>\0".to_vec()));
        assert_eq!(read(b""), (Source::Bytes, Vec::new()));
    }

    #[test]
    fn a_log_has_the_time_of_its_line() {
        let import = Import::new(Cursor::new(vec![b'x'; 3000])).unwrap();
        let at: Vec<u128> = import.map(|event| event.unwrap().at.as_millis()).collect();
        assert_eq!(at, [0, 88, 177]);
        let slow = Hints { baud: Some(9600), ..Hints::default() };
        let import = Import::with(Cursor::new(b"0123456789\nx".to_vec()), slow).unwrap();
        let at: Vec<u128> = import.map(|event| event.unwrap().at.as_micros()).collect();
        assert_eq!(at, [0, 11_458]);
    }

    #[test]
    fn a_typescript_has_the_time_that_is_given() {
        let script = b"Script started on 2026-11-28\nSAC>ch\r\nend\r\nScript done on 2026\n".to_vec();
        let timing: Box<dyn BufRead + Send> = Box::new(Cursor::new("0.5 4\nI 1.0 2\nO 0.25 7\n"));
        let hints = Hints { timing: Some(timing), ..Hints::default() };
        let events: Vec<Event> =
            Import::with(Cursor::new(script), hints).unwrap().map(Result::unwrap).collect();
        let at = |ms, kind| Event { at: Duration::from_millis(ms), kind };
        let expected = [
            at(500, Kind::Output(b"SAC>".to_vec())),
            at(1500, Kind::Input(b"ch".to_vec())),
            at(1750, Kind::Output(b"\r\nend\r\n".to_vec())),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn a_compressed_file_that_was_torn_is_read_as_far_as_it_goes() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(b"SAC>\r\n").unwrap();
        gz.flush().unwrap();
        gz.write_all(&b"more\r\n".repeat(9)).unwrap();
        let torn = gz.get_ref().clone();
        assert_eq!(read(&torn).1, b"SAC>\r\n");
        drop(gz);
    }
}
