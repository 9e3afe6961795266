//! Where an arrival goes: into the database at once, or into the journal when that cannot be.
//!
//! A valid opt-out is never refused and never lost (compliance.md SEC-05, V-13 row 11). While the
//! database is away or has more than enough to do, arrivals are written to disk and applied as
//! soon as possible by the applier.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Clock;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::arrival::Arrival;
use crate::journal::Journal;
use crate::list::{List, NotEntered};
use crate::telemetry;

/// How long an arrival waits for its turn at the database before the journal takes it.
const TURN: Duration = Duration::from_millis(250);

/// The same when the journal cannot take it.
const LAST_RESORT: Duration = Duration::from_secs(10);

/// What became of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is applied: an opt-out is in force.
    InForce,
    /// It is on disk and will be.
    Queued,
    /// Neither the database nor the disk takes it; the sender has to try again.
    Lost,
}

/// Takes arrivals.
#[derive(Debug)]
pub(crate) struct Intake {
    list: Arc<List>,
    journal: Journal,
    clock: Clock,
    turns: Semaphore,
    /// Set when the database was found to be away, so that nobody waits for it in vain; cleared by
    /// the first entry that succeeds.
    away: AtomicBool,
}

impl Intake {
    /// `turns` is how many arrivals may use the database at the same time.
    pub(crate) fn new(list: Arc<List>, journal: Journal, clock: Clock, turns: usize) -> Self {
        Self { list, journal, clock, turns: Semaphore::new(turns), away: AtomicBool::new(false) }
    }

    /// The clock arrivals are dated by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The database behind it.
    pub(crate) fn list(&self) -> &List {
        &self.list
    }

    /// Takes one. Run it in a task of its own: who asks and hangs up is still to be left alone. When it
    /// is lost, ask for a repeat: nothing has been kept.
    pub(crate) async fn take(&self, arrival: Arrival) -> Taken {
        if !self.away.load(Ordering::Relaxed)
            && let Ok(Ok(_turn)) = timeout(TURN, self.turns.acquire()).await
            && self.apply(&arrival).await.is_ok()
        {
            return Taken::InForce;
        }
        if self.journal.append(arrival).await.is_ok() {
            telemetry::count(&arrival, "queued");
            tracing::info!(what = arrival.word(), "an arrival waits in the journal");
            return Taken::Queued;
        }
        // The disk is full or gone: wait for the database after all.
        if let Ok(Ok(_turn)) = timeout(LAST_RESORT, self.turns.acquire()).await
            && self.apply(&arrival).await.is_ok()
        {
            return Taken::InForce;
        }
        telemetry::count(&arrival, "lost");
        tracing::error!(
            what = arrival.word(),
            "an arrival was refused: neither the database nor the journal takes it"
        );
        Taken::Lost
    }

    /// Applies one, and notes how that went.
    pub(crate) async fn apply(&self, arrival: &Arrival) -> Result<(), NotEntered> {
        let applied = self.list.apply(arrival).await;
        match &applied {
            Ok(()) => {
                self.away.store(false, Ordering::Relaxed);
                self.note(arrival);
            }
            Err(error) if error.is_away() => {
                if !self.away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "arrivals go to the journal until the database can be written");
                }
            }
            Err(error) => {
                tracing::error!(%error, what = arrival.word(), "the database refuses an arrival; it will be tried again")
            }
        }
        applied
    }

    fn note(&self, arrival: &Arrival) {
        let waited = (self.clock.now() - arrival.notice.accepted_at).to_std().unwrap_or_default();
        telemetry::count(arrival, "applied");
        metrics::histogram!(telemetry::APPLY_SECONDS).record(waited.as_secs_f64());
        let touch = arrival.touch();
        tracing::info!(
            what = arrival.word(),
            source = %arrival.notice.source,
            touch = touch.map(tracing::field::display),
            "an arrival is applied"
        );
    }
}
