//! The whole path in two processes: `sim --listen` on one side, `run`, `diagnose` and `exec` on the other.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, Said};

/// `sacpilot sim`, switched off when it is dropped.
pub(crate) struct Offered {
    child: Child,
    /// Where it is, as it told.
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Offered {
    pub(crate) fn new(scenario: &str, listen: &str) -> Self {
        let (folder, mut command) = Program::new(&format!("sim {scenario} --listen {listen}")).into_parts();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit(' ').next().unwrap().to_owned();
        Self { child, address, _folder: folder }
    }
}

/// `sacpilot ARGUMENTS -t TARGET`, with the account of the simulated machine.
fn call(arguments: &str, target: &str) -> Said {
    let (before, command) = arguments.split_once(" -- ").unwrap_or((arguments, ""));
    let command = if command.is_empty() { String::new() } else { format!(" -- {command}") };
    Program::new(&format!("{before} -t {target} --user azadmin{command}"))
        .variable("SACPILOT_PASSWORD", PASSWORD)
        .variable("SACPILOT_RUNS_DIR", "runs")
        .run()
}

/// The password of every simulated machine.
pub(crate) const PASSWORD: &str = sacpilot::sim::windows::baseline::PASSWORD;

impl Drop for Offered {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let _ = self.child.wait();
    }
}

/// Found, repaired, and found whole by a second run: what the first one changed is still there.
fn found_and_repaired(target: &str) {
    let found = call("diagnose rdp/connections", target).code(1);
    assert!(found.text().contains("found     Remote Desktop connections are denied"), "{}", found.text());
    let repaired = call("run rdp/connections --yes", target).code(0);
    assert!(repaired.text().contains("deny: 1 → 0"), "{}", repaired.text());
    let whole = call("run rdp/connections --yes", target).code(0);
    assert!(whole.text().contains("0 findings, 0 changes"), "{}", whole.text());
}

#[test]
fn over_a_socket_of_the_network_to_a_korean_machine_that_renders_by_difference() {
    let offered = Offered::new("rdp-denied?profile=2016&lang=ko-KR", "tcp:127.0.0.1:0");
    assert!(offered.address.starts_with("tcp:127.0.0.1:"), "{}", offered.address);
    found_and_repaired(&offered.address);
    let said = call("exec -- ver", &offered.address).code(0);
    assert!(said.text().contains("Microsoft Windows [Version 10.0.14393"), "{}", said.text());
}

#[test]
fn over_a_socket_of_this_computer_to_an_english_machine_that_streams() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("console").display());
    let offered = Offered::new("rdp-denied?profile=2022&lang=en-US", &address);
    assert_eq!(offered.address, address);
    found_and_repaired(&address);
}

#[test]
fn over_a_terminal_as_pty_and_as_serial_port() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("com1");
    let offered = Offered::new("rdp-denied?profile=2019", &format!("pty:{}", path.display()));
    found_and_repaired(&format!("pty:{}", path.display()));
    let said = call("exec -- echo over a serial port", &format!("serial:{}", path.display())).code(0);
    said.stdout("over a serial port\r\n").stderr("");
    drop(offered);
    assert!(!Path::new(&path).exists(), "the link is removed");
}

/// A repair with a restart in it, a user who comes and goes, and the machine living on between.
#[test]
fn a_whole_repair_with_its_restart() {
    let offered = Offered::new("rdp-internal-error?profile=2022", "tcp:127.0.0.1:0");
    let said = call("run rdp-internal-error --yes", &offered.address).code(0);
    assert!(said.text().contains("restarted Windows starts with what was repaired"), "{}", said.text());
    let again = call("diagnose rdp-internal-error", &offered.address).code(0);
    assert!(again.text().contains("0 findings, 0 changes"), "{}", again.text());
}

/// A file of many screens, made on the machine, comes as it is over a line of 115,200 baud.
fn a_big_file_comes_as_it_is(profile: &str) {
    let offered =
        Offered::new(&format!("healthy?profile={profile}&start=running&pace=real"), "tcp:127.0.0.1:0");
    let made = r"exec -- (for /l %i in (1,1,300) do @echo line %i&echo.&echo %i blank)>C:\big.txt";
    call(made, &offered.address).code(0).stdout("").stderr("");
    let mut expected = String::new();
    for number in 1..=300 {
        let _ = write!(expected, "line {number}\r\n\r\n{number} blank\r\n");
    }
    call(r"exec -- type C:\big.txt", &offered.address).code(0).stdout(&expected).stderr("");
}

#[test]
fn a_big_file_comes_as_it_is_from_a_machine_that_renders_by_difference() {
    a_big_file_comes_as_it_is("2016");
}

#[test]
fn a_big_file_comes_as_it_is_from_a_machine_that_streams() {
    a_big_file_comes_as_it_is("2022");
}

#[test]
fn a_wrong_password_ends_with_4() {
    let offered = Offered::new("healthy?start=running", "tcp:127.0.0.1:0");
    let said = Program::new(&format!(
        "diagnose rdp/connections -t {} --user azadmin --runs-dir runs",
        offered.address
    ))
    .variable("SACPILOT_PASSWORD", "hunter2-x")
    .run()
    .code(4);
    assert!(said.text().contains("the machine refused to log in azadmin"), "{}", said.text());
    let folder = said.run_folder("runs");
    for file in ["journal.jsonl", "session.cast", "report.json", "report.md", "plan.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(!text.contains("hunter2"), "{file} holds the password");
    }
    // The channel was closed: SAC alone is left.
    let said = call("exec -- echo in", &offered.address).code(0);
    said.stdout("in\r\n");
}
