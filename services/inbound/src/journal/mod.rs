//! The journal: arrivals that are on disk and not applied yet.
//!
//! One thread writes ([`writer`]): all who wait at the same moment share one write and one fsync.
//! One task applies what was written ([`applier`]) and removes files whose every line is applied.
//! Nothing about progress is kept; after a crash a file is applied again from its first line, which
//! changes nothing: arrivals are idempotent.

mod applier;
mod segment;
mod writer;

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::arrival::Arrival;
use crate::telemetry;
use segment::Segment;
use writer::Command;

pub(crate) use applier::Applier;
pub(crate) use segment::{line, parse};

/// The arrival could not be made durable; the log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written")]
pub(crate) struct NotDurable;

/// A handle on the journal. Clones share it; the thread ends with the last one.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    /// Arrivals on disk that are not applied.
    depth: AtomicU64,
    /// Rung when something was written.
    written: Notify,
}

impl Journal {
    /// Opens the journal in `dir`, which is created when missing.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        if let Some(parent) = dir.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        // Found out now rather than in the first outage.
        Segment::create(dir)?.remove()?;
        let shared =
            Shared { dir: dir.to_owned(), depth: AtomicU64::new(0), written: Notify::new() };
        let (commands, queue) = mpsc::unbounded_channel();
        let dir = dir.to_owned();
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer::run(&dir, queue))?;
        Ok(Self { commands, shared: Arc::new(shared) })
    }

    /// Writes an arrival; when it returns it survives a power cut.
    pub(crate) async fn append(&self, arrival: Arrival) -> Result<(), NotDurable> {
        let (done, outcome) = oneshot::channel();
        self.commands.send(Command::Append(Box::new(arrival), done)).map_err(|_| NotDurable)?;
        outcome.await.unwrap_or(Err(NotDurable))?;
        self.deepen(1);
        self.shared.written.notify_one();
        Ok(())
    }

    /// Takes the files written so far; what comes next goes to a new one.
    async fn seal(&self) -> Vec<Segment> {
        let (done, sealed) = oneshot::channel();
        if self.commands.send(Command::Seal(done)).is_err() {
            return Vec::new();
        }
        sealed.await.unwrap_or_default()
    }

    /// Waits until something has been written since the last wait.
    async fn written(&self) {
        self.shared.written.notified().await;
    }

    fn dir(&self) -> &Path {
        &self.shared.dir
    }

    fn deepen(&self, by: u64) {
        let depth = self.shared.depth.fetch_add(by, Ordering::Relaxed) + by;
        show_depth(depth);
    }

    fn lessen(&self, by: u64) {
        let lessen = |depth: u64| Some(depth.saturating_sub(by));
        let before = self
            .shared
            .depth
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, lessen)
            .unwrap_or_default();
        show_depth(before.saturating_sub(by));
    }
}

#[allow(clippy::cast_precision_loss)] // A gauge; nobody counts beyond 2^52 arrivals.
fn show_depth(depth: u64) {
    metrics::gauge!(telemetry::JOURNAL_DEPTH).set(depth as f64);
}
