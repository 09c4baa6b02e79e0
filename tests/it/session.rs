//! A session on the simulated machine: exit code and exact output of any command, on every rendering.

use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions, ShellError};
use sacpilot::sim::options::MachineOptions;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Pace, SimLine, SimWindow};

const TIMEOUT: Duration = Duration::from_mins(2);

fn credentials(password: &str) -> Credentials {
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

async fn session(os: Os, language: Language) -> (Session, SimWindow) {
    let (console, window) = machine(os, language);
    let password = window.world().lock().accounts.user("azadmin").unwrap().password.clone();
    let options = SessionOptions { id: "k7q".to_owned(), budget: Duration::from_mins(10) };
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

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_twice_and_no_third_time() {
    let (console, window) = machine(Os::Server2019, Language::EnUs);
    let options = SessionOptions { id: "k7q".to_owned(), budget: Duration::from_mins(10) };
    let (error, _console) = Session::open(console, credentials("wrong"), options).await.err().unwrap();
    assert!(matches!(error, ShellError::LoginRefused { .. }), "{error}");
    assert_eq!(window.world().lock().accounts.user("azadmin").unwrap().failures, 2);
}
