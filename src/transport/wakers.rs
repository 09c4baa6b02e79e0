//! For lines whose reads must also write (an answer) and whose writes must also read (leave to go on): the socket
//! below remembers one waker for each direction, so both halves of the line are woken by either.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// The tasks that read and write a line.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

/// What a task is about to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Half {
    Reading,
    Writing,
}

impl Wakers {
    /// The waker to poll the socket with, for a task that is about to do `half`.
    pub(super) fn joint(self: &Arc<Self>, half: Half, context: &Context<'_>) -> Waker {
        let slot = match half {
            Half::Reading => &self.reader,
            Half::Writing => &self.writer,
        };
        slot.lock().unwrap_or_else(PoisonError::into_inner).replace(context.waker().clone());
        Arc::clone(self).into()
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for slot in [&self.reader, &self.writer] {
            let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Without the joint waker the second poll would replace the first task's waker in the stream.
    #[tokio::test]
    async fn either_task_is_woken_by_the_stream() {
        let (mut ours, mut theirs) = tokio::io::duplex(1);
        let wakers = Arc::new(Wakers::default());
        let (reader, writer) = (counting(), counting());
        for (half, count) in [(Half::Reading, &reader), (Half::Writing, &writer)] {
            let task = Waker::from(Arc::clone(count));
            let joint = wakers.joint(half, &Context::from_waker(&task));
            let mut context = Context::from_waker(&joint);
            assert!(matches!(pin!(ours.read_u8()).poll(&mut context), Poll::Pending));
        }
        theirs.write_u8(7).await.unwrap();
        assert_eq!([reader, writer].map(|count| count.calls()), [1, 1]);
    }

    #[derive(Default)]
    struct Count(std::sync::atomic::AtomicUsize);

    impl Count {
        fn calls(&self) -> usize {
            self.0.load(std::sync::atomic::Ordering::SeqCst)
        }
    }

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }

    fn counting() -> Arc<Count> {
        Arc::default()
    }
}
