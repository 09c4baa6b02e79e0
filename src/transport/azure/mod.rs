//! The serial console of an Azure virtual machine: a websocket whose bytes are the console's.
//!
//! The gateway speaks first; what it says is not the console's. Then it wants the token, once, as a text of its own:
//! a second copy would be typed into the machine. From there on bytes go both ways, ours as text messages, its own as
//! text or binary alike. A task of its own keeps the session alive with pings, whoever reads or does not.

mod early;
mod session;
mod text_out;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncWrite, DuplexStream};
use tokio_tungstenite::tungstenite::Message;

use self::session::reason;
use self::text_out::{Characters, messages};
use super::websocket::{self, BUFFER, End};
use super::{Line, OpenError, read_through};
use crate::azure::{Azure, AzureError, Gateway, Reason, VmId};
use crate::secret::Secret;

/// How often an upgrade that was refused is asked for again, each time with a new session.
const TRIES: u32 = 3;
/// How long the first pause between them is.
const PAUSE: Duration = Duration::from_secs(2);

/// A session of the serial console. It is closed when the line is dropped.
pub struct AzureLine {
    stream: DuplexStream,
    what: String,
    typed: Characters,
    gateway: Gateway,
    end: End,
}

/// Opens the console of `vm`: checks, a new session, a new websocket.
///
/// # Errors
/// [`OpenError::Azure`]
pub async fn open_azure(azure: &Azure, vm: &VmId) -> Result<AzureLine, OpenError> {
    Ok(open(azure, vm).await?)
}

async fn open(azure: &Azure, vm: &VmId) -> Result<AzureLine, AzureError> {
    azure.forget_token().await;
    let mut tries = 0;
    let (gateway, stream) = loop {
        tries += 1;
        let gateway = azure.open_console(vm).await?;
        match azure.join(&gateway).await {
            Ok(stream) => break (gateway, stream),
            Err(AzureError::UpgradeRefused { reply, .. }) if tries < TRIES && is_passing(reply.status) => {
                let pause = PAUSE * tries;
                azure.tell(&format!(
                    "the gateway refuses the connection ({}): trying again in {} s",
                    reply.status,
                    pause.as_secs()
                ));
                tokio::time::sleep(pause).await;
            }
            Err(other) => return Err(other),
        }
    };
    let joined = session::begin(stream, gateway.token()).await?;
    let (stream, inside) = tokio::io::duplex(BUFFER);
    let end = End::default();
    let mut characters = Characters::default();
    let as_text = move |bytes: &[u8]| {
        // Checked when it was written.
        let text = characters.push(bytes).unwrap_or_default();
        messages(&text).map(Message::text).collect()
    };
    tokio::spawn(websocket::run(joined.socket, joined.first, inside, Arc::clone(&end), as_text));
    let what = format!("serial console of {} (group {})", shown(vm), vm.group());
    Ok(AzureLine { stream, what, typed: Characters::default(), gateway, end })
}

fn shown(vm: &VmId) -> String {
    match vm.instance() {
        Some(instance) => format!("{} instance {instance}", vm.name()),
        None => vm.name().to_owned(),
    }
}

/// A session may be asked for before the gateway knows of it.
fn is_passing(status: u16) -> bool {
    matches!(status, 404 | 408 | 429 | 500..=599)
}

impl AzureLine {
    /// Why it ended.
    fn reason(&self) -> Reason {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.clone().map_or(Reason::Dropped { error: None }, reason)
    }

    /// The session, for what can be done to the machine while it is open.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }
}

read_through!(AzureLine, stream);

impl AsyncWrite for AzureLine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        // Only what the stream takes counts, so the check is undone where it takes less.
        let before = this.typed.clone();
        if let Err(error) = this.typed.push(bytes) {
            this.typed = before;
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidInput, error)));
        }
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        match written {
            Poll::Ready(Ok(count)) if count == bytes.len() => {}
            Poll::Ready(Ok(count)) => {
                this.typed = before;
                // It was text as a whole, so its beginning is, up to a character that is cut.
                let _ = this.typed.push(&bytes[..count]);
            }
            _ => this.typed = before,
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Line for AzureLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![self.gateway.token().clone()]
    }

    fn hang_up(&mut self, _: Option<&io::Error>) -> String {
        let reason = self.reason();
        format!("{reason}; {}", reason.help())
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn may_be_taken(&self) -> bool {
        matches!(self.reason(), Reason::ByService { .. })
    }
}

impl std::fmt::Debug for AzureLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AzureLine").field(&self.what).finish()
    }
}
