//! Outgoing webhooks: who is told of what, what waits to be delivered, what came of it.
//!
//! Events are written by triggers in the transaction that they speak of (migration
//! `create_webhooks`), and only where somebody listens. Times are the database's clock.

mod log;
mod queue;

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::WebhookId;
use domain::webhook::{WebhookAction, WebhookEvent, WebhookPause};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub use log::DeliveryAttempt;
pub use queue::{Delivery, DeliveryEnd};

use crate::words::{optional_word, word};
use crate::{Database, StorageError};

/// Waiting deliveries are counted up to here.
pub const MOST_COUNTED: i64 = 10_000;

/// An address that events are posted to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its identity.
    pub id: WebhookId,
    /// What people call it.
    pub name: String,
    /// Where events are posted to; it may hold a secret of the receiver.
    pub url: String,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// Since when nothing is delivered, and why.
    pub paused: Option<(DateTime<Utc>, WebhookPause)>,
    /// Since when nothing could be delivered.
    pub failing_since: Option<DateTime<Utc>>,
    /// What was done with it last, and by whom.
    pub last: (WebhookAction, String),
    /// Deliveries that wait, up to [`MOST_COUNTED`] and one.
    pub waiting: i64,
    /// Until when the former secret signs, too.
    pub both_secrets_until: Option<DateTime<Utc>>,
}

/// What somebody writes down of a webhook.
#[derive(Debug, Clone)]
pub struct WebhookForm {
    /// What people call it.
    pub name: String,
    /// An address that was checked.
    pub url: String,
    /// At least one.
    pub events: Vec<WebhookEvent>,
}

const SELECT: &str = "
    SELECT w.id, w.name, w.url, w.events::text[] AS events, w.created_at, w.paused_at,
           w.paused_because::text AS paused_because, w.action::text AS action, w.actor,
           f.since AS failing_since,
           (SELECT count(*) FROM (SELECT FROM webhook_queue q
                                   WHERE q.webhook_id = w.id LIMIT $1 + 1) c) AS waiting,
           (SELECT max(s.ends_at) FROM webhook_secrets s
             WHERE s.webhook_id = w.id AND s.ends_at > now()) AS both_until
      FROM webhooks w LEFT JOIN webhook_failures f ON f.webhook_id = w.id
     WHERE w.removed_at IS NULL";

fn words_of(events: &[WebhookEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.as_str()).collect()
}

fn read(row: &PgRow) -> Result<Webhook, StorageError> {
    let events: Vec<String> = row.try_get("events")?;
    let events: Result<Vec<WebhookEvent>, _> = events.iter().map(|event| event.parse()).collect();
    let paused_at: Option<DateTime<Utc>> = row.try_get("paused_at")?;
    Ok(Webhook {
        id: row.try_get::<Uuid, _>("id")?.into(),
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        events: events.map_err(|why| StorageError::unreadable("events", why))?,
        created_at: row.try_get("created_at")?,
        paused: paused_at.zip(optional_word(row, "paused_because")?),
        failing_since: row.try_get("failing_since")?,
        last: (word(row, "action")?, row.try_get("actor")?),
        waiting: row.try_get("waiting")?,
        both_secrets_until: row.try_get("both_until")?,
    })
}

impl Database {
    /// Every webhook, by name. There are few.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StorageError> {
        let statement = format!("{SELECT} ORDER BY w.name, w.id");
        let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(MOST_COUNTED);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// One webhook.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        let statement = format!("{SELECT} AND w.id = $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(MOST_COUNTED);
        let row = query.bind(id.as_uuid()).fetch_optional(self.pool()).await?;
        row.as_ref().map(read).transpose()
    }

    /// Registers a webhook with its sealed secret, unless there are `most` already, or it is there
    /// already. Returns whether it was registered.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_webhook(
        &self,
        id: WebhookId,
        form: &WebhookForm,
        sealed: &[u8],
        most: u32,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "WITH added AS (
                 INSERT INTO webhooks (id, name, url, events, action, actor)
                 SELECT $1, $2, $3, $4::text[]::webhook_event[], 'create', $5
                  WHERE (SELECT count(*) FROM webhooks WHERE removed_at IS NULL) < $7
                 ON CONFLICT (id) DO NOTHING RETURNING id
             )
             INSERT INTO webhook_secrets (id, webhook_id, sealed)
             SELECT uuid_v7(), a.id, $6 FROM added a",
        )
        .bind(id.as_uuid())
        .bind(&form.name)
        .bind(&form.url)
        .bind(words_of(&form.events))
        .bind(actor)
        .bind(sealed)
        .bind(i64::from(most))
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Changes a webhook. Returns whether there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn change_webhook(
        &self,
        id: WebhookId,
        form: &WebhookForm,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "UPDATE webhooks SET name = $2, url = $3, events = $4::text[]::webhook_event[],
                    action = 'change', actor = $5
              WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(id.as_uuid())
        .bind(&form.name)
        .bind(&form.url)
        .bind(words_of(&form.events))
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Pauses a webhook: what happens is kept for it, for as long as events are. Returns whether it
    /// was not paused.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pause_webhook(&self, id: WebhookId, actor: &str) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "UPDATE webhooks SET paused_at = clock_timestamp(), paused_because = 'person',
                    action = 'pause', actor = $2
              WHERE id = $1 AND removed_at IS NULL AND paused_at IS NULL",
        )
        .bind(id.as_uuid())
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Lets a paused webhook go on, at once with what has waited. Returns whether it was paused.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resume_webhook(&self, id: WebhookId, actor: &str) -> Result<bool, StorageError> {
        let done = sqlx::query_scalar::<_, i64>(
            "WITH resumed AS (
                 UPDATE webhooks SET paused_at = NULL, paused_because = NULL, action = 'resume',
                        actor = $2
                  WHERE id = $1 AND removed_at IS NULL AND paused_at IS NOT NULL RETURNING id
             ),
             well AS (DELETE FROM webhook_failures f USING resumed r WHERE f.webhook_id = r.id),
             now_due AS (
                 UPDATE webhook_queue q SET due_at = clock_timestamp(), attempt = 0 FROM resumed r
                  WHERE q.webhook_id = r.id
             )
             SELECT count(*) FROM resumed",
        )
        .bind(id.as_uuid())
        .bind(actor)
        .fetch_one(self.pool())
        .await?;
        Ok(done == 1)
    }

    /// Takes a webhook away, with its secrets and what waits for it; its log stays for its time.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_webhook(&self, id: WebhookId, actor: &str) -> Result<bool, StorageError> {
        let done = sqlx::query_scalar::<_, i64>(
            "WITH removed AS (
                 UPDATE webhooks SET removed_at = clock_timestamp(), action = 'remove', actor = $2
                  WHERE id = $1 AND removed_at IS NULL RETURNING id
             ),
             secrets AS (DELETE FROM webhook_secrets s USING removed r WHERE s.webhook_id = r.id),
             failures AS (DELETE FROM webhook_failures f USING removed r WHERE f.webhook_id = r.id),
             waiting AS (DELETE FROM webhook_queue q USING removed r WHERE q.webhook_id = r.id)
             SELECT count(*) FROM removed",
        )
        .bind(id.as_uuid())
        .bind(actor)
        .fetch_one(self.pool())
        .await?;
        Ok(done == 1)
    }

    /// Gives a webhook a new secret; the present one signs beside it for `both`, older ones no more.
    /// Returns whether there is such a webhook.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn rotate_webhook_secret(
        &self,
        id: WebhookId,
        sealed: &[u8],
        both: Duration,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "WITH rotated AS (
                 UPDATE webhooks SET action = 'rotate', actor = $4
                  WHERE id = $1 AND removed_at IS NULL RETURNING id
             ),
             older AS (
                 DELETE FROM webhook_secrets s USING rotated r
                  WHERE s.webhook_id = r.id AND s.ends_at IS NOT NULL
             ),
             former AS (
                 UPDATE webhook_secrets s SET ends_at = clock_timestamp() + $3 FROM rotated r
                  WHERE s.webhook_id = r.id AND s.ends_at IS NULL
             )
             INSERT INTO webhook_secrets (id, webhook_id, sealed)
             SELECT uuid_v7(), r.id, $2 FROM rotated r",
        )
        .bind(id.as_uuid())
        .bind(sealed)
        .bind(both)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
