//! `touchline tasks`: what people have to do.

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use domain::{Channel, ContactId, TaskId, TouchId, planning};
use serde::Serialize;
use storage::tasks::Task;

use super::local;
use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the open tasks of a day and what is left of the days before.
    Today(Today),
}

/// Which tasks.
#[derive(Debug, clap::Args)]
pub struct Today {
    /// Another day than today in the team's time zone.
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<NaiveDate>,
    /// Only those of the agent with this email address.
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 200)]
    limit: u32,
}

#[derive(Serialize)]
struct Shown {
    id: TaskId,
    touch: TouchId,
    contact: ContactId,
    contact_name: String,
    owner: Option<String>,
    channel: Channel,
    title: String,
    script: String,
    due_on: NaiveDate,
    due_at: DateTime<Utc>,
    overdue: bool,
}

/// Runs the command.
///
/// # Errors
/// When the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let Arguments::Today(Today { day, owner, limit }) = arguments;
    let connection = session.connect().await?;
    let day = match day {
        Some(day) => day,
        None => today(session)?,
    };
    let tasks = connection.database.open_tasks(day, owner.as_deref(), limit).await?;
    let tasks: Vec<Shown> = tasks.into_iter().map(|task| shown(task, day)).collect();
    if tasks.is_empty() && !session.output.is_json() {
        return Ok(session.output.text(&format!("Nothing is to be done by {day}."))?);
    }
    let columns = ["Due", "Channel", "Contact", "Agent", "Task"];
    session.output.list(&tasks, &columns, |task| {
        let late = if task.overdue { " (overdue)" } else { "" };
        vec![
            format!("{}{late}", task.due_on),
            task.channel.to_string(),
            task.contact_name.clone(),
            task.owner.clone().unwrap_or_else(|| "nobody yet".to_owned()),
            task.title.clone(),
        ]
    })?;
    Ok(())
}

fn today(session: &Session) -> anyhow::Result<NaiveDate> {
    let zone = planning::zone_of(None, None, &session.team()?.default_time_zone);
    let today = local::zoned(session.clock()?.now(), &zone).date();
    Ok(today.to_string().parse()?)
}

fn shown(task: Task, day: NaiveDate) -> Shown {
    Shown {
        id: task.id,
        touch: task.touch,
        contact: task.contact,
        contact_name: task.contact_name,
        owner: task.owner_name,
        channel: task.channel,
        title: task.title,
        script: task.script,
        due_on: task.due_on,
        due_at: task.due_at,
        overdue: task.due_on < day,
    }
}
