//! sacpilot's side of the measurements in `benches/`; `benches/run` starts it beside its peers. Each measurement
//! prints one line of JSON.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a measurement, not a program"
)]

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use sacpilot::console::{Clearing, Console, Manner, Patience};
use sacpilot::engine::event::RunMode;
use sacpilot::engine::live::Live;
use sacpilot::engine::run::begin;
use sacpilot::engine::{Interrupt, Masks, Narrator, OnInterrupt, Order, Past, Selection, run};
use sacpilot::expect::{Matcher, Pattern, PatternSet};
use sacpilot::script::library::Library;
use sacpilot::script::loader;
use sacpilot::script::model::Script;
use sacpilot::script::parameters::bind;
use sacpilot::secret::Secret;
use sacpilot::shell::{Credentials, Session, SessionOptions};
use sacpilot::sim::scenario::Scenario;
use sacpilot::sim::windows::SharedWorld;
use sacpilot::transport::{self, Endpoint, Line, Pace, SimLine};
use serde_json::json;
use stats_alloc::INSTRUMENTED_SYSTEM;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// The scenario and script of the flagship.
const FLAGSHIP: &str = "rdp-internal-error";

pub(crate) fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match *words.as_slice() {
        ["sentinel", file, patterns] => real().block_on(sentinel(file, patterns.parse().unwrap())),
        ["screen", file] => real().block_on(screen(file)),
        ["pairs", program, count] => real().block_on(pairs(program, count.parse().unwrap())),
        ["typed", program, count] => real().block_on(typed(program, count.parse().unwrap())),
        ["flagship", mode, line] => paused().block_on(flagship(mode, line)),
        ["transfer", kind, way, size, os] => {
            paused().block_on(transfer(kind, way, size.parse().unwrap(), os))
        }
        ["many", count, pace] => many(count.parse().unwrap(), pace),
        _ => {
            // `cargo bench` and `cargo test --benches` begin here.
            eprintln!("benches/run measures; see benches/README.md");
            return;
        }
    };
    println!("{result}");
}

fn real() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The machine's time and nothing else: what the wire and the machine take, however busy this computer is.
fn paused() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

fn set(patterns: usize) -> PatternSet {
    let never = (1..patterns).map(|n| format!("NEVER-{n:03}-[0-9a-f]+ at ([0-9]+)!"));
    let all = ["SENTINEL-[0-9a-f]+ exit=([0-9]+)\\r?\\n".to_owned()].into_iter().chain(never);
    PatternSet::new(all.map(|source| Pattern::regex(source).unwrap())).unwrap()
}

/// 1: everything that a program prints, up to a sentinel.
async fn sentinel(file: &str, patterns: usize) -> serde_json::Value {
    let mut matcher = Matcher::new(set(patterns));
    let endpoint: Endpoint = format!("exec:cat {file}").parse().unwrap();
    let mut line = transport::open(&endpoint).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = line.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the sentinel did not come");
        if let Some((_, found)) = matcher.feed(&buffer[..count]) {
            assert_eq!((found.pattern, found.group(1)), (0, Some(b"0".as_slice())));
            return json!({"bytes": found.end});
        }
    }
}

/// 1b: the same, everything shown on the screen model as well, as the driver does it.
async fn screen(file: &str) -> serde_json::Value {
    let endpoint: Endpoint = format!("exec:cat {file}").parse().unwrap();
    let line = transport::open(&endpoint).await.unwrap();
    let mut console = Console::new(line, None);
    console
        .wait("the sentinel", Patience::of(Duration::from_mins(10)), |screen| {
            screen.before_cursor().starts_with("SENTINEL-deadbeef exit=0").then_some(())
        })
        .await
        .unwrap();
    json!({"bytes": console.received()})
}

/// 2: a request, and its answer, again and again, with the matcher alone.
async fn pairs(program: &str, count: u64) -> serde_json::Value {
    let endpoint: Endpoint = format!("exec:{program}").parse().unwrap();
    let mut line = transport::open(&endpoint).await.unwrap();
    let mut matcher = Matcher::new(PatternSet::new([Pattern::regex("OK ([0-9]+)\\n").unwrap()]).unwrap());
    let mut buffer = vec![0; 4096];
    let began = std::time::Instant::now();
    for number in 0..count {
        line.write_all(format!("ask {number}\n").as_bytes()).await.unwrap();
        let mut found = None;
        while found.is_none() {
            let read = line.read(&mut buffer).await.unwrap();
            found = matcher.feed(&buffer[..read]).map(|(_, found)| found);
        }
        assert_eq!(found.unwrap().group(1), Some(number.to_string().as_bytes()));
    }
    json!({"us": began.elapsed().as_secs_f64() * 1e6 / count as f64})
}

/// 2b: lines typed at a prompt, their echo proven before Enter, as the driver does it.
async fn typed(program: &str, count: u64) -> serde_json::Value {
    let endpoint: Endpoint = format!("exec:{program}").parse().unwrap();
    let mut console = Console::new(transport::open(&endpoint).await.unwrap(), None);
    let manner = Manner { prompt: "q>", clearing: Clearing::Interrupt, longest: 1_000 };
    let began = std::time::Instant::now();
    for number in 0..count {
        console.submit(manner, &format!("ask {number}")).await.unwrap();
        let answer = format!("OK {number}");
        console
            .wait("the answer", Patience::of(Duration::from_secs(10)), |screen| {
                let row = screen.cursor().row;
                (screen.before_cursor() == "q>" && row > 0 && screen.row(row - 1) == answer).then_some(())
            })
            .await
            .unwrap();
    }
    json!({"us": began.elapsed().as_secs_f64() * 1e6 / count as f64})
}

/// A line that counts.
struct Counted {
    line: SimLine,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
    /// How often something was sent after something had come: the answers that were waited for.
    turns: AtomicU64,
    last_was_sent: AtomicU64,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = to.filled().len();
        let result = Pin::new(&mut self.line).poll_read(cx, to);
        let count = (to.filled().len() - before) as u64;
        if count > 0 {
            self.counts.received.fetch_add(count, Ordering::Relaxed);
            self.counts.last_was_sent.store(0, Ordering::Relaxed);
        }
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.line).poll_write(cx, from);
        if let Poll::Ready(Ok(count)) = &result {
            self.counts.sent.fetch_add(*count as u64, Ordering::Relaxed);
            if self.counts.last_was_sent.swap(1, Ordering::Relaxed) == 0 {
                self.counts.turns.fetch_add(1, Ordering::Relaxed);
            }
        }
        result
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(cx)
    }
}

impl Line for Counted {
    fn describe(&self) -> String {
        "a counted line".to_owned()
    }
}

/// A line whose machine outlives its session.
struct Shared(Arc<Mutex<Counted>>);

impl Shared {
    fn line(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap()
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.line()).poll_read(cx, buf)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut *self.line()).poll_write(cx, bytes)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.line()).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut *self.line()).poll_shutdown(cx)
    }
}

impl Line for Shared {
    fn describe(&self) -> String {
        self.line().describe()
    }
}

fn machine(overrides: &[(&str, &str)], baud: Option<u32>) -> (Counted, Credentials) {
    let overrides: Vec<(String, String)> =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let scenario = Scenario::load(FLAGSHIP, &overrides).unwrap();
    let credentials = Credentials {
        user: scenario.account.user,
        domain: String::new(),
        password: Secret::new(scenario.account.password).unwrap(),
    };
    let world = SharedWorld::new(scenario.world);
    let line = SimLine::new(FLAGSHIP, scenario.machine, world, Pace { speed: 1, baud });
    (Counted { line, counts: Arc::default() }, credentials)
}

async fn opened(line: impl Line + 'static, credentials: Credentials) -> Session {
    let options = SessionOptions::new("k7q", Duration::from_mins(15));
    Session::open(Console::new(Box::new(line), None), credentials, options)
        .await
        .map_err(|(error, _)| error)
        .unwrap()
}

fn order(script: &Arc<Script>, mode: RunMode) -> Order {
    Order {
        run: "run-1".to_owned(),
        params: bind(script, &[]).unwrap(),
        script: Arc::clone(script),
        mode,
        target: format!("sim:{FLAGSHIP}"),
        timeout: Duration::from_mins(1),
        on_interrupt: OnInterrupt::Keep,
        selection: Selection::default(),
        approved: None,
        snapshot: None,
    }
}

async fn done(order: &Order, session: Session) -> (Session, Narrator) {
    let now: jiff::Timestamp = "2026-11-28T03:00:00Z".parse().unwrap();
    let mut narrator = Narrator::new(now, Masks::default());
    begin(order, &mut narrator).unwrap();
    let (_waits, mut awaiting) = tokio::sync::mpsc::unbounded_channel();
    let mut live = Live::new(session, Vec::new());
    let (interrupt, past) = (Interrupt::default(), Past::default());
    let _ended = Box::pin(run(order, &mut live, &mut narrator, &mut awaiting, &interrupt, past)).await;
    (live.into_session(), narrator)
}

/// 4: the flagship on a paced line, or on a bridge.
async fn flagship(mode: &str, line: &str) -> serde_json::Value {
    let (overrides, baud): (&[(&str, &str)], _) = match line {
        "paced" => (&[("start", "running")], Some(115_200)),
        "latency" => (
            &[
                ("start", "running"),
                ("noise.to_machine.latency", "75ms"),
                ("noise.from_machine.latency", "75ms"),
            ],
            None,
        ),
        _ => (&[("start", "running")], None),
    };
    let (line, credentials) = machine(overrides, baud);
    let counts = Arc::clone(&line.counts);
    let read = || {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (of(&counts.sent), of(&counts.received), of(&counts.turns))
    };
    let began = Instant::now();
    let session = opened(line, credentials).await;
    let (opening, at_prompt) = (began.elapsed(), read());
    let script =
        loader::load(&Library::embedded(), FLAGSHIP).map_err(|error| error.to_string()).unwrap().script;
    let mode = if mode == "run" { RunMode::Run } else { RunMode::Diagnose };
    let (mut session, _narrator) = done(&order(&script, mode), session).await;
    let (elapsed, at_end) = (began.elapsed(), read());
    let lines = session.console().typing().lines;
    session.close().await.unwrap();
    json!({
        "opening_s": opening.as_secs_f64(), "opening_sent": at_prompt.0, "opening_received": at_prompt.1,
        "opening_turns": at_prompt.2, "total_s": elapsed.as_secs_f64(), "sent": at_end.0, "received": at_end.1,
        "turns": at_end.2, "lines": lines,
        "line_time_s": (at_end.0.max(at_end.1)) as f64 / 11_520.0,
    })
}

fn content(kind: &str, size: usize) -> Vec<u8> {
    if kind == "random" {
        let mut state = 88_172_645_463_325_252_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        return std::iter::repeat_with(next).take(size).collect();
    }
    let mut text = String::new();
    let mut state = 1_u32;
    for number in 0_u32.. {
        if text.len() >= size {
            break;
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        write!(
            text,
            "2026-11-28 14:{:02}:{:02}, Info                  CBS    Session: {}_{} initialized by client {}, hr = 0x{:08x}\r\n",
            number / 60 % 60, number % 60, 30_000_000 + number / 7, state >> 3, ["DISM", "TrustedInstaller", "SPP"][state as usize % 3], state & 0x8007_ffff,
        )
        .unwrap();
    }
    text.truncate(size);
    text.into_bytes()
}

/// 5: a file, either way, at 115,200 baud in the machine's own time.
async fn transfer(kind: &str, way: &str, size: usize, os: &str) -> serde_json::Value {
    let (line, credentials) = machine(&[("start", "running"), ("profile", os)], Some(115_200));
    let mut session = opened(line, credentials).await;
    let content = content(kind, size);
    let path = r"C:\Windows\Temp\measured.bin";
    let cpu = std::time::Instant::now();
    let mut began = Instant::now();
    let file = session.pack(&content, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    session.push(path, &file, &mut |_| true).await.unwrap();
    let mut carried = file.carried();
    if way == "pull" {
        began = Instant::now();
        let file = session.ready(path).await.unwrap();
        carried = file.carried();
        let fetched = session.pull(&file, &[], &mut |_| true).await.unwrap();
        assert!(fetched.content == content);
    }
    let seconds = began.elapsed().as_secs_f64();
    json!({
        "seconds": seconds, "carried": carried, "over_line_rate": size as f64 / seconds / 11_520.0,
        "computed_s": cpu.elapsed().as_secs_f64(), "typing": session.console().typing().to_string(),
    })
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// 6: so many machines at the same time in this process, on two threads.
fn many(count: usize, pace: &str) -> serde_json::Value {
    let baud = (pace == "paced").then_some(115_200);
    let script =
        loader::load(&Library::embedded(), FLAGSHIP).map_err(|error| error.to_string()).unwrap().script;
    let before = resident();
    let threads = 2.min(count);
    let runtimes: Vec<Runtime> = (0..threads).map(|_| real()).collect();
    let mut shares: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    for index in 0..count {
        // A machine is switched on where its time runs.
        let _time = runtimes[index % threads].enter();
        let (line, credentials) = machine(&[("start", "running")], baud);
        shares[index % threads].push((Arc::new(Mutex::new(line)), credentials));
    }
    let with_machines = resident();
    let began = std::time::Instant::now();
    let (most, task) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let all_done = Arc::new(Barrier::new(threads));
    let handles: Vec<_> = runtimes
        .into_iter()
        .zip(shares)
        .map(|(runtime, share)| {
            let (script, most, task) = (Arc::clone(&script), Arc::clone(&most), Arc::clone(&task));
            let all_done = Arc::clone(&all_done);
            std::thread::spawn(move || {
                let machines: Vec<_> = share.iter().map(|(line, _)| Arc::clone(line)).collect();
                let mut sessions = Vec::new();
                runtime.block_on(async {
                    let order = Arc::new(order(&script, RunMode::Diagnose));
                    let tasks: Vec<_> = share
                        .into_iter()
                        .map(|(line, credentials)| {
                            let order = Arc::clone(&order);
                            let diagnosis = async move {
                                let session = opened(Shared(line), credentials).await;
                                done(&order, session).await
                            };
                            task.store(size_of_val(&diagnosis), Ordering::Relaxed);
                            tokio::spawn(diagnosis)
                        })
                        .collect();
                    for task in tasks {
                        sessions.push(task.await.unwrap());
                    }
                });
                let took = began.elapsed();
                most.fetch_max(resident(), Ordering::Relaxed);
                // What goes when the sessions go, and their machines stay, is theirs.
                all_done.wait();
                let with_sessions = held();
                all_done.wait();
                let finished = sessions.len();
                drop(sessions);
                all_done.wait();
                let without = held();
                drop(machines);
                (finished, took, with_sessions - without)
            })
        })
        .collect();
    let ended: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    assert_eq!(ended.iter().map(|(finished, ..)| finished).sum::<usize>(), count);
    json!({
        "wall_s": ended.iter().map(|(_, took, _)| took.as_secs_f64()).fold(0.0, f64::max),
        "resident_before_kib": before, "with_machines_kib": with_machines,
        "at_end_kib": most.load(Ordering::Relaxed), "sessions": count,
        "session_bytes": ended[0].2 / count, "task_bytes": task.load(Ordering::Relaxed),
    })
}

/// Bytes on the heap; none where nobody counts them.
fn held() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}
