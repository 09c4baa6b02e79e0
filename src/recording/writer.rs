//! Writes asciicast v2.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use super::cast::Header;
use super::raw_text::RawText;

/// Writes events, each as one line in one write. Secrets are the caller's business ([`super::Recorder`]).
#[derive(Debug)]
pub struct CastWriter<W> {
    out: W,
    last: Duration,
    /// When the part began that is written.
    after: Duration,
    written: u64,
    output: RawText,
    input: RawText,
}

impl<W: Write> CastWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What `out` says.
    pub fn start(mut out: W, header: &Header) -> io::Result<Self> {
        let mut line = serde_json::to_string(header)?;
        line.push('\n');
        out.write_all(line.as_bytes())?;
        Ok(Self {
            out,
            last: Duration::ZERO,
            after: Duration::ZERO,
            written: line.len() as u64,
            output: RawText::default(),
            input: RawText::default(),
        })
    }

    /// Ends this file and goes on in another one, whose times begin at `at`.
    ///
    /// # Errors
    /// What either file says.
    pub fn go_on_in(&mut self, out: W, header: &Header, number: u32, at: Duration) -> io::Result<()> {
        self.finish(at)?;
        let after = self.last;
        *self = Self::start(out, &header.of_part(number, after))?;
        (self.last, self.after) = (after, after);
        Ok(())
    }

    /// How much was written to this file, in bytes.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// How long this file goes by now.
    pub fn length(&self) -> Duration {
        self.last.saturating_sub(self.after)
    }

    /// Brings what was written on its way to the file: a compressor may hold it back.
    ///
    /// # Errors
    /// What the file says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// The console sent `bytes`.
    ///
    /// # Errors
    /// What the file says.
    pub fn output(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        let text = self.output.push(bytes);
        self.event(at, 'o', &text)
    }

    /// `bytes` were sent to the console.
    ///
    /// # Errors
    /// What the file says.
    pub fn input(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        let text = self.input.push(bytes);
        self.event(at, 'i', &text)
    }

    /// Sets a mark.
    ///
    /// # Errors
    /// What the file says.
    pub fn mark(&mut self, at: Duration, label: &str) -> io::Result<()> {
        self.write(at, 'm', label)
    }

    /// What the program told of its run: one event, as JSON.
    ///
    /// # Errors
    /// What the file says.
    pub fn told(&mut self, at: Duration, event: &str) -> io::Result<()> {
        self.write(at, 'e', event)
    }

    /// Writes what is left of unfinished characters.
    ///
    /// # Errors
    /// What the file says.
    pub fn finish(&mut self, at: Duration) -> io::Result<()> {
        let (output, input) = (self.output.finish(), self.input.finish());
        self.event(at, 'o', &output)?;
        self.event(at, 'i', &input)?;
        self.out.flush()
    }

    fn event(&mut self, at: Duration, code: char, text: &str) -> io::Result<()> {
        if text.is_empty() { Ok(()) } else { self.write(at, code, text) }
    }

    fn write(&mut self, at: Duration, code: char, text: &str) -> io::Result<()> {
        // Players take times to grow.
        self.last = self.last.max(at);
        let at = self.length();
        let mut line = format!("[{}.{:06}, \"{code}\", \"", at.as_secs(), at.subsec_micros());
        text.chars().for_each(|character| escape(character, &mut line));
        line.push_str("\"]\n");
        self.written += line.len() as u64;
        self.out.write_all(line.as_bytes())
    }
}

/// A character inside a JSON string. Control characters are escaped, those of Latin-1 too, so that looking at the
/// file does not send them to a terminal.
fn escape(character: char, line: &mut String) {
    match character {
        '"' => line.push_str("\\\""),
        '\\' => line.push_str("\\\\"),
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        control if control.is_control() => {
            let _ = write!(line, "\\u{:04x}", u32::from(control));
        }
        other => line.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_a_line_that_players_read() {
        let mut file = Vec::new();
        let header = Header::of_console("sim:default", 1_700_000_000);
        let mut cast = CastWriter::start(&mut file, &header).unwrap();
        cast.output(Duration::from_millis(1500), b"\x1b[2J\"C:\\>\"\r\n\xED").unwrap();
        cast.output(Duration::from_secs(2), b"\x95").unwrap();
        cast.input(Duration::from_secs(1), b"dir\r").unwrap();
        cast.output(Duration::from_secs(3), "\u{9C}\u{85}".as_bytes()).unwrap();
        cast.mark(Duration::from_secs(61), "step 1").unwrap();
        cast.finish(Duration::from_secs(61)).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            String::from_utf8(file).unwrap(),
            format!(
                r#"{{"version":2,"width":80,"height":24,"timestamp":1700000000,"title":"sim:default","sacpilot":{{"format":2,"tool":"{version}","endpoint":"sim:default"}}}}
[1.500000, "o", "\u001b[2J\"C:\\>\"\r\n"]
[1.500000, "i", "dir\r"]
[3.000000, "o", "{}\u009c\u0085"]
[61.000000, "m", "step 1"]
"#,
                "\u{10FEED}\u{10FE95}"
            )
        );
    }
}
