//! Open tasks as a calendar shows them: of the person no more than the first name.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Channel, TaskId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::words::word;
use crate::{Database, StorageError};

/// An open task for a calendar.
#[derive(Debug, Clone)]
pub struct CalendarTask {
    /// Its identity.
    pub id: TaskId,
    /// What is to be done.
    pub channel: Channel,
    /// The first name of the person.
    pub first_name: String,
    /// The day it is on.
    pub due_on: NaiveDate,
    /// When it, or the day it is on, was last changed.
    pub changed_at: DateTime<Utc>,
    /// How often people have changed it: it never falls.
    pub revision: u32,
}

impl Database {
    /// Open tasks of an agent that are due on `since` or later, the earliest first, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn calendar_tasks(
        &self,
        owner: Uuid,
        since: NaiveDate,
        limit: u32,
    ) -> Result<Vec<CalendarTask>, StorageError> {
        let rows = sqlx::query(
            "SELECT k.id, k.channel::text AS channel, coalesce(c.first_name, '') AS first_name,
                    k.due_on, greatest(k.created_at, e.at) AS changed_at, e.revision
               FROM tasks k
               LEFT JOIN contacts c ON c.id = k.contact_id
              CROSS JOIN LATERAL (SELECT max(e.at) AS at, count(*) AS revision
                                    FROM task_events e WHERE e.task_id = k.id) e
              WHERE k.owner_id = $1 AND k.state = 'open' AND k.due_on >= $2
              ORDER BY k.due_on, k.id LIMIT $3",
        )
        .bind(owner)
        .bind(since)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(calendar_task).collect()
    }
}

fn calendar_task(row: &PgRow) -> Result<CalendarTask, StorageError> {
    let revision: i64 = row.try_get("revision")?;
    Ok(CalendarTask {
        id: row.try_get::<Uuid, _>("id")?.into(),
        channel: word(row, "channel")?,
        first_name: row.try_get("first_name")?,
        due_on: row.try_get("due_on")?,
        changed_at: row.try_get("changed_at")?,
        revision: u32::try_from(revision).unwrap_or(u32::MAX),
    })
}
