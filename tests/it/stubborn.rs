//! Consoles that do not do what is asked, again and again: every wait has its end, and says what it waited for.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::engine::Operator as _;
use sacpilot::engine::live::Live;
use sacpilot::sac::{self, SacError};
use sacpilot::script::model::{Mode, Restart};
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::options::MachineOptions;
use sacpilot::sim::windows::accounts::User;
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Line, Pace, SimLine};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::Instant;

use crate::cable::Cable;
use crate::session::{TIMEOUT, credentials};

/// What a SAC that was written for this test does with `cmd`, and what it was sent.
struct FakeSac {
    far: DuplexStream,
    /// Whether it knows `cmd`. Then its channel's switch screen takes no key.
    knows_cmd: bool,
    lines: Vec<String>,
    blanks: u32,
}

impl FakeSac {
    async fn say(&mut self, text: &str) {
        // Nobody listens any more: the test is over.
        let _ = self.far.write_all(text.as_bytes()).await;
    }

    async fn run(mut self) -> (Vec<String>, u32) {
        let (mut line, mut escape, mut at_sac) = (String::new(), Vec::new(), false);
        let mut byte = [0];
        while matches!(self.far.read(&mut byte).await, Ok(1)) {
            let byte = byte[0];
            if byte == 0x1b || !escape.is_empty() {
                escape.push(byte);
                if escape == b"\x1b\t0" {
                    at_sac = false;
                    let screen = switch("SAC");
                    self.say(&screen).await;
                }
                if escape.len() == 3 {
                    escape.clear();
                }
                continue;
            }
            match byte {
                _ if !at_sac => {
                    self.blanks += u32::from(byte == b' ');
                    // The switch screen of SAC is left by any key, that of the channel by none.
                    if line != "ch -sn cmd0001" {
                        at_sac = true;
                        self.say("\x1b[2J\x1b[1;1HSAC>").await;
                    }
                    line.clear();
                }
                0x7f | 0x08 => {
                    if line.pop().is_some() {
                        self.say("\x08 \x08").await;
                    }
                }
                b'\r' => {
                    let answer = match line.as_str() {
                        "ch" => "Channel List\r\n\r\n# Status  Channel Name\r\n0 (AV)    SAC\r\nSAC>".to_owned(),
                        "cmd" if self.knows_cmd => "The Command Prompt session was successfully launched.\r\nSAC>\r\nEVENT:   A \
                                                    new channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: \
                                                    Cmd0001\r\nSAC>"
                            .to_owned(),
                        "ch -sn cmd0001" => {
                            at_sac = false;
                            switch("Cmd0001")
                        }
                        _ => "Unrecognized command.  Try the 'help' command for more details.\r\nSAC>".to_owned(),
                    };
                    self.lines.push(line.clone());
                    if at_sac {
                        line.clear();
                    }
                    self.say("\r\n").await;
                    self.say(&answer).await;
                }
                other => {
                    line.push(char::from(other));
                    let echo = char::from(other).to_string();
                    self.say(&echo).await;
                }
            }
        }
        (self.lines, self.blanks)
    }
}

fn switch(name: &str) -> String {
    format!(
        "\x1b[2J\x1b[1;1HName:                  {name}\r\nDescription:           x\r\n\r\nPress <esc><tab> for next channel.\r\n\
         Press <esc><tab>0 to return to the SAC channel.\r\nUse any other key to view this channel.\r\n\r\n"
    )
}

#[tokio::test(start_paused = true)]
async fn a_sac_that_knows_no_cmd_is_asked_a_few_times() {
    let (near, far) = tokio::io::duplex(4096);
    let fake = tokio::spawn(FakeSac { far, knows_cmd: false, lines: Vec::new(), blanks: 0 }.run());
    let mut console = Console::new(Box::new(Cable(near)), None);
    let until = Instant::now() + Duration::from_mins(10);
    let at = sac::reach_prompt(&mut console, until).await.unwrap();
    let error = sac::open_channel(&mut console, at, &[], until).await.unwrap_err();
    assert!(matches!(error, SacError::Refused { .. }), "{error}");
    drop(console);
    let (lines, _) = fake.await.unwrap();
    assert!((2..=8).contains(&lines.iter().filter(|line| *line == "cmd").count()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_switch_screen_that_takes_no_key_is_not_flooded() {
    let (near, far) = tokio::io::duplex(4096);
    let fake = tokio::spawn(FakeSac { far, knows_cmd: true, lines: Vec::new(), blanks: 0 }.run());
    let console = Console::new(Box::new(Cable(near)), None);
    let options = SessionOptions::new("k7q", Duration::from_mins(2));
    let began = Instant::now();
    let (error, console) = Session::open(console, credentials("x"), options).await.map(drop).unwrap_err();
    assert!(error.to_string().contains("the login"), "{error}");
    assert!(began.elapsed() < Duration::from_mins(15), "{:?}", began.elapsed());
    drop(console);
    let (_, blanks) = fake.await.unwrap();
    assert!(blanks < 200, "{blanks}");
}

/// A line that swallows keys: single blanks, as many as are armed.
struct LosesKeys {
    line: SimLine,
    armed: Arc<AtomicU32>,
}

impl AsyncRead for LosesKeys {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.line).poll_read(context, to)
    }
}

impl AsyncWrite for LosesKeys {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if from == b" "
            && self.armed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
        {
            return Poll::Ready(Ok(1));
        }
        Pin::new(&mut self.line).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(context)
    }
}

impl Line for LosesKeys {
    fn describe(&self) -> String {
        "a line that loses keys".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_lost_among_pages_cost_time_and_nothing_else() {
    // One is sent again; four in a row are more than is tried, and the batch file is interrupted.
    for (os, lost) in [(Os::Server2022, 1), (Os::Server2016, 1), (Os::Server2022, 4)] {
        let options: MachineOptions = serde_json::from_str(r#"{"start": "running"}"#).unwrap();
        let world = SharedWorld::new(World::healthy(os, Language::EnUs));
        let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
        let line = SimLine::new("test", options, world, Pace { speed: 1, baud: Some(115_200) });
        let window = line.window();
        let armed = Arc::new(AtomicU32::new(0));
        let line = LosesKeys { line, armed: armed.clone() };
        let console = Console::new(Box::new(line), None);
        let session = SessionOptions::new("k7q", Duration::from_mins(10));
        let mut session = Session::open(console, credentials(&password), session)
            .await
            .map_err(|(error, _)| error)
            .unwrap();
        armed.store(lost, Ordering::Relaxed);
        let began = Instant::now();
        let command = "for /l %i in (1,1,900) do @echo %i %random% of %random% %random% lines";
        let outcome = session.cmd(command, TIMEOUT).await.unwrap();
        assert_eq!((outcome.code, outcome.text.lines().count()), (0, 900), "{os:?}");
        let audit = window.audit();
        assert_eq!(
            armed.load(Ordering::Relaxed),
            0,
            "{os:?}: no key was lost: {:#?}",
            &audit.cmd_lines()[9..]
        );
        assert!(began.elapsed() < Duration::from_mins(6), "{os:?}: {:?}", began.elapsed());
        session.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_windows_refuses_leaves_the_session_as_it_was() {
    let options: MachineOptions = serde_json::from_str(r#"{"start": "running"}"#).unwrap();
    let world = SharedWorld::new(World::healthy(Os::Server2022, Language::EnUs));
    {
        let mut world = world.lock();
        let admin = world.accounts.user("azadmin").unwrap().clone();
        world.accounts.users.push(User { name: "guest1".to_owned(), rid: 1009, ..admin });
    }
    let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
    let line = SimLine::new("test", options, world, Pace { speed: 1, baud: None });
    let session = SessionOptions::new("k7q", Duration::from_mins(10));
    let console = Console::new(Box::new(line), None);
    let account = Credentials { user: "guest1".to_owned(), ..credentials(&password) };
    let session = Session::open(console, account, session).await.map_err(|(error, _)| error).unwrap();
    let mut live = Live::new(session, Vec::new());
    let error = live.reboot(Restart::Shutdown, "test", Duration::from_mins(10), None).await.unwrap_err();
    assert_eq!(error.code, "restart-refused", "{error}");
    assert!(!error.kind.ends_session());
    assert!(error.message.ends_with("Access is denied.(5)"), "{}", error.message);
    let said = live.run(Mode::Cmd, "echo still here", TIMEOUT).await.unwrap();
    assert_eq!((said.code, said.output.as_str()), (0, "still here\r\n"));
    live.close().await.unwrap();
}
