//! `reg export`, `reg import`.

use super::super::{Process, is_switch};
use super::{DONE, Failure, KeyName, NOT_FOUND, SYNTAX, confirm, done};
use crate::sim::conhost::Interrupted;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::language::Text;
use crate::sim::windows::reg_file;
use crate::sim::windows::win32::Win32;

const FILE_EXISTS: Text = Text {
    en: "File {0} already exists. Overwrite (Yes/No)? ",
    ko: "{0} 파일이 이미 있습니다. 덮어쓰시겠습니까(예(Y)/아니요(N))? ",
    ja: "ファイル {0} は既に存在します。上書きしますか? (Yes/No) ",
    de: "Die Datei {0} ist bereits vorhanden. Überschreiben (Ja/Nein)? ",
};
const FILE_ERROR: Text = Text {
    en: "Error opening the file. There may be a disk or file system error.",
    ko: "파일을 여는 동안 오류가 발생했습니다. 디스크 또는 파일 시스템 오류일 수 있습니다.",
    ja: "ファイルを開くときにエラーが発生しました。ディスクまたはファイル システムのエラーの可能性があります。",
    de: "Fehler beim Öffnen der Datei. Möglicherweise liegt ein Datenträger- oder Dateisystemfehler vor.",
};
const REGISTRY_ERROR: Text = Text {
    en: "Error accessing the registry.",
    ko: "레지스트리에 액세스하는 동안 오류가 발생했습니다.",
    ja: "レジストリにアクセスするときにエラーが発生しました。",
    de: "Fehler beim Zugriff auf die Registrierung.",
};

pub(super) async fn export(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let (name, path, force) = match parse(process, words) {
        Ok(parsed) => parsed,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(key) = process.world().registry.key(&name.path).cloned() else {
        return Ok(Err(Failure::Text(NOT_FOUND)));
    };
    if !may_overwrite(process, &path, force).await? {
        return Ok(Err(Failure::Canceled));
    }
    let file = reg_file::export(&key, &name.path);
    Ok(write(process, &path, file))
}

pub(super) fn import(process: &Process, words: &[String]) -> Result<(), Failure> {
    let file = words.first().ok_or(Failure::Usage(SYNTAX))?;
    let path = process.path(file).ok_or(Failure::Text(FILE_ERROR))?;
    let mut world = process.world();
    let bytes = world.files.read(&path, &process.token).map_err(|_| Failure::Text(FILE_ERROR))?;
    let edits = reg_file::parse(&bytes).ok_or(Failure::Text(REGISTRY_ERROR))?;
    if !reg_file::apply(&mut world.registry, edits) {
        return Err(Failure::Text(REGISTRY_ERROR));
    }
    let language = world.language;
    drop(world);
    // The success of an import is written to standard error.
    process.stderr.line(DONE.in_language(language));
    Ok(())
}

/// Key, file, and whether to write over an existing file.
pub(super) fn parse(process: &Process, words: &[String]) -> Result<(KeyName, WinPath, bool), Failure> {
    let wrong = || Failure::Usage(SYNTAX);
    let [name, file, rest @ ..] = words else { return Err(wrong()) };
    let mut force = false;
    for word in rest {
        match word {
            w if is_switch(w, "y") => force = true,
            w if is_switch(w, "reg:32") || is_switch(w, "reg:64") => {}
            _ => return Err(wrong()),
        }
    }
    let path = process.path(file).ok_or(Failure::Text(FILE_ERROR))?;
    Ok((KeyName::parse(name)?, path, force))
}

pub(super) async fn may_overwrite(
    process: &Process,
    path: &WinPath,
    force: bool,
) -> Result<bool, Interrupted> {
    let exists = process.world().files.look(path).is_some();
    if !exists || force {
        return Ok(true);
    }
    confirm(process, &FILE_EXISTS.fill(process.language(), &[&path.to_string()])).await
}

pub(super) fn write(process: &Process, path: &WinPath, bytes: Vec<u8>) -> Result<(), Failure> {
    let mut world = process.world();
    let (now, language) = (world.wall_time(), world.language);
    let written = world.files.write(path, bytes, &process.token, now);
    drop(world);
    written.map_err(|error| said(error, language))?;
    done(process);
    Ok(())
}

pub(super) fn said(error: FileError, language: crate::sim::windows::language::Language) -> Failure {
    Failure::Said(Win32(error.code().unsigned_abs()).text(language))
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::certificates;

    const DONE: &str = "The operation completed successfully.\n";

    #[test]
    fn a_key_goes_out_and_comes_back() {
        let trial = Trial::healthy();
        let key = r#""HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server""#;
        let plain = key.trim_matches('"');
        let before = trial.world.lock().registry.key(plain).unwrap().clone();
        assert_eq!(trial.ok(&format!(r"reg export {key} C:\Windows\Temp\t.reg /y")), DONE);
        trial.ok(&format!("reg delete {key} /f"));
        assert!(trial.world.lock().registry.key(plain).is_none());
        assert_eq!(trial.run(r"reg import C:\Windows\Temp\t.reg"), Answer::new("", DONE, 0));
        assert_eq!(trial.world.lock().registry.key(plain), Some(&before));
    }

    #[test]
    fn an_existing_file_is_asked_for() {
        let trial = Trial::healthy();
        let line = r"reg export HKLM\SOFTWARE\Policies C:\Windows\Temp\p.reg";
        trial.ok(line);
        let question = r"File C:\Windows\Temp\p.reg already exists. Overwrite (Yes/No)? ";
        assert_eq!(trial.answer(line, "y\r"), Answer::new(&format!("{question}{DONE}"), "", 0));
        assert_eq!(trial.answer(line, "n\r").code, 1);
    }

    #[test]
    fn what_cannot_be_read_or_written() {
        let trial = Trial::healthy();
        for (line, text) in [
            (
                r"reg import C:\nowhere.reg",
                "ERROR: Error opening the file. There may be a disk or file system error.\n",
            ),
            (r"reg import C:\Windows\win.ini", "ERROR: Error accessing the registry.\n"),
            (
                r"reg export HKLM\NOWHERE C:\x.reg",
                "ERROR: The system was unable to find the specified registry key or value.\n",
            ),
            (r"reg export HKLM\SOFTWARE C:\no\x.reg", "ERROR: The system cannot find the path specified.\n"),
        ] {
            assert_eq!(trial.run(line), Answer::new("", text, 1), "{line}");
        }
    }

    #[test]
    fn a_certificate_is_saved_removed_and_restored_with_its_store() {
        let trial = Trial::healthy();
        let key = r#""HKLM\SOFTWARE\Microsoft\SystemCertificates\Remote Desktop\Certificates""#;
        let stored = || certificates::in_store(&trial.world.lock().registry, certificates::REMOTE_DESKTOP);
        let before = stored();
        trial.ok(&format!(r"reg export {key} C:\Windows\Temp\c.reg /y"));
        trial.ok(&format!(r"reg delete {key} /f"));
        assert!(stored().is_empty());
        trial.run(r"reg import C:\Windows\Temp\c.reg");
        assert_eq!(stored(), before);
    }
}
