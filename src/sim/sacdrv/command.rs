//! The parser of `SAC>`: mostly comparisons of the beginning, first match wins.

use std::net::Ipv4Addr;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Nothing was typed.
    Empty,
    /// Anything that starts with `t`.
    ProcessList,
    /// Anything that starts with `?` or `help`.
    Help,
    /// Anything that starts with `f`.
    ToggleThreads,
    /// Anything that starts with `p`.
    TogglePaging,
    /// Anything that starts with `id`.
    Identify,
    /// Anything that starts with `crashdump`.
    Crash,
    /// Anything that starts with `lock`.
    Lock,
    /// Anything that starts with `shutdown`.
    Shutdown,
    /// Anything that starts with `restart`.
    Restart,
    /// Anything that starts with `d`.
    KernelLog,
    /// Anything that starts with `cmd`.
    Cmd,
    /// `ch`, and what follows.
    Channel(Channel),
    /// `k`
    Kill(Option<u32>),
    /// `l`
    Lower(Option<u32>),
    /// `r`
    Raise(Option<u32>),
    /// `m`
    LimitMemory(Option<(u32, u32)>),
    /// `s`
    Time(Option<String>),
    /// `i`
    Addresses(Vec<String>),
    /// Anything else.
    Unrecognized,
}

/// What `ch` is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Channel {
    List,
    Help,
    Switch(Which),
    Close(Which),
    /// An option that does not exist, or one without its argument.
    Wrong,
}

/// Which channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Which {
    Index(usize),
    Name(String),
}

/// An `i` command with its numbers, or the message that says which is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressChange {
    pub(super) interface: u32,
    pub(super) address: Ipv4Addr,
    pub(super) mask: Ipv4Addr,
    pub(super) gateway: Ipv4Addr,
}

/// Which part of an `i` command is missing or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongPart {
    Interface,
    Address,
    Mask,
    Gateway,
}

impl Command {
    /// Reads a line as it was typed.
    pub(super) fn parse(typed: &str) -> Self {
        let line = typed.trim_matches([' ', '\t']).to_ascii_lowercase();
        let prefixes = [
            ("t", Self::ProcessList),
            ("?", Self::Help),
            ("help", Self::Help),
            ("f", Self::ToggleThreads),
            ("p", Self::TogglePaging),
            ("id", Self::Identify),
            ("crashdump", Self::Crash),
            ("lock", Self::Lock),
            ("shutdown", Self::Shutdown),
            ("restart", Self::Restart),
            ("d", Self::KernelLog),
            ("cmd", Self::Cmd),
        ];
        if line.is_empty() {
            return Self::Empty;
        }
        if let Some((_, command)) = prefixes.into_iter().find(|(start, _)| line.starts_with(start)) {
            return command;
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let mut words = rest.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok());
        match verb {
            "ch" => Self::Channel(channel(rest)),
            "k" => Self::Kill(number()),
            "l" => Self::Lower(number()),
            "r" => Self::Raise(number()),
            "m" => Self::LimitMemory(number().zip(number())),
            "s" => Self::Time(Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty())),
            "i" => Self::Addresses(words.map(str::to_owned).collect()),
            _ => Self::Unrecognized,
        }
    }
}

impl Command {
    /// Whether its answer comes from Windows, which takes a while.
    pub(super) fn asks_windows(&self) -> bool {
        matches!(
            self,
            Self::ProcessList
                | Self::Identify
                | Self::Addresses(_)
                | Self::Time(_)
                | Self::Kill(_)
                | Self::Lower(_)
                | Self::Raise(_)
                | Self::LimitMemory(_)
        )
    }
}

impl AddressChange {
    /// Reads the words after `i`.
    pub(super) fn parse(words: &[String]) -> Result<Self, WrongPart> {
        let part = |at: usize, wrong| words.get(at).and_then(|word| word.parse().ok()).ok_or(wrong);
        Ok(Self {
            interface: words.first().and_then(|word| word.parse().ok()).ok_or(WrongPart::Interface)?,
            address: part(1, WrongPart::Address)?,
            mask: part(2, WrongPart::Mask)?,
            gateway: part(3, WrongPart::Gateway)?,
        })
    }
}

fn channel(rest: &str) -> Channel {
    let rest = rest.trim();
    let (option, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    let index = || argument.parse().ok().map(Which::Index);
    let name = || (!argument.is_empty()).then(|| Which::Name(argument.to_owned()));
    match option {
        "" => Channel::List,
        "-?" => Channel::Help,
        "-si" => index().map_or(Channel::Wrong, Channel::Switch),
        "-sn" => name().map_or(Channel::Wrong, Channel::Switch),
        "-ci" => index().map_or(Channel::Wrong, Channel::Close),
        "-cn" => name().map_or(Channel::Wrong, Channel::Close),
        _ => Channel::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_line_decides() {
        for (line, command) in [
            ("", Command::Empty),
            (" \t ", Command::Empty),
            ("t", Command::ProcessList),
            ("type C:\\x.txt", Command::ProcessList),
            ("tasklist", Command::ProcessList),
            ("takeown /f x", Command::ProcessList),
            ("?", Command::Help),
            ("?x", Command::Help),
            ("helpme", Command::Help),
            ("hel", Command::Unrecognized),
            ("find \"x\"", Command::ToggleThreads),
            ("for", Command::ToggleThreads),
            ("powershell", Command::TogglePaging),
            ("ping 10.0.0.1", Command::TogglePaging),
            ("id", Command::Identify),
            ("idle", Command::Identify),
            ("i", Command::Addresses(vec![])),
            ("ix", Command::Unrecognized),
            ("crashdump", Command::Crash),
            ("crash", Command::Unrecognized),
            ("lock", Command::Lock),
            ("l 4", Command::Lower(Some(4))),
            ("shutdown /r /t 0", Command::Shutdown),
            ("restart-computer", Command::Restart),
            ("dir", Command::KernelLog),
            ("DISM /online", Command::KernelLog),
            ("cmd", Command::Cmd),
            ("cmd.exe /c x", Command::Cmd),
            ("  CMD  ", Command::Cmd),
            ("ch", Command::Channel(Channel::List)),
            ("ch ", Command::Channel(Channel::List)),
            ("chkdsk", Command::Unrecognized),
            ("ch -?", Command::Channel(Channel::Help)),
            ("ch -si 1", Command::Channel(Channel::Switch(Which::Index(1)))),
            ("CH -SN Cmd0001", Command::Channel(Channel::Switch(Which::Name("cmd0001".to_owned())))),
            ("ch -ci 12", Command::Channel(Channel::Close(Which::Index(12)))),
            ("ch -cn SAC", Command::Channel(Channel::Close(Which::Name("sac".to_owned())))),
            ("ch -si", Command::Channel(Channel::Wrong)),
            ("ch -si x", Command::Channel(Channel::Wrong)),
            ("ch -l", Command::Channel(Channel::Wrong)),
            ("k 1234", Command::Kill(Some(1234))),
            ("k", Command::Kill(None)),
            ("r 4", Command::Raise(Some(4))),
            ("reg query", Command::Unrecognized),
            ("m 4 100", Command::LimitMemory(Some((4, 100)))),
            ("m 4", Command::LimitMemory(None)),
            ("s", Command::Time(None)),
            ("s 01/02/2026 03:04", Command::Time(Some("01/02/2026 03:04".to_owned()))),
            ("sc query", Command::Unrecognized),
            ("exit", Command::Unrecognized),
            ("netstat", Command::Unrecognized),
        ] {
            assert_eq!(Command::parse(line), command, "{line:?}");
        }
    }

    #[test]
    fn addresses_are_checked_from_left_to_right() {
        let parse = |text: &str| {
            AddressChange::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(parse("x"), Err(WrongPart::Interface));
        assert_eq!(parse("10 1.2.3"), Err(WrongPart::Address));
        assert_eq!(parse("10 1.2.3.4 255"), Err(WrongPart::Mask));
        assert_eq!(parse("10 1.2.3.4 255.0.0.0"), Err(WrongPart::Gateway));
        assert_eq!(
            parse("10 10.0.0.4 255.255.255.0 10.0.0.1"),
            Ok(AddressChange {
                interface: 10,
                address: Ipv4Addr::new(10, 0, 0, 4),
                mask: Ipv4Addr::new(255, 255, 255, 0),
                gateway: Ipv4Addr::new(10, 0, 0, 1),
            })
        );
    }
}
