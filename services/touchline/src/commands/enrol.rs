//! `touchline enrol`: enrols contacts in a plan.

use std::io::IsTerminal;

use chrono::{DateTime, Utc};
use clap::ArgGroup;
use domain::contact::{Group, Level};
use domain::{Channel, ContactId};
use indicatif::ProgressBar;
use jiff::civil::Date;
use office::Connection;
use office::enrolment::{Enroller, NoPlan, Selection, Summary, loaded_plan};
use storage::plans::PlanVersion;

use super::{readiness, whom};
use crate::connect::Session;
use crate::output::Output;

/// Whom to enrol in what.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("whom").required(true).multiple(true)
    .args(["contact", "group", "source", "level", "all"]))]
pub struct Arguments {
    /// The plan's key, e.g. 8x8.
    plan: String,
    /// These contacts: ids, external ids, email addresses or phone numbers.
    #[arg(long, num_args = 1.., value_name = "CONTACT")]
    contact: Vec<String>,
    /// Contacts of this relationship: target, met, allied …
    #[arg(long)]
    group: Option<Group>,
    /// Contacts from this source.
    #[arg(long)]
    source: Option<String>,
    /// Contacts of this level: A, B or C.
    #[arg(long)]
    level: Option<Level>,
    /// Every contact.
    #[arg(long, conflicts_with_all = ["contact", "group", "source", "level"])]
    all: bool,
    /// Day 1; by default today, by each contact's clock.
    #[arg(long, value_name = "YYYY-MM-DD")]
    start: Option<Date>,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// When the plan is not loaded, a contact is not found, or the database does not answer; whoever
/// has been enrolled until then stays so, and a second run goes on with the others.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let database = &connection.database;
    let library = fleet::load_library(&session.settings)?;
    let enroller = Enroller {
        version: loaded_plan(&arguments.plan, database, &library).await.map_err(no_plan)?,
        calendar: library.calendar().clone(),
        default_zone: session.team()?.default_time_zone,
        start: arguments.start,
        now: session.clock()?.now(),
    };
    readiness::before_enrolling(&enroller.version.plan, database, session).await?;
    let selection = selection(&arguments, &connection, session).await?;
    let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
    let mut show = |contacts| {
        if let Some(bar) = &bar {
            bar.set_message(format!("{contacts} contacts"));
            bar.tick();
        }
    };
    let summary = if arguments.dry_run {
        enroller.preview(&selection, database, &mut show).await?
    } else {
        enroller.enrol(&selection, database, &mut show).await?
    };
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    tell(&summary, &enroller.version, session.output)?;
    if let Some(then) = &summary.then
        && database.current_plan(then).await?.is_none()
    {
        eprintln!("note: {then} is to follow, but it is not loaded; run `touchline plans load`");
    }
    Ok(())
}

fn no_plan(why: NoPlan) -> anyhow::Error {
    match why {
        NoPlan::NotLoaded(key) => {
            anyhow::anyhow!("plan \"{key}\" is not loaded; run `touchline plans load {key}` first")
        }
        NoPlan::Unknown { .. } => why.into(),
        NoPlan::Storage(error) => error.into(),
    }
}

async fn selection(
    arguments: &Arguments,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<Selection> {
    let mut contacts: Vec<ContactId> = Vec::with_capacity(arguments.contact.len());
    for text in &arguments.contact {
        contacts.push(whom::contact(text, connection, session).await?.id);
    }
    Ok(Selection {
        contacts: (!contacts.is_empty()).then_some(contacts),
        group: arguments.group,
        source: arguments.source.clone(),
        level: arguments.level,
        contact_type: None,
    })
}

fn tell(summary: &Summary, version: &PlanVersion, output: Output) -> anyhow::Result<()> {
    Ok(output.object(summary, |summary| in_words(summary, version, output))?)
}

fn in_words(summary: &Summary, version: &PlanVersion, output: Output) -> String {
    let (plan, number) = (&summary.plan, summary.version);
    if summary.contacts == 0 {
        return format!(
            "Nobody to enrol in {plan}: the contacts asked for are in it already, or there are none."
        );
    }
    let verb = if summary.dry_run { "Would enrol" } else { "Enrolled" };
    let mut text = format!("{verb} {} contacts in {plan} (version {number}).\n", summary.contacts);
    let day = |due: Option<DateTime<Utc>>| due.map(|due| due.format("%Y-%m-%d").to_string());
    if let (Some(first), Some(last)) = (day(summary.first_due), day(summary.last_first_due)) {
        let when =
            if first == last { format!("on {first}") } else { format!("from {first} to {last}") };
        text.push_str(&format!("Their first touches are due {when}.\n"));
    }
    let mut table = output.table(&["Channel", "Each", "Together"]);
    for channel in Channel::ALL {
        if let Some(messages) = summary.messages.get(channel) {
            let each = messages / summary.contacts;
            table.add_row([channel.to_string(), each.to_string(), messages.to_string()]);
        }
    }
    text.push_str(&table.to_string());
    if version.plan.repeat == domain::plan::Repeat::Yearly {
        text.push_str("\nThe plan starts again every year; the numbers are those of one.");
    }
    if let Some(chain) = &version.plan.then {
        text.push_str(&format!("\nOn day {} they go on to {}.", chain.day, chain.plan));
    }
    text
}
