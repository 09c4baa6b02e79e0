//! Commands that only read, together in one line: each in a child of its own, and behind its output a frame with its
//! exit code. What a line costs on a slow bridge (an echo, an Enter, a report, a page) they cost once.

use std::time::Duration;

use tokio::time::Instant;

use super::cmd::{LONGEST_CALL, Work, typed_line};
use super::escape::escape_for_child;
use super::session::Session;
use super::{Outcome, ShellError};
use crate::encoding::{Decoded, decode_output};

/// The exit code of a program that Ctrl-C ended (`STATUS_CONTROL_C_EXIT`).
const CONTROL_C: i32 = 0xC000_013A_u32.cast_signed();

impl Session {
    /// How many of these commands, from the first on, one line holds. None on a line that alters bytes: a long one seldom
    /// comes through there.
    pub fn fitting(&self, commands: &[&str]) -> usize {
        if self.console().typing().noisy { 0 } else { fitting(commands) }
    }

    /// Runs the first of these commands together, as many as one line holds, and says how each ended. They are executed
    /// one after the other, as [`Session::cmd`] would; `timeout` is for all of them. None of them may change anything,
    /// since after a loss they are all executed again.
    ///
    /// Empty: [`Session::fitting`] says fewer than two, or what came back could not be told apart. Then each is to be sent
    /// on its own.
    ///
    /// # Errors
    /// [`ShellError`]
    pub async fn together(
        &mut self,
        commands: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Outcome>, ShellError> {
        let commands = &commands[..self.fitting(commands)];
        if commands.len() < 2 {
            return Ok(Vec::new());
        }
        Box::pin(self.at_prompt()).await?;
        let began = Instant::now();
        let call = self.next_call();
        let (_, bytes) = Box::pin(self.work(&Work::Together(commands), &call, timeout)).await?;
        let elapsed = began.elapsed() / commands.len() as u32;
        let Some(parts) = parted(&bytes, &call, commands.len()) else {
            tracing::debug!("the outputs of commands that went together could not be told apart");
            return Ok(Vec::new());
        };
        // One that was too slow was interrupted, and what it wrote may be cut.
        if parts.iter().any(|(code, _)| *code == CONTROL_C) {
            return Ok(Vec::new());
        }
        let outcome = |(code, bytes): (i32, &[u8])| {
            let Decoded { text, lossy, .. } = decode_output(bytes, self.code_page());
            Outcome { code, bytes: bytes.to_vec(), text, lossy, elapsed }
        };
        Ok(parts.into_iter().map(outcome).collect())
    }
}

/// How many of the commands fit into a line.
fn fitting(commands: &[&str]) -> usize {
    // What the console's code page becomes is asked for after each command that sets it.
    let plain = commands.iter().take_while(|command| !command.to_ascii_lowercase().contains("chcp")).count();
    (0..=plain)
        .rev()
        .find(|count| typed_line(&Work::Together(&commands[..*count]), LONGEST_CALL).is_ok())
        .unwrap_or_default()
}

/// What runs them. `call` expands its line a second time, when the exit code is there; at a prompt cmd leaves
/// `%^errorlevel%` as it is the first time, but for the caret.
pub(super) fn children(commands: &[&str], call: &str) -> String {
    let child = |(index, command): (usize, &&str)| {
        let command = escape_for_child(command);
        format!("cmd /d/s/c ^\"{command}^\"&call echo #{call} {index} %^errorlevel%")
    };
    commands.iter().enumerate().map(child).collect::<Vec<_>>().join("&")
}

/// The exit code and the output of each, between the frames. Nothing that a command prints holds the name of the call
/// that it is part of: it was made for this line, and the machine has it in no file but one of ours.
fn parted<'b>(bytes: &'b [u8], call: &str, count: usize) -> Option<Vec<(i32, &'b [u8])>> {
    let mut rest = bytes;
    let mut parts = Vec::new();
    for index in 0..count {
        let frame = format!("#{call} {index} ");
        let at = rest.windows(frame.len()).position(|window| window == frame.as_bytes())?;
        let (output, behind) = rest.split_at(at);
        let behind = &behind[frame.len()..];
        let end = behind.windows(2).position(|window| window == b"\r\n")?;
        let code = std::str::from_utf8(&behind[..end]).ok()?.parse().ok()?;
        parts.push((code, output));
        rest = &behind[end + 2..];
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_output_is_between_its_frames() {
        let bytes = b"one\r\n#7abc 0 0\r\n#7abc 1 -1073741510\r\nno end#7abc 2 1\r\n";
        let parts = parted(bytes, "7abc", 3).unwrap();
        assert_eq!(parts, [(0, &b"one\r\n"[..]), (-1_073_741_510, b""), (1, b"no end")]);
        for damaged in [
            &b"one\r\n#7abc 0 0\r\n"[..],
            b"#7abc 0 0\r\n#7abc 2 0\r\n#7abc 1 0\r\n",
            b"#7abc 0 0\r\n#7abc 1 x\r\n#7abc 2 0\r\n",
            b"#7abc 0 0\r\n#7abc 1 0\r\n#7abc 2 0",
            b"#7abc 0 0\r\n#7abc 1 0\r\n#7abc 2 0\r\nmore",
            b"",
        ] {
            assert_eq!(parted(damaged, "7abc", 3), None, "{}", String::from_utf8_lossy(damaged));
        }
    }

    #[test]
    fn as_many_as_one_line_holds() {
        let long = "x".repeat(500);
        assert_eq!(fitting(&["ver", "ver"]), 2);
        assert_eq!(fitting(&[&long, &long, &long]), 2);
        assert_eq!(fitting(&["ver", "chcp", "ver"]), 1);
        assert_eq!(fitting(&[&"x".repeat(2_000)]), 0);
        assert_eq!(fitting(&[]), 0);
        assert_eq!(
            children(&["ver", "a & b"], "7abc"),
            "cmd /d/s/c ^\"ver^\"&call echo #7abc 0 %^errorlevel%&cmd /d/s/c ^\"a ^& b^\"&call echo #7abc 1 %^errorlevel%"
        );
    }
}
