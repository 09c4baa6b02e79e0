//! One run of one script: its steps, then what has to be taken back, then the channel.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use super::ahead::Ahead;
use super::deadline::Deadline;
use super::event::{
    Again, ChannelLeft, Command, EventKind, Failure, Purpose, RunMode, StepPath, UndoOutcome,
};
use super::failure::Stop;
use super::frame::{Frame, scope as scope_of, values};
use super::interrupt::{Interrupt, OnInterrupt};
use super::journal::JournalError;
use super::ledger::Made;
use super::masks::Masks;
use super::memo::Memo;
use super::narrator::Narrator;
use super::operator::{Awaited, Operator, OperatorError, Outcome, Trouble};
use super::past::Past;
use super::selection::Selection;
use super::verdict::Verdict;
use crate::script::model::{Body, ParamKind, Scope, Script};

/// A wait is told when it has taken this long: those that end sooner say nothing to people, and the many short ones
/// of a login would tell how long the password is.
const A_WHILE: Duration = Duration::from_secs(1);

/// What shall be run, and how.
#[derive(Clone)]
pub struct Order {
    /// Name of the run, also of its folder; `facts.run` in scripts.
    pub run: String,
    /// The script.
    pub script: Arc<Script>,
    /// Its parameters, bound: each is there and of its kind.
    pub params: Scope,
    /// What may be done.
    pub mode: RunMode,
    /// The machine, as the user named it.
    pub target: String,
    /// How long a command may take unless its step says otherwise.
    pub timeout: Duration,
    /// What becomes of changes when the user stops the run.
    pub on_interrupt: OnInterrupt,
    /// Which steps `script` was cut down to, for the journal.
    pub selection: Selection,
    /// Digest of the plan that was approved.
    pub approved: Option<String>,
    /// The name of a snapshot of the system disk that is taken before the machine is called.
    pub snapshot: Option<String>,
}

/// Without the parameters, which may hold secrets.
impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("run", &self.run).field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The result.
    pub verdict: Verdict,
    /// What ended it early.
    pub failure: Option<Failure>,
}

/// Tells what the operator waits for while it works.
pub type Awaiting = UnboundedReceiver<Awaited>;

/// Tells that a run begins: before the machine is called.
///
/// # Errors
/// [`JournalError`]: then the run must not begin.
pub fn begin(order: &Order, narrator: &mut Narrator) -> Result<(), JournalError> {
    let secret =
        |name: &str| order.script.params.iter().any(|p| p.name == name && p.kind == ParamKind::Secret);
    let mut params = values(&order.params);
    for (name, value) in &mut params {
        if secret(name) {
            *value = Masks::placeholder(name).into();
        }
    }
    narrator.tell(EventKind::RunStarted {
        run: order.run.clone(),
        tool: concat!("sacpilot ", env!("CARGO_PKG_VERSION")).to_owned(),
        script: order.script.name.clone(),
        title: order.script.title.clone(),
        digest: order.script.digest.clone(),
        mode: order.mode,
        target: order.target.clone(),
        params,
        scripts: digests(&order.script),
        selection: Some(order.selection.clone()).filter(|selection| !selection.is_all()),
        on_interrupt: order.on_interrupt,
        timeout_ms: order.timeout.as_millis() as u64,
        approved: order.approved.clone(),
        snapshot: order.snapshot.clone(),
    })
}

/// Tells that a run is taken up again: before the machine is called.
///
/// # Errors
/// [`JournalError`]: then it must not be.
pub fn begin_again(target: &str, again: Again, narrator: &mut Narrator) -> Result<(), JournalError> {
    let tool = concat!("sacpilot ", env!("CARGO_PKG_VERSION")).to_owned();
    narrator.tell(EventKind::RunResumed { again, tool, target: target.to_owned() })
}

/// SHA-256 of the text of every script that takes part, by name.
pub fn digests(script: &Script) -> BTreeMap<String, String> {
    let mut found = BTreeMap::from([(script.name.clone(), script.digest.clone())]);
    for step in script.all_steps() {
        if let Body::Use { script, .. } = &step.body {
            found.extend(digests(script));
        }
    }
    found
}

/// Tells that the run ended before the machine could be reached.
pub fn not_reached(narrator: &mut Narrator, error: OperatorError) -> Ended {
    let verdict = match error.kind {
        Trouble::LoginRefused => Verdict::LoginRefused,
        _ => Verdict::Unreachable,
    };
    finish(narrator, verdict, Some(error.into()))
}

/// Tells that the journal could not be written before the session was ready: nothing more is sent.
pub fn not_written(narrator: &mut Narrator, error: &JournalError) -> Ended {
    let verdict = if narrator.ledger().touched() { Verdict::Remains } else { Verdict::Undone };
    finish(narrator, verdict, Some(error.into()))
}

/// Tells that the user stopped the run before the machine was reached.
pub fn not_wanted(narrator: &mut Narrator) -> Ended {
    let _ = narrator.tell(EventKind::Interrupted);
    finish(narrator, Verdict::Interrupted, None)
}

/// Runs the script on a machine whose session is open, and closes the session. A run that is taken up again brings
/// its past, and the narrator its ledger; one that begins brings an empty one.
pub async fn run<O: Operator>(
    order: &Order,
    operator: &mut O,
    narrator: &mut Narrator,
    awaiting: &mut Awaiting,
    interrupt: &Interrupt,
    past: Past,
) -> Ended {
    let mut run = Run::new(order, operator, narrator, awaiting, interrupt, past.memo);
    let mut ready = run.take_up().await;
    let stop = loop {
        if let Err(stop) = ready {
            break Some(stop);
        }
        match run.all_steps().await {
            Err(Stop::Again) => ready = run.again().await,
            other => break other.err(),
        }
    };
    let (verdict, failure) = run.settle(stop).await;
    run.leave().await;
    finish(narrator, verdict, failure)
}

/// Takes back the changes of a run that ended, on a machine whose session is open, and closes the session.
pub async fn undo<O: Operator>(
    order: &Order,
    operator: &mut O,
    narrator: &mut Narrator,
    awaiting: &mut Awaiting,
    interrupt: &Interrupt,
) -> Ended {
    let mut run = Run::new(order, operator, narrator, awaiting, interrupt, Memo::default());
    let undone = match run.take_up().await {
        Ok(()) => run.undo_all().await,
        Err(stop) => Err(stop),
    };
    let (verdict, failure) = match undone {
        Ok(true) => (Verdict::TakenBack, None),
        Ok(false) => (Verdict::PartlyTakenBack, run.lost.clone().map(Failure::from)),
        Err(Stop::Interrupted) => {
            let _ = run.narrator.tell(EventKind::Interrupted);
            (Verdict::Interrupted, None)
        }
        // Taking back has no steps to go through.
        Err(Stop::Again) => (Verdict::PartlyTakenBack, None),
        Err(Stop::Journal(error)) => (Verdict::PartlyTakenBack, Some((&error).into())),
        Err(Stop::Failed(failure) | Stop::Left(failure)) => (Verdict::PartlyTakenBack, Some(failure)),
    };
    run.leave().await;
    finish(narrator, verdict, failure)
}

fn finish(narrator: &mut Narrator, verdict: Verdict, failure: Option<Failure>) -> Ended {
    let elapsed_ms = narrator.elapsed_ms();
    let exit = verdict.exit();
    let failure = failure.map(|failure| narrator.masked(failure));
    // The last line of a journal on a full disk is lost; the listeners hear it all the same.
    let _ = narrator.tell(EventKind::RunFinished { verdict, exit, elapsed_ms, failure: failure.clone() });
    Ended { verdict, failure }
}

/// A run in progress.
pub(super) struct Run<'a, O> {
    pub(super) order: &'a Order,
    pub(super) operator: &'a mut O,
    pub(super) narrator: &'a mut Narrator,
    pub(super) awaiting: &'a mut Awaiting,
    pub(super) interrupt: &'a Interrupt,
    /// What is known of the machine, and which of it was looked for.
    pub(super) facts: Scope,
    pub(super) learnt: BTreeSet<&'static str>,
    /// Deadlines of the scripts and steps around the present one.
    pub(super) deadlines: Vec<Deadline>,
    /// How many `always` sections are being done: these are not broken off.
    pub(super) shielded: u32,
    /// The step that failed last.
    pub(super) failed_step: Option<StepPath>,
    /// How steps ended before the run was taken up again.
    pub(super) memo: Memo,
    /// Steps whose change was begun before that, and that were not looked at since.
    pub(super) begun: BTreeSet<StepPath>,
    /// Whether the machine may have lost what was done last: the session of before is gone.
    pub(super) doubtful: bool,
    /// Changes that were taken back before the machine may have started anew.
    pub(super) doubtful_back: Vec<Made>,
    /// Findings that count and that no change has cured.
    pub(super) open_findings: usize,
    /// The step that told last what it found and what counts.
    pub(super) found_at: Option<StepPath>,
    /// How many of the blocks around the present step have a `rescue` that its failure would lead to.
    pub(super) rescuable: u32,
    /// The first step that failed in a run that goes on after failures, and why.
    pub(super) failed: Option<(StepPath, Failure)>,
    /// Why no more commands can be sent.
    pub(super) lost: Option<OperatorError>,
    /// What was read before the turn of its step.
    pub(super) ahead: Ahead,
    /// The shell of the operator that is known to be on the machine as it was left.
    pub(super) shells: u32,
    /// Whether the machine was seen to go down since it was last known to be as it was left.
    pub(super) went_down: bool,
    /// How often the steps were gone through again, since the machine started under the run.
    pub(super) agains: u32,
}

impl<'a, O: Operator> Run<'a, O> {
    fn new(
        order: &'a Order,
        operator: &'a mut O,
        narrator: &'a mut Narrator,
        awaiting: &'a mut Awaiting,
        interrupt: &'a Interrupt,
        memo: Memo,
    ) -> Self {
        let shells = operator.shells();
        narrator.remember(memo.clone());
        Self {
            order,
            operator,
            narrator,
            awaiting,
            interrupt,
            facts: Scope::from([("run".to_owned(), order.run.clone().into())]),
            learnt: BTreeSet::new(),
            deadlines: Vec::new(),
            shielded: 0,
            failed_step: None,
            memo,
            begun: BTreeSet::new(),
            doubtful: false,
            doubtful_back: Vec::new(),
            open_findings: 0,
            found_at: None,
            rescuable: 0,
            failed: None,
            lost: None,
            ahead: Ahead::default(),
            shells,
            went_down: false,
            agains: 0,
        }
    }
}

impl<O: Operator> Run<'_, O> {
    /// The steps of the script, from the first one on; those that ended are recalled.
    async fn all_steps(&mut self) -> Result<(), Stop> {
        self.taken_back_still().await?;
        let mut frame = Frame::new(self.order.params.clone(), String::new());
        self.steps(&self.order.script, &mut frame).await?;
        self.same_machine(None).await
    }

    /// A place where the run can stop without leaving anything half done.
    pub(super) fn gate(&mut self) -> Result<(), Stop> {
        if self.interrupt.is_requested() && self.shielded == 0 { Err(Stop::Interrupted) } else { Ok(()) }
    }

    /// Takes changes back where that is due, and says what the run came to.
    async fn settle(&mut self, stop: Option<Stop>) -> (Verdict, Option<Failure>) {
        match stop {
            None => {
                self.undo_temporary().await;
                let verdict = match &self.failed {
                    _ if self.narrator.ledger().remains() => Verdict::Remains,
                    Some(_) => Verdict::Undone,
                    None if self.open_findings > 0 => Verdict::Findings,
                    None => Verdict::Holds,
                };
                let failed = self.failed.take().map(|(_, failure)| failure);
                (verdict, failed.or_else(|| self.lost.clone().map(Failure::from)))
            }
            // Nobody goes on with `Again` here.
            Some(Stop::Interrupted | Stop::Again) => {
                let _ = self.narrator.tell(EventKind::Interrupted);
                if self.order.on_interrupt == OnInterrupt::Undo && self.lost.is_none() {
                    let _ = self.undo_all().await;
                }
                (Verdict::Interrupted, None)
            }
            Some(Stop::Journal(error)) => {
                (if self.touched() { Verdict::Remains } else { Verdict::Undone }, Some((&error).into()))
            }
            Some(Stop::Left(failure)) => {
                (if self.touched() { Verdict::Remains } else { Verdict::Undone }, Some(failure))
            }
            Some(Stop::Failed(failure)) => {
                let touched = self.touched();
                if let Some(lost) = self.lost.as_ref().map(|error| error.kind) {
                    // Nothing can be sent: what to do about the changes is the user's to say, `resume` or `undo`.
                    let verdict = match lost {
                        _ if touched => Verdict::Remains,
                        Trouble::LoginRefused => Verdict::LoginRefused,
                        _ => Verdict::Unreachable,
                    };
                    return (verdict, Some(failure));
                }
                let clean = self.undo_all().await.unwrap_or(false);
                (if clean { Verdict::Undone } else { Verdict::Remains }, Some(failure))
            }
        }
    }

    /// A scope for texts that people read: without secrets. What becomes of control characters in a text would hide one
    /// that a line end cuts in two.
    pub(super) fn harmless<'s>(&self, scope: &'s Scope) -> Cow<'s, Scope> {
        if self.narrator.has_secrets() {
            let mut values = values(scope);
            self.narrator.mask_values(&mut values);
            Cow::Owned(scope_of(&values))
        } else {
            Cow::Borrowed(scope)
        }
    }

    /// Whether a changing command may have been executed whose effect stands.
    fn touched(&self) -> bool {
        self.narrator.ledger().touched()
    }

    /// Takes back what a step, and the steps inside of it, changed; last one first.
    ///
    /// # Errors
    /// [`Stop::Journal`]
    pub(super) async fn take_back_of(&mut self, path: &StepPath) -> Result<(), Stop> {
        let inside = format!("{path}/");
        let of_step = |made: &&Made| made.step == *path || made.step.0.starts_with(&inside);
        let changes = self.narrator.ledger().changes.iter().rev();
        let changes: Vec<Made> = changes.filter(|made| made.touched()).filter(of_step).cloned().collect();
        for made in changes {
            // What is left then, the journal tells.
            if let Err(Stop::Journal(error)) = self.undo(&made).await {
                return Err(Stop::Journal(error));
            }
        }
        Ok(())
    }

    /// Takes back what was meant for this run only.
    async fn undo_temporary(&mut self) {
        let changes = self.narrator.ledger().changes.iter().rev();
        let changes: Vec<Made> = changes.filter(|made| made.temporary && made.touched()).cloned().collect();
        for made in changes {
            // What is left then, the journal tells.
            let _ = self.undo(&made).await;
        }
    }

    /// Takes all changes back, last one first. Whether nothing of them is left.
    ///
    /// # Errors
    /// [`Stop::Journal`]: without a journal no undo; what is left can be read from what was written before.
    /// [`Stop::Interrupted`] between two changes, when the user wants to stop taking them back.
    async fn undo_all(&mut self) -> Result<bool, Stop> {
        self.deadlines.clear();
        let asked_before = self.interrupt.is_requested();
        let changes: Vec<Made> =
            self.narrator.ledger().changes.iter().rev().filter(|made| made.touched()).cloned().collect();
        let mut clean = true;
        for made in changes {
            if self.lost.is_some() {
                return Ok(false);
            }
            if !asked_before {
                self.gate()?;
            }
            match self.undo(&made).await {
                Ok(outcome) => clean &= outcome == UndoOutcome::Restored,
                Err(Stop::Journal(error)) => return Err(Stop::Journal(error)),
                Err(_) => clean = false,
            }
        }
        if self.lost.is_none() && self.is_another_machine().await? {
            self.doubtful_back.clone_from(&self.narrator.ledger().taken_back);
        }
        // A service that was stopped may have started with the machine while its start was not yet taken back.
        Ok(self.taken_back_still().await? && clean)
    }

    /// Makes sure that what was taken back before the machine may have started is so still. Whether it is.
    ///
    /// # Errors
    /// [`Stop::Journal`]
    async fn taken_back_still(&mut self) -> Result<bool, Stop> {
        let mut clean = true;
        for made in std::mem::take(&mut self.doubtful_back) {
            if self.lost.is_some() {
                return Ok(false);
            }
            // What its step did since then is looked at in its turn.
            if self.narrator.ledger().change_of(&made.step).is_some() {
                continue;
            }
            match self.undo_again(&made).await {
                Ok(outcome) => clean &= outcome == UndoOutcome::Restored,
                Err(Stop::Journal(error)) => return Err(Stop::Journal(error)),
                Err(_) => clean = false,
            }
        }
        Ok(clean)
    }

    /// Closes the channel.
    async fn leave(&mut self) {
        let channel = match &self.lost {
            Some(error) => ChannelLeft::Open {
                why: format!(
                    "the machine could no longer be reached ({error}); a channel may still be logged in"
                ),
            },
            None => match self.operate(O::close).await {
                Ok(Ok(())) => ChannelLeft::Closed,
                Ok(Err(error)) => ChannelLeft::Open { why: error.to_string() },
                Err(error) => ChannelLeft::Open { why: error.to_string() },
            },
        };
        let _ = self.narrator.tell(EventKind::SessionClosed { channel });
    }

    /// Types a command, or takes up its answer where it was sent ahead of its turn. What its single waits are is not told:
    /// the command itself was.
    ///
    /// # Errors
    /// [`Stop::Journal`], and [`Stop::Failed`] past a deadline.
    pub(super) async fn type_command(
        &mut self,
        purpose: Purpose,
        command: &Command,
        receipt: u64,
    ) -> Result<Result<Outcome, OperatorError>, Stop> {
        let mut timeout = Duration::from_millis(command.timeout_ms);
        if matches!(purpose, Purpose::Look | Purpose::Check) {
            if let Some(read) = self.read_ahead(command).await? {
                return Ok(read);
            }
            // A try to send it with others may have taken time.
            timeout = self.allowed(timeout)?;
        }
        if purpose.changes() {
            self.ahead.changed();
        }
        // No deadline cuts a way back short.
        let more = match purpose {
            Purpose::Undo | Purpose::Restored => "allow more with --timeout".to_owned(),
            _ => self.more_time(timeout),
        };
        let operator = &mut *self.operator;
        let typing = async move {
            if purpose.changes() {
                operator.change(command.mode, &command.text, timeout, receipt).await
            } else {
                operator.run(command.mode, &command.text, timeout).await
            }
        };
        Ok(untold(typing, self.awaiting).await.map_err(|error| error.allow(more)))
    }

    /// Types commands that only read, together.
    pub(super) async fn read_together(
        &mut self,
        commands: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Outcome>, OperatorError> {
        untold(self.operator.together(commands, timeout), self.awaiting).await
    }

    /// Lets the operator do something else, and tells what it waits for meanwhile.
    pub(super) async fn operate<'o, T, F>(
        &'o mut self,
        task: impl FnOnce(&'o mut O) -> F,
    ) -> Result<Result<T, OperatorError>, JournalError>
    where
        F: Future<Output = Result<T, OperatorError>> + 'o,
    {
        self.ahead.forget();
        while_told(task(self.operator), self.narrator, self.awaiting).await
    }
}

/// Awaits `task`, and tells nothing of what it waits for.
async fn untold<T>(task: impl Future<Output = T>, awaiting: &mut Awaiting) -> T {
    let mut task = pin!(task);
    loop {
        tokio::select! {
            biased;
            Some(_) = awaiting.recv() => {}
            done = &mut task => return done,
        }
    }
}

/// Awaits `task`, and tells what it waits for meanwhile, as far as that takes a while.
///
/// # Errors
/// [`JournalError`] when that cannot be written, after `task` has ended.
pub async fn while_told<T>(
    task: impl Future<Output = T>,
    narrator: &mut Narrator,
    awaiting: &mut Awaiting,
) -> Result<T, JournalError> {
    // What was awaited before is over.
    while awaiting.try_recv().is_ok() {}
    let mut task = pin!(task);
    let mut told = Ok(());
    let mut current: Option<(Awaited, Instant)> = None;
    loop {
        let worth_telling = current.as_ref().map_or_else(Instant::now, |(_, since)| *since + A_WHILE);
        tokio::select! {
            biased;
            done = &mut task => return told.map(|()| done),
            Some(awaited) = awaiting.recv() => current = Some((awaited, Instant::now())),
            () = sleep_until(worth_telling), if current.is_some() => {
                if let Some((Awaited { what, budget }, _)) = current.take() {
                    let budget_ms = budget.map(|budget| budget.as_millis() as u64);
                    told = told.and(narrator.tell(EventKind::Waiting { what, budget_ms }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::sleep;

    use super::*;
    use crate::engine::{Event, Listener};

    struct Kept(Arc<Mutex<Vec<EventKind>>>);

    impl Listener for Kept {
        fn hear(&mut self, event: &Event) {
            self.0.lock().unwrap().push(event.event.clone());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_waits_that_take_a_while_are_told() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut narrator =
            Narrator::new(Timestamp::UNIX_EPOCH, Masks::default()).with_listener(Kept(heard.clone()));
        let (waits, mut awaiting) = unbounded_channel();
        let task = async {
            for (what, seconds) in [("a star", 0.1), ("a star", 0.1), ("the boot", 30.0), ("a prompt", 0.5)] {
                waits.send(Awaited { what: what.to_owned(), budget: None }).unwrap();
                sleep(Duration::from_secs_f64(seconds)).await;
            }
            7
        };
        assert_eq!(while_told(task, &mut narrator, &mut awaiting).await.unwrap(), 7);
        let boot = EventKind::Waiting { what: "the boot".to_owned(), budget_ms: None };
        assert_eq!(*heard.lock().unwrap(), [boot]);
    }
}
