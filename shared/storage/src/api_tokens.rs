//! Tokens of the API: known by their SHA-256, bound to the user who made them.
//!
//! Times are the database's clock, as with sessions.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Permission;
use domain::{ApiTokenId, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::users::{COLUMNS, TokenHash, User};
use crate::{Database, StorageError};

/// A token that is to be made.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// Whose rights it has a part of.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// Its SHA-256.
    pub hash: TokenHash,
    /// How it begins.
    pub prefix: String,
    /// What it may do, as far as its user may.
    pub scopes: Vec<Permission>,
    /// For how long.
    pub lifetime: Duration,
    /// Who makes it.
    pub actor: String,
}

/// A token as people see it.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// Its identity.
    pub id: ApiTokenId,
    /// The email address of its user.
    pub user_email: String,
    /// What its user may do now.
    pub user_roles: Vec<domain::access::UserRole>,
    /// Whether its user may not come in any more.
    pub user_disabled: bool,
    /// What it is for.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it may do, as far as its user may.
    pub scopes: Vec<Permission>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Whether that is over.
    pub expired: bool,
    /// When and by whom it was revoked.
    pub removed: Option<(DateTime<Utc>, String)>,
    /// The last day of use, in UTC.
    pub last_used_on: Option<NaiveDate>,
}

/// A token in force, with its user.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Which token.
    pub token: ApiTokenId,
    /// Whose.
    pub user: User,
    /// What it may do, as far as its user may.
    pub scopes: Vec<Permission>,
}

/// The scopes of a row. A word that is no permission any more allows nothing.
fn scopes(row: &PgRow) -> Result<Vec<Permission>, StorageError> {
    let words: Vec<String> = row.try_get("scopes")?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).collect())
}

impl Database {
    /// Makes a token, and notes who did it.
    ///
    /// # Errors
    /// When the database does not answer, or the lifetime is more than a year.
    pub async fn add_api_token(&self, new: &NewApiToken) -> Result<ApiTokenId, StorageError> {
        let id = ApiTokenId::new();
        let words: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        sqlx::query(
            "WITH noted AS (INSERT INTO access_events (id, action, actor, user_id)
                            VALUES (uuid_v7(), 'token_made', $7, $2))
             INSERT INTO api_tokens (id, user_id, name, token_hash, prefix, scopes, expires_at, actor)
             VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $8, $7)",
        )
        .bind(id.as_uuid())
        .bind(new.user.as_uuid())
        .bind(&new.name)
        .bind(new.hash.as_slice())
        .bind(&new.prefix)
        .bind(words)
        .bind(&new.actor)
        .bind(new.lifetime)
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// Who comes with a token that is in force, and notes the day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bearer(&self, hash: &TokenHash) -> Result<Option<Bearer>, StorageError> {
        let statement = format!(
            "WITH own AS MATERIALIZED (
                 SELECT t.id AS token_id, t.user_id, t.scopes FROM api_tokens t
                  WHERE t.token_hash = $1 AND t.removed_at IS NULL
                    AND t.expires_at > clock_timestamp()
             ),
             used AS (
                 INSERT INTO api_token_uses AS l (token_id, last_used_on)
                 SELECT o.token_id, (now() AT TIME ZONE 'UTC')::date FROM own o
                  WHERE NOT EXISTS (SELECT FROM api_token_uses p WHERE p.token_id = o.token_id
                                       AND p.last_used_on >= (now() AT TIME ZONE 'UTC')::date)
                 ON CONFLICT (token_id) DO UPDATE SET last_used_on = excluded.last_used_on
             )
             SELECT o.token_id, o.scopes, {COLUMNS}
               FROM own o JOIN users u ON u.id = o.user_id WHERE u.disabled_at IS NULL"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(hash.as_slice())
            .fetch_optional(self.pool())
            .await?;
        let read = |row: &PgRow| {
            let token = row.try_get::<Uuid, _>("token_id")?.into();
            Ok(Bearer { token, user: User::read(row)?, scopes: scopes(row)? })
        };
        row.as_ref().map(read).transpose()
    }

    /// Tokens, the newest first; `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn api_tokens(&self, limit: u32) -> Result<Vec<ApiToken>, StorageError> {
        let rows = sqlx::query(
            "SELECT t.id, u.email, u.roles::text[] AS roles, u.disabled_at IS NOT NULL AS disabled,
                    t.name, t.prefix, t.scopes, t.created_at, t.expires_at,
                    t.expires_at <= clock_timestamp() AS expired, t.removed_at, t.removed_by,
                    l.last_used_on
               FROM api_tokens t
               JOIN users u ON u.id = t.user_id
               LEFT JOIN api_token_uses l ON l.token_id = t.id
              ORDER BY t.id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(api_token).collect()
    }

    /// Ends a token, and notes who did it. False when there is none in force of this id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn revoke_api_token(
        &self,
        token: ApiTokenId,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let ended = sqlx::query(
            "WITH ended AS (
                 UPDATE api_tokens SET removed_at = clock_timestamp(), removed_by = $2
                  WHERE id = $1 AND removed_at IS NULL RETURNING user_id
             )
             INSERT INTO access_events (id, action, actor, user_id)
             SELECT uuid_v7(), 'token_revoked', $2, e.user_id FROM ended e",
        )
        .bind(token.as_uuid())
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(ended.rows_affected() > 0)
    }
}

fn api_token(row: &PgRow) -> Result<ApiToken, StorageError> {
    let roles: Vec<String> = row.try_get("roles")?;
    let removed_at: Option<DateTime<Utc>> = row.try_get("removed_at")?;
    Ok(ApiToken {
        id: row.try_get::<Uuid, _>("id")?.into(),
        user_email: row.try_get("email")?,
        user_roles: roles.iter().filter_map(|role| role.parse().ok()).collect(),
        user_disabled: row.try_get("disabled")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        scopes: scopes(row)?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        expired: row.try_get("expired")?,
        removed: removed_at.zip(row.try_get("removed_by")?),
        last_used_on: row.try_get("last_used_on")?,
    })
}
