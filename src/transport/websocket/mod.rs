//! The bytes of a console inside the messages of a websocket. A task of its own keeps the session alive with pings,
//! whoever reads or does not.

mod opcodes;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use self::opcodes::TextAsBinary;
use crate::web::Stream;

/// Firewalls cut what is idle for one or two minutes; Microsoft's test framework pings at this pace.
const PING: Duration = Duration::from_secs(20);
/// So many pings without any frame since, and nobody is there any more.
const UNANSWERED: u32 = 3;
/// What may pile up here while nobody reads the line.
const PILE: usize = 4 * 1024 * 1024;
/// How long a close may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes between the line and its task.
pub(super) const BUFFER: usize = 16 * 1024;

/// A websocket, whose client we are.
pub(super) type Socket = WebSocketStream<TextAsBinary<Box<dyn Stream>>>;

/// Why a session ended; none until it did, or when we ended it.
pub(super) type End = Arc<Mutex<Option<Ended>>>;

/// Why the other side ended a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a close frame.
    Closed { code: u16, text: String },
    /// The connection broke without one.
    Dropped { error: Option<String> },
    /// What came breaks the rules of websockets.
    Protocol { error: String },
}

/// The websocket on `stream`, which was upgraded to one.
pub(super) async fn socket(stream: Box<dyn Stream>) -> Socket {
    let config = WebSocketConfig::default().max_message_size(Some(PILE)).max_frame_size(Some(PILE));
    WebSocketStream::from_raw_socket(TextAsBinary::new(stream), Role::Client, Some(config)).await
}

/// The next bytes.
pub(super) async fn data(socket: &mut Socket) -> Result<Vec<u8>, Ended> {
    loop {
        if let Some(bytes) = received(socket.next().await)? {
            return Ok(bytes);
        }
    }
}

/// The bytes of a message; `None` for what is only about the connection; why it ended.
fn received(message: Option<Result<Message, Error>>) -> Result<Option<Vec<u8>>, Ended> {
    match message {
        Some(Ok(message @ (Message::Binary(_) | Message::Text(_)))) => Ok(Some(message.into_data().into())),
        Some(Ok(Message::Close(Some(frame)))) => {
            Err(Ended::Closed { code: frame.code.into(), text: frame.reason.as_str().to_owned() })
        }
        Some(Ok(Message::Close(None))) => Err(Ended::Closed { code: 1005, text: String::new() }),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(ended(&error)),
        None => Err(Ended::Dropped { error: None }),
    }
}

pub(super) fn ended(error: &Error) -> Ended {
    use tokio_tungstenite::tungstenite::error::ProtocolError;

    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ended::Dropped { error: None },
        // Without the farewell of TLS: it was cut.
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Ended::Dropped { error: None }
        }
        Error::Io(error) => Ended::Dropped { error: Some(error.to_string()) },
        other => Ended::Protocol { error: other.to_string() },
    }
}

/// Passes bytes both ways until either side ends, and notes why the other side did. `messages` makes messages of what
/// is typed; `first` is what came already.
pub(super) async fn run(
    socket: Socket,
    first: Vec<u8>,
    line: DuplexStream,
    end: End,
    messages: impl FnMut(&[u8]) -> Vec<Message>,
) {
    let heard = AtomicBool::new(true);
    let (sink, stream) = socket.split();
    let (typed, shown) = split(line);
    let why = tokio::select! {
        why = show(stream, shown, first, &heard) => Some(why),
        why = send(sink, typed, &heard, messages) => why,
    };
    *end.lock().unwrap_or_else(PoisonError::into_inner) = why;
    // Both halves are dropped only now, so that whoever sees the end finds the reason.
}

/// The other side's bytes to the line. What the line does not take yet piles up here, so that pings are answered.
async fn show(
    mut stream: SplitStream<Socket>,
    mut line: WriteHalf<DuplexStream>,
    first: Vec<u8>,
    heard: &AtomicBool,
) -> Ended {
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
                    Err(why) => {
                        // What came before the end is still the console's.
                        let _ = line.write_all(&pile).await;
                        return why;
                    }
                }
            }
        }
    }
}

/// The line's bytes to the other side, and pings. `None` when the line was dropped.
async fn send(
    mut sink: SplitSink<Socket, Message>,
    mut line: ReadHalf<DuplexStream>,
    heard: &AtomicBool,
    mut messages: impl FnMut(&[u8]) -> Vec<Message>,
) -> Option<Ended> {
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
                for message in messages(&buffer[..count]) {
                    if let Err(error) = sink.send(message).await {
                        return Some(ended(&error));
                    }
                }
            }
            _ = pings.tick() => {
                unanswered = if heard.swap(false, Ordering::Relaxed) { 0 } else { unanswered + 1 };
                if unanswered == UNANSWERED {
                    let error = format!("no answer for {} s", (PING * UNANSWERED).as_secs());
                    return Some(Ended::Dropped { error: Some(error) });
                }
                if let Err(error) = sink.send(Message::Ping(Vec::new().into())).await {
                    return Some(ended(&error));
                }
            }
        }
    }
}
