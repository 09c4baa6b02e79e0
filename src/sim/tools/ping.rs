//! ping.exe: the machine answers itself; what lies beyond its interfaces does not answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::conhost::Interrupted;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wishes {
    /// None: for ever.
    count: Option<u32>,
    size: u32,
    patience: Duration,
    v6: bool,
    host: String,
}

/// How a host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// At once.
    Itself,
    /// Not at all.
    Silent,
    /// There is no interface to send from.
    NoInterface,
}

pub(super) async fn run(process: &Process) -> Result<ExitCode, Interrupted> {
    let wishes = match Wishes::parse(&process.args) {
        Ok(Some(wishes)) => wishes,
        Ok(None) => {
            process.stdout.text(
                "\r\nUsage: ping [-t] [-a] [-n count] [-l size] [-f] [-i TTL] [-w timeout] target_name\r\n",
            );
            return Ok(1);
        }
        Err(message) => {
            process.stdout.text(&format!("{message}\r\n"));
            return Ok(1);
        }
    };
    let Some((address, reach)) = resolve(process, &wishes) else {
        let host = &wishes.host;
        process.stdout.text(&format!(
            "Ping request could not find host {host}. Please check the name and try again.\r\n"
        ));
        return Ok(1);
    };
    let named = wishes.host.parse::<IpAddr>().is_err();
    let title = if named {
        let name = if wishes.host.eq_ignore_ascii_case("localhost") {
            process.world.lock().computer.clone()
        } else {
            wishes.host.clone()
        };
        format!("{name} [{address}]")
    } else {
        address.to_string()
    };
    process.stdout.text(&format!("\r\nPinging {title} with {} bytes of data:\r\n", wishes.size));
    let (mut sent, mut received) = (0, 0);
    loop {
        let result = once(process, &wishes, address, reach, sent == 0).await;
        if let Err(interrupted) = result {
            statistics(process, address, sent, received);
            process.stdout.text("Control-C\r\n");
            return Err(interrupted);
        }
        sent += 1;
        received += u32::from(reach == Reach::Itself);
        if wishes.count.is_some_and(|count| sent >= count) {
            statistics(process, address, sent, received);
            return Ok(i32::from(received == 0));
        }
    }
}

async fn once(
    process: &Process,
    wishes: &Wishes,
    address: IpAddr,
    reach: Reach,
    first: bool,
) -> Result<(), Interrupted> {
    if !first {
        process.console.sleep(Duration::from_secs(1)).await?;
    }
    match reach {
        Reach::Itself if address.is_ipv6() => {
            process.stdout.text(&format!("Reply from {address}: time<1ms \r\n"));
        }
        Reach::Itself => {
            process.stdout.text(&format!("Reply from {address}: bytes={} time<1ms TTL=128\r\n", wishes.size));
        }
        Reach::Silent => {
            process.console.sleep(wishes.patience).await?;
            process.stdout.text("Request timed out.\r\n");
        }
        Reach::NoInterface => process.stdout.text("PING: transmit failed. General failure. \r\n"),
    }
    Ok(())
}

fn statistics(process: &Process, address: IpAddr, sent: u32, received: u32) {
    if sent == 0 {
        return;
    }
    let lost = sent - received;
    let percent = lost * 100 / sent;
    process.stdout.text(&format!(
        "\r\nPing statistics for {address}:\r\n    Packets: Sent = {sent}, Received = {received}, Lost = {lost} ({percent}% loss),\r\n"
    ));
    if received > 0 {
        process.stdout.text(
            "Approximate round trip times in milli-seconds:\r\n    Minimum = 0ms, Maximum = 0ms, Average = 0ms\r\n",
        );
    }
}

/// The address behind a name, and whether it answers.
fn resolve(process: &Process, wishes: &Wishes) -> Option<(IpAddr, Reach)> {
    let world = process.world.lock();
    let own: Vec<Ipv4Addr> =
        world.network.interfaces.iter().filter(|one| one.is_up()).map(|one| one.address).collect();
    if let Ok(address) = wishes.host.parse::<IpAddr>() {
        let itself = address.is_loopback() || own.iter().any(|one| IpAddr::V4(*one) == address);
        let reach = match (itself, own.is_empty()) {
            (true, _) => Reach::Itself,
            (false, true) => Reach::NoInterface,
            (false, false) => Reach::Silent,
        };
        return Some((address, reach));
    }
    let is_own =
        wishes.host.eq_ignore_ascii_case("localhost") || wishes.host.eq_ignore_ascii_case(&world.computer);
    let address = if wishes.v6 { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { IpAddr::V4(Ipv4Addr::LOCALHOST) };
    is_own.then_some((address, Reach::Itself))
}

impl Wishes {
    /// `None`: nothing is asked for.
    fn parse(args: &[String]) -> Result<Option<Self>, String> {
        let mut wishes = Self {
            count: Some(4),
            size: 32,
            patience: Duration::from_secs(4),
            v6: true,
            host: String::new(),
        };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            let Some(switch) = word.strip_prefix(['-', '/']) else {
                word.clone_into(&mut wishes.host);
                continue;
            };
            let mut number = |low: u32, high: u32| -> Result<u32, String> {
                let given = words.next().ok_or(format!("Value must be supplied for option {word}."))?;
                let value = given.parse().ok().filter(|value| (low..=high).contains(value));
                value.ok_or(format!("Bad value for option {word}, valid range is from {low} to {high}."))
            };
            match switch.to_ascii_lowercase().as_str() {
                "t" => wishes.count = None,
                "4" => wishes.v6 = false,
                "a" | "f" | "6" => {}
                "n" => wishes.count = Some(number(1, u32::MAX)?),
                "l" => wishes.size = number(0, 65_500)?,
                "w" => wishes.patience = Duration::from_millis(u64::from(number(0, u32::MAX)?)),
                "i" => {
                    number(1, 255)?;
                }
                _ => {
                    // `-n1` is taken as one word.
                    let count = switch.strip_prefix(['n', 'N']).and_then(|count| count.parse().ok());
                    match count {
                        Some(count) => wishes.count = Some(count),
                        None => return Err(format!("Bad option {word}.\r\n")),
                    }
                }
            }
        }
        Ok((!wishes.host.is_empty()).then_some(wishes))
    }
}
