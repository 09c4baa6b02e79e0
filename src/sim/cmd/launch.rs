//! What is no built-in command: batch files and programs, found in the current folder and on `PATH`.

use super::batch::Start;
use super::handles::bare;
use super::percent::Arguments;
use super::shell::{Shell, Stop};
use super::text;
use crate::sim::tools::{self, Process, arguments};
use crate::sim::windows::acl::right;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{Target, WinPath};

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// A `.bat` or `.cmd` file.
    Batch(WinPath),
    /// A program of the machine, by its image's name.
    Program(String),
    /// A file that looks like a program and is none.
    NoProgram(WinPath),
    /// A document, which a program with windows would open.
    Document,
    /// A program that the user may not run.
    Denied,
    /// The folder in the name is not there.
    NoFolder,
    /// Nothing.
    Nothing,
}

/// `ERROR_EXE_MACHINE_TYPE_MISMATCH`, what starting a broken image gives.
const NOT_COMPATIBLE: i32 = 216;
/// What cmd gives for an unknown name.
const UNKNOWN: i32 = 9009;
/// `STATUS_CONTROL_C_EXIT`, how a program ends that Ctrl-C ended.
pub(super) const CONTROL_C_EXIT: i32 = -1_073_741_510;

impl Shell {
    /// Runs a batch file or a program.
    pub(super) async fn external(&mut self, name: &str, tail: &str) -> Result<i32, Stop> {
        let found = self.find_program(name);
        self.start_found(name, tail, found, Start::Chained).await
    }

    /// Runs what was found.
    pub(super) async fn start_found(
        &mut self,
        name: &str,
        tail: &str,
        found: Found,
        start: Start,
    ) -> Result<i32, Stop> {
        match found {
            Found::Batch(path) => {
                // Several levels of the machine's own stack lie between two batch files.
                let running = self.run_batch(path, Arguments::new(name, tail), start);
                Box::pin(running).await
            }
            Found::Program(image) => self.program(&image, tail).await,
            Found::NoProgram(path) => {
                self.complain(&text::NOT_PROGRAM, &[&path.to_string()]);
                self.level = NOT_COMPATIBLE;
                Ok(1)
            }
            Found::Document => Ok(self.succeed()),
            Found::Denied => Ok(self.fail(&text::ACCESS_DENIED, &[])),
            Found::NoFolder => {
                self.complain(&text::PATH_NOT_FOUND, &[]);
                self.level = 3;
                Ok(1)
            }
            Found::Nothing => {
                self.not_recognized(name);
                self.level = if start == Start::Called { 1 } else { UNKNOWN };
                Ok(1)
            }
        }
    }

    /// `'x' is not recognized …`
    pub(super) fn not_recognized(&self, name: &str) {
        self.complain(&text::NOT_RECOGNIZED, &[name]);
    }

    async fn program(&mut self, image: &str, tail: &str) -> Result<i32, Stop> {
        if image == "cmd" {
            let code = Box::pin(self.nested(tail)).await?;
            self.level = code;
            return Ok(code);
        }
        let process = Process {
            world: self.world.clone(),
            console: self.console.clone(),
            token: self.session.token.clone(),
            name: image.to_owned(),
            tail: tail.to_owned(),
            args: arguments::split(tail),
            places: self.places.clone(),
            env: self.env.to_pairs(),
            stdin: self.stdin(),
            stdout: self.sink(1),
            stderr: self.sink(2),
        };
        match Box::pin(tools::run(process)).await {
            Some(Ok(code)) => {
                self.level = code;
                Ok(code)
            }
            Some(Err(_)) => {
                self.level = CONTROL_C_EXIT;
                Err(Stop::Interrupted)
            }
            None => {
                self.complain(&text::NOT_PROGRAM, &[image]);
                self.level = NOT_COMPATIBLE;
                Ok(1)
            }
        }
    }

    /// Looks a name up as cmd does.
    pub(super) fn find_program(&self, name: &str) -> Found {
        let name = bare(name);
        if name.is_empty() {
            return Found::Nothing;
        }
        if name.contains(['\\', ':', '/']) {
            return match self.in_folder(&name) {
                Found::Nothing if !self.has_folder(&name) => Found::NoFolder,
                found => found,
            };
        }
        let path = self.env.value("PATH").unwrap_or("").to_owned();
        let current = self.places.current.to_string();
        std::iter::once(current.as_str())
            .chain(path.split(';'))
            .map(|folder| bare(folder.trim()))
            .filter(|folder| !folder.is_empty())
            .map(|folder| self.in_folder(&format!("{}\\{name}", folder.trim_end_matches('\\'))))
            .find(|found| *found != Found::Nothing)
            .unwrap_or(Found::Nothing)
    }

    fn has_folder(&self, name: &str) -> bool {
        let Target::Path(path) = self.places.resolve(name) else { return false };
        let folder = path.parent().unwrap_or(path);
        self.world.lock().files.is_folder(&folder)
    }

    /// A full name, as it is and with each extension of `PATHEXT`.
    fn in_folder(&self, full: &str) -> Found {
        let has_extension = full.rsplit(['\\', '/', ':']).next().is_some_and(|name| name.contains('.'));
        let extensions = self.env.value("PATHEXT").unwrap_or(".COM;.EXE;.BAT;.CMD").to_owned();
        let exact = has_extension.then_some("");
        exact
            .into_iter()
            .chain(extensions.split(';').filter(|extension| !extension.is_empty()))
            .map(|extension| self.exactly(&format!("{full}{extension}")))
            .find(|found| *found != Found::Nothing)
            .unwrap_or(Found::Nothing)
    }

    fn exactly(&self, full: &str) -> Found {
        let Target::Path(path) = self.places.resolve(full) else { return Found::Nothing };
        let world = self.world.lock();
        let Some(node) = world.files.look(&path).filter(|node| !node.is_folder()) else {
            return Found::Nothing;
        };
        if !node.security.allows(&self.session.token, right::EXECUTE) {
            return Found::Denied;
        }
        let path = world.files.stored(&path);
        let extension =
            path.name().rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        match extension.as_str() {
            "bat" | "cmd" => Found::Batch(path),
            "exe" | "com" => match world.files.read(&path, &self.session.token) {
                Ok(image) => tools::image_name(&image).map_or(Found::NoProgram(path), Found::Program),
                Err(FileError::AccessDenied) => Found::Denied,
                Err(_) => Found::Nothing,
            },
            _ => Found::Document,
        }
    }
}
