//! TLS on a member of a domain, through the real program: switched on, group policy paused, restarted, logged in again,
//! policy resumed and applied; and whether the domain takes it back.

use std::fmt::Write as _;
use std::fs;
use std::thread;

use sacpilot::engine::event::Purpose;
use sacpilot::engine::{EventKind, journal};

use crate::engine::golden;
use crate::program::{Program, Said};

/// What a run did, found and came to; without times.
fn story(said: &Said) -> String {
    let mut told = String::new();
    let mut command = String::new();
    let folder = said.run_folder("runs");
    for event in journal::read(&folder.join("journal.jsonl")).unwrap().events {
        let _ = match event.event {
            EventKind::CommandStarted { command: started, .. } => {
                command = started.text;
                Ok(())
            }
            EventKind::CommandFinished { step, purpose: Purpose::Change, code, .. } => {
                writeln!(told, "  {step} changes, code {code}: {command}")
            }
            EventKind::ChangeVerified { step, .. } => writeln!(told, "  {step} holds"),
            EventKind::RebootIntended { step, reason, .. } => writeln!(told, "  {step} restarts: {reason}"),
            EventKind::RebootFinished { step, .. } => writeln!(told, "  {step} has logged in again"),
            EventKind::Found { step, severity, text, remedy, .. } => {
                let remedy = remedy.map(|remedy| format!(" To do: {remedy}")).unwrap_or_default();
                writeln!(told, "  {step} found ({severity:?}): {text}.{remedy}")
            }
            EventKind::RunFinished { verdict, exit, .. } => writeln!(told, "  {verdict:?}, exit code {exit}"),
            _ => Ok(()),
        };
    }
    told
}

/// What a domain switches off is found to be off again, where the group policy client can be started and where only a
/// restart starts it; what nobody takes back stays. Left to the next restart, the run says what is to come.
#[test]
fn what_the_domain_takes_back_is_a_finding() {
    let again = "TLS 1.2 was switched off again, most likely by a domain policy";
    let later = "group policy is enabled, and applies again after the next restart of the machine";
    let cases = [
        ("tls-domain-policy", "", 1, Some(again)),
        ("tls-domain-policy-unguarded", "", 1, Some(again)),
        ("tls-domain-member", "", 0, None),
        ("tls-domain-policy", " -p group_policy=next_restart", 0, Some(later)),
    ];
    let one = |(scenario, more, code, expected): (&str, &str, i32, Option<&str>)| {
        let arguments =
            format!("run rdp-internal-error -t sim:{scenario}?start=running{more} --yes --runs-dir runs");
        let said = Program::new(&arguments).run().code(code);
        let report = fs::read_to_string(said.run_folder("runs").join("report.md")).unwrap();
        for text in [again, later] {
            let wanted = expected == Some(text);
            // A finding of the way there is told as well, where a later step took care of it.
            if text == again || wanted {
                assert_eq!(said.text().contains(text), wanted, "{arguments}: {text}\n{}", said.text());
                assert_eq!(report.contains(text), wanted, "{arguments}: {text}\n{report}");
            }
        }
        format!("{scenario}{more}\n{}\n", story(&said))
    };
    let told: Vec<String> = thread::scope(|scope| {
        let started = cases.map(|case| scope.spawn(move || one(case)));
        started.into_iter().map(|case| case.join().unwrap()).collect()
    });
    golden("domain-policy.txt", &told.concat());
}
