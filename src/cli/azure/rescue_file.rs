//! What is known of a rescue, on disk: `RUNS/rescue/VM-TIME.json`, one file each, written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
        #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no permission bits"))]
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.recursive(true).create(&folder).map_err(|error| unusable(&folder, "make", &error))?;
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
        let temporary = self.path.with_extension("new");
        let text = serde_json::to_string_pretty(rescue).unwrap_or_default() + "\n";
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &self.path)
        });
        written.map_err(|error| unusable(&self.path, "write", &error))
    }

    fn locked(path: PathBuf) -> Result<Self, Failure> {
        let name = path.with_extension("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(&name).map_err(|error| unusable(&name, "open", &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::usage("another sacpilot goes on with this rescue right now")
                    .help("wait until it has ended"))
            }
            Err(TryLockError::Error(error)) => Err(unusable(&name, "lock", &error)),
        }
    }
}

fn unusable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot {what} {}: {error}", path.display()))
        .help("choose another place with --runs-dir")
}
