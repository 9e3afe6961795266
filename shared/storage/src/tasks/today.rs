//! One task with everything that whoever works it needs.

use chrono::{DateTime, Utc};
use domain::contact::{Group, Level};
use domain::suppression::SuppressionReason;
use domain::{AddressKey, Lane, Locale, TaskId, TaskOutcome};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{Task, task};
use crate::words::{optional_word, word};
use crate::{Database, StorageError};

/// A task as a card.
#[derive(Debug, Clone)]
pub struct TaskCard {
    /// The task.
    pub task: Task,
    /// `open`, `done` or `dropped`.
    pub state: String,
    /// How it went, when it was done.
    pub outcome: Option<TaskOutcome>,
    /// What there was to remember.
    pub note: Option<String>,
    /// Who closed it, when it was done.
    pub closed_by: Option<String>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it was closed without being done, as it is stored.
    pub closed_reason: Option<String>,
    /// The plan's key.
    pub plan_key: String,
    /// The plan's name in the language asked for.
    pub plan_name: String,
    /// The plan's lane.
    pub lane: Lane,
    /// The person; none once erased.
    pub person: Option<TaskPerson>,
    /// The key of the address the touch is for.
    pub address_key: Option<AddressKey>,
    /// The address, while the contact has it.
    pub address: Option<String>,
    /// Why the number cannot be called.
    pub address_problem: Option<String>,
    /// What stands against it on the list now.
    pub blocked: Option<Blocked>,
}

/// What is known of the person.
#[derive(Debug, Clone)]
pub struct TaskPerson {
    /// Language.
    pub locale: Locale,
    /// Likelihood.
    pub level: Level,
    /// Relationship.
    pub group: Group,
    /// IANA name.
    pub time_zone: Option<String>,
    /// State or region.
    pub region: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// When the person wants to be reached: HH:MM-HH:MM, local time.
    pub preferred_hours: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Of the sample: nobody is to be called or visited.
    pub is_sample: bool,
}

/// An entry of the list.
#[derive(Debug, Clone, Copy)]
pub struct Blocked {
    /// Why it was made.
    pub reason: SuppressionReason,
    /// Since when.
    pub since: DateTime<Utc>,
}

impl TaskCard {
    /// Whether it is still to be done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }
}

impl Database {
    /// One task; of `owner` only, if one is given. The plan's name is in `locale`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn task_card(
        &self,
        id: TaskId,
        owner: Option<Uuid>,
        locale: Locale,
    ) -> Result<Option<TaskCard>, StorageError> {
        let row = sqlx::query(include_str!("../sql/task_card.sql"))
            .bind(id.as_uuid())
            .bind(owner)
            .bind(locale.as_str())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(card).transpose()
    }
}

fn card(row: &PgRow) -> Result<TaskCard, StorageError> {
    let key: Option<Vec<u8>> = row.try_get("address_key")?;
    let reason = optional_word(row, "list_reason")?;
    let since: Option<DateTime<Utc>> = row.try_get("list_since")?;
    Ok(TaskCard {
        task: task(row)?,
        state: row.try_get("state")?,
        outcome: optional_word(row, "outcome")?,
        note: row.try_get("note")?,
        closed_by: row.try_get("closed_by")?,
        closed_at: row.try_get("closed_at")?,
        closed_reason: row.try_get("closed_reason")?,
        plan_key: row.try_get("plan_key")?,
        plan_name: row.try_get("plan_name")?,
        lane: word(row, "lane")?,
        person: person(row)?,
        address_key: key.and_then(|key| AddressKey::from_bytes(&key)),
        address: row.try_get("address")?,
        address_problem: row.try_get("address_problem")?,
        blocked: reason.zip(since).map(|(reason, since)| Blocked { reason, since }),
    })
}

fn person(row: &PgRow) -> Result<Option<TaskPerson>, StorageError> {
    let Some(locale) = optional_word(row, "locale")? else { return Ok(None) };
    Ok(Some(TaskPerson {
        locale,
        level: word(row, "level")?,
        group: word(row, "contact_group")?,
        time_zone: row.try_get("time_zone")?,
        region: row.try_get("region")?,
        country: row.try_get("country")?,
        preferred_hours: row.try_get("preferred_hours")?,
        notes: row.try_get("notes")?,
        is_sample: row.try_get("is_sample")?,
    }))
}
