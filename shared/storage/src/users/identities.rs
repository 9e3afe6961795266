//! Which account of an identity provider a user is.

use domain::UserId;
use uuid::Uuid;

use super::{COLUMNS, TokenHash, User};
use crate::{Database, StorageError};

/// An account of a provider, and the user it is.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The user.
    pub user: UserId,
    /// The provider.
    pub issuer: &'a str,
    /// The account there.
    pub subject: &'a str,
    /// Who binds it.
    pub actor: &'a str,
}

impl Database {
    /// The user that an account is, also a disabled one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn user_of_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<User>, StorageError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM user_identities i JOIN users u ON u.id = i.user_id
              WHERE i.issuer = $1 AND i.subject = $2"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(issuer)
            .bind(subject)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(User::read).transpose()
    }

    /// Binds an account to a user, and notes it; false when the account is another user's already, or
    /// the user another account of the provider.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bind_identity(&self, identity: &Identity<'_>) -> Result<bool, StorageError> {
        let bound = sqlx::query(
            "WITH bound AS (
                 INSERT INTO user_identities (id, user_id, issuer, subject, actor)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING user_id
             )
             INSERT INTO access_events (id, action, actor, user_id)
             SELECT uuid_v7(), 'identity_bound', $5, b.user_id FROM bound b",
        )
        .bind(Uuid::now_v7())
        .bind(identity.user.as_uuid())
        .bind(identity.issuer)
        .bind(identity.subject)
        .bind(identity.actor)
        .execute(self.pool())
        .await?;
        Ok(bound.rows_affected() == 1)
    }

    /// Uses an answer of a provider up; false when it was used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn use_answer(&self, state: &TokenHash) -> Result<bool, StorageError> {
        let used = sqlx::query(
            "WITH old AS (DELETE FROM used_answers WHERE at < clock_timestamp() - interval '1 hour')
             INSERT INTO used_answers (state_hash) VALUES ($1) ON CONFLICT DO NOTHING",
        )
        .bind(state.as_slice())
        .execute(self.pool())
        .await?;
        Ok(used.rows_affected() == 1)
    }
}
