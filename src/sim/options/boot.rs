//! Boot, shutdown and stop errors.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// Boot and shutdown, by machine time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BootOptions {
    /// From power on until the boot manager starts.
    ///
    /// Source: invented; firmware differs.
    pub firmware: Span,
    /// How long the boot manager shows its menu on the port (`bootems` on). Enter boots at once; any other key stops
    /// the countdown, and the machine waits for Enter. None: no menu.
    ///
    /// Source: that there is a menu: Microsoft and AWS; its bytes are invented, no capture is known.
    pub menu: Option<Span>,
    /// From there until the kernel turns the terminal on and SAC starts.
    ///
    /// Source: invented.
    pub kernel: Span,
    /// From there until `EVENT: The CMD command is now available.`. None: the service never registers.
    ///
    /// Source: the event: public transcripts; the time is invented.
    pub cmd_available: Option<Span>,
    /// From there until the service goes away and `EVENT: The CMD command is unavailable.` says so. None: it stays.
    ///
    /// Source: message 133 of ReactOS; when it comes is a fault to switch on.
    pub cmd_unavailable: Option<Span>,
    /// From the order to shut down until the machine is off or resets.
    ///
    /// Source: invented.
    pub shutdown: Span,
    /// What the CMD channel's viewer sees when its session ends at shutdown.
    ///
    /// Source: the repaint: Propolis 9ad73681; the other is what ReactOS' channel close does.
    pub at_shutdown: AtEnd,
}

/// What somebody who views a CMD channel sees when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AtEnd {
    /// The SAC screen, repainted with its old banner.
    Repaint,
    /// The switch screen of SAC; a key shows the SAC screen.
    SwitchScreen,
}

/// Stop errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StopOptions {
    /// Machine time after the first SAC start at which the machine crashes by itself. None: never.
    ///
    /// Source: a fault to switch on.
    pub at: Option<Span>,
    /// The machine crashes at that line entered in CMD channels, the first is 1, while the line runs; only once.
    /// None: never.
    ///
    /// Source: a fault to switch on.
    pub at_line: Option<NonZeroU32>,
    /// The stop code of such a crash.
    ///
    /// Source: any; 0xA is IRQL_NOT_LESS_OR_EQUAL.
    pub code: u32,
    /// From the stop until the machine restarts by itself. None: it stays at `!SAC>`.
    ///
    /// Source: that `!SAC>` is there only while the dump is written is inferred; the time is invented.
    pub restart: Option<Span>,
    /// `<BP>` XML before the prompt.
    ///
    /// Source: Avocent's manuals for Server 2003; not known of later ones.
    pub xml: bool,
}

impl Default for BootOptions {
    fn default() -> Self {
        Self {
            firmware: Span::millis(5_000),
            menu: None,
            kernel: Span::millis(9_000),
            cmd_available: Some(Span::millis(21_000)),
            cmd_unavailable: None,
            shutdown: Span::millis(6_000),
            at_shutdown: AtEnd::Repaint,
        }
    }
}

impl Default for StopOptions {
    fn default() -> Self {
        Self { at: None, at_line: None, code: 0xA, restart: Some(Span::millis(15_000)), xml: true }
    }
}
