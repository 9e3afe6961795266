//! What did not arrive, and what did (compliance.md BNC-04, BNC-09, BNC-10).

use chrono::{DateTime, TimeDelta, Utc};
use domain::bounce::{Bounce, Suppress, tally};
use domain::clock::timestamp;
use domain::suppression::SuppressionReason;
use domain::{AddressKey, ContactChannel, TouchId};
use sqlx::Row;

use crate::words::word;
use crate::{Database, StorageError};

/// After so long a message of which nothing came back has arrived: mail servers give up after four or
/// five days (RFC 5321 §4.5.4.1).
const SILENCE: TimeDelta = TimeDelta::days(6);

/// A bounce to be recorded.
#[derive(Debug, Clone)]
pub struct NewBounce {
    /// The address.
    pub key: AddressKey,
    /// The channel.
    pub channel: ContactChannel,
    /// The message that bounced: the same for everybody who reports it.
    pub message: String,
    /// The touch it belongs to, if it is known.
    pub touch: Option<TouchId>,
    /// The word of its class: of a bounce, or of a text message's failure.
    pub class: &'static str,
    /// The status or code that was reported, or the class where there is none.
    pub status: String,
    /// What it counts for.
    pub advice: Suppress,
    /// Who reports it.
    pub source: &'static str,
    /// When it bounced.
    pub bounced_at: DateTime<Utc>,
    /// The process that records it.
    pub actor: String,
}

/// What is known of an address's bounces since it was last taken off or put on the list for them.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Its messages that bounced, each with its class.
    pub bounces: Vec<(String, Bounce)>,
    /// When something last arrived.
    pub delivered: Option<DateTime<Utc>>,
}

impl Database {
    /// Records a bounce and tells it in the history of its touch. Returns whether it is new.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_bounce(&self, bounce: &NewBounce) -> Result<bool, StorageError> {
        let is_new = sqlx::query_scalar(
            "SELECT take_bounce($1, $2, $3, $4::text::contact_channel, $5, $6, $7, $8, $9, $10)",
        )
        .bind(bounce.key.as_bytes().as_slice())
        .bind(&bounce.message)
        .bind(&bounce.status)
        .bind(bounce.channel.as_str())
        .bind(bounce.class)
        .bind(bounce.advice.as_str())
        .bind(bounce.touch.map(TouchId::as_uuid))
        .bind(bounce.source)
        .bind(bounce.bounced_at)
        .bind(&bounce.actor)
        .fetch_one(self.pool())
        .await?;
        Ok(is_new)
    }

    /// Notes that something arrived at an address.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_delivery(
        &self,
        key: AddressKey,
        channel: ContactChannel,
        at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        sqlx::query("SELECT take_delivery($1, $2::text::contact_channel, $3)")
            .bind(key.as_bytes().as_slice())
            .bind(channel.as_str())
            .bind(at)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Whether the soft bounces of an address are too many at `now`, those since it was last on the
    /// list for them (`domain::bounce::tally`).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bounces_too_often(
        &self,
        key: AddressKey,
        channel: ContactChannel,
        now: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let reason = SuppressionReason::SoftBounceLimit;
        let record = self.bounce_record(key, channel, reason, now).await?;
        let bounces: Vec<Bounce> = record.bounces.iter().map(|(_, bounce)| *bounce).collect();
        Ok(tally(&bounces, record.delivered.map(timestamp)).is_over)
    }

    /// The bounces of an address since it was last on the list for `reason`, and when something last
    /// arrived there: reported as delivered, or handed over some days before `now` without a bounce.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bounce_record(
        &self,
        key: AddressKey,
        channel: ContactChannel,
        reason: SuppressionReason,
        now: DateTime<Utc>,
    ) -> Result<Record, StorageError> {
        let silent_since = now - SILENCE;
        let rows = sqlx::query(include_str!("../sql/bounce_record.sql"))
            .bind(key.as_bytes().as_slice())
            .bind(channel.as_str())
            .bind(reason.as_str())
            .bind(silent_since)
            .fetch_all(self.pool())
            .await?;
        let mut record = Record::default();
        for row in &rows {
            let at: DateTime<Utc> = row.try_get("at")?;
            let class: Option<String> = row.try_get("class")?;
            match class {
                None => record.delivered = record.delivered.max(Some(at)),
                Some(class) => {
                    let advice = word(row, "advice")?;
                    record.bounces.push((class, Bounce { at: timestamp(at), advice }));
                }
            }
        }
        Ok(record)
    }
}
