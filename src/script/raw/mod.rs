//! A script as it is written: the types behind the file format and its JSON Schema.

mod shape;
mod value;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::shape::{At, Entries, Many};
pub(crate) use self::value::{RawCapture, RawOver, RawUndo, RawValue};

/// A sacpilot script: one condition, or a few, that hold on the machine afterwards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Script")]
pub(crate) struct RawScript {
    /// The path below the scripts folder without `.yaml`: `rdp/port`.
    pub(crate) script: At<String>,
    /// One line: the condition that holds afterwards.
    pub(crate) title: At<String>,
    /// What a tired person needs to know: symptoms, causes, what is changed, what is not.
    pub(crate) about: At<String>,
    /// The document it comes from.
    pub(crate) source: Option<At<String>>,
    /// Where it does something else than that document, and why.
    pub(crate) differs: Option<At<String>>,
    /// What the user sees when this script is the right one, each in a line of its own.
    pub(crate) symptoms: Option<At<Vec<At<String>>>>,
    /// When to use it.
    pub(crate) use_when: Option<At<String>>,
    /// When not to use it, and what to use instead.
    pub(crate) not_when: Option<At<String>>,
    /// How long it usually takes over a serial line: `3m`.
    pub(crate) takes: Option<At<String>>,
    /// What is left to do outside of the machine: network security group, portal, domain.
    pub(crate) outside: Option<At<String>>,
    /// Values the caller may set.
    pub(crate) params: Option<Entries<RawParam>>,
    /// How long the whole script may take: `2h`.
    pub(crate) within: Option<At<String>>,
    /// The steps, in order.
    pub(crate) steps: At<Vec<At<RawStep>>>,
}

/// A value the caller may set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Parameter")]
pub(crate) struct RawParam {
    /// What values it takes.
    pub(crate) r#type: At<RawKind>,
    /// Its value when none is given. Without a default it must be given.
    pub(crate) default: Option<At<RawValue>>,
    /// What it means.
    pub(crate) about: At<String>,
    /// Smallest number.
    pub(crate) min: Option<At<i64>>,
    /// Largest number.
    pub(crate) max: Option<At<i64>>,
    /// The words it may be (`choice`), or its items may be (`list`).
    pub(crate) choices: Option<At<Vec<At<String>>>>,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ParameterType")]
pub(crate) enum RawKind {
    /// Any text without control characters.
    Text,
    /// A whole number between `min` and `max`.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of `choices`.
    Choice,
    /// A list of text, of `choices` when there are any.
    List,
    /// Text that is never shown.
    Secret,
}

/// One step: it looks (`run`), holds a condition (`check`), talks (`dialogue`), waits (`wait`), puts a file on the machine
/// (`upload`), restarts it (`reboot`), uses another script (`use`), asks (`ask`), reports (`finding`) or holds steps (`block`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) struct RawStep {
    /// Unique in the script; `steps.ID` in expressions.
    pub(crate) id: At<String>,
    /// What is true afterwards. May hold `{{ }}`.
    pub(crate) title: At<String>,
    /// Where the commands are typed.
    pub(crate) r#in: Option<At<RawMode>>,
    /// Runs the step once for each item: `{variable: 'list'}`, or `{variable: ['a', 'b']}`.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub(crate) for_each: Option<At<Entries<At<RawOver>>>>,
    /// Most items of `for_each`; a longer list is a failure. 100 by default.
    pub(crate) max_items: Option<At<i64>>,
    /// Skips the step unless this expression is true.
    pub(crate) when: Option<At<String>>,
    /// How long each command may take: `30s`.
    pub(crate) timeout: Option<At<String>>,
    /// How long the whole step may take: `10m`.
    pub(crate) within: Option<At<String>>,
    /// What becomes of the run when the step fails: `undo` all changes (the default), `stop`, or `continue`.
    pub(crate) on_failure: Option<At<RawOnFailure>>,
    /// Raises the risk that is derived from what the step does.
    pub(crate) risk: Option<At<RawRisk>>,
    /// What it means when `holds` is false.
    pub(crate) finding: Option<At<RawFinding>>,
    /// A command that only reads.
    pub(crate) run: Option<At<String>>,
    /// Values taken from what `run` prints.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// Whether what `run` found is right.
    pub(crate) holds: Option<At<String>>,
    /// Runs `run` again while `holds` is false.
    pub(crate) retry: Option<At<RawRetry>>,
    /// Reads whether the condition holds; run again after the change, and then it must.
    pub(crate) check: Option<At<RawProbe>>,
    /// Reads and keeps what `undo` needs, before the change.
    pub(crate) save: Option<At<Many<At<RawProbe>>>>,
    /// Establishes the condition.
    pub(crate) change: Option<At<Many<At<RawAction>>>>,
    /// Takes the change back; `none` with `why` when nothing can.
    pub(crate) undo: Option<At<RawUndo>>,
    /// Captures of `check` and `save` whose old values prove that the change was taken back: those that `undo` mentions, else
    /// all of `check` and its exit code. `[]`: nothing can tell.
    pub(crate) restores: Option<At<Vec<At<String>>>>,
    /// Why there is no undo.
    pub(crate) why: Option<At<String>>,
    /// Restarts the machine and logs in again.
    pub(crate) reboot: Option<At<RawReboot>>,
    /// Another script by its name.
    pub(crate) r#use: Option<At<String>>,
    /// Parameters of the used script. `'{{ expression }}'` passes a value on.
    pub(crate) with: Option<At<Entries<At<RawValue>>>>,
    /// A program that asks, and what it is answered.
    pub(crate) dialogue: Option<At<RawDialogue>>,
    /// Waits until a condition holds.
    pub(crate) wait: Option<At<RawWait>>,
    /// Puts a file on the machine.
    pub(crate) upload: Option<At<RawUpload>>,
    /// Asks the person at the terminal.
    pub(crate) ask: Option<At<RawAsk>>,
    /// Steps that fail or succeed together.
    pub(crate) block: Option<At<Vec<At<Self>>>>,
    /// Steps for when one of `block` failed.
    pub(crate) rescue: Option<At<Vec<At<Self>>>>,
    /// Steps for the end of the block, in any case.
    pub(crate) always: Option<At<Vec<At<Self>>>>,
}

/// Where commands are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Mode")]
pub(crate) enum RawMode {
    /// The prompt of the Special Administration Console.
    Sac,
    /// cmd.exe.
    Cmd,
    /// Windows PowerShell 5.1: a whole script at a time.
    Powershell,
}

/// What a step may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Risk")]
pub(crate) enum RawRisk {
    /// Only reads.
    Read,
    /// Changes the machine.
    Change,
    /// Restarts the machine.
    Reboot,
}

/// What a condition that does not hold means.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Finding")]
pub(crate) struct RawFinding {
    /// How bad it is.
    pub(crate) severity: At<RawSeverity>,
    /// What is wrong. May hold `{{ }}`.
    pub(crate) text: At<String>,
    /// What has to be done outside of this machine, or by hand.
    pub(crate) remedy: Option<At<String>>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Severity")]
pub(crate) enum RawSeverity {
    /// Worth knowing.
    Info,
    /// May cause trouble.
    Warning,
    /// Breaks something.
    Error,
}

/// A command that reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Probe")]
pub(crate) struct RawProbe {
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// Values taken from what it prints: `{name: 'pattern'}`, or `{name: {all: 'pattern'}}` for a list.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// Whether what it found is right.
    pub(crate) holds: Option<At<String>>,
    /// Runs it again while `holds` is false.
    pub(crate) retry: Option<At<RawRetry>>,
}

/// Tries again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RawRetry {
    /// How often at the most, the first try included.
    pub(crate) times: At<i64>,
    /// Pause between tries: `5s`.
    pub(crate) every: At<String>,
}

/// A command that changes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Action")]
pub(crate) struct RawAction {
    /// Sent only when this is true.
    pub(crate) when: Option<At<String>>,
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// Exit codes that mean success; 0 alone by default.
    pub(crate) codes: Option<At<Vec<i64>>>,
    /// Answers to what it asks.
    pub(crate) answers: Option<At<Many<At<RawAnswer>>>>,
    /// The key that is pressed when that goes wrong: `ctrl-c` by default.
    pub(crate) abort: Option<At<String>>,
}

/// What becomes of the run when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "OnFailure")]
pub(crate) enum RawOnFailure {
    /// All changes of the run are taken back.
    Undo,
    /// The run ends, changes stay.
    Stop,
    /// The changes of this step are taken back, and the run goes on.
    Continue,
}

/// A program that asks, and what it is answered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dialogue")]
pub(crate) struct RawDialogue {
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// What it may show, and what is done then; the first that matches is taken.
    pub(crate) answers: At<Many<At<RawAnswer>>>,
    /// The key that is pressed when the dialogue goes wrong: `ctrl-c` by default.
    pub(crate) abort: Option<At<String>>,
    /// Exit codes that mean success; 0 alone by default.
    pub(crate) codes: Option<At<Vec<i64>>>,
    /// Values taken from what it showed.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// Whether what it showed is right.
    pub(crate) holds: Option<At<String>>,
}

/// What a program shows (`text` or `regex`), and what is done then (`send`, `key` or `fail`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Answer")]
pub(crate) struct RawAnswer {
    /// This text, letter by letter, in single quotes.
    pub(crate) text: Option<At<String>>,
    /// A regular expression, in single quotes.
    pub(crate) regex: Option<At<String>>,
    /// Where it is looked for: `stream` (the text as it comes, the default) or `screen` (as it stands).
    pub(crate) on: Option<At<RawSurface>>,
    /// Types this line, proves its echo, and presses Enter.
    pub(crate) send: Option<At<String>>,
    /// How the program shows what is typed: `text` (the default), `stars` or `none`.
    pub(crate) echo: Option<At<RawEcho>>,
    /// Presses one key, without Enter: a letter, `enter`, `space`, `escape`, `ctrl-c` or `ctrl-z`.
    pub(crate) key: Option<At<String>>,
    /// The dialogue has failed, and why.
    pub(crate) fail: Option<At<String>>,
    /// How often at the most; once by default.
    pub(crate) times: Option<At<i64>>,
}

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Surface")]
pub(crate) enum RawSurface {
    /// In the text as it comes.
    Stream,
    /// On the screen as it stands.
    Screen,
}

/// How a program shows what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Echo")]
pub(crate) enum RawEcho {
    /// As it is.
    Text,
    /// One star a character.
    Stars,
    /// Not at all.
    None,
}

/// A condition that becomes true by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wait")]
pub(crate) struct RawWait {
    /// The command, in single quotes.
    pub(crate) run: At<String>,
    /// Values taken from what it prints.
    pub(crate) capture: Option<At<Entries<At<RawCapture>>>>,
    /// What must become true.
    pub(crate) holds: At<String>,
    /// How long at the most: `5m`.
    pub(crate) within: At<String>,
    /// Pause between looks: `5s`, which is the default.
    pub(crate) every: Option<At<String>>,
}

/// A file for the machine: its bytes from `text` or `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upload")]
pub(crate) struct RawUpload {
    /// Its path on the machine, in single quotes.
    pub(crate) to: At<String>,
    /// What is in it, in a | block; lines end with CR LF on the machine.
    pub(crate) text: Option<At<String>>,
    /// A file beside the script.
    pub(crate) file: Option<At<String>>,
    /// Whether it is taken back at the end of the run; `true` by default.
    pub(crate) temporary: Option<At<bool>>,
}

/// A question to the person at the terminal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ask")]
pub(crate) struct RawAsk {
    /// The question. May hold `{{ }}`.
    pub(crate) question: At<String>,
    /// The answers to choose from; any text without.
    pub(crate) choices: Option<At<Vec<At<String>>>>,
    /// The answer when nobody is there. Without it an unattended run is refused before anything is sent.
    pub(crate) unattended: Option<At<String>>,
}

/// Restarts the machine: by `shutdown /r`, or with `in: sac` by SAC's own `restart`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reboot")]
pub(crate) struct RawReboot {
    /// Why. May hold `{{ }}`.
    pub(crate) reason: At<String>,
    /// How long until the prompt is back: `20m`.
    pub(crate) within: Option<At<String>>,
}

type RawCaptures = [(At<String>, At<RawCapture>)];

impl RawStep {
    /// Captures that later steps see as `steps.ID.NAME`.
    pub(crate) fn own_captures(&self) -> &RawCaptures {
        let check = self.check.as_ref().and_then(|check| check.value.capture.as_ref());
        let dialogue = || self.dialogue.as_ref().and_then(|dialogue| dialogue.value.capture.as_ref());
        let wait = || self.wait.as_ref().and_then(|wait| wait.value.capture.as_ref());
        let own = self.capture.as_ref().or(check).or_else(dialogue).or_else(wait);
        own.map_or(&[], |entries| &entries.value.0)
    }

    /// Each `capture` in it.
    pub(crate) fn capture_keys(&self) -> impl Iterator<Item = &At<Entries<At<RawCapture>>>> {
        let check = self.check.iter().flat_map(|check| &check.value.capture);
        let dialogue = self.dialogue.iter().flat_map(|dialogue| &dialogue.value.capture);
        let wait = self.wait.iter().flat_map(|wait| &wait.value.capture);
        let saves = self.saves().flat_map(|save| &save.value.capture);
        self.capture.iter().chain(check).chain(dialogue).chain(wait).chain(saves)
    }

    /// The steps inside of it: those of a block.
    pub(crate) fn inner(&self) -> impl Iterator<Item = &At<Self>> {
        let lists = self.block.iter().chain(&self.rescue).chain(&self.always);
        lists.flat_map(|list| &list.value)
    }

    /// Every capture in the step.
    pub(crate) fn captures(&self) -> impl Iterator<Item = &(At<String>, At<RawCapture>)> {
        self.own_captures().iter().chain(self.saves().flat_map(|save| save.value.captures()))
    }

    /// The probes under `save`.
    pub(crate) fn saves(&self) -> impl Iterator<Item = &At<RawProbe>> {
        self.save.iter().flat_map(|many| &many.value.0)
    }
}

impl RawScript {
    /// Every step, those inside of blocks included.
    pub(crate) fn all_steps(&self) -> Vec<&At<RawStep>> {
        fn walk<'r>(step: &'r At<RawStep>, all: &mut Vec<&'r At<RawStep>>) {
            all.push(step);
            step.value.inner().for_each(|inner| walk(inner, all));
        }
        let mut all = Vec::new();
        self.steps.value.iter().for_each(|step| walk(step, &mut all));
        all
    }
}

impl RawProbe {
    /// Its captures.
    pub(crate) fn captures(&self) -> &RawCaptures {
        self.capture.as_ref().map_or(&[], |entries| &entries.value.0)
    }
}

impl RawUndo {
    /// Its commands.
    pub(crate) fn actions(&self) -> &[At<RawAction>] {
        match self {
            Self::Actions(actions) => actions,
            Self::Word(_) => &[],
        }
    }
}
