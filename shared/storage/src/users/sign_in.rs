//! Signing in: passwords, second factors, links that open once, and how often somebody failed.

use std::time::Duration;

use domain::UserId;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{COLUMNS, TokenHash, User};
use crate::{Database, StorageError};

/// What somebody is known by.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Who.
    pub user: User,
    /// An argon2id string; none until a password was chosen.
    pub password_hash: Option<String>,
    /// The sealed secret of the second factor, if there is one.
    pub totp_sealed: Option<Vec<u8>>,
}

impl Credentials {
    fn read(row: &PgRow) -> Result<Self, StorageError> {
        Ok(Self {
            user: User::read(row)?,
            password_hash: row.try_get("password_hash")?,
            totp_sealed: row.try_get("totp_sealed")?,
        })
    }
}

fn credentials_where(condition: &str) -> String {
    format!(
        "SELECT {COLUMNS}, c.password_hash, c.totp_sealed
           FROM users u LEFT JOIN credentials c ON c.user_id = u.id
          WHERE {condition} AND u.disabled_at IS NULL"
    )
}

impl Database {
    /// What the user of an email address signs in with, unless disabled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn credentials(&self, email: &str) -> Result<Option<Credentials>, StorageError> {
        let statement = credentials_where("u.email = lower($1)");
        let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(email.trim().to_owned());
        let row = query.fetch_optional(self.pool()).await?;
        row.as_ref().map(Credentials::read).transpose()
    }

    /// The same of a user.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>, StorageError> {
        let statement = credentials_where("u.id = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(user.as_uuid());
        let row = query.fetch_optional(self.pool()).await?;
        row.as_ref().map(Credentials::read).transpose()
    }

    /// Gives a user a password, as an argon2id string, and ends all sessions but one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_password(
        &self,
        user: UserId,
        hash: &str,
        keep: Option<domain::SessionId>,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH given AS (INSERT INTO credentials (user_id, password_hash) VALUES ($1, $2)
                            ON CONFLICT (user_id) DO UPDATE SET password_hash = $2),
                  links AS (DELETE FROM sign_in_links WHERE user_id = $1)
             INSERT INTO access_events (id, action, actor, user_id)
             SELECT uuid_v7(), 'password_set', u.email, u.id FROM users u WHERE u.id = $1",
        )
        .bind(user.as_uuid())
        .bind(hash)
        .execute(self.pool())
        .await?;
        self.end_sessions(user, None, keep).await?;
        Ok(())
    }

    /// Gives a user a second factor, or takes it away, and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_second_factor(
        &self,
        user: UserId,
        sealed: Option<&[u8]>,
        actor: &str,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH given AS (INSERT INTO credentials (user_id, totp_sealed) VALUES ($1, $2)
                            ON CONFLICT (user_id) DO UPDATE SET totp_sealed = $2)
             INSERT INTO access_events (id, action, actor, user_id)
             VALUES (uuid_v7(), CASE WHEN $2::bytea IS NULL THEN 'second_factor_removed'
                                     ELSE 'second_factor_added' END, $3, $1)",
        )
        .bind(user.as_uuid())
        .bind(sealed)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Notes that a user's code of this time step was used; false when it was used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_code(&self, user: UserId, time_step: i64) -> Result<bool, StorageError> {
        let used = sqlx::query(
            "WITH old AS (DELETE FROM used_codes WHERE user_id = $1 AND time_step < $2 - 100)
             INSERT INTO used_codes (user_id, time_step) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(user.as_uuid())
        .bind(time_step)
        .execute(self.pool())
        .await?;
        Ok(used.rows_affected() > 0)
    }

    /// Makes a link that lets a user in once, and notes who did it; the user's earlier links end.
    /// `asks_password` is false in a demonstration alone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn make_sign_in_link(
        &self,
        user: UserId,
        token: &TokenHash,
        lifetime: Duration,
        asks_password: bool,
        actor: &str,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH earlier AS (DELETE FROM sign_in_links WHERE user_id = $1),
                  noted AS (INSERT INTO access_events (id, action, actor, user_id)
                            VALUES (uuid_v7(), 'link_made', $5, $1))
             INSERT INTO sign_in_links (token_hash, user_id, expires_at, asks_password)
             VALUES ($2, $1, clock_timestamp() + $3, $4)",
        )
        .bind(user.as_uuid())
        .bind(token.as_slice())
        .bind(lifetime)
        .bind(asks_password)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Who a link lets in, and whether they are to choose a password; the link stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sign_in_link(
        &self,
        token: &TokenHash,
    ) -> Result<Option<(User, bool)>, StorageError> {
        let statement = format!(
            "SELECT {COLUMNS}, l.asks_password
               FROM sign_in_links l JOIN users u ON u.id = l.user_id
              WHERE l.token_hash = $1 AND l.expires_at > clock_timestamp()
                AND u.disabled_at IS NULL"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(token.as_slice())
            .fetch_optional(self.pool())
            .await?;
        let read = |row| Ok((User::read(row)?, row.try_get("asks_password")?));
        row.as_ref().map(read).transpose()
    }

    /// Uses a link up; the user it lets in, or nobody when it was used already or is too old.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_sign_in_link(
        &self,
        token: &TokenHash,
    ) -> Result<Option<UserId>, StorageError> {
        let user: Option<Uuid> = sqlx::query_scalar(
            "DELETE FROM sign_in_links WHERE token_hash = $1 AND expires_at > clock_timestamp()
             RETURNING user_id",
        )
        .bind(token.as_slice())
        .fetch_optional(self.pool())
        .await?;
        Ok(user.map(UserId::from))
    }

    /// Gives the first administrator an email address of their own.
    ///
    /// # Errors
    /// When the database does not answer, or the address is another user's.
    pub async fn name_first_user(&self, user: UserId, email: &str) -> Result<(), StorageError> {
        sqlx::query("UPDATE users SET email = lower($2) WHERE id = $1")
            .bind(user.as_uuid())
            .bind(email)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Notes an attempt for a subject (the hash of what was typed) as failed before it is known whether
    /// it fails: attempts at the same time all count. Returns how many the subject has had within
    /// `window`, this one included.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_sign_in(
        &self,
        subject: &TokenHash,
        window: Duration,
    ) -> Result<i64, StorageError> {
        sqlx::query(
            "WITH old AS (DELETE FROM sign_in_failures WHERE at < clock_timestamp() - $2)
             INSERT INTO sign_in_failures (subject) VALUES ($1)",
        )
        .bind(subject.as_slice())
        .bind(window)
        .execute(self.pool())
        .await?;
        let failures = sqlx::query_scalar(
            "SELECT count(*) FROM sign_in_failures
              WHERE subject = $1 AND at > clock_timestamp() - $2",
        )
        .bind(subject.as_slice())
        .bind(window)
        .fetch_one(self.pool())
        .await?;
        Ok(failures)
    }

    /// Forgets the newest failure of a subject: the attempt was none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_failure(&self, subject: &TokenHash) -> Result<(), StorageError> {
        sqlx::query(
            "DELETE FROM sign_in_failures WHERE ctid =
                 (SELECT ctid FROM sign_in_failures WHERE subject = $1 ORDER BY at DESC LIMIT 1)",
        )
        .bind(subject.as_slice())
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Forgets the failures of a subject: it has signed in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn forget_failures(&self, subject: &TokenHash) -> Result<(), StorageError> {
        sqlx::query("DELETE FROM sign_in_failures WHERE subject = $1")
            .bind(subject.as_slice())
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
