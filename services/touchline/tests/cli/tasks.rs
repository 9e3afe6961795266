//! `touchline tasks`.

use std::time::Duration;

use chrono::NaiveDate;
use domain::{Channel, Clock, Locale, Medium, TaskId, TouchState};
use serde_json::{Value, json};
use storage::Role;
use storage::contacts::NewAgent;
use storage::outcomes::{AttemptRecord, NewTask};
use storage::tasks::{Handed, Handover};
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

#[tokio::test]
async fn an_agent_who_is_away_hands_over_after_the_numbers_and_with_the_contacts_if_asked() {
    let (deployment, tasks) = with_tasks(3).await;
    let desk = Desk::on(&deployment);
    let agent = |name: &str, email: &str| NewAgent {
        name: name.to_owned(),
        email: email.to_owned(),
        phone: String::new(),
        locale: Locale::En,
        time_zone: None,
    };
    let (maya, karim) = ("maya@palm.example", "karim@palm.example");
    let both = [agent("Maya Rahal", maya), agent("Karim Suleiman", karim)];
    deployment.operator.store_agents(&both).await.unwrap();
    let agents = deployment.operator.agents().await.unwrap();
    let id = |email: &str| agents.iter().find(|agent| agent.email == email).unwrap().id;
    let of = |email: &str| {
        desk.run(&["tasks", "today", "--day", "2026-06-01", "--owner", email, "--json"])
            .lines()
            .len()
    };
    // With a contact and two tasks Maya begins.
    let person = deployment.people(1).await.remove(0);
    for what in [Handed::Contact(person), Handed::Task(tasks[1])] {
        let given = Handover {
            what,
            from: None,
            to: id(maya),
            contacts: true,
            reason: "hers",
            actor: "Amal",
            now: Clock::system().now(),
        };
        deployment.operator.hand_over(&given).await.unwrap();
    }
    assert_eq!((of(maya), of(karim)), (2, 0));
    let hand_over = |from: &str, to: &str, further: &[&str]| {
        let words = ["tasks", "hand-over", "--from", from, "--to", to, "--actor", "Amal", "--json"];
        desk.run(&[&words[..], further].concat())
    };
    let why = ["--reason", "on holiday"];
    let asked = hand_over("MAYA@palm.example", karim, &[&why[..], &["--contacts"]].concat());
    let numbers = json!({ "from": maya, "to": karim, "done": false, "tasks": 2, "contacts": 1 });
    assert_eq!(asked.object(), numbers);
    assert_eq!((of(maya), of(karim)), (2, 0), "it only tells");
    let done = hand_over(maya, karim, &[&why[..], &["--yes"]].concat()).object();
    assert_eq!((&done["tasks"], &done["contacts"]), (&json!(2), &json!(0)));
    assert_eq!((of(maya), of(karim)), (0, 2));
    let owner = deployment.operator.contact(person).await.unwrap().unwrap().owner;
    assert_eq!(owner, Some(id(maya)), "the contact has stayed");
    let again = hand_over(maya, karim, &[&why[..], &["--contacts", "--yes"]].concat()).object();
    assert_eq!((&again["tasks"], &again["contacts"]), (&json!(0), &json!(1)));
    let log = desk.run(&["audit", "log", "--limit", "500", "--json"]).lines();
    let is_noted = |line: &&Value| line["table"] == "handovers" && line["operation"] == "insert";
    let noted: Vec<_> = log.iter().filter(is_noted).collect();
    assert_eq!(noted.len(), 4, "{noted:?}");
    assert!(noted.iter().all(|line| line["actor"] == "Amal"), "{noted:?}");

    let unknown = hand_over("maia@palm.example", karim, &why).refusal();
    assert!(unknown.0 == 1 && unknown.1.contains(maya), "{unknown:?}");
    assert_eq!(hand_over(maya, maya, &why).refusal().0, 2);
    assert_eq!(hand_over(maya, karim, &["--reason", " "]).refusal().0, 2);
}
