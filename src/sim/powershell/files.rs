//! Files by their contents.

use sha2::{Digest, Sha256};

use super::Shell;
use super::commands::Call;
use super::failure::Flow;
use super::format;
use super::value::{Thing, Value};
use crate::sim::tools::CodePage;

impl Shell {
    pub(super) fn file_cmdlet(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let mut paths = [call.texts("Path"), call.texts("LiteralPath"), call.texts("FilePath")].concat();
        if paths.is_empty() {
            paths = call.items().iter().map(super::value::Value::text).collect();
        }
        for path in paths {
            let missing = |name: &str| {
                let message = format!("Cannot find path '{name}' because it does not exist.");
                call.error(message, "PathNotFound", "ObjectNotFound", name)
            };
            match call.name {
                "Get-Content" => {
                    let content = self.file_bytes("Open", &path).map_err(|_| missing(&path))?;
                    let text = super::members::decoded(&content, CodePage(1252));
                    if call.has("Raw") {
                        out.push(text.into());
                        continue;
                    }
                    let mut lines: Vec<Value> =
                        text.lines().map(|line| line.trim_end_matches('\r').into()).collect();
                    let count = |name: &str| {
                        call.value(name).and_then(|value| value.int()).map(|number| number.max(0) as usize)
                    };
                    if let Some(first) = count("TotalCount") {
                        lines.truncate(first);
                    }
                    if let Some(last) = count("Tail") {
                        lines.drain(..lines.len().saturating_sub(last));
                    }
                    out.extend(lines);
                }
                "Get-FileHash" => {
                    let content = self.file_bytes("Open", &path).map_err(|_| missing(&path))?;
                    let hash: String =
                        Sha256::digest(content).iter().map(|byte| format!("{byte:02X}")).collect();
                    out.push(Thing::value(
                        "Microsoft.PowerShell.Utility.FileHash",
                        vec![("Algorithm", "SHA256".into()), ("Hash", hash.into()), ("Path", path.into())],
                    ));
                }
                "Copy-Item" => {
                    let content = self.file_bytes("Open", &path).map_err(|_| missing(&path))?;
                    let to = call.text("Destination").unwrap_or_default();
                    let folder =
                        self.process.path(&to).is_some_and(|to| self.process.world().files.is_folder(&to));
                    let name = path.rsplit('\\').next().unwrap_or(&path);
                    let to = if folder { format!("{}\\{name}", to.trim_end_matches('\\')) } else { to };
                    self.write_bytes("Copy", &to, content)?;
                }
                _ => self.write_content(call, &path)?,
            }
        }
        Ok(())
    }

    fn write_content(&mut self, call: &Call, path: &str) -> Result<(), Flow> {
        let values = match call.value("Value") {
            Some(value) => value.items(),
            None => call.items(),
        };
        let lines = if call.name == "Out-File" {
            format::lines(&values, 80)
        } else {
            values.iter().map(Value::text).collect()
        };
        let end = if call.has("NoNewline") { "" } else { "\r\n" };
        let text: String = lines.iter().map(|line| format!("{line}{end}")).collect();
        let encoding = call.text("Encoding").map(|encoding| encoding.to_lowercase());
        let (mark, page): (&[u8], u16) = match (encoding.as_deref(), call.name) {
            (Some("utf8"), _) => (b"\xEF\xBB\xBF", 65001),
            (Some("unicode"), _) | (None, "Out-File") => (b"\xFF\xFE", 1200),
            (Some("ascii"), _) => (b"", 20127),
            (Some("oem"), _) => (b"", self.process.console.code_page()),
            _ => (b"", 1252),
        };
        let appends = call.name == "Add-Content" || call.has("Append");
        let old = if appends { self.file_bytes("Open", path).unwrap_or_default() } else { Vec::new() };
        let head = if old.is_empty() { mark.to_vec() } else { old };
        self.write_bytes("Open", path, [head, CodePage(page).encode(&text)].concat()).map_err(|mut error| {
            call.name.clone_into(&mut error.command);
            error.into()
        })
    }
}
