//! Takes a run up again: finds out what became of what was under way, reads again what may have changed, and goes
//! on. Nothing is done twice.
//!
//! ```text
//!  session of before still there? ──yes──► a command under way has ended, or was never entered: its receipt tells
//!          │no
//!          ├─► restart under way? how long the machine has been up tells whether it happened
//!          ├─► up since before that session was opened? then nothing is lost
//!          ├─► what steps saw after the last change is read again
//!          └─► changes made since the machine started are checked again: a power cut may have taken them
//! ```

use std::time::Duration;

use super::condition::{expect_code, not_verified, with_before};
use super::event::{EventKind, Settled, StepPath, StepStatus};
use super::failure::Stop;
use super::frame::{Frame, Record, scope as scope_of};
use super::ledger::{Cut, Made, Restart};
use super::memo::Remembered;
use super::once_more::Making;
use super::operator::{Operator, OperatorError, Outcome};
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Body, Condition, Scope, Step};

/// How far our clock and the machine's may differ on how long it has been up.
pub(super) const CLOCKS: Duration = Duration::from_secs(2);

/// How much longer than that it must have been up to be sure of it: the run may have been taken to a computer whose
/// clock is behind.
const SURELY: Duration = Duration::from_mins(1);

impl<O: Operator> Run<'_, O> {
    /// Finds out where the machine is when the run is taken up again. Does nothing in a run that begins.
    pub(super) async fn take_up(&mut self) -> Result<(), Stop> {
        if self.narrator.ledger().last_touch == 0 && self.memo.is_empty() {
            return self.sweep().await;
        }
        // A program that died before it had looked may have opened the session that is kept.
        let kept = self.operator.place().kept && !self.narrator.ledger().doubt;
        self.find_out(kept.then_some(true)).await?;
        self.shells = self.operator.shells();
        self.sweep().await
    }

    /// What became of what was under way, and whether the machine may have lost what was done. `whole`: whether it has not,
    /// since the session of before is still there, or has, since it is known to have started; else it is asked.
    pub(super) async fn find_out(&mut self, whole: Option<bool>) -> Result<(), Stop> {
        let kept = whole == Some(true);
        let restarting = self.narrator.ledger().restart.as_ref().is_some_and(|restart| !restart.over);
        if let Some(cut) = self.narrator.ledger().cut.clone() {
            let settled = self.what_became_of(&cut).await?;
            self.narrator.tell(EventKind::CommandSettled {
                step: cut.step,
                purpose: cut.purpose,
                command: cut.command.text,
                // Without the session of before nothing proves that the machine kept its files.
                settled: if settled == Settled::NeverStarted && !kept { Settled::Unknown } else { settled },
            })?;
        }
        if let Some(restart) = self.narrator.ledger().restart.clone()
            && (restart.over || !kept && self.has_restarted(&restart).await?)
        {
            self.memo.was_restarted(&restart.step);
            self.narrator.tell(EventKind::RebootFinished { step: restart.step, elapsed_ms: 0 })?;
        }
        if !kept && (restarting || whole == Some(false) || !self.still_up().await?) {
            self.doubtful = true;
            self.doubtful_back.clone_from(&self.narrator.ledger().taken_back);
            let after = self.narrator.ledger().last_touch;
            self.memo.forget(after, self.narrator.ledger());
            self.narrator.tell(EventKind::ReadAgain { after })?;
        }
        let touched = self.narrator.ledger().changes.iter().filter(|made| made.touched());
        self.begun = touched.map(|made| made.step.clone()).collect();
        Ok(())
    }

    /// Removes what sessions that were not closed have left on the machine.
    async fn sweep(&mut self) -> Result<(), Stop> {
        for session in self.narrator.ledger().abandoned.clone() {
            let sweeping = self.operate(|operator| async move { operator.sweep(&session).await }).await?;
            // What is left there harms nobody.
            if let Err(error) = sweeping
                && error.kind.ends_session()
            {
                return Err(self.in_the_way(error));
            }
        }
        Ok(())
    }

    /// Whether the machine has been up since before the session was opened that is gone, and tells it.
    pub(super) async fn still_up(&mut self) -> Result<bool, Stop> {
        let Some(since) = self.narrator.ledger().whole_since else { return Ok(false) };
        let Some(up_s) = self.uptime().await? else { return Ok(false) };
        let gone = self.narrator.now().duration_since(since);
        // A clock that was set back tells nothing.
        let Ok(gone) = Duration::try_from(gone) else { return Ok(false) };
        if Duration::from_secs(up_s) < gone + SURELY {
            return Ok(false);
        }
        self.narrator.tell(EventKind::StillUp { up_s })?;
        Ok(true)
    }

    async fn what_became_of(&mut self, cut: &Cut) -> Result<Settled, Stop> {
        let Some(receipt) = cut.receipt else { return Ok(Settled::Unknown) };
        let settling = self.operate(|operator| async move {
            let command = (cut.command.mode, cut.command.text.as_str());
            operator.settle(&cut.session, receipt, command).await
        });
        settling.await?.map_err(|error| self.in_the_way(error))
    }

    /// An error of the operator outside of a command.
    pub(super) fn in_the_way(&mut self, error: OperatorError) -> Stop {
        if error.kind.ends_session() {
            self.lost = Some(error.clone());
        }
        Stop::Failed(error.into())
    }

    /// The change of a step that was begun before the run was taken up again, once.
    pub(super) fn begun(&mut self, path: &StepPath) -> Option<Made> {
        if !self.begun.remove(path) {
            return None;
        }
        self.narrator.ledger().change_of(path).cloned()
    }

    /// How long the machine has been up, in seconds, where it tells.
    pub(super) async fn uptime(&mut self) -> Result<Option<u64>, Stop> {
        let up = self.operate(O::uptime).await?.map_err(|error| self.in_the_way(error))?;
        Ok(up.map(|up| up.as_secs()))
    }

    /// Tells of the session that was opened anew: after a restart, or since the one of before was lost.
    pub(super) fn session_again(&mut self) -> Result<(), Stop> {
        let place = self.operator.place();
        if place.session.is_empty() {
            return Ok(());
        }
        let line = String::new();
        let event =
            EventKind::SessionOpened { line, session: place.session, channel: place.channel, kept: false };
        Ok(self.narrator.tell(event)?)
    }

    async fn has_restarted(&mut self, restart: &Restart) -> Result<bool, Stop> {
        let Some(up) = self.uptime().await? else { return Ok(false) };
        let since = self.narrator.now().duration_since(restart.at).unsigned_abs();
        // A second of the machine may be shorter than ours (a simulated one), never longer.
        Ok(restart.up_s.is_some_and(|before| up < before) || Duration::from_secs(up) + CLOCKS < since)
    }

    /// How the step ended before the run was taken up again; `None`: it has to be done.
    pub(super) fn recall(&mut self, step: &Step, path: &StepPath) -> Result<Option<Record>, Stop> {
        let Some(remembered) = self.memo.take(path) else { return Ok(None) };
        self.begun.remove(path);
        self.open_findings += remembered.left.findings;
        let failed_at = remembered.left.failed_at.clone();
        let record = Record::from(remembered.left);
        match remembered.failure {
            Some(failure) if remembered.status == StepStatus::Failed => {
                self.after_failure(step, path, failure, record).map(Some)
            }
            Some(failure) => {
                self.failed.get_or_insert((failed_at.unwrap_or_else(|| path.clone()), failure));
                Ok(Some(record))
            }
            None => Ok(Some(record)),
        }
    }

    /// What the steps of a block left, that ended before the run was taken up again.
    pub(super) fn recall_inside(&mut self, step: &Step, path: &StepPath, frame: &mut Frame) {
        let Body::Block(block) = &step.body else { return };
        for inner in block.steps.iter().chain(&block.rescue).chain(&block.always) {
            let ends = match &inner.for_each {
                Some(_) => self.memo.take_rounds(path, &inner.id),
                None => Vec::new(),
            };
            let path = StepPath(format!("{path}/{}", inner.id));
            let ends: Vec<_> = ends.into_iter().chain(self.memo.take(&path)).collect();
            // With it the block, or what saved it, began: later steps see it as one that had no turn.
            let ended_all = |end: &Remembered| end.status == StepStatus::Failed && !self.goes_on_after(inner);
            let record = match ends.as_slice() {
                ends if ends.iter().any(ended_all) => Record::default(),
                [end] if inner.for_each.is_none() => Record::from(end.left.clone()),
                ends => {
                    let records: Vec<_> = ends.iter().map(|end| Record::from(end.left.clone())).collect();
                    Record::all_of(&records)
                }
            };
            frame.record(&inner.id, record);
            self.recall_inside(inner, &path, frame);
        }
    }

    /// A condition whose change was begun, or made, before the run was taken up again.
    pub(super) async fn condition_again(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        scope: Scope,
        made: Made,
    ) -> Result<Done, Stop> {
        let before = scope_of(&made.before);
        let ended = made.change.ended.min(made.commands.len());
        let last = made.commands[..ended].last().zip(made.answer.clone()).filter(|_| !made.verified);
        let refused = last.and_then(|(command, (code, output))| {
            expect_code(command, &Outcome { code, output, elapsed: Duration::ZERO }).err()
        });
        // It failed before that could be told; unless the machine started under it, and it met another machine than it was for.
        let met_another = refused.is_some() && self.doubtful;
        if let Some(failure) = refused.filter(|_| !met_another) {
            return Err(failure.into());
        }
        let rest = made.commands[ended - usize::from(met_another)..].to_vec();
        let all_sent =
            met_another || made.verified || rest.is_empty() || (made.change.open && rest.len() == 1);
        if all_sent {
            // The last command perhaps: the check decides.
            let retry = condition.check.retry.filter(|_| !made.verified);
            let proof = self.verify(at, condition, &scope, retry).await?;
            if proof.holds == Some(true) {
                return self.proven(at, before, &made.before, &proof);
            }
            let once = rest.is_empty() && !made.verified && !self.doubtful;
            if once && !self.has_started_since(&made).await? {
                return Err(not_verified(&proof).into());
            }
        } else if !made.change.open {
            // It is known which commands ended: those that follow are sent as if nothing had been.
            self.gate()?;
            self.change(at, condition, &rest, &with_before(&scope, &before)).await?;
            let proof = self.verify(at, condition, &scope, condition.check.retry).await?;
            if proof.holds == Some(true) {
                return self.proven(at, before, &made.before, &proof);
            }
            if !self.doubtful && !self.has_started_since(&made).await? {
                return Err(not_verified(&proof).into());
            }
        }
        self.gate()?;
        let commands = self.anew(&made, rest).await?;
        let making = Making { condition, scope: &scope, before, read_before: &made.before };
        self.make(at, making, commands).await
    }
}
