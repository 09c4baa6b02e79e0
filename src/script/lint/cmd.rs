//! What cmd, or the program behind the command, would do with a line.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::script::codes::{self, Code};
use crate::script::lint::words::{Simple, Word, part};
use crate::script::lint::{Command, Found, Role, effects, passwords};
use crate::script::model::Mode;
use crate::script::raw::At;
use crate::script::template::{LONGEST_CMD, LONGEST_POWERSHELL, LONGEST_SAC};

/// What an inserted value may add to a line at the worst, in cmd: a path.
const INSERT_CMD: usize = 260;

/// The same at SAC: an address.
const INSERT_SAC: usize = 20;

/// Everything that is wrong with a command.
pub(super) fn lint(command: &Command<'_>, mode: Mode) -> Vec<Found> {
    let mut lint = Lint::new(command, command.text.value.trim_end());
    lint.length(mode);
    lint.letters(mode);
    match mode {
        Mode::Sac => lint.sac(),
        Mode::Cmd => {
            lint.percents();
            lint.line();
        }
        Mode::PowerShell => lint.powershell(),
    }
    lint.found
}

/// Everything that is wrong with the lines of a batch file.
pub(super) fn batch(text: &At<String>) -> Vec<Found> {
    let command = Command { text, role: Role::Change, answered: false, readers: &[] };
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.value.split_inclusive('\n') {
        let trimmed = line.trim_start().trim_start_matches('@').to_lowercase();
        // Comments and labels.
        if !(trimmed.starts_with(':') || trimmed == "rem" || trimmed.starts_with("rem ")) {
            let mut lint = Lint::new(&command, line.trim_end());
            lint.letters(Mode::Cmd);
            // Of those in the whole file it is told once.
            lint.found.retain(|found| found.code != &codes::NOT_ASCII);
            lint.line();
            found.extend(lint.found.into_iter().map(|found| found.moved(start)));
        }
        start += line.len();
    }
    found
}

pub(super) struct Lint<'c> {
    pub(super) command: &'c Command<'c>,
    pub(super) line: String,
    pub(super) found: Vec<Found>,
}

impl<'c> Lint<'c> {
    pub(super) fn new(command: &'c Command<'c>, line: &str) -> Self {
        Self { command, line: line.to_owned(), found: Vec::new() }
    }
}

impl Lint<'_> {
    pub(super) fn say(
        &mut self,
        code: &'static Code,
        range: Option<Range<usize>>,
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

    /// A line of SAC.
    fn sac(&mut self) {
        if effects::ends_windows_at_sac(&self.line) {
            self.restarts(None);
        } else if effects::of_sac(&self.line) > self.command.role.allows() {
            let message = format!("`{}` is not known to only read, and a look must", self.line);
            let help = "at SAC> ?, d, t, i, s, id, f and ch only read; or say `risk: change` in the step: `diagnose` and `plan` leave it out then";
            self.say(&codes::CHECK_CHANGES, None, message, help);
        }
    }

    /// `%%`, which belongs into batch files.
    fn percents(&mut self) {
        if let Some(found) = DOUBLE_PERCENT.find(&self.line) {
            self.say(
                &codes::BATCH_PERCENT,
                Some(found.range()),
                "`%%` at a prompt".to_owned(),
                "write one %",
            );
        }
    }

    /// A line of cmd, wherever it stands.
    fn line(&mut self) {
        let parted = part(&self.line);
        if parted.open_quote {
            let message = "a double quote is never closed".to_owned();
            let at = self.line.rfind('"').unwrap_or(0);
            self.say(&codes::UNBALANCED, Some(at..at + 1), message, "");
        }
        for simple in &parted.commands {
            self.simple(simple);
        }
    }

    fn simple(&mut self, simple: &Simple) {
        let range = Some(simple.range());
        self.joined(simple);
        self.single_quotes(simple);
        self.paths(simple);
        if CMDLET.is_match(simple.words.first().map_or("", |word| &word.text)) {
            let message = format!("`{}` is a PowerShell command", simple.words[0].text);
            self.say(
                &codes::POWERSHELL_IN_CMD,
                range,
                message,
                "use what cmd has (sc, net, reg, …), or in: powershell",
            );
            return;
        }
        self.powershell_within(simple);
        self.program(simple);
    }

    /// What a program would do with its words, whichever shell starts it.
    pub(super) fn program(&mut self, simple: &Simple) {
        // Its help, and nothing else.
        if simple.has("/?") && effects::of(simple) == effects::Effect::Reads {
            return;
        }
        let range = Some(simple.range());
        if let Some((what, help)) = asks(simple).filter(|_| !self.command.answered) {
            self.say(&codes::ASKS, range.clone(), what, help);
        }
        match simple.program().as_str() {
            "reg" => self.reg(simple),
            "sc" => self.sc(simple),
            "netsh" => self.netsh(simple),
            "icacls" | "net" | "net1" | "cacls" | "wmic" => self.accounts(simple),
            "find" | "findstr" => self.searched(simple),
            "takeown" => self.takeown(simple),
            _ => {}
        }
        if let Some(word) = passwords::literal(simple) {
            let message = "a password that stands in the script".to_owned();
            self.say(&codes::LITERAL_SECRET, Some(word), message, passwords::HELP);
        }
        if effects::ends_windows(simple) {
            self.restarts(range);
        } else {
            self.effect(effects::of(simple), &effects::name(simple), range);
        }
    }

    /// A command that restarts the machine or shuts it down, whatever it is there for.
    pub(super) fn restarts(&mut self, range: Option<Range<usize>>) {
        let message = "this restarts the machine, or shuts it down".to_owned();
        let help = "a restart is a step: reboot: {reason: '…'}; it is shown as one, proven, and the run goes on behind it";
        self.say(&codes::RESTARTS, range, message, help);
    }

    /// What a command does must be allowed where it stands.
    pub(super) fn effect(&mut self, effect: effects::Effect, name: &str, range: Option<Range<usize>>) {
        let role = self.command.role;
        let known = |reader: &String| name.split(' ').next() == Some(reader.as_str());
        if effect <= role.allows() || self.command.readers.iter().any(known) {
            return;
        }
        let writes = effect == effects::Effect::WritesFiles;
        let (message, help) = match role {
            Role::Look if writes => (
                format!("`{name}` writes a file here, and a look must only read"),
                "files are written in `save`; or say `risk: change` in the step: `diagnose` and `plan` leave it out then",
            ),
            Role::Look => (
                format!("`{name}` is not known to only read, and a look must"),
                "put it into `change` of a condition; or say `risk: change` in the step: `diagnose` and `plan` leave it out then",
            ),
            Role::Check if writes => (
                format!("`{name}` writes a file here, and a check must only read"),
                "files are written in `save`",
            ),
            Role::Check => {
                (format!("`{name}` is not known to only read, and a check must"), "put it into `change`")
            }
            Role::Save | Role::Change => (
                format!("`{name}` is not known to only read or back up, and `save` must"),
                "put it into `change`",
            ),
        };
        self.say(&codes::CHECK_CHANGES, range, message, help);
    }

    /// Paths of the registry. A control set may be read by its number, and looked for.
    fn paths(&mut self, simple: &Simple) {
        if matches!(simple.program().as_str(), "powershell" | "pwsh") {
            return;
        }
        let changes = effects::of(simple) == effects::Effect::Changes;
        for word in &simple.words {
            for (code, pattern, there, message, help) in [
                (&codes::CONTROL_SET, &*CONTROL_SET, changes, CONTROL_SET_NUMBER, CONTROL_SET_HELP),
                (
                    &codes::POWERSHELL_IN_CMD,
                    &*DRIVE,
                    true,
                    "cmd does not know PowerShell's drives",
                    "write the key without the colon: HKLM\\…",
                ),
            ] {
                if let Some(found) = pattern.find(&word.text).filter(|_| there) {
                    let range = word.range.start + found.start()..word.range.start + found.end();
                    self.say(code, Some(range), message.to_owned(), help);
                }
            }
        }
    }

    /// A second program in the middle of a command, followed by what it takes.
    fn joined(&mut self, simple: &Simple) {
        // These only write or look for what stands behind them.
        if matches!(simple.program().as_str(), "echo" | "rem" | "find" | "findstr" | "set" | "title") {
            return;
        }
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
        // What is only written may hold them.
        if matches!(simple.program().as_str(), "echo" | "rem") {
            return;
        }
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
        let is_option = |at: usize| SC_OPTION.is_match(&format!("{}=x", simple.word(at)));
        let apart =
            (3..simple.words.len()).find(|at| simple.words[*at].text.starts_with('=') && is_option(at - 1));
        if let Some(at) = apart {
            let (option, value) = (&simple.words[at - 1], &simple.words[at]);
            let fixed = format!("{}= {}", option.text, value.text.trim_start_matches('='));
            let message = format!("`{} {}` with the blank before `=`", option.text, value.text);
            let range = option.range.start..value.range.end;
            self.say(&codes::SC_BLANK, Some(range), message, &format!("write {}", fixed.trim_end()));
        }
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
        let net = simple.program().starts_with("net");
        let verb = simple.word(1);
        let account = |word: &Word| {
            let plain = word.plain();
            let name = plain.rsplit('=').next().unwrap_or_default().trim_matches('\'');
            matches!(name, "administrator" | "guest")
        };
        let named = match simple.program().as_str() {
            "wmic" => simple.words.iter().find(|word| word.text.contains('=') && account(word)),
            _ if net && verb == "user" => simple.words.get(2).filter(|word| account(word)),
            _ => None,
        };
        if let Some(word) = named {
            let message = format!("`{}` has another name in other languages, and may be renamed", word.text);
            let help = "make the name a parameter; the account is the one whose SID ends in -500 (-501 is the guest)";
            self.say(&codes::LOCALIZED, Some(word.range.clone()), message, help);
        }
        if net && !matches!(verb.as_str(), "localgroup" | "share") || simple.program() == "wmic" {
            return;
        }
        for word in simple.words.iter().skip(1 + usize::from(net)) {
            // `net share x=C:\x /grant:NAME,FULL`
            let granted =
                word.text.split_once("/grant:").map(|(_, who)| who.split(',').next().unwrap_or(who));
            if let Some(found) = ACCOUNT.find(granted.unwrap_or(&word.text)) {
                let message = format!(
                    "`{}` has another name in other languages",
                    found.as_str().trim_matches(['"', ':'])
                );
                let help = match granted {
                    Some(_) => {
                        "`net share` takes no SID: set the share's permissions in PowerShell, with a name that was read there"
                    }
                    None => {
                        "use the SID: *S-1-5-32-544 Administrators, *S-1-5-18 SYSTEM, *S-1-5-20 NETWORK SERVICE, *S-1-1-0 Everyone"
                    }
                };
                self.say(&codes::LOCALIZED, Some(word.range.clone()), message, help);
            }
        }
    }

    /// The answer behind `/d` is the letter for yes or no of the language.
    fn takeown(&mut self, simple: &Simple) {
        let at = simple.words.iter().position(|word| word.plain() == "/d");
        if let Some(word) = at.and_then(|at| simple.words.get(at + 1)) {
            let message = format!("`/d {}` is another letter in other languages", word.text);
            self.say(&codes::LOCALIZED, Some(word.range.clone()), message, TAKEOWN);
        }
    }

    fn searched(&mut self, simple: &Simple) {
        // The states of `netsh interface show interface`; in a sentence the word may be anybody's.
        let state = |word: &Word| {
            let plain = word.plain();
            matches!(plain.strip_prefix("/c:").unwrap_or(&plain), "connected" | "disconnected")
        };
        let translated = |word: &&Word| super::translated(&word.text).is_some() || state(word);
        let word = simple.words.iter().skip(1).find(translated);
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

pub(super) const CONTROL_SET_NUMBER: &str = "a control set given by its number is written to";

pub(super) const CONTROL_SET_HELP: &str =
    "write CurrentControlSet; offline, read `Select\\Current` first and insert it";

const TAKEOWN: &str = "icacls PATH /setowner *S-1-5-32-544 /t /c asks nothing";

/// A control set given by its number, in a text.
pub(super) fn control_set(text: &str) -> Option<Range<usize>> {
    CONTROL_SET.find(text).map(|found| found.range())
}

/// Whether a text is the name of an account or group that Windows translates.
pub(super) fn is_account(text: &str) -> bool {
    ACCOUNT.find(text).is_some_and(|found| found.len() == text.len())
}

/// A variable as cmd writes it, in a text.
pub(super) fn percent_variable(text: &str) -> Option<Range<usize>> {
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
        "del" | "erase" | "copy" | "move" | "rd" | "rmdir" | "md" | "ren" => {
            next.contains(":\\") || next.starts_with('%')
        }
        "start-service" | "stop-service" | "restart-service" | "set-location" => first != "powershell",
        _ => false,
    }
}

/// Commands that wait for somebody: what is wrong, and what to write.
fn asks(simple: &Simple) -> Option<(String, &'static str)> {
    let program = simple.program();
    let alone = simple.words.len() == 1;
    let number = |word: &Word| word.text.chars().all(|c| c.is_ascii_digit());
    let starts = |option: &str| simple.words.iter().any(|word| word.plain().starts_with(option));
    let wildcard = || simple.words.iter().skip(1).any(|word| word.text.contains(['*', '?']));
    let (what, help) = match program.as_str() {
        "ping" if simple.has("-t") || simple.has("/t") => ("`ping -t` never ends", "write -n 4"),
        "netstat" if simple.words.iter().skip(1).any(number) => {
            ("`netstat` with a pause between its tables never ends", "leave the number out; use `retry`")
        }
        "w32tm" if simple.has("/stripchart") && !starts("/samples") => {
            ("`w32tm /stripchart` never ends", "add /samples:5")
        }
        "typeperf" if !alone && !simple.has("-sc") && !starts("-q") => ("`typeperf` never ends", "add -sc 5"),
        "net" | "net1" if simple.word(1) == "user" && simple.has("*") => (
            "`net user NAME *` asks for the password",
            "answer it from a secret: a `dialogue`, or `answers` of the command",
        ),
        "takeown" if simple.has("/r") && !simple.has("/d") => {
            ("`takeown /r` asks at folders that it may not list", TAKEOWN)
        }
        "powershell" if simple.has("-noexit") => ("`-NoExit` leaves a prompt open", "leave it out"),
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
