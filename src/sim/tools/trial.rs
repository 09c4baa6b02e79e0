//! Running a program in a test, with a clock that moves as far as the program waits.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::{CodePage, Process, Sink, Stdin, Stream, arguments};
use crate::sim::conhost::{Conhost, Op};
use crate::sim::windows::acl::Token;
use crate::sim::windows::files::path::{Places, WinPath};
use crate::sim::windows::language::Language;
use crate::sim::windows::os::Os;
use crate::sim::windows::sid::Sid;
use crate::sim::windows::{SharedWorld, World};

/// A machine and the console of its administrator.
pub(crate) struct Trial {
    pub(crate) world: SharedWorld,
    console: Conhost,
}

/// What came of a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Trial {
    pub(crate) fn new(world: World) -> Self {
        let console = Conhost::new(65001);
        console.set_now(world.now());
        Self { world: SharedWorld::new(world), console }
    }

    pub(crate) fn healthy() -> Self {
        Self::new(World::healthy(Os::Server2019, Language::EnUs))
    }

    pub(crate) fn in_language(language: Language) -> Self {
        Self::new(World::healthy(Os::Server2019, language))
    }

    /// Runs a command line; standard input is `nul`.
    pub(crate) fn run(&self, line: &str) -> Answer {
        self.run_with(line, Stdin::nul())
    }

    /// Runs a command line with keys waiting on the console.
    pub(crate) fn answer(&self, line: &str, keys: &str) -> Answer {
        keys.chars().for_each(|key| self.console.press(key));
        self.run_with(line, Stdin::Console(self.console.clone()))
    }

    /// Runs a command line that must end with code 0; what it printed.
    pub(crate) fn ok(&self, line: &str) -> String {
        let answer = self.run(line);
        assert_eq!(answer.code, 0, "{line}\n{}{}", answer.out, answer.err);
        answer.out
    }

    /// Who runs the programs.
    pub(crate) fn token(&self) -> Token {
        Token::administrator(Sid::account(self.world.lock().accounts.machine, 500))
    }

    /// Lets machine time pass.
    pub(crate) fn wait(&self, seconds: u64) {
        self.console.set_now(self.console.now() + std::time::Duration::from_secs(seconds));
        self.world.lock().advance(self.console.now());
    }

    /// Restarts the machine.
    pub(crate) fn restart(&self) {
        self.wait(30);
        self.world.lock().boot();
    }

    pub(crate) fn run_with(&self, line: &str, stdin: Stdin) -> Answer {
        let (name, tail) = line.split_once(' ').unwrap_or((line, ""));
        let (out, err) = (Stream::default(), Stream::default());
        let user = Sid::account(self.world.lock().accounts.machine, 500);
        let process = Process {
            world: self.world.clone(),
            console: self.console.clone(),
            token: Token::administrator(user),
            name: name.to_owned(),
            tail: tail.to_owned(),
            args: arguments::split(tail),
            places: Places::at(WinPath::new(r"C:\Windows\System32")),
            env: Vec::new(),
            stdin,
            stdout: Sink::Bytes(out.clone(), CodePage(65001)),
            stderr: Sink::Bytes(err.clone(), CodePage(65001)),
        };
        let mut run = pin!(super::run(process));
        let mut context = Context::from_waker(Waker::noop());
        let code = loop {
            match run.as_mut().poll(&mut context) {
                Poll::Ready(code) => break code.unwrap_or_else(|| panic!("no program {name}")).unwrap(),
                Poll::Pending => {
                    let wake = self.console.wake().unwrap_or_else(|| panic!("`{line}` waits for ever"));
                    self.console.set_now(wake);
                }
            }
        };
        let echoed = self.console.take_ops();
        assert!(echoed.iter().all(|op| matches!(op, Op::Write(_))));
        let text = |stream: &Stream| String::from_utf8(stream.drain()).unwrap().replace("\r\n", "\n");
        Answer { out: text(&out), err: text(&err), code }
    }
}

impl Answer {
    pub(crate) fn new(out: &str, err: &str, code: i32) -> Self {
        Self { out: out.to_owned(), err: err.to_owned(), code }
    }
}
