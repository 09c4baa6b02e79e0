//! What `i`, `id`, `k`, `l`, `r`, `m`, `s` and `d` look up and change in Windows.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::command::{AddressChange, Command, WrongPart};
use super::{Sacdrv, messages, xml};
use crate::sim::windows::network::{AddressSource, Interface};
use crate::sim::windows::processes::Pid;
use crate::sim::windows::{SharedWorld, World};

/// STATUS_INVALID_CID: there is no such process.
const NO_SUCH_PROCESS: u32 = 0xC000_000B;
/// STATUS_ACCESS_DENIED.
const ACCESS_DENIED: u32 = 0xC000_0022;

impl Sacdrv {
    pub(super) fn answer(&mut self, command: &Command, world: &SharedWorld) {
        let mut guard = world.lock();
        let world = &mut *guard;
        let text = match command {
            Command::Identify => identify(world),
            Command::Addresses(words) if words.is_empty() => addresses(world),
            Command::Addresses(words) => set_address(world, words),
            Command::Kill(pid) => with_pid(*pid, |pid| kill(world, pid)),
            Command::Lower(pid) => with_pid(*pid, |pid| {
                if world.processes.by_pid(pid).is_none() {
                    return messages::NOT_LOWERED.to_owned() + &failed(NO_SUCH_PROCESS);
                }
                self.lowered.insert(pid);
                messages::LOWERED.to_owned()
            }),
            Command::Raise(pid) => with_pid(*pid, |pid| {
                if world.processes.by_pid(pid).is_none() {
                    return messages::NOT_RAISED.to_owned() + &failed(NO_SUCH_PROCESS);
                }
                let text = if self.lowered.remove(&pid) { messages::RAISED } else { messages::NEVER_LOWERED };
                text.to_owned()
            }),
            Command::LimitMemory(None) => messages::WRONG_PARAMETER.to_owned(),
            Command::LimitMemory(Some((pid, _))) => match world.processes.by_pid(*pid) {
                Some(_) => messages::LIMITED.to_owned(),
                None => messages::NOT_LIMITED.to_owned() + &failed(NO_SUCH_PROCESS),
            },
            Command::Time(None) => time(world),
            Command::Time(Some(text)) => set_time(world, text),
            _ => String::new(),
        };
        drop(guard);
        self.put(&text);
    }
}

/// The kernel's log of what it loaded. invented: the form of its lines is not known.
pub(in crate::sim) fn kernel_log(world: &World) -> Vec<String> {
    let drivers =
        ["ntoskrnl.exe", "hal.dll", "ACPI.sys", "storport.sys", "Ntfs.sys", "tcpip.sys", "sacdrv.sys"];
    let mut lines = vec![format!("{} {}\r\n", world.os.product_name(), world.os.full_version())];
    lines.extend(drivers.map(|name| format!("KRNL: Loading \\SystemRoot\\System32\\drivers\\{name}\r\n")));
    lines
}

fn with_pid(pid: Option<Pid>, act: impl FnOnce(Pid) -> String) -> String {
    pid.map_or_else(|| messages::WRONG_PARAMETER.to_owned(), act)
}

fn failed(status: u32) -> String {
    format!("{}{status:X}.\r\n", messages::FAILED_WITH_STATUS)
}

fn identify(world: &World) -> String {
    let up = world.uptime().as_secs();
    let rows = [
        ("Computer Name", world.computer.clone()),
        (
            "Computer GUID",
            xml::machine_guid(world).unwrap_or_else(|| "00000000-0000-0000-0000-000000000000".to_owned()),
        ),
        ("Processor Architecture", "AMD64".to_owned()),
        ("Version Number", "10.0".to_owned()),
        ("Build Number", world.os.build().to_string()),
        ("Product", world.os.product_name()),
        ("Applied Service Pack", "None".to_owned()),
        ("Time since last reboot", format!("{}:{:02}:{:02}", up / 3600, up / 60 % 60, up % 60)),
    ];
    rows.map(|(label, value)| format!("{label:>24}: {value}\r\n")).concat()
}

/// IPv6 lines have neither subnet nor gateway on today's Windows (authors of software that reads them).
fn addresses(world: &World) -> String {
    let mut text = messages::RETRIEVING_ADDRESSES.to_owned();
    let enabled: Vec<&Interface> =
        world.network.interfaces.iter().filter(|interface| interface.enabled).collect();
    if enabled.is_empty() {
        return text + messages::NO_ADDRESSES;
    }
    for interface in enabled {
        let gateway = interface.gateway.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let _ = write!(
            text,
            "Net: {}, Ip={}  Subnet={}  Gateway={gateway}\r\n",
            interface.index, interface.address, interface.mask
        );
        let _ = write!(text, "Net: {}, Ip={}\r\n", interface.index, link_local(interface.mac));
    }
    text
}

/// The address that an interface makes of its hardware address (RFC 4291, appendix A).
fn link_local(mac: [u8; 6]) -> Ipv6Addr {
    let half = |high: u8, low: u8| u16::from_be_bytes([high, low]);
    let parts = [half(mac[0] ^ 2, mac[1]), half(mac[2], 0xff), half(0xfe, mac[3]), half(mac[4], mac[5])];
    Ipv6Addr::new(0xfe80, 0, 0, 0, parts[0], parts[1], parts[2], parts[3])
}

fn set_address(world: &mut World, words: &[String]) -> String {
    let change = match AddressChange::parse(words) {
        Ok(change) => change,
        Err(WrongPart::Interface) => return messages::NO_INTERFACE.to_owned(),
        Err(WrongPart::Address) => return messages::WRONG_ADDRESS.to_owned(),
        Err(WrongPart::Mask) => return messages::WRONG_MASK.to_owned(),
        Err(WrongPart::Gateway) => return messages::WRONG_GATEWAY.to_owned(),
    };
    let found = world.network.interfaces.iter_mut().find(|interface| interface.index == change.interface);
    let Some(interface) = found else {
        return messages::ADDRESS_NOT_SET.to_owned() + &failed(0xC000_000D);
    };
    interface.source = AddressSource::Static;
    interface.address = change.address;
    interface.mask = change.mask;
    interface.gateway = Some(change.gateway);
    world.keep_interfaces();
    messages::ADDRESS_SET.to_owned()
}

fn kill(world: &mut World, pid: Pid) -> String {
    match world.processes.by_pid(pid) {
        None => messages::NOT_KILLED.to_owned() + &failed(NO_SUCH_PROCESS),
        Some(process) if process.critical => messages::NOT_KILLED.to_owned() + &failed(ACCESS_DENIED),
        Some(_) => {
            world.processes.remove(pid);
            messages::KILLED.to_owned()
        }
    }
}

fn time(world: &World) -> String {
    let now = world.wall_time().to_zoned(TimeZone::UTC);
    format!(
        "Date: {:02}/{:02}/{:02}  Time (GMT): {:02}:{:02}:{:02}:{:04}\r\n",
        now.month(),
        now.day(),
        now.year(),
        now.hour(),
        now.minute(),
        now.second(),
        now.millisecond()
    )
}

fn set_time(world: &mut World, text: &str) -> String {
    let numbers: Option<Vec<i16>> = text.split(['/', ' ', ':']).map(|part| part.parse().ok()).collect();
    let Some([month, day, year, hour, minute]) = numbers.as_deref() else {
        return messages::WRONG_PARAMETER.to_owned();
    };
    if !(1980..=2099).contains(year) {
        return messages::YEAR_RESTRICTED.to_owned();
    }
    let small = |number: i16| i8::try_from(number).unwrap_or(-1);
    let wanted = DateTime::new(*year, small(*month), small(*day), small(*hour), small(*minute), 0, 0)
        .and_then(|wanted| wanted.to_zoned(TimeZone::UTC));
    let Ok(wanted) = wanted else {
        return messages::WRONG_PARAMETER.to_owned();
    };
    let shift = wanted.timestamp().duration_since(world.wall_time());
    if let Ok(epoch) = world.epoch.checked_add(shift) {
        world.epoch = epoch;
    }
    time(world)
}
