//! Colours, or none. Everything reads the same without them.

/// Paints text for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// With colours.
    Colours,
    /// As it is.
    Plain,
}

impl Paint {
    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// What is right.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// What may cause trouble.
    pub fn warning(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// What is wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    /// What was changed.
    pub fn change(self, text: &str) -> String {
        self.wrap("1;36", text)
    }

    /// What matters less.
    pub fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        match self {
            Self::Colours if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Colours | Self::Plain => text.to_owned(),
        }
    }
}
