//! The byte state machine row by row, channels, and what the commands print.

use super::*;
use crate::sim::windows::registry::Data;

pub(in crate::sim) const BANNER: [&str; 6] = [
    "",
    "",
    "Computer is booting, SAC started and initialized.",
    "",
    "Use the \"ch -?\" command for information about using channels.",
    "Use the \"?\" command for general help.",
];

/// A driver whose service has registered, with its start behind it.
struct Bench {
    driver: Sacdrv,
    world: SharedWorld,
}

impl Bench {
    fn new(options: SacOptions, cmd: CmdOptions) -> Self {
        let world = SharedWorld::default();
        let mut driver = Sacdrv::start(options, cmd, &world);
        driver.cmd_available();
        driver.take_output();
        driver.take_requests();
        Self { driver, world }
    }

    fn plain() -> Self {
        Self::new(SacOptions::default(), CmdOptions::default())
    }

    /// With `count` CMD channels, SAC viewed.
    fn with_channels(count: usize) -> Self {
        let mut bench = Self::plain();
        for _ in 0..count {
            bench.sent(b"cmd\r");
            bench.driver.launched(Launch::Started, &bench.world);
        }
        bench.driver.take_output();
        bench
    }

    /// What the wire and the machine get for these bytes.
    fn both(&mut self, bytes: &[u8]) -> (String, Vec<Request>) {
        for byte in bytes {
            self.driver.byte(*byte, &self.world);
        }
        (String::from_utf8(self.driver.take_output()).unwrap(), self.driver.take_requests())
    }

    fn sent(&mut self, bytes: &[u8]) -> String {
        self.both(bytes).0
    }

    fn asked(&mut self, bytes: &[u8]) -> Vec<Request> {
        self.both(bytes).1
    }
}

/// A repaint of these rows, each padded to 80 columns, with the cursor at that row and column.
pub(in crate::sim) fn repaint(rows: &[&str], row: usize, column: usize) -> String {
    let mut text = "\x1b[2J\x1b[1;1H\x1b[0m\x1b[22m\x1b[25m\x1b[27m\x1b[40m\x1b[37m".to_owned();
    for at in 0..24 {
        if at > 0 {
            let _ = write!(text, "\x1b[{};1H", at + 1);
        }
        let _ = write!(text, "{:<80}", rows.get(at).unwrap_or(&""));
    }
    let _ = write!(text, "\x1b[{row};{column}H\x1b[22m\x1b[25m\x1b[27m\x1b[40m\x1b[37m");
    text
}

fn is_switch_screen(sent: &str, name: &str) -> bool {
    sent.starts_with(&format!("\x1b[2J\x1b[1;1HName:                  {name}\r\nDescription:           "))
        && sent.ends_with("Use any other key to view this channel.\r\n\r\n")
}

#[test]
fn the_driver_starts_with_its_banner_as_a_repaint() {
    let mut driver = Sacdrv::start(SacOptions::default(), CmdOptions::default(), &SharedWorld::default());
    let rows = [&BANNER[..], &["", "", "SAC>"]].concat();
    let expected = format!("\x1b[2J{}", repaint(&rows, 9, 5));
    assert_eq!(String::from_utf8(driver.take_output()).unwrap(), expected);
    driver.cmd_available();
    assert_eq!(driver.take_output(), b"\r\nEVENT: The CMD command is now available.\r\nSAC>");
    driver.cmd_unavailable();
    assert_eq!(driver.take_output(), b"\r\nEVENT: The CMD command is unavailable.\r\nSAC>");
    b"cmd\r".iter().for_each(|key| driver.byte(*key, &SharedWorld::default()));
    let answer = String::from_utf8(driver.take_output()).unwrap();
    assert!(answer.starts_with("cmd\r\nError: Unable to launch a Command Prompt."), "{answer}");
}

#[test]
fn a_switch_screen_is_message_111() {
    let mut bench = Bench::with_channels(1);
    let sent = bench.sent(b"ch -si 1\r");
    let channel = bench.driver.channels.slot(1).unwrap();
    assert_eq!(
        sent,
        format!(
            "ch -si 1\r\n\x1b[2J\x1b[1;1H\
             Name:                  Cmd0001\r\n\
             Description:           Command\r\n\
             Type:                  VT-UTF8\r\n\
             Channel GUID:          {}\r\n\
             Application Type GUID: 63d02271-8aa4-11d5-bccf-00b0d014a2d0\r\n\
             \r\n\
             Press <esc><tab> for next channel.\r\n\
             Press <esc><tab>0 to return to the SAC channel.\r\n\
             Use any other key to view this channel.\r\n\r\n",
            channel.guid
        )
    );
    assert_eq!(channel.guid.len(), 36);
}

#[test]
fn escape_is_held_back_until_the_next_byte() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"ch -si 1\r ");
    assert_eq!(bench.both(b"\x1b"), (String::new(), vec![]));
    assert_eq!(bench.asked(b"[A"), [(0x1b), b'[', b'A'].map(|byte| Request::Input(1, byte)));
    assert_eq!(bench.asked(b"\x1b8"), [0x1b, b'8'].map(|byte| Request::Input(1, byte)));
}

#[test]
fn a_second_escape_goes_through_and_the_state_stays() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"ch -si 1\r ");
    assert_eq!(bench.asked(b"\x1b\x1b"), [Request::Input(1, 0x1b), Request::Input(1, 0x1b)]);
    assert_eq!(bench.asked(b"x"), [Request::Input(1, 0x1b), Request::Input(1, b'x')]);
    assert_eq!(bench.asked(b"x"), [Request::Input(1, b'x')]);

    // SAC takes it as a character.
    let mut bench = Bench::plain();
    assert_eq!(bench.sent(b"\x1b\x1b"), "\x1b");
    assert_eq!(bench.asked(b"\r"), [Request::Executed("\x1b".to_owned())]);
}

#[test]
fn escape_tab_goes_round_the_channels() {
    let mut bench = Bench::with_channels(2);
    for name in ["Cmd0001", "Cmd0002", "SAC", "Cmd0001"] {
        let sent = bench.sent(b"\x1b\t");
        assert!(is_switch_screen(&sent, name), "{sent:?}");
    }
}

#[test]
fn tab_alone_reaches_the_channel_behind_its_switch_screen() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"\x1b\t");
    assert_eq!(bench.both(b"\t"), (String::new(), vec![Request::Input(1, b'\t')]));
    // SAC answers BEL, but nobody looks at its screen yet.
    bench.sent(b"\x1b\t");
    assert_eq!(bench.both(b"\t"), (String::new(), vec![]));
    // At the prompt it rings.
    bench.sent(b" ");
    assert_eq!(bench.sent(b"\t"), "\u{7}");
}

#[test]
fn zero_is_special_right_after_escape_tab_alone() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"\x1b\t");
    assert!(is_switch_screen(&bench.sent(b"0"), "SAC"), "the way home");
    assert!(bench.sent(b"0").starts_with("\x1b[2J\x1b[1;1H\x1b[0m"), "the second 0 is any key");
    assert_eq!(bench.sent(b"0"), "0", "the third is typed");
    // With other keys between it is any key, too.
    bench.sent(b"\x08\x1b\t");
    let (sent, requests) = bench.both(b" 0");
    assert!(sent.starts_with("\x1b[2J\x1b[1;1H\x1b[0m"));
    assert_eq!(requests, [Request::Viewed(1), Request::Input(1, b'0')]);
}

#[test]
fn with_sac_alone_escape_tab_0_shows_its_switch_screen() {
    let mut bench = Bench::plain();
    assert!(is_switch_screen(&bench.sent(b"\x1b\t"), "SAC"));
    assert!(is_switch_screen(&bench.sent(b"0"), "SAC"));
    let rows = [&BANNER[..], &["", "", "SAC>", "EVENT: The CMD command is now available.", "SAC>"]].concat();
    assert_eq!(bench.sent(b" "), repaint(&rows, 11, 5));
}

#[test]
fn any_other_key_views_the_channel_and_is_swallowed() {
    for key in [b' ', b'\r', b'\n', b'x', 0x03, 0x08, b'5'] {
        let mut bench = Bench::with_channels(1);
        bench.sent(b"\x1b\t");
        bench.driver.write(1, "Please enter login credentials.\r\nUsername: ");
        assert!(bench.driver.take_output().is_empty(), "nobody looks yet");
        let expected = repaint(&["Please enter login credentials.", "Username: "], 2, 11);
        assert_eq!(bench.both(&[key]), (expected, vec![Request::Viewed(1)]), "{key}");
    }
}

#[test]
fn of_return_and_feed_at_a_switch_screen_the_feed_leaks() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"\x1b\t");
    assert_eq!(bench.asked(b"\r\n"), [Request::Viewed(1), Request::Input(1, b'\n')]);
}

#[test]
fn an_escape_sequence_at_a_switch_screen_loses_its_first_two_bytes() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"\x1b\t");
    assert_eq!(bench.asked(b"\x1b[A"), [Request::Viewed(1), Request::Input(1, b'A')]);
}

#[test]
fn sac_drops_the_escape_and_takes_the_rest_as_typed() {
    let mut bench = Bench::plain();
    assert_eq!(bench.sent(b"\x1b[A"), "[A");
    assert_eq!(bench.asked(b"\r"), [Request::Executed("[A".to_owned())]);
}

#[test]
fn a_digit_after_escape_tab_may_select() {
    let options = SacOptions { escape_tab_digit: EscapeTabDigit::Selects, ..SacOptions::default() };
    let mut bench = Bench::new(options, CmdOptions::default());
    for _ in 0..2 {
        bench.sent(b"cmd\r");
        bench.driver.launched(Launch::Started, &bench.world);
    }
    bench.driver.take_output();
    bench.sent(b"\x1b\t");
    assert!(is_switch_screen(&bench.sent(b"2"), "Cmd0002"));
}

#[test]
fn what_leads_a_switch_screen_is_an_option() {
    for (lead, start) in [
        (SwitchLead::Clear, "\x1b[2J\x1b[1;1HName:"),
        (SwitchLead::ClearAndColours, "\x1b[2J\x1b[1;1H\x1b[0m\x1b[40m\x1b[37mName:"),
        (SwitchLead::NewLine, "\r\nName:"),
        (SwitchLead::Nothing, "Name:"),
    ] {
        let options = SacOptions { switch_screen: lead, ..SacOptions::default() };
        let mut bench = Bench::new(options, CmdOptions::default());
        let sent = bench.sent(b"\x1b\t");
        assert!(sent.starts_with(start), "{sent:?}");
    }
    let options = SacOptions { channel_switch_xml: true, ..SacOptions::default() };
    let sent = Bench::new(options, CmdOptions::default()).sent(b"\x1b\t");
    assert!(sent.starts_with("<channel-switch>\r\n<name>SAC</name>\r\n"), "{sent:?}");
    assert!(sent.contains("</channel-switch>\r\n\x1b[2J\x1b[1;1HName:"), "{sent:?}");
}

#[test]
fn cmd_opens_a_channel_and_says_so_in_an_event() {
    let mut bench =
        Bench::new(SacOptions::default(), CmdOptions { first_number: 6, ..CmdOptions::default() });
    assert_eq!(
        bench.both(b"cmd\r"),
        ("cmd\r\n".to_owned(), vec![Request::Executed("cmd".to_owned()), Request::Launch])
    );
    assert!(bench.driver.waits(), "input stays in the ring until the service answers");
    assert_eq!(bench.driver.launched(Launch::Started, &bench.world), Some((1, "Cmd0006".to_owned())));
    assert!(!bench.driver.waits());
    assert_eq!(
        bench.sent(b""),
        "The Command Prompt session was successfully launched.\r\nSAC>\r\n\
         EVENT:   A new channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: Cmd0006\r\nSAC>"
    );
}

#[test]
fn cmd_fails_in_several_ways() {
    let mut early = Bench::plain();
    early.driver.service = Service::Unknown;
    assert!(early.sent(b"cmd\r").starts_with("cmd\r\nError: Unable to launch a Command Prompt."));

    for (launch, text) in [
        (Launch::TimedOut, messages::LAUNCH_TIMED_OUT.to_owned()),
        (
            Launch::Failed(0xC000_0001),
            "Error: The SAC Command Console session failed to be created.\r\nFailed with status 0xC0000001.\r\n"
                .to_owned(),
        ),
    ] {
        let mut bench = Bench::plain();
        bench.sent(b"cmd\r");
        assert_eq!(bench.driver.launched(launch, &bench.world), None);
        assert_eq!(bench.sent(b""), format!("{text}SAC>"));
    }

    let mut disabled = Bench::plain();
    let key = r"HKLM\SYSTEM\CurrentControlSet\Services\sacdrv";
    disabled.world.lock().registry.set(key, "DisableCmdSessions", Data::Dword(0));
    assert_eq!(disabled.sent(b"cmd\r"), format!("cmd\r\n{}SAC>", messages::CMD_DISABLED));

    let mut full = Bench::with_channels(9);
    assert_eq!(full.sent(b"cmd\r"), format!("cmd\r\n{}SAC>", messages::NO_FREE_CHANNEL));
}

#[test]
fn the_list_of_channels_and_the_messages_of_ch() {
    let mut bench = Bench::with_channels(2);
    let list = "Channel List\r\n\r\n(Use \"ch -?\" for information on using channels)\r\n\r\n\
                # Status  Channel Name\r\n0 (AV)    SAC\r\n1 (AV)    Cmd0001\r\n2 (AV)    Cmd0002\r\n";
    for (line, answer) in [
        ("ch", list),
        ("ch -?", messages::CHANNEL_HELP),
        ("ch -ci 0", messages::SAC_STAYS),
        ("ch -cn sac", messages::SAC_STAYS),
        ("ch -si 5", messages::NO_SUCH_INDEX),
        ("ch -ci 5", messages::NO_SUCH_INDEX),
        ("ch -sn Cmd0009", messages::NO_SUCH_NAME),
        ("ch -cn Cmd0009", messages::NO_SUCH_NAME),
        ("ch -x", messages::WRONG_PARAMETER),
    ] {
        assert_eq!(bench.sent(format!("{line}\r").as_bytes()), format!("{line}\r\n{answer}SAC>"));
    }
    assert_eq!(
        bench.asked(b"ch -cn CMD0002\r"),
        [Request::Executed("ch -cn CMD0002".to_owned()), Request::Close(2)]
    );
    let sent = bench.sent(b"ch -sn cMd0001\r");
    assert!(is_switch_screen(sent.trim_start_matches("ch -sn cMd0001\r\n"), "Cmd0001"), "{sent:?}");
}

#[test]
fn the_end_of_a_viewed_channel_shows_the_switch_screen_of_sac() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"ch -si 1\r ");
    bench.driver.ended(1);
    assert!(is_switch_screen(&bench.sent(b""), "SAC"));
    let screen = bench.sent(b" ");
    let event = format!("{:<80}\x1b", "EVENT:   A channel has been closed.");
    assert!(
        screen.contains(&event) && screen.contains(&format!("{:<80}\x1b", "Channel: Cmd0001")),
        "{screen:?}"
    );
    // Its slot is used again, its number is not.
    bench.sent(b"cmd\r");
    assert_eq!(bench.driver.launched(Launch::Started, &bench.world), Some((1, "Cmd0002".to_owned())));
}

#[test]
fn a_closed_channel_stays_until_its_output_was_seen() {
    let mut bench = Bench::with_channels(2);
    bench.driver.write(1, "unread");
    bench.driver.ended(1);
    bench.driver.ended(2);
    assert_eq!(
        bench.sent(b""),
        "\r\nEVENT:   A channel has been closed.\r\nChannel: Cmd0001\r\nSAC>\
         \r\nEVENT:   A channel has been closed.\r\nChannel: Cmd0002\r\nSAC>"
    );
    assert!(bench.sent(b"ch\r").contains("0 (AV)    SAC\r\n1 (IV)    Cmd0001\r\nSAC>"));
    bench.sent(b"ch -si 1\r");
    assert_eq!(bench.sent(b" "), repaint(&["unread"], 1, 7));
    bench.sent(b"\x1b\t0 ");
    assert!(bench.sent(b"ch\r").ends_with("# Status  Channel Name\r\n0 (AV)    SAC\r\nSAC>"));
}

#[test]
fn an_event_falls_into_a_typed_line_which_stays() {
    let mut bench = Bench::plain();
    assert_eq!(bench.sent(b"ch "), "ch ");
    bench.driver.ended(7);
    bench.driver.cmd_available();
    assert_eq!(bench.sent(b""), "\r\nEVENT: The CMD command is now available.\r\nSAC>");
    assert_eq!(bench.asked(b"-?\r"), [Request::Executed("ch -?".to_owned())]);
}

#[test]
fn what_is_written_while_nobody_looks_comes_with_the_repaint() {
    let mut bench = Bench::with_channels(1);
    bench.sent(b"ch -si 1\r ");
    bench.driver.write(1, "C:\\>");
    assert_eq!(bench.sent(b""), "C:\\>");
    bench.sent(b"\x1b\t");
    bench.driver.write(1, "dir\r\n");
    bench.driver.cmd_available();
    assert_eq!(bench.sent(b""), "");
    bench.sent(b"\x1b\t");
    assert_eq!(bench.sent(b"x"), repaint(&["C:\\>dir"], 2, 1));
}

#[test]
fn toggles_power_and_lock() {
    let mut bench = Bench::plain();
    for (line, answer) in [
        ("f", messages::THREADS_OFF),
        ("find", messages::THREADS_ON),
        ("powershell", messages::PAGING_OFF),
        ("p", messages::PAGING_ON),
        ("lock", messages::LOCKED),
        ("bogus", messages::UNRECOGNIZED),
    ] {
        assert_eq!(bench.sent(format!("{line}\r").as_bytes()), format!("{line}\r\n{answer}SAC>"));
    }
    let (sent, requests) = bench.both(b"shutdown /r\r");
    assert_eq!(sent, "shutdown /r\r\nSAC>", "the prompt comes first");
    assert_eq!(requests, [Request::Executed("shutdown /r".to_owned()), Request::Shutdown]);
    assert!(bench.driver.waits());
}

#[test]
fn help_fits_a_screen_and_longer_lists_are_paged() {
    let mut bench = Bench::plain();
    let help = bench.sent(b"?\r");
    assert_eq!(help, format!("?\r\n{}SAC>", messages::HELP.concat()));
    assert_eq!(help.lines().count(), 22);

    for number in 0..20 {
        bench.world.lock().processes.start(&crate::sim::windows::processes::Start {
            image: &format!("svc{number}.exe"),
            ..Default::default()
        });
    }
    let page = bench.sent(b"t\r");
    assert!(page.ends_with("\r\n----Press <Enter> for more----\r\n"), "{page:?}");
    assert_eq!(page.lines().count(), 26);
    assert_eq!(bench.sent(b"x"), "", "neither typed nor a prompt");
    assert!(!bench.sent(b"\r").is_empty());
    assert_eq!(bench.sent(b"\x03"), "SAC>", "the list ends");
    bench.sent(b"p\r");
    assert!(bench.sent(b"t\r").ends_with("\r\nSAC>"));
}

#[test]
fn id_and_s_tell_what_the_machine_is() {
    let mut bench = Bench::plain();
    let id = bench.sent(b"id\r");
    for row in [
        "           Computer Name: VM01\r\n",
        "  Processor Architecture: AMD64\r\n",
        "          Version Number: 10.0\r\n",
        "            Build Number: 20348\r\n",
        "                 Product: Windows Server 2022 Datacenter\r\n",
        "    Applied Service Pack: None\r\n",
        "  Time since last reboot: 0:00:00\r\n",
    ] {
        assert!(id.contains(row), "{row:?} in {id:?}");
    }
    let answer = bench.sent(b"s 02/28/2026 13:45\r");
    assert_eq!(answer, "s 02/28/2026 13:45\r\nDate: 02/28/2026  Time (GMT): 13:45:00:0000\r\nSAC>");
    assert!(bench.sent(b"s\r").contains("Date: 02/28/2026  Time (GMT): 13:45:"));
    assert!(bench.sent(b"s 01/01/2100 00:00\r").contains(messages::YEAR_RESTRICTED));
    assert!(bench.sent(b"s 31/31/2020 00:00\r").contains(messages::WRONG_PARAMETER));
}

#[test]
fn i_shows_and_changes_addresses() {
    use crate::sim::windows::network::{AddressSource, Interface};
    let mut bench = Bench::plain();
    bench.world.lock().network.interfaces = vec![Interface {
        name: "Ethernet".to_owned(),
        description: String::new(),
        index: 10,
        mac: [0, 0x0d, 0x3a, 1, 2, 3],
        enabled: true,
        source: AddressSource::Dhcp,
        address: [10, 0, 0, 4].into(),
        mask: [255, 255, 255, 0].into(),
        gateway: Some([10, 0, 0, 1].into()),
        dns: Vec::new(),
        static_dns: Vec::new(),
        lease: None,
    }];
    assert_eq!(
        bench.sent(b"i\r"),
        "i\r\nSAC is retrieving IP Addresses...\r\n\
         Net: 10, Ip=10.0.0.4  Subnet=255.255.255.0  Gateway=10.0.0.1\r\n\
         Net: 10, Ip=fe80::20d:3aff:fe01:203\r\nSAC>"
    );
    for (line, answer) in [
        ("i x", messages::NO_INTERFACE),
        ("i 10 1.2.3", messages::WRONG_ADDRESS),
        ("i 10 10.0.0.9 255.255.255.0 10.0.0.1", messages::ADDRESS_SET),
    ] {
        assert_eq!(bench.sent(format!("{line}\r").as_bytes()), format!("{line}\r\n{answer}SAC>"));
    }
    assert!(bench.sent(b"i\r").contains("Ip=10.0.0.9  Subnet"));
}

#[test]
fn k_ends_a_process() {
    let mut bench = Bench::plain();
    let start = crate::sim::windows::processes::Start { image: "rogue.exe", ..Default::default() };
    let pid = bench.world.lock().processes.start(&start);
    assert!(bench.sent(format!("k {pid}\r").as_bytes()).ends_with(&format!("{}SAC>", messages::KILLED)));
    assert!(bench.world.lock().processes.by_pid(pid).is_none());
    assert!(bench.sent(format!("k {pid}\r").as_bytes()).contains(messages::NOT_KILLED));
    assert!(bench.sent(b"k\r").contains(messages::WRONG_PARAMETER));
}
