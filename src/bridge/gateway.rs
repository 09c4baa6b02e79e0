//! The gateway of the serial console: the token gate, one session a machine (the newest wins), replay, frames.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::calls::Call;
use super::switches::{Cut, Frames, Switches};
use super::{Shared, lock};

/// invented: how long the gateway waits for the token.
const GATE: Duration = Duration::from_secs(30);
/// What it says first (azserialconsole#116); what it means is not known, clients take no notice of it.
const GREETING: &str = "Connecting...\r\n\r\n";
/// Azure documentation, serial-console-errors.
const HOST_SLOW: &str = "\r\nSorry, the serial console was unable to connect to the VM because the service did not \
                         respond in a timely manner.\r\n";

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The sessions that were opened by the resource manager.
#[derive(Default)]
pub(super) struct Sessions {
    opened: Vec<Session>,
    dropped: u32,
}

struct Session {
    id: String,
    state: State,
    /// Rung when a newer session takes the console.
    taken: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Joined,
    Trusted,
    Over,
}

impl Sessions {
    /// A session that waits to be joined.
    pub(super) fn open(&mut self, id: String) {
        self.opened.push(Session { id, state: State::Waiting, taken: Arc::default() });
    }

    /// Joins a session, once.
    pub(super) fn join(&mut self, id: &str) -> bool {
        let session = self.opened.iter_mut().find(|session| session.id == id);
        match session {
            Some(session) if session.state == State::Waiting => {
                session.state = State::Joined;
                true
            }
            _ => false,
        }
    }

    /// Whether what the session allows may be done: its socket is open, its token was believed.
    pub(super) fn is_trusted(&self, id: &str) -> bool {
        self.opened.iter().any(|session| session.id == id && session.state == State::Trusted)
    }

    fn trust(&mut self, id: &str) -> Arc<Notify> {
        let mut taken = Arc::default();
        for session in &mut self.opened {
            if session.id == id {
                session.state = State::Trusted;
                taken = Arc::clone(&session.taken);
            } else if session.state == State::Trusted {
                session.taken.notify_one();
            }
        }
        taken
    }

    fn end(&mut self, id: &str) {
        if let Some(session) = self.opened.iter_mut().find(|session| session.id == id) {
            session.state = State::Over;
        }
    }
}

/// Serves a session from the upgrade to its end.
pub(super) async fn serve(shared: Arc<Shared>, id: String, socket: Socket) {
    let switches = lock(&shared.switches).clone();
    let mut session = Talk { shared: &shared, switches, socket, turn: 0, echoed: String::new() };
    session.run(&id).await;
    lock(&shared.sessions).end(&id);
}

struct Talk<'a> {
    shared: &'a Shared,
    switches: Switches,
    socket: Socket,
    turn: u32,
    /// The token, where it is to be sent back.
    echoed: String,
}

impl Talk<'_> {
    async fn run(&mut self, id: &str) {
        let spoke = !self.switches.silent_first;
        if spoke && self.frame(GREETING.as_bytes()).await.is_err() {
            return;
        }
        match timeout(GATE, self.token(spoke)).await {
            Ok(Some(true)) => {}
            Ok(None) => return,
            Ok(Some(false)) | Err(_) => {
                return self.close(CloseCode::Error, "Connection not trusted").await;
            }
        }
        if self.switches.host_slow {
            let _ = self.frame(HOST_SLOW.as_bytes()).await;
            return self.close(CloseCode::Normal, "").await;
        }
        let taken = lock(&self.shared.sessions).trust(id);
        let (mut past, output) = self.shared.console.attach(self.switches.replay, self.switches.stale);
        if self.switches.echo_token {
            past.extend(format!("\r\n{}\r\n", self.echoed).bytes());
        }
        if self.switches.invalid {
            past.splice(0..0, [0xA9, 0xFF, 0x80]);
        }
        if !past.is_empty() && self.output(&past).await.is_err() {
            return;
        }
        self.pass(&taken, output).await;
    }

    /// Whether the token came; `None` when the client went away.
    async fn token(&mut self, spoke: bool) -> Option<bool> {
        loop {
            let message = self.socket.next().await?.ok()?;
            let (text, is_text) = match &message {
                Message::Text(text) => (text.as_str().to_owned(), true),
                Message::Binary(bytes) => (String::from_utf8_lossy(bytes).into_owned(), false),
                Message::Close(_) => return None,
                _ => continue,
            };
            let accepted = is_text && !self.switches.distrust && lock(&self.shared.cloud).accepts(&text);
            if self.switches.echo_token {
                self.echoed.clone_from(&text);
            }
            lock(&self.shared.calls).push(Call::Token {
                text: is_text,
                accepted,
                after_first_message: spoke,
            });
            return Some(accepted);
        }
    }

    async fn pass(&mut self, taken: &Notify, mut output: UnboundedReceiver<Vec<u8>>) {
        let mut heard = Instant::now();
        let mut pinged = Instant::now();
        let mut keys = Keys::new(&self.switches);
        let mut sent = 0_u64;
        loop {
            let idle = self.switches.idle.map(|idle| heard + idle);
            let ping = self.switches.ping.map(|ping| pinged + ping);
            tokio::select! {
                () = taken.notified() => {
                    return self.close(CloseCode::from(self.switches.taken_code), "").await;
                }
                () = at(idle) => return self.close(CloseCode::Away, "").await,
                () = at(ping) => {
                    pinged = Instant::now();
                    if self.socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                        return;
                    }
                }
                bytes = output.recv() => {
                    let Some(bytes) = bytes else { return self.close(CloseCode::Normal, "").await };
                    sent += bytes.len() as u64;
                    if self.output(&bytes).await.is_err() {
                        return;
                    }
                    if self.is_to_be_dropped(sent) {
                        // Without a close frame: the stream ends when this returns.
                        return;
                    }
                }
                message = self.socket.next() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => self.typed(&mut keys, text.as_str()),
                        Some(Ok(Message::Binary(bytes))) => {
                            self.typed(&mut keys, &String::from_utf8_lossy(&bytes));
                        }
                        Some(Ok(Message::Ping(_))) => lock(&self.shared.calls).push(Call::Ping),
                        Some(Ok(Message::Close(frame))) => {
                            let code = frame.map_or(1005, |frame| frame.code.into());
                            lock(&self.shared.calls).push(Call::Closed(code));
                            // The answer to a close goes out when the stream is polled again.
                            while let Some(Ok(_)) = self.socket.next().await {}
                            return;
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return,
                    }
                }
            }
        }
    }

    fn is_to_be_dropped(&self, sent: u64) -> bool {
        let Some(limit) = self.switches.drop_after else { return false };
        let mut sessions = lock(&self.shared.sessions);
        let now = sent >= limit && sessions.dropped == 0;
        sessions.dropped += u32::from(now);
        now
    }

    fn typed(&mut self, keys: &mut Keys, text: &str) {
        if lock(&self.shared.cloud).accepts(text) {
            // A second copy goes to the machine like anything else that is typed.
            let call = Call::Token { text: true, accepted: false, after_first_message: true };
            lock(&self.shared.calls).push(call);
        }
        let bytes = keys.take(text, Instant::now());
        self.shared.console.type_bytes(&bytes);
    }

    async fn output(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let size = match self.switches.cut {
            Cut::AsItComes => bytes.len().max(1),
            Cut::Every(size) => size,
        };
        for piece in bytes.chunks(size) {
            self.frame(piece).await?;
        }
        Ok(())
    }

    /// Sends a frame, whether it is UTF-8 or not: the service may cut characters in two.
    async fn frame(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.turn = self.turn.wrapping_add(1);
        let kind = match self.switches.frames {
            Frames::Binary => Data::Binary,
            Frames::Mixed if self.turn.is_multiple_of(2) => Data::Binary,
            Frames::Text | Frames::Mixed => Data::Text,
        };
        let frame = Frame::message(bytes.to_vec(), OpCode::Data(kind), true);
        self.socket.send(Message::Frame(frame)).await
    }

    async fn close(&mut self, code: CloseCode, reason: &str) {
        let frame = CloseFrame { code, reason: reason.into() };
        if self.socket.close(Some(frame)).await.is_ok() {
            // Until the client has answered, or does not.
            let _ = timeout(Duration::from_secs(5), async {
                while let Some(Ok(_)) = self.socket.next().await {}
            })
            .await;
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// Waits as long as an upgrade is to take.
pub(super) async fn delay(switches: &Switches) {
    if !switches.slow_upgrade.is_zero() {
        sleep(switches.slow_upgrade).await;
    }
}

/// What of the messages reaches the machine.
struct Keys {
    cap: Option<usize>,
    doubled: Option<Duration>,
    last: Option<(char, Instant)>,
}

impl Keys {
    fn new(switches: &Switches) -> Self {
        Self { cap: switches.cap, doubled: switches.doubled, last: None }
    }

    fn take(&mut self, text: &str, now: Instant) -> Vec<u8> {
        let mut taken = String::new();
        for character in text.chars().take(self.cap.unwrap_or(usize::MAX)) {
            let again = self.last.is_some_and(|(last, at)| {
                last == character && self.doubled.is_some_and(|window| now - at < window)
            });
            self.last = Some((character, now));
            if !again {
                taken.push(character);
            }
        }
        taken.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn doubled_characters_and_long_messages_lose() {
        let mut switches = Switches { cap: Some(6), ..Switches::default() };
        switches.doubled = Some(Duration::from_millis(100));
        let mut keys = Keys::new(&switches);
        assert_eq!(keys.take("Access", Instant::now()), b"Aces");
        assert_eq!(keys.take("s", Instant::now()), b"");
        sleep(Duration::from_millis(200)).await;
        assert_eq!(keys.take("s1234567", Instant::now()), b"s12345");
    }

    #[test]
    fn the_newest_session_wins_and_none_is_joined_twice() {
        let mut sessions = Sessions::default();
        sessions.open("a".to_owned());
        sessions.open("b".to_owned());
        assert!(sessions.join("a") && !sessions.join("a") && sessions.join("b") && !sessions.join("c"));
        assert!(!sessions.is_trusted("a"));
        let a = sessions.trust("a");
        assert!(sessions.is_trusted("a"));
        let _ = sessions.trust("b");
        // Rung: it does not wait.
        assert!(futures_util::FutureExt::now_or_never(a.notified()).is_some());
        sessions.end("a");
        assert!(!sessions.is_trusted("a") && sessions.is_trusted("b"));
    }
}
