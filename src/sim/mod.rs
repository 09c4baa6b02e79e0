//! A Windows machine behind a byte stream.
//!
//! ```text
//!  bytes in ─► uart ring ─► sacdrv (SAC>, channels, switch screens) ─► conhost (80x24) ─► cmd.exe ─► tools
//!  bytes out ◄── wire ◄──── repaint, live output ◄──── renderer (difference | stream) ◄────────┘      │
//!                                                                                    World ◄──────────┘
//! ```
//!
//! Written from the facts about the wire, never from what the driver expects: this module may not name
//! `sac`, `shell`, `expect` or `console`. It has no clock and no I/O of its own: bytes and a machine time go in,
//! bytes come out. Programs inside the machine are coroutines (`async fn` polled by the machine), so that a
//! program can wait for a key, for a while, or for ever.
//!
//! What is invented because nobody here knows it is marked `invented:` in the code.

pub mod audit;
pub mod cmd;
pub mod conhost;
pub mod machine;
pub mod options;
pub mod outside;
pub mod scenario;
pub mod tools;
pub mod windows;

mod behind;
mod boot;
mod boot_menu;
mod chance;
mod connection;
mod keyboard;
mod keys;
mod litter;
mod login;
mod noise;
mod powershell;
mod render;
mod sacdrv;
mod session;
mod stop;
mod terminal;
mod text_buffer;
mod uart;
mod wire;
