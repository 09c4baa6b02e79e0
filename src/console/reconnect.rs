//! Making a lost line anew.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

use super::{Console, ConsoleError, asked, seconds};
use crate::encoding::Utf8Stream;
use crate::recording::line_marks::MADE_ANEW;
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
/// A line that ends so soon after it was made anew was never back: a client that is refused starts well, says why, and ends.
const SETTLED: Duration = Duration::from_secs(2);

/// The line is lost, and did not stay when it was made anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outage {
    /// For how long it is tried, and until when.
    patience: Duration,
    end: Instant,
    /// Before the next try.
    pause: Duration,
    /// When it was made anew last.
    back: Instant,
}

impl Console {
    /// Makes the line anew after it was `lost`. What the machine did meanwhile is unknown: the screen is what came
    /// last, and whoever goes on finds out first where the console is.
    ///
    /// Where somebody else may have taken the console, it is taken back twice, and left to them the third time. A line that
    /// was refused from the beginning is not lost: it is asked for again only by those who wait for it
    /// ([`Console::set_willing`]), and for half a minute where the console is taken.
    ///
    /// # Errors
    /// `lost` itself when it is no loss of the line or no way to make it anew was given;
    /// [`ConsoleError::Stopped`]: the user does not want to wait for it any more.
    /// [`ConsoleError::HungUp`] with the reason when it did not come back in time, or was left to somebody else.
    pub async fn reconnect(&mut self, lost: ConsoleError) -> Result<(), ConsoleError> {
        let ConsoleError::HungUp { line, reason, screen } = lost else { return Err(lost) };
        let refused = self.line.refused();
        // Where SAC or a login was seen, a program that ended early was let in.
        let never_came = self.reconnected == 0 && self.mode.is_none() && refused.is_some();
        // Nothing was proven on it since it was made anew.
        let unproven = |outage: &Outage| {
            let stayed = outage.back.elapsed();
            stayed < SETTLED || (self.doubted && refused.is_some() && stayed < outage.patience)
        };
        let same = self.outage.filter(unproven);
        let patience = match same {
            Some(outage) => outage.patience,
            None if never_came => {
                let asked = refused.map_or(self.willing, |refused| refused.asked_for(self.willing));
                self.willing.max(asked.min(self.patience))
            }
            None => self.patience,
        };
        if patience.is_zero() {
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
        match same {
            Some(_) => tracing::debug!("lost the line to {line} again: {reason}"),
            None if never_came => {
                tracing::warn!("the {line}: {reason}; trying again for {}", seconds(patience));
            }
            None => {
                tracing::warn!(
                    "lost the line to {line}: {reason}; trying for {} to get it back",
                    seconds(patience)
                );
            }
        }
        if let Some(observer) = &mut self.observer {
            observer("the line to come back", patience);
        }
        // The old line is closed first, or what it holds would keep the new one away.
        self.line = Box::new(Gone(line.clone()));
        let end = same.map_or_else(|| Instant::now() + patience, |outage| outage.end);
        let mut pause = same.map_or(FIRST, |outage| outage.pause);
        // A line that could be opened and ended is tried again after a pause, as one that cannot be opened.
        let mut waits = same.is_some() || never_came;
        let stop = &mut self.stop;
        let result = loop {
            if std::mem::replace(&mut waits, true) {
                let rest = end.saturating_duration_since(Instant::now());
                if rest.is_zero() {
                    self.reopen = Some(reopen);
                    let reason = format!("{reason}, and it did not come back within {}", seconds(patience));
                    return Err(ConsoleError::HungUp { line, reason, screen });
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
            }
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
        };
        self.reopen = Some(reopen);
        match result {
            Ok(new) => {
                self.take_over(new);
                self.outage = Some(Outage { patience, end, pause, back: Instant::now() });
                Ok(())
            }
            Err(error) => Err(ConsoleError::HungUp {
                line,
                reason: format!("{reason}, and it did not come back within {}: {error}", seconds(patience)),
                screen,
            }),
        }
    }

    /// How long a line is asked for that is refused from the beginning: not at all unless this is said.
    pub fn set_willing(&mut self, patience: Duration) {
        self.willing = patience;
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
        self.drop_queued();
        self.doubted = true;
        self.reconnected += 1;
        self.loss_told = false;
        self.mark(MADE_ANEW);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::transport::{Refused, Reopen, Reopening};

    /// A client that was not let in: nothing comes, nothing goes.
    struct NotIn(Refused, tokio::io::Empty);

    impl AsyncRead for NotIn {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.1).poll_read(context, buffer)
        }
    }

    impl AsyncWrite for NotIn {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.1).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.1).poll_flush(context)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.1).poll_shutdown(context)
        }
    }

    impl Line for NotIn {
        fn describe(&self) -> String {
            "client".to_owned()
        }

        fn refused(&self) -> Option<Refused> {
            Some(self.0)
        }
    }

    /// A client that starts whenever it is asked to, and ends at once.
    struct Fleeting(Arc<AtomicU32>);

    impl Reopen for Fleeting {
        fn reopen(&mut self) -> Reopening<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(Box::new(Gone("client".to_owned())) as Box<dyn Line>) })
        }
    }

    fn lost() -> ConsoleError {
        let (line, reason) = ("client".to_owned(), "it ended".to_owned());
        ConsoleError::HungUp { line, reason, screen: String::new() }
    }

    fn console() -> (Console, Arc<AtomicU32>) {
        let started = Arc::new(AtomicU32::new(0));
        let mut console = Console::new(Box::new(Gone("client".to_owned())), None);
        console.set_reopen(Some(Box::new(Fleeting(Arc::clone(&started)))), Duration::from_mins(2));
        (console, started)
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_never_stays_is_given_up_in_time_and_not_asked_for_all_the_time() {
        let (mut console, started) = console();
        let began = Instant::now();
        let error = loop {
            if let Err(error) = console.reconnect(lost()).await {
                break error;
            }
        };
        assert_eq!(began.elapsed(), Duration::from_mins(2));
        assert!(error.to_string().contains("it ended, and it did not come back within 2 min"), "{error}");
        let started = started.load(Ordering::Relaxed);
        assert!((20..40).contains(&started), "started {started} times");
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_refused_from_the_beginning_is_asked_for_by_those_who_wait() {
        for (refused, willing, tried) in [
            (Refused::NotAllowed, 0, 0),
            (Refused::NotAllowed, 600, 600),
            (Refused::Taken, 0, 30),
            (Refused::Taken, 600, 600),
        ] {
            let (mut console, started) = console();
            console.line = Box::new(NotIn(refused, tokio::io::empty()));
            console.set_willing(Duration::from_secs(willing));
            let began = Instant::now();
            while console.reconnect(lost()).await.is_ok() {}
            assert_eq!(began.elapsed(), Duration::from_secs(tried), "{refused:?}");
            assert_eq!(started.load(Ordering::Relaxed) > 0, tried > 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_showed_sac_was_let_in_however_early_it_ended() {
        let (mut console, started) = console();
        console.line = Box::new(NotIn(Refused::NotAllowed, tokio::io::empty()));
        console.enter_mode("sac");
        let began = Instant::now();
        while console.reconnect(lost()).await.is_ok() {}
        assert_eq!(began.elapsed(), Duration::from_mins(2));
        assert!(started.load(Ordering::Relaxed) > 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_stayed_is_asked_for_at_once() {
        let (mut console, _) = console();
        for _ in 0..100 {
            let began = Instant::now();
            console.reconnect(lost()).await.unwrap();
            assert_eq!(began.elapsed(), Duration::ZERO);
            sleep(SETTLED).await;
        }
    }
}
