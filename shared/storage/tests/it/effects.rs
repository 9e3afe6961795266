//! What entries leave to be done.

use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, EnrolmentState, TouchState};
use storage::Role;
use storage::contacts::person_key;
use storage::suppressions::{NewSuppression, Target};
use storage::touches::TouchFilter;
use testkit::fixture::Deployment;

use crate::{monday, noon};

async fn list(deployment: &Deployment, target: Target) {
    let entry = NewSuppression {
        target,
        reason: SuppressionReason::OneClick,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
}

#[tokio::test]
async fn a_covered_touch_is_cancelled_with_its_reason_and_others_stay() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let key = deployment.keyer.key(AddressKind::Email, "p0@example.com");
    list(&deployment, Target::Address { key, channel: ContactChannel::Email, domain: None }).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let effects = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    assert_eq!((effects.taken, effects.cancelled, effects.batch.enrolments.len()), (1, 1, 1));
    // Nothing is lost by a scheduler that dies here.
    drop(effects);
    let effects = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    assert_eq!(effects.cancelled, 1);
    effects.batch.commit(&[], &[]).await.unwrap();
    let again = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    assert_eq!((again.taken, again.cancelled), (1, 0), "it looks once more, then it is done");
    again.batch.commit(&[], &[]).await.unwrap();
    assert_eq!(scheduler.take_effects(noon(), 100, "s1").await.unwrap().taken, 0);
    let touches = deployment.operator.touches(&TouchFilter::default(), 10).await.unwrap();
    let cancelled: Vec<_> =
        touches.iter().filter(|touch| touch.state == TouchState::Cancelled).collect();
    assert_eq!((touches.len(), cancelled.len()), (2, 1));
    assert!(cancelled[0].reason.as_deref().unwrap().starts_with("suppressed: one_click, entry "));
    let story = deployment.operator.story(cancelled[0].id).await.unwrap();
    assert_eq!((story.len(), story[0].state), (1, TouchState::Cancelled));
    assert_eq!(scheduler.claim_due(noon(), 10).await.unwrap().hints.len(), 1);
}

#[tokio::test]
async fn a_person_on_the_list_is_in_no_plan_any_more() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let person = deployment.people(1).await[0];
    list(&deployment, Target::Person(person_key(&deployment.keyer, person))).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let effects = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    assert_eq!((effects.cancelled, effects.stopped), (1, 1));
    assert!(effects.batch.enrolments.is_empty(), "nothing is planned on");
    effects.batch.commit(&[], &[]).await.unwrap();
    let enrolments = deployment.operator.enrolments_of(person).await.unwrap();
    assert_eq!(enrolments[0].state, EnrolmentState::Stopped);
}

#[tokio::test]
async fn a_call_that_is_in_hand_when_its_person_is_listed_leaves_no_task_open() {
    let deployment = Deployment::with_one_step(Channel::Call, 1, monday()).await;
    let hints = crate::make_due(&deployment).await;
    let worker = deployment.connect(Role::CallWorker);
    let claimed = crate::claim(&worker, &hints).await;
    let person = deployment.people(1).await[0];
    list(&deployment, Target::Person(person_key(&deployment.keyer, person))).await;
    let scheduler = deployment.connect(Role::Scheduler);
    // Whoever looks now cannot see the task that is about to stand.
    assert_eq!(scheduler.take_effects(noon(), 100, "s1").await.unwrap().taken, 0);
    worker.record_with_tasks(&[crate::with_task(&claimed[0])], "w1").await.unwrap();
    let effects = scheduler.take_effects(noon(), 100, "s1").await.unwrap();
    assert_eq!(effects.closed, 1);
    effects.batch.commit(&[], &[]).await.unwrap();
    assert!(deployment.operator.open_tasks(monday(), None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_address_of_nobody_leaves_nothing_to_do() {
    let deployment = Deployment::create().await;
    let key = deployment.keyer.key(AddressKind::Email, "nobody@example.com");
    list(&deployment, Target::Address { key, channel: ContactChannel::Email, domain: None }).await;
    let scheduler = deployment.connect(Role::Scheduler);
    assert_eq!(scheduler.take_effects(noon(), 100, "s1").await.unwrap().taken, 0);
}
