//! Cmdlets over what flows through a pipeline, and the dispatch of all.

use super::Shell;
use super::commands::Call;
use super::failure::{ErrorRecord, Flow};
use super::format;
use super::members::member;
use super::operators::binary;
use super::value::{Thing, Value};
use crate::sim::conhost::Interrupted;

/// A text that is not shown.
pub(super) const SECURE_STRING: &str = "System.Security.SecureString";
/// The member that holds it; no script can name it.
pub(super) const SECRET: &str = "\0";

impl Shell {
    /// A line of the console, shown as it is typed or as stars; from a file, a line of it.
    async fn ask(&self, prompt: &str, hidden: bool) -> Result<Value, Interrupted> {
        self.process.stdout.text(prompt);
        let mut typed = String::new();
        if self.process.stdin.is_console() {
            loop {
                match self.process.console.read_key().await? {
                    '\r' => break,
                    '\u{8}' if typed.pop().is_some() => self.process.stdout.text("\u{8} \u{8}"),
                    '\u{8}' => {}
                    key => {
                        typed.push(key);
                        let shown = if hidden { '*' } else { key };
                        self.process.stdout.text(shown.encode_utf8(&mut [0; 4]));
                    }
                }
            }
        } else {
            typed = self.process.stdin.line(self.process.page()).await?.unwrap_or_default();
        }
        self.process.stdout.text("\r\n");
        Ok(if hidden { Thing::value(SECURE_STRING, vec![(SECRET, typed.into())]) } else { typed.into() })
    }

    /// Runs a cmdlet.
    pub(super) async fn cmdlet(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        match call.name {
            "ForEach-Object" => self.for_each(call, out).await,
            "Where-Object" => self.filter(call, out).await,
            "Select-Object" => Ok(select(call, out)),
            "Sort-Object" => Ok(sort(call, out)),
            "Group-Object" => Ok(group(call, out)),
            "Measure-Object" => Ok(measure(call, out)),
            "Select-String" => self.select_string(call, out),
            "Out-Null" | "Clear-Host" | "Import-Module" | "Remove-Module" | "Set-StrictMode"
            | "Remove-Variable" => {
                if call.name == "Import-Module" && !call.texts("Name").iter().all(|name| is_module(name)) {
                    let name = call.text("Name").unwrap_or_default();
                    let message = format!(
                        "The specified module '{name}' was not loaded because no valid module file was found in any module directory."
                    );
                    return Err(call
                        .error(message, "Modules_ModuleNotFound", "ResourceUnavailable", &name)
                        .into());
                }
                Ok(())
            }
            "Out-String" => {
                let width = call.value("Width").and_then(|width| width.int()).unwrap_or(120).max(2) as usize;
                let items = call.value("InputObject").map_or_else(|| call.items(), |value| value.items());
                let lines = format::lines(&items, width);
                if call.has("Stream") {
                    out.extend(lines.into_iter().map(Value::from));
                } else {
                    out.push(lines.iter().map(|line| format!("{line}\r\n")).collect::<String>().into());
                }
                Ok(())
            }
            "Out-Host" => {
                for line in format::lines(&call.items(), 120) {
                    self.process.stdout.line(&line);
                }
                Ok(())
            }
            "Format-List" => Ok(
                out.extend(format::list(&call.items(), &call.texts("Property")).into_iter().map(Value::from))
            ),
            "Format-Table" => Ok(out.extend(
                format::table_of(&call.items(), &call.texts("Property")).into_iter().map(Value::from),
            )),
            "Write-Output" => {
                let given = call.value("InputObject").map_or_else(|| call.items(), |value| value.items());
                Ok(out.extend(given))
            }
            "Write-Host" => {
                let text = call.value("Object").map(|value| value.text()).unwrap_or_default();
                let record = ("Message", Value::from(text.as_str()));
                self.told('6', "System.Management.Automation.InformationRecord", record, &text, out);
                Ok(())
            }
            "Write-Warning" => {
                let text = call.text("Message").unwrap_or_default();
                let quiet = self.get("warningpreference").text().eq_ignore_ascii_case("SilentlyContinue");
                if !quiet {
                    let record = ("Message", Value::from(text.as_str()));
                    let shown = format!("WARNING: {text}");
                    self.told('3', "System.Management.Automation.WarningRecord", record, &shown, out);
                }
                Ok(())
            }
            "Write-Verbose" => Ok(()),
            "Write-Error" => {
                let text = call.text("Message").unwrap_or_default();
                let mut record = call.error(text, "WriteErrorException", "NotSpecified", "");
                "Microsoft.PowerShell.Commands.WriteErrorException".clone_into(&mut record.id);
                Err(record.into())
            }
            "Read-Host" if self.interactive => {
                let prompt = call.text("Prompt").map(|text| format!("{text}: ")).unwrap_or_default();
                out.push(self.ask(&prompt, call.has("AsSecureString")).await.map_err(|_| Flow::Interrupted)?);
                Ok(())
            }
            "Read-Host" => {
                let message = "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.";
                Err(call.error(message, "InvalidOperation", "InvalidOperation", "").into())
            }
            "Get-Variable" => {
                let name = call.text("Name").unwrap_or_default();
                let value = self.get(&name);
                out.push(if call.has("ValueOnly") {
                    value
                } else {
                    Thing::value(
                        "System.Management.Automation.PSVariable",
                        vec![("Name", name.into()), ("Value", value)],
                    )
                });
                Ok(())
            }
            "Set-Variable" => {
                Ok(self
                    .set(&call.text("Name").unwrap_or_default(), call.value("Value").unwrap_or(Value::Null)))
            }
            "Get-Member" => Ok(()),
            "Get-Command" => self.get_command(call, out),
            "Invoke-Expression" => {
                let source = super::source::Source::new(&call.text("Command").unwrap_or_default(), None);
                if let Some(error) = self.parse_error(&source) {
                    return Err(error.into());
                }
                let block = super::value::Block { range: 0..source.text.len(), source };
                self.in_scope(&block, Vec::new(), Vec::new(), out).await
            }
            "New-Object" => {
                let args = call.value("ArgumentList").map(|args| args.items()).unwrap_or_default();
                let made = self.new_object(&call.text("TypeName").unwrap_or_default(), &args)?;
                if let (Value::Thing(thing), Some(Value::Map(map))) = (&made, call.value("Property")) {
                    thing.lock().extend(map.lock().clone());
                }
                out.push(made);
                Ok(())
            }
            "ConvertTo-Json" => {
                let items = call.value("InputObject").map_or_else(|| call.items(), |value| value.items());
                let made: Vec<serde_json::Value> = items.iter().map(json).collect();
                let value = if made.len() == 1 { made[0].clone() } else { serde_json::Value::Array(made) };
                let text = if call.has("Compress") {
                    value.to_string()
                } else {
                    serde_json::to_string_pretty(&value).unwrap_or_default().replace('\n', "\r\n")
                };
                out.push(text.into());
                Ok(())
            }
            "Join-Path" => {
                let path = call.text("Path").unwrap_or_default();
                let below = call.text("ChildPath").unwrap_or_default();
                Ok(out.push(
                    format!("{}\\{}", path.trim_end_matches('\\'), below.trim_start_matches('\\')).into(),
                ))
            }
            "Split-Path" => {
                let path = call.text("Path").unwrap_or_default();
                let (above, leaf) = path.rsplit_once('\\').unwrap_or(("", &path));
                Ok(out.push(if call.has("Leaf") { leaf.into() } else { above.into() }))
            }
            "Get-Date" => {
                let wall = self.process.world().wall_time();
                let date = Thing::value(
                    "System.DateTime",
                    vec![
                        ("Name", wall.strftime("%m/%d/%Y %H:%M:%S").to_string().into()),
                        ("Wall", wall.to_string().into()),
                        ("Year", Value::Int(i64::from(wall.to_zoned(jiff::tz::TimeZone::UTC).year()))),
                        ("Ticks", Value::Int(wall.as_second())),
                    ],
                );
                out.push(match call.text("Format") {
                    Some(form) => self.call(&date, "ToString", &[form.into()])?,
                    None => date,
                });
                Ok(())
            }
            "Start-Sleep" => {
                let seconds = call.value("Seconds").and_then(|value| value.real()).unwrap_or(0.0);
                let millis = call.value("Milliseconds").and_then(|value| value.int()).unwrap_or(0);
                let span = std::time::Duration::from_secs_f64(seconds.max(0.0))
                    + std::time::Duration::from_millis(millis.max(0) as u64);
                self.process.console.sleep(span).await.map_err(|_| Flow::Interrupted)
            }
            "Get-Location" => Ok(out.push(Thing::value(
                "System.Management.Automation.PathInfo",
                vec![("Path", self.get("pwd"))],
            ))),
            name if name.contains("Service") => Box::pin(self.service_cmdlet(call, out)).await,
            name if name.contains("Content") || matches!(name, "Out-File" | "Get-FileHash" | "Copy-Item") => {
                self.file_cmdlet(call, out)
            }
            name if name.contains("NetFirewallRule") => self.firewall_cmdlet(call, out),
            _ => self.item_cmdlet(call, out),
        }
    }

    /// What goes to the host, unless its stream was merged into the pipeline.
    fn told(
        &self,
        stream: char,
        kind: &'static str,
        record: (&str, Value),
        shown: &str,
        out: &mut Vec<Value>,
    ) {
        if self.merged.contains(&stream) || self.merged.contains(&'*') {
            out.push(Thing::value(kind, vec![record]));
        } else {
            self.process.stdout.line(shown);
        }
    }

    async fn for_each(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let before = self.get("_");
        if let Some(Value::Script(block)) = call.value("Begin") {
            self.in_scope(&block, Vec::new(), Vec::new(), out).await?;
        }
        for item in call.items() {
            match call.value("Process") {
                Some(Value::Script(block)) => {
                    self.set("_", item);
                    match Box::pin(self.in_scope(&block, Vec::new(), Vec::new(), out)).await {
                        Ok(()) | Err(Flow::Return | Flow::Continue) => {}
                        Err(other) => return Err(other),
                    }
                }
                Some(name) => out.extend(member(&item, &name.text()).items()),
                None => {}
            }
        }
        if let Some(Value::Script(block)) = call.value("End") {
            self.in_scope(&block, Vec::new(), Vec::new(), out).await?;
        }
        self.set("_", before);
        Ok(())
    }

    async fn filter(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let before = self.get("_");
        for item in call.items() {
            let kept = match call.value("FilterScript") {
                Some(Value::Script(block)) => {
                    self.set("_", item.clone());
                    let mut said = Vec::new();
                    Box::pin(self.in_scope(&block, Vec::new(), Vec::new(), &mut said)).await?;
                    Value::of(said).truth()
                }
                name => {
                    let name =
                        name.or_else(|| call.value("Property")).map(|name| name.text()).unwrap_or_default();
                    let own = member(&item, &name);
                    let asked = ["EQ", "NE", "Match", "Like", "GT", "LT"].into_iter().find_map(|operator| {
                        call.value(operator).map(|value| (format!("-{operator}"), value))
                    });
                    match asked {
                        Some((operator, value)) => binary(&operator, &own, &value)?.0.truth(),
                        None => own.truth(),
                    }
                }
            };
            if kept {
                out.push(item);
            }
        }
        self.set("_", before);
        Ok(())
    }

    fn select_string(&self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let mut lines: Vec<String> = call
            .items()
            .iter()
            .flat_map(|item| item.text().lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        for path in call.texts("Path") {
            let text = super::members::decoded(&self.file_bytes("Open", &path)?, self.process.page());
            lines.extend(text.lines().map(str::to_owned));
        }
        let patterns = call.texts("Pattern");
        let mut found = false;
        for (index, line) in lines.iter().enumerate() {
            let fits = patterns.iter().map(|pattern| {
                if call.has("SimpleMatch") {
                    Ok(line.to_lowercase().contains(&pattern.to_lowercase()))
                } else {
                    binary("-match", &line.as_str().into(), &pattern.as_str().into())
                        .map(|(value, _)| value.truth())
                }
            });
            let fits: Result<Vec<bool>, ErrorRecord> = fits.collect();
            if fits?.contains(&true) {
                found = true;
                if !call.has("Quiet") {
                    out.push(Thing::value(
                        "Microsoft.PowerShell.Commands.MatchInfo",
                        vec![("Line", line.as_str().into()), ("LineNumber", Value::Int(index as i64 + 1))],
                    ));
                }
            }
        }
        if call.has("Quiet") {
            out.push(Value::Bool(found));
        }
        Ok(())
    }

    fn get_command(&self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        for name in call.texts("Name") {
            let known =
                super::commands::is_cmdlet(&name) || self.functions.contains_key(&name.to_lowercase());
            if !known {
                let message = format!(
                    "The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
                );
                return Err(call.error(message, "CommandNotFoundException", "ObjectNotFound", &name).into());
            }
            out.push(Thing::value(
                "System.Management.Automation.CmdletInfo",
                vec![("CommandType", "Cmdlet".into()), ("Name", name.into())],
            ));
        }
        Ok(())
    }
}

/// invented: modules that are there without being looked for.
fn is_module(name: &str) -> bool {
    [
        "pki",
        "netsecurity",
        "psreadline",
        "microsoft.powershell.utility",
        "microsoft.powershell.management",
        "nettcpip",
    ]
    .contains(&name.to_lowercase().as_str())
}

fn select(call: &Call, out: &mut Vec<Value>) {
    let mut items = call.items();
    let count =
        |name: &str| call.value(name).and_then(|value| value.int()).map(|number| number.max(0) as usize);
    if let Some(skip) = count("Skip") {
        items.drain(..skip.min(items.len()));
    }
    if let Some(first) = count("First") {
        items.truncate(first);
    }
    if let Some(last) = count("Last") {
        items.drain(..items.len().saturating_sub(last));
    }
    let properties = call.texts("Property");
    for item in items {
        let made = if let Some(name) = call.text("ExpandProperty") {
            member(&item, &name)
        } else if properties.is_empty() {
            item
        } else {
            Thing::value(
                "System.Management.Automation.PSCustomObject",
                properties.iter().map(|name| (name.as_str(), member(&item, name))).collect(),
            )
        };
        if !call.has("Unique") || !out.iter().any(|one| one.equals(&made, false)) {
            out.extend(if call.text("ExpandProperty").is_some() { made.items() } else { vec![made] });
        }
    }
}

fn sort(call: &Call, out: &mut Vec<Value>) {
    let mut items = call.items();
    let names = call.texts("Property");
    let key = |item: &Value| names.first().map_or_else(|| item.clone(), |name| member(item, name));
    items.sort_by(|a, b| key(a).order(&key(b)));
    if call.has("Descending") {
        items.reverse();
    }
    if call.has("Unique") {
        items.dedup_by(|a, b| key(a).equals(&key(b), false));
    }
    out.extend(items);
}

fn group(call: &Call, out: &mut Vec<Value>) {
    let name = call.text("Property").unwrap_or_default();
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    for item in call.items() {
        let key = if name.is_empty() { item.text() } else { member(&item, &name).text() };
        match groups.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(&key)) {
            Some((_, all)) => all.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    out.extend(groups.into_iter().map(|(key, all)| {
        Thing::value(
            "Microsoft.PowerShell.Commands.GroupInfo",
            vec![("Count", Value::Int(all.len() as i64)), ("Name", key.into()), ("Group", Value::array(all))],
        )
    }));
}

fn measure(call: &Call, out: &mut Vec<Value>) {
    let name = call.text("Property");
    let items = call.items();
    let numbers: Vec<f64> = items
        .iter()
        .filter_map(|item| name.as_ref().map_or_else(|| item.clone(), |name| member(item, name)).real())
        .collect();
    let whole = |real: f64| if real.fract() == 0.0 { Value::Int(real as i64) } else { Value::Real(real) };
    let fold = |asked: &str, value: Option<f64>| {
        if call.has(asked) { value.map_or(Value::Null, whole) } else { Value::Null }
    };
    out.push(Thing::value(
        "Microsoft.PowerShell.Commands.GenericMeasureInfo",
        vec![
            ("Count", Value::Int(items.len() as i64)),
            (
                "Average",
                fold(
                    "Average",
                    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64),
                ),
            ),
            ("Sum", fold("Sum", Some(numbers.iter().sum()))),
            ("Maximum", fold("Maximum", numbers.iter().copied().reduce(f64::max))),
            ("Minimum", fold("Minimum", numbers.iter().copied().reduce(f64::min))),
        ],
    ));
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Real(number) => {
            serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into)
        }
        Value::Map(map) => map.lock().iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        Value::Thing(thing) => thing.lock().iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        many if many.is_many() => many.items().iter().map(json).collect(),
        other => other.text().into(),
    }
}
