//! The service control manager: the database it read at boot, and what runs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::processes::Pid;

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

/// A service as the service control manager knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The key's name below `Services`.
    pub name: String,
    /// `SERVICE_WIN32_OWN_PROCESS` 0x10, `…SHARE_PROCESS` 0x20, drivers 1 and 2.
    pub kind: u32,
    /// When it starts.
    pub start: StartType,
    /// Services it needs.
    pub depends: Vec<String>,
    /// Where it is.
    pub state: State,
    /// Machine time at which a pending state is over.
    pub settles: Option<Duration>,
    /// Its process.
    pub pid: Option<Pid>,
    /// Win32 code of its last end.
    pub exit: u32,
    /// Marked for deletion.
    pub deleted: bool,
}

/// All services, by lower-case name.
#[derive(Debug, Clone, Default)]
pub struct Services {
    database: BTreeMap<String, Service>,
}

impl StartType {
    /// The type behind the registry's number.
    pub fn from_number(number: u32) -> Option<Self> {
        [Self::Boot, Self::System, Self::Auto, Self::Demand, Self::Disabled]
            .into_iter()
            .find(|start| *start as u32 == number)
    }
}

impl Services {
    /// The service with that key name.
    pub fn by_name(&self, name: &str) -> Option<&Service> {
        self.database.get(&name.to_lowercase())
    }

    /// The service with that key name, to be changed.
    pub fn by_name_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.database.get_mut(&name.to_lowercase())
    }

    /// All, sorted by key name.
    pub fn iter(&self) -> impl Iterator<Item = &Service> {
        self.database.values()
    }

    /// Puts a service into the database.
    pub fn put(&mut self, service: Service) {
        self.database.insert(service.name.to_lowercase(), service);
    }

    /// Takes a service out of the database.
    pub fn remove(&mut self, name: &str) -> Option<Service> {
        self.database.remove(&name.to_lowercase())
    }

    /// Forgets everything, as at power off.
    pub fn clear(&mut self) {
        self.database.clear();
    }
}
