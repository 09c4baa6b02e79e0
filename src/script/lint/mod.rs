//! Checks of the commands themselves: what a shell would do with them.

mod cmd;
mod effects;
mod hives;
pub(crate) mod powershell;
mod words;

use std::ops::Range;

use crate::script::codes::Code;
use crate::script::model::Mode;
use crate::script::raw::{At, RawScript, RawStep};

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

/// What a command is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A look or a check: nothing may change.
    Read,
    /// `save`: backup files may be written.
    Save,
    /// `change` and `undo`.
    Change,
}

/// A command with its role.
pub(crate) struct Command<'r> {
    pub(crate) text: &'r At<String>,
    pub(crate) role: Role,
    /// Somebody answers what it asks.
    pub(crate) answered: bool,
}

/// Every command of a step, but not of the steps inside of it.
pub(crate) fn commands(raw: &RawStep) -> impl Iterator<Item = Command<'_>> {
    let silent = |text, role| Command { text, role, answered: false };
    let read = raw.run.iter().chain(raw.check.iter().map(|check| &check.value.run));
    let read = read.chain(raw.wait.iter().map(|wait| &wait.value.run));
    let save = raw.saves().map(|save| &save.value.run);
    let change = raw.change.iter().flat_map(|many| &many.value.0);
    let undo = raw.undo.iter().flat_map(|undo| undo.value.actions());
    let talk = raw.dialogue.iter().map(|dialogue| &dialogue.value.run);
    read.map(move |text| silent(text, Role::Read))
        .chain(save.map(move |text| silent(text, Role::Save)))
        .chain(change.chain(undo).map(|action| Command {
            text: &action.value.run,
            role: Role::Change,
            answered: action.value.answers.is_some(),
        }))
        .chain(talk.map(|text| Command { text, role: Role::Change, answered: true }))
}

/// What is wrong with the commands of a step.
pub(crate) fn step(raw: &RawStep, mode: Mode) -> Vec<Found> {
    commands(raw).flat_map(|command| cmd::lint(&command, mode)).collect()
}

/// What is wrong with the script as a whole.
pub(crate) fn script(raw: &RawScript) -> Vec<Found> {
    hives::lint(raw)
}

/// Words that Windows translates, and that scripts like to look for.
const TRANSLATED: [&str; 6] =
    ["LISTENING", "ESTABLISHED", "TIME_WAIT", "completed successfully", "Access is denied", "Everyone"];

/// The translated word in a text that is searched for, or a pattern.
pub(crate) fn translated(text: &str) -> Option<&'static str> {
    TRANSLATED.iter().find(|word| text.to_lowercase().contains(&word.to_lowercase())).copied()
}
