//! sfc.exe: `/scannow`, `/verifyonly`, `/verifyfile=`, `/scanfile=`. It prints UTF-16; what it found stands in CBS.log, in
//! English on every machine.

use std::time::Duration;

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::World;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::language::Text;

const BEGIN: Text = Text {
    en: "Beginning system scan.  This process will take some time.",
    ko: "시스템 검사를 시작하고 있습니다. 이 작업은 시간이 걸릴 수 있습니다.",
    ja: "システム スキャンを開始しています。これにはしばらく時間がかかります。",
    de: "Systemsuche wird gestartet. Dieser Vorgang kann einige Zeit dauern.",
};
const CLEAN: Text = Text {
    en: "Windows Resource Protection did not find any integrity violations.",
    ko: "Windows 리소스 보호에서 무결성 위반을 찾지 못했습니다.",
    ja: "Windows リソース保護は、整合性違反を検出しませんでした。",
    de: "Der Windows-Ressourcenschutz hat keine Integritätsverletzungen gefunden.",
};
const FOUND: Text = Text::same("Windows Resource Protection found integrity violations.");
const REPAIRED: Text =
    Text::same("Windows Resource Protection found corrupt files and successfully repaired them.");
const NOT_REPAIRED: Text =
    Text::same("Windows Resource Protection found corrupt files but was unable to fix some of them.");
const NOT_ALLOWED: Text =
    Text::same("You must be an administrator running a console session in order to\r\nuse the sfc utility.");

/// invented: how long it takes.
const TAKES: Duration = Duration::from_mins(4);

/// `sfc`. invented: the exit code when something was found; scripts do not look at it.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let language = process.language();
    let say = |text: &str| process.stdout.bytes(&utf16(&format!("{text}\r\n")));
    if !process.token.is_administrator() {
        say(&format!("\r\n{}", NOT_ALLOWED.in_language(language)));
        return Ok(1);
    }
    let word = process.args.first().map(|word| word.to_lowercase()).unwrap_or_default();
    let repair = match word.trim_start_matches('/') {
        "scannow" => true,
        "verifyonly" => false,
        _ => {
            say("Microsoft (R) Windows (R) Resource Checker");
            return Ok(1);
        }
    };
    say(&format!("\r\n{}\r\n", BEGIN.in_language(language)));
    process.console.sleep(TAKES).await?;
    let mut world = process.world();
    let damaged = world.damaged_files();
    let left = if repair { world.repair_files() } else { damaged.clone() };
    log(&mut world, &damaged, &left, repair);
    drop(world);
    let (text, code) = match (damaged.is_empty(), repair, left.is_empty()) {
        (true, ..) => (&CLEAN, 0),
        (false, false, _) => (&FOUND, 1),
        (false, true, true) => (&REPAIRED, 0),
        (false, true, false) => (&NOT_REPAIRED, 1),
    };
    say(text.in_language(language));
    Ok(code)
}

fn log(world: &mut World, damaged: &[WinPath], left: &[WinPath], repair: bool) {
    let mut lines = vec!["[SR] Beginning Verify and Repair transaction".to_owned()];
    for path in damaged {
        lines.push(format!(r"(F) Hashes for file member '\??\{path}' do not match."));
        if left.contains(path) {
            lines.push(format!("[SR] Cannot repair member file '{}'", path.name()));
        } else if repair {
            lines.push(format!("[SR] Repairing file {path} from store"));
        }
    }
    lines.push("[SR] Verify complete".to_owned());
    world.log_components(&lines);
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use crate::sim::windows::files::path::WinPath;

    #[test]
    fn what_is_missing_is_found_repaired_and_written_down() {
        let trial = Trial::healthy();
        assert_eq!(trial.run("sfc /verifyonly").code, 0);
        let lost = WinPath::new(r"C:\Windows\System32\termsrv.dll");
        trial.world.lock().files.cut(&lost).unwrap();
        let violations = |trial: &Trial| {
            let log = trial.ok(r#"find "[SR] Cannot" C:\Windows\Logs\CBS\CBS.log"#);
            log.lines().filter(|line| line.contains("[SR]")).count()
        };
        assert_eq!(trial.run("sfc /verifyonly").code, 1);
        assert_eq!(violations(&trial), 1);
        assert_eq!(trial.run("sfc /scannow").code, 0);
        assert!(trial.world.lock().files.is_file(&lost));
        assert_eq!(trial.run("sfc /verifyonly").code, 0);
        assert_eq!(violations(&trial), 1);
    }
}
