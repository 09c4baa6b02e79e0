//! The handles of a shell: what 0, 1, 2 and 3 to 9 stand for, and how redirections change them.

use std::collections::BTreeMap;

use super::modifiers::unquote;
use super::shell::Shell;
use super::text;
use super::tree::{Redirect, RedirectTo};
use crate::sim::tools::stream::{Sink, Stdin, Stream};
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{Target, WinPath};

/// What a handle stands for.
#[derive(Debug, Clone)]
pub(super) enum Handle {
    /// The console, both ways.
    Console,
    /// `nul`, both ways.
    Nul,
    /// A file that is read, or the reading end of a pipe.
    Reading(Stream),
    /// The writing end of a pipe.
    Pipe(Stream),
    /// A file that is written.
    Writing(OpenFile),
}

/// A file that is being written: bytes wait in the stream until cmd takes them to the disk.
#[derive(Debug, Clone)]
pub(super) struct OpenFile {
    path: WinPath,
    waiting: Stream,
}

/// All handles of a shell.
#[derive(Debug, Clone)]
pub(super) struct Handles(BTreeMap<u8, Handle>);

impl Handles {
    /// A shell at the console.
    pub(super) fn console() -> Self {
        Self((0..3).map(|number| (number, Handle::Console)).collect())
    }

    /// What a handle stands for, when it is open.
    pub(super) fn of(&self, number: u8) -> Option<&Handle> {
        self.0.get(&number)
    }

    /// Makes a handle stand for something else.
    pub(super) fn set(&mut self, number: u8, handle: Handle) {
        self.0.insert(number, handle);
    }
}

impl Shell {
    /// Standard input, for a program.
    pub(super) fn stdin(&self) -> Stdin {
        match self.handles.of(0) {
            Some(Handle::Console) => Stdin::Console(self.console.clone()),
            Some(Handle::Reading(stream)) => Stdin::Bytes(stream.clone()),
            _ => Stdin::nul(),
        }
    }

    /// Where a handle writes to.
    pub(super) fn sink(&self, number: u8) -> Sink {
        match self.handles.of(number) {
            Some(Handle::Console) => Sink::Console(self.console.clone()),
            Some(Handle::Pipe(stream)) => Sink::Bytes(stream.clone(), self.page()),
            Some(Handle::Writing(file)) => Sink::Bytes(file.waiting.clone(), self.page()),
            Some(Handle::Nul | Handle::Reading(_)) | None => Sink::Nul,
        }
    }

    /// Carries out redirections. `Err`: one failed and said why; the command must not run.
    pub(super) fn redirect(&mut self, redirects: &[Redirect]) -> Result<(), ()> {
        for redirect in redirects {
            let handle = match &redirect.to {
                RedirectTo::Handle(from) => {
                    let Some(handle) = self.handles.of(*from) else {
                        self.complain(&text::HANDLE, &[&redirect.handle.to_string()]);
                        return Err(());
                    };
                    handle.clone()
                }
                RedirectTo::Read(name) => self.open_to_read(name)?,
                RedirectTo::Write(name) => self.open_to_write(name, false)?,
                RedirectTo::Append(name) => self.open_to_write(name, true)?,
            };
            self.handles.set(redirect.handle, handle);
        }
        Ok(())
    }

    fn open_to_read(&mut self, name: &str) -> Result<Handle, ()> {
        let name = self.late(name);
        match self.places.resolve(&bare(&name)) {
            Target::Nul => Ok(Handle::Nul),
            Target::Console => Ok(Handle::Console),
            Target::NoDevice => self.refuse(FileError::NotFound),
            Target::Path(path) => {
                let contents = self.world.lock().files.read(&path, &self.session.token);
                match contents {
                    Ok(bytes) => Ok(Handle::Reading(Stream::of(&bytes))),
                    Err(error) => self.refuse(error),
                }
            }
        }
    }

    fn open_to_write(&mut self, name: &str, append: bool) -> Result<Handle, ()> {
        let name = self.late(name);
        match self.places.resolve(&bare(&name)) {
            Target::Nul => Ok(Handle::Nul),
            Target::Console => Ok(Handle::Console),
            Target::NoDevice => self.refuse(FileError::NotFound),
            Target::Path(path) => {
                let now = self.now();
                let opened = {
                    let mut world = self.world.lock();
                    let exists = world.files.is_file(&path);
                    if append && exists {
                        world.files.may_write(&path, &self.session.token)
                    } else {
                        world.files.write(&path, Vec::new(), &self.session.token, now)
                    }
                };
                match opened {
                    Ok(()) => Ok(Handle::Writing(OpenFile { path, waiting: Stream::default() })),
                    Err(error) => self.refuse(error),
                }
            }
        }
    }

    fn refuse(&self, error: FileError) -> Result<Handle, ()> {
        self.complain(&text::of_error(error), &[]);
        Err(())
    }

    /// Takes what was written to files to the disk. The first error ends it.
    pub(super) fn flush(&mut self) -> Result<(), FileError> {
        let now = self.now();
        let mut first = Ok(());
        for handle in self.handles.0.values() {
            let Handle::Writing(file) = handle else { continue };
            let bytes = file.waiting.drain();
            if bytes.is_empty() {
                continue;
            }
            let written = self.world.lock().files.append(&file.path, &bytes, &self.session.token, now);
            first = first.and(written);
        }
        first
    }
}

/// A file name without its quotes.
pub(super) fn bare(name: &str) -> String {
    if name.contains('"') { name.replace('"', "") } else { unquote(name).to_owned() }
}
