//! A real program behind the simulated machine's CMD channels (`sim --shell`): a Unix shell, and Wine's cmd.exe, whose
//! console renderer nobody here wrote.

use std::path::Path;
use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::encoding::Utf8Stream;
use sacpilot::recording::{Header, Manner, Playback, Recorder};
use sacpilot::screen::Screen;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::scenario::Account;
use sacpilot::transport::{CommandLine, Line, OpenError, ReplayLine, SimLine, open_sim_with_shell};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

use crate::library::wine::scripts_work_on_its_registry;

/// Somebody at the console, recorded when a recorder is there.
struct Seat {
    line: Box<dyn Line>,
    stream: Utf8Stream,
    screen: Screen,
    recorder: Option<Recorder>,
    began: Instant,
}

fn open(command: &str) -> Result<SimLine, OpenError> {
    let command: CommandLine = command.parse().unwrap();
    let options = [("start".to_owned(), "running".to_owned())];
    open_sim_with_shell("healthy", &options, Some(&command))
}

impl Seat {
    fn new(line: Box<dyn Line>, recorder: Option<Recorder>) -> Self {
        Self { line, stream: Utf8Stream::new(), screen: Screen::new(), recorder, began: Instant::now() }
    }

    /// In a channel, logged in.
    async fn logged_in(line: Box<dyn Line>, recorder: Option<Recorder>) -> Self {
        let mut seat = Self::new(line, recorder);
        let Account { user, password } = Account::default();
        for (keys, answer) in [
            ("cmd\r", "Channel: Cmd0001"),
            ("ch -si 1\r", "Use any other key to view this channel."),
            (" ", "Username:"),
            (&format!("{user}\r"), "Domain  :"),
            ("\r", "Password:"),
        ] {
            seat.types(keys).await;
            seat.sees(answer).await;
        }
        seat.types(&format!("{password}\r")).await;
        seat
    }

    async fn types(&mut self, keys: &str) {
        if let Some(recorder) = &mut self.recorder {
            recorder.input(self.began.elapsed(), keys.as_bytes());
        }
        self.line.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Reads until the screen says so.
    async fn until(&mut self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let mut buffer = [0; 4096];
        while !holds(&self.screen) {
            let read = timeout(Duration::from_mins(1), self.line.read(&mut buffer)).await;
            let count = match read {
                Ok(count) => count.unwrap(),
                Err(late) => panic!("{what} did not come ({late})\n{}", self.screen.text()),
            };
            assert!(count > 0, "the line ended");
            if let Some(recorder) = &mut self.recorder {
                recorder.output(self.began.elapsed(), &buffer[..count]);
            }
            let mut text = String::new();
            self.stream.push(&buffer[..count], &mut text);
            text.chars().for_each(|character| self.screen.feed(character));
        }
    }

    async fn sees(&mut self, text: &str) {
        self.until(text, |screen| screen.text().contains(text)).await;
    }

    /// A row is exactly this, and the prompt stands below it.
    async fn answers(&mut self, row: &str, prompt: &str) {
        self.until(row, |screen| {
            screen.before_cursor() == prompt && screen.text().lines().any(|line| line.trim_end() == row)
        })
        .await;
    }
}

#[tokio::test]
async fn a_unix_shell_can_be_used() {
    let line = open("env PS1=ready> ENV= sh -i").unwrap();
    let window = line.window();
    let mut seat = Seat::logged_in(Box::new(line), None).await;
    seat.until("the prompt", |screen| screen.before_cursor() == "ready>").await;
    seat.types("echo $((6*7)) \u{e9}\u{d55c}\r").await;
    seat.answers("42 \u{e9}\u{d55c}", "ready>").await;
    // Ctrl-C reaches what runs.
    seat.types("sh -c 'echo up; exec sleep 1000'\r").await;
    seat.until("up", |screen| screen.text().lines().any(|line| line.trim_end() == "up")).await;
    seat.types("\x03").await;
    seat.until("the prompt", |screen| screen.before_cursor() == "ready>").await;
    seat.types("echo code $?\r").await;
    seat.answers("code 130", "ready>").await;
    // Away and back: the driver repaints its own model, the program goes on.
    seat.types("\x1b\t0").await;
    seat.sees("Name:                  SAC").await;
    seat.types(" ch -si 1\r").await;
    seat.sees("Name:                  Cmd0001").await;
    seat.types(" ").await;
    seat.answers("code 130", "ready>").await;
    seat.types("exit 3\r").await;
    seat.sees("Name:                  SAC").await;
    let audit = window.audit();
    let lines =
        ["echo $((6*7)) \u{e9}\u{d55c}", "sh -c 'echo up; exec sleep 1000'", "echo code $?", "exit 3"];
    assert_eq!(audit.cmd_lines(), lines);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_before_anything_else() {
    let error = open("no-such-program-here x").err().unwrap();
    assert_eq!(error.to_string(), "cannot start no-such-program-here: there is no such program");
    assert_eq!(
        "'quote".parse::<CommandLine>().unwrap_err(),
        "`'quote` is a quote that is never closed, or a backslash with nothing after it"
    );
}

#[tokio::test]
async fn wines_cmd_runs_behind_the_channel() {
    if !Path::new("/usr/bin/wine").exists() {
        println!("skipped: wine is not installed (.ci/run installs it)");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().display();
    // A prefix of its own, made before the terminal is used; its programs end with the test.
    let environment = format!(
        "env -i PATH=/usr/bin:/bin HOME={path} LC_ALL=C.UTF-8 WINEPREFIX={path}/prefix WINEDEBUG=-all TERM=xterm"
    );
    let run = |program: &str| {
        let mut words = environment.split(' ').chain(program.split(' '));
        let mut command = std::process::Command::new(words.next().unwrap());
        command.args(words).stdin(std::process::Stdio::null()).output().unwrap()
    };
    run("wine wineboot -i");
    let line = open(&format!("{environment} sh -c 'stty raw -echo; exec wine cmd 2>/dev/null'")).unwrap();
    let window = line.window();
    let cast = home.path().join("session.cast");
    let mut recorder = Recorder::create(&cast, &Header::of_console("wine", 0)).unwrap();
    recorder.hide(&Secret::new(Account::default().password).unwrap());
    wine_session(Box::new(line), Some(recorder)).await;
    let audit = window.audit();
    assert!(audit.cmd_lines().contains(&"cmd /c exit 7"));
    assert!(!audit.cmd_lines().iter().any(|line| line.ends_with("Sim3 /f")), "Ctrl-C executes nothing");
    // Its certutil tells no hash: commands, which have to be proven, are refused with that, and nothing is left behind.
    let line = open(&format!("{environment} sh -c 'stty raw -echo; exec wine cmd 2>/dev/null'")).unwrap();
    let window = line.window();
    let console = Console::new(Box::new(line), None);
    let Account { user, password } = Account::default();
    let credentials = Credentials { user, domain: String::new(), password: Secret::new(password).unwrap() };
    let options = SessionOptions::new("k7q", Duration::from_mins(3));
    let (error, _console) = Session::open(console, credentials, options).await.err().unwrap();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (
            "no-certutil",
            "the machine has no certutil that tells a hash, so nothing that is brought over this console could be proven"
        ),
        "{}",
        error.screen().unwrap_or_default()
    );
    assert!(!error.may_have_run() && error.help().unwrap().contains("Wine"));
    assert!(window.audit().sac_lines().contains(&"ch -cn Cmd0001"), "its channel is closed");
    scripts_work_on_its_registry(&environment).await;
    run("wineserver -k");

    // The same session, byte for byte, with nothing but the recording: what it shows is what Wine's cmd answered then.
    let file = std::fs::File::open(&cast).unwrap();
    let playback = Playback::new(file, Manner::Strict).unwrap();
    let line = ReplayLine::new("wine", playback, 1000);
    let replay = line.window();
    wine_session(Box::new(line), None).await;
    assert_eq!(replay.difference(), None);
}

/// What somebody does at Wine's cmd, and what must come.
async fn wine_session(line: Box<dyn Line>, recorder: Option<Recorder>) {
    let mut seat = Seat::logged_in(line, recorder).await;
    seat.sees(">").await;
    seat.types("prompt q$g\r").await;
    seat.until("the prompt", |screen| screen.before_cursor() == "q>").await;
    // Exit codes.
    seat.types("cmd /c exit 7\r").await;
    seat.types("echo code %errorlevel%\r").await;
    seat.answers("code 7", "q>").await;
    // The registry keeps what is written.
    seat.types("reg add HKLM\\Software\\Sim3 /v Port /t REG_DWORD /d 3390 /f >nul\r").await;
    seat.types("reg query HKLM\\Software\\Sim3 /v Port\r").await;
    seat.answers("    Port    REG_DWORD    0xd3e", "q>").await;
    // A line that wraps is on the screen as it was typed.
    let long: String = ('a'..='z').cycle().take(150).collect();
    seat.types(&format!("echo {long}\r")).await;
    seat.answers(&long[80..], "q>").await;
    // More than a screen.
    seat.types("for /l %i in (1,1,200) do @echo line %i\r").await;
    seat.answers("line 200", "q>").await;
    // The registry gives back what a file held.
    seat.types("reg export HKLM\\Software\\Sim3 c:\\s.reg /y >nul\r").await;
    seat.types("reg delete HKLM\\Software\\Sim3 /f >nul\r").await;
    seat.types("reg import c:\\s.reg >nul\r").await;
    seat.types("cls\r").await;
    seat.types("reg query HKLM\\Software\\Sim3 /v Port\r").await;
    seat.answers("    Port    REG_DWORD    0xd3e", "q>").await;
    // Code pages: one is set and told; letters beyond ASCII pass both ways.
    seat.types("chcp 437 >nul\r").await;
    seat.types("chcp\r").await;
    seat.answers("Active code page: 437", "q>").await;
    seat.types("chcp 65001 >nul\r").await;
    seat.types("chcp\r").await;
    seat.answers("Active code page: 65001", "q>").await;
    seat.types("echo caf\u{e9} \u{d55c}\r").await;
    seat.answers("caf\u{e9} \u{d55c}", "q>").await;
    // Ctrl-C reaches it and ends the half-typed line unexecuted; Wine 8's cmd ends with it, later ones go on.
    seat.types("reg delete HKLM\\Software\\Sim3 /f").await;
    seat.sees("q>reg delete HKLM\\Software\\Sim3 /f").await;
    seat.types("\x03").await;
    let ended = |screen: &Screen| screen.text().contains("Name:                  SAC");
    seat.until("the end of the line", |screen| ended(screen) || screen.before_cursor() == "q>").await;
    if !ended(&seat.screen) {
        seat.types("exit\r").await;
        seat.until("the end of the channel", ended).await;
    }
}
