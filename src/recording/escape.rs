//! Which bytes of a terminal stream are text, and which steer the terminal (ECMA-48).

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Shown.
    Text,
    /// Inside a control string (a window title); not shown on the screen, but readable.
    Payload,
    /// A control character or part of a control sequence.
    Control,
}

/// What ends or begins with a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Nothing.
    Inside,
    /// A control sequence (`ESC [ … letter`) ended.
    Sequence,
    /// A control string began or ended.
    Payload,
}

/// Follows a terminal stream byte by byte.
#[derive(Debug, Clone, Default)]
pub(super) struct Scanner(State);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    Sequence,
    Payload,
    PayloadEscape,
}

const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1A;
const ESC: u8 = 0x1B;

impl Scanner {
    /// Takes the next byte.
    #[expect(clippy::match_same_arms, reason = "the arms are rows of a table, first match wins")]
    pub(super) fn step(&mut self, byte: u8) -> (Class, Edge) {
        let (next, class, edge) = match (self.0, byte) {
            (State::Payload, BEL | CAN | SUB) => (State::Ground, Class::Control, Edge::Payload),
            (State::Payload, ESC) => (State::PayloadEscape, Class::Control, Edge::Inside),
            (State::Payload, byte) if is_control(byte) => (State::Payload, Class::Control, Edge::Inside),
            (State::Payload, _) => (State::Payload, Class::Payload, Edge::Inside),
            (State::PayloadEscape, b'\\') => (State::Ground, Class::Control, Edge::Payload),
            (_, ESC) => (State::Escape, Class::Control, Edge::Inside),
            (_, CAN | SUB) => (State::Ground, Class::Control, Edge::Inside),
            (State::Ground, byte) if is_control(byte) => (State::Ground, Class::Control, Edge::Inside),
            (State::Ground, _) => (State::Ground, Class::Text, Edge::Inside),
            (State::Escape | State::PayloadEscape, b'[') => (State::Sequence, Class::Control, Edge::Inside),
            (State::Escape | State::PayloadEscape, b']' | b'P' | b'X' | b'^' | b'_') => {
                (State::Payload, Class::Control, Edge::Payload)
            }
            (State::Escape | State::PayloadEscape, 0x00..=0x2F | 0x7F) => {
                (State::Escape, Class::Control, Edge::Inside)
            }
            (State::Escape | State::PayloadEscape, _) => (State::Ground, Class::Control, Edge::Inside),
            (State::Sequence, 0x40..=0x7E) => (State::Ground, Class::Control, Edge::Sequence),
            (State::Sequence, _) => (State::Sequence, Class::Control, Edge::Inside),
        };
        self.0 = next;
        (class, edge)
    }
}

/// C0 and DEL.
pub(super) fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7F
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_payload_and_control_are_told_apart() {
        let cases: [(&str, &str); 11] = [
            ("abc", "ttt"),
            ("a\r\nb", "t..t"),
            ("a\x1b[12;3Hb", "t.......t"),
            ("a\x1b[?25lb", "t......t"),
            ("\x1b]0;cmd\x07b", "..ppppp.t"),
            ("\x1b]0;c\x1b\\b", "..ppp..t"),
            ("\x1b]0;c\x1b[1mb", "..ppp....t"),
            ("\x1b(Bb", "...t"),
            ("\x1b\x1b[Ab", "....t"),
            ("\x1b[1\x18b", "....t"),
            ("한\x1b7", "ttt.."),
        ];
        for (text, classes) in cases {
            let mut scanner = Scanner::default();
            let found: String = text
                .bytes()
                .map(|byte| match scanner.step(byte).0 {
                    Class::Text => 't',
                    Class::Payload => 'p',
                    Class::Control => '.',
                })
                .collect();
            assert_eq!(found, classes, "{text:?}");
        }
    }
}
