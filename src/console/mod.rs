//! The owner of one line: it alone reads and writes it, keeps the screen, records both directions, waits with
//! deadlines, and types so that every Enter is proven.
//!
//! Received text is fed to the screen one character at a time and every wait looks after each character, so a wait
//! ends at the same place of the stream however the reads were cut (law 2). What came after that place stays
//! queued for the next wait.

mod alarm;
mod pace;
mod reconnect;
mod typing;

use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

pub use alarm::{Alarm, Watch};
pub use pace::{Rendering, TypingStatistics};
pub use typing::{Clearing, Manner, Typed};

use crate::encoding::Utf8Stream;
use crate::recording::{Recorder, RecordingFailure, line_marks};
use crate::screen::Screen;
use crate::secret::Secret;
use crate::transport::{Line, Reopen};

/// How long a write may be blocked by flow control before the line counts as stuck.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// The most that one read takes, in bytes.
const READ: usize = 4096;

/// So many reads of what has come already, on a line that never rests.
const CATCH_UP: u32 = 256;

/// Is told what is awaited, and for how long at the most, whenever a wait begins: progress for people.
pub type Observer = Box<dyn FnMut(&str, Duration) + Send>;

/// Why waiting or typing ended without success.
#[derive(Debug, Clone, Error)]
pub enum ConsoleError {
    /// A deadline passed.
    #[error("waited {} for {awaited}, and it did not come", seconds(*waited))]
    TimedOut {
        /// What was awaited.
        awaited: String,
        /// For how long.
        waited: Duration,
        /// What the console showed.
        screen: String,
    },
    /// The line ended.
    #[error("lost the line to {line}: {reason}")]
    HungUp {
        /// Which line.
        line: String,
        /// Why, as the way in tells.
        reason: String,
        /// What the console showed last.
        screen: String,
    },
    /// The user wants to stop. Nothing was sent after that was known.
    #[error("stopped by the user")]
    Stopped {
        /// What the console shows.
        screen: String,
    },
    /// Bad news while something else was awaited.
    #[error("{alarm}")]
    Alarm {
        /// The news.
        alarm: Alarm,
        /// What the console shows.
        screen: String,
    },
    /// A line could not be typed so that its echo equalled it. Nothing was executed.
    #[error("typed a line {attempts} times and its echo never equalled it; nothing was executed")]
    EchoNeverRight {
        /// How often.
        attempts: u32,
        /// The prompt and the line that were meant. Never a secret: those are not echoed.
        meant: String,
        /// What the console shows.
        screen: String,
    },
    /// A half-typed line could not be erased.
    #[error("a half-typed line could not be erased; nothing was executed")]
    NotCleared {
        /// What the console shows.
        screen: String,
    },
    /// Enter was sent on a proven line, and nothing that was sent since had any effect.
    #[error("Enter was sent, and the console shows no effect of it for {}: nothing that is typed arrives", seconds(*waited))]
    EnterUnanswered {
        /// How long, after the last key.
        waited: Duration,
        /// What the console shows.
        screen: String,
    },
    /// A line that must not be typed: control characters, or too long.
    #[error("a line of {length} characters cannot be typed here: {reason}")]
    Untypable {
        /// Its length in characters.
        length: usize,
        /// Why.
        reason: &'static str,
    },
}

impl ConsoleError {
    /// What the console showed, where that helps.
    pub fn screen(&self) -> Option<&str> {
        match self {
            Self::TimedOut { screen, .. }
            | Self::HungUp { screen, .. }
            | Self::Stopped { screen }
            | Self::Alarm { screen, .. }
            | Self::EchoNeverRight { screen, .. }
            | Self::NotCleared { screen }
            | Self::EnterUnanswered { screen, .. } => Some(screen),
            Self::Untypable { .. } => None,
        }
    }
}

/// Says when the user wants to stop: true from then on.
pub type StopSign = watch::Receiver<bool>;

impl ConsoleError {
    /// Whether it happened before Enter: nothing of the line that was to be typed was executed.
    pub fn is_before_enter(&self) -> bool {
        matches!(self, Self::EchoNeverRight { .. } | Self::NotCleared { .. } | Self::Untypable { .. })
    }

    /// What the user can do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::HungUp { line, .. } if line.starts_with("recording ") => {
                "a recording answers only to what was sent when it was made: `sacpilot replay FILE --explain` shows that"
            }
            Self::HungUp { .. } => {
                "look whether somebody else took the console, and run it again; --reconnect TIME makes a lost line anew \
                 where the way in allows that"
            }
            Self::Alarm { alarm: Alarm::BugCheck, .. } => {
                "look at the dump with `sacpilot connect` (d), or type restart there"
            }
            Self::Alarm { .. } => "run it again: the console is found and logged in to anew",
            Self::TimedOut { .. } | Self::EnterUnanswered { .. } => {
                "look with `sacpilot connect` what the machine is doing"
            }
            Self::EchoNeverRight { .. } | Self::NotCleared { .. } => {
                "nothing was executed; on a line that loses bytes try a lower speed, or look with `sacpilot connect`"
            }
            Self::Stopped { .. } => "run it again when it suits you",
            Self::Untypable { .. } => "split it, or put it into a script file on the machine",
        }
    }
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The absolute deadline.
    pub until: Instant,
    /// Gives up earlier once something came and then nothing for this long.
    pub idle: Option<Duration>,
}

impl Patience {
    /// Until `span` from now, however quiet.
    pub fn of(span: Duration) -> Self {
        Self { until: Instant::now() + span, idle: None }
    }

    /// Until a moment.
    pub fn until(until: Instant) -> Self {
        Self { until, idle: None }
    }
}

/// The owner of one line.
pub struct Console {
    line: Box<dyn Line>,
    recorder: Option<Recorder>,
    observer: Option<Observer>,
    decoder: Utf8Stream,
    screen: Screen,
    /// What one read brings. Here, since each future above a read would hold it as well.
    read: Box<[u8; READ]>,
    /// Text that came and is not shown yet, from `shown` on.
    queued: String,
    shown: usize,
    opened: Instant,
    watch: Option<Watch>,
    stop: Option<StopSign>,
    received: u64,
    doubled_escapes: u64,
    ends_in_escape: bool,
    typing: pace::Pace,
    reopen: Option<Box<dyn Reopen>>,
    /// How long a lost line is asked for, and one that was refused from the beginning.
    patience: Duration,
    willing: Duration,
    reconnected: u64,
    outage: Option<reconnect::Outage>,
    /// What is shown may be old.
    doubted: bool,
    /// What was proven last to be there.
    mode: Option<&'static str>,
    /// When the line ended as if somebody else had taken it.
    taken: Vec<Instant>,
    /// When bytes were sent last.
    sent: Instant,
    /// That the line is lost is in the recording.
    loss_told: bool,
    /// How often the line took an Enter.
    enters: u64,
    secrets: Vec<Secret>,
}

impl Console {
    /// Takes over a line; everything that goes over it is recorded, when a recorder is given.
    pub fn new(line: Box<dyn Line>, recorder: Option<Recorder>) -> Self {
        Self {
            doubted: line.shows_the_past(),
            line,
            recorder,
            observer: None,
            decoder: Utf8Stream::new(),
            screen: Screen::new(),
            read: Box::new([0; READ]),
            queued: String::new(),
            shown: 0,
            opened: Instant::now(),
            watch: None,
            stop: None,
            received: 0,
            doubled_escapes: 0,
            ends_in_escape: false,
            typing: pace::Pace::default(),
            reopen: None,
            patience: Duration::ZERO,
            willing: Duration::ZERO,
            reconnected: 0,
            outage: None,
            taken: Vec::new(),
            sent: Instant::now(),
            loss_told: false,
            enters: 0,
            mode: None,
            secrets: Vec::new(),
        }
    }

    /// How long it is tried to make a lost line again, and how. None: only where the line itself can
    /// ([`Line::again`]). For no time: it stays lost.
    pub fn set_reopen(&mut self, reopen: Option<Box<dyn Reopen>>, patience: Duration) {
        self.reopen = reopen;
        self.patience = patience;
    }

    /// What the console shows.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Clears what is shown here, not on the machine: what the screen shows afterwards was sent afterwards.
    pub fn wipe(&mut self) {
        // Nothing of it counts any more, bad news neither.
        while self.show_queued().is_err() {}
        "\x1b[2J\x1b[H".chars().for_each(|character| self.screen.feed(character));
    }

    /// Something new begins: of the text that came before only the last part is kept.
    pub fn forget(&mut self) {
        self.screen.forget();
    }

    /// What the line is, for messages.
    pub fn describe(&self) -> String {
        self.line.describe()
    }

    /// How many bytes came so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How often two ESC came side by side, which no screen shows: SAC echoes an ESC that it takes into its line
    /// (ReactOS), and what it draws next begins with one.
    pub fn doubled_escapes(&self) -> u64 {
        self.doubled_escapes
    }

    /// How often the line took an Enter. While it stays the same, nothing that was typed meanwhile was entered.
    pub fn enters(&self) -> u64 {
        self.enters
    }

    /// Arms what ends every wait at once, or disarms it.
    pub fn set_watch(&mut self, watch: Option<Watch>) {
        self.watch = watch;
    }

    /// Ends every wait with [`ConsoleError::Stopped`] when the user wants to stop; `None`: they may want what they like.
    pub fn set_stop(&mut self, stop: Option<StopSign>) {
        self.stop = stop;
    }

    /// Puts a mark into the recording.
    pub fn mark(&mut self, label: &str) {
        let at = self.opened.elapsed();
        if let Some(recorder) = &mut self.recorder {
            recorder.mark(at, label);
        }
    }

    /// Whether SAC, a login or a shell was ever proven to be there.
    pub fn was_seen(&self) -> bool {
        self.mode.is_some()
    }

    /// It is proven that whoever types now speaks to this: `SAC`, `login`, `cmd`. A change is a mark in the recording.
    pub fn enter_mode(&mut self, mode: &'static str) {
        if self.mode != Some(mode) {
            self.mode = Some(mode);
            self.mark(&format!("mode {mode}"));
        }
    }

    /// Whether what is shown may be old: nothing came yet that could only be an answer to what was sent over this line.
    pub fn is_doubted(&self) -> bool {
        self.doubted
    }

    /// From here on what is shown is what the machine shows.
    pub fn believe(&mut self) {
        self.doubted = false;
    }

    /// Everything that was hidden so far: what is said about this console must not hold it.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Masks a secret in the recording from here on, in both directions.
    pub fn hide(&mut self, secret: &Secret) {
        if !self.secrets.iter().any(|known| known.expose() == secret.expose()) {
            self.secrets.push(secret.clone());
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.hide(secret);
        }
    }

    /// Tells somebody what is awaited.
    pub fn set_observer(&mut self, observer: Option<Observer>) {
        self.observer = observer;
    }

    /// Why the recording stopped, once. The line goes on without it.
    pub fn take_recording_failure(&mut self) -> Option<RecordingFailure> {
        self.recorder.as_mut().and_then(Recorder::take_failure)
    }

    /// Waits until `probe` finds what it looks for on the screen. It is asked at once and after each character.
    pub async fn wait<T>(
        &mut self,
        awaited: &str,
        patience: Patience,
        mut probe: impl FnMut(&Screen) -> Option<T>,
    ) -> Result<T, ConsoleError> {
        let began = Instant::now();
        let mut heard = None;
        if let Some(observer) = &mut self.observer {
            observer(awaited, patience.until.saturating_duration_since(began));
        }
        loop {
            if let Some(found) = probe(&self.screen) {
                return Ok(found);
            }
            self.look_out()?;
            if let Some(character) = self.next_queued() {
                self.screen.feed(character);
                continue;
            }
            let until = match (heard, patience.idle) {
                (Some(at), Some(idle)) => patience.until.min(at + idle),
                _ => patience.until,
            };
            if !self.read_until(until).await? {
                return Err(ConsoleError::TimedOut {
                    awaited: awaited.to_owned(),
                    waited: began.elapsed(),
                    screen: self.screen.text(),
                });
            }
            heard = Some(Instant::now());
        }
    }

    /// Shows everything that comes until nothing came for `span`, or until the deadline. True when it is quiet.
    pub async fn quiet(&mut self, span: Duration, until: Instant) -> Result<bool, ConsoleError> {
        loop {
            self.show_queued()?;
            let now = Instant::now();
            if now >= until {
                return Ok(false);
            }
            let end = (now + span).min(until);
            if !self.read_until(end).await? {
                return Ok(now + span <= until);
            }
        }
    }

    /// Shows what has come already, and waits for nothing.
    pub async fn catch_up(&mut self) -> Result<(), ConsoleError> {
        let mut reads = CATCH_UP;
        while reads > 0 && self.read_until(Instant::now()).await? {
            reads -= 1;
        }
        self.show_queued()
    }

    /// Sends bytes as they are: keys for SAC's driver, an answer to a pager. Never an Enter on a line: that is
    /// [`Console::submit`].
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), ConsoleError> {
        let (line, enters) = (&mut self.line, &mut self.enters);
        let written = tokio::time::timeout(WRITE_PATIENCE, async {
            line.write_all(bytes).await?;
            // One that the line refused went nowhere.
            *enters += u64::from(bytes.contains(&b'\r'));
            line.flush().await
        })
        .await;
        match written {
            Ok(Ok(())) => {
                self.sent = Instant::now();
                let at = self.opened.elapsed();
                if let Some(recorder) = &mut self.recorder {
                    recorder.input(at, bytes);
                }
                Ok(())
            }
            Ok(Err(error)) => Err(self.hung_up(Some(&error))),
            Err(_) => {
                Err(self.lost(format!("it took no byte for {} (flow control?)", seconds(WRITE_PATIENCE))))
            }
        }
    }

    fn next_queued(&mut self) -> Option<char> {
        let Some(next) = self.queued[self.shown..].chars().next() else {
            self.drop_queued();
            return None;
        };
        self.shown += next.len_utf8();
        Some(next)
    }

    fn drop_queued(&mut self) {
        self.queued.clear();
        self.shown = 0;
    }

    /// Feeds everything that was received to the screen; bad news ends it, for a row later it could not be told.
    fn show_queued(&mut self) -> Result<(), ConsoleError> {
        while let Some(character) = self.next_queued() {
            self.screen.feed(character);
            self.look_out()?;
        }
        Ok(())
    }

    /// Whether the screen shows what must never be seen here.
    fn look_out(&self) -> Result<(), ConsoleError> {
        match self.watch.and_then(|watch| watch(&self.screen)) {
            Some(alarm) => Err(ConsoleError::Alarm { alarm, screen: self.screen.text() }),
            None => Ok(()),
        }
    }

    /// Reads once; false when the moment passed first.
    async fn read_until(&mut self, until: Instant) -> Result<bool, ConsoleError> {
        let read = tokio::select! {
            biased;
            () = asked(self.stop.as_mut()) => {
                return Err(ConsoleError::Stopped { screen: self.screen.text() });
            }
            read = timeout_at(until, self.line.read(self.read.as_mut_slice())) => read,
        };
        match read {
            Err(_) => {
                let at = self.opened.elapsed();
                if let Some(recorder) = &mut self.recorder {
                    recorder.tick(at);
                }
                Ok(false)
            }
            Ok(Ok(0)) => Err(self.hung_up(None)),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => Ok(true),
            Ok(Err(error)) => Err(self.hung_up(Some(&error))),
            Ok(Ok(count)) => {
                let bytes = &self.read[..count];
                self.received += count as u64;
                let at = self.opened.elapsed();
                if let Some(recorder) = &mut self.recorder {
                    recorder.output(at, bytes);
                }
                let new = self.queued.len();
                self.decoder.push(bytes, &mut self.queued);
                for character in self.queued[new..].chars() {
                    let is_escape = character == '\u{1b}';
                    self.doubled_escapes += u64::from(is_escape && self.ends_in_escape);
                    self.ends_in_escape = is_escape;
                }
                Ok(true)
            }
        }
    }

    fn hung_up(&mut self, error: Option<&std::io::Error>) -> ConsoleError {
        // The line is gone: that is the news.
        let _ = self.show_queued();
        let reason = self.line.hang_up(error);
        self.lost(reason)
    }

    fn lost(&mut self, reason: String) -> ConsoleError {
        if !std::mem::replace(&mut self.loss_told, true) {
            self.mark(&line_marks::lost(&reason));
        }
        ConsoleError::HungUp { line: self.line.describe(), reason, screen: self.screen.text() }
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("line", &self.line.describe()).finish_non_exhaustive()
    }
}

/// Waits until the user wants to stop.
pub(super) async fn asked(stop: Option<&mut StopSign>) {
    let asked = match stop {
        Some(stop) => stop.wait_for(|asked| *asked).await.is_ok(),
        None => false,
    };
    if !asked {
        std::future::pending::<()>().await;
    }
}

/// A span for people: `0.2 s`, `45 s`, `12 min`.
pub(crate) fn seconds(span: Duration) -> String {
    match span.as_secs_f64() {
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{:.0} min", s / 60.0),
    }
}
