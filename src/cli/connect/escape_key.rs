//! The key that speaks to sacpilot instead of the machine.

use std::fmt;
use std::str::FromStr;

/// The escape key: a control character, `Ctrl-]` unless told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EscapeKey(u8);

impl Default for EscapeKey {
    fn default() -> Self {
        Self(0x1D)
    }
}

impl FromStr for EscapeKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = text
            .strip_prefix('^')
            .or_else(|| text.strip_prefix("Ctrl-"))
            .or_else(|| text.strip_prefix("ctrl-"));
        match key.map(str::as_bytes) {
            // Enter, Tab, Backspace and ESC are needed by the machine.
            Some([key]) if b"HIJMhijm[".contains(key) => {
                Err(format!("the machine needs Ctrl-{}", char::from(key.to_ascii_uppercase())))
            }
            Some([key @ (b'@'..=b'_' | b'a'..=b'z')]) => Ok(Self(key & 0x1F)),
            _ => Err("write a control key as ^] or Ctrl-A".to_owned()),
        }
    }
}

impl fmt::Display for EscapeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ctrl-{}", char::from(self.0 | 0x40))
    }
}

/// What a key means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Bytes for the machine.
    Send(Vec<u8>),
    /// Leave.
    Quit,
    /// A serial break.
    Break,
    /// The keys there are.
    Help,
    /// Where the recording is.
    Recording,
    /// No such key.
    Unknown(u8),
}

/// The keys after the escape key, for the help.
pub(super) const KEYS: [(&str, &str); 7] = [
    ("q", "quit"),
    ("0", "back to the SAC channel (sends ESC TAB 0; one more key shows it)"),
    ("n", "next channel (sends ESC TAB)"),
    ("e", "send ESC"),
    ("b", "send a serial break"),
    ("r", "show where the recording is"),
    ("?", "show this help"),
];

/// Takes keys apart, also when the escape key and the one after it come in two reads.
#[derive(Debug)]
pub(super) struct Keys {
    escape: EscapeKey,
    escaped: bool,
}

impl Keys {
    /// With this escape key.
    pub(super) fn new(escape: EscapeKey) -> Self {
        Self { escape, escaped: false }
    }

    /// What `bytes` mean, in order.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        for byte in bytes {
            if std::mem::take(&mut self.escaped) {
                actions.push(self.after_escape(*byte));
            } else if *byte == self.escape.0 {
                self.escaped = true;
            } else if let Some(Action::Send(text)) = actions.last_mut() {
                text.push(*byte);
            } else {
                actions.push(Action::Send(vec![*byte]));
            }
        }
        actions
    }

    fn after_escape(&self, byte: u8) -> Action {
        match byte {
            key if key == self.escape.0 => Action::Send(vec![key]),
            b'q' | b'Q' | b'.' => Action::Quit,
            b'0' => Action::Send(b"\x1b\t0".to_vec()),
            b'n' | b'N' => Action::Send(b"\x1b\t".to_vec()),
            b'e' | b'E' => Action::Send(b"\x1b".to_vec()),
            b'b' | b'B' => Action::Break,
            b'r' | b'R' => Action::Recording,
            b'?' | b'h' | b'H' => Action::Help,
            other => Action::Unknown(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_key_is_a_control_key() {
        for (text, shown) in [("^]", "Ctrl-]"), ("Ctrl-a", "Ctrl-A"), ("^T", "Ctrl-T"), ("^^", "Ctrl-^")] {
            assert_eq!(text.parse::<EscapeKey>().unwrap().to_string(), shown);
        }
        assert_eq!(EscapeKey::default().to_string(), "Ctrl-]");
        for text in ["", "a", "^", "^M", "^i", "Ctrl-[", "^ab", "^é", "^1"] {
            assert!(text.parse::<EscapeKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_mean_the_same_however_they_are_cut() {
        let send = |text: &[u8]| Action::Send(text.to_vec());
        let cases: [(&[u8], Vec<Action>); 6] = [
            (b"dir\r", vec![send(b"dir\r")]),
            (b"a\x1dqb", vec![send(b"a"), Action::Quit, send(b"b")]),
            (b"\x1d\x1d\x1d0\x1de", vec![send(b"\x1d"), send(b"\x1b\t0"), send(b"\x1b")]),
            (b"\x1d?\x1db\x1dr", vec![Action::Help, Action::Break, Action::Recording]),
            (b"\x1dz\x1bq", vec![Action::Unknown(b'z'), send(b"\x1bq")]),
            (b"\x03\x00\xff", vec![send(b"\x03\x00\xff")]),
        ];
        for (bytes, expected) in cases {
            for cut in 0..=bytes.len() {
                let mut keys = Keys::new(EscapeKey::default());
                let mut actions = keys.push(&bytes[..cut]);
                actions.extend(keys.push(&bytes[cut..]));
                assert_eq!(joined(actions), joined(expected.clone()), "{bytes:?} cut at {cut}");
            }
        }
    }

    /// Neighbouring bytes for the machine as one.
    fn joined(actions: Vec<Action>) -> Vec<Action> {
        let mut joined: Vec<Action> = Vec::new();
        for action in actions {
            match (joined.last_mut(), action) {
                (Some(Action::Send(text)), Action::Send(more)) => text.extend(more),
                (_, action) => joined.push(action),
            }
        }
        joined
    }

    #[test]
    fn every_key_of_the_help_is_one() {
        for (key, _) in KEYS {
            let action = Keys::new(EscapeKey::default()).push(&[0x1D, key.as_bytes()[0]]);
            assert!(!matches!(action[0], Action::Unknown(_)), "{key}");
        }
    }
}
