//! One command of a pipeline: its words, what it names, its parameters.

use std::sync::Arc;

use tree_sitter::Node;

use super::Shell;
use super::eval::number;
use super::failure::{ErrorRecord, Flow};
use super::source::{Source, child, children, inmost};
use super::value::{Block, Value};
use crate::sim::tools::{CodePage, Sink, Stream};

/// What stands behind the name of a command.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// `-Name`, as written.
    Option(String),
    /// An argument, and as it was written.
    Argument(Value, String),
}

/// A cmdlet's parameters, bound.
#[derive(Debug)]
pub(super) struct Call {
    /// Its name with its capitals.
    pub(super) name: &'static str,
    given: Vec<(String, Value)>,
    /// What came down the pipeline; `None`: it is the first.
    pub(super) input: Option<Vec<Value>>,
}

impl Call {
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.given.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.text())
    }

    /// The texts of a list.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.value(name).map(|value| value.items().iter().map(Value::text).collect()).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.truth())
    }

    pub(super) fn items(&self) -> Vec<Value> {
        self.input.clone().unwrap_or_default()
    }

    /// An error of this cmdlet.
    pub(super) fn error(
        &self,
        message: impl Into<String>,
        id: &str,
        category: &str,
        about: &str,
    ) -> ErrorRecord {
        ErrorRecord::of_command(message, id, category, about, self.name)
    }
}

/// Name and parameters of each cmdlet. `@` stands behind positional ones, in their order; `!` behind switches.
#[rustfmt::skip]
const CMDLETS: &[(&str, &str)] = &[
    ("Add-Content", "Path@ Value@ Encoding LiteralPath Force! NoNewline!"),
    ("Clear-Host", ""),
    ("ConvertTo-Json", "InputObject Depth Compress!"),
    ("Copy-Item", "Path@ Destination@ LiteralPath Force! Recurse! PassThru!"),
    ("Disable-NetFirewallRule", "Name@ DisplayName Group"),
    ("Enable-NetFirewallRule", "Name@ DisplayName Group"),
    ("ForEach-Object", "Process@ Begin End MemberName InputObject"),
    ("Format-List", "Property@ InputObject Force!"),
    ("Format-Table", "Property@ InputObject AutoSize! Wrap! HideTableHeaders!"),
    ("Get-ChildItem", "Path@ Filter@ LiteralPath Recurse! Force! File! Directory! Name!"),
    ("Get-CimInstance", "ClassName@ Namespace Filter Property"),
    ("Get-Command", "Name@ CommandType"),
    ("Get-Content", "Path@ LiteralPath Raw! TotalCount Tail Encoding"),
    ("Get-Date", "Date@ Format UFormat"),
    ("Get-FileHash", "Path@ LiteralPath Algorithm"),
    ("Get-Item", "Path@ LiteralPath Force!"),
    ("Get-ItemProperty", "Path@ Name@ LiteralPath"),
    ("Get-ItemPropertyValue", "Path@ Name@ LiteralPath"),
    ("Get-Location", ""),
    ("Get-Member", "Name@ InputObject MemberType"),
    ("Get-NetFirewallRule", "Name@ DisplayName Group DisplayGroup PolicyStore"),
    ("Get-Process", "Name@ Id"),
    ("Get-Service", "Name@ DisplayName DependentServices! RequiredServices!"),
    ("Get-Variable", "Name@ ValueOnly!"),
    ("Get-WmiObject", "Class@ Property@ Namespace Filter"),
    ("Group-Object", "Property@ NoElement!"),
    ("Import-Module", "Name@ Force! DisableNameChecking!"),
    ("Invoke-Expression", "Command@"),
    ("Join-Path", "Path@ ChildPath@"),
    ("Measure-Object", "Property@ Sum! Maximum! Minimum! Average! Line!"),
    ("New-Item", "Path@ Name ItemType Value Force!"),
    ("New-ItemProperty", "Path@ Name@ PropertyType Value LiteralPath Force!"),
    ("New-Object", "TypeName@ ArgumentList@ Property"),
    ("Out-File", "FilePath@ Encoding Append! Force! NoNewline! Width LiteralPath"),
    ("Out-Host", "InputObject Paging!"),
    ("Out-Null", "InputObject"),
    ("Out-String", "Width InputObject Stream!"),
    ("Read-Host", "Prompt@ AsSecureString!"),
    ("Remove-Item", "Path@ LiteralPath Force! Recurse!"),
    ("Remove-ItemProperty", "Path@ Name@ LiteralPath Force!"),
    ("Remove-Module", "Name@ Force!"),
    ("Remove-Variable", "Name@ Force!"),
    ("Restart-Service", "Name@ DisplayName InputObject Force! PassThru!"),
    ("Resolve-Path", "Path@ LiteralPath"),
    ("Select-Object", "Property@ ExpandProperty First Last Skip Unique! InputObject"),
    ("Select-String", "Pattern@ Path@ SimpleMatch! Quiet! CaseSensitive! AllMatches! InputObject"),
    ("Set-Content", "Path@ Value@ LiteralPath Encoding Force! NoNewline!"),
    ("Set-ItemProperty", "Path@ Name@ Value@ Type LiteralPath Force!"),
    ("Set-Location", "Path@ LiteralPath"),
    ("Set-NetFirewallRule", "Name@ DisplayName Group Enabled Action LocalPort Profile NewDisplayName"),
    ("Set-Service", "Name@ StartupType Status DisplayName Description InputObject PassThru! Force!"),
    ("Set-StrictMode", "Version Off!"),
    ("Set-Variable", "Name@ Value@ Scope"),
    ("Sort-Object", "Property@ Descending! Unique! InputObject"),
    ("Split-Path", "Path@ Leaf! Parent!"),
    ("Start-Service", "Name@ DisplayName InputObject PassThru!"),
    ("Start-Sleep", "Seconds@ Milliseconds"),
    ("Stop-Process", "Id@ Name InputObject Force! PassThru!"),
    ("Stop-Service", "Name@ DisplayName InputObject Force! NoWait! PassThru!"),
    ("Test-ComputerSecureChannel", "Repair! Server Credential"),
    ("Test-Path", "Path@ LiteralPath PathType"),
    ("Where-Object", "FilterScript@ Property EQ NE Match Like GT LT InputObject"),
    ("Write-Error", "Message@ ErrorId Category"),
    ("Write-Host", "Object@ NoNewline! ForegroundColor BackgroundColor Separator"),
    ("Write-Output", "InputObject@ NoEnumerate!"),
    ("Write-Verbose", "Message@"),
    ("Write-Warning", "Message@"),
];

/// Parameters of every cmdlet.
const COMMON: &str =
    "ErrorAction ErrorVariable WarningAction OutVariable Verbose! Debug! Confirm! WhatIf! EA";

#[rustfmt::skip]
const ALIASES: &[(&str, &str)] = &[
    ("%", "foreach-object"), ("?", "where-object"), ("ac", "add-content"), ("cat", "get-content"), ("cd", "set-location"),
    ("chdir", "set-location"), ("cls", "clear-host"), ("copy", "copy-item"), ("cp", "copy-item"), ("del", "remove-item"),
    ("dir", "get-childitem"), ("echo", "write-output"), ("erase", "remove-item"), ("fl", "format-list"),
    ("foreach", "foreach-object"), ("ft", "format-table"), ("gc", "get-content"), ("gci", "get-childitem"),
    ("gcim", "get-ciminstance"), ("gcm", "get-command"), ("gi", "get-item"), ("gl", "get-location"), ("gm", "get-member"),
    ("gp", "get-itemproperty"), ("gps", "get-process"), ("gwmi", "get-wmiobject"), ("group", "group-object"), ("gsv", "get-service"),
    ("iex", "invoke-expression"), ("ipmo", "import-module"), ("kill", "stop-process"), ("ls", "get-childitem"),
    ("md", "new-item"), ("measure", "measure-object"), ("mkdir", "new-item"), ("ni", "new-item"), ("ps", "get-process"),
    ("pwd", "get-location"), ("rd", "remove-item"), ("ri", "remove-item"), ("rm", "remove-item"), ("rmdir", "remove-item"),
    ("rmo", "remove-module"), ("rp", "remove-itemproperty"), ("sasv", "start-service"), ("sc", "set-content"),
    ("select", "select-object"), ("sl", "set-location"), ("sleep", "start-sleep"), ("sls", "select-string"),
    ("sort", "sort-object"), ("sp", "set-itemproperty"), ("spps", "stop-process"), ("spsv", "stop-service"),
    ("type", "get-content"), ("where", "where-object"), ("write", "write-output"),
];

impl Shell {
    /// Runs one command of a pipeline.
    pub(super) async fn command(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
        input: Option<Vec<Value>>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let Some(named) = node.child_by_field_name("command_name") else { return Ok(()) };
        let called =
            children(node).first().is_some_and(|first| first.kind() == "command_invokation_operator");
        let (words, redirections) = self.words(node, source).await?;
        let before = self.merged.clone();
        let mut file = None;
        for redirection in redirections {
            match redirection {
                Redirection::Merge(stream) => self.merged.push(stream),
                Redirection::File(stream, name, append) => file = Some((stream, name, append)),
            }
        }
        let errors = match &file {
            Some((stream @ ('2' | '*'), name, _)) if *stream != '1' => {
                let page = CodePage(1200);
                let kept = Stream::default();
                let sink = if name.is_empty() { Sink::Nul } else { Sink::Bytes(kept.clone(), page) };
                Some((std::mem::replace(&mut self.process.stderr, sink), kept))
            }
            _ => None,
        };
        let mut made = Vec::new();
        let ended = if called {
            let name = self.expression(inmost(named), source).await?;
            match name {
                Value::Script(block) => {
                    let (given, args) = split(words);
                    self.piped(&block, given, args, input, &mut made).await
                }
                name => self.named(&name.text(), words, input, &mut made).await,
            }
        } else {
            let name = match inmost(named) {
                path if path.kind() == "command_name" => source.of(path).trim_matches(['"', '\'']).to_owned(),
                other => self.expression(other, source).await?.text(),
            };
            self.named(&name, words, input, &mut made).await
        };
        self.merged = before;
        let mut told = String::new();
        if let Some((stderr, kept)) = errors {
            self.process.stderr = stderr;
            told = CodePage(1200).decode(&kept.drain());
        }
        match file {
            Some(('2', name, append)) => {
                if !name.is_empty() {
                    self.redirect(&name, &told, append)?;
                }
                out.extend(made);
            }
            Some(('1' | '*', name, append)) => {
                if !name.is_empty() {
                    let text: String =
                        super::format::lines(&made, 120).iter().map(|line| format!("{line}\r\n")).collect();
                    self.redirect(&name, &text, append)?;
                }
            }
            _ => out.extend(made),
        }
        match ended {
            Ok(()) => Ok(()),
            Err(Flow::Throw(error)) => {
                self.set("?", Value::Bool(false));
                Err(Flow::Throw(Box::new(error.at(source, node))))
            }
            Err(flow) => Err(flow),
        }
    }

    /// A block or function, once for each item where it has a `process` block or reads `$_`.
    async fn piped(
        &mut self,
        block: &Block,
        given: Vec<(String, Value)>,
        args: Vec<Value>,
        input: Option<Vec<Value>>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        self.set("input", Value::array(input.unwrap_or_default()));
        self.invoke(block, given, args, out).await
    }

    /// What a name means: function, cmdlet, script file, program.
    async fn named(
        &mut self,
        name: &str,
        words: Vec<Word>,
        input: Option<Vec<Value>>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let lower = name.to_lowercase();
        let lower = ALIASES
            .iter()
            .find(|(alias, _)| *alias == lower)
            .map_or(lower.as_str(), |(_, full)| full)
            .to_owned();
        // `1..3` where the grammar sees the name of a command.
        if let Some((from, to)) = name.split_once("..")
            && let (Ok(from), Ok(to)) = (from.parse(), to.parse())
        {
            out.extend(super::eval::range(from, to).items());
            return Ok(());
        }
        if let Some(block) = self.functions.get(&lower).cloned() {
            let (given, args) = split(words);
            self.set("?", Value::Bool(true));
            return self.piped(&block, given, args, input, out).await;
        }
        if let Some((cmdlet, spec)) = CMDLETS.iter().find(|(own, _)| own.eq_ignore_ascii_case(&lower)) {
            let call = bind(cmdlet, spec, words, input)?;
            self.set("?", Value::Bool(true));
            let action = call.text("ErrorAction").or_else(|| call.text("EA"));
            let ended = Box::pin(self.cmdlet(&call, out)).await;
            return match ended {
                Err(Flow::Throw(error))
                    if !matches!(*cmdlet, "ForEach-Object" | "Where-Object" | "Invoke-Expression") =>
                {
                    self.report(*error, action.as_deref())
                }
                other => other,
            };
        }
        if lower.ends_with(".ps1") {
            let (given, args) = split(words);
            return self.script(name, given, args, out).await;
        }
        if self.native(name, &words, input.as_ref(), out).await? {
            return Ok(());
        }
        let mut record = ErrorRecord::new(
            format!(
                "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
            ),
            "CommandNotFoundException",
            "System.Management.Automation.CommandNotFoundException",
        );
        record.category = format!("ObjectNotFound: ({name}:String) [], CommandNotFoundException");
        name.clone_into(&mut record.command);
        self.report(record, None)
    }

    /// An error that ends the script or not, as `-ErrorAction` and `$ErrorActionPreference` say.
    pub(super) fn report(&mut self, error: ErrorRecord, action: Option<&str>) -> Result<(), Flow> {
        self.set("?", Value::Bool(false));
        let preference = self.get("erroractionpreference").text();
        match action.unwrap_or(&preference).to_lowercase().as_str() {
            "silentlycontinue" | "ignore" | "0" | "4" => Ok(()),
            "stop" | "1" => Err(error.into()),
            _ => {
                self.process.stderr.text(&error.shown());
                Ok(())
            }
        }
    }

    /// A script file: `exit` in it ends it, not the caller.
    async fn script(
        &mut self,
        name: &str,
        given: Vec<(String, Value)>,
        args: Vec<Value>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let content = self.process.path(name).and_then(|path| {
            let world = self.process.world();
            world.files.read(&path, &self.process.token).ok().map(|bytes| (path.to_string(), bytes.to_vec()))
        });
        let Some((path, content)) = content else {
            let mut record = ErrorRecord::new(
                format!(
                    "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
                ),
                "CommandNotFoundException",
                "System.Management.Automation.CommandNotFoundException",
            );
            record.category = format!("ObjectNotFound: ({name}:String) [], CommandNotFoundException");
            return Err(record.into());
        };
        let source = Source::new(&super::members::decoded(&content, self.process.page()), Some(path.clone()));
        if let Some(error) = self.parse_error(&source) {
            return Err(error.into());
        }
        let block = Block { range: 0..source.text.len(), source };
        self.scripts.push(path);
        let ended = self.invoke(&block, given, args, out).await;
        self.scripts.pop();
        match ended {
            Err(Flow::Exit(code)) => {
                self.set("global:lastexitcode", Value::Int(code));
                self.set("?", Value::Bool(code == 0));
                Ok(())
            }
            other => other,
        }
    }

    fn redirect(&mut self, name: &str, text: &str, append: bool) -> Result<(), Flow> {
        // Windows PowerShell writes UTF-16.
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let old = if append { self.file_bytes("Open", name).unwrap_or_default() } else { Vec::new() };
        let head = if old.is_empty() { b"\xFF\xFE".to_vec() } else { old };
        self.write_bytes("Open", name, [head, units].concat()).map_err(Flow::from)
    }

    /// The words behind a command's name.
    async fn words(
        &mut self,
        node: Node<'_>,
        source: &Arc<Source>,
    ) -> Result<(Vec<Word>, Vec<Redirection>), Flow> {
        let mut words: Vec<Word> = Vec::new();
        let mut redirections = Vec::new();
        let Some(elements) = node.child_by_field_name("command_elements") else {
            return Ok((words, redirections));
        };
        let mut end = 0;
        let mut comma = false;
        for part in flat(elements) {
            let text = source.of(part);
            match part.kind() {
                "command_argument_sep" | " " | ":" => continue,
                "," => {
                    comma = true;
                    continue;
                }
                "redirection" => {
                    redirections.push(self.redirection(part, source).await?);
                    continue;
                }
                "command_parameter" => words.push(Word::Option(text.to_owned())),
                // `2>$null`, which the grammar takes for a word.
                "generic_token" if is_redirection(text) => redirections.push(self.glued(text)),
                "stop_parsing" => {
                    words.extend(
                        text[3..].split_whitespace().map(|word| Word::Argument(word.into(), word.to_owned())),
                    );
                }
                _ => {
                    let value = if part.kind() == "generic_token" {
                        bare(text)
                    } else {
                        self.expression(part, source).await?
                    };
                    let touches = end == part.start_byte() && end > 0;
                    match words.last_mut() {
                        Some(Word::Argument(last, _)) if comma => {
                            let mut items = last.items();
                            items.extend(value.items());
                            *last = Value::array(items);
                        }
                        // `$env:TEMP\a.txt` is one word.
                        Some(Word::Argument(last, written)) if touches => {
                            *last = Value::Text(last.text() + &value.text());
                            written.push_str(text);
                        }
                        _ => words.push(Word::Argument(value, text.to_owned())),
                    }
                    comma = false;
                }
            }
            end = part.end_byte();
        }
        Ok((words, redirections))
    }

    fn glued(&self, text: &str) -> Redirection {
        let stream = text.chars().next().filter(|c| *c != '>').unwrap_or('1');
        let rest = text.trim_start_matches(|c: char| c != '>');
        let name = rest.trim_start_matches('>');
        if name.starts_with('&') {
            return Redirection::Merge(stream);
        }
        let named =
            name.strip_prefix('$').map_or_else(|| name.to_owned(), |variable| self.get(variable).text());
        Redirection::File(stream, named, rest.starts_with(">>"))
    }

    async fn redirection(&mut self, node: Node<'_>, source: &Arc<Source>) -> Result<Redirection, Flow> {
        let operator = children(node).first().map(|first| source.of(*first).to_owned()).unwrap_or_default();
        let stream = operator.chars().next().filter(|c| *c != '>').unwrap_or('1');
        if operator.contains('&') {
            return Ok(Redirection::Merge(stream));
        }
        let name = match child(node, "redirected_file_name") {
            Some(name) => {
                let parts: Vec<Node<'_>> = flat(name)
                    .into_iter()
                    .filter(|part| part.is_named() && part.kind() != "command_argument_sep")
                    .collect();
                match parts.first() {
                    Some(part) if part.kind() == "generic_token" => source.of(*part).to_owned(),
                    Some(part) => self.expression(*part, source).await?.text(),
                    None => String::new(),
                }
            }
            None => String::new(),
        };
        Ok(Redirection::File(stream, name, operator.contains(">>")))
    }
}

enum Redirection {
    Merge(char),
    File(char, String, bool),
}

fn is_redirection(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*');
    rest.starts_with('>') && text.len() - rest.len() < 2
}

/// The elements, without the nodes that only hold others.
fn flat(node: Node<'_>) -> Vec<Node<'_>> {
    children(node)
        .into_iter()
        .flat_map(|part| match part.kind() {
            "command_argument_sep" if part.named_child_count() > 0 => flat(part),
            _ => vec![part],
        })
        .collect()
}

/// A word without quotes.
fn bare(text: &str) -> Value {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() && !text.contains(['\\', ':', '-']) {
        return number(text);
    }
    text.replace('`', "").into()
}

/// Options with the argument behind each, and the rest.
fn split(words: Vec<Word>) -> (Vec<(String, Value)>, Vec<Value>) {
    let (mut given, mut args) = (Vec::new(), Vec::new());
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        match word {
            Word::Option(name) => {
                let value = match words.peek() {
                    Some(Word::Argument(..)) => match words.next() {
                        Some(Word::Argument(value, _)) => value,
                        _ => Value::Null,
                    },
                    _ => Value::Bool(true),
                };
                given.push((name.trim_start_matches('-').trim_end_matches(':').to_owned(), value));
            }
            Word::Argument(value, _) => args.push(value),
        }
    }
    (given, args)
}

/// Binds the words of a cmdlet to its parameters.
fn bind(name: &'static str, spec: &str, words: Vec<Word>, input: Option<Vec<Value>>) -> Result<Call, Flow> {
    let wrong = |message: String, id: &str| {
        let mut record = ErrorRecord::of_command(message, id, "InvalidArgument", "", name);
        record.exception = "System.Management.Automation.ParameterBindingException";
        Flow::from(record)
    };
    let all: Vec<&str> = spec.split_whitespace().chain(COMMON.split_whitespace()).collect();
    let plain = |parameter: &str| parameter.trim_end_matches(['@', '!']).to_owned();
    let mut call = Call { name, given: Vec::new(), input };
    let mut words = words.into_iter();
    let mut rest = Vec::new();
    while let Some(word) = words.next() {
        match word {
            Word::Argument(value, _) => rest.push(value),
            Word::Option(written) => {
                let (option, tail) = written.split_once(':').unwrap_or((&written, ""));
                let option = option.trim_start_matches('-').to_lowercase();
                let exact = all.iter().find(|own| plain(own).to_lowercase() == option);
                let fitting: Vec<&&str> =
                    all.iter().filter(|own| plain(own).to_lowercase().starts_with(&option)).collect();
                let Some(parameter) = exact.or_else(|| fitting.first().copied()) else {
                    return Err(wrong(
                        format!("A parameter cannot be found that matches parameter name '{option}'."),
                        "NamedParameterNotFound",
                    ));
                };
                if exact.is_none() && fitting.len() > 1 {
                    return Err(wrong(
                        format!(
                            "Parameter cannot be processed because the parameter name '{option}' is ambiguous."
                        ),
                        "AmbiguousParameter",
                    ));
                }
                let value = if parameter.ends_with('!') {
                    Value::Bool(!tail.eq_ignore_ascii_case("$false"))
                } else if tail.is_empty() {
                    match words.next() {
                        Some(Word::Argument(value, _)) => value,
                        _ => {
                            return Err(wrong(
                                format!(
                                    "Missing an argument for parameter '{}'. Specify a parameter of the right type and try again.",
                                    plain(parameter)
                                ),
                                "MissingArgument",
                            ));
                        }
                    }
                } else {
                    tail.into()
                };
                call.given.push((plain(parameter), value));
            }
        }
    }
    let open: Vec<String> = spec
        .split_whitespace()
        .filter(|own| own.ends_with('@'))
        .map(plain)
        .filter(|own| call.value(own).is_none())
        .collect();
    let free = matches!(name, "Write-Output" | "Write-Host");
    for (index, value) in rest.into_iter().enumerate() {
        match open.get(index) {
            Some(parameter) => call.given.push((parameter.clone(), value)),
            None if free => {
                if let Some((_, last)) = call.given.last_mut() {
                    let mut items = last.items();
                    items.extend(value.items());
                    *last = Value::array(items);
                }
            }
            None => {
                return Err(wrong(
                    format!(
                        "A positional parameter cannot be found that accepts argument '{}'.",
                        value.text()
                    ),
                    "PositionalParameterNotFound",
                ));
            }
        }
    }
    Ok(call)
}

/// Whether there is a cmdlet of this name.
pub(super) fn is_cmdlet(name: &str) -> bool {
    CMDLETS.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
}
