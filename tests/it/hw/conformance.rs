//! The conformance run of a real machine: what a Windows Server must do through its console, each part recorded.
//!
//! `SACPILOT_BENCH=hw/bench/serial.yaml cargo test --test it hw::conformance::a_real_machine -- --ignored --nocapture`.
//! The file is an inventory with a target `bench`; its tag `may-restart` allows restarts. Recordings and notes are in
//! `target/bench`; each recording is driven again at once, so it is known to be good as a fixture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use sacpilot::inventory;

use super::{CERTIFICATE, PASSWORD, Rig, USER, ended, keys, sacpilot};
use crate::stored::repository;

/// Restarted by the machine's own driver, as when nothing else works any more.
const RESTART: &str = r"
script: restart-MODE
title: 'The machine restarts, and is logged in to again'
about: |
  A part of the conformance run.
source: 'sacpilot, hw/README.md'
steps:
  - id: answers
    title: 'it answers'
    in: cmd
    run: 'ver'
  - id: restarted
    title: 'it restarts'
    in: MODE
    reboot: {reason: 'conformance run', within: 30m}
  - id: answers_again
    title: 'it answers again'
    in: cmd
    run: 'ver'
";

/// A machine to try, and where its recordings go.
struct Bench<'a> {
    folder: &'a Path,
    inventory: PathBuf,
    restarts: bool,
}

impl<'a> Bench<'a> {
    /// From an inventory that says whether the machine may be restarted.
    fn of(inventory: PathBuf, folder: &'a Path) -> Self {
        let read = inventory::load(inventory::read(&inventory).unwrap());
        let read = read.unwrap_or_else(|report| panic!("{report}"));
        let target = read.target("bench").expect("the inventory has the target `bench`");
        let restarts = target.tags.iter().any(|tag| tag == "may-restart");
        Self { folder, inventory, restarts }
    }

    /// A rig in the place of a machine.
    fn on(rig: &Rig, folder: &'a Path) -> Self {
        let file = folder.join("rig.yaml");
        let endpoint = rig.target.replace('\'', "''");
        let text = format!(
            "targets:\n  bench: {{endpoint: '{endpoint}', user: '{USER}', password: 'env:SIM_PASSWORD', tags: [may-restart]}}\n"
        );
        fs::write(&file, text).unwrap();
        let certificate = rig.folder.path().join(CERTIFICATE);
        if certificate.exists() {
            fs::copy(certificate, folder.join(CERTIFICATE)).unwrap();
        }
        Self::of(file, folder)
    }

    fn call(&self, arguments: &[&str]) -> Output {
        sacpilot(self.folder, &[&["--inventory", self.inventory.to_str().unwrap()], arguments].concat())
    }

    /// A command over the console, recorded; then the same over the recording.
    fn exec(&self, name: &str, command: &str, code: i32) -> String {
        let cast = format!("{name}.cast");
        let output = self.call(&["exec", "-t", "bench", "--record", &cast, "--", command]);
        ended(&output, code);
        let again = self.call(&["exec", "-t", &format!("replay:{cast}"), "--", command]);
        ended(&again, code);
        assert!(output.stdout == again.stdout, "{cast} is no fixture: {again:?}");
        println!("{name}: as it should be, {}", self.folder.join(&cast).display());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a run has left, driven again.
    fn is_fixture(&self, cast: &str, script: &str, name: &str) {
        ended(&self.call(&["replay", cast, "--script", script]), 0);
        let fixture = format!("{name}.cast.gz");
        ended(&self.call(&["replay", cast, "--save-fixture", &fixture]), 0);
        ended(&self.call(&["replay", &fixture, "--script", script]), 0);
        println!("{name}: as it should be, {}", self.folder.join(fixture).display());
    }

    /// The only folder in `runs`.
    fn run_folder(&self, runs: &str) -> String {
        let mut folders = fs::read_dir(self.folder.join(runs)).unwrap();
        let folder = folders.next().expect("a run folder").unwrap().path();
        folder.join("session.cast").display().to_string()
    }

    fn everything(&self) {
        let version = self.exec("login", "ver", 0);
        assert!(version.contains("Microsoft Windows"), "{version}");
        self.exec("exit-code", "exit 7", 7);
        let lines = self.exec("output", "for /l %i in (1,1,500) do @echo line %i of 500", 0);
        let expected: Vec<String> = (1..=500).map(|number| format!("line {number} of 500\r\n")).collect();
        assert_eq!(lines, expected.concat());
        let wide = "0123456789".repeat(30);
        assert_eq!(self.exec("wide", &format!("echo {wide}"), 0), format!("{wide}\r\n"));

        let report = keys::tried(self.folder, &self.inventory);
        fs::write(self.folder.join("keys.txt"), &report).unwrap();
        println!("{report}keys: as they should be, {}", self.folder.join("keys.cast").display());
        let explained = self.call(&["replay", "keys.cast", "--explain"]);
        ended(&explained, 0);

        let look = self.call(&["diagnose", "rdp-internal-error", "-t", "bench", "--runs-dir", "looks"]);
        assert!(matches!(look.status.code(), Some(0 | 1)), "{look:?}");
        self.is_fixture(&self.run_folder("looks"), "rdp-internal-error", "diagnose");

        if !self.restarts {
            println!("no restart: the target has not the tag may-restart");
            return;
        }
        for mode in ["cmd", "sac"] {
            let script = format!("restart-{mode}.yaml");
            fs::write(self.folder.join(&script), RESTART.trim_start().replace("MODE", mode)).unwrap();
            let runs = format!("restarts-{mode}");
            let run = ["run", &script, "-t", "bench", "--yes", "--wait", "30m", "--runs-dir", &runs];
            ended(&self.call(&run), 0);
            self.is_fixture(&self.run_folder(&runs), &script, &format!("restart-{mode}"));
        }
    }
}

/// The run itself, with a rig in the place of the machine.
fn conforms_over(name: &str) {
    let Some(rig) = Rig::up(name) else { return };
    let folder = tempfile::tempdir().unwrap();
    Bench::on(&rig, folder.path()).everything();
}

#[test]
fn the_run_of_a_real_machine_works() {
    conforms_over("null-modem");
}

/// The same over every other rig that has a simulated machine behind it; one after the other, so that none slows another
/// down.
#[test]
#[ignore = "ten minutes: cargo test --test it hw::conformance::every_rig -- --ignored --nocapture"]
fn every_rig_conforms() {
    for name in [
        "ser2net-tcp",
        "ser2net-telnet",
        "ser2net-rfc2217",
        "conserver",
        "ssh",
        "websockify",
        "websockify-tls",
        "ipmi",
        "qemu",
        "libvirt",
    ] {
        println!("{name}:");
        conforms_over(name);
    }
}

/// The conformance run. A rig stands in for the machine when `SACPILOT_BENCH=rig:NAME`.
#[test]
#[ignore = "needs a bench: SACPILOT_BENCH=hw/bench/NAME.yaml, or rig:null-modem"]
fn a_real_machine() {
    let bench = std::env::var("SACPILOT_BENCH").expect("SACPILOT_BENCH names the file of a bench");
    let folder = repository("target/bench");
    // What an earlier evening left is kept aside, not mixed in.
    if folder.exists() {
        let before = folder.with_extension("before");
        let _ = fs::remove_dir_all(&before);
        fs::rename(&folder, before).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    println!("{USER} of a rig has the password {PASSWORD}; recordings are in {}", folder.display());
    match bench.strip_prefix("rig:") {
        Some(name) => {
            let rig = Rig::up(name).expect("the rig needs its programs");
            Bench::on(&rig, &folder).everything();
        }
        None => Bench::of(repository(&bench), &folder).everything(),
    }
}
