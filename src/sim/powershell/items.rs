//! Drives as PowerShell sees them: registry, files, certificates; and a few cmdlets about the machine.

use super::Shell;
use super::commands::Call;
use super::failure::{ErrorRecord, Flow};
use super::members::member;
use super::operators::wildcard;
use super::value::{Thing, Value};
use crate::sim::windows::acl::right;
use crate::sim::windows::certificates::{in_store, store_path};
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::policy::Channel;
use crate::sim::windows::registry::{Data, Root};

/// Where an item lies.
#[derive(Debug, Clone)]
enum Place {
    /// A registry key, `HKLM\…`.
    Key(String),
    /// A file or folder.
    File(WinPath),
    /// A store of the machine, and a thumbprint in it.
    Certificate(String, Option<String>),
    /// `Env:NAME`.
    Variable(String),
}

impl Shell {
    pub(super) fn item_cmdlet(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        match call.name {
            "Get-Process" => return self.processes(call, out),
            "Stop-Process" => return self.stop_processes(call),
            "Get-CimInstance" | "Get-WmiObject" => return self.instances(call, out),
            "Test-ComputerSecureChannel" => {
                let mut world = self.process.world();
                let Some(domain) = world.domain.as_mut() else {
                    drop(world);
                    let message = "Cannot verify the secure channel for the local computer. Operation failed with the following exception: The computer is not joined to a domain.";
                    return Err(call
                        .error(message, "FailToTestSecureChannel", "OperationStopped", "")
                        .into());
                };
                if call.has("Repair") && domain.reachable && domain.channel == Channel::Broken {
                    domain.channel = Channel::Works;
                }
                out.push(Value::Bool(domain.channel == Channel::Works && domain.reachable));
                return Ok(());
            }
            "Set-Location" => {
                let path = [call.texts("Path"), call.texts("LiteralPath")].concat().join(" ");
                if let Place::File(path) = self.place(&path) {
                    self.process.places.go(path);
                }
                return Ok(());
            }
            _ => {}
        }
        let mut paths = [call.texts("Path"), call.texts("LiteralPath")].concat();
        if paths.is_empty() {
            paths = call
                .items()
                .iter()
                .map(|item| {
                    let path = member(item, "PSPath");
                    if path.is_null() { item.text() } else { path.text() }
                })
                .collect();
        }
        if paths.is_empty() && call.name == "Get-ChildItem" {
            paths.push(self.process.places.current.to_string());
        }
        for path in paths {
            let path = match (call.name, call.text("Name")) {
                ("New-Item", Some(name)) => format!("{}\\{name}", path.trim_end_matches('\\')),
                _ => path,
            };
            match self.place(&path) {
                Place::Key(key) => self.key(call, &path, &key, out)?,
                Place::File(file) => self.file_item(call, &path, &file, out)?,
                Place::Certificate(store, print) => self.certificate(call, &path, &store, print, out)?,
                Place::Variable(name) => match call.name {
                    "Test-Path" => out.push(Value::Bool(!self.env_value(&name).is_null())),
                    "Remove-Item" => self.set(&format!("env:{name}"), Value::Null),
                    _ => out.push(Thing::value(
                        "System.Collections.DictionaryEntry",
                        vec![("Name", name.as_str().into()), ("Value", self.env_value(&name))],
                    )),
                },
            }
        }
        Ok(())
    }

    fn place(&self, path: &str) -> Place {
        let path = path
            .strip_prefix("Microsoft.PowerShell.Core\\Registry::")
            .or_else(|| path.strip_prefix("Registry::"))
            .map_or_else(
                || path.to_owned(),
                |rest| {
                    let (root, below) = rest.split_once('\\').unwrap_or((rest, ""));
                    format!("{root}:\\{below}")
                },
            );
        let (drive, rest) = path.split_once(':').unwrap_or(("", &path));
        let rest = rest.trim_start_matches(['\\', '/']).trim_end_matches('\\').replace('/', "\\");
        if drive.eq_ignore_ascii_case("cert") {
            let mut parts = rest.splitn(3, '\\').skip(1).map(str::to_owned);
            return Place::Certificate(parts.next().unwrap_or_default(), parts.next());
        }
        if drive.eq_ignore_ascii_case("env") {
            return Place::Variable(rest);
        }
        if drive.len() > 1 && Root::parse(drive).is_some() {
            return Place::Key(if rest.is_empty() { drive.to_owned() } else { format!("{drive}\\{rest}") });
        }
        Place::File(self.process.path(&path).unwrap_or_else(|| WinPath::root('C')))
    }

    fn missing(&self, call: &Call, path: &str) -> ErrorRecord {
        call.error(
            format!("Cannot find path '{path}' because it does not exist."),
            "PathNotFound",
            "ObjectNotFound",
            path,
        )
    }

    fn key(&mut self, call: &Call, path: &str, key: &str, out: &mut Vec<Value>) -> Result<(), Flow> {
        let there = self.process.world().registry.key(key).is_some();
        match call.name {
            "Test-Path" => {
                out.push(Value::Bool(there));
                return Ok(());
            }
            "New-Item" if there && !call.has("Force") => {
                let message = "A key in this path already exists.";
                return Err(call.error(message, "System.IO.IOException", "ResourceExists", path).into());
            }
            "New-Item" => {
                let above = key
                    .rsplit_once('\\')
                    .is_none_or(|(above, _)| self.process.world().registry.key(above).is_some());
                if !above && !call.has("Force") {
                    let message = "The registry key at the specified path does not exist.";
                    return Err(call
                        .error(message, "System.ArgumentException", "InvalidArgument", path)
                        .into());
                }
                if self.process.world().registry.create(key).is_none() {
                    return Err(self.missing(call, path).into());
                }
                out.push(self.key_object(key));
                return Ok(());
            }
            _ if !there => return Err(self.missing(call, path).into()),
            _ => {}
        }
        let names = call.texts("Name");
        match call.name {
            "Get-Item" => out.push(self.key_object(key)),
            "Get-ChildItem" => {
                let below = self.process.world().registry.names_below(key).unwrap_or_default();
                for name in below {
                    let below = format!("{key}\\{name}");
                    out.push(self.key_object(&below));
                    if call.has("Recurse") {
                        self.key(call, path, &below, out)?;
                    }
                }
            }
            "Get-ItemProperty" | "Get-ItemPropertyValue" => {
                let mut members: Vec<(String, Value)> = Vec::new();
                {
                    let world = self.process.world();
                    let Some(own) = world.registry.key(key) else { return Ok(()) };
                    for (name, data) in own.values() {
                        let shown = if name.is_empty() { "(default)" } else { name };
                        let wanted = names.is_empty()
                            || names.iter().any(|pattern| {
                                wildcard(pattern, false).is_ok_and(|pattern| pattern.is_match(shown))
                            });
                        if wanted {
                            members.push((shown.to_owned(), of_data(data)));
                        }
                    }
                }
                for name in names.iter().filter(|name| !name.contains('*')) {
                    if !members.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                        let message = format!("Property {name} does not exist at path {}.", self.long(key));
                        let mut record = call.error(
                            message,
                            "System.Management.Automation.PSArgumentException",
                            "InvalidArgument",
                            name,
                        );
                        record.exception = "System.Management.Automation.PSArgumentException";
                        return Err(record.into());
                    }
                }
                if call.name == "Get-ItemPropertyValue" {
                    out.extend(members.into_iter().map(|(_, value)| value));
                } else if !members.is_empty() {
                    members.push((
                        "PSPath".to_owned(),
                        format!("Microsoft.PowerShell.Core\\Registry::{}", self.long(key)).into(),
                    ));
                    members.push(("PSChildName".to_owned(), key.rsplit('\\').next().unwrap_or(key).into()));
                    let members =
                        members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                    out.push(Thing::value("System.Management.Automation.PSCustomObject", members));
                }
            }
            "Set-ItemProperty" | "New-ItemProperty" => {
                for name in &names {
                    let stored = if name.eq_ignore_ascii_case("(default)") { "" } else { name };
                    let old = self.process.world().registry.value(key, stored).cloned();
                    if call.name == "New-ItemProperty" && old.is_some() && !call.has("Force") {
                        return Err(call
                            .error(
                                "The property already exists.",
                                "System.IO.IOException",
                                "ResourceExists",
                                path,
                            )
                            .into());
                    }
                    let kind = call.text("Type").or_else(|| call.text("PropertyType"));
                    let value = call.value("Value").unwrap_or(Value::Null);
                    let Some(data) = to_data(&value, kind.as_deref(), old.as_ref()) else {
                        let message = "The type of the value argument did not match the specified RegistryValueKind or the value could not be properly converted.";
                        return Err(call
                            .error(message, "System.ArgumentException", "InvalidArgument", path)
                            .into());
                    };
                    self.process.world().registry.set(key, stored, data);
                }
            }
            "Remove-ItemProperty" => {
                for name in &names {
                    let stored = if name.eq_ignore_ascii_case("(default)") { "" } else { name };
                    if !self.process.world().registry.remove_value(key, stored) {
                        let message = format!("Property {name} does not exist at path {}.", self.long(key));
                        return Err(call
                            .error(
                                message,
                                "System.Management.Automation.PSArgumentException",
                                "InvalidArgument",
                                name,
                            )
                            .into());
                    }
                }
            }
            "Remove-Item" => {
                let below =
                    self.process.world().registry.names_below(key).is_some_and(|names| !names.is_empty());
                if below && !call.has("Recurse") {
                    let message = format!(
                        "The item at {path} has children and the Recurse parameter was not specified. Nobody can be asked in NonInteractive mode."
                    );
                    return Err(call.error(message, "InvalidOperation", "InvalidOperation", path).into());
                }
                self.process.world().registry.remove(key);
            }
            "Resolve-Path" => {
                out.push(Thing::value("System.Management.Automation.PathInfo", vec![("Path", path.into())]));
            }
            _ => {}
        }
        Ok(())
    }

    fn long(&self, key: &str) -> String {
        let (root, rest) = key.split_once('\\').unwrap_or((key, ""));
        let root = Root::parse(root).map_or_else(|| root.to_owned(), |root| root.long_name().to_owned());
        if rest.is_empty() { root } else { format!("{root}\\{rest}") }
    }

    fn key_object(&self, key: &str) -> Value {
        let values: Vec<Value> = {
            let world = self.process.world();
            let own = world.registry.key(key);
            own.map(|own| own.values().map(|(name, _)| name.into()).collect()).unwrap_or_default()
        };
        Thing::value(
            "Microsoft.Win32.RegistryKey",
            vec![
                ("Name", self.long(key).into()),
                ("PSChildName", key.rsplit('\\').next().unwrap_or(key).into()),
                ("Property", Value::array(values)),
                ("PSPath", format!("Microsoft.PowerShell.Core\\Registry::{}", self.long(key)).into()),
            ],
        )
    }

    fn file_item(
        &mut self,
        call: &Call,
        path: &str,
        file: &WinPath,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let token = self.process.token.clone();
        let (there, folder) = {
            let world = self.process.world();
            (world.files.look(file).is_some(), world.files.is_folder(file))
        };
        match call.name {
            "Test-Path" => {
                let kind = call.text("PathType").unwrap_or_default().to_lowercase();
                out.push(Value::Bool(match kind.as_str() {
                    "leaf" => there && !folder,
                    "container" => folder,
                    _ if path.contains('*') => self.below(file).is_some_and(|found| !found.is_empty()),
                    _ => there,
                }));
                return Ok(());
            }
            "New-Item" => {
                if there && !(call.has("Force")) {
                    let message = format!("An item with the specified name {file} already exists.");
                    return Err(call
                        .error(
                            message,
                            if folder { "DirectoryExist" } else { "NewItemIOError" },
                            "ResourceExists",
                            path,
                        )
                        .into());
                }
                let now = self.process.world().wall_time();
                let is_folder =
                    call.text("ItemType").is_some_and(|kind| kind.eq_ignore_ascii_case("Directory"));
                let made = {
                    let mut world = self.process.world();
                    if is_folder {
                        if folder { Ok(()) } else { world.files.make_folder(file, &token, now) }
                    } else {
                        let text = call.text("Value").unwrap_or_default();
                        world.files.write(file, text.into_bytes(), &token, now)
                    }
                };
                made.map_err(|error| self.file_failed(call, path, error))?;
                out.extend(self.file_object(file));
                return Ok(());
            }
            "Get-ChildItem" | "Remove-Item" if path.contains('*') => {}
            _ if !there => return Err(self.missing(call, path).into()),
            _ => {}
        }
        match call.name {
            "Get-Item" | "Get-ItemProperty" => out.extend(self.file_object(file)),
            "Get-ChildItem" => {
                let found = if folder || path.contains('*') {
                    self.below(file).unwrap_or_default()
                } else {
                    vec![file.clone()]
                };
                let filter = call.text("Filter").and_then(|filter| wildcard(&filter, false).ok());
                for one in found {
                    let is_folder = self.process.world().files.is_folder(&one);
                    let fits = filter.as_ref().is_none_or(|filter| filter.is_match(one.name()))
                        && !(call.has("File") && is_folder)
                        && (!call.has("Directory") || is_folder);
                    if fits {
                        out.extend(self.file_object(&one));
                    }
                    if call.has("Recurse") && is_folder {
                        self.file_item(call, &one.to_string(), &one, out)?;
                    }
                }
            }
            "Remove-Item" => {
                let doomed = if path.contains('*') {
                    self.below(file).unwrap_or_default()
                } else {
                    vec![file.clone()]
                };
                for one in doomed {
                    let full = self.process.world().files.is_folder(&one)
                        && self.below(&one).is_some_and(|below| !below.is_empty());
                    if full && !call.has("Recurse") {
                        let message = format!(
                            "The item at {one} has children and the Recurse parameter was not specified. Nobody can be asked in NonInteractive mode."
                        );
                        return Err(call.error(message, "InvalidOperation", "InvalidOperation", path).into());
                    }
                    let removed = self.process.world().files.remove(&one, &token);
                    removed.map_err(|error| self.file_failed(call, path, error))?;
                }
            }
            "Resolve-Path" => out.push(Thing::value(
                "System.Management.Automation.PathInfo",
                vec![("Path", file.to_string().into())],
            )),
            _ => {}
        }
        Ok(())
    }

    /// What lies in a folder, or fits the pattern at the end of a path.
    fn below(&self, path: &WinPath) -> Option<Vec<WinPath>> {
        let world = self.process.world();
        let (folder, pattern) = if path.name().contains(['*', '?']) {
            (path.parent()?, path.name().to_owned())
        } else {
            (path.clone(), "*".to_owned())
        };
        let pattern = wildcard(&pattern, false).ok()?;
        let node = world.files.look(&folder)?;
        node.security.allows(&self.process.token, right::READ_DATA).then(|| {
            node.children()
                .filter(|child| pattern.is_match(&child.name))
                .map(|child| folder.join(&child.name))
                .collect()
        })
    }

    fn file_failed(&self, call: &Call, path: &str, error: FileError) -> ErrorRecord {
        match error {
            FileError::AccessDenied => {
                let message = format!("Access to the path '{path}' is denied.");
                call.error(message, "UnauthorizedAccessError", "PermissionDenied", path)
            }
            FileError::NotFound => self.missing(call, path),
            other => call.error(
                format!("The process cannot access '{path}' ({}).", other.code()),
                "IOError",
                "WriteError",
                path,
            ),
        }
    }

    fn file_object(&self, path: &WinPath) -> Option<Value> {
        let world = self.process.world();
        let node = world.files.look(path)?;
        let folder = node.is_folder();
        Some(Thing::value(
            if folder { "System.IO.DirectoryInfo" } else { "System.IO.FileInfo" },
            vec![
                ("Mode", if folder { "d-----" } else { "-a----" }.into()),
                ("LastWriteTime", node.modified.strftime("%-m/%-d/%Y   %-I:%M %p").to_string().into()),
                ("Length", if folder { Value::Null } else { Value::Int(node.size() as i64) }),
                ("Name", path.name().into()),
                ("FullName", path.to_string().into()),
                ("PSPath", path.to_string().into()),
                ("PSIsContainer", Value::Bool(folder)),
            ],
        ))
    }

    fn certificate(
        &mut self,
        call: &Call,
        path: &str,
        store: &str,
        print: Option<String>,
        out: &mut Vec<Value>,
    ) -> Result<(), Flow> {
        let found: Vec<Value> = in_store(&self.process.world().registry, store)
            .into_iter()
            .filter(|stored| print.as_ref().is_none_or(|print| stored.thumbprint.eq_ignore_ascii_case(print)))
            .map(|stored| {
                let own = format!("Cert:\\LocalMachine\\{store}\\{}", stored.thumbprint);
                Thing::value(
                    "System.Security.Cryptography.X509Certificates.X509Certificate2",
                    vec![
                        ("Thumbprint", stored.thumbprint.as_str().into()),
                        ("Subject", format!("CN={}", stored.certificate.subject).into()),
                        (
                            "NotAfter",
                            stored
                                .certificate
                                .not_after
                                .strftime("%-m/%-d/%Y %-I:%M:%S %p")
                                .to_string()
                                .into(),
                        ),
                        ("HasPrivateKey", Value::Bool(stored.key.is_some())),
                        ("PSPath", own.into()),
                    ],
                )
            })
            .collect();
        match call.name {
            "Test-Path" => out.push(Value::Bool(!found.is_empty() || print.is_none())),
            "Remove-Item" => match print.filter(|_| !found.is_empty()) {
                Some(print) => {
                    self.process.world().registry.remove(&format!("{}\\{print}", store_path(store)));
                }
                None => return Err(self.missing(call, path).into()),
            },
            _ if found.is_empty() && print.is_some() => return Err(self.missing(call, path).into()),
            _ => out.extend(found),
        }
        Ok(())
    }

    fn processes(&mut self, call: &Call, out: &mut Vec<Value>) -> Result<(), Flow> {
        let names = call.texts("Name");
        let ids: Vec<i64> = call
            .value("Id")
            .map(|ids| ids.items().iter().filter_map(Value::int).collect())
            .unwrap_or_default();
        let stem = |image: &str| image.strip_suffix(".exe").unwrap_or(image).to_owned();
        let found: Vec<Value> = self
            .process
            .world()
            .processes
            .iter()
            .filter(|process| {
                (names.is_empty() && ids.is_empty())
                    || ids.contains(&i64::from(process.pid))
                    || names.iter().any(|name| {
                        wildcard(name, false).is_ok_and(|name| name.is_match(&stem(&process.image)))
                    })
            })
            .map(|process| {
                Thing::value(
                    "System.Diagnostics.Process",
                    vec![
                        ("Id", Value::Int(i64::from(process.pid))),
                        ("ProcessName", stem(&process.image).into()),
                        ("Name", stem(&process.image).into()),
                        ("WorkingSet", Value::Int(i64::from(process.memory) * 1024)),
                        ("SI", Value::Int(i64::from(process.session))),
                    ],
                )
            })
            .collect();
        if found.is_empty() {
            let (what, which) = match names.first() {
                Some(name) => ("name", name.clone()),
                None => ("process identifier", ids.first().map(ToString::to_string).unwrap_or_default()),
            };
            let message = format!("Cannot find a process with the {what} {which}.");
            return Err(call.error(message, "NoProcessFoundForGivenName", "ObjectNotFound", &which).into());
        }
        out.extend(found);
        Ok(())
    }

    fn stop_processes(&mut self, call: &Call) -> Result<(), Flow> {
        let mut wanted = Vec::new();
        if call.input.is_some() {
            wanted = call.items();
        } else {
            self.processes(call, &mut wanted)?;
        }
        for process in wanted {
            let id = member(&process, "Id").int().unwrap_or(-1);
            let ended = u32::try_from(id).is_ok_and(|id| self.process.world().end_process(id));
            if !ended {
                let name = member(&process, "ProcessName").text();
                let message = format!(
                    "Cannot stop process \"{name} ({id})\" because of the following error: Access is denied"
                );
                return Err(call.error(message, "CouldNotStopProcess", "CloseError", &name).into());
            }
        }
        Ok(())
    }
}

fn of_data(data: &Data) -> Value {
    match data {
        Data::Sz(text) => text.as_str().into(),
        Data::ExpandSz(text) => crate::sim::windows::control::expand(text).into(),
        Data::Dword(number) => Value::Int(i64::from(i32::from_ne_bytes(number.to_ne_bytes()))),
        Data::Qword(number) => Value::Int(i64::from_ne_bytes(number.to_ne_bytes())),
        Data::MultiSz(texts) => Value::array(texts.iter().map(|text| text.as_str().into()).collect()),
        Data::Binary(bytes) | Data::None(bytes) => Value::Bytes(std::sync::Arc::new(bytes.clone())),
    }
}

/// A value as the registry keeps it: by the type that is named, else the one that is there, else by what it is.
fn to_data(value: &Value, kind: Option<&str>, old: Option<&Data>) -> Option<Data> {
    let old = old.map(|data| match data {
        Data::Sz(_) => "string",
        Data::ExpandSz(_) => "expandstring",
        Data::Dword(_) => "dword",
        Data::Qword(_) => "qword",
        Data::MultiSz(_) => "multistring",
        Data::Binary(_) | Data::None(_) => "binary",
    });
    let natural = match value {
        Value::Int(_) => "dword",
        Value::Bytes(_) => "binary",
        many if many.is_many() => "multistring",
        _ => "string",
    };
    let kind = kind.map(str::to_lowercase);
    Some(match kind.as_deref().or(old).unwrap_or(natural) {
        "dword" => {
            let number = value.int()?;
            Data::Dword(
                u32::try_from(number)
                    .ok()
                    .or_else(|| i32::try_from(number).ok().map(|n| u32::from_ne_bytes(n.to_ne_bytes())))?,
            )
        }
        "qword" => Data::Qword(u64::from_ne_bytes(value.int()?.to_ne_bytes())),
        "multistring" => Data::MultiSz(value.items().iter().map(Value::text).collect()),
        "expandstring" => Data::ExpandSz(value.text()),
        "binary" => Data::Binary(value.items().iter().map(|item| item.int().unwrap_or(0) as u8).collect()),
        "string" => Data::Sz(value.text()),
        _ => return None,
    })
}
