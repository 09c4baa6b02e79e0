//! Runs of scripts on a toy machine: what is sent, what is told, what is left on the machine.

mod ahead;
mod hostile;
mod kinds;
mod runs;
mod taken_up;
mod toy;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use sacpilot::engine::event::{Again, RunMode, UndoOutcome};
use sacpilot::engine::journal::{Book, JournalError};
use sacpilot::engine::ledger::Ledger;
use sacpilot::engine::run::{begin, begin_again, undo};
use sacpilot::engine::{
    Ended, Event, EventKind, Interrupt, Journal, Listener, Masks, Narrator, OnInterrupt, Order, Past,
    Selection, journal, run,
};
use sacpilot::report::Summary;
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::script::model::Script;
use sacpilot::script::parameters::bind;
use sacpilot::secret::Secret;
use tokio::sync::mpsc::unbounded_channel;

use toy::Toy;

/// A run under test: scripts, a machine, and what the user does.
pub(crate) struct Trial {
    folder: tempfile::TempDir,
    params: Vec<(String, String)>,
    secret: Option<(&'static str, &'static str)>,
    mode: RunMode,
    stop_at: Option<&'static str>,
    on_interrupt: OnInterrupt,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) ended: Ended,
    pub(crate) toy: Toy,
    pub(crate) events: Vec<Event>,
    pub(crate) journal: String,
}

impl Trial {
    /// A script named `t` with these steps.
    pub(crate) fn new(steps: &str) -> Self {
        let trial = Self {
            folder: tempfile::tempdir().unwrap(),
            params: Vec::new(),
            secret: None,
            mode: RunMode::Run,
            stop_at: None,
            on_interrupt: OnInterrupt::Keep,
        };
        trial.script("t", steps)
    }

    /// Another script beside it; what comes before `steps:` may be given too.
    pub(crate) fn script(self, name: &str, steps: &str) -> Self {
        let body = if steps.contains("steps:") { steps.to_owned() } else { format!("steps:\n{steps}") };
        let text = format!("script: {name}\ntitle: 'the title of {name}'\nabout: |\n  About {name}.\n{body}");
        fs::write(self.folder.path().join(format!("{name}.yaml")), text).unwrap();
        self
    }

    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn secret(mut self, name: &'static str, value: &'static str) -> Self {
        self.secret = Some((name, value));
        self
    }

    pub(crate) fn diagnose(mut self) -> Self {
        self.mode = RunMode::Diagnose;
        self
    }

    /// The user presses Ctrl-C when this command was sent.
    pub(crate) fn stopped_at(mut self, command: &'static str, policy: OnInterrupt) -> Self {
        self.stop_at = Some(command);
        self.on_interrupt = policy;
        self
    }

    fn load(&self) -> Arc<Script> {
        let library = Library::with_folder(self.folder.path()).with_readers(&toy::READERS);
        match loader::load(&library, "t") {
            Ok(loaded) => loaded.script,
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs it.
    pub(crate) fn on(self, toy: Toy) -> Outcome {
        self.begun(toy, |_| false).outcome()
    }

    /// Runs it; the program dies behind the first such event.
    pub(crate) fn begun(self, mut toy: Toy, dies: fn(&EventKind) -> bool) -> Program {
        let ended = self.program(&mut toy, None, dies);
        Program { trial: self, toy, ended }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    /// One program. `None`: it died.
    fn program(&self, toy: &mut Toy, again: Option<Again>, dies: fn(&EventKind) -> bool) -> Option<Ended> {
        let script = self.load();
        let mut params = bind(&script, &self.params).unwrap();
        let mut masks = Masks::default();
        if let Some((name, value)) = self.secret {
            params.insert(name.to_owned(), value.into());
            masks.add(name, Secret::new(value).unwrap());
        }
        let order = Order {
            run: "run-1".to_owned(),
            script,
            params,
            mode: self.mode,
            target: "toy".to_owned(),
            timeout: Duration::from_mins(1),
            on_interrupt: self.on_interrupt,
            selection: Selection::default(),
            approved: None,
            snapshot: None,
        };
        let (journal, past) = if again.is_some() {
            let (journal, recorded) = Journal::resume(&self.journal()).unwrap();
            (journal, Past::of(&recorded.events, &masks))
        } else {
            (Journal::create(&self.journal()).unwrap(), Past::default())
        };
        let before = journal::read(&self.journal()).map_or(0, |recorded| recorded.events.len());
        let events = Arc::new(Mutex::new(Vec::new()));
        let interrupt = Interrupt::default();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let stop_at = self.stop_at.filter(|_| again.is_none());
        let process = async {
            let now: Timestamp = "2026-11-22T18:00:00Z".parse().unwrap();
            let mut narrator = Narrator::new(now, masks)
                .with_journal(Mortal { journal, dies })
                .with_ledger(past.ledger.clone())
                .with_listener(Kept(Arc::clone(&events)))
                .with_listener(Stops { at: stop_at, interrupt: interrupt.clone() });
            let (_waits, mut awaiting) = unbounded_channel();
            match again {
                None => begin(&order, &mut narrator).unwrap(),
                Some(again) => begin_again(&order.target, again, &mut narrator).unwrap(),
            }
            match again {
                Some(Again::Undo) => undo(&order, toy, &mut narrator, &mut awaiting, &interrupt).await,
                _ => run(&order, toy, &mut narrator, &mut awaiting, &interrupt, past).await,
            }
        };
        let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(process)));
        let ended = ended.inspect_err(|cause| assert!(cause.is::<Killed>(), "the program panicked")).ok()?;
        let events = std::mem::take(&mut *events.lock().unwrap());
        let written = journal::read(&self.journal()).unwrap().events;
        assert_eq!(written[before..], events, "the journal holds what was told");
        reports_agree(&written);
        Some(ended)
    }
}

/// A program that ended, or died.
pub(crate) struct Program {
    trial: Trial,
    toy: Toy,
    ended: Option<Ended>,
}

impl Program {
    /// Another program takes the run up, on a machine whose session is still there.
    pub(crate) fn again(mut self, again: Again) -> Self {
        let past = Past::of(&self.events(), &Masks::default());
        match again {
            Again::Resume => past.can_resume().unwrap(),
            Again::Undo => past.can_undo().unwrap(),
        }
        self.toy.closed = false;
        self.toy.kept = true;
        self.ended = self.trial.program(&mut self.toy, Some(again), |_| false);
        self
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        journal::read(&self.trial.journal()).unwrap().events
    }

    /// What came of it.
    pub(crate) fn outcome(self) -> Outcome {
        let journal = fs::read_to_string(self.trial.journal()).unwrap();
        Outcome { events: self.events(), ended: self.ended.unwrap(), toy: self.toy, journal }
    }
}

/// A journal whose program dies behind an event.
struct Mortal {
    journal: Journal,
    dies: fn(&EventKind) -> bool,
}

struct Killed;

impl Book for Mortal {
    fn next_seq(&self) -> u64 {
        self.journal.next_seq()
    }

    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        self.journal.append(event)?;
        if (self.dies)(&event.event) {
            resume_unwind(Box::new(Killed));
        }
        Ok(())
    }
}

/// What the reports count as changed is what the ledger knows of the machine, at every moment of a run.
#[track_caller]
pub(crate) fn reports_agree(events: &[Event]) {
    let (mut ledger, mut summary) = (Ledger::default(), Summary::default());
    for event in events {
        ledger.add(event.seq, event.at, &event.event);
        summary.add(event);
        let standing: Vec<&str> = summary.standing_changes().map(|change| change.step.0.as_str()).collect();
        let touched = ledger.changes.iter().filter(|made| made.touched());
        let touched: Vec<&str> = touched.map(|made| made.step.0.as_str()).collect();
        assert_eq!(standing, touched, "at event {}: {:?}", event.seq, event.event);
    }
}

struct Kept(Arc<Mutex<Vec<Event>>>);

impl Listener for Kept {
    fn hear(&mut self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

struct Stops {
    at: Option<&'static str>,
    interrupt: Interrupt,
}

impl Listener for Stops {
    fn hear(&mut self, event: &Event) {
        if let EventKind::CommandStarted { command, .. } = &event.event
            && self.at.is_some_and(|at| command.text.contains(at))
        {
            self.interrupt.request();
        }
    }
}

impl Outcome {
    /// The steps and how they ended: `a changed; b[1] held`.
    pub(crate) fn steps(&self) -> String {
        let ended = |event: &Event| match &event.event {
            EventKind::StepFinished { step, status, .. } => {
                let status = serde_json::to_value(status).unwrap();
                Some(format!("{step} {}", status.as_str().unwrap_or_default()))
            }
            _ => None,
        };
        self.events.iter().filter_map(ended).collect::<Vec<_>>().join("; ")
    }

    /// What was sent to the machine.
    pub(crate) fn sent(&self) -> String {
        self.toy.sent.join("; ")
    }

    /// What was found: `error: text`.
    pub(crate) fn found(&self) -> Vec<String> {
        let found = |event: &Event| match &event.event {
            EventKind::Found { severity, text, .. } => Some(format!("{}: {text}", severity.word())),
            _ => None,
        };
        self.events.iter().filter_map(found).collect()
    }

    /// How changes were taken back.
    pub(crate) fn undone(&self) -> Vec<(String, UndoOutcome)> {
        let undone = |event: &Event| match &event.event {
            EventKind::UndoFinished { step, outcome } => Some((step.0.clone(), outcome.clone())),
            _ => None,
        };
        self.events.iter().filter_map(undone).collect()
    }

    /// The code of the failure that ended the run.
    pub(crate) fn failure(&self) -> &str {
        self.ended.failure.as_ref().map_or("", |failure| failure.code.as_str())
    }
}

/// Compares with a file in `tests/it/golden`, whole; `UPDATE_GOLDEN=1` writes it instead.
#[track_caller]
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(actual.lines()).position(|(expected, actual)| expected != actual);
    let differs = differs.or_else(|| {
        let (expected, actual) = (expected.lines().count(), actual.lines().count());
        (expected != actual).then_some(expected.min(actual))
    });
    if let Some(line) = differs {
        let of = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
        panic!(
            "{name} differs at line {}:\n expected {}\n actual   {}\n(UPDATE_GOLDEN=1 writes it)",
            line + 1,
            of(&expected),
            of(actual)
        );
    }
}
