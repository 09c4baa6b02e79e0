//! Which virtual machine: `SUBSCRIPTION/GROUP/VM`, a scale set's instance, or a full resource id.

use std::fmt;
use std::str::FromStr;

use crate::web::percent;

/// A virtual machine, or one instance of a scale set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VmId {
    subscription: String,
    group: String,
    vm: Vm,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Vm {
    Single(String),
    Instance { scale_set: String, instance: String },
}

/// What is wrong with the text of a machine's id, and with which part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct VmIdError {
    /// The part, as written.
    pub part: String,
    /// What is wrong with it.
    pub problem: VmIdProblem,
}

/// What is wrong with the text of a machine's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmIdProblem {
    /// Too few or too many parts.
    #[error("this is no SUBSCRIPTION/GROUP/VM")]
    Shape,
    /// A full resource id of something else.
    #[error("this resource id is not that of a virtual machine")]
    OtherResource,
    /// The subscription is not a GUID.
    #[error("the subscription is written as its id, a GUID")]
    Subscription,
    /// A name with characters that Azure does not allow.
    #[error("this is no name in Azure")]
    Name,
}

impl VmIdProblem {
    /// What to write instead.
    pub fn help(self) -> &'static str {
        match self {
            Self::Shape => {
                "write azure:SUBSCRIPTION/GROUP/VM (SUBSCRIPTION/GROUP/SCALE-SET/INSTANCE), or a full resource id"
            }
            Self::OtherResource => {
                "a machine's resource id holds /providers/Microsoft.Compute/virtualMachines/NAME: `az vm show --query id`"
            }
            Self::Subscription => "`az account list -o table` shows the ids of your subscriptions",
            Self::Name => "names hold letters, digits, hyphens, underscores, periods and parentheses",
        }
    }
}

impl VmId {
    /// The subscription's id.
    pub fn subscription(&self) -> &str {
        &self.subscription
    }

    /// The resource group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The machine's name, or that of its scale set.
    pub fn name(&self) -> &str {
        match &self.vm {
            Vm::Single(name) | Vm::Instance { scale_set: name, .. } => name,
        }
    }

    /// The instance of a scale set.
    pub fn instance(&self) -> Option<&str> {
        match &self.vm {
            Vm::Single(_) => None,
            Vm::Instance { instance, .. } => Some(instance),
        }
    }

    /// The path of the subscription at the resource manager.
    pub(super) fn subscription_path(&self) -> String {
        format!("/subscriptions/{}", self.subscription)
    }

    /// The path of the resource group at the resource manager.
    pub(super) fn group_path(&self) -> String {
        format!("{}/resourceGroups/{}", self.subscription_path(), percent::segment(&self.group))
    }

    /// The path of the machine at the resource manager.
    pub(super) fn path(&self) -> String {
        let compute = format!("{}/providers/Microsoft.Compute", self.group_path());
        match &self.vm {
            Vm::Single(name) => format!("{compute}/virtualMachines/{}", percent::segment(name)),
            Vm::Instance { scale_set, instance } => {
                let scale_set = percent::segment(scale_set);
                format!("{compute}/virtualMachineScaleSets/{scale_set}/virtualMachines/{instance}")
            }
        }
    }

    /// The path of the first serial port, as Microsoft's client writes it: `resourcegroups` in lower case, an
    /// instance as one encoded segment (measured, CLI 2.91.0).
    pub(super) fn serial_port_path(&self) -> String {
        let group = percent::segment(&self.group);
        let parent = match &self.vm {
            Vm::Single(name) => format!("virtualMachines/{}", percent::segment(name)),
            Vm::Instance { scale_set, instance } => {
                let scale_set = percent::segment(scale_set);
                format!("virtualMachineScaleSets/{scale_set}%2FvirtualMachines%2F{instance}")
            }
        };
        format!(
            "{}/resourcegroups/{group}/providers/Microsoft.Compute/{parent}/providers/Microsoft.SerialConsole/serialPorts/0",
            self.subscription_path()
        )
    }

    /// The path of the scale set of this name, whether it is one or not.
    pub(super) fn as_scale_set_path(&self) -> String {
        let name = percent::segment(self.name());
        format!("{}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}", self.group_path())
    }

    fn of_resource_id(text: &str) -> Result<Self, VmIdError> {
        let other = || error(text, VmIdProblem::OtherResource);
        let parts: Vec<&str> = text.split('/').skip(1).collect();
        let (fixed, names): (Vec<&str>, Vec<&str>) = match parts.as_slice() {
            [s, subscription, g, group, p, provider, kind, name] => {
                (vec![s, g, p, provider, kind], vec![subscription, group, name])
            }
            [s, subscription, g, group, p, provider, kind, name, below, instance] => {
                (vec![s, g, p, provider, kind, below], vec![subscription, group, name, instance])
            }
            _ => return Err(other()),
        };
        let wanted: &[&str] = if names.len() == 3 {
            &["subscriptions", "resourceGroups", "providers", "Microsoft.Compute", "virtualMachines"]
        } else {
            &[
                "subscriptions",
                "resourceGroups",
                "providers",
                "Microsoft.Compute",
                "virtualMachineScaleSets",
                "virtualMachines",
            ]
        };
        if !fixed.iter().zip(wanted).all(|(is, wanted)| is.eq_ignore_ascii_case(wanted)) {
            return Err(other());
        }
        Self::of_names(text, &names)
    }

    fn of_names(text: &str, names: &[&str]) -> Result<Self, VmIdError> {
        let (subscription, group, vm) = match names {
            [subscription, group, vm] => (subscription, group, Vm::Single((*vm).to_owned())),
            [subscription, group, scale_set, instance] => {
                if instance.is_empty() || !instance.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    return Err(error(instance, VmIdProblem::Name));
                }
                let vm =
                    Vm::Instance { scale_set: (*scale_set).to_owned(), instance: (*instance).to_owned() };
                (subscription, group, vm)
            }
            _ => return Err(error(text, VmIdProblem::Shape)),
        };
        if !is_guid(subscription) {
            return Err(error(subscription, VmIdProblem::Subscription));
        }
        if let Some(name) = [*group, names[2]].into_iter().find(|name| !is_name(name)) {
            return Err(error(name, VmIdProblem::Name));
        }
        Ok(Self { subscription: subscription.to_ascii_lowercase(), group: (*group).to_owned(), vm })
    }
}

fn error(part: &str, problem: VmIdProblem) -> VmIdError {
    VmIdError { part: part.to_owned(), problem }
}

/// `8-4-4-4-12` hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What Azure allows in names of groups and machines. A period at the end would be taken away from a path.
fn is_name(text: &str) -> bool {
    (1..=90).contains(&text.chars().count())
        && !text.ends_with('.')
        && text.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c))
}

impl FromStr for VmId {
    type Err = VmIdError;

    fn from_str(text: &str) -> Result<Self, VmIdError> {
        if text.starts_with('/') {
            return Self::of_resource_id(text);
        }
        Self::of_names(text, &text.split('/').collect::<Vec<_>>())
    }
}

impl fmt::Display for VmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.subscription, self.group, self.name())?;
        self.instance().map_or(Ok(()), |instance| write!(f, "/{instance}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUB: &str = "11111111-2222-3333-4444-55555555aBcD";

    #[test]
    fn machines_are_read_and_written() {
        let cases = [
            (format!("{SUB}/rg/vm1"), "/rg/vm1"),
            (format!("{SUB}/my (group)_1.x/set/7").replace(' ', ""), "/my(group)_1.x/set/7"),
            (
                format!(
                    "/subscriptions/{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
                ),
                "/rg/vm",
            ),
            (
                format!(
                    "/SUBSCRIPTIONS/{SUB}/resourcegroups/RG/providers/microsoft.compute/virtualmachines/Vm"
                ),
                "/RG/Vm",
            ),
            (
                format!(
                    "/subscriptions/{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/12"
                ),
                "/rg/set/12",
            ),
        ];
        for (text, rest) in cases {
            let id: VmId = text.parse().unwrap();
            assert_eq!(id.to_string(), format!("{}{rest}", SUB.to_ascii_lowercase()), "{text}");
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let disk = format!("/subscriptions/{SUB}/resourceGroups/g/providers/Microsoft.Compute/disks/d");
        let cases = [
            (String::new(), "", VmIdProblem::Shape),
            (format!("{SUB}/rg"), "", VmIdProblem::Shape),
            (format!("{SUB}/rg/vm/1/2"), "", VmIdProblem::Shape),
            ("my subscription/rg/vm".to_owned(), "my subscription", VmIdProblem::Subscription),
            (format!("{SUB}/rg/"), "-", VmIdProblem::Name),
            (format!("{SUB}/r%2fg/vm"), "r%2fg", VmIdProblem::Name),
            (format!("{SUB}/../vm"), "..", VmIdProblem::Name),
            (format!("{SUB}/rg/vm?x"), "vm?x", VmIdProblem::Name),
            (format!("{SUB}/rg/set/one two"), "one two", VmIdProblem::Name),
            (disk, "", VmIdProblem::OtherResource),
            ("/subscriptions".to_owned(), "", VmIdProblem::OtherResource),
        ];
        for (text, part, problem) in cases {
            let error = text.parse::<VmId>().unwrap_err();
            assert_eq!(error.problem, problem, "{text}");
            let part = match part {
                "" => text.as_str(),
                "-" => "",
                part => part,
            };
            assert_eq!(error.part, part);
        }
    }

    #[test]
    fn paths_are_those_of_microsofts_client() {
        let sub = SUB.to_ascii_lowercase();
        let vm: VmId = format!("{SUB}/Ünit(1)/vm").parse().unwrap();
        assert_eq!(
            vm.path(),
            format!(
                "/subscriptions/{sub}/resourceGroups/%C3%9Cnit(1)/providers/Microsoft.Compute/virtualMachines/vm"
            )
        );
        let instance: VmId = format!("{SUB}/rg/set/3").parse().unwrap();
        assert_eq!(
            instance.serial_port_path(),
            format!(
                "/subscriptions/{sub}/resourcegroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/set%2FvirtualMachines%2F3/providers/Microsoft.SerialConsole/serialPorts/0"
            )
        );
    }
}
