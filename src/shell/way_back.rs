//! The way to our prompt, from wherever the console is: lines that were lost, sessions that Windows ended, half-typed lines.

use std::time::Duration;

use tokio::time::Instant;

use super::line::manner;
use super::login::LoggedIn;
use super::session::{DRAWING, PREPARATION, RETURNS, Ready, SHOWN, Session};
use super::{ShellError, login};
use crate::console::{Alarm, ConsoleError, Patience};
use crate::sac::{self, SacError};
use crate::screen::Screen;

impl Session {
    /// Makes sure that our prompt stands at the cursor with nothing behind it. A session that Windows ended meanwhile
    /// is opened again, a line that was lost is made anew; nothing was running, so nothing is lost.
    pub(super) async fn at_prompt(&mut self) -> Result<(), ShellError> {
        // What came while nobody looked: Windows may have ended the session.
        let caught_up = self.console.catch_up().await;
        if let Err(news) = caught_up {
            return self.regain_prompt(news).await;
        }
        // A read can end while the console draws something behind the prompt and has moved the cursor: that is no
        // half-typed line, and how reads were cut must not decide about a Ctrl-C.
        if self.ready == Ready::Yes && self.prompt_comes_back().await? {
            return Ok(());
        }
        if self.ready == Ready::Yes && !self.is_elsewhere() && self.clean_line().await.is_ok() {
            return Ok(());
        }
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await?;
        if self.is_at_prompt() { Ok(()) } else { self.back_to_prompt().await }
    }

    pub(super) fn is_at_prompt(&self) -> bool {
        self.console.screen().before_cursor() == self.prompt
    }

    /// Gets back to the channel after something went wrong there: makes a lost line anew, has the screen shown again,
    /// logs in again.
    pub(super) async fn regain(&mut self, error: ConsoleError) -> Result<(), ShellError> {
        match error {
            lost @ ConsoleError::HungUp { .. } => self.console.reconnect(lost).await?,
            stop @ (ConsoleError::Alarm { alarm: Alarm::BugCheck, .. } | ConsoleError::Stopped { .. }) => {
                return Err(stop.into());
            }
            _ => {}
        }
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await
    }

    /// The same, and to our prompt: what still runs there is interrupted.
    pub(super) async fn regain_prompt(&mut self, error: ConsoleError) -> Result<(), ShellError> {
        self.regain(error).await?;
        if self.is_at_prompt() { Ok(()) } else { self.back_to_prompt().await }
    }

    /// Whether the console shows a place where Ctrl-C is no interrupt: SAC *executes* the line (ReactOS concmd.c), a
    /// login takes it as a letter.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(
            sac::recognise(self.console.screen()),
            sac::Place::Sac { .. }
                | sac::Place::SacPager
                | sac::Place::Switch { .. }
                | sac::Place::Login(_)
                | sac::Place::BootMenu
                | sac::Place::Stopped
        )
    }

    /// Has the screen of the channel sent again.
    pub(super) async fn show_anew(&mut self) -> Result<(), ShellError> {
        self.console.learn_noise();
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await
    }

    /// From wherever the console is into our channel: the one that is open, or a new one. Ends at our prompt, or where
    /// a command still runs.
    pub(super) async fn return_to_channel(&mut self, until: Instant) -> Result<(), ShellError> {
        let mut tries = RETURNS;
        let mut until = until;
        loop {
            let written = self.written.lines;
            let error = match Box::pin(self.try_return(until)).await {
                Ok(()) => {
                    self.console.enter_mode("cmd");
                    self.console.set_watch(Some(sac::in_channel));
                    return Ok(());
                }
                Err(error) => error,
            };
            // A line that is lost again and again is a matter of time, not of tries; and so is one on which it goes on.
            if self.written.lines > written {
                tries = RETURNS;
            } else if !error.is_lost_line() {
                tries -= 1;
            }
            if tries == 0 || Instant::now() >= until {
                return Err(error);
            }
            let began = Instant::now();
            self.pass(error).await?;
            // Who waits for a console to be let in has not waited for its prompt yet: when that ends, the refusal is
            // what is told.
            if !self.console.was_seen() {
                until += began.elapsed();
            }
        }
    }

    /// Whether our prompt stands at the cursor, now or within the moment that a drawing takes.
    pub(super) async fn prompt_comes_back(&mut self) -> Result<bool, ConsoleError> {
        let prompt = self.prompt.clone();
        let bare = move |screen: &Screen| screen.is_before_cursor(&prompt).then_some(());
        match self.console.wait("the prompt", Patience::of(DRAWING), bare).await {
            Ok(()) => Ok(true),
            Err(ConsoleError::TimedOut { .. } | ConsoleError::Alarm { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Does what an error asks for before the next try; returns those that no other try can mend.
    pub(super) async fn pass(&mut self, error: ShellError) -> Result<(), ShellError> {
        let cause = match error {
            ShellError::Sac(SacError::Console(cause) | SacError::OutcomeUnknown { cause })
            | ShellError::LostBeforeEnter { cause }
            | ShellError::OutcomeUnknown { cause } => cause,
            ShellError::Sac(SacError::Unreadable { .. } | SacError::NoSuchChannel { .. }) => {
                self.console.learn_noise();
                return Ok(());
            }
            error => return Err(error),
        };
        match cause {
            lost @ ConsoleError::HungUp { .. } => Ok(self.console.reconnect(lost).await?),
            stop @ (ConsoleError::Alarm { alarm: Alarm::BugCheck, .. } | ConsoleError::Stopped { .. }) => {
                Err(stop.into())
            }
            refused @ ConsoleError::Untypable { .. } => Err(refused.into()),
            _ => Ok(()),
        }
    }

    async fn try_return(&mut self, until: Instant) -> Result<(), ShellError> {
        self.console.set_watch(None);
        let at = sac::reach_prompt(&mut self.console, until).await?;
        if self.channel.is_empty() {
            return self.open_channel(at, until).await;
        }
        let channel = self.channel.clone();
        match sac::view_channel(&mut self.console, at, &channel, until).await {
            Ok(()) => {}
            Err(SacError::NoSuchChannel { .. }) => {
                self.channel.clear();
                self.ready = Ready::No;
                let at = sac::reach_prompt(&mut self.console, until).await?;
                return self.open_channel(at, until).await;
            }
            Err(error) => return Err(error.into()),
        }
        let own = self.prompt.clone();
        for _ in 0..8 {
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(Duration::from_secs(2)) };
            let place =
                self.console.wait("the channel's screen", patience, |screen| way_on(screen, &own)).await;
            match place {
                // It may still stand there from before the key that views it, or that key was lost.
                Ok(sac::Place::Switch { .. }) => {
                    if !sac::viewed(&mut self.console).await? {
                        self.console.send(b" ").await?;
                    }
                }
                Ok(sac::Place::Login(_)) => return self.log_in(until).await,
                Ok(prompt) => {
                    self.console.quiet(Duration::from_millis(150), until).await?;
                    // The cursor may have come by while an old screen is drawn, on its way to something else.
                    if way_on(self.console.screen(), &own).is_none_or(|now| now == prompt) {
                        break;
                    }
                }
                Err(ConsoleError::TimedOut { .. }) => break,
                Err(other) => return Err(other.into()),
            }
        }
        // A shell of ours shows our prompt and no other one: this is a new one.
        if sac::cmd_prompt_at_cursor(self.console.screen()).is_some() {
            self.ready = Ready::No;
        }
        if self.ready == Ready::No && !self.is_at_prompt() && self.own_line_stands() {
            self.drop_half_line().await?;
        }
        if let (Ready::No, Some(first)) = (
            self.ready,
            sac::cmd_prompt_at_cursor(self.console.screen()).or(self.is_at_prompt().then_some(own)),
        ) {
            return self.prepare(&first).await;
        }
        if self.ready == Ready::No {
            // Broken off in the middle of a line of the preparation: nothing of it is worth keeping.
            tracing::debug!(channel, "neither a login nor a prompt: closed, and another one opened");
            let at = sac::reach_prompt(&mut self.console, until).await?;
            let at = sac::close_channel(&mut self.console, at, &channel).await?;
            self.channel.clear();
            return self.open_channel(at, until).await;
        }
        Ok(())
    }

    /// Whether our prompt begins a row with something behind it, and nothing else asks for input below.
    fn own_line_stands(&self) -> bool {
        let screen = self.console.screen();
        let ours = (0..=screen.cursor().row).any(|row| screen.row(row).starts_with(&self.prompt));
        ours && sac::recognise(screen) == sac::Place::Other
    }

    /// A line of the preparation that was half typed when the line was lost: Ctrl-C, in a mode that our prompt proves.
    async fn drop_half_line(&mut self) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        for _ in 0..3 {
            self.console.send(b"\x03").await?;
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(Duration::from_secs(2)) };
            let bare = |screen: &Screen| screen.is_before_cursor(&prompt).then_some(());
            match self.console.wait("the prompt after Ctrl-C", patience, bare).await {
                Ok(()) => {
                    self.console.quiet(DRAWING, Instant::now() + SHOWN).await?;
                    return Ok(());
                }
                Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// A half-typed line is erased, a command that still runs is interrupted.
    pub(super) async fn clean_line(&mut self) -> Result<(), ShellError> {
        let prompt = self.prompt.clone();
        let dirty = self.console.screen().row(self.console.screen().cursor().row).starts_with(&prompt);
        if dirty && self.console.erase(manner(&prompt)).await.is_ok() {
            return Ok(());
        }
        self.back_to_prompt().await
    }

    async fn open_channel(&mut self, at: sac::AtSac, until: Instant) -> Result<(), ShellError> {
        let (at, list) = sac::channels(&mut self.console, at).await?;
        let names = || list.iter().map(|channel| channel.name.clone()).collect();
        let before = self.before.get_or_insert_with(names);
        // One that an earlier try opened, whose answer was lost.
        let (at, channel) = match sac::newest(&list, before) {
            Some(name) => (at, name),
            None => sac::open_channel(&mut self.console, at, before, until).await?,
        };
        self.before = None;
        self.ready = Ready::No;
        self.channel.clone_from(&channel);
        sac::view_channel(&mut self.console, at, &channel, until).await?;
        self.log_in(until).await
    }

    /// Logs in. A shell of ours that Windows had only locked is used on, whatever runs in it; another one is made ready.
    async fn log_in(&mut self, until: Instant) -> Result<(), ShellError> {
        let kept = self.ready == Ready::Yes;
        let came =
            login::log_in(&mut self.console, &self.channel, &self.prompt, kept, &self.credentials, until)
                .await?;
        self.console.set_watch(Some(sac::in_channel));
        match came {
            LoggedIn::Kept => Ok(()),
            LoggedIn::Fresh(first) => {
                self.ready = Ready::No;
                self.prepare(&first).await
            }
        }
    }
}

/// What a channel that is viewed shows, as far as it tells how to go on: a prompt, ours or cmd's, a login, or the switch
/// screen still.
fn way_on(screen: &Screen, own: &str) -> Option<sac::Place> {
    if screen.is_before_cursor(own) {
        return Some(sac::Place::Cmd);
    }
    Some(sac::recognise(screen))
        .filter(|place| matches!(place, sac::Place::Login(_) | sac::Place::Cmd | sac::Place::Switch { .. }))
}
