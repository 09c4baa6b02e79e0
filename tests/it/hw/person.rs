//! A person at `sacpilot connect`, who looks at the screen and presses keys.

use std::path::Path;
use std::time::Duration;

use sacpilot::encoding::Utf8Stream;
use sacpilot::screen::Screen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{PASSWORD, trust};

/// How long a machine may take for anything that it must do.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long it is watched for what it may do or not.
pub(super) const QUIET: Duration = Duration::from_secs(2);

/// The last line of the screen before a channel.
pub(super) const SWITCH_SCREEN: &str = "Use any other key to view this channel.";

/// A person at `sacpilot connect`.
pub(super) struct Person {
    terminal: pty_process::Pty,
    child: tokio::process::Child,
    stream: Utf8Stream,
    pub(super) screen: Screen,
    /// What was shown since the last key.
    pub(super) shown: String,
}

impl Person {
    pub(super) fn at(folder: &Path, arguments: &[&str]) -> Self {
        let (terminal, other_end) = pty_process::open().unwrap();
        terminal.resize(pty_process::Size::new(24, 80)).unwrap();
        let child = pty_process::Command::new(env!("CARGO_BIN_EXE_sacpilot"))
            .arg("connect")
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder)
            .env("TERM", "xterm")
            .env("SIM_PASSWORD", PASSWORD)
            .envs(trust(folder))
            .kill_on_drop(true)
            .spawn(other_end)
            .unwrap();
        Self { terminal, child, stream: Utf8Stream::new(), screen: Screen::new(), shown: String::new() }
    }

    pub(super) async fn presses(&mut self, keys: &[u8]) {
        self.shown.clear();
        self.terminal.write_all(keys).await.unwrap();
    }

    /// Takes in what comes next; false when nothing does within `patience`.
    pub(super) async fn looks(&mut self, patience: Duration) -> bool {
        let mut bytes = [0; 4096];
        let Ok(read) = timeout(patience, self.terminal.read(&mut bytes)).await else { return false };
        let count = read.expect("sacpilot connect is there");
        let mut text = String::new();
        self.stream.push(&bytes[..count], &mut text);
        text.chars().for_each(|character| self.screen.feed(character));
        self.shown.push_str(&text);
        true
    }

    pub(super) async fn sees(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            assert!(self.looks(PATIENCE).await, "{what} never came:\n{}", self.screen.text());
        }
    }

    pub(super) async fn reads(&mut self, text: &str) {
        self.sees(text, |person| person.shown.contains(text)).await;
    }

    pub(super) async fn at_sac(&mut self) {
        self.sees("SAC>", |person| {
            !person.shown.is_empty() && person.screen.before_cursor().trim_end() == "SAC>"
        })
        .await;
    }

    /// Back to SAC's prompt from anywhere.
    pub(super) async fn returns(&mut self) {
        self.presses(b"\x1b\t0").await;
        self.reads(SWITCH_SCREEN).await;
        self.presses(b" ").await;
        self.at_sac().await;
    }

    /// Presses Enter until SAC's prompt is there, whatever is there now.
    pub(super) async fn calls(&mut self) {
        while self.screen.before_cursor().trim_end() != "SAC>" {
            self.presses(b"\r").await;
            while self.looks(QUIET).await {}
        }
    }

    /// From SAC's prompt: a new channel, and its name.
    pub(super) async fn opens_a_channel(&mut self) -> String {
        self.presses(b"cmd\r").await;
        self.reads("Channel:").await;
        self.at_sac().await;
        let name = self.shown.rsplit("Channel:").next().unwrap_or_default();
        name.split_whitespace().next().expect("the name of the channel").to_owned()
    }

    /// Ctrl-] q.
    pub(super) async fn leaves(&mut self) {
        self.presses(b"\x1dq").await;
        let left = async {
            let mut bytes = [0; 4096];
            loop {
                tokio::select! {
                    status = self.child.wait() => break status.unwrap(),
                    _ = self.terminal.read(&mut bytes) => tokio::task::yield_now().await,
                }
            }
        };
        assert_eq!(timeout(PATIENCE, left).await.expect("connect ends").code(), Some(0));
    }
}
