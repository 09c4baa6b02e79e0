//! Reads asciicast v2.

use std::io::{self, BufRead};
use std::time::Duration;

use super::cast::{Event, FORMAT, Header, Kind};
use super::raw_text;

/// Reads a recording event by event, holding one line at a time.
///
/// A last line that is torn (the recorder was killed) ends the recording; [`CastReader::torn`] tells.
#[derive(Debug)]
pub struct CastReader<R> {
    input: R,
    header: Header,
    line: usize,
    done: bool,
    torn: bool,
    /// When the part began that is being read; see [`super::Parts`].
    after: Duration,
}

/// A recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the recording: {0}")]
    Io(#[from] io::Error),
    /// The first line is no header.
    #[error("this is not an asciicast recording: {0}")]
    NoHeader(String),
    /// Another version of the format.
    #[error("asciicast version {0} is not supported, only version 2")]
    Version(u64),
    /// Made by a later sacpilot.
    #[error("the recording has format {0}, which needs a newer sacpilot")]
    Newer(u32),
    /// A capture of a network is damaged.
    #[error("the capture cannot be read: {0}")]
    Capture(String),
    /// A capture holds no console.
    #[error("{}", no_conversation(.wanted.as_deref(), .known))]
    NoConversation {
        /// The side that was asked for.
        wanted: Option<String>,
        /// The sides that there are.
        known: String,
    },
    /// A timing file is none.
    #[error("line {line} of the timing file is no delay and count: `{text}`")]
    Timing {
        /// From 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A line is no event.
    #[error("line {line} of the recording is not an event: {reason}")]
    Event {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl ReadError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "recording-unreadable",
            Self::NoHeader(_) => "recording-header",
            Self::Version(_) | Self::Newer(_) => "recording-version",
            Self::Capture(_) => "recording-capture",
            Self::NoConversation { .. } => "recording-no-conversation",
            Self::Timing { .. } => "recording-timing",
            Self::Event { .. } => "recording-event",
        }
    }

    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Io(_) => "check that the file exists and may be read",
            Self::NoHeader(_) => {
                "give a .cast file that sacpilot or asciinema recorded; its first line is a JSON object"
            }
            Self::Version(_) => "convert it with `asciinema convert -f asciicast-v2`",
            Self::Newer(_) => "update sacpilot",
            Self::Capture(_) => "write it anew with `tcpdump -w` or Wireshark (pcap or pcapng)",
            Self::NoConversation { .. } => {
                "name the side of the console with --console HOST:PORT; what is encrypted (ssh, TLS) cannot be read"
            }
            Self::Timing { .. } => "give the file that `script --timing=FILE` wrote beside this log",
            Self::Event { .. } => {
                "the file was edited or damaged; cut it before that line to use what is good"
            }
        }
    }
}

fn no_conversation(wanted: Option<&str>, known: &str) -> String {
    match (wanted, known) {
        (_, "") => "the capture has no TCP connection that carries anything".to_owned(),
        (None, known) => format!("the capture has no connection that carries anything; it has {known}"),
        (Some(wanted), known) => format!("the capture has no connection with {wanted}; it has {known}"),
    }
}

impl<R: BufRead> CastReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn new(mut input: R) -> Result<Self, ReadError> {
        let mut first = Vec::new();
        input.read_until(b'\n', &mut first)?;
        let value: serde_json::Value =
            serde_json::from_slice(&first).map_err(|error| ReadError::NoHeader(error.to_string()))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(2) => {}
            Some(other) => return Err(ReadError::Version(other)),
            None => return Err(ReadError::NoHeader("the key `version` is missing".to_owned())),
        }
        let header: Header =
            serde_json::from_value(value).map_err(|error| ReadError::NoHeader(error.to_string()))?;
        if let Some(origin) = &header.sacpilot
            && origin.format > FORMAT
        {
            return Err(ReadError::Newer(origin.format));
        }
        Ok(Self { input, header, line: 1, done: false, torn: false, after: Duration::ZERO })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The line of the file that was read last, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Whether the last line was torn; known once the events ended.
    pub fn torn(&self) -> bool {
        self.torn
    }

    fn read(&mut self) -> Result<Option<Event>, ReadError> {
        loop {
            let mut bytes = Vec::new();
            self.input.read_until(b'\n', &mut bytes)?;
            self.line += 1;
            if bytes.is_empty() {
                return Ok(None);
            }
            let whole = bytes.ends_with(b"\n");
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            // The header of the next part, where the files of a recording are read one after the other.
            if bytes.starts_with(b"{")
                && let Ok(Header { sacpilot: Some(origin), .. }) = serde_json::from_slice(&bytes)
                && let Some(part) = origin.part
            {
                self.after = Duration::from_micros(part.after_us);
                continue;
            }
            return match self.parse(&bytes) {
                Ok(event) => Ok(Some(event)),
                Err(_) if !whole => {
                    self.torn = true;
                    Ok(None)
                }
                Err(reason) => Err(ReadError::Event { line: self.line, reason }),
            };
        }
    }

    fn parse(&self, line: &[u8]) -> Result<Event, String> {
        let (seconds, code, data): (f64, String, String) =
            serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let at = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
        let at = self.after.saturating_add(at);
        let bytes = |data: String| {
            if self.header.sacpilot.is_some() { raw_text::bytes_of(&data) } else { data.into_bytes() }
        };
        let kind = match code.as_str() {
            "o" => Kind::Output(bytes(data)),
            "i" => Kind::Input(bytes(data)),
            "m" => Kind::Mark(data),
            "e" if self.header.sacpilot.is_some() => Kind::Told(data),
            _ => Kind::Other { code, data },
        };
        Ok(Event { at, kind })
    }
}

impl<R: BufRead> Iterator for CastReader<R> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::writer::CastWriter;
    use super::*;

    fn read(text: &str) -> Result<(Vec<Event>, bool), ReadError> {
        let mut reader = CastReader::new(text.as_bytes())?;
        let events = reader.by_ref().collect::<Result<_, _>>()?;
        Ok((events, reader.torn()))
    }

    const FOREIGN: &str =
        "{\"version\": 2, \"width\": 100, \"height\": 30, \"env\": {\"TERM\": \"xterm\"}}\n";

    #[test]
    fn recordings_of_other_tools_are_read() {
        let text = format!("{FOREIGN}[0.5, \"o\", \"a\u{10FE80}\"]\n\n[1, \"r\", \"80x24\"]\n");
        let (events, torn) = read(&text).unwrap();
        let expected = [
            Event { at: Duration::from_millis(500), kind: Kind::Output("a\u{10FE80}".into()) },
            Event {
                at: Duration::from_secs(1),
                kind: Kind::Other { code: "r".to_owned(), data: "80x24".to_owned() },
            },
        ];
        assert_eq!((events.as_slice(), torn), (&expected[..], false));
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let cases = [
            ("", "recording-header"),
            ("hello\n", "recording-header"),
            ("{\"width\": 80}\n", "recording-header"),
            ("{\"version\": 2}\n", "recording-header"),
            ("{\"version\": 3, \"term\": {}}\n", "recording-version"),
            (
                "{\"version\":2,\"width\":80,\"height\":24,\"sacpilot\":{\"format\":3,\"tool\":\"9\",\"endpoint\":\"\"}}\n",
                "recording-version",
            ),
            (&format!("{FOREIGN}[1, \"o\"]\n"), "recording-event"),
            (&format!("{FOREIGN}[-1, \"o\", \"\"]\n"), "recording-event"),
            (&format!("{FOREIGN}[1, \"o\", \"a\"\n[2, \"o\", \"b\"]\n"), "recording-event"),
        ];
        for (text, code) in cases {
            let error = read(text).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.help().is_empty());
        }
    }

    #[test]
    fn a_killed_recorder_leaves_a_usable_prefix() {
        let mut file = Vec::new();
        let mut cast = CastWriter::start(&mut file, &Header::of_console("pty:x", 0)).unwrap();
        for second in 0..4 {
            cast.output(Duration::from_secs(second), "é\r\n".as_bytes()).unwrap();
        }
        let header = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in header..=file.len() {
            let mut reader = CastReader::new(&file[..end]).unwrap();
            let events: Vec<_> = reader.by_ref().collect::<Result<_, _>>().unwrap();
            let lines = file[header..end].split(|byte| *byte == b'\n').filter(|line| line.ends_with(b"]"));
            assert_eq!(events.len(), lines.count(), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(events in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..20)), 0..20)) {
            let mut file = Vec::new();
            let mut cast = CastWriter::start(&mut file, &Header::of_console("x", 0)).unwrap();
            for (number, (output, bytes)) in events.iter().enumerate() {
                let at = Duration::from_millis(number as u64);
                if *output { cast.output(at, bytes).unwrap() } else { cast.input(at, bytes).unwrap() }
            }
            cast.finish(Duration::from_secs(1)).unwrap();
            let (mut output, mut input) = (Vec::new(), Vec::new());
            for event in CastReader::new(file.as_slice()).unwrap() {
                match event.unwrap().kind {
                    Kind::Output(bytes) => output.extend(bytes),
                    Kind::Input(bytes) => input.extend(bytes),
                    other => panic!("{other:?}"),
                }
            }
            let sent = |wanted| events.iter().filter(|(way, _)| *way == wanted).flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
            prop_assert_eq!(output, sent(true));
            prop_assert_eq!(input, sent(false));
        }
    }
}
