//! What programs ask of the process they are.

use std::sync::MutexGuard;

use super::{CodePage, Process};
use crate::sim::windows::World;
use crate::sim::windows::files::path::{Target, WinPath};
use crate::sim::windows::language::Language;

impl Process {
    /// The machine, brought up to the present. Never held across an await.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock();
        world.advance(self.console.now());
        world
    }

    /// The same program as if it ran on the machine `name` of the network, for tools that speak to others
    /// (`reg query \\\\NAME\\HKLM\\…`, `sc \\\\NAME …`). `None`: nobody answers, or the user has no rights there.
    /// invented: whoever is an administrator here is one there.
    pub fn on(&self, name: &str) -> Option<Self> {
        let world = self.world();
        if world.computer.eq_ignore_ascii_case(name) {
            drop(world);
            return Some(self.clone());
        }
        if !world.network.is_up() || !self.token.is_administrator() {
            return None;
        }
        let other = world.neighbour(name)?.clone();
        drop(world);
        let reached = other.lock().network.is_up();
        reached.then(|| Self { world: other, ..self.clone() })
    }

    /// The machine's language.
    pub fn language(&self) -> Language {
        self.world.lock().language
    }

    /// The console's code page.
    pub fn page(&self) -> CodePage {
        CodePage(self.console.code_page())
    }

    /// A file name of the command line as a full path; `None` for devices.
    pub fn path(&self, name: &str) -> Option<WinPath> {
        match self.places.resolve(name) {
            Target::Path(path) => Some(path),
            Target::Nul | Target::Console | Target::NoDevice => None,
        }
    }

    /// The letters for yes and no.
    pub fn yes_no(&self) -> (&'static str, &'static str) {
        match self.language() {
            Language::DeDe => ("j", "n"),
            Language::EnUs | Language::KoKr | Language::JaJp => ("y", "n"),
        }
    }
}
