//! Display languages of the machine: code pages, and texts in several languages.

/// A display language of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, United States.
    #[default]
    EnUs,
    /// Korean.
    KoKr,
    /// Japanese.
    JaJp,
    /// German.
    DeDe,
}

/// One text in every language of the machine; `{0}`, `{1}`, … are places for inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Korean.
    pub ko: &'static str,
    /// Japanese.
    pub ja: &'static str,
    /// German.
    pub de: &'static str,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 4] = [Self::EnUs, Self::KoKr, Self::JaJp, Self::DeDe];

    /// The language named `tag` (`ko-KR`, `ko-kr`, `ko`).
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| {
            let own = language.tag();
            own.eq_ignore_ascii_case(tag) || own[..2].eq_ignore_ascii_case(tag)
        })
    }

    /// The tag, `ko-KR`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::KoKr => "ko-KR",
            Self::JaJp => "ja-JP",
            Self::DeDe => "de-DE",
        }
    }

    /// The OEM code page: what a console starts with.
    pub fn oem_code_page(self) -> u16 {
        match self {
            Self::EnUs => 437,
            Self::KoKr => 949,
            Self::JaJp => 932,
            Self::DeDe => 850,
        }
    }

    /// The locale identifier as four hex digits, `0412`.
    pub fn lcid(self) -> &'static str {
        match self {
            Self::EnUs => "0409",
            Self::KoKr => "0412",
            Self::JaJp => "0411",
            Self::DeDe => "0407",
        }
    }
}

impl Text {
    /// A text that is the same everywhere, or whose translations nobody here knows.
    pub const fn same(text: &'static str) -> Self {
        Self { en: text, ko: text, ja: text, de: text }
    }

    /// The text in `language`.
    pub fn in_language(&self, language: Language) -> &'static str {
        match language {
            Language::EnUs => self.en,
            Language::KoKr => self.ko,
            Language::JaJp => self.ja,
            Language::DeDe => self.de,
        }
    }

    /// The text in `language` with its places filled.
    pub fn fill(&self, language: Language, inserts: &[&str]) -> String {
        let mut text = self.in_language(language).to_owned();
        for (at, insert) in inserts.iter().enumerate() {
            text = text.replace(&format!("{{{at}}}"), insert);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_found_by_tag_and_by_their_first_part() {
        assert_eq!(Language::from_tag("ko-KR"), Some(Language::KoKr));
        assert_eq!(Language::from_tag("DE"), Some(Language::DeDe));
        assert_eq!(Language::from_tag("fr"), None);
    }

    #[test]
    fn places_are_filled() {
        let text = Text { en: "{0} of {1}", ko: "{1} / {0}", ja: "", de: "" };
        assert_eq!(text.fill(Language::EnUs, &["1", "2"]), "1 of 2");
        assert_eq!(text.fill(Language::KoKr, &["1", "2"]), "2 / 1");
    }
}
