//! `net user`, `net localgroup`, `net accounts`.

use super::super::page::Page;
use super::super::width::left;
use super::super::{Process, is_switch};
use super::{Failure, completed};
use crate::sim::conhost::Interrupted;
use crate::sim::windows::accounts::{Group, User};
use crate::sim::windows::language::Text;
use crate::sim::windows::win32::Win32;

const NO_USER: Text = Text {
    en: "The user name could not be found.",
    ko: "사용자 이름을 찾을 수 없습니다.",
    ja: "ユーザー名が見つかりません。",
    de: "Der Benutzername konnte nicht gefunden werden.",
};
const USER_EXISTS: Text = Text {
    en: "The account already exists.",
    ko: "계정이 이미 있습니다.",
    ja: "アカウントは既に存在します。",
    de: "Das Konto ist bereits vorhanden.",
};
const NO_GROUP: Text = Text {
    en: "The specified local group does not exist.",
    ko: "지정된 로컬 그룹이 없습니다.",
    ja: "指定されたローカル グループは存在しません。",
    de: "Die angegebene lokale Gruppe ist nicht vorhanden.",
};
const WEAK: Text = Text {
    en: "The password does not meet the password policy requirements. Check the minimum password length, password complexity and password history requirements.",
    ko: "암호가 암호 정책 요구 사항에 맞지 않습니다. 최소 암호 길이, 암호 복잡성 및 암호 기록 요구 사항을 확인하십시오.",
    ja: "パスワードはパスワードのポリシーの要件を満たしていません。パスワードの最短の長さ、パスワードの複雑性、およびパスワード履歴の要件を確認してください。",
    de: "Das Kennwort entspricht nicht den Anforderungen der Kennwortrichtlinien. Prüfen Sie die Kennwortlänge, die Komplexität des Kennwortes und die Anforderungen bezüglich früherer Kennwörter.",
};
const TYPE_PASSWORD: Text = Text {
    en: "Type a password for the user: ",
    ko: "사용자의 암호를 입력하십시오: ",
    ja: "ユーザーのパスワードを入力してください: ",
    de: "Geben Sie ein Kennwort für den Benutzer ein: ",
};
const AGAIN: Text = Text {
    en: "Retype the password to confirm: ",
    ko: "확인을 위해 암호를 다시 입력하십시오: ",
    ja: "確認のためにパスワードを再入力してください: ",
    de: "Wiederholen Sie die Eingabe des Kennworts zur Bestätigung: ",
};
const DIFFERENT: Text = Text {
    en: "The passwords do not match.",
    ko: "암호가 일치하지 않습니다.",
    ja: "パスワードが一致しません。",
    de: "Die Kennwörter stimmen nicht überein.",
};
const LONG: Text = Text {
    en: "The password entered is longer than 14 characters.  Computers\r\nwith Windows prior to Windows 2000 will not be able to use\r\nthis account. Do you want to continue this operation? (Y/N) [Y]: ",
    ko: "입력한 암호가 14자보다 깁니다. Windows 2000 이전의 Windows가 있는 컴퓨터는\r\n이 계정을 사용할 수 없습니다. 계속하시겠습니까? (Y/N) [Y]: ",
    ja: "入力したパスワードは 14 文字を超えています。Windows 2000 より前の Windows を\r\n使用しているコンピューターはこのアカウントを使用できません。続行しますか? (Y/N) [Y]: ",
    de: "Das eingegebene Kennwort ist länger als 14 Zeichen. Computer mit\r\nWindows-Versionen vor Windows 2000 können dieses Konto nicht verwenden.\r\nMöchten Sie den Vorgang fortsetzen? (J/N) [J]: ",
};
const USER_NAME: Text =
    Text { en: "User name", ko: "사용자 이름", ja: "ユーザー名", de: "Benutzername" };
const FULL_NAME: Text =
    Text { en: "Full Name", ko: "전체 이름", ja: "フル ネーム", de: "Vollständiger Name" };
const USER_COMMENT: Text =
    Text {
        en: "User's comment", ko: "사용자 설명", ja: "ユーザーのコメント", de: "Benutzerbeschreibung"
    };
const COUNTRY: Text =
    Text {
        en: "Country/region code", ko: "국가/지역 코드", ja: "国/地域番号", de: "Länder-/Regionscode"
    };
const ACTIVE: Text =
    Text { en: "Account active", ko: "활성 계정", ja: "アカウント有効", de: "Konto aktiv" };
const EXPIRES: Text =
    Text {
        en: "Account expires", ko: "계정 만료 날짜", ja: "アカウントの期限", de: "Konto abgelaufen"
    };
const YES: Text = Text { en: "Yes", ko: "예", ja: "Yes", de: "Ja" };
const NO: Text = Text { en: "No", ko: "아니요", ja: "No", de: "Nein" };
const LOCKED: Text = Text { en: "Locked", ko: "잠김", ja: "Locked", de: "Gesperrt" };
const USERS_OF: Text = Text {
    en: "User accounts for \\\\{0}",
    ko: "\\\\{0}에 대한 사용자 계정",
    ja: "\\\\{0} のユーザー アカウント",
    de: "Benutzerkonten für \\\\{0}",
};
const GROUPS_OF: Text = Text {
    en: "Aliases for \\\\{0}",
    ko: "\\\\{0}에 대한 별칭",
    ja: "\\\\{0} のエイリアス",
    de: "Aliase für \\\\{0}",
};
const GROUP_NAME: Text =
    Text { en: "Alias name", ko: "별칭 이름", ja: "エイリアス名", de: "Aliasname" };
const COMMENT: Text = Text { en: "Comment", ko: "설명", ja: "コメント", de: "Beschreibung" };
const MEMBERS: Text = Text { en: "Members", ko: "구성원", ja: "メンバー", de: "Mitglieder" };
const USER_USAGE: &str = "The syntax of this command is:\r
\r
NET USER\r
[username [password | *] [options]] [/DOMAIN]\r
         username {password | *} /ADD [options] [/DOMAIN]\r
         username [/DELETE] [/DOMAIN]\r
         username [/TIMES:{times | ALL}]\r
         username [/ACTIVE: {YES | NO}]\r
\r
";
const GROUP_USAGE: &str = "The syntax of this command is:\r
\r
NET LOCALGROUP\r
[groupname [/COMMENT:\"text\"]] [/DOMAIN]\r
              groupname {/ADD [/COMMENT:\"text\"] | /DELETE}  [/DOMAIN]\r
              groupname name [...] {/ADD | /DELETE} [/DOMAIN]\r
\r
";
const RULE: &str = "-------------------------------------------------------------------------------";

pub(super) async fn user(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let plain: Vec<&String> = words.iter().filter(|word| !word.starts_with('/')).collect();
    let has = |name: &str| words.iter().any(|word| is_switch(word, name));
    let Some(name) = plain.first() else {
        list_users(process);
        return Ok(Ok(()));
    };
    if plain.len() > 2 {
        return Ok(Err(Failure::Usage(USER_USAGE)));
    }
    if words.len() == 1 {
        return Ok(show_user(process, name));
    }
    // With a password in the line the question comes as well; nobody here does that.
    let password = match plain.get(1).map(|word| word.as_str()) {
        Some("*") => match ask_password(process).await? {
            Some(password) if password.chars().count() > 14 && !has("y") => {
                if !confirmed(process).await? {
                    return Ok(Err(Failure::Said));
                }
                Some(password)
            }
            Some(password) => Some(password),
            None => {
                return Ok(Err(Failure::Message(8646, DIFFERENT.in_language(process.language()).to_owned())));
            }
        },
        other => other.map(str::to_owned),
    };
    let active =
        words.iter().find_map(|word| word.to_lowercase().strip_prefix("/active:").map(|text| text == "yes"));
    let changed = change_user(process, name, password, active, (has("add"), has("delete")));
    if changed.is_ok() {
        completed(process);
    }
    Ok(changed)
}

fn change_user(
    process: &Process,
    name: &str,
    password: Option<String>,
    active: Option<bool>,
    (add, delete): (bool, bool),
) -> Result<(), Failure> {
    let mut world = process.world();
    let language = world.language;
    let fail = |number, text: &Text| Failure::Message(number, text.in_language(language).to_owned());
    if password.as_deref().is_some_and(|password| is_weak(password, name)) {
        return Err(fail(2245, &WEAK));
    }
    let exists = world.accounts.user(name).is_some();
    if add && exists {
        return Err(fail(2224, &USER_EXISTS));
    }
    if !add && !exists {
        return Err(fail(2221, &NO_USER));
    }
    if delete {
        world.accounts.users.retain(|user| !user.name.eq_ignore_ascii_case(name));
        for group in &mut world.accounts.groups {
            group.members.retain(|member| !member.eq_ignore_ascii_case(name));
        }
        world.record_account(4726, name);
        return Ok(());
    }
    if add {
        let rid = world.accounts.users.iter().map(|user| user.rid + 1).max().unwrap_or(1000).max(1000);
        world.accounts.users.push(User {
            name: name.to_owned(),
            rid,
            full_name: String::new(),
            comment: String::new(),
            password: String::new(),
            enabled: true,
            failures: 0,
        });
        let users = crate::sim::windows::sid::Sid::users();
        let group = world.accounts.groups.iter_mut().find(|group| group.sid == users);
        if let Some(group) = group {
            group.members.push(name.to_owned());
        }
        world.record_account(4720, name);
    }
    let threshold = world.accounts.lockout_threshold;
    let Some(user) = world.accounts.user_mut(name) else { return Ok(()) };
    if let Some(password) = password {
        user.password = password;
    }
    if let Some(active) = active {
        let was_locked = threshold > 0 && user.failures >= threshold;
        let was_enabled = user.enabled;
        user.enabled = active;
        user.failures = 0;
        if was_enabled != active {
            world.record_account(if active { 4722 } else { 4725 }, name);
        }
        if was_locked {
            world.record_account(4767, name);
        }
    }
    Ok(())
}

/// Fewer than eight characters, fewer than three kinds of characters, or the name in it: what the local policy refuses.
fn is_weak(password: &str, name: &str) -> bool {
    let kinds: [fn(&char) -> bool; 4] =
        [|c| c.is_uppercase(), |c| c.is_lowercase(), |c| c.is_ascii_digit(), |c| !c.is_alphanumeric()];
    let used = kinds.iter().filter(|kind| password.chars().any(|c| kind(&c))).count();
    let holds_name = name.len() > 2 && password.to_lowercase().contains(&name.to_lowercase());
    password.chars().count() < 8 || used < 3 || holds_name
}

/// Asks whether a password that old systems cannot use is meant; Enter alone is yes.
async fn confirmed(process: &Process) -> Result<bool, Interrupted> {
    process.stdout.text(LONG.in_language(process.language()));
    let line = process.stdin.line(process.page()).await?.unwrap_or_default();
    let (yes, _) = process.yes_no();
    let answer = line.trim().to_lowercase();
    Ok(answer.is_empty() || answer.starts_with(yes))
}

/// Asks twice without echo; `None` when the two differ.
async fn ask_password(process: &Process) -> Result<Option<String>, Interrupted> {
    let language = process.language();
    let mut typed = Vec::new();
    for prompt in [&TYPE_PASSWORD, &AGAIN] {
        process.stdout.text(prompt.in_language(language));
        let mut word = String::new();
        if process.stdin.is_console() {
            loop {
                match process.console.read_key().await? {
                    '\r' => break,
                    '\u{8}' => {
                        word.pop();
                    }
                    key => word.push(key),
                }
            }
        } else {
            word = process.stdin.line(process.page()).await?.unwrap_or_default();
        }
        process.stdout.text("\r\n");
        typed.push(word);
    }
    Ok((typed[0] == typed[1]).then(|| typed.swap_remove(0)))
}

fn list_users(process: &Process) {
    let world = process.world();
    let mut names: Vec<&str> = world.accounts.users.iter().map(|user| user.name.as_str()).collect();
    names.sort_by_key(|name| name.to_lowercase());
    let mut page = Page::default();
    page.line("");
    page.line(USERS_OF.fill(world.language, &[&world.computer]));
    page.line("");
    page.line(RULE);
    for row in names.chunks(3) {
        page.line(row.iter().map(|name| left(name, 25)).collect::<String>());
    }
    drop(world);
    process.stdout.text(page.text());
    completed(process);
}

fn show_user(process: &Process, name: &str) -> Result<(), Failure> {
    let world = process.world();
    let language = world.language;
    let fail = || Failure::Message(2221, NO_USER.in_language(language).to_owned());
    let user = world.accounts.user(name).ok_or_else(fail)?;
    let groups: Vec<String> = world
        .accounts
        .groups
        .iter()
        .filter(|group| group.members.iter().any(|member| member.eq_ignore_ascii_case(&user.name)))
        .map(|group| format!("*{}", group.name))
        .collect();
    let active = if world.accounts.is_locked(user) {
        &LOCKED
    } else if user.enabled {
        &YES
    } else {
        &NO
    }
    .in_language(language);
    let mut page = Page::default();
    for (label, value) in [
        (USER_NAME, user.name.as_str()),
        (FULL_NAME, user.full_name.as_str()),
        (COMMENT, user.comment.as_str()),
        (USER_COMMENT, ""),
        (COUNTRY, "000 (System Default)"),
        (ACTIVE, active),
        (EXPIRES, "Never"),
    ] {
        page.line(format_args!("{}{value}", left(label.in_language(language), 29)));
    }
    page.line("");
    page.line(format_args!("{}{}", left("Local Group Memberships", 29), groups.join(" ")));
    page.line(format_args!("{}*None", left("Global Group memberships", 29)));
    drop(world);
    process.stdout.text(page.text());
    completed(process);
    Ok(())
}

pub(super) fn group(process: &Process, words: &[String]) -> Result<(), Failure> {
    let plain: Vec<&String> = words.iter().filter(|word| !word.starts_with('/')).collect();
    let has = |name: &str| words.iter().any(|word| is_switch(word, name));
    let Some((name, members)) = plain.split_first() else {
        list_groups(process);
        return Ok(());
    };
    if !has("add") && !has("delete") {
        return if members.is_empty() { show_group(process, name) } else { Err(Failure::Usage(GROUP_USAGE)) };
    }
    let mut world = process.world();
    let language = world.language;
    if members.is_empty() {
        return Err(Failure::Usage(GROUP_USAGE));
    }
    for member in members {
        let bare = member.rsplit('\\').next().unwrap_or(member);
        let Some(user) = world.accounts.user(bare).map(|user| user.name.clone()) else {
            return Err(Failure::System(Win32(1332)));
        };
        let Some(group) = world.accounts.group_mut(name) else {
            return Err(Failure::Message(2220, NO_GROUP.in_language(language).to_owned()));
        };
        let is_member = group.members.iter().any(|own| own.eq_ignore_ascii_case(&user));
        match (has("add"), is_member) {
            (true, true) => return Err(Failure::System(Win32(1378))),
            (true, false) => group.members.push(user),
            (false, true) => group.members.retain(|own| !own.eq_ignore_ascii_case(&user)),
            (false, false) => return Err(Failure::System(Win32(1377))),
        }
    }
    drop(world);
    completed(process);
    Ok(())
}

fn list_groups(process: &Process) {
    let world = process.world();
    let mut page = Page::default();
    page.line("");
    page.line(GROUPS_OF.fill(world.language, &[&world.computer]));
    page.line("");
    page.line(RULE);
    for Group { name, .. } in &world.accounts.groups {
        page.line(format_args!("*{name}"));
    }
    drop(world);
    process.stdout.text(page.text());
    completed(process);
}

fn show_group(process: &Process, name: &str) -> Result<(), Failure> {
    let world = process.world();
    let language = world.language;
    let group = world
        .accounts
        .group(name)
        .ok_or_else(|| Failure::Message(2220, NO_GROUP.in_language(language).to_owned()))?;
    let mut page = Page::default();
    page.line(format_args!("{}{}", left(GROUP_NAME.in_language(language), 15), group.name));
    page.line(format_args!("{}{}", left(COMMENT.in_language(language), 15), group.comment));
    page.line("");
    page.line(MEMBERS.in_language(language));
    page.line("");
    page.line(RULE);
    group.members.iter().for_each(|member| page.line(member));
    drop(world);
    process.stdout.text(page.text());
    completed(process);
    Ok(())
}

pub(super) fn policy(process: &Process) {
    let threshold = match process.world().accounts.lockout_threshold {
        0 => "Never".to_owned(),
        number => number.to_string(),
    };
    let mut page = Page::default();
    for (label, value) in [
        ("Force user logoff how long after time expires?:", "Never"),
        ("Minimum password age (days):", "0"),
        ("Maximum password age (days):", "42"),
        ("Minimum password length:", "0"),
        ("Length of password history maintained:", "None"),
        ("Lockout threshold:", threshold.as_str()),
        ("Lockout duration (minutes):", "10"),
        ("Lockout observation window (minutes):", "10"),
        ("Computer role:", "SERVER"),
    ] {
        page.line(format_args!("{}{value}", left(label, 54)));
    }
    process.stdout.text(page.text());
    completed(process);
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;

    const DONE: &str = "The command completed successfully.\n\n";

    #[test]
    fn users_come_change_and_go() {
        let trial = Trial::healthy();
        assert_eq!(trial.run("net user helper Pass-w0rd! /add"), Answer::new(DONE, "", 0));
        assert!(trial.world.lock().accounts.log_on("helper", "Pass-w0rd!").is_ok());
        assert_eq!(trial.run("net user helper Other-W0rd /active:no").code, 0);
        assert!(trial.world.lock().accounts.log_on("helper", "Other-W0rd").is_err());
        assert!(trial.ok("net user").contains("azadmin                  DefaultAccount           Guest"));
        assert!(trial.ok("net user helper").contains("Account active               No\n"));
        assert_eq!(trial.run("net user helper /delete").code, 0);
        let missing =
            "The user name could not be found.\n\nMore help is available by typing NET HELPMSG 2221.\n\n";
        assert_eq!(trial.run("net user helper"), Answer::new("", missing, 2));
        assert_eq!(trial.run("net user weak abc /add").code, 2);
    }

    #[test]
    fn a_password_is_asked_for_twice_without_echo() {
        let trial = Trial::healthy();
        let answer = trial.answer("net user azadmin *", "New-Pass1\rNew-Pass1\r");
        assert_eq!(
            answer,
            Answer::new(
                &format!("Type a password for the user: \nRetype the password to confirm: \n{DONE}"),
                "",
                0
            )
        );
        assert!(trial.world.lock().accounts.log_on("azadmin", "New-Pass1").is_ok());
        assert_eq!(trial.answer("net user azadmin *", "New-Pass1\rNew-Pass2\r").code, 2);
    }

    #[test]
    fn groups_by_their_names_in_the_language() {
        let trial = Trial::healthy();
        trial.ok("net user helper Pass-w0rd! /add");
        assert_eq!(trial.run("net localgroup administrators helper /add"), Answer::new(DONE, "", 0));
        assert!(trial.ok("net localgroup Administrators").contains("\nazadmin\nhelper\n"));
        let again = "System error 1378 has occurred.\n\nThe specified account name is already a member of the group.\n\n";
        assert_eq!(trial.run("net localgroup administrators helper /add"), Answer::new("", again, 2));
        assert_eq!(trial.run("net localgroup 'remote desktop users' helper /add").code, 2);
        assert_eq!(trial.run(r#"net localgroup "remote desktop users" helper /add"#).code, 0);
        let german = Trial::in_language(Language::DeDe);
        assert_eq!(german.run("net localgroup Administrators azadmin /add").code, 2);
        assert!(german.ok("net localgroup Administratoren").contains("azadmin"));
        assert!(
            trial.ok("net accounts").contains("Lockout threshold:                                    10\n")
        );
    }
}
