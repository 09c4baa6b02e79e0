//! Path modifiers: `%~dpnx1`, `%%~zI`, `%~$PATH:1`.

use super::datetime;
use crate::sim::windows::files::Files;
use crate::sim::windows::files::node::{Node, attribute};
use crate::sim::windows::files::path::{Places, Target, WinPath};
use crate::sim::windows::language::Language;

/// What is asked of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    /// The letters, lower case, without `~`.
    pub(super) letters: String,
    /// `$VAR:` a variable with folders to search.
    pub(super) search: Option<String>,
}

/// The letters that can stand after `~`.
pub(super) const LETTERS: &str = "fdpnxsatz";

/// What modifiers look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookout<'a> {
    /// The disks.
    pub(super) files: &'a Files,
    /// The current folders.
    pub(super) places: &'a Places,
    /// For dates.
    pub(super) language: Language,
}

impl Modifiers {
    /// The value with the quotes off and the asked parts of the path.
    pub(super) fn apply(&self, value: &str, folders: Option<&str>, out: Lookout<'_>) -> String {
        let bare: String = value.chars().filter(|c| *c != '"').collect();
        if self.letters.is_empty() && self.search.is_none() {
            return unquote(value).to_owned();
        }
        if bare.is_empty() {
            return String::new();
        }
        let path = match folders {
            Some(folders) => match search(&bare, folders, out) {
                Some(path) => path,
                None => return String::new(),
            },
            None => match out.places.resolve(&bare) {
                Target::Path(path) => path,
                _ => return bare,
            },
        };
        let stored = out.files.stored(&path);
        self.parts(&stored, bare.ends_with(['\\', '/']), out)
    }

    fn parts(&self, path: &WinPath, is_folder: bool, out: Lookout<'_>) -> String {
        let has = |letter: char| self.letters.contains(letter);
        let node = out.files.look(path);
        let mut columns = Vec::new();
        if has('a') {
            columns.push(node.map_or_else(String::new, attributes_text));
        }
        if has('t') {
            let time = |node: &Node| datetime::file_time(node.modified, out.language);
            columns.push(node.map_or_else(String::new, time));
        }
        if has('z') {
            columns.push(node.map_or_else(String::new, |node| node.size().to_string()));
        }
        let whole = has('f') || (self.letters.chars().all(|c| "satz".contains(c)) && has('s'));
        let only_search = self.letters.is_empty();
        let mut text = String::new();
        let (folder, name) = split(path, is_folder);
        if whole || only_search || has('d') {
            text.extend([path.drive, ':']);
        }
        if whole || only_search || has('p') {
            text.push_str(&folder);
        }
        let (stem, extension) = match name.rfind('.') {
            Some(at) => name.split_at(at),
            None => (name.as_str(), ""),
        };
        if whole || only_search || has('n') {
            text.push_str(stem);
        }
        if whole || only_search || has('x') {
            text.push_str(extension);
        }
        if !text.is_empty() {
            columns.push(text);
        }
        columns.join(" ")
    }
}

/// A text without one pair of quotes around it.
pub(super) fn unquote(text: &str) -> &str {
    let text = text.strip_prefix('"').unwrap_or(text);
    text.strip_suffix('"').unwrap_or(text)
}

/// Attributes as `%~a` shows them: `d--------`, `-r-hs----`, `--a------`.
fn attributes_text(node: &Node) -> String {
    let mark = |set: bool, letter: char| if set { letter } else { '-' };
    [
        mark(node.is_folder(), 'd'),
        mark(node.has(attribute::READ_ONLY), 'r'),
        mark(node.has(attribute::ARCHIVE), 'a'),
        mark(node.has(attribute::HIDDEN), 'h'),
        mark(node.has(attribute::SYSTEM), 's'),
        '-',
        '-',
        '-',
        mark(node.has(attribute::REPARSE), 'l'),
        '-',
        '-',
    ]
    .iter()
    .collect()
}

/// `\folder\` and the name behind it.
fn split(path: &WinPath, is_folder: bool) -> (String, String) {
    let mut parts = path.parts.clone();
    let name = if is_folder { String::new() } else { parts.pop().unwrap_or_default() };
    let folder = if parts.is_empty() { "\\".to_owned() } else { format!("\\{}\\", parts.join("\\")) };
    (folder, name)
}

fn search(name: &str, folders: &str, out: Lookout<'_>) -> Option<WinPath> {
    folders.split(';').filter(|folder| !folder.is_empty()).find_map(|folder| {
        let full = format!("{}\\{name}", unquote(folder).trim_end_matches('\\'));
        let Target::Path(path) = out.places.resolve(&full) else { return None };
        out.files.look(&path).is_some().then_some(path)
    })
}
