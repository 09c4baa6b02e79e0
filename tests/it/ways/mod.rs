//! Every way in, with a real program as the other side: connect, type, a MiB both ways, every byte value, busy, break,
//! reconnect, hang-up. Each test says in one line what is missing where a program is not installed.

mod azure;
mod listen;
mod qemu;
mod rig;
mod ssh;
mod suite;
mod websocket;

use std::fs;
use std::path::Path;

use crate::program::Program;
use rig::{NullModem, Peer, free_port, listening, present, there};
use suite::{Far, Passes, Way, all, hang_up};

#[tokio::test]
async fn serial_and_pty_through_a_null_modem() {
    if !present(&["socat"]) {
        return;
    }
    for scheme in ["serial", "pty"] {
        let folder = tempfile::tempdir().unwrap();
        let modem = NullModem::new(folder.path());
        let way =
            Way::clean(format!("{scheme}:{}", modem.near.display()), "is in use by this sacpilot itself");
        let (mut line, _far) = all(&way, Far::Line(modem.console().await)).await;
        drop(modem.socat);
        let reason = hang_up(&mut line).await;
        // The third where another test's terminal has the number of this one already.
        let told = [
            "the port is gone (was the USB adapter unplugged?)",
            "the program at its other end closed it",
            "the other end hung up",
        ];
        assert!(told.contains(&reason.as_str()), "{scheme}: {reason}");
    }
}

#[tokio::test]
async fn sockets_of_socat() {
    if !present(&["socat"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (far, path, port) = (folder.path().join("far"), folder.path().join("vm.sock"), free_port());
    let terminal = format!("pty,raw,echo=0,link={}", far.display());
    let listeners = [
        (format!("unix-listen:{}", path.display()), format!("unix:{}", path.display())),
        (format!("tcp-listen:{port},bind=127.0.0.1,reuseaddr"), format!("tcp:127.0.0.1:{port}")),
    ];
    for (listener, endpoint) in listeners {
        // socat takes one connection and ends with it, so reconnect and busy are shown with others.
        let socat = Peer::until("socat", &["-d", "-d", &terminal, &listener], "listening on");
        there(&far).await;
        let mut console = rig::open(&format!("pty:{}", far.display())).await;
        let mut line = rig::open(&endpoint).await;
        suite::conversation(&Way::clean(endpoint.clone(), ""), &mut line, &mut console).await;
        drop(socat);
        assert_eq!(hang_up(&mut line).await, "the other side closed the connection", "{endpoint}");
        drop(console);
    }
}

/// A client that does not get in is not lost: it is started once, and what it said is told with what to do.
#[test]
fn a_client_that_is_refused_is_not_started_again() {
    for (says, told) in [
        (
            "error: The domain is not running",
            "sh exited with code 1: error: The domain is not running: `virsh start VM`",
        ),
        ("a text that nobody knows", "sh exited with code 1: a text that nobody knows"),
    ] {
        let said = Program::new("exec -t bench --user u -- ver")
            .variable("SACPILOT_PASSWORD", "not-asked-for")
            .file("targets.yaml", "targets:\n  bench: {endpoint: 'exec:sh client'}\n")
            .file("client", &format!("echo >>started\necho '{says}'\nexit 1\n"))
            .run()
            .code(255);
        assert!(said.stderr_text().contains(told), "{}", said.stderr_text());
        assert_eq!(fs::read_to_string(said.folder().join("started")).unwrap(), "\n");
    }
}

/// Who waits in vain is told why, not that there was no prompt.
#[test]
fn a_client_that_is_refused_for_as_long_as_one_waits_says_why() {
    let said = Program::new("exec -t bench --user u --wait 1s -- ver")
        .variable("SACPILOT_PASSWORD", "not-asked-for")
        .file("targets.yaml", "targets:\n  bench: {endpoint: 'exec:sh client'}\n")
        .file("client", "echo 'ssh: Could not resolve hostname bmc7'\nexit 255\n")
        .run()
        .code(255);
    let told = "sh exited with code 255: ssh: Could not resolve hostname bmc7: check the name, and it did not come back";
    assert!(said.stderr_text().contains(told), "{}", said.stderr_text());
}

/// ser2net in front of a null modem, listening as `accepter`.
async fn ser2net(folder: &Path, accepter: &str, port: u16) -> (Peer, NullModem) {
    let modem = NullModem::new(folder);
    let configuration = folder.join("ser2net.yaml");
    let text = format!(
        "connection: &console\n  accepter: {accepter},127.0.0.1,{port}\n  connector: serialdev,{},115200n81,local\n",
        modem.near.display()
    );
    fs::write(&configuration, text).unwrap();
    let peer = Peer::start("ser2net", &["-n", "-c", configuration.to_str().unwrap()]);
    listening(port).await;
    (peer, modem)
}

#[tokio::test]
async fn tcp_telnet_and_rfc2217_of_ser2net() {
    if !present(&["socat", "ser2net"]) {
        return;
    }
    for (scheme, accepter, query) in [
        ("tcp", "tcp", ""),
        ("telnet", "telnet,tcp", ""),
        ("rfc2217", "telnet(rfc2217),tcp", "?baud=9600&parity=even&stop=2"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let (server, modem) = ser2net(folder.path(), accepter, port).await;
        let way = Way::clean(format!("{scheme}:127.0.0.1:{port}{query}"), "");
        let way = Way { busy: if scheme == "tcp" { "Port already in use" } else { "in use" }, ..way };
        let (mut line, _far) = all(&way, Far::Line(modem.console().await)).await;
        drop(server);
        let reason = hang_up(&mut line).await;
        assert!(reason.contains("the other side"), "{scheme}: {reason}");
    }
}

/// ser2net answers no setting at all when it is in front of a socket: that is no reason not to go on.
#[tokio::test]
async fn rfc2217_without_any_answer() {
    if !present(&["socat", "ser2net"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (raw, port) = (free_port(), free_port());
    let (_server, modem) = ser2net(folder.path(), "tcp", raw).await;
    let configuration = folder.path().join("front.yaml");
    let text = format!(
        "connection: &front\n  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n  connector: tcp,127.0.0.1,{raw}\n"
    );
    fs::write(&configuration, text).unwrap();
    let _front = Peer::start("ser2net", &["-n", "-c", configuration.to_str().unwrap()]);
    listening(port).await;
    let mut console = modem.console().await;
    let endpoint = format!("rfc2217:127.0.0.1:{port}");
    let mut line = rig::open(&endpoint).await;
    suite::conversation(&Way::clean(endpoint, ""), &mut line, &mut console).await;
}

#[tokio::test]
async fn exec_of_the_client_of_conserver() {
    if !present(&["socat", "conserver", "console"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let modem = NullModem::new(folder.path());
    let port = free_port();
    let (configuration, passwords) = (folder.path().join("conserver.cf"), folder.path().join("passwords"));
    let text = format!(
        "default * {{ master localhost; logfile /dev/null; rw *; }}\n\
         console vm {{ type device; device {}; baud 115200; parity none; options !ixon,!ixoff; }}\n\
         access * {{ trusted 127.0.0.1; }}\n",
        modem.near.display()
    );
    fs::write(&configuration, text).unwrap();
    fs::write(&passwords, "").unwrap();
    let port = port.to_string();
    let [configuration, passwords] = [&configuration, &passwords].map(|path| path.to_str().unwrap());
    let arguments = ["-n", "-C", configuration, "-P", passwords, "-p", &port, "-M", "127.0.0.1"];
    let server = Peer::start("/usr/sbin/conserver", &arguments);
    listening(port.parse().unwrap()).await;
    // Ctrl-E begins a command of the client.
    let way = Way {
        endpoint: format!("exec:console -M 127.0.0.1 -p {port} vm"),
        passes: Passes::AllBut(0x05),
        azure: None,
        web: None,
        amount: 1 << 20,
        busy: "is attached]: close the other session, or take the console over: `console -f`",
    };
    let (mut line, _far) = all(&way, Far::Line(modem.console().await)).await;
    drop(server);
    let reason = hang_up(&mut line).await;
    assert!(reason.contains("console exited") || reason.contains("console closed"), "{reason}");

    let mut nobody = rig::open(&format!("exec:console -M 127.0.0.1 -p {port} vm")).await;
    let reason = hang_up(&mut nobody).await;
    assert!(reason.contains("Unable to connect to 127.0.0.1"), "{reason}");
}
