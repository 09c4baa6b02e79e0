//! wevtutil.exe: `qe`, which reads events.

mod query;

use std::fmt::Write as _;

use query::Query;

use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::events::{AUDITING, Event, Level};
use crate::sim::windows::language::Text;
use crate::sim::windows::win32::Win32;

const FAILED: Text = Text {
    en: "Failed to read events. {0}",
    ko: "이벤트를 읽지 못했습니다. {0}",
    ja: "イベントを読み取れませんでした。{0}",
    de: "Fehler beim Lesen von Ereignissen. {0}",
};
const NO_CHANNEL: Text = Text {
    en: "The specified channel could not be found.",
    ko: "지정한 채널을 찾을 수 없습니다.",
    ja: "指定されたチャネルが見つかりませんでした。",
    de: "Der angegebene Kanal wurde nicht gefunden.",
};
const BAD_QUERY: Text = Text {
    en: "The specified query is invalid.",
    ko: "지정한 쿼리가 잘못되었습니다.",
    ja: "指定されたクエリは無効です。",
    de: "Die angegebene Abfrage ist ungültig.",
};
const INVALID_OPTION: Text = Text::same("Invalid option {0}. {1}");

/// ERROR_EVT_CHANNEL_NOT_FOUND.
const CHANNEL_NOT_FOUND: ExitCode = 15007;
/// ERROR_EVT_INVALID_QUERY.
const INVALID_QUERY: ExitCode = 15001;
/// ERROR_INVALID_PARAMETER.
const INVALID_PARAMETER: ExitCode = 87;

/// Logs that every machine has, whether or not something was written.
const LOGS: [&str; 4] = ["Application", "Security", "Setup", "System"];

#[derive(Default)]
struct Request {
    log: Option<String>,
    query: Option<String>,
    count: Option<usize>,
    newest_first: bool,
    text: bool,
}

/// `wevtutil`.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let verb = process.args.first().map(|verb| verb.to_ascii_lowercase());
    if !matches!(verb.as_deref(), Some("qe" | "query-events")) {
        let word = process.args.first().map_or("", String::as_str);
        process.stderr.line(&INVALID_OPTION.fill(language, &[word, &Win32(87).text(language)]));
        return INVALID_PARAMETER;
    }
    let request = match parse(&process.args[1..]) {
        Ok(request) => request,
        Err(word) => {
            process.stderr.line(&INVALID_OPTION.fill(language, &[&word, &Win32(87).text(language)]));
            return INVALID_PARAMETER;
        }
    };
    let world = process.world();
    let fail = |why: &Text, code| {
        process.stderr.line(&FAILED.fill(language, &[why.in_language(language)]));
        code
    };
    let log = request.log.unwrap_or_default();
    let known =
        LOGS.iter().any(|name| name.eq_ignore_ascii_case(&log)) || world.events.of(&log).next().is_some();
    if !known {
        return fail(&NO_CHANNEL, CHANNEL_NOT_FOUND);
    }
    let Some(query) = request.query.as_deref().map_or_else(|| Some(Query::everything()), Query::parse) else {
        return fail(&BAD_QUERY, INVALID_QUERY);
    };
    let now = world.wall_time();
    let mut found: Vec<&Event> = world.events.of(&log).filter(|event| query.selects(event, now)).collect();
    if request.newest_first {
        found.reverse();
    }
    found.truncate(request.count.unwrap_or(usize::MAX));
    for (index, event) in found.into_iter().enumerate() {
        process.stdout.line(&if request.text {
            as_text(index, event, &world)
        } else {
            as_xml(event, &world)
        });
    }
    0
}

fn parse(words: &[String]) -> Result<Request, String> {
    let mut request = Request::default();
    for word in words {
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        match name {
            n if is_switch(n, "c") || is_switch(n, "count") => {
                request.count = Some(value.parse().map_err(|_| word.clone())?);
            }
            n if is_switch(n, "rd") || is_switch(n, "reversedirection") => {
                request.newest_first = value.eq_ignore_ascii_case("true");
            }
            n if is_switch(n, "f") || is_switch(n, "format") => match value.to_ascii_lowercase().as_str() {
                "text" => request.text = true,
                "xml" | "renderedxml" => request.text = false,
                _ => return Err(word.clone()),
            },
            n if is_switch(n, "q") || is_switch(n, "query") => request.query = Some(value.to_owned()),
            _ if request.log.is_none() && !word.starts_with('/') => request.log = Some(word.clone()),
            _ => return Err(word.clone()),
        }
    }
    if request.log.is_none() { Err(String::new()) } else { Ok(request) }
}

fn as_text(index: usize, event: &Event, world: &World) -> String {
    let level = match event.level {
        Level::Critical => "Critical",
        Level::Error => "Error",
        Level::Warning => "Warning",
        Level::Information => "Information",
    };
    format!(
        "Event[{index}]:\r\n  Log Name: {}\r\n  Source: {}\r\n  Date: {}\r\n  Event ID: {}\r\n  Task: N/A\r\n  Level: {level}\r\n  \
         Opcode: N/A\r\n  Keyword: N/A\r\n  User: S-1-5-18\r\n  User Name: NT AUTHORITY\\SYSTEM\r\n  Computer: {}\r\n  \
         Description: \r\n{}\r\n",
        event.log,
        event.provider,
        event.time.strftime("%Y-%m-%dT%H:%M:%S.%3f"),
        event.id,
        world.computer,
        event.message,
    )
}

fn as_xml(event: &Event, world: &World) -> String {
    let names = names_of_data(event);
    let data = event.data.iter().enumerate().fold(String::new(), |mut xml, (at, text)| {
        let name = names.get(at).map(|name| format!(" Name='{name}'")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(xml, "<Data{name}>{}</Data>", escaped(text));
        xml
    });
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{}'/>\
         <EventID>{}</EventID><Version>0</Version><Level>{}</Level><Task>0</Task><Opcode>0</Opcode>\
         <Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{}'/><EventRecordID>{}</EventRecordID>\
         <Channel>{}</Channel><Computer>{}</Computer><Security UserID='S-1-5-18'/></System><EventData>{data}</EventData></Event>",
        escaped(&event.provider),
        event.id,
        event.level as u8,
        event.time.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"),
        event.record,
        event.log,
        world.computer,
    )
}

/// The names of an event's data; classic sources give them none.
fn names_of_data(event: &Event) -> &'static [&'static str] {
    match (event.provider.as_str(), event.id) {
        (AUDITING, 4720 | 4722 | 4725 | 4726 | 4740 | 4767) => &["TargetUserName", "TargetDomainName"],
        _ => &[],
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&apos;")
}

#[cfg(test)]
mod tests {
    use super::super::trial::Trial;
    use super::*;

    fn trial() -> Trial {
        let trial = Trial::healthy();
        let mut world = trial.world.lock();
        world.events.clear("System");
        world.record(
            "System",
            "Schannel",
            36870,
            Level::Error,
            &Text::same("key {0}"),
            &["0x8009030D".into()],
        );
        world.record("System", "Service Control Manager", 7036, Level::Information, &Text::same("up"), &[]);
        drop(world);
        trial
    }

    #[test]
    fn events_are_selected_and_shown() {
        let trial = trial();
        let ids = |line: &str| {
            let out = trial.ok(line);
            let ids: Vec<String> = out
                .match_indices("<EventID>")
                .map(|(at, _)| out[at + 9..].split('<').next().unwrap().to_owned())
                .collect();
            ids
        };
        assert_eq!(ids("wevtutil qe System"), ["36870", "7036"]);
        assert_eq!(ids("wevtutil qe System /rd:true /c:1"), ["7036"]);
        let query = r#"wevtutil qe System /c:1 "/q:*[System[Provider[@Name='Schannel'] and (EventID=36870 or EventID=36871) and TimeCreated[timediff(@SystemTime) <= 86400000]]]""#;
        assert_eq!(ids(query), ["36870"]);
        trial.wait(86_401);
        assert_eq!(ids(query), [""; 0]);
        let text = trial.ok("wevtutil qe System /f:text /q:Event[System[Level=2]]");
        assert!(
            text.starts_with("Event[0]:\n  Log Name: System\n  Source: Schannel\n")
                && text.contains("key 0x8009030D")
        );
    }

    #[test]
    fn what_cannot_be_read_has_its_code() {
        let trial = trial();
        assert_eq!(trial.run("wevtutil qe Nowhere").code, 15007);
        assert_eq!(trial.run("wevtutil qe System /q:*[System[").code, 15001);
        assert_eq!(trial.run("wevtutil qe System /zz").code, 87);
        assert_eq!(trial.run("wevtutil").code, 87);
    }
}
