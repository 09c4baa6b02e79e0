//! The codes of what can be wrong with an inventory beyond the format, for `check --explain`.

use crate::script::codes::Code;
use crate::script::model::Severity;

/// The code with this id.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

const fn code(id: &'static str, severity: Severity, title: &'static str, explanation: &'static str) -> Code {
    Code { id, severity, title, explanation }
}

/// `SI001`: a name that could not be told from an endpoint.
pub const BAD_TARGET_NAME: Code = code(
    "SI001",
    Severity::Error,
    "name of a target not allowed",
    "A target is named on the command line where an endpoint may stand, too: letters, digits, `.`, `_` and `-`, beginning with a letter or digit, and no colon.",
);

/// `SI002`: an endpoint that cannot be used.
pub const BAD_ENDPOINT: Code = code(
    "SI002",
    Severity::Error,
    "endpoint that cannot be used",
    "The same text behind `-t` would be refused with the same words. `sacpilot run --help` lists the ways in.",
);

/// `SI003`: a password where only its source belongs.
pub const PASSWORD: Code = code(
    "SI003",
    Severity::Error,
    "password or token in the file",
    "An inventory is copied, mailed and kept under version control, so it names where a password is, never the password: 'env:VARIABLE', 'file:PATH' (its first line) or 'command:COMMAND' (the first line that it prints). The address of a websocket with a token in it comes from such a source, too: 'ws:command:COMMAND'.",
);

/// `SI004`: no account, tag or time that can be used.
pub const BAD_VALUE: Code = code(
    "SI004",
    Severity::Error,
    "value that cannot be used",
    "An empty account, a control character in a name, a tag with a blank, a length of time that is none.",
);

/// `SI005`: two targets at one console.
pub const SAME_CONSOLE: Code = code(
    "SI005",
    Severity::Warning,
    "two targets at one console",
    "Two names for one console are rarely meant: a copied entry whose endpoint was not changed repairs the wrong machine.",
);

/// `SI006`: an account without a password source is no error, but a domain without an account is.
pub const DOMAIN_ALONE: Code = code(
    "SI006",
    Severity::Error,
    "domain without an account, or two domains",
    "A domain belongs to an account: give `user`, too. An account written as DOMAIN\\user has its domain already.",
);

/// Every code, in order.
pub const ALL: &[&Code] =
    &[&BAD_TARGET_NAME, &BAD_ENDPOINT, &PASSWORD, &BAD_VALUE, &SAME_CONSOLE, &DOMAIN_ALONE];
