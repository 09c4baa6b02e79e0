//! `resume`, `undo`, `runs` and the lock of an endpoint, with real programs: one is killed, the others go on.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Program, Said};
use crate::replay::story;

const SECRET: &str = "Zq9-marked-Passw0rd";
/// What a user wrote into an endpoint: it is on the command line of those who are called with it.
const TOKEN: &str = "Vb7-marked-Tok3n";

/// A simulated machine that other programs use, until it is dropped.
struct Machine {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Machine {
    fn start(scenario: &str) -> Self {
        let (folder, mut command) = Program::new("").into_parts();
        command.args(["sim", scenario, "--listen", "tcp:127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, address, _folder: folder }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with the account of the simulated machine, in this folder.
fn call(folder: &Path, arguments: &str) -> Command {
    let (_own, mut command) = Program::new(arguments).into_parts();
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("SACPILOT_RUNS_DIR", folder.join("runs"))
        .env("SACPILOT_USER", "azadmin");
    command
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said::of(tempfile::tempdir().unwrap(), &output)
}

/// Runs until an event of this type is told, and leaves the program in the middle of what follows.
fn until(command: &mut Command, event: &str) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.as_mut().unwrap());
    let wanted = format!("\"type\":\"{event}\"");
    assert!(told.lines().map_while(Result::ok).any(|line| line.contains(&wanted)), "no {event}");
    child
}

fn password(scenario: &str) -> String {
    sacpilot::sim::scenario::Scenario::load(scenario, &[]).unwrap().account.password
}

#[test]
fn a_killed_run_goes_on_in_another_place_and_is_taken_back() {
    let machine = Machine::start("tls-disabled?start=running&speed=200");
    let folder = tempfile::tempdir().unwrap();
    let secret = password("tls-disabled");
    let with = |arguments: &str| {
        let mut command = call(folder.path(), arguments);
        command.env("SACPILOT_PASSWORD", &secret);
        command
    };
    let run = format!("run rdp/tls-protocols -t {} --yes --json", machine.address);
    let mut child = until(&mut with(&run), "change-intended");
    // However long it takes to look at it: it is no further.
    kill_process(Pid::from_child(&child), Signal::STOP).unwrap();

    let second = said(&mut with(&format!("diagnose rdp/tls-protocols -t {}", machine.address))).code(3);
    assert!(second.stderr_text().contains("is in use by another sacpilot: run rdp/tls-protocols, process "));
    // Whatever else would use the console is told who has it.
    fs::write(folder.path().join("file"), "x").unwrap();
    let at = &machine.address;
    for (arguments, code) in [
        (format!("run rdp/tls-protocols -t {at} --yes"), 3),
        (format!("plan rdp/tls-protocols -t {at}"), 3),
        (format!("connect {at}"), 3),
        (format!("exec -t {at} -- ver"), 255),
        (format!("copy file {at}:C:\\Windows\\Temp\\x"), 3),
        (format!("copy {at}:C:\\Windows\\win.ini ."), 3),
    ] {
        let refused = said(&mut with(&arguments)).code(code);
        let told = refused.stderr_text();
        let who =
            format!("is in use by another sacpilot: run rdp/tls-protocols, process {}, since 20", child.id());
        assert!(told.contains(&who) && told.contains("wait until it is done"), "{arguments}: {told}");
        assert_eq!(refused.text(), "", "{arguments}");
    }
    let name = fs::read_dir(folder.path().join("runs")).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_str().unwrap().to_owned();
    let busy = said(&mut with(&format!("resume {name}"))).code(2);
    assert!(busy.stderr_text().contains("is being written by another process"), "{}", busy.stderr_text());

    // Its journal is read meanwhile.
    let listed = said(&mut with("runs")).code(0);
    assert!(
        listed.text().contains(": still running, ") && !listed.text().contains("resume"),
        "{}",
        listed.text()
    );
    let shown = said(&mut with(&format!("runs {name}"))).code(0);
    assert!(shown.stderr_text().contains("this is how far it has come"), "{}", shown.stderr_text());

    child.kill().unwrap();
    child.wait().unwrap();
    let listed = said(&mut with("runs")).code(0);
    assert!(listed.text().contains(": cut off, "), "{}", listed.text());
    assert!(listed.text().contains("can go on (resume)"), "{}", listed.text());

    fs::rename(folder.path().join("runs").join(&name), folder.path().join("moved")).unwrap();
    let resumed = said(&mut with("resume moved")).code(0);
    assert!(resumed.text().contains("Result: all conditions hold"), "{}", resumed.text());
    let again = said(&mut with("resume moved")).code(2);
    assert!(again.stderr_text().contains("the run is over: all conditions hold"), "{}", again.stderr_text());

    assert!(said(&mut with("undo moved")).code(2).stderr_text().contains("give --yes"));
    let undone = said(&mut with("undo moved --yes")).code(0);
    assert!(undone.text().contains("Result: the changes of the run were taken back"), "{}", undone.text());
    said(&mut with(&format!("diagnose rdp/tls-protocols -t {}", machine.address))).code(1);
    assert!(said(&mut with("undo moved --yes")).code(2).stderr_text().contains("nothing to take back"));
    for file in ["report.md", "report.json", "junit.xml", "plan.json", "session.cast", "session-2.cast"] {
        assert!(folder.path().join("moved").join(file).is_file(), "{file}");
    }
    // Each of its later sessions is driven again from its recording alone, which knows what was before.
    for (recording, last) in
        [("session-2.cast", "\"verdict\":\"holds\""), ("session-3.cast", "\"verdict\":\"taken-back\"")]
    {
        let told = story(&folder.path().join("moved").join(recording));
        assert!(
            told[0].contains("run-resumed") && told.last().unwrap().contains(last),
            "{recording}: {told:#?}"
        );
    }
}

/// A part of a script goes on and is taken back as a whole one does; to take back the journal is enough.
#[test]
fn a_part_of_a_script_goes_on_and_is_taken_back_without_its_scripts() {
    let machine = Machine::start("rdp-denied?start=running&speed=200");
    let folder = tempfile::tempdir().unwrap();
    let secret = password("rdp-denied");
    let with = |arguments: &str| {
        let mut command = call(folder.path(), arguments);
        command.env("SACPILOT_PASSWORD", &secret);
        command
    };
    let run = format!("run rdp-internal-error --only connections -t {} --yes --json", machine.address);
    let mut child = until(&mut with(&run), "change-intended");
    child.kill().unwrap();
    child.wait().unwrap();
    let name = fs::read_dir(folder.path().join("runs")).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_str().unwrap().to_owned();
    let resumed = said(&mut with(&format!("resume {name} --yes"))).code(0);
    let told = "Result: all conditions hold\n        of a part of the script: only connections\n";
    assert!(resumed.text().contains(told), "{}", resumed.text());

    let scripts = folder.path().join("runs").join(&name).join("scripts");
    fs::write(scripts.join("rdp").join("connections.yaml"), "script: rdp/connections\n").unwrap();
    let refused = said(&mut with(&format!("resume {name}"))).code(2);
    assert!(
        refused.stderr_text().contains("the run is over: all conditions hold"),
        "{}",
        refused.stderr_text()
    );
    let undone = said(&mut with(&format!("undo {name} --yes"))).code(0);
    assert!(undone.text().contains("Result: the changes of the run were taken back"), "{}", undone.text());
    said(&mut with(&format!("diagnose rdp/connections -t {}", machine.address))).code(1);
}

#[test]
fn less_than_the_whole_script() {
    let refused = |arguments: &str| {
        let said = Program::new(arguments).run().code(2).stdout("");
        said.stderr_text().to_owned()
    };
    let run = "run rdp-internal-error -t tcp:h:1 -u adm --yes";
    let text = refused(&format!("{run} --max-risk change"));
    assert!(text.contains("--max-risk change allows; nothing was sent\n  restarted (reboot)"), "{text}");
    let text = refused(&format!("{run} --skip tls"));
    assert!(text.contains("needs `tls`, which would be left out"), "{text}");
    let text = refused(&format!("{run} --only tsl"));
    assert!(text.contains("has no step `tsl`\n  help: did you mean `tls`?"), "{text}");
    // As a plan shows it.
    let text = refused(&format!("{run} --only tls/enabled[1.2]"));
    assert!(text.contains("[1.2]`\n  help: a loop is chosen as a whole: `tls/enabled`"), "{text}");
    let plan = Program::new("plan rdp-internal-error --only services --skip services/enabled").run().code(0);
    assert!(plan.text().contains("services/running[") && !plan.text().contains("enabled"), "{}", plan.text());
    let plan = Program::new("plan rdp/tls-protocols --from by_default").run().code(0);
    assert!(plan.text().contains("by_default[1.2]") && !plan.text().contains(" enabled["), "{}", plan.text());
    // What lies before the first step is not chosen by naming it.
    let text = refused("plan rdp/tls-protocols --from by_default --only enabled");
    assert!(text.contains("no step of rdp/tls-protocols would be left"), "{text}");
    // A part that holds is not taken for the whole.
    let run = "run rdp/tls-protocols --skip enabled -t sim:tls-disabled?start=running --yes --runs-dir runs";
    let part = Program::new(run).run().code(0);
    let told = "Result: all conditions hold\n        of a part of the script: without enabled\n";
    assert!(part.text().contains(told), "{}", part.text());
    let report = fs::read_to_string(part.run_folder("runs").join("report.md")).unwrap();
    assert!(report.contains("| Steps | without enabled; the others were not looked at |\n"), "{report}");
}

/// What follows a program, or the question mark of an address, may be a password: it is in no file of a run, and
/// whoever goes on gives it again.
#[test]
fn arguments_of_programs_and_tokens_of_addresses_are_not_kept() {
    let machine = Machine::start("tls-disabled?start=running&speed=200");
    let endpoints = [
        (format!("exec:sh -c 'exit 7' {TOKEN}"), "exec:sh …"),
        (format!("ws://127.0.0.1:1/?token={TOKEN}"), "ws://127.0.0.1:1/?…"),
    ];
    for (endpoint, shown) in endpoints {
        let folder = tempfile::tempdir().unwrap();
        let secret = password("tls-disabled");
        let with = |arguments: &[&str]| {
            let mut command = call(folder.path(), "");
            command.args(arguments).env("SACPILOT_PASSWORD", &secret);
            said(&mut command)
        };
        let run = ["run", "rdp/tls-protocols", "--yes", "-vvv", "--reconnect", "0s", "-t", &endpoint];
        let mut output = with(&run).code(3).everything();
        let runs = folder.path().join("runs");
        let name = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().file_name();
        let name = name.to_str().unwrap();
        for again in ["resume", "undo"] {
            let refused = with(&[again, name]).code(2);
            let told =
                format!("error: `{shown}`: what stood for `…` is not kept, since it may hold a password\n");
            let nothing_to_undo = refused.stderr_text().contains("nothing to take back");
            assert!(refused.stderr_text().starts_with(&told) || nothing_to_undo, "{}", refused.stderr_text());
        }
        output.push_str(&with(&["resume", name, "-t", &endpoint]).code(3).everything());
        output.push_str(&with(&["runs"]).code(0).everything());
        output.push_str(&with(&["resume", name, "-t", &machine.address]).code(0).everything());
        let mut places = vec![("output".to_owned(), output)];
        collect(folder.path(), &mut places);
        assert!(places.len() > 7, "{}", places.len());
        for (place, text) in &places {
            assert!(!text.contains(TOKEN) && !place.contains(TOKEN), "{place} holds it:\n{text}");
        }
    }
}

/// Every file, the output and the command lines of all processes while it runs.
#[test]
fn no_marked_password_is_left_anywhere() {
    use base64::Engine as _;

    let machine = Machine::start("tls-disabled?start=running&speed=200");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    let arguments = format!("run rdp/tls-protocols -t {} --yes --password-file secret -vvv", machine.address);
    let mut command = call(folder.path(), &arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = String::new();
    let mut processes = String::new();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    while told.read_line(&mut output).unwrap() > 0 {
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            processes.push_str(&String::from_utf8_lossy(&line));
        }
    }
    child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
    // The marked one is wrong for this machine: it is typed, refused, and told as such.
    assert_eq!(child.wait().unwrap().code(), Some(4), "{output}");
    let utf16: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let forms = [
        SECRET.to_owned(),
        base64::engine::general_purpose::STANDARD.encode(SECRET),
        base64::engine::general_purpose::STANDARD.encode(&utf16),
        SECRET[..10].to_owned(),
        SECRET[9..].to_owned(),
    ];
    let mut places = vec![("output".to_owned(), output), ("processes".to_owned(), processes)];
    collect(&folder.path().join("runs"), &mut places);
    assert!(places.len() > 5, "{}", places.len());
    for (place, text) in &places {
        for form in &forms {
            assert!(!text.contains(form.as_str()), "{place} holds {form}");
        }
    }
}

fn collect(folder: &Path, places: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, places);
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            places.push((path.display().to_string(), text));
        }
    }
}
