//! What people and other systems note about a contact.

use chrono::{DateTime, Utc};
use domain::ContactId;
use domain::interaction::InteractionKind;
use uuid::Uuid;

use crate::{Database, StorageError};

/// Something that happened with a contact.
#[derive(Debug, Clone)]
pub struct NewInteraction {
    /// With whom.
    pub contact: ContactId,
    /// What.
    pub kind: InteractionKind,
    /// When (business time).
    pub happened_at: DateTime<Utc>,
    /// In words.
    pub note: String,
    /// Who noted it.
    pub actor: String,
}

impl Database {
    /// Notes it; its id.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_interaction(&self, new: &NewInteraction) -> Result<Uuid, StorageError> {
        let id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO interactions (id, contact_id, kind, happened_at, note, actor)
             VALUES ($1, $2, $3::text::interaction_kind, $4, $5, $6)",
        )
        .bind(id)
        .bind(new.contact.as_uuid())
        .bind(new.kind.as_str())
        .bind(new.happened_at)
        .bind(&new.note)
        .bind(&new.actor)
        .execute(self.pool())
        .await?;
        Ok(id)
    }
}
