//! An adapter that is unplugged under a person, and plugged in again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use pty_process::Pty;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr, ttyname};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::person::Person;

/// A new terminal under the same name, as `/dev/serial/by-id/…` leads to one that comes back.
fn plug(path: &Path) -> Pty {
    let (adapter, terminal) = pty_process::open().unwrap();
    // As a serial line is: without echo from the first moment on.
    let mut mode = tcgetattr(&terminal).unwrap();
    mode.make_raw();
    tcsetattr(&terminal, OptionalActions::Now, &mode).unwrap();
    symlink(ttyname(&terminal, Vec::new()).unwrap().to_str().unwrap(), path).unwrap();
    adapter
}

#[tokio::test]
async fn a_person_goes_on_when_the_adapter_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttyUSB0");
    let mut adapter = plug(&path);
    let port = format!("serial:{}?dtr=off&rts=on", path.display());
    let mut person = Person::at(folder.path(), &[&port, "--wait", "5m", "--no-record"]);
    adapter.write_all(b"SAC>").await.unwrap();
    person.reads("SAC>").await;
    // A terminal has no such signals: that is told, and no reason not to go on.
    for signal in ["DTR", "RTS"] {
        assert!(person.shown.contains(&format!("does not take {signal}: ")), "{}", person.shown);
    }

    fs::remove_file(&path).unwrap();
    drop(adapter);
    person.reads("waiting for it to come back; Ctrl-C leaves]\r\n").await;
    // Not for whatever is there next.
    person.presses(b"shutdown\r").await;
    person.reads("\x07").await;
    let mut adapter = plug(&path);
    person.reads("[sacpilot: the console is there]").await;
    adapter.write_all(b"\r\nSAC>").await.unwrap();
    person.reads("SAC>").await;
    person.presses(b"ch\r").await;
    let mut typed = [0; 3];
    adapter.read_exact(&mut typed).await.unwrap();
    assert_eq!(&typed, b"ch\r");

    // Once more, and somebody who has waited enough.
    fs::remove_file(&path).unwrap();
    drop(adapter);
    person.reads("Ctrl-C leaves]").await;
    person.leaves().await;
}

#[tokio::test]
async fn a_person_who_does_not_wait_is_told_that_the_adapter_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttyUSB0");
    let mut adapter = plug(&path);
    let mut person = Person::at(folder.path(), &[&format!("serial:{}", path.display()), "--no-record"]);
    adapter.write_all(b"SAC>").await.unwrap();
    person.reads("SAC>").await;
    fs::remove_file(&path).unwrap();
    drop(adapter);
    person.reads("115200 8N1: the port is gone (was the USB adapter unplugged?)").await;
    assert!(!person.shown.contains("waiting for it"), "{}", person.shown);
}
