//! Passes a line on to whoever connects, one at a time. The line lives on between them.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};

use super::{Client, Line, Listener};

/// Something happened that whoever offers the line may want to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Somebody connected.
    Connected,
    /// They left.
    Left,
    /// Somebody else came meanwhile and was sent away.
    SentAway,
    /// Somebody could not connect.
    NotAccepted(String),
}

/// What the one who comes second is told.
const TAKEN: &[u8] = b"\r\nThis console is in use by somebody else.\r\n";

/// Passes bytes between `line` and those who connect to `listener`, until the line ends. What the line sends while
/// nobody is there is lost, as on a serial cable. Returns why the line ended.
pub async fn serve(
    mut line: Box<dyn Line>,
    listener: &mut Listener,
    notice: &mut dyn FnMut(Notice),
) -> String {
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            client = listener.accept() => match client {
                Ok(client) => {
                    notice(Notice::Connected);
                    let end = pass(&mut line, client, listener, notice).await;
                    notice(Notice::Left);
                    if let End::Line(error) = end {
                        // A simulated line that was cut: the machine lives on.
                        let Some(again) = line.again() else { return line.hang_up(error.as_ref()) };
                        line = again;
                    }
                }
                Err(error) => notice(Notice::NotAccepted(error.to_string())),
            },
            read = line.read(&mut buffer) => match read {
                Ok(0) => match line.again() {
                    Some(again) => line = again,
                    None => return line.hang_up(None),
                },
                Ok(_) => {}
                Err(error) => return line.hang_up(Some(&error)),
            },
        }
    }
}

/// Who ended it.
enum End {
    Client,
    Line(Option<io::Error>),
}

async fn pass(
    line: &mut Box<dyn Line>,
    client: Box<dyn Client>,
    listener: &mut Listener,
    notice: &mut dyn FnMut(Notice),
) -> End {
    let (mut line_in, mut line_out) = split(line);
    let (mut client_in, mut client_out) = split(client);
    let from_line = async {
        let mut buffer = [0; 4096];
        loop {
            match line_in.read(&mut buffer).await {
                Ok(0) => return End::Line(None),
                Err(error) => return End::Line(Some(error)),
                Ok(count) => {
                    if client_out.write_all(&buffer[..count]).await.is_err() {
                        return End::Client;
                    }
                }
            }
        }
    };
    let from_client = async {
        let mut buffer = [0; 4096];
        loop {
            match client_in.read(&mut buffer).await {
                Ok(0) | Err(_) => return End::Client,
                Ok(count) => {
                    if let Err(error) = line_out.write_all(&buffer[..count]).await {
                        return End::Line(Some(error));
                    }
                    if let Err(error) = line_out.flush().await {
                        return End::Line(Some(error));
                    }
                }
            }
        }
    };
    let send_away = async {
        loop {
            match listener.accept().await {
                Ok(mut other) => {
                    // They may be gone already.
                    let _ = other.write_all(TAKEN).await;
                    let _ = other.shutdown().await;
                    notice(Notice::SentAway);
                }
                Err(error) => {
                    notice(Notice::NotAccepted(error.to_string()));
                    // Out of descriptors, say: those who are there go on, nobody else comes in.
                    std::future::pending::<()>().await;
                }
            }
        }
    };
    tokio::select! {
        end = from_line => end,
        end = from_client => end,
        end = send_away => end,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::super::{Endpoint, open};
    use super::*;

    /// A machine that the test plays.
    struct Machine(DuplexStream);

    super::super::read_through!(Machine, 0);
    super::super::write_through!(Machine, 0);

    impl Line for Machine {
        fn describe(&self) -> String {
            "machine".to_owned()
        }
    }

    async fn said(from: &mut (impl tokio::io::AsyncRead + Unpin), text: &str) {
        let mut bytes = vec![0; text.len()];
        from.read_exact(&mut bytes).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), text);
    }

    #[tokio::test]
    async fn one_after_the_other_uses_a_machine_that_lives_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vm");
        let mut listener =
            Listener::bind(&format!("unix:{}", path.display()).parse().unwrap()).await.unwrap();
        let endpoint: Endpoint = listener.endpoint();
        let (machine, mut inside) = tokio::io::duplex(64);
        let (told, mut notices) = tokio::sync::mpsc::unbounded_channel();
        let users = async {
            inside.write_all(&[b'x'; 1000]).await.unwrap(); // nobody is there
            for _ in 0..2 {
                let mut user = open(&endpoint).await.unwrap();
                assert_eq!(notices.recv().await, Some(Notice::Connected));
                user.write_all(b"dir\r").await.unwrap();
                said(&mut inside, "dir\r").await;
                inside.write_all(b"C:\\>").await.unwrap();
                let mut second = open(&endpoint).await.unwrap();
                let mut answer = Vec::new();
                second.read_to_end(&mut answer).await.unwrap();
                assert_eq!(answer, TAKEN);
                assert_eq!(notices.recv().await, Some(Notice::SentAway));
                let mut shown = Vec::new();
                while !shown.ends_with(b"C:\\>") {
                    shown.push(user.read_u8().await.unwrap());
                }
                drop(user);
                assert_eq!(notices.recv().await, Some(Notice::Left));
            }
            drop(inside);
        };
        let mut notice = |what| told.send(what).unwrap();
        let (reason, ()) = tokio::join!(serve(Box::new(Machine(machine)), &mut listener, &mut notice), users);
        assert_eq!(reason, "the other side closed the connection");
    }
}
