//! The links of the chain, for people.

use chrono::{DateTime, Utc};
use domain::audit::Operation;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::words::word;
use crate::{Database, StorageError};

/// A link of the chain.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// Machine time of the change.
    pub recorded_at: DateTime<Utc>,
    /// The table whose rows it speaks of.
    pub source: String,
    /// What was done to them.
    pub operation: Operation,
    /// How many rows.
    pub rows: u64,
    /// The id of the row, where it is one.
    pub row: Option<uuid::Uuid>,
    /// What the row says of itself: `suppress`, `lift`, `export` …
    pub action: Option<String>,
    /// The person or process that did it.
    pub actor: Option<String>,
    /// Who was logged in to the database.
    pub login: String,
    /// Under which role.
    pub role: String,
    /// The keyed hash of an address or person, or a contact's id.
    pub subject: Option<String>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// When it happened, where that is not when it was recorded.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The version of the program.
    pub version: Option<String>,
}

/// Which links to list.
#[derive(Debug, Clone, Default)]
pub struct LinkFilter {
    /// Recorded then or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before.
    pub until: Option<DateTime<Utc>>,
    /// Of any of these subjects: keys in hexadecimal, ids of contacts. Empty means of all.
    pub subjects: Vec<String>,
    /// Before the one with this number.
    pub before: Option<u64>,
}

impl Database {
    /// The links, the newest first, `limit` at most. A whole imported list is one link, which speaks
    /// of each of its addresses.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn audit_links(
        &self,
        filter: &LinkFilter,
        limit: u32,
    ) -> Result<Vec<Link>, StorageError> {
        let rows = sqlx::query(include_str!("../sql/audit_links.sql"))
            .bind(filter.since)
            .bind(filter.until)
            .bind(&filter.subjects)
            .bind(i64::from(limit))
            .bind(filter.before.and_then(|seq| i64::try_from(seq).ok()))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(link).collect()
    }
}

fn link(row: &PgRow) -> Result<Link, StorageError> {
    Ok(Link {
        seq: row.try_get::<i64, _>("seq")?.unsigned_abs(),
        recorded_at: row.try_get("recorded_at")?,
        source: row.try_get("source")?,
        operation: word(row, "operation")?,
        rows: row.try_get::<i64, _>("row_count")?.unsigned_abs(),
        row: row.try_get("row_id")?,
        action: row.try_get("action")?,
        actor: row.try_get("actor")?,
        login: row.try_get("login")?,
        role: row.try_get("role")?,
        subject: row.try_get("subject")?,
        reason: row.try_get("reason")?,
        occurred_at: row.try_get("occurred_at")?,
        version: row.try_get("version")?,
    })
}
