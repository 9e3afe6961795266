//! How long to wait before the next attempt.

use std::time::Duration;

/// A schedule of waits for one kind of failure: exponential, capped, with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first attempt.
    pub first: Duration,
    /// No wait is longer than this, before jitter.
    pub cap: Duration,
    /// Attempts in all; after the last one the touch has failed.
    pub attempts: u16,
}

impl Backoff {
    /// For a receiving side that said "not now" (4xx, 429, 5xx of a gateway): greylisting wants
    /// minutes, an outage wants hours.
    pub const DEFERRED: Self = Self {
        first: Duration::from_secs(5 * 60),
        cap: Duration::from_secs(4 * 3600),
        attempts: 8,
    };
    /// For a receiving side that could not be reached: most outages are short.
    pub const UNREACHABLE: Self =
        Self { first: Duration::from_secs(15), cap: Duration::from_secs(3600), attempts: 12 };

    /// The wait after attempt number `attempt` (1-based), or `None` when that was the last one.
    ///
    /// `jitter` in 0..=1 spreads the wait over ±20 %, so that a crowd does not come back at once.
    ///
    /// ```
    /// use domain::retry::Backoff;
    /// use std::time::Duration;
    /// assert_eq!(Backoff::DEFERRED.after(1, 0.5), Some(Duration::from_secs(300)));
    /// assert_eq!(Backoff::DEFERRED.after(2, 0.5), Some(Duration::from_secs(600)));
    /// assert_eq!(Backoff::DEFERRED.after(8, 0.5), None);
    /// ```
    #[must_use]
    pub fn after(&self, attempt: u16, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = u32::from(attempt.saturating_sub(1)).min(30);
        let wait = self.first.saturating_mul(1 << doublings).min(self.cap);
        Some(wait.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0)))
    }
}
