//! A shell on its console, and the renderer that shows the console in the channel.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use super::cmd::{self, ExitCode};
use super::conhost::{Conhost, Op};
use super::keyboard::Keyboard;
use super::machine::Shell;
use super::options::{AtLogin, KeyboardOptions, RenderOptions};
use super::render::Renderer;
use super::session::Site;
use super::text_buffer::TextBuffer;
use super::windows::SharedWorld;
use super::windows::processes::{Pid, Start};

/// One running shell.
pub(super) struct Terminal {
    session: cmd::Session,
    pid: Pid,
    console: Conhost,
    keyboard: Keyboard,
    program: Option<Pin<Box<dyn Future<Output = ExitCode> + Send>>>,
    /// What the program did and the console has not got to yet.
    ops: VecDeque<Op>,
    /// When the console gets to the next of them.
    ready: Duration,
    buffer: TextBuffer,
    renderer: Renderer,
    render: RenderOptions,
    started: Duration,
    /// When the difference renderer looks again. None: nothing has changed since it last did.
    look: Option<Duration>,
    lines_taken: usize,
    text: String,
}

impl Terminal {
    /// Starts the shell of `session`; the text is sent before anything of it.
    pub(super) fn start(
        session: cmd::Session,
        shell: &dyn Shell,
        render: &RenderOptions,
        keyboard: &KeyboardOptions,
        at_login: AtLogin,
        site: &Site<'_>,
    ) -> (Self, String) {
        let mut world = site.world.lock();
        let account = format!("{}\\{}", session.domain, session.user);
        let pid = world.processes.start(&Start {
            image: "cmd.exe",
            command_line: r"C:\Windows\system32\cmd.exe",
            account: &account,
            session: 0,
            parent: 0,
            memory: 3_940,
            at: site.now,
        });
        let console = Conhost::new(world.language.oem_code_page());
        let os = world.os;
        drop(world);
        let program = shell.start(site.world.clone(), console.clone(), session.clone());
        let (renderer, lead) = Renderer::new(os, render, at_login);
        let mut terminal = Self {
            session,
            pid,
            console,
            keyboard: Keyboard::new(keyboard, site.now),
            program: Some(program),
            ops: VecDeque::new(),
            ready: site.now,
            buffer: TextBuffer::new(),
            renderer,
            render: render.clone(),
            started: site.now,
            look: None,
            lines_taken: 0,
            text: String::new(),
        };
        terminal.poll(site.now);
        (terminal, lead)
    }

    /// Who sits at it.
    pub(super) fn user(&self) -> &str {
        &self.session.user
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: char, now: Duration) {
        for _ in 0..self.keyboard.times(key, now) {
            self.console.press(key);
            self.poll(now);
        }
    }

    /// Runs what is due.
    pub(super) fn advance(&mut self, now: Duration) {
        if self.console.wake().is_some_and(|at| at <= now) {
            self.poll(now);
        }
        self.show(now);
        if self.look.is_some_and(|at| at <= now) {
            self.look = None;
            if let Renderer::Difference(difference) = &mut self.renderer {
                self.text += &difference.frame(&self.buffer);
            }
        }
    }

    /// When [`Self::advance`] is wanted next.
    pub(super) fn next(&self) -> Option<Duration> {
        let ready = (!self.ops.is_empty()).then_some(self.ready);
        [ready, self.look, self.console.wake()].into_iter().flatten().min()
    }

    /// The whole screen is to be sent again.
    pub(super) fn start_over(&mut self, now: Duration) {
        if let Renderer::Difference(difference) = &mut self.renderer {
            difference.start_over();
            self.look_again(now);
        }
    }

    /// Text for the channel since the last call.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Lines that the shell executed since the last call.
    pub(super) fn take_lines(&mut self) -> Vec<String> {
        let lines = self.session.audit.lines().split_off(self.lines_taken);
        self.lines_taken += lines.len();
        lines
    }

    /// Whether the shell ended and all of it was shown, or somebody ended its process.
    pub(super) fn is_over(&self, world: &SharedWorld) -> bool {
        let killed = world.lock().processes.by_pid(self.pid).is_none();
        killed || self.program.is_none() && self.ops.is_empty() && self.look.is_none()
    }

    /// Ends the shell.
    pub(super) fn end(self, world: &SharedWorld) {
        world.lock().processes.remove(self.pid);
    }

    fn poll(&mut self, now: Duration) {
        self.console.set_now(now);
        let Some(program) = &mut self.program else { return };
        if program.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.program = None;
        }
        let ops = self.console.take_ops();
        if self.ops.is_empty() && !ops.is_empty() {
            self.ready = self.ready.max(now);
        }
        for op in ops {
            match op {
                Op::Write(text) => {
                    let lines = text.split_inclusive('\n').map(|line| Op::Write(line.to_owned()));
                    self.ops.extend(lines);
                }
                op => self.ops.push_back(op),
            }
        }
        self.show(now);
    }

    /// Lets the console take what it has time for.
    fn show(&mut self, now: Duration) {
        while self.ready <= now
            && let Some(op) = self.ops.pop_front()
        {
            self.operate(&op, now);
        }
    }

    fn operate(&mut self, op: &Op, now: Duration) {
        if matches!(op, Op::Write(text) if text.ends_with('\n')) {
            self.ready = self.ready.max(now) + self.render.line_time.0;
        }
        match &mut self.renderer {
            Renderer::Stream(stream) => self.text += &stream.operate(op, &mut self.buffer),
            Renderer::Difference(_) => {
                match op {
                    Op::Write(text) => {
                        for character in text.chars() {
                            if character == '\t' {
                                (0..self.buffer.blanks_of_tab()).for_each(|_| {
                                    self.buffer.put(' ');
                                });
                            } else {
                                self.buffer.put(character);
                            }
                        }
                    }
                    Op::Clear => self.buffer.clear(),
                    Op::Title(_) => return,
                }
                self.look_again(now);
            }
        }
    }

    /// The renderer looks at fixed times after the start of the shell.
    fn look_again(&mut self, now: Duration) {
        let period = self.render.poll.0.max(Duration::from_millis(1));
        let periods = now.saturating_sub(self.started).as_nanos() / period.as_nanos() + 1;
        let at = self.started + period * u32::try_from(periods).unwrap_or(u32::MAX);
        self.look.get_or_insert(at);
    }
}
