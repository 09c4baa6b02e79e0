//! How the simulated Azure behaves: `frames=binary&cut=1&case=deallocated`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Everything that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches {
    /// Something is wrong with the machine or the account.
    pub case: Option<Case>,
    /// Calls that fail.
    pub faults: Vec<Fault>,
    /// How long a long operation takes.
    pub operation: Duration,
    /// What `Retry-After` says while it goes on.
    pub retry_after: u32,
    /// The opcode of what the gateway sends.
    pub frames: Frames,
    /// How the console's output is cut into frames.
    pub cut: Cut,
    /// The replayed output begins inside of a character, with bytes that are none.
    pub invalid: bool,
    /// The gateway does not speak first.
    pub silent_first: bool,
    /// It pings that often.
    pub ping: Option<Duration>,
    /// It closes a session that was silent for so long.
    pub idle: Option<Duration>,
    /// It drops the first session, without closing it, after so many bytes of output.
    pub drop_after: Option<u64>,
    /// It refuses so many upgrades, with this status.
    pub refuse: Option<(u16, u32)>,
    /// Something answers upgrades with a page.
    pub blocked: bool,
    /// The upgrade takes so long.
    pub slow_upgrade: Duration,
    /// The gateway believes no token, although the resource manager does.
    pub distrust: bool,
    /// The machine's host does not attach the console.
    pub host_slow: bool,
    /// So much of the past output is shown to a new session.
    pub replay: usize,
    /// The newest so many bytes of it are left out: what is shown is not the present.
    pub stale: usize,
    /// The gateway sends the token back.
    pub echo_token: bool,
    /// Of a message only so many characters are taken.
    pub cap: Option<usize>,
    /// Of two equal neighbours that come within this time the second is lost.
    pub doubled: Option<Duration>,
    /// The code with which the older of two sessions is closed.
    pub taken_code: u16,
}

/// Something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Boot diagnostics are off.
    BootDiagnosticsOff,
    /// The machine is deallocated.
    Deallocated,
    /// It is on its way there.
    Deallocating,
    /// It is switched off, and keeps its place.
    Stopped,
    /// It is on its way there.
    Stopping,
    /// It is on its way up.
    Starting,
    /// The serial console is disabled for the subscription.
    Disabled,
    /// A deny assignment forbids the connection.
    NoPermission,
    /// The storage account of the boot diagnostics refuses.
    StorageFirewall,
    /// A read-only lock is on the group.
    ReadOnlyLock,
    /// The machine is not provisioned yet.
    NotProvisioned,
    /// The storage account of the boot diagnostics is named with `http://`.
    InsecureStorage,
    /// There is no such machine.
    Missing,
    /// Its name is that of a scale set.
    ScaleSet,
    /// The storage account of the boot diagnostics lets only some addresses in.
    StorageRules,
}

const CASES: [(&str, Case); 15] = [
    ("boot-diagnostics-off", Case::BootDiagnosticsOff),
    ("deallocated", Case::Deallocated),
    ("deallocating", Case::Deallocating),
    ("stopped", Case::Stopped),
    ("stopping", Case::Stopping),
    ("starting", Case::Starting),
    ("disabled", Case::Disabled),
    ("no-permission", Case::NoPermission),
    ("storage-firewall", Case::StorageFirewall),
    ("read-only-lock", Case::ReadOnlyLock),
    ("not-provisioned", Case::NotProvisioned),
    ("insecure-storage", Case::InsecureStorage),
    ("missing", Case::Missing),
    ("scale-set", Case::ScaleSet),
    ("storage-rules", Case::StorageRules),
];

/// Which opcode frames have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frames {
    /// All text, as the service most likely sends.
    Text,
    /// All binary.
    Binary,
    /// In turns.
    Mixed,
}

/// How output is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As it comes.
    AsItComes,
    /// Frames of so many bytes, wherever that falls.
    Every(usize),
}

/// Calls that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which calls.
    pub at: Place,
    /// With which status. 0: the connection is cut instead.
    pub status: u16,
    /// How many.
    pub times: u32,
    /// What `Retry-After` says.
    pub retry_after: Option<u32>,
    /// The call does its work before it fails.
    pub done: bool,
}

/// Which calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Every one of the resource manager.
    Any,
    /// Those about a machine.
    Machine,
    /// Whether the serial console is enabled.
    Service,
    /// The one that opens a session.
    Connect,
    /// Those to the authority.
    Token,
    /// Those that change something.
    Write,
}

const PLACES: [(&str, Place); 6] = [
    ("any", Place::Any),
    ("machine", Place::Machine),
    ("service", Place::Service),
    ("connect", Place::Connect),
    ("token", Place::Token),
    ("write", Place::Write),
];

impl Default for Switches {
    fn default() -> Self {
        Self {
            case: None,
            faults: Vec::new(),
            operation: Duration::from_secs(3),
            retry_after: 1,
            frames: Frames::Text,
            cut: Cut::AsItComes,
            invalid: false,
            silent_first: false,
            ping: None,
            idle: None,
            drop_after: None,
            refuse: None,
            blocked: false,
            slow_upgrade: Duration::ZERO,
            distrust: false,
            host_slow: false,
            replay: 2048,
            stale: 0,
            echo_token: false,
            cap: None,
            doubled: None,
            taken_code: 1000,
        }
    }
}

/// The text of switches cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{switch}` is no switch of the simulated Azure: {reason}")]
pub struct SwitchError {
    /// The part, as written.
    pub switch: String,
    /// Why.
    pub reason: String,
}

impl SwitchError {
    /// What there is.
    pub fn help() -> &'static str {
        "there is frames=text|binary|mixed, cut=BYTES, invalid, silent-first, ping=SECONDS, idle=SECONDS, \
         drop=BYTES, refuse=STATUS[:TIMES], blocked, slow-upgrade=SECONDS, distrust, host-slow, replay=BYTES, \
         stale=BYTES, echo-token, cap=CHARACTERS, doubled=MILLISECONDS, taken=CODE, operation=SECONDS, case=NAME, \
         fail=PLACE:STATUS|cut[:TIMES[:RETRY_AFTER]]"
    }
}

impl FromStr for Switches {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let mut switches = Self::default();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            switches.set(key, value).map_err(|reason| SwitchError { switch: part.to_owned(), reason })?;
        }
        Ok(switches)
    }
}

impl Switches {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "case" => self.case = Some(named(&CASES, value)?),
            "fail" => self.faults.push(fault(value)?),
            "operation" => self.operation = seconds(value)?,
            "frames" => {
                let known = [("text", Frames::Text), ("binary", Frames::Binary), ("mixed", Frames::Mixed)];
                self.frames = named(&known, value)?;
            }
            "cut" => self.cut = Cut::Every(number::<usize>(value)?.max(1)),
            "invalid" => self.invalid = flag(value)?,
            "silent-first" => self.silent_first = flag(value)?,
            "ping" => self.ping = Some(seconds(value)?),
            "idle" => self.idle = Some(seconds(value)?),
            "drop" => self.drop_after = Some(number(value)?),
            "refuse" => {
                let (status, times) = value.split_once(':').unwrap_or((value, "1"));
                self.refuse = Some((status_code(status)?, number(times)?));
            }
            "blocked" => self.blocked = flag(value)?,
            "slow-upgrade" => self.slow_upgrade = seconds(value)?,
            "distrust" => self.distrust = flag(value)?,
            "host-slow" => self.host_slow = flag(value)?,
            "replay" => self.replay = number(value)?,
            "stale" => self.stale = number(value)?,
            "echo-token" => self.echo_token = flag(value)?,
            "cap" => self.cap = Some(number(value)?),
            "taken" => self.taken_code = close_code(value)?,
            "doubled" => self.doubled = Some(Duration::from_millis(number(value)?)),
            _ => return Err("there is none of that name".to_owned()),
        }
        Ok(())
    }
}

fn named<T: Copy>(known: &[(&str, T)], value: &str) -> Result<T, String> {
    known.iter().find(|(name, _)| *name == value).map(|(_, what)| *what).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("it can be {}", names.join(", "))
    })
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "it takes a number".to_owned())
}

fn seconds(value: &str) -> Result<Duration, String> {
    let seconds: f64 = number(value)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "it takes seconds".to_owned())
}

fn flag(value: &str) -> Result<bool, String> {
    match value {
        "" | "1" => Ok(true),
        "0" => Ok(false),
        _ => Err("it takes no value".to_owned()),
    }
}

fn status_code(value: &str) -> Result<u16, String> {
    let status = number(value)?;
    if (300..600).contains(&status) {
        Ok(status)
    } else {
        Err("it takes a status from 300 to 599".to_owned())
    }
}

fn close_code(value: &str) -> Result<u16, String> {
    let code = number(value)?;
    if (1000..5000).contains(&code) {
        Ok(code)
    } else {
        Err("it takes a close code, 1000 to 4999".to_owned())
    }
}

fn fault(value: &str) -> Result<Fault, String> {
    let mut parts = value.split(':');
    let at = named(&PLACES, parts.next().unwrap_or_default())?;
    let status = match parts.next().unwrap_or_default() {
        "cut" => 0,
        status => status_code(status)?,
    };
    let times = parts.next().map_or(Ok(1), number)?;
    let retry_after = parts.next().map(number).transpose()?;
    Ok(Fault { at, status, times, retry_after, done: false })
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CASES.iter().find(|(_, case)| case == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_read_or_refused() {
        let switches: Switches =
            "frames=binary&cut=1&silent-first&idle=0.5&refuse=502:2&case=deallocated&fail=connect:429:3:17"
                .parse()
                .unwrap();
        assert_eq!(switches.frames, Frames::Binary);
        assert_eq!(switches.cut, Cut::Every(1));
        assert!(switches.silent_first);
        assert_eq!(switches.idle, Some(Duration::from_millis(500)));
        assert_eq!(switches.refuse, Some((502, 2)));
        assert_eq!(switches.case, Some(Case::Deallocated));
        let fault = Fault { at: Place::Connect, status: 429, times: 3, retry_after: Some(17), done: false };
        assert_eq!(switches.faults, [fault]);
        assert_eq!("".parse(), Ok(Switches::default()));
        for (text, reason) in [
            ("frame=text", "there is none of that name"),
            ("frames=utf", "it can be text, binary, mixed"),
            ("cut=x", "it takes a number"),
            ("idle=-1", "it takes seconds"),
            ("refuse=200", "it takes a status from 300 to 599"),
            ("silent-first=maybe", "it takes no value"),
        ] {
            assert_eq!(text.parse::<Switches>().unwrap_err().reason, reason, "{text}");
        }
    }
}
