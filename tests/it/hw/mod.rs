//! Benches: `hw/rig` without hardware, and a real machine when one is named.

mod conformance;
mod grub;
mod keys;
mod person;
mod replug;
mod wine;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use sacpilot::inventory;
use sacpilot::script::diagnostic::Source;

use crate::replay::story;
use crate::stored::repository;

const USER: &str = "azadmin";
const PASSWORD: &str = "Sim-Adm1n-Pass";
/// Of a rig behind TLS.
const CERTIFICATE: &str = "certificate.pem";

/// A rig; ended, with all its programs, when dropped.
struct Rig {
    child: Child,
    target: String,
    folder: tempfile::TempDir,
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
        Some(Self { target: target.trim_end().to_owned(), child, folder })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// What a program of ours is told of the rig whose files are in this folder: whose certificate it is to believe.
fn trust(folder: &Path) -> Option<(&'static str, PathBuf)> {
    let certificate = folder.join(CERTIFICATE);
    certificate.exists().then_some(("SSL_CERT_FILE", certificate))
}

fn sacpilot(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sacpilot"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("SIM_PASSWORD", PASSWORD)
        .envs(trust(folder))
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
    let certificate = rig.folder.path().join(CERTIFICATE);
    let trust = ["--ca-file", certificate.to_str().unwrap()];
    let trust = if certificate.exists() { &trust[..] } else { &[] };
    let run = ["run", "rdp-internal-error", "-t", &rig.target, "--user", USER];
    let how = ["--password-env", "SIM_PASSWORD", "--yes", "--runs-dir", "runs"];
    ended(&sacpilot(folder.path(), &[&run[..], &how[..], trust].concat()), 0);
    // Its recording is driven again as one of the simulated machine itself.
    let runs: Vec<_> = fs::read_dir(folder.path().join("runs")).unwrap().collect();
    let [Ok(run)] = &runs[..] else { panic!("{runs:?}") };
    let direct = repository("tests/recordings/rdp-internal-error-2022.cast.gz");
    let (told, expected) = (story(&run.path().join("session.cast")), story(&direct));
    if let Some(at) = (0..told.len().max(expected.len())).find(|at| told.get(*at) != expected.get(*at)) {
        panic!("{name}, event {at}:\n{:#?}\nover sim:\n{:#?}", told.get(at), expected.get(at));
    }
    // The line was left as the next one needs it.
    let next = ["exec", "-t", &rig.target, "--user", USER];
    let exit = &["--", "exit 7"];
    ended(&sacpilot(folder.path(), &[&next[..], &how[..2], trust, exit].concat()), 7);
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
fn repaired_over_a_websocket_behind_tls() {
    repaired_over("websockify-tls");
}

#[test]
fn repaired_over_serial_over_lan_of_ipmi() {
    repaired_over("ipmi");
}

#[test]
fn repaired_over_the_uarts_of_qemu() {
    repaired_over("qemu");
}

#[test]
fn repaired_over_virsh_and_the_uarts_of_qemu() {
    repaired_over("libvirt");
}

#[test]
fn repaired_over_ssh() {
    repaired_over("ssh");
}

/// As root the daemon of `hw/rig libvirt` runs as nobody: a folder that this one cannot enter is refused before anything starts.
#[test]
fn a_rig_in_a_private_folder_says_so() {
    if !rustix::process::getuid().is_root() {
        println!("skipped: not root");
        return;
    }
    let private = tempfile::tempdir().unwrap();
    fs::set_permissions(private.path(), fs::Permissions::from_mode(0o700)).unwrap();
    // One that starts all the same would live on.
    let output = Command::new("timeout")
        .arg("60")
        .arg(repository("hw/rig"))
        .args(["libvirt", "rig"])
        .current_dir(private.path())
        .env("SACPILOT", env!("CARGO_BIN_EXE_sacpilot"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if output.status.code() == Some(3) {
        println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim());
        return;
    }
    ended(&output, 2);
    let error = String::from_utf8_lossy(&output.stderr);
    let expected = format!(
        "libvirt runs as nobody here, who may not enter {}: name another folder, hw/rig libvirt /tmp/rig\n",
        private.path().display()
    );
    assert_eq!(error, expected);
}

/// Every bench file can be read, and has the target that the conformance run asks for.
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

/// Every page has what a technician looks for, and its target can be used as it stands there.
#[test]
fn pages_are_whole() {
    let index = fs::read_to_string(repository("hw/README.md")).unwrap();
    let mut count = 0;
    for entry in fs::read_dir(repository("hw")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "README.md" || path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let page = fs::read_to_string(&path).unwrap();
        for heading in [
            "The target",
            "First commands",
            "What goes wrong",
            "The conformance run",
            "How far this page was followed",
        ] {
            assert!(page.contains(&format!("\n## {heading}\n")), "{name} has no `{heading}`");
        }
        for line in ["bcdedit /ems {current} on", "EMSBAUDRATE:115200", "sacpilot exec -t "] {
            assert!(page.contains(line), "{name} has no `{line}`");
        }
        assert!(index.contains(&format!("({name})")), "hw/README.md does not name {name}");
        let bench = page.split("SACPILOT_BENCH=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        assert!(repository(bench).is_file(), "{name} names {bench}");
        let target = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
        let text = target.unwrap_or_else(|| panic!("{name} has no target")).to_owned();
        let read = inventory::load(Source { path: name.clone(), text });
        let read = read.unwrap_or_else(|report| panic!("{report}"));
        assert!(read.target("bench").is_some(), "{name}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}
