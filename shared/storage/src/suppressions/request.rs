//! A request as it comes in, and everything it covers (compliance.md SUP-17).

use std::time::Duration;

use domain::suppression::spread;
use domain::{AddressKind, EventId};

use super::{NewSuppression, Suppressed, Target};
use crate::arrivals::Said;
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

/// By then every lease is over that was running when an entry was made.
const LONGEST_DRAIN: Duration = Duration::from_secs(300);

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
        self.carry_out_once(request, None, patience).await
    }

    /// The same for a request that `said` tells apart: repeated, it enters nothing, and it is dated
    /// by when it was said. A start that was said later lifts it at once.
    pub(crate) async fn carry_out_once(
        &self,
        request: &Request,
        said: Option<&Said>,
        patience: Duration,
    ) -> Result<Suppressed, StorageError> {
        let entry = &request.entry;
        let targets: Vec<(EventId, Target)> = self
            .targets_of(request)
            .await?
            .into_iter()
            .map(|target| (EventId::new(), target))
            .collect();
        let covered = self.enter(&targets, entry, said).await?;
        domain::failpoint::pass("suppress.entered_undrained");
        let in_flight = self.drain(&covered, patience).await?;
        let events: Vec<EventId> = targets.iter().map(|(event, _)| *event).collect();
        if in_flight.is_empty() {
            self.note_all_drained(&events, &entry.actor).await?;
        } else {
            self.drain_on(covered, events, entry.actor.clone());
        }
        let own = targets.iter().find(|(_, target)| *target == entry.target);
        let event = own.or(targets.first()).map_or_else(EventId::new, |(event, _)| *event);
        Ok(Suppressed { event, in_flight })
    }

    async fn note_all_drained(&self, events: &[EventId], by: &str) -> Result<(), StorageError> {
        for event in events {
            self.note_drained(*event, by).await?;
        }
        Ok(())
    }

    /// Waits on when whoever asked no longer does, so that the history says when nothing left any
    /// more. That is for people to read: the entry is in force, and a process that ends loses only
    /// the note.
    fn drain_on(&self, covered: Vec<(Vec<u8>, String)>, events: Vec<EventId>, actor: String) {
        let database = self.clone();
        tokio::spawn(async move {
            let drained = database.drain(&covered, LONGEST_DRAIN).await;
            if drained.is_ok_and(|left| left.is_empty()) {
                // Nobody is left to be told when it cannot be noted.
                let _ = database.note_all_drained(&events, &actor).await;
            }
        });
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
            let people = self.people_with(&[key]).await?;
            targets.extend(people.into_iter().map(|(_, person)| Target::Person(person)));
        }
        Ok(targets)
    }
}
