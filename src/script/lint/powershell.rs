//! What Windows PowerShell would do with a script: its syntax by a grammar that is not ours, and the traps that a
//! person used to cmd falls into.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tree_sitter::Node;

use regex::Regex;

use super::cmd::{self, Lint};
use super::effects::{self, Effect};
use super::reading::{effect_of, long_name, reads_constructor, reads_method, reads_static, verb};
use super::words::{Simple, Word, part};
use super::{Command, Found, Role, fixed, passwords};
use crate::powershell::{Surroundings, Syntax};
use crate::script::codes;
use crate::script::raw::At;

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
    let syntax = Syntax::of(text);
    let Some(error) = syntax.error().filter(|_| !is_comment(&syntax, text)) else {
        return too_much(&syntax, text);
    };
    let said = text.get(error.range.clone()).unwrap_or_default();
    let said = said.lines().next().unwrap_or_default().trim();
    let message = match &error.missing {
        Some(missing) => format!("this is no PowerShell: `{missing}` is missing"),
        None if said.is_empty() => "this is no PowerShell: it ends too early".to_owned(),
        None => format!("this is no PowerShell, from `{}` on", said.chars().take(40).collect::<String>()),
    };
    Some((error.range, message))
}

/// Whether there is nothing but comments, for which the grammar has no tree.
fn is_comment(syntax: &Syntax, text: &str) -> bool {
    let mut at = 0;
    let mut rest = String::new();
    for node in syntax.nodes().filter(|node| node.kind() == "comment") {
        rest.push_str(text.get(at..node.start_byte()).unwrap_or_default());
        at = node.end_byte();
    }
    rest.push_str(text.get(at..).unwrap_or_default());
    at > 0 && rest.trim().is_empty()
}

/// What the grammar reads, and PowerShell does not: `1 = 2`, `function { }`, `1..`.
fn too_much(syntax: &Syntax, text: &str) -> Option<(Range<usize>, String)> {
    let wrong = syntax.nodes().find(|node| {
        let said = text.get(node.byte_range()).unwrap_or_default().trim();
        match node.kind() {
            "left_assignment_expression" => {
                said.starts_with(|c: char| c.is_ascii_digit() || "'\"".contains(c))
            }
            "function_name" => said.is_empty(),
            "command_name" => said.strip_suffix("..").is_some_and(|rest| rest.parse::<u64>().is_ok()),
            _ => false,
        }
    })?;
    let said = text.get(wrong.byte_range()).unwrap_or_default().trim();
    let message = match wrong.kind() {
        "function_name" => "this is no PowerShell: the function has no name".to_owned(),
        "command_name" => format!("this is no PowerShell: nothing stands behind `{said}`"),
        _ => format!("this is no PowerShell: nothing can be assigned to `{said}`"),
    };
    Some((wrong.byte_range(), message))
}

/// Everything that is wrong with a file of PowerShell, which may change something.
pub(super) fn file(text: &At<String>) -> Vec<Found> {
    let command = Command { text, role: Role::Change, answered: false, readers: &[] };
    let mut lint = Lint::new(&command, &text.value);
    lint.script(&text.value, &[]);
    lint.found
}

impl Lint<'_> {
    /// A script of PowerShell.
    pub(super) fn powershell(&mut self) {
        let (plain, inserts) = without_inserts(&self.line);
        self.script(&plain, &inserts);
    }

    fn script(&mut self, plain: &str, inserts: &[Range<usize>]) {
        let syntax = Syntax::of(plain);
        for insert in inserts {
            if syntax.around(insert) == Surroundings::Bare {
                let message = "a value outside of quotes".to_owned();
                let help = "stand it in single quotes; [int]'{{ … }}' is a number";
                self.say(&codes::VALUE_UNQUOTED, Some(insert.clone()), message, help);
            }
        }
        if let Some((range, message)) = self::syntax(plain) {
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
                "command" => self.invoked(node, plain, &functions),
                "pipeline_chain_tail" | "background_operator" => {
                    let message = format!("`{}` is not in Windows PowerShell 5.1", &plain[node.byte_range()]);
                    let help = "write if ($LASTEXITCODE -eq 0) { … }, or a command of its own";
                    self.say(&codes::NEWER_POWERSHELL, Some(node.byte_range()), message, help);
                }
                "invokation_expression" => self.called(node, plain),
                "left_assignment_expression" => self.assigned(node, plain),
                "file_redirection_operator" => {
                    let to = node.next_sibling().map(|to| plain[to.byte_range()].trim().to_lowercase());
                    if to.as_deref() != Some("$null") {
                        self.effect(Effect::WritesFiles, ">", Some(node.byte_range()));
                    }
                }
                "verbatim_string_characters" | "expandable_string_literal" | "generic_token" => {
                    self.word(node, plain);
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
        let written = plain[named.byte_range()].trim();
        let name = written.trim_matches(['\'', '"']).to_lowercase();
        // What stands in a block is looked at command by command.
        if written.starts_with('{') {
            return;
        }
        // What the grammar takes for commands: `1..3`, the parts of a function.
        let range_of_numbers = name.starts_with(|c: char| c.is_ascii_digit()) && name.contains("..");
        let block = simple_block(node, plain);
        if range_of_numbers || block && matches!(name.as_str(), "begin" | "process" | "end" | "dynamicparam")
        {
            return;
        }
        // A value as the command, which was told.
        if self.line.get(named.byte_range()).is_some_and(|written| written.starts_with("{{")) {
            return;
        }
        let sourced =
            plain[range.clone()].starts_with('.') && node.child(0).is_some_and(|child| child != named);
        if sourced || named.kind() == "command_name_expr" && written.starts_with(['$', '(']) {
            self.effect(Effect::Changes, written, Some(range));
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
            let shown = if full == name { written.to_owned() } else { shown(&full) };
            self.cmdlet(&full, &shown, &simple, plain, range);
        } else if !functions.contains(&name) {
            self.native(&simple);
        }
        self.joined_cmdlet(&simple);
    }

    fn cmdlet(&mut self, name: &str, shown: &str, simple: &Simple, plain: &str, range: Range<usize>) {
        let has = |option: &str| has(simple, option);
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
        if is_item(name) {
            self.registry(simple, plain);
        }
        self.localized(name, simple);
        let literal = |word: &&Word| {
            word.text.starts_with(['\'', '"']) && !self.line[word.range.clone()].contains("{{")
        };
        let clear = name == "convertto-securestring" && has("-asplaintext");
        if let Some(word) = simple.words.iter().skip(1).find(literal).filter(|_| clear) {
            let range = Some(word.range.clone());
            let message = "a password that stands in the script".to_owned();
            self.say(&codes::LITERAL_SECRET, range, message, passwords::HELP);
        }
        if ends_windows(name, simple) {
            self.restarts(Some(range));
            return;
        }
        let made = (name == "new-object").then(|| constructed(simple)).flatten();
        let effect = match made {
            Some(made) if !reads_constructor(&made.plain().replace('\'', "")) => Effect::Changes,
            _ if name == "foreach-object" => called_by_name(simple),
            _ => effect_of(name, &has, simple),
        };
        let what = match simple.words.get(1) {
            Some(word) if matches!(name, "new-object" | "foreach-object") => {
                format!("{shown} {}", made.unwrap_or(word).text)
            }
            _ => shown.to_owned(),
        };
        self.effect(effect, &what, Some(range));
    }

    /// Paths of the registry that are none here, also in a variable.
    fn registry(&mut self, simple: &Simple, plain: &str) {
        for word in simple.words.iter().skip(1) {
            let path = word.text.replace(['\'', '"'], "");
            let variable = path.split('\\').next().unwrap_or_default();
            let held = BARE_PATH.captures_iter(plain).find(|held| held[1].eq_ignore_ascii_case(variable));
            let (message, hive) = if let Some((written, hive)) = bare_hive(&path) {
                (format!("`{written}\\` is a folder here: the drive of the registry has a colon"), hive)
            } else if let Some((written, hive)) = held.as_ref().and_then(|held| bare_hive(&held[2])) {
                (
                    format!(
                        "`{variable}` holds `{written}\\`, a folder here: the drive of the registry has a colon"
                    ),
                    hive,
                )
            } else {
                continue;
            };
            self.say(&codes::REGISTRY_DRIVE, Some(word.range.clone()), message, &format!("write {hive}\\…"));
        }
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

    /// A program, as in cmd: what is wrong with its words does not depend on the shell. So is what it is given to run.
    fn native(&mut self, simple: &Simple) {
        let simple = as_in_cmd(simple);
        if simple.program() != "cmd" {
            self.powershell_within(&simple);
            self.program(&simple);
            return;
        }
        let range = simple.range();
        let text = self.line.get(range.clone()).unwrap_or_default().replace('\'', "\"");
        for inner in part(&text).commands {
            self.program(&inner.moved(range.start));
        }
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
        let written = &plain[member.byte_range()];
        let name = written.to_lowercase();
        let of = node.child(0).map(|of| plain[of.byte_range()].trim().to_lowercase()).unwrap_or_default();
        let range = Some(node.byte_range());
        let is_type = node.child(0).is_some_and(|of| of.kind() == "type_literal");
        let asks = match name.as_str() {
            "read" | "readline" | "readkey" if is_type => of.ends_with("console]"),
            "readline" | "readlineassecurestring" | "readkey" | "prompt" => of.starts_with("$host.ui"),
            "promptforchoice" | "promptforcredential" => true,
            _ => false,
        };
        if asks {
            let message = format!("`{written}` waits for somebody");
            self.say(&codes::ASKS, range, message, "nobody answers; leave it out");
            return;
        }
        if matches!(name.as_str(), "reboot" | "win32shutdown" | "win32shutdowntracker") {
            self.restarts(range);
            return;
        }
        let reads = if is_type {
            reads_static(&of, &name)
        } else {
            let block = name != "foreach" || plain[node.byte_range()].contains('{');
            (reads_method(&name) && block) || is_own(&of, plain)
        };
        if !reads {
            let name = if is_type { format!("{of}::{written}") } else { format!(".{written}()") };
            self.effect(Effect::Changes, &name, range);
        }
    }

    /// A property of an object that is not the script's own may be one of the machine: the attributes of a file.
    fn assigned(&mut self, node: Node<'_>, plain: &str) {
        let mut inner = node;
        while let (Some(only), 1) = (inner.child(0), inner.child_count()) {
            inner = only;
        }
        let of = inner.child(0);
        if inner.kind() != "member_access" || of.is_none_or(|of| of.kind() == "type_literal") {
            return;
        }
        let written = plain[inner.byte_range()].trim();
        if !is_own(written, plain) {
            self.effect(Effect::Changes, &format!("{written} ="), Some(node.byte_range()));
        }
    }

    fn word(&mut self, node: Node<'_>, plain: &str) {
        let text = &plain[node.byte_range()];
        // `>C:\x`, which the grammar takes for a word.
        let to = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*');
        if to.starts_with('>') && !to.to_lowercase().ends_with(">$null") && !to.contains(">&") {
            self.effect(Effect::WritesFiles, ">", Some(node.byte_range()));
        }
        let around = |wanted: &[&str]| {
            let mut above = node.parent();
            while let Some(one) = above.filter(|one| !wanted.contains(&one.kind())) {
                above = one.parent();
            }
            above
        };
        if let Some(found) = cmd::control_set(text).filter(|_| self.command.role == Role::Change) {
            let reads = around(&["command"]).is_some_and(|command| reads(command, plain));
            if !reads {
                let at = node.start_byte();
                let range = Some(at + found.start..at + found.end);
                self.say(
                    &codes::CONTROL_SET,
                    range,
                    cmd::CONTROL_SET_NUMBER.to_owned(),
                    cmd::CONTROL_SET_HELP,
                );
            }
        }
        let bare = text.trim_matches(['\'', '"']);
        if cmd::is_account(bare) {
            let statement =
                around(&["pipeline"]).map(|one| plain[one.byte_range()].to_lowercase()).unwrap_or_default();
            if statement.contains("accessrule") || statement.contains("ntaccount") {
                let message = format!("`{bare}` has another name in other languages");
                let help = "[Security.Principal.SecurityIdentifier]'S-1-5-20' is NETWORK SERVICE, 'S-1-5-18' SYSTEM, 'S-1-5-32-544' Administrators, 'S-1-1-0' Everyone";
                self.say(&codes::LOCALIZED, Some(node.byte_range()), message, help);
            }
        }
        if let Some(found) = cmd::percent_variable(text) {
            let message = format!("`{}` stays as it is in PowerShell", &text[found.clone()]);
            let at = node.start_byte();
            let name = text[found.clone()].trim_matches('%');
            let help = format!("write $env:{name}, between double quotes: \"$env:{name}\\…\"");
            self.say(&codes::CMD_IN_POWERSHELL, Some(at + found.start..at + found.end), message, &help);
        }
    }

    /// PowerShell that another shell starts: `powershell -Command "…"`, `-EncodedCommand …`.
    pub(super) fn powershell_within(&mut self, simple: &Simple) {
        let Some((at, encoded)) = inner(simple) else { return };
        let Some(first) = simple.words.get(at) else { return };
        let text = if encoded { decoded(&first.text) } else { Some(command_text(&self.line, first, simple)) };
        let Some(text) = text else {
            let message = "this is no base64 of UTF-16".to_owned();
            self.say(&codes::POWERSHELL_SYNTAX, Some(first.range.clone()), message, "write `in: powershell`");
            return;
        };
        let mut inner = Lint::new(self.command, &text);
        inner.powershell();
        for mut found in inner.found {
            // The places are those of another text.
            found.range = Some(first.range.clone());
            if found.code == &codes::POWERSHELL_SYNTAX {
                let help = "write the step with `in: powershell`: no quoting of two shells";
                found.help = Some(help.to_owned());
            }
            if found.code != &codes::ASKS || !self.command.answered {
                self.found.push(found);
            }
        }
    }
}

/// Where what `powershell` runs stands among its words, and whether it is encoded. A file is not looked into.
fn inner(simple: &Simple) -> Option<(usize, bool)> {
    if !matches!(simple.program().as_str(), "powershell" | "pwsh") {
        return None;
    }
    let mut at = 1;
    while at < simple.words.len() {
        let word = simple.word(at);
        let Some(option) = word.strip_prefix(['-', '/']) else {
            // PowerShell 7 takes it for a file.
            return (simple.program() == "powershell").then_some((at, false));
        };
        let is = |name: &str, least: usize| option.len() >= least && name.starts_with(option);
        if is("command", 1) || is("encodedcommand", 1) || option == "ec" {
            // `-`: what is piped into it.
            return (at + 1 < simple.words.len() && simple.word(at + 1) != "-")
                .then_some((at + 1, option.starts_with('e')));
        }
        let valued = option == "ep"
            || [
                ("executionpolicy", 2),
                ("version", 1),
                ("inputformat", 2),
                ("outputformat", 1),
                ("windowstyle", 1),
            ]
            .iter()
            .any(|(name, least)| is(name, *least));
        if option.is_empty() || is("file", 1) {
            return None;
        }
        at += if valued { 2 } else { 1 };
    }
    None
}

/// Whether what `powershell` runs can be looked into.
pub(super) fn has_inner(simple: &Simple) -> bool {
    inner(simple).is_some()
}

/// Whether a command of PowerShell only reads, or backs up.
fn reads(command: Node<'_>, plain: &str) -> bool {
    let simple = Simple { words: words(command, plain), ..Simple::default() };
    let name = simple.word(0).replace('\'', "");
    let full = long_name(&name);
    let effect = if full != name || is_cmdlet(&full) {
        effect_of(&full, &|option: &str| has(&simple, option), &simple)
    } else {
        effects::of(&as_in_cmd(&simple))
    };
    effect < Effect::Changes
}

/// Whether a block stands right behind the name of a command.
fn simple_block(command: Node<'_>, plain: &str) -> bool {
    words(command, plain).get(1).is_some_and(|word| word.text.starts_with('{'))
}

/// Whether a command has an option, also cut short.
fn has(simple: &Simple, option: &str) -> bool {
    simple.words.iter().skip(1).any(|word| {
        let word = word.plain();
        let word = word.split(':').next().unwrap_or_default();
        word == option || (word.len() > 2 && option.starts_with(word) && word.starts_with('-'))
    })
}

/// Whether a cmdlet restarts the machine or shuts it down.
fn ends_windows(name: &str, simple: &Simple) -> bool {
    match name {
        "restart-computer" | "stop-computer" => true,
        "add-computer"
        | "remove-computer"
        | "rename-computer"
        | "install-windowsfeature"
        | "uninstall-windowsfeature"
        | "add-windowsfeature"
        | "remove-windowsfeature" => has(simple, "-restart"),
        "invoke-cimmethod" | "invoke-wmimethod" => simple.words.iter().skip(1).any(|word| {
            matches!(
                word.plain().replace('\'', "").as_str(),
                "reboot" | "win32shutdown" | "win32shutdowntracker"
            )
        }),
        _ => false,
    }
}

/// The type that `New-Object` is given; `None` for an object of COM, whose methods are looked at where they are called.
fn constructed(simple: &Simple) -> Option<&Word> {
    if has(simple, "-comobject") {
        return None;
    }
    let named = simple.words.iter().position(|word| word.plain() == "-typename").map(|at| at + 1);
    simple.words.get(named.unwrap_or(1))
}

/// What `% Name` does: it reads a property, or calls a method.
fn called_by_name(simple: &Simple) -> Effect {
    const PROPERTIES: [&str; 14] = [
        "name",
        "id",
        "status",
        "fullname",
        "displayname",
        "value",
        "key",
        "count",
        "length",
        "message",
        "path",
        "line",
        "state",
        "starttype",
    ];
    let word = simple.word(1).replace('\'', "");
    let reads = word.starts_with(['{', '-']) || PROPERTIES.contains(&word.as_str()) || reads_method(&word);
    if reads && !has(simple, "-membername") || simple.words.len() == 1 {
        Effect::Reads
    } else {
        Effect::Changes
    }
}

/// Whether a variable holds a table, a list or an object that the script made itself.
fn is_own(receiver: &str, plain: &str) -> bool {
    let name = receiver.split(['.', '[']).next().unwrap_or_default();
    name.starts_with('$') && OWN.captures_iter(plain).any(|found| found[1].eq_ignore_ascii_case(name))
}

/// `$x = @{…}`, and other ways to make an object of one's own.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)(\$[a-z_][a-z0-9_]*)\s*=\s*(?:@\{|@\(|\[(?:ordered|pscustomobject|hashtable|(?:system\.)?(?:collections\.|text\.stringbuilder))|new-object\s+(?:-typename\s+)?'?(?:(?:system\.)?(?:collections\.|text\.stringbuilder)|psobject|pscustomobject))",
    )
});

/// `$p = 'HKLM\…'`
static BARE_PATH: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r#"(?i)(\$[a-z_][a-z0-9_]*)\s*=\s*['"]((?:HKLM|HKCU|HKU|HKCR|HKCC|HKEY_[A-Z_]+)\\)"#)
});

/// What stands behind `-Command`, without the quotes around it.
fn command_text(line: &str, first: &Word, simple: &Simple) -> String {
    let end = simple.words.last().map_or(first.range.end, |word| word.range.end);
    let text = line.get(first.range.start..end).unwrap_or_default();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\""),
        // What cmd takes away.
        None => text.replace("^|", "|").replace("\\\"", "\""),
    }
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

/// A hive that stands without its colon: as written, and its drive.
fn bare_hive(text: &str) -> Option<(&str, &'static str)> {
    let (written, _) = text.split_once('\\')?;
    let drive = match written.to_ascii_uppercase().as_str() {
        "HKLM" | "HKEY_LOCAL_MACHINE" => "HKLM:",
        "HKCU" | "HKEY_CURRENT_USER" => "HKCU:",
        // Only these two have a drive by themselves.
        "HKU" | "HKEY_USERS" => "Registry::HKEY_USERS",
        "HKCR" | "HKEY_CLASSES_ROOT" => "Registry::HKEY_CLASSES_ROOT",
        "HKCC" | "HKEY_CURRENT_CONFIG" => "Registry::HKEY_CURRENT_CONFIG",
        _ => return None,
    };
    Some((written, drive))
}

/// With its capitals, for people.
fn shown(name: &str) -> String {
    let upper = |part: &str| {
        let mut chars = part.chars();
        chars.next().map(|c| c.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    name.split('-').map(upper).collect::<Vec<_>>().join("-")
}

/// Verbs that begin a second command on one line.
const VERBS: [&str; 16] = [
    "get", "set", "start", "stop", "restart", "remove", "new", "import", "test", "enable", "disable", "add",
    "invoke", "copy", "rename", "reset",
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
