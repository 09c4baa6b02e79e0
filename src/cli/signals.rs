//! Ctrl-C: once ends cleanly, twice at once.

use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;

use crate::engine::Interrupt;

/// Does `task`. The first signal asks it to stop through `interrupt`; the second drops it: `None`.
pub async fn guarded<T>(interrupt: &Interrupt, task: Pin<Box<dyn Future<Output = T> + '_>>) -> Option<T> {
    guarded_saying("stopping when the current command has ended; Ctrl-C again stops at once", interrupt, task)
        .await
}

/// The same, with what is told at the first signal.
pub async fn guarded_saying<T>(
    told: &str,
    interrupt: &Interrupt,
    mut task: Pin<Box<dyn Future<Output = T> + '_>>,
) -> Option<T> {
    let mut signals = Signals::new();
    loop {
        tokio::select! {
            biased;
            done = &mut task => return Some(done),
            () = signals.next() => {
                if interrupt.is_requested() {
                    return None;
                }
                interrupt.request();
                // Nobody is left to tell when standard error is gone.
                let _ = io::stderr().write_all(format!("\n{told}\n").as_bytes());
            }
        }
    }
}

/// The signals that ask a program to end.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: Vec<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    ctrl_c: Option<tokio::signal::windows::CtrlC>,
    /// The window is closed.
    #[cfg(windows)]
    ctrl_close: Option<tokio::signal::windows::CtrlClose>,
    #[cfg(windows)]
    ctrl_break: Option<tokio::signal::windows::CtrlBreak>,
}

/// A signal that cannot be watched keeps its ordinary effect.
impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Self { streams: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.streams.iter_mut().any(|stream| stream.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }

    #[cfg(windows)]
    pub(super) fn new() -> Self {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};

        Self { ctrl_c: ctrl_c().ok(), ctrl_close: ctrl_close().ok(), ctrl_break: ctrl_break().ok() }
    }

    #[cfg(windows)]
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.ctrl_c.as_mut().is_some_and(|stream| stream.poll_recv(context).is_ready())
                || self.ctrl_close.as_mut().is_some_and(|stream| stream.poll_recv(context).is_ready())
                || self.ctrl_break.as_mut().is_some_and(|stream| stream.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}
