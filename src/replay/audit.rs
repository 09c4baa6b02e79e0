//! What in a recording should not be passed on: secrets, and data about people and machines.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::Value;

use super::text::Text;
use crate::recording::{Event, Kind};

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// What it is.
    pub what: &'static str,
    /// Whether it lets somebody in.
    pub secret: bool,
    /// The text, of a secret only its beginning.
    pub text: String,
    /// How often it was seen.
    pub times: usize,
}

const ACCOUNT: &str = "domain account";

/// What is looked for: its name, whether it is a secret, and a pattern.
const WANTED: [(&str, bool, &str); 16] = [
    ("private key", true, r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    ("token (JWT)", true, r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    ("BitLocker recovery password", true, r"\b(?:\d{6}-){7}\d{6}\b"),
    ("product key", true, r"\b(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}\b"),
    ("password in a command", true, r"(?i)\b(?:pass(?:word|wd)?|pwd)\s*[:=]\s*[^\s*:]{3,}"),
    (
        "password of net user",
        true,
        r#"(?i)\bnet1?\s+user\s+(?:\^?"[^"\r\n]+"|[^\s"&|<>]+)\s+(?:\^?"[^"*\r\n]{3,}"|[^\s/*"^&|<>)][^\s"&|<>]{2,})"#,
    ),
    (
        "password of net use",
        true,
        r#"(?i)\bnet1?\s+use\s+(?:[a-z*]:?\s+)?\^?"?\\\\[^\s"]+"?\s+(?:\^?"[^"*\r\n]{3,}"|[^\s/*"^&|<>)][^\s"&|<>]{2,})"#,
    ),
    ("password of a task", true, r"(?i)\bschtasks\b[^\r\n]*\s/rp\s+[^\s*/]{3,}"),
    ("password of an automatic login", true, r"(?i)\bDefaultPassword\s+REG_SZ[ \t]+[^\s*]+"),
    (
        "password as a secure string",
        true,
        r#"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?['"][^'"\r\n*]{3,}['"]"#,
    ),
    ("account", false, r"(?m)^Username: *\S+"),
    (
        ACCOUNT,
        false,
        r#"(?m)(?:^|[\s"':=(])(?:NT )?[A-Z][A-Z0-9-]{1,14}\\[A-Za-z][A-Za-z0-9._-]{1,30}(?:$|[\s"',;:)])"#,
    ),
    ("mail address", false, r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b"),
    ("security identifier", false, r"\bS-1-5-21(?:-\d{4,}){3,4}\b"),
    ("network address", false, r"\b(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b"),
    ("computer name", false, r"<name>[^<\r\n]+</name>"),
];

/// Addresses and accounts that every machine has.
const HARMLESS: [&str; 12] = [
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "255.255.255.0",
    "BUILTIN\\",
    "AUTHORITY\\",
    "NT AUTHORITY\\",
    "NT SERVICE\\",
    "HKLM\\",
    "HKCU\\",
    "HKU\\",
    "HKCR\\",
];

/// Looks through a recording.
pub struct Audit {
    patterns: Vec<(&'static str, bool, Regex)>,
    base64: Regex,
    text: Text,
    pending: String,
    typed: String,
    found: BTreeMap<(bool, &'static str, String), usize>,
    secrets: BTreeSet<String>,
}

impl Default for Audit {
    fn default() -> Self {
        let compile = |pattern: &str| Regex::new(pattern).ok();
        Self {
            patterns: WANTED
                .iter()
                .filter_map(|(what, secret, pattern)| Some((*what, *secret, compile(pattern)?)))
                .collect(),
            base64: compile(r"(?m)^\d+:([A-Za-z0-9+/]{4,}={0,2})$").unwrap_or_else(never),
            text: Text::default(),
            pending: String::new(),
            typed: String::new(),
            found: BTreeMap::new(),
            secrets: BTreeSet::new(),
        }
    }
}

impl Audit {
    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        match &event.kind {
            Kind::Output(_) => {
                let mut pending = std::mem::take(&mut self.pending);
                self.text.add(event, &mut pending);
                self.pending = pending;
                self.look_at_whole_lines();
            }
            Kind::Input(bytes) => {
                self.typed.push_str(&String::from_utf8_lossy(bytes));
                if let Some(end) = self.typed.rfind(['\r', '\n']) {
                    let lines: String = self.typed.drain(..=end).collect();
                    self.look(&lines);
                }
            }
            Kind::Mark(text) => self.look(text),
            Kind::Told(json) => match serde_json::from_str(json) {
                Ok(event) => self.look_inside(&event),
                Err(_) => self.look(json),
            },
            Kind::Other { data, .. } => self.look(data),
        }
    }

    /// The secrets that were found, whole: to hide them.
    pub fn secrets(mut self) -> Vec<String> {
        self.look_at_the_rest();
        self.secrets.into_iter().collect()
    }

    fn look_at_the_rest(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        self.look(&rest);
        let typed = std::mem::take(&mut self.typed);
        self.look(&typed);
    }

    /// Everything that was found: secrets first.
    pub fn finish(mut self) -> Vec<Exposed> {
        self.look_at_the_rest();
        let exposed = |((harmless, what, text), times): ((bool, &'static str, String), usize)| Exposed {
            what,
            secret: !harmless,
            text,
            times,
        };
        self.found.into_iter().map(exposed).collect()
    }

    fn look_at_whole_lines(&mut self) {
        // A page of base64 is decoded as a whole, so a few lines are kept together.
        if self.pending.len() < 16 * 1024 {
            return;
        }
        if let Some(end) = self.pending.rfind('\n') {
            let lines: String = self.pending.drain(..=end).collect();
            self.look(&lines);
        }
    }

    /// The texts of an event, each on its own, without the escapes of JSON.
    fn look_inside(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.look(text),
            Value::Array(values) => values.iter().for_each(|value| self.look_inside(value)),
            Value::Object(members) => members.values().for_each(|value| self.look_inside(value)),
            _ => {}
        }
    }

    fn look(&mut self, text: &str) {
        self.look_plainly(text);
        let encoded: String =
            self.base64.captures_iter(text).filter_map(|found| found.get(1)).map(|m| m.as_str()).collect();
        if encoded.len() >= 4
            && let Ok(bytes) = STANDARD.decode(&encoded)
        {
            self.look_plainly(&String::from_utf8_lossy(&bytes));
        }
    }

    fn look_plainly(&mut self, text: &str) {
        for (what, secret, pattern) in &self.patterns {
            for found in pattern.find_iter(text) {
                let before = &text[..found.start() + usize::from(found.as_str().starts_with(' '))];
                if *what == ACCOUNT && is_inside_a_key(before) {
                    continue;
                }
                let found = found
                    .as_str()
                    .trim_matches(['"', '\'', ',', ';', ':', '(', ')', '=', ' ', '\t', '\r', '\n']);
                if HARMLESS.iter().any(|harmless| found.starts_with(harmless)) {
                    continue;
                }
                if *secret {
                    self.secrets.insert(found.to_owned());
                }
                let shown = if *secret { beginning(found) } else { found.to_owned() };
                *self.found.entry((!secret, what, shown)).or_default() += 1;
            }
        }
    }
}

/// Whether what follows is a part of the path of a registry key: a name in it may hold a blank (`Windows NT\Terminal`).
fn is_inside_a_key(before: &str) -> bool {
    const ROOTS: [&str; 5] = ["HKLM\\", "HKCU\\", "HKCR\\", "HKU\\", "HKEY_"];
    let line = before.rsplit(['\r', '\n', '"', '\'']).next().unwrap_or_default();
    let path = ROOTS.iter().filter_map(|root| line.rfind(root)).max().map(|start| &line[start..]);
    // A switch ends an unquoted path.
    path.is_some_and(|path| before.ends_with(' ') && !path.contains(" /"))
        || before.trim_end().ends_with("\\Windows")
}

/// The first characters: enough to find it, too few to use it.
fn beginning(text: &str) -> String {
    let mut short: String = text.chars().take((text.chars().count() / 2).min(12)).collect();
    short.push('…');
    short
}

/// A pattern that matches nothing.
fn never() -> Regex {
    #[expect(clippy::unwrap_used, reason = "a constant pattern, tested below")]
    Regex::new("[^\\s\\S]").unwrap()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn audit(events: &[Kind]) -> Vec<String> {
        let mut audit = Audit::default();
        assert_eq!(audit.patterns.len(), WANTED.len());
        assert!(!never().is_match("x") && audit.base64.is_match("12:TWFu"));
        for kind in events {
            audit.add(&Event { at: Duration::ZERO, kind: kind.clone() });
        }
        audit
            .finish()
            .into_iter()
            .map(|found| format!("{} {} {}", found.what, found.text, found.times))
            .collect()
    }

    #[test]
    fn what_should_not_be_passed_on_is_named() {
        let said = |text: &str| Kind::Output(text.into());
        let found = audit(&[
            said("<name>WINSRV7</name>\r\nUsername: kim\r\n"),
            said("IP 10.1.2"),
            said(".3 and 127.0.0.1\r\n"),
            Kind::Input(b"net user kim Hunter22x\r".to_vec()),
            said("2:MTAuMS4yLjMgUy0xLTUtMjEtMTIzNDUtMjM0NTYtMzQ1NjctMTAwMQ==\r\n"),
        ]);
        assert_eq!(
            found,
            [
                "password of net user net user ki… 1",
                "account Username: kim 1",
                "computer name <name>WINSRV7</name> 1",
                "network address 10.1.2.3 2",
                "security identifier S-1-5-21-12345-23456-34567-1001 1",
            ]
        );
    }

    #[test]
    fn a_path_or_an_account_of_every_machine_is_no_account_of_a_domain() {
        let said = |text: &str| Kind::Output(text.into());
        let told = r#"{"output":"whoami\r\nPC\\kim\r\nHost Name: VM01\nSignature","run":"reg query \"HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services\""}"#;
        let found = audit(&[
            said(
                "reg query \"HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services\" /v fDenyTS\r\n",
            ),
            said("HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\r\n"),
            said("HKLM\\SOFTWARE\\ACME TOOLS\\Agent\r\n"),
            said(
                "SERVICE_START_NAME : NT AUTHORITY\\LocalService\r\n  BUILTIN\\Users:(RX)\r\n NT SERVICE\\TrustedInstaller:(F)\r\n",
            ),
            Kind::Told(told.to_owned()),
            // These are some.
            said("reg add HKLM\\SOFTWARE\\X /d CONTOSO\\ann\r\nC:\\data CONTOSO\\bob:(F)\r\n"),
        ]);
        assert_eq!(
            found,
            ["domain account CONTOSO\\ann 1", "domain account CONTOSO\\bob 1", "domain account PC\\kim 1",]
        );
    }

    #[test]
    fn passwords_in_commands_are_found_however_they_are_quoted() {
        let secrets = |line: &str| {
            let mut audit = Audit::default();
            audit.add(&Event { at: Duration::ZERO, kind: Kind::Input(format!("{line}\r").into_bytes()) });
            audit.secrets()
        };
        for line in [
            "net user kim Hunter22x /add",
            "net user \"kim b\" \"Hunter 22x\" /add",
            "net user ^\"kim^\" ^\"Hunter22x^\"",
            "net use Z: \\\\files\\c$ Hunter22x /user:kim",
            "net use \\\\files\\c$ \"Hunter 22x\" /user:kim",
            "schtasks /create /tn x /ru kim /rp Hunter22x",
            "ConvertTo-SecureString 'Hunter22x' -AsPlainText -Force",
            "    DefaultPassword    REG_SZ    Hunter22x",
            "wmic /password:Hunter22x os",
        ] {
            assert_eq!(secrets(line).len(), 1, "{line}");
        }
        for line in [
            "(net user ^\"rescue^\"^\"&%SP% 2pkj)",
            "net user ^\"rescue^\" ^| findstr /n ^\"^^^\"",
            "net user ^\"rescue^\" * /add /y^\" &&>>%SP%.d echo 0)",
            "net user DefaultAccount & net user Guest",
            "net user kim 2>nul",
            "net use Z: \\\\files\\c$ /user:kim *",
            "net use Z: \\\\files\\c$ * /user:kim",
        ] {
            assert_eq!(secrets(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn a_clean_recording_is_clean() {
        assert_eq!(
            audit(&[Kind::Output(b"C:\\>echo 1.2.3\r\nPassword: ***\r\n".to_vec())]),
            Vec::<String>::new()
        );
    }
}
