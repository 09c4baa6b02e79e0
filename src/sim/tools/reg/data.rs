//! Types and data on reg's command line, and the form in which values are printed.

use super::Failure;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::registry::Data;

const BAD_NUMBER: Text = Text {
    en: "Invalid syntax. Specify valid numeric value for '/d'.",
    ko: "구문이 잘못되었습니다. '/d'에 올바른 숫자 값을 지정하십시오.",
    ja: "構文が間違っています。'/d' に有効な数値を指定してください。",
    de: "Ungültige Syntax. Geben Sie einen gültigen numerischen Wert für \"/d\" an.",
};
const BAD_TYPE: Text = Text {
    en: "Invalid syntax. Specify valid type for '/t'.",
    ko: "구문이 잘못되었습니다. '/t'에 올바른 형식을 지정하십시오.",
    ja: "構文が間違っています。'/t' に有効な種類を指定してください。",
    de: "Ungültige Syntax. Geben Sie einen gültigen Typ für \"/t\" an.",
};
const DEFAULT_NAME: Text = Text { en: "(Default)", ko: "(기본값)", ja: "(既定)", de: "(Standard)" };
const NOT_SET: Text = Text {
    en: "(value not set)",
    ko: "(값 설정 안 됨)",
    ja: "(値の設定なし)",
    de: "(Wert nicht festgelegt)",
};

/// The data that `/t kind /s separator /d text` mean.
pub(super) fn parse(kind: &str, text: &str, separator: &str) -> Result<Data, Failure> {
    let bad_number = || Failure::Usage(BAD_NUMBER);
    Ok(match kind.to_uppercase().as_str() {
        "REG_SZ" => Data::Sz(text.to_owned()),
        "REG_EXPAND_SZ" => Data::ExpandSz(text.to_owned()),
        "REG_MULTI_SZ" => {
            let parts = text.split(separator).filter(|part| !part.is_empty());
            Data::MultiSz(parts.map(str::to_owned).collect())
        }
        "REG_DWORD" | "REG_DWORD_LITTLE_ENDIAN" => {
            let number = number(text).ok_or_else(bad_number)?;
            Data::Dword(u32::try_from(number).map_err(|_| bad_number())?)
        }
        "REG_QWORD" => Data::Qword(number(text).ok_or_else(bad_number)?),
        "REG_BINARY" => Data::Binary(hex(text).ok_or_else(bad_number)?),
        "REG_NONE" => Data::None(hex(text).ok_or_else(bad_number)?),
        _ => return Err(Failure::Usage(BAD_TYPE)),
    })
}

/// Whether there is such a type.
pub(super) fn is_type(kind: &str) -> bool {
    parse(kind, "0", "\\0").is_ok()
}

/// The line of a value, with four blanks before and between its parts.
pub(super) fn line(name: &str, data: &Data, language: Language) -> String {
    let name = shown_name(name, language);
    format!("    {name}    {}    {}", data.type_name(), data.shown())
}

/// The line of a default value that is not set.
pub(super) fn unset_line(language: Language) -> String {
    format!("    {}    REG_SZ    {}", shown_name("", language), NOT_SET.in_language(language))
}

pub(super) fn shown_name(name: &str, language: Language) -> &str {
    if name.is_empty() { DEFAULT_NAME.in_language(language) } else { name }
}

/// Decimal, or hexadecimal with `0x`.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() {
        return Some(0);
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Hex digits; an odd first one stands alone.
fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() {
        return None;
    }
    let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    (0..padded.len()).step_by(2).map(|at| u8::from_str_radix(&padded[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_by_type() {
        for (kind, text, data) in [
            ("REG_DWORD", "1", Data::Dword(1)),
            ("reg_dword", "0xD3D", Data::Dword(3389)),
            ("REG_DWORD", "4294967295", Data::Dword(u32::MAX)),
            ("REG_DWORD", "", Data::Dword(0)),
            ("REG_QWORD", "0x100000000", Data::Qword(1 << 32)),
            ("REG_BINARY", "0aff", Data::Binary(vec![10, 255])),
            ("REG_MULTI_SZ", r"a\0b", Data::MultiSz(vec!["a".into(), "b".into()])),
            ("REG_EXPAND_SZ", "%A%", Data::ExpandSz("%A%".into())),
        ] {
            assert_eq!(parse(kind, text, r"\0"), Ok(data), "{kind} {text}");
        }
        for (kind, text) in
            [("REG_DWORD", "abc"), ("REG_DWORD", "4294967296"), ("REG_BINARY", "xy"), ("REG_X", "1")]
        {
            assert!(parse(kind, text, r"\0").is_err(), "{kind} {text}");
        }
    }
}
