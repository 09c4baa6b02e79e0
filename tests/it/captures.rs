//! Consoles as they were captured (`tests/captures`): state, channel, login and events are recognised wherever the
//! stream is cut.

use std::fs;

use sacpilot::encoding::Utf8Stream;
use sacpilot::sac::text::{self, CmdAnswer};
use sacpilot::sac::{self, Field, Place};
use sacpilot::screen::{Offset, Screen};

use crate::stored::repository;

enum Line {
    Bytes(Vec<u8>),
    Mark,
    Ask(String),
}

fn read(file: &str) -> Vec<Line> {
    let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split_once(' ').unwrap_or((line, "")) {
            ("=", text) => Line::Bytes(unescaped(text)),
            ("row", rest) => {
                let (number, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let place = if number == "1" { String::new() } else { format!("\x1b[{number};1H") };
                Line::Bytes(format!("{place}{text:<80}").into_bytes())
            }
            ("mark", _) => Line::Mark,
            ("?", question) => Line::Ask(question.to_owned()),
            _ => panic!("{line}"),
        })
        .collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next() {
                Some('e') => '\x1b',
                Some('r') => '\r',
                Some('n') => '\n',
                Some('b') => '\u{8}',
                Some('a') => '\u{7}',
                Some('0') => '\0',
                Some('\\') => '\\',
                other => panic!("\\{other:?} in {text}"),
            },
            other => other,
        });
    }
    out.into_bytes()
}

/// What the question is answered with, in the words of the file.
fn answer(question: &str, screen: &Screen, mark: Offset) -> String {
    let since = screen.transcript().since(mark);
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    match question {
        "place" => match sac::recognise(screen) {
            Place::Sac { typed } => format!("sac {typed}"),
            Place::Switch { channel } => format!("switch {channel}"),
            Place::Login(Field::User) => "login user".to_owned(),
            Place::Login(Field::Domain) => "login domain".to_owned(),
            Place::Login(Field::Password) => "login password".to_owned(),
            Place::Cmd => "cmd".to_owned(),
            Place::PowerShell => "powershell".to_owned(),
            Place::Stopped => "stopped".to_owned(),
            Place::Other => "other".to_owned(),
            other => format!("{other:?}"),
        },
        "answer" => match text::cmd_answer(since) {
            None => "none".to_owned(),
            Some(CmdAnswer::Channel(name)) => format!("channel {name}"),
            Some(CmdAnswer::Failed(status)) => format!("failed {status}"),
            Some(CmdAnswer::Unrecognized) => "unrecognized".to_owned(),
            Some(other) => format!("{other:?}"),
        },
        "prompt" => sac::cmd_prompt_at_cursor(screen).unwrap_or_default(),
        "available" => yes(text::cmd_became_available(since)),
        "boot" => yes(text::boot_text(since)),
        "health" => yes(text::only_health_report(since)),
        "alarm" => sac::in_channel(screen).map_or("none".to_owned(), |alarm| {
            let name = format!("{alarm:?}");
            let dashed: String = name
                .chars()
                .map(|c| if c.is_uppercase() { format!("-{}", c.to_lowercase()) } else { c.into() })
                .collect();
            dashed[1..].to_owned()
        }),
        _ => panic!("{question}"),
    }
}

/// Feeds the whole file, cutting each piece of bytes by `cut`, and compares every answer.
fn check(name: &str, lines: &[Line], cut: impl Fn(&[u8], usize) -> Vec<usize>) -> usize {
    let (mut stream, mut screen) = (Utf8Stream::new(), Screen::new());
    let (mut mark, mut fed, mut asked) = (screen.transcript().now(), 0, 0);
    for line in lines {
        match line {
            Line::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                for length in cut(bytes, fed) {
                    let (piece, after) = rest.split_at(length.min(rest.len()));
                    let mut text = String::new();
                    stream.push(piece, &mut text);
                    text.chars().for_each(|character| screen.feed(character));
                    rest = after;
                }
                assert!(rest.is_empty());
                fed += bytes.len();
            }
            Line::Mark => mark = screen.transcript().now(),
            Line::Ask(question) => {
                let (kind, expected) = question.split_once(' ').unwrap();
                let expected = String::from_utf8(unescaped(expected)).unwrap();
                let actual = answer(kind, &screen, mark);
                assert_eq!(actual, expected, "{name}, after {fed} bytes: {kind}\n{}", screen.text());
                asked += 1;
            }
        }
    }
    asked
}

#[test]
fn what_was_captured_is_recognised_in_any_chunking() {
    let mut files = 0;
    for entry in fs::read_dir(repository("tests/captures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "txt") {
            continue;
        }
        files += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let lines = read(&file);
        let whole = |bytes: &[u8], _| vec![bytes.len()];
        assert!(check(&name, &lines, whole) > 0, "{name} asks nothing");
        for size in [1, 2, 3, 7, 64] {
            check(&name, &lines, |bytes, _| vec![size; bytes.len().div_ceil(size)]);
        }
        // One cut, at every place in turn.
        let total =
            lines.iter().map(|line| if let Line::Bytes(bytes) = line { bytes.len() } else { 0 }).sum();
        for at in (0..total).step_by((total / 40).max(1)) {
            check(&name, &lines, |bytes, fed| match at.checked_sub(fed) {
                Some(first) if first < bytes.len() => vec![first, bytes.len() - first],
                _ => vec![bytes.len()],
            });
        }
    }
    assert!(files >= 13, "{files}");
}
