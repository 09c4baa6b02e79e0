//! What can be chosen about a machine beside its Windows: line, timing, and everything the facts leave open.
//!
//! All of it deserializes with defaults, so that a scenario file names only what it wants otherwise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod boot;
mod console;
mod line;
mod listing;
mod sac;
mod session;
mod span;

pub use boot::{AtEnd, BootOptions, StopOptions};
pub use console::{EqualNeighbours, KeyboardOptions, RenderMode, RenderOptions, Wrap};
pub use line::{DisconnectOptions, Faults, NoiseOptions, PollOptions};
pub use listing::{Choice, OptionInfo, Values, listing};
pub use sac::{
    ChannelEvent, CmdOptions, CmdOutcome, EscapeTabDigit, ModelLineEnds, OtherOptions, OtherState, PagerKey,
    RepaintColours, SacLineFeed, SacOptions, ScrolledRows, SwitchEnd, SwitchLead,
};
pub use session::{AfterRefusal, AtLogin, AtTimeout, CmdDelete, CmdLineFeed, OnView, SessionOptions};
pub use span::Span;

/// Everything that can be chosen about a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MachineOptions {
    /// What the serial port is used for.
    ///
    /// Source: public transcripts (health report), Microsoft and azserialconsole#59 (kernel debugger).
    pub port: Port,
    /// What the machine does at time zero.
    ///
    /// Source: both are found.
    pub start: Start,
    /// What somebody did at the console before time zero, in order. Only with `start=running`.
    ///
    /// Source: a state to be found in.
    pub before: Vec<Before>,
    /// The UART's receiver.
    ///
    /// Source: a 16550 holds 16 bytes; the driver polls every 4 ms: ReactOS.
    pub receiver: Receiver,
    /// Speed of the line in bits a second (10 bits a byte), both directions; the driver waits for it. None: no time at
    /// all.
    ///
    /// Source: 115200 is usual.
    pub baud: Option<u32>,
    /// Bytes that are free on drive C:. None: plenty.
    ///
    /// Source: a state to be found in.
    pub disk_free: Option<u64>,
    /// Boot and shutdown.
    pub boot: BootOptions,
    /// The SAC driver.
    pub sac: SacOptions,
    /// The `cmd` command.
    pub cmd: CmdOptions,
    /// Channels that other people opened before and left.
    pub others: OtherOptions,
    /// Login and session of a CMD channel.
    pub session: SessionOptions,
    /// How a CMD channel puts its console on the wire.
    pub render: RenderOptions,
    /// Stop errors.
    pub stop: StopOptions,
    /// What the console gets of the keys.
    pub keyboard: KeyboardOptions,
    /// When the driver's timer comes late.
    pub polls: PollOptions,
    /// What the line does to bytes.
    pub noise: NoiseOptions,
    /// When the line is cut.
    pub disconnect: DisconnectOptions,
}

/// What the serial port is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// EMS is on: SAC.
    #[default]
    Sac,
    /// EMS is off: Azure's agent prints its health report; input is ignored.
    HealthReport,
    /// The kernel debugger owns the input: SAC prints, nothing can be typed.
    Deaf,
    /// Nothing is ever printed, nothing is read.
    Silent,
}

/// What the machine does at time zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// It is switched on.
    #[default]
    PowerOn,
    /// It has been up for a while; what it printed went to nobody.
    Running,
}

/// One thing somebody did before time zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Before {
    /// Bytes typed, as text.
    Type(String),
    /// Time that passed.
    Wait(Span),
}

/// How bytes that arrive between two polls are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    /// The host refills the UART of a VM: nothing is lost before the driver's ring.
    #[default]
    Virtual,
    /// A real 16550: of the bytes between two polls all but the first 16 are lost.
    Fifo16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_default() {
        assert_eq!(serde_saphyr::from_str::<MachineOptions>("{}").unwrap(), MachineOptions::default());
    }

    #[test]
    fn what_a_scenario_names_is_taken_and_the_rest_kept() {
        let text = "
port: health-report
start: running
before:
  - type: 'cmd'
  - wait: 1m 30s
boot:
  cmd_available: 250ms
cmd: {first_number: 6, outcome: times-out}
";
        let options: MachineOptions = serde_saphyr::from_str(text).unwrap();
        assert_eq!(options.port, Port::HealthReport);
        assert_eq!(options.before, [Before::Type("cmd".to_owned()), Before::Wait(Span::millis(90_000))]);
        assert_eq!(options.boot.cmd_available, Some(Span::millis(250)));
        assert_eq!(options.boot.kernel, BootOptions::default().kernel);
        assert_eq!((options.cmd.first_number, options.cmd.outcome), (6, CmdOutcome::TimesOut));
    }

    #[test]
    fn unknown_names_and_wrong_spans_are_errors() {
        for wrong in
            ["baut: 9600", "boot: {kernel: 3}", "boot: {kernel: -3s}", "sac: {prompt: x}", "port: com1"]
        {
            assert!(serde_saphyr::from_str::<MachineOptions>(wrong).is_err(), "{wrong}");
        }
    }
}
