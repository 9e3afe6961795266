//! The sweep: claims whose worker died or stalled are settled by a stated policy.

use chrono::{DateTime, Utc};

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
}
