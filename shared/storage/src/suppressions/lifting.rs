//! Ending entries: by compliance, by the recipient's own later act, or because their term is over.
//! Imports never do (compliance.md SUP-12 … SUP-14).

use chrono::{DateTime, Utc};
use domain::suppression::Topic;
use domain::{AddressKey, ContactChannel};
use sqlx::Row;

use super::Target;
use crate::{Database, StorageError};

/// A wish to end every entry of one target.
#[derive(Debug, Clone)]
pub struct Lifting {
    /// Exactly this; entries of another scope that cover the same address stay in force.
    pub target: Target,
    /// Who says so; not empty.
    pub actor: String,
    /// Why, in words; not empty.
    pub reason: String,
    /// What allows it: a consent, a ticket; not empty, and no address.
    pub evidence: String,
    /// Whether this is the second person's agreement to what another has asked for.
    pub approve: bool,
}

/// What became of a [`Lifting`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiftAnswer {
    /// Entries that ended.
    pub lifted: i64,
    /// Entries that go on until a second person approves.
    pub requested: i64,
    /// Entries that could not be approved, because nobody else has asked to lift them.
    pub unrequested: i64,
}

/// A recipient's wish to hear from us again.
#[derive(Debug, Clone)]
pub struct Reconsent {
    /// The address.
    pub key: AddressKey,
    /// The channel on which it was said, and which alone it opens.
    pub channel: ContactChannel,
    /// Only this topic; `None` for what stops the whole channel.
    pub topic: Option<Topic>,
    /// When the recipient said so; entries made later stay.
    pub occurred_at: DateTime<Utc>,
    /// The process that heard it.
    pub actor: String,
    /// What proves it: the message, the form.
    pub evidence: String,
}

impl Database {
    /// Ends the entries of a target, or asks for it where two people are needed: a complaint, and
    /// what was said or written. Under [`crate::Role::Compliance`] only.
    ///
    /// # Errors
    /// When the database does not answer, the role may not lift, or actor, reason or evidence are
    /// blank.
    pub async fn lift(&self, lifting: &Lifting) -> Result<LiftAnswer, StorageError> {
        let row = sqlx::query(
            "SELECT lifted, requested, unrequested
               FROM lift($1::text::suppression_scope, $2, $3::text::contact_channel, $4, $5, $6, $7,
                         $8)",
        )
        .bind(lifting.target.scope().as_str())
        .bind(lifting.target.key().as_bytes().as_slice())
        .bind(lifting.target.channel().map(ContactChannel::as_str))
        .bind(lifting.target.topic().map(|topic| topic.to_string()))
        .bind(&lifting.actor)
        .bind(&lifting.reason)
        .bind(&lifting.evidence)
        .bind(lifting.approve)
        .fetch_one(self.pool())
        .await?;
        Ok(LiftAnswer {
            lifted: row.try_get("lifted")?,
            requested: row.try_get("requested")?,
            unrequested: row.try_get("unrequested")?,
        })
    }

    /// Ends what the recipient asked for before `occurred_at` on the same channel. What others have
    /// entered stays, and so does what was asked for later. Returns how many entries ended.
    ///
    /// # Errors
    /// When the database does not answer, the role may not, or `occurred_at` lies in the future.
    pub async fn reconsent(&self, reconsent: &Reconsent) -> Result<i64, StorageError> {
        let ended =
            sqlx::query_scalar("SELECT reconsent($1, $2::text::contact_channel, $3, $4, $5, $6)")
                .bind(reconsent.key.as_bytes().as_slice())
                .bind(reconsent.channel.as_str())
                .bind(reconsent.topic.map(|topic| topic.to_string()))
                .bind(reconsent.occurred_at)
                .bind(&reconsent.actor)
                .bind(&reconsent.evidence)
                .fetch_one(self.pool())
                .await?;
        Ok(ended)
    }

    /// Ends up to `limit` entries whose term is over at `now`, as events of the system. Returns how
    /// many. Under [`crate::Role::Scheduler`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expire_entries(
        &self,
        now: DateTime<Utc>,
        limit: u32,
        actor: &str,
    ) -> Result<i64, StorageError> {
        let ended = sqlx::query_scalar("SELECT expire_suppressions($1, $2, $3)")
            .bind(now)
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .bind(actor)
            .fetch_one(self.pool())
            .await?;
        Ok(ended)
    }
}
