//! `touchline contacts object`: somebody objects to being marketed to, and everything stops
//! (compliance.md PRV-04). An objection cannot be refused; the request stays open until the person
//! was told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use domain::RequestId;
use domain::rights::{PrivacyLaw, RequestKind};
use domain::suppression::{Origin, SuppressionReason};
use jiff::tz::TimeZone;
use office::local;
use serde_json::json;
use storage::contacts::person_key;
use storage::rights::NewRequest;
use storage::suppressions::{NewSuppression, Target};

use crate::commands::{requests, whom};
use crate::connect::Session;
use crate::error::usage;

/// Who objects.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An id, external id, email address, phone number or name.
    contact: String,
    /// The request, where it is recorded already.
    #[arg(long, value_name = "ID", conflicts_with_all = ["received", "law"])]
    request: Option<RequestId>,
    /// When it reached us, e.g. 2026-06-01T08:00:00Z; now when not given.
    #[arg(long, value_name = "TIME")]
    received: Option<DateTime<Utc>>,
    /// The law it is answered under.
    #[arg(long, default_value = "gdpr")]
    law: PrivacyLaw,
    /// How it reached us: email, letter, call, in any words.
    #[arg(long, value_name = "TEXT", default_value = "staff")]
    how: String,
    /// What proves it: a ticket, a message, a recording. No address.
    #[arg(long)]
    evidence: String,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// How long to wait for what is being handed over at this moment.
    #[arg(long, value_name = "N", default_value_t = 10)]
    wait_seconds: u64,
}

/// Runs the command.
///
/// # Errors
/// An unknown contact or request, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    if arguments.evidence.trim().is_empty() || arguments.actor.trim().is_empty() {
        return Err(usage(
            "--evidence or --actor is empty; say what proves it, and who records it",
        ));
    }
    let connection = session.connect().await?;
    let database = &connection.database;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    let now = session.clock()?.now();
    let (request, received_at) = match arguments.request {
        Some(id) => (id, requests::known(id, database).await?.received_at),
        None => {
            let received_at = arguments.received.unwrap_or(now);
            let zone = TimeZone::get(&session.team()?.default_time_zone)
                .map_err(|_| usage("[team] default_time_zone is no time zone"))?;
            let new = NewRequest {
                kind: RequestKind::Objection,
                law: arguments.law,
                contact: Some(contact.id),
                received_at,
                received_on: local::zoned(received_at, &zone).date(),
                how: arguments.how,
                actor: arguments.actor.clone(),
                evidence: Some(arguments.evidence.clone()),
            };
            (database.record_request(&new).await?, received_at)
        }
    };
    let entry = NewSuppression {
        target: Target::Person(person_key(&connection.keyer, contact.id)),
        reason: SuppressionReason::GdprObjection,
        origin: Origin::Recipient,
        actor: arguments.actor,
        evidence: Some(format!(
            "{}; request {request}, received {received_at}",
            arguments.evidence
        )),
        touch: None,
        received_at: Some(received_at),
    };
    let patience = Duration::from_secs(arguments.wait_seconds);
    let made = database.suppress(&entry, patience).await?;
    let status = if made.in_flight.is_empty() { "clear" } else { "in_flight" };
    let answer = json!({
        "status": status, "in_flight": made.in_flight, "event": made.event, "request": request,
    });
    session.output.object(&answer, |_| {
        let begun =
            format!("nothing starts any more; request {request} is open until the person is told");
        match made.in_flight.len() {
            0 => begun,
            n => format!("{begun}; {n} touches are being handed over at this moment"),
        }
    })?;
    Ok(())
}
