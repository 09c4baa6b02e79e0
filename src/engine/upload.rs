//! Files for the machine: a condition like any other, but for the way its change is made.

use super::event::{Command, EventKind, Failure, Output, Purpose, StepStatus, Values};
use super::failure::Stop;
use super::frame::{Record, scope as scope_of, values};
use super::operator::Operator;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Scope, Upload, Value};

impl<O: Operator> Run<'_, O> {
    /// A step that puts a file on the machine.
    pub(super) async fn upload(&mut self, at: &At<'_>, upload: &Upload, scope: Scope) -> Result<Done, Stop> {
        let path = upload.to.render_quoted(&scope)?;
        let condition = &upload.condition;
        let named = |record: Record| {
            let captures = Scope::from([("path".to_owned(), Value::from(path.clone()))]);
            Record { captures, ..record }
        };
        // Begun before the run was taken up again: what was there before was saved then.
        let made = self.begun(&at.path);
        let seen = self.probe(at, &condition.check, Purpose::Check, &scope, None).await?;
        if seen.holds == Some(true) {
            if let Some(made) = made {
                let done = self.proven(at, scope_of(&made.before), &made.before, &seen)?;
                return Ok(Done { record: named(done.record), ..done });
            }
            return Ok(Done::new(StepStatus::Held, named(seen.record())));
        }
        if !self.may_change() {
            let record = Record { ran: true, ..named(seen.would_change()) };
            return Ok(Done::not_run(StepStatus::Depends, format!("would write {path}"), record));
        }
        self.gate()?;
        let (before, commands) = if let Some(made) = made {
            self.intend_again(&made, made.commands.clone())?;
            (scope_of(&made.before), made.commands)
        } else {
            let before = self.save(at, condition, &seen, &scope).await?;
            self.gate()?;
            let commands = self.intend(at, condition, &before, seen.code, &scope)?;
            (before, commands)
        };
        let Some(command) = commands.first() else {
            return Err(Failure::new("upload", "nothing to send").into());
        };
        let shells = self.operator.shells();
        self.write(at, upload, &path, command).await?;
        let mut proof = self.verify(at, condition, &scope, None).await?;
        if proof.holds != Some(true)
            && let Some(made) = self.lost_with_a_start(at, shells).await?
        {
            self.gate()?;
            self.intend_again(&made, made.commands.clone())?;
            self.write(at, upload, &path, command).await?;
            proof = self.verify(at, condition, &scope, None).await?;
        }
        if proof.holds != Some(true) {
            let message = format!("{path} was written, and its SHA-256 is another one");
            return Err(Failure::new("not-verified", message).into());
        }
        self.narrator.tell(EventKind::ChangeVerified {
            step: at.path.clone(),
            before: values(&seen.captures),
            after: values(&proof.captures),
        })?;
        let record = Record { changed: true, before, ..named(proof.record()) };
        Ok(Done::new(StepStatus::Changed, record))
    }

    /// Sends the file. Whether it is there when the machine went down meanwhile is left to the verification.
    async fn write(
        &mut self,
        at: &At<'_>,
        upload: &Upload,
        path: &str,
        command: &Command,
    ) -> Result<(), Stop> {
        let step = || at.path.clone();
        self.narrator.tell(EventKind::CommandStarted {
            step: step(),
            purpose: Purpose::Change,
            command: command.clone(),
            attempt: 1,
            without_receipt: true,
        })?;
        let began = self.narrator.elapsed_ms();
        let timeout = self.allowed(at.timeout.max(UPLOAD))?;
        let content = upload.content.clone();
        let target = path.to_owned();
        let outcome =
            self.operate(|operator| async move { operator.upload(&target, &content, timeout).await }).await?;
        if let Err(error) = outcome {
            if error.kind.ends_session() {
                self.lost = Some(error.clone());
            }
            let failure = Failure::from(error);
            self.narrator.tell(EventKind::CommandFailed {
                step: step(),
                purpose: Purpose::Change,
                failure: failure.clone(),
            })?;
            return if self.went_down(at)? { Ok(()) } else { Err(failure.into()) };
        }
        let elapsed_ms = self.narrator.elapsed_ms() - began;
        self.narrator.tell(EventKind::CommandFinished {
            step: step(),
            purpose: Purpose::Change,
            code: 0,
            output: Output::of(""),
            values: Values::new(),
            elapsed_ms,
        })?;
        self.same_machine(Some(&at.path)).await
    }
}

/// A file is typed line by line; the largest takes this long on a slow line.
const UPLOAD: std::time::Duration = std::time::Duration::from_mins(30);
