//! chcp.com.

use super::{CodePage, Process};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::language::Text;

const ACTIVE: Text = Text {
    en: "Active code page: {0}",
    ko: "활성 코드 페이지: {0}",
    ja: "現在のコード ページ: {0}",
    de: "Aktive Codepage: {0}.",
};
const INVALID: Text = Text {
    en: "Invalid code page",
    ko: "잘못된 코드 페이지",
    ja: "無効なコード ページ",
    de: "Ungültige Codepage",
};
const FORMAT: Text = Text {
    en: "Parameter format not correct - {0}",
    ko: "매개 변수 형식이 틀립니다. - {0}",
    ja: "パラメーターの書式が違います - {0}",
    de: "Parameterformat falsch - {0}",
};

/// `chcp [number]`
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let given = process.tail.trim();
    if !given.is_empty() {
        if !given.chars().all(|c| c.is_ascii_digit()) {
            process.stderr.line(&FORMAT.fill(language, &[given]));
            return 1;
        }
        let Some(page) = given.parse().ok().filter(|page| *page != 1200 && CodePage(*page).exists()) else {
            process.stderr.line(INVALID.in_language(language));
            return 1;
        };
        process.console.set_code_page(page);
    }
    let number = process.console.code_page().to_string();
    // The answer is already in the new code page.
    process.stdout.line(&ACTIVE.fill(language, &[&number]));
    0
}
