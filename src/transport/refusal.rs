//! What clients and terminal servers print when they do not let us in, and what to do about it.

use super::Refused;

/// How much of the beginning is kept: a refusal comes at once or never.
const HEAD: usize = 4096;

/// The beginning of what a line said.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: Vec<u8>,
    overflowed: bool,
}

/// Why we were not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// A piece of what was printed.
    text: &'static str,
    /// Whether somebody else is on the console.
    pub(super) kind: Kind,
    /// What to do.
    pub(super) remedy: &'static str,
}

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody else is on the console.
    Busy,
    /// Somebody else is on the console, and we may watch: what we type goes nowhere.
    Spectator,
    /// Something must be set or allowed first.
    Refused,
}

const fn busy(text: &'static str, remedy: &'static str) -> Refusal {
    Refusal { text, kind: Kind::Busy, remedy }
}

const fn spectator(text: &'static str, remedy: &'static str) -> Refusal {
    Refusal { text, kind: Kind::Spectator, remedy }
}

const fn refused(text: &'static str, remedy: &'static str) -> Refusal {
    Refusal { text, kind: Kind::Refused, remedy }
}

/// Each text was seen on a real peer by a test, or its source is named.
const REFUSALS: [Refusal; 18] = [
    busy(
        "Port already in use",
        "close the other session, or let the newer one win: `kickolduser: true` in the ser2net configuration",
    ),
    busy("SOL payload already active", "end the other session: `ipmitool … sol deactivate`"),
    // libvirt, virStream: "Active console session exists for this domain".
    busy("ctive console session exists", "close the other session, or take it over: `virsh console --force`"),
    // AWS, SerialConsoleSessionLimitExceededException.
    busy("active serial console session", "close the other session; AWS frees the console 30 s later"),
    // conserver: `[no, root@localhost is attached]`.
    spectator(" is attached]", "close the other session, or take the console over: `console -f`"),
    // Our own `sim --listen`.
    busy("This console is in use by somebody else", "close the other session"),
    refused(
        "Azure Serial Console requires boot diagnostics",
        "`az vm boot-diagnostics enable -g GROUP -n VM`",
    ),
    refused("Azure Serial Console requires a virtual machine to be running", "`az vm start -g GROUP -n VM`"),
    refused("Azure Serial Console is not enabled", "`az serial-console enable`"),
    // AWS, SerialConsoleAccessDisabledException.
    refused("SerialConsoleAccessDisabled", "`aws ec2 enable-serial-console-access`"),
    refused(
        "Host key verification failed",
        "compare the key with the published one, then add it to known_hosts",
    ),
    refused(
        "Permission denied (publickey",
        "give ssh the right key (`-i FILE`); AWS takes a pushed key for 60 s only, Google the key of the project",
    ),
    refused("Could not resolve hostname", "check the name"),
    refused("Connection refused", "start what should listen there, or check the address"),
    refused("Connection timed out", "check the address and the firewalls between"),
    refused(
        "error: failed to get domain",
        "check the name with `virsh list --all`, and the connection (`-c URI`)",
    ),
    refused("error: The domain is not running", "`virsh start VM`"),
    refused(
        "error: failed to connect to the hypervisor",
        "check the connection (`-c URI`), and whether you may use it (the group libvirt)",
    ),
];

impl Head {
    /// Remembers the beginning.
    pub(super) fn keep(&mut self, bytes: &[u8]) {
        let room = HEAD - self.bytes.len();
        self.overflowed |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What the refusal in it means for another try.
    pub(super) fn refused(&self) -> Option<Refused> {
        Some(match self.refusal()?.kind {
            Kind::Busy | Kind::Spectator => Refused::Taken,
            Kind::Refused => Refused::NotAllowed,
        })
    }

    /// Whether all that was said is in it.
    pub(super) fn is_whole(&self) -> bool {
        !self.overflowed
    }

    /// The refusal in it; none when more was said than a refusal is long.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if self.overflowed {
            return None;
        }
        let holds = |text: &str| self.bytes.windows(text.len()).any(|window| window == text.as_bytes());
        REFUSALS.into_iter().find(|refusal| holds(refusal.text))
    }

    /// What a line that ended said about why: the refusal with its remedy, or the last line of the little that came.
    pub(super) fn reason(&self) -> Option<String> {
        let said = self.last_line()?;
        Some(match self.refusal() {
            Some(refusal) => {
                let line = self.line_with(refusal.text).unwrap_or(said);
                format!("{line}: {}", refusal.remedy)
            }
            None => said,
        })
    }

    fn last_line(&self) -> Option<String> {
        if self.overflowed {
            return None;
        }
        self.lines().pop()
    }

    fn line_with(&self, text: &str) -> Option<String> {
        self.lines().into_iter().find(|line| line.contains(text))
    }

    /// Its lines as one may show them: what comes from the other side is not trusted.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let clean =
            |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
        text.split(['\r', '\n']).map(clean).filter(|line| !line.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        let mut head = Head::default();
        for byte in text.bytes() {
            head.keep(&[byte]);
        }
        head
    }

    #[test]
    fn refusals_are_known_and_others_quoted() {
        let cases = [
            ("Port already in use\r\n", Some(Kind::Busy), "Port already in use: close the other session"),
            (
                "Info: SOL payload already active on another session\n",
                Some(Kind::Busy),
                "Info: SOL payload already active on another session: end the other",
            ),
            (
                "error: operation failed: Active console session exists for this domain\r\n\r\n",
                Some(Kind::Busy),
                "error: operation failed: Active console session exists for this domain: close the other",
            ),
            (
                "[Enter `^Ec?' for help]\r\n[no, root@localhost is attached]\r\n",
                Some(Kind::Spectator),
                "[no, root@localhost is attached]: close the other",
            ),
            ("boo\r\n\x1b[31mbar\x07\r\n\r\n", None, "[31mbar"),
        ];
        for (text, kind, reason) in cases {
            let head = head(text);
            assert_eq!(head.refusal().map(|refusal| refusal.kind), kind, "{text}");
            let said = head.reason().unwrap();
            assert!(said.starts_with(reason), "{said}");
        }
        assert_eq!(head(" \r\n").reason(), None);
    }

    #[test]
    fn what_comes_later_is_no_refusal() {
        let mut head = Head::default();
        head.keep(&[b' '; HEAD]);
        head.keep(b"x");
        assert_eq!(head.reason(), None);
        let mut head = Head::default();
        head.keep(&vec![b' '; HEAD + 100]);
        head.keep(b"Port already in use");
        assert_eq!(head.refusal(), None);
    }
}
