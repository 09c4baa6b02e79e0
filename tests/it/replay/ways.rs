//! A recording made through each way in tells the same when it is replayed as one made through `sim:`. Those through real
//! programs (null modem, ser2net, conserver, ssh) are replayed in `hw`, one of Wine's cmd in `outside`, those that the
//! Windows program makes (a named pipe, COM2) in `windows`.

use std::thread;

use crate::azure::offered_machine;
use crate::offered::{Offered, PASSWORD};
use crate::program::Program;
use crate::replay::story;

pub(crate) const RUN: &str = "run rdp/connections --yes --record session.cast --runs-dir runs";
pub(crate) const SCENARIO: &str = "rdp-denied";

/// A session through a way in, that tells what its recording does.
type Session = Box<dyn FnOnce() -> Vec<String> + Send>;

/// Runs, and tells what its recording does when it is replayed.
fn recorded(program: Program) -> Vec<String> {
    let said = program.run().code(0);
    story(&said.folder().join("session.cast"))
}

pub(crate) fn over(target: &str) -> Vec<String> {
    recorded(
        Program::new(&format!("{RUN} -t {target} --user azadmin")).variable("SACPILOT_PASSWORD", PASSWORD),
    )
}

#[test]
fn a_recording_of_each_way_in_replays_as_one_of_the_simulated_machine() {
    let expected = over(&format!("sim:{SCENARIO}"));
    assert!(expected.iter().any(|line| line.contains("change-verified")), "{expected:#?}");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let through = |listen: String, scheme: &'static str, more: &'static str| {
        move || {
            let offered = Offered::new(SCENARIO, &listen);
            let place = offered.address.split_once(':').unwrap().1;
            over(&format!("{scheme}:{place}{more}"))
        }
    };
    let ways: Vec<(&str, Session)> = vec![
        ("tcp", Box::new(through("tcp:127.0.0.1:0".to_owned(), "tcp", ""))),
        ("telnet", Box::new(through("tcp:127.0.0.1:0".to_owned(), "telnet", ""))),
        ("unix", Box::new(through(format!("unix:{}", path("socket")), "unix", ""))),
        ("pty", Box::new(through(format!("pty:{}", path("terminal")), "pty", ""))),
        ("serial", Box::new(through(format!("pty:{}", path("com1")), "serial", "?baud=9600"))),
        (
            "azure",
            Box::new(|| {
                let (offered, target) = offered_machine(SCENARIO);
                recorded(offered.program(&format!("{RUN} -t {target}")))
            }),
        ),
    ];
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = ways.into_iter().map(|(name, way)| (name, scope.spawn(way))).collect();
        running
            .into_iter()
            .filter_map(|(name, way)| {
                let told = way.join().unwrap();
                (told != expected).then(|| format!("{name}: {told:#?}"))
            })
            .collect()
    });
    assert!(wrong.is_empty(), "{}\nexpected: {expected:#?}", wrong.join("\n"));
}
