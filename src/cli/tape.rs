//! The recording of a session: into the run folder, into the file of `--record`, or both.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use super::failure::Failure;
use super::target::Target;
use crate::engine::{Event, Listener};
use crate::recording::{Annotator, Header, Recorder, SessionOrigin};
use crate::transport::Endpoint;

/// A recorder for `target` that writes to all of `files`, with the password masked. `None` without files.
pub fn recorder(target: &Target, files: &[&Path], now: Timestamp) -> Result<Option<Recorder>, Failure> {
    let session = SessionOrigin {
        started_ms: now.as_millisecond(),
        user: target.credentials.user.clone(),
        domain: target.credentials.domain.clone(),
        past: target.endpoint.shows_the_past(),
    };
    let header = header(&target.endpoint, now).with_session(session);
    let mut recorder = start(&header, files)?;
    if let Some(recorder) = &mut recorder {
        recorder.hide(&target.credentials.password);
    }
    Ok(recorder)
}

/// A recorder for `endpoint` that writes to all of `files`. `None` without files.
pub fn of_endpoint(
    endpoint: &Endpoint,
    files: &[&Path],
    now: Timestamp,
) -> Result<Option<Recorder>, Failure> {
    start(&header(endpoint, now), files)
}

/// Writes into the recording what the program tells of its run.
pub struct Told(pub Annotator);

impl Listener for Told {
    fn hear(&mut self, event: &Event) {
        if let Ok(json) = serde_json::to_string(event) {
            self.0.tell(&json);
        }
    }
}

fn header(endpoint: &Endpoint, now: Timestamp) -> Header {
    Header::of_console(&endpoint.to_string(), now.as_second())
}

fn start(header: &Header, files: &[&Path]) -> Result<Option<Recorder>, Failure> {
    let mut tapes = Vec::new();
    for path in files {
        let file = create(path).map_err(|error| {
            Failure::usage(format!("cannot write the recording {}: {error}", path.display()))
        })?;
        tapes.push(file);
    }
    if tapes.is_empty() {
        return Ok(None);
    }
    Ok(Some(Recorder::start(Tapes(tapes), header)))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// The same to every file.
struct Tapes(Vec<File>);

impl Write for Tapes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.iter_mut().try_for_each(|file| file.write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(Write::flush)
    }
}
