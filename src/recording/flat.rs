//! However long a console speaks, little of it is held: counted, for a recorder and for a playback.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Header, Manner, Playback, Recorder};
use crate::secret::Secret;

/// What is held at the most, in bytes: buffers of reading and decompressing, and what may become a secret.
const MOST: u64 = 64 * 1024;
/// Half an hour would take a while in a test; what is held by then is held after minutes, too.
const SECONDS: u64 = 300;

#[derive(Clone, Default)]
struct Counted(Arc<AtomicU64>);

impl Counted {
    fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A recording that is made while it is read: a line each tenth of a second.
struct Endless {
    read: Counted,
    ready: Vec<u8>,
    number: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && self.number < SECONDS * 10 {
            let (seconds, tenth) = (self.number / 10, self.number % 10);
            self.ready = format!("[{seconds}.{tenth}, \"o\", \"{}\\r\\n\"]\n", "x".repeat(1150)).into_bytes();
            self.number += 1;
        }
        let count = self.ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.ready[..count]);
        self.ready.drain(..count);
        self.read.add(count);
        Ok(count)
    }
}

#[test]
fn a_recorder_holds_nothing_but_what_may_become_a_secret() {
    let written = Counted::default();
    let mut recorder = Recorder::start(written.clone(), &Header::of_console("test", 0));
    recorder.hide(&Secret::new("kb-secret".to_owned()).unwrap());
    let mut said = 0;
    for number in 0..SECONDS * 60 {
        let line = format!("{number:>20} kb{number:08x}.dll kb-sec\r\n");
        recorder.output(Duration::from_millis(number * 16), line.as_bytes());
        said += line.len() as u64;
        assert!(said < written.so_far() + MOST, "{said} bytes came, {} were written", written.so_far());
    }
}

#[test]
fn a_playback_reads_no_further_than_it_must() {
    for manner in [Manner::Strict, Manner::Tolerant] {
        let read = Counted::default();
        let mut header = serde_json::to_vec(&Header::of_console("test", 0)).unwrap();
        header.push(b'\n');
        let endless = Endless { read: read.clone(), ready: header, number: 0 };
        let mut playback = Playback::new(endless, manner).unwrap();
        let mut said = 0;
        while let Some(at) = playback.next_wake() {
            said += playback.advance(at).len() as u64;
            assert!(read.so_far() < said * 2 + MOST, "{} bytes were read for {said}", read.so_far());
        }
        assert_eq!(said, SECONDS * 10 * 1152, "{manner:?}");
    }
}
