//! dism.exe: packages of updates and the component store, of this machine or of a disk of another.

use std::time::Duration;

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::components::{self, Package, state};
use crate::sim::windows::files::node::Body;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::hive;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::registry::Key;

const DONE: Text = Text {
    en: "The operation completed successfully.",
    ko: "작업을 완료했습니다.",
    ja: "操作は正常に完了しました。",
    de: "Der Vorgang wurde erfolgreich beendet.",
};
const SOUND: Text = Text {
    en: "No component store corruption detected.",
    ko: "구성 요소 저장소 손상이 검색되지 않았습니다.",
    ja: "コンポーネント ストアの破損は検出されませんでした。",
    de: "Es wurde keine Komponentenspeicherbeschädigung erkannt.",
};
const REPAIRABLE: Text = Text {
    en: "The component store is repairable.",
    ko: "구성 요소 저장소를 복구할 수 있습니다.",
    ja: "コンポーネント ストアは修復できます。",
    de: "Der Komponentenspeicher kann repariert werden.",
};
const RESTORED: Text = Text {
    en: "The restore operation completed successfully.",
    ko: "복원 작업을 완료했습니다.",
    ja: "復元操作は正常に完了しました。",
    de: "Der Wiederherstellungsvorgang wurde erfolgreich abgeschlossen.",
};
const IDENTITY: Text =
    Text { en: "Package Identity", ko: "패키지 ID", ja: "パッケージ ID", de: "Paketidentität" };
const STATE: Text = Text { en: "State", ko: "상태", ja: "状態", de: "Status" };

/// ERROR_ELEVATION_REQUIRED.
const ELEVATE: ExitCode = 740;
/// ERROR_INVALID_PARAMETER.
const UNKNOWN: ExitCode = 87;
/// 0x800f081f: the source files could not be found.
const NO_SOURCE: ExitCode = 0x800f_081f_u32.cast_signed();
/// 0x800f0805: the specified package is not valid.
const NO_PACKAGE: ExitCode = 0x800f_0805_u32.cast_signed();
/// invented: how long work on the store takes.
const TAKES: Duration = Duration::from_mins(3);

/// Whose Windows.
enum Image {
    Online,
    At(WinPath),
}

/// `dism`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let words: Vec<String> = process.args.iter().map(|word| word.to_lowercase()).collect();
    let has = |name: &str| words.iter().any(|word| word == name);
    let quiet = has("/quiet");
    let language = if has("/english") { Language::EnUs } else { process.language() };
    let say = |text: &str| {
        if !quiet {
            process.stdout.line(text);
        }
    };
    let version = process.world().os.version();
    say("");
    say("Deployment Image Servicing and Management tool");
    say(&format!("Version: {version}.1"));
    say("");
    if !process.token.is_administrator() {
        say(&format!("Error: {ELEVATE}"));
        say("");
        say("Elevated permissions are required to run DISM.");
        return Ok(ELEVATE);
    }
    let image = match words.iter().find_map(|word| word.strip_prefix("/image:")) {
        Some(folder) => process.path(folder).map(Image::At),
        None if has("/online") => Some(Image::Online),
        None => None,
    };
    let Some((image, mut software)) =
        image.and_then(|image| Some((software(process, &image)?, image))).map(|(key, image)| (image, key))
    else {
        say("Error: 87");
        say("");
        say("The /image option or /online option must be given, and a Windows must be there.");
        return Ok(UNKNOWN);
    };
    say(&format!("Image Version: {}", process.world().os.full_version()));
    say("");
    let label = |text: &Text| text.in_language(language);
    if has("/get-packages") {
        for package in components::packages(&software) {
            say(&format!("{} : {}", label(&IDENTITY), package.identity));
            say(&format!("{} : {}", label(&STATE), state_word(&package, language)));
            say("Release Type : Update");
            say("Install Time : 2/13/2025 4:12 AM");
            say("");
        }
    } else if let Some(name) = words.iter().find_map(|word| word.strip_prefix("/packagename:")) {
        if !has("/remove-package") {
            return Ok(unknown(&say));
        }
        process.console.sleep(TAKES).await?;
        if !components::remove_package(&mut software, name) {
            say("Error: 0x800f0805");
            say("");
            say("The specified package is not valid Windows package.");
            return Ok(NO_PACKAGE);
        }
        keep(process, &image, &software);
    } else if has("/cleanup-image") && matches!(image, Image::Online) {
        let damaged = process.world().components.store_damaged;
        if has("/checkhealth") || has("/scanhealth") {
            if has("/scanhealth") {
                process.console.sleep(TAKES).await?;
            }
            say(label(if damaged { &REPAIRABLE } else { &SOUND }));
        } else if has("/restorehealth") {
            process.console.sleep(TAKES).await?;
            let named = words.iter().find_map(|word| word.strip_prefix("/source:"));
            let named = named.is_some_and(|source| is_source(process, source));
            let mut world = process.world();
            let updates = world.network.is_up() && !world.components.update_unreachable;
            // The source is Windows Update, and the one that is named.
            if damaged && !(named || updates && !has("/limitaccess")) {
                drop(world);
                say("Error: 0x800f081f");
                say("");
                say("The source files could not be found.");
                return Ok(NO_SOURCE);
            }
            world.components.store_damaged = false;
            drop(world);
            say(label(&RESTORED));
        } else {
            return Ok(unknown(&say));
        }
    } else {
        return Ok(unknown(&say));
    }
    say(label(&DONE));
    Ok(0)
}

/// `C:\mount\Windows` or `wim:D:\sources\install.wim:1`, and it is there.
fn is_source(process: &Process, source: &str) -> bool {
    let source = source.trim_matches('"');
    let file =
        source.strip_prefix("wim:").and_then(|image| Some(image.rsplit_once(':')?.0)).unwrap_or(source);
    process.path(file).is_some_and(|path| process.world().files.look(&path).is_some())
}

fn unknown(say: &impl Fn(&str)) -> ExitCode {
    say("Error: 87");
    say("");
    say("The option is not recognized in this context.");
    UNKNOWN
}

fn state_word(package: &Package, language: Language) -> &'static str {
    let word = match package.state {
        state::INSTALLED => {
            Text { en: "Installed", ko: "설치됨", ja: "インストール済み", de: "Installiert" }
        }
        state::INSTALL_PENDING => Text {
            en: "Install Pending",
            ko: "설치 보류 중",
            ja: "インストールの保留",
            de: "Installation steht aus",
        },
        state::UNINSTALL_PENDING => Text {
            en: "Uninstall Pending",
            ko: "제거 보류 중",
            ja: "アンインストールの保留",
            de: "Deinstallation steht aus",
        },
        _ => Text::same("Staged"),
    };
    word.in_language(language)
}

fn hive_path(folder: &WinPath) -> WinPath {
    let mut path = folder.clone();
    path.parts.extend(["Windows", "System32", "config", "SOFTWARE"].map(str::to_owned));
    path
}

fn software(process: &Process, image: &Image) -> Option<Key> {
    let world = process.world();
    match image {
        Image::Online => world.registry.key(r"HKLM\SOFTWARE").cloned(),
        Image::At(folder) => {
            let node = world.files.look(&hive_path(folder)).filter(|node| !node.in_use)?;
            let Body::File(bytes) = &node.body else { return None };
            hive::read(bytes)
        }
    }
}

fn keep(process: &Process, image: &Image, software: &Key) {
    let mut world = process.world();
    match image {
        Image::Online => {
            world.registry.remove(r"HKLM\SOFTWARE");
            if let Some(machine) = world.registry.create("HKLM") {
                machine.attach(software.clone());
            }
        }
        Image::At(folder) => {
            if let Some(node) = world.files.look_mut(&hive_path(folder)) {
                node.body = Body::File(hive::write(software).into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    #[test]
    fn the_store_is_repaired_from_the_network_only() {
        let trial = Trial::in_language(Language::DeDe);
        assert!(trial.ok("dism /online /cleanup-image /checkhealth").contains(SOUND.de));
        trial.world.lock().components.store_damaged = true;
        let check = "dism /english /online /cleanup-image /checkhealth";
        assert!(trial.ok(check).contains(REPAIRABLE.en));
        trial.world.lock().network.interfaces[0].enabled = false;
        assert_eq!(trial.run("dism /online /cleanup-image /restorehealth").code, NO_SOURCE);
        trial.world.lock().network.interfaces[0].enabled = true;
        trial.world.lock().components.update_unreachable = true;
        assert_eq!(trial.run("dism /online /cleanup-image /restorehealth").code, NO_SOURCE);
        let restore = "dism /online /cleanup-image /restorehealth /source:";
        assert_eq!(trial.run(&format!("{restore}wim:C:\\none.wim:1 /limitaccess")).code, NO_SOURCE);
        trial.ok(&format!("{restore}wim:C:\\Windows\\win.ini:1 /limitaccess"));
        assert!(trial.ok(check).contains(SOUND.en));
        trial.world.lock().components.store_damaged = true;
        trial.world.lock().components.update_unreachable = false;
        assert_eq!(trial.ok("dism /online /cleanup-image /restorehealth /quiet"), "");
        assert!(trial.ok(check).contains(SOUND.en));
    }

    #[test]
    fn packages_are_listed_and_removed() {
        let trial = Trial::healthy();
        let waiting = format!(r"HKLM\SOFTWARE\{}\Package_for_KB1", components::PACKAGES);
        trial.world.lock().registry.set(
            &waiting,
            "CurrentState",
            crate::sim::windows::registry::Data::Dword(state::INSTALL_PENDING),
        );
        let list = trial.ok("dism /english /online /get-packages");
        assert!(list.contains("Package Identity : Package_for_KB1\nState : Install Pending\n"), "{list}");
        trial.ok("dism /online /remove-package /packagename:Package_for_KB1 /quiet /norestart");
        assert!(trial.world.lock().registry.key(&waiting).is_none());
        assert_eq!(trial.run("dism /online /remove-package /packagename:x").code, NO_PACKAGE);
        assert_eq!(trial.run("dism /image:Q:\\ /get-packages").code, UNKNOWN);
    }
}
