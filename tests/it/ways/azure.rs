//! The serial console in Azure, over the simulated one in every way in which its gateway may behave.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sacpilot::bridge::Bridge;
use sacpilot::transport::Line;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};

use super::suite::{Far, Passes, Way, all, hang_up};
use crate::azure::Site;

/// The machine's end.
pub(super) struct Machine(pub(super) DuplexStream);

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
        ("invalid&cut=2&frames=mixed", 1 << 14),
        ("echo-token&stale=100", 1 << 16),
        // Two equal neighbours are lost; none are typed here.
        ("doubled=5", 1 << 16),
    ] {
        let (machine, console) = tokio::io::duplex(1 << 16);
        let (nobody, _) = tokio::io::duplex(1);
        let site = Site::in_front_of(Box::new(console), nobody, switches).await;
        let way = way(&site, amount);
        let (line, _machine) = Box::pin(all(&way, Far::Line(Box::new(Machine(machine))))).await;
        drop(line);
        assert_eq!(site.leaks(), [""; 0], "{switches}");
    }
}

fn way(site: &Site, amount: usize) -> Way {
    Way {
        azure: Some(site.azure()),
        passes: Passes::TextFromUs,
        amount,
        ..Way::clean(
            format!("azure:{}", Bridge::machine()),
            "another user who connected; the console takes one",
        )
    }
}

/// The first session ends as the gateway likes; the next one does everything that a console does.
#[tokio::test(start_paused = true)]
async fn azure_after_a_session_that_ended() {
    for (switches, why) in [
        ("drop=3&replay=0", "the connection to the gateway was dropped"),
        ("idle=8&replay=0", "because it goes away (1001): an error of the service, its idle limit"),
    ] {
        let (machine, console) = tokio::io::duplex(1 << 16);
        let (nobody, _) = tokio::io::duplex(1);
        let site = Site::in_front_of(Box::new(console), nobody, switches).await;
        let way = way(&site, 1 << 16);
        let mut machine = Machine(machine);
        let endpoint = sacpilot::transport::Endpoint::Azure(crate::azure::vm());
        let first = sacpilot::transport::Way::new(endpoint).through(Some(site.azure()));
        let mut line = Box::pin(first.open()).await.unwrap();
        machine.write_all(b"SAC>").await.unwrap();
        let said = hang_up(&mut line).await;
        assert!(said.contains(why), "{switches}: {said}");
        drop(line);
        let (line, _machine) = Box::pin(all(&way, Far::Line(Box::new(machine)))).await;
        drop(line);
        assert_eq!(site.leaks(), [""; 0], "{switches}");
    }
}
