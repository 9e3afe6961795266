//! `touchline contacts show`: everything known about a contact.

use clap::Args;
use domain::Locale;
use office::people::{self, Card, CardAddress, Unfound};

use crate::connect::Session;
use crate::output::Output;

/// Whom to show.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An id, an external id, an email address, a phone number, or the beginning of a name.
    contact: String,
}

/// Runs the command.
///
/// # Errors
/// When nobody is found, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let region = session.team()?.default_region;
    let contacts = people::find(&arguments.contact, &region, &connection).await?;
    if contacts.is_empty() {
        return Err(Unfound::Nobody.into());
    }
    for contact in contacts {
        let card = people::card(contact, &connection).await?;
        if session.output.is_json() {
            session.output.json(&card)?;
        } else {
            print(&card, session.output)?;
        }
    }
    Ok(())
}

fn print(card: &Card, output: Output) -> anyhow::Result<()> {
    let mut fields = output.table(&[]);
    let document = serde_json::to_value(card)?;
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
    output.list(&card.addresses, &["address", "label", "value", "state"], |address| {
        vec![
            address.kind.to_string(),
            address.label.clone(),
            address.value.clone(),
            address_state(address),
        ]
    })?;
    if !card.enrolments.is_empty() {
        output.list(
            &card.enrolments,
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
    for (title, touches) in [("next", &card.next_touches), ("last", &card.last_touches)] {
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

fn address_state(address: &CardAddress) -> String {
    let mut parts: Vec<String> = address
        .suppressed
        .iter()
        .map(|(channel, stop)| format!("{channel} stopped: {}", stop.in_words(Locale::En)))
        .collect();
    parts.sort();
    parts.extend(address.sms_problem.clone());
    if address.call_problem != address.sms_problem {
        parts.extend(address.call_problem.clone());
    }
    if parts.is_empty() { "usable".to_owned() } else { parts.join("; ") }
}
