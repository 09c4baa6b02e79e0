//! The whole repair over the serial console in Azure, in every way in which its gateway may behave.

use sacpilot::engine::Verdict;

use super::Case;

/// Whatever the gateway does, the run comes to the same end without losing its session.
const MODES: [&str; 10] = [
    "frames=text",
    "frames=binary",
    "frames=mixed&cut=1",
    "cut=3&invalid",
    "silent-first",
    "idle=60&ping=10",
    "refuse=502:2&slow-upgrade=15",
    "replay=60000&cut=100000",
    "cap=2048",
    // Of two equal neighbours in one message the second is lost; the echo of the first takes longer than 2 ms.
    "doubled=2",
];

fn repaired(modes: &[&'static str]) {
    for mode in modes {
        let case = Case::run("rdp-internal-error").behind_azure(mode);
        let case = if mode.starts_with("doubled") { case.with("baud", "9600") } else { case };
        let outcome = case.done();
        assert_eq!(outcome.ended.verdict, Verdict::Holds, "{mode}: {:?}", outcome.ended.failure);
        assert_eq!(outcome.rdp, Ok(()), "{mode}");
        assert_eq!(outcome.left, "", "{mode}");
    }
}

#[test]
fn frames_of_every_kind() {
    repaired(&MODES[..5]);
}

#[test]
fn sessions_of_every_kind() {
    repaired(&MODES[5..]);
}
