//! A socket that carries the bytes of a console and nothing else (`ser2net` in raw mode, QEMU's `-serial tcp:`).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::endpoint::address;
use super::refusal::Head;
use super::{Line, OpenError, Refused, keep_through, write_through};

/// How long all addresses of a host together may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A connected socket.
#[derive(Debug)]
pub(super) struct TcpLine {
    stream: TcpStream,
    what: String,
    head: Head,
}

keep_through!(TcpLine, stream, head);
write_through!(TcpLine, stream);

/// Connects to the first address of `host` that answers.
pub(super) async fn open(host: &str, port: u16) -> Result<TcpLine, OpenError> {
    let what = format!("socket {}", address(host, port));
    match timeout(CONNECT, connect(host, port, &what)).await {
        Ok(stream) => Ok(TcpLine { stream: stream?, what, head: Head::default() }),
        Err(_) => Err(OpenError::NoAnswer { what, after: CONNECT }),
    }
}

async fn connect(host: &str, port: u16, what: &str) -> Result<TcpStream, OpenError> {
    let unknown = |reason: String| OpenError::UnknownHost { host: host.to_owned(), reason };
    let addresses: Vec<SocketAddr> =
        lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?.collect();
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                prepare(&stream).map_err(|error| OpenError::Failed { what: what.to_owned(), error })?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    let what = what.to_owned();
    Err(match last {
        None => unknown("the resolver knows it, but has no address".to_owned()),
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => OpenError::Refused { what },
        Some(error) => OpenError::Failed { what, error },
    })
}

/// Keys go out at once, and a peer that vanished without a word (a rebooted terminal server) is noticed within
/// a minute or two even while nothing is sent.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(30)).with_interval(Duration::from_secs(10));
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

impl Line for TcpLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn refused(&self) -> Option<Refused> {
        self.head.refused()
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if self.head.refusal().is_some()
            && let Some(reason) = self.head.reason()
        {
            return reason;
        }
        match error.map(io::Error::kind) {
            None | Some(io::ErrorKind::BrokenPipe) => "the other side closed the connection".to_owned(),
            Some(io::ErrorKind::ConnectionReset) => "the other side reset the connection".to_owned(),
            Some(io::ErrorKind::TimedOut) => "the other side does not answer any more".to_owned(),
            Some(_) => error.map(ToString::to_string).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::super::suite;
    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_hang_up_is_told() {
        for host in ["127.0.0.1", "::1", "localhost"] {
            let Ok(listener) = TcpListener::bind((host, 0)).await else {
                println!("skipped: no {host} here");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let line = open(host, port).await.unwrap();
            let (mut peer, _) = listener.accept().await.unwrap();
            let shown =
                if host == "::1" { format!("socket [::1]:{port}") } else { format!("socket {host}:{port}") };
            assert_eq!(line.describe(), shown);
            let mut line = suite::carries_every_byte(line, &mut peer).await;
            drop(peer);
            assert_eq!(suite::hang_up(&mut line).await, "the other side closed the connection");
        }
    }

    /// Wine, where the tests for Windows run, tells a reset as an end of file.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_reset_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = open("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        assert_eq!(suite::hang_up(&mut line).await, "the other side reset the connection");
    }

    #[tokio::test]
    async fn a_terminal_server_that_is_busy_is_understood() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut line = open("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        // What ser2net 4.3.11 sends to a second user.
        peer.write_all(b"Port already in use\r\n").await.unwrap();
        drop(peer);
        let reason = suite::hang_up(&mut line).await;
        assert!(reason.starts_with("Port already in use: close the other session"), "{reason}");
    }

    #[tokio::test]
    async fn where_nobody_listens_is_said() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = open("127.0.0.1", port).await.unwrap_err();
        assert_eq!(
            (error.code(), error.to_string()),
            ("open-refused", format!("nobody listens at the socket 127.0.0.1:{port}"))
        );
        let error = open("no-such-host.invalid", 1).await.unwrap_err();
        assert_eq!(error.code(), "open-unknown-host", "{error}");
    }
}
