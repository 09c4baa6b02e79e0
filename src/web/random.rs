//! Numbers nobody can guess.

/// Random bytes from the cryptographic library.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let random: &dyn rustls::crypto::SecureRandom = rustls::crypto::ring::default_provider().secure_random;
    // It only fails where the system has no randomness at all; then ids repeat, which is refused by Azure.
    let _ = random.fill(&mut bytes);
    bytes
}

/// A GUID of version 4 (RFC 9562).
pub(crate) fn guid() -> String {
    let mut bytes: [u8; 16] = bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_differ_and_have_their_shape() {
        let (a, b) = (guid(), guid());
        assert_ne!(a, b);
        let shape: String = a.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(a.as_bytes()[14], b'4');
    }
}
