//! What waits to be delivered: taken under a lease, settled, put there again, forgotten.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::WebhookId;
use domain::webhook::{GIVE_UP_AFTER, KEPT, WebhookEvent, WebhookOutcome};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::words::word;
use crate::{Database, StorageError};

/// Who pauses a webhook that does not answer.
const PROGRAM: &str = "touchline";
/// Rows that are forgotten in one statement.
const FORGOTTEN_AT_ONCE: i64 = 5000;

/// A delivery that was taken.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// To whom.
    pub webhook: WebhookId,
    /// The event, and the message's id: the same with every attempt.
    pub event: Uuid,
    /// What happened.
    pub kind: WebhookEvent,
    /// When.
    pub at: DateTime<Utc>,
    /// The facts: an object of JSON, the same with every attempt.
    pub data: String,
    /// Where it goes.
    pub url: String,
    /// Sealed; the present one, then the former one.
    pub secrets: Vec<Vec<u8>>,
    /// From 1.
    pub attempt: u16,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct DeliveryEnd {
    /// In a word.
    pub outcome: WebhookOutcome,
    /// Until the next attempt, where there is one.
    pub wait: Duration,
    /// Whether the receiver is gone for good.
    pub is_gone: bool,
    /// The status of the answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// Why there is no answer.
    pub problem: Option<String>,
    /// The first bytes of the answer.
    pub answer: Option<String>,
}

fn delivery(row: &PgRow) -> Result<Delivery, StorageError> {
    let attempt: i16 = row.try_get("attempt")?;
    Ok(Delivery {
        webhook: row.try_get::<Uuid, _>("webhook_id")?.into(),
        event: row.try_get("event_id")?,
        kind: word(row, "kind")?,
        at: row.try_get("at")?,
        data: row.try_get("data")?,
        url: row.try_get("url")?,
        secrets: row.try_get("secrets")?,
        attempt: attempt.unsigned_abs(),
    })
}

impl Database {
    /// Webhooks with something to deliver at this moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn webhooks_with_deliveries(&self) -> Result<Vec<WebhookId>, StorageError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT w.id FROM webhooks w
              WHERE w.paused_at IS NULL AND w.removed_at IS NULL
                AND EXISTS (SELECT FROM webhook_queue q
                             WHERE q.webhook_id = w.id AND q.due_at <= now())",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(WebhookId::from).collect())
    }

    /// Takes deliveries that are due, for each webhook as many as it is named with. They are due again
    /// after `lease`, unless they are settled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_deliveries(
        &self,
        wanted: &[(WebhookId, u32)],
        lease: Duration,
    ) -> Result<Vec<Delivery>, StorageError> {
        let (ids, most): (Vec<Uuid>, Vec<i32>) = wanted
            .iter()
            .map(|(id, most)| (id.as_uuid(), i32::try_from(*most).unwrap_or(i32::MAX)))
            .unzip();
        let rows = sqlx::query(include_str!("../sql/claim_webhooks.sql"))
            .bind(ids)
            .bind(most)
            .bind(lease)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(delivery).collect()
    }

    /// Notes how an attempt ended. Returns whether the webhook is paused because of it.
    ///
    /// # Errors
    /// When the database does not answer; then the delivery is due again after its lease.
    pub async fn settle_delivery(
        &self,
        taken: &Delivery,
        end: &DeliveryEnd,
    ) -> Result<bool, StorageError> {
        let milliseconds = i32::try_from(end.duration.as_millis()).unwrap_or(i32::MAX);
        Ok(sqlx::query_scalar(include_str!("../sql/settle_webhook.sql"))
            .bind(taken.webhook.as_uuid())
            .bind(taken.event)
            .bind(i16::try_from(taken.attempt).unwrap_or(i16::MAX))
            .bind(taken.kind.as_str())
            .bind(end.outcome.as_str())
            .bind(end.wait)
            .bind(end.status.map(|status| i16::try_from(status).unwrap_or(i16::MAX)))
            .bind(milliseconds)
            .bind(end.problem.as_deref())
            .bind(end.answer.as_deref())
            .bind(end.is_gone)
            .bind(GIVE_UP_AFTER)
            .bind(PROGRAM)
            .fetch_one(self.pool())
            .await?)
    }

    /// Puts a message into the queue of one webhook that says nothing but that it arrived. Returns its
    /// event, or nothing where there is no such webhook.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn test_webhook(
        &self,
        id: WebhookId,
        actor: &str,
    ) -> Result<Option<Uuid>, StorageError> {
        Ok(sqlx::query_scalar(
            "WITH tried AS (
                 UPDATE webhooks SET action = 'test', actor = $2
                  WHERE id = $1 AND removed_at IS NULL AND paused_at IS NULL RETURNING id
             ),
             event AS (
                 INSERT INTO webhook_events (kind, facts)
                 SELECT 'test', jsonb_build_object('webhook', t.id) FROM tried t RETURNING id
             )
             INSERT INTO webhook_queue (webhook_id, event_id)
             SELECT t.id, e.id FROM tried t, event e RETURNING event_id",
        )
        .bind(id.as_uuid())
        .bind(actor)
        .fetch_optional(self.pool())
        .await?)
    }

    /// Has one event delivered again, at once. Returns whether it is still known.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replay_event(
        &self,
        id: WebhookId,
        event: Uuid,
        actor: &str,
    ) -> Result<bool, StorageError> {
        // Only what was for this webhook.
        let done = sqlx::query(
            "WITH again AS (
                 UPDATE webhooks w SET action = 'replay', actor = $3
                  WHERE w.id = $1 AND w.removed_at IS NULL
                    AND EXISTS (SELECT FROM webhook_attempts a
                                 WHERE a.webhook_id = $1 AND a.event_id = $2)
                 RETURNING w.id
             )
             INSERT INTO webhook_queue AS q (webhook_id, event_id)
             SELECT a.id, e.id FROM again a JOIN webhook_events e ON e.id = $2
             ON CONFLICT (webhook_id, event_id) DO UPDATE
                SET due_at = clock_timestamp(), attempt = 0",
        )
        .bind(id.as_uuid())
        .bind(event)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Has everything delivered again that a webhook is for and that happened since then. Returns how
    /// much that is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn replay_since(
        &self,
        id: WebhookId,
        since: DateTime<Utc>,
        actor: &str,
    ) -> Result<u64, StorageError> {
        let done = sqlx::query(
            "WITH again AS (
                 UPDATE webhooks SET action = 'replay', actor = $3
                  WHERE id = $1 AND removed_at IS NULL RETURNING id, events
             )
             INSERT INTO webhook_queue AS q (webhook_id, event_id)
             SELECT a.id, e.id
               FROM again a JOIN webhook_events e ON e.at >= $2 AND e.kind = ANY (a.events)
             ON CONFLICT (webhook_id, event_id) DO UPDATE
                SET due_at = clock_timestamp(), attempt = 0",
        )
        .bind(id.as_uuid())
        .bind(since)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets events and attempts that are older than [`KEPT`], some thousand at once. Returns how
    /// many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_webhook_events(&self) -> Result<u64, StorageError> {
        let gone: i64 = sqlx::query_scalar(
            "WITH old AS (
                 DELETE FROM webhook_events WHERE id IN (
                     SELECT id FROM webhook_events WHERE at < now() - $1::interval
                      ORDER BY at LIMIT $2)
                 RETURNING id
             ),
             waiting AS (DELETE FROM webhook_queue q USING old o WHERE q.event_id = o.id),
             tried AS (
                 DELETE FROM webhook_attempts WHERE id IN (
                     SELECT id FROM webhook_attempts WHERE at < now() - $1::interval
                      ORDER BY at LIMIT $2)
                 RETURNING id
             )
             SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM tried)",
        )
        .bind(KEPT)
        .bind(FORGOTTEN_AT_ONCE)
        .fetch_one(self.pool())
        .await?;
        Ok(gone.unsigned_abs())
    }
}
