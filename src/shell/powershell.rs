//! A PowerShell script: carried over as a file, its hash proven, run by a `powershell.exe` of its own.
//!
//! Not typed at a PowerShell prompt: there nothing proves what PSReadLine, a wrapped line or a difference renderer
//! makes of it. So everything that holds for one cmd command (the echo proven before Enter, the receipt, the exact
//! output, the code) holds for a script of any length.
//!
//! ```text
//!  %SP%.ps1               the carrier, once in a session: runs a script file whose SHA-256 it is told
//!  %SP%.0123456789ab.ps1  the script, once in a session however often it runs
//!  %SP%.v                 what the carrier notes of a script that did not simply end
//!
//!  exit code of powershell.exe = key << 16 | ending        key: 15 bits of the script's SHA-256
//! ```
//!
//! The key proves that the carrier spoke: a `powershell.exe` that is missing, forbidden or killed has another code.
//! The carrier stops the script at its first error (`$ErrorActionPreference`), and tells an exit code from an error
//! that ended the script.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::fetch::hex;
use super::session::Session;
use super::{Outcome, ShellError};

/// The carrier. PowerShell 3 and newer, so Windows Server 2012 and newer.
const CARRIER: &str = include_str!("carrier.ps1");
/// How long reading a note may take.
const READING: Duration = Duration::from_mins(1);
/// Endings that are no exit code: an error that nothing caught, a code that does not fit, a file that differs.
const THROWN: u32 = 0xFFFF;
const LARGE: u32 = 0xFFFE;
const DIFFERS: u32 = 0xFFFD;
/// The largest exit code that stands in the ending.
const LARGEST_CODE: u32 = 65_000;

/// How a script ended, as far as the exit code of its `powershell.exe` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ended with this code: that of `exit`, or of the last program it started.
    Code(i32),
    /// It began, and the note says more.
    Noted,
    /// Its file differs; nothing of it ran.
    Differs,
    /// The carrier did not say this.
    Foreign,
}

/// What an exit code of `powershell.exe` says about `script`.
pub fn ending(script: &str, code: i32) -> Ending {
    let file = Carried::of(script);
    let bits = u32::from_ne_bytes(code.to_ne_bytes());
    if bits >> 16 != file.key {
        return Ending::Foreign;
    }
    match bits & 0xFFFF {
        THROWN | LARGE => Ending::Noted,
        DIFFERS => Ending::Differs,
        code if code <= LARGEST_CODE => Ending::Code(code as i32),
        _ => Ending::Foreign,
    }
}

/// A script as a file on the machine.
struct Carried {
    bytes: Vec<u8>,
    hash: String,
    key: u32,
}

impl Carried {
    fn of(script: &str) -> Self {
        // Windows PowerShell reads a file without the mark in the machine's ANSI code page.
        let mut bytes = b"\xEF\xBB\xBF".to_vec();
        for line in script.trim_end().lines() {
            bytes.extend(line.as_bytes());
            bytes.extend(b"\r\n");
        }
        let digest = Sha256::digest(&bytes);
        let key = (u32::from(digest[0]) << 8 | u32::from(digest[1]) | 1) & 0x7FFF;
        Self { bytes, hash: hex(&digest), key }
    }

    fn path(&self) -> String {
        format!("%SP%.{}.ps1", &self.hash[..12])
    }
}

impl Session {
    /// Runs a script in a Windows PowerShell of its own: without profile, without questions, stopped at its first
    /// error. The outcome's code is that of `exit`, or of the last program that the script started, or 0.
    ///
    /// # Errors
    /// [`ShellError::ScriptFailed`]: an error that the script did not catch ended it.
    /// [`ShellError::NoPowerShell`]: the machine does not run it.
    pub async fn powershell(
        &mut self,
        script: &str,
        timeout: Duration,
        receipt: Option<u64>,
    ) -> Result<Outcome, ShellError> {
        let began = Instant::now();
        let file = Carried::of(script);
        self.carry("%SP%.ps1", CARRIER.replace('\n', "\r\n").as_bytes(), timeout).await?;
        self.carry(&file.path(), &file.bytes, timeout).await?;
        let call = self.next_call();
        let command = format!(
            "\"%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\" -NoLogo -NoProfile -NonInteractive \
             -ExecutionPolicy Bypass -File \"%SP%.ps1\" {} {call}",
            file.hash
        );
        let outcome = match receipt {
            Some(receipt) => self.cmd_with_receipt(&command, timeout, receipt).await?,
            None => self.cmd(&command, timeout).await?,
        };
        let ending = ending(script, outcome.code);
        let outcome = Outcome { elapsed: began.elapsed(), ..told(outcome) };
        match ending {
            Ending::Code(code) => Ok(Outcome { code, ..outcome }),
            Ending::Noted => {
                let note = self.note(&call).await?;
                note.ending(outcome)
            }
            Ending::Differs => {
                self.forget_carried();
                let reason = "its file on the machine is another one than was put there".to_owned();
                Err(ShellError::NoPowerShell { reason, begun: false })
            }
            Ending::Foreign => {
                // Where it did not begin, what the carrier notes first is not there.
                let begun = self.note(&call).await?.what != Noted::Nothing;
                self.forget_carried();
                let said = outcome.text.split_whitespace().collect::<Vec<_>>().join(" ");
                let mut reason = format!("powershell.exe ended with code {}", outcome.code);
                if !said.is_empty() {
                    reason.push_str(" and said: ");
                    reason.extend(said.chars().take(300));
                }
                Err(ShellError::NoPowerShell { reason, begun })
            }
        }
    }

    /// Puts a file there, once in a session.
    async fn carry(&mut self, path: &str, content: &[u8], timeout: Duration) -> Result<(), ShellError> {
        if self.has_carried(path) {
            return Ok(());
        }
        match self.upload(path, content, timeout).await {
            // Nothing of the script has run.
            Err(ShellError::NotUploaded { reason }) => Err(ShellError::NoPowerShell { reason, begun: false }),
            other => other,
        }?;
        self.carried(path);
        Ok(())
    }

    async fn note(&mut self, call: &str) -> Result<Note, ShellError> {
        let outcome = self.cmd("type %SP%.v", READING).await.map_err(ShellError::after_enter)?;
        Ok(Note::read(&told(outcome).text, call))
    }
}

/// What the carrier noted.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    what: Noted,
    line: String,
    id: String,
    message: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Noted {
    /// Nothing of this call.
    Nothing,
    /// That the script was begun.
    Begun,
    /// Its exit code.
    Ended(i32),
    /// The error that ended it.
    Thrown,
}

impl Note {
    fn read(text: &str, call: &str) -> Self {
        let mut lines = text.lines();
        let mut next = || lines.next().unwrap_or_default().trim().to_owned();
        let (named, kind, line, id) = (next() == call, next(), next(), next());
        let what = match kind.as_str() {
            _ if !named => Noted::Nothing,
            "thrown" => Noted::Thrown,
            "ended" => line.parse().map_or(Noted::Begun, Noted::Ended),
            "begun" => Noted::Begun,
            _ => Noted::Nothing,
        };
        let message = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        Self { what, line, id, message }
    }

    fn ending(self, outcome: Outcome) -> Result<Outcome, ShellError> {
        match self.what {
            Noted::Ended(code) => Ok(Outcome { code, ..outcome }),
            Noted::Thrown => Err(ShellError::ScriptFailed {
                message: self.message,
                line: self.line.parse().ok(),
                id: self.id,
                output: outcome.text,
            }),
            Noted::Begun | Noted::Nothing => {
                let reason = "what it noted of the script's end is not there".to_owned();
                Err(ShellError::NoPowerShell { reason, begun: true })
            }
        }
    }
}

/// Text that the console's code page lacks comes as UTF-8 behind its mark.
fn told(outcome: Outcome) -> Outcome {
    let Some(rest) = outcome.bytes.strip_prefix(b"\xEF\xBB\xBF") else { return outcome };
    let text = String::from_utf8_lossy(rest).into_owned();
    let lossy = text.contains(char::REPLACEMENT_CHARACTER);
    Outcome { text, lossy, ..outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::powershell::Syntax;

    #[test]
    fn the_carrier_is_powershell_and_ascii() {
        assert_eq!(Syntax::of(CARRIER).error(), None);
        assert!(CARRIER.is_ascii());
    }

    #[test]
    fn endings_are_told_apart() {
        let script = "exit 3";
        let key = Carried::of(script).key << 16;
        for (low, expected) in [
            (3, Ending::Code(3)),
            (0, Ending::Code(0)),
            (LARGEST_CODE, Ending::Code(65_000)),
            (THROWN, Ending::Noted),
            (LARGE, Ending::Noted),
            (DIFFERS, Ending::Differs),
            (65_400, Ending::Foreign),
        ] {
            assert_eq!(ending(script, (key | low) as i32), expected, "{low}");
        }
        // What Windows and cmd say when there is no PowerShell, or it was ended.
        for code in [0, 1, 3, 9009, -1_073_741_510, -196_608, 5] {
            assert_eq!(ending(script, code), Ending::Foreign, "{code}");
        }
    }

    #[test]
    fn notes_are_of_one_call() {
        let text = "17kbd\r\nthrown\r\n4\r\nRuntimeException\r\nno such\r\nservice\r\n";
        let note = Note::read(text, "17kbd");
        assert_eq!(note.what, Noted::Thrown);
        assert_eq!(
            (note.line.as_str(), note.id.as_str(), note.message.as_str()),
            ("4", "RuntimeException", "no such service")
        );
        assert_eq!(Note::read(text, "18xyz").what, Noted::Nothing);
        assert_eq!(
            Note::read("17kbd\r\nended\r\n-1073741819\r\n", "17kbd").what,
            Noted::Ended(-1_073_741_819)
        );
        assert_eq!(Note::read("17kbd\r\nbegun\r\n", "17kbd").what, Noted::Begun);
        assert_eq!(
            Note::read("The system cannot find the file specified.\r\n", "17kbd").what,
            Noted::Nothing
        );
    }
}
