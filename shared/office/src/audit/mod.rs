//! Why somebody was or was not contacted on a day, from the logs alone.

mod told;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use domain::suppression::{ListReading, Origin, Scope, SuppressionReason};
use domain::{
    AddressKind, Channel, ContactChannel, ContactId, EnrolmentState, EventId, Locale, TouchId,
    TouchState,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use storage::audit::{DayOf, Decision, Enrolled, InForce};
use storage::contacts::{domain_key, person_key};
use storage::suppressions::NewReading;

pub use told::{Told, words};

use crate::addresses::Named;
use crate::words::embedded;
use crate::{Connection, local};

/// Whose day, and which.
#[derive(Debug, Clone)]
pub struct Question {
    /// An email address or phone number in any spelling, or a contact's id; also of somebody who
    /// was erased.
    pub address: String,
    /// The country of a phone number without a country code.
    pub region: String,
    /// The day.
    pub day: Date,
    /// The day's time zone.
    pub zone: TimeZone,
    /// Who asks: that it was asked is noted.
    pub actor: String,
}

/// Why a question cannot be answered; found in the error by `downcast`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    /// This is no address or contact's id; why not.
    #[error("the address cannot be used: {0}")]
    NoAddress(String),
    /// It is a domain.
    #[error("this is a domain; ask about one address")]
    Domain,
}

impl Unanswerable {
    /// The answer for people.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> String {
        match (self, locale) {
            (_, Locale::En) => self.to_string(),
            (Self::NoAddress(why), Locale::Ar) => {
                format!("لا يمكن استخدام هذا العنوان: {}", embedded(why, locale))
            }
            (Self::Domain, Locale::Ar) => "هذا نطاق كامل؛ اسأل عن عنوان واحد.".to_owned(),
        }
    }
}

/// Why somebody was or was not contacted on a day.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The answer in one sentence, in English.
    pub verdict: String,
    /// The day, YYYY-MM-DD.
    pub day: String,
    /// The day's time zone.
    pub zone: String,
    /// Who was meant.
    pub contacts: Vec<ContactId>,
    /// The keyed hashes that were looked for.
    pub keys: Vec<String>,
    /// When the person was erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// What was due or decided that day.
    pub touches: Vec<TouchThatDay>,
    /// What was on the list that day.
    pub list: Vec<Listed>,
    /// The plans the person was in.
    pub enrolments: Vec<Standing>,
    #[serde(skip)]
    outcome: Outcome,
    #[serde(skip)]
    time_zone: TimeZone,
}

/// A decision about a touch, or a touch about which nothing was decided that day.
#[derive(Debug, Serialize)]
pub struct TouchThatDay {
    /// Which touch.
    pub touch: TouchId,
    /// The plan's key.
    pub plan: String,
    /// The plan's version.
    pub plan_version: i32,
    /// From 1.
    pub step: i16,
    /// How it reaches the person.
    pub channel: Channel,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// Its state now.
    pub state_now: TouchState,
    /// When it was decided, by the machine's clock.
    pub at: Option<DateTime<Utc>>,
    /// When it was decided, in business time.
    pub decided_at: Option<DateTime<Utc>>,
    /// What was decided.
    pub state: Option<TouchState>,
    /// Why, as it is stored.
    pub reason: Option<String>,
    /// By which process.
    pub worker: Option<String>,
    /// The key of the template that was rendered.
    pub template: Option<String>,
    /// And its version.
    pub template_version: Option<i32>,
    /// What the decision was made from.
    pub detail: Option<Value>,
}

/// An entry of the list that was in force.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its identity: the event that made it.
    pub event: EventId,
    /// What it covers.
    pub scope: Scope,
    /// Which channel; none for the whole person or domain.
    pub channel: Option<ContactChannel>,
    /// The topic, where it covers one alone.
    pub topic: Option<String>,
    /// Why it was made.
    pub reason: SuppressionReason,
    /// Who asked for it.
    pub origin: Origin,
    /// When the wish was received.
    pub received_at: Option<DateTime<Utc>>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// An enrolment.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// The plan's key.
    pub plan: String,
    /// Its state now.
    pub state_now: EnrolmentState,
    /// Why, as it is stored.
    pub reason: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it came into that state.
    pub changed_at: DateTime<Utc>,
}

/// The answer in one sentence, before it is said.
#[derive(Debug, Clone)]
enum Outcome {
    Contacted(usize),
    Decided(TouchState, Option<String>),
    Undecided(TouchState),
    Erased,
    Unknown,
    NotEnrolled,
    NothingDue(String),
    NotRunning { plan: String, state: EnrolmentState, since: DateTime<Utc> },
}

/// Answers the question. That it was asked is noted.
///
/// # Errors
/// [`Unanswerable`] for an address that is none; a database that does not answer.
pub async fn why(question: &Question, connection: &Connection) -> anyhow::Result<Answer> {
    let day = day_of(question, connection).await?;
    let database = &connection.database;
    let kind = ListReading::Person;
    let note = format!("why somebody was or was not contacted on {}", question.day);
    let reading = NewReading { kind, actor: question.actor.clone(), note, entries: 1 };
    // Nothing is told whose reading is not on record: then all of this fails.
    let (_, decisions, list) = tokio::try_join!(
        database.note_reading(&reading),
        database.decisions_of(&day),
        database.entries_in_force(&day),
    )?;
    let mut contacts = day.contacts.clone();
    contacts.extend(decisions.iter().filter_map(|decision| decision.contact));
    contacts.sort_unstable();
    contacts.dedup();
    let all = DayOf { contacts: contacts.clone(), ..day.clone() };
    let (enrolments, erased_at) =
        tokio::try_join!(database.enrolled(&contacts), database.erased_at(&all))?;
    let outcome = outcome(&decisions, &enrolments, erased_at, !contacts.is_empty(), day.to);
    Ok(Answer {
        verdict: told::verdict(&outcome, Locale::En),
        day: question.day.to_string(),
        zone: local::name(&question.zone).to_owned(),
        contacts,
        keys: day.keys.iter().map(|key| key.to_hex()).collect(),
        erased_at,
        touches: decisions.into_iter().map(touch_that_day).collect(),
        list: list.into_iter().map(listed).collect(),
        enrolments: enrolments.into_iter().map(standing).collect(),
        outcome,
        time_zone: question.zone.clone(),
    })
}

/// Whose keys and ids are meant, and from when to when.
async fn day_of(question: &Question, connection: &Connection) -> anyhow::Result<DayOf> {
    let Connection { database, keyer } = connection;
    let named =
        Named::parse(&question.address, None, &question.region).map_err(Unanswerable::NoAddress)?;
    let (mut keys, found) = match &named {
        Named::Domain(_) => return Err(Unanswerable::Domain.into()),
        Named::Person(id) => (Vec::new(), database.contact(*id).await?.into_iter().collect()),
        Named::Address(address) => {
            let key = address.key(keyer);
            let own = [key].into_iter().chain(address.domain_key(keyer)).collect();
            (own, database.find_contacts("", &[key]).await?)
        }
    };
    let mut contacts: Vec<ContactId> = found.iter().map(|contact| contact.id).collect();
    if let Named::Person(id) = named {
        contacts = vec![id];
    }
    keys.extend(contacts.iter().map(|id| person_key(keyer, *id)));
    for address in found.iter().flat_map(|contact| &contact.addresses) {
        keys.push(address.key);
        let domain = address.value.rsplit_once('@').filter(|_| address.kind == AddressKind::Email);
        keys.extend(domain.map(|(_, domain)| domain_key(keyer, &domain.to_lowercase())));
    }
    keys.sort_unstable();
    keys.dedup();
    let begins = |date: Date| -> anyhow::Result<DateTime<Utc>> {
        let instant =
            date.to_zoned(question.zone.clone()).context("the day does not exist")?.timestamp();
        DateTime::from_timestamp_micros(instant.as_microsecond()).context("the day is out of range")
    };
    let next = question.day.tomorrow().context("there is no day after this one")?;
    Ok(DayOf { contacts, keys, from: begins(question.day)?, to: begins(next)? })
}

fn outcome(
    decisions: &[Decision],
    enrolments: &[Enrolled],
    erased_at: Option<DateTime<Utc>>,
    is_known: bool,
    to: DateTime<Utc>,
) -> Outcome {
    let is_sent =
        |own: &&Decision| own.event.as_ref().is_some_and(|event| event.state == TouchState::Sent);
    let sent = decisions.iter().filter(is_sent).count();
    if sent > 0 {
        return Outcome::Contacted(sent);
    }
    if let Some(event) = decisions.iter().rev().find_map(|own| own.event.as_ref()) {
        return Outcome::Decided(event.state, event.reason.clone());
    }
    if let Some(touch) = decisions.first() {
        return Outcome::Undecided(touch.state_now);
    }
    if erased_at.is_some_and(|at| at < to) {
        return Outcome::Erased;
    }
    if !is_known {
        return Outcome::Unknown;
    }
    let Some(last) = enrolments.iter().find(|own| own.since < to) else {
        return Outcome::NotEnrolled;
    };
    let mut running = enrolments.iter().filter(|own| own.since < to);
    if running.any(|own| own.state == EnrolmentState::Active || own.changed_at >= to) {
        return Outcome::NothingDue(last.plan.clone());
    }
    let (plan, state, since) = (last.plan.clone(), last.state, last.changed_at);
    Outcome::NotRunning { plan, state, since }
}

fn touch_that_day(decision: Decision) -> TouchThatDay {
    let event = decision.event;
    let (plan, plan_version) = decision.plan;
    let of_event = event.as_ref();
    let (template, template_version) = of_event.and_then(|own| own.template.clone()).unzip();
    TouchThatDay {
        touch: decision.touch,
        plan,
        plan_version,
        step: decision.step + 1,
        channel: decision.channel,
        due_at: decision.due_at,
        state_now: decision.state_now,
        at: of_event.map(|own| own.at),
        decided_at: of_event.map(|own| own.decided_at),
        state: of_event.map(|own| own.state),
        reason: of_event.and_then(|own| own.reason.clone()),
        worker: of_event.map(|own| own.worker.clone()),
        template,
        template_version,
        detail: event.and_then(|own| own.detail),
    }
}

fn listed(entry: InForce) -> Listed {
    Listed {
        event: entry.event,
        scope: entry.scope,
        channel: entry.channel,
        topic: entry.topic.map(|topic| topic.to_string()),
        reason: entry.reason,
        origin: entry.origin,
        received_at: entry.received_at,
        since: entry.since,
        until: entry.until,
    }
}

fn standing(own: Enrolled) -> Standing {
    let Enrolled { plan, state, reason, since, changed_at } = own;
    Standing { plan, state_now: state, reason, since, changed_at }
}
