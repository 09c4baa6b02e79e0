//! A simulated Azure in front of a console: resource manager, authority and gateway of the serial console, behind
//! TLS with a throw-away CA.
//!
//! ```text
//!  https ─► Cloud: subscriptions, machines, disks, rules, operations (no I/O)
//!  wss   ─► gateway: token gate, one session a machine, replay, frames ─► console ─► any byte stream
//! ```
//!
//! Written from what Microsoft's clients were seen to send and to understand, never from what ours sends: it may not
//! name `azure` or `transport`. What nobody outside Microsoft knows is marked `invented:`, and is a switch where it
//! matters.

mod calls;
mod certificate;
mod cloud;
mod console;
mod gateway;
mod server;
mod switches;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use calls::{Call, Calls};
pub use cloud::seed::{GROUP, INSTANCE, RESCUE, SCALE_SET, SUBSCRIPTION, VM};
pub use switches::{Case, Cut, Fault, Frames, Place, SwitchError, Switches};

use crate::secret::Secret;
use cloud::Cloud;
use console::Console;

/// What can be done to the machine behind the console.
pub trait Controls: Send + Sync {
    /// A non-maskable interrupt.
    fn nmi(&self);
    /// The reset button.
    fn reset(&self);
    /// Windows is asked to restart.
    fn restart(&self);
    /// Power on.
    fn start(&self);
    /// Power off at once.
    fn stop(&self);
}

/// A machine that nothing can be done to.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoControls;

impl Controls for NoControls {
    fn nmi(&self) {}
    fn reset(&self) {}
    fn restart(&self) {}
    fn start(&self) {}
    fn stop(&self) {}
}

/// The console behind the gateway.
pub trait Serial: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Serial for T {}

/// What a simulated Azure is made of.
pub struct Plan {
    /// Where to listen; port 0 is any that is free.
    pub address: SocketAddr,
    /// A token that is accepted.
    pub token: Secret,
    /// How it behaves.
    pub switches: Switches,
    /// The console of the machine.
    pub console: Box<dyn Serial>,
    /// The machine.
    pub controls: Box<dyn Controls>,
}

/// A simulated Azure that runs until it is dropped.
pub struct Bridge {
    address: SocketAddr,
    certificate: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What all connections share.
struct Shared {
    started: Instant,
    cloud: Mutex<Cloud>,
    calls: Mutex<Calls>,
    switches: Mutex<Switches>,
    console: Console,
    controls: Box<dyn Controls>,
    sessions: Mutex<gateway::Sessions>,
}

impl Bridge {
    /// Begins to listen.
    ///
    /// # Errors
    /// The address cannot be used, or a certificate cannot be made.
    pub async fn start(plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind(plan.address).await?;
        let address = listener.local_addr()?;
        let (tls, certificate) = certificate::throw_away(address.ip()).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            started: Instant::now(),
            cloud: Mutex::new(Cloud::new(&plan.switches, plan.token)),
            calls: Mutex::new(Calls::default()),
            switches: Mutex::new(plan.switches),
            console: Console::start(plan.console),
            controls: plan.controls,
            sessions: Mutex::new(gateway::Sessions::default()),
        });
        let task = tokio::spawn(server::serve(listener, tls, Arc::clone(&shared)));
        Ok(Self { address, certificate, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The resource manager and the authority: `https://127.0.0.1:8443`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of the throw-away CA, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The machine's place: `SUBSCRIPTION/GROUP/VM`.
    pub fn machine() -> String {
        format!("{SUBSCRIPTION}/{GROUP}/{VM}")
    }

    /// Everything that was asked so far.
    pub fn calls(&self) -> Calls {
        lock(&self.shared.calls).clone()
    }

    /// Changes how it behaves from now on.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut switches = lock(&self.shared.switches);
        change(&mut switches);
        lock(&self.shared.cloud).apply(&switches);
    }

    /// A resource as it stands, by the end of its path.
    pub fn resource(&self, kind: &str, name: &str) -> Option<serde_json::Value> {
        let mut cloud = lock(&self.shared.cloud);
        cloud.settle(self.shared.started.elapsed());
        cloud.resource(kind, name)
    }

    /// Somebody else changes a resource: its members become those of `change`.
    pub fn change(&self, kind: &str, name: &str, change: &serde_json::Value) {
        lock(&self.shared.cloud).change(kind, name, change);
    }

    /// All resources of a kind, by name.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let mut cloud = lock(&self.shared.cloud);
        cloud.settle(self.shared.started.elapsed());
        cloud.names(kind)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The state behind a mutex: nothing that panicked can have left it half changed in a way that matters here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
