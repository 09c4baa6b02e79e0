//! Login and session of a CMD channel.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;

/// Login and session of a CMD channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionOptions {
    /// How long checking a password takes.
    ///
    /// Source: invented.
    pub authentication: Span,
    /// What follows `Unable to authenticate.`.
    ///
    /// Source: not known; software sends two line ends there, and finds the login or the switch screen.
    pub after_refusal: AfterRefusal,
    /// Whether the screen is cleared when cmd.exe starts.
    ///
    /// Source: not known.
    pub at_login: AtLogin,
    /// Idle time after which the session ends. None: never.
    ///
    /// Source: Microsoft says that there is a timeout, not how long.
    pub timeout: Option<Span>,
    /// What ends at the timeout.
    ///
    /// Source: not known.
    pub at_timeout: AtTimeout,
    /// What sacsess does when its channel is viewed again.
    ///
    /// Source: ReactOS' driver has an event for it; that sacsess uses it is inferred.
    pub on_view: OnView,
    /// What LF does at the login and in cmd.
    ///
    /// Source: not known; CR LF gives an extra empty prompt in places.
    pub line_feed: CmdLineFeed,
    /// What DEL (0x7F) does at the login and in cmd.
    ///
    /// Source: not known.
    pub delete: CmdDelete,
}

/// What follows `Unable to authenticate.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AfterRefusal {
    /// A key brings the login back.
    #[default]
    KeyThenLogin,
    /// The login at once.
    Login,
    /// A key brings the switch screen of the channel; behind it is the login.
    KeyThenSwitchScreen,
    /// A key closes the channel.
    KeyThenClose,
    /// The channel is closed at once.
    Close,
}

/// What happens to the screen when cmd.exe starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AtLogin {
    /// It is cleared.
    #[default]
    Clear,
    /// The dialogue stays above.
    Keep,
}

/// What ends at the timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AtTimeout {
    /// cmd.exe; the login is shown again.
    #[default]
    Login,
    /// cmd.exe; whoever views the channel gets its switch screen, behind which is the login.
    SwitchScreen,
    /// The channel.
    Close,
    /// Nothing: the right password brings the same cmd.exe back, as after `lock`.
    Lock,
}

/// What sacsess does when its channel is viewed again, after the driver's repaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnView {
    /// The difference renderer clears and paints its screen; the stream does nothing.
    #[default]
    Paint,
    /// Nothing.
    Nothing,
}

/// What LF does at the login and in cmd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CmdLineFeed {
    /// It is dropped.
    #[default]
    Dropped,
    /// It is Enter.
    Enter,
}

/// What DEL does at the login and in cmd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CmdDelete {
    /// It is Backspace.
    #[default]
    Backspace,
    /// It is dropped.
    Dropped,
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
