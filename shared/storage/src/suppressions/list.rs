//! Reading the list, and importing one.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::suppression::{ListAction, Origin, Scope, SuppressionReason, Topic};
use domain::{AddressKey, ContactChannel, EventId, TouchId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::DRAIN_POLL;
use crate::outcomes::column;
use crate::words::{address_key, optional_word, word};
use crate::{Database, StorageError};

/// An entry in force.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its identity.
    pub event: EventId,
    /// What it covers.
    pub scope: Scope,
    /// The key of the address, person or domain.
    pub key: AddressKey,
    /// The channel, for one address.
    pub channel: Option<ContactChannel>,
    /// The topic, where it covers one alone.
    pub topic: Option<Topic>,
    /// Why.
    pub reason: SuppressionReason,
    /// Who asked.
    pub origin: Origin,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, where it has a term.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An event of the list's history.
#[derive(Debug, Clone)]
pub struct ListEvent {
    /// Its identity; of a `suppress`, the entry's.
    pub id: EventId,
    /// Machine time.
    pub at: DateTime<Utc>,
    /// What it did.
    pub action: ListAction,
    /// The channel, for one address.
    pub channel: Option<ContactChannel>,
    /// Why, for a `suppress`.
    pub reason: Option<SuppressionReason>,
    /// Who asked.
    pub origin: Origin,
    /// The person or process that entered it.
    pub actor: String,
    /// What proves it.
    pub evidence: Option<String>,
    /// Of a lift or its request: why, in words.
    pub note: Option<String>,
    /// The event it completes, repeats or ends.
    pub of_event: Option<EventId>,
}

/// A row of a list to be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListRow {
    /// The address.
    pub key: AddressKey,
    /// The channel.
    pub channel: ContactChannel,
    /// The domain's key, for email.
    pub domain: Option<AddressKey>,
}

/// An address that is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The address.
    pub key: AddressKey,
    /// The domain's key, for email.
    pub domain: Option<AddressKey>,
}

impl Database {
    /// The entries in force that cover each of these addresses, in their order: its own, its
    /// domain's, and those of the people it belongs to; the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entries_against(&self, asked: &[Asked]) -> Result<Vec<Vec<Entry>>, StorageError> {
        let rows = sqlx::query(include_str!("../sql/entries_against.sql"))
            .bind(column(asked, |one| one.key.as_bytes().as_slice()))
            .bind(column(asked, |one| one.domain.map(|key| key.as_bytes().to_vec())))
            .fetch_all(self.pool())
            .await?;
        let mut found = vec![Vec::new(); asked.len()];
        for row in &rows {
            let n = usize::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0);
            if let Some(entries) = found.get_mut(n.wrapping_sub(1)) {
                entries.push(entry(row)?);
            }
        }
        Ok(found)
    }

    /// How many addresses of an email domain are known; 10,000 at most are counted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_addresses_of_domain(&self, domain: AddressKey) -> Result<i64, StorageError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM (
                SELECT DISTINCT address_key FROM address_states WHERE domain_key = $1 LIMIT 10000) a",
        )
        .bind(domain.as_bytes())
        .fetch_one(self.pool())
        .await?;
        Ok(count)
    }

    /// The entries in force for any of these keys (of an address, its domain, its person).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entries(&self, keys: &[AddressKey]) -> Result<Vec<Entry>, StorageError> {
        let rows = sqlx::query(
            "SELECT event_id, scope::text AS scope, address_key, channel::text AS channel,
                    reason::text AS reason, origin::text AS origin, since, topic, expires_at
               FROM suppressions WHERE address_key = ANY ($1) ORDER BY since",
        )
        .bind(column(keys, |key| key.as_bytes().as_slice()))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(entry).collect()
    }

    /// The people who have any of these addresses, as pairs of the address's key and the person's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people_with(
        &self,
        keys: &[AddressKey],
    ) -> Result<Vec<(AddressKey, AddressKey)>, StorageError> {
        let rows = sqlx::query(
            "SELECT DISTINCT a.address_key AS own, p.address_key AS person FROM addresses a
               JOIN addresses p ON p.contact_id = a.contact_id AND p.kind = 'person'
              WHERE a.address_key = ANY ($1)",
        )
        .bind(column(keys, |key| key.as_bytes().as_slice()))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| Ok((address_key(row, "own")?, address_key(row, "person")?))).collect()
    }

    /// Everything that ever happened on the list to these keys, in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_history(&self, keys: &[AddressKey]) -> Result<Vec<ListEvent>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, at, action::text AS action, channel::text AS channel,
                    reason::text AS reason, origin::text AS origin, actor, evidence, note,
                    of_event
               FROM suppression_events WHERE address_key = ANY ($1) ORDER BY at, id",
        )
        .bind(column(keys, |key| key.as_bytes().as_slice()))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ListEvent {
                    id: row.try_get::<uuid::Uuid, _>("id")?.into(),
                    at: row.try_get("at")?,
                    action: word(row, "action")?,
                    channel: optional_word(row, "channel")?,
                    reason: optional_word(row, "reason")?,
                    origin: word(row, "origin")?,
                    actor: row.try_get("actor")?,
                    evidence: row.try_get("evidence")?,
                    note: row.try_get("note")?,
                    of_event: row.try_get::<Option<uuid::Uuid>, _>("of_event")?.map(EventId::from),
                })
            })
            .collect()
    }

    /// The newest entries in force, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_entries(&self, limit: u32) -> Result<Vec<Entry>, StorageError> {
        let rows = sqlx::query(
            "SELECT event_id, scope::text AS scope, address_key, channel::text AS channel,
                    reason::text AS reason, origin::text AS origin, since, topic, expires_at
               FROM suppressions ORDER BY since DESC, event_id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(entry).collect()
    }

    /// Puts a batch of addresses on the list; those that are on it already for the same channel stay
    /// as they are. Returns how many addresses were added on at least one channel. Drain once, after
    /// the last batch, with [`Database::drain_list`].
    ///
    /// # Errors
    /// When the database does not answer; nothing of the batch was added, repeat it.
    pub async fn import_list(
        &self,
        rows: &[ListRow],
        reason: SuppressionReason,
        origin: Origin,
        actor: &str,
        evidence: &str,
    ) -> Result<u64, StorageError> {
        let done = sqlx::query(include_str!("../sql/import_list.sql"))
            .bind(column(rows, |row| row.key.as_bytes().as_slice()))
            .bind(column(rows, |row| row.channel.as_str()))
            .bind(column(rows, |row| row.domain.map(|key| key.as_bytes().to_vec())))
            .bind(column(rows, |_| EventId::new().as_uuid()))
            .bind(reason.as_str())
            .bind(origin.as_str())
            .bind(actor)
            .bind(evidence)
            .fetch_one(self.pool())
            .await?;
        Ok(u64::try_from(done.try_get::<i64, _>("added")?).unwrap_or(0))
    }

    /// Waits up to `patience` until nothing to any address of the list is in flight, and returns
    /// what still is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain_list(&self, patience: Duration) -> Result<Vec<TouchId>, StorageError> {
        let deadline = Instant::now() + patience;
        loop {
            let in_flight: Vec<uuid::Uuid> = sqlx::query_scalar(
                "SELECT i.touch_id FROM inflight i
                   JOIN address_states s USING (address_key, channel)
                  WHERE i.lease_until > clock_timestamp()
                    AND coalesce(s.channel_event, s.person_event, s.domain_event) IS NOT NULL",
            )
            .fetch_all(self.pool())
            .await?;
            if in_flight.is_empty() || Instant::now() >= deadline {
                return Ok(in_flight.into_iter().map(TouchId::from).collect());
            }
            tokio::time::sleep(DRAIN_POLL).await;
        }
    }
}

pub(super) fn entry(row: &PgRow) -> Result<Entry, StorageError> {
    Ok(Entry {
        event: row.try_get::<uuid::Uuid, _>("event_id")?.into(),
        scope: word(row, "scope")?,
        key: address_key(row, "address_key")?,
        channel: optional_word(row, "channel")?,
        reason: word(row, "reason")?,
        origin: word(row, "origin")?,
        topic: optional_word(row, "topic")?,
        since: row.try_get("since")?,
        expires_at: row.try_get("expires_at")?,
    })
}
