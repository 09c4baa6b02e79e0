//! The machine after a stop error: the kernel's own small prompt.

/// What a line at `!SAC>` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopRequest {
    /// Restart at once.
    Restart,
}

/// The prompt, LF before CR.
pub(super) const PROMPT: &str = "\n\r!SAC>";

/// The line that is typed at `!SAC>`.
#[derive(Debug, Default)]
pub(super) struct StopPrompt {
    typed: String,
}

const HELP: &str = "\r\nd        Display all log entries, paging is on.\r\n\
help     Display this list.\r\n\
restart  Restart the system immediately.\r\n\
?        Display this list.\r\n";

impl StopPrompt {
    /// A byte from the port: what is printed, and what is asked for.
    pub(super) fn byte(&mut self, byte: u8, log: &[String]) -> (String, Option<StopRequest>) {
        match byte {
            b'\r' | b'\n' => {
                let line = std::mem::take(&mut self.typed);
                match line.trim().to_ascii_lowercase().as_str() {
                    "" => (PROMPT.to_owned(), None),
                    "?" | "help" => (format!("{HELP}{PROMPT}"), None),
                    // invented: the log is short here, so that its paging never shows.
                    "d" => (format!("\r\n{}{PROMPT}", log.concat()), None),
                    "restart" => ("\r\n".to_owned(), Some(StopRequest::Restart)),
                    _ => (format!("\r\nType ? or Help for a list of commands.\r\n{PROMPT}"), None),
                }
            }
            0x08 | 0x7f => {
                let echo = self.typed.pop().map_or("", |_| "\u{8} \u{8}");
                (echo.to_owned(), None)
            }
            byte if (b' '..0x7f).contains(&byte) => {
                self.typed.push(char::from(byte));
                (char::from(byte).to_string(), None)
            }
            _ => (String::new(), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_stop_prompt() {
        let log = ["one\r\n".to_owned()];
        for (keys, printed, request) in [
            ("\r", PROMPT.to_owned(), None),
            ("d\r", format!("d\r\none\r\n{PROMPT}"), None),
            ("?\r", format!("?{HELP}{PROMPT}"), None),
            ("x\u{8}HELP\r", format!("x\u{8} \u{8}HELP{HELP}{PROMPT}"), None),
            ("id\r", format!("id\r\nType ? or Help for a list of commands.\r\n{PROMPT}"), None),
            ("restart\r", "restart\r\n".to_owned(), Some(StopRequest::Restart)),
        ] {
            let mut prompt = StopPrompt::default();
            let (mut shown, mut asked) = (String::new(), None);
            for byte in keys.bytes() {
                let (text, request) = prompt.byte(byte, &log);
                shown += &text;
                asked = asked.or(request);
            }
            assert_eq!((shown, asked), (printed, request), "{keys:?}");
        }
    }
}
