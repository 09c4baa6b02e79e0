//! Programs that ask, and what they are answered.

use std::time::Duration;

use super::condition::expect_code;
use super::event::{Command, EventKind, Evidence, Failure, LeftOpen, Output, Purpose, StepStatus, Values};
use super::failure::Stop;
use super::frame::{Record, values};
use super::operator::{Operator, OperatorError, Outcome, Trouble};
use super::probe::captures;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Dialogue, Echo, Key, Reply, Scope, Surface, Talk};
use crate::secret::Secret;
use crate::shell::dialogue as line;

impl<O: Operator> Run<'_, O> {
    /// A step that talks.
    pub(super) async fn dialogue(&mut self, at: &At<'_>, talk: &Talk, scope: Scope) -> Result<Done, Stop> {
        if !self.may_change() {
            let record =
                Record { ran: true, changed: true, open: Some(LeftOpen::WouldChange), ..Record::default() };
            return Ok(Done::not_run(StepStatus::Depends, "would hold a dialogue", record));
        }
        self.gate()?;
        let condition = talk.as_condition();
        let (commands, done, mut last) = match self.begun(&at.path) {
            None => (self.intend(at, &condition, &Scope::new(), 0, &scope)?, 0, None),
            // Nothing can be looked at that tells how far a dialogue came, or whether what it did was lost.
            Some(made) if made.change.open || self.doubtful => return Err(may_be_done().into()),
            // Of a long answer the journal has only the beginning and the end, of one that was not read its code alone.
            Some(made) if made.answer_is_cut && made.change.ended > 0 && reads_output(talk) => {
                return Err(may_be_done().into());
            }
            Some(made) => {
                let done = made.change.ended;
                let command = made.commands.get(done.saturating_sub(1)).cloned();
                let last = command.zip(made.answer).map(|(command, (code, output))| {
                    (command, Outcome { code, output, elapsed: Duration::ZERO })
                });
                // It failed before that could be told.
                if let Some((command, outcome)) = &last {
                    expect_code(command, outcome)?;
                }
                (made.commands, done, last)
            }
        };
        for command in commands.iter().skip(done) {
            match self.answered(at, command, talk.action.answers.as_ref(), &scope).await? {
                Ok(outcome) => {
                    expect_code(command, &outcome)?;
                    last = Some((command.clone(), outcome));
                }
                Err(error) => {
                    return Err(Stop::Failed(error.into()));
                }
            }
        }
        let Some((command, outcome)) = last else {
            return Ok(Done::new(StepStatus::Looked, Record::default()));
        };
        let found = captures(&talk.capture, &outcome.output);
        let mut scope = scope;
        scope.extend(found.clone());
        scope.insert("rc".to_owned(), outcome.code.into());
        scope.insert("output".to_owned(), outcome.output.as_str().into());
        let holds = talk.holds.as_ref().map(|holds| holds.eval_bool(&scope)).transpose()?;
        let record = Record {
            changed: true,
            holds,
            rc: Some(outcome.code),
            captures: found.clone(),
            ..Record::default()
        };
        if holds == Some(false) {
            let evidence = Evidence {
                command: command.text,
                code: outcome.code,
                output: Output::of(&self.narrator.mask(&outcome.output)),
                values: values(&found),
                condition: talk.holds.as_ref().map(|holds| holds.source.clone()),
            };
            self.reported(at, &scope, evidence)?;
            self.open_findings += 1;
            return Ok(Done::new(StepStatus::NotHeld, record));
        }
        Ok(Done::new(StepStatus::Changed, record))
    }

    /// Sends a command whose questions are answered, and tells how it ended.
    pub(super) async fn answered(
        &mut self,
        at: &At<'_>,
        command: &Command,
        answers: Option<&Dialogue>,
        scope: &Scope,
    ) -> Result<Result<Outcome, OperatorError>, Stop> {
        let Some(answers) = answers else { return self.send(at, Purpose::Change, command, 1, &[]).await };
        let dialogue = rendered(answers, scope)?;
        if let Some(lost) = &self.lost {
            let message = format!("not sent, since the machine could no longer be reached: {lost}");
            return Ok(Err(OperatorError { kind: Trouble::Unreachable, message, ..lost.clone() }));
        }
        let timeout = self.allowed(std::time::Duration::from_millis(command.timeout_ms))?;
        let (step, purpose) = (at.path.clone(), Purpose::Change);
        let receipt = self.narrator.next_receipt();
        self.narrator.tell(EventKind::CommandStarted {
            step: step.clone(),
            purpose,
            command: command.clone(),
            attempt: 1,
            without_receipt: false,
        })?;
        let text = command.text.clone();
        let more = self.more_time(timeout);
        let outcome = self
            .operate(|operator| async move { operator.talk(&text, &dialogue, timeout, receipt).await })
            .await?
            .map_err(|error| error.allow(more));
        match &outcome {
            Ok(done) => self.narrator.tell(EventKind::CommandFinished {
                step,
                purpose,
                code: done.code,
                output: Output::of(&self.narrator.mask(&done.output)),
                values: Values::new(),
                elapsed_ms: done.elapsed.as_millis() as u64,
            })?,
            Err(error) => {
                if error.kind.ends_session() {
                    self.lost = Some(error.clone());
                }
                let failure = Failure::from(error.clone());
                self.narrator.tell(EventKind::CommandFailed { step, purpose, failure })?;
            }
        }
        if outcome.is_ok() {
            self.same_machine(Some(&at.path)).await?;
        }
        Ok(outcome)
    }
}

/// Whether anything is taken from what the programs showed.
fn reads_output(talk: &Talk) -> bool {
    let judged = talk.holds.as_ref().is_some_and(|holds| holds.names().contains("output"));
    judged || !talk.capture.is_empty()
}

fn may_be_done() -> Failure {
    let message =
        "the dialogue was begun before the run was taken up again, and nobody can tell how far it came";
    Failure::new("may-be-done", message).help(
        "it is not held a second time: look at the machine, then begin a new run, without this step when it was done",
    )
}

/// A dialogue with every value in its place: a line that would break out of it stops the step before anything is sent.
fn rendered(dialogue: &Dialogue, scope: &Scope) -> Result<line::Dialogue, Failure> {
    let mut answers = Vec::new();
    for answer in &dialogue.answers {
        let reply = match &answer.reply {
            Reply::Line { text, echo } => {
                let text = text.render_answer(scope)?;
                let echo = match echo {
                    Echo::Text => line::Echo::Text,
                    Echo::Stars => line::Echo::Stars,
                    Echo::None => line::Echo::None,
                };
                let text = Secret::new(text).map_err(|_| {
                    Failure::new("answer", "an answer is empty; a key alone is `key: \'enter\'`")
                })?;
                line::Reply::Line { text, echo }
            }
            Reply::Key(key) => line::Reply::Key(bytes(*key)),
            Reply::Fail(text) => line::Reply::Fail(text.render_text(scope)?),
        };
        answers.push(line::Answer {
            pattern: answer.seen.pattern.clone(),
            on_screen: answer.seen.on == Surface::Screen,
            reply,
            times: answer.times,
        });
    }
    Ok(line::Dialogue { answers, abort: bytes(dialogue.abort) })
}

fn bytes(key: Key) -> Vec<u8> {
    match key {
        Key::Char(c) => c.to_string().into_bytes(),
        Key::Enter => b"\r".to_vec(),
        Key::Escape => b"\x1b".to_vec(),
        Key::CtrlC => b"\x03".to_vec(),
        Key::CtrlZ => b"\x1a\r".to_vec(),
    }
}
