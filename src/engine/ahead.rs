//! Checks that are sent before their turn: what steps will read goes out together, as long as nothing comes between that
//! could change what it says. Each step takes up its own answer when its turn comes.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::event::{Command, EventKind, RunMode, StepPath};
use super::facts;
use super::frame::{Frame, names_of_step, names_of_title};
use super::journal::JournalError;
use super::operator::{Operator, OperatorError, Outcome};
use super::run::Run;
use super::step::{items, used};
use crate::script::model::{Body, Expr, Mode, Probe, Risk, Scope, Step, Template};

/// How long ago a line may have been sent when a step takes up its answer. Commands of other steps may have run for
/// minutes in between.
const FRESH: Duration = Duration::from_mins(1);

/// Where a change is allowed less, its check is quick: a service that starts, a policy that is applied take that long.
/// Beyond, disks and images are looked through, which writes logs as well.
const LONGEST_CHANGE: Duration = Duration::from_mins(5);

/// What was sent ahead, and what could be.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Commands that coming steps will send, unless something comes between.
    coming: VecDeque<Command>,
    /// What was answered and not taken up yet, in the shell of this number.
    answered: Vec<Answer>,
    shells: u32,
    /// Together they went wrong once: each goes alone from then on.
    alone: bool,
    /// How many were read since something was changed; none: nothing was.
    since_change: Option<usize>,
}

#[derive(Debug)]
struct Answer {
    text: String,
    outcome: Outcome,
    since: Instant,
}

impl Ahead {
    /// Something may change, or time passes: what was read is of before. What is to be read is known all the same.
    pub(super) fn forget(&mut self) {
        self.answered.clear();
    }

    /// Something is changed: where one thing is broken, the next may be, too, and what was read of it was read for nothing.
    pub(super) fn changed(&mut self) {
        self.forget();
        self.since_change = Some(0);
    }

    /// A look comes that is said to do more than read: it goes alone, and no answer of before stands behind it.
    pub(super) fn let_pass(&mut self) {
        self.changed();
        self.coming.clear();
    }

    /// How many may go together: behind a change as many as went well since, so that no more is read in vain than was read
    /// for good.
    fn most(&self) -> usize {
        self.since_change.map_or(usize::MAX, |read| read.max(1))
    }

    fn read(&mut self) {
        self.since_change = self.since_change.map(|read| read + 1);
    }

    fn knows(&self, command: &Command) -> bool {
        self.answered.iter().any(|answer| answer.text == command.text)
            || self.coming.iter().any(|coming| coming.text == command.text)
    }

    fn take(&mut self, command: &Command) -> Option<Outcome> {
        let at = self.answered.iter().position(|answer| answer.text == command.text)?;
        let answer = self.answered.remove(at);
        (answer.since.elapsed() < FRESH).then_some(answer.outcome)
    }

    /// This command, and those that are to come. One that comes again is sent again: an answer is for one step alone.
    fn batch(&mut self, command: &Command) -> Vec<Command> {
        let Some(at) = self.coming.iter().position(|coming| coming.text == command.text) else {
            return Vec::new();
        };
        self.coming.remove(at);
        std::iter::once(command).chain(&self.coming).cloned().collect()
    }

    /// These come next; what else was to come follows, each as often as before.
    fn expect(&mut self, next: Vec<Command>) {
        let mut here: Vec<&str> = self.answered.iter().map(|answer| answer.text.as_str()).collect();
        let mut next = next;
        next.retain(|command| !removed(&mut here, &command.text));
        let mut sooner: Vec<&str> = next.iter().map(|command| command.text.as_str()).collect();
        let mut coming = std::mem::take(&mut self.coming);
        coming.retain(|command| !removed(&mut sooner, &command.text));
        self.coming = next.into_iter().chain(coming).collect();
    }
}

impl<O: Operator> Run<'_, O> {
    /// Looks what these steps, of which the first comes now, will read.
    pub(super) fn look_ahead(&mut self, steps: &[Step], frame: &Frame) {
        // What was read before the run was taken up again is in the journal: nobody knows which steps ask anew.
        if self.ahead.alone || !self.memo.is_empty() {
            return;
        }
        let mut first = Vec::new();
        self.readings(&steps[..1.min(steps.len())], frame, &mut first);
        if first.iter().all(|command| self.ahead.knows(command)) {
            return;
        }
        let mut coming = Vec::new();
        self.readings(steps, frame, &mut coming);
        self.ahead.expect(coming);
    }

    /// The answer to a command that reads, when it is here or comes by sending it together with others. None: it is to
    /// be sent alone.
    ///
    /// # Errors
    /// [`JournalError`]
    pub(super) async fn read_ahead(
        &mut self,
        command: &Command,
    ) -> Result<Option<Result<Outcome, OperatorError>>, JournalError> {
        if command.mode != Mode::Cmd {
            return Ok(None);
        }
        // A line that is made anew may come with a new login, behind a start of the machine.
        if self.ahead.shells != self.operator.shells() {
            self.ahead.forget();
        }
        let most = self.ahead.most();
        self.ahead.read();
        if let Some(outcome) = self.ahead.take(command) {
            return Ok(Some(Ok(outcome)));
        }
        let batch = self.ahead.batch(command);
        if batch.len() < 2 || self.ahead.alone {
            return Ok(None);
        }
        let texts: Vec<&str> = batch.iter().map(|command| command.text.as_str()).collect();
        let count = self.operator.fitting(&texts).min(most);
        if count < 2 {
            return Ok(None);
        }
        let (batch, texts) = (&batch[..count], &texts[..count]);
        let longest = batch.iter().map(|command| command.timeout_ms).max().unwrap_or_default();
        let Ok(timeout) = self.allowed(Duration::from_millis(longest)) else { return Ok(None) };
        self.narrator.tell(EventKind::ReadTogether {
            commands: texts.iter().map(|&text| text.to_owned()).collect(),
            timeout_ms: timeout.as_millis() as u64,
        })?;
        let since = Instant::now();
        let outcomes = self.read_together(texts, timeout).await;
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(error) if error.kind.ends_session() => return Ok(Some(Err(error))),
            Err(_) => Vec::new(),
        };
        let mut outcomes = outcomes.into_iter();
        let Some(first) = outcomes.next() else {
            self.ahead.alone = true;
            return Ok(None);
        };
        self.ahead.coming.drain(..count - 1);
        let shells = self.operator.shells();
        if self.ahead.shells != shells {
            self.ahead.forget();
            self.ahead.shells = shells;
        }
        let answers = batch[1..].iter().zip(outcomes);
        let answer =
            |(command, outcome): (&Command, Outcome)| Answer { text: command.text.clone(), outcome, since };
        self.ahead.answered.extend(answers.map(answer));
        Ok(Some(Ok(first)))
    }

    /// What the steps will read, as far as that is known before their turn. Whether what comes behind them can be
    /// looked at as well.
    fn readings(&self, steps: &[Step], frame: &Frame, found: &mut Vec<Command>) -> bool {
        let scope = self.scope(frame);
        for step in steps {
            let Some(each) = &step.for_each else {
                if !self.readings_of(step, frame, &scope, found) {
                    return false;
                }
                continue;
            };
            let over = each.over.names();
            self.facts_among(&over, found);
            if !self.is_known(&over, frame) {
                continue;
            }
            for item in items(each, &scope).unwrap_or_default() {
                let mut scope = scope.clone();
                scope.insert(each.variable.clone(), item);
                if !self.readings_of(step, frame, &scope, found) {
                    return false;
                }
            }
        }
        true
    }

    /// The same of one step, or of one round of it.
    fn readings_of(&self, step: &Step, frame: &Frame, scope: &Scope, found: &mut Vec<Command>) -> bool {
        self.facts_among(&names_of_title(step), found);
        let when = step.when.as_ref().map(Expr::names).unwrap_or_default();
        self.facts_among(&when, found);
        if !self.is_known(&when, frame) {
            return true;
        }
        if step.when.as_ref().is_some_and(|when| !when.eval_bool(scope).unwrap_or_default()) {
            return true;
        }
        let path = || StepPath(format!("{}{}", frame.prefix, step.id));
        match &step.body {
            // A look that is said to do more than read keeps its turn, and what comes behind it waits for that; a diagnosis
            // does not send it.
            Body::Look(_) if step.risk > Risk::Read => return self.order.mode == RunMode::Diagnose,
            // What is known to take long would keep the others waiting.
            Body::Look(_) if step.timeout.is_some_and(|timeout| timeout > self.order.timeout) => {}
            Body::Condition(_) if step.timeout.is_some_and(|timeout| timeout > LONGEST_CHANGE) => {}
            Body::Look(probe) => self.reading(step, probe, frame, scope, found),
            Body::Condition(condition) => self.reading(step, &condition.check, frame, scope, found),
            Body::Finding => {}
            Body::Use { script, with } => {
                let names = names_of_step(step);
                self.facts_among(&names, found);
                if self.is_known(&names, frame)
                    && let Ok(inner) = used(script, with, &path(), scope)
                {
                    return self.readings(&script.steps, &inner, found);
                }
            }
            Body::Block(block) => {
                return self.readings(&block.steps, &frame.inside(&path(), scope.clone()), found);
            }
            Body::Dialogue(_) | Body::Upload(_) | Body::Reboot { .. } => {
                return self.order.mode == RunMode::Diagnose;
            }
            Body::Wait(_) | Body::Ask(_) => return false,
        }
        true
    }

    /// What one probe will read.
    fn reading(&self, step: &Step, probe: &Probe, frame: &Frame, scope: &Scope, found: &mut Vec<Command>) {
        self.facts_among(&names_of_step(step), found);
        let names: BTreeSet<String> = probe.run.inserts().flat_map(Expr::names).collect();
        if step.mode != Mode::Cmd || !self.is_known(&names, frame) {
            return;
        }
        if let Ok(text) = Template::render(&probe.run, scope, step.mode) {
            found.push(reads(text, step.timeout.unwrap_or(self.order.timeout).min(self.order.timeout)));
        }
    }

    /// The commands that read those facts among the names that are not known yet.
    fn facts_among(&self, names: &BTreeSet<String>, found: &mut Vec<Command>) {
        for text in facts::sources(names, &self.learnt) {
            if found.iter().all(|command| command.text != text) {
                found.push(reads(text.to_owned(), facts::TIMEOUT));
            }
        }
    }

    /// Whether all of this can be said now: facts that were read, steps that had their turn and left no more than they
    /// did.
    fn is_known(&self, names: &BTreeSet<String>, frame: &Frame) -> bool {
        facts::sources(names, &self.learnt).next().is_none()
            && frame.has_all(names)
            && !frame.needs_more_than_prediction(names)
    }
}

/// Whether the text was among these, of which one is taken away.
fn removed(texts: &mut Vec<&str>, text: &str) -> bool {
    let at = texts.iter().position(|other| *other == text);
    at.map(|at| texts.remove(at)).is_some()
}

fn reads(text: String, timeout: Duration) -> Command {
    Command { mode: Mode::Cmd, text, codes: Vec::new(), timeout_ms: timeout.as_millis() as u64 }
}
