//! `sacpilot azure`: what Azure can do to a machine beside its console.

pub mod account;
pub mod offer;
