//! A condition: check; when it does not hold save what undo needs, change, and check again.

use super::event::Values;
use super::event::{Command, EventKind, Failure, Purpose, Reading, StepStatus, Wanted, WayBack};
use super::failure::Stop;
use super::frame::{Record, object, values};
use super::once_more::Making;
use super::operator::{Operator, Outcome, Trouble};
use super::probe::Seen;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Action, Body, Capture, Condition, Expr, Probe, Scope, Undo};

/// Stands among the old values for the exit code of the check. No capture can have this name.
pub(super) const EXIT_CODE: &str = "rc";

/// Characters shown of what a failed command said; the journal holds more.
const LONGEST_SAYING: usize = 300;

impl<O: Operator> Run<'_, O> {
    /// A step that holds a condition.
    pub(super) async fn condition(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        scope: Scope,
    ) -> Result<Done, Stop> {
        if let Some(made) = self.begun(&at.path) {
            return self.condition_again(at, condition, scope, made).await;
        }
        let seen = self.probe(at, &condition.check, Purpose::Check, &scope, None).await?;
        if seen.holds == Some(true) {
            return Ok(Done::new(StepStatus::Held, seen.record()));
        }
        self.found(at, &seen)?;
        if !self.may_change() {
            self.open_findings += 1;
            return Ok(Done::new(StepStatus::NotHeld, seen.would_change()));
        }
        self.gate()?;
        let before = self.save(at, condition, &seen, &scope).await?;
        self.gate()?;
        let commands = self.intend(at, condition, &before, seen.code, &scope)?;
        let read_before = values(&seen.captures);
        let making = Making { condition, scope: &scope, before, read_before: &read_before };
        self.make(at, making, commands).await
    }

    /// The check holds after the change.
    pub(super) fn proven(
        &mut self,
        at: &At<'_>,
        before: Scope,
        read_before: &Values,
        proof: &Seen,
    ) -> Result<Done, Stop> {
        self.narrator.tell(EventKind::ChangeVerified {
            step: at.path.clone(),
            before: read_before.clone(),
            after: values(&proof.captures),
        })?;
        let record = Record { changed: true, before, ..proof.record() };
        Ok(Done::new(StepStatus::Changed, record))
    }

    /// Reads what undo needs. Nothing is changed unless all of it could be read.
    pub(super) async fn save(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        seen: &Seen,
        scope: &Scope,
    ) -> Result<Scope, Stop> {
        let mut before = seen.captures.clone();
        for probe in &condition.save {
            let mut scope = scope.clone();
            scope.extend(before.clone());
            let saved = self.probe(at, probe, Purpose::Save, &scope, probe.retry).await?;
            if saved.holds == Some(false) {
                let message = format!(
                    "what undo needs could not be saved: `{}` ended with code {}",
                    self.narrator.mask(saved.command()),
                    saved.code
                );
                return Err(Failure::new("not-saved", message)
                    .help("nothing was changed by this step")
                    .into());
            }
            before.extend(saved.captures);
        }
        Ok(before)
    }

    /// Writes down what will be sent and the way back, all of it ready to be typed. `code`: that of the check before it.
    pub(super) fn intend(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        before: &Scope,
        code: i32,
        scope: &Scope,
    ) -> Result<Vec<Command>, Stop> {
        let mut scope = scope.clone();
        scope.extend(before.clone());
        scope.insert("before".to_owned(), object(before));
        let commands = commands(at, &condition.change, &scope)?;
        if commands.is_empty() {
            let message = "the condition does not hold, and no command of `change` applies";
            return Err(Failure::new("no-change", message).into());
        }
        let mut read_before = values(before);
        let undo = match &condition.undo {
            Undo::None { why } => WayBack::None { why: why.clone() },
            Undo::Run(actions) => {
                let told = condition.restores.clone();
                let mut restores = told.clone().unwrap_or_else(|| self::restores(actions));
                // A way back that names no old value has worked when the check says again what it said before.
                if restores.is_empty() && told.is_none() {
                    restores = condition.check.capture.iter().map(|capture| capture.name.clone()).collect();
                    restores.push(EXIT_CODE.to_owned());
                    read_before.insert(EXIT_CODE.to_owned(), code.into());
                }
                let proofs = proofs(at, condition, &restores, &scope)?;
                WayBack::Commands { commands: self::commands(at, actions, &scope)?, restores, proofs }
            }
        };
        self.narrator.tell(EventKind::ChangeIntended {
            step: at.path.clone(),
            commands: commands.clone(),
            undo,
            before: read_before,
            again: false,
            temporary: matches!(&at.step.body, Body::Upload(upload) if upload.temporary),
        })?;
        Ok(commands)
    }

    /// Sends the changing commands. One whose outcome is unknown, since the machine went down perhaps, is left to the
    /// verification that follows.
    pub(super) async fn change(
        &mut self,
        at: &At<'_>,
        condition: &Condition,
        commands: &[Command],
        scope: &Scope,
    ) -> Result<(), Stop> {
        let applying = applying(&condition.change, scope)?;
        // Of a change that goes on, the last ones.
        let done = applying.len().saturating_sub(commands.len());
        for (command, action) in commands.iter().zip(applying.into_iter().skip(done)) {
            match self.answered(at, command, action.answers.as_ref(), scope).await? {
                Ok(outcome) => expect_code(command, &outcome)?,
                Err(error) => {
                    if error.kind == Trouble::OutcomeUnknown || self.went_down(at)? {
                        return Ok(());
                    }
                    return Err(Stop::Failed(error.into()));
                }
            }
        }
        Ok(())
    }
}

/// The commands whose `when` holds, ready to be typed.
fn commands(at: &At<'_>, actions: &[Action], scope: &Scope) -> Result<Vec<Command>, Failure> {
    let command = |action: &Action| {
        Ok(Command {
            mode: at.mode,
            text: action.run.render(scope, at.mode)?,
            codes: action.codes.clone(),
            timeout_ms: at.timeout.as_millis() as u64,
        })
    };
    applying(actions, scope)?.into_iter().map(command).collect()
}

/// What `change` sees: the captures from before it, by their own names and as `before.NAME`.
pub(super) fn with_before(scope: &Scope, before: &Scope) -> Scope {
    let mut scope = scope.clone();
    scope.extend(before.clone());
    scope.insert("before".to_owned(), object(before));
    scope
}

/// The actions whose `when` holds.
fn applying<'a>(actions: &'a [Action], scope: &Scope) -> Result<Vec<&'a Action>, Failure> {
    let mut applying = Vec::new();
    for action in actions {
        if action.when.as_ref().map_or(Ok(true), |when| when.eval_bool(scope))? {
            applying.push(action);
        }
    }
    Ok(applying)
}

/// The names whose old values the way back brings back.
fn restores(actions: &[Action]) -> Vec<String> {
    let of_action = |action: &Action| -> Vec<String> {
        let inserts = action.run.inserts().flat_map(Expr::names);
        inserts.chain(action.when.iter().flat_map(Expr::names)).collect()
    };
    let mut names: Vec<String> = actions
        .iter()
        .flat_map(of_action)
        .filter_map(|name| name.strip_prefix("before.")?.split('.').next().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// What reads the values of these names again.
fn proofs(
    at: &At<'_>,
    condition: &Condition,
    names: &[String],
    scope: &Scope,
) -> Result<Vec<Reading>, Failure> {
    let code = names.iter().any(|name| name == EXIT_CODE);
    let concerned = |probe: &&Probe| {
        let is_check = std::ptr::eq(*probe, &raw const condition.check);
        is_check && code || probe.capture.iter().any(|capture| names.contains(&capture.name))
    };
    let reading = |probe: &Probe| {
        let command = Command {
            mode: at.mode,
            text: probe.run.render(scope, at.mode)?,
            codes: Vec::new(),
            timeout_ms: at.timeout.as_millis() as u64,
        };
        let wanted = |capture: &Capture| Wanted {
            name: capture.name.clone(),
            pattern: capture.pattern.as_str().to_owned(),
            all: capture.all,
        };
        Ok(Reading { command, captures: probe.capture.iter().map(wanted).collect() })
    };
    std::iter::once(&condition.check).chain(&condition.save).filter(concerned).map(reading).collect()
}

/// An exit code that the script does not expect is a failure.
pub(super) fn expect_code(command: &Command, outcome: &Outcome) -> Result<(), Failure> {
    let code = outcome.code;
    if command.codes.contains(&code) {
        return Ok(());
    }
    let codes: Vec<String> = command.codes.iter().map(ToString::to_string).collect();
    let mut message = format!("`{}` ended with code {code}, not {}", command.text, codes.join(" or "));
    let said: Vec<&str> = outcome.output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if !said.is_empty() {
        message.push_str(", and said: ");
        message.extend(said.join(" / ").chars().take(LONGEST_SAYING));
    }
    Err(Failure::new("exit-code", message))
}

pub(super) fn not_verified(proof: &Seen) -> Failure {
    let condition = proof.condition().unwrap_or_default();
    Failure::new("not-verified", format!("the change was made, but `{condition}` is still not true"))
}
