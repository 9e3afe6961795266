//! `touchline blackouts`: days on which the team reaches nobody.

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use domain::{BlackoutId, ContactChannel};
use serde_json::json;
use storage::blackouts::{KnownBlackout, NewBlackout};

use crate::connect::Session;
use crate::error::usage;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Make days without messages and new tasks: local days of each recipient.
    Add(AddArguments),
    /// List the days that are to come or were, unless they were removed.
    List,
    /// Remove days; what waits for them leaves when it was to.
    Remove(RemoveArguments),
}

/// Days to be made.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The first day, e.g. 2026-12-02.
    first_day: NaiveDate,
    /// The last day; the first one when not given.
    last_day: Option<NaiveDate>,
    /// Only on this channel: email, sms, call, post or person. All when not given.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who says so.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Days to be removed.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// The id that `list` shows.
    id: BlackoutId,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who says so.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Runs the command.
///
/// # Errors
/// Days that are not in order, an unknown id, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Add(arguments) => add(arguments, session).await,
        Arguments::List => list(session).await,
        Arguments::Remove(arguments) => remove(&arguments, session).await,
    }
}

async fn add(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let (first_day, last_day) =
        (arguments.first_day, arguments.last_day.unwrap_or(arguments.first_day));
    if last_day < first_day {
        return Err(usage("the last day is before the first one"));
    }
    if arguments.reason.trim().is_empty() {
        return Err(usage("--reason needs some words"));
    }
    let connection = session.connect().await?;
    let new = NewBlackout {
        first_day,
        last_day,
        channel: arguments.channel,
        reason: arguments.reason,
        actor: arguments.actor,
    };
    let id = connection.database.add_blackout(&new).await?;
    let answer = json!({
        "id": id, "first_day": first_day, "last_day": last_day, "channel": new.channel,
        "reason": new.reason, "actor": new.actor,
    });
    session
        .output
        .object(&answer, |_| format!("nobody is reached from {first_day} to {last_day} ({id})"))?;
    Ok(())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let rows: Vec<_> = connection.database.blackouts().await?.iter().map(row).collect();
    let columns = ["id", "first day", "last day", "channel", "reason", "actor"];
    let names = ["id", "first_day", "last_day", "channel", "reason", "actor"];
    session.output.list(&rows, &columns, |row| {
        names.iter().map(|name| row[*name].as_str().unwrap_or("all").to_owned()).collect()
    })?;
    Ok(())
}

fn row(known: &KnownBlackout) -> serde_json::Value {
    let blackout = &known.blackout;
    json!({
        "id": blackout.id, "first_day": blackout.first_day, "last_day": blackout.last_day,
        "channel": blackout.channel, "reason": blackout.reason, "actor": known.actor,
        "created_at": known.created_at,
    })
}

async fn remove(arguments: &RemoveArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let RemoveArguments { id, reason, actor } = arguments;
    if !connection.database.remove_blackout(*id, actor, reason).await? {
        anyhow::bail!(
            "there are no such days, or they were removed; see `touchline blackouts list`"
        );
    }
    session.output.object(&json!({ "removed": id }), |_| "removed".to_owned())?;
    Ok(())
}
