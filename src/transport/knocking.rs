//! A line for a person: whoever is not let in is told why, and asks again for as long as that is worth it.
//!
//! A client program starts well, says that somebody else has the console, and ends; a terminal server takes the call and
//! hangs up. What they say while it is tried again is kept back: the same words every few seconds tell nobody anything.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::patience::{Opening, open_patiently};
use super::{Line, OpenError, Presence, Way};
use crate::secret::Secret;

/// The first pause between two tries; each is twice as long as the one before, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(200);

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(2);

/// A refusal ends the line at once: one that lives so long after its first words was let in.
const LET_IN: Duration = Duration::from_secs(1);

/// So much comes from a console only, never as a refusal.
const TALK: usize = 4096;

/// Opens the line on `way` as [`open_patiently`] does. When it is refused after that it is asked for again: one that
/// somebody else has for half a minute at least, any for `patience`. Meanwhile [`Line::presence`] says so, and
/// [`Line::hang_up`] why.
///
/// # Errors
/// [`OpenError`]: the last one; at once where waiting would not help.
pub async fn open_knocking(way: &Way, patience: Duration) -> Result<Box<dyn Line>, OpenError> {
    // Who does not wait is told at once when an adapter is unplugged, and why.
    let line = if patience.is_zero() { way.open().await? } else { open_patiently(way, patience).await? };
    if !way.outlives_its_line() {
        return Ok(line);
    }
    let state = State::Open(line);
    Ok(Box::new(KnockingLine {
        way: way.clone(),
        patience,
        state,
        typed: false,
        knocking: None,
        shown: Vec::new(),
    }))
}

struct KnockingLine {
    way: Way,
    patience: Duration,
    state: State,
    /// More than Enter, which also those press who only ask whether somebody is there.
    typed: bool,
    /// While it is asked for again.
    knocking: Option<Knocking>,
    /// What was kept back until the line was known to be there.
    shown: Vec<u8>,
}

enum State {
    Open(Box<dyn Line>),
    /// Who was it, why it is not there, and the try to open it again.
    Away(String, String, Pin<Box<dyn Opening>>),
    /// Who was it, and why not any more.
    Over(String, String),
}

struct Knocking {
    began: Instant,
    patience: Duration,
    pause: Duration,
    /// What the line said since it was opened again.
    said: Vec<u8>,
    /// Since its first words.
    settling: Option<Pin<Box<Sleep>>>,
}

impl KnockingLine {
    /// The open line, when there is one again; `None` when there never will be.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Option<&mut Box<dyn Line>>> {
        while let State::Away(name, _, opening) = &mut self.state {
            match ready!(opening.as_mut().poll(context)) {
                Ok(line) => self.state = State::Open(line),
                Err(error) => {
                    let name = std::mem::take(name);
                    self.knock(name, &error.to_string(), error.may_pass());
                }
            }
        }
        Poll::Ready(match &mut self.state {
            State::Open(line) => Some(line),
            State::Away(..) | State::Over(..) => None,
        })
    }

    /// The line ended.
    fn ended(&mut self, error: Option<&io::Error>) {
        let State::Open(line) = &mut self.state else { return };
        let (name, reason, refused) = (line.describe(), line.hang_up(error), line.refused());
        if self.knocking.is_none() {
            let patience = match refused {
                Some(refused) if !self.typed || refused.is_taken() => refused.asked_for(self.patience),
                _ => Duration::ZERO,
            };
            if patience.is_zero() {
                // What it was let in for is over.
                self.state = State::Over(name, reason);
                return;
            }
            self.knocking = Some(Knocking {
                began: Instant::now(),
                patience,
                pause: FIRST,
                said: Vec::new(),
                settling: None,
            });
        }
        self.knock(name, &reason, true);
    }

    /// Tries again after a pause, while there is time and `may_pass` says that it makes sense.
    fn knock(&mut self, name: String, reason: &str, may_pass: bool) {
        let Some(knocking) = &mut self.knocking else { return };
        let rest = knocking.patience.saturating_sub(knocking.began.elapsed());
        self.state = if rest.is_zero() || !may_pass {
            State::Over(name, format!("{reason}; given up after {} s", knocking.began.elapsed().as_secs()))
        } else {
            knocking.said.clear();
            knocking.settling = None;
            let (way, pause) = (self.way.clone(), knocking.pause.min(rest));
            knocking.pause = (knocking.pause * 2).min(LONGEST);
            // The old line is closed first, or what it holds would keep the new one away.
            State::Away(
                name,
                format!("{reason}; trying again for {} s", rest.as_secs_f32().round()),
                Box::pin(async move {
                    sleep(pause).await;
                    way.open().await
                }),
            )
        };
    }

    /// Reads until it is known that the line is there, and not only says why it is not; `None`: it ended.
    fn poll_let_in(&mut self, context: &mut Context<'_>) -> Poll<Option<()>> {
        while self.knocking.is_some() {
            let Some(line) = ready!(self.poll_open(context)) else { return Poll::Ready(None) };
            let mut bytes = [0; 1024];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = pin!(line).poll_read(context, &mut buffer);
            let Some(knocking) = &mut self.knocking else { break };
            match read {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    knocking.said.extend_from_slice(buffer.filled());
                    knocking.settling.get_or_insert_with(|| Box::pin(sleep(LET_IN)));
                    if knocking.said.len() < TALK {
                        continue;
                    }
                }
                Poll::Ready(Ok(())) => {
                    self.ended(None);
                    continue;
                }
                Poll::Ready(Err(error)) => {
                    self.ended(Some(&error));
                    continue;
                }
                Poll::Pending => {
                    let Some(settling) = &mut knocking.settling else { return Poll::Pending };
                    ready!(settling.as_mut().poll(context));
                }
            }
            self.shown.append(&mut knocking.said);
            self.knocking = None;
        }
        Poll::Ready(Some(()))
    }
}

impl AsyncRead for KnockingLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if ready!(self.poll_let_in(context)).is_none() {
                return Poll::Ready(Ok(()));
            }
            if !self.shown.is_empty() {
                let count = self.shown.len().min(buffer.remaining());
                buffer.put_slice(&self.shown[..count]);
                self.shown.drain(..count);
                return Poll::Ready(Ok(()));
            }
            let State::Open(line) = &mut self.state else { return Poll::Ready(Ok(())) };
            let before = buffer.filled().len();
            match ready!(pin!(line).poll_read(context, buffer)) {
                Ok(()) if buffer.filled().len() > before || buffer.remaining() == 0 => {
                    return Poll::Ready(Ok(()));
                }
                Ok(()) => self.ended(None),
                Err(error) => self.ended(Some(&error)),
            }
        }
    }
}

impl AsyncWrite for KnockingLine {
    /// A line that does not take bytes any more has ended, and reading it tells why.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(line) = ready!(self.poll_open(context)) else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let count = ready!(pin!(line).poll_write(context, bytes))?;
        self.typed |= bytes[..count].iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(line) => pin!(line).poll_flush(context),
            State::Away(..) | State::Over(..) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(line) => pin!(line).poll_shutdown(context),
            State::Away(..) | State::Over(..) => Poll::Ready(Ok(())),
        }
    }
}

impl Line for KnockingLine {
    fn describe(&self) -> String {
        match &self.state {
            State::Open(line) => line.describe(),
            State::Away(name, ..) | State::Over(name, _) => name.clone(),
        }
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        match &mut self.state {
            State::Open(line) => line.hang_up(error),
            State::Away(_, reason, _) | State::Over(_, reason) => reason.clone(),
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        match &self.state {
            State::Open(line) => line.secrets(),
            State::Away(..) | State::Over(..) => Vec::new(),
        }
    }

    fn presence(&self) -> Presence {
        match &self.state {
            State::Open(_) if self.knocking.is_some() => Presence::Unproven,
            State::Open(line) => line.presence(),
            State::Away(..) => Presence::Away,
            // Nothing is waited for any more: its end is read next.
            State::Over(..) => Presence::There,
        }
    }

    fn send_break(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Open(line) => line.send_break(),
            State::Away(..) | State::Over(..) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{UnixListener, UnixStream};

    use super::*;

    /// Who tells all but those that come after `refusals` others: the line of these is sent on.
    fn serve(path: &Path, said: &'static str, refusals: usize) -> tokio::sync::mpsc::Receiver<UnixStream> {
        let listener = UnixListener::bind(path).unwrap();
        let (let_in, lines) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..refusals {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(said.as_bytes()).await.unwrap();
                hang_up(stream).await;
            }
            let (stream, _) = listener.accept().await.unwrap();
            let_in.send(stream).await.unwrap();
        });
        lines
    }

    /// Closing alone would come late where a program is just being started elsewhere in this process, which has the socket,
    /// too, until it runs.
    async fn hang_up(mut stream: UnixStream) {
        stream.shutdown().await.unwrap();
    }

    async fn open(path: &Path, patience: u64) -> Box<dyn Line> {
        let way = Way::new(format!("unix:{}", path.display()).parse().unwrap());
        open_knocking(&way, Duration::from_secs(patience)).await.unwrap()
    }

    async fn until(line: &mut Box<dyn Line>, end: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            said.push(line.read_u8().await.unwrap());
        }
        String::from_utf8(said).unwrap()
    }

    const TAKEN: &str = "Port already in use\r\n";
    const UNKNOWN: &str = "ssh: Could not resolve hostname web\r\n";

    /// `--wait` and half a minute, as the console of the other commands has it.
    #[tokio::test(start_paused = true)]
    async fn who_is_refused_asks_for_as_long_as_it_makes_sense_and_hears_why_once() {
        for (said, patience, tried) in
            [(TAKEN, 0, 30), (TAKEN, 600, 600), (UNKNOWN, 0, 0), (UNKNOWN, 600, 600)]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("console");
            let _lines = serve(&path, said, usize::MAX);
            let mut line = open(&path, patience).await;
            // Whether somebody is there.
            line.write_all(b"\r").await.unwrap();
            let began = Instant::now();
            let mut shown = Vec::new();
            line.read_to_end(&mut shown).await.unwrap();
            assert_eq!(String::from_utf8(shown).unwrap(), said, "--wait {patience}");
            assert_eq!(began.elapsed().as_secs(), tried, "{said}, --wait {patience}");
            let reason = line.hang_up(None);
            assert!(reason.starts_with(said.trim_end()), "{reason}");
            assert_eq!(reason.ends_with(&format!("; given up after {tried} s")), tried > 0, "{reason}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_let_in_at_last_sees_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let mut lines = serve(&path, TAKEN, 2);
        let mut line = open(&path, 0).await;
        assert_eq!(line.presence(), Presence::There, "until it is refused");
        assert_eq!(until(&mut line, "\n").await, TAKEN);
        let machine = async {
            let mut machine = lines.recv().await.unwrap();
            machine.write_all(b"\r\nSAC>").await.unwrap();
            machine
        };
        let (shown, mut machine) = tokio::join!(until(&mut line, ">"), machine);
        assert_eq!(shown, "\r\nSAC>");
        assert_eq!(line.presence(), Presence::There);
        line.write_all(b"ch").await.unwrap();
        let mut typed = [0; 2];
        machine.read_exact(&mut typed).await.unwrap();
        assert_eq!(&typed, b"ch");
    }

    #[tokio::test(start_paused = true)]
    async fn whether_it_is_there_is_known_at_every_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let mut lines = serve(&path, TAKEN, 1);
        let mut line = open(&path, 0).await;
        until(&mut line, "\n").await;
        let read = async |line: &mut Box<dyn Line>, ms| {
            tokio::time::timeout(Duration::from_millis(ms), line.read_u8()).await.ok().map(Result::unwrap)
        };
        assert_eq!((read(&mut line, 100).await, line.presence()), (None, Presence::Away));
        assert_eq!((read(&mut line, 60_000).await, line.presence()), (None, Presence::Unproven));
        // Enter goes to a console that says nothing by itself, and its answer proves that it is one.
        line.write_all(b"\r").await.unwrap();
        let mut machine = lines.recv().await.unwrap();
        machine.write_all(b"S").await.unwrap();
        assert_eq!((read(&mut line, 100).await, line.presence()), (None, Presence::Unproven));
        assert_eq!((read(&mut line, 2000).await, line.presence()), (Some(b'S'), Presence::There));
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_let_in_and_typed_is_not_called_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let mut lines = serve(&path, "", 0);
        let mut line = open(&path, 600).await;
        line.write_all(b"ssh web\r").await.unwrap();
        let mut machine = lines.recv().await.unwrap();
        machine.write_all(UNKNOWN.as_bytes()).await.unwrap();
        hang_up(machine).await;
        let mut said = Vec::new();
        line.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, UNKNOWN.as_bytes());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_gone_meanwhile_is_asked_for_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let listener = UnixListener::bind(&path).unwrap();
        let mut line = open(&path, 0).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(TAKEN.as_bytes()).await.unwrap();
        hang_up(stream).await;
        std::fs::remove_file(&path).unwrap();
        until(&mut line, "\n").await;
        let began = Instant::now();
        assert_eq!(line.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(began.elapsed().as_secs(), 30);
        let reason = line.hang_up(None);
        assert!(reason.starts_with("there is no socket "), "{reason}");
    }
}
