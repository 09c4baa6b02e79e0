//! `md` and `rd`.

use super::selection::names_and_switches;
use crate::sim::cmd::handles::bare;
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{Target, WinPath};

impl Shell {
    /// `md a\b\c …`: with the folders on the way.
    pub(super) fn md(&mut self, tail: &str) -> i32 {
        let (names, switches) = names_and_switches(tail);
        if names.is_empty() || !switches.is_empty() {
            return self.fail(&text::SYNTAX, &[]);
        }
        let mut failed = false;
        for name in &names {
            let bare_name = bare(name);
            let made = match self.places.resolve(&bare_name) {
                Target::Path(path) => self.make_folders(&path),
                Target::Nul => Ok(()),
                _ => Err(FileError::BadName),
            };
            match made {
                Ok(()) => {}
                Err(FileError::Exists) => {
                    failed = true;
                    self.fail(&text::FOLDER_EXISTS, &[&bare_name]);
                }
                Err(error) => {
                    failed = true;
                    self.fail_file(error);
                }
            }
            if failed && names.len() > 1 {
                self.complain(&text::ERROR_PROCESSING, &[&bare_name]);
            }
        }
        if failed { 1 } else { self.succeed() }
    }

    fn make_folders(&self, path: &WinPath) -> Result<(), FileError> {
        let now = self.now();
        let mut world = self.world.lock();
        if world.files.drive(path.drive).is_none() {
            return Err(FileError::NoDrive);
        }
        if world.files.look(path).is_some() {
            return Err(FileError::Exists);
        }
        for length in 1..=path.parts.len() {
            let step = WinPath { drive: path.drive, parts: path.parts[..length].to_vec() };
            if !world.files.is_folder(&step) {
                world.files.make_folder(&step, &self.session.token, now)?;
            }
        }
        Ok(())
    }

    /// `rd [/s] [/q] folder …`: the return code tells what failed, ERRORLEVEL stays.
    pub(super) async fn rd(&mut self, tail: &str) -> Result<i32, Stop> {
        let (names, switches) = names_and_switches(tail);
        if names.is_empty() {
            self.complain(&text::SYNTAX, &[]);
            return Ok(1);
        }
        if let Some(wrong) = switches.iter().find(|switch| !matches!(switch.as_str(), "s" | "q")) {
            self.complain(&text::BAD_SWITCH, &[wrong]);
            return Ok(1);
        }
        let (whole, quiet) = (switches.iter().any(|s| s == "s"), switches.iter().any(|s| s == "q"));
        let mut code = 0;
        for name in &names {
            let path = match self.full_path(name) {
                Ok(path) => path,
                Err(error) => {
                    code = self.refuse_folder(error);
                    continue;
                }
            };
            if whole && !quiet && self.world.lock().files.is_folder(&path) {
                let question = self.words(&text::SURE, &[&bare(name)]);
                if !self.confirm(&question).await? {
                    continue;
                }
            }
            match self.remove_folder(&path, whole) {
                Ok(()) => {}
                Err(error) => code = self.refuse_folder(error),
            }
        }
        Ok(code)
    }

    fn refuse_folder(&self, error: FileError) -> i32 {
        self.complain(&text::of_error(error), &[]);
        error.code()
    }

    fn remove_folder(&self, path: &WinPath, whole: bool) -> Result<(), FileError> {
        if !self.world.lock().files.find(path)?.is_folder() {
            return Err(FileError::NotFolder);
        }
        if self.places.current.is_within(path) {
            // invented: what is inside goes first, as on Windows, before the folder itself is found to be in use.
            if whole {
                self.empty_folder(path)?;
            }
            return Err(FileError::InUse);
        }
        if whole {
            self.empty_folder(path)?;
        }
        self.world.lock().files.remove(path, &self.session.token)
    }

    /// Removes all that can be removed; the first error is told.
    fn empty_folder(&self, path: &WinPath) -> Result<(), FileError> {
        let mut first = Ok(());
        // Depth first, without recursion: folders are met again, empty, after what was in them.
        let mut open = vec![(path.clone(), false)];
        while let Some((folder, visited)) = open.pop() {
            let mut world = self.world.lock();
            if visited {
                let result = world.files.remove(&folder, &self.session.token);
                drop(world);
                first = first.and(self.tell(&folder, result));
                continue;
            }
            if folder != *path {
                open.push((folder.clone(), true));
            }
            let inside: Vec<(String, bool)> = match world.files.list(&folder, &self.session.token) {
                Ok(nodes) => nodes.into_iter().map(|node| (node.name.clone(), node.is_folder())).collect(),
                Err(_) => continue,
            };
            for (name, is_folder) in inside {
                let child = folder.join(&name);
                if is_folder {
                    open.push((child, false));
                    continue;
                }
                if let Some(node) = world.files.look_mut(&child) {
                    node.attributes &= !crate::sim::windows::files::node::attribute::READ_ONLY;
                }
                let result = world.files.remove(&child, &self.session.token);
                drop(world);
                first = first.and(self.tell(&child, result));
                world = self.world.lock();
            }
        }
        first
    }

    fn tell(&self, path: &WinPath, result: Result<(), FileError>) -> Result<(), FileError> {
        if let Err(error) = result {
            let reason = self.words(&text::of_error(error), &[]);
            self.sink(2).line(&format!("{path} - {reason}"));
        }
        result
    }

    /// A question that is answered with yes or no; the end of the input is no.
    pub(super) async fn confirm(&mut self, question: &str) -> Result<bool, Stop> {
        let (yes, no) = (self.words(&text::YES, &[]), self.words(&text::NO, &[]));
        loop {
            let Some(answer) = self.ask(question).await? else { return Ok(false) };
            let letter: String = answer.trim().chars().take(1).collect();
            if letter.eq_ignore_ascii_case(&yes) {
                return Ok(true);
            }
            if letter.eq_ignore_ascii_case(&no) {
                return Ok(false);
            }
        }
    }

    /// Asks and reads a line; `None` at the end of the input.
    pub(super) async fn ask(&mut self, question: &str) -> Result<Option<String>, Stop> {
        self.print(question);
        let stdin = self.stdin();
        let answer = stdin.line(self.page()).await?;
        if !stdin.is_console() {
            self.print(&format!("{}\r\n", answer.as_deref().unwrap_or("")));
        }
        Ok(answer)
    }
}
