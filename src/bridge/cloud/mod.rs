//! The simulated resource manager and authority: what is asked goes in, what is answered comes out, no I/O.
//!
//! Resources are JSON as the resource manager writes it, kept by their lower-case id. What takes time is an
//! [`operation`](operations) that takes effect when it is due, whoever still waits for it.

mod authority;
mod compute;
mod disks;
mod network;
mod operations;
pub(super) mod seed;
mod serial_console;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::switches::{Case, Fault, Place, Switches};
use crate::secret::Secret;
use operations::Operation;

/// What was asked.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a str,
    /// The token, without `Bearer`.
    pub(super) bearer: Option<&'a str>,
    /// Since the beginning.
    pub(super) now: Duration,
}

/// What comes of it.
pub(super) enum Outcome {
    Answer(Reply),
    /// The connection is cut.
    Cut,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What is to be done to the machine or to the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    OpenSession(String),
    Start,
    Stop,
    Restart,
}

/// Everything.
pub(super) struct Cloud {
    resources: BTreeMap<String, Value>,
    operations: Vec<Operation>,
    tokens: Vec<Secret>,
    issued: u32,
    sessions: u32,
    acts: Vec<Act>,
    case: Option<Case>,
    faults: Vec<Fault>,
    operation: Duration,
    retry_after: u32,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self { status, kind: "application/json; charset=utf-8", headers: Vec::new(), body: String::new() }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { body: body.to_string(), ..Self::status(status) }
    }

    pub(super) fn page(status: u16, body: &str) -> Self {
        Self { kind: "text/html", body: body.to_owned(), ..Self::status(status) }
    }

    /// `{"error": {"code", "message"}}`.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let reply = Self::json(status, &json!({ "error": { "code": code, "message": message } }));
        if status == 404 { reply.with("x-ms-failure-cause", "gateway") } else { reply }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A path taken apart: names as written, and in lower case for comparing.
struct Path {
    written: Vec<String>,
    lower: Vec<String>,
}

impl Path {
    /// A parent may come as one encoded segment (measured: scale sets), so it is decoded before it is cut.
    fn of(target: &str) -> Self {
        let path = decode(target.split('?').next().unwrap_or_default());
        let written: Vec<String> = path.trim_matches('/').split('/').map(str::to_owned).collect();
        Self { lower: written.iter().map(|part| part.to_lowercase()).collect(), written }
    }

    /// The id of the resource made of the first `parts` parts.
    fn id(&self, parts: usize) -> String {
        format!("/{}", self.written[..parts].join("/"))
    }
}

/// Percent-decoding; what is no escape stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = escape.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Cloud {
    pub(super) fn new(switches: &Switches, token: Secret) -> Self {
        let mut cloud = Self {
            resources: seed::resources(),
            operations: Vec::new(),
            tokens: vec![token],
            issued: 0,
            sessions: 0,
            acts: Vec::new(),
            case: None,
            faults: Vec::new(),
            operation: Duration::ZERO,
            retry_after: 1,
        };
        cloud.apply(switches);
        cloud
    }

    /// Behaves as `switches` say from now on.
    pub(super) fn apply(&mut self, switches: &Switches) {
        self.faults.clone_from(&switches.faults);
        self.operation = switches.operation;
        self.retry_after = switches.retry_after;
        if self.case != switches.case {
            self.case = switches.case;
            seed::make(self.case, &mut self.resources);
        }
    }

    /// Whether `token` is one of ours.
    pub(super) fn accepts(&self, token: &str) -> bool {
        self.tokens.iter().any(|known| known.expose() == token)
    }

    /// Whether a token is somewhere in `text`.
    pub(super) fn holds_token(&self, text: &str) -> bool {
        let text = decode(text);
        self.tokens.iter().any(|known| text.contains(known.expose()))
    }

    pub(super) fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// The resource of `kind` (`virtualMachines`, `disks`) named `name`.
    pub(super) fn resource(&self, kind: &str, name: &str) -> Option<Value> {
        let end = format!("/{kind}/{name}").to_lowercase();
        self.resources.iter().find(|(id, _)| id.ends_with(&end)).map(|(_, resource)| resource.clone())
    }

    pub(super) fn change(&mut self, kind: &str, name: &str, change: &Value) {
        let end = format!("/{kind}/{name}").to_lowercase();
        if let Some((_, resource)) = self.resources.iter_mut().find(|(id, _)| id.ends_with(&end)) {
            merge(resource, change);
        }
    }

    pub(super) fn names(&self, kind: &str) -> Vec<String> {
        let kind = kind.to_lowercase();
        let of_kind = |id: &str| id.rsplit('/').nth(1).is_some_and(|last| last == kind);
        let names = self.resources.iter().filter(|(id, _)| of_kind(id));
        names.filter_map(|(_, resource)| Some(resource["name"].as_str()?.to_owned())).collect()
    }

    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Outcome {
        self.settle(asked.now);
        let path = Path::of(asked.target);
        match self.fault(asked, &path) {
            None => Outcome::Answer(self.route(asked, &path)),
            Some(fault) => {
                if fault.done {
                    let _ = self.route(asked, &path);
                }
                if fault.status == 0 {
                    return Outcome::Cut;
                }
                let reply = Reply::error(fault.status, "Simulated", "This call was told to fail.");
                Outcome::Answer(match fault.retry_after {
                    Some(seconds) => reply.with("retry-after", seconds.to_string()),
                    None => reply,
                })
            }
        }
    }

    fn fault(&mut self, asked: &Asked<'_>, path: &Path) -> Option<Fault> {
        let last = path.lower.last().map(String::as_str).unwrap_or_default();
        let has = |word: &str| path.lower.iter().any(|part| part == word);
        let is_token = last == "token";
        let is_here = |place: Place| match place {
            Place::Any => !is_token,
            Place::Machine => has("microsoft.compute") && !has("microsoft.serialconsole"),
            Place::Service => has("consoleservices"),
            Place::Connect => last == "connect",
            Place::Token => is_token,
            Place::Write => asked.method != "GET" && !is_token && last != "connect",
        };
        let number = self.faults.iter().position(|fault| fault.times > 0 && is_here(fault.at))?;
        self.faults[number].times -= 1;
        Some(self.faults[number])
    }

    fn route(&mut self, asked: &Asked<'_>, path: &Path) -> Reply {
        let lower: Vec<&str> = path.lower.iter().map(String::as_str).collect();
        match (asked.method, lower.as_slice()) {
            ("GET", [.., ".well-known", "openid-configuration"]) => return authority::configuration(asked),
            ("POST", [_, "oauth2", "v2.0", "token"]) => return self.issue_to_client(asked),
            ("GET", ["metadata", "identity", "oauth2", "token"]) => return self.issue_to_machine(asked),
            _ => {}
        }
        if !asked.bearer.is_some_and(|token| self.accepts(token)) {
            return Reply::error(
                401,
                "InvalidAuthenticationToken",
                "The access token is invalid or has expired.",
            )
            .with("www-authenticate", "Bearer");
        }
        if !asked.target.contains("api-version=") {
            return Reply::error(
                400,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            );
        }
        // A resource manager of one region answers as the general one does.
        let (path, lower) = match lower.as_slice() {
            ["regional", _, ..] => {
                (&Path { written: path.written[2..].to_vec(), lower: path.lower[2..].to_vec() }, &lower[2..])
            }
            _ => (path, lower.as_slice()),
        };
        match lower {
            ["subscriptions"] => Reply::json(200, &seed::subscriptions()),
            ["subscriptions", id, ..] if *id != seed::SUBSCRIPTION => Reply::error(
                404,
                "SubscriptionNotFound",
                &format!("The subscription '{id}' could not be found."),
            ),
            [_, _, "operations", id] => self.operation_status(id),
            [_, _, "operationresults", id] => self.operation_result(id),
            [_, _, "providers", "microsoft.serialconsole", "consoleservices", "default", rest @ ..] => {
                self.console_service(asked, rest)
            }
            [_, _, "providers", "microsoft.storage", "storageaccounts"] => {
                self.list("microsoft.storage/storageaccounts")
            }
            _ if lower.contains(&"serialports") => {
                let rest = lower.iter().position(|part| *part == "serialports").unwrap_or(0) + 1;
                self.serial_port(asked, path, &lower[rest..])
            }
            [_, _, "resourcegroups", _, "providers", provider, kind, _, rest @ ..] => {
                self.resource_call(asked, path, &format!("{provider}/{kind}"), rest)
            }
            _ => Reply::error(404, "InvalidResourceType", "The resource type could not be found."),
        }
    }

    fn resource_call(&mut self, asked: &Asked<'_>, path: &Path, kind: &str, rest: &[&str]) -> Reply {
        let writes = asked.method != "GET";
        if writes && self.case == Some(Case::ReadOnlyLock) {
            return Reply::error(
                409,
                "ScopeLocked",
                "The scope cannot perform write operation because following scope(s) are locked: the resource group. Please remove the lock and try again.",
            );
        }
        match kind {
            "microsoft.compute/virtualmachines" => self.machine(asked, path, rest),
            "microsoft.compute/virtualmachinescalesets" => self.scale_set(asked, path, rest),
            "microsoft.compute/disks" | "microsoft.compute/snapshots" if rest.is_empty() => {
                self.disk(asked, path)
            }
            "microsoft.network/networksecuritygroups" if !rest.is_empty() => {
                self.security_rule(asked, path, rest)
            }
            _ if asked.method == "GET" => self.read(path),
            _ => Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        }
    }

    /// Reads the resource whose id is the whole path.
    fn read(&self, path: &Path) -> Reply {
        match self.resources.get(&path.id(path.written.len()).to_lowercase()) {
            Some(resource) => Reply::json(200, resource),
            None => not_found(path),
        }
    }

    fn list(&self, kind: &str) -> Reply {
        let of_kind = |id: &str| id.contains(&format!("/providers/{kind}/"));
        let all: Vec<&Value> =
            self.resources.iter().filter(|(id, _)| of_kind(id)).map(|(_, resource)| resource).collect();
        Reply::json(200, &json!({ "value": all }))
    }
}

/// As the resource manager says it (recorded, CLI 2.67).
fn not_found(path: &Path) -> Reply {
    let kind: Vec<&str> = path.written.iter().skip(5).take(2).map(String::as_str).collect();
    let name = path.written.get(7).map(String::as_str).unwrap_or_default();
    let group = path.written.get(3).map(String::as_str).unwrap_or_default();
    Reply::error(
        404,
        "ResourceNotFound",
        &format!(
            "The Resource '{}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            kind.join("/")
        ),
    )
}

/// The value of a query parameter, whatever the case of its name.
fn query<'a>(target: &'a str, name: &str) -> Option<&'a str> {
    let query = target.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| decode(key).eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Puts the members of `change` over those of `target`, objects member by member: how Microsoft.Compute takes PUT and
/// PATCH alike (Azure documentation, "PUT calls for creation or updates on compute resources").
fn merge(target: &mut Value, change: &Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (key, value) in change {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, change) => target.clone_from(change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries() {
        let path = Path::of("/Subscriptions/s/x%2Fy%2F1/Z?$expand=a&API-Version=1");
        assert_eq!(path.lower, ["subscriptions", "s", "x", "y", "1", "z"]);
        assert_eq!(path.id(3), "/Subscriptions/s/x");
        assert_eq!(query("/a?%24expand=a&API-Version=1", "$expand"), Some("a"));
        assert_eq!(query("/a?%24expand=a&API-Version=1", "api-version"), Some("1"));
        assert_eq!(decode("a%2gb%"), "a%2gb%");
    }

    #[test]
    fn updates_leave_what_they_do_not_name() {
        let mut disk = json!({ "a": { "b": 1, "c": [1, 2] }, "d": 1 });
        merge(&mut disk, &json!({ "a": { "c": [3] }, "e": {} }));
        assert_eq!(disk, json!({ "a": { "b": 1, "c": [3] }, "d": 1, "e": {} }));
    }
}
