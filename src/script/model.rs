//! A loaded, checked script: what the engine runs. Built only by the loader, so whatever is here was checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::expect::Pattern;

/// A value of a parameter, a capture or a fact. Text, numbers, truth, lists of text.
pub type Value = minijinja::Value;

/// Names and values an expression or a template sees. The checker knows these names, and the engine provides them:
///
/// | name | where | value |
/// |---|---|---|
/// | each parameter | everywhere | as [`ParamKind`] says; a list is a list of text |
/// | the `for_each` variable | in that step | text |
/// | `facts.run` | everywhere | name of this run, safe in a file name; the others of [`FACTS`] |
/// | `rc`, `output` | `holds` of a probe | exit code (number), output (text) of that probe |
/// | captures | `holds` of that probe, then `change`, `undo`, `finding` of the step | text, or a list for `all`; undefined when the pattern did not match |
/// | `before.NAME` | `change`, `undo` | captures of `check` and `save` from before the change; kept in the journal |
/// | `steps.ID` | later steps | see below |
///
/// `steps.ID` holds `ran` (not skipped by `when`), `changed`, `holds` (undefined when it did not run), `rc` (last exit code),
/// `before` and the captures by name (from the last time its probe ran). Of a step with `for_each`: `ran`, `changed` (any) and
/// `holds` (all). Of a `use` step, a block and a reboot: `ran`, `changed`, `holds`. Of an upload also `path`, of an `ask` step
/// `answer`. `failed` is there for each: true when it failed and the run went on (`on_failure: continue`, `rescue`).
/// The steps under `rescue` see `failure.step`, `failure.code` and `failure.message`.
pub type Scope = BTreeMap<String, Value>;

/// Names below `facts`, with their meaning. All but `run` are read on the machine, once, when a step first needs them.
pub const FACTS: [Fact; 13] = [
    Fact::new("run", FactKind::Text, "the name of this run, safe in a file name"),
    Fact::new("os_name", FactKind::Text, "the product: `Windows Server 2019 Datacenter`"),
    Fact::new("os_version", FactKind::Text, "the version: `10.0.17763`"),
    Fact::new("os_build", FactKind::Number, "the build: 17763"),
    Fact::new("os_release", FactKind::Number, "the update within the build: 4010"),
    Fact::new(
        "language",
        FactKind::Text,
        "the language Windows was installed in: `en-US`; `0x0409` when it has no known name",
    ),
    Fact::new("code_page", FactKind::Number, "the code page of the console: 437"),
    Fact::new("computer_name", FactKind::Text, "the name of the machine"),
    Fact::new("control_set", FactKind::Text, "the control set that is in use: `ControlSet001`"),
    Fact::new("rdp_port", FactKind::Number, "the port that Remote Desktop is set to"),
    Fact::new("elevated", FactKind::Flag, "whether the account has the rights of an administrator"),
    Fact::new("system_drive", FactKind::Text, "the drive Windows runs from: `C:`"),
    Fact::new("disk_letters", FactKind::List, "the letters of all drives: `C`, `D`"),
];

/// A name below `facts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: FactKind,
    /// What it means.
    pub about: &'static str,
}

/// What the value of a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// A list of text.
    List,
}

impl Fact {
    const fn new(name: &'static str, kind: FactKind, about: &'static str) -> Self {
        Self { name, kind, about }
    }
}

/// A script.
#[derive(Debug, Clone)]
pub struct Script {
    /// `rdp/tls-protocols`: the path below the scripts folder, without the ending.
    pub name: String,
    /// One line that says which condition the script establishes.
    pub title: String,
    /// What a tired person needs to know.
    pub about: String,
    /// The document it comes from.
    pub source: Option<String>,
    /// When to use it, and what is left to do.
    pub guidance: Guidance,
    /// Parameters, in the order of the file.
    pub params: Vec<Param>,
    /// How long the whole script may take.
    pub within: Option<Duration>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// SHA-256 of the source text, hex.
    pub digest: String,
}

/// What a script tells those who look for the right one. Nothing of it changes what is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guidance {
    /// Where it does something else than its source, and why.
    pub differs: Option<String>,
    /// What the user sees when this script is the right one.
    pub symptoms: Vec<String>,
    /// When to use it.
    pub use_when: Option<String>,
    /// When not to use it, and what to use instead.
    pub not_when: Option<String>,
    /// How long it usually takes over a serial line of 115200 baud.
    pub takes: Option<Duration>,
    /// What is left to do outside of the machine.
    pub outside: Option<String>,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What values it takes.
    pub kind: ParamKind,
    /// Its value when none is given; `None`: it must be given.
    pub default: Option<Value>,
    /// What it means.
    pub about: String,
}

/// What values a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text without control characters.
    Text,
    /// A whole number in a range.
    Number {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
    /// A list of text.
    List {
        /// The words its items may be; empty: any text without control characters.
        of: Vec<String>,
    },
    /// Text that is never shown; its value comes from a secret source.
    Secret,
}

/// Where a command is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The SAC prompt.
    Sac,
    /// cmd.exe.
    Cmd,
    /// Windows PowerShell without PSReadLine.
    PowerShell,
}

impl Script {
    /// Its steps, those inside of blocks included, in order; those of used scripts are not.
    pub fn all_steps(&self) -> Vec<&Step> {
        fn walk<'s>(steps: &'s [Step], all: &mut Vec<&'s Step>) {
            for step in steps {
                all.push(step);
                if let Body::Block(block) = &step.body {
                    for steps in [&block.steps, &block.rescue, &block.always] {
                        walk(steps, all);
                    }
                }
            }
        }
        let mut all = Vec::new();
        walk(&self.steps, &mut all);
        all
    }

    /// Questions that nobody but a person can answer, by the paths of their steps.
    pub fn questions(&self) -> Vec<String> {
        fn walk(steps: &[Step], prefix: &str, found: &mut Vec<String>) {
            for step in steps {
                let path = format!("{prefix}{}", step.id);
                match &step.body {
                    Body::Ask(ask) if ask.unattended.is_none() => found.push(path),
                    Body::Block(block) => {
                        for steps in [&block.steps, &block.rescue, &block.always] {
                            walk(steps, &format!("{path}/"), found);
                        }
                    }
                    Body::Use { script, .. } => walk(&script.steps, &format!("{path}/"), found),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.steps, "", &mut found);
        found
    }

    /// The highest risk of its steps.
    pub fn risk(&self) -> Risk {
        self.steps.iter().map(|step| step.risk).max().unwrap_or(Risk::Read)
    }
}

impl Mode {
    /// As scripts write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sac => "sac",
            Self::Cmd => "cmd",
            Self::PowerShell => "powershell",
        }
    }
}

impl Risk {
    /// As scripts write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Reboot => "reboot",
        }
    }
}

impl Key {
    /// As scripts write it.
    pub fn word(self) -> String {
        match self {
            Self::Char(' ') => "space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Enter => "enter".to_owned(),
            Self::Escape => "escape".to_owned(),
            Self::CtrlC => "ctrl-c".to_owned(),
            Self::CtrlZ => "ctrl-z".to_owned(),
        }
    }
}

impl Severity {
    /// As scripts write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a step may do to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Only reads.
    Read,
    /// Changes state.
    Change,
    /// Restarts the machine.
    Reboot,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Unique in its script; `steps.ID` in expressions.
    pub id: String,
    /// Shown to people.
    pub title: Template,
    /// Where its commands are typed.
    pub mode: Mode,
    /// Runs the step once for each item of a list.
    pub for_each: Option<ForEach>,
    /// Skips the step unless it holds.
    pub when: Option<Expr>,
    /// How long each command may take; the default is the engine's.
    pub timeout: Option<Duration>,
    /// How long the whole step may take, with all its commands and tries.
    pub within: Option<Duration>,
    /// What becomes of the run when the step fails.
    pub on_failure: OnFailure,
    /// What it may do, derived from the body or raised by hand.
    pub risk: Risk,
    /// What it means when the condition does not hold.
    pub finding: Option<Finding>,
    /// What it does.
    pub body: Body,
    /// Line in the script file, from 1, for messages.
    pub line: usize,
}

/// One run of the step an item.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// The variable's name.
    pub variable: String,
    /// An expression that yields a list (a parameter, a captured list).
    pub over: Expr,
    /// Most items; a longer list is a failure.
    pub max: usize,
}

/// What becomes of the run when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The failure goes up: to the `rescue` of a block around the step, or to the end of the run, which takes all its
    /// changes back.
    #[default]
    Undo,
    /// The run ends; changes stay.
    Stop,
    /// What this step changed is taken back, the failure counts as a finding that remains, and the run goes on.
    Continue,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Body {
    /// Runs a command and keeps what it says. `holds`, when given, must be true, else the step's finding is
    /// reported (and the run goes on).
    Look(Probe),
    /// Holds a condition: check, change when it does not hold, check again.
    Condition(Box<Condition>),
    /// Starts a program that asks, and answers it.
    Dialogue(Box<Talk>),
    /// Puts a file on the machine.
    Upload(Box<Upload>),
    /// Waits until a condition holds; fails when it does not in time.
    Wait(Box<Wait>),
    /// Asks the person at the terminal.
    Ask(Ask),
    /// Reports its finding.
    Finding,
    /// Steps that fail or succeed together.
    Block(Box<Block>),
    /// Restarts the machine and logs in again.
    Reboot {
        /// Who restarts it: `shutdown /r` in cmd, or `restart` at SAC, which waits for nobody.
        by: Restart,
        /// Why, for the plan and the journal.
        reason: Template,
        /// How long until the prompt is back.
        budget: Duration,
    },
    /// Runs another script.
    Use {
        /// The other script, loaded and checked.
        script: Arc<Script>,
        /// Its parameters.
        with: Vec<(String, Argument)>,
    },
}

/// Who restarts the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Restart {
    /// `shutdown /r` in the command channel: Windows ends its programs.
    #[default]
    Shutdown,
    /// `restart` at SAC.
    Sac,
}

/// A program that asks, as a step of its own.
#[derive(Debug, Clone)]
pub struct Talk {
    /// The program and its answers.
    pub action: Action,
    /// Values taken from what was shown.
    pub capture: Vec<Capture>,
    /// Whether what was found is right.
    pub holds: Option<Expr>,
    /// The way back.
    pub undo: Undo,
}

impl Talk {
    /// As a condition that never held: what is written down before it is sent.
    pub fn as_condition(&self) -> Condition {
        let run = Template { source: String::new(), pieces: Vec::new() };
        let check = Probe { run, capture: Vec::new(), holds: None, retry: None };
        // It reads nothing that could be asked for again.
        let restores = Some(Vec::new());
        Condition {
            check,
            save: Vec::new(),
            change: vec![self.action.clone()],
            undo: self.undo.clone(),
            restores,
        }
    }
}

/// Answers to what a program asks. After each answer the search begins anew, with what comes then.
#[derive(Debug, Clone)]
pub struct Dialogue {
    /// Tried in this order; the first that matches is taken.
    pub answers: Vec<Answer>,
    /// The key that is pressed when the dialogue goes wrong; Ctrl-C by default.
    pub abort: Key,
}

/// What is done when a program shows something.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it shows.
    pub seen: Shown,
    /// What is done then.
    pub reply: Reply,
    /// How often at the most; once more is a failure.
    pub times: u32,
}

/// What a program shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The text or regular expression, for the stream matcher.
    pub pattern: Pattern,
    /// Where it is looked for.
    pub on: Surface,
}

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// In the text as it comes.
    #[default]
    Stream,
    /// On the screen as it stands.
    Screen,
}

/// What is done when a pattern matched.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A line is typed, its echo proven, and entered.
    Line {
        /// The line; may insert a secret when `echo` is not [`Echo::Text`].
        text: Template,
        /// How the program shows what is typed.
        echo: Echo,
    },
    /// One key is pressed, without Enter.
    Key(Key),
    /// The dialogue has failed.
    Fail(Template),
}

/// How a program shows what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Echo {
    /// As it is.
    #[default]
    Text,
    /// One `*` a character.
    Stars,
    /// Not at all.
    None,
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter, digit or sign.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Ctrl-C.
    CtrlC,
    /// Ctrl-Z and Enter: the end of the input.
    CtrlZ,
}

/// A file for the machine.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its path there.
    pub to: Template,
    /// Its bytes.
    pub content: Arc<[u8]>,
    /// SHA-256 of them, lower-case hex.
    pub sha256: String,
    /// Taken back at the end of the run.
    pub temporary: bool,
    /// The file is there: check by hash, keep the old one, and the way back. Its `change` stands for the transfer.
    pub condition: Condition,
}

/// A condition that becomes true by itself.
#[derive(Debug, Clone)]
pub struct Wait {
    /// Reads; its `holds` is always there.
    pub probe: Probe,
    /// How long at the most.
    pub within: Duration,
    /// Pause between looks.
    pub every: Duration,
}

/// A question to the person at the terminal.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The question.
    pub question: Template,
    /// The answers to choose from; empty: any text.
    pub choices: Vec<String>,
    /// The answer when nobody is there; `None`: the run is refused then, before anything is sent.
    pub unattended: Option<String>,
}

/// Steps that fail or succeed together. When one fails, the changes of the block are taken back.
#[derive(Debug, Clone)]
pub struct Block {
    /// The steps.
    pub steps: Vec<Step>,
    /// Done when one of them failed; then the block counts as dealt with.
    pub rescue: Vec<Step>,
    /// Done in any case, at the end.
    pub always: Vec<Step>,
}

/// A parameter given to a used script.
#[derive(Debug, Clone)]
pub enum Argument {
    /// A value written in the script.
    Value(Value),
    /// An expression, evaluated in the caller's scope.
    Expr(Expr),
}

/// A command that reads.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The command.
    pub run: Template,
    /// Values taken from its output.
    pub capture: Vec<Capture>,
    /// Whether what was found is right. Always there in a `check` and a `save` (there `rc == 0` unless the script says
    /// otherwise: nothing is changed before its undo is safe).
    pub holds: Option<Expr>,
    /// Tries again while it does not hold: in a look always, in a `check` only after the change.
    pub retry: Option<Retry>,
}

/// A value taken from the output of a command.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Name of the value; undefined when the pattern does not match.
    pub name: String,
    /// First group, or the whole match without groups. Matched on the whole output; `^` and `$` are line ends, CR LF
    /// included.
    pub pattern: Regex,
    /// Every match as a list, not just the first as text.
    pub all: bool,
}

/// Tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How often at the most, the first try included.
    pub times: u32,
    /// Pause between tries.
    pub every: Duration,
}

/// A condition with the way to establish it and the way back.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Reads; its `holds` is always there.
    pub check: Probe,
    /// Reads and keeps what undo needs, before the change.
    pub save: Vec<Probe>,
    /// Establishes the condition; each must end with one of the codes.
    pub change: Vec<Action>,
    /// The way back. Render it before the change is sent: a value that can't be inserted must stop the change.
    pub undo: Undo,
    /// Captures whose old values prove that it worked; `None`: those that it mentions, else all of the check and its exit code.
    pub restores: Option<Vec<String>>,
}

/// A command that changes.
#[derive(Debug, Clone)]
pub struct Action {
    /// Sent only when it holds.
    pub when: Option<Expr>,
    /// The command.
    pub run: Template,
    /// Exit codes that mean success; 0 alone by default.
    pub codes: Vec<i32>,
    /// Answers to what it asks; without them its standard input is empty.
    pub answers: Option<Dialogue>,
}

/// The way back of a change.
#[derive(Debug, Clone)]
pub enum Undo {
    /// These commands, those whose `when` holds.
    Run(Vec<Action>),
    /// There is none, and why.
    None {
        /// The reason, shown in the plan.
        why: String,
    },
}

/// What a condition that does not hold means to the user.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub text: Template,
    /// What the user must do outside, when there is something.
    pub remedy: Option<Template>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May cause trouble.
    Warning,
    /// Breaks something.
    Error,
}

/// Text with `{{ }}` in it, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// As written.
    pub source: String,
    /// Literal pieces and expressions in turn.
    pub pieces: Vec<Piece>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Stands for itself.
    Literal(String),
    /// Its value is inserted.
    Insert(Expr),
}

/// An expression over a [`Scope`], checked to parse and to name only what is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// As written.
    pub source: String,
}
