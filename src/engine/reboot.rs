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
        self.same_machine(Some(&at.path)).await?;
        self.gate()?;
        self.narrator.tell(EventKind::RebootIntended {
            step: at.path.clone(),
            reason: reason.clone(),
            budget_ms,
            up_s,
        })?;
        let began = self.narrator.elapsed_ms();
        // What must be done whatever happens is not broken off.
        let stop = (self.shielded == 0).then(|| self.interrupt.sign());
        let outcome =
            self.operate(|operator| async move { operator.reboot(by, &reason, budget, stop).await }).await?;
        match outcome {
            Ok(()) => {
                let elapsed_ms = self.narrator.elapsed_ms() - began;
                self.session_again()?;
                self.shells = self.operator.shells();
                self.went_down = false;
                self.narrator.tell(EventKind::RebootFinished { step: at.path.clone(), elapsed_ms })?;
                Ok(Done::new(StepStatus::Restarted, restarted()))
            }
            Err(error) if error.code == "stopped" => {
                self.abandoned("the machine was restarting when the run was stopped");
                Err(Stop::Interrupted)
            }
            Err(error) => {
                if error.kind.ends_session() {
                    self.lost = Some(error.clone());
                }
                Err(Stop::Failed(error.into()))
            }
        }
    }
}
