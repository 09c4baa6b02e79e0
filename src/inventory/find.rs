//! Where the inventory is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::script::diagnostic::Source;
use crate::script::yaml::{self, Kind};

/// The file that is looked for.
pub const FILE_NAME: &str = "targets.yaml";

/// The inventory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The system says so.
    #[error("cannot read the inventory {path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// It was found, and it is somebody else's: its commands would run as us.
    #[error("the inventory {path} belongs to somebody else, and was found, not named")]
    Foreign {
        /// The file.
        path: String,
    },
}

impl FindError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "inventory-unreadable",
            Self::Foreign { .. } => "inventory-foreign",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Unreadable { error, .. } if error.kind() == io::ErrorKind::InvalidData => {
                "an inventory is a text file in UTF-8: save it as that".to_owned()
            }
            Self::Unreadable { .. } => "name another one with --inventory FILE".to_owned(),
            Self::Foreign { path } => {
                format!("it may name programs to run; if you trust it: --inventory {path}")
            }
        }
    }
}

/// The nearest `targets.yaml` in `folder` or above it.
///
/// # Errors
/// [`FindError::Foreign`]
pub fn found_upward(folder: &Path) -> Result<Option<PathBuf>, FindError> {
    let found = folder.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
    match found {
        Some(path) if is_foreign(&path) => Err(FindError::Foreign { path: path.display().to_string() }),
        found => Ok(found),
    }
}

/// Neither ours nor the administrator's.
#[cfg(unix)]
fn is_foreign(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let owner = fs::metadata(path).map(|file| file.uid());
    owner.is_ok_and(|owner| owner != 0 && owner != rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn is_foreign(_: &Path) -> bool {
    false
}

/// The text of an inventory.
///
/// # Errors
/// [`FindError::Unreadable`]
pub fn read(path: &Path) -> Result<Source, FindError> {
    let path_text = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(Source { path: path_text, text }),
        Err(error) => Err(FindError::Unreadable { path: path_text, error }),
    }
}

/// Whether a file is meant as an inventory: by its name, or since it has `targets`.
pub fn is_inventory(path: &Path, text: &str) -> bool {
    if path.file_name().is_some_and(|name| name == FILE_NAME) {
        return true;
    }
    match yaml::parse(text).0.map(|tree| tree.kind) {
        Some(Kind::Mapping(entries)) => {
            let has = |key: &str| entries.iter().any(|entry| entry.key == key);
            has("targets") && !has("script") && !has("steps")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(folder.path().join(FILE_NAME), "targets: {}\n").unwrap();
        assert_eq!(found_upward(&deep).unwrap(), Some(folder.path().join(FILE_NAME)));
        fs::write(folder.path().join("a").join(FILE_NAME), "targets: {}\n").unwrap();
        assert_eq!(found_upward(&deep).unwrap(), Some(folder.path().join("a").join(FILE_NAME)));
    }

    #[test]
    fn an_inventory_is_told_from_a_script() {
        for (name, text, is) in [
            ("lab.yaml", "targets: {}\n", true),
            ("targets.yaml", "- broken", true),
            ("x.yaml", "script: x\ntitle: t\n", false),
            ("x.yaml", "- a\n", false),
        ] {
            assert_eq!(is_inventory(Path::new(name), text), is, "{name}");
        }
    }
}
