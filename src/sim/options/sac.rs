//! The SAC driver and its `cmd` command.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AtEnd, Span};

/// The SAC driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SacOptions {
    /// Machine-info XML at driver start.
    ///
    /// Source: ReactOS; Propolis' authors saw it on Server 2022.
    pub xml: bool,
    /// `<channel-switch>` XML at every channel switch.
    ///
    /// Source: Avocent's manuals for Server 2003; whether today's Windows sends it is not known.
    pub channel_switch_xml: bool,
    /// Windows is being set up: the machine has no name yet, and three raw channels hold setup's logs.
    ///
    /// Source: names and identifiers: Avocent's manuals; the machine's name: ReactOS; the lines in the logs are invented.
    pub setup: bool,
    /// Paging at start.
    ///
    /// Source: ReactOS.
    pub paging: bool,
    /// Thread information at start.
    ///
    /// Source: ReactOS.
    pub threads: bool,
    /// How long commands that ask Windows for something take (`t`, `i`, `id`, `s`, `k`, `l`, `r`, `m`): SAC reads no
    /// key meanwhile, what is typed piles up in its ring.
    ///
    /// Source: that its one thread reads no key meanwhile: ReactOS; the time is invented.
    pub work: Span,
    /// What LF right after CR does at `SAC>`.
    ///
    /// Source: the default: bytes of ReactOS' driver; the other is what its source means to do.
    pub line_feed: SacLineFeed,
    /// What precedes the text of a switch screen.
    ///
    /// Source: not known; ReactOS has a stub here.
    pub switch_screen: SwitchLead,
    /// What follows the last line of a switch screen.
    ///
    /// Source: the default: message 111 of ReactOS; the bytes on a real machine are not known.
    pub switch_end: SwitchEnd,
    /// What a digit other than 0 does right after ESC TAB.
    ///
    /// Source: the default: ReactOS; the other: AWS' pages.
    pub escape_tab_digit: EscapeTabDigit,
    /// What somebody who views a CMD channel sees when it ends (`exit`).
    ///
    /// Source: the default: ReactOS and authors of software; Microsoft's "exit, then Enter twice" fits both.
    pub at_end: AtEnd,
    /// How a repaint sets its colours.
    ///
    /// Source: the default: bytes of ReactOS' driver; the other: AWS' system log.
    pub repaint: RepaintColours,
    /// What a repaint sends for rows that came in by scrolling.
    ///
    /// Source: the default: bytes of ReactOS' driver; the other is what a driver without that slip would send.
    pub scrolled_rows: ScrolledRows,
    /// How the screen model takes CR and LF.
    ///
    /// Source: the other value is what ReactOS' source reads like; the two always come as a pair.
    pub line_ends: ModelLineEnds,
    /// What a key other than Enter does at `----Press <Enter> for more----`.
    ///
    /// Source: not known.
    pub pager_key: PagerKey,
    /// Prompt and event order of a successful `cmd`.
    ///
    /// Source: public transcripts show both.
    pub channel_event: ChannelEvent,
}

/// What LF right after CR does at `SAC>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SacLineFeed {
    /// It ends a second, empty line, as ReactOS' driver has it (which drops LF after LF).
    #[default]
    SecondLine,
    /// It is dropped.
    Dropped,
}

/// What precedes the text of a switch screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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

/// What follows the last line of a switch screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchEnd {
    /// An empty line.
    #[default]
    EmptyLine,
    /// Its line end alone.
    LineEnd,
    /// An empty line and the attributes, as at the end of a repaint.
    Attributes,
}

/// What a digit other than 0 does right after ESC TAB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EscapeTabDigit {
    /// It is any key: the channel is viewed (ReactOS).
    #[default]
    AnyKey,
    /// It selects the channel with that index and shows its switch screen (AWS' pages).
    Selects,
}

/// How a repaint sets its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RepaintColours {
    /// Flags, then background and foreground, each in a sequence of its own.
    #[default]
    Apart,
    /// Both colours in one sequence, foreground first: `ESC[37;40m`; flags only where they are on.
    Together,
}

/// What a repaint sends for rows that came in by scrolling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScrolledRows {
    /// Their colours and no character: rows arrive short, empty ones as bare positions.
    #[default]
    Nothing,
    /// Blanks, as in every other row.
    Blanks,
}

/// How the screen model takes CR and LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelLineEnds {
    /// CR: first column; LF: next row.
    #[default]
    Usual,
    /// The other way round, as ReactOS' source reads.
    Swapped,
}

/// What a key other than Enter does at the SAC pager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelEvent {
    /// The prompt, then the event and a prompt.
    #[default]
    AfterPrompt,
    /// The event and a prompt, then the prompt of the command.
    BeforePrompt,
}

/// The `cmd` command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CmdOptions {
    /// What comes of it.
    ///
    /// Source: messages 120, 121, 128 with 48, 148 of ReactOS; 128 with 48 in a public transcript.
    pub outcome: CmdOutcome,
    /// How many times, counted from the boot, after which it works. 0: for ever.
    ///
    /// Source: a fault to switch on.
    pub times: u32,
    /// How long it takes.
    ///
    /// Source: invented.
    pub launch: Span,
    /// The number in the name of the first channel of a boot.
    ///
    /// Source: a public transcript has `Cmd0006` as the first of a visit.
    pub first_number: u32,
}

/// What comes of `cmd` once the service has registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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

/// Channels that other people opened before and left.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OtherOptions {
    /// How many, at most 9. Only with `start=running`.
    ///
    /// Source: at most 9 channels beside SAC: ReactOS.
    pub channels: u8,
    /// What is behind them.
    ///
    /// Source: an open prompt: Microsoft's document; a closed channel with unread output: ReactOS.
    pub state: OtherState,
    /// Their sessions end that long after time zero, one a second: events fall into whatever is typed. None: never.
    ///
    /// Source: message 110 of ReactOS; when it comes is a fault to switch on.
    pub leave: Option<Span>,
}

/// What is behind a channel that somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OtherState {
    /// The login.
    #[default]
    Login,
    /// A name half typed at the login.
    HalfTyped,
    /// An open prompt of an administrator: a disconnect does not end a session.
    Prompt,
    /// Nothing any more, and output that nobody has seen.
    Closed,
}

impl Default for SacOptions {
    fn default() -> Self {
        Self {
            xml: true,
            channel_switch_xml: false,
            setup: false,
            paging: true,
            threads: true,
            work: Span::millis(0),
            line_feed: SacLineFeed::default(),
            switch_screen: SwitchLead::default(),
            switch_end: SwitchEnd::default(),
            escape_tab_digit: EscapeTabDigit::default(),
            at_end: AtEnd::SwitchScreen,
            repaint: RepaintColours::default(),
            scrolled_rows: ScrolledRows::default(),
            line_ends: ModelLineEnds::default(),
            pager_key: PagerKey::default(),
            channel_event: ChannelEvent::default(),
        }
    }
}

impl Default for CmdOptions {
    fn default() -> Self {
        Self { outcome: CmdOutcome::default(), times: 0, launch: Span::millis(300), first_number: 1 }
    }
}
