//! A session that had to be opened anew while a run goes on: commands that only read are sent once more, and where the
//! machine may have started meanwhile, the run does by itself what `resume` would do.

use super::ahead::Ahead;
use super::event::{EventKind, Failure, StepPath};
use super::failure::Stop;
use super::operator::{Operator, OperatorError};
use super::run::Run;

/// How often a command that only reads is sent, when the machine goes away under it each time.
pub(super) const READS: u32 = 3;

/// How often the steps are gone through again: a machine that starts more often under one run is not fit for it.
const AGAINS: u32 = 2;

impl<O: Operator> Run<'_, O> {
    /// Whether a command that only reads, and was cut off by this, is sent once more. It then waits for the machine, as any
    /// command does.
    ///
    /// # Errors
    /// [`Stop::Journal`]
    pub(super) fn calls_again(&mut self, error: &OperatorError) -> Result<bool, Stop> {
        if !error.was_cut_off() || self.interrupt.is_requested() {
            return Ok(false);
        }
        self.lost = None;
        self.narrator.tell(EventKind::CalledAgain { why: error.message.clone() })?;
        Ok(true)
    }

    /// Behind a command that ended well: goes on where the machine is as it was left. In another shell that is told by how
    /// long the machine has been up.
    ///
    /// # Errors
    /// [`Stop::Again`] when it may have started meanwhile.
    pub(super) async fn same_machine(&mut self, step: Option<&StepPath>) -> Result<(), Stop> {
        // An `always` is not broken off: that is looked at behind it.
        if self.operator.shells() == self.shells || self.shielded > 0 {
            return Ok(());
        }
        if step.is_some_and(|step| self.looks_itself(step)) {
            self.shells = self.operator.shells();
            return Ok(());
        }
        if self.is_another_machine().await? { Err(Stop::Again) } else { Ok(()) }
    }

    /// Whether this step has a change under way, and nothing else was changed since the machine started: its own check
    /// tells what became of that.
    fn looks_itself(&self, step: &StepPath) -> bool {
        let ledger = self.narrator.ledger();
        let under_way = ledger.change_of(step).is_some_and(|made| made.touched() && !made.verified);
        under_way && !ledger.others_of_this_boot(step)
    }

    /// Whether another shell was opened, and the machine may have started before. Tells of the session where it has not.
    pub(super) async fn is_another_machine(&mut self) -> Result<bool, Stop> {
        if self.operator.shells() == self.shells {
            return Ok(false);
        }
        let still_up = self.still_up().await?;
        self.shells = self.operator.shells();
        if still_up {
            self.session_again()?;
        }
        Ok(!still_up)
    }

    /// Gets ready to go through the steps again. What ended and is not lost is recalled.
    ///
    /// # Errors
    /// [`Stop::Failed`] when that was done too often, or the machine cannot be reached.
    pub(super) async fn again(&mut self) -> Result<(), Stop> {
        self.agains += 1;
        if self.agains > AGAINS {
            let message = format!("the machine started {} times while this run was under way", self.agains);
            let failure = Failure::new("keeps-restarting", message);
            return Err(failure.help("find out why it restarts, then begin a new run").into());
        }
        self.deadlines.clear();
        self.shielded = 0;
        self.failed_step = None;
        self.failed = None;
        self.open_findings = 0;
        self.ahead = Ahead::default();
        self.memo = self.narrator.memo().clone();
        self.find_out(false).await?;
        self.shells = self.operator.shells();
        self.session_again()
    }
}
