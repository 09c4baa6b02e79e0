//! Starting and stopping services: what the service control manager does.

use std::time::Duration;

use super::baseline::services::{Entry, SERVICES};
use super::boot_store::Safe;
use super::events::Level;
use super::files::path::WinPath;
use super::language::Text;
use super::processes::{Pid, Start};
use super::registry::Data;
use super::services::{Accepts, Service, StartType, State};
use super::sockets::Protocol;
use super::win32::Win32;
use super::{World, resources};

/// How a start or stop that was asked for comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Pending for a while, as when a program asks.
    Usual,
    /// At once, as part of a boot or of starting what another service needs.
    AtOnce,
}

/// The services of Remote Desktop in the order in which they come up.
const REMOTE_DESKTOP: [&str; 3] = ["SessionEnv", "TermService", "UmRdpService"];

/// Host groups that are never split into one process per service.
const SHARED_GROUPS: [&str; 3] = ["DcomLaunch", "RPCSS", "LocalServiceNoNetworkFirewall"];

/// Services that Windows starts in safe mode, and those that it adds for safe mode with network (keys below
/// `Control\SafeBoot`, as far as this machine has the services; sacsvr is among them, so that the console works).
const SAFE: [&str; 17] = [
    "DcomLaunch",
    "PlugPlay",
    "Power",
    "LSM",
    "BrokerInfrastructure",
    "SystemEventsBroker",
    "RpcEptMapper",
    "RpcSs",
    "SamSs",
    "KeyIso",
    "EventLog",
    "ProfSvc",
    "UserManager",
    "CryptSvc",
    "Winmgmt",
    "sacsvr",
    "TrustedInstaller",
];
const SAFE_WITH_NETWORK: [&str; 11] = [
    "nsi",
    "Dhcp",
    "Dnscache",
    "NlaSvc",
    "netprofm",
    "BFE",
    "MpsSvc",
    "lmhosts",
    "LanmanWorkstation",
    "LanmanServer",
    "Netlogon",
];

/// Ports that services of Windows open: service, protocol, port.
const PORTS: [(&str, Protocol, u16); 12] = [
    ("RpcSs", Protocol::Tcp, 135),
    ("EventLog", Protocol::Tcp, 49_666),
    ("Schedule", Protocol::Tcp, 49_667),
    ("Spooler", Protocol::Tcp, 49_668),
    ("PolicyAgent", Protocol::Tcp, 49_670),
    ("SamSs", Protocol::Tcp, 49_664),
    ("W32Time", Protocol::Udp, 123),
    ("IKEEXT", Protocol::Udp, 500),
    ("IKEEXT", Protocol::Udp, 4500),
    ("Dnscache", Protocol::Udp, 5353),
    ("Dnscache", Protocol::Udp, 5355),
    ("iphlpsvc", Protocol::Udp, 52_311),
];

/// Ports that services open through the kernel, so that process 4 holds them.
const KERNEL_PORTS: [(&str, Protocol, u16); 3] =
    [("LanmanServer", Protocol::Tcp, 445), ("WinRM", Protocol::Tcp, 5985), ("WinRM", Protocol::Tcp, 47_001)];

const ENTERED_STATE: Text = Text {
    en: "The {0} service entered the {1} state.",
    ko: "{0} 서비스가 {1} 상태로 들어갔습니다.",
    ja: "{0} サービスは {1} 状態に移行しました。",
    de: "Dienst \"{0}\" befindet sich jetzt im Status \"{1}\".",
};
const STATE_RUNNING: Text = Text { en: "running", ko: "실행", ja: "実行中", de: "Wird ausgeführt" };
const STATE_STOPPED: Text = Text { en: "stopped", ko: "중지됨", ja: "停止", de: "Beendet" };
const CRASHED: Text = Text {
    en: "The {0} service terminated unexpectedly.  It has done this {1} time(s).",
    ko: "{0} 서비스가 예기치 않게 종료되었습니다. {1}번 발생했습니다.",
    ja: "{0} サービスは予期せぬ原因により終了しました。このサービスの強制終了は {1} 回目です。",
    de: "Dienst \"{0}\" wurde unerwartet beendet. Dies ist bereits {1} Mal passiert.",
};
const START_FAILED: Text = Text {
    en: "The {0} service failed to start due to the following error: \r\n{1}",
    ko: "다음 오류 때문에 {0} 서비스를 시작하지 못했습니다. \r\n{1}",
    ja: "{0} サービスを、次のエラーが原因で開始できませんでした: \r\n{1}",
    de: "Der Dienst \"{0}\" wurde aufgrund folgenden Fehlers nicht gestartet: \r\n{1}",
};
const DEPENDENCY_FAILED: Text = Text {
    en: "The {0} service depends on the {1} service which failed to start because of the following error: \r\n{2}",
    ko: "{0} 서비스는 다음 오류 때문에 시작하지 못한 {1} 서비스에 종속됩니다. \r\n{2}",
    ja: "{0} サービスは、次のエラーが原因で開始できなかった {1} サービスに依存しています: \r\n{2}",
    de: "Der Dienst \"{0}\" ist vom Dienst \"{1}\" abhängig, der aufgrund folgenden Fehlers nicht gestartet wurde: \r\n{2}",
};
/// Event 7040.
pub(super) const START_TYPE_CHANGED: Text = Text {
    en: "The start type of the {0} service was changed from {1} to {2}.",
    ko: "{0} 서비스의 시작 유형이 {1}에서 {2}(으)로 변경되었습니다.",
    ja: "{0} サービスの開始の種類は {1} から {2} に変更されました。",
    de: "Der Starttyp des Dienstes \"{0}\" wurde von {1} in {2} geändert.",
};

impl World {
    /// Asks the service control manager to start a service. It is pending for a while.
    ///
    /// # Errors
    /// The code that StartService returns.
    pub fn start_service(&mut self, name: &str) -> Result<(), Win32> {
        self.start(name, Pace::Usual)
    }

    /// Asks a service to stop. It is pending for a while.
    ///
    /// # Errors
    /// The code that ControlService returns.
    pub fn stop_service(&mut self, name: &str) -> Result<(), Win32> {
        let service = self.services.by_name(name).ok_or(Win32::SERVICE_DOES_NOT_EXIST)?;
        match service.state {
            State::Stopped => return Err(Win32::SERVICE_NOT_ACTIVE),
            State::StartPending | State::StopPending => return Err(Win32::SERVICE_CANNOT_ACCEPT_CTRL),
            State::Running => {}
        }
        if !service.accepts.stop {
            return Err(Win32::INVALID_SERVICE_CONTROL);
        }
        if self.services.dependents(name).any(Service::is_active) {
            return Err(Win32::DEPENDENT_SERVICES_RUNNING);
        }
        let settles = self.now + Duration::from_millis(700);
        if let Some(service) = self.services.by_name_mut(name) {
            service.state = State::StopPending;
            service.settles = Some(settles);
            service.starts_at = None;
        }
        Ok(())
    }

    /// Stops a service without the wait.
    pub(super) fn stop_at_once(&mut self, name: &str) {
        if self.stop_service(name).is_ok() {
            self.settle(name);
        }
    }

    /// The name shown for a service, in the machine's language.
    pub fn display_name(&self, name: &str) -> String {
        let stored = self.registry.text(&format!(r"{SERVICES}\{name}"), "DisplayName").unwrap_or(name);
        resources::resolve(stored, self.os, self.language)
    }

    /// Ends a process as TerminateProcess does; its services are gone without being asked.
    pub fn end_process(&mut self, pid: Pid) -> bool {
        if self.processes.remove(pid).is_none() {
            return false;
        }
        self.sockets.close_of(pid);
        let names: Vec<String> = self.services.in_process(pid).map(|service| service.name.clone()).collect();
        for name in names {
            self.crashed(&name);
        }
        true
    }

    /// Reads all services from the registry, as at boot.
    pub(super) fn load_services(&mut self) {
        let names: Vec<String> = self
            .registry
            .key(SERVICES)
            .map(|key| key.keys().map(|key| key.name().to_owned()).collect())
            .unwrap_or_default();
        for name in names {
            self.load_service(&name);
        }
    }

    /// Reads one service from the registry.
    pub fn load_service(&mut self, name: &str) {
        let accepts = Entry::of(name).map_or_else(Accepts::usual, |entry| Accepts {
            stop: entry.accepts.contains('s'),
            pause: entry.accepts.contains('p'),
            shutdown: entry.accepts.contains('h'),
            preshutdown: entry.accepts.contains('r'),
        });
        if let Some(service) = Service::read(&self.registry, name, accepts) {
            self.services.put(service);
        }
    }

    /// Starts all services that start with the machine, in the order of a boot. Remote Desktop comes last, when
    /// policy was applied and everybody else has taken the ports he wants.
    pub(super) fn start_with_machine(&mut self) {
        let order = self.boot_order();
        for start in [StartType::Boot, StartType::System, StartType::Auto] {
            for name in &order {
                if self.services.by_name(name).is_some_and(|service| service.start == start) {
                    self.start_at_boot(name);
                }
            }
        }
        self.launch_at_boot();
        for name in &order {
            let by_system = Entry::of(name).is_some_and(|entry| entry.runs);
            if by_system
                && self.services.by_name(name).is_some_and(|service| service.start == StartType::Demand)
            {
                self.start_at_boot(name);
            }
        }
        self.read_tls();
        for name in REMOTE_DESKTOP {
            let wanted = |service: &Service| matches!(service.start, StartType::Auto | StartType::Demand);
            if self.services.by_name(name).is_some_and(wanted) {
                self.start_at_boot(name);
            }
        }
    }

    /// Everything but Remote Desktop: Windows' own services in their order, then those of others.
    fn boot_order(&self) -> Vec<String> {
        let is_remote_desktop = |name: &str| REMOTE_DESKTOP.iter().any(|own| own.eq_ignore_ascii_case(name));
        let own = super::baseline::services::catalog().map(|entry| entry.name.to_lowercase());
        let mut order: Vec<String> = own.filter(|name| !is_remote_desktop(name)).collect();
        let all = self.services.iter().map(|service| service.name.to_lowercase());
        let others: Vec<String> =
            all.filter(|name| !order.contains(name) && !is_remote_desktop(name)).collect();
        order.extend(others);
        order
    }

    /// Whether a service may run in the mode in which Windows was started. Drivers are not asked.
    fn runs_in_safe_mode(&self, name: &str) -> bool {
        let is_in = |list: &[&str]| list.iter().any(|own| own.eq_ignore_ascii_case(name));
        let is_driver = self.services.by_name(name).is_some_and(Service::is_driver);
        is_driver
            || match self.safe {
                Safe::No => true,
                Safe::Minimal => is_in(&SAFE),
                Safe::Network => is_in(&SAFE) || is_in(&SAFE_WITH_NETWORK),
            }
    }

    fn start_at_boot(&mut self, name: &str) {
        if !self.runs_in_safe_mode(name) {
            return;
        }
        let Some(service) = self.services.by_name_mut(name) else { return };
        if service.is_active() {
            return;
        }
        if service.delayed && service.start == StartType::Auto {
            // The service control manager waits two minutes after the last of the others.
            service.starts_at = Some(self.now + Duration::from_mins(2));
            return;
        }
        self.start_or_log(name);
    }

    /// Does what is due at the current moment.
    pub(super) fn change_services(&mut self) {
        let now = self.now;
        let due = |when: Option<Duration>| when.is_some_and(|when| when <= now);
        let settled: Vec<String> = self
            .services
            .iter()
            .filter(|service| due(service.settles))
            .map(|service| service.name.clone())
            .collect();
        for name in settled {
            self.settle(&name);
        }
        let started: Vec<String> = self
            .services
            .iter()
            .filter(|service| due(service.starts_at))
            .map(|service| service.name.clone())
            .collect();
        for name in started {
            self.services.by_name_mut(&name).iter_mut().for_each(|service| service.starts_at = None);
            self.start_or_log(&name);
        }
    }

    fn start_or_log(&mut self, name: &str) {
        let needs = self.services.by_name(name).map(|service| service.depends.clone()).unwrap_or_default();
        let Err(error) = self.start(name, Pace::AtOnce) else { return };
        let display = self.display_name(name);
        let failed = needs.iter().find(|need| !self.services.is_running(need));
        match failed {
            Some(need) if error == Win32::SERVICE_DEPENDENCY_FAIL => {
                let cause = self.services.by_name(need).map_or(Win32::SERVICE_DOES_NOT_EXIST, |service| {
                    if service.start == StartType::Disabled {
                        Win32::SERVICE_DISABLED
                    } else {
                        Win32(service.exit)
                    }
                });
                let inserts = [display, self.display_name(need), cause.text(self.language)];
                self.manager_event(7001, Level::Error, &DEPENDENCY_FAILED, &inserts);
            }
            _ if error == Win32::SERVICE_ALREADY_RUNNING || error == Win32::SERVICE_DISABLED => {}
            _ => {
                let inserts = [display, error.text(self.language)];
                self.manager_event(7000, Level::Error, &START_FAILED, &inserts);
            }
        }
    }

    fn start(&mut self, name: &str, pace: Pace) -> Result<(), Win32> {
        let service = self.services.by_name(name).ok_or(Win32::SERVICE_DOES_NOT_EXIST)?;
        if service.deleted {
            return Err(Win32::SERVICE_MARKED_FOR_DELETE);
        }
        if service.is_active() {
            return Err(Win32::SERVICE_ALREADY_RUNNING);
        }
        if service.start == StartType::Disabled {
            return Err(Win32::SERVICE_DISABLED);
        }
        if !service.is_driver() && !self.runs_in_safe_mode(name) {
            return Err(Win32::NOT_SAFEBOOT_SERVICE);
        }
        let name = service.name.clone();
        let is_driver = service.is_driver();
        for need in service.depends.clone() {
            self.start_need(&need)?;
        }
        let result =
            if is_driver { Ok(None) } else { self.check_program(&name).map(|()| Some(self.host(&name))) };
        let pid = result.inspect_err(|error| {
            self.services.by_name_mut(&name).iter_mut().for_each(|service| service.exit = error.0);
        })?;
        let settles = self.now + start_time(&name);
        if let Some(service) = self.services.by_name_mut(&name) {
            service.state = State::StartPending;
            service.settles = Some(settles);
            service.starts_at = None;
            service.pid = pid;
            service.exit = 0;
        }
        if pace == Pace::AtOnce || is_driver {
            self.settle(&name);
        }
        Ok(())
    }

    fn start_need(&mut self, need: &str) -> Result<(), Win32> {
        let Some(service) = self.services.by_name(need) else {
            return Err(Win32::SERVICE_DEPENDENCY_DELETED);
        };
        match service.state {
            State::Running => Ok(()),
            State::StartPending => {
                self.settle(need);
                Ok(())
            }
            State::StopPending => Err(Win32::SERVICE_DEPENDENCY_FAIL),
            State::Stopped => self.start(need, Pace::AtOnce).map_err(|_| Win32::SERVICE_DEPENDENCY_FAIL),
        }
    }

    /// Account, program file and module of a service.
    fn check_program(&self, name: &str) -> Result<(), Win32> {
        let path = format!(r"{SERVICES}\{name}");
        let account = self.registry.text(&path, "ObjectName").unwrap_or("LocalSystem");
        if self.accounts.service_account(account).is_none() {
            return Err(Win32::SERVICE_LOGON_FAILED);
        }
        let program = WinPath::new(&self.program_of(name));
        if !self.files.is_file(&program) {
            return Err(Win32::FILE_NOT_FOUND);
        }
        match self.registry.text(&format!(r"{path}\Parameters"), "ServiceDll") {
            Some(dll) if !self.files.is_file(&WinPath::new(&expand(dll))) => Err(Win32(126)),
            _ => Ok(()),
        }
    }

    /// The program file in a service's command line, variables replaced.
    pub fn program_of(&self, name: &str) -> String {
        let image = self.registry.text(&format!(r"{SERVICES}\{name}"), "ImagePath").unwrap_or_default();
        program_file(&expand(image))
    }

    fn host(&mut self, name: &str) -> Pid {
        let path = format!(r"{SERVICES}\{name}");
        let image = expand(self.registry.text(&path, "ImagePath").unwrap_or_default());
        let program = program_file(&image);
        let file = program.rsplit('\\').next().unwrap_or(&program).to_owned();
        let is_shared = self.services.by_name(name).is_some_and(|service| service.kind & 0x20 != 0);
        if file.eq_ignore_ascii_case("lsass.exe")
            && let Some(pid) = self.process_id("lsass.exe")
        {
            return pid;
        }
        let group = image.split_whitespace().skip_while(|word| *word != "-k").nth(1).unwrap_or_default();
        let is_joined = !self.os.splits_service_hosts()
            || SHARED_GROUPS.iter().any(|shared| shared.eq_ignore_ascii_case(group));
        let mut command_line = image.clone();
        if is_shared && file.eq_ignore_ascii_case("svchost.exe") {
            let fellow = self.processes.iter().find(|process| {
                process.command_line.eq_ignore_ascii_case(&image)
                    && self.services.in_process(process.pid).any(|service| service.kind & 0x10 == 0)
            });
            match fellow {
                Some(fellow) if is_joined => return fellow.pid,
                None if is_joined => {}
                _ => command_line = format!("{image} -s {name}"),
            }
        }
        let account = self.registry.text(&path, "ObjectName").unwrap_or("LocalSystem").to_owned();
        let account = self.accounts.service_account(&account).unwrap_or_default();
        let parent = self.process_id("services.exe").unwrap_or(4);
        let at = self.now;
        self.processes.start(&Start {
            image: &file,
            command_line: &command_line,
            account: &account,
            session: 0,
            parent,
            memory: working_set(name),
            at,
        })
    }

    /// The end of a pending state.
    fn settle(&mut self, name: &str) {
        let Some(service) = self.services.by_name_mut(name) else { return };
        service.settles = None;
        let name = service.name.clone();
        match service.state {
            State::StartPending => {
                service.state = State::Running;
                let is_driver = service.is_driver();
                self.began(&name);
                if !is_driver {
                    let inserts =
                        [self.display_name(&name), STATE_RUNNING.in_language(self.language).to_owned()];
                    self.manager_event(7036, Level::Information, &ENTERED_STATE, &inserts);
                }
            }
            State::StopPending => {
                service.state = State::Stopped;
                service.exit = 0;
                let pid = service.pid.take();
                self.ended(&name, pid);
                let inserts = [self.display_name(&name), STATE_STOPPED.in_language(self.language).to_owned()];
                self.manager_event(7036, Level::Information, &ENTERED_STATE, &inserts);
            }
            State::Running | State::Stopped => {}
        }
    }

    /// What a service does once it runs.
    fn began(&mut self, name: &str) {
        let Some(pid) = self.services.by_name(name).map(|service| service.pid.unwrap_or(4)) else { return };
        for (service, protocol, port) in PORTS {
            if service.eq_ignore_ascii_case(name) {
                self.listen_on(protocol, port, pid, Some(name));
            }
        }
        for (service, protocol, port) in KERNEL_PORTS {
            if service.eq_ignore_ascii_case(name) {
                self.listen_on(protocol, port, 4, Some(name));
            }
        }
        match name.to_lowercase().as_str() {
            "termservice" => self.open_listener(),
            "sessionenv" => self.keep_certificate(),
            "gpsvc" => {
                self.apply_policy();
            }
            "dhcp" => self.network.renew_leases(),
            _ => {
                let program = self.program_of(name);
                self.open_ports_of(&program, pid, Some(name));
            }
        }
    }

    /// What remains to be done when a service has stopped.
    fn ended(&mut self, name: &str, pid: Option<Pid>) {
        self.sockets.close_of_service(name);
        if name.eq_ignore_ascii_case("TermService") {
            self.listener_stopped();
        }
        if let Some(pid) = pid
            && self.services.in_process(pid).next().is_none()
            && !self.processes.by_pid(pid).is_some_and(|process| process.critical)
        {
            self.processes.remove(pid);
            self.sockets.close_of(pid);
        }
        self.remove_deleted(name);
    }

    /// A service marked for deletion goes when it no longer runs.
    pub(super) fn remove_deleted(&mut self, name: &str) {
        if self.services.by_name(name).is_some_and(|service| service.deleted && !service.is_active()) {
            self.services.remove(name);
            self.registry.remove(&format!(r"{SERVICES}\{name}"));
        }
    }

    fn crashed(&mut self, name: &str) {
        let Some(service) = self.services.by_name_mut(name) else { return };
        service.state = State::Stopped;
        service.settles = None;
        service.pid = None;
        service.exit = Win32::PROCESS_ABORTED.0;
        service.crashes += 1;
        let crashes = service.crashes;
        let restart = self.restart_delay(name, crashes);
        if let Some(service) = self.services.by_name_mut(name) {
            service.starts_at = restart.map(|delay| self.now + delay);
        }
        let inserts = [self.display_name(name), crashes.to_string()];
        let id = if restart.is_some() { 7031 } else { 7034 };
        self.manager_event(id, Level::Error, &CRASHED, &inserts);
        self.ended(name, None);
    }

    /// After how long the recovery actions of a service restart it, on its `crashes`th unexpected end.
    fn restart_delay(&self, name: &str, crashes: u32) -> Option<Duration> {
        let Some(Data::Binary(actions)) =
            self.registry.value(&format!(r"{SERVICES}\{name}"), "FailureActions")
        else {
            return None;
        };
        let number = |at: usize| -> Option<u32> {
            Some(u32::from_le_bytes(actions.get(at..at + 4)?.try_into().ok()?))
        };
        let count = number(12)?;
        let index = crashes.min(count).checked_sub(1)? as usize;
        let at = number(16)? as usize + 8 * index;
        (number(at)? == 1).then_some(Duration::from_millis(u64::from(number(at + 4)?)))
    }

    /// An entry of the service control manager in the System log.
    pub(super) fn manager_event(&mut self, id: u32, level: Level, text: &Text, inserts: &[String]) {
        self.record("System", "Service Control Manager", id, level, text, inserts);
    }
}

/// The variables that stand in the registry's paths.
pub fn expand(path: &str) -> String {
    let mut text = path.to_owned();
    for (variable, value) in [
        ("%systemroot%", r"C:\Windows"),
        ("%windir%", r"C:\Windows"),
        ("%programdata%", r"C:\ProgramData"),
        ("%programfiles%", r"C:\Program Files"),
        ("%systemdrive%", "C:"),
    ] {
        while let Some(at) = text.to_ascii_lowercase().find(variable) {
            text.replace_range(at..at + variable.len(), value);
        }
    }
    text
}

/// The program in a command line: what stands in quotes, or everything up to `.exe`, or the first word.
fn program_file(command_line: &str) -> String {
    if let Some(rest) = command_line.strip_prefix('"') {
        return rest.split('"').next().unwrap_or(rest).to_owned();
    }
    let end = command_line
        .to_ascii_lowercase()
        .find(".exe")
        .map_or_else(|| command_line.find(' ').unwrap_or(command_line.len()), |at| at + 4);
    command_line[..end].to_owned()
}

/// invented: how long services take to start.
fn start_time(name: &str) -> Duration {
    match name.to_lowercase().as_str() {
        "termservice" => Duration::from_millis(1200),
        "sessionenv" => Duration::from_millis(600),
        _ => Duration::from_millis(400),
    }
}

/// invented: a working set that looks right and is always the same.
fn working_set(name: &str) -> u32 {
    let sum = name.bytes().fold(7u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    5_000 + sum % 18_000 / 4 * 4
}
