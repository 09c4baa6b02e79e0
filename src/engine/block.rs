//! Blocks: steps that fail or succeed together, what is done when they fail, and what is done in any case.

use super::event::{EventKind, Failure, StepStatus};
use super::failure::Stop;
use super::frame::{Frame, Record, object};
use super::operator::Operator;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Block, OnFailure, Scope, Step, Value};

impl<O: Operator> Run<'_, O> {
    /// A block. When one of its steps fails, its changes are taken back, last one first; then comes `rescue`, and in
    /// any case `always`. Its own deadline is that of its steps.
    pub(super) async fn block(
        &mut self,
        at: &At<'_>,
        block: &Block,
        scope: Scope,
        frame: &mut Frame,
    ) -> Result<Done, Stop> {
        let mut inner = frame.inside(&at.path, scope);
        let open_before = self.open_findings;
        let rescuable = u32::from(!block.rescue.is_empty());
        self.rescuable += rescuable;
        let deadlines_around = self.deadlines.len() - usize::from(at.step.within.is_some());
        let mut outcome = self.sequence(&block.steps, &mut inner).await;
        // What deals with a failure has time when that failure is a deadline.
        self.deadlines.truncate(deadlines_around);
        self.rescuable = self.rescuable.saturating_sub(rescuable);
        inner.not_done(&block.steps);
        let failed = matches!(outcome, Err(Stop::Failed(_)));
        let mut rescued = false;
        if let Err(Stop::Failed(failure)) = &outcome
            && self.lost.is_none()
        {
            let failure = failure.clone();
            // With `stop` changes stay, but what the block changed would be in the way of its rescue.
            if at.step.on_failure != OnFailure::Stop || !block.rescue.is_empty() {
                self.take_back_of(&at.path).await?;
            }
            if !block.rescue.is_empty() && self.lost.is_none() {
                self.open_findings = open_before;
                outcome = self.rescue(&block.rescue, &mut inner, &failure).await;
                rescued = outcome.is_ok();
            }
        }
        inner.not_done(&block.rescue);
        if matches!(outcome, Err(Stop::Again)) {
            return Err(Stop::Again);
        }
        if matches!(outcome, Err(Stop::Interrupted)) && !block.always.is_empty() {
            let steps = if failed { &[] } else { block.steps.as_slice() };
            let again = steps.iter().chain(&block.rescue).chain(&block.always).map(|step| step.id.clone());
            self.narrator.tell(EventKind::Tidying { step: at.path.clone(), again: again.collect() })?;
        }
        let tidied = self.always(&block.always, &mut inner).await;
        inner.not_done(&block.always);
        if at.step.for_each.is_none() {
            frame.take_in(inner);
        }
        let mut record = match (outcome, tidied) {
            (Ok(record), Ok(tidied)) => Record::all_of(&[record, tidied]),
            // The first failure is the cause, the second one often its effect.
            (Err(stop), _) | (Ok(_), Err(stop)) => return Err(stop),
        };
        if rescued {
            record.failed = true;
            record.holds = Some(false);
        }
        let status = match &record {
            Record { failed: true, .. }
            | Record { open: Some(_), .. }
            | Record { holds: Some(false), .. } => StepStatus::NotHeld,
            Record { changed: true, .. } => StepStatus::Changed,
            _ => StepStatus::Held,
        };
        let done = Done::new(status, record);
        Ok(if rescued { Done { note: Some("failed, and rescued".to_owned()), ..done } } else { done })
    }

    async fn rescue(&mut self, steps: &[Step], frame: &mut Frame, failure: &Failure) -> Result<Record, Stop> {
        let step = self.failed_step.clone().map(|path| path.0).unwrap_or_default();
        let members = [("step", step), ("code", failure.code.clone()), ("message", failure.message.clone())];
        let members: Scope =
            members.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
        frame.define("failure", object(&members));
        let outcome = self.sequence(steps, frame).await;
        frame.forget("failure");
        outcome
    }

    /// The end of a block: also after a failure, after a deadline, and when the user wants to stop.
    async fn always(&mut self, steps: &[Step], frame: &mut Frame) -> Result<Record, Stop> {
        if steps.is_empty() || self.lost.is_some() {
            return Ok(Record::default());
        }
        let deadlines = std::mem::take(&mut self.deadlines);
        self.shielded += 1;
        let outcome = self.sequence(steps, frame).await;
        self.shielded -= 1;
        self.deadlines = deadlines;
        outcome
    }
}
