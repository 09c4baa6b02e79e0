//! The state of one simulated Windows: what its tools read and change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub mod files;

use files::Files;

/// Everything that outlives a command: registry, services, processes, sockets, files, certificates, firewall, …
#[derive(Debug, Default)]
pub struct World {
    /// The disks.
    pub files: Files,
}

/// The world as the programs of one machine share it.
#[derive(Debug, Clone, Default)]
pub struct SharedWorld(Arc<Mutex<World>>);

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
