//! What can be wrong with the text of an endpoint.

use std::fmt;
use std::ops::Range;

use super::{LEFT_OUT, SCHEMES};
use crate::azure::VmIdProblem;

/// The text of an endpoint cannot be used. Nothing was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError {
    /// The text.
    pub text: String,
    /// Where in it, in bytes.
    pub place: Range<usize>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It does not begin with a way in.
    NoScheme {
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// There is no such way in.
    UnknownScheme {
        /// As written.
        scheme: String,
        /// One that is written alike.
        closest: Option<&'static str>,
    },
    /// It is what is shown of an endpoint, not all of it.
    LeftOut,
    /// No address of a websocket.
    BadUrl {
        /// Why not.
        reason: &'static str,
    },
    /// Something is missing.
    Missing {
        /// What.
        what: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// There is no such setting.
    UnknownSetting {
        /// As written.
        key: String,
        /// One that is written alike.
        closest: Option<&'static str>,
        /// Those that there are.
        known: &'static [&'static str],
    },
    /// A setting is not `key=value`.
    NoSetting,
    /// A setting is given twice.
    Twice {
        /// Which.
        key: String,
    },
    /// A setting has no such value.
    BadValue {
        /// Which.
        key: String,
        /// As written.
        value: String,
        /// What it takes.
        wants: String,
    },
    /// No port number.
    BadPort {
        /// As written.
        port: String,
    },
    /// Settings of a line where others write them.
    SettingsBehindPort {
        /// The same as it is written here.
        instead: String,
    },
    /// A path that a shell would have completed.
    Tilde,
    /// No name and no address.
    BadHost {
        /// As written.
        host: String,
        /// How such an endpoint is written.
        example: &'static str,
    },
    /// An IPv6 address without brackets.
    NeedsBrackets {
        /// The address.
        address: String,
        /// How such an endpoint is written.
        example: &'static str,
    },
    /// No virtual machine in Azure.
    BadVm(VmIdProblem),
    /// No path of a named pipe.
    BadPipe {
        /// As written.
        path: String,
    },
    /// A quote is not closed.
    OpenQuote,
    /// A control character.
    ControlCharacter(char),
}

impl EndpointError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::NoScheme { .. } | Problem::UnknownScheme { .. } => "endpoint-scheme",
            Problem::LeftOut => "endpoint-left-out",
            Problem::Missing { .. } => "endpoint-incomplete",
            Problem::UnknownSetting { .. } | Problem::NoSetting | Problem::Twice { .. } => "endpoint-setting",
            Problem::BadValue { .. }
            | Problem::BadPort { .. }
            | Problem::BadHost { .. }
            | Problem::SettingsBehindPort { .. }
            | Problem::Tilde
            | Problem::BadVm(_)
            | Problem::NeedsBrackets { .. }
            | Problem::BadPipe { .. }
            | Problem::BadUrl { .. }
            | Problem::ControlCharacter(_) => "endpoint-value",
            Problem::OpenQuote => "endpoint-quote",
        }
    }

    /// What to write instead.
    pub fn help(&self) -> String {
        let schemes: Vec<&str> = SCHEMES.iter().map(|scheme| scheme.name).collect();
        let schemes = schemes.join(", ");
        match &self.problem {
            Problem::NoScheme { suggestion: Some(instead) } | Problem::SettingsBehindPort { instead } => {
                format!("write `{instead}`")
            }
            Problem::Tilde => "write the whole path: no shell sees what stands behind the colon".to_owned(),
            Problem::UnknownScheme { closest: Some(closest), .. }
            | Problem::UnknownSetting { closest: Some(closest), .. } => format!("did you mean `{closest}`?"),
            Problem::NoScheme { .. } | Problem::UnknownScheme { .. } => {
                format!(
                    "an endpoint begins with one of {schemes}, then a colon: serial:/dev/ttyUSB0; a client program is \
                     `exec:` and its command line: exec:ssh …"
                )
            }
            Problem::LeftOut => {
                "give the whole endpoint again (`-t`), or name it in targets.yaml: then its name is enough".to_owned()
            }
            Problem::BadUrl { .. } => {
                "write ws://HOST:PORT/PATH?token=…, or where such an address is: ws:command:COMMAND, ws:env:VARIABLE, \
                 ws:file:PATH"
                    .to_owned()
            }
            Problem::Missing { example, .. } => format!("write {example}"),
            Problem::UnknownSetting { known, .. } => format!("there is {}", known.join(", ")),
            Problem::NoSetting => "write settings as key=value, with & between them".to_owned(),
            Problem::Twice { .. } => "give it once".to_owned(),
            Problem::BadValue { key, wants, .. } => format!("{key} takes {wants}"),
            Problem::BadPort { .. } => "a port is a number from 1 to 65535".to_owned(),
            Problem::BadHost { example, .. } => {
                format!("write a name or an address, without // and path: {example}")
            }
            Problem::NeedsBrackets { address, example } => {
                let example = example.replace("HOST", &format!("[{address}]"));
                format!("write an IPv6 address in brackets: {example}")
            }
            Problem::BadVm(problem) => problem.help().to_owned(),
            Problem::BadPipe { .. } => {
                r"write pipe:NAME or pipe:\\.\pipe\NAME, in a Unix shell between single quotes".to_owned()
            }
            Problem::OpenQuote => "close it, or put a backslash before it".to_owned(),
            Problem::ControlCharacter(_) => "remove it".to_owned(),
        }
    }
}

impl Problem {
    /// Why an address is none; other problems have a sentence of their own.
    pub(in crate::transport) fn reason(&self) -> &'static str {
        match self {
            Self::BadUrl { reason } => reason,
            _ => "it is not whole",
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = shown(&without_secrets(&self.text));
        match &self.problem {
            Problem::NoScheme { .. } => write!(f, "`{text}` does not say which way in it is"),
            Problem::UnknownScheme { scheme, .. } => {
                write!(f, "`{text}`: there is no way in named `{}`", shown(scheme))
            }
            Problem::LeftOut => {
                write!(f, "`{text}`: what stood for `{LEFT_OUT}` is not kept, since it may hold a password")
            }
            Problem::BadUrl { reason } => write!(f, "`{text}` is no address of a websocket: {reason}"),
            Problem::Missing { what, .. } => write!(f, "`{text}`: {what} is missing"),
            Problem::UnknownSetting { key, .. } => {
                write!(f, "`{text}`: there is no setting `{}`", shown(key))
            }
            Problem::NoSetting => {
                write!(f, "`{text}`: `{}` is no setting", shown(&self.text[self.place.clone()]))
            }
            Problem::Twice { key } => write!(f, "`{text}`: `{}` is given twice", shown(key)),
            Problem::BadValue { key, value, .. } => {
                write!(f, "`{text}`: `{}` is no value of {key}", shown(value))
            }
            Problem::BadPort { port } => write!(f, "`{text}`: `{}` is no port", shown(port)),
            Problem::BadHost { host, .. } => write!(f, "`{text}`: `{}` is no host", shown(host)),
            Problem::SettingsBehindPort { .. } => {
                write!(f, "`{text}`: `{}` is no port", shown(&self.text[self.place.clone()]))
            }
            Problem::Tilde => write!(f, "`{text}`: `~` is no folder here"),
            Problem::NeedsBrackets { .. } => {
                write!(f, "`{text}`: where the address ends and the port begins cannot be told")
            }
            Problem::BadVm(problem) => write!(f, "`{text}`: {problem}"),
            Problem::BadPipe { path } => write!(f, "`{text}`: `{}` is no named pipe", shown(path)),
            Problem::OpenQuote => write!(f, "`{text}`: a quote in column {} is not closed", self.column()),
            Problem::ControlCharacter(_) => {
                write!(f, "`{text}`: a control character in column {}", self.column())
            }
        }
    }
}

impl EndpointError {
    fn column(&self) -> usize {
        self.text[..self.place.start].chars().count() + 1
    }
}

impl std::error::Error for EndpointError {}

/// `text` without what may hold a password: the arguments of a program, the query and the account of an address.
fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once(':') else { return text.to_owned() };
    match scheme.to_ascii_lowercase().as_str() {
        "exec" => match rest.trim_start().split_once(' ') {
            Some((program, _)) => format!("{scheme}:{program} {LEFT_OUT}"),
            None => text.to_owned(),
        },
        "ws" | "wss" if rest.starts_with("command:") => format!("{scheme}:command:{LEFT_OUT}"),
        "ws" | "wss" => {
            let (before, query) = rest.split_once('?').map_or((rest, ""), |(before, _)| (before, "?…"));
            let (slashes, place) = before.split_at(if before.starts_with("//") { 2 } else { 0 });
            let place = match place.rsplit_once('@') {
                Some((_, place)) => format!("{LEFT_OUT}@{place}"),
                None => place.to_owned(),
            };
            format!("{scheme}:{slashes}{place}{query}")
        }
        _ => text.to_owned(),
    }
}

/// `text` with its control characters made visible. Backslashes stay as they are: they are part of names.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }).collect()
}

/// The candidate that `word` was probably meant to be: few letters changed, added, left out or swapped.
pub(super) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
