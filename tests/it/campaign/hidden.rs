//! Pairs of errors that hide each other: a character arrives twice, and one of its two echoes is lost, so that the echo looks
//! right. Only what the machine sends once more can tell.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Line, Pace, SimLine};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::meddler::Dice;
use super::oracle;

/// A line that makes such pairs of letters, one in so many.
struct Hiding {
    line: SimLine,
    dice: Dice,
    one_in: u64,
    /// The letter whose second echo is to be lost.
    doubled: Option<u8>,
    last: u8,
    /// Bytes on their way to the machine.
    left: Vec<u8>,
    pairs: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl AsyncRead for Hiding {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.line).poll_read(context, buffer);
        let mut kept = Vec::new();
        for &byte in &buffer.filled()[before..] {
            if self.doubled == Some(byte) && self.last == byte {
                self.doubled = None;
                self.pairs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            } else {
                kept.push(byte);
            }
            self.last = byte;
        }
        let emptied = kept.is_empty() && buffer.filled().len() > before;
        buffer.set_filled(before);
        buffer.put_slice(&kept);
        if emptied {
            // Nothing read is the end of a line.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        read
    }
}

impl AsyncWrite for Hiding {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        for &byte in bytes {
            self.left.push(byte);
            let one_in = self.one_in;
            if byte.is_ascii_alphabetic() && self.doubled.is_none() && self.dice.below(one_in) == 0 {
                self.left.push(byte);
                self.doubled = Some(byte);
            }
        }
        let left = std::mem::take(&mut self.left);
        let mut sent = 0;
        while sent < left.len() {
            match Pin::new(&mut self.line).poll_write(context, &left[sent..]) {
                Poll::Ready(Ok(count)) => sent += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => panic!("a simulated machine takes everything"),
            }
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

impl Line for Hiding {
    fn describe(&self) -> String {
        "a line that hides its errors".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_echo_hides_is_not_entered() {
    for (os, seed) in [(Os::Server2022, 3), (Os::Server2019, 4)] {
        let world = SharedWorld::new(World::healthy(os, Language::EnUs));
        let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
        let machine = serde_json::from_str(r#"{"start": "running"}"#).unwrap();
        let line = SimLine::new("hiding", machine, world, Pace { speed: 1, baud: Some(115_200) });
        let window = line.window();
        let pairs = std::sync::Arc::default();
        let hiding = Hiding {
            line,
            dice: Dice(seed),
            one_in: 60,
            doubled: None,
            last: 0,
            left: Vec::new(),
            pairs: std::sync::Arc::clone(&pairs),
        };
        let mut console = Console::new(Box::new(hiding), None);
        // Single errors come some hundred times as often as such pairs: they were seen before.
        console.learn_noise();
        let credentials = Credentials {
            user: "azadmin".to_owned(),
            domain: String::new(),
            password: Secret::new(&*password).unwrap(),
        };
        let options = SessionOptions::new("k7q", Duration::from_hours(1));
        let opened = Session::open(console, credentials, options).await;
        let mut session = opened.map_err(|(error, _)| error).unwrap();
        let outcome = session.cmd("ver", Duration::from_mins(1)).await.unwrap();
        assert_eq!(outcome.code, 0);
        session.close().await.unwrap();
        let given = oracle::Given { tasks: &[], started: &[], done: &[], strangers: &[], restarts: 0 };
        let wrong = oracle::judge(&window.audit(), "", &given).wrong;
        assert!(wrong.is_empty(), "{os:?}: {wrong:?}");
        assert!(
            pairs.load(std::sync::atomic::Ordering::Relaxed) > 5,
            "{os:?}: {pairs:?} errors are too few to tell"
        );
    }
}
