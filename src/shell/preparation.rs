//! What the shell in our channel is given before its first command: prompt, file names, helper, code page.

use super::helper::Written;
use super::line::{Twice, manner};
use super::session::{PREPARATION, Ready, Session};
use super::{ShellError, helper};
use crate::console::ConsoleError;
use crate::encoding::CodePage;

/// So many hex digits side by side are part of a hash.
const LEAST_OF_A_HASH: usize = 24;

impl Session {
    /// A short prompt that is only ours, so that it proves the mode; names for the temporary files; the helper, proven
    /// by its hash; the code page, which is the first command and proves the whole way.
    pub(super) async fn prepare(&mut self, first_prompt: &str) -> Result<(), ShellError> {
        self.up = None;
        self.shells += 1;
        let line = format!("(prompt {}$G&set SP=%SystemRoot%\\Temp\\sp{}&cls)", self.id, self.id);
        self.enter_proven(first_prompt, &line, Twice::Harmless).await?;
        self.await_prompt(PREPARATION).await?;
        self.pager = false;
        self.write_helper().await?;
        self.ready = Ready::Yes;
        if self.code_page.is_some() {
            return Ok(());
        }
        Box::pin(self.learn_code_page()).await.map_err(|error| match error {
            ShellError::TimedOut { screen, .. } => {
                ShellError::NotPrepared { reason: "its helper gave no answer".to_owned(), screen }
            }
            other => other,
        })
    }

    /// Asks the console for its code page, at a prompt that was just proven.
    pub(super) async fn learn_code_page(&mut self) -> Result<(), ShellError> {
        let outcome = self.cmd_here("chcp", PREPARATION, None).await?;
        // The words around the number are translated.
        let digits: String = outcome.text.chars().rev().skip_while(|c| !c.is_ascii_digit()).collect();
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        let number: String = digits.chars().rev().collect();
        let code_page =
            number.parse().ok().and_then(CodePage::from_number).ok_or_else(|| ShellError::NotPrepared {
                reason: format!("its code page is not known: {}", outcome.text.trim()),
                screen: self.console.screen().text(),
            })?;
        self.code_page = Some(code_page);
        Ok(())
    }

    /// Writes the helper until its hash is right.
    async fn write_helper(&mut self) -> Result<(), ShellError> {
        self.write_batch(&helper::lines(), "%SP%.cmd").await
    }

    /// Writes a batch file of the session until its hash is right.
    pub(super) async fn write_batch(&mut self, lines: &[&str], path: &str) -> Result<(), ShellError> {
        let wanted = helper::hash(lines);
        for _ in 0..3 {
            while !self.write_lines(lines, path).await? {}
            let mut told = false;
            for _ in 0..3 {
                let shown = self.hash_of(path).await?;
                if shown.contains(&wanted) {
                    return Ok(());
                }
                told |= tells_a_hash(&shown);
                tracing::debug!("the helper's hash differs, or came altered");
            }
            // A file that could not be written has no hash either; this one is there.
            if !told && !tells_a_hash(&self.hash_of("%ComSpec%").await?) {
                return Err(ShellError::NoProof { screen: self.console.screen().text() });
            }
            self.console.learn_noise();
            self.written = Written::default();
        }
        Err(ShellError::NotPrepared {
            reason: "its helper could not be written unaltered".to_owned(),
            screen: self.console.screen().text(),
        })
    }

    /// What the machine says when it is asked for the SHA-256 of a file, without blanks: older versions put them between
    /// the bytes, so that the hash wraps.
    async fn hash_of(&mut self, path: &str) -> Result<String, ShellError> {
        self.type_and_enter(&format!("(cls&certutil -hashfile {path} SHA256)")).await?;
        self.await_prompt(PREPARATION).await?;
        let shown: String = self.console.screen().text().split_whitespace().collect();
        Ok(shown.to_ascii_lowercase())
    }

    /// Types the lines of a batch file that are missing. False: the line turned out to alter bytes meanwhile, and they are
    /// to be others.
    async fn write_lines(&mut self, lines: &[&str], path: &str) -> Result<bool, ConsoleError> {
        let line = if self.console.typing().noisy {
            helper::Line::Noisy
        } else if self.console.reconnected() > 0 {
            helper::Line::Cut
        } else {
            helper::Line::Good
        };
        for typed in self.written.rest(lines, path, line) {
            match self.type_and_enter(&typed).await {
                Ok(()) => {}
                Err(error) if error.is_before_enter() && self.turned_noisy(line) => {
                    self.console.interrupt_line(manner(&self.prompt)).await?;
                }
                Err(error) => return Err(error),
            }
            self.await_prompt(PREPARATION).await?;
            if self.turned_noisy(line) {
                return Ok(false);
            }
            self.written.lines += 1;
        }
        Ok(true)
    }

    fn turned_noisy(&self, line: helper::Line) -> bool {
        line != helper::Line::Noisy && self.console.typing().noisy
    }
}

/// Whether a hash stands there, which may have come altered.
fn tells_a_hash(shown: &str) -> bool {
    let digits = shown.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max();
    digits.unwrap_or_default() >= LEAST_OF_A_HASH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_told_from_a_refusal() {
        let hash = "0123456789abcdef".repeat(4);
        let altered = format!("{}~{}", &hash[..30], &hash[31..]);
        for (shown, told) in [
            (format!(r"sha256hashofc:\windows\temp\spk7q.cmd:{hash}certutil:-hashfilecommand"), true),
            (format!("k7q>{altered}k7q>"), true),
            ("certutil:-hashfilecommandfailed:0x80070002(win32:2error_file_not_found)".to_owned(), false),
            ("k7q>".to_owned(), false),
        ] {
            assert_eq!(tells_a_hash(&shown), told, "{shown}");
        }
    }
}
