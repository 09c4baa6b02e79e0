//! What is on the disk: in parts, compressed, after a kill; and what other tools make of it.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sacpilot::recording::{Import, Kind, Parts};

use super::{record_with, replayed, sacpilot};
use crate::program::Program;
use crate::stored::repository;

fn said(path: &Path) -> Vec<u8> {
    let mut said = Vec::new();
    for event in Import::new(Parts::open(path).unwrap()).unwrap() {
        if let Kind::Output(bytes) = event.unwrap().kind {
            said.extend(bytes);
        }
    }
    said
}

#[test]
fn a_recording_in_compressed_parts_replays_as_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["session.cast", "session.cast.gz"] {
        let cast = folder.path().join(name);
        let code =
            record_with("rdp/tls-protocols", "", "sim:rdp-internal-error", &cast, &["--record-rotate", "6K"]);
        assert_eq!(code, 0);
        let parts = fs::read_dir(folder.path()).unwrap().count();
        assert!(parts > 3, "{parts} files");
        let (text, code) = replayed(&cast, &[]);
        assert!(code == 0 && text.ends_with(" events as recorded, verdict holds\n"), "{name}: {text}");
        // Each part is a recording of its own, whose time begins with it.
        let second = folder.path().join(name.replace(".cast", ".2.cast"));
        let mut events = Import::new(fs::File::open(&second).unwrap()).unwrap();
        assert_eq!(events.header().sacpilot.as_ref().unwrap().part.unwrap().number, 2);
        let first = events.next().unwrap().unwrap();
        let part = events.header().sacpilot.as_ref().unwrap().part.unwrap();
        assert!(part.after_us > 0 && !said(&second).is_empty());
        assert!(first.at.as_micros() < u128::from(part.after_us) + 60_000_000);
        // Files that are joined are the recording too.
        let joined: Vec<u8> = (1..=parts as u32)
            .map(|number| sacpilot::recording::part_path(&cast, number))
            .take_while(|path| path.exists())
            .flat_map(|path| fs::read(path).unwrap())
            .collect();
        let whole = folder.path().join("whole");
        fs::write(&whole, joined).unwrap();
        assert!(said(&whole) == said(&cast));
        for entry in fs::read_dir(folder.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

/// A later recording of the same name is not continued by what an earlier one left.
#[test]
fn parts_of_another_recording_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let header = |part: &str, time: u32| {
        format!(
            "{{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":{time},\"sacpilot\":{{\"format\":2,\"tool\":\"x\",\"endpoint\":\"x\"{part}}}}}\n"
        )
    };
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("a.cast", header("", 5) + "[1, \"o\", \"one\"]\n");
    write("a.2.cast", header(",\"part\":{\"number\":2,\"after_us\":1000000}", 5) + "[1, \"o\", \" two\"]\n");
    write("a.3.cast", header(",\"part\":{\"number\":3,\"after_us\":9000000}", 4) + "[1, \"o\", \" old\"]\n");
    assert_eq!(said(&folder.path().join("a.cast")), b"one two");
    let times: Vec<f64> = Import::new(Parts::open(&folder.path().join("a.cast")).unwrap())
        .unwrap()
        .map(|event| event.unwrap().at.as_secs_f64())
        .collect();
    assert_eq!(times, [1.0, 2.0]);
}

/// Killed (SIGKILL) in the middle: what was said until then is there, plain and compressed.
#[cfg(unix)]
#[test]
fn a_killed_recording_has_a_usable_prefix() {
    for name in ["session.cast", "session.cast.gz"] {
        let folder = tempfile::tempdir().unwrap();
        let cast = folder.path().join(name);
        let mut child = sacpilot()
            .args(["run", "rdp/tls-protocols", "-t", "sim:rdp-internal-error?pace=real", "--yes", "--json"])
            .arg("--record")
            .arg(&cast)
            .arg("--runs-dir")
            .arg(folder.path().join("runs"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Something was done, and more would come.
        let mut told = String::new();
        let mut out = child.stdout.take().unwrap();
        let mut bytes = [0; 4096];
        while !told.contains("\"command-finished\"") {
            let count = out.read(&mut bytes).unwrap();
            assert!(count > 0, "it ended: {told}");
            told.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let prefix = said(&cast);
        let text = String::from_utf8_lossy(&prefix);
        assert!(text.contains("SAC>") && text.contains("Password:"), "{name}: {text}");
        let (explained, code) = replayed(&cast, &["--explain"]);
        assert!(code == 0 && explained.contains("login as: "), "{name}: {explained}");
        let (said, code) = replayed(&cast, &[]);
        assert!(code == 1 && said.contains("-run-finished") | said.contains("ends there"), "{name}: {said}");
    }
}

/// The report of a run shows the screen at the moment at which each step failed.
#[test]
fn a_failed_step_has_a_picture_in_the_report() {
    const SCRIPT: &str = "script: fails
title: 'it fails'
about: 'it fails'
source: 'a test'
steps:
  - id: never
    title: 'a step that fails <here>'
    in: cmd
    check: {run: 'echo a-text-on-the-screen', holds: 'rc != 0'}
    change: {run: 'dir nowhere'}
    undo: {run: 'ver'}
    finding: {severity: error, text: 'it fails'}
";
    let said = Program::new("run fails.yaml -t sim:healthy --yes --runs-dir runs")
        .file("fails.yaml", SCRIPT)
        .run()
        .code(5);
    let folder = said.run_folder("runs");
    let report = fs::read_to_string(folder.join("report.md")).unwrap();
    assert!(
        report.contains("## Screens of failed steps\n") && report.contains("![never](failed-1.svg)"),
        "{report}"
    );
    let picture = fs::read_to_string(folder.join("failed-1.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("File Not Found"), "{picture}");
    let json = fs::read_to_string(folder.join("report.json")).unwrap();
    assert!(json.contains("\"picture\": \"failed-1.svg\""), "{json}");
}

#[test]
fn asciinema_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("session.cast");
    assert_eq!(record_with("rdp/tls-protocols", "", "sim:rdp-internal-error", &cast, &[]), 0);
    // It wants a terminal: `script` gives it one.
    let cat = format!("asciinema cat {}", cast.display());
    let output = Command::new("script").args(["-qec", &cat, "/dev/null"]).stdin(Stdio::null()).output();
    let there = Command::new("asciinema").arg("--version").output().is_ok();
    let (Ok(output), true) = (output, there) else {
        println!("skipped: asciinema or script is not installed (.ci/run installs them)");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    // A terminal makes a carriage return of its own before each line feed.
    let plain = |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte != b'\r').collect::<Vec<u8>>();
    assert!(plain(&output.stdout) == plain(&said(&cast)), "asciinema prints what the console said");
}

/// A film of a run, made by asciinema's own tool.
#[test]
fn agg_draws_what_we_write() {
    let inside = repository("target/players/bin/agg");
    let agg = if inside.exists() { inside } else { "agg".into() };
    if Command::new(&agg).arg("--version").output().is_err() {
        println!("skipped: agg is not installed (.ci/run installs it)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("session.cast");
    assert_eq!(record_with("rdp/tls-protocols", "", "sim:rdp-internal-error", &cast, &[]), 0);
    let gif = folder.path().join("session.gif");
    let output = Command::new(&agg).args(["--speed", "50"]).args([&cast, &gif]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("no faces matching font") {
        println!("skipped: agg finds no font ({})", said.trim());
        return;
    }
    assert!(output.status.success(), "{said}");
    assert!(fs::read(gif).unwrap().starts_with(b"GIF89a"));
}
