//! `touchline calendar`: the coming year of a contact, touch by touch.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::planning::{self, Next, Person, PlannedTouch, Progress, cycle_schedule};
use domain::window::zones_of;
use domain::{
    Calendar, Channel, EnrolmentId, EnrolmentState, Locale, Plan, PlanVersionId, TouchId,
};
use jiff::tz::TimeZone;
use office::local;
use office::timing::{self, Cause};
use serde::Serialize;
use storage::Database;
use storage::contacts::Contact;
use storage::enrolments::Enrolment;
use storage::touches::{Touch, TouchFilter};

use super::whom;
use crate::connect::Session;

/// More touches than this are open for nobody.
const OPEN_LIMIT: u32 = 10_000;

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

/// One touch to come.
#[derive(Debug, Serialize)]
struct Entry {
    /// The recipient's local date.
    date: String,
    /// The recipient's local time.
    time: String,
    zone: String,
    due_at: DateTime<Utc>,
    channel: Channel,
    plan: String,
    /// From 1.
    step: usize,
    /// 0 in the first year.
    cycle: u16,
    purpose: String,
    template: String,
    /// `day`, `anchor`, `fallback` or `moved`.
    decided_by: &'static str,
    why: String,
    /// The state of a touch that is stored; `planned` for one that will be.
    state: String,
    touch: Option<TouchId>,
}

/// What the coming touches follow from.
struct Outlook<'a> {
    database: &'a Database,
    calendar: &'a Calendar,
    person: Person<'a>,
    zone: TimeZone,
    locale: Locale,
    until: DateTime<Utc>,
    plans: HashMap<PlanVersionId, Plan>,
    entries: Vec<Entry>,
}

/// Runs the command.
///
/// # Errors
/// When there is no such contact, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    let library = fleet::load_library(&session.settings)?;
    let default_zone = session.team()?.default_time_zone;
    let (own, country) = (contact.time_zone.as_deref(), contact.country.as_deref());
    let (_, zone_rule) = zones_of(own, country, Some(&default_zone));
    let mut outlook = Outlook {
        database: &connection.database,
        calendar: library.calendar(),
        person: Person { dates: contact.dates, country },
        zone: planning::zone_of(own, country, &default_zone),
        locale: arguments.locale,
        until: session.clock()?.now() + TimeDelta::days(i64::from(arguments.days)),
        plans: HashMap::new(),
        entries: Vec::new(),
    };
    outlook.look(&contact).await?;
    outlook.entries.sort_by_key(|entry| entry.due_at);
    let output = session.output;
    if !output.is_json() {
        let zone = local::name(&outlook.zone);
        let (name, count) = (&contact.full_name, outlook.entries.len());
        let days = arguments.days;
        output.text(&format!(
            "{name}: {count} touches in the coming {days} days; times of {zone}, {zone_rule}\n"
        ))?;
    }
    if outlook.entries.is_empty() {
        return Ok(());
    }
    let columns = ["Date", "Time", "Channel", "Plan", "Step", "Purpose", "Because", "State"];
    output.list(&outlook.entries, &columns, |entry| {
        vec![
            entry.date.clone(),
            entry.time.clone(),
            entry.channel.to_string(),
            entry.plan.clone(),
            entry.step.to_string(),
            entry.purpose.clone(),
            entry.why.clone(),
            entry.state.clone(),
        ]
    })?;
    Ok(())
}

impl Outlook<'_> {
    /// Collects the open touches that are stored, and what the active enrolments will bring.
    async fn look(&mut self, contact: &Contact) -> anyhow::Result<()> {
        let enrolments = self.database.enrolments_of(contact.id).await?;
        let filter = TouchFilter { contact: Some(contact.id), ..TouchFilter::default() };
        let touches = self.database.touches(&filter, OPEN_LIMIT).await?;
        for touch in touches.iter().filter(|touch| !touch.state.is_final()) {
            if let Some(enrolment) = enrolments.iter().find(|own| own.id == touch.enrolment) {
                self.stored(touch, enrolment).await?;
            }
        }
        let runs = |state| matches!(state, EnrolmentState::Active | EnrolmentState::Paused);
        let mut running: HashSet<String> =
            enrolments.iter().filter(|e| runs(e.state)).map(|e| e.plan_key.clone()).collect();
        for enrolment in enrolments.iter().filter(|e| e.state == EnrolmentState::Active) {
            self.planned(enrolment, &mut running).await?;
        }
        Ok(())
    }

    async fn stored(&mut self, touch: &Touch, enrolment: &Enrolment) -> anyhow::Result<()> {
        let plan = self.plan(enrolment.plan_version).await?;
        let starts_on = enrolment.progress.starts_on;
        let cycle = u16::try_from(touch.cycle).unwrap_or(0);
        let schedule = cycle_schedule(&plan, starts_on, cycle, self.person, self.calendar);
        let Some(planned) = schedule.into_iter().find(|other| other.step == touch.step) else {
            return Ok(());
        };
        let state = touch.state.to_string();
        self.enter(&plan, starts_on, &planned, touch.due_at, state, Some(touch.id));
        Ok(())
    }

    /// What an enrolment will bring from where it stands, and the plan that follows it, and so on.
    async fn planned(
        &mut self,
        enrolment: &Enrolment,
        running: &mut HashSet<String>,
    ) -> anyhow::Result<()> {
        let mut plan = self.plan(enrolment.plan_version).await?;
        let mut progress = enrolment.progress;
        let mut spread = planning::spread_of(enrolment.id);
        loop {
            match planning::next(&plan, progress, self.person, self.calendar) {
                Next::Touch { touch, progress: after } => {
                    let due = due_at(&plan, &touch, &self.zone, spread);
                    if due > self.until {
                        return Ok(());
                    }
                    let state = "planned".to_owned();
                    self.enter(&plan, progress.starts_on, &touch, due, state, None);
                    progress = after;
                }
                Next::Complete => return Ok(()),
                Next::Chain { plan: key, starts_on } => {
                    // A contact is in a plan once at a time: what runs already does not begin.
                    if !running.insert(key.clone()) {
                        return Ok(());
                    }
                    let Some(version) = self.database.current_plan(&key).await? else {
                        eprintln!("note: {key} is to follow {}, but it is not loaded", plan.key);
                        return Ok(());
                    };
                    plan = version.plan;
                    progress = Progress::starting(starts_on);
                    // The minute is decided by the enrolment to come; any is as good.
                    spread = planning::spread_of(EnrolmentId::new());
                }
            }
        }
    }

    fn enter(
        &mut self,
        plan: &Plan,
        starts_on: jiff::civil::Date,
        touch: &PlannedTouch,
        due_at: DateTime<Utc>,
        state: String,
        id: Option<TouchId>,
    ) {
        let step = &plan.steps[touch.step];
        let local = local::zoned(due_at, &self.zone);
        self.entries.push(Entry {
            date: local.date().to_string(),
            time: local.strftime("%H:%M").to_string(),
            zone: local::name(&self.zone).to_owned(),
            due_at,
            channel: step.channel,
            plan: plan.key.clone(),
            step: touch.step + 1,
            cycle: touch.cycle,
            purpose: step.purpose.get(&self.locale).cloned().unwrap_or_default(),
            template: step.template.clone(),
            decided_by: timing::word(touch.rule),
            why: Cause::of(plan, starts_on, touch, self.person, self.calendar).in_words(Locale::En),
            state,
            touch: id,
        });
    }

    async fn plan(&mut self, id: PlanVersionId) -> anyhow::Result<Plan> {
        if let Some(plan) = self.plans.get(&id) {
            return Ok(plan.clone());
        }
        let plan = self.database.plan_version(id).await?.plan;
        self.plans.insert(id, plan.clone());
        Ok(plan)
    }
}

fn due_at(plan: &Plan, touch: &PlannedTouch, zone: &TimeZone, spread: u64) -> DateTime<Utc> {
    let due = planning::due_at(&plan.steps[touch.step], touch.date, zone, spread);
    DateTime::<Utc>::from_timestamp(due.as_second(), 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
