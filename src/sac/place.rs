//! Where we are: the state of the console, read from the screen at the cursor.

use super::text;
use crate::screen::Screen;

/// What the first row of a switch screen begins with (ReactOS conmgr.c).
const NAME: &str = "Name:";
/// The title of a boot menu has more blanks than this in front of it.
const TITLE_BEGINS: usize = 21;

/// What stands at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `SAC>`, and what is typed behind it.
    Sac {
        /// Characters between the prompt and the cursor, not counting what an event may have hidden.
        typed: usize,
    },
    /// A switch screen: one key views the channel and is swallowed.
    Switch {
        /// The channel that would be viewed; `SAC` for SAC itself.
        channel: String,
    },
    /// A login prompt of a CMD channel.
    Login(Field),
    /// A cmd prompt, with whatever is typed behind it.
    Cmd,
    /// A PowerShell prompt.
    PowerShell,
    /// SAC's pager.
    SacPager,
    /// `!SAC>`: the machine stopped.
    Stopped,
    /// The boot manager's menu: any key stops its countdown, some choose.
    BootMenu,
    /// Anything else.
    Other,
}

/// Which credential a login asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Username: `
    User,
    /// `Domain  : ` (two blanks before the colon)
    Domain,
    /// `Password: `
    Password,
}

impl Field {
    /// The prompt as sacsess prints it, up to the cursor (public transcripts).
    pub fn prompt(self) -> &'static str {
        match self {
            Self::User => "Username: ",
            Self::Domain => "Domain  : ",
            Self::Password => "Password: ",
        }
    }
}

/// Reads the place at the cursor.
pub fn recognise(screen: &Screen) -> Place {
    if let Some(channel) = switch_screen(screen) {
        return Place::Switch { channel };
    }
    let place = if may_be_a_prompt(screen) { at_prompt(&screen.before_cursor()) } else { None };
    if let Some(place) = place {
        return place;
    }
    if below_pager(screen) {
        return Place::SacPager;
    }
    if boot_menu_title(screen) { Place::BootMenu } else { Place::Other }
}

/// Whether the row of the cursor begins as one of the prompts does: mostly two cells say that there is none.
fn may_be_a_prompt(screen: &Screen) -> bool {
    match screen.glance() {
        Some(
            ('S', 'A' | 'e', _)
            | ('!' | 'P', 'S', _)
            | ('U', 's', _)
            | ('D', 'o', _)
            | ('P', 'a', _)
            | ('-', '-', _),
        ) => true,
        Some((first, second, _)) => first.is_ascii_alphabetic() && second == ':',
        None => false,
    }
}

/// The prompt that the row of the cursor begins with.
fn at_prompt(before: &str) -> Option<Place> {
    if let Some(end) = text::prompt_end(before) {
        return Some(Place::Sac { typed: before[end..].chars().count() });
    }
    if before.starts_with(text::STOP_PROMPT) {
        return Some(Place::Stopped);
    }
    for field in [Field::User, Field::Domain, Field::Password] {
        if before.starts_with(field.prompt()) {
            return Some(Place::Login(field));
        }
    }
    if before.trim_end() == text::PAGER {
        return Some(Place::SacPager);
    }
    if powershell_prompt(before) {
        return Some(Place::PowerShell);
    }
    if cmd_prompt(before).is_some() {
        return Some(Place::Cmd);
    }
    before.starts_with(text::BOOT_COUNTDOWN).then_some(Place::BootMenu)
}

/// A cmd prompt that ends exactly at the cursor, as text: `C:\Windows\system32>`.
pub fn cmd_prompt_at_cursor(screen: &Screen) -> Option<String> {
    screen.glance().filter(|(_, second, last)| *second == ':' && *last == '>')?;
    let before = screen.before_cursor();
    let end = cmd_prompt(&before)?;
    (end == before.len()).then_some(before)
}

/// The login prompt that ends exactly at the cursor, with nothing typed behind it.
pub fn login_at_cursor(screen: &Screen) -> Option<Field> {
    [Field::User, Field::Domain, Field::Password]
        .into_iter()
        .find(|field| screen.is_before_cursor(field.prompt()))
}

/// The channel whose switch screen is up: the ready line is the last text and the cursor stands below it.
pub fn switch_screen(screen: &Screen) -> Option<String> {
    let cursor = screen.cursor();
    if cursor.column != 0 {
        return None;
    }
    let ready = (0..cursor.row).rev().find(|row| !screen.is_blank(*row))?;
    if !screen.row_is(ready, text::SWITCH_READY) {
        return None;
    }
    let row = (0..ready).rev().find(|row| screen.row_begins(*row, NAME))?;
    let name = screen.row(row).strip_prefix(NAME)?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

/// The pager's text ends its line: the cursor waits at the start of the next one.
fn below_pager(screen: &Screen) -> bool {
    let cursor = screen.cursor();
    cursor.column == 0 && cursor.row > 0 && screen.row_is(cursor.row - 1, text::PAGER)
}

/// The title stands in the middle of its row; `bcdedit`, which prints the same words, puts them at its start.
fn boot_menu_title(screen: &Screen) -> bool {
    if !screen.row_begins(0, &" ".repeat(TITLE_BEGINS)) {
        return false;
    }
    text::BOOT_MENUS.contains(&screen.row(0).trim_start())
}

/// The end of a cmd prompt at the start of the text: drive, colon, backslash, path, `>`.
fn cmd_prompt(before: &str) -> Option<usize> {
    let bytes = before.as_bytes();
    if bytes.len() < 4 || !bytes[0].is_ascii_alphabetic() || &bytes[1..3] != b":\\" {
        return None;
    }
    let end = before.find('>')?;
    // None of these can stand in a path.
    (!before[3..end].contains(['<', '|', '"', '?', '*', ':', '/'])).then_some(end + 1)
}

fn powershell_prompt(before: &str) -> bool {
    before.strip_prefix("PS ").is_some_and(|rest| cmd_prompt(rest).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stream: &str) -> Place {
        let mut screen = Screen::new();
        stream.chars().for_each(|c| screen.feed(c));
        recognise(&screen)
    }

    const SWITCH: &str = "\x1b[2J\x1b[1;1HName:                  Cmd0001\r\nDescription:           Command\r\n\r\nPress \
                          <esc><tab> for next channel.\r\nPress <esc><tab>0 to return to the SAC channel.\r\nUse any \
                          other key to view this channel.\r\n\r\n";

    #[test]
    fn places_are_told_by_what_stands_at_the_cursor() {
        for (stream, place) in [
            ("", Place::Other),
            ("SAC>", Place::Sac { typed: 0 }),
            ("SAC>shutd", Place::Sac { typed: 5 }),
            ("SAC>SAC>", Place::Sac { typed: 0 }),
            ("SAC>\r\nUsername: ", Place::Login(Field::User)),
            ("Username: a\r\nDomain  : ", Place::Login(Field::Domain)),
            ("Password: ***", Place::Login(Field::Password)),
            ("C:\\Windows\\system32>", Place::Cmd),
            ("C:\\Windows\\\0system32>dir", Place::Cmd),
            ("PS C:\\>", Place::PowerShell),
            ("\n\r!SAC>", Place::Stopped),
            ("----Press <Enter> for more----", Place::SacPager),
            ("x\r\n----Press <Enter> for more----\r\n", Place::SacPager),
            ("----Press <Enter> for more----\r\nx\r\n", Place::Other),
            (SWITCH, Place::Switch { channel: "Cmd0001".into() }),
            ("SAC>x\r\n", Place::Other),
            ("<html>C:\\>", Place::Other),
            (
                "\x1b[2J\x1b[1;1H\x1b[7m                              Windows Boot Manager\x1b[0m\x1b[24;1Hx",
                Place::BootMenu,
            ),
            (
                "\x1b[12;1HSeconds until the highlighted choice will be started automatically: 9",
                Place::BootMenu,
            ),
            ("\x1b[2J\x1b[1;1HWindows Boot Manager\r\n--------------------\r\nidentifier", Place::Other),
        ] {
            assert_eq!(at(stream), place, "{stream:?}");
        }
    }

    #[test]
    fn a_switch_screen_that_was_left_is_no_switch_screen() {
        assert_eq!(
            at(&format!("{SWITCH}Please enter login credentials.\r\nUsername: ")),
            Place::Login(Field::User)
        );
        assert_eq!(at(SWITCH.trim_end()), Place::Other);
    }

    #[test]
    fn a_prompt_is_proven_only_with_nothing_behind_it() {
        let mut screen = Screen::new();
        "C:\\Windows\\system32>".chars().for_each(|c| screen.feed(c));
        assert_eq!(cmd_prompt_at_cursor(&screen).as_deref(), Some("C:\\Windows\\system32>"));
        screen.feed('d');
        assert_eq!(cmd_prompt_at_cursor(&screen), None);
    }
}
