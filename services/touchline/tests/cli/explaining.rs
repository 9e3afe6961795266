//! `touchline explain` and `tasks today`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{Channel, Reason, ReasonCode, TaskId, TouchState};
use serde_json::{Value, json};
use storage::Role;
use storage::claims::ClaimedTouch;
use storage::due::Ending;
use storage::outcomes::{AttemptRecord, NewTask};
use testkit::fixture::{self, Deployment};

use crate::{Desk, Ran};

/// A Monday; the fixture's touches are due at noon in Dubai.
fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

fn noon() -> DateTime<Utc> {
    monday().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

async fn claim(deployment: &Deployment, role: Role, now: DateTime<Utc>) -> Vec<ClaimedTouch> {
    let batch = deployment.connect(Role::Scheduler).claim_due(now, 10).await.unwrap();
    let hints = batch.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let lease = Duration::from_secs(60);
    deployment.connect(role).claim(&hints, "email-worker-1", lease, now).await.unwrap()
}

fn outcome(touch: &ClaimedTouch, state: TouchState, now: DateTime<Utc>) -> AttemptRecord {
    AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state,
        reason: None,
        provider_ref: None,
        decided_at: now,
        next_due: None,
        failed: false,
        template: None,
        detail: Some(json!({
            "list": "clear", "zone_rule": "the contact's own time zone", "zones": 1,
            "local_time": "2026-06-01T12:00:00+04:00[Asia/Dubai]", "window": "08:00-20:00",
        })),
        task: None,
    }
}

fn explain(desk: &Desk, touch: &ClaimedTouch) -> (Ran, Value) {
    let id = touch.id.to_string();
    (desk.run(&["explain", &id]), desk.run(&["explain", &id, "--json"]).object())
}

#[track_caller]
fn says(told: &Ran, parts: &[&str]) {
    assert_eq!(told.code, 0, "{told:?}");
    for part in parts {
        assert!(told.out.contains(part), "\"{part}\" is not in:\n{}", told.out);
    }
}

#[tokio::test]
async fn a_touch_put_off_and_then_sent_tells_both_attempts() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let desk = Desk::on(&deployment);
    let scheduled = desk.run(&["touches", "list", "--json"]).lines();
    let id = scheduled[0]["id"].as_str().unwrap();
    let before = desk.run(&["explain", id]);
    says(&before, &["is due on Monday 1 June 2026, 12:00 (Asia/Dubai)", "Nothing yet"]);

    let worker = deployment.connect(Role::EmailWorker);
    let first = claim(&deployment, Role::EmailWorker, noon()).await;
    let later = noon() + TimeDelta::minutes(5);
    let retry = AttemptRecord {
        reason: Some(Reason::new(ReasonCode::Deferred, "451 4.7.1 greylisted")),
        next_due: Some(later),
        failed: true,
        ..outcome(&first[0], TouchState::Scheduled, noon())
    };
    worker.record(&[retry], "email-worker-1").await.unwrap();
    let (told, _) = explain(&desk, &first[0]);
    says(&told, &["was put off until Monday 1 June 2026, 12:05", "said not now (451 4.7.1"]);

    let second = claim(&deployment, Role::EmailWorker, later).await;
    let template = deployment.operator.current_template("note").await.unwrap().unwrap();
    let sent = AttemptRecord {
        provider_ref: Some("250 2.0.0 queued as 7".to_owned()),
        template: Some(template.id),
        ..outcome(&second[0], TouchState::Sent, later)
    };
    worker.record(&[sent], "email-worker-2").await.unwrap();
    let (told, json) = explain(&desk, &second[0]);
    says(
        &told,
        &[
            "Email to Person 0: step 1 of 1 of one-step (version 1)",
            "Purpose: a note.",
            "It was sent on Monday 1 June 2026, 12:05 (Asia/Dubai)",
            "day 1 of the plan, which began on Monday 1 June 2026",
            "attempt 1, email-worker-1: put off",
            "attempt 2, email-worker-2: handed over",
            "The list was read and was clear.",
            "Local time was Monday 1 June 2026, 12:00 (Asia/Dubai), by the contact's own time zone",
            "The window was 08:00-20:00.",
            "Template note, version 1.",
            "queued as 7",
            "Nothing on it stands against this channel.",
        ],
    );
    assert_eq!(
        (&json["state"], &json["attempt"], &json["step"]),
        (&json!("sent"), &json!(2), &json!(1))
    );
    assert_eq!(json["events"].as_array().unwrap().len(), 2);
    assert_eq!(json["events"][1]["template_version"], 1);
    assert_eq!(json["planned_for"]["decided_by"], "day");
    assert_eq!(json["list"], json!([]));
}

#[tokio::test]
async fn a_blocked_touch_names_the_entry_of_the_list() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let desk = Desk::on(&deployment);
    let add = ["suppress", "add", "p0@example.com", "--reason", "staff_entry", "--json"];
    let entry = desk.run(&add).object()["event"].as_str().unwrap().to_owned();
    let blocked = claim(&deployment, Role::EmailWorker, noon()).await;
    let (told, json) = explain(&desk, &blocked[0]);
    says(
        &told,
        &[
            "was blocked and will not go out: the suppression list says no",
            "attempt 1, email-worker-1: blocked",
            "one address for email, because of staff entry by",
            &entry,
        ],
    );
    assert_eq!(json["events"][0]["entry"], entry.as_str());
    assert_eq!(json["list"][0]["event"], entry.as_str());
    // A lifted entry stays in the story and is no longer on the list.
    let why = ["--actor", "Amal", "--reason", "a slip", "--evidence", "ticket 7"];
    desk.run(&[&["suppress", "lift", "p0@example.com"][..], &why].concat());
    let (told, json) = explain(&desk, &blocked[0]);
    says(&told, &["is no longer in force", "Nothing on it stands against this channel."]);
    assert_eq!(json["list"], json!([]));
}

#[tokio::test]
async fn doubt_is_told_as_doubt() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let desk = Desk::on(&deployment);
    let claimed = claim(&deployment, Role::EmailWorker, noon()).await;
    let (told, _) = explain(&desk, &claimed[0]);
    says(&told, &["is being handed over at this moment"]);
    let doubt = AttemptRecord {
        reason: Some(Reason::new(ReasonCode::InDoubt, "after the final dot")),
        ..outcome(&claimed[0], TouchState::Unknown, noon())
    };
    deployment.connect(Role::EmailWorker).record(&[doubt], "email-worker-1").await.unwrap();
    let (told, json) = explain(&desk, &claimed[0]);
    says(&told, &["may or may not have been handed over", "after the final dot"]);
    assert_eq!(json["doubts"], 1);
}

#[tokio::test]
async fn a_call_becomes_a_task_of_its_day() {
    let deployment = Deployment::with_one_step(Channel::Call, 1, monday()).await;
    let desk = Desk::on(&deployment);
    let claimed = claim(&deployment, Role::CallWorker, noon()).await;
    let task = NewTask {
        id: TaskId::new(),
        contact: claimed[0].contact.id,
        owner: None,
        channel: Channel::Call,
        title: "Call Person 0".to_owned(),
        script: "How is the search going?".to_owned(),
        due_on: monday(),
        due_at: noon(),
    };
    let record =
        AttemptRecord { task: Some(task), ..outcome(&claimed[0], TouchState::Sent, noon()) };
    deployment.connect(Role::CallWorker).record_with_tasks(&[record], "call-worker").await.unwrap();
    let today =
        |further: &[&str]| desk.run(&[&["tasks", "today", "--json"], further].concat()).lines();
    let tasks = today(&["--day", "2026-06-01"]);
    assert_eq!(tasks.len(), 1);
    assert_eq!(
        (&tasks[0]["title"], &tasks[0]["overdue"]),
        (&json!("Call Person 0"), &json!(false))
    );
    assert_eq!(tasks[0]["touch"], claimed[0].id.to_string());
    assert_eq!(today(&["--day", "2026-06-02"])[0]["overdue"], true);
    assert!(today(&["--day", "2026-05-31"]).is_empty());
    assert!(today(&["--day", "2026-06-01", "--owner", "sara@example.com"]).is_empty());
    let words = desk.run(&["tasks", "today", "--day", "2026-06-02"]);
    says(&words, &["2026-06-01 (overdue)", "Person 0", "nobody yet"]);
    says(
        &explain(&desk, &claimed[0]).0,
        &["It became a task on Monday 1 June 2026", "call-worker: became a task"],
    );
}

#[tokio::test]
async fn a_touch_that_does_not_exist_is_refused() {
    let deployment = Deployment::create().await;
    let desk = Desk::on(&deployment);
    let nobody = domain::TouchId::new().to_string();
    assert_eq!(desk.run(&["explain", &nobody, "--json"]).refusal().0, 1);
    assert_eq!(desk.run(&["explain", "something", "--json"]).refusal().0, 2);
}

#[tokio::test]
async fn a_touch_that_the_list_has_cancelled_tells_what_does_not_come() {
    let deployment = Deployment::create().await;
    let steps = [(1, Channel::Email), (2, Channel::Email), (3, Channel::Email)];
    deployment.store_plan(&fixture::plan("mails", &steps)).await;
    let people = deployment.people(1).await;
    deployment.enrol("mails", &people, monday()).await;
    let desk = Desk::on(&deployment);
    desk.run(&["suppress", "add", "p0@example.com", "--reason", "staff_entry"]);
    let scheduler = deployment.connect(Role::Scheduler);
    let before = noon() - TimeDelta::days(1);
    let effects = scheduler.take_effects(before, 10, "scheduler-1").await.unwrap();
    let stopped = effects.batch.enrolments[0].stopped.clone().unwrap();
    assert!(stopped.channels.contains(&Channel::Email), "{stopped:?}");
    let enrolment = effects.batch.enrolments[0].id;
    let ending = Ending { enrolment, then: None, stopped: Some(stopped.reason) };
    effects.batch.commit(&[], &[ending]).await.unwrap();

    let id = desk.run(&["touches", "list", "--json"]).lines()[0]["id"].clone();
    let id = id.as_str().unwrap();
    let told = desk.run(&["explain", id]);
    says(
        &told,
        &[
            "was cancelled: the suppression list says no (staff_entry, entry ",
            "they do not come: 2, 3.",
            "The enrolment is stopped: the suppression list says no (staff_entry, entry ",
        ],
    );
    let json = desk.run(&["explain", id, "--json"]).object();
    assert_eq!(json["passed_over"], json!([2, 3]));
    let shown = desk.run(&["contacts", "show", "p0", "--json"]).object();
    let why = shown["enrolments"][0]["reason"].as_str().unwrap();
    assert!(why.starts_with("suppressed: staff_entry"), "{shown}");
}
