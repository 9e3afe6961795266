//! The sweep: claims whose worker died or stalled are settled by a stated policy.

use chrono::{DateTime, Utc};
use sqlx::Row;

use crate::outbox::{OutgoingHint, outgoing};
use crate::{Database, StorageError};

/// What to do with a touch that may or may not have been handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPolicy {
    /// Send it again, at most once, under the same Message-ID or idempotency key.
    Resend,
    /// Hold it for a person.
    Hold,
}

impl Database {
    /// Settles up to `limit` claims whose lease is over (machine time): each becomes `unknown` in
    /// the history, and then queued again or held, as the policies say. Returns the new hints.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_expired(
        &self,
        limit: u32,
        email: UnknownPolicy,
        sms: UnknownPolicy,
        now: DateTime<Utc>,
        sweeper: &str,
    ) -> Result<Vec<OutgoingHint>, StorageError> {
        let rows = sqlx::query(include_str!("sql/sweep_inflight.sql"))
            .bind(i64::from(limit))
            .bind(email == UnknownPolicy::Resend)
            .bind(sms == UnknownPolicy::Resend)
            .bind(now)
            .bind(sweeper)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(outgoing).collect()
    }

    /// Forgets up to `limit` sends that are older than every cap looks back, but for refusals, which
    /// may hold for good. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_sends(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StorageError> {
        let forgotten = sqlx::query(
            "WITH forgotten AS (
                 DELETE FROM contact_sends WHERE ctid = ANY(ARRAY(
                     SELECT ctid FROM contact_sends WHERE at < $1 AND NOT refused LIMIT $2
                        FOR UPDATE SKIP LOCKED))
                 RETURNING contact_id, channel),
             noted AS (
                 INSERT INTO earlier_sends (contact_id, channel)
                 SELECT DISTINCT contact_id, channel FROM forgotten ORDER BY 1, 2
                 ON CONFLICT DO NOTHING)
             SELECT count(*) FROM forgotten",
        )
        .bind(before)
        .bind(i64::from(limit))
        .fetch_one(self.pool())
        .await?;
        let forgotten: i64 = forgotten.try_get(0)?;
        Ok(forgotten.unsigned_abs())
    }
}
