//! The gateway's limit per second, kept by this process.
//!
//! Each process has a budget of its own: with several workers, divide the provider's figure by
//! their number. (A known weakness: nothing divides it by itself.)

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait for a free place; a longer one is the caller's to spend elsewhere.
pub const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// The share of a second's budget that may go out at once after a pause.
const BURST_SECONDS: f64 = 0.1;

/// A bucket that admits a cost per second (generic cell rate algorithm).
///
/// A message that costs more than a second's budget passes when its turn comes; the next one then
/// waits until the debt is paid, so that any text can go out at any limit.
#[derive(Debug)]
pub struct TokenBucket {
    /// Seconds one token takes.
    interval: f64,
    tolerance: Duration,
    /// When everything admitted so far is paid for.
    paid_at: Mutex<Option<Instant>>,
}

/// What the bucket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// A place is taken; it begins after this wait (often zero).
    After(Duration),
    /// No place is taken; the next is free after this wait.
    Busy(Duration),
}

impl TokenBucket {
    /// A bucket for `per_second` tokens a second, or `None` for 0: no limit.
    #[must_use]
    pub fn new(per_second: f64) -> Option<Self> {
        let limited = per_second.is_finite() && per_second > 0.0;
        limited.then(|| Self {
            interval: 1.0 / per_second,
            // One token always passes, so the tolerance is what a burst has beyond it.
            tolerance: Duration::from_secs_f64((BURST_SECONDS - 1.0 / per_second).max(0.0)),
            paid_at: Mutex::new(None),
        })
    }

    /// Asks for `cost` tokens at `now`.
    pub fn admit(&self, cost: u32, now: Instant) -> Admission {
        let mut paid_at = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = paid_at.map_or(now, |paid| paid.max(now));
        let wait = paid.duration_since(now).saturating_sub(self.tolerance);
        if wait > LONGEST_WAIT {
            return Admission::Busy(wait);
        }
        *paid_at = Some(paid + Duration::from_secs_f64(self.interval * f64::from(cost.max(1))));
        Admission::After(wait)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_passes_in_any_ten_seconds() {
        for (per_second, cost) in [(1.0, 1), (1.0, 3), (30.0, 1), (100.0, 4), (0.5, 1)] {
            let bucket = TokenBucket::new(per_second).unwrap();
            let start = Instant::now();
            let mut passed = 0_u32;
            for millisecond in 0..10_000 {
                let now = start + Duration::from_millis(millisecond);
                while matches!(bucket.admit(cost, now), Admission::After(_)) {
                    passed += cost;
                }
            }
            // Waits taken on at the very end, the burst and the last message's own cost may exceed.
            let slack = per_second * 0.35 + f64::from(cost);
            assert!(f64::from(passed) <= per_second * 10.0 + slack, "{per_second}: {passed}");
            assert!(f64::from(passed) >= per_second * 10.0 - 1.0, "{per_second}: {passed}");
        }
    }

    #[test]
    fn a_long_text_passes_a_small_limit_and_the_next_waits() {
        let bucket = TokenBucket::new(1.0).unwrap();
        let now = Instant::now();
        assert_eq!(bucket.admit(4, now), Admission::After(Duration::ZERO));
        assert_eq!(bucket.admit(1, now), Admission::Busy(Duration::from_secs(4)));
        let later = now + Duration::from_secs(4);
        assert_eq!(bucket.admit(1, later), Admission::After(Duration::ZERO));
    }

    #[test]
    fn a_refused_message_takes_no_place() {
        let bucket = TokenBucket::new(1.0).unwrap();
        let now = Instant::now();
        bucket.admit(1, now);
        for _ in 0..10 {
            assert_eq!(bucket.admit(1, now), Admission::Busy(Duration::from_secs(1)));
        }
    }

    #[test]
    fn zero_means_no_limit() {
        assert!(TokenBucket::new(0.0).is_none());
    }
}
