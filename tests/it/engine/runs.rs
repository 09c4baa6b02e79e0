//! The engine's promises, one test each.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sacpilot::engine::event::{ChannelLeft, EventKind, StepStatus, UndoOutcome};
use sacpilot::engine::{Event, Listener, Masks, OnInterrupt, Past, Trouble, Verdict};
use sacpilot::report::{Detail, Next, Paint, Summary, Terminal, junit, markdown};

use super::toy::{Effect, Toy};
use super::{Trial, golden};

/// Two values that must be 1.
const TWO: &str = r#"
  - id: first
    title: 'a is 1'
    in: cmd
    check: {run: 'get a', capture: {a: '^a=(.*)$'}, holds: 'a is defined and a == "1"'}
    change: {run: 'put a 1'}
    undo:
      - {when: 'before.a is defined', run: 'put a {{ before.a }}'}
      - {when: 'before.a is undefined', run: 'drop a'}
    finding: {severity: error, text: 'a is {{ a | default("missing") }}', remedy: 'tell the owner of a'}
  - id: second
    title: 'b is 1'
    in: cmd
    check: {run: 'get b', capture: {b: '^b=(.*)$'}, holds: 'b is defined and b == "1"'}
    change: {run: 'put b 1'}
    undo: {run: 'put b {{ before.b }}'}
    finding: {severity: error, text: 'it is not so'}
"#;

#[test]
fn what_holds_is_left_alone() {
    let outcome = Trial::new(TWO).on(Toy::holding("a=1 b=1"));
    assert_eq!(outcome.sent(), "get a; get b");
    assert_eq!(outcome.steps(), "first held; second held");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
    assert!(outcome.toy.closed);
}

#[test]
fn what_does_not_hold_is_changed_and_proven() {
    let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=1"));
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b");
    assert_eq!(outcome.steps(), "first changed; second held");
    assert_eq!(outcome.found(), ["error: a is 0"]);
    assert_eq!(outcome.ended.verdict, Verdict::Holds, "what was found was repaired");
    assert_eq!(outcome.toy.text(), "a=1 b=1");
}

#[test]
fn diagnose_finds_everything_and_changes_nothing() {
    let outcome = Trial::new(TWO).diagnose().on(Toy::holding("b=5"));
    assert_eq!(outcome.sent(), "get a; get b");
    assert_eq!(outcome.found(), ["error: a is missing", "error: it is not so"]);
    assert_eq!(outcome.ended.verdict, Verdict::Findings);
    assert_eq!(outcome.toy.text(), "b=5");
}

#[test]
fn a_change_that_fails_takes_all_back_in_reverse_order() {
    let outcome = Trial::new(TWO).on(Toy::holding("b=5").with("put b 1", Effect::Code(5)));
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b; put b 1; put b 5; get b; drop a; get a");
    assert_eq!(outcome.failure(), "exit-code");
    assert_eq!(outcome.ended.verdict, Verdict::Undone);
    let restored = |step: &str| (step.to_owned(), UndoOutcome::Restored);
    assert_eq!(outcome.undone(), [restored("second"), restored("first")]);
    assert_eq!(outcome.toy.text(), "b=5");
    assert!(outcome.toy.closed);
}

#[test]
fn a_change_that_does_not_help_is_taken_back() {
    let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=5").with("put b 1", Effect::Nothing));
    assert_eq!(outcome.failure(), "not-verified");
    assert_eq!((outcome.ended.verdict, outcome.toy.text()), (Verdict::Undone, "a=0 b=5".to_owned()));
}

#[test]
fn an_undo_that_fails_is_told_and_the_others_go_on() {
    let toy = Toy::holding("a=0 b=5").with("put b 1", Effect::Nothing).with("put b 5", Effect::Code(1));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.ended.verdict, Verdict::Remains);
    assert!(matches!(outcome.undone()[0].1, UndoOutcome::Failed { .. }));
    assert_eq!(outcome.undone()[1], ("first".to_owned(), UndoOutcome::Restored));
    assert_eq!(outcome.toy.text(), "a=0 b=5");
}

#[test]
fn an_undo_that_does_not_bring_the_old_value_back_is_told() {
    let toy = Toy::holding("a=0 b=5").with("put b 1", Effect::Code(3)).with("put a 0", Effect::Nothing);
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.ended.verdict, Verdict::Remains);
    assert_eq!(outcome.undone()[1].1, UndoOutcome::Differs { names: vec!["a".to_owned()] });
}

/// Where the way back names no old value, the check must say again what it said before.
#[test]
fn a_way_back_that_does_nothing_is_no_taking_back() {
    let steps = |undo: &str| {
        format!(
            r#"
  - id: first
    title: 'a is 1'
    in: cmd
    check: {{run: 'get a', capture: {{a: '^a=(.*)$'}}, holds: 'a | default("") == "1"'}}
    change: {{run: 'put a 1'}}
    undo: {{run: '{undo}'}}
    finding: {{severity: error, text: 'it is not so'}}
  - id: fails
    title: 'fails'
    in: cmd
    check: {{run: 'get f', holds: 'rc == 0'}}
    change: {{run: 'nonsense'}}
    undo: {{run: 'list'}}
    finding: {{severity: error, text: 'f'}}
"#
        )
    };
    for (state, undo, left, names) in [
        ("a=0", "put a 0", "a=0", &[][..]),
        ("", "drop a", "", &[][..]),
        ("a=0", "list", "a=1", &["a"][..]),
        ("", "list", "a=1", &["a", "rc"][..]),
    ] {
        let outcome = Trial::new(&steps(undo)).on(Toy::holding(state));
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (expected, verdict) = match names.is_empty() {
            true => (UndoOutcome::Restored, Verdict::Undone),
            false => (UndoOutcome::Differs { names }, Verdict::Remains),
        };
        assert_eq!(outcome.undone()[1], ("first".to_owned(), expected), "{undo}");
        assert_eq!((outcome.ended.verdict, outcome.toy.text().as_str()), (verdict, left), "{undo}");
    }
    let outcome = Trial::new(&steps("list")).on(Toy::default());
    let report = markdown::report(&Summary::of(&outcome.events), &Next::default());
    let told = "the old value is not there again: a, exit code of the check";
    assert!(report.contains(told), "{report}");
}

/// A service that was told to stop does so by and by.
#[test]
fn what_was_told_to_stop_has_time_for_it() {
    let steps = r#"
  - id: first
    title: 'it runs'
    in: cmd
    check: {run: 'slow s', capture: {s: '=(\w+)\s*$'}, holds: 's | default("") == "running"'}
    change: {run: 'put x 1'}
    undo: {run: 'drop x'}
    finding: {severity: error, text: 'it is not so'}
"#;
    // Starting, not proven, then three looks until it says again what it said before.
    let mut toy = Toy { slow_looks: 9, ..Toy::default() };
    toy.faults =
        vec![super::toy::Fault { command: "slow", after: 1, times: Some(3), effect: Effect::Code(7) }];
    let outcome = Trial::new(steps).on(toy);
    assert_eq!(outcome.sent(), "slow s; put x 1; slow s; drop x; slow s; slow s; slow s");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("not-verified", Verdict::Undone));
}

#[test]
fn a_change_without_a_way_back_remains() {
    let steps = r"
  - id: only
    title: 'a is 1'
    in: cmd
    check: {run: 'get a', holds: 'rc == 0'}
    change: {run: 'put x 1'}
    undo: none
    why: 'x cannot be undone'
    finding: {severity: error, text: 'it is not so'}
";
    let outcome = Trial::new(steps).on(Toy::default());
    assert_eq!(outcome.ended.verdict, Verdict::Remains);
    assert_eq!(outcome.undone()[0].1, UndoOutcome::Remains { why: "x cannot be undone".to_owned() });
}

#[test]
fn a_command_that_was_never_executed_needs_no_undo() {
    let outcome =
        Trial::new(TWO).on(Toy::holding("a=0 b=1").with("put a", Effect::Refused(Trouble::NotTyped)));
    assert_eq!(outcome.sent(), "get a; put a 1");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("not-typed", Verdict::Undone));
    assert!(outcome.undone().is_empty());
    // No report speaks of a change, as its verdict does not.
    let summary = Summary::of(&outcome.events);
    let report = markdown::report(&summary, &Next::default());
    assert!(report.contains("**Result: a step failed; no change of this run is left**"), "{report}");
    assert!(report.contains("| Changes | 0 changes on the machine |"), "{report}");
    assert!(!report.contains("Sent:") && !report.contains("Not proven"), "{report}");
    let told = shown(&outcome.events, Detail::Steps);
    assert!(told.contains("1 finding, 0 changes, "), "{told}");
}

#[test]
fn an_unknown_outcome_is_settled_by_the_check() {
    let executed = Toy::holding("a=0 b=1").with("put a 1", Effect::Executed(Trouble::OutcomeUnknown));
    let outcome = Trial::new(TWO).on(executed);
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);

    let not_executed = Toy::holding("a=0 b=1").with("put a 1", Effect::Refused(Trouble::OutcomeUnknown));
    let outcome = Trial::new(TWO).on(not_executed);
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("not-verified", Verdict::Undone));
    assert_eq!(outcome.toy.text(), "a=0 b=1");
}

/// Which changes of a run were intended again.
fn made_again(outcome: &super::Outcome) -> Vec<String> {
    let again = |event: &'_ Event| matches!(event.event, EventKind::ChangeIntended { again: true, .. });
    let step = |event: &'_ Event| match &event.event {
        EventKind::ChangeIntended { step, .. } => Some(step.0.clone()),
        _ => None,
    };
    outcome.events.iter().filter(|event| again(event)).filter_map(step).collect()
}

#[test]
fn a_change_that_a_start_of_the_machine_took_is_made_once_more() {
    for effect in [Effect::PowerCut, Effect::Restarted] {
        let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=1").with_only(1, "put a 1", effect));
        assert_eq!(outcome.sent(), "get a; put a 1; get a; put a 1; get a; get b", "{effect:?}");
        assert_eq!(outcome.ended.verdict, Verdict::Holds, "{effect:?}");
        assert_eq!(made_again(&outcome), ["first"], "{effect:?}");

        // A machine that does that each time is not restarted for ever.
        let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=1").with("put a 1", effect));
        let sent = "get a; put a 1; get a; put a 1; get a; put a 0; get a";
        assert_eq!(outcome.sent(), sent, "{effect:?}");
        assert_eq!((outcome.failure(), outcome.ended.verdict), ("not-verified", Verdict::Undone));
    }
}

#[test]
fn without_a_start_of_the_machine_no_change_is_made_twice() {
    for effect in [Effect::Nothing, Effect::LoginAgain, Effect::Late] {
        let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=1").with("put a 1", effect));
        assert_eq!(outcome.sent(), "get a; put a 1; get a; put a 0; get a", "{effect:?}");
        assert_eq!(outcome.failure(), "not-verified", "{effect:?}");
        assert_eq!(made_again(&outcome).len(), 0, "{effect:?}");
    }
    // What was done before the machine went down, and is still there, neither.
    let toy = Toy::holding("a=0 b=1").with("put a 1", Effect::Executed(Trouble::MachineDown));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b");
    assert_eq!((outcome.ended.verdict, made_again(&outcome).len()), (Verdict::Holds, 0));
}

/// How often what was seen was read again, and how often the machine was called again.
fn looked_again(outcome: &super::Outcome) -> (usize, usize) {
    let count =
        |wanted: fn(&EventKind) -> bool| outcome.events.iter().filter(|event| wanted(&event.event)).count();
    (
        count(|event| matches!(event, EventKind::ReadAgain { .. })),
        count(|event| matches!(event, EventKind::CalledAgain { .. })),
    )
}

#[test]
fn what_earlier_steps_changed_may_be_lost_with_a_start_as_well() {
    // A start that is noticed, and one that is not: what was proven before is looked at, and holds.
    for effect in [Effect::Restarted, Effect::PowerCut] {
        let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=0").with_only(1, "put b 1", effect));
        assert_eq!(
            outcome.sent(),
            "get a; put a 1; get a; get b; put b 1; get a; get b; put b 1; get b",
            "{effect:?}"
        );
        assert_eq!(outcome.ended.verdict, Verdict::Holds, "{effect:?}");
        assert_eq!(made_again(&outcome), ["second"], "{effect:?}");
        assert_eq!(looked_again(&outcome), (1, 0), "{effect:?}");
    }
    // A machine that does that each time is not started for ever: all is taken back.
    let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=0").with("put b 1", Effect::PowerCut));
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("keeps-restarting", Verdict::Undone));
    assert_eq!((outcome.toy.text().as_str(), looked_again(&outcome)), ("a=0 b=0", (2, 0)));
}

#[test]
fn a_change_that_a_start_between_two_steps_took_is_made_again() {
    for (toy, called, again) in [
        // Nobody noticed it: the session came back for the check of the second step.
        (Toy::holding("a=0 b=1").with_only(1, "get b", Effect::Forgets("a", "0")), 0, "first"),
        (Toy::holding("a=0 b=0").with_only(1, "get b", Effect::Forgets("a", "0")), 0, "first"),
        // It came under a check.
        (Toy::holding("a=0 b=0").with_only(1, "get b", Effect::ForgetsUnder("a", "0")), 1, "first"),
        // Under a check, or a change, with a bug check that stands there for a while.
        (Toy::holding("a=0 b=0").with_only(1, "get b", Effect::BugCheck("a", "0")), 2, "first"),
        (Toy::holding("a=0 b=0").with_only(1, "put b 1", Effect::BugCheck("a", "0")), 1, "first second"),
    ] {
        let outcome = Trial::new(TWO).on(toy);
        assert_eq!(outcome.ended.verdict, Verdict::Holds, "{}", outcome.sent());
        assert_eq!(outcome.toy.text(), "a=1 b=1", "{}", outcome.sent());
        assert_eq!(made_again(&outcome).join(" "), again, "{}", outcome.sent());
        assert_eq!(looked_again(&outcome), (1, called), "{}", outcome.sent());
        assert_eq!(outcome.sent().matches("put a 1").count(), 2, "{}", outcome.sent());
        let text = shown(&outcome.events, Detail::Steps);
        assert!(text.contains("\n  again     the machine may have started"), "{text}");
        let report = markdown::report(&Summary::of(&outcome.events), &Next::default());
        assert!(report.contains("the machine may have started meanwhile: what was done was"), "{report}");
        assert!(text.contains("\n  changed   a is 1") && !text.contains("    changed"), "{text}");
    }
}

#[test]
fn a_read_that_is_cut_off_is_sent_again() {
    for trouble in [Trouble::MachineDown, Trouble::OutcomeUnknown] {
        let toy = Toy::holding("a=1 b=1").with_only(2, "get a", Effect::Refused(trouble));
        let outcome = Trial::new(TWO).on(toy);
        assert_eq!(outcome.sent(), "get a; get a; get a; get b", "{trouble:?}");
        assert_eq!((outcome.ended.verdict, looked_again(&outcome)), (Verdict::Holds, (0, 2)), "{trouble:?}");
    }
    // Not for ever.
    let toy = Toy::holding("a=1 b=1").with("get a", Effect::Refused(Trouble::MachineDown));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.sent(), "get a; get a; get a");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("machine-down", Verdict::Unreachable));
    // A line that could not be made anew was waited for already, and what changes something is never sent again so.
    for (command, trouble) in [("get a", Trouble::LineLost), ("put a 1", Trouble::LineLost)] {
        let outcome = Trial::new(TWO).on(Toy::holding("a=0 b=1").with(command, Effect::Refused(trouble)));
        assert_eq!(outcome.sent().matches(command).count(), 1, "{command}");
        assert_eq!(looked_again(&outcome), (0, 0), "{command}");
    }
    // A look that the script calls more than one is sent once.
    let step = "  - id: look\n    title: 'a'\n    in: cmd\n    risk: change\n    run: 'get a'\n";
    let toy = Toy::holding("a=1").with_only(1, "get a", Effect::Refused(Trouble::MachineDown));
    let outcome = Trial::new(step).on(toy);
    assert_eq!((outcome.sent().as_str(), outcome.failure()), ("get a", "machine-down"));
}

#[test]
fn a_machine_that_stays_at_its_bug_check_is_awaited_for_six_minutes() {
    let mut toy = Toy::holding("a=1 b=1");
    toy.stopped = Some(tokio::time::Instant::now() + std::time::Duration::from_hours(1));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("bug-check", Verdict::Unreachable));
    let last = outcome.events.last().unwrap();
    assert!((360_000..380_000).contains(&last.ms), "{} ms", last.ms);
    assert_eq!((outcome.sent().as_str(), looked_again(&outcome)), ("", (0, 1)));
}

#[test]
fn a_session_that_was_opened_anew_on_the_same_machine_is_used_on() {
    let steps = format!("{TWO}  - id: third\n    title: 'c'\n    in: cmd\n    run: 'get c'\n");
    let toy = Toy::holding("a=0 b=0").with_only(1, "get c", Effect::LoginAgain);
    let outcome = Trial::new(&steps).on(toy);
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b; put b 1; get b; get c");
    assert_eq!((outcome.ended.verdict, looked_again(&outcome)), (Verdict::Holds, (0, 0)));
    assert!(outcome.events.iter().any(|event| matches!(event.event, EventKind::StillUp { .. })));
}

#[test]
fn what_a_block_changed_is_looked_at_again_as_well() {
    let steps = format!(
        "  - id: both\n    title: 'both'\n    block:\n{}    always:\n      - id: end\n        title: 'end'\n        in: cmd\n        run: 'get c'\n",
        TWO.trim_end().lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n") + "\n"
    );
    for command in ["get b", "get c"] {
        let toy = Toy::holding("a=0 b=0 c=1").with_only(1, command, Effect::Forgets("a", "0"));
        let outcome = Trial::new(&steps).on(toy);
        assert_eq!(outcome.ended.verdict, Verdict::Holds, "{}", outcome.sent());
        assert_eq!(outcome.toy.text(), "a=1 b=1 c=1", "{}", outcome.sent());
        assert_eq!(made_again(&outcome), ["both/first"], "{}", outcome.sent());
    }
}

#[test]
fn a_change_of_several_commands_that_a_start_took_is_taken_back_first() {
    let steps = r#"
  - id: both
    title: 'a and b are 1'
    in: cmd
    check: {run: 'list', capture: {a: 'a=(.)', b: 'b=(.)'}, holds: 'a == "1" and b == "1"'}
    change: [{run: 'put a 1'}, {run: 'put b 1'}]
    undo: [{run: 'put a {{ before.a }}'}, {run: 'put b {{ before.b }}'}]
    finding: {severity: error, text: 'it is not so'}
"#;
    let outcome = Trial::new(steps).on(Toy::holding("a=0 b=5").with_only(1, "put b 1", Effect::Restarted));
    assert_eq!(outcome.sent(), "list; put a 1; put b 1; list; put a 0; put b 5; put a 1; put b 1; list");
    assert_eq!((outcome.ended.verdict, made_again(&outcome)), (Verdict::Holds, vec!["both".to_owned()]));
    // Nothing could take back the first one: only what may be missing is sent again.
    let text = "undo: [{run: 'put a {{ before.a }}'}, {run: 'put b {{ before.b }}'}]";
    let steps = steps.replace(text, "undo: none\n    why: 'nobody knows'");
    let outcome = Trial::new(&steps).on(Toy::holding("a=0 b=5").with_only(1, "put b 1", Effect::Restarted));
    assert_eq!(outcome.sent(), "list; put a 1; put b 1; list; put b 1; list");
    assert_eq!((outcome.ended.verdict, made_again(&outcome)), (Verdict::Holds, vec!["both".to_owned()]));
}

#[test]
fn a_command_that_took_too_long_may_have_changed_something() {
    let toy = Toy::holding("a=0 b=1").with("put a 1", Effect::Executed(Trouble::TimedOut));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.sent(), "get a; put a 1; put a 0; get a");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("timed-out", Verdict::Undone));
}

#[test]
fn who_had_too_little_time_is_told_what_gives_more() {
    let timed_out = || Toy::holding("a=1").with("get a", Effect::Refused(Trouble::TimedOut));
    for (key, help) in [
        ("risk: read", "allow more with --timeout"),
        ("timeout: 5s", "allow the step more with `timeout`"),
        ("within: 5s", "allow the step look more with `within`"),
        ("within: 2m", "allow more with --timeout"),
    ] {
        let step = format!("  - id: look\n    title: 'a'\n    in: cmd\n    {key}\n    run: 'get a'\n");
        let outcome = Trial::new(&step).on(timed_out());
        let failure = outcome.ended.failure.unwrap();
        assert_eq!(failure.help.as_deref(), Some(help), "{key}");
    }
}

#[test]
fn a_lost_line_leaves_what_was_changed_and_says_so() {
    let toy = Toy::holding("a=0 b=5").with("put b 1", Effect::Executed(Trouble::LineLost));
    let outcome = Trial::new(TWO).on(toy);
    assert_eq!(outcome.ended.verdict, Verdict::Remains);
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b; put b 1", "nothing is sent on a lost line");
    assert!(outcome.undone().is_empty(), "nothing is tried that cannot be sent: resume or undo go on");
    assert!(!outcome.toy.closed);
    let open = outcome.events.iter().any(|event| {
        matches!(&event.event, EventKind::SessionClosed { channel: ChannelLeft::Open { why } } if why.contains("may still be logged in"))
    });
    assert!(open);
}

#[test]
fn a_line_lost_before_any_change_is_an_unreachable_machine() {
    for (trouble, verdict) in [
        (Trouble::LineLost, Verdict::Unreachable),
        (Trouble::MachineDown, Verdict::Unreachable),
        (Trouble::LoginRefused, Verdict::LoginRefused),
    ] {
        let outcome = Trial::new(TWO).on(Toy::holding("a=1 b=5").with("get b", Effect::Refused(trouble)));
        assert_eq!(outcome.ended.verdict, verdict, "{trouble:?}");
    }
}

#[test]
fn diagnose_goes_on_after_a_failure() {
    let outcome =
        Trial::new(TWO).diagnose().on(Toy::holding("b=5").with("get a", Effect::Refused(Trouble::TimedOut)));
    assert_eq!(outcome.steps(), "first failed; second not-held");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("timed-out", Verdict::Undone));
}

#[test]
fn nothing_is_changed_unless_its_undo_was_saved() {
    let steps = r"
  - id: only
    title: 'a is 1'
    in: cmd
    check: {run: 'get a', holds: 'rc == 0'}
    save: {run: 'get old', capture: {old: '^old=(.*)$'}}
    change: {run: 'put a 1'}
    undo: {run: 'put old {{ before.old }}'}
    finding: {severity: error, text: 'it is not so'}
";
    let outcome = Trial::new(steps).on(Toy::default());
    assert_eq!((outcome.sent().as_str(), outcome.failure()), ("get a; get old", "not-saved"));
    assert_eq!(outcome.ended.verdict, Verdict::Undone);

    let outcome = Trial::new(steps).on(Toy::holding("old=7"));
    assert_eq!(outcome.sent(), "get a; get old; put a 1; get a");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
}

#[test]
fn an_undo_that_cannot_be_typed_stops_the_change() {
    let outcome = Trial::new(TWO).on(Toy::holding("a=1"));
    assert_eq!(outcome.sent(), "get a; get b", "before.b has no value, so nothing could take b back");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("template", Verdict::Undone));
}

#[test]
fn a_slow_service_is_tried_again_after_the_change_only() {
    let steps = r#"
  - id: only
    title: 'it runs'
    in: cmd
    check:
      run: 'slow service'
      capture: {state: '^service=(.*)$'}
      holds: 'state | default("") == "running"'
      retry: {times: 5, every: 10s}
    change: {run: 'put started 1'}
    undo: {run: 'drop started'}
    finding: {severity: error, text: 'it is not so'}
"#;
    let outcome = Trial::new(steps).on(Toy { slow_looks: 4, ..Toy::default() });
    assert_eq!(outcome.sent(), "slow service; put started 1; slow service; slow service; slow service");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
    let last = outcome.events.last().map(|event| event.ms);
    assert_eq!(last, Some(20_500), "two pauses of 10 s, five commands");
}

#[test]
fn a_look_that_finds_something_remains_a_finding() {
    let steps = r#"
  - id: look
    title: 'a is 1'
    in: cmd
    run: 'get a'
    capture: {a: '^a=(.*)$'}
    holds: 'a == "1"'
    finding: {severity: SEVERITY, text: 'a is {{ a }}'}
"#;
    for (severity, verdict) in
        [("info", Verdict::Holds), ("warning", Verdict::Findings), ("error", Verdict::Findings)]
    {
        let outcome = Trial::new(&steps.replace("SEVERITY", severity)).on(Toy::holding("a=2"));
        assert_eq!(outcome.found(), [format!("{severity}: a is 2")]);
        assert_eq!(outcome.ended.verdict, verdict, "{severity}");
    }
}

const LOOP: &str = r#"
params:
  names: {type: list, default: ['a', 'b', 'a'], about: 'what must be 1'}
steps:
  - id: each
    title: '{{ name }} is 1'
    for_each: {name: 'names'}
    when: 'name != "skipped"'
    in: cmd
    check: {run: 'get {{ name }}', capture: {value: '=(.*)$'}, holds: 'value | default("") == "1"'}
    change: {run: 'put {{ name }} 1'}
    undo: {run: 'drop {{ name }}'}
    finding: {severity: error, text: 'it is not so'}
  - id: after
    title: 'changed'
    when: 'steps.each.changed'
    in: cmd
    run: 'list'
"#;

#[test]
fn a_loop_runs_its_step_for_each_item() {
    let outcome = Trial::new(LOOP).on(Toy::holding("a=1"));
    assert_eq!(outcome.steps(), "each[a] held; each[b] changed; each[a #2] held; after looked");
    let outcome = Trial::new(LOOP).param("names", "a,skipped").on(Toy::holding("a=1"));
    assert_eq!(outcome.steps(), "each[a] held; each[skipped] skipped; after skipped");
    let outcome = Trial::new(LOOP).param("names", "").on(Toy::holding("a=1"));
    assert_eq!(outcome.steps(), "each skipped; after skipped");
}

#[test]
fn diagnose_says_what_depends_on_a_change_it_does_not_make() {
    let outcome = Trial::new(LOOP).diagnose().on(Toy::holding("a=1"));
    assert_eq!(outcome.steps(), "each[a] held; each[b] not-held; each[a #2] held; after depends");
    assert_eq!(outcome.sent(), "get a; get b; get a");
    let outcome = Trial::new(LOOP).diagnose().on(Toy::holding("a=1 b=1"));
    assert_eq!(outcome.steps(), "each[a] held; each[b] held; each[a #2] held; after skipped");
}

const NESTED: &str = r"
params:
  wanted: {type: text, default: '1', about: 'the value'}
steps:
  - id: inner
    title: 'inner'
    use: 'other'
    with: {value: '{{ wanted }}', name: 'a'}
  - id: again
    title: 'again'
    use: 'other'
    with: {value: 'x', name: 'b'}
  - id: restart
    title: 'restarted'
    when: 'steps.inner.changed or steps.again.changed'
    reboot: {reason: 'a is read at start', within: 10m}
  - id: proof
    title: 'booted'
    in: cmd
    when: 'steps.restart.ran'
    run: 'get booted'
    holds: 'rc == 0'
    finding: {severity: error, text: 'not booted'}
";

const OTHER: &str = r#"
params:
  value: {type: text, about: 'the value'}
  name: {type: text, about: 'the name'}
steps:
  - id: set
    title: '{{ name }} is {{ value }}'
    in: cmd
    check: {run: 'get {{ name }}', capture: {now: '=(.*)$'}, holds: 'now | default("") == value'}
    change: {run: 'put {{ name }} {{ value }}'}
    undo: {run: 'put {{ name }} {{ before.now | default("none") }}'}
    finding: {severity: error, text: 'it is not so'}
"#;

#[test]
fn scripts_use_scripts_with_their_own_names() {
    let outcome = Trial::new(NESTED).script("other", OTHER).on(Toy::holding("a=0 b=x"));
    assert_eq!(
        outcome.steps(),
        "inner/set changed; inner changed; again/set held; again held; restart restarted; proof held"
    );
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b; REBOOT; get booted");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
}

#[test]
fn diagnose_of_a_script_that_restarts() {
    let outcome = Trial::new(NESTED).script("other", OTHER).diagnose().on(Toy::holding("a=0 b=x"));
    assert_eq!(
        outcome.steps(),
        "inner/set not-held; inner not-held; again/set held; again held; restart depends; proof depends"
    );
    assert_eq!(outcome.sent(), "get a; get b");
    let healthy = Trial::new(NESTED).script("other", OTHER).diagnose().on(Toy::holding("a=1 b=x"));
    assert_eq!(healthy.ended.verdict, Verdict::Holds);
}

#[test]
fn a_machine_that_does_not_come_back_leaves_its_changes() {
    let outcome = Trial::new(NESTED).script("other", OTHER).on(Toy::holding("a=0 b=x no-boot=1"));
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("unreachable", Verdict::Remains));
    assert!(outcome.sent().ends_with("REBOOT"));
}

#[test]
fn a_stop_lets_a_change_finish_and_keeps_it() {
    let outcome = Trial::new(TWO).stopped_at("put a 1", OnInterrupt::Keep).on(Toy::holding("a=0 b=5"));
    assert_eq!(outcome.sent(), "get a; put a 1; get a", "proven, and nothing begun");
    assert_eq!(outcome.ended.verdict, Verdict::Interrupted);
    assert_eq!(outcome.toy.text(), "a=1 b=5");
    assert!(outcome.toy.closed);
}

#[test]
fn a_stop_before_a_change_prevents_it() {
    let outcome = Trial::new(TWO).stopped_at("get a", OnInterrupt::Keep).on(Toy::holding("a=0 b=5"));
    assert_eq!(outcome.sent(), "get a");
    assert_eq!(outcome.steps(), "first interrupted");
    assert_eq!((outcome.ended.verdict, outcome.toy.text()), (Verdict::Interrupted, "a=0 b=5".to_owned()));
}

#[test]
fn a_stop_takes_changes_back_when_that_is_wanted() {
    let outcome = Trial::new(TWO).stopped_at("get b", OnInterrupt::Undo).on(Toy::holding("a=0 b=5"));
    assert_eq!(outcome.sent(), "get a; put a 1; get a; get b; put a 0; get a");
    assert_eq!((outcome.ended.verdict, outcome.toy.text()), (Verdict::Interrupted, "a=0 b=5".to_owned()));
}

#[test]
fn intent_and_outcome_stand_around_every_change() {
    let outcome = Trial::new(TWO).on(Toy::holding("b=1"));
    let kinds: Vec<String> = outcome
        .events
        .iter()
        .map(|event| {
            serde_json::to_value(&event.event).unwrap()["type"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    let at = |kind: &str| kinds.iter().position(|known| known == kind).unwrap();
    let change = outcome
        .events
        .iter()
        .position(|event| {
            matches!(&event.event, EventKind::CommandStarted { command, .. } if command.text == "put a 1")
        })
        .unwrap();
    assert!(at("change-intended") < change && change < at("change-verified"));
    assert!(outcome.events[change].event.is_durable() && outcome.events[change + 1].event.is_durable());
}

#[test]
fn no_secret_is_told() {
    let steps = r"
params:
  key: {type: secret, about: 'a key'}
steps:
  - id: only
    title: 'the key is kept'
    in: cmd
    check: {run: 'get key', capture: {now: '^key=(.*)$'}, holds: 'now is endingwith ''x'''}
    change: {run: 'put key {{ now }}x'}
    undo: {run: 'put key {{ before.now }}'}
    finding: {severity: error, text: 'the key is {{ now }}'}
";
    let outcome = Trial::new(steps).secret("key", "Tr0ub4dor").on(Toy::holding("key=Tr0ub4dor"));
    assert_eq!(outcome.toy.text(), "key=Tr0ub4dorx", "the machine gets what was meant");
    assert!(!outcome.journal.contains("Tr0ub"), "{}", outcome.journal);
    assert!(outcome.journal.contains("put key ‹secret key›x"));
    let report = markdown::report(&Summary::of(&outcome.events), &Next::default());
    assert!(!report.contains("Tr0ub") && report.contains("‹secret key›"), "{report}");
}

#[test]
fn a_step_that_uses_a_value_that_is_not_there_fails() {
    let steps = r"
  - id: look
    title: 'look'
    in: cmd
    run: 'get a'
    capture: {a: '^a=(.*)$'}
  - id: second
    title: 'second'
    in: cmd
    run: 'get {{ steps.look.a }}'
";
    let outcome = Trial::new(steps).on(Toy::default());
    assert_eq!(outcome.steps(), "look looked; second failed");
    assert_eq!((outcome.failure(), outcome.ended.verdict), ("template", Verdict::Undone));
    let outcome = Trial::new(steps).on(Toy::holding("a=x x=1"));
    assert_eq!(outcome.sent(), "get a; get x");
}

#[test]
fn events_and_reports_of_whole_runs() {
    let broken = || Toy::holding("a=0 b=5");
    for (name, outcome) in [
        ("repaired", Trial::new(TWO).on(broken())),
        ("undone", Trial::new(TWO).on(broken().with("put b 1", Effect::Code(5)))),
        ("diagnosed", Trial::new(TWO).diagnose().on(broken())),
        ("nested", Trial::new(NESTED).script("other", OTHER).on(Toy::holding("a=0 b=x"))),
    ] {
        golden(&format!("{name}.jsonl"), &outcome.journal);
        let summary = Summary::of(&outcome.events);
        let next = Next::of(std::path::Path::new("run-1"), &Past::of(&outcome.events, &Masks::default()));
        golden(&format!("{name}.md"), &markdown::report(&summary, &next));
        golden(&format!("{name}.xml"), &junit::report(&summary));
        golden(&format!("{name}.txt"), &shown(&outcome.events, Detail::Steps));
        golden(&format!("{name}-quiet.txt"), &shown(&outcome.events, Detail::Quiet));
        golden(&format!("{name}-verbose.txt"), &shown(&outcome.events, Detail::Output));
        golden(&format!("{name}.json"), &(serde_json::to_string_pretty(&summary).unwrap() + "\n"));
        let statuses = outcome.events.iter().filter(|event| {
            matches!(event.event, EventKind::StepFinished { status: StepStatus::Interrupted, .. })
        });
        assert_eq!(statuses.count(), 0);
        assert!(outcome.events.iter().all(|event| Duration::from_millis(event.ms) < Duration::from_mins(5)));
    }
}

/// What a person sees of a run, from its events.
pub(super) fn shown(events: &[Event], detail: Detail) -> String {
    let page = Page::default();
    let mut terminal = Terminal::new(page.clone(), Paint::Plain, detail);
    for event in events {
        terminal.hear(event);
    }
    page.text()
}

#[derive(Clone, Default)]
pub(super) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    /// What is on it.
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_event_is_documented() {
    let told = include_str!("../../../docs/events.md");
    let source = include_str!("../../../src/engine/event.rs");
    let kinds = source.split("pub enum EventKind {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let names = kinds.lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?.split([' ', ',', '{']).next()?;
        name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
    });
    let kebab = |name: &str| {
        name.chars().fold(String::new(), |text, c| {
            let dash = if c.is_ascii_uppercase() && !text.is_empty() { "-" } else { "" };
            format!("{text}{dash}{}", c.to_ascii_lowercase())
        })
    };
    let names: Vec<String> = names.map(kebab).filter(|name| name != "unknown").collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(told.contains(&format!("| `{name}` |")), "docs/events.md says nothing of `{name}`");
    }
    let example = told.lines().find(|line| line.starts_with("{\"v\"")).unwrap();
    let event: Event = serde_json::from_str(example).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), example);
}
