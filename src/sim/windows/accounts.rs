//! Local accounts and groups, and the names of well-known identities.

use sha1::{Digest as _, Sha1};

use super::World;
use super::baseline::services::SERVICES;
use super::language::{Language, Text};
use super::sid::Sid;

/// A local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The logon name.
    pub name: String,
    /// The last part of the SID.
    pub rid: u32,
    /// The full name.
    pub full_name: String,
    /// The description.
    pub comment: String,
    /// The password. The machine is a simulation: nothing secret lives here.
    pub password: String,
    /// May log on.
    pub enabled: bool,
    /// Wrong passwords since the last right one.
    pub failures: u32,
}

/// A local group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name, in the machine's language.
    pub name: String,
    /// The SID.
    pub sid: Sid,
    /// The description.
    pub comment: String,
    /// Names of members.
    pub members: Vec<String>,
}

/// Why a logon was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonRefused {
    /// No such user, or a wrong password.
    WrongCredentials,
    /// The account is disabled.
    Disabled,
    /// Too many wrong passwords.
    LockedOut,
}

/// The account database.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// The three numbers in the SID of the machine, `S-1-5-21-a-b-c`.
    pub machine: [u32; 3],
    /// Wrong passwords after which an account is locked; 0: never.
    pub lockout_threshold: u32,
    /// Users.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
}

/// Well-known identities: SID, authority, name; a name alone where there is no authority.
const WELL_KNOWN: [(&str, Text, Text); 15] = [
    ("S-1-1-0", Text::same(""), Text { en: "Everyone", ko: "Everyone", ja: "Everyone", de: "Jeder" }),
    (
        "S-1-3-0",
        Text::same(""),
        Text { en: "CREATOR OWNER", ko: "CREATOR OWNER", ja: "CREATOR OWNER", de: "ERSTELLER-BESITZER" },
    ),
    (
        "S-1-3-1",
        Text::same(""),
        Text { en: "CREATOR GROUP", ko: "CREATOR GROUP", ja: "CREATOR GROUP", de: "ERSTELLERGRUPPE" },
    ),
    (
        "S-1-3-4",
        Text::same(""),
        Text { en: "OWNER RIGHTS", ko: "OWNER RIGHTS", ja: "OWNER RIGHTS", de: "EIGENTÜMERRECHTE" },
    ),
    ("S-1-5-2", AUTHORITY, Text { en: "NETWORK", ko: "NETWORK", ja: "NETWORK", de: "NETZWERK" }),
    (
        "S-1-5-4",
        AUTHORITY,
        Text { en: "INTERACTIVE", ko: "INTERACTIVE", ja: "INTERACTIVE", de: "INTERAKTIV" },
    ),
    ("S-1-5-6", AUTHORITY, Text { en: "SERVICE", ko: "SERVICE", ja: "SERVICE", de: "DIENST" }),
    (
        "S-1-5-11",
        AUTHORITY,
        Text {
            en: "Authenticated Users",
            ko: "Authenticated Users",
            ja: "Authenticated Users",
            de: "Authentifizierte Benutzer",
        },
    ),
    (
        "S-1-5-14",
        AUTHORITY,
        Text {
            en: "REMOTE INTERACTIVE LOGON",
            ko: "REMOTE INTERACTIVE LOGON",
            ja: "REMOTE INTERACTIVE LOGON",
            de: "INTERAKTIVE REMOTEANMELDUNG",
        },
    ),
    (
        "S-1-5-15",
        AUTHORITY,
        Text {
            en: "This Organization",
            ko: "This Organization",
            ja: "This Organization",
            de: "Diese Organisation",
        },
    ),
    ("S-1-5-18", AUTHORITY, Text::same("SYSTEM")),
    (
        "S-1-5-19",
        AUTHORITY,
        Text { en: "LOCAL SERVICE", ko: "LOCAL SERVICE", ja: "LOCAL SERVICE", de: "Lokaler Dienst" },
    ),
    (
        "S-1-5-20",
        AUTHORITY,
        Text { en: "NETWORK SERVICE", ko: "NETWORK SERVICE", ja: "NETWORK SERVICE", de: "Netzwerkdienst" },
    ),
    (
        "S-1-5-113",
        AUTHORITY,
        Text {
            en: "Local account", ko: "로컬 계정", ja: "ローカル アカウント", de: "Lokales Konto"
        },
    ),
    (
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
        Text::same("NT SERVICE"),
        Text::same("TrustedInstaller"),
    ),
];

const AUTHORITY: Text =
    Text { en: "NT AUTHORITY", ko: "NT AUTHORITY", ja: "NT AUTHORITY", de: "NT-AUTORITÄT" };
const BUILTIN: Text = Text { en: "BUILTIN", ko: "BUILTIN", ja: "BUILTIN", de: "VORDEFINIERT" };

impl Accounts {
    /// The user named `name`, in any case.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| same(&user.name, name))
    }

    /// The user named `name`, to be changed.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| same(&user.name, name))
    }

    /// The group named `name`, in any case.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| same(&group.name, name))
    }

    /// The group named `name`, to be changed.
    pub fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| same(&group.name, name))
    }

    /// The SID of a user.
    pub fn sid(&self, user: &User) -> Sid {
        Sid::account(self.machine, user.rid)
    }

    /// Whether too many wrong passwords have locked it.
    pub fn is_locked(&self, user: &User) -> bool {
        self.lockout_threshold > 0 && user.failures >= self.lockout_threshold
    }

    /// Whether that user belongs to Administrators.
    pub fn is_administrator(&self, name: &str) -> bool {
        self.groups
            .iter()
            .filter(|group| group.sid == Sid::administrators())
            .any(|group| group.members.iter().any(|member| same(member, name)))
    }

    /// A logon with a password; failures are counted.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn log_on(&mut self, name: &str, password: &str) -> Result<&User, LogonRefused> {
        let is_locked = self.user(name).is_some_and(|user| self.is_locked(user));
        let user = self.user_mut(name).ok_or(LogonRefused::WrongCredentials)?;
        if is_locked {
            return Err(LogonRefused::LockedOut);
        }
        if user.password != password {
            user.failures += 1;
            return Err(LogonRefused::WrongCredentials);
        }
        if !user.enabled {
            return Err(LogonRefused::Disabled);
        }
        user.failures = 0;
        Ok(user)
    }

    /// The account that a service's `ObjectName` means, in English and canonical; `None` when there is none.
    ///
    /// The service control manager knows the system accounts by these names in every language.
    pub fn service_account(&self, name: &str) -> Option<String> {
        let folded = name.to_lowercase();
        let bare = folded.rsplit('\\').next().unwrap_or(&folded);
        let known = match (folded.contains('\\'), bare) {
            (_, "localsystem") | (true, "system") => Some(r"NT AUTHORITY\SYSTEM"),
            (true, "networkservice" | "network service") => Some(r"NT AUTHORITY\NETWORK SERVICE"),
            (true, "localservice" | "local service") => Some(r"NT AUTHORITY\LOCAL SERVICE"),
            _ => None,
        };
        if let Some(known) = known {
            let authority = folded.split_once('\\').map_or("", |(authority, _)| authority);
            let right = authority == "nt authority"
                || (authority == "." || authority.is_empty()) && bare == "localsystem";
            return right.then(|| known.to_owned());
        }
        let user = name.strip_prefix(r".\")?;
        self.user(user).map(|user| format!(r".\{}", user.name))
    }
}

impl World {
    /// The name of an identity as tools show it, `NT AUTHORITY\SYSTEM`; `None` when nobody knows it.
    pub fn account_name(&self, sid: &Sid) -> Option<String> {
        let text = sid.to_string();
        if let Some((_, authority, name)) = WELL_KNOWN.iter().find(|(known, ..)| *known == text) {
            let authority = authority.in_language(self.language);
            let name = name.in_language(self.language);
            return Some(if authority.is_empty() { name.to_owned() } else { format!(r"{authority}\{name}") });
        }
        if let Some(group) = self.accounts.groups.iter().find(|group| group.sid == *sid) {
            let holder = if text.starts_with("S-1-5-32-") {
                BUILTIN.in_language(self.language).to_owned()
            } else {
                self.computer.clone()
            };
            return Some(format!(r"{holder}\{}", group.name));
        }
        if let Some(user) = self.accounts.users.iter().find(|user| self.accounts.sid(user) == *sid) {
            return Some(format!(r"{}\{}", self.computer, user.name));
        }
        if text.starts_with("S-1-5-80-") {
            let key = self.registry.key(SERVICES)?;
            let service = key.keys().find(|service| service_sid(service.name()) == *sid)?;
            return Some(format!(r"NT SERVICE\{}", service.name()));
        }
        None
    }

    /// The identity behind a name as the user writes it: with or without its authority, or a SID as `*S-1-…`.
    ///
    /// Names are those of the machine's language, as with LookupAccountName.
    pub fn sid_of(&self, name: &str) -> Option<Sid> {
        let name = name.trim();
        if let Some(sid) = name.strip_prefix('*') {
            return sid.parse().ok();
        }
        let (authority, bare) = match name.split_once('\\') {
            Some((authority, bare)) => (Some(authority), bare),
            None => (None, name),
        };
        let fits = |own: &str| authority.is_none_or(|given| same(given, own));
        let language = self.language;
        let known = WELL_KNOWN.iter().find(|(_, own, known)| {
            same(known.in_language(language), bare) && fits(own.in_language(language))
        });
        if let Some((sid, ..)) = known {
            return sid.parse().ok();
        }
        let local = |authority: &str| same(authority, &self.computer) || authority == ".";
        if let Some(group) = self.accounts.group(bare) {
            let builtin = group.sid.to_string().starts_with("S-1-5-32-");
            if (builtin && fits(BUILTIN.in_language(language))) || (!builtin && authority.is_none_or(local)) {
                return Some(group.sid.clone());
            }
        }
        if authority.is_none_or(local)
            && let Some(user) = self.accounts.user(bare)
        {
            return Some(self.accounts.sid(user));
        }
        if authority.is_some_and(|given| same(given, "NT SERVICE")) {
            let key = self.registry.key(SERVICES)?;
            return key
                .keys()
                .find(|service| same(service.name(), bare))
                .map(|service| service_sid(service.name()));
        }
        None
    }
}

/// The SID of a service: SHA-1 of its upper-case name in UTF-16 (MS-DTYP 2.4.2, `sc showsid`).
pub fn service_sid(name: &str) -> Sid {
    let wide: Vec<u8> = name.to_uppercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hash = Sha1::digest(&wide);
    let mut parts = vec![80];
    parts.extend(hash.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])));
    Sid::new(5, &parts)
}

/// The built-in groups with their names and descriptions.
pub(super) fn builtin_groups(language: Language, administrator: &str) -> Vec<Group> {
    BUILTIN_GROUPS
        .iter()
        .map(|(rid, name, comment)| Group {
            name: name.in_language(language).to_owned(),
            sid: Sid::new(5, &[32, *rid]),
            comment: (*comment).to_owned(),
            members: match rid {
                544 => vec![administrator.to_owned()],
                546 => vec!["Guest".to_owned()],
                _ => Vec::new(),
            },
        })
        .collect()
}

const BUILTIN_GROUPS: [(u32, Text, &str); 10] = [
    (
        544,
        Text { de: "Administratoren", ..Text::same("Administrators") },
        "Administrators have complete and unrestricted access to the computer/domain",
    ),
    (
        551,
        Text { de: "Sicherungs-Operatoren", ..Text::same("Backup Operators") },
        "Backup Operators can override security restrictions for the sole purpose of backing up or restoring files",
    ),
    (
        573,
        Text { de: "Ereignisprotokollleser", ..Text::same("Event Log Readers") },
        "Members of this group can read event logs from local machine",
    ),
    (
        546,
        Text { de: "Gäste", ..Text::same("Guests") },
        "Guests have the same access as members of the Users group by default, except for the Guest account which is further restricted",
    ),
    (
        556,
        Text { de: "Netzwerkkonfigurations-Operatoren", ..Text::same("Network Configuration Operators") },
        "Members in this group can have some administrative privileges to manage configuration of networking features",
    ),
    (
        558,
        Text { de: "Leistungsüberwachungsbenutzer", ..Text::same("Performance Monitor Users") },
        "Members of this group can access performance counter data locally and remotely",
    ),
    (
        547,
        Text { de: "Hauptbenutzer", ..Text::same("Power Users") },
        "Power Users are included for backwards compatibility and possess limited administrative powers",
    ),
    (
        555,
        Text { de: "Remotedesktopbenutzer", ..Text::same("Remote Desktop Users") },
        "Members in this group are granted the right to logon remotely",
    ),
    (
        580,
        Text { de: "Remoteverwaltungsbenutzer", ..Text::same("Remote Management Users") },
        "Members of this group can access WMI resources over management protocols (such as WS-Management via the Windows Remote Management service). This applies only to WMI namespaces that grant access to the user.",
    ),
    (
        545,
        Text { de: "Benutzer", ..Text::same("Users") },
        "Users are prevented from making accidental or intentional system-wide changes and can run most applications",
    ),
];

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::os::Os;

    #[test]
    fn a_service_sid_is_the_hash_of_its_name() {
        assert_eq!(
            service_sid("SessionEnv").to_string(),
            "S-1-5-80-4022436659-1090538466-1613889075-870485073-3428993833"
        );
        assert_eq!(service_sid("trustedinstaller"), Sid::trusted_installer());
    }

    #[test]
    fn names_are_those_of_the_language() {
        for (language, name) in [
            (Language::EnUs, r"NT AUTHORITY\NETWORK SERVICE"),
            (Language::KoKr, r"NT AUTHORITY\NETWORK SERVICE"),
            (Language::DeDe, r"NT-AUTORITÄT\Netzwerkdienst"),
        ] {
            let world = World::healthy(Os::Server2019, language);
            assert_eq!(world.account_name(&Sid::network_service()).as_deref(), Some(name));
            assert_eq!(world.sid_of(name), Some(Sid::network_service()));
        }
        let german = World::healthy(Os::Server2019, Language::DeDe);
        assert_eq!(german.sid_of(r"NT AUTHORITY\NETWORK SERVICE"), None);
        assert_eq!(german.sid_of("Administratoren"), Some(Sid::administrators()));
        assert_eq!(german.sid_of("*S-1-5-32-544"), Some(Sid::administrators()));
    }

    #[test]
    fn users_groups_and_services_have_names() {
        let world = World::healthy(Os::Server2019, Language::EnUs);
        for name in [r"VM01\azadmin", r"BUILTIN\Users", r"NT SERVICE\SessionEnv", "Everyone"] {
            let sid = world.sid_of(name).unwrap();
            assert_eq!(world.account_name(&sid).as_deref(), Some(name));
        }
        assert_eq!(world.sid_of("azadmin"), world.sid_of(r".\AZADMIN"));
        assert_eq!(world.sid_of("nobody"), None);
        assert_eq!(world.account_name(&Sid::new(5, &[21, 1, 2, 3, 4])), None);
    }

    #[test]
    fn service_accounts_are_known_by_their_english_names() {
        let world = World::healthy(Os::Server2019, Language::DeDe);
        for (name, meant) in [
            ("LocalSystem", Some(r"NT AUTHORITY\SYSTEM")),
            (r"NT Authority\NetworkService", Some(r"NT AUTHORITY\NETWORK SERVICE")),
            (r"nt authority\local service", Some(r"NT AUTHORITY\LOCAL SERVICE")),
            (r".\azadmin", Some(r".\azadmin")),
            (r".\nobody", None),
            ("NetworkService", None),
            (r"'NT Authority\NetworkService'", None),
        ] {
            assert_eq!(world.accounts.service_account(name).as_deref(), meant, "{name}");
        }
    }

    #[test]
    fn wrong_passwords_are_counted() {
        let mut world = World::healthy(Os::Server2019, Language::EnUs);
        world.accounts.lockout_threshold = 2;
        let password = world.accounts.user("azadmin").unwrap().password.clone();
        for _ in 0..2 {
            assert_eq!(world.accounts.log_on("azadmin", "no"), Err(LogonRefused::WrongCredentials));
        }
        assert_eq!(world.accounts.log_on("azadmin", &password), Err(LogonRefused::LockedOut));
    }
}
