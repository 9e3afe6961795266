//! `touchline requests add`.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::rights::{PrivacyLaw, RequestKind};
use jiff::tz::TimeZone;
use office::local;
use storage::rights::NewRequest;

use super::list::{for_people, shown};
use super::{known, today};
use crate::commands::whom;
use crate::connect::Session;
use crate::error::usage;

/// A request to be recorded.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Who asks: an id, external id, email address, phone number or name; nobody when it is not
    /// known yet.
    contact: Option<String>,
    /// access, portability, rectification, erasure, objection or restriction.
    #[arg(long)]
    kind: RequestKind,
    /// gdpr, uk_gdpr, ccpa, sa_pdpl, ae_pdpl or eg_pdpl.
    #[arg(long, default_value = "gdpr")]
    law: PrivacyLaw,
    /// When it reached us, e.g. 2026-06-01T08:00:00Z; now when not given.
    #[arg(long, value_name = "TIME")]
    received: Option<DateTime<Utc>>,
    /// How it reached us: email, letter, call, form.
    #[arg(long, value_name = "TEXT")]
    how: String,
    /// What proves it: a ticket, a message, a recording. No address.
    #[arg(long)]
    evidence: Option<String>,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Runs the command.
///
/// # Errors
/// An unknown contact, a blank text, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    if arguments.how.trim().is_empty() || arguments.actor.trim().is_empty() {
        return Err(usage("--how or --actor is empty; say how it came, and who records it"));
    }
    let connection = session.connect().await?;
    let contact = match &arguments.contact {
        Some(text) => Some(whom::contact(text, &connection, session).await?.id),
        None => None,
    };
    let now = session.clock()?.now();
    let received_at = arguments.received.unwrap_or(now);
    if received_at > now {
        return Err(usage("--received lies in the future"));
    }
    let zone = TimeZone::get(&session.team()?.default_time_zone)
        .map_err(|_| usage("[team] default_time_zone is no time zone"))?;
    let new = NewRequest {
        kind: arguments.kind,
        law: arguments.law,
        contact,
        received_at,
        received_on: local::zoned(received_at, &zone).date(),
        how: arguments.how,
        actor: arguments.actor,
        evidence: arguments.evidence,
    };
    let id = connection.database.record_request(&new).await?;
    let request = known(id, &connection.database).await?;
    let today = today(session)?;
    session.output.object(&shown(&request, today), |answer| {
        format!("recorded as {id}\n{}", for_people(answer))
    })?;
    Ok(())
}
