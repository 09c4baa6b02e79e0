//! The machine as a whole: power, boot, the port, and the order in which everything inside it happens.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::audit::{Act, Audit};
use super::boot;
use super::boot_menu::{BootMenu, MenuRequest};
use super::cmd::{self, ExitCode};
use super::conhost::Conhost;
use super::connection::Connection;
use super::options::{CmdOutcome, MachineOptions, Port, Start};
use super::outside::Program;
use super::sacdrv::{self, Launch, Request, Sacdrv, Slot};
use super::session::{self, Output, Session};
use super::stop::{self, StopPrompt, StopRequest};
use super::uart::{Ring, Uart};
use super::windows::SharedWorld;
use super::windows::power::PowerAction;
use super::wire::Wire;

pub use buttons::Button;

/// A restart or shutdown by SAC waits until the machine has been up for that long.
const SETTLED: Duration = Duration::from_mins(1);
/// From closing a channel until its session has ended.
const CLOSING: Duration = Duration::from_millis(50);
/// invented: how often Azure's agent reports, and when it first does.
const HEALTH_REPORT: Duration = Duration::from_mins(1);
/// STATUS_UNSUCCESSFUL.
const UNSUCCESSFUL: u32 = 0xC000_0001;

/// A simulated machine, switched on at time zero. Times are machine time since then.
pub struct Machine {
    options: MachineOptions,
    world: SharedWorld,
    shell: Shells,
    audit: Audit,
    wire: Wire,
    connection: Connection,
    /// Bytes that came out at the other end of the line.
    delivered: Vec<u8>,
    state: State,
    due: BTreeMap<(Duration, u64), Step>,
    steps: u64,
    now: Duration,
    /// Machine time at the caller's time zero: what happened before it is nobody's business.
    origin: Duration,
    boots: u32,
    /// Lines entered in CMD channels.
    lines: u32,
    /// Keys that the ring lost.
    overrun: u64,
}

/// What runs in a CMD channel after the login.
pub trait Shell: Send {
    /// Starts it on `console`; the channel closes when it ends.
    fn start(
        &self,
        world: SharedWorld,
        console: Conhost,
        session: cmd::Session,
    ) -> Pin<Box<dyn Future<Output = ExitCode> + Send>>;
}

/// Starts a program of the world outside, for each session anew.
pub trait Launcher: Send {
    /// Starts it. One that cannot be started says so in its output, and has ended.
    fn launch(&self) -> Box<dyn Program>;
}

/// What runs in the CMD channels after the login.
pub enum Shells {
    /// A shell of the machine, on a console of the machine.
    Inside(Box<dyn Shell>),
    /// A program of the world outside, with a terminal of its own.
    Outside(Box<dyn Launcher>),
}

impl Default for Shells {
    fn default() -> Self {
        Self::Inside(Box::new(CmdExe))
    }
}

/// cmd.exe.
#[derive(Debug, Clone, Copy, Default)]
pub struct CmdExe;

impl Shell for CmdExe {
    fn start(
        &self,
        world: SharedWorld,
        console: Conhost,
        session: cmd::Session,
    ) -> Pin<Box<dyn Future<Output = ExitCode> + Send>> {
        Box::pin(cmd::interactive(world, console, session))
    }
}

enum State {
    /// The boot manager asks.
    Menu(BootMenu),
    /// Off, in its firmware, or loading: nobody reads the port.
    Deaf,
    /// Windows runs, with SAC on the port.
    Up(Box<Up>),
    /// A stop error.
    Stopped { prompt: StopPrompt, uart: Uart },
}

struct Up {
    uart: Uart,
    ring: Ring,
    driver: Sacdrv,
    sessions: BTreeMap<Slot, Session>,
    going_down: bool,
}

/// Something that happens at a time known before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    BootManager,
    MenuSecond,
    Kernel,
    CmdAvailable,
    CmdUnavailable,
    Launched,
    Worked,
    Close(Slot),
    GoDown(PowerAction),
    LastWords,
    Down(PowerAction),
    BugCheck(u32),
    Reset,
    HealthReport,
}

/// Everything that can be next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Step,
    /// Bytes came out at the other end of a line that may be cut, or its time has come.
    Line,
    Arrival,
    Power,
    Poll,
    Session(Slot),
    Consume,
}

impl Machine {
    /// A machine that is switched on at time zero.
    pub fn new(options: MachineOptions, world: SharedWorld) -> Self {
        Self::with_shell(options, world, Shells::default())
    }

    /// The same, with another shell in its CMD channels.
    pub fn with_shell(options: MachineOptions, world: SharedWorld, shell: Shells) -> Self {
        let mut machine = Self {
            wire: Wire::new(options.baud),
            connection: Connection::new(&options.noise, &options.disconnect),
            delivered: Vec::new(),
            world,
            shell,
            audit: Audit::default(),
            state: State::Deaf,
            due: BTreeMap::new(),
            steps: 0,
            now: Duration::ZERO,
            origin: Duration::ZERO,
            boots: 0,
            lines: 0,
            overrun: 0,
            options,
        };
        if let Some(free) = machine.options.disk_free
            && let Some(drive) = machine.world.lock().files.drive_mut('C')
        {
            drive.free = free;
        }
        machine.power_on();
        if machine.options.start == Start::Running {
            machine.run_in();
        }
        machine.connection.begin(machine.origin);
        machine
    }

    /// Bytes are sent to the machine.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) {
        let at = self.inside(now).max(self.now);
        // What came before has gone its way.
        self.run(at);
        self.collect(at);
        for byte in bytes {
            self.connection.send(at, *byte);
            // Without latency it is there at once, whatever comes after it.
            self.run(at);
        }
    }

    /// Runs everything that is due until `now` and returns the bytes that came from the machine.
    pub fn advance(&mut self, now: Duration) -> Vec<u8> {
        let now = self.inside(now);
        self.run(now);
        self.collect(now);
        std::mem::take(&mut self.delivered)
    }

    /// When [`Self::advance`] is wanted next if nothing is received. None: never.
    pub fn next_wake(&self) -> Option<Duration> {
        let next = self.next_event().map(|(at, _)| at);
        let at = [next, self.wire.next(), self.connection.next()].into_iter().flatten().min()?;
        Some(at.saturating_sub(self.origin))
    }

    /// The power goes, and comes back: whatever ran is gone, nothing was shut down.
    pub fn power_cut(&mut self) {
        self.reset();
        self.power_on();
    }

    /// Whether the line was cut; [`Self::advance`] tells the last that came.
    pub fn is_cut(&self) -> bool {
        self.connection.is_cut()
    }

    /// Somebody connects again. What the machine sent meanwhile is lost.
    pub fn connect(&mut self, now: Duration) {
        let at = self.inside(now).max(self.now);
        self.run(at);
        self.collect(at);
        self.delivered.clear();
        self.connection.connect(at);
    }

    /// Speed of the line in bits a second, ten to a byte. None: no time at all.
    pub fn baud(&self) -> Option<u32> {
        self.options.baud
    }

    /// How many bytes the line has lost, altered or repeated so far, in both directions.
    pub fn line_faults(&self) -> u64 {
        self.connection.line_faults()
    }

    /// How many keys were lost so far because the driver's ring was overrun.
    pub fn overrun(&self) -> u64 {
        self.overrun
    }

    /// What happened inside.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The Windows inside.
    pub fn world(&self) -> &SharedWorld {
        &self.world
    }

    fn inside(&self, now: Duration) -> Duration {
        self.origin + now
    }

    /// Passes on what has left the port.
    fn collect(&mut self, now: Duration) {
        for (at, byte) in self.wire.take(now) {
            self.delivered.extend(self.connection.delivered(at));
            self.connection.leave(at, byte);
        }
        self.delivered.extend(self.connection.delivered(now));
    }

    fn run(&mut self, until: Duration) {
        while let Some((at, event)) = self.next_event()
            && at <= until
        {
            self.now = self.now.max(at);
            self.world.lock().advance(self.now);
            self.happen(event);
        }
        self.now = self.now.max(until);
        self.world.lock().advance(self.now);
    }

    /// The next thing to happen. At equal times the order is that of [`Event`]'s variants.
    fn next_event(&self) -> Option<(Duration, Event)> {
        let mut next = self.due.first_key_value().map(|((at, _), _)| (*at, Event::Step));
        let mut offer = |at: Option<Duration>, event: Event| {
            if let Some(at) = at
                && next.is_none_or(|(first, _)| at < first)
            {
                next = Some((at, event));
            }
        };
        if self.connection.may_be_cut() {
            let moves = [self.wire.next(), self.connection.next()].into_iter().flatten().min();
            offer(moves.map(|at| at.max(self.now)), Event::Line);
        }
        offer(self.connection.next_arrival(), Event::Arrival);
        match &self.state {
            State::Deaf | State::Menu(_) => {}
            State::Stopped { uart, .. } => offer(uart.next_poll(), Event::Poll),
            State::Up(up) => {
                if !up.going_down {
                    offer(self.world.lock().power.as_ref().map(|power| power.due), Event::Power);
                }
                offer(up.uart.next_poll(), Event::Poll);
                // Whoever writes waits for the port: the driver's thread and the sessions.
                let free = self.wire.free().max(self.now);
                for (slot, session) in &up.sessions {
                    offer(session.next().map(|at| at.max(free)), Event::Session(*slot));
                }
                let reads = !up.ring.is_empty() && !up.driver.waits();
                offer(reads.then_some(free), Event::Consume);
            }
        }
        next
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Step => {
                if let Some((_, step)) = self.due.pop_first() {
                    self.step(step);
                }
            }
            Event::Power => {
                let request = self.world.lock().power.take();
                if let Some(request) = request {
                    self.go_down(request.action);
                }
            }
            Event::Line => self.collect(self.now),
            Event::Arrival => {
                if let Some(byte) = self.connection.arrival(self.now) {
                    self.arrive(self.now, byte);
                }
            }
            Event::Poll => self.poll(),
            Event::Session(slot) => {
                let State::Up(up) = &mut self.state else { return };
                let site = session::Site { world: &self.world, shell: &self.shell, now: self.now };
                if let Some(session) = up.sessions.get_mut(&slot) {
                    session.advance(&site);
                }
                self.settle();
            }
            Event::Consume => {
                let State::Up(up) = &mut self.state else { return };
                if let Some(byte) = up.ring.pop() {
                    up.driver.byte(byte, &self.world);
                }
                self.settle();
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::BootManager => {
                self.print(&boot::boot_manager());
                match self.options.boot.menu {
                    Some(span) => self.menu(span.0),
                    None => self.load(),
                }
            }
            Step::MenuSecond => {
                if let State::Menu(menu) = &mut self.state {
                    let (text, request) = menu.tick();
                    self.print(text.as_bytes());
                    match request {
                        Some(MenuRequest::Boot) => self.load(),
                        None => self.after(Duration::from_secs(1), Step::MenuSecond),
                    }
                }
            }
            Step::Kernel => self.kernel(),
            Step::CmdAvailable => {
                if let State::Up(up) = &mut self.state {
                    up.driver.cmd_available();
                    self.settle();
                }
                if let Some(span) = self.options.boot.cmd_unavailable {
                    self.after(span.0, Step::CmdUnavailable);
                }
            }
            Step::CmdUnavailable => {
                if let State::Up(up) = &mut self.state {
                    up.driver.cmd_unavailable();
                    self.settle();
                }
            }
            Step::Launched => self.launched(),
            Step::Worked => {
                if let State::Up(up) = &mut self.state {
                    up.driver.worked(&self.world);
                    self.settle();
                }
            }
            Step::Close(slot) => {
                if let State::Up(up) = &mut self.state
                    && let Some(session) = up.sessions.get_mut(&slot)
                {
                    session.end(&self.world);
                    self.session_ended(slot);
                    self.settle();
                }
            }
            Step::GoDown(action) => self.go_down(action),
            Step::LastWords => {
                if let State::Up(up) = &mut self.state {
                    up.driver.shutting_down();
                    self.settle();
                }
            }
            Step::Down(action) => {
                self.reset();
                if action == PowerAction::Restart {
                    self.power_on();
                }
            }
            Step::BugCheck(code) => self.bug_check(code),
            Step::Reset => {
                self.reset();
                self.power_on();
            }
            Step::HealthReport => {
                let report = boot::health_report(&self.world.lock());
                self.wire.send(self.now, report.as_bytes());
                self.after(HEALTH_REPORT, Step::HealthReport);
            }
        }
    }

    fn power_on(&mut self) {
        self.print(&boot::firmware());
        self.after(self.options.boot.firmware.0, Step::BootManager);
    }

    fn menu(&mut self, span: Duration) {
        let menu = BootMenu::new(self.world.lock().os.product_name(), span.as_secs().max(1));
        self.print(menu.paint().as_bytes());
        self.state = State::Menu(menu);
        self.after(Duration::from_secs(1), Step::MenuSecond);
    }

    /// The boot manager loads the kernel.
    fn load(&mut self) {
        self.state = State::Deaf;
        self.after(self.options.boot.kernel.0, Step::Kernel);
    }

    /// A byte arrives at the port.
    fn arrive(&mut self, at: Duration, byte: u8) {
        match &mut self.state {
            State::Menu(menu) if matches!(self.options.port, Port::Sac | Port::Deaf) => {
                let (text, request) = menu.byte(byte);
                self.print(text.as_bytes());
                if request == Some(MenuRequest::Boot) {
                    self.load();
                }
            }
            State::Up(up) if self.options.port == Port::Sac => up.uart.arrive(at, byte),
            State::Stopped { uart, .. } if self.options.port == Port::Sac => uart.arrive(at, byte),
            // Nobody reads.
            _ => {}
        }
    }

    /// The processor starts over, or stops.
    fn reset(&mut self) {
        self.state = State::Deaf;
        self.due.clear();
        self.world.lock().power_off();
    }

    fn kernel(&mut self) {
        let mut world = self.world.lock();
        world.boot();
        self.audit.add(self.now, Act::Boot);
        self.boots += 1;
        let is_console = matches!(self.options.port, Port::Sac | Port::Deaf);
        if !is_console || !world.ems_was_on() {
            drop(world);
            // Without EMS Azure's agent has the port.
            if is_console || self.options.port == Port::HealthReport {
                self.after(HEALTH_REPORT, Step::HealthReport);
            }
            return;
        }
        let mut start = boot::TERMINAL_ON.to_vec();
        if self.options.sac.xml {
            start.extend(sacdrv::xml::prelude(&world, self.options.sac.setup).bytes());
        }
        let start_type =
            world.registry.dword(r"HKLM\SYSTEM\CurrentControlSet\Services\sacsvr", "Start").unwrap_or(2);
        drop(world);
        self.wire.send(self.now, &start);
        let driver = Sacdrv::start(self.options.sac.clone(), self.options.cmd.clone(), &self.world);
        self.state = State::Up(Box::new(Up {
            uart: Uart::new(self.options.receiver, self.options.polls.clone(), self.now),
            ring: Ring::new(),
            driver,
            sessions: BTreeMap::new(),
            going_down: false,
        }));
        if let Some(span) = self.options.boot.cmd_available
            && start_type != 4
        {
            self.after(span.0, Step::CmdAvailable);
        }
        if let (Some(span), 1) = (self.options.stop.at, self.boots) {
            self.after(span.0, Step::BugCheck(self.options.stop.code));
        }
        self.settle();
    }

    fn poll(&mut self) {
        match &mut self.state {
            State::Deaf | State::Menu(_) => {}
            State::Up(up) => {
                for byte in up.uart.poll(self.now) {
                    self.overrun += up.ring.push(byte) as u64;
                }
            }
            State::Stopped { prompt, uart } => {
                let log = sacdrv::kernel_log(&self.world.lock());
                for byte in uart.poll(self.now) {
                    let (text, request) = prompt.byte(byte, &log);
                    self.wire.send(self.now, text.as_bytes());
                    if request == Some(StopRequest::Restart) {
                        self.reset();
                        return self.power_on();
                    }
                }
            }
        }
    }

    fn launched(&mut self) {
        let State::Up(up) = &mut self.state else { return };
        let launch = match up.driver.outcome() {
            CmdOutcome::Works | CmdOutcome::Disabled => Launch::Started,
            CmdOutcome::TimesOut => Launch::TimedOut,
            CmdOutcome::Fails => Launch::Failed(UNSUCCESSFUL),
        };
        if let Some((slot, name)) = up.driver.launched(launch, &self.world) {
            let session = Session::new(&name, &self.options, self.now);
            up.sessions.insert(slot, session);
            self.audit.add(self.now, Act::ChannelOpened { channel: name });
        }
        self.settle();
    }

    /// Passes everything on until nobody has anything more to say at this moment.
    fn settle(&mut self) {
        loop {
            let State::Up(up) = &mut self.state else { return };
            let output = up.driver.take_output();
            let requests = up.driver.take_requests();
            let mut said: Vec<(Slot, Output)> = Vec::new();
            for (slot, session) in &mut up.sessions {
                said.extend(session.take_output().into_iter().map(|output| (*slot, output)));
            }
            if output.is_empty() && requests.is_empty() && said.is_empty() {
                return;
            }
            self.wire.send(self.now, &output);
            for request in requests {
                self.request(request);
            }
            for (slot, output) in said {
                self.said(slot, output);
            }
        }
    }

    fn request(&mut self, request: Request) {
        let State::Up(up) = &mut self.state else { return };
        match request {
            Request::Input(slot, byte) => {
                let site = session::Site { world: &self.world, shell: &self.shell, now: self.now };
                if let Some(session) = up.sessions.get_mut(&slot) {
                    session.byte(byte, &site);
                }
            }
            Request::Viewed(slot) => {
                if let Some(session) = up.sessions.get_mut(&slot) {
                    session.viewed(self.now);
                }
            }
            Request::Work => self.after(self.options.sac.work.0, Step::Worked),
            Request::Launch => self.after(self.options.cmd.launch.0, Step::Launched),
            Request::Close(slot) => self.after(CLOSING, Step::Close(slot)),
            Request::Lock => up.sessions.values_mut().for_each(Session::lock),
            Request::Restart | Request::Shutdown => {
                let action = match request {
                    Request::Restart => PowerAction::Restart,
                    _ => PowerAction::Shutdown,
                };
                let wait = SETTLED.saturating_sub(self.world.lock().uptime());
                if !wait.is_zero() {
                    up.driver.preparing(&request);
                }
                self.after(wait, Step::GoDown(action));
            }
            Request::Crash => self.bug_check(0xE2),
            Request::Executed(line) => self.audit.add(self.now, Act::Sac { line }),
        }
    }

    fn said(&mut self, slot: Slot, output: Output) {
        let State::Up(up) = &mut self.state else { return };
        match output {
            Output::Text(text) => up.driver.write(slot, &text),
            Output::Act(act) => {
                let entered = matches!(act, Act::Cmd { .. });
                self.audit.add(self.now, act);
                if entered {
                    self.line_entered();
                }
            }
            Output::SwitchScreen => up.driver.show_switch_screen(slot),
            Output::Ended => self.session_ended(slot),
        }
    }

    fn line_entered(&mut self) {
        self.lines += 1;
        if self.options.stop.at_line.is_some_and(|line| line.get() == self.lines) {
            self.after(Duration::ZERO, Step::BugCheck(self.options.stop.code));
        }
    }

    fn session_ended(&mut self, slot: Slot) {
        let State::Up(up) = &mut self.state else { return };
        if let Some(session) = up.sessions.remove(&slot) {
            up.driver.ended(slot);
            self.audit.add(self.now, Act::ChannelClosed { channel: session.channel().to_owned() });
        }
    }

    /// Windows ends its programs, cmd.exe first, says so, and goes.
    fn go_down(&mut self, action: PowerAction) {
        let State::Up(up) = &mut self.state else { return };
        if std::mem::replace(&mut up.going_down, true) {
            return;
        }
        let act = match action {
            PowerAction::Restart => Act::Restart,
            PowerAction::Shutdown => Act::Shutdown,
        };
        self.audit.add(self.now, act);
        for (slot, mut session) in std::mem::take(&mut up.sessions) {
            session.end(&self.world);
            up.driver.ended_by_shutdown(slot, self.options.boot.at_shutdown);
            self.audit.add(self.now, Act::ChannelClosed { channel: session.channel().to_owned() });
        }
        self.settle();
        let span = self.options.boot.shutdown.0;
        self.due.clear();
        self.after(span / 2, Step::LastWords);
        self.after(span, Step::Down(action));
    }

    fn bug_check(&mut self, code: u32) {
        let State::Up(up) = &mut self.state else { return };
        let output = up.driver.take_output();
        self.wire.send(self.now, &output);
        self.audit.add(self.now, Act::BugCheck { code });
        if self.options.stop.xml {
            let xml = sacdrv::xml::bug_check(&self.world.lock(), code);
            self.wire.send(self.now, xml.as_bytes());
        }
        self.wire.send(self.now, stop::PROMPT.as_bytes());
        self.due.clear();
        self.state = State::Stopped {
            prompt: StopPrompt::default(),
            uart: Uart::new(self.options.receiver, self.options.polls.clone(), self.now),
        };
        if let Some(span) = self.options.stop.restart {
            self.after(span.0, Step::Reset);
        }
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.options.port != Port::Silent {
            self.wire.send(self.now, bytes);
        }
    }

    fn after(&mut self, span: Duration, step: Step) {
        self.steps += 1;
        self.due.insert((self.now + span, self.steps), step);
    }
}

mod buttons;
#[cfg(test)]
mod hostile;
mod past;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod variants;
