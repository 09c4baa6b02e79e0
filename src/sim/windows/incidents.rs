//! What befalls a machine once, right after it has booted for the first time: things that a boot would put right.

use super::World;
use super::boot_store;
use super::events::Event;
use super::registry::Data;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// Somebody stops a service, with all that need it.
    Stop(String),
    /// Somebody starts a program.
    Launch(String),
    /// Somebody changes the boot store: object, element, value; without a value the element is removed.
    BootStore(String, &'static str, Option<Data>),
    /// Somebody sets a value of the registry: key, name, data.
    Registry(String, String, Data),
    /// Something is written into a log.
    Event(Event),
}

impl World {
    /// What was planned happens, and is forgotten.
    pub(super) fn meet_incidents(&mut self) {
        for incident in std::mem::take(&mut self.incidents) {
            match incident {
                Incident::Stop(name) => {
                    let mut names = self.services.all_dependents(&name);
                    names.push(name);
                    for name in names {
                        self.stop_at_once(&name);
                    }
                }
                Incident::BootStore(object, element, value) => {
                    let Some(store) = self.registry.key_mut(boot_store::LIVE) else { continue };
                    match value {
                        Some(data) => boot_store::set(store, &object, element, data),
                        None => boot_store::delete(store, &object, element),
                    };
                }
                Incident::Event(event) => {
                    let time = self.wall_time();
                    self.events.append(Event { time, ..event });
                }
                Incident::Registry(key, name, data) => self.registry.set(&key, &name, data),
                Incident::Launch(path) => {
                    self.launch(&path);
                }
            }
        }
    }
}
