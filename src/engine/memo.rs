//! How the steps of a run ended that is taken up again: what they left is used on, they are not done twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::event::{Event, EventKind, Failure, Left, StepPath, StepStatus};
use super::ledger::Ledger;
use super::operator::Trouble;

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
    /// Steps under way, the innermost one last.
    open: Vec<StepPath>,
    /// Blocks that the user stopped, and whose `always` is being done: nothing inside of them counts.
    tidying: BTreeSet<StepPath>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Number of the event.
    seq: u64,
    /// Bytes of the path of the step around it: what follows is its own name, with the item of its round.
    around: usize,
    /// How.
    pub status: StepStatus,
    /// What it left.
    pub left: Left,
    /// Why it failed, or a step inside of it, when the run went on after that.
    pub failure: Option<Failure>,
}

impl Memo {
    /// Adds one event of the journal. `ledger` has not heard of it yet.
    pub fn add(&mut self, event: &Event, ledger: &Ledger) {
        match &event.event {
            EventKind::StepStarted { step, .. } => {
                self.failures.remove(step);
                self.tidying.remove(step);
                self.open.push(step.clone());
            }
            EventKind::Answered { step, answer, attended: true, .. } => {
                self.answers.insert(step.clone(), answer.clone());
            }
            EventKind::RebootFinished { step, .. } => self.was_restarted(step),
            EventKind::StepFailed { step, failure } => {
                self.failures.insert(step.clone(), failure.clone());
            }
            EventKind::StepFinished { step, status, left: Some(left), .. } => {
                self.open.pop();
                self.tidying.remove(step);
                self.ended(event.seq, step, *status, left);
            }
            EventKind::Tidying { step, again } => {
                let inside = |path: &StepPath| {
                    let rest = path.0.get(step.0.len() + 1..).filter(|_| path.is_inside(step));
                    rest.is_some_and(|rest| {
                        let id = rest.split(['/', '[']).next().unwrap_or_default();
                        again.iter().any(|again| again == id)
                    })
                };
                for (path, ends) in &mut self.steps {
                    ends.retain(|end| end.status == StepStatus::Restarted || !inside(path));
                }
                self.steps.retain(|_, ends| !ends.is_empty());
                self.tidying.insert(step.clone());
            }
            EventKind::ReadAgain { after } => {
                self.open.clear();
                self.forget(*after, ledger);
            }
            EventKind::RunResumed { .. } => self.open.clear(),
            _ => {}
        }
    }

    fn ended(&mut self, seq: u64, step: &StepPath, status: StepStatus, left: &Left) {
        if self.tidying.iter().any(|block| step.is_inside(block)) {
            return;
        }
        self.restarted.remove(step);
        self.answers.remove(step);
        let inside = left.failed_at.as_ref().filter(|_| status != StepStatus::Failed);
        let failure = self.failures.get(inside.unwrap_or(step)).cloned();
        let ends_as_it_did = match status {
            StepStatus::Interrupted => false,
            // Without a failure of its own, one inside of it ended the run.
            StepStatus::Failed => failure.as_ref().is_some_and(|failure| !failure.passes()),
            _ => true,
        };
        if ends_as_it_did {
            let around = self.open.last().map_or(0, |around| around.0.len());
            let remembered = Remembered { seq, around, status, left: left.clone(), failure };
            // Mostly there is one: room for four of them would be most of what a run holds.
            let ends = self.steps.entry(step.clone()).or_insert_with(|| VecDeque::with_capacity(1));
            ends.push_back(remembered);
        }
    }

    /// Forgets what was seen after an event, and changes that the machine may have lost since it started.
    pub fn forget(&mut self, after: u64, ledger: &Ledger) {
        for ends in self.steps.values_mut() {
            // A restart that is over is not made a second time, whatever became of the session behind it.
            ends.retain(|end| end.seq <= after || end.status == StepStatus::Restarted);
        }
        let lost: BTreeSet<&StepPath> =
            ledger.changes.iter().filter(|made| made.this_boot).map(|made| &made.step).collect();
        let leads_to_lost = |path: &StepPath| lost.iter().any(|step| *step == path || step.is_inside(path));
        self.steps.retain(|path, ends| !ends.is_empty() && !leads_to_lost(path));
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

    /// How the rounds of a step ended that is done for each item of a list, once. `around`: the step around it.
    pub fn take_rounds(&mut self, around: &StepPath, id: &str) -> Vec<Remembered> {
        let begin = StepPath(format!("{around}/{id}["));
        let rounds = self.steps.range_mut(begin.clone()..);
        let rounds = rounds.take_while(|(path, _)| path.0.starts_with(&begin.0));
        // What an item says may look like a step of its own.
        let own = rounds.filter(|(_, ends)| ends.front().is_some_and(|end| end.around == around.0.len()));
        own.filter_map(|(_, ends)| ends.pop_front()).collect()
    }
}

impl Failure {
    /// Whether another try may end otherwise, since the line, the machine or the disk was in the way.
    pub fn passes(&self) -> bool {
        self.trouble.is_some_and(Trouble::ends_session) || self.code == "journal"
    }
}
