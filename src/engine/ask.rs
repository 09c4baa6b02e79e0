//! Questions to the person at the terminal, and findings that a script states by itself.

use super::event::{EventKind, Evidence, Failure, Output, StepStatus, Values};
use super::failure::Stop;
use super::frame::Record;
use super::operator::Operator;
use super::run::Run;
use super::step::{At, Done};
use crate::script::model::{Ask, Scope, Severity, Template, Value};

impl<O: Operator> Run<'_, O> {
    /// A step that asks.
    pub(super) async fn ask(&mut self, at: &At<'_>, ask: &Ask, scope: &Scope) -> Result<Done, Stop> {
        let question = ask.question.render_text(&self.harmless(scope))?;
        // Answered before the run was taken up again, and the program ended before the step did.
        let answer = match self.memo.take_answer(&at.path) {
            Some(answer) => answer,
            None => self.answer(at, ask, question).await?,
        };
        let captures = Scope::from([("answer".to_owned(), Value::from(answer))]);
        Ok(Done::new(StepStatus::Looked, Record { captures, ..Record::default() }))
    }

    /// What a person answers, or the script where nobody is there.
    async fn answer(&mut self, at: &At<'_>, ask: &Ask, question: String) -> Result<String, Stop> {
        let choices = ask.choices.clone();
        if self.operator.is_attended() {
            let (step, question, choices) = (at.path.clone(), question.clone(), choices.clone());
            self.narrator.tell(EventKind::Asking { step, question, choices })?;
        }
        let (asked, interrupt) = (question.clone(), self.interrupt.clone());
        let given = self
            .operate(|operator| async move {
                tokio::select! {
                    given = operator.ask(&asked, &choices) => given.map(Some),
                    () = interrupt.requested() => Ok(None),
                }
            })
            .await?;
        let given = match given {
            Ok(Some(given)) => given,
            Ok(None) => return Err(Stop::Interrupted),
            Err(error) => return Err(Stop::Failed(error.into())),
        };
        let attended = given.is_some();
        let Some(answer) = given.or_else(|| ask.unattended.clone()) else {
            let message = format!("nobody is there to answer: {question}");
            let help = "run it on a terminal without --yes, or give the step an `unattended` answer";
            return Err(Failure::new("unattended", message).help(help).into());
        };
        if !ask.choices.is_empty() && !ask.choices.contains(&answer) {
            let message = format!("`{answer}` is not one of {}", ask.choices.join(", "));
            return Err(Failure::new("answer", message).into());
        }
        let step = at.path.clone();
        self.narrator.tell(EventKind::Answered { step, question, answer: answer.clone(), attended })?;
        Ok(answer)
    }

    /// A step that only reports.
    pub(super) fn finding(&mut self, at: &At<'_>, scope: &Scope) -> Result<Done, Stop> {
        let Some(finding) = &at.step.finding else {
            return Ok(Done::new(StepStatus::Looked, Record::default()));
        };
        let scope = &*self.harmless(scope);
        let text = |text: &Template| text.render_text(scope).unwrap_or_else(|_| text.preview(scope));
        let evidence = Evidence {
            command: String::new(),
            code: 0,
            output: Output::of(""),
            values: Values::new(),
            condition: at.step.when.as_ref().map(|when| when.source.clone()),
        };
        self.narrator.tell(EventKind::Found {
            step: at.path.clone(),
            severity: finding.severity,
            text: text(&finding.text),
            remedy: finding.remedy.as_ref().map(text),
            evidence,
        })?;
        if finding.severity > Severity::Info {
            self.open_findings += 1;
        }
        Ok(Done::new(StepStatus::NotHeld, Record { holds: Some(false), ..Record::default() }))
    }
}
