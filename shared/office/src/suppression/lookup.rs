//! Who is on the list.

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, Scope, SuppressionReason, Topic};
use domain::{AddressKind, ContactChannel, EventId};
use serde::Serialize;
use storage::StorageError;
use storage::contacts::{domain_key, person_key};
use storage::suppressions::{Asked, Entry};

use crate::Connection;
use crate::addresses::Named;

/// An entry in force.
#[derive(Debug, Clone, Serialize)]
pub struct ListedEntry {
    /// Its identity: the event that made it.
    pub event: EventId,
    /// What it covers.
    pub scope: Scope,
    /// Which channel; none for the whole person or domain.
    pub channel: Option<ContactChannel>,
    /// The topic, where it covers one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// Why it was made.
    pub reason: SuppressionReason,
    /// Who asked for it.
    pub origin: Origin,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, where it has a term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The keyed hash of the address, person or domain.
    pub key: String,
}

impl From<&Entry> for ListedEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            event: entry.event,
            scope: entry.scope,
            channel: entry.channel,
            topic: entry.topic,
            reason: entry.reason,
            origin: entry.origin,
            since: entry.since,
            expires_at: entry.expires_at,
            key: entry.key.to_hex(),
        }
    }
}

/// What stands against an address, person or domain.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// Whether any entry stops something.
    pub suppressed: bool,
    /// The channels that are stopped for marketing of every topic.
    pub channels: Vec<ContactChannel>,
    /// The entries.
    pub entries: Vec<ListedEntry>,
}

/// The newest entries in force, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn newest(limit: u32, connection: &Connection) -> Result<Vec<ListedEntry>, StorageError> {
    let entries = connection.database.newest_entries(limit).await?;
    Ok(entries.iter().map(ListedEntry::from).collect())
}

/// The entries that stop it: its own, its domain's, and those of the people it belongs to.
///
/// # Errors
/// When the database does not answer.
pub async fn check(named: &Named, connection: &Connection) -> Result<Checked, StorageError> {
    let Connection { database, keyer } = connection;
    let (entries, own) = match named {
        Named::Domain(name) => {
            let key = domain_key(keyer, name);
            (database.entries(&[key]).await?, AddressKind::Email.channels())
        }
        Named::Person(id) => {
            (database.entries(&[person_key(keyer, *id)]).await?, ContactChannel::ALL)
        }
        Named::Address(address) => {
            let asked = Asked { key: address.key(keyer), domain: address.domain_key(keyer) };
            let entries = database.entries_against(&[asked]).await?.pop();
            (entries.unwrap_or_default(), address.kind.channels())
        }
    };
    let stops = |channel: &ContactChannel| {
        let covers = |entry: &Entry| entry.channel.is_none_or(|stopped| stopped == *channel);
        entries.iter().any(|entry| entry.topic.is_none() && covers(entry))
    };
    Ok(Checked {
        suppressed: !entries.is_empty(),
        channels: own.iter().copied().filter(stops).collect(),
        entries: entries.iter().map(ListedEntry::from).collect(),
    })
}
