//! A toy machine: names with values, commands that read and change them, and faults on demand.

use std::collections::BTreeMap;
use std::time::Duration;

use sacpilot::console::StopSign;
use sacpilot::engine::event::Settled;
use sacpilot::engine::{Operator, OperatorError, Outcome, SessionPlace, Trouble};
use sacpilot::script::model::{Mode, Restart};
use tokio::time::{Instant, sleep, sleep_until};

/// Its commands that only read.
pub(crate) const READERS: [&str; 3] = ["get", "list", "slow"];

/// Every command takes this long.
const COMMAND: Duration = Duration::from_millis(100);

/// The machine, and everything that was done to it.
#[derive(Debug, Default)]
pub(crate) struct Toy {
    /// What it holds.
    pub(crate) state: BTreeMap<String, String>,
    /// Every command that was sent, in order.
    pub(crate) sent: Vec<String>,
    /// What goes wrong.
    pub(crate) faults: Vec<Fault>,
    /// How it is left.
    pub(crate) closed: bool,
    /// Whether the session of before the run was taken up again is still there.
    pub(crate) kept: bool,
    /// Exit codes of commands that change it, by the number of their receipt.
    pub(crate) receipts: BTreeMap<u64, i32>,
    /// A service that needs so many looks until it runs.
    pub(crate) slow_looks: u32,
    /// What is on its screen, and in the messages of its errors.
    pub(crate) screen: String,
    /// When it started last, unless it has been up for long, and how many shells that gave.
    pub(crate) started: Option<Instant>,
    pub(crate) shells: u32,
    /// Until when it stands at a bug check.
    pub(crate) stopped: Option<Instant>,
    /// What the person says, when somebody is there.
    pub(crate) answer: Option<String>,
    /// How many commands that only read one line holds; none go together when there are fewer than two.
    pub(crate) line: usize,
    /// What goes wrong with those that go together.
    pub(crate) together: Option<Effect>,
    /// How many commands each line held.
    pub(crate) lines: Vec<usize>,
}

/// Something that goes wrong with commands that hold a text.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Part of the command.
    pub(crate) command: &'static str,
    /// How many of them go well before.
    pub(crate) after: usize,
    /// How often it goes wrong then; `None`: each time.
    pub(crate) times: Option<usize>,
    /// What goes wrong.
    pub(crate) effect: Effect,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effect {
    /// Ends with this code and does nothing.
    Code(i32),
    /// Ends well and does nothing.
    Nothing,
    /// Ends well; then the machine loses its power, with what was done, and starts again. The session notices nothing.
    PowerCut,
    /// Ends well and does nothing; then Windows ends the session, and another one is opened.
    LoginAgain,
    /// The machine has started before it is executed, which nobody noticed, and a name has the value again that it had
    /// before.
    Forgets(&'static str, &'static str),
    /// Fails in the middle of such a start.
    ForgetsUnder(&'static str, &'static str),
    /// Stops with a bug check, before anything is done, and restarts two minutes later, with nothing of what a name had.
    BugCheck(&'static str, &'static str),
    /// Fails in the middle of a start, with nothing done.
    Restarted,
    /// The machine starts before it is executed; then it ends well, and does nothing.
    Late,
    /// Fails without having been executed.
    Refused(Trouble),
    /// Is executed, and then fails.
    Executed(Trouble),
}

impl Toy {
    /// A machine that holds this: `a=1 b=2`.
    pub(crate) fn holding(state: &str) -> Self {
        let pairs = state.split_whitespace().filter_map(|pair| pair.split_once('='));
        let state = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { state, ..Self::default() }
    }

    /// With a fault.
    #[must_use]
    pub(crate) fn with(mut self, command: &'static str, effect: Effect) -> Self {
        self.faults.push(Fault { command, after: 0, times: None, effect });
        self
    }

    /// With a fault that comes so often.
    #[must_use]
    pub(crate) fn with_only(mut self, times: usize, command: &'static str, effect: Effect) -> Self {
        self.faults.push(Fault { command, after: 0, times: Some(times), effect });
        self
    }

    /// What it holds: `a=1 b=2`.
    pub(crate) fn text(&self) -> String {
        self.state.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    fn execute(&mut self, command: &str) -> (i32, String) {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('"')).collect();
        match words.as_slice() {
            ["get", name] => match self.state.get(*name) {
                Some(value) => (0, format!("{name}={value}\r\n")),
                None => (1, format!("{name} is not there\r\n")),
            },
            ["slow", name] => {
                self.slow_looks = self.slow_looks.saturating_sub(1);
                (0, format!("{name}={}\r\n", if self.slow_looks == 0 { "running" } else { "starting" }))
            }
            ["put", name, value] => {
                self.state.insert((*name).to_owned(), (*value).to_owned());
                (0, String::new())
            }
            ["drop", name] => (i32::from(self.state.remove(*name).is_none()), String::new()),
            ["reg", "query", .., "/v", "PortNumber"] => {
                (0, "    PortNumber    REG_DWORD    0xd3d\r\n".to_owned())
            }
            ["reg", "query", ..] => (1, String::new()),
            ["list"] => (0, self.text().replace(' ', "\r\n")),
            _ => (9009, format!("'{command}' is not recognized\r\n")),
        }
    }

    /// Once; it takes a minute.
    fn starts(&mut self) {
        self.started = Some(Instant::now() + Duration::from_mins(1));
        self.shells += 1;
    }

    /// Fails at a bug check.
    fn comes_back(&mut self) -> Result<(), OperatorError> {
        let Some(end) = self.stopped else { return Ok(()) };
        if Instant::now() < end {
            let error = Self::trouble(Trouble::MachineDown, &self.screen);
            return Err(OperatorError { code: "bug-check", ..error });
        }
        self.stopped = None;
        self.starts();
        Ok(())
    }

    fn trouble(kind: Trouble, screen: &str) -> OperatorError {
        OperatorError {
            kind,
            code: kind.code(),
            message: format!("toy trouble {kind:?}{screen}"),
            help: None,
            screen: format!("C:\\>{screen}"),
        }
    }
}

impl Operator for Toy {
    async fn run(&mut self, _: Mode, command: &str, _: Duration) -> Result<Outcome, OperatorError> {
        assert!(!self.closed, "`{command}` after the channel was closed");
        self.comes_back()?;
        if let Some(started) = self.started {
            sleep_until(started).await;
        }
        sleep(COMMAND).await;
        self.lines.push(1);
        self.sent.push(command.to_owned());
        let fault =
            self.faults.iter_mut().find(|fault| command.contains(fault.command) && fault.times != Some(0));
        let effect = match fault {
            Some(fault) if fault.after == 0 => {
                fault.times = fault.times.map(|times| times - 1);
                Some(fault.effect)
            }
            Some(fault) => {
                fault.after -= 1;
                None
            }
            None => None,
        };
        let done = |(code, output)| Ok(Outcome { code, output, elapsed: COMMAND });
        match effect {
            None => done(self.execute(command)),
            Some(Effect::Code(code)) => done((code, "no\r\n".to_owned())),
            Some(Effect::Nothing) => done((0, String::new())),
            Some(Effect::PowerCut) => {
                self.starts();
                done((0, String::new()))
            }
            Some(Effect::LoginAgain) => {
                self.shells += 1;
                done((0, String::new()))
            }
            Some(Effect::Late) => {
                self.starts();
                sleep(Duration::from_mins(1) + COMMAND).await;
                done((0, String::new()))
            }
            Some(Effect::Forgets(name, value)) => {
                self.state.insert(name.to_owned(), value.to_owned());
                self.starts();
                sleep(Duration::from_mins(1) + COMMAND).await;
                done(self.execute(command))
            }
            Some(Effect::ForgetsUnder(name, value)) => {
                self.state.insert(name.to_owned(), value.to_owned());
                self.starts();
                Err(Self::trouble(Trouble::MachineDown, &self.screen))
            }
            Some(Effect::BugCheck(name, value)) => {
                self.state.insert(name.to_owned(), value.to_owned());
                self.stopped = Some(Instant::now() + Duration::from_mins(2));
                Err(Self::trouble(Trouble::MachineDown, &self.screen))
            }
            Some(Effect::Restarted) => {
                self.starts();
                Err(Self::trouble(Trouble::MachineDown, &self.screen))
            }
            Some(Effect::Refused(kind)) => Err(Self::trouble(kind, &self.screen)),
            Some(Effect::Executed(kind)) => {
                self.execute(command);
                Err(Self::trouble(kind, &self.screen))
            }
        }
    }

    async fn change(
        &mut self,
        mode: Mode,
        command: &str,
        timeout: Duration,
        receipt: u64,
    ) -> Result<Outcome, OperatorError> {
        let outcome = self.run(mode, command, timeout).await?;
        self.receipts.insert(receipt, outcome.code);
        Ok(outcome)
    }

    async fn settle(&mut self, _: &str, receipt: u64, _: (Mode, &str)) -> Result<Settled, OperatorError> {
        Ok(self.receipts.get(&receipt).map_or(Settled::NeverStarted, |code| Settled::Ended { code: *code }))
    }

    fn place(&self) -> SessionPlace {
        SessionPlace { kept: self.kept, ..SessionPlace::default() }
    }

    async fn uptime(&mut self) -> Result<Option<Duration>, OperatorError> {
        self.comes_back()?;
        let up = self.started.map_or(Duration::from_hours(99), |started| started.elapsed());
        Ok(Some(up).filter(|_| self.shells > 0))
    }

    fn shells(&self) -> u32 {
        self.shells
    }

    fn fitting(&self, commands: &[&str]) -> usize {
        commands.len().min(self.line)
    }

    async fn together(
        &mut self,
        commands: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Outcome>, OperatorError> {
        let mut outcomes = Vec::new();
        let lines = self.lines.len();
        if self.together.is_none() {
            for command in commands {
                outcomes.push(self.run(Mode::Cmd, command, timeout).await?);
            }
        }
        self.lines.truncate(lines);
        self.lines.push(commands.len());
        match self.together {
            Some(Effect::Refused(kind) | Effect::Executed(kind)) => Err(Self::trouble(kind, &self.screen)),
            _ => Ok(outcomes),
        }
    }

    async fn ask(&mut self, _: &str, _: &[String]) -> Result<Option<String>, OperatorError> {
        Ok(self.answer.clone())
    }

    async fn reboot(
        &mut self,
        _: Restart,
        _: &str,
        budget: Duration,
        stop: Option<StopSign>,
    ) -> Result<(), OperatorError> {
        self.sent.push("REBOOT".to_owned());
        let asked = async {
            match stop {
                Some(mut stop) => drop(stop.wait_for(|asked| *asked).await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = asked => {
                let error = Self::trouble(Trouble::Unreachable, &self.screen);
                return Err(OperatorError { code: "stopped", ..error });
            }
            () = sleep(Duration::from_secs(90)) => {}
        }
        if self.state.contains_key("no-boot") {
            sleep(budget).await;
            return Err(Self::trouble(Trouble::Unreachable, &self.screen));
        }
        self.state.insert("booted".to_owned(), "1".to_owned());
        Ok(())
    }

    async fn close(&mut self) -> Result<(), OperatorError> {
        self.closed = true;
        Ok(())
    }

    fn screen(&self) -> String {
        format!("C:\\>{}", self.screen)
    }
}
