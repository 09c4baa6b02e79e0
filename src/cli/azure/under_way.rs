//! What was begun at a machine and not seen to end: `RUNS/azure/ACTION-MACHINE.json`, there from before the call to
//! Azure until its end, so that the same command given again goes on instead of doing it twice.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::kept;
use crate::azure::{Restart, VmId};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::run::runs_dir;

/// After so long it is forgotten: nobody goes on any more, and Azure has long ended it.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);

/// What was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Begun {
    /// A snapshot.
    Snapshot {
        /// When it began.
        began: Timestamp,
        /// Its name.
        name: String,
    },
    /// A restart.
    Restart(Restart),
}

impl Begun {
    fn action(&self) -> &'static str {
        match self {
            Self::Snapshot { .. } => "snapshot",
            Self::Restart(_) => "restart",
        }
    }

    fn began(&self) -> Timestamp {
        match self {
            Self::Snapshot { began, .. } => *began,
            Self::Restart(restart) => restart.began,
        }
    }
}

/// The place where it is kept. No other program does the same to the same machine meanwhile.
pub struct UnderWay {
    action: &'static str,
    path: PathBuf,
    _lock: File,
}

impl UnderWay {
    /// That of `action` at `vm`.
    pub fn open(action: &'static str, vm: &VmId, context: &Context) -> Result<Self, Failure> {
        let folder = runs_dir(context)?.join("azure");
        kept::make_folder(&folder)?;
        let machine = vm.to_string().to_lowercase().replace('/', "_");
        let path = folder.join(format!("{action}-{machine}.json"));
        let busy = format!("another sacpilot is at the {action} of this machine right now");
        let lock = kept::lock(&path, &busy)?;
        Ok(Self { action, path, _lock: lock })
    }

    /// What was begun there within the last hour, and not seen to end.
    pub fn begun(&self, context: &Context) -> Result<Option<Begun>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(kept::unusable(&self.path, "read", &error)),
        };
        let begun: Begun = serde_json::from_str(&text).map_err(|error| {
            let message = format!("{} does not tell what was begun: {error}", self.path.display());
            Failure::usage(message)
                .help("look at the machine, then remove this file and give the command again")
        })?;
        let recent = context.started.duration_since(begun.began()) < FORGOTTEN;
        Ok(Some(begun).filter(|begun| recent && begun.action() == self.action))
    }

    /// It is about to begin; that is on disk when this returns.
    pub fn begin(&self, what: &Begun) -> Result<(), Failure> {
        kept::write(&self.path, what)
    }

    /// It has ended.
    pub fn end(self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(kept::unusable(&self.path, "remove", &error))
            }
            _ => Ok(()),
        }
    }
}
