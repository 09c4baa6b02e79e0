//! The boot manager's menu on the port (`bootems`). invented: all of its bytes; no capture is known. That it clears,
//! places and inverts is inferred from what the kernel's terminal can do; the texts are those of the screen.

use std::fmt::Write as _;

/// The menu, from its first paint until something is booted.
#[derive(Debug)]
pub(super) struct BootMenu {
    entry: String,
    /// Seconds left. None: a key stopped the countdown.
    left: Option<u64>,
    page: Page,
    /// ESC arrived; the next byte says which key that is.
    escape: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Choice,
    /// Advanced options of the entry (F8, sent as ESC 8).
    Advanced,
}

/// What the menu asks of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MenuRequest {
    /// Boot the entry.
    Boot,
}

impl BootMenu {
    /// The menu of a machine that boots `entry` by itself after so many seconds.
    pub(super) fn new(entry: String, seconds: u64) -> Self {
        Self { entry, left: Some(seconds), page: Page::Choice, escape: false }
    }

    /// The whole page.
    pub(super) fn paint(&self) -> String {
        let mut out = String::from("\x1b[2J\x1b[1;1H\x1b[0m");
        let line = |out: &mut String, row: usize, text: &str| {
            let _ = write!(out, "\x1b[{row};1H{text}");
        };
        match self.page {
            Page::Choice => {
                line(&mut out, 1, &format!("\x1b[7m{:^80}\x1b[0m", "Windows Boot Manager"));
                line(&mut out, 3, "Choose an operating system to start, or press TAB to select a tool:");
                line(&mut out, 4, "(Use the arrow keys to highlight your choice, then press ENTER.)");
                line(&mut out, 6, &format!("    \x1b[7m{:<73}\x1b[0m>", self.entry));
                line(&mut out, 9, "To specify an advanced option for this choice, press F8.");
                out += &self.countdown();
                line(&mut out, 19, "Tools:");
                line(&mut out, 21, "    Windows Memory Diagnostic");
                line(
                    &mut out,
                    24,
                    "\x1b[7mENTER=Choose                  TAB=Menu                      ESC=Cancel\x1b[0m",
                );
            }
            Page::Advanced => {
                line(&mut out, 1, &format!("\x1b[7m{:^80}\x1b[0m", "Advanced Boot Options"));
                line(&mut out, 3, &format!("Choose Advanced Options for: {}", self.entry));
                for (row, option) in
                    ["Safe Mode", "Last Known Good Configuration (advanced)", "Debugging Mode"]
                        .iter()
                        .enumerate()
                {
                    line(&mut out, 6 + row, &format!("    {option}"));
                }
                line(&mut out, 10, "    \x1b[7mStart Windows Normally\x1b[0m");
                line(
                    &mut out,
                    24,
                    "\x1b[7mENTER=Choose                                                ESC=Cancel\x1b[0m",
                );
            }
        }
        out
    }

    /// A second has passed.
    pub(super) fn tick(&mut self) -> (String, Option<MenuRequest>) {
        let Some(left) = &mut self.left else { return (String::new(), None) };
        *left = left.saturating_sub(1);
        if *left == 0 {
            return (String::new(), Some(MenuRequest::Boot));
        }
        (self.countdown(), None)
    }

    /// A byte arrived. Any key stops the countdown.
    pub(super) fn byte(&mut self, byte: u8) -> (String, Option<MenuRequest>) {
        let stopped = self.left.take().is_some();
        let mut out = if stopped { "\x1b[12;1H\x1b[0K".to_owned() } else { String::new() };
        match (std::mem::take(&mut self.escape), byte) {
            (_, b'\r') => return (out, Some(MenuRequest::Boot)),
            (true, b'8') => {
                self.page = Page::Advanced;
                out = self.paint();
            }
            (true, _) if self.page == Page::Advanced => {
                self.page = Page::Choice;
                out = self.paint();
            }
            (false, 0x1b) => self.escape = true,
            _ => {}
        }
        (out, None)
    }

    fn countdown(&self) -> String {
        self.left.map_or_else(String::new, |left| {
            format!("\x1b[12;1HSeconds until the highlighted choice will be started automatically: {left:<3}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_boots_by_itself_unless_a_key_stops_it() {
        let mut menu = BootMenu::new("Windows Server".to_owned(), 2);
        assert!(menu.paint().contains("started automatically: 2 "));
        assert!(menu.tick().0.ends_with("automatically: 1  "));
        assert_eq!(menu.tick().1, Some(MenuRequest::Boot));

        let mut menu = BootMenu::new("Windows Server".to_owned(), 2);
        assert_eq!(menu.byte(b' '), ("\x1b[12;1H\x1b[0K".to_owned(), None));
        assert!((0..100).all(|_| menu.tick() == (String::new(), None)));
        assert_eq!(menu.byte(b'\r').1, Some(MenuRequest::Boot));
    }

    #[test]
    fn f8_shows_the_advanced_options_and_escape_goes_back() {
        let mut menu = BootMenu::new("Windows Server".to_owned(), 9);
        menu.byte(0x1b);
        assert!(menu.byte(b'8').0.contains("Choose Advanced Options for: Windows Server"));
        menu.byte(0x1b);
        let (back, request) = menu.byte(b'x');
        assert!(back.contains("Choose an operating system to start") && request.is_none());
    }
}
