//! The steps of a script in order: `when`, loops, used scripts, restarts, and what goes on after a failure.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::event::{EventKind, Failure, LeftOpen, RunMode, StepPath, StepStatus};
use super::failure::Stop;
use super::frame::{Frame, Record, names_of_body};
use super::operator::Operator;
use super::run::Run;
use crate::script::model::{Argument, Body, Expr, Mode, Risk, Scope, Script, Step, Template, Value};

/// Longest text of an item in the path of a step.
const LONGEST_ITEM: usize = 40;

/// Where a step is, and how its commands are typed.
#[derive(Debug, Clone)]
pub(super) struct At<'s> {
    pub(super) path: StepPath,
    pub(super) step: &'s Step,
    pub(super) mode: Mode,
    pub(super) timeout: Duration,
}

/// How a step ended, and what it left.
pub(super) struct Done {
    pub(super) status: StepStatus,
    pub(super) note: Option<String>,
    pub(super) record: Record,
}

impl Done {
    pub(super) fn new(status: StepStatus, record: Record) -> Self {
        Self { status, note: None, record: Record { ran: true, ..record } }
    }

    pub(super) fn not_run(status: StepStatus, note: impl Into<String>, record: Record) -> Self {
        Self { status, note: Some(note.into()), record }
    }
}

impl<O: Operator> Run<'_, O> {
    /// All steps of a script. What they left all together is the record of the step that uses it.
    pub(super) fn steps<'a>(
        &'a mut self,
        script: &'a Arc<Script>,
        frame: &'a mut Frame,
    ) -> Pin<Box<dyn Future<Output = Result<Record, Stop>> + Send + 'a>> {
        Box::pin(async move {
            let mut all = Record::default();
            for step in &script.steps {
                let record = self.step(step, frame).await?;
                all.and(record.clone());
                frame.record(&step.id, record);
            }
            Ok(all)
        })
    }

    /// A step, once or for each item.
    async fn step(&mut self, step: &Step, frame: &Frame) -> Result<Record, Stop> {
        let path = format!("{}{}", frame.prefix, step.id);
        let scope = frame.scope();
        let Some(each) = &step.for_each else {
            return self.once(step, StepPath(path), frame, scope).await;
        };
        if let Some(record) = self.recall(&StepPath(path.clone()))? {
            return Ok(record);
        }
        let names = each.over.names();
        if frame.needs_more_than_prediction(&names) {
            let done = depends(step, &frame.open_among(&names));
            return self.not_run(step, &StepPath(path), &scope, done);
        }
        let items = match items(&each.over, &scope) {
            Ok(items) => items,
            Err(failure) => {
                self.started(step, &StepPath(path.clone()), &scope)?;
                return self.failed(&StepPath(path), failure);
            }
        };
        if items.is_empty() {
            let done = Done::not_run(StepStatus::Skipped, "there is nothing in the list", Record::default());
            return self.not_run(step, &StepPath(path), &scope, done);
        }
        let mut records = Vec::new();
        let mut used = BTreeSet::new();
        for item in items {
            let mut scope = scope.clone();
            scope.insert(each.variable.clone(), item.clone());
            let name = unique(&path, &item, &mut used);
            records.push(self.once(step, StepPath(name), frame, scope).await?);
        }
        Ok(Record::all_of(&records))
    }

    /// A step for one item, or without any.
    async fn once(
        &mut self,
        step: &Step,
        path: StepPath,
        frame: &Frame,
        scope: Scope,
    ) -> Result<Record, Stop> {
        if let Some(record) = self.recall(&path)? {
            return Ok(record);
        }
        self.gate()?;
        self.started(step, &path, &scope)?;
        let at = At { path, step, mode: step.mode, timeout: step.timeout.unwrap_or(self.order.timeout) };
        let outcome = match whether(step, frame, &scope) {
            Ok(Some(done)) => Ok(done),
            Ok(None) => self.body(&at, scope).await,
            Err(failure) => Err(Stop::Failed(failure)),
        };
        match outcome {
            Ok(done) => {
                self.finished(&at.path, done.status, done.note, &done.record)?;
                Ok(done.record)
            }
            Err(Stop::Failed(failure)) => self.failed(&at.path, failure),
            Err(Stop::Interrupted) => {
                self.finished(&at.path, StepStatus::Interrupted, None, &Record::default())?;
                Err(Stop::Interrupted)
            }
            Err(Stop::Journal(error)) => Err(Stop::Journal(error)),
        }
    }

    async fn body(&mut self, at: &At<'_>, scope: Scope) -> Result<Done, Stop> {
        match &at.step.body {
            Body::Look(probe) => self.look(at, probe, &scope).await,
            Body::Condition(condition) => self.condition(at, condition, scope).await,
            Body::Reboot { reason, budget } => self.reboot(at, reason, *budget, &scope).await,
            Body::Use { script, with } => {
                let mut frame = self.used(script, with, at, &scope)?;
                let record = self.steps(script, &mut frame).await?;
                let status = match record {
                    Record { open: Some(_), .. } | Record { holds: Some(false), .. } => StepStatus::NotHeld,
                    Record { changed: true, .. } => StepStatus::Changed,
                    _ => StepStatus::Held,
                };
                Ok(Done::new(status, record))
            }
        }
    }

    /// The frame of a used script: its own parameters, nothing of the caller.
    fn used(
        &self,
        script: &Script,
        with: &[(String, Argument)],
        at: &At<'_>,
        scope: &Scope,
    ) -> Result<Frame, Failure> {
        let mut base = Scope::new();
        for param in &script.params {
            let given = with.iter().find(|(name, _)| *name == param.name).map(|(_, argument)| argument);
            let value = match given {
                Some(Argument::Value(value)) => value.clone(),
                Some(Argument::Expr(expr)) => param.accept(expr.eval(scope)?).map_err(|reason| {
                    let message = format!("the parameter `{}` of {} {reason}", param.name, script.name);
                    Failure::new("parameter", message)
                })?,
                None => param.default.clone().unwrap_or_default(),
            };
            base.insert(param.name.clone(), value);
        }
        base.insert("facts".to_owned(), self.facts.clone());
        Ok(Frame::new(base, format!("{}/", at.path)))
    }

    async fn reboot(
        &mut self,
        at: &At<'_>,
        reason: &Template,
        budget: Duration,
        scope: &Scope,
    ) -> Result<Done, Stop> {
        let reason = reason.render_text(scope)?;
        let budget_ms = budget.as_millis() as u64;
        if self.order.mode == RunMode::Diagnose {
            let record =
                Record { ran: true, changed: true, open: Some(LeftOpen::WouldChange), ..Record::default() };
            return Ok(Done::not_run(
                StepStatus::Depends,
                format!("would restart the machine: {reason}"),
                record,
            ));
        }
        if self.memo.take_restart(&at.path) {
            return Ok(Done::new(StepStatus::Restarted, restarted()));
        }
        let up_s = self.uptime().await?;
        self.narrator.tell(EventKind::RebootIntended { step: at.path.clone(), reason, budget_ms, up_s })?;
        let began = self.narrator.elapsed_ms();
        let interrupt = self.interrupt.clone();
        let outcome = self
            .operate(|operator| async move {
                tokio::select! {
                    outcome = operator.reboot(budget) => outcome.map(Some),
                    () = interrupt.requested() => Ok(None),
                }
            })
            .await?;
        match outcome {
            Ok(Some(())) => {
                let elapsed_ms = self.narrator.elapsed_ms() - began;
                self.session_again()?;
                self.narrator.tell(EventKind::RebootFinished { step: at.path.clone(), elapsed_ms })?;
                Ok(Done::new(StepStatus::Restarted, restarted()))
            }
            Ok(None) => {
                self.abandoned("the machine was restarting when the run was stopped");
                Err(Stop::Interrupted)
            }
            Err(error) => {
                self.lost = Some(error.clone());
                Err(Stop::Failed(error.into()))
            }
        }
    }

    fn started(&mut self, step: &Step, path: &StepPath, scope: &Scope) -> Result<(), Stop> {
        let title = step.title.render_text(scope).unwrap_or_else(|_| step.title.preview(scope));
        self.operator.mark(&format!("step {path}"));
        let event = EventKind::StepStarted { step: path.clone(), title, risk: step.risk, line: step.line };
        Ok(self.narrator.tell(event)?)
    }

    fn finished(
        &mut self,
        path: &StepPath,
        status: StepStatus,
        note: Option<String>,
        record: &Record,
    ) -> Result<(), Stop> {
        let left = Some(record.left());
        Ok(self.narrator.tell(EventKind::StepFinished { step: path.clone(), status, note, left })?)
    }

    fn not_run(&mut self, step: &Step, path: &StepPath, scope: &Scope, done: Done) -> Result<Record, Stop> {
        self.started(step, path, scope)?;
        self.finished(path, done.status, done.note, &done.record)?;
        Ok(done.record)
    }

    /// A step failed: the end of a run that changes things; a run that only looks goes on, as long as it can.
    fn failed(&mut self, path: &StepPath, failure: Failure) -> Result<Record, Stop> {
        self.narrator.tell(EventKind::StepFailed { step: path.clone(), failure: failure.clone() })?;
        let record = Record { ran: true, open: Some(LeftOpen::Failed), ..Record::default() };
        self.finished(path, StepStatus::Failed, None, &record)?;
        self.after_failure(failure, record)
    }

    /// What follows a failed step.
    pub(super) fn after_failure(&mut self, failure: Failure, record: Record) -> Result<Record, Stop> {
        if self.order.mode == RunMode::Run || self.lost.is_some() {
            return Err(Stop::Failed(failure));
        }
        self.failed.get_or_insert(failure);
        Ok(record)
    }
}

/// What a restart leaves for later steps.
fn restarted() -> Record {
    Record { changed: true, holds: Some(true), ..Record::default() }
}

/// Whether the step is to be done; how it ends when not.
fn whether(step: &Step, frame: &Frame, scope: &Scope) -> Result<Option<Done>, Failure> {
    let mut names = step.when.as_ref().map(Expr::names).unwrap_or_default();
    if frame.needs_more_than_prediction(&names) {
        return Ok(Some(depends(step, &frame.open_among(&names))));
    }
    if let Some(when) = &step.when
        && !when.eval_bool(scope)?
    {
        let note = format!("not needed: `{}` is false", when.source);
        return Ok(Some(Done::not_run(StepStatus::Skipped, note, Record::default())));
    }
    names.extend(names_of_body(step));
    let open = frame.open_among(&names);
    Ok((!open.is_empty()).then(|| depends(step, &open)))
}

/// A step that cannot be judged before others have made their change, or since they failed.
fn depends(step: &Step, open: &[String]) -> Done {
    let would_change = step.risk > Risk::Read;
    let record =
        Record { ran: true, changed: would_change, open: Some(LeftOpen::WouldChange), ..Record::default() };
    let note = format!("depends on {}, which this run does not do or could not judge", open.join(", "));
    Done::not_run(StepStatus::Depends, note, record)
}

fn items(over: &Expr, scope: &Scope) -> Result<Vec<Value>, Failure> {
    let value = over.eval(scope)?;
    let items = value.try_iter().map_err(|_| {
        Failure::new("expression", format!("`{}` is {}, not a list", over.source, value.kind()))
    })?;
    Ok(items.collect())
}

/// `id[item]`, for people; a second equal one is `id[item #2]`.
fn unique(path: &str, item: &Value, used: &mut BTreeSet<String>) -> String {
    let text: String =
        item.to_string().chars().map(|c| if c.is_control() { '·' } else { c }).take(LONGEST_ITEM).collect();
    let mut name = format!("{path}[{text}]");
    let mut number = 1;
    while !used.insert(name.clone()) {
        number += 1;
        name = format!("{path}[{text} #{number}]");
    }
    name
}
