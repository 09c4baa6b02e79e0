//! findstr.exe: options, files, output. The patterns are in [`super::findstr_pattern`].

use super::findstr_pattern::Pattern;
use super::input::lines;
use super::stream::strip_end;
use super::{Process, Stdin};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::files::path::{Target, WinPath, has_wildcards, matches};

/// How the strings are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// As the first string looks.
    Open,
    Literal,
    Pattern,
}

#[derive(Debug)]
struct Search {
    patterns: Vec<Pattern>,
    others: bool,
    numbered: bool,
    offsets: bool,
    names_only: bool,
    printable: bool,
    tree: bool,
    files: Vec<String>,
}

/// A switch set, before the strings are compiled.
#[derive(Debug)]
struct Options {
    meaning: Meaning,
    ignore_case: bool,
    at_start: bool,
    at_end: bool,
    strings: Vec<String>,
    search: Search,
}

/// 0 when a line was found, 1 when none, 2 on errors.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let search = match Options::parse(process).map(Options::compile) {
        Ok(search) => search,
        Err(message) => {
            process.stderr.line(&format!("FINDSTR: {message}"));
            return Ok(2);
        }
    };
    if search.files.is_empty() {
        return search.stream(process).await;
    }
    let (names, several) = search.names(process);
    let mut found = false;
    for (shown, path) in names {
        let contents = process.world.lock().files.read(&path, &process.token);
        match contents {
            Ok(contents) => {
                let prefix = if several { format!("{shown}:") } else { String::new() };
                found |= search.file(process, &shown, &prefix, &contents);
            }
            Err(_) => process.stderr.line(&format!("FINDSTR: Cannot open {shown}")),
        }
    }
    Ok(i32::from(!found))
}

impl Options {
    fn parse(process: &Process) -> Result<Self, String> {
        let mut options = Self {
            meaning: Meaning::Open,
            ignore_case: false,
            at_start: false,
            at_end: false,
            strings: Vec::new(),
            search: Search {
                patterns: Vec::new(),
                others: false,
                numbered: false,
                offsets: false,
                names_only: false,
                printable: false,
                tree: false,
                files: Vec::new(),
            },
        };
        let mut has_strings = false;
        let mut words = process.args.iter();
        for word in words.by_ref() {
            let Some(switch) = word.strip_prefix(['/', '-']).filter(|switch| !switch.is_empty()) else {
                if has_strings {
                    options.search.files.push(word.clone());
                } else {
                    options
                        .strings
                        .extend(word.split(' ').filter(|part| !part.is_empty()).map(str::to_owned));
                    has_strings = true;
                }
                continue;
            };
            has_strings |= options.switches(switch, process)?;
        }
        if !has_strings {
            return Err("Bad command line".to_owned());
        }
        Ok(options)
    }

    /// Takes switches, alone or together (`/nir`, `/rc:"x y"`); whether they brought the strings.
    fn switches(&mut self, switch: &str, process: &Process) -> Result<bool, String> {
        let lower = switch.to_ascii_lowercase();
        if matches!(lower.as_str(), "off" | "offline") {
            return Ok(false);
        }
        let (letters, value) = match switch.split_once(':') {
            Some((letters, value)) => (letters, Some(value)),
            None => (switch, None),
        };
        let mut brought = false;
        let count = letters.chars().count();
        for (at, letter) in letters.chars().enumerate() {
            let value = value.filter(|_| at + 1 == count);
            match (letter.to_ascii_lowercase(), value) {
                ('b', None) => self.at_start = true,
                ('e', None) => self.at_end = true,
                ('x', None) => (self.at_start, self.at_end) = (true, true),
                ('l', None) => self.meaning = Meaning::Literal,
                ('r', None) => self.meaning = Meaning::Pattern,
                ('i', None) => self.ignore_case = true,
                ('v', None) => self.search.others = true,
                ('n', None) => self.search.numbered = true,
                ('o', None) => self.search.offsets = true,
                ('m', None) => self.search.names_only = true,
                ('p', None) => self.search.printable = true,
                ('s', None) => self.search.tree = true,
                ('c', Some(text)) => {
                    self.strings.push(text.to_owned());
                    brought = true;
                }
                ('g', Some(name)) => {
                    let contents = process.contents(name).map_err(|_| format!("Cannot open {name}"))?;
                    self.strings.extend(lines(&contents).map(|line| process.page().decode(line)));
                    brought = true;
                }
                ('f', Some(name)) => {
                    let contents = process.contents(name).map_err(|_| format!("Cannot open {name}"))?;
                    self.search.files.extend(lines(&contents).map(|line| process.page().decode(line)));
                }
                ('a' | 'd', Some(_)) => {}
                (letter, _) => process.stderr.line(&format!("FINDSTR: /{letter} ignored")),
            }
        }
        Ok(brought)
    }

    fn compile(self) -> Search {
        let is_pattern = match self.meaning {
            Meaning::Literal => false,
            Meaning::Pattern => true,
            Meaning::Open => self.strings.first().is_some_and(|text| Pattern::has_signs(text)),
        };
        let mut search = self.search;
        search.patterns = self
            .strings
            .iter()
            .map(|text| {
                let pattern = if is_pattern { Pattern::parse(text) } else { Pattern::literal(text) };
                pattern.within(self.at_start, self.at_end, self.ignore_case)
            })
            .collect();
        search
    }
}

impl Search {
    fn takes(&self, line: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_in(line)) != self.others
    }

    fn show(&self, process: &Process, prefix: &str, number: usize, offset: usize, line: &[u8]) {
        let mut head = prefix.to_owned();
        if self.numbered {
            head.extend([number.to_string().as_str(), ":"]);
        }
        if self.offsets {
            head.extend([offset.to_string().as_str(), ":"]);
        }
        process.stdout.text(&head);
        process.stdout.bytes(line);
        process.stdout.text("\r\n");
    }

    async fn stream(&self, process: &Process) -> Result<ExitCode, Interrupted> {
        let page = process.page();
        let (mut found, mut number, mut offset) = (false, 0, 0);
        loop {
            let (line, length) = match &process.stdin {
                Stdin::Console(_) => match process.stdin.line(page).await? {
                    Some(line) => (page.encode(&line), line.len() + 2),
                    None => break,
                },
                Stdin::Bytes(stream) => match stream.line().await {
                    Some(line) => (strip_end(&line).to_vec(), line.len()),
                    None => break,
                },
            };
            number += 1;
            if self.takes(&page.decode(&line)) {
                found = true;
                self.show(process, "", number, offset, &line);
            }
            offset += length;
        }
        Ok(i32::from(!found))
    }

    fn file(&self, process: &Process, shown: &str, prefix: &str, contents: &[u8]) -> bool {
        if self.printable && contents.iter().any(|byte| *byte < 8 || (14..32).contains(byte)) {
            return false;
        }
        let page = process.page();
        let mut found = false;
        let mut offset = 0;
        for (at, whole) in contents.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let line = strip_end(whole);
            if self.takes(&page.decode(line)) {
                found = true;
                if self.names_only {
                    process.stdout.line(shown);
                    return true;
                }
                self.show(process, prefix, at + 1, offset, line);
            }
            offset += whole.len();
        }
        found
    }

    /// The files, by the name that is shown, and whether there may be several.
    fn names(&self, process: &Process) -> (Vec<(String, WinPath)>, bool) {
        let mut names = Vec::new();
        let mut several = self.files.len() > 1 || self.tree;
        for pattern in &self.files {
            let Target::Path(path) = process.places.resolve(pattern) else { continue };
            let cut = pattern.rfind(['\\', '/', ':']).map_or(0, |at| at + 1);
            let prefix = &pattern[..cut];
            several |= has_wildcards(path.name());
            if !self.tree && !has_wildcards(path.name()) {
                names.push((pattern.clone(), path));
                continue;
            }
            let Some(folder) = path.parent() else { continue };
            let mut open = vec![(prefix.to_owned(), folder)];
            while let Some((prefix, folder)) = open.pop() {
                let world = process.world.lock();
                let Ok(nodes) = world.files.list(&folder, &process.token) else { continue };
                let mut below = Vec::new();
                for node in nodes {
                    if node.is_folder() && self.tree {
                        below.push((format!("{prefix}{}\\", node.name), folder.join(&node.name)));
                    } else if !node.is_folder() && matches(path.name(), &node.name) {
                        names.push((format!("{prefix}{}", node.name), folder.join(&node.name)));
                    }
                }
                open.extend(below.into_iter().rev());
            }
        }
        (names, several)
    }
}
