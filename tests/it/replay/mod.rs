//! Recordings, driven again: those of the repository, and fresh ones.

mod kept;
mod logs;
#[cfg(unix)]
mod lost;
#[cfg(unix)]
mod play;
#[cfg(unix)]
pub(crate) mod ways;
mod written;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Program;
use crate::repair::SECRETS;
use crate::stored::repository;

fn sacpilot() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sacpilot"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Replays; what it said and its exit code.
fn replayed(recording: &Path, arguments: &[&str]) -> (String, i32) {
    let output = sacpilot().arg("replay").arg(recording).args(arguments).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (text, output.status.code().unwrap())
}

/// What a recorded run tells when it is driven again (as recorded, or this fails), without what differs from session to
/// session: times, how the line is called, and names that are made anew each time (of sessions and runs; of a certificate
/// that the machine makes, with its serial number and hour). Such names are numbered as they come, so that who is who is
/// still compared.
pub(crate) fn story(recording: &Path) -> Vec<String> {
    let output = sacpilot().arg("replay").arg(recording).arg("--json").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}\n{}", text(&output.stdout), text(&output.stderr));
    let fresh =
        r"\b(?:[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9-]+|[0-9A-Fa-f]{40}|[0-9a-f]{32}|[0-9]{1,2}:[0-9]{2} [AP]M)\b";
    let fresh = regex::Regex::new(fresh).unwrap();
    let mut names: Vec<String> = Vec::new();
    let mut line = |line: &str| {
        let mut told: serde_json::Value = serde_json::from_str(line).unwrap();
        let event = told["event"].as_object_mut().unwrap();
        for incidental in ["elapsed_ms", "budget_ms", "up_s", "target", "session", "run", "line"] {
            event.remove(incidental);
        }
        // The length of an output counts without those names.
        if let Some(output) = event.get_mut("output") {
            let named: usize = fresh.find_iter(output["text"].as_str().unwrap()).map(|name| name.len()).sum();
            output["chars"] = (output["chars"].as_u64().unwrap() - named as u64).into();
        }
        let told = told["event"].to_string();
        let numbered = |found: &regex::Captures<'_>| {
            let name = found[0].to_lowercase();
            let number = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            format!("[NAME {number}]")
        };
        fresh.replace_all(&told, numbered).into_owned()
    };
    text(&output.stdout)
        .lines()
        .map(&mut line)
        .filter(|line: &String| !line.contains("\"type\":\"waiting\""))
        .collect()
}

/// Records a run on a simulated machine; `with` are parameters, as inside the braces of `with`.
fn record(script: &str, with: &str, target: &str, into: &Path) -> i32 {
    record_with(script, with, target, into, &[])
}

/// The same, with more arguments.
fn record_with(script: &str, with: &str, target: &str, into: &Path, more: &[&str]) -> i32 {
    let runs = tempfile::tempdir().unwrap();
    let parameters = with.split(", ").filter_map(|pair| pair.split_once(": "));
    // What the table hands over as `{{ NAME }}` is a secret that is made for tests.
    let parameters = parameters.flat_map(|(name, value)| {
        let value = value.trim_matches('\'');
        match value.strip_prefix("{{ ").and_then(|value| value.strip_suffix(" }}")) {
            Some(secret) => ["--secret".to_owned(), format!("{name}=env:SECRET_{secret}")],
            None => ["-p".to_owned(), format!("{name}={value}")],
        }
    });
    let output = sacpilot()
        .args(["run", script, "-t", target, "--yes", "-q"])
        .args(parameters)
        .args(more)
        .envs(SECRETS.map(|(name, secret)| (format!("SECRET_{name}"), secret)))
        .arg("--record")
        .arg(into)
        .arg("--runs-dir")
        .arg(runs.path())
        .output()
        .unwrap();
    output.status.code().unwrap()
}

/// A fresh recording of a short run, as lines.
fn fresh() -> (tempfile::TempDir, PathBuf, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("session.cast");
    assert_eq!(record("rdp/tls-protocols", "", "sim:rdp-internal-error", &cast), 0);
    let lines = fs::read_to_string(&cast).unwrap().lines().map(str::to_owned).collect();
    (folder, cast, lines)
}

fn write(path: &Path, lines: &[String]) {
    let mut file = fs::File::create(path).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
}

/// The first event that is of this kind and holds this text.
fn place(lines: &[String], kind: &str, text: &str) -> usize {
    let marked = format!("\"{kind}\", ");
    lines.iter().position(|line| line.contains(&marked) && line.contains(text)).unwrap()
}

#[test]
fn one_wrong_byte_a_missed_event_or_another_verdict_is_a_difference() {
    let (_folder, cast, lines) = fresh();
    let (said, code) = replayed(&cast, &[]);
    assert!(said.ends_with(" events as recorded, verdict holds\n") && code == 0, "{said}");

    // One byte that was sent is another one.
    let mut mutated = lines.clone();
    let at = place(&lines, "i", "ch -sn");
    mutated[at] = mutated[at].replace("ch -sn", "ch -si");
    write(&cast, &mutated);
    let (said, code) = replayed(&cast, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the recording differs at") && said.contains("was recorded, `"), "{said}");
    let (said, code) = replayed(&cast, &["--manner", "tolerant"]);
    assert!(code == 1 && said.contains("`ch -si"), "{said}");

    // The event that the driver waits for does not come.
    let mut mutated = lines.clone();
    let at = place(&lines, "o", "A new channel has been created.");
    mutated[at] = mutated[at].replace("A new channel has been created.", "An old channel has been created");
    write(&cast, &mutated);
    assert_eq!(replayed(&cast, &[]).1, 1);

    // The machine answers something else than what the program told then.
    let mut mutated = lines.clone();
    let at = place(&lines, "e", "change-verified");
    mutated[at] = mutated[at].replace("change-verified", "step-skipped-somehow");
    write(&cast, &mutated);
    let (said, code) = replayed(&cast, &[]);
    assert!(code == 1 && said.contains("+change-verified"), "{said}");
}

#[test]
fn a_recording_that_was_broken_off_says_so() {
    let (_folder, cast, lines) = fresh();
    write(&cast, &lines[..lines.len() * 2 / 3]);
    let (said, code) = replayed(&cast, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the recording ends there") || said.contains("-run-finished"), "{said}");
}

#[test]
fn tolerance_takes_the_same_run_too() {
    let (_folder, cast, _lines) = fresh();
    let (said, code) = replayed(&cast, &["--manner", "tolerant"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_recording_is_a_machine_for_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("exec.cast");
    let exec = |target: &str, command: &str| {
        let mut call = sacpilot();
        call.args(["exec", "-t", target]);
        if target.starts_with("sim:") {
            call.arg("--record").arg(&cast);
        }
        let output = call.args(["--", command]).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code().unwrap())
    };
    let recorded = exec("sim:healthy", "ver");
    assert_eq!(recorded.2, 0, "{}", recorded.1);
    let replay = format!("replay:{}", cast.display());
    assert_eq!(exec(&replay, "ver"), recorded);
    let (_, said, code) = exec(&replay, "vol");
    assert_eq!(code, 255);
    assert!(said.contains("error: nothing was started: lost the line to recording "), "{said}");
    assert!(said.contains("the recording differs at") && !said.contains("was started, and"), "{said}");
    // Line by line it differs at the Enter, which the recording does not take.
    let (_, said, code) = exec(&format!("{replay}?manner=tolerant"), "vol");
    assert!(code == 255 && said.contains("error: nothing was started: "), "{said}");
    let (_, said, code) = exec(&format!("{replay}?pace=soon"), "ver");
    assert!(code == 2 && said.contains("instant, real, or a number"), "{said}");
}

#[test]
fn recordings_are_shown_explained_and_looked_through() {
    let (folder, cast, _lines) = fresh();
    let (said, code) = replayed(&cast, &["--explain"]);
    assert_eq!(code, 0);
    for deed in ["the machine starts", "event: The CMD command is now available.", "login as: ", "SAC: cmd"] {
        assert!(said.contains(deed), "{deed} is missing in:\n{said}");
    }
    let (said, code) = replayed(&cast, &["--text"]);
    assert!(code == 0 && said.contains("SAC>cmd\n") && !said.contains('\u{1b}'), "{said}");
    let header = fs::read_to_string(&cast).unwrap();
    let header = header.lines().next().unwrap();
    for known in ["\"endpoint\":\"sim:rdp-internal-error\"", "\"profile\":\"2022\"", "\"user\":\"azadmin\""] {
        assert!(header.contains(known), "{header}");
    }
    let (said, code) = replayed(&cast, &["--screen-at", "0"]);
    assert_eq!((said.as_str(), code), ("\n", 0));
    let (said, code) = replayed(&cast, &["--screen-at", "no such mark"]);
    assert!(code == 2 && said.contains("its marks: `mode SAC`, `mode login`, `mode cmd`, `step "), "{said}");
    // Marks of each kind: a change of the mode, a step, a match; by their names, or by a part of them.
    for (mark, shows) in [
        ("mode SAC", "SAC>"),
        ("mode login", "Username:"),
        ("mode cmd", "\\Windows\\system32>"),
        ("match enabled", ">"),
        ("step ", ">"),
    ] {
        let (said, code) = replayed(&cast, &["--screen-at", mark]);
        assert!(code == 0 && said.trim_end().ends_with(shows), "{mark}: {said}");
    }
    let (said, code) = replayed(&cast, &["--svg", "1.2"]);
    assert!(code == 0 && said.starts_with("<svg "), "{said}");
    let (said, code) = replayed(&cast, &["--audit"]);
    assert!(code == 1 && said.contains("account: Username: "), "{said}");
    let log = folder.path().join("console.log");
    fs::write(&log, "junk\r\n*** STOP: 0x0000007B (0x0)\r\n").unwrap();
    assert_eq!(replayed(&log, &["--explain"]), ("     0.001 s  bug check 0x0000007B\n".to_owned(), 0));
    let (said, code) = replayed(&log, &[]);
    assert!(code == 2 && said.contains("holds no run of a script"), "{said}");
    Program::new("replay nowhere.cast").run().code(2);
}

#[test]
fn a_fixture_has_other_names_and_still_replays() {
    let (folder, cast, _lines) = fresh();
    let fixture = folder.path().join("fixture.cast.gz");
    let arguments = ["--save-fixture", fixture.to_str().unwrap(), "--redact", "azadmin"];
    assert_eq!(replayed(&cast, &arguments).1, 0);
    assert_eq!(replayed(&fixture, &[]).1, 0);
    let (said, _) = replayed(&fixture, &["--explain"]);
    assert!(said.contains("login as: abcdefg") && !said.contains("azadmin"), "{said}");
}

#[test]
fn a_name_in_the_output_of_a_command_is_hidden_with_its_hash_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = folder.path().join("fixture.cast");
    let arguments = ["--save-fixture", fixture.to_str().unwrap(), "--redact", "vm01"];
    let recording =
        |profile: &str| repository(&format!("tests/recordings/rdp-internal-error-{profile}.cast.gz"));
    let (said, code) = replayed(&recording("2022"), &arguments);
    assert_eq!(code, 0, "{said}");
    // The run drives it: each output is proven by its hash, and holds the other name.
    let (said, code) = replayed(&fixture, &["--json"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Subject: CN=ABcd") && !said.to_lowercase().contains("vm01"), "{said}");
    // Here the console draws only what differs from what stood there.
    let (said, code) = replayed(&recording("2016"), &arguments);
    assert!(code == 1 && said.contains("words that should be hidden are still in it "), "{code} {said}");
}

#[test]
fn a_recording_of_the_first_format_is_read() {
    let old = repository("tests/recordings/old/format-1.txt");
    let (said, code) = replayed(&old, &["--explain"]);
    assert_eq!((said.as_str(), code), ("     0.500 s  SAC shows its prompt\n     2.000 s  SAC: cmd\n", 0));
}

/// Also those that went together in one line.
#[test]
fn every_command_of_a_recorded_run_is_explained() {
    let recording = repository("tests/recordings/rdp-internal-error-2022.cast.gz");
    let (said, code) = replayed(&recording, &["--explain"]);
    assert_eq!(code, 0, "{said}");
    let output = sacpilot().arg("replay").arg(&recording).arg("--json").output().unwrap();
    let mut commands = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        if told["event"]["type"] == "command-started" {
            let command = told["event"]["command"]["text"].as_str().unwrap();
            assert!(said.contains(&format!("sacpilot runs: {command}\n")), "{command}\n{said}");
            commands += 1;
        }
    }
    assert!(commands > 40, "{commands}");
}
