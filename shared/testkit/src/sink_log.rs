//! What a sink accepted, in memory, as a file of JSON lines, or both.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// When something happened. Both clocks are the machine's, never a test's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Instant {
    /// Nanoseconds of the machine's steady clock; comparable between processes until a reboot.
    pub monotonic_ns: i64,
    /// Microseconds since 1970 (UTC), as PostgreSQL's `clock_timestamp()` has them.
    pub wall_us: i64,
}

impl Instant {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        let (steady, wall) = (clock_gettime(ClockId::Monotonic), clock_gettime(ClockId::Realtime));
        Self {
            monotonic_ns: steady.tv_sec * 1_000_000_000 + steady.tv_nsec,
            wall_us: wall.tv_sec * 1_000_000 + wall.tv_nsec / 1000,
        }
    }
}

/// What a sink accepted, in the order in which it accepted.
#[derive(Debug)]
pub struct SinkLog<T> {
    entries: Option<Mutex<Vec<T>>>,
    file: Option<Mutex<BufWriter<File>>>,
    count: watch::Sender<usize>,
}

impl<T: Clone + Serialize> SinkLog<T> {
    /// Keeps the entries in memory.
    pub(crate) fn in_memory() -> Self {
        Self { entries: Some(Mutex::default()), file: None, count: watch::Sender::new(0) }
    }

    /// Writes each entry as a line of JSON to a new file; nothing stays in memory.
    pub(crate) fn in_file(path: &Path) -> std::io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
        Ok(Self { entries: None, file: Some(Mutex::new(file)), count: watch::Sender::new(0) })
    }

    pub(crate) fn push(&self, entry: T) {
        if let Some(file) = &self.file {
            let mut line = serde_json::to_vec(&entry).expect("plain fields are always JSON");
            line.push(b'\n');
            locked(file).write_all(&line).expect("the sink's log can be written");
        }
        if let Some(entries) = &self.entries {
            locked(entries).push(entry);
        }
        self.count.send_modify(|count| *count += 1);
    }

    /// How many were accepted so far.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Everything accepted so far; empty if the log goes to a file.
    #[must_use]
    pub fn entries(&self) -> Vec<T> {
        self.entries.as_ref().map(|entries| locked(entries).clone()).unwrap_or_default()
    }

    /// Forgets what was accepted so far.
    pub fn clear(&self) {
        if let Some(entries) = &self.entries {
            locked(entries).clear();
        }
        self.count.send_replace(0);
    }

    /// Returns once `n` were accepted in all.
    ///
    /// # Panics
    /// If that takes longer than `patience`; the message says how many came.
    pub async fn wait_for(&self, n: usize, patience: Duration) {
        let mut count = self.count.subscribe();
        let enough = tokio::time::timeout(patience, count.wait_for(|count| *count >= n)).await;
        let so_far = self.count();
        assert!(enough.is_ok(), "the sink accepted {so_far} of {n} within {patience:?}");
    }

    /// Writes out what is buffered for the file.
    pub fn flush(&self) {
        if let Some(file) = &self.file {
            locked(file).flush().expect("the sink's log can be written");
        }
    }
}

/// Reads a log file that a sink wrote.
///
/// # Errors
/// If the file cannot be read or a line is not an entry of this kind.
pub fn read<T: DeserializeOwned>(path: &Path) -> std::io::Result<Vec<T>> {
    let lines = BufReader::new(File::open(path)?).lines();
    lines.map(|line| serde_json::from_str(&line?).map_err(std::io::Error::other)).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
