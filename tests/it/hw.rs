//! Benches: `hw/rig` without hardware, and a real machine when one is named.
//!
//! `SACPILOT_BENCH=hw/bench/serial.yaml cargo test --test it hw::a_real_machine -- --ignored --nocapture` runs what a
//! real Windows Server must do through its console, and records it. The file is an inventory with a target `bench`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sacpilot::inventory;

use crate::stored::repository;

const USER: &str = "azadmin";
const PASSWORD: &str = "Sim-Adm1n-Pass";

/// A rig; ended, with all its programs, when dropped.
struct Rig {
    child: Child,
    target: String,
    _folder: tempfile::TempDir,
}

impl Rig {
    /// `None`: a program that it needs is not installed, which was said.
    fn up(name: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(repository("hw/rig"))
            .arg(name)
            .arg(folder.path())
            .env("SACPILOT", env!("CARGO_BIN_EXE_sacpilot"))
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        let Some(target) = said.strip_prefix("target: ") else {
            let output = child.wait_with_output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(3), "{name}: {error}");
            println!("skipped: {}", error.trim());
            return None;
        };
        Some(Self { target: target.trim_end().to_owned(), child, _folder: folder })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn sacpilot(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sacpilot"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("SIM_PASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn ended(output: &Output, code: i32) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(code), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

/// The whole repair, with real programs between us and the machine.
fn repaired_over(name: &str) {
    let Some(rig) = Rig::up(name) else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = ["run", "rdp-internal-error", "-t", &rig.target, "--user", USER];
    let how = ["--password-env", "SIM_PASSWORD", "--yes", "--runs-dir", "runs"];
    ended(&sacpilot(folder.path(), &[&run[..], &how[..]].concat()), 0);
    // Nothing is left to repair: the line was left as the next one needs it.
    let look = ["diagnose", "rdp-internal-error", "-t", &rig.target, "--user", USER];
    ended(&sacpilot(folder.path(), &[&look[..], &["--password-env", "SIM_PASSWORD"]].concat()), 0);
}

#[test]
fn repaired_over_a_null_modem() {
    repaired_over("null-modem");
}

#[test]
fn repaired_over_a_socket_of_ser2net() {
    repaired_over("ser2net-tcp");
}

#[test]
fn repaired_over_telnet_of_ser2net() {
    repaired_over("ser2net-telnet");
}

#[test]
fn repaired_over_rfc2217_of_ser2net() {
    repaired_over("ser2net-rfc2217");
}

#[test]
fn repaired_over_conserver() {
    repaired_over("conserver");
}

#[test]
fn repaired_over_a_websocket() {
    repaired_over("websockify");
}

#[test]
fn repaired_over_ssh() {
    repaired_over("ssh");
}

/// Every bench file can be read, and has the target that the run below asks for.
#[test]
fn bench_files_are_inventories() {
    let mut count = 0;
    for entry in fs::read_dir(repository("hw/bench")).unwrap() {
        let path = entry.unwrap().path();
        let read = inventory::load(inventory::read(&path).unwrap());
        let inventory = read.unwrap_or_else(|report| panic!("{report}"));
        assert!(inventory.target("bench").is_some(), "{} has no target `bench`", path.display());
        count += 1;
    }
    assert!(count >= 8, "{count}");
}

/// The conformance run. The rig stands in for the machine when `SACPILOT_BENCH=rig:NAME`.
#[test]
#[ignore = "needs a bench: SACPILOT_BENCH=hw/bench/NAME.yaml, or rig:null-modem"]
fn a_real_machine() {
    let bench = std::env::var("SACPILOT_BENCH").expect("SACPILOT_BENCH names the file of a bench");
    let folder = repository("target/bench");
    fs::create_dir_all(&folder).unwrap();
    let (file, _rig) = match bench.strip_prefix("rig:") {
        Some(name) => {
            let rig = Rig::up(name).expect("the rig needs its programs");
            let file = folder.join("rig.yaml");
            let text = format!(
                "targets:\n  bench: {{endpoint: '{}', user: '{USER}', password: 'env:SIM_PASSWORD'}}\n",
                rig.target.replace('\'', "''")
            );
            fs::write(&file, text).unwrap();
            (file, Some(rig))
        }
        None => (PathBuf::from(&bench).canonicalize().unwrap(), None),
    };
    let inventory =
        inventory::load(inventory::read(&file).unwrap()).unwrap_or_else(|report| panic!("{report}"));
    let restarts = inventory.target("bench").unwrap().tags.iter().any(|tag| tag == "may-restart");
    let file = file.to_str().unwrap();
    let exec = |name: &str, command: &str| {
        let cast = format!("{name}.cast");
        let output = sacpilot(
            &folder,
            &["exec", "-t", "bench", "--inventory", file, "--record", &cast, "--", command],
        );
        println!("{name}: {:?}, recorded in {}", output.status.code(), folder.join(&cast).display());
        output
    };
    let version = exec("login", "ver");
    ended(&version, 0);
    assert!(String::from_utf8_lossy(&version.stdout).contains("Microsoft Windows"), "{version:?}");
    ended(&exec("exit-code", "exit 7"), 7);
    let lines = exec("output", "for /l %i in (1,1,500) do @echo line %i of 500");
    ended(&lines, 0);
    let text = String::from_utf8(lines.stdout).unwrap();
    let expected: Vec<String> = (1..=500).map(|number| format!("line {number} of 500")).collect();
    assert!(text.ends_with("\r\n"));
    assert_eq!(text.trim_end().split("\r\n").collect::<Vec<_>>(), expected);
    let wide = "0123456789".repeat(30);
    let wide_line = exec("wide", &format!("echo {wide}"));
    assert_eq!(String::from_utf8_lossy(&wide_line.stdout), format!("{wide}\r\n"));
    let look = sacpilot(
        &folder,
        &["diagnose", "rdp-internal-error", "-t", "bench", "--inventory", file, "--record", "diagnose.cast"],
    );
    assert!(matches!(look.status.code(), Some(0 | 1)), "{look:?}");
    if restarts {
        ended(&exec("restart", "shutdown /r /t 5"), 0);
        let again = ["exec", "-t", "bench", "--inventory", file, "--wait", "30m", "--record", "boot.cast"];
        ended(&sacpilot(&folder, &[&again[..], &["--", "ver"]].concat()), 0);
    } else {
        println!("no restart: the target has not the tag may-restart");
    }
}
