//! What a script with given parameters may send: the thing that is approved.
//!
//! Made without a machine. Where a value is read on the machine first, its expression stands in its place, as
//! `‹before.start›`. The engine fills in what the checks say ([`Verdict`]) when there is a target.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::script::item;
use crate::script::model::{
    Action, Answer, Argument, Body, Condition, Expr, Mode, ParamKind, Probe, Reply, Restart, Risk, Scope,
    Script, Severity, Step, Template, Undo, Value,
};

/// Version of the format.
const VERSION: u32 = 1;

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this format.
    pub version: u32,
    /// The script.
    pub script: String,
    /// Its title.
    pub title: String,
    /// SHA-256 of every script that takes part, by name.
    pub scripts: BTreeMap<String, String>,
    /// Parameters. A secret is its name in `‹ ›`.
    pub params: BTreeMap<String, Json>,
    /// The highest risk of a step that may run.
    pub risk: Risk,
    /// The steps in order, those of used scripts in their place.
    pub steps: Vec<PlannedStep>,
    /// SHA-256 over all of it but the offer of a snapshot: what may be sent, and, where it is the plan of a machine, which one
    /// and what its checks said.
    pub digest: String,
    /// The machine whose checks filled in the verdicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Facts of that machine, as far as the script mentions them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Json>,
    /// A snapshot of the system disk of that machine can be taken first. Not part of the digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshot_offered: bool,
}

/// A step, or one of its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// `tls/enabled[1.2]`: ids of the steps around it, and the item.
    pub path: String,
    /// What is true afterwards.
    pub title: String,
    /// Where commands are typed.
    pub mode: Mode,
    /// What it may do.
    pub risk: Risk,
    /// What kind of step it is.
    pub kind: StepKind,
    /// Conditions that are only known on the machine; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// The list whose items it runs for, when that is only known on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<String>,
    /// The condition that is false already: the step will not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// Commands in the order in which they may be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<PlannedCommand>,
    /// Commands that take the change back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<PlannedCommand>,
    /// Why there is no way back, when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_undo: Option<String>,
    /// When the step is content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// What is reported when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<PlannedFinding>,
    /// What its check said on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The same of each item of a list that only the machine knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<PlannedItem>,
}

/// An item that the machine had in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedItem {
    /// The step for this item: `enabled[1.2]`. The loop itself, `enabled`, when there was nothing in the list.
    pub path: String,
    /// What its check said.
    pub verdict: Verdict,
}

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Reads.
    Look,
    /// Checks, and changes what does not hold.
    Condition,
    /// Answers a program.
    Dialogue,
    /// Puts a file on the machine.
    Upload,
    /// Waits.
    Wait,
    /// Asks the person at the terminal.
    Ask,
    /// Reports.
    Finding,
    /// Restarts the machine.
    Reboot,
}

/// A command that may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCommand {
    /// What it is for.
    pub role: Role,
    /// Sent only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The command, values that are not known yet as `‹expression›`.
    pub text: String,
    /// Whether every value in it is known.
    pub complete: bool,
    /// What the file holds that is put on the machine, where that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Why it could not be sent with the values that are known.
    #[serde(skip)]
    pub refused: Option<String>,
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Look,
    /// Reads whether the condition holds, before the change and after it.
    Check,
    /// Keeps what undo needs.
    Save,
    /// Changes.
    Change,
    /// Is sent when the program of the command above shows something.
    Answer,
    /// Is asked at the terminal.
    Ask,
    /// Takes the change back.
    Undo,
}

/// What is reported when a condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFinding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
}

/// What a check said on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to do.
    Holds,
    /// Will be changed.
    WillChange,
    /// Does not hold, and is only reported.
    Wrong,
    /// What it is for is not so on this machine.
    NotNeeded,
    /// Cannot be known before an earlier step is done, or its check failed.
    Unknown {
        /// Why.
        why: String,
    },
}

impl Plan {
    /// The plan of a script with bound parameters (see [`bind`](crate::script::parameters::bind)).
    pub fn new(script: &Script, params: &Scope) -> Self {
        let mut planner = Planner { scripts: BTreeMap::new(), steps: Vec::new() };
        planner.script(script, params, &Around::default());
        let risk = |step: &PlannedStep| if step.skipped.is_some() { Risk::Read } else { step.risk };
        let mut plan = Self {
            version: VERSION,
            script: script.name.clone(),
            title: script.title.clone(),
            scripts: planner.scripts,
            params: shown(script, params),
            risk: planner.steps.iter().map(risk).max().unwrap_or(Risk::Read),
            steps: planner.steps,
            digest: String::new(),
            target: None,
            facts: BTreeMap::new(),
            snapshot_offered: false,
        };
        plan.seal();
        plan
    }

    /// Takes what was filled in into the digest.
    pub fn seal(&mut self) {
        self.digest = self.fingerprint();
    }

    /// Whether the digest is that of the rest: nobody edited the plan.
    pub fn is_untouched(&self) -> bool {
        self.digest == self.fingerprint()
    }

    /// Whether another plan may send the same, whatever was seen on machines.
    pub fn sends_as(&self, other: &Self) -> bool {
        self.of_no_machine().fingerprint() == other.of_no_machine().fingerprint()
    }

    /// What may be sent, without what was seen on a machine.
    #[must_use]
    pub fn of_no_machine(&self) -> Self {
        let mut bare = self.clone();
        bare.target = None;
        bare.facts.clear();
        for step in &mut bare.steps {
            step.verdict = None;
            step.items.clear();
        }
        bare
    }

    /// The first step, and why, that holds a command which could not be sent with the values that are known.
    pub fn refused(&self) -> Option<(&str, &str)> {
        let steps = self.steps.iter().filter(|step| step.skipped.is_none());
        steps
            .flat_map(|step| step.commands.iter().map(move |command| (step, command)))
            .find_map(|(step, command)| Some((step.path.as_str(), command.refused.as_deref()?)))
    }

    /// Whether it says what the checks on a machine said.
    pub fn is_of_a_machine(&self) -> bool {
        self.target.is_some() || self.steps.iter().any(|step| step.verdict.is_some())
    }

    /// In what a machine is not as this plan says it was: facts and checks, then and now.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(then), Some(now)) = (&self.target, &now.target)
            && then != now
        {
            lines.push(format!("the plan is of {then}, this is {now}"));
        }
        let names: BTreeSet<&String> = self.facts.keys().chain(now.facts.keys()).collect();
        for name in names {
            let (then, now) = (self.facts.get(name), now.facts.get(name));
            if then != now {
                let shown = |fact: Option<&Json>| fact.map_or_else(|| "unknown".to_owned(), Json::to_string);
                lines.push(format!("facts.{name}: was {}, is {}", shown(then), shown(now)));
            }
        }
        for step in &self.steps {
            let after = now.steps.iter().find(|other| other.path == step.path);
            let (then, now) =
                (word(step.verdict.as_ref()), word(after.and_then(|step| step.verdict.as_ref())));
            if then != now {
                lines.push(format!("{}: {then} then, {now} now", step.path));
            }
            let (then, now) = (step.items(), after.map(PlannedStep::items).unwrap_or_default());
            let paths: BTreeSet<&str> = then.keys().chain(now.keys()).copied().collect();
            for path in paths {
                let word = |of: &BTreeMap<_, _>| of.get(path).copied().unwrap_or("not in the list");
                let (then, now) = (word(&then), word(&now));
                if then != now {
                    lines.push(format!("{path}: {then} then, {now} now"));
                }
            }
        }
        lines
    }

    fn fingerprint(&self) -> String {
        let bare = Self { digest: String::new(), snapshot_offered: false, ..self.clone() };
        // Maps are sorted and fields have a fixed order, so equal plans have equal text.
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        Sha256::digest(text).iter().fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
    }
}

impl PlannedStep {
    /// What the checks said, of the step or of each of its items.
    pub fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.verdict.iter().chain(self.items.iter().map(|item| &item.verdict))
    }

    /// The verdicts of its items for people.
    fn items(&self) -> BTreeMap<&str, &'static str> {
        self.items.iter().map(|item| (item.path.as_str(), word(Some(&item.verdict)))).collect()
    }
}

/// A verdict for people.
fn word(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "not looked at",
        Some(Verdict::Holds) => "right",
        Some(Verdict::NotNeeded) => "not needed",
        Some(Verdict::WillChange) => "to be changed",
        Some(Verdict::Wrong) => "wrong",
        Some(Verdict::Unknown { .. }) => "unknown",
    }
}

/// What lies around the steps of a used script.
#[derive(Debug, Clone, Default)]
struct Around {
    prefix: String,
    when: Vec<String>,
    for_each: Option<String>,
    skipped: Option<String>,
}

struct Planner {
    scripts: BTreeMap<String, String>,
    steps: Vec<PlannedStep>,
}

impl Planner {
    fn script(&mut self, script: &Script, params: &Scope, around: &Around) {
        self.scripts.insert(script.name.clone(), script.digest.clone());
        let secret = |name: &str| script.params.iter().any(|p| p.name == name && p.kind == ParamKind::Secret);
        let known: Scope =
            params.iter().filter(|(name, _)| !secret(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        self.steps(&script.steps, &known, around);
    }

    fn steps(&mut self, steps: &[Step], known: &Scope, around: &Around) {
        for step in steps {
            let path = format!("{}{}", around.prefix, step.id);
            let Some(each) = &step.for_each else {
                self.step(step, known, around, &path);
                continue;
            };
            if let Some(items) = list(&each.over, known) {
                let mut used = BTreeSet::new();
                for item in items {
                    let mut scope = known.clone();
                    scope.insert(each.variable.clone(), item.clone());
                    self.step(step, &scope, around, &item::unique(&path, &item, &mut used));
                }
            } else {
                let over = format!("{} in {}", each.variable, each.over.source);
                let around = Around { for_each: Some(over), ..around.clone() };
                self.step(step, known, &around, &item::any(&path, &each.variable));
            }
        }
    }

    fn step(&mut self, step: &Step, scope: &Scope, around: &Around, path: &str) {
        let mut around = around.clone();
        if let Some(when) = &step.when {
            match truth(&when.source, scope) {
                Some(true) => {}
                Some(false) => around.skipped = around.skipped.or_else(|| Some(when.source.clone())),
                None => around.when.push(when.source.clone()),
            }
        }
        let mut planned = PlannedStep {
            path: path.to_owned(),
            title: step.title.preview(scope),
            mode: step.mode,
            risk: step.risk,
            kind: StepKind::Look,
            when: around.when.clone(),
            for_each: around.for_each.clone(),
            skipped: around.skipped.clone(),
            commands: Vec::new(),
            undo: Vec::new(),
            no_undo: None,
            holds: None,
            finding: step.finding.as_ref().map(|finding| PlannedFinding {
                severity: finding.severity,
                text: finding.text.preview(scope),
            }),
            verdict: None,
            items: Vec::new(),
        };
        match &step.body {
            Body::Look(probe) => {
                planned.commands.push(command(Role::Look, None, &probe.run, scope, step.mode));
                planned.holds = source(probe);
            }
            Body::Condition(condition) => fill(&mut planned, condition, scope),
            Body::Dialogue(talk) => {
                planned.kind = StepKind::Dialogue;
                planned.commands =
                    actions(Role::Change, std::slice::from_ref(&talk.action), scope, step.mode);
                planned.holds = talk.holds.as_ref().map(|holds| holds.source.clone());
                way_back(&mut planned, &talk.undo, scope);
            }
            Body::Upload(upload) => {
                fill(&mut planned, &upload.condition, scope);
                planned.kind = StepKind::Upload;
                let sent = planned.commands.iter_mut().find(|command| command.role == Role::Change);
                if let Some(sent) = sent {
                    sent.content = text_of(&upload.content);
                }
            }
            Body::Wait(wait) => {
                planned.kind = StepKind::Wait;
                planned.commands.push(command(Role::Look, None, &wait.probe.run, scope, step.mode));
                planned.holds = source(&wait.probe);
            }
            Body::Ask(ask) => {
                planned.kind = StepKind::Ask;
                planned.commands.push(bare(Role::Ask, None, &ask.question, scope));
            }
            Body::Finding => planned.kind = StepKind::Finding,
            Body::Block(block) => {
                around.prefix = format!("{path}/");
                self.steps(&block.steps, scope, &around);
                let mut failing = around.clone();
                failing.when.push(format!("a step of {path} failed"));
                self.steps(&block.rescue, scope, &failing);
                self.steps(&block.always, scope, &around);
                return;
            }
            Body::Reboot { by, reason, .. } => {
                planned.kind = StepKind::Reboot;
                let how = if *by == Restart::Sac { "restart by SAC" } else { "restart" };
                planned.title = format!("{}: {how} ({})", planned.title, reason.preview(scope));
            }
            Body::Use { script, with } => {
                around.prefix = format!("{path}/");
                self.script(script, &arguments(script, with, scope), &around);
                return;
            }
        }
        self.steps.push(planned);
    }
}

fn fill(planned: &mut PlannedStep, condition: &Condition, scope: &Scope) {
    planned.kind = StepKind::Condition;
    planned.holds = source(&condition.check);
    planned.commands.push(command(Role::Check, None, &condition.check.run, scope, planned.mode));
    let mode = planned.mode;
    let save = condition.save.iter().map(|save| command(Role::Save, None, &save.run, scope, mode));
    planned.commands.extend(save);
    planned.commands.extend(actions(Role::Change, &condition.change, scope, mode));
    way_back(planned, &condition.undo, scope);
}

fn way_back(planned: &mut PlannedStep, undo: &Undo, scope: &Scope) {
    match undo {
        Undo::Run(undo) => planned.undo = actions(Role::Undo, undo, scope, planned.mode),
        Undo::None { why } => planned.no_undo = Some(why.clone()),
    }
}

fn source(probe: &Probe) -> Option<String> {
    probe.holds.as_ref().map(|holds| holds.source.clone())
}

fn actions(role: Role, actions: &[Action], scope: &Scope, mode: Mode) -> Vec<PlannedCommand> {
    let mut commands = Vec::new();
    for action in actions {
        commands.push(command(role, action.when.as_ref(), &action.run, scope, mode));
        commands.extend(
            action.answers.iter().flat_map(|dialogue| &dialogue.answers).map(|one| answer(one, scope)),
        );
    }
    commands
}

fn answer(answer: &Answer, scope: &Scope) -> PlannedCommand {
    let seen = &answer.seen.pattern;
    let (what, template) = match &answer.reply {
        Reply::Line { text, .. } => (text.preview(scope), Some(text)),
        Reply::Fail(text) => (format!("stop: {}", text.preview(scope)), Some(text)),
        Reply::Key(key) => (format!("key {}", key.word()), None),
    };
    let times = if answer.times > 1 { format!(", at most {} times", answer.times) } else { String::new() };
    let complete =
        template.is_none_or(|template| template.inserts().all(|expr| expr.valueless(scope).is_empty()));
    let text = format!("to {seen}{times}: {what}");
    PlannedCommand { role: Role::Answer, when: None, text, complete, content: None, refused: None }
}

/// A command, and whether it could be sent as far as it is known.
fn command(role: Role, when: Option<&Expr>, run: &Template, scope: &Scope, mode: Mode) -> PlannedCommand {
    let planned = bare(role, when, run, scope);
    let never = when.is_some_and(|when| truth(&when.source, scope) == Some(false));
    let error = if planned.complete && !never { run.render(scope, mode).err() } else { None };
    PlannedCommand { refused: error.map(|error| error.to_string()), ..planned }
}

fn bare(role: Role, when: Option<&Expr>, run: &Template, scope: &Scope) -> PlannedCommand {
    PlannedCommand {
        role,
        when: when.map(|when| when.source.clone()),
        text: run.preview(scope),
        complete: run.inserts().all(|expr| expr.valueless(scope).is_empty()),
        content: None,
        refused: None,
    }
}

/// A file as text, when it is some.
fn text_of(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t'));
    is_text.then(|| text.to_owned())
}

/// Parameters of a used script: what is given and known, and defaults for what is not given.
fn arguments(script: &Script, with: &[(String, Argument)], scope: &Scope) -> Scope {
    let mut inner = Scope::new();
    for param in &script.params {
        let given = with.iter().find(|(name, _)| *name == param.name).map(|(_, argument)| argument);
        let value = match given {
            None => param.default.clone(),
            Some(Argument::Value(value)) => Some(value.clone()),
            Some(Argument::Expr(expr)) => known(expr, scope),
        };
        inner.extend(value.map(|value| (param.name.clone(), value)));
    }
    inner
}

fn known(expr: &Expr, scope: &Scope) -> Option<Value> {
    expr.valueless(scope).is_empty().then(|| expr.eval(scope).ok()).flatten()
}

fn list(over: &Expr, scope: &Scope) -> Option<Vec<Value>> {
    Some(known(over, scope)?.try_iter().ok()?.collect())
}

/// What is known about a condition: a conjunction is false as soon as one part of it is.
fn truth(source: &str, scope: &Scope) -> Option<bool> {
    let parts: Vec<Option<bool>> = conjuncts(source)
        .into_iter()
        .map(|part| {
            let expr = Expr::parse(part).ok()?;
            known(&expr, scope).map(|value| value.is_true())
        })
        .collect();
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    parts.iter().all(|part| *part == Some(true)).then_some(true)
}

/// The parts of `a and b and c`; the whole when there is anything else at the top.
fn conjuncts(source: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut cuts = Vec::new();
    for word in crate::script::expression::words(source) {
        match &source[word.clone()] {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            "or" | "if" | "not" if depth == 0 => return vec![source],
            "and" if depth == 0 => cuts.push(word),
            _ => {}
        }
    }
    let mut parts = Vec::new();
    let mut from = 0;
    for cut in cuts {
        parts.push(source[from..cut.start].trim());
        from = cut.end;
    }
    parts.push(source[from..].trim());
    parts
}

fn shown(script: &Script, params: &Scope) -> BTreeMap<String, Json> {
    script
        .params
        .iter()
        .filter_map(|param| {
            let value = match param.kind {
                ParamKind::Secret => Json::String(format!("‹{}›", param.name)),
                _ => serde_json::to_value(params.get(&param.name)?).unwrap_or_default(),
            };
            Some((param.name.clone(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_can_be_known() {
        let scope = Scope::from([("mode".to_owned(), Value::from("report"))]);
        for (source, expected) in [
            ("mode == 'report'", Some(true)),
            ("mode == 'stop' and steps.x.ran", Some(false)),
            ("mode == 'report' and steps.x.ran", None),
            ("steps.x.rc == 0 and (mode == 'stop' or a) and mode != 'report'", Some(false)),
            ("mode == 'stop' or steps.x.ran", None),
            ("not steps.x.ran and mode == 'stop'", None),
            ("before.start is undefined", None),
        ] {
            assert_eq!(truth(source, &scope), expected, "{source}");
        }
    }
}
