//! The console as a line.

use std::time::Duration;

use sacpilot::azure::AzureError;
use sacpilot::bridge::Call;
use sacpilot::transport::{AzureLine, Line as _, OpenError, open_azure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, split};

use super::{Site, TOKEN, vm};

async fn open(site: &Site) -> Result<AzureLine, AzureError> {
    match open_azure(&site.azure(), &vm()).await {
        Err(OpenError::Azure(error)) => Err(error),
        other => Ok(other.unwrap()),
    }
}

async fn heard(line: &mut AzureLine, bytes: &[u8]) {
    let mut came = vec![0; bytes.len()];
    line.read_exact(&mut came).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&came), String::from_utf8_lossy(bytes));
}

/// Reads to the end and says why it ended.
async fn end(line: &mut AzureLine) -> String {
    let mut rest = Vec::new();
    let error = line.read_to_end(&mut rest).await.err();
    line.hang_up(error.as_ref())
}

/// All byte values, many times, in an order that cuts characters everywhere.
fn noise(length: u32) -> Vec<u8> {
    (0..length).map(|n| if n < 256 { n as u8 } else { (n * 7 + n / 253) as u8 }).collect()
}

#[tokio::test(start_paused = true)]
async fn one_mebibyte_goes_through_both_ways_in_every_kind_of_frame() {
    const MIB: u32 = 1 << 20;
    let modes = [
        ("frames=text", MIB),
        ("frames=binary", MIB),
        ("frames=mixed&cut=1000", MIB),
        ("frames=text&cut=1", MIB / 64),
        ("frames=mixed&cut=3", MIB / 32),
    ];
    for (switches, length) in modes {
        let mut site = Site::new(switches).await;
        let line = open(&site).await.unwrap();
        let there: String = "가나다 Ünïcode\r".chars().cycle().take(length as usize / 2).collect();
        let back = noise(length);
        let (mut line_in, mut line_out) = split(line);
        let (mut machine_in, mut machine_out) = split(&mut site.machine);
        let send = async {
            for piece in there.as_bytes().chunks(997) {
                line_out.write_all(piece).await.unwrap();
            }
        };
        let print = async { machine_out.write_all(&back).await.unwrap() };
        let mut came = vec![0; back.len()];
        let mut typed = vec![0; there.len()];
        let ((), (), read, listened) =
            tokio::join!(send, print, line_in.read_exact(&mut came), machine_in.read_exact(&mut typed));
        read.unwrap();
        listened.unwrap();
        assert!(came == back, "{switches}");
        assert!(typed == there.as_bytes(), "{switches}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_sent_once_as_text_after_the_first_word() {
    for (switches, after_first_message) in [("", true), ("silent-first", false)] {
        let mut site = Site::new(switches).await;
        let mut line = open(&site).await.unwrap();
        line.write_all(b"ch\r").await.unwrap();
        let mut typed = [0; 3];
        site.machine.read_exact(&mut typed).await.unwrap();
        assert_eq!(&typed, b"ch\r", "nothing but what was typed reaches the machine");
        let calls = site.bridge.calls();
        assert_eq!(calls.tokens(), [&Call::Token { text: true, accepted: true, after_first_message }]);
        assert_eq!(calls.leaks(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_console_stays_open_with_pings() {
    let mut site = Site::new("idle=60").await;
    let mut line = open(&site).await.unwrap();
    let began = tokio::time::Instant::now();
    // Nobody reads the line meanwhile.
    tokio::time::sleep(Duration::from_mins(30)).await;
    site.machine.write_all(b"SAC>").await.unwrap();
    heard(&mut line, b"SAC>").await;
    let pings = site.bridge.calls().all().iter().filter(|call| **call == Call::Ping).count();
    assert_eq!(pings as u64, began.elapsed().as_secs() / 20);
}

#[tokio::test(start_paused = true)]
async fn ends_are_explained() {
    let mut site = Site::new("").await;
    let mut first = open(&site).await.unwrap();
    let mut second = open(&site).await.unwrap();
    assert_eq!(
        end(&mut first).await,
        "the gateway closed the console normally (1000): an error of the service, its idle limit, or another user who \
         connected; the console takes one user at a time and the newest wins: agree with the others, then connect \
         again; what runs in the machine goes on"
    );
    site.machine.write_all(b"SAC>").await.unwrap();
    heard(&mut second, b"SAC>").await;

    let mut site = Site::new("drop=4").await;
    let mut line = open(&site).await.unwrap();
    site.machine.write_all(b"1234").await.unwrap();
    heard(&mut line, b"1234").await;
    let reason = end(&mut line).await;
    assert!(reason.starts_with("the connection to the gateway was dropped; check the network"), "{reason}");

    let site = Site::new("").await;
    let line = open(&site).await.unwrap();
    drop(line);
    let closed = async {
        while !site.bridge.calls().all().contains(&Call::Closed(1000)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_is_a_new_session_and_begins_with_the_past() {
    let mut site = Site::new("drop=5&replay=4&invalid").await;
    let mut line = open(&site).await.unwrap();
    heard(&mut line, &[0xA9, 0xFF, 0x80]).await;
    site.machine.write_all(b"12345").await.unwrap();
    heard(&mut line, b"12345").await;
    end(&mut line).await;
    let mut line = open(&site).await.unwrap();
    heard(&mut line, b"\xA9\xFF\x802345").await;
    let connects =
        site.bridge.calls().requests().iter().filter(|request| request.ends_with("/connect")).count();
    assert_eq!(connects, 2);
    assert_eq!(site.bridge.calls().tokens().len(), 2);
    assert_eq!(site.azure().open_console(&vm()).await.unwrap().token().expose(), TOKEN);
}
