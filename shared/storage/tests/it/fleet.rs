//! Who is there, and how it goes.

use std::time::Duration;

use domain::desk::Attention;
use domain::{Channel, Lane, Medium, TouchState};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::Role;
use storage::fleet::members::Presence;
use testkit::fixture::Deployment;

use crate::desk::Scene;
use crate::{claim, in_minutes, make_due, monday, noon};

fn presence(name: &str) -> Presence {
    Presence {
        name: name.to_owned(),
        service: "email-worker".to_owned(),
        version: "1.2.3".to_owned(),
        host: "node-7".to_owned(),
    }
}

#[tokio::test]
async fn members_report_fall_silent_and_are_forgotten() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let worker = deployment.connect(Role::EmailWorker);
    let scheduler = deployment.connect(Role::Scheduler);
    worker.report_member(&presence("w1"), &json!({ "broker": "ready" })).await.unwrap();
    scheduler.report_member(&presence("w2"), &json!({})).await.unwrap();
    let hints = make_due(&deployment).await;
    claim(&worker, &hints).await;
    let members = deployment.operator.members().await.unwrap();
    let seen: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.in_hand, m.lost)).collect();
    assert_eq!(seen, [("w1", 2, false), ("w2", 0, false)]);
    assert_eq!(members[0].facts["broker"], "ready");

    let mut owner = PgConnection::connect(deployment.url()).await.unwrap();
    let silent = "UPDATE fleet_members SET seen_at = seen_at - interval '31 s' WHERE name = 'w1'";
    sqlx::raw_sql(silent).execute(&mut owner).await.unwrap();
    let started_at = members[0].started_at;
    let members = deployment.operator.members().await.unwrap();
    assert!(members[0].lost && !members[1].lost);
    worker.report_member(&presence("w1"), &json!({ "broker": "down" })).await.unwrap();
    let members = deployment.operator.members().await.unwrap();
    assert!(!members[0].lost, "it is back");
    assert_eq!((members[0].started_at, &members[0].facts["broker"]), (started_at, &json!("down")));

    assert_eq!(scheduler.forget_members().await.unwrap(), 0);
    let old = "UPDATE fleet_members SET seen_at = seen_at - interval '25 h' WHERE name = 'w2'";
    sqlx::raw_sql(old).execute(&mut owner).await.unwrap();
    assert_eq!(scheduler.forget_members().await.unwrap(), 1);
    worker.leave_fleet("w1").await.unwrap();
    assert!(deployment.operator.members().await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_stays_present_leaves_when_it_stops() {
    let deployment = Deployment::create().await;
    let inbound = deployment.connect(Role::Inbound);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let staying = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        inbound.stay_present(presence("inbound-1"), || json!({}), stopped).await;
    });
    while deployment.operator.members().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    staying.await.unwrap();
    assert!(deployment.operator.members().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_service_reports_itself_and_reads_nobody() {
    let deployment = Deployment::create().await;
    for role in [Role::EmailWorker, Role::CallWorker, Role::Scheduler, Role::Inbound] {
        let service = deployment.connect(role);
        service.report_member(&presence(role.as_str()), &json!({})).await.unwrap();
        assert!(service.members().await.is_err(), "{role}");
        assert_eq!(service.forget_members().await.is_ok(), role == Role::Scheduler, "{role}");
    }
}

/// Heap-only updates: what a report changes is in no index.
#[tokio::test]
async fn a_report_changes_nothing_that_is_indexed() {
    let deployment = Deployment::create().await;
    let mut owner = PgConnection::connect(deployment.url()).await.unwrap();
    let indexed: Vec<String> = sqlx::query_scalar(
        "SELECT a.attname::text FROM pg_index i
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
          WHERE i.indrelid = 'fleet_members'::regclass",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(indexed, ["name"]);
}

/// Counts what was recorded so far, without waiting for transactions of other tests.
async fn count(scene: &Scene) {
    let scheduler = scene.deployment.connect(Role::Scheduler);
    scene.run("UPDATE count_progress SET next_until = NULL").await;
    scheduler.count_outcomes(noon(), None, Duration::ZERO).await.unwrap();
    scene.run("UPDATE count_progress SET next_until = clock_timestamp()").await;
    while scheduler.count_outcomes(noon(), None, Duration::ZERO).await.unwrap() {}
}

#[tokio::test]
async fn the_state_of_the_fleet_is_read_in_one_look() {
    let scene = Scene::new(Channel::Email, 6).await;
    let later = scene.deployment.people(8).await;
    scene.deployment.enrol("one-step", &later[6..], monday()).await;
    scene
        .run("UPDATE count_progress SET counted_until = clock_timestamp() - interval '50 s'")
        .await;
    scene.end(0, TouchState::Sent, "").await;
    scene.end(1, TouchState::Sent, "").await;
    scene.end(2, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    scene.end(3, TouchState::Held, "plan_not_active: paused").await;
    scene.worker.report_member(&presence("w1"), &json!({})).await.unwrap();
    count(&scene).await;
    let state = scene.operator().fleet_state(in_minutes(5)).await.unwrap();
    assert_eq!((state.due.waiting, state.due.oldest), (2, Some(noon())));
    assert_eq!(state.due.late_seconds, 300);
    assert_eq!((state.in_hand.count, state.in_hand.expired), (2, 0));
    assert_eq!((state.members.len(), state.members[0].in_hand), (1, 2));
    let desk: Vec<_> = state.desk.iter().map(|d| (d.kind, d.code.as_str(), d.count)).collect();
    let held = (Attention::Held, "plan_not_active", 1);
    assert_eq!(desk, [held, (Attention::Failed, "refused", 1)]);
    let activity: Vec<_> =
        state.activity.iter().map(|a| (a.medium, a.state, a.hour, a.day)).collect();
    let of = |state, n| (Medium::Email, state, n, n);
    let expected = [of(TouchState::Held, 1), of(TouchState::Sent, 2), of(TouchState::Failed, 1)];
    assert_eq!(activity, expected);
    assert!(state.queues.is_empty() && state.pauses.is_empty());
    let facts = &state.database;
    assert!(facts.size_bytes > 0 && facts.connections_used > 0, "{facts:?}");
    assert!(facts.connections_used <= facts.connections_max && !facts.in_recovery, "{facts:?}");
    assert!(facts.migrations > 18 && facts.last_migration.is_some(), "{facts:?}");

    make_due(&scene.deployment).await;
    let state = scene.operator().fleet_state(in_minutes(5)).await.unwrap();
    assert_eq!((state.due.waiting, state.due.late_seconds), (0, 0));
    let queues: Vec<_> = state.queues.iter().map(|q| (q.lane, q.waiting, q.unconfirmed)).collect();
    assert_eq!(queues, [(Lane::Bulk, 2, 2)]);
    for role in [Role::EmailWorker, Role::Scheduler, Role::Inbound] {
        assert!(scene.deployment.connect(role).fleet_state(noon()).await.is_err(), "{role}");
    }
}

/// What an operator looks at all day must not read what grows with the contacts.
#[tokio::test]
async fn the_state_of_the_fleet_reads_narrow_tables_alone() {
    let scene = Scene::new(Channel::Email, 1).await;
    let mut owner = scene.owner().await;
    let text = include_str!("../../src/sql/fleet_state.sql");
    let sql = format!("PREPARE look (timestamptz, bigint) AS {text}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
    let plan: Vec<String> =
        sqlx::query_scalar("EXPLAIN EXECUTE look (now(), 10)").fetch_all(&mut owner).await.unwrap();
    let plan = plan.join("\n");
    let wide = ["on touches", "touch_events", "on contacts", "enrolments", "addresses"];
    assert!(!wide.iter().any(|table| plan.contains(table)), "{plan}");
}
