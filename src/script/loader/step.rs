//! One step: its kind, and the keys that go with it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use minijinja::value::ValueKind;

use crate::script::codes;
use crate::script::lint;
use crate::script::loader::File;
use crate::script::loader::names::{Names, Type};
use crate::script::loader::probe::{ProbeParts, mode};
use crate::script::model::{
    Body, Condition, Expr, Finding, ForEach, Mode, OnFailure, Restart, Risk, Scope, Severity, Step, Template,
    Undo,
};
use crate::script::raw::{
    At, RawFinding, RawOnFailure, RawOver, RawReboot, RawRisk, RawSeverity, RawStep, RawUndo,
};
use crate::script::similar::did_you_mean;

/// How long a restart may take when the script does not say.
const REBOOT: Duration = Duration::from_mins(30);

/// What a restart takes at least, also on a small virtual machine.
const SHORTEST_REBOOT: Duration = Duration::from_mins(1);

/// Most items of a loop when the script does not say.
const ITEMS: usize = 100;

/// Most items that a script may ask for.
const MOST_ITEMS: i64 = 10_000;

/// What a step is, and where that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Look,
    Condition,
    Dialogue,
    Wait,
    Upload,
    Reboot,
    Use,
    Ask,
    Finding,
    Block,
}

impl Sort {
    fn key(self) -> &'static str {
        match self {
            Self::Look => "run",
            Self::Condition => "check",
            Self::Dialogue => "dialogue",
            Self::Wait => "wait",
            Self::Upload => "upload",
            Self::Reboot => "reboot",
            Self::Use => "use",
            Self::Ask => "ask",
            Self::Finding => "finding",
            Self::Block => "block",
        }
    }
}

impl File<'_, '_> {
    /// Steps in order; `names` grows by what each of them leaves.
    pub(super) fn steps(&mut self, raw: &[At<RawStep>], names: &mut Names) -> Vec<Step> {
        let mut steps = Vec::new();
        for at in raw {
            let id = &at.value.id;
            if !self.ids.insert(id.value.clone()) {
                let message = format!("the step id `{}` is given twice", id.value);
                let help = Some("choose another name".to_owned());
                self.say(&codes::DUPLICATE_STEP, id.span.clone(), message, help);
            }
            steps.extend(self.step(at, names));
            names.finish_step(&at.value);
        }
        steps
    }

    fn step(&mut self, at: &At<RawStep>, above: &mut Names) -> Option<Step> {
        let raw = &at.value;
        self.value_name(&raw.id);
        let (for_each, names) = self.for_each(raw, above);
        let title = self.prose_template(&raw.title, &names);
        let when = raw.when.as_ref().and_then(|when| self.condition_of(when, "`when`", &names));
        let timeout = raw.timeout.as_ref().and_then(|text| self.duration(text));
        let within = raw.within.as_ref().and_then(|text| self.duration(text));
        let sort = self.sort(raw)?;
        self.keys(raw, sort);
        for capture in raw.capture_keys() {
            self.not_empty(capture.value.0.is_empty(), &capture.span, "capture");
        }
        let mode = self.mode(raw, sort).unwrap_or(Mode::Cmd);
        for found in lint::step(raw, mode, self.loading.library.readers()) {
            self.lint(raw, found);
        }
        let body = match sort {
            Sort::Look => self.look(raw, mode, &names),
            Sort::Condition => self.condition(raw, mode, &names),
            Sort::Dialogue => self.dialogue_step(raw, mode, &names),
            Sort::Wait => self.wait(raw, mode, &names),
            Sort::Upload => self.upload(raw, &names),
            Sort::Reboot => raw.reboot.as_ref().and_then(|reboot| self.reboot(&reboot.value, mode, &names)),
            Sort::Use => self.use_script(raw, &names),
            Sort::Ask => self.ask(raw, &names),
            Sort::Finding => Some(Body::Finding),
            Sort::Block => Some(self.block(raw, &names, above)),
        };
        let seen = names.with_captures(raw, raw.own_captures());
        let finding = raw.finding.as_ref().and_then(|finding| self.finding(&finding.value, &seen));
        let mut body = body?;
        let risk = self.risk(raw, &mut body);
        let on_failure = match raw.on_failure.as_ref().map(|at| at.value) {
            None | Some(RawOnFailure::Undo) => OnFailure::Undo,
            Some(RawOnFailure::Stop) => OnFailure::Stop,
            Some(RawOnFailure::Continue) => OnFailure::Continue,
        };
        Some(Step {
            id: raw.id.value.clone(),
            title: title?,
            mode,
            for_each,
            when,
            timeout,
            within,
            on_failure,
            risk,
            finding,
            body,
            line: crate::script::diagnostic::position(&self.source.text, at.span.start).0,
        })
    }

    fn lint(&mut self, raw: &RawStep, found: lint::Found) {
        let text =
            lint::commands(raw).find(|command| command.text.span == found.span).map(|command| command.text);
        let span = match (text, found.range) {
            (Some(text), Some(range)) => self.inside(text, range),
            _ => found.span,
        };
        self.say(found.code, span, found.message, found.help);
    }

    fn for_each(&mut self, raw: &RawStep, above: &Names) -> (Option<ForEach>, Names) {
        let max = self.max_items(raw);
        let Some(entries) = &raw.for_each else { return (None, above.clone()) };
        let [(variable, over)] = entries.value.0.as_slice() else {
            let help = Some("for_each: {version: 'versions'}".to_owned());
            let message = "`for_each` takes one variable and one list";
            self.say(&codes::WRONG_SHAPE, entries.span.clone(), message, help);
            let variables = entries.value.0.iter();
            return (
                None,
                variables.fold(above.clone(), |names, (name, _)| names.with_variable(&name.value, false)),
            );
        };
        self.value_name(variable);
        if above.has(&variable.value) {
            let message = format!("`{}` is the name of something else already", variable.value);
            self.say(
                &codes::TAKEN_NAME,
                variable.span.clone(),
                message,
                Some("choose another name".to_owned()),
            );
        }
        let span = over.span.clone();
        let (over, count) = match &over.value {
            RawOver::Expression(text) => {
                let text = At { span: over.span.clone(), style: over.style, value: text.clone() };
                self.list(&text, above)
            }
            RawOver::Texts(texts) => self.texts(texts, &over.span),
        };
        if let (Some(count), Some(at)) = (count.filter(|count| *count > max), &raw.for_each) {
            let message = format!("the list has {count} items, more than {max}");
            let help = Some(format!("max_items: {count}"));
            self.say(&codes::OUT_OF_RANGE, at.span.clone(), message, help);
        }
        // The text of an item is part of the name of its step, in reports and in the journal.
        let secret = over.as_ref().and_then(|over| Self::mentions_secret(over, above));
        if let Some(secret) = &secret {
            let message =
                format!("the items name the steps in reports, and one would hold the secret `{secret}`");
            let help = "write a step for each secret".to_owned();
            self.say(&codes::SECRET, span, message, Some(help));
        }
        let names = above.with_variable(&variable.value, secret.is_some());
        (over.map(|over| ForEach { variable: variable.value.clone(), over, max }), names)
    }

    /// The list of a loop as an expression, and how long it is where that is known.
    fn list(&mut self, text: &At<String>, names: &Names) -> (Option<Expr>, Option<usize>) {
        let Some(expr) = self.parsed(text, "the list of `for_each`", names) else { return (None, None) };
        let literal = expr.names().is_empty().then(|| expr.eval(&Scope::new()).ok()).flatten();
        let wrong = match &literal {
            Some(value) if value.kind() != ValueKind::Seq => Some("no list".to_owned()),
            Some(value) if value.try_iter().into_iter().flatten().any(|item| item.as_str().is_none()) => {
                Some("no list of texts".to_owned())
            }
            Some(_) => None,
            None => {
                let sort = Self::sort_of(&expr, names).filter(|sort| *sort != Type::List);
                sort.map(|sort| format!("{}, not a list", sort.name()))
            }
        };
        if let Some(wrong) = wrong {
            let message = format!("`{}` is {wrong}", text.value.trim());
            let help = "a parameter of the type `list`, a capture with `all`, facts.disk_letters, or the texts themselves: ['a', 'b']";
            self.say(&codes::NOT_A_CONDITION, text.span.clone(), message, Some(help.to_owned()));
        }
        let count = literal.and_then(|value| value.len());
        if count == Some(0) {
            self.never_runs(&text.span);
        }
        (Some(expr), count)
    }

    /// The texts of a loop that stand in the script, as an expression, and how many there are.
    fn texts(&mut self, texts: &[At<String>], span: &Range<usize>) -> (Option<Expr>, Option<usize>) {
        let values: Vec<String> = texts.iter().map(|text| self.prose(text)).collect();
        for text in texts.iter().filter(|text| text.value.contains("{{")) {
            let message = "`{{ }}` is not filled in here";
            let help = "write the whole list as an expression: '[name, \"text\"]'".to_owned();
            self.say(&codes::BAD_EXPRESSION, text.span.clone(), message, Some(help));
        }
        if values.is_empty() {
            self.never_runs(span);
        }
        match Expr::parse(&serde_json::Value::from(values).to_string()) {
            Ok(expr) => (Some(expr), Some(texts.len())),
            Err(error) => {
                self.say(&codes::BAD_EXPRESSION, span.clone(), error.message, None);
                (None, None)
            }
        }
    }

    fn never_runs(&mut self, span: &Range<usize>) {
        let help = Some("name what it runs for, or leave the step out".to_owned());
        self.say(&codes::CONSTANT, span.clone(), "the list is empty: the step never runs", help);
    }

    fn max_items(&mut self, raw: &RawStep) -> usize {
        let Some(max) = &raw.max_items else { return ITEMS };
        if raw.for_each.is_none() {
            let help = Some("leave it out, or add `for_each`".to_owned());
            self.say(&codes::BAD_KIND, max.span.clone(), "`max_items` goes with `for_each` only", help);
        }
        if !(1..=MOST_ITEMS).contains(&max.value) {
            let message = format!("{} is not from 1 to {MOST_ITEMS}", max.value);
            self.say(&codes::OUT_OF_RANGE, max.span.clone(), message, None);
        }
        usize::try_from(max.value).unwrap_or(ITEMS)
    }

    fn sort(&mut self, raw: &RawStep) -> Option<Sort> {
        let there: Vec<Sort> = [
            (Sort::Look, raw.run.is_some()),
            (Sort::Condition, raw.check.is_some()),
            (Sort::Dialogue, raw.dialogue.is_some()),
            (Sort::Wait, raw.wait.is_some()),
            (Sort::Upload, raw.upload.is_some()),
            (Sort::Reboot, raw.reboot.is_some()),
            (Sort::Use, raw.r#use.is_some()),
            (Sort::Ask, raw.ask.is_some()),
            (Sort::Block, raw.block.is_some()),
        ]
        .into_iter()
        .filter_map(|(sort, there)| there.then_some(sort))
        .collect();
        match there.as_slice() {
            [sort] => Some(*sort),
            [] if raw.change.is_some() => {
                let help =
                    "add a `check` that tells whether the change is needed and, afterwards, that it worked";
                let message = "a step with `change` needs a `check`";
                self.say(&codes::BAD_KIND, raw.id.span.clone(), message, Some(help.to_owned()));
                None
            }
            [] if raw.finding.is_some() => Some(Sort::Finding),
            [] => {
                let help = "a step has one of `run` (look), `check` (condition), `dialogue`, `wait`, `upload`, `reboot`, `use`, `ask`, `block`, or a `finding` alone".to_owned();
                self.say(&codes::BAD_KIND, raw.id.span.clone(), "the step does nothing", Some(help));
                None
            }
            several => {
                let keys: Vec<_> = several.iter().map(|sort| format!("`{}`", sort.key())).collect();
                let message = format!("the step is of {} kinds: {}", several.len(), keys.join(", "));
                let help = Some("make a step of each".to_owned());
                self.say(&codes::BAD_KIND, raw.id.span.clone(), message, help);
                None
            }
        }
    }

    /// Keys that belong to another kind of step.
    fn keys(&mut self, raw: &RawStep, sort: Sort) {
        let is = |sorts: &[Sort]| sorts.contains(&sort);
        for (key, span, fits) in [
            ("capture", raw.capture.as_ref().map(|at| &at.span), is(&[Sort::Look])),
            ("holds", raw.holds.as_ref().map(|at| &at.span), is(&[Sort::Look])),
            ("retry", raw.retry.as_ref().map(|at| &at.span), is(&[Sort::Look])),
            ("save", raw.save.as_ref().map(|at| &at.span), is(&[Sort::Condition])),
            ("change", raw.change.as_ref().map(|at| &at.span), is(&[Sort::Condition])),
            ("undo", raw.undo.as_ref().map(|at| &at.span), is(&[Sort::Condition, Sort::Dialogue])),
            ("restores", raw.restores.as_ref().map(|at| &at.span), is(&[Sort::Condition])),
            ("why", raw.why.as_ref().map(|at| &at.span), is(&[Sort::Condition, Sort::Dialogue])),
            ("with", raw.with.as_ref().map(|at| &at.span), is(&[Sort::Use])),
            (
                "finding",
                raw.finding.as_ref().map(|at| &at.span),
                is(&[Sort::Look, Sort::Condition, Sort::Dialogue, Sort::Wait, Sort::Finding]),
            ),
            (
                "in",
                raw.r#in.as_ref().map(|at| &at.span),
                is(&[Sort::Look, Sort::Condition, Sort::Dialogue, Sort::Wait, Sort::Reboot]),
            ),
            (
                "timeout",
                raw.timeout.as_ref().map(|at| &at.span),
                is(&[Sort::Look, Sort::Condition, Sort::Dialogue, Sort::Wait, Sort::Upload]),
            ),
            (
                "within",
                raw.within.as_ref().map(|at| &at.span),
                !is(&[Sort::Finding, Sort::Reboot, Sort::Ask]),
            ),
            ("rescue", raw.rescue.as_ref().map(|at| &at.span), is(&[Sort::Block])),
            ("always", raw.always.as_ref().map(|at| &at.span), is(&[Sort::Block])),
        ] {
            if let (Some(span), false) = (span, fits) {
                let message = format!("`{key}` does not go into a step with `{}`", sort.key());
                let help = match (key, sort) {
                    ("capture" | "holds" | "retry", Sort::Condition) => "it belongs into `check`",
                    ("in" | "timeout" | "finding", Sort::Use) => "the used script has its own",
                    ("in" | "timeout" | "finding", Sort::Block) => "the steps of the block have their own",
                    ("within", Sort::Reboot) => "it belongs into `reboot`",
                    _ => "leave it out, or make a step of its own",
                };
                self.say(&codes::BAD_KIND, span.clone(), message, Some(help.to_owned()));
            }
        }
    }

    fn mode(&mut self, raw: &RawStep, sort: Sort) -> Option<Mode> {
        let Some(at) = &raw.r#in else {
            if matches!(sort, Sort::Look | Sort::Condition | Sort::Dialogue | Sort::Wait) {
                let message = "the key `in` is missing";
                let help = Some("in: cmd, in: powershell, or in: sac".to_owned());
                self.say(&codes::MISSING_KEY, raw.id.span.clone(), message, help);
            }
            return None;
        };
        let mode = mode(at.value);
        let unfit = match (sort, mode) {
            (Sort::Dialogue, Mode::Sac | Mode::PowerShell) => Some("a dialogue is held in cmd"),
            _ => None,
        };
        if let Some(message) = unfit {
            let help = "in: cmd (a PowerShell script that asks is started there: powershell -File …)";
            self.say(&codes::BAD_KIND, at.span.clone(), message, Some(help.to_owned()));
        }
        Some(mode)
    }

    fn look(&mut self, raw: &RawStep, mode: Mode, names: &Names) -> Option<Body> {
        let parts = ProbeParts {
            run: raw.run.as_ref()?,
            captures: raw.own_captures(),
            holds: raw.holds.as_ref(),
            retry: raw.retry.as_ref(),
        };
        let probe = self.probe(raw, &parts, mode, names);
        if let (Some(holds), None) = (&raw.holds, &raw.finding) {
            self.no_finding(holds);
        }
        if let (None, Some(retry)) = (&raw.holds, &raw.retry) {
            let message = "`retry` without `holds` never tries again";
            let help = Some("say when it is content: `holds`, or leave `retry` out".to_owned());
            self.say(&codes::NO_HOLDS, retry.span.clone(), message, help);
        }
        if let (None, Some(finding)) = (&raw.holds, &raw.finding) {
            let message = "a finding without `holds` is never reported";
            self.say(
                &codes::NO_HOLDS,
                finding.span.clone(),
                message,
                Some("say when all is well: `holds`".to_owned()),
            );
        }
        probe.map(Body::Look)
    }

    fn condition(&mut self, raw: &RawStep, mode: Mode, names: &Names) -> Option<Body> {
        let check = &raw.check.as_ref()?.value;
        if let (Some(holds), None) = (&check.holds, &raw.finding) {
            self.no_finding(holds);
        }
        if check.holds.is_none() {
            let help = Some("holds: 'rc == 0 and …'".to_owned());
            self.say(&codes::NO_HOLDS, check.run.span.clone(), "the check has no `holds`", help);
        }
        let probe = self.probe(raw, &check.into(), mode, names);
        let mut saving = names.with_captures(raw, check.captures()).with_before(raw, check.captures());
        let mut before = names.with_before(raw, check.captures());
        if let Some(save) = &raw.save {
            self.not_empty(save.value.0.is_empty(), &save.span, "save");
        }
        let mut save = Vec::new();
        for one in raw.saves() {
            save.extend(self.save(raw, &one.value, mode, &saving));
            saving = saving.with_before(raw, one.value.captures());
            before = before.with_before(raw, one.value.captures());
        }
        let change =
            raw.change.as_ref().map(|many| self.actions(&many.value, mode, &saving)).unwrap_or_default();
        if let Some(change) = raw.change.as_ref().filter(|change| change.value.0.is_empty()) {
            let help = "add the commands that establish it, or make it a look (`run`, `holds`)".to_owned();
            let message = "there is nothing in `change`";
            self.say(&codes::EMPTY_TEXT, change.span.clone(), message, Some(help));
        }
        if raw.change.is_none() {
            let help = "add `change`, or make it a look (`run`, `holds`)".to_owned();
            let span = raw.id.span.clone();
            self.say(&codes::BAD_KIND, span, "a step with `check` needs a `change`", Some(help));
        }
        let undo = self.undo(raw, mode, &before);
        let restores = raw.restores.as_ref().map(|names| self.restores(raw, names));
        Some(Body::Condition(Box::new(Condition { check: probe?, save, change, undo: undo?, restores })))
    }

    /// What proves that the way back worked.
    fn restores(&mut self, raw: &RawStep, names: &At<Vec<At<String>>>) -> Vec<String> {
        if !matches!(raw.undo.as_ref().map(|undo| &undo.value), Some(RawUndo::Actions(_))) {
            let help = Some("leave it out".to_owned());
            self.say(&codes::BAD_KIND, names.span.clone(), "`restores` goes with commands of `undo`", help);
        }
        let check = raw.check.iter().flat_map(|check| check.value.captures());
        let save = raw.saves().flat_map(|save| save.value.captures());
        let known: Vec<&str> = check.chain(save).map(|(name, _)| name.value.as_str()).collect();
        for name in &names.value {
            if !known.contains(&name.value.as_str()) {
                let message = format!("`{}` is no capture of `check` or `save`", name.value);
                let help = did_you_mean(&name.value, known.iter().copied()).or_else(|| {
                    Some(format!("captures: {}", known.join(", "))).filter(|_| !known.is_empty())
                });
                self.say(&codes::UNDEFINED_NAME, name.span.clone(), message, help);
            }
        }
        names.value.iter().map(|name| name.value.clone()).collect()
    }

    /// The way back of a step that changes.
    pub(super) fn undo(&mut self, raw: &RawStep, mode: Mode, before: &Names) -> Option<Undo> {
        let Some(undo) = &raw.undo else {
            let help = "add `undo`, or `undo: none` and `why`".to_owned();
            let span = raw.change.as_ref().map_or(raw.id.span.clone(), |_| raw.id.span.clone());
            self.say(&codes::NO_UNDO, span, "the change has no way back", Some(help));
            return None;
        };
        match &undo.value {
            RawUndo::Actions(actions) => {
                if actions.is_empty() {
                    let help = "add the commands that take it back, or `undo: none` and `why`".to_owned();
                    let message = "the change has no way back: there is nothing in `undo`";
                    self.say(&codes::NO_UNDO, undo.span.clone(), message, Some(help));
                }
                if let Some(why) = &raw.why {
                    let message = "`why` goes with `undo: none` only";
                    self.say(&codes::BAD_KIND, why.span.clone(), message, Some("leave it out".to_owned()));
                }
                for answers in actions.iter().filter_map(|action| action.value.answers.as_ref()) {
                    let help = "the way back is written down before the change, ready to be typed; use a command that does not ask";
                    let message = "a command of `undo` that asks";
                    self.say(&codes::BAD_ANSWER, answers.span.clone(), message, Some(help.to_owned()));
                }
                Some(Undo::Run(
                    actions.iter().filter_map(|action| self.action(&action.value, mode, before)).collect(),
                ))
            }
            RawUndo::Word(word) if word == "none" => {
                let Some(why) = &raw.why else {
                    let help = Some("why: 'the reason, for who approves the plan'".to_owned());
                    self.say(&codes::NO_WHY, undo.span.clone(), "`undo: none` without `why`", help);
                    return None;
                };
                Some(Undo::None { why: self.prose(why) })
            }
            RawUndo::Word(word) => {
                let message = format!("`{word}` is no way back");
                let help = Some("commands, or `none` with `why`".to_owned());
                self.say(&codes::UNKNOWN_WORD, undo.span.clone(), message, help);
                None
            }
        }
    }

    /// A condition whose falsehood nobody would hear of.
    pub(super) fn no_finding(&mut self, holds: &At<String>) {
        let help = "finding: {severity: error, text: 'what is wrong when it does not hold'}".to_owned();
        self.say(
            &codes::NO_FINDING,
            holds.span.clone(),
            "nobody is told when this does not hold",
            Some(help),
        );
    }

    fn reboot(&mut self, raw: &RawReboot, mode: Mode, names: &Names) -> Option<Body> {
        let by = if mode == Mode::Sac { Restart::Sac } else { Restart::Shutdown };
        let reason = self.prose_template(&raw.reason, names);
        let budget = match &raw.within {
            None => Some(REBOOT),
            Some(text) => self.duration(text).filter(|budget| {
                let enough = *budget >= SHORTEST_REBOOT;
                if !enough {
                    let help =
                        "give it minutes (30m, as without it): past them the run ends, and its changes stay";
                    let message = "no machine restarts in that time";
                    self.say(&codes::OUT_OF_RANGE, text.span.clone(), message, Some(help.to_owned()));
                }
                enough
            }),
        };
        Some(Body::Reboot { by, reason: reason?, budget: budget? })
    }

    fn use_script(&mut self, raw: &RawStep, names: &Names) -> Option<Body> {
        let script = self.used_script(raw.r#use.as_ref()?);
        let Some(script) = script else {
            // The names that the arguments mention count as used all the same.
            self.used.extend(self.mentioned(raw));
            return None;
        };
        if let Some(with) = &raw.with {
            self.not_empty(with.value.0.is_empty(), &with.span, "with");
        }
        let with = self.arguments(raw, &script, names);
        Some(Body::Use { script, with })
    }

    fn mentioned(&self, raw: &RawStep) -> Vec<String> {
        let values = raw.with.iter().flat_map(|with| &with.value.0);
        values
            .flat_map(|(_, value)| {
                crate::script::expression::words(&self.source.text[value.span.clone()])
                    .into_iter()
                    .map(|word| self.source.text[value.span.clone()][word].to_owned())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn finding(&mut self, raw: &RawFinding, names: &Names) -> Option<Finding> {
        let severity = match raw.severity.value {
            RawSeverity::Info => Severity::Info,
            RawSeverity::Warning => Severity::Warning,
            RawSeverity::Error => Severity::Error,
        };
        let text = self.prose_template(&raw.text, names);
        let remedy: Option<Template> = raw.remedy.as_ref().and_then(|text| self.prose_template(text, names));
        Some(Finding { severity, text: text?, remedy })
    }

    /// What a step may do. What is raised of a step that holds others is raised of those.
    fn risk(&mut self, raw: &RawStep, body: &mut Body) -> Risk {
        let derived = match &*body {
            Body::Look(_) | Body::Wait(_) | Body::Ask(_) | Body::Finding => Risk::Read,
            Body::Condition(_) | Body::Dialogue(_) | Body::Upload(_) => Risk::Change,
            Body::Block(block) => {
                let steps = block.steps.iter().chain(&block.rescue).chain(&block.always);
                steps.map(|step| step.risk).max().unwrap_or(Risk::Read)
            }
            Body::Reboot { .. } => Risk::Reboot,
            Body::Use { script, .. } => script.risk(),
        };
        let Some(raised) = &raw.risk else { return derived };
        let risk = match raised.value {
            RawRisk::Read => Risk::Read,
            RawRisk::Change => Risk::Change,
            RawRisk::Reboot => Risk::Reboot,
        };
        if risk < derived {
            let message = format!("the step's risk is {}, it can't be lowered", derived.word());
            let help = Some("leave `risk` out".to_owned());
            self.say(&codes::RISK_LOWERED, raised.span.clone(), message, help);
        }
        if risk > derived {
            raise(body, risk);
        }
        risk.max(derived)
    }
}

/// Steps inside of one whose risk was raised may do as much: they are what is planned, approved and done.
fn raise(body: &mut Body, risk: Risk) {
    let steps: Vec<&mut Step> = match body {
        Body::Block(block) => {
            block.steps.iter_mut().chain(&mut block.rescue).chain(&mut block.always).collect()
        }
        Body::Use { script, .. } => Arc::make_mut(script).steps.iter_mut().collect(),
        _ => return,
    };
    for step in steps {
        step.risk = step.risk.max(risk);
        raise(&mut step.body, risk);
    }
}
