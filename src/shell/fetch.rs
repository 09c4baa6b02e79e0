//! The output of a command as the session's helper shows it: a header, then base64 in numbered lines, a page of the
//! screen at a time, proven whole by length and SHA-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub(super) use crate::encoding::hex;
use crate::screen::{ROWS, Screen};

/// Bytes in one line of `certutil -encode`: 64 base64 characters.
const BYTES_PER_LINE: u64 = 48;
/// How often the same text must have come for a line before it is believed, while the whole is not proven yet.
const BELIEVED: usize = 2;

/// What the helper reports, proven by its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// The call of the command that was started last.
    pub(super) started: String,
    /// The call of the command that ended last, and how.
    pub(super) ended: String,
    /// How it ended; none: no command ended yet.
    pub(super) header: Option<Header>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// Its exit code.
    pub(super) code: i32,
    /// Bytes it wrote. None: the machine could not write them to a file.
    pub(super) size: Option<u64>,
    /// SHA-256 of them, lower-case hex; meaningless when there are none.
    pub(super) hash: String,
}

/// What stands on the screen where a report should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// A report of this call, unaltered.
    Report(Report),
    /// The command differs from what was meant, and was not run.
    Refused,
    /// No report that is proven.
    Nothing,
}

/// Reads the report of `call` from the first three rows: `#17kbd 17kbd 17kbd 0 523`, a hash, and the hash of the
/// two.
pub(super) fn told(screen: &Screen, call: &str) -> Told {
    let (first, second, third) = (screen.row(0), screen.row(1), screen.row(2));
    if first == format!("#{call} ?") {
        return Told::Refused;
    }
    if third.to_ascii_lowercase() != hex(&Sha256::digest(format!("{first}\r\n{second}\r\n"))) {
        return Told::Nothing;
    }
    report(&first, &second, call).map_or(Told::Nothing, Told::Report)
}

fn report(first: &str, second: &str, call: &str) -> Option<Report> {
    let words: Vec<&str> = first.split(' ').collect();
    let [of, started, ended, code, size] = words.as_slice() else { return None };
    if of.strip_prefix('#') != Some(call) {
        return None;
    }
    let header = match (*code, *size) {
        ("-", "-") => None,
        (code, "-") => Some(Header { code: code.parse().ok()?, size: None, hash: String::new() }),
        (code, size) => Some(Header {
            code: code.parse().ok()?,
            size: Some(size.parse().ok()?),
            hash: second.to_ascii_lowercase(),
        }),
    };
    Some(Report { started: (*started).to_owned(), ended: (*ended).to_owned(), header })
}

/// Whether this screen is the page with this name.
pub(super) fn is_page(screen: &Screen, call: &str) -> bool {
    screen.row(0) == format!("#{call}")
}

/// The pieces of an output that arrived so far.
#[derive(Debug)]
pub(super) struct Pieces {
    size: u64,
    hash: String,
    /// Base64 of each line, by its number from 0: every text that came for it, and how often.
    lines: Vec<Vec<(String, usize)>>,
}

impl Pieces {
    /// Nothing yet of an output with this size and SHA-256.
    pub(super) fn of(size: u64, hash: &str) -> Self {
        let count = size.div_ceil(BYTES_PER_LINE) as usize;
        Self { size, hash: hash.to_owned(), lines: vec![Vec::new(); count] }
    }

    /// Takes the numbered lines that the screen shows: `12:TWFu…`. Line 1 of the file is certutil's heading.
    pub(super) fn take(&mut self, screen: &Screen) {
        for row in 0..ROWS {
            let text = screen.row(row);
            let Some((number, base64)) = text.split_once(':') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            let Some(index) = number.checked_sub(2) else { continue };
            let plausible = base64.len() == self.length_of(index)
                && base64.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            if let Some(seen) = self.lines.get_mut(index)
                && plausible
            {
                match seen.iter_mut().find(|(text, _)| text == base64) {
                    Some((_, times)) => *times += 1,
                    None => seen.push((base64.to_owned(), 1)),
                }
            }
        }
    }

    /// The tens of the page that holds the first line which did not come at all; none: all came.
    pub(super) fn missing(&self) -> Option<usize> {
        self.lines.iter().position(Vec::is_empty).map(tens)
    }

    /// The tens of the pages to look at once more: those with lines that did not come twice alike.
    pub(super) fn doubtful(&self) -> Vec<usize> {
        let mut pages: Vec<usize> = (0..self.lines.len())
            .filter(|index| self.lines[*index].iter().all(|(_, times)| *times < BELIEVED))
            .map(tens)
            .collect();
        pages.dedup();
        pages
    }

    /// The output, when it is whole and unaltered: of each line the text that came most often.
    ///
    /// # Errors
    /// Says what is wrong; then doubtful lines are to be fetched again.
    pub(super) fn whole(&self) -> Result<Vec<u8>, String> {
        if self.size == 0 {
            return Ok(Vec::new());
        }
        let text: String = self
            .lines
            .iter()
            .filter_map(|seen| seen.iter().max_by_key(|(_, times)| *times))
            .map(|(text, _)| text.as_str())
            .collect();
        let bytes = STANDARD.decode(&text).map_err(|error| format!("base64: {error}"))?;
        if bytes.len() as u64 != self.size {
            return Err(format!("{} bytes instead of {}", bytes.len(), self.size));
        }
        if hex(&Sha256::digest(&bytes)) != self.hash {
            return Err("its SHA-256 differs from the one computed on the machine".to_owned());
        }
        Ok(bytes)
    }

    fn length_of(&self, index: usize) -> usize {
        let left = self.size.saturating_sub(index as u64 * BYTES_PER_LINE).min(BYTES_PER_LINE);
        (left.div_ceil(3) * 4) as usize
    }
}

/// Lines of the file whose numbers begin alike: line `index` of the output is line `index + 2` of the file.
fn tens(index: usize) -> usize {
    (index + 2) / 10
}

/// The page of two tens of lines, as two patterns for the line number (`[0-9]`, `12[0-9]`).
pub(super) fn patterns(tens: [usize; 2]) -> [String; 2] {
    tens.map(|tens| if tens == 0 { "[0-9]".to_owned() } else { format!("{tens}[0-9]") })
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

    fn pieces(bytes: &[u8]) -> Pieces {
        Pieces::of(bytes.len() as u64, &hex(&Sha256::digest(bytes)))
    }

    fn fetched(bytes: &[u8]) -> Vec<u8> {
        let mut pieces = pieces(bytes);
        let lines = numbered(bytes);
        let mut pages = 0;
        while let Some(tens) = pieces.missing() {
            let selected =
                regex::Regex::new(&format!("^({}):", patterns([tens, tens + 1]).join("|"))).unwrap();
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
    fn an_altered_character_is_noticed_and_outvoted() {
        let bytes = b"an output that matters".to_vec();
        let mut pieces = pieces(&bytes);
        let right = numbered(&bytes);
        let mut altered = right.clone();
        altered[1] = altered[1].replace("cHV0", "cHV1");
        pieces.take(&shown(&altered));
        assert!(pieces.whole().unwrap_err().contains("SHA-256"));
        assert_eq!((pieces.missing(), pieces.doubtful()), (None, vec![0]));
        pieces.take(&shown(&right));
        pieces.take(&shown(&right));
        assert_eq!(pieces.whole().unwrap(), bytes);
        assert!(pieces.doubtful().is_empty());
    }

    /// Hashes made with `sha256sum`.
    const REPORT: [&str; 3] = [
        "#17kbd 16abc 16abc -1073741510 523",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a5c4f0df6ca755a0b340b066b086f50a01522df220dd01344a858eb5e5ea8be8",
    ];

    #[test]
    fn a_report_is_believed_only_when_it_is_proven() {
        let rows = REPORT.map(str::to_owned).to_vec();
        let header = Header { code: -1_073_741_510, size: Some(523), hash: "a".repeat(64) };
        let report = Report { started: "16abc".to_owned(), ended: "16abc".to_owned(), header: Some(header) };
        assert_eq!(told(&shown(&rows), "17kbd"), Told::Report(report));
        assert_eq!(told(&shown(&rows), "18kbd"), Told::Nothing);
        // Every altered digit is noticed.
        for row in 0..3 {
            for column in 0..rows[row].len() {
                let mut altered = rows.clone();
                let mut bytes = altered[row].clone().into_bytes();
                bytes[column] ^= 1;
                altered[row] = String::from_utf8(bytes).unwrap();
                assert_eq!(told(&shown(&altered), "17kbd"), Told::Nothing, "{altered:?}");
            }
        }
        assert_eq!(told(&shown(&["#17kbd ?".to_owned()]), "17kbd"), Told::Refused);
        assert!(is_page(&shown(&["#18xyz".to_owned()]), "18xyz"));
    }
}
