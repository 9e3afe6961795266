//! Who is there, and how it goes.

use serde_json::json;
use sqlx::{Connection, PgConnection};
use storage::Role;
use storage::fleet::members::Presence;
use testkit::fixture::Deployment;

use crate::{claim, make_due, monday};

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
    let deployment = Deployment::with_one_step(domain::Channel::Email, 2, monday()).await;
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
