//! `run --snapshot`: a snapshot of the system disk, before anything else.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::azure::AzureError;
use crate::cli::target::Target;
use crate::engine::event::EventKind;
use crate::engine::run::{Awaiting, while_told};
use crate::engine::{Awaited, Narrator, OperatorError, Trouble};
use crate::transport::Endpoint;

/// Takes the snapshot that `target` wants, and notes its id, or that none is wanted where one could be taken. Nothing was sent to the machine yet.
///
/// # Errors
/// It could not be taken, or not be noted: the run must not begin.
pub async fn snapshot_first(
    target: &Target,
    narrator: &mut Narrator,
    awaiting: &mut Awaiting,
    waits: &UnboundedSender<Awaited>,
) -> Result<(), OperatorError> {
    let (Endpoint::Azure(vm), Some(azure), Some(name)) = (&target.endpoint, &target.azure, &target.snapshot)
    else {
        let Some(why) = target.snapshot_declined else { return Ok(()) };
        let noted = narrator.tell(EventKind::SnapshotDeclined { why: why.to_owned() });
        return noted.map_err(|error| stopped("journal", error.to_string(), None));
    };
    let waits = waits.clone();
    let azure = azure.clone().telling(Arc::new(move |text: &str| {
        // Nobody listens any more when the run has ended.
        let _ = waits.send(Awaited { what: text.to_owned(), budget: None });
    }));
    let taken = Box::pin(while_told(azure.snapshot(vm, name), narrator, awaiting)).await;
    let id = taken
        .map_err(|error| stopped("journal", error.to_string(), None))?
        .map_err(|error| refused(&error))?;
    let noted = narrator.tell(EventKind::SnapshotTaken { snapshot: id.to_string() });
    noted.map_err(|error| stopped("journal", error.to_string(), None))
}

fn refused(error: &AzureError) -> OperatorError {
    stopped(error.code(), format!("no snapshot could be taken: {error}"), Some(error.help()))
}

fn stopped(code: &'static str, message: String, help: Option<String>) -> OperatorError {
    OperatorError { kind: Trouble::Unreachable, code, message, help, screen: String::new() }
}
