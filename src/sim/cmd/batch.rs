//! Batch files: reading them line by line, labels, `goto`, `call`, the end of a batch.

use super::env::Env;
use super::percent::{Arguments, is_delimiter};
use super::shell::{Mode, Shell, Stop, Switch};
use super::text;
use crate::sim::windows::files::path::{Places, WinPath};

/// A batch file that runs, or a `:label` of it that was called.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) path: WinPath,
    pub(super) arguments: Arguments,
    /// Where the next line begins; the file is read anew for every line, as cmd does.
    pub(super) position: usize,
    /// A `.cmd` file: `set`, `path`, `prompt` and `assoc` clear ERRORLEVEL.
    pub(super) clears_level: bool,
    /// What `setlocal` saved.
    pub(super) saved: Vec<Saved>,
    /// Another batch file was started without `call`: this one does not go on.
    pub(super) is_left: bool,
    /// The loops that ran when it was called.
    loops: usize,
}

/// What `endlocal` brings back.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) env: Env,
    pub(super) places: Places,
    pub(super) delayed: Switch,
    pub(super) extensions: Switch,
}

/// How a batch file was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// By `call`: the caller goes on, and sees ERRORLEVEL.
    Called,
    /// By its name alone: a batch file around it ends.
    Chained,
}

/// invented: how deep calls may nest; the real limit depends on the stack (some hundreds).
const DEEPEST_CALL: usize = 64;

impl Shell {
    /// Runs a batch file to its end.
    pub(super) async fn run_batch(
        &mut self,
        path: WinPath,
        arguments: Arguments,
        start: Start,
    ) -> Result<i32, Stop> {
        let clears_level = path.name().to_ascii_lowercase().ends_with(".cmd");
        let batch = self.frame(path, arguments, 0, clears_level);
        let code = self.run_frame(batch).await?;
        if start == Start::Chained {
            if let Some(outer) = self.batches.last_mut() {
                outer.is_left = true;
            }
            return Ok(code);
        }
        Ok(if code == 0 { self.level } else { code })
    }

    /// `call :label`
    pub(super) async fn call_label(&mut self, word: &str, tail: &str) -> Result<i32, Stop> {
        let Some(current) = self.batches.last() else {
            return Ok(self.fail(&text::OUTSIDE_BATCH, &[]));
        };
        let label = label_name(word);
        let Some(position) = self.find_label(&label, current.position) else {
            return Ok(self.fail(&text::LABEL, &[&label]));
        };
        let (path, clears_level) = (current.path.clone(), current.clears_level);
        let batch = self.frame(path, Arguments::new(word, tail), position, clears_level);
        let code = self.run_frame(batch).await?;
        Ok(if code == 0 { self.level } else { code })
    }

    fn frame(&self, path: WinPath, arguments: Arguments, position: usize, clears_level: bool) -> Batch {
        Batch {
            path,
            arguments,
            position,
            clears_level,
            saved: Vec::new(),
            is_left: false,
            loops: self.loops,
        }
    }

    async fn run_frame(&mut self, batch: Batch) -> Result<i32, Stop> {
        if self.batches.len() >= DEEPEST_CALL {
            let count = self.batches.len().to_string();
            self.complain(&text::RECURSION, &[&count]);
            return Err(Stop::Abort);
        }
        let level = self.batches.len();
        self.batches.push(batch);
        self.loops = 0;
        let result = self.run_lines().await;
        if let Some(done) = self.batches.get(level) {
            self.loops = done.loops;
            if let Some(first) = done.saved.first().cloned() {
                self.bring_back(first);
            }
        }
        self.batches.truncate(level);
        result
    }

    async fn run_lines(&mut self) -> Result<i32, Stop> {
        let mut code = 0;
        while let Some(line) = self.next_line()? {
            match self.run_text(line).await {
                Ok(done) => code = done,
                Err(Stop::Jump) => code = 0,
                Err(Stop::EndBatch(done)) => return Ok(done),
                Err(Stop::Interrupted) => self.ask_to_end().await?,
                Err(stop) => return Err(stop),
            }
        }
        Ok(code)
    }

    /// After Ctrl-C: `Terminate batch job (Y/N)?`
    async fn ask_to_end(&mut self) -> Result<(), Stop> {
        let question = self.words(&text::TERMINATE, &[]);
        let (yes, no) = (self.words(&text::YES, &[]), self.words(&text::NO, &[]));
        self.console.write("^C");
        loop {
            self.console.write(&question);
            let Ok(answer) = self.console.read_line().await else {
                self.console.write("^C");
                return Err(Stop::Abort);
            };
            let letter: String = answer.trim().chars().take(1).collect();
            if letter.eq_ignore_ascii_case(&yes) {
                return Err(if self.mode == Mode::Once { Stop::Exit(-1_073_741_510) } else { Stop::Abort });
            }
            if letter.eq_ignore_ascii_case(&no) {
                return Ok(());
            }
        }
    }

    /// The next line of the innermost batch file.
    pub(super) fn next_line(&mut self) -> Result<Option<String>, Stop> {
        let Some(batch) = self.batches.last() else { return Ok(None) };
        if batch.is_left {
            return Ok(None);
        }
        let contents = self.world.lock().files.read(&batch.path, &self.session.token);
        let Ok(contents) = contents else {
            self.complain(&text::BATCH_GONE, &[]);
            return Err(Stop::EndBatch(1));
        };
        let Some((line, next)) = line_at(&contents, batch.position) else { return Ok(None) };
        let line = crate::sim::tools::CodePage(self.console.code_page()).decode(line);
        if let Some(batch) = self.batches.last_mut() {
            batch.position = next;
        }
        Ok(Some(line))
    }

    /// `goto`
    pub(super) fn goto(&mut self, tail: &str) -> Result<i32, Stop> {
        let target = tail.trim_start_matches(is_delimiter).trim_end();
        let Some(batch) = self.batches.last() else { return Ok(1) };
        let position = batch.position;
        if target.is_empty() {
            return Ok(self.fail(&text::LABEL, &[""]));
        }
        if target.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(":eof"))
            && label_name(target).len() == 3
        {
            return Err(Stop::EndBatch(0));
        }
        let label = label_name(target);
        let Some(position) = self.find_label(&label, position) else {
            self.fail(&text::LABEL, &[&label]);
            return Err(Stop::EndBatch(1));
        };
        if let Some(batch) = self.batches.last_mut() {
            batch.position = position;
        }
        Err(Stop::Jump)
    }

    /// Where the line after a label begins; looked for from `from` to the end, then from the start.
    fn find_label(&self, label: &str, from: usize) -> Option<usize> {
        if label.is_empty() {
            return None;
        }
        let path = &self.batches.last()?.path;
        let contents = self.world.lock().files.read(path, &self.session.token).ok()?;
        let page = crate::sim::tools::CodePage(self.console.code_page());
        let search = |start: usize, end: usize| {
            let mut at = start;
            while at < end {
                let (line, next) = line_at(&contents, at)?;
                if is_label(&page.decode(line), label) {
                    return Some(next);
                }
                at = next;
            }
            None
        };
        search(from, contents.len()).or_else(|| search(0, from.min(contents.len())))
    }

    /// `endlocal`, also at the end of a batch file.
    pub(super) fn bring_back(&mut self, saved: Saved) {
        self.env = saved.env;
        self.places = saved.places;
        self.delayed = saved.delayed;
        self.extensions = saved.extensions;
    }
}

/// A line and where the next one begins. Ctrl-Z ends a line as LF does.
fn line_at(contents: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = contents.get(at..).filter(|rest| !rest.is_empty())?;
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, next) = match end {
        Some(end) => (&rest[..end], at + end + 1),
        None => (rest, contents.len()),
    };
    Some((line.strip_suffix(b"\r").unwrap_or(line), next))
}

/// The name in `:name …`, `name …`.
fn label_name(text: &str) -> String {
    let text = text.strip_prefix(':').unwrap_or(text);
    let text = text.trim_start_matches([' ', '\t']);
    text.chars()
        .take_while(|c| !is_delimiter(*c) && !matches!(c, ':' | '+' | '&' | '|' | '<' | '>'))
        .collect()
}

/// Whether a line is the label `wanted`.
fn is_label(line: &str, wanted: &str) -> bool {
    let line = line.trim_start_matches(|c: char| is_delimiter(c) || c == '@');
    let Some(name) = line.strip_prefix(':') else { return false };
    let found = label_name(&format!(":{name}"));
    // `::x` is a remark.
    !name.trim_start().starts_with(':')
        && found.chars().flat_map(char::to_lowercase).eq(wanted.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_recognised_as_goto_does() {
        let rows = [
            (":dest", "DEST", true),
            ("  \t:dest ", "dest", true),
            (":dest&& echo x", "dest", true),
            (":dest>file", "dest", true),
            ("@   :     dest>rubbish", "dest", true),
            (":dest:more", "dest", true),
            (":dest1", "dest", false),
            ("::dest", "dest", false),
            ("dest", "dest", false),
        ];
        for (line, label, expected) in rows {
            assert_eq!(is_label(line, label), expected, "{line}");
        }
    }
}
