//! The claim: a worker takes touches, and the list decides on the locked rows.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::suppression::Purpose;
use domain::{
    AddressKey, Channel, ContactId, EnrolmentId, EnrolmentState, EventId, Locale, PlanVersionId,
    TouchId,
};
use messages::Hint;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgInterval;

use crate::outcomes::column;
use crate::words::{address_key, word};
use crate::{Database, StorageError};

/// A touch in a worker's hands, with everything needed to decide and render.
#[derive(Debug, Clone)]
pub struct ClaimedTouch {
    /// The touch.
    pub id: TouchId,
    /// Its partition.
    pub due_month: NaiveDate,
    /// The epoch of the hint that led here.
    pub epoch: i32,
    /// The number of this attempt; results are recorded under it.
    pub attempt: i16,
    /// How many attempts have failed for now.
    pub failures: i16,
    /// The list's entry, when the touch was blocked by the claim itself; nothing is left to do.
    pub suppressed_by: Option<EventId>,
    /// The open review of an answer from the number; nothing goes to it meanwhile.
    pub under_review: Option<uuid::Uuid>,
    /// The step's index in its plan.
    pub step: usize,
    /// The cycle of a yearly plan.
    pub cycle: i16,
    /// When it was due.
    pub due_at: DateTime<Utc>,
    /// The step's channel.
    pub channel: Channel,
    /// The plan version.
    pub plan_version: PlanVersionId,
    /// The plan's key.
    pub plan_key: String,
    /// What the plan sends for.
    pub purpose: Purpose,
    /// What it is about.
    pub topic: String,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The enrolment's state now.
    pub enrolment_state: EnrolmentState,
    /// The person.
    pub contact: ContactFacts,
    /// The person's agent, if one is assigned.
    pub owner: Option<OwnerFacts>,
    /// When the person wants to be reached, as it is stored: HH:MM-HH:MM, local time.
    pub preferred_hours: Option<String>,
    /// The key of the address (or of the person).
    pub address_key: AddressKey,
    /// The address to send to, if there is one for the channel.
    pub address: Option<String>,
    /// Why the address cannot be used for the channel.
    pub address_problem: Option<String>,
}

/// What templates and the gate may know about the person.
#[derive(Debug, Clone)]
pub struct ContactFacts {
    /// The contact.
    pub id: ContactId,
    /// Full name.
    pub full_name: String,
    /// First name.
    pub first_name: String,
    /// Where the contact came from.
    pub source: String,
    /// The person's language.
    pub locale: Locale,
    /// IANA name.
    pub time_zone: Option<String>,
    /// ISO 3166 code.
    pub country: Option<String>,
    /// State or region.
    pub region: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Area or neighbourhood.
    pub area: Option<String>,
    /// Day of the closing.
    pub closing_date: Option<NaiveDate>,
    /// Inner-circle and user-defined fields.
    pub custom: serde_json::Value,
    /// Of the sample: nothing real may go to them.
    pub is_sample: bool,
}

/// The agent a contact belongs to.
#[derive(Debug, Clone)]
pub struct OwnerFacts {
    /// The agent.
    pub id: uuid::Uuid,
    /// Name.
    pub name: String,
    /// Email.
    pub email: String,
    /// Phone; may be empty.
    pub phone: String,
    /// IANA name.
    pub time_zone: Option<String>,
    /// The agent's own language.
    pub locale: Locale,
}

/// A touch that is still to come.
#[derive(Debug, Clone, Copy)]
pub struct Coming {
    /// Its identity, or any where it is not stored yet.
    pub id: TouchId,
    /// The step's channel.
    pub channel: Channel,
    /// The plan version.
    pub plan_version: PlanVersionId,
    /// The enrolment; none of a plan that is still to begin.
    pub enrolment: Option<EnrolmentId>,
    /// The step's index in its plan.
    pub step: usize,
    /// The cycle of a yearly plan.
    pub cycle: u16,
    /// When it will be due.
    pub due_at: DateTime<Utc>,
}

impl ClaimedTouch {
    /// This attempt in the trace of its enrolment.
    #[must_use]
    pub fn place(&self) -> trace::Place {
        let trace = trace::of(self.enrolment.as_uuid());
        trace.attempt(self.id.as_uuid(), self.epoch, self.attempt)
    }
}

impl Database {
    /// Claims the hinted touches for `worker` under a lease of `lease` machine time.
    ///
    /// Touches that are not in the answer need nothing: their hint is old or doubled, or their row
    /// is locked by somebody and the hint will come again. When this fails, nothing was claimed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn claim(
        &self,
        hints: &[Hint],
        worker: &str,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<ClaimedTouch>, StorageError> {
        let ids: Vec<uuid::Uuid> = hints.iter().map(|hint| hint.touch_id).collect();
        let months: Vec<NaiveDate> = hints.iter().map(|hint| first_day(hint.due_month)).collect();
        let epochs: Vec<i32> = hints.iter().map(|hint| hint.epoch).collect();
        let rows = sqlx::query(include_str!("sql/claim.sql"))
            .bind(ids)
            .bind(months)
            .bind(epochs)
            .bind(worker)
            .bind(interval(lease))
            .bind(now)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(claimed).collect()
    }

    /// What templates may know about a contact and the agent, without a touch: for previews.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn contact_facts(
        &self,
        contact: ContactId,
    ) -> Result<Option<(ContactFacts, Option<OwnerFacts>)>, StorageError> {
        let row = sqlx::query(include_str!("sql/contact_facts.sql"))
            .bind(contact.as_uuid())
            .fetch_optional(self.pool())
            .await?;
        row.as_ref().map(|row| Ok((contact_facts(row)?, owner_facts(row)?))).transpose()
    }

    /// What a claim would read, as things stand, of touches that are still to come for a contact, in
    /// order of their due time. Nothing is taken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn foreseen(
        &self,
        contact: ContactId,
        coming: &[Coming],
    ) -> Result<Vec<ClaimedTouch>, StorageError> {
        let rows = sqlx::query(include_str!("sql/foreseen.sql"))
            .bind(contact.as_uuid())
            .bind(column(coming, |touch| touch.id.as_uuid()))
            .bind(column(coming, |touch| touch.channel.as_str()))
            .bind(column(coming, |touch| touch.plan_version.as_uuid()))
            .bind(column(coming, |touch| touch.enrolment.map(EnrolmentId::as_uuid)))
            .bind(column(coming, |touch| i16::try_from(touch.step).unwrap_or(i16::MAX)))
            .bind(column(coming, |touch| i16::try_from(touch.cycle).unwrap_or(i16::MAX)))
            .bind(column(coming, |touch| touch.due_at))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(claimed).collect()
    }
}

impl Database {
    /// Which of these hints still have a touch to claim: after a claim that did not return them,
    /// those are locked by somebody at this moment, and all others are old or doubled.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn still_queued(&self, hints: &[Hint]) -> Result<Vec<TouchId>, StorageError> {
        let ids: Vec<uuid::Uuid> = hints.iter().map(|hint| hint.touch_id).collect();
        let months: Vec<NaiveDate> = hints.iter().map(|hint| first_day(hint.due_month)).collect();
        let epochs: Vec<i32> = hints.iter().map(|hint| hint.epoch).collect();
        let queued: Vec<uuid::Uuid> = sqlx::query_scalar(
            "SELECT t.id FROM unnest($1::uuid[], $2::date[], $3::int4[]) AS h (touch_id, due_month, epoch)
               JOIN touches t ON t.id = h.touch_id AND t.due_month = h.due_month
              WHERE t.state = 'queued' AND t.epoch = h.epoch",
        )
        .bind(ids)
        .bind(months)
        .bind(epochs)
        .fetch_all(self.pool())
        .await?;
        Ok(queued.into_iter().map(TouchId::from).collect())
    }
}

fn claimed(row: &PgRow) -> Result<ClaimedTouch, StorageError> {
    let entry: Option<uuid::Uuid> = row.try_get("entry")?;
    Ok(ClaimedTouch {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        due_month: row.try_get("due_month")?,
        epoch: row.try_get("epoch")?,
        attempt: row.try_get("attempt")?,
        failures: row.try_get("failures")?,
        suppressed_by: entry.map(EventId::from),
        under_review: row.try_get("review_id")?,
        step: usize::try_from(row.try_get::<i16, _>("step")?).unwrap_or(0),
        cycle: row.try_get("cycle")?,
        due_at: row.try_get("due_at")?,
        channel: word(row, "channel")?,
        plan_version: row.try_get::<uuid::Uuid, _>("plan_version_id")?.into(),
        plan_key: row.try_get("plan_key")?,
        purpose: word(row, "purpose")?,
        topic: row.try_get("topic")?,
        enrolment: row.try_get::<uuid::Uuid, _>("enrolment_id")?.into(),
        enrolment_state: word(row, "enrolment_state")?,
        contact: contact_facts(row)?,
        owner: owner_facts(row)?,
        preferred_hours: row.try_get("preferred_hours")?,
        address_key: address_key(row, "address_key")?,
        address: row.try_get("address")?,
        address_problem: row.try_get("address_problem")?,
    })
}

fn contact_facts(row: &PgRow) -> Result<ContactFacts, StorageError> {
    Ok(ContactFacts {
        id: row.try_get::<uuid::Uuid, _>("contact_id")?.into(),
        full_name: row.try_get("full_name")?,
        first_name: row.try_get("first_name")?,
        source: row.try_get("source")?,
        locale: word(row, "locale")?,
        time_zone: row.try_get("time_zone")?,
        country: row.try_get("country")?,
        region: row.try_get("region")?,
        city: row.try_get("city")?,
        area: row.try_get("area")?,
        closing_date: row.try_get("closing_date")?,
        custom: row.try_get("custom")?,
        is_sample: row.try_get("is_sample")?,
    })
}

fn owner_facts(row: &PgRow) -> Result<Option<OwnerFacts>, StorageError> {
    let Some(id) = row.try_get("owner_id")? else { return Ok(None) };
    Ok(Some(OwnerFacts {
        id,
        name: row.try_get("owner_name")?,
        email: row.try_get("owner_email")?,
        phone: row.try_get("owner_phone")?,
        time_zone: row.try_get("owner_time_zone")?,
        locale: word(row, "owner_locale")?,
    }))
}

/// The partition of a hint.
pub(crate) fn first_day(month: messages::Month) -> NaiveDate {
    NaiveDate::from_ymd_opt(month.year(), u32::from(month.month()), 1).unwrap_or(NaiveDate::MIN)
}

pub(crate) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
