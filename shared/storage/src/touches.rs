//! Looking at touches: lists, counts, and the whole story of one.

use chrono::{DateTime, Utc};
use domain::{AddressKey, Channel, ContactId, EnrolmentId, PlanVersionId, TouchId, TouchState};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::words::word;
use crate::{Database, StorageError};

/// A touch as people see it.
#[derive(Debug, Clone)]
pub struct Touch {
    /// Its identity.
    pub id: TouchId,
    /// Whom it is for.
    pub contact: ContactId,
    /// The contact's name.
    pub contact_name: String,
    /// The enrolment it belongs to.
    pub enrolment: EnrolmentId,
    /// The plan's key.
    pub plan_key: String,
    /// The plan version.
    pub plan_version: PlanVersionId,
    /// The step's index, from 0.
    pub step: usize,
    /// The cycle of a yearly plan.
    pub cycle: i16,
    /// The channel.
    pub channel: Channel,
    /// When it is, or was, due.
    pub due_at: DateTime<Utc>,
    /// Its state.
    pub state: TouchState,
    /// Why it is in that state.
    pub reason: Option<String>,
    /// How many attempts were made.
    pub attempt: i16,
    /// How often it came out unknown.
    pub doubts: i16,
    /// When it was handed over.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the receiving side called it.
    pub provider_ref: Option<String>,
}

/// One line of a touch's story.
#[derive(Debug, Clone)]
pub struct TouchEvent {
    /// Machine time.
    pub at: DateTime<Utc>,
    /// Business time.
    pub decided_at: DateTime<Utc>,
    /// The attempt it belongs to.
    pub attempt: i16,
    /// The state it led to.
    pub state: TouchState,
    /// Which process.
    pub worker: String,
    /// Why.
    pub reason: Option<String>,
    /// What the receiving side called it.
    pub provider_ref: Option<String>,
    /// The template and its version.
    pub template: Option<(String, i32)>,
    /// What was looked at.
    pub detail: Option<serde_json::Value>,
}

/// Which touches to list.
#[derive(Debug, Clone, Default)]
pub struct TouchFilter {
    /// Of one contact.
    pub contact: Option<ContactId>,
    /// In one state.
    pub state: Option<TouchState>,
    /// On one channel.
    pub channel: Option<Channel>,
    /// Of one plan.
    pub plan_key: Option<String>,
}

/// How many touches there are of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TouchCount {
    /// The state.
    pub state: TouchState,
    /// The channel.
    pub channel: Channel,
    /// How many.
    pub count: i64,
}

impl Database {
    /// Touches by filter, in order of due time, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touches(
        &self,
        filter: &TouchFilter,
        limit: u32,
    ) -> Result<Vec<Touch>, StorageError> {
        let rows = sqlx::query(include_str!("sql/list_touches.sql"))
            .bind(None::<uuid::Uuid>)
            .bind(filter.contact.map(ContactId::as_uuid))
            .bind(filter.state.map(TouchState::as_str))
            .bind(filter.channel.map(Channel::as_str))
            .bind(filter.plan_key.as_deref())
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(touch).collect()
    }

    /// A contact's touches, the latest due first, `limit` at most, behind the touch of this due time
    /// and id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touches_of(
        &self,
        contact: ContactId,
        before: Option<(DateTime<Utc>, TouchId)>,
        limit: u32,
    ) -> Result<Vec<Touch>, StorageError> {
        let (due_at, id) = before.unzip();
        let rows = sqlx::query(include_str!("sql/contact_touches.sql"))
            .bind(contact.as_uuid())
            .bind(due_at.unwrap_or_else(crate::words::end_of_time))
            .bind(id.map_or(uuid::Uuid::max(), TouchId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(touch).collect()
    }

    /// One touch.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touch(&self, id: TouchId) -> Result<Option<Touch>, StorageError> {
        let row = sqlx::query(include_str!("sql/list_touches.sql"))
            .bind(Some(id.as_uuid()))
            .bind(None::<uuid::Uuid>)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(1_i64)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(touch).transpose()
    }

    /// The key of the address a touch goes to, once that has been decided.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn address_of_touch(&self, id: TouchId) -> Result<Option<AddressKey>, StorageError> {
        let key: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT address_key FROM touches WHERE id = $1")
                .bind(id.as_uuid())
                .fetch_optional(self.pool())
                .await?;
        Ok(key.flatten().and_then(|key| AddressKey::from_bytes(&key)))
    }

    /// The story of a touch, in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn story(&self, id: TouchId) -> Result<Vec<TouchEvent>, StorageError> {
        let rows = sqlx::query(
            "SELECT e.at, e.decided_at, e.attempt, e.state::text AS state, e.worker, e.reason,
                    e.provider_ref, e.detail, v.key AS template_key, v.version AS template_version
               FROM touch_events e LEFT JOIN template_versions v ON v.id = e.template_version_id
              WHERE e.touch_id = $1 ORDER BY e.at, e.attempt",
        )
        .bind(id.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(event).collect()
    }

    /// What has been recorded after `at` (machine time), in order, `limit` at most: for a screen that
    /// shows what happens. Reads a partition from end to end, so not for a busy deployment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events_after(
        &self,
        at: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(TouchEvent, Touch)>, StorageError> {
        let rows = sqlx::query(include_str!("sql/events_after.sql"))
            .bind(at)
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok((event(row)?, touch(row)?))).collect()
    }

    /// How many touches there are per state and channel. Reads every partition: for the demo, tests
    /// and reports, not for a page.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_touches(&self) -> Result<Vec<TouchCount>, StorageError> {
        let rows = sqlx::query(
            "SELECT state::text AS state, channel::text AS channel, count(*) AS count
               FROM touches GROUP BY 1, 2 ORDER BY 1, 2",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TouchCount {
                    state: word(row, "state")?,
                    channel: word(row, "channel")?,
                    count: row.try_get("count")?,
                })
            })
            .collect()
    }

    /// When the next touch is due, if any is scheduled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        Ok(sqlx::query_scalar("SELECT min(due_at) FROM due_touches").fetch_one(self.pool()).await?)
    }
}

fn touch(row: &PgRow) -> Result<Touch, StorageError> {
    Ok(Touch {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        contact: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
        contact_name: row.try_get("full_name")?,
        enrolment: row.try_get::<uuid::Uuid, _>("enrolment_id")?.into(),
        plan_key: row.try_get("plan_key")?,
        plan_version: row.try_get::<uuid::Uuid, _>("plan_version_id")?.into(),
        step: usize::try_from(row.try_get::<i16, _>("step")?).unwrap_or(0),
        cycle: row.try_get("cycle")?,
        channel: word(row, "channel")?,
        due_at: row.try_get("due_at")?,
        state: word(row, "state")?,
        reason: row.try_get("reason")?,
        attempt: row.try_get("attempt")?,
        doubts: row.try_get("doubts")?,
        sent_at: row.try_get("sent_at")?,
        provider_ref: row.try_get("provider_ref")?,
    })
}

fn event(row: &PgRow) -> Result<TouchEvent, StorageError> {
    let key: Option<String> = row.try_get("template_key")?;
    let version: Option<i32> = row.try_get("template_version")?;
    Ok(TouchEvent {
        at: row.try_get("at")?,
        decided_at: row.try_get("decided_at")?,
        attempt: row.try_get("attempt")?,
        state: word(row, "state")?,
        worker: row.try_get("worker")?,
        reason: row.try_get("reason")?,
        provider_ref: row.try_get("provider_ref")?,
        template: key.zip(version),
        detail: row.try_get("detail")?,
    })
}
