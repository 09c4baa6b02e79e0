//! A simulated machine that outlives the program: each call is one process, which may die at a line of its journal.

use std::cell::{Cell, RefCell};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sacpilot::console::Console;
use sacpilot::engine::event::{Again, RunMode, WayBack};
use sacpilot::engine::journal::{self, Book, JournalError};
use sacpilot::engine::live::Live;
use sacpilot::engine::run::{begin, begin_again};
use sacpilot::engine::{
    Ended, Event, EventKind, Interrupt, Journal, Masks, Narrator, OnInterrupt, Operator as _, Order, Past,
    Selection, Verdict, run, undo,
};
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::script::model::Script;
use sacpilot::script::parameters::bind;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions, escape_for_child};
use sacpilot::sim::audit::{Act, Audit};
use sacpilot::sim::scenario::Scenario;
use sacpilot::sim::windows::SharedWorld;
use sacpilot::sim::windows::snapshot::Snapshot;
use sacpilot::transport::{Line, Pace, SimLine, SimWindow};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use crate::engine::reports_agree;
use crate::repair::SECRETS;

/// After this nothing changes on a machine any more.
const SETTLED: Duration = Duration::from_mins(5);

/// After this a machine that lost its power has started.
const BOOT: Duration = Duration::from_mins(15);

/// What happens when a line of the journal is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The program dies before the line is written: what it tells of has happened.
    KillBefore,
    /// It dies while the line is written: a part of it is in the file.
    KillTorn,
    /// It dies when the line is on disk: what it announces has not happened.
    KillAfter,
    /// The machine loses power when the line is on disk, and starts again.
    PowerCut,
    /// The machine loses power a while after the line is on disk.
    LaterPowerCut(Duration),
    /// The machine loses power when the line is on disk, and the program, which goes on, dies so many lines later.
    PowerCutThenKill(u64),
    /// The program dies a while after the line is on disk: in the middle of whatever it does then.
    LaterKill(Duration),
    /// The user asks the program to stop when the line is on disk.
    Stop,
}

impl Blow {
    /// As `SACPILOT_SURVIVE_BLOWS` and the rows of the long run name it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::KillBefore => "kill-before".to_owned(),
            Self::KillTorn => "kill-in".to_owned(),
            Self::KillAfter => "kill-behind".to_owned(),
            Self::LaterKill(span) => format!("kill-{}ms", span.as_millis()),
            Self::PowerCut => "power".to_owned(),
            Self::LaterPowerCut(span) => format!("power-{}ms", span.as_millis()),
            Self::PowerCutThenKill(lines) => format!("power-and-kill-{lines}"),
            Self::Stop => "stop".to_owned(),
        }
    }

    /// Whether it is the machine that it falls on.
    pub(crate) fn cuts_power(self) -> bool {
        matches!(self, Self::PowerCut | Self::LaterPowerCut(_) | Self::PowerCutThenKill(_))
    }
}

/// The secret that `{{ NAME }}` stands for.
fn secret(value: &str) -> Option<&'static str> {
    let name = value.strip_prefix("{{ ")?.strip_suffix(" }}")?;
    SECRETS.iter().find(|(own, _)| *own == name).map(|(_, secret)| *secret)
}

/// A script, and how it is called.
#[derive(Clone)]
pub(crate) struct Called {
    pub(crate) script: Arc<Script>,
    pub(crate) params: Vec<(String, String)>,
    /// What becomes of changes when the user stops it.
    pub(crate) on_interrupt: OnInterrupt,
}

impl Called {
    /// A script of the test's own.
    pub(crate) fn own(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("own.yaml"), text).unwrap();
        match loader::load(&Library::with_folder(folder.path()), "own") {
            Ok(loaded) => {
                Self { script: loaded.script, params: Vec::new(), on_interrupt: OnInterrupt::default() }
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn shipped(script: &str, params: Vec<(String, String)>) -> Self {
        match loader::load(&Library::embedded(), script) {
            Ok(loaded) => Self { script: loaded.script, params, on_interrupt: OnInterrupt::default() },
            Err(error) => panic!("{script}: {error}"),
        }
    }
}

/// A machine with the runs of one script on it.
pub(crate) struct Lab {
    line: Arc<Mutex<SimLine>>,
    window: SimWindow,
    credentials: Credentials,
    called: Called,
    /// Where the run folder is now: each program finds it in another place.
    folder: RefCell<tempfile::TempDir>,
    began: Instant,
    processes: Cell<u32>,
}

impl Lab {
    /// The machine of a scenario that has been up for a while.
    pub(crate) fn new(scenario: &str, called: Called) -> Self {
        let running = [("start".to_owned(), "running".to_owned())];
        let machine = Scenario::load(scenario, &running).unwrap();
        let credentials = Credentials {
            user: machine.account.user,
            domain: String::new(),
            password: Secret::new(machine.account.password).unwrap(),
        };
        let world = SharedWorld::new(machine.world);
        let line = SimLine::new(scenario, machine.machine, world, Pace { speed: 1, baud: None });
        let window = line.window();
        Self {
            line: Arc::new(Mutex::new(line)),
            window,
            credentials,
            called,
            folder: RefCell::new(tempfile::tempdir().unwrap()),
            began: Instant::now(),
            processes: Cell::new(0),
        }
    }

    /// The run, up to the blow. `None`: it died.
    pub(crate) async fn begins(&self, blow: Option<(u64, Blow)>) -> Option<Ended> {
        let order = self.order();
        let (book, wishes) = self.book(Journal::create(&self.journal()).unwrap(), blow);
        let narrator = self.narrator().with_journal(book);
        let ended = self.process(order, narrator, None, Past::default(), wishes).await;
        reports_agree(&self.events());
        ended
    }

    /// `resume`, or `undo`.
    pub(crate) async fn again(&self, again: Again, blow: Option<(u64, Blow)>) -> Option<Ended> {
        self.moves();
        let (journal, recorded) = Journal::resume(&self.journal()).unwrap();
        let past = Past::of(&recorded.events, &self.masks());
        match again {
            Again::Resume => past.can_resume().unwrap(),
            Again::Undo => past.can_undo().unwrap(),
        }
        let (book, wishes) = self.book(journal, blow);
        let narrator = self.narrator().with_journal(book).with_ledger(past.ledger.clone());
        let ended = self.process(self.order(), narrator, Some(again), past, wishes).await;
        reports_agree(&self.events());
        ended
    }

    /// Whether a journal says that the run can go on.
    pub(crate) fn can_resume(&self) -> bool {
        Past::of(&self.events(), &self.masks()).can_resume().is_ok()
    }

    /// How the run ended, as its journal says.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        Past::of(&self.events(), &self.masks()).ledger.ended.map(|(verdict, _)| verdict)
    }

    /// Whether the last session could not be closed.
    pub(crate) fn left_open(&self) -> bool {
        Past::of(&self.events(), &self.masks()).ledger.session.is_some()
    }

    /// Whether the program was ended while it logged in: then nothing tells a later one which channel is its own.
    pub(crate) fn cut_off_at_the_login(&self) -> bool {
        let events = self.events();
        let opening = |event: &Event| matches!(event.event, EventKind::SessionOpening { .. });
        let opened = |event: &Event| matches!(event.event, EventKind::SessionOpened { .. });
        events.iter().filter(|event| opening(event)).count()
            > events.iter().filter(|event| opened(event)).count()
    }

    /// Whether taking back was begun and ended.
    pub(crate) fn is_undone(&self) -> bool {
        let past = Past::of(&self.events(), &self.masks());
        past.again == Some(Again::Undo)
            && (past.can_undo().is_err()
                || past
                    .ledger
                    .ended
                    .is_some_and(|(_, failure)| !failure.is_some_and(|failure| failure.passes())))
    }

    /// The first line of the journal with such an event.
    pub(crate) fn line_of(&self, wanted: impl Fn(&EventKind) -> bool) -> u64 {
        self.events().iter().find(|event| wanted(&event.event)).unwrap().seq
    }

    /// What the journal holds.
    pub(crate) fn events(&self) -> Vec<Event> {
        journal::read(&self.journal()).unwrap().events
    }

    /// The machine when nothing changes on it any more.
    pub(crate) async fn settled(&self) -> Snapshot {
        self.waits(SETTLED).await;
        self.window.world().lock().snapshot()
    }

    /// The machine when nothing changes on it any more; then the same after a power cut.
    pub(crate) async fn ends(&self, power: bool) -> Vec<Snapshot> {
        let mut ends = vec![self.settled().await];
        if power {
            self.window.power_cut();
            self.waits(BOOT).await;
            ends.push(self.settled().await);
        }
        ends
    }

    /// Time passes, and nobody listens.
    pub(crate) async fn waits(&self, span: Duration) {
        let mut idle = Console::new(Box::new(SharedLine(Arc::clone(&self.line))), None);
        idle.quiet(span, Instant::now() + span).await.unwrap();
    }

    /// The changing commands that were executed, in order.
    pub(crate) fn executed(&self) -> Vec<String> {
        let changing = |line: &&str| line.contains("%SP%.s echo ") || line.contains("%SP%.d echo ");
        let audit = self.window.audit();
        let inner = |line: &str| {
            let from = line.find("cmd /d/s/c ^\"").map_or(0, |at| at + "cmd /d/s/c ^\"".len());
            let to =
                ["^\"&%SP%", "^\" &&>>%SP%.d"].iter().find_map(|end| line.rfind(end)).unwrap_or(line.len());
            // The name of the call, which PowerShell is told, is another one in each program.
            let named = regex::Regex::new(r#"(\.ps1\^" [0-9a-f]{64}) \S+"#).unwrap();
            named.replace(&line[from..to], "$1").into_owned()
        };
        audit.cmd_lines().into_iter().filter(changing).map(inner).collect()
    }

    /// How many lines that hold this were executed.
    pub(crate) fn times(&self, part: &str) -> usize {
        self.window.audit().cmd_lines().iter().filter(|line| line.contains(part)).count()
    }

    /// Commands of changes that the machine lost with its power, as the journal says: what was there of them is taken
    /// back, then they are made again.
    pub(crate) fn made_again(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for event in self.events() {
            if let EventKind::ChangeIntended { commands, undo, again: true, .. } = event.event {
                lines.extend(commands.into_iter().map(|command| command.text));
                if let WayBack::Commands { commands, .. } = undo {
                    lines.extend(commands.into_iter().map(|command| command.text));
                }
            }
        }
        lines.into_iter().map(|line| escape_for_child(&line)).collect()
    }

    /// Whether a dialogue was begun whose end was not seen, or was lost with the machine's power.
    pub(crate) fn cut_off_in_a_dialogue(&self) -> bool {
        self.lost_power() || self.times("%SP%.d echo ") > 0
    }

    /// Whether the run ended in the middle of a restart.
    pub(crate) fn is_restarting(&self) -> bool {
        Past::of(&self.events(), &self.masks()).ledger.restart.is_some()
    }

    /// Whether the machine, which ran when it all began, was started meanwhile.
    pub(crate) fn lost_power(&self) -> bool {
        self.window.audit().count(&Act::Boot) > 0
    }

    /// The code of the failure that ended the run.
    pub(crate) fn failure(&self) -> Option<String> {
        let failure = Past::of(&self.events(), &self.masks()).ledger.ended?.1?;
        Some(failure.code)
    }

    /// How often the machine was told to restart.
    pub(crate) fn restarts(&self) -> usize {
        self.window.audit().count(&Act::Restart)
    }

    /// Channels that are open.
    pub(crate) fn open_channels(&self) -> usize {
        open_channels(&self.window.audit())
    }

    /// `{{ secret }}` in the place of a value stands for a secret of the tests.
    fn secrets(&self) -> Vec<(&str, &'static str)> {
        let params = self.called.params.iter();
        params.filter_map(|(name, value)| Some((name.as_str(), secret(value)?))).collect()
    }

    fn order(&self) -> Order {
        let given = self.called.params.iter().filter(|(_, value)| secret(value).is_none());
        let mut params = bind(&self.called.script, &given.cloned().collect::<Vec<_>>()).unwrap();
        for (name, value) in self.secrets() {
            params.insert(name.to_owned(), value.into());
        }
        Order {
            run: "run-1".to_owned(),
            params,
            script: Arc::clone(&self.called.script),
            mode: RunMode::Run,
            target: "sim".to_owned(),
            timeout: Duration::from_mins(1),
            on_interrupt: self.called.on_interrupt,
            selection: Selection::default(),
            approved: None,
            snapshot: None,
        }
    }

    fn masks(&self) -> Masks {
        let mut masks = Masks::default();
        for (name, value) in self.secrets() {
            masks.add(name, Secret::new(value).unwrap());
        }
        masks.add("password", self.credentials.password.clone());
        masks
    }

    fn narrator(&self) -> Narrator {
        Narrator::new(self.now(), self.masks())
    }

    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-28T03:00:00Z".parse().unwrap();
        start + SignedDuration::try_from(self.began.elapsed()).unwrap()
    }

    fn journal(&self) -> PathBuf {
        self.folder.borrow().path().join("journal.jsonl")
    }

    /// The run folder is taken to another computer.
    fn moves(&self) {
        let there = tempfile::tempdir().unwrap();
        fs::rename(self.journal(), there.path().join("journal.jsonl")).unwrap();
        self.folder.replace(there);
    }

    fn book(&self, journal: Journal, blow: Option<(u64, Blow)>) -> (Mortal, Wishes) {
        let wishes = Wishes::default();
        let window = self.window.clone();
        (Mortal { journal, path: self.journal(), blow, window, wishes: wishes.clone() }, wishes)
    }

    /// One program, from its start to its end.
    async fn process(
        &self,
        order: Order,
        mut narrator: Narrator,
        again: Option<Again>,
        past: Past,
        wishes: Wishes,
    ) -> Option<Ended> {
        let number = self.processes.get();
        self.processes.set(number + 1);
        let line = SharedLine(Arc::clone(&self.line));
        let credentials = self.credentials.clone();
        let earlier = past.ledger.earlier();
        let Wishes { later, interrupt } = wishes;
        let task = tokio::spawn(async move {
            match again {
                None => begin(&order, &mut narrator).unwrap(),
                Some(again) => begin_again(&order.target, again, &mut narrator).unwrap(),
            }
            narrator.tell(EventKind::SessionOpening { session: format!("k{number}q") }).unwrap();
            let options = SessionOptions {
                first_number: number * 10_000,
                earlier,
                ..SessionOptions::new(format!("k{number}q"), Duration::from_mins(15))
            };
            let console = Console::new(Box::new(line), None);
            let session = match Session::open(console, credentials, options).await {
                Ok(session) => session,
                Err((error, _console)) => {
                    let error = sacpilot::engine::live::operator_error(&error, &[]);
                    return sacpilot::engine::run::not_reached(&mut narrator, error);
                }
            };
            let mut live = Live::new(session, Vec::new());
            let place = live.place();
            let opened = EventKind::SessionOpened {
                line: "sim".to_owned(),
                session: place.session,
                channel: place.channel,
                kept: place.kept,
            };
            narrator.tell(opened).unwrap();
            let (_waits, mut awaiting) = unbounded_channel();
            match again {
                Some(Again::Undo) => undo(&order, &mut live, &mut narrator, &mut awaiting, &interrupt).await,
                _ => run(&order, &mut live, &mut narrator, &mut awaiting, &interrupt, past).await,
            }
        });
        let handle = task.abort_handle();
        tokio::pin!(task);
        tokio::select! {
            ended = &mut task => match ended {
                Ok(ended) => return Some(ended),
                Err(error) if error.is_panic() => {
                    let cause = error.into_panic();
                    assert!(cause.is::<Killed>(), "the program panicked");
                }
                Err(_) => {}
            },
            () = later.notified() => {
                handle.abort();
                let _ = task.await;
            }
        }
        None
    }
}

/// Thrown to end a program at once.
struct Killed;

/// A journal whose writer dies.
struct Mortal {
    journal: Journal,
    path: PathBuf,
    blow: Option<(u64, Blow)>,
    window: SimWindow,
    wishes: Wishes,
}

/// How a program is reached from its journal.
#[derive(Clone, Default)]
struct Wishes {
    /// To be killed.
    later: Arc<tokio::sync::Notify>,
    /// To be stopped.
    interrupt: Interrupt,
}

impl Book for Mortal {
    fn next_seq(&self) -> u64 {
        self.journal.next_seq()
    }

    fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        let Some((_, blow)) = self.blow.filter(|(at, _)| *at == event.seq) else {
            return self.journal.append(event);
        };
        match blow {
            Blow::KillBefore => resume_unwind(Box::new(Killed)),
            Blow::KillTorn => {
                let line = serde_json::to_vec(event).unwrap();
                let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
                file.write_all(&line[..line.len() * 2 / 3]).unwrap();
                resume_unwind(Box::new(Killed))
            }
            Blow::KillAfter => {
                self.journal.append(event).unwrap();
                resume_unwind(Box::new(Killed))
            }
            Blow::PowerCut => {
                self.journal.append(event)?;
                self.window.power_cut();
            }
            Blow::PowerCutThenKill(lines) => {
                self.journal.append(event)?;
                self.window.power_cut();
                self.blow = Some((event.seq + lines, Blow::KillAfter));
            }
            Blow::LaterPowerCut(span) => {
                self.journal.append(event)?;
                let window = self.window.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    window.power_cut();
                });
            }
            Blow::LaterKill(span) => {
                self.journal.append(event)?;
                let later = Arc::clone(&self.wishes.later);
                tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    later.notify_one();
                });
            }
            Blow::Stop => {
                self.journal.append(event)?;
                self.wishes.interrupt.request();
            }
        }
        Ok(())
    }
}

fn open_channels(audit: &Audit) -> usize {
    let mut open = 0_usize;
    for entry in audit.entries() {
        match &entry.act {
            Act::ChannelOpened { .. } => open += 1,
            Act::ChannelClosed { .. } => open -= 1,
            Act::Boot => open = 0,
            _ => {}
        }
    }
    open
}

/// The line to a machine that lives on when this end of it is dropped.
struct SharedLine(Arc<Mutex<SimLine>>);

impl SharedLine {
    fn lock(&self) -> MutexGuard<'_, SimLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line for SharedLine {
    fn describe(&self) -> String {
        self.lock().describe()
    }
}

impl AsyncRead for SharedLine {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(context, buffer)
    }
}

impl AsyncWrite for SharedLine {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }
}
