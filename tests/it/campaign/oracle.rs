//! Judges a session by what the machine itself recorded: every line that its shell and SAC executed, and the traces
//! that commands left. Knows the form of the program's own lines, and shares no code with it.

use regex::Regex;
use sacpilot::sim::audit::{Act, Audit};

use super::task::Task;

/// What a machine executed, sorted.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Everything that must not be: one sentence each.
    pub(super) wrong: Vec<String>,
    /// Lines that were cut off by noise that looked like Enter, and that cmd held back as incomplete.
    pub(super) held_back: u64,
}

/// A line of the program's own that changes nothing on the machine but its own temporary files.
fn own_lines() -> Regex {
    Regex::new(
        r"(?x) ^ \(* (?:
              (?:2>nul\ del\ %SP%\.s&)? %SP%\ \w+ (?:\ h | \ \S+\ \S+)?                      # the helper reports, or shows a page
            | %SP%\ \w+\ r\ \d+\ [0-9a-f]{16}                       # it checks a command and runs it
            | >%SP%\.x\d+\ echo\ [0-9a-f]+                          # a piece of a command to check
            | cls&certutil\ -hashfile\ %SP%\.cmd\ SHA256            # the helper is checked
            | prompt\ \w+\$G &set\ SP=%SystemRoot%\\Temp\\sp\w+ &cls
            | echo\ [@:].* \) >>?%SP%\.cmd                            # a piece of the helper
            | del\ /q\ %SP%\.\* &exit
        ) \ ?\)?\ * $",
    )
    .unwrap()
}

/// The commands of SAC that only look, open, view or close.
fn own_sac_lines() -> Regex {
    Regex::new(r"(?i)^\s*(?:cmd|ch|ch -s|ch -sn?\s*|ch -sn cmd\d+|ch -c|ch -cn?\s*|ch -cn cmd\d+|id|)\s*$")
        .unwrap()
}

/// Judges everything that was executed. `started` are the tasks that the program says were, or may have been,
/// started.
pub(super) fn judge(audit: &Audit, trace: &str, tasks: &[Task], started: &[bool], done: &[bool]) -> Verdict {
    let mut verdict = Verdict::default();
    let (own, own_sac) = (own_lines(), own_sac_lines());
    for entry in audit.entries() {
        match &entry.act {
            Act::Cmd { line, .. } => {
                if let Some(begun) = wrapped(line) {
                    if begun != "chcp" && !tasks.iter().any(|task| task.command == begun) {
                        verdict.wrong.push(format!("cmd executed what was not meant: {line:?}"));
                    }
                } else if is_incomplete(line) {
                    verdict.held_back += 1;
                } else if !own.is_match(line.trim_end()) {
                    verdict.wrong.push(format!("cmd executed what was not meant: {line:?}"));
                }
            }
            Act::Sac { line } if !own_sac.is_match(line) => {
                verdict.wrong.push(format!("SAC executed what was not meant: {line:?}"));
            }
            Act::Restart | Act::Shutdown => verdict.wrong.push(format!("{:?}", entry.act)),
            _ => {}
        }
    }
    for ((task, started), done) in tasks.iter().zip(started).zip(done) {
        let times = trace.lines().filter(|line| line.trim() == task.id).count();
        let allowed = match (started, done) {
            (_, true) => 1..=1,
            (true, false) => 0..=1,
            (false, false) => 0..=0,
        };
        if !allowed.contains(&times) {
            verdict.wrong.push(format!("{} was executed {times} times; {allowed:?} is right", task.id));
        }
    }
    let strange = trace.lines().filter(|line| !tasks.iter().any(|task| task.id == line.trim())).count();
    if strange > 0 {
        verdict.wrong.push(format!("{strange} traces of commands that nobody gave"));
    }
    verdict
}

/// The command inside the program's wrapping, with the outer cmd's escapes taken off; none: it is no such line.
fn wrapped(line: &str) -> Option<String> {
    let whole =
        Regex::new(r#"^\(?(?:>%SP%\.m echo \w+&)?>%SP%\.o 2>&1<nul cmd /d/s/c \^"(.*)\^"&%SP% \w+ ?\)?\s*$"#)
            .unwrap();
    let inside = whole.captures(line)?.get(1)?.as_str();
    let mut text = String::new();
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '^' { characters.next()? } else { character });
    }
    Some(text)
}

/// Whether cmd waits for more after this line: a parenthesis is open, or a caret stands last.
fn is_incomplete(line: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0i32, false, false);
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '^' if !quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    escaped || depth > 0
}

#[test]
fn lines_that_cmd_holds_back_are_told() {
    for (line, incomplete) in [
        ("(echo a", true),
        ("echo a^", true),
        ("(echo a)", false),
        ("(echo ^)", true),
        ("(echo \")\"", true),
        ("del C:\\", false),
    ] {
        assert_eq!(is_incomplete(line), incomplete, "{line}");
    }
}
