//! bcdedit.exe: `/enum`, `/set`, `/deletevalue`, `/ems`, `/bootems`, `/emssettings`, `/export`, `/import`, `/default`,
//! `/timeout`, all but the last two also with `/store`.
//!
//! Names of elements are English in every language; headings, `identifier` and messages are translated.

use super::Process;
use super::page::Page;
use super::width::left;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::boot_store::{self, ELEMENTS, Element, Form, LIVE, WELL_KNOWN, kind};
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::hive;
use crate::sim::windows::language::Text;
use crate::sim::windows::registry::{Data, Key};
use crate::sim::windows::win32::Win32;

const DONE: Text = Text {
    en: "The operation completed successfully.",
    ko: "작업을 완료했습니다.",
    ja: "この操作を正しく終了しました。",
    de: "Der Vorgang wurde erfolgreich beendet.",
};
const NO_STORE: Text = Text {
    en: "The boot configuration data store could not be opened.",
    ko: "부팅 구성 데이터 저장소를 열 수 없습니다.",
    ja: "ブート構成データ ストアを開けませんでした。",
    de: "Der Speicher für die Startkonfigurationsdaten konnte nicht geöffnet werden.",
};
const BAD_COMMAND: Text = Text {
    en: "The set command specified is not valid.\r\nRun \"bcdedit /?\" for command line assistance.",
    ko: "지정한 설정 명령이 올바르지 않습니다.\r\n명령줄 도움말을 보려면 \"bcdedit /?\"를 실행하십시오.",
    ja: "指定された set コマンドは無効です。\r\nコマンド ラインのヘルプを参照するには、\"bcdedit /?\" を実行してください。",
    de: "Der angegebene Befehl \"set\" ist ungültig.\r\nFühren Sie \"bcdedit /?\" aus, um die Befehlszeilenhilfe anzuzeigen.",
};
const NO_ENTRY: Text = Text {
    en: "The specified entry identifier is not valid.",
    ko: "지정한 항목 식별자가 올바르지 않습니다.",
    ja: "指定されたエントリ識別子は無効です。",
    de: "Der angegebene Eintragsbezeichner ist ungültig.",
};
const NOT_SET: Text = Text {
    en: "An error occurred while attempting to delete the specified data element.\r\nElement not found.",
    ko: "지정한 데이터 요소를 삭제하는 동안 오류가 발생했습니다.\r\n요소가 없습니다.",
    ja: "指定されたデータ要素の削除中にエラーが発生しました。\r\n要素が見つかりません。",
    de: "Beim Löschen des angegebenen Datenelements ist ein Fehler aufgetreten.\r\nElement nicht gefunden.",
};
const NOT_VALID: Text = Text {
    en: "An error occurred while attempting to reference the specified entry.\r\nThe parameter is incorrect.",
    ko: "지정한 항목을 참조하는 동안 오류가 발생했습니다.\r\n매개 변수가 틀립니다.",
    ja: "指定されたエントリの参照中にエラーが発生しました。\r\nパラメーターが間違っています。",
    de: "Beim Verweisen auf den angegebenen Eintrag ist ein Fehler aufgetreten.\r\nFalscher Parameter.",
};
const IDENTIFIER: Text = Text { en: "identifier", ko: "식별자", ja: "識別子", de: "Bezeichner" };
const MANAGER: Text = Text {
    en: "Windows Boot Manager",
    ko: "Windows 부팅 관리자",
    ja: "Windows ブート マネージャー",
    de: "Windows-Start-Manager",
};
const LOADER: Text = Text {
    en: "Windows Boot Loader",
    ko: "Windows 부팅 로더",
    ja: "Windows ブート ローダー",
    de: "Windows-Startladeprogramm",
};
const MEMORY_TEST: Text = Text {
    en: "Windows Memory Tester",
    ko: "Windows 메모리 테스터",
    ja: "Windows メモリ テスター",
    de: "Windows-Speichertestprogramm",
};
const EMS: Text = Text { en: "EMS Settings", ko: "EMS 설정", ja: "EMS 設定", de: "EMS-Einstellungen" };
const GLOBAL: Text =
    Text {
        en: "Global Settings", ko: "전역 설정", ja: "グローバル設定", de: "Globale Einstellungen"
    };
const LOADER_SETTINGS: Text = Text {
    en: "Boot Loader Settings",
    ko: "부팅 로더 설정",
    ja: "ブート ローダー設定",
    de: "Startladeprogrammeinstellungen",
};

enum Failure {
    Said(&'static Text),
    System(Win32),
}

/// Where the store is that a call is about.
enum Store {
    Live,
    File(WinPath),
}

/// `bcdedit`.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let result = if process.token.is_administrator() {
        answer(process)
    } else {
        Err(Failure::System(Win32::ACCESS_DENIED))
    };
    let text = match result {
        Ok(Some(page)) => {
            process.stdout.text(&page);
            return 0;
        }
        Ok(None) => {
            process.stdout.line(DONE.in_language(language));
            return 0;
        }
        Err(Failure::Said(text)) => text.in_language(language).to_owned(),
        Err(Failure::System(code)) => {
            format!("{}\r\n{}", NO_STORE.in_language(language), code.text(language))
        }
    };
    process.stdout.line(&text);
    1
}

fn answer(process: &Process) -> Result<Option<String>, Failure> {
    let mut words: &[String] = &process.args;
    let mut place = Store::Live;
    if words.first().is_some_and(|word| super::is_switch(word, "store")) {
        let file = words.get(1).ok_or(Failure::Said(&BAD_COMMAND))?;
        place = Store::File(process.path(file).ok_or(Failure::System(Win32::FILE_NOT_FOUND))?);
        words = &words[2..];
    }
    let verb = words.first().map_or_else(|| "/enum".to_owned(), |word| word.to_lowercase());
    let rest = words.get(1..).unwrap_or_default();
    let mut store = open(process, &place)?;
    match verb.trim_start_matches(['/', '-']) {
        "enum" | "v" => {
            let mut world = process.world();
            return enumerate(&store, &mut world, rest, matches!(place, Store::Live)).map(Some);
        }
        "export" => {
            let file = rest.first().and_then(|file| process.path(file));
            let file = file.ok_or(Failure::Said(&BAD_COMMAND))?;
            return write(process, &file, &store).map(|()| None);
        }
        "import" => {
            let file = rest.first().and_then(|file| process.path(file));
            store = read(process, &file.ok_or(Failure::Said(&BAD_COMMAND))?)?;
        }
        "set" => set(process, &mut store, rest, &place)?,
        "deletevalue" => {
            let (object, name) = object_and_rest(&store, rest, &place)?;
            let name = name.first().ok_or(Failure::Said(&BAD_COMMAND))?;
            if !boot_store::delete(&mut store, &object, name) {
                return Err(Failure::Said(&NOT_SET));
            }
        }
        "ems" | "bootems" => {
            let (object, value) = object_and_rest(&store, rest, &place)?;
            let is_on = value.first().and_then(|word| yes(word)).ok_or(Failure::Said(&BAD_COMMAND))?;
            let name = if verb.ends_with("bootems") { "bootems" } else { "ems" };
            boot_store::set(&mut store, &object, name, boot_store::flag(is_on));
        }
        "emssettings" => ems_settings(&mut store, rest)?,
        "timeout" => {
            let seconds = rest.first().and_then(|word| word.parse().ok());
            let seconds = boot_store::number(seconds.ok_or(Failure::Said(&BAD_COMMAND))?);
            boot_store::set(&mut store, boot_store::BOOT_MANAGER, "timeout", seconds);
        }
        "default" => {
            let id = object_of(&store, rest.first().ok_or(Failure::Said(&BAD_COMMAND))?, &place)?;
            boot_store::set(&mut store, boot_store::BOOT_MANAGER, "default", Data::Sz(id));
        }
        _ => return Err(Failure::Said(&BAD_COMMAND)),
    }
    match place {
        Store::Live => boot_store::install(&mut process.world().registry, &store),
        Store::File(file) => write(process, &file, &store)?,
    }
    Ok(None)
}

fn open(process: &Process, place: &Store) -> Result<Key, Failure> {
    match place {
        Store::Live => {
            let world = process.world();
            let store = world.registry.key(LIVE).ok_or(Failure::System(Win32::FILE_NOT_FOUND))?;
            Ok(store.clone().renamed(""))
        }
        Store::File(file) => read(process, file),
    }
}

fn read(process: &Process, file: &WinPath) -> Result<Key, Failure> {
    let world = process.world();
    let bytes = world.files.read(file, &process.token);
    let bytes = bytes.map_err(|error| Failure::System(Win32(error.code().unsigned_abs())))?;
    hive::read(&bytes).ok_or(Failure::System(Win32(1009)))
}

fn write(process: &Process, file: &WinPath, store: &Key) -> Result<(), Failure> {
    let mut world = process.world();
    let now = world.wall_time();
    let written = world.files.write(file, hive::write(store), &process.token, now);
    written.map_err(|error| Failure::System(Win32(error.code().unsigned_abs())))
}

fn set(process: &Process, store: &mut Key, words: &[String], place: &Store) -> Result<(), Failure> {
    let (object, words) = object_and_rest(store, words, place)?;
    let [name, value] = words else { return Err(Failure::Said(&BAD_COMMAND)) };
    let element = Element::named(name).ok_or(Failure::Said(&BAD_COMMAND))?;
    let data = match element.form() {
        Form::Device => {
            let letter = value.to_lowercase();
            let letter = letter.strip_prefix("partition=").and_then(|rest| rest.chars().next());
            let world = process.world();
            let (disk, at) = letter
                .and_then(|letter| world.partition_of(letter))
                .ok_or(Failure::System(Win32::FILE_NOT_FOUND))?;
            boot_store::volume(world.disks[disk].partitions[at].serial)
        }
        Form::Text => Data::Sz(value.clone()),
        Form::Object => Data::Sz(object_of(store, value, place)?),
        Form::Objects => Data::MultiSz(vec![object_of(store, value, place)?]),
        Form::Number => boot_store::number(element.value_of(value).ok_or(Failure::Said(&NOT_VALID))?),
        Form::Flag => boot_store::flag(yes(value).ok_or(Failure::Said(&NOT_VALID))?),
    };
    boot_store::set(store, &object, name, data);
    Ok(())
}

fn ems_settings(store: &mut Key, words: &[String]) -> Result<(), Failure> {
    if words.is_empty() {
        return Err(Failure::Said(&BAD_COMMAND));
    }
    for word in words {
        let word = word.to_lowercase();
        let (name, value) = word.split_once(':').unwrap_or((&word, ""));
        if !matches!(name, "emsport" | "emsbaudrate") {
            return Err(Failure::Said(&BAD_COMMAND));
        }
        let value = value.parse().map_err(|_| Failure::Said(&BAD_COMMAND))?;
        boot_store::set(store, boot_store::EMS_SETTINGS, name, boot_store::number(value));
    }
    Ok(())
}

/// The object named first, `{current}` without one, and what follows.
fn object_and_rest<'w>(
    store: &Key,
    words: &'w [String],
    place: &Store,
) -> Result<(String, &'w [String]), Failure> {
    match words.split_first() {
        Some((first, rest)) if first.starts_with('{') => Ok((object_of(store, first, place)?, rest)),
        _ => Ok((object_of(store, "{current}", place)?, words)),
    }
}

/// The object behind a name. `{current}` is a name in the running system's store only.
fn object_of(store: &Key, name: &str, place: &Store) -> Result<String, Failure> {
    let name = name.to_lowercase();
    let known = WELL_KNOWN.iter().find(|(short, _)| *short == name).map(|(_, id)| (*id).to_owned());
    let id = match name.as_str() {
        "{default}" => boot_store::default_loader(store),
        "{current}" if matches!(place, Store::Live) => boot_store::default_loader(store),
        _ => known.or(Some(name)),
    };
    id.filter(|id| boot_store::kind_of(store, id).is_some()).ok_or(Failure::Said(&NO_ENTRY))
}

fn yes(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "on" | "true" | "1" | "enable" => Some(true),
        "no" | "off" | "false" | "0" | "disable" => Some(false),
        _ => None,
    }
}

fn enumerate(store: &Key, world: &mut World, words: &[String], is_live: bool) -> Result<String, Failure> {
    let place = if is_live { Store::Live } else { Store::File(WinPath::root('C')) };
    let is_verbose = words.iter().any(|word| super::is_switch(word, "v"));
    let which = words.iter().find(|word| !super::is_switch(word, "v")).map_or("active", String::as_str);
    let mut objects = boot_store::objects(store);
    objects.sort_by_key(|(_, kind)| order(*kind));
    if which.starts_with('{') {
        let wanted = object_of(store, which, &place)?;
        objects.retain(|(id, _)| *id == wanted);
    } else {
        let fits: fn(u32) -> bool = match which.to_lowercase().as_str() {
            "active" => |own| matches!(own, kind::BOOT_MANAGER | kind::LOADER),
            "bootmgr" => |own| own == kind::BOOT_MANAGER,
            "osloader" => |own| own == kind::LOADER,
            "inherit" => |own| matches!(own, kind::INHERITED | kind::LOADER_SETTINGS),
            "all" => |_| true,
            _ => return Err(Failure::Said(&BAD_COMMAND)),
        };
        objects.retain(|(_, kind)| fits(*kind));
    }
    let default = boot_store::default_loader(store).unwrap_or_default();
    let names = |id: &str| -> String {
        let known = WELL_KNOWN.iter().find(|(_, own)| *own == id).map(|(short, _)| (*short).to_owned());
        match known {
            _ if is_verbose => id.to_owned(),
            Some(short) => short,
            None if id == default && is_live => "{current}".to_owned(),
            None if id == default => "{default}".to_owned(),
            None => id.to_owned(),
        }
    };
    let mut page = Page::default();
    for (id, kind) in &objects {
        let heading = heading(*kind, id).in_language(world.language);
        page.line("");
        page.line(heading);
        page.line("-".repeat(super::width::cells(heading)));
        page.line(format!("{}{}", left(IDENTIFIER.in_language(world.language), 24), names(id)));
        for element in ELEMENTS {
            let Some(data) = boot_store::get(store, id, element.name) else { continue };
            let mut values = values(element, data, world, &names).into_iter();
            page.line(format!("{:<24}{}", element.name, values.next().unwrap_or_default()));
            values.for_each(|value| page.line(format!("{:<24}{value}", "")));
        }
    }
    Ok(page.text().to_owned())
}

fn order(of: u32) -> u32 {
    match of {
        kind::BOOT_MANAGER => 0,
        kind::LOADER => 1,
        _ => 2,
    }
}

fn heading(of: u32, id: &str) -> &'static Text {
    match of {
        kind::BOOT_MANAGER => &MANAGER,
        kind::LOADER => &LOADER,
        kind::MEMORY_TEST => &MEMORY_TEST,
        kind::LOADER_SETTINGS => &LOADER_SETTINGS,
        _ if id == boot_store::EMS_SETTINGS => &EMS,
        _ => &GLOBAL,
    }
}

fn values(element: Element, data: &Data, world: &World, names: &dyn Fn(&str) -> String) -> Vec<String> {
    match (element.form(), data) {
        (Form::Device, _) => {
            let serial = boot_store::serial(data).unwrap_or_default();
            let letter = world.letter_of_volume(serial);
            let number = world.partitions().position(|partition| partition.serial == serial);
            vec![match (letter, number) {
                (Some(letter), _) => format!("partition={letter}:"),
                (None, Some(number)) => format!(r"partition=\Device\HarddiskVolume{}", number + 1),
                (None, None) => "unknown".to_owned(),
            }]
        }
        (Form::Objects, Data::MultiSz(ids)) => ids.iter().map(|id| names(id)).collect(),
        (Form::Object, Data::Sz(id)) => vec![names(id)],
        (Form::Flag, _) => {
            let is_on = boot_store::amount(data) == Some(1);
            vec![if is_on { "Yes" } else { "No" }.to_owned()]
        }
        (Form::Number, _) => vec![element.word_of(boot_store::amount(data).unwrap_or_default())],
        (_, data) => vec![data.text().unwrap_or_default().to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use super::*;
    use crate::sim::windows::language::Language;

    const OK: &str = "The operation completed successfully.\n";

    #[test]
    fn ems_is_switched_and_shown() {
        let trial = Trial::healthy();
        assert!(trial.ok("bcdedit /enum {current}").contains("\nems                     Yes\n"));
        assert_eq!(trial.ok("bcdedit /ems {current} off"), OK);
        assert!(trial.ok("bcdedit /enum {current}").contains("\nems                     No\n"));
        assert!(!trial.world.lock().ems_is_on());
        trial.restart();
        let options = r"reg query HKLM\SYSTEM\CurrentControlSet\Control /v SystemStartOptions";
        assert!(!trial.ok(options).contains("REDIRECT"));
        assert_eq!(trial.ok("bcdedit /ems on"), OK);
        trial.ok("bcdedit /emssettings EMSPORT:2 EMSBAUDRATE:9600");
        assert!(trial.ok("bcdedit /enum {emssettings}").contains("emsbaudrate             9600\n"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        let trial = Trial::healthy();
        let answer = |text: &str| Answer::new(text, "", 1);
        let help = "Run \"bcdedit /?\" for command line assistance.\n";
        assert_eq!(
            trial.run("bcdedit /set {bootmgr} nonsense 5"),
            answer(&format!("The set command specified is not valid.\n{help}"))
        );
        assert_eq!(
            trial.run("bcdedit /set {12345678-0000-0000-0000-000000000000} ems on"),
            answer("The specified entry identifier is not valid.\n")
        );
        assert_eq!(
            trial.run("bcdedit /deletevalue {current} safeboot"),
            answer(
                "An error occurred while attempting to delete the specified data element.\nElement not found.\n"
            )
        );
        let missing = "The boot configuration data store could not be opened.\nThe system cannot find the path specified.\n";
        assert_eq!(trial.run(r"bcdedit /store F:\boot\bcd /enum"), answer(missing));
    }

    #[test]
    fn a_store_is_exported_changed_and_imported() {
        let trial = Trial::healthy();
        let file = r"C:\Windows\Temp\bcd";
        assert_eq!(trial.ok(&format!("bcdedit /export {file}")), OK);
        trial.ok(&format!("bcdedit /store {file} /set {{default}} safeboot minimal"));
        let shown = trial.ok(&format!("bcdedit /store {file} /enum {{default}}"));
        assert!(shown.contains("identifier              {default}\n"), "{shown}");
        assert!(shown.contains("safeboot                Minimal\n"), "{shown}");
        // {current} is nobody in the store of another system.
        assert_eq!(trial.run(&format!("bcdedit /store {file} /enum {{current}}")).code, 1);
        assert!(!trial.ok("bcdedit /enum").contains("safeboot"));
        trial.ok(&format!("bcdedit /import {file}"));
        assert!(trial.ok("bcdedit").contains("safeboot"));
    }

    #[test]
    fn element_names_are_english_everywhere() {
        for language in Language::ALL {
            let shown = Trial::in_language(language).ok("bcdedit /enum {current}");
            assert!(shown.contains("\nosdevice                partition=C:\n"), "{shown}");
            assert!(shown.contains(IDENTIFIER.in_language(language)), "{shown}");
        }
    }

    #[test]
    fn safe_mode_starts_less() {
        let trial = Trial::healthy();
        trial.ok("bcdedit /set {current} safeboot minimal");
        trial.restart();
        assert!(trial.world.lock().rdp_works().is_err());
        assert!(trial.world.lock().services.is_running("sacsvr"));
        assert_eq!(trial.run("sc start TermService").code, 1084);
        trial.ok("bcdedit /deletevalue {current} safeboot");
        trial.restart();
        assert_eq!(trial.world.lock().rdp_works(), Ok(()));
    }
}
