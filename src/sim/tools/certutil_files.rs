//! certutil's verbs for files: -encode, -decode, -encodehex, -decodehex, -hashfile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::digest::digest;
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::files::FileError;
use crate::sim::windows::os::Os;

/// The verbs that are handled here.
const VERBS: [&str; 5] = ["encode", "decode", "encodehex", "decodehex", "hashfile"];

/// A Win32 error as certutil reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure {
    code: u32,
    name: &'static str,
    text: &'static str,
    /// The function that certutil names first, when it does.
    function: Option<&'static str>,
}

const INVALID_DATA: Failure =
    Failure { code: 13, name: "ERROR_INVALID_DATA", text: "The data is invalid.", function: None };
const FILE_INVALID: Failure = Failure {
    code: 1006,
    name: "ERROR_FILE_INVALID",
    text: "The volume for a file has been externally altered so that the opened file is no longer valid.",
    function: None,
};
const FILE_EXISTS: Failure =
    Failure { code: 80, name: "ERROR_FILE_EXISTS", text: "The file exists.", function: Some("EncodeToFile") };

/// The file verbs of certutil; `None` when the command line asks for something else.
pub(super) fn run(process: &Process) -> Option<ExitCode> {
    let verb = VERBS.into_iter().find(|verb| process.args.iter().any(|word| is_switch(word, verb)))?;
    let force = process.args.iter().any(|word| is_switch(word, "f"));
    let words: Vec<&str> = process
        .args
        .iter()
        .filter(|word| !is_switch(word, verb) && !is_switch(word, "f") && !is_switch(word, "v"))
        .map(String::as_str)
        .collect();
    let enough = if verb == "hashfile" { 1 } else { 2 };
    if words.len() < enough {
        let missing = format!("Expected at least {enough} args, received {}", words.len());
        process.stdout.text(&format!("{missing}\r\nCertUtil: Missing argument\r\n\r\nUsage:\r\n"));
        return Some(-2_147_024_809);
    }
    let result = match verb {
        "hashfile" => hash(process, words[0], words.get(1).copied().unwrap_or("SHA1")),
        _ => convert(process, verb, &words, force),
    };
    Some(match result {
        Ok(()) => {
            process.stdout.line(&format!("CertUtil: -{verb} command completed successfully."));
            0
        }
        Err(failure) => failure.report(process, verb),
    })
}

impl Failure {
    fn of(error: FileError, function: Option<&'static str>) -> Self {
        let (name, text) = match error {
            FileError::NotFound => ("ERROR_FILE_NOT_FOUND", "The system cannot find the file specified."),
            FileError::PathNotFound | FileError::NoDrive => {
                ("ERROR_PATH_NOT_FOUND", "The system cannot find the path specified.")
            }
            FileError::DiskFull => ("ERROR_DISK_FULL", "There is not enough space on the disk."),
            FileError::InUse => (
                "ERROR_SHARING_VIOLATION",
                "The process cannot access the file because it is being used by another process.",
            ),
            FileError::BadName => {
                ("ERROR_INVALID_NAME", "The filename, directory name, or volume label syntax is incorrect.")
            }
            _ => ("ERROR_ACCESS_DENIED", "Access is denied."),
        };
        let code = match name {
            "ERROR_ACCESS_DENIED" => 5,
            _ => error.code() as u32,
        };
        Self { code, name, text, function }
    }

    fn report(self, process: &Process, verb: &str) -> ExitCode {
        let result = 0x8007_0000 | self.code;
        let number = format!("0x{result:08x} (WIN32: {} {})", self.code, self.name);
        if let Some(function) = self.function {
            process.stdout.line(&format!("{function} returned {} {number}", self.text));
        }
        process.stdout.line(&format!("CertUtil: -{verb} command FAILED: {number}"));
        process.stdout.line(&format!("CertUtil: {}", self.text));
        result as i32
    }
}

fn hash(process: &Process, name: &str, algorithm: &str) -> Result<(), Failure> {
    let contents = process.contents(name).map_err(|error| Failure::of(error, None))?;
    // certutil maps the file into memory, which an empty one refuses.
    if contents.is_empty() {
        return Err(FILE_INVALID);
    }
    let algorithm = algorithm.to_ascii_uppercase();
    let unknown = Failure {
        code: 0x57,
        name: "ERROR_INVALID_PARAMETER",
        text: "The parameter is incorrect.",
        function: None,
    };
    let bytes = digest(&algorithm, &contents).ok_or(unknown)?;
    let (of, between) = match process.world.lock().os {
        Os::Server2012R2 | Os::Server2016 => ("of file", " "),
        Os::Server2019 | Os::Server2022 | Os::Server2025 => ("of", ""),
    };
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    process.stdout.line(&format!("{algorithm} hash {of} {name}:"));
    process.stdout.line(&hex.join(between));
    Ok(())
}

fn convert(process: &Process, verb: &str, words: &[&str], force: bool) -> Result<(), Failure> {
    let (from, to) = (words[0], words[1]);
    let contents = process.contents(from).map_err(|error| Failure::of(error, Some("DecodeFile")))?;
    if contents.is_empty() {
        return Err(INVALID_DATA);
    }
    let kind = words.get(2).map_or(Some(0xb), |word| parse_kind(word)).ok_or(INVALID_DATA)?;
    let converted = match verb {
        "encode" => encode_base64(&contents, true),
        "encodehex" => encode_hex(&contents, kind),
        "decodehex" => decode_hex(&contents).ok_or(INVALID_DATA)?,
        _ => decode_base64(&contents).ok_or(INVALID_DATA)?,
    };
    let path = process.path(to).ok_or(Failure::of(FileError::BadName, Some("EncodeToFile")))?;
    if !force && process.world.lock().files.look(&path).is_some() {
        return Err(FILE_EXISTS);
    }
    process.stdout.line(&format!("Input Length = {}", contents.len()));
    let length = converted.len();
    process.write_file(&path, converted).map_err(|error| Failure::of(error, Some("EncodeToFile")))?;
    process.stdout.line(&format!("Output Length = {length}"));
    Ok(())
}

fn parse_kind(word: &str) -> Option<u32> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

fn encode_base64(contents: &[u8], header: bool) -> Vec<u8> {
    let text = STANDARD.encode(contents);
    let mut out = Vec::with_capacity(text.len() + text.len() / 32 + 60);
    if header {
        out.extend(b"-----BEGIN CERTIFICATE-----\r\n");
    }
    for line in text.as_bytes().chunks(64) {
        out.extend(line);
        out.extend(b"\r\n");
    }
    if header {
        out.extend(b"-----END CERTIFICATE-----\r\n");
    }
    out
}

/// Base64 with or without the lines around it; anything else in it is an error.
fn decode_base64(contents: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(contents).ok()?;
    let mut body = String::with_capacity(text.len());
    let mut has_header = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("-----BEGIN") {
            body.clear();
            has_header = true;
        } else if line.starts_with("-----END") {
            break;
        } else if has_header || !line.starts_with('-') {
            body.extend(line.split_whitespace());
        }
    }
    if body.is_empty() {
        return None;
    }
    STANDARD.decode(body).ok()
}

/// The formats of CryptBinaryToString: 0 and 1 base64, 4 hex, 5 with text, 10 with addresses, 11 both, 12 plain.
fn encode_hex(contents: &[u8], kind: u32) -> Vec<u8> {
    let one_line = kind & 0x4000_0000 != 0;
    let end = if kind & 0x8000_0000 != 0 { "\n" } else { "\r\n" };
    let text = match kind & 0xff {
        0 => return encode_base64(contents, true),
        1 if one_line => return STANDARD.encode(contents).into_bytes(),
        1 => return encode_base64(contents, false),
        12 => {
            let hex: Vec<String> = contents.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{}{}", hex.concat(), if one_line { "" } else { end })
        }
        kind => {
            let lines: Vec<String> = contents
                .chunks(16)
                .enumerate()
                .map(|(at, bytes)| hex_line(kind, at * 16, bytes) + if one_line { "" } else { end })
                .collect();
            lines.concat()
        }
    };
    text.into_bytes()
}

fn hex_line(kind: u32, address: usize, bytes: &[u8]) -> String {
    let mut line = String::new();
    if matches!(kind, 10 | 11) {
        line.push_str(&hex_of_address(address));
    }
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            line.push_str(if at == 8 { "  " } else { " " });
        }
        line.extend([hex_digit(byte >> 4), hex_digit(byte & 15)]);
    }
    if matches!(kind, 5 | 11) {
        let missing = 16 - bytes.len();
        let gap = missing * 3 + usize::from(bytes.len() <= 8) + 3;
        line.extend(std::iter::repeat_n(' ', gap));
        line.extend(bytes.iter().map(|byte| if (32..127).contains(byte) { char::from(*byte) } else { '.' }));
    }
    line
}

fn hex_of_address(address: usize) -> String {
    format!("{address:04x}\t")
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

/// Hex digits in pairs; addresses in front and text behind are passed over.
fn decode_hex(contents: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(contents).ok()?;
    let mut out = Vec::new();
    for line in text.lines() {
        let body = line.split_once('\t').map_or(line, |(_, body)| body);
        let body = body.split("   ").next().unwrap_or(body);
        let digits: Vec<u8> = body
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()?;
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        out.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]));
    }
    if out.is_empty() { None } else { Some(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_hex_come_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode_base64(&encode_base64(&all, true)), Some(all.clone()));
        assert_eq!(decode_base64(&encode_base64(&all, false)), Some(all.clone()));
        for kind in [4, 5, 10, 11, 12, 0x4000_000c] {
            assert_eq!(decode_hex(&encode_hex(&all, kind)), Some(all.clone()), "{kind}");
        }
        let lines = encode_base64(&all, true);
        let longest = lines.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert_eq!(longest, Some(65));
        assert_eq!(decode_base64(b"not base64!"), None);
        assert_eq!(encode_hex(b"abc", 12), b"616263\r\n");
        assert_eq!(encode_hex(b"abc", 0x4000_0001), b"YWJj");
    }
}
