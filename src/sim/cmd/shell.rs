//! One cmd.exe process: its variables, folders, handles and batch files.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::batch::Batch;
use super::env::Env;
use super::handles::Handles;
use super::modifiers::{Lookout, Modifiers};
use super::percent::{Arguments, Scope};
use super::{Session, datetime, text};
use crate::sim::conhost::{Conhost, Interrupted};
use crate::sim::tools::CodePage;
use crate::sim::windows::SharedWorld;
use crate::sim::windows::files::path::{Places, WinPath};
use crate::sim::windows::language::{Language, Text};

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

/// How the shell was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// At a prompt.
    Interactive,
    /// `cmd /c`: one line, then it ends.
    Once,
}

/// Why the run of a line ends before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Ctrl-C.
    Interrupted,
    /// `exit`: the shell ends with this code.
    Exit(i32),
    /// `goto` found its label: the rest of the line is dropped.
    Jump,
    /// The batch file ends, with the return code of the command that ended it.
    EndBatch(i32),
    /// Everything up to the prompt is dropped.
    Abort,
}

/// One cmd.exe.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    pub(super) world: SharedWorld,
    pub(super) console: Conhost,
    pub(super) session: Session,
    pub(super) mode: Mode,
    pub(super) env: Env,
    pub(super) places: Places,
    pub(super) handles: Handles,
    pub(super) echo: Switch,
    pub(super) delayed: Switch,
    pub(super) extensions: Switch,
    /// `/u`: built-in commands write UTF-16 into files and pipes.
    pub(super) unicode: Switch,
    pub(super) verify: Switch,
    /// ERRORLEVEL.
    pub(super) level: i32,
    /// What `exit /b` said last, for `cmd /c`.
    pub(super) said: Option<i32>,
    /// The batch files that run, innermost last.
    pub(super) batches: Vec<Batch>,
    /// What `pushd` remembers.
    pub(super) pushed: Vec<Places>,
    /// Values of `for` variables, innermost last.
    pub(super) variables: Vec<(char, String)>,
    /// How many `for` bodies of this batch file are running.
    pub(super) loops: usize,
    /// Nesting of everything, against endless recursion.
    pub(super) depth: usize,
    /// Commands since the last rest.
    pub(super) busy: u32,
    pub(super) command_line: String,
    random: Arc<AtomicU32>,
}

/// Commands that run before the machine gets a chance to do something else.
const BURST: u32 = 64;
/// invented: the time that such a burst takes.
const BURST_TIME: Duration = Duration::from_millis(1);

impl Shell {
    /// The shell of a console session.
    pub(super) fn new(world: SharedWorld, console: Conhost, session: Session, env: Env) -> Self {
        let seed = world.lock().now().as_millis() as u32;
        Self {
            world,
            console,
            session,
            mode: Mode::Interactive,
            env,
            places: Places::at(WinPath::new("C:\\Windows\\system32")),
            handles: Handles::console(),
            echo: Switch::On,
            delayed: Switch::Off,
            extensions: Switch::On,
            unicode: Switch::Off,
            verify: Switch::Off,
            level: 0,
            said: None,
            batches: Vec::new(),
            pushed: Vec::new(),
            variables: Vec::new(),
            loops: 0,
            depth: 0,
            busy: 0,
            command_line: "C:\\Windows\\System32\\cmd.exe".to_owned(),
            random: Arc::new(AtomicU32::new(seed)),
        }
    }

    /// A new cmd.exe that this one starts: same console, copies of variables and folders, nothing else.
    pub(super) fn child(&self) -> Self {
        let mut child =
            Self::new(self.world.clone(), self.console.clone(), self.session.clone(), self.env.clone());
        child.mode = Mode::Once;
        child.places = Places::at(self.places.current.clone());
        child.places.others.clone_from(&self.places.others);
        child.handles = self.handles.clone();
        child.depth = self.depth;
        child.busy = self.busy;
        child.random = Arc::clone(&self.random);
        child
    }

    /// Wall time on the machine.
    pub(super) fn now(&self) -> Timestamp {
        let mut world = self.world.lock();
        let now = self.console.now();
        world.advance(now);
        world.wall_time()
    }

    pub(super) fn language(&self) -> Language {
        self.world.lock().language
    }

    /// What built-in commands write into files.
    pub(super) fn page(&self) -> CodePage {
        match self.unicode {
            Switch::On => CodePage(1200),
            Switch::Off => CodePage(self.console.code_page()),
        }
    }

    /// Writes text to standard output, as it is.
    pub(super) fn print(&self, text: &str) {
        self.sink(1).text(text);
    }

    /// Writes a message and CR LF to standard output.
    pub(super) fn say(&self, text: &Text, inserts: &[&str]) {
        self.sink(1).line(&text.fill(self.language(), inserts));
    }

    /// Writes a message and CR LF to standard error.
    pub(super) fn complain(&self, text: &Text, inserts: &[&str]) {
        self.sink(2).line(&text.fill(self.language(), inserts));
    }

    /// A message in the language of the machine.
    pub(super) fn words(&self, text: &Text, inserts: &[&str]) -> String {
        text.fill(self.language(), inserts)
    }

    /// Fails with a message: ERRORLEVEL and return code are 1.
    pub(super) fn fail(&mut self, text: &Text, inserts: &[&str]) -> i32 {
        self.complain(text, inserts);
        self.level = 1;
        1
    }

    /// Fails as the disk said.
    pub(super) fn fail_file(&mut self, error: crate::sim::windows::files::FileError) -> i32 {
        self.fail(&text::of_error(error), &[])
    }

    /// Succeeds: ERRORLEVEL is 0.
    pub(super) fn succeed(&mut self) -> i32 {
        self.level = 0;
        0
    }

    /// Succeeds as `set` and `path` do: only a `.cmd` file clears ERRORLEVEL.
    pub(super) fn succeed_in_cmd(&mut self) -> i32 {
        if self.batches.last().is_some_and(|batch| batch.clears_level) {
            self.level = 0;
        }
        0
    }

    /// Lets the machine do something else after many commands, so that Ctrl-C reaches an endless loop.
    pub(super) async fn rest(&mut self) -> Result<(), Stop> {
        self.busy += 1;
        if self.busy < BURST {
            return Ok(());
        }
        self.busy = 0;
        self.console.sleep(BURST_TIME).await.map_err(Stop::from)
    }

    /// The prompt, by the codes of `PROMPT`.
    pub(super) fn prompt(&self) -> String {
        let codes = self.env.value("PROMPT").unwrap_or("$P$G").to_owned();
        let mut out = String::new();
        let mut chars = codes.chars();
        while let Some(c) = chars.next() {
            if c != '$' {
                out.push(c);
                continue;
            }
            let Some(code) = chars.next() else { break };
            match code.to_ascii_uppercase() {
                'A' => out.push('&'),
                'B' => out.push('|'),
                'C' => out.push('('),
                'D' => out.push_str(&datetime::date(self.now(), self.language())),
                'E' => out.push('\u{1b}'),
                'F' => out.push(')'),
                'G' => out.push('>'),
                'H' => out.push_str("\u{8} \u{8}"),
                'L' => out.push('<'),
                'N' => out.push(self.places.current.drive),
                'P' => out.push_str(&self.places.current.to_string()),
                'Q' => out.push('='),
                'S' => out.push(' '),
                'T' => out.push_str(&datetime::time(self.now(), self.language())),
                'V' => out.push_str(&self.version()),
                '_' => out.push_str("\r\n"),
                '$' => out.push('$'),
                '+' => out.extend(std::iter::repeat_n('+', self.pushed.len())),
                _ => {}
            }
        }
        out
    }

    /// `Microsoft Windows [Version 10.0.17763.973]`
    pub(super) fn version(&self) -> String {
        format!("Microsoft Windows [Version {}]", self.world.lock().os.full_version())
    }

    /// A path with modifiers, `%~dpnx1`.
    pub(super) fn modify(&self, value: &str, modifiers: &Modifiers) -> String {
        let folders = modifiers.search.as_ref().map(|name| {
            let path = self.env.value(name).unwrap_or("");
            format!("{};{path}", self.places.current)
        });
        let world = self.world.lock();
        let out = Lookout { files: &world.files, places: &self.places, language: world.language };
        modifiers.apply(value, folders.as_deref(), out)
    }

    fn next_random(&self) -> u32 {
        let next = |seed: u32| Some(seed.wrapping_mul(214_013).wrapping_add(2_531_011));
        let seed = self.random.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(0);
        (next(seed).unwrap_or(0) >> 16) & 0x7fff
    }
}

impl Scope for Shell {
    fn variable(&self, name: &str) -> Option<String> {
        if let Some(value) = self.env.value(name) {
            return Some(value.to_owned());
        }
        match name.to_ascii_uppercase().as_str() {
            "ERRORLEVEL" => Some(self.level.to_string()),
            "CD" => Some(self.places.current.to_string()),
            "__CD__" => Some(format!("{}\\", self.places.current.to_string().trim_end_matches('\\'))),
            "DATE" => Some(datetime::date(self.now(), self.language())),
            "TIME" => Some(datetime::time(self.now(), self.language())),
            "RANDOM" => Some(self.next_random().to_string()),
            "CMDCMDLINE" => Some(self.command_line.clone()),
            "CMDEXTVERSION" => Some("2".to_owned()),
            "HIGHESTNUMANODENUMBER" => Some("0".to_owned()),
            _ => None,
        }
    }

    fn arguments(&self) -> Option<&Arguments> {
        self.batches.last().map(|batch| &batch.arguments)
    }

    fn modified(&self, argument: &str, modifiers: &Modifiers) -> String {
        // `%~dp0` means the batch file, however it was called.
        match self.batches.last() {
            Some(batch) if std::ptr::eq(argument, batch.arguments.at(0)) && !modifiers.letters.is_empty() => {
                self.modify(&batch.path.to_string(), modifiers)
            }
            _ => self.modify(argument, modifiers),
        }
    }
}

impl From<Interrupted> for Stop {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}
