//! Messages of the COM-PORT option (RFC 2217): the line settings and signals of a serial port behind a network.

use super::End;

/// A message. From the client it is a request, from the server the value that holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The name of the sender; empty asks for the other's.
    Signature(Vec<u8>),
    /// Bits per second; 0 asks.
    Baud(u32),
    /// Data bits, 5 to 8; 0 asks.
    DataBits(u8),
    /// Parity.
    Parity(Parity),
    /// Stop bits.
    StopBits(StopBits),
    /// Flow control, break, DTR and RTS.
    Control(Control),
    /// Errors of the line.
    LineState(LineState),
    /// The modem lines.
    ModemState(ModemState),
    /// Send no data until [`Message::Resume`].
    Suspend,
    /// Data may be sent again.
    Resume,
    /// Which errors are to be notified.
    LineStateMask(LineState),
    /// Which modem lines are to be notified.
    ModemStateMask(ModemState),
    /// Throw away what waits in buffers.
    Purge(Purge),
}

/// A value with a number.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item_doc])* $item,)+ }

        impl $name {
            fn code(self) -> u8 {
                match self { $(Self::$item => $number,)+ }
            }

            fn of(code: u8) -> Option<Self> {
                match code { $($number => Some(Self::$item),)+ _ => None }
            }
        }
    };
}

numbered! {
    /// Parity.
    Parity {
        /// Which is it?
        Ask = 0,
        /// None.
        None = 1,
        /// Odd.
        Odd = 2,
        /// Even.
        Even = 3,
        /// Always 1.
        Mark = 4,
        /// Always 0.
        Space = 5,
    }
}

numbered! {
    /// Stop bits.
    StopBits {
        /// Which is it?
        Ask = 0,
        /// One.
        One = 1,
        /// Two.
        Two = 2,
        /// One and a half.
        OneAndHalf = 3,
    }
}

numbered! {
    /// Flow control, break, DTR and RTS.
    Control {
        /// Which flow control is it?
        AskFlow = 0,
        /// No flow control.
        FlowNone = 1,
        /// XON and XOFF.
        FlowSoftware = 2,
        /// RTS and CTS.
        FlowHardware = 3,
        /// Is a break on?
        AskBreak = 4,
        /// A break begins.
        BreakOn = 5,
        /// The break ends.
        BreakOff = 6,
        /// Is DTR on?
        AskDtr = 7,
        /// DTR on.
        DtrOn = 8,
        /// DTR off.
        DtrOff = 9,
        /// Is RTS on?
        AskRts = 10,
        /// RTS on.
        RtsOn = 11,
        /// RTS off.
        RtsOff = 12,
        /// Which flow control is it, inwards?
        AskFlowIn = 13,
        /// No flow control inwards.
        FlowInNone = 14,
        /// XON and XOFF inwards.
        FlowInSoftware = 15,
        /// RTS inwards.
        FlowInHardware = 16,
        /// DCD outwards.
        FlowDcd = 17,
        /// DTR inwards.
        FlowInDtr = 18,
        /// DSR outwards.
        FlowDsr = 19,
    }
}

numbered! {
    /// What is thrown away.
    Purge {
        /// What the port received.
        Received = 1,
        /// What waits to be sent by the port.
        Sending = 2,
        /// Both.
        Both = 3,
    }
}

/// Errors of the line, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineState(pub u8);

impl LineState {
    /// A byte was lost because nobody fetched the one before it.
    pub const OVERRUN: Self = Self(0b0000_0010);
    /// A parity error: the settings of the two ends differ.
    pub const PARITY: Self = Self(0b0000_0100);
    /// A framing error: the speeds of the two ends differ, or noise.
    pub const FRAMING: Self = Self(0b0000_1000);
    /// A break came in.
    pub const BREAK: Self = Self(0b0001_0000);

    /// Whether any bit of `other` is set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The modem lines, a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModemState(pub u8);

impl ModemState {
    /// Clear to send.
    pub const CTS: Self = Self(0b0001_0000);
    /// Data set ready.
    pub const DSR: Self = Self(0b0010_0000);
    /// Carrier.
    pub const CARRIER: Self = Self(0b1000_0000);

    /// Whether any bit of `other` is set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// How much the numbers of the server are above those of the client.
const SERVER: u8 = 100;

impl Message {
    /// What stands between SB COM-PORT and SE, not escaped.
    pub fn encode(&self, sender: End) -> Vec<u8> {
        let (number, mut value) = match self {
            Self::Signature(name) => (0, name.clone()),
            Self::Baud(baud) => (1, baud.to_be_bytes().to_vec()),
            Self::DataBits(bits) => (2, vec![*bits]),
            Self::Parity(parity) => (3, vec![parity.code()]),
            Self::StopBits(bits) => (4, vec![bits.code()]),
            Self::Control(control) => (5, vec![control.code()]),
            Self::LineState(state) => (6, vec![state.0]),
            Self::ModemState(state) => (7, vec![state.0]),
            Self::Suspend => (8, Vec::new()),
            Self::Resume => (9, Vec::new()),
            Self::LineStateMask(state) => (10, vec![state.0]),
            Self::ModemStateMask(state) => (11, vec![state.0]),
            Self::Purge(purge) => (12, vec![purge.code()]),
        };
        value.insert(0, if sender == End::Server { number + SERVER } else { number });
        value
    }

    /// Reads what `sender` put between SB COM-PORT and SE; `None` when it is no such message.
    pub fn parse(sender: End, bytes: &[u8]) -> Option<Self> {
        let (number, value) = bytes.split_first()?;
        let number = if sender == End::Server { number.checked_sub(SERVER)? } else { *number };
        let byte = || value.first().copied();
        Some(match number {
            0 => Self::Signature(value.to_vec()),
            1 => Self::Baud(u32::from_be_bytes(value.get(..4)?.try_into().ok()?)),
            2 => Self::DataBits(byte()?),
            3 => Self::Parity(Parity::of(byte()?)?),
            4 => Self::StopBits(StopBits::of(byte()?)?),
            5 => Self::Control(Control::of(byte()?)?),
            6 => Self::LineState(LineState(byte()?)),
            7 => Self::ModemState(ModemState(byte()?)),
            8 => Self::Suspend,
            9 => Self::Resume,
            10 => Self::LineStateMask(LineState(byte()?)),
            11 => Self::ModemStateMask(ModemState(byte()?)),
            12 => Self::Purge(Purge::of(byte()?)?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_as_the_rfc_writes_them() {
        let cases: [(Message, End, &[u8]); 8] = [
            (Message::Baud(115_200), End::Client, &[1, 0, 1, 0xC2, 0]),
            // What ser2net answers to that.
            (Message::Baud(115_200), End::Server, &[101, 0, 1, 0xC2, 0]),
            (Message::DataBits(8), End::Client, &[2, 8]),
            (Message::Parity(Parity::None), End::Client, &[3, 1]),
            (Message::Control(Control::BreakOn), End::Client, &[5, 5]),
            (Message::ModemState(ModemState(0xB0)), End::Server, &[107, 0xB0]),
            (Message::Signature(b"ser2net".to_vec()), End::Server, b"\x64ser2net"),
            (Message::Purge(Purge::Both), End::Client, &[12, 3]),
        ];
        for (message, sender, bytes) in cases {
            assert_eq!(message.encode(sender), bytes, "{message:?}");
            assert_eq!(Message::parse(sender, bytes), Some(message));
        }
        for bytes in [&[][..], &[1], &[1, 0, 0, 1], &[3, 9], &[5, 20], &[12, 0], &[13, 0], &[99]] {
            assert_eq!(Message::parse(End::Client, bytes), None, "{bytes:?}");
            assert_eq!(Message::parse(End::Server, bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..8), server: bool) {
            let sender = if server { End::Server } else { End::Client };
            if let Some(message) = Message::parse(sender, &bytes) {
                let written = message.encode(sender);
                prop_assert!(bytes.starts_with(&written), "{message:?}");
                prop_assert_eq!(Message::parse(sender, &written), Some(message));
            }
        }
    }
}
