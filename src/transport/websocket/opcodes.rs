//! Takes the text frames of a server for binary ones.
//!
//! The gateway cuts the console's bytes into text frames without regard to characters. RFC 6455 wants text to be
//! valid UTF-8, and tungstenite ends the connection where it is not; Microsoft's client switches that check off. So
//! the opcode is changed before tungstenite sees it: what comes is bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const OPCODE: u8 = 0x0f;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const MASKED: u8 = 0x80;

/// A stream of a server's frames in which there is no text.
#[derive(Debug)]
pub(in crate::transport) struct TextAsBinary<S> {
    stream: S,
    walk: Walk,
}

impl<S> TextAsBinary<S> {
    /// `stream` begins with the first frame.
    pub(super) fn new(stream: S) -> Self {
        Self { stream, walk: Walk::First }
    }
}

/// Where in a frame the next byte is (RFC 6455, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// The byte with the opcode.
    First,
    /// The byte with the short length.
    Length,
    /// Bytes of the long length that are still to come, and what it is so far; then the mask, if there is one.
    LongLength { rest: u8, length: u64, mask: u64 },
    /// Bytes that are none of our business.
    Payload { rest: u64 },
}

impl Walk {
    /// Walks over `bytes` and changes the opcodes among them.
    fn over(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            if let Self::Payload { rest } = *self {
                let step = rest.min((bytes.len() - at) as u64);
                at += step as usize;
                *self = Self::payload(rest - step);
            } else {
                *self = self.header(&mut bytes[at]);
                at += 1;
            }
        }
    }

    fn header(self, byte: &mut u8) -> Self {
        match self {
            Self::First => {
                if *byte & OPCODE == TEXT {
                    *byte = *byte & !OPCODE | BINARY;
                }
                Self::Length
            }
            Self::Length => {
                // A server does not mask; one that does is refused by tungstenite, not here.
                let mask = if *byte & MASKED == 0 { 0 } else { 4 };
                match *byte & !MASKED {
                    126 => Self::LongLength { rest: 2, length: 0, mask },
                    127 => Self::LongLength { rest: 8, length: 0, mask },
                    length => Self::payload(u64::from(length) + mask),
                }
            }
            Self::LongLength { rest, length, mask } => {
                let length = length << 8 | u64::from(*byte);
                if rest == 1 {
                    Self::payload(length.saturating_add(mask))
                } else {
                    Self::LongLength { rest: rest - 1, length, mask }
                }
            }
            Self::Payload { .. } => self,
        }
    }

    fn payload(rest: u64) -> Self {
        if rest == 0 { Self::First } else { Self::Payload { rest } }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TextAsBinary<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.walk.over(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TextAsBinary<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

    use super::*;

    /// Frames as tungstenite, who knows nothing of this filter, writes them.
    fn bytes(frames: &[(OpCode, usize, bool)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (opcode, length, last) in frames {
            let payload: Vec<u8> = (0..*length).map(|n| (n % 7) as u8).collect();
            let header = FrameHeader { opcode: *opcode, is_final: *last, ..FrameHeader::default() };
            Frame::from_payload(header, payload.into()).format(&mut bytes).unwrap();
        }
        bytes
    }

    fn changed(frames: &[(OpCode, usize, bool)]) -> Vec<(OpCode, usize, bool)> {
        let binary = OpCode::Data(Data::Binary);
        let change = |opcode| if opcode == OpCode::Data(Data::Text) { binary } else { opcode };
        frames.iter().map(|(opcode, length, last)| (change(*opcode), *length, *last)).collect()
    }

    fn opcode() -> impl Strategy<Value = OpCode> {
        prop_oneof![
            Just(OpCode::Data(Data::Text)),
            Just(OpCode::Data(Data::Binary)),
            Just(OpCode::Data(Data::Continue)),
            Just(OpCode::Control(Control::Ping)),
            Just(OpCode::Control(Control::Close)),
        ]
    }

    proptest! {
        #[test]
        fn only_text_is_changed_wherever_the_reads_fall(
            frames in prop::collection::vec(
                (opcode(), prop_oneof![0_usize..3, 120_usize..130, 65_530_usize..65_540], any::<bool>()),
                1..6,
            ),
            cuts in prop::collection::vec(1_usize..300, 1..40),
        ) {
            let mut stream = bytes(&frames);
            let mut walk = Walk::First;
            let mut rest = stream.as_mut_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at_mut((*cut).min(rest.len()));
                walk.over(now);
                rest = later;
            }
            prop_assert_eq!(walk, Walk::First);
            prop_assert!(stream == bytes(&changed(&frames)));
        }
    }
}
