//! What is known of a rescue, on disk: `RUNS/rescue/VM-TIME.json`, one file each, written whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::kept::{self, unusable};
use crate::azure::{Rescue, VmId};
use crate::cli::failure::Failure;

/// The file of one rescue. Nobody else goes on with it meanwhile.
pub struct RescueFile {
    path: PathBuf,
    _lock: File,
}

impl RescueFile {
    /// The latest rescue of `vm` below `runs`.
    pub fn latest(runs: &Path, vm: &VmId) -> Result<Option<(Self, Rescue)>, Failure> {
        let folder = runs.join("rescue");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&folder, "read", &error)),
        };
        let mut latest: Option<(PathBuf, Rescue)> = None;
        for entry in entries {
            let path = entry.map_err(|error| unusable(&folder, "read", &error))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| unusable(&path, "read", &error))?;
            let rescue: Rescue =
                serde_json::from_str(&text).map_err(|error| unusable(&path, "read", &error))?;
            let later = latest.as_ref().is_none_or(|(_, known)| known.began <= rescue.began);
            if rescue.machine.eq_ignore_ascii_case(&vm.to_string()) && later {
                latest = Some((path, rescue));
            }
        }
        let Some((path, _)) = latest else { return Ok(None) };
        let file = Self::locked(path)?;
        // Another process may have gone on before it was ours.
        let text = fs::read_to_string(&file.path).map_err(|error| unusable(&file.path, "read", &error))?;
        let rescue = serde_json::from_str(&text).map_err(|error| unusable(&file.path, "read", &error))?;
        Ok(Some((file, rescue)))
    }

    /// A file for a new rescue.
    pub fn create(runs: &Path, rescue: &Rescue) -> Result<Self, Failure> {
        let folder = runs.join("rescue");
        kept::make_folder(&folder)?;
        let file = Self::locked(folder.join(format!("{}.json", rescue.copy.name())))?;
        file.save(rescue)?;
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the state; it is on disk when this returns.
    pub fn save(&self, rescue: &Rescue) -> Result<(), Failure> {
        kept::write(&self.path, rescue)
    }

    fn locked(path: PathBuf) -> Result<Self, Failure> {
        let lock = kept::lock(&path, "another sacpilot goes on with this rescue right now")?;
        Ok(Self { path, _lock: lock })
    }
}
