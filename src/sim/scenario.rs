//! Scenarios: machines as data. Each is a YAML file that names what differs from the healthy machine.
//!
//! ```yaml
//! title: 'TLS is switched off for servers'
//! about: |
//!   A hardening script switched off every TLS version.
//! machine: {start: running}
//! world:
//!   - registry: {key: 'HKLM\…\TLS 1.2\Server', name: Enabled, dword: 0}
//! ```

use std::str::FromStr as _;

use serde::Deserialize;

use super::options::MachineOptions;
use super::windows::language::Language;
use super::windows::os::Os;
use super::windows::sid::Sid;
use super::windows::{World, baseline};

mod change;
mod overrides;

use change::Change;

/// The scenarios that ship, by name.
const EMBEDDED: &[(&str, &str)] = &[
    ("account-disabled", include_str!("scenarios/account-disabled.yaml")),
    ("account-locked", include_str!("scenarios/account-locked.yaml")),
    ("account-present", include_str!("scenarios/account-present.yaml")),
    ("all-causes", include_str!("scenarios/all-causes.yaml")),
    ("broker-drains", include_str!("scenarios/broker-drains.yaml")),
    ("crash-dump-off", include_str!("scenarios/crash-dump-off.yaml")),
    ("crowdstrike-guarded", include_str!("scenarios/crowdstrike-guarded.yaml")),
    ("crowdstrike-safe-mode", include_str!("scenarios/crowdstrike-safe-mode.yaml")),
    ("debugger-next", include_str!("scenarios/debugger-next.yaml")),
    ("dhcp-account", include_str!("scenarios/dhcp-account.yaml")),
    ("dhcp-disabled", include_str!("scenarios/dhcp-disabled.yaml")),
    ("disk-errors", include_str!("scenarios/disk-errors.yaml")),
    ("ems-off-next", include_str!("scenarios/ems-off-next.yaml")),
    ("event-trail", include_str!("scenarios/event-trail.yaml")),
    ("files-from-medium", include_str!("scenarios/files-from-medium.yaml")),
    ("files-missing", include_str!("scenarios/files-missing.yaml")),
    ("files-no-source", include_str!("scenarios/files-no-source.yaml")),
    ("files-store-damaged", include_str!("scenarios/files-store-damaged.yaml")),
    ("firewall-blocks-all", include_str!("scenarios/firewall-blocks-all.yaml")),
    ("firewall-domain-policy", include_str!("scenarios/firewall-domain-policy.yaml")),
    ("firewall-rule-blocks", include_str!("scenarios/firewall-rule-blocks.yaml")),
    ("firewall-rule-off", include_str!("scenarios/firewall-rule-off.yaml")),
    ("group-policy-held-off", include_str!("scenarios/group-policy-held-off.yaml")),
    ("group-policy-held-on", include_str!("scenarios/group-policy-held-on.yaml")),
    ("group-policy-paused", include_str!("scenarios/group-policy-paused.yaml")),
    ("healthy", include_str!("scenarios/healthy.yaml")),
    ("listener-missing", include_str!("scenarios/listener-missing.yaml")),
    ("machinekeys-missing", include_str!("scenarios/machinekeys-missing.yaml")),
    ("machinekeys-permissions", include_str!("scenarios/machinekeys-permissions.yaml")),
    ("neighbour-certificate", include_str!("scenarios/neighbour-certificate.yaml")),
    ("netlogon-dependency", include_str!("scenarios/netlogon-dependency.yaml")),
    ("netlogon-disabled", include_str!("scenarios/netlogon-disabled.yaml")),
    ("nic-disabled", include_str!("scenarios/nic-disabled.yaml")),
    ("nic-gone", include_str!("scenarios/nic-gone.yaml")),
    ("no-dhcp-server", include_str!("scenarios/no-dhcp-server.yaml")),
    ("no-domain-controller", include_str!("scenarios/no-domain-controller.yaml")),
    ("no-page-file", include_str!("scenarios/no-page-file.yaml")),
    ("nsi-disabled", include_str!("scenarios/nsi-disabled.yaml")),
    ("nsi-driver", include_str!("scenarios/nsi-driver.yaml")),
    ("rdp-authentication", include_str!("scenarios/rdp-authentication.yaml")),
    ("rdp-certificate-corrupt", include_str!("scenarios/rdp-certificate-corrupt.yaml")),
    ("rdp-certificate-expired", include_str!("scenarios/rdp-certificate-expired.yaml")),
    ("rdp-certificate-missing-unreadable", include_str!("scenarios/rdp-certificate-missing-unreadable.yaml")),
    ("rdp-certificate-orphaned", include_str!("scenarios/rdp-certificate-orphaned.yaml")),
    ("rdp-denied", include_str!("scenarios/rdp-denied.yaml")),
    ("rdp-denied-by-domain", include_str!("scenarios/rdp-denied-by-domain.yaml")),
    ("rdp-disconnects", include_str!("scenarios/rdp-disconnects.yaml")),
    ("rdp-drain-mode", include_str!("scenarios/rdp-drain-mode.yaml")),
    ("rdp-internal-error", include_str!("scenarios/rdp-internal-error.yaml")),
    ("rdp-logons-refused", include_str!("scenarios/rdp-logons-refused.yaml")),
    ("rdp-port-taken", include_str!("scenarios/rdp-port-taken.yaml")),
    ("rdp-port-taken-process", include_str!("scenarios/rdp-port-taken-process.yaml")),
    ("rdp-steady", include_str!("scenarios/rdp-steady.yaml")),
    ("rescue-boot-store", include_str!("scenarios/rescue-boot-store.yaml")),
    ("rescue-crowdstrike", include_str!("scenarios/rescue-crowdstrike.yaml")),
    ("rescue-disk-errors", include_str!("scenarios/rescue-disk-errors.yaml")),
    ("rescue-healthy-bios", include_str!("scenarios/rescue-healthy-bios.yaml")),
    ("rescue-healthy-uefi", include_str!("scenarios/rescue-healthy-uefi.yaml")),
    ("rescue-in-use", include_str!("scenarios/rescue-in-use.yaml")),
    ("rescue-internal-error", include_str!("scenarios/rescue-internal-error.yaml")),
    ("rescue-locked", include_str!("scenarios/rescue-locked.yaml")),
    ("rescue-locked-offline", include_str!("scenarios/rescue-locked-offline.yaml")),
    ("rescue-safe-mode", include_str!("scenarios/rescue-safe-mode.yaml")),
    ("rescue-serial-console", include_str!("scenarios/rescue-serial-console.yaml")),
    ("rescue-steady", include_str!("scenarios/rescue-steady.yaml")),
    ("rescue-updates", include_str!("scenarios/rescue-updates.yaml")),
    ("safe-mode", include_str!("scenarios/safe-mode.yaml")),
    ("safe-mode-directory", include_str!("scenarios/safe-mode-directory.yaml")),
    ("secure-channel-broken", include_str!("scenarios/secure-channel-broken.yaml")),
    ("sessionenv-disabled", include_str!("scenarios/sessionenv-disabled.yaml")),
    ("static-address", include_str!("scenarios/static-address.yaml")),
    ("static-address-no-dhcp", include_str!("scenarios/static-address-no-dhcp.yaml")),
    ("termservice-account", include_str!("scenarios/termservice-account.yaml")),
    ("termservice-disabled", include_str!("scenarios/termservice-disabled.yaml")),
    ("termservice-library-missing", include_str!("scenarios/termservice-library-missing.yaml")),
    ("termservice-stopped", include_str!("scenarios/termservice-stopped.yaml")),
    ("tls-12-disabled", include_str!("scenarios/tls-12-disabled.yaml")),
    ("tls-12-held-off", include_str!("scenarios/tls-12-held-off.yaml")),
    ("tls-disabled", include_str!("scenarios/tls-disabled.yaml")),
    ("tls-disabled-by-default", include_str!("scenarios/tls-disabled-by-default.yaml")),
    ("tls-domain-member", include_str!("scenarios/tls-domain-member.yaml")),
    ("tls-domain-policy", include_str!("scenarios/tls-domain-policy.yaml")),
    ("tls-domain-policy-unguarded", include_str!("scenarios/tls-domain-policy-unguarded.yaml")),
    ("updates-pending", include_str!("scenarios/updates-pending.yaml")),
];

/// A machine, ready to be switched on.
#[derive(Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// One line: what is wrong.
    pub title: String,
    /// How it came to be so, and what shows it.
    pub about: String,
    /// What can be chosen about the machine beside its Windows.
    pub machine: MachineOptions,
    /// Who may log on.
    pub account: Account,
    /// Windows, switched off. The machine boots it.
    pub world: World,
}

/// A user that may log on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// The logon name.
    pub user: String,
    /// The password. The machine is a simulation: nothing secret lives here.
    pub password: String,
}

/// Why a scenario cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No such name.
    #[error("there is no scenario `{name}`{}", did_you_mean(close))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names that are close to it.
        close: Vec<&'static str>,
    },
    /// The file is no scenario.
    #[error("scenario `{name}`: {reason}")]
    File {
        /// The scenario's name.
        name: String,
        /// What is wrong, with its place.
        reason: String,
    },
    /// A change in the file cannot be made.
    #[error("scenario `{name}`: change {number}: {reason}")]
    Change {
        /// The scenario's name.
        name: String,
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// An override that means nothing.
    #[error("`{key}={value}`: {reason}")]
    Override {
        /// The option.
        key: String,
        /// Its value.
        value: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    about: String,
    #[serde(default)]
    profile: Option<String>,
    #[serde(default)]
    lang: Option<String>,
    #[serde(default)]
    machine: MachineOptions,
    #[serde(default)]
    account: Account,
    #[serde(default)]
    world: Vec<Change>,
}

/// The names of all scenarios, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|(name, _)| *name)
}

impl Scenario {
    /// The scenario `name` with `overrides`: `profile` (2012R2, 2016, 2019, 2022, 2025), `lang` (en-US, ko-KR, ja-JP, de-DE), `account`
    /// (administrator, standard), and any
    /// option of the machine by its path, `session.timeout=30s`.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn load(name: &str, overrides: &[(String, String)]) -> Result<Self, ScenarioError> {
        let Some((name, text)) = EMBEDDED.iter().find(|(own, _)| *own == name) else {
            return Err(ScenarioError::Unknown { name: name.to_owned(), close: close_to(name) });
        };
        Self::parse(name, text, overrides)
    }

    /// A scenario from the text of its file.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn parse(name: &str, text: &str, overrides: &[(String, String)]) -> Result<Self, ScenarioError> {
        let wrong = |reason: String| ScenarioError::File { name: name.to_owned(), reason };
        let file: File = serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let mut os = match file.profile.as_deref() {
            Some(year) => Os::from_year(year).ok_or_else(|| wrong(format!("`{year}` is no profile")))?,
            None => Os::default(),
        };
        let mut language = match file.lang.as_deref() {
            Some(tag) => Language::from_tag(tag).ok_or_else(|| wrong(format!("`{tag}` is no language")))?,
            None => Language::default(),
        };
        let mut machine = file.machine;
        let mut standard = false;
        for (key, value) in overrides {
            let bad = |reason: &str| ScenarioError::Override {
                key: key.clone(),
                value: value.clone(),
                reason: reason.to_owned(),
            };
            match key.as_str() {
                "profile" => {
                    os = Os::from_year(value).ok_or_else(|| bad(&format!("profiles are {}", Os::YEARS)))?;
                }
                "lang" => {
                    language = Language::from_tag(value)
                        .ok_or_else(|| bad("languages are en-US, ko-KR, ja-JP, de-DE"))?;
                }
                "account" => {
                    standard = match value.as_str() {
                        "administrator" => false,
                        "standard" => true,
                        _ => return Err(bad("accounts are administrator, standard")),
                    }
                }
                _ => machine = overrides::set(&machine, key, value).map_err(|reason| bad(&reason))?,
            }
        }
        let mut world = World::installed(os, language);
        rename_user(&mut world, &file.account);
        for (at, change) in file.world.iter().enumerate() {
            change.apply(&mut world).map_err(|reason| ScenarioError::Change {
                name: name.to_owned(),
                number: at + 1,
                reason,
            })?;
        }
        if standard {
            let groups = world.accounts.groups.iter_mut();
            for group in groups.filter(|group| group.sid == Sid::administrators()) {
                group.members.retain(|own| *own != file.account.user);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            title: file.title,
            about: file.about.trim().to_owned(),
            machine,
            account: file.account,
            world,
        })
    }
}

impl ScenarioError {
    /// A stable name for the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "scenario::unknown",
            Self::File { .. } => "scenario::file",
            Self::Change { .. } => "scenario::change",
            Self::Override { .. } => "scenario::override",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { .. } => "`sacpilot sim --list` tells what there is".to_owned(),
            Self::File { .. } | Self::Change { .. } => "see src/sim/scenarios for files that work".to_owned(),
            Self::Override { .. } => {
                "`profile`, `lang`, `account` and the options of the machine can be set; `sacpilot sim --options` lists them"
                    .to_owned()
            }
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self { user: baseline::USER.to_owned(), password: baseline::PASSWORD.to_owned() }
    }
}

fn rename_user(world: &mut World, account: &Account) {
    for user in &mut world.accounts.users {
        if user.name == baseline::USER {
            user.name.clone_from(&account.user);
            user.password.clone_from(&account.password);
        }
    }
    for group in &mut world.accounts.groups {
        for member in &mut group.members {
            if member == baseline::USER {
                member.clone_from(&account.user);
            }
        }
    }
}

fn did_you_mean(close: &[&str]) -> String {
    if close.is_empty() {
        return String::new();
    }
    let names: Vec<String> = close.iter().map(|name| format!("`{name}`")).collect();
    format!(", did you mean {}?", names.join(" or "))
}

/// Names that share a word with `name` or differ from it by a few letters, the closest first.
fn close_to(name: &str) -> Vec<&'static str> {
    let limit = name.chars().count() / 3;
    let mut close: Vec<(usize, &'static str)> = names()
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| {
            *distance <= limit || (name.len() > 2 && (known.contains(name) || name.contains(known)))
        })
        .collect();
    close.sort_unstable();
    close.into_iter().take(3).map(|(_, known)| known).collect()
}

/// Letters to insert, delete or replace between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.chars().enumerate() {
        let mut next = vec![row + 1];
        for (column, y) in b.iter().enumerate() {
            let replaced = last[column] + usize::from(x != *y);
            next.push(replaced.min(last[column + 1] + 1).min(next[column] + 1));
        }
        last = next;
    }
    last[b.len()]
}

/// A number, a boolean or `null` as YAML reads it, else text.
fn scalar(text: &str) -> serde_json::Value {
    serde_json::Value::from_str(text)
        .ok()
        .filter(|value| !value.is_array() && !value.is_object())
        .unwrap_or_else(|| serde_json::Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sim::options::{Span, Start};
    use crate::sim::windows::remote_desktop::Reason;

    fn with(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The machine a few minutes after its boot.
    fn running(name: &str, overrides: &[(&str, &str)]) -> World {
        let mut world = Scenario::load(name, &with(overrides)).unwrap().world;
        world.boot();
        world.advance(Duration::from_mins(4));
        world
    }

    #[test]
    fn the_list_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sim/scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".yaml", ""))
            .collect();
        files.sort();
        assert_eq!(files, names().collect::<Vec<_>>());
    }

    #[test]
    fn every_scenario_loads_in_every_version_and_language() {
        let machines = Os::ALL.map(|os| (os, Language::KoKr)).into_iter();
        let machines = machines.chain(Language::ALL.map(|language| (Os::Server2022, language)));
        for (os, language) in machines {
            for name in names() {
                let overrides = with(&[("profile", &os.year().replace(' ', "")), ("lang", language.tag())]);
                let scenario = Scenario::load(name, &overrides).unwrap();
                assert_eq!((scenario.world.os, scenario.world.language), (os, language));
                assert!(!scenario.title.is_empty() && !scenario.about.is_empty());
            }
        }
    }

    #[test]
    fn every_scenario_breaks_what_it_says() {
        type Check = fn(&[Reason]) -> bool;
        let whole: Check = |r| r.is_empty();
        let expected: &[(&str, Check)] = &[
            ("account-disabled", whole),
            ("account-locked", whole),
            ("account-present", whole),
            ("crowdstrike-guarded", whole),
            ("crowdstrike-safe-mode", |r| !r.is_empty()),
            ("disk-errors", whole),
            ("event-trail", whole),
            ("files-missing", |r| r.contains(&Reason::ServiceDown)),
            ("files-from-medium", whole),
            ("files-no-source", whole),
            ("files-store-damaged", |r| r.contains(&Reason::ServiceDown)),
            ("neighbour-certificate", whole),
            ("netlogon-dependency", whole),
            ("nsi-driver", |r| r.contains(&Reason::NetworkDown)),
            ("rescue-disk-errors", whole),
            ("rescue-in-use", whole),
            ("rescue-locked-offline", whole),
            ("rescue-updates", whole),
            ("safe-mode-directory", |r| !r.is_empty()),
            ("static-address-no-dhcp", whole),
            ("updates-pending", whole),
            ("dhcp-disabled", |r| matches!(r, [Reason::NetworkDown])),
            ("firewall-rule-off", |r| matches!(r, [Reason::Firewall { port: 3389 }])),
            ("machinekeys-permissions", |r| matches!(r, [Reason::Key(_)])),
            ("nic-disabled", |r| matches!(r, [Reason::NetworkDown])),
            ("rdp-certificate-corrupt", |r| matches!(r, [Reason::CertificateDamaged(_)])),
            ("rdp-certificate-expired", |r| matches!(r, [Reason::CertificateExpired(_)])),
            ("rdp-certificate-missing-unreadable", |r| matches!(r, [Reason::NoCertificate])),
            ("rdp-certificate-orphaned", |r| matches!(r, [Reason::Key(_)])),
            ("rdp-denied", |r| matches!(r, [Reason::Denied, Reason::NotListening { .. }])),
            ("rdp-internal-error", |r| {
                matches!(r, [Reason::CertificateExpired(_), Reason::Key(_), Reason::NoTls])
            }),
            ("rdp-port-taken", |r| matches!(r, [Reason::PortHeld { port: 3389, .. }])),
            ("rdp-port-taken-process", |r| matches!(r, [Reason::PortHeld { port: 3389, .. }])),
            ("sessionenv-disabled", |r| matches!(r, [Reason::NoCertificate])),
            ("termservice-disabled", |r| matches!(r, [Reason::ServiceDown, Reason::NotListening { .. }])),
            ("termservice-stopped", |r| matches!(r, [Reason::ServiceDown, Reason::NotListening { .. }])),
            ("tls-12-disabled", |r| r.is_empty()),
            ("tls-disabled", |r| matches!(r, [Reason::NoTls])),
            ("tls-disabled-by-default", |r| matches!(r, [Reason::NoTls])),
            ("tls-domain-member", |r| matches!(r, [Reason::NoTls])),
            ("tls-domain-policy", |r| matches!(r, [Reason::NoTls])),
            ("tls-domain-policy-unguarded", |r| matches!(r, [Reason::NoTls])),
            ("crash-dump-off", |r| r.is_empty()),
            ("firewall-domain-policy", |r| matches!(r, [Reason::Firewall { port: 3389 }])),
            ("firewall-rule-blocks", |r| matches!(r, [Reason::Firewall { port: 3389 }])),
            ("group-policy-paused", |r| r.is_empty()),
            ("no-dhcp-server", |r| matches!(r, [Reason::NetworkDown])),
            ("rdp-steady", |r| r.is_empty()),
            ("rescue-boot-store", |r| r.is_empty()),
            ("rescue-crowdstrike", |r| r.is_empty()),
            ("rescue-healthy-bios", |r| r.is_empty()),
            ("rescue-healthy-uefi", |r| r.is_empty()),
            ("rescue-internal-error", |r| r.is_empty()),
            ("rescue-locked", |r| r.is_empty()),
            ("rescue-safe-mode", |r| r.is_empty()),
            ("rescue-serial-console", |r| r.is_empty()),
            ("rescue-steady", |r| r.is_empty()),
            ("dhcp-account", |r| matches!(r, [Reason::NetworkDown])),
            ("ems-off-next", |r| r.is_empty()),
            ("firewall-blocks-all", |r| matches!(r, [Reason::Firewall { port: 3389 }])),
            ("netlogon-disabled", |r| r.is_empty()),
            ("no-domain-controller", |r| r.is_empty()),
            ("no-page-file", |r| r.is_empty()),
            ("nsi-disabled", |r| r.contains(&Reason::NetworkDown)),
            ("rdp-authentication", |r| matches!(r, [Reason::Encryption])),
            ("rdp-disconnects", |r| r.is_empty()),
            ("rdp-drain-mode", |r| matches!(r, [Reason::Draining])),
            ("rdp-logons-refused", |r| r.contains(&Reason::Draining)),
            ("safe-mode", |r| r.contains(&Reason::NetworkDown)),
            ("secure-channel-broken", |r| r.is_empty()),
            ("static-address", |r| matches!(r, [Reason::NetworkDown])),
            ("termservice-account", |r| matches!(r, [Reason::ServiceDown, Reason::NotListening { .. }])),
            ("termservice-library-missing", |r| {
                matches!(r, [Reason::ServiceDown, Reason::NotListening { .. }])
            }),
            ("all-causes", |r| r.len() >= 5),
            ("broker-drains", |r| matches!(r, [Reason::Draining])),
            ("debugger-next", |r| r.is_empty()),
            ("group-policy-held-off", |r| r.is_empty()),
            ("group-policy-held-on", |r| r.is_empty()),
            ("listener-missing", |r| matches!(r, [Reason::ListenerOff, Reason::NotListening { .. }])),
            ("machinekeys-missing", |r| matches!(r, [Reason::Key(_)])),
            ("nic-gone", |r| matches!(r, [Reason::NetworkDown])),
            ("rdp-denied-by-domain", |r| matches!(r, [Reason::Denied, Reason::NotListening { .. }])),
            ("tls-12-held-off", |r| r.is_empty()),
        ];
        assert_eq!(expected.len() + 1, EMBEDDED.len());
        for &(name, check) in expected {
            for year in ["2016", "2022"] {
                let reasons = running(name, &[("profile", year)]).rdp_works().err().unwrap_or_default();
                assert!(check(&reasons), "{name} {year}: {reasons:?}");
            }
        }
        assert_eq!(running("healthy", &[]).rdp_works(), Ok(()));
    }

    #[test]
    fn overrides_reach_the_machine() {
        let overrides = with(&[
            ("profile", "2016"),
            ("lang", "ko"),
            ("session.timeout", "30s"),
            ("start", "running"),
            ("sac.paging", "false"),
            ("cmd.first_number", "7"),
        ]);
        let scenario = Scenario::load("healthy", &overrides).unwrap();
        assert_eq!(scenario.machine.session.timeout, Some(Span::millis(30_000)));
        assert_eq!(scenario.machine.start, Start::Running);
        assert!(!scenario.machine.sac.paging);
        assert_eq!(scenario.machine.cmd.first_number, 7);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (name, overrides, message) in [
            (
                "rdp-internal-eror",
                with(&[]),
                "there is no scenario `rdp-internal-eror`, did you mean `rdp-internal-error`?",
            ),
            (
                "tls",
                with(&[]),
                "there is no scenario `tls`, did you mean `tls-disabled` or `tls-12-disabled` or `tls-12-held-off`?",
            ),
            ("quux", with(&[]), "there is no scenario `quux`"),
            (
                "healthy",
                with(&[("profile", "2003")]),
                "`profile=2003`: profiles are 2012R2, 2016, 2019, 2022, 2025",
            ),
            ("healthy", with(&[("lang", "fr")]), "`lang=fr`: languages are en-US, ko-KR, ja-JP, de-DE"),
            (
                "healthy",
                with(&[("sesion.timeout", "3s")]),
                "`sesion.timeout=3s`: the machine has no such option, did you mean `session.timeout`?",
            ),
        ] {
            let error = Scenario::load(name, &overrides).unwrap_err();
            let shown = error.to_string();
            assert!(shown.starts_with(message), "{shown}");
            assert!(!error.help().is_empty());
        }
        for (text, part) in [
            ("title: x\nabout: y\nworld:\n  - regitsry: {key: a}\n", "regitsry"),
            ("title: x\nabout: y\ncolour: red\n", "colour"),
            (
                "title: x\nabout: y\nworld:\n  - service: {name: nope, start: auto}\n",
                "change 1: there is no service `nope`",
            ),
            (
                "title: x\nabout: y\nworld:\n  - security: {path: 'C:\\nope', sddl: 'D:'}\n",
                "change 1: there is no `C:\\nope`",
            ),
        ] {
            let error = Scenario::parse("mine", text, &[]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_account_of_the_file_may_log_on() {
        let text = "title: x\nabout: y\naccount: {user: operator, password: Pa55}\n";
        let mut world = Scenario::parse("mine", text, &[]).unwrap().world;
        assert!(world.accounts.log_on("OPERATOR", "Pa55").is_ok());
        assert!(world.accounts.is_administrator("operator"));
    }
}
