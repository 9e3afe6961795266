//! `touchline enrol`: enrols contacts in a plan.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use chrono::{DateTime, Utc};
use clap::ArgGroup;
use domain::contact::{Group, Level};
use domain::planning::{self, Next, Person, Progress};
use domain::{Calendar, Channel, ContactId, EnrolmentId};
use indicatif::ProgressBar;
use jiff::civil::Date;
use office::{Connection, local, suggestion};
use serde::Serialize;
use storage::Database;
use storage::due::FirstTouch;
use storage::enrolments::{Candidate, NewEnrolment, Selection};
use storage::plans::PlanVersion;

use super::{readiness, whom};
use crate::connect::Session;
use crate::output::Output;

/// How many contacts are enrolled with one statement.
const BATCH: u32 = 1000;

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

/// What was, or would be, done.
#[derive(Debug, Serialize)]
struct Summary {
    plan: String,
    version: i32,
    dry_run: bool,
    contacts: u64,
    /// The touches that follow in the plan (in one year, where it repeats), per channel.
    messages: BTreeMap<&'static str, u64>,
    first_due: Option<DateTime<Utc>>,
    last_first_due: Option<DateTime<Utc>>,
    then: Option<String>,
}

/// Plans first touches.
struct Enroller {
    version: PlanVersion,
    calendar: Calendar,
    default_zone: String,
    start: Option<Date>,
    now: DateTime<Utc>,
}

/// Runs the command.
///
/// # Errors
/// When the plan is not loaded, a contact is not found, or the database does not answer; whoever
/// has been enrolled until then stays so, and a second run goes on with the others.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let library = fleet::load_library(&session.settings)?;
    let enroller = Enroller {
        version: loaded_plan(&arguments.plan, &connection.database, &library).await?,
        calendar: library.calendar().clone(),
        default_zone: session.team()?.default_time_zone,
        start: arguments.start,
        now: session.clock()?.now(),
    };
    readiness::before_enrolling(&enroller.version.plan, &connection.database, session).await?;
    let selection = selection(&arguments, &connection, session).await?;
    let dry_run = arguments.dry_run;
    let summary = enroller.enrol(&connection.database, &selection, dry_run).await?;
    tell(&summary, &enroller.version, session.output)?;
    if let Some(then) = &summary.then
        && connection.database.current_plan(then).await?.is_none()
    {
        eprintln!("note: {then} is to follow, but it is not loaded; run `touchline plans load`");
    }
    Ok(())
}

async fn loaded_plan(
    key: &str,
    database: &Database,
    library: &library::Library,
) -> anyhow::Result<PlanVersion> {
    if let Some(version) = database.current_plan(key).await? {
        return Ok(version);
    }
    if library.plan(key).is_some() {
        anyhow::bail!("plan \"{key}\" is not loaded; run `touchline plans load {key}` first");
    }
    let loaded = database.current_plans().await?;
    let known = loaded.iter().map(|version| version.plan.key.as_str());
    let known: Vec<&str> = known.chain(library.plans().map(|plan| plan.key.as_str())).collect();
    anyhow::bail!("there is no plan \"{key}\"; {}", suggestion::of(key, known));
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
    })
}

impl Enroller {
    /// Goes through the selection in batches. With `dry_run` nothing is stored.
    async fn enrol(
        &self,
        database: &Database,
        selection: &Selection,
        dry_run: bool,
    ) -> anyhow::Result<Summary> {
        let key = self.version.plan.key.as_str();
        let bar = std::io::stderr().is_terminal().then(ProgressBar::new_spinner);
        let mut summary = self.empty_summary(dry_run);
        let mut after = None;
        loop {
            let candidates = database.candidates(selection, key, after, BATCH).await?;
            let Some(last) = candidates.last() else { break };
            after = Some(last.contact);
            let enrolments: Vec<NewEnrolment> =
                candidates.iter().filter_map(|candidate| self.begin(candidate)).collect();
            for due in enrolments.iter().map(|enrolment| enrolment.first.due_at) {
                summary.first_due = Some(summary.first_due.map_or(due, |first| first.min(due)));
                summary.last_first_due = summary.last_first_due.max(Some(due));
            }
            summary.contacts += if dry_run {
                enrolments.len() as u64
            } else {
                database.enrol(self.version.id, key, &enrolments).await?
            };
            if let Some(bar) = &bar {
                bar.set_message(format!("{} contacts", summary.contacts));
                bar.tick();
            }
        }
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        for messages in summary.messages.values_mut() {
            *messages *= summary.contacts;
        }
        Ok(summary)
    }

    /// A summary of nobody; its messages are those of one contact.
    fn empty_summary(&self, dry_run: bool) -> Summary {
        let plan = &self.version.plan;
        let mut messages = BTreeMap::new();
        for step in &plan.steps {
            *messages.entry(step.channel.as_str()).or_insert(0) += 1;
        }
        Summary {
            plan: plan.key.clone(),
            version: self.version.version,
            dry_run,
            contacts: 0,
            messages,
            first_due: None,
            last_first_due: None,
            then: plan.then.as_ref().map(|chain| chain.plan.clone()),
        }
    }

    /// The enrolment of a contact with its first touch; none when the plan has no steps.
    fn begin(&self, candidate: &Candidate) -> Option<NewEnrolment> {
        let (zone, country) = (candidate.time_zone.as_deref(), candidate.country.as_deref());
        let zone = planning::zone_of(zone, country, &self.default_zone);
        let starts_on = self.start.unwrap_or_else(|| local::zoned(self.now, &zone).date());
        let person = Person { dates: candidate.dates, country };
        let plan = &self.version.plan;
        let next = planning::next(plan, Progress::starting(starts_on), person, &self.calendar);
        let Next::Touch { touch, progress } = next else { return None };
        let id = EnrolmentId::new();
        let first = FirstTouch::planned(plan, &touch, &zone, id);
        Some(NewEnrolment { id, contact: candidate.contact, progress, first })
    }
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
        if let Some(messages) = summary.messages.get(channel.as_str()) {
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
