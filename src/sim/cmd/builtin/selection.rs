//! Arguments of the file commands: names, switches, and the files that a pattern means.

use crate::sim::cmd::handles::bare;
use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::shell::Shell;
use crate::sim::windows::files::node::{Node, attribute};
use crate::sim::windows::files::path::{Target, WinPath, has_wildcards, matches};
use crate::sim::windows::files::{FileError, Files};

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A name, quotes as they were.
    Name(String),
    /// A switch, lower case, without its slash.
    Switch(String),
    /// `+` between names.
    Plus,
}

/// Cuts arguments at delimiters and before each `/`, outside quotes. With `plus` also at `+`.
pub(super) fn words(tail: &str, plus: bool) -> Vec<Word> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    for c in tail.chars() {
        if c == '"' {
            quoted = !quoted;
        }
        let is_sign = c == '/' || (plus && c == '+');
        if !quoted && (is_delimiter(c) || is_sign) {
            finish(&mut word, &mut found);
            match c {
                '/' => word.push('/'),
                '+' if plus => found.push(Word::Plus),
                _ => {}
            }
        } else {
            word.push(c);
        }
    }
    finish(&mut word, &mut found);
    found
}

fn finish(word: &mut String, found: &mut Vec<Word>) {
    if word.is_empty() {
        return;
    }
    let done = std::mem::take(word);
    found.push(match done.strip_prefix('/') {
        Some(switch) => Word::Switch(switch.to_ascii_lowercase()),
        None => Word::Name(done),
    });
}

/// The names and the switches apart.
pub(super) fn names_and_switches(tail: &str) -> (Vec<String>, Vec<String>) {
    let mut names = Vec::new();
    let mut switches = Vec::new();
    for word in words(tail, false) {
        match word {
            Word::Name(name) => names.push(name),
            Word::Switch(switch) => switches.push(switch),
            Word::Plus => {}
        }
    }
    (names, switches)
}

/// Which attributes a file must have and must not have (`/a:h-d`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AttributeFilter {
    with: u32,
    without: u32,
    /// Folders must, must not, or may be.
    folder: Option<bool>,
}

impl AttributeFilter {
    /// Everything.
    pub(super) const ALL: Self = Self { with: 0, without: 0, folder: None };

    /// What stands after `/a`.
    pub(super) fn parse(letters: &str) -> Option<Self> {
        let mut filter = Self::ALL;
        let mut negated = false;
        for letter in letters.trim_start_matches(':').chars() {
            let bit = match letter {
                '-' => {
                    negated = true;
                    continue;
                }
                'd' => {
                    filter.folder = Some(!negated);
                    negated = false;
                    continue;
                }
                'r' => attribute::READ_ONLY,
                'h' => attribute::HIDDEN,
                's' => attribute::SYSTEM,
                'a' => attribute::ARCHIVE,
                'i' => attribute::NOT_INDEXED,
                'l' => attribute::REPARSE,
                _ => return None,
            };
            if negated {
                filter.without |= bit;
            } else {
                filter.with |= bit;
            }
            negated = false;
        }
        Some(filter)
    }

    /// Whether a node passes.
    pub(super) fn accepts(self, node: &Node) -> bool {
        node.attributes & self.with == self.with
            && node.attributes & self.without == 0
            && self.folder.is_none_or(|folder| folder == node.is_folder())
    }

    /// Whether a folder's own entries `.` and `..` pass.
    pub(super) fn accepts_folders(self) -> bool {
        self.with == 0 && self.folder != Some(false)
    }
}

/// What a name given to a file command means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The folder.
    pub(super) folder: WinPath,
    /// The name or pattern in it.
    pub(super) name: String,
    /// The folder as it was written, with its separator, to be put before names that are shown.
    pub(super) prefix: String,
}

impl Pattern {
    /// Whether it can mean several files.
    pub(super) fn is_wild(&self) -> bool {
        has_wildcards(&self.name)
    }

    /// The nodes it matches, in their order.
    pub(super) fn nodes<'a>(&self, files: &'a Files, shell: &Shell) -> Result<Vec<&'a Node>, FileError> {
        let nodes = files.list(&self.folder, &shell.session.token)?;
        Ok(nodes.into_iter().filter(|node| self.accepts(&node.name)).collect())
    }

    /// Whether a name matches.
    pub(super) fn accepts(&self, name: &str) -> bool {
        matches(&self.name, name)
    }
}

impl Shell {
    /// Reads a name; a folder means all that is in it.
    pub(super) fn pattern(&self, name: &str) -> Result<Pattern, FileError> {
        let name = bare(name);
        let Target::Path(path) = self.places.resolve(&name) else { return Err(FileError::NotFound) };
        let world = self.world.lock();
        if world.files.drive(path.drive).is_none() {
            return Err(FileError::NoDrive);
        }
        let cut = name.rfind(['\\', '/', ':']).map_or(0, |at| at + 1);
        if world.files.is_folder(&path) {
            let prefix = if name.ends_with(['\\', '/', ':']) { name } else { format!("{name}\\") };
            return Ok(Pattern { folder: world.files.stored(&path), name: "*".to_owned(), prefix });
        }
        let Some(parent) = path.parent() else { return Err(FileError::NotFound) };
        let last = path.name();
        // `*` at the end loses its dot in the path, `name.` does not mean `name.*`.
        let last = if name.ends_with("*.") { format!("{last}.") } else { last.to_owned() };
        Ok(Pattern { folder: world.files.stored(&parent), name: last, prefix: name[..cut].to_owned() })
    }

    /// A full path, or why there is none.
    pub(super) fn full_path(&self, name: &str) -> Result<WinPath, FileError> {
        match self.places.resolve(&bare(name)) {
            Target::Path(path) => Ok(path),
            _ => Err(FileError::BadName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_before_slashes() {
        let name = |text: &str| Word::Name(text.to_owned());
        let switch = |text: &str| Word::Switch(text.to_owned());
        assert_eq!(
            words("/s/Q foo \"a b/c\"", false),
            [switch("s"), switch("q"), name("foo"), name("\"a b/c\"")]
        );
        assert_eq!(words(" a+b,c", true), [name("a"), Word::Plus, name("b"), name("c")]);
        assert_eq!(words(" a+b", false), [name("a+b")]);
    }

    #[test]
    fn attribute_letters_are_read() {
        let filter = AttributeFilter::parse(":h-d-s").unwrap();
        assert_eq!((filter.with, filter.without, filter.folder), (2, 4, Some(false)));
        assert!(AttributeFilter::parse("e").is_none());
        assert_eq!(AttributeFilter::parse(""), Some(AttributeFilter::ALL));
    }
}
