//! What people decide about touches that wait: one statement, fenced by row locks, epoch and attempt
//! like every other step of a touch's life, and on record in the audit log.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use domain::desk::{Left, Resolution};
use domain::{Channel, DecisionId, TouchId};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{DeskFilter, MOST_AT_ONCE};
use crate::claims::interval;
use crate::words::{optional_word, word};
use crate::{Database, StorageError, traces};

/// What a person decides.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// What becomes of the touches.
    pub resolution: Resolution,
    /// The person, by name.
    pub actor: &'a str,
    /// Why, in words; no address and no name of a contact.
    pub why: &'a str,
    /// Business time.
    pub now: DateTime<Utc>,
    /// At most so many, of named touches the first; [`MOST_AT_ONCE`] bounds it.
    pub most: u32,
}

/// What became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Resolved {
    /// The decision on record; nothing when no touch was moved.
    pub decision: Option<DecisionId>,
    /// The touches it was carried out for.
    pub done: Vec<TouchId>,
    /// Those that were left as they are, with why.
    pub left: Vec<(TouchId, Left)>,
}

impl Resolved {
    /// How many were left, by why.
    #[must_use]
    pub fn left_by_reason(&self) -> BTreeMap<Left, usize> {
        let mut counts = BTreeMap::new();
        for (_, why) in &self.left {
            *counts.entry(*why).or_default() += 1;
        }
        counts
    }
}

/// A decision on record.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionRecord {
    /// Its identity; each touch's history names it.
    pub id: DecisionId,
    /// What was decided.
    pub resolution: Resolution,
    /// By whom.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Business time.
    pub at: DateTime<Utc>,
    /// How many touches it moved.
    pub touches: i32,
}

impl Database {
    /// Carries out a decision about the touches of a filter, the longest waiting first. Whatever it
    /// resumes or replays is due at once and goes through the list and the gate again. Nothing waits
    /// for locks: what a worker, the sweep or another person moves at this moment is left and named.
    /// Repeating it is safe: what has been moved does not wait any more.
    ///
    /// # Errors
    /// When the name or the reason is empty, or the database does not answer.
    pub async fn resolve_touches(
        &self,
        filter: &DeskFilter,
        decision: &Decision<'_>,
    ) -> Result<Resolved, StorageError> {
        let Decision { resolution, actor, why, now, most } = *decision;
        let most = most.min(MOST_AT_ONCE);
        let named = filter.named(most);
        let id = DecisionId::new();
        let began = trace::now();
        let rows = sqlx::query(include_str!("../sql/resolve_touches.sql"))
            .bind(id.as_uuid())
            .bind(resolution.as_str())
            .bind(actor)
            .bind(why)
            .bind(now)
            .bind(i64::from(most))
            .bind(asked(filter))
            .bind(filter.kinds(resolution.applies_to()))
            .bind(named.as_deref())
            .bind(filter.code.as_deref())
            .bind(filter.detail.as_deref())
            .bind(filter.channel.map(Channel::as_str))
            .bind(filter.plan_key.as_deref())
            .fetch_all(self.pool())
            .await?;
        for row in &rows {
            if let Some(enrolment) = row.try_get::<Option<Uuid>, _>("enrolment_id")? {
                traces::decided(began, enrolment, row.try_get("touch_id")?, id, resolution);
            }
        }
        resolved(id, &named.unwrap_or_default(), &rows)
    }

    /// Puts touches that failed, or were blocked by settings, back to scheduled: a new epoch and
    /// attempt, through the list and the gate again, [`MOST_AT_ONCE`] at most.
    ///
    /// # Errors
    /// As [`Database::resolve_touches`].
    pub async fn replay_touches(
        &self,
        filter: &DeskFilter,
        actor: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<Resolved, StorageError> {
        let resolution = Resolution::Replay;
        let decision = Decision { resolution, actor, why, now, most: MOST_AT_ONCE };
        self.resolve_touches(filter, &decision).await
    }

    /// What was decided about touches of the desk, the newest first, `limit` at most.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn touch_decisions(&self, limit: u32) -> Result<Vec<DecisionRecord>, StorageError> {
        let rows = sqlx::query(
            "SELECT id, action::text AS action, actor, reason, at, touches FROM touch_decisions
              ORDER BY id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(record).collect()
    }

    /// Takes up to `limit` failures off the desk that nobody has looked at for
    /// [`super::KEPT_FOR`]. Returns how many.
    ///
    /// # Errors
    /// When the database does not answer, or the role is not the scheduler's.
    pub async fn clear_desk(&self, limit: u32) -> Result<i64, StorageError> {
        Ok(sqlx::query_scalar("SELECT clear_desk($1, $2)")
            .bind(interval(super::KEPT_FOR))
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .fetch_one(self.pool())
            .await?)
    }
}

/// What was asked for, as it is kept on record.
fn asked(filter: &DeskFilter) -> serde_json::Value {
    serde_json::json!({
        "kinds": filter.kinds, "code": filter.code, "detail": filter.detail,
        "channel": filter.channel, "plan": filter.plan_key, "named": filter.touches.len(),
    })
}

fn resolved(id: DecisionId, named: &[Uuid], rows: &[PgRow]) -> Result<Resolved, StorageError> {
    let mut outcome = Resolved { decision: None, done: Vec::new(), left: Vec::new() };
    let mut found = HashSet::new();
    for row in rows {
        let touch: Uuid = row.try_get("touch_id")?;
        found.insert(touch);
        match optional_word(row, "why_left")? {
            None => outcome.done.push(touch.into()),
            Some(why) => outcome.left.push((touch.into(), why)),
        }
    }
    let absent = named.iter().filter(|touch| !found.contains(*touch));
    outcome.left.extend(absent.map(|touch| (TouchId::from(*touch), Left::NotWaiting)));
    outcome.decision = (!outcome.done.is_empty()).then_some(id);
    Ok(outcome)
}

fn record(row: &PgRow) -> Result<DecisionRecord, StorageError> {
    Ok(DecisionRecord {
        id: row.try_get::<Uuid, _>("id")?.into(),
        resolution: word(row, "action")?,
        actor: row.try_get("actor")?,
        reason: row.try_get("reason")?,
        at: row.try_get("at")?,
        touches: row.try_get("touches")?,
    })
}
