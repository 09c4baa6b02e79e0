//! What cmd says, by language. English is from Windows Server; the others as their Windows versions print them, and
//! English where nobody here has seen the translation.

use crate::sim::windows::files::FileError;
use crate::sim::windows::language::Text;

macro_rules! texts {
    ($($name:ident { $en:literal $(, ko: $ko:literal, ja: $ja:literal, de: $de:literal)? })*) => {
        $(pub(super) const $name: Text = texts!(@one $en $(, $ko, $ja, $de)?);)*
    };
    (@one $en:literal) => { Text::same($en) };
    (@one $en:literal, $ko:literal, $ja:literal, $de:literal) => { Text { en: $en, ko: $ko, ja: $ja, de: $de } };
}

texts! {
    RIGHTS {
        "All rights reserved.",
        ko: "All rights reserved.",
        ja: "All rights reserved.",
        de: "Alle Rechte vorbehalten."
    }
    NOT_RECOGNIZED {
        "'{0}' is not recognized as an internal or external command,\r\noperable program or batch file.",
        ko: "'{0}'은(는) 내부 또는 외부 명령, 실행할 수 있는 프로그램, 또는\r\n배치 파일이 아닙니다.",
        ja: "'{0}' は、内部コマンドまたは外部コマンド、\r\n操作可能なプログラムまたはバッチ ファイルとして認識されていません。",
        de: "Der Befehl \"{0}\" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden."
    }
    SYNTAX {
        "The syntax of the command is incorrect.",
        ko: "명령 구문이 올바르지 않습니다.",
        ja: "コマンドの構文が誤っています。",
        de: "Syntaxfehler."
    }
    UNEXPECTED {
        "{0} was unexpected at this time.",
        ko: "{0}은(는) 예상되지 않았습니다.",
        ja: "{0} の使い方が誤っています。",
        de: "\"{0}\" kann syntaktisch an dieser Stelle nicht verarbeitet werden."
    }
    TOO_LONG {
        "The input line is too long.",
        ko: "입력 줄이 너무 깁니다.",
        ja: "入力行が長すぎます。",
        de: "Die Eingabezeile ist zu lang."
    }
    PATH_OPERATOR {
        "The following usage of the path operator in batch-parameter\r\nsubstitution is invalid: {0}\r\n\r\n\r\nFor valid formats type CALL /? or FOR /?"
    }
    RECURSION {
        "******  B A T C H   R E C U R S I O N  exceeds STACK limits ******\r\nRecursion Count={0}, Stack Usage=90 percent\r\n******       B A T C H   PROCESSING IS   A B O R T E D      ******"
    }
    LABEL {
        "The system cannot find the batch label specified - {0}",
        ko: "지정된 배치 레이블을 찾을 수 없습니다. - {0}",
        ja: "バッチ ラベルが見つかりません - {0}",
        de: "Das System kann die angegebene Sprungmarke nicht finden - {0}"
    }
    OUTSIDE_BATCH { "Invalid attempt to call batch label outside of batch script." }
    BATCH_GONE {
        "The batch file cannot be found.",
        ko: "배치 파일이 없습니다.",
        ja: "バッチ ファイルが見つかりません。",
        de: "Die Batchdatei kann nicht gefunden werden."
    }
    NOT_PROGRAM {
        "This version of {0} is not compatible with the version of Windows you're running. Check your computer's system information and then contact the software publisher."
    }
    HANDLE { "The handle could not be duplicated\r\nduring redirection of handle {0}." }
    MORE {
        "More? ",
        ko: "More? ",
        ja: "More? ",
        de: "Mehr? "
    }
    TERMINATE {
        "Terminate batch job (Y/N)? ",
        ko: "일괄 작업을 끝내시겠습니까 (Y/N)? ",
        ja: "バッチ ジョブを終了しますか (Y/N)? ",
        de: "Batchvorgang abbrechen (J/N)? "
    }
    YES { "Y", ko: "Y", ja: "Y", de: "J" }
    NO { "N", ko: "N", ja: "N", de: "N" }
    ALL { "A", ko: "A", ja: "A", de: "A" }
    ECHO_ON {
        "ECHO is on.",
        ko: "ECHO가 설정되어 있습니다.",
        ja: "ECHO は <ON> です。",
        de: "ECHO ist eingeschaltet (ON)."
    }
    ECHO_OFF {
        "ECHO is off.",
        ko: "ECHO가 해제되어 있습니다.",
        ja: "ECHO は <OFF> です。",
        de: "ECHO ist ausgeschaltet (OFF)."
    }
    PAUSE {
        "Press any key to continue . . . ",
        ko: "계속하려면 아무 키나 누르십시오 . . . ",
        ja: "続行するには何かキーを押してください . . . ",
        de: "Drücken Sie eine beliebige Taste . . . "
    }
    NOT_DEFINED {
        "Environment variable {0} not defined",
        ko: "{0} 환경 변수가 정의되지 않았습니다.",
        ja: "環境変数 {0} が定義されていません",
        de: "Die Umgebungsvariable \"{0}\" ist nicht definiert"
    }
    BAD_SWITCH {
        "Invalid switch - \"{0}\".",
        ko: "잘못된 스위치입니다. - \"{0}\"",
        ja: "無効なスイッチです - \"{0}\"",
        de: "Unzulässiger Schalter - \"{0}\"."
    }
    DIVIDE { "Divide by zero error." }
    MISSING_OPERATOR { "Missing operator." }
    MISSING_OPERAND { "Missing operand." }
    UNBALANCED { "Unbalanced parenthesis." }
    BAD_NUMBER {
        "Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021)."
    }
    BIG_NUMBER { "Invalid number.  Numbers are limited to 32-bits of precision." }
    COPIED {
        "        {0} file(s) copied.",
        ko: "        {0}개 파일이 복사되었습니다.",
        ja: "        {0} 個のファイルをコピーしました。",
        de: "        {0} Datei(en) kopiert."
    }
    MOVED {
        "        {0} file(s) moved.",
        ko: "        {0}개 파일을 이동했습니다.",
        ja: "        {0} 個のファイルを移動しました。",
        de: "        {0} Datei(en) verschoben."
    }
    MOVED_FOLDERS {
        "        {0} dir(s) moved.",
        ko: "        {0}개의 디렉터리를 이동했습니다.",
        ja: "        {0} 個のディレクトリを移動しました。",
        de: "        {0} Verzeichnis(se) verschoben."
    }
    OVERWRITE {
        "Overwrite {0}? (Yes/No/All): ",
        ko: "{0}을(를) 덮어쓰시겠습니까? (Yes/No/All): ",
        ja: "{0} を上書きしますか? (Yes/No/All): ",
        de: "{0} überschreiben? (Ja/Nein/Alle): "
    }
    SURE {
        "{0}, Are you sure (Y/N)? ",
        ko: "{0}, 계속하시겠습니까(Y/N)? ",
        ja: "{0}、よろしいですか (Y/N)? ",
        de: "{0}, Möchten Sie den Vorgang fortsetzen (J/N)? "
    }
    ONTO_ITSELF {
        "The file cannot be copied onto itself.",
        ko: "같은 파일로 복사할 수 없습니다.",
        ja: "ファイルをそれ自身にコピーすることはできません。",
        de: "Die Datei kann nicht auf sich selbst kopiert werden."
    }
    COULD_NOT_FIND {
        "Could Not Find {0}",
        ko: "{0}을(를) 찾을 수 없습니다.",
        ja: "{0} が見つかりませんでした。",
        de: "{0} konnte nicht gefunden werden"
    }
    DELETED { "Deleted file - {0}", ko: "삭제된 파일 - {0}", ja: "削除されたファイル - {0}", de: "Gelöschte Datei - {0}" }
    FOLDER_EXISTS {
        "A subdirectory or file {0} already exists.",
        ko: "하위 디렉터리 또는 파일 {0}이(가) 이미 있습니다.",
        ja: "サブディレクトリまたはファイル {0} は既に存在します。",
        de: "Ein Unterverzeichnis oder eine Datei mit dem Namen \"{0}\" existiert bereits."
    }
    ERROR_PROCESSING { "Error occurred while processing: {0}." }
    DUPLICATE {
        "A duplicate file name exists, or the file\r\ncannot be found.",
        ko: "중복되는 파일 이름이 있거나 파일을\r\n찾을 수 없습니다.",
        ja: "重複するファイル名が存在するか、ファイルが\r\n見つかりません。",
        de: "Eine doppelte Datei ist vorhanden oder die Datei\r\nwurde nicht gefunden."
    }
    NO_FILE {
        "File Not Found",
        ko: "파일을 찾을 수 없습니다.",
        ja: "ファイルが見つかりません",
        de: "Datei nicht gefunden"
    }
    VOLUME {
        " Volume in drive {0} is {1}",
        ko: " {0} 드라이브의 볼륨: {1}",
        ja: " ドライブ {0} のボリューム ラベルは {1} です",
        de: " Volume in Laufwerk {0}: ist {1}"
    }
    NO_LABEL {
        " Volume in drive {0} has no label.",
        ko: " {0} 드라이브의 볼륨에는 이름이 없습니다.",
        ja: " ドライブ {0} のボリューム ラベルがありません。",
        de: " Volume in Laufwerk {0}: hat keine Bezeichnung."
    }
    SERIAL {
        " Volume Serial Number is {0}",
        ko: " 볼륨 일련 번호: {0}",
        ja: " ボリューム シリアル番号は {0} です",
        de: " Volumeseriennummer: {0}"
    }
    FOLDER_OF {
        " Directory of {0}",
        ko: " {0} 디렉터리",
        ja: " {0} のディレクトリ",
        de: " Verzeichnis von {0}"
    }
    FILES {
        "{0} File(s) {1} bytes",
        ko: "{0}개 파일      {1} 바이트",
        ja: "{0} 個のファイル      {1} バイト",
        de: "{0} Datei(en), {1} Bytes"
    }
    FOLDERS {
        "{0} Dir(s) {1} bytes free",
        ko: "{0}개 디렉터리 {1} 바이트 남음",
        ja: "{0} 個のディレクトリ {1} バイトの空き領域",
        de: "{0} Verzeichnis(se), {1} Bytes frei"
    }
    TOTAL {
        "     Total Files Listed:",
        ko: "     전체 파일:",
        ja: "     ファイルの総数:",
        de: "     Anzahl der angezeigten Dateien:"
    }
    CURRENT_DATE { "The current date is: {0}", ko: "현재 날짜: {0}", ja: "現在の日付: {0}", de: "Aktuelles Datum: {0}" }
    NEW_DATE {
        "Enter the new date: (mm-dd-yy) ",
        ko: "새로운 날짜를 입력하십시오 (년-월-일) ",
        ja: "新しい日付を入力してください: (年-月-日) ",
        de: "Geben Sie das neue Datum ein: (TT-MM-JJ) "
    }
    CURRENT_TIME { "The current time is: {0}", ko: "현재 시간: {0}", ja: "現在の時刻: {0}", de: "Aktuelle Zeit: {0}" }
    NEW_TIME {
        "Enter the new time: ",
        ko: "새로운 시간을 입력하십시오 ",
        ja: "新しい時刻を入力してください: ",
        de: "Geben Sie die neue Zeit ein: "
    }
    BAD_DATE { "The system cannot accept the date entered." }
    BAD_TIME { "The system cannot accept the time entered." }
    NO_PRIVILEGE {
        "A required privilege is not held by the client.",
        ko: "클라이언트가 필요한 권한을 가지고 있지 않습니다.",
        ja: "クライアントは要求された特権を保有していません。",
        de: "Dem Client fehlt ein erforderliches Recht."
    }
    VERIFY_IS { "VERIFY is {0}.", ko: "VERIFY 상태: {0}.", ja: "VERIFY は {0} です。", de: "VERIFY ist {0}." }
    VERIFY_WRONG { "You must specify ON or OFF." }
    FILE_NOT_FOUND {
        "The system cannot find the file specified.",
        ko: "지정된 파일을 찾을 수 없습니다.",
        ja: "指定されたファイルが見つかりません。",
        de: "Das System kann die angegebene Datei nicht finden."
    }
    PATH_NOT_FOUND {
        "The system cannot find the path specified.",
        ko: "지정된 경로를 찾을 수 없습니다.",
        ja: "指定されたパスが見つかりません。",
        de: "Das System kann den angegebenen Pfad nicht finden."
    }
    ACCESS_DENIED {
        "Access is denied.",
        ko: "액세스가 거부되었습니다.",
        ja: "アクセスが拒否されました。",
        de: "Zugriff verweigert"
    }
    NO_DRIVE {
        "The system cannot find the drive specified.",
        ko: "지정된 드라이브를 찾을 수 없습니다.",
        ja: "指定されたドライブが見つかりません。",
        de: "Das System kann das angegebene Laufwerk nicht finden."
    }
    IN_USE {
        "The process cannot access the file because it is being used by another process.",
        ko: "다른 프로세스가 파일을 사용 중이기 때문에 프로세스가 액세스 할 수 없습니다.",
        ja: "プロセスはファイルにアクセスできません。別のプロセスが使用中です。",
        de: "Der Prozess kann nicht auf die Datei zugreifen, da sie von einem anderen Prozess verwendet wird."
    }
    DISK_FULL {
        "There is not enough space on the disk.",
        ko: "디스크 공간이 부족합니다.",
        ja: "ディスクに十分な空き領域がありません。",
        de: "Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung."
    }
    BAD_NAME {
        "The filename, directory name, or volume label syntax is incorrect.",
        ko: "파일 이름, 디렉터리 이름 또는 볼륨 레이블 구문이 잘못되었습니다.",
        ja: "ファイル名、ディレクトリ名、またはボリューム ラベルの構文が間違っています。",
        de: "Die Syntax für den Dateinamen, Verzeichnisnamen oder die Datenträgerbezeichnung ist falsch."
    }
    NOT_EMPTY {
        "The directory is not empty.",
        ko: "디렉터리가 비어 있지 않습니다.",
        ja: "ディレクトリが空ではありません。",
        de: "Das Verzeichnis ist nicht leer."
    }
    EXISTS {
        "Cannot create a file when that file already exists.",
        ko: "파일이 이미 있으므로 만들 수 없습니다.",
        ja: "既に存在するファイルを作成することはできません。",
        de: "Eine Datei kann nicht erstellt werden, wenn sie bereits vorhanden ist."
    }
    NOT_FOLDER {
        "The directory name is invalid.",
        ko: "디렉터리 이름이 올바르지 않습니다.",
        ja: "ディレクトリ名が無効です。",
        de: "Der Verzeichnisname ist ungültig."
    }
}

/// The system's text for a file error.
pub(in crate::sim) fn of_error(error: FileError) -> Text {
    match error {
        FileError::NotFound => FILE_NOT_FOUND,
        FileError::PathNotFound => PATH_NOT_FOUND,
        FileError::AccessDenied => ACCESS_DENIED,
        FileError::NoDrive => NO_DRIVE,
        FileError::InUse => IN_USE,
        FileError::DiskFull => DISK_FULL,
        FileError::BadName => BAD_NAME,
        FileError::NotEmpty => NOT_EMPTY,
        FileError::Exists => EXISTS,
        FileError::NotFolder => NOT_FOLDER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_texts_of_errors_are_those_of_the_error_type() {
        use FileError as E;
        for error in [
            E::NotFound,
            E::PathNotFound,
            E::AccessDenied,
            E::NoDrive,
            E::InUse,
            E::DiskFull,
            E::BadName,
            E::NotEmpty,
            E::Exists,
            E::NotFolder,
        ] {
            assert_eq!(of_error(error).en, error.to_string());
        }
    }
}
