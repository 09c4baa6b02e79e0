//! What can be chosen about a machine beside its Windows: line, timing, and everything the facts leave open.
//!
//! All of it deserializes with defaults, so that a scenario file names only what it wants otherwise.

use std::time::Duration;

use serde::{Deserialize, Serialize};

mod span;

pub use span::Span;

/// Everything that can be chosen about a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MachineOptions {
    /// What the serial port is used for.
    pub port: Port,
    /// What the machine does at time zero.
    pub start: Start,
    /// What somebody did at the console before time zero, in order. Only with `start: running`.
    pub before: Vec<Before>,
    /// The UART's receiver.
    pub receiver: Receiver,
    /// Speed of the port in bits a second (10 bits a byte), which the driver waits for. None: no time at all.
    pub baud: Option<u32>,
    /// Boot and shutdown.
    pub boot: BootOptions,
    /// The SAC driver.
    pub sac: SacOptions,
    /// The `cmd` command.
    pub cmd: CmdOptions,
    /// Login and session of a CMD channel.
    pub session: SessionOptions,
    /// How a CMD channel puts its console on the wire.
    pub render: RenderOptions,
    /// Stop errors.
    pub stop: StopOptions,
    /// What the console gets of the keys.
    pub keyboard: KeyboardOptions,
    /// What the line does to bytes.
    pub noise: NoiseOptions,
}

/// What the serial port is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// It is switched on.
    #[default]
    PowerOn,
    /// It has been up for a while; what it printed went to nobody.
    Running,
}

/// One thing somebody did before time zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Before {
    /// Bytes typed, as text.
    Type(String),
    /// Time that passed.
    Wait(Span),
}

/// How bytes that arrive between two polls are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    /// The host refills the UART of a VM: nothing is lost before the driver's ring.
    #[default]
    Virtual,
    /// A real 16550: of the bytes between two polls all but the first 16 are lost.
    Fifo16,
}

/// Boot and shutdown, by machine time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BootOptions {
    /// From power on until the boot manager starts.
    pub firmware: Span,
    /// From there until the kernel turns the terminal on and SAC starts.
    pub kernel: Span,
    /// From there until `EVENT: The CMD command is now available.`. None: the service never registers.
    pub cmd_available: Option<Span>,
    /// From the order to shut down until the machine is off or resets.
    pub shutdown: Span,
    /// What the CMD channel's viewer sees when its session ends at shutdown.
    pub at_shutdown: AtShutdown,
}

/// What is shown when the viewed CMD channel ends because Windows shuts down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtShutdown {
    /// The SAC screen, repainted with its old banner.
    #[default]
    Repaint,
    /// The switch screen of SAC, as at `exit`.
    SwitchScreen,
}

/// The SAC driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SacOptions {
    /// Machine-info XML at driver start.
    pub xml: bool,
    /// `<channel-switch>` XML at every channel switch.
    pub channel_switch_xml: bool,
    /// Paging at start.
    pub paging: bool,
    /// Thread information at start.
    pub threads: bool,
    /// What LF right after CR does at `SAC>`.
    pub line_feed: SacLineFeed,
    /// What precedes the text of a switch screen.
    pub switch_screen: SwitchLead,
    /// What a digit other than 0 does right after ESC TAB.
    pub escape_tab_digit: EscapeTabDigit,
    /// How the screen model takes CR and LF.
    pub line_ends: ModelLineEnds,
    /// What a key other than Enter does at `----Press <Enter> for more----`.
    pub pager_key: PagerKey,
    /// Prompt and event order of a successful `cmd`.
    pub channel_event: ChannelEvent,
}

/// What LF right after CR does at `SAC>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SacLineFeed {
    /// It ends a second, empty line, as ReactOS' driver has it (which drops LF after LF).
    #[default]
    SecondLine,
    /// It is dropped.
    Dropped,
}

/// What precedes the text of a switch screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchLead {
    /// `ESC[2J` `ESC[1;1H`.
    #[default]
    Clear,
    /// `ESC[2J` `ESC[1;1H` and the colours, as in a repaint.
    ClearAndColours,
    /// CR LF.
    NewLine,
    /// Nothing.
    Nothing,
}

/// What a digit other than 0 does right after ESC TAB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EscapeTabDigit {
    /// It is any key: the channel is viewed (ReactOS).
    #[default]
    AnyKey,
    /// It selects the channel with that index and shows its switch screen (AWS' pages).
    Selects,
}

/// How the screen model takes CR and LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelLineEnds {
    /// CR: first column; LF: next row.
    #[default]
    Usual,
    /// The other way round, as ReactOS' source reads.
    Swapped,
}

/// What a key other than Enter does at the SAC pager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PagerKey {
    /// Ctrl-C ends the list; others are ignored.
    #[default]
    ControlCEnds,
    /// Any other key ends the list.
    AnyEnds,
    /// All others are ignored.
    Ignored,
}

/// Prompt and event order of a successful `cmd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelEvent {
    /// The prompt, then the event and a prompt.
    #[default]
    AfterPrompt,
    /// The event and a prompt, then the prompt of the command.
    BeforePrompt,
}

/// The `cmd` command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CmdOptions {
    /// What comes of it.
    pub outcome: CmdOutcome,
    /// How long it takes.
    pub launch: Span,
    /// The number in the name of the first channel of a boot.
    pub first_number: u32,
}

/// What comes of `cmd` once the service has registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CmdOutcome {
    /// A channel.
    #[default]
    Works,
    /// Message 120.
    TimesOut,
    /// Messages 128 and 48, with STATUS_UNSUCCESSFUL.
    Fails,
    /// Message 148.
    Disabled,
}

/// Login and session of a CMD channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionOptions {
    /// How long checking a password takes.
    pub authentication: Span,
    /// What follows `Unable to authenticate.`.
    pub after_refusal: AfterRefusal,
    /// Whether the screen is cleared when cmd.exe starts.
    pub at_login: AtLogin,
    /// Idle time after which the session ends. None: never.
    pub timeout: Option<Span>,
    /// What ends at the timeout.
    pub at_timeout: AtTimeout,
    /// What sacsess does when its channel is viewed again.
    pub on_view: OnView,
    /// What LF does at the login and in cmd.
    pub line_feed: CmdLineFeed,
    /// What DEL (0x7F) does at the login and in cmd.
    pub delete: CmdDelete,
}

/// What follows `Unable to authenticate.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterRefusal {
    /// A key brings the login back.
    #[default]
    KeyThenLogin,
    /// The login at once.
    Login,
    /// A key closes the channel.
    KeyThenClose,
    /// The channel is closed at once.
    Close,
}

/// What happens to the screen when cmd.exe starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtLogin {
    /// It is cleared.
    #[default]
    Clear,
    /// The dialogue stays above.
    Keep,
}

/// What ends at the timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtTimeout {
    /// cmd.exe; the login is shown again.
    #[default]
    Login,
    /// The channel.
    Close,
    /// Nothing: the right password brings the same cmd.exe back, as after `lock`.
    Lock,
}

/// What sacsess does when its channel is viewed again, after the driver's repaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnView {
    /// The difference renderer clears and paints its screen; the stream does nothing.
    #[default]
    Paint,
    /// Nothing.
    Nothing,
}

/// What LF does at the login and in cmd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CmdLineFeed {
    /// It is dropped.
    #[default]
    Dropped,
    /// It is Enter.
    Enter,
}

/// What DEL does at the login and in cmd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CmdDelete {
    /// It is Backspace.
    #[default]
    Backspace,
    /// It is dropped.
    Dropped,
}

/// How a CMD channel puts its console on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RenderOptions {
    /// By difference or as a stream.
    pub mode: RenderMode,
    /// How often the difference renderer looks at the console.
    pub poll: Span,
    /// Unchanged cells between two changes that are sent again rather than jumped over.
    pub bridge: u16,
    /// How long the console takes for one line of text; output is never faster.
    pub line_time: Span,
    /// In the stream: blanks in a row that become a cursor move. 0: never. None: as the version does.
    pub cursor_right: Option<u16>,
    /// In the stream: what is sent where the console wraps.
    pub wrap: Wrap,
    /// OSC sequences for window titles. None: as the version does.
    pub titles: Option<bool>,
    /// `ESC[?25l` and `ESC[?25h` around everything that is sent.
    pub hide_cursor: bool,
    /// A NUL before one in so many characters. 0: none.
    pub nuls: u32,
}

/// By difference or as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenderMode {
    /// As the version does: 2016 and 2019 by difference, 2022 as a stream.
    #[default]
    Version,
    /// Only cells that differ from an inner 80x24 screen.
    Difference,
    /// What programs write, nearly as it is.
    Stream,
}

/// What the stream sends where the console wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrap {
    /// CR LF.
    #[default]
    NewLine,
    /// Nothing: the terminal wraps by itself.
    Bare,
}

/// Stop errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StopOptions {
    /// Machine time after each SAC start at which the machine crashes by itself; only the first boot.
    pub at: Option<Span>,
    /// The stop code of such a crash.
    pub code: u32,
    /// From the stop until the machine restarts by itself. None: it stays at `!SAC>`.
    pub restart: Option<Span>,
    /// `<BP>` XML before the prompt.
    pub xml: bool,
}

/// What the console gets of the keys that were sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyboardOptions {
    /// What becomes of a key that follows an equal one quickly (2016 and 2019 do such things).
    pub equal_neighbours: EqualNeighbours,
    /// How quickly.
    pub equal_within: Span,
    /// How often: one in so many.
    pub equal_one_in: u32,
    /// Keys that are lost after a shell has started.
    pub eaten: u32,
    /// For how long after its start.
    pub eaten_within: Span,
    /// What decides.
    pub seed: u64,
}

/// What becomes of a key that follows an equal one quickly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EqualNeighbours {
    /// It arrives.
    #[default]
    Kept,
    /// It is lost.
    Dropped,
    /// It arrives twice: `boot` becomes `booot`.
    Doubled,
    /// It arrives three times.
    Tripled,
}

/// What the line does to bytes, each direction apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseOptions {
    /// What decides.
    pub seed: u64,
    /// On the way to the machine.
    pub to_machine: Faults,
    /// On the way from the machine.
    pub from_machine: Faults,
}

/// Faults of one direction: one in so many bytes, 0 for never.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Lost.
    pub loss: u32,
    /// How many are lost at once; 0 and 1: one.
    pub burst: u32,
    /// One bit of it altered.
    pub corruption: u32,
    /// Sent twice.
    pub duplication: u32,
}

impl Default for BootOptions {
    fn default() -> Self {
        Self {
            firmware: Span::millis(5_000),
            kernel: Span::millis(9_000),
            cmd_available: Some(Span::millis(21_000)),
            shutdown: Span::millis(6_000),
            at_shutdown: AtShutdown::default(),
        }
    }
}

impl Default for SacOptions {
    fn default() -> Self {
        Self {
            xml: true,
            channel_switch_xml: false,
            paging: true,
            threads: true,
            line_feed: SacLineFeed::default(),
            switch_screen: SwitchLead::default(),
            escape_tab_digit: EscapeTabDigit::default(),
            line_ends: ModelLineEnds::default(),
            pager_key: PagerKey::default(),
            channel_event: ChannelEvent::default(),
        }
    }
}

impl Default for CmdOptions {
    fn default() -> Self {
        Self { outcome: CmdOutcome::default(), launch: Span::millis(300), first_number: 1 }
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            authentication: Span::millis(400),
            after_refusal: AfterRefusal::default(),
            at_login: AtLogin::default(),
            timeout: None,
            at_timeout: AtTimeout::default(),
            on_view: OnView::default(),
            line_feed: CmdLineFeed::default(),
            delete: CmdDelete::default(),
        }
    }
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            mode: RenderMode::default(),
            poll: Span::millis(30),
            bridge: 4,
            line_time: Span(Duration::from_micros(100)),
            cursor_right: None,
            wrap: Wrap::default(),
            titles: None,
            hide_cursor: false,
            nuls: 0,
        }
    }
}

impl Default for KeyboardOptions {
    fn default() -> Self {
        Self {
            equal_neighbours: EqualNeighbours::default(),
            equal_within: Span::millis(1_000),
            equal_one_in: 1,
            eaten: 0,
            eaten_within: Span::millis(4_000),
            seed: 0,
        }
    }
}

impl Default for StopOptions {
    fn default() -> Self {
        Self { at: None, code: 0xA, restart: Some(Span::millis(15_000)), xml: true }
    }
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
