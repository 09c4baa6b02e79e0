//! `move` and `ren`.

use super::selection::names_and_switches;
use crate::sim::cmd::handles::bare;
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::windows::acl::ObjectKind;
use crate::sim::windows::files::path::{WinPath, has_wildcards};
use crate::sim::windows::files::{FileError, node::Node};

/// What an answer to "Overwrite?" allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overwrite {
    /// Ask for each.
    Ask,
    /// All of them.
    Always,
}

/// The answer itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    All,
    /// The input ended.
    Nothing,
}

impl Shell {
    /// `move [/y] from [to]`
    pub(super) async fn move_files(&mut self, tail: &str) -> Result<i32, Stop> {
        let (names, switches) = names_and_switches(tail);
        let Some(mut overwrite) = self.overwrite_rule(&switches) else {
            let wrong = switches.first().map_or("", String::as_str).to_owned();
            return Ok(self.fail(&text::BAD_SWITCH, &[&wrong]));
        };
        let (from, to) = match &names[..] {
            [from] => (from.clone(), ".".to_owned()),
            [from, to] => (from.clone(), to.clone()),
            _ => return Ok(self.fail(&text::SYNTAX, &[])),
        };
        let (sources, is_wild) = match self.sources(&from) {
            Ok(found) => found,
            Err(error) => return Ok(self.fail_file(error)),
        };
        let target = match self.full_path(&to) {
            Ok(path) => path,
            Err(error) => return Ok(self.fail_file(error)),
        };
        let (mut files, mut folders, mut failed) = (0, 0, false);
        for (source, kind) in sources {
            let into = self.world.lock().files.is_folder(&target);
            let place =
                if into && !source.is_same(&target) { target.join(source.name()) } else { target.clone() };
            if is_wild {
                self.print(&format!("{source}\r\n"));
            }
            if self.world.lock().files.is_file(&place)
                && !place.is_same(&source)
                && overwrite == Overwrite::Ask
            {
                match self.ask_overwrite(&place.to_string()).await? {
                    Answer::Yes => {}
                    Answer::All => overwrite = Overwrite::Always,
                    Answer::No => continue,
                    Answer::Nothing => {
                        failed = true;
                        break;
                    }
                }
            }
            match self.move_one(&source, &place) {
                Ok(()) if kind == ObjectKind::Folder => folders += 1,
                Ok(()) => files += 1,
                Err(error) => {
                    failed = true;
                    self.fail_file(error);
                }
            }
        }
        if folders > 0 {
            self.say(&text::MOVED_FOLDERS, &[&format!("{folders:1}")]);
        }
        if files > 0 || (folders == 0 && !failed) {
            self.say(&text::MOVED, &[&files.to_string()]);
        } else if failed {
            self.say(&text::MOVED, &["0"]);
        }
        if failed {
            self.level = 1;
            return Ok(1);
        }
        Ok(self.succeed())
    }

    /// Batch files and `cmd /c` overwrite without asking, unless told otherwise.
    pub(super) fn overwrite_rule(&self, switches: &[String]) -> Option<Overwrite> {
        let asks = self.batches.is_empty() && self.mode == crate::sim::cmd::shell::Mode::Interactive;
        let mut rule = if asks { Overwrite::Ask } else { Overwrite::Always };
        for switch in switches {
            match switch.as_str() {
                "y" => rule = Overwrite::Always,
                "-y" => rule = Overwrite::Ask,
                _ => return None,
            }
        }
        Some(rule)
    }

    pub(super) async fn ask_overwrite(&mut self, name: &str) -> Result<Answer, Stop> {
        let question = self.words(&text::OVERWRITE, &[name]);
        let (yes, no, all) =
            (self.words(&text::YES, &[]), self.words(&text::NO, &[]), self.words(&text::ALL, &[]));
        loop {
            let Some(answer) = self.ask(&question).await? else { return Ok(Answer::Nothing) };
            let letter: String = answer.trim().chars().take(1).collect();
            if letter.eq_ignore_ascii_case(&yes) {
                return Ok(Answer::Yes);
            }
            if letter.eq_ignore_ascii_case(&no) {
                return Ok(Answer::No);
            }
            if letter.eq_ignore_ascii_case(&all) {
                return Ok(Answer::All);
            }
        }
    }

    /// What a name of `move` and `ren` means, and whether it is a pattern.
    fn sources(&self, name: &str) -> Result<(Vec<(WinPath, ObjectKind)>, bool), FileError> {
        let path = self.full_path(name)?;
        let world = self.world.lock();
        if !has_wildcards(path.name()) {
            let kind = world.files.find(&path)?.kind();
            return Ok((vec![(world.files.stored(&path), kind)], false));
        }
        drop(world);
        let pattern = self.pattern(name)?;
        let world = self.world.lock();
        let nodes = pattern.nodes(&world.files, self)?;
        let found: Vec<(WinPath, ObjectKind)> = nodes
            .into_iter()
            .filter(|node: &&Node| !node.is_folder())
            .map(|node| (pattern.folder.join(&node.name), node.kind()))
            .collect();
        if found.is_empty() { Err(FileError::NotFound) } else { Ok((found, true)) }
    }

    fn move_one(&self, from: &WinPath, to: &WinPath) -> Result<(), FileError> {
        let now = self.now();
        let mut world = self.world.lock();
        let token = &self.session.token;
        if from.is_same(to) {
            return if world.files.find(from)?.is_folder() { Err(FileError::InUse) } else { Ok(()) };
        }
        if world.files.is_file(to) {
            world.files.may_remove(from, token)?;
            world.files.remove(to, token)?;
        }
        if from.drive == to.drive {
            return world.files.rename(from, to, token, now);
        }
        let contents = world.files.read(from, token)?;
        world.files.write(to, contents, token, now)?;
        world.files.remove(from, token)
    }

    /// `ren from name`
    pub(super) fn ren(&mut self, tail: &str) -> i32 {
        let (names, _) = names_and_switches(tail);
        let [from, to] = &names[..] else { return self.fail(&text::SYNTAX, &[]) };
        let to = bare(to);
        if to.contains(['\\', '/', ':']) {
            return self.fail(&text::SYNTAX, &[]);
        }
        let sources = match self.sources(from) {
            Ok((sources, _)) => sources,
            Err(error) => return self.fail_file(error),
        };
        let now = self.now();
        let mut code = 0;
        for (source, _) in sources {
            let Some(folder) = source.parent() else { continue };
            let place = folder.join(&renamed(source.name(), &to));
            let result = self.world.lock().files.rename(&source, &place, &self.session.token, now);
            code = match result {
                Ok(()) => code,
                Err(FileError::Exists) => self.fail(&text::DUPLICATE, &[]),
                Err(error) => self.fail_file(error),
            };
        }
        if code == 0 { self.succeed() } else { code }
    }
}

/// A name by a pattern: `?` keeps a character, `*` keeps the rest up to the next character of the pattern.
pub(super) fn renamed(name: &str, pattern: &str) -> String {
    let name: Vec<char> = name.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    for (place, c) in pattern.iter().enumerate() {
        match c {
            '?' => {
                if name.get(at).is_some_and(|c| *c != '.') {
                    out.push(name[at]);
                    at += 1;
                }
            }
            '*' => {
                let until = pattern.get(place + 1);
                let rest = name.get(at..).unwrap_or(&[]);
                let end = match until {
                    Some(until) => rest.iter().rposition(|c| c == until).unwrap_or(rest.len()),
                    None => rest.len(),
                };
                out.extend(&rest[..end]);
                at += end;
            }
            '.' => {
                while name.get(at).is_some_and(|c| *c != '.') {
                    at += 1;
                }
                at += 1;
                out.push('.');
            }
            c => {
                if name.get(at).is_some_and(|c| *c != '.') {
                    at += 1;
                }
                out.push(*c);
            }
        }
    }
    out.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn patterns_rename() {
        let rows = [
            ("a.txt", "b.txt", "b.txt"),
            ("a.txt", "*.bak", "a.bak"),
            ("abc.txt", "x*.*", "xbc.txt"),
            ("abc.txt", "??z.*", "abz.txt"),
            ("a.b.txt", "*.bak", "a.b.bak"),
            ("noext", "*.bak", "noext.bak"),
        ];
        for (name, pattern, expected) in rows {
            assert_eq!(renamed(name, pattern), expected, "{name} {pattern}");
        }
    }
}
