//! What the gateway says in place of a console right after the token (Azure documentation, serial-console-errors).

/// Where the host of the machine did not attach the console.
const HOST_SLOW: &str = "Sorry, the serial console was unable to connect to the VM";

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Early {
    /// The console's.
    Console,
    /// The gateway's, who is sorry.
    HostSlow,
    /// Not to be told yet.
    Undecided,
}

/// Looks at all that came so far.
pub(super) fn early(bytes: &[u8]) -> Early {
    let text = bytes.trim_ascii_start();
    let compared = text.len().min(HOST_SLOW.len());
    if text[..compared] != HOST_SLOW.as_bytes()[..compared] {
        Early::Console
    } else if compared == HOST_SLOW.len() {
        Early::HostSlow
    } else {
        Early::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_as_soon_as_it_can_be() {
        let sorry = format!("\r\n{HOST_SLOW} because the service did not respond in a timely manner.\r\n");
        for end in 0..sorry.len() {
            let expected = if end < 2 + HOST_SLOW.len() { Early::Undecided } else { Early::HostSlow };
            assert_eq!(early(&sorry.as_bytes()[..end]), expected, "{end}");
        }
        for text in ["SAC>", "\r\nSorry, you", "\x1b[2J"] {
            assert_eq!(early(text.as_bytes()), Early::Console);
        }
    }
}
