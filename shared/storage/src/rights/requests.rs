//! Requests of people about their data, and what became of them; append-only (PRV-05, PRV-17).

use chrono::{DateTime, NaiveDate, Utc};
use domain::deadline;
use domain::rights::{PrivacyLaw, RequestClock, RequestKind, RequestStep};
use domain::{ContactId, EventId, RequestId};
use jiff::civil::Date;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Row};

use crate::words::{to_chrono, to_jiff, word};
use crate::{Database, StorageError};

/// A request to be recorded.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// What is asked for.
    pub kind: RequestKind,
    /// The law it is answered under.
    pub law: PrivacyLaw,
    /// Who asks, where that is known.
    pub contact: Option<ContactId>,
    /// When it reached us, business time.
    pub received_at: DateTime<Utc>,
    /// The day that was where it was received.
    pub received_on: Date,
    /// How it reached us; not empty.
    pub how: String,
    /// Who records it; not empty.
    pub actor: String,
    /// What proves it. No address.
    pub evidence: Option<String>,
}

/// A request as it is kept.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its identity.
    pub id: RequestId,
    /// What is asked for.
    pub kind: RequestKind,
    /// The law it is answered under.
    pub law: PrivacyLaw,
    /// Who asked.
    pub contact: Option<ContactId>,
    /// When it reached us.
    pub received_at: DateTime<Utc>,
    /// The day that was there.
    pub received_on: Date,
    /// How it reached us.
    pub how: String,
    /// The days it is worked to.
    pub clock: RequestClock,
    /// Who recorded it.
    pub actor: String,
    /// What proves it.
    pub evidence: Option<String>,
    /// What happened to it, the oldest first.
    pub events: Vec<RequestEvent>,
}

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEvent {
    /// What.
    pub step: RequestStep,
    /// On which day; of an extension, the day the person was told.
    pub on: Date,
    /// Why, to whom, on what; not empty.
    pub note: String,
    /// Who; not empty.
    pub actor: String,
}

/// How a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not over yet.
    Open(deadline::Standing),
    /// Over, on this day.
    Over(RequestStep, Date),
}

impl Request {
    /// The day the person was told that it takes longer, if so.
    #[must_use]
    pub fn told_of_extension(&self) -> Option<Date> {
        self.events.iter().find(|event| event.step == RequestStep::Extended).map(|event| event.on)
    }

    /// The last day to answer.
    #[must_use]
    pub fn last_day(&self) -> Date {
        self.clock.last_day(self.told_of_extension())
    }

    /// How it stands on this day.
    #[must_use]
    pub fn standing(&self, today: Date) -> Standing {
        match self.events.iter().find(|event| event.step.is_final()) {
            Some(end) => Standing::Over(end.step, end.on),
            None => Standing::Open(self.clock.standing(today, self.told_of_extension())),
        }
    }
}

impl Database {
    /// Records a request, with the days it is worked to.
    ///
    /// # Errors
    /// When the database does not answer, or a text is blank ([`StorageError::Constraint`]).
    pub async fn record_request(&self, new: &NewRequest) -> Result<RequestId, StorageError> {
        let id = RequestId::new();
        let clock = RequestClock::of(new.law, new.kind, new.received_on);
        sqlx::query(
            "INSERT INTO rights_requests (id, kind, law, contact_id, received_at, received_on, how,
                                          confirm_by, remind_on, due_on, extended_to, actor, evidence)
             VALUES ($1, $2::text::request_kind, $3::text::privacy_law, $4, $5, $6, $7, $8, $9, $10,
                     $11, $12, $13)",
        )
        .bind(id.as_uuid())
        .bind(new.kind.as_str())
        .bind(new.law.as_str())
        .bind(new.contact.map(ContactId::as_uuid))
        .bind(new.received_at)
        .bind(to_chrono(new.received_on))
        .bind(&new.how)
        .bind(clock.confirm_by.map(to_chrono))
        .bind(to_chrono(clock.remind_on))
        .bind(to_chrono(clock.due))
        .bind(clock.extended.map(to_chrono))
        .bind(&new.actor)
        .bind(new.evidence.as_deref())
        .execute(self.pool())
        .await?;
        Ok(id)
    }

    /// Notes what happened to a request.
    ///
    /// # Errors
    /// When the database does not answer, a text is blank, there is no such request, or it was
    /// answered before ([`StorageError::Constraint`], `rights_request_events_end`).
    pub async fn note_request(
        &self,
        request: RequestId,
        event: &RequestEvent,
    ) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO rights_request_events (id, request_id, step, happened_on, note, actor)
             VALUES ($1, $2, $3::text::request_step, $4, $5, $6)",
        )
        .bind(EventId::new().as_uuid())
        .bind(request.as_uuid())
        .bind(event.step.as_str())
        .bind(to_chrono(event.on))
        .bind(&event.note)
        .bind(&event.actor)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The requests that are not over, the one that is due first in front.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_requests(&self) -> Result<Vec<Request>, StorageError> {
        self.some_requests(
            "WHERE NOT EXISTS (SELECT FROM rights_request_events e
                                WHERE e.request_id = r.id AND e.step IN ('answered', 'refused'))
               AND $1::uuid IS NULL AND $2 > 0
             ORDER BY r.due_on, r.received_at, r.id",
            None,
            1,
        )
        .await
    }

    /// The requests that are over, the newest first: those recorded before `before`, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn past_requests(
        &self,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<Request>, StorageError> {
        self.some_requests(
            "WHERE EXISTS (SELECT FROM rights_request_events e
                            WHERE e.request_id = r.id AND e.step IN ('answered', 'refused'))
               AND ($1::uuid IS NULL OR r.id < $1)
             ORDER BY r.id DESC LIMIT $2",
            before,
            limit,
        )
        .await
    }

    /// One request.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn request(&self, id: RequestId) -> Result<Option<Request>, StorageError> {
        Ok(self.some_requests("WHERE r.id = $1 AND $2 > 0", Some(id), 1).await?.pop())
    }

    async fn some_requests(
        &self,
        which: &'static str,
        id: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<Request>, StorageError> {
        let sql = format!(
            "SELECT r.id, r.kind::text AS kind, r.law::text AS law, r.contact_id, r.received_at,
                    r.received_on, r.how, r.confirm_by, r.remind_on, r.due_on, r.extended_to,
                    r.actor, r.evidence,
                    (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                'step', e.step, 'on', e.happened_on, 'note', e.note,
                                'actor', e.actor) ORDER BY e.recorded_at, e.id), '[]')
                       FROM rights_request_events e WHERE e.request_id = r.id) AS events
               FROM rights_requests r {which}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(id.map(RequestId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(request).collect()
    }
}

#[derive(serde::Deserialize)]
struct StoredEvent {
    step: RequestStep,
    on: NaiveDate,
    note: String,
    actor: String,
}

impl StoredEvent {
    fn read(self) -> RequestEvent {
        let Self { step, on, note, actor } = self;
        RequestEvent { step, on: to_jiff(on), note, actor }
    }
}

fn request(row: &PgRow) -> Result<Request, StorageError> {
    let day = |column: &str| row.try_get(column).map(to_jiff);
    let perhaps = |column: &str| row.try_get(column).map(|day: Option<_>| day.map(to_jiff));
    let contact: Option<uuid::Uuid> = row.try_get("contact_id")?;
    let events: Json<Vec<StoredEvent>> = row.try_get("events")?;
    Ok(Request {
        id: row.try_get::<uuid::Uuid, _>("id")?.into(),
        kind: word(row, "kind")?,
        law: word(row, "law")?,
        contact: contact.map(ContactId::from),
        received_at: row.try_get("received_at")?,
        received_on: day("received_on")?,
        how: row.try_get("how")?,
        clock: RequestClock {
            confirm_by: perhaps("confirm_by")?,
            remind_on: day("remind_on")?,
            due: day("due_on")?,
            extended: perhaps("extended_to")?,
        },
        actor: row.try_get("actor")?,
        evidence: row.try_get("evidence")?,
        events: events.0.into_iter().map(StoredEvent::read).collect(),
    })
}
