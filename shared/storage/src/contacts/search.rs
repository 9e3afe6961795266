//! Finding people fast: for the search that stands on every page.

use domain::{AddressKey, ContactId};
use sqlx::Row;
use uuid::Uuid;

use crate::outcomes::column;
use crate::{Database, StorageError};

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContact {
    /// The contact.
    pub id: ContactId,
    /// The full name.
    pub full_name: String,
    /// The agent's name.
    pub owner: Option<String>,
}

impl Database {
    /// Contacts by id, external id, address key, or the beginning of their name, in the order of
    /// their names; 20 at most. With `owner`, only contacts of this agent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn search_contacts(
        &self,
        text: &str,
        keys: &[AddressKey],
        owner: Option<Uuid>,
    ) -> Result<Vec<FoundContact>, StorageError> {
        let rows = sqlx::query(include_str!("../sql/search_contacts.sql"))
            .bind(text)
            .bind(text.parse::<Uuid>().ok())
            .bind(column(keys, |key| key.as_bytes().as_slice()))
            .bind(owner)
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(FoundContact {
                    id: row.try_get::<Uuid, _>("id")?.into(),
                    full_name: row.try_get("full_name")?,
                    owner: row.try_get("owner")?,
                })
            })
            .collect()
    }
}
