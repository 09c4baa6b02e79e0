//! `sacpilot run` and `sacpilot diagnose`: a script on a machine, with everything that is left of it in one
//! folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use etcetera::{BaseStrategy, choose_base_strategy};

use super::ask::{self, Approval};
use super::azure::first::snapshot_first;
use super::azure::machine::snapshot_name;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::lock;
use super::login::THE_PASSWORD;
use super::opening::{Opening, STOPPED, awaiting, session_id};
use super::pictures;
use super::plan;
use super::runs::{given, next};
use super::script_args::{Bound, ScriptArgs};
use super::signals::guarded;
use super::steps::{self, MaxRisk, StepArgs};
use super::tape;
use super::target::{TARGETS, Target, TargetArgs};
use crate::encoding::harmless_json;
use crate::engine::event::{Again, ChannelLeft, EventKind, RunMode};
use crate::engine::run::{begin, begin_again, not_reached, not_wanted, not_written, while_told};
use crate::engine::{
    Ended, Event, Interrupt, Listener, Masks, Narrator, OnInterrupt, Operator, OperatorError, Order, Past,
    RunFolder, Selection, SessionPlace, journal, live::Live, run as run_script, undo as undo_run,
};
use crate::recording::Recorder;
use crate::report::{JsonLines, Next, Summary, Terminal, evidence, json, junit, markdown, visible};
use crate::script::model::Script;
use crate::script::plan::Plan;
use crate::secret::Secret;
use crate::transport::Endpoint;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = run_help())]
pub struct RunArgs {
    /// The script.
    #[command(flatten)]
    script: ScriptArgs,

    /// Does not ask before the machine is changed
    #[arg(short, long)]
    yes: bool,

    /// Takes a snapshot of the system disk first (azure: targets; without --yes it is offered); its id is in the journal
    /// and the report
    #[arg(long)]
    snapshot: bool,

    /// Does what this plan says (`sacpilot plan -o FILE`), or nothing
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Refuses to begin when a step may do more than this
    #[arg(long, value_enum, value_name = "RISK", default_value_t = MaxRisk::Reboot)]
    max_risk: MaxRisk,

    /// Which steps.
    #[command(flatten)]
    steps: StepArgs,

    /// What becomes of changes when you stop the run (Ctrl-C)
    #[arg(long, value_enum, value_name = "POLICY", default_value_t = InterruptPolicy::Keep)]
    on_interrupt: InterruptPolicy,

    /// The target.
    #[command(flatten)]
    target: TargetArgs,
}

/// Arguments of `diagnose`.
#[derive(Debug, clap::Args)]
#[command(after_help = diagnose_help())]
pub struct DiagnoseArgs {
    /// The script.
    #[command(flatten)]
    script: ScriptArgs,
    /// Which steps.
    #[command(flatten)]
    steps: StepArgs,
    /// The target.
    #[command(flatten)]
    target: TargetArgs,
}

/// What becomes of changes when the user stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum InterruptPolicy {
    /// They stay, and are named in the report.
    Keep,
    /// They are taken back.
    Undo,
}

fn run_help() -> String {
    format!(
        "\
Examples:
  sacpilot run rdp-internal-error -t sim:rdp-internal-error --yes
  sacpilot run rdp/tls-protocols -t serial:/dev/ttyUSB0 --user Administrator -p versions=1.2

Checks each condition, changes what does not hold, checks again. When a step fails, the changes \
of the run are taken back in reverse order. Leaves a folder with journal, recording and report.

{TARGETS}"
    )
}

fn diagnose_help() -> String {
    format!(
        "\
Examples:
  sacpilot diagnose rdp-internal-error -t sim:rdp-internal-error
  sacpilot diagnose rdp-internal-error -t serial:COM1 --user Administrator --json

Sends only commands that read. Exit code 1: something was found.

{TARGETS}"
    )
}

/// `sacpilot run`.
pub async fn run(args: RunArgs, context: &Context) -> Result<Exit, Failure> {
    let place = args.target.place(context)?;
    let mut bound = args.script.bind(place.params(), context)?;
    let selection = args.steps.selection();
    bound.script = steps::chosen(&selection, &bound.script)?;
    let plan = args.plan.as_ref().map(|plan| plan::compare(plan, &bound)).transpose()?;
    let approved = plan.as_ref().map(|plan| plan.digest.clone());
    steps::within(args.max_risk, &Plan::new(&bound.script, &bound.params))?;
    let endpoint = &place.endpoint;
    if args.snapshot && !matches!(endpoint, Endpoint::Azure(_)) {
        return Err(Failure::usage(format!("`--snapshot` cannot be taken of `{endpoint}`"))
            .help("it works for azure: targets; elsewhere take a snapshot with the tools of the host"));
    }
    if !args.yes && !context.can_ask {
        return Err(Failure::usage(
            "`run` may change the machine, and there is no terminal to ask whether it shall",
        )
        .help("look first with `diagnose`, then give --yes"));
    }
    // With --yes nobody is asked anything.
    let context = &Context { can_ask: context.can_ask && !args.yes, ..context.clone() };
    somebody_answers(&bound.script, context)?;
    let mut target = args.target.resolve(context)?;
    if let (true, Endpoint::Azure(vm)) = (args.snapshot, &target.endpoint) {
        target.snapshot = Some(snapshot_name(vm, context));
    }
    let mut planned = Plan::new(&bound.script, &bound.params);
    planned.snapshot_offered = target.snapshot.is_none() && plan::can_be_taken(&target.endpoint, &planned);
    if !args.yes {
        approve(&planned, &mut target, context)?;
    } else if planned.snapshot_offered {
        target.snapshot_declined = Some("--yes was given without --snapshot");
    }
    if let Some(plan) = plan.filter(Plan::is_of_a_machine) {
        still_so(&plan, &bound, &target, context).await?;
    }
    let on_interrupt = match args.on_interrupt {
        InterruptPolicy::Keep => OnInterrupt::Keep,
        InterruptPolicy::Undo => OnInterrupt::Undo,
    };
    let wish = Wish { mode: RunMode::Run, on_interrupt, selection, approved };
    Box::pin(drive(bound, target, wish, context)).await
}

/// Shows the plan and asks whether it is to be done, and, where that can be, whether after a snapshot.
fn approve(planned: &Plan, target: &mut Target, context: &Context) -> Result<(), Failure> {
    context.tell(&planned.to_text());
    let question = format!("\nDo this on {}?", target.name);
    let approval = match &target.endpoint {
        Endpoint::Azure(_) if planned.snapshot_offered => ask::approval(&question)?,
        _ if ask::confirm(&question)? => Approval::Yes,
        _ => Approval::No,
    };
    match (approval, &target.endpoint) {
        (Approval::No, _) => return Err(Failure::usage("not confirmed; nothing was sent")),
        (Approval::AfterSnapshot, Endpoint::Azure(vm)) => target.snapshot = Some(snapshot_name(vm, context)),
        _ if planned.snapshot_offered => target.snapshot_declined = Some("it was offered and not wanted"),
        _ => {}
    }
    Ok(())
}

/// Looks whether the machine is still as it was when the plan was made; one that is not was not approved.
async fn still_so(plan: &Plan, bound: &Bound, target: &Target, context: &Context) -> Result<(), Failure> {
    let (summary, ended) = look(bound, target, context).await?;
    if ended != Exit::HOLDS && ended != Exit::FINDINGS {
        return Err(Failure::new(
            ended,
            "whether the plan still fits could not be found out; nothing was changed",
        ));
    }
    let mut now = Plan::new(&bound.script, &bound.params);
    plan::fill_in(&mut now, &summary, &target.name);
    let differences = plan.differences(&now);
    if differences.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the plan is stale: {} is not as it was when it was made; nothing was changed\n{}",
        target.name,
        differences.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    );
    Err(Failure::usage(message)
        .help("make the plan again with `sacpilot plan … -t TARGET -o FILE`, and have it approved again"))
}

/// Refuses a script that asks what only a person can answer, where nobody is asked.
fn somebody_answers(script: &Script, context: &Context) -> Result<(), Failure> {
    let questions = script.questions();
    if context.can_ask || questions.is_empty() {
        return Ok(());
    }
    let message = format!("nobody is there to answer {}; nothing was sent", questions.join(", "));
    Err(Failure::usage(message)
        .help("run it on a terminal, without --yes, or give the step an `unattended` answer"))
}

/// `sacpilot diagnose`.
pub async fn diagnose(args: DiagnoseArgs, context: &Context) -> Result<Exit, Failure> {
    let mut bound = args.script.bind(args.target.place(context)?.params(), context)?;
    let selection = args.steps.selection();
    bound.script = steps::chosen(&selection, &bound.script)?;
    somebody_answers(&bound.script, context)?;
    let target = args.target.resolve(context)?;
    let wish = Wish { mode: RunMode::Diagnose, on_interrupt: OnInterrupt::Keep, selection, approved: None };
    Box::pin(drive(bound, target, wish, context)).await
}

/// What is wished for a run.
struct Wish {
    mode: RunMode,
    on_interrupt: OnInterrupt,
    selection: Selection,
    approved: Option<String>,
}

/// The checks of a script on a machine, shown as they go on, without a folder: for a plan.
pub async fn look(bound: &Bound, target: &Target, context: &Context) -> Result<(Summary, Exit), Failure> {
    let _lock = lock::take(&target.endpoint, &format!("plan {}", bound.script.name), context)?;
    let files: Vec<&Path> = context.globals.record.as_deref().into_iter().collect();
    let recorder = tape::recorder(target, &files, context)?;
    let summary = Shared::default();
    let mut masks = bound.masks.clone();
    masks.add(THE_PASSWORD, target.credentials.password.clone());
    let secrets = masks.secrets();
    let narrator = Narrator::new(context.started, masks).with_listener(summary.clone());
    let terminal = Terminal::new(io::stderr(), context.stderr_paint(), context.detail());
    let terminal = if context.stderr_is_terminal { terminal.live() } else { terminal };
    let narrator = narrator.with_listener(terminal);
    let order = Order {
        run: "plan".to_owned(),
        script: Arc::clone(&bound.script),
        params: bound.params.clone(),
        mode: RunMode::Diagnose,
        target: target.name.clone(),
        timeout: context.globals.timeout,
        on_interrupt: OnInterrupt::Keep,
        selection: Selection::default(),
        approved: None,
        snapshot: None,
    };
    let exit =
        Box::pin(converse(&order, target, secrets, recorder, narrator, Taking::Begin, context)).await?;
    Ok((summary.take(), exit.unwrap_or(Exit::INTERRUPTED)))
}

/// Does a run: folder, journal, session, script, reports.
async fn drive(bound: Bound, target: Target, wish: Wish, context: &Context) -> Result<Exit, Failure> {
    let verb = match wish.mode {
        RunMode::Run => "run",
        RunMode::Diagnose => "diagnose",
    };
    let _lock = lock::take(&target.endpoint, &format!("{verb} {}", bound.script.name), context)?;
    let runs = runs_dir(context)?;
    let unwritable = |error: &dyn std::fmt::Display| {
        Failure::usage(error.to_string()).help("choose another place with --runs-dir")
    };
    let folder = RunFolder::create(&runs, &bound.script.name, &target.name, context.started)
        .map_err(|error| unwritable(&error))?;
    let journal = folder.journal().map_err(|error| unwritable(&error))?;
    let plan = serde_json::to_string_pretty(&Plan::new(&bound.script, &bound.params))
        .map_err(|error| unwritable(&error))?;
    folder.write("plan.json", &(harmless_json(plan) + "\n")).map_err(|error| unwritable(&error))?;
    for (name, text) in &bound.sources {
        folder.keep_script(name, text).map_err(|error| unwritable(&error))?;
    }
    let cast = folder.recording();
    let files: Vec<&Path> =
        std::iter::once(cast.as_path()).chain(context.globals.record.as_deref()).collect();
    let recorder = tape::recorder(&target, &files, context)?;

    let mut masks = bound.masks;
    masks.add(THE_PASSWORD, target.credentials.password.clone());
    let secrets = masks.secrets();
    let order = Order {
        run: folder.name().to_owned(),
        script: bound.script,
        params: bound.params,
        mode: wish.mode,
        target: target.name.clone(),
        timeout: context.globals.timeout,
        on_interrupt: wish.on_interrupt,
        selection: wish.selection,
        approved: wish.approved,
        snapshot: target.snapshot.clone(),
    };
    let narrator = listeners(Narrator::new(context.started, masks).with_journal(journal), &[], context);
    let narrator = match &recorder {
        Some(recorder) => narrator.with_listener(tape::Told::new(recorder.annotator())),
        None => narrator,
    };
    let taking = Taking::Begin;
    let ended = Box::pin(converse(&order, &target, secrets, recorder, narrator, taking, context)).await;
    conclude(&folder, ended, context)
}

/// Writes the reports of a run that ended, and says how it did.
pub(super) fn conclude(
    folder: &RunFolder,
    ended: Result<Option<Exit>, Failure>,
    context: &Context,
) -> Result<Exit, Failure> {
    // A run that could not begin has nothing to report; the result of any other stands without a report.
    let ended = ended?;
    if let Err(error) = report(folder, context) {
        let run = given(folder, context);
        context.tell(&format!(
            "warning: {}\n  help: `sacpilot runs {}` shows the report, from what the journal holds\n",
            visible::line(&error.message),
            run.display()
        ));
    }
    ended.ok_or_else(|| {
        Failure::new(
            Exit::INTERRUPTED,
            "stopped at once: the current command may still run, and a channel may be open",
        )
        .help(format!(
            "`sacpilot resume {run}` finds out and goes on, `sacpilot undo {run}` takes back what was changed",
            run = given(folder, context).display()
        ))
    })
}

/// Whether a run begins, or is taken up again.
pub(super) enum Taking {
    /// It begins.
    Begin,
    /// It is taken up again.
    Again(Again, Box<Past>),
}

/// Opens a session and runs the script. `None`: the user stopped it at once.
pub(super) async fn converse(
    order: &Order,
    target: &Target,
    secrets: Vec<Secret>,
    recorder: Option<Recorder>,
    mut narrator: Narrator,
    taking: Taking,
    context: &Context,
) -> Result<Option<Exit>, Failure> {
    match &taking {
        Taking::Begin => begin(order, &mut narrator),
        Taking::Again(again, _) => begin_again(&order.target, *again, &mut narrator),
    }
    .map_err(|error| {
        let help = "nothing was sent; make room, or choose another place with --runs-dir";
        Failure::usage(error.to_string()).help(help)
    })?;
    let earlier = match &taking {
        Taking::Begin => None,
        Taking::Again(_, past) => past.ledger.earlier(),
    };
    let interrupt = Interrupt::default();
    let task = Box::pin(async {
        let (waits, mut awaiting) = awaiting();
        let first = tokio::select! {
            first = snapshot_first(target, &mut narrator, &mut awaiting, &waits) => first,
            () = interrupt.requested() => return not_wanted(&mut narrator),
        };
        if let Err(error) = first {
            return not_reached(&mut narrator, error);
        }
        let opening = Opening::line(target, recorder, Some(waits.clone()));
        let opened = tokio::select! {
            opened = while_told(opening, &mut narrator, &mut awaiting) => opened,
            () = interrupt.requested() => return not_wanted(&mut narrator),
        };
        let line = match opened {
            Ok(Ok(line)) => line.stopped_by(&interrupt),
            Ok(Err(error)) => return not_reached(&mut narrator, error),
            Err(error) => return not_written(&mut narrator, &error),
        };
        let described = line.describe();
        let what = "a command prompt (SAC, a channel, the login)".to_owned();
        let budget_ms = Some(target.wait.as_millis() as u64);
        let session = session_id(context.started);
        let told = narrator.tell(EventKind::SessionOpening { session });
        if let Err(error) = told.and_then(|()| narrator.tell(EventKind::Waiting { what, budget_ms })) {
            return not_written(&mut narrator, &error);
        }
        let opening = Box::pin(line.session(secrets, context.started, waits, earlier));
        let mut live = match Box::pin(while_told(opening, &mut narrator, &mut awaiting)).await {
            Ok(Ok(live)) if context.can_ask => live.attended(ask::question),
            Ok(Ok(live)) => live,
            Ok(Err(error)) if error.code == STOPPED => return stopped_while_opening(&mut narrator, &error),
            Ok(Err(error)) => return not_reached(&mut narrator, error),
            Err(error) => {
                let why = "the journal could not be written while a session was opened".to_owned();
                let _ = narrator.tell(EventKind::SessionClosed { channel: ChannelLeft::Open { why } });
                return not_written(&mut narrator, &error);
            }
        };
        if let Err(error) = narrator.tell(opened_event(described, &live)) {
            let channel = match live.close().await {
                Ok(()) => ChannelLeft::Closed,
                Err(error) => ChannelLeft::Open { why: error.to_string() },
            };
            let _ = narrator.tell(EventKind::SessionClosed { channel });
            return not_written(&mut narrator, &error);
        }
        match taking {
            Taking::Again(Again::Undo, _) => {
                Box::pin(undo_run(order, &mut live, &mut narrator, &mut awaiting, &interrupt)).await
            }
            Taking::Again(Again::Resume, past) => {
                Box::pin(run_script(order, &mut live, &mut narrator, &mut awaiting, &interrupt, *past)).await
            }
            Taking::Begin => {
                let past = Past::default();
                Box::pin(run_script(order, &mut live, &mut narrator, &mut awaiting, &interrupt, past)).await
            }
        }
    });
    let ended = guarded(&interrupt, task).await;
    if ended.is_none() {
        let why = "stopped at once; a command may still run in it".to_owned();
        let _ = narrator.tell(EventKind::SessionClosed { channel: ChannelLeft::Open { why } });
        not_wanted(&mut narrator);
    }
    Ok(ended.map(|ended| Exit::of(ended.verdict)))
}

fn opened_event(line: String, live: &Live) -> EventKind {
    let SessionPlace { session, channel, kept } = live.place();
    EventKind::SessionOpened { line, session, channel, kept }
}

/// The user stopped the run while a channel was being opened. Where it could not be closed again, the error says so.
fn stopped_while_opening(narrator: &mut Narrator, error: &OperatorError) -> Ended {
    let channel = match error.help {
        Some(_) => ChannelLeft::Open { why: error.message.clone() },
        None => ChannelLeft::Closed,
    };
    let _ = narrator.tell(EventKind::SessionClosed { channel });
    not_wanted(narrator)
}

/// Who hears of the run.
pub(super) fn listeners(narrator: Narrator, before: &[Event], context: &Context) -> Narrator {
    if context.globals.json {
        return narrator.with_listener(JsonLines::new(io::stdout()));
    }
    let terminal = Terminal::new(io::stdout(), context.stdout_paint(), context.detail()).after(before);
    narrator.with_listener(if context.stderr_is_terminal { terminal.live() } else { terminal })
}

/// Writes the reports, from what the journal holds, and tells what can be done next.
fn report(folder: &RunFolder, context: &Context) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::REMAINS, error.to_string());
    let recorded = journal::read(&folder.path().join("journal.jsonl")).map_err(|error| failed(&error))?;
    let next = next(folder, &Past::of(&recorded.events, &Masks::default()), context);
    let written = reports(folder, &recorded.events, &next);
    if !context.globals.json && !context.globals.quiet {
        if written.is_ok() {
            context.say(&format!("        {}\n", folder.path().join("report.md").display()))?;
        }
        let commands = [("to go on: ", &next.resume), ("to take it back: ", &next.undo)];
        for (what, command) in commands {
            if let Some(command) = command {
                context.say(&format!("        {what}{}\n", visible::line(command)))?;
            }
        }
    }
    written
}

fn reports(folder: &RunFolder, events: &[Event], next: &Next) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::REMAINS, error.to_string());
    let mut summary = Summary::of(events);
    pictures::draw(folder, &mut summary).map_err(|error| failed(&error))?;
    let json = json::report(&summary).map_err(|error| failed(&error))?;
    folder.write("report.json", &json).map_err(|error| failed(&error))?;
    folder.write("report.md", &markdown::report(&summary, next)).map_err(|error| failed(&error))?;
    folder.write("junit.xml", &junit::report(&summary)).map_err(|error| failed(&error))?;
    folder.write("evidence.txt", &evidence::report(events)).map_err(|error| failed(&error))
}

/// Where run folders are made.
pub(super) fn runs_dir(context: &Context) -> Result<PathBuf, Failure> {
    let folder = context.globals.runs_dir.clone().map_or_else(default_runs_dir, Ok)?;
    if fs::metadata(&folder).is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::usage(format!("{} is not a folder", folder.display()))
            .help("choose another place with --runs-dir"));
    }
    Ok(folder)
}

pub(super) fn default_runs_dir() -> Result<PathBuf, Failure> {
    let base = choose_base_strategy().map_err(|_| {
        Failure::usage("there is no home folder to keep runs in").help("name a folder with --runs-dir")
    })?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("sacpilot").join("runs"))
}

/// A summary that is read after the run.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Summary>>);

impl Shared {
    fn take(&self) -> Summary {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Listener for Shared {
    fn hear(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(event);
    }
}
