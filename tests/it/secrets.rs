//! Law 7 on the real program: a whole repair of a machine whose password is marked, told as much as can be told. No
//! file that is left, nothing that it printed and no command line of a process holds the password in any form.
//!
//! Between the program and the machine lies a line of this test, so the machine's password can be anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sacpilot::sim::scenario::Scenario;
use sacpilot::sim::windows::SharedWorld;
use sacpilot::transport::{Pace, SimLine};
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::TcpListener;

use crate::program::Program;

/// Of the account. Long enough that a screen 80 columns wide may cut it.
const PASSWORD: &str = "Zq9-marked_Passw0rd.of.the.machine";

/// A parameter that is typed into answers.
const TOKEN: &str = "Vb7+marked=token/of.a.step";

/// Repairs, then types the token twice.
const TELLS: &str = r#"
script: tells
title: 'the repair, then a password'
about: |
  Types a secret.
params:
  token: {type: secret, about: 'what must not be seen'}
steps:
  - id: repair
    title: 'the repair itself'
    use: 'rdp-internal-error'
  - id: typed
    title: 'the account operator has its new password'
    in: cmd
    timeout: 2m
    dialogue:
      run: 'net user "operator" *'
      answers:
        - {text: 'Retype', send: '{{ token }}', echo: none}
        - {text: 'Type a password', send: '{{ token }}', echo: none}
        - {text: '(Y/N)', send: 'y'}
    undo: none
    why: 'the old password is not known'
"#;

#[tokio::test]
async fn a_whole_repair_leaves_no_secret_anywhere() {
    let text = format!(
        "{}account: {{user: operator, password: '{PASSWORD}'}}\n",
        include_str!("../../src/sim/scenarios/tls-12-disabled.yaml")
    );
    let running = [("start".to_owned(), "running".to_owned())];
    let scenario = Scenario::parse("marked", &text, &running).unwrap();
    let mut line = SimLine::new(
        "test",
        scenario.machine,
        SharedWorld::new(scenario.world),
        Pace { speed: 400, baud: None },
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();

    let arguments = format!(
        "run tells.yaml -t tcp:{address} --user operator --password-file password --secret token=file:token --yes \
         --runs-dir runs --record copy.cast -vvv"
    );
    let (folder, program) = Program::new(&arguments)
        .file("tells.yaml", TELLS)
        .file("password", &format!("{PASSWORD}\n"))
        .file("token", &format!("{TOKEN}\n"))
        .into_parts();
    let mut child = tokio::process::Command::from(program)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let watch = Watch::start();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let served = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut line).await;
    });
    let (mut said, mut told) = (Vec::new(), Vec::new());
    let (one, other) = tokio::join!(stdout.read_to_end(&mut said), stderr.read_to_end(&mut told));
    assert!(one.is_ok() && other.is_ok());
    let status = child.wait().await.unwrap();
    served.abort();
    let processes = watch.stop();

    let told_text = String::from_utf8_lossy(&told).into_owned();
    assert_eq!(status.code(), Some(0), "{}\n{told_text}", String::from_utf8_lossy(&said));
    let text = String::from_utf8_lossy(&said).into_owned();
    assert!(text.contains("restarted") && text.contains("the account operator"), "{text}");

    // Where the user keeps them.
    for file in ["password", "token"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    let mut places = vec![
        ("standard output".to_owned(), said),
        ("standard error".to_owned(), told),
        ("processes".to_owned(), processes),
    ];
    collect(folder.path(), &mut places);
    for file in
        ["journal.jsonl", "session.cast", "report.md", "report.json", "junit.xml", "plan.json", "copy.cast"]
    {
        assert!(places.iter().any(|(place, _)| place.ends_with(file)), "{file} is not among the places");
    }
    for secret in [PASSWORD, TOKEN] {
        let forms = forms(secret);
        for (place, bytes) in &places {
            if let Some(form) = holds(bytes, &forms) {
                panic!("{place} holds {:?} of {secret}", String::from_utf8_lossy(&form));
            }
        }
    }
}

#[test]
fn every_form_would_be_found() {
    let forms = forms(PASSWORD);
    let utf16: Vec<u8> = format!("x{PASSWORD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = String::from_utf8(hexadecimal(PASSWORD.as_bytes())).unwrap();
    for text in [
        PASSWORD.as_bytes().to_vec(),
        PASSWORD.as_bytes()[..20].to_vec(),
        PASSWORD.as_bytes()[12..].to_vec(),
        format!("{}\r\n{}", &PASSWORD[..5], &PASSWORD[5..]).into_bytes(),
        format!(r"{}\r\n{}", &PASSWORD[..5], &PASSWORD[5..]).into_bytes(),
        format!("a{PASSWORD}").into_bytes(),
        STANDARD_NO_PAD.encode(format!("ab{PASSWORD}")).into_bytes(),
        STANDARD_NO_PAD.encode(format!("a{PASSWORD}")).into_bytes(),
        STANDARD_NO_PAD.encode(&utf16).into_bytes(),
        utf16,
        hex.to_uppercase().into_bytes(),
    ] {
        assert!(holds(&text, &forms).is_some(), "{}", String::from_utf8_lossy(&text));
    }
    assert!(holds(b"nothing of it", &forms).is_none());
}

/// The command lines of all processes, again and again.
struct Watch {
    seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    done: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Watch {
    fn start() -> Self {
        let (seen, done) = (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(AtomicBool::new(false)));
        let (into, until) = (Arc::clone(&seen), Arc::clone(&done));
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
                    into.lock().unwrap().insert(line);
                }
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        Self { seen, done, thread }
    }

    fn stop(self) -> Vec<u8> {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.seen.lock().unwrap().iter().flatten().copied().collect()
    }
}

/// The secret and its halves, as text, UTF-16, base64 of both wherever they begin, hexadecimal of both.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let half = secret.len() / 2;
    let mut forms = Vec::new();
    for part in [secret, &secret[..half], &secret[half..]] {
        let utf16: Vec<u8> = part.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [part.as_bytes(), &utf16] {
            forms.push(bytes.to_vec());
            forms.push(hexadecimal(bytes));
            for before in 0..3 {
                let text = STANDARD_NO_PAD.encode([&vec![0; before], bytes].concat());
                // What neighbours decide is not part of it.
                forms
                    .push(text.as_bytes()[(before * 8).div_ceil(6)..(before + bytes.len()) * 8 / 6].to_vec());
            }
        }
    }
    forms
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// The form that is there: as it is, without anything that breaks lines, without NULs, or in capitals.
fn holds(bytes: &[u8], forms: &[Vec<u8>]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let broken = text.replace("\\r", "").replace("\\n", "").replace("\\u0000", "");
    let joined: String = broken.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let views = [bytes.to_vec(), joined.to_lowercase().into_bytes(), joined.into_bytes()];
    let found = |form: &&Vec<u8>| {
        views.iter().any(|view| view.windows(form.len()).any(|window| window == form.as_slice()))
    };
    forms.iter().find(found).cloned()
}

fn collect(folder: &Path, places: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, places);
        } else {
            places.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}
