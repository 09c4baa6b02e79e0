//! taskkill.exe.

use super::tasks::Filter;
use super::{Process, is_switch};
use crate::sim::cmd::ExitCode;
use crate::sim::windows::World;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::processes::Pid;
use crate::sim::windows::win32::Win32;

const ENDED: Text = Text {
    en: "SUCCESS: The process with PID {0} has been terminated.",
    ko: "성공: 프로세스(PID {0})가 종료되었습니다.",
    ja: "成功: PID {0} のプロセスは強制終了されました。",
    de: "ERFOLGREICH: Der Prozess mit PID {0} wurde beendet.",
};
const ENDED_IMAGE: Text = Text {
    en: "SUCCESS: The process \"{1}\" with PID {0} has been terminated.",
    ko: "성공: 프로세스 \"{1}\"(PID {0})이(가) 종료되었습니다.",
    ja: "成功: プロセス \"{1}\" (PID {0}) は強制終了されました。",
    de: "ERFOLGREICH: Der Prozess \"{1}\" mit PID {0} wurde beendet.",
};
const ENDED_CHILD: Text = Text {
    en: "SUCCESS: The process with PID {0} (child process of PID {1}) has been terminated.",
    ko: "성공: 프로세스(PID {0}(PID {1}의 자식 프로세스))가 종료되었습니다.",
    ja: "成功: PID {0} (PID {1} の子プロセス) のプロセスは強制終了されました。",
    de: "ERFOLGREICH: Der Prozess mit PID {0} (untergeordneter Prozess von PID {1}) wurde beendet.",
};
const NOT_FOUND: Text = Text {
    en: "ERROR: The process \"{0}\" not found.",
    ko: "오류: 프로세스 \"{0}\"을(를) 찾을 수 없습니다.",
    ja: "エラー: プロセス \"{0}\" が見つかりませんでした。",
    de: "FEHLER: Der Prozess \"{0}\" wurde nicht gefunden.",
};
const NOT_ENDED: Text = Text {
    en: "ERROR: The process with PID {0} could not be terminated.\r\nReason: {1}",
    ko: "오류: 프로세스(PID {0})를 종료할 수 없습니다.\r\n원인: {1}",
    ja: "エラー: PID {0} のプロセスを強制終了できませんでした。\r\n理由: {1}",
    de: "FEHLER: Der Prozess mit PID {0} konnte nicht beendet werden.\r\nUrsache: {1}",
};
const ONLY_BY_FORCE: Text = Text {
    en: "This process can only be terminated forcefully (with /F option).",
    ko: "이 프로세스는 강제로 종료(/F 옵션 사용)해야 합니다.",
    ja: "このプロセスは、/F オプションを使用して強制的に終了してください。",
    de: "Dieser Prozess kann nur zwangsweise (mit der Option /F) beendet werden.",
};
const NO_TASKS: Text = Text {
    en: "INFO: No tasks running with the specified criteria.",
    ko: "정보: 지정한 조건으로 실행되고 있는 작업이 없습니다.",
    ja: "情報: 指定された条件を使用して実行しているタスクはありません。",
    de: "INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.",
};
const SYNTAX: Text = Text {
    en: "ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.\r\nType \"TASKKILL /?\" for usage.",
    ko: "오류: 구문이 잘못되었습니다. /FI, /PID 또는 /IM이 지정되지 않았습니다.\r\n사용법을 보려면 \"TASKKILL /?\"를 입력하십시오.",
    ja: "エラー: 構文が間違っています。/FI、/PID、/IM のいずれも指定されていません。\r\n使用法を表示するには \"TASKKILL /?\" と入力してください。",
    de: "FEHLER: Ungültige Syntax. Weder /FI noch /PID noch /IM wurde angegeben.\r\nGeben Sie \"TASKKILL /?\" ein, um die Syntax anzuzeigen.",
};
const BAD_OPTION: Text =
    Text::same("ERROR: Invalid argument/option - '{0}'.\r\nType \"TASKKILL /?\" for usage.");

#[derive(Debug, Default)]
struct Request {
    pids: Vec<String>,
    images: Vec<String>,
    filters: Vec<Filter>,
    tree: bool,
    force: bool,
}

/// `taskkill`.
pub(super) fn run(process: &Process) -> ExitCode {
    let language = process.language();
    let request = match parse(&process.args, language) {
        Ok(request) => request,
        Err(text) => {
            process.stderr.line(&text);
            return 1;
        }
    };
    let mut world = process.world();
    let (targets, missing) = targets(&world, &request);
    let mut code = 0;
    for name in &missing {
        process.stderr.line(&NOT_FOUND.fill(language, &[name]));
        code = 128;
    }
    if targets.is_empty() && missing.is_empty() {
        process.stdout.line(NO_TASKS.in_language(language));
        return 0;
    }
    for (pid, image) in targets {
        let children = if request.tree { descendants(&world, pid) } else { Vec::new() };
        for one in children.into_iter().rev().chain([pid]) {
            if !end(process, &mut world, one, (pid, image.as_deref()), request.force) {
                code = code.max(1);
            }
        }
    }
    code
}

fn parse(words: &[String], language: Language) -> Result<Request, String> {
    let mut request = Request::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let bad = || BAD_OPTION.fill(language, &[word]);
        let mut value = || words.next().cloned().ok_or_else(bad);
        match word {
            w if is_switch(w, "pid") => request.pids.push(value()?),
            w if is_switch(w, "im") => request.images.push(value()?),
            w if is_switch(w, "fi") => request.filters.push(Filter::parse(&value()?).ok_or_else(bad)?),
            w if is_switch(w, "t") => request.tree = true,
            w if is_switch(w, "f") => request.force = true,
            _ => return Err(bad()),
        }
    }
    if request.pids.is_empty() && request.images.is_empty() && request.filters.is_empty() {
        return Err(SYNTAX.in_language(language).to_owned());
    }
    Ok(request)
}

/// Processes meant, with the image name when they were named by it; and names that nobody has.
fn targets(world: &World, request: &Request) -> (Vec<(Pid, Option<String>)>, Vec<String>) {
    let fits = |pid: Pid| {
        let one = world.processes.by_pid(pid);
        one.is_some_and(|one| request.filters.iter().all(|filter| filter.fits(world, one)))
    };
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for pid in &request.pids {
        match pid.parse::<Pid>().ok().filter(|pid| world.processes.by_pid(*pid).is_some()) {
            Some(pid) if fits(pid) => found.push((pid, None)),
            Some(_) => {}
            None => missing.push(pid.clone()),
        }
    }
    for image in &request.images {
        let front = image.strip_suffix('*').map(str::to_lowercase);
        let named: Vec<(Pid, String)> = world
            .processes
            .iter()
            .filter(|one| match &front {
                Some(front) => one.image.to_lowercase().starts_with(front),
                None => one.image.eq_ignore_ascii_case(image),
            })
            .map(|one| (one.pid, one.image.clone()))
            .collect();
        if named.is_empty() {
            missing.push(image.clone());
        }
        found.extend(named.into_iter().filter(|(pid, _)| fits(*pid)).map(|(pid, name)| (pid, Some(name))));
    }
    if request.pids.is_empty() && request.images.is_empty() {
        found.extend(
            world.processes.iter().filter(|one| fits(one.pid)).map(|one| (one.pid, Some(one.image.clone()))),
        );
    }
    (found, missing)
}

fn descendants(world: &World, pid: Pid) -> Vec<Pid> {
    let mut all: Vec<Pid> = Vec::new();
    let mut next = vec![pid];
    while let Some(parent) = next.pop() {
        let children: Vec<Pid> = world
            .processes
            .iter()
            .filter(|one| one.parent == parent && one.pid != parent && !all.contains(&one.pid))
            .map(|one| one.pid)
            .collect();
        all.extend(&children);
        next.extend(children);
    }
    all
}

fn end(process: &Process, world: &mut World, pid: Pid, of: (Pid, Option<&str>), force: bool) -> bool {
    let language = world.language;
    let number = pid.to_string();
    let Some(target) = world.processes.by_pid(pid) else { return true };
    let refusal = if target.critical {
        Some(Win32::ACCESS_DENIED.text(language))
    } else if !force && target.session == 0 {
        Some(ONLY_BY_FORCE.in_language(language).to_owned())
    } else {
        None
    };
    if let Some(refusal) = refusal {
        process.stderr.line(&NOT_ENDED.fill(language, &[&number, &refusal]));
        return false;
    }
    world.end_process(pid);
    let text = match of {
        (root, _) if root != pid => ENDED_CHILD.fill(language, &[&number, &root.to_string()]),
        (_, Some(image)) => ENDED_IMAGE.fill(language, &[&number, image]),
        (_, None) => ENDED.fill(language, &[&number]),
    };
    process.stdout.line(&text);
    true
}

#[cfg(test)]
mod tests {
    use super::super::trial::{Answer, Trial};

    #[test]
    fn a_service_process_is_ended_with_what_it_held() {
        let trial = Trial::healthy();
        let pid = trial.world.lock().services.by_name("TermService").unwrap().pid.unwrap();
        let refused = trial.run(&format!("taskkill /pid {pid}"));
        assert_eq!(refused.code, 1);
        assert!(
            refused
                .err
                .ends_with("Reason: This process can only be terminated forcefully (with /F option).\n")
        );
        let out = format!("SUCCESS: The process with PID {pid} has been terminated.\n");
        assert_eq!(trial.run(&format!("taskkill /pid {pid} /f")), Answer::new(&out, "", 0));
        assert!(trial.world.lock().sockets.listener(3389).is_none());
        assert!(trial.ok("sc query TermService").contains("1067"));
    }

    #[test]
    fn by_image_and_filter() {
        let trial = Trial::healthy();
        let pid = trial.world.lock().process_id("spoolsv.exe").unwrap();
        let out = format!("SUCCESS: The process \"spoolsv.exe\" with PID {pid} has been terminated.\n");
        assert_eq!(trial.run("taskkill /f /im SPOOLSV.EXE"), Answer::new(&out, "", 0));
        let none = "INFO: No tasks running with the specified criteria.\n";
        assert_eq!(trial.run(r#"taskkill /f /fi "IMAGENAME eq spoolsv.exe""#), Answer::new(none, "", 0));
    }

    #[test]
    fn what_cannot_be_ended() {
        let trial = Trial::healthy();
        for (line, err, code) in [
            ("taskkill /pid 99999 /f", "ERROR: The process \"99999\" not found.\n", 128),
            ("taskkill /im nope.exe", "ERROR: The process \"nope.exe\" not found.\n", 128),
            (
                "taskkill /f /pid 4",
                "ERROR: The process with PID 4 could not be terminated.\nReason: Access is denied.\n",
                1,
            ),
        ] {
            assert_eq!(trial.run(line), Answer::new("", err, code), "{line}");
        }
        assert_eq!(trial.run("taskkill /f").code, 1);
        assert_eq!(trial.run("taskkill /q").code, 1);
    }
}
