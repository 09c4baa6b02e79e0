//! The steps of a script in order: `when`, loops, used scripts, restarts, and what goes on after a failure.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::deadline::Deadline;
use super::event::{
    EventKind, Evidence, Failure, Left, LeftOpen, Output, RunMode, StepPath, StepStatus, Values,
};
use super::failure::Stop;
use super::frame::{Frame, Record, names_of_body, names_of_step, names_of_title};
use super::operator::Operator;
use super::run::Run;
use crate::script::item::unique;
use crate::script::model::{
    Argument, Body, Expr, ForEach, Mode, OnFailure, Risk, Scope, Script, Severity, Step, Value,
};

/// Where a step is, and how its commands are typed.
#[derive(Debug, Clone)]
pub(super) struct At<'s> {
    pub(super) path: StepPath,
    pub(super) step: &'s Step,
    pub(super) mode: Mode,
    pub(super) timeout: Duration,
}

/// What a run had come to when a step began.
struct Tally {
    findings: usize,
    failed: bool,
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
            let depth = self.deadlines.len();
            self.deadlines.extend(script.within.map(|within| Deadline::of_script(script, within)));
            let outcome = self.sequence(&script.steps, frame).await;
            self.deadlines.truncate(depth);
            outcome
        })
    }

    /// Steps one after the other.
    pub(super) fn sequence<'a>(
        &'a mut self,
        steps: &'a [Step],
        frame: &'a mut Frame,
    ) -> Pin<Box<dyn Future<Output = Result<Record, Stop>> + Send + 'a>> {
        Box::pin(async move {
            let mut all = Record::default();
            for (index, step) in steps.iter().enumerate() {
                self.look_ahead(&steps[index..], frame);
                let record = self.step(step, frame).await?;
                all.and(record.clone());
                frame.record(&step.id, record);
            }
            Ok(all)
        })
    }

    /// A step, once or for each item.
    async fn step(&mut self, step: &Step, frame: &mut Frame) -> Result<Record, Stop> {
        let path = format!("{}{}", frame.prefix, step.id);
        let Some(each) = &step.for_each else {
            let scope = self.scope(frame);
            return self.once(step, StepPath(path), frame, scope).await;
        };
        if let Some(record) = self.recall(step, &StepPath(path.clone()))? {
            return Ok(record);
        }
        let names = each.over.names();
        self.learn(&names).await?;
        self.learn(&names_of_title(step)).await?;
        let scope = self.scope(frame);
        if frame.needs_more_than_prediction(&names) {
            let done = depends(step, &frame.open_among(&names));
            return self.not_run(step, &StepPath(path), &scope, done);
        }
        let items = match items(each, &scope) {
            Ok(items) => items,
            Err(failure) => {
                self.started(step, &StepPath(path.clone()), &scope)?;
                return self.failed(step, &StepPath(path), failure, &self.tally()).await;
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
        frame: &mut Frame,
        mut scope: Scope,
    ) -> Result<Record, Stop> {
        let before = self.tally();
        if let Some(record) = self.recall(step, &path)? {
            if step.for_each.is_none() {
                self.recall_inside(step, &path, frame);
            }
            return Ok(record);
        }
        self.gate()?;
        let at = At { path, step, mode: step.mode, timeout: step.timeout.unwrap_or(self.order.timeout) };
        let depth = self.deadlines.len();
        self.deadlines.extend(step.within.map(|within| Deadline::of_step(&at.path, within)));
        let entitled = self.learn(&names_of_title(step)).await;
        scope.insert("facts".to_owned(), self.known_facts());
        self.started(step, &at.path, &scope)?;
        let names = step.when.as_ref().map(Expr::names).unwrap_or_default();
        let known = match entitled {
            Ok(()) => self.learn(&names).await,
            Err(stop) => Err(stop),
        };
        let outcome = match known {
            Ok(()) => {
                scope.insert("facts".to_owned(), self.known_facts());
                match whether(step, frame, &scope) {
                    Ok(Some(done)) => Ok(done),
                    Ok(None) => match self.learn(&names_of_step(step)).await {
                        Ok(()) => {
                            scope.insert("facts".to_owned(), self.known_facts());
                            self.body(&at, scope, frame).await
                        }
                        Err(stop) => Err(stop),
                    },
                    Err(failure) => Err(Stop::Failed(failure)),
                }
            }
            Err(stop) => Err(stop),
        };
        self.deadlines.truncate(depth);
        match outcome {
            Ok(done) => {
                self.finished(&at.path, done.status, done.note, &done.record, &before)?;
                Ok(done.record)
            }
            Err(Stop::Failed(failure)) => self.failed(step, &at.path, failure, &before).await,
            Err(Stop::Left(failure)) => {
                self.finished(&at.path, StepStatus::Failed, None, &Record::default(), &before)?;
                Err(Stop::Left(failure))
            }
            Err(Stop::Interrupted) => {
                self.finished(&at.path, StepStatus::Interrupted, None, &Record::default(), &before)?;
                Err(Stop::Interrupted)
            }
            // As when the program died here: the step is under way.
            Err(Stop::Again) => Err(Stop::Again),
            Err(Stop::Journal(error)) => Err(Stop::Journal(error)),
        }
    }

    async fn body(&mut self, at: &At<'_>, scope: Scope, frame: &mut Frame) -> Result<Done, Stop> {
        match &at.step.body {
            Body::Dialogue(talk) => self.dialogue(at, talk, scope).await,
            Body::Upload(upload) => self.upload(at, upload, scope).await,
            Body::Wait(wait) => self.wait(at, wait, &scope).await,
            Body::Ask(ask) => self.ask(at, ask, &scope).await,
            Body::Finding => self.finding(at, &scope),
            Body::Block(block) => self.block(at, block, scope, frame).await,
            Body::Look(probe) => self.look(at, probe, &scope).await,
            Body::Condition(condition) => self.condition(at, condition, scope).await,
            Body::Reboot { by, reason, budget } => self.reboot(at, *by, reason, *budget, &scope).await,
            Body::Use { script, with } => {
                let mut frame = used(script, with, &at.path, &scope)?;
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

    fn started(&mut self, step: &Step, path: &StepPath, scope: &Scope) -> Result<(), Stop> {
        let scope = &*self.harmless(scope);
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
        before: &Tally,
    ) -> Result<(), Stop> {
        let failed_at = self.failed.as_ref().filter(|_| !before.failed).map(|(path, _)| path.clone());
        let findings = self.open_findings.saturating_sub(before.findings);
        let left = Some(Left { findings, failed_at, ..record.left() });
        Ok(self.narrator.tell(EventKind::StepFinished { step: path.clone(), status, note, left })?)
    }

    fn not_run(&mut self, step: &Step, path: &StepPath, scope: &Scope, done: Done) -> Result<Record, Stop> {
        self.started(step, path, scope)?;
        self.finished(path, done.status, done.note, &done.record, &self.tally())?;
        Ok(done.record)
    }

    /// What the run would come to, were it over.
    fn tally(&self) -> Tally {
        Tally { findings: self.open_findings, failed: self.failed.is_some() }
    }

    /// A step failed: the end of a run that changes things, unless the script says otherwise; a run that only looks
    /// goes on, as long as it can.
    async fn failed(
        &mut self,
        step: &Step,
        path: &StepPath,
        failure: Failure,
        before: &Tally,
    ) -> Result<Record, Stop> {
        self.narrator.tell(EventKind::StepFailed { step: path.clone(), failure: failure.clone() })?;
        self.failed_step = Some(path.clone());
        if step.on_failure == OnFailure::Continue && self.lost.is_none() && self.may_change() {
            self.take_back_of(path).await?;
        }
        if step.on_failure == OnFailure::Continue
            && self.lost.is_none()
            && self.found_at.as_ref() != Some(path)
        {
            self.found_failure(path, &failure)?;
        }
        let open = (self.order.mode == RunMode::Diagnose).then_some(LeftOpen::Failed);
        let record = Record { ran: true, failed: true, holds: Some(false), open, ..Record::default() };
        self.finished(path, StepStatus::Failed, None, &record, before)?;
        self.after_failure(step, path, failure, record)
    }

    /// The failure of a step behind which the run goes on is a finding.
    fn found_failure(&mut self, path: &StepPath, failure: &Failure) -> Result<(), Stop> {
        let evidence = Evidence {
            command: String::new(),
            code: 0,
            output: Output::of(""),
            values: Values::new(),
            condition: None,
        };
        Ok(self.narrator.tell(EventKind::Found {
            step: path.clone(),
            severity: Severity::Error,
            text: format!("a step failed, and the run went on: {}", failure.message),
            remedy: failure.help.clone(),
            evidence,
        })?)
    }

    /// Whether steps behind this one are done when it fails, and the machine still answers.
    pub(super) fn goes_on_after(&self, step: &Step) -> bool {
        step.on_failure == OnFailure::Continue || self.order.mode == RunMode::Diagnose && self.rescuable == 0
    }

    /// What follows a failed step.
    pub(super) fn after_failure(
        &mut self,
        step: &Step,
        path: &StepPath,
        failure: Failure,
        record: Record,
    ) -> Result<Record, Stop> {
        if step.on_failure == OnFailure::Continue && self.lost.is_none() {
            self.open_findings += 1;
            return Ok(record);
        }
        if self.order.mode == RunMode::Run || self.lost.is_some() || self.rescuable > 0 {
            return Err(match step.on_failure {
                OnFailure::Stop => Stop::Left(failure),
                OnFailure::Undo | OnFailure::Continue => Stop::Failed(failure),
            });
        }
        self.failed.get_or_insert((path.clone(), failure));
        Ok(record)
    }
}

/// The frame of a used script: its own parameters, nothing of the caller.
pub(super) fn used(
    script: &Script,
    with: &[(String, Argument)],
    at: &StepPath,
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
    Ok(Frame::new(base, format!("{at}/")))
}

/// What a restart leaves for later steps.
pub(super) fn restarted() -> Record {
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

pub(super) fn items(each: &ForEach, scope: &Scope) -> Result<Vec<Value>, Failure> {
    let over = &each.over;
    let value = over.eval(scope)?;
    let items = value.try_iter().map_err(|_| {
        Failure::new("expression", format!("`{}` is {}, not a list", over.source, value.kind()))
    })?;
    let items: Vec<Value> = items.collect();
    if items.len() > each.max {
        let message = format!("`{}` has {} items, more than {}", over.source, items.len(), each.max);
        return Err(Failure::new("too-many-items", message).help("narrow the list, or raise `max_items`"));
    }
    Ok(items)
}
