//! `.reg` files, version 5.00: what `reg export` writes and `reg import` reads.

use super::registry::{Data, Key, Registry};

const HEADER: &str = "Windows Registry Editor Version 5.00";

/// One line of work in a `.reg` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// `[KEY]`.
    Create(String),
    /// `[-KEY]`.
    Remove(String),
    /// `"name"=data`.
    Set(String, String, Data),
    /// `"name"=-`.
    Unset(String, String),
}

/// The file for `key`, which stands at `path` (with the root's long name): UTF-16 with a byte order mark.
pub fn export(key: &Key, path: &str) -> Vec<u8> {
    let mut text = format!("{HEADER}\r\n\r\n");
    export_key(&mut text, key, path);
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// What a file asks for; `None` when it is no `.reg` file.
pub fn parse(bytes: &[u8]) -> Option<Vec<Edit>> {
    let text = decode(bytes)?;
    let mut lines = joined_lines(&text).into_iter();
    let header = lines.next()?;
    if header.trim() != HEADER && header.trim() != "REGEDIT4" {
        return None;
    }
    let mut edits = Vec::new();
    let mut key: Option<String> = None;
    for line in lines {
        let line = line.trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if let Some(gone) = name.strip_prefix('-') {
                edits.push(Edit::Remove(gone.to_owned()));
                key = None;
            } else {
                edits.push(Edit::Create(name.to_owned()));
                key = Some(name.to_owned());
            }
            continue;
        }
        // Lines that are neither key nor value are passed over, as regedit does.
        let (Some(key), Some((name, data))) = (&key, value_line(line)) else { continue };
        if data == "-" {
            edits.push(Edit::Unset(key.clone(), name));
        } else if let Some(data) = read_data(data) {
            edits.push(Edit::Set(key.clone(), name, data));
        }
    }
    Some(edits)
}

/// Does what a file asks for; false when a key's root is none.
pub fn apply(registry: &mut Registry, edits: Vec<Edit>) -> bool {
    let mut all = true;
    for edit in edits {
        match edit {
            Edit::Create(path) => all &= registry.create(&path).is_some(),
            Edit::Remove(path) => {
                registry.remove(&path);
            }
            Edit::Set(path, name, data) => registry.set(&path, &name, data),
            Edit::Unset(path, name) => {
                registry.remove_value(&path, &name);
            }
        }
    }
    all
}

fn export_key(text: &mut String, key: &Key, path: &str) {
    text.extend(["[", path, "]\r\n"]);
    for (name, data) in key.values() {
        let name = if name.is_empty() { "@".to_owned() } else { format!("\"{}\"", escape(name)) };
        text.push_str(&value_text(&name, data));
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    for below in key.keys() {
        export_key(text, below, &format!(r"{path}\{}", below.name()));
    }
}

fn value_text(name: &str, data: &Data) -> String {
    match data {
        Data::Sz(value) => format!("{name}=\"{}\"", escape(value)),
        Data::Dword(number) => format!("{name}=dword:{number:08x}"),
        other => {
            let kind = match other {
                Data::Binary(_) => "hex:".to_owned(),
                _ => format!("hex({:x}):", other.number()),
            };
            hex_lines(&format!("{name}={kind}"), &other.bytes())
        }
    }
}

/// Bytes with commas, broken before column 80; lines after the first start with two blanks.
fn hex_lines(front: &str, bytes: &[u8]) -> String {
    let mut out = front.to_owned();
    let mut width = front.chars().count();
    for (at, byte) in bytes.iter().enumerate() {
        if width > 75 {
            out.push_str("\\\r\n  ");
            width = 2;
        }
        out.extend([byte >> 4, byte & 0xf].iter().filter_map(|half| char::from_digit(u32::from(*half), 16)));
        width += 2;
        if at + 1 < bytes.len() {
            out.push(',');
            width += 1;
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn decode(bytes: &[u8]) -> Option<String> {
    let Some(wide) = bytes.strip_prefix(&[0xff, 0xfe]) else {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    };
    let units: Vec<u16> = wide.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

/// Lines with continuations (`\` at the end) joined.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        // Only hex data goes on; a key or a text may well end in a backslash.
        let goes_on = line.ends_with('\\') && (open || line.contains("=hex"));
        let part = if goes_on { &line[..line.len() - 1] } else { line };
        match lines.last_mut() {
            Some(last) if open => last.push_str(part.trim_start()),
            _ => lines.push(part.to_owned()),
        }
        open = goes_on;
    }
    lines
}

fn value_line(line: &str) -> Option<(String, &str)> {
    if let Some(data) = line.strip_prefix("@=") {
        return Some((String::new(), data));
    }
    let (name, rest) = quoted(line)?;
    Some((name, rest.trim_start().strip_prefix('=')?.trim_start()))
}

/// A text in quotes with its escapes undone, and what follows it.
fn quoted(line: &str) -> Option<(String, &str)> {
    let inside = line.strip_prefix('"')?;
    let mut text = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &inside[at + 1..])),
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}

fn read_data(text: &str) -> Option<Data> {
    if text.starts_with('"') {
        return quoted(text).map(|(text, _)| Data::Sz(text));
    }
    if let Some(number) = text.strip_prefix("dword:") {
        return u32::from_str_radix(number.trim(), 16).ok().map(Data::Dword);
    }
    let (kind, bytes) = if let Some(bytes) = text.strip_prefix("hex:") {
        (3, bytes)
    } else {
        let (kind, bytes) = text.strip_prefix("hex(")?.split_once("):")?;
        (u32::from_str_radix(kind, 16).ok()?, bytes)
    };
    let bytes = bytes
        .split(',')
        .map(str::trim)
        .filter(|byte| !byte.is_empty())
        .map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    Data::from_bytes(kind, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Registry {
        let mut registry = Registry::new("S-1-5-18");
        let path = r"HKLM\SOFTWARE\Sample";
        registry.set(path, "", Data::Sz("the default".into()));
        registry.set(path, r#"a "quoted\name"#, Data::Sz(r"C:\x\".into()));
        registry.set(path, "number", Data::Dword(0xd3d));
        registry.set(path, "big", Data::Qword(1 << 33));
        registry.set(path, "bytes", Data::Binary((0..200).collect()));
        registry.set(path, "empty", Data::Binary(Vec::new()));
        registry.set(path, "many", Data::MultiSz(vec!["eins".into(), "한국어".into()]));
        registry.set(path, "expand", Data::ExpandSz("%SystemRoot%".into()));
        registry.set(&format!(r"{path}\Below"), "x", Data::None(vec![9]));
        registry
    }

    #[test]
    fn what_is_exported_is_imported() {
        let registry = sample();
        let key = registry.key(r"HKLM\SOFTWARE\Sample").unwrap();
        let file = export(key, r"HKEY_LOCAL_MACHINE\SOFTWARE\Sample");
        let mut other = Registry::new("S-1-5-18");
        assert!(apply(&mut other, parse(&file).unwrap()));
        assert_eq!(other.key(r"HKLM\SOFTWARE\Sample"), Some(key));
    }

    #[test]
    fn the_text_is_that_of_windows() {
        let mut registry = Registry::new("S-1-5-18");
        registry.set(r"HKLM\SOFTWARE\K", "n", Data::Dword(3389));
        registry.set(r"HKLM\SOFTWARE\K", "e", Data::ExpandSz("%A%".into()));
        registry.set(r"HKLM\SOFTWARE\K", "b", Data::Binary(vec![0xab; 30]));
        let file = export(registry.key(r"HKLM\SOFTWARE\K").unwrap(), r"HKEY_LOCAL_MACHINE\SOFTWARE\K");
        assert_eq!(
            decode(&file).unwrap(),
            "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\K]\r\n\
             \"n\"=dword:00000d3d\r\n\
             \"e\"=hex(2):25,00,41,00,25,00,00,00\r\n\
             \"b\"=hex:ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,ab,\\\r\n  \
             ab,ab,ab,ab,ab,ab,ab\r\n\r\n"
        );
    }

    #[test]
    fn files_of_others_remove_and_comment() {
        let text = "REGEDIT4\n\n; comment\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Sample]\n\"number\"=-\n@=\"new\"\n\
                    [-HKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\Below]\n";
        let mut registry = sample();
        assert!(apply(&mut registry, parse(text.as_bytes()).unwrap()));
        assert_eq!(registry.value(r"HKLM\SOFTWARE\Sample", "number"), None);
        assert_eq!(registry.text(r"HKLM\SOFTWARE\Sample", ""), Some("new"));
        assert!(registry.key(r"HKLM\SOFTWARE\Sample\Below").is_none());
        assert_eq!(parse(b"something else"), None);
    }
}
