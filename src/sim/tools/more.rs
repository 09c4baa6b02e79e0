//! more.com: pages on the console, tabs widened.

use std::sync::Arc;

use super::stream::strip_end;
use super::{CodePage, Process, Stdin};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;

/// Rows of a page: the console of a CMD channel has 24, the last is for the prompt.
const PAGE: usize = 23;

const MORE: Text =
    Text { en: "-- More  --", ko: "-- 자세히  --", ja: "-- More  --", de: "-- Fortsetzung  --" };
const MORE_OF: Text = Text {
    en: "-- More ({0}%) --",
    ko: "-- 자세히 ({0}%) --",
    ja: "-- More ({0}%) --",
    de: "-- Fortsetzung ({0}%) --",
};
const CANNOT: Text = Text::same("Cannot access file {0}");

/// What the switches ask for.
#[derive(Debug, Default)]
struct Wishes {
    clears: bool,
    squeezes: bool,
    tab: Option<usize>,
    from: usize,
    names: Vec<String>,
}

/// The page that is being filled.
struct Page<'a> {
    process: &'a Process,
    wishes: &'a Wishes,
    rows: usize,
    line: usize,
    was_blank: bool,
    stopped: bool,
    limit: usize,
}

pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let mut wishes = Wishes::default();
    for word in &process.args {
        let lower = word.to_ascii_lowercase();
        if let Some(number) = word.strip_prefix('+') {
            wishes.from = number.parse().unwrap_or(0);
            continue;
        }
        match lower.as_str() {
            "/e" | "/p" => {}
            "/c" => wishes.clears = true,
            "/s" => wishes.squeezes = true,
            _ => match lower.strip_prefix("/t").and_then(|number| number.parse().ok()) {
                Some(tab) => wishes.tab = Some(tab),
                None => wishes.names.push(word.clone()),
            },
        }
    }
    if wishes.clears && process.stdout.is_console() {
        process.console.clear();
    }
    let mut page =
        Page { process, wishes: &wishes, rows: 0, line: 0, was_blank: false, stopped: false, limit: PAGE };
    if wishes.names.is_empty() {
        page.stream().await?;
        return Ok(0);
    }
    for pattern in &wishes.names {
        for name in process.names(pattern) {
            let Ok(contents) = process.contents(&name) else {
                let full = process.path(&name).map_or(name, |path| path.to_string());
                process.stderr.line(&CANNOT.fill(process.language(), &[&full]));
                return Ok(1);
            };
            page.file(&contents).await?;
        }
    }
    Ok(0)
}

impl Page<'_> {
    async fn stream(&mut self) -> Result<(), Interrupted> {
        let page = self.process.page();
        let mut any = false;
        loop {
            let line = match &self.process.stdin {
                Stdin::Console(_) => self.process.stdin.line(page).await?,
                Stdin::Bytes(stream) => stream.line().await.map(|line| page.decode(strip_end(&line))),
            };
            let Some(line) = line else { break };
            any = true;
            self.show(&line, None).await?;
            if self.stopped {
                return Ok(());
            }
        }
        // more ends what it read with one line end of its own.
        if any {
            self.process.stdout.text("\r\n");
        }
        Ok(())
    }

    async fn file(&mut self, contents: &Arc<Vec<u8>>) -> Result<(), Interrupted> {
        let page = self.process.page();
        let wide = contents.strip_prefix(b"\xff\xfe").map(|wide| page.encode(&CodePage(1200).decode(wide)));
        let contents = wide.as_deref().unwrap_or(contents);
        let mut done = 0;
        for line in contents.split_inclusive(|byte| *byte == b'\n') {
            let percent = done * 100 / contents.len().max(1);
            self.show(&page.decode(strip_end(line)), Some(percent)).await?;
            if self.stopped {
                break;
            }
            done += line.len();
        }
        Ok(())
    }

    /// Shows a line; a full page waits for a key first.
    async fn show(&mut self, line: &str, percent: Option<usize>) -> Result<(), Interrupted> {
        self.line += 1;
        if self.line <= self.wishes.from.saturating_sub(1) {
            return Ok(());
        }
        let blank = line.trim().is_empty();
        if self.wishes.squeezes && blank && self.was_blank {
            return Ok(());
        }
        self.was_blank = blank;
        let text = widen(line, self.wishes.tab.unwrap_or(8));
        let rows = 1 + text.chars().count().saturating_sub(1) / 80;
        if self.process.stdout.is_console() && self.rows > 0 && self.rows + rows > self.limit {
            self.wait(percent).await?;
            if self.stopped {
                return Ok(());
            }
        }
        self.rows += rows;
        self.process.stdout.line(&text);
        Ok(())
    }

    async fn wait(&mut self, percent: Option<usize>) -> Result<(), Interrupted> {
        let language = self.process.language();
        let prompt = match percent {
            Some(percent) => MORE_OF.fill(language, &[&percent.to_string()]),
            None => MORE.in_language(language).to_owned(),
        };
        self.process.stdout.text(&prompt);
        let erase = format!("\r{}\r", " ".repeat(super::width::cells(&prompt)));
        loop {
            let key = self.process.console.read_key().await?;
            match key.to_ascii_lowercase() {
                ' ' | 'f' => (self.rows, self.limit) = (0, PAGE),
                '\r' => (self.rows, self.limit) = (1, 1),
                'q' | '\u{1b}' => {
                    self.stopped = true;
                    self.process.stdout.text("\r\n");
                    return Ok(());
                }
                _ => continue,
            }
            self.process.stdout.text(&erase);
            return Ok(());
        }
    }
}

/// Tabs as blanks up to the next column that is a multiple of `tab`.
fn widen(line: &str, tab: usize) -> String {
    let mut out = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let blanks = tab.saturating_sub(column % tab.max(1));
            out.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        } else {
            out.push(c);
            column += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::widen;

    #[test]
    fn tabs_reach_the_next_column() {
        assert_eq!(widen("a\tb\t\tc", 8), "a       b               c");
        assert_eq!(widen("\t", 4), "    ");
        assert_eq!(widen("a\tb", 0), "ab");
    }
}
