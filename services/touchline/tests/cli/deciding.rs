//! `touchline touches held|unknown|failed`, `resume|settle|replay`, and `touchline fleet`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Channel, TouchState};
use serde_json::{Value, json};
use storage::Role;
use storage::claims::ClaimedTouch;
use storage::fleet::members::Presence;
use storage::outcomes::AttemptRecord;
use storage::sweep::UnknownPolicy;
use testkit::fixture::Deployment;

use crate::Desk;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

fn noon() -> DateTime<Utc> {
    day().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

/// Five emails: two refused, one held by its plan, two in doubt after their worker died.
async fn waiting() -> (Deployment, Vec<ClaimedTouch>) {
    let deployment = Deployment::with_one_step(Channel::Email, 5, day()).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let batch = scheduler.claim_due(noon(), 100).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = worker.claim(&hints, "w1", Duration::ZERO, noon()).await.unwrap();
    let ended = |touch: usize, state, reason: &str| AttemptRecord {
        touch: claimed[touch].id,
        due_month: claimed[touch].due_month,
        attempt: claimed[touch].attempt,
        state,
        reason: Some(reason.parse().unwrap()),
        provider_ref: None,
        decided_at: noon(),
        next_due: None,
        failed: false,
        template: None,
        detail: None,
        task: None,
    };
    let records = [
        ended(0, TouchState::Failed, "misconfigured: auth: 535 5.7.8 no"),
        ended(1, TouchState::Failed, "misconfigured: auth: 535 5.7.8 never"),
        ended(2, TouchState::Held, "plan_not_active: paused"),
    ];
    worker.record(&records, "w1").await.unwrap();
    let hold = UnknownPolicy::Hold;
    scheduler.settle_expired(10, hold, hold, noon(), "s1").await.unwrap();
    (deployment, claimed)
}

#[tokio::test]
async fn a_person_replays_a_cause_and_settles_doubts() {
    let (deployment, claimed) = waiting().await;
    let desk = Desk::on(&deployment);
    let touches = |arguments: &[&str]| desk.run(&[&["touches"], arguments].concat());
    let listed = |what: &str| touches(&[what, "--json"]).lines();
    assert_eq!((listed("held").len(), listed("unknown").len(), listed("failed").len()), (1, 2, 2));
    let groups = touches(&["failed", "--by-cause", "--json"]).lines();
    assert_eq!(groups.len(), 1);
    let group = &groups[0];
    assert_eq!((&group["code"], &group["count"]), (&json!("misconfigured"), &json!(2)));
    assert_eq!(
        (&group["detail"], &group["templates"]),
        (&json!("auth: 535 5.7.8"), &json!(["note"]))
    );
    let shown = touches(&["failed", "--by-cause"]);
    assert!(shown.out.contains("auth: 535 5.7.8"), "{shown:?}");

    let who = ["--actor", "Lina", "--reason", "the password is right", "--json"];
    let decide = |arguments: &[&str]| touches(&[arguments, &who].concat());
    assert_eq!(decide(&["replay"]).code, 2, "which ones?");
    let replayed = decide(&["replay", "--code", "misconfigured"]).object();
    assert_eq!(replayed["done"].as_array().unwrap().len(), 2);
    assert!(replayed["decision"].is_string());
    assert!(listed("failed").is_empty());
    let id = |touch: usize| claimed[touch].id.to_string();
    let again = decide(&["replay", &id(0)]);
    assert_eq!(again.code, 1, "it does not wait any more");

    let settled = decide(&["settle", "--as", "sent", &id(3), &id(2)]).object();
    assert_eq!(settled["done"], json!([id(3)]));
    assert_eq!(settled["left"][id(2)], "not_waiting", "it was never handed over");
    assert_eq!(decide(&["settle", "--as", "cancelled", &id(4)]).object()["done"], json!([id(4)]));
    let resumed = touches(&["resume", "--all", "--actor", "Omar", "--reason", "the plan runs"]);
    assert_eq!((resumed.code, resumed.out.trim()), (0, "done: 1"));
    assert!(listed("held").is_empty() && listed("unknown").is_empty());
    let story = desk.run(&["explain", &id(3)]);
    assert!(story.out.contains("a person knows that it arrived"), "{story:?}");
}

#[tokio::test]
async fn the_fleet_is_shown_with_who_is_there_and_what_waits() {
    let (deployment, _) = waiting().await;
    let desk = Desk::on(&deployment);
    let empty = desk.run(&["fleet"]);
    assert!(empty.out.contains("nobody is there"), "{empty:?}");
    let presence = Presence {
        name: "scheduler-7-abc".to_owned(),
        service: "scheduler".to_owned(),
        version: "1.2.3".to_owned(),
        host: "node-7".to_owned(),
    };
    let scheduler = deployment.connect(Role::Scheduler);
    scheduler.report_member(&presence, &json!({ "broker": "ready" })).await.unwrap();
    let state = desk.run(&["fleet", "--json"]).object();
    assert_eq!(state["members"][0]["name"], "scheduler-7-abc");
    assert_eq!(state["members"][0]["lost"], Value::Bool(false));
    let waits: i64 =
        state["desk"].as_array().unwrap().iter().map(|d| d["count"].as_i64().unwrap()).sum();
    assert_eq!(waits, 5);
    let shown = desk.run(&["fleet"]).out;
    for words in [
        "scheduler-7-abc on node-7, 1.2.3: there, broker ready, 0 in hand",
        "waits for a person: 2 In doubt, lease_expired",
        "due: 0, the oldest 0 s late",
        "database: PostgreSQL ",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}
