//! What came of deliveries.

use chrono::{DateTime, Utc};
use domain::WebhookId;
use domain::webhook::{WebhookEvent, WebhookOutcome};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::words::word;
use crate::{Database, StorageError};

/// An attempt to deliver, as the log has it.
#[derive(Debug, Clone)]
pub struct DeliveryAttempt {
    /// Its identity; later ones are greater.
    pub id: Uuid,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// The event.
    pub event: Uuid,
    /// What had happened.
    pub kind: WebhookEvent,
    /// From 1.
    pub attempt: i16,
    /// How it ended.
    pub outcome: WebhookOutcome,
    /// The status of the answer, if there was one.
    pub status: Option<i16>,
    /// How long it took.
    pub milliseconds: i32,
    /// Why there was no answer.
    pub problem: Option<String>,
    /// The first bytes of the answer. Whoever shows them escapes them: a stranger wrote them.
    pub answer: Option<String>,
}

fn attempt(row: &PgRow) -> Result<DeliveryAttempt, StorageError> {
    Ok(DeliveryAttempt {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        event: row.try_get("event_id")?,
        kind: word(row, "kind")?,
        attempt: row.try_get("attempt")?,
        outcome: word(row, "outcome")?,
        status: row.try_get("status")?,
        milliseconds: row.try_get("duration_ms")?,
        problem: row.try_get("problem")?,
        answer: row.try_get("answer")?,
    })
}

impl Database {
    /// Attempts to deliver to a webhook, the newest first, from before the attempt `before` on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delivery_attempts(
        &self,
        webhook: WebhookId,
        before: Option<Uuid>,
        only_failed: bool,
        limit: u32,
    ) -> Result<Vec<DeliveryAttempt>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, at, event_id, kind::text AS kind, attempt, outcome::text AS outcome, status,
                    duration_ms, problem, answer
               FROM webhook_attempts
              WHERE webhook_id = $1 AND ($2::uuid IS NULL OR id < $2)
                AND (NOT $3 OR outcome <> 'delivered')
              ORDER BY id DESC LIMIT $4",
        )
        .bind(webhook.as_uuid())
        .bind(before)
        .bind(only_failed)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(attempt).collect()
    }
}
