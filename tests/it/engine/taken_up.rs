//! Runs whose program died, or whose user stopped them, and that are taken up again: they come to the end of an undisturbed
//! run.

use sacpilot::engine::event::{Again, StepStatus};
use sacpilot::engine::{EventKind, Masks, NotAgain, OnInterrupt, Past, Trouble, Verdict};

use super::kinds::{FAILS, block, look, one};
use super::toy::{Effect, Fault, Toy};
use super::{Program, Trial};

const ANY: &str = "facts.run != \"x\"";

fn ends(event: &EventKind, path: &str) -> bool {
    matches!(event, EventKind::StepFinished { step, .. } if step.0 == path)
}

fn not_again(program: &Program) -> &'static str {
    Past::of(&program.events(), &Masks::default())
        .can_resume()
        .map_or_else(|error| NotAgain::code(&error), |()| "")
}

/// The line was lost under a step whose changes stay, inside of another one: the rest of that is done.
#[test]
fn what_follows_a_step_inside_another_one_that_was_cut_off_is_done() {
    let stops = look("s", ANY)
        .replace("    in: cmd", "    on_failure: stop\n    in: cmd")
        .replace("'list'", "'get s'");
    let steps =
        block(&(one("a", "a", "") + &stops + &one("c", "c", "")), "", "") + &look("after", "steps.c.changed");
    let toy = Toy::holding("a=0 c=0 s=1").with_only(1, "get s", Effect::Refused(Trouble::LineLost));
    let cut = Trial::new(&steps).begun(toy, |_| false);
    assert_eq!(cut.events().len(), cut.events().last().unwrap().seq as usize);
    let outcome = cut.again(Again::Resume).outcome();
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=1 c=1 s=1", Verdict::Holds));
    assert!(
        outcome.steps().ends_with("blk/s looked; blk/c changed; blk changed; after looked"),
        "{}",
        outcome.steps()
    );
    assert_eq!(outcome.sent().matches("put a 1").count(), 1);
}

/// The user wanted all to be taken back, and the program died over that: only `undo` goes on.
#[test]
fn a_run_that_was_being_taken_back_does_not_go_on() {
    let steps = one("a", "a", "") + &one("b", "b", "") + &one("c", "c", "");
    let toy = || Toy::holding("a=0 b=0 c=0");
    let stopped = || Trial::new(&steps).stopped_at("put b 1", OnInterrupt::Undo);
    let died = stopped().begun(toy(), |event| matches!(event, EventKind::UndoFinished { .. }));
    assert_eq!(died.toy.text(), "a=1 b=0 c=0");
    assert_eq!(not_again(&died), "run-taken-back");
    let outcome = died.again(Again::Undo).outcome();
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=0 b=0 c=0", Verdict::TakenBack));
    // Nothing was taken back yet.
    let died = stopped().begun(toy(), |event| matches!(event, EventKind::Interrupted));
    let outcome = died.again(Again::Resume).outcome();
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=1 b=1 c=1", Verdict::Holds));
    assert_eq!(outcome.sent().matches("put b 1").count(), 1, "{}", outcome.sent());
}

/// A step failed, and the program died over taking all back: that is gone on with.
#[test]
fn a_run_that_failed_goes_on_taking_back() {
    let steps = one("a", "a", "") + &one("b", "b", "") + FAILS;
    let died = Trial::new(&steps)
        .begun(Toy::holding("a=0 b=0"), |event| matches!(event, EventKind::UndoFinished { .. }));
    let outcome = died.again(Again::Resume).outcome();
    assert_eq!((outcome.toy.text().as_str(), outcome.failure()), ("a=0 b=0", "exit-code"));
    assert_eq!(outcome.ended.verdict, Verdict::Undone);
}

/// `undo` was called, and nothing was taken back: the run can still go on.
#[test]
fn an_undo_that_could_not_begin_keeps_nobody_from_going_on() {
    let steps = one("a", "a", "") + &one("b", "b", "");
    let died = Trial::new(&steps).begun(Toy::holding("a=0 b=0"), |event| ends(event, "a"));
    let Program { trial, mut toy, .. } = died;
    toy.closed = false;
    let ended =
        trial.program(&mut toy, Some(Again::Undo), |event| matches!(event, EventKind::RunResumed { .. }));
    let outcome = Program { trial, toy, ended }.again(Again::Resume).outcome();
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=1 b=1", Verdict::Holds));
}

/// `always` took back what the block needs: that is done again, and so is `always` at its end.
#[test]
fn a_block_that_was_stopped_is_done_anew_with_its_end() {
    let unload = one("unload", "h", "").replace("== \"1\"", "== \"0\"").replace("put h 1", "put h 0");
    let inside = one("load", "h", "") + &one("a", "a", "") + &one("b", "b", "");
    let steps = block(&inside, "", &unload) + &look("after", "steps.b.changed and steps.unload.changed");
    let undisturbed = Trial::new(&steps).on(Toy::holding("a=0 b=0 h=0"));
    assert_eq!((undisturbed.toy.text().as_str(), undisturbed.ended.verdict), ("a=1 b=1 h=0", Verdict::Holds));
    let stopped = || Trial::new(&steps).stopped_at("put a 1", OnInterrupt::Keep);
    let everywhere: [fn(&EventKind) -> bool; 4] = [
        |_| false,
        |event| matches!(event, EventKind::Tidying { .. }),
        |event| matches!(event, EventKind::CommandStarted { command, .. } if command.text == "put h 0"),
        |event| ends(event, "blk/unload"),
    ];
    for (number, dies) in everywhere.into_iter().enumerate() {
        let outcome = stopped().begun(Toy::holding("a=0 b=0 h=0"), dies).again(Again::Resume).outcome();
        let sent = outcome.sent();
        assert_eq!(
            (outcome.toy.text().as_str(), outcome.ended.verdict),
            ("a=1 b=1 h=0", Verdict::Holds),
            "{number}: {sent}"
        );
        assert!(outcome.steps().ends_with("blk changed; after looked"), "{number}: {}", outcome.steps());
        assert_eq!(sent.matches("put a 1").count(), 1, "{number}: {sent}");
        let (load, b) = (sent.rfind("put h 1").unwrap(), sent.find("put b 1").unwrap());
        assert!(load < b && b < sent.rfind("put h 0").unwrap(), "{number}: {sent}");
    }
}

/// A command that ended with a code that its script does not take is a failure, whichever program hears of it.
#[test]
fn a_refused_code_is_one_when_the_run_is_taken_up_again() {
    let two = "  - id: two\n    title: 'two'\n    in: cmd\n    check: {run: 'get a', holds: 'rc == 0 and output == \"never\"'}\n    change: [{run: 'put x 1'}, {run: 'put y 1'}]\n    undo: [{run: 'drop x', codes: [0, 1]}, {run: 'drop y', codes: [0, 1]}]\n    finding: {severity: error, text: 'no'}\n";
    let toy = || Toy::holding("a=0").with("put x 1", Effect::Code(5));
    let undisturbed = Trial::new(two).on(toy());
    assert_eq!(undisturbed.sent(), "get a; put x 1; drop x; drop y; get a");
    let everywhere: [fn(&EventKind) -> bool; 2] = [
        |event| matches!(event, EventKind::CommandFinished { code: 5, .. }),
        |event| matches!(event, EventKind::StepFailed { .. }),
    ];
    for dies in everywhere {
        let outcome = Trial::new(two).begun(toy(), dies).again(Again::Resume).outcome();
        assert_eq!(outcome.sent(), "get a; put x 1; drop x; drop y; get a");
        assert_eq!((outcome.failure(), outcome.ended.verdict), ("exit-code", Verdict::Undone));
        assert_eq!(outcome.ended.failure, undisturbed.ended.failure);
    }
    // Its receipt alone tells of it.
    let died = Trial::new(two).begun(
        toy(),
        |event| matches!(event, EventKind::CommandStarted { command, .. } if command.text == "put x 1"),
    );
    let Program { trial, mut toy, .. } = died;
    toy.sent.push("put x 1".to_owned());
    toy.receipts.insert(1, 5);
    let outcome = Program { trial, toy, ended: None }.again(Again::Resume).outcome();
    assert_eq!(outcome.sent(), "get a; put x 1; drop x; drop y; get a");
    assert_eq!(outcome.failure(), "exit-code");
}

/// What a run comes to is the same, whichever program saw that a step inside of another one failed, or found something.
#[test]
fn failures_and_findings_inside_a_step_that_ended_count_once() {
    let goes_on = FAILS.replace("    in: cmd\n", "    on_failure: continue\n    in: cmd\n");
    let looks = "  - id: l\n    title: 'l'\n    in: cmd\n    run: 'get a'\n    holds: 'rc == 5'\n    finding: {severity: error, text: 'l'}\n";
    // Found in a block that was saved: nothing of it counts.
    let saved = block(&(looks.to_owned() + FAILS), &look("r", ANY), "");
    let none_back = FAILS
        .replace("undo: {run: 'list'}", "undo: none\n    why: 'it stays'")
        .replace("nonsense", "put a 5");
    let remains = block(&none_back, &look("r", ANY), "");
    for (inside, mode, verdict) in [
        (goes_on.clone(), "run", Verdict::Findings),
        (looks.to_owned(), "run", Verdict::Findings),
        (looks.to_owned(), "diagnose", Verdict::Findings),
        (saved, "run", Verdict::Holds),
        (remains, "run", Verdict::Remains),
        (
            "  - id: l\n    title: 'l'\n    in: cmd\n    run: 'get {{ steps.none.x }}'\n"
                .replace("steps.none.x", "facts.computer_name"),
            "diagnose",
            Verdict::Undone,
        ),
        (goes_on, "diagnose", Verdict::Findings),
    ] {
        let trial = || {
            let trial =
                Trial::new(&("  - id: u\n    title: 'u'\n    use: deep\n".to_owned() + &look("after", ANY)))
                    .script("deep", &inside);
            if mode == "diagnose" { trial.diagnose() } else { trial }
        };
        let undisturbed = trial().on(Toy::holding("a=0"));
        assert_eq!(undisturbed.ended.verdict, verdict, "{mode}: {inside}");
        let outcome =
            trial().begun(Toy::holding("a=0"), |event| ends(event, "u")).again(Again::Resume).outcome();
        assert_eq!(outcome.ended, undisturbed.ended, "{mode}: {inside}");
    }
}

/// A step of a block that is done for each item of a list is known to later steps as a whole.
#[test]
fn a_loop_inside_a_block_that_ended_is_recalled() {
    let set = "  - id: set\n    title: '{{ n }}'\n    for_each: {n: 'names'}\n    in: cmd\n    check: {run: 'get {{ n }}', capture: {v: '=(\\w+)\\s*$'}, holds: 'v | default(\"\") == \"1\"'}\n    change: {run: 'put {{ n }} 1'}\n    undo: {run: 'drop {{ n }}'}\n    finding: {severity: error, text: 'no'}\n";
    let params = "params:\n  names: {type: list, default: ['a', 'b/x'], about: 'n'}\nsteps:\n";
    let steps =
        params.to_owned() + &block(set, "", "") + &look("after", "steps.set.changed and steps.set.holds");
    let died = Trial::new(&steps).begun(Toy::default(), |event| ends(event, "blk"));
    let outcome = died.again(Again::Resume).outcome();
    assert_eq!(outcome.ended.verdict, Verdict::Holds, "{:?}", outcome.ended.failure);
    assert!(outcome.steps().ends_with("blk changed; after looked"), "{}", outcome.steps());
}

/// A step at which a block failed had no turn for those behind it, whichever program asks.
#[test]
fn the_step_at_which_a_block_failed_is_recalled_as_it_was_left() {
    let steps = block(&(one("a", "a", "") + FAILS), &look("saved", ANY), "")
        + &look("after", "not steps.fails.ran and not steps.fails.failed");
    let outcome = Trial::new(&steps)
        .begun(Toy::holding("a=0"), |event| ends(event, "blk"))
        .again(Again::Resume)
        .outcome();
    assert!(outcome.steps().ends_with("blk not-held; after looked"), "{}", outcome.steps());
}

/// What has begun is finished and proven, however many looks that takes.
#[test]
fn a_change_is_proven_though_the_user_wants_to_stop() {
    let start = "  - id: s\n    title: 's'\n    in: cmd\n    check: {run: 'slow s', capture: {v: '=(\\w+)\\s*$'}, holds: 'v == \"running\"', retry: {times: 6, every: 5s}}\n    change: {run: 'put started 1'}\n    undo: {run: 'drop started'}\n    finding: {severity: error, text: 'no'}\n";
    let toy = Toy { slow_looks: 5, ..Toy::default() };
    let outcome = Trial::new(&(start.to_owned() + &look("after", ANY)))
        .stopped_at("put started", OnInterrupt::Keep)
        .on(toy);
    assert_eq!((outcome.steps().as_str(), outcome.ended.verdict), ("s changed", Verdict::Interrupted));
    assert_eq!(outcome.toy.text(), "started=1");
}

/// A look that would be tried again is not judged since somebody wants to stop; `resume` looks again.
#[test]
fn a_look_that_is_stopped_between_two_tries_finds_nothing() {
    let slow = "  - id: s\n    title: 's'\n    in: cmd\n    run: 'slow s'\n    capture: {v: '=(\\w+)\\s*$'}\n    holds: 'v == \"running\"'\n    retry: {times: 6, every: 5s}\n    finding: {severity: error, text: 'no'}\n";
    let toy = Toy { slow_looks: 4, ..Toy::default() };
    let stopped = Trial::new(slow).stopped_at("slow s", OnInterrupt::Keep).begun(toy, |_| false);
    let finished = stopped.events();
    let interrupted = |status: &StepStatus| *status == StepStatus::Interrupted;
    assert!(
        finished.iter().any(
            |event| matches!(&event.event, EventKind::StepFinished { status, .. } if interrupted(status))
        )
    );
    let outcome = stopped.again(Again::Resume).outcome();
    assert_eq!((outcome.found().len(), outcome.ended.verdict), (0, Verdict::Holds));
}

/// The end of a block waits as long as it says, also when the user wants to stop.
#[test]
fn a_wait_at_the_end_of_a_block_is_no_busy_one() {
    let wait = "  - id: w\n    title: 'w'\n    in: cmd\n    wait: {run: 'slow s', capture: {v: '=(\\w+)\\s*$'}, holds: 'v == \"running\"', within: 1m, every: 2s}\n";
    let steps = block(&one("a", "a", ""), "", wait);
    let toy = Toy { slow_looks: 5, ..Toy::holding("a=0") };
    let outcome = Trial::new(&steps).stopped_at("put a 1", OnInterrupt::Keep).on(toy);
    assert_eq!(outcome.sent().matches("slow s").count(), 5);
    assert!(outcome.events.last().unwrap().ms > 8_000, "{} ms", outcome.events.last().unwrap().ms);
}

/// A value that was taken back came again with a start of the machine that nobody noticed, and the run went on to its end.
#[test]
fn what_was_taken_back_before_a_start_is_so_at_the_end() {
    let steps = block(&(one("a", "a", "") + FAILS), &look("saved", ANY).replace("'list'", "'get z'"), "")
        + &look("after", ANY);
    let toy = Toy {
        faults: vec![Fault { command: "get z", after: 0, times: Some(1), effect: Effect::Forgets("a", "1") }],
        ..Toy::holding("a=0")
    };
    let outcome = Trial::new(&steps).on(toy);
    assert_eq!(
        (outcome.toy.text().as_str(), outcome.ended.verdict),
        ("a=0", Verdict::Holds),
        "{}",
        outcome.sent()
    );
}

/// The line was lost when all was done but for removing what the run needed: it can go on, and says why it must.
#[test]
fn what_only_has_to_be_removed_can_be_removed_later() {
    // On the toy machine nothing can be uploaded: a journal as such a run leaves it.
    let steps = one("a", "a", "");
    let outcome = Trial::new(&steps).on(Toy::holding("a=0"));
    let mut events = outcome.events;
    for event in &mut events {
        if let EventKind::ChangeIntended { temporary, .. } = &mut event.event {
            *temporary = true;
        }
    }
    let at = events.len() - 2;
    let step = sacpilot::engine::event::StepPath("a".to_owned());
    let mut begun = events[at].clone();
    begun.event = EventKind::UndoStarted { step };
    events.insert(at, begun);
    let failure = sacpilot::engine::event::Failure {
        code: "line-lost".to_owned(),
        message: "the line was lost".to_owned(),
        help: None,
        screen: None,
        trouble: Some(Trouble::LineLost),
    };
    let last = events.len() - 1;
    events[last].event =
        EventKind::RunFinished { verdict: Verdict::Remains, exit: 6, elapsed_ms: 1, failure: Some(failure) };
    let past = Past::of(&events, &Masks::default());
    assert_eq!(past.can_resume(), Ok(()));
    assert!(past.ledger.remains());
}
