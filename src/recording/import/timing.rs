//! The timing file of util-linux `script`: `--timing` (delay and count a line), and the kind with a letter in front of
//! them (`--logging-format advanced`).

use std::io::BufRead;
use std::time::Duration;

use crate::recording::ReadError;

/// Reads a timing file.
pub(super) struct Timing {
    input: Box<dyn BufRead + Send>,
    line: usize,
    at: Duration,
}

/// So many bytes of the log, then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Portion {
    pub(super) at: Duration,
    pub(super) count: usize,
    /// They were typed, not shown.
    pub(super) typed: bool,
}

impl Timing {
    pub(super) fn new(input: Box<dyn BufRead + Send>) -> Self {
        Self { input, line: 0, at: Duration::ZERO }
    }

    /// The next portion; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError::Timing`]
    pub(super) fn next(&mut self) -> Result<Option<Portion>, ReadError> {
        loop {
            let mut text = String::new();
            if self.input.read_line(&mut text)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let mut words = text.split_whitespace();
            let Some(first) = words.next() else { continue };
            let wrong = || ReadError::Timing { line: self.line, text: text.trim_end().to_owned() };
            // O output, I input, S signal, H about the session.
            let (kind, delay) = match first {
                "O" | "I" | "S" | "H" => (first, words.next().ok_or_else(wrong)?),
                _ => ("O", first),
            };
            let delay: f64 = delay.replace(',', ".").parse().map_err(|_| wrong())?;
            self.at += Duration::try_from_secs_f64(delay).map_err(|_| wrong())?;
            if kind == "S" || kind == "H" {
                continue;
            }
            let count = words.next().and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
            return Ok(Some(Portion { at: self.at, count, typed: kind == "I" }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &'static str) -> Result<Vec<(u128, usize, bool)>, ReadError> {
        let mut timing = Timing::new(Box::new(Cursor::new(text)));
        let mut portions = Vec::new();
        while let Some(portion) = timing.next()? {
            portions.push((portion.at.as_millis(), portion.count, portion.typed));
        }
        Ok(portions)
    }

    #[test]
    fn both_kinds_are_read() {
        assert_eq!(read("0.5 10\n1.25 3\n").unwrap(), [(500, 10, false), (1750, 3, false)]);
        let advanced =
            "H 0.000000 START_TIME 2026-11-28\nO 0.5 10\nI 0.25 1\nS 1.0 SIGWINCH ROWS=24\nO 0,5 2\n";
        assert_eq!(read(advanced).unwrap(), [(500, 10, false), (750, 1, true), (2250, 2, false)]);
        for wrong in ["x 1\n", "0.5\n", "0.5 -1\n", "-1 5\n", "O\n"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("line 1 of the timing file"), "{error}");
        }
    }
}
