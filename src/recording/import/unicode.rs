//! Logs that went through a Windows tool: UTF-16 (PowerShell's `>`), or UTF-8 behind a byte order mark.

use std::io::{self, BufRead, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};

/// The bytes of a log as the console sent them: UTF-8, without a byte order mark.
pub(super) fn as_utf8(mut input: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let head = input.fill_buf()?;
    let decoder = if head.starts_with(&[0xff, 0xfe]) {
        UTF_16LE.new_decoder_with_bom_removal()
    } else if head.starts_with(&[0xfe, 0xff]) {
        UTF_16BE.new_decoder_with_bom_removal()
    } else {
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            input.consume(3);
        }
        return Ok(input);
    };
    Ok(Box::new(BufReader::new(Decoded { input, decoder, text: Vec::new(), done: false })))
}

struct Decoded {
    input: Box<dyn BufRead + Send>,
    decoder: Decoder,
    text: Vec<u8>,
    done: bool,
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text.is_empty() && !self.done {
            let bytes = self.input.fill_buf()?;
            let last = bytes.is_empty();
            let mut text = [0; 8192];
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut text, last);
            self.input.consume(read);
            self.text.extend_from_slice(&text[..written]);
            self.done = last && result == CoderResult::InputEmpty;
        }
        let count = self.text.len().min(out.len());
        out[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_log_of_powershell_reads_as_the_console_sent_it() {
        let text = "SAC>\r\n한국어 😀 ".repeat(4000);
        let little: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        for bytes in [little, big, marked, text.clone().into_bytes()] {
            let mut read = String::new();
            as_utf8(Box::new(Cursor::new(bytes))).unwrap().read_to_string(&mut read).unwrap();
            assert!(read == text);
        }
    }
}
