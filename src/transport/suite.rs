//! What every way in must do, run by the tests of each against a real counterpart.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};

use super::Line;

/// Every byte value and then 1 MiB, both ways at the same time.
pub(super) async fn carries_every_byte<L: AsyncRead + AsyncWrite + Unpin>(
    line: L,
    peer: impl AsyncRead + AsyncWrite,
) -> L {
    let text: Vec<u8> =
        (0..1 << 20).map(|n: u32| if n < 256 { n as u8 } else { (n * 7 + n / 253) as u8 }).collect();
    let (mut line_in, mut line_out) = split(line);
    let (mut peer_in, mut peer_out) = split(peer);
    let (there, back) = (text.clone(), text.iter().rev().copied().collect::<Vec<u8>>());
    let send = async {
        line_out.write_all(&there).await.unwrap();
        line_out.flush().await.unwrap();
    };
    let answer = async {
        peer_out.write_all(&back).await.unwrap();
        peer_out.flush().await.unwrap();
    };
    let hear = async { read(&mut line_in, back.len()).await };
    let listen = async { read(&mut peer_in, there.len()).await };
    let ((), (), heard, listened) = tokio::join!(send, answer, hear, listen);
    assert!(heard == back, "what the console sent is not what arrived");
    assert!(listened == there, "what was sent is not what the console got");
    line_in.unsplit(line_out)
}

/// Reads until the end and says why it ended.
pub(super) async fn hang_up(line: &mut impl Line) -> String {
    let mut rest = Vec::new();
    let error = line.read_to_end(&mut rest).await.err();
    // Asked again, an ended line says so again and does not wait.
    let again = line.read(&mut [0; 16]).await;
    assert!(!matches!(again, Ok(1..)), "bytes after the end");
    line.hang_up(error.as_ref())
}

async fn read(from: &mut (impl AsyncRead + Unpin), count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    from.read_exact(&mut bytes).await.unwrap();
    bytes
}
