//! The SAC driver: the byte state machine of the port, the channels, and the command line of `SAC>`.
//!
//! ```text
//!  byte ─► escape state ─┬─ ESC TAB, any key at a switch screen ─► channels, repaint
//!                        ├─ a CMD channel ─► its session (Request::Input)
//!                        └─ SAC ─► line editor ─► parser ─► answers, requests to the machine
//! ```
//!
//! States and bytes after ReactOS conmgr.c; what ReactOS leaves open is an option.

mod answers;
mod channel;
mod command;
mod line;
mod messages;
mod model;
mod pager;
mod tlist;
pub(super) mod xml;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::options::{
    AtEnd, ChannelEvent, CmdOptions, CmdOutcome, EscapeTabDigit, SacOptions, SwitchEnd, SwitchLead,
};
use super::windows::SharedWorld;
use super::windows::processes::Pid;
pub(super) use answers::kernel_log;
use channel::{Channels, SAC};
use command::Command;
use line::{Edit, Line};
use pager::{Pager, Route, Step};

/// The index of a channel.
pub(super) type Slot = usize;

/// What the driver asks of the machine around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// A byte for the program of a channel.
    Input(Slot, u8),
    /// A channel's screen was just put on the wire.
    Viewed(Slot),
    /// Look something up in Windows; answered with [`Sacdrv::worked`]. The driver waits.
    Work,
    /// Start a session for `cmd`; answered with [`Sacdrv::launched`]. The driver waits.
    Launch,
    /// End the session of a channel.
    Close(Slot),
    /// Every session must be logged in to again.
    Lock,
    /// Restart the system; the driver waits.
    Restart,
    /// Shut the system down; the driver waits.
    Shutdown,
    /// Stop the system.
    Crash,
    /// A line is about to be executed.
    Executed(String),
}

/// What came of [`Request::Launch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Launch {
    /// A session has started.
    Started,
    /// The service did not answer.
    TimedOut,
    /// The service could not create the session; an NTSTATUS.
    Failed(u32),
}

/// Whether the service that launches sessions has registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Unknown,
    Registered,
}

/// When the prompt after a command comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Prompt,
    Later,
}

/// The driver, from its start until the machine goes down.
#[derive(Debug)]
pub(super) struct Sacdrv {
    options: SacOptions,
    cmd: CmdOptions,
    channels: Channels,
    line: Line,
    pager: Option<Pager>,
    in_escape: bool,
    after_escape_tab: bool,
    paging: bool,
    threads: bool,
    lowered: BTreeSet<Pid>,
    service: Service,
    channels_made: u32,
    waits: bool,
    /// The command that waits for Windows.
    pending: Option<Command>,
    launches: u32,
    out: Vec<u8>,
    requests: Vec<Request>,
}

impl Sacdrv {
    /// The driver starts: its banner is written while nobody looks and shown as one repaint.
    pub(super) fn start(options: SacOptions, cmd: CmdOptions, world: &SharedWorld) -> Self {
        let mut driver = Self {
            channels: Channels::new(fresh_guid(world, 0), options.line_ends),
            line: Line::new(options.line_feed),
            pager: None,
            in_escape: false,
            after_escape_tab: false,
            paging: options.paging,
            threads: options.threads,
            lowered: BTreeSet::new(),
            service: Service::Unknown,
            channels_made: 0,
            waits: false,
            pending: None,
            launches: 0,
            out: b"\x1b[2J".to_vec(),
            requests: Vec::new(),
            options,
            cmd,
        };
        driver.put(messages::NEW_LINE);
        driver.put(messages::INITIALIZED);
        driver.put(messages::NEW_LINE);
        driver.put(messages::PROMPT);
        if driver.options.setup {
            driver.channels.open_setup(|number| fresh_guid(world, 100 + number));
        }
        driver.view();
        driver
    }

    /// What comes of the `cmd` that was just typed.
    pub(super) fn outcome(&self) -> CmdOutcome {
        let CmdOptions { outcome, times, .. } = self.cmd;
        if times == 0 || self.launches <= times { outcome } else { CmdOutcome::Works }
    }

    /// Somebody opened a channel, in whatever way; its index and name.
    pub(super) fn open_for_somebody(&mut self, world: &SharedWorld) -> Option<(Slot, String)> {
        self.open(world)
    }

    /// The answer to [`Request::Work`].
    pub(super) fn worked(&mut self, world: &SharedWorld) {
        self.waits = false;
        if let Some(command) = self.pending.take() {
            self.run(command, world);
        }
    }

    /// A channel's program wants to be looked at anew: whoever views it gets its switch screen.
    pub(super) fn show_switch_screen(&mut self, slot: Slot) {
        if self.channels.current() == slot && self.channels.is_viewed() {
            self.switch(slot);
        }
    }

    /// Whether it is busy with something that takes time: bytes stay in the ring.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Bytes for the wire since the last call.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Requests since the last call.
    pub(super) fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// One byte out of the ring.
    pub(super) fn byte(&mut self, byte: u8, world: &SharedWorld) {
        if let Some(pager) = &mut self.pager {
            let step = pager.key(byte);
            return self.page(step);
        }
        match byte {
            0x1b if !self.in_escape => {
                self.in_escape = true;
                self.after_escape_tab = false;
                return;
            }
            b'\t' if self.in_escape => {
                self.in_escape = false;
                self.switch(self.channels.next());
                self.after_escape_tab = true;
                return;
            }
            // These two are no "any other key": they reach a channel behind its switch screen.
            0x1b | b'\t' => {}
            b'0' if self.after_escape_tab => {
                self.after_escape_tab = false;
                if !self.channels.is_viewed() {
                    self.switch(SAC);
                }
                return;
            }
            byte => {
                let digit = self.after_escape_tab && byte.is_ascii_digit();
                self.after_escape_tab = false;
                let slot = usize::from(byte.wrapping_sub(b'0'));
                if digit
                    && self.options.escape_tab_digit == EscapeTabDigit::Selects
                    && self.channels.slot(slot).is_some()
                {
                    return self.switch(slot);
                }
                if !self.channels.is_viewed() {
                    self.in_escape = false;
                    return self.view();
                }
            }
        }
        let current = self.channels.current();
        if self.in_escape && current != SAC {
            self.requests.push(Request::Input(current, 0x1b));
        }
        if byte != 0x1b {
            self.in_escape = false;
        }
        if current != SAC {
            self.requests.push(Request::Input(current, byte));
            return;
        }
        // invented: input beyond ASCII is dropped; ReactOS' driver cannot take it.
        if !byte.is_ascii() {
            return;
        }
        match self.line.key(char::from(byte)) {
            Edit::Nothing => {}
            Edit::Echo(text) => self.put(&text),
            Edit::Execute { line, echo } => {
                self.put(echo);
                self.execute(&line, world);
            }
        }
    }

    /// A program wrote to its channel.
    pub(super) fn write(&mut self, slot: Slot, text: &str) {
        if let Some(channel) = self.channels.slot_mut(slot) {
            self.out.extend(channel.write(text));
        }
    }

    /// An event, on the SAC channel: it may fall into a line that is being typed.
    fn event(&mut self, text: &str) {
        self.put(messages::NEW_LINE);
        self.put(text);
        self.put(messages::PROMPT);
    }

    /// The service registered.
    pub(super) fn cmd_available(&mut self) {
        self.service = Service::Registered;
        self.event(messages::CMD_AVAILABLE);
    }

    /// The service went away.
    pub(super) fn cmd_unavailable(&mut self) {
        self.service = Service::Unknown;
        self.event(messages::CMD_UNAVAILABLE);
    }

    /// The answer to [`Request::Launch`]. The new channel's index and name, when there is one.
    pub(super) fn launched(&mut self, launch: Launch, world: &SharedWorld) -> Option<(Slot, String)> {
        self.waits = false;
        let made = match launch {
            Launch::Started => self.open(world),
            Launch::TimedOut => {
                self.put(messages::LAUNCH_TIMED_OUT);
                None
            }
            Launch::Failed(status) => {
                self.put(messages::NOT_CREATED);
                self.put(&format!("{}{status:X}.\r\n", messages::FAILED_WITH_STATUS));
                None
            }
        };
        let Some((slot, name)) = made else {
            self.put(messages::PROMPT);
            return None;
        };
        self.put(messages::LAUNCHED);
        let event = format!("{}{name}\r\n", messages::CHANNEL_CREATED);
        match self.options.channel_event {
            ChannelEvent::AfterPrompt => {
                self.put(messages::PROMPT);
                self.event(&event);
            }
            ChannelEvent::BeforePrompt => {
                self.event(&event);
                self.put(messages::PROMPT);
            }
        }
        Some((slot, name))
    }

    /// The program of a channel ended.
    pub(super) fn ended(&mut self, slot: Slot) {
        self.end(slot, self.options.at_end);
    }

    /// Windows shuts down: the program of a channel is ended.
    pub(super) fn ended_by_shutdown(&mut self, slot: Slot, show: AtEnd) {
        self.end(slot, show);
    }

    /// Windows shuts down: the last words.
    pub(super) fn shutting_down(&mut self) {
        self.waits = true;
        self.event(messages::SHUTTING_DOWN);
    }

    /// The wait before a restart or shutdown of a machine that has only just come up.
    pub(super) fn preparing(&mut self, request: &Request) {
        let text = match request {
            Request::Shutdown => messages::PREPARING_SHUTDOWN,
            _ => messages::PREPARING_RESTART,
        };
        self.event(text);
    }

    fn end(&mut self, slot: Slot, show: AtEnd) {
        let Some(channel) = self.channels.slot(slot) else { return };
        let event = format!("{}{}\r\n", messages::CHANNEL_CLOSED, channel.name);
        self.event(&event);
        if self.channels.current() == slot {
            match show {
                AtEnd::SwitchScreen => self.switch(SAC),
                AtEnd::Repaint => {
                    self.channels.switch_to(SAC);
                    self.view();
                }
            }
        }
        self.channels.end(slot);
    }

    fn open(&mut self, world: &SharedWorld) -> Option<(Slot, String)> {
        let name = format!("Cmd{:04}", self.cmd.first_number + self.channels_made);
        self.channels_made += 1;
        let guid = fresh_guid(world, self.channels_made);
        let slot = self.channels.open_cmd(name.clone(), guid, self.options.line_ends)?;
        Some((slot, name))
    }

    /// Writes to the SAC channel.
    fn put(&mut self, text: &str) {
        self.write(SAC, text);
    }

    /// Makes a channel current and shows its switch screen.
    fn switch(&mut self, slot: Slot) {
        self.channels.switch_to(slot);
        let Some(channel) = self.channels.slot(slot) else { return };
        if self.options.channel_switch_xml {
            self.out.extend(xml::channel_switch(channel).bytes());
        }
        let lead = match self.options.switch_screen {
            SwitchLead::Clear => "\x1b[2J\x1b[1;1H",
            SwitchLead::ClearAndColours => "\x1b[2J\x1b[1;1H\x1b[0m\x1b[40m\x1b[37m",
            SwitchLead::NewLine => "\r\n",
            SwitchLead::Nothing => "",
        };
        self.out.extend(lead.bytes());
        self.out.extend(channel.switch_screen().bytes());
        let end = match self.options.switch_end {
            SwitchEnd::EmptyLine => "\r\n",
            SwitchEnd::LineEnd => "",
            SwitchEnd::Attributes => "\r\n\x1b[22m\x1b[25m\x1b[27m\x1b[40m\x1b[37m",
        };
        self.out.extend(end.bytes());
    }

    /// Puts the current channel's screen on the wire.
    fn view(&mut self) {
        let slot = self.channels.current();
        let Some(channel) = self.channels.slot_mut(slot) else { return };
        channel.viewed = true;
        channel.unread = false;
        self.out.extend(channel.show(self.options.repaint, self.options.scrolled_rows));
        self.requests.push(Request::Viewed(slot));
    }

    fn execute(&mut self, line: &str, world: &SharedWorld) {
        let command = Command::parse(line);
        if command != Command::Empty {
            self.requests.push(Request::Executed(line.to_owned()));
        }
        if command.asks_windows() && !self.options.work.0.is_zero() {
            (self.waits, self.pending) = (true, Some(command));
            self.requests.push(Request::Work);
            return;
        }
        self.run(command, world);
    }

    fn run(&mut self, command: Command, world: &SharedWorld) {
        let then = match command {
            Command::Help => {
                self.list(messages::HELP.iter().map(ToString::to_string).collect(), Route::Channel)
            }
            Command::KernelLog => self.list(answers::kernel_log(&world.lock()), Route::Port),
            Command::ProcessList => self.list(tlist::lines(&world.lock(), self.threads), Route::Channel),
            Command::Cmd => self.launch(world),
            Command::Crash => {
                self.requests.push(Request::Crash);
                Then::Later
            }
            command => {
                self.perform(command, world);
                Then::Prompt
            }
        };
        if then == Then::Prompt {
            self.put(messages::PROMPT);
        }
    }

    fn perform(&mut self, command: Command, world: &SharedWorld) {
        match command {
            Command::Empty => {}
            Command::ToggleThreads => {
                self.threads = !self.threads;
                self.put(if self.threads { messages::THREADS_ON } else { messages::THREADS_OFF });
            }
            Command::TogglePaging => {
                self.paging = !self.paging;
                self.put(if self.paging { messages::PAGING_ON } else { messages::PAGING_OFF });
            }
            Command::Lock => {
                self.put(messages::LOCKED);
                self.requests.push(Request::Lock);
            }
            Command::Restart => self.power(Request::Restart),
            Command::Shutdown => self.power(Request::Shutdown),
            Command::Channel(command) => self.channel(command),
            Command::Unrecognized => self.put(messages::UNRECOGNIZED),
            command => self.answer(&command, world),
        }
    }

    /// The prompt is printed first; the machine acts after it.
    fn power(&mut self, request: Request) {
        self.waits = true;
        self.requests.push(request);
    }

    fn launch(&mut self, world: &SharedWorld) -> Then {
        self.launches += 1;
        let disabled = r"HKLM\SYSTEM\CurrentControlSet\Services\sacdrv";
        let disabled = world.lock().registry.value(disabled, "DisableCmdSessions").is_some();
        if disabled || self.outcome() == CmdOutcome::Disabled {
            self.put(messages::CMD_DISABLED);
        } else if self.service == Service::Unknown {
            self.put(messages::NOT_REGISTERED);
        } else if self.channels.is_full() {
            self.put(messages::NO_FREE_CHANNEL);
        } else {
            self.waits = true;
            self.requests.push(Request::Launch);
            return Then::Later;
        }
        Then::Prompt
    }

    fn channel(&mut self, command: command::Channel) {
        match command {
            command::Channel::List => {
                let mut list = messages::CHANNEL_LIST.to_owned();
                for (slot, channel) in self.channels.iter() {
                    let state = if channel.active { 'A' } else { 'I' };
                    let _ = write!(list, "{slot} ({state}{})    {}\r\n", channel.letter(), channel.name);
                }
                self.put(&list);
            }
            command::Channel::Help => self.put(messages::CHANNEL_HELP),
            command::Channel::Wrong => self.put(messages::WRONG_PARAMETER),
            command::Channel::Switch(which) => {
                if let Some(slot) = self.find(&which) {
                    self.switch(slot);
                }
            }
            command::Channel::Close(which) => match self.find(&which) {
                None => {}
                Some(SAC) => self.put(messages::SAC_STAYS),
                Some(slot) => self.requests.push(Request::Close(slot)),
            },
        }
    }

    fn find(&mut self, which: &command::Which) -> Option<Slot> {
        let (found, message) = match which {
            command::Which::Index(slot) => {
                (self.channels.slot(*slot).is_some().then_some(*slot), messages::NO_SUCH_INDEX)
            }
            command::Which::Name(name) => (self.channels.named(name), messages::NO_SUCH_NAME),
        };
        if found.is_none() {
            self.put(message);
        }
        found
    }

    fn list(&mut self, lines: Vec<String>, route: Route) -> Then {
        let mut pager = Pager::new(lines, self.options.pager_key, route);
        if !self.paging {
            self.put_by(route, &pager.all());
            return Then::Prompt;
        }
        match pager.show() {
            Step::Wait(text) => {
                self.put_by(route, &text);
                self.pager = Some(pager);
                Then::Later
            }
            Step::Done(text) => {
                self.put_by(route, &text);
                Then::Prompt
            }
            Step::Ignore => Then::Prompt,
        }
    }

    /// What the pager wants after a key.
    fn page(&mut self, step: Step) {
        let Some(route) = self.pager.as_ref().map(|pager| pager.route) else { return };
        match step {
            Step::Ignore => {}
            Step::Wait(text) => self.put_by(route, &text),
            Step::Done(text) => {
                self.put_by(route, &text);
                self.pager = None;
                self.put(messages::PROMPT);
            }
        }
    }

    fn put_by(&mut self, route: Route, text: &str) {
        match route {
            Route::Channel => self.put(text),
            Route::Port => self.out.extend(text.bytes()),
        }
    }
}

/// A time-based identifier, as the driver makes one for each channel.
fn fresh_guid(world: &SharedWorld, number: u32) -> String {
    let world = world.lock();
    let ticks = u64::try_from(world.wall_time().as_millisecond()).unwrap_or(0).wrapping_mul(10_000)
        + 0x01b2_1dd2_1381_4000
        + u64::from(number);
    let node: u32 = world
        .computer
        .bytes()
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!(
        "{:08x}-{:04x}-1{:03x}-a{:03x}-000d{:08x}",
        ticks as u32,
        (ticks >> 32) as u16,
        (ticks >> 48) & 0xfff,
        node >> 20,
        node
    )
}

#[cfg(test)]
pub(super) mod tests;
