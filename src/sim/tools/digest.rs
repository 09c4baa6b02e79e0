//! The hashes that certutil knows.

use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The digest of `bytes` by the algorithm's name; `None` for a name that is not known.
pub(super) fn digest(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        "MD5" => md5(bytes).to_vec(),
        "SHA1" => Sha1::digest(bytes).to_vec(),
        "SHA256" => Sha256::digest(bytes).to_vec(),
        "SHA384" => Sha384::digest(bytes).to_vec(),
        "SHA512" => Sha512::digest(bytes).to_vec(),
        _ => return None,
    })
}

/// MD5 (RFC 1321).
fn md5(bytes: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64) - 8 + if padded.len() % 64 > 56 { 64 } else { 0 }, 0);
    padded.extend((bytes.len() as u64).wrapping_mul(8).to_le_bytes());
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks_exact(64) {
        let word = |at: usize| {
            let quad: [u8; 4] = std::array::from_fn(|byte| block[at * 4 + byte]);
            u32::from_le_bytes(quad)
        };
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64 {
            let (mixed, at) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), (7 * step) % 16),
            };
            // The constants are the sines of the step numbers.
            let constant = ((f64::from(step as u32) + 1.0).sin().abs() * 4_294_967_296.0) as u32;
            let sum = mixed.wrapping_add(a).wrapping_add(constant).wrapping_add(word(at));
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[step / 16][step % 4]));
        }
        state = [a, b, c, d]
            .iter()
            .zip(state)
            .map(|(new, old)| new.wrapping_add(old))
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or(state);
    }
    let mut out = [0; 16];
    for (at, word) in state.iter().enumerate() {
        out[at * 4..at * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(algorithm: &str, bytes: &[u8]) -> String {
        digest(algorithm, bytes)
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat()
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex("MD5", b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex("MD5", b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex("MD5", &[b'a'; 56]), "3b0c8ac703f828b04c6c197006d17218");
        assert_eq!(hex("MD5", &[b'a'; 64]), "014842d480b571495a4a0363793f7367");
        assert_eq!(hex("SHA1", b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex("SHA256", b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(digest("SHA3", b"").is_none());
    }
}
