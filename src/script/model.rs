//! A loaded, checked script: what the engine runs. Built only by the loader, so whatever is here was checked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};

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
/// `holds` (all). Of a `use` step and a reboot: `ran`, `changed`, `holds`.
pub type Scope = BTreeMap<String, Value>;

/// Names below `facts`, with their meaning.
pub const FACTS: [(&str, &str); 1] = [("run", "the name of this run, safe in a file name")];

/// A script.
#[derive(Debug, Clone)]
pub struct Script {
    /// `rdp/tls-protocols`: the path below the scripts folder, without the ending.
    pub name: String,
    /// One line that says which condition the script establishes.
    pub title: String,
    /// What a tired person needs to know.
    pub about: String,
    /// The document it comes from, and where it differs.
    pub source: Option<String>,
    /// Parameters, in the order of the file.
    pub params: Vec<Param>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// SHA-256 of the source text, hex.
    pub digest: String,
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
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Body {
    /// Runs a command and keeps what it says. `holds`, when given, must be true, else the step's finding is
    /// reported (and the run goes on).
    Look(Probe),
    /// Holds a condition: check, change when it does not hold, check again.
    Condition(Box<Condition>),
    /// Restarts the machine and logs in again.
    Reboot {
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
