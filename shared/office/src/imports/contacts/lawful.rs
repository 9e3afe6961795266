//! Who of an import cannot be written to for want of a legal basis on file.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::consent::LegalBasis;
use domain::rules::RuleBook;
use domain::whereabouts::{Known, Whereabouts};
use domain::{AddressKind, ContactChannel, ContactId};
use serde::Serialize;
use storage::contacts::{Imported, NewContact};
use storage::{Database, StorageError};

use crate::patience::patiently;

/// How many rows name somebody whom marketing by a channel cannot reach for want of a basis.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct WithoutBasis {
    /// By email.
    pub email: u64,
    /// By text message.
    pub sms: u64,
}

/// What it is worked out from.
#[derive(Clone)]
pub struct Lawful {
    pub rules: Arc<RuleBook>,
    pub fallback_zone: String,
    pub now: DateTime<Utc>,
}

impl Lawful {
    /// Counts the rows of a batch. Rules go by where a person could be, as the gate's do.
    ///
    /// # Errors
    /// When the database stays away.
    pub async fn without_basis(
        &self,
        database: &Database,
        contacts: &[NewContact],
        imported: &[Imported],
    ) -> Result<WithoutBasis, StorageError> {
        let mut asked: Vec<(ContactId, ContactChannel, Vec<&[LegalBasis]>)> = Vec::new();
        for (contact, imported) in contacts.iter().zip(imported) {
            let (Imported::Added(id) | Imported::Updated(id) | Imported::Unchanged(id)) = imported
            else {
                continue;
            };
            for channel in [ContactChannel::Email, ContactChannel::Sms] {
                let needed = self.needed(contact, channel);
                if !needed.is_empty() {
                    asked.push((*id, channel, needed));
                }
            }
        }
        let mut count = WithoutBasis::default();
        if asked.is_empty() {
            return Ok(count);
        }
        let ids: Vec<ContactId> = asked.iter().map(|(id, ..)| *id).collect();
        let on_file: HashSet<_> = patiently(|| database.bases_on_file(&ids, self.now)).await?;
        for (id, channel, needed) in asked {
            let has = |basis: &LegalBasis| on_file.contains(&(id, channel, *basis));
            if needed.iter().all(|accepted| accepted.iter().any(has)) {
                continue;
            }
            match channel {
                ContactChannel::Email => count.email += 1,
                _ => count.sms += 1,
            }
        }
        Ok(count)
    }

    /// The bases that each rule accepts which binds a message to the contact on this channel.
    fn needed(&self, contact: &NewContact, channel: ContactChannel) -> Vec<&[LegalBasis]> {
        let kind = match channel {
            ContactChannel::Email => AddressKind::Email,
            _ => AddressKind::Phone,
        };
        let Some(address) = contact.addresses.iter().find(|address| address.kind == kind) else {
            return Vec::new();
        };
        let place = Whereabouts::of(Known {
            time_zone: contact.time_zone.as_deref(),
            state: contact.state.as_deref(),
            country: contact.country.as_deref(),
            phone: Some(address.normalised.as_str()).filter(|_| kind == AddressKind::Phone),
            fallback: Some(&self.fallback_zone),
        })
        .place;
        let rules = self.rules.binding(&place, channel).into_iter();
        rules.filter(|rule| !rule.basis.is_empty()).map(|rule| rule.basis.as_slice()).collect()
    }
}
