//! `sacpilot replay`: a recording driven again, shown, explained, cut into a test, looked through.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::ValueEnum;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::run::{Taking, converse};
use super::script_args;
use super::target::{Target, credentials_of, recorded_start};
use crate::encoding::Utf8Stream;
use crate::engine::event::EventKind;
use crate::engine::{Event, Listener, Masks, Narrator, OnInterrupt, Order, Selection};
use crate::recording::{CastWriter, Import, Kind, Manner, ReadError, survey};
use crate::replay::{audit, compare, explain, fixture, picture, text};
use crate::report::{Terminal, visible};
use crate::screen::Screen;
use crate::script::model::{Scope, Value};
use crate::transport::{Endpoint, ReplayPace};

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The recording: session.cast of a run, a file of --record, or a log of another tool (script, PuTTY, minicom)
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,

    /// Drives this script instead of the recorded one
    #[arg(long, value_name = "SCRIPT")]
    script: Option<String>,

    /// How what is sent must agree with what was recorded
    #[arg(long, value_enum, value_name = "MANNER", default_value_t = Agreement::Strict)]
    manner: Agreement,

    /// How fast recorded time goes: instant, real, or so many times faster
    #[arg(long, value_name = "PACE", default_value = "instant", value_parser = pace)]
    pace: ReplayPace,

    /// Gives the driver at most so many bytes at a time: a proof that cuts do not matter
    #[arg(long, value_name = "BYTES")]
    pieces: Option<usize>,

    /// What is done instead of driving the run again.
    #[command(flatten)]
    view: View,

    /// With --save-fixture: a word (a name, an account) that is replaced by letters; may be given more than once
    #[arg(long, value_name = "WORD", requires = "save_fixture")]
    redact: Vec<String>,
}

/// What is done instead of driving the run again.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct View {
    /// Tells line by line what the console was doing: boots, logins, commands, bug checks
    #[arg(long)]
    explain: bool,

    /// Prints the text of the console, unwrapped
    #[arg(long)]
    text: bool,

    /// Prints the screen at a moment: seconds (12.5) or a mark (`step tls`)
    #[arg(long, value_name = "TIME|MARK")]
    screen_at: Option<String>,

    /// Draws the screen at a moment as a picture (SVG, to standard output)
    #[arg(long, value_name = "TIME|MARK")]
    svg: Option<String>,

    /// Looks for secrets and personal data before the recording is passed on
    #[arg(long)]
    audit: bool,

    /// Writes a trimmed recording that a test can replay (compressed when FILE ends with .gz)
    #[arg(long, value_name = "FILE")]
    save_fixture: Option<PathBuf>,
}

/// How what is sent must agree with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Agreement {
    /// Byte for byte
    Strict,
    /// Line by line: chunks, erasing, typing again and timing are free
    Tolerant,
}

const HELP: &str = "\
Examples:
  sacpilot replay session.cast                     # drives the recorded run again, compares
  sacpilot replay session.cast --script my.yaml --manner tolerant
  sacpilot replay console.log --explain            # a log that somebody sent
  sacpilot replay session.cast --screen-at 'step tls-server'
  sacpilot replay session.cast --save-fixture tests/recordings/mine.cast.gz --redact WINSRV7
  sacpilot exec -t replay:session.cast -- ver      # the recording as a machine

Exit codes: 0 the run told the same again, 1 something differs (or --audit found something),
2 the recording cannot be read, or holds no run.";

/// Does what was asked.
pub async fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let path = &args.recording;
    if args.view.explain {
        return explained(path, context);
    }
    if args.view.text {
        return printed(path, context);
    }
    if let Some(moment) = &args.view.screen_at {
        let (screen, _) = screen_at(path, moment)?;
        context.say(&(visible::lines(&screen) + "\n"))?;
        return Ok(Exit::HOLDS);
    }
    if let Some(moment) = &args.view.svg {
        let (screen, at) = screen_at(path, moment)?;
        let caption = format!("{} at {:.1} s", path.display(), at.as_secs_f64());
        context.say(&picture::svg(&screen, &caption))?;
        return Ok(Exit::HOLDS);
    }
    if args.view.audit {
        return audited(path, context);
    }
    if let Some(to) = &args.view.save_fixture {
        return saved(path, to, &args.redact, context);
    }
    Box::pin(again(&args, context)).await
}

/// Drives the recorded run again and compares what is told.
async fn again(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let path = &args.recording;
    let survey = survey(open(path)?).map_err(|error| unreadable(path, &error))?;
    let recorded = told(path)?;
    let started = start_of(&recorded).ok_or_else(|| {
        Failure::usage(format!("{} holds no run of a script", path.display())).help(
            "it was recorded by another tool, or by `exec` or `connect`: look at it with --explain, --text or \
             --screen-at, or use it as a machine: -t replay:FILE",
        )
    })?;
    let Started { run, script, digest, mode, params, selection, timeout } = started;
    let name = args.script.as_deref().unwrap_or(&script);
    let script = script_args::load(name, context)?.script;
    let script = selection
        .of(&script)
        .map_err(|error| Failure::usage(visible::line(&error.to_string())).help(error.help()))?;
    if args.script.is_none() && script.digest != digest && !context.globals.quiet {
        context.tell(&format!("note: the script {name} has changed since it was recorded\n"));
    }
    let credentials = credentials_of(&survey).ok_or_else(|| {
        Failure::usage(format!("{} holds no login", path.display()))
            .help("it was broken off before anybody logged in; see --explain")
    })?;
    let manner = match args.manner {
        Agreement::Strict => Manner::Strict,
        Agreement::Tolerant => Manner::Tolerant,
    };
    let endpoint = Endpoint::Replay { path: path.clone(), manner, pace: args.pace, pieces: args.pieces };
    let target = Target {
        name: endpoint.to_string(),
        endpoint,
        credentials,
        azure: None,
        web: None,
        snapshot: None,
        wait: Duration::from_mins(15),
        patience: Duration::ZERO,
        reconnect: Duration::ZERO,
    };
    let now = recorded.first().map_or(context.started, |event| event.at);
    let order = Order {
        run,
        script,
        params,
        mode,
        target: target.name.clone(),
        timeout: timeout.unwrap_or(context.globals.timeout),
        on_interrupt: OnInterrupt::Keep,
        selection,
        approved: None,
    };
    let kept = Kept::default();
    let mut masks = Masks::default();
    masks.add("password", target.credentials.password.clone());
    let secrets = masks.secrets();
    let mut narrator = Narrator::new(now, masks).with_listener(kept.clone());
    if context.globals.verbose > 0 {
        let terminal = Terminal::new(std::io::stderr(), context.stderr_paint(), context.detail());
        narrator = narrator.with_listener(terminal);
    }
    // Names of the session come from the moment the program began.
    let started = recorded_start(&target.endpoint).unwrap_or(context.started);
    let then = Context { started, ..context.clone() };
    Box::pin(converse(&order, &target, secrets, None, narrator, Taking::Begin, &then)).await?;
    let events = kept.take();
    let verdict = events.iter().rev().find_map(|event| match &event.event {
        EventKind::RunFinished { verdict, failure, .. } => Some((*verdict, failure.clone())),
        _ => None,
    });
    match compare::difference(&recorded, &events) {
        None => {
            let verdict =
                verdict.map(|(verdict, _)| format!("{verdict:?}").to_lowercase()).unwrap_or_default();
            context.say(&format!("replayed: {} events as recorded, verdict {verdict}\n", events.len()))?;
            Ok(Exit::HOLDS)
        }
        Some(difference) => {
            context.say(&visible::lines(&difference))?;
            if let Some((_, Some(failure))) = verdict {
                context.tell(&format!("{}\n", visible::lines(&failure.message)));
            }
            Ok(Exit::FINDINGS)
        }
    }
}

/// What a recorded run began with.
struct Started {
    run: String,
    script: String,
    digest: String,
    mode: crate::engine::event::RunMode,
    params: Scope,
    selection: Selection,
    timeout: Option<Duration>,
}

fn start_of(events: &[Event]) -> Option<Started> {
    let EventKind::RunStarted { run, script, digest, mode, params, selection, timeout_ms, .. } =
        &events.first()?.event
    else {
        return None;
    };
    let value = |value: &serde_json::Value| serde_json::from_value::<Value>(value.clone()).ok();
    let params = params.iter().filter_map(|(name, given)| Some((name.clone(), value(given)?))).collect();
    Some(Started {
        run: run.clone(),
        script: script.clone(),
        digest: digest.clone(),
        mode: *mode,
        params,
        selection: selection.clone().unwrap_or_default(),
        timeout: (*timeout_ms > 0).then(|| Duration::from_millis(*timeout_ms)),
    })
}

/// What the program told of its run.
fn told(path: &Path) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    each(path, |event| {
        if let Kind::Told(json) = &event.kind
            && let Ok(event) = serde_json::from_str(json)
        {
            events.push(event);
        }
        Ok(())
    })?;
    Ok(events)
}

fn explained(path: &Path, context: &Context) -> Result<Exit, Failure> {
    let mut explainer = explain::Explainer::default();
    let show = |deeds: Vec<explain::Deed>| -> Result<(), Failure> {
        for deed in deeds {
            let line = if context.globals.json {
                serde_json::json!({"at": deed.at.as_secs_f64(), "what": deed.what}).to_string()
            } else {
                format!("{:>10.3} s  {}", deed.at.as_secs_f64(), visible::line(&deed.what))
            };
            context.say(&(line + "\n"))?;
        }
        Ok(())
    };
    each(path, |event| show(explainer.add(event)))?;
    show(explainer.finish())?;
    Ok(Exit::HOLDS)
}

fn printed(path: &Path, context: &Context) -> Result<Exit, Failure> {
    let mut text = text::Text::default();
    let mut out = String::new();
    each(path, |event| {
        text.add(event, &mut out);
        // The last line may still be corrected by backspaces.
        if let Some(end) = out.rfind('\n') {
            let lines: String = out.drain(..=end).collect();
            context.say(&visible::lines(&lines))?;
        }
        Ok(())
    })?;
    context.say(&(visible::lines(&out) + "\n"))?;
    Ok(Exit::HOLDS)
}

fn audited(path: &Path, context: &Context) -> Result<Exit, Failure> {
    let mut audit = audit::Audit::default();
    each(path, |event| {
        audit.add(event);
        Ok(())
    })?;
    let found = audit.finish();
    for exposed in &found {
        let line = if context.globals.json {
            serde_json::json!({"what": exposed.what, "secret": exposed.secret, "text": exposed.text, "times": exposed.times})
                .to_string()
        } else {
            let kind = if exposed.secret { "SECRET " } else { "private" };
            format!("{kind}  {}: {} ({} times)", exposed.what, visible::line(&exposed.text), exposed.times)
        };
        context.say(&(line + "\n"))?;
    }
    if found.is_empty() {
        context.say("nothing was found that should not be passed on\n")?;
        return Ok(Exit::HOLDS);
    }
    Ok(Exit::FINDINGS)
}

fn saved(path: &Path, to: &Path, words: &[String], context: &Context) -> Result<Exit, Failure> {
    let words = fixture::Words::hide(words);
    let unwritable =
        |error: std::io::Error| Failure::usage(format!("cannot write {}: {error}", to.display()));
    let file = File::create(to).map_err(unwritable)?;
    let compressed = to.extension().is_some_and(|extension| extension == "gz");
    let mut out: Box<dyn std::io::Write> = if compressed {
        Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::best()))
    } else {
        Box::new(file)
    };
    let import = Import::new(open(path)?).map_err(|error| unreadable(path, &error))?;
    let header = fixture::header(import.header(), &words);
    let mut trim = fixture::Trim::new(words);
    let mut cast = CastWriter::start(&mut out, &header).map_err(unwritable)?;
    let mut last = Duration::ZERO;
    let mut put = |events: Vec<crate::recording::Event>| -> std::io::Result<()> {
        for event in events {
            last = event.at;
            match &event.kind {
                Kind::Output(bytes) => cast.output(event.at, bytes)?,
                Kind::Input(bytes) => cast.input(event.at, bytes)?,
                Kind::Mark(label) => cast.mark(event.at, label)?,
                Kind::Told(json) => cast.told(event.at, json)?,
                Kind::Other { .. } => {}
            }
        }
        Ok(())
    };
    for event in import {
        let event = event.map_err(|error| unreadable(path, &error))?;
        put(trim.add(event)).map_err(unwritable)?;
    }
    put(trim.finish()).map_err(unwritable)?;
    cast.finish(last).map_err(unwritable)?;
    drop(cast);
    out.flush().map_err(unwritable)?;
    drop(out);
    context.tell(&format!("wrote {}; look through it with --audit before you pass it on\n", to.display()));
    Ok(Exit::HOLDS)
}

/// The screen at a moment: so many seconds after the beginning, or when a mark was set.
fn screen_at(path: &Path, moment: &str) -> Result<(String, Duration), Failure> {
    let seconds = moment.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let mut decoder = Utf8Stream::new();
    let mut screen = Screen::new();
    let mut found = None;
    let mut last = Duration::ZERO;
    let mut marks: Vec<String> = Vec::new();
    each(path, |event| {
        if found.is_some() {
            return Ok(());
        }
        if seconds.is_some_and(|seconds| event.at > seconds) {
            found = Some((screen.text(), seconds.unwrap_or_default()));
            return Ok(());
        }
        last = event.at;
        match &event.kind {
            Kind::Output(bytes) => {
                let mut text = String::new();
                decoder.push(bytes, &mut text);
                text.chars().for_each(|character| screen.feed(character));
            }
            Kind::Mark(label) if seconds.is_none() => {
                if label == moment {
                    found = Some((screen.text(), event.at));
                }
                marks.push(label.clone());
            }
            _ => {}
        }
        Ok(())
    })?;
    match found {
        Some(found) => Ok(found),
        None if seconds.is_some() => Ok((screen.text(), last)),
        None => {
            let failure = Failure::usage(format!("the recording has no mark `{}`", visible::line(moment)));
            let list = marks.iter().take(20).map(|mark| visible::line(mark)).collect::<Vec<_>>().join("`, `");
            Err(failure.help(if marks.is_empty() {
                "it has no marks: give seconds since its beginning".to_owned()
            } else {
                format!("its marks: `{list}`; or give seconds since its beginning")
            }))
        }
    }
}

/// Hands every event of a recording to `take`.
fn each(
    path: &Path,
    mut take: impl FnMut(&crate::recording::Event) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut import = Import::new(open(path)?).map_err(|error| unreadable(path, &error))?;
    for event in import.by_ref() {
        take(&event.map_err(|error| unreadable(path, &error))?)?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| {
        Failure::usage(format!("cannot read {}: {error}", path.display()))
            .help("give the session.cast of a run folder, a file of --record, or a log")
    })
}

fn unreadable(path: &Path, error: &ReadError) -> Failure {
    Failure::usage(visible::line(&format!("{}: {error}", path.display()))).help(error.help())
}

fn pace(text: &str) -> Result<ReplayPace, String> {
    ReplayPace::parse(text).ok_or_else(|| "write instant, real, or a number from 1 to 1000".to_owned())
}

/// The events of a run, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Event>>>);

impl Kept {
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Listener for Kept {
    fn hear(&mut self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}
