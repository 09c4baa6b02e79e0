//! A cmd line as cmd would part it: simple commands, each of words.

use std::ops::Range;

/// A word of a command, as written, with its place in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, quotes included.
    pub(super) text: String,
    /// Where, in bytes.
    pub(super) range: Range<usize>,
}

impl Word {
    /// Without quotes, in lower case.
    pub(super) fn plain(&self) -> String {
        self.text.replace('"', "").to_lowercase()
    }

    /// Only what stands outside of double quotes and `{{ }}`.
    pub(super) fn bare(&self) -> String {
        let outside = self.text.split('"').step_by(2).collect::<String>();
        outside.split("{{").map(|part| part.rsplit("}}").next().unwrap_or_default()).collect()
    }

    /// Whether it starts within quotes.
    pub(super) fn quoted(&self) -> bool {
        self.text.starts_with('"')
    }
}

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// Its words; the first is the program.
    pub(super) words: Vec<Word>,
    /// Files it writes with `>`.
    pub(super) writes: Vec<Word>,
    /// Whether it reads the output of the one before.
    pub(super) piped: bool,
    /// What the `echo`s before it in the line write, when it reads their output.
    pub(super) fed: Vec<String>,
}

impl Simple {
    /// The program: without folder, `.exe`, quotes; lower case.
    pub(super) fn program(&self) -> String {
        let name = self.words.first().map(Word::plain).unwrap_or_default();
        let name = name.rsplit('\\').next().unwrap_or_default().trim_start_matches('@');
        name.strip_suffix(".exe").or_else(|| name.strip_suffix(".com")).unwrap_or(name).to_owned()
    }

    /// Whether the program is looked for where Windows keeps its own: without a folder, or in one of those.
    pub(super) fn is_of_windows(&self) -> bool {
        let name = self.words.first().map(Word::plain).unwrap_or_default();
        let folders = [
            "\\system32",
            "\\sysnative",
            "\\syswow64",
            "\\wbem",
            "\\windowspowershell\\v1.0",
            "%windir%",
            "%systemroot%",
        ];
        name.rsplit_once('\\').is_none_or(|(folder, _)| folders.iter().any(|known| folder.ends_with(known)))
    }

    /// The word at an index, unquoted, lower case.
    pub(super) fn word(&self, index: usize) -> String {
        self.words.get(index).map(Word::plain).unwrap_or_default()
    }

    /// Whether one of the words is this option.
    pub(super) fn has(&self, option: &str) -> bool {
        self.words.iter().skip(1).any(|word| word.plain() == option)
    }

    /// The same command further to the right.
    pub(super) fn moved(mut self, by: usize) -> Self {
        for word in self.words.iter_mut().chain(&mut self.writes) {
            word.range = word.range.start + by..word.range.end + by;
        }
        self
    }

    /// The whole command's place.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..0,
        }
    }
}

/// A parted line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its simple commands, those inside `if` and `for` included.
    pub(super) commands: Vec<Simple>,
    /// Whether a double quote is never closed.
    pub(super) open_quote: bool,
}

/// Parts a line. `{{ … }}` counts as a letter.
pub(super) fn part(line: &str) -> Line {
    let mut parted = Line::default();
    let mut reader = Reader { current: Simple::default(), word: None, redirect: false, depth: 0 };
    let mut quoted = false;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if line[at..].starts_with("{{") {
            let end = line[at..].find("}}").map_or(line.len(), |found| at + found + 2);
            reader.push(&line[at..end], at);
            while chars.next_if(|(next, _)| *next < end).is_some() {}
            continue;
        }
        match c {
            '"' => {
                quoted = !quoted;
                reader.push("\"", at);
            }
            '^' if !quoted => {
                reader.push("^", at);
                if let Some((next, escaped)) = chars.next() {
                    reader.push(&line[next..next + escaped.len_utf8()], next);
                }
            }
            // Told by others; here it only parts words.
            '\r' | '\n' => reader.end_word(),
            '&' | '|' if !quoted => {
                let double = chars.next_if(|(_, next)| *next == c).is_some();
                reader.end_command(&mut parted.commands);
                reader.current.piped = c == '|' && !double;
            }
            '(' if !quoted && reader.word.is_none() && reader.awaits_list() => {
                let inside = at + 1;
                let end = ["')", "`)"]
                    .iter()
                    .find_map(|end| line[inside..].find(end))
                    .map(|found| inside + found + 1);
                let end = end
                    .or_else(|| line[inside..].find(')').map(|found| inside + found))
                    .unwrap_or(line.len());
                let list = line[inside..end].trim();
                // Between backquotes with `usebackq`.
                let within = |quote: char| list.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
                if let Some(command) = within('\'').or_else(|| within('`')) {
                    let offset = line.len() - line[inside..].trim_start().len() + 1;
                    parted
                        .commands
                        .extend(part(command).commands.into_iter().map(|simple| simple.moved(offset)));
                }
                while chars.next_if(|(next, _)| *next <= end).is_some() {}
            }
            '(' if !quoted && reader.word.is_none() && reader.starts_command() => {
                reader.depth += 1;
                reader.end_command(&mut parted.commands);
            }
            ')' if !quoted && reader.depth > 0 => {
                reader.depth -= 1;
                reader.end_command(&mut parted.commands);
            }
            '>' | '<' if !quoted => {
                // The handle number belongs to the redirection: `2>nul`.
                if reader
                    .word
                    .as_ref()
                    .is_some_and(|word| word.text.len() == 1 && word.text.as_bytes()[0].is_ascii_digit())
                {
                    reader.word = None;
                }
                reader.end_word();
                let _ = chars.next_if(|(_, next)| *next == '>');
                if chars.next_if(|(_, next)| *next == '&').is_some() {
                    let _ = chars.next();
                } else {
                    reader.redirect = true;
                    reader
                        .current
                        .writes
                        .extend((c == '>').then(|| Word { text: String::new(), range: at..at }));
                }
            }
            ' ' | '\t' | ',' | ';' if !quoted => reader.end_word(),
            _ => reader.push(&line[at..at + c.len_utf8()], at),
        }
    }
    reader.end_command(&mut parted.commands);
    parted.commands = parted.commands.into_iter().flat_map(|simple| of_cmd(line, simple)).collect();
    for at in 1..parted.commands.len() {
        if parted.commands[at].piped {
            let before = parted.commands[..at].iter().filter(|simple| simple.program() == "echo");
            let said =
                |simple: &Simple| simple.words.iter().skip(1).map(Word::plain).collect::<Vec<_>>().join(" ");
            parted.commands[at].fed = before.map(said).collect();
        }
    }
    parted.open_quote = quoted;
    parted
}

struct Reader {
    current: Simple,
    word: Option<Word>,
    redirect: bool,
    depth: usize,
}

impl Reader {
    fn push(&mut self, text: &str, at: usize) {
        let word = self.word.get_or_insert_with(|| Word { text: String::new(), range: at..at });
        word.text.push_str(text);
        word.range.end = at + text.len();
    }

    fn starts_command(&self) -> bool {
        self.current.words.is_empty() || matches!(self.current.program().as_str(), "for" | "if" | "else")
    }

    /// `for … in (`
    fn awaits_list(&self) -> bool {
        self.current.program() == "for" && self.current.words.last().is_some_and(|word| word.plain() == "in")
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.redirect) {
            if let Some(file) = self.current.writes.last_mut().filter(|file| file.text.is_empty()) {
                *file = word;
            }
        } else {
            self.current.words.push(word);
        }
    }

    fn end_command(&mut self, commands: &mut Vec<Simple>) {
        self.end_word();
        self.redirect = false;
        let ended = std::mem::take(&mut self.current);
        if !ended.words.is_empty() || !ended.writes.is_empty() {
            commands.push(inner(ended));
        }
    }
}

/// The command behind `for … do`, `if …`, `else`, `call`, `start`.
fn inner(mut simple: Simple) -> Simple {
    loop {
        let skip = match simple.program().as_str() {
            "for" => simple.words.iter().position(|word| word.plain() == "do").map(|at| at + 1),
            "call" | "else" => Some(1),
            "start" => Some(behind_start(&simple)),
            "if" => {
                let at = |index: usize| simple.word(index);
                let start = 1 + usize::from(at(1) == "/i");
                let start = start + usize::from(at(start) == "not");
                match at(start).as_str() {
                    "exist" | "defined" | "errorlevel" => Some(start + 2),
                    word if word.contains("==") => Some(start + 1),
                    _ => Some(start + 3),
                }
            }
            _ => None,
        };
        match skip {
            Some(count) if count < simple.words.len() => {
                simple.words.drain(..count);
            }
            _ => return simple,
        }
    }
}

/// Where the program stands behind `start`, its title and its options.
fn behind_start(simple: &Simple) -> usize {
    let mut at = 1 + usize::from(simple.words.get(1).is_some_and(Word::quoted));
    loop {
        at += match simple.word(at).as_str() {
            "/d" | "/node" | "/affinity" => 2,
            option if option.starts_with('/') => 1,
            _ => return at,
        };
    }
}

/// The commands behind `cmd /c`. Quotes around all of them are none of their own.
fn of_cmd(line: &str, simple: Simple) -> Vec<Simple> {
    let runs = |word: &Word| matches!(word.plain().get(..2), Some("/c" | "/r"));
    let option = (simple.program() == "cmd").then(|| simple.words.iter().find(|word| runs(word))).flatten();
    let (Some(option), Some(last)) = (option, simple.words.last()) else { return vec![simple] };
    let text = line.get(option.range.start + 2..last.range.end).unwrap_or_default();
    let mut text = text.to_owned();
    if text.trim_start().starts_with('"') {
        // Blanks keep every place where it is.
        text = text.replacen('"', " ", 1);
        if let Some(end) = text.rfind('"') {
            text.replace_range(end..=end, " ");
        }
    }
    let offset = option.range.start + 2;
    let mut inner: Vec<Simple> =
        part(&text).commands.into_iter().map(|simple| simple.moved(offset)).collect();
    match (inner.first_mut(), simple.piped) {
        (None, _) => return vec![simple],
        (Some(first), piped) => first.piped |= piped,
    }
    if let Some(last) = inner.last_mut() {
        last.writes.extend(simple.writes);
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> Vec<String> {
        part(line)
            .commands
            .iter()
            .map(|c| {
                let words: Vec<_> = c.words.iter().map(|w| w.text.as_str()).collect();
                let writes: Vec<_> = c.writes.iter().map(|w| format!(" > {}", w.text)).collect();
                format!("{}{}{}", if c.piped { "| " } else { "" }, words.join(","), writes.concat())
            })
            .collect()
    }

    #[test]
    fn parts_lines() {
        for (line, expected) in [
            ("sc query TermService", vec!["sc,query,TermService"]),
            ("a && b || c & d | e", vec!["a", "b", "c", "d", "| e"]),
            ("reg add \"HKLM\\A & B\" /v x /f >nul 2>&1", vec!["reg,add,\"HKLM\\A & B\",/v,x,/f > nul"]),
            ("icacls x /grant *S-1-5-18:(F) /t", vec!["icacls,x,/grant,*S-1-5-18:(F),/t"]),
            ("if not exist \"C:\\a b\" md \"C:\\a b\"", vec!["md,\"C:\\a b\""]),
            (
                "for /f \"tokens=2\" %i in ('sc query x') do taskkill /pid %i",
                vec!["sc,query,x", "taskkill,/pid,%i"],
            ),
            ("(a & b) > \"c d\"", vec!["a", "b", " > \"c d\""]),
            ("echo a^&b {{ x | join(' & ') }} c", vec!["echo,a^&b,{{ x | join(' & ') }},c"]),
            ("if exist x (dir) else (del x)", vec!["if,exist,x", "dir", "else", "del,x"]),
            ("for /f \"usebackq\" %i in (`del x`) do @echo %i", vec!["del,x", "@echo,%i"]),
            ("start \"a title\" /d C:\\x /wait reg delete HKLM\\x", vec!["reg,delete,HKLM\\x"]),
            ("call net stop x", vec!["net,stop,x"]),
            ("cmd /c net stop X /y > y", vec!["net,stop,X,/y > y"]),
            (
                "cmd.exe /d /c \"reg add \"HKLM\\A B\" /f & del \"x\"\" | more",
                vec!["reg,add,\"HKLM\\A B\",/f", "del,\"x\"", "| more"],
            ),
            ("for /f %a in ('cmd /c ver') do cmd /cdel %a", vec!["ver", "del,%a"]),
            ("cmd /k", vec!["cmd,/k"]),
        ] {
            assert_eq!(show(line), expected, "{line}");
        }
        assert!(part("type \"a").open_quote);
    }
}
