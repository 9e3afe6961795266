//! `touchline audit why`: why somebody was or was not contacted on a day, from the logs alone.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use domain::suppression::{ListReading, Origin, Scope, SuppressionReason};
use domain::{
    AddressKind, Channel, ContactChannel, ContactId, EnrolmentState, EventId, Locale, TouchId,
    TouchState,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use office::Connection;
use office::addresses::Named;
use office::{local, words};
use serde::Serialize;
use serde_json::Value;
use storage::audit::{DayOf, Decision, Enrolled, InForce};
use storage::contacts::{domain_key, person_key};
use storage::suppressions::NewReading;

use crate::connect::Session;
use crate::error::usage;

/// Whose day, and which.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An email address or phone number in any spelling, or a contact's id; also of somebody who was
    /// erased.
    #[arg(long, allow_hyphen_values = true)]
    address: String,
    /// The day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Date,
    /// The day's time zone; the team's when not given.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Who asks: your own name. That it was asked is noted.
    #[arg(long, default_value = "touchline audit why")]
    actor: String,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer {
    /// The answer in one sentence.
    verdict: String,
    day: String,
    zone: String,
    contacts: Vec<ContactId>,
    /// The keyed hashes that were looked for.
    keys: Vec<String>,
    erased_at: Option<DateTime<Utc>>,
    touches: Vec<Told>,
    /// What was on the list that day.
    list: Vec<Listed>,
    enrolments: Vec<Standing>,
    #[serde(skip)]
    time_zone: TimeZone,
}

/// A decision about a touch, or a touch about which nothing was decided that day.
#[derive(Debug, Serialize)]
struct Told {
    touch: TouchId,
    plan: String,
    plan_version: i32,
    /// From 1.
    step: i16,
    channel: Channel,
    due_at: DateTime<Utc>,
    state_now: TouchState,
    at: Option<DateTime<Utc>>,
    decided_at: Option<DateTime<Utc>>,
    state: Option<TouchState>,
    reason: Option<String>,
    worker: Option<String>,
    template: Option<String>,
    template_version: Option<i32>,
    detail: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Listed {
    event: EventId,
    scope: Scope,
    channel: Option<ContactChannel>,
    topic: Option<String>,
    reason: SuppressionReason,
    origin: Origin,
    received_at: Option<DateTime<Utc>>,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize)]
struct Standing {
    plan: String,
    state_now: EnrolmentState,
    reason: Option<String>,
    since: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

/// Runs the command.
///
/// # Errors
/// An address or zone that is none, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let team = session.team()?;
    let zone = arguments.zone.as_deref().unwrap_or(&team.default_time_zone);
    let time_zone = TimeZone::get(zone).map_err(|why| usage(format!("--zone: {why}")))?;
    let connection = session.connect().await?;
    let day = day_of(&arguments, &time_zone, &team.default_region, &connection).await?;
    let database = &connection.database;
    let kind = ListReading::Person;
    let note = format!("why somebody was or was not contacted on {}", arguments.day);
    let reading = NewReading { kind, actor: arguments.actor, note, entries: 1 };
    database.note_reading(&reading).await?;
    let decisions = database.decisions_of(&day).await?;
    let mut contacts = day.contacts.clone();
    contacts.extend(decisions.iter().filter_map(|decision| decision.contact));
    contacts.sort_unstable();
    contacts.dedup();
    let enrolments = database.enrolled(&contacts).await?;
    let erased_at =
        database.erased_at(&DayOf { contacts: contacts.clone(), ..day.clone() }).await?;
    let list = database.entries_in_force(&day).await?;
    let verdict = verdict(&decisions, &enrolments, erased_at, !contacts.is_empty(), day.to);
    let answer = Answer {
        verdict,
        day: arguments.day.to_string(),
        zone: local::name(&time_zone).to_owned(),
        contacts,
        keys: day.keys.iter().map(|key| key.to_hex()).collect(),
        erased_at,
        touches: decisions.into_iter().map(told).collect(),
        list: list.into_iter().map(listed).collect(),
        enrolments: enrolments.into_iter().map(standing).collect(),
        time_zone,
    };
    Ok(session.output.object(&answer, in_words)?)
}

/// Whose keys and ids are meant, and from when to when.
async fn day_of(
    arguments: &Arguments,
    zone: &TimeZone,
    region: &str,
    connection: &Connection,
) -> anyhow::Result<DayOf> {
    let Connection { database, keyer } = connection;
    let named = Named::parse(&arguments.address, None, region)
        .map_err(|why| anyhow::anyhow!("the address cannot be used: {why}"))?;
    let (mut keys, found) = match &named {
        Named::Domain(_) => return Err(usage("--address names a domain; ask about one address")),
        Named::Person(id) => (Vec::new(), database.find_contacts(&id.to_string(), &[]).await?),
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
        let instant = date.to_zoned(zone.clone()).context("the day does not exist")?.timestamp();
        DateTime::from_timestamp_micros(instant.as_microsecond()).context("the day is out of range")
    };
    let next = arguments.day.tomorrow().context("there is no day after this one")?;
    Ok(DayOf { contacts, keys, from: begins(arguments.day)?, to: begins(next)? })
}

/// The answer in one sentence.
fn verdict(
    decisions: &[Decision],
    enrolments: &[Enrolled],
    erased_at: Option<DateTime<Utc>>,
    is_known: bool,
    to: DateTime<Utc>,
) -> String {
    let of_state = |state: TouchState| {
        decisions
            .iter()
            .filter(move |own| own.event.as_ref().is_some_and(|e| e.state == state))
            .count()
    };
    let sent = of_state(TouchState::Sent);
    if sent > 0 {
        return format!("Contacted: {sent} handed over.");
    }
    if let Some(event) = decisions.iter().rev().find_map(|own| own.event.as_ref()) {
        let why = event
            .reason
            .as_deref()
            .map(|reason| words::reason(reason, Locale::En))
            .unwrap_or_default();
        return format!("Not contacted: {} ({why}).", event.state);
    }
    if let Some(touch) = decisions.first() {
        return format!(
            "Not contacted: a touch was due, and nothing was decided about it that day; it is {} now.",
            touch.state_now
        );
    }
    if erased_at.is_some_and(|at| at < to) {
        return "Not contacted: the person had been erased; nothing was due.".to_owned();
    }
    if !is_known {
        return "Not contacted: no contact has this address, and no touch went to it.".to_owned();
    }
    let Some(last) = enrolments.iter().find(|own| own.since < to) else {
        return "Not contacted: the person was not enrolled in any plan.".to_owned();
    };
    let running = enrolments.iter().filter(|own| own.since < to);
    if running.clone().any(|own| own.state == EnrolmentState::Active || own.changed_at >= to) {
        return format!("Not contacted: nothing of {} was due that day.", last.plan);
    }
    let since = last.changed_at.format("%Y-%m-%d");
    format!("Not contacted: {} was {} since {since}; nothing was due.", last.plan, last.state)
}

fn told(decision: Decision) -> Told {
    let event = decision.event;
    let (plan, plan_version) = decision.plan;
    let of_event = event.as_ref();
    let (template, template_version) = of_event.and_then(|own| own.template.clone()).unzip();
    Told {
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

fn in_words(answer: &Answer) -> String {
    let at = |instant: DateTime<Utc>| local::moment(instant, &answer.time_zone, Locale::En);
    let mut lines =
        vec![answer.verdict.clone(), String::new(), format!("On {} ({})", answer.day, answer.zone)];
    for touch in &answer.touches {
        let what = format!(
            "{}, step {} of {} (version {})",
            touch.channel, touch.step, touch.plan, touch.plan_version
        );
        let (Some(state), Some(decided_at)) = (touch.state, touch.decided_at) else {
            lines.push(format!(
                "  {what}: due {}, {} now. Touch {}.",
                at(touch.due_at),
                touch.state_now,
                touch.touch
            ));
            continue;
        };
        let why = touch.reason.as_deref().map(|reason| words::reason(reason, Locale::En));
        let why = why.map_or_else(String::new, |why| format!(", because {why}"));
        lines.push(format!("  {what}: {state} at {}{why}. Touch {}.", at(decided_at), touch.touch));
    }
    if answer.touches.is_empty() {
        lines.push("  Nothing was due, and nothing was decided.".to_owned());
    }
    lines.extend([String::new(), "On the list that day".to_owned()]);
    for entry in &answer.list {
        let covers = entry
            .channel
            .map_or_else(|| format!("the whole {}", entry.scope), |channel| channel.to_string());
        let until = entry.until.map_or_else(String::new, |until| format!(", until {}", at(until)));
        let reason = entry.reason.as_str().replace('_', " ");
        lines.push(format!(
            "  {covers}: {reason}, by {}, since {}{until} (entry {}).",
            entry.origin,
            at(entry.since),
            entry.event
        ));
    }
    if answer.list.is_empty() {
        lines.push("  Nothing.".to_owned());
    }
    if !answer.enrolments.is_empty() {
        lines.extend([String::new(), "Enrolments".to_owned()]);
    }
    for own in &answer.enrolments {
        lines.push(format!(
            "  {}: since {}, {} now, changed {}.",
            own.plan,
            at(own.since),
            own.state_now,
            at(own.changed_at)
        ));
    }
    if let Some(erased_at) = answer.erased_at {
        lines.extend([String::new(), format!("Erased on {}.", at(erased_at))]);
    }
    lines.join("\n")
}
