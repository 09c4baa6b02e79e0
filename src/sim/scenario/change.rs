//! What a scenario changes about the healthy machine.

use std::time::Duration;

use serde::Deserialize;

use crate::sim::options::Span;
use crate::sim::windows::accounts::User;
use crate::sim::windows::acl::ObjectKind;
use crate::sim::windows::baseline::{plant_program, services::SERVICES};
use crate::sim::windows::boot_store::{self, Form};
use crate::sim::windows::certificates::{self, REMOTE_DESKTOP, Stored};
use crate::sim::windows::disks::Disk;
use crate::sim::windows::events::{Event, Level};
use crate::sim::windows::files::node::Body;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::firewall::{self, POLICY};
use crate::sim::windows::firmware::Firmware;
use crate::sim::windows::incidents::Incident;
use crate::sim::windows::keys::{RDP_CONTAINER, key_bytes, modulus};
use crate::sim::windows::network::AddressSource;
use crate::sim::windows::os::Os;
use crate::sim::windows::policy::{Channel, Domain, PolicyValue};
use crate::sim::windows::programs::{Autostart, Program};
use crate::sim::windows::registry::Data;
use crate::sim::windows::sddl;
use crate::sim::windows::sid::Sid;
use crate::sim::windows::sockets::Protocol;
use crate::sim::windows::{SharedWorld, World};

/// One change.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    /// A registry value is set.
    Registry(RegistryValue),
    /// A registry key, or one value of it, is removed.
    RegistryDelete(RegistryName),
    /// A service is configured otherwise, in the registry.
    Service(ServiceChange),
    /// A service that is not part of Windows.
    NewService(NewService),
    /// A program that is not part of Windows.
    Program(NewProgram),
    /// After the first boot somebody stops a service and all that need it.
    StopService(String),
    /// After the first boot somebody starts a program.
    Launch(String),
    /// The listener's certificate.
    Certificate(CertificateChange),
    /// The listener's private key.
    Key(KeyChange),
    /// Owner and access list of a file or folder. `{key}` in the path stands for the listener's key file.
    Security(SecurityChange),
    /// A file with a text.
    File(NewFile),
    /// A firewall rule, by its internal name.
    FirewallRule(RuleChange),
    /// A firewall profile.
    FirewallProfile(ProfileChange),
    /// The machine belongs to a domain.
    Domain(DomainChange),
    /// A network interface.
    Interface(InterfaceChange),
    /// A local user.
    User(UserChange),
    /// An element of the boot store.
    BootStore(BootElement),
    /// The same, but after the first boot, so that this boot knows nothing of it.
    AfterBoot(BootElement),
    /// A registry value is set, but after the first boot.
    RegistryAfterBoot(RegistryValue),
    /// A file is deleted.
    DeleteFile(String),
    /// A disk of another machine, which is attached.
    AttachedDisk(AttachedDisk),
    /// The file system of a volume has errors: `C`.
    DamagedVolume(char),
    /// The component store has errors: nothing can be taken from it.
    DamagedStore,
    /// Windows Update does not answer: an address that is not there, or a proxy that refuses.
    NoWindowsUpdate,
    /// An event of some time ago.
    Event(LoggedEvent),
    /// Another machine on the network.
    Neighbour(Neighbour),
    /// A service whose descriptor lets Administrators configure it, although Windows' own does not.
    Unguard(String),
    /// A value that an agent of somebody else sets, and sets again as soon as it is changed.
    Held(RegistryValue),
}

/// A value with its data; exactly one of the last five is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistryValue {
    key: String,
    #[serde(default)]
    name: String,
    dword: Option<u32>,
    sz: Option<String>,
    expand_sz: Option<String>,
    multi_sz: Option<Vec<String>>,
    binary: Option<String>,
}

/// A key, or one of its values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistryName {
    key: String,
    name: Option<String>,
}

/// What is otherwise about a service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceChange {
    name: String,
    start: Option<StartName>,
    account: Option<String>,
    program: Option<String>,
}

/// When a service starts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StartName {
    /// 2.
    Auto,
    /// 3.
    Demand,
    /// 4.
    Disabled,
}

/// A service of somebody else.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewService {
    name: String,
    display: String,
    path: String,
    start: StartName,
    #[serde(default)]
    listens: Vec<u16>,
    /// After an unexpected end the service is started again.
    restarts_after: Option<Span>,
}

/// A program of somebody else.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProgram {
    path: String,
    #[serde(default)]
    listens: Vec<u16>,
    /// The task scheduler starts it with the machine.
    #[serde(default)]
    at_boot: bool,
}

/// What is wrong with the certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CertificateChange {
    /// There is none.
    Missing,
    /// Its time ends that long after machine time zero.
    ExpiresIn(Span),
    /// Its time ended that many days before machine time zero.
    ExpiredDays(i64),
    /// Its bytes were changed: the signature does not fit.
    Damaged,
    /// It belongs to another key than the one in the container.
    OtherKey,
}

/// What is wrong with the key.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyChange {
    /// There is no file.
    Missing,
    /// The file holds no key.
    Damaged,
}

/// A descriptor for a path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityChange {
    path: String,
    sddl: String,
}

/// A file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFile {
    path: String,
    text: String,
}

/// What is otherwise about a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleChange {
    id: String,
    active: Option<bool>,
    /// The whole rule, when it is a new one.
    rule: Option<String>,
}

/// A setting of a profile, `PublicProfile`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileChange {
    profile: String,
    name: String,
    dword: u32,
}

/// A domain and what its policies write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainChange {
    name: String,
    controller: String,
    #[serde(default = "yes")]
    reachable: bool,
    #[serde(default)]
    channel: Channel,
    #[serde(default)]
    policy: Vec<RegistryValue>,
}

/// What is otherwise about the first network interface.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterfaceChange {
    enabled: Option<bool>,
    /// A static address, which nobody routes.
    address: Option<std::net::Ipv4Addr>,
    /// A name server set by hand.
    dns: Option<std::net::Ipv4Addr>,
    /// It asks for an address and has none.
    #[serde(default)]
    self_assigned: bool,
    /// Nobody hands out addresses.
    #[serde(default)]
    no_server: bool,
    /// The adapter is gone, and nothing of it is left.
    #[serde(default)]
    removed: bool,
}

/// An element of an object of the boot store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BootElement {
    /// `bootmgr`, `emssettings`, `loader`.
    object: String,
    /// `ems`, `safeboot`, …
    element: String,
    /// What it is set to, as bcdedit takes it; for a device `gone`. Without one the element is removed.
    value: Option<String>,
}

/// The disk of a machine that does not start or cannot be reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttachedDisk {
    #[serde(default)]
    bios: bool,
    profile: Option<String>,
    /// Somebody brought it online.
    #[serde(default)]
    online: bool,
    /// It is encrypted with BitLocker, and this is its recovery password.
    recovery_password: Option<String>,
    /// Name of the file with its external key.
    key_file: Option<String>,
    /// Somebody works on it: a file of it is open.
    #[serde(default)]
    in_use: bool,
    /// What is otherwise about the machine it was taken from.
    #[serde(default)]
    world: Vec<Change>,
}

/// An event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoggedEvent {
    log: String,
    provider: String,
    id: u32,
    /// How long before machine time zero.
    ago: Span,
    #[serde(default)]
    data: Vec<String>,
    /// How often, one a second.
    #[serde(default = "once")]
    times: u32,
    /// It is written right after the first boot instead.
    #[serde(default)]
    after_boot: bool,
}

/// A machine beside this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neighbour {
    /// Its name.
    name: String,
    profile: Option<String>,
    /// What is otherwise about it.
    #[serde(default)]
    world: Vec<Change>,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    name: String,
    password: Option<String>,
    enabled: Option<bool>,
    /// Belongs to Administrators.
    administrator: Option<bool>,
    /// Too many wrong passwords were tried.
    #[serde(default)]
    locked: bool,
}

impl Change {
    /// Changes `world`.
    ///
    /// # Errors
    /// Why it cannot be done, as text.
    pub(super) fn apply(&self, world: &mut World) -> Result<(), String> {
        match self {
            Self::Registry(value) => {
                let data = value.data()?;
                let key = world.registry.create(&value.key).ok_or_else(|| no_key(&value.key))?;
                key.set(&value.name, data);
            }
            Self::RegistryDelete(name) => remove(world, name)?,
            Self::Service(change) => change.apply(world)?,
            Self::NewService(service) => service.apply(world),
            Self::Program(program) => program.apply(world),
            Self::StopService(name) => {
                known_service(world, name)?;
                world.incidents.push(Incident::Stop(name.clone()));
            }
            Self::Launch(path) => world.incidents.push(Incident::Launch(path.clone())),
            Self::Certificate(change) => change.apply(world)?,
            Self::Key(change) => change.apply(world)?,
            Self::Security(change) => change.apply(world)?,
            Self::File(file) => {
                let now = world.wall_time();
                plant_program(&mut world.files, &file.path, now);
                let node = world.files.look_mut(&WinPath::new(&file.path));
                let node = node.ok_or_else(|| format!("`{}` cannot be made", file.path))?;
                node.body = Body::File(file.text.clone().into_bytes().into());
            }
            Self::FirewallRule(change) => change.apply(world)?,
            Self::FirewallProfile(change) => {
                let key = format!(r"{POLICY}\{}", change.profile);
                world
                    .registry
                    .key_mut(&key)
                    .ok_or_else(|| no_key(&key))?
                    .set(&change.name, Data::Dword(change.dword));
            }
            Self::Domain(change) => change.apply(world)?,
            Self::Interface(change) => change.apply(world)?,
            Self::User(change) => change.apply(world),
            Self::DamagedVolume(letter) => {
                world.files.drive_mut(*letter).ok_or("there is no such drive")?.damaged = true;
            }
            Self::DamagedStore => world.components.store_damaged = true,
            Self::NoWindowsUpdate => world.components.update_unreachable = true,
            Self::Event(event) => event.apply(world),
            Self::Neighbour(neighbour) => neighbour.apply(world)?,
            Self::BootStore(element) => element.apply(world)?,
            Self::AfterBoot(element) => {
                let (object, element, data) = element.parsed()?;
                world.incidents.push(Incident::BootStore(object.to_owned(), element.name, data));
            }
            Self::RegistryAfterBoot(value) => {
                let data = value.data()?;
                world.incidents.push(Incident::Registry(value.key.clone(), value.name.clone(), data));
            }
            Self::DeleteFile(path) => {
                let path = WinPath::new(path);
                world.files.cut(&path).map_err(|error| format!("`{path}`: {error}"))?;
            }
            Self::AttachedDisk(disk) => disk.apply(world)?,
            Self::Unguard(name) => {
                known_service(world, name)?;
                world.unguarded.push(name.clone());
            }
            Self::Held(value) => {
                let data = value.data()?;
                world.registry.set(&value.key, &value.name, data.clone());
                world.held.push(PolicyValue { key: value.key.clone(), name: value.name.clone(), data });
            }
        }
        Ok(())
    }
}

impl BootElement {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let (object, element, data) = self.parsed()?;
        let store = world.registry.key_mut(boot_store::LIVE).ok_or("there is no boot store")?;
        match data {
            Some(data) => boot_store::set(store, object, element.name, data),
            None => boot_store::delete(store, object, element.name),
        };
        Ok(())
    }

    /// Object, element and what it is set to.
    fn parsed(&self) -> Result<(&'static str, boot_store::Element, Option<Data>), String> {
        let object = match self.object.as_str() {
            "bootmgr" => boot_store::BOOT_MANAGER,
            "emssettings" => boot_store::EMS_SETTINGS,
            "loader" => boot_store::LOADER,
            other => return Err(format!("`{other}` is none of bootmgr, emssettings, loader")),
        };
        let element = boot_store::Element::named(&self.element)
            .ok_or_else(|| format!("`{}` is no element", self.element))?;
        let Some(value) = &self.value else { return Ok((object, element, None)) };
        let data = match element.form() {
            Form::Device if value == "gone" => boot_store::volume(0xdead_0000),
            Form::Flag => boot_store::flag(matches!(value.as_str(), "yes" | "on")),
            Form::Number => boot_store::number(
                element
                    .value_of(value)
                    .ok_or_else(|| format!("`{value}` is no value of {}", self.element))?,
            ),
            Form::Text | Form::Object => Data::Sz(value.clone()),
            Form::Device | Form::Objects => return Err(format!("`{value}` is not for {}", self.element)),
        };
        Ok((object, element, Some(data)))
    }
}

impl AttachedDisk {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let os = match self.profile.as_deref() {
            Some(year) => Os::from_year(year).ok_or_else(|| format!("`{year}` is no profile"))?,
            None => world.os,
        };
        let mut machine = World::installed(os, world.language);
        machine.prepare_as_donor(if self.bios { Firmware::Bios } else { Firmware::Uefi });
        for change in &self.world {
            change.apply(&mut machine)?;
        }
        let mut disk = Disk::taken_from(machine);
        if let Some(password) = &self.recovery_password {
            disk.encrypt(password, self.key_file.as_deref());
        }
        world.disks.push(disk);
        if self.online {
            let number = world.disks.len() - 1;
            world.bring_online(number).map_err(|error| format!("{error:?}"))?;
            if self.in_use {
                let letter = world.disks[number].partitions.iter().find_map(|own| own.letter).unwrap_or('E');
                let hive = WinPath::new(&format!(r"{letter}:\Windows\System32\config\SYSTEM"));
                world.files.look_mut(&hive).ok_or("the disk has no hive")?.in_use = true;
            }
        }
        Ok(())
    }
}

impl LoggedEvent {
    fn apply(&self, world: &mut World) {
        for number in 0..self.times {
            let ago = self.ago.0.saturating_sub(Duration::from_secs(u64::from(number)));
            let event = Event {
                log: self.log.clone(),
                record: 0,
                provider: self.provider.clone(),
                id: self.id,
                level: Level::Error,
                time: world.epoch - ago,
                data: self.data.clone(),
                message: self.data.join(" "),
            };
            if self.after_boot {
                world.incidents.push(Incident::Event(event));
            } else {
                world.events.append(event);
            }
        }
    }
}

impl Neighbour {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let os = match self.profile.as_deref() {
            Some(year) => Os::from_year(year).ok_or_else(|| format!("`{year}` is no profile"))?,
            None => world.os,
        };
        let mut machine = World::installed(os, world.language);
        machine.computer.clone_from(&self.name);
        for change in &self.world {
            change.apply(&mut machine)?;
        }
        machine.boot();
        world.neighbours.push(SharedWorld::new(machine));
        Ok(())
    }
}

impl RegistryValue {
    fn data(&self) -> Result<Data, String> {
        let given = [
            self.dword.map(Data::Dword),
            self.sz.clone().map(Data::Sz),
            self.expand_sz.clone().map(Data::ExpandSz),
            self.multi_sz.clone().map(Data::MultiSz),
            self.binary.as_deref().map(hex_bytes).transpose()?.map(Data::Binary),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(data), None) => Ok(data),
            _ => Err(format!(
                r"`{}\{}` needs one of dword, sz, expand_sz, multi_sz, binary",
                self.key, self.name
            )),
        }
    }
}

impl ServiceChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        known_service(world, &self.name)?;
        let key = format!(r"{SERVICES}\{}", self.name);
        if let Some(start) = self.start {
            world.registry.set(&key, "Start", Data::Dword(start.number()));
        }
        if let Some(account) = &self.account {
            world.registry.set(&key, "ObjectName", Data::Sz(account.clone()));
        }
        if let Some(program) = &self.program {
            world.registry.set(&key, "ImagePath", Data::ExpandSz(program.clone()));
        }
        Ok(())
    }
}

impl StartName {
    fn number(self) -> u32 {
        match self {
            Self::Auto => 2,
            Self::Demand => 3,
            Self::Disabled => 4,
        }
    }
}

impl NewService {
    fn apply(&self, world: &mut World) {
        NewProgram { path: self.path.clone(), listens: self.listens.clone(), at_boot: false }.apply(world);
        let key = format!(r"{SERVICES}\{}", self.name);
        for (name, data) in [
            ("DisplayName", Data::Sz(self.display.clone())),
            ("ErrorControl", Data::Dword(1)),
            ("ImagePath", Data::ExpandSz(format!("\"{}\"", self.path))),
            ("ObjectName", Data::Sz("LocalSystem".to_owned())),
            ("Start", Data::Dword(self.start.number())),
            ("Type", Data::Dword(0x10)),
        ] {
            world.registry.set(&key, name, data);
        }
        if let Some(after) = self.restarts_after {
            let delay = after.0.as_millis() as u32;
            let numbers = [86_400, 0, 0, 1, 0x14, 1, delay];
            let bytes = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
            world.registry.set(&key, "FailureActions", Data::Binary(bytes));
        }
    }
}

impl NewProgram {
    fn apply(&self, world: &mut World) {
        let now = world.wall_time();
        plant_program(&mut world.files, &self.path, now);
        world.programs.push(Program {
            path: self.path.clone(),
            listens: self.listens.iter().map(|port| (Protocol::Tcp, *port)).collect(),
            autostart: if self.at_boot { Autostart::AtBoot } else { Autostart::No },
        });
    }
}

impl CertificateChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let old = world.listener_certificate().ok_or("there is no certificate to change")?;
        let certificate = &old.certificate;
        world.registry.remove(&format!(r"{}\{}", certificates::store_path(REMOTE_DESKTOP), old.thumbprint));
        match self {
            Self::Missing => {}
            Self::ExpiresIn(span) => {
                let end = world.epoch.checked_add(span.0).map_err(|error| error.to_string())?;
                world.issue_certificate(&certificate.modulus, certificate.not_before, end);
            }
            Self::ExpiredDays(days) => {
                let end = world.epoch - Duration::from_hours(24 * days.unsigned_abs());
                let start = end - Duration::from_hours(24 * 182);
                world.issue_certificate(&certificate.modulus, start, end);
            }
            Self::OtherKey => {
                let other = modulus(&key_bytes(b"another machine")).unwrap_or_default();
                world.issue_certificate(&other, certificate.not_before, certificate.not_after);
            }
            Self::Damaged => put_damaged(world, &old),
        }
        Ok(())
    }
}

/// One byte of the public key is another, which keeps the certificate readable and makes its signature wrong. Its name
/// in the store is that of the bytes as they are now.
fn put_damaged(world: &mut World, old: &Stored) {
    let mut der = old.certificate.der.clone();
    let modulus = &old.certificate.modulus;
    if let Some(at) = der.windows(modulus.len()).position(|window| window == modulus.as_slice()) {
        der[at + 17] ^= 0x40;
    }
    let key = old.key.as_ref().map(|(container, provider)| (container.as_str(), provider.as_str()));
    certificates::add(&mut world.registry, REMOTE_DESKTOP, &der, key);
}

impl KeyChange {
    fn apply(self, world: &mut World) -> Result<(), String> {
        let path = key_path(world)?;
        match self {
            Self::Missing => {
                let folder = path.parent().and_then(|folder| world.files.look_mut(&folder));
                folder.and_then(|folder| folder.take(path.name())).ok_or("there is no key to remove")?;
            }
            Self::Damaged => {
                let node = world.files.look_mut(&path).ok_or("there is no key to damage")?;
                node.body = Body::File(vec![0; 2311].into());
            }
        }
        Ok(())
    }
}

impl SecurityChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let path = if self.path == "{key}" { key_path(world)? } else { WinPath::new(&self.path) };
        let parsed = sddl::parse(&self.sddl, Sid::system()).map_err(|error| error.to_string())?;
        let node = world.files.look_mut(&path).ok_or_else(|| format!("there is no `{path}`"))?;
        node.security = parsed;
        if node.kind() == ObjectKind::Folder {
            node.propagate();
        }
        Ok(())
    }
}

impl RuleChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        if let Some(text) = &self.rule {
            let rule = firewall::Rule::parse(&self.id, text).ok_or("the rule cannot be read")?;
            firewall::write(&mut world.registry, &rule);
        }
        let mut rule = firewall::rules(&world.registry)
            .into_iter()
            .find(|rule| rule.id == self.id)
            .ok_or_else(|| format!("there is no rule `{}`", self.id))?;
        if let Some(active) = self.active {
            rule.set("Active", &[if active { "TRUE" } else { "FALSE" }.to_owned()]);
        }
        firewall::write(&mut world.registry, &rule);
        Ok(())
    }
}

impl DomainChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        let values = self
            .policy
            .iter()
            .map(|value| {
                Ok(PolicyValue { key: value.key.clone(), name: value.name.clone(), data: value.data()? })
            })
            .collect::<Result<Vec<_>, String>>()?;
        world.network.domain_suffix.clone_from(&self.name);
        let tcpip = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
        world.registry.set(tcpip, "Domain", Data::Sz(self.name.clone()));
        let history = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History";
        world.registry.set(history, "MachineDomain", Data::Sz(self.name.clone()));
        // Joining a domain makes Netlogon start by itself.
        world.registry.set(&format!(r"{SERVICES}\Netlogon"), "Start", Data::Dword(2));
        world.domain = Some(Domain {
            name: self.name.clone(),
            controller: self.controller.clone(),
            reachable: self.reachable,
            channel: self.channel,
            values,
        });
        Ok(())
    }
}

impl InterfaceChange {
    fn apply(&self, world: &mut World) -> Result<(), String> {
        if self.removed {
            world.remove_interface();
            return Ok(());
        }
        let interface = world.network.interfaces.first_mut().ok_or("there is no interface")?;
        if let Some(enabled) = self.enabled {
            interface.enabled = enabled;
        }
        if let Some(address) = self.address {
            interface.source = AddressSource::Static;
            interface.address = address;
        }
        if let Some(server) = self.dns {
            interface.static_dns = vec![server];
        }
        if self.no_server {
            interface.lease = None;
            // Name servers came with the lease.
            interface.dns.clear();
        }
        if self.self_assigned {
            interface.lose_lease();
        }
        world.keep_interfaces();
        Ok(())
    }
}

impl UserChange {
    fn apply(&self, world: &mut World) {
        let next = 1000 + world.accounts.users.len() as u32;
        if world.accounts.user(&self.name).is_none() {
            world.accounts.users.push(User {
                name: self.name.clone(),
                rid: next,
                full_name: String::new(),
                comment: String::new(),
                password: String::new(),
                enabled: true,
                failures: 0,
            });
        }
        let Some(user) = world.accounts.user_mut(&self.name) else { return };
        if let Some(password) = &self.password {
            user.password.clone_from(password);
        }
        user.enabled = self.enabled.unwrap_or(user.enabled);
        if self.locked {
            user.failures = u32::MAX;
        }
        let groups = world.accounts.groups.iter_mut();
        for group in groups.filter(|group| group.sid == Sid::administrators()) {
            match self.administrator {
                Some(true) if !group.members.contains(&self.name) => group.members.push(self.name.clone()),
                Some(false) => group.members.retain(|own| *own != self.name),
                _ => {}
            }
        }
    }
}

fn remove(world: &mut World, name: &RegistryName) -> Result<(), String> {
    let removed = match &name.name {
        Some(value) => world.registry.remove_value(&name.key, value),
        None => world.registry.remove(&name.key).is_some(),
    };
    if removed { Ok(()) } else { Err(no_key(&name.key)) }
}

fn known_service(world: &World, name: &str) -> Result<(), String> {
    match world.registry.key(&format!(r"{SERVICES}\{name}")) {
        Some(_) => Ok(()),
        None => Err(format!("there is no service `{name}`")),
    }
}

fn key_path(world: &World) -> Result<WinPath, String> {
    world.key_file(RDP_CONTAINER).ok_or_else(|| "the machine has no GUID".to_owned())
}

fn no_key(key: &str) -> String {
    format!("there is no key `{key}`")
}

fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("`{text}` are no hex digits");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong()))
        .collect()
}

fn once() -> u32 {
    1
}

fn yes() -> bool {
    true
}
