//! What every way in must do.

use sacpilot::azure::Azure;
use sacpilot::transport::{self, Line, OpenError};
use sacpilot::web::Connector;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};

use super::rig::{eventually, soon};

/// A way in, with a real program in between.
pub(super) struct Way {
    /// How it is opened.
    pub(super) endpoint: String,
    /// Which bytes pass.
    pub(super) passes: Passes,
    /// How much goes through in each direction.
    pub(super) amount: usize,
    /// How a second one is refused: a piece of the error or of the hang-up.
    pub(super) busy: &'static str,
    /// Azure, for a console there. The newest wins there: `busy` is what the one before is told.
    pub(super) azure: Option<Azure>,
    /// The way to a websocket, where the environment's does not do.
    pub(super) web: Option<Connector>,
}

/// Which bytes a way in passes unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    /// All of them.
    Everything,
    /// All but this one, which its client keeps for itself.
    AllBut(u8),
    /// All of them to us, only text from us.
    TextFromUs,
}

impl Way {
    /// A clean way in, through which a MiB goes.
    pub(super) fn clean(endpoint: String, busy: &'static str) -> Self {
        Self { endpoint, passes: Passes::Everything, amount: 1 << 20, busy, azure: None, web: None }
    }

    async fn open(&self) -> Box<dyn Line> {
        self.try_open().await.unwrap_or_else(|error| panic!("{}: {error}", self.endpoint))
    }

    async fn try_open(&self) -> Result<Box<dyn Line>, OpenError> {
        let endpoint = self.endpoint.parse().unwrap_or_else(|error| panic!("{}: {error}", self.endpoint));
        let way = transport::Way::new(endpoint).through(self.azure.clone()).over(self.web.clone());
        Box::pin(way.open()).await
    }

    /// What we send.
    fn up(&self) -> Vec<u8> {
        if self.passes == Passes::TextFromUs {
            // Whole characters of one to four bytes.
            return "ipconfig \u{e9}\u{d55c}\u{1f600}\r\n".repeat(self.amount / 20).into_bytes();
        }
        self.text(0)
    }

    fn text(&self, salt: usize) -> Vec<u8> {
        let byte = |n: usize| if n < 256 { n as u8 } else { ((n + salt) * 7 + n / 253) as u8 };
        let passes = |byte: &u8| self.passes != Passes::AllBut(*byte);
        (0..self.amount).map(byte).filter(passes).collect()
    }
}

/// What is at the other end.
pub(super) enum Far {
    /// A line of our own.
    Line(Box<dyn Line>),
    /// A machine that sends back what it gets.
    Echo,
}

/// Everything but the hang-up, which each rig causes in its own way. Gives back the open line and the far end.
pub(super) async fn all(way: &Way, mut far: Far) -> (Box<dyn Line>, Far) {
    let what = &way.endpoint;
    let mut line = soon(what, way.open()).await;
    soon("first bytes", first(&mut line, &mut far)).await;
    soon("a command", typed(&mut line, &mut far)).await;
    // As slow as it likes, as long as it goes on.
    much(way, &mut line, &mut far).await;
    soon("busy", busy(way, &mut line)).await;
    match line.send_break() {
        Ok(()) => {
            // A UART receives a break as a NUL.
            soon("silence", settle(&mut line, &mut far)).await;
            soon("a command after a break", typed(&mut line, &mut far)).await;
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::Unsupported, "{what}"),
    }
    drop(line);
    // The peer needs its time to notice, and then takes us again.
    let line = eventually("the line, opened again", || async {
        let mut line = way.try_open().await.ok()?;
        answers(&mut line).await.then_some(line)
    });
    let mut line = match &mut far {
        Far::Echo => line.await,
        Far::Line(console) => Box::pin(soon("reconnect", meanwhile_echoing(console, line))).await,
    };
    soon("silence", settle(&mut line, &mut far)).await;
    soon("a command after a reconnect", typed(&mut line, &mut far)).await;
    (line, far)
}

/// What two lines say to each other.
pub(super) async fn conversation(way: &Way, line: &mut Box<dyn Line>, console: &mut Box<dyn Line>) {
    let up = way.up();
    let down = way.text(41);
    tokio::join!(exchange(line, &up, &down), exchange(console, &down, &up));
}

/// Whether a byte comes back: refused and not yet ready lines end, or are silent.
async fn answers(line: &mut Box<dyn Line>) -> bool {
    let ask = async {
        line.write_all(b"!").await.ok()?;
        line.flush().await.ok()?;
        let mut last = 0;
        while last != b'!' {
            last = line.read_u8().await.ok()?;
        }
        Some(())
    };
    matches!(tokio::time::timeout(std::time::Duration::from_secs(2), ask).await, Ok(Some(())))
}

/// Whether a byte goes to the far end and comes back.
pub(super) async fn speaks_with(line: &mut Box<dyn Line>, console: &mut Box<dyn Line>) -> bool {
    meanwhile_echoing(console, answers(line)).await
}

/// Runs a future while the far end sends back what it gets.
async fn meanwhile_echoing<T>(console: &mut Box<dyn Line>, future: impl Future<Output = T>) -> T {
    let echo = async {
        let mut bytes = [0; 256];
        loop {
            let count = console.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the far end hung up");
            console.write_all(&bytes[..count]).await.unwrap();
        }
    };
    tokio::select! {
        result = future => result,
        () = echo => unreachable!("it never ends"),
    }
}

/// Clients and peers say hello, or are not ready at once: the first byte that passes is waited for.
async fn first(line: &mut Box<dyn Line>, far: &mut Far) {
    let ready = async {
        loop {
            if answers(line).await {
                return;
            }
        }
    };
    match far {
        Far::Echo => ready.await,
        Far::Line(console) => meanwhile_echoing(console, ready).await,
    }
    settle(line, far).await;
}

/// Leaves nothing on the way: earlier marks that came back late.
async fn settle(line: &mut Box<dyn Line>, far: &mut Far) {
    let until_silent = async {
        let mut bytes = [0; 256];
        while let Ok(Ok(1..)) =
            tokio::time::timeout(std::time::Duration::from_millis(300), line.read(&mut bytes)).await
        {}
    };
    match far {
        Far::Echo => until_silent.await,
        Far::Line(console) => meanwhile_echoing(console, until_silent).await,
    }
}

/// A line is typed at the console and answered.
async fn typed(line: &mut Box<dyn Line>, far: &mut Far) {
    // No two equal neighbours, which some consoles lose.
    let command = b"ipconfig /renew\r";
    line.write_all(command).await.unwrap();
    line.flush().await.unwrap();
    let answer: &[u8] = match far {
        Far::Echo => command,
        Far::Line(console) => {
            let mut heard = vec![0; command.len()];
            console.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, command);
            let answer = "Ethernet-Adapter: 한국어\r\n".as_bytes();
            console.write_all(answer).await.unwrap();
            console.flush().await.unwrap();
            answer
        }
    };
    let mut heard = vec![0; answer.len()];
    line.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, answer, "{}", String::from_utf8_lossy(&heard));
}

/// Every byte value and then much more, both ways at the same time.
async fn much(way: &Way, line: &mut Box<dyn Line>, far: &mut Far) {
    let up = way.up();
    match far {
        Far::Line(console) => {
            let down = way.text(41);
            tokio::join!(exchange(line, &up, &down), exchange(console, &down, &up));
        }
        Far::Echo => exchange(line, &up, &up).await,
    }
}

async fn exchange(line: impl AsyncRead + AsyncWrite, send: &[u8], expected: &[u8]) {
    let (mut from, mut to) = split(line);
    let write = async {
        to.write_all(send).await.unwrap();
        to.flush().await.unwrap();
    };
    let read = async {
        let mut heard = Vec::with_capacity(expected.len());
        while heard.len() < expected.len() {
            let mut bytes = vec![0; (expected.len() - heard.len()).min(8192)];
            let came = soon(&format!("what follows byte {}", heard.len()), from.read(&mut bytes)).await;
            let count = came.unwrap();
            assert!(count > 0, "the line ended after {} bytes", heard.len());
            heard.extend_from_slice(&bytes[..count]);
            let start = heard.len() - count;
            let wrong = (start..heard.len()).find(|at| heard[*at] != expected[*at]);
            if let Some(at) = wrong {
                panic!("byte {at} is {:#04x}, not {:#04x}", heard[at], expected[at]);
            }
        }
    };
    tokio::join!(write, read);
}

/// A second one is refused, and told why.
async fn busy(way: &Way, line: &mut Box<dyn Line>) {
    if way.azure.is_some() {
        let newer = way.open().await;
        let told = hang_up(line).await;
        assert!(told.contains(way.busy), "{told}");
        drop(newer);
        return;
    }
    let said = match way.try_open().await {
        Err(error) => {
            assert_eq!(error.code(), "open-busy", "{error}");
            format!("{error}: {}", error.help())
        }
        // Where nobody can tell, the second one hears nothing until the first leaves.
        Ok(mut second) if way.busy.is_empty() => {
            assert!(!answers(&mut second).await, "two on one console");
            return;
        }
        Ok(mut second) => hang_up(&mut second).await,
    };
    assert!(said.contains(way.busy), "{said}");
}

/// Reads until the end, and says why it ended.
pub(super) async fn hang_up(line: &mut Box<dyn Line>) -> String {
    let mut rest = Vec::new();
    let error = soon("a hang-up", line.read_to_end(&mut rest)).await.err();
    line.hang_up(error.as_ref())
}
