//! TCP segments out of a capture of a network (pcap, pcapng): `tcpdump -w`, Wireshark.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::recording::ReadError;

/// A segment as it went by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Since 1970.
    pub(super) at: Duration,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// Number of its first byte.
    pub(super) sequence: u32,
    /// Its sender opens the connection, or answers that.
    pub(super) opens: bool,
    /// It carries an answer to what the other side sent.
    pub(super) acknowledges: bool,
    pub(super) data: Vec<u8>,
}

/// The buffer of the reader; a packet that is larger makes it grow.
const BUFFER: usize = 256 * 1024;
/// Links whose packets begin with something short before the IP header: type, length of that, place of the protocol.
const COOKED: [(Linktype, usize, usize); 2] = [(Linktype(113), 16, 14), (Linktype(276), 20, 0)];

/// How an interface was captured.
struct Interface {
    link: Linktype,
    resolution: u64,
    offset: i64,
}

/// Hands every TCP segment of a capture to `take`. A capture whose end is torn ends there.
///
/// # Errors
/// [`ReadError::Capture`]
pub(super) fn segments(
    input: impl Read + Send + 'static,
    mut take: impl FnMut(Segment),
) -> Result<(), ReadError> {
    let broken = |error: &dyn std::fmt::Display| ReadError::Capture(error.to_string());
    let mut reader = create_reader(BUFFER, input).map_err(|error| broken(&error))?;
    let mut interfaces: Vec<Interface> = Vec::new();
    // Files of the old kind say once how fine their times are.
    let mut nanoseconds = false;
    let mut starving = false;
    loop {
        match reader.next() {
            Ok((size, block)) => {
                starving = false;
                let packet = match &block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        nanoseconds = header.is_nanosecond_precision();
                        interfaces = vec![Interface { link: header.network, resolution: 0, offset: 0 }];
                        None
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let scale = if nanoseconds { 1 } else { 1000 };
                        let fine = Duration::from_nanos(u64::from(packet.ts_usec) * scale);
                        Some((Duration::from_secs(packet.ts_sec.into()) + fine, 0, packet.data))
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                        interfaces.clear();
                        None
                    }
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        interfaces.push(Interface {
                            link: interface.linktype,
                            resolution: interface.ts_resolution().unwrap_or(1_000_000).max(1),
                            offset: interface.if_tsoffset,
                        });
                        None
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let interface = packet.if_id as usize;
                        let data = &packet.data[..packet.data.len().min(packet.caplen as usize)];
                        interfaces
                            .get(interface)
                            .map(|known| (since_1970(known, packet.ts_high, packet.ts_low), interface, data))
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(packet)) => Some((Duration::ZERO, 0, packet.data)),
                    PcapBlockOwned::NG(_) => None,
                };
                if let Some((at, interface, data)) = packet
                    && let Some(known) = interfaces.get(interface)
                    && let Some(segment) = segment(at, known.link, data)
                {
                    take(segment);
                }
                reader.consume(size);
            }
            // The end, also in the middle of a packet: what came before is good.
            Err(PcapError::Eof | PcapError::UnexpectedEof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                if starving {
                    return Ok(());
                }
                reader.refill().map_err(|error| broken(&error))?;
                starving = reader.reader_exhausted();
            }
            Err(error) => return Err(broken(&error)),
        }
    }
}

fn since_1970(interface: &Interface, high: u32, low: u32) -> Duration {
    let units = (u64::from(high) << 32) | u64::from(low);
    let seconds = (units / interface.resolution).saturating_add_signed(interface.offset);
    let rest = u128::from(units % interface.resolution) * 1_000_000_000 / u128::from(interface.resolution);
    Duration::from_secs(seconds) + Duration::from_nanos(rest as u64)
}

/// The TCP segment of a packet, when it is one.
fn segment(at: Duration, link: Linktype, packet: &[u8]) -> Option<Segment> {
    let sliced = match link {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok()?,
        // The loopback of BSD: a number for the family, then IP.
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(packet.get(4..)?).ok()?,
        other => match COOKED.iter().find(|(known, ..)| *known == other) {
            Some((_, length, place)) => {
                let protocol = [*packet.get(*place)?, *packet.get(place + 1)?];
                let kind = EtherType(u16::from_be_bytes(protocol));
                LaxSlicedPacket::from_ether_type(kind, packet.get(*length..)?)
            }
            None => LaxSlicedPacket::from_ip(packet).ok()?,
        },
    };
    let (from, to): (IpAddr, IpAddr) = match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        LaxNetSlice::Arp(_) => return None,
    };
    let TransportSlice::Tcp(tcp) = sliced.transport.as_ref()? else { return None };
    Some(Segment {
        at,
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        opens: tcp.syn(),
        acknowledges: tcp.ack(),
        // The length in the IP header counts: short Ethernet frames are padded.
        data: tcp.payload().to_vec(),
    })
}
