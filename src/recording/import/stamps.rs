//! Lines that begin with the time at which they came, as minicom, tio and serial loggers write it:
//! `[2026-11-28 10:00:00] text`, `[10:00:00.123] text`.

use std::time::Duration;

/// Lines at the beginning of a log that are looked at.
const LOOKED_AT: usize = 50;
/// Fewer stamps than that may be the machine's own text.
const FEWEST: usize = 3;

/// Whether this log has times: nearly every line of its beginning starts with one.
pub(super) fn has_stamps(head: &[u8]) -> bool {
    let whole = head.iter().rposition(|byte| *byte == b'\n').map_or(&head[..0], |end| &head[..end]);
    let lines: Vec<&[u8]> = whole
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .take(LOOKED_AT)
        .collect();
    let stamped = lines.iter().filter(|line| stamp(line).is_some()).count();
    stamped >= FEWEST && stamped * 5 >= lines.len() * 4
}

/// The times of a log, as they go on.
#[derive(Debug, Default)]
pub(super) struct Clock {
    first: Option<Duration>,
    last: Duration,
    days: u32,
}

/// A day, for logs that only say the time of day.
const DAY: Duration = Duration::from_hours(24);

impl Clock {
    /// When a line came, since the first one, and the line without its stamp. A line without one came with the line
    /// before it.
    pub(super) fn read<'l>(&mut self, line: &'l [u8]) -> (Duration, &'l [u8]) {
        let Some((stamped, rest)) = stamp(line) else { return (self.last, line) };
        let first = *self.first.get_or_insert(stamped);
        let mut at = stamped + DAY * self.days;
        // Past midnight; a clock that was set back a little is none.
        if at + DAY / 2 < first + self.last {
            self.days += 1;
            at += DAY;
        }
        self.last = self.last.max(at.saturating_sub(first));
        (self.last, rest)
    }
}

/// The time in front of a line (since midnight, or since the year 0), and what follows it.
fn stamp(line: &[u8]) -> Option<(Duration, &[u8])> {
    let inside = line.strip_prefix(b"[")?;
    let end = inside.iter().take(40).position(|byte| *byte == b']')?;
    let rest = &inside[end + 1..];
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let text = std::str::from_utf8(&inside[..end]).ok()?;
    let (days, clock) = match text.split_once([' ', 'T']) {
        Some((date, clock)) => (days(date)?, clock),
        None => (0, text),
    };
    Some((Duration::from_secs(days * 86_400) + time_of_day(clock)?, rest))
}

/// Days of a date in a calendar without gaps: only differences are used.
fn days(date: &str) -> Option<u64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let since = date.since((jiff::Unit::Day, jiff::civil::date(0, 1, 1))).ok()?;
    u64::try_from(since.get_days()).ok()
}

/// `10:00:00`, `10:00:00.123`, with or without a zone behind it.
fn time_of_day(text: &str) -> Option<Duration> {
    let plain = text.split(['Z', '+', ' ']).next()?;
    let mut parts = plain.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if hours.len() != 2 || minutes.len() != 2 || !seconds.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 =
        seconds.replace(',', ".").parse().ok().filter(|seconds| (0.0..61.0).contains(seconds))?;
    (hours < 24 && minutes < 60)
        .then(|| Duration::from_secs(hours * 3600 + minutes * 60) + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_taken_away() {
        let mut clock = Clock::default();
        let mut read = |line: &str| {
            let (at, rest) = clock.read(line.as_bytes());
            (at.as_millis(), String::from_utf8(rest.to_vec()).unwrap())
        };
        for (line, at, rest) in [
            ("[2026-11-28 23:59:58] SAC>", 0, "SAC>"),
            ("no time", 0, "no time"),
            ("[2026-11-29T00:00:01.250Z] x", 3250, "x"),
            ("[2026-11-29 00:00:00] the clock was set back", 3250, "the clock was set back"),
            ("[OK] Started", 3250, "[OK] Started"),
        ] {
            assert_eq!(read(line), (at, rest.to_owned()), "{line}");
        }
        let mut clock = Clock::default();
        let times = ["[23:59:59] a", "[00:00:01.5] b", "[23:00:00] c", "[01:00:00] d"];
        assert_eq!(times.map(|line| clock.read(line.as_bytes()).0.as_secs()), [0, 2, 82801, 90001]);
    }

    #[test]
    fn only_a_log_that_is_full_of_times_has_them() {
        let line = |n: u32| format!("[10:00:{n:02}] text\r\n");
        assert!(has_stamps((0..3).map(line).collect::<String>().as_bytes()));
        assert!(!has_stamps(b"[10:00:00] one\n[10:00:01] two"));
        assert!(!has_stamps(b"[10:00:00] 1\n[10:00:01] 2\n[10:00:01] 3\nSAC>\nSAC>\n"));
        assert!(!has_stamps(b"[1] a\n[2] b\n[3] c\n[4] d\n"));
    }
}
