//! A simulated machine as a line: its clock is tokio's, some times faster.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{CommandLine, Line, OpenError};
use crate::sim::audit::Audit;
use crate::sim::machine::{Button, Machine, Shells};
use crate::sim::options::MachineOptions;
use crate::sim::scenario::Scenario;
use crate::sim::windows::SharedWorld;

/// Bytes that may wait for the wire before a writer has to wait as well.
const QUEUE: usize = 4096;

/// How a machine's time relates to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Machine time goes this many times faster.
    pub speed: u32,
    /// Bits a second on the wire, in machine time, ten to a byte; None: no time at all.
    pub baud: Option<u32>,
}

/// A line to a machine that lives in this process. The machine only lives while somebody reads.
pub struct SimLine {
    name: String,
    machine: Arc<Mutex<Machine>>,
    pace: Pace,
    switched_on: Instant,
    /// Bytes on the wire to the machine, and when they arrive (machine time).
    inbound: VecDeque<(Duration, u8)>,
    /// Bytes that came out and were not read yet.
    outbound: VecDeque<u8>,
    wake: Pin<Box<Sleep>>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// The line was cut, or somebody connected after us.
    cut: bool,
    bell: Bell,
}

/// Looks into a machine while its line is in use elsewhere, and connects to it again.
#[derive(Clone)]
pub struct SimWindow {
    name: String,
    machine: Arc<Mutex<Machine>>,
    pace: Pace,
    switched_on: Instant,
    bell: Bell,
}

/// Switches on the machine of `sim:SCENARIO?key=value&…`: `speed=50` and `pace=real` (115200 bits a second, once as
/// fast as the real thing) are about the line, everything else changes the scenario.
///
/// # Errors
/// [`OpenError::Unusable`], with the scenario's reason.
pub fn open(scenario: &str, options: &[(String, String)]) -> Result<SimLine, OpenError> {
    open_with_shell(scenario, options, None)
}

/// The same. With `shell`, that program runs in its CMD channels instead of the machine's own cmd.exe, on a terminal of 24 rows and 80 columns.
///
/// # Errors
/// [`OpenError::Unusable`], with the scenario's reason; [`OpenError::NotStarted`] when there is no such program.
pub fn open_with_shell(
    scenario: &str,
    options: &[(String, String)],
    shell: Option<&CommandLine>,
) -> Result<SimLine, OpenError> {
    let (pace, overrides) = sim_options(scenario, options)?;
    let machine = Scenario::load(scenario, &overrides)
        .map_err(|error| unusable(scenario, error.to_string(), error.help()))?;
    let bell = Bell::default();
    let shells = match shell {
        None => Shells::default(),
        Some(command) => outside(scenario, command, &bell)?,
    };
    let world = SharedWorld::new(machine.world);
    let mut line = SimLine::with_shell(&machine.name, machine.machine, world, shells, pace);
    line.bell = bell;
    Ok(line)
}

#[cfg(unix)]
fn outside(_: &str, command: &CommandLine, bell: &Bell) -> Result<Shells, OpenError> {
    Ok(Shells::Outside(Box::new(super::shell_program::ProgramShell::new(command, bell.clone())?)))
}

#[cfg(not(unix))]
fn outside(scenario: &str, _: &CommandLine, _: &Bell) -> Result<Shells, OpenError> {
    Err(unusable(
        scenario,
        "a program behind its channels needs a terminal, which this system does not have".to_owned(),
        "leave --shell away: the machine has a cmd.exe of its own; or use a Unix system".to_owned(),
    ))
}

/// Wakes whoever reads the line when a program behind its channels has written something.
#[derive(Debug, Clone, Default)]
pub(super) struct Bell(Arc<Mutex<Option<Waker>>>);

impl Bell {
    /// Wakes the reader.
    #[cfg(unix)]
    pub(super) fn ring(&self) {
        if let Some(waker) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }

    fn wakes(&self, waker: &Waker) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }
}

/// Parts the options of `sim:` into those about the line (`pace`, `speed`) and those about the machine, which are not
/// looked at here.
///
/// # Errors
/// [`OpenError::Unusable`] when a pace or a speed is none.
pub fn sim_options(
    scenario: &str,
    options: &[(String, String)],
) -> Result<(Pace, Vec<(String, String)>), OpenError> {
    let mut pace = Pace::FAST;
    let mut overrides = Vec::new();
    for (key, value) in options {
        match (key.as_str(), value.as_str()) {
            ("pace", "fast") => pace = Pace::FAST,
            ("pace", "real") => pace = Pace::REAL,
            ("pace", _) => {
                let reason = format!("`pace={value}` is no pace");
                return Err(unusable(scenario, reason, "give pace=real or pace=fast".to_owned()));
            }
            ("speed", _) => {
                let speed = value.parse().ok().filter(|speed| (1..=1000).contains(speed));
                pace.speed = speed.ok_or_else(|| {
                    let reason = format!("`speed={value}` is no speed");
                    unusable(scenario, reason, "give a number from 1 to 1000".to_owned())
                })?;
            }
            _ => overrides.push((key.clone(), value.clone())),
        }
    }
    Ok((pace, overrides))
}

fn unusable(scenario: &str, reason: String, help: String) -> OpenError {
    OpenError::Unusable { what: format!("simulated machine {scenario}"), reason, help }
}

impl Pace {
    /// A boot takes less than a second.
    pub const FAST: Self = Self { speed: 50, baud: None };
    /// As slow as the real thing.
    pub const REAL: Self = Self { speed: 1, baud: Some(115_200) };
}

impl Default for Pace {
    fn default() -> Self {
        Self::FAST
    }
}

impl SimLine {
    /// Switches a machine on. `name` is for messages.
    pub fn new(name: &str, options: MachineOptions, world: SharedWorld, pace: Pace) -> Self {
        Self::with_shell(name, options, world, Shells::default(), pace)
    }

    /// The same, with another shell in its CMD channels.
    pub fn with_shell(
        name: &str,
        mut options: MachineOptions,
        world: SharedWorld,
        shell: Shells,
        pace: Pace,
    ) -> Self {
        options.baud = options.baud.or(pace.baud);
        let pace = Pace { speed: pace.speed.max(1), baud: options.baud };
        let machine = Machine::with_shell(options, world, shell);
        Self::to(SimWindow {
            name: name.to_owned(),
            machine: Arc::new(Mutex::new(machine)),
            pace,
            switched_on: Instant::now(),
            bell: Bell::default(),
        })
    }

    /// A look into the machine, also while the line is in use.
    pub fn window(&self) -> SimWindow {
        SimWindow {
            name: self.name.clone(),
            machine: Arc::clone(&self.machine),
            pace: self.pace,
            switched_on: self.switched_on,
            bell: self.bell.clone(),
        }
    }

    fn to(window: SimWindow) -> Self {
        let SimWindow { name, machine, pace, switched_on, bell } = window;
        Self {
            name,
            machine,
            pace,
            switched_on,
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            wake: Box::pin(sleep_until(switched_on)),
            reader: None,
            writer: None,
            cut: false,
            bell,
        }
    }

    /// Presses a button of the machine.
    pub(super) fn press(&mut self, button: Button) {
        let now = self.machine_time();
        lock(&self.machine).press(now, button);
    }

    fn machine_time(&self) -> Duration {
        self.switched_on.elapsed() * self.pace.speed
    }

    /// Brings the machine to the present and returns when it wants to run again.
    fn run(&mut self) -> Option<Duration> {
        let now = self.machine_time();
        let machine = Arc::clone(&self.machine);
        let mut machine = lock(&machine);
        while let Some((at, byte)) = self.inbound.pop_front_if(|(at, _)| *at <= now) {
            machine.receive(at, &[byte]);
        }
        self.outbound.extend(machine.advance(now));
        self.cut |= machine.is_cut();
        if self.inbound.len() < QUEUE
            && let Some(writer) = self.writer.take()
        {
            writer.wake();
        }
        [machine.next_wake(), self.inbound.front().map(|(at, _)| *at)].into_iter().flatten().min()
    }
}

impl SimWindow {
    /// What happened inside.
    pub fn audit(&self) -> Audit {
        lock(&self.machine).audit().clone()
    }

    /// The power of the machine goes, and comes back.
    pub fn power_cut(&self) {
        lock(&self.machine).power_cut();
    }

    /// How many bytes the line has lost, altered or repeated so far, in both directions.
    pub fn line_faults(&self) -> u64 {
        lock(&self.machine).line_faults()
    }

    /// How many keys were lost so far because the driver's ring was overrun.
    pub fn overrun(&self) -> u64 {
        lock(&self.machine).overrun()
    }

    /// The Windows inside.
    pub fn world(&self) -> SharedWorld {
        lock(&self.machine).world().clone()
    }

    /// Connects to the machine again after its line was cut. What it sent meanwhile is lost.
    pub fn connect(&self) -> SimLine {
        let line = SimLine::to(self.clone());
        let now = line.machine_time();
        lock(&self.machine).connect(now);
        line
    }
}

impl Line for SimLine {
    fn describe(&self) -> String {
        format!("simulated machine {}", self.name)
    }

    fn hang_up(&mut self, _: Option<&io::Error>) -> String {
        "the line was cut, as the scenario has it".to_owned()
    }

    fn again(&self) -> Option<Box<dyn Line>> {
        Some(Box::new(self.window().connect()))
    }
}

impl AsyncRead for SimLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.bell.wakes(context.waker());
            let wanted = self.run();
            if !self.outbound.is_empty() {
                let (front, _) = self.outbound.as_slices();
                let count = front.len().min(buffer.remaining());
                buffer.put_slice(&front[..count]);
                self.outbound.drain(..count);
                return Poll::Ready(Ok(()));
            }
            if self.cut {
                return Poll::Ready(Ok(()));
            }
            self.reader = Some(context.waker().clone());
            let Some(wanted) = wanted else { return Poll::Pending };
            // Rounded up, so that the machine's time has come when the timer rings.
            let real = (wanted + Duration::from_nanos(1)) / self.pace.speed + Duration::from_nanos(1);
            let deadline = self.switched_on + real;
            self.wake.as_mut().reset(deadline);
            if self.wake.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl AsyncWrite for SimLine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = QUEUE.saturating_sub(self.inbound.len());
        if room == 0 {
            self.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let now = self.machine_time();
        let byte_time = self.pace.baud.map_or(0, |baud| 10_000_000_000 / u64::from(baud.max(1)));
        let mut at = self.inbound.back().map_or(now, |(last, _)| now.max(*last));
        for byte in bytes.iter().take(room) {
            at += Duration::from_nanos(byte_time);
            self.inbound.push_back((at, *byte));
        }
        // The machine has something to do earlier than the reader knows.
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len().min(room)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;
    use crate::transport::Endpoint;

    fn line(pace: Pace) -> SimLine {
        SimLine::new("test", MachineOptions::default(), SharedWorld::default(), pace)
    }

    /// Reads until `text` has come `times` times.
    async fn until(line: &mut SimLine, text: &str, times: usize) -> String {
        let mut seen = String::new();
        let mut buffer = [0; 256];
        while seen.matches(text).count() < times {
            let read = timeout(Duration::from_mins(2), line.read(&mut buffer));
            let count = read.await.expect("nothing came for two minutes").unwrap();
            seen += &String::from_utf8_lossy(&buffer[..count]);
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_boots_in_tokios_time_and_answers() {
        for (pace, seconds) in
            [(Pace::FAST, 35.0 / 50.0), (Pace { speed: 1, baud: None }, 35.0), (Pace::REAL, 35.0)]
        {
            let start = Instant::now();
            let mut line = line(pace);
            until(&mut line, "The CMD command is now available.\r\nSAC>", 1).await;
            let took = start.elapsed().as_secs_f64();
            assert!((took - seconds).abs() < 0.1 * seconds, "{pace:?}: {took}");
            line.write_all(b"x\r").await.unwrap();
            let answer = until(&mut line, "SAC>", 1).await;
            assert!(answer.starts_with("x\r\nUnrecognized command."), "{answer:?}");
            assert_eq!(line.window().audit().sac_lines(), ["x"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_names_the_scenario_and_what_is_different() {
        let open = |text: &str| match text.parse().unwrap() {
            Endpoint::Sim { scenario, options } => super::open(&scenario, &options),
            other => panic!("{other} is no simulated machine"),
        };
        let mut line = open("sim:healthy?profile=2016&start=running&baud=9600&speed=20").unwrap();
        assert_eq!((line.describe().as_str(), line.pace.speed), ("simulated machine healthy", 20));
        line.write_all(b"id\r").await.unwrap();
        assert!(until(&mut line, "SAC>", 1).await.contains("Build Number: 14393\r\n"));
        assert_eq!(open("sim:healthy?pace=real").unwrap().pace, Pace::REAL);
        for (text, code, reason) in [
            ("sim:helthy", "open-unusable", "did you mean `healthy`?"),
            ("sim:healthy?speed=0", "open-unusable", "`speed=0` is no speed"),
            ("sim:healthy?pace=slow", "open-unusable", "`pace=slow` is no pace"),
            ("sim:healthy?boot.kernal=1s", "open-unusable", "did you mean `boot.kernel`?"),
        ] {
            let error = open(text).err().unwrap();
            assert_eq!(error.code(), code, "{text}");
            assert!(error.to_string().contains(reason), "{text}: {error}");
            assert!(!error.help().is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_waits_learns_of_a_write_through_the_other_half() {
        let (mut reading, mut writing) = tokio::io::split(line(Pace::FAST));
        let reader = tokio::spawn(async move {
            let (mut seen, mut buffer) = (Vec::new(), [0; 256]);
            while !seen.ends_with(b"hello") {
                let count = reading.read(&mut buffer).await.unwrap();
                seen.extend_from_slice(&buffer[..count]);
            }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        writing.write_all(b"hello").await.unwrap();
        timeout(Duration::from_secs(1), reader).await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_their_time_in_both_directions() {
        let mut line = line(Pace { speed: 1, baud: Some(1200) });
        until(&mut line, "now available.\r\nSAC>", 1).await;
        let start = Instant::now();
        line.write_all(&[b'a'; 60]).await.unwrap();
        until(&mut line, "a", 60).await;
        let took = start.elapsed();
        assert!(took > Duration::from_millis(500) && took < Duration::from_millis(700), "{took:?}");
    }
}
