//! Section `[worker]`.

use std::time::Duration;

use serde::Deserialize;

/// How much a worker takes at once, and for how long.
#[derive(Debug, Clone, Deserialize)]
pub struct Settings {
    /// Touches claimed in one statement.
    pub batch: usize,
    /// Hints the broker may leave with one worker, per lane.
    pub prefetch: u16,
    /// How long a claim holds. An attempt's deadline ends `MARGIN` before it.
    pub lease_seconds: u64,
    /// How long an outcome may wait for others to be stored with.
    pub flush_milliseconds: u64,
    /// How many attempts at once; taken from the medium's own section.
    #[serde(skip, default = "one")]
    pub concurrency: usize,
}

const fn one() -> usize {
    1
}

impl Settings {
    /// Between an attempt's deadline and the end of its lease: room for clocks that disagree and a
    /// last write on the wire.
    pub const MARGIN: Duration = Duration::from_secs(5);

    /// An attempt is not begun with less than this before its deadline.
    pub const SHORTEST_ATTEMPT: Duration = Duration::from_secs(2);

    /// How long a claim holds.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    /// How long after the claim an attempt must be over.
    #[must_use]
    pub const fn attempt_time(&self) -> Duration {
        self.lease().saturating_sub(Self::MARGIN)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch: 150,
            prefetch: 600,
            lease_seconds: 120,
            flush_milliseconds: 5,
            concurrency: 32,
        }
    }
}
