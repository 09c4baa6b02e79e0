//! What Windows PowerShell would do with a script: its syntax by a grammar that is not ours, and the traps that a
//! person used to cmd falls into.

use std::collections::BTreeSet;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tree_sitter::Node;

use super::Role;
use super::cmd::Lint;
use super::effects::Effect;
use super::words::{Simple, Word};
use crate::powershell::{Surroundings, Syntax};
use crate::script::codes;

/// A script with a letter for every byte of `{{ }}`, so that places stay where they are; and where those were.
pub(crate) fn without_inserts(text: &str) -> (String, Vec<Range<usize>>) {
    let mut plain = String::with_capacity(text.len());
    let mut inserts = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        let close = text[open..].find("}}").map_or(text.len(), |found| open + found + 2);
        plain.push_str(&text[at..open]);
        plain.extend(std::iter::repeat_n('x', close - open));
        inserts.push(open..close);
        at = close;
    }
    plain.push_str(&text[at..]);
    (plain, inserts)
}

/// The commands of a script, as cmd's are: single quotes count as double ones.
pub(super) fn simple_commands(text: &str) -> Vec<Simple> {
    let (plain, _) = without_inserts(text);
    let syntax = Syntax::of(&plain);
    let commands = syntax.nodes().filter(|node| node.kind() == "command");
    commands.map(|node| as_in_cmd(&Simple { words: words(node, &plain), ..Simple::default() })).collect()
}

/// What is wrong with the syntax of a text: where, and what.
pub(crate) fn syntax(text: &str) -> Option<(Range<usize>, String)> {
    let error = Syntax::of(text).error()?;
    let said = text.get(error.range.clone()).unwrap_or_default();
    let said = said.lines().next().unwrap_or_default().trim();
    let message = match &error.missing {
        Some(missing) => format!("this is no PowerShell: `{missing}` is missing"),
        None if said.is_empty() => "this is no PowerShell: it ends too early".to_owned(),
        None => format!("this is no PowerShell, from `{}` on", said.chars().take(40).collect::<String>()),
    };
    Some((error.range, message))
}

impl Lint<'_> {
    /// A script of PowerShell.
    pub(super) fn powershell(&mut self) {
        let (plain, inserts) = without_inserts(&self.line);
        let syntax = Syntax::of(&plain);
        for insert in &inserts {
            if syntax.around(insert) == Surroundings::Bare {
                let message = "a value outside of quotes".to_owned();
                let help = "stand it in single quotes; [int]'{{ … }}' is a number";
                self.say(&codes::VALUE_UNQUOTED, Some(insert.clone()), message, help);
            }
        }
        if let Some((range, message)) = self::syntax(&plain) {
            let help = "what Windows PowerShell 5.1 reads can be tried there: powershell -NoProfile -File";
            self.say(&codes::POWERSHELL_SYNTAX, Some(range), message, help);
            return;
        }
        let functions: BTreeSet<String> = syntax
            .nodes()
            .filter(|node| node.kind() == "function_name")
            .map(|node| plain[node.byte_range()].to_lowercase())
            .collect();
        for node in syntax.nodes() {
            match node.kind() {
                "command" => self.invoked(node, &plain, &functions),
                "pipeline_chain_tail" | "background_operator" => {
                    let message = format!("`{}` is not in Windows PowerShell 5.1", &plain[node.byte_range()]);
                    let help = "write if ($LASTEXITCODE -eq 0) { … }, or a command of its own";
                    self.say(&codes::NEWER_POWERSHELL, Some(node.byte_range()), message, help);
                }
                "invokation_expression" => self.called(node, &plain),
                "file_redirection_operator" => {
                    let to = node.next_sibling().map(|to| plain[to.byte_range()].trim().to_lowercase());
                    if to.as_deref() != Some("$null") {
                        self.effect(Effect::WritesFiles, "a redirection", node.byte_range());
                    }
                }
                "verbatim_string_characters" | "expandable_string_literal" | "generic_token" => {
                    self.word(node, &plain);
                }
                _ => {}
            }
        }
    }

    /// One command with its words.
    fn invoked(&mut self, node: Node<'_>, plain: &str, functions: &BTreeSet<String>) {
        let Some(named) = node.child_by_field_name("command_name") else { return };
        let words = words(node, plain);
        let range = node.byte_range();
        let name = plain[named.byte_range()].trim_matches(['\'', '"']).to_lowercase();
        if named.kind() == "command_name_expr" && plain[named.byte_range()].starts_with('$') {
            self.effect(Effect::Changes, "something that is not known here", range);
            return;
        }
        let simple = Simple { words, ..Simple::default() };
        let (first, rest) = simple
            .words
            .split_first()
            .map_or((range.clone(), &[][..]), |(first, rest)| (first.range.clone(), rest));
        match name.as_str() {
            "sc" => {
                let message = "`sc` is Set-Content in PowerShell, and writes a file".to_owned();
                self.say(&codes::SC_ALIAS, Some(first), message, "write sc.exe, or Get-Service and its like");
                return;
            }
            "rem" => {
                let message = "`REM` is no comment in PowerShell, but a command that is not found".to_owned();
                self.say(&codes::REM, Some(first), message, "write #");
                return;
            }
            "set" | "setlocal" | "endlocal" | "goto" | "call" => {
                let message = format!("`{name}` is cmd's");
                let help = "in PowerShell: $env:NAME = 'value'; functions; if and foreach";
                self.say(&codes::CMD_IN_POWERSHELL, Some(first), message, help);
                return;
            }
            _ => {}
        }
        let full = long_name(&name);
        if full != name || is_cmdlet(&full) {
            let slashed = rest.iter().find(|word| is_switch(&word.text));
            if let (Some(word), true) = (slashed, full != name) {
                let message = format!("`{name}` is {} here, and knows no `{}`", shown(&full), word.text);
                let help = "PowerShell's options begin with -: Remove-Item -Recurse -Force";
                self.say(&codes::CMD_IN_POWERSHELL, Some(word.range.clone()), message, help);
            }
            let written = plain[named.byte_range()].to_owned();
            let shown = if full == name { written } else { shown(&full) };
            self.cmdlet(&full, &shown, &simple, range);
        } else if !functions.contains(&name) {
            self.native(&simple);
        }
        self.joined_cmdlet(&simple);
    }

    fn cmdlet(&mut self, name: &str, shown: &str, simple: &Simple, range: Range<usize>) {
        let has = |option: &str| {
            simple.words.iter().skip(1).any(|word| {
                let word = word.plain();
                word.len() > 1
                    && (word == option
                        || (word.len() > 2 && option.starts_with(&word) && word.starts_with('-')))
            })
        };
        if matches!(
            name,
            "read-host" | "get-credential" | "out-gridview" | "pause" | "enter-pssession" | "out-host"
        ) {
            let out = name == "out-host" && !has("-paging");
            if !out {
                let message = format!("`{shown}` waits for somebody");
                self.say(&codes::ASKS, Some(range.clone()), message, "nobody answers; leave it out");
            }
        }
        let (force, why) = match name {
            "stop-service" | "restart-service" => ("-force", "it fails when other services depend on it"),
            "remove-item" if has("-recurse") => ("-force", "it leaves what is hidden or read-only"),
            _ => ("", ""),
        };
        if !force.is_empty() && !has(force) {
            let message = format!("`{shown}` without -Force: {why}");
            self.say(&codes::NO_FORCE, Some(range.clone()), message, "add -Force");
        }
        if matches!(name, "remove-item" | "stop-computer" | "restart-computer") && has("-confirm") {
            self.say(&codes::ASKS, Some(range.clone()), "`-Confirm` asks".to_owned(), "leave it out");
        }
        if name == "restart-computer" || name == "stop-computer" {
            let message = format!("`{shown}` behind the back of the run");
            self.say(&codes::ASKS, Some(range.clone()), message, "a restart is a step: reboot: {reason: …}");
        }
        if is_item(name) {
            for word in simple.words.iter().skip(1) {
                if let Some(hive) = bare_hive(&word.plain().replace('\'', "")) {
                    let message =
                        format!("`{hive}\\` is a folder here: the drive of the registry has a colon");
                    let help = format!("write {hive}:\\…");
                    self.say(&codes::REGISTRY_DRIVE, Some(word.range.clone()), message, &help);
                }
            }
        }
        self.localized(name, simple);
        self.effect(effect_of(name, &has), &format!("`{shown}`"), range);
    }

    /// Names that differ by the language of Windows.
    fn localized(&mut self, name: &str, simple: &Simple) {
        let mut before = String::new();
        for word in simple.words.iter().skip(1) {
            let plain = word.plain().replace('\'', "");
            let value = !plain.starts_with('-') && !plain.contains("xx") && !plain.starts_with('$');
            let firewall =
                name.contains("-netfirewall") && matches!(before.as_str(), "-displayname" | "-displaygroup");
            let group = name.contains("-localgroup") && matches!(before.as_str(), "-group" | "-name");
            if value && (firewall || group) {
                let message = format!("`{}` has another name in other languages", word.text);
                let help = if firewall {
                    "-Name RemoteDesktop-UserMode-In-TCP, or -Group '@FirewallAPI.dll,-28752'"
                } else {
                    "use the SID: -SID S-1-5-32-544"
                };
                self.say(&codes::LOCALIZED, Some(word.range.clone()), message, help);
            }
            if matches!(name, "select-string") && super::translated(&plain).is_some() {
                let message = format!("`{}` is translated in other languages of Windows", word.text);
                self.say(
                    &codes::LOCALIZED,
                    Some(word.range.clone()),
                    message,
                    "look at numbers and properties",
                );
            }
            before = plain;
        }
    }

    /// A program, as in cmd: what is wrong with its words does not depend on the shell.
    fn native(&mut self, simple: &Simple) {
        self.program(&as_in_cmd(simple));
    }

    /// A second command in the middle of one.
    fn joined_cmdlet(&mut self, simple: &Simple) {
        let second = simple.words.iter().skip(2).find(|word| {
            is_cmdlet(&word.text.to_lowercase()) && VERBS.contains(&verb(&word.text.to_lowercase()))
                || matches!(word.text.as_str(), "icacls" | "takeown" | "reg" | "netsh" | "gpupdate")
        });
        let previous_is_option = |word: &Word| {
            simple
                .words
                .iter()
                .take_while(|one| one.range.start < word.range.start)
                .last()
                .is_some_and(|one| one.text.starts_with('-') && !one.text.eq_ignore_ascii_case("-force"))
        };
        if let Some(word) = second.filter(|word| !previous_is_option(word)) {
            let message = format!("a second command starts at `{}`", word.text);
            self.say(&codes::JOINED, Some(word.range.clone()), message, "begin a new line");
        }
    }

    fn called(&mut self, node: Node<'_>, plain: &str) {
        let mut cursor = node.walk();
        let Some(member) = node.children(&mut cursor).find(|child| child.kind() == "member_name") else {
            return;
        };
        let name = plain[member.byte_range()].to_lowercase();
        if !READING_METHODS.contains(&name.as_str()) {
            let what = format!("the method `{}`", &plain[member.byte_range()]);
            self.effect(Effect::Changes, &what, node.byte_range());
        }
    }

    fn word(&mut self, node: Node<'_>, plain: &str) {
        let text = &plain[node.byte_range()];
        // `>C:\x`, which the grammar takes for a word.
        let to = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*');
        if to.starts_with('>') && !to.to_lowercase().ends_with(">$null") && !to.contains(">&") {
            self.effect(Effect::WritesFiles, "a redirection", node.byte_range());
        }
        if let Some(found) = super::cmd::control_set(text) {
            let at = node.start_byte();
            let message = "a control set given by its number".to_owned();
            let help = "write CurrentControlSet; offline, read `Select\\Current` first and insert it";
            self.say(&codes::CONTROL_SET, Some(at + found.start..at + found.end), message, help);
        }
        if let Some(found) = super::cmd::percent_variable(text) {
            let message = format!("`{}` stays as it is in PowerShell", &text[found.clone()]);
            let at = node.start_byte();
            let name = text[found.clone()].trim_matches('%');
            let help = format!("write $env:{name}, between double quotes: \"$env:{name}\\…\"");
            self.say(&codes::CMD_IN_POWERSHELL, Some(at + found.start..at + found.end), message, &help);
        }
    }

    fn effect(&mut self, effect: Effect, what: &str, range: Range<usize>) {
        let (allowed, help) = match self.command.role {
            Role::Read => (Effect::Reads, "move it to `change`"),
            Role::Save => (Effect::WritesFiles, "move it to `change`"),
            Role::Change => return,
        };
        if effect > allowed {
            let message = match self.command.role {
                Role::Save => format!("{what} may change the machine, and `save` only keeps what undo needs"),
                _ => format!("a look or check that may change something: {what}"),
            };
            self.say(&codes::CHECK_CHANGES, Some(range), message, help);
        }
    }

    /// PowerShell inside of a cmd line: `powershell -Command "…"`, `-EncodedCommand …`.
    pub(super) fn powershell_within(&mut self, simple: &Simple) {
        if simple.program() != "powershell" {
            return;
        }
        let Some(at) = simple.words.iter().position(|word| {
            let word = word.plain();
            matches!(word.as_str(), "-c" | "-command" | "/c" | "-e" | "-ec" | "-enc" | "-encodedcommand")
        }) else {
            return;
        };
        let encoded = simple.words[at].plain().starts_with("-e");
        let Some(first) = simple.words.get(at + 1) else { return };
        let text = if encoded { decoded(&first.text) } else { Some(command_text(&self.line, first, simple)) };
        let Some(text) = text else {
            let message = "this is no base64 of UTF-16".to_owned();
            self.say(&codes::POWERSHELL_SYNTAX, Some(first.range.clone()), message, "write `in: powershell`");
            return;
        };
        if let Some((_, message)) = syntax(&without_inserts(&text).0) {
            let help = "write the step with `in: powershell`: no quoting of two shells";
            self.say(&codes::POWERSHELL_SYNTAX, Some(first.range.clone()), message, help);
        }
    }
}

/// What stands behind `-Command`, without the quotes around it.
fn command_text(line: &str, first: &Word, simple: &Simple) -> String {
    let end = simple.words.last().map_or(first.range.end, |word| word.range.end);
    let text = line.get(first.range.start..end).unwrap_or_default();
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    inner.replace("\\\"", "\"")
}

fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text.replace('"', "")).ok()?;
    if bytes.len() % 2 == 1 {
        return None;
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

/// The words of a command: its name, options and arguments, as written.
fn words(command: Node<'_>, plain: &str) -> Vec<Word> {
    let word = |range: Range<usize>| {
        let text = plain[range.clone()].trim();
        let start = range.start + (plain[range.clone()].len() - plain[range].trim_start().len());
        Word { text: text.to_owned(), range: start..start + text.len() }
    };
    let mut found = Vec::new();
    if let Some(name) = command.child_by_field_name("command_name") {
        found.push(word(name.byte_range()));
    }
    let Some(elements) = command.child_by_field_name("command_elements") else { return found };
    let mut cursor = elements.walk();
    for child in elements.children(&mut cursor) {
        let range = child.byte_range();
        if child.kind() == "command_argument_sep" || plain[range.clone()].trim().is_empty() {
            continue;
        }
        // `start= auto`, `a:b`: what touches is one word to a program.
        match found.last_mut() {
            Some(last) if last.range.end == range.start && found_touching(plain, range.start) => {
                last.text.push_str(&plain[range.clone()]);
                last.range.end = range.end;
            }
            _ => found.push(word(range)),
        }
    }
    found.retain(|word| !word.text.is_empty());
    found
}

fn as_in_cmd(simple: &Simple) -> Simple {
    let mut simple = simple.clone();
    for word in &mut simple.words {
        word.text = word.text.replace('\'', "\"");
    }
    simple
}

fn found_touching(plain: &str, at: usize) -> bool {
    !plain[..at].ends_with([' ', '\t', '\n', '\r'])
}

fn verb(name: &str) -> &str {
    name.split('-').next().unwrap_or_default()
}

fn is_cmdlet(name: &str) -> bool {
    let mut parts = name.splitn(2, '-');
    let (verb, noun) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    verb.len() > 1
        && noun.len() > 1
        && verb.chars().all(|c| c.is_ascii_alphabetic())
        && noun.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_switch(word: &str) -> bool {
    word.strip_prefix('/').is_some_and(|rest| !rest.is_empty() && rest.len() <= 2)
}

fn is_item(name: &str) -> bool {
    name.contains("-item")
        || matches!(
            name,
            "test-path" | "get-childitem" | "set-location" | "resolve-path" | "get-acl" | "set-acl"
        )
}

fn bare_hive(text: &str) -> Option<&'static str> {
    let text = text.trim_matches('"');
    ["HKLM", "HKCU", "HKU", "HKCR", "HKCC"].into_iter().find(|hive| {
        text.get(hive.len()..hive.len() + 1) == Some("\\") && text[..hive.len()].eq_ignore_ascii_case(hive)
    })
}

/// With its capitals, for people.
fn shown(name: &str) -> String {
    let upper = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    name.split('-').map(upper).collect::<Vec<_>>().join("-")
}

/// The command behind an alias of Windows PowerShell 5.1.
fn long_name(name: &str) -> String {
    match name {
        "gsv" => "get-service",
        "sasv" => "start-service",
        "spsv" => "stop-service",
        "gp" => "get-itemproperty",
        "sp" => "set-itemproperty",
        "rp" => "remove-itemproperty",
        "gi" => "get-item",
        "si" => "set-item",
        "gci" | "ls" | "dir" => "get-childitem",
        "gc" | "cat" | "type" => "get-content",
        "ac" => "add-content",
        "cp" | "copy" | "cpi" => "copy-item",
        "mv" | "move" | "mi" => "move-item",
        "rm" | "del" | "erase" | "rd" | "rmdir" | "ri" => "remove-item",
        "ren" | "rni" => "rename-item",
        "md" | "mkdir" | "ni" => "new-item",
        "cd" | "chdir" | "sl" => "set-location",
        "pwd" | "gl" => "get-location",
        "echo" | "write" => "write-output",
        "ps" | "gps" => "get-process",
        "kill" | "spps" => "stop-process",
        "start" | "saps" => "start-process",
        "sleep" => "start-sleep",
        "sls" => "select-string",
        "where" | "?" => "where-object",
        "foreach" | "%" => "foreach-object",
        "select" => "select-object",
        "sort" => "sort-object",
        "measure" => "measure-object",
        "group" => "group-object",
        "ft" => "format-table",
        "fl" => "format-list",
        "fw" => "format-wide",
        "tee" => "tee-object",
        "iex" => "invoke-expression",
        "iwr" | "curl" | "wget" => "invoke-webrequest",
        "irm" => "invoke-restmethod",
        "gwmi" => "get-wmiobject",
        "gcim" => "get-ciminstance",
        "ipmo" => "import-module",
        "rmo" => "remove-module",
        "cls" | "clear" => "clear-host",
        name => name,
    }
    .to_owned()
}

/// What a cmdlet does. One that is not known to read counts as a change.
fn effect_of(name: &str, has: &dyn Fn(&str) -> bool) -> Effect {
    match name {
        "test-computersecurechannel" if has("-repair") => Effect::Changes,
        "import-module" | "remove-module" | "set-location" | "push-location" | "pop-location"
        | "set-strictmode" | "set-variable" | "new-variable" | "clear-variable" | "remove-variable"
        | "new-object" | "new-timespan" | "start-sleep" | "out-string" | "out-null" | "out-default"
        | "write-output" | "write-host" | "write-warning" | "write-verbose" | "write-error"
        | "write-information" | "write-debug" | "import-csv" | "import-clixml" | "read-host"
        | "foreach-object" | "clear-host" | "out-host" => Effect::Reads,
        "out-file" | "tee-object" | "copy-item" | "add-content" | "set-content" => Effect::WritesFiles,
        name => match verb(name) {
            "get" | "test" | "select" | "where" | "sort" | "measure" | "format" | "convertto"
            | "convertfrom" | "compare" | "resolve" | "join" | "split" | "group" | "find" | "search" => {
                Effect::Reads
            }
            "export" => Effect::WritesFiles,
            _ => Effect::Changes,
        },
    }
}

/// Verbs that begin a second command on one line.
const VERBS: [&str; 16] = [
    "get", "set", "start", "stop", "restart", "remove", "new", "import", "test", "enable", "disable", "add",
    "invoke", "copy", "rename", "reset",
];

/// Methods that change nothing but their own object, as far as one can know.
const READING_METHODS: [&str; 62] = [
    "add",
    "addrange",
    "clear",
    "addseconds",
    "addminutes",
    "addhours",
    "adddays",
    "compareto",
    "computehash",
    "contains",
    "containskey",
    "create",
    "endswith",
    "equals",
    "exists",
    "format",
    "getbytes",
    "getcurrent",
    "getencoding",
    "getenvironmentvariable",
    "gethostaddresses",
    "gethostname",
    "getfiles",
    "getname",
    "getnames",
    "getstring",
    "getsubkeynames",
    "gettype",
    "getvalue",
    "getvaluekind",
    "getvaluenames",
    "indexof",
    "insert",
    "isinrole",
    "ismatch",
    "isnullorempty",
    "isnullorwhitespace",
    "join",
    "lastindexof",
    "match",
    "matches",
    "new",
    "openbasekey",
    "opensubkey",
    "padleft",
    "padright",
    "parse",
    "readallbytes",
    "readalllines",
    "readalltext",
    "replace",
    "round",
    "split",
    "startswith",
    "substring",
    "toarray",
    "toint32",
    "tolower",
    "tostring",
    "toupper",
    "trim",
    "trimend",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserts_are_letters() {
        let (plain, inserts) = without_inserts("a '{{ b }}' c");
        assert_eq!(plain, "a 'xxxxxxx' c");
        assert_eq!(inserts.first(), Some(&(3..10)));
    }

    #[test]
    fn commands_part_into_words() {
        let text = "sc.exe config gpsvc start= auto; Get-Item -Path:'a b' -Force | Out-Null";
        let syntax = Syntax::of(text);
        let all: Vec<Vec<String>> = syntax
            .nodes()
            .filter(|node| node.kind() == "command")
            .map(|node| words(node, text).into_iter().map(|word| word.text).collect())
            .collect();
        assert_eq!(all[0], ["sc.exe", "config", "gpsvc", "start=", "auto"]);
        assert_eq!(all[1][0], "Get-Item");
        assert_eq!(all[2], ["Out-Null"]);
    }
}
