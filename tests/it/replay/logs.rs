//! Logs of other tools: read, explained, replayed against the driver.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use etherparse::PacketBuilder;
use sacpilot::recording::{Import, Kind};

use super::{fresh, replayed, sacpilot};

/// Milliseconds, whether the console said it, and what.
type Moment = (u32, bool, Vec<u8>);

/// What the console of a fresh recording said, and every event of both directions.
fn events(cast: &Path) -> (Vec<u8>, Vec<Moment>) {
    let (mut said, mut both) = (Vec::new(), Vec::new());
    for event in Import::new(fs::File::open(cast).unwrap()).unwrap().map(Result::unwrap) {
        let ms = event.at.as_millis() as u32;
        match event.kind {
            Kind::Output(bytes) => {
                said.extend(&bytes);
                both.push((ms, true, bytes));
            }
            Kind::Input(bytes) => both.push((ms, false, bytes)),
            _ => {}
        }
    }
    (said, both)
}

/// The explanation without its times and marks: a log has neither.
fn deeds(log: &Path, arguments: &[&str]) -> Vec<String> {
    let (said, code) = replayed(log, &[&["--explain"], arguments].concat());
    assert_eq!(code, 0, "{said}");
    let deed = |line: &str| line.split_once(" s  ").unwrap().1.to_owned();
    said.lines().map(deed).filter(|deed| !deed.starts_with("mark: ")).collect()
}

/// The packets of a TCP connection to a terminal server that speaks telnet, each with its millisecond.
fn packets(both: &[Moment]) -> Vec<(u32, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut sequence = [1000_u32, 5000];
    let greeting = [(0, true, b"\xff\xfb\x01\xff\xfb\x03".to_vec())];
    for (ms, console, bytes) in greeting.iter().chain(both) {
        for piece in bytes.chunks(1400) {
            let (near, far) = (([10, 0, 0, 9], 50_123), ([10, 0, 0, 1], 2001));
            let (from, to) = if *console { (far, near) } else { (near, far) };
            let number = &mut sequence[usize::from(*console)];
            let packet = PacketBuilder::ethernet2([1; 6], [2; 6])
                .ipv4(from.0, to.0, 64)
                .tcp(from.1, to.1, *number, 8192);
            let mut written = Vec::new();
            packet.write(&mut written, piece).unwrap();
            *number += piece.len() as u32;
            packets.push((*ms, written));
        }
    }
    packets
}

/// The capture as `tcpdump -w` writes it: a header, and one before each packet.
fn capture(both: &[Moment]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1]);
    for (ms, packet) in packets(both) {
        let length = packet.len() as u32;
        file.extend(words(&[1_700_000_000 + ms / 1000, ms % 1000 * 1000, length, length]));
        file.extend(packet);
    }
    file
}

/// The capture as Wireshark writes it (pcapng): blocks, each with its length in front and behind, of an unknown kind too, with
/// times of the nanosecond.
fn capture_ng(both: &[Moment]) -> Vec<u8> {
    fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
        let length = (body.len().next_multiple_of(4) + 12) as u32;
        file.extend([kind, length].map(u32::to_le_bytes).concat());
        file.extend(body);
        file.resize(file.len().next_multiple_of(4), 0);
        file.extend(length.to_le_bytes());
    }
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = Vec::new();
    // The section; two interfaces (Ethernet), the second counts nanoseconds.
    block(&mut file, 0x0a0d_0d0a, &words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]));
    block(&mut file, 1, &words(&[1, 65_535]));
    block(&mut file, 1, &[words(&[1, 65_535]), vec![9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0]].concat());
    block(&mut file, 0x0bad_cafe, b"of a later version");
    for (ms, packet) in packets(both) {
        let at = (1_700_000_000_000 + u64::from(ms)) * 1_000_000;
        let length = packet.len() as u32;
        let head = words(&[1, (at >> 32) as u32, at as u32, length, length]);
        block(&mut file, 6, &[head, packet].concat());
    }
    file
}

#[test]
fn a_log_of_every_tool_tells_the_same_story() {
    let (folder, cast, _) = fresh();
    let (said, both) = events(&cast);
    let told = deeds(&cast, &[]);
    assert!(told.iter().any(|deed| deed == "SAC: cmd"), "{told:?}");
    // Our commands are known by what was typed, which only a recording and a capture hold.
    let heard: Vec<String> =
        told.iter().filter(|deed| !deed.starts_with("sacpilot runs: ")).cloned().collect();
    let runs = |deed: &String| deed.starts_with("sacpilot runs: reg query \"HKLM");
    assert!(heard.len() < told.len() && told.iter().any(runs), "{told:?}");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let joined = |parts: &[&[u8]]| parts.concat();
    let text = String::from_utf8(said.clone()).unwrap();
    let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let script = joined(&[
        b"Script started on 2026-11-28 [TERM=\"xterm\"]\n",
        &said,
        b"\nScript done on 2026-11-28\n",
    ]);
    for (name, bytes) in [
        ("minicom.cap", said.clone()),
        ("bootdiagnostics.log", joined(&[b"\xef\xbb\xbf", &said])),
        ("powershell.txt", wide),
        ("putty.log", joined(&[b"=~=~=~=~=~= PuTTY log 2026.11.28 10:00:00 =~=~=~=~=~=\r\n", &said])),
        ("typescript", script),
        ("console.pcap", capture(&both)),
        ("console.pcapng", capture_ng(&both)),
    ] {
        let log = file(name, &bytes);
        let told = if name.contains(".pcap") { &told } else { &heard };
        assert_eq!(&deeds(&log, &[]), told, "{name}");
        // No packet and no line is needed in one piece: a log that was compressed is the same.
        let status = Command::new("gzip").arg("-k").arg(&log).status();
        if status.is_ok_and(|status| status.success()) {
            assert_eq!(&deeds(&folder.path().join(format!("{name}.gz")), &[]), told, "{name}.gz");
        }
    }
    // A log with a time in front of each line, as minicom writes it with timestamps on.
    let mut stamped = String::new();
    for (number, line) in text.split_inclusive('\n').enumerate() {
        write!(stamped, "[2026-11-28 10:{:02}:{:02}] {line}", number / 60 % 60, number % 60).unwrap();
    }
    let log = file("stamped.cap", stamped.as_bytes());
    assert_eq!(deeds(&log, &[]), heard, "with times");
}

/// A capture has both directions: the driver is driven against it as against our own recording.
#[test]
fn a_capture_of_the_network_is_a_machine() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("exec.cast");
    let mut call = sacpilot();
    let output =
        call.args(["exec", "-t", "sim:healthy", "--record"]).arg(&cast).args(["--", "ver"]).output().unwrap();
    assert!(output.status.success());
    let (_, both) = events(&cast);
    let pcap = folder.path().join("console.pcap");
    fs::write(&pcap, capture(&both)).unwrap();
    let ng = folder.path().join("console.pcapng");
    fs::write(&ng, capture_ng(&both)).unwrap();
    let saved = |capture: &Path| {
        let saved = folder.path().join("saved.cast");
        let (said, code) = replayed(capture, &["--save-cast", saved.to_str().unwrap()]);
        assert!(code == 0 && said.ends_with("from a capture of a network\n"), "{said}");
        events(&saved).1
    };
    let again = saved(&pcap);
    // The same moments, whichever kind of file.
    assert!(saved(&ng) == again);
    let joined = |events: &[Moment], out| {
        events.iter().filter(|event| event.1 == out).flat_map(|event| event.2.clone()).collect::<Vec<u8>>()
    };
    for out in [true, false] {
        assert!(joined(&again, out) == joined(&both, out), "direction {out}");
    }
    let (said, code) = replayed(&pcap, &["--explain", "--console", "10.0.0.7"]);
    assert!(code == 2 && said.contains("it has 10.0.0.1:2001, 10.0.0.9:50123"), "{said}");
}

#[test]
fn given_timing_and_given_speed_count() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let log = write("typescript", "Script started on 2026\nSAC>ch\r\nC:\\>\r\nScript done on 2026\n");
    let timing = write("timing", "12.5 4\n30.0 9\n");
    let wrong = write("wrong", "soon 4\n");
    let explained = |arguments: &[&str]| replayed(Path::new(&log), &[&["--explain"], arguments].concat());
    let expected = "    12.500 s  SAC shows its prompt\n    42.500 s  SAC: ch\n    42.500 s  a command prompt is there\n";
    assert_eq!(explained(&["--timing", &timing]), (expected.to_owned(), 0));
    let (said, code) = explained(&["--timing", &wrong]);
    assert!(
        code == 2 && said.contains("line 1 of the timing file is no delay and count: `soon 4`"),
        "{said}"
    );
    let (said, _) = explained(&["--baud", "300"]);
    assert!(said.contains("0.267 s  a command prompt is there"), "{said}");
}
