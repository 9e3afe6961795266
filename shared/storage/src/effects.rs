//! What an entry of the list leaves to be done: touches cancelled, enrolments planned on or stopped,
//! tasks closed (compliance.md SUP-19).
//!
//! A cancelled touch leaves the enrolment at its next step on a channel that is open; the steps
//! between are passed over, and a plan of which nothing is left is stopped, so that an entry costs one
//! row of history and not one for each step (SUP-18).
//!
//! The work is a row written with the entry, so that a crash loses none of it; it is taken with
//! SKIP LOCKED, so that any number of schedulers may do it. G1 does not depend on it: a touch that is
//! not cancelled in time is blocked by the claim.

use chrono::{DateTime, Utc};
use domain::Channel;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::due::{DueBatch, DueEnrolment, Stopped, due_enrolment};
use crate::{Database, StorageError};

/// What was done about new entries; [`DueBatch::commit`] makes it last.
#[derive(Debug)]
pub struct Effects {
    /// Entries and addresses looked at.
    pub taken: u64,
    /// Touches cancelled.
    pub cancelled: u64,
    /// Enrolments stopped.
    pub stopped: u64,
    /// Tasks closed.
    pub closed: u64,
    /// The enrolments to be planned on, in a transaction that is still open. It has no hints.
    pub batch: DueBatch,
}

impl Database {
    /// Takes up to `limit` pieces of work that entries have left, and does it in a transaction that
    /// stays open in the answer: plan on, then commit. Must not be cancelled half-way. Call again
    /// until nothing is taken: the first touch of a plan that follows may be covered as well.
    ///
    /// # Errors
    /// When the database does not answer; the work stays.
    pub async fn take_effects(
        &self,
        now: DateTime<Utc>,
        limit: u32,
        scheduler: &str,
    ) -> Result<Effects, StorageError> {
        let mut tx = self.pool().begin().await?;
        let row = sqlx::query(include_str!("sql/take_effects.sql"))
            .bind(i64::from(limit))
            .bind(now)
            .bind(scheduler)
            .bind(trace::is_on())
            .fetch_one(&mut *tx)
            .await?;
        let onward: Vec<uuid::Uuid> = row.try_get("onward")?;
        let reasons: Vec<String> = row.try_get("reasons")?;
        let enrolments = if onward.is_empty() {
            Vec::new()
        } else {
            let rows = sqlx::query(include_str!("sql/stopped_facts.sql"))
                .bind(onward)
                .bind(reasons)
                .fetch_all(&mut *tx)
                .await?;
            rows.iter().map(stopped_enrolment).collect::<Result<_, _>>()?
        };
        let count = |name: &str| -> Result<u64, StorageError> {
            Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
        };
        let ids = |name: &str| -> Result<Vec<uuid::Uuid>, StorageError> {
            Ok(row.try_get::<Option<Vec<uuid::Uuid>>, _>(name)?.unwrap_or_default())
        };
        let cancelled = ids("touches")?.into_iter().zip(ids("enrolments")?).collect();
        Ok(Effects {
            taken: count("taken")?,
            cancelled: count("cancelled")?,
            stopped: count("stopped")?,
            closed: count("closed")?,
            batch: DueBatch { tx, hints: Vec::new(), enrolments, oldest: None, cancelled },
        })
    }
}

fn stopped_enrolment(row: &PgRow) -> Result<DueEnrolment, StorageError> {
    let words: Vec<String> = row.try_get("stopped")?;
    let channels = words.iter().map(|word| word.parse::<Channel>());
    let channels = channels.collect::<Result<_, _>>();
    let channels = channels.map_err(|why| StorageError::unreadable("channel", why))?;
    let stopped = Some(Stopped { channels, reason: row.try_get("reason")? });
    Ok(DueEnrolment { stopped, ..due_enrolment(row)? })
}
