//! The processes that run.

use std::collections::BTreeMap;
use std::time::Duration;

/// A process id.
pub type Pid = u32;

/// One running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number, a multiple of four.
    pub pid: Pid,
    /// The number of the process that started it.
    pub parent: Pid,
    /// The program file's name, `svchost.exe`.
    pub image: String,
    /// The command line it was started with.
    pub command_line: String,
    /// The session, 0 for services.
    pub session: u32,
    /// The account it runs as, in English, `NT AUTHORITY\SYSTEM`.
    pub account: String,
    /// Working set, in KiB.
    pub memory: u32,
    /// Machine time of its start.
    pub started: Duration,
    /// The system ends with it, and it cannot be ended by hand.
    pub critical: bool,
}

/// What a program is started with.
#[derive(Debug, Clone, Default)]
pub struct Start<'a> {
    /// The program file's name, `svchost.exe`.
    pub image: &'a str,
    /// The command line.
    pub command_line: &'a str,
    /// The account, `NT AUTHORITY\SYSTEM`.
    pub account: &'a str,
    /// The session, 0 for services.
    pub session: u32,
    /// The process that starts it.
    pub parent: Pid,
    /// Working set, in KiB.
    pub memory: u32,
    /// Machine time.
    pub at: Duration,
}

/// All running processes, by number.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    running: BTreeMap<Pid, Process>,
    last: Pid,
}

impl Processes {
    /// Starts a program and returns its number.
    pub fn start(&mut self, start: &Start<'_>) -> Pid {
        let pid = self.next_pid();
        let process = Process {
            pid,
            parent: start.parent,
            image: start.image.to_owned(),
            command_line: start.command_line.to_owned(),
            session: start.session,
            account: start.account.to_owned(),
            memory: start.memory,
            started: start.at,
            critical: false,
        };
        self.running.insert(pid, process);
        pid
    }

    /// Puts a process with a number of its own into the table (`System` is 4).
    pub fn put(&mut self, process: Process) {
        self.last = self.last.max(process.pid);
        self.running.insert(process.pid, process);
    }

    /// The process `pid`.
    pub fn by_pid(&self, pid: Pid) -> Option<&Process> {
        self.running.get(&pid)
    }

    /// The process `pid`, to be changed.
    pub fn by_pid_mut(&mut self, pid: Pid) -> Option<&mut Process> {
        self.running.get_mut(&pid)
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.running.values()
    }

    /// Takes an ended process off the table.
    pub fn remove(&mut self, pid: Pid) -> Option<Process> {
        self.running.remove(&pid)
    }

    /// Power off: nothing runs.
    pub fn clear(&mut self) {
        self.running.clear();
        self.last = 0;
    }

    /// invented: numbers grow by steps that look like those of a real boot, and are never used twice.
    fn next_pid(&mut self) -> Pid {
        let step = 4 + (self.last.wrapping_mul(2_654_435_761) >> 28) * 4;
        self.last += step;
        self.last
    }
}
