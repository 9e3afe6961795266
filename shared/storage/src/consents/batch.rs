//! Records of legal bases in batches, and whom they are about.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::consent::LegalBasis;
use domain::suppression::Purpose;
use domain::{AddressKey, ConsentId, ContactChannel, ContactId};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::NewConsent;
use crate::outcomes::column;
use crate::words::{address_key, word};
use crate::{Database, StorageError};

impl Database {
    /// The contacts that have each of these addresses.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contacts_with(
        &self,
        keys: &[AddressKey],
    ) -> Result<HashMap<AddressKey, Vec<ContactId>>, StorageError> {
        let rows = sqlx::query(
            "SELECT DISTINCT address_key, contact_id FROM addresses WHERE address_key = ANY ($1)",
        )
        .bind(column(keys, |key| key.as_bytes().as_slice()))
        .fetch_all(self.pool())
        .await?;
        let mut found: HashMap<AddressKey, Vec<ContactId>> = HashMap::new();
        for row in &rows {
            let contact: uuid::Uuid = row.try_get("contact_id")?;
            found.entry(address_key(row, "address_key")?).or_default().push(contact.into());
        }
        Ok(found)
    }

    /// The contacts that have these addresses, or had them when a touch was made for them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contacts_of_keys(
        &self,
        keys: &[AddressKey],
    ) -> Result<Vec<ContactId>, StorageError> {
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT contact_id FROM addresses WHERE address_key = ANY ($1)
             UNION
             SELECT contact_id FROM touches
              WHERE address_key = ANY ($1) AND contact_id IS NOT NULL",
        )
        .bind(column(keys, |key| key.as_bytes().as_slice()))
        .fetch_all(self.pool())
        .await?;
        Ok(ids.into_iter().map(ContactId::from).collect())
    }

    /// The contacts of these ids or external ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contacts_called(
        &self,
        names: &[String],
    ) -> Result<HashMap<String, ContactId>, StorageError> {
        let ids: Vec<uuid::Uuid> = names.iter().filter_map(|name| name.parse().ok()).collect();
        let rows = sqlx::query(
            "SELECT id, id::text AS name FROM contacts WHERE id = ANY ($1)
             UNION ALL
             SELECT id, external_id FROM contacts WHERE external_id = ANY ($2)",
        )
        .bind(ids)
        .bind(names)
        .fetch_all(self.pool())
        .await?;
        let known = rows.iter().map(|row| {
            let id: uuid::Uuid = row.try_get("id")?;
            Ok((row.try_get("name")?, id.into()))
        });
        known.collect()
    }

    /// Records those that are not on file yet: a record is, when one of the same contact, address,
    /// basis, instant, wording, source, controller, document and end covers the same. No snapshots.
    /// Returns for each whether it was added. The records of one call differ from each other.
    ///
    /// # Errors
    /// When a proof is missing that a basis needs ([`StorageError::Constraint`]), or the database
    /// does not answer; nothing is recorded then.
    pub async fn record_consents_once(
        &self,
        consents: &[NewConsent],
    ) -> Result<Vec<bool>, StorageError> {
        let ids: Vec<ConsentId> = consents.iter().map(|_| ConsentId::new()).collect();
        let rows: Vec<serde_json::Value> =
            ids.iter().zip(consents).map(|(id, consent)| as_json(*id, consent)).collect();
        let recorded = sqlx::query(include_str!("../sql/record_consents_once.sql"))
            .bind(sqlx::types::Json(rows))
            .fetch_all(self.pool())
            .await?;
        let recorded: HashSet<uuid::Uuid> =
            recorded.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
        Ok(ids.iter().map(|id| recorded.contains(&id.as_uuid())).collect())
    }

    /// The bases that are on file for marketing to these contacts and in force at `now`, by channel;
    /// for which address is not told.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bases_on_file(
        &self,
        contacts: &[ContactId],
        now: DateTime<Utc>,
    ) -> Result<HashSet<(ContactId, ContactChannel, LegalBasis)>, StorageError> {
        let rows = sqlx::query(
            "SELECT DISTINCT c.contact_id, u.channel::text AS channel, c.basis::text AS basis
               FROM consents c JOIN consent_uses u ON u.consent_id = c.id
              WHERE c.contact_id = ANY ($1) AND u.purpose = $3::text::purpose
                AND c.given_at <= $2 AND (c.expires_at IS NULL OR c.expires_at > $2)
                AND NOT EXISTS (SELECT FROM consent_withdrawals w
                                 WHERE w.contact_id = c.contact_id AND w.channel = u.channel
                                   AND w.purpose = u.purpose AND w.withdrawn_at >= c.given_at
                                   AND w.withdrawn_at <= $2)",
        )
        .bind(column(contacts, |contact| contact.as_uuid()))
        .bind(now)
        .bind(Purpose::Marketing.as_str())
        .fetch_all(self.pool())
        .await?;
        let known = rows.iter().map(|row| {
            let contact: uuid::Uuid = row.try_get("contact_id")?;
            Ok((contact.into(), word(row, "channel")?, word(row, "basis")?))
        });
        known.collect()
    }
}

fn as_json(id: ConsentId, consent: &NewConsent) -> serde_json::Value {
    let proof = &consent.proof;
    json!({
        "id": id,
        "contact_id": consent.contact,
        "address_key": consent.address.map(|key| key.to_hex()),
        "basis": consent.basis,
        "controller": proof.controller,
        "wording": proof.wording,
        "wording_hash": domain::hex::encode(&Sha256::digest(&proof.wording)),
        "language": proof.language,
        "act": proof.act,
        "given_at": proof.given_at,
        "given_zone": proof.given_zone,
        "source": proof.source,
        "ip": proof.ip,
        "user_agent": proof.user_agent,
        "double_opt_in": proof.double_opt_in,
        "document": proof.document.as_ref().map(|(document, _)| document),
        "document_on": proof.document.as_ref().map(|(_, day)| day),
        "expires_at": consent.expires_at,
        "actor": consent.actor,
        "channels": consent.channels,
        "purposes": consent.purposes,
    })
}
