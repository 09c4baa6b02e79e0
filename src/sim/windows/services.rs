//! The service control manager's database: what it read from the registry at boot, and what runs.
//!
//! Start type, type and dependencies are kept in memory, as on Windows: a change made with `reg add` is seen at the
//! next boot, one made with `sc config` at once. Starting and stopping is in [`super::control`].

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use super::baseline::services::SERVICES;
use super::processes::Pid;
use super::registry::{Data, Registry};

/// When a service is started, by the number the registry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartType {
    /// 0, by the loader.
    Boot = 0,
    /// 1, by the kernel.
    System = 1,
    /// 2, with the machine.
    Auto = 2,
    /// 3, when something asks for it.
    Demand = 3,
    /// 4, never.
    Disabled = 4,
}

/// Where a service is on its way, by the number `sc` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 1.
    Stopped = 1,
    /// 2.
    StartPending = 2,
    /// 3.
    StopPending = 3,
    /// 4.
    Running = 4,
}

/// Which controls a running service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepts {
    /// It can be stopped.
    pub stop: bool,
    /// It can be paused.
    pub pause: bool,
    /// It is told of a shutdown.
    pub shutdown: bool,
    /// It is told before a shutdown.
    pub preshutdown: bool,
}

/// A service as the service control manager knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The key's name below `Services`.
    pub name: String,
    /// `SERVICE_WIN32_OWN_PROCESS` 0x10, `…SHARE_PROCESS` 0x20, drivers 1 and 2.
    pub kind: u32,
    /// When it starts.
    pub start: StartType,
    /// An automatic start is put off until the others are done.
    pub delayed: bool,
    /// Services it needs.
    pub depends: Vec<String>,
    /// Controls it takes while it runs.
    pub accepts: Accepts,
    /// Where it is.
    pub state: State,
    /// Machine time at which a pending state is over.
    pub settles: Option<Duration>,
    /// Machine time at which it is started by itself: a delayed start, or a restart after a crash.
    pub starts_at: Option<Duration>,
    /// Its process.
    pub pid: Option<Pid>,
    /// Win32 code of its last end.
    pub exit: u32,
    /// Unexpected ends since the last boot.
    pub crashes: u32,
    /// Marked for deletion.
    pub deleted: bool,
}

/// All services, by lower-case name.
#[derive(Debug, Clone, Default)]
pub struct Services {
    database: BTreeMap<String, Service>,
    /// When one changes by itself next, as long as nobody was given a service to change. Asked for with each byte.
    soonest: Cell<Option<Soonest>>,
}

/// When a service changes by itself next. None: none does.
#[derive(Debug, Clone, Copy)]
struct Soonest(Option<Duration>);

impl StartType {
    /// The type behind the registry's number.
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Boot, Self::System, Self::Auto, Self::Demand, Self::Disabled]
            .into_iter()
            .find(|start| *start as u32 == number)
    }
}

impl Accepts {
    /// Stop and shutdown, what most programs that know nothing better take.
    pub fn usual() -> Self {
        Self { stop: true, shutdown: true, ..Self::default() }
    }
}

impl Service {
    /// A service that is stopped, as its registry key describes it; `None` when the key is no service.
    pub fn read(registry: &Registry, name: &str, accepts: Accepts) -> Option<Self> {
        let path = format!(r"{SERVICES}\{name}");
        let key = registry.key(&path)?;
        let kind = key.value("Type")?.dword()?;
        let start = StartType::from_number(key.value("Start")?.dword()?)?;
        let depends = match key.value("DependOnService") {
            Some(Data::MultiSz(names)) => names.clone(),
            _ => Vec::new(),
        };
        Some(Self {
            name: key.name().to_owned(),
            kind,
            start,
            delayed: key.value("DelayedAutostart").and_then(Data::dword) == Some(1),
            depends,
            accepts,
            state: State::Stopped,
            settles: None,
            starts_at: None,
            pid: None,
            exit: 1077,
            crashes: 0,
            deleted: false,
        })
    }

    /// Whether it is a driver.
    pub fn is_driver(&self) -> bool {
        self.kind & 0x0f != 0
    }

    /// Whether it runs or is about to.
    pub fn is_active(&self) -> bool {
        self.state != State::Stopped
    }
}

impl Services {
    /// The service with that key name.
    pub fn by_name(&self, name: &str) -> Option<&Service> {
        self.database.get(&name.to_lowercase())
    }

    /// The service with that key name, to be changed.
    pub fn by_name_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.soonest.take();
        self.database.get_mut(&name.to_lowercase())
    }

    /// Whether that service runs.
    pub fn is_running(&self, name: &str) -> bool {
        self.by_name(name).is_some_and(|service| service.state == State::Running)
    }

    /// All, sorted by key name.
    pub fn iter(&self) -> impl Iterator<Item = &Service> {
        self.database.values()
    }

    /// The next moment at which one changes by itself.
    pub fn next_change(&self) -> Option<Duration> {
        let Soonest(at) = self.soonest.get().unwrap_or_else(|| {
            Soonest(self.iter().flat_map(|service| [service.settles, service.starts_at]).flatten().min())
        });
        self.soonest.set(Some(Soonest(at)));
        at
    }

    /// The services that run in a process.
    pub fn in_process(&self, pid: Pid) -> impl Iterator<Item = &Service> {
        self.database.values().filter(move |service| service.pid == Some(pid))
    }

    /// The services that need `name` directly.
    pub fn dependents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Service> {
        self.database
            .values()
            .filter(move |service| service.depends.iter().any(|need| need.eq_ignore_ascii_case(name)))
    }

    /// All services that need `name`, however far, those that are to be stopped first in front.
    pub fn all_dependents(&self, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_dependents(name, &mut found);
        found
    }

    fn collect_dependents(&self, name: &str, found: &mut Vec<String>) {
        for service in self.dependents(name) {
            if !found.contains(&service.name) {
                let at = found.len();
                found.push(service.name.clone());
                self.collect_dependents(&service.name, found);
                // Those that were found behind it are to be stopped before it.
                found[at..].rotate_left(1);
            }
        }
    }

    /// Puts a service into the database.
    pub fn put(&mut self, service: Service) {
        self.soonest.take();
        self.database.insert(service.name.to_lowercase(), service);
    }

    /// Takes a service out of the database.
    pub fn remove(&mut self, name: &str) -> Option<Service> {
        self.soonest.take();
        self.database.remove(&name.to_lowercase())
    }

    /// Forgets everything, as at power off.
    pub fn clear(&mut self) {
        self.soonest.take();
        self.database.clear();
    }
}
