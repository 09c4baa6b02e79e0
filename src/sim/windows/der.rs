//! The little of ASN.1 DER that certificates need: writing and reading tag, length, value.

/// Tags.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// UTF8String.
    pub const UTF8: u8 = 0x0c;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
    /// SET.
    pub const SET: u8 = 0x31;
}

/// One element: tag, length, `content`.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let used = bytes.iter().skip_while(|byte| **byte == 0).count();
        out.push(0x80 | used as u8);
        out.extend(&bytes[bytes.len() - used..]);
    }
    out.extend(content);
    out
}

/// An element made of elements.
pub fn group(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A positive INTEGER from big-endian bytes.
pub fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    if content.first().is_none_or(|first| first & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(tag::INTEGER, &content)
}

/// A BIT STRING of whole bytes.
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], bytes].concat())
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element's tag and content.
    pub fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 || rest.len() < count {
                return None;
            }
            let length = rest[..count].iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            (length, &rest[count..])
        };
        if rest.len() < length {
            return None;
        }
        let (content, rest) = rest.split_at(length);
        self.0 = rest;
        Some((tag, content))
    }

    /// The next element's content when it has `tag`.
    pub fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (found, content) = ahead.any()?;
        if found != tag {
            return None;
        }
        *self = ahead;
        Some(content)
    }

    /// The whole next element, tag and length included.
    pub fn raw(&mut self) -> Option<&'a [u8]> {
        let before = self.0;
        self.any()?;
        Some(&before[..before.len() - self.0.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_or_long() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let written = element(tag::OCTET_STRING, &content);
            let mut reader = Reader(&written);
            assert_eq!(reader.expect(tag::OCTET_STRING), Some(content.as_slice()));
            assert!(reader.0.is_empty());
        }
    }

    #[test]
    fn integers_stay_positive() {
        assert_eq!(unsigned(&[0, 0x80]), [tag::INTEGER, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0x7f]), [tag::INTEGER, 1, 0x7f]);
        assert_eq!(unsigned(&[0]), [tag::INTEGER, 1, 0]);
    }

    #[test]
    fn what_is_cut_is_not_read() {
        let written = element(tag::SEQUENCE, &[1, 2, 3]);
        for end in 0..written.len() {
            assert_eq!(Reader(&written[..end]).any(), None);
        }
        assert_eq!(Reader(&[tag::SEQUENCE, 0x85, 1, 1, 1, 1, 1]).any(), None);
    }
}
