//! Secret addresses from which calendar programs read a user's tasks; known by the SHA-256 of their
//! token.

use chrono::{DateTime, Utc};
use domain::UserId;
use sqlx::Row;

use super::{COLUMNS, TokenHash, User};
use crate::{Database, StorageError};

/// A user's feed, as the user sees it.
#[derive(Debug, Clone, Copy)]
pub struct Feed {
    /// Since when its address works.
    pub created_at: DateTime<Utc>,
    /// When a program last read it.
    pub read_at: Option<DateTime<Utc>>,
}

impl Database {
    /// The feed of a user, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn feed_of(&self, user: UserId) -> Result<Option<Feed>, StorageError> {
        let row = sqlx::query("SELECT created_at, read_at FROM calendar_feeds WHERE user_id = $1")
            .bind(user.as_uuid())
            .fetch_optional(self.pool())
            .await?;
        let read = |row: sqlx::postgres::PgRow| {
            Ok(Feed { created_at: row.try_get("created_at")?, read_at: row.try_get("read_at")? })
        };
        row.map(read).transpose()
    }

    /// Gives a user a feed, and notes it; the address there was before ends.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn make_feed(
        &self,
        user: UserId,
        token: &TokenHash,
        actor: &str,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH made AS (
                 INSERT INTO calendar_feeds (user_id, token_hash) VALUES ($1, $2)
                 ON CONFLICT (user_id) DO UPDATE
                    SET token_hash = $2, created_at = clock_timestamp(), read_at = NULL,
                        digest = NULL
             )
             INSERT INTO access_events (id, action, actor, user_id)
             VALUES (uuid_v7(), 'feed_made', $3, $1)",
        )
        .bind(user.as_uuid())
        .bind(token.as_slice())
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Ends the feed of a user, and notes it. Returns whether there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdraw_feed(&self, user: UserId, actor: &str) -> Result<bool, StorageError> {
        let withdrawn = sqlx::query(
            "WITH gone AS (DELETE FROM calendar_feeds WHERE user_id = $1 RETURNING user_id)
             INSERT INTO access_events (id, action, actor, user_id)
             SELECT uuid_v7(), 'feed_withdrawn', $2, g.user_id FROM gone g",
        )
        .bind(user.as_uuid())
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(withdrawn.rows_affected() > 0)
    }

    /// Whose feed a token opens, unless the user is disabled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user_of_feed(&self, token: &TokenHash) -> Result<Option<User>, StorageError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM calendar_feeds f JOIN users u ON u.id = f.user_id
              WHERE f.token_hash = $1 AND u.disabled_at IS NULL"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(token.as_slice())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Notes what is handed out, by its digest. Returns since when it reads so: a second after it read
    /// otherwise at the least, because HTTP dates tell no parts of seconds. Nothing when the feed was
    /// withdrawn meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_feed(
        &self,
        token: &TokenHash,
        digest: &[u8; 32],
    ) -> Result<Option<DateTime<Utc>>, StorageError> {
        let changed = sqlx::query_scalar(
            "UPDATE calendar_feeds
                SET read_at = clock_timestamp(), digest = $2,
                    changed_at = CASE WHEN digest = $2 THEN changed_at
                        ELSE greatest(clock_timestamp(), changed_at + interval '1 second') END
              WHERE token_hash = $1 RETURNING changed_at",
        )
        .bind(token.as_slice())
        .bind(digest.as_slice())
        .fetch_optional(self.pool())
        .await?;
        Ok(changed)
    }
}
