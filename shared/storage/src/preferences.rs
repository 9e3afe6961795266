//! What the preference page shows of the holder of a link, and taking back one's own opt-out.

use domain::suppression::Topic;
use domain::{AddressKey, ContactChannel, Locale, TouchId};
use sqlx::Row;

use crate::{Database, StorageError};

/// What an address gets, as far as its owner may choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The topics of marketing plans, and whether each is stopped on the channel asked about.
    pub topics: Vec<(Topic, bool)>,
    /// The channels on which the people with this address are reached, and whether each is stopped.
    pub channels: Vec<(ContactChannel, bool)>,
    /// Where the address came from, when one person alone has it.
    pub source: Option<String>,
    /// The language of the people with the address, when they have one in common.
    pub locale: Option<Locale>,
}

impl Database {
    /// What the address gets on `channel`, and on which others its people are reached.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn preferences(
        &self,
        key: &AddressKey,
        channel: ContactChannel,
    ) -> Result<Preferences, StorageError> {
        let row = sqlx::query(include_str!("sql/preferences.sql"))
            .bind(key.as_bytes().as_slice())
            .bind(channel.as_str())
            .fetch_one(self.pool())
            .await?;
        let words = |names: Vec<String>, stopped: Vec<bool>| names.into_iter().zip(stopped);
        let topics = words(row.try_get("topics")?, row.try_get("topics_stopped")?);
        let channels = words(row.try_get("channels")?, row.try_get("channels_stopped")?);
        let locale: Option<String> = row.try_get("locale")?;
        Ok(Preferences {
            topics: topics.filter_map(|(word, is)| Some((word.parse().ok()?, is))).collect(),
            channels: channels.filter_map(|(word, is)| Some((word.parse().ok()?, is))).collect(),
            source: row.try_get("source")?,
            locale: locale.and_then(|locale| locale.parse().ok()),
        })
    }

    /// The addresses at which the people with this address are reached on `channel`, its own among
    /// them where it serves there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn addresses_of_people_with(
        &self,
        key: &AddressKey,
        channel: ContactChannel,
    ) -> Result<Vec<AddressKey>, StorageError> {
        let kinds = domain::AddressKind::ALL.iter();
        let kind = kinds.copied().find(|kind| kind.channels().contains(&channel));
        let keys: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT DISTINCT a.address_key FROM addresses o
               JOIN addresses a ON a.contact_id = o.contact_id
              WHERE o.address_key = $1 AND a.kind = $2::text::address_kind",
        )
        .bind(key.as_bytes().as_slice())
        .bind(kind.map(|kind| kind.as_str()))
        .fetch_all(self.pool())
        .await?;
        Ok(keys.iter().filter_map(|key| AddressKey::from_bytes(key)).collect())
    }

    /// Takes back what the holder of a link asked for within the last 24 hours, and nothing else
    /// (compliance.md EML-27). Returns how many entries ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn undo_opt_out(
        &self,
        key: &AddressKey,
        channel: ContactChannel,
        touch: Option<TouchId>,
        actor: &str,
        evidence: &str,
    ) -> Result<i64, StorageError> {
        let ended =
            sqlx::query_scalar("SELECT undo_opt_out($1, $2::text::contact_channel, $3, $4, $5)")
                .bind(key.as_bytes().as_slice())
                .bind(channel.as_str())
                .bind(touch.map(TouchId::as_uuid))
                .bind(actor)
                .bind(evidence)
                .fetch_one(self.pool())
                .await?;
        Ok(ended)
    }
}
