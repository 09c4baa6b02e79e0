//! A session that had to be opened anew while a run goes on: commands that only read are sent once more, and where the
//! machine may have started meanwhile, the run does by itself what `resume` would do.

use std::time::Duration;

use tokio::time::Instant;

use super::ahead::Ahead;
use super::event::{EventKind, Failure, StepPath};
use super::failure::Stop;
use super::operator::{Operator, OperatorError, Trouble};
use super::run::Run;

/// How often a command that only reads is sent, when the machine goes away under it each time.
const READS: u32 = 3;

/// How long a machine that stands at its bug check is awaited: it restarts by itself once its memory is on the disk. As
/// long as one that is on its way up.
const AWAY: Duration = Duration::from_mins(6);

/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_secs(5);

/// The tries of one command that only reads.
pub(super) struct Tries {
    sent: u32,
    /// Until when a machine that stopped is awaited.
    until: Option<Instant>,
}

impl Tries {
    pub(super) fn first() -> Self {
        Self { sent: 1, until: None }
    }
}

/// How often the steps are gone through again: a machine that starts more often under one run is not fit for it.
const AGAINS: u32 = 2;

impl<O: Operator> Run<'_, O> {
    /// Whether a command that only reads, and was cut off by this, is sent once more. It then waits for the machine, as any
    /// command does.
    ///
    /// # Errors
    /// [`Stop::Journal`]; [`Stop::Failed`] past a deadline.
    pub(super) async fn calls_again(
        &mut self,
        error: &OperatorError,
        tries: &mut Tries,
    ) -> Result<bool, Stop> {
        if !error.was_cut_off() || self.interrupt.is_requested() {
            return Ok(false);
        }
        if error.was_stopped() {
            let first = tries.until.is_none();
            let until = *tries.until.get_or_insert_with(|| Instant::now() + AWAY);
            if Instant::now() >= until {
                return Ok(false);
            }
            self.lost = None;
            self.went_down = true;
            let span = self.allowed(LOOK)?;
            if first {
                self.narrator.tell(EventKind::CalledAgain { why: error.message.clone() })?;
                let what = "the machine to restart".to_owned();
                let budget_ms = Some(AWAY.as_millis() as u64);
                self.narrator.tell(EventKind::Waiting { what, budget_ms })?;
            }
            tokio::select! {
                () = tokio::time::sleep(span) => {}
                () = self.interrupt.requested() => {}
            }
            return Ok(true);
        }
        if tries.sent == READS {
            return Ok(false);
        }
        tries.sent += 1;
        self.lost = None;
        self.went_down |= error.kind == Trouble::MachineDown;
        self.narrator.tell(EventKind::CalledAgain { why: error.message.clone() })?;
        Ok(true)
    }

    /// Behind a command that ended well: goes on where the machine is as it was left. In another shell that is told by how
    /// long the machine has been up.
    ///
    /// # Errors
    /// [`Stop::Again`] when it may have started meanwhile.
    pub(super) async fn same_machine(&mut self, step: Option<&StepPath>) -> Result<(), Stop> {
        if self.operator.shells() == self.shells {
            // What looked like its end was none.
            self.went_down = false;
            return Ok(());
        }
        // An `always` is not broken off: that is looked at behind it.
        if self.shielded > 0 {
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
        // What the console showed is proof; else how long it has been up.
        let still_up = !self.went_down && self.still_up().await?;
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
        self.rescuable = 0;
        self.failed_step = None;
        self.failed = None;
        self.open_findings = 0;
        self.ahead = Ahead::default();
        self.memo = self.narrator.memo().clone();
        self.reach().await?;
        self.find_out(Some(false)).await?;
        self.went_down = false;
        self.shells = self.operator.shells();
        self.session_again()
    }

    /// Waits until the machine answers.
    async fn reach(&mut self) -> Result<(), Stop> {
        let mut tries = Tries::first();
        loop {
            match self.operate(O::uptime).await? {
                Ok(_) => return Ok(()),
                Err(error) if self.calls_again(&error, &mut tries).await? => {}
                Err(error) => return Err(self.in_the_way(error)),
            }
        }
    }
}
