//! Network interfaces and their addresses.

use std::net::Ipv4Addr;

use super::World;

/// Where an interface's address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressSource {
    /// DHCP.
    Dhcp,
    /// Set by hand.
    Static,
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// `Ethernet`.
    pub name: String,
    /// The adapter's description.
    pub description: String,
    /// The number `netsh` and SAC show.
    pub index: u32,
    /// The hardware address.
    pub mac: [u8; 6],
    /// Switched on by the administrator.
    pub enabled: bool,
    /// DHCP or static.
    pub source: AddressSource,
    /// The IPv4 address.
    pub address: Ipv4Addr,
    /// The subnet mask.
    pub mask: Ipv4Addr,
    /// The default gateway.
    pub gateway: Option<Ipv4Addr>,
    /// Name servers of the lease.
    pub dns: Vec<Ipv4Addr>,
    /// Name servers set by hand; they come first.
    pub static_dns: Vec<Ipv4Addr>,
    /// What DHCP would hand out.
    pub lease: Option<Lease>,
}

/// What the DHCP server has for an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// The subnet mask.
    pub mask: Ipv4Addr,
    /// The default gateway.
    pub gateway: Ipv4Addr,
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
    /// The server.
    pub server: Ipv4Addr,
}

/// All interfaces and the names around them.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The interfaces.
    pub interfaces: Vec<Interface>,
    /// The primary DNS suffix, empty outside a domain.
    pub domain_suffix: String,
}

impl Interface {
    /// Whether it can carry traffic: switched on, with an address that is not self-assigned.
    pub fn is_up(&self) -> bool {
        // An address that the platform did not hand out is not routed.
        let is_known = self.lease.as_ref().is_none_or(|lease| lease.address == self.address);
        self.enabled && is_known && !self.address.is_link_local() && !self.address.is_unspecified()
    }

    /// Until somebody asks for a lease the interface gives itself an address.
    pub(in crate::sim) fn lose_lease(&mut self) {
        self.address = Ipv4Addr::new(169, 254, 83, 107);
        self.mask = Ipv4Addr::new(255, 255, 0, 0);
        self.gateway = None;
        self.dns.clear();
    }

    /// Asks the DHCP server, where the interface does so.
    fn renew(&mut self) {
        if self.source != AddressSource::Dhcp || !self.enabled {
            return;
        }
        let Some(lease) = self.lease.clone() else {
            self.lose_lease();
            return;
        };
        self.address = lease.address;
        self.mask = lease.mask;
        self.gateway = Some(lease.gateway);
        self.dns = lease.dns;
    }
}

impl Network {
    /// Whether any interface is up.
    pub fn is_up(&self) -> bool {
        self.interfaces.iter().any(Interface::is_up)
    }

    /// What the DHCP client does.
    pub(super) fn renew_leases(&mut self) {
        self.interfaces.iter_mut().for_each(Interface::renew);
    }
}

impl World {
    /// Lets the DHCP client ask for addresses again; false when it does not run.
    pub fn renew_addresses(&mut self) -> bool {
        let runs = self.services.is_running("Dhcp");
        if runs {
            self.network.renew_leases();
        }
        runs
    }

    /// Lets the DHCP client give a lease back: the interface has no address then. False when the client does not run.
    pub fn release_address(&mut self, name: &str) -> bool {
        let runs = self.services.is_running("Dhcp");
        let interface = self.network.interfaces.iter_mut().find(|own| own.name.eq_ignore_ascii_case(name));
        if let Some(interface) = interface.filter(|own| runs && own.source == AddressSource::Dhcp) {
            interface.address = Ipv4Addr::UNSPECIFIED;
            interface.mask = Ipv4Addr::UNSPECIFIED;
            interface.gateway = None;
            interface.dns.clear();
        }
        runs
    }
}
