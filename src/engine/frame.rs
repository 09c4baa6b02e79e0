//! What the expressions of one script see while it runs: parameters, facts, and what its earlier steps left.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Values;
use crate::script::model::{Action, Argument, Body, Condition, Expr, Scope, Step, Template, Undo, Value};

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
    /// Why what it says cannot be built upon, in a run that changes nothing.
    pub(super) open: Option<Open>,
}

/// Why the machine's state after a step is not known in a run that changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// Its change would be made.
    WouldChange,
    /// It could not be done.
    Failed,
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

    /// Steps whose outcome is open, among those that `names` mention.
    pub(super) fn open_among(&self, names: &BTreeSet<String>) -> Vec<String> {
        let mentioned: BTreeSet<&str> =
            names.iter().filter_map(|name| name.strip_prefix("steps.")?.split('.').next()).collect();
        let open = |id: &&str| self.steps.get(*id).is_some_and(|record| record.open.is_some());
        mentioned.into_iter().filter(open).map(|id| format!("{}{id}", self.prefix)).collect()
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
                Some(Open::Failed) => true,
                Some(Open::WouldChange) => !matches!(parts.next(), Some("ran" | "changed" | "holds")),
            }
        })
    }
}

impl Record {
    fn value(&self) -> Value {
        let mut members = self.captures.clone();
        members.insert("ran".to_owned(), self.ran.into());
        members.insert("changed".to_owned(), self.changed.into());
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

/// A scope as it stands in events.
pub(super) fn values(scope: &Scope) -> Values {
    scope
        .iter()
        .filter(|(_, value)| !value.is_undefined())
        .map(|(name, value)| (name.clone(), serde_json::to_value(value).unwrap_or_default()))
        .collect()
}

/// Every name that the body of a step mentions.
pub(super) fn names_of_body(step: &Step) -> BTreeSet<String> {
    let (templates, expressions) = match &step.body {
        Body::Look(probe) => (vec![&probe.run], probe.holds.iter().collect()),
        Body::Condition(condition) => of_condition(condition),
        Body::Reboot { reason, .. } => (vec![reason], Vec::new()),
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
    let templates = probes().map(|probe| &probe.run).chain(actions().map(|action| &action.run));
    let expressions =
        probes().filter_map(|probe| probe.holds.as_ref()).chain(actions().filter_map(|a| a.when.as_ref()));
    (templates.collect(), expressions.collect())
}
