//! Whole sessions under what the facts leave open, and states that a machine is found in.

use super::tests::Rig;
use super::*;
use crate::sim::audit::LoginOutcome;
use crate::sim::options::{
    AfterRefusal, AtEnd, AtTimeout, BootOptions, CmdOptions, CmdOutcome, OtherOptions, OtherState,
    SacOptions, SessionOptions, Span, StopOptions,
};
use crate::sim::windows::os::Os;

fn sac(sac: SacOptions) -> MachineOptions {
    MachineOptions { sac, ..MachineOptions::default() }
}

fn is_switch_screen(sent: &str, name: &str) -> bool {
    sent.starts_with(&format!("\x1b[2J\x1b[1;1HName:                  {name}\r\n"))
        && sent.contains("Use any other key to view this channel.\r\n")
}

#[test]
fn the_boot_menu_waits_for_enter_once_a_key_was_pressed() {
    let boot = BootOptions { menu: Some(Span::millis(10_000)), ..BootOptions::default() };
    let boots = |keys: &str| {
        let options = MachineOptions { boot: boot.clone(), ..MachineOptions::default() };
        let mut rig = Rig::new(Os::Server2022, options);
        let shown = rig.pass(8.0);
        assert!(shown.contains("Choose an operating system to start"), "{shown:?}");
        assert!(shown.ends_with("started automatically: 7  "), "{shown:?}");
        let answer = rig.send(keys);
        (answer, rig.pass(60.0).contains("<machine-info>"), rig)
    };
    let (countdown, booted, _) = boots("");
    assert!(countdown.ends_with("started automatically: 6  ") && booted);
    assert!(boots("\r").1);
    let (stopped, booted, mut rig) = boots("\x1b\t0");
    assert_eq!((stopped.as_str(), booted), ("\x1b[12;1H\x1b[0K", false));
    assert_eq!(rig.pass(3600.0), "", "it waits for ever");
    assert!(rig.send("\x1b8").contains("Advanced Boot Options"));
    rig.send("\r");
    assert!(rig.pass(60.0).ends_with("EVENT: The CMD command is now available.\r\nSAC>"));
}

#[test]
fn during_setup_there_are_raw_channels_and_no_name() {
    let options = sac(SacOptions { setup: true, channel_switch_xml: true, ..SacOptions::default() });
    let mut rig = Rig::new(Os::Server2022, options);
    assert!(rig.pass(60.0).contains("<machine-info>\r\n<name>not yet initialized</name>\r\n"));
    let rows =
        "0 (AV)    SAC\r\n1 (AR)    setuplog.txt\r\n2 (AR)    setuperr.log\r\n3 (AR)    setupact.log\r\nSAC>";
    assert!(rig.send("ch\r").ends_with(rows));
    let seen = rig.send("ch -sn SETUPLOG.TXT\r");
    let seen = seen.strip_prefix("ch -sn SETUPLOG.TXT\r\n").unwrap();
    assert!(seen.starts_with(
        "<channel-switch>\r\n<name>setuplog.txt</name>\r\n<description>Setup tracing log</description>\r\n<type>Raw</type>"
    ));
    assert!(seen.contains("Type:                  Raw\r\n"));
    assert!(seen.contains("Application Type GUID: 5ed3bac7-a2f9-4e45-9875-b259ea3f291f\r\n"));
    // No repaint: the bytes that nobody has seen, once.
    assert_eq!(rig.send(" "), "Setup: begin\r\nSetup: copying files\r\nSetup: installing devices\r\n");
    assert_eq!(rig.send("keys go nowhere\r"), "");
    // ESC TAB goes round all of them.
    for name in ["setuperr.log", "setupact.log", "SAC"] {
        assert!(
            rig.send("\x1b\t").contains(&format!("\x1b[1;1HName:                  {name}\r\n")),
            "{name}"
        );
    }
}

#[test]
fn other_people_left_their_channels() {
    let found = |state, channels, leave| {
        let others = OtherOptions { channels, state, leave };
        Rig::running(Os::Server2022, MachineOptions { others, ..MachineOptions::default() })
    };
    let mut rig = found(OtherState::Login, 9, None);
    assert!(rig.send("ch\r").contains("0 (AV)    SAC\r\n1 (AV)    Cmd0001\r\n"));
    assert_eq!(rig.send("cmd\r"), "cmd\r\nThe maximum number of channels has been reached.\r\nSAC>");
    assert!(rig.machine.audit().entries().iter().all(|entry| matches!(entry.act, Act::Sac { .. })));

    let mut rig = found(OtherState::HalfTyped, 1, None);
    rig.send("ch -si 1\r");
    assert!(rig.send(" ").contains("Username: admini"));

    let mut rig = found(OtherState::Prompt, 2, None);
    rig.send("ch -si 2\r");
    rig.send(" ");
    assert_eq!(rig.send("echo open\r"), "echo open\r\nopen\r\n\r\nC:\\>");

    let mut rig = found(OtherState::Closed, 1, None);
    let rows = "0 (AV)    SAC\r\n1 (IV)    Cmd0001\r\n";
    assert!(rig.send("ch\r").contains(rows));
    // It stays until its output was seen; the next channel is at another index then.
    assert!(rig.send("cmd\r").contains("Channel: Cmd0002\r\n"));
    assert!(rig.send("ch\r").contains("1 (IV)    Cmd0001\r\n2 (AV)    Cmd0002\r\n"));
    rig.send("ch -si 1\r");
    assert!(rig.send(" ").contains("C:\\>"));
    rig.send("\x1b\t0");
    rig.send(" ");
    assert!(!rig.send("ch\r").contains("Cmd0001"));
    assert!(rig.send("cmd\r").contains("Channel: Cmd0003\r\n"));
    assert!(
        rig.send("ch\r").contains("1 (AV)    Cmd0003\r\n2 (AV)    Cmd0002\r\n"),
        "the slot is used again"
    );

    // Their end falls into a line that is typed.
    let mut rig = found(OtherState::Login, 2, Some(Span::millis(12_500)));
    assert_eq!(rig.send("shut"), "shut");
    assert_eq!(rig.pass(0.4), "");
    let event = |name: &str| format!("\r\nEVENT:   A channel has been closed.\r\nChannel: {name}\r\nSAC>");
    assert_eq!(rig.pass(1.2), event("Cmd0001"));
    assert_eq!(rig.pass(1.0), event("Cmd0002"));
    assert_eq!(rig.send("\x08\x08\x08\x08\x08id2\r")[..13], *"\x08 \x08\x08 \x08\x08 \x08\x08 \x08i");
}

#[test]
fn what_exit_shows_is_an_option() {
    for at_end in [AtEnd::SwitchScreen, AtEnd::Repaint] {
        let (mut rig, _) =
            Rig::logged_in(Os::Server2022, sac(SacOptions { at_end, ..SacOptions::default() }));
        let seen = rig.send("exit\r");
        let seen = seen.strip_prefix("exit\r\n").unwrap();
        assert_eq!(is_switch_screen(seen, "SAC"), at_end == AtEnd::SwitchScreen, "{seen:?}");
        let repaint = seen.starts_with("\x1b[2J\x1b[1;1H\x1b[0m\x1b[22m\x1b[25m");
        assert_eq!(repaint, at_end == AtEnd::Repaint, "{seen:?}");
    }
}

#[test]
fn what_is_typed_while_sac_works_piles_up() {
    let work = Span::millis(5_000);
    let options = sac(SacOptions { work, paging: false, ..SacOptions::default() });
    let mut rig = Rig::running(Os::Server2022, options.clone());
    assert_eq!(rig.send("s\rch"), "s\r\n");
    assert_eq!(rig.send(" -?"), "");
    let seen = rig.pass(4.0);
    assert!(seen.starts_with("Date: ") && seen.ends_with("SAC>ch -?"), "{seen:?}");
    // 1024 unread bytes look like none.
    let mut rig = Rig::running(Os::Server2022, options);
    rig.send("i\r");
    rig.send(&"x".repeat(1_000));
    rig.send(&"y".repeat(30));
    assert!(rig.pass(5.0).ends_with("SAC>yyyyyy"));
}

#[test]
fn cmd_may_fail_a_few_times_and_then_work() {
    for (outcome, message) in [
        (CmdOutcome::TimesOut, "Timeout: Unable to launch a Command Prompt."),
        (CmdOutcome::Fails, "Failed with status 0xC0000001.\r\n"),
        (CmdOutcome::Disabled, "Launching of Command Prompt channels is disabled.\r\n"),
    ] {
        let cmd = CmdOptions { outcome, times: 2, ..CmdOptions::default() };
        let mut rig = Rig::running(Os::Server2022, MachineOptions { cmd, ..MachineOptions::default() });
        for _ in 0..2 {
            assert!(rig.send("cmd\r").contains(message));
        }
        assert!(rig.send("cmd\r").contains("\r\nChannel: Cmd0001\r\n"));
    }
}

#[test]
fn a_refusal_or_a_timeout_may_end_at_the_switch_screen_of_the_channel() {
    let login = "Please enter login credentials.\r\nUsername: ";
    let session = SessionOptions {
        after_refusal: AfterRefusal::KeyThenSwitchScreen,
        timeout: Some(Span::millis(60_000)),
        at_timeout: AtTimeout::SwitchScreen,
        ..SessionOptions::default()
    };
    let options = MachineOptions { session, ..MachineOptions::default() };
    let mut rig = Rig::running(Os::Server2022, options);
    rig.send_all(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r"]);
    assert_eq!(rig.send("bad\r"), "***\r\nUnable to authenticate.\r\n");
    assert!(is_switch_screen(&rig.send("\r"), "Cmd0001"));
    let repaint = rig.send(" ");
    assert!(repaint.contains("Please enter login credentials.") && repaint.contains("Username: "));
    assert!(rig.send("ann\r\rpw\r").contains("Welcome"));
    assert_eq!(rig.pass(58.0), "");
    let seen = rig.pass(2.0);
    assert!(is_switch_screen(&seen, "Cmd0001") && !seen.contains(login), "{seen:?}");
    assert!(rig.send(" ").contains("Username: "));
    let logins = |outcome| {
        let entries = rig.machine.audit().entries();
        entries.iter().filter(|e| matches!(&e.act, Act::Login { outcome: o, .. } if *o == outcome)).count()
    };
    assert_eq!((logins(LoginOutcome::Accepted), logins(LoginOutcome::Refused)), (1, 1));
}

#[test]
fn the_machine_may_crash_while_a_line_runs() {
    let stop = StopOptions { at_line: std::num::NonZeroU32::new(2), ..StopOptions::default() };
    let (mut rig, _) = Rig::logged_in(Os::Server2022, MachineOptions { stop, ..MachineOptions::default() });
    assert_eq!(rig.send("echo one\r"), "echo one\r\none\r\n\r\nC:\\>");
    let seen = rig.send("wait 9\r");
    assert!(seen.starts_with("wait 9\r\n") && seen.ends_with("\n\r!SAC>"), "{seen:?}");
    assert!(rig.pass(60.0).ends_with("EVENT: The CMD command is now available.\r\nSAC>"));
    rig.send_all(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r", "pw\r"]);
    for _ in 0..3 {
        assert_eq!(rig.send("echo on\r"), "echo on\r\non\r\n\r\nC:\\>");
    }
    assert_eq!(rig.machine.audit().count(&Act::BugCheck { code: 0xA }), 1);
}

#[test]
fn a_full_disk_takes_no_output() {
    let options = MachineOptions { disk_free: Some(0), start: Start::Running, ..MachineOptions::default() };
    let world = super::tests::world(Os::Server2022);
    let mut rig = Rig::of(Machine::new(options, world));
    rig.send_all(&["cmd\r", "ch -si 1\r", " ", "ann\r", "\r", "pw\r"]);
    let seen = rig.send("echo x>C:\\Windows\\Temp\\x.txt\r");
    assert!(seen.contains("There is not enough space on the disk."), "{seen:?}");
}
