//! Sessions: known by the SHA-256 of their token, ended by being deleted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{SessionId, UserId};
use sqlx::Row;
use uuid::Uuid;

use super::{COLUMNS, User};
use crate::{Database, StorageError};

/// The SHA-256 of a token. The token itself is with the browser alone.
pub type TokenHash = [u8; 32];

/// A session in force, with its user.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its identity.
    pub id: SessionId,
    /// Who signed in.
    pub user: User,
}

/// A session as its user sees it.
#[derive(Debug, Clone)]
pub struct UserSession {
    /// Its identity.
    pub id: SessionId,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// The last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// What the browser called itself.
    pub device: String,
}

impl Database {
    /// The session of a token that was used within `idle`, and notes that it is used, once a minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn session(
        &self,
        token: &TokenHash,
        idle: Duration,
    ) -> Result<Option<Session>, StorageError> {
        let statement = format!(
            "WITH own AS MATERIALIZED (
                 SELECT s.id AS session_id, s.user_id, s.seen_at FROM sessions s
                  WHERE s.token_hash = $1 AND s.expires_at > clock_timestamp()
                    AND s.seen_at > clock_timestamp() - $2
             ),
             seen AS (
                 UPDATE sessions s SET seen_at = clock_timestamp() FROM own o
                  WHERE s.id = o.session_id AND o.seen_at < clock_timestamp() - interval '1 minute'
             )
             SELECT o.session_id, {COLUMNS}
               FROM own o JOIN users u ON u.id = o.user_id WHERE u.disabled_at IS NULL"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(token.as_slice())
            .bind(idle)
            .fetch_optional(self.pool())
            .await?;
        let read = |row| {
            let id = Row::try_get::<Uuid, _>(row, "session_id")?.into();
            Ok(Session { id, user: User::read(row)? })
        };
        row.as_ref().map(read).transpose()
    }

    /// Opens a session that lasts `lifetime` at most, and notes it; the user's others stay.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_session(
        &self,
        user: UserId,
        token: &TokenHash,
        device: &str,
        lifetime: Duration,
    ) -> Result<SessionId, StorageError> {
        let id = SessionId::new();
        sqlx::query(
            "WITH opened AS (
                 INSERT INTO sessions (id, token_hash, user_id, expires_at, device)
                 VALUES ($1, $2, $3, clock_timestamp() + $4, $5)
             ),
             over AS (DELETE FROM sessions WHERE expires_at < clock_timestamp())
             INSERT INTO access_events (id, action, actor, user_id, device)
             SELECT uuid_v7(), 'signed_in', u.email, u.id, $5 FROM users u WHERE u.id = $3",
        )
        .bind(id.as_uuid())
        .bind(token.as_slice())
        .bind(user.as_uuid())
        .bind(lifetime)
        .bind(device)
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// The sessions of a user, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<UserSession>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, created_at, seen_at, device FROM sessions
              WHERE user_id = $1 AND expires_at > clock_timestamp() ORDER BY created_at DESC, id",
        )
        .bind(user.as_uuid())
        .fetch_all(self.pool())
        .await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(UserSession {
                id: row.try_get::<Uuid, _>("id")?.into(),
                created_at: row.try_get("created_at")?,
                seen_at: row.try_get("seen_at")?,
                device: row.try_get("device")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Ends one session of a user, or with `None` all of them but `except`. Returns how many ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_sessions(
        &self,
        user: UserId,
        only: Option<SessionId>,
        except: Option<SessionId>,
    ) -> Result<u64, StorageError> {
        let ended = sqlx::query_scalar::<_, i64>(
            "WITH ended AS (
                 DELETE FROM sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2)
                    AND id IS DISTINCT FROM $3 RETURNING user_id
             ),
             noted AS (
                 INSERT INTO access_events (id, action, actor, user_id)
                 SELECT uuid_v7(), 'signed_out', u.email, u.id
                   FROM users u WHERE u.id IN (SELECT e.user_id FROM ended e)
             )
             SELECT count(*) FROM ended",
        )
        .bind(user.as_uuid())
        .bind(only.map(SessionId::as_uuid))
        .bind(except.map(SessionId::as_uuid))
        .fetch_one(self.pool())
        .await?;
        Ok(u64::try_from(ended).unwrap_or(0))
    }
}
