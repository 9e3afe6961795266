//! Entries as officers look at them: with who made them and on what, whose they are as far as a
//! contact has the address, and whether somebody wants to lift them.

use chrono::{DateTime, Utc};
use domain::{AddressKey, ContactId, EventId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::Target;
use super::list::{Entry, entry};
use crate::outcomes::column;
use crate::words::address_key;
use crate::{Database, StorageError};

/// An entry in force with its story.
#[derive(Debug, Clone)]
pub struct ToldEntry {
    /// The entry.
    pub entry: Entry,
    /// The person or process that made it.
    pub actor: String,
    /// What proves it.
    pub evidence: Option<String>,
    /// A contact with the address, or whose person it is: id and name.
    pub contact: Option<(ContactId, String)>,
    /// The newest wish to lift it that waits for a second person.
    pub lift: Option<LiftWish>,
}

/// A wish to lift an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftWish {
    /// When it was said; machine time.
    pub at: DateTime<Utc>,
    /// Who wishes it.
    pub actor: String,
    /// Why, in words.
    pub reason: String,
    /// What allows it.
    pub evidence: String,
}

impl LiftWish {
    /// Whether it is this person's own; names count as the database compares them.
    #[must_use]
    pub fn is_of(&self, actor: &str) -> bool {
        self.actor.trim().to_lowercase() == actor.trim().to_lowercase()
    }
}

impl Entry {
    /// Exactly what it covers, for whoever lifts it.
    #[must_use]
    pub const fn target(&self) -> Target {
        let key = self.key;
        match (self.channel, self.topic) {
            (Some(channel), Some(topic)) => Target::Topic { key, channel, topic },
            (Some(channel), None) => Target::Address { key, channel, domain: None },
            (None, _) if matches!(self.scope, domain::suppression::Scope::Domain) => {
                Target::Domain(key)
            }
            (None, _) => Target::Person(key),
        }
    }
}

/// The columns of a [`ToldEntry`], and where they come from.
macro_rules! select_told {
    ($rest:literal) => {
        concat!(include_str!("../sql/told_entries.sql"), $rest)
    };
}

impl Database {
    /// These entries, as far as they are in force, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn told_entries(&self, events: &[EventId]) -> Result<Vec<ToldEntry>, StorageError> {
        let rows =
            sqlx::query(select_told!("WHERE s.event_id = ANY ($1) ORDER BY s.event_id DESC"))
                .bind(column(events, |event| event.as_uuid()))
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(told).collect()
    }

    /// A page of the entries in force, the newest first: those made before `before`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn told_page(
        &self,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<ToldEntry>, StorageError> {
        // Ids are by age; the highest there is stands for "all of them", so that one plan serves.
        let before = before.map_or(Uuid::max(), EventId::as_uuid);
        let rows =
            sqlx::query(select_told!("WHERE s.event_id < $1 ORDER BY s.event_id DESC LIMIT $2"))
                .bind(before)
                .bind(i64::from(limit))
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(told).collect()
    }

    /// The entries that somebody wishes to lift and that wait for a second person, the oldest
    /// entries first; `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting_lifts(&self, limit: u32) -> Result<Vec<ToldEntry>, StorageError> {
        let rows = sqlx::query(select_told!(
            "WHERE s.event_id IN (SELECT w.of_event FROM suppression_events w
                                   WHERE w.action = 'lift_request')
             ORDER BY s.event_id LIMIT $1"
        ))
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(told).collect()
    }

    /// The key that an entry was made for, whether it is in force or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn listed_key(&self, event: EventId) -> Result<Option<AddressKey>, StorageError> {
        let row = sqlx::query(
            "SELECT address_key FROM suppression_events WHERE id = $1 AND action = 'suppress'",
        )
        .bind(event.as_uuid())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(|row| address_key(row, "address_key")).transpose()
    }
}

fn told(row: &PgRow) -> Result<ToldEntry, StorageError> {
    let contact: Option<Uuid> = row.try_get("contact_id")?;
    let name: Option<String> = row.try_get("full_name")?;
    let asked_at: Option<DateTime<Utc>> = row.try_get("asked_at")?;
    let text = |name: &str| -> Result<String, StorageError> {
        Ok(row.try_get::<Option<String>, _>(name)?.unwrap_or_default())
    };
    let lift = match asked_at {
        None => None,
        Some(at) => Some(LiftWish {
            at,
            actor: text("asked_by")?,
            reason: text("asked_why")?,
            evidence: text("asked_on")?,
        }),
    };
    Ok(ToldEntry {
        entry: entry(row)?,
        actor: text("actor")?,
        evidence: row.try_get("evidence")?,
        contact: contact.map(|id| (id.into(), name.unwrap_or_default())),
        lift,
    })
}
