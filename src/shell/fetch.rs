//! The output of a command as the session's helper shows it: a header, then base64 in numbered lines, a page of the
//! screen at a time, proven whole by length and SHA-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::screen::{ROWS, Screen};

/// There is no file with the output: the machine could not write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotWritten {
    /// The exit code all the same.
    pub(super) code: i32,
}

/// Bytes in one line of `certutil -encode`: 64 base64 characters.
const BYTES_PER_LINE: u64 = 48;

/// What the helper says of a finished command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Its exit code.
    pub(super) code: i32,
    /// Bytes it wrote.
    pub(super) size: u64,
    /// SHA-256 of them, lower-case hex; meaningless when there are none.
    pub(super) hash: String,
}

/// Reads the header with this number from the first two rows: `#17 0 523` and the hash below it.
pub(super) fn header(screen: &Screen, sequence: u32) -> Option<Result<Header, NotWritten>> {
    let row = screen.row(0);
    let mut words = row.split(' ');
    if words.next()? != format!("#{sequence}") {
        return None;
    }
    let code = words.next()?.parse().ok()?;
    let size = words.next()?;
    if words.next().is_some() {
        return None;
    }
    if size == "-" {
        return Some(Err(NotWritten { code }));
    }
    Some(Ok(Header { code, size: size.parse().ok()?, hash: screen.row(1).to_ascii_lowercase() }))
}

/// Whether this screen is the page with this number.
pub(super) fn is_page(screen: &Screen, sequence: u32) -> bool {
    screen.row(0) == format!("#{sequence}")
}

/// The pieces of an output that arrived so far.
#[derive(Debug)]
pub(super) struct Pieces {
    header: Header,
    /// Base64 of each line, by its number from 0.
    lines: Vec<Option<String>>,
}

impl Pieces {
    /// Nothing yet of what the header announces.
    pub(super) fn of(header: Header) -> Self {
        let count = header.size.div_ceil(BYTES_PER_LINE) as usize;
        Self { header, lines: vec![None; count] }
    }

    /// Takes the numbered lines that the screen shows: `12:TWFu…`. Line 1 of the file is certutil's heading.
    pub(super) fn take(&mut self, screen: &Screen) {
        for row in 0..ROWS {
            let text = screen.row(row);
            let Some((number, base64)) = text.split_once(':') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            let Some(index) = number.checked_sub(2) else { continue };
            let expected = self.length_of(index);
            if let Some(slot) = self.lines.get_mut(index)
                && base64.len() == expected
            {
                *slot = Some(base64.to_owned());
            }
        }
    }

    /// The page that holds the first missing line: lines `10 n` to `10 n + 19` of the file, as two patterns for the
    /// line number (`[0-9]`, `12[0-9]`). `None` when nothing is missing.
    pub(super) fn missing(&self) -> Option<[String; 2]> {
        let index = self.lines.iter().position(Option::is_none)?;
        let tens = (index + 2) / 10;
        let pattern = |tens: usize| if tens == 0 { "[0-9]".to_owned() } else { format!("{tens}[0-9]") };
        Some([pattern(tens), pattern(tens + 1)])
    }

    /// The output, when it is whole and unaltered.
    ///
    /// # Errors
    /// Says what is wrong; then everything is to be fetched again.
    pub(super) fn whole(&self) -> Result<Vec<u8>, String> {
        if self.header.size == 0 {
            return Ok(Vec::new());
        }
        let text: String = self.lines.iter().flatten().map(String::as_str).collect();
        let bytes = STANDARD.decode(&text).map_err(|error| format!("base64: {error}"))?;
        if bytes.len() as u64 != self.header.size {
            return Err(format!("{} bytes instead of {}", bytes.len(), self.header.size));
        }
        let hash = hex(&Sha256::digest(&bytes));
        if hash != self.header.hash {
            return Err("its SHA-256 differs from the one computed on the machine".to_owned());
        }
        Ok(bytes)
    }

    /// Forgets all lines, to fetch them again.
    pub(super) fn forget(&mut self) {
        self.lines.fill(None);
    }

    fn length_of(&self, index: usize) -> usize {
        let left = self.header.size.saturating_sub(index as u64 * BYTES_PER_LINE).min(BYTES_PER_LINE);
        (left.div_ceil(3) * 4) as usize
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &[String]) -> Screen {
        let mut screen = Screen::new();
        rows.join("\r\n").chars().for_each(|c| screen.feed(c));
        screen
    }

    /// The file as `certutil -encode` and `findstr /n` would show it, independent of the code above.
    fn numbered(bytes: &[u8]) -> Vec<String> {
        let mut lines = vec!["1:-----BEGIN CERTIFICATE-----".to_owned()];
        for chunk in bytes.chunks(48) {
            lines.push(format!("{}:{}", lines.len() + 1, STANDARD.encode(chunk)));
        }
        lines.push(format!("{}:-----END CERTIFICATE-----", lines.len() + 1));
        lines
    }

    fn fetched(bytes: &[u8]) -> Vec<u8> {
        let hash = hex(&Sha256::digest(bytes));
        let mut pieces = Pieces::of(Header { code: 0, size: bytes.len() as u64, hash });
        let lines = numbered(bytes);
        let mut pages = 0;
        while let Some(patterns) = pieces.missing() {
            let selected = regex::Regex::new(&format!("^({}):", patterns.join("|"))).unwrap();
            let page: Vec<String> = lines.iter().filter(|line| selected.is_match(line)).cloned().collect();
            assert!(page.len() <= 20);
            pieces.take(&shown(&page));
            pages += 1;
            assert!(pages <= lines.len());
        }
        pieces.whole().unwrap()
    }

    #[test]
    fn every_size_is_fetched_whole() {
        for size in [0, 1, 2, 3, 47, 48, 49, 383, 384, 385, 900, 960, 5_000, 50_000] {
            let bytes: Vec<u8> = (0..size).map(|n: usize| (n * 7 + n / 251) as u8).collect();
            assert_eq!(fetched(&bytes), bytes, "{size}");
        }
    }

    #[test]
    fn an_altered_character_is_noticed() {
        let bytes = b"an output that matters".to_vec();
        let mut pieces =
            Pieces::of(Header { code: 0, size: bytes.len() as u64, hash: hex(&Sha256::digest(&bytes)) });
        let mut lines = numbered(&bytes);
        lines[1] = lines[1].replace("cHV0", "cHV1");
        pieces.take(&shown(&lines));
        assert!(pieces.whole().unwrap_err().contains("SHA-256"));
        pieces.forget();
        assert_eq!(pieces.missing(), Some(["[0-9]".to_owned(), "1[0-9]".to_owned()]));
    }

    #[test]
    fn a_header_is_taken_only_whole_and_with_its_number() {
        let hash = "a".repeat(64);
        let screen = shown(&["#17 -1073741510 523".to_owned(), hash.clone()]);
        assert_eq!(header(&screen, 17), Some(Ok(Header { code: -1_073_741_510, size: 523, hash })));
        assert_eq!(header(&screen, 1), None);
        assert_eq!(header(&shown(&["#17 0".to_owned()]), 17), None);
        assert_eq!(header(&shown(&["#17 1 -".to_owned()]), 17), Some(Err(NotWritten { code: 1 })));
        assert!(is_page(&shown(&["#18".to_owned()]), 18));
    }
}
