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
