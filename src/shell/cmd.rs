//! One command: typed, entered, its output fetched and proven; and after a loss, found out whether it ran.

use std::time::Duration;

use tokio::time::Instant;

use super::escape::escape_for_child;
use super::fetch::{self, Header, Pieces, Told};
use super::session::Session;
use super::together::children;
use super::{Outcome, ShellError};
use crate::console::{Alarm, ConsoleError, Patience};
use crate::encoding::{Decoded, decode_output};
use crate::sac::SacError;

/// The longest line that can be proven on the screen.
pub(super) const LONGEST_TYPED: usize = 1_400;
/// As long as the names of calls get.
pub(super) const LONGEST_CALL: &str = "99999abc";
/// The longest command that the helper can read from its file (`set /p` takes 1,021 characters).
const LONGEST_CHECKED: usize = 1_000;
/// Output beyond this takes longer than anybody wants to wait (8 MiB: half an hour at 115,200 baud).
const LARGEST_OUTPUT: u64 = 8 << 20;
/// Output beyond this is packed and fetched in runs of pages; below, that costs more than it saves.
const MANY_PAGES: u64 = 6 << 10;
/// How long the helper may take to show a page.
const PAGE: Duration = Duration::from_mins(1);
/// How often a damaged output, or a report, is asked for again.
const FETCHES: u32 = 16;
/// How long an interrupted command may take to give the prompt back.
const INTERRUPT: Duration = Duration::from_secs(10);
/// How often a command that proved not to have started is typed again.
const STARTS: u32 = 5;
/// Patterns that no line number matches: an empty page.
const NO_LINES: [&str; 2] = ["x", "y"];

/// The error where a command was under way, `cause` came, and the way back failed: a line that stays lost, a machine
/// that broke down meanwhile and a user who stops tell more than what came first.
fn no_way_back(cause: ConsoleError, error: ShellError) -> ShellError {
    tracing::debug!(%error, "the way back after a loss failed");
    let cause = match error {
        ShellError::Sac(SacError::Console(later) | SacError::OutcomeUnknown { cause: later })
        | ShellError::OutcomeUnknown { cause: later }
            if matches!(
                later,
                ConsoleError::HungUp { .. } | ConsoleError::Alarm { .. } | ConsoleError::Stopped { .. }
            ) =>
        {
            later
        }
        _ => cause,
    };
    ShellError::OutcomeUnknown { cause }
}

/// What became of a command that was entered.
enum Found {
    /// It ended.
    Ended(Header),
    /// It never started.
    NotStarted,
    /// It may still run: no prompt stands at the cursor.
    Running,
    /// It was started, and no more is known.
    Unknown,
}

/// What one line runs.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    /// A command, with the number of its receipt where it changes something.
    One { command: &'a str, receipt: Option<u64> },
    /// Commands that only read.
    Together(&'a [&'a str]),
}

/// Work that is to be started.
#[derive(Clone, Copy)]
struct Start<'a> {
    work: &'a Work<'a>,
    call: &'a str,
    /// The line that starts it on a good line.
    line: &'a str,
    timeout: Duration,
    /// How many more tries there are, this one included.
    left: u32,
}

/// Refuses a command that [`Session::cmd`] could not type, before there is a session.
///
/// # Errors
/// [`ShellError::TooLong`]
pub fn refuse_too_long(command: &str) -> Result<(), ShellError> {
    typed_line(&Work::One { command, receipt: None }, LONGEST_CALL).map(|_| ())
}

/// The line that runs the work in a child, and then the helper.
///
/// Nothing is executed of a line that ends too early, since a parenthesis is open (`-`, `J` and `M` are one flipped bit
/// away from an Enter). Redirections of a command come first: a blank between the last quote and one of them would
/// belong to the command.
pub(super) fn typed_line(work: &Work<'_>, call: &str) -> Result<String, ShellError> {
    let (line, command) = match *work {
        Work::One { command, receipt } => {
            let start = receipt.map(|number| format!(">%SP%.s echo {number}&")).unwrap_or_default();
            let child = escape_for_child(command);
            let line =
                format!("({start}>%SP%.m echo {call}&>%SP%.o 2>&1<nul cmd /d/s/c ^\"{child}^\"&%SP% {call})");
            (line, command.chars().count())
        }
        Work::Together(commands) => {
            let children = children(commands, call);
            let line = format!("(>%SP%.m echo {call}&({children})>%SP%.o 2>&1<nul&%SP% {call})");
            (line, commands.iter().map(|command| command.chars().count()).sum())
        }
    };
    let length = line.chars().count();
    if length > LONGEST_TYPED {
        let longest = LONGEST_TYPED.saturating_sub(length - command);
        return Err(ShellError::TooLong { length: command, longest });
    }
    Ok(line)
}

impl Session {
    /// Runs one cmd command in a child of its own (`cd` and `set` do not last) with an empty standard input, so that
    /// nothing waits for an answer. `timeout` counts from Enter to the end of the command; output is fetched after.
    ///
    /// A line that was lost on the way is made anew where the console can do that; the machine then tells whether the
    /// command ran, and it is typed again only when it proves not to have started.
    pub async fn cmd(&mut self, command: &str, timeout: Duration) -> Result<Outcome, ShellError> {
        self.cmd_in_session(command, timeout, None).await
    }

    /// The same for a command that changes something. The machine keeps a receipt with this number: that the command
    /// was started, and how it ended; [`Session::receipt`] reads it, in this session or a later one.
    pub async fn cmd_with_receipt(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, ShellError> {
        self.cmd_in_session(command, timeout, Some(receipt)).await
    }

    async fn cmd_in_session(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: Option<u64>,
    ) -> Result<Outcome, ShellError> {
        Box::pin(self.at_prompt()).await?;
        let mut outcome = match Box::pin(self.cmd_here(command, timeout, receipt)).await {
            // Whatever was under way (typing, the command, its output) is broken off and the prompt proven again.
            Err(error) if error.is_stop() => {
                self.set_stop(None);
                Box::pin(self.back_to_prompt()).await?;
                return Err(ShellError::Stopped { channel: None });
            }
            other => other?,
        };
        // The code page belongs to the console: what a child set stays.
        if command.to_ascii_lowercase().contains("chcp") {
            self.learn_code_page().await.map_err(ShellError::after_enter)?;
            let decoded = decode_output(&outcome.bytes, self.code_page());
            (outcome.text, outcome.lossy) = (decoded.text, decoded.lossy);
        }
        Ok(outcome)
    }

    /// At a prompt that was just proven.
    pub(super) async fn cmd_here(
        &mut self,
        command: &str,
        timeout: Duration,
        receipt: Option<u64>,
    ) -> Result<Outcome, ShellError> {
        let began = Instant::now();
        let call = self.next_call();
        let (code, bytes) = self.work(&Work::One { command, receipt }, &call, timeout).await?;
        let Decoded { text, lossy, .. } = decode_output(&bytes, self.code_page());
        Ok(Outcome { code, bytes, text, lossy, elapsed: began.elapsed() })
    }

    /// Has it done, at a prompt that was just proven: the exit code of what ran last, and all that was written.
    pub(super) async fn work(
        &mut self,
        work: &Work<'_>,
        call: &str,
        timeout: Duration,
    ) -> Result<(i32, Vec<u8>), ShellError> {
        let line = typed_line(work, call)?;
        let mut cause = None;
        for left in (1..=STARTS).rev() {
            if cause.is_some() {
                self.at_prompt().await?;
            }
            match self.one_start(&Start { work, call, line: &line, timeout, left }).await {
                Ok(Found::Ended(header)) => {
                    let code = header.code;
                    let bytes = self.fetch(header).await.map_err(ShellError::after_enter)?;
                    return Ok((code, bytes));
                }
                Ok(_) => cause = Some("it proved not to have started, again and again"),
                Err(error) => return Err(error),
            }
        }
        Err(ShellError::NotStarted {
            reason: cause.unwrap_or_default().to_owned(),
            screen: self.console().screen().text(),
        })
    }

    /// Types and enters it once, and says what became of it: it ended, or it never started.
    async fn one_start(&mut self, start: &Start<'_>) -> Result<Found, ShellError> {
        let Start { work, call, line, timeout, left } = *start;
        let enters = self.console().enters();
        let checked = self.checked(work);
        let entered = if let Some((command, receipt)) = checked {
            match self.bring_over(command, call, receipt).await {
                Ok(line) => self.type_and_enter_once(&line).await,
                Err(ShellError::Sac(SacError::Console(error))) if error.is_before_enter() => Err(error),
                Err(error) => return Err(error),
            }
        } else {
            let plain = self.type_and_enter_once(line).await;
            match plain {
                // The line turned out to alter bytes: the next try is checked by the machine.
                Err(error) if error.is_before_enter() && self.checked(work).is_some() => {
                    return Ok(Found::NotStarted);
                }
                other => other,
            }
        };
        let cause = match entered {
            Ok(()) => None,
            // The machine checks no line of several commands, and a long one seldom comes through: each is to go alone.
            Err(error)
                if error.is_before_enter()
                    && self.console().typing().noisy
                    && matches!(work, Work::Together(_)) =>
            {
                return Err(error.into());
            }
            // What the console shows may differ from what the machine drew; it is shown anew before the next try.
            Err(error) if error.is_before_enter() && self.console().typing().noisy && left > 1 => {
                self.show_anew().await?;
                return Ok(Found::NotStarted);
            }
            Err(error) if error.is_before_enter() => return Err(error.into()),
            Err(error) => Some(error),
        };
        // On a line that alters bytes, a key may have become an Enter on the way.
        let typing = cause.is_some()
            && checked.is_none()
            && !self.console().typing().noisy
            && self.console().enters() == enters;
        let reconnected = self.console().reconnected();
        let found = self.end_of(call, timeout, cause).await;
        // What a machine says that was reached again counts more than that.
        let typing = typing && self.console().reconnected() == reconnected;
        found.map_err(|error| if typing { error.without_enter() } else { error.after_enter() })
    }

    /// Awaits the end of a command whose Enter was sent, or may have been: `cause` is what happened then.
    async fn end_of(
        &mut self,
        call: &str,
        timeout: Duration,
        mut cause: Option<ConsoleError>,
    ) -> Result<Found, ShellError> {
        let until = Instant::now() + timeout;
        loop {
            let error = match cause.take() {
                Some(error) => error,
                None => match self.report(call, until).await {
                    Ok(Some(Told::Report(report))) if report.ended == call => {
                        if let Some(header) = report.header {
                            return Ok(Found::Ended(header));
                        }
                        return Err(self.unknown_end());
                    }
                    Ok(Some(Told::Refused)) => {
                        self.forget_brought();
                        return Ok(Found::NotStarted);
                    }
                    // The prompt came, and what stands above it is no proof.
                    Ok(_) => match self.ask(call).await? {
                        Found::Ended(header) => return Ok(Found::Ended(header)),
                        Found::NotStarted => return Ok(Found::NotStarted),
                        Found::Running | Found::Unknown => return Err(self.unknown_end()),
                    },
                    Err(ConsoleError::TimedOut { screen, .. }) if Instant::now() >= until => {
                        return self.interrupt(call, timeout, screen).await;
                    }
                    Err(error) => error,
                },
            };
            if matches!(error, ConsoleError::Stopped { .. }) {
                return Err(error.into());
            }
            if matches!(error, ConsoleError::Alarm { alarm: Alarm::BugCheck | Alarm::Restarted, .. }) {
                return Err(ShellError::OutcomeUnknown { cause: error });
            }
            match self.find_out(call, error).await? {
                Found::Running => {}
                found => return Ok(found),
            }
        }
    }

    /// The command, and its receipt, where the machine is to check it before it runs it: the line was seen to alter bytes,
    /// and an echo that looks right may then be two errors that hide each other.
    fn checked<'w>(&self, work: &Work<'w>) -> Option<(&'w str, Option<u64>)> {
        let Work::One { command, receipt } = *work else { return None };
        let checked = self.console().typing().noisy
            && command.len() <= LONGEST_CHECKED
            && self.code_page().decode(&self.code_page().encode(command)).text == command;
        checked.then_some((command, receipt))
    }

    /// Waits for the end of the command, which is the prompt, and reads what the helper reports above it. None: no
    /// proven report.
    async fn report(&mut self, call: &str, until: Instant) -> Result<Option<Told>, ConsoleError> {
        self.await_prompt_until(until).await?;
        let told = fetch::told(self.console().screen(), call);
        Ok((told != Told::Nothing).then_some(told))
    }

    /// Asks the helper, at our prompt, which command was started last and which one ended how.
    async fn ask(&mut self, call: &str) -> Result<Found, ShellError> {
        for _ in 0..FETCHES {
            let asking = self.next_call();
            let answer: Result<Option<Told>, ConsoleError> = async {
                self.type_and_enter(&format!("(%SP% {asking} h)")).await?;
                self.report(&asking, Instant::now() + PAGE).await
            }
            .await;
            match answer {
                Ok(Some(Told::Report(report))) => {
                    return Ok(if report.started == call {
                        match report.header {
                            Some(header) if report.ended == call => Found::Ended(header),
                            _ => Found::Unknown,
                        }
                    } else if report.started == "-" || self.is_before(&report.started, call) {
                        Found::NotStarted
                    } else {
                        Found::Unknown
                    });
                }
                Ok(_) => self.show_anew().await?,
                Err(error) => self.regain(error).await?,
            }
        }
        Err(self.unknown_end())
    }

    /// After a loss: gets back to the channel and asks there what became of the command.
    async fn find_out(&mut self, call: &str, error: ConsoleError) -> Result<Found, ShellError> {
        let cause = error.clone();
        if let Err(error) = self.regain(error).await {
            return Err(no_way_back(cause, error));
        }
        // Past its time it is ended there, too.
        if !self.is_at_prompt() {
            return Ok(Found::Running);
        }
        match self.ask(call).await {
            Ok(Found::Unknown) => Err(ShellError::OutcomeUnknown { cause }),
            other => other,
        }
    }

    /// Ends a command that runs too long and proves the prompt again. When it turns out to have ended, or never to
    /// have started, that is the answer; else the error holds what it had written.
    async fn interrupt(
        &mut self,
        call: &str,
        timeout: Duration,
        screen: String,
    ) -> Result<Found, ShellError> {
        self.back_to_prompt().await?;
        match self.ask(call).await? {
            Found::Ended(header) => return Ok(Found::Ended(header)),
            Found::NotStarted => return Ok(Found::NotStarted),
            Found::Running | Found::Unknown => {}
        }
        let output = self.output_so_far().await.unwrap_or_else(|error| {
            tracing::debug!(%error, "what the command had written could not be read");
            String::new()
        });
        Err(ShellError::TimedOut { timeout, output, screen })
    }

    /// The exit code of what ran last at our prompt.
    pub(super) async fn code_of_last(&mut self) -> Result<i32, ShellError> {
        let asking = self.next_call();
        let until = Instant::now() + PAGE;
        let told = match self.type_and_enter(&format!("(%SP% {asking})")).await {
            Ok(()) => self.report(&asking, until).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(Some(Told::Report(report))) if report.ended == asking && report.header.is_some() => {
                Ok(report.header.map_or(0, |header| header.code))
            }
            Ok(_) => match self.ask(&asking).await? {
                Found::Ended(header) => Ok(header.code),
                _ => Err(self.unknown_end()),
            },
            Err(cause) => Err(ShellError::OutcomeUnknown { cause }),
        }
    }

    async fn output_so_far(&mut self) -> Result<String, ShellError> {
        let collecting = self.next_call();
        // A command that was broken off has no receipt of its end.
        self.type_and_enter(&format!("(2>nul del %SP%.s&%SP% {collecting})")).await?;
        let Ok(Some(Told::Report(report))) = self.report(&collecting, Instant::now() + PAGE).await else {
            return Ok(String::new());
        };
        let Some(header) = report.header.filter(|header| header.size.is_some()) else {
            return Ok(String::new());
        };
        let bytes = self.fetch(header).await?;
        Ok(decode_output(&bytes, self.code_page()).text)
    }

    /// Presses Ctrl-C, in a mode that is proven to be ours, until the prompt stands at the cursor.
    pub(super) async fn back_to_prompt(&mut self) -> Result<(), ShellError> {
        let prompt = self.prompt().to_owned();
        let mut left = 4;
        loop {
            if self.is_elsewhere() {
                self.show_anew().await?;
                if self.is_at_prompt() {
                    return Ok(());
                }
            }
            self.console_mut().send(b"\x03").await?;
            let back = self
                .console_mut()
                .wait("the prompt after Ctrl-C", Patience::of(INTERRUPT), |screen| {
                    screen.is_before_cursor(&prompt).then_some(())
                })
                .await;
            match back {
                Ok(()) => {
                    let end = Instant::now() + INTERRUPT;
                    self.console_mut().quiet(Duration::from_millis(150), end).await?;
                    if self.is_at_prompt() {
                        return Ok(());
                    }
                }
                Err(cause @ ConsoleError::TimedOut { .. }) => {
                    left -= 1;
                    if left == 0 {
                        return Err(ShellError::OutcomeUnknown { cause });
                    }
                    // It may stand there, altered on its way to us.
                    self.show_anew().await?;
                    if self.is_at_prompt() {
                        return Ok(());
                    }
                }
                Err(cause) => return Err(ShellError::OutcomeUnknown { cause }),
            }
        }
    }

    async fn fetch(&mut self, header: Header) -> Result<Vec<u8>, ShellError> {
        let code = header.code;
        let Some(size) = header.size else {
            let reason = "the machine could not write it to a file (disk full, or no right)".to_owned();
            return Err(ShellError::OutputDamaged { reason, code });
        };
        if size > LARGEST_OUTPUT {
            return Err(ShellError::TooMuchOutput { size, limit: LARGEST_OUTPUT, code });
        }
        if size > MANY_PAGES
            && !self.console().typing().noisy
            && let Some(bytes) = Box::pin(self.fetch_packed(size, &header.hash)).await?
        {
            return Ok(bytes);
        }
        let mut pieces = Pieces::of(size, &header.hash);
        pieces.take(self.console().screen());
        let mut reason = String::new();
        let mut failures = 0;
        let mut odd = false;
        while failures < FETCHES {
            while let Some(tens) = pieces.missing() {
                // A console that sends differences does not send again what stands there already: at a second look an
                // empty page comes between, and the lines come at other places.
                let around = if odd { [tens.saturating_sub(1), tens] } else { [tens, tens + 1] };
                let came = self.page(fetch::patterns(around), &mut pieces).await?;
                if !came || pieces.missing() == Some(tens) {
                    failures += 1;
                    reason = format!("the page of its lines {tens}0 to {}9 never came whole", tens + 1);
                    self.console_mut().learn_noise();
                    if failures >= FETCHES {
                        return Err(ShellError::OutputDamaged { reason, code });
                    }
                    odd = !odd;
                    self.page(NO_LINES.map(str::to_owned), &mut pieces).await?;
                }
            }
            match pieces.whole() {
                Ok(bytes) => return Ok(bytes),
                Err(damaged) => {
                    tracing::debug!(damaged, "the output came altered; looking at it again");
                    reason = damaged;
                    failures += 1;
                    self.console_mut().learn_noise();
                }
            }
            for tens in pieces.doubtful() {
                odd = !odd;
                self.page(NO_LINES.map(str::to_owned), &mut pieces).await?;
                let around = if odd { [tens.saturating_sub(1), tens] } else { [tens, tens + 1] };
                self.page(fetch::patterns(around), &mut pieces).await?;
            }
        }
        Err(ShellError::OutputDamaged { reason, code })
    }

    /// Has one page shown and takes its lines. False: it did not come so that it could be told.
    async fn page(&mut self, [first, second]: [String; 2], pieces: &mut Pieces) -> Result<bool, ShellError> {
        for _ in 0..FETCHES {
            let call = self.next_call();
            let shown: Result<bool, ConsoleError> = async {
                self.type_and_enter(&format!("(%SP% {call} {first} {second})")).await?;
                self.await_prompt(PAGE).await?;
                Ok(fetch::is_page(self.console().screen(), &call))
            }
            .await;
            match shown {
                Ok(true) => {
                    pieces.take(self.console().screen());
                    return Ok(true);
                }
                Ok(false) => self.console_mut().learn_noise(),
                Err(error) => {
                    let cause = error.clone();
                    if let Err(error) = self.regain_prompt(error).await {
                        return Err(no_way_back(cause, error));
                    }
                }
            }
        }
        Ok(false)
    }

    fn unknown_end(&self) -> ShellError {
        ShellError::OutcomeUnknown {
            cause: ConsoleError::TimedOut {
                awaited: "a report of how the command ended".to_owned(),
                waited: PAGE,
                screen: self.console().screen().text(),
            },
        }
    }
}
