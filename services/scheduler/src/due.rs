//! What is due: claimed with others, planned on, and handed to the relay.

use std::time::Duration;

use broker::BrokerState;
use domain::Clock;
use metrics::{counter, gauge, histogram};
use storage::outbox::OutgoingHint;
use storage::{Database, StorageError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::planner::Planner;
use crate::settings::Settings;

/// After an error of the database.
const PAUSE: Duration = Duration::from_secs(1);

/// Claims what is due, until `shutdown`.
pub(crate) struct Due {
    pub(crate) database: Database,
    pub(crate) planner: Planner,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) hints: mpsc::Sender<Vec<OutgoingHint>>,
    pub(crate) broker: watch::Receiver<BrokerState>,
}

impl Due {
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            // What the broker cannot take stays due, where every other scheduler can see it.
            tokio::select! {
                () = shutdown.cancelled() => break,
                ready = self.broker.wait_for(|state| state.is_ready()) => {
                    if ready.is_err() { break }
                }
            }
            // A turn is never cancelled half-way: it holds a transaction.
            let pause = match self.turn().await {
                Ok(full) if full => continue,
                Ok(_) => self.settings.poll(),
                Err(error) => {
                    tracing::warn!(%error, "what is due cannot be claimed; trying again");
                    PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Claims one batch and plans it on. True when the batch was full, so that more may be due.
    async fn turn(&mut self) -> Result<bool, StorageError> {
        let (now, began) = (self.clock.now(), trace::now());
        let batch = self.database.claim_due(now, self.settings.batch).await?;
        let claimed = batch.hints.len();
        if claimed == 0 {
            // What was taken may have been rows of touches that are cancelled by now. Rolled back,
            // they would be first in line again at every turn.
            batch.commit(&[], &[]).await?;
            return Ok(false);
        }
        if let Some(oldest) = batch.oldest {
            #[allow(clippy::cast_precision_loss)] // Seconds of centuries fit the mantissa.
            gauge!("touchline_due_lag_seconds").set((now - oldest).num_seconds() as f64);
        }
        let planned = self.planner.plan_on(&batch.enrolments).await?;
        self.database.ensure_touch_months(planned.days()).await?;
        domain::failpoint::pass("scheduler.claimed_uncommitted");
        let hints = batch.commit(&planned.next, &planned.endings).await?;
        crate::traces::queued("due", began, &hints);
        domain::failpoint::pass("scheduler.committed_unpublished");
        counter!("touchline_due_touches_total").increment(claimed as u64);
        #[allow(clippy::cast_precision_loss)] // A batch is a few hundred.
        histogram!("touchline_due_batch").record(claimed as f64);
        // A full channel slows the claiming down; if the relay is gone the sweep publishes.
        let _ = self.hints.send(hints).await;
        Ok(claimed == self.settings.batch as usize)
    }
}
