//! `cd`, `pushd`, `popd` and changing the drive.

use super::selection::names_and_switches;
use crate::sim::cmd::handles::bare;
use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::shell::Shell;
use crate::sim::cmd::text;
use crate::sim::windows::files::path::{Target, WinPath, has_wildcards, matches};
use crate::sim::windows::files::{FileError, Files};

/// Whether the drive changes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drive {
    Stays,
    Changes,
}

impl Shell {
    /// `X:`
    pub(in crate::sim::cmd) fn change_drive(&mut self, letter: char) -> i32 {
        let letter = letter.to_ascii_uppercase();
        if self.world.lock().files.drive(letter).is_none() {
            return self.fail(&text::NO_DRIVE, &[]);
        }
        let folder = self.places.on(letter);
        self.places.go(folder);
        0
    }

    pub(super) fn cd(&mut self, tail: &str) -> i32 {
        let mut given = tail.trim_matches(is_delimiter);
        let mut drive = Drive::Stays;
        if given.get(..2).is_some_and(|switch| switch.eq_ignore_ascii_case("/d")) {
            given = given[2..].trim_start_matches(is_delimiter);
            drive = Drive::Changes;
        }
        let name = bare(given);
        let name = name.trim_end();
        if name.is_empty() {
            self.print(&format!("{}\r\n", self.places.current));
            return self.succeed();
        }
        if let [letter, b':'] = name.as_bytes()
            && drive == Drive::Stays
        {
            let folder = self.places.on(char::from(letter.to_ascii_uppercase()));
            self.print(&format!("{folder}\r\n"));
            return self.succeed();
        }
        match self.enter(name, drive) {
            Ok(()) => self.succeed(),
            Err(error) => self.fail_file(error),
        }
    }

    fn enter(&mut self, name: &str, drive: Drive) -> Result<(), FileError> {
        let Target::Path(path) = self.places.resolve(name) else { return Err(FileError::BadName) };
        let folder = {
            let world = self.world.lock();
            if world.files.drive(path.drive).is_none() {
                return Err(FileError::NoDrive);
            }
            existing_folder(&world.files, &path)?
        };
        if folder.drive == self.places.current.drive || drive == Drive::Changes {
            self.places.go(folder);
        } else {
            self.places.remember(folder);
        }
        Ok(())
    }

    /// `pushd`
    pub(super) fn pushd(&mut self, tail: &str) -> i32 {
        let (names, _) = names_and_switches(tail);
        let name = bare(names.join(" ").as_str());
        if name.is_empty() {
            for places in self.pushed.iter().rev() {
                self.print(&format!("{}\r\n", places.current));
            }
            return self.succeed();
        }
        let before = self.places.clone();
        match self.enter(&name, Drive::Changes) {
            Ok(()) => {
                self.pushed.push(before);
                self.succeed()
            }
            Err(error) => self.fail_file(error),
        }
    }

    /// `popd`: neither success nor failure touches ERRORLEVEL.
    pub(super) fn popd(&mut self) -> i32 {
        let Some(places) = self.pushed.pop() else { return 1 };
        self.places.go(places.current);
        0
    }
}

fn existing_folder(files: &Files, path: &WinPath) -> Result<WinPath, FileError> {
    if has_wildcards(path.name()) {
        let parent = path.parent().ok_or(FileError::PathNotFound)?;
        let folder = files.look(&parent).ok_or(FileError::PathNotFound)?;
        let found = folder.children().find(|node| node.is_folder() && matches(path.name(), &node.name));
        return found.map(|node| files.stored(&parent).join(&node.name)).ok_or(FileError::PathNotFound);
    }
    match files.look(path) {
        Some(node) if node.is_folder() => Ok(files.stored(path)),
        Some(_) => Err(FileError::NotFolder),
        None => Err(files.find(path).err().map_or(FileError::PathNotFound, |error| match error {
            FileError::BadName => FileError::BadName,
            _ => FileError::PathNotFound,
        })),
    }
}
