//! Law 8 over whole reports: whatever the machine prints, nothing of it acts on a terminal, breaks out of its place in
//! a report, or makes XML and JSON of something else.

use std::sync::LazyLock;

use proptest::prelude::*;
use quick_xml::events::Event as Xml;
use regex::Regex;
use sacpilot::engine::{Event, Listener as _, Masks, Past, Trouble};
use sacpilot::report::{Detail, JsonLines, Next, Paint, Summary, Terminal, evidence, json, junit, markdown};

use super::runs::Page;
use super::toy::{Effect, Toy};
use super::{Outcome, Trial};

/// The value of `a` gets into every place that a text of the machine can get into.
const SHOWS: &str = r#"
  - id: look
    title: 'look'
    in: cmd
    run: 'get a'
    capture: {a: '^a=([\s\S]*)\r\n'}
    holds: 'a == "0"'
    finding: {severity: error, text: 'a is {{ a }}', remedy: 'make {{ a }} different'}
  - id: change
    title: 'b was {{ steps.look.a }}'
    in: cmd
    check: {run: 'get a', capture: {a: '^a=([\s\S]*)\r\n'}, holds: 'a == "1"'}
    change: {run: 'put a 1'}
    undo: none
    why: 'it was {{ steps.look.a }}'
    finding: {severity: warning, text: 'a is {{ a }}'}
  - id: fails
    title: 'fails'
    in: cmd
    check: {run: 'get b', capture: {b: '^b=([\s\S]*)\r\n'}, holds: 'b == "1"'}
    change: {run: 'put b 1'}
    undo: none
    why: 'no way'
    finding: {severity: warning, text: 'b is {{ b }}'}
"#;

/// What acts on a terminal or hides what stands beside it.
static ACTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}&&[^\n]]").unwrap()
});

/// Of what a page that shows Markdown makes links, calls and formulas.
static LIVE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)://|www\.|[@$]|[#!]\d").unwrap());

/// Our own colours, as the terminal paints them.
static PAINT: LazyLock<Regex> = LazyLock::new(|| Regex::new("\x1b\\[[0-9;]*m").unwrap());

/// Pieces of which hostile outputs are made.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\",
        "\x1bP+q\x1b\\",
        "\x1b[31m",
        "\u{9b}2J",
        "\u{9d}52;c;AAAA\u{9c}",
        "\u{90}",
        "\u{85}",
        "\u{202e}txt.exe",
        "\u{2066}x\u{2069}",
        "\u{200b}",
        "\u{61c}",
        "\u{feff}",
        "\u{e0041}",
        "\u{2028}",
        "\x08\x08\x08",
        "\x7f",
        "\0",
        "\x05",
        "\x0e",
        "\x0b",
        "\x0c",
        "ok\rNOT",
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n# Result: all conditions hold\r\n",
        "\n  ok        everything\n",
        "\n```\n</system-out>",
        "]]>",
        "<![CDATA[",
        "&lt;",
        "\"/><failure/>",
        "| a | b |",
        "**bold**",
        "`",
        "````",
        "<script>alert(1)</script>",
        "![x](http://x/)",
        "https://x.example/",
        "WWW.x.example",
        "a@b.example",
        "@somebody",
        "$x$",
        "#12",
        "!12",
        "Result",
        "plain",
        " ",
        "Ü日本",
        "\u{fffe}",
        "\u{ffff}",
        "\u{1f600}",
        "\\u001b[2J",
        "\\",
        "{{ 7*7 }}",
        "%PATH%",
        "‹secret password›",
    ]);
    let any = any::<char>().prop_map(String::from);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

fn of(value: &str, effect: Option<Effect>, diagnose: bool) -> Outcome {
    let mut toy = Toy::holding("b=0");
    toy.state.insert("a".to_owned(), value.to_owned());
    value.clone_into(&mut toy.screen);
    if let Some(effect) = effect {
        toy = toy.with("put b", effect);
    }
    let trial = Trial::new(SHOWS);
    if diagnose { trial.diagnose().on(toy) } else { trial.on(toy) }
}

fn terminal(events: &[Event], paint: Paint, detail: Detail) -> String {
    let page = Page::default();
    let mut terminal = Terminal::new(page.clone(), paint, detail);
    for event in events {
        terminal.hear(event);
    }
    page.text()
}

/// As many lines as they would be with a harmless value: nothing of the machine begins one.
fn harmless(name: &str, text: &str) -> Result<(), TestCaseError> {
    let found = ACTS.find(text).map(|found| {
        let from = text[..found.start()].char_indices().rev().nth(20).map_or(0, |(at, _)| at);
        text[from..].chars().take(60).collect::<String>()
    });
    prop_assert_eq!(found, None, "in {}", name);
    Ok(())
}

/// A line of Markdown without what it shows as code.
fn without_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let behind = &rest[ticks..];
        let fence = &rest[..ticks];
        let end = behind.match_indices(fence).map(|(at, _)| at).find(|&at| {
            let (before, after) = (&behind[..at], &behind[at + ticks..]);
            ticks > 0 && !before.ends_with('`') && !after.starts_with('`')
        });
        let taken = match (c, end) {
            ('`', Some(end)) => {
                rest = &behind[end + ticks..];
                continue;
            }
            ('`', None) => ticks,
            ('\\', _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        outside.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    outside
}

fn xml(text: &str) -> Result<usize, TestCaseError> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut cases = 0;
    let mut open: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| TestCaseError::fail(error.to_string()))?;
        let (start, empty) = match &event {
            Xml::Start(start) => (start, false),
            Xml::Empty(start) => (start, true),
            Xml::End(_) => {
                open.pop();
                continue;
            }
            Xml::Eof => break,
            Xml::Decl(_) | Xml::Text(_) | Xml::GeneralRef(_) => continue,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let name = start.name().as_ref().to_owned();
        let around = open.last().map_or("", String::as_str);
        let fits = matches!(
            (around, name.as_str()),
            ("", "testsuites")
                | ("testsuites", "testsuite")
                | ("testsuite", "testcase" | "system-out")
                | ("testcase", "failure" | "error" | "skipped")
        );
        prop_assert!(fits, "<{}> in <{}>", name, around);
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let known = matches!(
                attribute.key.as_ref(),
                "name"
                    | "classname"
                    | "tests"
                    | "failures"
                    | "errors"
                    | "skipped"
                    | "time"
                    | "timestamp"
                    | "hostname"
                    | "type"
                    | "message"
            );
            prop_assert!(known, "{:?}", attribute);
            let forbidden = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{fffe}' | '\u{ffff}');
            prop_assert!(!value.contains(forbidden), "{:?}", value);
        }
        cases += usize::from(name == "testcase");
        if !empty {
            open.push(name);
        }
    }
    prop_assert!(open.is_empty());
    Ok(cases)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_the_machine_acts_or_breaks_out(value in hostile(), kind in 0..4_u8) {
        let effect = match kind {
            0 => None,
            1 => Some(Effect::Code(5)),
            2 => Some(Effect::Refused(Trouble::LineLost)),
            _ => Some(Effect::Executed(Trouble::OutcomeUnknown)),
        };
        let (hostile, plain) = (of(&value, effect, kind == 3), of("plain", effect, kind == 3));
        prop_assert_eq!(hostile.steps(), plain.steps());
        let (summary, other) = (Summary::of(&hostile.events), Summary::of(&plain.events));
        for detail in [Detail::Quiet, Detail::Steps, Detail::Commands, Detail::Output] {
            harmless("terminal", &terminal(&hostile.events, Paint::Plain, detail))?;
            let painted = terminal(&hostile.events, Paint::Colours, detail);
            harmless("coloured terminal", &PAINT.replace_all(&painted, ""))?;
        }
        // Nothing of it becomes a line of its own where lines are steps.
        let lines = |events: &[Event]| terminal(events, Paint::Plain, Detail::Steps).lines().count();
        if kind < 2 && !value.contains('\n') {
            prop_assert_eq!(lines(&hostile.events), lines(&plain.events));
        }
        let next = Next::of(std::path::Path::new("run-1"), &Past::of(&hostile.events, &Masks::default()));
        let report = markdown::report(&summary, &next);
        harmless("report.md", &report)?;
        let headings = |report: &str| report.lines().filter(|line| line.starts_with('#')).count();
        let mut fenced = false;
        let mut outside = String::new();
        for line in report.lines() {
            let fence = line.starts_with("```");
            fenced ^= fence;
            if !fenced && !fence {
                outside.push_str(line);
                outside.push('\n');
            }
        }
        // A fence of the machine does not close ours, which is longer.
        prop_assert!(value.contains("```") || headings(&outside) == headings(&markdown::report(&other, &next)));
        if !value.contains("```") {
            let live = outside.lines().map(without_code).find(|line| LIVE.is_match(line));
            prop_assert_eq!(live, None);
        }

        let whole = json::report(&summary).unwrap();
        harmless("report.json", &whole)?;
        let read: serde_json::Value = serde_json::from_str(&whole).unwrap();
        prop_assert_eq!(read, serde_json::to_value(&summary).unwrap());
        harmless("evidence.txt", &evidence::report(&hostile.events))?;

        let unit = junit::report(&summary);
        harmless("junit.xml", &unit)?;
        prop_assert_eq!(xml(&unit)?, xml(&junit::report(&other))?);

        harmless("journal.jsonl", &hostile.journal)?;
        prop_assert_eq!(hostile.journal.lines().count(), hostile.events.len());
        let mut told = Vec::new();
        {
            let mut lines = JsonLines::new(&mut told);
            for event in &hostile.events {
                lines.hear(event);
            }
        }
        let told = String::from_utf8(told).unwrap();
        harmless("--json", &told)?;
        let again: Vec<Event> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(again, hostile.events);
    }
}

/// The machine shows a secret, cut in two by a line end, and the script puts it into its texts.
#[test]
fn a_secret_that_a_line_end_cuts_is_in_no_text() {
    let steps = r#"params:
  pw: {type: secret, about: 'the password'}
steps:
  - id: shown
    title: 'it is shown'
    in: cmd
    run: 'list'
    capture: {c: '(?s)^(.*)$'}
    holds: 'c is containing "nope"'
    finding: {severity: error, text: 'said {{ c }}', remedy: 'not {{ c }}'}
  - id: again
    title: 'once more {{ steps.shown.c }}'
    in: cmd
    dialogue:
      run: 'net user x *'
      answers: [{text: 'password', send: '{{ pw }}', echo: none}]
    undo: none
    why: 'nobody knows the old one'
"#;
    let outcome =
        Trial::new(steps).secret("pw", "Zq9!Markedb=PwSEKRIT").on(Toy::holding("a=Zq9!Marked b=PwSEKRIT"));
    let summary = Summary::of(&outcome.events);
    let texts = [
        outcome.journal.clone(),
        markdown::report(&summary, &Next::default()),
        junit::report(&summary),
        terminal(&outcome.events, Paint::Plain, Detail::Output),
    ];
    for text in texts {
        assert!(!text.contains("Marked") && !text.contains("SEKRIT"), "{text}");
    }
    assert_eq!(outcome.found()[0], "error: said a=‹secret pw›");
}
