//! What happened with a contact: touches, tasks, notes, answers, entries of the list, the newest first.

use chrono::{DateTime, Utc};
use domain::{AddressKey, Channel, ContactChannel, ContactId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::outcomes::column;
use crate::words::{end_of_time, word};
use crate::{Database, StorageError};

domain::words! {
    /// What a happening is of.
    HappeningKind, "kind of happening", {
        /// A touch: `what` is its state.
        Touch = "touch",
        /// A task: `what` is what was done with it, `detail` the outcome or the new day.
        Task = "task",
        /// An unclear answer: `what` is what was decided, `reason` what was written.
        Answer = "answer",
        /// What somebody noted: `what` is the kind of interaction.
        Noted = "noted",
        /// The list: `what` is the action, `detail` the scope.
        List = "list",
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Happening {
    /// When.
    pub at: DateTime<Utc>,
    /// Of the touch, or of the row that says so.
    pub id: Uuid,
    /// What it is of.
    pub kind: HappeningKind,
    /// What happened, as it is stored.
    pub what: String,
    /// The step's channel.
    pub channel: Option<Channel>,
    /// The list's channel.
    pub list_channel: Option<ContactChannel>,
    /// Why, as it is stored.
    pub reason: Option<String>,
    /// What somebody wrote down.
    pub note: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// The plan's key.
    pub plan_key: Option<String>,
    /// See the kinds.
    pub detail: Option<String>,
}

/// Which part of a contact's timeline.
#[derive(Debug, Clone)]
pub struct TimelinePage<'a> {
    /// Whose.
    pub contact: ContactId,
    /// The keys of the contact's addresses, their domains and the person.
    pub keys: &'a [AddressKey],
    /// Only what reached the person or came from the person.
    pub only_contact: bool,
    /// The place where the page before ended.
    pub before: Option<(DateTime<Utc>, Uuid)>,
    /// So many at most.
    pub limit: u32,
}

impl Database {
    /// What happened with a contact, the newest first; planned touches stand at their due time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn timeline(&self, page: &TimelinePage<'_>) -> Result<Vec<Happening>, StorageError> {
        let (before, id) = page.before.unwrap_or((DateTime::<Utc>::MAX_UTC, Uuid::max()));
        let before = before.min(end_of_time());
        let rows = sqlx::query(include_str!("../sql/timeline.sql"))
            .bind(page.contact.as_uuid())
            .bind(column(page.keys, |key| key.as_bytes().as_slice()))
            .bind(i64::from(page.limit))
            .bind(before)
            .bind(id)
            .bind(page.only_contact)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(happening).collect()
    }
}

fn happening(row: &PgRow) -> Result<Happening, StorageError> {
    let kind: HappeningKind = word(row, "kind")?;
    let channel: Option<String> = row.try_get("channel")?;
    let unreadable = |why: &dyn std::fmt::Display| StorageError::unreadable("channel", why);
    let (mut own, mut list_channel) = (None, None);
    match (kind, channel) {
        (HappeningKind::List, Some(text)) => {
            list_channel = Some(text.parse().map_err(|why| unreadable(&why))?);
        }
        (_, Some(text)) => own = Some(text.parse().map_err(|why| unreadable(&why))?),
        (_, None) => {}
    }
    Ok(Happening {
        at: row.try_get("at")?,
        id: row.try_get("id")?,
        kind,
        what: row.try_get("what")?,
        channel: own,
        list_channel,
        reason: row.try_get("reason")?,
        note: row.try_get("note")?,
        actor: row.try_get("actor")?,
        plan_key: row.try_get("plan_key")?,
        detail: row.try_get("detail")?,
    })
}
