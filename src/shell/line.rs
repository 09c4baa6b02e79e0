//! Lines at our prompt: typed, on a bad line looked at a second time, entered, their end awaited.

use std::time::Duration;

use tokio::time::Instant;

use super::session::{DRAWING, PREPARATION, SHOWN, Session};
use crate::console::{Clearing, ConsoleError, Manner, Patience};
use crate::sac;
use crate::screen::Screen;

/// How often a line is typed that differs at a second look, or whose Enter was lost.
const ENTERS: u32 = 6;
/// How often the machine is asked to send a line once more.
const LOOKS: u32 = 16;
/// How much silence ends a look.
const DRAWN: Duration = Duration::from_secs(1);
/// Once something came of a command on a line that alters bytes: how much silence says that its prompt came too.
const QUIET_END: Duration = Duration::from_secs(15);
/// cmd's own limit is 8,191; what can be proven on a screen is less, and checked in `Session::cmd`.
const LONGEST_LINE: usize = 1_500;

/// Whether a line may be executed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    Harmless,
    Never,
}

/// What a second look at a typed line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Same,
    Differs,
    /// It does not stand there any more: erased, or entered by a key that arrived altered.
    Gone,
}

impl Session {
    /// Types a line at our prompt and enters it once its echo equals it; one that may be executed twice, since it only
    /// writes a temporary file of ours anew, or shows something.
    pub(super) async fn type_and_enter(&mut self, line: &str) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        self.enter_proven(&prompt, line, Twice::Harmless).await
    }

    /// The same for a line that may not be executed twice: where nobody knows whether it was,
    /// [`ConsoleError::EnterUnanswered`].
    pub(super) async fn type_and_enter_once(&mut self, line: &str) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        self.enter_proven(&prompt, line, Twice::Never).await
    }

    pub(super) async fn enter_proven(
        &mut self,
        prompt: &str,
        line: &str,
        twice: Twice,
    ) -> Result<(), ConsoleError> {
        self.console.forget();
        for _ in 0..ENTERS {
            let typed = self.console.type_line(manner(prompt), line).await?;
            let look = if self.console.typing().noisy {
                self.console.set_watch(None);
                let look = self.second_look(prompt, line).await;
                self.console.set_watch(Some(sac::in_channel));
                look?
            } else {
                Look::Same
            };
            match look {
                Look::Same => {
                    if self.console.enter_typed(manner(prompt), typed).await?.is_some() {
                        return Ok(());
                    }
                }
                Look::Gone if twice == Twice::Never => {
                    let screen = self.console.screen().text();
                    return Err(ConsoleError::EnterUnanswered { waited: SHOWN, screen });
                }
                Look::Gone | Look::Differs => {
                    tracing::debug!(?look, "at a second look the line is another one; it is dropped");
                    self.console.interrupt_line(manner(prompt)).await?;
                }
            }
        }
        Err(ConsoleError::EchoNeverRight {
            attempts: ENTERS,
            meant: format!("{prompt}{line}"),
            screen: self.console.screen().text(),
        })
    }

    /// Has the machine send once more what stands at the prompt. On a line that alters bytes an echo that looks right may
    /// be two errors that hide each other (a character that came twice, one of whose echoes was lost). What is sent anew
    /// comes from a screen of the machine's, with the column of the cursor in digits.
    async fn second_look(&mut self, prompt: &str, line: &str) -> Result<Look, ConsoleError> {
        let whole = format!("{prompt}{line}");
        let mut seen = Vec::new();
        for _ in 0..LOOKS {
            if !sac::view_again(&mut self.console, &self.channel).await? {
                continue;
            }
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(DRAWN) };
            let same = |screen: &Screen| screen.spells_before_cursor(&whole).then_some(());
            match self.console.wait("the line once more", patience, same).await {
                Ok(()) => {
                    self.console.quiet(DRAWING, Instant::now() + SHOWN).await?;
                    if self.console.screen().spells_before_cursor(&whole) {
                        return Ok(Look::Same);
                    }
                }
                Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other),
            }
            // What is different in the same way twice is so on the machine, and no error of this look.
            let shown = self.console.screen().spelled_and_more(prompt);
            if seen.contains(&shown) {
                let stands = shown.is_some_and(|shown| !shown.trim().is_empty());
                return Ok(if stands { Look::Differs } else { Look::Gone });
            }
            seen.push(shown);
        }
        Ok(Look::Gone)
    }

    /// Waits for our prompt after a line of the preparation, or one like it.
    pub(super) async fn await_next_prompt(&mut self) -> Result<(), ConsoleError> {
        self.await_prompt(PREPARATION).await
    }

    pub(super) async fn await_prompt(&mut self, span: Duration) -> Result<(), ConsoleError> {
        self.await_prompt_until(Instant::now() + span).await
    }

    /// Waits for our prompt. On a line that alters bytes it may come altered; there silence ends the wait early.
    pub(super) async fn await_prompt_until(&mut self, until: Instant) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        let patience = Patience { until, idle: self.console.typing().noisy.then_some(QUIET_END) };
        // A blank behind it is a probe that was read late.
        self.console
            .wait("the prompt", patience, |screen| screen.is_before_blanks(&prompt).then_some(()))
            .await?;
        if !self.is_at_prompt() {
            self.console.erase(manner(&prompt)).await?;
        }
        Ok(())
    }
}

pub(super) fn manner(prompt: &str) -> Manner<'_> {
    Manner { prompt, clearing: Clearing::Interrupt, longest: LONGEST_LINE }
}
