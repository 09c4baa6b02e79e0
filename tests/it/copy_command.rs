//! `sacpilot copy` as a user has it: folders and several files with their times, JSON, a line that is cut, a program
//! that is killed, the refusal of hours, and progress on a terminal.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::connect::visit;
use crate::offered::{Offered, PASSWORD};
use crate::program::Program;

/// Even seconds: what a cabinet holds.
const THEN: u64 = 1_700_000_000;

fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(THEN)
}

/// Bytes that nothing makes smaller.
fn random(size: usize) -> Vec<u8> {
    let blocks = (0_u64..).map(|number| Sha256::digest(number.to_le_bytes()));
    let mut bytes: Vec<u8> = blocks.take(size.div_ceil(32)).flatten().collect();
    bytes.truncate(size);
    bytes
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(then()).unwrap();
}

/// `sacpilot copy WORDS`, with the account of the simulated machine.
fn copy(words: &str) -> Program {
    Program::new(&format!("copy {words}"))
        .variable("SACPILOT_USER", "azadmin")
        .variable("SACPILOT_PASSWORD", PASSWORD)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn folders_and_files_go_and_come_back_with_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let log = "a line like any other\r\n".repeat(300);
    let files: [(&str, &[u8]); 4] = [
        ("tools/r.bin", &random(700)),
        ("tools/sub/log one.txt", log.as_bytes()),
        ("tools/sub/nil.txt", b""),
        ("a.txt", b"a\n"),
    ];
    for (name, content) in files {
        write(&here.join("up").join(name), content);
    }
    let offered = Offered::new("healthy?start=running&profile=2019", "tcp:127.0.0.1:0");
    let up = here.join("up");
    let words =
        format!("{up}/tools {up}/a.txt {target}:C:\\Up --json", up = up.display(), target = offered.address);
    let said = copy(&words).run().code(0).stderr("");
    let told = lines(said.text());
    assert_eq!(told.len(), 4, "{}", said.text());
    for line in &told {
        let (_, content) =
            files.iter().find(|(name, _)| line["source"].as_str().unwrap().ends_with(name)).unwrap();
        let hash =
            Sha256::digest(content).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        assert_eq!((&line["bytes"], &line["sha256"]), (&content.len().into(), &hash.into()));
        assert_eq!(line["kept_time"], !content.is_empty());
        assert_eq!(line["resumed"], 0);
    }
    assert_eq!(told[1]["destination"], "C:\\Up\\tools\\sub\\log one.txt");

    let back = here.join("back");
    let words = format!("{}:C:\\Up\\* {}/", offered.address, back.display());
    let said = copy(&words).run().code(0).stderr("");
    let expected = format!("C:\\Up\\a.txt -> {}  2 bytes, ", back.join("a.txt").display());
    assert!(said.text().contains(&expected), "{}", said.text());
    for (name, content) in files {
        let came = back.join(name);
        assert!(fs::read(&came).unwrap() == content, "{name}");
        let modified = fs::metadata(&came).unwrap().modified().unwrap();
        assert!(content.is_empty() || modified == then(), "{name}: {modified:?}");
    }
    let mut left: Vec<_> = fs::read_dir(&back).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.txt", "tools"], "no part of a file stays");
}

/// The line is cut in the middle, made anew, and the file comes whole.
#[test]
fn a_line_that_is_cut_costs_what_was_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let content = random(20_000);
    write(&folder.path().join("r.bin"), &content);
    let there = Offered::new("healthy?start=running&disconnect.after_bytes=30000", "tcp:127.0.0.1:0");
    let words = format!("{}/r.bin {}:C:\\r.bin", folder.path().display(), there.address);
    let said = copy(&words).run().code(0);
    assert!(said.stderr_text().contains("to get it back"), "{}", said.stderr_text());
    let back = folder.path().join("back.bin");
    let words = format!("{}:C:\\r.bin {}", there.address, back.display());
    copy(&words).run().code(0);
    assert!(fs::read(&back).unwrap() == content);
}

/// What is done to a transfer on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harm {
    /// The program is killed.
    Kill,
    /// The line is cut for good.
    Cut,
}

/// Passes bytes between the program and the machine, and counts them; harm is done at `keys` or `shown`.
async fn harmed(harm: Harm, words: &str, machine: &str, keys: usize, shown: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let words = words.replace("TARGET", &format!("tcp:{}", listener.local_addr().unwrap()));
    let (_folder, program) = copy(&words).into_parts();
    let mut child = tokio::process::Command::from(program)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut client, _) = listener.accept().await.unwrap();
    let mut machine = TcpStream::connect(machine.strip_prefix("tcp:").unwrap()).await.unwrap();
    let (mut typed, mut came) = (0, 0);
    let (mut out, mut back) = ([0; 4096], [0; 4096]);
    while typed < keys && came < shown {
        tokio::select! {
            count = client.read(&mut out) => {
                let count = count.unwrap();
                assert!(count > 0, "it ended before it was killed, {typed} {came}");
                typed += count;
                machine.write_all(&out[..count]).await.unwrap();
            }
            count = machine.read(&mut back) => {
                let count = count.unwrap();
                came += count;
                client.write_all(&back[..count]).await.unwrap();
            }
        }
    }
    if harm == Harm::Kill {
        return child.kill().await.unwrap();
    }
    drop((client, listener, machine));
    assert_eq!(child.wait().await.unwrap().code(), Some(3));
}

fn again(words: &str, target: &str) -> Value {
    let said = copy(&format!("{} --json", words.replace("TARGET", target))).run().code(0);
    lines(said.text()).remove(0)
}

#[tokio::test]
async fn what_was_killed_or_cut_off_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let content = random(12_000);
    write(&folder.path().join("r.bin"), &content);
    let there = Offered::new("healthy?start=running", "tcp:127.0.0.1:0");
    // On its way there: less than a block had come, so it goes from its beginning.
    let up = format!("{}/r.bin TARGET:C:\\r.bin", folder.path().display());
    harmed(Harm::Kill, &up, &there.address, 9_000, usize::MAX).await;
    let said = again(&up, &there.address);
    assert_eq!((&said["bytes"], &said["resumed"]), (&12_000.into(), &0.into()));
    // On its way back, where what came lies here already.
    for harm in [Harm::Kill, Harm::Cut] {
        let back = folder.path().join("back.bin");
        let down = format!("TARGET:C:\\r.bin {} --reconnect 0s", back.display());
        harmed(harm, &down, &there.address, usize::MAX, 24_000).await;
        assert!(!back.exists(), "it takes its place whole");
        let said = again(&down, &there.address);
        assert!(said["resumed"].as_u64().unwrap() > 1_000, "{said}");
        assert!(fs::read(&back).unwrap() == content);
        assert_eq!(fs::metadata(&back).unwrap().modified().unwrap(), then());
        fs::remove_file(&back).unwrap();
    }
}

/// More than a block, so that an upload goes on as well: too long for every day.
/// `cargo test --test it copy_command::an_upload -- --ignored`
#[tokio::test]
#[ignore = "a minute"]
async fn an_upload_that_was_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let content = random(60_000);
    write(&folder.path().join("r.bin"), &content);
    let there = Offered::new("healthy?start=running", "tcp:127.0.0.1:0");
    let up = format!("{}/r.bin TARGET:C:\\r.bin", folder.path().display());
    harmed(Harm::Kill, &up, &there.address, 78_000, usize::MAX).await;
    let said = again(&up, &there.address);
    assert!(said["resumed"].as_u64().unwrap() > 45_000, "{said}");
    let back = folder.path().join("back.bin");
    again(&format!("TARGET:C:\\r.bin {}", back.display()), &there.address);
    assert!(fs::read(&back).unwrap() == content);
}

#[test]
fn hours_are_refused_with_the_estimate_and_begun_when_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let content = random(9_000);
    write(&folder.path().join("r.bin"), &content);
    let port = folder.path().join("com1");
    let _offered = Offered::new("healthy?start=running", &format!("pty:{}", port.display()));
    // What a terminal is told about its speed changes nothing.
    let target = |baud: u32| format!("serial:{}?baud={baud}:C:\\r.bin", port.display());
    let here = folder.path().join("r.bin");
    let refused = "error: 8.87 KiB would take about 2 hours on this line; nothing was copied\n  help: begin anyway with --yes, \
                   or copy less: select what you need on the machine first\n";
    copy(&format!("{} {}", here.display(), target(25))).run().code(2).stdout("").stderr(refused);
    let there = format!("{} {} --yes --quiet", here.display(), target(50));
    copy(&there).run().code(0).stdout("").stderr("");
    let back = folder.path().join("back.bin");
    let said = copy(&format!("{} {}", target(25), back.display())).run().code(2).stdout("");
    assert!(said.stderr_text().contains("would take about"), "{}", said.stderr_text());
    assert!(!back.exists());
}

#[tokio::test]
async fn a_terminal_shows_rate_and_time_left() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("r.bin"), &random(12_000));
    let words =
        format!("copy {}/r.bin sim:healthy?start=running&pace=real:C:\\r.bin", folder.path().display());
    let visit = visit(&words, &[]).await;
    assert_eq!(visit.code, Some(0), "{}", visit.shown);
    let progress =
        regex::Regex::new(r"C:\\r\.bin  [0-9.]+ Ki?B of 11\.[0-9]+ KiB  [0-9.]+ Ki?B/s  \d+s left").unwrap();
    assert!(progress.is_match(&visit.shown), "{}", visit.shown);
    assert!(visit.shown.contains("12000 bytes"), "{}", visit.shown);
    visit.terminal_is_as_it_was();
}
