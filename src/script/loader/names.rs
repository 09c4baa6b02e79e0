//! Which names mean something at which point of a script.

use std::collections::BTreeMap;

use regex::Regex;
use std::sync::LazyLock;

use crate::script::codes;
use crate::script::expression::words;
use crate::script::loader::File;
use crate::script::model::{Expr, FACTS, FactKind, Mode, Param, ParamKind};
use crate::script::raw::{At, RawCapture, RawMode, RawStep};
use crate::script::similar::closest;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Flag,
    List,
    Secret,
    /// Its declaration could not be read.
    Unread,
}

impl Type {
    pub(super) fn of(kind: &ParamKind) -> Self {
        match kind {
            ParamKind::Text | ParamKind::Choice(_) => Self::Text,
            ParamKind::Number { .. } => Self::Number,
            ParamKind::Flag => Self::Flag,
            ParamKind::List { .. } => Self::List,
            ParamKind::Secret => Self::Secret,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::List => "a list",
            Self::Secret => "a secret",
            Self::Unread => "something",
        }
    }
}

/// A known name.
#[derive(Debug, Clone)]
struct Known {
    sort: Type,
    /// What counts as used when it is mentioned: a parameter, or `step.capture`.
    uses: Option<String>,
}

/// The names known at a point, dotted.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    known: BTreeMap<String, Known>,
}

impl Names {
    /// What every place knows: parameters and facts.
    pub(super) fn new(params: &[Param]) -> Self {
        let mut names = Self::default();
        for param in params {
            names.insert(&param.name, Type::of(&param.kind), Some(param.name.clone()));
        }
        for fact in FACTS {
            let sort = match fact.kind {
                FactKind::Text => Type::Text,
                FactKind::Number => Type::Number,
                FactKind::Flag => Type::Flag,
                FactKind::List => Type::List,
            };
            names.insert(&format!("facts.{}", fact.name), sort, None);
        }
        names
    }

    /// A parameter may be of any type, since its own could not be read.
    pub(super) fn of_no_type(&mut self, name: &str) {
        self.insert(name, Type::Unread, Some(name.to_owned()));
    }

    /// With the variable of `for_each`, which is as secret as its list.
    pub(super) fn with_variable(&self, name: &str, secret: bool) -> Self {
        let mut names = self.clone();
        names.insert(name, if secret { Type::Secret } else { Type::Text }, None);
        names
    }

    /// With captures under their own names.
    pub(super) fn with_captures(&self, step: &RawStep, captures: &[(At<String>, At<RawCapture>)]) -> Self {
        self.with(step, "", captures)
    }

    /// With captures as `before.NAME`.
    pub(super) fn with_before(&self, step: &RawStep, captures: &[(At<String>, At<RawCapture>)]) -> Self {
        self.with(step, "before.", captures)
    }

    /// With what a command just run leaves behind: at SAC there are no exit codes.
    pub(super) fn with_result(&self, mode: Mode) -> Self {
        let mut names = self.clone();
        if mode != Mode::Sac {
            names.insert("rc", Type::Number, None);
        }
        names.insert("output", Type::Text, None);
        names
    }

    /// With what a failed step leaves to `rescue`.
    pub(super) fn with_failure(&self) -> Self {
        let mut names = self.clone();
        for name in ["failure.step", "failure.code", "failure.message"] {
            names.insert(name, Type::Text, None);
        }
        names
    }

    /// Takes over what the steps of a block left.
    pub(super) fn absorb(&mut self, inner: &Self) {
        let steps = inner.known.iter().filter(|(name, _)| name.starts_with("steps."));
        self.known.extend(steps.map(|(name, known)| (name.clone(), known.clone())));
    }

    /// Whether a name is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// Whether a step with this id is above.
    pub(super) fn has_step(&self, id: &str) -> bool {
        self.has(&format!("steps.{id}.ran"))
    }

    /// Makes `steps.ID.…` known to the steps below.
    pub(super) fn finish_step(&mut self, step: &RawStep) {
        let id = &step.id.value;
        for name in ["ran", "changed", "holds", "failed"] {
            self.insert(&format!("steps.{id}.{name}"), Type::Flag, None);
        }
        if step.for_each.is_some() {
            return;
        }
        if step.upload.is_some() {
            self.insert(&format!("steps.{id}.path"), Type::Text, None);
        }
        if step.ask.is_some() {
            self.insert(&format!("steps.{id}.answer"), Type::Text, None);
        }
        let probes =
            step.run.is_some() || step.check.is_some() || step.dialogue.is_some() || step.wait.is_some();
        if !probes {
            return;
        }
        if step.r#in.as_ref().is_none_or(|mode| mode.value != RawMode::Sac) {
            self.insert(&format!("steps.{id}.rc"), Type::Number, None);
        }
        let mut found = Vec::new();
        for (name, capture) in step.own_captures() {
            found.push((format!("steps.{id}.{}", name.value), name, capture));
        }
        if step.check.is_some() {
            for (name, capture) in step.captures() {
                found.push((format!("steps.{id}.before.{}", name.value), name, capture));
            }
        }
        for (dotted, name, capture) in found {
            self.insert(&dotted, sort_of(&capture.value), Some(format!("{id}.{}", name.value)));
        }
    }

    fn with(&self, step: &RawStep, prefix: &str, captures: &[(At<String>, At<RawCapture>)]) -> Self {
        let mut names = self.clone();
        for (name, capture) in captures {
            let uses = Some(format!("{}.{}", step.id.value, name.value));
            names.insert(&format!("{prefix}{}", name.value), sort_of(&capture.value), uses);
        }
        names
    }

    fn insert(&mut self, name: &str, sort: Type, uses: Option<String>) {
        self.known.insert(name.to_owned(), Known { sort, uses });
    }
}

impl File<'_, '_> {
    /// Every name in an expression that starts at `offset` of a text must be known.
    pub(super) fn check_names(&mut self, expr: &Expr, text: &At<String>, offset: usize, names: &Names) {
        for name in expr.names() {
            let range = place_of(&expr.source, &name);
            let span = self.inside(text, offset + range.start..offset + range.end);
            if let Some(known) = names.known.get(&name) {
                self.used.extend(known.uses.clone());
                continue;
            }
            let (message, help) = explain(&name, names);
            if name.starts_with("facts.") {
                // What facts there are does not hang on the file.
                self.tell(&codes::UNDEFINED_NAME, span, message, help);
            } else {
                self.say(&codes::UNDEFINED_NAME, span, message, help);
            }
        }
        self.check_comparisons(expr, text, offset, names);
    }

    /// What a lone name stands for; `None` for anything more than a name.
    pub(super) fn sort_of(expr: &Expr, names: &Names) -> Option<Type> {
        let sort = names.known.get(expr.source.trim()).map(|known| known.sort);
        sort.filter(|sort| *sort != Type::Unread)
    }

    /// Whether an expression mentions a secret.
    pub(super) fn mentions_secret(expr: &Expr, names: &Names) -> Option<String> {
        expr.names()
            .into_iter()
            .find(|name| names.known.get(name).is_some_and(|known| known.sort == Type::Secret))
    }

    /// The secret whose value an expression looks at. Whether one is there may be asked: `pw is defined`.
    pub(super) fn looks_at_secret(expr: &Expr, names: &Names) -> Option<String> {
        let source = &expr.source;
        let words: Vec<&str> = words(source).into_iter().map(|word| &source[word]).collect();
        let asked = |at: usize| {
            let behind = &words[at + 1..];
            let behind = behind.strip_prefix(&["is"]).map(|rest| rest.strip_prefix(&["not"]).unwrap_or(rest));
            matches!(behind.and_then(<[&str]>::first), Some(&("defined" | "undefined")))
        };
        let secret = |name: &str| names.known.get(name).is_some_and(|known| known.sort == Type::Secret);
        let at = (0..words.len()).find(|at| secret(words[*at]) && !asked(*at))?;
        Some(words[at].to_owned())
    }

    /// The secret that an expression makes something else of, which nobody would mask.
    pub(super) fn alters_secret(expr: &Expr, names: &Names) -> Option<String> {
        let source = &expr.source;
        let words: Vec<&str> = words(source).into_iter().map(|word| &source[word]).collect();
        let alters = words.iter().enumerate().any(|(at, word)| match *word {
            "|" => words.get(at + 1) != Some(&"default"),
            "~" | "+" | "*" | "[" => true,
            _ => false,
        });
        Self::mentions_secret(expr, names).filter(|_| alters)
    }

    fn check_comparisons(&mut self, expr: &Expr, text: &At<String>, offset: usize, names: &Names) {
        for found in COMPARISON.captures_iter(&expr.source) {
            let (Some(whole), Some(name), Some(sign), Some(literal)) =
                (found.get(0), found.get(1), found.get(2), found.get(3))
            else {
                continue;
            };
            let (name, literal) = (name.as_str(), literal.as_str());
            let Some(known) = names.known.get(name) else { continue };
            let is_text = literal.starts_with(['"', '\'']);
            let number = literal.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            let inner = literal.trim_matches(['"', '\'']);
            let equality = matches!(sign.as_str(), "==" | "!=");
            let (kind, help) = match known.sort {
                Type::Number if is_text && inner.parse::<i64>().is_ok() => {
                    ("a number", format!("write {inner}"))
                }
                Type::Number if is_text => ("a number", format!("compare it with a number: {name} == 0")),
                Type::Text if number && equality => ("text", format!("write \"{literal}\"")),
                Type::Text if number => {
                    ("text", format!("make it a number: {name} | int {} {literal}", sign.as_str()))
                }
                Type::Flag if is_text && ["true", "false"].contains(&inner) => {
                    ("true or false", format!("write {inner}"))
                }
                Type::Flag if is_text || number => {
                    ("true or false", format!("it is a condition by itself: {name}, or not {name}"))
                }
                _ => continue,
            };
            let span = self.inside(text, offset + whole.start()..offset + whole.end());
            let what = match (equality, number) {
                (true, _) => format!("never equals {literal}"),
                (false, true) => "has no order with numbers".to_owned(),
                (false, false) => "has no order with texts".to_owned(),
            };
            let message = format!("`{name}` is {kind} and {what}");
            self.say(&codes::NEVER_EQUAL, span, message, Some(help));
        }
    }
}

/// `name == literal`, where the name is not the end of a filter.
static COMPARISON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b([a-z_][a-z0-9_.]*)\s*(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|-?[0-9]+)"#)
        .unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
});

fn sort_of(capture: &RawCapture) -> Type {
    match capture {
        RawCapture::First(_) => Type::Text,
        RawCapture::All(_) => Type::List,
    }
}

/// Where a dotted name stands in an expression.
fn place_of(source: &str, name: &str) -> std::ops::Range<usize> {
    let first = name.split('.').next().unwrap_or(name);
    words(source)
        .into_iter()
        .filter(|word| &source[word.clone()] == first)
        .find(|word| source[word.start..].starts_with(name))
        .map_or(0..source.len(), |word| word.start..word.start + name.len())
}

fn explain(name: &str, names: &Names) -> (String, Option<String>) {
    let known = || names.known.keys().map(String::as_str);
    let suggestion = closest(name, known()).map(|found| format!("did you mean `{found}`?"));
    let below = |prefix: &str| {
        let all: Vec<_> = known().filter(|known| known.starts_with(prefix)).collect();
        (!all.is_empty()).then(|| format!("known here: {}", all.join(", ")))
    };
    let parts: Vec<_> = name.split('.').collect();
    match parts.as_slice() {
        ["steps", id, ..] if !names.has_step(id) => {
            (format!("there is no step `{id}` above this one"), suggestion.or_else(|| below("steps.")))
        }
        ["steps", id, "rc"] => {
            let help = "only a command in cmd or PowerShell leaves an exit code, and none in a loop";
            (format!("the step `{id}` has no `rc`"), Some(help.to_owned()))
        }
        ["steps", id, ..] => (
            format!("the step `{id}` has no `{}`", parts[2..].join(".")),
            suggestion.or_else(|| below(&format!("steps.{id}."))),
        ),
        ["before", ..] => {
            (format!("`{name}` is not captured before the change"), suggestion.or_else(|| below("before.")))
        }
        ["facts", ..] => (format!("there is no fact `{name}`"), suggestion.or_else(|| below("facts."))),
        [first, ..] if names.has(first) => {
            (format!("`{first}` is a plain value, there is no `{name}`"), None)
        }
        ["rc"] if names.has("output") => {
            let help = "look at what it printed: output is containing \"…\", or a capture";
            ("there is no `rc` here: SAC has no exit codes".to_owned(), Some(help.to_owned()))
        }
        [plain] if names.has(&format!("before.{plain}")) => {
            let help = format!("what was captured before the change is `before.{plain}`");
            (format!("`{plain}` is not defined here"), Some(help))
        }
        _ => {
            let plain: Vec<_> = known().filter(|known| !known.contains('.')).collect();
            let list = (!plain.is_empty()).then(|| format!("known here: {}", plain.join(", ")));
            (format!("`{name}` is not defined here"), suggestion.or(list))
        }
    }
}
