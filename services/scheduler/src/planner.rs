//! Plans due enrolments on: what `domain::planning` says, as rows to be stored.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::planning::{self, Next, Person, PlannedTouch, Progress};
use domain::{Calendar, EnrolmentId, Plan, PlanVersionId};
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
    /// Those whose plan is complete, or of which the list lets nothing more through.
    pub endings: Vec<Ending>,
}

impl Planned {
    /// The days on which the planned touches are due.
    #[must_use]
    pub fn days(&self) -> Vec<NaiveDate> {
        let chained = self.endings.iter().filter_map(|ending| ending.then.as_ref());
        let chained = chained.map(|then| then.first.due_at.date_naive());
        self.next.iter().map(|next| next.touch.due_at.date_naive()).chain(chained).collect()
    }
}

impl Planner {
    /// A planner for a deployment's calendar; `default_zone` is used for contacts of whom neither
    /// zone nor country is known.
    #[must_use]
    pub fn new(database: Database, calendar: Calendar, default_zone: String) -> Self {
        Self { database, calendar, default_zone, versions: HashMap::new(), current: HashMap::new() }
    }

    /// Plans a batch on; steps on channels that the list stops are passed over.
    ///
    /// # Errors
    /// When a plan version cannot be read.
    pub async fn plan_on(&mut self, enrolments: &[DueEnrolment]) -> Result<Planned, StorageError> {
        let mut planned = Planned::default();
        for enrolment in enrolments {
            let plan = self.version(enrolment.plan_version).await?;
            let stopped = enrolment.stopped.as_ref();
            let channels = stopped.map_or(&[][..], |stopped| &stopped.channels);
            let why = || stopped.map(|stopped| stopped.reason.clone());
            let (progress, person) = (enrolment.progress, person(enrolment));
            match planning::next_open(&plan, progress, person, &self.calendar, channels) {
                Next::Touch { touch, progress } => planned.next.push(NextTouch {
                    enrolment: enrolment.id,
                    before: enrolment.progress,
                    after: progress,
                    touch: self.stored(&plan, enrolment, enrolment.id, &touch),
                }),
                Next::Chain { plan, starts_on } => {
                    let then = self.following(enrolment, &plan, starts_on).await?;
                    planned.endings.push(Ending { enrolment: enrolment.id, then, stopped: why() });
                }
                Next::Complete => {
                    let stopped = why();
                    planned.endings.push(Ending { enrolment: enrolment.id, then: None, stopped });
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
        let (zone, country) = (enrolment.time_zone.as_deref(), enrolment.country.as_deref());
        let zone = planning::zone_of(zone, country, &self.default_zone);
        FirstTouch::planned(plan, touch, &zone, id)
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
