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
    Fast {
        origin: DateTime<Utc>,
        started: std::time::Instant,
        speed: f64,
        /// From this instant on it runs as fast as the machine's.
        until: DateTime<Utc>,
    },
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that starts at `origin`, runs `speed` times as fast as the machine's until it shows
    /// `until`, and from then on as fast as the machine's.
    #[must_use]
    pub fn fast(origin: DateTime<Utc>, speed: f64, until: DateTime<Utc>) -> Self {
        Self(Source::Fast { origin, started: std::time::Instant::now(), speed, until })
    }

    /// A clock that moves only when [`Clock::set`] is called. Clones share the time.
    #[must_use]
    pub fn manual(now: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(now.timestamp_micros()))))
    }

    /// Whether it is the machine's own: elsewhere the two have to be told apart.
    #[must_use]
    pub const fn is_machine(&self) -> bool {
        matches!(self.0, Source::System)
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[allow(clippy::disallowed_methods)] // The one place that reads the machine's clock.
            Source::System => Utc::now(),
            Source::Fast { origin, started, speed, until } => {
                let passed = started.elapsed().as_secs_f64();
                let fast = seconds(*until - *origin) / speed;
                let business = passed.min(fast) * speed + (passed - fast).max(0.0);
                #[allow(clippy::cast_possible_truncation)] // Microseconds of centuries fit an i64.
                let micros = (business * 1e6) as i64;
                *origin + TimeDelta::microseconds(micros)
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
}

#[allow(clippy::cast_precision_loss)] // Milliseconds of centuries fit the mantissa.
fn seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}

/// An instant as the rules reckon with it, to the microsecond.
#[must_use]
pub fn timestamp(instant: DateTime<Utc>) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(instant.timestamp_micros()).unwrap_or(jiff::Timestamp::MAX)
}

/// The same back, as the database keeps it.
#[must_use]
pub fn date_time(instant: jiff::Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(instant.as_microsecond()).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_slows_down_at_its_end() {
        let origin = DateTime::UNIX_EPOCH;
        let until = origin + TimeDelta::days(1);
        let clock = Clock::fast(origin, 1e12, until);
        while clock.now() < until {
            std::hint::spin_loop();
        }
        assert!(clock.now() - until < TimeDelta::hours(1));
    }

    #[test]
    fn clones_of_a_manual_clock_share_its_time() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        let other = clock.clone();
        clock.set(DateTime::UNIX_EPOCH + TimeDelta::days(3));
        assert_eq!(other.now(), DateTime::UNIX_EPOCH + TimeDelta::days(3));
    }
}
