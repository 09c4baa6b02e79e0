//! A run read back from its journal, to be taken up again.

use super::event::{Again, Event, EventKind, RunMode, Values};
use super::interrupt::OnInterrupt;
use super::ledger::Ledger;
use super::masks::Masks;
use super::memo::Memo;
use super::selection::Selection;
use super::verdict::Verdict;

/// What a journal says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// What was done to the machine.
    pub ledger: Ledger,
    /// How its steps ended.
    pub memo: Memo,
    /// How it began.
    pub order: PastOrder,
    /// What it was taken up for last.
    pub again: Option<Again>,
}

/// How a run began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PastOrder {
    /// Name of the run.
    pub run: String,
    /// Name of the script.
    pub script: String,
    /// SHA-256 of every script, by name.
    pub scripts: std::collections::BTreeMap<String, String>,
    /// What may be done; `None`: the journal does not hold its beginning.
    pub mode: Option<RunMode>,
    /// The machine, as the user named it last.
    pub target: String,
    /// Parameters; secrets stand as placeholders.
    pub params: Values,
    /// Which steps are done.
    pub selection: Selection,
    /// What becomes of changes when the user stops it.
    pub on_interrupt: OnInterrupt,
    /// How long a command may take, in milliseconds.
    pub timeout_ms: u64,
    /// Digest of the plan that was approved.
    pub approved: Option<String>,
    /// The name of the snapshot that is to be taken first; none once it was taken.
    pub snapshot: Option<String>,
}

/// Why a run cannot be taken up again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAgain {
    /// Its journal ends before the run began.
    #[error("the run had not begun: nothing was sent")]
    NotBegun,
    /// It is over.
    #[error("the run is over: {}", .verdict.sentence())]
    Over {
        /// How it ended.
        verdict: Verdict,
    },
    /// It failed for a reason that would come again.
    #[error("the run is over: a step failed, and would fail again: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// Its changes were taken back, or that was begun.
    #[error("the changes of the run were taken back, or that was begun")]
    TakenBack,
    /// It made no change that stands.
    #[error("there is nothing to take back: no change of the run stands")]
    Untouched,
}

impl NotAgain {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotBegun => "run-not-begun",
            Self::Over { .. } => "run-over",
            Self::Failed { .. } => "run-failed",
            Self::TakenBack => "run-taken-back",
            Self::Untouched => "run-untouched",
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotBegun => "begin it with `sacpilot run`",
            Self::Over { .. } => {
                "`sacpilot undo RUN` takes its changes back; `sacpilot run` begins a new run"
            }
            Self::Failed { .. } => {
                "`sacpilot undo RUN` takes back what is left of it; remove the cause, then begin a new run"
            }
            Self::TakenBack => "`sacpilot undo RUN` goes on with that; `sacpilot run` begins a new run",
            Self::Untouched => "`sacpilot runs` tells what each run did",
        }
    }
}

impl Past {
    /// Reads a journal. `masks` holds the secrets of the run, whose placeholders stand in the journal.
    pub fn of(events: &[Event], masks: &Masks) -> Self {
        let mut past = Self::default();
        for event in events {
            let event = Event { event: masks.reveal(event.event.clone()), ..event.clone() };
            past.add(&event);
        }
        past
    }

    /// Whether it can go on.
    ///
    /// # Errors
    /// [`NotAgain`]
    pub fn can_resume(&self) -> Result<(), NotAgain> {
        if self.order.mode.is_none() {
            return Err(NotAgain::NotBegun);
        }
        // A run that took its changes back since a step failed, and died meanwhile, goes on with that.
        if self.ledger.undone && (self.ledger.stopping || self.ledger.ended.is_some()) {
            return Err(NotAgain::TakenBack);
        }
        let Some((verdict, failure)) = &self.ledger.ended else { return Ok(()) };
        match verdict {
            Verdict::Interrupted | Verdict::Unreachable | Verdict::LoginRefused => Ok(()),
            _ => match failure {
                Some(failure) if failure.passes() => Ok(()),
                Some(failure) => Err(NotAgain::Failed { reason: failure.message.clone() }),
                None => Err(NotAgain::Over { verdict: *verdict }),
            },
        }
    }

    /// Whether something of it can be taken back.
    ///
    /// # Errors
    /// [`NotAgain`]
    pub fn can_undo(&self) -> Result<(), NotAgain> {
        if self.order.mode.is_none() {
            return Err(NotAgain::NotBegun);
        }
        if self.ledger.touched() { Ok(()) } else { Err(NotAgain::Untouched) }
    }

    fn add(&mut self, event: &Event) {
        match &event.event {
            EventKind::RunStarted {
                run,
                script,
                scripts,
                mode,
                target,
                params,
                selection,
                on_interrupt,
                timeout_ms,
                approved,
                snapshot,
                ..
            } => {
                self.order = PastOrder {
                    run: run.clone(),
                    script: script.clone(),
                    scripts: scripts.clone(),
                    mode: Some(*mode),
                    target: target.clone(),
                    params: params.clone(),
                    selection: selection.clone().unwrap_or_default(),
                    on_interrupt: *on_interrupt,
                    timeout_ms: *timeout_ms,
                    approved: approved.clone(),
                    snapshot: snapshot.clone(),
                };
            }
            EventKind::SnapshotTaken { .. } => self.order.snapshot = None,
            EventKind::RunResumed { again, target, .. } => {
                self.again = Some(*again);
                self.order.target.clone_from(target);
            }
            _ => {}
        }
        self.memo.add(event, &self.ledger);
        self.ledger.add(event.seq, event.at, &event.event);
    }
}
