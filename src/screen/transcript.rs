//! The text of the stream in order, control sequences taken out, so that messages can be found in it.

/// Stands in a [`Transcript`] where the cursor was *placed* (CUP, HVP, home) rather than moved on by CR LF.
///
/// A repaint of an old screen places every row, live text ends its lines with CR LF: so an event that SAC prints now
/// can be told from the same event shown again (ReactOS vtutf8chan.c: 24 rows, each begun with `ESC[row;1H`).
pub const ADDRESSED: char = '\u{1e}';

/// How much text is kept, in bytes: more than twenty repaints, and the longest answers of SAC (`t`, `i`).
const KEPT: usize = 64 * 1024;

/// How much of it may still be of interest when something new begins, in bytes: two repaints.
const KEPT_BEHIND: usize = 4 * 1024;

/// A place in the transcript; grows with the stream and stays valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Offset(u64);

/// The printed text in stream order. Cursor-right is turned into blanks (Server 2022 sends it instead of them),
/// cursor addressing into [`ADDRESSED`]; colours, erasing, titles and NUL leave nothing.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    dropped: u64,
    state: State,
    erased: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    /// Parameters so far.
    Csi(String),
    /// A title or another string; ends with BEL or ESC \.
    Osc,
    OscEscape,
}

impl Transcript {
    /// The end of what came so far.
    pub fn now(&self) -> Offset {
        Offset(self.dropped + self.text.len() as u64)
    }

    /// The text since `offset`, or what of it is still kept.
    pub fn since(&self, offset: Offset) -> &str {
        let from = offset.0.saturating_sub(self.dropped) as usize;
        self.text.get(from..).unwrap_or(&self.text)
    }

    /// Whether everything since `offset` is still kept.
    pub fn keeps(&self, offset: Offset) -> bool {
        offset.0 >= self.dropped
    }

    /// Something new begins: nobody will ask for more than the last part of what came before. A thousand sessions keep
    /// what they need, not all that they could.
    pub(super) fn forget(&mut self) {
        if self.text.len() > KEPT_BEHIND {
            self.drop_all_but(KEPT_BEHIND);
            self.text.shrink_to(2 * KEPT_BEHIND);
        }
    }

    /// How often the whole screen was erased.
    pub(super) fn erased(&self) -> u64 {
        self.erased
    }

    pub(super) fn feed(&mut self, character: char) {
        self.state = match std::mem::take(&mut self.state) {
            State::Ground => self.ground(character),
            State::Escape => match character {
                '[' => State::Csi(String::new()),
                ']' | 'P' | '^' | '_' => State::Osc,
                '\x1b' => State::Escape,
                _ => State::Ground,
            },
            State::Csi(parameters) => self.csi(parameters, character),
            State::Osc => match character {
                '\x07' => State::Ground,
                '\x1b' => State::OscEscape,
                _ => State::Osc,
            },
            State::OscEscape => match character {
                '\x1b' => State::OscEscape,
                '[' => State::Csi(String::new()),
                _ => State::Ground,
            },
        };
    }

    fn ground(&mut self, character: char) -> State {
        match character {
            '\x1b' => return State::Escape,
            '\r' | '\n' | '\t' | '\u{8}' => self.push(character),
            c if c.is_control() => {}
            c => self.push(c),
        }
        State::Ground
    }

    fn csi(&mut self, mut parameters: String, character: char) -> State {
        match character {
            '\x1b' => return State::Escape,
            // A sequence that never ends is line noise: after 32 parameter bytes what follows is text again.
            '0'..='?' | ' '..='/' if parameters.len() < 32 => {
                parameters.push(character);
                return State::Csi(parameters);
            }
            'H' | 'f' => self.push(ADDRESSED),
            'C' => {
                let count = parameters.parse::<usize>().unwrap_or(1).clamp(1, 80);
                for _ in 0..count {
                    self.push(' ');
                }
            }
            'J' if parameters == "2" => self.erased += 1,
            _ => {}
        }
        State::Ground
    }

    fn push(&mut self, character: char) {
        self.text.push(character);
        if self.text.len() > 2 * KEPT {
            self.drop_all_but(KEPT);
        }
    }

    fn drop_all_but(&mut self, kept: usize) {
        let mut cut = self.text.len() - kept;
        while !self.text.is_char_boundary(cut) {
            cut += 1;
        }
        self.text.drain(..cut);
        self.dropped += cut as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(text: &str) -> Transcript {
        let mut transcript = Transcript::default();
        text.chars().for_each(|c| transcript.feed(c));
        transcript
    }

    #[test]
    fn sequences_leave_text_blanks_or_a_place() {
        for (stream, text) in [
            ("SAC>cmd\r\n", "SAC>cmd\r\n"),
            ("\x1b[2J\x1b[1;1H\x1b[0m\x1b[22mSAC>", "\u{1e}SAC>"),
            ("OUT:0:ABC\x1b[18;1HC:\\>", "OUT:0:ABC\u{1e}C:\\>"),
            ("a\x1b[3Cb\x1b[Cc", "a   b c"),
            ("\x1b]0;title\x07x\x1b]2;t\x1b\\y", "xy"),
            ("\0Username: \x07", "Username: "),
            ("\x1b[?25lhid\x1b[?25h", "hid"),
        ] {
            assert_eq!(fed(stream).since(Offset::default()), text, "{stream:?}");
        }
    }

    #[test]
    fn erasing_the_screen_is_counted_erasing_a_line_is_not() {
        assert_eq!(fed("\x1b[2J\x1b[K\x1b[J\x1b[2J").erased(), 2);
    }

    #[test]
    fn offsets_stay_valid_when_old_text_is_dropped() {
        let mut transcript = Transcript::default();
        for _ in 0..40_000 {
            "0123456789".chars().for_each(|c| transcript.feed(c));
        }
        let mark = transcript.now();
        "fresh".chars().for_each(|c| transcript.feed(c));
        assert_eq!(transcript.since(mark), "fresh");
        assert!(transcript.since(Offset::default()).len() <= 2 * KEPT);
    }

    #[test]
    fn what_is_forgotten_is_said_to_be() {
        let mut transcript = fed(&"한".repeat(KEPT_BEHIND));
        let (begin, mark) = (Offset::default(), transcript.now());
        assert!(transcript.keeps(begin));
        transcript.forget();
        assert!(!transcript.keeps(begin) && transcript.keeps(mark));
        assert!(transcript.since(begin).len() <= KEPT_BEHIND && transcript.since(begin).ends_with('한'));
        "fresh".chars().for_each(|c| transcript.feed(c));
        transcript.forget();
        assert_eq!(transcript.since(mark), "fresh");
    }
}
