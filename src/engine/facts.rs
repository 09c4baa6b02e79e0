//! Facts of the machine: read on it, once, when a step first mentions them. Each command only reads, and its answer is
//! taken from numbers and registry values, so that the language of Windows does not matter.

use std::collections::BTreeSet;
use std::time::Duration;

use regex::Regex;

use super::event::{Command, EventKind, Purpose};
use super::failure::Stop;
use super::frame::{Frame, object, values};
use super::operator::{Operator, Outcome};
use super::reopened::Tries;
use super::run::Run;
use crate::script::model::{Mode, Scope, Value};

/// How long a command may take that reads facts.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);

/// A command with the facts that its answer holds.
struct Source {
    names: &'static [&'static str],
    command: &'static str,
    read: fn(code: i32, output: &str) -> Scope,
}

impl Source {
    /// Whether one of its facts is among the names, and it was not read yet.
    fn is_wanted(&self, names: &BTreeSet<String>, learnt: &BTreeSet<&'static str>) -> bool {
        let wanted = |name: &&str| names.iter().any(|used| mentions(used, name));
        self.names.iter().any(wanted) && !learnt.contains(self.names[0])
    }
}

/// The commands that read those of the facts among the names that were not read yet.
pub(super) fn sources(
    names: &BTreeSet<String>,
    learnt: &BTreeSet<&'static str>,
) -> impl Iterator<Item = &'static str> {
    SOURCES.iter().filter(|source| source.is_wanted(names, learnt)).map(|source| source.command)
}

const SOURCES: [Source; 8] = [
    Source {
        names: &["os_name", "os_version", "os_build", "os_release"],
        command: r#"reg query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion""#,
        read: |_, output| version(output),
    },
    Source {
        names: &["language"],
        command: r#"reg query "HKLM\SYSTEM\CurrentControlSet\Control\Nls\Language" /v InstallLanguage"#,
        read: |_, output| {
            one("language", value(output, "InstallLanguage").map(|id| Value::from(language(&id))))
        },
    },
    Source {
        names: &["code_page"],
        command: "chcp",
        read: |_, output| one("code_page", first(output, r"(\d+)\D*$").and_then(|digits| number(&digits))),
    },
    Source {
        names: &["computer_name"],
        command: r#"reg query "HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName" /v ComputerName"#,
        read: |_, output| one("computer_name", value(output, "ComputerName").map(Value::from)),
    },
    Source {
        names: &["control_set"],
        command: r#"reg query "HKLM\SYSTEM\Select" /v Current"#,
        read: |_, output| {
            let current = value(output, "Current").and_then(|text| hexadecimal(&text));
            one("control_set", current.map(|number| Value::from(format!("ControlSet{number:03}"))))
        },
    },
    Source {
        names: &["rdp_port"],
        command: r#"reg query "HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp" /v PortNumber"#,
        read: |_, output| {
            one("rdp_port", value(output, "PortNumber").and_then(|text| hexadecimal(&text)).map(Value::from))
        },
    },
    Source {
        // Only an elevated account may read the key of the LOCAL SERVICE account.
        names: &["elevated"],
        command: r#"reg query "HKU\S-1-5-19""#,
        read: |code, _| one("elevated", Some(Value::from(code == 0))),
    },
    Source {
        names: &["system_drive", "disk_letters"],
        command: "echo %SystemDrive%& fsutil fsinfo drives",
        read: |_, output| {
            let mut facts = one("system_drive", first(output, r"^([A-Za-z]:)\s*$").map(Value::from));
            let letters = Regex::new(r"\b([A-Z]):\\").ok();
            let letters: Vec<String> = letters
                .iter()
                .flat_map(|r| r.captures_iter(output))
                .map(|found| found[1].to_owned())
                .collect();
            let letters = Some(letters).filter(|letters| !letters.is_empty());
            facts.extend(one("disk_letters", letters.map(Value::from)));
            facts
        },
    },
];

impl<O: Operator> Run<'_, O> {
    /// Reads those facts that are mentioned and were not read yet.
    pub(super) async fn learn(&mut self, names: &BTreeSet<String>) -> Result<(), Stop> {
        for source in &SOURCES {
            if !source.is_wanted(names, &self.learnt) {
                continue;
            }
            if let Some(lost) = &self.lost {
                return Err(Stop::Failed(lost.clone().into()));
            }
            let timeout_ms = self.allowed(TIMEOUT)?.as_millis() as u64;
            let text = source.command.to_owned();
            let command = Command { mode: Mode::Cmd, text, codes: Vec::new(), timeout_ms };
            let outcome = self.read_fact(&command).await?;
            self.learnt.insert(source.names[0]);
            let found = (source.read)(outcome.code, &outcome.output);
            let facts = values(&found);
            self.facts.extend(found);
            self.narrator.tell(EventKind::FactsRead { command, code: outcome.code, facts })?;
            self.same_machine(None).await?;
        }
        Ok(())
    }

    async fn read_fact(&mut self, command: &Command) -> Result<Outcome, Stop> {
        let mut tries = Tries::first();
        loop {
            let error = match self.type_command(Purpose::Look, command, 0).await? {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            if self.calls_again(&error, &mut tries).await? {
                continue;
            }
            if error.kind.ends_session() {
                self.lost = Some(error.clone());
            }
            return Err(Stop::Failed(error.into()));
        }
    }

    /// What a step sees before it did anything.
    pub(super) fn scope(&self, frame: &Frame) -> Scope {
        let mut scope = frame.scope();
        scope.insert("facts".to_owned(), self.known_facts());
        scope
    }

    /// The facts as one value.
    pub(super) fn known_facts(&self) -> Value {
        object(&self.facts)
    }
}

/// `facts.NAME`, or `facts` as a whole.
fn mentions(used: &str, name: &str) -> bool {
    used == "facts" || used.strip_prefix("facts.") == Some(name)
}

fn one(name: &str, value: Option<Value>) -> Scope {
    value.map(|value| (name.to_owned(), value)).into_iter().collect()
}

fn version(output: &str) -> Scope {
    let dword = |name: &str| value(output, name).and_then(|text| hexadecimal(&text));
    let build = value(output, "CurrentBuild").or_else(|| value(output, "CurrentBuildNumber"));
    let kernel = match (dword("CurrentMajorVersionNumber"), dword("CurrentMinorVersionNumber")) {
        (Some(major), Some(minor)) => Some(format!("{major}.{minor}")),
        // Before Windows 10.
        _ => value(output, "CurrentVersion"),
    };
    let version = kernel.zip(build.as_ref()).map(|(kernel, build)| format!("{kernel}.{build}"));
    let mut facts = one("os_name", value(output, "ProductName").map(Value::from));
    facts.extend(one("os_version", version.map(Value::from)));
    facts.extend(one("os_build", build.and_then(|build| number(&build))));
    facts.extend(one("os_release", dword("UBR").map(Value::from)));
    facts
}

/// The data of a value as `reg query` prints it.
fn value(output: &str, name: &str) -> Option<String> {
    first(output, &format!(r"^\s+{name}\s+REG_\w+\s+(\S[^\r\n]*?)\s*$"))
}

fn first(output: &str, pattern: &str) -> Option<String> {
    let pattern = regex::RegexBuilder::new(pattern).multi_line(true).crlf(true).build().ok()?;
    pattern.captures(output).map(|found| found[1].to_owned())
}

fn number(digits: &str) -> Option<Value> {
    digits.parse::<i64>().ok().map(Value::from)
}

fn hexadecimal(text: &str) -> Option<i64> {
    i64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// The name of a language by its number, as Windows Server ships ([MS-LCID]).
fn language(id: &str) -> String {
    let known = [
        ("0404", "zh-TW"),
        ("0405", "cs-CZ"),
        ("0407", "de-DE"),
        ("0409", "en-US"),
        ("040a", "es-ES"),
        ("0c0a", "es-ES"),
        ("040c", "fr-FR"),
        ("040e", "hu-HU"),
        ("0410", "it-IT"),
        ("0411", "ja-JP"),
        ("0412", "ko-KR"),
        ("0413", "nl-NL"),
        ("0415", "pl-PL"),
        ("0416", "pt-BR"),
        ("0419", "ru-RU"),
        ("041d", "sv-SE"),
        ("041f", "tr-TR"),
        ("0804", "zh-CN"),
        ("0809", "en-GB"),
        ("0816", "pt-PT"),
    ];
    let id = id.to_lowercase();
    known
        .iter()
        .find(|(number, _)| *number == id)
        .map_or_else(|| format!("0x{id}"), |(_, tag)| (*tag).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::model::FACTS;

    #[test]
    fn every_fact_has_one_source() {
        let mut sources: Vec<&str> = SOURCES.iter().flat_map(|source| source.names).copied().collect();
        sources.push("run");
        sources.sort_unstable();
        let mut known: Vec<&str> = FACTS.iter().map(|fact| fact.name).collect();
        known.sort_unstable();
        assert_eq!(sources, known);
    }

    #[test]
    fn versions_old_and_new() {
        let new = "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\…\r\n    CurrentBuild    REG_SZ    17763\r\n    \
                   CurrentMajorVersionNumber    REG_DWORD    0xa\r\n    CurrentMinorVersionNumber    REG_DWORD    0x0\r\n    \
                   CurrentVersion    REG_SZ    6.3\r\n    ProductName    REG_SZ    Windows Server 2019 Datacenter\r\n    \
                   UBR    REG_DWORD    0xfaa\r\n";
        let facts = version(new);
        assert_eq!(facts["os_version"], Value::from("10.0.17763"));
        assert_eq!(facts["os_build"], Value::from(17763));
        assert_eq!(facts["os_release"], Value::from(4010));
        assert_eq!(facts["os_name"], Value::from("Windows Server 2019 Datacenter"));
        let old = "    CurrentVersion    REG_SZ    6.3\r\n    CurrentBuild    REG_SZ    9600\r\n";
        assert_eq!(version(old)["os_version"], Value::from("6.3.9600"));
        assert!(version("").is_empty());
    }

    #[test]
    fn answers_in_any_language() {
        for (names, code, output, expected) in [
            ("code_page", 0, "Aktive Codepage: 850.\r\n", "{\"code_page\":850}"),
            ("language", 0, "    InstallLanguage    REG_SZ    0407\r\n", "{\"language\":\"de-DE\"}"),
            ("language", 0, "    InstallLanguage    REG_SZ    0C3B\r\n", "{\"language\":\"0x0c3b\"}"),
            ("control_set", 0, "    Current    REG_DWORD    0x2\r\n", "{\"control_set\":\"ControlSet002\"}"),
            ("rdp_port", 0, "    PortNumber    REG_DWORD    0xd3d\r\n", "{\"rdp_port\":3389}"),
            ("rdp_port", 1, "ERROR: …\r\n", "{}"),
            ("elevated", 1, "", "{\"elevated\":false}"),
            (
                "system_drive",
                0,
                "C:\r\n\r\nLaufwerke: C:\\ D:\\ \r\n",
                "{\"disk_letters\":[\"C\",\"D\"],\"system_drive\":\"C:\"}",
            ),
        ] {
            let source = SOURCES.iter().find(|source| source.names.contains(&names)).unwrap();
            let found = serde_json::to_string(&values(&(source.read)(code, output))).unwrap();
            assert_eq!(found, expected, "{output}");
        }
    }
}
