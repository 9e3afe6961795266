//! What got stuck: hints nobody confirmed or claimed, claims whose worker died, dead letters.

use std::sync::Arc;
use std::time::Duration;

use broker::Broker;
use chrono::NaiveDate;
use domain::Clock;
use metrics::{counter, gauge};
use storage::outbox::OutgoingHint;
use storage::{Database, StorageError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::settings::{Settings, UnknownPolicies};

/// Sweeps at intervals, until `shutdown`. Any number of schedulers may do so at once: each takes
/// rows the others leave alone.
pub(crate) struct Sweep {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    pub(crate) policies: UnknownPolicies,
    pub(crate) hints: mpsc::Sender<Vec<OutgoingHint>>,
    pub(crate) name: String,
}

impl Sweep {
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut prepared_for = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(self.settings.sweep()) => {}
            }
            if let Err(error) = self.turn(&mut prepared_for).await {
                tracing::warn!(%error, "the sweep will try again");
            }
        }
    }

    async fn turn(&self, prepared_for: &mut Option<NaiveDate>) -> Result<(), StorageError> {
        let today = Clock::system().now().date_naive();
        if *prepared_for != Some(today) {
            self.database.ensure_event_months(today).await?;
            *prepared_for = Some(today);
        }
        self.settle().await?;
        self.republish().await?;
        self.expire().await?;
        let sealed = self.database.seal_events().await?;
        counter!("touchline_audit_sealed_total").increment(sealed);
        self.forget().await?;
        self.database.forget_members().await?;
        self.database.clear_desk(self.settings.sweep_batch).await?;
        let age = self.database.outbox_age().await?;
        #[allow(clippy::cast_precision_loss)] // Far below 2^52.
        gauge!("touchline_outbox_waiting").set(age.waiting as f64);
        let oldest = age.oldest.map_or(0, |at| (Clock::system().now() - at).num_seconds());
        #[allow(clippy::cast_precision_loss)] // Seconds of centuries fit the mantissa.
        gauge!("touchline_queue_age_seconds").set(oldest as f64);
        Ok(())
    }

    /// Settles claims whose lease is over, batch after batch.
    async fn settle(&self) -> Result<(), StorageError> {
        loop {
            let (limit, now) = (self.settings.sweep_batch, self.clock.now());
            let began = trace::now();
            let UnknownPolicies { email, sms } = self.policies;
            let hints = self.database.settle_expired(limit, email, sms, now, &self.name).await?;
            let full = hints.len() == limit as usize;
            crate::traces::queued("settle", began, &hints);
            if !hints.is_empty() {
                tracing::warn!(
                    touches = hints.len(),
                    "claims of a dead or stalled worker are repeated"
                );
                counter!("touchline_settled_total").increment(hints.len() as u64);
                let _ = self.hints.send(hints).await;
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Ends entries of the list whose term is over, batch after batch.
    async fn expire(&self) -> Result<(), StorageError> {
        let limit = self.settings.sweep_batch;
        loop {
            let ended = self.database.expire_entries(self.clock.now(), limit, &self.name).await?;
            counter!("touchline_list_expired_total").increment(u64::try_from(ended).unwrap_or(0));
            if ended < i64::from(limit) {
                return Ok(());
            }
        }
    }

    /// Forgets sends that no cap counts any more, batch after batch.
    async fn forget(&self) -> Result<(), StorageError> {
        let limit = self.settings.sweep_batch;
        let before = self.clock.now() - self.settings.remembered;
        while self.database.forget_sends(before, limit).await? == u64::from(limit) {}
        Ok(())
    }

    async fn republish(&self) -> Result<(), StorageError> {
        let unconfirmed = Duration::from_secs(self.settings.outbox_age_seconds);
        let unclaimed = Duration::from_secs(self.settings.queued_age_seconds);
        loop {
            let limit = self.settings.sweep_batch;
            let hints = self.database.sweep_outbox(limit, unconfirmed, unclaimed).await?;
            let full = hints.len() == limit as usize;
            if !hints.is_empty() {
                tracing::info!(hints = hints.len(), "hints are published again");
                counter!("touchline_hints_swept_total").increment(hints.len() as u64);
                let _ = self.hints.send(hints).await;
            }
            if !full {
                return Ok(());
            }
        }
    }
}

/// Reads the dead-letter queue: the outbox decides whether a dead hint is wanted again, so a letter
/// is only a hint about a hint (pipeline.md §0.9).
pub(crate) async fn reap(database: Database, broker: Arc<dyn Broker>, shutdown: CancellationToken) {
    let Ok(mut dead) = broker.subscribe_dead(100).await else { return };
    loop {
        let batch = tokio::select! {
            () = shutdown.cancelled() => break,
            batch = dead.next_batch(100, Duration::from_millis(100)) => batch,
        };
        let Some(batch) = batch else { break };
        let hints: Vec<_> = batch.iter().map(|delivery| delivery.hint).collect();
        match database.revive_hints(&hints).await {
            Ok(revived) => {
                tracing::warn!(letters = hints.len(), revived, "dead hints were looked up");
                counter!("touchline_dead_hints_total").increment(hints.len() as u64);
                dead.ack(batch.into_iter().map(|delivery| delivery.token));
            }
            Err(error) => {
                tracing::warn!(%error, "dead hints wait for the database");
                dead.give_back(batch.into_iter().map(|delivery| delivery.token));
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
