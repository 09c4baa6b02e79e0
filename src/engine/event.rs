//! What happens in a run, as one type: the whole interface between running and showing.
//!
//! Terminal, JSON lines, journal and reports are consumers of [`Event`]; a run that is read back from its
//! journal feeds the same consumers. As JSON an event is one line:
//!
//! ```json
//! {"v":1,"seq":7,"at":"2026-11-22T12:00:03.25Z","ms":3250,"event":{"type":"step-started","step":"port-free",…}}
//! ```
//!
//! Compatibility: a reader of version 1 ignores event types and members that it does not know; [`VERSION`]
//! grows when a known one changes its meaning. Adding an event: a variant here, its durability in
//! [`EventKind::is_durable`], its texts in `masks`, its line in `report::terminal`, its part in `report::summary`,
//! what it means for a resumption in `past`, its section in `docs/events.md`.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::interrupt::OnInterrupt;
use super::operator::Trouble;
use super::selection::Selection;
use super::verdict::Verdict;
use crate::script::model::{Mode, Risk, Severity};

/// Version of the event format.
pub const VERSION: u32 = 1;

/// Names and what they hold: parameters, captures. What a pattern did not find is not in it.
pub type Values = BTreeMap<String, serde_json::Value>;

/// One thing that happened. Holds no secret: each is masked before the event is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the format, [`VERSION`].
    pub v: u32,
    /// 1, 2, 3, … in one journal, also over a resumption.
    pub seq: u64,
    /// Wall clock.
    pub at: Timestamp,
    /// Milliseconds since the program began with this run.
    pub ms: u64,
    /// What happened.
    pub event: EventKind,
}

/// A step of a run, unique in it: the ids of the steps that lead to it and the items of their loops,
/// `tls/server-enabled[1.0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepPath(pub String);

impl StepPath {
    /// Whether it is one of the steps inside of `outer`, however deep.
    pub fn is_inside(&self, outer: &Self) -> bool {
        self.0.strip_prefix(outer.0.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be done in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunMode {
    /// Only commands that read.
    Diagnose,
    /// Check, change what does not hold, verify.
    Run,
}

/// What a command is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Reads.
    Look,
    /// Reads whether a condition holds.
    Check,
    /// Reads what undo needs.
    Save,
    /// Changes.
    Change,
    /// The check again, after the change.
    Verify,
    /// Takes a change back.
    Undo,
    /// Reads whether the undo brought the old values back.
    Restored,
}

impl Purpose {
    /// Whether the command changes the machine.
    pub fn changes(self) -> bool {
        matches!(self, Self::Change | Self::Undo)
    }
}

/// A command as it is typed; secrets stand as `‹secret NAME›`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Where it is typed.
    pub mode: Mode,
    /// The line.
    pub text: String,
    /// Exit codes that mean success.
    pub codes: Vec<i32>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
}

/// The way back of a change, complete before the change is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum WayBack {
    /// These commands, in this order.
    Commands {
        /// Ready to be typed.
        commands: Vec<Command>,
        /// Names among `before` whose old values prove that the change was taken back: those that its commands mention;
        /// where they mention none, all that the check reads, and `rc` for its exit code.
        restores: Vec<String>,
        /// What reads them again.
        #[serde(default)]
        proofs: Vec<Reading>,
    },
    /// None.
    None {
        /// Why.
        why: String,
    },
}

/// A command that reads, and what is taken from its output: complete, so that it needs no script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Ready to be typed.
    pub command: Command,
    /// What is taken from its output.
    pub captures: Vec<Wanted>,
}

/// A value that is taken from an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The regular expression that finds it, in the syntax of Rust's `regex`, with `^` and `$` at line ends.
    pub pattern: String,
    /// Every match as a list, not just the first.
    pub all: bool,
}

/// What a step left for later ones, `steps.ID` in expressions: a run that is resumed takes it from here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// It was not skipped.
    pub ran: bool,
    /// It changed the machine, or would.
    pub changed: bool,
    /// What it looked at is right; absent when there was nothing to judge.
    pub holds: Option<bool>,
    /// Last exit code.
    pub rc: Option<i32>,
    /// What was read before its change.
    pub before: Values,
    /// What was read last.
    pub captures: Values,
    /// It failed, and the run went on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
    /// Why nothing can be built upon it, in a run that changes nothing.
    pub open: Option<LeftOpen>,
    /// Findings that count, its own and those of the steps inside of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub findings: usize,
    /// The step inside of it that failed, where that decides what the run comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<StepPath>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why the state of the machine after a step is not known in a run that changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOpen {
    /// Its change would be made.
    WouldChange,
    /// It could not be done.
    Failed,
}

/// What a run that ended early is taken up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// To go on.
    Resume,
    /// To take its changes back.
    Undo,
}

/// What became of a command whose end was not seen, as the machine itself tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "kebab-case")]
pub enum Settled {
    /// It ended.
    Ended {
        /// Exit code.
        code: i32,
    },
    /// It was never started.
    NeverStarted,
    /// Nobody can tell: the check decides.
    Unknown,
}

/// What a finding rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The command that read it.
    pub command: String,
    /// Its exit code.
    pub code: i32,
    /// What it printed, see [`Output`].
    pub output: Output,
    /// What was taken from it.
    pub values: Values,
    /// The condition that was not true, as the script writes it.
    pub condition: Option<String>,
}

/// What a command printed: whole, or its first and last lines with a line between them that says how many
/// were left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Lines end with LF.
    pub text: String,
    /// Characters of the whole output.
    pub chars: usize,
    /// Lines left out; 0: `text` is all.
    pub omitted_lines: usize,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable code: `timed-out`, `exit-code`, `not-verified`, `template`, …
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The screen at that moment, when it says more.
    pub screen: Option<String>,
    /// What the machine side reported, when it was that.
    pub trouble: Option<Trouble>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// It looked, and what it found is right or was not judged.
    Looked,
    /// Its condition held: nothing was changed.
    Held,
    /// Its condition was established, and proven.
    Changed,
    /// Its condition does not hold: see the finding.
    NotHeld,
    /// The machine was restarted.
    Restarted,
    /// Its `when` was not true, or its loop was empty.
    Skipped,
    /// It cannot be judged before a change of another step is made, which this run may not do.
    Depends,
    /// It failed.
    Failed,
    /// It was broken off by the user.
    Interrupted,
}

/// How taking a change back ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum UndoOutcome {
    /// Taken back; the old values were read again, where the script keeps any.
    Restored,
    /// The commands ended well, but these names do not hold their old values.
    Differs {
        /// The names.
        names: Vec<String>,
    },
    /// There is no way back.
    Remains {
        /// Why.
        why: String,
    },
    /// A command of the way back failed.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// How the channel was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "left", rename_all = "kebab-case")]
pub enum ChannelLeft {
    /// Closed.
    Closed,
    /// Perhaps still open.
    Open {
        /// Why.
        why: String,
    },
}

/// The kinds of [`Event`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EventKind {
    /// The first of each run.
    RunStarted {
        /// Name of the run, also of its folder.
        run: String,
        /// `sacpilot 0.1.0`.
        tool: String,
        /// Name of the script.
        script: String,
        /// Its title.
        title: String,
        /// SHA-256 of its text.
        digest: String,
        /// What may be done.
        mode: RunMode,
        /// The machine, as the user named it.
        target: String,
        /// Parameters; of secret ones only the name, as `‹secret NAME›`.
        params: Values,
        /// SHA-256 of the text of every script that takes part, by name.
        #[serde(default)]
        scripts: BTreeMap<String, String>,
        /// Which of the steps are done; absent: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selection: Option<Selection>,
        /// What becomes of changes when the user stops the run.
        #[serde(default)]
        on_interrupt: OnInterrupt,
        /// How long a command may take unless its step says otherwise, in milliseconds.
        #[serde(default)]
        timeout_ms: u64,
        /// Digest of the plan that was approved, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved: Option<String>,
        /// Name of the snapshot of the system disk that is taken before the machine is called, when one is wanted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<String>,
    },
    /// The run ended early and is taken up again, with the same journal.
    RunResumed {
        /// What for.
        again: Again,
        /// `sacpilot 0.1.0`.
        tool: String,
        /// The machine, as the user named it this time.
        target: String,
    },
    /// What earlier steps saw after this event is read again: the machine was restarted meanwhile, or the session
    /// on it is gone.
    ReadAgain {
        /// Number of the last event that counts.
        after: u64,
    },
    /// The session of before is gone, and the machine has been up since before it was opened: nothing of what was seen
    /// and done is lost.
    StillUp {
        /// How long it has been up, in seconds.
        up_s: u64,
    },
    /// The session was lost under commands that only read: the machine is called again, and they are sent once more.
    CalledAgain {
        /// What happened.
        why: String,
    },
    /// What the machine tells of a command whose end was not seen.
    CommandSettled {
        /// Of which step.
        step: StepPath,
        /// What it was for.
        purpose: Purpose,
        /// Its text.
        command: String,
        /// What became of it.
        settled: Settled,
    },
    /// Something is awaited on the line; the next event ends it.
    Waiting {
        /// What.
        what: String,
        /// How long at the most, in milliseconds.
        budget_ms: Option<u64>,
    },
    /// A session is about to be opened.
    SessionOpening {
        /// Its name, also of its temporary files on the machine.
        session: String,
    },
    /// Logged in on a channel of our own.
    SessionOpened {
        /// The line: `serial port /dev/ttyUSB0 at 115200 8N1`.
        line: String,
        /// Name of the session, also of its temporary files on the machine.
        #[serde(default)]
        session: String,
        /// The command channel, `Cmd0001`.
        #[serde(default)]
        channel: String,
        /// Whether the session of before was still there, and is used on.
        #[serde(default)]
        kept: bool,
    },
    /// A snapshot of the system disk was taken before the machine was called.
    SnapshotTaken {
        /// Its id at the resource manager of Azure.
        snapshot: String,
    },
    /// A snapshot of the system disk could have been taken first, and was not: there is no way back but that of each step.
    SnapshotDeclined {
        /// Who decided that.
        why: String,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepPath,
        /// Its title.
        title: String,
        /// What it may do.
        risk: Risk,
        /// Its line in the script.
        line: usize,
    },
    /// A command is about to be typed.
    CommandStarted {
        /// Of which step.
        step: StepPath,
        /// What for.
        purpose: Purpose,
        /// The command.
        command: Command,
        /// From 1; more when a probe is tried again.
        attempt: u32,
        /// Whether the machine keeps no receipt of it, since it is more than one line (an upload), or typed at SAC: when its
        /// end is not seen nobody can tell how far it came.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        without_receipt: bool,
    },
    /// A command ended and the prompt is proven again.
    CommandFinished {
        /// Of which step.
        step: StepPath,
        /// What for.
        purpose: Purpose,
        /// Exit code.
        code: i32,
        /// What it printed.
        output: Output,
        /// What was taken from it.
        values: Values,
        /// Time it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// A command did not end as it should.
    CommandFailed {
        /// Of which step.
        step: StepPath,
        /// What for.
        purpose: Purpose,
        /// Why.
        failure: Failure,
    },
    /// Whether what a step looked at is right.
    Judged {
        /// Which step.
        step: StepPath,
        /// What for.
        purpose: Purpose,
        /// Whether it holds.
        holds: bool,
    },
    /// Something is wrong on the machine.
    Found {
        /// The step that found it.
        step: StepPath,
        /// How bad.
        severity: Severity,
        /// What is wrong.
        text: String,
        /// What to do outside.
        remedy: Option<String>,
        /// What this rests on.
        evidence: Evidence,
    },
    /// What will be changed and the way back; on disk before the first of the commands is sent.
    ChangeIntended {
        /// Of which step.
        step: StepPath,
        /// What will be sent.
        commands: Vec<Command>,
        /// The way back.
        undo: WayBack,
        /// What was read before.
        before: Values,
        /// Whether these commands may have been sent before: the machine lost what they did.
        #[serde(default)]
        again: bool,
        /// Whether it is taken back at the end of the run in any case.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        temporary: bool,
    },
    /// A change was made and the check holds.
    ChangeVerified {
        /// Of which step.
        step: StepPath,
        /// What the check had read before.
        before: Values,
        /// What it reads now.
        after: Values,
    },
    /// The machine will be restarted; on disk before it is.
    RebootIntended {
        /// Of which step.
        step: StepPath,
        /// Why.
        reason: String,
        /// How long it may take, in milliseconds.
        budget_ms: u64,
        /// How long it has been up, in seconds; tells later whether it was restarted.
        #[serde(default)]
        up_s: Option<u64>,
    },
    /// The machine is back and we are logged in again.
    RebootFinished {
        /// Of which step.
        step: StepPath,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// A step could not be done, or could not be proven.
    StepFailed {
        /// Which.
        step: StepPath,
        /// Why.
        failure: Failure,
    },
    /// A step ended.
    StepFinished {
        /// Which.
        step: StepPath,
        /// How.
        status: StepStatus,
        /// Why, when it was skipped, and on which steps it depends.
        note: Option<String>,
        /// What it left for later steps.
        #[serde(default)]
        left: Option<Left>,
    },
    /// Facts of the machine were read, for an expression of the step that comes or goes on.
    FactsRead {
        /// The command.
        command: Command,
        /// Its exit code.
        code: i32,
        /// What is known now; a name that is not there could not be read.
        facts: Values,
    },
    /// Commands that only read are typed together, in one line, before the turn of the steps that ask for what they say.
    /// Each step takes up the answer of its own with [`Self::CommandStarted`] and [`Self::CommandFinished`], unless
    /// something was changed meanwhile: then it is read again.
    ReadTogether {
        /// The commands, in the order they are executed.
        commands: Vec<String>,
        /// How long all of them may take, in milliseconds.
        timeout_ms: u64,
    },
    /// A person at the terminal is asked; [`Self::Answered`] ends that.
    Asking {
        /// The step.
        step: StepPath,
        /// The question.
        question: String,
        /// The answers to choose from; none: any.
        choices: Vec<String>,
    },
    /// The question of a step was answered.
    Answered {
        /// The step.
        step: StepPath,
        /// The question.
        question: String,
        /// The answer.
        answer: String,
        /// Whether a person gave it; else it is what the script says for when nobody is there.
        attended: bool,
    },
    /// A change is being taken back; on disk before the first command is sent.
    UndoStarted {
        /// The step whose change it is.
        step: StepPath,
    },
    /// A change was taken back, or not.
    UndoFinished {
        /// The step whose change it is.
        step: StepPath,
        /// How it ended.
        outcome: UndoOutcome,
    },
    /// The user stopped a block: its `always` is done now. When the run is taken up again, what its steps did is looked at
    /// again, and `always` is done at its end.
    Tidying {
        /// The block.
        step: StepPath,
        /// The ids of those of its steps. Where it had failed before, the steps that failed are not among them.
        again: Vec<String>,
    },
    /// The user wants to stop; the current command is finished first.
    Interrupted,
    /// The channel was left.
    SessionClosed {
        /// How.
        channel: ChannelLeft,
    },
    /// The last of each run.
    RunFinished {
        /// The result.
        verdict: Verdict,
        /// Exit code of the program.
        exit: u8,
        /// Time it took, in milliseconds.
        elapsed_ms: u64,
        /// What ended the run early.
        failure: Option<Failure>,
    },
    /// Written by a later version.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// Whether the journal must have it on disk before anything else happens (law 5).
    pub fn is_durable(&self) -> bool {
        match self {
            Self::RunStarted { .. }
            | Self::SnapshotTaken { .. }
            | Self::SnapshotDeclined { .. }
            | Self::RunResumed { .. }
            | Self::ReadAgain { .. }
            | Self::StillUp { .. }
            | Self::CommandSettled { .. }
            | Self::SessionOpening { .. }
            | Self::SessionOpened { .. }
            | Self::ChangeIntended { .. }
            | Self::ChangeVerified { .. }
            | Self::RebootIntended { .. }
            | Self::RebootFinished { .. }
            | Self::StepFailed { .. }
            | Self::UndoStarted { .. }
            | Self::UndoFinished { .. }
            | Self::Answered { .. }
            | Self::Tidying { .. }
            | Self::Interrupted
            | Self::RunFinished { .. } => true,
            Self::CommandStarted { purpose, .. }
            | Self::CommandFinished { purpose, .. }
            | Self::CommandFailed { purpose, .. } => purpose.changes() || *purpose == Purpose::Save,
            Self::Waiting { .. }
            | Self::StepStarted { .. }
            | Self::Judged { .. }
            | Self::Found { .. }
            | Self::FactsRead { .. }
            | Self::ReadTogether { .. }
            | Self::Asking { .. }
            | Self::StepFinished { .. }
            | Self::SessionClosed { .. }
            | Self::CalledAgain { .. }
            | Self::Unknown => false,
        }
    }
}
