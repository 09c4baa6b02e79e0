//! Who has a port open.

use std::path::Path;

/// The program that has `path` open, `minicom (process 1234)`, where the system tells: on Linux, for processes
/// that the user may look at.
///
/// Of several, it is the one that keeps the others out: this program itself, then whoever locks the port
/// (`flock`, proc_locks(5)). The program at the other end of a null modem or a terminal often has the port open,
/// too, and stands in no one's way.
#[cfg(target_os = "linux")]
pub(super) fn holder_of(path: &Path) -> Option<String> {
    let own = std::process::id();
    let holder = foremost(&with_open(path), own, &locking(path))?;
    if holder == own {
        return Some("this sacpilot itself".to_owned());
    }
    let name = std::fs::read_to_string(format!("/proc/{holder}/comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    Some(format!("{name} (process {holder})"))
}

/// The program that has `path` open: this system does not tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn holder_of(_: &Path) -> Option<String> {
    None
}

/// Process numbers start again from the lowest, so the order in which the system lists them says nothing.
#[cfg(target_os = "linux")]
fn foremost(open: &[u32], own: u32, locking: &[u32]) -> Option<u32> {
    let is_first = |id: &&u32| **id == own;
    let locks = |id: &&u32| locking.contains(id);
    open.iter().find(is_first).or_else(|| open.iter().find(locks)).or(open.first()).copied()
}

/// The processes that have `path` open.
#[cfg(target_os = "linux")]
fn with_open(path: &Path) -> Vec<u32> {
    use std::fs;

    let (Ok(path), Ok(processes)) = (fs::canonicalize(path), fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let numbered = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbered
        .filter(|id: &u32| {
            let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
            files
                .map(|file| fs::read_link(file.path()))
                .any(|target| target.is_ok_and(|target| target == path))
        })
        .collect()
}

/// The processes that lock `path`.
#[cfg(target_os = "linux")]
fn locking(path: &Path) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let Ok(file) = std::fs::metadata(path) else { return Vec::new() };
    let device = file.dev();
    let inode = format!("{:02x}:{:02x}:{}", rustix::fs::major(device), rustix::fs::minor(device), file.ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().filter_map(|lock| locker(lock, &inode)).collect()
}

/// The process of a line of `/proc/locks`, `1: FLOCK  ADVISORY  WRITE 9484 00:18:5 0 EOF`, when it locks `inode`.
#[cfg(target_os = "linux")]
fn locker(line: &str, inode: &str) -> Option<u32> {
    let mut words = line.split_whitespace().skip(4);
    let process = words.next()?.parse().ok()?;
    (words.next()? == inode).then_some(process)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_keeps_others_out_is_named_whatever_its_number() {
        assert_eq!(foremost(&[7, 20, 300], 300, &[20]), Some(300));
        assert_eq!(foremost(&[7, 20, 300], 400, &[300]), Some(300));
        assert_eq!(foremost(&[7, 20], 400, &[]), Some(7));
        assert_eq!(foremost(&[], 400, &[9]), None);
    }

    #[test]
    fn locks_are_read() {
        let lines = "1: FLOCK  ADVISORY  WRITE 9484 00:18:5 0 EOF\n2: POSIX  ADVISORY  READ 12 08:01:5 128 128\n\
                     3: -> FLOCK  ADVISORY  WRITE 77 00:18:5 0 EOF";
        let lockers: Vec<u32> = lines.lines().filter_map(|line| locker(line, "00:18:5")).collect();
        assert_eq!(lockers, [9484]);
    }

    #[test]
    fn a_lock_of_our_own_is_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(locking(file.path()), Vec::<u32>::new());
        file.as_file().lock().unwrap();
        assert_eq!(locking(file.path()), [std::process::id()]);
        assert_eq!(holder_of(file.path()).as_deref(), Some("this sacpilot itself"));
    }
}
