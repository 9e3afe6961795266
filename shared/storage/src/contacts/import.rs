//! Importing contacts and their addresses, in batches.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use domain::contact::{ContactStatus, Group, Level};
use domain::{AddressId, AddressKey, AddressKeyer, AddressKind, ContactId, Locale};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use sqlx::{Postgres, Row, Transaction};

use super::{domain_key, person_key};
use crate::outcomes::column;
use crate::{Database, StorageError};

/// The length of a digest of an imported row (SHA-256).
const DIGEST_BYTES: usize = 32;
/// Rows of one run that are remembered for one contact.
const DIGESTS_KEPT: usize = 16;

/// A contact as an import brings it. `None` says nothing about a field: what is stored stays.
#[derive(Debug, Clone, Serialize)]
pub struct NewContact {
    /// The identity in the system it comes from.
    pub external_id: Option<String>,
    /// Full name.
    pub full_name: String,
    /// First name, as people are addressed.
    pub first_name: String,
    /// Language.
    pub locale: Option<Locale>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// When the person wants to be reached: HH:MM-HH:MM, local time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_hours: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// State or region.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Area or neighbourhood.
    pub area: Option<String>,
    /// Relationship.
    pub group: Option<Group>,
    /// Looking or not.
    pub status: Option<ContactStatus>,
    /// Likelihood.
    pub level: Option<Level>,
    /// FSBO, expired, PTA, buyer …
    pub contact_type: Option<String>,
    /// Where the contact comes from; never changed after the first import (domain.md T1).
    pub source: String,
    /// The agent's email.
    pub owner_email: Option<String>,
    /// Birthday.
    pub birthday: Option<chrono::NaiveDate>,
    /// The spouse's birthday.
    pub spouse_birthday: Option<chrono::NaiveDate>,
    /// Day of the closing.
    pub closing_date: Option<chrono::NaiveDate>,
    /// Notes on past correspondence.
    pub notes: Option<String>,
    /// Inner-circle and user-defined fields.
    pub custom: serde_json::Map<String, serde_json::Value>,
    /// The addresses, the preferred one of each kind first.
    pub addresses: Vec<NewAddress>,
    /// Texts that should have been addresses and are none; kept by [`AddressKeyer::raw_key`] alone.
    /// A row of a list with the same text holds the contact (compliance.md SUP-21).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// An address of a contact to be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewAddress {
    /// What kind.
    pub kind: AddressKind,
    /// home, mobile, work, fax …
    pub label: String,
    /// What is sent to.
    pub value: String,
    /// Its normalised form, from which the key is made.
    pub normalised: String,
    /// An email address's domain.
    pub domain: Option<String>,
    /// Why it cannot take SMS.
    pub sms_problem: Option<String>,
    /// Why it cannot be called.
    pub call_problem: Option<String>,
}

/// What an import did with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// A new contact.
    Added(ContactId),
    /// A known contact with something new.
    Updated(ContactId),
    /// A known contact with nothing new.
    Unchanged(ContactId),
    /// Somebody who was erased; nothing of the row is stored (compliance.md PRV-11).
    Erased,
}

/// One run over one file. Rows of one run that are the same person belong together: that they were
/// imported is remembered for each, so that another run over the same file changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct ImportRun {
    began: DateTime<Utc>,
    /// Of the sample: they are marked, and are nobody else.
    pub(crate) is_sample: bool,
}

struct Keyed<'a> {
    contact: &'a NewContact,
    keys: Vec<AddressKey>,
    digest: Vec<u8>,
}

/// The stored contact of a row.
struct Known {
    id: ContactId,
    /// Digests of the rows of the last run that had something new.
    digests: Vec<u8>,
    /// Whether that run is the present one.
    is_of_this_import: bool,
}

impl Known {
    fn has(&self, digest: &[u8]) -> bool {
        self.digests.chunks(DIGEST_BYTES).any(|known| known == digest)
    }

    /// The digests to remember once the row is imported.
    fn digests_with(&self, digest: &[u8]) -> Vec<u8> {
        let earlier = if self.is_of_this_import { self.digests.as_slice() } else { &[] };
        let mut digests = [earlier, digest].concat();
        digests.drain(..digests.len().saturating_sub(DIGESTS_KEPT * DIGEST_BYTES));
        digests
    }
}

impl Database {
    /// Imports a batch of contacts: a contact is known by its external id, else by a phone number,
    /// else by an email address (domain.md T1). Answers in the order given. Rows of one batch that
    /// are the same person are imported one after the other. Not to be cancelled half-way.
    ///
    /// # Errors
    /// When the database does not answer; repeat the batch.
    pub async fn import_contacts(
        &self,
        keyer: &AddressKeyer,
        contacts: &[NewContact],
    ) -> Result<Vec<Imported>, StorageError> {
        let run = self.begin_import().await?;
        self.import_rows(run, keyer, contacts).await
    }

    /// Begins a run over a file, whose rows go to [`Database::import_rows`].
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin_import(&self) -> Result<ImportRun, StorageError> {
        let began = sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(self.pool()).await?;
        Ok(ImportRun { began, is_sample: false })
    }

    /// Imports a batch of a run, as [`Database::import_contacts`] does.
    ///
    /// # Errors
    /// When the database does not answer; repeat the batch.
    pub async fn import_rows(
        &self,
        run: ImportRun,
        keyer: &AddressKeyer,
        contacts: &[NewContact],
    ) -> Result<Vec<Imported>, StorageError> {
        let keyed: Vec<Keyed<'_>> = contacts.iter().map(|contact| key(keyer, contact)).collect();
        let mut imported = Vec::with_capacity(contacts.len());
        let mut rest = keyed.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(disjoint_prefix(rest));
            imported.extend(self.import_disjoint(run, keyer, batch).await?);
            rest = after;
        }
        Ok(imported)
    }

    async fn import_disjoint(
        &self,
        run: ImportRun,
        keyer: &AddressKeyer,
        batch: &[Keyed<'_>],
    ) -> Result<Vec<Imported>, StorageError> {
        let known = self.known(run, batch).await?;
        let erased = self.erased_keys(batch.iter().flat_map(|row| &row.keys)).await?;
        let mut imported = Vec::with_capacity(batch.len());
        let mut documents = Vec::new();
        let mut changed = Vec::new();
        let mut updated = Vec::new();
        for (row, known) in batch.iter().zip(known) {
            if row.keys.iter().any(|key| erased.contains(key)) {
                imported.push(Imported::Erased);
                continue;
            }
            let (id, outcome, digests) = match &known {
                Some(known) if known.has(&row.digest) => {
                    imported.push(Imported::Unchanged(known.id));
                    continue;
                }
                Some(known) => {
                    (known.id, Imported::Updated(known.id), known.digests_with(&row.digest))
                }
                None => {
                    let id = ContactId::new();
                    (id, Imported::Added(id), row.digest.clone())
                }
            };
            imported.push(outcome);
            updated.extend(known.as_ref().map(|known| known.id));
            documents.push(document(id, known.is_some(), row, &digests));
            changed.push((id, row));
        }
        if !documents.is_empty() {
            let mut tx = self.pool().begin().await?;
            sqlx::query(include_str!("../sql/upsert_contacts.sql"))
                .bind(Json(documents))
                .bind(run.is_sample)
                .execute(&mut *tx)
                .await?;
            store_addresses(&mut tx, keyer, &changed, &updated).await?;
            store_unreadable(&mut tx, keyer, &changed).await?;
            tx.commit().await?;
        }
        Ok(imported)
    }

    /// The stored contact of each row.
    async fn known(
        &self,
        run: ImportRun,
        batch: &[Keyed<'_>],
    ) -> Result<Vec<Option<Known>>, StorageError> {
        let key_of = |row: &Keyed<'_>, kind: AddressKind| -> Option<Vec<u8>> {
            let index = row.contact.addresses.iter().position(|address| address.kind == kind)?;
            Some(row.keys[index].as_bytes().to_vec())
        };
        let rows = sqlx::query(include_str!("../sql/known_contacts.sql"))
            .bind(column(batch, |row| row.contact.external_id.clone()))
            .bind(column(batch, |row| key_of(row, AddressKind::Phone)))
            .bind(column(batch, |row| key_of(row, AddressKind::Email)))
            .bind(run.began)
            .bind(run.is_sample)
            .fetch_all(self.pool())
            .await?;
        rows.iter()
            .map(|row| {
                let Some(id) = row.try_get::<Option<uuid::Uuid>, _>("id")? else { return Ok(None) };
                Ok(Some(Known {
                    id: id.into(),
                    digests: row.try_get::<Option<_>, _>("digest")?.unwrap_or_default(),
                    is_of_this_import: row.try_get("of_this_import")?,
                }))
            })
            .collect()
    }
}

fn key<'a>(keyer: &AddressKeyer, contact: &'a NewContact) -> Keyed<'a> {
    let keys = contact.addresses.iter().map(|a| keyer.key(a.kind, &a.normalised)).collect();
    let digest = serde_json::to_vec(contact).map(|bytes| Sha256::digest(bytes).to_vec());
    Keyed { contact, keys, digest: digest.unwrap_or_default() }
}

/// How many rows from the beginning name no identity twice.
fn disjoint_prefix(rows: &[Keyed<'_>]) -> usize {
    let mut external_ids = HashSet::new();
    let mut keys = HashSet::new();
    for (index, row) in rows.iter().enumerate() {
        let external = row.contact.external_id.as_deref();
        if external.is_some_and(|id| !external_ids.insert(id)) {
            return index;
        }
        if row.keys.iter().any(|key| keys.contains(key)) {
            return index;
        }
        keys.extend(row.keys.iter().copied());
    }
    rows.len()
}

fn document(id: ContactId, known: bool, row: &Keyed<'_>, digests: &[u8]) -> serde_json::Value {
    let mut document = serde_json::to_value(row.contact).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("addresses");
        fields.remove("unreadable");
        fields.insert("id".to_owned(), serde_json::json!(id));
        fields.insert("known".to_owned(), serde_json::json!(known));
        let digest: String = digests.iter().map(|byte| format!("{byte:02x}")).collect();
        fields.insert("digest".to_owned(), serde_json::json!(digest));
    }
    document
}

async fn store_addresses(
    tx: &mut Transaction<'static, Postgres>,
    keyer: &AddressKeyer,
    changed: &[(ContactId, &Keyed<'_>)],
    known: &[ContactId],
) -> Result<(), StorageError> {
    let mut rows = Vec::new();
    for (contact, row) in changed {
        let person = person_key(keyer, *contact);
        for (position, (address, key)) in row.contact.addresses.iter().zip(&row.keys).enumerate() {
            let position = i16::try_from(position).unwrap_or(i16::MAX);
            let domain = address.domain.as_ref().map(|name| domain_key(keyer, name));
            rows.push((*contact, person, position, *key, domain, address.clone()));
        }
        let own = NewAddress {
            kind: AddressKind::Person,
            label: String::new(),
            value: contact.to_string(),
            normalised: String::new(),
            domain: None,
            sms_problem: None,
            call_problem: None,
        };
        rows.push((*contact, person, 0, person, None, own));
    }
    if !known.is_empty() {
        // The insert brings those it names back to the front.
        sqlx::query(include_str!("../sql/move_addresses.sql"))
            .bind(column(known, |contact| contact.as_uuid()))
            .execute(&mut **tx)
            .await?;
    }
    sqlx::query(include_str!("../sql/store_addresses.sql"))
        .bind(column(&rows, |_| AddressId::new().as_uuid()))
        .bind(column(&rows, |row| row.0.as_uuid()))
        .bind(column(&rows, |row| row.5.kind.as_str()))
        .bind(column(&rows, |row| row.5.label.clone()))
        .bind(column(&rows, |row| row.5.value.clone()))
        .bind(column(&rows, |row| row.3.as_bytes().to_vec()))
        .bind(column(&rows, |row| row.2))
        .bind(column(&rows, |row| row.5.sms_problem.clone()))
        .bind(column(&rows, |row| row.5.call_problem.clone()))
        .execute(&mut **tx)
        .await?;
    let states: Vec<_> = rows
        .iter()
        .flat_map(|row| row.5.kind.channels().iter().map(move |channel| (row, channel)))
        .collect();
    sqlx::query("SELECT ensure_address_states($1, $2::text[]::contact_channel[], $3, $4)")
        .bind(column(&states, |(row, _)| row.3.as_bytes().to_vec()))
        .bind(column(&states, |(_, channel)| channel.as_str()))
        .bind(column(&states, |(row, _)| row.4.map(|key| key.as_bytes().to_vec())))
        .bind(column(&states, |(row, _)| row.1.as_bytes().to_vec()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Remembers texts that are no address, and holds their contacts if a list had the same text.
async fn store_unreadable(
    tx: &mut Transaction<'static, Postgres>,
    keyer: &AddressKeyer,
    changed: &[(ContactId, &Keyed<'_>)],
) -> Result<(), StorageError> {
    let keys = |row: &Keyed<'_>| -> Vec<AddressKey> {
        row.contact.unreadable.iter().map(|text| keyer.raw_key(text)).collect()
    };
    let rows: Vec<(ContactId, AddressKey)> = changed
        .iter()
        .flat_map(|(contact, row)| keys(row).into_iter().map(|key| (*contact, key)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    // The lock comes first, so that a list that is imported at this moment sees the texts, or is
    // seen; the exclusive one, because holding somebody takes it anyway.
    sqlx::query("SELECT pg_advisory_xact_lock(inheritance_lock())").execute(&mut **tx).await?;
    sqlx::query(
        "INSERT INTO unreadable_addresses (contact_id, raw_key)
         SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING",
    )
    .bind(column(&rows, |(contact, _)| contact.as_uuid()))
    .bind(column(&rows, |(_, key)| key.as_bytes().to_vec()))
    .execute(&mut **tx)
    .await?;
    sqlx::query("SELECT hold_quarantined($1)")
        .bind(column(&rows, |(contact, _)| contact.as_uuid()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
