//! The firewall: rules and profiles, which live in the registry and nowhere else.
//!
//! A rule is one string value (`v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|…|`, MS-FASP 2.2.31) whose
//! name is the rule's internal name, `RemoteDesktop-UserMode-In-TCP`.

use super::World;
use super::registry::{Data, Registry};

/// Where the local firewall policy lives.
pub const POLICY: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy";
/// Where a domain's firewall policy lives.
pub const DOMAIN_POLICY: &str = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall";

/// One rule: its internal name and its fields in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name of the registry value.
    pub id: String,
    /// The version tag in front, `v2.30`.
    pub version: String,
    /// Fields in order; some, such as `LPort` and `Profile`, occur several times.
    pub fields: Vec<(String, String)>,
}

/// A network profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The computer reaches its domain.
    Domain,
    /// A private network; `StandardProfile` in the registry.
    Private,
    /// Everything else.
    Public,
}

impl Rule {
    /// Reads a rule; `None` when the text is none.
    pub fn parse(id: &str, text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let version = parts.next().filter(|version| version.starts_with('v'))?.to_owned();
        let fields = parts
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { id: id.to_owned(), version, fields })
    }

    /// The registry's form.
    pub fn to_text(&self) -> String {
        let fields = self.fields.iter().flat_map(|(name, value)| [name, "=", value, "|"]);
        [self.version.as_str(), "|"].into_iter().chain(fields).collect()
    }

    /// The first field with that name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All fields with that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Sets the fields with that name: the first keeps its place, further values follow it.
    pub fn set(&mut self, name: &str, values: &[String]) {
        let at = self.fields.iter().position(|(own, _)| own == name).unwrap_or_else(|| self.place_of(name));
        self.fields.retain(|(own, _)| own != name);
        for (offset, value) in values.iter().enumerate() {
            self.fields.insert(at + offset, (name.to_owned(), value.clone()));
        }
    }

    /// Whether it is switched on.
    pub fn is_active(&self) -> bool {
        self.field("Active").is_some_and(|active| active.eq_ignore_ascii_case("TRUE"))
    }

    /// Whether it lets traffic through.
    pub fn allows(&self) -> bool {
        self.field("Action").is_some_and(|action| action.eq_ignore_ascii_case("Allow"))
    }

    /// Whether it is about traffic that comes in.
    pub fn is_inbound(&self) -> bool {
        self.field("Dir").is_some_and(|dir| dir.eq_ignore_ascii_case("In"))
    }

    /// Whether it speaks of this inbound traffic.
    pub fn covers(&self, protocol: u8, port: u16, service: &str, profile: Profile) -> bool {
        let protocol_fits =
            self.field("Protocol").is_none_or(|own| own == "256" || own.parse() == Ok(protocol));
        let mut ports = self.fields.iter().filter(|(name, _)| name.starts_with("LPort")).peekable();
        let port_fits = ports.peek().is_none() || ports.any(|(_, own)| port_in(own, port));
        let service_fits =
            self.field("Svc").is_none_or(|own| own == "*" || own.eq_ignore_ascii_case(service));
        let program_fits = self.field("App").is_none_or(|own| {
            own.eq_ignore_ascii_case("System") || own.to_lowercase().ends_with("svchost.exe")
        });
        let mut profiles = self.all("Profile").peekable();
        let profile_fits =
            profiles.peek().is_none() || profiles.any(|own| own.eq_ignore_ascii_case(profile.in_rules()));
        let anyone = self.all("RA4").next().is_none() && self.all("RA42").next().is_none();
        self.is_active()
            && self.is_inbound()
            && protocol_fits
            && port_fits
            && service_fits
            && program_fits
            && profile_fits
            && (anyone || !self.allows())
    }

    /// Where Windows puts a field that was not there.
    fn place_of(&self, name: &str) -> usize {
        const ORDER: [&str; 16] = [
            "Action",
            "Active",
            "Dir",
            "Protocol",
            "Profile",
            "LPort",
            "LPort2_10",
            "RPort",
            "ICMP4",
            "LA4",
            "RA4",
            "App",
            "Svc",
            "Name",
            "Desc",
            "EmbedCtxt",
        ];
        let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        self.fields.iter().position(|(own, _)| rank(own) > rank(name)).unwrap_or(self.fields.len())
    }
}

impl Profile {
    /// All, in the order netsh shows them.
    pub const ALL: [Self; 3] = [Self::Domain, Self::Private, Self::Public];

    /// The registry key's name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Domain => "DomainProfile",
            Self::Private => "StandardProfile",
            Self::Public => "PublicProfile",
        }
    }

    /// The name inside rules and in netsh.
    pub fn in_rules(self) -> &'static str {
        match self {
            Self::Domain => "Domain",
            Self::Private => "Private",
            Self::Public => "Public",
        }
    }

    /// A setting of the profile: a domain's policy wins over the local one.
    pub fn setting(self, registry: &Registry, name: &str) -> Option<u32> {
        registry
            .dword(&format!(r"{DOMAIN_POLICY}\{}", self.key()), name)
            .or_else(|| registry.dword(&format!(r"{POLICY}\{}", self.key()), name))
    }
}

/// All rules in the order in which they were made.
pub fn rules(registry: &Registry) -> Vec<Rule> {
    let Some(key) = registry.key(&rules_key()) else { return Vec::new() };
    key.values().filter_map(|(id, data)| Rule::parse(id, data.text()?)).collect()
}

/// Writes a rule, new or changed.
pub fn write(registry: &mut Registry, rule: &Rule) {
    registry.set(&rules_key(), &rule.id, Data::Sz(rule.to_text()));
}

/// Removes a rule.
pub fn remove(registry: &mut Registry, id: &str) -> bool {
    registry.remove_value(&rules_key(), id)
}

/// The key that holds the rules.
pub fn rules_key() -> String {
    format!(r"{POLICY}\FirewallRules")
}

impl World {
    /// The profile that applies to the network now.
    pub fn network_profile(&self) -> Profile {
        if self.domain.as_ref().is_some_and(|domain| domain.reachable) {
            Profile::Domain
        } else {
            Profile::Public
        }
    }

    /// Whether inbound traffic for a service reaches it.
    pub fn firewall_admits(&self, protocol: u8, port: u16, service: &str) -> bool {
        let profile = self.network_profile();
        if profile.setting(&self.registry, "EnableFirewall") == Some(0) {
            return true;
        }
        let covering: Vec<Rule> = rules(&self.registry)
            .into_iter()
            .filter(|rule| rule.covers(protocol, port, service, profile))
            .collect();
        if covering.iter().any(|rule| !rule.allows()) {
            return false;
        }
        if profile.setting(&self.registry, "DefaultInboundAction") == Some(0) {
            return true;
        }
        profile.setting(&self.registry, "DoNotAllowExceptions") != Some(1) && !covering.is_empty()
    }
}

fn port_in(list: &str, port: u16) -> bool {
    list.split(',').any(|part| match part.split_once('-') {
        Some((low, high)) => {
            low.parse().is_ok_and(|low: u16| low <= port) && high.parse().is_ok_and(|high: u16| port <= high)
        }
        None => part.parse() == Ok(port),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    const TEXT: &str = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Public|LPort=3389|\
                        App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|";

    #[test]
    fn rules_are_read_and_written_alike() {
        let rule = Rule::parse("X", TEXT).unwrap();
        assert_eq!(rule.to_text(), TEXT);
        assert!(Rule::parse("X", "nonsense").is_none());
        assert!(Rule::parse("X", "v2.30|broken|").is_none());
    }

    #[test]
    fn fields_are_set_in_their_place() {
        let mut rule = Rule::parse("X", TEXT).unwrap();
        rule.set("Active", &["FALSE".to_owned()]);
        rule.set("LPort", &["3390".to_owned(), "3391".to_owned()]);
        rule.set("RA4", &["10.0.0.0/255.0.0.0".to_owned()]);
        assert_eq!(
            rule.to_text(),
            "v2.30|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Domain|Profile=Public|LPort=3390|LPort=3391|\
             RA4=10.0.0.0/255.0.0.0|App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|\
             Name=@FirewallAPI.dll,-28775|"
        );
    }

    #[test]
    fn what_a_rule_covers() {
        let rule = Rule::parse("X", TEXT).unwrap();
        for (protocol, port, service, profile, covered) in [
            (6, 3389, "TermService", Profile::Public, true),
            (17, 3389, "TermService", Profile::Public, false),
            (6, 3390, "TermService", Profile::Public, false),
            (6, 3389, "Spooler", Profile::Public, false),
            (6, 3389, "TermService", Profile::Private, false),
        ] {
            assert_eq!(rule.covers(protocol, port, service, profile), covered);
        }
        assert!(port_in("80,3380-3400", 3389) && !port_in("80,90-100", 3389));
    }

    #[test]
    fn profiles_decide_with_rules() {
        let mut world = World::healthy(Os::Server2022, Language::EnUs);
        assert!(world.firewall_admits(6, 3389, "TermService"));
        assert!(!world.firewall_admits(6, 3390, "TermService"));
        let public = format!(r"{POLICY}\PublicProfile");
        world.registry.set(&public, "DoNotAllowExceptions", Data::Dword(1));
        assert!(!world.firewall_admits(6, 3389, "TermService"));
        world.registry.set(&format!(r"{DOMAIN_POLICY}\PublicProfile"), "EnableFirewall", Data::Dword(0));
        assert!(world.firewall_admits(6, 3390, "TermService"));
    }
}
