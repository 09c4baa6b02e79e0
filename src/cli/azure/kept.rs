//! Small files that survive an interruption: written whole or not at all, one program at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli::failure::Failure;

/// Makes a folder that is nobody else's business.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no permission bits"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.recursive(true).create(folder).map_err(|error| unusable(folder, "make", &error))
}

/// Writes `what` as JSON; it is on disk when this returns.
///
/// # Errors
/// It cannot be written; what was there is there still.
pub fn write(path: &Path, what: &impl Serialize) -> Result<(), Failure> {
    let temporary = path.with_extension("new");
    let text = serde_json::to_string_pretty(what).unwrap_or_default() + "\n";
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(|error| unusable(path, "write", &error))
}

/// Keeps others away from the file at `path` for as long as what is returned lives.
///
/// # Errors
/// Another program has it, `busy`.
pub fn lock(path: &Path, busy: &str) -> Result<File, Failure> {
    let name = path.with_extension("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let lock = options.open(&name).map_err(|error| unusable(&name, "open", &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Failure::usage(busy).help("wait until it has ended")),
        Err(TryLockError::Error(error)) => Err(unusable(&name, "lock", &error)),
    }
}

/// A file that cannot be used.
pub fn unusable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot {what} {}: {error}", path.display()))
        .help("choose another place with --runs-dir")
}
