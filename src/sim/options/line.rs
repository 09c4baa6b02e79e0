//! The line: what it does to bytes, and when it is cut.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// What the line does to bytes, each direction apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseOptions {
    /// What decides.
    ///
    /// Source: any number.
    pub seed: u64,
    /// On the way to the machine.
    pub to_machine: Faults,
    /// On the way from the machine.
    pub from_machine: Faults,
}

/// Faults of one direction: one in so many bytes, 0 for never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// One in so many bytes is lost. 0: none.
    ///
    /// Source: a fault to switch on.
    pub loss: u32,
    /// How many are lost at once; 0 and 1: one.
    ///
    /// Source: a fault to switch on.
    pub burst: u32,
    /// One in so many bytes has a bit altered. 0: none.
    ///
    /// Source: a fault to switch on.
    pub corruption: u32,
    /// One in so many bytes arrives twice. 0: none.
    ///
    /// Source: a fault to switch on.
    pub duplication: u32,
    /// How long every byte is under way.
    ///
    /// Source: a fault to switch on; a console in another region takes 200 ms and more.
    pub latency: Span,
    /// Up to how much longer, each byte for itself; none overtakes another.
    ///
    /// Source: a fault to switch on.
    pub jitter: Span,
    /// Before one in so many bytes the line stands still. 0: never.
    ///
    /// Source: a fault to switch on.
    pub stall: u32,
    /// For how long it then stands still.
    ///
    /// Source: a fault to switch on.
    pub stall_time: Span,
}

/// When the line is cut. The machine lives on; what is under way is lost, as on a pulled cable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisconnectOptions {
    /// After so many bytes of a connection, both directions counted. 0: never.
    ///
    /// Source: a fault to switch on; Azure ends a console when a second user comes.
    pub after_bytes: u64,
    /// After that long, from the start of a connection. None: never.
    ///
    /// Source: a fault to switch on; an idle limit of 20 minutes is often quoted for Azure.
    pub after: Option<Span>,
    /// How many connections end that way, counted from the first; those after it are good. 0: all.
    ///
    /// Source: a fault to switch on.
    pub times: u32,
}

/// When the driver's timer comes late: the host takes the processor away, or Windows is busy above it. What arrives
/// meanwhile waits in the UART and comes into the ring at once, where nobody checks for an overrun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PollOptions {
    /// The timer stands still once in so long, counted from the driver's start. None: never.
    ///
    /// Source: a fault to switch on; ReactOS' driver lost keys on a machine under load.
    pub late_every: Option<Span>,
    /// For how long it then stands still.
    ///
    /// Source: a fault to switch on.
    pub late_by: Span,
}

impl Default for PollOptions {
    fn default() -> Self {
        Self { late_every: None, late_by: Span::millis(1_000) }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            loss: 0,
            burst: 0,
            corruption: 0,
            duplication: 0,
            latency: Span::millis(0),
            jitter: Span::millis(0),
            stall: 0,
            stall_time: Span::millis(1_000),
        }
    }
}

impl Default for DisconnectOptions {
    fn default() -> Self {
        Self { after_bytes: 0, after: None, times: 1 }
    }
}
