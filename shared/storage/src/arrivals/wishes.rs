//! Stops and starts by the time they were said, in whatever order they are brought (compliance.md
//! SMS-07, SMS-28).

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::suppression::Topic;
use domain::{AddressKey, ContactChannel};
use sha2::{Digest, Sha256};

use super::Message;
use crate::suppressions::{Request, Suppressed};
use crate::{Database, StorageError};

/// Who said something, where, and when.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// The message it came by.
    pub message: Message,
    /// The address.
    pub key: AddressKey,
    /// The channel it is about.
    pub channel: ContactChannel,
    /// Only this topic; `None` for the whole channel.
    pub topic: Option<Topic>,
    /// When, by the bringer's clock.
    pub occurred_at: DateTime<Utc>,
}

/// A person wants messages again.
#[derive(Debug, Clone)]
pub struct NewStart {
    /// Who, where, when.
    pub said: Said,
    /// What proves it; no address.
    pub evidence: String,
    /// The process that heard it.
    pub actor: String,
    /// To whom consent is given.
    pub controller: String,
    /// The text that told how to start again, and its language.
    pub wording: (String, String),
    /// What the person did.
    pub act: String,
}

impl Database {
    /// Carries out a stop, once. Where a start that was said later has been brought before it, that
    /// one holds, as far as it reaches.
    ///
    /// # Errors
    /// When the database does not answer. Whether the entries were made is then unknown: repeat.
    pub async fn stop(
        &self,
        request: &Request,
        said: &Said,
        patience: Duration,
    ) -> Result<Suppressed, StorageError> {
        let suppressed = self.carry_out_once(request, Some(said), patience).await?;
        sqlx::query("SELECT settle_wishes($1, $2::text::contact_channel, $3, $4)")
            .bind(said.key.as_bytes().as_slice())
            .bind(said.channel.as_str())
            .bind(said.topic.map(|topic| topic.to_string()))
            .bind(&request.entry.actor)
            .execute(self.pool())
            .await?;
        Ok(suppressed)
    }

    /// Ends what the person asked for before on the same channel (and topic), and records the
    /// consent for every contact with the address, where something ended. Stops that were said later
    /// stay, and so does what others have entered. Returns how many entries ended.
    ///
    /// # Errors
    /// When the database does not answer, or the start lies in the future.
    pub async fn start(&self, start: &NewStart) -> Result<i64, StorageError> {
        let said = &start.said;
        let ended = sqlx::query_scalar(include_str!("../sql/start.sql"))
            .bind(said.message.source)
            .bind(said.message.id.cast_signed())
            .bind(said.key.as_bytes().as_slice())
            .bind(said.channel.as_str())
            .bind(said.topic.map(|topic| topic.to_string()))
            .bind(said.occurred_at)
            .bind(&start.evidence)
            .bind(&start.actor)
            .bind(&start.controller)
            .bind(&start.wording.0)
            .bind(Sha256::digest(&start.wording.0).to_vec())
            .bind(&start.wording.1)
            .bind(&start.act)
            .fetch_one(self.pool())
            .await?;
        Ok(ended)
    }

    /// Whether nothing on the list stops marketing to an address on a channel.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_clear(
        &self,
        key: AddressKey,
        channel: ContactChannel,
    ) -> Result<bool, StorageError> {
        let clear = sqlx::query_scalar(
            "SELECT NOT EXISTS (
                 SELECT FROM address_states s
                  WHERE s.address_key = $1 AND s.channel = $2::text::contact_channel
                    AND coalesce(s.channel_event, s.person_event, s.domain_event, s.every_event)
                        IS NOT NULL)",
        )
        .bind(key.as_bytes().as_slice())
        .bind(channel.as_str())
        .fetch_one(self.pool())
        .await?;
        Ok(clear)
    }
}
