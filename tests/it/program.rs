//! Runs the real program: arguments, a folder of its own, whole output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex::Regex;

/// One call of the program under test.
pub(crate) struct Program {
    folder: tempfile::TempDir,
    command: Command,
}

/// What it said and how it ended.
pub(crate) struct Said {
    folder: tempfile::TempDir,
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl Program {
    /// `sacpilot ARGUMENTS`, parted by blanks, in an empty folder with an empty environment.
    pub(crate) fn new(arguments: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sacpilot"));
        command
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        Self { folder, command }
    }

    /// The same by way of a shell, which does this first and ends with `exec "$0" "$@"`.
    #[cfg(unix)]
    pub(crate) fn under_shell(first: &str, arguments: &str) -> Self {
        let Self { folder, command: program } = Self::new(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", first]).arg(program.get_program()).args(program.get_args());
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
        Self { folder, command }
    }

    /// With a variable.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With a file in its folder.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Its folder, and the command itself, for tests that talk to it while it runs.
    pub(crate) fn into_parts(self) -> (tempfile::TempDir, Command) {
        (self.folder, self.command)
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Said {
        let output = self.command.output().unwrap();
        Said::of(self.folder, &output)
    }
}

impl Said {
    /// What a finished program said.
    pub(crate) fn of(folder: tempfile::TempDir, output: &Output) -> Self {
        let text = |bytes: &[u8]| filtered(std::str::from_utf8(bytes).unwrap(), folder.path());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { folder, stdout, stderr, code: output.status.code() }
    }

    /// Its whole standard output is this.
    #[track_caller]
    pub(crate) fn stdout(self, expected: &str) -> Self {
        assert_eq!(self.stdout, expected, "stdout; stderr was:\n{}", self.stderr);
        self
    }

    /// Its whole standard error is this.
    #[track_caller]
    pub(crate) fn stderr(self, expected: &str) -> Self {
        assert_eq!(self.stderr, expected, "stderr; stdout was:\n{}", self.stdout);
        self
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Its whole standard output is in a file of `tests/it/golden`.
    #[track_caller]
    pub(crate) fn golden(self, name: &str) -> Self {
        crate::engine::golden(name, &self.stdout);
        self
    }

    /// The folder it ran in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its standard output.
    pub(crate) fn text(&self) -> &str {
        &self.stdout
    }

    /// Its standard error.
    /// Both, for those who look for what must not be there.
    pub(crate) fn everything(&self) -> String {
        format!("{}{}", self.text(), self.stderr_text())
    }

    pub(crate) fn stderr_text(&self) -> &str {
        &self.stderr
    }

    /// The one run folder it left, below `runs`.
    pub(crate) fn run_folder(&self, runs: &str) -> PathBuf {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(self.folder.path().join(runs)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(folders.len(), 1, "{folders:?}");
        folders.remove(0)
    }

    /// What it said and every file that it wrote: where a secret could be.
    pub(crate) fn contents(&self) -> Vec<String> {
        let read = |file: &String| fs::read(self.folder.path().join(file)).ok();
        let files = self.files_as_they_are().iter().filter_map(read).collect::<Vec<_>>();
        let files = files.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        files.chain([self.stdout.clone(), self.stderr.clone()]).collect()
    }

    /// Everything in its folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = self.files_as_they_are();
        for file in &mut files {
            *file = filtered(file, self.folder.path());
        }
        files.sort();
        files
    }

    fn files_as_they_are(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(self.folder.path(), self.folder.path(), &mut files);
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.push(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// Without what differs from run to run: the folder, moments, lengths of time.
pub(crate) fn filtered(text: &str, folder: &Path) -> String {
    let text = text.replace(&folder.display().to_string(), "[FOLDER]");
    let moments = Regex::new(r"\d{8}T\d{6}Z").unwrap();
    let spans = Regex::new(r"\b\d+(\.\d)? s\b").unwrap();
    spans.replace_all(&moments.replace_all(&text, "[WHEN]"), "[SPAN]").into_owned()
}
