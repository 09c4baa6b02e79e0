//! The Windows program itself, under Wine: `SACPILOT_WINDOWS_EXE` names the .exe (`.ci/run` builds it), `WINEPREFIX` a
//! prefix that can start it. Without them the test says so and ends.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::replay::story;
use crate::replay::ways::{RUN, SCENARIO, over};

/// The account of the simulated machine.
const LOGIN: &str = "--user azadmin --password-env SIM_PASSWORD";
const PASSWORD: &str = "Sim-Adm1n-Pass";

/// The scenario of the machines that are only there to be reached.
const REACHED: &str = "rdp-internal-error";

/// How long any single thing may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Windows {
    exe: PathBuf,
    folder: tempfile::TempDir,
}

/// What a program said and how it ended. Wine hands on the low byte of an exit code.
#[derive(Debug)]
struct Said {
    status: ExitStatus,
    out: String,
    err: String,
}

impl Windows {
    fn here() -> Option<Self> {
        let Some(exe) = std::env::var_os("SACPILOT_WINDOWS_EXE").map(PathBuf::from) else {
            println!("skipped: SACPILOT_WINDOWS_EXE is not set (.ci/run builds the .exe and sets it)");
            return None;
        };
        assert!(exe.is_file(), "{} is not there", exe.display());
        Some(Self { exe, folder: tempfile::tempdir().unwrap() })
    }

    fn wine(&self, program: &Path, arguments: &str) -> Command {
        let mut command = Command::new("timeout");
        command.arg("120").arg("wine").arg(program).args(arguments.split_whitespace());
        command
            .current_dir(self.folder.path())
            .env("SIM_PASSWORD", PASSWORD)
            .env("WINEDEBUG", "-all")
            .stdin(Stdio::null());
        command
    }

    /// The .exe. Its output goes to files: the Wine server may keep a pipe open for ever.
    fn start(&self, name: &str, arguments: &str) -> Running {
        let file = |kind: &str| File::create(self.folder.path().join(format!("{name}.{kind}"))).unwrap();
        let child = self.wine(&self.exe, arguments).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Running(child)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap().replace("\r\n", "\n")
    }

    fn run(&self, name: &str, arguments: &str) -> Said {
        let mut running = self.start(name, arguments);
        let status = running.0.wait().unwrap();
        Said { status, out: self.text(&format!("{name}.out")), err: self.text(&format!("{name}.err")) }
    }

    /// Waits until a line of a file begins so, and gives its rest.
    fn line(&self, name: &str, holds: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text(name).find(holds)
                && let Some((line, _)) = self.text(name)[at + holds.len()..].split_once('\n')
            {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "{name} never held {holds}: {}", self.text(name));
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The simulated machine, offered by the program of this system.
    fn machine(&self, name: &str, scenario: &str, listen: &str) -> Running {
        let out = File::create(self.folder.path().join(name)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sacpilot"))
            .args(["sim", scenario, "--listen", listen])
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn();
        Running(child.unwrap())
    }

    fn registry(&self, text: &str) {
        let file = self.folder.path().join("ports.reg");
        fs::write(&file, format!("REGEDIT4\n\n{text}")).unwrap();
        let quiet =
            |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(quiet(&mut self.wine(Path::new("regedit"), "/S ports.reg")).success());
        // The links to ports are made when the server starts.
        quiet(Command::new("wineserver").arg("-k"));
        quiet(&mut self.wine(Path::new("wineboot"), ""));
    }
}

impl Said {
    #[track_caller]
    fn code(self, expected: i32) -> Self {
        assert_eq!(self.status.code(), Some(expected), "{self:#?}");
        self
    }

    #[track_caller]
    fn out(self, expected: &str) -> Self {
        assert_eq!(self.out, expected, "{self:#?}");
        self
    }
}

#[test]
fn the_program_works_under_wine() {
    let Some(windows) = Windows::here() else { return };
    // First, since ports are looked for when the Wine server starts.
    let machines = [("COM1", REACHED), ("COM2", SCENARIO), ("COM10", REACHED)];
    let ports = machines.map(|(port, scenario)| {
        let path = windows.folder.path().join(port);
        let out = format!("{port}.out");
        let machine = windows.machine(&out, scenario, &format!("pty:{}", path.display()));
        windows.line(&out, " at ");
        (machine, format!("\"{port}\"=\"{}\"\n", path.display()))
    });
    let names: String = ports.iter().map(|(_, name)| name.as_str()).collect();
    windows.registry(&format!("[HKEY_LOCAL_MACHINE\\Software\\Wine\\Ports]\n{names}"));

    windows.run("version", "--version").code(0).out(&format!("sacpilot {}\n", env!("CARGO_PKG_VERSION")));
    let said = windows.run("usage", "exec -t seril:COM1 -- ver").code(2);
    assert!(said.err.contains("did you mean `serial`?"), "{said:#?}");
    windows.run("nobody", &format!("exec -t pipe:nobody {LOGIN} -- ver")).code(255);

    let ports = windows.run("ports", "ports").code(0);
    assert!(ports.out.contains("serial:COM1 "), "{ports:#?}");
    let exec = |endpoint: &str| format!("exec -t {endpoint} {LOGIN} -- echo here& exit 7");
    let ran = windows.run("serial", &exec("serial:COM1")).code(7).out("here\n");
    assert!(!ran.err.contains("error"), "{ran:#?}");
    // Windows opens COM10 and above by another path.
    windows.run("tenth", &exec("serial:COM10")).code(7).out("here\n");
    assert!(ports.out.contains("serial:COM10 "), "{ports:#?}");

    let _tcp = windows.machine("tcp.out", REACHED, "tcp:127.0.0.1:0");
    let address = windows.line("tcp.out", " at ");
    windows.run("tcp", &exec(&address)).code(7).out("here\n");

    // A machine that is switched off has no pipe; who is willing to wait is there when it is switched on.
    let waits = format!("exec -t pipe:sacpilot-late --wait 2m {LOGIN} -- echo here& exit 7");
    let mut late = windows.start("late", &waits);
    windows.line("late.err", "trying again");
    let on = windows.start("on", "sim rdp-internal-error --listen pipe:sacpilot-late");
    assert_eq!(late.0.wait().unwrap().code(), Some(7), "{}", windows.text("late.err"));
    assert_eq!(windows.text("late.out"), "here\n");
    drop(on);

    let pipe = windows.start("pipe", "sim rdp-internal-error --listen pipe:sacpilot-smoke");
    let address = windows.line("pipe.out", " at ");
    assert_eq!(address, r"pipe:\\.\pipe\sacpilot-smoke");
    windows.run("piped", &exec("pipe:sacpilot-smoke")).code(7).out("here\n");
    drop(pipe);

    let repaired = windows.run(
        "run",
        r"run rdp-internal-error -t sim:rdp-internal-error --yes --runs-dir .\runs --record .\whole.cast",
    );
    let repaired = repaired.code(0);
    assert!(repaired.err.contains("runs") || repaired.out.contains("runs"), "{repaired:#?}");
    let runs = fs::read_dir(windows.folder.path().join("runs")).unwrap();
    let folder = runs.map(|entry| entry.unwrap().path()).next().unwrap();
    for file in ["journal.jsonl", "session.cast", "report.md", "report.json", "plan.json"] {
        assert!(folder.join(file).is_file(), "{file} is missing in {}", folder.display());
    }
    assert!(windows.folder.path().join("whole.cast").is_file());

    keys_of_a_console_arrive_once(&windows);
    recordings_replay_as_one_of_the_simulated_machine(&windows);
}

/// Those made through the ways that only Windows has, replayed by the program of this system and by the .exe.
fn recordings_replay_as_one_of_the_simulated_machine(windows: &Windows) {
    let expected = over(&format!("sim:{SCENARIO}"));
    assert!(expected.iter().any(|line| line.contains("change-verified")), "{expected:#?}");
    let _pipe = windows.start("recorded", &format!("sim {SCENARIO} --listen pipe:sacpilot-recorded"));
    windows.line("recorded.out", " at ");
    for (way, target) in [("named", "pipe:sacpilot-recorded"), ("port", "serial:COM2")] {
        let cast = format!("{way}.cast");
        let run = RUN.replace("session.cast", &cast);
        let said = windows.run(way, &format!("{run} -t {target} {LOGIN}")).code(0);
        assert!(said.err.contains("deny: 1 → 0") || said.out.contains("deny: 1 → 0"), "{said:#?}");
        assert_eq!(story(&windows.folder.path().join(&cast)), expected, "{target}");
        let again = windows.run("again", &format!("replay {cast} --pieces 1")).code(0);
        assert!(again.out.ends_with(" events as recorded, verdict holds\n"), "{again:#?}");
    }
}

/// Windows tells when a key is pressed and when it is let go: each must arrive once.
fn keys_of_a_console_arrive_once(windows: &Windows) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (mut person, mut child) = runtime.block_on(async {
        let (person, terminal) = pty_process::open().unwrap();
        person.resize(pty_process::Size::new(24, 80)).unwrap();
        let child = pty_process::Command::new("wine")
            .arg(&windows.exe)
            .args(["connect", &format!("tcp:{address}"), "--no-record"])
            .env("WINEDEBUG", "-all")
            .env("TERM", "xterm")
            .current_dir(windows.folder.path())
            .kill_on_drop(true)
            .spawn(terminal)
            .unwrap();
        (person, child)
    });
    let (mut console, _) = listener.accept().unwrap();
    console.set_read_timeout(Some(PATIENCE)).unwrap();
    console.write_all(b"shown on the console\r\n").unwrap();
    runtime.block_on(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let shown = async {
            let mut shown = Vec::new();
            let mut buffer = [0; 1024];
            while !String::from_utf8_lossy(&shown).contains("shown on the console") {
                let count = person.read(&mut buffer).await.unwrap();
                shown.extend_from_slice(&buffer[..count]);
            }
        };
        tokio::time::timeout(PATIENCE, shown).await.expect("the window never showed the console");
        person.write_all(b"dir\x1b[A\r").await.unwrap();
    });
    let mut keys = [0; 7];
    console.read_exact(&mut keys).unwrap();
    assert_eq!(&keys, b"dir\x1b[A\r");
    runtime.block_on(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        person.write_all(b"\x1dq").await.unwrap();
        let ended = async {
            let mut buffer = [0; 1024];
            loop {
                tokio::select! {
                    status = child.wait() => break status.unwrap(),
                    // The window must be read, or nobody gets on.
                    _ = person.read(&mut buffer) => tokio::task::yield_now().await,
                }
            }
        };
        let status = tokio::time::timeout(PATIENCE, ended).await.expect("q did not end it");
        assert_eq!(status.code(), Some(0));
    });
    let mut more = Vec::new();
    console.read_to_end(&mut more).unwrap();
    assert_eq!(more, b"", "nothing arrives twice");
}
