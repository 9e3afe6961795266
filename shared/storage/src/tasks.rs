//! What people have to do.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{AddressKey, Channel, ContactId, TaskId, TaskOutcome, TouchId};
use sqlx::Row;

use crate::outcomes::note_call;
use crate::words::word;
use crate::{Database, StorageError};

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

/// A task that was finished, with what follows from it.
#[derive(Debug, Clone)]
pub struct FinishedTask {
    /// The touch it carried out.
    pub touch: TouchId,
    /// Whom it was about.
    pub contact: ContactId,
    /// Call, letter, card …
    pub channel: Channel,
    /// The address the touch was for, and its text while the contact has it.
    pub address: Option<(AddressKey, String)>,
    /// The contact's country.
    pub country: Option<String>,
}

impl Database {
    /// Finishes an open task, and notes of a call how it went: caps and refusals count by it.
    /// Returns nothing when there is no open task of this id.
    ///
    /// # Errors
    /// When the database does not answer; nothing has changed then.
    pub async fn finish_task(
        &self,
        id: TaskId,
        outcome: TaskOutcome,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<FinishedTask>, StorageError> {
        let mut tx = self.pool().begin().await?;
        let row = sqlx::query(
            "WITH done AS (
                 UPDATE tasks SET state = 'done', outcome = $2::text::task_outcome, closed_by = $3,
                                  closed_at = $4
                  WHERE id = $1 AND state = 'open'
                 RETURNING touch_id, contact_id, channel, created_at)
             SELECT d.touch_id, d.contact_id, d.channel::text AS channel, c.country,
                    a.address_key, a.value
               FROM done d
               LEFT JOIN contacts c ON c.id = d.contact_id
               LEFT JOIN LATERAL (SELECT t.address_key FROM touches t WHERE t.id = d.touch_id) t
                         ON true
               LEFT JOIN addresses a ON a.contact_id = d.contact_id
                                    AND a.address_key = t.address_key",
        )
        .bind(id.as_uuid())
        .bind(outcome.as_str())
        .bind(actor)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let key: Option<Vec<u8>> = row.try_get("address_key")?;
        let key = key.and_then(|key| AddressKey::from_bytes(&key));
        let finished = FinishedTask {
            touch: row.try_get::<uuid::Uuid, _>("touch_id")?.into(),
            contact: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
            channel: word(&row, "channel")?,
            address: key.zip(row.try_get("value")?),
            country: row.try_get("country")?,
        };
        if finished.channel == Channel::Call {
            let answered = outcome == TaskOutcome::Answered;
            let refused = outcome == TaskOutcome::Refused;
            note_call(&mut *tx, finished.contact, finished.touch, answered, refused).await?;
        }
        tx.commit().await?;
        Ok(Some(finished))
    }

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
        rows.iter()
            .map(|row| {
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
            })
            .collect()
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
