//! Bytes between a person's terminal and a line, until one of them has enough.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::Instant;

use super::escape_key::{Action, EscapeKey, KEYS, Keys};
use super::secret_prompt::SecretPrompt;
use crate::recording::Recorder;
use crate::report::visible;
use crate::transport::{Line, Presence};

/// What a session is made of.
pub struct Session {
    /// The line.
    pub line: Box<dyn Line>,
    /// Records both directions.
    pub recorder: Option<Recorder>,
    /// Where it records to, for people.
    pub recording: Option<PathBuf>,
    /// The key that speaks to sacpilot.
    pub escape: EscapeKey,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The user left.
    Quit,
    /// The user's terminal is gone, or the program was told to end.
    Stopped,
    /// The line ended, for this reason.
    LineLost(String),
}

/// Keys that wait for a line that does not take them (flow control). More are dropped: the user sees no echo.
const MOST_WAITING: usize = 64 * 1024;

/// Leaves while the console is waited for; else it is a key as any other.
const CTRL_C: u8 = 0x03;

/// What comes next.
enum Next {
    Keys(usize),
    KeysEnded,
    Output(usize),
    LineEnded(Option<io::Error>),
    Sent(usize),
    /// The line went, or is back.
    Presence,
    Stop,
}

impl Session {
    /// Passes bytes on: `terminal` is the person's, in raw mode. `stop` ends it from outside.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub async fn pass_through(
        mut self,
        terminal: &mut (impl AsyncRead + AsyncWrite + Unpin),
        stop: impl Future<Output = ()>,
    ) -> io::Result<End> {
        let began = Instant::now();
        let mut stop = pin!(stop);
        let mut keys = Keys::new(self.escape);
        let mut secret = SecretPrompt::new();
        let mut waiting: VecDeque<u8> = VecDeque::new();
        let (mut typed, mut shown) = ([0; 1024], [0; 4096]);
        let greeting = format!("{}; {} then ? for help, q to quit", self.line.describe(), self.escape);
        tell(terminal, &greeting).await?;
        let mut presence = Presence::There;
        loop {
            let next = poll_fn(|context| {
                if stop.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Next::Stop);
                }
                match poll_read(terminal, context, &mut typed) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Next::KeysEnded),
                    Poll::Ready(Ok(count)) => return Poll::Ready(Next::Keys(count)),
                    Poll::Pending => {}
                }
                match poll_read(&mut self.line, context, &mut shown) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Next::LineEnded(None)),
                    Poll::Ready(Err(error)) => return Poll::Ready(Next::LineEnded(Some(error))),
                    Poll::Ready(Ok(count)) => return Poll::Ready(Next::Output(count)),
                    Poll::Pending => {}
                }
                if self.line.presence() != presence {
                    return Poll::Ready(Next::Presence);
                }
                if waiting.is_empty() {
                    return Poll::Pending;
                }
                Pin::new(&mut self.line).poll_write(context, waiting.as_slices().0).map(|sent| match sent {
                    Ok(count) => Next::Sent(count),
                    Err(error) => Next::LineEnded(Some(error)),
                })
            })
            .await;
            let at = began.elapsed();
            let before = std::mem::replace(&mut presence, self.line.presence());
            match (before, presence) {
                (Presence::There, Presence::Away | Presence::Unproven) => {
                    // What was typed for the console of before must not reach the next one by and by.
                    waiting.clear();
                    let why = format!("{}: {}; Ctrl-C leaves", self.line.describe(), self.line.hang_up(None));
                    tell(terminal, &why).await?;
                }
                (Presence::Away | Presence::Unproven, Presence::There)
                    if !matches!(next, Next::LineEnded(_)) =>
                {
                    if let Some(recorder) = &mut self.recorder {
                        self.line.secrets().iter().for_each(|secret| recorder.hide(secret));
                    }
                    tell(terminal, "the console is there").await?;
                }
                _ => {}
            }
            match next {
                Next::Presence => {}
                Next::Stop | Next::KeysEnded => return Ok(End::Stopped),
                Next::LineEnded(error) => return Ok(End::LineLost(self.line.hang_up(error.as_ref()))),
                Next::Output(count) => {
                    if let Some(recorder) = &mut self.recorder {
                        recorder.output(at, &shown[..count]);
                        secret.shown(&shown[..count]);
                    }
                    terminal.write_all(&shown[..count]).await?;
                }
                Next::Sent(count) => {
                    let sent: Vec<u8> = waiting.drain(..count).collect();
                    if let Some(recorder) = &mut self.recorder {
                        recorder.input(at, &secret.typed(&sent));
                    }
                    self.line.flush().await.ok();
                }
                Next::Keys(count) => {
                    for action in keys.push(&typed[..count]) {
                        match action {
                            Action::Quit => return Ok(End::Quit),
                            Action::Send(bytes) if presence != Presence::There && bytes.contains(&CTRL_C) => {
                                return Ok(End::Stopped);
                            }
                            Action::Send(_) if presence == Presence::Away => {
                                terminal.write_all(b"\x07").await?;
                            }
                            Action::Send(bytes) if waiting.len() + bytes.len() <= MOST_WAITING => {
                                waiting.extend(bytes);
                            }
                            Action::Send(_) => terminal.write_all(b"\x07").await?,
                            other => self.answer(other, terminal).await?,
                        }
                    }
                }
            }
            if let Some(failure) = self.recorder.as_mut().and_then(Recorder::take_failure) {
                tell(terminal, &failure.to_string()).await?;
            }
        }
    }

    async fn answer(&mut self, action: Action, terminal: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        match action {
            Action::Break => match self.line.send_break() {
                Ok(()) => tell(terminal, "sent a break").await,
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                    tell(terminal, "this line has no break").await
                }
                Err(error) => tell(terminal, &format!("cannot send a break: {error}")).await,
            },
            Action::Recording => match &self.recording {
                Some(path) => tell(terminal, &format!("the recording is {}", path.display())).await,
                None => tell(terminal, "this session is not recorded").await,
            },
            Action::Unknown(key) => {
                let key = char::from(key).escape_default();
                tell(terminal, &format!("{} {key} means nothing; ? shows the keys", self.escape)).await
            }
            Action::Help => {
                tell(terminal, &format!("keys after {}:", self.escape)).await?;
                for (key, meaning) in KEYS {
                    terminal.write_all(format!("  {key}  {meaning}\r\n").as_bytes()).await?;
                }
                let twice = format!("  {0}  send {0} itself\r\n", self.escape);
                terminal.write_all(twice.as_bytes()).await
            }
            Action::Quit | Action::Send(_) => Ok(()),
        }
    }
}

/// A line of sacpilot's own on the raw terminal. What it says of the other side is that side's word (law 8).
pub(in crate::cli) async fn tell(terminal: &mut (impl AsyncWrite + Unpin), text: &str) -> io::Result<()> {
    terminal.write_all(format!("\r\n[sacpilot: {}]\r\n", visible::line(text)).as_bytes()).await?;
    terminal.flush().await
}

fn poll_read(
    from: &mut (impl AsyncRead + Unpin),
    context: &mut Context<'_>,
    bytes: &mut [u8],
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(bytes);
    Pin::new(from).poll_read(context, &mut buffer).map_ok(|()| buffer.filled().len())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;
    use crate::recording::{CastReader, Event, Header, Kind};

    struct Machine(DuplexStream);

    impl AsyncRead for Machine {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for Machine {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(context)
        }
    }

    impl Line for Machine {
        fn describe(&self) -> String {
            "machine of a test".to_owned()
        }
    }

    fn session(recorder: Option<Recorder>) -> (Session, DuplexStream) {
        let (line, inside) = duplex(64);
        let recording = recorder.is_some().then(|| PathBuf::from("session.cast"));
        let line = Box::new(Machine(line));
        (Session { line, recorder, recording, escape: EscapeKey::default() }, inside)
    }

    async fn until(terminal: &mut DuplexStream, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            bytes.push(terminal.read_u8().await.unwrap());
        }
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn keys_go_to_the_machine_and_its_bytes_to_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.cast");
        let recorder = Recorder::create(&path, &Header::of_console("test", 0)).unwrap();
        let (session, mut inside) = session(Some(recorder));
        let (mut person, mut terminal) = duplex(4096);
        let acts = async {
            until(&mut person, "q to quit]\r\n").await;
            person.write_all(b"dir\r\x1d0").await.unwrap();
            let mut got = [0; 7];
            inside.read_exact(&mut got).await.unwrap();
            assert_eq!(&got, b"dir\r\x1b\t0");
            inside.write_all(b"\x1b[2JC:\\\xff>").await.unwrap();
            let mut shown = [0; 9];
            person.read_exact(&mut shown).await.unwrap();
            assert_eq!(&shown, b"\x1b[2JC:\\\xff>");
            person.write_all(b"\x1d?\x1dr\x1db\x1dx").await.unwrap();
            let help = until(&mut person, "shows the keys]\r\n").await;
            for line in
                ["  q  quit\r\n", "the recording is session.cast", "no break", "Ctrl-] x means nothing"]
            {
                assert!(help.contains(line), "{line} is not in {help}");
            }
            person.write_all(b"\x1dq").await.unwrap();
        };
        let (end, ()) = tokio::join!(session.pass_through(&mut terminal, std::future::pending()), acts);
        assert_eq!(end.unwrap(), End::Quit);
        let file = std::fs::read(&path).unwrap();
        let events: Vec<Kind> = CastReader::new(file.as_slice())
            .unwrap()
            .map(|event: Result<Event, _>| event.unwrap().kind)
            .collect();
        assert_eq!(
            events,
            [Kind::Input(b"dir\r\x1b\t0".to_vec()), Kind::Output(b"\x1b[2JC:\\\xff>".to_vec())]
        );
    }

    #[tokio::test]
    async fn a_hang_up_a_stop_and_a_lost_terminal_end_it() {
        let (lost, inside) = session(None);
        drop(inside);
        let (_person, mut terminal) = duplex(4096);
        let end = lost.pass_through(&mut terminal, std::future::pending()).await.unwrap();
        assert_eq!(end, End::LineLost("the other side closed the connection".to_owned()));

        let (stopped, _inside) = session(None);
        assert_eq!(stopped.pass_through(&mut terminal, async {}).await.unwrap(), End::Stopped);

        let (alone, _inside) = session(None);
        let (mut person, mut terminal) = duplex(4096);
        let leave = async {
            until(&mut person, "quit]\r\n").await;
            person.shutdown().await.unwrap();
        };
        let (end, ()) = tokio::join!(alone.pass_through(&mut terminal, std::future::pending()), leave);
        assert_eq!(end.unwrap(), End::Stopped);
    }

    #[tokio::test]
    async fn a_line_that_takes_nothing_does_not_hold_the_person() {
        let (session, _inside) = session(None);
        let (mut person, mut terminal) = duplex(4096);
        let acts = async {
            until(&mut person, "quit]\r\n").await;
            person.write_all(&[b'x'; 1000]).await.unwrap();
            person.write_all(b"\x1dr").await.unwrap();
            assert!(until(&mut person, "]\r\n").await.contains("not recorded"));
            person.write_all(b"\x1d.").await.unwrap();
        };
        let (end, ()) = tokio::join!(session.pass_through(&mut terminal, std::future::pending()), acts);
        assert_eq!(end.unwrap(), End::Quit);
    }
}
