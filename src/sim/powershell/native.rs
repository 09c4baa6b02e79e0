//! Programs that a script starts: what they write to standard output goes down the pipeline, line by line.

use super::Shell;
use super::commands::Word;
use super::failure::Flow;
use super::value::Value;
use crate::sim::tools::{self, CodePage, Process, Sink, Stdin, Stream, arguments};
use crate::sim::windows::files::path::WinPath;

impl Shell {
    /// Starts a program; false: there is none of this name.
    pub(super) async fn native(
        &mut self,
        name: &str,
        words: &[Word],
        input: Option<&Vec<Value>>,
        out: &mut Vec<Value>,
    ) -> Result<bool, Flow> {
        let Some(program) = self.find(name) else { return Ok(false) };
        let tail: Vec<String> = words
            .iter()
            .flat_map(|word| match word {
                Word::Option(text) => vec![text.clone()],
                Word::Argument(value, _) if value.is_many() => {
                    value.items().iter().map(|item| quoted(&item.text())).collect()
                }
                Word::Argument(value, _) => vec![quoted(&value.text())],
            })
            .collect();
        let tail = tail.join(" ");
        let page = CodePage(self.process.console.code_page());
        let stream = Stream::default();
        let stdin = match input {
            Some(items) => {
                let text: String = items.iter().map(|item| item.text() + "\r\n").collect();
                Stdin::Bytes(Stream::of(&page.encode(&text)))
            }
            None => self.process.stdin.clone(),
        };
        let merged = self.merged.contains(&'2');
        let process = Process {
            name: program.clone(),
            args: arguments::split(&tail),
            tail,
            stdin,
            stdout: Sink::Bytes(stream.clone(), page),
            stderr: if merged { Sink::Bytes(stream.clone(), page) } else { self.process.stderr.clone() },
            ..self.process.clone()
        };
        let code = match Box::pin(tools::run(process)).await {
            Some(Ok(code)) => code,
            Some(Err(_)) => return Err(Flow::Interrupted),
            // invented: programs that this machine has only as a file.
            None => {
                self.process.stderr.line(&format!("Program '{program}.exe' failed to run: The specified executable is not a valid application for this OS platform."));
                1
            }
        };
        let text = page.decode(&stream.drain());
        out.extend(text.lines().map(|line| Value::from(line.trim_end_matches('\r'))));
        self.set("global:lastexitcode", Value::Int(i64::from(code)));
        self.set("?", Value::Bool(code == 0));
        Ok(true)
    }

    fn find(&self, name: &str) -> Option<String> {
        let world = self.process.world();
        let folders = if name.contains('\\') {
            vec![String::new()]
        } else {
            vec![
                r"C:\Windows\System32\".to_owned(),
                r"C:\Windows\".to_owned(),
                r"C:\Windows\System32\WindowsPowerShell\v1.0\".to_owned(),
            ]
        };
        for folder in folders {
            for ending in ["", ".exe", ".com"] {
                let path = WinPath::new(&format!("{folder}{name}{ending}"));
                if let Ok(bytes) = world.files.read(&path, &self.process.token)
                    && let Some(image) = tools::image_name(&bytes)
                {
                    return Some(image);
                }
            }
        }
        None
    }
}

/// Windows PowerShell puts quotes around what has blanks, and nothing else.
fn quoted(text: &str) -> String {
    if text.is_empty() || (text.contains(' ') && !text.starts_with('"')) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}
