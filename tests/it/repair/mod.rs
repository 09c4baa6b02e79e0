//! The shipped scripts on simulated machines, over the whole way from the wire to the engine, in virtual time; and
//! the state of the machine before and after.

mod azure;
mod causes;
mod counted;
mod kinds;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use sacpilot::azure::Azure;
use sacpilot::console::Console;
use sacpilot::engine::event::{RunMode, UndoOutcome};
use sacpilot::engine::live::Live;
use sacpilot::engine::run::begin;
use sacpilot::engine::{
    Ended, Event, EventKind, Interrupt, Journal, Listener, Masks, Narrator, OnInterrupt, Order, Past,
    Selection, run,
};
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::script::model::Script;
use sacpilot::script::parameters::bind;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::scenario::Scenario;
use sacpilot::sim::windows::remote_desktop::Reason;
use sacpilot::sim::windows::snapshot::{Difference, Snapshot};
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Endpoint, Pace, SimLine, Way, open_azure};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use counted::{Counted, Counts};

use crate::azure::{Site, vm};

/// After this nothing changes on a machine any more.
const SETTLED: Duration = Duration::from_mins(5);

/// Secrets that a script of a test may pass on, `{{ secret }}`.
pub(crate) const SECRETS: [(&str, &str); 3] = [
    ("secret", "N3w-Pa55-of-a-test"),
    ("recovery", "111111-222222-333333-444444-555555-666666-777777-888888"),
    ("other", "999999-222222-333333-444444-555555-666666-777777-888888"),
];

/// A script on a simulated machine that has been up for a while.
pub(crate) struct Case {
    scenario: &'static str,
    overrides: Vec<(String, String)>,
    /// Steps of a script of its own, or none: the whole repair.
    steps: Option<String>,
    params: Vec<(String, String)>,
    mode: RunMode,
    /// Behind a simulated Azure that behaves so.
    azure: Option<&'static str>,
    /// How often somebody else takes that console meanwhile, and how long they wait before each time.
    taken: (u32, Duration),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) ended: Ended,
    pub(crate) events: Vec<Event>,
    pub(crate) before: Snapshot,
    pub(crate) after: Snapshot,
    pub(crate) rdp: Result<(), Vec<Reason>>,
    /// Failed log-ons and processes that the session left behind.
    pub(crate) left: String,
    /// The machine as it is now.
    pub(crate) world: World,
    /// How often the line was made anew.
    pub(crate) reconnected: u64,
    /// Bytes that went over the line, both ways; behind Azure none is counted.
    pub(crate) bytes: u64,
    /// Answers that were waited for until the machine was ready, and until the run had ended.
    pub(crate) turns: (u64, u64),
    /// Where the token was seen that has no business there.
    pub(crate) leaks: Vec<String>,
}

impl Case {
    pub(crate) fn run(scenario: &'static str) -> Self {
        Self {
            scenario,
            overrides: vec![("start".to_owned(), "running".to_owned())],
            steps: None,
            params: Vec::new(),
            mode: RunMode::Run,
            azure: None,
            taken: (0, Duration::ZERO),
        }
    }

    pub(crate) fn diagnose(scenario: &'static str) -> Self {
        Self { mode: RunMode::Diagnose, ..Self::run(scenario) }
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// At the console sits an `administrator` or a `standard` user.
    pub(crate) fn with_account(self, account: &str) -> Self {
        self.with("account", account)
    }

    /// The secrets that its script passes on.
    fn secrets(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let steps = self.steps.clone().unwrap_or_default();
        SECRETS.into_iter().filter(move |(name, _)| steps.contains(&format!("{{{{ {name} }}}}")))
    }

    /// Behind a simulated Azure with these switches.
    pub(crate) fn behind_azure(mut self, switches: &'static str) -> Self {
        self.azure = Some(switches);
        self
    }

    /// Somebody else takes the console so often, each time after so long.
    pub(crate) fn taken(mut self, times: u32, after: Duration) -> Self {
        self.taken = (times, after);
        self
    }

    /// With these steps instead.
    pub(crate) fn steps(mut self, steps: impl Into<String>) -> Self {
        self.steps = Some(steps.into());
        self
    }

    fn load(&self, folder: &Path) -> Arc<Script> {
        let loaded = match &self.steps {
            None => loader::load(&Library::embedded(), "rdp-internal-error"),
            Some(steps) => {
                let mut secrets = String::new();
                for (name, _) in self.secrets() {
                    let _ = writeln!(secrets, "  {name}: {{type: secret, about: 'a secret'}}");
                }
                let params = if secrets.is_empty() { secrets } else { format!("params:\n{secrets}") };
                let text =
                    format!("script: t\ntitle: 'a trial'\nabout: |\n  A trial.\n{params}steps:\n{steps}");
                fs::write(folder.join("t.yaml"), text).unwrap();
                loader::load(&Library::with_folder(folder), "t")
            }
        };
        match loaded {
            Ok(loaded) => loaded.script,
            Err(error) => panic!("{error}"),
        }
    }

    fn machine(&self) -> (Scenario, SharedWorld) {
        let scenario = Scenario::load(self.scenario, &self.overrides).unwrap();
        let again = Scenario::load(self.scenario, &self.overrides).unwrap();
        (scenario, SharedWorld::new(again.world))
    }

    /// The machine as it stands when nothing changes any more, without a run.
    pub(crate) fn settled(self) -> Snapshot {
        let (_, world) = self.machine();
        let mut world = world.lock();
        world.boot();
        world.advance(2 * SETTLED);
        world.snapshot()
    }

    /// Does it, in no time.
    pub(crate) fn done(self) -> Outcome {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(Box::pin(self.in_time()))
    }

    /// The line as it is, or through Azure.
    async fn way_to(&self, line: SimLine, counts: &Arc<Counts>) -> (Console, Option<Site>) {
        let Some(switches) = self.azure else {
            return (Console::new(Box::new(Counted::new(line, Arc::clone(counts))), None), None);
        };
        let (nobody, _) = tokio::io::duplex(1);
        let site = Site::in_front_of(Box::new(line), nobody, switches).await;
        let way = Way::new(Endpoint::Azure(vm())).through(Some(site.azure()));
        let mut console = Console::new(Box::pin(way.open()).await.unwrap(), None);
        console.set_reopen(Some(Box::new(way)), Duration::from_mins(2));
        let (times, after) = self.taken;
        tokio::spawn(take(site.azure(), times, after));
        (console, Some(site))
    }

    async fn in_time(self) -> Outcome {
        let (scenario, world) = self.machine();
        let line = SimLine::new(self.scenario, scenario.machine, world, Pace { speed: 1, baud: None });
        let window = line.window();
        let counts = Arc::new(Counts::default());
        let (console, site) = self.way_to(line, &counts).await;
        let before = window.world().lock().snapshot();
        let credentials = Credentials {
            user: scenario.account.user,
            domain: String::new(),
            password: Secret::new(scenario.account.password).unwrap(),
        };
        let options = SessionOptions::new("k7q", Duration::from_mins(15));
        let session = match Session::open(console, credentials, options).await {
            Ok(session) => session,
            Err((error, console)) => panic!("{}: {error}\n{}", self.scenario, console.screen().text()),
        };
        let opening = counts.turns();
        let folder = tempfile::tempdir().unwrap();
        let script = self.load(folder.path());
        let mut params = bind(&script, &self.params).unwrap();
        let mut masks = Masks::default();
        for (name, value) in self.secrets() {
            params.insert(name.to_owned(), value.into());
            masks.add(name, Secret::new(value).unwrap());
        }
        let order = Order {
            run: "run-1".to_owned(),
            params,
            script,
            mode: self.mode,
            target: format!("sim:{}", self.scenario),
            timeout: Duration::from_mins(1),
            on_interrupt: OnInterrupt::Keep,
            selection: Selection::default(),
            approved: None,
            snapshot: None,
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let now: Timestamp = "2026-11-28T03:00:00Z".parse().unwrap();
        let mut narrator = Narrator::new(now, masks)
            .with_journal(Journal::create(&folder.path().join("journal.jsonl")).unwrap())
            .with_listener(Kept(Arc::clone(&events)));
        begin(&order, &mut narrator).unwrap();
        let (_waits, mut awaiting) = unbounded_channel();
        let mut live = Live::new(session, Vec::new());
        let ended = Box::pin(run(
            &order,
            &mut live,
            &mut narrator,
            &mut awaiting,
            &Interrupt::default(),
            Past::default(),
        ))
        .await;
        let turns = (opening, counts.turns());
        // What Windows starts late after a restart has started.
        let mut idle = live.into_session().into_console();
        let end = Instant::now() + SETTLED;
        // A line that is lost now hurts nobody any more.
        let _ = idle.quiet(SETTLED, end).await;
        tokio::time::sleep_until(end).await;
        let world = window.world();
        let world = world.lock();
        let events = std::mem::take(&mut *events.lock().unwrap());
        Outcome {
            ended,
            events,
            before,
            after: world.snapshot(),
            rdp: world.rdp_works(),
            left: left_behind(&world),
            world: world.clone(),
            bytes: counts.bytes(),
            turns,
            reconnected: idle.reconnected(),
            leaks: site.map(|site| site.leaks()).unwrap_or_default(),
        }
    }
}

/// Somebody else who connects `times` times, and looks for a moment.
async fn take(azure: Azure, times: u32, after: Duration) {
    for _ in 0..times {
        tokio::time::sleep(after).await;
        let line = Box::pin(open_azure(&azure, &vm())).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(line);
    }
}

/// Programs of a console session that still run.
fn left_behind(world: &World) -> String {
    let programs = ["cmd.exe", "findstr.exe", "reg.exe", "certutil.exe", "netsh.exe"];
    let left = world.processes.iter().filter(|process| programs.contains(&process.image.as_str()));
    left.map(|process| process.image.clone()).collect::<Vec<_>>().join(", ")
}

struct Kept(Arc<Mutex<Vec<Event>>>);

impl Listener for Kept {
    fn hear(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Outcome {
    /// What was found: `error: text`, without what tells less than a warning.
    pub(crate) fn found(&self) -> Vec<String> {
        let found = |event: &Event| match &event.event {
            EventKind::Found { severity, text, evidence, .. } => {
                assert!(!evidence.command.is_empty(), "{text}: rests on nothing");
                Some(format!("{}: {text}", severity.word()))
            }
            _ => None,
        };
        self.events.iter().filter_map(found).filter(|found| !found.starts_with("info: ")).collect()
    }

    /// The commands that change something, as they were sent.
    pub(crate) fn changing(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match &event.event {
                EventKind::CommandStarted { purpose, command, .. } if purpose.changes() => {
                    Some(command.text.as_str())
                }
                _ => None,
            })
            .collect()
    }

    /// Changes that could not be taken back, and why.
    pub(crate) fn remaining(&self) -> Vec<String> {
        let remains = |event: &Event| match &event.event {
            EventKind::UndoFinished { step, outcome } if *outcome != UndoOutcome::Restored => {
                Some(format!("{step}: {outcome:?}"))
            }
            _ => None,
        };
        self.events.iter().filter_map(remains).collect()
    }

    /// What differs on the machine, without the copies that undo needs.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        let mut differences = self.before.diff(&self.after);
        differences.retain(|difference| !is_copy(&difference.path));
        differences
    }
}

/// Below the folder where a run keeps what undo needs.
pub(crate) fn is_copy(path: &str) -> bool {
    let path = path.split_once('/').map_or(path, |(_, path)| path);
    path.starts_with(r"C:\Windows\Temp\sacpilot")
}
