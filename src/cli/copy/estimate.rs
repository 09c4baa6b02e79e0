//! How long a transfer will take, before it begins.

use std::time::Duration;

use crate::cli::failure::Failure;
use crate::transport::Endpoint;

/// What takes longer begins only with `--yes`.
const HOUR: Duration = Duration::from_hours(1);
/// Characters of a line of 8N1 that are not the file: base64, prompts, echoes, pauses.
const USED: f64 = 0.55;
/// What stands in for a speed that is not known: that of a virtual port and of Azure.
const USUAL: u32 = 115_200;

/// The time for so many bytes.
pub(super) fn time(endpoint: &Endpoint, carried: u64) -> Duration {
    let baud = match endpoint {
        Endpoint::Serial { settings, .. } | Endpoint::Rfc2217 { settings, .. } => settings.baud,
        _ => USUAL,
    };
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = carried as f64 / (f64::from(baud) / 10.0 * USED);
    Duration::from_secs_f64(seconds.min(1e9))
}

/// Refuses what takes hours.
pub(super) fn check(endpoint: &Endpoint, carried: u64, yes: bool) -> Result<(), Failure> {
    let time = time(endpoint, carried);
    if yes || time < HOUR {
        return Ok(());
    }
    let message = format!(
        "{} would take about {} on this line; nothing was copied",
        indicatif::HumanBytes(carried),
        indicatif::HumanDuration(time)
    );
    Err(Failure::usage(message)
        .help("begin anyway with --yes, or copy less: select what you need on the machine first"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_refused_and_minutes_are_not() {
        let slow: Endpoint = "serial:/dev/ttyS0?baud=9600".parse().unwrap();
        let usual: Endpoint = "tcp:bmc7:2001".parse().unwrap();
        let megabytes = |count: u64| count << 20;
        assert!(check(&usual, megabytes(10), false).is_ok());
        assert!(check(&usual, megabytes(40), false).is_err() && check(&usual, megabytes(40), true).is_ok());
        assert!(check(&slow, megabytes(1), false).is_ok() && check(&slow, megabytes(3), false).is_err());
        let said = check(&usual, megabytes(100), false).unwrap_err();
        assert_eq!(said.message, "100.00 MiB would take about 5 hours on this line; nothing was copied");
    }
}
