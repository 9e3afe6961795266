//! Delivers what webhooks are told of.
//!
//! Any number of processes do so: each takes what is due under a lease (`storage::webhooks`), posts it
//! and settles it. Whoever dies leaves its share to the others, so a message may arrive twice, under
//! the same id. Messages are not in order.

pub mod client;
#[cfg(test)]
mod client_tests;
pub mod message;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::webhook::{DELIVERY, WebhookOutcome, WebhookProblem};
use domain::{AddressKeyer, Clock, WebhookId};
use metrics::counter;
use storage::webhooks::{Delivery, DeliveryEnd};
use storage::{Database, StorageError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access::seal::Sealed;
use crate::telemetry::DELIVERIES;
use client::{ATTEMPT, Client};

/// How often it is looked for what is due.
const POLL: Duration = Duration::from_secs(1);
/// A taken delivery is due again after so long; longer than an attempt and the note of it.
const LEASE: Duration = Duration::from_secs(60);
/// Attempts at the same time to one webhook, so that a slow one does not hold up the others.
const PER_WEBHOOK: u32 = 8;
/// How often old events are forgotten.
const FORGET: Duration = Duration::from_secs(600);
/// A receiver that asks for more patience than this is asked again all the same.
const MOST_PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// `410 Gone`: the receiver wants no more of it.
const GONE: u16 = 410;

const _: () = assert!(LEASE.as_secs() > 2 * ATTEMPT.as_secs());

/// See the module.
pub struct Deliverer {
    shared: Arc<Shared>,
    in_hand: HashMap<WebhookId, u32>,
    attempts: JoinSet<WebhookId>,
}

struct Shared {
    database: Database,
    keyer: AddressKeyer,
    client: Client,
}

impl Deliverer {
    /// One that posts with `client`.
    pub fn new(database: Database, keyer: AddressKeyer, client: Client) -> Self {
        let shared = Arc::new(Shared { database, keyer, client });
        Self { shared, in_hand: HashMap::new(), attempts: JoinSet::new() }
    }

    /// Delivers until `shutdown`; what is being posted then is waited for.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut forgotten = Instant::now();
        while !shutdown.is_cancelled() {
            if let Err(error) = self.take().await {
                tracing::warn!(%error, "webhooks wait for the database");
            }
            if forgotten.elapsed() > FORGET {
                forgotten = Instant::now();
                self.forget().await;
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
                Some(ended) = self.attempts.join_next() => self.release(ended),
            }
            while let Some(ended) = self.attempts.try_join_next() {
                self.release(ended);
            }
        }
        while self.attempts.join_next().await.is_some() {}
    }

    /// Takes what is due and there are hands for.
    async fn take(&mut self) -> Result<(), StorageError> {
        let waiting = self.shared.database.webhooks_with_deliveries().await?;
        let free = |id: &WebhookId| PER_WEBHOOK - self.in_hand.get(id).copied().unwrap_or_default();
        let wanted: Vec<(WebhookId, u32)> =
            waiting.into_iter().map(|id| (id, free(&id))).filter(|(_, free)| *free > 0).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for delivery in self.shared.database.take_deliveries(&wanted, LEASE).await? {
            *self.in_hand.entry(delivery.webhook).or_default() += 1;
            let shared = Arc::clone(&self.shared);
            self.attempts.spawn(async move {
                let webhook = delivery.webhook;
                shared.deliver(&delivery).await;
                webhook
            });
        }
        Ok(())
    }

    fn release(&mut self, ended: Result<WebhookId, tokio::task::JoinError>) {
        match ended {
            Ok(webhook) => {
                if let Some(count) = self.in_hand.get_mut(&webhook) {
                    *count = count.saturating_sub(1);
                }
            }
            Err(error) => {
                // Nobody knows whose it was; what it held is due again after its lease.
                tracing::error!(%error, "an attempt to deliver broke off");
                self.in_hand.clear();
            }
        }
    }

    async fn forget(&self) {
        loop {
            match self.shared.database.forget_webhook_events().await {
                Ok(0) => break,
                Ok(events) => tracing::debug!(events, "old events of webhooks are forgotten"),
                Err(error) => {
                    tracing::warn!(%error, "old events of webhooks are forgotten later");
                    break;
                }
            }
        }
    }
}

impl Shared {
    async fn deliver(&self, delivery: &Delivery) {
        let begun = Instant::now();
        let reply = self.post(delivery).await;
        let end = end_of(reply, delivery.attempt, begun.elapsed(), rand::random());
        counter!(DELIVERIES, "result" => end.outcome.as_str()).increment(1);
        match self.database.settle_delivery(delivery, &end).await {
            Ok(true) => {
                tracing::warn!(webhook.id = %delivery.webhook, "a webhook is paused: it does not answer");
            }
            Ok(false) => {}
            // It is due again after its lease.
            Err(error) => {
                tracing::warn!(%error, webhook.id = %delivery.webhook, "a delivery is repeated")
            }
        }
    }

    async fn post(&self, delivery: &Delivery) -> Result<client::Reply, WebhookProblem> {
        let owner = delivery.webhook.as_uuid();
        let opened =
            delivery.secrets.iter().map(|sealed| Sealed::Webhook.open(&self.keyer, owner, sealed));
        let secrets: anyhow::Result<Vec<String>> = opened.collect();
        let (id, now) = (delivery.event.to_string(), Clock::system().now().timestamp());
        let body = message::body(delivery.kind, delivery.at, &delivery.data);
        let signature = secrets.and_then(|known| message::signatures(&known, &id, now, &body));
        let signature = signature.map_err(|error| {
            tracing::error!(%error, webhook.id = %delivery.webhook, "a message cannot be signed");
            WebhookProblem::NoSecret
        })?;
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", signature),
        ];
        self.client.post(&delivery.url, &headers, body).await
    }
}

/// What follows from an answer, or from there being none.
fn end_of(
    reply: Result<client::Reply, WebhookProblem>,
    attempt: u16,
    duration: Duration,
    jitter: f64,
) -> DeliveryEnd {
    let is_yes = |status: u16| (200..300).contains(&status);
    let (status, answer, patience, problem) = match reply {
        Ok(reply) => (Some(reply.status), Some(reply.text), reply.retry_after, None),
        Err(problem) => (None, None, None, Some(problem.as_str().to_owned())),
    };
    let is_gone = status == Some(GONE);
    let wait = DELIVERY.after(attempt, jitter).filter(|_| !is_gone);
    let (outcome, wait) = match wait {
        _ if status.is_some_and(is_yes) => (WebhookOutcome::Delivered, Duration::ZERO),
        Some(wait) => {
            let patience = patience.unwrap_or_default().min(MOST_PATIENCE);
            // In whole seconds: intervals of the database know no nanoseconds.
            (WebhookOutcome::Retried, Duration::from_secs(wait.max(patience).as_secs()))
        }
        None => (WebhookOutcome::GivenUp, Duration::ZERO),
    };
    let answer = answer.filter(|text| !text.is_empty());
    DeliveryEnd { outcome, wait, is_gone, status, duration, problem, answer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::Reply;

    fn ended(status: u16, retry_after: Option<u64>, attempt: u16) -> DeliveryEnd {
        let retry_after = retry_after.map(Duration::from_secs);
        let reply = Reply { status, retry_after, text: String::new() };
        end_of(Ok(reply), attempt, Duration::ZERO, 0.5)
    }

    #[test]
    fn only_a_yes_is_an_end_and_a_redirect_is_none() {
        for (status, outcome) in [
            (200, WebhookOutcome::Delivered),
            (204, WebhookOutcome::Delivered),
            (301, WebhookOutcome::Retried),
            (307, WebhookOutcome::Retried),
            (400, WebhookOutcome::Retried),
            (500, WebhookOutcome::Retried),
            (410, WebhookOutcome::GivenUp),
        ] {
            let end = ended(status, None, 1);
            assert_eq!((end.outcome, end.is_gone), (outcome, status == 410), "{status}");
        }
        assert_eq!(ended(500, None, DELIVERY.attempts).outcome, WebhookOutcome::GivenUp);
        assert_eq!(ended(200, None, DELIVERY.attempts).outcome, WebhookOutcome::Delivered);
    }

    #[test]
    fn waits_grow_and_a_receiver_may_ask_for_patience() {
        let wait = |retry_after, attempt| ended(503, retry_after, attempt).wait.as_secs();
        assert_eq!([wait(None, 1), wait(None, 2), wait(None, 3)], [10, 20, 40]);
        assert_eq!(wait(Some(120), 1), 120);
        assert_eq!(wait(Some(1), 3), 40, "never sooner than by itself");
        assert_eq!(wait(Some(999_999), 1), MOST_PATIENCE.as_secs());
        let wait = end_of(Err(WebhookProblem::TimedOut), 1, Duration::ZERO, 0.123_456_789).wait;
        assert_eq!(wait.subsec_nanos(), 0);
        let none = end_of(Err(WebhookProblem::TimedOut), 1, Duration::ZERO, 0.5);
        assert_eq!(none.outcome, WebhookOutcome::Retried);
        assert_eq!(none.problem.as_deref(), Some("timed_out"));
    }
}
