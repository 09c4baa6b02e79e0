//! `ws:` and `wss:` through websockify, which is what OpenStack's console proxy is made of.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sacpilot::transport::{self, OpenError};
use sacpilot::web::{Connector, Proxies};
use tokio::sync::mpsc::error::TryRecvError;

use super::rig::{Peer, free_port, listening, open, present, soon, try_open};
use super::ser2net;
use super::suite::{Far, Way, all, hang_up, speaks_with};
use crate::azure::way::proxy;

/// A token as OpenStack gives them.
const TOKEN: &str = "6b7f1cf1-7a4c-4f5e-9e0d-a7d9c1a4b3e2";

/// websockify in front of `console`, for those who have the token.
async fn websockify(folder: &Path, console: u16, more: &[&str]) -> (Peer, u16) {
    let tokens = folder.join("tokens");
    fs::write(&tokens, format!("{TOKEN}: 127.0.0.1:{console}\n")).unwrap();
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let by = ["--token-plugin", "TokenFile", "--token-source", tokens.to_str().unwrap(), &listen];
    let peer = Peer::start("websockify", &[more, &by[..]].concat());
    listening(port).await;
    (peer, port)
}

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
}

/// Nobody is asked for a way through a proxy of this computer.
fn connector(ca_file: Option<&Path>) -> Connector {
    Connector::new(Proxies::default(), ca_file).unwrap()
}

#[tokio::test]
async fn ws_and_wss_of_websockify() {
    if !present(&["socat", "ser2net", "websockify"]) {
        return;
    }
    for scheme in ["ws", "wss"] {
        let folder = tempfile::tempdir().unwrap();
        let raw = free_port();
        let (_server, modem) = ser2net(folder.path(), "tcp", raw).await;
        let (certificate, tls) = certificate(folder.path());
        let tls: Vec<&str> = tls.iter().map(String::as_str).collect();
        let more = if scheme == "wss" { &tls[..] } else { &[] };
        let (peer, port) = websockify(folder.path(), raw, more).await;

        let way = Way {
            web: Some(connector(Some(&certificate))),
            ..Way::clean(
                format!("{scheme}://127.0.0.1:{port}/?token={TOKEN}"),
                "Port already in use: close the other session",
            )
        };
        let (mut line, _far) = all(&way, Far::Line(modem.console().await)).await;
        assert_eq!(line.describe(), format!("websocket {scheme}://127.0.0.1:{port}/?…"));
        let secrets: Vec<String> = line.secrets().iter().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(secrets, [TOKEN]);
        drop(peer);
        let reason = hang_up(&mut line).await;
        assert!(reason.starts_with("the other side "), "{scheme}: {reason}");
        if scheme == "wss" {
            continue;
        }
        // The certificate of that one is nobody's here; this one speaks no TLS at all.
        let (_peer, port) = websockify(folder.path(), raw, more).await;
        let error = refused(&format!("wss://127.0.0.1:{port}/?token={TOKEN}")).await;
        assert_eq!(error.code(), "web-tls", "{error}");
        // Another token.
        let error = refused(&format!("ws://127.0.0.1:{port}/?token=3c2d1f5e-0000")).await;
        let said = format!("{error}: {}", error.help());
        assert!(said.contains("hung up without an answer") && said.contains("get a new address"), "{said}");
        assert!(!said.contains("3c2d1f5e"), "{said}");
    }
}

/// An office that lets nobody out but through its proxy, and asks who they are. What is not TLS is in the office: it goes
/// straight.
#[tokio::test]
async fn wss_goes_through_a_proxy_and_ws_does_not() {
    if !present(&["socat", "ser2net", "websockify"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let raw = free_port();
    let (_server, modem) = ser2net(folder.path(), "tcp", raw).await;
    let mut console = modem.console().await;
    let (certificate, tls) = certificate(folder.path());
    // user:pass word
    let (address, mut came) = proxy(Some("Basic dXNlcjpwYXNzIHdvcmQ=")).await;
    for (scheme, more) in [("ws", &[][..]), ("wss", &tls[..])] {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let (_peer, port) = websockify(folder.path(), raw, &more).await;
        let through = |account: &str| {
            let url = format!("http://{account}{address}");
            let proxies = Proxies::from_variables(|name| {
                ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].contains(&name).then(|| url.clone())
            });
            let endpoint = format!("{scheme}://127.0.0.1:{port}/?token={TOKEN}").parse().unwrap();
            transport::Way::new(endpoint)
                .over(Some(Connector::new(proxies.unwrap(), Some(&certificate)).unwrap()))
        };
        let known = through("user:pass%20word@");
        // The console takes one at a time; the one before may not be gone yet.
        let speaks = async { while !speaks_with(&mut known.open().await.unwrap(), &mut console).await {} };
        soon("the console", speaks).await;
        if scheme == "ws" {
            assert_eq!(came.try_recv(), Err(TryRecvError::Empty));
            continue;
        }
        let target = format!("CONNECT 127.0.0.1:{port} HTTP/1.1");
        assert_eq!(came.try_recv().as_deref(), Ok(target.as_str()));
        while let Ok(line) = came.try_recv() {
            assert_eq!(line, target);
        }
        let Err(error) = soon("a refusal", through("").open()).await else {
            panic!("the proxy took somebody without an account")
        };
        assert_eq!(error.to_string(), format!("the proxy {address} asks for an account"));
        assert_eq!(error.help(), "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT");
        assert_eq!(came.try_recv().as_deref(), Ok(target.as_str()));
    }
}

/// A certificate and its key, and what tells websockify of them.
fn certificate(folder: &Path) -> (PathBuf, [String; 5]) {
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&certificate, pem("CERTIFICATE", own.cert.der())).unwrap();
    fs::write(&key, pem("PRIVATE KEY", &own.signing_key.serialize_der())).unwrap();
    let [cert, key] = [&certificate, &key].map(|path| path.display().to_string());
    (certificate, ["--ssl-only".to_owned(), "--cert".to_owned(), cert, "--key".to_owned(), key])
}

async fn refused(endpoint: &str) -> OpenError {
    match try_open(endpoint).await {
        Ok(_) => panic!("{endpoint} is open"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_address_that_is_told_by_something_else() {
    if !present(&["socat", "ser2net", "websockify"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let raw = free_port();
    let (_server, modem) = ser2net(folder.path(), "tcp", raw).await;
    let (_peer, port) = websockify(folder.path(), raw, &[]).await;
    let file = folder.path().join("url");
    fs::write(&file, format!("ws://127.0.0.1:{port}/?token={TOKEN}\n")).unwrap();
    let mut console = modem.console().await;
    for endpoint in [format!("ws:file:{}", file.display()), format!("ws:command:cat {}", file.display())] {
        // The console takes one at a time; the one before may not be gone yet.
        let speaks = async { while !speaks_with(&mut open(&endpoint).await, &mut console).await {} };
        soon("the console", speaks).await;
    }
    for (endpoint, said) in [
        ("ws:command:echo not this", "what was told is no address of the websocket: `//` is missing"),
        (
            "ws:command:echo no such server >&2; exit 1",
            "the command for the address of the websocket failed: exit status: 1: no such server",
        ),
        ("ws:command:true", "the address of the websocket from the command is empty"),
        (
            "ws:env:SACPILOT_NOT_SET",
            "the environment variable SACPILOT_NOT_SET for the address of the websocket is not set",
        ),
    ] {
        let error = refused(endpoint).await;
        assert_eq!((error.code(), error.to_string().as_str()), ("ws-address", said));
    }
}
