//! Checks that go out together: each step gets its own answer, and never one from before a change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sacpilot::engine::{EventKind, Trouble};

use super::toy::{Effect, Toy};
use super::{Outcome, Trial};

/// What leans on what: `b` on `a` by its command, `c` by its `when`, `e` by what `a` does to it.
const MANY: &str = r#"params:
  names: {type: list, default: ['b', 'e', 'b'], about: 'some names'}
steps:
  - id: a
    title: 'a is 1'
    in: cmd
    check: {run: 'get a', capture: {a: '^a=(.*)$'}, holds: 'a is defined and a == "1"'}
    finding: {severity: warning, text: 'not so'}
    change: [{run: 'put a 1'}, {run: 'put e 1'}]
    undo: {run: 'put a {{ before.a | default("none") }}'}
  - id: each
    title: 'each of them'
    for_each: {name: 'names'}
    in: cmd
    run: 'get {{ name }}'
    capture: {seen: '=(.*)$'}
  - {id: named, title: 'named by another', in: cmd, run: 'get {{ "c" if steps.a.changed else "d" }}'}
  - {id: c, title: 'c', when: 'steps.a.changed', in: cmd, run: 'get c'}
  - {id: inner, title: 'another script', use: 'inner', with: {name: 'b'}}
  - id: group
    title: 'a group'
    block:
      - {id: d, title: 'd', in: cmd, run: 'get d', holds: 'rc == 0', finding: {severity: warning, text: 'not so'}}
      - id: e
        title: 'e is 1'
        in: cmd
        check: {run: 'get e', capture: {e: '^e=(.*)$'}, holds: 'e is defined and e == "1"'}
        finding: {severity: warning, text: 'not so'}
        change: {run: 'put e 1'}
        undo: none
        why: 'it stays'
        on_failure: continue
  - {id: port, title: 'the port {{ facts.rdp_port }}', in: cmd, run: 'get {{ "a" if facts.rdp_port == 3389 else "b" }}'}
  - {id: last, title: 'all of it', in: cmd, run: 'list'}
"#;

const INNER: &str = r#"params:
  name: {type: text, about: 'a name'}
steps:
  - id: look
    title: 'it is there'
    in: cmd
    run: 'get {{ name }}'
    holds: 'rc == 0'
    finding: {severity: warning, text: 'not so'}
  - id: again
    title: 'b is 2'
    in: cmd
    check: {run: 'get {{ name }}', capture: {b: '^b=(.*)$'}, holds: 'b is defined and b == "2"'}
    finding: {severity: warning, text: 'not so'}
    change: {run: 'put b 2'}
    undo: {run: 'put b {{ before.b | default("none") }}'}
"#;

fn trial() -> Trial {
    Trial::new(MANY).script("inner", INNER)
}

/// What was told, without how it was sent.
fn told(outcome: &Outcome) -> Vec<EventKind> {
    let plain = |event: &EventKind| !matches!(event, EventKind::ReadTogether { .. });
    let events = outcome.events.iter().map(|event| event.event.clone()).filter(plain);
    events
        .map(|event| match event {
            EventKind::RunFinished { verdict, exit, failure, .. } => {
                EventKind::RunFinished { verdict, exit, elapsed_ms: 0, failure }
            }
            other => other,
        })
        .collect()
}

#[test]
fn what_steps_see_does_not_depend_on_how_it_was_asked() {
    let states = ["", "a=1", "a=0 b=1 e=0", "a=1 b=2 c=3 d=4 e=1", "b=2 e=1", "a=1 b=1 d=0"];
    for state in states {
        for diagnose in [false, true] {
            let on = |toy: Toy| if diagnose { trial().diagnose().on(toy) } else { trial().on(toy) };
            let alone = on(Toy::holding(state));
            for line in 2..9 {
                let together = on(Toy { line, ..Toy::holding(state) });
                assert_eq!(told(&together), told(&alone), "{state}, {line} in a line, diagnose: {diagnose}");
                assert_eq!(together.toy.state, alone.toy.state);
                assert!(together.toy.lines.iter().any(|count| *count > 1), "{state} {line}");
                assert_eq!(changes(&together), changes(&alone));
            }
        }
    }
}

/// The commands that change something, and how often.
fn changes(outcome: &Outcome) -> BTreeMap<&str, usize> {
    let mut changes = BTreeMap::new();
    for command in outcome.toy.sent.iter().filter(|command| command.starts_with("put")) {
        *changes.entry(command.as_str()).or_default() += 1;
    }
    changes
}

#[test]
fn they_go_out_in_the_order_of_their_steps_each_once() {
    let outcome = trial().diagnose().on(Toy { line: 8, ..Toy::holding("a=1 b=2 c=3 d=4 e=1") });
    let port = r#"reg query "HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp" /v PortNumber"#;
    // What `named` asks is known when `a` had its turn.
    assert_eq!(
        outcome.sent(),
        format!("get a; get b; get e; get b; get b; get b; get d; get e; get d; {port}; list; get a")
    );
    assert_eq!(outcome.toy.lines, [8, 3, 1]);
}

#[test]
fn what_was_read_before_a_change_is_read_again() {
    let outcome = trial().on(Toy { line: 8, ..Toy::holding("a=0 b=2 e=0") });
    let sent = outcome.sent();
    let (before, after) = sent.split_once("put a 1; put e 1").unwrap();
    assert!(before.contains("get e") && after.contains("get e"), "{sent}");
    // `e` is right since `a` was changed: an answer of before would have it changed again.
    assert!(!after.contains("put e 1"), "{sent}");
}

#[test]
fn behind_a_change_no_more_go_together_than_were_read_since() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut steps = String::new();
    for name in names {
        let check =
            format!("{{run: 'get {name}', capture: {{v: '=(.*)$'}}, holds: 'v is defined and v == \"1\"'}}");
        let change = format!("{{run: 'put {name} 1'}}\n    undo: {{run: 'put {name} 0'}}");
        let finding = "{severity: warning, text: 'not so'}";
        writeln!(steps, "  - id: {name}\n    title: '{name}'\n    in: cmd\n    check: {check}").unwrap();
        writeln!(steps, "    change: {change}\n    finding: {finding}").unwrap();
    }
    let all = "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1";
    let lines = |state: &str| Trial::new(&steps).on(Toy { line: 8, ..Toy::holding(state) }).toy.lines;
    assert_eq!(lines(all), [8]);
    // All of them; the change and its proof; then one, one, two, and what is left.
    assert_eq!(lines(&all.replace("a=1", "a=0")), [8, 1, 1, 1, 1, 2, 3]);
    // Each is broken: nothing but the first line is read in vain.
    assert_eq!(lines(&all.replace('1', "0")), [[8].as_slice(), &[1; 2 + 7 * 3]].concat());
}

#[test]
fn what_fails_together_is_asked_alone() {
    for trouble in [Trouble::TimedOut, Trouble::NotTyped, Trouble::OutcomeUnknown] {
        let toy = Toy { line: 8, together: Some(Effect::Refused(trouble)), ..Toy::holding("a=1 b=2 e=1") };
        let outcome = trial().diagnose().on(toy);
        let alone = trial().diagnose().on(Toy::holding("a=1 b=2 e=1"));
        assert_eq!(told(&outcome), told(&alone));
        assert!(outcome.toy.lines.iter().skip(1).all(|count| *count == 1), "{:?}", outcome.toy.lines);
    }
}

#[test]
fn a_machine_that_is_gone_is_told_once() {
    let toy = Toy { line: 8, together: Some(Effect::Refused(Trouble::LineLost)), ..Toy::holding("a=1") };
    let outcome = trial().diagnose().on(toy);
    assert_eq!(outcome.failure(), "line-lost");
    assert_eq!(outcome.toy.lines, [8]);
    let failed = |event: &&EventKind| matches!(event, EventKind::CommandFailed { .. });
    assert_eq!(told(&outcome).iter().filter(failed).count(), 1);
}

#[test]
fn together_they_have_no_more_time_than_is_left() {
    const SHORT: &str = r"within: 20s
steps:
  - {id: a, title: 'a', in: cmd, run: 'get a'}
  - {id: b, title: 'b', in: cmd, run: 'get b', within: 5s}
  - {id: c, title: 'c', in: cmd, run: 'get c'}
";
    let outcome = Trial::new(SHORT).diagnose().on(Toy { line: 8, ..Toy::holding("a=1 b=1 c=1") });
    let allowed = outcome.events.iter().find_map(|event| match event.event {
        EventKind::ReadTogether { timeout_ms, .. } => Some(timeout_ms),
        _ => None,
    });
    assert_eq!(allowed, Some(20_000));
}

/// A look that is said to do more than read, between others.
const MORE: &str = r#"
  - {id: a, title: 'a', in: cmd, run: 'get a', holds: 'rc == 0', finding: {severity: error, text: 'no a'}}
  - {id: b, title: 'b', in: cmd, run: 'get b'}
  - {id: more, title: 'more', in: cmd, risk: change, run: 'put c 1'}
  - {id: c, title: 'c', in: cmd, run: 'get c', capture: {c: '=(.*)$'}, holds: 'c == "1"', finding: {severity: error, text: 'c is old'}}
  - {id: d, title: 'd', in: cmd, run: 'get d'}
"#;

#[test]
fn a_look_that_does_more_than_read_has_its_turn_alone() {
    let toy = || Toy { line: 8, ..Toy::holding("a=1 b=1 c=0 d=1") };
    let outcome = Trial::new(MORE).on(toy());
    assert_eq!(outcome.sent(), "get a; get b; put c 1; get c; get d");
    assert_eq!((outcome.toy.lines.as_slice(), outcome.found()), ([2, 1, 1, 1].as_slice(), vec![]));

    // What was read before it was known whether it has one is read again.
    let unknown = MORE.replace("risk: change,", "risk: change, when: 'steps.a.holds',");
    let outcome = Trial::new(&unknown).on(toy());
    assert_eq!(outcome.sent(), "get a; get b; get c; get d; put c 1; get c; get d");
    assert_eq!(outcome.found(), [""; 0]);

    // A line that is cut off, and sent again, does not hold it.
    let toy = Toy { together: Some(Effect::Refused(Trouble::MachineDown)), ..toy() };
    let outcome = Trial::new(MORE).on(toy);
    assert_eq!(outcome.sent(), "get a; get b; put c 1; get c; get d");
    assert_eq!(outcome.toy.lines, [2, 1, 1, 1, 1, 1]);
}

#[test]
fn a_diagnosis_sends_no_look_that_does_more_than_read() {
    let outcome = Trial::new(MORE).diagnose().on(Toy { line: 8, ..Toy::holding("a=1 b=1 c=1 d=1") });
    assert_eq!(outcome.sent(), "get a; get b; get c; get d");
    assert_eq!(outcome.toy.lines, [4]);
    assert_eq!(outcome.steps(), "a held; b looked; more depends; c held; d looked");
}
