//! One console carries one thing at a time: whoever works on an endpoint holds its lock, and others are told who does.
//!
//! The system gives the lock back when its holder ends, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::report::visible;
use crate::transport::Endpoint;

/// The right to use an endpoint, until it is dropped.
#[derive(Debug)]
pub struct EndpointLock(File);

impl Drop for EndpointLock {
    fn drop(&mut self) {
        // A program that is being started elsewhere in this process has the file too until it runs: closing ours
        // would leave the lock to it for that moment.
        let _ = self.0.unlock();
    }
}

/// Who holds a lock, for the others.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    process: u32,
    what: String,
    since: String,
}

/// Takes the lock of an endpoint for `what`. `None`: nobody else can be at its other end.
///
/// # Errors
/// Says who holds it.
pub fn take(endpoint: &Endpoint, what: &str, context: &Context) -> Result<Option<EndpointLock>, Failure> {
    // Each has a machine, or a recording, of its own.
    if matches!(endpoint, Endpoint::Sim { .. } | Endpoint::Replay { .. }) {
        return Ok(None);
    }
    let holder = Holder {
        process: std::process::id(),
        what: what.to_owned(),
        since: context.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    };
    let folder = folder();
    match hold(&folder, &key(endpoint), &holder) {
        Ok(Ok(lock)) => Ok(Some(lock)),
        Ok(Err(other)) => Err(Failure::new(Exit::UNREACHABLE, taken(endpoint, other)).help(
            "wait until it is done, or stop it there; `sacpilot runs` lists the runs of this computer",
        )),
        Err(error) => Err(Failure::usage(format!(
            "cannot write {}, which keeps two runs from one console: {error}",
            folder.display()
        ))),
    }
}

fn taken(endpoint: &Endpoint, other: Option<Holder>) -> String {
    let place = visible::line(&endpoint.to_string());
    match other {
        Some(Holder { process, what, since }) => {
            let what = visible::line(&what);
            format!(
                "{place} is in use by another sacpilot: {what}, process {process}, since {}",
                visible::line(&since)
            )
        }
        None => format!("{place} is in use by another sacpilot"),
    }
}

fn hold(folder: &Path, key: &str, holder: &Holder) -> io::Result<Result<EndpointLock, Option<Holder>>> {
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(folder.join(format!("{key}.lock")))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            serde_json::to_writer(&file, holder)?;
            file.flush()?;
            Ok(Ok(EndpointLock(file)))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Another system may not let a locked file be read.
            let _ = file.read_to_string(&mut text);
            Ok(Err(serde_json::from_str(&text).ok()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The same for all of this user's programs, wherever they keep their runs.
fn folder() -> PathBuf {
    let state = choose_base_strategy().ok().map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()));
    state.unwrap_or_else(std::env::temp_dir).join("sacpilot").join("locks")
}

/// Names the other end, however it was written.
fn key(endpoint: &Endpoint) -> String {
    let text = match endpoint {
        Endpoint::Serial { .. } | Endpoint::Pty { .. } | Endpoint::Unix { .. } => real_path(endpoint),
        // One port of a terminal server is one console, whatever is spoken there and however the line is set.
        Endpoint::Tcp { host, port }
        | Endpoint::Telnet { host, port }
        | Endpoint::Rfc2217 { host, port, .. } => {
            format!("{}:{port}", host.to_lowercase())
        }
        Endpoint::Exec { .. } | Endpoint::Websocket(_) => endpoint.spelled_out().expose().to_owned(),
        _ => endpoint.to_string().to_lowercase(),
    };
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).fold(String::new(), |key, byte| format!("{key}{byte:02x}"))
}

/// A link and what it points to are one port.
fn real_path(endpoint: &Endpoint) -> String {
    let text = endpoint.to_string();
    let path =
        text.split_once(':').map_or("", |(_, path)| path).split('?').next().unwrap_or_default().to_owned();
    fs::canonicalize(&path).map_or(path, |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(what: &str) -> Holder {
        Holder { process: 7, what: what.to_owned(), since: "now".to_owned() }
    }

    #[test]
    fn the_second_is_told_who_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = hold(folder.path(), "k", &holder("rdp/tls")).unwrap().unwrap();
        let other = hold(folder.path(), "k", &holder("exec")).unwrap().unwrap_err();
        assert_eq!(other.map(|other| other.what), Some("rdp/tls".to_owned()));
        assert!(hold(folder.path(), "other", &holder("exec")).unwrap().is_ok());
        // As a program has it that is being started at this moment.
        let inherited = first.0.try_clone().unwrap();
        drop(first);
        let third = hold(folder.path(), "k", &holder("x")).unwrap();
        drop(inherited);
        assert!(third.is_ok(), "what a longer text left is gone");
        let text = fs::read_to_string(folder.path().join("k.lock")).unwrap();
        assert_eq!(serde_json::from_str::<Holder>(&text).unwrap().what, "x");
    }

    #[test]
    fn one_end_has_one_key() {
        let of = |text: &str| key(&text.parse().unwrap());
        assert_eq!(of("tcp:Host:4555"), of("tcp:host:4555"));
        assert_ne!(of("tcp:host:4555"), of("tcp:host:4556"));
        assert_ne!(of("tcp:host:4555"), of("tcp:host2:4555"));
        for same in [
            "rfc2217:host:4555",
            "rfc2217:HOST:4555?baud=9600",
            "rfc2217:host:4555?baud=115200&parity=even",
            "telnet:Host:4555",
        ] {
            assert_eq!(of(same), of("tcp:host:4555"), "{same}");
        }
        assert_eq!(of("rfc2217:[FE80::1]:4000?baud=9600"), of("telnet:[fe80::1]:4000"));
        assert_eq!(of("serial:/dev/null?baud=9600"), of("serial:/dev/null"));
        assert_ne!(of("exec:ssh a"), of("exec:ssh b"));
    }
}
