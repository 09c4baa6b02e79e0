//! Outputs of commands as a recording carries them: in base64, proven by their SHA-256. A word that is hidden in one has
//! another base64 and another hash, so both are replaced with it; then the recording still replays.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::fixture::Words;
use super::text::Text;
use crate::encoding::hex;
use crate::recording::Event;

/// Bytes in a line of base64.
const IN_A_LINE: usize = 48;
/// The number of the first line of base64; the one before is a heading.
const FIRST_LINE: usize = 2;

/// Collects what the outputs of a recording are.
#[derive(Default)]
pub struct Carried {
    text: Text,
    said: String,
    /// The last lines, of which a report has three.
    last: [String; 2],
    reports: Vec<Report>,
    /// By the hash that the machine gave.
    outputs: BTreeMap<String, Output>,
    /// The one whose lines come.
    current: Option<String>,
}

/// What the machine says of a command, in three lines: names and numbers, the hash of the output, the hash of both.
struct Report {
    first: String,
    hash: String,
    proof: String,
}

#[derive(Default)]
struct Output {
    size: usize,
    /// Base64 by the number of the line.
    lines: BTreeMap<usize, String>,
}

impl Carried {
    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        self.text.add(event, &mut self.said);
        while let Some(end) = self.said.find('\n') {
            let line: String = self.said.drain(..=end).collect();
            self.line(line.trim_end());
        }
    }

    fn line(&mut self, line: &str) {
        let [first, second] = &self.last;
        if let Some(report) = report(first, second, line) {
            let words: Vec<&str> = report.first.split(' ').collect();
            if let [of, _, ended, _, size] = words.as_slice()
                && of.strip_prefix('#') == Some(ended)
                && let Ok(size) = size.parse()
            {
                self.outputs.entry(report.hash.clone()).or_default().size = size;
                self.current = Some(report.hash.clone());
            }
            self.reports.push(report);
        } else if let Some((number, base64)) = numbered(line)
            && let Some(output) = self.current.as_ref().and_then(|hash| self.outputs.get_mut(hash))
        {
            output.lines.insert(number, base64.to_owned());
        }
        let second = std::mem::take(&mut self.last[1]);
        self.last = [second, line.to_owned()];
    }

    /// The words, and with them every line of base64 and every hash that has to be another one.
    pub fn with(&self, words: Words) -> Words {
        let mut exact = Vec::new();
        let mut hashes = BTreeMap::new();
        for (hash, output) in &self.outputs {
            let Some(bytes) = output.proven(hash) else { continue };
            let hidden = words.hide_in(&bytes);
            if hidden == bytes {
                continue;
            }
            for (number, line) in &output.lines {
                let at = (number - FIRST_LINE) * IN_A_LINE;
                let new = STANDARD.encode(&hidden[at..hidden.len().min(at + IN_A_LINE)]);
                if new != *line {
                    exact.push((format!("{number}:{line}"), format!("{number}:{new}")));
                }
            }
            hashes.insert(hash.as_str(), hash_of(&hidden));
        }
        for report in &self.reports {
            let Some(new) = hashes.get(report.hash.as_str()) else { continue };
            exact.push((report.hash.clone(), new.clone()));
            exact.push((report.proof.clone(), hash_of(format!("{}\r\n{new}\r\n", report.first).as_bytes())));
        }
        exact.sort();
        exact.dedup();
        words.with_exact(exact)
    }

    /// How often one of the words is in an output.
    pub fn count(&self, words: &Words) -> usize {
        let inside = |(hash, output): (&String, &Output)| {
            let whole = output.proven(hash);
            let pieces = || output.lines.values().filter_map(|line| STANDARD.decode(line).ok()).flatten();
            let bytes = whole.unwrap_or_else(|| pieces().collect());
            // Where two bytes make a letter, every other one is left out.
            let narrow: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
            words.count(&String::from_utf8_lossy(&narrow))
        };
        self.outputs.iter().map(inside).sum()
    }
}

impl Output {
    /// The bytes, when all of them came and the hash is theirs.
    fn proven(&self, hash: &str) -> Option<Vec<u8>> {
        let count = self.size.div_ceil(IN_A_LINE);
        let lines = (FIRST_LINE..FIRST_LINE + count).map(|number| self.lines.get(&number));
        let base64: String = lines.collect::<Option<Vec<_>>>()?.into_iter().map(String::as_str).collect();
        let bytes = STANDARD.decode(base64).ok()?;
        (bytes.len() == self.size && hash_of(&bytes) == hash).then_some(bytes)
    }
}

/// `17:TWFu…`
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, base64) = line.split_once(':')?;
    let number = number.parse().ok().filter(|number| *number >= FIRST_LINE)?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    (!base64.is_empty() && base64.bytes().all(alphabet)).then_some((number, base64))
}

fn report(first: &str, second: &str, third: &str) -> Option<Report> {
    if !first.starts_with('#') || second.len() != 64 || third.len() != 64 {
        return None;
    }
    (hash_of(format!("{first}\r\n{second}\r\n").as_bytes()) == third).then(|| Report {
        first: first.to_owned(),
        hash: second.to_owned(),
        proof: third.to_owned(),
    })
}

/// SHA-256, in lower-case hex.
fn hash_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
