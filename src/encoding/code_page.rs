//! The code pages of files and of redirected output.

use encoding_rs::{DecoderResult, EncoderResult, Encoding};

/// A Windows code page that this build can read and write.
///
/// The East Asian and ANSI pages are those of the WHATWG encoding standard. They equal Windows' tables but for rare
/// characters: 950 also reads the Hong Kong supplement, 936 also reads the four-byte forms of GB 18030.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodePage(u16);

/// Text made of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text; bytes that mean nothing in the code page are U+FFFD.
    pub text: String,
    /// Some bytes meant nothing, so the text is not all that was there.
    pub lossy: bool,
    /// The code page that was used.
    pub code_page: CodePage,
}

impl Default for CodePage {
    /// 437, the OEM code page of an English Windows; ASCII reads alike in every one of them.
    fn default() -> Self {
        Self(437)
    }
}

impl CodePage {
    /// United States, the OEM page of English Windows.
    pub const OEM_UNITED_STATES: Self = Self(437);
    /// UTF-8.
    pub const UTF_8: Self = Self(65001);
    /// UTF-16, little endian.
    pub const UTF_16LE: Self = Self(1200);

    /// Every page there is, by number.
    pub const ALL: [Self; 29] = [
        Self(437),
        Self(737),
        Self(850),
        Self(852),
        Self(855),
        Self(857),
        Self(860),
        Self(861),
        Self(862),
        Self(863),
        Self(865),
        Self(866),
        Self(869),
        Self(874),
        Self(932),
        Self(936),
        Self(949),
        Self(950),
        Self(1200),
        Self(1250),
        Self(1251),
        Self(1252),
        Self(1253),
        Self(1254),
        Self(1255),
        Self(1256),
        Self(1257),
        Self(1258),
        Self(65001),
    ];

    /// The code page with this number, as `chcp` prints it.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.0 == number)
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self.0
    }

    /// Bytes of this code page as text. A byte order mark is a character like any other here.
    pub fn decode(self, bytes: &[u8]) -> Decoded {
        let (text, lossy) = match self.table() {
            Table::SingleByte(page) => match page.decode(bytes) {
                Ok(text) => (text.into_owned(), false),
                Err(_) => (page.decode_lossy_fallback(bytes, char::REPLACEMENT_CHARACTER).into_owned(), true),
            },
            Table::Standard(encoding) => decode_standard(encoding, bytes),
            Table::Utf16 => decode_utf16(bytes),
        };
        Decoded { text, lossy, code_page: self }
    }

    /// Text as bytes of this code page. What the page lacks becomes `?`, as in Windows' console.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self.table() {
            Table::SingleByte(page) => page.encode_lossy(text, b'?').into_owned(),
            Table::Standard(encoding) => encode_standard(encoding, text),
            Table::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        }
    }

    fn table(self) -> Table {
        use yore::code_pages as oem;
        match self.0 {
            437 => Table::SingleByte(&oem::CP437),
            737 => Table::SingleByte(&oem::CP737),
            850 => Table::SingleByte(&oem::CP850),
            852 => Table::SingleByte(&oem::CP852),
            855 => Table::SingleByte(&oem::CP855),
            857 => Table::SingleByte(&oem::CP857),
            860 => Table::SingleByte(&oem::CP860),
            861 => Table::SingleByte(&oem::CP861),
            862 => Table::SingleByte(&oem::CP862),
            863 => Table::SingleByte(&oem::CP863),
            865 => Table::SingleByte(&oem::CP865),
            866 => Table::SingleByte(&oem::CP866),
            869 => Table::SingleByte(&oem::CP869),
            874 => Table::Standard(encoding_rs::WINDOWS_874),
            932 => Table::Standard(encoding_rs::SHIFT_JIS),
            936 => Table::Standard(encoding_rs::GBK),
            949 => Table::Standard(encoding_rs::EUC_KR),
            950 => Table::Standard(encoding_rs::BIG5),
            1250 => Table::Standard(encoding_rs::WINDOWS_1250),
            1251 => Table::Standard(encoding_rs::WINDOWS_1251),
            1252 => Table::Standard(encoding_rs::WINDOWS_1252),
            1253 => Table::Standard(encoding_rs::WINDOWS_1253),
            1254 => Table::Standard(encoding_rs::WINDOWS_1254),
            1255 => Table::Standard(encoding_rs::WINDOWS_1255),
            1256 => Table::Standard(encoding_rs::WINDOWS_1256),
            1257 => Table::Standard(encoding_rs::WINDOWS_1257),
            1258 => Table::Standard(encoding_rs::WINDOWS_1258),
            1200 => Table::Utf16,
            _ => Table::Standard(encoding_rs::UTF_8),
        }
    }
}

/// What a Windows program wrote when its output was redirected: UTF-16 where the bytes show it (a byte order mark,
/// or the zero bytes that ASCII has in UTF-16; `wmic` and `sfc` write so whatever the console's page is), else
/// `code_page`. What cannot be that page and is UTF-8 is read as UTF-8, and so is what begins with its mark: a log file
/// that `type` copied.
///
/// A byte order mark that told UTF-16 is not part of the text; that of UTF-8 is.
pub fn decode_output(bytes: &[u8], code_page: CodePage) -> Decoded {
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return CodePage::UTF_16LE.decode(rest);
    }
    if looks_like_utf16(bytes) {
        return CodePage::UTF_16LE.decode(bytes);
    }
    let decoded = code_page.decode(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if decoded.lossy || bytes.starts_with(b"\xEF\xBB\xBF") => {
            Decoded { text: text.to_owned(), lossy: false, code_page: CodePage::UTF_8 }
        }
        _ => decoded,
    }
}

enum Table {
    SingleByte(&'static dyn yore::CodePage),
    Standard(&'static Encoding),
    Utf16,
}

fn decode_standard(encoding: &'static Encoding, bytes: &[u8]) -> (String, bool) {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len()));
    let mut rest = bytes;
    let mut lossy = false;
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        rest = &rest[read..];
        match result {
            DecoderResult::InputEmpty => return (text, lossy),
            DecoderResult::OutputFull => text.reserve(rest.len() * 3 + 16),
            DecoderResult::Malformed(..) => {
                lossy = true;
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

fn encode_standard(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let mut encoder = encoding.new_encoder();
    let mut bytes = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => bytes.reserve(rest.len() * 2 + 16),
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
        }
    }
}

fn decode_utf16(bytes: &[u8]) -> (String, bool) {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut lossy = !odd.is_empty();
    let mut text: String = char::decode_utf16(pairs.iter().map(|pair| u16::from_le_bytes(*pair)))
        .map(|unit| {
            unit.unwrap_or_else(|_| {
                lossy = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    (text, lossy)
}

/// Whether bytes without a mark are UTF-16: valid, no character that text does not hold, and enough of it ASCII
/// (blanks, digits, line ends) to tell. CR LF of a one-byte page reads as U+0A0D, which is no character.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() || !bytes.contains(&0) {
        return false;
    }
    let units = || pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let is_text = |unit: u16| match unit {
        0x09 | 0x0A | 0x0C | 0x0D | 0x1B => true,
        0..=0x1F | 0x7F..=0x9F | 0x0A0D | 0xFFFE | 0xFFFF => false,
        _ => true,
    };
    let ascii = units().filter(|unit| *unit < 0x80).count();
    ascii * 16 >= pairs.len() && units().all(is_text) && char::decode_utf16(units()).all(|c| c.is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(number: u16) -> CodePage {
        CodePage::from_number(number).unwrap()
    }

    #[test]
    fn pages_read_and_write_what_windows_does() {
        let cases: [(u16, &str, &[u8]); 14] = [
            (437, "é│░ñ", b"\x82\xB3\xB0\xA4"),
            (850, "é│ø×", b"\x82\xB3\x9B\x9E"),
            (852, "őÁ", b"\x8B\xB5"),
            (866, "Служба", b"\x91\xAB\xE3\xA6\xA1\xA0"),
            (932, "サービス", b"\x83\x54\x81\x5B\x83\x72\x83\x58"),
            (932, "ｱ\\~", b"\xB1\\~"),
            (936, "服务", b"\xB7\xFE\xCE\xF1"),
            (949, "서비스", b"\xBC\xAD\xBA\xF1\xBD\xBA"),
            (949, "똠", b"\x8C\x63"),
            (950, "服務", b"\xAA\x41\xB0\xC8"),
            (1251, "Служба", b"\xD1\xEB\xF3\xE6\xE1\xE0"),
            (1252, "é€", b"\xE9\x80"),
            (65001, "é한😀", "é한😀".as_bytes()),
            (1200, "A한😀", b"A\0\x5C\xD5\x3D\xD8\x00\xDE"),
        ];
        for (number, text, bytes) in cases {
            assert_eq!(page(number).encode(text), bytes, "{number} {text}");
            let decoded = page(number).decode(bytes);
            assert_eq!((decoded.text.as_str(), decoded.lossy), (text, false), "{number}");
        }
    }

    #[test]
    fn numbers_are_known_or_refused() {
        for page in CodePage::ALL {
            assert_eq!(CodePage::from_number(page.number()), Some(page));
        }
        for number in [0, 1, 20127, 65000, 1201] {
            assert_eq!(CodePage::from_number(number), None);
        }
    }

    #[test]
    fn what_a_page_lacks_shows() {
        assert_eq!(page(437).encode("a한b"), b"a?b");
        assert_eq!(page(949).encode("a😀é"), b"a??");
        for (number, bytes) in [(949, &b"a\xFFb"[..]), (65001, b"a\xFFb"), (857, b"a\xE7b")] {
            let decoded = page(number).decode(bytes);
            assert_eq!((decoded.text.as_str(), decoded.lossy), ("a\u{FFFD}b", true), "{number}");
        }
        let cut = CodePage::UTF_16LE.decode(b"a\0\x3D\xD8b\0c");
        assert_eq!((cut.text.as_str(), cut.lossy), ("a\u{FFFD}b\u{FFFD}", true));
    }

    #[test]
    fn every_byte_of_ascii_is_itself_in_every_page() {
        let ascii: String = (0..=0x7F_u8).map(char::from).collect();
        for page in CodePage::ALL.into_iter().filter(|page| *page != CodePage::UTF_16LE) {
            assert_eq!(page.encode(&ascii), ascii.as_bytes(), "{page:?}");
            assert_eq!(page.decode(ascii.as_bytes()).text, ascii, "{page:?}");
        }
    }

    #[test]
    fn output_is_utf16_only_where_the_bytes_show_it() {
        let wide = |text: &str| CodePage::UTF_16LE.encode(text);
        let cases: [(Vec<u8>, u16, u16, &str); 15] = [
            (b"\xFF\xFEa\0\r\0\n\0".to_vec(), 437, 1200, "a\r\n"),
            (
                wide("Name  ProcessId\r\nsvchost.exe  812\r\n"),
                949,
                1200,
                "Name  ProcessId\r\nsvchost.exe  812\r\n",
            ),
            (wide("가나 다\r\n"), 949, 1200, "가나 다\r\n"),
            (wide("a"), 437, 1200, "a"),
            (b"plain\r\n".to_vec(), 437, 437, "plain\r\n"),
            (b"".to_vec(), 949, 949, ""),
            (b"\xBC\xAD\xBA\xF1\xBD\xBA\r\n".to_vec(), 949, 949, "서비스\r\n"),
            (b"abc\0\r\n".to_vec(), 437, 437, "abc\0\r\n"),
            (b"ab\0\0".to_vec(), 437, 437, "ab\0\0"),
            (b"a\0b".to_vec(), 437, 437, "a\0b"),
            (b"\0a".to_vec(), 437, 437, "\0a"),
            ("\u{FEFF}é\r\n".as_bytes().to_vec(), 65001, 65001, "\u{FEFF}é\r\n"),
            ("\u{FEFF}é\r\n".as_bytes().to_vec(), 437, 65001, "\u{FEFF}é\r\n"),
            ("데스크톱".as_bytes().to_vec(), 949, 65001, "데스크톱"),
            ("é".as_bytes().to_vec(), 437, 437, "├⌐"),
        ];
        for (bytes, given, taken, text) in cases {
            let decoded = decode_output(&bytes, page(given));
            assert_eq!((decoded.code_page, decoded.text.as_str()), (page(taken), text), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_without_zero_are_never_taken_for_utf16(bytes in prop::collection::vec(1_u8.., 0..64)) {
            prop_assume!(!bytes.starts_with(b"\xFF\xFE"));
            let taken = decode_output(&bytes, page(949)).code_page;
            // UTF-8 only where it is that, and page 949 cannot be meant.
            let utf8 = std::str::from_utf8(&bytes).is_ok()
                && (page(949).decode(&bytes).lossy || bytes.starts_with(b"\xEF\xBB\xBF"));
            prop_assert_eq!(taken, if utf8 { CodePage::UTF_8 } else { page(949) });
        }

        #[test]
        fn text_of_a_page_survives_the_way_there_and_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            // 932, 936 and 950 also read bytes that Windows itself would write otherwise.
            for page in CodePage::ALL.into_iter().filter(|page| ![932, 936, 950].contains(&page.number())) {
                let once = page.decode(&bytes);
                if !once.lossy {
                    prop_assert_eq!(&page.decode(&page.encode(&once.text)), &once, "{:?}", page);
                }
            }
        }
    }
}
