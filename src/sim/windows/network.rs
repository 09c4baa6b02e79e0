//! Network interfaces and their addresses.

use std::net::Ipv4Addr;

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
    /// Name servers.
    pub dns: Vec<Ipv4Addr>,
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
