//! From due to recorded.

use std::time::Duration;

use domain::{Channel, Reason, ReasonCode, TouchState};
use storage::Role;
use storage::outcomes::AttemptRecord;
use storage::sweep::UnknownPolicy;
use testkit::fixture::Deployment;

use crate::{claim, in_minutes, make_due, monday, noon, sent, with_task};

#[tokio::test]
async fn a_touch_goes_from_scheduled_to_sent() {
    let deployment = Deployment::with_one_step(Channel::Email, 3, monday()).await;
    let hints = make_due(&deployment).await;
    assert_eq!(hints.len(), 3);
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    assert_eq!(claimed.len(), 3);
    let touch = &claimed[0];
    assert_eq!((touch.attempt, touch.channel), (1, Channel::Email));
    assert!(touch.address.as_deref().unwrap().ends_with("@example.com"));
    let records: Vec<_> = claimed.iter().map(sent).collect();
    assert_eq!(worker.record(&records, "w1").await.unwrap(), 3);
    // Repeating a batch whose answer was lost changes nothing but the history.
    assert_eq!(worker.record(&records, "w1").await.unwrap(), 0);
    let stored = deployment.operator.touch(touch.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.provider_ref.as_deref()), (TouchState::Sent, Some("ref")));
    let story = deployment.operator.story(touch.id).await.unwrap();
    assert_eq!(story.len(), 2);
    assert_eq!(story[1].detail.as_ref().unwrap()["late"], true);
    assert_eq!(deployment.operator.outbox_age().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_hint_claims_once_and_an_old_one_never() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let old = messages::Hint { epoch: hints[0].epoch - 1, ..hints[0] };
    assert!(claim(&worker, &[old]).await.is_empty());
    assert_eq!(claim(&worker, &hints).await.len(), 1);
    assert!(claim(&worker, &hints).await.is_empty());
}

#[tokio::test]
async fn a_retry_is_scheduled_in_the_same_statement() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    let retry = AttemptRecord {
        state: TouchState::Scheduled,
        reason: Some(Reason::new(ReasonCode::Deferred, "451 4.7.1")),
        next_due: Some(in_minutes(5)),
        failed: true,
        provider_ref: None,
        ..sent(&claimed[0])
    };
    worker.record(&[retry], "w1").await.unwrap();
    assert_eq!(deployment.operator.next_due().await.unwrap(), Some(in_minutes(5)));
    assert!(make_due(&deployment).await.is_empty());
    let scheduler = deployment.connect(Role::Scheduler);
    let batch = scheduler.claim_due(in_minutes(5), 10).await.unwrap();
    // A retry does not plan the enrolment on a second time.
    assert!(batch.enrolments.is_empty());
    let hints: Vec<_> = batch.commit(&[], &[]).await.unwrap().into_iter().map(|h| h.hint).collect();
    let again = claim(&worker, &hints).await;
    assert_eq!((again[0].attempt, again[0].failures), (2, 1));
}

#[tokio::test]
async fn a_touch_without_an_address_is_claimed_under_its_person() {
    let deployment = Deployment::with_one_step(Channel::Social, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::CallWorker);
    let claimed = claim(&worker, &hints).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].address, None);
}

#[tokio::test]
async fn a_task_is_made_exactly_once() {
    let deployment = Deployment::with_one_step(Channel::Call, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::CallWorker);
    let claimed = claim(&worker, &hints).await;
    let record = with_task(&claimed[0]);
    for _ in 0..2 {
        worker.record_with_tasks(std::slice::from_ref(&record), "w1").await.unwrap();
    }
    let tasks = deployment.operator.open_tasks(monday(), None, 10).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].touch, claimed[0].id);
}

#[tokio::test]
async fn an_expired_lease_becomes_unknown_and_is_settled_by_policy() {
    for (policy, expected) in
        [(UnknownPolicy::Resend, TouchState::Queued), (UnknownPolicy::Hold, TouchState::Held)]
    {
        let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
        let hints = make_due(&deployment).await;
        let worker = deployment.connect(Role::EmailWorker);
        let dead = worker.claim(&hints, "dead", Duration::ZERO, noon()).await.unwrap();
        let scheduler = deployment.connect(Role::Scheduler);
        let hints = scheduler.settle_expired(10, policy, policy, noon(), "s1").await.unwrap();
        let touch = deployment.operator.touch(dead[0].id).await.unwrap().unwrap();
        assert_eq!((touch.state, touch.doubts), (expected, 1));
        assert_eq!(hints.len(), usize::from(expected == TouchState::Queued));
        let story = deployment.operator.story(dead[0].id).await.unwrap();
        assert_eq!(story[0].state, TouchState::Unknown);
        assert_eq!((story[0].worker.as_str(), story[1].state), ("dead", expected));
        if let Some(outgoing) = hints.first() {
            // The zombie's late report is history, and moves nothing once another attempt runs.
            let again = claim(&worker, &[outgoing.hint]).await;
            assert_eq!(again.len(), 1);
            assert_eq!(worker.record(&[sent(&dead[0])], "dead").await.unwrap(), 0);
            assert_eq!(worker.record(&[sent(&again[0])], "w1").await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn a_touch_whose_worker_could_say_what_broke_keeps_that_cause() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    let cause = "in_doubt: dot: the server closed the connection";
    let doubt = crate::desk::ended(&claimed[0], TouchState::Unknown, cause);
    assert_eq!(worker.record(&[doubt], "w1").await.unwrap(), 1);
    let hold = UnknownPolicy::Hold;
    deployment.connect(Role::Scheduler).settle_expired(10, hold, hold, noon(), "s1").await.unwrap();
    let touch = deployment.operator.touch(claimed[0].id).await.unwrap().unwrap();
    assert_eq!((touch.state, touch.doubts), (TouchState::Held, 1));
    assert_eq!(touch.reason.as_deref(), Some(cause), "the desk shows it where it stood before");
    let story = deployment.operator.story(claimed[0].id).await.unwrap();
    let states: Vec<_> = story.iter().map(|event| event.state).collect();
    assert_eq!(states, [TouchState::Unknown, TouchState::Held], "one doubt, said once");
}

#[tokio::test]
async fn a_second_doubt_is_held_for_a_person() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let mut hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let scheduler = deployment.connect(Role::Scheduler);
    for state in [TouchState::Queued, TouchState::Held] {
        let dead = worker.claim(&hints, "dead", Duration::ZERO, noon()).await.unwrap();
        let resend = UnknownPolicy::Resend;
        let outgoing = scheduler.settle_expired(10, resend, resend, noon(), "s1").await.unwrap();
        let touch = deployment.operator.touch(dead[0].id).await.unwrap().unwrap();
        assert_eq!(touch.state, state);
        hints = outgoing.into_iter().map(|outgoing| outgoing.hint).collect();
    }
}

#[tokio::test]
async fn a_task_whose_worker_died_is_simply_made_again() {
    let deployment = Deployment::with_one_step(Channel::Call, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::CallWorker);
    let dead = worker.claim(&hints, "dead", Duration::ZERO, noon()).await.unwrap();
    let scheduler = deployment.connect(Role::Scheduler);
    let hold = UnknownPolicy::Hold;
    let hints = scheduler.settle_expired(10, hold, hold, noon(), "s1").await.unwrap();
    assert_eq!(hints.len(), 1);
    let touch = deployment.operator.touch(dead[0].id).await.unwrap().unwrap();
    assert_eq!((touch.state, touch.doubts), (TouchState::Queued, 0));
}

#[tokio::test]
async fn a_stuck_hint_is_swept_and_a_pointless_one_removed() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let hints = make_due(&deployment).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let (now, long) = (Duration::ZERO, Duration::from_secs(3600));
    // Unconfirmed: swept at once; a second sweep within the time leaves them alone.
    assert_eq!(scheduler.sweep_outbox(10, now, long).await.unwrap().len(), 2);
    assert!(scheduler.sweep_outbox(10, long, long).await.unwrap().is_empty());
    scheduler.mark_published(&hints).await.unwrap();
    assert!(scheduler.sweep_outbox(10, now, long).await.unwrap().is_empty());
    // Confirmed but never claimed: the broker lost it.
    assert_eq!(scheduler.sweep_outbox(10, long, now).await.unwrap().len(), 2);
    claim(&deployment.connect(Role::EmailWorker), &hints).await;
    assert!(scheduler.sweep_outbox(10, now, now).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_schedulers_share_the_due_touches_without_overlap() {
    let deployment = Deployment::with_one_step(Channel::Email, 200, monday()).await;
    let claims = (0..8).map(|_| {
        let scheduler = deployment.connect(Role::Scheduler);
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let batch = scheduler.claim_due(noon(), 7).await.unwrap();
                let hints = batch.commit(&[], &[]).await.unwrap();
                if hints.is_empty() {
                    return claimed;
                }
                claimed.extend(hints.into_iter().map(|outgoing| outgoing.hint.touch_id));
            }
        })
    });
    let mut all = Vec::new();
    for claimed in claims.collect::<Vec<_>>() {
        all.extend(claimed.await.unwrap());
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 200);
}
