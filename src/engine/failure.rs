//! Why a step cannot be done, and what ends a run early.

use super::event::Failure;
use super::journal::JournalError;
use super::operator::OperatorError;
use crate::script::expression::EvalError;
use crate::script::template::RenderError;

/// What ends a run, or in a run that changes nothing a step, early.
#[derive(Debug)]
pub(super) enum Stop {
    /// A step failed.
    Failed(Failure),
    /// A step failed whose script wants that changes stay.
    Left(Failure),
    /// The user wants to stop.
    Interrupted,
    /// The machine may have started under the run: its steps are gone through again, as `resume` does.
    Again,
    /// The journal cannot be written: nothing more may be sent.
    Journal(JournalError),
}

impl Failure {
    /// A failure with a stable code.
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), help: None, screen: None, trouble: None }
    }

    /// Says what to do next.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        Self {
            code: error.code.to_owned(),
            message: error.message,
            help: error.help,
            screen: Some(error.screen).filter(|screen| !screen.trim().is_empty()),
            trouble: Some(error.kind),
        }
    }
}

impl From<&JournalError> for Failure {
    fn from(error: &JournalError) -> Self {
        Self::new("journal", error.to_string())
            .help("nothing more was sent; make room, then look at the journal before anything is repeated")
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::new("template", error.to_string())
    }
}

impl From<EvalError> for Failure {
    fn from(error: EvalError) -> Self {
        Self::new("expression", error.to_string())
    }
}

impl From<RenderError> for Stop {
    fn from(error: RenderError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<EvalError> for Stop {
    fn from(error: EvalError) -> Self {
        Self::Failed(error.into())
    }
}
