//! What can be done with a recording: compare a run that was driven again, tell what the console
//! was doing, write its text, cut a fixture from it, play it for a person, look for
//! what should not be passed on.
//!
//! Everything here reads a recording event by event, in flat memory but for the outputs that a fixture is cut from
//! ([`carried`]), and does no I/O of its own.

pub mod audit;
pub mod carried;
pub mod compare;
pub mod explain;
pub mod fixture;
pub mod keys;
pub mod picture;
pub mod player;
pub mod text;
