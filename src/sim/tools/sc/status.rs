//! `sc query`, `queryex`, `enumdepend`, `start`, `stop`.

use super::super::Process;
use super::super::page::Page;
use super::{Failure, Outcome, ended, existing, required, unguarded};
use crate::sim::windows::World;
use crate::sim::windows::language::{Language, Text};
use crate::sim::windows::services::{Service, State};
use crate::sim::windows::win32::Win32;

/// `query` or `queryex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Plain,
    Extended,
}

const TYPE: Text = Text {
    en: "        TYPE               : ",
    ko: "        종류               : ",
    ja: "        TYPE               : ",
    de: "        TYPE               : ",
};
const STATE: Text = Text {
    en: "        STATE              : ",
    ko: "        상태               : ",
    ja: "        STATE              : ",
    de: "        STATE              : ",
};

const QUERY_USAGE: &str = "\
ERROR:  Option was not recognized.\r
\r
DESCRIPTION:\r
        Obtains and Displays information about the specified service.\r
USAGE:\r
        sc <server> query [service name] <option1> <option2>...\r
QUERY and QUERYEX OPTIONS:\r
        If the query command is followed by a service name, the status\r
        for that service is returned.  Further options do not apply in\r
        this case.  If the query command is followed by nothing or one of\r
        the options listed below, the services are enumerated.\r
    type=    Type of services to enumerate (driver, service, userservice, all)\r
             (default = service)\r
    state=   State of services to enumerate (inactive, all)\r
             (default = active)\r
    bufsize= The size (in bytes) of the enumeration buffer\r
             (default = 4096)\r
    ri=      The resume index number at which to begin the enumeration\r
             (default = 0)\r
    group=   Service group to enumerate\r
             (default = all groups)\r
";
const START_USAGE: &str = "\
DESCRIPTION:\r
        Starts a service running.\r
USAGE:\r
        sc <server> start [service name] <arg1> <arg2> ...\r
";
const STOP_USAGE: &str = "\
DESCRIPTION:\r
        Sends a STOP control request to a service.\r
USAGE:\r
        sc <server> stop [service name] <reason> <comment>\r
";
const DEPEND_USAGE: &str = "\
DESCRIPTION:\r
        Enumerates the Services that are dependent on this one\r
USAGE:\r
        sc <server> EnumDepend [service name] <bufsize>\r
";

/// Which services an enumeration shows.
#[derive(Debug, Clone, Copy)]
struct Filter {
    drivers: bool,
    services: bool,
    active: bool,
    inactive: bool,
}

pub(super) fn query(process: &Process, words: &[String], depth: Depth) -> Outcome {
    let call = "EnumQueryServicesStatus:OpenService";
    if let Some(name) = words.first().filter(|word| !word.ends_with('=') && !word.contains("= ")) {
        if name.contains('=') {
            return Outcome::Usage(QUERY_USAGE);
        }
        let world = process.world();
        let Some(service) = world.services.by_name(name) else {
            return Outcome::Failed(Failure(call, Win32::SERVICE_DOES_NOT_EXIST));
        };
        process.stdout.text(&format!("\r\nSERVICE_NAME: {} \r\n", service.name));
        process.stdout.text(&status(&world, service, depth));
        return Outcome::Printed;
    }
    let Some(filter) = filter(words) else { return Outcome::Usage(QUERY_USAGE) };
    let world = process.world();
    let mut out = String::new();
    for service in world.services.iter() {
        let kind = if service.is_driver() { filter.drivers } else { filter.services };
        let state = if service.is_active() { filter.active } else { filter.inactive };
        if kind && state {
            out.push_str(&entry(&world, service, depth));
        }
    }
    process.stdout.text(&out);
    Outcome::Printed
}

pub(super) fn dependents(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, DEPEND_USAGE)?, "EnumDependentServices:OpenService")?;
        let world = process.world();
        let names = world.services.all_dependents(&name);
        let mut out = format!("Enum: entriesRead  = {}\r\n", names.len());
        for service in names.iter().filter_map(|name| world.services.by_name(name)) {
            out.push_str(&entry(&world, service, Depth::Plain));
        }
        process.stdout.text(&out);
        Ok(Outcome::Printed)
    })())
}

pub(super) fn start(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let call = "StartService: OpenService";
        let name = existing(process, required(words, START_USAGE)?, call)?;
        unguarded(process, &name, call)?;
        let mut world = process.world();
        world.start_service(&name).map_err(|error| Outcome::Failed(Failure("StartService", error)))?;
        if let Some(service) = world.services.by_name(&name) {
            process.stdout.text(&format!("\r\nSERVICE_NAME: {} \r\n", service.name));
            process.stdout.text(&status(&world, service, Depth::Extended));
        }
        Ok(Outcome::Printed)
    })())
}

pub(super) fn stop(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, STOP_USAGE)?, "OpenService")?;
        unguarded(process, &name, "OpenService")?;
        let mut world = process.world();
        world.stop_service(&name).map_err(|error| Outcome::Failed(Failure("ControlService", error)))?;
        if let Some(service) = world.services.by_name(&name) {
            process.stdout.text(&format!("\r\nSERVICE_NAME: {} \r\n", service.name));
            process.stdout.text(&status(&world, service, Depth::Plain));
        }
        Ok(Outcome::Printed)
    })())
}

fn filter(words: &[String]) -> Option<Filter> {
    let mut filter = Filter { drivers: false, services: true, active: true, inactive: false };
    for pair in words.chunks(2) {
        let [option, value] = pair else { return None };
        match (option.to_lowercase().as_str(), value.to_lowercase().as_str()) {
            ("type=", "driver") => (filter.drivers, filter.services) = (true, false),
            ("type=", "service" | "own" | "share") => (filter.drivers, filter.services) = (false, true),
            ("type=", "all") => (filter.drivers, filter.services) = (true, true),
            ("state=", "inactive") => (filter.active, filter.inactive) = (false, true),
            ("state=", "all") => (filter.active, filter.inactive) = (true, true),
            ("state=", "active") | ("bufsize=" | "ri=" | "group=", _) => {}
            _ => return None,
        }
    }
    Some(filter)
}

fn entry(world: &World, service: &Service, depth: Depth) -> String {
    let display = world.display_name(&service.name);
    format!(
        "\r\nSERVICE_NAME: {}\r\nDISPLAY_NAME: {display}\r\n{}",
        service.name,
        status(world, service, depth)
    )
}

fn status(world: &World, service: &Service, depth: Depth) -> String {
    let language: Language = world.language;
    let (number, kind) = shown_type(world, service);
    let (state, word) = match service.state {
        State::Stopped => (1, "STOPPED"),
        State::StartPending => (2, "START_PENDING"),
        State::StopPending => (3, "STOP_PENDING"),
        State::Running => (4, "RUNNING"),
    };
    let wait = if service.state == State::StartPending { 0x7d0 } else { 0 };
    let mut page = Page::default();
    page.line(format_args!("{}{number:x}  {kind}  ", TYPE.in_language(language)));
    page.line(format_args!("{}{state}  {word} ", STATE.in_language(language)));
    if service.state != State::Stopped {
        page.line(format_args!("                                ({})", controls(service)));
    }
    page.line(format_args!("        WIN32_EXIT_CODE    : {0}  (0x{0:x})", service.exit));
    page.line("        SERVICE_EXIT_CODE  : 0  (0x0)");
    page.line("        CHECKPOINT         : 0x0");
    page.line(format_args!("        WAIT_HINT          : 0x{wait:x}"));
    if depth == Depth::Extended {
        page.line(format_args!("        PID                : {}", service.pid.unwrap_or(0)));
        page.line("        FLAGS              : ");
    }
    page.text().to_owned()
}

fn controls(service: &Service) -> String {
    let accepts = match service.state {
        State::Running | State::StopPending => service.accepts,
        State::StartPending | State::Stopped => crate::sim::windows::services::Accepts::default(),
    };
    let shutdown = match (accepts.preshutdown, accepts.shutdown) {
        (true, _) => "ACCEPTS_PRESHUTDOWN",
        (false, true) => "ACCEPTS_SHUTDOWN",
        (false, false) => "IGNORES_SHUTDOWN",
    };
    format!(
        "{}, {}, {shutdown}",
        if accepts.stop { "STOPPABLE" } else { "NOT_STOPPABLE" },
        if accepts.pause { "PAUSABLE" } else { "NOT_PAUSABLE" }
    )
}

/// A shared service that runs alone because hosts are split shows both bits.
fn shown_type(world: &World, service: &Service) -> (u32, &'static str) {
    let alone = service.kind == 0x20
        && service
            .pid
            .and_then(|pid| world.processes.by_pid(pid))
            .is_some_and(|process| process.command_line.to_ascii_lowercase().contains(" -s "));
    let kind = if alone { 0x30 } else { service.kind };
    (kind, type_name(kind))
}

/// The word for a service type.
pub(super) fn type_name(kind: u32) -> &'static str {
    match kind {
        0x1 => "KERNEL_DRIVER",
        0x2 => "FILE_SYSTEM_DRIVER",
        0x10 => "WIN32_OWN_PROCESS",
        0x20 => "WIN32_SHARE_PROCESS",
        0x30 => "WIN32",
        0x110 => "WIN32_OWN_PROCESS (interactive)",
        0x120 => "WIN32_SHARE_PROCESS (interactive)",
        _ => "ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};
    use crate::sim::windows::World;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    #[test]
    fn a_running_and_a_stopped_service() {
        let trial = Trial::healthy();
        assert_eq!(
            trial.ok("sc query termservice"),
            "\nSERVICE_NAME: TermService \n        TYPE               : 30  WIN32  \n        STATE              : 4  RUNNING \n\
             \x20                               (STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\n\
             \x20       WIN32_EXIT_CODE    : 0  (0x0)\n        SERVICE_EXIT_CODE  : 0  (0x0)\n\
             \x20       CHECKPOINT         : 0x0\n        WAIT_HINT          : 0x0\n"
        );
        assert_eq!(
            trial.ok("sc query wuauserv"),
            "\nSERVICE_NAME: wuauserv \n        TYPE               : 20  WIN32_SHARE_PROCESS  \n        STATE              : 1  STOPPED \n\
             \x20       WIN32_EXIT_CODE    : 1077  (0x435)\n        SERVICE_EXIT_CODE  : 0  (0x0)\n\
             \x20       CHECKPOINT         : 0x0\n        WAIT_HINT          : 0x0\n"
        );
        let pid = trial.world.lock().services.by_name("TermService").unwrap().pid.unwrap();
        assert!(
            trial
                .ok("sc queryex TermService")
                .contains(&format!("        PID                : {pid}\n        FLAGS              : \n"))
        );
    }

    #[test]
    fn stopping_and_starting_take_time() {
        let trial = Trial::healthy();
        let dependent = trial.run("sc stop TermService");
        assert_eq!(
            dependent,
            Answer::new(
                "[SC] ControlService FAILED 1051:\n\nA stop control has been sent to a service that other running services are dependent on.\n\n",
                "",
                1051
            )
        );
        assert!(trial.ok("sc stop UmRdpService").contains(": 3  STOP_PENDING \n"));
        assert_eq!(trial.run("sc start UmRdpService").code, 1056);
        trial.wait(2);
        assert!(
            trial
                .ok("sc query UmRdpService")
                .contains(": 1  STOPPED \n        WIN32_EXIT_CODE    : 0  (0x0)")
        );
        trial.ok("sc stop TermService");
        trial.wait(2);
        assert!(trial.world.lock().sockets.listener(3389).is_none());
        assert_eq!(trial.run("sc stop TermService").code, 1062);
        let started = trial.ok("sc start TermService");
        assert!(started.contains(": 2  START_PENDING \n                                (NOT_STOPPABLE, NOT_PAUSABLE, IGNORES_SHUTDOWN)\n"));
        assert!(started.contains("WAIT_HINT          : 0x7d0\n        PID                : "));
        assert!(trial.world.lock().sockets.listener(3389).is_none());
        trial.wait(2);
        assert!(trial.ok("sc query TermService").contains(": 4  RUNNING"));
        assert_eq!(trial.world.lock().rdp_works(), Ok(()));
    }

    #[test]
    fn what_cannot_be_started_or_stopped() {
        let trial = Trial::healthy();
        for (line, call, code) in [
            ("sc start TermService", "StartService", 1056),
            ("sc start SCardSvr", "StartService", 1058),
            ("sc stop wuauserv", "ControlService", 1062),
            ("sc stop Dnscache", "ControlService", 1052),
            ("sc stop Tcpip", "ControlService", 1052),
            ("sc start gpsvc", "StartService: OpenService", 5),
            ("sc stop MpsSvc", "OpenService", 5),
        ] {
            let answer = trial.run(line);
            assert_eq!(answer.code, code, "{line}");
            assert!(answer.out.starts_with(&format!("[SC] {call} FAILED {code}:\n\n")), "{line}");
        }
    }

    #[test]
    fn enumerations() {
        let trial = Trial::healthy();
        let active = trial.ok("sc query");
        assert!(active.contains("\nSERVICE_NAME: TermService\nDISPLAY_NAME: Remote Desktop Services\n"));
        assert!(!active.contains("wuauserv") && !active.contains("Tcpip"));
        let all = trial.ok("sc query type= all state= all");
        assert!(
            all.contains("SERVICE_NAME: wuauserv\n")
                && all.contains("        TYPE               : 1  KERNEL_DRIVER  \n")
        );
        assert!(trial.ok("sc query state= inactive").contains("wuauserv"));
        assert_eq!(trial.run("sc query state=all").code, 1639);
        let depend = trial.ok("sc enumdepend TermService");
        assert!(depend.starts_with("Enum: entriesRead  = 1\n\nSERVICE_NAME: UmRdpService\nDISPLAY_NAME: "));
    }

    #[test]
    fn shared_hosts_of_2016_and_korean_labels() {
        let trial = Trial::new(World::healthy(Os::Server2016, Language::KoKr));
        let out = trial.ok("sc query SessionEnv");
        assert!(out.contains("        종류               : 20  WIN32_SHARE_PROCESS  \n"));
        assert!(out.contains("        상태               : 4  RUNNING \n"));
    }
}
