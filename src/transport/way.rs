//! An endpoint, with what opening it needs to know beside it.

use super::{Endpoint, Line, OpenError, open, open_azure, ws};
use crate::azure::Azure;
use crate::web::Connector;

/// A way to one console: it can be opened again and again.
#[derive(Debug, Clone)]
pub struct Way {
    endpoint: Endpoint,
    azure: Option<Azure>,
    web: Option<Connector>,
}

impl Way {
    /// The way to `endpoint`. What it needs beside that is taken from the environment.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, azure: None, web: None }
    }

    /// The same; a console in Azure is asked of `azure`.
    #[must_use]
    pub fn through(self, azure: Option<Azure>) -> Self {
        Self { azure, ..self }
    }

    /// The same; a websocket is reached over `web`.
    #[must_use]
    pub fn over(self, web: Option<Connector>) -> Self {
        Self { web, ..self }
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
        match (&self.endpoint, &self.azure, &self.web) {
            (Endpoint::Azure(vm), Some(azure), _) => Ok(Box::new(Box::pin(open_azure(azure, vm)).await?)),
            (Endpoint::Websocket(address), _, Some(web)) => {
                Ok(Box::new(Box::pin(ws::open(web, address)).await?))
            }
            (endpoint, ..) => open(endpoint).await,
        }
    }
}
