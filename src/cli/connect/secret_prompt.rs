//! Keeps what a person types at a password prompt out of the recording.

use crate::encoding::Utf8Stream;
use crate::screen::Screen;
use crate::secret::MASK;

/// Watches what the console shows, and tells typed passwords from other keys: those that are typed while the line of the
/// cursor ends in a password prompt.
pub(super) struct SecretPrompt {
    decoder: Utf8Stream,
    screen: Screen,
    masked: bool,
}

/// How password prompts read, in lower case: Windows' languages, and what ssh and sudo ask.
const PROMPTS: [&str; 12] = [
    "password",
    "passwort",
    "kennwort",
    "passphrase",
    "mot de passe",
    "contraseña",
    "senha",
    "пароль",
    "암호",
    "パスワード",
    "密码",
    "密碼",
];

impl SecretPrompt {
    /// Nothing was shown yet.
    pub(super) fn new() -> Self {
        Self { decoder: Utf8Stream::new(), screen: Screen::new(), masked: false }
    }

    /// The console sent `bytes`.
    pub(super) fn shown(&mut self, bytes: &[u8]) {
        let mut text = String::new();
        self.decoder.push(bytes, &mut text);
        text.chars().for_each(|character| self.screen.feed(character));
    }

    /// What of typed `bytes` may be recorded: at a password prompt `***` once, and the Enter.
    pub(super) fn typed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut recorded = Vec::with_capacity(bytes.len());
        for byte in bytes {
            let enter = matches!(byte, b'\r' | b'\n');
            if enter || !(self.masked || self.asked()) {
                self.masked = false;
                recorded.push(*byte);
            } else if !self.masked {
                self.masked = true;
                recorded.extend_from_slice(MASK.as_bytes());
            }
        }
        recorded
    }

    fn asked(&self) -> bool {
        let line = self.screen.before_cursor();
        let Some(prompt) = line.trim_end().strip_suffix([':', '：']) else { return false };
        let prompt = prompt.trim_end().to_lowercase();
        PROMPTS.iter().any(|known| prompt.contains(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(shown: &str, typed: &[&str]) -> String {
        let mut prompt = SecretPrompt::new();
        prompt.shown(shown.as_bytes());
        let bytes: Vec<u8> = typed.iter().flat_map(|keys| prompt.typed(keys.as_bytes())).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn passwords_are_not_recorded_and_the_rest_is() {
        let cases: [(&str, &[&str], &str); 8] = [
            ("C:\\>", &["dir\r"], "dir\r"),
            ("Password: ", &["se", "cret", "\r"], "***\r"),
            ("Username: Bob\r\nPassword:", &["secret\r"], "***\r"),
            ("\x1b[2J\x1b[5;1HPassword:\x1b[5;11H", &["secret\r"], "***\r"),
            ("암호: ", &["secret\r"], "***\r"),
            ("Password: \r\nC:\\>", &["dir\r"], "dir\r"),
            ("C:\\password>", &["dir\r"], "dir\r"),
            ("user@host's password: ", &["x\r"], "***\r"),
        ];
        for (shown, typed, expected) in cases {
            assert_eq!(recorded(shown, typed), expected, "{shown:?}");
        }
    }

    #[test]
    fn stars_that_the_prompt_echoes_do_not_end_it() {
        let mut prompt = SecretPrompt::new();
        prompt.shown(b"Password: ");
        let mut keys = prompt.typed(b"s");
        prompt.shown(b"*");
        keys.extend(prompt.typed(b"ecret\r"));
        assert_eq!(keys, b"***\r");
        prompt.shown(b"\r\nC:\\>");
        assert_eq!(prompt.typed(b"cls\r"), b"cls\r");
    }
}
