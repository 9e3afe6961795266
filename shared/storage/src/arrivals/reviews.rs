//! Unclear answers, and the person who decides them (compliance.md SMS-03).

use chrono::{DateTime, Utc};
use domain::AddressKey;
use domain::arrival::ReviewDecision;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::Message;
use crate::words::{address_key, optional_word};
use crate::{Database, StorageError};

/// A review to be opened.
#[derive(Debug, Clone)]
pub struct NewReview {
    /// The message that is unclear.
    pub message: Message,
    /// The number it came from.
    pub key: AddressKey,
    /// The file of the raw request.
    pub request: Option<String>,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// By when somebody has to decide.
    pub due_at: DateTime<Utc>,
}

/// A review.
#[derive(Debug, Clone)]
pub struct Review {
    /// The review.
    pub id: Uuid,
    /// Who brought the message.
    pub source: String,
    /// The number it came from.
    pub key: AddressKey,
    /// The file of the raw request, while there is one.
    pub request: Option<String>,
    /// When it arrived.
    pub arrived_at: DateTime<Utc>,
    /// By when somebody has to decide.
    pub due_at: DateTime<Utc>,
    /// What was decided.
    pub decision: Option<ReviewDecision>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// The contacts with the number: id and name.
    pub contacts: Vec<(Uuid, String)>,
}

/// What the columns of a review are selected as.
macro_rules! select_reviews {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.source, r.address_key, r.request, r.arrived_at, r.due_at,
                    r.decision::text AS decision, r.decided_at, r.decided_by, r.why,
                    ARRAY(SELECT DISTINCT a.contact_id FROM addresses a
                           WHERE a.address_key = r.address_key ORDER BY 1) AS contacts,
                    ARRAY(SELECT c.full_name FROM contacts c
                           WHERE c.id IN (SELECT a.contact_id FROM addresses a
                                           WHERE a.address_key = r.address_key)
                           ORDER BY c.id) AS names
               FROM reviews r ",
            $rest
        )
    };
}

impl Database {
    /// Opens a review, once per message. From the commit on nothing to the number is claimed until
    /// a person has decided.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_review(&self, review: &NewReview) -> Result<(), StorageError> {
        sqlx::query("SELECT open_review($1, $2, $3, $4, $5, $6, $7)")
            .bind(Uuid::now_v7())
            .bind(review.message.source)
            .bind(review.message.id.cast_signed())
            .bind(review.key.as_bytes().as_slice())
            .bind(review.request.as_deref())
            .bind(review.arrived_at)
            .bind(review.due_at)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Decides an open review. Returns whether it was open. The list is the caller's business: enter
    /// a stop first.
    ///
    /// # Errors
    /// When the database does not answer, or actor or reason are blank.
    pub async fn decide_review(
        &self,
        id: Uuid,
        decision: ReviewDecision,
        actor: &str,
        why: &str,
    ) -> Result<bool, StorageError> {
        let decided =
            sqlx::query_scalar("SELECT decide_review($1, $2::text::review_decision, $3, $4)")
                .bind(id)
                .bind(decision.as_str())
                .bind(actor)
                .bind(why)
                .fetch_one(self.pool())
                .await?;
        Ok(decided)
    }

    /// One review.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn review(&self, id: Uuid) -> Result<Option<Review>, StorageError> {
        let row = sqlx::query(select_reviews!("WHERE r.id = $1"))
            .bind(id)
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(review).transpose()
    }

    /// Reviews, the most urgent first: those that are open, or all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reviews(
        &self,
        decided_too: bool,
        limit: u32,
    ) -> Result<Vec<Review>, StorageError> {
        let rows = sqlx::query(select_reviews!(
            "WHERE $1 OR r.decision IS NULL
             ORDER BY r.decision IS NOT NULL, r.due_at, r.id LIMIT $2"
        ))
        .bind(decided_too)
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(review).collect()
    }

    /// The files of raw requests that open reviews still need.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn requests_under_review(&self) -> Result<Vec<String>, StorageError> {
        let names = sqlx::query_scalar(
            "SELECT request FROM reviews WHERE decision IS NULL AND request IS NOT NULL",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(names)
    }
}

fn review(row: &PgRow) -> Result<Review, StorageError> {
    let contacts: Vec<Uuid> = row.try_get("contacts")?;
    let names: Vec<String> = row.try_get("names")?;
    Ok(Review {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        key: address_key(row, "address_key")?,
        request: row.try_get("request")?,
        arrived_at: row.try_get("arrived_at")?,
        due_at: row.try_get("due_at")?,
        decision: optional_word(row, "decision")?,
        decided_at: row.try_get("decided_at")?,
        decided_by: row.try_get("decided_by")?,
        why: row.try_get("why")?,
        contacts: contacts.into_iter().zip(names).collect(),
    })
}
