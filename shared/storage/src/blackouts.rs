//! Days on which the team reaches nobody.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{BlackoutId, ContactChannel};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::facts::Blackout;
use crate::words::optional_word;
use crate::{Database, StorageError};

/// Days without messages, to be made.
#[derive(Debug, Clone)]
pub struct NewBlackout {
    /// The first local day of the recipient.
    pub first_day: NaiveDate,
    /// The last one.
    pub last_day: NaiveDate,
    /// The channel it is for; nothing means all.
    pub channel: Option<ContactChannel>,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub actor: String,
}

/// Days without messages, as they are kept.
#[derive(Debug, Clone)]
pub struct KnownBlackout {
    /// Which days, for whom and why.
    pub blackout: Blackout,
    /// Who made them.
    pub actor: String,
    /// When, machine time.
    pub created_at: DateTime<Utc>,
}

impl Database {
    /// Makes days without messages, and returns their identity. Touches claimed from now on wait.
    ///
    /// # Errors
    /// When the days are not in order or the reason is missing ([`StorageError::Constraint`]), or the
    /// database does not answer.
    pub async fn add_blackout(&self, new: &NewBlackout) -> Result<BlackoutId, StorageError> {
        let id = BlackoutId::new();
        sqlx::query(
            "INSERT INTO blackouts (id, first_day, last_day, channel, reason, actor)
             VALUES ($1, $2, $3, $4::text::contact_channel, $5, $6)",
        )
        .bind(id.as_uuid())
        .bind(new.first_day)
        .bind(new.last_day)
        .bind(new.channel.map(ContactChannel::as_str))
        .bind(&new.reason)
        .bind(&new.actor)
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// The days without messages that were not removed, the earliest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn blackouts(&self) -> Result<Vec<KnownBlackout>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, first_day, last_day, channel::text AS channel, reason, actor, created_at
               FROM blackouts WHERE removed_at IS NULL ORDER BY first_day, id",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(blackout).collect()
    }

    /// Removes days without messages in a person's name, and returns whether they were there. The
    /// row stays, with who removed it and why.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn remove_blackout(
        &self,
        blackout: BlackoutId,
        actor: &str,
        why: &str,
    ) -> Result<bool, StorageError> {
        let removed = sqlx::query(
            "UPDATE blackouts SET removed_at = clock_timestamp(), removed_by = $2, removed_why = $3
              WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(blackout.as_uuid())
        .bind(actor)
        .bind(why)
        .execute(self.pool())
        .await?;
        Ok(removed.rows_affected() > 0)
    }
}

fn blackout(row: &PgRow) -> Result<KnownBlackout, StorageError> {
    Ok(KnownBlackout {
        blackout: Blackout {
            id: row.try_get::<uuid::Uuid, _>("id")?.into(),
            first_day: row.try_get("first_day")?,
            last_day: row.try_get("last_day")?,
            channel: optional_word(row, "channel")?,
            reason: row.try_get("reason")?,
        },
        actor: row.try_get("actor")?,
        created_at: row.try_get("created_at")?,
    })
}
