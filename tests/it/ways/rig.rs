//! Real programs as the other side of a line: started for one test, ended with it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sacpilot::transport::{self, Endpoint, Line, OpenError};
use tokio::time::{Instant, sleep, timeout};

/// How long any single thing may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A running program. It is ended when this is dropped, politely first: some have children to end.
pub(super) struct Peer {
    child: Child,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        for _ in 0..500 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    /// Starts a program, its output going nowhere.
    pub(super) fn start(program: &str, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(program).args(arguments).stderr(Stdio::null()))
    }

    /// Starts a program and waits until it prints a line that holds `text` on standard error.
    pub(super) fn until(program: &str, arguments: &[&str], text: &str) -> Self {
        let mut peer = Self::spawn(Command::new(program).args(arguments).stderr(Stdio::piped()));
        let mut lines = BufReader::new(peer.child.stderr.take().unwrap());
        let mut said = String::new();
        loop {
            let start = said.len();
            let count = lines.read_line(&mut said).unwrap();
            assert!(count > 0, "{program} ended and never said `{text}`:\n{said}");
            if said[start..].contains(text) {
                break;
            }
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        peer
    }

    fn spawn(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }
}

/// Whether the programs that a test needs are there; says so in one line when not.
pub(super) fn present(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| !folders.iter().any(|folder| folder.join(program).is_file()))
        .collect();
    if !missing.is_empty() {
        println!("skipped: {} is not installed here", missing.join(", "));
    }
    missing.is_empty()
}

/// A port of this computer that nobody listens at.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Opens a line that must open.
pub(super) async fn open(endpoint: &str) -> Box<dyn Line> {
    try_open(endpoint).await.unwrap_or_else(|error| panic!("{endpoint}: {error}"))
}

/// Opens a line.
pub(super) async fn try_open(endpoint: &str) -> Result<Box<dyn Line>, OpenError> {
    let parsed: Endpoint = endpoint.parse().unwrap_or_else(|error| panic!("{endpoint}: {error}"));
    transport::open(&parsed).await
}

/// Asks again and again until something is there.
pub(super) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a file is there.
pub(super) async fn there(path: &Path) {
    eventually(&path.display().to_string(), || async { path.exists().then_some(()) }).await;
}

/// Waits until somebody listens, without connecting: some would take that for their only client.
pub(super) async fn listening(port: u16) {
    let wanted = format!(":{port:04X} ");
    eventually(&format!("a listener at port {port}"), || async {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let text: String = tables.iter().filter_map(|table| fs::read_to_string(table).ok()).collect();
        // `sl local_address rem_address st`; 0A is LISTEN.
        text.lines().any(|line| line.contains(&wanted) && line.contains(" 0A ")).then_some(())
    })
    .await;
}

/// Two terminals, joined: what is written into one comes out of the other, as through a null modem cable.
pub(super) struct NullModem {
    pub(super) socat: Peer,
    pub(super) near: PathBuf,
    pub(super) far: PathBuf,
}

impl NullModem {
    /// In `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let (near, far) = (folder.join("near"), folder.join("far"));
        let end = |path: &Path| format!("pty,raw,echo=0,link={}", path.display());
        // The links are there while socat itself still has the terminals open to set them up.
        let socat =
            Peer::until("socat", &["-d", "-d", &end(&near), &end(&far)], "starting data transfer loop");
        Self { socat, near, far }
    }

    /// The console at the far end.
    pub(super) async fn console(&self) -> Box<dyn Line> {
        open(&format!("pty:{}", self.far.display())).await
    }
}

/// Gives a future all the time it needs, but not for ever.
pub(super) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("too slow: {what}"))
}
