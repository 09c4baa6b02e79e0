//! `net start`, `net stop`.

use std::time::Duration;

use super::super::page::Page;
use super::super::{Process, is_switch};
use super::{Failure, completed};
use crate::sim::conhost::Interrupted;
use crate::sim::windows::World;
use crate::sim::windows::language::Text;
use crate::sim::windows::services::{Service, State};
use crate::sim::windows::win32::Win32;

const STARTED_LIST: Text = Text {
    en: "These Windows services are started:",
    ko: "다음 Windows 서비스를 시작합니다.",
    ja: "以下の Windows サービスが開始されています:",
    de: "Folgende Windows-Dienste sind gestartet:",
};
const STARTING: Text = Text {
    en: "The {0} service is starting.",
    ko: "{0} 서비스를 시작합니다.",
    ja: "{0} サービスを開始します.",
    de: "{0} wird gestartet.",
};
const STARTED: Text = Text {
    en: "The {0} service was started successfully.",
    ko: "{0} 서비스가 잘 시작되었습니다.",
    ja: "{0} サービスは正常に開始されました。",
    de: "{0} wurde erfolgreich gestartet.",
};
const NOT_STARTED: Text = Text {
    en: "The {0} service could not be started.",
    ko: "{0} 서비스를 시작할 수 없습니다.",
    ja: "{0} サービスを開始できませんでした。",
    de: "{0} konnte nicht gestartet werden.",
};
const STOPPING: Text = Text {
    en: "The {0} service is stopping.",
    ko: "{0} 서비스를 멈춥니다.",
    ja: "{0} サービスを停止中です.",
    de: "{0} wird beendet.",
};
const STOPPED: Text = Text {
    en: "The {0} service was stopped successfully.",
    ko: "{0} 서비스가 잘 멈추었습니다.",
    ja: "{0} サービスは正常に停止されました。",
    de: "{0} wurde erfolgreich beendet.",
};
const ALREADY: Text = Text {
    en: "The requested service has already been started.",
    ko: "요청한 서비스가 이미 시작되었습니다.",
    ja: "要求したサービスは既に開始されています。",
    de: "Der angeforderte Dienst wurde bereits gestartet.",
};
const NO_NAME: Text = Text {
    en: "The service name is invalid.",
    ko: "서비스 이름이 잘못되었습니다.",
    ja: "サービス名が無効です。",
    de: "Der Dienstname ist ungültig.",
};
const NOT_RUNNING: Text = Text {
    en: "The {0} service is not started.",
    ko: "{0} 서비스가 시작되지 않았습니다.",
    ja: "{0} サービスは開始されていません。",
    de: "{0} wurde nicht gestartet.",
};
const NOT_VALID: Text = Text {
    en: "The requested pause, continue, or stop is not valid for this service.",
    ko: "요청한 일시 중지, 계속 또는 중지가 이 서비스에 유효하지 않습니다.",
    ja: "要求された一時停止、再開、または停止は、このサービスでは無効です。",
    de: "Der Pausen-, Fortsetzungs- oder Beendigungsvorgang ist für diesen Dienst nicht gültig.",
};
const DEPENDENTS: Text = Text {
    en: "The following services are dependent on the {0} service.\r\nStopping the {0} service will also stop these services.",
    ko: "다음 서비스는 {0} 서비스에 종속됩니다.\r\n{0} 서비스를 멈추면 이 서비스도 멈춥니다.",
    ja: "以下のサービスは {0} サービスに依存しています。\r\n{0} サービスを停止すると、これらのサービスも停止されます。",
    de: "Folgende Dienste hängen vom Dienst {0} ab.\r\nDas Beenden des Dienstes {0} beendet auch diese Dienste.",
};
const GO_ON: Text = Text {
    en: "Do you want to continue this operation? (Y/N) [N]: ",
    ko: "이 작업을 계속하시겠습니까? (Y/N) [N]: ",
    ja: "この操作を続行しますか? (Y/N) [N]: ",
    de: "Möchten Sie diesen Vorgang fortsetzen? (J/N) [N]: ",
};
const STOP_USAGE: &str = "The syntax of this command is:\r\n\r\nNET STOP\r\nservice\r\n\r\n";

pub(super) async fn start(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let Some(name) = words.iter().find(|word| !is_switch(word, "y")) else {
        list(process);
        return Ok(Ok(()));
    };
    let started = {
        let mut world = process.world();
        let Some(name) = key_name(&world, name) else { return Ok(Err(no_name(&world))) };
        let result = if world.is_guarded(&name) && !world.services.is_running(&name) {
            Err(Win32::ACCESS_DENIED)
        } else {
            world.start_service(&name)
        };
        match result {
            Ok(()) => (name.clone(), world.display_name(&name), world.language),
            Err(Win32::SERVICE_ALREADY_RUNNING) => {
                return Ok(Err(Failure::Message(2182, ALREADY.in_language(world.language).to_owned())));
            }
            Err(error) => return Ok(Err(Failure::System(error))),
        }
    };
    let (name, display, language) = started;
    process.stdout.text(&STARTING.fill(language, &[&display]));
    wait(process, &name).await?;
    let runs = process.world().services.is_running(&name);
    let text = if runs { &STARTED } else { &NOT_STARTED };
    process.stdout.text(&format!("{}\r\n\r\n", text.fill(language, &[&display])));
    Ok(if runs { Ok(()) } else { Err(Failure::Said) })
}

pub(super) async fn stop(process: &Process, words: &[String]) -> Result<Result<(), Failure>, Interrupted> {
    let yes = words.iter().any(|word| is_switch(word, "y"));
    let Some(name) = words.iter().find(|word| !is_switch(word, "y") && !is_switch(word, "n")) else {
        return Ok(Err(Failure::Usage(STOP_USAGE)));
    };
    let (name, display, language, others) = {
        let world = process.world();
        let Some(name) = key_name(&world, name) else { return Ok(Err(no_name(&world))) };
        let display = world.display_name(&name);
        let Some(service) = world.services.by_name(&name) else { return Ok(Err(no_name(&world))) };
        if service.state == State::Stopped {
            let text = NOT_RUNNING.fill(world.language, &[&display]);
            return Ok(Err(Failure::Message(3521, text)));
        }
        if world.is_guarded(&name) {
            return Ok(Err(Failure::System(Win32::ACCESS_DENIED)));
        }
        if !service.accepts.stop {
            return Ok(Err(Failure::Message(2191, NOT_VALID.in_language(world.language).to_owned())));
        }
        let active = |name: &String| world.services.by_name(name).is_some_and(Service::is_active);
        let others: Vec<String> = world.services.all_dependents(&name).into_iter().filter(active).collect();
        (name, display, world.language, others)
    };
    if !others.is_empty() {
        let mut page = Page::default();
        page.line(DEPENDENTS.fill(language, &[&display]));
        page.line("");
        for other in &others {
            page.line(format_args!("   {}", process.world().display_name(other)));
        }
        page.line("");
        process.stdout.text(page.text());
        if !yes && !confirm(process).await? {
            return Ok(Err(Failure::Said));
        }
    }
    for one in others.iter().chain([&name]) {
        let asked = process.world().stop_service(one);
        if let Err(error) = asked {
            return Ok(Err(Failure::System(error)));
        }
        let display = process.world().display_name(one);
        process.stdout.text(&STOPPING.fill(language, &[&display]));
        wait(process, one).await?;
        process.stdout.text(&format!("{}\r\n\r\n", STOPPED.fill(language, &[&display])));
    }
    Ok(Ok(()))
}

fn list(process: &Process) {
    let world = process.world();
    let mut names: Vec<String> = world
        .services
        .iter()
        .filter(|service| service.state == State::Running && !service.is_driver())
        .map(|service| world.display_name(&service.name))
        .collect();
    names.sort_by_key(|name| name.to_lowercase());
    let mut page = Page::default();
    page.line(STARTED_LIST.in_language(world.language));
    page.line("");
    for name in names {
        page.line(format_args!("   {name}"));
    }
    page.line("");
    drop(world);
    process.stdout.text(page.text());
    completed(process);
}

/// The key name behind a key name or a display name.
fn key_name(world: &World, name: &str) -> Option<String> {
    if let Some(service) = world.services.by_name(name) {
        return Some(service.name.clone());
    }
    let wanted = name.to_lowercase();
    let mut services = world.services.iter();
    let found = services.find(|service| world.display_name(&service.name).to_lowercase() == wanted);
    found.map(|service| service.name.clone())
}

fn no_name(world: &World) -> Failure {
    Failure::Message(2185, NO_NAME.in_language(world.language).to_owned())
}

/// Waits until a service is no longer pending, with a dot every two and a half seconds.
async fn wait(process: &Process, name: &str) -> Result<(), Interrupted> {
    let mut looks = 0;
    loop {
        let pending = process.world().services.by_name(name).is_some_and(|service| service.settles.is_some());
        if !pending {
            break;
        }
        process.console.sleep(Duration::from_millis(250)).await?;
        looks += 1;
        if looks % 10 == 0 {
            process.stdout.text(".");
        }
    }
    process.stdout.text("\r\n");
    Ok(())
}

/// invented: at the end of the input the answer is the one in brackets.
async fn confirm(process: &Process) -> Result<bool, Interrupted> {
    let (yes, no) = process.yes_no();
    loop {
        process.stdout.text(GO_ON.in_language(process.language()));
        let Some(line) = process.stdin.line(process.page()).await? else {
            process.stdout.text("\r\n");
            return Ok(false);
        };
        match line.trim().to_lowercase() {
            line if line == yes => return Ok(true),
            line if line == no || line.is_empty() => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::language::Language;

    const STOP_BOTH: &str = "The following services are dependent on the Remote Desktop Services service.\n\
        Stopping the Remote Desktop Services service will also stop these services.\n\n   \
        Remote Desktop Services UserMode Port Redirector\n\n";

    #[test]
    fn a_service_is_stopped_with_those_that_need_it_and_started_again() {
        let trial = Trial::healthy();
        assert_eq!(
            trial.run("net stop TermService /y"),
            Answer::new(
                &format!(
                    "{STOP_BOTH}The Remote Desktop Services UserMode Port Redirector service is stopping.\n\
                     The Remote Desktop Services UserMode Port Redirector service was stopped successfully.\n\n\
                     The Remote Desktop Services service is stopping.\n\
                     The Remote Desktop Services service was stopped successfully.\n\n"
                ),
                "",
                0
            )
        );
        assert_eq!(
            trial.run(r#"net start "remote desktop services""#),
            Answer::new(
                "The Remote Desktop Services service is starting.\n\
                 The Remote Desktop Services service was started successfully.\n\n",
                "",
                0
            )
        );
        assert_eq!(trial.world.lock().rdp_works(), Ok(()));
    }

    #[test]
    fn dependents_are_asked_for() {
        let trial = Trial::healthy();
        let question = "Do you want to continue this operation? (Y/N) [N]: ";
        assert_eq!(
            trial.run("net stop TermService"),
            Answer::new(&format!("{STOP_BOTH}{question}\n"), "", 2)
        );
        assert_eq!(trial.answer("net stop TermService", "x\r\r").code, 2);
        assert!(trial.world.lock().services.is_running("TermService"));
        assert_eq!(trial.answer("net stop TermService", "y\r").code, 0);
    }

    #[test]
    fn what_fails() {
        let trial = Trial::healthy();
        for (line, err) in [
            (
                "net start nope",
                "The service name is invalid.\n\nMore help is available by typing NET HELPMSG 2185.\n\n",
            ),
            (
                "net start TermService",
                "The requested service has already been started.\n\nMore help is available by typing NET HELPMSG 2182.\n\n",
            ),
            (
                "net stop wuauserv",
                "The Windows Update service is not started.\n\nMore help is available by typing NET HELPMSG 3521.\n\n",
            ),
            (
                "net start SCardSvr",
                "System error 1058 has occurred.\n\nThe service cannot be started, either because it is disabled or because it has no enabled devices associated with it.\n\n",
            ),
            (
                "net stop Dnscache",
                "The requested pause, continue, or stop is not valid for this service.\n\nMore help is available by typing NET HELPMSG 2191.\n\n",
            ),
            ("net stop gpsvc", "System error 5 has occurred.\n\nAccess is denied.\n\n"),
        ] {
            assert_eq!(trial.run(line), Answer::new("", err, 2), "{line}");
        }
        assert_eq!(trial.run("net stop").code, 1);
        assert_eq!(trial.run("net frob").code, 1);
    }

    #[test]
    fn the_list_and_other_languages() {
        let list = Trial::healthy().ok("net start");
        assert!(list.starts_with(
            "These Windows services are started:\n\n   Background Tasks Infrastructure Service\n"
        ));
        assert!(list.ends_with("\n\nThe command completed successfully.\n\n"));
        let korean = Trial::in_language(Language::KoKr);
        let out = korean.ok("net stop SessionEnv");
        assert_eq!(
            out,
            "Remote Desktop Configuration 서비스를 멈춥니다.\nRemote Desktop Configuration 서비스가 잘 멈추었습니다.\n\n"
        );
    }
}
