//! `touchline requests add`.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::rights::{PrivacyLaw, RequestKind};
use jiff::tz::TimeZone;
use office::requests::{self, Incoming};

use super::list::{for_people, shown};
use super::{refused, today};
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
    let zone = TimeZone::get(&session.team()?.default_time_zone)
        .map_err(|_| usage("[team] default_time_zone is no time zone"))?;
    let incoming = Incoming {
        contact,
        kind: arguments.kind,
        law: arguments.law,
        received_at: arguments.received.unwrap_or(now),
        how: arguments.how,
        evidence: arguments.evidence,
        actor: arguments.actor,
    };
    let recorded = requests::record(incoming, now, &zone, &connection.database).await;
    let request = recorded.map_err(refused)?;
    let id = request.id;
    let today = today(session)?;
    session.output.object(&shown(&request, today), |answer| {
        format!("recorded as {id}\n{}", for_people(answer))
    })?;
    Ok(())
}
