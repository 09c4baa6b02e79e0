//! find.exe.

use std::sync::Arc;

use super::input::lines;
use super::stream::strip_end;
use super::{CodePage, Process, Stdin};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::files::FileError;
use crate::sim::windows::language::Text;

const FORMAT: Text = Text {
    en: "FIND: Parameter format not correct",
    ko: "FIND: 매개 변수 형식이 틀립니다.",
    ja: "FIND: パラメーターの書式が違います",
    de: "FIND: Parameterformat falsch",
};
const SWITCH: Text = Text {
    en: "FIND: Invalid switch",
    ko: "FIND: 잘못된 스위치입니다.",
    ja: "FIND: 無効なスイッチ",
    de: "FIND: Ungültiger Schalter",
};
const NOT_FOUND: Text = Text {
    en: "File not found - {0}",
    ko: "파일을 찾을 수 없음 - {0}",
    ja: "ファイルが見つかりません - {0}",
    de: "Datei nicht gefunden - {0}",
};

/// What is looked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Search {
    text: String,
    ignore_case: bool,
    others: bool,
    numbered: bool,
    counted: bool,
    files: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Format,
    Switch,
}

/// `find [/v] [/c] [/n] [/i] "text" [files]`: 0 when a line was found, 1 when none, 2 on errors.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let search = match Search::parse(&process.tail) {
        Ok(search) => search,
        Err(why) => {
            let text = if why == Refused::Format { FORMAT } else { SWITCH };
            process.stderr.line(text.in_language(process.language()));
            return Ok(2);
        }
    };
    let mut found = 0_usize;
    if search.files.is_empty() {
        found = search.stream(process).await?;
    }
    let mut missing = false;
    for pattern in &search.files {
        let names = process.names(pattern);
        for name in &names {
            match process.contents(name) {
                Ok(contents) => found += search.file(process, name, &contents),
                Err(error) => {
                    missing = true;
                    Search::refuse(process, name, error);
                }
            }
        }
        if names.is_empty() {
            missing = true;
            Search::refuse(process, pattern, FileError::NotFound);
        }
    }
    Ok(i32::from(found == 0 || missing))
}

impl Search {
    fn parse(tail: &str) -> Result<Self, Refused> {
        let mut search = Self::default();
        let mut rest = tail.trim_start();
        let mut has_text = false;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('"').filter(|_| !has_text) {
                let (text, behind) = quoted(inside).ok_or(Refused::Format)?;
                search.text = text;
                has_text = true;
                rest = behind.trim_start();
                continue;
            }
            let end = word_end(rest);
            let (word, behind) = rest.split_at(end);
            rest = behind.trim_start();
            let Some(switch) = word.strip_prefix('/') else {
                if !has_text {
                    return Err(Refused::Format);
                }
                search.files.push(word.replace('"', ""));
                continue;
            };
            for switch in switch.split('/') {
                match switch.to_ascii_lowercase().as_str() {
                    "v" => search.others = true,
                    "c" => search.counted = true,
                    "n" => search.numbered = true,
                    "i" => search.ignore_case = true,
                    "off" | "offline" => {}
                    _ => return Err(Refused::Switch),
                }
            }
        }
        if has_text { Ok(search) } else { Err(Refused::Format) }
    }

    /// Whether a line is one that is shown. An empty text is found in no line.
    fn takes(&self, line: &str) -> bool {
        let found = if self.text.is_empty() {
            false
        } else if self.ignore_case {
            line.to_lowercase().contains(&self.text.to_lowercase())
        } else {
            line.contains(&self.text)
        };
        found != self.others
    }

    fn show(&self, process: &Process, number: usize, line: &[u8]) {
        if self.counted {
            return;
        }
        if self.numbered {
            process.stdout.text(&format!("[{number}]"));
        }
        process.stdout.bytes(line);
        process.stdout.text("\r\n");
    }

    /// Lines are shown as they come, so that a writer that goes on can be followed.
    async fn stream(&self, process: &Process) -> Result<usize, Interrupted> {
        let page = process.page();
        let (mut count, mut number) = (0, 0);
        loop {
            let line = match &process.stdin {
                Stdin::Console(_) => process.stdin.line(page).await?.map(|line| page.encode(&line)),
                Stdin::Bytes(stream) => stream.line().await.map(|line| strip_end(&line).to_vec()),
            };
            let Some(line) = line else { break };
            number += 1;
            if self.takes(&page.decode(&line)) {
                count += 1;
                self.show(process, number, &line);
            }
        }
        if self.counted {
            process.stdout.line(&count.to_string());
        }
        Ok(count)
    }

    fn file(&self, process: &Process, name: &str, contents: &Arc<Vec<u8>>) -> usize {
        let page = process.page();
        let head = format!("\r\n---------- {}", name.to_uppercase());
        if !self.counted {
            process.stdout.line(&head);
        }
        let wide = contents.strip_prefix(b"\xff\xfe").map(|wide| page.encode(&CodePage(1200).decode(wide)));
        let contents = wide.as_deref().unwrap_or(contents);
        let mut count = 0;
        for (at, line) in lines(contents).enumerate() {
            if self.takes(&page.decode(line)) {
                count += 1;
                self.show(process, at + 1, line);
            }
        }
        if self.counted {
            process.stdout.line(&format!("{head}: {count}"));
        }
        count
    }

    fn refuse(process: &Process, name: &str, error: FileError) {
        let upper = name.to_uppercase();
        match error {
            FileError::AccessDenied => {
                process
                    .stderr
                    .line(&format!("{} - {upper}", process.file_error(error).trim_end_matches('.')));
            }
            _ => process.stderr.line(&NOT_FOUND.fill(process.language(), &[&upper])),
        }
    }
}

/// The text up to the closing quote, where two quotes are one, and what follows.
fn quoted(inside: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            text.push('"');
        } else {
            return Some((text, &inside[at + 1..]));
        }
    }
    None
}

fn word_end(text: &str) -> usize {
    let mut quoted = false;
    text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && matches!(c, ' ' | '\t')
    })
    .unwrap_or(text.len())
}
