//! A session from the gateway's first word to its last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::early::{Early, early};
use super::opcodes::TextAsBinary;
use super::text_out::{Characters, messages};
use crate::azure::{AzureError, Reason, Stream};
use crate::secret::Secret;

/// How long the gateway has to speak first. It has been seen to lose what comes before (express-ws attaches late).
const FIRST_WORD: Duration = Duration::from_secs(5);
/// How long is listened, after the token, for a refusal. The console may be silent, so silence is no refusal.
const VERDICT: Duration = Duration::from_millis(1500);
/// Firewalls cut what is idle for one or two minutes; Microsoft's test framework pings at this pace.
const PING: Duration = Duration::from_secs(20);
/// So many pings without any frame since, and nobody is there any more.
const UNANSWERED: u32 = 3;
/// What may pile up here while nobody reads the line.
const PILE: usize = 4 * 1024 * 1024;
/// How long a close may take.
const FAREWELL: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TextAsBinary<Box<dyn Stream>>>;

/// A session that has taken the token.
pub(super) struct Joined {
    socket: Socket,
    /// What came of the console already.
    first: Vec<u8>,
}

/// Waits for the gateway's first word, sends the token, and listens whether it is refused.
pub(super) async fn begin(stream: Box<dyn Stream>, token: &Secret) -> Result<Joined, AzureError> {
    let config = WebSocketConfig::default().max_message_size(Some(PILE)).max_frame_size(Some(PILE));
    let stream = TextAsBinary::new(stream);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    // Whatever it says is the gateway's own. If it says nothing, the token goes anyway.
    if let Ok(word) = timeout(FIRST_WORD, data(&mut socket)).await {
        word?;
    }
    let message = Message::text(token.expose());
    socket.send(message).await.map_err(|error| closed(reason(&error)))?;
    let until = Instant::now() + VERDICT;
    let mut first = Vec::new();
    while early(&first) == Early::Undecided {
        match timeout_at(until, data(&mut socket)).await {
            Err(_) => break,
            Ok(bytes) => first.extend(bytes?),
        }
    }
    if early(&first) == Early::HostSlow {
        return Err(AzureError::HostSlow);
    }
    Ok(Joined { socket, first })
}

/// The next bytes.
async fn data(socket: &mut Socket) -> Result<Vec<u8>, AzureError> {
    loop {
        match received(socket.next().await) {
            Ok(None) => {}
            Ok(Some(bytes)) => return Ok(bytes),
            Err(reason) => return Err(closed(reason)),
        }
    }
}

fn closed(reason: Reason) -> AzureError {
    AzureError::Closed { reason }
}

/// The bytes of a message; `None` for what is only about the connection; why it ended.
fn received(message: Option<Result<Message, Error>>) -> Result<Option<Vec<u8>>, Reason> {
    match message {
        Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => Ok(Some(message.into_data().into())),
        Some(Ok(Message::Close(frame))) => Err(match frame {
            Some(frame) => Reason::of_frame(frame.code.into(), frame.reason.as_str()),
            None => Reason::of_frame(1005, ""),
        }),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(reason(&error)),
        None => Err(Reason::Dropped { error: None }),
    }
}

fn reason(error: &Error) -> Reason {
    use tokio_tungstenite::tungstenite::error::ProtocolError;

    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Reason::Dropped { error: None },
        // Without the farewell of TLS: it was cut.
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Reason::Dropped { error: None }
        }
        Error::Io(error) => Reason::Dropped { error: Some(error.to_string()) },
        other => Reason::Protocol { error: other.to_string() },
    }
}

/// Passes bytes both ways until either side ends, and notes why the gateway did.
pub(super) async fn run(joined: Joined, line: DuplexStream, end: Arc<Mutex<Option<Reason>>>) {
    let heard = AtomicBool::new(true);
    let (sink, stream) = joined.socket.split();
    let (typed, shown) = split(line);
    let why = tokio::select! {
        why = show(stream, shown, joined.first, &heard) => Some(why),
        why = send(sink, typed, &heard) => why,
    };
    *end.lock().unwrap_or_else(PoisonError::into_inner) = why;
    // Both halves are dropped only now, so that whoever sees the end finds the reason.
}

/// The gateway's bytes to the line. What the line does not take yet piles up here, so that pings are answered.
async fn show(
    mut stream: SplitStream<Socket>,
    mut line: WriteHalf<DuplexStream>,
    first: Vec<u8>,
    heard: &AtomicBool,
) -> Reason {
    let mut pile = first;
    loop {
        tokio::select! {
            written = line.write(&pile), if !pile.is_empty() => match written {
                Ok(count) => {
                    pile.drain(..count);
                }
                // The line was dropped; the other direction says farewell.
                Err(_) => std::future::pending().await,
            },
            message = stream.next(), if pile.len() < PILE => {
                heard.store(true, Ordering::Relaxed);
                match received(message) {
                    Ok(bytes) => pile.extend(bytes.unwrap_or_default()),
                    Err(reason) => {
                        // What came before the end is still the console's.
                        let _ = line.write_all(&pile).await;
                        return reason;
                    }
                }
            }
        }
    }
}

/// The line's bytes to the gateway, and pings. `None` when the line was dropped.
async fn send(
    mut sink: SplitSink<Socket, Message>,
    mut line: ReadHalf<DuplexStream>,
    heard: &AtomicBool,
) -> Option<Reason> {
    let mut characters = Characters::default();
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unanswered = 0;
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            read = line.read(&mut buffer) => {
                let Ok(count @ 1..) = read else {
                    let farewell = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                    let _ = timeout(FAREWELL, sink.send(Message::Close(Some(farewell)))).await;
                    return None;
                };
                // Checked when it was written.
                let text = characters.push(&buffer[..count]).unwrap_or_default();
                for message in messages(&text) {
                    if let Err(error) = sink.send(Message::text(message)).await {
                        return Some(reason(&error));
                    }
                }
            }
            _ = pings.tick() => {
                unanswered = if heard.swap(false, Ordering::Relaxed) { 0 } else { unanswered + 1 };
                if unanswered == UNANSWERED {
                    let error = format!("no answer for {} s", (PING * UNANSWERED).as_secs());
                    return Some(Reason::Dropped { error: Some(error) });
                }
                if let Err(error) = sink.send(Message::Ping(Vec::new().into())).await {
                    return Some(reason(&error));
                }
            }
        }
    }
}
