//! Who has a port open.

use std::path::Path;

/// The program that has `path` open, `minicom (process 1234)`, where the system tells: on Linux, for processes
/// that the user may look at.
#[cfg(target_os = "linux")]
pub(super) fn holder_of(path: &Path) -> Option<String> {
    use std::fs;

    let path = fs::canonicalize(path).ok()?;
    let own = std::process::id();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        if files.flatten().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == path)) {
            if id == own {
                return Some("this sacpilot itself".to_owned());
            }
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
            return Some(format!("{name} (process {id})"));
        }
    }
    None
}

/// The program that has `path` open: this system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder_of(_: &Path) -> Option<String> {
    None
}
