//! Deadlines of scripts and steps around a command; the nearest one counts.

use std::time::Duration;

use tokio::time::Instant;

use super::event::{Failure, StepPath};
use super::run::Run;
use crate::script::model::Script;

/// Until when something must be done.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    until: Instant,
    /// Whose it is, for messages.
    whose: String,
    within: Duration,
}

impl Deadline {
    /// A script's, from now.
    pub(super) fn of_script(script: &Script, within: Duration) -> Self {
        Self { until: Instant::now() + within, whose: format!("the script {}", script.name), within }
    }

    /// A step's, from now.
    pub(super) fn of_step(path: &StepPath, within: Duration) -> Self {
        Self { until: Instant::now() + within, whose: format!("the step {path}"), within }
    }
}

impl<O> Run<'_, O> {
    /// How long the next command may take: what it asks for, but not beyond the nearest deadline.
    ///
    /// # Errors
    /// [`Failure`] when a deadline has passed.
    pub(super) fn allowed(&self, asked: Duration) -> Result<Duration, Failure> {
        let Some(nearest) = self.deadlines.iter().min_by_key(|deadline| deadline.until) else {
            return Ok(asked);
        };
        let left = nearest.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let message = format!("{} did not end within {} s", nearest.whose, nearest.within.as_secs());
            return Err(
                Failure::new("deadline", message).help("nothing more was sent; allow more with `within`")
            );
        }
        Ok(asked.min(left))
    }

    /// What allows a command more time than this, which it is about to get.
    pub(super) fn more_time(&self, timeout: Duration) -> String {
        let nearest = self.deadlines.iter().min_by_key(|deadline| deadline.until);
        let cut = nearest.filter(|nearest| nearest.until <= Instant::now() + timeout);
        match cut {
            Some(Deadline { whose, .. }) => format!("allow {whose} more with `within`"),
            None if timeout == self.order.timeout => "allow more with --timeout".to_owned(),
            None => "allow the step more with `timeout`".to_owned(),
        }
    }
}
