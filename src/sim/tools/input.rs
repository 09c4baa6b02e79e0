//! Files and standard input as the text tools read them.

use std::sync::Arc;

use super::Process;
use crate::sim::cmd::text::of_error;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{Target, WinPath, has_wildcards, matches};

impl Process {
    /// The contents of a file that is named on the command line.
    pub(super) fn contents(&self, name: &str) -> Result<Arc<Vec<u8>>, FileError> {
        match self.places.resolve(name) {
            Target::Nul => Ok(Arc::default()),
            Target::Console | Target::NoDevice => Err(FileError::NotFound),
            Target::Path(path) => self.world.lock().files.read(&path, &self.token),
        }
    }

    /// The names that a pattern means, with the folder as it was written; a plain name means itself.
    pub(super) fn names(&self, pattern: &str) -> Vec<String> {
        let Target::Path(path) = self.places.resolve(pattern) else { return vec![pattern.to_owned()] };
        let Some(parent) = path.parent().filter(|_| has_wildcards(path.name())) else {
            return vec![pattern.to_owned()];
        };
        let cut = pattern.rfind(['\\', '/', ':']).map_or(0, |at| at + 1);
        let world = self.world.lock();
        let Ok(nodes) = world.files.list(&parent, &self.token) else { return Vec::new() };
        nodes
            .into_iter()
            .filter(|node| !node.is_folder() && matches(path.name(), &node.name))
            .map(|node| format!("{}{}", &pattern[..cut], node.name))
            .collect()
    }

    /// The system's text for a file error.
    pub(super) fn file_error(&self, error: FileError) -> &'static str {
        of_error(error).in_language(self.language())
    }

    /// Writes a file whole.
    pub(super) fn write_file(&self, path: &WinPath, contents: Vec<u8>) -> Result<(), FileError> {
        let mut world = self.world();
        let now = world.wall_time();
        world.files.write(path, contents, &self.token, now)
    }
}

/// The lines of a text, without their ends.
pub(super) fn lines(contents: &[u8]) -> impl Iterator<Item = &[u8]> {
    contents.split_inclusive(|byte| *byte == b'\n').map(super::stream::strip_end)
}
