//! Pauses: opened by circuit breakers and people, read by the gate, lifted by people.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::PauseId;
use domain::pause::{Pause, PauseScope};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::fleet::state::COUNTED_AT_MOST;
use crate::words::word;
use crate::{Database, StorageError};

/// What waits for a pause is due again within this time.
const LOOKS_AGAIN_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// A pause to be opened.
#[derive(Debug, Clone)]
pub struct NewPause {
    /// What it covers.
    pub scope: PauseScope,
    /// Which one; empty for everything.
    pub key: String,
    /// Business time.
    pub since: DateTime<Utc>,
    /// Why, without personal data.
    pub reason: String,
    /// The figures it was opened for.
    pub evidence: serde_json::Value,
}

/// An open pause with its story.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OpenPause {
    /// What it covers, and why.
    pub pause: Pause,
    /// Business time.
    pub since: DateTime<Utc>,
    /// The person who opened it; nobody for a circuit breaker.
    pub opened_by: Option<String>,
    /// The figures it was opened for.
    pub evidence: serde_json::Value,
}

/// Who lifted a pause.
#[derive(Debug, Clone)]
pub struct Lift {
    /// Business time.
    pub at: DateTime<Utc>,
    /// The person.
    pub by: String,
    /// Why.
    pub note: String,
}

/// A pause with its whole story.
#[derive(Debug, Clone)]
pub struct PauseRecord {
    /// What it covers, and why.
    pub pause: Pause,
    /// Business time.
    pub since: DateTime<Utc>,
    /// The person who opened it; nobody for a circuit breaker.
    pub opened_by: Option<String>,
    /// The figures it was opened for.
    pub evidence: serde_json::Value,
    /// Its end, if it has one.
    pub lift: Option<Lift>,
}

impl Database {
    /// Pauses, the newest first, `limit` at most; those in force alone where `open` says so.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pauses(&self, open: bool, limit: u32) -> Result<Vec<PauseRecord>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, scope::text AS scope, key, since, reason, opened_by, evidence,
                    lifted_at, lifted_by, lift_note
               FROM pauses WHERE lifted_at IS NULL OR NOT $1 ORDER BY since DESC, id DESC LIMIT $2",
        )
        .bind(open)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(pause_record).collect()
    }

    /// One pause, lifted or not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn pause_record(&self, pause: PauseId) -> Result<Option<PauseRecord>, StorageError> {
        let row = sqlx::query(
            "SELECT id, scope::text AS scope, key, since, reason, opened_by, evidence,
                    lifted_at, lifted_by, lift_note FROM pauses WHERE id = $1",
        )
        .bind(pause.as_uuid())
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(pause_record).transpose()
    }

    /// Opens a pause in a circuit breaker's name, and returns its identity; nothing when one with the
    /// same scope and key is open already. Touches claimed from now on wait, and look again within ten
    /// minutes after it was lifted.
    ///
    /// # Errors
    /// When the key does not fit the scope, or the database does not answer.
    pub async fn pause(&self, new: &NewPause) -> Result<Option<PauseId>, StorageError> {
        self.open_pause(new, None).await
    }

    /// Opens a pause in a person's name; otherwise as [`Database::pause`]. The audit log shows who.
    ///
    /// # Errors
    /// When the name is empty, the key does not fit the scope, or the database does not answer.
    pub async fn pause_by(
        &self,
        new: &NewPause,
        actor: &str,
    ) -> Result<Option<PauseId>, StorageError> {
        self.open_pause(new, Some(actor)).await
    }

    async fn open_pause(
        &self,
        new: &NewPause,
        opened_by: Option<&str>,
    ) -> Result<Option<PauseId>, StorageError> {
        let opened: Option<uuid::Uuid> = sqlx::query_scalar(
            "INSERT INTO pauses (id, scope, key, since, reason, evidence, opened_by)
             VALUES ($1, $2::text::pause_scope, $3, $4, $5, $6, $7)
             ON CONFLICT (scope, key) WHERE lifted_at IS NULL DO NOTHING RETURNING id",
        )
        .bind(PauseId::new().as_uuid())
        .bind(new.scope.as_str())
        .bind(&new.key)
        .bind(new.since)
        .bind(&new.reason)
        .bind(&new.evidence)
        .bind(opened_by)
        .fetch_optional(self.pool())
        .await?;
        Ok(opened.map(PauseId::from))
    }

    /// The pauses in force, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_pauses(&self) -> Result<Vec<OpenPause>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, scope::text AS scope, key, since, reason, opened_by, evidence FROM pauses
              WHERE lifted_at IS NULL ORDER BY since, id",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(open_pause).collect()
    }

    /// How many touches wait for pauses, by the reason that is noted of them; at most
    /// [`COUNTED_AT_MOST`] of all together are counted. `now` is business time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting_for_pauses(
        &self,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<String, i64>, StorageError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT reason, count(*) FROM (
                SELECT t.reason FROM due_touches d
                  JOIN touches t ON t.id = d.touch_id AND t.due_month = d.due_month
                 WHERE d.due_at <= $1 AND t.state = 'scheduled' AND t.reason LIKE 'paused: %'
                 LIMIT $2) w GROUP BY reason",
        )
        .bind(now + LOOKS_AGAIN_WITHIN)
        .bind(COUNTED_AT_MOST)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// Lifts a pause in a person's name, and returns whether it was open. What waits for it leaves
    /// within ten minutes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lift_pause(
        &self,
        pause: PauseId,
        actor: &str,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let lifted = sqlx::query(
            "UPDATE pauses SET lifted_at = $2, lifted_by = $3, lift_note = $4
              WHERE id = $1 AND lifted_at IS NULL",
        )
        .bind(pause.as_uuid())
        .bind(now)
        .bind(actor)
        .bind(note)
        .execute(self.pool())
        .await?;
        Ok(lifted.rows_affected() > 0)
    }
}

fn open_pause(row: &PgRow) -> Result<OpenPause, StorageError> {
    Ok(OpenPause {
        pause: Pause {
            id: row.try_get::<uuid::Uuid, _>("id")?.into(),
            scope: word(row, "scope")?,
            key: row.try_get("key")?,
            reason: row.try_get("reason")?,
        },
        since: row.try_get("since")?,
        opened_by: row.try_get("opened_by")?,
        evidence: row.try_get("evidence")?,
    })
}

fn pause_record(row: &PgRow) -> Result<PauseRecord, StorageError> {
    let OpenPause { pause, since, opened_by, evidence } = open_pause(row)?;
    let lift =
        match (row.try_get("lifted_at")?, row.try_get("lifted_by")?, row.try_get("lift_note")?) {
            (Some(at), Some(by), Some(note)) => Some(Lift { at, by, note }),
            _ => None,
        };
    Ok(PauseRecord { pause, since, opened_by, evidence, lift })
}
