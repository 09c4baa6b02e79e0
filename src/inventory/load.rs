//! Text → a checked [`Inventory`], or everything that is wrong with it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::raw::{RawDefaults, RawInventory, RawProfile, RawTarget};
use super::{Inventory, Target, codes, is_name};
use crate::script::codes::{Code, WRONG_SHAPE};
use crate::script::decode::decode;
use crate::script::diagnostic::{Diagnostic, Report, Source};
use crate::script::raw::At;
use crate::script::yaml;
use crate::secret::SecretSource;
use crate::transport::{Endpoint, EndpointError, Problem, WebAddress};

/// Reads an inventory; `source.path` is where files of passwords are looked for.
///
/// # Errors
/// Everything that is wrong, with its place.
pub fn load(source: Source) -> Result<Inventory, Report> {
    let path = source.path.clone();
    let folder = Path::new(&path).parent().map(Path::to_owned).unwrap_or_default();
    let mut loading = Loading { source: Arc::new(source), folder, report: Report::default() };
    let text = Arc::clone(&loading.source);
    let (tree, problems) = yaml::parse(&text.text);
    let mut whole = problems.is_empty();
    for problem in problems {
        loading.note(problem);
    }
    let mut targets = Vec::new();
    if let Some(tree) = tree {
        let (raw, problems) = decode::<RawInventory>(&tree);
        whole &= problems.is_empty() && raw.is_some();
        for problem in problems {
            loading.note(problem);
        }
        if let Some(raw) = raw {
            targets = loading.inventory(raw);
        }
    }
    if !whole {
        loading.hide_passwords();
    }
    loading.report.tidy();
    if !whole || loading.report.has_errors() {
        return Err(loading.report);
    }
    Ok(Inventory { path, targets, warnings: loading.report })
}

/// What to write where somebody wrote the endpoint alone.
const ENDPOINT_ALONE: &str = "an endpoint is one key of a target: {endpoint: '…'}";

struct Loading {
    source: Arc<Source>,
    folder: PathBuf,
    report: Report,
}

impl Loading {
    fn note(&mut self, problem: yaml::Problem) {
        let yaml::Problem { code, span, message, help } = problem;
        let help = help.or_else(|| self.is_endpoint_alone(code, &span).then(|| ENDPOINT_ALONE.to_owned()));
        self.report.diagnostics.push(Diagnostic {
            code,
            source: Arc::clone(&self.source),
            span,
            message,
            help,
        });
    }

    /// Whether an endpoint stands where all of a target is expected.
    fn is_endpoint_alone(&self, code: &'static Code, span: &Range<usize>) -> bool {
        let text = self.source.text.get(span.clone()).unwrap_or_default().trim_matches(['\'', '"']);
        let means_one = match text.parse::<Endpoint>() {
            Ok(_) => true,
            Err(error) => matches!(error.problem, Problem::NoScheme { suggestion: Some(_) }),
        };
        *code == WRONG_SHAPE && means_one
    }

    fn wrong(&mut self, code: &'static Code, span: Range<usize>, message: String, help: &str) {
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.note(yaml::Problem { code, span, message, help });
    }

    fn inventory(&mut self, raw: RawInventory) -> Vec<Target> {
        let defaults = raw.defaults.map(|at| at.value).unwrap_or_default();
        // Whatever is wrong with them is said once, also when there is no target.
        self.account(defaults.user.as_ref(), defaults.domain.as_ref(), None);
        let password = defaults.password.as_ref().and_then(|at| self.password(at));
        let wait = defaults.wait.as_ref().and_then(|at| self.wait(at));
        let mut targets: Vec<Target> = Vec::new();
        for (name, raw) in raw.targets.value.0 {
            if !is_name(&name.value) {
                let help = "letters, digits, `.`, `_` and `-`, beginning with a letter or digit";
                let message = format!("`{}` is no name of a target", name.value);
                self.wrong(&codes::BAD_TARGET_NAME, name.span.clone(), message, help);
            }
            let place = raw.value.endpoint.span.clone();
            let Some(mut target) = self.target(name.value, raw.value, &defaults) else { continue };
            target.password = target.password.or_else(|| password.clone());
            target.wait = target.wait.or(wait);
            let twin = targets.iter().find(|other| other.endpoint == target.endpoint && !is_sim(other));
            if let Some(twin) = twin {
                let message = format!("`{}` has this console already", twin.name);
                self.wrong(
                    &codes::SAME_CONSOLE,
                    place,
                    message,
                    "change the endpoint, or keep one of the two",
                );
            }
            targets.push(target);
        }
        targets
    }

    fn target(&mut self, name: String, raw: RawTarget, defaults: &RawDefaults) -> Option<Target> {
        self.account(raw.user.as_ref(), raw.domain.as_ref(), defaults.user.as_ref());
        let password = raw.password.as_ref().and_then(|at| self.password(at));
        let wait = raw.wait.as_ref().and_then(|at| self.wait(at));
        let tags = raw.tags.map(|at| at.value).unwrap_or_default();
        for tag in &tags {
            if !is_name(&tag.value) {
                let help = "letters, digits, `.`, `_` and `-`";
                self.wrong(&codes::BAD_VALUE, tag.span.clone(), format!("`{}` is no tag", tag.value), help);
            }
        }
        let params = raw.params.map(|at| at.value.0).unwrap_or_default();
        for (param, _) in &params {
            if !is_param(&param.value) {
                let help = "small letters, digits and `_`, beginning with a letter, as scripts name them";
                let message = format!("`{}` is no name of a parameter", param.value);
                self.wrong(&codes::BAD_VALUE, param.span.clone(), message, help);
            }
        }
        let endpoint = self.endpoint(&raw.endpoint)?;
        // An account of the target's own brings its own domain, or none.
        let domain = if raw.user.is_some() { raw.domain } else { raw.domain.or(defaults.domain.clone()) };
        Some(Target {
            name,
            about: raw.about.map(|at| at.value),
            endpoint,
            user: raw.user.or_else(|| defaults.user.clone()).map(|at| at.value),
            domain: domain.map(|at| at.value),
            password,
            tags: tags.into_iter().map(|tag| tag.value).collect(),
            profile: raw.profile.map(|at| profile(at.value)),
            params: params.into_iter().map(|(name, value)| (name.value, value.value)).collect(),
            wait,
        })
    }

    fn endpoint(&mut self, at: &At<String>) -> Option<Endpoint> {
        if has_token(&at.value) {
            let message = "the address holds a token".to_owned();
            let help = "tokens live for minutes, and are as good as a password: write where a new address comes from, 'ws:command:COMMAND', 'ws:env:VARIABLE' or 'ws:file:PATH'";
            self.secret(at, message, help);
            return None;
        }
        match at.value.parse() {
            Ok(Endpoint::Websocket(WebAddress::Told(source))) => {
                Some(Endpoint::Websocket(WebAddress::Told(source.below(&self.folder))))
            }
            Ok(endpoint) => Some(endpoint),
            Err(error) => {
                let error: EndpointError = error;
                let span = self.inside(at, error.place.clone());
                self.wrong(&codes::BAD_ENDPOINT, span, error.to_string(), &error.help());
                None
            }
        }
    }

    /// The bytes of the file that `place` in the text is, when the text stands there as it is.
    fn inside(&self, at: &At<String>, place: Range<usize>) -> Range<usize> {
        let written = self.source.text.get(at.span.clone()).unwrap_or_default();
        match written.find(&at.value) {
            Some(offset) if !place.is_empty() => {
                at.span.start + offset + place.start..at.span.start + offset + place.end
            }
            _ => at.span.clone(),
        }
    }

    fn account(
        &mut self,
        user: Option<&At<String>>,
        domain: Option<&At<String>>,
        inherited: Option<&At<String>>,
    ) {
        for (what, at) in [("account", user), ("domain", domain)] {
            let Some(at) = at else { continue };
            if at.value.is_empty() || at.value.chars().any(char::is_control) {
                let message = format!("`{}` is no {what}", at.value);
                let help = if at.value.is_empty() {
                    "leave it out, or name one"
                } else {
                    "write it between single quotes: between double ones `\\a`, `\\b`, `\\n` are other characters"
                };
                self.wrong(&codes::BAD_VALUE, at.span.clone(), message, help);
            }
        }
        let Some(domain) = domain else { return };
        match user.or(inherited) {
            None => {
                let help = "give `user`, too, here or in `defaults`";
                self.wrong(
                    &codes::DOMAIN_ALONE,
                    domain.span.clone(),
                    "a domain without an account".into(),
                    help,
                );
            }
            Some(user) if user.value.contains('\\') => {
                let message = format!("the account `{}` has its domain already", user.value);
                self.wrong(&codes::DOMAIN_ALONE, domain.span.clone(), message, "keep one of the two");
            }
            Some(_) => {}
        }
    }

    fn password(&mut self, at: &At<String>) -> Option<SecretSource> {
        let source = SecretSource::parse(&at.value);
        if source.is_none() {
            // Not what is written there: it may be the password.
            let message = "this names no source of a password".to_owned();
            let help = "write 'env:VARIABLE', 'file:PATH' or 'command:COMMAND'; a password itself does not belong here";
            self.secret(at, message, help);
        }
        source.map(|source| source.below(&self.folder))
    }

    /// Says what is wrong without showing the line: the text around it is blanked in what is shown.
    fn secret(&mut self, at: &At<String>, message: String, help: &str) {
        let mut text = self.source.text.clone();
        let stars = "*".repeat(at.span.len());
        text.replace_range(at.span.clone(), &stars);
        self.source = Arc::new(Source { path: self.source.path.clone(), text });
        // Also where another place of the same line, or the same file, was shown before.
        for diagnostic in &mut self.report.diagnostics {
            diagnostic.source = Arc::clone(&self.source);
        }
        self.wrong(&codes::PASSWORD, at.span.clone(), message, help);
    }

    /// What cannot be read whole may hold a password anywhere behind such a key: nothing of it is shown.
    fn hide_passwords(&mut self) {
        let mut text = String::with_capacity(self.source.text.len());
        for line in self.source.text.split_inclusive('\n') {
            let shown = secret_part(line).unwrap_or(line.len());
            text.push_str(&line[..shown]);
            // Byte for byte, so that every place stays where it was.
            text.extend(line[shown..].bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }));
        }
        let hidden = Arc::new(Source { path: self.source.path.clone(), text });
        for diagnostic in &mut self.report.diagnostics {
            diagnostic.source = Arc::clone(&hidden);
            // A message may quote what stands there.
            if hidden.text.get(diagnostic.span.clone()) != self.source.text.get(diagnostic.span.clone()) {
                diagnostic.message = format!("{}, behind a password", diagnostic.code.title);
                diagnostic.help = None;
            }
        }
        self.source = hidden;
    }

    fn wait(&mut self, at: &At<String>) -> Option<Duration> {
        let span: Result<jiff::SignedDuration, _> = at.value.parse();
        let span = span.ok().and_then(|span| Duration::try_from(span).ok()).filter(|span| !span.is_zero());
        if span.is_none() {
            let message = format!("`{}` is no length of time", at.value);
            self.wrong(&codes::BAD_VALUE, at.span.clone(), message, "write '90s', '5m' or '1h30m'");
        }
        span
    }
}

/// Where in a line something begins that may be a password: behind such a key, unless it names a source.
fn secret_part(line: &str) -> Option<usize> {
    const KEY: &str = "password";
    let address = ["ws://", "wss://"].iter().find_map(|scheme| line.to_ascii_lowercase().find(scheme));
    if let Some(at) = address.filter(|at| line[*at..].contains(['?', '@'])) {
        return Some(at);
    }
    let behind = line.match_indices(KEY).map(|(at, _)| at + KEY.len());
    behind.into_iter().find(|at| {
        let value = line[*at..].trim_start_matches([':', ' ', '\'', '"', '\r', '\n']);
        !value.is_empty() && !["env:", "file:", "command:"].iter().any(|source| value.starts_with(source))
    })
}

/// Whether an address lets in whoever knows it.
fn has_token(endpoint: &str) -> bool {
    const KEYS: [&str; 7] = ["token", "ticket", "password", "secret", "auth", "sig", "key"];
    let Some((address, query)) = endpoint.split_once('?') else { return has_account(endpoint) };
    let is_key = |pair: &str| {
        let key = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        KEYS.iter().any(|known| key.contains(known))
    };
    is_websocket(address) && query.split('&').any(is_key) || has_account(address)
}

fn has_account(address: &str) -> bool {
    is_websocket(address) && address.contains('@')
}

fn is_websocket(address: &str) -> bool {
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    ["ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Whether a script can have a parameter of this name; one that none can have would never be used.
fn is_param(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_sim(target: &Target) -> bool {
    matches!(target.endpoint, Endpoint::Sim { .. })
}

fn profile(profile: RawProfile) -> &'static str {
    match profile {
        RawProfile::Server2016 => "2016",
        RawProfile::Server2019 => "2019",
        RawProfile::Server2022 => "2022",
        RawProfile::Server2025 => "2025",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(text: &str) -> Result<Inventory, Report> {
        load(Source { path: "lab/targets.yaml".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_target_has_what_it_says_and_else_what_the_defaults_say() {
        let text = r"
defaults: {user: 'CORP\adm', password: 'env:LAB', wait: '20m'}
targets:
  web-01:
    endpoint: 'serial:/dev/ttyUSB0?baud=9600'
    about: 'the first'
    tags: [web, canary]
    profile: '2016'
    params: {port: '3390'}
  db.2:
    endpoint: 'tcp:bmc7:2001'
    user: 'Administrator'
    domain: 'DB'
    password: 'file:secrets/db'
    wait: '5m'
";
        let inventory = inventory(text).unwrap();
        assert_eq!(inventory.names().collect::<Vec<_>>(), ["web-01", "db.2"]);
        let web = inventory.target("web-01").unwrap();
        assert_eq!(web.endpoint.to_string(), "serial:/dev/ttyUSB0?baud=9600");
        assert_eq!((web.user.as_deref(), web.domain.as_deref()), (Some(r"CORP\adm"), None));
        assert_eq!(web.password, Some(SecretSource::Variable("LAB".to_owned())));
        assert_eq!(web.wait, Some(Duration::from_mins(20)));
        assert_eq!((web.profile, web.tags.len()), (Some("2016"), 2));
        assert_eq!(web.params, [("port".to_owned(), "3390".to_owned())]);
        let db = inventory.target("db.2").unwrap();
        assert_eq!((db.user.as_deref(), db.domain.as_deref()), (Some("Administrator"), Some("DB")));
        assert_eq!(db.password, Some(SecretSource::File("lab/secrets/db".into())));
        assert_eq!(db.wait, Some(Duration::from_mins(5)));
    }

    #[test]
    fn a_password_in_the_file_is_refused_and_never_shown() {
        let text = "targets:\n  a: {endpoint: 'seril:COM1', user: x, password: 'Geheim!1'}\n";
        let report = inventory(text).unwrap_err();
        assert_eq!(report.diagnostics.len(), 2);
        for shown in [report.to_string(), report.to_json().to_string()] {
            assert!(!shown.contains("Geheim"), "{shown}");
        }
        let debug = format!("{report:?}");
        assert!(!debug.contains("Geheim"), "{debug}");
    }

    #[test]
    fn a_token_in_an_address_is_refused_and_never_shown() {
        for text in [
            "targets:\n  a: {endpoint: 'wss://h:6083/?token=Geheim!1', tags: [' ']}\n",
            "targets:\n  a: {endpoint: 'wss://me:Geheim@h:6083/'}\n",
            "targets:\n  a: {endpoint: 'wss://h:6083/?token=Geheim!1'\n",
        ] {
            let report = inventory(text).unwrap_err();
            for shown in [report.to_string(), report.to_json().to_string(), format!("{report:?}")] {
                assert!(!shown.contains("Geheim"), "{text}{shown}");
            }
        }
        let told = inventory("targets:\n  a: {endpoint: 'ws:file:vm1.url'}\n").unwrap();
        let file = Path::new("lab").join("vm1.url");
        assert_eq!(told.targets[0].endpoint.to_string(), format!("ws:file:{}", file.display()));
    }

    #[test]
    fn a_password_is_not_shown_either_where_the_file_cannot_be_read() {
        for text in [
            "targets:\n  a: {endpoint: 'sim:healthy', user: x, password: 'Geheim!1\n",
            "targets:\n  a: {endpoint: 'sim:healthy', user: x, password: Geheim!1, nonsense: 1}\n",
            "targets:\n  a: {endpoint: 'sim:healthy', password: Geheim!1, password: Geheim!1}\n",
            "targets:\n  a: {endpoint: 'sim:healthy', user: [], password: &Geheim x}\n",
        ] {
            let report = inventory(text).unwrap_err();
            for shown in [report.to_string(), report.to_json().to_string(), format!("{report:?}")] {
                assert!(!shown.contains("Geheim"), "{text}{shown}");
            }
        }
    }
}
