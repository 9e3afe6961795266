//! A request as it comes in, and everything it covers (compliance.md SUP-17).

use std::time::Duration;

use domain::suppression::spread;
use domain::{AddressKey, AddressKind, EventId};

use super::{NewSuppression, Suppressed, Target};
use crate::{Database, StorageError};

/// What somebody wants, and how it reached us.
#[derive(Debug, Clone)]
pub struct Request {
    /// The address, the channel it came by, reason, origin, actor and evidence. The target is an
    /// address or a person; anything else is entered as it is.
    pub entry: NewSuppression,
    /// Stricter than the default: the whole person ("remove me").
    pub whole_person: bool,
}

impl Database {
    /// Makes every entry that the default matrix ([`spread`]) asks for, all or none, and waits up to
    /// `patience` for what is being handed over at this moment. The answer names the entry of the
    /// request's own target.
    ///
    /// # Errors
    /// When the database does not answer. Whether the entries were made is then unknown: repeat.
    pub async fn carry_out(
        &self,
        request: &Request,
        patience: Duration,
    ) -> Result<Suppressed, StorageError> {
        let entry = &request.entry;
        let targets: Vec<(EventId, Target)> = self
            .targets_of(request)
            .await?
            .into_iter()
            .map(|target| (EventId::new(), target))
            .collect();
        let covered = self.enter(&targets, entry).await?;
        domain::failpoint::pass("suppress.entered_undrained");
        let in_flight = self.drain(&covered, patience).await?;
        if in_flight.is_empty() {
            for (event, _) in &targets {
                self.note_drained(*event, &entry.actor).await?;
            }
        }
        let own = targets.iter().find(|(_, target)| *target == entry.target);
        let event = own.or(targets.first()).map_or_else(EventId::new, |(event, _)| *event);
        Ok(Suppressed { event, in_flight })
    }

    /// What a request covers.
    async fn targets_of(&self, request: &Request) -> Result<Vec<Target>, StorageError> {
        let own = request.entry.target;
        let Target::Address { key, channel, domain } = own else { return Ok(vec![own]) };
        let spread = spread(channel, request.entry.reason);
        let mut targets: Vec<Target> = spread
            .channels
            .iter()
            .map(|channel| Target::Address { key, channel: *channel, domain })
            .collect();
        targets.extend(spread.topic.map(|(channel, topic)| Target::Topic { key, channel, topic }));
        if spread.person || request.whole_person {
            // The address itself may serve on channels nobody has asked about; a person's entry
            // covers them only as long as a contact has it.
            let siblings = AddressKind::ALL
                .iter()
                .find(|kind| kind.channels().contains(&channel))
                .map_or(&[][..], |kind| kind.channels());
            targets.extend(
                siblings
                    .iter()
                    .filter(|sibling| !spread.channels.contains(sibling))
                    .map(|channel| Target::Address { key, channel: *channel, domain }),
            );
            targets.extend(self.people_at(key).await?.into_iter().map(Target::Person));
        }
        Ok(targets)
    }

    /// The keys of the people who have an address.
    async fn people_at(&self, key: AddressKey) -> Result<Vec<AddressKey>, StorageError> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT DISTINCT p.address_key FROM addresses a
               JOIN addresses p ON p.contact_id = a.contact_id AND p.kind = 'person'
              WHERE a.address_key = $1",
        )
        .bind(key.as_bytes().as_slice())
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().filter_map(|bytes| AddressKey::from_bytes(bytes)).collect())
    }
}
