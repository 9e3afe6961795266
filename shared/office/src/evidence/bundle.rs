//! What goes into a bundle. Works for whoever was erased, by address, as far as anything is left.
//! That it was read is noted.

use chrono::{DateTime, Utc};
use domain::{AddressKey, ContactId, EventId, Locale};
use ring::digest::{SHA256, digest};
use ring::signature::Ed25519KeyPair;
use serde_json::{Map, Value, json};
use storage::StorageError;
use storage::audit::LinkFilter;
use storage::contacts::person_key;
use storage::rights::{Dossier, Section};

use super::sign;
use crate::Connection;
use crate::addresses::Named;
use crate::dossier::readable;
use crate::words::pick;

/// Links of the audit chain at most.
const MOST_LINKS: u32 = 10_000;

/// The tables that tell of messages and what allows or stops them.
const TABLES: &[&str] = &[
    "addresses",
    "enrolments",
    "touches",
    "touch_events",
    "tasks",
    "suppressions",
    "suppression_events",
    "address_states",
    "consents",
    "consent_uses",
    "consent_withdrawals",
    "relationships",
    "contact_listings",
    "contact_sends",
    "earlier_sends",
    "wishes",
    "reviews",
    "bounces",
    "deliveries",
    "rights_requests",
    "rights_request_events",
    "erasures",
    "list_readings",
];

/// Who takes a bundle, and what for.
#[derive(Debug, Clone)]
pub struct Taking {
    /// Whose: a contact's id or external id, an email address or phone number, also of somebody who
    /// was erased.
    pub contact: String,
    /// The country of a phone number without a country code.
    pub region: String,
    /// Who takes it: a person's own name.
    pub actor: String,
    /// What for.
    pub reason: String,
    /// Business time.
    pub at: DateTime<Utc>,
    /// The language of the page.
    pub language: Locale,
}

/// A signed bundle.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The bundle: JSON with its signature.
    pub json: String,
    /// The same for people, as a page; its hash is in the bundle.
    pub page: String,
    /// Whose records it holds.
    pub contacts: Vec<ContactId>,
    /// The head of the audit chain when it was taken.
    pub head: String,
    /// The event that says who has read them.
    pub event: EventId,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum NoEvidence {
    /// A domain was named.
    #[error("this is a domain; name one address")]
    Domain,
    /// Nobody is known by this.
    #[error("no contact has this id or external id")]
    Nobody,
    /// The bundle cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The database does not answer, or does not let this person.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl NoEvidence {
    /// The answer for people; none when the database is at fault.
    #[must_use]
    pub const fn in_words(&self, locale: Locale) -> Option<&'static str> {
        match self {
            Self::Domain => Some(pick(
                locale,
                "This is a domain; name one address.",
                "هذا نطاق كامل؛ اذكر عنوانًا واحدًا.",
            )),
            Self::Nobody => Some(pick(
                locale,
                "No contact has this id or external id.",
                "لا توجد جهة اتصال بهذا المعرّف أو الرقم المرجعي.",
            )),
            Self::Json(_) | Self::Storage(_) => None,
        }
    }
}

/// Everything on record about the messages to one person, signed. Needs a connection under the
/// compliance role.
///
/// # Errors
/// When nobody is meant, or the database does not answer.
pub async fn bundle(
    taking: &Taking,
    pair: &Ed25519KeyPair,
    connection: &Connection,
) -> Result<Bundle, NoEvidence> {
    let Meant { contacts, keys, is_sample } =
        meant(&taking.contact, &taking.region, connection).await?;
    let dossier = read(&contacts, &keys, taking, connection).await?;
    let head = connection.database.audit_head().await?.to_string();
    let page = readable::evidence(&dossier, taking.language).html();
    let tables: Map<String, Value> = dossier
        .sections
        .iter()
        .map(|section| (section.table.clone(), json!(section.rows)))
        .collect();
    let evidence = json!({
        "format": "touchline-evidence-1",
        "taken": {
            "by": taking.actor, "reason": taking.reason, "at": taking.at,
            "event": dossier.reading, "version": env!("CARGO_PKG_VERSION"),
        },
        "contacts": contacts,
        // Nobody real: to people of the sample data nothing was sent.
        "is_sample": is_sample,
        "keys": keys.iter().map(|key| key.to_hex()).collect::<Vec<_>>(),
        "head": head,
        "page_sha256": sha256(page.as_bytes()),
        "tables": tables,
    });
    let json = sign(&evidence, pair)?;
    Ok(Bundle { json, page, contacts, head, event: dossier.reading })
}

/// Whether a page is the one that was written with a bundle.
#[must_use]
pub fn page_fits(page: &[u8], evidence: &Value) -> bool {
    evidence["page_sha256"].as_str() == Some(sha256(page).as_str())
}

fn sha256(bytes: &[u8]) -> String {
    domain::hex::encode(digest(&SHA256, bytes).as_ref())
}

/// Whose records are meant, and by which keys they are found.
struct Meant {
    contacts: Vec<ContactId>,
    keys: Vec<AddressKey>,
    /// Whether any of them is of the sample data.
    is_sample: bool,
}

async fn meant(text: &str, region: &str, connection: &Connection) -> Result<Meant, NoEvidence> {
    let Connection { database, keyer } = connection;
    let mut keys = Vec::new();
    let mut contacts = match Named::parse(text, None, region) {
        Ok(Named::Domain(_)) => return Err(NoEvidence::Domain),
        Ok(Named::Person(id)) => vec![id],
        Ok(Named::Address(address)) => {
            keys.push(address.key(keyer));
            database.contacts_of_keys(&keys).await?
        }
        Err(_) => database.contacts_called(&[text.to_owned()]).await?.into_values().collect(),
    };
    let mut is_sample = false;
    for contact in &contacts {
        keys.push(person_key(keyer, *contact));
        let known = database.contact(*contact).await?;
        is_sample |= known.as_ref().is_some_and(|one| one.is_sample);
        keys.extend(known.iter().flat_map(|one| &one.addresses).map(|address| address.key));
    }
    contacts.sort_unstable();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Err(NoEvidence::Nobody);
    }
    Ok(Meant { contacts, keys, is_sample })
}

/// Everything on record, in sections; that it was read is noted for each contact.
async fn read(
    contacts: &[ContactId],
    keys: &[AddressKey],
    taking: &Taking,
    connection: &Connection,
) -> Result<Dossier, NoEvidence> {
    let database = &connection.database;
    let why = format!("evidence bundle: {}", taking.reason);
    // Without a contact, too, the reading is noted: under an id that nobody has.
    let nobody = [ContactId::new()];
    let mut all: Option<Dossier> = None;
    for contact in if contacts.is_empty() { &nobody[..] } else { contacts } {
        let own = database.read_person(*contact, &taking.actor, &why).await?;
        match &mut all {
            None => all = Some(own),
            Some(all) => own.sections.into_iter().for_each(|section| add(all, section)),
        }
    }
    let mut dossier = all.ok_or(NoEvidence::Nobody)?;
    dossier.sections.retain(|section| TABLES.contains(&section.table.as_str()));
    let history = database.list_history(keys).await?;
    let events = history.iter().map(|event| {
        json!({
            "id": event.id, "at": event.at, "action": event.action, "channel": event.channel,
            "reason": event.reason, "origin": event.origin, "actor": event.actor,
            "evidence": event.evidence,
        })
    });
    add(&mut dossier, Section { table: "list_history".to_owned(), rows: events.collect() });
    let mut subjects: Vec<String> = keys.iter().map(|key| key.to_hex()).collect();
    subjects.extend(contacts.iter().map(ToString::to_string));
    let filter = LinkFilter { subjects, ..LinkFilter::default() };
    let links = database.audit_links(&filter, MOST_LINKS).await?;
    let links = links.iter().map(|link| {
        json!({
            "seq": link.seq, "recorded_at": link.recorded_at, "table": link.source,
            "row": link.row, "action": link.action, "actor": link.actor, "role": link.role,
            "reason": link.reason,
        })
    });
    add(&mut dossier, Section { table: "audit_links".to_owned(), rows: links.collect() });
    Ok(dossier)
}

fn add(dossier: &mut Dossier, section: Section) {
    if section.rows.is_empty() {
        return;
    }
    match dossier.sections.iter_mut().find(|own| own.table == section.table) {
        Some(own) => own.rows.extend(section.rows),
        None => dossier.sections.push(section),
    }
}
