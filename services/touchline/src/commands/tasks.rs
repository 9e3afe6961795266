//! `touchline tasks`: what people have to do.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use clap::Subcommand;
use domain::suppression::{Origin, SuppressionReason};
use domain::{Channel, ContactChannel, ContactId, TaskId, TaskOutcome, TouchId, planning};
use office::{local, suggestion};
use serde::Serialize;
use serde_json::json;
use storage::suppressions::{NewSuppression, Request, Target};
use storage::tasks::{Agent, FinishedTask, Handed, HandedOver, Handover, Task, TaskEnd};

use crate::connect::Session;
use crate::error::usage;

/// How long to wait for what is being handed over at this moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the open tasks of a day and what is left of the days before.
    Today(Today),
    /// Finish an open task and say how it went; caps on calls count by it.
    Done(Done),
    /// Give every open task of an agent to another: for a holiday, or for good with the contacts.
    /// Without --yes it only tells how much would go over.
    HandOver(HandOver),
}

/// Whose tasks go to whom.
#[derive(Debug, clap::Args)]
pub struct HandOver {
    /// The email address of the agent who is away.
    #[arg(long, value_name = "EMAIL")]
    from: String,
    /// The email address of the agent who gets them.
    #[arg(long, value_name = "EMAIL")]
    to: String,
    /// The contacts, too, so that tasks to come go along.
    #[arg(long)]
    contacts: bool,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Who does it: your own name.
    #[arg(long)]
    actor: String,
    /// Do it; otherwise nothing changes.
    #[arg(long)]
    yes: bool,
}

/// How a task ended.
#[derive(Debug, clap::Args)]
pub struct Done {
    /// The task.
    id: TaskId,
    /// answered, unanswered, refused, voicemail, wrong_number, appointment or done.
    #[arg(long)]
    outcome: TaskOutcome,
    /// Who did it: your own name.
    #[arg(long)]
    actor: String,
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
    match arguments {
        Arguments::Today(arguments) => list(arguments, session).await,
        Arguments::Done(arguments) => done(arguments, session).await,
        Arguments::HandOver(arguments) => hand_over(arguments, session).await,
    }
}

async fn list(Today { day, owner, limit }: Today, session: &Session) -> anyhow::Result<()> {
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

async fn done(arguments: Done, session: &Session) -> anyhow::Result<()> {
    let Done { id, outcome, actor } = arguments;
    if actor.trim().is_empty() {
        return Err(usage("--actor is empty; say who did it"));
    }
    let connection = session.connect().await?;
    let database = &connection.database;
    let now = session.clock()?.now();
    let end = TaskEnd { id, outcome, note: None, actor: &actor, now };
    let Some(task) = database.finish_task(&end).await? else {
        anyhow::bail!("there is no open task {id}; touchline tasks today lists them");
    };
    let entry = match refusal(&task, outcome, &actor, now) {
        Some(request) => Some(database.carry_out(&request, PATIENCE).await?.event),
        None => None,
    };
    let answer = json!({ "task": id, "touch": task.touch, "outcome": outcome, "entry": entry });
    session.output.object(&answer, |_| match entry {
        None => format!("done: {outcome}"),
        Some(entry) => format!("done: {outcome}; the number is on the list (entry {entry})"),
    })?;
    Ok(())
}

async fn hand_over(arguments: HandOver, session: &Session) -> anyhow::Result<()> {
    let HandOver { from, to, contacts, reason, actor, yes } = arguments;
    for (name, text) in [("--reason", &reason), ("--actor", &actor)] {
        if text.trim().is_empty() {
            return Err(usage(format!("{name} is empty")));
        }
    }
    let connection = session.connect().await?;
    let database = &connection.database;
    let agents = database.agents().await?;
    let (from, to) = (agent(&from, &agents)?, agent(&to, &agents)?);
    if from.id == to.id {
        return Err(usage("--from and --to are the same agent"));
    }
    let held = database.held_by(from.id).await?;
    let moved = if yes {
        let given = Handover {
            what: Handed::Agent(from.id),
            from: Some(from.id),
            to: to.id,
            contacts,
            reason: reason.trim(),
            actor: actor.trim(),
            now: session.clock()?.now(),
        };
        database.hand_over(&given).await?
    } else {
        HandedOver { contacts: if contacts { held.contacts } else { 0 }, ..held }
    };
    let answer = json!({
        "from": from.email, "to": to.email, "done": yes, "tasks": moved.tasks,
        "contacts": moved.contacts,
    });
    session.output.object(&answer, |_| {
        let what = format!("Open tasks: {}. Contacts: {}.", moved.tasks, moved.contacts);
        let (from, to) = (&from.name, &to.name);
        match yes {
            true => format!("Handed over from {from} to {to}. {what}"),
            false => format!("Would go from {from} to {to}. {what} Say --yes to hand over."),
        }
    })?;
    Ok(())
}

/// The agent with this email address.
fn agent<'a>(email: &str, agents: &'a [Agent]) -> anyhow::Result<&'a Agent> {
    let wanted = email.trim();
    let found = agents.iter().find(|agent| agent.email.eq_ignore_ascii_case(wanted));
    found.ok_or_else(|| {
        let hint = suggestion::of(wanted, agents.iter().map(|agent| agent.email.as_str()));
        anyhow::anyhow!("there is no agent \"{wanted}\"; {hint}")
    })
}

/// Who refuses a call in the UAE is not called again (compliance.md CALL-20).
fn refusal(
    task: &FinishedTask,
    outcome: TaskOutcome,
    actor: &str,
    now: DateTime<Utc>,
) -> Option<Request> {
    let (key, number) = task.address.as_ref()?;
    let is_there = task.country.as_deref() == Some("AE") || number.starts_with("+971");
    if outcome != TaskOutcome::Refused || task.channel != Channel::Call || !is_there {
        return None;
    }
    let target = Target::Address { key: *key, channel: ContactChannel::Call, domain: None };
    let entry = NewSuppression {
        target,
        reason: SuppressionReason::VoiceRequest,
        origin: Origin::Recipient,
        actor: actor.to_owned(),
        evidence: Some(format!("refused the call of touch {}", task.touch)),
        touch: Some(task.touch),
        received_at: Some(now),
    };
    Some(Request { entry, whole_person: false })
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
