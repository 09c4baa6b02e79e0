//! `for /f`: the lines of files, commands and strings, cut into tokens.

use super::handles::{Handle, bare};
use super::percent::split;
use super::shell::{Shell, Stop};
use super::substitute::number;
use super::text;
use super::tree::For;
use crate::sim::tools::CodePage;
use crate::sim::tools::stream::Stream;
use crate::sim::windows::files::path::Target;

/// The options in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    /// Lines that begin with it are skipped.
    comment: Option<char>,
    skip: usize,
    delimiters: String,
    /// Token numbers, in their order, without doubles.
    tokens: Vec<usize>,
    /// `*`: the rest of the line.
    rest: bool,
    /// How many variables are set, doubles counted.
    variables: usize,
    back_quotes: bool,
}

/// What stands in the parentheses.
enum Origin {
    Command(String),
    Text(String),
    Files(Vec<String>),
}

impl Shell {
    pub(super) async fn lines(&mut self, one: &For, options: &str, set: &str) -> Result<i32, Stop> {
        let Some(options) = Options::parse(&unquoted(options)) else {
            self.complain(&text::UNEXPECTED, &[options]);
            self.level = 255;
            return Err(Stop::Abort);
        };
        let lines = match origin(set, options.back_quotes) {
            Origin::Text(line) => vec![line],
            Origin::Command(command) => to_lines(&self.capture(command).await?, self.page_of_console()),
            Origin::Files(names) => match self.lines_of_files(&names) {
                Some(lines) => lines,
                None => return Ok(1),
            },
        };
        let mut code = 0;
        for line in lines.iter().skip(options.skip) {
            if let Some(values) = options.values(line) {
                code = self.iteration(one, &values).await?;
            }
        }
        Ok(code)
    }

    fn page_of_console(&self) -> CodePage {
        CodePage(self.console.code_page())
    }

    /// What a command prints, run by a cmd.exe of its own.
    async fn capture(&mut self, command: String) -> Result<Vec<u8>, Stop> {
        let output = Stream::default();
        let mut child = self.child();
        child.echo = super::shell::Switch::On;
        child.depth += super::exec::CALL_WEIGHT;
        child.handles.set(1, Handle::Pipe(output.clone()));
        Box::pin(child.run_once(command)).await?;
        Ok(output.drain())
    }

    /// The lines of all files; `None` when one cannot be read, which was said.
    fn lines_of_files(&self, names: &[String]) -> Option<Vec<String>> {
        let mut lines = Vec::new();
        for name in names {
            let Target::Path(path) = self.places.resolve(&bare(name)) else { continue };
            let contents = self.world.lock().files.read(&path, &self.session.token);
            let Ok(bytes) = contents else {
                self.sink(2).line(&self.words_for_missing(&bare(name)));
                return None;
            };
            lines.extend(to_lines(&bytes, self.page_of_console()));
        }
        Some(lines)
    }

    fn words_for_missing(&self, name: &str) -> String {
        let message = self.words(&text::FILE_NOT_FOUND, &[]);
        // "The system cannot find the file x.": the name takes the place of "specified".
        match message.strip_suffix("file specified.") {
            Some(start) => format!("{start}file {name}."),
            None => message,
        }
    }
}

impl Options {
    fn parse(text: &str) -> Option<Self> {
        let mut options = Self {
            comment: Some(';'),
            skip: 0,
            delimiters: " \t".to_owned(),
            tokens: vec![1],
            rest: false,
            variables: 1,
            back_quotes: false,
        };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let lower = rest.to_ascii_lowercase();
            if lower.starts_with("usebackq") {
                options.back_quotes = true;
                rest = &rest["usebackq".len()..];
            } else if lower.starts_with("eol=") {
                rest = &rest["eol=".len()..];
                options.comment = rest.chars().next();
                rest = &rest[options.comment.map_or(0, char::len_utf8)..];
            } else if lower.starts_with("skip=") {
                let (value, behind) = number(&rest["skip=".len()..]);
                options.skip = usize::try_from(value).ok()?;
                rest = behind;
            } else if lower.starts_with("delims=") {
                let given = &rest["delims=".len()..];
                // A blank ends the list, unless it is the last character of all.
                let end = given.find(' ').filter(|at| at + 1 < given.len()).unwrap_or(given.len());
                given[..end].clone_into(&mut options.delimiters);
                rest = &given[end..];
            } else if lower.starts_with("tokens=") {
                let given = &rest["tokens=".len()..];
                let end = given.find(' ').unwrap_or(given.len());
                options.set_tokens(&given[..end])?;
                rest = &given[end..];
            } else {
                return None;
            }
            rest = rest.trim_start();
        }
        Some(options)
    }

    fn set_tokens(&mut self, list: &str) -> Option<()> {
        self.tokens.clear();
        self.variables = 0;
        self.rest = false;
        let list = match list.strip_suffix('*') {
            Some(before) => {
                self.rest = true;
                before.trim_end_matches(',')
            }
            None => list,
        };
        let mut doubles = false;
        for item in list.split(',').filter(|item| !item.is_empty()) {
            let (from, behind) = number(item);
            let to = match behind.strip_prefix('-') {
                Some(end) => number(end).0,
                None if behind.is_empty() => from,
                None => return None,
            };
            if from < 1 || to > 31 {
                return None;
            }
            for token in from..=to {
                let token = token as usize;
                self.variables += 1;
                if self.tokens.contains(&token) {
                    doubles = true;
                } else {
                    self.tokens.push(token);
                }
            }
        }
        self.tokens.sort_unstable();
        if self.rest {
            self.variables += 1;
            // Doubles leave no room for the rest of the line.
            self.rest = !doubles;
        }
        (self.variables > 0).then_some(())
    }

    /// The values of a line; `None` when the line is skipped.
    fn values(&self, line: &str) -> Option<Vec<String>> {
        let is_delimiter = |c: char| self.delimiters.contains(c);
        let start = line.trim_start_matches(is_delimiter);
        if start.is_empty() || (self.comment.is_some() && start.chars().next() == self.comment) {
            return None;
        }
        let mut values = Vec::with_capacity(self.variables);
        let mut rest = start;
        let mut token = 0;
        for wanted in &self.tokens {
            let mut value = "";
            while token < *wanted && !rest.is_empty() {
                let end = rest.find(is_delimiter).unwrap_or(rest.len());
                value = &rest[..end];
                rest = rest[end..].trim_start_matches(is_delimiter);
                token += 1;
            }
            if token < *wanted {
                value = "";
            }
            values.push(value.to_owned());
        }
        if values.first().is_some_and(String::is_empty) {
            return None;
        }
        if self.rest {
            values.push(rest.to_owned());
        }
        values.resize(self.variables.max(values.len()), String::new());
        Some(values)
    }
}

/// Options without the quotes around them.
fn unquoted(options: &str) -> String {
    let inner = options.strip_prefix('"').unwrap_or(options);
    inner.strip_suffix('"').unwrap_or(inner).to_owned()
}

fn origin(set: &str, back_quotes: bool) -> Origin {
    let set = set.trim_matches([' ', '\t', ',', ';', '=']);
    let between = |quote: char| -> Option<String> {
        let inner = set.strip_prefix(quote)?;
        Some(inner.strip_suffix(quote).unwrap_or(inner).to_owned())
    };
    let (command, string) = if back_quotes { ('`', '\'') } else { ('\'', '"') };
    if let Some(command) = between(command) {
        return Origin::Command(command);
    }
    if let Some(string) = between(string) {
        return Origin::Text(string);
    }
    Origin::Files(split(set))
}

/// Lines without their ends; a zero byte counts for nothing.
fn to_lines(bytes: &[u8], page: CodePage) -> Vec<String> {
    let mut lines: Vec<String> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| page.decode(line.strip_suffix(b"\r").unwrap_or(line)).replace('\0', ""))
        .collect();
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(options: &str, line: &str) -> String {
        let Some(options) = Options::parse(options) else { return "refused".to_owned() };
        options.values(line).map_or_else(|| "skipped".to_owned(), |values| values.join("|"))
    }

    #[test]
    fn lines_are_cut_as_the_options_say() {
        let rows = [
            ("", "a b c", "a"),
            ("", " \ta b", "a"),
            ("", "; a", "skipped"),
            ("", "", "skipped"),
            ("tokens=2", "a b c", "b"),
            ("tokens=2", "a", "skipped"),
            ("tokens=1,3,5-7", "a b c d e f g", "a|c|e|f|g"),
            ("tokens=1,5*", "a b c d e f g", "a|e|f g"),
            ("tokens=3,2,1*", "a b c d e", "a|b|c|d e"),
            ("tokens=1,2,1*", "a b c d", "a|b||"),
            ("tokens=1-2,1-2,1-2", "a b c d", "a|b||||"),
            ("tokens=3-1,5", "a b c d e", "e"),
            ("tokens=*", "  3.14 x ", "3.14 x "),
            ("tokens=1*", "3.14", "3.14|"),
            ("tokens=2*", "3.14", "skipped"),
            ("tokens=1,* delims=.", "3.14", "3|14"),
            ("delims=. tokens=2*", "3.14", "14|"),
            ("delims=", "foo bar ", "foo bar "),
            ("delims=| ", "a d|", "a"),
            ("delims==", "C r=d|", "C r"),
            ("eol=@ delims=", "@x", "skipped"),
            ("eol=@", " z@y", "z@y"),
            ("eol=; delims=;", ";x", "x"),
            ("usebackq tokens=2 delims=:", "a:b", "b"),
            ("tokens=32", "a", "refused"),
            ("tokens=x", "a", "refused"),
            ("what", "a", "refused"),
            ("skip=02", "a", "a"),
        ];
        for (options, line, expected) in rows {
            assert_eq!(values(options, line), expected, "{options} on {line:?}");
        }
        assert_eq!(Options::parse("skip=0x2").unwrap().skip, 2);
    }

    #[test]
    fn line_ends_and_zeros_do_not_count() {
        assert_eq!(to_lines(b"a\r\n\r\nb\0c\n", CodePage(437)), ["a", "", "bc"]);
        assert_eq!(to_lines(b"", CodePage(437)), [""; 0]);
    }
}
