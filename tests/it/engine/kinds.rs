//! The kinds of steps beside looks and conditions, on the toy machine.

use super::Trial;
use super::runs::shown;
use super::toy::{Effect, Toy};
use sacpilot::engine::{EventKind, Trouble, Verdict};
use sacpilot::report::{Detail, Next, Summary, junit, markdown};

/// A condition: `NAME` is 1.
pub(super) fn one(id: &str, name: &str, more: &str) -> String {
    format!(
        "  - id: {id}
    title: '{name} is 1'
    in: cmd
    {more}check: {{run: 'get {name}', capture: {{v: '=(\\w+)\\s*$'}}, holds: 'v | default(\"\") == \"1\"'}}
    change: {{run: 'put {name} 1'}}
    undo: {{run: 'put {name} {{{{ before.v }}}}'}}
    finding: {{severity: error, text: '{name} is not 1'}}
"
    )
}

fn inside(text: &str) -> String {
    format!("    {}\n", text.trim_end().replace('\n', "\n    "))
}

/// A block with these steps in `block`, `rescue` and `always`.
pub(super) fn block(steps: &str, rescue: &str, always: &str) -> String {
    let mut text = "  - id: blk\n    title: 'together'\n".to_owned();
    for (key, steps) in [("block", steps), ("rescue", rescue), ("always", always)] {
        if !steps.is_empty() {
            text.extend(["    ", key, ":\n", inside(steps).as_str()]);
        }
    }
    text
}

pub(super) const FAILS: &str = "  - id: fails\n    title: 'fails'\n    in: cmd\n    check: {run: 'get f', holds: 'rc == 0'}\n    change: {run: 'nonsense'}\n    undo: {run: 'list'}\n    finding: {severity: error, text: 'f'}\n";

pub(super) fn look(id: &str, when: &str) -> String {
    format!("  - id: {id}\n    title: '{id}'\n    when: '{when}'\n    in: cmd\n    run: 'list'\n")
}

#[test]
fn a_block_that_succeeds_keeps_its_changes_and_ends_with_always() {
    let steps =
        block(&one("a", "a", ""), &look("saved", "true or failure.code == \"x\""), &one("z", "z", ""))
            + &look(
                "after",
                "steps.a.changed and steps.z.changed and not steps.saved.ran and not steps.blk.failed",
            );
    let outcome = Trial::new(&steps).on(Toy::holding("a=0 z=0"));
    assert_eq!(outcome.steps(), "blk/a changed; blk/z changed; blk changed; after looked");
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=1 z=1", Verdict::Holds));
}

#[test]
fn a_block_that_fails_takes_its_changes_back_before_rescue_and_always() {
    let rescue = look("saved", "failure.code == \"exit-code\" and failure.step == \"blk/fails\"");
    let steps = one("first", "b", "")
        + &block(&(one("a", "a", "") + FAILS + &look("never", "steps.a.ran")), &rescue, &one("z", "z", ""))
        + &look("after", "steps.blk.failed and not steps.never.ran and steps.z.changed");
    let outcome = Trial::new(&steps).on(Toy::holding("a=0 b=0 z=0"));
    assert_eq!(
        outcome.steps(),
        "first changed; blk/a changed; blk/fails failed; blk/saved looked; blk/z changed; blk not-held; after looked"
    );
    assert_eq!(outcome.toy.text(), "a=0 b=1 z=1");
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
}

#[test]
fn without_rescue_the_failure_goes_up_after_always() {
    let steps = one("first", "b", "") + &block(&(one("a", "a", "") + FAILS), "", &one("z", "z", ""));
    let outcome = Trial::new(&steps).on(Toy::holding("a=0 b=0 z=0"));
    assert_eq!(outcome.steps(), "first changed; blk/a changed; blk/fails failed; blk/z changed; blk failed");
    assert_eq!(outcome.toy.text(), "a=0 b=0 z=0");
    assert_eq!((outcome.ended.verdict, outcome.failure()), (Verdict::Undone, "exit-code"));
    // The block's own change was taken back before `always`, the others at the end.
    let sent = outcome.sent();
    assert!(sent.find("put a 0").unwrap() < sent.find("put z 1").unwrap(), "{sent}");
}

#[test]
fn always_is_done_when_the_user_stops_the_run() {
    let steps = block(&(one("a", "a", "") + &one("c", "c", "")), "", &one("z", "z", ""))
        + &look("after", "true or steps.a.ran");
    let outcome = Trial::new(&steps)
        .stopped_at("put a 1", sacpilot::engine::OnInterrupt::Keep)
        .on(Toy::holding("a=0 c=0 z=0"));
    assert_eq!(outcome.steps(), "blk/a changed; blk/z changed; blk interrupted");
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=1 c=0 z=1", Verdict::Interrupted));
}

#[test]
fn what_becomes_of_a_failure_is_the_scripts_choice() {
    for (choice, state, verdict) in [
        ("undo", "a=0 b=0", Verdict::Undone),
        ("stop", "a=1 b=0", Verdict::Remains),
        ("continue", "a=1 b=1", Verdict::Findings),
    ] {
        let fails = FAILS.replace("    in: cmd\n", &format!("    on_failure: {choice}\n    in: cmd\n"));
        let steps = one("a", "a", "") + &fails + &one("b", "b", "");
        let outcome = Trial::new(&steps).on(Toy::holding("a=0 b=0"));
        assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), (state, verdict), "{choice}");
    }
}

#[test]
fn a_step_that_goes_on_leaves_nothing_of_itself() {
    let steps = one("a", "a", "on_failure: continue\n    ") + &one("b", "b", "");
    // Its second look, the proof, fails.
    let toy = Toy {
        faults: vec![super::toy::Fault { command: "get a", after: 1, times: None, effect: Effect::Nothing }],
        ..Toy::holding("a=0 b=0")
    };
    let outcome = Trial::new(&steps).on(toy);
    assert_eq!(outcome.steps(), "a failed; b changed");
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=0 b=1", Verdict::Remains));
}

#[test]
fn a_wait_ends_when_it_holds_and_fails_when_it_does_not() {
    let wait = |within: &str| {
        format!(
            "  - id: w\n    title: 'w'\n    in: cmd\n    wait: {{run: 'slow s', capture: {{v: '=(\\w+)\\s*$'}}, holds: 'v == \"running\"', within: {within}, every: 2s}}\n"
        )
    };
    let slow = || Toy { slow_looks: 5, ..Toy::default() };
    let outcome = Trial::new(&wait("1m")).on(slow());
    assert_eq!((outcome.steps().as_str(), outcome.toy.sent.len()), ("w held", 5));
    let outcome = Trial::new(&wait("5s")).on(slow());
    assert_eq!((outcome.steps().as_str(), outcome.failure()), ("w failed", "waited"));
}

#[test]
fn deadlines_of_script_and_step_bound_every_command() {
    let wait = "  - id: w\n    title: 'w'\n    within: 3s\n    on_failure: continue\n    in: cmd\n    wait: {run: 'slow s', holds: 'rc == 7', within: 1m, every: 1s}\n";
    let outcome = Trial::new(&(wait.to_owned() + &one("a", "a", ""))).on(Toy::holding("a=0"));
    assert_eq!((outcome.steps().as_str(), outcome.toy.text().as_str()), ("w failed; a changed", "a=1"));

    let script =
        format!("within: 2s\nsteps:\n{}{}", one("a", "a", ""), wait.replace("within: 3s", "within: 1h"));
    let outcome = Trial::new("  - id: u\n    title: 'u'\n    use: deep\n")
        .script("deep", &script)
        .on(Toy::holding("a=0"));
    assert_eq!(outcome.ended.verdict, Verdict::Findings);
    let told = "error: a step failed, and the run went on: the script deep did not end within 2 s";
    assert_eq!(outcome.found(), ["error: a is not 1", told]);
    let last = outcome.ended.failure;
    assert!(last.is_none(), "{last:?}");

    let script = script.replace("    on_failure: continue\n", "");
    let outcome = Trial::new("  - id: u\n    title: 'u'\n    use: deep\n")
        .script("deep", &script)
        .on(Toy::holding("a=0"));
    // Taking back is not bound by the deadline that passed.
    assert_eq!((outcome.failure(), outcome.toy.text().as_str()), ("deadline", "a=0"));
}

#[test]
fn a_list_that_is_too_long_is_refused() {
    let steps = "  - id: l\n    title: 'l'\n    in: cmd\n    run: 'list'\n    capture: {names: {all: '^(\\w+)='}}\n  - id: e\n    title: '{{ n }}'\n    for_each: {n: 'steps.l.names'}\n    max_items: 2\n    in: cmd\n    run: 'get {{ n }}'\n";
    let outcome = Trial::new(steps).on(Toy::holding("a=1 b=2"));
    assert_eq!(outcome.steps(), "l looked; e[a] looked; e[b] looked");
    let outcome = Trial::new(steps).on(Toy::holding("a=1 b=2 c=3"));
    assert_eq!((outcome.failure(), outcome.sent().as_str()), ("too-many-items", "list"));
}

#[test]
fn a_finding_alone_is_reported_when_its_time_comes() {
    let steps = look("l", "true or facts.run == \"\"")
        + "  - id: f\n    title: 'f'\n    when: 'steps.l.rc == 0'\n    finding: {severity: warning, text: 'this is so', remedy: 'do that'}\n  - id: g\n    title: 'g'\n    when: 'steps.l.rc == 1'\n    finding: {severity: error, text: 'this is not'}\n";
    let outcome = Trial::new(&steps).on(Toy::default());
    assert_eq!(outcome.found(), ["warning: this is so"]);
    assert_eq!(
        (outcome.steps().as_str(), outcome.ended.verdict),
        ("l looked; f not-held; g skipped", Verdict::Findings)
    );
}

/// It rests on no command of its own, and what it names is true.
#[test]
fn no_report_says_that_a_finding_alone_came_from_a_command() {
    let steps = look("l", "true or facts.run == \"\"")
        + "  - id: f\n    title: 'f'\n    when: 'steps.l.rc == 0'\n    finding: {severity: warning, text: 'this is so', remedy: 'do that'}\n";
    let outcome = Trial::new(&steps).on(Toy::default());
    let summary = Summary::of(&outcome.events);
    let report = markdown::report(&summary, &Next::default());
    let told = "### this is so (warning)\n\nStep `f`.\nTold since this is true: `steps.l.rc == 0`.\n";
    assert!(report.contains(told), "{report}");
    let told = "message=\"this is so\">To do: do that</failure>";
    assert!(junit::report(&summary).contains(told), "{}", junit::report(&summary));
    let told = shown(&outcome.events, Detail::Steps);
    assert!(told.contains("this is so\n") && !told.contains("exit code"), "{told}");
}

#[test]
fn a_question_that_nobody_answers_has_its_answer_or_ends_the_run() {
    let ask = |more: &str| {
        format!(
            "  - id: q\n    title: 'q'\n    ask: {{question: 'Which?', choices: ['left', 'right']{more}}}\n"
        ) + &look("l", "steps.q.answer == \"left\"")
    };
    let outcome = Trial::new(&ask(", unattended: 'left'")).on(Toy::default());
    assert_eq!(outcome.steps(), "q looked; l looked");
    let outcome = Trial::new(&ask("")).on(Toy::default());
    assert_eq!((outcome.failure(), outcome.sent().as_str()), ("unattended", ""));
    let outcome = Trial::new(&ask("")).on(Toy { answer: Some("right".to_owned()), ..Toy::default() });
    assert_eq!(outcome.steps(), "q looked; l skipped");
}

#[test]
fn facts_are_read_once_and_only_when_they_are_mentioned() {
    let steps = look("a", "facts.run != \"x\"")
        + &look("b", "facts.rdp_port == 3389")
        + &look("c", "facts.rdp_port == 3389 and facts.elevated")
        + "  - id: d\n    title: '{{ facts.os_build | default(\"?\") }}'\n    in: cmd\n    run: 'get {{ facts.computer_name | default(\"unknown\") }}'\n";
    let toy = Toy::default();
    let outcome = Trial::new(&steps).on(toy);
    let short: Vec<&str> =
        outcome.toy.sent.iter().map(|sent| sent.rsplit(['\\', ' ']).next().unwrap()).collect();
    assert_eq!(
        short,
        ["list", "PortNumber", "list", "S-1-5-19\"", "CurrentVersion\"", "ComputerName", "unknown"]
    );
    assert_eq!(outcome.steps(), "a looked; b looked; c skipped; d looked");
}

#[test]
fn a_title_shows_the_facts_that_its_step_is_the_first_to_need() {
    let step = |id: &str, more: &str| {
        format!(
            "  - id: {id}\n    title: 'port {{{{ facts.rdp_port }}}}'\n    in: cmd\n{more}    run: 'get a'\n"
        )
    };
    for (more, title, sent) in [
        ("", "port 3389", "get a"),
        ("    when: 'facts.rdp_port == 1'\n", "port 3389", ""),
        (
            "    for_each: {port: 'facts.disk_letters'}\n",
            "port 3389",
            "echo %SystemDrive%& fsutil fsinfo drives",
        ),
    ] {
        let outcome = Trial::new(&step("first", more)).on(Toy::holding("a=1"));
        let titles: Vec<&str> = outcome
            .events
            .iter()
            .filter_map(|event| match &event.event {
                EventKind::StepStarted { title, .. } => Some(title.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(titles, [title], "{more}");
        let sent_all = &outcome.toy.sent;
        let rest: Vec<&str> =
            sent_all.iter().map(String::as_str).filter(|line| !line.contains("PortNumber")).collect();
        assert_eq!((rest.join("; ").as_str(), sent_all.len() - rest.len()), (sent, 1), "{more}");
    }
    // A machine that is gone meanwhile: the step that was to begin fails.
    let toy = Toy::holding("a=1").with("PortNumber", Effect::Refused(Trouble::LineLost));
    let outcome = Trial::new(&step("first", "")).on(toy);
    assert_eq!((outcome.steps().as_str(), outcome.failure()), ("first failed", "line-lost"));
}

/// A failure behind which the run goes on is a finding, told once: not beside what the step had found itself.
#[test]
fn a_failure_that_the_run_goes_on_after_is_a_finding() {
    let wait = "  - id: w\n    title: 'w'\n    on_failure: continue\n    in: cmd\n    wait: {run: 'get x', holds: 'rc == 0', within: 5s, every: 2s}\n";
    let fails = FAILS.replace("    in: cmd\n", "    on_failure: continue\n    in: cmd\n");
    let outcome = Trial::new(&(wait.to_owned() + &fails)).on(Toy::default());
    let told =
        "error: a step failed, and the run went on: waited 5 s for `rc == 0`, and it is still not true";
    assert_eq!(outcome.found(), [told, "error: f"]);
    assert_eq!(outcome.ended.verdict, Verdict::Findings);
    let summary = Summary::of(&outcome.events);
    assert_eq!(summary.open_findings().count(), 2);
    let report = markdown::report(&summary, &Next::default());
    assert!(report.contains("### a step failed, and the run went on: waited 5 s for"), "{report}");
}

/// A remark of the step is no finding that counts: beside it the failure is told, and no report is green.
#[test]
fn a_remark_does_not_stand_for_a_failure() {
    let fails = FAILS.replace("    in: cmd\n", "    on_failure: continue\n    in: cmd\n");
    let outcome = Trial::new(&fails.replace("severity: error", "severity: info")).on(Toy::default());
    let found = outcome.found();
    let told = "error: a step failed, and the run went on: `nonsense` ended with code 9009";
    assert!(found[0] == "info: f" && found[1].starts_with(told) && found.len() == 2, "{found:?}");
    assert_eq!(outcome.ended.verdict, Verdict::Findings);
    let report = junit::report(&Summary::of(&outcome.events));
    assert!(report.contains(" failures=\"1\" errors=\"0\""), "{report}");
}

/// What only reads comes to what a run would come to, where a failed look leads to a `rescue`.
#[test]
fn a_rescue_is_looked_at_by_those_who_only_read() {
    let wait = "  - id: w\n    title: 'w'\n    in: cmd\n    wait: {run: 'get x', holds: 'rc == 0', within: 5s, every: 2s}\n";
    let rescue = look("saved", "failure.code == \"waited\"") + &one("b", "b", "");
    let steps = block(&(wait.to_owned() + &one("never", "n", "")), &rescue, &look("z", "facts.run != \"x\""));
    let outcome = Trial::new(&steps).diagnose().on(Toy::holding("b=1"));
    assert_eq!(outcome.steps(), "blk/w failed; blk/saved looked; blk/b held; blk/z looked; blk not-held");
    assert_eq!((outcome.ended.verdict, &outcome.ended.failure), (Verdict::Holds, &None));
    let run = Trial::new(&steps).on(Toy::holding("b=1"));
    assert_eq!((run.steps(), run.ended), (outcome.steps(), outcome.ended));
    // Without one it fails, and the rest is looked at.
    let outcome = Trial::new(&(wait.to_owned() + &one("b", "b", ""))).diagnose().on(Toy::holding("b=1"));
    assert_eq!((outcome.steps().as_str(), outcome.failure()), ("w failed; b held", "waited"));
}

/// What is raised of a step that holds others is raised of those; a check reads however much its change may do.
#[test]
fn a_diagnosis_reads_nothing_whose_risk_was_raised_around_it() {
    let wait = "  - id: w\n    title: 'w'\n    in: cmd\n    risk: change\n    wait: {run: 'get w', holds: 'rc == 0', within: 1m, every: 1s}\n";
    let around = "  - id: u\n    title: 'u'\n    risk: reboot\n    use: deep\n";
    let raised = block(&look("l", "true or facts.run == \"\""), "", "").replacen(
        "title:",
        "risk: change\n    title:",
        1,
    );
    let trial = || {
        let deep = look("l", "true or facts.run == \"\"") + &one("a", "a", "");
        Trial::new(&(wait.to_owned() + around + &raised)).script("deep", &deep)
    };
    let outcome = trial().diagnose().on(Toy::holding("a=1 w=1"));
    assert_eq!(outcome.sent(), "get a");
    assert_eq!(outcome.steps(), "w depends; u/l depends; u/a held; u not-held; blk/l depends; blk not-held");
    let outcome = trial().on(Toy::holding("a=1 w=1"));
    assert_eq!(outcome.sent(), "get w; list; get a; list");
}

/// The deadline of a block is that of its steps: what deals with its failure has time, up to the deadlines around it.
#[test]
fn a_block_whose_time_is_over_is_rescued() {
    let slow = "  - id: w\n    title: 'w'\n    in: cmd\n    wait: {run: 'slow s', holds: 'rc == 7', within: 1m, every: 1s}\n";
    let rescue = look("saved", "failure.code == \"deadline\"") + &one("r", "r", "");
    let steps = block(&(one("a", "a", "") + slow), &rescue, &one("z", "z", "")).replacen(
        "title:",
        "within: 3s\n    title:",
        1,
    );
    let outcome =
        Trial::new(&(steps.clone() + &look("after", "steps.blk.failed"))).on(Toy::holding("a=0 r=0 z=0"));
    assert_eq!(
        outcome.steps(),
        "blk/a changed; blk/w failed; blk/saved looked; blk/r changed; blk/z changed; blk not-held; after looked"
    );
    assert_eq!((outcome.toy.text().as_str(), outcome.ended.verdict), ("a=0 r=1 z=1", Verdict::Holds));

    // One around the block still holds.
    let outcome = Trial::new(&format!("within: 3s\nsteps:\n{steps}")).on(Toy::holding("a=0 r=0 z=0"));
    assert_eq!(outcome.steps(), "blk/a changed; blk/w failed; blk/saved failed; blk/z changed; blk failed");
    assert_eq!((outcome.toy.text().as_str(), outcome.failure()), ("a=0 r=0 z=0", "deadline"));
}

/// What was dealt with is no failed test, nor is what is only told.
#[test]
fn a_rescued_step_and_a_remark_fail_no_test() {
    let remark = "  - id: r\n    title: 'r'\n    in: cmd\n    run: 'get none'\n    holds: 'rc == 0'\n    finding: {severity: info, text: 'there is none'}\n";
    let steps = remark.to_owned() + &block(&(one("a", "a", "") + FAILS), &one("b", "b", ""), "");
    let outcome = Trial::new(&steps).on(Toy::holding("a=0 b=0"));
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
    let report = junit::report(&Summary::of(&outcome.events));
    assert!(report.contains(" failures=\"0\" errors=\"0\""), "{report}");
    for told in [
        "<system-out>info: there is none</system-out>",
        "<system-out>failed, and the run went on: `nonsense` ended with code 9009",
    ] {
        assert!(report.contains(told), "{told}: {report}");
    }
    let report = markdown::report(&Summary::of(&outcome.events), &Next::default());
    assert!(report.contains("| Findings | 1 open, 1 repaired, 2 in what was rescued |"), "{report}");
    assert!(report.contains("### a is not 1 (error, its block was rescued)"), "{report}");
}
