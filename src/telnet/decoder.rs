//! The wire, one byte at a time: data, commands, negotiations, subnegotiations.

use super::code::{Command, IAC, Opt, SB, SE, Verb};

/// Longest subnegotiation that is kept; what is longer is no option we know, and is dropped whole.
const LONGEST: usize = 512;

/// What a byte completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A byte of the console.
    Data(u8),
    /// A command of two bytes.
    Command(Command),
    /// WILL, WONT, DO, DONT.
    Negotiation(Verb, Opt),
    /// What stood between SB and SE, unescaped.
    Subnegotiation(Opt, Vec<u8>),
}

/// Where in a command the stream is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Decoder {
    /// Between commands.
    #[default]
    Data,
    /// After IAC.
    Command,
    /// After IAC and a verb.
    Option(Verb),
    /// After IAC SB.
    Begun,
    /// Inside a subnegotiation.
    Inside(Opt, Vec<u8>),
    /// Inside a subnegotiation, after IAC.
    InsideCommand(Opt, Vec<u8>),
}

impl Decoder {
    /// Whether nothing is pending: the next byte that is no IAC is data.
    pub(super) fn between_commands(&self) -> bool {
        matches!(self, Self::Data)
    }

    /// Takes a byte.
    pub(super) fn step(&mut self, byte: u8) -> Option<Item> {
        let (next, item) = match (std::mem::take(self), byte) {
            // After SB it is a subnegotiation without option: what follows is a command again.
            (Self::Data | Self::Begun, IAC) => (Self::Command, None),
            (Self::Data, data) => (Self::Data, Some(Item::Data(data))),
            (Self::Option(verb), option) => (Self::Data, Some(Item::Negotiation(verb, Opt(option)))),
            (Self::Begun, option) => (Self::Inside(Opt(option), Vec::new()), None),
            (Self::Inside(option, bytes), IAC) => (Self::InsideCommand(option, bytes), None),
            (Self::Inside(option, bytes), byte) => (Self::Inside(option, kept(bytes, byte)), None),
            (Self::InsideCommand(option, bytes), IAC) => (Self::Inside(option, kept(bytes, IAC)), None),
            (Self::InsideCommand(option, bytes), SE) => {
                let whole = bytes.len() <= LONGEST;
                (Self::Data, whole.then_some(Item::Subnegotiation(option, bytes)))
            }
            // A subnegotiation that never ended (its SE got lost) is dropped; the command counts.
            (Self::Command | Self::InsideCommand(..), other) => after_iac(other),
        };
        *self = next;
        item
    }
}

fn after_iac(byte: u8) -> (Decoder, Option<Item>) {
    match byte {
        IAC => (Decoder::Data, Some(Item::Data(IAC))),
        SB => (Decoder::Begun, None),
        other => match Verb::of(other) {
            Some(verb) => (Decoder::Option(verb), None),
            None => (Decoder::Data, Some(Item::Command(Command(other)))),
        },
    }
}

/// One more than [`LONGEST`] marks what was too long.
fn kept(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    if bytes.len() <= LONGEST {
        bytes.push(byte);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(wire: &[u8]) -> Vec<Item> {
        let mut decoder = Decoder::default();
        wire.iter().filter_map(|byte| decoder.step(*byte)).collect()
    }

    #[test]
    fn what_bytes_mean() {
        use Item::{Data, Negotiation, Subnegotiation};
        let sub = |option, bytes: &[u8]| Subnegotiation(Opt(option), bytes.to_vec());
        let cases: [(&[u8], Vec<Item>); 11] = [
            (b"ab", vec![Data(b'a'), Data(b'b')]),
            (&[255, 255, 1], vec![Data(255), Data(1)]),
            (&[255, 251, 1, 65], vec![Negotiation(Verb::Will, Opt::ECHO), Data(65)]),
            (&[255, 254, 255, 65], vec![Negotiation(Verb::Dont, Opt(255)), Data(65)]),
            (&[255, 243, 65], vec![Item::Command(Command::BREAK), Data(65)]),
            (&[255, 250, 44, 1, 255, 255, 2, 255, 240, 65], vec![sub(44, &[1, 255, 2]), Data(65)]),
            (&[255, 250, 44, 255, 240], vec![sub(44, &[])]),
            // A subnegotiation that is cut by a command, or has no option.
            (&[255, 250, 44, 1, 255, 253, 3, 65], vec![Negotiation(Verb::Do, Opt(3)), Data(65)]),
            (&[255, 250, 255, 240, 65], vec![Item::Command(Command(240)), Data(65)]),
            (&[255, 240, 65], vec![Item::Command(Command(240)), Data(65)]),
            (&[255], vec![]),
        ];
        for (wire, expected) in cases {
            assert_eq!(items(wire), expected, "{wire:?}");
        }
    }

    #[test]
    fn what_is_endless_is_not_kept() {
        let mut wire = vec![255, 250, 99];
        wire.extend(vec![7; 100_000]);
        let mut decoder = Decoder::default();
        assert!(wire.iter().all(|byte| decoder.step(*byte).is_none()));
        let Decoder::Inside(_, bytes) = &decoder else { panic!("{decoder:?}") };
        assert!(bytes.len() <= LONGEST + 1);
        assert_eq!([255, 240, 65].map(|byte| decoder.step(byte)), [None, None, Some(Item::Data(65))]);
    }
}
