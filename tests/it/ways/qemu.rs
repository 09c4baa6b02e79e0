//! QEMU's serial ports: a real UART (well, QEMU's), driven by a little machine code that sends back what comes in.

use std::fs;
use std::path::{Path, PathBuf};

use super::rig::{Peer, free_port, listening, open, present, soon, there};
use super::suite::{Far, Passes, Way, all, hang_up};

/// Sleeps until bytes come to COM1 (3F8), and sends each back when the transmitter is empty: one that asks all the time keeps
/// QEMU from its sockets.
const ECHO: [u8; 103] = [
    // cli; segments 0, the stack below; the vector of IRQ 4 (30) leads to the last line
    0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0xC7, 0x06, 0x30, 0x00, 0x60, 0x7C, 0xA3,
    0x32, 0x00,
    // 115,200 baud (3FB: 83, 3F8: 1, 3F9: 0), 8N1 (3FB: 3), a FIFO that waits for 14 bytes or a pause (3FA: C7)
    0xBA, 0xFB, 0x03, 0xB0, 0x83, 0xEE, 0xBA, 0xF8, 0x03, 0xB0, 0x01, 0xEE, 0x42, 0xB0, 0x00, 0xEE, 0xBA,
    0xFB, 0x03, 0xB0, 0x03, 0xEE, 0x4A, 0xB0, 0xC7, 0xEE,
    // an interrupt for what comes (3F9: 1), its wire connected (3FC: B), IRQ 4 let through (21)
    0x4A, 0xB0, 0x01, 0xEE, 0xBA, 0xFC, 0x03, 0xB0, 0x0B, 0xEE, 0xE4, 0x21, 0x24, 0xEF, 0xE6, 0x21,
    // the line status (3FD) has bit 1: below; else sti, hlt, cli, and again
    0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01, 0x75, 0x05, 0xFB, 0xF4, 0xFA, 0xEB, 0xF3,
    // the byte; when the line status has bit 20, it goes back
    0xBA, 0xF8, 0x03, 0xEC, 0x88, 0xC4, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x20, 0x74, 0xFB, 0xBA, 0xF8, 0x03,
    0x88, 0xE0, 0xEE, 0xEB, 0xDD, // an interrupt: out 20,20; iret
    0x50, 0xB0, 0x20, 0xE6, 0x20, 0x58, 0xCF,
];

fn floppy(folder: &Path) -> PathBuf {
    let mut sector = [0; 512];
    sector[..ECHO.len()].copy_from_slice(&ECHO);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    let path = folder.join("echo.img");
    fs::write(&path, sector).unwrap();
    path
}

fn machine(folder: &Path, serial: &str) -> Peer {
    let drive = format!("file={},format=raw,if=floppy,readonly=on", floppy(folder).display());
    let arguments = ["-accel", "tcg", "-m", "16", "-display", "none", "-monitor", "none", "-net", "none"];
    let arguments = [&arguments[..], &["-boot", "a", "-drive", &drive, "-serial", serial]].concat();
    Peer::start("qemu-system-x86_64", &arguments)
}

#[tokio::test]
async fn unix_tcp_and_telnet_of_qemu() {
    if !present(&["qemu-system-x86_64"]) {
        return;
    }
    for scheme in ["unix", "tcp", "telnet"] {
        let folder = tempfile::tempdir().unwrap();
        let (path, port) = (folder.path().join("vm.sock"), free_port());
        let address = if scheme == "unix" { path.display().to_string() } else { format!("127.0.0.1:{port}") };
        let machine = machine(folder.path(), &format!("{scheme}:{address},server=on,wait=off"));
        match scheme {
            "unix" => there(&path).await,
            _ => listening(port).await,
        }
        // QEMU takes a second connection and lets it wait: nobody can tell it that the console is taken.
        let way = Way { amount: 64 << 10, ..Way::clean(format!("{scheme}:{address}"), "") };
        // QEMU 7.2 understands an escaped 255 and does not escape those that it sends.
        let passes = if scheme == "telnet" { Passes::AllBut(0xFF) } else { Passes::Everything };
        let way = Way { passes, ..way };
        let (mut line, _) = all(&way, Far::Echo).await;
        drop(machine);
        let reason = hang_up(&mut line).await;
        assert!(reason.starts_with("the other side"), "{scheme}: {reason}");
    }
}

#[tokio::test]
async fn a_terminal_of_qemu() {
    if !present(&["qemu-system-x86_64"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // QEMU names the terminal on its standard output only; the monitor tells it as well.
    let (machine, path) = {
        let monitor = folder.path().join("monitor.sock");
        let monitor_argument = format!("unix:{},server=on,wait=off", monitor.display());
        let drive = format!("file={},format=raw,if=floppy,readonly=on", floppy(folder.path()).display());
        let machine = Peer::start(
            "qemu-system-x86_64",
            &[
                "-accel",
                "tcg",
                "-m",
                "16",
                "-display",
                "none",
                "-monitor",
                &monitor_argument,
                "-net",
                "none",
                "-boot",
                "a",
                "-drive",
                &drive,
                "-serial",
                "pty",
            ],
        );
        there(&monitor).await;
        (machine, soon("the name of the terminal", terminal(&monitor)).await)
    };
    for scheme in ["pty", "serial"] {
        let way =
            Way { amount: 64 << 10, ..Way::clean(format!("{scheme}:{path}"), "by this sacpilot itself") };
        all(&way, Far::Echo).await;
    }
    let mut line = open(&format!("pty:{path}")).await;
    drop(machine);
    assert_eq!(hang_up(&mut line).await, "the program at its other end closed it");
}

/// Asks QEMU's monitor which terminal the serial port is.
async fn terminal(monitor: &Path) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let mut monitor = open(&format!("unix:{}", monitor.display())).await;
    monitor.write_all(b"info chardev\n").await.unwrap();
    let mut said = String::new();
    loop {
        let byte = monitor.read_u8().await.unwrap();
        said.push(char::from(byte));
        // `serial0: filename=pty:/dev/pts/3`
        if byte == b'\n'
            && let Some((_, path)) = said.rsplit_once("filename=pty:")
        {
            return path.trim().to_owned();
        }
    }
}
