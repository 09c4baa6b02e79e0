//! The real operator: a session on a console.

use std::time::Duration;

use super::event::Settled;
use super::operator::{Operator, OperatorError, Outcome, SessionPlace, Trouble};
use crate::console::{Alarm, ConsoleError, StopSign};
use crate::recording::mask;
use crate::sac::SacError;
use crate::script::model::{Mode, Restart};
use crate::secret::Secret;
use crate::shell::dialogue::Dialogue;
use crate::shell::powershell::{Ending, ending};
use crate::shell::{self, Receipt, Restarting, Session, ShellError};

/// A [`Session`] as the engine sees it. What it says of failures holds none of the secrets.
#[derive(Debug)]
pub struct Live {
    session: Session,
    secrets: Vec<Secret>,
    asker: Option<Asker>,
}

/// Asks the person at the terminal: the question, and the answers to choose from. It may wait as long as that takes.
/// `None`: nobody is there any more.
pub type Asker = fn(&str, &[String]) -> Option<String>;

impl Live {
    /// Hands a session over; `secrets` are masked in everything that is said about failures.
    pub fn new(session: Session, secrets: Vec<Secret>) -> Self {
        Self { session, secrets, asker: None }
    }

    /// With somebody at the terminal.
    #[must_use]
    pub fn attended(self, asker: Asker) -> Self {
        Self { asker: Some(asker), ..self }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, to hand it to somebody else.
    pub fn into_session(self) -> Session {
        self.session
    }
}

impl Live {
    /// With what the way in has sent on its own account, too: a line that was made anew has another token.
    fn secrets(&self) -> Vec<Secret> {
        [&self.secrets, self.session.console().secrets()].concat()
    }

    fn masked(&self, error: &ShellError) -> OperatorError {
        operator_error(error, &self.secrets())
    }
}

impl Operator for Live {
    async fn run(&mut self, mode: Mode, command: &str, timeout: Duration) -> Result<Outcome, OperatorError> {
        let began = tokio::time::Instant::now();
        let outcome = match mode {
            Mode::Cmd => Box::pin(self.session.cmd(command, timeout)).await.map(Outcome::from),
            Mode::Sac => Box::pin(self.session.sac(command, timeout)).await.map(|output| Outcome {
                code: 0,
                output,
                elapsed: began.elapsed(),
            }),
            Mode::PowerShell => {
                Box::pin(self.session.powershell(command, timeout, None)).await.map(Outcome::from)
            }
        };
        outcome.map_err(|error| self.masked(&error))
    }

    fn fitting(&self, commands: &[&str]) -> usize {
        self.session.fitting(commands)
    }

    async fn together(
        &mut self,
        commands: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Outcome>, OperatorError> {
        let outcomes = Box::pin(self.session.together(commands, timeout)).await;
        let outcomes = outcomes.map_err(|error| self.masked(&error))?;
        Ok(outcomes.into_iter().map(Outcome::from).collect())
    }

    async fn change(
        &mut self,
        mode: Mode,
        command: &str,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, OperatorError> {
        let outcome = match mode {
            Mode::Sac => return self.run(mode, command, timeout).await,
            Mode::Cmd => Box::pin(self.session.cmd_with_receipt(command, timeout, receipt)).await,
            Mode::PowerShell => Box::pin(self.session.powershell(command, timeout, Some(receipt))).await,
        };
        outcome.map(Outcome::from).map_err(|error| self.masked(&error))
    }

    async fn settle(
        &mut self,
        session: &str,
        receipt: u64,
        (mode, command): (Mode, &str),
    ) -> Result<Settled, OperatorError> {
        match Box::pin(self.session.receipt(session, receipt)).await {
            Ok(Receipt::Ended { code }) if mode == Mode::PowerShell => Ok(match ending(command, code) {
                Ending::Code(code) => Settled::Ended { code },
                Ending::Differs => Settled::NeverStarted,
                Ending::Noted | Ending::Foreign => Settled::Unknown,
            }),
            Ok(Receipt::Ended { code }) => Ok(Settled::Ended { code }),
            Ok(Receipt::Started) => Ok(Settled::Unknown),
            Ok(Receipt::Nothing) => Ok(Settled::NeverStarted),
            Err(error) => Err(self.masked(&error)),
        }
    }

    async fn sweep(&mut self, session: &str) -> Result<(), OperatorError> {
        Box::pin(self.session.sweep(session)).await.map_err(|error| self.masked(&error))
    }

    async fn uptime(&mut self) -> Result<Option<Duration>, OperatorError> {
        Box::pin(self.session.uptime()).await.map_err(|error| self.masked(&error))
    }

    fn shells(&self) -> u32 {
        self.session.shells()
    }

    fn place(&self) -> SessionPlace {
        SessionPlace {
            session: self.session.id().to_owned(),
            channel: self.session.channel().to_owned(),
            kept: self.session.is_kept(),
        }
    }

    async fn talk(
        &mut self,
        command: &str,
        dialogue: &Dialogue,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, OperatorError> {
        let outcome = Box::pin(self.session.talk(command, dialogue, timeout, receipt)).await;
        outcome
            .map(|outcome| Outcome { code: outcome.code, output: outcome.text, elapsed: outcome.elapsed })
            .map_err(|error| self.masked(&error))
    }

    async fn upload(&mut self, path: &str, content: &[u8], timeout: Duration) -> Result<(), OperatorError> {
        Box::pin(self.session.upload(path, content, timeout)).await.map_err(|error| self.masked(&error))
    }

    fn is_attended(&self) -> bool {
        self.asker.is_some()
    }

    async fn ask(&mut self, question: &str, choices: &[String]) -> Result<Option<String>, OperatorError> {
        let Some(asker) = self.asker else { return Ok(None) };
        let (question, choices) = (question.to_owned(), choices.to_vec());
        // A person takes longer than a thread of the machine's clock may.
        let asked = tokio::task::spawn_blocking(move || asker(&question, &choices)).await;
        Ok(asked.unwrap_or_default())
    }

    async fn reboot(
        &mut self,
        by: Restart,
        reason: &str,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), OperatorError> {
        let by = match by {
            Restart::Shutdown => Restarting::Shutdown { reason },
            Restart::Sac => Restarting::Sac,
        };
        Box::pin(self.session.reboot(by, budget, stop)).await.map_err(|error| self.masked(&error))
    }

    async fn close(&mut self) -> Result<(), OperatorError> {
        Box::pin(self.session.close()).await.map_err(|error| self.masked(&error))
    }

    fn screen(&self) -> String {
        mask(&self.session.console().screen().text(), &self.secrets())
    }

    fn mark(&mut self, label: &str) {
        self.session.mark(label);
    }
}

impl From<shell::Outcome> for Outcome {
    fn from(outcome: shell::Outcome) -> Self {
        Self { code: outcome.code, output: outcome.text, elapsed: outcome.elapsed }
    }
}

/// A failure of the shell in the engine's terms, without secrets.
pub fn operator_error(error: &ShellError, secrets: &[Secret]) -> OperatorError {
    OperatorError {
        kind: trouble(error),
        code: error.code(),
        message: mask(&error.to_string(), secrets),
        help: error.help().map(str::to_owned),
        screen: mask(error.screen().unwrap_or_default(), secrets),
    }
}

fn trouble(error: &ShellError) -> Trouble {
    match error {
        ShellError::LoginRefused { .. } => Trouble::LoginRefused,
        ShellError::TimedOut { .. }
        | ShellError::DialogueFailed { .. }
        | ShellError::NotUploaded { .. }
        | ShellError::NotFetched { .. } => Trouble::TimedOut,
        ShellError::ScriptFailed { .. } => Trouble::ScriptFailed,
        ShellError::NoPowerShell { begun: false, .. } | ShellError::RestartRefused { .. } => {
            Trouble::Unsupported
        }
        ShellError::TooLong { .. } | ShellError::NotStarted { .. } | ShellError::NoReceipt { .. } => {
            Trouble::NotTyped
        }
        ShellError::LostBeforeEnter { .. } => Trouble::LineLost,
        ShellError::OutcomeUnknown { cause } => match cause {
            ConsoleError::HungUp { .. } => Trouble::LineLost,
            ConsoleError::Alarm { alarm: Alarm::BugCheck | Alarm::Restarted, .. } => Trouble::MachineDown,
            _ => Trouble::OutcomeUnknown,
        },
        ShellError::OutputDamaged { .. }
        | ShellError::NoPowerShell { begun: true, .. }
        | ShellError::TooMuchOutput { .. }
        | ShellError::NotFoundOut { .. } => Trouble::OutcomeUnknown,
        ShellError::Sac(SacError::Console(console)) => match console {
            ConsoleError::HungUp { .. } => Trouble::LineLost,
            ConsoleError::Alarm { alarm: Alarm::BugCheck | Alarm::Restarted, .. } => Trouble::MachineDown,
            ConsoleError::EchoNeverRight { .. }
            | ConsoleError::NotCleared { .. }
            | ConsoleError::Untypable { .. } => Trouble::NotTyped,
            ConsoleError::TimedOut { .. }
            | ConsoleError::EnterUnanswered { .. }
            | ConsoleError::Alarm { .. }
            | ConsoleError::Stopped { .. } => Trouble::Unreachable,
        },
        ShellError::Sac(SacError::Stopped { .. }) => Trouble::MachineDown,
        ShellError::NotPrepared { .. }
        | ShellError::NoProof { .. }
        | ShellError::Stopped { .. }
        | ShellError::Sac(_) => Trouble::Unreachable,
    }
}
