//! Commands whose output, exit code and effect are known without looking at anything of the program.

use super::meddler::Dice;

/// One command and all that is known about it.
#[derive(Debug, Clone)]
pub(super) struct Task {
    /// Stands in the command, its output and its effect, and nowhere else.
    pub(super) id: String,
    pub(super) command: String,
    pub(super) code: i32,
    pub(super) output: String,
}

/// Where each command leaves its trace.
pub(super) const TRACE: &str = r"C:\camp.log";

const WORDS: [&str; 12] = [
    "CurrentControlSet",
    "fDenyTSConnections",
    "\"a & b | c\"",
    "100%",
    "install",
    "boot:session:access",
    "(((Get",
    "ssl  tls",
    "C:\\Windows\\MJ-",
    "==--MM##",
    "0000111122223333",
    "assess ^",
];

impl Task {
    /// A command with words that consoles are known to mangle.
    pub(super) fn roll(number: usize, longer: u64, dice: &mut Dice) -> Self {
        let id = format!("ID{number}x");
        let count = (1 + dice.below(3)) * longer;
        let text: Vec<&str> =
            (0..count).map(|_| WORDS[usize::try_from(dice.below(WORDS.len() as u64)).unwrap()]).collect();
        // A caret at the end of a word stands before a blank or an escaped end and is taken off by cmd.
        let typed = text.join(" ").replace('^', "^^");
        let typed = escape_parentheses(&typed);
        let shown = text.join(" ");
        let code = [0, 0, 0, 1, 5, 9009, -1, 70_000][usize::try_from(dice.below(8)).unwrap()];
        let lines = if dice.below(5) == 0 { 2 + dice.below(50) } else { 1 };
        let (shows, output) = if lines == 1 {
            (format!("echo {id} {typed}"), format!("{id} {shown}\r\n"))
        } else {
            let shown_lines: Vec<String> =
                (1..=lines).map(|line| format!("{id} {line} {shown}\r\n")).collect();
            let output = shown_lines.concat();
            (format!("(for /l %i in (1,1,{lines}) do @echo {id} %i {typed})"), output)
        };
        // The echo of `>>file` comes first, so that no digit stands before it.
        let command = format!(">>{TRACE} echo {id}& {shows}& exit {code}");
        Self { id, command, code, output }
    }
}

fn escape_parentheses(text: &str) -> String {
    // Inside quotes they are plain; the words with quotes hold none.
    text.replace('(', "^(")
}
