//! The serial console in Azure, over the simulated one in every way in which its gateway may behave.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sacpilot::bridge::Bridge;
use sacpilot::transport::Line;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::suite::{Far, Passes, Way, all};
use crate::azure::Site;

/// The machine's end.
struct Machine(DuplexStream);

impl AsyncRead for Machine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Machine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl Line for Machine {
    fn describe(&self) -> String {
        "machine".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn azure_in_every_mode() {
    for (switches, amount) in [
        ("frames=text", 1 << 20),
        ("frames=binary&cut=100000", 1 << 20),
        ("frames=mixed&cut=1", 1 << 14),
        ("cut=3&replay=0", 1 << 16),
        ("silent-first", 1 << 16),
        ("refuse=502:1&slow-upgrade=10", 1 << 16),
        ("replay=60000", 1 << 16),
        ("cap=2048&ping=1", 1 << 16),
        ("taken=1008", 1 << 16),
    ] {
        let (machine, console) = tokio::io::duplex(1 << 16);
        let (nobody, _) = tokio::io::duplex(1);
        let site = Site::in_front_of(Box::new(console), nobody, switches).await;
        let way = Way {
            azure: Some(site.azure()),
            passes: Passes::TextFromUs,
            amount,
            ..Way::clean(
                format!("azure:{}", Bridge::machine()),
                "another user who connected; the console takes one",
            )
        };
        let (line, _machine) = Box::pin(all(&way, Far::Line(Box::new(Machine(machine))))).await;
        drop(line);
        assert_eq!(site.leaks(), [""; 0], "{switches}");
    }
}
