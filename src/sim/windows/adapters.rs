//! What the registry keeps about network adapters: name, device, address. Windows reads it when an adapter starts.

use std::net::Ipv4Addr;

use super::World;
use super::certificates::hex;
use super::network::{AddressSource, Interface};
use super::registry::{Data, Registry};

/// Where connections are named, by their GUIDs.
pub const CONNECTIONS: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Control\Network\{4D36E972-E325-11CE-BFC1-08002BE10318}";
/// Where their addresses are.
pub const ADDRESSES: &str = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces";
const DEVICES: &str = r"HKLM\SYSTEM\CurrentControlSet\Enum";
/// `CONFIGFLAG_DISABLED`: somebody disabled the device.
const DISABLED: u32 = 1;

/// The GUID of an interface, made of its hardware address so that it is always the same.
pub fn guid(interface: &Interface) -> String {
    let mac: String = hex(&interface.mac, "").to_uppercase();
    format!("{{5B0F3C1E-7D5E-4B0E-9A51-{mac}}}")
}

fn device(interface: &Interface) -> String {
    let mac: String = hex(&interface.mac, "").to_lowercase();
    format!(r"VMBUS\{{f8615163-df3e-46c5-913f-f2d2f965ed0e}}\{{{}-{}-4b0e-9a51-{mac}}}", &mac[..8], &mac[8..])
}

/// Writes what the registry keeps about an interface.
fn write(registry: &mut Registry, interface: &Interface) {
    let guid = guid(interface);
    let device = device(interface);
    let connection = format!(r"{CONNECTIONS}\{guid}\Connection");
    registry.set(&connection, "Name", Data::Sz(interface.name.clone()));
    registry.set(&connection, "PnPInstanceId", Data::Sz(device.clone()));
    let flags = if interface.enabled { 0 } else { DISABLED };
    registry.set(&format!(r"{DEVICES}\{device}"), "ConfigFlags", Data::Dword(flags));
    registry.set(&format!(r"{DEVICES}\{device}"), "FriendlyName", Data::Sz(interface.description.clone()));
    let key = format!(r"{ADDRESSES}\{guid}");
    let is_static = interface.source == AddressSource::Static;
    registry.set(&key, "EnableDHCP", Data::Dword(u32::from(!is_static)));
    let one = |address: Ipv4Addr| Data::MultiSz(vec![address.to_string()]);
    if is_static {
        registry.set(&key, "IPAddress", one(interface.address));
        registry.set(&key, "SubnetMask", one(interface.mask));
        let gateway = interface.gateway.map(|gateway| vec![gateway.to_string()]).unwrap_or_default();
        registry.set(&key, "DefaultGateway", Data::MultiSz(gateway));
    } else if let Some(key) = registry.key_mut(&key) {
        for name in ["IPAddress", "SubnetMask", "DefaultGateway"] {
            key.remove_value(name);
        }
    }
    let servers: Vec<String> = interface.static_dns.iter().map(Ipv4Addr::to_string).collect();
    registry.set(&key, "NameServer", Data::Sz(servers.join(",")));
}

impl World {
    /// Makes the registry say what the interfaces are.
    pub fn keep_interfaces(&mut self) {
        for interface in &self.network.interfaces {
            write(&mut self.registry, interface);
        }
    }

    /// Takes the first interface out of the machine, with all that the registry keeps about it.
    pub fn remove_interface(&mut self) {
        if self.network.interfaces.is_empty() {
            return;
        }
        let interface = self.network.interfaces.remove(0);
        let (guid, device) = (guid(&interface), device(&interface));
        for key in
            [format!(r"{CONNECTIONS}\{guid}"), format!(r"{ADDRESSES}\{guid}"), format!(r"{DEVICES}\{device}")]
        {
            self.registry.remove(&key);
        }
    }

    /// Makes the interfaces what the registry says, as at boot.
    pub(super) fn read_interfaces(&mut self) {
        for interface in &mut self.network.interfaces {
            let key = format!(r"{ADDRESSES}\{}", guid(interface));
            let registry = &self.registry;
            let flags = registry.dword(&format!(r"{DEVICES}\{}", device(interface)), "ConfigFlags");
            interface.enabled = flags.unwrap_or(0) & DISABLED == 0;
            let one = |name: &str| match registry.value(&key, name) {
                Some(Data::MultiSz(texts)) => texts.first().and_then(|text| text.parse::<Ipv4Addr>().ok()),
                _ => None,
            };
            if registry.dword(&key, "EnableDHCP") == Some(0) {
                interface.source = AddressSource::Static;
                interface.address = one("IPAddress").unwrap_or(Ipv4Addr::UNSPECIFIED);
                interface.mask = one("SubnetMask").unwrap_or(Ipv4Addr::UNSPECIFIED);
                interface.gateway = one("DefaultGateway");
            } else {
                interface.source = AddressSource::Dhcp;
                interface.lose_lease();
            }
            let servers = registry.text(&key, "NameServer").unwrap_or_default();
            interface.static_dns = servers.split(',').filter_map(|text| text.parse().ok()).collect();
        }
    }

    /// Asks for a lease where that is due and somebody is there to ask.
    pub fn ask_for_leases(&mut self) {
        if self.services.is_running("Dhcp") {
            self.network.renew_leases();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    #[test]
    fn what_is_kept_is_read_at_boot() {
        let mut world = World::healthy(Os::Server2022, Language::KoKr);
        world.network.interfaces[0].source = AddressSource::Static;
        world.network.interfaces[0].address = Ipv4Addr::new(192, 168, 7, 7);
        world.keep_interfaces();
        let kept = world.network.clone();
        world.boot();
        assert_eq!(world.network.interfaces, kept.interfaces);
        world.registry.set(
            &format!(r"{ADDRESSES}\{}", guid(&kept.interfaces[0])),
            "EnableDHCP",
            Data::Dword(1),
        );
        world.boot();
        assert_eq!(world.network.interfaces[0].address, Ipv4Addr::new(10, 0, 0, 4));
    }
}
