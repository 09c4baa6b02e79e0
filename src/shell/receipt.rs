//! What the machine keeps of a command that changes something, so that its fate is known when the line, or the program
//! that typed it, is lost: two small files beside the session's others.

use std::time::Duration;

use super::ShellError;
use super::session::Session;

/// How long reading them may take.
const READING: Duration = Duration::from_mins(1);

/// Stands between the two files.
const BETWEEN: &str = "=and=";

/// What the files of a session tell of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It was started and ended with this code.
    Ended {
        /// Exit code.
        code: i32,
    },
    /// It was started, and there is nothing about its end.
    Started,
    /// Nothing says that it was started.
    Nothing,
}

impl Session {
    /// The receipt with this number, of this session or of an earlier one that was not closed.
    pub async fn receipt(&mut self, session: &str, number: u64) -> Result<Receipt, ShellError> {
        if !is_id(session) {
            return Ok(Receipt::Nothing);
        }
        let files = files(session);
        let outcome = self.cmd(&format!("type {files}.s & echo {BETWEEN}& type {files}.e"), READING).await?;
        Ok(read(&outcome.text, number))
    }

    /// Deletes the temporary files of an earlier session that was not closed.
    pub async fn sweep(&mut self, session: &str) -> Result<(), ShellError> {
        if is_id(session) && session != self.id() {
            self.cmd(&format!("del /q {}.*", files(session)), READING).await?;
        }
        Ok(())
    }
}

fn files(session: &str) -> String {
    format!("%SystemRoot%\\Temp\\sp{session}")
}

/// It comes from a journal, and goes into a command.
fn is_id(session: &str) -> bool {
    !session.is_empty() && session.len() <= 16 && session.chars().all(|c| c.is_ascii_alphanumeric())
}

/// One that was started is its number; one that ended is its number and its code, a line each. A file that is not
/// there is an error text of `type`.
fn read(text: &str, number: u64) -> Receipt {
    let (started, ended) = text.split_once(BETWEEN).unwrap_or((text, ""));
    let after = |text: &str| {
        let mut lines = text.lines().map(str::trim).skip_while(|line| *line != number.to_string());
        lines.next().map(|_| lines.next().and_then(|line| line.parse().ok()))
    };
    match (after(ended), after(started)) {
        (Some(Some(code)), _) => Receipt::Ended { code },
        (Some(None), _) | (None, Some(_)) => Receipt::Started,
        (None, None) => Receipt::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn started_and_ended_are_told_apart() {
        let missing = "The system cannot find the file specified.";
        for (started, ended, expected) in [
            (missing, "45\r\n0\r\n", Receipt::Ended { code: 0 }),
            (missing, "45\r\n-1073741510\r\n", Receipt::Ended { code: -1_073_741_510 }),
            ("45\r\n", "44\r\n0\r\n", Receipt::Started),
            ("45\r\n", missing, Receipt::Started),
            (missing, "45\r\n", Receipt::Started),
            (missing, "44\r\n0\r\n", Receipt::Nothing),
            ("4\r\n", "455\r\n0\r\n", Receipt::Nothing),
            (missing, missing, Receipt::Nothing),
        ] {
            assert_eq!(
                read(&format!("{started}\r\n{BETWEEN}\r\n{ended}"), 45),
                expected,
                "{started:?} {ended:?}"
            );
        }
    }

    #[test]
    fn nothing_of_a_journal_becomes_a_command() {
        for id in ["", "a b", "x&del", "..\\x", "12345678901234567", "ü"] {
            assert!(!is_id(id), "{id}");
        }
        assert!(is_id("sk7q2a"));
    }
}
