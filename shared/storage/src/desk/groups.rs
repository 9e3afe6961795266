//! What waits, by cause and one by one.

use chrono::{DateTime, Utc};
use domain::desk::Attention;
use domain::{Channel, ContactId, TouchId, TouchState};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::DeskFilter;
use crate::words::word;
use crate::{Database, StorageError};

/// Examples of a group.
const EXAMPLES: usize = 3;

/// Touches that wait for the same reason.
#[derive(Debug, Clone, Serialize)]
pub struct DeskGroup {
    /// What they wait for.
    pub kind: Attention,
    /// The reason's code.
    pub code: String,
    /// What the causes have in common: phase and status of an answer, a field, a template; may be
    /// empty.
    pub detail: String,
    /// The channel.
    pub channel: Channel,
    /// The plan's key.
    pub plan_key: String,
    /// The templates of their steps.
    pub templates: Vec<String>,
    /// How many.
    pub count: i64,
    /// Since when the first of them waits, machine time.
    pub first: DateTime<Utc>,
    /// Since when the last of them does.
    pub last: DateTime<Utc>,
    /// Some of them.
    pub examples: Vec<TouchId>,
}

/// A touch that waits for a person.
#[derive(Debug, Clone, Serialize)]
pub struct DeskTouch {
    /// What it waits for.
    pub kind: Attention,
    /// Its identity.
    pub id: TouchId,
    /// Since when, machine time; with the id, the place of the page after it.
    pub since: DateTime<Utc>,
    /// The reason's code.
    pub code: String,
    /// What the causes of its group have in common.
    pub detail: String,
    /// The channel.
    pub channel: Channel,
    /// The plan's key.
    pub plan_key: String,
    /// The step's index, from 0.
    pub step: i16,
    /// The template of the step.
    pub template_key: Option<String>,
    /// Whom it is for.
    pub contact: ContactId,
    /// The contact's name; empty when the contact is gone.
    pub contact_name: String,
    /// The touch's state.
    pub state: TouchState,
    /// The whole reason.
    pub reason: Option<String>,
    /// How many attempts were made.
    pub attempt: i16,
    /// How often it came out unknown.
    pub doubts: i16,
    /// When it was due.
    pub due_at: DateTime<Utc>,
}

impl Database {
    /// What waits on the desk for these reasons, by cause, the largest group first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn desk_groups(&self, kinds: &[Attention]) -> Result<Vec<DeskGroup>, StorageError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let rows = sqlx::query(include_str!("../sql/desk_groups.sql"))
            .bind(kinds)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(group).collect()
    }

    /// Touches that wait on the desk, the newest first, `limit` at most; `after` is
    /// [`DeskTouch::since`] and id of the last one seen.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn desk_touches(
        &self,
        filter: &DeskFilter,
        after: Option<(DateTime<Utc>, TouchId)>,
        limit: u32,
    ) -> Result<Vec<DeskTouch>, StorageError> {
        let rows = sqlx::query(include_str!("../sql/desk_touches.sql"))
            .bind(filter.kinds(Attention::ALL))
            .bind(filter.named(limit))
            .bind(filter.code.as_deref())
            .bind(filter.detail.as_deref())
            .bind(filter.channel.map(Channel::as_str))
            .bind(filter.plan_key.as_deref())
            .bind(after.map(|(since, _)| since))
            .bind(after.map(|(_, touch)| touch.as_uuid()))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(touch).collect()
    }
}

fn group(row: &PgRow) -> Result<DeskGroup, StorageError> {
    let mut examples = Vec::new();
    for text in row.try_get::<Vec<String>, _>("examples")? {
        let id = text.parse().map_err(|why| StorageError::unreadable("touch", why))?;
        if examples.len() < EXAMPLES && !examples.contains(&id) {
            examples.push(id);
        }
    }
    Ok(DeskGroup {
        kind: word(row, "kind")?,
        code: row.try_get("code")?,
        detail: row.try_get("detail")?,
        channel: word(row, "channel")?,
        plan_key: row.try_get("plan_key")?,
        templates: row.try_get::<Option<Vec<String>>, _>("templates")?.unwrap_or_default(),
        count: row.try_get("count")?,
        first: row.try_get("first")?,
        last: row.try_get("last")?,
        examples,
    })
}

fn touch(row: &PgRow) -> Result<DeskTouch, StorageError> {
    Ok(DeskTouch {
        kind: word(row, "kind")?,
        id: row.try_get::<uuid::Uuid, _>("touch_id")?.into(),
        since: row.try_get("since")?,
        code: row.try_get("code")?,
        detail: row.try_get("detail")?,
        channel: word(row, "channel")?,
        plan_key: row.try_get("plan_key")?,
        step: row.try_get("step")?,
        template_key: row.try_get("template_key")?,
        contact: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
        contact_name: row.try_get("full_name")?,
        state: word(row, "state")?,
        reason: row.try_get("reason")?,
        attempt: row.try_get("attempt")?,
        doubts: row.try_get("doubts")?,
        due_at: row.try_get("due_at")?,
    })
}
