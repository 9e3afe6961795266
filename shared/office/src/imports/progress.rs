//! How far the reading of a file has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::intake::encoding::Text;

/// How far the reading of a file has come; told first when it begins, and then every few hundred
/// rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Come {
    /// Rows that are done.
    pub rows: u64,
    /// Bytes of the file that are read.
    pub bytes: u64,
    /// Bytes it has.
    pub of_bytes: u64,
}

/// Tells how far it has come.
pub(crate) struct Pace<'a> {
    read: Arc<AtomicU64>,
    of_bytes: u64,
    started: Instant,
    tell: &'a mut (dyn FnMut(Come) + Send),
}

impl<'a> Pace<'a> {
    /// Begins to tell of a file.
    pub(crate) fn of(text: &Text, tell: &'a mut (dyn FnMut(Come) + Send)) -> Self {
        let read = Arc::clone(&text.read);
        let mut pace = Self { read, of_bytes: text.bytes, started: Instant::now(), tell };
        pace.rows(0);
        pace
    }

    /// Tells that `rows` rows are done.
    pub(crate) fn rows(&mut self, rows: u64) {
        let bytes = self.read.load(Ordering::Relaxed);
        (self.tell)(Come { rows, bytes, of_bytes: self.of_bytes });
    }

    /// How long it has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
