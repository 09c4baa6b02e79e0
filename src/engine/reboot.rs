//! A restart of the machine: intended, done, proven, logged in again.

use std::time::Duration;

use super::event::{EventKind, LeftOpen, RunMode, StepStatus};
use super::failure::Stop;
use super::frame::Record;
use super::operator::Operator;
use super::run::Run;
use super::step::{At, Done, restarted};
use crate::script::model::{Restart, Scope, Template};

impl<O: Operator> Run<'_, O> {
    /// A step that restarts the machine.
    pub(super) async fn reboot(
        &mut self,
        at: &At<'_>,
        by: Restart,
        reason: &Template,
        budget: Duration,
        scope: &Scope,
    ) -> Result<Done, Stop> {
        let reason = reason.render_text(scope)?;
        let budget_ms = budget.as_millis() as u64;
        if self.order.mode == RunMode::Diagnose {
            let record =
                Record { ran: true, changed: true, open: Some(LeftOpen::WouldChange), ..Record::default() };
            return Ok(Done::not_run(
                StepStatus::Depends,
                format!("would restart the machine: {reason}"),
                record,
            ));
        }
        if self.memo.take_restart(&at.path) {
            return Ok(Done::new(StepStatus::Restarted, restarted()));
        }
        let up_s = self.uptime().await?;
        self.narrator.tell(EventKind::RebootIntended {
            step: at.path.clone(),
            reason: reason.clone(),
            budget_ms,
            up_s,
        })?;
        let began = self.narrator.elapsed_ms();
        let interrupt = self.interrupt.clone();
        let outcome = self
            .operate(|operator| async move {
                tokio::select! {
                    outcome = operator.reboot(by, &reason, budget) => outcome.map(Some),
                    () = interrupt.requested() => Ok(None),
                }
            })
            .await?;
        match outcome {
            Ok(Some(())) => {
                let elapsed_ms = self.narrator.elapsed_ms() - began;
                self.session_again()?;
                self.narrator.tell(EventKind::RebootFinished { step: at.path.clone(), elapsed_ms })?;
                Ok(Done::new(StepStatus::Restarted, restarted()))
            }
            Ok(None) => {
                self.abandoned("the machine was restarting when the run was stopped");
                Err(Stop::Interrupted)
            }
            Err(error) => {
                self.lost = Some(error.clone());
                Err(Stop::Failed(error.into()))
            }
        }
    }
}
