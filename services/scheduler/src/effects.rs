//! What new entries of the list leave to be done: touches cancelled and planned on, tasks closed
//! (compliance.md SUP-19). A loop of its own, because it needs no broker and must not wait for one.

use std::time::Duration;

use domain::Clock;
use metrics::counter;
use storage::{Database, StorageError};
use tokio_util::sync::CancellationToken;

use crate::planner::Planner;
use crate::settings::Settings;

/// After an error of the database.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes the work until `shutdown`. Any number of schedulers may do so at once.
pub(crate) struct Effects {
    pub(crate) database: Database,
    pub(crate) planner: Planner,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) name: String,
}

impl Effects {
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            // A turn is never cancelled half-way: it holds a transaction.
            let pause = match self.turn().await {
                Ok(more) if more => continue,
                Ok(_) => self.settings.poll(),
                Err(error) => {
                    tracing::warn!(%error, "entries of the list wait for their effects");
                    PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes one batch. True when there was work: what is planned on may be covered as well.
    async fn turn(&mut self) -> Result<bool, StorageError> {
        let (now, limit) = (self.clock.now(), self.settings.batch);
        let effects = self.database.take_effects(now, limit, &self.name).await?;
        if effects.taken == 0 {
            return Ok(false);
        }
        let planned = self.planner.plan_on(&effects.batch.enrolments).await?;
        self.database.ensure_touch_months(planned.days()).await?;
        let (cancelled, closed) = (effects.cancelled, effects.closed);
        effects.batch.commit(&planned.next, &planned.endings).await?;
        counter!("touchline_list_cancelled_touches_total").increment(cancelled);
        counter!("touchline_list_closed_tasks_total").increment(closed);
        Ok(true)
    }
}
