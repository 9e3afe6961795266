//! What an entry of the list leaves to be done: touches cancelled, enrolments planned on or stopped,
//! tasks closed (compliance.md SUP-19).
//!
//! The work is a row written with the entry, so that a crash loses none of it; it is taken with
//! SKIP LOCKED, so that any number of schedulers may do it. G1 does not depend on it: a touch that is
//! not cancelled in time is blocked by the claim.

use chrono::{DateTime, Utc};
use sqlx::Row;

use crate::due::{DueBatch, due_enrolment};
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
    /// until nothing is taken: a touch that is planned on may be covered as well.
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
            .fetch_one(&mut *tx)
            .await?;
        let onward: Vec<uuid::Uuid> = row.try_get("onward")?;
        let enrolments = if onward.is_empty() {
            Vec::new()
        } else {
            let rows = sqlx::query(include_str!("sql/planning_facts.sql"))
                .bind(onward)
                .fetch_all(&mut *tx)
                .await?;
            rows.iter().map(due_enrolment).collect::<Result<_, _>>()?
        };
        let count = |name: &str| -> Result<u64, StorageError> {
            Ok(u64::try_from(row.try_get::<i64, _>(name)?).unwrap_or(0))
        };
        Ok(Effects {
            taken: count("taken")?,
            cancelled: count("cancelled")?,
            stopped: count("stopped")?,
            closed: count("closed")?,
            batch: DueBatch { tx, hints: Vec::new(), enrolments, oldest: None },
        })
    }
}
