//! Everything known about a contact: the person, the addresses and what stops them, enrolments,
//! touches.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::contact::{ContactStatus, Group, Level};
use domain::{
    AddressKey, AddressKind, Channel, ContactChannel, ContactId, EnrolmentId, EnrolmentState,
    Locale, TouchId, TouchState,
};
use serde::{Serialize, Serializer};
use storage::StorageError;
use storage::contacts::{Contact, domain_key, person_key};
use storage::enrolments::Enrolment;
use storage::suppressions::Entry;
use storage::touches::{Touch, TouchFilter};

use crate::Connection;
use crate::addresses::ListAddress;
use crate::words;

/// Touches shown before and after now.
const TOUCHES: usize = 5;
/// Touches looked at per contact: some thirty years of a weekly plan.
const TOUCH_LIMIT: u32 = 2000;

/// A contact's card.
#[derive(Debug, Serialize)]
pub struct Card {
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
    #[serde(rename = "type")]
    pub contact_type: String,
    /// Where the contact came from.
    pub source: String,
    /// The agent's name.
    pub owner: Option<String>,
    /// YYYY-MM-DD; the year may be any.
    pub birthday: Option<String>,
    /// YYYY-MM-DD; the year may be any.
    pub spouse_birthday: Option<String>,
    /// YYYY-MM-DD.
    pub closing_date: Option<String>,
    /// Of the sample: nothing real may go to them.
    pub is_sample: bool,
    /// Notes.
    pub notes: Option<String>,
    /// Inner-circle and user-defined fields.
    pub custom: serde_json::Value,
    /// The addresses.
    pub addresses: Vec<CardAddress>,
    /// The enrolments.
    pub enrolments: Vec<CardEnrolment>,
    /// The touches to come, at most five.
    pub next_touches: Vec<CardTouch>,
    /// The last touches, at most five, newest first.
    pub last_touches: Vec<CardTouch>,
}

/// An address, and what it is good for.
#[derive(Debug, Serialize)]
pub struct CardAddress {
    /// What kind.
    pub kind: AddressKind,
    /// home, mobile …
    pub label: String,
    /// What is sent to.
    pub value: String,
    /// Why it cannot take SMS.
    pub sms_problem: Option<String>,
    /// Why it cannot be called.
    pub call_problem: Option<String>,
    /// Channel → the entry of the list that stops it.
    pub suppressed: BTreeMap<ContactChannel, Stop>,
}

/// An entry of the list that stops a channel; in JSON its words in English.
#[derive(Debug, Clone)]
pub struct Stop(pub Entry);

/// An enrolment.
#[derive(Debug, Serialize)]
pub struct CardEnrolment {
    /// Its identity.
    pub id: EnrolmentId,
    /// The plan's key.
    pub plan: String,
    /// Where it is in its life.
    pub state: EnrolmentState,
    /// Why it is in that state, where somebody or the list put it there.
    pub reason: Option<String>,
    /// Day 1, YYYY-MM-DD.
    pub starts_on: String,
    /// How often a yearly plan has begun again.
    pub cycle: i32,
}

/// A touch.
#[derive(Debug, Serialize)]
pub struct CardTouch {
    /// Its identity.
    pub id: TouchId,
    /// The plan's key.
    pub plan: String,
    /// From 1.
    pub step: usize,
    /// How it reaches the person.
    pub channel: Channel,
    /// When it is, or was, due.
    pub due_at: DateTime<Utc>,
    /// Where it is in its life.
    pub state: TouchState,
    /// Why, as it is stored.
    pub reason: Option<String>,
    /// When it was handed over.
    pub sent_at: Option<DateTime<Utc>>,
}

impl Stop {
    /// "staff_entry by staff since 2026-06-01".
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> String {
        let (entry, since) = (&self.0, self.0.since.format("%Y-%m-%d").to_string());
        match locale {
            Locale::En => format!("{} by {} since {since}", entry.reason, entry.origin),
            Locale::Ar => format!(
                "{}، بواسطة: {}، منذ {}",
                words::suppression_reason(entry.reason, locale),
                words::origin(entry.origin, locale),
                words::embedded(&since, locale)
            ),
        }
    }
}

impl Serialize for Stop {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.in_words(Locale::En))
    }
}

/// The card of a contact.
///
/// # Errors
/// When the database does not answer.
pub async fn card(contact: Contact, connection: &Connection) -> Result<Card, StorageError> {
    let database = &connection.database;
    let keys = keys_of(&contact, connection);
    let filter = TouchFilter { contact: Some(contact.id), ..TouchFilter::default() };
    let (entries, enrolments, touches) = tokio::try_join!(
        database.entries(&keys),
        database.enrolments_of(contact.id),
        database.touches(&filter, TOUCH_LIMIT),
    )?;
    let (last, next): (Vec<Touch>, Vec<Touch>) =
        touches.into_iter().partition(|touch| touch.state.is_final());
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
    Ok(Card {
        addresses: addresses(&contact, &entries, connection),
        id: contact.id,
        external_id: contact.external_id,
        full_name: contact.full_name,
        first_name: contact.first_name,
        locale: contact.locale,
        time_zone: contact.time_zone,
        preferred_hours: contact.preferred_hours,
        country: contact.country,
        state: contact.state,
        city: contact.city,
        area: contact.area,
        group: contact.group,
        status: contact.status,
        level: contact.level,
        contact_type: contact.contact_type,
        source: contact.source,
        owner: contact.owner_name,
        birthday: date(contact.dates.birthday),
        spouse_birthday: date(contact.dates.spouse_birthday),
        closing_date: date(contact.dates.closing),
        is_sample: contact.is_sample,
        notes: contact.notes,
        custom: contact.custom,
        enrolments: enrolments.into_iter().map(enrolment).collect(),
        next_touches: next.into_iter().take(TOUCHES).map(touch).collect(),
        last_touches: last.into_iter().rev().take(TOUCHES).map(touch).collect(),
    })
}

fn email_domain(value: &str, connection: &Connection) -> Option<AddressKey> {
    let address = ListAddress::email(value).ok()?;
    address.domain.map(|name| domain_key(&connection.keyer, &name))
}

/// The keys of everything that reaches a contact: the addresses, their domains, the person.
#[must_use]
pub fn keys_of(contact: &Contact, connection: &Connection) -> Vec<AddressKey> {
    let own = contact.addresses.iter().map(|address| address.key);
    let domains = contact.addresses.iter().filter(|a| a.kind == AddressKind::Email);
    let domains = domains.filter_map(|address| email_domain(&address.value, connection));
    own.chain(domains).chain([person_key(&connection.keyer, contact.id)]).collect()
}

fn addresses(contact: &Contact, entries: &[Entry], connection: &Connection) -> Vec<CardAddress> {
    let person = person_key(&connection.keyer, contact.id);
    let shown = contact.addresses.iter().map(|address| {
        let domain = (address.kind == AddressKind::Email)
            .then(|| email_domain(&address.value, connection))
            .flatten();
        let stops = |entry: &&Entry, channel: ContactChannel| match entry.channel {
            Some(own) => entry.key == address.key && own == channel && entry.topic.is_none(),
            None => entry.key == person || Some(entry.key) == domain,
        };
        let suppressed = address.kind.channels().iter().filter_map(|channel| {
            let entry = entries.iter().find(|entry| stops(entry, *channel))?;
            Some((*channel, Stop(entry.clone())))
        });
        CardAddress {
            kind: address.kind,
            label: address.label.clone(),
            value: address.value.clone(),
            sms_problem: address.sms_problem.clone(),
            call_problem: address.call_problem.clone(),
            suppressed: suppressed.collect(),
        }
    });
    shown.collect()
}

fn enrolment(enrolment: Enrolment) -> CardEnrolment {
    CardEnrolment {
        id: enrolment.id,
        plan: enrolment.plan_key,
        state: enrolment.state,
        reason: enrolment.reason,
        starts_on: enrolment.progress.starts_on.to_string(),
        cycle: i32::from(enrolment.progress.cycle),
    }
}

fn touch(touch: Touch) -> CardTouch {
    CardTouch {
        id: touch.id,
        plan: touch.plan_key,
        // People count from 1.
        step: touch.step + 1,
        channel: touch.channel,
        due_at: touch.due_at,
        state: touch.state,
        reason: touch.reason,
        sent_at: touch.sent_at,
    }
}
