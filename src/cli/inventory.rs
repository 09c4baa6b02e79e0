//! `-t NAME`: a target of the inventory, or an endpoint.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap_complete::CompletionCandidate;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::inventory::{self, FILE_NAME, FindError, Inventory};
use crate::report::visible;
use crate::script::similar::did_you_mean;
use crate::transport::{self, Endpoint, EndpointError, Problem};

/// The variable that names the inventory.
pub const VARIABLE: &str = "SACPILOT_INVENTORY";

/// A console, and what the inventory says of it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its entry, when it was named.
    pub entry: Option<inventory::Target>,
}

impl Place {
    /// Parameters of scripts for this machine.
    pub fn params(&self) -> &[(String, String)] {
        self.entry.as_ref().map_or(&[], |entry| &entry.params)
    }
}

/// What `text` behind `-t` means. An endpoint has a colon, a name has none.
pub fn place(text: &str, context: &Context) -> Result<Place, Failure> {
    let error: EndpointError = match text.parse() {
        Ok(endpoint) => return Ok(Place { endpoint, entry: None }),
        Err(error) => error,
    };
    let as_endpoint = || Failure::usage(visible::line(&error.to_string())).help(error.help());
    if !inventory::is_name(text) {
        return Err(as_endpoint());
    }
    let Some(inventory) = here(context)? else {
        return Err(match error.problem {
            Problem::NoScheme { suggestion: None } => {
                let help = format!(
                    "write an endpoint (`serial:/dev/ttyUSB0`), or name it in {FILE_NAME}: there is none in this folder or above it"
                );
                Failure::usage(format!("`{text}` is no endpoint and no target")).help(help)
            }
            _ => as_endpoint(),
        });
    };
    if let Some(entry) = inventory.target(text) {
        return Ok(Place { endpoint: entry.endpoint.clone(), entry: Some(entry.clone()) });
    }
    if matches!(error.problem, Problem::NoScheme { suggestion: Some(_) }) {
        return Err(as_endpoint());
    }
    let help = did_you_mean(text, inventory.names()).unwrap_or_else(|| {
        let names: Vec<&str> = inventory.names().take(12).collect();
        format!("there is {}", names.join(", "))
    });
    Err(Failure::usage(format!("there is no target `{text}` in {}", inventory.path)).help(help))
}

/// The inventory: the one that is named, else the nearest one from the working folder upward.
pub fn here(context: &Context) -> Result<Option<Inventory>, Failure> {
    let Some(path) = path(context.globals.inventory.as_deref()).map_err(|error| refused(&error))? else {
        return Ok(None);
    };
    let source = inventory::read(&path).map_err(|error| refused(&error))?;
    match inventory::load(source) {
        Ok(inventory) => Ok(Some(inventory)),
        Err(report) => Err(Failure::rendered(Exit::USAGE, report.render(context.stderr_style()))),
    }
}

fn path(named: Option<&Path>) -> Result<Option<PathBuf>, FindError> {
    match (named, env::current_dir()) {
        (Some(path), _) => Ok(Some(path.to_owned())),
        (None, Ok(folder)) => inventory::found_upward(&folder),
        (None, Err(_)) => Ok(None),
    }
}

fn refused(error: &FindError) -> Failure {
    Failure::usage(visible::line(&error.to_string())).help(error.help())
}

/// What may stand behind `-t`, for the completion of the shell: names of the inventory, ports of this computer.
pub fn complete(begun: &OsStr) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let inventory = path(named.as_deref())
        .ok()
        .flatten()
        .and_then(|path| inventory::read(&path).ok())
        .and_then(|source| inventory::load(source).ok());
    let targets = inventory.into_iter().flat_map(|inventory| inventory.targets).map(|target| {
        let about = target.about.unwrap_or_else(|| target.endpoint.to_string());
        CompletionCandidate::new(target.name).help(Some(visible::line(&about).into()))
    });
    let ports = transport::ports().into_iter().map(|port| format!("serial:{}", port.path));
    let begins = |candidate: &CompletionCandidate| {
        candidate.get_value().to_str().is_some_and(|value| value.starts_with(begun.as_ref()))
    };
    targets.chain(ports.map(CompletionCandidate::new)).filter(begins).collect()
}
