//! Outgoing webhooks: what is written down for whom, and how it is taken, settled, sent again.

use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason};
use domain::webhook::{BOTH_SECRETS, WebhookAction, WebhookEvent, WebhookOutcome, WebhookPause};
use domain::{
    AddressKind, Channel, ContactChannel, EnrolmentState, TaskId, TaskOutcome, TouchState,
    WebhookId,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::arrivals::{Message, NewBounce, NewReview};
use storage::outcomes::{AttemptRecord, NewTask};
use storage::suppressions::{NewSuppression, Target};
use storage::tasks::TaskEnd;
use storage::webhooks::{Delivery, DeliveryEnd, WebhookForm};
use storage::{Database, Role};
use testkit::fixture::Deployment;

use crate::desk::Scene;
use crate::lifting::lifting;
use crate::{make_due, monday, noon, sent};

const LEASE: Duration = Duration::from_secs(60);

/// Registers a webhook for some events.
async fn hook(console: &Database, events: &[WebhookEvent]) -> WebhookId {
    let id = WebhookId::new();
    let form = WebhookForm {
        name: "CRM".to_owned(),
        url: "https://crm.example/in".to_owned(),
        events: events.to_vec(),
    };
    assert!(console.add_webhook(id, &form, b"sealed", 20, "Amal").await.unwrap());
    id
}

async fn hook_for_all(console: &Database) -> WebhookId {
    hook(console, &WebhookEvent::subscribable().collect::<Vec<_>>()).await
}

async fn take(console: &Database, id: WebhookId) -> Vec<Delivery> {
    console.take_deliveries(&[(id, 100)], LEASE).await.unwrap()
}

/// What waits, by kind, with what it says.
async fn told(console: &Database, id: WebhookId) -> Vec<(WebhookEvent, Value)> {
    let taken = take(console, id).await;
    for delivery in &taken {
        console.settle_delivery(delivery, &end(WebhookOutcome::Delivered)).await.unwrap();
    }
    taken.iter().map(|one| (one.kind, serde_json::from_str(&one.data).unwrap())).collect()
}

fn end(outcome: WebhookOutcome) -> DeliveryEnd {
    DeliveryEnd {
        outcome,
        wait: Duration::from_secs(10),
        is_gone: false,
        status: Some(if outcome == WebhookOutcome::Delivered { 204 } else { 500 }),
        duration: Duration::from_millis(12),
        problem: None,
        answer: Some("ok".to_owned()),
    }
}

async fn run(deployment: &Deployment, sql: &str) {
    let mut owner = PgConnection::connect(deployment.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut owner).await.unwrap();
}

async fn count(deployment: &Deployment, from: &str) -> i64 {
    let mut owner = PgConnection::connect(deployment.url()).await.unwrap();
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {from}"));
    sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
}

#[tokio::test]
async fn how_a_touch_ends_is_told_with_what_it_was() {
    let scene = Scene::new(Channel::Email, 5).await;
    let console = scene.deployment.connect(Role::Console);
    let id = hook_for_all(&console).await;
    scene.worker.record(&[sent(&scene.claimed[0])], "w1").await.unwrap();
    scene.end(1, TouchState::Failed, "refused: 550 5.1.1 who is p1@example.com").await;
    scene.end(2, TouchState::Blocked, "no_basis: consent").await;
    scene.end(3, TouchState::Skipped, "plan_not_active").await;
    scene.end(4, TouchState::Held, "in_doubt").await;
    let told = told(&console, id).await;
    let kinds: Vec<WebhookEvent> = told.iter().map(|(kind, _)| *kind).collect();
    let expected = [
        WebhookEvent::TouchSent,
        WebhookEvent::TouchFailed,
        WebhookEvent::TouchBlocked,
        WebhookEvent::TouchSkipped,
        WebhookEvent::TouchHeld,
    ];
    assert_eq!(kinds, expected);
    let touch = &scene.claimed[0];
    let first = &told[0].1;
    assert_eq!(first["touch"], touch.id.to_string());
    assert_eq!(first["contact"], touch.contact.id.to_string());
    assert_eq!(
        (&first["plan"], &first["plan_version"], &first["channel"], &first["attempt"]),
        (&json!("one-step"), &json!(1), &json!("email"), &json!(1))
    );
    assert_eq!(first["decided_at"], "2026-06-01T08:00:00+00:00");
    // The code of the reason, and nothing of what the other side wrote.
    assert_eq!(told[1].1["reason"], "refused");
    assert!(told.iter().all(|(_, facts)| !facts.to_string().contains("@")), "{told:?}");
}

#[tokio::test]
async fn a_late_report_is_not_told_and_a_bounce_is() {
    let scene = Scene::new(Channel::Email, 1).await;
    let console = scene.deployment.connect(Role::Console);
    let id = hook_for_all(&console).await;
    let late = AttemptRecord { attempt: 7, ..sent(&scene.claimed[0]) };
    scene.worker.record(&[late], "w1").await.unwrap();
    assert_eq!(told(&console, id).await, []);
    scene.worker.record(&[sent(&scene.claimed[0])], "w1").await.unwrap();
    assert_eq!(told(&console, id).await.len(), 1);
    let bounce = NewBounce {
        key: scene.deployment.keyer.key(AddressKind::Email, "p0@example.com"),
        channel: ContactChannel::Email,
        message: "touch".to_owned(),
        touch: Some(scene.claimed[0].id),
        class: "hard_address",
        status: "5.1.1".to_owned(),
        advice: domain::bounce::Suppress::Counter,
        source: "mail",
        bounced_at: noon(),
        actor: "test".to_owned(),
    };
    let inbound = scene.deployment.connect(Role::Inbound);
    assert!(inbound.take_bounce(&bounce).await.unwrap());
    assert!(!inbound.take_bounce(&bounce).await.unwrap());
    let told = told(&console, id).await;
    let [(kind, facts)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(*kind, WebhookEvent::TouchBounced);
    assert_eq!(
        (&facts["bounce_class"], &facts["bounce_status"]),
        (&json!("hard_address"), &json!("5.1.1"))
    );
}

#[tokio::test]
async fn contacts_and_enrolments_are_told_when_they_begin_and_end() {
    let deployment = Deployment::create().await;
    let console = deployment.connect(Role::Console);
    let id = hook_for_all(&console).await;
    deployment.store_plan(&testkit::fixture::one_step(Channel::Email)).await;
    let people = deployment.people(2).await;
    // Once more is no new contact.
    deployment.people(2).await;
    deployment.enrol("one-step", &people[..1], monday()).await;
    let begun = told(&console, id).await;
    let kinds: Vec<WebhookEvent> = begun.iter().map(|(kind, _)| *kind).collect();
    let (contact, started) = (WebhookEvent::ContactCreated, WebhookEvent::EnrolmentStarted);
    assert_eq!(kinds, [contact, contact, started]);
    assert_eq!(begun[0].1["source"], "test");
    let facts = &begun[2].1;
    assert_eq!((&facts["plan"], &facts["starts_on"]), (&json!("one-step"), &json!("2026-06-01")));
    assert_eq!(facts["contact"], people[0].to_string());

    let enrolments = deployment.operator.enrolments_of(people[0]).await.unwrap();
    let stop = EnrolmentState::Stopped;
    deployment.operator.move_enrolment(enrolments[0].id, stop, "moved").await.unwrap();
    let over = told(&console, id).await;
    let [(kind, facts)] = over.as_slice() else { panic!("{over:?}") };
    assert_eq!((*kind, &facts["state"]), (WebhookEvent::EnrolmentEnded, &json!("stopped")));
    assert_eq!(facts["enrolment"], begun[2].1["enrolment"]);
    assert!(facts.get("reason").is_none(), "a person's words stay here: {facts}");
}

#[tokio::test]
async fn the_list_is_told_with_the_contacts_it_speaks_of() {
    let deployment = Deployment::create().await;
    let people = deployment.people(1).await;
    let console = deployment.connect(Role::Console);
    let id = hook_for_all(&console).await;
    let key = deployment.keyer.key(AddressKind::Email, "p0@example.com");
    let target = Target::Address { key, channel: ContactChannel::Email, domain: None };
    let entry = NewSuppression {
        target,
        reason: SuppressionReason::StaffEntry,
        origin: Origin::Staff,
        actor: "officer".to_owned(),
        evidence: Some("a letter of p0@example.com".to_owned()),
        touch: None,
        received_at: None,
    };
    let answer = deployment.operator.suppress(&entry, LEASE).await.unwrap();
    deployment.connect(Role::Compliance).lift(&lifting(target, "Amal")).await.unwrap();
    let told = told(&console, id).await;
    let [(added, what), (lifted, end)] = told.as_slice() else { panic!("{told:?}") };
    let kinds = (*added, *lifted);
    assert_eq!(kinds, (WebhookEvent::SuppressionAdded, WebhookEvent::SuppressionLifted));
    assert_eq!(what["entry"], answer.event.to_string());
    assert_eq!(what["entry"], end["entry"]);
    assert_eq!(what["contacts"], json!([people[0].to_string()]));
    assert_eq!(
        (&what["scope"], &what["channel"], &what["reason"], &what["origin"]),
        (&json!("channel"), &json!("email"), &json!("staff_entry"), &json!("staff"))
    );
    assert!(!what.to_string().contains('@'), "{what}");
}

#[tokio::test]
async fn tasks_and_unclear_answers_are_told() {
    let scene = Scene::new(Channel::Call, 1).await;
    let console = scene.deployment.connect(Role::Console);
    let id = hook_for_all(&console).await;
    let touch = &scene.claimed[0];
    let task = NewTask {
        id: TaskId::new(),
        contact: touch.contact.id,
        owner: None,
        channel: Channel::Call,
        title: "Call Person 0".to_owned(),
        script: "Say hello to Person 0".to_owned(),
        due_on: monday(),
        due_at: noon(),
    };
    let record = AttemptRecord { task: Some(task.clone()), ..sent(touch) };
    scene.worker.record_with_tasks(&[record], "w1").await.unwrap();
    let end = TaskEnd {
        id: task.id,
        outcome: TaskOutcome::Voicemail,
        note: Some("Person 0 was out"),
        actor: "agent@palm.example",
        now: noon(),
    };
    assert!(console.finish_task(&end).await.unwrap().is_some());
    let back = console.undo_task(task.id, "agent@palm.example", LEASE, noon()).await.unwrap();
    assert!(back.is_some());
    let key = scene.deployment.keyer.key(AddressKind::Phone, "+971500000000");
    let message = Message { source: "twilio", id: 1 };
    let review = NewReview { message, key, request: None, arrived_at: noon(), due_at: noon() };
    scene.deployment.connect(Role::Inbound).open_review(&review).await.unwrap();
    let mut told = told(&console, id).await;
    // A task and its touch are one moment.
    told[..2].sort_by_key(|(kind, _)| *kind);
    let kinds: Vec<WebhookEvent> = told.iter().map(|(kind, _)| *kind).collect();
    let expected = [
        WebhookEvent::TouchSent,
        WebhookEvent::TaskCreated,
        WebhookEvent::TaskDone,
        WebhookEvent::TaskUndone,
        WebhookEvent::ReplyUnclear,
    ];
    assert_eq!(kinds, expected);
    for (_, facts) in &told[1..4] {
        assert_eq!(facts["task"], task.id.to_string());
        assert_eq!(facts["touch"], touch.id.to_string());
    }
    assert_eq!(told[2].1["outcome"], "voicemail");
    assert_eq!(told[4].1["channel"], "sms");
    assert_eq!(told[4].1["contacts"], json!([touch.contact.id.to_string()]));
    assert!(told.iter().all(|(_, facts)| !facts.to_string().contains("Person")), "{told:?}");
}

#[tokio::test]
async fn what_nobody_wants_is_not_written_down() {
    let scene = Scene::new(Channel::Email, 2).await;
    let console = scene.deployment.connect(Role::Console);
    scene.end(0, TouchState::Failed, "refused").await;
    assert_eq!(count(&scene.deployment, "webhook_events").await, 0, "nobody is there");
    let failures = hook(&console, &[WebhookEvent::TouchFailed]).await;
    let sends = hook(&console, &[WebhookEvent::TouchSent, WebhookEvent::TouchFailed]).await;
    scene.worker.record(&[sent(&scene.claimed[1])], "w1").await.unwrap();
    assert_eq!(count(&scene.deployment, "webhook_events").await, 1);
    assert_eq!(told(&console, failures).await, []);
    assert_eq!(told(&console, sends).await.len(), 1);
    for id in [failures, sends] {
        assert!(console.remove_webhook(id, "Amal").await.unwrap());
        assert!(!console.remove_webhook(id, "Amal").await.unwrap());
    }
    assert!(console.webhooks().await.unwrap().is_empty());
    let secrets = count(&scene.deployment, "webhook_secrets").await;
    assert_eq!(secrets, 0, "a removed webhook leaves no secret");
    // One that was paused for longer than anything is kept does not make us write for nobody.
    let forgotten = hook(&console, &[WebhookEvent::ContactCreated]).await;
    console.pause_webhook(forgotten, "Amal").await.unwrap();
    scene.deployment.import(&[testkit::fixture::person(10)]).await;
    assert_eq!(count(&scene.deployment, "webhook_queue").await, 1, "a pause loses nothing");
    run(
        &scene.deployment,
        "UPDATE webhooks SET paused_at = now() - interval '7 days 1 s' WHERE paused_at IS NOT NULL",
    )
    .await;
    scene.deployment.import(&[testkit::fixture::person(11)]).await;
    assert_eq!(count(&scene.deployment, "webhook_queue").await, 1);
}

/// A webhook that waits for one contact's event.
async fn waiting(people: usize) -> (Deployment, Database, WebhookId) {
    let deployment = Deployment::create().await;
    let console = deployment.connect(Role::Console);
    let id = hook(&console, &[WebhookEvent::ContactCreated]).await;
    deployment.people(people).await;
    (deployment, console, id)
}

#[tokio::test]
async fn two_processes_share_and_a_dead_one_is_taken_over_from() {
    let (deployment, console, id) = waiting(10).await;
    assert_eq!(console.webhooks_with_deliveries().await.unwrap(), [id]);
    let other = deployment.connect(Role::Console);
    let (wanted, rest) = ([(id, 4)], [(id, 100)]);
    let (one, two) = tokio::join!(
        console.take_deliveries(&wanted, LEASE),
        other.take_deliveries(&wanted, LEASE)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    let mut events: Vec<_> = one.iter().chain(&two).map(|delivery| delivery.event).collect();
    events.extend(other.take_deliveries(&rest, LEASE).await.unwrap().iter().map(|d| d.event));
    let all = events.len();
    events.sort_unstable();
    events.dedup();
    assert_eq!((all, events.len()), (10, 10), "each was taken once");
    assert_eq!(console.webhooks_with_deliveries().await.unwrap(), []);
    // The first process dies: after its lease others take its share.
    run(&deployment, "UPDATE webhook_queue SET due_at = now() - interval '1 s'").await;
    let again = take(&other, id).await;
    assert_eq!(again.len(), 10);
    assert!(again.iter().all(|delivery| delivery.attempt == 2));
    assert_eq!(one[0].data, again.iter().find(|d| d.event == one[0].event).unwrap().data);
    // It comes back: what it says of its attempt moves nothing.
    console.settle_delivery(&one[0], &end(WebhookOutcome::Delivered)).await.unwrap();
    assert_eq!(count(&deployment, "webhook_queue").await, 10);
    let log = console.delivery_attempts(id, None, false, 10).await.unwrap();
    assert_eq!((log.len(), log[0].attempt), (1, 1), "that it tried is on record");
}

#[tokio::test]
async fn failures_wait_and_are_paused_when_they_last_and_nothing_is_lost() {
    let (deployment, console, id) = waiting(2).await;
    let taken = take(&console, id).await;
    let retried = end(WebhookOutcome::Retried);
    assert!(!console.settle_delivery(&taken[0], &retried).await.unwrap());
    assert!(take(&console, id).await.is_empty(), "it waits its time");
    let known = console.webhook(id).await.unwrap().unwrap();
    assert!(known.failing_since.is_some() && known.paused.is_none());
    assert_eq!(known.waiting, 2);
    run(&deployment, "UPDATE webhook_failures SET since = now() - interval '73 hours'").await;
    assert!(console.settle_delivery(&taken[1], &retried).await.unwrap(), "it is paused");
    let known = console.webhook(id).await.unwrap().unwrap();
    assert_eq!(known.paused.unwrap().1, WebhookPause::Failing);
    assert_eq!(known.last, (WebhookAction::Pause, "touchline".to_owned()));
    run(&deployment, "UPDATE webhook_queue SET due_at = now()").await;
    assert!(take(&console, id).await.is_empty(), "nothing leaves while it is paused");
    assert!(console.resume_webhook(id, "Amal").await.unwrap());
    assert!(!console.resume_webhook(id, "Amal").await.unwrap());
    let again = take(&console, id).await;
    assert_eq!((again.len(), again[0].attempt), (2, 1), "at once, with all attempts before it");
    assert!(console.webhook(id).await.unwrap().unwrap().failing_since.is_none());
    // A success ends a failure; an answer that it is gone pauses at once.
    console.settle_delivery(&again[0], &retried).await.unwrap();
    console.settle_delivery(&again[1], &end(WebhookOutcome::Delivered)).await.unwrap();
    assert!(console.webhook(id).await.unwrap().unwrap().failing_since.is_none());
    run(&deployment, "UPDATE webhook_queue SET due_at = now()").await;
    let last = take(&console, id).await;
    let gone = DeliveryEnd { is_gone: true, ..end(WebhookOutcome::GivenUp) };
    assert!(console.settle_delivery(&last[0], &gone).await.unwrap());
    let known = console.webhook(id).await.unwrap().unwrap();
    assert_eq!((known.paused.unwrap().1, known.waiting), (WebhookPause::Gone, 0));
}

#[tokio::test]
async fn one_event_or_all_since_a_time_are_sent_again() {
    let (deployment, console, id) = waiting(3).await;
    let taken = take(&console, id).await;
    for delivery in &taken {
        console.settle_delivery(delivery, &end(WebhookOutcome::Delivered)).await.unwrap();
    }
    assert!(console.replay_event(id, taken[1].event, "Amal").await.unwrap());
    let again = take(&console, id).await;
    assert_eq!((again.len(), again[0].event, again[0].attempt), (1, taken[1].event, 1));
    assert_eq!(again[0].data, taken[1].data);
    console.settle_delivery(&again[0], &end(WebhookOutcome::Delivered)).await.unwrap();
    // Not to somebody whom it was not for.
    let other = hook(&console, &[WebhookEvent::TouchSent]).await;
    assert!(!console.replay_event(other, taken[1].event, "Amal").await.unwrap());

    let test = console.test_webhook(id, "Amal").await.unwrap().unwrap();
    let tested = take(&console, id).await;
    assert_eq!((tested[0].kind, tested[0].event), (WebhookEvent::Test, test));
    console.settle_delivery(&tested[0], &end(WebhookOutcome::Delivered)).await.unwrap();

    assert_eq!(console.replay_since(id, taken[1].at, "Amal").await.unwrap(), 2);
    let known = console.webhook(id).await.unwrap().unwrap();
    assert_eq!(known.last, (WebhookAction::Replay, "Amal".to_owned()));
    let again = take(&console, id).await;
    let events: Vec<_> = again.iter().map(|delivery| delivery.event).collect();
    assert_eq!(events, [taken[1].event, taken[2].event], "no test among them");
    assert_eq!(console.replay_since(other, taken[0].at, "Amal").await.unwrap(), 0);
    // The log goes page by page.
    let log = console.delivery_attempts(id, None, false, 4).await.unwrap();
    let rest = console.delivery_attempts(id, Some(log[3].id), false, 4).await.unwrap();
    assert_eq!((log.len(), rest.len()), (4, 1));
    assert!(log[0].id > log[3].id && log[3].id > rest[0].id);
    assert!(console.delivery_attempts(id, None, true, 4).await.unwrap().is_empty());
    // And is forgotten, with the events and what still waits.
    assert_eq!(console.forget_webhook_events().await.unwrap(), 0);
    run(
        &deployment,
        "UPDATE webhook_attempts SET at = at - interval '8 days';
                      UPDATE webhook_events SET at = at - interval '8 days'",
    )
    .await;
    assert_eq!(console.forget_webhook_events().await.unwrap(), 9);
    assert_eq!(count(&deployment, "webhook_queue").await, 0);
}

#[tokio::test]
async fn two_secrets_sign_for_a_day_and_then_the_new_one_alone() {
    let (deployment, console, id) = waiting(1).await;
    assert_eq!(take(&console, id).await[0].secrets, [b"sealed".to_vec()]);
    for (secret, both) in [("second", ["second", "sealed"]), ("third", ["third", "second"])] {
        let done = console.rotate_webhook_secret(id, secret.as_bytes(), BOTH_SECRETS, "Amal").await;
        assert!(done.unwrap());
        run(&deployment, "UPDATE webhook_queue SET due_at = now()").await;
        let secrets = take(&console, id).await.remove(0).secrets;
        assert_eq!(secrets, both.map(|text| text.as_bytes().to_vec()));
    }
    assert!(console.webhook(id).await.unwrap().unwrap().both_secrets_until.is_some());
    run(
        &deployment,
        "UPDATE webhook_secrets SET ends_at = now() WHERE ends_at IS NOT NULL;
                      UPDATE webhook_queue SET due_at = now()",
    )
    .await;
    assert_eq!(take(&console, id).await[0].secrets, [b"third".to_vec()]);
}

#[tokio::test]
async fn there_are_few_webhooks_and_only_the_console_keeps_them() {
    let deployment = Deployment::create().await;
    let console = deployment.connect(Role::Console);
    let id = hook(&console, &[WebhookEvent::TouchSent]).await;
    let form = WebhookForm {
        name: "Other".to_owned(),
        url: "https://other.example/".to_owned(),
        events: vec![WebhookEvent::TaskDone],
    };
    assert!(!console.add_webhook(WebhookId::new(), &form, b"s", 1, "Amal").await.unwrap());
    assert!(console.change_webhook(id, &form, "Badr").await.unwrap());
    let known = console.webhook(id).await.unwrap().unwrap();
    assert_eq!((known.name.as_str(), known.events), ("Other", vec![WebhookEvent::TaskDone]));
    let changes = "audit_log WHERE source = 'webhooks' AND action IN ('create', 'change')";
    assert_eq!(count(&deployment, changes).await, 2);
    for role in Role::ALL.iter().filter(|role| **role != Role::Console) {
        let other = deployment.connect(*role);
        assert!(other.webhooks().await.is_err(), "{role}");
        assert!(other.test_webhook(id, "x").await.is_err(), "{role}");
    }
}

#[tokio::test]
async fn what_was_not_committed_is_not_told() {
    let deployment = Deployment::create().await;
    let console = deployment.connect(Role::Console);
    let id = hook(&console, &[WebhookEvent::ContactCreated]).await;
    let mut owner = PgConnection::connect(deployment.url()).await.unwrap();
    let mut tx = owner.begin().await.unwrap();
    let new = "INSERT INTO contacts (id, full_name, first_name, source)
               VALUES (gen_random_uuid(), 'A', 'A', 'test')";
    sqlx::raw_sql(new).execute(&mut *tx).await.unwrap();
    assert!(take(&console, id).await.is_empty());
    tx.rollback().await.unwrap();
    assert!(take(&console, id).await.is_empty());
    sqlx::raw_sql(new).execute(&mut owner).await.unwrap();
    assert_eq!(take(&console, id).await.len(), 1);
    drop(make_due(&deployment).await);
}
