//! One command: typed, entered, its output fetched and proven.

use std::time::Duration;

use tokio::time::Instant;

use super::escape::escape_for_child;
use super::fetch::{self, Header, NotWritten, Pieces};
use super::session::Session;
use super::{Outcome, ShellError};
use crate::console::{ConsoleError, Patience};
use crate::encoding::{Decoded, decode_output};

/// The longest line that can be proven on the screen.
pub(super) const LONGEST_TYPED: usize = 1_400;
/// Output beyond this takes longer than anybody wants to wait (8 MiB: half an hour at 115,200 baud).
const LARGEST_OUTPUT: u64 = 8 << 20;
/// How long the helper may take to show a page.
const PAGE: Duration = Duration::from_mins(1);
/// How often a damaged output is fetched again.
const FETCHES: u32 = 4;
/// How long an interrupted command may take to give the prompt back.
const INTERRUPT: Duration = Duration::from_secs(10);

impl Session {
    /// Runs one cmd command in a child of its own (`cd` and `set` do not last) with an empty standard input, so that
    /// nothing waits for an answer. `timeout` counts from Enter to the end of the command; output is fetched after.
    pub async fn cmd(&mut self, command: &str, timeout: Duration) -> Result<Outcome, ShellError> {
        self.cmd_in_session(command, timeout, None).await
    }

    /// The same for a command that changes something. The machine keeps a receipt with this number: that the command
    /// was started, and how it ended; [`Session::receipt`] reads it, in this session or a later one.
    pub async fn cmd_with_receipt(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, ShellError> {
        self.cmd_in_session(command, timeout, Some(receipt)).await
    }

    async fn cmd_in_session(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: Option<u64>,
    ) -> Result<Outcome, ShellError> {
        self.at_prompt().await?;
        let mut outcome = self.cmd_here(command, timeout, receipt).await?;
        // The code page belongs to the console: what a child set stays.
        if command.to_ascii_lowercase().contains("chcp") {
            self.learn_code_page().await?;
            let decoded = decode_output(&outcome.bytes, self.code_page());
            (outcome.text, outcome.lossy) = (decoded.text, decoded.lossy);
        }
        Ok(outcome)
    }

    /// At a prompt that was just proven.
    pub(super) async fn cmd_here(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: Option<u64>,
    ) -> Result<Outcome, ShellError> {
        let began = Instant::now();
        let sequence = self.next_sequence();
        let start = receipt.map(|number| format!(">%SP%.s echo {number}&")).unwrap_or_default();
        // Redirections come first: a blank between the last quote and one of them would belong to the command.
        let line = format!(
            "{start}>%SP%.o 2>&1<nul cmd /d/s/c ^\"{}^\"&%SP% {sequence} ",
            escape_for_child(command)
        );
        let length = line.chars().count();
        if length > LONGEST_TYPED {
            let longest = LONGEST_TYPED - (length - command.chars().count());
            return Err(ShellError::TooLong { length: command.chars().count(), longest });
        }
        self.type_and_enter(&line).await?;
        let header = match self.header(sequence, timeout).await {
            Ok(Ok(header)) => header,
            Ok(Err(NotWritten { code })) => {
                let reason = "the machine could not write it to a file (disk full, or no right)".to_owned();
                return Err(ShellError::OutputDamaged { reason, code });
            }
            Err(ConsoleError::TimedOut { screen, .. }) => {
                let output = self.interrupt().await?;
                return Err(ShellError::TimedOut { timeout, output, screen });
            }
            Err(ConsoleError::Stopped { .. }) => {
                self.set_stop(None);
                self.interrupt().await?;
                return Err(ShellError::Stopped { channel: None });
            }
            Err(cause) => return Err(ShellError::OutcomeUnknown { cause }),
        };
        let code = header.code;
        let bytes = self.fetch(header).await?;
        let Decoded { text, lossy, .. } = decode_output(&bytes, self.code_page());
        Ok(Outcome { code, bytes, text, lossy, elapsed: began.elapsed() })
    }

    /// The exit code of what ran last at our prompt.
    pub(super) async fn code_of_last(&mut self) -> Result<i32, ShellError> {
        let sequence = self.next_sequence();
        self.type_and_enter(&format!("%SP% {sequence} ")).await?;
        match self.header(sequence, PAGE).await {
            Ok(Ok(header)) => Ok(header.code),
            Ok(Err(NotWritten { code })) => Ok(code),
            Err(cause) => Err(ShellError::OutcomeUnknown { cause }),
        }
    }

    /// Ends a command that runs too long and proves the prompt again; returns what it had written.
    async fn interrupt(&mut self) -> Result<String, ShellError> {
        self.back_to_prompt().await?;
        let sequence = self.next_sequence();
        // A command that was broken off has no receipt of its end.
        self.type_and_enter(&format!("2>nul del %SP%.s&%SP% {sequence} ")).await?;
        match self.header(sequence, PAGE).await {
            Ok(Ok(header)) => {
                let bytes = self.fetch(header).await?;
                Ok(decode_output(&bytes, self.code_page()).text)
            }
            Ok(Err(NotWritten { .. })) | Err(ConsoleError::TimedOut { .. }) => Ok(String::new()),
            Err(other) => Err(other.into()),
        }
    }

    /// Presses Ctrl-C, in a mode that is proven to be ours, until the prompt stands at the cursor.
    pub(super) async fn back_to_prompt(&mut self) -> Result<(), ShellError> {
        let prompt = self.prompt().to_owned();
        let mut left = 3;
        loop {
            self.console_mut().send(b"\x03").await?;
            let back = self
                .console_mut()
                .wait("the prompt after Ctrl-C", Patience::of(INTERRUPT), |screen| {
                    (screen.before_cursor() == prompt).then_some(())
                })
                .await;
            match back {
                Ok(()) => {
                    let end = Instant::now() + INTERRUPT;
                    self.console_mut().quiet(Duration::from_millis(150), end).await?;
                    if self.console().screen().before_cursor() == prompt {
                        return Ok(());
                    }
                }
                Err(cause @ ConsoleError::TimedOut { .. }) => {
                    left -= 1;
                    if left == 0 {
                        return Err(ShellError::OutcomeUnknown { cause });
                    }
                }
                Err(cause) => return Err(ShellError::OutcomeUnknown { cause }),
            }
        }
    }

    async fn header(
        &mut self,
        sequence: u32,
        timeout: Duration,
    ) -> Result<Result<Header, NotWritten>, ConsoleError> {
        let prompt = self.prompt().to_owned();
        self.console_mut()
            .wait("the command to end", Patience::of(timeout), |screen| {
                if screen.before_cursor() != prompt {
                    return None;
                }
                fetch::header(screen, sequence)
            })
            .await
    }

    async fn fetch(&mut self, header: Header) -> Result<Vec<u8>, ShellError> {
        let code = header.code;
        if header.size > LARGEST_OUTPUT {
            return Err(ShellError::TooMuchOutput { size: header.size, limit: LARGEST_OUTPUT, code });
        }
        let mut pieces = Pieces::of(header);
        pieces.take(self.console().screen());
        let mut reason = String::new();
        for _ in 0..FETCHES {
            if let Err(incomplete) = self.fetch_missing(&mut pieces).await? {
                reason = incomplete;
                continue;
            }
            match pieces.whole() {
                Ok(bytes) => return Ok(bytes),
                Err(damaged) => {
                    tracing::debug!(damaged, "the output came altered; fetching it again");
                    reason = damaged;
                    pieces.forget();
                }
            }
        }
        Err(ShellError::OutputDamaged { reason, code })
    }

    /// Shows page after page until no line is missing. The inner error says that a page stayed incomplete.
    async fn fetch_missing(&mut self, pieces: &mut Pieces) -> Result<Result<(), String>, ShellError> {
        let mut last = None;
        while let Some(page) = pieces.missing() {
            if last.as_ref() == Some(&page) {
                return Ok(Err(format!("the lines {} of it never came whole", page[0])));
            }
            let sequence = self.next_sequence();
            self.type_and_enter(&format!("%SP% {sequence} {} {} ", page[0], page[1])).await?;
            let prompt = self.prompt().to_owned();
            self.console_mut()
                .wait("a page of the output", Patience::of(PAGE), |screen| {
                    (screen.before_cursor() == prompt && fetch::is_page(screen, sequence)).then_some(())
                })
                .await?;
            pieces.take(self.console().screen());
            last = Some(page);
        }
        Ok(Ok(()))
    }
}
