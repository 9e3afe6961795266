//! Reading the list out: each time leaves an event (compliance.md SUP-27).

use domain::EventId;
use domain::suppression::ListReading;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::list::{Entry, entry};
use crate::words::word;
use crate::{Database, StorageError};

/// Who reads the list out, and why.
#[derive(Debug, Clone)]
pub struct NewReading {
    /// How.
    pub kind: ListReading,
    /// Who; not empty.
    pub actor: String,
    /// Why, or for whom; not empty.
    pub note: String,
    /// How many entries or rows it was about.
    pub entries: u64,
}

/// An entry in force as it is exported.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The entry.
    pub entry: Entry,
    /// In clear, as far as a contact has the address, and only where asked for.
    pub address: Option<String>,
}

impl Database {
    /// Notes that the list is being read out. Call it before the first row leaves.
    ///
    /// # Errors
    /// When the database does not answer, or actor or note are blank; nothing may be handed out.
    pub async fn note_reading(&self, reading: &NewReading) -> Result<EventId, StorageError> {
        let id = EventId::new();
        sqlx::query(
            "INSERT INTO list_readings (id, kind, actor, note, entries)
             VALUES ($1, $2::text::list_reading, $3, $4, $5)",
        )
        .bind(id.as_uuid())
        .bind(reading.kind.as_str())
        .bind(&reading.actor)
        .bind(&reading.note)
        .bind(i64::try_from(reading.entries).unwrap_or(i64::MAX))
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// Who read the list out last, `limit` times at most, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_readings(&self, limit: u32) -> Result<Vec<NewReading>, StorageError> {
        let rows = sqlx::query(
            "SELECT kind::text AS kind, actor, note, entries FROM list_readings
              ORDER BY at DESC, id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(NewReading {
                    kind: word(row, "kind")?,
                    actor: row.try_get("actor")?,
                    note: row.try_get("note")?,
                    entries: u64::try_from(row.try_get::<i64, _>("entries")?).unwrap_or(0),
                })
            })
            .collect()
    }

    /// How many entries are in force.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_entries(&self) -> Result<u64, StorageError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM suppressions").fetch_one(self.pool()).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// A page of the entries in force, in order of their identity, after `after`; with `clear`, the
    /// addresses that contacts have.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn export_entries(
        &self,
        after: Option<EventId>,
        limit: u32,
        clear: bool,
    ) -> Result<Vec<Exported>, StorageError> {
        let rows = sqlx::query(
            "SELECT s.event_id, s.scope::text AS scope, s.address_key, s.channel::text AS channel,
                    s.topic, s.reason::text AS reason, s.origin::text AS origin, s.since,
                    s.expires_at,
                    CASE WHEN $3 THEN (SELECT a.value FROM addresses a
                                        WHERE a.address_key = s.address_key
                                        ORDER BY a.id LIMIT 1) END AS address
               FROM suppressions s
              WHERE $1::uuid IS NULL OR s.event_id > $1
              ORDER BY s.event_id LIMIT $2",
        )
        .bind(after.map(EventId::as_uuid))
        .bind(i64::from(limit))
        .bind(clear)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(exported).collect()
    }
}

fn exported(row: &PgRow) -> Result<Exported, StorageError> {
    Ok(Exported { entry: entry(row)?, address: row.try_get("address")? })
}
