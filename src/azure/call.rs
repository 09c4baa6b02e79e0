//! A call that is made again when that may help.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::http::Request;
use hyper::http::header::RETRY_AFTER;

use super::clock::Clock;
use super::error::AzureError;
use super::retry::{Failed, Next, Repeat, Tries, retry_after};
use crate::web::http::{self, Answer};
use crate::web::{Connector, ReachError};

/// Is told what is waited for. The texts hold no secret.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// Makes calls.
#[derive(Clone)]
pub(super) struct Caller {
    connector: Connector,
    clock: Clock,
    progress: Progress,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("connector", &self.connector).finish_non_exhaustive()
    }
}

impl Caller {
    pub(super) fn new(connector: Connector, clock: Clock, progress: Progress) -> Self {
        Self { connector, clock, progress }
    }

    pub(super) fn telling(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    pub(super) fn tell(&self, text: &str) {
        (self.progress)(text);
    }

    /// Sends what `request` builds until it is answered with something final, and says how often.
    pub(super) async fn call(
        &self,
        request: impl Fn() -> Result<Request<Bytes>, ReachError>,
        repeat: Repeat,
    ) -> Result<(Answer, u32), AzureError> {
        let mut tries = Tries::new(repeat);
        loop {
            let outcome = http::send(&self.connector, request()?).await;
            let failed = match &outcome {
                Ok(answer) if answer.status.is_success() => return Ok((outcome?, tries.made())),
                Ok(answer) => {
                    let told = answer.header(RETRY_AFTER.as_str());
                    Failed::Status(answer.status.as_u16(), retry_after(told, &self.clock))
                }
                Err(error) if error.is_passing() => Failed::Connection,
                Err(_) => return Err(outcome.err().map_or_else(|| unreachable!("it is one"), Into::into)),
            };
            match tries.after(failed) {
                Next::After(wait) => {
                    self.tell(&waiting(failed, wait));
                    tokio::time::sleep(wait).await;
                }
                Next::TooLong(after) => return Err(AzureError::Throttled { after }),
                Next::Stop => return Ok((outcome?, tries.made())),
            }
        }
    }
}

fn waiting(failed: Failed, wait: Duration) -> String {
    let why = match failed {
        Failed::Status(429, _) => "Azure asks to slow down".to_owned(),
        Failed::Status(status, _) => format!("Azure is in trouble ({status})"),
        Failed::Connection => "the connection failed".to_owned(),
    };
    format!("{why}: asking again in {} s", wait.as_secs())
}
