//! What a run has done to the machine so far: its changes and how far each got, its restarts, its session. Folded
//! from the events alone, so that a run that goes on and one that is taken up again from its journal know the same.

use std::time::Duration;

use jiff::Timestamp;

use super::event::{
    Again, ChannelLeft, Command, EventKind, Failure, Purpose, Settled, StepPath, UndoOutcome, Values, WayBack,
};
use super::operator::{Executed, Trouble};
use super::verdict::Verdict;
use crate::shell::Earlier;

/// The state of a run's effects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ledger {
    /// Commands that change the machine, as far as they were announced: each has a receipt there with its number. How many
    /// waits were told in between must not decide what is typed.
    receipts: u64,
    /// Changes that were intended and not taken back, in order.
    pub changes: Vec<Made>,
    /// Changes that were taken back, in that order.
    pub taken_back: Vec<Made>,
    /// A changing command whose end was not seen: the program ended while it ran.
    pub cut: Option<Cut>,
    /// A restart that was begun and not seen to end.
    pub restart: Option<Restart>,
    /// The session that was opened last and not closed.
    pub session: Option<Opened>,
    /// The session that is being opened.
    pub opening: Option<String>,
    /// Sessions that were not closed: their temporary files may be on the machine.
    pub abandoned: Vec<String>,
    /// Since when the machine is known not to have restarted unseen, while `doubt` is not set.
    pub whole_since: Option<Timestamp>,
    /// Whether the machine may have restarted unseen: a session had to be opened anew when the run was taken up again.
    pub doubt: bool,
    /// Whether the run was taken up again, and where the machine stands was not yet found out.
    taking_up: bool,
    /// Whether the changes of the run were taken back, or that was begun; those of a failed block alone do not count, nor
    /// what is removed at the end of any run.
    pub undone: bool,
    /// Whether the user wants what was done last to be taken back, or the run to stop.
    pub stopping: bool,
    /// How many steps, one inside of another, are under way.
    open_steps: usize,
    /// How it ended, when it did.
    pub ended: Option<(Verdict, Option<Failure>)>,
    /// Number of the last event that touches the machine.
    pub last_touch: u64,
}

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The step.
    pub step: StepPath,
    /// What is sent.
    pub commands: Vec<Command>,
    /// How far that got.
    pub change: Progress,
    /// The way back.
    pub undo: WayBack,
    /// How far that got.
    pub back: Progress,
    /// What was read before, to prove that it was taken back.
    pub before: Values,
    /// Exit code and output of the command that ended last.
    pub answer: Option<(i32, String)>,
    /// Whether that output is not whole: its middle was left out, or only the code is known.
    pub answer_is_cut: bool,
    /// Whether the check was seen to hold afterwards.
    pub verified: bool,
    /// Whether taking it back was begun.
    pub undoing: bool,
    /// How taking it back ended, when something of it is left.
    pub outcome: Option<UndoOutcome>,
    /// When it was intended, the last time that it was, or when the first of its commands ended.
    pub at: Timestamp,
    /// Whether it was made since the machine last started.
    pub this_boot: bool,
    /// Whether it is taken back at the end of the run in any case.
    pub temporary: bool,
    /// Whether its commands were sent once before, and the machine lost what they did.
    sent_before: bool,
}

/// How far a list of commands got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Commands that ended.
    pub ended: usize,
    /// Whether the one after them may have been started.
    pub open: bool,
}

/// A command whose end was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Of which step.
    pub step: StepPath,
    /// What for.
    pub purpose: Purpose,
    /// The command.
    pub command: Command,
    /// The number of its receipt on the machine, when that keeps one.
    pub receipt: Option<u64>,
    /// The session it was typed in.
    pub session: String,
}

/// A restart whose end was not seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// Of which step.
    pub step: StepPath,
    /// When it was begun.
    pub at: Timestamp,
    /// How long the machine had been up then, in seconds.
    pub up_s: Option<u64>,
    /// Whether a session was opened behind it: it is over, and only its end was not told.
    pub over: bool,
}

/// A session on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its name.
    pub session: String,
    /// Its channel.
    pub channel: String,
}

impl Ledger {
    /// The number of the receipt of the next command that changes the machine.
    pub fn next_receipt(&self) -> u64 {
        self.receipts + 1
    }

    /// Adds one event.
    pub fn add(&mut self, seq: u64, at: Timestamp, event: &EventKind) {
        match event {
            // A machine that has been up for longer has not restarted under the run.
            EventKind::RunStarted { .. } => self.whole_since = Some(at),
            EventKind::Interrupted => self.stopping = true,
            EventKind::RunResumed { again, .. } => {
                self.stopping = *again == Again::Undo;
                self.ended = None;
                self.taking_up = true;
                self.open_steps = 0;
            }
            EventKind::SessionOpening { session } => {
                self.abandoned.extend(self.opening.replace(session.clone()));
            }
            EventKind::SessionOpened { session, channel, kept, .. } => {
                match (&mut self.restart, self.taking_up, *kept) {
                    // Not announced: it is the one that a restart ends with.
                    (Some(restart), ..) if self.opening.is_none() => {
                        restart.over = true;
                        self.whole_since = Some(at);
                        self.found_out();
                    }
                    (_, true, false) => self.doubt = true,
                    (_, true, true) => {}
                    (_, false, _) => self.whole_since = Some(at),
                }
                self.abandoned.extend(self.opening.take().filter(|opening| opening != session));
                if let Some(before) = self.session.take()
                    && before.session != *session
                {
                    self.abandoned.push(before.session);
                }
                self.session = Some(Opened { session: session.clone(), channel: channel.clone() });
            }
            EventKind::SessionClosed { channel: ChannelLeft::Closed } => self.session = None,
            EventKind::CalledAgain { .. } => self.doubt = true,
            EventKind::ReadAgain { .. } => {
                // A run that goes on by itself begins again with its first step.
                self.open_steps = 0;
                self.whole_since = Some(at);
                self.found_out();
            }
            EventKind::StillUp { .. } => self.found_out(),
            EventKind::ChangeIntended { step, commands, undo, before, again, temporary } => {
                self.last_touch = seq;
                // What became of its last command does not count any more.
                self.cut = self.cut.take().filter(|cut| cut.step != *step);
                match self.change(step).filter(|_| *again) {
                    Some(made) => made.begin_again(commands, at),
                    None => self.changes.push(Made {
                        step: step.clone(),
                        commands: commands.clone(),
                        change: Progress::default(),
                        undo: undo.clone(),
                        back: Progress::default(),
                        before: before.clone(),
                        answer: None,
                        answer_is_cut: false,
                        verified: false,
                        undoing: false,
                        outcome: None,
                        at,
                        this_boot: true,
                        temporary: *temporary,
                        sent_before: false,
                    }),
                }
            }
            EventKind::CommandStarted { step, purpose, command, without_receipt, .. }
                if purpose.changes() =>
            {
                self.last_touch = seq;
                self.receipts += 1;
                let session = self.session.as_ref().map(|opened| opened.session.clone()).unwrap_or_default();
                self.cut = Some(Cut {
                    step: step.clone(),
                    purpose: *purpose,
                    command: command.clone(),
                    receipt: Some(self.receipts).filter(|_| !without_receipt),
                    session,
                });
                self.progress(step, *purpose, |progress| progress.open = true);
            }
            EventKind::CommandFinished { step, purpose, code, output, .. } if purpose.changes() => {
                self.last_touch = seq;
                if let Some(made) = self.change(step).filter(|_| *purpose == Purpose::Change) {
                    made.answer = Some((*code, output.text.clone()));
                    made.answer_is_cut = output.omitted_lines > 0;
                    // A start before the first of its commands took nothing of it with it; one behind that may have.
                    if made.change.ended == 0 {
                        made.at = at;
                    }
                }
                self.cut = None;
                self.progress(step, *purpose, Progress::end);
            }
            EventKind::CommandFailed { step, purpose, failure } => {
                // The run may go on by itself when the machine is back.
                self.doubt |= failure.trouble == Some(Trouble::MachineDown);
                if !purpose.changes() {
                    return;
                }
                let never = failure.trouble.map(Trouble::executed) == Some(Executed::No);
                // What became of it can be asked for when the session is taken up again.
                if never || !failure.trouble.is_some_and(Trouble::leaves_open) {
                    self.cut = None;
                }
                if never {
                    self.progress(step, *purpose, |progress| progress.open = false);
                }
            }
            EventKind::CommandSettled { step, purpose, settled, .. } => {
                self.cut = None;
                match settled {
                    Settled::Ended { code } => {
                        if let Some(made) = self.change(step).filter(|_| *purpose == Purpose::Change) {
                            made.answer = Some((*code, String::new()));
                            made.answer_is_cut = true;
                        }
                        self.progress(step, *purpose, Progress::end);
                    }
                    Settled::NeverStarted => {
                        self.progress(step, *purpose, |progress| progress.open = false);
                    }
                    Settled::Unknown => {}
                }
            }
            EventKind::ChangeVerified { step, .. } => {
                self.last_touch = seq;
                if let Some(made) = self.change(step) {
                    made.verified = true;
                }
            }
            EventKind::RebootIntended { step, up_s, .. } => {
                self.last_touch = seq;
                self.restart = Some(Restart { step: step.clone(), at, up_s: *up_s, over: false });
            }
            EventKind::RebootFinished { .. } => {
                self.last_touch = seq;
                self.restart = None;
                self.whole_since = Some(at);
                self.doubt = false;
                for made in &mut self.changes {
                    made.this_boot = false;
                }
                // A machine that shuts down keeps what was taken back.
                self.taken_back.clear();
            }
            EventKind::UndoStarted { step } => {
                self.last_touch = seq;
                // A block takes its own back while its step is under way.
                let (between, stopping) = (self.open_steps == 0, self.stopping);
                if let Some(made) = self.change(step) {
                    made.undoing = true;
                    let counts = stopping || !made.temporary;
                    self.undone |= between && counts;
                }
            }
            EventKind::UndoFinished { step, outcome } => {
                self.last_touch = seq;
                if let Some(index) = self.changes.iter().rposition(|made| made.step == *step) {
                    if *outcome == UndoOutcome::Restored {
                        let made = self.changes.remove(index);
                        self.taken_back.push(Made { back: Progress::default(), ..made });
                    } else {
                        self.changes[index].outcome = Some(outcome.clone());
                    }
                } else if *outcome != UndoOutcome::Restored
                    && let Some(index) = self.taken_back.iter().rposition(|made| made.step == *step)
                {
                    // A start of the machine may have brought it back, and this time something of it stays.
                    let made = self.taken_back.remove(index);
                    let later = self.changes.iter().position(|other| other.at > made.at);
                    let place = later.unwrap_or(self.changes.len());
                    self.changes.insert(place, Made { outcome: Some(outcome.clone()), ..made });
                }
            }
            EventKind::StepStarted { .. } => self.open_steps += 1,
            EventKind::StepFinished { .. } => self.open_steps = self.open_steps.saturating_sub(1),
            EventKind::RunFinished { verdict, failure, .. } => {
                self.ended = Some((*verdict, failure.clone()));
            }
            _ => {}
        }
    }

    fn found_out(&mut self) {
        self.doubt = false;
        self.taking_up = false;
    }

    /// The session to be used on when the run is taken up again: its command may still run for as long as it had.
    pub fn earlier(&self) -> Option<Earlier> {
        let opening = self.opening.clone().map(|session| Opened { session, channel: String::new() });
        let opened = self.session.clone().or(opening)?;
        let patience = self.cut.as_ref().map_or(0, |cut| cut.command.timeout_ms);
        Some(Earlier {
            id: opened.session,
            channel: opened.channel,
            patience: Duration::from_millis(patience),
        })
    }

    /// The last change of a step that stands.
    pub fn change_of(&self, step: &StepPath) -> Option<&Made> {
        self.changes.iter().rev().find(|made| made.step == *step)
    }

    /// Whether a changing command may have been executed whose effect stands.
    pub fn touched(&self) -> bool {
        self.changes.iter().any(Made::touched)
    }

    /// Whether something stands that was to be taken back.
    pub fn remains(&self) -> bool {
        self.changes.iter().any(|made| made.touched() && (made.temporary || made.outcome.is_some()))
    }

    /// Whether a change of another step was made since the machine last started.
    pub fn others_of_this_boot(&self, step: &StepPath) -> bool {
        self.changes.iter().any(|made| made.step != *step && made.this_boot && made.touched())
    }

    fn change(&mut self, step: &StepPath) -> Option<&mut Made> {
        self.changes.iter_mut().rev().find(|made| made.step == *step)
    }

    fn progress(&mut self, step: &StepPath, purpose: Purpose, f: impl FnOnce(&mut Progress)) {
        if let Some(made) = self.change(step) {
            f(if purpose == Purpose::Undo { &mut made.back } else { &mut made.change });
        }
    }
}

impl Made {
    /// Whether a command of it may have been executed.
    pub fn touched(&self) -> bool {
        self.sent_before || self.change.ended > 0 || self.change.open
    }

    fn begin_again(&mut self, commands: &[Command], at: Timestamp) {
        self.sent_before = self.touched();
        self.commands = commands.to_vec();
        self.change = Progress::default();
        self.back = Progress::default();
        self.answer = None;
        self.answer_is_cut = false;
        self.verified = false;
        self.undoing = false;
        self.outcome = None;
        self.at = at;
        self.this_boot = true;
    }
}

impl Progress {
    fn end(&mut self) {
        self.ended += 1;
        self.open = false;
    }
}
