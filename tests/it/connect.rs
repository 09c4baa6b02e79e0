//! `connect` on a real terminal: keys, help, the recording, and the terminal as it was afterwards. And what a run shows
//! on one.

use std::time::Duration;

use rustix::termios::{Termios, tcgetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::program::Program;

/// Something that must come before the next keys are pressed.
pub(crate) type Step = (&'static str, &'static [u8]);

/// What was shown, the exit code, and the terminal's settings before and after.
pub(crate) struct Visit {
    pub(crate) shown: String,
    pub(crate) code: Option<i32>,
    before: Termios,
    after: Termios,
    folder: tempfile::TempDir,
}

pub(crate) async fn visit(arguments: &str, steps: &[Step]) -> Visit {
    visit_program(Program::new(arguments), steps, &[]).await
}

/// With files in the folder.
async fn visit_with(arguments: &str, files: &[(&str, &str)], steps: &[Step], still: &[&str]) -> Visit {
    let program =
        files.iter().fold(Program::new(arguments), |program, (name, text)| program.file(name, text));
    visit_program(program, steps, still).await
}

/// With the variables that the program was given, as far as they are its own; behind each text of `still` nothing may be
/// drawn by itself.
pub(crate) async fn visit_program(program: Program, steps: &[Step], still: &[&str]) -> Visit {
    let (folder, program) = program.into_parts();
    let variables = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let variables = variables.filter(|(name, _)| name.to_string_lossy().starts_with("SACPILOT_"));
    let (mut pty, pts) = pty_process::open().unwrap();
    pty.resize(pty_process::Size::new(24, 80)).unwrap();
    let before = tcgetattr(&pty).unwrap();
    let mut child = pty_process::Command::new(program.get_program())
        .args(program.get_args())
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("TERM", "xterm")
        .envs(variables)
        .spawn(pts)
        .unwrap();
    let (mut shown, mut mark, mut bytes) = (String::new(), 0, [0; 4096]);
    let mut steps = steps.iter();
    let mut step = steps.next();
    loop {
        if let Some((awaited, keys)) = step
            && shown[mark..].contains(awaited)
        {
            mark = shown.len();
            if still.contains(awaited) {
                // Five times what the living line takes to be drawn again.
                let drawn = timeout(Duration::from_millis(600), pty.read(&mut bytes)).await;
                assert!(drawn.is_err(), "drawn by itself behind {awaited}: {:?}", drawn.map(|count| count.map(|count| String::from_utf8_lossy(&bytes[..count]).into_owned())));
            }
            pty.write_all(keys).await.unwrap();
            step = steps.next();
            continue;
        }
        let Ok(read) = timeout(Duration::from_mins(1), pty.read(&mut bytes)).await else {
            panic!("nothing came for a minute, {step:?} was awaited: {shown}");
        };
        // Linux ends a terminal whose last user left with an error.
        let Ok(count @ 1..) = read else { break };
        shown += &String::from_utf8_lossy(&bytes[..count]);
    }
    let code = child.wait().await.unwrap().code();
    let after = tcgetattr(&pty).unwrap();
    Visit { shown, code, before, after, folder }
}

impl Visit {
    /// A file that the only run left.
    pub(crate) fn of_the_run(&self, file: &str) -> String {
        let mut runs = std::fs::read_dir(self.folder.path().join("runs")).unwrap();
        std::fs::read_to_string(runs.next().unwrap().unwrap().path().join(file)).unwrap()
    }

    #[track_caller]
    pub(crate) fn terminal_is_as_it_was(&self) {
        assert_eq!(
            (self.before.local_modes, self.before.input_modes, self.before.output_modes),
            (self.after.local_modes, self.after.input_modes, self.after.output_modes),
            "the terminal is as it was"
        );
    }
}

#[tokio::test]
async fn a_person_talks_to_sac_asks_for_help_and_leaves() {
    let visit = visit(
        "connect sim:healthy?start=running --runs-dir runs",
        &[("for help", b"\r"), ("SAC>", b"ch\r"), ("0 (AV)    SAC", b"\x1d?"), ("keys after", b"\x1dq")],
    )
    .await;
    assert_eq!(visit.code, Some(0), "{}", visit.shown);
    for expected in ["Channel List", "[sacpilot: keys after Ctrl-]:]", "  q  quit", "recorded in "] {
        assert!(visit.shown.contains(expected), "{expected}: {}", visit.shown);
    }
    visit.terminal_is_as_it_was();
    let recordings: Vec<_> = std::fs::read_dir(visit.folder.path().join("runs")).unwrap().collect();
    let [Ok(recording)] = &recordings[..] else { panic!("{recordings:?}") };
    let cast = std::fs::read_to_string(recording.path()).unwrap();
    assert!(cast.contains("\"ch\\r\"") && cast.contains("Channel List"), "{cast}");
}

/// A client that somebody else keeps out the first time.
const TAKEN_ONCE: &str = "if ! [ -e tried ]; then : >tried; echo 'SOL payload already active'; exit 1; fi\nprintf '\\r\\nSAC>'; read line; echo \"heard $line\"; exec sleep 100\n";

/// The console is behind a client program.
fn at_client(arguments: &str, client: &str) -> Program {
    Program::new(arguments).variable("SACPILOT_TARGET", "exec:/bin/sh client").file("client", client)
}

#[tokio::test]
async fn a_console_that_somebody_else_has_is_waited_for() {
    let visit = visit_program(
        at_client("connect --no-record", TAKEN_ONCE),
        &[("Ctrl-C leaves]", b"lost"), ("SAC>", b"ch\n"), ("heard ch", b"\x1dq")],
        &[],
    )
    .await;
    assert_eq!(visit.code, Some(0), "{}", visit.shown);
    for expected in [
        "[sacpilot: terminal of /bin/sh: /bin/sh exited with code 1: SOL payload already active: end the other",
        "; trying again for 30 s; Ctrl-C leaves]\r\n",
        "\r\n[sacpilot: the console is there]\r\n",
    ] {
        assert!(visit.shown.contains(expected), "{:?}", visit.shown);
    }
    visit.terminal_is_as_it_was();
}

/// As it is pressed by somebody who has waited enough: for a client that is refused, and for a port that is not there.
#[tokio::test]
async fn who_waits_for_a_console_leaves_with_ctrl_c() {
    let refused = visit_program(
        at_client("connect --no-record --wait 10m", "echo 'Could not resolve hostname bmc7'; exit 255"),
        &[("trying again for 600 s; Ctrl-C leaves", b"\r\x03")],
        &[],
    )
    .await;
    assert_eq!(refused.code, Some(130), "{}", refused.shown);
    refused.terminal_is_as_it_was();
    let missing =
        visit("connect --no-record --wait 10m serial:/dev/ttyNOPE7", &[("trying again for 600 s", b"\x03")])
            .await;
    assert_eq!(missing.code, Some(130), "{}", missing.shown);
    assert!(missing.shown.contains("stopped: nothing was sent"), "{}", missing.shown);
    missing.terminal_is_as_it_was();
    let once = visit("connect --no-record serial:/dev/ttyNOPE7", &[]).await;
    assert_eq!(once.code, Some(3), "{}", once.shown);
}

/// Law 8: what a run shows holds nothing of the console but what was filtered.
#[tokio::test]
async fn a_run_shows_one_living_line_and_no_sequence_of_the_machine() {
    let visit = visit("diagnose rdp/connections -t sim:rdp-denied --runs-dir runs", &[]).await;
    assert_eq!(visit.code, Some(1), "{}", visit.shown);
    let plain = strip(&visit.shown);
    assert!(plain.contains("a command prompt (SAC, a channel, the login)"), "{plain}");
    assert!(plain.contains("of at most 15 min"), "{plain}");
    assert!(
        plain.contains("found     Remote Desktop connections are denied (fDenyTSConnections)"),
        "{plain}"
    );
    assert!(!plain.contains("Special Administration"), "nothing of the console is shown: {plain}");
}

/// Ctrl-C as it is pressed: while a password is asked for and not echoed, and while the machine is called.
#[tokio::test]
async fn ctrl_c_leaves_the_terminal_as_it_was() {
    let asked = visit(
        "diagnose rdp/connections -t tcp:127.0.0.1:9 -u adm --runs-dir runs",
        &[("Password of adm", b"hunt\x03")],
    )
    .await;
    assert_eq!(asked.code, Some(130), "{}", asked.shown);
    assert!(!asked.shown.contains("hunt"), "{}", asked.shown);
    asked.terminal_is_as_it_was();
    let called = visit(
        "diagnose rdp/connections -t sim:rdp-denied?pace=real --runs-dir runs",
        &[("a command prompt", b"\x03")],
    )
    .await;
    assert_eq!(called.code, Some(130), "{}", called.shown);
    assert!(strip(&called.shown).contains("stopped by the user"), "{}", called.shown);
    let (hidden, shown) = (called.shown.rfind("\x1b[?25l"), called.shown.rfind("\x1b[?25h"));
    assert!(hidden <= shown, "the cursor is shown again");
    called.terminal_is_as_it_was();
}

const ASKS: &str = "script: asks\ntitle: 'asks'\nabout: 'asks'\nsteps:\n  - id: name\n    title: 'it has a name'\n    in: cmd\n    run: 'hostname'\n  - id: sure\n    title: 'somebody is sure'\n    ask: {question: 'Sure?', choices: ['yes', 'no']}\n  - id: told\n    title: 'it is told'\n    when: 'steps.sure.answer == \"yes\"'\n    finding: {severity: info, text: 'somebody is sure'}\n";

/// A question has its line for itself: while it waits, nothing is drawn.
#[tokio::test]
async fn a_question_is_not_drawn_over() {
    let visit = visit_with(
        "run asks.yaml -t sim:healthy?start=running --runs-dir runs",
        &[("asks.yaml", ASKS)],
        &[("[y/N]", b"y\r"), ("Sure? [yes/no] ", b"perhaps\r"), ("Sure? [yes/no] ", b"YES\r")],
        &["Sure? [yes/no] "],
    )
    .await;
    assert_eq!(visit.code, Some(0), "{}", visit.shown);
    let plain = strip(&visit.shown);
    assert!(plain.contains("Sure? [yes/no] perhaps\nanswer with yes, no\nSure? [yes/no] YES\n"), "{plain}");
    assert!(plain.contains("asked     Sure? yes") && plain.contains("somebody is sure"), "{plain}");
}

/// Ctrl-C at a question ends the run, with the terminal as it was.
#[tokio::test]
async fn a_question_can_be_left_with_ctrl_c() {
    let visit = visit_with(
        "run asks.yaml -t sim:healthy?start=running --runs-dir runs",
        &[("asks.yaml", ASKS)],
        &[("[y/N]", b"y\r"), ("Sure? [yes/no] ", b"\x03")],
        &[],
    )
    .await;
    assert_eq!(visit.code, Some(130), "{}", visit.shown);
    assert!(visit.shown.contains("asked to stop"), "{}", visit.shown);
    visit.terminal_is_as_it_was();
}

/// Without colours and what draws the living line.
fn strip(text: &str) -> String {
    regex::Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]|\r").unwrap().replace_all(text, "").into_owned()
}
