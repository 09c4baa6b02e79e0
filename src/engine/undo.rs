//! Takes a change back: the commands that were written down before it was made, then a look whether the old
//! values are there again. Needs nothing but the ledger, so it works without the script, and long after the run.

use std::time::Duration;

use regex::RegexBuilder;

use super::condition::{EXIT_CODE, expect_code};
use super::event::{Command, EventKind, Failure, Purpose, Reading, UndoOutcome, Values, Wanted, WayBack};
use super::failure::Stop;
use super::frame::values;
use super::ledger::Made;
use super::operator::{Operator, OperatorError, Outcome};
use super::probe::captures;
use super::reopened::Tries;
use super::run::Run;
use crate::script::model::{Capture, Scope};

/// How often it is looked whether the old values are there again.
const LOOKS: u32 = 5;

/// Between two of these looks.
const BETWEEN: Duration = Duration::from_secs(2);

impl<O: Operator> Run<'_, O> {
    /// Takes one change back and tells how that ended.
    pub(super) async fn undo(&mut self, made: &Made) -> Result<UndoOutcome, Stop> {
        self.narrator.tell(EventKind::UndoStarted { step: made.step.clone() })?;
        let outcome = match self.take_back(made).await {
            Ok(outcome) => outcome,
            // Not an outcome: it was not tried to the end, and can be, later.
            Err(stop) if self.lost.is_some() => return Err(stop),
            Err(Stop::Failed(failure)) => UndoOutcome::Failed { failure },
            Err(stop) => return Err(stop),
        };
        let event = EventKind::UndoFinished { step: made.step.clone(), outcome: outcome.clone() };
        self.narrator.tell(event)?;
        Ok(outcome)
    }

    /// Makes sure that a change that was taken back still is.
    pub(super) async fn undo_again(&mut self, made: &Made) -> Result<UndoOutcome, Stop> {
        if let WayBack::Commands { restores, proofs, .. } = &made.undo
            && !restores.is_empty()
            && self.differing(made, restores, proofs).await?.is_empty()
        {
            return Ok(UndoOutcome::Restored);
        }
        self.undo(made).await
    }

    async fn take_back(&mut self, made: &Made) -> Result<UndoOutcome, Stop> {
        let (commands, restores, proofs) = match &made.undo {
            WayBack::None { why } => return Ok(UndoOutcome::Remains { why: why.clone() }),
            WayBack::Commands { commands, restores, proofs } => (commands, restores, proofs),
        };
        // A way back that was broken off goes on where it was; one that failed is tried again from its start.
        let (mut done, mut unsure) = (made.back.ended, made.back.open);
        if matches!(made.outcome, Some(UndoOutcome::Failed { .. } | UndoOutcome::Differs { .. })) {
            (done, unsure) = (0, false);
        }
        if unsure
            && done + 1 >= commands.len()
            && !restores.is_empty()
            && self.differing(made, restores, proofs).await?.is_empty()
        {
            return Ok(UndoOutcome::Restored);
        }
        for command in commands.iter().skip(done) {
            let outcome = self.send_for(&made.step, Purpose::Undo, command, 1, &[]).await?;
            let outcome = outcome.map_err(|error| Stop::Failed(error.into()))?;
            expect_code(command, &outcome)?;
        }
        let differs = self.differing_still(made, restores, proofs).await?;
        Ok(if differs.is_empty() { UndoOutcome::Restored } else { UndoOutcome::Differs { names: differs } })
    }

    async fn read_restored(
        &mut self,
        made: &Made,
        command: &Command,
        wanted: &[Capture],
    ) -> Result<Result<Outcome, OperatorError>, Stop> {
        let mut tries = Tries::first();
        loop {
            let outcome = self.send_for(&made.step, Purpose::Restored, command, 1, wanted).await?;
            let Err(error) = &outcome else { return Ok(outcome) };
            if !self.calls_again(error, &mut tries).await? {
                return Ok(outcome);
            }
        }
    }

    /// The names whose old values are not there again. What was told to stop may need a moment for it.
    async fn differing_still(
        &mut self,
        made: &Made,
        restores: &[String],
        proofs: &[Reading],
    ) -> Result<Vec<String>, Stop> {
        let mut tries = 1;
        loop {
            let differs = self.differing(made, restores, proofs).await?;
            if differs.is_empty() || tries == LOOKS {
                return Ok(differs);
            }
            tries += 1;
            let what = format!("what {} changed to be as it was", made.step);
            let budget_ms = Some(BETWEEN.as_millis() as u64);
            self.narrator.tell(EventKind::Waiting { what, budget_ms })?;
            tokio::time::sleep(BETWEEN).await;
        }
    }

    /// The names whose old values are not there again.
    async fn differing(
        &mut self,
        made: &Made,
        restores: &[String],
        proofs: &[Reading],
    ) -> Result<Vec<String>, Stop> {
        let mut now = Values::new();
        for proof in proofs {
            let wanted = proof.captures.iter().map(capture).collect::<Result<Vec<_>, _>>()?;
            let outcome = self.read_restored(made, &proof.command, &wanted).await?;
            let outcome = outcome.map_err(|error| Stop::Failed(error.into()))?;
            let found: Scope = captures(&wanted, &outcome.output);
            now.extend(values(&found));
            // The check comes first.
            now.entry(EXIT_CODE.to_owned()).or_insert_with(|| outcome.code.into());
        }
        Ok(restores.iter().filter(|name| made.before.get(*name) != now.get(*name)).cloned().collect())
    }
}

/// A pattern of the journal as one of a script.
fn capture(wanted: &Wanted) -> Result<Capture, Failure> {
    let pattern = RegexBuilder::new(&wanted.pattern).multi_line(true).crlf(true).build();
    let pattern = pattern.map_err(|error| {
        Failure::new(
            "pattern",
            format!("the pattern of `{}` in the journal is damaged: {error}", wanted.name),
        )
    })?;
    Ok(Capture { name: wanted.name.clone(), pattern, all: wanted.all })
}
