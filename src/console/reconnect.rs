//! Making a lost line anew.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

use super::{Console, ConsoleError, asked, seconds};
use crate::encoding::Utf8Stream;
use crate::transport::Line;

/// The first pause between two tries; each is twice as long as the one before, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(5);
/// Whoever takes the console so often within [`INSISTS`] wants it: two programs must not throw each other off for ever.
const TAKEN: usize = 3;
/// A line over which we sent nothing for so long may have been closed because of that, by nobody else: a gateway's
/// idle limit goes by what its client sends, however much it shows meanwhile.
const IDLE: Duration = Duration::from_secs(5);
/// See [`TAKEN`].
const INSISTS: Duration = Duration::from_mins(5);

impl Console {
    /// Makes the line anew after it was `lost`. What the machine did meanwhile is unknown: the screen is what came
    /// last, and whoever goes on finds out first where the console is.
    ///
    /// Where somebody else may have taken the console, it is taken back twice, and left to them the third time.
    ///
    /// # Errors
    /// `lost` itself when it is no loss of the line or no way to make it anew was given;
    /// [`ConsoleError::Stopped`]: the user does not want to wait for it any more.
    /// [`ConsoleError::HungUp`] with the reason when it did not come back in time, or was left to somebody else.
    pub async fn reconnect(&mut self, lost: ConsoleError) -> Result<(), ConsoleError> {
        let ConsoleError::HungUp { line, reason, screen } = lost else { return Err(lost) };
        if self.patience.is_zero() {
            return Err(ConsoleError::HungUp { line, reason, screen });
        }
        // A machine that lives in this process: only its line knows the way back.
        if let Some(again) = self.line.again() {
            tracing::warn!("lost the line to {line}: {reason}; connecting again");
            self.take_over(again);
            return Ok(());
        }
        let Some(mut reopen) = self.reopen.take() else {
            return Err(ConsoleError::HungUp { line, reason, screen });
        };
        if self.line.may_be_taken() && self.sent.elapsed() < IDLE && self.is_wanted_by_others() {
            let reason =
                format!("{reason}; this is the third time within five minutes, so it is left to them");
            return Err(ConsoleError::HungUp { line, reason, screen });
        }
        let patience = self.patience;
        tracing::warn!("lost the line to {line}: {reason}; trying for {} to get it back", seconds(patience));
        if let Some(observer) = &mut self.observer {
            observer("the line to come back", patience);
        }
        // The old line is closed first, or what it holds would keep the new one away.
        self.line = Box::new(Gone(line.clone()));
        let end = Instant::now() + patience;
        let mut pause = FIRST;
        let stop = &mut self.stop;
        let result = loop {
            let tried = tokio::select! {
                biased;
                () = asked(stop.as_mut()) => {
                    self.reopen = Some(reopen);
                    return Err(ConsoleError::Stopped { screen });
                }
                tried = reopen.reopen() => tried,
            };
            let error = match tried {
                Ok(line) => break Ok(line),
                Err(error) => error,
            };
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() || !error.may_pass() {
                break Err(error);
            }
            tokio::select! {
                biased;
                () = asked(stop.as_mut()) => {
                    self.reopen = Some(reopen);
                    return Err(ConsoleError::Stopped { screen });
                }
                () = sleep(pause.min(rest)) => {}
            }
            pause = (pause * 2).min(LONGEST);
        };
        self.reopen = Some(reopen);
        match result {
            Ok(new) => {
                self.take_over(new);
                Ok(())
            }
            Err(error) => Err(ConsoleError::HungUp {
                line,
                reason: format!("{reason}, and it did not come back within {}: {error}", seconds(patience)),
                screen,
            }),
        }
    }

    fn is_wanted_by_others(&mut self) -> bool {
        let now = Instant::now();
        self.taken.retain(|at| now - *at < INSISTS);
        self.taken.push(now);
        self.taken.len() >= TAKEN
    }

    fn take_over(&mut self, line: Box<dyn Line>) {
        for secret in line.secrets() {
            self.hide(&secret);
        }
        self.line = line;
        self.decoder = Utf8Stream::new();
        self.queued.clear();
        self.doubted = true;
        self.reconnected += 1;
        self.mark("line made anew");
    }

    /// How often the line was made anew.
    pub fn reconnected(&self) -> u64 {
        self.reconnected
    }
}

/// Stands where a line was.
struct Gone(String);

impl AsyncRead for Gone {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gone {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line for Gone {
    fn describe(&self) -> String {
        self.0.clone()
    }
}
