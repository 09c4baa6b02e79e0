//! One end of a connection: what comes from the wire, what goes to it, how the options stand.

use super::code::{CR, Command, End, IAC, Opt, SB, SE, Verb};
use super::com_port::Message;
use super::decoder::{Decoder, Item};
use super::negotiation::{Negotiation, Said, Taste};

/// Which end an option belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// This end does it.
    Ours,
    /// The peer does it.
    Theirs,
}

/// What the peer did, beside sending data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An option is on from here on.
    On(Side, Opt),
    /// An option is off from here on.
    Off(Side, Opt),
    /// A message about the serial port.
    ComPort(Message),
    /// A command, such as a break.
    Command(Command),
}

/// One end of a telnet connection.
///
/// A client says nothing of its own before the peer proved that it speaks telnet, because the peer may be a plain
/// socket: the bytes of a negotiation would be typed into the console then, and the number of SUPPRESS-GO-AHEAD is
/// that of Ctrl-C, which *runs* a half-typed line at `SAC>`.
#[derive(Debug, Clone)]
pub struct Connection {
    end: End,
    com_port: bool,
    binary: Taste,
    decoder: Decoder,
    ours: Options,
    theirs: Options,
    peer: Peer,
    greeted: bool,
    after_cr: bool,
    held: bool,
    outgoing: Vec<u8>,
}

/// What is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// It never negotiated: it may be a plain socket.
    Unknown,
    /// It speaks telnet.
    Telnet,
}

impl Connection {
    /// An end that knows BINARY, SUPPRESS-GO-AHEAD and ECHO (of the server).
    pub fn new(end: End) -> Self {
        Self {
            end,
            com_port: false,
            binary: Taste::Accept,
            decoder: Decoder::default(),
            ours: Options::default(),
            theirs: Options::default(),
            peer: Peer::Unknown,
            greeted: false,
            after_cr: false,
            held: false,
            outgoing: Vec::new(),
        }
    }

    /// An end that knows COM-PORT as well.
    pub fn with_com_port(end: End) -> Self {
        Self { com_port: true, ..Self::new(end) }
    }

    /// The same without BINARY, as some old terminal servers are.
    #[must_use]
    pub fn without_binary(self) -> Self {
        Self { binary: Taste::Refuse, ..self }
    }

    /// Says what this end wishes, once. A client does that by itself when the peer proved to speak telnet.
    pub fn greet(&mut self) {
        if std::mem::replace(&mut self.greeted, true) {
            return;
        }
        let mut ours = vec![Opt::SUPPRESS_GO_AHEAD];
        let mut theirs = vec![Opt::SUPPRESS_GO_AHEAD];
        if self.binary == Taste::Accept {
            ours.push(Opt::BINARY);
            theirs.push(Opt::BINARY);
        }
        match self.end {
            End::Client if self.com_port => ours.push(Opt::COM_PORT),
            End::Client => {}
            End::Server => {
                ours.push(Opt::ECHO);
                theirs.extend(self.com_port.then_some(Opt::COM_PORT));
            }
        }
        for option in ours {
            self.want(Side::Ours, option);
        }
        for option in theirs {
            self.want(Side::Theirs, option);
        }
    }

    /// Asks a silent peer for COM-PORT and BINARY alone: their bytes do least harm if it is a plain socket.
    pub fn propose_com_port(&mut self) {
        self.want(Side::Ours, Opt::COM_PORT);
        self.want(Side::Ours, Opt::BINARY);
    }

    /// Takes bytes from the wire; those of the console are appended to `console`.
    pub fn receive(&mut self, wire: &[u8], console: &mut Vec<u8>) -> Vec<Event> {
        let mut events = Vec::new();
        let mut rest = wire;
        while let Some(first) = rest.first() {
            // Most of what comes is data: up to the next command or line end it is taken at once.
            let plain = rest.iter().take_while(|byte| !matches!(**byte, IAC | CR | 0)).count();
            if plain > 0 && self.decoder.between_commands() {
                console.extend_from_slice(&rest[..plain]);
                self.after_cr = false;
                rest = &rest[plain..];
                continue;
            }
            if let Some(item) = self.decoder.step(*first) {
                self.take(item, console, &mut events);
            }
            rest = &rest[1..];
        }
        events
    }

    fn take(&mut self, item: Item, console: &mut Vec<u8>, events: &mut Vec<Event>) {
        match item {
            Item::Data(byte) => {
                let padding = byte == 0 && self.after_cr && self.pads(self.theirs.of(Opt::BINARY));
                if !padding {
                    console.push(byte);
                }
                self.after_cr = byte == CR;
            }
            Item::Command(Command::NOP) => {}
            Item::Command(command) => events.push(Event::Command(command)),
            Item::Negotiation(verb, option) => {
                self.negotiate(verb, option, events);
                self.peer = Peer::Telnet;
                self.greet();
            }
            Item::Subnegotiation(Opt::COM_PORT, bytes) if self.com_port => {
                match Message::parse(self.end.other(), &bytes) {
                    Some(Message::Suspend) => self.held = true,
                    Some(Message::Resume) => self.held = false,
                    Some(message) => events.push(Event::ComPort(message)),
                    None => {}
                }
            }
            Item::Subnegotiation(..) => {}
        }
    }

    fn negotiate(&mut self, verb: Verb, option: Opt, events: &mut Vec<Event>) {
        let (side, said) = match verb {
            Verb::Will => (Side::Theirs, Said::On),
            Verb::Wont => (Side::Theirs, Said::Off),
            Verb::Do => (Side::Ours, Said::On),
            Verb::Dont => (Side::Ours, Said::Off),
        };
        let taste = self.taste(side, option);
        let state = self.options(side).at(option);
        let before = *state;
        let answer = state.hear(said, taste);
        let after = *state;
        if after == Negotiation::Yes && before != Negotiation::Yes {
            events.push(Event::On(side, option));
        } else if after != Negotiation::Yes && before == Negotiation::Yes {
            events.push(Event::Off(side, option));
        }
        if let Some(said) = answer {
            self.say(side, said, option);
        }
    }

    fn taste(&self, side: Side, option: Opt) -> Taste {
        let accepted = match option {
            Opt::BINARY => return self.binary,
            Opt::SUPPRESS_GO_AHEAD => true,
            // Only the machine echoes. A client that did would send back what the machine prints.
            Opt::ECHO => match self.end {
                End::Client => side == Side::Theirs,
                End::Server => side == Side::Ours,
            },
            Opt::COM_PORT => self.com_port,
            _ => false,
        };
        if accepted { Taste::Accept } else { Taste::Refuse }
    }

    fn want(&mut self, side: Side, option: Opt) {
        if let Some(said) = self.options(side).at(option).want(Said::On) {
            self.say(side, said, option);
        }
    }

    fn say(&mut self, side: Side, said: Said, option: Opt) {
        let verb = match (side, said) {
            (Side::Ours, Said::On) => Verb::Will,
            (Side::Ours, Said::Off) => Verb::Wont,
            (Side::Theirs, Said::On) => Verb::Do,
            (Side::Theirs, Said::Off) => Verb::Dont,
        };
        self.outgoing.extend([IAC, verb.code(), option.0]);
    }

    /// Sends bytes of the console.
    pub fn send(&mut self, bytes: &[u8]) {
        let pads = self.pads(self.ours.of(Opt::BINARY));
        for byte in bytes {
            match *byte {
                IAC => self.outgoing.extend([IAC, IAC]),
                CR if pads => self.outgoing.extend([CR, 0]),
                other => self.outgoing.push(other),
            }
        }
    }

    /// Sends a command of two bytes.
    pub fn send_command(&mut self, command: Command) {
        self.outgoing.extend([IAC, command.0]);
    }

    /// Sends a message about the serial port.
    pub fn send_com_port(&mut self, message: &Message) {
        self.outgoing.extend([IAC, SB, Opt::COM_PORT.0]);
        for byte in message.encode(self.end) {
            self.outgoing.push(byte);
            if byte == IAC {
                self.outgoing.push(IAC);
            }
        }
        self.outgoing.extend([IAC, SE]);
    }

    /// What waits to go out.
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// The first `count` bytes of it went out.
    pub fn sent(&mut self, count: usize) {
        self.outgoing.drain(..count);
    }

    /// Whether CR carries a NUL behind it while BINARY stands so. Not while an answer is awaited: the peer counts
    /// from our wish on as binary, and the NUL would be typed. Nor towards a peer that may be a plain socket.
    fn pads(&self, binary: Negotiation) -> bool {
        self.peer == Peer::Telnet && binary == Negotiation::No
    }

    /// Whether the peer proved that it speaks telnet.
    pub fn speaks_telnet(&self) -> bool {
        self.peer == Peer::Telnet
    }

    /// Whether everything that was asked is answered.
    pub fn is_settled(&self) -> bool {
        self.speaks_telnet() && !self.ours.any_open() && !self.theirs.any_open()
    }

    /// Whether an option is on.
    pub fn is_on(&self, side: Side, option: Opt) -> bool {
        let options = match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        };
        options.of(option) == Negotiation::Yes
    }

    /// Whether the peer asked to send no data for now (RFC 2217, flow control).
    pub fn is_held(&self) -> bool {
        self.held
    }

    fn options(&mut self, side: Side) -> &mut Options {
        match side {
            Side::Ours => &mut self.ours,
            Side::Theirs => &mut self.theirs,
        }
    }
}

/// How all options of one end stand.
#[derive(Debug, Clone)]
struct Options(Box<[Negotiation; 256]>);

impl Default for Options {
    fn default() -> Self {
        Self(Box::new([Negotiation::No; 256]))
    }
}

impl Options {
    fn of(&self, option: Opt) -> Negotiation {
        self.0[usize::from(option.0)]
    }

    fn at(&mut self, option: Opt) -> &mut Negotiation {
        &mut self.0[usize::from(option.0)]
    }

    fn any_open(&self) -> bool {
        self.0.iter().any(|state| state.is_open())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::com_port::{Control, Parity};
    use super::*;

    fn heard(connection: &mut Connection, wire: &[u8]) -> (Vec<u8>, Vec<Event>, Vec<u8>) {
        let mut console = Vec::new();
        let events = connection.receive(wire, &mut console);
        (console, events, std::mem::take(&mut connection.outgoing))
    }

    #[test]
    fn the_greeting_of_qemu_is_answered() {
        // Seen on the wire of QEMU 7.2 with -serial telnet: WILL ECHO, WILL SGA, WILL BINARY, DO BINARY.
        let greeting = [255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0];
        let mut client = Connection::new(End::Client);
        assert!(client.outgoing().is_empty() && !client.speaks_telnet());
        let (console, events, answer) = heard(&mut client, &greeting);
        assert_eq!(console, b"");
        assert_eq!(events[0], Event::On(Side::Theirs, Opt::ECHO));
        assert_eq!(&answer[..3], [255, 253, 1], "{answer:?}");
        assert!(client.is_on(Side::Ours, Opt::BINARY) && client.is_on(Side::Theirs, Opt::BINARY));
        client.send(b"a\r\n\xFF");
        assert_eq!(client.outgoing(), b"a\r\n\xFF\xFF");
    }

    #[test]
    fn nothing_is_said_to_a_plain_socket() {
        let mut client = Connection::with_com_port(End::Client);
        let (console, events, answer) = heard(&mut client, b"SAC>\r\0x");
        assert_eq!((console.as_slice(), events.len(), answer.len()), (&b"SAC>\r\0x"[..], 0, 0));
        client.send(b"ver\r");
        assert_eq!(client.outgoing(), b"ver\r");
        let mut silent = Connection::with_com_port(End::Client);
        silent.propose_com_port();
        assert!(!silent.outgoing().contains(&3), "{:?}", silent.outgoing());
    }

    #[test]
    fn what_is_not_known_is_refused_once() {
        let mut client = Connection::new(End::Client);
        client.greeted = true;
        // DO NAWS, WILL STATUS, DO ECHO, DO COM-PORT; and again, which is answered the same.
        let wire = [255, 253, 31, 255, 251, 5, 255, 253, 1, 255, 253, 44];
        let refused = [255, 252, 31, 255, 254, 5, 255, 252, 1, 255, 252, 44];
        for _ in 0..2 {
            assert_eq!(heard(&mut client, &wire).2, refused);
        }
        // "I will not" is no question.
        assert!(heard(&mut client, &[255, 252, 31, 255, 254, 44]).2.is_empty());
    }

    #[test]
    fn messages_of_the_port() {
        let mut server = Connection::with_com_port(End::Server);
        let wire = [255, 250, 44, 1, 0, 0, 255, 255, 255, 255, 255, 240, 65, 255, 250, 44, 8, 255, 240];
        let (console, events, _) = heard(&mut server, &wire);
        assert_eq!((console.as_slice(), events), (&b"A"[..], vec![Event::ComPort(Message::Baud(65_535))]));
        assert!(server.is_held());
        heard(&mut server, &[255, 250, 44, 9, 255, 240]);
        assert!(!server.is_held());
        server.outgoing.clear();
        server.send_com_port(&Message::Baud(255));
        assert_eq!(server.outgoing(), [255, 250, 44, 101, 0, 0, 0, 255, 255, 255, 240]);
    }

    /// Two ends, joined.
    struct Pair {
        ends: [Connection; 2],
        consoles: [Vec<u8>; 2],
        events: [Vec<Event>; 2],
    }

    impl Pair {
        fn new(client: Connection, server: Connection) -> Self {
            let mut pair = Self {
                ends: [client, server],
                consoles: <[Vec<u8>; 2]>::default(),
                events: <[Vec<Event>; 2]>::default(),
            };
            pair.ends[1].greet();
            pair.settle(7);
            pair
        }

        /// Carries up to `count` bytes from end `from`.
        fn carry(&mut self, from: usize, count: usize) -> bool {
            let count = count.min(self.ends[from].outgoing().len());
            let bytes = self.ends[from].outgoing()[..count].to_vec();
            self.ends[from].sent(count);
            let other = 1 - from;
            self.events[other].extend(self.ends[other].receive(&bytes, &mut self.consoles[other]));
            count > 0
        }

        fn settle(&mut self, chunk: usize) {
            while self.carry(0, chunk) | self.carry(1, chunk) {}
        }
    }

    #[test]
    fn a_port_is_set_and_answers() {
        let ends = [End::Client, End::Server].map(Connection::with_com_port);
        let [client, server] = ends;
        let mut pair = Pair::new(client, server);
        assert!(pair.ends.iter().all(Connection::is_settled));
        assert!(pair.ends[0].is_on(Side::Ours, Opt::COM_PORT));
        let messages = [
            Message::Baud(9600),
            Message::Parity(Parity::Even),
            Message::Control(Control::BreakOn),
            Message::Signature(b"\xFF".to_vec()),
        ];
        pair.events[1].clear();
        for message in &messages {
            pair.ends[0].send_com_port(message);
        }
        pair.ends[0].send_command(Command::BREAK);
        pair.settle(1);
        let expected = messages.into_iter().map(Event::ComPort).chain([Event::Command(Command::BREAK)]);
        assert_eq!(pair.events[1], expected.collect::<Vec<_>>());
    }

    fn wire_byte() -> impl Strategy<Value = u8> {
        prop_oneof![
            3 => Just(255u8),
            3 => 240u8..=255,
            3 => prop::sample::select(vec![0u8, 1, 3, 13, 10, 44, 5, 8, 9, 101, 108]),
            2 => any::<u8>(),
        ]
    }

    proptest! {
        /// Law 2: the reads may fall anywhere.
        #[test]
        fn cuts_change_nothing(
            wire in prop::collection::vec(wire_byte(), 0..200), cuts in prop::collection::vec(0usize..200, 0..8),
            server: bool,
        ) {
            let whole = Connection::with_com_port(if server { End::Server } else { End::Client });
            let mut pieces = whole.clone();
            let mut whole = whole;
            let expected = heard(&mut whole, &wire);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(wire.len())).collect();
            cuts.extend([0, wire.len()]);
            cuts.sort_unstable();
            let mut got = (Vec::new(), Vec::new(), Vec::new());
            for ends in cuts.windows(2) {
                let (console, events, answer) = heard(&mut pieces, &wire[ends[0]..ends[1]]);
                got.0.extend(console);
                got.1.extend(events);
                got.2.extend(answer);
            }
            prop_assert_eq!(got, expected);
        }

        /// Every byte arrives as it was sent, whether BINARY was agreed on or not.
        #[test]
        fn data_arrives_unchanged(
            up in prop::collection::vec(wire_byte(), 0..300), down in prop::collection::vec(wire_byte(), 0..300),
            chunk in 1usize..20, binary: bool, com_port: bool,
        ) {
            let new = if com_port { Connection::with_com_port } else { Connection::new };
            let server = if binary { new(End::Server) } else { new(End::Server).without_binary() };
            let mut pair = Pair::new(new(End::Client), server);
            prop_assert!(pair.ends[0].is_settled());
            prop_assert_eq!(pair.ends[0].is_on(Side::Ours, Opt::BINARY), binary);
            for piece in up.chunks(chunk) {
                pair.ends[0].send(piece);
                pair.carry(0, chunk);
            }
            pair.ends[1].send(&down);
            pair.settle(chunk);
            prop_assert_eq!(&pair.consoles[1], &up);
            prop_assert_eq!(&pair.consoles[0], &down);
        }
    }
}
