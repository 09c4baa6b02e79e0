//! Takes a change back: the commands that were written down before it was made, then a look whether the old
//! values are there again.

use super::condition::expect_code;
use super::event::{EventKind, Purpose, UndoOutcome, WayBack};
use super::failure::Stop;
use super::frame::values;
use super::operator::Operator;
use super::run::{Made, Run};
use super::step::At;
use crate::script::model::{Probe, Scope};

impl<O: Operator> Run<'_, O> {
    /// Takes one change back and tells how that ended.
    pub(super) async fn undo(&mut self, made: &Made) -> Result<UndoOutcome, Stop> {
        self.narrator.tell(EventKind::UndoStarted { step: made.step.clone() })?;
        let outcome = match self.take_back(made).await {
            Ok(outcome) => outcome,
            Err(Stop::Failed(failure)) => UndoOutcome::Failed { failure },
            Err(stop) => return Err(stop),
        };
        let event = EventKind::UndoFinished { step: made.step.clone(), outcome: outcome.clone() };
        self.narrator.tell(event)?;
        Ok(outcome)
    }

    async fn take_back(&mut self, made: &Made) -> Result<UndoOutcome, Stop> {
        let (commands, restores) = match &made.undo {
            WayBack::None { why } => return Ok(UndoOutcome::Remains { why: why.clone() }),
            WayBack::Commands { commands, restores } => (commands, restores),
        };
        let at =
            At { path: made.step.clone(), step: &made.definition, mode: made.mode, timeout: made.timeout };
        for command in commands {
            let outcome = self.send(&at, Purpose::Undo, command, 1, &[]).await?;
            let outcome = outcome.map_err(|error| Stop::Failed(error.into()))?;
            expect_code(command, &outcome)?;
        }
        let now = self.read_again(&at, made, restores).await?;
        let (was, is) = (values(&made.before), values(&now));
        let differs: Vec<String> =
            restores.iter().filter(|name| was.get(*name) != is.get(*name)).cloned().collect();
        Ok(if differs.is_empty() { UndoOutcome::Restored } else { UndoOutcome::Differs { names: differs } })
    }

    /// Runs those probes again that had read one of `names`.
    async fn read_again(&mut self, at: &At<'_>, made: &Made, names: &[String]) -> Result<Scope, Stop> {
        let concerned = |probe: &&Probe| probe.capture.iter().any(|capture| names.contains(&capture.name));
        let probes: Vec<&Probe> =
            std::iter::once(&made.condition.check).chain(&made.condition.save).filter(concerned).collect();
        let mut now = Scope::new();
        for probe in probes {
            let only_read = Probe { holds: None, retry: None, ..probe.clone() };
            now.extend(self.probe(at, &only_read, Purpose::Restored, &made.scope, None).await?.captures);
        }
        Ok(now)
    }
}
