//! Commands that read: run, take values from the output, judge.

use std::time::Duration;

use super::event::{Command, EventKind, Evidence, Failure, LeftOpen, Output, Purpose, StepPath};
use super::failure::Stop;
use super::frame::{Record, values};
use super::operator::{Operator, OperatorError, Outcome, Trouble};
use super::reopened::Tries;
use super::run::Run;
use super::step::{At, Done};
use crate::engine::event::{RunMode, StepStatus};
use crate::script::model::{Capture, Mode, Probe, Retry, Risk, Scope, Severity, Template, Value};

/// What a probe read.
pub(super) struct Seen {
    pub(super) code: i32,
    pub(super) captures: Scope,
    /// `None`: there is nothing to judge.
    pub(super) holds: Option<bool>,
    command: String,
    output: Output,
    /// What `holds`, and the texts of the finding, see.
    scope: Scope,
    condition: Option<String>,
}

impl<O: Operator> Run<'_, O> {
    /// A step that looks.
    pub(super) async fn look(&mut self, at: &At<'_>, probe: &Probe, scope: &Scope) -> Result<Done, Stop> {
        if let Some(done) = self.beyond_reading(at.step.risk) {
            return Ok(done);
        }
        let seen = self.probe(at, probe, Purpose::Look, scope, probe.retry).await?;
        let record = seen.record();
        if seen.holds != Some(false) {
            let status = if seen.holds.is_some() { StepStatus::Held } else { StepStatus::Looked };
            return Ok(Done::new(status, record));
        }
        let severity = self.found(at, &seen)?;
        if severity > Severity::Info {
            self.open_findings += 1;
        }
        Ok(Done::new(StepStatus::NotHeld, record))
    }

    /// How a step that reads ends where nothing may be done but reading, and its script says that it does more.
    pub(super) fn beyond_reading(&self, risk: Risk) -> Option<Done> {
        let note = match risk {
            Risk::Change => "would run a command that may change the machine",
            Risk::Reboot => "would run a command that may restart the machine",
            Risk::Read => return None,
        };
        let record =
            Record { ran: true, changed: true, open: Some(LeftOpen::WouldChange), ..Record::default() };
        (!self.may_change()).then(|| Done::not_run(StepStatus::Depends, note, record))
    }

    /// Runs a probe, again and again while it does not hold and `retry` allows.
    pub(super) async fn probe(
        &mut self,
        at: &At<'_>,
        probe: &Probe,
        purpose: Purpose,
        scope: &Scope,
        retry: Option<Retry>,
    ) -> Result<Seen, Stop> {
        let command = Command {
            mode: at.mode,
            text: probe.run.render(scope, at.mode)?,
            codes: Vec::new(),
            timeout_ms: at.timeout.as_millis() as u64,
        };
        let tries = retry.map_or(1, |retry| retry.times.max(1));
        let mut attempt = 1;
        loop {
            let outcome = match self.send(at, purpose, &command, attempt, &probe.capture).await? {
                Ok(outcome) => outcome,
                Err(error) => return Err(Stop::Failed(error.into())),
            };
            let captures = captures(&probe.capture, &outcome.output);
            let mut scope = scope.clone();
            scope.extend(captures.clone());
            scope.insert("rc".to_owned(), outcome.code.into());
            scope.insert("output".to_owned(), outcome.output.as_str().into());
            let judged = probe.holds.as_ref().map(|holds| holds.eval_bool(&scope)).transpose();
            if attempt < tries && !matches!(judged, Ok(None | Some(true))) {
                let every = retry.map_or(Duration::ZERO, |retry| retry.every);
                self.pause(&format!("try {} of {tries}", attempt + 1), every, purpose).await?;
                attempt += 1;
                continue;
            }
            let holds = judged?;
            if let Some(holds) = holds {
                self.narrator.tell(EventKind::Judged { step: at.path.clone(), purpose, holds })?;
            }
            return Ok(Seen {
                code: outcome.code,
                captures,
                holds,
                command: command.text,
                output: Output::of(&self.narrator.mask(&outcome.output)),
                scope,
                condition: probe.holds.as_ref().map(|holds| holds.source.clone()),
            });
        }
    }

    /// Sends one command and tells how it ended. An error of the operator is told here too.
    pub(super) async fn send(
        &mut self,
        at: &At<'_>,
        purpose: Purpose,
        command: &Command,
        attempt: u32,
        wanted: &[Capture],
    ) -> Result<Result<Outcome, OperatorError>, Stop> {
        // A look that is said to be more than one is sent once, and alone.
        let more = purpose == Purpose::Look && at.step.risk > Risk::Read;
        if more {
            self.ahead.let_pass();
        }
        let reads = !(purpose.changes() || more);
        let mut tries = Tries::first();
        loop {
            let outcome = self.send_for(&at.path, purpose, command, attempt, wanted).await?;
            let Err(error) = &outcome else { return Ok(outcome) };
            if !reads || !self.calls_again(error, &mut tries).await? {
                return Ok(outcome);
            }
        }
    }

    /// The same, for a step that is known by its path alone.
    pub(super) async fn send_for(
        &mut self,
        path: &StepPath,
        purpose: Purpose,
        command: &Command,
        attempt: u32,
        wanted: &[Capture],
    ) -> Result<Result<Outcome, OperatorError>, Stop> {
        let step = || path.clone();
        if let Some(lost) = &self.lost {
            let message = format!("not sent, since the machine could no longer be reached: {lost}");
            return Ok(Err(OperatorError { kind: Trouble::Unreachable, message, ..lost.clone() }));
        }
        // What has begun is taken back however late it is.
        let allowed = match purpose {
            Purpose::Undo | Purpose::Restored => Duration::from_millis(command.timeout_ms),
            _ => self.allowed(Duration::from_millis(command.timeout_ms))?,
        };
        let command = &Command { timeout_ms: allowed.as_millis() as u64, ..command.clone() };
        let receipt = self.narrator.next_receipt();
        self.narrator.tell(EventKind::CommandStarted {
            step: step(),
            purpose,
            command: command.clone(),
            attempt,
            // SAC keeps none.
            without_receipt: command.mode == Mode::Sac,
        })?;
        let outcome = self.type_command(purpose, command, receipt).await?;
        match &outcome {
            Ok(done) => {
                let found = values(&captures(wanted, &done.output));
                if !found.is_empty() {
                    let names: Vec<&str> = found.keys().map(String::as_str).collect();
                    self.operator.mark(&format!("match {} in {}", names.join(", "), step()));
                }
                self.narrator.tell(EventKind::CommandFinished {
                    step: step(),
                    purpose,
                    code: done.code,
                    output: Output::of(&self.narrator.mask(&done.output)),
                    values: found,
                    elapsed_ms: done.elapsed.as_millis() as u64,
                })?;
            }
            Err(error) => {
                if error.kind.ends_session() {
                    self.lost = Some(error.clone());
                }
                let failure = Failure::from(error.clone());
                self.narrator.tell(EventKind::CommandFailed { step: step(), purpose, failure })?;
            }
        }
        if outcome.is_ok() && !matches!(purpose, Purpose::Undo | Purpose::Restored) {
            self.same_machine(Some(path)).await?;
        }
        Ok(outcome)
    }

    /// Tells what is wrong, and returns how bad it is. Without a word of the script about it, its title is what
    /// does not hold.
    pub(super) fn found(&mut self, at: &At<'_>, seen: &Seen) -> Result<Severity, Stop> {
        let evidence = Evidence {
            command: seen.command.clone(),
            code: seen.code,
            output: seen.output.clone(),
            values: values(&seen.captures),
            condition: seen.condition.clone(),
        };
        self.reported(at, &seen.scope, evidence)
    }

    /// Tells what is wrong, with what that rests on.
    pub(super) fn reported(
        &mut self,
        at: &At<'_>,
        scope: &Scope,
        evidence: Evidence,
    ) -> Result<Severity, Stop> {
        let scope = &*self.harmless(scope);
        let text = |text: &Template| text.render_text(scope).unwrap_or_else(|_| text.preview(scope));
        let (severity, message, remedy) = match &at.step.finding {
            Some(finding) => (finding.severity, text(&finding.text), finding.remedy.as_ref().map(text)),
            None => (Severity::Error, format!("not so: {}", text(&at.step.title)), None),
        };
        let step = at.path.clone();
        // A remark does not count, whatever becomes of its step.
        if severity > Severity::Info {
            self.found_at = Some(step.clone());
        }
        self.narrator.tell(EventKind::Found { step, severity, text: message, remedy, evidence })?;
        Ok(severity)
    }

    /// Waits between two tries. The user's wish to stop ends it, but a change that has begun is proven all the same.
    ///
    /// # Errors
    /// [`Stop::Interrupted`]
    pub(super) async fn pause(&mut self, what: &str, span: Duration, purpose: Purpose) -> Result<(), Stop> {
        let budget_ms = Some(self.allowed(span)?.as_millis() as u64);
        self.narrator.tell(EventKind::Waiting { what: what.to_owned(), budget_ms })?;
        self.rest(span, purpose).await
    }

    /// The same, and tells nothing.
    pub(super) async fn rest(&mut self, span: Duration, purpose: Purpose) -> Result<(), Stop> {
        let heeds = purpose != Purpose::Verify && self.shielded == 0;
        let span = self.allowed(span)?;
        self.ahead.forget();
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.interrupt.requested(), if heeds => return Err(Stop::Interrupted),
        }
        Ok(())
    }

    /// The line is not in a state that could be used again.
    pub(super) fn abandoned(&mut self, why: &str) {
        self.lost = Some(OperatorError {
            kind: Trouble::LineLost,
            code: Trouble::LineLost.code(),
            message: why.to_owned(),
            help: None,
            screen: self.operator.screen(),
        });
    }

    /// Whether a run of this kind may change anything.
    pub(super) fn may_change(&self) -> bool {
        self.order.mode == RunMode::Run
    }
}

impl Seen {
    /// What later steps see of it.
    pub(super) fn record(&self) -> Record {
        Record {
            holds: self.holds,
            rc: Some(self.code),
            captures: self.captures.clone(),
            ..Record::default()
        }
    }

    /// The command that read it.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// What was to be true.
    pub(super) fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// What later steps would see once the condition was established, in a run that may not do that.
    pub(super) fn would_change(&self) -> Record {
        Record { changed: true, holds: Some(true), open: Some(LeftOpen::WouldChange), ..self.record() }
    }
}

/// What the patterns find in an output. A pattern that finds nothing leaves its name undefined.
pub(super) fn captures(wanted: &[Capture], output: &str) -> Scope {
    let text = |found: &regex::Captures<'_>| {
        found.get(1).or_else(|| found.get(0)).map(|group| group.as_str().to_owned()).unwrap_or_default()
    };
    let mut captures = Scope::new();
    for capture in wanted {
        let value = if capture.all {
            Some(capture.pattern.captures_iter(output).map(|found| text(&found)).collect::<Value>())
        } else {
            capture.pattern.captures(output).map(|found| Value::from(text(&found)))
        };
        captures.extend(value.map(|value| (capture.name.clone(), value)));
    }
    captures
}
