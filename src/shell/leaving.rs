//! The end of a session: files deleted, channel closed, the console left at an empty SAC prompt.

use std::time::Duration;

use tokio::time::Instant;

use super::ShellError;
use super::session::{PREPARATION, RETURNS, Ready, SHOWN, Session};
use crate::console::{Clearing, ConsoleError, Manner, Patience};
use crate::sac::{self, SacError};
use crate::screen::Screen;

/// How long the machine has to leave the channel after `exit`.
const LEAVING: Duration = Duration::from_secs(20);
/// More than a line of SAC holds.
const LONGEST_AT_SAC: usize = 80;

impl Session {
    /// Deletes the session's temporary files, closes its channel and leaves the console at an empty SAC prompt.
    pub async fn close(&mut self) -> Result<(), ShellError> {
        if self.channel.is_empty() {
            return Ok(());
        }
        let mut tries = RETURNS;
        let end = Instant::now() + 10 * PREPARATION;
        loop {
            let error = match Box::pin(self.try_close()).await {
                Ok(()) => {
                    tracing::info!("learnt about this console: {}", self.console.typing());
                    return Ok(());
                }
                Err(error) => error,
            };
            if !error.is_lost_line() {
                tries -= 1;
            }
            if tries == 0 || Instant::now() >= end {
                return Err(error);
            }
            self.pass(error).await?;
        }
    }

    async fn try_close(&mut self) -> Result<(), ShellError> {
        let until = Instant::now() + 2 * PREPARATION;
        self.console.quiet(Duration::ZERO, Instant::now()).await?;
        // One that is not ours to use any more is closed from SAC.
        // A read that ended while the prompt is drawn is no half-typed line.
        let ours = self.ready == Ready::Yes
            && (self.prompt_comes_back().await?
                || sac::in_channel(self.console.screen()).is_none() && self.clean_line().await.is_ok());
        if ours {
            self.console.set_watch(None);
            self.type_and_enter("(del /q %SP%.*&exit)").await?;
            let end = Patience { until: Instant::now() + LEAVING, idle: Some(SHOWN) };
            let gone = |screen: &Screen| match sac::recognise(screen) {
                sac::Place::Switch { .. } | sac::Place::Sac { .. } => Some(()),
                _ => None,
            };
            match self.console.wait("the channel to close", end, gone).await {
                Ok(()) if !self.console.typing().noisy => {
                    let _ = sac::reach_prompt(&mut self.console, until).await?;
                    self.channel.clear();
                    return Ok(());
                }
                Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        self.close_from_sac(until).await?;
        Ok(())
    }

    /// Makes sure that our channel is gone, as the list of channels tells.
    async fn close_from_sac(&mut self, until: Instant) -> Result<(), SacError> {
        self.console.set_watch(None);
        for _ in 0..RETURNS {
            let at = sac::reach_prompt(&mut self.console, until).await?;
            let (at, list) = sac::channels(&mut self.console, at).await?;
            if !list.iter().any(|channel| channel.active && channel.name.eq_ignore_ascii_case(&self.channel))
            {
                self.channel.clear();
                return Ok(());
            }
            let _ = sac::close_channel(&mut self.console, at, &self.channel).await?;
        }
        Err(SacError::Unreadable { what: "the list of channels", screen: self.console.screen().text() })
    }

    /// After a failed opening, or when the user stopped it: no channel of ours and no half-typed line stays behind, as well
    /// as it goes.
    pub(super) async fn leave_cleanly(&mut self, error: ShellError) -> ShellError {
        self.console.set_stop(None);
        if !self.channel.is_empty() {
            self.abandon_channel().await;
        } else if matches!(sac::recognise(self.console.screen()), sac::Place::Sac { typed: 1.. }) {
            // Erased, never entered.
            let clearing = Clearing::Backspaces;
            let at_sac = Manner { prompt: sac::text::PROMPT, clearing, longest: LONGEST_AT_SAC };
            let _ = self.console.erase(at_sac).await;
        }
        if error.is_stop() {
            ShellError::Stopped { channel: Some(self.channel.clone()).filter(|channel| !channel.is_empty()) }
        } else {
            error
        }
    }

    /// After a failed opening: closes the channel from SAC, as well as it goes.
    async fn abandon_channel(&mut self) {
        if let Err(error) = self.close_from_sac(Instant::now() + 2 * PREPARATION).await {
            tracing::warn!(channel = self.channel, %error, "the channel stays open");
        }
    }
}
