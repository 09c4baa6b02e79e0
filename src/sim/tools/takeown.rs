//! takeown.exe.

use super::{Process, found, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;
use crate::sim::windows::acl::{Ace, Privilege, right};
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::language::Text;
use crate::sim::windows::sid::Sid;
use crate::sim::windows::win32::Win32;

const BY_GROUP: Text = Text {
    en: "SUCCESS: The file (or folder): \"{0}\" now owned by the administrators group.",
    ko: "성공: 파일(또는 폴더) \"{0}\"은(는) 이제 관리자 그룹이 소유합니다.",
    ja: "成功: ファイル (またはフォルダー): \"{0}\" は現在 Administrators グループによって所有されています。",
    de: "ERFOLGREICH: Datei (oder Ordner): \"{0}\" gehört jetzt der Gruppe \"Administratoren\".",
};
const BY_USER: Text = Text {
    en: "SUCCESS: The file (or folder): \"{0}\" now owned by user \"{1}\".",
    ko: "성공: 파일(또는 폴더) \"{0}\"은(는) 이제 사용자 \"{1}\"이(가) 소유합니다.",
    ja: "成功: ファイル (またはフォルダー): \"{0}\" は現在ユーザー \"{1}\" によって所有されています。",
    de: "ERFOLGREICH: Datei (oder Ordner): \"{0}\" gehört jetzt dem Benutzer \"{1}\".",
};
const REPLACE: Text = Text {
    en: "You do not have permissions to read the contents of directory \"{0}\"\r\n\r\nDo you want to replace the directory permissions with permissions granting you\r\nfull control (\"Y\" for YES, \"N\" for NO and \"C\" for CANCEL)? ",
    ko: "디렉터리 \"{0}\"의 내용을 읽을 권한이 없습니다.\r\n\r\n디렉터리 사용 권한을 모든 권한으로 바꾸시겠습니까(\"Y\" 예, \"N\" 아니요, \"C\" 취소)? ",
    ja: "ディレクトリ \"{0}\" の内容を読み取るためのアクセス許可がありません。\r\n\r\nフル コントロールを許可するアクセス許可で置き換えますか (\"Y\" はい、\"N\" いいえ、\"C\" キャンセル)? ",
    de: "Sie verfügen nicht über die Berechtigung zum Lesen des Verzeichnisinhalts \"{0}\".\r\n\r\nMöchten Sie die Verzeichnisberechtigungen durch Vollzugriff ersetzen (\"J\" für JA, \"N\" für NEIN und \"A\" für ABBRECHEN)? ",
};
const ERROR: Text = Text { en: "ERROR: ", ko: "오류: ", ja: "エラー: ", de: "FEHLER: " };
const SYNTAX: Text = Text {
    en: "ERROR: Invalid syntax. \"/F\" option is mandatory.\r\nType \"TAKEOWN /?\" for usage.",
    ko: "오류: 구문이 잘못되었습니다. \"/F\" 옵션은 필수입니다.\r\n사용법을 보려면 \"TAKEOWN /?\"를 입력하십시오.",
    ja: "エラー: 構文が間違っています。\"/F\" オプションは必須です。\r\n使用法を表示するには \"TAKEOWN /?\" と入力してください。",
    de: "FEHLER: Ungültige Syntax. Die Option \"/F\" ist erforderlich.\r\nGeben Sie \"TAKEOWN /?\" ein, um die Syntax anzuzeigen.",
};

#[derive(Debug, Default)]
struct Request {
    file: String,
    to_group: bool,
    recursive: bool,
    answer: Option<bool>,
}

/// `takeown`.
pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let language = process.language();
    let Some(request) = parse(process) else {
        process.stderr.line(SYNTAX.in_language(language));
        return Ok(1);
    };
    let roots = {
        let world = process.world();
        found::paths(process, &world, &request.file)
    };
    let roots = match roots {
        Ok(roots) => roots,
        Err(error) => {
            let text = Win32(error.code().unsigned_abs()).text(language);
            process.stderr.line(&format!("{}{text}", ERROR.in_language(language)));
            return Ok(1);
        }
    };
    let mut next = roots;
    next.reverse();
    while let Some(path) = next.pop() {
        take(process, &path, &request);
        if !request.recursive || !process.world().files.is_folder(&path) {
            continue;
        }
        if process.world().files.list(&path, &process.token).is_err()
            && !open(process, &path, &request).await?
        {
            continue;
        }
        let world = process.world();
        let names = world
            .files
            .list(&path, &process.token)
            .map(|inside| inside.iter().rev().map(|node| path.join(&node.name)).collect::<Vec<_>>());
        next.extend(names.unwrap_or_default());
    }
    Ok(0)
}

fn parse(process: &Process) -> Option<Request> {
    let mut request = Request::default();
    let mut words = process.args.iter();
    let (yes, _) = process.yes_no();
    while let Some(word) = words.next() {
        match word {
            w if is_switch(w, "f") => words.next()?.trim_end_matches('\\').clone_into(&mut request.file),
            w if is_switch(w, "a") => request.to_group = true,
            w if is_switch(w, "r") => request.recursive = true,
            w if is_switch(w, "d") => request.answer = Some(words.next()?.eq_ignore_ascii_case(yes)),
            w if is_switch(w, "skipsl") => {}
            _ => return None,
        }
    }
    (!request.file.is_empty()).then_some(request)
}

fn take(process: &Process, path: &WinPath, request: &Request) {
    let mut world = process.world();
    let language = world.language;
    let owner = if request.to_group { Sid::administrators() } else { process.token.user.clone() };
    let name = world.account_name(&owner).unwrap_or_else(|| owner.to_string());
    let token = process.token.clone().with(Privilege::TakeOwnership);
    let text = match world.files.set_owner(path, owner, &token) {
        Ok(()) if request.to_group => BY_GROUP.fill(language, &[&path.to_string()]),
        Ok(()) => BY_USER.fill(language, &[&path.to_string(), &name]),
        Err(error) => {
            let text = Win32(error.code().unsigned_abs()).text(language);
            process.stderr.line(&format!("{}{text}", ERROR.in_language(language)));
            return;
        }
    };
    process.stdout.text(&format!("\r\n{text}\r\n"));
}

/// Gives the user full control of a folder that he cannot list; false when he does not want that.
async fn open(process: &Process, path: &WinPath, request: &Request) -> Result<bool, Interrupted> {
    let yes = if let Some(answer) = request.answer {
        answer
    } else {
        process.stdout.text(&REPLACE.fill(process.language(), &[&path.to_string()]));
        let (yes, _) = process.yes_no();
        let line = process.stdin.line(process.page()).await?;
        line.is_some_and(|line| line.trim().to_lowercase() == yes)
    };
    if !yes {
        return Ok(false);
    }
    let mut world = process.world();
    let Some(mut security) = world.files.look(path).map(|node| node.security.clone()) else {
        return Ok(false);
    };
    security.entries = vec![Ace::allow(process.token.user.clone(), right::FULL).for_all_below()];
    Ok(world.files.set_security(path, security, &process.token).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;

    const KEYS: &str = r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys";

    #[test]
    fn a_key_is_taken_over_and_then_readable() {
        let trial = Trial::healthy();
        let key = format!(r"{KEYS}\f686aace6942fb7f7ceb231212eef4a4_5c2f0c8e-4b1d-4f6a-9a37-0d1f6e7b21c4");
        assert_eq!(trial.run(&format!("icacls {key}")).code, 5);
        let out =
            format!("\nSUCCESS: The file (or folder): \"{key}\" now owned by the administrators group.\n");
        assert_eq!(trial.run(&format!(r#"takeown /f "{KEYS}\f686*" /a"#)), Answer::new(&out, "", 0));
        assert!(trial.ok(&format!("icacls {key}")).contains(r"NT SERVICE\SessionEnv:(F)"));
    }

    #[test]
    fn a_folder_with_all_that_is_in_it() {
        let trial = Trial::healthy();
        let out = trial.ok(&format!("takeown /f {KEYS} /r"));
        assert_eq!(out.matches("SUCCESS").count(), 5);
        assert!(out.contains(r#"now owned by user "VM01\azadmin"."#));
    }

    #[test]
    fn what_is_wrong() {
        let trial = Trial::healthy();
        let missing = "ERROR: The system cannot find the file specified.\n";
        assert_eq!(trial.run(r"takeown /f C:\nope /a"), Answer::new("", missing, 1));
        assert_eq!(trial.run("takeown /a").code, 1);
        let korean = Trial::in_language(Language::KoKr);
        assert!(korean.ok(r"takeown /f C:\Windows\win.ini /a").starts_with("\n성공: "));
    }
}
