//! Passwords that stand in a script: they would be in the file, in plans, in journals, and on the command line.

use std::ops::Range;

use crate::script::lint::words::{Simple, Word};

/// What to write instead.
pub(super) const HELP: &str =
    "declare a secret parameter; a program that asks for it (`net user NAME *`) is answered in a `dialogue`";

/// The password among the words of a command, where one can be known.
pub(super) fn literal(simple: &Simple) -> Option<Range<usize>> {
    let word = match simple.program().as_str() {
        "net" | "net1" => match simple.word(1).as_str() {
            "user" => plain(simple, 3),
            "use" => (2..simple.words.len()).find_map(|at| plain(simple, at)),
            _ => None,
        },
        "sc" => behind(simple, &["password="]),
        "certutil" => behind(simple, &["-p", "/p"]),
        "schtasks" => behind(simple, &["/rp"]),
        "reg" if simple.has("defaultpassword") => behind(simple, &["/d"]),
        "cmdkey" => glued(simple, "/pass:"),
        "wmic" => glued(simple, "/password:"),
        "netdom" => glued(simple, "/pd:").or_else(|| glued(simple, "/passwordd:")),
        _ => None,
    };
    word.filter(|word| !word.plain().is_empty() && !word.text.contains("{{")).map(|word| word.range.clone())
}

/// The word at an index, when it is none of the rest: an option, a drive, a share, the question for a password.
fn plain(simple: &Simple, index: usize) -> Option<&Word> {
    let text = simple.word(index);
    let other = text.starts_with(['/', '\\', '%']) || text.ends_with(':') || text == "*";
    simple.words.get(index).filter(|_| !other)
}

/// The word behind an option, or glued to one that ends with `=`.
fn behind<'s>(simple: &'s Simple, options: &[&str]) -> Option<&'s Word> {
    let at = simple.words.iter().position(|word| options.contains(&word.plain().as_str()));
    let word = at.and_then(|at| simple.words.get(at + 1));
    let one =
        || options.iter().filter(|option| option.ends_with('=')).find_map(|option| glued(simple, option));
    word.or_else(one).filter(|word| !word.text.starts_with(['*', '%']))
}

fn glued<'s>(simple: &'s Simple, option: &str) -> Option<&'s Word> {
    simple
        .words
        .iter()
        .find(|word| word.plain().strip_prefix(option).is_some_and(|rest| !matches!(rest, "" | "*")))
}
