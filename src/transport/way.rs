//! An endpoint, with what opening it needs to know beside it.

use super::{Endpoint, Line, OpenError, open, open_azure};
use crate::azure::Azure;

/// A way to one console: it can be opened again and again.
#[derive(Debug, Clone)]
pub struct Way {
    endpoint: Endpoint,
    azure: Option<Azure>,
}

impl Way {
    /// The way to `endpoint`. What it needs beside that is taken from the environment.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, azure: None }
    }

    /// The same; a console in Azure is asked of `azure`.
    #[must_use]
    pub fn through(self, azure: Option<Azure>) -> Self {
        Self { azure, ..self }
    }

    /// Where it leads.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a line. In Azure that is a new session with a new token each time.
    ///
    /// # Errors
    /// [`OpenError`]
    pub async fn open(&self) -> Result<Box<dyn Line>, OpenError> {
        match (&self.endpoint, &self.azure) {
            (Endpoint::Azure(vm), Some(azure)) => Ok(Box::new(Box::pin(open_azure(azure, vm)).await?)),
            (endpoint, _) => open(endpoint).await,
        }
    }
}
