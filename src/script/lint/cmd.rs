//! What cmd, or the program behind the command, would do with a line.

use std::sync::LazyLock;

use regex::Regex;

use crate::script::codes::{self, Code};
use crate::script::lint::words::{Line, Simple, part};
use crate::script::lint::{Command, Found, Role, effects};
use crate::script::model::Mode;
use crate::script::template::{LONGEST_CMD, LONGEST_POWERSHELL, LONGEST_SAC};

/// What an inserted value may add to a line at the worst, in cmd: a path.
const INSERT_CMD: usize = 260;

/// The same at SAC: an address.
const INSERT_SAC: usize = 20;

/// Everything that is wrong with a command.
pub(super) fn lint(command: &Command<'_>, mode: Mode) -> Vec<Found> {
    let mut lint = Lint { command, line: command.text.value.trim_end().to_owned(), found: Vec::new() };
    lint.length(mode);
    lint.letters(mode);
    if mode == Mode::Sac
        && command.role != Role::Change
        && effects::of_sac(&lint.line) == effects::Effect::Changes
    {
        let message = "a look that is not known to change nothing".to_owned();
        lint.say(&codes::CHECK_CHANGES, None, message, "at SAC> ?, d, t, i, s, id, f and ch only read");
    }
    if mode == Mode::Cmd {
        let parted = part(&lint.line);
        lint.text(&parted);
        for simple in &parted.commands {
            lint.simple(simple);
        }
    }
    if mode == Mode::PowerShell {
        lint.powershell();
    }
    lint.found
}

pub(super) struct Lint<'c> {
    pub(super) command: &'c Command<'c>,
    pub(super) line: String,
    found: Vec<Found>,
}

impl Lint<'_> {
    pub(super) fn say(
        &mut self,
        code: &'static Code,
        range: Option<std::ops::Range<usize>>,
        message: String,
        help: &str,
    ) {
        let span = self.command.text.span.clone();
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.found.push(Found { code, span, range, message, help });
    }

    fn length(&mut self, mode: Mode) {
        let (limit, insert) = match mode {
            Mode::Sac => (LONGEST_SAC, INSERT_SAC),
            Mode::Cmd => (LONGEST_CMD, INSERT_CMD),
            Mode::PowerShell => (LONGEST_POWERSHELL, INSERT_CMD),
        };
        let mut literal = 0;
        let mut inserts = 0;
        let mut rest = self.line.as_str();
        while let Some(open) = rest.find("{{") {
            literal += rest[..open].chars().count();
            inserts += 1;
            rest = rest[open..].find("}}").map_or("", |close| &rest[open + close + 2..]);
        }
        let length = literal + rest.chars().count() + inserts * insert;
        if length > limit {
            let with = if inserts > 0 { " with its values, at the worst" } else { "" };
            let message = format!("the command is {length} characters long{with}, {limit} fit");
            self.say(&codes::TOO_LONG, None, message, "part it into several commands");
        }
    }

    fn letters(&mut self, mode: Mode) {
        let outside: Vec<(usize, char)> = outside_inserts(&self.line).collect();
        let typographic = |c: char| {
            matches!(c, '\u{2018}'..='\u{201F}' | '\u{2013}' | '\u{2014}' | '\u{2026}' | '\u{AB}' | '\u{BB}')
        };
        if let Some((at, c)) = outside.iter().find(|(_, c)| typographic(*c)) {
            let plain = match c {
                '\u{2013}' | '\u{2014}' => "-",
                '\u{2026}' => "three dots, or what they stand for",
                '\u{2018}'..='\u{201B}' if mode == Mode::PowerShell => "'",
                _ => "\"",
            };
            let message = format!("typographic `{c}` in a command");
            self.say(&codes::TYPOGRAPHIC, Some(*at..at + c.len_utf8()), message, &format!("write {plain}"));
        } else if let Some((at, c)) = outside.iter().find(|(_, c)| !c.is_ascii()) {
            let message = format!("`{c}` is not ASCII");
            self.say(&codes::NOT_ASCII, Some(*at..at + c.len_utf8()), message, "");
        }
    }

    fn text(&mut self, parted: &Line) {
        if parted.open_quote {
            let message = "a double quote is never closed".to_owned();
            let at = self.line.rfind('"').unwrap_or(0);
            self.say(&codes::UNBALANCED, Some(at..at + 1), message, "");
        }
        for (code, pattern, message, help) in [
            (
                &codes::CONTROL_SET,
                &*CONTROL_SET,
                "a control set given by its number",
                "write CurrentControlSet; offline, read `Select\\Current` first and insert it",
            ),
            (
                &codes::POWERSHELL_IN_CMD,
                &*DRIVE,
                "cmd does not know PowerShell's drives",
                "write the key without the colon: HKLM\\…",
            ),
            (&codes::BATCH_PERCENT, &*DOUBLE_PERCENT, "`%%` at a prompt", "write one %"),
        ] {
            if let Some(found) = pattern.find(&self.line) {
                let (range, message) = (found.range(), message.to_owned());
                self.say(code, Some(range), message, help);
            }
        }
    }

    fn simple(&mut self, simple: &Simple) {
        let range = Some(simple.range());
        self.joined(simple);
        self.single_quotes(simple);
        if CMDLET.is_match(simple.words.first().map_or("", |word| &word.text)) {
            let message = format!("`{}` is a PowerShell command", simple.words[0].text);
            self.say(
                &codes::POWERSHELL_IN_CMD,
                range,
                message,
                "use what cmd has (sc, net, reg, …), or in: powershell",
            );
        }
        self.powershell_within(simple);
        self.program(simple);
    }

    /// What a program would do with its words, whichever shell starts it.
    pub(super) fn program(&mut self, simple: &Simple) {
        let program = simple.program();
        let range = Some(simple.range());
        if let Some((what, help)) = asks(simple).filter(|_| !self.command.answered) {
            self.say(&codes::ASKS, range.clone(), what, help);
        }
        match program.as_str() {
            "reg" => self.reg(simple),
            "sc" => self.sc(simple),
            "netsh" => self.netsh(simple),
            "icacls" | "net" | "net1" | "cacls" => self.accounts(simple),
            "find" | "findstr" => self.searched(simple),
            _ => {}
        }
        let role = self.command.role;
        let effect = effects::of(simple);
        let allowed = match role {
            Role::Read => effects::Effect::Reads,
            Role::Save => effects::Effect::WritesFiles,
            Role::Change => effects::Effect::Changes,
        };
        if effect > allowed {
            let (message, help) = match role {
                Role::Save => (
                    format!("`{program}` changes the machine, and `save` only keeps what undo needs"),
                    "move it to `change`",
                ),
                _ if effect == effects::Effect::WritesFiles => {
                    ("a look or check that writes a file".to_owned(), "files are written in `save`")
                }
                _ => (format!("a look or check that changes something: `{program}`"), "move it to `change`"),
            };
            self.say(&codes::CHECK_CHANGES, range, message, help);
        }
    }

    /// A second program in the middle of a command, followed by what it takes.
    fn joined(&mut self, simple: &Simple) {
        for index in 2..simple.words.len() {
            let (word, next) = (&simple.words[index], simple.word(index + 1));
            if word.quoted() || !starts_program(&word.plain(), &next, simple.word(0).as_str()) {
                continue;
            }
            let message = format!("a second command starts at `{} {next}`", word.text);
            let range = Some(word.range.clone());
            self.say(&codes::JOINED, range, message, "make it an entry of its own");
            return;
        }
    }

    fn single_quotes(&mut self, simple: &Simple) {
        let starts = |text: &str| text.starts_with('\'') || text.contains("='");
        if let Some(word) = simple.words.iter().find(|word| starts(&word.bare())) {
            let message = "single quotes are letters to cmd".to_owned();
            self.say(&codes::SINGLE_QUOTES, Some(word.range.clone()), message, "write double quotes");
        }
    }

    fn reg(&mut self, simple: &Simple) {
        let verb = simple.word(1);
        let needs = match verb.as_str() {
            "add" | "delete" | "copy" => "/f",
            "export" | "save" => "/y",
            _ => "",
        };
        if !needs.is_empty() && !simple.has(needs) && !self.command.answered {
            let message = format!("`reg {verb}` without {needs} asks, and nobody answers");
            self.say(&codes::NO_FORCE, Some(simple.range()), message, &format!("add {needs}"));
        }
        if verb == "query" && simple.has("/d") && !simple.has("/f") {
            let message = "`reg query` does not set anything".to_owned();
            self.say(&codes::QUERY_SETS, Some(simple.range()), message, "to set a value: reg add … /d … /f");
        }
    }

    fn sc(&mut self, simple: &Simple) {
        let glued = simple.words.iter().skip(2).find(|word| !word.quoted() && SC_OPTION.is_match(&word.text));
        if let Some(word) = glued {
            let fixed = word.text.replacen('=', "= ", 1);
            let message = format!("`{}` without the blank behind `=`", word.text);
            self.say(&codes::SC_BLANK, Some(word.range.clone()), message, &format!("write {fixed}"));
        }
    }

    fn netsh(&mut self, simple: &Simple) {
        if !simple.has("advfirewall") || simple.has("add") {
            return;
        }
        for word in simple.words.iter().skip(1) {
            let plain = word.plain();
            let Some((key, value)) = plain.split_once('=') else { continue };
            let free = value.starts_with('@') || value.starts_with("{{") || value.starts_with("sacpilot");
            if free || value == "all" || !matches!(key, "group" | "name") {
                continue;
            }
            let message = format!("`{}` has another name in other languages", word.text);
            let help = "use group=\"@FirewallAPI.dll,-…\", or the registry's FirewallRules by internal name";
            self.say(&codes::LOCALIZED, Some(word.range.clone()), message, help);
        }
    }

    fn accounts(&mut self, simple: &Simple) {
        let group = simple.program().starts_with("net").then(|| simple.word(1) == "localgroup");
        if group == Some(false) {
            return;
        }
        for word in simple.words.iter().skip(1 + usize::from(group.is_some())) {
            if let Some(found) = ACCOUNT.find(&word.text) {
                let message = format!(
                    "`{}` has another name in other languages",
                    found.as_str().trim_matches(['"', ':'])
                );
                let help = "use the SID: *S-1-5-32-544 Administrators, *S-1-5-18 SYSTEM, *S-1-5-20 NETWORK SERVICE, *S-1-1-0 Everyone";
                self.say(&codes::LOCALIZED, Some(word.range.clone()), message, help);
            }
        }
    }

    fn searched(&mut self, simple: &Simple) {
        let word = simple.words.iter().skip(1).find(|word| super::translated(&word.text).is_some());
        if let Some(word) = word {
            let message =
                format!("`{}` is translated in other languages of Windows", word.text.replace('"', ""));
            self.say(
                &codes::LOCALIZED,
                Some(word.range.clone()),
                message,
                "look at numbers, or at the exit code",
            );
        }
    }
}

/// A control set given by its number, in a text.
pub(super) fn control_set(text: &str) -> Option<std::ops::Range<usize>> {
    CONTROL_SET.find(text).map(|found| found.range())
}

/// A variable as cmd writes it, in a text.
pub(super) fn percent_variable(text: &str) -> Option<std::ops::Range<usize>> {
    PERCENT.find(text).map(|found| found.range())
}

/// Letters of a line that do not stand in `{{ }}`.
fn outside_inserts(line: &str) -> impl Iterator<Item = (usize, char)> {
    let mut inside = false;
    line.char_indices().filter(move |(at, _)| {
        if line[*at..].starts_with("{{") {
            inside = true;
        }
        let was = inside;
        if line[..*at].ends_with("}}") {
            inside = false;
            return false;
        }
        !was
    })
}

/// Whether a word starts another command: a program followed by one of its verbs.
fn starts_program(word: &str, next: &str, first: &str) -> bool {
    let word = word.trim_end_matches(".exe");
    match word {
        "sc" => matches!(next, "start" | "stop" | "config" | "query" | "queryex" | "delete" | "create"),
        "reg" => matches!(next, "add" | "delete" | "query" | "load" | "unload" | "export" | "import"),
        "net" => matches!(next, "start" | "stop" | "user" | "localgroup"),
        "netsh" => matches!(next, "interface" | "advfirewall" | "winsock" | "int"),
        "icacls" | "takeown" => next.contains(":\\") || next.starts_with('/') || next.starts_with('%'),
        "bcdedit" | "gpupdate" | "certutil" | "shutdown" => next.starts_with(['/', '-']),
        "start-service" | "stop-service" | "restart-service" | "set-location" => first != "powershell",
        _ => false,
    }
}

/// Commands that wait for somebody: what is wrong, and what to write.
fn asks(simple: &Simple) -> Option<(String, &'static str)> {
    let program = simple.program();
    let alone = simple.words.len() == 1;
    let wildcard = || simple.words.iter().skip(1).any(|word| word.text.contains(['*', '?']));
    let (what, help) = match program.as_str() {
        "more" => ("`more` waits at every page", "leave it out: output is read whole"),
        "pause" | "choice" | "runas" | "edit" => ("it waits for a key", "leave it out"),
        "timeout" => {
            ("`timeout` needs a keyboard and fails without", "use `retry`, or ping -n 6 127.0.0.1 >nul")
        }
        "set" if simple.has("/p") => ("`set /p` waits for a line", "leave it out"),
        "net" | "net1" if simple.word(1) == "stop" && !simple.has("/y") => {
            ("`net stop` asks when other services depend on it", "add /y")
        }
        "del" | "erase" if wildcard() && !simple.has("/q") => ("`del` with a wildcard asks", "add /q"),
        "rd" | "rmdir" if simple.has("/s") && !simple.has("/q") => ("`rd /s` asks", "add /q"),
        "copy" | "move" | "xcopy" if !simple.has("/y") => ("it asks before it overwrites", "add /y"),
        "format" if !simple.has("/y") => ("`format` asks", "add /y"),
        "dir" if simple.has("/p") => ("`dir /p` waits at every page", "leave /p out"),
        "diskpart" if !simple.has("/s") && !simple.piped => {
            ("`diskpart` opens a prompt of its own", "diskpart /s FILE")
        }
        "cmd" if !simple.has("/c") && !simple.has("/r") => ("it opens a prompt of its own", "cmd /c …"),
        "powershell" | "wmic" | "netsh" | "nslookup" if alone => {
            ("it opens a prompt of its own", "give it its command")
        }
        "date" | "time" if !simple.has("/t") => ("it asks for a new value", "add /t"),
        "chkdsk" if simple.has("/f") && !simple.has("/x") => {
            ("`chkdsk /f` asks when the volume is in use", "see chkntfs, or fsutil dirty set")
        }
        _ => return None,
    };
    Some((what.to_owned(), help))
}

macro_rules! fixed {
    ($($name:ident $pattern:literal)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new($pattern).unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
        });)*
    };
}

fixed! {
    CONTROL_SET r"(?i)\bControlSet[0-9]{3}\b"
    DRIVE r"(?i)\b(?:HKLM|HKCU|HKU|Cert|Env):\\"
    DOUBLE_PERCENT r"%%"
    PERCENT r"%[A-Za-z][A-Za-z0-9_()]*%"
    CMDLET r"^(?:[A-Z][a-z]+-[A-Z][A-Za-z]+|\$[A-Za-z].*|remove-module|import-module)$"
    SC_OPTION r"(?i)^(?:start|type|error|binpath|obj|password|displayname|depend|group|tag|reset|actions|command)=.+"
    ACCOUNT r#"(?i)(?:^|["\s])(?:(?:BUILTIN|NT AUTHORITY|NT-AUTORIT.T)\\[^:"]+|Everyone|Administrators|Users|Guests|SYSTEM|NETWORK SERVICE)(?:[:"]|$)"#
}
