//! `touchline tasks`.

use std::time::Duration;

use chrono::NaiveDate;
use domain::{Channel, Medium, TaskId, TouchState};
use serde_json::json;
use storage::Role;
use storage::outcomes::{AttemptRecord, NewTask};
use testkit::fixture::{self, Deployment};

use crate::Desk;

/// Calls that have become tasks, one per person.
async fn with_tasks(people: usize) -> (Deployment, Vec<TaskId>) {
    let day = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let noon = day.and_hms_opt(8, 0, 0).unwrap().and_utc();
    let deployment = Deployment::create().await;
    deployment.store_plan(&fixture::one_step(Channel::Call)).await;
    deployment.store_template(&fixture::template(Medium::Call)).await;
    let people = deployment.people(people).await;
    deployment.enrol("one-step", &people, day).await;
    let batch = deployment.connect(Role::Scheduler).claim_due(noon, 100).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let worker = deployment.connect(Role::CallWorker);
    let claimed = worker.claim(&hints, "w1", Duration::from_secs(60), noon).await.unwrap();
    let mut tasks = Vec::new();
    for person in &people {
        let touch = claimed.iter().find(|touch| touch.contact.id == *person).unwrap();
        let id = TaskId::new();
        tasks.push(id);
        let task = NewTask {
            id,
            contact: *person,
            owner: None,
            channel: Channel::Call,
            title: "Reach somebody".to_owned(),
            script: "Say hello.".to_owned(),
            due_on: day,
            due_at: noon,
        };
        let record = AttemptRecord {
            touch: touch.id,
            due_month: touch.due_month,
            attempt: touch.attempt,
            state: TouchState::Sent,
            reason: None,
            provider_ref: None,
            decided_at: noon,
            next_due: None,
            failed: false,
            template: None,
            detail: None,
            task: Some(task),
        };
        worker.record_with_tasks(&[record], "w1").await.unwrap();
    }
    (deployment, tasks)
}

#[tokio::test]
async fn a_task_is_done_once_and_a_refusal_in_the_uae_ends_calls() {
    let (deployment, tasks) = with_tasks(3).await;
    let desk = Desk::on(&deployment);
    let done = |task: &TaskId, outcome: &str| {
        let id = task.to_string();
        let words = ["tasks", "done", &id, "--outcome", outcome, "--actor", "Mona", "--json"];
        desk.run(&words)
    };
    assert_eq!(done(&tasks[0], "answered").object()["entry"], json!(null));
    assert_eq!(done(&tasks[0], "answered").refusal().0, 1, "done before");
    let unanswered = done(&tasks[1], "unanswered").object();
    assert_eq!(
        (&unanswered["outcome"], &unanswered["entry"]),
        (&json!("unanswered"), &json!(null))
    );
    let refused = done(&tasks[2], "refused").object();
    assert!(refused["entry"].is_string(), "{refused}");
    let listed = |number: &str| {
        let shown = desk.run(&["contacts", "show", number, "--json"]).object();
        let addresses = shown["addresses"].as_array().unwrap().clone();
        addresses.into_iter().find(|a| a["kind"] == "phone").unwrap()["suppressed"].clone()
    };
    assert!(listed("p2@example.com")["call"].to_string().contains("voice_request"));
    assert!(listed("p1@example.com").get("call").is_none());
    // What caps count: the call nobody answered, and the refusal.
    let now = domain::Clock::system().now();
    let people = deployment.people(3).await;
    let worker = deployment.connect(Role::CallWorker);
    let facts = worker.gate_facts(&people, now - chrono::TimeDelta::days(3650), now).await.unwrap();
    let how: Vec<(bool, bool)> = people
        .iter()
        .map(|person| &facts.of(*person).sends[0])
        .map(|send| (send.answered, send.refused))
        .collect();
    assert_eq!(how, [(true, false), (false, false), (false, true)]);
    assert_eq!(desk.run(&["tasks", "today", "--day", "2026-06-01", "--json"]).lines().len(), 0);
}
