//! The outbox: hints between the commit that made them and the claim that used them.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::EnrolmentId;
use messages::{Hint, Month, Route};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::claims::interval;
use crate::outcomes::column;
use crate::words::word;
use crate::{Database, StorageError};

/// A hint and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutgoingHint {
    /// The hint.
    pub hint: Hint,
    /// The queue.
    pub route: Route,
    /// Whose touch it is, for its trace alone.
    pub enrolment: Option<EnrolmentId>,
}

impl OutgoingHint {
    /// This hint in the trace of its enrolment.
    #[must_use]
    pub fn place(&self) -> trace::Place {
        self.enrolment.map_or(trace::Place::NOWHERE, |enrolment| {
            trace::of(enrolment.as_uuid()).hint(self.hint.touch_id, self.hint.epoch)
        })
    }
}

/// How old the hints in the outbox are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxAge {
    /// Hints that wait for a claim.
    pub waiting: i64,
    /// When the oldest was written, machine time.
    pub oldest: Option<DateTime<Utc>>,
}

impl Database {
    /// Notes that the broker has confirmed these hints.
    ///
    /// # Errors
    /// When the database does not answer; the sweep then publishes them again, which is harmless.
    pub async fn mark_published(&self, hints: &[Hint]) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE outbox o SET published_at = clock_timestamp()
               FROM unnest($1::uuid[], $2::int4[]) AS h (touch_id, epoch)
              WHERE o.touch_id = h.touch_id AND o.epoch = h.epoch",
        )
        .bind(column(hints, |hint| hint.touch_id))
        .bind(column(hints, |hint| hint.epoch))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Takes up to `limit` hints to publish again: unconfirmed for `unconfirmed`, or confirmed but
    /// unclaimed for `unclaimed` (machine time). Another sweep leaves them alone for as long.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sweep_outbox(
        &self,
        limit: u32,
        unconfirmed: Duration,
        unclaimed: Duration,
    ) -> Result<Vec<OutgoingHint>, StorageError> {
        let rows = sqlx::query(include_str!("sql/sweep_outbox.sql"))
            .bind(i64::from(limit))
            .bind(interval(unconfirmed))
            .bind(interval(unclaimed))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(outgoing).collect()
    }

    /// Lets the next sweep publish these hints again: the broker has given up on them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revive_hints(&self, hints: &[Hint]) -> Result<u64, StorageError> {
        let done = sqlx::query(
            "UPDATE outbox o SET published_at = NULL, created_at = '-infinity'
               FROM unnest($1::uuid[], $2::int4[]) AS h (touch_id, epoch)
              WHERE o.touch_id = h.touch_id AND o.epoch = h.epoch",
        )
        .bind(column(hints, |hint| hint.touch_id))
        .bind(column(hints, |hint| hint.epoch))
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected())
    }

    /// How many hints wait for a claim, and since when; for metrics.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn outbox_age(&self) -> Result<OutboxAge, StorageError> {
        let row = sqlx::query("SELECT count(*) AS waiting, min(created_at) FILTER (WHERE isfinite(created_at)) AS oldest
               FROM outbox")
            .fetch_one(self.pool())
            .await?;
        Ok(OutboxAge { waiting: row.try_get("waiting")?, oldest: row.try_get("oldest")? })
    }
}

pub(crate) fn outgoing(row: &PgRow) -> Result<OutgoingHint, StorageError> {
    let due_month: NaiveDate = row.try_get("due_month")?;
    Ok(OutgoingHint {
        hint: Hint {
            touch_id: row.try_get("touch_id")?,
            due_month: month(due_month)?,
            epoch: row.try_get("epoch")?,
        },
        route: Route { medium: word(row, "medium")?, lane: word(row, "lane")? },
        enrolment: row.try_get::<Option<uuid::Uuid>, _>("enrolment_id")?.map(EnrolmentId::from),
    })
}

/// A partition's name on the wire.
pub(crate) fn month(date: NaiveDate) -> Result<Month, StorageError> {
    u8::try_from(date.month())
        .ok()
        .and_then(|month| Month::new(date.year(), month).ok())
        .ok_or_else(|| StorageError::unreadable("due month", date))
}
