//! The story of a touch: everything that is known about it, from its plan to its end.

mod told;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::planning::{self, Person, PlannedTouch, cycle_schedule};
use domain::suppression::{Origin, Scope, SuppressionReason};
use domain::window::zones_of;
use domain::{
    AddressKey, AddressKind, Calendar, Channel, ContactChannel, ContactId, EnrolmentId,
    EnrolmentState, EventId, Locale, Plan, ReasonCode, TouchId, TouchState,
};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use storage::contacts::{Contact, person_key};
use storage::enrolments::Enrolment;
use storage::suppressions::Entry;
use storage::touches::{Touch, TouchEvent, TouchFilter};

pub use told::{Paragraph, Told, words};

use crate::addresses::ListAddress;
use crate::timing::{self, Cause};
use crate::{Connection, Team, local};

/// More touches than a contact has.
const MOST_TOUCHES: u32 = 5000;

/// Everything about one touch.
#[derive(Debug, Serialize)]
pub struct Story {
    /// Its identity.
    pub id: TouchId,
    /// Whom it is for.
    pub contact: ContactId,
    /// The contact's name.
    pub contact_name: String,
    /// The plan's key.
    pub plan: String,
    /// The plan's version.
    pub plan_version: i32,
    /// The enrolment it belongs to.
    pub enrolment: EnrolmentId,
    /// Where the enrolment is in its life.
    pub enrolment_state: EnrolmentState,
    /// Why the enrolment is in that state, where somebody or the list put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment_reason: Option<String>,
    /// Further steps of the same round that were passed over, because the list stops them (from 1).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<usize>,
    /// From 1.
    pub step: usize,
    /// How many steps the plan has.
    pub steps: usize,
    /// How it reaches the person.
    pub channel: Channel,
    /// What it is for, in English.
    pub purpose: String,
    /// The key of the step's template.
    pub template: String,
    /// Where it is in its life.
    pub state: TouchState,
    /// Why it is there, as it is stored.
    pub reason: Option<String>,
    /// How many attempts were made.
    pub attempt: i16,
    /// How often it was in doubt.
    pub doubts: i16,
    /// When it is, or was, due.
    pub due_at: DateTime<Utc>,
    /// When it was handed over.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the receiving side calls it.
    pub provider_ref: Option<String>,
    /// The time zone its day and hour are of.
    pub zone: String,
    /// By which rule that zone was found.
    pub zone_rule: &'static str,
    /// The day the plan says; none when the step is no longer in its plan.
    pub planned_for: Option<PlannedFor>,
    /// What happened to it, oldest first.
    pub events: Vec<Event>,
    /// Why its task was closed without being done, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_closed: Option<String>,
    /// What stands against it on the list now.
    pub list: Vec<ListEntry>,
    #[serde(skip)]
    time_zone: TimeZone,
    #[serde(skip)]
    purposes: BTreeMap<Locale, String>,
    /// What the plan is called.
    #[serde(skip)]
    plan_names: BTreeMap<Locale, String>,
}

/// The day the plan says, and why.
#[derive(Debug, Serialize)]
pub struct PlannedFor {
    /// The recipient's local date, YYYY-MM-DD.
    pub date: String,
    /// `day`, `anchor`, `fallback` or `moved`.
    pub decided_by: &'static str,
    /// What decided it, in English.
    pub why: String,
    #[serde(skip)]
    day: jiff::civil::Date,
    #[serde(skip)]
    cause: Cause,
}

/// One thing that happened to it.
#[derive(Debug, Serialize)]
pub struct Event {
    /// Machine time.
    pub at: DateTime<Utc>,
    /// Business time.
    pub decided_at: DateTime<Utc>,
    /// Which attempt; 0 before the first.
    pub attempt: i16,
    /// What it led to.
    pub state: TouchState,
    /// The process that decided it.
    pub worker: String,
    /// Why, as it is stored.
    pub reason: Option<String>,
    /// The entry of the list that stopped it.
    pub entry: Option<EventId>,
    /// What the receiving side calls it.
    pub provider_ref: Option<String>,
    /// The key of the template that was rendered.
    pub template: Option<String>,
    /// And its version.
    pub template_version: Option<i32>,
    /// What the gate and the handler saw.
    pub detail: Option<Value>,
}

/// An entry of the list that covers the touch's address.
#[derive(Debug, Serialize)]
pub struct ListEntry {
    /// Its identity: the event that made it.
    pub event: EventId,
    /// What it covers.
    pub scope: Scope,
    /// Which channel; none for the whole person or domain.
    pub channel: Option<ContactChannel>,
    /// Why it was made.
    pub reason: SuppressionReason,
    /// Who made it.
    pub origin: Origin,
    /// Since when, by the machine's clock.
    pub since: DateTime<Utc>,
}

/// The story of a touch, or `None` when its enrolment or its contact is gone meanwhile. `calendar` is
/// the one the fleet plans by.
///
/// # Errors
/// When the database does not answer.
pub async fn tell(
    touch: Touch,
    connection: &Connection,
    team: &Team,
    calendar: &Calendar,
) -> anyhow::Result<Option<Story>> {
    let database = &connection.database;
    let (version, enrolments, contact, events, task_closed) = tokio::try_join!(
        database.plan_version(touch.plan_version),
        database.enrolments_of(touch.contact),
        database.contact(touch.contact),
        database.story(touch.id),
        database.task_closed(touch.id),
    )?;
    let enrolment = enrolments.into_iter().find(|own| own.id == touch.enrolment);
    let (Some(enrolment), Some(contact)) = (enrolment, contact) else { return Ok(None) };
    let list = against(&touch, &version.plan, &contact, connection).await?;
    let passed_over = passed_over(&touch, &enrolment, &version.plan, connection).await?;
    let default_zone = &team.default_time_zone;
    let (own, country) = (contact.time_zone.as_deref(), contact.country.as_deref());
    let time_zone = planning::zone_of(own, country, default_zone);
    let planned_for = planned_for(&touch, &enrolment, &version.plan, &contact, calendar);
    let (step, plan) = (version.plan.steps.get(touch.step), &version.plan);
    let purposes = step.map(|step| step.purpose.clone()).unwrap_or_default();
    Ok(Some(Story {
        id: touch.id,
        contact: touch.contact,
        contact_name: touch.contact_name,
        plan: touch.plan_key,
        plan_version: version.version,
        enrolment: enrolment.id,
        enrolment_state: enrolment.state,
        enrolment_reason: enrolment.reason,
        passed_over,
        step: touch.step + 1,
        steps: plan.steps.len(),
        channel: touch.channel,
        purpose: purposes.get(&Locale::En).cloned().unwrap_or_default(),
        template: step.map(|step| step.template.clone()).unwrap_or_default(),
        state: touch.state,
        reason: touch.reason,
        attempt: touch.attempt,
        doubts: touch.doubts,
        due_at: touch.due_at,
        sent_at: touch.sent_at,
        provider_ref: touch.provider_ref,
        zone: local::name(&time_zone).to_owned(),
        zone_rule: zones_of(own, country, Some(default_zone)).1,
        planned_for,
        events: events.into_iter().map(event).collect(),
        task_closed,
        list,
        time_zone,
        purposes,
        plan_names: version.plan.name.clone(),
    }))
}

/// Steps that count as planned though they have no touch. Of an enrolment that the list has stopped,
/// all that are left.
async fn passed_over(
    touch: &Touch,
    enrolment: &Enrolment,
    plan: &Plan,
    connection: &Connection,
) -> anyhow::Result<Vec<usize>> {
    let is_running_cycle = i32::from(touch.cycle) == i32::from(enrolment.progress.cycle);
    if touch.state != TouchState::Cancelled || !is_running_cycle {
        return Ok(Vec::new());
    }
    let by_list = |reason: &String| reason.starts_with(ReasonCode::Suppressed.as_str());
    let is_stopped = enrolment.state == EnrolmentState::Stopped
        && enrolment.reason.as_ref().is_some_and(by_list);
    let filter = TouchFilter { contact: Some(touch.contact), ..TouchFilter::default() };
    let touches = connection.database.touches(&filter, MOST_TOUCHES).await?;
    let has_touch = |step: usize| {
        let is_it = |other: &Touch| (other.step, other.cycle) == (step, touch.cycle);
        touches.iter().any(|other| other.enrolment == touch.enrolment && is_it(other))
    };
    let is_planned = |step: usize| enrolment.progress.planned_steps & (1 << step) != 0;
    let passed = (0..plan.steps.len()).filter(|step| is_stopped || is_planned(*step));
    Ok(passed.filter(|step| !has_touch(*step)).map(|step| step + 1).collect())
}

fn planned_for(
    touch: &Touch,
    enrolment: &Enrolment,
    plan: &Plan,
    contact: &Contact,
    calendar: &Calendar,
) -> Option<PlannedFor> {
    let starts_on = enrolment.progress.starts_on;
    let cycle = u16::try_from(touch.cycle).unwrap_or(0);
    let person = Person { dates: contact.dates, country: contact.country.as_deref() };
    let schedule = cycle_schedule(plan, starts_on, cycle, person, calendar);
    let planned: PlannedTouch = schedule.into_iter().find(|other| other.step == touch.step)?;
    let cause = Cause::of(plan, starts_on, &planned, person, calendar);
    Some(PlannedFor {
        date: planned.date.to_string(),
        decided_by: timing::word(planned.rule),
        why: cause.in_words(Locale::En),
        day: planned.date,
        cause,
    })
}

fn event(event: TouchEvent) -> Event {
    let entry = event
        .reason
        .as_deref()
        .filter(|reason| reason.starts_with(ReasonCode::Suppressed.as_str()))
        .and_then(|reason| reason.rsplit_once("entry ")?.1.trim().parse().ok());
    let (template, template_version) = event.template.unzip();
    Event {
        at: event.at,
        decided_at: event.decided_at,
        attempt: event.attempt,
        state: event.state,
        worker: event.worker,
        reason: event.reason,
        entry,
        provider_ref: event.provider_ref,
        template,
        template_version,
        detail: event.detail,
    }
}

/// The entries in force that stop this channel for this contact, in view of the plan's purpose and
/// topic.
async fn against(
    touch: &Touch,
    plan: &Plan,
    contact: &Contact,
    connection: &Connection,
) -> anyhow::Result<Vec<ListEntry>> {
    let channel = touch.channel.contact_channel();
    let keys = keys(contact, channel, connection);
    let entries = connection.database.entries(&keys).await?;
    let stops = |entry: &Entry| {
        let is_about_it = entry.topic.is_none_or(|topic| topic == plan.topic);
        let is_stopped = entry.reason.blocks(entry.channel, plan.purpose);
        entry.channel.is_none_or(|own| own == channel) && is_about_it && is_stopped
    };
    let stopping = entries.into_iter().filter(stops).map(|entry| ListEntry {
        event: entry.event,
        scope: entry.scope,
        channel: entry.channel,
        reason: entry.reason,
        origin: entry.origin,
        since: entry.since,
    });
    Ok(stopping.collect())
}

/// The keys of the contact's addresses for a channel, their domains and the person.
fn keys(contact: &Contact, channel: ContactChannel, connection: &Connection) -> Vec<AddressKey> {
    let mut keys = vec![person_key(&connection.keyer, contact.id)];
    let serves = |kind: AddressKind| kind.channels().contains(&channel);
    for address in contact.addresses.iter().filter(|address| serves(address.kind)) {
        keys.push(address.key);
        if address.kind == AddressKind::Email
            && let Ok(list) = ListAddress::email(&address.value)
        {
            keys.extend(list.domain_key(&connection.keyer));
        }
    }
    keys
}
