//! QEMU's serial ports: a real UART (well, QEMU's), driven by 30 bytes of machine code that send back what comes in.

use std::fs;
use std::path::{Path, PathBuf};

use super::rig::{Peer, free_port, listening, open, present, soon, there};
use super::suite::{Far, Passes, Way, all, hang_up};

/// Polls the line status of COM1 (0x3FD), reads a byte (0x3F8), waits until the transmitter is empty, sends it back.
const ECHO: [u8; 30] = [
    0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01, 0x74, 0xFB, // mov dx,3FD; in al,dx; test al,1; jz -5
    0xBA, 0xF8, 0x03, 0xEC, 0x88, 0xC4, // mov dx,3F8; in al,dx; mov ah,al
    0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x20, 0x74, 0xFB, // mov dx,3FD; in al,dx; test al,20; jz -5
    0xBA, 0xF8, 0x03, 0x88, 0xE0, 0xEE, 0xEB, 0xE2, // mov dx,3F8; mov al,ah; out dx,al; jmp -30
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
