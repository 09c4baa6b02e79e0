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
    /// Lines that arrived at SAC altered, which SAC has no command for, or a channel.
    pub(super) refused: u64,
}

/// What a session was to do, and what it said of it.
pub(super) struct Given<'a> {
    pub(super) tasks: &'a [Task],
    /// Of each task whether the program says that it was, or may have been, started.
    pub(super) started: &'a [bool],
    /// Of each task whether the program says that it ended.
    pub(super) done: &'a [bool],
    /// Channels of others.
    pub(super) strangers: &'a [String],
    /// How often somebody else restarted the machine.
    pub(super) restarts: usize,
}

/// A line of the program's own that changes nothing on the machine but its own temporary files.
fn own_lines() -> Regex {
    Regex::new(
        r"(?x) ^ \(* (?:
              (?:2>nul\ del\ %SP%\.s&)? %SP%\ \w+ (?:\ h | \ \S+\ \S+)?                      # the helper reports, or shows a page
            | %SP%\ \w+\ r\ \d+\ [0-9a-f]{16}                       # it checks a command and runs it
            | >%SP%\.x\d+\ echo\ [0-9a-f]+                          # a piece of a command to check
            | cls&certutil\ -hashfile\ %SP%\.(?:p\.)?cmd\ SHA256     # the helper is checked
            | cls&certutil\ -hashfile\ %ComSpec%\ SHA256            # is there a certutil at all?
            | prompt\ \w+\$G &set\ SP=%SystemRoot%\\Temp\\sp\w+ &cls
            | echo\ [@:].* \) >>?%SP%\.(?:cmd|p\.cmd|u\d+)            # a piece of the helper
            | for\ /l\ %i\ in\ \(1,1,\d+\)\ do\ @type\ %SP%\.u%i\)>%SP%\.(?:p\.)?cmd
            | %SP%\.p\.cmd\ \w+\ (?:z|\d+\ \d+\ \S+)                # many pages are shown
            | del\ /q\ %SP%\.\* &exit
        ) \ ?\)?\ * $",
    )
    .unwrap()
}

/// What SAC does with a line, by the order of its parser (ReactOS concmd.c: beginnings are compared), which shares
/// nothing with the program.
#[derive(Debug, PartialEq, Eq)]
enum AtSac {
    /// What the program means: opens a channel, lists them, or views or closes one of its own.
    Meant,
    /// It is no command, or names no channel: nothing is executed, and SAC says so.
    Refused,
    /// Something else.
    Wrong,
}

/// `own` are the channels that were opened in this session, `there` all that there were at any time.
fn at_sac(line: &str, own: &[String], there: &[String]) -> AtSac {
    let line = line.trim_matches([' ', '\t']).to_ascii_lowercase();
    let named = |names: &[String], name: &str| names.iter().any(|own| own.eq_ignore_ascii_case(name));
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if begins(&["t", "?", "help", "f", "p", "id", "crashdump", "lock", "shutdown", "restart", "d"]) {
        return AtSac::Wrong;
    }
    if line.is_empty() || line.starts_with("cmd") || line == "ch" {
        return AtSac::Meant;
    }
    if let Some(arguments) = line.strip_prefix("ch ") {
        return match arguments.trim_start().split_at_checked(4) {
            Some(("-sn " | "-cn ", name)) if named(own, name.trim()) => AtSac::Meant,
            Some(("-sn " | "-cn ", name)) if !named(there, name.trim()) => AtSac::Refused,
            // Without a name, or with an option that does not exist.
            None => AtSac::Refused,
            Some((option, _)) if !["-sn ", "-cn ", "-si ", "-ci "].contains(&option) => AtSac::Refused,
            Some(_) => AtSac::Wrong,
        };
    }
    let one_letter = ["k", "l", "r", "m", "s", "i"];
    let acts = |letter: &&str| line == **letter || line.starts_with(&format!("{letter} "));
    if one_letter.iter().any(acts) { AtSac::Wrong } else { AtSac::Refused }
}

#[test]
fn lines_at_sac_are_judged_by_its_parser() {
    let own = ["Cmd0006".to_owned()];
    let there = ["Cmd0001".to_owned(), "Cmd0006".to_owned()];
    for (line, judged) in [
        ("cmd", AtSac::Meant),
        ("cmdd", AtSac::Meant),
        ("ch", AtSac::Meant),
        ("ch -sn cmd0006 ", AtSac::Meant),
        ("ch -sn cmdd0006", AtSac::Refused),
        ("ch -snn cmd0006", AtSac::Refused),
        ("ch -", AtSac::Refused),
        ("ccmd", AtSac::Refused),
        ("ch -cn cmd0001", AtSac::Wrong),
        ("ch -ci 1", AtSac::Wrong),
        ("k 1234", AtSac::Wrong),
        ("shutdown /r", AtSac::Wrong),
        ("d", AtSac::Wrong),
        ("?cmd", AtSac::Wrong),
    ] {
        assert_eq!(at_sac(line, &own, &there), judged, "{line}");
    }
}

/// Judges everything that was executed.
pub(super) fn judge(audit: &Audit, trace: &str, given: &Given<'_>) -> Verdict {
    let Given { tasks, started, done, strangers, restarts } = given;
    let mut verdict = Verdict::default();
    let own = own_lines();
    let opened: Vec<String> = audit
        .entries()
        .iter()
        .filter_map(|entry| match &entry.act {
            Act::ChannelOpened { channel } => Some(channel.clone()),
            _ => None,
        })
        .collect();
    let there = [&opened, *strangers].concat();
    let mut restarts = *restarts;
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
            Act::Sac { line } => match at_sac(line, &opened, &there) {
                AtSac::Meant => {}
                AtSac::Refused => verdict.refused += 1,
                AtSac::Wrong => {
                    verdict.wrong.push(format!("SAC executed what was not meant: {line:?}"));
                }
            },
            Act::Restart if restarts > 0 => restarts -= 1,
            Act::Restart | Act::Shutdown => verdict.wrong.push(format!("{:?}", entry.act)),
            _ => {}
        }
    }
    for ((task, started), done) in tasks.iter().zip(*started).zip(*done) {
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
