//! Why a line cannot be opened, and what to do about it.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::ws::WsError;
use crate::azure::AzureError;

/// A line cannot be opened. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is not there.
    #[error("there is no {what}")]
    NotFound {
        /// The line.
        what: String,
        /// What is there instead.
        instead: Vec<String>,
    },
    /// The user may not open it.
    #[error("no permission to open the {what}")]
    PermissionDenied {
        /// The line.
        what: String,
        /// The group that may, when there is one.
        group: Option<String>,
    },
    /// Somebody has it.
    #[error("the {what} is in use{}", holder.as_ref().map(|holder| format!(" by {holder}")).unwrap_or_default())]
    Busy {
        /// The line.
        what: String,
        /// Who, when the system tells.
        holder: Option<String>,
    },
    /// A path that is not what the way in needs.
    #[error("{path} is not {wanted}")]
    WrongKind {
        /// The path.
        path: String,
        /// `a terminal`, `a socket`.
        wanted: &'static str,
    },
    /// Nobody listens.
    #[error("nobody listens at the {what}")]
    Refused {
        /// The line.
        what: String,
    },
    /// A name that has no address.
    #[error("the name {host} has no address: {reason}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Silence.
    #[error("the {what} did not answer within {} s", after.as_secs())]
    NoAnswer {
        /// The line.
        what: String,
        /// How long was waited.
        after: Duration,
    },
    /// The program cannot be started.
    #[error("cannot start {program}: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The line does not take its settings, or the way in does not take what was asked of it.
    #[error("the {what} cannot be used: {reason}")]
    Unusable {
        /// The line.
        what: String,
        /// Why.
        reason: String,
        /// What to do.
        help: String,
    },
    /// This system, or this build, has no such way in.
    #[error("there is no {way}: on this system")]
    NotHere {
        /// `pty`, `unix`, …
        way: &'static str,
        /// What to use here.
        instead: &'static str,
    },
    /// Azure, or the way there.
    #[error(transparent)]
    Azure(#[from] AzureError),
    /// A websocket, or the way there.
    #[error(transparent)]
    Ws(#[from] WsError),
    /// Anything else.
    #[error("cannot open the {what}: {error}")]
    Failed {
        /// The line.
        what: String,
        /// What the system said.
        error: io::Error,
    },
}

impl OpenError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "open-not-found",
            Self::PermissionDenied { .. } => "open-permission",
            Self::Busy { .. } => "open-busy",
            Self::WrongKind { .. } => "open-wrong-kind",
            Self::Refused { .. } => "open-refused",
            Self::UnknownHost { .. } => "open-unknown-host",
            Self::NoAnswer { .. } => "open-no-answer",
            Self::NotStarted { .. } => "open-not-started",
            Self::Unusable { .. } => "open-unusable",
            Self::NotHere { .. } => "open-not-here",
            Self::Azure(error) => error.code(),
            Self::Ws(error) => error.code(),
            Self::Failed { .. } => "open-failed",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::NotFound { instead, .. } if instead.is_empty() => {
                "check the name; is the cable or adapter plugged in, and the other side running?".to_owned()
            }
            Self::NotFound { instead, .. } => format!("there is {}", instead.join(", ")),
            Self::PermissionDenied { group: Some(group), .. } => {
                format!("join the group {group} (sudo usermod -aG {group} $USER), then log in again")
            }
            Self::PermissionDenied { group: None, .. } if cfg!(windows) => {
                "run as administrator; for Hyper-V the group Hyper-V Administrators is enough".to_owned()
            }
            Self::PermissionDenied { group: None, .. } => "ask its owner for access".to_owned(),
            Self::Busy { holder: Some(_), .. } => "close that program, then try again".to_owned(),
            Self::Busy { holder: None, .. } => {
                "close the program that has it (another sacpilot, a terminal program), then try again"
                    .to_owned()
            }
            Self::WrongKind { .. } => "check the path, or use another way in for it".to_owned(),
            Self::Refused { .. } => "start what should listen there, or check the address".to_owned(),
            Self::UnknownHost { .. } => "check the name, or use an address".to_owned(),
            Self::NoAnswer { .. } => "check the address and the firewalls between".to_owned(),
            Self::NotStarted { .. } => "check that the program is installed and may be run".to_owned(),
            Self::Unusable { help, .. } => help.clone(),
            Self::NotHere { instead, .. } => format!("use {instead}"),
            Self::Azure(error) => error.help(),
            Self::Ws(error) => error.help(),
            Self::Failed { .. } => "check that the line works with another program".to_owned(),
        }
    }

    /// Whether the line may be there after a while: an adapter that is plugged in, a machine that is switched on,
    /// somebody who leaves.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotFound { .. } | Self::Busy { .. } | Self::Refused { .. } | Self::NoAnswer { .. } => true,
            Self::Azure(error) => error.may_pass(),
            Self::Ws(error) => error.may_pass(),
            _ => false,
        }
    }

    /// The error of the system while a path was opened.
    pub(super) fn of_path(what: String, path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { what, instead: Vec::new() },
            io::ErrorKind::PermissionDenied => Self::PermissionDenied { what, group: group_of(path) },
            io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock => {
                Self::Busy { what, holder: super::holder::holder_of(path) }
            }
            _ => Self::Failed { what, error },
        }
    }
}

/// The name of the group that may use `path`; none when that is nobody's or everybody's.
#[cfg(unix)]
pub(super) fn group_of(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let id = std::fs::metadata(path).ok()?.gid();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, group) = (fields.next()?, fields.nth(1)?);
        (group.parse() == Ok(id)).then(|| name.to_owned())
    })?;
    (name != "root").then_some(name)
}

#[cfg(not(unix))]
pub(super) fn group_of(_: &Path) -> Option<String> {
    None
}
