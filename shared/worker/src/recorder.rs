//! From outcomes to history: batches, in order of arrival, acknowledged after the commit.

use std::sync::Arc;
use std::time::Duration;

use broker::{Acker, Token};
use domain::{Channel, Medium, TouchState};
use storage::StorageError;
use storage::outcomes::AttemptRecord;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use crate::traces::{self, Tale};
use crate::{Worker, telemetry};

/// The most outcomes in one statement.
const LARGEST_BATCH: usize = 200;

/// Between two tries to store a batch.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An attempt that is over.
pub(crate) struct Finished {
    pub(crate) record: AttemptRecord,
    pub(crate) token: Token,
    pub(crate) channel: Channel,
    pub(crate) due_at: chrono::DateTime<chrono::Utc>,
    pub(crate) tale: Tale,
    /// Gives the touch's room back when it is recorded.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Starts the recorder. It ends when every sender is gone and everything is stored.
pub(crate) fn start(
    worker: &Arc<Worker>,
    acker: Acker,
) -> (mpsc::Sender<Finished>, JoinHandle<()>) {
    let (sender, mut finished) = mpsc::channel::<Finished>(LARGEST_BATCH * 2);
    let worker = Arc::clone(worker);
    let recorder = tokio::spawn(async move {
        let mut batch = Vec::with_capacity(LARGEST_BATCH);
        let flush = Duration::from_millis(worker.settings.flush_milliseconds);
        while gather(&mut finished, &mut batch, flush).await {
            store(&worker, &acker, std::mem::take(&mut batch)).await;
        }
    });
    (sender, recorder)
}

/// Fills the batch until it is full or the first of it has waited long enough. False when there is
/// nothing more to come.
async fn gather(
    finished: &mut mpsc::Receiver<Finished>,
    batch: &mut Vec<Finished>,
    flush: Duration,
) -> bool {
    if finished.recv_many(batch, LARGEST_BATCH).await == 0 {
        return false;
    }
    let until = tokio::time::Instant::now() + flush;
    while batch.len() < LARGEST_BATCH {
        let room = LARGEST_BATCH - batch.len();
        match tokio::time::timeout_at(until, finished.recv_many(batch, room)).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    true
}

/// Stores a batch, however long the database is away, and acknowledges it.
async fn store(worker: &Worker, acker: &Acker, batch: Vec<Finished>) {
    let medium = worker.handler.medium();
    let began = trace::now();
    let records: Vec<AttemptRecord> = batch.iter().map(|one| one.record.clone()).collect();
    if let Err(error) = persist(worker, &records).await {
        // One record the database will never take must not keep the others from being stored.
        tracing::error!(%error, "a batch of outcomes was refused; storing them one by one");
        for record in &records {
            if let Err(error) = persist(worker, std::slice::from_ref(record)).await {
                tracing::error!(touch.id = %record.touch, %error, "this outcome cannot be stored; the sweep will settle the touch");
            }
        }
    }
    traces::recorded(began, &batch);
    domain::failpoint::pass("worker.recorded_unacknowledged");
    telemetry::recorded(medium, batch.len());
    for one in &batch {
        report(medium, one);
    }
    let began = trace::now();
    let told = |one: &Finished| {
        (one.tale, one.record.state, one.record.reason.as_ref().map(|reason| reason.code))
    };
    let wanted = batch.iter().filter(|one| one.tale.place().is_wanted());
    let tales: Vec<_> = wanted.map(told).collect();
    acker.ack(batch.into_iter().map(|one| {
        drop(one.room);
        one.token
    }));
    traces::acknowledged(&tales, began);
}

/// Stores records, repeating while the database is away: nothing that was sent may be forgotten,
/// and nothing new is claimed meanwhile.
async fn persist(worker: &Worker, records: &[AttemptRecord]) -> Result<(), StorageError> {
    let with_tasks = records.iter().any(|record| record.task.is_some());
    let mut pause = FIRST_PAUSE;
    loop {
        let stored = if with_tasks {
            worker.database.record_with_tasks(records, &worker.name).await
        } else {
            worker.database.record(records, &worker.name).await
        };
        match stored {
            Ok(_) => return Ok(()),
            Err(error) if error.is_unavailable() => {
                tracing::warn!(%error, kept = records.len(), "outcomes wait for the database");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
}

fn report(medium: Medium, one: &Finished) {
    let record = &one.record;
    let reason = record.reason.as_ref().map(|reason| reason.code);
    telemetry::came_to(medium, one.channel, record.state, reason);
    if record.state == TouchState::Sent {
        let late = record.decided_at - one.due_at;
        #[allow(clippy::cast_precision_loss)] // Milliseconds of centuries fit the mantissa.
        telemetry::late(medium, late.num_milliseconds() as f64 / 1000.0);
    }
    tracing::debug!(touch.id = %record.touch, attempt.number = record.attempt,
                    state = %record.state, reason = reason.map(domain::ReasonCode::as_str), "recorded");
}
