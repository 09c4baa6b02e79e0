//! What a program asked of the power state; the machine picks it up and acts when it is due.

use std::time::Duration;

/// Restart or power off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerAction {
    /// `shutdown /r`.
    Restart,
    /// `shutdown /s`.
    Shutdown,
}

/// A pending shutdown. `shutdown /a` takes it back until it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerRequest {
    /// What is to happen.
    pub action: PowerAction,
    /// Machine time at which it happens.
    pub due: Duration,
    /// Applications are closed without asking (`/f`, implied by a delay).
    pub forced: bool,
    /// The comment given with `/c`.
    pub comment: String,
    /// Who asked, `VM01\azadmin`.
    pub by: String,
}
