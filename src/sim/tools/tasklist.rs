//! tasklist.exe.

use super::page::Page;
use super::tasks::Filter;
use super::width::{cells, left, right};
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::processes;
use crate::sim::windows::services::State;

const IMAGE: Text =
    Text { en: "Image Name", ko: "이미지 이름", ja: "イメージ名", de: "Abbildname" };
const SESSION_NAME: Text =
    Text { en: "Session Name", ko: "세션 이름", ja: "セッション名", de: "Sitzungsname" };
const SESSION: Text = Text { en: "Session#", ko: "세션#", ja: "セッション#", de: "Sitz.-Nr." };
const MEMORY: Text =
    Text { en: "Mem Usage", ko: "메모리 사용", ja: "メモリ使用量", de: "Speichernutzung" };
const SERVICES: Text = Text { en: "Services", ko: "서비스", ja: "サービス", de: "Dienste" };
const NONE: Text = Text { en: "N/A", ko: "해당 없음", ja: "N/A", de: "Nicht zutreffend" };
const NO_TASKS: Text = Text {
    en: "INFO: No tasks are running which match the specified criteria.",
    ko: "정보: 지정한 조건에 일치하는 작업이 실행되고 있지 않습니다.",
    ja: "情報: 指定された条件に一致するタスクは実行されていません。",
    de: "INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.",
};
const BAD_OPTION: Text = Text {
    en: "ERROR: Invalid argument/option - '{0}'.\r\nType \"TASKLIST /?\" for usage.",
    ko: "오류: 인수/옵션이 잘못되었습니다 - '{0}'.\r\n사용법을 보려면 \"TASKLIST /?\"를 입력하십시오.",
    ja: "エラー: 無効な引数またはオプションです - '{0}'。\r\n使用法を表示するには \"TASKLIST /?\" と入力してください。",
    de: "FEHLER: Ungültiges Argument/Option - \"{0}\".\r\nGeben Sie \"TASKLIST /?\" ein, um die Syntax anzuzeigen.",
};
const BAD_FILTER: Text = Text {
    en: "ERROR: The search filter cannot be recognized.",
    ko: "오류: 검색 필터를 인식할 수 없습니다.",
    ja: "エラー: 検索フィルターを認識できません。",
    de: "FEHLER: Der Suchfilter wurde nicht erkannt.",
};
const USAGE: &str = "\r
TASKLIST [/S system [/U username [/P [password]]]]\r
         [/M [module] | /SVC | /V] [/FI filter] [/FO format] [/NH]\r
\r
Description:\r
    This tool displays a list of currently running processes on\r
    either a local or remote machine.\r
";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Format {
    #[default]
    Table,
    List,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Columns {
    #[default]
    Usual,
    Services,
}

#[derive(Debug, Default)]
struct Request {
    filters: Vec<Filter>,
    format: Format,
    columns: Columns,
    no_header: bool,
}

/// `tasklist`.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let request = match parse(&process.args, language) {
        Ok(Some(request)) => request,
        Ok(None) => {
            process.stdout.text(USAGE);
            return 0;
        }
        Err(text) => {
            process.stderr.line(&text);
            return 1;
        }
    };
    let world = process.world();
    let found: Vec<&processes::Process> = world
        .processes
        .iter()
        .filter(|one| request.filters.iter().all(|filter| filter.fits(&world, one)))
        .collect();
    if found.is_empty() {
        process.stdout.line(NO_TASKS.in_language(language));
        return 0;
    }
    let rows: Vec<Vec<String>> = found.iter().map(|one| row(&world, one, request.columns)).collect();
    let heads = heads(request.columns, language);
    let page = match request.format {
        Format::Table => table(&heads, &rows, &request),
        Format::List => list(&heads, &rows),
        Format::Csv => csv(&heads, &rows, request.no_header),
    };
    process.stdout.text(page.text());
    0
}

fn parse(words: &[String], language: Language) -> Result<Option<Request>, String> {
    let mut request = Request::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let bad = || BAD_OPTION.fill(language, &[word]);
        match word {
            w if is_switch(w, "?") => return Ok(None),
            w if is_switch(w, "svc") => request.columns = Columns::Services,
            w if is_switch(w, "nh") => request.no_header = true,
            w if is_switch(w, "v") => {}
            w if is_switch(w, "fi") => {
                let text = words.next().ok_or_else(bad)?;
                let filter = Filter::parse(text);
                request.filters.push(filter.ok_or_else(|| BAD_FILTER.in_language(language).to_owned())?);
            }
            w if is_switch(w, "fo") => {
                request.format = match words.next().map(|format| format.to_lowercase()).as_deref() {
                    Some("table") => Format::Table,
                    Some("list") => Format::List,
                    Some("csv") => Format::Csv,
                    _ => return Err(bad()),
                };
            }
            _ => return Err(bad()),
        }
    }
    Ok(Some(request))
}

fn heads(columns: Columns, language: Language) -> Vec<&'static str> {
    let text = |text: &'static Text| text.in_language(language);
    match columns {
        Columns::Usual => vec![text(&IMAGE), "PID", text(&SESSION_NAME), text(&SESSION), text(&MEMORY)],
        Columns::Services => vec![text(&IMAGE), "PID", text(&SERVICES)],
    }
}

fn row(world: &World, process: &processes::Process, columns: Columns) -> Vec<String> {
    let first = [process.image.clone(), process.pid.to_string()];
    let rest = match columns {
        Columns::Usual => {
            let session = if process.session == 0 { "Services" } else { "Console" };
            let memory = format!("{} K", thousands(process.memory, world.language));
            vec![session.to_owned(), process.session.to_string(), memory]
        }
        Columns::Services => {
            let names: Vec<&str> = world
                .services
                .in_process(process.pid)
                .filter(|service| service.state != State::Stopped)
                .map(|service| service.name.as_str())
                .collect();
            let none = NONE.in_language(world.language);
            vec![if names.is_empty() { none.to_owned() } else { names.join(", ") }]
        }
    };
    first.into_iter().chain(rest).collect()
}

fn table(heads: &[&str], rows: &[Vec<String>], request: &Request) -> Page {
    let widths: &[usize] = match request.columns {
        Columns::Usual => &[25, 8, 16, 11, 12],
        Columns::Services => &[25, 8, 44],
    };
    let mut page = Page::default();
    let line = |cells: &[&str]| -> String {
        let shown: Vec<String> = cells
            .iter()
            .enumerate()
            .map(
                |(at, cell)| {
                    if matches!(at, 1 | 3 | 4) { right(cell, widths[at]) } else { left(cell, widths[at]) }
                },
            )
            .collect();
        shown.join(" ")
    };
    page.line("");
    if !request.no_header {
        page.line(line(heads));
        page.line(widths.iter().map(|width| "=".repeat(*width)).collect::<Vec<_>>().join(" "));
    }
    for row in rows {
        let mut parts = wrap(row.get(2).map_or("", String::as_str), widths[2]).into_iter();
        let mut cells: Vec<&str> = row.iter().map(String::as_str).collect();
        let third = parts.next().unwrap_or_default();
        cells[2] = &third;
        page.line(line(&cells));
        for part in parts {
            page.line(line(&["", "", &part]));
        }
    }
    page
}

/// Services in lines of at most `width` cells, broken after a comma.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let full = lines.last().is_some_and(|line| cells(line) + cells(word.trim_end()) > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines
}

fn list(heads: &[&str], rows: &[Vec<String>]) -> Page {
    let width = heads.iter().map(|head| cells(head)).max().unwrap_or(0) + 2;
    let mut page = Page::default();
    for row in rows {
        page.line("");
        for (head, cell) in heads.iter().zip(row) {
            page.line(format_args!("{}{cell}", left(&format!("{head}:"), width)));
        }
    }
    page
}

fn csv(heads: &[&str], rows: &[Vec<String>], no_header: bool) -> Page {
    let mut page = Page::default();
    let quoted =
        |cells: Vec<&str>| cells.into_iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",");
    if !no_header {
        page.line(quoted(heads.to_vec()));
    }
    for row in rows {
        // Services stand without blanks between them here.
        let cells: Vec<String> = row.iter().map(|cell| cell.replace(", ", ",")).collect();
        page.line(quoted(cells.iter().map(String::as_str).collect()));
    }
    page
}

fn thousands(number: u32, language: Language) -> String {
    let separator = if language == Language::DeDe { '.' } else { ',' };
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};
    use crate::sim::windows::World;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    #[test]
    fn layouts() {
        let trial = Trial::healthy();
        for (line, out) in [
            (
                r#"tasklist /fi "PID eq 4""#,
                "\nImage Name                     PID Session Name        Session#    Mem Usage\n\
                 ========================= ======== ================ =========== ============\n\
                 System                           4 Services                   0        144 K\n",
            ),
            (r#"tasklist /fi "PID eq 4" /fo csv /nh"#, "\"System\",\"4\",\"Services\",\"0\",\"144 K\"\n"),
            (
                r#"tasklist /fi "PID eq 88" /fo csv"#,
                "\"Image Name\",\"PID\",\"Session Name\",\"Session#\",\"Mem Usage\"\n\"Registry\",\"88\",\"Services\",\"0\",\"41,912 K\"\n",
            ),
            (
                r#"tasklist /fi "PID eq 4" /fo list"#,
                "\nImage Name:   System\nPID:          4\nSession Name: Services\nSession#:     0\nMem Usage:    144 K\n",
            ),
            (
                r#"tasklist /svc /fi "pid eq 4""#,
                "\nImage Name                     PID Services                                    \n\
                 ========================= ======== ============================================\n\
                 System                           4 N/A                                         \n",
            ),
        ] {
            assert_eq!(trial.run(line), Answer::new(out, "", 0), "{line}");
        }
    }

    #[test]
    fn services_of_a_shared_host_are_wrapped() {
        let trial = Trial::new(World::healthy(Os::Server2016, Language::EnUs));
        let out = trial.ok(r#"tasklist /svc /fi "SERVICES eq SessionEnv""#);
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[3].starts_with("svchost.exe              "));
        assert!(lines[4].starts_with("                                   "));
        assert!(lines.iter().skip(1).all(|line| line.len() == 25 + 1 + 8 + 1 + 44));
        let csv = trial.ok(r#"tasklist /svc /fo csv /nh /fi "services eq TermService""#);
        let pid = trial.world.lock().services.by_name("TermService").unwrap().pid.unwrap();
        assert_eq!(csv, format!("\"svchost.exe\",\"{pid}\",\"TermService\"\n"));
    }

    #[test]
    fn nothing_found_and_wrong_options() {
        let trial = Trial::healthy();
        let none = "INFO: No tasks are running which match the specified criteria.\n";
        assert_eq!(trial.run(r#"tasklist /fi "PID eq 99999""#), Answer::new(none, "", 0));
        assert_eq!(
            trial.run("tasklist /fi nonsense").err,
            "ERROR: The search filter cannot be recognized.\n"
        );
        assert_eq!(trial.run("tasklist /x").code, 1);
        let korean = Trial::in_language(Language::KoKr);
        assert!(
            korean.ok("tasklist").starts_with(
                "\n이미지 이름                    PID 세션 이름              세션#  메모리 사용\n"
            )
        );
    }
}
