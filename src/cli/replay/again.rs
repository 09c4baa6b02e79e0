//! A recorded run, driven again through the whole program, and what it told compared.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Agreement, Args, Recorded};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::login::THE_PASSWORD;
use crate::cli::run::{Taking, converse};
use crate::cli::script_args;
use crate::cli::target::{RECONNECT, Target, credentials_of, recorded_start};
use crate::engine::event::EventKind;
use crate::engine::{Event, Listener, Masks, Narrator, OnInterrupt, Order, Past, Selection};
use crate::recording::{Kind, Manner, Survey, survey};
use crate::replay::compare;
use crate::report::{JsonLines, Terminal, visible};
use crate::script::model::{ParamKind, Scope, Script, Value};
use crate::secret::Secret;
use crate::transport::{Endpoint, ReplayPace};

/// Drives the recorded run again and compares what is told.
pub(super) async fn run(args: &Args, from: &Recorded, context: &Context) -> Result<Exit, Failure> {
    let path = &from.path;
    let survey = survey(from.open()?).map_err(|error| from.unreadable(&error))?;
    let all = told(from)?;
    let started = start_of(&all).ok_or_else(|| {
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
        Failure::usage(format!("{} does not say who logged in", path.display()))
            .help("it was made by an older sacpilot; see --explain")
    })?;
    let manner = match args.manner {
        Agreement::Strict => Manner::Strict,
        Agreement::Tolerant => Manner::Tolerant,
    };
    let pace = args.pace.unwrap_or(ReplayPace::Instant);
    let endpoint = Endpoint::Replay {
        path: path.clone(),
        manner,
        pace,
        pieces: args.pieces,
        mutation: args.mutate.clone(),
    };
    let target = Target {
        name: endpoint.to_string(),
        endpoint,
        credentials,
        azure: None,
        web: None,
        snapshot: None,
        profile: None,
        snapshot_declined: None,
        wait: Duration::from_mins(15),
        patience: Duration::ZERO,
        // It comes back where the recorded one did.
        reconnect: RECONNECT,
    };
    // Of a run that was taken up again, what was told before is what it knows.
    let again = all.iter().rposition(|event| matches!(event.event, EventKind::RunResumed { .. }));
    let (before, recorded) = all.split_at(again.unwrap_or_default());
    let now = recorded.first().map_or(context.started, |event| event.at);
    let mut order = Order {
        run,
        script,
        params,
        mode,
        target: target.name.clone(),
        timeout: timeout.unwrap_or(context.globals.timeout),
        on_interrupt: OnInterrupt::Keep,
        selection,
        approved: None,
        snapshot: None,
    };
    let kept = Kept::default();
    let mut masks = secrets_of(&order.script, args, &survey, &mut order.params)?;
    masks.add(THE_PASSWORD, target.credentials.password.clone());
    let secrets = masks.secrets();
    let taking = match recorded.first().map(|event| &event.event) {
        Some(EventKind::RunResumed { again, .. }) => {
            Taking::Again(*again, Box::new(Past::of(before, &masks)))
        }
        _ => Taking::Begin,
    };
    let mut narrator = Narrator::new(now, masks).with_listener(kept.clone());
    if let Taking::Again(_, past) = &taking {
        narrator = narrator.with_ledger(past.ledger.clone());
    }
    if context.globals.json {
        narrator = narrator.with_listener(JsonLines::new(std::io::stdout()));
    }
    if context.globals.verbose > 0 {
        let terminal = Terminal::new(std::io::stderr(), context.stderr_paint(), context.detail());
        narrator = narrator.with_listener(terminal);
    }
    // Names of the session come from the moment the program began.
    let started = recorded_start(&target.endpoint).unwrap_or(context.started);
    let then = Context { started, ..context.clone() };
    Box::pin(converse(&order, &target, secrets, None, narrator, taking, &then)).await?;
    let events = kept.take();
    let verdict = events.iter().rev().find_map(|event| match &event.event {
        EventKind::RunFinished { verdict, failure, .. } => Some((*verdict, failure.clone())),
        _ => None,
    });
    match compare::difference(recorded, &events) {
        None => {
            let verdict =
                verdict.map(|(verdict, _)| format!("{verdict:?}").to_lowercase()).unwrap_or_default();
            let said = format!("replayed: {} events as recorded, verdict {verdict}\n", events.len());
            if context.globals.json {
                context.tell(&said);
            } else {
                context.say(&said)?;
            }
            Ok(Exit::HOLDS)
        }
        Some(difference) => {
            let said = visible::lines(&difference);
            if context.globals.json {
                context.tell(&said);
            } else {
                context.say(&said)?;
            }
            if let Some((_, Some(failure))) = verdict {
                context.tell(&format!("{}\n", visible::lines(&failure.message)));
            }
            Ok(Exit::FINDINGS)
        }
    }
}

/// The secrets of the script, which no recording holds: those that are given again, and others in the place of the rest.
/// Typed at a question that hides what is typed, one is as good as another.
/// Where stars are shown, an output may hold them: as many as were recorded, when that is known.
fn secrets_of(script: &Script, args: &Args, survey: &Survey, params: &mut Scope) -> Result<Masks, Failure> {
    let mut masks = script_args::given_secrets(script, &args.secret, params)?;
    // The first one is that of the login.
    let mut stars = survey.stars.iter().skip(1).copied().filter(|stars| *stars > 0);
    let length = stars.next().filter(|first| stars.all(|other| other == *first)).unwrap_or(16);
    let missing = script.params.iter().filter(|param| param.kind == ParamKind::Secret);
    for (number, param) in missing.enumerate() {
        if masks.holds(&param.name) {
            continue;
        }
        // No two equal neighbours, and nothing that the machine might print.
        let keys: String = "m5Bq8Ld3Yp6Gs1Fc".chars().cycle().skip(number).take(length).collect();
        let refused = |reason: &dyn std::fmt::Display| {
            Failure::usage(format!("the secret `{}` {reason}", param.name))
                .help(format!("give one of the recorded kind: --secret {}=env:VARIABLE", param.name))
        };
        let value = param.accept(keys.as_str().into()).map_err(|reason| refused(&reason))?;
        params.insert(param.name.clone(), value);
        masks.add(&param.name, Secret::new(keys).map_err(|error| refused(&error))?);
    }
    Ok(masks)
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
fn told(from: &Recorded) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    from.each(|event| {
        if let Kind::Told(json) = &event.kind
            && let Ok(event) = serde_json::from_str(json)
        {
            events.push(event);
        }
        Ok(())
    })?;
    Ok(events)
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
