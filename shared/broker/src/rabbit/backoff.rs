//! How long to wait before the next attempt to connect.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Doubles from 0.2 s to 5 s. Each wait is shortened by up to a half at random, so that a fleet does
/// not come back in step.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    n_failures: u32,
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        // A fresh RandomState is randomly keyed, which is all the randomness a jitter needs.
        let random = RandomState::new().hash_one(self.n_failures) as u32;
        let wait = delay(self.n_failures, f64::from(random) / f64::from(u32::MAX));
        self.n_failures = self.n_failures.saturating_add(1);
        wait
    }

    pub(super) fn reset(&mut self) {
        self.n_failures = 0;
    }
}

/// Takes the failures so far and a random number from 0 to 1.
fn delay(n_failures: u32, random: f64) -> Duration {
    let full = FIRST.saturating_mul(1 << n_failures.min(8)).min(LONGEST);
    full.mul_f64(1.0 - random / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<_> = (0..7).map(|n_failures| delay(n_failures, 0.0).as_millis()).collect();
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(delay(u32::MAX, 0.0), LONGEST);
    }

    #[test]
    fn the_jitter_takes_at_most_a_half() {
        assert_eq!(delay(0, 1.0), Duration::from_millis(100));
        let mut backoff = Backoff::default();
        for n_failures in 0..50 {
            let wait = backoff.next();
            assert!(wait >= delay(n_failures, 1.0) && wait <= delay(n_failures, 0.0));
        }
    }
}
