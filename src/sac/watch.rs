//! Bad news inside a command channel, read from the screen.

use super::place::{Place, login_at_cursor, recognise};
use crate::console::Alarm;
use crate::screen::{COLUMNS, Screen};

/// What a command channel that is in use must never show: the console fell back to SAC, to a login, to a bug check,
/// or to the firmware.
pub fn in_channel(screen: &Screen) -> Option<Alarm> {
    if !is_possible(screen) {
        return None;
    }
    let alarm = match recognise(screen) {
        Place::Stopped => Alarm::BugCheck,
        Place::Switch { .. } | Place::Sac { typed: 0 } => Alarm::ChannelClosed,
        Place::Login(_) if login_at_cursor(screen).is_some() => Alarm::LoginAgain,
        Place::Other if boot_row(screen) => Alarm::Restarted,
        _ => return None,
    };
    // A long line of ours that wraps could begin a row with the same characters.
    (!is_wrapped(screen)).then_some(alarm)
}

/// Asked after each character: what cannot be any of it is passed over at a glance. A prompt ends with `>` or a blank, a
/// switch screen leaves the cursor at the start of a row, the others are known by the first characters of their row.
fn is_possible(screen: &Screen) -> bool {
    match screen.glance() {
        Some((first, second, last)) => match (first, second) {
            ('S', 'A') => last == '>',
            ('U', 's') | ('D', 'o') | ('P', 'a') => last == ' ',
            ('!', 'S') | ('B', 'd') | ('<', 'm') => true,
            _ => false,
        },
        None => screen.cursor().column == 0,
    }
}

fn boot_row(screen: &Screen) -> bool {
    screen.begins_before_cursor("BdsDxe: ") || screen.begins_before_cursor("<machine-info>")
}

fn is_wrapped(screen: &Screen) -> bool {
    let row = screen.cursor().row;
    row > 0 && screen.row(row - 1).chars().count() >= usize::from(COLUMNS) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(stream: &str) -> Option<Alarm> {
        let mut screen = Screen::new();
        stream.chars().for_each(|c| screen.feed(c));
        in_channel(&screen)
    }

    #[test]
    fn bad_news_is_told_from_output() {
        for (stream, alarm) in [
            ("q>dir\r\n", None),
            ("q>echo SAC>", None),
            ("\x1b[2J\x1b[9;1HSAC>", Some(Alarm::ChannelClosed)),
            ("\n\r!SAC>", Some(Alarm::BugCheck)),
            ("\r\nUsername: ", Some(Alarm::LoginAgain)),
            ("\x1b[2J\x1b[01;01HBdsDxe: loading Boot0004", Some(Alarm::Restarted)),
        ] {
            assert_eq!(news(stream), alarm, "{stream:?}");
        }
        let wrapped = format!("q>{}SAC>", "x".repeat(78));
        assert_eq!(news(&wrapped), None);
    }
}
