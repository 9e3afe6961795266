//! What statements tell of the traces of enrolments.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, TaskId, TaskOutcome, TouchId, TouchState};
use storage::Role;
use storage::desk::DeskFilter;
use storage::outcomes::{AttemptRecord, NewTask};
use storage::suppressions::{NewSuppression, Target};
use storage::tasks::TaskEnd;
use storage::touches::TouchFilter;
use testkit::fixture::Deployment;
use trace::{Span, Value};

use crate::{claim, make_due, monday, noon, sent};

static SPANS: Mutex<Vec<Span>> = Mutex::new(Vec::new());

struct Kept;

impl trace::Sink for Kept {
    fn take(&self, span: Span) {
        SPANS.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }
}

/// A touch on a channel that is due, in a process that tells of traces; with its enrolment.
async fn scene(channel: Channel) -> (Deployment, TouchId, uuid::Uuid) {
    trace::install(1.0, Box::new(Kept));
    let deployment = Deployment::with_one_step(channel, 1, monday()).await;
    let touches = deployment.operator.touches(&TouchFilter::default(), 10).await.unwrap();
    (deployment, touches[0].id, touches[0].enrolment.as_uuid())
}

/// What was told of an enrolment: names, each below the one it hangs from.
fn told(enrolment: uuid::Uuid) -> Vec<(&'static str, Option<&'static str>)> {
    let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
    let own: Vec<&Span> = spans.iter().filter(|span| span.trace == enrolment.as_u128()).collect();
    let name_of = |id: u64| own.iter().find(|span| span.id == id).map(|span| span.name);
    own.iter().map(|span| (span.name, span.parent.and_then(name_of))).collect()
}

fn says(enrolment: uuid::Uuid, name: &str, attribute: &str) -> Option<Value> {
    let spans = SPANS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut own = spans.iter().filter(|span| span.trace == enrolment.as_u128());
    let span = own.find(|span| span.name == name)?;
    span.attributes.iter().find(|(key, _)| *key == attribute).map(|(_, value)| value.clone())
}

#[tokio::test]
async fn a_task_is_told_of_until_somebody_has_done_it() {
    let (deployment, touch, enrolment) = scene(Channel::Call).await;
    let worker = deployment.connect(Role::CallWorker);
    let claimed = claim(&worker, &make_due(&deployment).await).await.remove(0);
    let task = NewTask {
        id: TaskId::new(),
        contact: claimed.contact.id,
        owner: None,
        channel: Channel::Call,
        title: "Call".to_owned(),
        script: "Say hello".to_owned(),
        due_on: monday(),
        due_at: noon(),
    };
    let id = task.id;
    let record = AttemptRecord { task: Some(task), ..sent(&claimed) };
    worker.record_with_tasks(&[record], "w1").await.unwrap();
    let (outcome, now) = (TaskOutcome::Voicemail, noon());
    let end = TaskEnd { id, outcome, note: None, actor: "sara", now };
    let console = deployment.connect(Role::Console);
    assert!(console.finish_task(&end).await.unwrap().is_some());
    assert!(console.finish_task(&end).await.unwrap().is_none(), "once");
    let expected = [("enrol", None), ("plan", Some("enrol")), ("task done", Some("plan"))];
    assert_eq!(told(enrolment), expected);
    let outcome = says(enrolment, "task done", "touchline.outcome");
    assert_eq!(outcome, Some(Value::Word("voicemail")));
    let inbound = deployment.connect(Role::Inbound);
    assert!(inbound.place_of_touch(touch).await.unwrap().is_wanted(), "inbound may look it up");
    let nobodys = inbound.place_of_touch(TouchId::new()).await.unwrap();
    assert!(!nobodys.is_wanted());
}

#[tokio::test]
async fn what_the_list_cancels_is_told_once_it_is_committed() {
    let (deployment, _, enrolment) = scene(Channel::Email).await;
    let key = deployment.keyer.key(AddressKind::Email, "p0@example.com");
    let entry = NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::OneClick,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
    let scheduler = deployment.connect(Role::Scheduler);
    // One that dies here has told nothing.
    drop(scheduler.take_effects(noon(), 100, "s1").await.unwrap());
    let effects = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    effects.batch.commit(&[], &[]).await.unwrap();
    let expected = [("enrol", None), ("plan", Some("enrol")), ("cancel", Some("plan"))];
    assert_eq!(told(enrolment), expected);
}

#[tokio::test]
async fn what_a_person_decides_is_told() {
    let (deployment, touch, enrolment) = scene(Channel::Email).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &make_due(&deployment).await).await.remove(0);
    let failed = AttemptRecord { state: TouchState::Failed, ..sent(&claimed) };
    worker.record(&[failed], "w1").await.unwrap();
    let filter = DeskFilter { touches: vec![touch], ..DeskFilter::default() };
    let replayed = deployment.operator.replay_touches(&filter, "Sara", "mended", noon()).await;
    assert_eq!(replayed.unwrap().done, [touch]);
    assert_eq!(told(enrolment).last(), Some(&("decide", Some("plan"))));
    let resolution = says(enrolment, "decide", "touchline.resolution");
    assert_eq!(resolution, Some(Value::Word("replay")));
}
