//! The storage against a real PostgreSQL.
#![allow(clippy::unwrap_used)]

mod auditing;
mod bouncing;
mod breaking;
mod claiming;
mod consenting;
mod desk;
mod effects;
mod facts;
mod fleet;
mod lifting;
mod people;
mod privileges;
mod purposes;
mod registries;
mod retiring;
mod spreading;
mod suppressing;
mod testing;
mod traces;
mod webhooks;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use messages::Hint;
use storage::claims::ClaimedTouch;
use storage::outcomes::{AttemptRecord, NewTask};
use storage::{Database, Role};
use testkit::fixture::Deployment;

/// A Monday; the fixture's touches are due at 12:00 in Dubai, which is 08:00 UTC.
pub(crate) fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

pub(crate) fn noon() -> DateTime<Utc> {
    monday().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

/// The machine's time, which entries of the list are stamped with.
pub(crate) fn now() -> DateTime<Utc> {
    domain::Clock::system().now()
}

/// Claims everything that is due by noon, without planning on.
pub(crate) async fn make_due(deployment: &Deployment) -> Vec<Hint> {
    let scheduler = deployment.connect(Role::Scheduler);
    let batch = scheduler.claim_due(noon(), 1000).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    hints.into_iter().map(|outgoing| outgoing.hint).collect()
}

pub(crate) async fn claim(worker: &Database, hints: &[Hint]) -> Vec<ClaimedTouch> {
    let lease = std::time::Duration::from_secs(60);
    worker.claim(hints, "w1", lease, noon()).await.unwrap()
}

pub(crate) fn sent(touch: &ClaimedTouch) -> AttemptRecord {
    AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state: domain::TouchState::Sent,
        reason: None,
        provider_ref: Some("ref".to_owned()),
        decided_at: noon(),
        next_due: None,
        failed: false,
        template: None,
        detail: None,
        task: None,
    }
}

/// The end of a touch for whose call a task is made.
pub(crate) fn with_task(touch: &ClaimedTouch) -> AttemptRecord {
    let task = NewTask {
        id: domain::TaskId::new(),
        contact: touch.contact.id,
        owner: None,
        channel: domain::Channel::Call,
        title: "Call".to_owned(),
        script: "Hello".to_owned(),
        due_on: monday(),
        due_at: noon(),
    };
    AttemptRecord { task: Some(task), ..sent(touch) }
}

pub(crate) fn in_minutes(minutes: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(minutes)
}
