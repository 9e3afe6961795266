//! Enrolling contacts in a plan, with a preview of what will follow.

mod plan;
mod sender;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::planning::{self, Next, Person, Progress};
use domain::{Calendar, Channel, EnrolmentId};
use jiff::civil::Date;
use serde::Serialize;
use storage::due::FirstTouch;
use storage::enrolments::{Candidate, NewEnrolment};
use storage::plans::PlanVersion;
use storage::{Database, StorageError};

pub use plan::{NoPlan, loaded_plan};
pub use sender::{SenderDoubt, sender_doubt, sends_email};
pub use storage::enrolments::Selection;

use crate::local;

/// How many contacts are enrolled with one statement.
const BATCH: u32 = 1000;

/// In what, and from when on.
#[derive(Debug, Clone)]
pub struct Enroller {
    /// The plan's newest version (see [`loaded_plan`]).
    pub version: PlanVersion,
    /// The calendar the fleet plans by.
    pub calendar: Calendar,
    /// The time zone of contacts whose own is not known.
    pub default_zone: String,
    /// Day 1; today by each contact's clock when not given.
    pub start: Option<Date>,
    /// Business time.
    pub now: DateTime<Utc>,
}

/// What was, or would be, done.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The plan's key.
    pub plan: String,
    /// The plan's version.
    pub version: i32,
    /// Whether nothing was stored.
    pub dry_run: bool,
    /// How many contacts; those who are in the plan already are left out.
    pub contacts: u64,
    /// The touches that follow in the plan (in one year, where it repeats), per channel.
    pub messages: BTreeMap<Channel, u64>,
    /// When the first of their first touches is due.
    pub first_due: Option<DateTime<Utc>>,
    /// When the last of their first touches is due.
    pub last_first_due: Option<DateTime<Utc>>,
    /// The plan that follows.
    pub then: Option<String>,
}

impl Enroller {
    /// What enrolling a selection would bring: how many contacts, how many messages per channel,
    /// when they begin. Nothing is stored. `progress` is told how many contacts were looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn preview(
        &self,
        selection: &Selection,
        database: &Database,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Summary, StorageError> {
        self.go_through(selection, database, true, progress).await
    }

    /// Enrols a selection. `progress` is told how many contacts were enrolled.
    ///
    /// # Errors
    /// When the database does not answer; whoever has been enrolled until then stays so, and a
    /// second run goes on with the others.
    pub async fn enrol(
        &self,
        selection: &Selection,
        database: &Database,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Summary, StorageError> {
        self.go_through(selection, database, false, progress).await
    }

    async fn go_through(
        &self,
        selection: &Selection,
        database: &Database,
        dry_run: bool,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Summary, StorageError> {
        let key = self.version.plan.key.as_str();
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
            progress(summary.contacts);
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
            *messages.entry(step.channel).or_insert(0) += 1;
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
