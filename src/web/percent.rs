//! Text inside URLs (RFC 3986).

use std::fmt::Write as _;

/// One segment of a path.
pub(crate) fn segment(text: &str) -> String {
    encode(text, "()!'*")
}

/// A value in a query or in a form.
pub(crate) fn value(text: &str) -> String {
    encode(text, "")
}

/// Percent-encodes all but the unreserved characters and `kept`.
fn encode(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || "-._~".contains(character) || kept.contains(character) {
            encoded.push(character);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The bytes behind percent signs. What is no escape stays.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_unreserved_stay() {
        assert_eq!(value("https://a/ü ~+&"), "https%3A%2F%2Fa%2F%C3%BC%20~%2B%26");
        assert_eq!(segment("a(b)/c"), "a(b)%2Fc");
        assert_eq!(decode("p%40ss%3a%zz%4"), "p@ss:%zz%4");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in any::<String>()) {
            prop_assert_eq!(decode(&value(&text)), text.as_str());
            prop_assert_eq!(decode(&segment(&text)), text.as_str());
        }
    }
}
