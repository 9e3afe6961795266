//! Who signs in to the console: users, their sessions, the links that let them in.
//!
//! Times are the database's clock: a fast business clock never ends a session.

mod feeds;
mod identities;
mod sessions;
mod sign_in;

use chrono::{DateTime, Utc};
use domain::access::{self, Permission, UserRole};
use domain::{Locale, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

pub use feeds::Feed;
pub use identities::Identity;
pub use sessions::{Session, TokenHash, UserSession};
pub use sign_in::Credentials;

use crate::words::word;
use crate::{Database, StorageError};

/// The columns of [`User`].
pub(crate) const COLUMNS: &str = "u.id, u.email, u.full_name, u.roles::text[] AS roles, u.agent_id,
    u.locale::text AS locale, u.created_at, u.disabled_at";

/// Somebody of the team.
#[derive(Debug, Clone)]
pub struct User {
    /// Its identity.
    pub id: UserId,
    /// In lower case.
    pub email: String,
    /// The name, as people write it.
    pub full_name: String,
    /// At least one.
    pub roles: Vec<UserRole>,
    /// The agent this user is, if one.
    pub agent: Option<Uuid>,
    /// The language of the pages.
    pub locale: Locale,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Since when nobody signs in as this user any more.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl User {
    /// Whether the user may do it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        access::may(&self.roles, permission)
    }

    pub(crate) fn read(row: &PgRow) -> Result<Self, StorageError> {
        let roles: Vec<String> = row.try_get("roles")?;
        let roles: Result<Vec<UserRole>, _> = roles.iter().map(|role| role.parse()).collect();
        Ok(Self {
            id: row.try_get::<Uuid, _>("id")?.into(),
            email: row.try_get("email")?,
            full_name: row.try_get("full_name")?,
            roles: roles.map_err(|why| StorageError::unreadable("roles", why))?,
            agent: row.try_get("agent_id")?,
            locale: word(row, "locale")?,
            created_at: row.try_get("created_at")?,
            disabled_at: row.try_get("disabled_at")?,
        })
    }
}

/// Somebody who is to sign in.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// In any case; kept in lower case.
    pub email: String,
    /// The name, as people write it.
    pub full_name: String,
    /// At least one.
    pub roles: Vec<UserRole>,
    /// The email address of the agent this user is, if one; an agent of it has to exist.
    pub agent_email: Option<String>,
    /// The language of the pages.
    pub locale: Locale,
    /// Who adds the user.
    pub actor: String,
}

/// What may be changed of a user.
#[derive(Debug, Clone)]
pub struct UserChange {
    /// The name.
    pub full_name: String,
    /// At least one.
    pub roles: Vec<UserRole>,
    /// The language of the pages.
    pub locale: Locale,
    /// Whether the user may not sign in.
    pub disabled: bool,
}

/// Something that happened to how a user signs in.
#[derive(Debug, Clone)]
pub struct AccessEvent {
    /// When; the database's clock.
    pub at: DateTime<Utc>,
    /// `signed_in`, `signed_out`, `password_set`, `link_made`, `user_changed`, …
    pub action: String,
    /// Who did it: an email address, or the program.
    pub actor: String,
}

fn words_of(roles: &[UserRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

impl Database {
    /// How many users there are, disabled ones among them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_users(&self) -> Result<i64, StorageError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(self.pool()).await?)
    }

    /// All users, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn users(&self) -> Result<Vec<User>, StorageError> {
        let statement = format!("SELECT {COLUMNS} FROM users u ORDER BY u.full_name, u.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.pool()).await?;
        rows.iter().map(User::read).collect()
    }

    /// One user.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user(&self, user: UserId) -> Result<Option<User>, StorageError> {
        let statement = format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(user.as_uuid())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Adds a user without a password; nothing when the email address is another user's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn add_user(&self, new: &NewUser) -> Result<Option<UserId>, StorageError> {
        let added: Option<Uuid> = sqlx::query_scalar(
            "INSERT INTO users (id, email, full_name, roles, agent_id, locale, created_by)
             VALUES ($1, lower($2), $3, $4::text[]::user_role[],
                     (SELECT a.id FROM agents a WHERE lower(a.email) = lower($5)),
                     $6::text::locale, $7)
             ON CONFLICT ON CONSTRAINT users_email_unique DO NOTHING RETURNING id",
        )
        .bind(UserId::new().as_uuid())
        .bind(new.email.trim())
        .bind(&new.full_name)
        .bind(words_of(&new.roles))
        .bind(new.agent_email.as_deref())
        .bind(new.locale.as_str())
        .bind(&new.actor)
        .fetch_optional(self.pool())
        .await?;
        Ok(added.map(UserId::from))
    }

    /// Changes a user, ends the user's sessions where the roles change or the user is disabled, and
    /// notes who did it. The last administrator that can sign in stays one: then nothing is changed
    /// and the answer is false.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn change_user(
        &self,
        user: UserId,
        change: &UserChange,
        actor: &str,
    ) -> Result<bool, StorageError> {
        let changed: bool = sqlx::query_scalar(include_str!("../sql/change_user.sql"))
            .bind(user.as_uuid())
            .bind(&change.full_name)
            .bind(words_of(&change.roles))
            .bind(change.locale.as_str())
            .bind(change.disabled)
            .bind(actor)
            .fetch_one(self.pool())
            .await?;
        Ok(changed)
    }

    /// The language of a user's pages.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_user_locale(&self, user: UserId, locale: Locale) -> Result<(), StorageError> {
        sqlx::query("UPDATE users SET locale = $2::text::locale WHERE id = $1")
            .bind(user.as_uuid())
            .bind(locale.as_str())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// What happened to how a user signs in, the newest first, 100 at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn access_events_of(&self, user: UserId) -> Result<Vec<AccessEvent>, StorageError> {
        let rows = sqlx::query(
            "SELECT at, action, actor FROM access_events
              WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT 100",
        )
        .bind(user.as_uuid())
        .fetch_all(self.pool())
        .await?;
        let read = |row: &PgRow| {
            Ok(AccessEvent {
                at: row.try_get("at")?,
                action: row.try_get("action")?,
                actor: row.try_get("actor")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
