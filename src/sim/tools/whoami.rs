//! whoami.exe and hostname.exe: who the session is.

use super::width::{cells, left};
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::Text;
use crate::sim::windows::sid::Sid;

const USER_INFORMATION: Text =
    Text {
        en: "USER INFORMATION", ko: "사용자 정보", ja: "ユーザー情報", de: "BENUTZERINFORMATIONEN"
    };
const GROUP_INFORMATION: Text =
    Text {
        en: "GROUP INFORMATION", ko: "그룹 정보", ja: "グループ情報", de: "GRUPPENINFORMATIONEN"
    };
const USER_NAME: Text =
    Text { en: "User Name", ko: "사용자 이름", ja: "ユーザー名", de: "Benutzername" };
const GROUP_NAME: Text =
    Text { en: "Group Name", ko: "그룹 이름", ja: "グループ名", de: "Gruppenname" };
const KIND: Text = Text { en: "Type", ko: "유형", ja: "種類", de: "Typ" };
const WELL_KNOWN: Text =
    Text {
        en: "Well-known group", ko: "잘 알려진 그룹", ja: "よく知られたグループ", de: "Bekannte Gruppe"
    };
const SYNTAX: Text = Text {
    en: "ERROR: Invalid argument/option - '{0}'.\r\nType \"WHOAMI /?\" for usage.",
    ko: "오류: 잘못된 인수/옵션 - '{0}'.\r\n\"WHOAMI /?\"를 입력하여 사용법을 확인하십시오.",
    ja: "エラー: 無効な引数またはオプションです - '{0}'。\r\n使用法については \"WHOAMI /?\" と入力してください。",
    de: "FEHLER: Ungültige(s) Argument/Option - \"{0}\".\r\nGeben Sie \"WHOAMI /?\" ein, um die Syntax anzuzeigen.",
};

/// The label of an elevated session.
const HIGH: (&str, &str) = (r"Mandatory Label\High Mandatory Level", "S-1-16-12288");
/// That of every other one.
const MEDIUM: (&str, &str) = (r"Mandatory Label\Medium Mandatory Level", "S-1-16-8192");

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    List,
    Csv,
}

/// `hostname`.
pub(super) fn hostname(process: &Process) -> ExitCode {
    if process.args.is_empty() {
        process.stdout.line(&process.world().computer.clone());
        return 0;
    }
    process.stderr.line("sethostname: Use the Network Control Panel Applet to set hostname.");
    process.stderr.line("hostname -s is not supported.");
    1
}

/// `whoami [/user] [/groups] [/fo table|list|csv] [/nh]`.
pub(super) fn whoami(process: &Process) -> ExitCode {
    let (mut user, mut groups, mut form, mut headings) = (false, false, Form::Table, true);
    let mut words = process.args.iter();
    while let Some(word) = words.next() {
        match word {
            word if is_switch(word, "user") => user = true,
            word if is_switch(word, "groups") => groups = true,
            word if is_switch(word, "nh") => headings = false,
            word if is_switch(word, "fo") => match words.next().map(|form| form.to_lowercase()).as_deref() {
                Some("table") => form = Form::Table,
                Some("list") => form = Form::List,
                Some("csv") => form = Form::Csv,
                _ => return wrong(process, word),
            },
            word => return wrong(process, word),
        }
    }
    let world = process.world();
    let language = world.language;
    let name = name(&world, &process.token.user).to_lowercase();
    if !user && !groups {
        process.stdout.line(&name);
        return 0;
    }
    if user {
        let title = USER_INFORMATION.in_language(language);
        let head = [USER_NAME.in_language(language), "SID"].map(str::to_owned);
        print(process, title, &head, &[vec![name, process.token.user.to_string()]], form, headings);
    }
    if groups {
        let title = GROUP_INFORMATION.in_language(language);
        let head = [GROUP_NAME.in_language(language), KIND.in_language(language), "SID"].map(str::to_owned);
        let kind = WELL_KNOWN.in_language(language);
        let mut rows: Vec<Vec<String>> = process
            .token
            .groups
            .iter()
            .map(|sid| {
                let kind = if sid.to_string().starts_with("S-1-5-32-") { "Alias" } else { kind };
                vec![self::name(&world, sid), kind.to_owned(), sid.to_string()]
            })
            .collect();
        let (label, sid) = if process.token.is_administrator() { HIGH } else { MEDIUM };
        rows.push(vec![label.to_owned(), "Label".to_owned(), sid.to_owned()]);
        print(process, title, &head, &rows, form, headings);
    }
    0
}

fn wrong(process: &Process, word: &str) -> ExitCode {
    process.stderr.line(&SYNTAX.fill(process.language(), &[word]));
    1
}

fn name(world: &World, sid: &Sid) -> String {
    world.account_name(sid).unwrap_or_else(|| sid.to_string())
}

fn print(process: &Process, title: &str, head: &[String], rows: &[Vec<String>], form: Form, headings: bool) {
    match form {
        Form::Csv => {
            let quoted = |cells: &[String]| {
                cells.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",")
            };
            if headings {
                process.stdout.line(&quoted(head));
            }
            for row in rows {
                process.stdout.line(&quoted(row));
            }
        }
        Form::List => {
            heading(process, title);
            let widest = head.iter().map(|cell| cells(cell)).max().unwrap_or(0);
            for row in rows {
                for (label, cell) in head.iter().zip(row) {
                    process.stdout.line(&format!("{} {cell}", left(&format!("{label}:"), widest + 1)));
                }
                process.stdout.line("");
            }
        }
        Form::Table => {
            let widest = |column: usize| {
                let cells_of_column = rows.iter().map(|row| &row[column]).chain([&head[column]]);
                cells_of_column.map(|cell| cells(cell)).max().unwrap_or(0)
            };
            let widths: Vec<usize> = (0..head.len()).map(widest).collect();
            let line = |row: &[String]| {
                let padded = row.iter().zip(&widths).map(|(cell, width)| left(cell, *width));
                padded.collect::<Vec<_>>().join(" ")
            };
            if headings {
                heading(process, title);
                process.stdout.line(&line(head));
                let rules: Vec<String> = widths.iter().map(|width| "=".repeat(*width)).collect();
                process.stdout.line(&rules.join(" "));
            }
            for row in rows {
                process.stdout.line(&line(row));
            }
        }
    }
}

fn heading(process: &Process, title: &str) {
    process.stdout.line("");
    process.stdout.line(title);
    process.stdout.line(&"-".repeat(cells(title)));
    process.stdout.line("");
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use crate::sim::windows::language::Language;

    #[test]
    fn who_and_where() {
        let trial = Trial::healthy();
        let computer = trial.world.lock().computer.clone();
        assert_eq!(trial.ok("hostname"), format!("{computer}\n"));
        let name = trial.ok("whoami");
        assert!(name.starts_with(&format!("{}\\", computer.to_lowercase())), "{name}");
        let user = trial.ok("whoami /user /fo csv /nh");
        assert!(user.starts_with(&format!("\"{}\",\"S-1-5-21-", name.trim_end())), "{user}");
        let table = trial.ok("whoami /user");
        assert!(table.starts_with("\nUSER INFORMATION\n----------------\n\nUser Name"), "{table}");
        assert_eq!(trial.run("whoami /nonsense").code, 1);
        assert_eq!(trial.run("hostname other").code, 1);
    }

    #[test]
    fn an_elevated_session_shows_its_label_in_every_language() {
        for language in Language::ALL {
            let groups = Trial::in_language(language).ok("whoami /groups /fo csv");
            assert!(groups.contains("\"S-1-16-12288\"") && groups.contains("\"S-1-5-32-544\""), "{groups}");
        }
    }
}
