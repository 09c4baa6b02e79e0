//! A line whose other end is in the test.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sacpilot::transport::Line;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// One end of a [`tokio::io::duplex`].
pub(crate) struct Cable(pub(crate) DuplexStream);

impl Line for Cable {
    fn describe(&self) -> String {
        "a cable".to_owned()
    }
}

/// One that may show what was before.
pub(crate) struct OldCable(pub(crate) DuplexStream);

impl Line for OldCable {
    fn describe(&self) -> String {
        "a cable with a memory".to_owned()
    }

    fn shows_the_past(&self) -> bool {
        true
    }
}

macro_rules! carries_bytes {
    ($line:ty) => {
        impl AsyncRead for $line {
            fn poll_read(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                to: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_read(context, to)
            }
        }

        impl AsyncWrite for $line {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                from: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(context, from)
            }

            fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(context)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(context)
            }
        }
    };
}

carries_bytes!(Cable);
carries_bytes!(OldCable);
