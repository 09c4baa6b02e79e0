//! A change that a start of the machine took with it, or used up, is made once more.
//!
//! A machine that loses its power right behind a change may have lost what was done, and an order for its next start
//! was carried out by that start. Such a change did not fail: it is made again, once for each start that was noticed.

use std::time::Duration;

use super::condition::{expect_code, not_verified, with_before};
use super::event::{Command, EventKind, Purpose, Values, WayBack};
use super::failure::Stop;
use super::ledger::Made;
use super::operator::{Operator, Trouble};
use super::probe::Seen;
use super::resume::CLOCKS;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Condition, Retry, Scope};

/// A change that is to be sent, and what was there before it.
pub(super) struct Making<'s> {
    pub(super) condition: &'s Condition,
    pub(super) scope: &'s Scope,
    pub(super) before: Scope,
    pub(super) read_before: &'s Values,
}

impl<O: Operator> Run<'_, O> {
    /// Sends a change and checks again; where the check does not hold and the machine started meanwhile, the same once
    /// more.
    pub(super) async fn make(
        &mut self,
        at: &At<'_>,
        making: Making<'_>,
        commands: Vec<Command>,
    ) -> Result<Done, Stop> {
        let Making { condition, scope, before, read_before } = making;
        let seen = with_before(scope, &before);
        let shells = self.operator.shells();
        self.change(at, condition, &commands, &seen).await?;
        let mut proof = self.verify(at, condition, scope, condition.check.retry).await?;
        if proof.holds != Some(true)
            && let Some(made) = self.lost_with_a_start(at, shells).await?
        {
            self.gate()?;
            let rest = made.commands[made.change.ended.min(made.commands.len())..].to_vec();
            let commands = self.anew(&made, rest).await?;
            self.change(at, condition, &commands, &seen).await?;
            proof = self.verify(at, condition, scope, condition.check.retry).await?;
        }
        if proof.holds != Some(true) {
            return Err(not_verified(&proof).into());
        }
        self.proven(at, before, read_before, &proof)
    }

    /// Checks again after a change.
    pub(super) async fn verify(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        scope: &Scope,
        retry: Option<Retry>,
    ) -> Result<Seen, Stop> {
        self.probe(at, &condition.check, Purpose::Verify, scope, retry).await
    }

    /// Whether the machine went down under a changing command of this step, and its check tells what became of that. The
    /// check waits for the machine's start: one that does not come back is lost for good.
    ///
    /// # Errors
    /// [`Stop::Again`]: what earlier steps changed may be lost as well, and is looked at.
    pub(super) fn went_down(&mut self, at: &At<'_>) -> Result<bool, Stop> {
        if self.lost.take_if(|lost| lost.kind == Trouble::MachineDown).is_none() {
            return Ok(false);
        }
        self.went_down = true;
        if self.narrator.ledger().others_of_this_boot(&at.path) { Err(Stop::Again) } else { Ok(true) }
    }

    /// The change of this step, when the machine has started since its last command ended. Without a new shell it has not;
    /// with one, how long it has been up tells. Where earlier steps changed something, that may be lost too, and all of it
    /// is looked at already.
    pub(super) async fn lost_with_a_start(&mut self, at: &At<'_>, shells: u32) -> Result<Option<Made>, Stop> {
        if self.operator.shells() == shells || self.narrator.ledger().others_of_this_boot(&at.path) {
            return Ok(None);
        }
        let Some(made) = self.narrator.ledger().change_of(&at.path).cloned() else { return Ok(None) };
        // The console showed it, or how long it has been up tells.
        let started = std::mem::take(&mut self.went_down) || self.has_started_since(&made).await?;
        Ok(started.then_some(made))
    }

    /// Whether the machine has been up for less time than since a change was begun. In doubt it has not: then nothing
    /// is made twice.
    pub(super) async fn has_started_since(&mut self, made: &Made) -> Result<bool, Stop> {
        let Some(up) = self.uptime().await? else { return Ok(false) };
        let since = self.narrator.now().duration_since(made.at);
        Ok(Duration::try_from(since).is_ok_and(|since| Duration::from_secs(up) + CLOCKS < since))
    }

    /// Prepares a change to be made again: one of several commands may or may not have been executed, or the machine
    /// lost what they did. Where there is a way back, what is there of it is taken back first.
    pub(super) async fn anew(&mut self, made: &Made, rest: Vec<Command>) -> Result<Vec<Command>, Stop> {
        let one = made.commands.len() == 1;
        match &made.undo {
            // The check says that its one command did nothing.
            _ if one => {}
            // What ended is not repeated when nothing could take it back.
            WayBack::None { .. } if !rest.is_empty() => {
                self.intend_again(made, rest.clone())?;
                return Ok(rest);
            }
            WayBack::None { .. } => {}
            WayBack::Commands { commands, .. } => {
                for command in commands.iter().skip(made.back.ended) {
                    let outcome = self.send_for(&made.step, Purpose::Undo, command, 1, &[]).await?;
                    expect_code(command, &outcome.map_err(|error| Stop::Failed(error.into()))?)?;
                }
            }
        }
        self.intend_again(made, made.commands.clone())?;
        Ok(made.commands.clone())
    }

    /// Writes down that these commands of a change are sent again.
    pub(super) fn intend_again(&mut self, made: &Made, commands: Vec<Command>) -> Result<(), Stop> {
        Ok(self.narrator.tell(EventKind::ChangeIntended {
            step: made.step.clone(),
            commands,
            undo: made.undo.clone(),
            before: made.before.clone(),
            again: true,
            temporary: made.temporary,
        })?)
    }
}
