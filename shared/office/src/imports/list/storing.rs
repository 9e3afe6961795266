//! The storing half of an import of the list: runs of entries, sorted by key, in batches.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Context as _;
use domain::AddressKey;
use domain::suppression::{Origin, SuppressionReason};
use storage::Database;
use storage::suppressions::ListRow;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use crate::imports::progress::Pace;
use crate::patience::patiently;

/// Entries added with one statement, so few that claims do not wait for a flag it holds.
const BATCH_ENTRIES: usize = 10_000;
/// Statements on their way at the same time.
const IN_FLIGHT: usize = 6;
/// What the entries say besides the address.
pub(super) struct Words {
    pub(super) reason: SuppressionReason,
    pub(super) origin: Origin,
    pub(super) actor: String,
    pub(super) evidence: String,
}

/// Rows on their way to the list.
pub(super) struct Run {
    /// Its room in memory, free again when all of it is stored.
    room: OwnedSemaphorePermit,
    pub(super) rows: u64,
    pub(super) entries: Vec<ListRow>,
    /// Keys of texts that are no address.
    pub(super) unreadable: Vec<AddressKey>,
}

impl Run {
    /// An empty one, which will not have to move as it grows up to so many entries.
    pub(super) fn with_room_for(entries: usize, room: OwnedSemaphorePermit) -> Self {
        Self { room, rows: 0, entries: Vec::with_capacity(entries), unreadable: Vec::new() }
    }
}

/// How many addresses were added, and how many texts are new in quarantine.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) added: u64,
    pub(super) quarantined: u64,
}

/// Stores runs as they come, sorted, several statements at a time.
///
/// # Errors
/// A database that stays away, or that refuses an entry.
pub(super) async fn store(
    mut runs: mpsc::Receiver<Run>,
    database: &Database,
    words: &Arc<Words>,
    pace: &mut Pace<'_>,
) -> anyhow::Result<Stored> {
    let mut in_flight: VecDeque<JoinHandle<anyhow::Result<Stored>>> = VecDeque::new();
    let (mut n_done, mut stored) = (0, Stored::default());
    while let Some(run) = runs.recv().await {
        let rows = run.rows;
        let batches = batches(run);
        let n_batches = batches.len().max(1) as u64;
        for (n, batch) in (1_u64..).zip(batches) {
            if in_flight.len() >= IN_FLIGHT {
                stored.add(in_flight.pop_front()).await?;
            }
            let (database, words) = (database.clone(), Arc::clone(words));
            let task = async move { store_batch(&database, &batch, &words).await };
            in_flight.push_back(tokio::spawn(task));
            pace.rows(n_done + rows * n / n_batches);
        }
        n_done += rows;
    }
    while !in_flight.is_empty() {
        stored.add(in_flight.pop_front()).await?;
    }
    pace.rows(n_done);
    Ok(stored)
}

/// What goes with one statement.
enum Batch {
    /// A part of a run.
    Entries(Arc<Entries>, Range<usize>),
    Unreadable(Vec<AddressKey>),
}

/// The entries of a run, and their room.
struct Entries(
    Vec<ListRow>,
    #[expect(dead_code, reason = "its end frees the room")] OwnedSemaphorePermit,
);

/// The batches of a run, in order of their keys. All entries of an address are in one, so that it is
/// counted once.
fn batches(run: Run) -> Vec<Batch> {
    let Run { mut entries, mut unreadable, room, .. } = run;
    entries.sort_unstable_by_key(|row| (row.key, row.channel));
    entries.dedup_by_key(|row| (row.key, row.channel));
    unreadable.sort_unstable();
    unreadable.dedup();
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for address in entries.chunk_by(|one, next| one.key == next.key) {
        let end = start + address.len();
        match parts.last_mut() {
            Some(part) if end - part.start <= BATCH_ENTRIES => part.end = end,
            _ => parts.push(start..end),
        }
        start = end;
    }
    let entries = Arc::new(Entries(entries, room));
    let parts = parts.into_iter().map(|part| Batch::Entries(Arc::clone(&entries), part));
    let texts = unreadable.chunks(BATCH_ENTRIES).map(|keys| Batch::Unreadable(keys.to_vec()));
    parts.chain(texts).collect()
}

impl Stored {
    async fn add(&mut self, task: Option<JoinHandle<anyhow::Result<Self>>>) -> anyhow::Result<()> {
        if let Some(task) = task {
            let batch = task.await.context("a batch has panicked")??;
            self.added += batch.added;
            self.quarantined += batch.quarantined;
        }
        Ok(())
    }
}

async fn store_batch(database: &Database, batch: &Batch, words: &Words) -> anyhow::Result<Stored> {
    let Words { reason, origin, actor, evidence } = words;
    Ok(match batch {
        Batch::Entries(run, part) => {
            let rows = &run.0[part.clone()];
            let added = patiently(|| database.import_list(rows, *reason, *origin, actor, evidence));
            Stored { added: added.await?, quarantined: 0 }
        }
        Batch::Unreadable(keys) => {
            let new = patiently(|| database.quarantine(keys, *reason, actor, evidence)).await?;
            Stored { added: 0, quarantined: u64::try_from(new).unwrap_or(0) }
        }
    })
}
