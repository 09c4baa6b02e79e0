//! A file for the machine: typed as base64, proven by its hash there, and only then moved to its place.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::ShellError;
use super::fetch::hex;
use super::session::Session;

/// Characters of base64 typed in one line; the echo of each line is proven on the screen.
const PIECE: usize = 1_150;
/// How long a command of the transfer may take.
const COMMAND: Duration = Duration::from_mins(2);
/// How often a file that came altered is typed again.
const TRIES: u32 = 3;

impl Session {
    /// Writes a file: whole and unaltered, or not at all. `path` may hold variables of the environment, and is put
    /// between double quotes.
    ///
    /// # Errors
    /// [`ShellError`]; [`ShellError::NotUploaded`] when the machine could not write it.
    pub async fn upload(&mut self, path: &str, content: &[u8], timeout: Duration) -> Result<(), ShellError> {
        let until = Instant::now() + timeout;
        let digest = hex(&Sha256::digest(content));
        let mut reason = String::new();
        for _ in 0..TRIES {
            self.type_pieces(content, until).await?;
            // An empty file has no base64, and nothing that certutil would decode.
            let decode =
                if content.is_empty() { "type nul>%SP%.w" } else { "certutil -f -decode %SP%.u %SP%.w" };
            let decoded = self.cmd(decode, COMMAND).await?;
            if decoded.code != 0 {
                reason = format!("certutil answered {}: {}", decoded.code, last_line(&decoded.text));
                continue;
            }
            if !content.is_empty() {
                let hashed = self.cmd("certutil -hashfile %SP%.w SHA256", COMMAND).await?;
                if !hashed.text.to_lowercase().replace(' ', "").contains(&digest) {
                    "the SHA-256 on the machine is another one".clone_into(&mut reason);
                    continue;
                }
            }
            let moved = self.cmd(&format!("move /y %SP%.w \"{path}\""), COMMAND).await?;
            if moved.code == 0 {
                return Ok(());
            }
            let reason = format!("it could not be moved to {path}: {}", last_line(&moved.text));
            return Err(ShellError::NotUploaded { reason });
        }
        Err(ShellError::NotUploaded { reason })
    }

    async fn type_pieces(&mut self, content: &[u8], until: Instant) -> Result<(), ShellError> {
        let text = STANDARD.encode(content);
        let pieces: Vec<&str> = text
            .as_bytes()
            .chunks(PIECE)
            .map(|piece| std::str::from_utf8(piece).unwrap_or_default())
            .collect();
        for (index, piece) in pieces.iter().enumerate() {
            if Instant::now() >= until {
                let reason = format!("only {index} of {} lines were typed in time", pieces.len());
                return Err(ShellError::NotUploaded { reason });
            }
            let to = if index == 0 { ">" } else { ">>" };
            self.at_prompt().await?;
            // The redirection comes first: a digit at the end of the piece would be taken for a handle.
            self.type_and_enter(&format!("({to}%SP%.u echo {piece})")).await?;
            self.await_next_prompt().await?;
        }
        Ok(())
    }
}

fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default()
}
