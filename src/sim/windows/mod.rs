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
pub mod adapters;
pub mod baseline;
pub mod boot_store;
pub mod certificates;
pub mod check_disk;
pub mod components;
pub mod configure;
pub mod control;
pub mod der;
pub mod disks;
pub mod events;
pub mod files;
pub mod firewall;
pub mod firmware;
pub mod hive;
pub mod incidents;
pub mod keys;
pub mod language;
pub mod network;
pub mod os;
pub mod policy;
pub mod power;
pub mod processes;
pub mod programs;
pub mod reg_file;
pub mod registry;
pub mod remote_desktop;
pub mod resources;
pub mod schannel;
pub mod sddl;
pub mod services;
pub mod sid;
pub mod snapshot;
pub mod sockets;
pub mod win32;

use accounts::Accounts;
use boot_store::Safe;
use components::Components;
use disks::Disk;
use events::{EventLog, Level};
use files::Files;
use firmware::Firmware;
use incidents::Incident;
use language::{Language, Text};
use network::Network;
use os::Os;
use policy::{Domain, PolicyValue};
use power::PowerRequest;
use processes::{Process, Processes, Start};
use programs::Program;
use registry::{Registry, Revision};
use remote_desktop::Listener;
use schannel::Tls;
use services::Services;
use sockets::Sockets;

/// Everything that outlives a command: registry, services, processes, sockets, files, accounts, event logs, …
#[derive(Debug, Clone)]
pub struct World {
    /// The version.
    pub os: Os,
    /// The display language.
    pub language: Language,
    /// The computer's name, upper case.
    pub computer: String,
    /// The volumes that have letters.
    pub files: Files,
    /// The disks, by their numbers.
    pub disks: Vec<Disk>,
    /// What starts it.
    pub firmware: Firmware,
    /// How Windows was started this time.
    pub safe: Safe,
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
    /// The domain it belongs to.
    pub domain: Option<Domain>,
    /// Programs that are not part of Windows.
    pub programs: Vec<Program>,
    /// TLS versions of the server side since the last boot.
    pub tls: Vec<Tls>,
    /// What became of the Remote Desktop listener.
    pub listener: Listener,
    /// Values that an agent of somebody else sets again as soon as they are changed.
    pub held: Vec<PolicyValue>,
    /// Services whose descriptors let Administrators in although Windows' own do not.
    pub unguarded: Vec<String>,
    /// Its protected files and the store that brings them back.
    pub components: Components,
    /// Other machines that this one reaches over the network. A clone of this world shares them.
    pub neighbours: Vec<SharedWorld>,
    /// What befalls the machine after its next boot.
    pub incidents: Vec<Incident>,
    /// Wall time at machine time zero (UTC; the machine's time zone is UTC as on Azure).
    pub epoch: Timestamp,
    /// Machine time up to which the world was brought.
    now: Duration,
    /// Machine time of the last boot.
    booted: Duration,
    /// Machine time at which policy was last applied in this boot.
    policy_applied: Option<Duration>,
    /// Counts what was drawn from the source of chance.
    entropy: u64,
    /// Whether the switches of Remote Desktop let a listener be, and in which registry that was read: the machine
    /// looks with each byte.
    listener_wanted: Option<(Revision, bool)>,
}

/// The world as the programs of one machine share it.
#[derive(Debug, Clone, Default)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl World {
    /// Brings the world to machine time `now` (since the simulation began, across restarts): what was pending
    /// until then has happened, in its order. Time never goes back.
    pub fn advance(&mut self, now: Duration) {
        while let Some(next) = self.next_change().filter(|next| *next <= now) {
            self.now = self.now.max(next);
            self.change_services();
            if self.next_policy_refresh().is_some_and(|due| due <= self.now) {
                self.apply_policy();
            }
        }
        self.now = self.now.max(now);
        self.hold_values();
        self.follow_listener_switches();
        for neighbour in &self.neighbours {
            neighbour.lock().advance(now);
        }
    }

    /// The machine that answers to that name or address on the network.
    pub fn neighbour(&self, name: &str) -> Option<&SharedWorld> {
        self.neighbours.iter().find(|other| {
            let other = other.lock();
            let address = other.network.interfaces.first().map(|own| own.address.to_string());
            other.computer.eq_ignore_ascii_case(name) || address.as_deref() == Some(name)
        })
    }

    /// The next moment at which something changes by itself.
    pub fn next_change(&self) -> Option<Duration> {
        [self.services.next_change(), self.next_policy_refresh()].into_iter().flatten().min()
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
        let leaving: Vec<String> = self
            .services
            .iter()
            .filter(|service| service.deleted)
            .map(|service| service.name.clone())
            .collect();
        self.processes.clear();
        self.sockets.clear();
        self.services.clear();
        for name in leaving {
            self.registry.remove(&format!(r"{}\{name}", baseline::services::SERVICES));
        }
        self.power = None;
        self.listener = Listener::Off;
        self.policy_applied = None;
    }

    /// Windows starts: control set, service database, services in their order, group policy, Remote Desktop.
    pub fn boot(&mut self) {
        self.power_off();
        self.booted = self.now;
        self.registry.select_control_set();
        self.check_volumes();
        self.read_boot_store();
        self.read_interfaces();
        self.finish_updates();
        self.record("System", "EventLog", 6005, Level::Information, &LOG_STARTED, &[]);
        self.load_services();
        self.start_core_processes();
        self.start_with_machine();
        self.meet_incidents();
    }

    fn start_core_processes(&mut self) {
        let at = self.now;
        let system = r"NT AUTHORITY\SYSTEM";
        let process = |pid, image: &str, memory| Process {
            pid,
            parent: 0,
            image: image.to_owned(),
            command_line: String::new(),
            session: 0,
            account: system.to_owned(),
            memory,
            started: at,
            critical: true,
        };
        self.processes.put(process(0, "System Idle Process", 8));
        self.processes.put(process(4, "System", 144));
        if self.os.splits_service_hosts() {
            self.processes.put(process(88, "Registry", 41_912));
        }
        let mut parents = std::collections::BTreeMap::from([("System", 4)]);
        for (image, parent, session, memory) in CORE_PROCESSES {
            let pid = self.processes.start(&Start {
                image,
                command_line: image,
                account: system,
                session,
                parent: parents.get(parent).copied().unwrap_or(4),
                memory,
                at,
            });
            parents.entry(image).or_insert(pid);
            if let Some(started) = self.processes.by_pid_mut(pid) {
                started.critical = session == 0 || image == "csrss.exe" || image == "winlogon.exe";
            }
        }
    }
}

const LOG_STARTED: Text = Text {
    en: "The Event log service was started.",
    ko: "이벤트 로그 서비스가 시작되었습니다.",
    ja: "イベント ログ サービスが開始されました。",
    de: "Der Ereignisprotokolldienst wurde gestartet.",
};

/// Image, who starts it, session, working set in KiB.
const CORE_PROCESSES: [(&str, &str, u32, u32); 9] = [
    ("smss.exe", "System", 0, 1_128),
    ("csrss.exe", "smss.exe", 0, 5_060),
    ("wininit.exe", "smss.exe", 0, 6_544),
    ("csrss.exe", "smss.exe", 1, 4_736),
    ("winlogon.exe", "smss.exe", 1, 10_380),
    ("services.exe", "wininit.exe", 0, 9_132),
    ("lsass.exe", "wininit.exe", 0, 17_204),
    ("LogonUI.exe", "winlogon.exe", 1, 52_796),
    ("dwm.exe", "winlogon.exe", 1, 41_268),
];

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
