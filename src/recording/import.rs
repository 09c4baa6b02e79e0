//! Logs of other tools as recordings: what the console said, with the timing that is known, or that of a line at
//! 115,200 baud.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use super::cast::{Event, Header, Kind};
use super::reader::{CastReader, ReadError};

/// How a file came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// asciicast v2, ours or another tool's.
    Cast,
    /// util-linux `script`: a first line `Script started on …`.
    Typescript,
    /// PuTTY's log: a first line of `=~=~`.
    Putty,
    /// Bytes, nothing else: minicom, boot diagnostics, anything.
    Bytes,
}

/// The events of a recording or a log, one after the other.
pub struct Import {
    source: Source,
    header: Header,
    events: Events,
}

enum Events {
    Cast(CastReader<Box<dyn BufRead + Send>>),
    Bytes { input: Box<dyn BufRead + Send>, at: Duration, done: bool },
}

/// Time of a byte at 115,200 baud, ten bits each.
const BYTE_TIME: Duration = Duration::from_nanos(86_806);
/// Bytes in an event that is made from a log.
const PIECE: usize = 1024;

impl Import {
    /// Looks at the beginning of a file and reads it as what it is. A recording that is compressed (gzip) is read too.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn new(input: impl Read + Send + 'static) -> Result<Self, ReadError> {
        let mut input: Box<dyn BufRead + Send> = Box::new(BufReader::with_capacity(64 * 1024, input));
        if input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            input = Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(input)));
        }
        let head = input.fill_buf()?;
        let first = &head[..head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len())];
        let source = if first.starts_with(b"{") && first.windows(9).any(|part| part == b"\"version\"") {
            Source::Cast
        } else if first.starts_with(b"Script started on ") {
            Source::Typescript
        } else if first.starts_with(b"=~=~") {
            Source::Putty
        } else {
            Source::Bytes
        };
        if source == Source::Cast {
            let reader = CastReader::new(input)?;
            return Ok(Self { source, header: reader.header().clone(), events: Events::Cast(reader) });
        }
        if source != Source::Bytes {
            let mut line = Vec::new();
            input.read_until(b'\n', &mut line)?;
        }
        let mut header = Header::of_console("imported", 0);
        header.timestamp = None;
        Ok(Self { source, header, events: Events::Bytes { input, at: Duration::ZERO, done: false } })
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
            Events::Bytes { .. } => 0,
        }
    }

    /// Whether the recording's last line was torn; known once the events ended.
    pub fn torn(&self) -> bool {
        match &self.events {
            Events::Cast(reader) => reader.torn(),
            Events::Bytes { .. } => false,
        }
    }
}

impl Iterator for Import {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.events {
            Events::Cast(reader) => reader.next(),
            Events::Bytes { input, at, done } => {
                if *done {
                    return None;
                }
                match piece(input) {
                    Ok(bytes) if bytes.is_empty() => {
                        *done = true;
                        None
                    }
                    Ok(mut bytes) => {
                        let began = *at;
                        *at += BYTE_TIME * bytes.len() as u32;
                        strip_script_end(&mut bytes);
                        Some(Ok(Event { at: began, kind: Kind::Output(bytes) }))
                    }
                    Err(error) => {
                        *done = true;
                        Some(Err(error.into()))
                    }
                }
            }
        }
    }
}

fn piece(input: &mut Box<dyn BufRead + Send>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PIECE);
    input.take(PIECE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `script` ends its file with a line of its own.
fn strip_script_end(bytes: &mut Vec<u8>) {
    const END: &[u8] = b"\nScript done on ";
    if let Some(at) = bytes.windows(END.len()).position(|part| part == END) {
        bytes.truncate(at + 1);
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
        assert_eq!(read(b"\xffSAC>\0"), (Source::Bytes, b"\xffSAC>\0".to_vec()));
        assert_eq!(read(b""), (Source::Bytes, Vec::new()));
    }

    #[test]
    fn a_log_has_the_time_of_its_line() {
        let import = Import::new(Cursor::new(vec![b'x'; 3000])).unwrap();
        let at: Vec<u128> = import.map(|event| event.unwrap().at.as_millis()).collect();
        assert_eq!(at, [0, 88, 177]);
    }
}
