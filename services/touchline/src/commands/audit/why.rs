//! `touchline audit why`: why somebody was or was not contacted on a day, from the logs alone.

use clap::Args;
use domain::Locale;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use office::audit::{self, Question, Told, Unanswerable};

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

/// Runs the command.
///
/// # Errors
/// An address or zone that is none, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let team = session.team()?;
    let Arguments { address, day, zone, actor } = arguments;
    let zone = zone.as_deref().unwrap_or(&team.default_time_zone);
    let zone = TimeZone::get(zone).map_err(|why| usage(format!("--zone: {why}")))?;
    let connection = session.connect().await?;
    let question = Question { address, region: team.default_region, day, zone, actor };
    let answer = audit::why(&question, &connection).await.map_err(unanswerable)?;
    Ok(session.output.object(&answer, |answer| text(audit::words(answer, Locale::En)))?)
}

fn unanswerable(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref() {
        Some(Unanswerable::Domain) => usage("--address names a domain; ask about one address"),
        _ => error,
    }
}

fn text(told: Told) -> String {
    let indented = |line: String| format!("  {line}");
    let mut lines = vec![told.verdict, String::new(), told.day_title];
    lines.extend(told.touches.into_iter().map(indented));
    lines.extend([String::new(), told.list_title.to_owned()]);
    lines.extend(told.list.into_iter().map(indented));
    if !told.enrolments.is_empty() {
        lines.extend([String::new(), told.enrolments_title.to_owned()]);
    }
    lines.extend(told.enrolments.into_iter().map(indented));
    if let Some(erased) = told.erased {
        lines.extend([String::new(), erased]);
    }
    lines.join("\n")
}
