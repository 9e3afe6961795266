//! `touchline calendar`: the coming year of a contact, touch by touch.

use domain::{Locale, TouchState};
use office::calendar::{self, Span};

use super::whom;
use crate::connect::Session;

/// Whose calendar.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Id, external id, email address or phone number.
    contact: String,
    /// How many days from today.
    #[arg(long, default_value_t = 365)]
    days: u16,
    /// The language of purposes.
    #[arg(long, default_value = "en")]
    locale: Locale,
}

/// Runs the command.
///
/// # Errors
/// When there is no such contact, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let Arguments { contact, days, locale } = arguments;
    let connection = session.connect().await?;
    let contact = whom::contact(&contact, &connection, session).await?;
    let library = fleet::load_library(&session.settings)?;
    let span = Span { now: session.clock()?.now(), days, locale };
    let (database, team) = (&connection.database, session.team()?);
    let coming = calendar::coming(&contact, span, database, &team, library.calendar()).await?;
    for (follower, plan) in &coming.not_loaded {
        eprintln!("note: {follower} is to follow {plan}, but it is not loaded");
    }
    let output = session.output;
    if !output.is_json() {
        let (name, count) = (&contact.full_name, coming.entries.len());
        let (zone, zone_rule) = (&coming.zone, coming.zone_rule);
        output.text(&format!(
            "{name}: {count} touches in the coming {days} days; times of {zone}, {zone_rule}\n"
        ))?;
    }
    if coming.entries.is_empty() {
        return Ok(());
    }
    let columns = ["Date", "Time", "Channel", "Plan", "Step", "Purpose", "Because", "State"];
    output.list(&coming.entries, &columns, |entry| {
        vec![
            entry.date.clone(),
            entry.time.clone(),
            entry.channel.to_string(),
            entry.plan.clone(),
            entry.step.to_string(),
            entry.purpose.clone(),
            entry.cause.in_words(Locale::En),
            entry.state.map_or("planned", TouchState::as_str).to_owned(),
        ]
    })?;
    Ok(())
}
