//! `dir`: which folders and files are listed, in which order.

use jiff::Timestamp;

use super::dir_lines::{Layout, Row};
use super::selection::{AttributeFilter, Pattern, Word, words};
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::tools::stream::Sink;
use crate::sim::windows::files::node::{Node, attribute};
use crate::sim::windows::files::path::{WinPath, fold};
use crate::sim::windows::files::{FileError, Files};

/// The switches of `dir`.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) layout: Layout,
    pub(super) lower: bool,
    pub(super) separators: bool,
    pub(super) tree: bool,
    pages: bool,
    filter: Option<AttributeFilter>,
    order: Vec<(char, bool)>,
    time: char,
}

/// What a listing came to.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    files: usize,
    bytes: u64,
    folders: usize,
}

impl Shell {
    pub(super) async fn dir(&mut self, tail: &str) -> Result<i32, Stop> {
        let preset = self.env.value("DIRCMD").unwrap_or("").to_owned();
        let mut wishes = Wishes::default();
        let mut names = Vec::new();
        for word in words(&preset, false).into_iter().chain(words(tail, false)) {
            match word {
                Word::Name(name) => names.push(name),
                Word::Switch(switch) => {
                    if !wishes.add(&switch) {
                        return Ok(self.fail(&text::BAD_SWITCH, &[&switch]));
                    }
                }
                Word::Plus => {}
            }
        }
        if names.is_empty() {
            names.push(".".to_owned());
        }
        let mut groups: Vec<(WinPath, Vec<Pattern>)> = Vec::new();
        for name in &names {
            let pattern = match self.pattern(name) {
                Ok(pattern) => pattern,
                Err(error) => return Ok(self.fail_file(error)),
            };
            match groups.last_mut() {
                Some((folder, patterns)) if folder.is_same(&pattern.folder) => patterns.push(pattern),
                _ => groups.push((pattern.folder.clone(), vec![pattern])),
            }
        }
        let mut out = String::new();
        let mut failed = None;
        let mut drive = None;
        for (folder, patterns) in &groups {
            if wishes.layout != Layout::Bare && drive != Some(folder.drive) {
                out.push_str(&self.volume_lines(folder.drive));
                drive = Some(folder.drive);
            }
            if let Err(error) = self.list(folder, patterns, &wishes, &mut out) {
                failed = Some(error);
            }
        }
        self.put_listing(&out, wishes.pages).await?;
        match failed {
            // A name that matches nothing fails only when all that was asked for came to nothing.
            Some(FileError::NotFound) if groups.len() > 1 => Ok(self.succeed()),
            Some(FileError::NotFound) => Ok(self.fail(&text::NO_FILE, &[])),
            Some(error) => Ok(self.fail_file(error)),
            None => Ok(self.succeed()),
        }
    }

    fn volume_lines(&self, letter: char) -> String {
        let volume = {
            let world = self.world.lock();
            world.files.drive(letter).map(|drive| (drive.label.clone(), drive.serial))
        };
        let Some((label, serial)) = volume else { return String::new() };
        let letter = letter.to_string();
        let first = if label.is_empty() {
            self.words(&text::NO_LABEL, &[&letter])
        } else {
            self.words(&text::VOLUME, &[&letter, &label])
        };
        let second = self.words(&text::SERIAL, &[&format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)]);
        format!("{first}\r\n{second}\r\n")
    }

    /// Lists what patterns match in a folder, and below it with `/s`.
    fn list(
        &self,
        folder: &WinPath,
        patterns: &[Pattern],
        wishes: &Wishes,
        out: &mut String,
    ) -> Result<(), FileError> {
        let mut open = vec![folder.clone()];
        let mut totals = Totals::default();
        let mut found = false;
        while let Some(here) = open.pop() {
            let is_first = here == *folder;
            let (rows, below) = match self.rows(&here, patterns, wishes) {
                Ok(found) => found,
                Err(error) if is_first => return Err(error),
                Err(_) => continue,
            };
            if wishes.tree {
                open.extend(below.into_iter().rev());
            }
            if rows.is_empty() {
                if is_first && !wishes.tree && wishes.layout != Layout::Bare {
                    out.extend(["\r\n", &self.words(&text::FOLDER_OF, &[&here.to_string()]), "\r\n\r\n"]);
                }
                continue;
            }
            found = true;
            let mut own = Totals::default();
            for row in &rows {
                if row.is_folder {
                    own.folders += 1;
                } else {
                    own.files += 1;
                    own.bytes += row.size;
                }
            }
            totals.files += own.files;
            totals.bytes += own.bytes;
            totals.folders += own.folders;
            if wishes.layout == Layout::Bare {
                for row in rows.iter().filter(|row| !row.is_dots()) {
                    let name = row.shown(wishes);
                    if wishes.tree {
                        out.extend([here.to_string().trim_end_matches('\\'), "\\"]);
                    }
                    out.push_str(&name);
                    out.push_str("\r\n");
                }
                continue;
            }
            out.extend(["\r\n", &self.words(&text::FOLDER_OF, &[&here.to_string()]), "\r\n\r\n"]);
            out.push_str(&wishes.lines(&rows, self.language()));
            out.push_str(&self.files_line(own.files, own.bytes, wishes));
        }
        if !found {
            return Err(FileError::NotFound);
        }
        if wishes.layout != Layout::Bare {
            if wishes.tree {
                out.extend(["\r\n", &self.words(&text::TOTAL, &[]), "\r\n"]);
                out.push_str(&self.files_line(totals.files, totals.bytes, wishes));
            }
            let free = self.world.lock().files.drive(folder.drive).map_or(0, |drive| drive.free);
            out.push_str(&self.folders_line(totals.folders, free, wishes));
        }
        Ok(())
    }

    fn files_line(&self, count: usize, bytes: u64, wishes: &Wishes) -> String {
        let bytes = wishes.number(bytes, self.language());
        format!("{}\r\n", self.words(&text::FILES, &[&format!("{count:>16}"), &format!("{bytes:>14}")]))
    }

    fn folders_line(&self, count: usize, free: u64, wishes: &Wishes) -> String {
        let free = wishes.number(free, self.language());
        format!("{}\r\n", self.words(&text::FOLDERS, &[&format!("{count:>16}"), &format!("{free:>15}")]))
    }

    /// The rows of a folder in their order, and the folders in it.
    fn rows(
        &self,
        folder: &WinPath,
        patterns: &[Pattern],
        wishes: &Wishes,
    ) -> Result<(Vec<Row>, Vec<WinPath>), FileError> {
        let world = self.world.lock();
        let nodes = world.files.list(folder, &self.session.token)?;
        let accepts = |node: &Node| match wishes.filter {
            Some(filter) => filter.accepts(node),
            None => !node.has(attribute::HIDDEN) && !node.has(attribute::SYSTEM),
        };
        let below =
            nodes.iter().filter(|node| node.is_folder() && (accepts(node) || wishes.filter.is_none()));
        let below =
            below.filter(|node| !node.has(attribute::HIDDEN)).map(|node| folder.join(&node.name)).collect();
        let mut rows: Vec<Row> = Vec::new();
        for pattern in patterns {
            let is_all = matches!(pattern.name.as_str(), "*" | "*.*");
            let dots = wishes.filter.is_none_or(AttributeFilter::accepts_folders);
            if is_all && dots && !folder.parts.is_empty() {
                rows.extend(dot_rows(&world.files, folder, wishes.time));
            }
            let found = nodes.iter().filter(|node| pattern.accepts(&node.name) && accepts(node));
            rows.extend(found.map(|node| Row::of(node, wishes.time)));
        }
        wishes.sort(&mut rows);
        Ok((rows, below))
    }

    async fn put_listing(&mut self, out: &str, pages: bool) -> Result<(), Stop> {
        if !pages || !matches!(self.sink(1), Sink::Console(_)) {
            self.print(out);
            return Ok(());
        }
        for (at, line) in out.split_inclusive('\n').enumerate() {
            if at > 0 && at % 23 == 0 {
                self.pause().await?;
            }
            self.print(line);
        }
        Ok(())
    }
}

/// `.` and `..`
fn dot_rows(files: &Files, folder: &WinPath, time: char) -> Vec<Row> {
    let above = folder.parent().and_then(|parent| files.look(&parent));
    let own = files.look(folder);
    [(".", own), ("..", above)]
        .into_iter()
        .filter_map(|(name, node)| node.map(|node| Row { name: name.to_owned(), ..Row::of(node, time) }))
        .collect()
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            layout: Layout::Long,
            lower: false,
            separators: true,
            tree: false,
            pages: false,
            filter: None,
            order: Vec::new(),
            time: 'w',
        }
    }
}

impl Wishes {
    /// Takes a switch; whether there is such a one.
    fn add(&mut self, switch: &str) -> bool {
        let (negated, switch) = match switch.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, switch),
        };
        let mut chars = switch.chars();
        let (letter, rest) = (chars.next(), chars.as_str());
        match letter {
            Some('a') if negated => self.filter = None,
            Some('a') => match AttributeFilter::parse(rest) {
                Some(filter) => self.filter = Some(filter),
                None => return false,
            },
            Some('o') if negated => self.order.clear(),
            Some('o') => return self.set_order(rest),
            Some('t') => match rest.trim_start_matches(':').chars().next() {
                Some(time @ ('c' | 'a' | 'w')) => self.time = time,
                _ => return false,
            },
            Some(letter) if rest.is_empty() => match letter {
                'b' => self.layout = if negated { Layout::Long } else { Layout::Bare },
                'w' | 'd' => self.layout = if negated { Layout::Long } else { Layout::Wide },
                's' => self.tree = !negated,
                'l' => self.lower = !negated,
                'c' => self.separators = !negated,
                'p' => self.pages = !negated,
                'n' | '4' | 'q' | 'r' | 'x' => {}
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    fn set_order(&mut self, letters: &str) -> bool {
        self.order.clear();
        let mut descending = false;
        for letter in letters.trim_start_matches(':').chars() {
            match letter {
                '-' => {
                    descending = true;
                    continue;
                }
                'n' | 'e' | 'd' | 's' | 'g' => self.order.push((letter, descending)),
                _ => return false,
            }
            descending = false;
        }
        if self.order.is_empty() {
            self.order = vec![('g', false), ('n', false)];
        }
        true
    }

    fn sort(&self, rows: &mut [Row]) {
        if self.order.is_empty() {
            return;
        }
        rows.sort_by(|a, b| {
            let steps = self.order.iter().map(|(letter, descending)| {
                let order = match letter {
                    'n' => fold(&a.name).cmp(&fold(&b.name)),
                    'e' => fold(a.extension()).cmp(&fold(b.extension())),
                    'd' => a.time.cmp(&b.time),
                    's' => a.size.cmp(&b.size),
                    _ => b.is_folder.cmp(&a.is_folder),
                };
                if *descending { order.reverse() } else { order }
            });
            steps.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| fold(&a.name).cmp(&fold(&b.name)))
        });
    }
}

impl Row {
    fn of(node: &Node, time: char) -> Self {
        let time: Timestamp = match time {
            'c' => node.created,
            'a' => node.accessed,
            _ => node.modified,
        };
        Self { name: node.name.clone(), is_folder: node.is_folder(), size: node.size(), time }
    }
}
