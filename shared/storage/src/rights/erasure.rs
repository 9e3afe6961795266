//! Erasing a person: first the list, then the drain, then everything that names the person, in one
//! transaction (PRV-09). What stays is keyed hashes: they keep the person from coming back, and erase
//! again what a restored backup brings back (PRV-22).

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, ContactChannel, ContactId, EventId, RequestId, TouchId};
use serde_json::Value;
use sqlx::Row;
use sqlx::types::Json;

use crate::outcomes::column;
use crate::suppressions::{NewSuppression, Target};
use crate::words::{address_key, word};
use crate::{Database, StorageError};

/// Who is erased, on whose word.
#[derive(Debug, Clone)]
pub struct Erasing {
    /// The person.
    pub contact: ContactId,
    /// The request it answers.
    pub request: Option<RequestId>,
    /// Who does it; not empty.
    pub actor: String,
    /// Why; not empty.
    pub reason: String,
    /// What proves it; not empty. No address.
    pub evidence: String,
    /// Business time.
    pub now: DateTime<Utc>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Erased {
    /// Nothing names the person any more. Rows per table that were deleted or emptied.
    Done(Value),
    /// These touches are being handed over. The person is on the list: nothing new starts. Repeat.
    InFlight(Vec<TouchId>),
    /// A legal hold keeps the data (PRV-14); nothing was changed.
    Held(Vec<Hold>),
    /// There is no such contact.
    Unknown,
}

/// A legal hold: an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hold {
    /// The entry.
    pub entry: EventId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What it rests on.
    pub evidence: Option<String>,
}

/// What is left of somebody erased: an entry of the list, as an export has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The person's key, or an address's.
    pub key: AddressKey,
    /// The channel, for an address.
    pub channel: Option<ContactChannel>,
}

impl Tombstone {
    const fn target(self) -> Target {
        match self.channel {
            Some(channel) => Target::Address { key: self.key, channel, domain: None },
            None => Target::Person(self.key),
        }
    }
}

impl Database {
    /// Why a person must not be erased now.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not.
    pub async fn legal_holds(&self, contact: ContactId) -> Result<Vec<Hold>, StorageError> {
        let rows = sqlx::query("SELECT event_id, since, evidence FROM legal_holds($1)")
            .bind(contact.as_uuid())
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Hold {
                    entry: row.try_get::<uuid::Uuid, _>("event_id")?.into(),
                    since: row.try_get("since")?,
                    evidence: row.try_get("evidence")?,
                })
            })
            .collect()
    }

    /// Other contacts that have one of the person's addresses; these stay theirs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sharing_addresses(
        &self,
        contact: ContactId,
    ) -> Result<Vec<ContactId>, StorageError> {
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT o.contact_id FROM addresses a
               JOIN addresses o ON o.address_key = a.address_key AND o.contact_id <> a.contact_id
              WHERE a.contact_id = $1 ORDER BY 1",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(ContactId::from).collect())
    }

    /// Erases a person. For the role of compliance. Safe to repeat; may be cancelled while it waits
    /// up to `patience` for what is being handed over.
    ///
    /// # Errors
    /// When the database does not answer, or the role may not.
    pub async fn erase_person(
        &self,
        erasing: &Erasing,
        patience: Duration,
    ) -> Result<Erased, StorageError> {
        let holds = self.legal_holds(erasing.contact).await?;
        if !holds.is_empty() {
            return Ok(Erased::Held(holds));
        }
        let targets = self.erasure_targets(erasing.contact).await?;
        if targets.is_empty() {
            return Ok(Erased::Unknown);
        }
        let covered = self.enter(&targets, &entry_for(&erasing.actor), None).await?;
        let in_flight = self.drain(&covered, patience).await?;
        if !in_flight.is_empty() {
            return Ok(Erased::InFlight(in_flight));
        }
        let counts: Result<Option<Json<Value>>, sqlx::Error> =
            sqlx::query_scalar("SELECT erase_person($1, $2, $3, $4, $5, $6, $7)")
                .bind(EventId::new().as_uuid())
                .bind(erasing.contact.as_uuid())
                .bind(erasing.request.map(RequestId::as_uuid))
                .bind(&erasing.actor)
                .bind(&erasing.reason)
                .bind(&erasing.evidence)
                .bind(erasing.now)
                .fetch_one(self.pool())
                .await;
        match counts.map_err(StorageError::from) {
            Ok(Some(Json(counts))) => Ok(Erased::Done(counts)),
            Ok(None) => Ok(Erased::Unknown),
            Err(error) if error.constraint() == Some("erasure_in_flight") => {
                Ok(Erased::InFlight(Vec::new()))
            }
            Err(error) => Err(error),
        }
    }

    /// What an erasure puts on the list: the person, and every address that nobody else has.
    async fn erasure_targets(
        &self,
        contact: ContactId,
    ) -> Result<Vec<(EventId, Target)>, StorageError> {
        let rows = sqlx::query(
            "SELECT a.kind::text AS kind, a.address_key FROM addresses a
              WHERE a.contact_id = $1
                AND NOT EXISTS (SELECT FROM addresses o WHERE o.address_key = a.address_key
                                   AND o.contact_id <> a.contact_id)",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        let mut targets = Vec::new();
        for row in &rows {
            let kind: AddressKind = word(row, "kind")?;
            let key = address_key(row, "address_key")?;
            if kind == AddressKind::Person {
                targets.push(Target::Person(key));
                continue;
            }
            let channels = kind.channels().iter();
            targets.extend(channels.map(|channel| Target::Address {
                key,
                channel: *channel,
                domain: None,
            }));
        }
        Ok(targets.into_iter().map(|target| (EventId::new(), target)).collect())
    }

    /// Puts those of the tombstones on the list that are not there, as after a restore from an older
    /// backup. Returns how many were missing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn restore_tombstones(
        &self,
        tombstones: &[Tombstone],
        actor: &str,
    ) -> Result<u64, StorageError> {
        let missing: Vec<i32> = sqlx::query_scalar(
            "SELECT (t.n - 1)::int4
               FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS t (key, channel, n)
              WHERE NOT EXISTS (SELECT FROM suppressions s
                                 WHERE s.address_key = t.key AND s.reason = 'erasure'
                                   AND s.channel IS NOT DISTINCT FROM t.channel::contact_channel)
              ORDER BY t.n",
        )
        .bind(column(tombstones, |stone| stone.key.as_bytes().to_vec()))
        .bind(column(tombstones, |stone| stone.channel.map(ContactChannel::as_str)))
        .fetch_all(self.pool())
        .await?;
        let targets: Vec<(EventId, Target)> = missing
            .iter()
            .filter_map(|at| tombstones.get(usize::try_from(*at).ok()?))
            .map(|stone| (EventId::new(), stone.target()))
            .collect();
        if !targets.is_empty() {
            self.enter(&targets, &entry_for(actor), None).await?;
        }
        Ok(targets.len() as u64)
    }

    /// Those of the keys that belonged to somebody who was erased, and to nobody else since.
    pub(crate) async fn erased_keys<'a>(
        &self,
        keys: impl Iterator<Item = &'a AddressKey> + Send,
    ) -> Result<HashSet<AddressKey>, StorageError> {
        let keys: Vec<Vec<u8>> = keys.map(|key| key.as_bytes().to_vec()).collect();
        let rows = sqlx::query(
            "SELECT DISTINCT s.address_key FROM suppressions s
              WHERE s.address_key = ANY ($1) AND s.reason = 'erasure'
                AND NOT EXISTS (SELECT FROM addresses a WHERE a.address_key = s.address_key)",
        )
        .bind(keys)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| address_key(row, "address_key")).collect()
    }

    /// The contacts that were erased as persons and are there again, and how many others have an
    /// address that was erased: those came by it later, and are somebody else.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn risen(
        &self,
        tombstones: &[Tombstone],
    ) -> Result<(Vec<ContactId>, u64), StorageError> {
        let rows = sqlx::query(
            "SELECT a.contact_id, bool_or(a.kind = 'person') AS is_person
               FROM addresses a WHERE a.address_key = ANY ($1)
              GROUP BY a.contact_id ORDER BY a.contact_id",
        )
        .bind(column(tombstones, |stone| stone.key.as_bytes().to_vec()))
        .fetch_all(self.pool())
        .await?;
        let (mut risen, mut others) = (Vec::new(), 0);
        for row in &rows {
            if row.try_get("is_person")? {
                risen.push(row.try_get::<uuid::Uuid, _>("contact_id")?.into());
            } else {
                others += 1;
            }
        }
        Ok((risen, others))
    }
}

/// The entry: reason and date, and nothing that leads to the person.
fn entry_for(actor: &str) -> NewSuppression {
    NewSuppression {
        // Each target is handed in beside it.
        target: Target::Person(AddressKey::from_bytes(&[0; 32]).expect("a key has 32 bytes")),
        reason: SuppressionReason::Erasure,
        origin: Origin::Recipient,
        actor: actor.to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    }
}
