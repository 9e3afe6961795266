//! Consent records and other legal bases, with their proof; append-only (compliance.md PRV-01).

mod batch;

use chrono::{DateTime, NaiveDate, Utc};
use domain::clock::timestamp;
use domain::consent::{Grant, LegalBasis, basis_at};
use domain::suppression::Purpose;
use domain::{AddressKey, ConsentId, ContactChannel, ContactId, EventId};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::outcomes::column;
use crate::words::word;
use crate::{Database, StorageError};

/// A picture, page or form as the person saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The name of the file.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What proves a legal basis.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The seller or controller it was given to.
    pub controller: String,
    /// The exact text that was shown; a consent needs one.
    pub wording: String,
    /// Its language, as in `en` or `ar`.
    pub language: String,
    /// The request as it was presented.
    pub snapshot: Option<Snapshot>,
    /// What the person did; a consent needs it.
    pub act: String,
    /// When, business time.
    pub given_at: DateTime<Utc>,
    /// The person's time zone then, an IANA name.
    pub given_zone: String,
    /// Where: a URL, a form, an agent, a recording.
    pub source: String,
    /// The network address it came from.
    pub ip: Option<String>,
    /// The program it came from.
    pub user_agent: Option<String>,
    /// The proof that the address confirmed it.
    pub double_opt_in: Option<String>,
    /// The weighing of interests, or the signed agreement, and its day; a legitimate interest needs
    /// them.
    pub document: Option<(String, NaiveDate)>,
}

/// A record to be made.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// Whom it is about.
    pub contact: ContactId,
    /// The address or number it was given for; nothing means whichever the contact has.
    pub address: Option<AddressKey>,
    /// The channels it covers.
    pub channels: Vec<ContactChannel>,
    /// The purposes it covers.
    pub purposes: Vec<Purpose>,
    /// The basis.
    pub basis: LegalBasis,
    /// What proves it.
    pub proof: Proof,
    /// When it ends by itself; an implied consent does.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who records it.
    pub actor: String,
}

/// A record, as it is kept.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Its identity.
    pub id: ConsentId,
    /// The address or number it was given for.
    pub address: Option<AddressKey>,
    /// What it covers.
    pub uses: Vec<(ContactChannel, Purpose)>,
    /// The basis.
    pub basis: LegalBasis,
    /// What proves it; the snapshot has its name and no bytes here.
    pub proof: Proof,
    /// The SHA-256 of the wording, in hexadecimal: its version.
    pub wording_hash: String,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who recorded it.
    pub actor: String,
    /// When it was recorded, machine time.
    pub recorded_at: DateTime<Utc>,
}

/// A withdrawal of everything given before it, on one channel for one purpose.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The channel.
    pub channel: ContactChannel,
    /// The purpose.
    pub purpose: Purpose,
    /// When, business time.
    pub withdrawn_at: DateTime<Utc>,
    /// Who recorded it.
    pub actor: String,
    /// What proves it.
    pub evidence: String,
    /// The entry of the list that it led to.
    pub suppression: Option<EventId>,
}

impl Database {
    /// Records a legal basis and what proves it.
    ///
    /// # Errors
    /// When a proof is missing that the basis needs ([`StorageError::Constraint`]), or the database
    /// does not answer.
    pub async fn record_consent(&self, consent: &NewConsent) -> Result<ConsentId, StorageError> {
        let id = ConsentId::new();
        let proof = &consent.proof;
        sqlx::query(include_str!("sql/record_consent.sql"))
            .bind(id.as_uuid())
            .bind(consent.contact.as_uuid())
            .bind(consent.address.map(|key| key.as_bytes().to_vec()))
            .bind(consent.basis.as_str())
            .bind(&proof.controller)
            .bind(&proof.wording)
            .bind(Sha256::digest(&proof.wording).to_vec())
            .bind(&proof.language)
            .bind(proof.snapshot.as_ref().map(|snapshot| &snapshot.name))
            .bind(proof.snapshot.as_ref().map(|snapshot| &snapshot.bytes))
            .bind(&proof.act)
            .bind(proof.given_at)
            .bind(&proof.given_zone)
            .bind(&proof.source)
            .bind(proof.ip.as_deref())
            .bind(proof.user_agent.as_deref())
            .bind(proof.double_opt_in.as_deref())
            .bind(proof.document.as_ref().map(|(document, _)| document))
            .bind(proof.document.as_ref().map(|(_, day)| *day))
            .bind(consent.expires_at)
            .bind(&consent.actor)
            .bind(column(&consent.channels, |channel| channel.as_str()))
            .bind(column(&consent.purposes, |purpose| purpose.as_str()))
            .execute(self.pool())
            .await?;
        Ok(id)
    }

    /// Records that a contact withdrew, on one channel for one purpose. The list is the caller's
    /// business.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdraw_consent(
        &self,
        contact: ContactId,
        withdrawal: &Withdrawal,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO consent_withdrawals (id, contact_id, channel, purpose, withdrawn_at, actor,
                                              evidence, suppression_event)
             VALUES ($1, $2, $3::text::contact_channel, $4::text::purpose, $5, $6, $7, $8)",
        )
        .bind(EventId::new().as_uuid())
        .bind(contact.as_uuid())
        .bind(withdrawal.channel.as_str())
        .bind(withdrawal.purpose.as_str())
        .bind(withdrawal.withdrawn_at)
        .bind(&withdrawal.actor)
        .bind(&withdrawal.evidence)
        .bind(withdrawal.suppression.map(EventId::as_uuid))
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Every record about a contact, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn consents(&self, contact: ContactId) -> Result<Vec<Consent>, StorageError> {
        let rows = sqlx::query(
            "SELECT c.id, c.address_key, c.basis::text AS basis, c.controller, c.wording,
                    encode(c.wording_hash, 'hex') AS wording_hash, c.language, c.snapshot_name,
                    c.act, c.given_at, c.given_zone, c.source, c.ip, c.user_agent, c.double_opt_in,
                    c.document, c.document_on, c.expires_at, c.actor, c.recorded_at,
                    ARRAY(SELECT u.channel::text FROM consent_uses u WHERE u.consent_id = c.id
                           ORDER BY u.channel, u.purpose) AS channels,
                    ARRAY(SELECT u.purpose::text FROM consent_uses u WHERE u.consent_id = c.id
                           ORDER BY u.channel, u.purpose) AS purposes
               FROM consents c WHERE c.contact_id = $1 ORDER BY c.given_at, c.id",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(consent).collect()
    }

    /// Every withdrawal of a contact, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdrawals(&self, contact: ContactId) -> Result<Vec<Withdrawal>, StorageError> {
        let rows = sqlx::query(
            "SELECT channel::text AS channel, purpose::text AS purpose, withdrawn_at, actor,
                    evidence, suppression_event
               FROM consent_withdrawals WHERE contact_id = $1 ORDER BY withdrawn_at, id",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let suppression: Option<uuid::Uuid> = row.try_get("suppression_event")?;
                Ok(Withdrawal {
                    channel: word(row, "channel")?,
                    purpose: word(row, "purpose")?,
                    withdrawn_at: row.try_get("withdrawn_at")?,
                    actor: row.try_get("actor")?,
                    evidence: row.try_get("evidence")?,
                    suppression: suppression.map(EventId::from),
                })
            })
            .collect()
    }

    /// The record that allows reaching a contact at `at`, if there is one. A record for one address
    /// counts for that address alone.
    ///
    /// # Errors
    /// When the database does not answer: nothing may be placed then.
    pub async fn legal_basis(
        &self,
        contact: ContactId,
        address: Option<AddressKey>,
        channel: ContactChannel,
        purpose: Purpose,
        at: DateTime<Utc>,
    ) -> Result<Option<Grant>, StorageError> {
        let rows = sqlx::query(
            "SELECT c.id, c.basis::text AS basis, c.given_at, c.expires_at,
                    NULL::timestamptz AS withdrawn_at
               FROM consents c JOIN consent_uses u ON u.consent_id = c.id
              WHERE c.contact_id = $1 AND (c.address_key IS NULL OR c.address_key = $2)
                AND u.channel = $3::text::contact_channel AND u.purpose = $4::text::purpose
             UNION ALL
             SELECT NULL, NULL, NULL, NULL, withdrawn_at FROM consent_withdrawals
              WHERE contact_id = $1 AND channel = $3::text::contact_channel
                AND purpose = $4::text::purpose",
        )
        .bind(contact.as_uuid())
        .bind(address.map(|key| key.as_bytes().to_vec()))
        .bind(channel.as_str())
        .bind(purpose.as_str())
        .fetch_all(self.pool())
        .await?;
        let (mut grants, mut withdrawals) = (Vec::new(), Vec::new());
        for row in &rows {
            if let Some(withdrawn) = row.try_get::<Option<DateTime<Utc>>, _>("withdrawn_at")? {
                withdrawals.push(timestamp(withdrawn));
                continue;
            }
            let expires: Option<DateTime<Utc>> = row.try_get("expires_at")?;
            grants.push(Grant {
                id: row.try_get::<uuid::Uuid, _>("id")?.into(),
                basis: word(row, "basis")?,
                given_at: timestamp(row.try_get("given_at")?),
                expires_at: expires.map(timestamp),
            });
        }
        Ok(basis_at(&grants, &withdrawals, timestamp(at)))
    }
}

fn consent(row: &PgRow) -> Result<Consent, StorageError> {
    let address: Option<Vec<u8>> = row.try_get("address_key")?;
    let snapshot: Option<String> = row.try_get("snapshot_name")?;
    let document: Option<String> = row.try_get("document")?;
    let document_on: Option<NaiveDate> = row.try_get("document_on")?;
    Ok(Consent {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        address: address.and_then(|key| AddressKey::from_bytes(&key)),
        uses: uses(row)?,
        basis: word(row, "basis")?,
        proof: Proof {
            controller: row.try_get("controller")?,
            wording: row.try_get("wording")?,
            language: row.try_get("language")?,
            snapshot: snapshot.map(|name| Snapshot { name, bytes: Vec::new() }),
            act: row.try_get("act")?,
            given_at: row.try_get("given_at")?,
            given_zone: row.try_get("given_zone")?,
            source: row.try_get("source")?,
            ip: row.try_get("ip")?,
            user_agent: row.try_get("user_agent")?,
            double_opt_in: row.try_get("double_opt_in")?,
            document: document.zip(document_on),
        },
        wording_hash: row.try_get("wording_hash")?,
        expires_at: row.try_get("expires_at")?,
        actor: row.try_get("actor")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}

fn uses(row: &PgRow) -> Result<Vec<(ContactChannel, Purpose)>, StorageError> {
    let channels: Vec<String> = row.try_get("channels")?;
    let purposes: Vec<String> = row.try_get("purposes")?;
    let unreadable = |why: domain::UnknownWord| StorageError::unreadable("use of a consent", why);
    let both = channels.iter().zip(&purposes);
    both.map(|(channel, purpose)| {
        let channel = channel.parse().map_err(unreadable)?;
        Ok((channel, purpose.parse().map_err(unreadable)?))
    })
    .collect()
}
