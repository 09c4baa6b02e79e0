//! The rule of a network security group that lets Remote Desktop in on a port that it was moved to.

use hyper::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::arm::{Ask, Azure, version};
use super::error::AzureError;
use super::resource_id::ResourceId;
use super::vm_id::VmId;

/// Priorities that Azure takes.
const PRIORITIES: std::ops::RangeInclusive<u32> = 100..=4096;

/// What stands between the network and a port of a machine, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePlan {
    /// One for each security group on the way.
    pub groups: Vec<GroupPlan>,
}

/// What is to be done in one security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPlan {
    /// The group.
    pub group: ResourceId,
    /// What it says today.
    pub today: Today,
    /// The rule that is to be added, if one is needed.
    pub rule: Option<Rule>,
}

/// What a security group says about a port today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Today {
    /// A rule lets all of the wanted sources in.
    Allowed {
        /// Its name.
        by: String,
    },
    /// A rule keeps them out.
    Denied {
        /// Its name.
        by: String,
    },
    /// No rule of its own speaks of it: Azure's last rule keeps out what does not come from the virtual network.
    Default,
}

/// A security rule that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: ResourceId,
    /// Its priority; the lowest number is looked at first.
    pub priority: u32,
    /// The port.
    pub port: u16,
    /// Whom it lets in.
    pub source: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Interface {
    properties: InterfaceProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct InterfaceProperties {
    network_security_group: Option<Link>,
    ip_configurations: Vec<IpConfiguration>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IpConfiguration {
    properties: IpProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IpProperties {
    subnet: Option<Link>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subnet {
    properties: SubnetProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SubnetProperties {
    network_security_group: Option<Link>,
}

#[derive(Debug, Clone, Deserialize)]
struct Link {
    id: ResourceId,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Group {
    properties: GroupProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GroupProperties {
    security_rules: Vec<SecurityRule>,
}

/// A rule as it stands in a security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SecurityRule {
    name: String,
    properties: RuleProperties,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RuleProperties {
    priority: u32,
    direction: String,
    access: String,
    protocol: String,
    destination_port_range: Option<String>,
    destination_port_ranges: Vec<String>,
    source_address_prefix: Option<String>,
    source_address_prefixes: Vec<String>,
}

impl SecurityRule {
    /// Whether it speaks of TCP to `port` coming in.
    fn covers(&self, port: u16) -> bool {
        let rule = &self.properties;
        let ranges = rule.destination_port_range.iter().chain(&rule.destination_port_ranges);
        rule.direction.eq_ignore_ascii_case("Inbound")
            && (rule.protocol == "*" || rule.protocol.eq_ignore_ascii_case("Tcp"))
            && ranges.into_iter().any(|range| in_range(range, port))
    }

    fn sources(&self) -> impl Iterator<Item = &str> {
        let rule = &self.properties;
        rule.source_address_prefix.iter().chain(&rule.source_address_prefixes).map(String::as_str)
    }

    /// Whether it speaks of all that come from `source`.
    fn covers_source(&self, source: &str) -> bool {
        self.sources().any(|known| {
            matches!(known, "*" | "0.0.0.0/0")
                || known.eq_ignore_ascii_case("Any")
                || known.eq_ignore_ascii_case(source)
                || (known.eq_ignore_ascii_case("Internet") && source.contains(['.', ':']))
        })
    }
}

fn in_range(range: &str, port: u16) -> bool {
    match range.split_once('-') {
        _ if range == "*" => true,
        Some((from, to)) => match (from.trim().parse::<u16>(), to.trim().parse::<u16>()) {
            (Ok(from), Ok(to)) => (from..=to).contains(&port),
            _ => false,
        },
        None => range.trim().parse() == Ok(port),
    }
}

impl Azure {
    /// Looks at every security group between the network and `port` of `vm` and says what would let `source` in.
    /// Nothing is changed.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn plan_rule(&self, vm: &VmId, port: u16, source: &str) -> Result<RulePlan, AzureError> {
        let mut groups: Vec<ResourceId> = Vec::new();
        for interface in self.machine(vm).await?.properties.network_profile.network_interfaces {
            let what = "read the network interface";
            let id: ResourceId =
                interface.id.parse().map_err(|error: super::resource_id::NoResourceId| {
                    AzureError::Unexpected { what: what.to_owned(), reason: error.to_string() }
                })?;
            let interface: Interface = self.network(what, &id).await?;
            let mut found: Vec<ResourceId> =
                interface.properties.network_security_group.into_iter().map(|group| group.id).collect();
            for configuration in interface.properties.ip_configurations {
                if let Some(subnet) = configuration.properties.subnet {
                    let subnet: Subnet = self.network("read the subnet", &subnet.id).await?;
                    found.extend(subnet.properties.network_security_group.map(|group| group.id));
                }
            }
            for group in found {
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        let mut plans = Vec::new();
        for id in groups {
            let group: Group = self.network("read the network security group", &id).await?;
            plans.push(plan(id, &group.properties.security_rules, port, source));
        }
        Ok(RulePlan { groups: plans })
    }

    /// Adds the rule.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn add_rule(&self, rule: &Rule) -> Result<(), AzureError> {
        let body = json!({
            "properties": {
                "description": "Remote Desktop on a port that it was moved to, added by sacpilot",
                "priority": rule.priority,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "Tcp",
                "sourceAddressPrefix": rule.source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": rule.port.to_string(),
            },
        });
        let ask = Ask::new("add the security rule", Method::PUT, rule.id.path(), version::NETWORK);
        self.carry_out(rule.id.subscription(), &ask.body(body)).await.map(|_| ())
    }

    /// Takes back what [`Azure::add_rule`] added for `port` in every group between the network and `vm`. The ids of
    /// what was taken away.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn remove_rule(&self, vm: &VmId, port: u16) -> Result<Vec<ResourceId>, AzureError> {
        let mut removed = Vec::new();
        for group in self.plan_rule(vm, port, "*").await?.groups {
            let id = group.group.below("securityRules", &rule_name(port));
            let look = Ask::new("read the security rule", Method::GET, id.path(), version::NETWORK);
            if self.find::<serde_json::Value>(id.subscription(), &look).await?.is_some() {
                let ask = Ask::new("delete the security rule", Method::DELETE, id.path(), version::NETWORK);
                self.carry_out(id.subscription(), &ask).await?;
                removed.push(id);
            }
        }
        Ok(removed)
    }

    async fn network<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        id: &ResourceId,
    ) -> Result<T, AzureError> {
        let ask = Ask::new(what, Method::GET, id.path(), version::NETWORK);
        self.read(id.subscription(), &ask).await
    }
}

/// One name for each port, so that adding twice is adding once.
fn rule_name(port: u16) -> String {
    format!("sacpilot-allow-rdp-{port}")
}

fn plan(group: ResourceId, rules: &[SecurityRule], port: u16, source: &str) -> GroupPlan {
    let mut covering: Vec<&SecurityRule> = rules.iter().filter(|rule| rule.covers(port)).collect();
    covering.sort_by_key(|rule| rule.properties.priority);
    let allows = |rule: &SecurityRule| rule.properties.access.eq_ignore_ascii_case("Allow");
    // A denial of some of the sources is a denial; a permission counts if it is for all of them.
    let first = covering.iter().find(|rule| !allows(rule) || rule.covers_source(source));
    let today = match first {
        Some(rule) if allows(rule) => Today::Allowed { by: rule.name.clone() },
        Some(rule) => Today::Denied { by: rule.name.clone() },
        None => Today::Default,
    };
    let rule = match &today {
        Today::Allowed { .. } => None,
        Today::Denied { .. } | Today::Default => {
            let before = first.map_or(*PRIORITIES.end() + 1, |rule| rule.properties.priority);
            Some(Rule {
                id: group.below("securityRules", &rule_name(port)),
                priority: free_priority(rules, before),
                port,
                source: source.to_owned(),
            })
        }
    };
    GroupPlan { group, today, rule }
}

/// The highest free number below `before` (rules that come in use 300, 310, …, so most of them are free).
fn free_priority(rules: &[SecurityRule], before: u32) -> u32 {
    let taken = |priority: u32| {
        rules.iter().any(|rule| {
            rule.properties.priority == priority && rule.properties.direction.eq_ignore_ascii_case("Inbound")
        })
    };
    let preferred = before.min(1001);
    (*PRIORITIES.start()..preferred).rev().find(|priority| !taken(*priority)).unwrap_or(*PRIORITIES.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, priority: u32, access: &str, ports: &str, source: &str) -> SecurityRule {
        SecurityRule {
            name: name.to_owned(),
            properties: RuleProperties {
                priority,
                direction: "Inbound".to_owned(),
                access: access.to_owned(),
                protocol: "Tcp".to_owned(),
                destination_port_range: Some(ports.to_owned()),
                source_address_prefix: Some(source.to_owned()),
                ..RuleProperties::default()
            },
        }
    }

    #[test]
    fn what_a_group_says_and_what_is_to_be_added() {
        let group: ResourceId =
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"
                .parse()
                .unwrap();
        let plan = |rules: &[SecurityRule], source: &str| {
            let plan = plan(group.clone(), rules, 3390, source);
            (plan.today, plan.rule.map(|rule| rule.priority))
        };
        let by = |name: &str| name.to_owned();
        assert_eq!(plan(&[], "10.0.0.0/8"), (Today::Default, Some(1000)));
        assert_eq!(
            plan(&[rule("rdp", 300, "Allow", "3389", "*")], "*"),
            (Today::Default, Some(1000)),
            "the old port does not help"
        );
        assert_eq!(
            plan(&[rule("range", 300, "Allow", "3000-4000", "*")], "1.2.3.4"),
            (Today::Allowed { by: by("range") }, None)
        );
        let deny = rule("deny", 200, "Deny", "*", "*");
        assert_eq!(
            plan(&[rule("late", 300, "Allow", "3390", "*"), deny.clone()], "*"),
            (Today::Denied { by: by("deny") }, Some(199))
        );
        assert_eq!(
            plan(&[deny, rule("x", 199, "Allow", "80", "*")], "*"),
            (Today::Denied { by: by("deny") }, Some(198))
        );
        assert_eq!(
            plan(&[rule("other", 300, "Allow", "3390", "192.168.0.0/16")], "10.0.0.0/8"),
            (Today::Default, Some(1000)),
            "somebody else is let in"
        );
        let mut outbound = rule("out", 1000, "Allow", "*", "*");
        outbound.properties.direction = "Outbound".to_owned();
        assert_eq!(plan(&[outbound], "*"), (Today::Default, Some(1000)));
    }
}
