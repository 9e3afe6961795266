//! `touchline contacts correct`: puts right what is known about a person (compliance.md PRV-08).
//!
//! A field is named as in imports; an address that is not the only one of its kind is named by
//! itself: `old@example.com=new@example.com`.

use clap::Args;
use domain::rights::RequestStep;
use domain::{AddressKind, RequestId};
use office::Connection;
use office::addresses::{ListAddress, contact_email, contact_phone, contact_postal};
use office::intake::values;
use storage::contacts::{Contact, NewAddress};
use storage::rights::{Change, Correcting, TEXT_FIELDS};

use crate::commands::{requests, whom};
use crate::connect::Session;
use crate::error::usage;

/// What to put right.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose: an id, external id, email address, phone number or name.
    contact: String,
    /// full_name, first_name, locale, time_zone, country, state, city, area, group, status, level,
    /// type, notes, birthday, spouse_birthday, closing_date, external_id, custom.NAME, email, phone,
    /// address, or the address that is wrong; an empty value clears the field.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    changes: Vec<String>,
    /// The request it answers.
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    /// Who does it: your own name.
    #[arg(long)]
    actor: String,
    /// On whose word, and why. No name and no address: this stays.
    #[arg(long)]
    reason: String,
}

/// Runs the command.
///
/// # Errors
/// An unknown contact or field, a value that cannot be read, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    if arguments.actor.trim().is_empty() || arguments.reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who corrects it, and on whose word"));
    }
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    if let Some(id) = arguments.request {
        requests::known(id, &connection.database).await?;
    }
    let region = session.team()?.default_region;
    let mut changes = Vec::new();
    for text in &arguments.changes {
        let (field, value) = text
            .split_once('=')
            .ok_or_else(|| usage("write FIELD=VALUE, as in full_name=\"Sara Khan\""))?;
        changes.push(change(field.trim(), value.trim(), &contact, &connection, &region)?);
    }
    // Who is named anew is addressed by the new name.
    let named = |field: &str| changes.iter().find_map(|change| value_of(change, field));
    if let (Some(full), None) = (named("full_name"), named("first_name")) {
        let first = values::first_name(&full);
        changes.push(Change::Field("first_name".to_owned(), Some(first)));
    }
    let correcting = Correcting {
        contact: contact.id,
        changes,
        actor: arguments.actor.clone(),
        reason: arguments.reason,
    };
    let done = connection.database.correct_person(&connection.keyer, &correcting).await?;
    if let Some(id) = arguments.request {
        let note = "corrected";
        let step = RequestStep::Answered;
        requests::note(id, step, note, &arguments.actor, &connection.database, session).await?;
    }
    session.output.object(&done, |done| {
        let mut text = format!(
            "{} values corrected; {} planned touches and {} open tasks brought up to date",
            done.changed, done.retargeted, done.tasks
        );
        if done.carried > 0 {
            text.push_str(&format!("; {} entries of the list followed", done.carried));
        }
        if done.in_flight > 0 {
            text.push_str(&format!("; {} are just leaving for the old address", done.in_flight));
        }
        text
    })?;
    Ok(())
}

fn value_of(change: &Change, field: &str) -> Option<String> {
    match change {
        Change::Field(name, value) if name == field => value.clone(),
        _ => None,
    }
}

fn change(
    field: &str,
    value: &str,
    contact: &Contact,
    connection: &Connection,
    region: &str,
) -> anyhow::Result<Change> {
    let kind = match field {
        "email" => Some(AddressKind::Email),
        "phone" => Some(AddressKind::Phone),
        "address" => Some(AddressKind::Postal),
        _ => None,
    };
    if let Some(kind) = kind {
        let mut own = contact.addresses.iter().filter(|address| address.kind == kind);
        let (old, another) = (own.next(), own.next());
        if another.is_some() {
            return Err(usage(format!(
                "the contact has more than one {kind}; name the wrong one itself: OLD=NEW"
            )));
        }
        let label = old.map_or("", |old| old.label.as_str());
        let new = new_address(kind, value, region, label)?;
        return Ok(Change::Address { old: old.map(|old| old.key), new });
    }
    if let Some(name) = field.strip_prefix("custom.") {
        return Ok(Change::Custom(name.to_owned(), some(value)));
    }
    if let Some((name, .., may_be_none)) = TEXT_FIELDS.iter().find(|(name, ..)| *name == field) {
        if value.is_empty() && !may_be_none {
            return Err(usage(format!("{name} cannot be empty")));
        }
        let read = some(value).map(|value| read(name, &value)).transpose();
        let read = read.map_err(|why| usage(format!("{name} {why}")))?;
        return Ok(Change::Field((*name).to_owned(), read));
    }
    // The wrong address itself.
    let named = |kind| -> Option<ListAddress> {
        match kind {
            AddressKind::Email => ListAddress::email(field).ok(),
            AddressKind::Phone => ListAddress::phone(field, region).ok(),
            AddressKind::Postal => ListAddress::postal(field),
            AddressKind::Person => None,
        }
    };
    let is_meant = |address: &&storage::contacts::Address| {
        named(address.kind).is_some_and(|list| list.key(&connection.keyer) == address.key)
    };
    let Some(old) = contact.addresses.iter().find(is_meant) else {
        return Err(usage("a change names neither a field nor an address that the contact has"));
    };
    let new = new_address(old.kind, value, region, &old.label)?;
    Ok(Change::Address { old: Some(old.key), new })
}

fn some(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// The value in the form the column has.
fn read(field: &str, value: &str) -> Result<String, String> {
    Ok(match field {
        "locale" => values::locale(value)?.to_string(),
        "time_zone" => values::time_zone(value)?,
        "country" => values::country(value)?,
        "group" => values::group(value)?.to_string(),
        "status" => values::status(value)?.to_string(),
        "level" => values::level(value)?.to_string(),
        "birthday" | "spouse_birthday" | "closing_date" => values::date(value, None)?.to_string(),
        "full_name" if !value.chars().any(char::is_alphabetic) => {
            return Err("holds no name".to_owned());
        }
        _ => value.to_owned(),
    })
}

fn new_address(
    kind: AddressKind,
    value: &str,
    region: &str,
    label: &str,
) -> anyhow::Result<NewAddress> {
    let unusable = |why: String| usage(format!("the new {kind} cannot be used: {why}"));
    match kind {
        AddressKind::Email => contact_email(value).map_err(|why| unusable(why.to_string())),
        AddressKind::Phone => {
            contact_phone(value, region, label).map_err(|why| unusable(why.to_string()))
        }
        _ => contact_postal(value).ok_or_else(|| unusable("there are no words in it".to_owned())),
    }
}
