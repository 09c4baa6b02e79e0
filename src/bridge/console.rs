//! The owner of the console: keeps what it printed, passes it on to whoever is attached, types for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::{Serial, lock};

/// How much of the past is kept.
const KEPT: usize = 64 * 1024;

/// The console. It lives on between sessions.
pub(super) struct Console {
    shared: Arc<Mutex<Shared>>,
    keys: UnboundedSender<Vec<u8>>,
}

#[derive(Default)]
struct Shared {
    past: VecDeque<u8>,
    attached: Option<UnboundedSender<Vec<u8>>>,
    ended: bool,
}

impl Console {
    pub(super) fn start(stream: Box<dyn Serial>) -> Self {
        let (keys, mut typed) = mpsc::unbounded_channel::<Vec<u8>>();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (mut from, mut to) = split(stream);
        let reader = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                lock(&reader).printed(&buffer[..count]);
            }
            let mut shared = lock(&reader);
            shared.ended = true;
            shared.attached = None;
        });
        tokio::spawn(async move {
            while let Some(bytes) = typed.recv().await {
                if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
                    break;
                }
            }
        });
        Self { shared, keys }
    }

    /// Attaches a session: the last `replay` bytes of the past but for the newest `stale` of them, and all that comes.
    /// The one before gets nothing more.
    pub(super) fn attach(&self, replay: usize, stale: usize) -> (Vec<u8>, UnboundedReceiver<Vec<u8>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut shared = lock(&self.shared);
        let end = shared.past.len().saturating_sub(stale);
        let past = shared.past.range(end.saturating_sub(replay)..end).copied().collect();
        shared.attached = (!shared.ended).then_some(sender);
        (past, receiver)
    }

    /// Types.
    pub(super) fn type_bytes(&self, bytes: &[u8]) {
        // A console that has ended reads nothing.
        let _ = self.keys.send(bytes.to_vec());
    }
}

impl Shared {
    fn printed(&mut self, bytes: &[u8]) {
        self.past.extend(bytes);
        let excess = self.past.len().saturating_sub(KEPT);
        self.past.drain(..excess);
        if let Some(attached) = &self.attached
            && attached.send(bytes.to_vec()).is_err()
        {
            self.attached = None;
        }
    }
}
