//! Where a console is: `serial:/dev/ttyUSB0?baud=9600`, parsed and refused before anything is opened.

mod command_line;
mod error;
mod line_settings;
mod replaying;
mod web_address;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

pub use command_line::CommandLine;
pub use error::{EndpointError, Problem};
pub use line_settings::{FlowControl, LineSettings, Parity, Signal};
pub use replaying::{Cutter, Mutation, Pieces, ReplayPace};
pub use web_address::{WebAddress, WebUrl};

use crate::azure::{VmId, VmIdError};
use crate::recording::Manner;
use crate::secret::{Secret, SecretSource};
use error::closest;

/// Where a console is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A simulated machine: `sim:SCENARIO?key=value&…`.
    Sim {
        /// Name of the scenario.
        scenario: String,
        /// Settings in the order given; what they may be is the simulator's business.
        options: Vec<(String, String)>,
    },
    /// A serial port: `serial:/dev/ttyUSB0?baud=115200`, `serial:COM1`.
    Serial {
        /// `/dev/ttyUSB0`, `COM1`.
        port: String,
        /// How its line is set.
        settings: LineSettings,
    },
    /// A terminal that another program holds the other end of: `pty:PATH`.
    Pty {
        /// Path of the terminal.
        path: PathBuf,
    },
    /// A socket in the file system: `unix:PATH`.
    Unix {
        /// Path of the socket.
        path: PathBuf,
    },
    /// A socket that carries the bytes of the console and nothing else: `tcp:HOST:PORT`.
    Tcp {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// A named pipe of Windows: `pipe:NAME`, `pipe:\\\\HOST\\pipe\\NAME`.
    Pipe {
        /// Its whole path, `\\\\.\\pipe\\NAME`.
        path: String,
    },
    /// A terminal server, or a virtual machine, that speaks telnet: `telnet:HOST:PORT`.
    Telnet {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// A serial port behind a terminal server that sets its line as told: `rfc2217:HOST:PORT?baud=115200`.
    Rfc2217 {
        /// Name or address, without brackets.
        host: String,
        /// Port.
        port: u16,
        /// How its line is set.
        settings: LineSettings,
    },
    /// A websocket that carries the bytes of the console: `wss://HOST:6083/?token=…`, `ws:command:COMMAND`.
    Websocket(WebAddress),
    /// The serial console of a virtual machine in Azure: `azure:SUBSCRIPTION/GROUP/VM`, or a full resource id.
    Azure(VmId),
    /// A recording that answers as the recorded machine did: `replay:FILE?manner=tolerant&pace=real`.
    Replay {
        /// Path of the recording.
        path: PathBuf,
        /// How what is sent must agree with what was recorded.
        manner: Manner,
        /// How fast recorded time goes.
        pace: ReplayPace,
        /// How the reads are cut and joined: for proofs that cuts do not matter.
        pieces: Pieces,
        /// What the driver does wrong: for proofs that a recording would notice it.
        mutation: Option<Mutation>,
    },
    /// A program whose terminal is the console: `exec:COMMAND LINE`.
    Exec {
        /// The program and its arguments.
        command: CommandLine,
    },
}

/// A way in and how it is written.
struct Scheme {
    name: &'static str,
    example: &'static str,
}

const fn scheme(name: &'static str, example: &'static str) -> Scheme {
    Scheme { name, example }
}

const SCHEMES: [Scheme; 13] = [
    scheme("sim", "sim:SCENARIO"),
    scheme("serial", "serial:/dev/ttyUSB0 or serial:COM1"),
    scheme("pty", "pty:PATH"),
    scheme("unix", "unix:PATH"),
    scheme("pipe", r"pipe:NAME or pipe:\\.\pipe\NAME"),
    scheme("tcp", "tcp:HOST:PORT"),
    scheme("telnet", "telnet:HOST:PORT"),
    scheme("rfc2217", "rfc2217:HOST:PORT"),
    scheme("exec", "exec:COMMAND LINE"),
    scheme("azure", "azure:SUBSCRIPTION/GROUP/VM"),
    scheme("replay", "replay:FILE"),
    scheme("ws", "ws://HOST:PORT/PATH or ws:command:COMMAND"),
    scheme("wss", "wss://HOST:PORT/PATH"),
];

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let source = Source { text };
        if let Some((at, control)) = text.char_indices().find(|(_, c)| c.is_control()) {
            return Err(source.error(at..at + control.len_utf8(), Problem::ControlCharacter(control)));
        }
        let (name, rest) = source.scheme()?;
        match name.to_ascii_lowercase().as_str() {
            "sim" => {
                let (scenario, query) = source.split_query(rest);
                source.required(&scenario, "a scenario")?;
                let options = source.query(query)?;
                let options = options.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
                Ok(Self::Sim { scenario: text[scenario].to_owned(), options: options.collect() })
            }
            "serial" => {
                let (port, query) = source.split_query(rest);
                source.required(&port, "a port")?;
                source.port_alone(&port)?;
                Ok(Self::Serial { port: text[port].to_owned(), settings: source.line_settings(query)? })
            }
            "pty" => Ok(Self::Pty { path: source.path(rest, "the path of a terminal")? }),
            "unix" => Ok(Self::Unix { path: source.path(rest, "the path of a socket")? }),
            "pipe" => {
                source.required(&rest, "the name of a pipe")?;
                let name = &text[rest];
                let path = pipe_path(name)
                    .ok_or_else(|| source.error_at(name, Problem::BadPipe { path: name.to_owned() }))?;
                Ok(Self::Pipe { path })
            }
            "tcp" => {
                let (host, port) = source.host_and_port(rest)?;
                Ok(Self::Tcp { host, port })
            }
            "telnet" => {
                let (host, port) = source.host_and_port(rest)?;
                Ok(Self::Telnet { host, port })
            }
            "rfc2217" => {
                let (address, query) = source.split_query(rest);
                let (host, port) = source.host_and_port(address)?;
                Ok(Self::Rfc2217 { host, port, settings: source.line_settings(query)? })
            }
            "replay" => source.replay(rest),
            "exec" => {
                source.required(&rest, "a program")?;
                let words = CommandLine::parse(&text[rest.clone()]);
                let command = words.map_err(|at| {
                    let at = rest.start + at;
                    source.error(at..at + 1, Problem::OpenQuote)
                })?;
                if *command.arguments() == [LEFT_OUT] {
                    return Err(source.error_at(&text[rest], Problem::LeftOut));
                }
                Ok(Self::Exec { command })
            }
            "ws" | "wss" => source.websocket(rest),
            "azure" => source.azure(rest),
            _ => Err(source.unknown_scheme(name)),
        }
    }
}

/// Stands for what is not shown.
const LEFT_OUT: &str = "…";

impl Endpoint {
    /// Whether what comes first may be old, as the lines of these ways say ([`super::Line::shows_the_past`]).
    pub fn shows_the_past(&self) -> bool {
        matches!(
            self,
            Self::Azure(_) | Self::Tcp { .. } | Self::Telnet { .. } | Self::Websocket(_) | Self::Exec { .. }
        )
    }

    /// As written, with all that may hold a password.
    pub fn spelled_out(&self) -> Secret {
        let text = match self {
            Self::Exec { command } => format!("exec:{command}"),
            Self::Websocket(address) => address.spelled_out(),
            other => other.to_string(),
        };
        Secret::new(text).unwrap_or_else(|_| unreachable!("it begins with a scheme"))
    }

    /// What must not show up anywhere, should somebody say it.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Websocket(WebAddress::Url(url)) => url.secrets(),
            _ => Vec::new(),
        }
    }
}

/// As written, but for what may hold a password: of a program only its name, of the address of a websocket not what is
/// behind the question mark. `…` stands there, and is refused where an endpoint is read.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sim { scenario, options } => {
                write!(f, "sim:{scenario}")?;
                for (number, (key, value)) in options.iter().enumerate() {
                    write!(f, "{}{key}={value}", if number == 0 { '?' } else { '&' })?;
                }
                Ok(())
            }
            Self::Serial { port, settings } => write!(f, "serial:{port}{settings}"),
            Self::Pty { path } => write!(f, "pty:{}", path.display()),
            Self::Unix { path } => write!(f, "unix:{}", path.display()),
            Self::Pipe { path } => write!(f, "pipe:{path}"),
            Self::Tcp { host, port } => write!(f, "tcp:{}", address(host, *port)),
            Self::Telnet { host, port } => write!(f, "telnet:{}", address(host, *port)),
            Self::Rfc2217 { host, port, settings } => {
                write!(f, "rfc2217:{}{settings}", address(host, *port))
            }
            Self::Azure(vm) => write!(f, "azure:{vm}"),
            Self::Replay { path, manner, pace, pieces, mutation } => {
                let tolerant = (*manner == Manner::Tolerant).then(|| "manner=tolerant".to_owned());
                let pace = (*pace != ReplayPace::Instant).then(|| format!("pace={pace}"));
                let pieces = (*pieces != Pieces::Whole).then(|| format!("pieces={pieces}"));
                let mutation = mutation.as_ref().map(|mutation| format!("mutate={mutation}"));
                write!(f, "replay:{}", path.display())?;
                for (number, setting) in [tolerant, pace, pieces, mutation].into_iter().flatten().enumerate()
                {
                    write!(f, "{}{setting}", if number == 0 { '?' } else { '&' })?;
                }
                Ok(())
            }
            Self::Exec { command } if command.arguments().is_empty() => write!(f, "exec:{command}"),
            Self::Exec { command } => write!(f, "exec:{} {LEFT_OUT}", command.program()),
            Self::Websocket(address) => write!(f, "{address}"),
        }
    }
}

/// The text while it is parsed. Places are byte ranges of it.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
}

impl<'a> Source<'a> {
    fn error(self, place: Range<usize>, problem: Problem) -> EndpointError {
        EndpointError { text: self.text.to_owned(), place, problem }
    }

    /// An error at `part`, which is a piece of the text.
    fn error_at(self, part: &str, problem: Problem) -> EndpointError {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.error(start..start + part.len(), problem)
    }

    fn azure(self, rest: Range<usize>) -> Result<Endpoint, EndpointError> {
        self.required(&rest, "a virtual machine")?;
        let vm: Result<VmId, VmIdError> = self.text[rest.clone()].parse();
        vm.map(Endpoint::Azure).map_err(|error| {
            let at = rest.start + self.text[rest].find(&error.part).unwrap_or_default();
            self.error(at..at + error.part.len(), Problem::BadVm(error.problem))
        })
    }

    fn websocket(self, rest: Range<usize>) -> Result<Endpoint, EndpointError> {
        self.required(&rest, "an address")?;
        let behind = &self.text[rest];
        if let Some(source) = SecretSource::parse(behind) {
            if matches!(&source, SecretSource::Command(line) if line == LEFT_OUT) {
                return Err(self.error_at(behind, Problem::LeftOut));
            }
            return Ok(Endpoint::Websocket(WebAddress::Told(source)));
        }
        let url = WebUrl::parse(self.text).map_err(|problem| self.error_at(behind, problem))?;
        Ok(Endpoint::Websocket(WebAddress::Url(url)))
    }

    fn bad_value(self, key: &str, value: &'a str, wants: &str) -> EndpointError {
        let problem =
            Problem::BadValue { key: key.to_owned(), value: value.to_owned(), wants: wants.to_owned() };
        self.error_at(value, problem)
    }

    fn replay(self, rest: Range<usize>) -> Result<Endpoint, EndpointError> {
        let (path, query) = self.split_query(rest);
        let path = self.path(path, "a recording")?;
        let (mut manner, mut pace, mut pieces) = (Manner::Strict, ReplayPace::Instant, Pieces::Whole);
        let mut mutation = None;
        for (key, value) in self.query(query)? {
            match (key, value) {
                ("manner", "strict") => manner = Manner::Strict,
                ("manner", "tolerant") => manner = Manner::Tolerant,
                ("pace", _) if ReplayPace::parse(value).is_some() => {
                    pace = ReplayPace::parse(value).unwrap_or(pace);
                }
                ("pieces", _) => {
                    pieces = Pieces::parse(value).ok_or_else(|| self.bad_value(key, value, Pieces::WANTS))?;
                }
                ("mutate", _) => {
                    let read = Mutation::parse(value);
                    mutation = Some(read.ok_or_else(|| self.bad_value(key, value, Mutation::WANTS))?);
                }
                ("manner", _) => return Err(self.bad_value(key, value, "strict or tolerant")),
                ("pace", _) => {
                    return Err(self.bad_value(key, value, ReplayPace::WANTS));
                }
                _ => {
                    let known = &["manner", "pace", "pieces", "mutate"];
                    let closest = closest(key, known.iter().copied());
                    return Err(
                        self.error_at(key, Problem::UnknownSetting { key: key.to_owned(), closest, known })
                    );
                }
            }
        }
        Ok(Endpoint::Replay { path, manner, pace, pieces, mutation })
    }

    fn scheme(self) -> Result<(&'a str, Range<usize>), EndpointError> {
        let all = 0..self.text.len();
        if self.text.is_empty() {
            return Err(self.error(all, Problem::Missing { what: "an endpoint", example: "sim:SCENARIO" }));
        }
        let no_scheme =
            |suggestion: Option<String>| self.error(all.clone(), Problem::NoScheme { suggestion });
        if self.text.starts_with("/dev/") || is_com_port(self.text) {
            return Err(no_scheme(Some(format!("serial:{}", self.text))));
        }
        if self.text.starts_with(['/', '.', '[']) {
            return Err(no_scheme(self.text.starts_with('[').then(|| format!("tcp:{}", self.text))));
        }
        match self.text.split_once(':') {
            None => Err(no_scheme(None)),
            Some((name, _)) => Ok((name, name.len() + 1..self.text.len())),
        }
    }

    fn unknown_scheme(self, name: &str) -> EndpointError {
        let place = 0..name.len();
        let rest = &self.text[name.len() + 1..];
        if is_com_port(name) {
            let whole = format!("serial:{}", self.text);
            let instead = match whole.parse::<Endpoint>() {
                Err(EndpointError { problem: Problem::SettingsBehindPort { instead }, .. }) => instead,
                _ => format!("serial:{name}"),
            };
            return self.error(0..self.text.len(), Problem::NoScheme { suggestion: Some(instead) });
        }
        if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
            let suggestion = Some(format!("tcp:{}", self.text));
            return self.error(0..self.text.len(), Problem::NoScheme { suggestion });
        }
        let closest = closest(name, SCHEMES.iter().map(|scheme| scheme.name));
        self.error(place, Problem::UnknownScheme { scheme: name.to_owned(), closest })
    }

    fn required(self, part: &Range<usize>, what: &'static str) -> Result<(), EndpointError> {
        if !self.text[part.clone()].trim().is_empty() {
            return Ok(());
        }
        Err(self.error(part.clone(), Problem::Missing { what, example: self.example() }))
    }

    /// How an endpoint of this scheme is written.
    fn example(self) -> &'static str {
        let scheme = self.text.split(':').next().unwrap_or_default();
        let known = SCHEMES.iter().find(|known| known.name.eq_ignore_ascii_case(scheme));
        known.map_or("sim:SCENARIO", |known| known.example)
    }

    fn path(self, part: Range<usize>, what: &'static str) -> Result<PathBuf, EndpointError> {
        self.required(&part, what)?;
        self.no_tilde(&part)?;
        Ok(PathBuf::from(&self.text[part]))
    }

    fn no_tilde(self, part: &Range<usize>) -> Result<(), EndpointError> {
        if self.text[part.clone()].starts_with("~/") {
            return Err(self.error(part.start..part.start + 1, Problem::Tilde));
        }
        Ok(())
    }

    /// `COM1:`, `COM1:9600` and `/dev/ttyS0,9600,n,8,1` are how other programs write it. A colon alone proves nothing: names
    /// below `/dev/serial/by-path` have some.
    fn port_alone(self, part: &Range<usize>) -> Result<(), EndpointError> {
        self.no_tilde(part)?;
        let port = &self.text[part.clone()];
        let settings = port.match_indices([',', ':']).find_map(|(at, _)| {
            let behind = &port[at + 1..];
            let baud = behind.split(',').next().unwrap_or_default();
            let is_baud = baud.len() >= 3 && baud.bytes().all(|byte| byte.is_ascii_digit());
            let query = if is_baud { format!("?baud={baud}") } else { String::new() };
            (at > 0 && (is_baud || behind.is_empty())).then(|| format!("serial:{}{query}", &port[..at]))
        });
        let Some(instead) = settings else { return Ok(()) };
        Err(self.error(part.clone(), Problem::SettingsBehindPort { instead }))
    }

    fn split_query(self, rest: Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
        match self.text[rest.clone()].find('?') {
            Some(at) => (rest.start..rest.start + at, Some(rest.start + at + 1..rest.end)),
            None => (rest, None),
        }
    }

    fn query(self, query: Option<Range<usize>>) -> Result<Vec<(&'a str, &'a str)>, EndpointError> {
        let Some(query) = query else { return Ok(Vec::new()) };
        let mut settings: Vec<(&str, &str)> = Vec::new();
        for part in self.text[query].split('&') {
            let (key, value) = match part.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => (key, value),
                _ => return Err(self.error_at(part, Problem::NoSetting)),
            };
            if settings.iter().any(|(known, _)| *known == key) {
                return Err(self.error_at(key, Problem::Twice { key: key.to_owned() }));
            }
            settings.push((key, value));
        }
        Ok(settings)
    }

    fn line_settings(self, query: Option<Range<usize>>) -> Result<LineSettings, EndpointError> {
        let mut settings = LineSettings::default();
        for (key, value) in self.query(query)? {
            settings.set(key, value).map_err(|problem| self.error_at(key, problem))?;
        }
        Ok(settings)
    }

    fn host_and_port(self, rest: Range<usize>) -> Result<(String, u16), EndpointError> {
        self.required(&rest, "a host and a port")?;
        let text = &self.text[rest];
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() => (host, port),
            _ => {
                let problem = Problem::Missing { what: "a port", example: self.example() };
                return Err(self.error_at(text, problem));
            }
        };
        let name = match host.strip_prefix('[') {
            Some(inside) => inside.strip_suffix(']').filter(|address| is_ipv6(address)),
            None if host.contains(':') => {
                let address = if is_ipv6(text) { text } else { host };
                let problem = Problem::NeedsBrackets { address: address.to_owned(), example: self.example() };
                return Err(self.error_at(text, problem));
            }
            None => Some(host).filter(|host| !host.contains(['/', '?', '@', '[', ']', ' '])),
        };
        let Some(name) = name else {
            return Err(
                self.error_at(host, Problem::BadHost { host: host.to_owned(), example: self.example() })
            );
        };
        match port.parse::<u16>() {
            Ok(number) if number > 0 && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok((name.to_owned(), number))
            }
            _ => Err(self.error_at(port, Problem::BadPort { port: port.to_owned() })),
        }
    }
}

/// `host:port`, with the brackets that an IPv6 address needs.
pub(super) fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The whole path of the pipe that `text` names; `None` when it names none.
fn pipe_path(text: &str) -> Option<String> {
    if !text.contains(['\\', '/']) {
        return Some(format!(r"\\.\pipe\{text}"));
    }
    let (host, rest) = text.strip_prefix(r"\\")?.split_once('\\')?;
    let (folder, name) = rest.split_once('\\')?;
    let named = !host.is_empty() && folder.eq_ignore_ascii_case("pipe") && !name.is_empty();
    (named && !name.contains('\\')).then(|| format!(r"\\{host}\pipe\{name}"))
}

fn is_com_port(text: &str) -> bool {
    let digits = text.strip_prefix(r"\\.\").unwrap_or(text).to_ascii_uppercase();
    digits.strip_prefix("COM").is_some_and(|number| number.parse::<u16>().is_ok())
}

fn is_ipv6(text: &str) -> bool {
    let address = text.split('%').next().unwrap_or(text);
    address.parse::<std::net::Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        text.parse()
    }

    #[test]
    fn endpoints_are_read_and_written() {
        let tcp = |host: &str, port| Endpoint::Tcp { host: host.to_owned(), port };
        let serial =
            |port: &str| Endpoint::Serial { port: port.to_owned(), settings: LineSettings::default() };
        let slow = LineSettings { baud: 9600, flow: FlowControl::Hardware, ..LineSettings::default() };
        let pipe = |path: &str| Endpoint::Pipe { path: path.to_owned() };
        let cases: [(&str, Endpoint); 19] = [
            ("sim:rdp", Endpoint::Sim { scenario: "rdp".to_owned(), options: Vec::new() }),
            (
                "sim:rdp?profile=2016&seed=7",
                Endpoint::Sim {
                    scenario: "rdp".to_owned(),
                    options: vec![
                        ("profile".to_owned(), "2016".to_owned()),
                        ("seed".to_owned(), "7".to_owned()),
                    ],
                },
            ),
            ("serial:/dev/ttyUSB0", serial("/dev/ttyUSB0")),
            (
                "serial:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0",
                serial("/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0"),
            ),
            ("serial:COM10", serial("COM10")),
            (
                "serial:/dev/ttyS1?baud=9600&flow=rtscts",
                Endpoint::Serial { port: "/dev/ttyS1".to_owned(), settings: slow },
            ),
            ("pty:/tmp/vm?1", Endpoint::Pty { path: "/tmp/vm?1".into() }),
            ("unix:/run/vm one.sock", Endpoint::Unix { path: "/run/vm one.sock".into() }),
            ("tcp:host.example:4555", tcp("host.example", 4555)),
            (
                "azure:00000000-0000-0000-0000-000000000000/rg/vm",
                Endpoint::Azure("00000000-0000-0000-0000-000000000000/rg/vm".parse().unwrap()),
            ),
            ("tcp:127.0.0.1:1", tcp("127.0.0.1", 1)),
            ("tcp:[::1]:65535", tcp("::1", 65535)),
            ("tcp:[fe80::1%eth0]:22", tcp("fe80::1%eth0", 22)),
            (r"pipe:\\.\pipe\vm-com1", pipe(r"\\.\pipe\vm-com1")),
            (r"pipe:\\hv1\pipe\vm com1", pipe(r"\\hv1\pipe\vm com1")),
            ("telnet:[::1]:23", Endpoint::Telnet { host: "::1".to_owned(), port: 23 }),
            (
                "rfc2217:ts1:7003?baud=9600&flow=rtscts",
                Endpoint::Rfc2217 { host: "ts1".to_owned(), port: 7003, settings: slow },
            ),
            (
                "rfc2217:[::1]:7003",
                Endpoint::Rfc2217 { host: "::1".to_owned(), port: 7003, settings: LineSettings::default() },
            ),
            (
                "exec:virsh console 'my vm'",
                Endpoint::Exec { command: CommandLine::parse("virsh console 'my vm'").unwrap() },
            ),
        ];
        for (text, endpoint) in cases {
            assert_eq!(parse(text), Ok(endpoint.clone()), "{text}");
            assert_eq!(endpoint.spelled_out().expose(), text);
        }
        assert_eq!(parse("pipe:vm-com1"), parse(r"pipe:\\.\PIPE\vm-com1"));
        assert_eq!(parse("serial:COM1?baud=115200&data=8"), parse("SERIAL:COM1"));
        assert_eq!(parse("exec:cat").unwrap().to_string(), "exec:cat");
        assert_eq!(parse("tcp:host:22").unwrap().to_string(), "tcp:host:22");
    }

    #[test]
    fn what_is_wrong_is_said_with_place_reason_and_remedy() {
        let cases = [
            ("", "", "endpoint-incomplete", "sim:SCENARIO"),
            ("COM3", "COM3", "endpoint-scheme", "`serial:COM3`"),
            ("/dev/ttyS0", "/dev/ttyS0", "endpoint-scheme", "`serial:/dev/ttyS0`"),
            ("host:22", "host:22", "endpoint-scheme", "`tcp:host:22`"),
            (
                "myvm",
                "myvm",
                "endpoint-scheme",
                "sim, serial, pty, unix, pipe, tcp, telnet, rfc2217, exec, azure, replay, ws, wss",
            ),
            ("tpc:host:22", "tpc", "endpoint-scheme", "did you mean `tcp`"),
            ("seriall:COM1", "seriall", "endpoint-scheme", "did you mean `serial`"),
            ("azure:", "", "endpoint-incomplete", "azure:SUBSCRIPTION/GROUP/VM"),
            ("azure:a/b", "a/b", "endpoint-value", "SUBSCRIPTION/GROUP/VM"),
            ("azure:mine/rg/vm", "mine", "endpoint-value", "az account list"),
            ("azure:00000000-0000-0000-0000-000000000000/r g/vm", "r g", "endpoint-value", "letters"),
            ("azure:/subscriptions/x", "/subscriptions/x", "endpoint-value", "virtualMachines/NAME"),
            (r"pipe:\.\pipe\vm", r"\.\pipe\vm", "endpoint-value", "single quotes"),
            (r"pipe:\\.\vm", r"\\.\vm", "endpoint-value", r"pipe:\\.\pipe\NAME"),
            ("pipe:", "", "endpoint-incomplete", "pipe:NAME"),
            ("telnet:h", "h", "endpoint-incomplete", "telnet:HOST:PORT"),
            ("rfc2217:h:1?boud=9600", "boud", "endpoint-setting", "did you mean `baud`"),
            ("rfc2217:", "", "endpoint-incomplete", "rfc2217:HOST:PORT"),
            ("telnet://h:1", "//h", "endpoint-value", "telnet:HOST:PORT"),
            ("telnet:::1:23", "::1:23", "endpoint-value", "telnet:[::1:23]:PORT"),
            ("sim:", "", "endpoint-incomplete", "sim:SCENARIO"),
            ("ws:", "", "endpoint-incomplete", "ws://HOST:PORT/PATH"),
            ("ws:host:6083", "host:6083", "endpoint-value", "ws://HOST:PORT/PATH"),
            ("ws://host:0/", "//host:0/", "endpoint-value", "1 to 65535"),
            ("wss:///x", "///x", "endpoint-value", "no host"),
            ("wss://u:p@h/", "//u:p@h/", "endpoint-value", "account"),
            ("tcp:host", "host", "endpoint-incomplete", "tcp:HOST:PORT"),
            ("tcp:host:", "", "endpoint-value", "1 to 65535"),
            ("tcp:host:0", "0", "endpoint-value", "1 to 65535"),
            ("tcp:host:+22", "+22", "endpoint-value", "1 to 65535"),
            ("tcp:host:70000", "70000", "endpoint-value", "1 to 65535"),
            ("tcp:::1:22", "::1:22", "endpoint-value", "brackets"),
            ("tcp:[::1:22", "[::1", "endpoint-value", "name or an address"),
            ("tcp://host:22", "//host", "endpoint-value", "name or an address"),
            ("serial:COM1:", "COM1:", "endpoint-value", "write `serial:COM1`"),
            ("serial:COM10:9600", "COM10:9600", "endpoint-value", "`serial:COM10?baud=9600`"),
            (
                "serial:/dev/ttyS0,9600,n,8,1",
                "/dev/ttyS0,9600,n,8,1",
                "endpoint-value",
                "`serial:/dev/ttyS0?baud=9600`",
            ),
            ("serial:COM3:9600,n,8,1", "COM3:9600,n,8,1", "endpoint-value", "`serial:COM3?baud=9600`"),
            ("COM10:9600", "COM10:9600", "endpoint-scheme", "`serial:COM10?baud=9600`"),
            ("COM1:", "COM1:", "endpoint-scheme", "`serial:COM1`"),
            ("serial:~/tty", "~", "endpoint-value", "whole path"),
            ("unix:~/vm.sock", "~", "endpoint-value", "whole path"),
            ("ssh:host", "ssh", "endpoint-scheme", "exec:ssh"),
            ("serial:COM1?boud=9600", "boud", "endpoint-setting", "did you mean `baud`"),
            ("serial:COM1?baud=fast", "baud", "endpoint-value", "115200"),
            ("serial:COM1?data=9", "data", "endpoint-value", "5, 6, 7 or 8"),
            ("serial:COM1?parity=mark", "parity", "endpoint-value", "none, odd or even"),
            ("serial:COM1?baud", "baud", "endpoint-setting", "key=value"),
            ("serial:COM1?", "", "endpoint-setting", "key=value"),
            ("serial:COM1?baud=1&baud=2", "baud", "endpoint-setting", "once"),
            ("exec:sh -c 'a", "'", "endpoint-quote", "close"),
            ("exec:  ", "  ", "endpoint-incomplete", "exec:COMMAND LINE"),
            ("unix:/a\nb", "\n", "endpoint-value", "control"),
        ];
        for (text, place, code, help) in cases {
            let error = parse(text).unwrap_err();
            assert_eq!((&text[error.place.clone()], error.code()), (place, code), "{text}: {error}");
            let said = format!("{error} | {}", error.help());
            assert!(said.contains(help), "{text}: {said}");
            assert!(!error.to_string().contains('\n'), "{text}");
        }
        assert_eq!(parse("serial:COM1?baud=1&baud=2").unwrap_err().place, 19..23);
    }

    #[test]
    fn what_may_hold_a_password_is_not_shown_and_not_taken_for_the_whole() {
        for (text, shown) in [
            ("exec:ssh -p geheim host", "exec:ssh …"),
            ("ws://host:6083/?token=geheim-1", "ws://host:6083/?…"),
            ("wss://[::1]/console/?a=1&token=geheim", "wss://[::1]/console/?…"),
            ("ws:command:openstack --os-password geheim console", "ws:command:…"),
        ] {
            let endpoint = parse(text).unwrap();
            assert_eq!(endpoint.spelled_out().expose(), text);
            assert_eq!(endpoint.to_string(), shown);
            assert!(!format!("{endpoint:?}").contains("geheim"), "{endpoint:?}");
            let error = parse(shown).unwrap_err();
            assert_eq!(error.code(), "endpoint-left-out", "{error}");
        }
        let secrets = parse("ws://h/?token=3f0c9a2e&x=1&next=%3Ftoken%3Dab%2Dcdefgh").unwrap().secrets();
        let shown: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        assert_eq!(shown, ["3f0c9a2e", "%3Ftoken%3Dab%2Dcdefgh", "?token=ab-cdefgh", "ab-cdefgh"]);
        for wrong in [
            "ws://h:99999/?token=geheim",
            "wss://user:geheim@h/",
            "exec:ssh -p geheim 'x",
            "ws://h /?token=geheim",
        ] {
            let error = parse(wrong).unwrap_err();
            let said = format!("{error} {}", error.help());
            assert!(!said.contains("geheim"), "{said}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_is_written_the_same(
            scheme in "sim|serial|pty|unix|pipe|tcp|telnet|rfc2217|exec|ws|wss|", rest in "(//)?[a-z0-9:/?&=\\[\\]'\" \\\\.-]{0,20}",
        ) {
            if let Ok(endpoint) = parse(&format!("{scheme}:{rest}")) {
                prop_assert_eq!(parse(endpoint.spelled_out().expose()), Ok(endpoint));
            }
        }
    }
}
