//! The thread that writes the journal.

use std::io;
use std::path::Path;

use tokio::sync::{mpsc, oneshot};

use super::NotDurable;
use super::segment::Segment;
use crate::arrival::Arrival;

/// Arrivals written together at most.
const BATCH: usize = 1024;

/// A file is followed by a new one when it has this many bytes, because it is read as a whole.
const SEGMENT_BYTES: usize = 4 * 1024 * 1024;

type Done = oneshot::Sender<Result<(), NotDurable>>;

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Command {
    /// Write this, and say when it is durable.
    Append(Box<Arrival>, Done),
    /// Hand over the files.
    Seal(oneshot::Sender<Vec<Segment>>),
}

/// The file that is being written, and those that are full.
#[derive(Debug, Default)]
struct Files {
    active: Option<Segment>,
    active_bytes: usize,
    full: Vec<Segment>,
}

/// Writes until nobody can ask any more.
pub(super) fn run(dir: &Path, mut queue: mpsc::UnboundedReceiver<Command>) {
    let mut files = Files::default();
    let mut commands = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut commands, BATCH) > 0 {
        let mut batch = Vec::new();
        for command in commands.drain(..) {
            match command {
                Command::Append(arrival, done) => batch.push((*arrival, done)),
                Command::Seal(done) => {
                    files.write(dir, std::mem::take(&mut batch));
                    // Who asked may have gone; then the files are nobody's and found by the next
                    // search for such.
                    let _ = done.send(files.take());
                }
            }
        }
        files.write(dir, batch);
    }
}

impl Files {
    fn write(&mut self, dir: &Path, batch: Vec<(Arrival, Done)>) {
        if batch.is_empty() {
            return;
        }
        let outcome = self.append(dir, &batch).map_err(|error| {
            tracing::error!(%error, "the journal cannot be written; make room in inbound.journal_dir");
            // A line may be half written; nothing may follow it.
            self.retire();
            NotDurable
        });
        for (_, done) in batch {
            // Who asked may have gone; the arrival counts all the same.
            let _ = done.send(outcome);
        }
    }

    fn append(&mut self, dir: &Path, batch: &[(Arrival, Done)]) -> io::Result<()> {
        let mut segment = match self.active.take() {
            Some(segment) => segment,
            None => Segment::create(dir)?,
        };
        let written = segment.append(batch.iter().map(|(arrival, _)| arrival));
        self.active = Some(segment);
        self.active_bytes += written?;
        if self.active_bytes >= SEGMENT_BYTES {
            self.retire();
        }
        Ok(())
    }

    fn retire(&mut self) {
        self.full.extend(self.active.take());
        self.active_bytes = 0;
    }

    fn take(&mut self) -> Vec<Segment> {
        self.retire();
        std::mem::take(&mut self.full)
    }
}
