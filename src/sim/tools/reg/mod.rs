//! reg.exe.

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::language::Text;
use crate::sim::windows::registry::Root;
use crate::sim::windows::win32::Win32;

mod change;
mod data;
mod hives;
mod query;
mod transfer;

const ERROR: Text = Text { en: "ERROR: ", ko: "오류: ", ja: "エラー: ", de: "FEHLER: " };
const DONE: Text = Text {
    en: "The operation completed successfully.",
    ko: "작업을 완료했습니다.",
    ja: "この操作を正しく終了しました。",
    de: "Der Vorgang wurde erfolgreich beendet.",
};
const NOT_FOUND: Text = Text {
    en: "The system was unable to find the specified registry key or value.",
    ko: "지정된 레지스트리 키 또는 값을 찾지 못했습니다.",
    ja: "指定されたレジストリ キーまたは値が見つかりませんでした",
    de: "Der angegebene Registrierungsschlüssel bzw. Wert wurde nicht gefunden.",
};
const NO_PATH: Text = Text {
    en: "The network path was not found.",
    ko: "네트워크 경로를 찾지 못했습니다.",
    ja: "ネットワーク パスが見つかりません。",
    de: "Der Netzwerkpfad wurde nicht gefunden.",
};
const SYNTAX: Text = Text {
    en: "Invalid syntax.",
    ko: "구문이 잘못되었습니다.",
    ja: "構文が間違っています。",
    de: "Ungültige Syntax.",
};
const KEY_NAME: Text = Text {
    en: "Invalid key name.",
    ko: "키 이름이 잘못되었습니다.",
    ja: "無効なキー名です。",
    de: "Ungültiger Schlüsselname.",
};
const HINT: Text = Text {
    en: "Type \"{0} /?\" for usage.",
    ko: "사용법을 보려면 \"{0} /?\"를 입력하십시오.",
    ja: "\"{0} /?\" と入力すると使用法が表示されます。",
    de: "Geben Sie \"{0} /?\" ein, um die Syntax anzuzeigen.",
};
const CANCELED: Text = Text {
    en: "The operation was canceled by the user.",
    ko: "사용자가 작업을 취소했습니다.",
    ja: "この操作はユーザーによって取り消されました。",
    de: "Der Vorgang wurde durch den Benutzer abgebrochen.",
};
const USAGE: &str = "\r
REG Operation [Parameter List]\r
\r
  Operation  [ QUERY   | ADD    | DELETE  | COPY    |\r
               SAVE    | LOAD   | UNLOAD  | RESTORE |\r
               COMPARE | EXPORT | IMPORT  | FLAGS ]\r
\r
Return Code: (Except for REG COMPARE)\r
\r
  0 - Successful\r
  1 - Failed\r
\r
For help on a specific operation type:\r
\r
  REG Operation /?\r
\r
Examples:\r
\r
  REG QUERY /?\r
  REG ADD /?\r
  REG DELETE /?\r
  REG COPY /?\r
  REG SAVE /?\r
  REG RESTORE /?\r
  REG LOAD /?\r
  REG UNLOAD /?\r
  REG COMPARE /?\r
  REG EXPORT /?\r
  REG IMPORT /?\r
  REG FLAGS /?\r
";

/// Why an operation fails; the text is printed, the code is 1.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Failure {
    /// A text of this program or of the system.
    Text(Text),
    /// A text that is already in the machine's language.
    Said(String),
    /// The command line is wrong; followed by the hint where help is.
    Usage(Text),
    /// What was to be said was said.
    Silent,
    /// The user said no, or there was nobody to ask.
    Canceled,
}

/// A key as the user named it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyName {
    root: Root,
    /// The path with the root's long name, as `reg` prints it.
    path: String,
    /// The part below the root.
    below: String,
}

/// `reg`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let Some((operation, rest)) = process.args.split_first() else {
        process.stderr.text(USAGE);
        return Ok(1);
    };
    let operation = operation.to_uppercase();
    if operation == "/?" || operation == "-?" {
        process.stdout.text(USAGE);
        return Ok(0);
    }
    if rest.first().is_some_and(|first| first == "/?" || first == "-?") {
        process.stdout.text(&usage(&operation));
        return Ok(0);
    }
    // Another machine: its name stands before the root. `\\\\.\\` is this one.
    if let Some(named) = rest.first().and_then(|first| first.strip_prefix(r"\\"))
        && let Some((name, key)) = named.split_once('\\').filter(|(name, _)| *name != ".")
    {
        let Some(mut there) = process.on(name) else {
            return Ok(fail(process, "REG", &Failure::Text(NO_PATH)));
        };
        // Errors and answers are in the language of the machine where reg runs; what differs is only rare text.
        key.clone_into(&mut there.args[1]);
        return Box::pin(run(&there)).await;
    }
    let changes =
        matches!(operation.as_str(), "ADD" | "DELETE" | "COPY" | "RESTORE" | "LOAD" | "UNLOAD" | "IMPORT");
    let own = rest.first().is_some_and(|name| {
        let name = name.to_uppercase();
        name.starts_with("HKCU") || name.starts_with("HKEY_CURRENT_USER")
    });
    if changes && !own && !process.token.is_administrator() {
        return Ok(fail(process, "REG", &Failure::Said(Win32::ACCESS_DENIED.text(process.language()))));
    }
    let result = match operation.as_str() {
        "QUERY" => query::query(process, rest),
        "ADD" => change::add(process, rest).await?,
        "DELETE" => change::delete(process, rest).await?,
        "COPY" => change::copy(process, rest).await?,
        "EXPORT" => transfer::export(process, rest).await?,
        "IMPORT" => transfer::import(process, rest),
        "SAVE" => hives::save(process, rest).await?,
        "RESTORE" => hives::restore(process, rest),
        "LOAD" => hives::load(process, rest),
        "UNLOAD" => hives::unload(process, rest),
        _ => return Ok(fail(process, "REG", &Failure::Usage(SYNTAX))),
    };
    Ok(result.map_or_else(|failure| fail(process, &format!("REG {operation}"), &failure), |()| 0))
}

/// What help prints; the line of the operation, which is what people look for.
fn usage(operation: &str) -> String {
    let line = match operation {
        "QUERY" => {
            "REG QUERY KeyName [/v [ValueName] | /ve] [/s]\r\n          [/f Data [/k] [/d] [/c] [/e]] [/t Type] [/z] [/se Separator]"
        }
        "ADD" => "REG ADD KeyName [/v ValueName | /ve] [/t Type] [/s Separator] [/d Data] [/f]",
        "DELETE" => "REG DELETE KeyName [/v ValueName | /ve | /va] [/f]",
        "COPY" => "REG COPY KeyName1 KeyName2 [/s] [/f]",
        "EXPORT" => "REG EXPORT KeyName FileName [/y]",
        "IMPORT" => "REG IMPORT FileName",
        "SAVE" => "REG SAVE KeyName FileName [/y]",
        "RESTORE" => "REG RESTORE KeyName FileName",
        "LOAD" => "REG LOAD KeyName FileName",
        "UNLOAD" => "REG UNLOAD KeyName",
        _ => return USAGE.to_owned(),
    };
    format!("\r\n{line}\r\n")
}

fn fail(process: &Process, operation: &str, failure: &Failure) -> ExitCode {
    let language = process.language();
    let error = ERROR.in_language(language);
    match failure {
        Failure::Text(text) => process.stderr.line(&format!("{error}{}", text.in_language(language))),
        Failure::Said(text) => process.stderr.line(&format!("{error}{text}")),
        Failure::Usage(text) => {
            process.stderr.line(&format!("{error}{}", text.in_language(language)));
            process.stderr.line(&HINT.fill(language, &[operation]));
        }
        Failure::Silent => {}
        Failure::Canceled => process.stdout.line(CANCELED.in_language(language)),
    }
    1
}

fn done(process: &Process) {
    process.stdout.line(DONE.in_language(process.language()));
}

/// Asks until the answer begins with yes or no.
///
/// invented: at the end of the input the answer is no.
async fn confirm(process: &Process, question: &str) -> Result<bool, Interrupted> {
    loop {
        process.stdout.text(question);
        let Some(line) = process.stdin.line(process.page()).await? else {
            process.stdout.text("\r\n");
            return Ok(false);
        };
        let (yes, no) = process.yes_no();
        match line.trim().chars().next().map(|first| first.to_lowercase().to_string()) {
            Some(first) if first == yes => return Ok(true),
            Some(first) if first == no => return Ok(false),
            _ => {}
        }
    }
}

impl KeyName {
    fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim_start_matches(r"\\.\").trim_end_matches('\\');
        let (root, below) = text.split_once('\\').unwrap_or((text, ""));
        let root = Root::parse(root).ok_or(Failure::Usage(KEY_NAME))?;
        let path = if below.is_empty() {
            root.long_name().to_owned()
        } else {
            format!(r"{}\{below}", root.long_name())
        };
        Ok(Self { root, path, below: below.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;

    #[test]
    fn without_operation_or_with_an_unknown_one() {
        let trial = Trial::healthy();
        assert_eq!(trial.run("reg").code, 1);
        assert_eq!(
            trial.run("reg frob"),
            Answer::new("", "ERROR: Invalid syntax.\nType \"REG /?\" for usage.\n", 1)
        );
        assert!(trial.ok("reg add /?").contains("REG ADD KeyName"));
        let korean = Trial::in_language(Language::KoKr);
        assert_eq!(
            korean.run("reg query XYZ"),
            Answer::new(
                "",
                "오류: 키 이름이 잘못되었습니다.\n사용법을 보려면 \"REG QUERY /?\"를 입력하십시오.\n",
                1
            )
        );
    }
}
