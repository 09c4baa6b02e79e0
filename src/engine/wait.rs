//! Waits until a condition holds. Silence is a failure: when it does not in time, the step fails.

use std::time::Duration;

use tokio::time::Instant;

use super::event::{EventKind, Failure, Purpose, StepStatus};
use super::failure::Stop;
use super::operator::Operator;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Scope, Wait};

impl<O: Operator> Run<'_, O> {
    /// A step that waits.
    pub(super) async fn wait(&mut self, at: &At<'_>, wait: &Wait, scope: &Scope) -> Result<Done, Stop> {
        if let Some(done) = self.beyond_reading(at.step.risk) {
            return Ok(done);
        }
        let until = Instant::now() + wait.within;
        let mut told = false;
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
            let at = At { timeout: at.timeout.min(left), ..at.clone() };
            let seen = self.probe(&at, &wait.probe, Purpose::Look, scope, None).await?;
            if seen.holds == Some(true) {
                return Ok(Done::new(StepStatus::Held, seen.record()));
            }
            if Instant::now() + wait.every >= until {
                if at.step.finding.is_some() {
                    self.found(&at, &seen)?;
                    self.open_findings += 1;
                }
                let condition = seen.condition().unwrap_or_default();
                let message =
                    format!("waited {} s for `{condition}`, and it is still not true", wait.within.as_secs());
                return Err(Failure::new("waited", message).help("allow more with `within`").into());
            }
            if !std::mem::replace(&mut told, true) {
                let left = until.saturating_duration_since(Instant::now());
                let budget_ms = Some(self.allowed(left)?.as_millis() as u64);
                self.narrator.tell(EventKind::Waiting { what: "it to become true".to_owned(), budget_ms })?;
            }
            self.rest(wait.every, Purpose::Look).await?;
        }
    }
}
