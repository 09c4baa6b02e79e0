//! A session: a command channel that we opened, logged in to, and made ready.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::bringing::Brought;
use super::call::Calls;
use super::helper::Written;
use super::machine_file::Tools;
use super::{Credentials, ShellError};
use crate::console::{Console, StopSign};
use crate::encoding::CodePage;
use crate::sac::{self, SacError};

/// How long a line of the preparation may take.
pub(super) const PREPARATION: Duration = Duration::from_mins(1);
/// How long the console may draw before what stands at the cursor counts.
pub(super) const DRAWING: Duration = Duration::from_millis(250);
/// How long SAC may take to tell something of itself: it asks services of a machine in trouble.
pub(super) const ASKING: Duration = Duration::from_secs(90);
/// How often the way back into the channel is tried.
pub(super) const RETURNS: u32 = 8;
/// How long a channel that is viewed may take to show where it stands.
pub(super) const SHOWN: Duration = Duration::from_secs(6);

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
    pub(super) console: Console,
    pub(super) credentials: Credentials,
    pub(super) id: String,
    pub(super) channel: String,
    pub(super) prompt: String,
    pub(super) code_page: Option<CodePage>,
    pub(super) calls: Calls,
    /// How many shells were made ready.
    pub(super) shells: u32,
    /// Whether the shell in the channel has our prompt, the file names and the helper.
    pub(super) ready: Ready,
    /// How much of the helper stands on the machine.
    pub(super) written: Written,
    /// How much of a command that is brought over in pieces is there.
    pub(super) brought: Option<Brought>,
    /// The channels that were there before ours, until ours is open.
    pub(super) before: Option<Vec<String>>,
    pub(super) kept: bool,
    /// How long the machine had been up when it was asked last.
    pub(super) up: Option<Duration>,
    pub(super) tools: Option<Tools>,
    /// Whether the machine has the batch file that shows many pages.
    pub(super) pager: bool,
    /// Files of scripts that were put there in this session.
    pub(super) carried: BTreeSet<String>,
}

impl SessionOptions {
    /// A session that begins.
    pub fn new(id: impl Into<String>, budget: Duration) -> Self {
        Self { id: id.into(), budget, first_number: 0, earlier: None }
    }
}

/// How far the shell in our channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
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
            shells: 0,
            ready: Ready::No,
            written: Written::default(),
            brought: None,
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

    /// How many shells it has had: each login that did not find the one of before brings another.
    pub fn shells(&self) -> u32 {
        self.shells
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
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("channel", &self.channel).finish_non_exhaustive()
    }
}
