//! Where an opt-out goes: onto the list at once, or into the journal when that cannot be.
//!
//! A valid opt-out is never refused and never lost (compliance.md SEC-05, V-13 row 11). While the
//! database is away or has more than enough to do, opt-outs are written to disk and entered as
//! soon as possible by the applier.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::Clock;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::journal::Journal;
use crate::list::{List, NotEntered};
use crate::opt_out::OptOut;
use crate::telemetry;

/// How long an opt-out waits for its turn at the database before the journal takes it.
const TURN: Duration = Duration::from_millis(250);

/// The same when the journal cannot take it.
const LAST_RESORT: Duration = Duration::from_secs(10);

/// What became of an opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is in force.
    InForce,
    /// It is on disk and will be.
    Queued,
    /// Neither the database nor the disk takes it; the sender has to try again.
    Lost,
}

/// Takes opt-outs.
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
    /// `turns` is how many opt-outs may use the database at the same time.
    pub(crate) fn new(list: Arc<List>, journal: Journal, clock: Clock, turns: usize) -> Self {
        Self { list, journal, clock, turns: Semaphore::new(turns), away: AtomicBool::new(false) }
    }

    /// The clock opt-outs are dated by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes one. Run it in a task of its own: who asks and hangs up is still to be left alone.
    pub(crate) async fn take(&self, opt_out: OptOut) -> Taken {
        if !self.away.load(Ordering::Relaxed)
            && let Ok(Ok(_turn)) = timeout(TURN, self.turns.acquire()).await
            && self.enter(&opt_out).await.is_ok()
        {
            return Taken::InForce;
        }
        if self.journal.append(opt_out).await.is_ok() {
            telemetry::count(opt_out.reason.as_str(), "queued");
            tracing::info!(reason = %opt_out.reason, "an opt-out waits in the journal");
            return Taken::Queued;
        }
        // The disk is full or gone: wait for the database after all.
        if let Ok(Ok(_turn)) = timeout(LAST_RESORT, self.turns.acquire()).await
            && self.enter(&opt_out).await.is_ok()
        {
            return Taken::InForce;
        }
        telemetry::count(opt_out.reason.as_str(), "lost");
        tracing::error!("an opt-out was refused: neither the database nor the journal takes it");
        Taken::Lost
    }

    /// Puts one on the list, and notes how that went.
    pub(crate) async fn enter(&self, opt_out: &OptOut) -> Result<(), NotEntered> {
        let entered = self.list.enter(opt_out).await;
        match &entered {
            Ok(()) => {
                self.away.store(false, Ordering::Relaxed);
                self.note(opt_out);
            }
            Err(error) if error.is_away() => {
                if !self.away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "opt-outs go to the journal until the list can be written");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the list refuses an opt-out; it will be tried again")
            }
        }
        entered
    }

    fn note(&self, opt_out: &OptOut) {
        let waited = (self.clock.now() - opt_out.accepted_at).to_std().unwrap_or_default();
        telemetry::count(opt_out.reason.as_str(), "applied");
        metrics::histogram!(telemetry::APPLY_SECONDS).record(waited.as_secs_f64());
        tracing::info!(
            reason = %opt_out.reason,
            channel = %opt_out.channel,
            touch = opt_out.touch.map(tracing::field::display),
            agent = %opt_out.agent,
            "an opt-out is in force"
        );
    }
}
