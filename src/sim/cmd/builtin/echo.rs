//! `echo`.

use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::shell::{Shell, Switch};
use crate::sim::cmd::text;

impl Shell {
    /// `echo text`, `echo.`, `echo on`. ERRORLEVEL stays.
    pub(super) fn echo(&mut self, tail: &str) -> i32 {
        let word = tail.trim_matches(is_delimiter);
        if tail.chars().all(is_delimiter) {
            let state = if self.echo == Switch::On { text::ECHO_ON } else { text::ECHO_OFF };
            self.say(&state, &[]);
        } else if word.eq_ignore_ascii_case("on") {
            self.echo = Switch::On;
        } else if word.eq_ignore_ascii_case("off") {
            self.echo = Switch::Off;
        } else {
            // Whatever stands between the name and the text is one character: a blank, a dot, a parenthesis.
            let mut chars = tail.chars();
            chars.next();
            self.print(&format!("{}\r\n", chars.as_str().replace('\n', "\r\n")));
        }
        0
    }
}
