//! From the outbox to the broker: published with confirms, then marked.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Confirm};
use metrics::counter;
use storage::Database;
use storage::outbox::OutgoingHint;
use tokio::sync::mpsc;

/// After the broker refused: the queue is full, and workers need a moment.
const PAUSE: Duration = Duration::from_millis(500);

/// Publishes hints until the last sender is gone.
///
/// Whatever is not confirmed stays in the outbox unmarked; the sweep brings it again. Publishing a
/// hint twice is harmless, so nothing here is retried in place.
pub(crate) async fn run(
    database: Database,
    broker: Arc<dyn Broker>,
    mut hints: mpsc::Receiver<Vec<OutgoingHint>>,
) {
    while let Some(batch) = hints.recv().await {
        let messages = batch.iter().map(|outgoing| (outgoing.route, outgoing.hint)).collect();
        let began = trace::now();
        let confirms = match publish(broker.as_ref(), messages).await {
            Ok(confirms) => confirms,
            Err(error) => {
                tracing::warn!(%error, left = batch.len(), "hints stay in the outbox");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let accepted: Vec<_> = batch
            .iter()
            .zip(&confirms)
            .filter(|(_, confirm)| **confirm == Confirm::Accepted)
            .map(|(outgoing, _)| outgoing.hint)
            .collect();
        counter!("touchline_hints_published_total").increment(accepted.len() as u64);
        crate::traces::published(began, &batch, &confirms);
        domain::failpoint::pass("scheduler.confirmed_unmarked");
        if !accepted.is_empty()
            && let Err(error) = database.mark_published(&accepted).await
        {
            tracing::warn!(%error, "published hints could not be marked; the sweep will repeat them");
        }
        if accepted.len() < batch.len() {
            let left = batch.len() - accepted.len();
            tracing::warn!(left, "the broker did not take every hint; they stay in the outbox");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn publish(
    broker: &dyn Broker,
    messages: Vec<(messages::Route, messages::Hint)>,
) -> Result<Vec<Confirm>, broker::PublishError> {
    let confirms = broker.publish(messages).await;
    domain::failpoint::pass("scheduler.published_unconfirmed");
    confirms
}
