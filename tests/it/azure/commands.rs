//! The real program at the simulated Azure: every refusal as a user sees it, and a machine behind `sim --listen`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Stdio};

use sacpilot::bridge::Bridge;
use sacpilot::transport::open_azure;

use super::refusals::{ROWS, documented};
use super::way::proxy;
use super::{Site, TOKEN, vm};
use crate::engine::golden;
use crate::program::{Program, Said};

/// A script that reads one thing.
const LOOK: &str = "\
script: look
title: 'the version is known'
about: |
  Looks at the version.
steps:
  - id: version
    title: 'the version'
    in: cmd
    run: 'ver'
";

/// `sacpilot ARGUMENTS`, as somebody has it who set the variables for the simulated Azure.
pub(super) fn program(arguments: &str, url: &str, certificate: &str) -> Program {
    Program::new(arguments)
        .variable("SACPILOT_AZURE_ARM", url)
        .variable("SACPILOT_AZURE_AUTHORITY", url)
        .variable("SACPILOT_AZURE_TOKEN", TOKEN)
        .variable("SACPILOT_CA_FILE", "ca.pem")
        .file("ca.pem", certificate)
}

/// Runs the program beside the simulated Azure of this process.
pub(super) async fn run(program: Program) -> Said {
    tokio::task::spawn_blocking(|| program.run()).await.unwrap()
}

#[tokio::test]
async fn every_refusal_as_a_user_sees_it() {
    let mut told = String::new();
    // What is waited out for minutes is shown elsewhere, in no time.
    let long = ["fail=connect:500", "fail=connect:cut", "refuse=429", "refuse=502"];
    let rows = ROWS.iter().filter(|(switches, ..)| !long.iter().any(|long| switches.starts_with(long)));
    let rows = rows.map(|(switches, code, ..)| {
        tokio::spawn(async move {
            let site = Site::new(switches).await;
            let exit = documented(code).unwrap();
            let said = run(looking(&site)).await.code(exit.parse().unwrap()).stderr("");
            failed_with(&said, code);
            let port = site.bridge.address().port().to_string();
            let text = said.text().replace(&port, "PORT").replace(&Bridge::machine(), "SUB/rg/winvm");
            format!("== {switches}: exit {exit}\n{text}\n")
        })
    });
    // All at once: some of them wait for a while.
    for row in rows.collect::<Vec<_>>() {
        told.push_str(&row.await.unwrap());
    }
    golden("azure-refusals.txt", &told);
}

/// `diagnose` of a script that reads one thing.
fn looking(site: &Site) -> Program {
    let arguments =
        format!("diagnose look.yaml -t azure:{} -u adm --runs-dir runs --reconnect 0s", Bridge::machine());
    program(&arguments, &site.bridge.url(), site.bridge.certificate())
        .file("look.yaml", LOOK)
        .variable("SACPILOT_PASSWORD", "hunter2-x")
}

/// The report names the code, and the token is nowhere.
#[track_caller]
fn failed_with(said: &Said, code: &str) {
    let report = std::fs::read_to_string(said.run_folder("runs").join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["failure"]["code"], code);
    for text in said.contents() {
        assert!(!text.contains(TOKEN), "{code}: {text}");
    }
}

#[tokio::test]
async fn a_second_user_as_a_user_sees_it() {
    // Nobody answers at this console, so the program waits until it is thrown off.
    let site = Site::new("").await;
    let program = tokio::spawn(run(looking(&site)));
    while site.bridge.calls().tokens().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let line = open_azure(&site.azure(), &vm()).await.unwrap();
    let said = program.await.unwrap().code(3).stderr("");
    // Whether that falls into the moment in which a refusal of the token is awaited is a matter of speed.
    let report = std::fs::read_to_string(said.run_folder("runs").join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    failed_with(&said, if report["failure"]["code"] == "line-lost" { "line-lost" } else { "azure-closed" });
    for expected in [
        "the gateway closed the console normally (1000): an error of the service, its idle limit, or another user who \
         connected",
        "the console takes one user at a time and the newest wins: agree with the others, then connect again; what runs \
         in the machine goes on",
    ] {
        assert!(said.text().contains(expected), "{}", said.text());
    }
    drop(line);
}

#[tokio::test]
async fn a_proxy_in_the_way_as_a_user_sees_it() {
    let site = Site::new("").await;
    let (address, _came) = proxy(Some("Basic other")).await;
    let url = format!("http://user:geheim@{address}");
    let said = run(looking(&site).variable("HTTPS_PROXY", &url)).await.code(3).stderr("");
    failed_with(&said, "azure-proxy-account");
    assert!(said.text().contains(&format!("the proxy {address} asks for an account")), "{}", said.text());
    assert!(said.text().contains("to do: "), "{}", said.text());
    assert!(said.contents().iter().all(|text| !text.contains("geheim")));

    let (address, _came) = proxy(None).await;
    let program = looking(&site)
        .variable("HTTPS_PROXY", &format!("http://{address}"))
        .variable("SACPILOT_AZURE_ARM", "https://forbidden.example");
    let said = run(program).await.code(3).stderr("");
    failed_with(&said, "azure-proxy-refused");
    let expected = "does not connect to forbidden.example: it answered 403";
    assert!(
        said.text().contains(expected) && said.text().contains("let the proxy allow CONNECT"),
        "{}",
        said.text()
    );
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let arguments = format!("exec -t azure:{} -u adm -- ver", Bridge::machine());
    for (variable, value, expected) in [
        (
            "SACPILOT_AZURE_ARM",
            "http://127.0.0.1:1",
            "error: SACPILOT_AZURE_ARM cannot be used: a token is only sent over https\n  help: write https://HOST or \
             https://HOST:PORT\n",
        ),
        (
            "SACPILOT_CA_FILE",
            "none.pem",
            "error: cannot read the certificates in none.pem: I/O error: No such file or directory (os error 2)\n  help: \
             pass a file of PEM certificates with --ca-file or SSL_CERT_FILE\n",
        ),
        (
            "SACPILOT_AZURE_TOKEN",
            "two words",
            "error: SACPILOT_AZURE_TOKEN holds no token: it holds more than one word\n  help: it holds the token and \
             nothing else\n",
        ),
    ] {
        let program = program(&arguments, "https://127.0.0.1:1", "").variable(variable, value);
        run(program).await.code(2).stdout("").stderr(expected);
    }
}

/// `sacpilot sim --listen azure:…` that is told to end when this is dropped.
pub(crate) struct Offered {
    child: Child,
    pub(super) folder: tempfile::TempDir,
    pub(super) url: String,
    /// Kept open: nobody who writes to it shall be stopped.
    _stdout: BufReader<ChildStdout>,
}

impl Offered {
    pub(super) fn new(scenario: &str, switches: &str) -> Self {
        let arguments = format!("sim {scenario} --listen azure:127.0.0.1:0?{switches}");
        let (folder, mut command) = Program::new(&arguments).into_parts();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let url = first.strip_prefix("simulated Azure at ").and_then(|rest| rest.split(',').next());
        let url = url.unwrap_or_else(|| panic!("{first}")).to_owned();
        Self { child, folder, url, _stdout: stdout }
    }

    pub(super) fn certificate(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("sacpilot-sim-ca.pem")).unwrap()
    }

    pub(crate) fn program(&self, arguments: &str) -> Program {
        program(arguments, &self.url, &self.certificate())
            .variable("SACPILOT_USER", "azadmin")
            .variable("SACPILOT_PASSWORD", "Sim-Adm1n-Pass")
    }

    /// Ctrl-C: what it said on standard error, and what is left in its folder.
    #[cfg(unix)]
    fn end(mut self) -> (String, Vec<String>) {
        use rustix::process::{Pid, Signal, kill_process};

        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let left = std::fs::read_dir(self.folder.path()).unwrap();
        (said, left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn a_machine_behind_a_simulated_azure_is_used_like_any_other() {
    let offered = Offered::new("healthy?start=running", "cut=1&frames=mixed&replay=500");
    let target = format!("azure:{}", Bridge::machine());
    for text in ["one", "two"] {
        let said = offered.program(&format!("exec -t {target} --record s.cast -- echo {text}")).run();
        let said = said.code(0).stdout(&format!("{text}\r\n")).stderr("");
        assert!(said.contents().iter().all(|text| !text.contains(TOKEN)));
    }
    let (said, left) = offered.end();
    assert!(said.contains(&format!("sacpilot connect {target}\n")), "{said}");
    assert_eq!(left, [""; 0], "the certificate is removed");
}

/// A refused upgrade, a slow one, a session that is lost in the middle of the run, old output in the next one, a token
/// that is sent back: the run goes on, and the token is nowhere.
#[cfg(unix)]
#[test]
fn a_run_goes_on_in_a_new_session_and_the_token_is_nowhere() {
    let offered = Offered::new(
        "rdp-denied?start=running",
        "refuse=502:1&slow-upgrade=0.5&drop=6000&replay=60000&echo-token&cut=50&frames=mixed",
    );
    let target = format!("azure:{}", Bridge::machine());
    let run = |more: &str| {
        let arguments =
            format!("run rdp/connections --yes -t {target} --runs-dir runs --record s.cast -v {more}");
        offered.program(&arguments).run()
    };
    let said = run("--reconnect 1m").code(0);
    assert!(said.text().contains("deny: 1 → 0"), "{}", said.text());
    assert!(said.stderr_text().contains("to get it back"), "{}", said.stderr_text());
    let contents = said.contents();
    assert!(contents.iter().any(|text| text.contains("line made anew")));
    for text in contents {
        assert!(!text.contains(TOKEN), "{text}");
        // Nor in pieces, as the recording has what came in frames of 50 bytes.
        let joined: String = text.lines().filter_map(|line| line.split("\"o\", \"").nth(1)).collect();
        assert!(!joined.replace("\"]", "").contains(TOKEN));
    }
}

#[cfg(unix)]
#[test]
fn without_a_reconnect_the_run_ends_and_says_what_remains() {
    let offered = Offered::new("rdp-denied?start=running", "drop=6000&replay=60000");
    let target = format!("azure:{}", Bridge::machine());
    let arguments = format!("run rdp/connections --yes -t {target} --runs-dir runs --reconnect 0s");
    let said = offered.program(&arguments).run().code(3);
    assert!(said.text().contains("the connection to the gateway was dropped"), "{}", said.text());
    let runs =
        offered.program(&format!("runs --runs-dir {}", said.folder().join("runs").display())).run().code(0);
    assert!(runs.text().contains("can go on (resume)"), "{}", runs.text());
    let name = said.run_folder("runs");
    let resumed = offered.program(&format!("resume {}", name.display())).run().code(0);
    assert!(resumed.text().contains("all conditions hold"), "{}", resumed.text());
}

#[test]
fn a_place_that_is_none_is_refused() {
    Program::new("sim --listen azure:127.0.0.1:0?frame=text").run().code(2).stdout("").stderr(&format!(
        "error: `frame=text` is no switch of the simulated Azure: there is none of that name\n  help: {}\n",
        sacpilot::bridge::SwitchError::help()
    ));
}

/// Killed while the snapshot is taken: the run that is resumed waits for the same one before it calls the machine.
#[tokio::test]
async fn a_run_killed_at_its_snapshot_takes_it_when_it_is_resumed() {
    let site = Site::new("operation=1").await;
    let runs = tempfile::tempdir().unwrap();
    let call = |arguments: &str| {
        let arguments = format!("{arguments} -u adm --runs-dir {} --wait 1s", runs.path().display());
        program(&arguments, &site.bridge.url(), site.bridge.certificate())
            .file("look.yaml", LOOK)
            .variable("SACPILOT_PASSWORD", "hunter2-x")
    };
    let (_folder, mut command) =
        call(&format!("run look.yaml --snapshot --yes -t azure:{}", Bridge::machine())).into_parts();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while site.bridge.names("snapshots").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let folder = std::fs::read_dir(runs.path()).unwrap().next().unwrap().unwrap().path();
    let said = run(call(&format!("resume {} -t tcp:127.0.0.1:9", folder.display()))).await.code(2).stdout("");
    assert!(said.stderr_text().contains("was to take a snapshot first, and none can be taken of"));
    // Nobody answers at this console, so nothing more comes of the run.
    run(call(&format!("resume {}", folder.display()))).await.code(3);
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    assert_eq!(journal.matches(r#""type":"snapshot-taken""#).count(), 1, "{journal}");
    let requests = site.bridge.calls().requests();
    let at = |end: &str| requests.iter().rposition(|request| request.contains(end)).unwrap();
    assert!(at("/snapshots/") < at("/connect"), "{requests:?}");
    assert_eq!(site.bridge.names("snapshots").len(), 1);
}

const FIX: &str = "\
script: fix
title: 'a value is set'
about: |
  Sets a value.
steps:
  - id: value
    title: 'the value is set'
    in: cmd
    check: {run: 'reg query HKLM\\SOFTWARE\\T /v A', holds: 'rc == 0'}
    change: {run: 'reg add HKLM\\SOFTWARE\\T /v A /t REG_DWORD /d 1 /f'}
    undo: {run: 'reg delete HKLM\\SOFTWARE\\T /v A /f'}
    finding: {severity: error, text: 'the value is not set'}
";

/// Whoever approves a change is offered a snapshot; that none was taken stands in the report.
#[cfg(unix)]
#[tokio::test]
async fn a_snapshot_is_offered_to_whoever_approves_a_change() {
    use crate::connect::visit_program;

    let call = |site: &Site, yes: &str| {
        let machine = Bridge::machine();
        let arguments = format!("run fix.yaml{yes} -t azure:{machine} -u adm --runs-dir runs --wait 1s");
        program(&arguments, &site.bridge.url(), site.bridge.certificate())
            .file("fix.yaml", FIX)
            .variable("SACPILOT_PASSWORD", "hunter2-x")
    };
    for (key, taken, says) in [
        (&b"s\r"[..], 1, "/snapshots/winvm-sacpilot-2"),
        (b"y\r", 0, "| none: it was offered and not wanted |"),
    ] {
        let site = Site::new("operation=0").await;
        let visit =
            visit_program(call(&site, ""), &[("or s: yes, after a snapshot of its system disk]", key)], &[])
                .await;
        assert_eq!(visit.code, Some(3), "{}", visit.shown);
        assert!(visit.shown.contains("Snapshot: `run --snapshot` takes one"), "{}", visit.shown);
        assert_eq!(site.bridge.names("snapshots").len(), taken);
        let report = visit.of_the_run("report.md");
        assert!(report.contains("| Snapshot taken before |") && report.contains(says), "{report}");
    }
    let site = Site::new("operation=0").await;
    let said = run(call(&site, " --yes")).await.code(3);
    assert!(site.bridge.names("snapshots").is_empty());
    let report = std::fs::read_to_string(said.run_folder("runs").join("report.md")).unwrap();
    assert!(report.contains("| none: --yes was given without --snapshot |"), "{report}");
    assert!(said.text().contains("none: --yes was given without --snapshot"), "{}", said.text());
}

#[tokio::test]
async fn a_run_can_take_a_snapshot_first_and_does_nothing_without_it() {
    let arguments = format!(
        "run look.yaml --snapshot --yes -t azure:{} -u adm --runs-dir runs --wait 1s",
        Bridge::machine()
    );
    let call = |site: &Site| {
        program(&arguments, &site.bridge.url(), site.bridge.certificate())
            .file("look.yaml", LOOK)
            .variable("SACPILOT_PASSWORD", "hunter2-x")
    };
    // Nobody answers at this console, so nothing more comes of the run.
    let site = Site::new("operation=0").await;
    let said = run(call(&site)).await.code(3);
    let names = site.bridge.names("snapshots");
    assert!(names[0].starts_with("winvm-sacpilot-2"), "{names:?}");
    let folder = said.run_folder("runs");
    let report = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&report("report.json")).unwrap();
    assert!(json["snapshot"].as_str().unwrap().ends_with(&format!("/snapshots/{}", names[0])), "{json}");
    assert!(report("report.md").contains(&names[0]) && report("journal.jsonl").contains("snapshot-taken"));
    let requests = site.bridge.calls().requests();
    let at = |end: &str| requests.iter().position(|request| request.ends_with(end)).unwrap();
    assert!(at(&names[0]) < at("/connect"), "{requests:?}");

    let site = Site::new("fail=write:403").await;
    let said = run(call(&site)).await.code(3);
    assert!(said.text().contains("no snapshot could be taken: no permission to"), "{}", said.text());
    assert!(site.bridge.calls().requests().iter().all(|request| !request.ends_with("/connect")));

    Program::new("run look.yaml --snapshot --yes -t tcp:h:1").file("look.yaml", LOOK).run().code(2).stdout("").stderr(
        "error: `--snapshot` cannot be taken of `tcp:h:1`\n  help: it works for azure: targets; elsewhere take a snapshot \
         with the tools of the host\n",
    );
}
