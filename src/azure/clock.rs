//! The wall clock, carried on by tokio's: tokens say when they end in wall time.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall time, read once outside and carried on by tokio's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    read: Timestamp,
    at: Instant,
}

impl Clock {
    /// A clock that shows `now`.
    pub fn showing(now: Timestamp) -> Self {
        Self { read: now, at: Instant::now() }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.read.checked_add(self.at.elapsed()).unwrap_or(Timestamp::MAX)
    }

    /// From now until `when`; zero when that is past.
    pub(super) fn until(&self, when: Timestamp) -> Duration {
        Duration::try_from(when.duration_since(self.now())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on() {
        let start: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = Clock::showing(start);
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(clock.now().to_string(), "2026-11-22T13:00:00Z");
        assert_eq!(clock.until("2026-11-22T13:00:30Z".parse().unwrap()), Duration::from_secs(30));
        assert_eq!(clock.until(start), Duration::ZERO);
    }
}
