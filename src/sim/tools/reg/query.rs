//! `reg query`.

use super::super::{Process, is_switch};
use super::{Failure, KeyName, NOT_FOUND, SYNTAX, data};
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::registry::{Data, Key, Registry};

const MATCHES: Text = Text {
    en: "End of search: {0} match(es) found.",
    ko: "검색 끝: {0}개의 일치 항목이 있습니다.",
    ja: "検索の完了: {0} 件一致しました。",
    de: "Ende der Suche: {0} Übereinstimmung(en) gefunden.",
};

/// What the command line asks for.
#[derive(Debug, Default)]
struct Request {
    /// `/v name`; the outer `Some` is the switch.
    value: Option<String>,
    /// `/ve`.
    default_value: bool,
    /// `/s`.
    recursive: bool,
    /// `/f text`.
    search: Option<String>,
    /// `/k`, `/d`: where to search; neither means everywhere, names of values included.
    keys_only: bool,
    data_only: bool,
    /// `/c`.
    with_case: bool,
    /// `/e`.
    exact: bool,
    /// `/t`.
    kinds: Vec<String>,
}

struct Printer<'a> {
    registry: &'a Registry,
    language: Language,
    request: &'a Request,
    out: String,
    matches: usize,
}

pub(super) fn query(process: &Process, words: &[String]) -> Result<(), Failure> {
    let (name, request) = parse(words)?;
    let world = process.world();
    let names = world.registry.names_below(&name.path).ok_or(Failure::Text(NOT_FOUND))?;
    let mut printer = Printer {
        registry: &world.registry,
        language: world.language,
        request: &request,
        out: "\r\n".to_owned(),
        matches: 0,
    };
    let is_search = request.search.is_some() || request.value.is_some() || request.default_value;
    if is_search {
        printer.search(&name.path);
    } else {
        printer.list(&name.path, &names);
    }
    let (mut out, matches, language) = (printer.out, printer.matches, world.language);
    drop(world);
    if is_search && (request.recursive || request.search.is_some()) {
        out.push_str(&MATCHES.fill(language, &[&matches.to_string()]));
        out.push_str("\r\n");
        process.stdout.text(&out);
        return if matches == 0 { Err(Failure::Silent) } else { Ok(()) };
    }
    if is_search && matches == 0 {
        return Err(Failure::Text(NOT_FOUND));
    }
    process.stdout.text(&out);
    Ok(())
}

fn parse(words: &[String]) -> Result<(KeyName, Request), Failure> {
    let wrong = || Failure::Usage(SYNTAX);
    let (name, rest) = words.split_first().ok_or_else(wrong)?;
    let name = KeyName::parse(name)?;
    let mut request = Request::default();
    let mut rest = rest.iter().peekable();
    while let Some(word) = rest.next() {
        match word {
            w if is_switch(w, "v") => {
                let named = rest.next_if(|next| !next.starts_with('/'));
                request.value = Some(named.cloned().unwrap_or_default());
            }
            w if is_switch(w, "ve") => request.default_value = true,
            w if is_switch(w, "s") => request.recursive = true,
            w if is_switch(w, "f") => request.search = Some(rest.next().ok_or_else(wrong)?.clone()),
            w if is_switch(w, "k") => request.keys_only = true,
            w if is_switch(w, "d") => request.data_only = true,
            w if is_switch(w, "c") => request.with_case = true,
            w if is_switch(w, "e") => request.exact = true,
            w if is_switch(w, "t") => {
                let kinds = rest.next().ok_or_else(wrong)?;
                request.kinds = kinds.split(',').map(|kind| kind.trim().to_uppercase()).collect();
                if !request.kinds.iter().all(|kind| data::is_type(kind)) {
                    return Err(wrong());
                }
            }
            w if is_switch(w, "z") || is_switch(w, "reg:32") || is_switch(w, "reg:64") => {}
            _ => return Err(wrong()),
        }
    }
    if request.value.is_some() && request.default_value {
        return Err(wrong());
    }
    Ok((name, request))
}

impl Printer<'_> {
    /// Everything in a key and, when asked, below it.
    fn list(&mut self, path: &str, names: &[String]) {
        let Some(key) = self.registry.key(path) else { return };
        if key.values().next().is_some() {
            self.line(path);
            for (name, value) in key.values() {
                self.line(&data::line(name, value, self.language));
            }
            self.line("");
        }
        for name in names {
            let below = format!(r"{path}\{name}");
            if !self.request.recursive {
                self.line(&below);
                continue;
            }
            let deeper = self.registry.names_below(&below).unwrap_or_default();
            if self.registry.key(&below).is_none_or(|key| key.values().next().is_none()) {
                self.line(&below);
            }
            self.list(&below, &deeper);
        }
    }

    /// Values, and with `/f` keys, that fit what was asked for.
    fn search(&mut self, path: &str) {
        let Some(key) = self.registry.key(path) else { return };
        let found: Vec<String> = self.fitting_values(key);
        if !found.is_empty() {
            self.line(path);
            self.matches += found.len();
            for line in &found {
                self.line(line);
            }
            self.line("");
        }
        for name in self.registry.names_below(path).unwrap_or_default() {
            let below = format!(r"{path}\{name}");
            if self.fits_key(&name) {
                self.matches += 1;
                self.line(&below);
            }
            if self.request.recursive {
                self.search(&below);
            }
        }
    }

    fn fitting_values(&self, key: &Key) -> Vec<String> {
        if self.request.default_value {
            let line = match key.value("") {
                Some(value) => data::line("", value, self.language),
                None => data::unset_line(self.language),
            };
            return vec![line];
        }
        key.values()
            .filter(|(name, value)| self.fits_value(name, value))
            .map(|(name, value)| data::line(name, value, self.language))
            .collect()
    }

    fn fits_value(&self, name: &str, value: &Data) -> bool {
        let request = self.request;
        if !request.kinds.is_empty() && !request.kinds.iter().any(|kind| kind == value.type_name()) {
            return false;
        }
        if let Some(wanted) = &request.value {
            if wanted.is_empty() {
                // A bare `/v` with `/f` searches in the names of values only.
                return request.search.as_deref().is_some_and(|text| self.contains(name, text));
            }
            if !name.eq_ignore_ascii_case(wanted) {
                return false;
            }
            return request.search.as_deref().is_none_or(|text| self.contains(&value.shown(), text));
        }
        let Some(text) = request.search.as_deref() else { return false };
        if request.keys_only && !request.data_only {
            return false;
        }
        let in_name = !request.data_only && self.contains(name, text);
        in_name || self.contains(&value.shown(), text)
    }

    fn fits_key(&self, name: &str) -> bool {
        let request = self.request;
        let here = request.keys_only || (!request.data_only && request.value.is_none());
        here && request.kinds.is_empty()
            && request.search.as_deref().is_some_and(|text| self.contains(name, text))
    }

    fn contains(&self, text: &str, wanted: &str) -> bool {
        if wanted == "*" {
            return true;
        }
        let (text, wanted) = if self.request.with_case {
            (text.to_owned(), wanted.to_owned())
        } else {
            (text.to_lowercase(), wanted.to_lowercase())
        };
        if self.request.exact { text == wanted } else { text.contains(&wanted) }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;
    use crate::sim::windows::registry::Data;

    const SAMPLE: &str = r"HKLM\SOFTWARE\Sample";

    fn trial() -> Trial {
        let trial = Trial::healthy();
        {
            let registry = &mut trial.world.lock().registry;
            registry.set(SAMPLE, "Port", Data::Dword(3389));
            registry.set(SAMPLE, "Path", Data::ExpandSz("%SystemRoot%".into()));
            registry.set(&format!(r"{SAMPLE}\A"), "", Data::Sz("default".into()));
            registry.set(&format!(r"{SAMPLE}\A"), "Port", Data::Dword(1));
            registry.create(&format!(r"{SAMPLE}\B"));
        }
        trial
    }

    #[test]
    fn layouts() {
        let trial = trial();
        for (line, out) in [
            (
                r"reg query HKLM\SOFTWARE\Sample",
                "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\n    Port    REG_DWORD    0xd3d\n    Path    REG_EXPAND_SZ    \
                 %SystemRoot%\n\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\A\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\B\n",
            ),
            (
                r"reg query HKLM\SOFTWARE\Sample /s",
                "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\n    Port    REG_DWORD    0xd3d\n    Path    REG_EXPAND_SZ    \
                 %SystemRoot%\n\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\A\n    (Default)    REG_SZ    default\n    \
                 Port    REG_DWORD    0x1\n\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\B\n",
            ),
            (
                r"reg query hklm\software\sample /v PORT",
                "\nHKEY_LOCAL_MACHINE\\software\\sample\n    Port    REG_DWORD    0xd3d\n\n",
            ),
            (
                r"reg query HKLM\SOFTWARE\Sample\B /ve",
                "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\B\n    (Default)    REG_SZ    (value not set)\n\n",
            ),
            (
                r"reg query HKLM\SOFTWARE\Sample /s /v Port",
                "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\n    Port    REG_DWORD    0xd3d\n\n\
                 HKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\A\n    Port    REG_DWORD    0x1\n\n\
                 End of search: 2 match(es) found.\n",
            ),
            (
                r"reg query HKLM\SOFTWARE\Sample /s /f default /d",
                "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Sample\\A\n    (Default)    REG_SZ    default\n\n\
                 End of search: 1 match(es) found.\n",
            ),
        ] {
            assert_eq!(trial.run(line), Answer::new(out, "", 0), "{line}");
        }
    }

    #[test]
    fn what_is_missing_is_an_error() {
        let trial = trial();
        let missing = "ERROR: The system was unable to find the specified registry key or value.\n";
        for line in [r"reg query HKLM\NOWHERE", r"reg query HKLM\SOFTWARE\Sample /v Nothing"] {
            assert_eq!(trial.run(line), Answer::new("", missing, 1), "{line}");
        }
        let german = Trial::in_language(Language::DeDe);
        assert_eq!(
            german.run(r"reg query HKLM\NOWHERE").err,
            "FEHLER: Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.\n"
        );
        assert_eq!(trial.run(r"reg query HKLM\SOFTWARE\Sample /x").code, 1);
        let nothing = trial.run(r"reg query HKLM\SOFTWARE\Sample /f nothing");
        assert_eq!(nothing, Answer::new("\nEnd of search: 0 match(es) found.\n", "", 1));
    }

    #[test]
    fn the_link_is_printed_as_it_was_asked_for() {
        let trial = trial();
        let out = trial.ok(r"reg query HKLM\SYSTEM\CurrentControlSet\Services\TermService /v Start");
        assert_eq!(
            out,
            "\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\TermService\n    Start    REG_DWORD    0x3\n\n"
        );
        assert!(trial.ok(r"reg query HKLM\SYSTEM").contains("\\CurrentControlSet\n"));
    }
}
