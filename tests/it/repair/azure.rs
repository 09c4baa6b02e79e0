//! The whole repair over the serial console in Azure, in every way in which its gateway may behave.

use std::time::Duration;

use sacpilot::engine::Verdict;

use super::{Case, Outcome};

/// Whatever the gateway does, the run comes to the same end without losing its session.
const MODES: [&str; 11] = [
    "frames=text",
    "frames=binary",
    "frames=mixed&cut=1",
    "cut=3&invalid",
    "silent-first",
    "echo-token&cut=7",
    "idle=60&ping=10",
    "refuse=502:2&slow-upgrade=15",
    "replay=60000&cut=100000",
    "cap=2048",
    // Of two equal neighbours in one message the second is lost; the echo of the first takes longer than 2 ms.
    "doubled=2",
];

/// Its session ends meanwhile, and a new one begins with what was before.
const LOST: [&str; 4] = [
    // In the first commands, in a fetched output, in the restart.
    "drop=9000&replay=60000&stale=700",
    "drop=60000&replay=60000&invalid",
    // Before a ping is due, again and again: the restart is silent for longer. That is nobody else who insists.
    "idle=10&replay=60000",
    "idle=6&replay=3000&stale=1500&frames=mixed&cut=5",
];

fn repaired(mode: &'static str, case: Case) -> Outcome {
    let outcome = case.behind_azure(mode).done();
    assert_eq!(outcome.ended.verdict, Verdict::Holds, "{mode}: {:?}", outcome.ended.failure);
    assert_eq!(outcome.rdp, Ok(()), "{mode}");
    assert_eq!(outcome.left, "", "{mode}");
    assert_eq!(outcome.leaks, [""; 0], "{mode}");
    outcome
}

fn all(modes: &[&'static str]) {
    for mode in modes {
        let case = Case::run("rdp-internal-error");
        let case = if mode.starts_with("doubled") { case.with("baud", "9600") } else { case };
        assert_eq!(repaired(mode, case).reconnected, 0, "{mode}");
    }
}

#[test]
fn frames_of_every_kind() {
    all(&MODES[..6]);
}

#[test]
fn sessions_of_every_kind() {
    all(&MODES[6..]);
}

#[test]
fn a_session_that_is_lost_goes_on_in_a_new_one_and_old_output_is_not_believed() {
    let mut changes = None;
    for mode in LOST {
        let outcome = repaired(mode, Case::run("rdp-internal-error"));
        assert!(outcome.reconnected > 0, "{mode}");
        let changed = outcome.changing().len();
        assert_eq!(*changes.get_or_insert(changed), changed, "{mode}: nothing twice");
    }
}

#[test]
fn somebody_else_who_looks_does_not_end_a_run() {
    let outcome = repaired("replay=60000", Case::run("rdp-internal-error").taken(2, Duration::from_secs(20)));
    assert_eq!(outcome.reconnected, 2);
}

/// Whenever they come: between commands, or in the midst of one.
#[test]
fn whoever_insists_gets_the_console() {
    for seconds in [2, 3, 8] {
        let outcome = Case::run("rdp-internal-error")
            .behind_azure("taken=4000")
            .taken(9, Duration::from_secs(seconds))
            .done();
        // Twice it is taken back. What comes while nothing is sent may be an idle limit, and is not counted.
        assert!((2..5).contains(&outcome.reconnected), "every {seconds} s: {}", outcome.reconnected);
        let failure = outcome.ended.failure.unwrap();
        assert!(["line-lost", "outcome-unknown"].contains(&failure.code.as_str()), "{failure:?}");
        let said = "third time within five minutes, so it is left to them";
        assert!(failure.message.contains(said), "every {seconds} s: {failure:?}");
        assert_eq!(outcome.leaks, [""; 0]);
    }
}
