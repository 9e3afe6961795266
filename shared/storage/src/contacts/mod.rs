//! Contacts and their addresses: importing in batches, and looking one up.

mod import;
mod interactions;
mod listing;
mod search;
mod timeline;

use domain::contact::{ContactStatus, Group, Level};
use domain::{AddressKey, AddressKeyer, AddressKind, ContactId, Locale};
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Row};

pub use import::{ImportRun, Imported, NewAddress, NewContact};
pub use interactions::NewInteraction;
pub use listing::{ContactFilter, ContactPlace, ListedContact};
pub use search::FoundContact;
pub use timeline::{Happening, HappeningKind, TimelinePage};

use crate::outcomes::column;
use crate::words::word;
use crate::{Database, StorageError};

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgent {
    /// Name.
    pub name: String,
    /// Email; the agent's identity in imports.
    pub email: String,
    /// Phone; may be empty.
    pub phone: String,
    /// Language.
    pub locale: Locale,
    /// IANA name.
    pub time_zone: Option<String>,
}

impl Imported {
    /// The contact of the row, unless it was refused.
    #[must_use]
    pub const fn contact(self) -> Option<ContactId> {
        match self {
            Self::Added(id) | Self::Updated(id) | Self::Unchanged(id) => Some(id),
            Self::Erased => None,
        }
    }
}

/// A stored contact.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its identity.
    pub id: ContactId,
    /// The identity in the system it came from.
    pub external_id: Option<String>,
    /// Full name.
    pub full_name: String,
    /// First name.
    pub first_name: String,
    /// Language.
    pub locale: Locale,
    /// IANA name.
    pub time_zone: Option<String>,
    /// When the person wants to be reached: HH:MM-HH:MM, local time.
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
    pub group: Group,
    /// Looking or not.
    pub status: ContactStatus,
    /// Likelihood.
    pub level: Level,
    /// FSBO, expired, PTA, buyer …
    pub contact_type: String,
    /// Where the contact came from.
    pub source: String,
    /// The agent.
    pub owner: Option<uuid::Uuid>,
    /// The agent's name.
    pub owner_name: Option<String>,
    /// The dates anchors point at.
    pub dates: domain::contact::PersonDates,
    /// Notes.
    pub notes: Option<String>,
    /// Inner-circle and user-defined fields.
    pub custom: serde_json::Value,
    /// The addresses.
    pub addresses: Vec<Address>,
    /// Of the sample: nothing real may go to them.
    pub is_sample: bool,
}

/// A stored address.
#[derive(Debug, Clone)]
pub struct Address {
    /// What kind.
    pub kind: AddressKind,
    /// home, mobile …
    pub label: String,
    /// What is sent to.
    pub value: String,
    /// Its key.
    pub key: AddressKey,
    /// Why it cannot take SMS.
    pub sms_problem: Option<String>,
    /// Why it cannot be called.
    pub call_problem: Option<String>,
}

impl Database {
    /// Stores agents, or brings known ones up to date; an agent is known by email.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store_agents(&self, agents: &[NewAgent]) -> Result<(), StorageError> {
        self.store_agents_as(false, agents).await
    }

    /// Stores the agents of the sample, marked; one that somebody has brought stays what it is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn store_sample_agents(&self, agents: &[NewAgent]) -> Result<(), StorageError> {
        self.store_agents_as(true, agents).await
    }

    async fn store_agents_as(
        &self,
        is_sample: bool,
        agents: &[NewAgent],
    ) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO agents (id, name, email, phone, locale, time_zone, is_sample)
             SELECT gen_random_uuid(), name, email, phone, locale::locale, time_zone, $6
               FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                    AS a (name, email, phone, locale, time_zone)
             ON CONFLICT ON CONSTRAINT agents_email_unique DO UPDATE
                SET name = excluded.name, phone = excluded.phone, locale = excluded.locale,
                    time_zone = excluded.time_zone
              WHERE agents.is_sample = excluded.is_sample",
        )
        .bind(column(agents, |agent| agent.name.clone()))
        .bind(column(agents, |agent| agent.email.clone()))
        .bind(column(agents, |agent| agent.phone.clone()))
        .bind(column(agents, |agent| agent.locale.as_str()))
        .bind(column(agents, |agent| agent.time_zone.clone()))
        .bind(is_sample)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Contacts by id, external id, address key, or the beginning of their name; 20 at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_contacts(
        &self,
        text: &str,
        keys: &[AddressKey],
    ) -> Result<Vec<Contact>, StorageError> {
        let rows = sqlx::query(AssertSqlSafe(whole(include_str!("../sql/find_contacts.sql"))))
            .bind(text)
            .bind(text.parse::<uuid::Uuid>().ok())
            .bind(column(keys, |key| key.as_bytes().as_slice()))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(contact).collect()
    }

    /// One contact.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, StorageError> {
        let row = sqlx::query(AssertSqlSafe(whole("SELECT $1::uuid AS id")))
            .bind(id.as_uuid())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(contact).transpose()
    }

    /// How many contacts there are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_contacts(&self) -> Result<i64, StorageError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM contacts").fetch_one(self.pool()).await?)
    }
}

/// The key of a person, for entries that cover everything of theirs.
#[must_use]
pub fn person_key(keyer: &AddressKeyer, contact: ContactId) -> AddressKey {
    keyer.key(AddressKind::Person, &contact.to_string())
}

/// The key of an email domain (its A-label form).
#[must_use]
pub fn domain_key(keyer: &AddressKeyer, domain: &str) -> AddressKey {
    keyer.key(AddressKind::Email, &format!("@{domain}"))
}

/// The statement that reads the contacts whose ids `found` selects.
fn whole(found: &str) -> String {
    include_str!("../sql/whole_contacts.sql").replace("({found})", &format!("({found})"))
}

/// An address as [`whole`] has it.
#[derive(Deserialize)]
struct StoredAddress {
    kind: String,
    label: String,
    value: String,
    key: String,
    sms_problem: Option<String>,
    call_problem: Option<String>,
}

fn address(stored: StoredAddress) -> Result<Address, StorageError> {
    let kind = stored.kind.parse().map_err(|why| StorageError::unreadable("kind", why))?;
    let key = AddressKey::from_hex(&stored.key);
    let unreadable = || StorageError::unreadable("address_key", "it is no key");
    Ok(Address {
        kind,
        label: stored.label,
        value: stored.value,
        key: key.ok_or_else(unreadable)?,
        sms_problem: stored.sms_problem,
        call_problem: stored.call_problem,
    })
}

fn contact(row: &PgRow) -> Result<Contact, StorageError> {
    let addresses: Option<Json<Vec<StoredAddress>>> = row.try_get("addresses")?;
    let addresses = addresses.map(|Json(own)| own).unwrap_or_default();
    let date = |name: &str| -> Result<Option<jiff::civil::Date>, StorageError> {
        Ok(row.try_get::<Option<chrono::NaiveDate>, _>(name)?.map(crate::words::to_jiff))
    };
    Ok(Contact {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        external_id: row.try_get("external_id")?,
        full_name: row.try_get("full_name")?,
        first_name: row.try_get("first_name")?,
        locale: word(row, "locale")?,
        time_zone: row.try_get("time_zone")?,
        preferred_hours: row.try_get("preferred_hours")?,
        country: row.try_get("country")?,
        state: row.try_get("state")?,
        city: row.try_get("city")?,
        area: row.try_get("area")?,
        group: word(row, "contact_group")?,
        status: word(row, "status")?,
        level: word(row, "level")?,
        contact_type: row.try_get("contact_type")?,
        source: row.try_get("source")?,
        owner: row.try_get("owner_id")?,
        owner_name: row.try_get("owner_name")?,
        dates: domain::contact::PersonDates {
            birthday: date("birthday")?,
            spouse_birthday: date("spouse_birthday")?,
            closing: date("closing_date")?,
        },
        notes: row.try_get("notes")?,
        custom: row.try_get("custom")?,
        addresses: addresses.into_iter().map(address).collect::<Result<_, _>>()?,
        is_sample: row.try_get("is_sample")?,
    })
}
