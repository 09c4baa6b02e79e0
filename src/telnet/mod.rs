//! Telnet and its COM-PORT option, for both ends, without I/O: bytes in, bytes and events out.
//!
//! ```text
//!  wire ─► Decoder ─► data ─────────────────────────────► console
//!                 ├─► WILL DO WONT DONT ─► Negotiation ─► answers ─► wire
//!                 └─► SB 44 … SE ─► com_port::Message ──► events
//! ```
//!
//! Sources: RFC 854 and 855 (telnet, options), RFC 856 (BINARY), RFC 857 (ECHO), RFC 858 (SUPPRESS-GO-AHEAD), RFC 1143
//! (the Q method, which cannot loop), RFC 2217 (COM-PORT). Everything is stepped byte by byte, so the answer never
//! depends on where the reads fell.

pub mod com_port;

mod code;
mod connection;
mod data;
mod decoder;
mod negotiation;

pub use code::{Command, End, Opt, Verb};
pub use connection::{Connection, Event, Side};
pub use data::DataOf;
