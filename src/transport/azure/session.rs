//! The beginning of a session: the gateway's first word, the token, and whether it was refused.

use std::time::Duration;

use futures_util::SinkExt as _;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use super::early::{Early, early};
use crate::azure::{AzureError, Reason};
use crate::secret::Secret;
use crate::transport::websocket::{Ended, Socket, data, ended, socket};
use crate::web::Stream;

/// How long the gateway has to speak first. It has been seen to lose what comes before (express-ws attaches late).
const FIRST_WORD: Duration = Duration::from_secs(5);
/// How long is listened, after the token, for a refusal. The console may be silent, so silence is no refusal.
const VERDICT: Duration = Duration::from_millis(1500);

/// A session that has taken the token.
pub(super) struct Joined {
    pub(super) socket: Socket,
    /// What came of the console already.
    pub(super) first: Vec<u8>,
}

/// Waits for the gateway's first word, sends the token, and listens whether it is refused.
pub(super) async fn begin(stream: Box<dyn Stream>, token: &Secret) -> Result<Joined, AzureError> {
    let mut socket = socket(stream).await;
    // Whatever it says is the gateway's own. If it says nothing, the token goes anyway.
    if let Ok(word) = timeout(FIRST_WORD, data(&mut socket)).await {
        word.map_err(closed)?;
    }
    let message = Message::text(token.expose());
    socket.send(message).await.map_err(|error| closed(ended(&error)))?;
    let until = Instant::now() + VERDICT;
    let mut first = Vec::new();
    while early(&first) == Early::Undecided {
        match timeout_at(until, data(&mut socket)).await {
            Err(_) => break,
            Ok(bytes) => first.extend(bytes.map_err(closed)?),
        }
    }
    if early(&first) == Early::HostSlow {
        return Err(AzureError::HostSlow);
    }
    Ok(Joined { socket, first })
}

fn closed(ended: Ended) -> AzureError {
    AzureError::Closed { reason: reason(ended) }
}

/// What an end means at this gateway.
pub(super) fn reason(ended: Ended) -> Reason {
    match ended {
        Ended::Closed { code, text } => Reason::of_frame(code, &text),
        Ended::Dropped { error } => Reason::Dropped { error },
        Ended::Protocol { error } => Reason::Protocol { error },
    }
}
