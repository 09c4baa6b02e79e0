//! What the expressions of one script see while it runs: parameters, facts, and what its earlier steps left.

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Left, LeftOpen, StepPath, Values};
use crate::script::model::{
    Action, Argument, Body, Condition, Dialogue, Expr, Reply, Scope, Step, Template, Undo, Value,
};

/// The names of one running script. A used script has its own.
#[derive(Debug)]
pub(super) struct Frame {
    base: Scope,
    steps: BTreeMap<String, Record>,
    /// Path of the step that uses this script, with its `/`; empty for the outermost.
    pub(super) prefix: String,
}

/// What a step left for later ones: `steps.ID`.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    /// Not skipped.
    pub(super) ran: bool,
    /// Changed the machine, or would.
    pub(super) changed: bool,
    /// What it looked at is right.
    pub(super) holds: Option<bool>,
    /// Last exit code.
    pub(super) rc: Option<i32>,
    /// Captures from before the change.
    pub(super) before: Scope,
    /// Captures of the last probe.
    pub(super) captures: Scope,
    /// It failed, and the run went on.
    pub(super) failed: bool,
    /// Why what it says cannot be built upon, in a run that changes nothing.
    pub(super) open: Option<LeftOpen>,
}

impl Frame {
    /// A frame with parameters (and `facts`).
    pub(super) fn new(base: Scope, prefix: String) -> Self {
        Self { base, steps: BTreeMap::new(), prefix }
    }

    /// What a step sees before it did anything.
    pub(super) fn scope(&self) -> Scope {
        let steps = self.steps.iter().map(|(id, record)| (id.clone(), record.value()));
        let mut scope = self.base.clone();
        scope.insert("steps".to_owned(), Value::from(steps.collect::<Scope>()));
        scope
    }

    /// Keeps what a step left.
    pub(super) fn record(&mut self, id: &str, record: Record) {
        self.steps.insert(id.to_owned(), record);
    }

    /// The frame of the steps of a block: what is around it, and its place.
    pub(super) fn inside(&self, path: &StepPath, scope: Scope) -> Self {
        Self { base: scope, steps: self.steps.clone(), prefix: format!("{path}/") }
    }

    /// Takes over what the steps of a block left.
    pub(super) fn take_in(&mut self, inner: Self) {
        self.steps.extend(inner.steps);
    }

    /// Steps that had no turn: they did not run.
    pub(super) fn not_done(&mut self, steps: &[Step]) {
        for step in steps {
            self.steps.entry(step.id.clone()).or_default();
            if let Body::Block(block) = &step.body {
                for steps in [&block.steps, &block.rescue, &block.always] {
                    self.not_done(steps);
                }
            }
        }
    }

    /// Gives a name a value.
    pub(super) fn define(&mut self, name: &str, value: Value) {
        self.base.insert(name.to_owned(), value);
    }

    /// Takes a name away.
    pub(super) fn forget(&mut self, name: &str) {
        self.base.remove(name);
    }

    /// Steps whose outcome is open, among those that `names` mention.
    pub(super) fn open_among(&self, names: &BTreeSet<String>) -> Vec<String> {
        let mentioned: BTreeSet<&str> =
            names.iter().filter_map(|name| name.strip_prefix("steps.")?.split('.').next()).collect();
        let open = |id: &&str| self.steps.get(*id).is_some_and(|record| record.open.is_some());
        mentioned.into_iter().filter(open).map(|id| format!("{}{id}", self.prefix)).collect()
    }

    /// Whether every step that `names` mention had its turn.
    pub(super) fn has_all(&self, names: &BTreeSet<String>) -> bool {
        let mut mentioned = names.iter().filter_map(|name| name.strip_prefix("steps.")?.split('.').next());
        mentioned.all(|id| self.steps.contains_key(id))
    }

    /// Whether `names` use more of an open step than the prediction `ran`, `changed`, `holds`.
    pub(super) fn needs_more_than_prediction(&self, names: &BTreeSet<String>) -> bool {
        names.iter().any(|name| {
            let mut parts = name.split('.');
            if parts.next() != Some("steps") {
                return false;
            }
            let open = parts.next().and_then(|id| self.steps.get(id)).and_then(|record| record.open);
            match open {
                None => false,
                Some(LeftOpen::Failed) => true,
                Some(LeftOpen::WouldChange) => !matches!(parts.next(), Some("ran" | "changed" | "holds")),
            }
        })
    }
}

impl Record {
    /// As it stands in the journal.
    pub(super) fn left(&self) -> Left {
        Left {
            ran: self.ran,
            changed: self.changed,
            holds: self.holds,
            rc: self.rc,
            before: values(&self.before),
            captures: values(&self.captures),
            failed: self.failed,
            open: self.open,
            ..Left::default()
        }
    }

    fn value(&self) -> Value {
        let mut members = self.captures.clone();
        members.insert("ran".to_owned(), self.ran.into());
        members.insert("changed".to_owned(), self.changed.into());
        members.insert("failed".to_owned(), self.failed.into());
        members.insert("before".to_owned(), object(&self.before));
        // What ran and had nothing to judge is not wrong.
        let holds = self.holds.or(self.ran.then_some(true));
        members.extend(holds.map(|holds| ("holds".to_owned(), holds.into())));
        members.extend(self.rc.map(|rc| ("rc".to_owned(), rc.into())));
        object(&members)
    }

    /// Of a loop, a used script: any changed, all hold; nothing of the single ones.
    pub(super) fn all_of(records: &[Self]) -> Self {
        Self {
            ran: records.iter().any(|record| record.ran),
            changed: records.iter().any(|record| record.changed),
            failed: records.iter().any(|record| record.failed),
            holds: records.iter().filter_map(|record| record.holds).reduce(|all, one| all && one),
            open: records.iter().find_map(|record| record.open),
            ..Self::default()
        }
    }

    /// Joins what another step left to what all before it left.
    pub(super) fn and(&mut self, other: Self) {
        *self = Self::all_of(&[std::mem::take(self), other]);
    }
}

/// A scope as one value with members.
pub(super) fn object(scope: &Scope) -> Value {
    Value::from(scope.clone())
}

impl From<Left> for Record {
    fn from(left: Left) -> Self {
        Self {
            ran: left.ran,
            changed: left.changed,
            holds: left.holds,
            rc: left.rc,
            before: scope(&left.before),
            captures: scope(&left.captures),
            failed: left.failed,
            open: left.open,
        }
    }
}

/// A scope as it stands in events.
pub(super) fn values(scope: &Scope) -> Values {
    scope
        .iter()
        .filter(|(_, value)| !value.is_undefined())
        .map(|(name, value)| (name.clone(), serde_json::to_value(value).unwrap_or_default()))
        .collect()
}

/// A scope from what stands in events.
pub(super) fn scope(values: &Values) -> Scope {
    values
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::from_value(value.clone()).unwrap_or_default()))
        .collect()
}

/// Every name that a step mentions; those of steps inside of it are not among them.
pub(super) fn names_of_step(step: &Step) -> BTreeSet<String> {
    let finding =
        step.finding.iter().flat_map(|finding| std::iter::once(&finding.text).chain(&finding.remedy));
    let texts = std::iter::once(&step.title).chain(finding).flat_map(Template::inserts);
    let expressions = step.when.iter().chain(step.for_each.as_ref().map(|each| &each.over));
    let mut names: BTreeSet<String> = texts.chain(expressions).flat_map(Expr::names).collect();
    names.extend(names_of_body(step));
    names
}

/// Every name that the title of a step mentions.
pub(super) fn names_of_title(step: &Step) -> BTreeSet<String> {
    step.title.inserts().flat_map(Expr::names).collect()
}

/// Every name that the body of a step mentions.
pub(super) fn names_of_body(step: &Step) -> BTreeSet<String> {
    let (templates, expressions) = match &step.body {
        Body::Look(probe) => (vec![&probe.run], probe.holds.iter().collect()),
        Body::Condition(condition) => of_condition(condition),
        Body::Reboot { reason, .. } => (vec![reason], Vec::new()),
        Body::Dialogue(talk) => {
            let replies = talk.action.answers.iter().flat_map(replies);
            let undo: &[Action] = match &talk.undo {
                Undo::Run(actions) => actions,
                Undo::None { .. } => &[],
            };
            let templates =
                std::iter::once(&talk.action.run).chain(replies).chain(undo.iter().map(|a| &a.run));
            (
                templates.collect(),
                talk.holds.iter().chain(undo.iter().filter_map(|a| a.when.as_ref())).collect(),
            )
        }
        Body::Upload(upload) => (vec![&upload.to], Vec::new()),
        Body::Wait(wait) => (vec![&wait.probe.run], wait.probe.holds.iter().collect()),
        Body::Ask(ask) => (vec![&ask.question], Vec::new()),
        // The steps of a block are judged one by one.
        Body::Finding | Body::Block(_) => return BTreeSet::new(),
        Body::Use { with, .. } => {
            let expression = |(_, argument): &'_ (String, Argument)| match argument {
                Argument::Expr(expr) => Some(expr.clone()),
                Argument::Value(_) => None,
            };
            return with.iter().filter_map(expression).flat_map(|expr| expr.names()).collect();
        }
    };
    let inserted = templates.into_iter().flat_map(Template::inserts);
    inserted.chain(expressions).flat_map(Expr::names).collect()
}

fn of_condition(condition: &Condition) -> (Vec<&Template>, Vec<&Expr>) {
    let undo: &[Action] = match &condition.undo {
        Undo::Run(actions) => actions,
        Undo::None { .. } => &[],
    };
    let probes = || std::iter::once(&condition.check).chain(&condition.save);
    let actions = || condition.change.iter().chain(undo);
    let answers = actions().filter_map(|action| action.answers.as_ref()).flat_map(replies);
    let templates =
        probes().map(|probe| &probe.run).chain(actions().map(|action| &action.run)).chain(answers);
    let expressions =
        probes().filter_map(|probe| probe.holds.as_ref()).chain(actions().filter_map(|a| a.when.as_ref()));
    (templates.collect(), expressions.collect())
}

/// The texts that a dialogue may send or tell.
fn replies(dialogue: &Dialogue) -> impl Iterator<Item = &Template> {
    dialogue.answers.iter().filter_map(|answer| match &answer.reply {
        Reply::Line { text, .. } | Reply::Fail(text) => Some(text),
        Reply::Key(_) => None,
    })
}
