//! gpupdate.exe.

use std::time::Duration;

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;
use crate::sim::windows::policy::Applied;

const UPDATING: Text = Text {
    en: "Updating policy...",
    ko: "정책을 업데이트하고 있습니다...",
    ja: "ポリシーを最新の情報に更新しています...",
    de: "Die Richtlinie wird aktualisiert...",
};
const COMPUTER_DONE: Text = Text {
    en: "Computer Policy update has completed successfully.",
    ko: "컴퓨터 정책을 업데이트했습니다.",
    ja: "コンピューター ポリシーの更新が正常に完了しました。",
    de: "Die Aktualisierung der Computerrichtlinie wurde erfolgreich abgeschlossen.",
};
const USER_DONE: Text = Text {
    en: "User Policy update has completed successfully.",
    ko: "사용자 정책을 업데이트했습니다.",
    ja: "ユーザー ポリシーの更新が正常に完了しました。",
    de: "Die Aktualisierung der Benutzerrichtlinie wurde erfolgreich abgeschlossen.",
};
const COMPUTER_FAILED: Text = Text {
    en: "Computer policy could not be updated successfully. The following errors were encountered:",
    ko: "컴퓨터 정책을 업데이트하지 못했습니다. 다음 오류가 발생했습니다.",
    ja: "コンピューター ポリシーを正常に更新できませんでした。次のエラーが発生しました:",
    de: "Die Computerrichtlinie konnte nicht erfolgreich aktualisiert werden. Folgende Probleme sind aufgetreten:",
};
const NO_CONTROLLER: Text = Text::same(
    "The processing of Group Policy failed because of lack of network connectivity to a domain controller. This may be a transient condition.",
);
const NO_CLIENT: Text = Text::same("The Group Policy Client service is not running.");
const UNKNOWN: Text = Text {
    en: "ERROR: Unrecognized argument.",
    ko: "오류: 인식할 수 없는 인수입니다.",
    ja: "エラー: 認識できない引数です。",
    de: "FEHLER: Unbekanntes Argument.",
};

/// invented: how long an update takes.
const TAKES: Duration = Duration::from_secs(3);

/// `gpupdate`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let language = process.language();
    let (mut computer, mut user) = (true, true);
    for word in &process.args {
        match word.to_ascii_lowercase().trim_start_matches(['/', '-']) {
            "target:computer" => user = false,
            "target:user" => computer = false,
            other if is_switch(word, "force") || other.starts_with("wait:") => {}
            _ => {
                process.stderr.line(UNKNOWN.in_language(language));
                return Ok(1);
            }
        }
    }
    process.stdout.line(UPDATING.in_language(language));
    process.stdout.line("");
    process.console.sleep(TAKES).await?;
    let applied = process.world().apply_policy();
    // invented: the exit code of a failed update, and the text when the client does not run.
    Ok(match applied {
        Applied::Local | Applied::Domain => {
            for (wanted, text) in [(computer, &COMPUTER_DONE), (user, &USER_DONE)] {
                if wanted {
                    process.stdout.line(text.in_language(language));
                }
            }
            process.stdout.line("");
            0
        }
        Applied::NoController | Applied::NoClient => {
            let why = if applied == Applied::NoClient { &NO_CLIENT } else { &NO_CONTROLLER };
            process.stdout.line(COMPUTER_FAILED.in_language(language));
            process.stdout.line("");
            process.stdout.line(why.in_language(language));
            1
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use crate::sim::windows::services::State;

    #[test]
    fn policy_is_applied_by_its_client_only() {
        let trial = Trial::healthy();
        assert_eq!(
            trial.ok("gpupdate /target:computer /force"),
            "Updating policy...\n\nComputer Policy update has completed successfully.\n\n"
        );
        trial.world.lock().services.by_name_mut("gpsvc").unwrap().state = State::Stopped;
        assert_eq!(trial.run("gpupdate /force").code, 1);
        assert_eq!(trial.run("gpupdate /bogus").code, 1);
    }
}
