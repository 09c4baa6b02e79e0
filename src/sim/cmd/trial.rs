//! A shell under test: typed lines in, what the console shows out, with a clock that moves as far as programs wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Audit, ExitCode, Session, interactive};
use crate::sim::conhost::{Conhost, Op};
use crate::sim::windows::acl::Token;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::language::Language;
use crate::sim::windows::os::Os;
use crate::sim::windows::{SharedWorld, World};

pub(crate) struct Trial {
    pub(crate) world: SharedWorld,
    pub(crate) console: Conhost,
    pub(crate) audit: Audit,
    shell: Pin<Box<dyn Future<Output = ExitCode> + Send>>,
    pub(crate) ended: Option<ExitCode>,
}

impl Trial {
    /// A shell in `C:\t`, its banner and first prompt taken.
    pub(crate) fn new() -> Self {
        Self::in_language(Language::EnUs)
    }

    pub(crate) fn in_language(language: Language) -> Self {
        let mut trial = Self::fresh(language);
        trial.settle();
        trial.output();
        trial.typed("md C:\\t");
        trial.typed("cd \\t");
        trial
    }

    /// A shell that has shown nothing yet.
    pub(crate) fn fresh(language: Language) -> Self {
        let world = World::healthy(Os::Server2019, language);
        let administrator = world.accounts.users[0].clone();
        let token = Token::administrator(world.accounts.sid(&administrator));
        let world = SharedWorld::new(world);
        let console = Conhost::new(language.oem_code_page());
        let audit = Audit::default();
        let session =
            Session { user: administrator.name, domain: "VM01".to_owned(), token, audit: audit.clone() };
        let shell = Box::pin(interactive(world.clone(), console.clone(), session));
        Self { world, console, audit, shell, ended: None }
    }

    /// Runs until the shell waits for a key.
    pub(crate) fn settle(&mut self) {
        self.settle_until(Duration::MAX);
    }

    /// Runs until the shell waits for a key, or until machine time `end`.
    pub(crate) fn settle_until(&mut self, end: Duration) {
        let mut context = Context::from_waker(Waker::noop());
        while self.ended.is_none() {
            self.console.set_now(self.console.now());
            if let Poll::Ready(code) = self.shell.as_mut().poll(&mut context) {
                self.ended = Some(code);
                return;
            }
            match self.console.wake() {
                Some(wake) if wake <= end => self.console.set_now(wake),
                _ => return,
            }
        }
    }

    /// What was written since, `cls` as a form feed.
    pub(crate) fn output(&self) -> String {
        let ops = self.console.take_ops();
        ops.into_iter()
            .map(|op| match op {
                Op::Write(text) => text,
                Op::Clear => "\u{c}".to_owned(),
                Op::Title(_) => String::new(),
            })
            .collect()
    }

    pub(crate) fn press(&mut self, keys: &str) {
        keys.chars().for_each(|key| self.console.press(key));
    }

    /// Types a line and Enter; what appears after the echo of the line, with LF for CR LF, without the last prompt.
    pub(crate) fn typed(&mut self, line: &str) -> String {
        self.press(line);
        self.press("\r");
        self.settle();
        let shown = self.output().replace("\r\n", "\n");
        let shown = shown.strip_prefix(&format!("{line}\n")).unwrap_or(&shown);
        let prompt = shown.rfind('\n').map_or(0, |at| at + 1);
        shown[..prompt].strip_suffix('\n').unwrap_or(shown).to_owned()
    }

    /// Writes a file of `C:\t`, LF becoming CR LF.
    pub(crate) fn file(&self, name: &str, text: &str) {
        let path = WinPath::new(&format!("C:\\t\\{name}"));
        let bytes = text.replace('\n', "\r\n").into_bytes();
        let mut world = self.world.lock();
        let now = world.wall_time();
        world.files.write(&path, bytes, &Token::system(), now).unwrap();
    }

    /// The bytes of a file of `C:\t`.
    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let path = WinPath::new(&format!("C:\\t\\{name}"));
        self.world.lock().files.read(&path, &Token::system()).ok().map(|bytes| bytes.to_vec())
    }

    /// `%ERRORLEVEL%` of the shell.
    pub(crate) fn level(&mut self) -> String {
        self.typed("echo %errorlevel%").trim_end().to_owned()
    }
}
