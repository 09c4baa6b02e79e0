//! Checks of the commands themselves: what a shell would do with them.

mod cmd;
mod effects;
mod hives;
mod passwords;
pub(crate) mod powershell;
mod programs;
mod reading;
mod words;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::script::codes::Code;
use crate::script::model::Mode;
use crate::script::raw::{At, RawRisk, RawScript, RawStep};

/// Something that is wrong with a command.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) code: &'static Code,
    /// The whole command, in the file.
    pub(crate) span: Range<usize>,
    /// The part of the command's text that is meant.
    pub(crate) range: Option<Range<usize>>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Found {
    /// The same in a longer text, so much further to the right.
    fn moved(mut self, by: usize) -> Self {
        self.range = self.range.map(|range| range.start + by..range.end + by);
        self
    }
}

/// What a command is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A look, or the command of a wait: nothing may change.
    Look,
    /// The check of a condition: the same, and nothing that the step says can alter that.
    Check,
    /// `save`: backup files may be written.
    Save,
    /// `change` and `undo`; a look whose step says `risk: change`, which `diagnose` and `plan` leave out.
    Change,
}

impl Role {
    /// The most that a command may do.
    fn allows(self) -> effects::Effect {
        match self {
            Self::Look | Self::Check => effects::Effect::Reads,
            Self::Save => effects::Effect::WritesFiles,
            Self::Change => effects::Effect::Changes,
        }
    }
}

/// A command with its role.
pub(crate) struct Command<'r> {
    pub(crate) text: &'r At<String>,
    pub(crate) role: Role,
    /// Somebody answers what it asks.
    pub(crate) answered: bool,
    /// Programs that are known to only read, beside those of Windows.
    pub(crate) readers: &'r [String],
}

/// Every command of a step, but not of the steps inside of it.
pub(crate) fn commands(raw: &RawStep) -> impl Iterator<Item = Command<'_>> {
    let silent = |text, role| Command { text, role, answered: false, readers: &[] };
    let raised = raw.risk.as_ref().is_some_and(|risk| risk.value != RawRisk::Read);
    let look = raw.run.iter().chain(raw.wait.iter().map(|wait| &wait.value.run));
    let check = raw.check.iter().map(|check| &check.value.run);
    let save = raw.saves().map(|save| &save.value.run);
    let change = raw.change.iter().flat_map(|many| &many.value.0);
    let undo = raw.undo.iter().flat_map(|undo| undo.value.actions());
    let talk = raw.dialogue.iter().map(|dialogue| &dialogue.value.run);
    look.map(move |text| silent(text, if raised { Role::Change } else { Role::Look }))
        .chain(check.map(move |text| silent(text, Role::Check)))
        .chain(save.map(move |text| silent(text, Role::Save)))
        .chain(change.chain(undo).map(|action| Command {
            text: &action.value.run,
            role: Role::Change,
            answered: action.value.answers.is_some(),
            readers: &[],
        }))
        .chain(talk.map(|text| Command { text, role: Role::Change, answered: true, readers: &[] }))
}

/// What is wrong with the commands of a step.
pub(crate) fn step(raw: &RawStep, mode: Mode, readers: &[String]) -> Vec<Found> {
    commands(raw).flat_map(|command| cmd::lint(&Command { readers, ..command }, mode)).collect()
}

/// What is wrong with the script as a whole.
pub(crate) fn script(raw: &RawScript) -> Vec<Found> {
    hives::lint(raw)
}

/// What is wrong with a file that a shell reads: its lines, as commands that may change something.
pub(crate) fn file(text: &At<String>, shell: Shell) -> Vec<Found> {
    match shell {
        Shell::Batch => cmd::batch(text),
        Shell::PowerShell => powershell::file(text),
    }
}

/// Who reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// cmd: `.cmd`, `.bat`.
    Batch,
    /// PowerShell: `.ps1`, `.psm1`.
    PowerShell,
}

/// Words that Windows translates, and that scripts like to look for. The states of `sc` (RUNNING), names of values and of
/// enumerations are the same everywhere.
const TRANSLATED: [&str; 21] = [
    "LISTENING",
    "ESTABLISHED",
    "TIME_WAIT",
    "successfully",
    "Access is denied",
    "Everyone",
    "Ok.",
    "Account active",
    "Password required",
    "Local Group Memberships",
    "Enabled Connected",
    "Enabled Disconnected",
    "Media disconnected",
    "The command completed",
    "The operation completed",
    "The system cannot find",
    "is not recognized",
    "Request timed out",
    "Reply from",
    "Default Gateway",
    "DHCP Enabled",
];

/// The translated word in a text that is searched for, or a pattern.
pub(crate) fn translated(text: &str) -> Option<&'static str> {
    let plain = ESCAPES.replace_all(&BLANKS.replace_all(text, " "), "").to_lowercase();
    TRANSLATED.iter().copied().find(|word| {
        let word = word.to_lowercase();
        // `Ok.` is a line of its own, or the end of one.
        let whole =
            |at: usize| word != "ok." || !plain[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        plain.match_indices(&word).any(|(at, _)| whole(at))
    })
}

/// Blanks as patterns have them.
static BLANKS: LazyLock<Regex> = LazyLock::new(|| fixed(r"(?:(?:\\s|\[ \]| )(?:[+*?]+|\{[0-9,]*\})?)+"));

/// What else they escape: `\b`, and signs.
static ESCAPES: LazyLock<Regex> = LazyLock::new(|| fixed(r"\\[A-Za-z]?"));

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
}

#[cfg(test)]
mod tests;
