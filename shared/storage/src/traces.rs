//! What the database's own statements tell of the traces of enrolments: whichever door people come
//! through, what they began is told here, and what the schedulers plan on as well.

use std::collections::HashSet;
use std::time::SystemTime;

use domain::desk::Resolution;
use domain::{DecisionId, EnrolmentId, TouchId};
use trace::Kind;
use uuid::Uuid;

use crate::due::{Ending, FirstTouch, NextTouch};
use crate::enrolments::NewEnrolment;
use crate::tasks::TaskEnd;
use crate::{Database, StorageError};

/// Of the given enrolments those that are stored, each with its first touch.
pub(crate) fn enrolled(began: SystemTime, enrolments: &[NewEnrolment], stored: &[Uuid]) {
    if stored.is_empty() {
        return;
    }
    let stored: HashSet<&Uuid> = stored.iter().collect();
    for new in enrolments.iter().filter(|new| stored.contains(&new.id.as_uuid())) {
        trace::of(new.id.as_uuid())
            .enrolment()
            .open("enrol", Kind::Inside)
            .since(began)
            .with("touchline.enrolment.id", new.id.as_uuid())
            .with("touchline.contact.id", new.contact.as_uuid())
            .database("enrol", enrolments.len())
            .end();
        plan(began, new.id, &new.first, enrolments.len());
    }
}

/// Of the planned touches and enrolments those that are stored.
pub(crate) fn planned(
    began: SystemTime,
    next: &[NextTouch],
    endings: &[Ending],
    stored: &HashSet<Uuid>,
) {
    if !trace::is_on() {
        return;
    }
    for next in next.iter().filter(|next| stored.contains(&next.touch.id.as_uuid())) {
        plan(began, next.enrolment, &next.touch, stored.len());
    }
    for ending in endings {
        let Some(then) = &ending.then else { continue };
        if !stored.contains(&then.first.id.as_uuid()) {
            continue;
        }
        trace::of(then.id.as_uuid())
            .enrolment()
            .open("enrol", Kind::Inside)
            .since(began)
            .with("touchline.enrolment.id", then.id.as_uuid())
            .with("touchline.enrolment.after", ending.enrolment.as_uuid())
            .after(trace::of(ending.enrolment.as_uuid()).enrolment())
            .database("chain", endings.len())
            .end();
        plan(began, then.id, &then.first, stored.len());
    }
}

fn plan(began: SystemTime, enrolment: EnrolmentId, touch: &FirstTouch, rows: usize) {
    trace::of(enrolment.as_uuid())
        .touch(touch.id.as_uuid())
        .open("plan", Kind::Inside)
        .since(began)
        .with("touchline.touch.id", touch.id.as_uuid())
        .with("touchline.channel", touch.channel.as_str())
        .with("touchline.step", touch.step)
        .database("plan", rows)
        .end();
}

/// Somebody finished the task that a touch became.
pub(crate) fn task_done(
    began: SystemTime,
    enrolment: Option<Uuid>,
    touch: TouchId,
    end: &TaskEnd<'_>,
) {
    let Some(enrolment) = enrolment else { return };
    trace::of(enrolment)
        .touch(touch.as_uuid())
        .step("task done", Kind::Inside)
        .since(began)
        .with("touchline.task.id", end.id.as_uuid())
        .with("touchline.outcome", end.outcome.as_str())
        .end();
}

/// Touches that new entries of the list cancelled before they were due, with their enrolments.
pub(crate) fn cancelled(began: SystemTime, touches: &[(Uuid, Uuid)]) {
    for (touch, enrolment) in touches {
        trace::of(*enrolment)
            .touch(*touch)
            .step("cancel", Kind::Inside)
            .since(began)
            .with("touchline.touch.id", *touch)
            .with("touchline.list", "suppressed")
            .end();
    }
}

/// A person decided about a touch that waited on the desk.
pub(crate) fn decided(
    began: SystemTime,
    enrolment: Uuid,
    touch: Uuid,
    id: DecisionId,
    resolution: Resolution,
) {
    trace::of(enrolment)
        .touch(touch)
        .step("decide", Kind::Inside)
        .since(began)
        .with("touchline.touch.id", touch)
        .with("touchline.decision.id", id.as_uuid())
        .with("touchline.resolution", resolution.as_str())
        .end();
}

impl Database {
    /// A touch in the trace of its enrolment. Asks the database only where traces are wanted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn place_of_touch(&self, touch: TouchId) -> Result<trace::Place, StorageError> {
        if !trace::is_on() {
            return Ok(trace::Place::NOWHERE);
        }
        let enrolment: Option<Uuid> =
            sqlx::query_scalar("SELECT enrolment_id FROM touches WHERE id = $1")
                .bind(touch.as_uuid())
                .fetch_optional(self.pool())
                .await?;
        let place = enrolment.map(|enrolment| trace::of(enrolment).touch(touch.as_uuid()));
        Ok(place.unwrap_or(trace::Place::NOWHERE))
    }
}
