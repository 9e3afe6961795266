//! How long it took from a request to its entry being in force (AUD-06, AUD-08).

use chrono::{DateTime, Utc};
use domain::suppression::SuppressionReason;
use domain::{ContactChannel, EventId};
use sqlx::Row;

use crate::words::{optional_word, word};
use crate::{Database, StorageError};

/// Opt-outs of a time, in seconds from received to in force.
#[derive(Debug, Clone, PartialEq)]
pub struct OptOutLatency {
    /// Requests of recipients that became entries.
    pub count: u64,
    /// Those of which it was noted when they reached us; the figures are of these.
    pub timed: u64,
    /// Half were faster.
    pub p50: Option<f64>,
    /// 99 of a hundred were faster.
    pub p99: Option<f64>,
    /// The slowest.
    pub max: Option<f64>,
    /// Slower than 60 s.
    pub over_minute: u64,
    /// Slower than 24 h.
    pub over_day: u64,
}

/// An opt-out that took long.
#[derive(Debug, Clone)]
pub struct SlowOptOut {
    /// The entry.
    pub event: EventId,
    /// The channel, for one address.
    pub channel: Option<ContactChannel>,
    /// Why.
    pub reason: SuppressionReason,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// When it was in force.
    pub in_force_at: DateTime<Utc>,
}

impl Database {
    /// The latency of all opt-outs that came into force in a time. Reads the list's history from
    /// end to end: for a report.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn opt_out_latency(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<OptOutLatency, StorageError> {
        let row = sqlx::query(
            "SELECT count(*) AS n, count(s.seconds) AS timed,
                    percentile_disc(0.5) WITHIN GROUP (ORDER BY s.seconds) AS p50,
                    percentile_disc(0.99) WITHIN GROUP (ORDER BY s.seconds) AS p99,
                    max(s.seconds) AS max,
                    count(*) FILTER (WHERE s.seconds > 60) AS over_minute,
                    count(*) FILTER (WHERE s.seconds > 86400) AS over_day
               FROM (SELECT extract(epoch FROM e.at - e.received_at)::float8 AS seconds
                       FROM suppression_events e
                      WHERE e.action = 'suppress' AND e.origin = 'recipient'
                        AND ($1::timestamptz IS NULL OR e.at >= $1)
                        AND ($2::timestamptz IS NULL OR e.at < $2)) s",
        )
        .bind(since)
        .bind(until)
        .fetch_one(self.pool())
        .await?;
        let count = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
        Ok(OptOutLatency {
            count: count("n")?,
            timed: count("timed")?,
            p50: row.try_get("p50")?,
            p99: row.try_get("p99")?,
            max: row.try_get("max")?,
            over_minute: count("over_minute")?,
            over_day: count("over_day")?,
        })
    }

    /// The opt-outs of a time that took more than 60 s, the slowest first, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn slow_opt_outs(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<Vec<SlowOptOut>, StorageError> {
        let rows = sqlx::query(
            "SELECT e.id, e.channel::text AS channel, e.reason::text AS reason, e.received_at, e.at
               FROM suppression_events e
              WHERE e.action = 'suppress' AND e.origin = 'recipient'
                AND e.at - e.received_at > interval '60 seconds'
                AND ($1::timestamptz IS NULL OR e.at >= $1)
                AND ($2::timestamptz IS NULL OR e.at < $2)
              ORDER BY e.at - e.received_at DESC, e.id LIMIT $3",
        )
        .bind(since)
        .bind(until)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(SlowOptOut {
                    event: row.try_get::<uuid::Uuid, _>("id")?.into(),
                    channel: optional_word(row, "channel")?,
                    reason: word(row, "reason")?,
                    received_at: row.try_get("received_at")?,
                    in_force_at: row.try_get("at")?,
                })
            })
            .collect()
    }
}
