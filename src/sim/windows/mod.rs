//! The state of one simulated Windows: what its tools read and change.
//!
//! Each fact has one home. Configuration of services, firewall rules, SCHANNEL protocols and certificates lives in
//! the registry, as on Windows; keys and permissions live in [`files`]; what runs lives in [`services`],
//! [`processes`] and [`sockets`], and is gone at a restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

pub mod accounts;
pub mod acl;
pub mod events;
pub mod files;
pub mod language;
pub mod network;
pub mod os;
pub mod power;
pub mod processes;
pub mod registry;
pub mod sddl;
pub mod services;
pub mod sid;
pub mod sockets;

use accounts::Accounts;
use events::EventLog;
use files::Files;
use language::Language;
use network::Network;
use os::Os;
use power::PowerRequest;
use processes::Processes;
use registry::Registry;
use services::Services;
use sockets::Sockets;

/// Everything that outlives a command: registry, services, processes, sockets, files, accounts, event logs, …
#[derive(Debug)]
pub struct World {
    /// The version.
    pub os: Os,
    /// The display language.
    pub language: Language,
    /// The computer's name, upper case.
    pub computer: String,
    /// The disks.
    pub files: Files,
    /// The registry.
    pub registry: Registry,
    /// What the service control manager knows.
    pub services: Services,
    /// What runs.
    pub processes: Processes,
    /// What is open.
    pub sockets: Sockets,
    /// Users and groups.
    pub accounts: Accounts,
    /// Event logs.
    pub events: EventLog,
    /// Network interfaces.
    pub network: Network,
    /// A shutdown that was asked for.
    pub power: Option<PowerRequest>,
    /// Wall time at machine time zero (UTC; the machine's time zone is UTC as on Azure).
    pub epoch: Timestamp,
    /// Machine time up to which the world was brought.
    now: Duration,
    /// Machine time of the last boot.
    booted: Duration,
}

/// The world as the programs of one machine share it.
#[derive(Debug, Clone, Default)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl World {
    /// A machine on which everything works, running.
    pub fn healthy(os: Os, language: Language) -> Self {
        Self {
            os,
            language,
            computer: "VM01".to_owned(),
            files: Files::default(),
            registry: Registry::new("S-1-5-21-1-2-3-500"),
            services: Services::default(),
            processes: Processes::default(),
            sockets: Sockets::default(),
            accounts: Accounts::default(),
            events: EventLog::default(),
            network: Network::default(),
            power: None,
            epoch: Timestamp::UNIX_EPOCH,
            now: Duration::ZERO,
            booted: Duration::ZERO,
        }
    }

    /// Brings the world to machine time `now` (since the simulation began, across restarts): what was pending
    /// until then has happened. Time never goes back.
    pub fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// Machine time up to which the world was brought.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The wall clock.
    pub fn wall_time(&self) -> Timestamp {
        let since = i64::try_from(self.now.as_millis()).unwrap_or(i64::MAX);
        self.epoch.checked_add(jiff::SignedDuration::from_millis(since)).unwrap_or(Timestamp::MAX)
    }

    /// Time since the last boot.
    pub fn uptime(&self) -> Duration {
        self.now.saturating_sub(self.booted)
    }

    /// Power off: nothing runs and nothing is open; what lasts stays.
    pub fn power_off(&mut self) {
        self.processes.clear();
        self.sockets.clear();
        self.services.clear();
        self.power = None;
    }

    /// Windows starts: control set, service database, services in their order, group policy, …
    pub fn boot(&mut self) {
        self.power_off();
        self.booted = self.now;
        self.registry.select_control_set();
    }
}

impl Default for World {
    fn default() -> Self {
        Self::healthy(Os::default(), Language::default())
    }
}

impl SharedWorld {
    /// Shares `world`.
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world, for one look or one change. Never held across an await.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
