//! Text that never shows itself.
//!
//! A [`Secret`] is a password or a token. It prints as `***`, is wiped from memory when dropped, and gives its
//! text only to those who ask for it by name ([`Secret::expose`]). Whoever writes bytes to a file or a terminal
//! masks them first, since a console echoes what it likes.

mod source;

use std::fmt;

pub use source::{SecretSource, SourceError, shell};

use zeroize::Zeroizing;

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A text that is not shown. Never empty: an empty secret would be found, and masked, between any two bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// A secret was empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret is empty")]
pub struct EmptySecret;

impl Secret {
    /// Takes `text` as a secret.
    ///
    /// # Errors
    /// [`EmptySecret`]
    pub fn new(text: impl Into<String>) -> Result<Self, EmptySecret> {
        let text = Zeroizing::new(text.into());
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text)) }
    }

    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_however_it_is_printed() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "only printed")]
        struct Login {
            password: Secret,
        }
        let secret = Secret::new("Pa55 word").unwrap();
        assert_eq!(format!("{secret} {secret:?} {secret:#?} {secret:>9}"), "*** *** *** ***");
        assert_eq!(format!("{:?}", Login { password: secret.clone() }), "Login { password: *** }");
        assert_eq!(secret.expose(), "Pa55 word");
    }

    #[test]
    fn is_never_empty() {
        assert_eq!(Secret::new(""), Err(EmptySecret));
        assert!(Secret::new(" ").is_ok());
    }
}
