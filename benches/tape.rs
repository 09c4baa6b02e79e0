//! An hour of a console at full speed, recorded and replayed: size, memory, time. `benches/run tape` starts each part as a
//! process of its own, so that its peak memory is its own; see benches/README.md.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measurement, not a program"
)]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sacpilot::console::{Console, Patience};
use sacpilot::recording::{Header, Manner, Parts, Playback, Recorder};
use sacpilot::secret::Secret;
use sacpilot::transport::ReplayLine;
use serde_json::json;
use tokio::runtime::Builder;

/// What 115,200 baud carry in a second.
const RATE: usize = 11_520;
/// The last line.
const END: &str = "the hour is over";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match *words.as_slice() {
        ["record", file, minutes, read] => record(file, minutes.parse().unwrap(), read.parse().unwrap()),
        ["play", file] => play(file),
        ["drive", file] => drive(file),
        _ => {
            // `cargo bench` and `cargo test --benches` begin here.
            eprintln!("benches/run measures; see benches/README.md");
            return;
        }
    };
    println!("{result}");
}

/// Lines as a console prints them: a listing whose numbers and names differ, and a placed cursor now and then.
struct Lines {
    seed: u64,
    number: u64,
    waiting: Vec<u8>,
}

impl Lines {
    fn next(&mut self, count: usize) -> Vec<u8> {
        while self.waiting.len() < count {
            self.seed =
                self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.number += 1;
            let (day, size, name) = (self.seed >> 60, self.seed >> 34, (self.seed >> 16) & 0xffff_ffff);
            let place = if self.number.is_multiple_of(40) { "\x1b[24;1H" } else { "" };
            write!(self.waiting, "{place}{day:02}/11/2025  09:12 AM  {size:>14} kb{name:08x}.dll\r\n")
                .unwrap();
        }
        let rest = self.waiting.split_off(count);
        std::mem::replace(&mut self.waiting, rest)
    }
}

/// The bytes of a console as a number, to compare what was said with what is said again.
fn sum(so_far: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(so_far, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Records so many minutes, which come in reads of so many bytes.
fn record(file: &str, minutes: usize, read: usize) -> serde_json::Value {
    let out: Box<dyn Write + Send> = match File::create(file).unwrap() {
        plain if Path::new(file).extension() != Some("gz".as_ref()) => Box::new(plain),
        packed => Box::new(GzEncoder::new(packed, Compression::default())),
    };
    let mut recorder = Recorder::start(out, &Header::of_console("bench", 0));
    // As in every session: the stream is looked through for a secret.
    recorder.hide(&Secret::new("kb-Secret-Of-The-Bench".to_owned()).unwrap());
    let mut lines = Lines { seed: 1, number: 0, waiting: Vec::new() };
    let (mut said, mut all) = (0, 0);
    let began = std::time::Instant::now();
    let whole = minutes * 60 * RATE;
    let mut say = |at: usize, bytes: &[u8]| {
        recorder.output(Duration::from_micros((at * 1_000_000 / RATE) as u64), bytes);
        all = sum(all, bytes);
    };
    while said < whole {
        let bytes = lines.next(read.min(whole - said));
        said += bytes.len();
        say(said, &bytes);
    }
    say(said, format!("\r\n{END}").as_bytes());
    drop(recorder);
    let wall = began.elapsed().as_secs_f64();
    json!({"bytes": said, "file": std::fs::metadata(file).unwrap().len(), "wall_s": wall, "sum": all})
}

fn playback(file: &str) -> Playback {
    Playback::new(Parts::open(Path::new(file)).unwrap(), Manner::Strict).unwrap()
}

/// Plays it: the recording alone, as fast as it can be read.
fn play(file: &str) -> serde_json::Value {
    let began = std::time::Instant::now();
    let mut playback = playback(file);
    let (mut bytes, mut all) = (0, 0);
    while let Some(at) = playback.next_wake() {
        let said = playback.advance(at);
        bytes += said.len();
        all = sum(all, &said);
    }
    assert!(playback.ended() && playback.trouble().is_none());
    json!({"bytes": bytes, "wall_s": began.elapsed().as_secs_f64(), "sum": all})
}

/// The driver in front of it: decoder, screen, and a wait that looks after each character.
fn drive(file: &str) -> serde_json::Value {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let began = std::time::Instant::now();
    let bytes = runtime.block_on(async {
        let mut console = Console::new(Box::new(ReplayLine::new("bench", playback(file), 1)), None);
        let patience = Patience::of(Duration::from_hours(2));
        let over = console.wait("the end", patience, |screen| (screen.before_cursor() == END).then_some(()));
        over.await.unwrap();
        console.received()
    });
    json!({"bytes": bytes, "wall_s": began.elapsed().as_secs_f64()})
}
