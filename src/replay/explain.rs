//! What a console was doing, told line by line from what it said: boots, SAC, channels, logins, commands, bug checks.
//!
//! Looks at the stream alone, after each character that can complete something, so the answer is the same however it was
//! cut, and a log of another tool is as good as our own recording.

use std::fmt::Write as _;
use std::time::Duration;

use crate::encoding::Utf8Stream;
use crate::recording::{Event, Kind};
use crate::sac::{self, Field, Place};
use crate::screen::{ADDRESSED, Offset, Screen};
use crate::shell::carried_commands;

/// Something that the console did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, since the beginning of the recording.
    pub at: Duration,
    /// What, in words for people. Control characters of the console are not in it.
    pub what: String,
}

/// Follows a console.
#[derive(Default)]
pub struct Explainer {
    decoder: Utf8Stream,
    screen: Screen,
    at: Duration,
    seen: Offset,
    line: String,
    /// What was typed since the last Enter.
    typing: Vec<u8>,
    /// The line just ended and this one began with a placed cursor: old text, shown again.
    repainted: bool,
    place: Option<Place>,
    boots: u32,
    booting: bool,
    machine: Vec<(String, String)>,
    report: bool,
    said_sac: bool,
    deeds: Vec<Deed>,
}

/// Texts of a boot that only firmware sends.
const FIRMWARE: [&str; 2] = ["BdsDxe: loading ", "BdsDxe: starting "];
/// SAC's messages that say why something did not work, by their beginning, and what that means.
const REFUSALS: [(&str, &str); 6] = [
    (
        "Error: Unable to launch a Command Prompt.",
        "SAC cannot open command channels yet: its service (sacsvr) has not registered",
    ),
    ("Timeout: Unable to launch a Command Prompt.", "SAC's service (sacsvr) does not answer"),
    (
        "Error: The SAC Command Console session failed to be created.",
        "cmd.exe or sacsess.exe could not be started",
    ),
    (
        "Launching of Command Prompt channels is disabled.",
        "an administrator disabled command channels (DisableCmdSessions)",
    ),
    ("The maximum number of channels has been reached.", "all nine channels are taken"),
    ("Unrecognized command.", "SAC did not understand the line"),
];

impl Explainer {
    /// Takes the next event.
    pub fn add(&mut self, event: &Event) -> Vec<Deed> {
        self.at = event.at;
        match &event.kind {
            Kind::Output(bytes) => {
                let mut text = String::new();
                self.decoder.push(bytes, &mut text);
                text.chars().for_each(|character| self.character(character));
            }
            Kind::Mark(label) => {
                let label = label.escape_debug();
                self.tell(format!("mark: {label}"));
            }
            Kind::Input(bytes) => self.typed(bytes),
            Kind::Told(_) | Kind::Other { .. } => {}
        }
        std::mem::take(&mut self.deeds)
    }

    /// What is to be said at the end.
    pub fn finish(mut self) -> Vec<Deed> {
        self.look();
        self.a_line();
        if self.report && !self.said_sac {
            self.tell(
                "only Azure's health report came: SAC (EMS) is switched off on this machine".to_owned(),
            );
        }
        if self.boots > 2 {
            let boots = self.boots;
            self.tell(format!("the machine started {boots} times: it may restart in a loop"));
        }
        self.deeds
    }

    /// What was typed. A command of ours is carried in a long line, at a prompt that only a session of ours shows.
    fn typed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => {
                    let line = std::mem::take(&mut self.typing);
                    for command in carried_commands(&String::from_utf8_lossy(&line)) {
                        self.tell(format!("sacpilot runs: {}", visible(&command)));
                    }
                }
                0x08 | 0x7f => {
                    self.typing.pop();
                }
                0x03 => self.typing.clear(),
                other => self.typing.push(*other),
            }
        }
    }

    fn character(&mut self, character: char) {
        // What stands at the cursor before a line ends is what was typed at a prompt.
        if character == '\r' || character == '\n' {
            self.entered();
        }
        let row = self.screen.cursor().row;
        self.screen.feed(character);
        let same_row = self.screen.cursor().row == row;
        let came = self.screen.transcript().since(self.seen).to_owned();
        self.seen = self.screen.transcript().now();
        for piece in came.chars() {
            match piece {
                // A cursor that is placed in the row where it stands goes on with the line.
                ADDRESSED if same_row => {}
                '\n' | ADDRESSED => {
                    self.a_line();
                    self.repainted = piece == ADDRESSED;
                }
                '\r' => {}
                '\u{8}' => {
                    self.line.pop();
                }
                other => self.line.push(other),
            }
        }
        if matches!(character, '>' | ' ' | '\n' | '-') {
            self.look();
        }
    }

    /// A line that was entered at a prompt, when the cursor leaves it.
    fn entered(&mut self) {
        let Some(place) = self.place.clone() else { return };
        let before = self.screen.before_cursor();
        let typed = match place {
            Place::Sac { .. } => {
                sac::text::prompt_end(&before).map(|end| ("SAC", before[end..].trim().to_owned()))
            }
            Place::Cmd | Place::PowerShell => {
                before.split_once('>').map(|(_, typed)| ("command", typed.trim().to_owned()))
            }
            Place::Login(Field::User) => {
                before.strip_prefix(Field::User.prompt()).map(|user| ("login as", user.trim().to_owned()))
            }
            _ => None,
        };
        if let Some((what, typed)) = typed.filter(|(_, typed)| !typed.is_empty()) {
            self.place = None;
            self.tell(format!("{what}: {}", visible(&typed)));
        }
    }

    /// What stands at the cursor.
    fn look(&mut self) {
        let place = sac::recognise(&self.screen);
        if self.place.as_ref() == Some(&place) || place == Place::Other {
            return;
        }
        let same_kind = matches!((&self.place, &place), (Some(Place::Sac { .. }), Place::Sac { .. }));
        let what = match &place {
            Place::Sac { .. } => {
                self.said_sac = true;
                self.booting = false;
                "SAC shows its prompt".to_owned()
            }
            Place::Switch { channel } => {
                format!("switch screen of channel {}: one key views it", visible(channel))
            }
            Place::Login(Field::User) => "a channel asks who logs in".to_owned(),
            Place::Login(Field::Domain) => "it asks for the domain".to_owned(),
            Place::Login(Field::Password) => "it asks for the password".to_owned(),
            Place::Cmd => "a command prompt is there".to_owned(),
            Place::PowerShell => "a PowerShell prompt is there".to_owned(),
            Place::SacPager => "SAC waits for Enter to show more".to_owned(),
            Place::Stopped => "the kernel stopped and shows !SAC>".to_owned(),
            _ => String::new(),
        };
        self.place = Some(place);
        if !same_kind && !what.is_empty() {
            self.tell(what);
        }
    }

    /// A line of the stream ended.
    fn a_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = line.trim();
        if text.is_empty() {
            return;
        }
        if FIRMWARE.iter().any(|firmware| text.starts_with(firmware)) {
            self.boot();
            self.tell(format!("firmware: {}", visible(text)));
        } else if text.contains("<machine-info>") {
            self.boot();
            self.machine.clear();
        } else if let Some((name, value)) = element(text) {
            self.machine.push((name.to_owned(), value.to_owned()));
        } else if text.contains("</machine-info>") {
            let told = |name: &str| {
                self.machine.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            };
            let mut what = "SAC starts".to_owned();
            for (name, label) in [("name", "on"), ("os-version", "Windows"), ("os-build-number", "build")] {
                if let Some(value) = told(name) {
                    let _ = write!(what, " {label} {}", visible(&value));
                }
            }
            self.tell(what);
        } else if let Some(code) = stop_code(text) {
            self.tell(format!("bug check {}", visible(&code)));
        } else if text.contains("Microsoft Azure VM Health Report") {
            self.report = true;
            self.tell("Azure's health report".to_owned());
        } else if self.repainted {
            // Old text that a repaint shows again is no news.
        } else if let Some(event) = text.strip_prefix("EVENT:") {
            self.tell(format!("event: {}", visible(event.trim())));
        } else if let Some(channel) = text.strip_prefix("Channel: ") {
            self.tell(format!("channel {}", visible(channel)));
        } else if text.starts_with("The SAC will become unavailable soon.") {
            self.tell("the machine is shutting down".to_owned());
        } else if text.starts_with("Unable to authenticate.") {
            self.tell("the login was refused".to_owned());
        } else if let Some((_, meaning)) = REFUSALS.iter().find(|(begins, _)| text.starts_with(begins)) {
            self.tell((*meaning).to_owned());
        }
    }

    fn boot(&mut self) {
        if !self.booting {
            self.booting = true;
            self.boots += 1;
            self.place = None;
            let boots = self.boots;
            self.tell(if boots == 1 {
                "the machine starts".to_owned()
            } else {
                format!("the machine starts again (start {boots} in this recording)")
            });
        }
    }

    fn tell(&mut self, what: String) {
        self.deeds.push(Deed { at: self.at, what });
    }
}

/// `<name>value</name>`, alone in its line.
fn element(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    let value = rest.strip_suffix('>')?.strip_suffix(name)?.strip_suffix("</")?;
    Some((name, value))
}

/// The code of a stop error: in the kernel's XML (Avocent manuals), or as the blue screen's text line.
fn stop_code(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("NAME=\"STOPCODE\"") {
        let (_, value) = rest.split_once("<VALUE>")?;
        return Some(value.split_once("</VALUE>")?.0.trim_matches('"').to_owned());
    }
    let code = text.strip_prefix("*** STOP: ")?;
    Some(code.split([' ', '(']).next()?.to_owned())
}

fn visible(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(stream: &str, size: usize) -> Vec<String> {
        let mut explainer = Explainer::default();
        let mut deeds = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            deeds.extend(explainer.add(&Event { at: Duration::ZERO, kind: Kind::Output(piece.to_vec()) }));
        }
        deeds.extend(explainer.finish());
        deeds.into_iter().map(|deed| deed.what).collect()
    }

    const LOG: &str = "BdsDxe: loading Boot0004 \"Windows Boot Manager\" from HD\r\n<?xml version=\"1.0\"?>\r\n\
        <machine-info>\r\n<name>SRV</name>\r\n<os-build-number>17763</os-build-number>\r\n</machine-info>\r\n\
        \x1b[2J\x1b[1;1H\x1b[3;1HComputer is booting, SAC started and initialized.\x1b[9;1HSAC>\
        \r\nEVENT: The CMD command is now available.\r\nSAC>cmd\r\nThe Command Prompt session was successfully \
        launched.\r\nSAC>\r\nEVENT:   A new channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: Cmd0001\r\n\
        SAC>dir\r\n<INSTANCE CLASSNAME=\"BLUESCREEN\">\r\n<PROPERTY NAME=\"STOPCODE\" TYPE=\"string\"><VALUE>\"0xE2\"</VALUE>\r\n\
        \n\r!SAC>restart\r\nBdsDxe: loading Boot0004\r\n";

    #[test]
    fn a_log_is_told_line_by_line_however_it_was_cut() {
        let expected = [
            "the machine starts",
            "firmware: BdsDxe: loading Boot0004 \"Windows Boot Manager\" from HD",
            "SAC starts on SRV build 17763",
            "SAC shows its prompt",
            "event: The CMD command is now available.",
            "SAC: cmd",
            "SAC shows its prompt",
            "event: A new channel has been created.  Use \"ch -?\" for channel help.",
            "channel Cmd0001",
            "SAC: dir",
            "bug check 0xE2",
            "the kernel stopped and shows !SAC>",
            "the machine starts again (start 2 in this recording)",
            "firmware: BdsDxe: loading Boot0004",
        ];
        for size in [1, 2, 5, 64, LOG.len()] {
            assert_eq!(explained(LOG, size), expected, "{size}");
        }
    }

    #[test]
    fn a_command_of_a_session_of_ours_is_told_however_it_was_typed() {
        let mut explainer = Explainer::default();
        let mut deeds = Vec::new();
        for typed in ["(>%SP%.m echo 2pkj&>%SP%.o 2>&1<nul cmd /d/s/c ^\"vex", "\x08r^\"&%SP% 2pkj)", "\r"] {
            deeds.extend(explainer.add(&Event { at: Duration::ZERO, kind: Kind::Input(typed.into()) }));
        }
        deeds.extend(explainer.finish());
        let told: Vec<&str> = deeds.iter().map(|deed| deed.what.as_str()).collect();
        assert_eq!(told, ["sacpilot runs: ver"]);
    }

    #[test]
    fn what_ails_a_machine_is_said() {
        let report = "======== Microsoft Azure VM Health Report - Start 2026 ========\r\n{}\r\n";
        assert!(explained(report, 3).last().unwrap().contains("SAC (EMS) is switched off"));
        let looped = "BdsDxe: loading x\r\n<machine-info>\r\n</machine-info>\r\nSAC>\r\n".repeat(3);
        assert!(explained(&looped, 9).last().unwrap().contains("restart in a loop"));
        assert_eq!(explained("*** STOP: 0x0000007B (0x1)\r\n", 4), ["bug check 0x0000007B"]);
    }
}
