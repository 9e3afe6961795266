//! What is due: claimed in batches, planned on, and put into the outbox, in one transaction.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::contact::PersonDates;
use domain::planning::{self, PlannedTouch, Progress};
use domain::{Channel, EnrolmentId, Plan, PlanVersionId, TouchId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::{Postgres, Transaction};

use crate::outbox::{OutgoingHint, outgoing};
use crate::outcomes::column;
use crate::words::{to_chrono, to_jiff};
use crate::{Database, StorageError, traces};

/// A batch of due touches whose transaction is still open: plan on, then commit.
#[derive(Debug)]
pub struct DueBatch {
    pub(crate) tx: Transaction<'static, Postgres>,
    /// The hints, to be published after the commit.
    pub hints: Vec<OutgoingHint>,
    /// The enrolments whose next touch is to be planned.
    pub enrolments: Vec<DueEnrolment>,
    /// The oldest due time in the batch.
    pub oldest: Option<DateTime<Utc>>,
    /// Touches that were cancelled, with their enrolments, where traces tell of them.
    pub(crate) cancelled: Vec<(uuid::Uuid, uuid::Uuid)>,
}

/// What planning needs to know about an enrolment.
#[derive(Debug, Clone)]
pub struct DueEnrolment {
    /// The enrolment.
    pub id: EnrolmentId,
    /// Its plan version.
    pub plan_version: PlanVersionId,
    /// How far it has come.
    pub progress: Progress,
    /// The contact's dates.
    pub dates: PersonDates,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// What the list stops, where planning is to pass it over.
    pub stopped: Option<Stopped>,
}

/// What the list stops of an enrolment.
#[derive(Debug, Clone)]
pub struct Stopped {
    /// The channels on which nothing of its plan can be sent.
    pub channels: Vec<Channel>,
    /// Why, as it is shown: `suppressed: one_click, entry …`.
    pub reason: String,
}

/// The next touch of an enrolment.
#[derive(Debug, Clone)]
pub struct NextTouch {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// Its progress as it was read.
    pub before: Progress,
    /// Its progress with this touch planned.
    pub after: Progress,
    /// The touch.
    pub touch: FirstTouch,
}

/// A touch to be stored.
#[derive(Debug, Clone)]
pub struct FirstTouch {
    /// Its identity.
    pub id: TouchId,
    /// The step's index.
    pub step: usize,
    /// The step's channel.
    pub channel: Channel,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}

impl FirstTouch {
    /// A planned touch of an enrolment as it is stored, for a person whose dates become instants in
    /// `zone`.
    ///
    /// # Panics
    /// When the touch is of another plan.
    #[must_use]
    pub fn planned(
        plan: &Plan,
        touch: &PlannedTouch,
        zone: &jiff::tz::TimeZone,
        enrolment: EnrolmentId,
    ) -> Self {
        let step = &plan.steps[touch.step];
        let due = planning::due_at(step, touch.date, zone, planning::spread_of(enrolment));
        let due_at = DateTime::<Utc>::from_timestamp(due.as_second(), 0);
        Self {
            id: TouchId::new(),
            step: touch.step,
            channel: step.channel,
            due_at: due_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    /// The partition it is stored in.
    #[must_use]
    pub fn due_month(&self) -> NaiveDate {
        crate::database::month_of(self.due_at.date_naive())
    }
}

/// An enrolment whose plan has no touch left, and the plan that follows, if one does.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The enrolment that is complete.
    pub enrolment: EnrolmentId,
    /// What follows.
    pub then: Option<Following>,
    /// Why the rest of the plan does not come. None: it is complete.
    pub stopped: Option<String>,
}

/// The enrolment that follows a completed one.
#[derive(Debug, Clone)]
pub struct Following {
    /// Its identity.
    pub id: EnrolmentId,
    /// The plan version.
    pub plan_version: PlanVersionId,
    /// The plan's key.
    pub plan_key: String,
    /// Its progress with the first touch planned.
    pub progress: Progress,
    /// Its first touch.
    pub first: FirstTouch,
}

impl Database {
    /// Claims up to `limit` touches that are due at `now`, whoever else claims at the same time.
    ///
    /// The transaction stays open in the answer: plan each enrolment's next touch and
    /// [`DueBatch::commit`]. Until then nothing has happened. Must not be cancelled half-way.
    ///
    /// # Errors
    /// When the database does not answer; the touches stay due.
    pub async fn claim_due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<DueBatch, StorageError> {
        let mut tx = self.pool().begin().await?;
        let rows = sqlx::query(include_str!("sql/claim_due.sql"))
            .bind(now)
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await?;
        let hints = rows.iter().map(outgoing).collect::<Result<Vec<_>, _>>()?;
        let mut oldest = None;
        let mut first_time = Vec::new();
        for row in &rows {
            let due_at: DateTime<Utc> = row.try_get("due_at")?;
            oldest = Some(oldest.map_or(due_at, |oldest: DateTime<Utc>| oldest.min(due_at)));
            // A later epoch is a retry: its enrolment was planned on when it was first due.
            if row.try_get::<i32, _>("epoch")? == 1 {
                first_time.push(row.try_get::<uuid::Uuid, _>("enrolment_id")?);
            }
        }
        let enrolments = if first_time.is_empty() {
            Vec::new()
        } else {
            let rows = sqlx::query(include_str!("sql/planning_facts.sql"))
                .bind(first_time)
                .fetch_all(&mut *tx)
                .await?;
            rows.iter().map(due_enrolment).collect::<Result<_, _>>()?
        };
        Ok(DueBatch { tx, hints, enrolments, oldest, cancelled: Vec::new() })
    }
}

impl DueBatch {
    /// Stores the next touches and endings, and commits everything. Returns the hints to publish.
    ///
    /// # Errors
    /// When the database does not answer. Whether the commit happened is then unknown and does not
    /// matter: if it did, the sweep publishes the outbox.
    pub async fn commit(
        mut self,
        next: &[NextTouch],
        endings: &[Ending],
    ) -> Result<Vec<OutgoingHint>, StorageError> {
        let began = trace::now();
        let mut stored = HashSet::new();
        if !next.is_empty() {
            stored.extend(store_next(&mut self.tx, next).await?);
        }
        if !endings.is_empty() {
            stored.extend(chain(&mut self.tx, endings).await?);
        }
        self.tx.commit().await?;
        traces::cancelled(began, &self.cancelled);
        traces::planned(began, next, endings, &stored);
        Ok(self.hints)
    }
}

/// Returns the touches that are stored: whose progress is another by now gets none.
async fn store_next(
    tx: &mut Transaction<'static, Postgres>,
    next: &[NextTouch],
) -> Result<Vec<uuid::Uuid>, StorageError> {
    sqlx::query_scalar(include_str!("sql/store_next.sql"))
        .bind(column(next, |next| next.enrolment.as_uuid()))
        .bind(column(next, |next| cycle(next.before)))
        .bind(column(next, |next| steps(next.before)))
        .bind(column(next, |next| cycle(next.after)))
        .bind(column(next, |next| steps(next.after)))
        .bind(column(next, |next| next.touch.id.as_uuid()))
        .bind(column(next, |next| next.touch.due_month()))
        .bind(column(next, |next| step(&next.touch)))
        .bind(column(next, |next| next.touch.channel.as_str()))
        .bind(column(next, |next| next.touch.due_at))
        .fetch_all(&mut **tx)
        .await
        .map_err(StorageError::from)
}

async fn chain(
    tx: &mut Transaction<'static, Postgres>,
    endings: &[Ending],
) -> Result<Vec<uuid::Uuid>, StorageError> {
    fn of<T>(ending: &Ending, value: impl Fn(&Following) -> T) -> Option<T> {
        ending.then.as_ref().map(value)
    }
    sqlx::query_scalar(include_str!("sql/chain.sql"))
        .bind(column(endings, |ending| ending.enrolment.as_uuid()))
        .bind(column(endings, |ending| of(ending, |then| then.id.as_uuid())))
        .bind(column(endings, |ending| of(ending, |then| then.plan_version.as_uuid())))
        .bind(column(endings, |ending| of(ending, |then| then.plan_key.clone())))
        .bind(column(endings, |ending| of(ending, |then| to_chrono(then.progress.starts_on))))
        .bind(column(endings, |ending| of(ending, |then| steps(then.progress))))
        .bind(column(endings, |ending| of(ending, |then| then.first.id.as_uuid())))
        .bind(column(endings, |ending| of(ending, |then| then.first.due_month())))
        .bind(column(endings, |ending| of(ending, |then| step(&then.first))))
        .bind(column(endings, |ending| of(ending, |then| then.first.channel.as_str())))
        .bind(column(endings, |ending| of(ending, |then| then.first.due_at)))
        .bind(column(endings, |ending| ending.stopped.clone()))
        .fetch_all(&mut **tx)
        .await
        .map_err(StorageError::from)
}

pub(crate) fn due_enrolment(row: &PgRow) -> Result<DueEnrolment, StorageError> {
    let date = |column: &str| -> Result<Option<jiff::civil::Date>, StorageError> {
        Ok(row.try_get::<Option<NaiveDate>, _>(column)?.map(to_jiff))
    };
    Ok(DueEnrolment {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        plan_version: row.try_get::<uuid::Uuid, _>("plan_version_id")?.into(),
        progress: progress(row)?,
        dates: PersonDates {
            birthday: date("birthday")?,
            spouse_birthday: date("spouse_birthday")?,
            closing: date("closing_date")?,
        },
        country: row.try_get("country")?,
        time_zone: row.try_get("time_zone")?,
        stopped: None,
    })
}

pub(crate) fn progress(row: &PgRow) -> Result<Progress, StorageError> {
    Ok(Progress {
        starts_on: to_jiff(row.try_get("starts_on")?),
        cycle: u16::try_from(row.try_get::<i16, _>("cycle")?).unwrap_or(0),
        planned_steps: row.try_get::<i64, _>("planned_steps")?.cast_unsigned(),
    })
}

pub(crate) fn cycle(progress: Progress) -> i16 {
    i16::try_from(progress.cycle).unwrap_or(i16::MAX)
}

pub(crate) const fn steps(progress: Progress) -> i64 {
    progress.planned_steps.cast_signed()
}

pub(crate) fn step(touch: &FirstTouch) -> i16 {
    i16::try_from(touch.step).unwrap_or(i16::MAX)
}
