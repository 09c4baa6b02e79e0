//! What a console said or heard inside a telnet stream, everything else left out: for captures of a network.

use super::decoder::{Decoder, Item};

/// One direction of a telnet stream, read for its data alone.
#[derive(Debug, Default)]
pub struct DataOf {
    decoder: Decoder,
    after_cr: bool,
}

impl DataOf {
    /// The console's bytes among these. A NUL behind a carriage return belongs to telnet (RFC 854).
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut data = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if let Some(Item::Data(byte)) = self.decoder.step(*byte) {
                if !(self.after_cr && byte == 0) {
                    data.push(byte);
                }
                self.after_cr = byte == b'\r';
            }
        }
        data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_is_left_however_it_was_cut() {
        let stream = b"\xff\xfb\x01SAC>\xff\xff\r\0\xff\xfa\x2c\x01\0\xff\xf0ch\r\n";
        for size in 1..=stream.len() {
            let mut data = DataOf::default();
            let read: Vec<u8> = stream.chunks(size).flat_map(|piece| data.push(piece)).collect();
            assert_eq!(read, b"SAC>\xff\rch\r\n", "{size}");
        }
    }
}
