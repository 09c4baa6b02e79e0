//! What the machine keeps of a command that changes something, so that its fate is known when the line, or the program
//! that typed it, is lost: small files beside the session's others. `.s` says which command was started, `.e` how it ended;
//! `.d` says both of a dialogue.

use std::time::Duration;

use super::ShellError;
use super::session::Session;

/// How long reading them may take.
const READING: Duration = Duration::from_mins(1);

/// Stands between the files.
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
        let asking =
            format!("type {files}.s & echo {BETWEEN}& type {files}.e & echo {BETWEEN}& type {files}.d");
        let outcome = self.cmd(&asking, READING).await?;
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

/// Each file holds its number, and behind it the code of one that ended. A file that is not there is an error text of
/// `type`.
fn read(text: &str, number: u64) -> Receipt {
    let of_ours = |file: &str| {
        let mut lines = file.lines().map(str::trim).filter(|line| !line.is_empty());
        let ours = lines.next()? == number.to_string();
        ours.then(|| lines.next().and_then(|line| line.parse().ok()))
    };
    let told: Vec<Option<i32>> = text.split(BETWEEN).filter_map(of_ours).collect();
    match told.iter().flatten().next() {
        Some(code) => Receipt::Ended { code: *code },
        None if told.is_empty() => Receipt::Nothing,
        None => Receipt::Started,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn started_and_ended_are_told_apart() {
        let missing = "The system cannot find the file specified.";
        for (started, ended, dialogue, expected) in [
            (missing, "45\r\n0\r\n", missing, Receipt::Ended { code: 0 }),
            (missing, "45\r\n-1073741510\r\n", missing, Receipt::Ended { code: -1_073_741_510 }),
            ("45\r\n", "44\r\n0\r\n", missing, Receipt::Started),
            ("45\r\n", missing, missing, Receipt::Started),
            (missing, "45\r\n", missing, Receipt::Started),
            (missing, "44\r\n0\r\n", missing, Receipt::Nothing),
            ("4\r\n", "455\r\n0\r\n", missing, Receipt::Nothing),
            (missing, missing, missing, Receipt::Nothing),
            (missing, "44\r\n45\r\n", "45\r\n0\r\n", Receipt::Ended { code: 0 }),
            (missing, "44\r\n0\r\n", "45\r\n", Receipt::Started),
            // A code that is the number of the next one.
            (missing, "44\r\n45\r\n", "43\r\n0\r\n", Receipt::Nothing),
        ] {
            assert_eq!(
                read(&format!("{started}\r\n{BETWEEN}\r\n{ended}\r\n{BETWEEN}\r\n{dialogue}"), 45),
                expected,
                "{started:?} {ended:?} {dialogue:?}"
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
