//! The statements a touch costs, one after the other, with nothing else running: claiming what is
//! due, planning on, the worker's claim (which is the list check) and recording.

use std::time::Instant;

use domain::{Calendar, TouchState};
use scheduler::Planner;
use storage::claims::ClaimedTouch;
use storage::outcomes::AttemptRecord;
use storage::{Database, Role};

use crate::report::Report;
use crate::world::{World, zone};
use crate::{Extent, people};

/// Touches in one statement: the services' defaults.
const DUE_BATCH: u32 = 500;
const CLAIM_BATCH: usize = 150;

/// Times the statements; each touch is recorded as sent without being sent.
pub async fn time(world: &mut World, extent: &Extent, report: &mut Report) {
    world.run(&[]).await;
    let batches = if extent.runs > 1 { 30 } else { 10 };
    let count = (i64::from(DUE_BATCH) * batches).min(extent.contacts);
    let now = world.clock.now();
    people::make_due(world, count, now, 0).await;
    let scheduler = world.deployment.connect(Role::Scheduler);
    let worker = world.deployment.connect(Role::EmailWorker);
    let mut planner = Planner::new(scheduler.clone(), Calendar::default(), zone(&world.clock));
    let mut hints = Vec::new();
    loop {
        let began = Instant::now();
        let claimed = scheduler.claim_due(world.clock.now(), DUE_BATCH).await;
        let batch = claimed.expect("the database answers");
        if batch.hints.is_empty() {
            break;
        }
        report.statement("claim_due", batch.hints.len(), began.elapsed());
        let planned = planner.plan_on(&batch.enrolments).await.expect("plans can be read");
        let days = planned.next.iter().map(|next| next.touch.due_at.date_naive());
        scheduler.ensure_touch_months(days.collect::<Vec<_>>()).await.expect("it answers");
        let (began, touches) = (Instant::now(), batch.hints.len());
        let committed = batch.commit(&planned.next, &planned.endings).await;
        hints.extend(committed.expect("the database answers").iter().map(|one| one.hint));
        report.statement("plan_on_and_commit", touches, began.elapsed());
    }
    claim_and_record(world, &worker, &hints, report).await;
}

async fn claim_and_record(
    world: &World,
    worker: &Database,
    hints: &[messages::Hint],
    report: &mut Report,
) {
    let lease = std::time::Duration::from_secs(120);
    for batch in hints.chunks(CLAIM_BATCH) {
        let began = Instant::now();
        let claimed = worker.claim(batch, "bench", lease, world.clock.now()).await;
        report.statement("list_check", batch.len(), began.elapsed());
        let claimed = claimed.expect("the database answers");
        assert_eq!(claimed.len(), batch.len(), "nobody else claims");
        let open = claimed.iter().filter(|touch| touch.suppressed_by.is_none());
        let records: Vec<AttemptRecord> = open.map(|touch| sent(world, touch)).collect();
        let began = Instant::now();
        let moved = worker.record(&records, "bench").await.expect("the database answers");
        report.statement("record", records.len(), began.elapsed());
        assert_eq!(moved, records.len());
    }
}

fn sent(world: &World, touch: &ClaimedTouch) -> AttemptRecord {
    AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state: TouchState::Sent,
        reason: None,
        provider_ref: Some("benchmark".to_owned()),
        decided_at: world.clock.now(),
        next_due: None,
        failed: false,
        template: None,
        detail: Some(serde_json::json!({
            "list": "clear", "zone_rule": "contact", "local_time": "2026-11-21T12:00:00+04:00[Asia/Dubai]",
            "zones": ["Asia/Dubai"],
            "zone_data": "2026e", "rules": ["AE-SMS/strict"], "window": "00:00-23:59",
        })),
        task: None,
    }
}
