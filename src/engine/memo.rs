//! How the steps of a run ended that is taken up again: what they left is used on, they are not done twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::event::{Event, EventKind, Failure, Left, StepPath, StepStatus};
use super::ledger::Ledger;
use super::operator::Trouble;
use crate::script::model::Severity;

/// Steps that ended, by path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memo {
    /// A step of a block that is tried again ends several times; each is used once, in order.
    steps: BTreeMap<StepPath, VecDeque<Remembered>>,
    /// Restarts that ended, whose step was not told to have ended.
    restarted: BTreeSet<StepPath>,
    /// Answers to the questions of steps that were not told to have ended.
    answers: BTreeMap<StepPath, String>,
    failures: BTreeMap<StepPath, Failure>,
    found: BTreeMap<StepPath, Severity>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Number of the event.
    seq: u64,
    /// How.
    pub status: StepStatus,
    /// What it left.
    pub left: Left,
    /// Why it failed, when it did.
    pub failure: Option<Failure>,
    /// What it found, when that is still so.
    pub found: Option<Severity>,
}

impl Memo {
    /// Adds one event of the journal. `ledger` has not heard of it yet.
    pub fn add(&mut self, event: &Event, ledger: &Ledger) {
        match &event.event {
            EventKind::StepStarted { step, .. } => {
                self.failures.remove(step);
                self.found.remove(step);
            }
            EventKind::Answered { step, answer, attended: true, .. } => {
                self.answers.insert(step.clone(), answer.clone());
            }
            EventKind::RebootFinished { step, .. } => self.was_restarted(step),
            EventKind::Found { step, severity, .. } => {
                self.found.insert(step.clone(), *severity);
            }
            EventKind::StepFailed { step, failure } => {
                self.failures.insert(step.clone(), failure.clone());
            }
            EventKind::StepFinished { step, status, left: Some(left), .. } => {
                self.restarted.remove(step);
                self.answers.remove(step);
                let failure = self.failures.get(step).cloned();
                let lost = failure.as_ref().is_some_and(Failure::passes);
                if *status != StepStatus::Interrupted && !lost {
                    let found = self.still_found(step).filter(|_| *status == StepStatus::NotHeld);
                    let remembered =
                        Remembered { seq: event.seq, status: *status, left: left.clone(), failure, found };
                    // Mostly there is one: room for four of them would be most of what a run holds.
                    let ends = self.steps.entry(step.clone()).or_insert_with(|| VecDeque::with_capacity(1));
                    ends.push_back(remembered);
                }
            }
            EventKind::ReadAgain { after } => self.forget(*after, ledger),
            _ => {}
        }
    }

    /// Forgets what was seen after an event, and changes that the machine may have lost since it started.
    pub fn forget(&mut self, after: u64, ledger: &Ledger) {
        for ends in self.steps.values_mut() {
            // A restart that is over is not made a second time, whatever became of the session behind it.
            ends.retain(|end| end.seq <= after || end.status == StepStatus::Restarted);
        }
        let lost: BTreeSet<&str> =
            ledger.changes.iter().filter(|made| made.this_boot).map(|made| made.step.0.as_str()).collect();
        let leads_to_lost = |path: &StepPath| {
            lost.iter().any(|step| {
                *step == path.0
                    || step.strip_prefix(path.0.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        self.steps.retain(|path, ends| !ends.is_empty() && !leads_to_lost(path));
    }

    /// The worst that a step found, or one inside it that does not hold still: who recalls the outer one never sees the
    /// inner ones.
    fn still_found(&self, step: &StepPath) -> Option<Severity> {
        let is_inside =
            |path: &StepPath| path.0.strip_prefix(step.0.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let inside = self.steps.iter().filter(|(path, _)| is_inside(path));
        let inside = inside.filter_map(|(_, ends)| ends.back()?.found);
        inside.chain(self.found.get(step).copied()).max()
    }

    /// Whether no step ended.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.restarted.is_empty() && self.answers.is_empty()
    }

    /// Notes that the machine was restarted for this step.
    pub fn was_restarted(&mut self, step: &StepPath) {
        self.restarted.insert(step.clone());
    }

    /// Whether the machine was restarted for this step already, once.
    pub fn take_restart(&mut self, step: &StepPath) -> bool {
        self.restarted.remove(step)
    }

    /// What a person answered to the question of this step, once.
    pub fn take_answer(&mut self, step: &StepPath) -> Option<String> {
        self.answers.remove(step)
    }

    /// How the step ended, once.
    pub fn take(&mut self, step: &StepPath) -> Option<Remembered> {
        self.steps.get_mut(step)?.pop_front()
    }
}

impl Failure {
    /// Whether another try may end otherwise, since the line, the machine or the disk was in the way.
    pub fn passes(&self) -> bool {
        self.trouble.is_some_and(Trouble::ends_session) || self.code == "journal"
    }
}
