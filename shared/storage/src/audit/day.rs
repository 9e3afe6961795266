//! A day of somebody's, from the logs alone: works for whoever was erased (AUD-05).

use chrono::{DateTime, Utc};
use domain::suppression::{Origin, Scope, SuppressionReason, Topic};
use domain::{
    AddressKey, Channel, ContactChannel, ContactId, EnrolmentState, EventId, TouchId, TouchState,
};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::outcomes::column;
use crate::words::{optional_word, word};
use crate::{Database, StorageError};

/// Whose day, and which.
#[derive(Debug, Clone)]
pub struct DayOf {
    /// The contacts that are meant; none where nobody has the address any more.
    pub contacts: Vec<ContactId>,
    /// The keys of the address, its domain and its people.
    pub keys: Vec<AddressKey>,
    /// From, inclusive.
    pub from: DateTime<Utc>,
    /// To, exclusive.
    pub to: DateTime<Utc>,
}

/// A decision of that day, or a touch that was due and about which nothing was decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The touch.
    pub touch: TouchId,
    /// The contact; an id without a person, where that one was erased.
    pub contact: Option<ContactId>,
    /// The plan's key and version.
    pub plan: (String, i32),
    /// The step's index, from 0.
    pub step: i16,
    /// The channel.
    pub channel: Channel,
    /// Where the touch stands now.
    pub state_now: TouchState,
    /// When it is, or was, due.
    pub due_at: DateTime<Utc>,
    /// What was decided, if anything.
    pub event: Option<DecidedThen>,
}

/// What was decided about a touch.
#[derive(Debug, Clone)]
pub struct DecidedThen {
    /// Machine time.
    pub at: DateTime<Utc>,
    /// Business time.
    pub decided_at: DateTime<Utc>,
    /// The attempt.
    pub attempt: i16,
    /// The state it led to.
    pub state: TouchState,
    /// Which process.
    pub worker: String,
    /// Why.
    pub reason: Option<String>,
    /// What the gate saw.
    pub detail: Option<serde_json::Value>,
    /// The template and its version.
    pub template: Option<(String, i32)>,
}

/// An entry of the list that was in force for a part of the day.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The entry.
    pub event: EventId,
    /// What it covers.
    pub scope: Scope,
    /// The channel, for one address.
    pub channel: Option<ContactChannel>,
    /// The topic, where it covers one alone.
    pub topic: Option<Topic>,
    /// Why.
    pub reason: SuppressionReason,
    /// Who asked.
    pub origin: Origin,
    /// When the request reached us, where that was noted.
    pub received_at: Option<DateTime<Utc>>,
    /// In force since.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
}

/// An enrolment, as far as it says why nothing was due.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// The plan's key.
    pub plan: String,
    /// Where it stands now.
    pub state: EnrolmentState,
    /// Why.
    pub reason: Option<String>,
    /// Since when it exists.
    pub since: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl Database {
    /// What was decided about these people's touches on that day (business time), in order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn decisions_of(&self, day: &DayOf) -> Result<Vec<Decision>, StorageError> {
        let rows = sqlx::query(include_str!("../sql/decisions_of_day.sql"))
            .bind(column(&day.contacts, |contact| contact.as_uuid()))
            .bind(column(&day.keys, |key| key.as_bytes().as_slice()))
            .bind(day.from)
            .bind(day.to)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(decision).collect()
    }

    /// The entries that were in force for any of the keys on that day, the oldest first; from the
    /// list's history, not from the list as it is now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn entries_in_force(&self, day: &DayOf) -> Result<Vec<InForce>, StorageError> {
        let rows = sqlx::query(
            "SELECT e.id, e.scope::text AS scope, e.channel::text AS channel, e.topic,
                    e.reason::text AS reason, e.origin::text AS origin, e.received_at, e.at,
                    l.at AS until
               FROM suppression_events e
               LEFT JOIN LATERAL (SELECT min(o.at) AS at FROM suppression_events o
                                   WHERE o.address_key = e.address_key AND o.action = 'lift'
                                     AND o.of_event = e.id) l ON true
              WHERE e.address_key = ANY ($1) AND e.action = 'suppress' AND e.of_event IS NULL
                AND e.at < $3 AND (l.at IS NULL OR l.at >= $2)
              ORDER BY e.at, e.id",
        )
        .bind(column(&day.keys, |key| key.as_bytes().as_slice()))
        .bind(day.from)
        .bind(day.to)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(in_force).collect()
    }

    /// The enrolments of these people, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn enrolled(&self, contacts: &[ContactId]) -> Result<Vec<Enrolled>, StorageError> {
        let rows = sqlx::query(
            "SELECT plan_key, state::text AS state, reason, created_at, updated_at FROM enrolments
              WHERE contact_id = ANY ($1) ORDER BY created_at DESC, id DESC",
        )
        .bind(column(contacts, |contact| contact.as_uuid()))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Enrolled {
                    plan: row.try_get("plan_key")?,
                    state: word(row, "state")?,
                    reason: row.try_get("reason")?,
                    since: row.try_get("created_at")?,
                    changed_at: row.try_get("updated_at")?,
                })
            })
            .collect()
    }

    /// When somebody with any of these keys or ids was erased, the last time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn erased_at(&self, day: &DayOf) -> Result<Option<DateTime<Utc>>, StorageError> {
        Ok(sqlx::query_scalar(
            "SELECT max(at) FROM (
                SELECT at FROM erasures WHERE contact_id = ANY ($1)
                UNION ALL
                SELECT at FROM suppression_events
                 WHERE address_key = ANY ($2) AND action = 'suppress' AND reason = 'erasure') e",
        )
        .bind(column(&day.contacts, |contact| contact.as_uuid()))
        .bind(column(&day.keys, |key| key.as_bytes().as_slice()))
        .fetch_one(self.pool())
        .await?)
    }
}

fn decision(row: &PgRow) -> Result<Decision, StorageError> {
    let at: Option<DateTime<Utc>> = row.try_get("at")?;
    Ok(Decision {
        touch: row.try_get::<uuid::Uuid, _>("id")?.into(),
        contact: row.try_get::<Option<uuid::Uuid>, _>("contact_id")?.map(ContactId::from),
        plan: (row.try_get("plan_key")?, row.try_get("plan_version")?),
        step: row.try_get("step")?,
        channel: word(row, "channel")?,
        state_now: word(row, "state")?,
        due_at: row.try_get("due_at")?,
        event: at.map(|at| decided(row, at)).transpose()?,
    })
}

fn decided(row: &PgRow, at: DateTime<Utc>) -> Result<DecidedThen, StorageError> {
    let key: Option<String> = row.try_get("template_key")?;
    let version: Option<i32> = row.try_get("template_version")?;
    Ok(DecidedThen {
        at,
        decided_at: row.try_get("decided_at")?,
        attempt: row.try_get("attempt")?,
        state: word(row, "event_state")?,
        worker: row.try_get("worker")?,
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
        template: key.zip(version),
    })
}

fn in_force(row: &PgRow) -> Result<InForce, StorageError> {
    Ok(InForce {
        event: row.try_get::<uuid::Uuid, _>("id")?.into(),
        scope: word(row, "scope")?,
        channel: optional_word(row, "channel")?,
        topic: optional_word(row, "topic")?,
        reason: word(row, "reason")?,
        origin: word(row, "origin")?,
        received_at: row.try_get("received_at")?,
        since: row.try_get("at")?,
        until: row.try_get("until")?,
    })
}
