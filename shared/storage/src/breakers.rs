//! What circuit breakers look at: counts of what went out and what came back, taken from the
//! histories after the fact, so that whoever sends pays nothing for them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::breaker::Figure;
use domain::pause::PauseScope;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::words::word;
use crate::{Database, StorageError};

/// The counts of one domain, plan, source or channel, since its last pause was lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What is counted.
    pub scope: PauseScope,
    /// Which one.
    pub key: String,
    /// Complaints of delivered messages, the last 24 hours.
    pub complaints_of_day: Figure,
    /// The same, the last seven days.
    pub complaints_of_week: Figure,
    /// Hard bounces of sent messages, the last seven days.
    pub bounces: Figure,
    /// Failures of the gateway of attempts, within the window that was asked for.
    pub gateway: Figure,
}

impl Database {
    /// Counts what happened since the last call, up to a minute of it. Returns whether there is
    /// more. An event is counted once every transaction is over that may have begun before it, or
    /// `patience` has passed; emails count for `sender_domain`. Any number of processes may call;
    /// one at a time counts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_outcomes(
        &self,
        now: DateTime<Utc>,
        sender_domain: Option<&str>,
        patience: Duration,
    ) -> Result<bool, StorageError> {
        let more = sqlx::query_scalar("SELECT count_outcomes($1, $2, make_interval(secs => $3))")
            .bind(now)
            .bind(sender_domain)
            .bind(patience.as_secs_f64())
            .fetch_one(self.pool())
            .await?;
        Ok(more)
    }

    /// The counts at `now` (business time), with those of gateways over `gateway_window`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counts(
        &self,
        now: DateTime<Utc>,
        gateway_window: TimeDelta,
    ) -> Result<Vec<Counted>, StorageError> {
        let rows = sqlx::query(include_str!("sql/counts.sql"))
            .bind(now)
            .bind(now - gateway_window)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(counted).collect()
    }

    /// Forgets counts that no window reaches any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_counts(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        sqlx::query("SELECT forget_counts($1)").bind(now).execute(self.pool()).await?;
        Ok(())
    }
}

fn counted(row: &PgRow) -> Result<Counted, StorageError> {
    let count = |name: &str| -> Result<u64, StorageError> {
        Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
    };
    let figure = |part: &str, whole: &str| -> Result<Figure, StorageError> {
        Ok(Figure { part: count(part)?, whole: count(whole)? })
    };
    Ok(Counted {
        scope: word(row, "scope")?,
        key: row.try_get("key")?,
        complaints_of_day: figure("complained_of_day", "delivered_of_day")?,
        complaints_of_week: figure("complained_of_week", "delivered_of_week")?,
        bounces: figure("bounced_of_week", "sent_of_week")?,
        gateway: figure("gateway_errors", "gateway_attempts")?,
    })
}
