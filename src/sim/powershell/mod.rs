//! Windows PowerShell 5.1 as far as repair scripts need it: the language, read by a grammar that is not ours, and the
//! cmdlets over the one machine state. What it does not know it does not find, as PowerShell would say.
//!
//! Pipelines run stage by stage, not item by item: what a stage wrote before it failed still goes down the pipeline.

#![allow(
    clippy::cast_precision_loss,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::float_cmp,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::match_same_arms,
    clippy::needless_pass_by_value,
    clippy::result_large_err,
    clippy::unit_arg,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "numbers are small, names are in lower case already, and cmdlets share one shape"
)]

mod commands;
mod eval;
mod failure;
mod files;
mod format;
mod items;
mod members;
mod native;
mod objects;
mod operators;
mod services;
mod source;
#[cfg(test)]
mod tests;
mod value;
mod wmi;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use self::failure::{ErrorRecord, Flow};
use self::source::Source;
use self::value::{Block, Value};
use super::tools::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;

/// ERROR of a `-File` that is not there.
const NO_FILE: ExitCode = -196_608;

/// One powershell.exe.
struct Shell {
    process: Process,
    /// Variables, innermost scope last; names in lower case.
    scopes: Vec<BTreeMap<String, Value>>,
    functions: BTreeMap<String, Block>,
    /// The script files that run, innermost last.
    scripts: Vec<String>,
    /// Which streams go down the pipeline, by their numbers.
    merged: Vec<char>,
    /// Whether it may ask.
    interactive: bool,
    /// Nesting, against endless recursion.
    depth: usize,
}

/// What powershell.exe was told to do.
enum Task {
    Command(String),
    File(String, Vec<String>),
    Prompt,
    Wrong(String),
}

/// `powershell [-NoLogo] [-NoProfile] [-NonInteractive] [-ExecutionPolicy P] [-Command … | -EncodedCommand B | -File F …]`
pub(super) async fn run(process: Process) -> Result<ExitCode, Interrupted> {
    let (task, logo) = task(&process);
    let switches = process.args.iter().take_while(|word| word.starts_with(['-', '/']));
    let interactive = !switches.clone().any(|word| word[1..].to_lowercase().starts_with("noni"));
    let mut shell = Shell {
        process,
        scopes: vec![BTreeMap::new()],
        functions: BTreeMap::new(),
        scripts: Vec::new(),
        merged: Vec::new(),
        interactive,
        depth: 0,
    };
    shell.set("erroractionpreference", "Continue".into());
    shell.set("progresspreference", "Continue".into());
    shell.set("warningpreference", "Continue".into());
    match task {
        Task::Command(text) => shell.command_line(&text).await,
        Task::File(name, args) => shell.file(&name, &args).await,
        Task::Wrong(why) => {
            shell.process.stderr.line(&why);
            Ok(NO_FILE)
        }
        Task::Prompt => {
            if logo {
                shell.process.stdout.text(
                    "Windows PowerShell\r\nCopyright (C) Microsoft Corporation. All rights reserved.\r\n\r\n",
                );
            }
            shell.prompt().await
        }
    }
}

fn task(process: &Process) -> (Task, bool) {
    let mut logo = true;
    let mut words = process.args.iter();
    while let Some(word) = words.next() {
        let rest = || words.clone().cloned().collect::<Vec<_>>();
        let lower = word.to_lowercase();
        let name = lower.trim_start_matches(['-', '/']);
        if !lower.starts_with(['-', '/']) || lower == "-" {
            return (
                Task::Command(std::iter::once(word.clone()).chain(rest()).collect::<Vec<_>>().join(" ")),
                logo,
            );
        }
        match name {
            "nologo" => logo = false,
            "noprofile" | "nop" | "noninteractive" | "noni" | "sta" | "mta" | "noexit" => {}
            "executionpolicy" | "exec" | "ep" | "ex" | "inputformat" | "outputformat" | "version"
            | "windowstyle" | "w" => {
                words.next();
            }
            "command" | "c" => return (Task::Command(rest().join(" ")), logo),
            "encodedcommand" | "e" | "ec" | "enc" => {
                let text = words.next().and_then(|text| STANDARD.decode(text).ok()).map(|bytes| {
                    let units: Vec<u16> =
                        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
                    String::from_utf16_lossy(&units)
                });
                return (text.map_or_else(|| Task::Wrong("Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The value must be Base64 encoded.".to_owned()), Task::Command), logo);
            }
            "file" | "f" => {
                let mut rest = rest().into_iter();
                return (Task::File(rest.next().unwrap_or_default(), rest.collect()), logo);
            }
            _ => {
                return (
                    Task::Command(std::iter::once(word.clone()).chain(rest()).collect::<Vec<_>>().join(" ")),
                    logo,
                );
            }
        }
    }
    (Task::Prompt, logo)
}

impl Shell {
    /// `-Command`: 1 when the last command failed.
    async fn command_line(&mut self, text: &str) -> Result<ExitCode, Interrupted> {
        let source = Source::new(text, None);
        match self.top_level(&source).await {
            Ok(()) => Ok(i32::from(!self.get("?").truth())),
            Err(Flow::Exit(code)) => Ok(code as ExitCode),
            Err(Flow::Interrupted) => Err(Interrupted),
            Err(flow) => Ok(self.uncaught(flow)),
        }
    }

    /// `-File`: the code of `exit`, 1 when an error ended it.
    async fn file(&mut self, name: &str, args: &[String]) -> Result<ExitCode, Interrupted> {
        if let Some(refusal) = self.policy_refuses(name) {
            self.process.stderr.text(&refusal);
            return Ok(1);
        }
        let path = self.process.path(name);
        let content = path.as_ref().and_then(|path| {
            self.process.world().files.read(path, &self.process.token).ok().map(|bytes| bytes.to_vec())
        });
        let (Some(path), Some(content), true) = (path, content, name.to_lowercase().ends_with(".ps1")) else {
            self.process.stderr.line(&format!(
                "The argument '{name}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file as an argument to the -File parameter."
            ));
            return Ok(NO_FILE);
        };
        let source = Source::new(&members::decoded(&content, self.process.page()), Some(path.to_string()));
        if let Some(error) = self.parse_error(&source) {
            self.process.stderr.text(&error.shown());
            return Ok(1);
        }
        let args: Vec<Value> = args.iter().map(|arg| arg.as_str().into()).collect();
        self.scripts.push(path.to_string());
        if let Some(params) = source::child(source.syntax.root(), "param_block")
            && let Err(flow) = self.bind(params, &source, Vec::new(), args).await
        {
            return Ok(self.uncaught(flow));
        }
        match self.top_level(&source).await {
            Ok(()) | Err(Flow::Return) => Ok(0),
            Err(Flow::Exit(code)) => Ok(code as ExitCode),
            Err(Flow::Interrupted) => Err(Interrupted),
            Err(flow) => Ok(self.uncaught(flow)),
        }
    }

    /// A prompt at which somebody types, without PSReadLine.
    async fn prompt(&mut self) -> Result<ExitCode, Interrupted> {
        loop {
            if self.process.stdin.is_console() {
                self.process.stdout.text(&format!("PS {}> ", self.process.places.current));
            }
            let line = match self.process.stdin.line(self.process.page()).await {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(0),
                Err(Interrupted) => {
                    self.process.stdout.text("^C\r\n");
                    continue;
                }
            };
            match self.top_level(&Source::new(&line, None)).await {
                Ok(()) => {}
                Err(Flow::Exit(code)) => return Ok(code as ExitCode),
                Err(Flow::Interrupted) => self.process.stdout.text("^C\r\n"),
                Err(flow) => {
                    self.uncaught(flow);
                }
            }
        }
    }

    /// Runs the statements of a source, each shown when it is done.
    async fn top_level(&mut self, source: &Arc<Source>) -> Result<(), Flow> {
        if let Some(error) = self.parse_error(source) {
            return Err(error.into());
        }
        self.set("?", Value::Bool(true));
        let Some(list) = source::child(source.syntax.root(), "statement_list") else { return Ok(()) };
        for statement in source::children(list) {
            let mut out = Vec::new();
            let ended = self.statement(statement, source, &mut out).await;
            for line in format::lines(&out, 120) {
                self.process.stdout.line(&line);
            }
            ended?;
        }
        Ok(())
    }

    fn uncaught(&mut self, flow: Flow) -> ExitCode {
        if let Flow::Throw(error) = flow {
            self.process.stderr.text(&error.shown());
        }
        1
    }

    /// Whether the machine's policy forbids script files.
    fn policy_refuses(&self, name: &str) -> Option<String> {
        let world = self.process.world();
        let policy = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell";
        let off = world.registry.dword(policy, "EnableScripts") == Some(0);
        let signed = world.registry.text(policy, "ExecutionPolicy").is_some_and(|policy| {
            policy.eq_ignore_ascii_case("AllSigned") || policy.eq_ignore_ascii_case("Restricted")
        });
        (off || signed).then(|| {
            format!(
                "File {name} cannot be loaded because running scripts is disabled on this system. For more information, see \r\nabout_Execution_Policies at https:/go.microsoft.com/fwlink/?LinkID=135170.\r\n    + CategoryInfo          : SecurityError: (:) [], ParentContainsErrorRecordException\r\n    + FullyQualifiedErrorId : UnauthorizedAccess\r\n"
            )
        })
    }

    fn parse_error(&self, source: &Source) -> Option<ErrorRecord> {
        let error = source.syntax.error()?;
        let node = source.syntax.root().descendant_for_byte_range(error.range.start, error.range.start)?;
        let message = if let Some(missing) = error.missing {
            format!("Missing '{missing}' in the statement.")
        } else {
            let token = source.text[error.range].split_whitespace().next().unwrap_or_default().to_owned();
            format!("Unexpected token '{token}' in expression or statement.")
        };
        let mut record =
            ErrorRecord::new(message, "UnexpectedToken", "System.Management.Automation.ParseException");
        "ParserError: (:) [], ParseException".clone_into(&mut record.category);
        Some(record.at(source, node))
    }

    /// A variable, by its name in lower case without `$`.
    fn get(&self, name: &str) -> Value {
        let name = name.to_lowercase();
        match name.split_once(':') {
            Some(("env", name)) => return self.env_value(name),
            Some(("global" | "script", name)) => {
                return self.scopes[0].get(name).cloned().unwrap_or(Value::Null);
            }
            _ => {}
        }
        let name = name.rsplit(':').next().unwrap_or_default();
        match name {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "pscommandpath" => self.scripts.last().map_or(Value::Null, |path| path.as_str().into()),
            "psscriptroot" => self
                .scripts
                .last()
                .and_then(|path| path.rsplit_once('\\'))
                .map_or(Value::Null, |(folder, _)| folder.into()),
            "pwd" => self.process.places.current.to_string().into(),
            "pid" => Value::Int(4_120),
            "psversiontable" => {
                let os = self.process.world().os;
                Value::map(vec![
                    ("PSVersion".to_owned(), format!("5.1.{}.{}", os.build(), os.revision()).into()),
                    ("PSEdition".to_owned(), "Desktop".into()),
                ])
            }
            _ => self.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned().unwrap_or(Value::Null),
        }
    }

    /// Sets a variable in the scope its name says, else in the innermost.
    fn set(&mut self, name: &str, value: Value) {
        let name = name.to_lowercase();
        match name.split_once(':') {
            Some(("env", name)) => {
                self.process.env.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
                if !value.is_null() {
                    self.process.env.push((name.to_uppercase(), value.text()));
                }
            }
            Some(("global" | "script", name)) => {
                self.scopes[0].insert(name.to_owned(), value);
            }
            _ => {
                let name = name.rsplit(':').next().unwrap_or_default().to_owned();
                if let Some(scope) = self.scopes.last_mut() {
                    scope.insert(name, value);
                }
            }
        }
    }

    fn env_value(&self, name: &str) -> Value {
        let found = self.process.env.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or(Value::Null, |(_, value)| value.as_str().into())
    }
}
