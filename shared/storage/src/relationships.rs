//! What happened between people and the seller, and the property a person is called about: what the
//! gate computes exemptions from (compliance.md CALL-10 … CALL-13). Append-only.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ContactId;
use domain::relationship::{CallPurpose, Listing, RelationshipKind};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::words::{optional_word, word};
use crate::{Database, StorageError};

/// Something that happened, as it is kept.
#[derive(Debug, Clone)]
pub struct KnownRelationship {
    /// Its identity; decisions name it.
    pub id: uuid::Uuid,
    /// What it was.
    pub kind: RelationshipKind,
    /// When it was.
    pub on: NaiveDate,
    /// A closing, a form, a message; no address.
    pub evidence: String,
    /// Who recorded it.
    pub actor: String,
    /// When it was recorded, machine time.
    pub recorded_at: DateTime<Utc>,
}

/// The property a person is called about, and why.
#[derive(Debug, Clone)]
pub struct NewListing {
    /// The property; nothing ends the matter.
    pub listing: Option<Listing>,
    /// Why the person is called.
    pub purpose: CallPurpose,
    /// The active buyer a call is made for.
    pub buyer: Option<ContactId>,
    /// Where it was found; no address.
    pub evidence: String,
    /// Who records it.
    pub actor: String,
}

/// A listing, as it is kept.
#[derive(Debug, Clone)]
pub struct KnownListing {
    /// Its identity; decisions name it.
    pub id: uuid::Uuid,
    /// What was recorded.
    pub listing: NewListing,
    /// When, machine time.
    pub recorded_at: DateTime<Utc>,
}

impl Database {
    /// Records that something happened between a contact and us, and returns the record's identity.
    ///
    /// # Errors
    /// When the evidence is missing ([`StorageError::Constraint`]), or the database does not answer.
    pub async fn add_relationship(
        &self,
        contact: ContactId,
        kind: RelationshipKind,
        on: NaiveDate,
        evidence: &str,
        actor: &str,
    ) -> Result<uuid::Uuid, StorageError> {
        let id = uuid::Uuid::now_v7();
        sqlx::query(
            "INSERT INTO relationships (id, contact_id, kind, happened_on, evidence, actor)
             VALUES ($1, $2, $3::text::relationship_kind, $4, $5, $6)",
        )
        .bind(id)
        .bind(contact.as_uuid())
        .bind(kind.as_str())
        .bind(on)
        .bind(evidence)
        .bind(actor)
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// What happened between a contact and us, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn relationships(
        &self,
        contact: ContactId,
    ) -> Result<Vec<KnownRelationship>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, kind::text AS kind, happened_on, evidence, actor, recorded_at
               FROM relationships WHERE contact_id = $1 ORDER BY happened_on, id",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(relationship).collect()
    }

    /// Records the property a contact is called about, or that the matter is over; the newest record
    /// counts. Returns its identity.
    ///
    /// # Errors
    /// When the evidence is missing or a buyer does not fit the purpose
    /// ([`StorageError::Constraint`]), or the database does not answer.
    pub async fn add_listing(
        &self,
        contact: ContactId,
        new: &NewListing,
    ) -> Result<uuid::Uuid, StorageError> {
        let id = uuid::Uuid::now_v7();
        sqlx::query(
            "INSERT INTO contact_listings (id, contact_id, listing, purpose, buyer_id, evidence, actor)
             VALUES ($1, $2, $3::text::listing, $4::text::call_purpose, $5, $6, $7)",
        )
        .bind(id)
        .bind(contact.as_uuid())
        .bind(new.listing.map(Listing::as_str))
        .bind(new.purpose.as_str())
        .bind(new.buyer.map(ContactId::as_uuid))
        .bind(&new.evidence)
        .bind(&new.actor)
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// What was recorded of the property a contact is called about, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn listings(&self, contact: ContactId) -> Result<Vec<KnownListing>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, listing::text AS listing, purpose::text AS purpose, buyer_id, evidence, actor,
                    recorded_at
               FROM contact_listings WHERE contact_id = $1 ORDER BY recorded_at, id",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(listing).collect()
    }
}

fn relationship(row: &PgRow) -> Result<KnownRelationship, StorageError> {
    Ok(KnownRelationship {
        id: row.try_get("id")?,
        kind: word(row, "kind")?,
        on: row.try_get("happened_on")?,
        evidence: row.try_get("evidence")?,
        actor: row.try_get("actor")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}

fn listing(row: &PgRow) -> Result<KnownListing, StorageError> {
    let buyer: Option<uuid::Uuid> = row.try_get("buyer_id")?;
    Ok(KnownListing {
        id: row.try_get("id")?,
        listing: NewListing {
            listing: optional_word(row, "listing")?,
            purpose: word(row, "purpose")?,
            buyer: buyer.map(ContactId::from),
            evidence: row.try_get("evidence")?,
            actor: row.try_get("actor")?,
        },
        recorded_at: row.try_get("recorded_at")?,
    })
}
