//! From a target to a logged-in session.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc::{self, UnboundedSender};

use super::target::{Target, recorded_start};
use crate::console::Console;
use crate::engine::live::{Live, operator_error};
use crate::engine::run::Awaiting;
use crate::engine::{Awaited, Interrupt, OperatorError, Trouble};
use crate::recording::Recorder;
use crate::secret::Secret;
use crate::shell::{Earlier, Session, SessionOptions};
use crate::transport::{self, Endpoint, Reopen, ReplayPace};

/// Code of an opening or a command that the user stopped.
pub const STOPPED: &str = "stopped";

/// A line that is open: nothing was sent yet.
pub struct Opening {
    console: Console,
    target: Target,
    /// What the way in has sent on its own account.
    secrets: Vec<Secret>,
}

impl Opening {
    /// Opens the line to `target`, recorded by `recorder`; `waits` is told what is waited for on the way there.
    ///
    /// # Errors
    /// [`Trouble::Unreachable`]
    pub async fn line(
        target: &Target,
        recorder: Option<Recorder>,
        waits: Option<UnboundedSender<Awaited>>,
    ) -> Result<Self, OperatorError> {
        if let Endpoint::Replay { pace: ReplayPace::Instant, .. } = &target.endpoint {
            // What was recorded is not waited for: this runtime's clock jumps to whatever happens next.
            tokio::time::pause();
        }
        let mut target = target.clone();
        if let Some(waits) = waits {
            let tell = Arc::new(move |text: &str| {
                // Nobody listens between two commands.
                let _ = waits.send(Awaited { what: text.to_owned(), budget: None });
            });
            target.azure = target.azure.map(|azure| azure.telling(tell));
        }
        let line = transport::open_patiently(&target.way(), target.patience).await.map_err(|error| {
            OperatorError {
                kind: Trouble::Unreachable,
                code: error.code(),
                message: error.to_string(),
                help: Some(error.help()),
                screen: String::new(),
            }
        })?;
        let secrets = line.secrets();
        let mut console = Console::new(line, recorder);
        for secret in &secrets {
            console.hide(secret);
        }
        Ok(Self { console, target, secrets })
    }

    /// Ends the opening when the user wants to stop: the channel is closed again, no half-typed line stays.
    #[must_use]
    pub fn stopped_by(mut self, interrupt: &Interrupt) -> Self {
        self.console.set_stop(Some(interrupt.sign()));
        self
    }

    /// What the line is.
    pub fn describe(&self) -> String {
        self.console.describe()
    }

    /// Gets to a command prompt and logs in, or goes on in an `earlier` session; `waits` is told what is awaited. The
    /// session that comes back is not stopped by anybody.
    ///
    /// # Errors
    /// [`OperatorError`]; its code is [`STOPPED`] when the user stopped it, with a help when a channel may be open.
    pub async fn session(
        mut self,
        mut secrets: Vec<Secret>,
        now: Timestamp,
        waits: UnboundedSender<Awaited>,
        earlier: Option<Earlier>,
    ) -> Result<Live, OperatorError> {
        for secret in &secrets {
            self.console.hide(secret);
        }
        secrets.append(&mut self.secrets);
        self.console.set_observer(Some(Box::new(move |what, budget| {
            // Nobody listens between two commands.
            let _ = waits.send(Awaited { what: what.to_owned(), budget: Some(budget) });
        })));
        let now = recorded_start(&self.target.endpoint).unwrap_or(now);
        let way = self.target.way();
        let reopen = way.outlives_its_line().then(|| Box::new(way) as Box<dyn Reopen>);
        self.console.set_reopen(reopen, self.target.reconnect);
        self.console.set_willing(self.target.patience);
        let options = SessionOptions {
            id: session_id(now),
            budget: self.target.wait,
            first_number: first_number(now, earlier.is_some()),
            earlier,
        };
        let session = Session::open(self.console, self.target.credentials, options);
        match session.await {
            Ok(mut session) => {
                session.set_stop(None);
                Ok(Live::new(session, secrets))
            }
            Err((error, console)) => Err(operator_error(&error, console.secrets())),
        }
    }
}

/// A channel for what is awaited.
pub fn awaiting() -> (UnboundedSender<Awaited>, Awaiting) {
    mpsc::unbounded_channel()
}

/// Commands are numbered from here. In a session that is used on, numbers of before may stand on its screen.
fn first_number(now: Timestamp, taken_up: bool) -> u32 {
    if taken_up { 10_000 + (now.as_second().unsigned_abs() % 80_000) as u32 } else { 0 }
}

/// Names the temporary files of this session on the machine: a letter, then letters and digits, no two equal ones
/// side by side (some consoles lose those), different for each millisecond of a day.
pub(super) fn session_id(now: Timestamp) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghjkmnopqrstuvwxyz23456789";
    let mut rest = now.as_millisecond().unsigned_abs() % 86_400_000;
    let mut id = String::from("s");
    for _ in 0..6 {
        let mut digit = (rest % 31) as usize;
        rest /= 31;
        if id.ends_with(char::from(DIGITS[digit])) {
            digit = 31;
        }
        id.push(char::from(DIGITS[digit]));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_typable_and_differ() {
        let mut ids = std::collections::BTreeSet::new();
        for ms in (0..86_400_000).step_by(9_973) {
            let id = session_id(Timestamp::from_millisecond(ms).unwrap());
            assert_eq!(id.len(), 7);
            assert!(id.as_bytes().windows(2).all(|pair| pair[0] != pair[1]), "{id}");
            assert!(ids.insert(id));
        }
    }
}
