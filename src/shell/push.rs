//! A file for the machine: packed where the machine can unpack, typed as base64 in blocks of which each is proven by
//! its hash before it counts, and moved to its place whole.
//!
//! What has come so far lies in a file named after the content, outside the session's own: after a lost line, a
//! program that was killed, or a restart of the machine the next try asks how much of it is right and goes on there.

use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::cabinet;
use super::carrier::{self, Neighbours};
use super::fetch::hex;
use super::machine_file::{READING, hashes, last_line};
use super::session::Session;
use super::{Came, ShellError, TransferProgress};

/// Characters of base64 typed in one line; the echo of each line is proven on the screen.
const LINE: usize = 1_380;
/// … on a line that alters bytes, where each try of a short one is likelier to come out right.
const LINE_NOISY: usize = 60;
/// Bytes in a block.
const BLOCK: usize = 48 * 1024;
/// … on a line that alters bytes.
const BLOCK_NOISY: usize = 6 * 1024;
/// How long a command about what has come may take.
const COMMAND: Duration = Duration::from_mins(2);
/// How often a block that came altered is typed again, and how often a lost line is answered by going on.
const TRIES: u32 = 5;

/// A file as it goes over the line.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What is typed, as bytes.
    carried: Vec<u8>,
    form: Form,
    /// SHA-256 of the file itself, lower-case hex.
    hash: String,
    /// Bytes of the file itself.
    size: u64,
}

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A cabinet, which `expand` makes the file of, with its time.
    Cabinet,
    /// The file as it is.
    Plain,
}

/// How a file came to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Bytes that were there from an earlier try.
    pub resumed: u64,
    /// Whether the file has its time.
    pub kept_time: bool,
}

impl Outgoing {
    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that are brought over, before base64.
    pub fn carried(&self) -> u64 {
        self.carried.len() as u64
    }

    /// SHA-256 of the file, lower-case hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl Session {
    /// Makes a file ready for the line, as the machine can take it.
    pub async fn pack(&mut self, content: &[u8], modified: Timestamp) -> Result<Outgoing, ShellError> {
        let tools = self.tools().await?;
        let packed = (tools.unpacks && !content.is_empty())
            .then(|| cabinet::pack(content, tools.on_its_clock(modified)).ok())
            .flatten();
        let (carried, form) = match packed {
            Some(cabinet) => (cabinet, Form::Cabinet),
            None => (content.to_vec(), Form::Plain),
        };
        let hash = hex(&Sha256::digest(content));
        Ok(Outgoing { carried, form, hash, size: content.len() as u64 })
    }

    /// Writes a file: whole and unaltered, or not at all; what stood at `path` before stays until then. `path` may hold
    /// variables of the environment, and is put between double quotes.
    ///
    /// # Errors
    /// [`ShellError::NotUploaded`] when the machine could not write it. What has come stays for the next try.
    pub async fn push(
        &mut self,
        path: &str,
        file: &Outgoing,
        progress: &mut TransferProgress<'_>,
    ) -> Result<Sent, ShellError> {
        let staged = format!("%SystemRoot%\\Temp\\sacpilot-{}", &hex(&Sha256::digest(&file.carried))[..12]);
        let resumed = self.bring(&staged, &file.carried, progress).await?;
        let part = format!("{path}.sacpilot-part");
        let make = match file.form {
            Form::Cabinet => format!("expand {staged}.w \"{part}\""),
            Form::Plain if file.carried.is_empty() => format!("type nul>\"{part}\""),
            Form::Plain => format!("copy /b/y {staged}.w \"{part}\""),
        };
        let made = self.cmd(&make, READING).await?;
        if made.code != 0 {
            let reason = format!("{path} cannot be written: {}", last_line(&made.text));
            return Err(ShellError::NotUploaded { reason });
        }
        if file.size > 0 {
            let hashed = self.cmd(&format!("certutil -hashfile \"{part}\" SHA256"), READING).await?;
            if !hashes(&hashed.text).contains(&file.hash) {
                self.cmd(&format!("del \"{part}\" {staged}.w"), COMMAND).await?;
                let reason = "the SHA-256 on the machine is another one".to_owned();
                return Err(ShellError::NotUploaded { reason });
            }
        }
        let moved = self.cmd(&format!("move /y \"{part}\" \"{path}\""), COMMAND).await?;
        if moved.code != 0 {
            let reason = format!("it could not be moved to {path}: {}", last_line(&moved.text));
            self.cmd(&format!("del \"{part}\""), COMMAND).await?;
            return Err(ShellError::NotUploaded { reason });
        }
        self.cmd(&format!("del {staged}.w"), COMMAND).await?;
        Ok(Sent { resumed, kept_time: file.form == Form::Cabinet })
    }

    /// Writes a small file for a step of a script.
    ///
    /// # Errors
    /// As [`Session::push`].
    pub async fn upload(&mut self, path: &str, content: &[u8], timeout: Duration) -> Result<(), ShellError> {
        let until = Instant::now() + timeout;
        let (hash, size) = (hex(&Sha256::digest(content)), content.len() as u64);
        let file = Outgoing { carried: content.to_vec(), form: Form::Plain, hash, size };
        let mut late = |_: Came<'_>| Instant::now() < until;
        self.push(path, &file, &mut late).await.map(|_| ())
    }

    /// Brings `bytes` into `{staged}.w`; returns how many of them were there.
    async fn bring(
        &mut self,
        staged: &str,
        bytes: &[u8],
        progress: &mut TransferProgress<'_>,
    ) -> Result<u64, ShellError> {
        let mut there = self.there(staged, bytes).await?;
        let resumed = there as u64;
        let mut failures = 0;
        while there < bytes.len() {
            let noisy = self.console().typing().noisy;
            let size = if noisy { BLOCK_NOISY } else { BLOCK };
            let block = &bytes[there..bytes.len().min(there + size)];
            match self.block(staged, there, block, bytes.len(), progress).await {
                Ok(true) => {
                    there += block.len();
                    failures = 0;
                    continue;
                }
                Ok(false) => {
                    tracing::debug!(there, "a block came altered; typing it again");
                    self.console_mut().learn_noise();
                }
                Err(error) if error.is_stop() || !may_go_on(&error) => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a block was broken off; asking what has come");
                    self.recover(error).await?;
                }
            }
            failures += 1;
            if failures > TRIES {
                let reason = format!(
                    "a block came altered again and again; {there} of {} bytes are there",
                    bytes.len()
                );
                return Err(ShellError::NotUploaded { reason });
            }
            there = self.there(staged, bytes).await?;
        }
        Ok(resumed)
    }

    /// How many bytes of the beginning are on the machine, proven by their hash. What is not is deleted.
    async fn there(&mut self, staged: &str, bytes: &[u8]) -> Result<usize, ShellError> {
        let look = format!("for %A in ({staged}.w) do @echo =%~zA=&certutil -hashfile {staged}.w SHA256");
        let text = self.cmd(&look, READING).await?.text;
        let size = text.split('=').nth(1).and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size.filter(|size| *size > 0) else { return Ok(0) };
        let right =
            bytes.get(..size).is_some_and(|begun| hashes(&text).contains(&hex(&Sha256::digest(begun))));
        if right {
            return Ok(size);
        }
        self.cmd(&format!("del {staged}.w"), COMMAND).await?;
        Ok(0)
    }

    /// Types one block and has it appended when it came right.
    async fn block(
        &mut self,
        staged: &str,
        at: usize,
        block: &[u8],
        total: usize,
        progress: &mut TransferProgress<'_>,
    ) -> Result<bool, ShellError> {
        let typing = self.console().typing();
        let longest = if typing.noisy { LINE_NOISY } else { LINE };
        let neighbours = if typing.splits_neighbours { Neighbours::Apart } else { Neighbours::Together };
        let lines = carrier::lines(block, longest, neighbours);
        for (index, line) in lines.iter().enumerate() {
            let done = at + block.len() * index / lines.len();
            if !progress(Came { done: done as u64, total: total as u64, new: &[] }) {
                let reason = format!("only {done} of {total} bytes were typed in time");
                return Err(ShellError::NotUploaded { reason });
            }
            let to = if index == 0 { ">" } else { ">>" };
            self.at_prompt().await?;
            // The redirection comes first: a digit at the end of the line would be taken for a handle.
            // On an empty screen: where a console sends differences, each row that scrolls costs the whole screen.
            self.type_and_enter(&format!("(cls&{to}%SP%.u echo {line})")).await?;
            self.await_next_prompt().await?;
        }
        let hash = hex(&Sha256::digest(block));
        let parted: Vec<&str> = (0..32).map(|byte| &hash[2 * byte..2 * byte + 2]).collect();
        let append = if at == 0 {
            format!("move /y %SP%.v {staged}.w")
        } else {
            format!("copy /b {staged}.w+%SP%.v {staged}.w")
        };
        let command = format!(
            "certutil -f -decode %SP%.u %SP%.v>nul&(certutil -hashfile %SP%.v SHA256|findstr /i /c:\"{hash}\" /c:\"{}\")&&{append}",
            parted.join(" ")
        );
        Ok(self.cmd(&command, READING).await?.code == 0)
    }

    /// Gets back to the prompt after something went wrong between two commands.
    pub(super) async fn recover(&mut self, error: ShellError) -> Result<(), ShellError> {
        match error {
            ShellError::Sac(crate::sac::SacError::Console(cause))
            | ShellError::OutcomeUnknown { cause }
            | ShellError::LostBeforeEnter { cause } => self.regain(cause).await,
            ShellError::NotStarted { .. } => Ok(()),
            error => Err(error),
        }
    }
}

/// Whether asking the machine what it has can help.
pub(super) fn may_go_on(error: &ShellError) -> bool {
    matches!(
        error,
        ShellError::Sac(crate::sac::SacError::Console(_))
            | ShellError::OutcomeUnknown { .. }
            | ShellError::LostBeforeEnter { .. }
            | ShellError::NotStarted { .. }
    )
}
