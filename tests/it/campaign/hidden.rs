//! Pairs of errors that hide each other: a character arrives twice, and one of its two echoes is lost, so that the echo looks
//! right. Only what the machine sends once more can tell.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use sacpilot::console::Console;
use sacpilot::sac;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::windows::language::Language;
use sacpilot::sim::windows::os::Os;
use sacpilot::sim::windows::{SharedWorld, World};
use sacpilot::transport::{Line, Pace, SimLine};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::meddler::Dice;
use super::oracle;

/// A line that makes such pairs of letters and digits, one in so many.
struct Hiding {
    line: SimLine,
    dice: Dice,
    one_in: u64,
    /// So many bytes pass unaltered first.
    passes: u64,
    /// The one whose second echo is to be lost.
    doubled: Option<u8>,
    last: u8,
    /// Bytes on their way to the machine.
    left: Vec<u8>,
    pairs: Arc<AtomicU64>,
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
                self.pairs.fetch_add(1, Ordering::Relaxed);
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
            self.passes = self.passes.saturating_sub(1);
            if self.passes > 0 {
                continue;
            }
            if byte.is_ascii_alphanumeric() && self.doubled.is_none() && self.dice.below(one_in) == 0 {
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

impl Hiding {
    fn new(line: SimLine, one_in: u64, passes: u64, seed: u64) -> Self {
        Self {
            line,
            dice: Dice(seed),
            one_in,
            passes,
            doubled: None,
            last: 0,
            left: Vec::new(),
            pairs: Arc::default(),
        }
    }
}

fn machine(os: Os) -> (SimLine, String) {
    let world = SharedWorld::new(World::healthy(os, Language::EnUs));
    let password = world.lock().accounts.user("azadmin").unwrap().password.clone();
    let machine = serde_json::from_str(r#"{"start": "running"}"#).unwrap();
    (SimLine::new("hiding", machine, world, Pace { speed: 1, baud: Some(115_200) }), password)
}

/// A console on such a line. Single errors come some hundred times as often as such pairs: they were seen before.
fn console(hiding: Hiding) -> Console {
    let mut console = Console::new(Box::new(hiding), None);
    console.learn_noise();
    console
}

#[tokio::test(start_paused = true)]
async fn what_the_echo_hides_is_not_entered() {
    for (os, seed) in [(Os::Server2022, 3), (Os::Server2019, 4)] {
        let (line, password) = machine(os);
        let window = line.window();
        // A user's name has no second look: the login would be refused.
        let hiding = Hiding::new(line, 60, 700, seed);
        let pairs = Arc::clone(&hiding.pairs);
        let credentials = Credentials {
            user: "azadmin".to_owned(),
            domain: String::new(),
            password: Secret::new(&*password).unwrap(),
        };
        let options = SessionOptions::new("k7q", Duration::from_hours(1));
        let opened = Session::open(console(hiding), credentials, options).await;
        let mut session = opened.map_err(|(error, _)| error).unwrap();
        let outcome = session.cmd("ver", Duration::from_mins(1)).await.unwrap();
        assert_eq!(outcome.code, 0);
        session.close().await.unwrap();
        let given = oracle::Given { tasks: &[], started: &[], done: &[], strangers: &[], restarts: 0 };
        let wrong = oracle::judge(&window.audit(), "", &given).wrong;
        assert!(wrong.is_empty(), "{os:?}: {wrong:?}");
        assert!(pairs.load(Ordering::Relaxed) > 5, "{os:?}: {pairs:?} errors are too few to tell");
    }
}

#[tokio::test(start_paused = true)]
async fn at_sac_a_line_that_acts_is_what_was_meant() {
    let (line, _) = machine(Os::Server2022);
    let window = line.window();
    let hiding = Hiding::new(line, 14, 0, 5);
    let pairs = Arc::clone(&hiding.pairs);
    let mut console = console(hiding);
    let end = tokio::time::Instant::now() + Duration::from_hours(2);
    let mut at = sac::reach_prompt(&mut console, end).await.unwrap();
    for _ in 0..20 {
        (_, at) = sac::command(&mut console, at, "k 4321", Duration::from_secs(90)).await.unwrap();
    }
    drop(at);
    assert_eq!(window.audit().sac_lines(), ["k 4321"; 20]);
    assert!(pairs.load(Ordering::Relaxed) > 5, "{pairs:?} errors are too few to tell");
}
