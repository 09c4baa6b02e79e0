//! Windows Management Instrumentation: the classes that repair scripts ask for, their instances, and the methods of these.
//!
//! Sources: Microsoft's references of `Win32_OperatingSystem`, `Win32_ComputerSystem` and `Win32_EncryptableVolume` (return
//! values of `UnlockWithNumericalPassword`, `Lock`, `GetLockStatus`).

use super::Shell;
use super::commands::Call;
use super::failure::{ErrorRecord, Flow};
use super::value::{Thing, Value};

/// What `Get-WmiObject` makes; `Get-CimInstance` makes objects without methods.
pub(super) const MANAGEMENT_OBJECT: &str = "System.Management.ManagementObject";
const CIM_INSTANCE: &str = "Microsoft.Management.Infrastructure.CimInstance";

const USUAL: &str = r"root\cimv2";
const ENCRYPTION: &str = r"root\cimv2\security\microsoftvolumeencryption";

/// `FVE_E_NOT_ACTIVATED`: BitLocker is not on for this volume.
const NOT_ACTIVATED: i64 = 0x8031_0008;
/// `FVE_E_FAILED_AUTHENTICATION`
const WRONG: i64 = 0x8031_0027;
/// `FVE_E_INVALID_PASSWORD_FORMAT`
const BAD_FORMAT: i64 = 0x8031_0035;
/// `E_ACCESSDENIED`, when something on the volume is open.
const IN_USE: i64 = 0x8007_0005;

type Members = Vec<(&'static str, Value)>;

impl Shell {
    /// `Get-WmiObject [-Class] C [-Namespace N] [-Filter F]`, `Get-CimInstance [-ClassName] C …`
    pub(super) fn instances(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let class = call.text("ClassName").or_else(|| call.text("Class")).unwrap_or_default();
        let namespace = call.text("Namespace").unwrap_or_else(|| USUAL.to_owned());
        let namespace = namespace.replace('/', "\\").to_lowercase();
        let fail = |message: &str, code: &str, about: &str| {
            Flow::from(call.error(message, &format!("HRESULT {code}"), "MetadataError", about))
        };
        let instances = match (namespace.as_str(), class.to_lowercase().as_str()) {
            (USUAL, "win32_operatingsystem") => vec![self.operating_system()],
            (USUAL, "win32_computersystem") => vec![self.computer_system()],
            (ENCRYPTION, "win32_encryptablevolume") if !self.process.token.is_administrator() => {
                return Err(fail("Access denied ", "0x80041003", &class));
            }
            (ENCRYPTION, "win32_encryptablevolume") => self.encryptable_volumes(),
            (USUAL | ENCRYPTION, _) => return Err(fail("Invalid class ", "0x80041010", &class)),
            _ => return Err(fail("Invalid namespace ", "0x8004100e", &namespace)),
        };
        let filter = call.text("Filter").unwrap_or_default();
        let Some(wanted) = conditions(&filter) else {
            return Err(fail("Invalid query ", "0x80041017", &filter));
        };
        let kind = if call.name == "Get-WmiObject" { MANAGEMENT_OBJECT } else { CIM_INSTANCE };
        let fits = |members: &Members| {
            wanted.iter().all(|(name, text)| {
                let own = members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
                own.is_some_and(|(_, value)| value.text().eq_ignore_ascii_case(text))
            })
        };
        out.extend(instances.into_iter().filter(fits).map(|members| Thing::value(kind, members)));
        Ok(())
    }

    fn operating_system(&self) -> Members {
        let world = self.process.world();
        vec![
            ("Caption", format!("Microsoft {}", world.os.product_name()).into()),
            ("Version", world.os.version().into()),
            ("BuildNumber", world.os.build().to_string().into()),
            ("CSName", world.computer.as_str().into()),
        ]
    }

    fn computer_system(&self) -> Members {
        let world = self.process.world();
        let domain = world.domain.as_ref().map_or("WORKGROUP", |domain| domain.name.as_str());
        vec![
            ("Name", world.computer.as_str().into()),
            ("PartOfDomain", Value::Bool(world.domain.is_some())),
            ("Domain", domain.into()),
        ]
    }

    /// Every volume with a letter; 2: whether it is protected is unknown, since it is locked.
    fn encryptable_volumes(&self) -> Vec<Members> {
        let world = self.process.world();
        let volumes = world.partitions().filter_map(|partition| {
            let letter = partition.letter?;
            let status = match &partition.encryption {
                Some(own) if own.locked => 2,
                Some(own) => i64::from(own.protected),
                None => 0,
            };
            Some(vec![
                ("__CLASS", "Win32_EncryptableVolume".into()),
                (
                    "DeviceID",
                    format!(r"\\?\Volume{{{:08x}-0000-0000-0000-100000000000}}\", partition.serial).into(),
                ),
                ("DriveLetter", format!("{letter}:").into()),
                ("ProtectionStatus", Value::Int(status)),
            ])
        });
        volumes.collect()
    }

    /// `object.Name(…)`; `None`: its class has no such method.
    pub(super) fn instance_method(
        &mut self,
        thing: &Thing,
        name: &str,
        args: &[Value],
    ) -> Option<Result<Value, ErrorRecord>> {
        if thing.member("__CLASS")?.text() != "Win32_EncryptableVolume" {
            return None;
        }
        let letter = thing.member("DriveLetter")?.text().chars().next()?;
        let mut world = self.process.world();
        let is_encrypted = world.encryption_mut(letter).is_some();
        let mut members = Vec::new();
        let code = match name {
            _ if !is_encrypted => NOT_ACTIVATED,
            "unlockwithnumericalpassword" => match args.first().map(Value::text).unwrap_or_default() {
                password if !is_recovery_password(&password) => BAD_FORMAT,
                password if world.unlock(letter, &password) => 0,
                _ => WRONG,
            },
            "lock" if world.lock_volume(letter) => 0,
            "lock" => IN_USE,
            "getlockstatus" => {
                let locked = world.encryption_mut(letter).is_some_and(|own| own.locked);
                members.push(("LockStatus", Value::Int(i64::from(locked))));
                0
            }
            _ => return None,
        };
        members.push(("ReturnValue", Value::Int(code)));
        Some(Ok(Thing::value("System.Management.ManagementBaseObject", members)))
    }
}

/// Eight groups of six digits.
fn is_recovery_password(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 8
        && groups.iter().all(|group| group.len() == 6 && group.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `Name = 'text' AND …` of WQL; `None`: it is nothing that is understood here.
fn conditions(filter: &str) -> Option<Vec<(String, String)>> {
    let lower = filter.to_lowercase();
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in lower.match_indices(" and ") {
        parts.push(&filter[from..at]);
        from = at + 5;
    }
    parts.push(&filter[from..]);
    let condition = |part: &&str| {
        let (name, text) = part.split_once('=')?;
        let text = text.trim();
        let quoted = ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
        Some((name.trim().to_owned(), quoted.unwrap_or(text).to_owned()))
    };
    if filter.trim().is_empty() { Some(Vec::new()) } else { parts.iter().map(condition).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_of_wql() {
        let own = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(conditions("DriveLetter='E:'"), Some(vec![own("DriveLetter", "E:")]));
        assert_eq!(conditions("a = 1 And b=\"x y\""), Some(vec![own("a", "1"), own("b", "x y")]));
        assert_eq!(conditions(" "), Some(Vec::new()));
        assert_eq!(conditions("DriveLetter"), None);
    }
}
