//! `del` and `erase`.

use super::selection::{AttributeFilter, Pattern, names_and_switches};
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::node::attribute;
use crate::sim::windows::files::path::WinPath;

/// What the switches of `del` ask for.
#[derive(Debug, Default)]
struct Wishes {
    quiet: bool,
    force: bool,
    tree: bool,
    ask_each: bool,
    filter: Option<AttributeFilter>,
}

impl Shell {
    /// ERRORLEVEL becomes 0 whatever happens, but for a call that names nothing.
    pub(super) async fn del(&mut self, tail: &str) -> Result<i32, Stop> {
        let (names, switches) = names_and_switches(tail);
        let mut wishes = Wishes::default();
        for switch in &switches {
            match switch.as_str() {
                "q" => wishes.quiet = true,
                "f" => wishes.force = true,
                "s" => wishes.tree = true,
                "p" => wishes.ask_each = true,
                _ => match switch.strip_prefix('a').and_then(AttributeFilter::parse) {
                    Some(filter) => wishes.filter = Some(filter),
                    None => return Ok(self.fail(&text::BAD_SWITCH, &[switch])),
                },
            }
        }
        if names.is_empty() {
            return Ok(self.fail(&text::SYNTAX, &[]));
        }
        self.level = 0;
        let mut code = 0;
        for name in &names {
            match self.pattern(name) {
                Ok(pattern) => code = code.max(self.del_pattern(&pattern, &wishes).await?),
                Err(error) => {
                    self.complain(&text::of_error(error), &[]);
                    code = 1;
                }
            }
        }
        Ok(code)
    }

    async fn del_pattern(&mut self, pattern: &Pattern, wishes: &Wishes) -> Result<i32, Stop> {
        let is_all = matches!(pattern.name.as_str(), "*" | "*.*");
        if is_all && !wishes.quiet && !wishes.ask_each {
            let all = pattern.folder.join("*").to_string().replace(":\\\\", ":\\");
            let question = self.words(&text::SURE, &[&all]);
            if !self.confirm(&question).await? {
                return Ok(0);
            }
        }
        let mut folders = vec![pattern.folder.clone()];
        let mut found = false;
        while let Some(folder) = folders.pop() {
            let files = match self.deletable(&folder, pattern, wishes) {
                Ok((files, below)) => {
                    folders.extend(below);
                    files
                }
                Err(error) if folder == pattern.folder => {
                    self.complain(&text::of_error(error), &[]);
                    return Ok(1);
                }
                Err(_) => continue,
            };
            for file in files {
                found = true;
                if wishes.ask_each && !self.confirm(&format!("{file}, Delete (Y/N)? ")).await? {
                    continue;
                }
                if let Err(error) = self.del_file(&file, wishes.force) {
                    self.print(&format!("{file}\r\n"));
                    self.complain(&text::of_error(error), &[]);
                } else if wishes.tree {
                    self.say(&text::DELETED, &[&file.to_string()]);
                }
            }
        }
        if !found {
            let full = pattern.folder.join(if is_all { "*" } else { &pattern.name });
            self.complain(&text::COULD_NOT_FIND, &[&full.to_string()]);
        }
        Ok(0)
    }

    /// The files to delete in a folder, and the folders to go on with.
    fn deletable(
        &self,
        folder: &WinPath,
        pattern: &Pattern,
        wishes: &Wishes,
    ) -> Result<(Vec<WinPath>, Vec<WinPath>), FileError> {
        let world = self.world.lock();
        let nodes = world.files.list(folder, &self.session.token)?;
        let mut files = Vec::new();
        let mut below = Vec::new();
        for node in nodes {
            if node.is_folder() {
                if wishes.tree {
                    below.push(folder.join(&node.name));
                }
                continue;
            }
            let accepted = match wishes.filter {
                Some(filter) => filter.accepts(node),
                None => !node.has(attribute::HIDDEN) && !node.has(attribute::SYSTEM),
            };
            if accepted && pattern.accepts(&node.name) {
                files.push(folder.join(&node.name));
            }
        }
        below.reverse();
        Ok((files, below))
    }

    fn del_file(&self, path: &WinPath, force: bool) -> Result<(), FileError> {
        let mut world = self.world.lock();
        if force {
            let attributes = world.files.find(path)?.attributes;
            if attributes & attribute::READ_ONLY != 0 {
                world.files.set_attributes(path, attributes & !attribute::READ_ONLY, &self.session.token)?;
            }
        }
        world.files.remove(path, &self.session.token)
    }
}
