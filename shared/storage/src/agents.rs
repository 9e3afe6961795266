//! Agents, as imports name them.

use domain::Locale;

use crate::outcomes::column;
use crate::{Database, StorageError};

/// An agent as a row of an import names one. `None` says nothing: what is stored stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAgent {
    /// Email; the agent's identity.
    pub email: String,
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

impl Database {
    /// Makes sure that these agents exist, and brings what was said about known ones up to date. A
    /// new agent without a name is called by the email address up to the "@"; `locale` is the
    /// language of new agents. No email may stand there twice.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn name_agents(
        &self,
        agents: &[NamedAgent],
        locale: Locale,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "WITH given AS (
                 SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS g (email, name, phone)
             ),
             named AS (
                 UPDATE agents a SET name = coalesce(g.name, a.name),
                                     phone = coalesce(g.phone, a.phone)
                   FROM given g WHERE a.email = g.email
             )
             INSERT INTO agents (id, name, email, phone, locale)
             SELECT gen_random_uuid(), coalesce(name, split_part(email, '@', 1)), email,
                    coalesce(phone, ''), $4::text::locale
               FROM given
             ON CONFLICT ON CONSTRAINT agents_email_unique DO NOTHING",
        )
        .bind(column(agents, |agent| agent.email.clone()))
        .bind(column(agents, |agent| agent.name.clone()))
        .bind(column(agents, |agent| agent.phone.clone()))
        .bind(locale.as_str())
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
