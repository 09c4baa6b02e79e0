//! Files for the machine.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::encoding::hex;
use crate::script::codes;
use crate::script::lint::{self, Shell};
use crate::script::loader::File;
use crate::script::loader::names::Names;
use crate::script::model::{Action, Body, Capture, Condition, Expr, Piece, Probe, Template, Undo, Upload};
use crate::script::raw::{At, RawStep, RawUpload};

/// Largest file: it is typed, a line at a time.
const LARGEST: usize = 256 * 1024;

/// What `certutil -hashfile` prints: older versions part the bytes with blanks.
const HASH: &str = r"^([0-9a-fA-F]{2}(?: ?[0-9a-fA-F]{2}){31})\s*$";

/// The end of the name of the file that was there before.
const OLD: &str = ".sacpilot-old";

impl File<'_, '_> {
    /// A step that puts a file on the machine.
    pub(super) fn upload(&mut self, raw: &RawStep, names: &Names) -> Option<Body> {
        let upload = &raw.upload.as_ref()?.value;
        let to = self.line_with_values(&upload.to, "the path", names);
        let secret =
            to.iter().flat_map(Template::inserts).find_map(|expr| Self::mentions_secret(expr, names));
        if let Some(secret) = secret {
            let message = format!("the secret `{secret}` would be seen on the command line");
            self.say(&codes::SECRET, upload.to.span.clone(), message, None);
        }
        let odd = ['"', '<', '>', '|', '?', '*'];
        if upload.to.value.contains(odd) || !upload.to.value.contains('\\') {
            let message = format!("`{}` is no path of a file", upload.to.value);
            let help = Some(r"a whole path: C:\Windows\Temp\fix.ps1".to_owned());
            self.say(&codes::BAD_UPLOAD, upload.to.span.clone(), message, help);
        }
        let content = self.content(raw, upload, names)?;
        self.shell_file(raw, upload, &content);
        self.other_letters(raw, upload, &content);
        if content.len() > LARGEST {
            let message = format!("the file has {} bytes, {LARGEST} can be typed", content.len());
            self.say(&codes::BAD_UPLOAD, raw.id.span.clone(), message, None);
        }
        let to = to?;
        let sha256 = hex(&Sha256::digest(&content));
        let condition = condition(&to, content.len(), &sha256)?;
        let temporary = upload.temporary.as_ref().is_none_or(|at| at.value);
        Some(Body::Upload(Box::new(Upload { to, content: content.into(), sha256, temporary, condition })))
    }

    /// What is wrong with a file that a shell will read.
    fn shell_file(&mut self, raw: &RawStep, upload: &RawUpload, content: &[u8]) {
        let Some(shell) = shell_of(&upload.to.value) else { return };
        if let Some(text) = &upload.text {
            for found in lint::file(text, shell) {
                let span = found.range.map_or(found.span, |range| self.inside(text, range));
                self.say(found.code, span, found.message, found.help);
            }
            return;
        }
        let value = String::from_utf8_lossy(content).trim_start_matches('\u{feff}').to_owned();
        let text = At { value, span: place_of(raw, upload), style: None };
        for found in lint::file(&text, shell) {
            let start = found.range.map_or(0, |range| range.start);
            let line = text.value.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
            self.say(found.code, found.span, format!("line {line}: {}", found.message), found.help);
        }
    }

    /// A file with letters that whoever runs it reads as others.
    fn other_letters(&mut self, raw: &RawStep, upload: &RawUpload, content: &[u8]) {
        let shell = shell_of(&upload.to.value);
        let marked = [&b"\xef\xbb\xbf"[..], b"\xff\xfe"].iter().any(|mark| content.starts_with(mark));
        let help = if shell == Some(Shell::Batch) {
            "cmd reads it in the code page of the console, not as UTF-8: keep to ASCII, or give the text as an argument"
        } else if shell == Some(Shell::PowerShell) && !marked {
            "Windows PowerShell reads it as UTF-8 only behind a mark: save the file as UTF-8 with BOM"
        } else {
            return;
        };
        let Some(at) = content.iter().position(|byte| !byte.is_ascii()) else { return };
        let line = content[..at].split(|byte| *byte == b'\n').count();
        let message = format!("line {line} of the file has letters outside of ASCII");
        let span = place_of(raw, upload);
        self.say(&codes::NOT_ASCII, span, message, Some(help.to_owned()));
    }

    /// Values that somebody expects in a file, which goes over as it stands.
    fn not_filled(&mut self, text: &At<String>, names: &Names) {
        let mut from = 0;
        while let Some(open) = text.value[from..].find("{{").map(|found| from + found) {
            let Some(close) = text.value[open..].find("}}").map(|found| open + found + 2) else { return };
            let inner = text.value[open + 2..close - 2].trim();
            // What is none of our expressions, or names nothing, is the file's own: '{{0}}', {{ $_ }}.
            if let Some(expr) = Expr::parse(inner).ok().filter(|expr| !expr.names().is_empty()) {
                let span = self.inside(text, open..close);
                let message = format!("`{}` stays as it is in the file", &text.value[open..close]);
                let help = match Self::mentions_secret(&expr, names) {
                    None => "give it to the file as an argument of the command that starts it",
                    Some(_) => "a secret goes into no file: answer with it in a `dialogue`",
                };
                self.say(&codes::NOT_FILLED, span, message, Some(help.to_owned()));
                return;
            }
            from = close;
        }
    }

    fn content(&mut self, raw: &RawStep, upload: &RawUpload, names: &Names) -> Option<Vec<u8>> {
        match (&upload.text, &upload.file) {
            (Some(text), None) => {
                let value = self.exact(text, "the text of the file");
                self.not_filled(text, names);
                Some(written(&value, &upload.to.value))
            }
            (None, Some(file)) => {
                let name = self.exact_line(file, "the file");
                match self.loading.library.beside(&self.source.path, &name) {
                    Ok(bytes) => Some(bytes),
                    Err(reason) => {
                        let message = format!("`{name}` can't be uploaded: {reason}");
                        let help = "a file beside the script; what ships with the program has its text in the script";
                        self.say(&codes::BAD_UPLOAD, file.span.clone(), message, Some(help.to_owned()));
                        None
                    }
                }
            }
            (None, None) => {
                let help = Some("text: | …, or file: 'fix.ps1'".to_owned());
                self.say(&codes::BAD_UPLOAD, raw.id.span.clone(), "the upload has nothing in it", help);
                None
            }
            (Some(_), Some(file)) => {
                let message = "`text` and `file` in one upload";
                self.say(&codes::BAD_UPLOAD, file.span.clone(), message, Some("keep one of them".to_owned()));
                None
            }
        }
    }
}

/// Where the content of the file is given.
fn place_of(raw: &RawStep, upload: &RawUpload) -> Range<usize> {
    upload.text.as_ref().or(upload.file.as_ref()).map_or(raw.id.span.clone(), |at| at.span.clone())
}

/// Who reads a file of this name.
fn shell_of(to: &str) -> Option<Shell> {
    let to = to.to_ascii_lowercase();
    let ends = |endings: [&str; 2]| endings.iter().any(|ending| to.ends_with(ending));
    let batch = ends([".cmd", ".bat"]).then_some(Shell::Batch);
    batch.or_else(|| ends([".ps1", ".psm1"]).then_some(Shell::PowerShell))
}

/// Text as it is on the machine: lines end with CR LF; PowerShell reads UTF-8 only behind its mark.
fn written(text: &str, to: &str) -> Vec<u8> {
    let script = shell_of(to) == Some(Shell::PowerShell);
    let mut bytes = Vec::new();
    if script && !text.is_ascii() {
        bytes.extend("\u{feff}".as_bytes());
    }
    for line in text.lines() {
        bytes.extend(line.as_bytes());
        bytes.extend(b"\r\n");
    }
    bytes
}

/// The file is there: by its hash; what was there before is kept beside it.
fn condition(to: &Template, size: usize, sha256: &str) -> Option<Condition> {
    // `{}` stands for the path.
    let command = |shape: &str| {
        let mut pieces = Vec::new();
        for (index, literal) in shape.split("{}").enumerate() {
            if index > 0 {
                pieces.extend(to.pieces.clone());
            }
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        Template { source: shape.replace("{}", &to.source), pieces }
    };
    let expr = |source: &str| Expr::parse(source).ok();
    let action = |when: Option<Expr>, run: Template| Action { when, run, codes: vec![0], answers: None };
    let pattern = regex::RegexBuilder::new(HASH).multi_line(true).crlf(true).build().ok()?;
    let holds = format!("hash | default(\"\") | replace(\" \", \"\") | lower == \"{sha256}\"");
    let check = Probe {
        run: command("certutil -hashfile \"{}\" SHA256"),
        capture: vec![Capture { name: "hash".to_owned(), pattern, all: false }],
        holds: Some(expr(&holds)?),
        retry: None,
    };
    let copy = command(&format!("if exist \"{{}}\" copy /y \"{{}}\" \"{{}}{OLD}\""));
    let save = Probe { run: copy, capture: Vec::new(), holds: expr("rc == 0"), retry: None };
    let sent = command(&format!("‹upload {size} bytes, SHA-256 {sha256}, to {{}}›"));
    let restore = command(&format!("move /y \"{{}}{OLD}\" \"{{}}\""));
    let undo = vec![
        action(expr("before.hash is defined"), restore),
        action(expr("before.hash is undefined"), command("del /f /q \"{}\"")),
    ];
    let undo = Undo::Run(undo);
    Some(Condition { check, save: vec![save], change: vec![action(None, sent)], undo, restores: None })
}
