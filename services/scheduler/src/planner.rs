//! Plans due enrolments on: what `domain::planning` says, as rows to be stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::planning::{self, Next, Person, PlannedTouch, Progress};
use domain::window::zones_of;
use domain::{Calendar, EnrolmentId, Plan, PlanVersionId, TouchId};
use storage::due::{DueEnrolment, Ending, FirstTouch, Following, NextTouch};
use storage::plans::PlanVersion;
use storage::{Database, StorageError};

/// How long the current version of a plan that follows another is believed.
const CURRENT_AGE: Duration = Duration::from_secs(5);

/// Plans on, with the versions it has read.
#[derive(Debug)]
pub struct Planner {
    database: Database,
    calendar: Calendar,
    default_zone: String,
    versions: HashMap<PlanVersionId, Arc<Plan>>,
    current: HashMap<String, (Instant, Option<PlanVersion>)>,
}

/// What follows for a batch of enrolments.
#[derive(Debug, Default)]
pub struct Planned {
    /// Their next touches.
    pub next: Vec<NextTouch>,
    /// Those whose plan is complete.
    pub endings: Vec<Ending>,
}

impl Planner {
    /// A planner for a deployment's calendar; `default_zone` is used for contacts of whom neither
    /// zone nor country is known.
    #[must_use]
    pub fn new(database: Database, calendar: Calendar, default_zone: String) -> Self {
        Self { database, calendar, default_zone, versions: HashMap::new(), current: HashMap::new() }
    }

    /// Plans a batch on.
    ///
    /// # Errors
    /// When a plan version cannot be read.
    pub async fn plan_on(&mut self, enrolments: &[DueEnrolment]) -> Result<Planned, StorageError> {
        let mut planned = Planned::default();
        for enrolment in enrolments {
            let plan = self.version(enrolment.plan_version).await?;
            match planning::next(&plan, enrolment.progress, person(enrolment), &self.calendar) {
                Next::Touch { touch, progress } => planned.next.push(NextTouch {
                    enrolment: enrolment.id,
                    before: enrolment.progress,
                    after: progress,
                    touch: self.stored(&plan, enrolment, enrolment.id, &touch),
                }),
                Next::Chain { plan, starts_on } => {
                    let then = self.following(enrolment, &plan, starts_on).await?;
                    planned.endings.push(Ending { enrolment: enrolment.id, then });
                }
                Next::Complete => {
                    planned.endings.push(Ending { enrolment: enrolment.id, then: None });
                }
            }
        }
        Ok(planned)
    }

    /// The enrolment in the plan that follows, or `None` when that plan is not loaded.
    async fn following(
        &mut self,
        enrolment: &DueEnrolment,
        plan_key: &str,
        starts_on: jiff::civil::Date,
    ) -> Result<Option<Following>, StorageError> {
        let Some(version) = self.current(plan_key).await? else {
            tracing::error!(enrolment.id = %enrolment.id, plan.key = plan_key,
                "the plan that should follow is not loaded; run `touchline plans load`");
            return Ok(None);
        };
        let start = Progress::starting(starts_on);
        let next = planning::next(&version.plan, start, person(enrolment), &self.calendar);
        let Next::Touch { touch, progress } = next else { return Ok(None) };
        let id = EnrolmentId::new();
        Ok(Some(Following {
            id,
            plan_version: version.id,
            plan_key: plan_key.to_owned(),
            progress,
            first: self.stored(&version.plan, enrolment, id, &touch),
        }))
    }

    fn stored(
        &self,
        plan: &Plan,
        enrolment: &DueEnrolment,
        id: EnrolmentId,
        touch: &PlannedTouch,
    ) -> FirstTouch {
        let step = &plan.steps[touch.step];
        let fallback = Some(self.default_zone.as_str());
        let zones =
            zones_of(enrolment.time_zone.as_deref(), enrolment.country.as_deref(), fallback).0;
        let zone = zones.first().cloned().unwrap_or(jiff::tz::TimeZone::UTC);
        // The tail of an identity is random: it spreads the contacts of a zone.
        let spread = u64::try_from(id.as_uuid().as_u128() & 0xffff_ffff).unwrap_or(0);
        let due = planning::due_at(step, touch.date, &zone, spread);
        let due_at = DateTime::<Utc>::from_timestamp(due.as_second(), 0);
        FirstTouch {
            id: TouchId::new(),
            step: touch.step,
            channel: step.channel,
            due_at: due_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    async fn version(&mut self, id: PlanVersionId) -> Result<Arc<Plan>, StorageError> {
        if let Some(plan) = self.versions.get(&id) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.database.plan_version(id).await?.plan);
        self.versions.insert(id, Arc::clone(&plan));
        Ok(plan)
    }

    async fn current(&mut self, key: &str) -> Result<Option<PlanVersion>, StorageError> {
        if let Some((since, version)) = self.current.get(key)
            && since.elapsed() < CURRENT_AGE
        {
            return Ok(version.clone());
        }
        let version = self.database.current_plan(key).await?;
        self.current.insert(key.to_owned(), (Instant::now(), version.clone()));
        Ok(version)
    }
}

fn person(enrolment: &DueEnrolment) -> Person<'_> {
    Person { dates: enrolment.dates, country: enrolment.country.as_deref() }
}
