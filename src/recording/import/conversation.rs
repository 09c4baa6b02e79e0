//! The console's conversation in a capture: which one it is, which side is the console, and its bytes in order.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use super::capture::{Segment, segments};
use crate::recording::{Event, Kind, ReadError};
use crate::telnet::DataOf;

/// What only a Windows console says: it tells the console's side, and the conversation among others.
const CONSOLE_SAYS: [&[u8]; 4] =
    [b"SAC>", b"The CMD command is now available", b"<machine-info>", b"BdsDxe: "];
/// Bytes that wait for a segment before them until that one is given up: the capture missed it.
const MOST_WAITING: usize = 256 * 1024;

/// The console's events in a capture. `console` names its side (`HOST:PORT`, a host or a port) where it cannot be found.
///
/// # Errors
/// [`ReadError::Capture`], [`ReadError::NoConversation`]
pub(super) fn events(
    input: impl Read + Send + 'static,
    console: Option<&str>,
) -> Result<Vec<Event>, ReadError> {
    let mut talks = Talks::default();
    segments(input, |segment| talks.add(segment))?;
    talks.events(console)
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Flow {
    /// Number of the byte that comes next.
    next: Option<u32>,
    /// Segments behind a hole, by how far behind it.
    waiting: BTreeMap<u32, (Duration, Vec<u8>)>,
    said: Vec<(Duration, Said)>,
    opened: bool,
    answered: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Bytes(Vec<u8>),
    /// So many bytes are not in the capture.
    Missing(u32),
}

impl Flow {
    fn add(&mut self, segment: Segment) {
        if segment.opens {
            self.opened |= !segment.acknowledges;
            self.answered |= segment.acknowledges;
            // The opening itself has a number.
            self.next = Some(segment.sequence.wrapping_add(1));
        }
        if segment.data.is_empty() {
            return;
        }
        let next = *self.next.get_or_insert(segment.sequence);
        let ahead = segment.sequence.wrapping_sub(next);
        // The upper half is behind: sent again.
        if ahead > u32::MAX / 2 {
            let known = next.wrapping_sub(segment.sequence) as usize;
            if let Some(new) = segment.data.get(known..).filter(|new| !new.is_empty()) {
                self.say(segment.at, new.to_vec());
            }
        } else if ahead == 0 {
            self.say(segment.at, segment.data);
        } else {
            self.waiting.entry(segment.sequence).or_insert((segment.at, segment.data));
            if self.waiting.values().map(|(_, data)| data.len()).sum::<usize>() > MOST_WAITING {
                self.skip_hole();
            }
            return;
        }
        self.take_what_waits();
    }

    /// What waited for a segment comes when that one came, not before.
    fn say(&mut self, at: Duration, bytes: Vec<u8>) {
        self.next = self.next.map(|next| next.wrapping_add(bytes.len() as u32));
        let at = self.said.last().map_or(at, |(last, _)| at.max(*last));
        self.said.push((at, Said::Bytes(bytes)));
    }

    fn take_what_waits(&mut self) {
        while let Some(next) = self.next {
            let due =
                self.waiting.keys().copied().find(|sequence| next.wrapping_sub(*sequence) <= u32::MAX / 2);
            let Some(sequence) = due else { return };
            let Some((at, data)) = self.waiting.remove(&sequence) else { return };
            let known = next.wrapping_sub(sequence) as usize;
            if let Some(new) = data.get(known..).filter(|new| !new.is_empty()) {
                self.say(at, new.to_vec());
            }
        }
    }

    /// What is missing will not come any more.
    fn skip_hole(&mut self) {
        let Some(next) = self.next else { return };
        let nearest = self.waiting.keys().copied().min_by_key(|sequence| sequence.wrapping_sub(next));
        let Some(sequence) = nearest else { return };
        let at = self.waiting.get(&sequence).map_or(Duration::ZERO, |(at, _)| *at);
        self.said.push((at, Said::Missing(sequence.wrapping_sub(next))));
        self.next = Some(sequence);
        self.take_what_waits();
    }

    fn finish(&mut self) {
        while !self.waiting.is_empty() {
            self.skip_hole();
        }
    }

    fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.said.iter().filter_map(|(_, said)| match said {
            Said::Bytes(bytes) => Some(bytes.as_slice()),
            Said::Missing(_) => None,
        })
    }

    fn length(&self) -> usize {
        self.bytes().map(<[u8]>::len).sum()
    }

    /// How often it says what only a console says.
    fn sounds_like_a_console(&self) -> usize {
        let text: Vec<u8> = self.bytes().flatten().copied().collect();
        let times = |known: &&[u8]| text.windows(known.len()).filter(|part| part == known).count();
        CONSOLE_SAYS.iter().map(times).sum()
    }

    fn speaks_telnet(&self) -> bool {
        // WILL, WONT, DO, DONT: what each side begins with.
        self.bytes()
            .flatten()
            .take(64)
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| matches!(pair, [0xff, 0xfb..=0xfe]))
    }
}

/// Every connection of a capture.
#[derive(Debug, Default)]
struct Talks {
    flows: BTreeMap<(SocketAddr, SocketAddr), Flow>,
}

/// A side that may be the console.
struct Candidate {
    console: SocketAddr,
    score: (usize, bool, usize),
}

impl Talks {
    fn add(&mut self, segment: Segment) {
        self.flows.entry((segment.from, segment.to)).or_default().add(segment);
    }

    fn events(mut self, wanted: Option<&str>) -> Result<Vec<Event>, ReadError> {
        self.flows.values_mut().for_each(Flow::finish);
        let console = self.console(wanted)?;
        let telnet = |(from, to): (SocketAddr, SocketAddr)| {
            [(from, to), (to, from)].iter().any(|way| self.flows.get(way).is_some_and(Flow::speaks_telnet))
        };
        let spoken: Vec<bool> = self.flows.keys().map(|way| telnet(*way)).collect();
        let mut all: Vec<(Duration, bool, Said)> = Vec::new();
        for (((from, to), flow), telnet) in self.flows.into_iter().zip(spoken) {
            if from != console && to != console {
                continue;
            }
            let out = from == console;
            let mut data = telnet.then(DataOf::default);
            for (at, said) in flow.said {
                let said = match (&mut data, said) {
                    (Some(data), Said::Bytes(bytes)) => Said::Bytes(data.push(&bytes)),
                    (_, said) => said,
                };
                if said != Said::Bytes(Vec::new()) {
                    all.push((at, out, said));
                }
            }
        }
        // Stable: what one side said keeps its order.
        all.sort_by_key(|(at, ..)| *at);
        let began = all.first().map_or(Duration::ZERO, |(at, ..)| *at);
        Ok(all
            .into_iter()
            .map(|(at, out, said)| {
                let kind = match said {
                    Said::Bytes(bytes) if out => Kind::Output(bytes),
                    Said::Bytes(bytes) => Kind::Input(bytes),
                    Said::Missing(count) => Kind::Mark(format!("{count} bytes are missing in the capture")),
                };
                Event { at: at.saturating_sub(began), kind }
            })
            .collect())
    }

    /// The side that is the console: the one that is wanted, or the one that sounds like it; where none does, the one
    /// that was called and said the most.
    fn console(&self, wanted: Option<&str>) -> Result<SocketAddr, ReadError> {
        let mut candidates: BTreeMap<SocketAddr, (usize, bool, usize)> = BTreeMap::new();
        for ((from, _), flow) in &self.flows {
            let score = candidates.entry(*from).or_default();
            score.0 += flow.sounds_like_a_console();
            score.1 |= flow.answered;
            score.2 += flow.length();
        }
        let fits = |address: &SocketAddr| {
            wanted.is_none_or(|wanted| {
                address.to_string() == wanted
                    || address.ip().to_string() == wanted
                    || address.port().to_string() == wanted.trim_start_matches(':')
            })
        };
        let known = candidates.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        candidates
            .into_iter()
            .filter(|(address, score)| fits(address) && score.2 > 0)
            .map(|(console, score)| Candidate { console, score })
            .max_by_key(|candidate| candidate.score)
            .map(|candidate| candidate.console)
            .ok_or(ReadError::NoConversation { wanted: wanted.map(str::to_owned), known })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Cursor;

    use etherparse::PacketBuilder;

    use super::*;

    /// A packet: milliseconds, whether the console sent it, its number, its flags, its data.
    type Packet<'a> = (u32, bool, u32, &'a str, &'a [u8]);

    /// A capture of the old kind, of Ethernet.
    pub(in crate::recording::import) fn pcap(packets: &[Packet<'_>]) -> Vec<u8> {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            file.extend(word.to_le_bytes());
        }
        for (ms, console, sequence, flags, data) in packets {
            let (near, far) = (([10, 0, 0, 9], 50_123), ([10, 0, 0, 1], 2001));
            let (from, to) = if *console { (far, near) } else { (near, far) };
            let mut builder = PacketBuilder::ethernet2([1; 6], [2; 6])
                .ipv4(from.0, to.0, 64)
                .tcp(from.1, to.1, *sequence, 8192);
            if flags.contains('S') {
                builder = builder.syn();
            }
            if flags.contains('A') {
                builder = builder.ack(1);
            }
            let mut packet = Vec::new();
            builder.write(&mut packet, data).unwrap();
            // Short frames are padded.
            packet.resize(packet.len().max(60), 0xee);
            let length = packet.len() as u32;
            for word in [1_700_000_000 + ms / 1000, ms % 1000 * 1000, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
        file
    }

    fn read(packets: &[Packet<'_>], console: Option<&str>) -> Vec<(u128, String)> {
        let events = events(Cursor::new(pcap(packets)), console).unwrap();
        let text = |event: &Event| match &event.kind {
            Kind::Output(bytes) => format!("o {}", String::from_utf8_lossy(bytes)),
            Kind::Input(bytes) => format!("i {}", String::from_utf8_lossy(bytes)),
            Kind::Mark(label) => format!("m {label}"),
            other => panic!("{other:?}"),
        };
        events.iter().map(|event| (event.at.as_millis(), text(event))).collect()
    }

    #[test]
    fn bytes_come_in_order_once_and_the_console_is_found() {
        let packets: &[Packet<'_>] = &[
            (0, false, 99, "S", b""),
            (1, true, 499, "SA", b""),
            (2, false, 100, "A", b""),
            (5, true, 500, "A", b"\xff\xfb\x01\r\nSA"),
            (9, true, 511, "A", b"it"), // before what it follows
            (10, true, 507, "A", b"C>\r\n"),
            (11, true, 500, "A", b"\xff\xfb\x01\r\nSA"), // sent again
            (12, true, 509, "A", b"\r\nit!"),            // sent again, with more
            (20, false, 100, "A", b"ch\r\0"),
        ];
        let expected = [(0, "o \r\nSA"), (5, "o C>\r\n"), (5, "o it"), (7, "o !"), (15, "i ch\r")];
        assert_eq!(read(packets, None), expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn what_the_capture_missed_is_a_mark() {
        let packets: &[Packet<'_>] =
            &[(0, true, u32::MAX - 1, "A", b"SAC>"), (1, true, 12, "A", b"end"), (2, false, 5, "A", b"x")];
        let told = read(packets, None);
        let expected =
            [(0, "o SAC>"), (1, "m 10 bytes are missing in the capture"), (1, "o end"), (2, "i x")];
        assert_eq!(told, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn the_console_can_be_named() {
        let packets: &[Packet<'_>] = &[(0, true, 1, "A", b"SAC>"), (1, false, 1, "A", b"x")];
        for name in ["10.0.0.9:50123", "10.0.0.9", ":50123", "50123"] {
            assert_eq!(read(packets, Some(name))[0].1, "i SAC>", "{name}");
        }
        let error = events(Cursor::new(pcap(packets)), Some("10.0.0.7")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the capture has no connection with 10.0.0.7; it has 10.0.0.1:2001, 10.0.0.9:50123"
        );
        let error = events(Cursor::new(pcap(&[])), None).unwrap_err();
        assert_eq!(error.to_string(), "the capture has no TCP connection that carries anything");
    }

    #[test]
    fn a_torn_capture_ends_where_it_was_torn() {
        let packets: &[Packet<'_>] = &[(0, true, 1, "A", b"SAC>"), (1, true, 5, "A", b"more")];
        let file = pcap(packets);
        for cut in 1..40 {
            let events = events(Cursor::new(file[..file.len() - cut].to_vec()), None).unwrap();
            assert_eq!(events.len(), 1, "{cut}");
        }
    }
}
