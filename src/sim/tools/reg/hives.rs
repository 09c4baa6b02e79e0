//! `reg save`, `reg restore`, `reg load`, `reg unload`.

use super::super::Process;
use super::transfer::{may_overwrite, parse, said, write};
use super::{Failure, KeyName, NOT_FOUND, SYNTAX, done};
use crate::sim::conhost::Interrupted;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::node::Body;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::hive;
use crate::sim::windows::language::Text;
use crate::sim::windows::registry::{Key, Root};
use crate::sim::windows::win32::Win32;

const BAD_HIVE: Text = Text {
    en: "The configuration registry database is corrupt.",
    ko: "구성 레지스트리 데이터베이스가 손상되었습니다.",
    ja: "レジストリ データベースは壊れています。",
    de: "Die Konfigurationsdatenbank der Registrierung ist beschädigt.",
};

pub(super) async fn save(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
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
    Ok(write(process, &path, hive::write(&key.renamed(""))))
}

pub(super) fn restore(process: &Process, words: &[String]) -> Result<(), Failure> {
    let (name, path, _) = parse(process, words)?;
    let hive = read(process, &path)?;
    let mut world = process.world();
    if world.registry.key(&name.path).is_none() {
        return Err(Failure::Text(NOT_FOUND));
    }
    world.registry.remove(&name.path);
    if let Some(key) = world.registry.create(&name.path) {
        hive.values().for_each(|(value, data)| key.set(value, data.clone()));
        hive.keys().for_each(|below| key.attach(below.clone()));
    }
    drop(world);
    done(process);
    Ok(())
}

pub(super) fn load(process: &Process, words: &[String]) -> Result<(), Failure> {
    let (name, path, _) = parse(process, words)?;
    mountable(&name, process)?;
    let hive = read(process, &path)?;
    let mut world = process.world();
    let language = world.language;
    if !world.registry.load(name.root, &name.below, hive, &path.to_string()) {
        return Err(Failure::Said(Win32::ACCESS_DENIED.text(language)));
    }
    if let Some(node) = world.files.look_mut(&path) {
        node.in_use = true;
    }
    drop(world);
    done(process);
    Ok(())
}

pub(super) fn unload(process: &Process, words: &[String]) -> Result<(), Failure> {
    let [name] = words else { return Err(Failure::Usage(SYNTAX)) };
    let name = KeyName::parse(name)?;
    let mut world = process.world();
    let language = world.language;
    let Some((key, file)) = world.registry.unload(name.root, &name.below) else {
        return Err(Failure::Said(Win32::INVALID_PARAMETER.text(language)));
    };
    // What was changed while the hive was loaded stands in its file.
    let now = world.wall_time();
    if let Some(node) = world.files.look_mut(&WinPath::new(&file)) {
        node.in_use = false;
        node.modified = now;
        node.body = Body::File(hive::write(&key.renamed("")).into());
    }
    drop(world);
    done(process);
    Ok(())
}

/// A hive hangs directly below `HKLM` or `HKU`.
fn mountable(name: &KeyName, process: &Process) -> Result<(), Failure> {
    let is_right = matches!(name.root, Root::LocalMachine | Root::Users)
        && !name.below.is_empty()
        && !name.below.contains('\\');
    if is_right { Ok(()) } else { Err(Failure::Said(Win32::INVALID_PARAMETER.text(process.language()))) }
}

fn read(process: &Process, path: &WinPath) -> Result<Key, Failure> {
    let world = process.world();
    let bytes = match world.files.read(path, &process.token) {
        Ok(bytes) => bytes,
        Err(FileError::NoDrive) => return Err(said(FileError::PathNotFound, world.language)),
        Err(error) => return Err(said(error, world.language)),
    };
    hive::read(&bytes).ok_or(Failure::Text(BAD_HIVE))
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};

    const DONE: &str = "The operation completed successfully.\n";

    #[test]
    fn a_hive_is_saved_loaded_changed_and_unloaded() {
        let trial = Trial::healthy();
        let file = r"C:\Windows\Temp\SYSTEM";
        assert_eq!(trial.ok(&format!(r"reg save HKLM\SYSTEM {file} /y")), DONE);
        assert_eq!(trial.ok(&format!(r"reg load HKLM\BROKENSYSTEM {file}")), DONE);
        assert!(trial.ok(r"reg query HKLM\BROKENSYSTEM\Select /v Current").contains("0x1"));
        let in_use =
            "ERROR: The process cannot access the file because it is being used by another process.\n";
        assert_eq!(trial.run(&format!(r"reg load HKLM\AGAIN {file}")), Answer::new("", in_use, 1));
        trial.ok(r"reg add HKLM\BROKENSYSTEM\ControlSet001 /v Mark /d changed /f");
        assert_eq!(trial.ok(r"reg unload HKLM\BROKENSYSTEM"), DONE);
        assert_eq!(trial.run(r"reg query HKLM\BROKENSYSTEM").code, 1);
        trial.ok(&format!(r"reg load HKLM\X {file}"));
        assert!(trial.ok(r"reg query HKLM\X\ControlSet001 /v Mark").contains("changed"));
    }

    #[test]
    fn wrong_places_and_files() {
        let trial = Trial::healthy();
        trial.ok(r"reg save HKLM\SYSTEM C:\Windows\Temp\SYSTEM /y");
        for (line, text) in [
            (
                r"reg load HKLM\X F:\windows\system32\config\SYSTEM",
                "ERROR: The system cannot find the path specified.\n",
            ),
            (r"reg load HKLM\X C:\Windows\SYSTEM", "ERROR: The system cannot find the file specified.\n"),
            (
                r"reg load HKLM\X C:\Windows\win.ini",
                "ERROR: The configuration registry database is corrupt.\n",
            ),
            (r"reg load HKLM\A\B C:\Windows\Temp\SYSTEM", "ERROR: The parameter is incorrect.\n"),
            (r"reg load HKCU\A C:\Windows\Temp\SYSTEM", "ERROR: The parameter is incorrect.\n"),
            (r"reg load HKLM\SOFTWARE C:\Windows\Temp\SYSTEM", "ERROR: Access is denied.\n"),
            (r"reg unload HKLM\SOFTWARE", "ERROR: The parameter is incorrect.\n"),
        ] {
            assert_eq!(trial.run(line), Answer::new("", text, 1), "{line}");
        }
    }

    #[test]
    fn a_key_is_restored_whole() {
        let trial = Trial::healthy();
        trial.ok(r"reg add HKLM\SOFTWARE\T\Old /v A /d 1");
        trial.ok(r"reg save HKLM\SOFTWARE\T C:\Windows\Temp\t.hiv");
        trial.ok(r"reg delete HKLM\SOFTWARE\T\Old /f");
        trial.ok(r"reg add HKLM\SOFTWARE\T\New /f");
        assert_eq!(trial.ok(r"reg restore HKLM\SOFTWARE\T C:\Windows\Temp\t.hiv"), DONE);
        let out = trial.ok(r"reg query HKLM\SOFTWARE\T");
        assert_eq!(out, "\nHKEY_LOCAL_MACHINE\\SOFTWARE\\T\\Old\n");
    }
}
