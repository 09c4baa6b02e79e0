//! Whole sessions byte by byte, and the proof that they do not depend on where reads and writes fall.

use proptest::prelude::*;

use super::*;
use crate::sim::audit::LoginOutcome;
use crate::sim::options::{
    AfterRefusal, AtEnd, AtLogin, AtTimeout, Before, BootOptions, CmdOptions, Faults, NoiseOptions,
    RenderMode, RenderOptions, SessionOptions, Span, StopOptions,
};
use crate::sim::sacdrv::tests::{BANNER, repaint};
use crate::sim::windows::accounts::User;
use crate::sim::windows::os::Os;
use crate::sim::windows::power::PowerRequest;

/// A shell of a few words, so that these tests stand on nothing but the machine.
pub(super) struct Words;

impl Shell for Words {
    fn start(
        &self,
        world: SharedWorld,
        console: Conhost,
        session: cmd::Session,
    ) -> Pin<Box<dyn Future<Output = ExitCode> + Send>> {
        Box::pin(async move {
            console.write("Welcome\r\n");
            loop {
                console.write("\r\nC:\\>");
                let Ok(line) = console.read_line().await else {
                    console.write("^C\r\n");
                    continue;
                };
                session.audit.record(&line);
                match line.split_once(' ').unwrap_or((&line, "")) {
                    ("exit", _) => return 0,
                    ("echo", text) => console.write(&format!("{text}\r\n")),
                    ("lines", count) => {
                        for number in 0..count.parse().unwrap_or(0) {
                            console.write(&format!("line {number}\r\n"));
                        }
                    }
                    ("wait", seconds) => {
                        // A noisy line alters numbers too.
                        let span = Duration::from_secs(seconds.parse().unwrap_or(0));
                        console.write(if console.sleep(span).await.is_ok() {
                            "waited\r\n"
                        } else {
                            "stopped\r\n"
                        });
                    }
                    ("cls", _) => console.clear(),
                    ("restart", _) => {
                        world.lock().power = Some(PowerRequest {
                            action: PowerAction::Restart,
                            due: console.now() + Duration::from_secs(2),
                            forced: true,
                            comment: String::new(),
                            by: session.user.clone(),
                        });
                    }
                    _ => {}
                }
            }
        })
    }
}

/// A machine, and the time at its console.
pub(super) struct Rig {
    pub(super) machine: Machine,
    now: Duration,
}

pub(super) fn world(os: Os) -> SharedWorld {
    let mut world = crate::sim::windows::World::healthy(os, crate::sim::windows::language::Language::EnUs);
    world.accounts.users.retain(|user| user.name != "ann");
    world.accounts.users.push(User {
        name: "ann".to_owned(),
        rid: 1200,
        full_name: String::new(),
        comment: String::new(),
        password: "pw".to_owned(),
        enabled: true,
        failures: 0,
    });
    SharedWorld::new(world)
}

impl Rig {
    pub(super) fn new(os: Os, options: MachineOptions) -> Self {
        Self::of(Machine::with_shell(options, world(os), Shells::Inside(Box::new(Words))))
    }

    pub(super) fn of(machine: Machine) -> Self {
        Self { machine, now: Duration::ZERO }
    }

    /// At `SAC>` of a machine that has been up for a while.
    pub(super) fn running(os: Os, options: MachineOptions) -> Self {
        let mut rig = Self::new(os, MachineOptions { start: Start::Running, ..options });
        assert_eq!(rig.pass(10.0), "");
        rig
    }

    /// At the prompt of a fresh CMD channel; what was seen on the way there.
    pub(super) fn logged_in(os: Os, options: MachineOptions) -> (Self, String) {
        let mut rig = Self::running(os, options);
        let seen = rig.send_all(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r", "pw\r"]);
        (rig, seen)
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, seconds: f64) -> String {
        self.now += Duration::from_secs_f64(seconds);
        String::from_utf8(self.machine.advance(self.now)).unwrap()
    }

    /// Types and waits a second.
    pub(super) fn send(&mut self, keys: &str) -> String {
        self.machine.receive(self.now, keys.as_bytes());
        self.pass(1.0)
    }

    /// Types and waits a second, again and again.
    pub(super) fn send_all(&mut self, all: &[&str]) -> String {
        all.iter().map(|keys| self.send(keys)).collect()
    }
}

fn prelude(os: Os) -> String {
    crate::sim::sacdrv::xml::prelude(&world(os).lock(), false)
}

#[test]
fn a_boot_byte_by_byte() {
    let mut rig = Rig::new(Os::Server2019, MachineOptions::default());
    assert_eq!(rig.pass(0.0), "\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H".repeat(4));
    let manager = rig.pass(6.0);
    assert!(
        manager.starts_with("BdsDxe: loading Boot0004 \"Windows Boot Manager\" from HD(1,GPT,"),
        "{manager:?}"
    );
    assert!(manager.contains("\r\nBdsDxe: starting Boot0004 "), "{manager:?}");
    let rows = [&BANNER[..], &["", "", "SAC>"]].concat();
    let banner = repaint(&rows, 9, 5);
    assert_eq!(rig.pass(9.0), format!("\x1b[2J\x1b[H{}\x1b[2J{banner}", prelude(Os::Server2019)));
    assert!(rig.send("cmd\r").starts_with("cmd\r\nError: Unable to launch a Command Prompt.  The service"));
    assert_eq!(rig.pass(19.0), "\r\nEVENT: The CMD command is now available.\r\nSAC>");
    assert_eq!(rig.machine.next_wake(), None);
    assert_eq!(rig.machine.audit().sac_lines(), ["cmd"]);
}

#[test]
fn what_is_typed_before_windows_listens_is_lost() {
    let mut rig = Rig::new(Os::Server2022, MachineOptions::default());
    rig.send("early");
    rig.pass(40.0);
    assert_eq!(rig.send("\r"), "\r\nSAC>");
}

#[test]
fn to_a_prompt_and_back_on_2022() {
    let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
    assert_eq!(
        rig.send("cmd\r"),
        "cmd\r\nThe Command Prompt session was successfully launched.\r\nSAC>\r\n\
         EVENT:   A new channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: Cmd0001\r\nSAC>"
    );
    assert!(rig.send("ch -si 1\r").ends_with("Use any other key to view this channel.\r\n\r\n"));
    assert_eq!(rig.send(" "), repaint(&["Please enter login credentials.", "Username: "], 2, 11));
    assert_eq!(rig.send("ann\r"), "ann\r\nDomain  : ");
    assert_eq!(rig.send("\r"), "\r\nPassword: ");
    assert_eq!(rig.send("pw\r"), "**\r\n\x1b[2J\x1b[1;1HWelcome\r\n\r\nC:\\>");
    assert_eq!(rig.send("echo hi\r"), "echo hi\r\nhi\r\n\r\nC:\\>");
    assert!(rig.send("exit\r").starts_with("exit\r\n\x1b[2J\x1b[1;1HName:                  SAC\r\n"));
    let sac = rig.send("\r");
    let closed = format!("{:<80}", "EVENT:   A channel has been closed.");
    assert!(sac.starts_with("\x1b[2J\x1b[1;1H\x1b[0m") && sac.contains(&closed), "{sac:?}");
    assert!(
        sac.contains("Computer is booting, SAC started and initialized."),
        "the old banner is still there"
    );
    assert_eq!(rig.send("ch\r").matches("V)").count(), 1);

    let audit = rig.machine.audit();
    assert_eq!(audit.sac_lines(), ["cmd", "ch -si 1", "ch"]);
    assert_eq!(audit.cmd_lines(), ["echo hi", "exit"]);
    let login = Act::Login {
        channel: "Cmd0001".to_owned(),
        user: "ann".to_owned(),
        domain: String::new(),
        outcome: LoginOutcome::Accepted,
    };
    assert_eq!(audit.count(&login), 1);
    assert_eq!(audit.count(&Act::ChannelClosed { channel: "Cmd0001".to_owned() }), 1);
    assert!(rig.machine.world().lock().processes.iter().all(|process| process.image != "cmd.exe"));
}

#[test]
fn the_same_by_difference_on_2019() {
    let (mut rig, seen) = Rig::logged_in(Os::Server2019, MachineOptions::default());
    assert!(seen.ends_with("**\r\n\x1b[2J\x1b[1;1HWelcome\x1b[3;1HC:\\>"), "{seen:?}");
    assert_eq!(rig.send("echo hi\r"), "echo hi\r\nhi\x1b[6;1HC:\\>");
    // The text of 40 lines scrolls by; the prompt ends in the row it had.
    rig.send("lines 40\r");
    let again = rig.send("\r");
    assert!(!again.ends_with("C:\\>"), "the prompt is where it was: {again:?}");
    // When the channel is viewed again, the driver repaints, then the session paints.
    rig.send("\x1b\t");
    rig.send("\x1b\t");
    let painted = rig.send(" ");
    assert_eq!(painted.matches("\x1b[2J\x1b[1;1H").count(), 2, "{painted:?}");
}

#[test]
fn lines_that_scroll_by_are_sent_as_fast_as_the_console_is() {
    let seen = |os| {
        let (mut rig, _) = Rig::logged_in(os, MachineOptions::default());
        let sent = rig.send("lines 2000\r");
        (0..2000).filter(|number| sent.contains(&format!("line {number}\r\n"))).count()
    };
    assert_eq!(seen(Os::Server2022), 2000);
    assert!(seen(Os::Server2016) < 400, "most are never sent");
}

#[test]
fn a_program_that_waits_is_interrupted() {
    let (mut rig, _) = Rig::logged_in(Os::Server2022, MachineOptions::default());
    assert_eq!(rig.send("wait 60\r"), "wait 60\r\n");
    assert_eq!(rig.send("\x03"), "stopped\r\n\r\nC:\\>");
    rig.send("wait 5\r");
    assert_eq!(rig.pass(5.0), "waited\r\n\r\nC:\\>");
}

#[test]
fn a_wrong_password_is_refused_in_several_ways() {
    let tried = |after_refusal, keys: &[&str]| {
        let session = SessionOptions { after_refusal, ..SessionOptions::default() };
        let mut rig = Rig::running(Os::Server2022, MachineOptions { session, ..MachineOptions::default() });
        rig.send_all(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r"]);
        let seen = [&["wrong\r"], keys].concat().into_iter().map(|keys| rig.send(keys)).collect::<Vec<_>>();
        assert_eq!(rig.machine.audit().cmd_lines(), [""; 0]);
        seen
    };
    let login = "Please enter login credentials.\r\nUsername: ";
    let refused = "*****\r\nUnable to authenticate.\r\n";
    assert_eq!(tried(AfterRefusal::KeyThenLogin, &["\r"]), [refused, login]);
    assert_eq!(tried(AfterRefusal::Login, &[]), [format!("{refused}{login}")]);
    let closed = tried(AfterRefusal::Close, &[]).concat();
    assert!(
        closed.starts_with(&format!("{refused}\x1b[2J\x1b[1;1HName:                  SAC")),
        "{closed:?}"
    );
    let closed = tried(AfterRefusal::KeyThenClose, &["\r"]);
    assert_eq!(closed[0], refused);
    assert!(closed[1].starts_with("\x1b[2J\x1b[1;1HName:                  SAC"), "{closed:?}");
}

#[test]
fn who_may_log_in() {
    for (user, domain, password, welcome) in [
        ("ann", "", "pw", true),
        ("ANN", "vm01", "pw", true),
        ("ann", ".", "pw", true),
        ("ann", "CONTOSO", "pw", false),
        ("ann", "", "PW", false),
        ("ann", "", "", false),
        ("bob", "", "pw", false),
    ] {
        let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
        rig.send_all(&["cmd\r", "ch -si 1\r", " "]);
        let seen = rig.send(&format!("{user}\r{domain}\r{password}\r"));
        assert_eq!(seen.contains("Welcome"), welcome, "{user} {domain} {password}: {seen:?}");
    }
}

#[test]
fn a_session_that_nobody_uses_ends() {
    let idle = |at_timeout| {
        let session =
            SessionOptions { timeout: Some(Span::millis(60_000)), at_timeout, ..SessionOptions::default() };
        let (mut rig, _) =
            Rig::logged_in(Os::Server2022, MachineOptions { session, ..MachineOptions::default() });
        rig.send("echo still here\r");
        assert_eq!(rig.pass(57.0), "");
        let seen = rig.pass(3.0);
        (seen, rig.send("ann\r\rpw\r"))
    };
    let login = "Please enter login credentials.\r\nUsername: ";
    let (seen, after) = idle(AtTimeout::Login);
    assert_eq!(seen, login);
    assert!(after.ends_with("\x1b[2J\x1b[1;1HWelcome\r\n\r\nC:\\>"), "{after:?}");
    let (seen, after) = idle(AtTimeout::Lock);
    assert_eq!((seen.as_str(), after.as_str()), (login, "ann\r\nDomain  : \r\nPassword: **\r\n"));
    assert!(idle(AtTimeout::Close).0.starts_with("\x1b[2J\x1b[1;1HName:                  SAC"));
}

#[test]
fn lock_asks_again_and_the_same_shell_comes_back() {
    let (mut rig, _) = Rig::logged_in(Os::Server2019, MachineOptions::default());
    rig.send("\x1b\t0");
    rig.send(" ");
    assert!(rig.send("lock\r").ends_with("Locked access to all Command Prompt channels.\r\nSAC>"));
    rig.send("ch -si 1\r");
    assert!(rig.send(" ").contains("Please enter login credentials."));
    let seen = rig.send("ann\r\rpw\r");
    assert!(seen.ends_with("\x1b[2J\x1b[1;1HWelcome\x1b[3;1HC:\\>"), "{seen:?}");
}

#[test]
fn sac_restarts_the_machine() {
    let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
    assert_eq!(rig.send("restart\r"), "restart\r\nSAC>");
    let words = "\r\nThe SAC will become unavailable soon.  The computer is shutting down.\r\n\r\nSAC>";
    assert_eq!(rig.pass(3.0), words);
    assert_eq!(rig.send("ch\r"), "", "nobody listens any more");
    assert!(rig.pass(3.0).starts_with("\x1b[2J\x1b[01;01H\x1b[=3h"));
    let boot = rig.pass(40.0);
    assert!(
        boot.contains("<machine-info>") && boot.ends_with("EVENT: The CMD command is now available.\r\nSAC>")
    );
    // Less than a minute after a boot it waits.
    assert_eq!(rig.send("restart\r"), "restart\r\nSAC>\r\nSAC preparing to restart the system.\r\nSAC>");
    assert_eq!(rig.pass(20.0), "");
    assert!(rig.pass(40.0).contains("shutting down."));
    assert_eq!(rig.machine.audit().count(&Act::Restart), 2);
}

#[test]
fn shutdown_is_the_end() {
    let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
    rig.send("shutdown /r\r");
    rig.pass(100.0);
    assert_eq!((rig.send("\r").as_str(), rig.machine.next_wake()), ("", None));
    assert_eq!(rig.machine.audit().count(&Act::Shutdown), 1);
}

#[test]
fn windows_shuts_down_from_within() {
    for at_shutdown in [AtEnd::Repaint, AtEnd::SwitchScreen] {
        let boot = BootOptions { at_shutdown, ..BootOptions::default() };
        let (mut rig, _) =
            Rig::logged_in(Os::Server2022, MachineOptions { boot, ..MachineOptions::default() });
        assert_eq!(rig.send("restart\r"), "restart\r\n\r\nC:\\>");
        let seen = rig.pass(2.0);
        let old_banner = seen.contains("Computer is booting, SAC started and initialized.");
        assert_eq!(old_banner, at_shutdown == AtEnd::Repaint, "{seen:?}");
        assert_eq!(seen.contains("Use any other key"), at_shutdown == AtEnd::SwitchScreen, "{seen:?}");
        let seen = rig.pass(50.0);
        assert!(seen.ends_with("EVENT: The CMD command is now available.\r\nSAC>"), "{seen:?}");
        assert_eq!(rig.machine.audit().count(&Act::Boot), 1);
    }
}

#[test]
fn a_crash_ends_at_the_stop_prompt_and_restarts() {
    let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
    let seen = rig.send("crashdump\r");
    assert!(seen.contains("<INSTANCE CLASSNAME=\"BLUESCREEN\">") && seen.ends_with("\n\r!SAC>"), "{seen:?}");
    assert!(seen.contains("<VALUE>\"0xE2\"</VALUE>"));
    assert!(rig.send("?\r").contains("\r\nrestart  Restart the system immediately.\r\n"));
    assert!(rig.pass(60.0).ends_with("EVENT: The CMD command is now available.\r\nSAC>"));

    let stop =
        StopOptions { at: Some(Span::millis(30_000)), restart: None, xml: false, ..StopOptions::default() };
    let mut rig = Rig::new(Os::Server2022, MachineOptions { stop, ..MachineOptions::default() });
    assert!(rig.pass(60.0).ends_with("available.\r\nSAC>\n\r!SAC>"));
    assert_eq!(rig.machine.next_wake(), None);
    assert!(rig.send("restart\r").starts_with("restart\r\n\x1b[2J\x1b[01;01H"));
    assert!(rig.pass(120.0).ends_with("available.\r\nSAC>"), "it crashes only once");
    assert_eq!(rig.machine.audit().count(&Act::BugCheck { code: 0xA }), 1);
}

#[test]
fn ports_without_sac() {
    let boots = |port| {
        let mut rig = Rig::new(Os::Server2022, MachineOptions { port, ..MachineOptions::default() });
        let seen = rig.pass(90.0);
        let answer = rig.send("\r\x1b\t0 ");
        (seen, answer)
    };
    let (seen, answer) = boots(Port::HealthReport);
    assert!(seen.contains("======== Microsoft Azure VM Health Report - Start "), "{seen:?}");
    assert!(!seen.contains("SAC>") && answer.is_empty());
    let (seen, answer) = boots(Port::Deaf);
    assert!(seen.ends_with("SAC>") && answer.is_empty());
    assert_eq!(boots(Port::Silent), (String::new(), String::new()));
}

#[test]
fn a_running_machine_has_a_past() {
    let before = |steps: &[&str]| {
        steps
            .iter()
            .flat_map(|keys| [Before::Type((*keys).to_owned()), Before::Wait(Span::millis(1000))])
            .collect()
    };
    let options = |steps: &[&str]| MachineOptions {
        start: Start::Running,
        before: before(steps),
        ..Default::default()
    };
    let mut rig = Rig::new(Os::Server2022, options(&["dir"]));
    assert_eq!(
        rig.send("\x08\x08\x08\x08ch -x\r"),
        "\u{8} \u{8}\u{8} \u{8}\u{8} \u{8}ch -x\r\n\
        A parameter was incorrect or missing.  Try the 'help' command for more details.\r\nSAC>"
    );
    // Somebody's open prompt.
    let mut rig = Rig::new(Os::Server2022, options(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r", "pw\r"]));
    assert_eq!(rig.send("\r"), "\r\n\r\nC:\\>");
    assert_eq!(rig.machine.audit().cmd_lines(), [""]);
    assert_eq!(rig.machine.audit().sac_lines(), [""; 0], "what came before is not on record");
    // A switch screen.
    let mut rig = Rig::new(Os::Server2022, options(&["\x1b\t"]));
    assert!(rig.send(" ").starts_with("\x1b[2J\x1b[1;1H\x1b[0m"));
}

#[test]
fn channels_have_numbers_of_their_own() {
    let cmd = CmdOptions { first_number: 6, ..CmdOptions::default() };
    let mut rig = Rig::running(Os::Server2022, MachineOptions { cmd, ..MachineOptions::default() });
    assert!(rig.send("cmd\r").contains("\r\nChannel: Cmd0006\r\n"));
    assert!(
        rig.send("ch -ci 1\r")
            .ends_with("ch -ci 1\r\nSAC>\r\nEVENT:   A channel has been closed.\r\nChannel: Cmd0006\r\nSAC>")
    );
    assert!(rig.send("cmd\r").contains("\r\nChannel: Cmd0007\r\n"));
}

#[test]
fn input_beyond_the_ring_is_lost() {
    let mut rig = Rig::running(Os::Server2022, MachineOptions::default());
    // The ring goes round once: 1024 bytes look like none.
    assert_eq!(rig.send(&"x".repeat(1024)), "");
    assert_eq!(rig.send(&"x".repeat(1030)), "xxxxxx");
}

#[test]
fn a_slow_line_makes_the_driver_wait() {
    let options = MachineOptions { baud: Some(9600), ..MachineOptions::default() };
    let mut rig = Rig::running(Os::Server2022, options);
    rig.machine.receive(rig.now, b"?\rab");
    let half = rig.pass(0.5);
    assert!((470..=480).contains(&half.len()), "{}", half.len());
    assert!(rig.pass(3.0).ends_with("SAC>ab"));
}

#[test]
fn at_login_the_dialogue_may_stay() {
    let session = SessionOptions { at_login: AtLogin::Keep, ..SessionOptions::default() };
    for (mode, end) in [
        (RenderMode::Stream, "**\r\n\r\nWelcome\r\n\r\nC:\\>"),
        (RenderMode::Difference, "\r\n\x1b[K\r\n\x1b[K\x1b[3;5H"),
    ] {
        let render = RenderOptions { mode, ..RenderOptions::default() };
        let options = MachineOptions { session: session.clone(), render, ..MachineOptions::default() };
        let (_, seen) = Rig::logged_in(Os::Server2022, options);
        assert!(seen.ends_with(end), "{seen:?}");
    }
}

/// What somebody does at a console: keys, then a pause in milliseconds.
fn visit() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let keys = prop::sample::select(vec![
        "cmd\r",
        "ch\r",
        "ch -si 1\r",
        "\x1b\t",
        "\x1b\t0",
        " ",
        "ann\r",
        "\r",
        "pw\r",
        "?\r",
        "p\r",
        "t\r",
        "lock\r",
        "echo hello\r",
        "lines 100\r",
        "wait 1\r",
        "\x03",
        "exit\r",
        "\r\n",
        "\x1b[A",
        "ch -ci 1\r",
        "\0",
        "restart\r",
        "crashdump\r",
        "x\u{8}\u{7f}\t",
        "한글",
    ]);
    let pause = prop::sample::select(vec![0, 1, 4, 30, 200, 2_000, 70_000]);
    let start = vec![("cmd\r", 1000), ("ch -si 1\r", 100), (" ", 100), ("ann\r\rpw\r", 1000)];
    prop::collection::vec((keys, pause), 0..25)
        .prop_flat_map(move |rest| prop::sample::select(vec![rest.clone(), [start.clone(), rest].concat()]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bytes_depend_on_what_arrived_when_and_on_nothing_else(
        visit in visit(),
        cuts in prop::collection::vec((1..6_usize, 0..5_u64), 1..50),
        os in prop::sample::select(Os::ALL.to_vec()),
        baud in prop::sample::select(vec![None, Some(115_200), Some(9_600)]),
        noise in prop::sample::select(vec![0, 50]),
    ) {
        let faults = Faults { loss: noise, corruption: noise, duplication: noise, burst: 3, ..Faults::default() };
        let noise = NoiseOptions { seed: 3, to_machine: faults.clone(), from_machine: faults };
        let options = MachineOptions { baud, noise, start: Start::Running, ..MachineOptions::default() };
        let machine = || Machine::with_shell(options.clone(), world(os), Shells::Inside(Box::new(Words)));
        let end = Duration::from_mins(10);

        let mut whole = machine();
        let mut now = Duration::ZERO;
        for (keys, pause) in &visit {
            whole.receive(now, keys.as_bytes());
            now += Duration::from_millis(*pause);
        }
        let expected = whole.advance(now + end);

        let mut pieces = machine();
        let mut seen = Vec::new();
        let mut cuts = cuts.iter().cycle();
        let mut now = Duration::ZERO;
        for (keys, pause) in &visit {
            let mut rest = keys.as_bytes();
            while !rest.is_empty() {
                let (length, looks) = cuts.next().unwrap();
                let (piece, after) = rest.split_at(rest.len().min(*length));
                pieces.receive(now, piece);
                (0..*looks).for_each(|_| seen.extend(pieces.advance(now)));
                rest = after;
            }
            let (steps, _) = cuts.next().unwrap();
            let target = now + Duration::from_millis(*pause);
            for step in 1..=*steps as u32 {
                seen.extend(pieces.advance(now + Duration::from_millis(*pause) * step / (*steps as u32 + 1)));
            }
            // Waking exactly when asked is the same again.
            while let Some(wake) = pieces.next_wake().filter(|wake| *wake < target) {
                seen.extend(pieces.advance(wake));
            }
            now = target;
        }
        seen.extend(pieces.advance(now + end));
        prop_assert_eq!(String::from_utf8_lossy(&seen), String::from_utf8_lossy(&expected));
        prop_assert_eq!(pieces.audit(), whole.audit());
    }
}
