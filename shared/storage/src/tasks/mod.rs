//! What people have to do: lists of it, and what they did.

mod feed;
mod handover;
mod list;
mod today;
mod work;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Channel, ContactId, TaskId, TouchId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::words::word;
use crate::{Database, StorageError};

pub use feed::CalendarTask;
pub use handover::{Handed, HandedOver, Handover};
pub use list::{Agent, Place, TaskCounts, TaskFilter};
pub use today::{Blocked, TaskCard, TaskPerson};
pub use work::{FinishedTask, TaskEnd, Undone};

/// A to-do of an agent.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its identity.
    pub id: TaskId,
    /// The touch it carries out.
    pub touch: TouchId,
    /// Whom it is about.
    pub contact: ContactId,
    /// The contact's name.
    pub contact_name: String,
    /// The agent's name.
    pub owner_name: Option<String>,
    /// Call, letter, card …
    pub channel: Channel,
    /// One line.
    pub title: String,
    /// What to say or write.
    pub script: String,
    /// The owner's local day.
    pub due_on: NaiveDate,
    /// The instant it was planned for.
    pub due_at: DateTime<Utc>,
}

impl Database {
    /// The open tasks that are due on or before `day`, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_tasks(
        &self,
        day: NaiveDate,
        owner_email: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Task>, StorageError> {
        let rows = sqlx::query(
            "SELECT t.id, t.touch_id, t.contact_id, c.full_name, o.name AS owner_name,
                    t.channel::text AS channel, t.title, t.script, t.due_on, t.due_at
               FROM tasks t
               JOIN contacts c ON c.id = t.contact_id
               LEFT JOIN agents o ON o.id = t.owner_id
              WHERE t.state = 'open' AND t.due_on <= $1 AND ($2::text IS NULL OR o.email = $2)
              ORDER BY t.due_on, t.due_at, t.id LIMIT $3",
        )
        .bind(day)
        .bind(owner_email)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(task).collect()
    }

    /// Why a touch's task was closed without being done, if it was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn task_closed(&self, touch: TouchId) -> Result<Option<String>, StorageError> {
        let reason: Option<Option<String>> =
            sqlx::query_scalar("SELECT closed_reason FROM tasks WHERE touch_id = $1")
                .bind(touch.as_uuid())
                .fetch_optional(self.pool())
                .await?;
        Ok(reason.flatten())
    }
}

fn task(row: &PgRow) -> Result<Task, StorageError> {
    Ok(Task {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        touch: row.try_get::<uuid::Uuid, _>("touch_id")?.into(),
        contact: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
        contact_name: row.try_get("full_name")?,
        owner_name: row.try_get("owner_name")?,
        channel: word(row, "channel")?,
        title: row.try_get("title")?,
        script: row.try_get("script")?,
        due_on: row.try_get("due_on")?,
        due_at: row.try_get("due_at")?,
    })
}
