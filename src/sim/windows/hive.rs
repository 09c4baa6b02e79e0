//! Hive files: one key with everything below it, as `reg save` writes and `reg load` reads.
//!
//! invented: the inner form. A real hive is a file of cells; here the signature `regf` is followed by the tree and a
//! checksum, so that a damaged file is refused as Windows refuses one.

use sha2::{Digest as _, Sha256};

use super::registry::{Data, Key};

const SIGNATURE: &[u8] = b"regf\x01\x05\x00\x00";

/// The file for `key`; its own name is not part of it.
pub fn write(key: &Key) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    write_key(&mut out, key);
    let check = Sha256::digest(&out);
    out.extend(check);
    out
}

/// The key in a hive file, without a name; `None` when the file is none.
pub fn read(bytes: &[u8]) -> Option<Key> {
    let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Sha256::digest(body).as_slice() != check {
        return None;
    }
    let mut rest = body.strip_prefix(SIGNATURE)?;
    let key = read_key(&mut rest)?;
    rest.is_empty().then_some(key)
}

fn write_key(out: &mut Vec<u8>, key: &Key) {
    write_bytes(out, key.name().as_bytes());
    write_number(out, key.values().count() as u32);
    for (name, data) in key.values() {
        write_bytes(out, name.as_bytes());
        write_number(out, data.number());
        write_bytes(out, &data.bytes());
    }
    write_number(out, key.keys().count() as u32);
    for below in key.keys() {
        write_key(out, below);
    }
}

fn read_key(rest: &mut &[u8]) -> Option<Key> {
    let mut key = Key::new(read_text(rest)?);
    for _ in 0..read_number(rest)? {
        let name = read_text(rest)?;
        let kind = read_number(rest)?;
        let length = read_number(rest)? as usize;
        let (bytes, after) = rest.split_at_checked(length)?;
        *rest = after;
        key.set(&name, Data::from_bytes(kind, bytes)?);
    }
    for _ in 0..read_number(rest)? {
        key.attach(read_key(rest)?);
    }
    Some(key)
}

fn write_number(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len() as u32);
    out.extend(bytes);
}

fn read_number(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*number))
}

fn read_text(rest: &mut &[u8]) -> Option<String> {
    let length = read_number(rest)? as usize;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hive_holds_the_whole_tree() {
        let mut key = Key::new("");
        key.set("", Data::Sz("default".into()));
        key.create(r"A\B").set("many", Data::MultiSz(vec!["x".into(), "y".into()]));
        key.create("C").set("q", Data::Qword(1 << 40));
        key.create("C").set("none", Data::None(vec![1, 2]));
        let file = write(&key);
        assert!(file.starts_with(b"regf"));
        assert_eq!(read(&file), Some(key));
    }

    #[test]
    fn damage_is_refused() {
        let file = write(&Key::new(""));
        for at in 0..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert_eq!(read(&bad), None);
        }
        assert_eq!(read(b"regf"), None);
    }
}
