//! A session on the simulated machine: exit code and exact output of any command, on every rendering.

use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::secret::Secret;
use sacpilot::shell::dialogue::Dialogue;
use sacpilot::shell::{Credentials, Session, SessionOptions, ShellError};
use sacpilot::sim::options::MachineOptions;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Pace, SimLine, SimWindow};

pub(crate) const TIMEOUT: Duration = Duration::from_mins(2);

pub(crate) fn credentials(password: &str) -> Credentials {
    Credentials {
        user: "azadmin".to_owned(),
        domain: String::new(),
        password: Secret::new(password).unwrap(),
    }
}

fn machine(os: Os, language: Language) -> (Console, SimWindow) {
    let options: MachineOptions = serde_json::from_str(r#"{"start": "running"}"#).unwrap();
    let world = SharedWorld::new(World::healthy(os, language));
    let line = SimLine::new("test", options, world, Pace { speed: 1, baud: Some(115_200) });
    let window = line.window();
    (Console::new(Box::new(line), None), window)
}

pub(crate) async fn session(os: Os, language: Language) -> (Session, SimWindow) {
    let (console, window) = machine(os, language);
    let password = window.world().lock().accounts.user("azadmin").unwrap().password.clone();
    let options = SessionOptions::new("k7q", Duration::from_mins(10));
    match Session::open(console, credentials(&password), options).await {
        Ok(session) => (session, window),
        Err((error, _console)) => panic!("{error}\n{}", error.screen().unwrap_or_default()),
    }
}

#[tokio::test(start_paused = true)]
async fn exit_codes_and_output_are_exact_on_every_rendering() {
    for os in [Os::Server2016, Os::Server2022] {
        let (mut session, _window) = session(os, Language::EnUs).await;
        for (command, code, output) in [
            ("echo hi", 0, "hi\r\n"),
            ("<nul set /p x=abc", 1, "abc"),
            ("echo.& echo a  & echo.", 0, "\r\na  \r\n\r\n"),
            ("exit 5", 5, ""),
            ("rem", 0, ""),
            ("echo \"a&b\"|find \"a&b\"", 0, "\"a&b\"\r\n"),
            ("echo %OS%& echo 100% done", 0, "Windows_NT\r\n100% done\r\n"),
            ("for %i in (1 2) do @echo %i^", 0, "1\r\n2\r\n"),
            (
                "nosuch",
                1,
                "'nosuch' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
            ),
        ] {
            let outcome = session.cmd(command, TIMEOUT).await.unwrap_or_else(|error| {
                panic!("{os:?} {command}: {error}\n{}", session.console().screen().text())
            });
            assert_eq!((outcome.code, outcome.text.as_str()), (code, output), "{os:?} {command}");
        }
        session.close().await.unwrap();
        assert_eq!(session.channel(), "");
    }
}

/// How an attempt with a wrong password ends, and how many failed log-ons the machine counted.
async fn wrong_password(machine: &str) -> (ShellError, u32) {
    let options: MachineOptions = serde_json::from_str(machine).unwrap();
    let world = SharedWorld::new(World::healthy(Os::Server2019, Language::EnUs));
    let line = SimLine::new("test", options, world, Pace { speed: 1, baud: Some(115_200) });
    let window = line.window();
    let options = SessionOptions::new("k7q", Duration::from_mins(10));
    let console = Console::new(Box::new(line), None);
    let (error, _console) = Session::open(console, credentials("quite wrong"), options).await.err().unwrap();
    let world = window.world();
    let world = world.lock();
    (error, world.accounts.user("azadmin").unwrap().failures)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_on_a_clean_line() {
    let (error, failures) = wrong_password(r#"{"start": "running"}"#).await;
    assert!(matches!(error, ShellError::LoginRefused { .. }), "{error}");
    assert_eq!(failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_never_tried_a_third_time_on_a_line_that_alters_keys() {
    let mut most = 0;
    for seed in 1..12 {
        let noise =
            format!(r#"{{"start": "running", "noise": {{"seed": {seed}, "to_machine": {{"loss": 60}}}}}}"#);
        let (_error, failures) = wrong_password(&noise).await;
        assert!(failures <= 2, "{seed}: {failures}");
        most = most.max(failures);
    }
    assert_eq!(most, 2, "a line that altered what was typed is a reason to try again");
}

/// No dialogue begins without its receipt: on a full disk the machine keeps none.
#[tokio::test(start_paused = true)]
async fn on_a_full_disk_no_dialogue_begins() {
    for os in [Os::Server2016, Os::Server2022] {
        let (mut session, window) = session(os, Language::EnUs).await;
        let free = std::mem::take(&mut window.world().lock().files.drive_mut('C').unwrap().free);
        let dialogue = Dialogue { answers: Vec::new(), abort: b"\x03".to_vec() };
        let refused = session.talk("echo begun", &dialogue, TIMEOUT, 1).await.unwrap_err();
        let ShellError::NoReceipt { said } = &refused else {
            panic!("{os:?}: {refused}\n{}", session.console().screen().text())
        };
        assert!(said.contains("There is not enough space on the disk."), "{os:?}: {said}");
        assert!(!refused.may_have_run(), "{os:?}");
        // The session goes on, and with room on the disk the dialogue is held.
        window.world().lock().files.drive_mut('C').unwrap().free = free;
        let outcome = session.talk("echo begun", &dialogue, TIMEOUT, 2).await.unwrap();
        assert_eq!((outcome.code, outcome.text.trim()), (0, "begun"), "{os:?}");
        session.close().await.unwrap();
    }
}
