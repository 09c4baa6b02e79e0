//! The way to a host by its URL: name, proxy, TLS, one request, the upgrade to a websocket. Knows neither Azure nor a
//! console.

pub(crate) mod http;
pub(crate) mod percent;
mod proxy;
mod random;
mod reach;
mod trust;
mod upgrade;

pub use proxy::{Proxies, ProxyError};
pub use reach::{Connector, ReachError, Stream};
pub use trust::TrustError;

pub(crate) use random::guid;
pub(crate) use reach::Place;
pub(crate) use upgrade::{Upgraded, upgrade};
