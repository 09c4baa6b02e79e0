//! Scripts of the library on Wine's registry, through Wine's cmd.exe and reg.exe, which nobody here wrote.
//!
//! Of the programs that scripts use, Wine 8 has reg (without load), and sc, net, netstat and findstr in part; cacls, icacls,
//! netsh, wevtutil, certutil, dism and systeminfo are there in name only, and bcdedit, chkdsk, diskpart, gpupdate,
//! manage-bde, nltest, sfc and takeown not at all. Its sc knows no config, its net no user and no `stop NAME /y`, its cmd no
//! `ren` by patterns. So the scripts that work on the registry, that look for files, and that start a service run here.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use sacpilot::console::StopSign;
use sacpilot::engine::event::RunMode;
use sacpilot::engine::run::begin;
use sacpilot::engine::{
    Interrupt, Masks, Narrator, OnInterrupt, Operator, OperatorError, Order, Outcome, Past, Selection,
    Verdict, run,
};
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::script::model::{Mode, Restart};
use sacpilot::script::parameters::bind;
use tokio::sync::mpsc::unbounded_channel;

use super::step;

const TERMINAL_SERVER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server";
const RDP_TCP: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp";
const TLS: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server";
const DUMPS: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\CrashControl";
const LSA: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa";
const POLICY: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\gpsvc";

/// A number in the registry: key, name, what it is before, and afterwards; `None`: it is not there.
type Number = (&'static str, &'static str, Option<u32>, Option<u32>);

#[rustfmt::skip]
const CASES: &[(&str, &[Number])] = &[
    ("rdp/connections", &[
        (TERMINAL_SERVER, "fDenyTSConnections", Some(1), Some(0)),
        (RDP_TCP, "fEnableWinStation", Some(0), Some(1)),
        (RDP_TCP, "fLogonDisabled", Some(1), Some(0)),
    ]),
    ("rdp/configuration", &[
        (TERMINAL_SERVER, "TSServerDrainMode", Some(2), Some(0)),
        (TERMINAL_SERVER, "TSEnabled", Some(0), Some(1)),
        (TERMINAL_SERVER, "TSUserEnabled", Some(1), Some(0)),
    ]),
    ("rdp/disconnects", &[
        (RDP_TCP, "MaxIdleTime", Some(900_000), Some(0)),
        (RDP_TCP, "fReconnectSame", None, Some(1)),
        (RDP_TCP, "'SecurityLayer'", Some(0), None),
        (RDP_TCP, "MaxInstanceCount", Some(1), Some(u32::MAX)),
    ]),
    ("rdp/tls-protocols", &[(TLS, "Enabled", Some(0), Some(1)), (TLS, "DisabledByDefault", Some(1), Some(0))]),
    ("boot/crash-dump", &[(DUMPS, "CrashDumpEnabled", Some(0), Some(2)), (DUMPS, "NMICrashDump", None, Some(1))]),
    ("rdp/group-policy-pause", &[(POLICY, "Start", Some(2), Some(4))]),
    ("rdp/authentication", &[(LSA, "disabledomaincreds", Some(1), Some(0)), (RDP_TCP, "MinEncryptionLevel", Some(4), Some(2))]),
];

/// It fails, so that everything before it is taken back.
const FAILS: &str = "  - id: fails
    title: 'a step that fails'
    in: cmd
    check: {run: 'reg query HKLM\\SOFTWARE\\nothing-here', holds: 'rc == 0'}
    change: {run: 'reg delete HKLM\\SOFTWARE\\nothing-here /f'}
    undo: {run: 'reg query HKLM\\SOFTWARE'}
    finding: {severity: error, text: 'it fails'}
";

/// Scripts that run here beside those of [`CASES`].
const OTHERS: [&str; 3] = ["offline/attach", "rdp/services", "rdp/tls-kept"];

/// Every script that runs here.
pub(super) fn scripts() -> Vec<&'static str> {
    let mut names: Vec<_> = CASES.iter().map(|case| case.0).chain(OTHERS).collect();
    names.sort_unstable();
    names
}

/// One cmd.exe of Wine, to which lines are written.
struct Wine {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// In a prefix that is made already, each script: what it changes, that it does so once, and the way back.
pub(crate) async fn scripts_work_on_its_registry(environment: &str) {
    let mut wine = Wine::start(environment);
    let pages = r#"reg add "HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management" /v PagingFiles /t REG_MULTI_SZ /d C:\pagefile.sys /f"#;
    assert_eq!(wine.say(pages).0, 0);
    for (script, numbers) in CASES {
        for (key, name, before, _) in *numbers {
            if let Some(before) = before {
                let line = format!("reg add \"{key}\" /v \"{name}\" /t REG_DWORD /d {before} /f");
                assert_eq!(wine.say(&line).0, 0, "{line}");
            }
        }
        let at_first = wine.registry(numbers);
        assert_eq!(wine.does(&(step(script, "") + FAILS)).await, Verdict::Undone, "{script}");
        assert_eq!(wine.registry(numbers), at_first, "{script} is taken back");
        assert_eq!(wine.does(&step(script, "")).await, Verdict::Holds, "{script}");
        for (key, name, _, after) in *numbers {
            let (code, shown) = wine.say(&format!("reg query \"{key}\" /v \"{name}\""));
            let found = shown.rsplit_once("0x").and_then(|(_, hex)| u32::from_str_radix(hex.trim(), 16).ok());
            assert_eq!(found.filter(|_| code == 0), *after, "{script}: {name}\n{shown}");
        }
        let repaired = wine.registry(numbers);
        assert_eq!(wine.does(&step(script, "")).await, Verdict::Holds, "{script}");
        assert_eq!(wine.registry(numbers), repaired, "{script} changes nothing twice");
    }
    looks_are_right(&mut wine, environment).await;
    service_is_started(&mut wine).await;
}

/// TLS that was left alone or taken back; a disk with another Windows, and none.
async fn looks_are_right(wine: &mut Wine, environment: &str) {
    let kept = step("rdp/tls-kept", "");
    assert_eq!(wine.does(&kept).await, Verdict::Holds);
    assert_eq!(wine.say(&format!("reg add \"{TLS}\" /v Enabled /t REG_DWORD /d 0 /f")).0, 0);
    assert_eq!(wine.does(&kept).await, Verdict::Findings);

    let attached = step("offline/attach", "");
    assert_eq!(wine.does(&attached).await, Verdict::Findings, "no other disk is here");
    wine.say(r"md C:\other\Windows\System32\config");
    wine.say(r"echo hive>C:\other\Windows\System32\config\SYSTEM");
    let prefix = environment.split(' ').find_map(|word| word.strip_prefix("WINEPREFIX=")).unwrap();
    std::os::unix::fs::symlink("../drive_c/other", format!("{prefix}/dosdevices/e:")).unwrap();
    assert_eq!(wine.does(&attached).await, Verdict::Holds);
}

/// Wine's TermService is there and stopped. Its `net stop` knows no /y, so what is started here stays.
async fn service_is_started(wine: &mut Wine) {
    let services = step("rdp/services", "services: ['TermService']");
    assert!(wine.say("sc query TermService").1.contains("STOPPED"));
    assert_eq!(wine.does(&services).await, Verdict::Holds);
    assert!(wine.say("sc query TermService").1.contains("RUNNING"));
    assert_eq!(wine.does(&services).await, Verdict::Holds);
}

impl Wine {
    fn start(environment: &str) -> Self {
        let mut words = environment.split(' ').chain(["wine", "cmd"]);
        let mut child = Command::new(words.next().unwrap())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut wine = Self { child, input, output };
        wine.say("@echo off");
        wine
    }

    /// Exit code and output of a line.
    fn say(&mut self, line: &str) -> (i32, String) {
        // From a pipe this cmd reads more than a line and forgets the rest: what tells the end stands in the same line. The
        // caret keeps the code from being put in before the command has run; `call` puts it in then.
        write!(self.input, "{line} & call echo ##%^errorlevel%##\r\n").unwrap();
        self.input.flush().unwrap();
        let mut output = String::new();
        loop {
            let mut bytes = Vec::new();
            assert!(self.output.read_until(b'\n', &mut bytes).unwrap() > 0, "`{line}` ended it: {output}");
            let text = String::from_utf8_lossy(&bytes);
            let code = text.trim().rsplit_once("##").and_then(|(rest, _)| rest.rsplit_once("##"));
            if let Some(code) = code.and_then(|(_, code)| code.parse().ok()) {
                return (code, output);
            }
            output.push_str(&text);
        }
    }

    /// All that is in the keys of these numbers.
    fn registry(&mut self, numbers: &[Number]) -> Vec<String> {
        numbers.iter().map(|(key, ..)| self.say(&format!("reg query \"{key}\" /s")).1).collect()
    }

    /// Runs these steps.
    async fn does(&mut self, steps: &str) -> Verdict {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("script: t\ntitle: 'a trial'\nabout: |\n  A trial.\nsteps:\n{steps}");
        std::fs::write(folder.path().join("t.yaml"), text).unwrap();
        let script = loader::load(&Library::with_folder(folder.path()), "t").unwrap().script;
        let order = Order {
            run: "run-1".to_owned(),
            params: bind(&script, &[]).unwrap(),
            script,
            mode: RunMode::Run,
            target: "wine".to_owned(),
            timeout: Duration::from_mins(1),
            on_interrupt: OnInterrupt::Keep,
            selection: Selection::default(),
            approved: None,
            snapshot: None,
        };
        let mut narrator = Narrator::new("2026-11-28T03:00:00Z".parse().unwrap(), Masks::default());
        begin(&order, &mut narrator).unwrap();
        let (_waits, mut awaiting) = unbounded_channel();
        let interrupt = Interrupt::default();
        let ended =
            Box::pin(run(&order, self, &mut narrator, &mut awaiting, &interrupt, Past::default())).await;
        ended.verdict
    }
}

impl Operator for Wine {
    async fn run(&mut self, _: Mode, command: &str, _: Duration) -> Result<Outcome, OperatorError> {
        let (code, output) = self.say(command);
        Ok(Outcome { code, output, elapsed: Duration::ZERO })
    }

    async fn ask(&mut self, _: &str, _: &[String]) -> Result<Option<String>, OperatorError> {
        Ok(None)
    }

    async fn reboot(
        &mut self,
        _: Restart,
        _: &str,
        _: Duration,
        _: Option<StopSign>,
    ) -> Result<(), OperatorError> {
        unreachable!("none of these scripts restarts the machine")
    }

    async fn close(&mut self) -> Result<(), OperatorError> {
        Ok(())
    }

    fn screen(&self) -> String {
        String::new()
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
