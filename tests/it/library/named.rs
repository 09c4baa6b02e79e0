//! `sacpilot diagnose health -t sim:MACHINE`, the real program: it names the script for each machine with a fault.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::table::{NAMED, REFUSED, WELL};
use crate::program::Program;

/// How many machines are looked at at once: they mostly wait for their own clock.
const AT_ONCE: usize = 4;

/// Another program than the one built with the tests: `target/release/sacpilot` is five times as fast.
const OTHER: &str = "SACPILOT_PROGRAM";

#[test]
fn the_program_names_the_script_for_a_sample_of_the_machines() {
    names_the_script(9);
}

/// `.ci/run` does this with the program that it built last.
#[test]
#[ignore = "takes a minute; SACPILOT_PROGRAM=$PWD/target/release/sacpilot cargo test --test it -- --ignored library::named"]
fn the_program_names_the_script_for_every_machine() {
    names_the_script(1);
}

fn names_the_script(one_of: usize) {
    let faults = NAMED.iter().chain(REFUSED).map(|(scenario, script)| (*scenario, Some(*script)));
    let well = WELL.iter().map(|(scenario, _)| (*scenario, None));
    let machines: Vec<_> = faults.chain(well).step_by(one_of).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((scenario, script)) = machines.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(reason) = asked(scenario, *script) {
                        wrong.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Health of a machine: exit code 1 and the script, or 0.
fn asked(scenario: &str, script: Option<&str>) -> Result<(), String> {
    let (folder, own) = Program::new(&format!("diagnose health --json -t sim:{scenario}")).into_parts();
    let mut command = match std::env::var_os(OTHER) {
        None => own,
        Some(program) => {
            let mut other = Command::new(program);
            other.args(own.get_args()).current_dir(folder.path());
            other
        }
    };
    let output = command.output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stdout);
    let events = told.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let remedies: Vec<String> =
        events.filter_map(|event| event["event"]["remedy"].as_str().map(str::to_owned)).collect();
    let (expected, names) = match script {
        // What is only told, as how to look at a store without a letter, may name one.
        None => (0, true),
        Some(script) => (1, remedies.iter().any(|remedy| remedy.contains(&leads_to(script)))),
    };
    if output.status.code() != Some(expected) || !names {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{scenario}: {script:?}, but {} and {remedies:#?}\n{errors}", output.status));
    }
    Ok(())
}

/// What names this script. A disk that is not online shows nothing: there the way leads over offline/attach.
pub(super) fn leads_to(script: &str) -> String {
    if script.starts_with("offline/") { "Run offline/".to_owned() } else { format!("Run {script}") }
}
