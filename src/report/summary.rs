//! What a run came to, folded from its events: `report.json`, and the base of every other report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::engine::event::{
    Again, ChannelLeft, Command, Evidence, Failure, Purpose, RunMode, Settled, StepPath, StepStatus,
    UndoOutcome, Values, WayBack,
};
use crate::engine::operator::Executed;
use crate::engine::{Event, EventKind, Listener, Selection, Trouble, Verdict};
use crate::script::model::{Risk, Severity};

/// Version of `report.json`; grows when a member changes its meaning.
const VERSION: u32 = 1;

/// A run, as far as it got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Version of this format.
    pub version: u32,
    /// Name of the run.
    pub run: String,
    /// What ran it.
    pub tool: String,
    /// The script.
    pub script: String,
    /// Its title.
    pub title: String,
    /// SHA-256 of its text.
    pub digest: String,
    /// What could be done.
    pub mode: Option<RunMode>,
    /// The machine, as the user named it.
    pub target: String,
    /// Parameters.
    pub params: Values,
    /// Which steps were done, where it was not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// What interrupted it, and when it went on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moments: Vec<Moment>,
    /// When its last event came.
    pub ended: Option<Timestamp>,
    /// How long the program worked on it, in milliseconds: all the times together that it was taken up.
    pub elapsed_ms: u64,
    /// The result; absent when the run was cut off.
    pub verdict: Option<Verdict>,
    /// Exit code of the program.
    pub exit: Option<u8>,
    /// What ended it early.
    pub failure: Option<Failure>,
    /// The snapshot of the system disk that was taken first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// Why none was taken where one could have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_declined: Option<String>,
    /// How the channel was left; absent when none was opened.
    pub channel: Option<ChannelLeft>,
    /// What was found wrong, in order.
    pub findings: Vec<Finding>,
    /// What was changed, in order.
    pub changes: Vec<Change>,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// Facts that were read.
    #[serde(skip)]
    pub facts: Values,
    #[serde(skip)]
    running: BTreeMap<StepPath, usize>,
    /// Milliseconds of the programs before this one.
    #[serde(skip)]
    before_ms: u64,
    #[serde(skip)]
    resumed: bool,
}

/// Something that a run stood still for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: Interlude,
}

/// What a run stood still for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Interlude {
    /// The user wanted to stop.
    Interrupted,
    /// It was taken up again.
    TakenUp {
        /// What for.
        again: Again,
    },
    /// The machine may have started unseen, and what was seen and done was looked at again.
    LookedAgain,
    /// A restart of the machine was begun.
    Restart {
        /// Of which step.
        step: StepPath,
        /// Why.
        reason: String,
        /// When the machine was back and logged in; absent when that was not seen.
        back: Option<Timestamp>,
    },
}

/// Something wrong on the machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The step that found it.
    pub step: StepPath,
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
    /// What to do outside.
    pub remedy: Option<String>,
    /// Whether the run repaired it and proved that.
    pub repaired: bool,
    /// Whether it was found in a block that failed and was rescued: then it does not count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rescued: bool,
    /// What it rests on.
    pub evidence: Evidence,
}

/// A change that was intended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The step.
    pub step: StepPath,
    /// Its title.
    pub title: String,
    /// The commands.
    pub commands: Vec<Command>,
    /// How many of them were sent; one that was never entered does not count.
    pub sent: usize,
    /// What the check had read before, and what undo needs.
    pub before: Values,
    /// What changed, as the check read it; absent when it was not proven.
    pub proof: Option<Proof>,
    /// The way back.
    pub undo: WayBack,
    /// How taking it back ended, where that was tried.
    pub undone: Option<UndoOutcome>,
    /// How many were sent when it was made anew, and before that.
    #[serde(skip)]
    sent_now: usize,
    #[serde(skip)]
    sent_before: usize,
}

/// The same check before and after a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// Before.
    pub before: Values,
    /// After.
    pub after: Values,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Which.
    pub step: StepPath,
    /// Its title.
    pub title: String,
    /// What it may do.
    pub risk: Risk,
    /// How it ended; absent when the run was cut off in it.
    pub status: Option<StepStatus>,
    /// Why.
    pub note: Option<String>,
    /// Commands typed in it.
    pub commands: usize,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// A picture of the screen when it failed: a file beside the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip)]
    began_ms: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            version: VERSION,
            run: String::new(),
            tool: String::new(),
            script: String::new(),
            title: String::new(),
            digest: String::new(),
            mode: None,
            target: String::new(),
            params: Values::new(),
            selection: None,
            started: None,
            moments: Vec::new(),
            ended: None,
            elapsed_ms: 0,
            verdict: None,
            exit: None,
            failure: None,
            snapshot: None,
            snapshot_declined: None,
            channel: None,
            findings: Vec::new(),
            changes: Vec::new(),
            facts: Values::new(),
            steps: Vec::new(),
            running: BTreeMap::new(),
            before_ms: 0,
            resumed: false,
        }
    }
}

impl Summary {
    /// Folds all of a journal.
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut summary = Self::default();
        events.into_iter().for_each(|event| summary.add(event));
        summary
    }

    /// Findings that remain.
    pub fn open_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.repaired && !finding.rescued)
    }

    /// Changes that were made and not taken back.
    pub fn standing_changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.sent > 0 && change.undone != Some(UndoOutcome::Restored))
    }

    /// The result in a sentence, once there is one. Of a run that was taken up again, and could not go on, changes of
    /// before may be left.
    pub fn result(&self) -> Option<&'static str> {
        let changed = || self.standing_changes().next().is_some();
        Some(match self.verdict? {
            Verdict::Unreachable if changed() => {
                "the machine could not be reached; changes of before remain on it"
            }
            Verdict::LoginRefused if changed() => {
                "the login was refused; changes of before remain on the machine"
            }
            verdict => verdict.sentence(),
        })
    }

    /// Adds one event.
    pub fn add(&mut self, event: &Event) {
        if matches!(event.event, EventKind::RunResumed { .. }) {
            self.before_ms = self.elapsed_ms;
        }
        self.ended = Some(event.at);
        self.elapsed_ms = self.before_ms + event.ms;
        match &event.event {
            EventKind::RunStarted {
                run,
                tool,
                script,
                title,
                digest,
                mode,
                target,
                params,
                selection,
                ..
            } => {
                self.started = Some(event.at);
                self.run.clone_from(run);
                self.tool.clone_from(tool);
                self.script.clone_from(script);
                self.title.clone_from(title);
                self.digest.clone_from(digest);
                self.mode = Some(*mode);
                self.target.clone_from(target);
                self.params.clone_from(params);
                self.selection.clone_from(selection);
            }
            EventKind::StepStarted { step, title, risk, .. } => {
                // A step that was under way when the run was taken up again is told once.
                if self.resumed
                    && let Some(index) = self.steps.iter().rposition(|known| known.step == *step)
                {
                    self.running.insert(step.clone(), index);
                    let known = &mut self.steps[index];
                    known.status = None;
                    known.note = None;
                    known.failure = None;
                    known.began_ms = event.ms;
                    return;
                }
                self.running.insert(step.clone(), self.steps.len());
                self.steps.push(Step {
                    step: step.clone(),
                    title: title.clone(),
                    risk: *risk,
                    status: None,
                    note: None,
                    commands: 0,
                    elapsed_ms: 0,
                    failure: None,
                    picture: None,
                    began_ms: event.ms,
                });
            }
            EventKind::CommandStarted { step, purpose, .. } => {
                if let Some(step) = self.step(step) {
                    step.commands += 1;
                }
                if *purpose == Purpose::Change
                    && let Some(change) = self.change(step)
                {
                    change.entered(1);
                }
            }
            EventKind::CommandFailed { step, purpose: Purpose::Change, failure }
                if failure.trouble.map(Trouble::executed) == Some(Executed::No) =>
            {
                self.never_entered(step);
            }
            EventKind::CommandSettled { step, purpose: Purpose::Change, settled, .. }
                if *settled == Settled::NeverStarted =>
            {
                self.never_entered(step);
            }
            EventKind::Found { step, severity, text, remedy, evidence } => {
                if self.resumed {
                    self.findings.retain(|known| known.step != *step || known.text != *text);
                }
                self.findings.push(Finding {
                    step: step.clone(),
                    severity: *severity,
                    text: text.clone(),
                    remedy: remedy.clone(),
                    repaired: false,
                    rescued: false,
                    evidence: evidence.clone(),
                });
            }
            EventKind::ChangeIntended { step, commands, undo, before, again, .. } => {
                if *again && let Some(change) = self.change(step) {
                    change.undone = None;
                    change.begin_again(commands.len());
                    return;
                }
                let title = self.step(step).map(|step| step.title.clone()).unwrap_or_default();
                self.changes.push(Change {
                    step: step.clone(),
                    title,
                    commands: commands.clone(),
                    sent: 0,
                    before: before.clone(),
                    proof: None,
                    undo: undo.clone(),
                    undone: None,
                    sent_now: 0,
                    sent_before: 0,
                });
            }
            EventKind::ChangeVerified { step, before, after } => {
                if let Some(change) = self.change(step) {
                    change.proof = Some(Proof { before: before.clone(), after: after.clone() });
                }
                self.repaired(step, true);
            }
            EventKind::UndoFinished { step, outcome } => {
                if let Some(change) = self.change(step) {
                    change.undone = Some(outcome.clone());
                }
                self.repaired(step, false);
            }
            EventKind::StepFailed { step, failure } => {
                if let Some(step) = self.step(step) {
                    step.failure = Some(failure.clone());
                }
            }
            EventKind::StepFinished { step, status, note, left } => {
                let failed = matches!(status, StepStatus::Failed | StepStatus::Interrupted);
                if let Some(left) = left.as_ref().filter(|left| left.failed && !failed) {
                    self.rescued(step, left.findings);
                }
                if let Some(step) = self.step(step) {
                    step.status = Some(*status);
                    step.note.clone_from(note);
                    step.elapsed_ms = event.ms.saturating_sub(step.began_ms);
                }
                self.running.remove(step);
            }
            EventKind::SnapshotTaken { snapshot } => self.snapshot = Some(snapshot.clone()),
            EventKind::SnapshotDeclined { why } => self.snapshot_declined = Some(why.clone()),
            EventKind::SessionClosed { channel } => self.channel = Some(channel.clone()),
            EventKind::RunFinished { verdict, exit, elapsed_ms, failure } => {
                self.verdict = Some(*verdict);
                self.exit = Some(*exit);
                self.elapsed_ms = self.before_ms + elapsed_ms;
                self.failure.clone_from(failure);
            }
            EventKind::RunResumed { target, again, .. } => {
                self.resumed = true;
                self.moment(event, Interlude::TakenUp { again: *again });
                self.target.clone_from(target);
                self.verdict = None;
                self.exit = None;
                self.failure = None;
                self.channel = None;
            }
            EventKind::Interrupted => self.moment(event, Interlude::Interrupted),
            EventKind::RebootIntended { step, reason, .. } => {
                let restart = Interlude::Restart { step: step.clone(), reason: reason.clone(), back: None };
                self.moment(event, restart);
            }
            EventKind::RebootFinished { .. } => {
                let restart = self.moments.iter_mut().rev().find_map(|moment| match &mut moment.what {
                    Interlude::Restart { back, .. } => Some(back),
                    _ => None,
                });
                if let Some(back) = restart {
                    back.get_or_insert(event.at);
                }
            }
            EventKind::FactsRead { facts, .. } => self.facts.extend(facts.clone()),
            // Steps are gone through again.
            EventKind::ReadAgain { .. } => {
                self.resumed = true;
                self.moment(event, Interlude::LookedAgain);
            }
            EventKind::CalledAgain { .. }
            | EventKind::StillUp { .. }
            | EventKind::Tidying { .. }
            | EventKind::SessionOpening { .. }
            | EventKind::CommandSettled { .. }
            | EventKind::Waiting { .. }
            | EventKind::SessionOpened { .. }
            | EventKind::CommandFinished { .. }
            | EventKind::CommandFailed { .. }
            | EventKind::Judged { .. }
            | EventKind::ReadTogether { .. }
            | EventKind::Asking { .. }
            | EventKind::Answered { .. }
            | EventKind::UndoStarted { .. }
            | EventKind::Unknown => {}
        }
    }

    fn moment(&mut self, event: &Event, what: Interlude) {
        self.moments.push(Moment { at: event.at, what });
    }

    fn step(&mut self, step: &StepPath) -> Option<&mut Step> {
        let index = *self.running.get(step)?;
        self.steps.get_mut(index)
    }

    fn never_entered(&mut self, step: &StepPath) {
        if let Some(change) = self.change(step) {
            change.entered(-1);
        }
    }

    fn change(&mut self, step: &StepPath) -> Option<&mut Change> {
        self.changes.iter_mut().rev().find(|change| change.step == *step)
    }

    /// A step ended well in which others had failed: of what they found only the last ones count, so many.
    fn rescued(&mut self, step: &StepPath, counting: usize) {
        let inside = self.findings.iter_mut().rev().filter(|finding| finding.step.is_inside(step));
        let open = inside.filter(|finding| !finding.repaired && finding.severity > Severity::Info);
        for finding in open.skip(counting) {
            finding.rescued = true;
        }
    }

    fn repaired(&mut self, step: &StepPath, repaired: bool) {
        for finding in self.findings.iter_mut().filter(|finding| finding.step == *step) {
            finding.repaired = repaired;
        }
    }
}

impl Change {
    /// One more of its commands was sent, or one less: it turned out that it never was.
    fn entered(&mut self, more: isize) {
        self.sent_now = self.sent_now.saturating_add_signed(more);
        self.sent = self.sent_now.max(self.sent_before);
    }

    /// The last ones of its commands, so many, are sent anew.
    fn begin_again(&mut self, commands: usize) {
        self.sent_before = self.sent;
        self.sent_now = self.commands.len().saturating_sub(commands);
    }
}

impl Listener for Summary {
    fn hear(&mut self, event: &Event) {
        self.add(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::model::Mode;

    /// A run that intended a change of three commands, and what followed.
    fn summary(events: Vec<EventKind>) -> Summary {
        let first = intended(3, false);
        let events = std::iter::once(first).chain(events);
        let event = |event| Event { v: 1, seq: 1, at: Timestamp::UNIX_EPOCH, ms: 0, event };
        Summary::of(&events.map(event).collect::<Vec<_>>())
    }

    fn step() -> StepPath {
        StepPath("s".to_owned())
    }

    fn command() -> Command {
        Command { mode: Mode::Cmd, text: "c".to_owned(), codes: vec![0], timeout_ms: 1 }
    }

    fn intended(commands: usize, again: bool) -> EventKind {
        EventKind::ChangeIntended {
            step: step(),
            commands: vec![command(); commands],
            undo: WayBack::None { why: String::new() },
            before: Values::new(),
            again,
            temporary: false,
        }
    }

    fn started() -> EventKind {
        EventKind::CommandStarted {
            step: step(),
            purpose: Purpose::Change,
            command: command(),
            attempt: 1,
            without_receipt: false,
        }
    }

    fn failed(trouble: Trouble) -> EventKind {
        let (code, message) = (trouble.code().to_owned(), String::new());
        let failure = Failure { code, message, help: None, screen: None, trouble: Some(trouble) };
        EventKind::CommandFailed { step: step(), purpose: Purpose::Change, failure }
    }

    fn settled(settled: Settled) -> EventKind {
        EventKind::CommandSettled { step: step(), purpose: Purpose::Change, command: "c".to_owned(), settled }
    }

    fn resumed() -> EventKind {
        EventKind::RunResumed { again: Again::Resume, tool: String::new(), target: String::new() }
    }

    fn finished(verdict: Verdict) -> EventKind {
        EventKind::RunFinished { verdict, exit: 0, elapsed_ms: 0, failure: None }
    }

    #[test]
    fn what_was_never_entered_was_not_sent() {
        use Settled::{Ended, NeverStarted, Unknown};
        for (events, sent) in [
            (vec![], 0),
            (vec![started()], 1),
            (vec![started(), failed(Trouble::NotTyped)], 0),
            (vec![started(), failed(Trouble::LineLost)], 1),
            (vec![started(), failed(Trouble::LineLost), resumed(), settled(NeverStarted)], 0),
            (vec![started(), started(), resumed(), settled(NeverStarted)], 1),
            (vec![started(), started(), resumed(), settled(Unknown)], 2),
            (vec![started(), started(), resumed(), settled(Ended { code: 0 }), started()], 3),
            // Made anew, as a whole or from where it was: what was sent before stays sent.
            (vec![started(), started(), intended(3, true), started()], 2),
            (vec![started(), started(), intended(3, true), started(), failed(Trouble::NotTyped)], 2),
            (vec![started(), intended(2, true), started()], 2),
            (vec![started(), intended(2, true), started(), failed(Trouble::NotTyped)], 1),
        ] {
            assert_eq!(summary(events.clone()).changes[0].sent, sent, "{events:#?}");
        }
    }

    #[test]
    fn a_run_that_cannot_go_on_does_not_say_that_nothing_was_changed() {
        for (events, expected) in [
            (vec![started()], None),
            (
                vec![started(), resumed(), finished(Verdict::Unreachable)],
                Some("the machine could not be reached; changes of before remain on it"),
            ),
            (
                vec![started(), resumed(), finished(Verdict::LoginRefused)],
                Some("the login was refused; changes of before remain on the machine"),
            ),
            (
                vec![started(), failed(Trouble::NotTyped), resumed(), finished(Verdict::Unreachable)],
                Some("the machine could not be reached; nothing was changed"),
            ),
        ] {
            assert_eq!(summary(events).result(), expected);
        }
    }
}
