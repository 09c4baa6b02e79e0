//! `sacpilot resume RUN` and `sacpilot undo RUN`: with nothing but the run folder, also on another computer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::ask;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::lock;
use super::login::THE_PASSWORD;
use super::run::{Taking, conclude, converse, listeners};
use super::runs::find;
use super::script_args::{ScriptArgs, secret_source};
use super::steps::chosen;
use super::tape;
use super::target::{ReachArgs, TargetArgs, shown_name};
use crate::engine::event::{Again, RunMode, UndoOutcome, WayBack};
use crate::engine::journal::{Journal, JournalError, Recorded};
use crate::engine::past::PastOrder;
use crate::engine::run::digests;
use crate::engine::{Masks, Narrator, NotAgain, Order, Past, RunFolder};
use crate::report::visible;
use crate::script::library::Library;
use crate::script::loader::{self, LoadError};
use crate::script::model::{Guidance, Param, ParamKind, Scope, Script};
use crate::secret::SecretSource;
use crate::transport::Endpoint;

/// Arguments of `resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = RESUME)]
pub struct ResumeArgs {
    /// The run.
    #[command(flatten)]
    run: AgainArgs,

    /// Is taken and changes nothing: what a run goes on with was approved when it began
    #[arg(short, long)]
    yes: bool,
}

/// Arguments of `undo`.
#[derive(Debug, clap::Args)]
#[command(after_help = UNDO)]
pub struct UndoArgs {
    /// The run.
    #[command(flatten)]
    run: AgainArgs,

    /// Does not ask before the machine is changed
    #[arg(short, long)]
    yes: bool,
}

/// A run, and how to reach its machine.
#[derive(Debug, clap::Args)]
struct AgainArgs {
    /// The run folder, or its name (`sacpilot runs`)
    #[arg(value_name = "RUN")]
    run: String,

    /// Where the console is now [default: where it was]
    #[arg(short, long, value_name = "TARGET")]
    target: Option<String>,

    /// Names the source of a secret parameter: NAME=env:VARIABLE, NAME=file:PATH or NAME=command:COMMAND
    #[arg(long, value_name = "NAME=SOURCE", value_parser = secret_source)]
    secret: Vec<(String, SecretSource)>,

    /// The way there.
    #[command(flatten)]
    reach: ReachArgs,
}

const RESUME: &str = "\
Examples:
  sacpilot resume 20261122T181500Z-rdp-internal-error-serial-COM1
  sacpilot resume ./moved-from-another-computer -t serial:/dev/ttyUSB1 --user Administrator

Goes on where the run ended early: after a crash, a kill, a lost line, a power cut on either side, in the middle of a \
restart, after Ctrl-C. What was done is not done twice: the journal, and the machine itself, tell how far it came. \
Values that were read before come from the journal. It does not ask: what it goes on with was approved when the run began, \
and the scripts must be those of then.

The journal keeps no password, so it keeps neither the arguments of exec: nor the query of a \
websocket: give such a target again with -t; a machine named in targets.yaml needs none.";

const UNDO: &str = "\
Examples:
  sacpilot undo 20261122T181500Z-rdp-internal-error-serial-COM1
  sacpilot undo ./run-folder --yes

Takes the changes of a run back in reverse order, with the commands that were written down before each was made, and \
looks whether the old values are there again. Says what cannot be taken back. Can be broken off and called again.

After a run over exec: or a websocket give the target again with -t, unless it was named in targets.yaml.";

/// `sacpilot resume`.
pub async fn resume(args: ResumeArgs, context: &Context) -> Result<Exit, Failure> {
    let opened = open(&args.run, context)?;
    let past = Past::of(&opened.recorded.events, &Masks::default());
    past.can_resume().map_err(|error| not_again(&error))?;
    Box::pin(again(args.run, opened, Again::Resume, context)).await
}

/// `sacpilot undo`.
pub async fn undo(args: UndoArgs, context: &Context) -> Result<Exit, Failure> {
    let opened = open(&args.run, context)?;
    let past = Past::of(&opened.recorded.events, &Masks::default());
    past.can_undo().map_err(|error| not_again(&error))?;
    if !args.yes {
        if !context.can_ask {
            let message = "`undo` changes the machine, and there is no terminal to ask whether it shall";
            return Err(Failure::usage(message).help("give --yes"));
        }
        context.tell(&what_goes_back(&past));
        let target = args.run.target.as_deref().unwrap_or(&past.order.target);
        let target = shown_name(target, context)?;
        if !ask::confirm(&format!("\nTake this back on {}?", visible::line(&target)))? {
            return Err(Failure::usage("not confirmed; nothing was sent"));
        }
    }
    Box::pin(again(args.run, opened, Again::Undo, context)).await
}

/// A run whose journal is ours to write.
struct OpenedRun {
    folder: RunFolder,
    journal: Journal,
    recorded: Recorded,
}

fn open(args: &AgainArgs, context: &Context) -> Result<OpenedRun, Failure> {
    let folder = find(&args.run, context)?;
    let (journal, recorded) = Journal::resume(&folder.journal_path()).map_err(|error| {
        let failure = Failure::usage(visible::line(&error.to_string()));
        match error {
            JournalError::Locked { .. } => {
                failure.help("the run goes on in another program: wait for it, or stop it there")
            }
            _ => failure,
        }
    })?;
    Ok(OpenedRun { folder, journal, recorded })
}

async fn again(args: AgainArgs, opened: OpenedRun, again: Again, context: &Context) -> Result<Exit, Failure> {
    let OpenedRun { folder, journal, recorded } = opened;
    let first = Past::of(&recorded.events, &Masks::default()).order;
    let target = args.target.clone().unwrap_or_else(|| first.target.clone());
    let target = TargetArgs { target, reach: args.reach };
    target.place(context)?;

    let script = script_of(&folder, &first.script, &first.scripts).or_else(|failure| match again {
        Again::Resume => Err(failure),
        Again::Undo => Ok(of_journal(&first)),
    })?;
    let mut params: Scope = Scope::new();
    let arguments = ScriptArgs { script: first.script.clone(), param: Vec::new(), secret: args.secret };
    let mut masks = arguments.secrets(&script, &mut params)?;
    let script = match again {
        Again::Resume => chosen(&first.selection, &script)?,
        Again::Undo => script,
    };

    let mut target = target.resolve(context)?;
    // It was to be there before anything is changed.
    if again == Again::Resume && first.snapshot.is_some() {
        if !matches!(target.endpoint, Endpoint::Azure(_)) {
            let shown = visible::line(&target.name);
            let message =
                format!("this run was to take a snapshot first, and none can be taken of `{shown}`");
            return Err(Failure::usage(message)
                .help("resume it over its azure: target, or begin a new run without --snapshot"));
        }
        target.snapshot.clone_from(&first.snapshot);
    }
    masks.add(THE_PASSWORD, target.credentials.password.clone());
    let past = Past::of(&recorded.events, &masks);
    for (name, value) in &past.order.params {
        let value = || serde_json::from_value(value.clone()).unwrap_or_default();
        params.entry(name.clone()).or_insert_with(value);
    }
    let _lock = lock::take(&target.endpoint, &format!("{} {}", word(again), folder.name()), context)?;
    let cast = folder.recording();
    let files: Vec<&Path> =
        std::iter::once(cast.as_path()).chain(context.globals.record.as_deref()).collect();
    let recorder = tape::recorder(&target, &files, context)?;
    let secrets = masks.secrets();
    let order = Order {
        run: first.run,
        script,
        params,
        mode: first.mode.unwrap_or(RunMode::Run),
        target: target.name.clone(),
        timeout: Duration::from_millis(first.timeout_ms),
        on_interrupt: first.on_interrupt,
        selection: first.selection,
        approved: first.approved,
        snapshot: first.snapshot,
    };
    let narrator =
        Narrator::new(context.started, masks).with_journal(journal).with_ledger(past.ledger.clone());
    let narrator = listeners(narrator, &recorded.events, context);
    let narrator = match &recorder {
        Some(recorder) => narrator.with_listener(tape::Told::after(recorder.annotator(), &recorded.events)),
        None => narrator,
    };
    let taking = Taking::Again(again, Box::new(past));
    let ended = Box::pin(converse(&order, &target, secrets, recorder, narrator, taking, context)).await;
    conclude(&folder, ended, context)
}

/// The script as it was when the run began: from the run folder, or from this program when it ships the same.
fn script_of(
    folder: &RunFolder,
    name: &str,
    expected: &std::collections::BTreeMap<String, String>,
) -> Result<Arc<Script>, Failure> {
    let library = Library::with_folder(folder.scripts());
    let loaded = loader::load(&library, name).map_err(|error| match error {
        LoadError::Script(report) => {
            Failure::rendered(Exit::USAGE, report.render(crate::script::diagnostic::Style::Plain))
        }
        error @ LoadError::Library(_) => Failure::usage(visible::line(&error.to_string())),
    })?;
    let found = digests(&loaded.script);
    // Of scripts that a selection leaves out, the journal has none.
    if !expected.iter().all(|(name, digest)| found.get(name) == Some(digest)) {
        return Err(Failure::usage("the scripts in the run folder are not those that the run began with")
            .help("bring the folder `scripts` of the run back as it was"));
    }
    Ok(loaded.script)
}

/// What taking back needs of a script: its name, and which parameters are secrets. A later version of this program may refuse
/// the script of then, and its folder may be lost.
fn of_journal(first: &PastOrder) -> Arc<Script> {
    let secrets = first.params.iter().filter(|(name, value)| **value == Masks::placeholder(name));
    let param = |(name, _): (&String, _)| Param {
        name: name.clone(),
        kind: ParamKind::Secret,
        default: None,
        about: String::new(),
    };
    Arc::new(Script {
        name: first.script.clone(),
        title: String::new(),
        about: String::new(),
        source: None,
        guidance: Guidance::default(),
        params: secrets.map(param).collect(),
        within: None,
        steps: Vec::new(),
        digest: String::new(),
    })
}

fn what_goes_back(past: &Past) -> String {
    let mut lines = vec!["To be taken back, in this order:".to_owned()];
    for made in past.ledger.changes.iter().rev().filter(|made| made.touched()) {
        lines.push(format!("  {}", visible::line(&made.step.0)));
        match &made.undo {
            WayBack::None { why } => {
                lines.push(format!("      cannot be taken back: {}", visible::line(why)));
            }
            WayBack::Commands { commands, .. } => {
                lines
                    .extend(commands.iter().map(|command| format!("      {}", visible::line(&command.text))));
            }
        }
        if let Some(UndoOutcome::Failed { failure }) = &made.outcome {
            lines.push(format!("      was tried, and failed: {}", visible::line(&failure.message)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn not_again(error: &NotAgain) -> Failure {
    Failure::usage(visible::line(&error.to_string())).help(error.help())
}

fn word(again: Again) -> &'static str {
    match again {
        Again::Resume => "resume",
        Again::Undo => "undo",
    }
}
