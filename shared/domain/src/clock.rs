//! Where "now" comes from: handed in, so that tests and the demo can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A source of business time: what is due, which window is open, when something was sent.
///
/// Leases and timeouts of the machinery run on the machine's own time instead, so that a fast
/// clock never makes a worker look dead.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Fast { origin: DateTime<Utc>, started: std::time::Instant, speed: f64 },
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that starts at `origin` and runs `speed` times as fast as the machine's.
    #[must_use]
    pub fn fast(origin: DateTime<Utc>, speed: f64) -> Self {
        Self(Source::Fast { origin, started: std::time::Instant::now(), speed })
    }

    /// A clock that moves only when [`Clock::set`] is called. Clones share the time.
    #[must_use]
    pub fn manual(now: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now.timestamp_micros()))))
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[allow(clippy::disallowed_methods)] // The one place that reads the machine's clock.
            Source::System => Utc::now(),
            Source::Fast { origin, started, speed } => {
                #[allow(clippy::cast_possible_truncation)] // Microseconds of centuries fit an i64.
                let passed = (started.elapsed().as_secs_f64() * speed * 1e6) as i64;
                *origin + TimeDelta::microseconds(passed)
            }
            Source::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst))
                    .unwrap_or(DateTime::UNIX_EPOCH)
            }
        }
    }

    /// Moves a manual clock; other clocks cannot be moved and ignore it.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Source::Manual(micros) = &self.0 {
            micros.store(now.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// How many seconds of business time pass in one second of machine time.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match &self.0 {
            Source::System => 1.0,
            Source::Fast { speed, .. } => *speed,
            Source::Manual(_) => 0.0,
        }
    }
}
