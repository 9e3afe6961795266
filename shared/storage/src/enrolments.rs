//! Enrolling contacts in plans.

use domain::contact::PersonDates;
use domain::planning::Progress;
use domain::{ContactId, EnrolmentId, EnrolmentState, PlanVersionId};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::due::{FirstTouch, progress, step, steps};
use crate::outcomes::column;
use crate::words::{to_chrono, to_jiff, word};
use crate::{Database, StorageError, traces};

/// A contact that could be enrolled: what planning needs.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The contact.
    pub contact: ContactId,
    /// The contact's dates.
    pub dates: PersonDates,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
}

/// An enrolment to be made, with its first touch.
#[derive(Debug, Clone)]
pub struct NewEnrolment {
    /// Its identity.
    pub id: EnrolmentId,
    /// Who.
    pub contact: ContactId,
    /// Its progress with the first touch planned.
    pub progress: Progress,
    /// The first touch.
    pub first: FirstTouch,
}

/// A stored enrolment.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// Its identity.
    pub id: EnrolmentId,
    /// The plan version.
    pub plan_version: PlanVersionId,
    /// The plan's key.
    pub plan_key: String,
    /// Its state.
    pub state: EnrolmentState,
    /// Why it is in that state, where somebody or the list put it there.
    pub reason: Option<String>,
    /// How far it has come.
    pub progress: Progress,
}

/// Which contacts to enrol.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// These contacts only.
    pub contacts: Option<Vec<ContactId>>,
    /// Of this group.
    pub group: Option<domain::contact::Group>,
    /// From this source.
    pub source: Option<String>,
    /// Of this level.
    pub level: Option<domain::contact::Level>,
    /// Of this type: FSBO, expired, buyer …
    pub contact_type: Option<String>,
}

impl Database {
    /// Up to `limit` contacts of the selection that are not running in the plan yet, in order of
    /// their id, after `after`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn candidates(
        &self,
        selection: &Selection,
        plan_key: &str,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<Candidate>, StorageError> {
        let ids = selection.contacts.as_ref().map(|ids| column(ids, |id| id.as_uuid()));
        let rows = sqlx::query(include_str!("sql/candidates.sql"))
            .bind(ids)
            .bind(selection.group.map(domain::contact::Group::as_str))
            .bind(selection.source.as_deref())
            .bind(selection.level.map(domain::contact::Level::as_str))
            .bind(plan_key)
            .bind(after.map(ContactId::as_uuid))
            .bind(i64::from(limit))
            .bind(selection.contact_type.as_deref())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(candidate).collect()
    }

    /// Stores enrolments in one plan version with their first touches, in one statement. Contacts
    /// that are running in the plan already are left alone. Returns how many were enrolled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enrol(
        &self,
        plan_version: PlanVersionId,
        plan_key: &str,
        enrolments: &[NewEnrolment],
    ) -> Result<u64, StorageError> {
        let began = trace::now();
        self.ensure_touch_months(enrolments.iter().map(|e| e.first.due_at.date_naive())).await?;
        let row = sqlx::query(include_str!("sql/enrol.sql"))
            .bind(plan_version.as_uuid())
            .bind(plan_key)
            .bind(column(enrolments, |e| e.id.as_uuid()))
            .bind(column(enrolments, |e| e.contact.as_uuid()))
            .bind(column(enrolments, |e| to_chrono(e.progress.starts_on)))
            .bind(column(enrolments, |e| steps(e.progress)))
            .bind(column(enrolments, |e| e.first.id.as_uuid()))
            .bind(column(enrolments, |e| e.first.due_month()))
            .bind(column(enrolments, |e| step(&e.first)))
            .bind(column(enrolments, |e| e.first.channel.as_str()))
            .bind(column(enrolments, |e| e.first.due_at))
            .bind(trace::is_on())
            .fetch_one(self.pool())
            .await?;
        let stored: Option<Vec<uuid::Uuid>> = row.try_get("ids")?;
        traces::enrolled(began, enrolments, &stored.unwrap_or_default());
        Ok(u64::try_from(row.try_get::<i64, _>("enrolled")?).unwrap_or(0))
    }

    /// Every enrolment of a contact, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enrolments_of(&self, contact: ContactId) -> Result<Vec<Enrolment>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, plan_version_id, plan_key, state::text AS state, reason, starts_on, cycle,
                    planned_steps
               FROM enrolments WHERE contact_id = $1 ORDER BY created_at DESC, id DESC",
        )
        .bind(contact.as_uuid())
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Enrolment {
                    id: row.try_get::<uuid::Uuid, _>("id")?.into(),
                    plan_version: row.try_get::<uuid::Uuid, _>("plan_version_id")?.into(),
                    plan_key: row.try_get("plan_key")?,
                    state: word(row, "state")?,
                    reason: row.try_get("reason")?,
                    progress: progress(row)?,
                })
            })
            .collect()
    }

    /// Moves an enrolment to another state, with a reason for people; empty for none. Touches already planned see
    /// it at the gate.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn move_enrolment(
        &self,
        enrolment: EnrolmentId,
        state: EnrolmentState,
        reason: &str,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "UPDATE enrolments SET state = $2::text::enrolment_state, reason = nullif($3, ''),
                    updated_at = now()
              WHERE id = $1 AND state IN ('active', 'paused')",
        )
        .bind(enrolment.as_uuid())
        .bind(state.as_str())
        .bind(reason)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn candidate(row: &PgRow) -> Result<Candidate, StorageError> {
    let date = |column: &str| -> Result<Option<jiff::civil::Date>, StorageError> {
        Ok(row.try_get::<Option<chrono::NaiveDate>, _>(column)?.map(to_jiff))
    };
    Ok(Candidate {
        contact: row.try_get::<uuid::Uuid, _>("id")?.into(),
        dates: PersonDates {
            birthday: date("birthday")?,
            spouse_birthday: date("spouse_birthday")?,
            closing: date("closing_date")?,
        },
        country: row.try_get("country")?,
        time_zone: row.try_get("time_zone")?,
    })
}
