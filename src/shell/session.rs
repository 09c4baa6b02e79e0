//! A session: a command channel that we opened, logged in to, and made ready.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::call::Calls;
use super::helper::Written;
use super::login::LoggedIn;
use super::machine_file::Tools;
use super::{Credentials, ShellError, helper, login};
use crate::console::{Alarm, Clearing, Console, ConsoleError, Manner, Patience, StopSign};
use crate::encoding::CodePage;
use crate::sac::{self, SacError};
use crate::screen::Screen;

/// How long a line of the preparation may take.
const PREPARATION: Duration = Duration::from_mins(1);
/// How long the machine has to leave the channel after `exit`.
const LEAVING: Duration = Duration::from_secs(20);
/// How long the console may draw before what stands at the cursor counts.
const DRAWING: Duration = Duration::from_millis(250);
/// How long `shutdown` waits before it acts, so that its own exit code can be read.
const GRACE: u32 = 5;
/// ERROR_SHUTDOWN_IN_PROGRESS: the machine goes down already.
const UNDER_WAY: i32 = 1115;
/// ERROR_SHUTDOWN_IS_SCHEDULED: it was told before, and will.
const SCHEDULED: i32 = 1190;
/// How long the prompt of an earlier session may take to show when nothing runs in it.
const REPAINT: Duration = Duration::from_secs(5);
/// More than a line of SAC holds.
const LONGEST_AT_SAC: usize = 80;
/// How long SAC may take to tell something of itself: it asks services of a machine in trouble.
const ASKING: Duration = Duration::from_secs(90);
/// How often the way back into the channel is tried.
const RETURNS: u32 = 8;
/// How long a channel that is viewed may take to show where it stands.
const SHOWN: Duration = Duration::from_secs(6);
/// How often a line is typed that differs at a second look, or whose Enter was lost.
const ENTERS: u32 = 6;
/// How often the machine is asked to send a line once more.
const LOOKS: u32 = 16;
/// How much silence ends a look.
const DRAWN: Duration = Duration::from_secs(1);
/// Once something came of a command on a line that alters bytes: how much silence says that its prompt came too.
const QUIET_END: Duration = Duration::from_secs(15);
/// cmd's own limit is 8,191; what can be proven on a screen is less, and checked in `Session::cmd`.
const LONGEST_LINE: usize = 1_500;

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Letters and digits that no other session on the machine uses at the same time; names its temporary files.
    pub id: String,
    /// How long it may take until the session is ready, boot included.
    pub budget: Duration,
    /// Its commands are numbered from here on; none of the numbers may still stand on the console from before.
    pub first_number: u32,
    /// The session of an earlier program, to be used on when it is still there.
    pub earlier: Option<Earlier>,
}

/// A session of a program that ended without closing it.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Its id.
    pub id: String,
    /// Its channel; empty when it is not known.
    pub channel: String,
    /// How long its last command may still run.
    pub patience: Duration,
}

/// A logged-in command channel.
pub struct Session {
    console: Console,
    credentials: Credentials,
    id: String,
    channel: String,
    prompt: String,
    code_page: Option<CodePage>,
    calls: Calls,
    /// Whether the shell in the channel has our prompt, the file names and the helper.
    ready: Ready,
    /// How much of the helper stands on the machine.
    written: Written,
    /// The channels that were there before ours, until ours is open.
    before: Option<Vec<String>>,
    kept: bool,
    /// How long the machine had been up when it was asked last.
    up: Option<Duration>,
    tools: Option<Tools>,
    /// Whether the machine has the batch file that shows many pages.
    pager: bool,
    /// Files of scripts that were put there in this session.
    carried: BTreeSet<String>,
}

impl SessionOptions {
    /// A session that begins.
    pub fn new(id: impl Into<String>, budget: Duration) -> Self {
        Self { id: id.into(), budget, first_number: 0, earlier: None }
    }
}

/// Whether a line may be executed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twice {
    Harmless,
    Never,
}

/// What a second look at a typed line shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Same,
    Differs,
    /// It does not stand there any more: erased, or entered by a key that arrived altered.
    Gone,
}

/// How far the shell in our channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    No,
    Yes,
}

impl Session {
    /// Opens a command channel from whatever state the console is in, logs in, and makes it ready.
    ///
    /// # Errors
    /// [`ShellError`]; a channel that was opened meanwhile is closed again. The console comes back for a look.
    pub async fn open(
        console: Console,
        credentials: Credentials,
        options: SessionOptions,
    ) -> Result<Self, (ShellError, Console)> {
        let until = Instant::now() + options.budget;
        let mut console = console;
        console.hide(&credentials.password);
        let mut session = Self {
            console,
            credentials,
            prompt: format!("{}>", options.id),
            id: options.id,
            channel: String::new(),
            code_page: None,
            calls: Calls::from(options.first_number),
            ready: Ready::No,
            written: Written::default(),
            before: None,
            kept: false,
            up: None,
            tools: None,
            pager: false,
            carried: BTreeSet::new(),
        };
        if let Some(earlier) = options.earlier {
            match session.take_up(&earlier, until).await {
                Ok(true) => return Ok(session),
                Ok(false) => {}
                Err(error) if error.is_lost_line() => return Err((error, session.console)),
                Err(error) => tracing::debug!(%error, "the session of before cannot be used on"),
            }
        }
        match session.return_to_channel(until).await {
            Ok(()) => Ok(session),
            Err(error) => {
                let error = session.leave_cleanly(error).await;
                Err((error, session.console))
            }
        }
    }

    /// The console of the session.
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is the one of an earlier program.
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// The channel's name, `Cmd0001`; empty when none is open.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// The machine's code page for output.
    pub fn code_page(&self) -> CodePage {
        self.code_page.unwrap_or_default()
    }

    /// Ends what is done with [`ShellError::Stopped`] when the user wants to stop; `None`: everything is finished.
    pub fn set_stop(&mut self, stop: Option<StopSign>) {
        self.console.set_stop(stop);
    }

    /// Puts a mark into the recording.
    pub fn mark(&mut self, label: &str) {
        self.console.mark(label);
    }

    /// Runs a command of SAC and comes back to the channel. Its output, without echo and prompt.
    ///
    /// Nothing proves what SAC prints. On a line that alters bytes, commands that only look are asked until two
    /// answers agree; of others the output may be altered.
    ///
    /// `timeout` counts from Enter to SAC's next prompt.
    pub async fn sac(&mut self, command: &str, timeout: Duration) -> Result<String, ShellError> {
        Box::pin(self.at_prompt()).await?;
        let until = Instant::now() + timeout + 4 * PREPARATION;
        self.console.set_watch(None);
        let mut at = sac::reach_prompt(&mut self.console, until).await?;
        let mut before = None;
        let output = loop {
            let (output, next) =
                sac::command(&mut self.console, at, command, timeout).await.map_err(|error| {
                    let error = ShellError::from(error);
                    if before.is_some() { error.after_enter() } else { error }
                })?;
            at = next;
            if !(self.console.typing().noisy && sac::only_looks(command)) || before.as_ref() == Some(&output)
            {
                break output;
            }
            if Instant::now() > until {
                let screen = self.console.screen().text();
                return Err(SacError::Unreadable { what: "the output of the command", screen }.into());
            }
            before = Some(output);
        };
        drop(at);
        // What only looks may as well not have run: then a lost line stays a lost line.
        match self.return_to_channel(until).await {
            Ok(()) => Ok(output),
            Err(error) if sac::only_looks(command) => Err(error),
            Err(error) => Err(error.after_enter()),
        }
    }

    /// Restarts the machine, waits until it is proven to have restarted, and opens a session again. `stop` is heard once
    /// the machine was told to restart: a line that is being typed for that is not left half.
    pub async fn reboot(
        &mut self,
        by: Restarting<'_>,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), ShellError> {
        let restarted = self.restart(by, budget, stop).await;
        self.console.set_stop(None);
        restarted
    }

    async fn restart(
        &mut self,
        by: Restarting<'_>,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), ShellError> {
        let began = Instant::now();
        let until = began + budget;
        let up = self.up.take();
        let mut since = self.console.screen().transcript().now();
        match by {
            Restarting::Shutdown { reason } => {
                let command = format!("shutdown /r /f /t {GRACE} /c \"{}\"", comment(reason));
                let outcome = self.cmd(&command, PREPARATION).await?;
                if !matches!(outcome.code, 0 | UNDER_WAY | SCHEDULED) {
                    let said = outcome.text.trim().to_owned();
                    return Err(ShellError::RestartRefused { code: outcome.code, said });
                }
            }
            Restarting::Sac => {
                self.at_prompt().await?;
                self.console.set_watch(None);
                let at = sac::reach_prompt(&mut self.console, Instant::now() + PREPARATION).await?;
                sac::restart(&mut self.console, at).await?;
            }
        }
        self.console.mark("restarting");
        self.console.set_stop(stop);
        self.carried.clear();
        self.channel.clear();
        self.kept = false;
        self.ready = Ready::No;
        let mut missed = false;
        loop {
            // What came while the line was gone is lost, and what a new line shows first may be of an earlier boot.
            if missed {
                match self.has_restarted_since(began, up, until).await {
                    Ok(true) => break,
                    Ok(false) => {
                        since = self.console.screen().transcript().now();
                        missed = false;
                    }
                    Err(error) => self.pass(error).await?,
                }
                continue;
            }
            match sac::await_boot(&mut self.console, since, until).await {
                Ok(()) => break,
                Err(SacError::Console(lost @ ConsoleError::HungUp { .. })) => {
                    self.console.reconnect(lost).await?;
                    missed = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.console.mark("restarted");
        self.return_to_channel(until).await
    }

    /// How long the machine has been up, in whole seconds, as SAC says; `None`: it does not say.
    pub async fn uptime(&mut self) -> Result<Option<Duration>, ShellError> {
        let told = self.sac("id", ASKING).await?;
        self.up = sac::text::seconds_since_restart(&told).map(Duration::from_secs);
        Ok(self.up)
    }

    /// Whether the machine has been up for less time than has passed since `moment`, or than it had been up before;
    /// asked twice, for a line may alter a digit.
    async fn has_restarted_since(
        &mut self,
        moment: Instant,
        before: Option<Duration>,
        until: Instant,
    ) -> Result<bool, ShellError> {
        let mut at = sac::reach_prompt(&mut self.console, until).await?;
        for _ in 0..2 {
            let (told, next) = sac::command(&mut self.console, at, "id", ASKING).await?;
            at = next;
            let longest = moment.elapsed().max(before.unwrap_or_default());
            let up = sac::text::seconds_since_restart(&told);
            if up.is_none_or(|up| Duration::from_secs(up) >= longest) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes the session's temporary files, closes its channel and leaves the console at an empty SAC prompt.
    pub async fn close(&mut self) -> Result<(), ShellError> {
        if self.channel.is_empty() {
            return Ok(());
        }
        let mut tries = RETURNS;
        let end = Instant::now() + 10 * PREPARATION;
        loop {
            let error = match Box::pin(self.try_close()).await {
                Ok(()) => {
                    tracing::info!("learnt about this console: {}", self.console.typing());
                    return Ok(());
                }
                Err(error) => error,
            };
            if !error.is_lost_line() {
                tries -= 1;
            }
            if tries == 0 || Instant::now() >= end {
                return Err(error);
            }
            self.pass(error).await?;
        }
    }

    async fn try_close(&mut self) -> Result<(), ShellError> {
        let until = Instant::now() + 2 * PREPARATION;
        self.console.quiet(Duration::ZERO, Instant::now()).await?;
        // One that is not ours to use any more is closed from SAC.
        // A read that ended while the prompt is drawn is no half-typed line.
        let ours = self.ready == Ready::Yes
            && (self.prompt_comes_back().await?
                || sac::in_channel(self.console.screen()).is_none() && self.clean_line().await.is_ok());
        if ours {
            self.console.set_watch(None);
            self.type_and_enter("(del /q %SP%.*&exit)").await?;
            let end = Patience { until: Instant::now() + LEAVING, idle: Some(SHOWN) };
            let gone = |screen: &Screen| match sac::recognise(screen) {
                sac::Place::Switch { .. } | sac::Place::Sac { .. } => Some(()),
                _ => None,
            };
            match self.console.wait("the channel to close", end, gone).await {
                Ok(()) if !self.console.typing().noisy => {
                    let _ = sac::reach_prompt(&mut self.console, until).await?;
                    self.channel.clear();
                    return Ok(());
                }
                Ok(()) | Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        self.close_from_sac(until).await?;
        Ok(())
    }

    /// Makes sure that our channel is gone, as the list of channels tells.
    async fn close_from_sac(&mut self, until: Instant) -> Result<(), SacError> {
        self.console.set_watch(None);
        for _ in 0..RETURNS {
            let at = sac::reach_prompt(&mut self.console, until).await?;
            let (at, list) = sac::channels(&mut self.console, at).await?;
            if !list.iter().any(|channel| channel.active && channel.name.eq_ignore_ascii_case(&self.channel))
            {
                self.channel.clear();
                return Ok(());
            }
            let _ = sac::close_channel(&mut self.console, at, &self.channel).await?;
        }
        Err(SacError::Unreadable { what: "the list of channels", screen: self.console.screen().text() })
    }

    /// Gives the console back as it is.
    pub fn into_console(self) -> Console {
        self.console
    }

    pub(super) fn has_carried(&self, path: &str) -> bool {
        self.carried.contains(path)
    }

    pub(super) fn carried(&mut self, path: &str) {
        self.carried.insert(path.to_owned());
    }

    /// What was put there may be gone.
    pub(super) fn forget_carried(&mut self) {
        self.carried.clear();
    }

    pub(super) fn console_mut(&mut self) -> &mut Console {
        &mut self.console
    }

    pub(super) fn prompt(&self) -> &str {
        &self.prompt
    }

    pub(super) fn found_tools(&self) -> Option<Tools> {
        self.tools
    }

    pub(super) fn remember_tools(&mut self, tools: Tools) {
        self.tools = Some(tools);
    }

    pub(super) fn has_pager(&self) -> bool {
        self.pager
    }

    pub(super) fn remember_pager(&mut self) {
        self.pager = true;
    }

    pub(super) fn next_call(&mut self) -> String {
        self.calls.next()
    }

    pub(super) fn is_before(&self, name: &str, call: &str) -> bool {
        self.calls.is_before(name, call)
    }

    /// Types a line at our prompt and enters it once its echo equals it; one that may be executed twice, since it only
    /// writes a temporary file of ours anew, or shows something.
    pub(super) async fn type_and_enter(&mut self, line: &str) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        self.enter_proven(&prompt, line, Twice::Harmless).await
    }

    /// The same for a line that may not be executed twice: where nobody knows whether it was,
    /// [`ConsoleError::EnterUnanswered`].
    pub(super) async fn type_and_enter_once(&mut self, line: &str) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        self.enter_proven(&prompt, line, Twice::Never).await
    }

    async fn enter_proven(&mut self, prompt: &str, line: &str, twice: Twice) -> Result<(), ConsoleError> {
        for _ in 0..ENTERS {
            let typed = self.console.type_line(manner(prompt), line).await?;
            let look = if self.console.typing().noisy {
                self.console.set_watch(None);
                let look = self.second_look(prompt, line).await;
                self.console.set_watch(Some(sac::in_channel));
                look?
            } else {
                Look::Same
            };
            match look {
                Look::Same => {
                    if self.console.enter_typed(manner(prompt), typed).await?.is_some() {
                        return Ok(());
                    }
                }
                Look::Gone if twice == Twice::Never => {
                    let screen = self.console.screen().text();
                    return Err(ConsoleError::EnterUnanswered { waited: SHOWN, screen });
                }
                Look::Gone | Look::Differs => {
                    tracing::debug!(?look, "at a second look the line is another one; it is dropped");
                    self.console.interrupt_line(manner(prompt)).await?;
                }
            }
        }
        Err(ConsoleError::EchoNeverRight {
            attempts: ENTERS,
            meant: format!("{prompt}{line}"),
            screen: self.console.screen().text(),
        })
    }

    /// Has the machine send once more what stands at the prompt. On a line that alters bytes an echo that looks right may
    /// be two errors that hide each other (a character that came twice, one of whose echoes was lost). What is sent anew
    /// comes from a screen of the machine's, with the column of the cursor in digits.
    async fn second_look(&mut self, prompt: &str, line: &str) -> Result<Look, ConsoleError> {
        let whole = format!("{prompt}{line}");
        let mut seen = Vec::new();
        for _ in 0..LOOKS {
            if !sac::view_again(&mut self.console, &self.channel).await? {
                continue;
            }
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(DRAWN) };
            let same = |screen: &Screen| screen.spells_before_cursor(&whole).then_some(());
            match self.console.wait("the line once more", patience, same).await {
                Ok(()) => {
                    self.console.quiet(DRAWING, Instant::now() + SHOWN).await?;
                    if self.console.screen().spells_before_cursor(&whole) {
                        return Ok(Look::Same);
                    }
                }
                Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other),
            }
            // What is different in the same way twice is so on the machine, and no error of this look.
            let shown = self.console.screen().spelled_and_more(prompt);
            if seen.contains(&shown) {
                let stands = shown.is_some_and(|shown| !shown.trim().is_empty());
                return Ok(if stands { Look::Differs } else { Look::Gone });
            }
            seen.push(shown);
        }
        Ok(Look::Gone)
    }

    /// Makes sure that our prompt stands at the cursor with nothing behind it. A session that Windows ended meanwhile
    /// is opened again, a line that was lost is made anew; nothing was running, so nothing is lost.
    pub(super) async fn at_prompt(&mut self) -> Result<(), ShellError> {
        // What came while nobody looked: Windows may have ended the session.
        let quiet = self.console.catch_up().await;
        if let Err(lost) = quiet {
            return self.regain(lost).await;
        }
        // A read can end while the console draws something behind the prompt and has moved the cursor: that is no
        // half-typed line, and how reads were cut must not decide about a Ctrl-C.
        if self.ready == Ready::Yes && self.prompt_comes_back().await? {
            return Ok(());
        }
        if self.ready == Ready::Yes && !self.is_elsewhere() && self.clean_line().await.is_ok() {
            return Ok(());
        }
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await?;
        if self.is_at_prompt() { Ok(()) } else { self.back_to_prompt().await }
    }

    pub(super) fn is_at_prompt(&self) -> bool {
        self.console.screen().before_cursor() == self.prompt
    }

    /// Gets back to the channel after something went wrong there: makes a lost line anew, has the screen shown again,
    /// logs in again.
    pub(super) async fn regain(&mut self, error: ConsoleError) -> Result<(), ShellError> {
        match error {
            lost @ ConsoleError::HungUp { .. } => self.console.reconnect(lost).await?,
            stop @ (ConsoleError::Alarm { alarm: Alarm::BugCheck, .. } | ConsoleError::Stopped { .. }) => {
                return Err(stop.into());
            }
            _ => {}
        }
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await
    }

    /// The same, and to our prompt: what still runs there is interrupted.
    pub(super) async fn regain_prompt(&mut self, error: ConsoleError) -> Result<(), ShellError> {
        self.regain(error).await?;
        if self.is_at_prompt() { Ok(()) } else { self.back_to_prompt().await }
    }

    /// Whether the console shows a place where Ctrl-C is no interrupt: SAC *executes* the line (ReactOS concmd.c), a
    /// login takes it as a letter.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(
            sac::recognise(self.console.screen()),
            sac::Place::Sac { .. }
                | sac::Place::SacPager
                | sac::Place::Switch { .. }
                | sac::Place::Login(_)
                | sac::Place::Stopped
        )
    }

    /// Has the screen of the channel sent again.
    pub(super) async fn show_anew(&mut self) -> Result<(), ShellError> {
        self.console.learn_noise();
        self.return_to_channel(Instant::now() + 6 * PREPARATION).await
    }

    /// From wherever the console is into our channel: the one that is open, or a new one. Ends at our prompt, or where
    /// a command still runs.
    async fn return_to_channel(&mut self, until: Instant) -> Result<(), ShellError> {
        let mut tries = RETURNS;
        loop {
            let written = self.written.lines;
            let error = match Box::pin(self.try_return(until)).await {
                Ok(()) => {
                    self.console.enter_mode("cmd");
                    self.console.set_watch(Some(sac::in_channel));
                    return Ok(());
                }
                Err(error) => error,
            };
            // A line that is lost again and again is a matter of time, not of tries; and so is one on which it goes on.
            if self.written.lines > written {
                tries = RETURNS;
            } else if !error.is_lost_line() {
                tries -= 1;
            }
            if tries == 0 || Instant::now() >= until {
                return Err(error);
            }
            self.pass(error).await?;
        }
    }

    /// Whether our prompt stands at the cursor, now or within the moment that a drawing takes.
    async fn prompt_comes_back(&mut self) -> Result<bool, ConsoleError> {
        let prompt = self.prompt.clone();
        let bare = move |screen: &Screen| (screen.before_cursor() == prompt).then_some(());
        match self.console.wait("the prompt", Patience::of(DRAWING), bare).await {
            Ok(()) => Ok(true),
            Err(ConsoleError::TimedOut { .. } | ConsoleError::Alarm { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Does what an error asks for before the next try; returns those that no other try can mend.
    async fn pass(&mut self, error: ShellError) -> Result<(), ShellError> {
        let cause = match error {
            ShellError::Sac(SacError::Console(cause) | SacError::OutcomeUnknown { cause })
            | ShellError::OutcomeUnknown { cause } => cause,
            ShellError::Sac(SacError::Unreadable { .. } | SacError::NoSuchChannel { .. }) => {
                self.console.learn_noise();
                return Ok(());
            }
            error => return Err(error),
        };
        match cause {
            lost @ ConsoleError::HungUp { .. } => Ok(self.console.reconnect(lost).await?),
            stop @ (ConsoleError::Alarm { alarm: Alarm::BugCheck, .. } | ConsoleError::Stopped { .. }) => {
                Err(stop.into())
            }
            refused @ ConsoleError::Untypable { .. } => Err(refused.into()),
            _ => Ok(()),
        }
    }

    async fn try_return(&mut self, until: Instant) -> Result<(), ShellError> {
        self.console.set_watch(None);
        let at = sac::reach_prompt(&mut self.console, until).await?;
        if self.channel.is_empty() {
            return self.open_channel(at, until).await;
        }
        let channel = self.channel.clone();
        match sac::view_channel(&mut self.console, at, &channel, until).await {
            Ok(()) => {}
            Err(SacError::NoSuchChannel { .. }) => {
                self.channel.clear();
                self.ready = Ready::No;
                let at = sac::reach_prompt(&mut self.console, until).await?;
                return self.open_channel(at, until).await;
            }
            Err(error) => return Err(error.into()),
        }
        let own = self.prompt.clone();
        for _ in 0..4 {
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(Duration::from_secs(2)) };
            let place = self
                .console
                .wait("the channel's screen", patience, |screen| {
                    if screen.before_cursor() == own {
                        return Some(sac::Place::Cmd);
                    }
                    Some(sac::recognise(screen)).filter(|place| {
                        matches!(place, sac::Place::Login(_) | sac::Place::Cmd | sac::Place::Switch { .. })
                    })
                })
                .await;
            match place {
                // It may still stand there from before the key that views it, or that key was lost.
                Ok(sac::Place::Switch { .. }) => {
                    self.console.quiet(Duration::from_millis(700), until).await?;
                    if sac::switch_screen(self.console.screen()).is_some() {
                        self.console.send(b" ").await?;
                        self.console.quiet(Duration::from_millis(700), until).await?;
                    }
                }
                Ok(sac::Place::Login(_)) => return self.log_in(until).await,
                Ok(_) => {
                    self.console.quiet(Duration::from_millis(150), until).await?;
                    break;
                }
                Err(ConsoleError::TimedOut { .. }) => break,
                Err(other) => return Err(other.into()),
            }
        }
        // A shell of ours shows our prompt and no other one: this is a new one.
        if sac::cmd_prompt_at_cursor(self.console.screen()).is_some() {
            self.ready = Ready::No;
        }
        if self.ready == Ready::No && !self.is_at_prompt() && self.own_line_stands() {
            self.drop_half_line().await?;
        }
        if let (Ready::No, Some(first)) = (
            self.ready,
            sac::cmd_prompt_at_cursor(self.console.screen()).or(self.is_at_prompt().then_some(own)),
        ) {
            return self.prepare(&first).await;
        }
        if self.ready == Ready::No {
            // Broken off in the middle of a line of the preparation: nothing of it is worth keeping.
            tracing::debug!(channel, "neither a login nor a prompt: closed, and another one opened");
            let at = sac::reach_prompt(&mut self.console, until).await?;
            let at = sac::close_channel(&mut self.console, at, &channel).await?;
            self.channel.clear();
            return self.open_channel(at, until).await;
        }
        Ok(())
    }

    /// Whether our prompt begins a row with something behind it, and nothing else asks for input below.
    fn own_line_stands(&self) -> bool {
        let screen = self.console.screen();
        let ours = (0..=screen.cursor().row).any(|row| screen.row(row).starts_with(&self.prompt));
        ours && sac::recognise(screen) == sac::Place::Other
    }

    /// A line of the preparation that was half typed when the line was lost: Ctrl-C, in a mode that our prompt proves.
    async fn drop_half_line(&mut self) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        for _ in 0..3 {
            self.console.send(b"\x03").await?;
            let patience = Patience { until: Instant::now() + SHOWN, idle: Some(Duration::from_secs(2)) };
            let bare = |screen: &Screen| (screen.before_cursor() == prompt).then_some(());
            match self.console.wait("the prompt after Ctrl-C", patience, bare).await {
                Ok(()) => {
                    self.console.quiet(DRAWING, Instant::now() + SHOWN).await?;
                    return Ok(());
                }
                Err(ConsoleError::TimedOut { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// A half-typed line is erased, a command that still runs is interrupted.
    async fn clean_line(&mut self) -> Result<(), ShellError> {
        let prompt = self.prompt.clone();
        let dirty = self.console.screen().row(self.console.screen().cursor().row).starts_with(&prompt);
        if dirty && self.console.erase(manner(&prompt)).await.is_ok() {
            return Ok(());
        }
        self.back_to_prompt().await
    }

    /// Goes on in the channel of an earlier session, when it is there and its prompt proves that it is ours. A command
    /// that still runs is waited for. False: it is not there; the console is left wherever it is.
    async fn take_up(&mut self, earlier: &Earlier, until: Instant) -> Result<bool, ShellError> {
        let at = sac::reach_prompt(&mut self.console, until).await?;
        let (mut at, listed) = sac::channels(&mut self.console, at).await?;
        let named = |name: &str| name.eq_ignore_ascii_case(&earlier.channel);
        let mut channels: Vec<String> = listed
            .into_iter()
            .filter(|channel| channel.active && (named(&channel.name) || channel.name.starts_with("Cmd")))
            .map(|channel| channel.name)
            .collect();
        channels.sort_by_key(|name| !named(name));
        for channel in channels {
            // Only the one that is known may still be busy with a command of ours.
            let patience = if named(&channel) { REPAINT + earlier.patience } else { REPAINT };
            let patience = Patience::until((Instant::now() + patience).min(until));
            if self.is_ours(at, &channel, &earlier.id, patience).await? {
                return self.go_on_in(channel, &earlier.id).await.map(|()| true);
            }
            at = sac::reach_prompt(&mut self.console, until).await?;
        }
        // The way to a new channel begins at any place.
        drop(at);
        Ok(false)
    }

    /// Views a channel; whether the prompt of the session with this id stands in it.
    async fn is_ours(
        &mut self,
        at: sac::AtSac,
        channel: &str,
        id: &str,
        patience: Patience,
    ) -> Result<bool, ShellError> {
        let until = patience.until + 2 * PREPARATION;
        sac::view_channel(&mut self.console, at, channel, until).await?;
        let prompt = format!("{id}>");
        let shown = |screen: &Screen| screen.row(screen.cursor().row).starts_with(&prompt).then_some(true);
        let foreign = |screen: &Screen| {
            let other = sac::login_at_cursor(screen).is_some() || sac::cmd_prompt_at_cursor(screen).is_some();
            other.then_some(false)
        };
        let ours = self
            .console
            .wait("the session of before", patience, |screen| shown(screen).or_else(|| foreign(screen)))
            .await;
        match ours {
            Ok(ours) => Ok(ours),
            Err(ConsoleError::TimedOut { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Uses a session of before on, whose prompt was seen.
    async fn go_on_in(&mut self, channel: String, id: &str) -> Result<(), ShellError> {
        let (id, own_prompt) = (id.to_owned(), format!("{id}>"));
        let fresh = (std::mem::replace(&mut self.id, id), std::mem::replace(&mut self.prompt, own_prompt));
        self.channel = channel;
        self.ready = Ready::Yes;
        self.console.set_watch(Some(sac::in_channel));
        let ready = match self.at_prompt().await {
            Ok(()) => self.learn_code_page().await,
            Err(error) => Err(error),
        };
        if let Err(error) = ready {
            (self.id, self.prompt) = fresh;
            self.channel.clear();
            self.ready = Ready::No;
            self.console.set_watch(None);
            return Err(error);
        }
        self.kept = true;
        Ok(())
    }

    async fn open_channel(&mut self, at: sac::AtSac, until: Instant) -> Result<(), ShellError> {
        let (at, list) = sac::channels(&mut self.console, at).await?;
        let names = || list.iter().map(|channel| channel.name.clone()).collect();
        let before = self.before.get_or_insert_with(names);
        // One that an earlier try opened, whose answer was lost.
        let (at, channel) = match sac::newest(&list, before) {
            Some(name) => (at, name),
            None => sac::open_channel(&mut self.console, at, before, until).await?,
        };
        self.before = None;
        self.ready = Ready::No;
        self.channel.clone_from(&channel);
        sac::view_channel(&mut self.console, at, &channel, until).await?;
        self.log_in(until).await
    }

    /// Logs in. A shell of ours that Windows had only locked is used on, whatever runs in it; another one is made ready.
    async fn log_in(&mut self, until: Instant) -> Result<(), ShellError> {
        let kept = self.ready == Ready::Yes;
        let came =
            login::log_in(&mut self.console, &self.channel, &self.prompt, kept, &self.credentials, until)
                .await?;
        self.console.set_watch(Some(sac::in_channel));
        match came {
            LoggedIn::Kept => Ok(()),
            LoggedIn::Fresh(first) => {
                self.ready = Ready::No;
                self.prepare(&first).await
            }
        }
    }

    /// A short prompt that is only ours, so that it proves the mode; names for the temporary files; the helper, proven
    /// by its hash; the code page, which is the first command and proves the whole way.
    async fn prepare(&mut self, first_prompt: &str) -> Result<(), ShellError> {
        self.up = None;
        let line = format!("(prompt {}$G&set SP=%SystemRoot%\\Temp\\sp{}&cls)", self.id, self.id);
        self.enter_proven(first_prompt, &line, Twice::Harmless).await?;
        self.await_prompt(PREPARATION).await?;
        self.pager = false;
        self.write_helper().await?;
        self.ready = Ready::Yes;
        if self.code_page.is_some() {
            return Ok(());
        }
        Box::pin(self.learn_code_page()).await.map_err(|error| match error {
            ShellError::TimedOut { screen, .. } => {
                ShellError::NotPrepared { reason: "its helper gave no answer".to_owned(), screen }
            }
            other => other,
        })
    }

    /// Asks the console for its code page, at a prompt that was just proven.
    pub(super) async fn learn_code_page(&mut self) -> Result<(), ShellError> {
        let outcome = self.cmd_here("chcp", PREPARATION, None).await?;
        // The words around the number are translated.
        let digits: String = outcome.text.chars().rev().skip_while(|c| !c.is_ascii_digit()).collect();
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        let number: String = digits.chars().rev().collect();
        let code_page =
            number.parse().ok().and_then(CodePage::from_number).ok_or_else(|| ShellError::NotPrepared {
                reason: format!("its code page is not known: {}", outcome.text.trim()),
                screen: self.console.screen().text(),
            })?;
        self.code_page = Some(code_page);
        Ok(())
    }

    /// Writes the helper until its hash is right.
    async fn write_helper(&mut self) -> Result<(), ShellError> {
        self.write_batch(&helper::lines(), "%SP%.cmd").await
    }

    /// Writes a batch file of the session until its hash is right.
    pub(super) async fn write_batch(&mut self, lines: &[&str], path: &str) -> Result<(), ShellError> {
        let wanted = helper::hash(lines);
        for _ in 0..3 {
            while !self.write_lines(lines, path).await? {}
            for _ in 0..3 {
                self.type_and_enter(&format!("(cls&certutil -hashfile {path} SHA256)")).await?;
                self.await_prompt(PREPARATION).await?;
                // Older versions put blanks between the bytes, so that the hash wraps.
                let shown: String = self.console.screen().text().split_whitespace().collect();
                if shown.to_ascii_lowercase().contains(&wanted) {
                    return Ok(());
                }
                tracing::debug!("the helper's hash differs, or came altered");
            }
            self.console.learn_noise();
            self.written = Written::default();
        }
        Err(ShellError::NotPrepared {
            reason: "its helper could not be written unaltered".to_owned(),
            screen: self.console.screen().text(),
        })
    }

    /// Types the lines of a batch file that are missing. False: the line turned out to alter bytes meanwhile, and they are
    /// to be others.
    async fn write_lines(&mut self, lines: &[&str], path: &str) -> Result<bool, ConsoleError> {
        let line = if self.console.typing().noisy {
            helper::Line::Noisy
        } else if self.console.reconnected() > 0 {
            helper::Line::Cut
        } else {
            helper::Line::Good
        };
        for typed in self.written.rest(lines, path, line) {
            match self.type_and_enter(&typed).await {
                Ok(()) => {}
                Err(error) if error.is_before_enter() && self.turned_noisy(line) => {
                    self.console.interrupt_line(manner(&self.prompt)).await?;
                }
                Err(error) => return Err(error),
            }
            self.await_prompt(PREPARATION).await?;
            if self.turned_noisy(line) {
                return Ok(false);
            }
            self.written.lines += 1;
        }
        Ok(true)
    }

    fn turned_noisy(&self, line: helper::Line) -> bool {
        line != helper::Line::Noisy && self.console.typing().noisy
    }

    /// Waits for our prompt after a line of the preparation, or one like it.
    pub(super) async fn await_next_prompt(&mut self) -> Result<(), ConsoleError> {
        self.await_prompt(PREPARATION).await
    }

    pub(super) async fn await_prompt(&mut self, span: Duration) -> Result<(), ConsoleError> {
        self.await_prompt_until(Instant::now() + span).await
    }

    /// Waits for our prompt. On a line that alters bytes it may come altered; there silence ends the wait early.
    pub(super) async fn await_prompt_until(&mut self, until: Instant) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        let patience = Patience { until, idle: self.console.typing().noisy.then_some(QUIET_END) };
        // A blank behind it is a probe that was read late.
        self.console
            .wait("the prompt", patience, |screen| screen.is_before_cursor(&prompt).then_some(()))
            .await?;
        if !self.is_at_prompt() {
            self.console.erase(manner(&prompt)).await?;
        }
        Ok(())
    }

    /// After a failed opening, or when the user stopped it: no channel of ours and no half-typed line stays behind, as well
    /// as it goes.
    async fn leave_cleanly(&mut self, error: ShellError) -> ShellError {
        self.console.set_stop(None);
        if !self.channel.is_empty() {
            self.abandon_channel().await;
        } else if matches!(sac::recognise(self.console.screen()), sac::Place::Sac { typed: 1.. }) {
            // Erased, never entered.
            let clearing = Clearing::Backspaces;
            let at_sac = Manner { prompt: sac::text::PROMPT, clearing, longest: LONGEST_AT_SAC };
            let _ = self.console.erase(at_sac).await;
        }
        if error.is_stop() {
            ShellError::Stopped { channel: Some(self.channel.clone()).filter(|channel| !channel.is_empty()) }
        } else {
            error
        }
    }

    /// After a failed opening: closes the channel from SAC, as well as it goes.
    async fn abandon_channel(&mut self) {
        if let Err(error) = self.close_from_sac(Instant::now() + 2 * PREPARATION).await {
            tracing::warn!(channel = self.channel, %error, "the channel stays open");
        }
    }
}

/// Who restarts the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarting<'r> {
    /// `shutdown /r`, with a comment for the event log.
    Shutdown {
        /// The comment.
        reason: &'r str,
    },
    /// `restart` at SAC, which asks no program.
    Sac,
}

/// A reason as `shutdown /c` takes it: printable ASCII without what cmd acts on, at most 200 characters.
fn comment(reason: &str) -> String {
    let safe = |c: &char| c.is_ascii_alphanumeric() || " .,;:_-+()".contains(*c);
    reason.chars().filter(safe).take(200).collect::<String>().trim().to_owned()
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("channel", &self.channel).finish_non_exhaustive()
    }
}

fn manner(prompt: &str) -> Manner<'_> {
    Manner { prompt, clearing: Clearing::Interrupt, longest: LONGEST_LINE }
}
