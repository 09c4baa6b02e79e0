//! A command on a line that alters bytes: brought over in hex, each piece a file of its own, so that what is there stays
//! there when the line is lost in between. The helper runs it only when the SHA-256 of the whole is right.

use sha2::{Digest, Sha256};

use super::ShellError;
use super::fetch::hex;
use super::session::{PREPARATION, RETURNS, Session};
use crate::console::ConsoleError;

/// Bytes of a command in one piece, for each character that is typed at a time: a short line is likelier to come through
/// unaltered, a long one needs fewer looks, which cost 3,000 bytes each.
const PER_CHARACTER: usize = 3;
/// The shortest piece, in bytes of the command.
const SHORTEST: usize = 24;
/// The longest.
const LONGEST: usize = 120;

/// What the machine has of a command.
#[derive(Debug)]
pub(super) struct Brought {
    call: String,
    bytes: usize,
    pieces: usize,
}

/// Bytes in a piece where `chunk` characters are typed at a time: that number grows while echoes are right, and shrinks
/// when not.
fn piece(chunk: usize) -> usize {
    (chunk * PER_CHARACTER).clamp(SHORTEST, LONGEST)
}

impl Session {
    /// Brings a command over, beginning with what is missing, and returns the line that runs it. Nothing of it has run
    /// when this fails.
    pub(super) async fn bring_over(
        &mut self,
        command: &str,
        call: &str,
        receipt: Option<u64>,
    ) -> Result<String, ShellError> {
        let whole = [format!("{call} ").as_bytes(), &self.code_page().encode(command)].concat();
        let mut losses = 0;
        loop {
            // Also within the loop: the way back from a loss can lead over a new login, which brings commands of its own.
            if self.brought.as_ref().is_none_or(|brought| brought.call != call) {
                self.brought = Some(Brought { call: call.to_owned(), bytes: 0, pieces: 0 });
            }
            let (bytes, pieces) = self.brought.as_ref().map_or((0, 0), |there| (there.bytes, there.pieces));
            if bytes == whole.len() {
                let hash = hex(&Sha256::digest(&whole));
                let receipt = receipt.map(|number| format!(" {number}")).unwrap_or_default();
                return Ok(format!("(%SP% {call} r {pieces} {}{receipt})", &hash[..16]));
            }
            let end = whole.len().min(bytes + piece(self.console().typing().chunk));
            match self.bring_piece(pieces + 1, &hex(&whole[bytes..end])).await {
                Ok(()) => {
                    self.brought = Some(Brought { call: call.to_owned(), bytes: end, pieces: pieces + 1 });
                    losses = 0;
                }
                Err(error) if error.is_before_enter() || losses == RETURNS => return Err(error.into()),
                Err(error @ ConsoleError::Stopped { .. }) => return Err(error.into()),
                Err(error) => {
                    losses += 1;
                    self.regain_prompt(error).await.map_err(ShellError::before_start)?;
                }
            }
        }
    }

    async fn bring_piece(&mut self, number: usize, hex: &str) -> Result<(), ConsoleError> {
        self.type_and_enter(&format!("(>%SP%.x{number} echo {hex})")).await?;
        self.await_prompt(PREPARATION).await
    }

    /// The machine says that what it has is another command: it is brought over anew.
    pub(super) fn forget_brought(&mut self) {
        self.brought = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_and_shrink_with_what_is_typed_at_a_time() {
        let sizes = [4, 7, 14, 28, 56, 224].map(piece);
        assert_eq!(sizes, [24, 24, 42, 84, 120, 120]);
    }
}
