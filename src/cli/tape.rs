//! The recording of a session: into the run folder, into the file of `--record`, or both.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::context::Context;
use super::failure::Failure;
use super::target::Target;
use crate::engine::{Event, Listener};
use crate::recording::{Annotator, Header, OpenPart, Recorder, SessionOrigin, part_path};
use crate::transport::Endpoint;

/// A recorder for `target` that writes to all of `files`, with the password masked. `None` without files.
pub fn recorder(target: &Target, files: &[&Path], context: &Context) -> Result<Option<Recorder>, Failure> {
    let now = context.started;
    let session = SessionOrigin {
        started_ms: now.as_millisecond(),
        user: target.credentials.user.clone(),
        domain: target.credentials.domain.clone(),
        past: target.endpoint.shows_the_past(),
    };
    let header = header(&target.endpoint, now).with_profile(target.profile.clone()).with_session(session);
    let mut recorder = start(&header, files, context)?;
    if let Some(recorder) = &mut recorder {
        recorder.hide(&target.credentials.password);
    }
    Ok(recorder)
}

/// A recorder for `endpoint` that writes to all of `files`. `None` without files.
pub fn of_endpoint(
    endpoint: &Endpoint,
    profile: Option<String>,
    files: &[&Path],
    context: &Context,
) -> Result<Option<Recorder>, Failure> {
    start(&header(endpoint, context.started).with_profile(profile), files, context)
}

/// Writes into the recording what the program tells of its run.
pub struct Told(Annotator);

impl Told {
    /// Writes with `annotator`.
    pub fn new(annotator: Annotator) -> Self {
        Self(annotator)
    }

    /// The same for a run that is taken up again: what was told `before` comes first, so that the recording alone is
    /// enough to drive the run again.
    pub fn after(annotator: Annotator, before: &[Event]) -> Self {
        let mut told = Self(annotator);
        for event in before {
            told.hear(event);
        }
        told
    }
}

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

fn start(header: &Header, files: &[&Path], context: &Context) -> Result<Option<Recorder>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let Some(rotation) = context.globals.record_rotate else {
        let tapes = Tapes::create(files).map_err(|(path, error)| {
            Failure::usage(format!("cannot write the recording {}: {error}", path.display()))
        })?;
        return Ok(Some(Recorder::start(tapes, header)));
    };
    let paths: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    let open: OpenPart = Box::new(move |number| {
        let parts: Vec<PathBuf> = paths.iter().map(|path| part_path(path, number)).collect();
        let parts: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
        match Tapes::create(&parts) {
            Ok(tapes) => Ok(Box::new(tapes) as Box<dyn Write + Send>),
            Err((_, error)) => Err(error),
        }
    });
    let mut recorder = Recorder::start_in_parts(open, header, rotation);
    match recorder.take_failure() {
        Some(failure) => Err(Failure::usage(format!("cannot write the recording: {}", failure.reason))),
        None => Ok(Some(recorder)),
    }
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

/// The same to every file; into those whose name ends with `.gz`, compressed.
struct Tapes(Vec<Tape>);

enum Tape {
    Plain(File),
    Compressed(GzEncoder<File>),
}

impl Tapes {
    fn create(files: &[&Path]) -> Result<Self, (PathBuf, io::Error)> {
        let create = |path: &&Path| {
            let file = create(path).map_err(|error| (path.to_path_buf(), error))?;
            Ok(if path.extension().is_some_and(|extension| extension == "gz") {
                Tape::Compressed(GzEncoder::new(file, Compression::default()))
            } else {
                Tape::Plain(file)
            })
        };
        files.iter().map(create).collect::<Result<_, _>>().map(Self)
    }
}

impl Tape {
    fn out(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(file) => file,
            Self::Compressed(encoder) => encoder,
        }
    }
}

impl Write for Tapes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.iter_mut().try_for_each(|tape| tape.out().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|tape| tape.out().flush())
    }
}
