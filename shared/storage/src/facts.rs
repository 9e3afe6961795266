//! What the gate asks about a batch of contacts besides the list: what was sent to them, what of
//! theirs is in hand, legal bases, relationships, pauses, days without messages.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::timestamp;
use domain::consent::{Grant, LegalBasis};
use domain::pause::Pause;
use domain::relationship::{CallPurpose, Listing, RelationshipKind};
use domain::suppression::Purpose;
use domain::{AddressKey, BlackoutId, ConsentId, ContactChannel, ContactId, TouchId};
use serde::Deserialize;
use sqlx::Row;

use crate::{Database, StorageError};

/// The answer for a batch.
#[derive(Debug, Default)]
pub struct GateFacts {
    /// The pauses in force.
    pub pauses: Vec<Pause>,
    /// Days without messages, from yesterday on.
    pub blackouts: Vec<Blackout>,
    contacts: HashMap<ContactId, ContactHistory>,
}

/// What concerns one contact.
#[derive(Debug, Default)]
pub struct ContactHistory {
    /// Marketing touches that were handed over, or may have been.
    pub sends: Vec<Send>,
    /// Channels on which a marketing touch has reached the person before the oldest of `sends`.
    pub reached: Vec<ContactChannel>,
    /// Marketing touches that are claimed and not recorded.
    pub in_hand: Vec<InHand>,
    /// Records of legal bases.
    pub consents: Vec<ConsentFact>,
    /// Their withdrawals.
    pub withdrawals: Vec<WithdrawalFact>,
    /// What happened between the person and us.
    pub relationships: Vec<RelationshipFact>,
    /// The property the person is called about.
    pub listing: Option<ListingFact>,
}

/// A marketing touch that was handed over.
#[derive(Debug, Clone, Deserialize)]
pub struct Send {
    /// The touch.
    pub touch: TouchId,
    /// The channel it went by.
    pub channel: ContactChannel,
    /// What it was about.
    pub topic: String,
    /// Business time.
    pub at: DateTime<Utc>,
    /// Of calls: whether the person heard it out.
    pub answered: bool,
    /// Of calls: whether the person refused.
    pub refused: bool,
}

/// A marketing touch that is claimed and not recorded.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct InHand {
    /// The touch.
    pub touch: TouchId,
    /// The channel it goes by.
    pub channel: ContactChannel,
}

/// A record of a legal basis, for one channel and purpose.
#[derive(Debug, Clone, Deserialize)]
pub struct ConsentFact {
    id: ConsentId,
    /// The key of the address it was given for, in hexadecimal.
    address: Option<String>,
    channel: ContactChannel,
    purpose: Purpose,
    basis: LegalBasis,
    given_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// The day of the signed document.
    document_on: Option<NaiveDate>,
}

/// A withdrawal, for one channel and purpose.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct WithdrawalFact {
    channel: ContactChannel,
    purpose: Purpose,
    at: DateTime<Utc>,
}

/// What happened between a person and the seller.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RelationshipFact {
    /// The record.
    pub id: uuid::Uuid,
    /// What it was.
    pub what: RelationshipKind,
    /// When it was.
    pub on: NaiveDate,
}

/// The property a person is called about, and why.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ListingFact {
    /// The record.
    pub id: uuid::Uuid,
    /// The property; nothing when that matter is over.
    pub listing: Option<Listing>,
    /// Why the person is called.
    pub purpose: CallPurpose,
    /// The active buyer a call is made for.
    pub buyer: Option<ContactId>,
}

/// Days on which the team reaches nobody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Blackout {
    /// Its identity.
    pub id: BlackoutId,
    /// The first local day of the recipient.
    pub first_day: NaiveDate,
    /// The last one.
    pub last_day: NaiveDate,
    /// The channel it is for; nothing means all.
    pub channel: Option<ContactChannel>,
    /// Why.
    pub reason: String,
}

/// A row of `gate_facts.sql`.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Fact {
    Send(Send),
    Reached { channel: ContactChannel },
    InHand(InHand),
    Consent(ConsentFact),
    Withdrawal(WithdrawalFact),
    Relationship(RelationshipFact),
    Listing(ListingFact),
    Pause(Pause),
    Blackout(Blackout),
}

impl Database {
    /// What the gate asks about these contacts, of sends those after `since` (and every refusal).
    /// To be asked after the claims of the batch, never before.
    ///
    /// # Errors
    /// When the database does not answer: nothing may be handed over then.
    pub async fn gate_facts(
        &self,
        contacts: &[ContactId],
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<GateFacts, StorageError> {
        let ids: Vec<uuid::Uuid> = contacts.iter().map(|contact| contact.as_uuid()).collect();
        // The day of the furthest west: nowhere is it more than a day behind UTC.
        let oldest_day = (now - TimeDelta::days(1)).date_naive();
        let rows = sqlx::query(include_str!("sql/gate_facts.sql"))
            .bind(ids)
            .bind(since)
            .bind(oldest_day)
            .fetch_all(self.pool())
            .await?;
        let mut facts = GateFacts::default();
        for row in &rows {
            let contact: Option<uuid::Uuid> = row.try_get("contact_id")?;
            let fact: sqlx::types::Json<Fact> = row.try_get("fact")?;
            facts.take(contact.map(ContactId::from), fact.0);
        }
        Ok(facts)
    }
}

impl GateFacts {
    /// What concerns this contact; nothing when there is nothing.
    #[must_use]
    pub fn of(&self, contact: ContactId) -> &ContactHistory {
        const NOTHING: &ContactHistory = &ContactHistory {
            sends: Vec::new(),
            reached: Vec::new(),
            in_hand: Vec::new(),
            consents: Vec::new(),
            withdrawals: Vec::new(),
            relationships: Vec::new(),
            listing: None,
        };
        self.contacts.get(&contact).unwrap_or(NOTHING)
    }

    fn take(&mut self, contact: Option<ContactId>, fact: Fact) {
        let Some(contact) = contact else {
            match fact {
                Fact::Pause(pause) => self.pauses.push(pause),
                Fact::Blackout(blackout) => self.blackouts.push(blackout),
                _ => {}
            }
            return;
        };
        let history = self.contacts.entry(contact).or_default();
        match fact {
            Fact::Send(send) => history.sends.push(send),
            Fact::Reached { channel } => history.reached.push(channel),
            Fact::InHand(in_hand) => history.in_hand.push(in_hand),
            Fact::Consent(consent) => history.consents.push(consent),
            Fact::Withdrawal(withdrawal) => history.withdrawals.push(withdrawal),
            Fact::Relationship(relationship) => history.relationships.push(relationship),
            Fact::Listing(listing) => history.listing = Some(listing),
            Fact::Pause(_) | Fact::Blackout(_) => {}
        }
    }
}

impl ContactHistory {
    /// Whether no marketing touch but `touch` has ever been handed over to the person on `channel`.
    #[must_use]
    pub fn is_first(&self, touch: TouchId, channel: ContactChannel) -> bool {
        let other = |send: &Send| send.touch != touch && send.channel == channel;
        !self.reached.contains(&channel) && !self.sends.iter().any(other)
    }

    /// The records of legal bases for this address, channel and purpose, and the instants of their
    /// withdrawals. A record for one address counts for that address alone.
    #[must_use]
    pub fn bases(
        &self,
        address: AddressKey,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> (Vec<Grant>, Vec<jiff::Timestamp>) {
        let grants = self.for_use(address, channel, purpose).map(|consent| Grant {
            id: consent.id,
            basis: consent.basis,
            given_at: timestamp(consent.given_at),
            expires_at: consent.expires_at.map(timestamp),
        });
        let withdrawals = self
            .withdrawals
            .iter()
            .filter(|withdrawal| (withdrawal.channel, withdrawal.purpose) == (channel, purpose));
        (grants.collect(), withdrawals.map(|withdrawal| timestamp(withdrawal.at)).collect())
    }

    /// The days of the documents behind the record with this identity: a signed agreement.
    #[must_use]
    pub fn document_of(&self, consent: ConsentId) -> Option<NaiveDate> {
        self.consents.iter().find(|known| known.id == consent)?.document_on
    }

    fn for_use(
        &self,
        address: AddressKey,
        channel: ContactChannel,
        purpose: Purpose,
    ) -> impl Iterator<Item = &ConsentFact> {
        let key = self.consents.iter().any(|consent| consent.address.is_some());
        let key = key.then(|| address.to_hex());
        self.consents.iter().filter(move |consent| {
            (consent.channel, consent.purpose) == (channel, purpose)
                && consent.address.as_ref().is_none_or(|own| Some(own) == key.as_ref())
        })
    }
}
