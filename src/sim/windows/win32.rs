//! Win32 error codes and the system's texts for them (`FormatMessage`).

use super::language::{Language, Text};

/// A Win32 error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Win32(pub u32);

impl Win32 {
    /// The file cannot be found.
    pub const FILE_NOT_FOUND: Self = Self(2);
    /// The path cannot be found.
    pub const PATH_NOT_FOUND: Self = Self(3);
    /// Access is denied.
    pub const ACCESS_DENIED: Self = Self(5);
    /// The parameter is incorrect.
    pub const INVALID_PARAMETER: Self = Self(87);
    /// Other running services depend on it.
    pub const DEPENDENT_SERVICES_RUNNING: Self = Self(1051);
    /// The control is not valid for this service.
    pub const INVALID_SERVICE_CONTROL: Self = Self(1052);
    /// An instance is already running.
    pub const SERVICE_ALREADY_RUNNING: Self = Self(1056);
    /// The account name is invalid.
    pub const INVALID_SERVICE_ACCOUNT: Self = Self(1057);
    /// Disabled, or no device behind it.
    pub const SERVICE_DISABLED: Self = Self(1058);
    /// Services depend on each other in a circle.
    pub const CIRCULAR_DEPENDENCY: Self = Self(1059);
    /// Not an installed service.
    pub const SERVICE_DOES_NOT_EXIST: Self = Self(1060);
    /// Cannot accept controls at this time.
    pub const SERVICE_CANNOT_ACCEPT_CTRL: Self = Self(1061);
    /// Has not been started.
    pub const SERVICE_NOT_ACTIVE: Self = Self(1062);
    /// The process ended unexpectedly.
    pub const PROCESS_ABORTED: Self = Self(1067);
    /// A dependency failed to start.
    pub const SERVICE_DEPENDENCY_FAIL: Self = Self(1068);
    /// Logon failure.
    pub const SERVICE_LOGON_FAILED: Self = Self(1069);
    /// Marked for deletion.
    pub const SERVICE_MARKED_FOR_DELETE: Self = Self(1072);
    /// Exists already.
    pub const SERVICE_EXISTS: Self = Self(1073);
    /// A dependency does not exist or is marked for deletion.
    pub const SERVICE_DEPENDENCY_DELETED: Self = Self(1075);
    /// Not among the services of safe mode.
    pub const NOT_SAFEBOOT_SERVICE: Self = Self(1084);
    /// Never started since the last boot.
    pub const SERVICE_NEVER_STARTED: Self = Self(1077);

    /// The system's text for the code, without line end.
    pub fn text(self, language: Language) -> String {
        self.known().map_or_else(|| format!("{:#x}", self.0), |text| text.in_language(language).to_owned())
    }

    /// The text where this machine has one.
    pub fn known(self) -> Option<&'static Text> {
        TEXTS.iter().find(|(code, _)| *code == self.0).map(|(_, text)| text)
    }
}

const TEXTS: [(u32, Text); 40] = [
    (
        0,
        Text {
            en: "The operation completed successfully.",
            ko: "작업을 완료했습니다.",
            ja: "この操作を正しく終了しました。",
            de: "Der Vorgang wurde erfolgreich beendet.",
        },
    ),
    (
        1,
        Text {
            en: "Incorrect function.",
            ko: "잘못된 함수입니다.",
            ja: "ファンクションが間違っています。",
            de: "Unzulässige Funktion.",
        },
    ),
    (
        2,
        Text {
            en: "The system cannot find the file specified.",
            ko: "지정된 파일을 찾을 수 없습니다.",
            ja: "指定されたファイルが見つかりません。",
            de: "Das System kann die angegebene Datei nicht finden.",
        },
    ),
    (
        3,
        Text {
            en: "The system cannot find the path specified.",
            ko: "지정된 경로를 찾을 수 없습니다.",
            ja: "指定されたパスが見つかりません。",
            de: "Das System kann den angegebenen Pfad nicht finden.",
        },
    ),
    (
        5,
        Text {
            en: "Access is denied.",
            ko: "액세스가 거부되었습니다.",
            ja: "アクセスが拒否されました。",
            de: "Zugriff verweigert",
        },
    ),
    (
        32,
        Text {
            en: "The process cannot access the file because it is being used by another process.",
            ko: "다른 프로세스가 파일을 사용 중이기 때문에 프로세스가 액세스 할 수 없습니다.",
            ja: "プロセスはファイルにアクセスできません。別のプロセスが使用中です。",
            de: "Der Prozess kann nicht auf die Datei zugreifen, da sie von einem anderen Prozess verwendet wird.",
        },
    ),
    (
        87,
        Text {
            en: "The parameter is incorrect.",
            ko: "매개 변수가 틀립니다.",
            ja: "パラメーターが間違っています。",
            de: "Falscher Parameter.",
        },
    ),
    (
        15,
        Text {
            en: "The system cannot find the drive specified.",
            ko: "지정된 드라이브를 찾을 수 없습니다.",
            ja: "指定されたドライブが見つかりません。",
            de: "Das System kann das angegebene Laufwerk nicht finden.",
        },
    ),
    (
        112,
        Text {
            en: "There is not enough space on the disk.",
            ko: "디스크 공간이 부족합니다.",
            ja: "ディスクに十分な空き領域がありません。",
            de: "Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung.",
        },
    ),
    (
        123,
        Text {
            en: "The filename, directory name, or volume label syntax is incorrect.",
            ko: "파일 이름, 디렉터리 이름 또는 볼륨 레이블 구문이 잘못되었습니다.",
            ja: "ファイル名、ディレクトリ名、またはボリューム ラベルの構文が間違っています。",
            de: "Die Syntax für den Dateinamen, Verzeichnisnamen oder die Datenträgerbezeichnung ist falsch.",
        },
    ),
    (
        126,
        Text {
            en: "The specified module could not be found.",
            ko: "지정된 모듈을 찾을 수 없습니다.",
            ja: "指定されたモジュールが見つかりません。",
            de: "Das angegebene Modul wurde nicht gefunden.",
        },
    ),
    (
        145,
        Text {
            en: "The directory is not empty.",
            ko: "디렉터리가 비어 있지 않습니다.",
            ja: "ディレクトリが空ではありません。",
            de: "Das Verzeichnis ist nicht leer.",
        },
    ),
    (
        183,
        Text {
            en: "Cannot create a file when that file already exists.",
            ko: "파일이 이미 있으므로 만들 수 없습니다.",
            ja: "既に存在するファイルを作成することはできません。",
            de: "Eine Datei kann nicht erstellt werden, wenn sie bereits vorhanden ist.",
        },
    ),
    (
        1051,
        Text {
            en: "A stop control has been sent to a service that other running services are dependent on.",
            ko: "실행 중인 다른 서비스가 종속되어 있는 서비스에 중지 컨트롤을 보냈습니다.",
            ja: "実行中のほかのサービスが依存しているサービスに停止コントロールが送信されました。",
            de: "Eine Dienststeuerung wurde an einen Dienst gesendet, von dem andere ausgeführte Dienste abhängig sind.",
        },
    ),
    (
        1052,
        Text {
            en: "The requested control is not valid for this service.",
            ko: "요청한 컨트롤이 이 서비스에 유효하지 않습니다.",
            ja: "要求されたコントロールはこのサービスに対して有効ではありません。",
            de: "Die angeforderte Steuerung ist für diesen Dienst nicht gültig.",
        },
    ),
    (
        1053,
        Text {
            en: "The service did not respond to the start or control request in a timely fashion.",
            ko: "서비스가 적절한 시기에 시작이나 제어 요청에 응답하지 않았습니다.",
            ja: "そのサービスは指定時間内に開始要求または制御要求に応答しませんでした。",
            de: "Der Dienst antwortete nicht rechtzeitig auf die Start- oder Steuerungsanforderung.",
        },
    ),
    (
        1056,
        Text {
            en: "An instance of the service is already running.",
            ko: "서비스의 인스턴스가 이미 실행 중입니다.",
            ja: "サービスのインスタンスは既に実行中です。",
            de: "Es wird bereits eine Instanz des Dienstes ausgeführt.",
        },
    ),
    (
        1057,
        Text {
            en: "The account name is invalid or does not exist, or the password is invalid for the account name specified.",
            ko: "계정 이름이 잘못되었거나 없거나 지정한 계정 이름에 대한 암호가 잘못되었습니다.",
            ja: "アカウント名が無効であるか存在しません。または、指定されたアカウント名に対するパスワードが無効です。",
            de: "Der angegebene Kontoname ist ungültig oder nicht vorhanden, oder das Kennwort für den angegebenen Kontonamen ist ungültig.",
        },
    ),
    (
        1058,
        Text {
            en: "The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.",
            ko: "서비스를 사용할 수 없거나 서비스와 연결된 사용 가능한 장치가 없으므로 서비스를 시작할 수 없습니다.",
            ja: "無効であるか、または有効なデバイスが関連付けられていないため、サービスを開始できません。",
            de: "Der angegebene Dienst kann nicht gestartet werden. Er ist deaktiviert oder nicht mit aktivierten Geräten verbunden.",
        },
    ),
    (
        1059,
        Text {
            en: "Circular service dependency was specified.",
            ko: "순환 서비스 종속성을 지정했습니다.",
            ja: "循環するサービス依存関係が指定されました。",
            de: "Es wurde eine zirkuläre Dienstabhängigkeit angegeben.",
        },
    ),
    (
        1060,
        Text {
            en: "The specified service does not exist as an installed service.",
            ko: "지정된 서비스를 설치된 서비스로 찾을 수 없습니다.",
            ja: "指定されたサービスはインストールされたサービスとして存在しません。",
            de: "Der angegebene Dienst ist kein installierter Dienst.",
        },
    ),
    (
        1061,
        Text {
            en: "The service cannot accept control messages at this time.",
            ko: "서비스가 지금 제어 메시지를 받아들일 수 없습니다.",
            ja: "サービスは現在コントロール メッセージを受け付けることができません。",
            de: "Der Dienst kann zurzeit keine Steuerungsmeldungen annehmen.",
        },
    ),
    (
        1062,
        Text {
            en: "The service has not been started.",
            ko: "서비스를 시작하지 않았습니다.",
            ja: "サービスは開始されていません。",
            de: "Der Dienst wurde nicht gestartet.",
        },
    ),
    (
        1067,
        Text {
            en: "The process terminated unexpectedly.",
            ko: "프로세스가 예기치 않게 종료되었습니다.",
            ja: "プロセスを途中で強制終了しました。",
            de: "Der Prozess wurde unerwartet beendet.",
        },
    ),
    (
        1068,
        Text {
            en: "The dependency service or group failed to start.",
            ko: "종속성 서비스나 그룹을 시작할 수 없습니다.",
            ja: "依存関係サービスまたはグループを起動できませんでした。",
            de: "Der Abhängigkeitsdienst oder die Abhängigkeitsgruppe konnte nicht gestartet werden.",
        },
    ),
    (
        1069,
        Text {
            en: "The service did not start due to a logon failure.",
            ko: "로그온 실패 때문에 서비스를 시작하지 못했습니다.",
            ja: "ログオンに失敗したため、サービスを開始できませんでした。",
            de: "Der Dienst konnte wegen einer fehlerhaften Anmeldung nicht gestartet werden.",
        },
    ),
    (
        1072,
        Text {
            en: "The specified service has been marked for deletion.",
            ko: "지정한 서비스가 삭제 대상으로 표시되었습니다.",
            ja: "指定されたサービスは削除の対象としてマークされています。",
            de: "Der angegebene Dienst wurde zum Löschen markiert.",
        },
    ),
    (
        1073,
        Text {
            en: "The specified service already exists.",
            ko: "지정한 서비스가 이미 있습니다.",
            ja: "指定されたサービスは既に存在します。",
            de: "Der angegebene Dienst ist bereits vorhanden.",
        },
    ),
    (
        1075,
        Text {
            en: "The dependency service does not exist or has been marked for deletion.",
            ko: "종속성 서비스가 없거나 삭제 대상으로 표시되었습니다.",
            ja: "依存関係サービスは存在しないか、または削除の対象としてマークされています。",
            de: "Der Abhängigkeitsdienst ist nicht vorhanden oder wurde zum Löschen markiert.",
        },
    ),
    (
        1077,
        Text {
            en: "No attempts to start the service have been made since the last boot.",
            ko: "마지막으로 부팅한 후에 서비스를 시작하려고 시도하지 않았습니다.",
            ja: "最後のブート以降、サービスの開始は試行されませんでした。",
            de: "Es wurde seit dem letzten Systemstart nicht versucht, den Dienst zu starten.",
        },
    ),
    (
        1084,
        Text {
            en: "This service cannot be started in Safe Mode.",
            ko: "이 서비스는 안전 모드에서 시작할 수 없습니다.",
            ja: "このサービスはセーフ モードでは開始できません。",
            de: "Dieser Dienst kann nicht im abgesicherten Modus gestartet werden.",
        },
    ),
    (
        1115,
        Text {
            en: "A system shutdown is in progress.",
            ko: "시스템이 종료되고 있습니다.",
            ja: "システムをシャットダウンしています。",
            de: "Das System wird heruntergefahren.",
        },
    ),
    (
        1116,
        Text {
            en: "Unable to abort the system shutdown because no shutdown was in progress.",
            ko: "시스템이 종료되는 중이 아니므로 시스템 종료를 중단할 수 없습니다.",
            ja: "シャットダウンの進行中でないため、システムのシャットダウンを中断できません。",
            de: "Das Herunterfahren des Systems kann nicht abgebrochen werden, da das System nicht heruntergefahren wird.",
        },
    ),
    (
        1190,
        Text {
            en: "A system shutdown has already been scheduled.",
            ko: "시스템 종료가 이미 예약되어 있습니다.",
            ja: "システムのシャットダウンは既に予定されています。",
            de: "Das Herunterfahren des Systems wurde bereits geplant.",
        },
    ),
    (
        1307,
        Text {
            en: "This security ID may not be assigned as the owner of this object.",
            ko: "이 보안 ID는 이 개체의 소유자로 할당할 수 없습니다.",
            ja: "このセキュリティ ID をこのオブジェクトの所有者として割り当てることはできません。",
            de: "Diese Sicherheitskennung kann diesem Objekt nicht als Besitzer zugewiesen werden.",
        },
    ),
    (
        1314,
        Text {
            en: "A required privilege is not held by the client.",
            ko: "클라이언트가 필요한 권한을 가지고 있지 않습니다.",
            ja: "クライアントは要求された特権を保有していません。",
            de: "Dem Client fehlt ein erforderliches Recht.",
        },
    ),
    (
        1332,
        Text {
            en: "No mapping between account names and security IDs was done.",
            ko: "계정 이름과 보안 ID 사이에 매핑이 이루어지지 않았습니다.",
            ja: "アカウント名とセキュリティ ID の間のマッピングは実行されませんでした。",
            de: "Zuordnungen von Kontennamen und Sicherheitskennungen wurden nicht durchgeführt.",
        },
    ),
    (
        1355,
        Text {
            en: "The specified domain either does not exist or could not be contacted.",
            ko: "지정된 도메인이 없거나 도메인에 연결할 수 없습니다.",
            ja: "指定されたドメインがないか、またはアクセスできません。",
            de: "Die angegebene Domäne ist nicht vorhanden, oder es konnte keine Verbindung hergestellt werden.",
        },
    ),
    (
        1378,
        Text {
            en: "The specified account name is already a member of the group.",
            ko: "지정된 계정 이름이 이미 로컬 그룹의 구성원입니다.",
            ja: "指定されたアカウント名は既にグループのメンバーです。",
            de: "Der angegebene Kontoname ist bereits Mitglied der Gruppe.",
        },
    ),
    (
        1377,
        Text {
            en: "The specified account name is not a member of the group.",
            ko: "지정된 계정 이름이 그룹의 구성원이 아닙니다.",
            ja: "指定されたアカウント名はグループのメンバーではありません。",
            de: "Der angegebene Kontoname ist kein Mitglied der Gruppe.",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_text_in_every_language() {
        let mut codes: Vec<u32> = TEXTS.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), TEXTS.len());
        for (code, _) in TEXTS {
            for language in Language::ALL {
                assert!(!Win32(code).text(language).is_empty());
            }
        }
        assert_eq!(Win32(5).text(Language::KoKr), "액세스가 거부되었습니다.");
        assert_eq!(Win32(99_999).text(Language::EnUs), "0x1869f");
    }
}
