//! A session: a command channel that we opened, logged in to, and made ready.

use std::time::Duration;

use tokio::time::Instant;

use super::{Credentials, ShellError, helper, login};
use crate::console::{Clearing, Console, ConsoleError, Manner, Patience, StopSign};
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
    code_page: CodePage,
    sequence: u32,
    kept: bool,
}

impl SessionOptions {
    /// A session that begins.
    pub fn new(id: impl Into<String>, budget: Duration) -> Self {
        Self { id: id.into(), budget, first_number: 0, earlier: None }
    }
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
            code_page: CodePage::default(),
            sequence: options.first_number,
            kept: false,
        };
        if let Some(earlier) = options.earlier {
            match session.take_up(&earlier, until).await {
                Ok(true) => return Ok(session),
                Ok(false) => {}
                Err(error)
                    if matches!(error, ShellError::Sac(SacError::Console(ConsoleError::HungUp { .. }))) =>
                {
                    return Err((error, session.console));
                }
                Err(error) => tracing::debug!(%error, "the session of before cannot be used on"),
            }
        }
        match session.open_channel(until).await {
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
        self.code_page
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
    pub async fn sac(&mut self, command: &str) -> Result<String, ShellError> {
        self.at_prompt().await?;
        let until = Instant::now() + PREPARATION;
        let at = sac::return_to_sac(&mut self.console, until).await?;
        let (output, at) = sac::command(&mut self.console, at, command).await?;
        sac::view_channel(&mut self.console, at, &self.channel).await?;
        self.await_prompt().await?;
        self.console.set_watch(Some(sac::in_channel));
        Ok(output)
    }

    /// Restarts the machine, waits until it is proven to have restarted, and opens a session again.
    pub async fn reboot(&mut self, by: Restarting<'_>, budget: Duration) -> Result<(), ShellError> {
        let until = Instant::now() + budget;
        let since = self.console.screen().transcript().now();
        match by {
            Restarting::Shutdown { reason } => {
                let command = format!("shutdown /r /f /t {GRACE} /c \"{}\"", comment(reason));
                let outcome = self.cmd(&command, PREPARATION).await?;
                if !matches!(outcome.code, 0 | UNDER_WAY | SCHEDULED) {
                    return Err(ShellError::NotPrepared {
                        reason: format!("shutdown answered {}: {}", outcome.code, outcome.text.trim()),
                        screen: self.console.screen().text(),
                    });
                }
            }
            Restarting::Sac => {
                self.at_prompt().await?;
                let at = sac::return_to_sac(&mut self.console, Instant::now() + PREPARATION).await?;
                sac::restart(&mut self.console, at).await?;
            }
        }
        self.console.mark("restarting");
        self.channel.clear();
        self.kept = false;
        sac::await_boot(&mut self.console, since, until).await?;
        self.console.mark("restarted");
        self.open_channel(until).await
    }

    /// Deletes the session's temporary files, closes its channel and leaves the console at an empty SAC prompt.
    pub async fn close(&mut self) -> Result<(), ShellError> {
        if self.channel.is_empty() {
            return Ok(());
        }
        if !self.is_at_prompt() {
            self.clean_line().await?;
        }
        let typed = self.console.type_line(manner(&self.prompt), "del /q %SP%.*&exit ").await?;
        self.console.set_watch(None);
        self.console.enter(typed).await?;
        let until = Instant::now() + LEAVING;
        self.console
            .wait("the channel to close", Patience::until(until), |screen| match sac::recognise(screen) {
                sac::Place::Switch { .. } | sac::Place::Sac { .. } => Some(()),
                _ => None,
            })
            .await?;
        self.channel.clear();
        let _ = sac::reach_prompt(&mut self.console, until).await?;
        Ok(())
    }

    /// Gives the console back as it is.
    pub fn into_console(self) -> Console {
        self.console
    }

    pub(super) fn console_mut(&mut self) -> &mut Console {
        &mut self.console
    }

    pub(super) fn prompt(&self) -> &str {
        &self.prompt
    }

    pub(super) fn next_sequence(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    /// Types a line at our prompt and enters it once its echo equals it.
    pub(super) async fn type_and_enter(&mut self, line: &str) -> Result<(), ShellError> {
        let typed = self.console.type_line(manner(&self.prompt), line).await?;
        self.console.enter(typed).await?;
        Ok(())
    }

    /// Makes sure that our prompt stands at the cursor with nothing behind it. A session that Windows ended meanwhile
    /// is opened again; nothing was running, so nothing is lost.
    pub(super) async fn at_prompt(&mut self) -> Result<(), ShellError> {
        self.console.quiet(Duration::ZERO, Instant::now()).await?;
        // A read can end while the console draws something behind the prompt and has moved the cursor: that is no
        // half-typed line, and how reads were cut must not decide about a Ctrl-C.
        if self.prompt_comes_back().await? {
            return Ok(());
        }
        match sac::in_channel(self.console.screen()) {
            Some(_) => {
                self.channel.clear();
                self.open_channel(Instant::now() + 4 * PREPARATION).await
            }
            None => self.clean_line().await,
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

    fn is_at_prompt(&self) -> bool {
        self.console.screen().before_cursor() == self.prompt
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
        let (listed, mut at) = sac::command(&mut self.console, at, "ch").await?;
        let named = |name: &str| name.eq_ignore_ascii_case(&earlier.channel);
        let mut channels: Vec<String> = sac::text::channels(&listed)
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
            at = sac::return_to_sac(&mut self.console, until).await?;
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
        sac::view_channel(&mut self.console, at, channel).await?;
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
        self.console.set_watch(Some(sac::in_channel));
        let ready = match self.at_prompt().await {
            Ok(()) => self.learn_code_page().await,
            Err(error) => Err(error),
        };
        if let Err(error) = ready {
            (self.id, self.prompt) = fresh;
            self.channel.clear();
            self.console.set_watch(None);
            return Err(error);
        }
        self.kept = true;
        Ok(())
    }

    async fn open_channel(&mut self, until: Instant) -> Result<(), ShellError> {
        let at = sac::reach_prompt(&mut self.console, until).await?;
        let (at, channel) = sac::open_channel(&mut self.console, at, until).await?;
        self.channel.clone_from(&channel);
        sac::view_channel(&mut self.console, at, &channel).await?;
        let first = login::log_in(&mut self.console, &channel, &self.credentials, until).await?;
        self.console.set_watch(Some(sac::in_channel));
        self.prepare(&first).await
    }

    /// A short prompt that is only ours, so that it proves the mode; names for the temporary files; the helper; the
    /// code page, which is the first command and proves the whole way.
    async fn prepare(&mut self, first_prompt: &str) -> Result<(), ShellError> {
        let line = format!("prompt {}$G&set SP=%SystemRoot%\\Temp\\sp{}&cls ", self.id, self.id);
        let typed = self.console.type_line(manner(first_prompt), &line).await?;
        self.console.enter(typed).await?;
        self.await_prompt().await?;
        for line in helper::upload() {
            self.type_and_enter(&line).await?;
            self.await_prompt().await?;
        }
        self.learn_code_page().await.map_err(|error| match error {
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
        self.code_page =
            number.parse().ok().and_then(CodePage::from_number).ok_or_else(|| ShellError::NotPrepared {
                reason: format!("its code page is not known: {}", outcome.text.trim()),
                screen: self.console.screen().text(),
            })?;
        Ok(())
    }

    pub(super) async fn await_prompt(&mut self) -> Result<(), ConsoleError> {
        let prompt = self.prompt.clone();
        let bare = move |screen: &Screen| (screen.before_cursor() == prompt).then_some(());
        self.console.wait("the prompt", Patience::of(PREPARATION), bare).await
    }

    /// After a failed opening, or when the user stopped it: no channel of ours and no half-typed line stays behind, as well
    /// as it goes.
    async fn leave_cleanly(&mut self, error: ShellError) -> ShellError {
        self.console.set_stop(None);
        if !self.channel.is_empty() {
            self.abandon_channel().await;
        } else if matches!(sac::recognise(self.console.screen()), sac::Place::Sac { typed: 1.. }) {
            // Erased, never entered.
            let _ = self.console.prove_empty(LONGEST_AT_SAC).await;
        }
        if error.is_stop() {
            ShellError::Stopped { channel: Some(self.channel.clone()).filter(|channel| !channel.is_empty()) }
        } else {
            error
        }
    }

    /// After a failed opening: closes the channel from SAC, as well as it goes.
    async fn abandon_channel(&mut self) {
        let until = Instant::now() + LEAVING;
        let closed: Result<(), SacError> = async {
            let at = sac::reach_prompt(&mut self.console, until).await?;
            let _ = sac::close_channel(&mut self.console, at, &self.channel).await?;
            Ok(())
        }
        .await;
        match closed {
            Ok(()) => self.channel.clear(),
            Err(error) => tracing::warn!(channel = self.channel, %error, "the channel stays open"),
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
