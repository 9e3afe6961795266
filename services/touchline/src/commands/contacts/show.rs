//! `touchline contacts show`: everything known about a contact.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use clap::Args;
use domain::{AddressKind, ContactChannel};
use office::Connection;
use office::addresses::{ListAddress, Named};
use serde::Serialize;
use storage::contacts::{Contact, domain_key, person_key};
use storage::enrolments::Enrolment;
use storage::suppressions::Entry;
use storage::touches::{Touch, TouchFilter};

use crate::connect::Session;
use crate::output::Output;

/// Touches shown before and after now.
const TOUCHES: usize = 5;
/// Touches looked at per contact: some thirty years of a weekly plan.
const TOUCH_LIMIT: u32 = 2000;

/// Whom to show.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An id, an external id, an email address, a phone number, or the beginning of a name.
    contact: String,
}

#[derive(Serialize)]
struct Shown {
    id: domain::ContactId,
    external_id: Option<String>,
    full_name: String,
    first_name: String,
    locale: domain::Locale,
    time_zone: Option<String>,
    preferred_hours: Option<String>,
    country: Option<String>,
    state: Option<String>,
    city: Option<String>,
    area: Option<String>,
    group: domain::contact::Group,
    status: domain::contact::ContactStatus,
    level: domain::contact::Level,
    #[serde(rename = "type")]
    contact_type: String,
    source: String,
    owner: Option<String>,
    birthday: Option<String>,
    spouse_birthday: Option<String>,
    closing_date: Option<String>,
    notes: Option<String>,
    custom: serde_json::Value,
    addresses: Vec<ShownAddress>,
    enrolments: Vec<ShownEnrolment>,
    next_touches: Vec<ShownTouch>,
    last_touches: Vec<ShownTouch>,
}

#[derive(Serialize)]
struct ShownAddress {
    kind: AddressKind,
    label: String,
    value: String,
    sms_problem: Option<String>,
    call_problem: Option<String>,
    /// Channel → the entry that stops it.
    suppressed: HashMap<ContactChannel, String>,
}

#[derive(Serialize)]
struct ShownEnrolment {
    id: domain::EnrolmentId,
    plan: String,
    state: domain::EnrolmentState,
    /// Why it is in that state, where somebody or the list put it there.
    reason: Option<String>,
    starts_on: String,
    cycle: i32,
}

#[derive(Serialize)]
struct ShownTouch {
    id: domain::TouchId,
    plan: String,
    step: usize,
    channel: domain::Channel,
    due_at: DateTime<Utc>,
    state: domain::TouchState,
    reason: Option<String>,
    sent_at: Option<DateTime<Utc>>,
}

/// Runs the command.
///
/// # Errors
/// When nobody is found, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let region = session.team()?.default_region;
    let text = arguments.contact.trim();
    let keys: Vec<_> = match Named::parse(text, None, &region) {
        Ok(Named::Address(address)) => vec![address.key(&connection.keyer)],
        _ => Vec::new(),
    };
    let contacts = connection.database.find_contacts(text, &keys).await?;
    if contacts.is_empty() {
        anyhow::bail!(
            "no contact has this id, external id, email address, phone number or name; names are \
             found by their beginning"
        );
    }
    for contact in contacts {
        let shown = shown(contact, &connection).await?;
        if session.output.is_json() {
            session.output.json(&shown)?;
        } else {
            print(&shown, session.output)?;
        }
    }
    Ok(())
}

async fn shown(contact: Contact, connection: &Connection) -> anyhow::Result<Shown> {
    let database = &connection.database;
    let entries = database.entries(&keys_of(&contact, connection)).await?;
    let enrolments = database.enrolments_of(contact.id).await?;
    let filter = TouchFilter { contact: Some(contact.id), ..TouchFilter::default() };
    let touches = database.touches(&filter, TOUCH_LIMIT).await?;
    let (last, next): (Vec<Touch>, Vec<Touch>) =
        touches.into_iter().partition(|touch| touch.state.is_final());
    let date = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
    Ok(Shown {
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
        notes: contact.notes,
        custom: contact.custom,
        enrolments: enrolments.into_iter().map(enrolment).collect(),
        next_touches: next.into_iter().take(TOUCHES).map(touch).collect(),
        last_touches: last.into_iter().rev().take(TOUCHES).map(touch).collect(),
    })
}

fn email_domain(value: &str, connection: &Connection) -> Option<domain::AddressKey> {
    let address = ListAddress::email(value).ok()?;
    address.domain.map(|name| domain_key(&connection.keyer, &name))
}

fn keys_of(contact: &Contact, connection: &Connection) -> Vec<domain::AddressKey> {
    let own = contact.addresses.iter().map(|address| address.key);
    let domains = contact.addresses.iter().filter(|a| a.kind == AddressKind::Email);
    let domains = domains.filter_map(|address| email_domain(&address.value, connection));
    own.chain(domains).chain([person_key(&connection.keyer, contact.id)]).collect()
}

fn addresses(contact: &Contact, entries: &[Entry], connection: &Connection) -> Vec<ShownAddress> {
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
            let since = entry.since.format("%Y-%m-%d");
            Some((*channel, format!("{} by {} since {since}", entry.reason, entry.origin)))
        });
        ShownAddress {
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

fn enrolment(enrolment: Enrolment) -> ShownEnrolment {
    ShownEnrolment {
        id: enrolment.id,
        plan: enrolment.plan_key,
        state: enrolment.state,
        reason: enrolment.reason,
        starts_on: enrolment.progress.starts_on.to_string(),
        cycle: i32::from(enrolment.progress.cycle),
    }
}

fn touch(touch: Touch) -> ShownTouch {
    ShownTouch {
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

fn print(shown: &Shown, output: Output) -> anyhow::Result<()> {
    let mut fields = output.table(&[]);
    let document = serde_json::to_value(shown)?;
    for (name, value) in document.as_object().into_iter().flatten() {
        match value {
            serde_json::Value::String(text) => {
                fields.add_row([name.as_str(), text]);
            }
            serde_json::Value::Object(custom) => {
                for (name, value) in custom {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    fields.add_row([name.as_str(), &text]);
                }
            }
            _ => {}
        }
    }
    output.text(&fields.to_string())?;
    output.list(&shown.addresses, &["address", "label", "value", "state"], |address| {
        vec![
            address.kind.to_string(),
            address.label.clone(),
            address.value.clone(),
            address_state(address),
        ]
    })?;
    if !shown.enrolments.is_empty() {
        output.list(
            &shown.enrolments,
            &["plan", "state", "starts on", "cycle", "why"],
            |enrolment| {
                vec![
                    enrolment.plan.clone(),
                    enrolment.state.to_string(),
                    enrolment.starts_on.clone(),
                    enrolment.cycle.to_string(),
                    enrolment.reason.clone().unwrap_or_default(),
                ]
            },
        )?;
    }
    for (title, touches) in [("next", &shown.next_touches), ("last", &shown.last_touches)] {
        if !touches.is_empty() {
            output.list(touches, &[title, "plan", "step", "channel", "state", "why"], |touch| {
                vec![
                    touch.due_at.format("%Y-%m-%d %H:%M").to_string(),
                    touch.plan.clone(),
                    touch.step.to_string(),
                    touch.channel.to_string(),
                    touch.state.to_string(),
                    touch.reason.clone().unwrap_or_default(),
                ]
            })?;
        }
    }
    Ok(())
}

fn address_state(address: &ShownAddress) -> String {
    let mut parts: Vec<String> = address
        .suppressed
        .iter()
        .map(|(channel, why)| format!("{channel} stopped: {why}"))
        .collect();
    parts.sort();
    parts.extend(address.sms_problem.clone());
    if address.call_problem != address.sms_problem {
        parts.extend(address.call_problem.clone());
    }
    if parts.is_empty() { "usable".to_owned() } else { parts.join("; ") }
}
