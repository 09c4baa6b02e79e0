//! Changing what the service control manager knows: `sc config`, `create`, `delete`.

use super::World;
use super::baseline::services::SERVICES;
use super::control::START_TYPE_CHANGED;
use super::events::Level;
use super::language::{Language, Text};
use super::registry::Data;
use super::services::StartType;
use super::win32::Win32;

/// What is to be changed; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// `type=`.
    pub kind: Option<u32>,
    /// `start=`; the second part says whether an automatic start is delayed.
    pub start: Option<(StartType, bool)>,
    /// `error=`, the registry's number.
    pub error_control: Option<u32>,
    /// `binPath=`.
    pub program: Option<String>,
    /// `group=`.
    pub group: Option<String>,
    /// `depend=`.
    pub depends: Option<Vec<String>>,
    /// `obj=`.
    pub account: Option<String>,
    /// `DisplayName=`.
    pub display: Option<String>,
}

/// Services that members of Administrators may neither reconfigure nor start or stop: their descriptors leave that to
/// SYSTEM and TrustedInstaller, which is why the service console shows them greyed out. `sc config` answers 5; their
/// registry keys can be written all the same.
const GUARDED: [&str; 11] = [
    "BFE",
    "BrokerInfrastructure",
    "DcomLaunch",
    "gpsvc",
    "LSM",
    "MpsSvc",
    "RpcEptMapper",
    "RpcSs",
    "Schedule",
    "SystemEventsBroker",
    "WinDefend",
];

const START_NAMES: [(StartType, Text); 3] = [
    (
        StartType::Auto,
        Text { en: "auto start", ko: "자동 시작", ja: "自動的な開始", de: "Automatisch starten" },
    ),
    (
        StartType::Demand,
        Text { en: "demand start", ko: "요청 시작", ja: "要求による開始", de: "Manuell starten" },
    ),
    (StartType::Disabled, Text { en: "disabled", ko: "사용 안 함", ja: "無効", de: "Deaktiviert" }),
];

impl World {
    /// Whether members of Administrators may only look at this service.
    pub fn is_guarded(&self, name: &str) -> bool {
        let is = |own: &str| own.eq_ignore_ascii_case(name);
        GUARDED.iter().any(|own| is(own)) && !self.unguarded.iter().any(|own| is(own))
    }

    /// Changes a service's configuration, in memory and in the registry.
    ///
    /// # Errors
    /// The code that ChangeServiceConfig returns.
    pub fn configure_service(&mut self, name: &str, change: &Change) -> Result<(), Win32> {
        let service = self.services.by_name(name).ok_or(Win32::SERVICE_DOES_NOT_EXIST)?;
        if service.deleted {
            return Err(Win32::SERVICE_MARKED_FOR_DELETE);
        }
        let name = service.name.clone();
        let before = service.start;
        self.check_change(&name, change)?;
        self.write_change(&name, change);
        let Some(service) = self.services.by_name_mut(&name) else { return Ok(()) };
        service.kind = change.kind.unwrap_or(service.kind);
        (service.start, service.delayed) = change.start.unwrap_or((service.start, service.delayed));
        if let Some(depends) = &change.depends {
            service.depends.clone_from(depends);
        }
        let after = service.start;
        if after != before {
            let inserts = [
                self.display_name(&name),
                start_name(before, self.language),
                start_name(after, self.language),
            ];
            self.manager_event(7040, Level::Information, &START_TYPE_CHANGED, &inserts);
        }
        Ok(())
    }

    /// Adds a service.
    ///
    /// # Errors
    /// The code that CreateService returns.
    pub fn create_service(&mut self, name: &str, change: &Change) -> Result<(), Win32> {
        if let Some(service) = self.services.by_name(name) {
            return Err(if service.deleted {
                Win32::SERVICE_MARKED_FOR_DELETE
            } else {
                Win32::SERVICE_EXISTS
            });
        }
        self.check_change(name, change)?;
        let mut whole = change.clone();
        whole.kind = whole.kind.or(Some(0x10));
        whole.start = whole.start.or(Some((StartType::Demand, false)));
        whole.error_control = whole.error_control.or(Some(1));
        whole.account = whole.account.or_else(|| Some("LocalSystem".to_owned()));
        whole.display = whole.display.or_else(|| Some(name.to_owned()));
        self.write_change(name, &whole);
        self.load_service(name);
        Ok(())
    }

    /// Deletes a service: at once when it is stopped, else as soon as it is.
    ///
    /// # Errors
    /// The code that DeleteService returns.
    pub fn delete_service(&mut self, name: &str) -> Result<(), Win32> {
        let service = self.services.by_name_mut(name).ok_or(Win32::SERVICE_DOES_NOT_EXIST)?;
        if service.deleted {
            return Err(Win32::SERVICE_MARKED_FOR_DELETE);
        }
        service.deleted = true;
        let name = service.name.clone();
        self.remove_deleted(&name);
        Ok(())
    }

    fn check_change(&self, name: &str, change: &Change) -> Result<(), Win32> {
        if let Some(account) = &change.account
            && self.accounts.service_account(account).is_none()
        {
            return Err(Win32::INVALID_SERVICE_ACCOUNT);
        }
        if let Some(depends) = &change.depends {
            let above = self.services.all_dependents(name);
            let is_circle = |need: &String| {
                need.eq_ignore_ascii_case(name) || above.iter().any(|other| other.eq_ignore_ascii_case(need))
            };
            if depends.iter().any(is_circle) {
                return Err(Win32::CIRCULAR_DEPENDENCY);
            }
        }
        if let Some((start, _)) = change.start {
            let kind = change.kind.or_else(|| self.services.by_name(name).map(|service| service.kind));
            if start <= StartType::System && kind.is_none_or(|kind| kind >= 0x10) {
                return Err(Win32::INVALID_PARAMETER);
            }
        }
        Ok(())
    }

    fn write_change(&mut self, name: &str, change: &Change) {
        let path = format!(r"{SERVICES}\{name}");
        let registry = &mut self.registry;
        if let Some(kind) = change.kind {
            registry.set(&path, "Type", Data::Dword(kind));
        }
        if let Some((start, delayed)) = change.start {
            registry.set(&path, "Start", Data::Dword(start as u32));
            if delayed {
                registry.set(&path, "DelayedAutostart", Data::Dword(1));
            } else {
                registry.remove_value(&path, "DelayedAutostart");
            }
        }
        if let Some(error_control) = change.error_control {
            registry.set(&path, "ErrorControl", Data::Dword(error_control));
        }
        if let Some(program) = &change.program {
            registry.set(&path, "ImagePath", Data::ExpandSz(program.clone()));
        }
        if let Some(group) = &change.group {
            registry.set(&path, "Group", Data::Sz(group.clone()));
        }
        if let Some(display) = &change.display {
            registry.set(&path, "DisplayName", Data::Sz(display.clone()));
        }
        if let Some(account) = &change.account {
            registry.set(&path, "ObjectName", Data::Sz(account.clone()));
        }
        match &change.depends {
            Some(depends) if depends.is_empty() => {
                registry.remove_value(&path, "DependOnService");
            }
            Some(depends) => registry.set(&path, "DependOnService", Data::MultiSz(depends.clone())),
            None => {}
        }
    }
}

fn start_name(start: StartType, language: Language) -> String {
    START_NAMES
        .iter()
        .find(|(own, _)| *own == start)
        .map_or_else(|| format!("{}", start as u32), |(_, text)| text.in_language(language).to_owned())
}
