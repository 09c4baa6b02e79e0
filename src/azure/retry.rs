//! What is asked again, and when.

use std::time::Duration;

use hyper::http::Method;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::clock::Clock;

/// How long is waited in all for a service that is busy or in trouble.
const BUDGET: Duration = Duration::from_mins(5);
/// Tries beside the first.
const TRIES: u32 = 6;
/// The longest step of the back-off.
const LONGEST: Duration = Duration::from_secs(30);

/// Whether doing the same twice is the same as doing it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It is: whatever fails in passing may be tried again.
    Freely,
    /// It is not: only what surely was not done is tried again.
    OnlyIfNotDone,
}

impl Repeat {
    /// As the method says (RFC 9110); a POST does something each time.
    pub(super) fn of(method: &Method) -> Self {
        if *method == Method::POST { Self::OnlyIfNotDone } else { Self::Freely }
    }
}

/// The tries of one call.
#[derive(Debug)]
pub(super) struct Tries {
    repeat: Repeat,
    made: u32,
    waited: Duration,
}

/// What was asked and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    /// It was answered with this status, and perhaps when to come again.
    Status(u16, Option<Duration>),
    /// No whole answer came, and why may pass.
    Connection,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait, then ask again.
    After(Duration),
    /// It is not worth it.
    Stop,
    /// Azure wants us to wait for longer than we do.
    TooLong(Duration),
}

impl Tries {
    pub(super) fn new(repeat: Repeat) -> Self {
        Self { repeat, made: 0, waited: Duration::ZERO }
    }

    /// What to do after a failure.
    pub(super) fn after(&mut self, failed: Failed) -> Next {
        let (again, told) = match failed {
            // Throttled or not able to begin: surely not done.
            Failed::Status(429 | 503, told) => (true, told),
            Failed::Status(408 | 500 | 502 | 504, told) => (self.repeat == Repeat::Freely, told),
            Failed::Status(..) => (false, None),
            Failed::Connection => (self.repeat == Repeat::Freely, None),
        };
        if !again || self.made >= TRIES {
            return Next::Stop;
        }
        let own = Duration::from_secs(1 << self.made.min(5)).min(LONGEST);
        let wait = told.map_or(own, |told| told.max(Duration::from_secs(1)));
        if self.waited + wait > BUDGET {
            return told.map_or(Next::Stop, Next::TooLong);
        }
        self.made += 1;
        self.waited += wait;
        Next::After(wait)
    }

    /// How often it was asked.
    pub(super) fn made(&self) -> u32 {
        self.made + 1
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110).
pub(super) fn retry_after(value: Option<&str>, clock: &Clock) -> Option<Duration> {
    let value = value?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let date: Timestamp = rfc2822::parse(value).ok()?.timestamp();
    Some(clock.until(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn back_off_grows_and_ends() {
        let mut tries = Tries::new(Repeat::Freely);
        let waits: Vec<Next> = (0..7).map(|_| tries.after(Failed::Status(500, None))).collect();
        let expected = [1, 2, 4, 8, 16, 30].map(|seconds| Next::After(S(seconds)));
        assert_eq!(waits[..6], expected);
        assert_eq!(waits[6], Next::Stop);
        assert_eq!(tries.made(), 7);
    }

    #[test]
    fn what_is_told_is_waited_out_but_not_for_ever() {
        let mut tries = Tries::new(Repeat::OnlyIfNotDone);
        assert_eq!(tries.after(Failed::Status(429, Some(S(17)))), Next::After(S(17)));
        assert_eq!(tries.after(Failed::Status(503, Some(S(0)))), Next::After(S(1)));
        assert_eq!(tries.after(Failed::Status(429, Some(S(280)))), Next::After(S(280)));
        assert_eq!(tries.after(Failed::Status(429, Some(S(60)))), Next::TooLong(S(60)));
    }

    #[test]
    fn what_may_have_been_done_is_not_done_again() {
        for status in [408, 500, 502, 504] {
            assert_eq!(Tries::new(Repeat::OnlyIfNotDone).after(Failed::Status(status, None)), Next::Stop);
        }
        assert_eq!(Tries::new(Repeat::OnlyIfNotDone).after(Failed::Connection), Next::Stop);
        assert_eq!(Tries::new(Repeat::Freely).after(Failed::Connection), Next::After(S(1)));
        for status in [400, 401, 403, 404, 409, 501] {
            assert_eq!(Tries::new(Repeat::Freely).after(Failed::Status(status, Some(S(1)))), Next::Stop);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn seconds_and_dates() {
        let clock = Clock::showing("2026-11-22T12:00:00Z".parse().unwrap());
        assert_eq!(retry_after(Some(" 17 "), &clock), Some(S(17)));
        assert_eq!(retry_after(Some("Sun, 22 Nov 2026 12:00:40 GMT"), &clock), Some(S(40)));
        assert_eq!(retry_after(Some("Sun, 22 Nov 2026 11:00:00 GMT"), &clock), Some(S(0)));
        assert_eq!(retry_after(Some("soon"), &clock), None);
        assert_eq!(retry_after(None, &clock), None);
    }
}
