//! `sc qc`, `config`, `create`, `delete`, `description`, names and descriptors.

use super::super::Process;
use super::status::type_name;
use super::{Failure, Outcome, ended, existing, required, unguarded};
use crate::sim::windows::baseline::services::SERVICES;
use crate::sim::windows::configure::Change;
use crate::sim::windows::control::expand;
use crate::sim::windows::registry::Data;
use crate::sim::windows::resources;
use crate::sim::windows::services::StartType;
use crate::sim::windows::win32::Win32;

const OPTIONS: &str = "\
OPTIONS:\r
NOTE: The option name includes the equal sign.\r
      A space is required between the equal sign and the value.\r
      To remove the dependency, use a single / as dependency value.\r
 type= <own|share|interact|kernel|filesys|rec|adapt|userown|usershare>\r
 start= <boot|system|auto|demand|disabled|delayed-auto>\r
 error= <normal|severe|critical|ignore>\r
 binPath= <BinaryPathName to the .exe file>\r
 group= <LoadOrderGroup>\r
 tag= <yes|no>\r
 depend= <Dependencies(separated by / (forward slash))>\r
 obj= <AccountName|ObjectName>\r
 DisplayName= <display name>\r
 password= <password>\r
";
const CONFIG_USAGE: &str = "\
DESCRIPTION:\r
        Modifies a service entry in the registry and Service Database.\r
USAGE:\r
        sc <server> config [service name] <option1> <option2>...\r
\r
";
const CREATE_USAGE: &str = "\
DESCRIPTION:\r
        Creates a service entry in the registry and Service Database.\r
USAGE:\r
        sc <server> create [service name] [binPath= ] <option1> <option2>...\r
\r
";
const QC_USAGE: &str = "\
DESCRIPTION:\r
        Queries the configuration information for a service.\r
USAGE:\r
        sc <server> qc [service name] <bufsize>\r
";
const NAME_USAGE: &str = "\
DESCRIPTION:\r
        This command takes one service name.\r
USAGE:\r
        sc <server> [command] [service name]\r
";

/// The ordinary descriptor of a service, and that of a service which administrators may only look at.
const USUAL_DESCRIPTOR: &str = "D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)(A;;CCLCSWLOCRRC;;;IU)(A;;CCLCSWLOCRRC;;;SU)";
/// invented: the exact letters; what matters is that BA has no DC, RP, WP.
const GUARDED_DESCRIPTOR: &str =
    "D:(A;;CCLCSWRPWPDTLOCRRC;;;SY)(A;;CCLCSWLOCRRC;;;BA)(A;;CCLCSWLOCRRC;;;IU)(A;;CCLCSWLOCRRC;;;SU)";

pub(super) fn show(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, QC_USAGE)?, "OpenService")?;
        let world = process.world();
        let Some(service) = world.services.by_name(&name) else { return Ok(Outcome::Printed) };
        let key = format!(r"{SERVICES}\{name}");
        let registry = &world.registry;
        let start = match (service.start, service.delayed) {
            (StartType::Boot, _) => "BOOT_START",
            (StartType::System, _) => "SYSTEM_START",
            (StartType::Auto, true) => "AUTO_START  (DELAYED)",
            (StartType::Auto, false) => "AUTO_START",
            (StartType::Demand, _) => "DEMAND_START",
            (StartType::Disabled, _) => "DISABLED",
        };
        let error = registry.dword(&key, "ErrorControl").unwrap_or(0);
        let severity = match error {
            0 => "IGNORE",
            1 => "NORMAL",
            2 => "SEVERE",
            _ => "CRITICAL",
        };
        let depends: Vec<&str> = service.depends.iter().map(String::as_str).collect();
        let lines = [
            "[SC] QueryServiceConfig SUCCESS".to_owned(),
            String::new(),
            format!("SERVICE_NAME: {name}"),
            format!("        TYPE               : {:x}  {} ", service.kind, type_name(service.kind)),
            format!("        START_TYPE         : {}   {start}", service.start as u32),
            format!("        ERROR_CONTROL      : {error}   {severity}"),
            format!(
                "        BINARY_PATH_NAME   : {}",
                expand(registry.text(&key, "ImagePath").unwrap_or_default())
            ),
            format!("        LOAD_ORDER_GROUP   : {}", registry.text(&key, "Group").unwrap_or_default()),
            format!("        TAG                : {}", registry.dword(&key, "Tag").unwrap_or(0)),
            format!("        DISPLAY_NAME       : {}", world.display_name(&name)),
            format!("        DEPENDENCIES       : {}", depends.join("\r\n                           : ")),
            format!("        SERVICE_START_NAME : {}", registry.text(&key, "ObjectName").unwrap_or_default()),
        ];
        process.stdout.text(&(lines.join("\r\n") + "\r\n"));
        Ok(Outcome::Printed)
    })())
}

pub(super) fn change(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let usage = || {
            process.stdout.text(CONFIG_USAGE);
            Outcome::Usage(OPTIONS)
        };
        let Some((name, options)) = words.split_first() else { return Err(usage()) };
        let Some(change) = options_of(options).filter(|_| !options.is_empty()) else { return Err(usage()) };
        let name = existing(process, name, "OpenService")?;
        unguarded(process, &name, "OpenService")?;
        let changed = process.world().configure_service(&name, &change);
        changed.map_err(|error| Outcome::Failed(Failure("ChangeServiceConfig", error)))?;
        Ok(Outcome::Success("ChangeServiceConfig"))
    })())
}

pub(super) fn create(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let usage = || {
            process.stdout.text(CREATE_USAGE);
            Outcome::Usage(OPTIONS)
        };
        let Some((name, options)) = words.split_first() else { return Err(usage()) };
        let Some(change) = options_of(options).filter(|change| change.program.is_some()) else {
            return Err(usage());
        };
        let created = process.world().create_service(name, &change);
        created.map_err(|error| Outcome::Failed(Failure("CreateService", error)))?;
        Ok(Outcome::Success("CreateService"))
    })())
}

pub(super) fn delete(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, NAME_USAGE)?, "OpenService")?;
        unguarded(process, &name, "OpenService")?;
        let deleted = process.world().delete_service(&name);
        deleted.map_err(|error| Outcome::Failed(Failure("DeleteService", error)))?;
        Ok(Outcome::Success("DeleteService"))
    })())
}

pub(super) fn describe(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, NAME_USAGE)?, "OpenService")?;
        unguarded(process, &name, "OpenService")?;
        let text = words.get(1).cloned().unwrap_or_default();
        process.world().registry.set(&format!(r"{SERVICES}\{name}"), "Description", Data::Sz(text));
        Ok(Outcome::Success("ChangeServiceConfig2"))
    })())
}

pub(super) fn show_description(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, NAME_USAGE)?, "OpenService")?;
        let world = process.world();
        let text = world.registry.text(&format!(r"{SERVICES}\{name}"), "Description").unwrap_or_default();
        let text = resources::resolve(text, world.os, world.language);
        process.stdout.text(&format!(
            "[SC] QueryServiceConfig2 SUCCESS\r\n\r\nSERVICE_NAME:  {name}\r\nDESCRIPTION:  {text}\r\n"
        ));
        Ok(Outcome::Printed)
    })())
}

pub(super) fn show_descriptor(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, NAME_USAGE)?, "OpenService")?;
        let text = if process.world().is_guarded(&name) { GUARDED_DESCRIPTOR } else { USUAL_DESCRIPTOR };
        process.stdout.text(&format!("\r\n{text}\r\n"));
        Ok(Outcome::Printed)
    })())
}

pub(super) fn display_name(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let name = existing(process, required(words, NAME_USAGE)?, "GetServiceDisplayName")?;
        let display = process.world().display_name(&name);
        process.stdout.text(&format!("[SC] GetServiceDisplayName SUCCESS\r\nName = {display}\r\n"));
        Ok(Outcome::Printed)
    })())
}

pub(super) fn key_name(process: &Process, words: &[String]) -> Outcome {
    ended((|| {
        let wanted = required(words, NAME_USAGE)?;
        let world = process.world();
        let found = world
            .services
            .iter()
            .find(|service| world.display_name(&service.name).to_lowercase() == wanted.to_lowercase());
        let service =
            found.ok_or(Outcome::Failed(Failure("GetServiceKeyName", Win32::SERVICE_DOES_NOT_EXIST)))?;
        process.stdout.text(&format!("[SC] GetServiceKeyName SUCCESS\r\nName = {}\r\n", service.name));
        Ok(Outcome::Printed)
    })())
}

/// Pairs of `option=` and value; `None` when one is unknown or the blank after `=` is missing.
fn options_of(words: &[String]) -> Option<Change> {
    let mut change = Change::default();
    for pair in words.chunks(2) {
        let [option, value] = pair else { return None };
        let folded = value.to_lowercase();
        match option.to_lowercase().as_str() {
            "type=" => {
                let kind = match folded.as_str() {
                    "own" => 0x10,
                    "share" => 0x20,
                    "kernel" => 0x1,
                    "filesys" => 0x2,
                    "interact" => 0x100,
                    _ => return None,
                };
                change.kind = Some(change.kind.unwrap_or(0) | kind);
            }
            "start=" => {
                change.start = Some(match folded.as_str() {
                    "boot" => (StartType::Boot, false),
                    "system" => (StartType::System, false),
                    "auto" => (StartType::Auto, false),
                    "delayed-auto" => (StartType::Auto, true),
                    "demand" => (StartType::Demand, false),
                    "disabled" => (StartType::Disabled, false),
                    _ => return None,
                });
            }
            "error=" => {
                change.error_control = Some(match folded.as_str() {
                    "ignore" => 0,
                    "normal" => 1,
                    "severe" => 2,
                    "critical" => 3,
                    _ => return None,
                });
            }
            "binpath=" => change.program = Some(value.clone()),
            "group=" => change.group = Some(value.clone()),
            "depend=" => {
                let names = value.split('/').filter(|name| !name.is_empty());
                change.depends = Some(names.map(str::to_owned).collect());
            }
            "obj=" => change.account = Some(value.clone()),
            "displayname=" => change.display = Some(value.clone()),
            "password=" | "tag=" => {}
            _ => return None,
        }
    }
    Some(change)
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};

    #[test]
    fn a_configuration() {
        assert_eq!(
            Trial::healthy().ok("sc qc SessionEnv"),
            "[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: SessionEnv\n\
             \x20       TYPE               : 20  WIN32_SHARE_PROCESS \n\
             \x20       START_TYPE         : 3   DEMAND_START\n\
             \x20       ERROR_CONTROL      : 1   NORMAL\n\
             \x20       BINARY_PATH_NAME   : C:\\Windows\\System32\\svchost.exe -k netsvcs -p\n\
             \x20       LOAD_ORDER_GROUP   : \n\
             \x20       TAG                : 0\n\
             \x20       DISPLAY_NAME       : Remote Desktop Configuration\n\
             \x20       DEPENDENCIES       : RPCSS\n\
             \x20                          : LanmanWorkstation\n\
             \x20       SERVICE_START_NAME : LocalSystem\n"
        );
    }

    #[test]
    fn changes_are_seen_at_once_and_kept() {
        let trial = Trial::healthy();
        let changed = Answer::new("[SC] ChangeServiceConfig SUCCESS\n", "", 0);
        for (line, shown) in [
            ("sc config TermService start= disabled", "START_TYPE         : 4   DISABLED\n"),
            ("sc config TermService start= delayed-auto", "START_TYPE         : 2   AUTO_START  (DELAYED)\n"),
            (
                "sc config TermService start= demand type= own",
                "TYPE               : 10  WIN32_OWN_PROCESS \n",
            ),
            (
                r#"sc config TermService obj= "NT Authority\LocalService""#,
                "SERVICE_START_NAME : NT Authority\\LocalService\n",
            ),
            (
                "sc config TermService depend= RPCSS/nsi",
                "DEPENDENCIES       : RPCSS\n                           : nsi\n",
            ),
            ("sc config TermService depend= /", "DEPENDENCIES       : \n"),
        ] {
            assert_eq!(trial.run(line), changed, "{line}");
            assert!(trial.ok("sc qc TermService").contains(shown), "{line}");
        }
        trial.restart();
        assert!(trial.ok("sc qc TermService").contains("NT Authority\\LocalService"));
    }

    #[test]
    fn a_change_in_the_registry_alone_is_seen_after_a_boot() {
        let trial = Trial::healthy();
        trial.ok(r"reg add HKLM\SYSTEM\CurrentControlSet\Services\Spooler /v Start /t REG_DWORD /d 4 /f");
        assert!(trial.ok("sc qc Spooler").contains("2   AUTO_START"));
        trial.restart();
        assert!(trial.ok("sc qc Spooler").contains("4   DISABLED"));
        assert!(trial.ok("sc query Spooler").contains("1  STOPPED"));
        assert_eq!(trial.run("sc start Spooler").code, 1058);
    }

    #[test]
    fn what_is_refused() {
        let trial = Trial::healthy();
        for (line, code) in [
            ("sc config gpsvc start= auto", 5),
            (r#"sc config TermService obj= "'NT Authority\NetworkService'""#, 1057),
            ("sc config RPCSS depend= TermService", 5),
            ("sc config TermService depend= UmRdpService", 1059),
            ("sc config TermService start= boot", 87),
            (r"sc create TermService binPath= C:\x.exe", 1073),
        ] {
            assert_eq!(trial.run(line).code, code, "{line}");
        }
    }

    #[test]
    fn services_come_and_go() {
        let trial = Trial::healthy();
        assert_eq!(
            trial.ok(
                r"sc create Mine binPath= C:\Windows\System32\svchost.exe start= auto DisplayName= Meins"
            ),
            "[SC] CreateService SUCCESS\n"
        );
        assert!(trial.ok("sc getdisplayname Mine").ends_with("Name = Meins\n"));
        assert!(trial.ok("sc getkeyname Meins").ends_with("Name = Mine\n"));
        assert_eq!(trial.ok("sc description Mine text"), "[SC] ChangeServiceConfig2 SUCCESS\n");
        assert!(trial.ok("sc qdescription Mine").ends_with("DESCRIPTION:  text\n"));
        trial.ok("sc start Mine");
        trial.wait(2);
        assert_eq!(trial.ok("sc delete Mine"), "[SC] DeleteService SUCCESS\n");
        assert!(trial.ok("sc query Mine").contains("RUNNING"));
        assert_eq!(trial.run("sc delete Mine").code, 1072);
        trial.ok("sc stop Mine");
        trial.wait(2);
        assert_eq!(trial.run("sc query Mine").code, 1060);
        assert!(trial.world.lock().registry.key(r"HKLM\SYSTEM\CurrentControlSet\Services\Mine").is_none());
    }

    #[test]
    fn a_service_without_its_program_does_not_start() {
        let trial = Trial::healthy();
        trial.ok(r"sc create Mine binPath= C:\nowhere\mine.exe");
        assert_eq!(
            trial.run("sc start Mine"),
            Answer::new(
                "[SC] StartService FAILED 2:\n\nThe system cannot find the file specified.\n\n",
                "",
                2
            )
        );
        assert!(trial.ok("sc query Mine").contains("WIN32_EXIT_CODE    : 2  (0x2)"));
    }
}
