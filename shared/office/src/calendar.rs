//! The coming year of a contact, touch by touch: what is stored, and what the active enrolments will
//! bring, by the very code that plans.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::gate::Decision;
use domain::planning::{self, Next, Person, PlannedTouch, Progress, cycle_schedule};
use domain::window::zones_of;
use domain::{
    Calendar, Channel, EnrolmentId, EnrolmentState, Locale, Plan, PlanVersionId, TouchId,
    TouchState,
};
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use storage::claims;
use storage::contacts::Contact;
use storage::enrolments::Enrolment;
use storage::touches::{Touch, TouchFilter};
use storage::{Database, StorageError};
use worker::Foresight;

use crate::timing::{self, Cause};
use crate::{Team, local};

/// More touches than this are open for nobody.
const OPEN_LIMIT: u32 = 10_000;

/// How far to look, from when, and in which language.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Business time.
    pub now: DateTime<Utc>,
    /// How many days from now.
    pub days: u16,
    /// The language of purposes.
    pub locale: Locale,
}

/// The touches to come.
#[derive(Debug, Clone, Serialize)]
pub struct Coming {
    /// The zone their days and hours are of.
    pub zone: String,
    /// By which rule that zone was found; see [`crate::words::zone_rule`].
    pub zone_rule: &'static str,
    /// The touches, in order of their due time.
    pub entries: Vec<Entry>,
    /// Plans that are to follow and are not loaded: the follower, and the plan it is to follow.
    pub not_loaded: Vec<(String, String)>,
}

/// One touch to come.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The recipient's local date.
    pub date: String,
    /// The recipient's local time.
    pub time: String,
    /// The recipient's time zone.
    pub zone: String,
    /// The instant.
    pub due_at: DateTime<Utc>,
    /// How it reaches the person.
    pub channel: Channel,
    /// The plan's key.
    pub plan: String,
    /// From 1.
    pub step: usize,
    /// 0 in the first year.
    pub cycle: u16,
    /// What it is for.
    pub purpose: String,
    /// The key of the step's template.
    pub template: String,
    /// `day`, `anchor`, `fallback` or `moved`.
    pub decided_by: &'static str,
    /// What decided the day; in JSON in English.
    #[serde(rename = "why", serialize_with = "in_english")]
    pub cause: Cause,
    /// The state of a touch that is stored; none, in JSON `planned`, for one that will be.
    #[serde(serialize_with = "or_planned")]
    pub state: Option<TouchState>,
    /// The stored touch.
    pub touch: Option<TouchId>,
    /// The plan version.
    #[serde(skip)]
    pub plan_version: PlanVersionId,
    /// The enrolment; none of a plan that is still to begin.
    #[serde(skip)]
    pub enrolment: Option<EnrolmentId>,
}

fn in_english<S: Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&cause.in_words(Locale::En))
}

// The signature is serde's.
#[allow(clippy::ref_option)]
fn or_planned<S: Serializer>(state: &Option<TouchState>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.map_or("planned", TouchState::as_str))
}

/// The plan version a touch is of, and the enrolment, where it has begun.
type Whence = (PlanVersionId, Option<EnrolmentId>);

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
    not_loaded: Vec<(String, String)>,
}

/// The touches to come for a contact. `calendar` is the one the fleet plans by.
///
/// # Errors
/// When the database does not answer.
pub async fn coming(
    contact: &Contact,
    span: Span,
    database: &Database,
    team: &Team,
    calendar: &Calendar,
) -> Result<Coming, StorageError> {
    let (own, country) = (contact.time_zone.as_deref(), contact.country.as_deref());
    let (_, zone_rule) = zones_of(own, country, Some(&team.default_time_zone));
    let mut outlook = Outlook {
        database,
        calendar,
        person: Person { dates: contact.dates, country },
        zone: planning::zone_of(own, country, &team.default_time_zone),
        locale: span.locale,
        until: span.now + TimeDelta::days(i64::from(span.days)),
        plans: HashMap::new(),
        entries: Vec::new(),
        not_loaded: Vec::new(),
    };
    outlook.look(contact).await?;
    let Outlook { zone, mut entries, not_loaded, .. } = outlook;
    entries.sort_by_key(|entry| entry.due_at);
    Ok(Coming { zone: local::name(&zone).to_owned(), zone_rule, entries, not_loaded })
}

/// What the gate would say about each of the touches to come when it is due, as things stand now, in
/// the order of `coming.entries`.
///
/// # Errors
/// When the database does not answer.
pub async fn decisions(
    contact: &Contact,
    coming: &Coming,
    foresight: &Foresight,
    now: DateTime<Utc>,
) -> Result<Vec<Option<Decision>>, StorageError> {
    let touches: Vec<claims::Coming> = coming
        .entries
        .iter()
        .map(|entry| claims::Coming {
            id: entry.touch.unwrap_or_else(TouchId::new),
            channel: entry.channel,
            plan_version: entry.plan_version,
            enrolment: entry.enrolment,
            step: entry.step.saturating_sub(1),
            cycle: entry.cycle,
            due_at: entry.due_at,
        })
        .collect();
    let claimed = foresight.database.foreseen(contact.id, &touches).await?;
    let decisions = foresight.decisions(&claimed, now).await?;
    let mut decided: HashMap<TouchId, Decision> =
        claimed.iter().map(|touch| touch.id).zip(decisions).collect();
    Ok(touches.iter().map(|touch| decided.remove(&touch.id)).collect())
}

impl Outlook<'_> {
    /// Collects the open touches that are stored, and what the active enrolments will bring.
    async fn look(&mut self, contact: &Contact) -> Result<(), StorageError> {
        let filter = TouchFilter { contact: Some(contact.id), ..TouchFilter::default() };
        let (enrolments, touches) = tokio::try_join!(
            self.database.enrolments_of(contact.id),
            self.database.touches(&filter, OPEN_LIMIT),
        )?;
        self.read_plans(&enrolments).await?;
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

    async fn stored(&mut self, touch: &Touch, enrolment: &Enrolment) -> Result<(), StorageError> {
        let plan = self.plan(enrolment.plan_version).await?;
        let starts_on = enrolment.progress.starts_on;
        let cycle = u16::try_from(touch.cycle).unwrap_or(0);
        let schedule = cycle_schedule(&plan, starts_on, cycle, self.person, self.calendar);
        let Some(planned) = schedule.into_iter().find(|other| other.step == touch.step) else {
            return Ok(());
        };
        let stored = Some((touch.state, touch.id));
        let whence = (enrolment.plan_version, Some(enrolment.id));
        self.enter(&plan, starts_on, &planned, touch.due_at, (whence, stored));
        Ok(())
    }

    /// What an enrolment will bring from where it stands, and the plan that follows it, and so on.
    async fn planned(
        &mut self,
        enrolment: &Enrolment,
        running: &mut HashSet<String>,
    ) -> Result<(), StorageError> {
        let mut plan = self.plan(enrolment.plan_version).await?;
        let mut whence: Whence = (enrolment.plan_version, Some(enrolment.id));
        let mut progress = enrolment.progress;
        let mut spread = planning::spread_of(enrolment.id);
        loop {
            match planning::next(&plan, progress, self.person, self.calendar) {
                Next::Touch { touch, progress: after } => {
                    let due = due_at(&plan, &touch, &self.zone, spread);
                    if due > self.until {
                        return Ok(());
                    }
                    self.enter(&plan, progress.starts_on, &touch, due, (whence, None));
                    progress = after;
                }
                Next::Complete => return Ok(()),
                Next::Chain { plan: key, starts_on } => {
                    // A contact is in a plan once at a time: what runs already does not begin.
                    if !running.insert(key.clone()) {
                        return Ok(());
                    }
                    let Some(version) = self.database.current_plan(&key).await? else {
                        self.not_loaded.push((key, plan.key));
                        return Ok(());
                    };
                    whence = (version.id, None);
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
        ((plan_version, enrolment), stored): (Whence, Option<(TouchState, TouchId)>),
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
            cause: Cause::of(plan, starts_on, touch, self.person, self.calendar),
            state: stored.map(|(state, _)| state),
            touch: stored.map(|(_, id)| id),
            plan_version,
            enrolment,
        });
    }

    /// Reads the plans of enrolments that may still bring something, all at once.
    async fn read_plans(&mut self, enrolments: &[Enrolment]) -> Result<(), StorageError> {
        let runs = |state| matches!(state, EnrolmentState::Active | EnrolmentState::Paused);
        let running = enrolments.iter().filter(|enrolment| runs(enrolment.state));
        let ids: HashSet<PlanVersionId> = running.map(|enrolment| enrolment.plan_version).collect();
        let database = self.database;
        let read = ids.into_iter().map(|id| async move {
            Ok::<_, StorageError>((id, database.plan_version(id).await?.plan))
        });
        self.plans = futures_util::future::try_join_all(read).await?.into_iter().collect();
        Ok(())
    }

    async fn plan(&mut self, id: PlanVersionId) -> Result<Plan, StorageError> {
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
