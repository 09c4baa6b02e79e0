//! What SAC prints: its messages and events, found in the transcript. Texts from ReactOS sacmsg.mc and public
//! transcripts; no localized SAC text is known.

use crate::screen::ADDRESSED;

/// SAC's prompt.
pub const PROMPT: &str = "SAC>";
/// The last line of a switch screen (message 111).
pub const SWITCH_READY: &str = "Use any other key to view this channel.";
/// What only a fresh boot sends.
const BOOT_MARKS: [&str; 3] = ["BdsDxe: loading ", "BdsDxe: starting ", "<machine-info>"];
/// SAC's own pager (message 82).
pub const PAGER: &str = "----Press <Enter> for more----";
/// The prompt after a bug check.
pub const STOP_PROMPT: &str = "!SAC>";

/// Titles of the boot manager's pages, in English; their bytes on the port are not known, their texts are those of the
/// screen.
pub const BOOT_MENUS: [&str; 2] = ["Windows Boot Manager", "Advanced Boot Options"];
/// How the boot manager's countdown begins, in English.
pub const BOOT_COUNTDOWN: &str = "Seconds until the highlighted choice will be started automatically";

/// How `cmd` was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CmdAnswer {
    /// A channel was created; its name, taken from the event.
    Channel(String),
    /// Message 131: the service has not registered yet.
    NotRegistered,
    /// Message 120: the service did not answer.
    TimedOut,
    /// Message 128, with the status of message 48.
    Failed(String),
    /// Message 148: an administrator forbids it.
    Disabled,
    /// Message 154: all channels are taken.
    NoChannelLeft,
    /// Message 105: what arrived was not `cmd`.
    Unrecognized,
}

/// A channel as `ch` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its index, 0 to 9; 0 is SAC. Not the number in the name.
    pub index: u8,
    /// Whether something still runs behind it.
    pub active: bool,
    /// Its name.
    pub name: String,
}

/// Whether a line of SAC does nothing else than what is meant when one byte of it is lost, altered or repeated on the
/// way: it is refused, or looks, or is the same command. SAC's parser compares beginnings, so `cmdd` is `cmd`; what has
/// arguments could get others (ReactOS concmd.c).
pub fn harmless_when_mistyped(line: &str) -> bool {
    let line = line.trim().to_ascii_lowercase();
    // `ch -si 1` and `ch -sn name` only view; whoever views looks at the switch screen which channel it is.
    line.starts_with("ch -s")
        || ["cmd", "ch", "ch -?", "?", "help", "id", "i", "t", "restart"].contains(&&*line)
}

/// How `cmd` was answered, from the text since Enter; `None`: not yet.
pub fn cmd_answer(since_enter: &str) -> Option<CmdAnswer> {
    let lines = || live_lines(since_enter);
    if let Some(name) = new_channel(since_enter) {
        return Some(CmdAnswer::Channel(name));
    }
    let begins = |text: &str| lines().any(|line| line.starts_with(text));
    if begins("Error: Unable to launch a Command Prompt.")
        && begins("       malfunctioning or is unresponsive")
    {
        return Some(CmdAnswer::NotRegistered);
    }
    if begins("Timeout: Unable to launch a Command Prompt.") {
        return Some(CmdAnswer::TimedOut);
    }
    if begins("Error: The SAC Command Console session failed to be created.") {
        // Whole, or the first character of it would be all that is told.
        let mut whole = complete_lines(since_enter).map(after_prompt);
        let status = whole.find_map(|line| line.strip_prefix("Failed with status "))?;
        return Some(CmdAnswer::Failed(status.trim_end_matches('.').to_owned()));
    }
    if begins("Launching of Command Prompt channels is disabled.") {
        return Some(CmdAnswer::Disabled);
    }
    if begins("The maximum number of channels has been reached.") {
        return Some(CmdAnswer::NoChannelLeft);
    }
    begins("Unrecognized command.").then_some(CmdAnswer::Unrecognized)
}

/// Whether `EVENT: The CMD command is now available.` came as live text (not repainted).
pub fn cmd_became_available(since: &str) -> bool {
    live_lines(since).any(|line| line == "EVENT: The CMD command is now available.")
}

/// Whether `EVENT: The CMD command is unavailable.` (message 133) came as live text, and nothing since that takes it
/// back.
pub fn cmd_became_unavailable(since: &str) -> bool {
    let last = live_lines(since).filter(|line| line.starts_with("EVENT: The CMD command is ")).last();
    last == Some("EVENT: The CMD command is unavailable.")
}

/// The channels of a `ch` listing (message 108).
pub fn channels(since_enter: &str) -> Vec<Channel> {
    live_lines(since_enter).filter_map(channel_row).collect()
}

/// Time since the last restart, in seconds, from `id` (message 113).
pub fn seconds_since_restart(since_enter: &str) -> Option<u64> {
    let text =
        live_lines(since_enter).find_map(|line| line.trim_start().strip_prefix("Time since last reboot:"))?;
    let mut parts = text.trim().splitn(3, ':').map(str::parse::<u64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?.checked_add(seconds)
}

/// Whether text came that only firmware or a starting kernel sends: the machine restarted.
pub fn boot_text(since: &str) -> bool {
    BOOT_MARKS.iter().any(|mark| since.contains(mark))
}

/// Whether a boot began and SAC's prompt did not come since.
pub fn still_boots(since: &str) -> bool {
    let last = BOOT_MARKS.iter().filter_map(|mark| since.rfind(mark)).max();
    last.is_some_and(|at| !since[at..].contains(PROMPT))
}

/// Whether Azure's health report came and nothing of SAC: what COM1 shows when SAC is off.
pub fn only_health_report(since: &str) -> bool {
    since.contains("Microsoft Azure VM Health Report")
        && !["<machine-info>", PROMPT].iter().any(|mark| since.contains(mark))
}

/// How many characters of a row that begins with SAC's prompt belong to it; `None`: it does not begin with one. An
/// event prints its own prompt, so that two of them can stand behind each other.
pub fn prompt_end(row: &str) -> Option<usize> {
    let rest = row.trim_start_matches(PROMPT);
    (rest.len() < row.len()).then_some(row.len() - rest.len())
}

/// The name of the channel that an event says was created.
fn new_channel(since_enter: &str) -> Option<String> {
    let mut lines = complete_lines(since_enter);
    while let Some(line) = lines.next() {
        if line.contains("EVENT:   A new channel has been created.") {
            let name = lines.next()?.strip_prefix("Channel: ")?.trim();
            return (!name.is_empty()).then(|| name.to_owned());
        }
    }
    None
}

fn channel_row(line: &str) -> Option<Channel> {
    let (index, rest) = line.trim_end().split_once(" (")?;
    let (status, name) = rest.split_once(')')?;
    let index = index.trim().parse().ok()?;
    let mut letters = status.chars();
    let active = match letters.next()? {
        'A' => true,
        'I' => false,
        _ => return None,
    };
    let name = name.trim();
    (matches!(letters.next()?, 'V' | 'R') && !name.is_empty()).then(|| Channel {
        index,
        active,
        name: name.to_owned(),
    })
}

/// Lines that came as live text, the last one even when it is not finished; a prompt before the text is taken off.
fn live_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n']).filter(|line| !line.contains(ADDRESSED)).map(after_prompt)
}

/// Lines whose end has come.
fn complete_lines(text: &str) -> impl Iterator<Item = &str> {
    let end = text.rfind(['\r', '\n']).unwrap_or(0);
    text[..end].split(['\r', '\n']).filter(|line| !line.is_empty())
}

fn after_prompt(line: &str) -> &str {
    prompt_end(line).map_or(line, |end| line[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = "\r\nThe Command Prompt session was successfully launched.\r\nSAC>\r\nEVENT:   A new \
                           channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: Cmd0006\r\nSAC>";

    #[test]
    fn the_name_of_the_channel_is_taken_whole_from_the_event() {
        assert_eq!(cmd_answer(CREATED), Some(CmdAnswer::Channel("Cmd0006".into())));
        // However it is cut, there is no answer before the name is whole.
        let end = CREATED.find("0006").unwrap() + 4;
        for cut in 0..=end {
            assert_eq!(cmd_answer(&CREATED[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let not_registered = "\r\nError: Unable to launch a Command Prompt.  The service responsible for launching\r\n       \
             Command Prompt channels has not yet registered.  This may be because the\r\n       service is not yet \
             started, is disabled by the administrator, is\r\n       malfunctioning or is unresponsive.\r\nSAC>";
        let failed = "\r\nError: The SAC Command Console session failed to be created.\r\nFailed with status \
                      0xC0000001.\r\nSAC>";
        for (text, answer) in [
            (not_registered, CmdAnswer::NotRegistered),
            (failed, CmdAnswer::Failed("0xC0000001".into())),
            ("\r\nLaunching of Command Prompt channels is disabled.\r\nSAC>", CmdAnswer::Disabled),
            ("\r\nThe maximum number of channels has been reached.\r\nSAC>", CmdAnswer::NoChannelLeft),
            ("\r\nUnrecognized command.  Try the 'help' command", CmdAnswer::Unrecognized),
        ] {
            assert_eq!(cmd_answer(text), Some(answer));
        }
        assert_eq!(cmd_answer("\r\nSAC>"), None);
        // However it is cut, the status is told whole.
        let end = failed.find("\r\nSAC>").unwrap();
        for cut in 0..=end {
            assert_eq!(cmd_answer(&failed[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn an_old_event_that_is_repainted_is_not_news() {
        let live = "\r\nEVENT: The CMD command is now available.\r\nSAC>";
        let repainted = "\u{1e}SAC>\u{1e}EVENT: The CMD command is now available.       \u{1e}SAC>";
        assert!(cmd_became_available(live) && !cmd_became_unavailable(live));
        let gone = format!("{live}\r\nEVENT: The CMD command is unavailable.\r\nSAC>");
        assert!(cmd_became_unavailable(&gone) && !cmd_became_unavailable(&format!("{gone}{live}")));
        assert!(!cmd_became_available(repainted));
    }

    #[test]
    fn a_boot_is_over_once_sac_is_there() {
        let boot = "BdsDxe: loading Boot0004\r\n<machine-info>\r\n";
        let over = format!("{boot}SAC>\r\nq>dir\r\n");
        assert!(boot_text(boot) && still_boots(boot));
        assert!(boot_text(&over) && !still_boots(&over));
        assert!(still_boots(&format!("{over}{boot}")));
        assert!(!still_boots("SAC>"));
    }

    #[test]
    fn channel_rows() {
        let listing = "\r\nChannel List\r\n\r\n(Use \"ch -?\" for information on using channels)\r\n\r\n# Status  \
                       Channel Name\r\n0 (AV)    SAC\r\n1 (IV)    Cmd0006\r\n2 (AR)    setuplog.txt\r\nSAC>";
        assert_eq!(
            channels(listing),
            [
                Channel { index: 0, active: true, name: "SAC".into() },
                Channel { index: 1, active: false, name: "Cmd0006".into() },
                Channel { index: 2, active: true, name: "setuplog.txt".into() },
            ]
        );
    }

    #[test]
    fn uptime_of_id() {
        assert_eq!(seconds_since_restart("\r\n  Time since last reboot: 1:02:03\r\nSAC>"), Some(3723));
        assert_eq!(seconds_since_restart("\r\nSAC>"), None);
        assert_eq!(seconds_since_restart("Time since last reboot: 18446744073709551615:00:00"), None);
    }
}
