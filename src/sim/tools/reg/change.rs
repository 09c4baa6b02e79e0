//! `reg add`, `reg delete`, `reg copy`.

use super::super::{Process, is_switch};
use super::{Failure, KeyName, NOT_FOUND, SYNTAX, confirm, data, done};
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;
use crate::sim::windows::registry::Root;
use crate::sim::windows::win32::Win32;

const OVERWRITE: Text = Text {
    en: "Value {0} exists, overwrite(Yes/No)? ",
    ko: "{0} 값이 있습니다. 덮어쓰시겠습니까(예(Y)/아니요(N))? ",
    ja: "値 {0} は存在します。上書きしますか? (Yes/No) ",
    de: "Der Wert {0} ist bereits vorhanden, überschreiben (Ja/Nein)? ",
};
const DELETE_KEY: Text = Text {
    en: "Permanently delete the registry key {0} (Yes/No)? ",
    ko: "레지스트리 키 {0}을(를) 영구히 삭제하시겠습니까(예(Y)/아니요(N))? ",
    ja: "レジストリ キー {0} を完全に削除しますか? (Yes/No) ",
    de: "Möchten Sie den Registrierungsschlüssel {0} wirklich löschen (Ja/Nein)? ",
};
const DELETE_VALUE: Text = Text {
    en: "Delete the registry value {0} (Yes/No)? ",
    ko: "레지스트리 값 {0}을(를) 삭제하시겠습니까(예(Y)/아니요(N))? ",
    ja: "レジストリ値 {0} を削除しますか? (Yes/No) ",
    de: "Möchten Sie den Registrierungswert {0} löschen (Ja/Nein)? ",
};
const DELETE_ALL: Text = Text {
    en: "Delete all values under the registry key {0} (Yes/No)? ",
    ko: "레지스트리 키 {0}의 모든 값을 삭제하시겠습니까(예(Y)/아니요(N))? ",
    ja: "レジストリ キー {0} のすべての値を削除しますか? (Yes/No) ",
    de: "Möchten Sie alle Werte unter dem Registrierungsschlüssel {0} löschen (Ja/Nein)? ",
};

/// Which values a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Which {
    #[default]
    Key,
    /// The empty name is the default value.
    Value(String),
    All,
}

#[derive(Debug, Default)]
struct Words {
    which: Which,
    kind: Option<String>,
    separator: Option<String>,
    data: Option<String>,
    force: bool,
    recursive: bool,
}

pub(super) async fn add(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let parsed = named(words).and_then(|(name, words)| {
        let parsed = parse(words, "v ve t s d f")?;
        if parsed.which == Which::Key && (parsed.kind.is_some() || parsed.data.is_some()) {
            return Ok((name, Words { which: Which::Value(String::new()), ..parsed }));
        }
        Ok((name, parsed))
    });
    let (name, words) = match parsed {
        Ok(parsed) => parsed,
        Err(failure) => return Ok(Err(failure)),
    };
    let data = data::parse(
        words.kind.as_deref().unwrap_or("REG_SZ"),
        words.data.as_deref().unwrap_or_default(),
        words.separator.as_deref().unwrap_or("\\0"),
    );
    let data = match data {
        Ok(data) => data,
        Err(failure) => return Ok(Err(failure)),
    };
    if name.root == Root::Users
        && !name.below.contains('\\')
        && process.world().registry.key(&name.path).is_none()
    {
        return Ok(Err(invalid(process)));
    }
    if let Which::Value(value) = &words.which {
        let exists = process.world().registry.value(&name.path, value).is_some();
        if exists && !words.force {
            let language = process.language();
            let question = OVERWRITE.fill(language, &[data::shown_name(value, language)]);
            if !confirm(process, &question).await? {
                return Ok(Err(Failure::Canceled));
            }
        }
        process.world().registry.set(&name.path, value, data);
    } else {
        process.world().registry.create(&name.path);
    }
    done(process);
    Ok(Ok(()))
}

pub(super) async fn delete(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let parsed = named(words).and_then(|(name, words)| Ok((name, parse(words, "v ve va f")?)));
    let (name, words) = match parsed {
        Ok(parsed) => parsed,
        Err(failure) => return Ok(Err(failure)),
    };
    let language = process.language();
    let exists = {
        let world = process.world();
        match &words.which {
            Which::Value(value) => world.registry.value(&name.path, value).is_some(),
            Which::Key | Which::All => world.registry.key(&name.path).is_some(),
        }
    };
    if !words.force {
        let question = match &words.which {
            Which::Key => DELETE_KEY.fill(language, &[&name.path]),
            Which::Value(value) => DELETE_VALUE.fill(language, &[data::shown_name(value, language)]),
            Which::All => DELETE_ALL.fill(language, &[&name.path]),
        };
        if !confirm(process, &question).await? {
            return Ok(Err(Failure::Canceled));
        }
    }
    if !exists {
        return Ok(Err(Failure::Text(NOT_FOUND)));
    }
    let is_done = {
        let registry = &mut process.world().registry;
        match &words.which {
            Which::Key if name.below.is_empty() => false,
            Which::Key => registry.remove(&name.path).is_some(),
            Which::Value(value) => registry.remove_value(&name.path, value),
            Which::All => {
                registry.key_mut(&name.path).iter_mut().for_each(|key| key.clear_values());
                true
            }
        }
    };
    if !is_done {
        return Ok(Err(Failure::Said(Win32::ACCESS_DENIED.text(language))));
    }
    done(process);
    Ok(Ok(()))
}

pub(super) async fn copy(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let parsed = named(words).and_then(|(from, words)| {
        let (to, words) = named(words)?;
        Ok((from, to, parse(words, "s f")?))
    });
    let (from, to, words) = match parsed {
        Ok(parsed) => parsed,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(source) = process.world().registry.key(&from.path).cloned() else {
        return Ok(Err(Failure::Text(NOT_FOUND)));
    };
    for (name, data) in source.values() {
        let exists = process.world().registry.value(&to.path, name).is_some();
        if exists && !words.force {
            let language = process.language();
            let question = OVERWRITE.fill(language, &[data::shown_name(name, language)]);
            if !confirm(process, &question).await? {
                continue;
            }
        }
        process.world().registry.set(&to.path, name, data.clone());
    }
    let mut world = process.world();
    if let Some(target) = world.registry.create(&to.path)
        && words.recursive
    {
        source.keys().for_each(|key| merge(target, key));
    }
    drop(world);
    done(process);
    Ok(Ok(()))
}

fn merge(target: &mut crate::sim::windows::registry::Key, source: &crate::sim::windows::registry::Key) {
    let below = target.create(source.name());
    source.values().for_each(|(name, data)| below.set(name, data.clone()));
    source.keys().for_each(|key| merge(below, key));
}

fn invalid(process: &Process) -> Failure {
    Failure::Said(Win32::INVALID_PARAMETER.text(process.language()))
}

fn named(words: &[String]) -> Result<(KeyName, &[String]), Failure> {
    let (name, rest) = words.split_first().ok_or(Failure::Usage(SYNTAX))?;
    Ok((KeyName::parse(name)?, rest))
}

/// Reads the switches; only those in `known` are allowed.
fn parse(words: &[String], known: &str) -> Result<Words, Failure> {
    let wrong = || Failure::Usage(SYNTAX);
    let knows = |name: &str| known.split(' ').any(|own| own == name);
    let mut parsed = Words::default();
    let mut words = words.iter();
    let mut which = |new: Which| -> Result<(), Failure> {
        if parsed.which != Which::Key {
            return Err(wrong());
        }
        parsed.which = new;
        Ok(())
    };
    let mut rest: Vec<(&str, String)> = Vec::new();
    while let Some(word) = words.next() {
        let mut argument = || words.next().cloned().ok_or_else(wrong);
        match word {
            w if is_switch(w, "v") && knows("v") => which(Which::Value(argument()?))?,
            w if is_switch(w, "ve") && knows("ve") => which(Which::Value(String::new()))?,
            w if is_switch(w, "va") && knows("va") => which(Which::All)?,
            w if is_switch(w, "t") && knows("t") => rest.push(("t", argument()?)),
            w if is_switch(w, "d") && knows("d") => rest.push(("d", argument()?)),
            w if is_switch(w, "s") && knows("d") => rest.push(("s", argument()?)),
            w if is_switch(w, "s") && knows("s") => rest.push(("r", String::new())),
            w if is_switch(w, "f") && knows("f") => rest.push(("f", String::new())),
            w if is_switch(w, "reg:32") || is_switch(w, "reg:64") => {}
            _ => return Err(wrong()),
        }
    }
    for (switch, argument) in rest {
        match switch {
            "t" => parsed.kind = Some(argument),
            "d" => parsed.data = Some(argument),
            "s" => parsed.separator = Some(argument),
            "r" => parsed.recursive = true,
            _ => parsed.force = true,
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;
    use crate::sim::windows::registry::Data;

    const DONE: &str = "The operation completed successfully.\n";

    #[test]
    fn values_are_made_and_replaced() {
        let trial = Trial::healthy();
        for (line, name, data) in [
            (r"reg add HKLM\SOFTWARE\T /v N /t REG_DWORD /d 1 /f", "N", Data::Dword(1)),
            (r"REG ADD HKLM\SOFTWARE\T /v n /t REG_DWORD /d 0x10 /f", "N", Data::Dword(16)),
            (
                r#"reg add "HKLM\SOFTWARE\T" /v "With Blank" /d "a b" /f"#,
                "With Blank",
                Data::Sz("a b".into()),
            ),
            (r"reg add HKLM\SOFTWARE\T /ve /d default /f", "", Data::Sz("default".into())),
            (
                r"reg add HKLM\SOFTWARE\T /v M /t REG_MULTI_SZ /s , /d a,b",
                "M",
                Data::MultiSz(vec!["a".into(), "b".into()]),
            ),
            (r"reg add HKLM\SOFTWARE\T /v Q'", "Q'", Data::Sz(String::new())),
            (
                r"reg add HKLM\SOFTWARE\T /v 'SecurityLayer' /t REG_DWORD /d 0 /f",
                "'SecurityLayer'",
                Data::Dword(0),
            ),
        ] {
            assert_eq!(
                trial.run(&line.replacen("REG ADD", "reg add", 1)),
                Answer::new(DONE, "", 0),
                "{line}"
            );
            assert_eq!(trial.world.lock().registry.value(r"HKLM\SOFTWARE\T", name), Some(&data));
        }
    }

    #[test]
    fn an_existing_value_is_asked_for() {
        let trial = Trial::healthy();
        trial.ok(r"reg add HKLM\SOFTWARE\T /v N /t REG_DWORD /d 1");
        let value = || trial.world.lock().registry.dword(r"HKLM\SOFTWARE\T", "N");
        let question = "Value N exists, overwrite(Yes/No)? ";
        let line = r"reg add HKLM\SOFTWARE\T /v N /t REG_DWORD /d 2";
        let no = format!("{question}The operation was canceled by the user.\n");
        assert_eq!(trial.answer(line, "no\r"), Answer::new(&no, "", 1));
        assert_eq!(value(), Some(1));
        let yes = format!("{question}{question}{DONE}");
        assert_eq!(trial.answer(line, "what\rY\r"), Answer::new(&yes, "", 0));
        assert_eq!(value(), Some(2));
        assert_eq!(trial.run(line).code, 1);
    }

    #[test]
    fn wrong_lines_change_nothing() {
        let trial = Trial::healthy();
        let before = trial.world.lock().registry.machine().clone();
        for line in [
            r"reg add HKLM\SOFTWARE\T /v N /t REG_DWORD /d abc /f",
            r"reg add HKLM\SOFTWARE\T /v N /t REG_WORD /d 1 /f",
            r"reg add HKLM\SOFTWARE\T /v N /v M",
            r"reg add HKLM:\SOFTWARE\T /v N",
            r"reg add HKLM\SOFTWARE\T N",
            r"reg add",
            r"reg query HKLM\SOFTWARE /v X /t REG_DWORD /d 1",
            r"reg delete HKLM\SOFTWARE\Nowhere /f",
            r"reg copy HKLM\SOFTWARE\Nowhere HKLM\SOFTWARE\T /f",
        ] {
            let answer = trial.run(line);
            assert_eq!((answer.code, answer.out.as_str()), (1, ""), "{line}");
            assert!(answer.err.starts_with("ERROR: "), "{line}");
        }
        assert_eq!(trial.world.lock().registry.machine(), &before);
    }

    #[test]
    fn deleting() {
        let trial = Trial::healthy();
        trial.ok(r"reg add HKLM\SOFTWARE\T\Below /v N /d x");
        trial.ok(r"reg add HKLM\SOFTWARE\T /v A /d x");
        trial.ok(r"reg add HKLM\SOFTWARE\T /v B /d x");
        assert_eq!(trial.ok(r"reg delete HKLM\SOFTWARE\T /v A /f"), DONE);
        assert_eq!(trial.run(r"reg delete HKLM\SOFTWARE\T /v A /f").code, 1);
        let asked = trial.answer(r"reg delete HKLM\SOFTWARE\T /va", "y\r");
        assert!(asked.out.starts_with(
            "Delete all values under the registry key HKEY_LOCAL_MACHINE\\SOFTWARE\\T (Yes/No)? "
        ));
        assert!(trial.world.lock().registry.key(r"HKLM\SOFTWARE\T").unwrap().values().next().is_none());
        assert_eq!(trial.ok(r"reg delete HKLM\SOFTWARE\T /f"), DONE);
        assert!(trial.world.lock().registry.key(r"HKLM\SOFTWARE\T").is_none());
    }

    #[test]
    fn copying_takes_what_is_below_only_when_asked() {
        let trial = Trial::healthy();
        trial.ok(r"reg add HKLM\SOFTWARE\T\Below /v N /d x");
        trial.ok(r"reg add HKLM\SOFTWARE\T /v A /d x");
        trial.ok(r"reg copy HKLM\SOFTWARE\T HKLM\SOFTWARE\U");
        let has = |path: &str| trial.world.lock().registry.key(path).is_some();
        assert!(has(r"HKLM\SOFTWARE\U") && !has(r"HKLM\SOFTWARE\U\Below"));
        trial.ok(r"reg copy HKLM\SOFTWARE\T HKLM\SOFTWARE\U /s /f");
        assert!(has(r"HKLM\SOFTWARE\U\Below"));
    }

    #[test]
    fn texts_in_the_machines_language() {
        for (language, done) in [
            (Language::KoKr, "작업을 완료했습니다.\n"),
            (Language::JaJp, "この操作を正しく終了しました。\n"),
            (Language::DeDe, "Der Vorgang wurde erfolgreich beendet.\n"),
        ] {
            assert_eq!(Trial::in_language(language).ok(r"reg add HKLM\SOFTWARE\T /f"), done);
        }
        let german = Trial::in_language(Language::DeDe);
        german.ok(r"reg add HKLM\SOFTWARE\T /v N /d 1");
        assert_eq!(german.answer(r"reg add HKLM\SOFTWARE\T /v N /d 2", "j\r").code, 0);
    }
}
