//! The id of a resource, as the resource manager writes it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::web::percent;

/// `/subscriptions/…/resourceGroups/…/providers/NAMESPACE/KIND/NAME[/KIND/NAME…]`.
///
/// Azure's ids are equal whatever their case, and so are these.
#[derive(Debug, Clone, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(String);

/// A text is no resource id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no resource id")]
pub struct NoResourceId(String);

impl ResourceId {
    /// The subscription's id.
    pub fn subscription(&self) -> &str {
        self.part(2)
    }

    /// The resource group.
    pub fn group(&self) -> &str {
        self.part(4)
    }

    /// The name of the resource itself.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// `Microsoft.Compute/disks`.
    pub fn kind(&self) -> String {
        let parts: Vec<&str> = self.0.split('/').collect();
        let kinds = parts.iter().skip(7).step_by(2).copied();
        std::iter::once(parts[6]).chain(kinds).collect::<Vec<_>>().join("/")
    }

    /// A resource beside this one: of the same subscription and group, named `name`.
    pub(super) fn beside(&self, kind: &str, name: &str) -> Self {
        let group = self.0.split('/').take(5).collect::<Vec<_>>().join("/");
        Self(format!("{group}/providers/{kind}/{name}"))
    }

    /// The resource below which this one is: that of a subnet is its network.
    pub(super) fn below(&self, kind: &str, name: &str) -> Self {
        Self(format!("{}/{kind}/{name}", self.0))
    }

    /// Its path at the resource manager.
    pub(super) fn path(&self) -> String {
        let parts: Vec<String> = self.0.split('/').map(percent::segment).collect();
        parts.join("/")
    }

    fn part(&self, number: usize) -> &str {
        self.0.split('/').nth(number).unwrap_or_default()
    }
}

impl TryFrom<String> for ResourceId {
    type Error = NoResourceId;

    fn try_from(text: String) -> Result<Self, NoResourceId> {
        let parts: Vec<&str> = text.split('/').collect();
        let fixed =
            |number: usize, word: &str| parts.get(number).is_some_and(|part| part.eq_ignore_ascii_case(word));
        let whole = parts.len() >= 9
            && parts.len() % 2 == 1
            && parts[0].is_empty()
            && fixed(1, "subscriptions")
            && fixed(3, "resourceGroups")
            && fixed(5, "providers");
        let names = parts.iter().skip(1).all(|part| {
            !part.is_empty()
                && *part != ".."
                && *part != "."
                && !part.contains(['?', '#', '%', '\\'])
                && !part.chars().any(char::is_control)
        });
        if whole && names { Ok(Self(text)) } else { Err(NoResourceId(text)) }
    }
}

impl std::str::FromStr for ResourceId {
    type Err = NoResourceId;

    fn from_str(text: &str) -> Result<Self, NoResourceId> {
        Self::try_from(text.to_owned())
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/d 1";

    #[test]
    fn parts() {
        let disk: ResourceId = DISK.parse().unwrap();
        assert_eq!((disk.subscription(), disk.group(), disk.name()), ("s", "rg", "d 1"));
        assert_eq!(disk.kind(), "Microsoft.Compute/disks");
        assert!(disk.path().ends_with("/disks/d%201"));
        let rules = disk.beside("Microsoft.Network/networkSecurityGroups", "n").below("securityRules", "r");
        assert_eq!(
            rules.to_string(),
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/n/securityRules/r"
        );
        assert_eq!(rules.kind(), "Microsoft.Network/networkSecurityGroups/securityRules");
        assert_eq!(disk, DISK.to_uppercase().parse().unwrap());
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks",
            "/subscriptions/s/resourceGroups/../providers/Microsoft.Compute/disks/d",
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/d?x",
            "https://h/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/d",
        ] {
            assert!(text.parse::<ResourceId>().is_err(), "{text}");
        }
    }
}
