//! The list: adding, lifting, looking up, importing.
//!
//! The guarantee (G1): when [`Database::suppress`] has returned, no touch to the address starts any
//! more, and those that were already being handed over are named in the answer. The flag commits
//! first; from then on the claim, which reads it on the locked row, takes nothing new. What had been
//! claimed before is in `inflight`, and is waited for without a transaction or a connection held.
//!
//! Known limit: a worker that is stopped (SIGSTOP, a frozen virtual machine) between its last look
//! at the clock and the final dot, for longer than its lease, may still send when it wakes. SMTP has
//! no fence at the receiving side.

mod files;
mod lifting;
mod list;
mod quarantine;
mod readings;
mod request;
mod told;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, Scope, SuppressionReason, Topic};
use domain::{AddressKey, ContactChannel, EventId, TouchId};
use sqlx::Row;

pub use files::{FileEnd, ListFile, NewListFile};
pub use lifting::{LiftAnswer, Lifting, Reconsent};
pub use list::{Asked, Entry, ListEvent, ListRow};
pub use readings::{Exported, NewReading};
pub use request::Request;
pub use told::{LiftWish, ToldEntry};

use crate::arrivals::Said;
use crate::outcomes::column;
use crate::{Database, StorageError};

/// The pause between two looks at what is still in flight.
const DRAIN_POLL: Duration = Duration::from_millis(4);

/// An entry to be made.
#[derive(Debug, Clone)]
pub struct NewSuppression {
    /// What it covers.
    pub target: Target,
    /// Why.
    pub reason: SuppressionReason,
    /// Who asked.
    pub origin: Origin,
    /// The person or process that enters it.
    pub actor: String,
    /// What proves it: a message, a call, a ticket. No address.
    pub evidence: Option<String>,
    /// The touch it answers, if any.
    pub touch: Option<TouchId>,
    /// When the request reached us, where that is known to be earlier than now (AUD-06).
    pub received_at: Option<DateTime<Utc>>,
}

/// What an entry covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One address on one contact channel. `domain` is the key of an email address's domain, for
    /// addresses that no contact has yet.
    Address {
        /// The address.
        key: AddressKey,
        /// The channel.
        channel: ContactChannel,
        /// The domain's key, for email.
        domain: Option<AddressKey>,
    },
    /// One address on one contact channel, for messages of one topic (`domain` as above).
    Topic {
        /// The address.
        key: AddressKey,
        /// The channel.
        channel: ContactChannel,
        /// The topic.
        topic: Topic,
    },
    /// A whole person, by the person's key.
    Person(AddressKey),
    /// Every address of an email domain, by the domain's key.
    Domain(AddressKey),
}

impl Target {
    const fn scope(self) -> Scope {
        match self {
            Self::Address { .. } => Scope::Channel,
            Self::Topic { .. } => Scope::Topic,
            Self::Person(_) => Scope::Person,
            Self::Domain(_) => Scope::Domain,
        }
    }

    const fn key(self) -> AddressKey {
        match self {
            Self::Address { key, .. }
            | Self::Topic { key, .. }
            | Self::Person(key)
            | Self::Domain(key) => key,
        }
    }

    const fn channel(self) -> Option<ContactChannel> {
        match self {
            Self::Address { channel, .. } | Self::Topic { channel, .. } => Some(channel),
            _ => None,
        }
    }

    const fn topic(self) -> Option<Topic> {
        match self {
            Self::Topic { topic, .. } => Some(topic),
            _ => None,
        }
    }

    const fn domain(self) -> Option<AddressKey> {
        match self {
            Self::Address { domain, .. } => domain,
            _ => None,
        }
    }
}

/// The answer to [`Database::suppress`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The entry.
    pub event: EventId,
    /// Touches that were being handed over when the entry was made, and still were when the caller's
    /// patience ended. Empty means clear: nothing to the address starts any more, or is under way.
    pub in_flight: Vec<TouchId>,
}

impl Database {
    /// Puts an address, a person or a domain on the list, and waits up to `patience` for what is
    /// being handed over at this moment.
    ///
    /// The entry is in force as soon as this call has written it, whether it then waits or not; it
    /// may be cancelled while it waits.
    ///
    /// # Errors
    /// When the database does not answer. Whether the entry was made is then unknown: repeat the
    /// call, an address may be on the list twice.
    pub async fn suppress(
        &self,
        entry: &NewSuppression,
        patience: Duration,
    ) -> Result<Suppressed, StorageError> {
        let event = EventId::new();
        let covered = self.enter(&[(event, entry.target)], entry, None).await?;
        domain::failpoint::pass("suppress.entered_undrained");
        let in_flight = self.drain(&covered, patience).await?;
        if in_flight.is_empty() {
            self.note_drained(event, &entry.actor).await?;
        }
        Ok(Suppressed { event, in_flight })
    }

    /// Puts it on the list without waiting: for workers, who are themselves in flight.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn suppress_now(&self, entry: &NewSuppression) -> Result<EventId, StorageError> {
        let event = EventId::new();
        self.enter(&[(event, entry.target)], entry, None).await?;
        Ok(event)
    }

    /// Makes an entry for each target, all or none, in one statement. Persons and domains come
    /// first: they take the lock of inheritance, which nobody may wait for with a row in hand.
    /// With a wish that has been noted before, nothing is entered.
    pub(crate) async fn enter(
        &self,
        targets: &[(EventId, Target)],
        entry: &NewSuppression,
        wish: Option<&Said>,
    ) -> Result<Vec<(Vec<u8>, String)>, StorageError> {
        let mut targets = targets.to_vec();
        let rank = |target: Target| (target.channel().is_some(), target.key(), target.channel());
        targets.sort_by_key(|(_, target)| rank(*target));
        let statement = match wish {
            None => include_str!("../sql/enter.sql"),
            Some(_) => include_str!("../sql/enter_said.sql"),
        };
        let mut query = sqlx::query(statement)
            .bind(column(&targets, |(event, _)| event.as_uuid()))
            .bind(column(&targets, |(_, target)| target.scope().as_str()))
            .bind(column(&targets, |(_, target)| target.key().as_bytes().to_vec()))
            .bind(column(&targets, |(_, target)| target.channel().map(ContactChannel::as_str)))
            .bind(column(&targets, |(_, target)| {
                target.domain().map(|key| key.as_bytes().to_vec())
            }))
            .bind(column(&targets, |(_, target)| target.topic().map(|topic| topic.to_string())))
            .bind(entry.reason.as_str())
            .bind(entry.origin.as_str())
            .bind(&entry.actor)
            .bind(entry.evidence.as_deref())
            .bind(entry.touch.map(TouchId::as_uuid))
            .bind(entry.received_at);
        if let Some(wish) = wish {
            query = query
                .bind(wish.message.source)
                .bind(wish.message.id.cast_signed())
                .bind(wish.key.as_bytes().as_slice())
                .bind(wish.channel.as_str())
                .bind(wish.topic.map(|topic| topic.to_string()))
                .bind(wish.occurred_at);
        }
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| Ok((row.try_get("covered_key")?, row.try_get("covered_channel")?)))
            .collect()
    }

    /// Waits until nothing to the covered addresses is in flight. Each look takes a connection and
    /// gives it back.
    pub(crate) async fn drain(
        &self,
        covered: &[(Vec<u8>, String)],
        patience: Duration,
    ) -> Result<Vec<TouchId>, StorageError> {
        let keys = column(covered, |(key, _)| key.as_slice());
        let channels = column(covered, |(_, channel)| channel.as_str());
        let deadline = Instant::now() + patience;
        loop {
            let in_flight: Vec<uuid::Uuid> = sqlx::query_scalar(
                "SELECT i.touch_id FROM inflight i
                   JOIN unnest($1::bytea[], $2::text[]) AS c (key, channel)
                     ON i.address_key = c.key AND i.channel = c.channel::contact_channel
                  WHERE i.lease_until > clock_timestamp()",
            )
            .bind(&keys)
            .bind(&channels)
            .fetch_all(self.pool())
            .await?;
            if in_flight.is_empty() || Instant::now() >= deadline {
                return Ok(in_flight.into_iter().map(TouchId::from).collect());
            }
            tokio::time::sleep(DRAIN_POLL).await;
        }
    }

    async fn note_drained(&self, event: EventId, actor: &str) -> Result<(), StorageError> {
        sqlx::query("SELECT note_drained($1, $2, $3)")
            .bind(EventId::new().as_uuid())
            .bind(event.as_uuid())
            .bind(actor)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
