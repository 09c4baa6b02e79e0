//! The session of an earlier program, used on where it is proven to be ours.

use std::time::Duration;

use tokio::time::Instant;

use super::ShellError;
use super::session::{Earlier, PREPARATION, Ready, Session};
use crate::console::{ConsoleError, Patience};
use crate::sac;
use crate::screen::Screen;

/// How long the prompt of an earlier session may take to show when nothing runs in it.
const REPAINT: Duration = Duration::from_secs(5);

impl Session {
    /// Goes on in the channel of an earlier session, when it is there and its prompt proves that it is ours. A command
    /// that still runs is waited for. False: it is not there; the console is left wherever it is.
    pub(super) async fn take_up(&mut self, earlier: &Earlier, until: Instant) -> Result<bool, ShellError> {
        let at = sac::reach_prompt(&mut self.console, until).await?;
        let (mut at, listed) = sac::channels(&mut self.console, at).await?;
        let named = |name: &str| name.eq_ignore_ascii_case(&earlier.channel);
        let mut channels: Vec<String> = listed
            .into_iter()
            .filter(|channel| channel.active && (named(&channel.name) || channel.name.starts_with("Cmd")))
            .map(|channel| channel.name)
            .collect();
        channels.sort_by_key(|name| !named(name));
        for channel in channels {
            // Only the one that is known may still be busy with a command of ours.
            let patience = if named(&channel) { REPAINT + earlier.patience } else { REPAINT };
            let patience = Patience::until((Instant::now() + patience).min(until));
            if self.is_ours(at, &channel, &earlier.id, patience).await? {
                return self.go_on_in(channel, &earlier.id).await.map(|()| true);
            }
            at = sac::reach_prompt(&mut self.console, until).await?;
        }
        // The way to a new channel begins at any place.
        drop(at);
        Ok(false)
    }

    /// Views a channel; whether the prompt of the session with this id stands in it.
    async fn is_ours(
        &mut self,
        at: sac::AtSac,
        channel: &str,
        id: &str,
        patience: Patience,
    ) -> Result<bool, ShellError> {
        let until = patience.until + 2 * PREPARATION;
        sac::view_channel(&mut self.console, at, channel, until).await?;
        let prompt = format!("{id}>");
        let shown = |screen: &Screen| screen.row(screen.cursor().row).starts_with(&prompt).then_some(true);
        let foreign = |screen: &Screen| {
            let other = sac::login_at_cursor(screen).is_some() || sac::cmd_prompt_at_cursor(screen).is_some();
            other.then_some(false)
        };
        let ours = self
            .console
            .wait("the session of before", patience, |screen| shown(screen).or_else(|| foreign(screen)))
            .await;
        match ours {
            Ok(ours) => Ok(ours),
            Err(ConsoleError::TimedOut { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Uses a session of before on, whose prompt was seen.
    async fn go_on_in(&mut self, channel: String, id: &str) -> Result<(), ShellError> {
        let (id, own_prompt) = (id.to_owned(), format!("{id}>"));
        let fresh = (std::mem::replace(&mut self.id, id), std::mem::replace(&mut self.prompt, own_prompt));
        self.channel = channel;
        self.ready = Ready::Yes;
        self.console.set_watch(Some(sac::in_channel));
        let ready = match self.at_prompt().await {
            Ok(()) => self.learn_code_page().await,
            Err(error) => Err(error),
        };
        if let Err(error) = ready {
            (self.id, self.prompt) = fresh;
            self.channel.clear();
            self.ready = Ready::No;
            self.console.set_watch(None);
            return Err(error);
        }
        self.kept = true;
        Ok(())
    }
}
