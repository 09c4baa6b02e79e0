//! Restarting the machine: told to, proven, and a session again.

use std::time::Duration;

use tokio::time::Instant;

use super::ShellError;
use super::session::{ASKING, PREPARATION, Ready, Session};
use crate::console::{ConsoleError, StopSign};
use crate::sac::{self, SacError};

/// How long `shutdown` waits before it acts, so that its own exit code can be read.
const GRACE: u32 = 5;
/// ERROR_SHUTDOWN_IN_PROGRESS: the machine goes down already.
const UNDER_WAY: i32 = 1115;
/// ERROR_SHUTDOWN_IS_SCHEDULED: it was told before, and will.
const SCHEDULED: i32 = 1190;

/// Who restarts the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarting<'r> {
    /// `shutdown /r`, with a comment for the event log.
    Shutdown {
        /// The comment.
        reason: &'r str,
    },
    /// `restart` at SAC, which asks no program.
    Sac,
}

impl Session {
    /// Restarts the machine, waits until it is proven to have restarted, and opens a session again. `stop` is heard once
    /// the machine was told to restart: a line that is being typed for that is not left half.
    pub async fn reboot(
        &mut self,
        by: Restarting<'_>,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), ShellError> {
        let restarted = self.restart(by, budget, stop).await;
        self.console.set_stop(None);
        restarted
    }

    async fn restart(
        &mut self,
        by: Restarting<'_>,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), ShellError> {
        let began = Instant::now();
        let until = began + budget;
        let up = self.up.take();
        let mut since = self.console.screen().transcript().now();
        match by {
            Restarting::Shutdown { reason } => {
                let command = format!("shutdown /r /f /t {GRACE} /c \"{}\"", comment(reason));
                let outcome = self.cmd(&command, PREPARATION).await?;
                if !matches!(outcome.code, 0 | UNDER_WAY | SCHEDULED) {
                    let said = outcome.text.trim().to_owned();
                    return Err(ShellError::RestartRefused { code: outcome.code, said });
                }
            }
            Restarting::Sac => {
                self.at_prompt().await?;
                self.console.set_watch(None);
                let at = sac::reach_prompt(&mut self.console, Instant::now() + PREPARATION).await?;
                sac::restart(&mut self.console, at).await?;
            }
        }
        self.console.mark("restarting");
        self.console.set_stop(stop);
        self.carried.clear();
        self.channel.clear();
        self.kept = false;
        self.ready = Ready::No;
        let mut missed = false;
        loop {
            // What came while the line was gone is lost, and what a new line shows first may be of an earlier boot.
            if missed {
                match self.has_restarted_since(began, up, until).await {
                    Ok(true) => break,
                    Ok(false) => {
                        since = self.console.screen().transcript().now();
                        missed = false;
                    }
                    Err(error) => self.pass(error).await?,
                }
                continue;
            }
            match sac::await_boot(&mut self.console, since, until).await {
                Ok(()) => break,
                Err(SacError::Console(lost @ ConsoleError::HungUp { .. })) => {
                    self.console.reconnect(lost).await?;
                    missed = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.console.mark("restarted");
        self.return_to_channel(until).await
    }

    /// How long the machine has been up, in whole seconds, as SAC says; `None`: it does not say.
    pub async fn uptime(&mut self) -> Result<Option<Duration>, ShellError> {
        let told = self.sac("id", ASKING).await?;
        self.up = sac::text::seconds_since_restart(&told).map(Duration::from_secs);
        Ok(self.up)
    }

    /// Whether the machine has been up for less time than has passed since `moment`, or than it had been up before;
    /// asked twice, for a line may alter a digit.
    async fn has_restarted_since(
        &mut self,
        moment: Instant,
        before: Option<Duration>,
        until: Instant,
    ) -> Result<bool, ShellError> {
        let mut at = sac::reach_prompt(&mut self.console, until).await?;
        for _ in 0..2 {
            let (told, next) = sac::command(&mut self.console, at, "id", ASKING).await?;
            at = next;
            let longest = moment.elapsed().max(before.unwrap_or_default());
            let up = sac::text::seconds_since_restart(&told);
            if up.is_none_or(|up| Duration::from_secs(up) >= longest) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A reason as `shutdown /c` takes it: printable ASCII without what cmd acts on, at most 200 characters.
fn comment(reason: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || " .,;:_-+()".contains(*c);
    reason.chars().filter(safe).take(200).collect::<String>().trim().to_owned()
}
