//! A recording as a line: it answers as the recorded machine did.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Cutter, Line, Mutation, OpenError, Pieces, ReplayPace};
use crate::recording::{Difference, Manner, Parts, Playback};

/// How long the line stays silent behind the end of the recording before it hangs up: whoever still waits for
/// something gets its own deadline first, as with a machine that says nothing more.
const SILENCE: Duration = Duration::from_hours(1);

/// How much sooner than recorded the console says something where time stands still: a wait that ended so late when it
/// was recorded, on a busy computer, ends on time here.
const LATENESS: Duration = Duration::from_secs(1);

/// A line to a recording.
pub struct ReplayLine {
    name: String,
    /// Shared with the line that goes on behind a loss.
    playback: Arc<Mutex<Playback>>,
    state: Arc<Mutex<State>>,
    began: Instant,
    speed: u32,
    cutter: Cutter,
    mutation: Option<Mutation>,
    /// How many bytes were sent.
    sent: u64,
    /// The line was lost here when it was recorded, for this reason.
    lost: Option<String>,
    /// What may be the beginning of a text that is not seen.
    unseen: Vec<u8>,
    outbound: VecDeque<u8>,
    wake: Pin<Box<Sleep>>,
    reader: Option<Waker>,
}

/// Looks at a replay while its line is in use elsewhere.
#[derive(Debug, Clone)]
pub struct ReplayWindow(Arc<Mutex<State>>);

/// What somebody beside the reader wants to know.
#[derive(Debug, Default)]
struct State {
    difference: Option<Box<Difference>>,
    ended: bool,
}

impl ReplayLine {
    /// Plays `playback`; recorded time goes `speed` times faster (at least once).
    pub fn new(name: &str, playback: Playback, speed: u32) -> Self {
        let now = Instant::now();
        Self {
            name: name.to_owned(),
            playback: Arc::new(Mutex::new(playback)),
            state: Arc::default(),
            began: now,
            speed: speed.max(1),
            cutter: Pieces::Whole.cutter(),
            mutation: None,
            sent: 0,
            lost: None,
            unseen: Vec::new(),
            outbound: VecDeque::new(),
            wake: Box::pin(sleep_until(now)),
            reader: None,
        }
    }

    /// The same, with reads that are cut or joined: for proofs that cuts do not matter.
    #[must_use]
    pub fn cut(mut self, pieces: Pieces) -> Self {
        self.cutter = pieces.cutter();
        self
    }

    /// The same, whose driver does something wrong: for proofs that the recording notices it.
    #[must_use]
    pub fn wrong(mut self, mutation: Option<Mutation>) -> Self {
        self.mutation = mutation;
        self
    }

    /// What the driver sends, with its fault.
    fn as_sent(&mut self, bytes: &[u8]) -> Vec<u8> {
        let before = self.sent;
        self.sent += bytes.len() as u64;
        let mut bytes = bytes.to_vec();
        if let Some(Mutation::Byte(number)) = &self.mutation
            && let Some(wrong) = number.checked_sub(before + 1).and_then(|at| bytes.get_mut(at as usize))
        {
            // Another letter of the same kind, never a control character.
            *wrong = if wrong.is_ascii_alphabetic() { *wrong ^ 1 } else { b'x' };
        }
        bytes
    }

    /// What the driver sees, with its fault.
    fn as_seen(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(Mutation::Miss(text)) = &self.mutation else { return bytes };
        let text = text.as_bytes();
        let mut seen = Vec::with_capacity(bytes.len());
        for (place, byte) in bytes.iter().enumerate() {
            self.unseen.push(*byte);
            while !text.starts_with(&self.unseen) {
                seen.push(self.unseen.remove(0));
            }
            if self.unseen == text {
                self.unseen.clear();
                self.mutation = None;
                seen.extend_from_slice(&bytes[place + 1..]);
                break;
            }
        }
        seen
    }

    /// What the console says now: what is due, and what is joined to it.
    fn said(&mut self, now: Duration) -> Vec<u8> {
        let mut said = self.playback().advance(now);
        if self.cutter.is_early() || !said.is_empty() {
            let outputs = self.cutter.joined();
            said.extend(self.playback().hasten(now, outputs));
        }
        said
    }

    fn playback(&self) -> MutexGuard<'_, Playback> {
        self.playback.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A look at the replay, also while the line is in use.
    pub fn window(&self) -> ReplayWindow {
        ReplayWindow(Arc::clone(&self.state))
    }

    fn now(&self) -> Duration {
        self.began.elapsed() * self.speed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn differs(&self) -> Option<io::Error> {
        self.state().difference.as_ref().map(|difference| io::Error::other(difference.to_string()))
    }
}

impl ReplayWindow {
    /// Where what was sent differed from the recording.
    pub fn difference(&self) -> Option<Difference> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).difference.as_deref().cloned()
    }

    /// Whether all of the recording was played.
    pub fn ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended
    }
}

/// Opens a recording.
///
/// # Errors
/// [`OpenError::Unusable`] when it cannot be read.
pub(super) fn open(path: &Path, manner: Manner, pace: ReplayPace) -> Result<ReplayLine, OpenError> {
    let unusable = |reason: String, help: &str| OpenError::Unusable {
        what: format!("recording {}", path.display()),
        reason,
        help: help.to_owned(),
    };
    let file = Parts::open(path)
        .map_err(|error| unusable(error.to_string(), "check that the file exists and may be read"))?;
    let playback = Playback::new(file, manner).map_err(|error| unusable(error.to_string(), error.help()))?;
    let playback = match pace {
        ReplayPace::Instant => playback.sooner(LATENESS),
        ReplayPace::Times(_) => playback,
    };
    Ok(ReplayLine::new(&path.display().to_string(), playback, pace.speed()))
}

impl Line for ReplayLine {
    fn describe(&self) -> String {
        format!("recording {}", self.name)
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if let Some(difference) = &self.state().difference {
            return difference.to_string();
        }
        if let Some(reason) = &self.lost {
            let unknown = "the line was lost while it was recorded";
            return Some(reason)
                .filter(|reason| !reason.is_empty())
                .map_or(unknown, String::as_str)
                .to_owned();
        }
        if let Some(trouble) = self.playback().trouble() {
            return trouble.to_string();
        }
        error.map_or_else(|| "the recording ends here".to_owned(), ToString::to_string)
    }

    fn shows_the_past(&self) -> bool {
        self.playback().began_with_the_past()
    }

    fn again(&self) -> Option<Box<dyn Line>> {
        self.lost.as_ref()?;
        let anew = self.playback().go_on(self.now());
        anew.then(|| {
            Box::new(Self {
                name: self.name.clone(),
                playback: Arc::clone(&self.playback),
                state: Arc::clone(&self.state),
                began: self.began,
                speed: self.speed,
                cutter: self.cutter.clone(),
                mutation: self.mutation.clone(),
                sent: self.sent,
                lost: None,
                unseen: Vec::new(),
                outbound: VecDeque::new(),
                wake: Box::pin(sleep_until(Instant::now())),
                reader: None,
            }) as Box<dyn Line>
        })
    }
}

impl AsyncRead for ReplayLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let now = self.now();
            let said = self.said(now);
            let seen = self.as_seen(said);
            self.outbound.extend(seen);
            if !self.outbound.is_empty() {
                let most = self.cutter.size();
                let count = self.outbound.len().min(buffer.remaining()).min(most);
                let bytes: Vec<u8> = self.outbound.drain(..count).collect();
                buffer.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            if let Some(error) = self.differs() {
                return Poll::Ready(Err(error));
            }
            let lost = self.playback().lost(now);
            if lost.is_some() {
                self.lost = lost;
                return Poll::Ready(Ok(()));
            }
            let ended = self.playback().ended();
            self.state().ended = ended;
            self.reader = Some(context.waker().clone());
            let wanted = if ended { Some(now + SILENCE) } else { self.playback().next_wake() };
            let Some(wanted) = wanted else { return Poll::Pending };
            // Rounded up, so that the recording's time has come when the timer rings.
            let deadline =
                self.began + (wanted + Duration::from_nanos(1)) / self.speed + Duration::from_nanos(1);
            self.wake.as_mut().reset(deadline);
            if self.wake.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if ended {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncWrite for ReplayLine {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let now = self.now();
        if self.playback().refuses(now) {
            let lost = self.playback().lost(Duration::MAX);
            self.lost = lost;
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let sent = self.as_sent(bytes);
        let received = self.playback().receive(now, &sent);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        if let Err(difference) = received {
            let error = io::Error::other(difference.to_string());
            self.state().difference.get_or_insert(difference);
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::recording::{CastWriter, Header};

    const OUTPUTS: usize = 20;

    /// So many outputs a second apart, a key, and as many more.
    fn line(pieces: Pieces) -> ReplayLine {
        let mut file = Vec::new();
        let mut cast = CastWriter::start(&mut file, &Header::of_console("test", 0)).unwrap();
        let seconds = |number: usize| Duration::from_secs(number as u64);
        for number in 0..OUTPUTS {
            cast.output(seconds(number), format!("before {number}\r\n").as_bytes()).unwrap();
        }
        cast.input(seconds(OUTPUTS), b"x").unwrap();
        for number in 0..OUTPUTS {
            cast.output(seconds(OUTPUTS + number), format!("behind {number}\r\n").as_bytes()).unwrap();
        }
        cast.finish(Duration::ZERO).unwrap();
        ReplayLine::new("test", Playback::new(Cursor::new(file), Manner::Strict).unwrap(), 1).cut(pieces)
    }

    /// What each read gives before the key and behind it; the key is sent when nothing more comes before it.
    async fn reads(pieces: Pieces) -> Vec<String> {
        let mut line = line(pieces);
        let mut reads = Vec::new();
        let mut buffer = [0; 4096];
        let minute = Duration::from_mins(1);
        for _ in 0..2 {
            while let Ok(count) = tokio::time::timeout(minute, line.read(&mut buffer)).await {
                reads.push(String::from_utf8(buffer[..count.unwrap()].to_vec()).unwrap());
            }
            let _ = line.write_all(b"x").await;
        }
        reads
    }

    #[tokio::test(start_paused = true)]
    async fn reads_are_cut_and_joined_and_give_the_same() {
        let recorded = reads(Pieces::Whole).await;
        assert_eq!(recorded.len(), 2 * OUTPUTS);
        let whole = recorded.concat();
        let all = reads(Pieces::All).await;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].ends_with("before 19\r\n") && all[1].starts_with("behind 0\r\n"), "{all:?}");
        assert_eq!(all.concat(), whole);
        for seed in 0..50 {
            let joined = reads(Pieces::Joined(seed)).await;
            assert_eq!(joined.concat(), whole, "{seed}");
            let lines = |read: &String| read.matches("\r\n").count();
            assert!(joined.iter().any(|read| lines(read) > 1), "{seed}: {joined:?}");
            assert!(joined.iter().any(|read| !read.ends_with('\n')), "{seed}: {joined:?}");
            assert_eq!(joined, reads(Pieces::Joined(seed)).await, "{seed}");
        }
    }
}
