//! A recording as a line: it answers as the recorded machine did.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Line, OpenError};
use crate::recording::{Difference, Manner, Playback};

/// How long the line stays silent behind the end of the recording before it hangs up: whoever still waits for
/// something gets its own deadline first, as with a machine that says nothing more.
const SILENCE: Duration = Duration::from_hours(1);

/// A line to a recording.
pub struct ReplayLine {
    name: String,
    playback: Playback,
    state: Arc<Mutex<State>>,
    began: Instant,
    speed: u32,
    most: usize,
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
            playback,
            state: Arc::default(),
            began: now,
            speed: speed.max(1),
            most: usize::MAX,
            outbound: VecDeque::new(),
            wake: Box::pin(sleep_until(now)),
            reader: None,
        }
    }

    /// The same, that gives at most `most` bytes a read: for proofs that cuts do not matter.
    #[must_use]
    pub fn in_pieces_of(mut self, most: usize) -> Self {
        self.most = most.max(1);
        self
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
pub(super) fn open(path: &Path, manner: Manner, speed: u32) -> Result<ReplayLine, OpenError> {
    let unusable = |reason: String, help: &str| OpenError::Unusable {
        what: format!("recording {}", path.display()),
        reason,
        help: help.to_owned(),
    };
    let file = File::open(path)
        .map_err(|error| unusable(error.to_string(), "check that the file exists and may be read"))?;
    let playback = Playback::new(file, manner).map_err(|error| unusable(error.to_string(), error.help()))?;
    Ok(ReplayLine::new(&path.display().to_string(), playback, speed))
}

impl Line for ReplayLine {
    fn describe(&self) -> String {
        format!("recording {}", self.name)
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if let Some(difference) = &self.state().difference {
            return difference.to_string();
        }
        if let Some(trouble) = self.playback.trouble() {
            return trouble.to_string();
        }
        error.map_or_else(|| "the recording ends here".to_owned(), ToString::to_string)
    }

    fn shows_the_past(&self) -> bool {
        self.playback.began_with_the_past()
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
            let said = self.playback.advance(now);
            self.outbound.extend(said);
            if !self.outbound.is_empty() {
                let most = self.most;
                let count = self.outbound.len().min(buffer.remaining()).min(most);
                let bytes: Vec<u8> = self.outbound.drain(..count).collect();
                buffer.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            if let Some(error) = self.differs() {
                return Poll::Ready(Err(error));
            }
            let ended = self.playback.ended();
            self.state().ended = ended;
            self.reader = Some(context.waker().clone());
            let wanted = if ended { Some(now + SILENCE) } else { self.playback.next_wake() };
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
        let received = self.playback.receive(now, bytes);
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
