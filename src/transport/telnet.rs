//! Telnet: terminal servers, QEMU's and VMware's `telnet:` ports.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use super::endpoint::address;
use super::refusal::{Head, Kind};
use super::tcp::{self, TcpLine};
use super::wakers::{Half, Wakers};
use super::{Line, OpenError, Refused, read_through, write_through};
use crate::telnet::{Command, Connection, End, Event};

/// How long a peer may be silent before it counts as one that does not greet. Plain sockets and some servers do not.
const GREETING: Duration = Duration::from_secs(1);

/// How long the answers to our wishes may take.
const SETTLING: Duration = Duration::from_secs(3);

/// How much may wait to be written before a write has to wait.
const OUTGOING: usize = 16 * 1024;

/// How much is read ahead while only writes are asked for.
const AHEAD: usize = 256 * 1024;

/// A console behind telnet.
#[derive(Debug)]
pub(super) struct TelnetLine {
    stream: TelnetStream<TcpLine>,
    what: String,
}

read_through!(TelnetLine, stream);
write_through!(TelnetLine, stream);

/// Connects, and negotiates with a peer that does.
pub(super) async fn open(host: &str, port: u16) -> Result<TelnetLine, OpenError> {
    let what = format!("telnet port {}", address(host, port));
    let line = tcp::open(host, port).await?;
    let mut stream = TelnetStream::new(line, Connection::new(End::Client));
    let negotiated = stream.negotiated(GREETING, SETTLING).await;
    stream.let_in(&what, negotiated)?;
    Ok(TelnetLine { stream, what })
}

impl Line for TelnetLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn refused(&self) -> Option<Refused> {
        self.stream.refused()
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        self.stream.hang_up(error)
    }

    /// Terminal servers make a break on their port of it; QEMU does too.
    fn send_break(&mut self) -> io::Result<()> {
        self.stream.connection.send_command(Command::BREAK);
        Ok(())
    }
}

/// The bytes of a console inside telnet.
#[derive(Debug)]
pub(super) struct TelnetStream<S> {
    inner: S,
    pub(super) connection: Connection,
    /// Bytes of the console that nobody fetched yet, and how many of them were.
    arrived: Vec<u8>,
    fetched: usize,
    /// What the peer said beside them, where somebody asked for it.
    events: Vec<Event>,
    head: Head,
    ended: bool,
    wakers: Arc<Wakers>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TelnetStream<S> {
    pub(super) fn new(inner: S, connection: Connection) -> Self {
        Self {
            inner,
            connection,
            arrived: Vec::new(),
            fetched: 0,
            events: Vec::new(),
            head: Head::default(),
            ended: false,
            wakers: Arc::default(),
        }
    }

    /// Waits for the greeting of the peer, and for the answers to our wishes.
    async fn negotiated(&mut self, greeting: Duration, settling: Duration) -> io::Result<()> {
        self.greeted(greeting).await?;
        self.settled(settling).await
    }

    /// Waits until the peer negotiates, says anything else, ends, or the time is over.
    pub(super) async fn greeted(&mut self, patience: Duration) -> io::Result<()> {
        self.until(patience, |stream| stream.connection.speaks_telnet() || !stream.arrived.is_empty()).await
    }

    /// Waits until all wishes are answered.
    pub(super) async fn settled(&mut self, patience: Duration) -> io::Result<()> {
        if !self.connection.speaks_telnet() {
            return Ok(());
        }
        self.until(patience, |stream| stream.connection.is_settled()).await
    }

    /// Exchanges bytes until something holds, the line ends, or the time is over.
    pub(super) async fn until(
        &mut self,
        patience: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> io::Result<()> {
        let exchange = std::future::poll_fn(|context| {
            while !holds(self) && !self.ended {
                ready!(self.poll_fill(Half::Reading, context))?;
            }
            // The last answers go out before anything else does.
            self.poll_drain(Half::Reading, context)
        });
        timeout(patience, exchange).await.unwrap_or(Ok(()))
    }

    /// Whether we are let in, after something was done or failed. A peer that says why not counts first: with the
    /// connection it often resets what was done.
    pub(super) fn let_in<T>(&self, what: &str, done: io::Result<T>) -> Result<T, OpenError> {
        match self.head.refusal() {
            Some(refusal) if refusal.kind != Kind::Refused => {
                Err(OpenError::Busy { what: what.to_owned(), holder: None })
            }
            Some(refusal) => Err(OpenError::Unusable {
                what: what.to_owned(),
                reason: self.head.reason().unwrap_or_default(),
                help: refusal.remedy.to_owned(),
            }),
            None => done.map_err(|error| OpenError::Failed { what: what.to_owned(), error }),
        }
    }

    /// What the peer said beside data since the last call.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Whether it said anything.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Writes what waits to go out. Ready when nothing waits any more.
    pub(super) fn poll_drain(&mut self, half: Half, context: &Context<'_>) -> Poll<io::Result<()>> {
        let waker = self.wakers.joint(half, context);
        let mut context = Context::from_waker(&waker);
        while !self.connection.outgoing().is_empty() {
            match ready!(pin!(&mut self.inner).poll_write(&mut context, self.connection.outgoing()))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.connection.sent(count),
            }
        }
        pin!(&mut self.inner).poll_flush(&mut context)
    }

    /// Reads once. Ready when something came or the line ended; what must be answered is answered.
    fn poll_fill(&mut self, half: Half, context: &Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            return Poll::Ready(Ok(()));
        }
        // A peer that does not take our answers now gets them later.
        if let Poll::Ready(Err(error)) = self.poll_drain(half, context) {
            // What it sent before it went is still to be read.
            tracing::debug!(%error, "the answers of a negotiation cannot be sent");
        }
        let waker = self.wakers.joint(half, context);
        let mut bytes = [0; 4096];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(pin!(&mut self.inner).poll_read(&mut Context::from_waker(&waker), &mut buffer))?;
        let before = self.arrived.len();
        let events = self.connection.receive(buffer.filled(), &mut self.arrived);
        self.events.extend(events.into_iter().filter(|event| matches!(event, Event::ComPort(_))));
        self.head.keep(&self.arrived[before..]);
        self.ended = buffer.filled().is_empty();
        Poll::Ready(Ok(()))
    }

    fn poll_read_into(&mut self, context: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.fetched == self.arrived.len() && !self.ended {
            ready!(self.poll_fill(Half::Reading, context))?;
        }
        let waiting = &self.arrived[self.fetched..];
        let count = waiting.len().min(buffer.remaining());
        buffer.put_slice(&waiting[..count]);
        self.fetched += count;
        if self.fetched == self.arrived.len() {
            self.arrived.clear();
            self.fetched = 0;
        }
        // Answers to what was just read, if the peer takes them now.
        let _ = self.poll_drain(Half::Reading, context);
        Poll::Ready(Ok(()))
    }

    fn poll_write_from(&mut self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let drained = self.poll_drain(Half::Writing, context);
            if let Poll::Ready(Err(error)) = drained {
                return Poll::Ready(Err(error));
            }
            if !self.connection.is_held() && self.connection.outgoing().len() < OUTGOING {
                break;
            }
            // The peer may be waiting for us to read, or its leave to go on may be on the way.
            if self.arrived.len() - self.fetched >= AHEAD || self.ended {
                return Poll::Pending;
            }
            ready!(self.poll_fill(Half::Writing, context))?;
        }
        let count = bytes.len().min(OUTGOING);
        self.connection.send(&bytes[..count]);
        match self.poll_drain(Half::Writing, context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(count)),
        }
    }
}

impl<S: Line> TelnetStream<S> {
    /// Whether the other side said that it does not let us in.
    pub(super) fn refused(&self) -> Option<Refused> {
        self.head.refused()
    }

    /// Why the line ended.
    pub(super) fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        self.head.refusal().and_then(|_| self.head.reason()).unwrap_or_else(|| self.inner.hang_up(error))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TelnetStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_read_into(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TelnetStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_from(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_drain(Half::Writing, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(Half::Writing, context))?;
        pin!(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::net::TcpListener;

    use super::super::suite;
    use super::*;

    /// Both ends of a line of `room` bytes, the far one as `far`.
    async fn pair(room: usize, far: Connection) -> (TelnetStream<DuplexStream>, TelnetStream<DuplexStream>) {
        let (near, other) = duplex(room);
        let mut near = TelnetStream::new(near, Connection::new(End::Client));
        let mut far = TelnetStream::new(other, far);
        far.connection.greet();
        let near_opens = async {
            near.negotiated(GREETING, SETTLING).await.unwrap();
        };
        let ((), answered) = tokio::join!(near_opens, far.settled_as_server());
        answered.unwrap();
        (near, far)
    }

    impl TelnetStream<DuplexStream> {
        async fn settled_as_server(&mut self) -> io::Result<()> {
            self.until(SETTLING, |stream| stream.connection.is_settled()).await
        }
    }

    #[tokio::test]
    async fn every_byte_passes_with_and_without_binary() {
        for far in [Connection::new(End::Server), Connection::new(End::Server).without_binary()] {
            for room in [64, 64 * 1024] {
                let (near, far) = pair(room, far.clone()).await;
                assert!(near.connection.is_settled() && far.connection.is_settled());
                suite::carries_every_byte(near, far).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_greet_is_a_plain_socket() {
        let (near, mut far) = duplex(64);
        let mut line = TelnetStream::new(near, Connection::new(End::Client));
        line.negotiated(GREETING, SETTLING).await.unwrap();
        line.write_all(b"ver\r").await.unwrap();
        far.write_all(b"SAC>").await.unwrap();
        let mut bytes = [0; 4];
        line.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"SAC>");
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ver\r", "nothing else was sent");
    }

    #[tokio::test]
    async fn a_write_waits_for_leave_to_go_on() {
        let (near, mut far) = duplex(4096);
        let mut line = TelnetStream::new(near, Connection::with_com_port(End::Client));
        far.write_all(&[255, 250, 44, 108, 255, 240, b'x']).await.unwrap();
        assert_eq!(line.read_u8().await.unwrap(), b'x');
        let mut write = Box::pin(line.write_all(b"held"));
        let still = timeout(Duration::from_millis(20), &mut write).await;
        assert!(still.is_err(), "{still:?}");
        // Nobody reads the line meanwhile.
        far.write_all(&[b'y', 255, 250, 44, 109, 255, 240]).await.unwrap();
        write.await.unwrap();
        let mut bytes = [0; 4];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"held");
        assert_eq!(line.read_u8().await.unwrap(), b'y');
    }

    #[tokio::test]
    async fn a_break_goes_out_by_the_next_read() {
        let (near, mut far) = duplex(64);
        let mut line = TelnetStream::new(near, Connection::new(End::Client));
        line.connection.send_command(Command::BREAK);
        far.write_all(b"x").await.unwrap();
        line.read_u8().await.unwrap();
        let mut bytes = [0; 2];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes, [255, 243]);
    }

    #[tokio::test]
    async fn a_terminal_server_is_greeted_back_and_its_refusal_understood() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        // What ser2net 4.3.11 sends to a second user.
        let greeting = [255, 251, 3, 255, 253, 3, 255, 251, 1, 255, 254, 1, 255, 253, 0, 255, 251, 0];
        let serve = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            peer.write_all(&greeting).await.unwrap();
            peer.write_all(b"Port already in use\r\n").await.unwrap();
            peer.shutdown().await.unwrap();
            peer.read_to_end(&mut Vec::new()).await.unwrap();
        };
        let (opened, ()) = tokio::join!(open("127.0.0.1", port), serve);
        assert_eq!(opened.unwrap_err().code(), "open-busy");
    }
}
