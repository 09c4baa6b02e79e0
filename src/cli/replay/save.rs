//! A recording written anew: as a fixture for a test, or as asciicast.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Recorded;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::recording::{CastWriter, Event, Header, Kind};
use crate::replay::carried::Carried;
use crate::replay::{audit, fixture, text};

/// A trimmed recording that a test can replay: names replaced, and secrets that are found, too.
pub(super) fn fixture(
    from: &Recorded,
    to: &Path,
    words: &[String],
    found_too: bool,
    context: &Context,
) -> Result<Exit, Failure> {
    let mut audit = audit::Audit::default();
    let mut carried = Carried::default();
    from.each(|event| {
        audit.add(event);
        carried.add(event);
        Ok(())
    })?;
    let secrets = audit.secrets();
    let found: &[String] = if found_too { &secrets } else { &[] };
    let hidden: Vec<String> = words.iter().chain(found).cloned().collect();
    let words = carried.with(fixture::Words::hide(&hidden));
    let header = fixture::header(from.import()?.header(), &words);
    let mut trim = fixture::Trim::new(words.clone());
    let mut file = Written::create(to, &header)?;
    let mut left = Left {
        words,
        text: text::Text::default(),
        said: String::new(),
        typed: String::new(),
        times: 0,
        carried: Carried::default(),
    };
    for event in from.import()? {
        let event = event.map_err(|error| from.unreadable(&error))?;
        file.put(trim.add(event), &mut left)?;
    }
    file.put(trim.finish(), &mut left)?;
    file.finish()?;
    let times = left.finish();
    if !secrets.is_empty() {
        let what =
            if found_too { "replaced" } else { "left as they are: see --audit, or give --redact-found" };
        context.tell(&format!("{} texts that may be secrets were {what}\n", secrets.len()));
    }
    if times > 0 {
        return Err(Failure::new(
            Exit::FINDINGS,
            format!("wrote {}, but words that should be hidden are still in it {times} times", to.display()),
        )
        .help("inside base64, or drawn in pieces with the cursor placed between: look with --audit and --text before you pass it on"));
    }
    context.tell(&format!("wrote {}; look through it with --audit before you pass it on\n", to.display()));
    Ok(Exit::HOLDS)
}

/// All of it as asciicast.
pub(super) fn cast(from: &Recorded, to: &Path, context: &Context) -> Result<Exit, Failure> {
    let import = from.import()?;
    let source = import.source();
    let mut file = Written::create(to, import.header())?;
    for event in import {
        file.event(&event.map_err(|error| from.unreadable(&error))?)?;
    }
    file.finish()?;
    context.tell(&format!("wrote {} from {}\n", to.display(), source.words()));
    Ok(Exit::HOLDS)
}

/// A file that is written; compressed when its name says so.
struct Written<'p> {
    path: &'p Path,
    cast: CastWriter<Out>,
    last: Duration,
}

enum Out {
    Plain(File),
    Compressed(GzEncoder<File>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.write(bytes),
            Self::Compressed(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.flush(),
            Self::Compressed(encoder) => encoder.try_finish(),
        }
    }
}

impl<'p> Written<'p> {
    fn create(path: &'p Path, header: &Header) -> Result<Self, Failure> {
        let create = || {
            let file = File::create(path)?;
            let compressed = path.extension().is_some_and(|extension| extension == "gz");
            let out = if compressed {
                Out::Compressed(GzEncoder::new(file, Compression::best()))
            } else {
                Out::Plain(file)
            };
            CastWriter::start(out, header)
        };
        let cast = create().map_err(|error| unwritable(path, &error))?;
        Ok(Self { path, cast, last: Duration::ZERO })
    }

    fn put(&mut self, events: Vec<Event>, left: &mut Left) -> Result<(), Failure> {
        for event in events {
            left.look(&event);
            self.event(&event)?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        self.last = event.at;
        let written = match &event.kind {
            Kind::Output(bytes) => self.cast.output(event.at, bytes),
            Kind::Input(bytes) => self.cast.input(event.at, bytes),
            Kind::Mark(label) => self.cast.mark(event.at, label),
            Kind::Told(json) => self.cast.told(event.at, json),
            Kind::Other { .. } => Ok(()),
        };
        written.map_err(|error| unwritable(self.path, &error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.cast.finish(self.last).map_err(|error| unwritable(self.path, &error))
    }
}

/// Words that are still there: as a person sees the text, and inside base64.
struct Left {
    words: fixture::Words,
    text: text::Text,
    said: String,
    typed: String,
    times: usize,
    carried: Carried,
}

/// So much text is looked through at once.
const PORTION: usize = 64 * 1024;

impl Left {
    fn look(&mut self, event: &Event) {
        match &event.kind {
            Kind::Output(_) => {
                self.carried.add(event);
                self.text.add(event, &mut self.said);
                if self.said.len() > PORTION {
                    let end = self.said.rfind('\n').map_or(0, |end| end + 1);
                    let lines: String = self.said.drain(..end).collect();
                    self.times += self.words.count(&lines);
                }
            }
            Kind::Input(bytes) => self.typed.push_str(&String::from_utf8_lossy(bytes)),
            Kind::Mark(text) | Kind::Told(text) => self.times += self.words.count(text),
            Kind::Other { .. } => {}
        }
    }

    fn finish(self) -> usize {
        let seen = self.words.count(&self.said) + self.words.count(&self.typed);
        self.times + seen + self.carried.count(&self.words)
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write {}: {error}", path.display()))
}
