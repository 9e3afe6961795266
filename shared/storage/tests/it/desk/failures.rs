//! The desk of failed touches: grouped by cause, and replayed.

use std::time::Duration;

use domain::desk::{Attention, Left, Resolution};
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, ReasonCode, TouchState};
use sqlx::AssertSqlSafe;
use storage::Role;
use storage::desk::DeskFilter;
use storage::suppressions::{NewSuppression, Target};

use super::{Scene, ended, hint, named, resolve};
use crate::{claim, noon, sent};

const FAILED: &[Attention] = &[Attention::Failed, Attention::Blocked];

#[tokio::test]
async fn failures_are_grouped_by_cause_and_what_is_simply_blocked_is_none() {
    let scene = Scene::new(Channel::Email, 7).await;
    let (failed, blocked) = (TouchState::Failed, TouchState::Blocked);
    for (touch, state, reason) in [
        (0, failed, "refused: rcpt: 550 5.1.1 no mailbox a1b2"),
        (1, failed, "refused: rcpt: 550 5.1.1 unknown user"),
        (2, failed, "attempts_exhausted: deferred: dot: 451 4.7.1 greylisted as 77123456"),
        (3, blocked, "no_template: note"),
        (4, blocked, "no_address: email"),
        (5, TouchState::Skipped, "plan_not_active: stopped"),
        (6, TouchState::Sent, ""),
    ] {
        scene.end(touch, state, reason).await;
    }
    let groups = scene.operator().desk_groups(FAILED).await.unwrap();
    let seen: Vec<_> = groups
        .iter()
        .map(|group| (group.kind, group.code.as_str(), group.detail.as_str(), group.count))
        .collect();
    assert_eq!(
        seen,
        [
            (Attention::Failed, "refused", "rcpt: 550 5.1.1", 2),
            (Attention::Blocked, "no_template", "note", 1),
            (Attention::Failed, "deferred", "dot: 451 4.7.1", 1),
        ]
    );
    assert_eq!((groups[0].plan_key.as_str(), groups[0].channel), ("one-step", Channel::Email));
    assert_eq!(groups[0].templates, ["note"]);
    let mut examples = groups[0].examples.clone();
    examples.sort();
    assert_eq!(examples, [scene.claimed[0].id, scene.claimed[1].id]);
    assert!(groups[0].first <= groups[0].last);
    let mut filter = DeskFilter { code: Some("refused".to_owned()), ..DeskFilter::default() };
    let page = scene.operator().desk_touches(&filter, None, 1).await.unwrap();
    assert_eq!((page.len(), page[0].attempt, page[0].contact_name.as_str()), (1, 1, "Person 1"));
    let after = Some((page[0].since, page[0].id));
    let page = scene.operator().desk_touches(&filter, after, 5).await.unwrap();
    assert_eq!(page.iter().map(|touch| touch.id).collect::<Vec<_>>(), [scene.claimed[0].id]);
    filter.detail = Some("rcpt: 554".to_owned());
    assert!(scene.operator().desk_touches(&filter, None, 5).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_replayed_group_goes_through_the_gate_again_as_a_new_attempt() {
    let scene = Scene::new(Channel::Email, 3).await;
    scene.end(0, TouchState::Failed, "misconfigured: auth: 535 5.7.8 no").await;
    scene.end(1, TouchState::Failed, "misconfigured: auth: 535 5.7.8 no").await;
    scene.end(2, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    let filter = DeskFilter { code: Some("misconfigured".to_owned()), ..DeskFilter::default() };
    let replayed =
        scene.operator().replay_touches(&filter, "Lina", "the password is right", noon()).await;
    let replayed = replayed.unwrap();
    assert_eq!((replayed.done.len(), replayed.left.len()), (2, 0));
    assert!(replayed.decision.is_some());
    let touch = scene.touch(0).await;
    assert_eq!(touch.state, TouchState::Scheduled);
    assert_eq!(touch.reason.as_deref(), Some("replayed_by_person: the password is right"));
    assert_eq!(scene.waiting().await, 1);
    // Again: it does not wait any more.
    let again = scene.operator().replay_touches(&filter, "Omar", "again", noon()).await.unwrap();
    assert_eq!((again.decision, again.done.len()), (None, 0));

    let old = hint(&scene.claimed[0], scene.claimed[0].epoch);
    assert!(claim(&scene.worker, &[old]).await.is_empty(), "an old hint claims nothing");
    let claimed = scene.claim_again().await;
    assert_eq!(claimed.len(), 2);
    for touch in &claimed {
        assert_eq!((touch.attempt, touch.failures), (2, 0));
        // The first attempt's worker comes back late.
        let late = scene.claimed.iter().find(|first| first.id == touch.id).unwrap();
        assert_eq!(scene.worker.record(&[sent(late)], "w1").await.unwrap(), 0);
        assert_eq!(scene.worker.record(&[sent(touch)], "w2").await.unwrap(), 1);
    }
    assert_eq!(scene.state(1).await, TouchState::Sent);
    let record = &scene.operator().touch_decisions(10).await.unwrap()[0];
    assert_eq!((record.resolution, record.actor.as_str()), (Resolution::Replay, "Lina"));
    assert_eq!((record.touches, Some(record.id)), (2, replayed.decision));
    let story = scene.operator().story(touch.id).await.unwrap();
    let line = story.iter().find(|event| event.state == TouchState::Scheduled).unwrap();
    assert_eq!(line.worker, "Lina");
    assert_eq!(line.detail.as_ref().unwrap()["decision"], record.id.to_string());
}

#[tokio::test]
async fn a_replayed_touch_to_somebody_on_the_list_is_blocked() {
    let scene = Scene::new(Channel::Email, 1).await;
    scene.end(0, TouchState::Failed, "refused: dot: 554 5.7.1 policy").await;
    let key = scene.deployment.keyer.key(AddressKind::Email, "p0@example.com");
    let entry = NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::StaffEntry,
        origin: Origin::Staff,
        actor: "officer".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    };
    scene.operator().suppress(&entry, Duration::from_secs(5)).await.unwrap();
    let replayed = scene.resolve(Resolution::Replay, &DeskFilter::default()).await;
    assert_eq!(replayed.done.len(), 1);
    let claimed = scene.claim_again().await;
    assert!(claimed[0].suppressed_by.is_some());
    assert_eq!(scene.state(0).await, TouchState::Blocked);
    assert_eq!(scene.waiting().await, 0, "nobody can put the list right");
}

#[tokio::test]
async fn what_is_over_or_in_doubt_is_left_and_said_to_be() {
    let scene = Scene::new(Channel::Email, 6).await;
    for touch in 0..5 {
        scene.end(touch, TouchState::Failed, "refused: dot: 554 5.7.1 policy").await;
    }
    scene.end(5, TouchState::Sent, "").await;
    let id = |touch: usize| scene.claimed[touch].id;
    let enrolment = |touch: usize| scene.claimed[touch].enrolment;
    scene
        .run(format!(
            "UPDATE enrolments SET state = 'stopped' WHERE id = '{}';
             UPDATE enrolments SET state = 'paused' WHERE id = '{}';
             UPDATE touches SET doubts = 1 WHERE id = '{}';
             UPDATE enrolments SET state = 'stopped', contact_id = NULL WHERE id = '{}'",
            enrolment(0),
            enrolment(1),
            id(2),
            enrolment(3)
        ))
        .await;
    let replayed = scene.resolve(Resolution::Replay, &DeskFilter::default()).await;
    assert_eq!(replayed.done, [id(4)]);
    let counts: Vec<_> = replayed.left_by_reason().into_iter().collect();
    let expected =
        [(Left::EnrolmentOver, 2), (Left::EnrolmentPaused, 1), (Left::MayHaveArrived, 1)];
    assert_eq!(counts, expected);
    // By name, a person may repeat what may have arrived; what was sent, nobody may.
    let replayed = scene.resolve(Resolution::Replay, &named([id(2), id(5)])).await;
    assert_eq!((replayed.done, replayed.left), (vec![id(2)], vec![(id(5), Left::NotWaiting)]));
    let story = scene.operator().story(id(2)).await.unwrap();
    assert_eq!(story.last().unwrap().detail.as_ref().unwrap()["possible_duplicate"], true);
    let wrong = scene.resolve(Resolution::Resume, &named([id(0)])).await;
    assert_eq!(wrong.left, [(id(0), Left::NotWaiting)], "a failure is replayed, not resumed");
}

#[tokio::test]
async fn a_dismissed_failure_leaves_the_desk_and_stays_what_it_is() {
    let scene = Scene::new(Channel::Email, 2).await;
    scene.end(0, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    scene.end(1, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    let dismissed = scene.resolve(Resolution::Dismiss, &named([scene.claimed[0].id])).await;
    assert_eq!(dismissed.done, [scene.claimed[0].id]);
    assert_eq!((scene.waiting().await, scene.state(0).await), (1, TouchState::Failed));
    assert_eq!(scene.operator().touch_decisions(1).await.unwrap()[0].touches, 1);
    let scheduler = scene.deployment.connect(Role::Scheduler);
    assert_eq!(scheduler.clear_desk(10).await.unwrap(), 0);
    scene.run("UPDATE attention_touches SET since = since - interval '31 days'").await;
    assert_eq!(scheduler.clear_desk(10).await.unwrap(), 1);
    assert_eq!((scene.waiting().await, scene.state(1).await), (0, TouchState::Failed));
}

#[tokio::test]
async fn decisions_are_signed_and_stand_in_the_audit_log() {
    let scene = Scene::new(Channel::Email, 1).await;
    scene.end(0, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    for (actor, why) in [("", "why"), ("Lina", "")] {
        let all = DeskFilter::default();
        assert!(scene.operator().replay_touches(&all, actor, why, noon()).await.is_err());
    }
    assert_eq!(scene.state(0).await, TouchState::Failed, "nothing happened");
    scene.resolve(Resolution::Replay, &DeskFilter::default()).await;
    assert_eq!(scene.operator().verify_audit(None).await.unwrap().broken, None);
    let logged = "audit_log WHERE source = 'touch_decisions' AND action = 'replay'
                  AND actor = 'Lina' AND reason = 'the relay is back'";
    assert_eq!(scene.count(logged).await, 1);
    scene.deployment.tamper("UPDATE touch_decisions SET actor = 'Omar'").await;
    assert!(scene.operator().verify_audit(None).await.unwrap().broken.is_some());
}

#[tokio::test]
async fn services_neither_see_nor_work_the_desk() {
    let scene = Scene::new(Channel::Email, 1).await;
    scene.end(0, TouchState::Failed, "refused: rcpt: 550 5.1.1 no").await;
    for role in [Role::EmailWorker, Role::Scheduler, Role::Inbound] {
        let service = scene.deployment.connect(role);
        assert!(service.desk_groups(FAILED).await.is_err(), "{role}");
        let all = DeskFilter::default();
        assert!(resolve(&service, Resolution::Replay, &all).await.is_err(), "{role}");
        assert_eq!(service.clear_desk(10).await.is_ok(), role == Role::Scheduler, "{role}");
    }
}

#[tokio::test]
async fn the_database_knows_what_is_of_settings_as_the_code_does() {
    let scene = Scene::new(Channel::Email, 1).await;
    let mut owner = scene.owner().await;
    for code in ReasonCode::ALL {
        let sql = AssertSqlSafe(format!("SELECT is_of_settings('{code}: x')"));
        let theirs: bool = sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap();
        assert_eq!(theirs, code.is_of_settings(), "{code}");
    }
    for (reason, detail) in [
        ("refused: rcpt: 550 5.1.1 unknown user", "rcpt: 550 5.1.1"),
        ("refused: the gateway answered 400: 21211", "the gateway answered 400: #"),
        ("unreachable: opening: timed out", "opening: timed out"),
        ("attempts_exhausted: unreachable: opening: timed out", "opening: timed out"),
        ("lease_expired: attempt 1 of worker email-worker-7-abc", ""),
        ("segments_over_cap: 7 of 4", ""),
        ("missing_field: closing_date", "closing_date"),
        ("zone_unknown", ""),
    ] {
        let sql = AssertSqlSafe(format!("SELECT cause_detail('{reason}')"));
        let found: String = sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap();
        assert_eq!(found, detail, "{reason}");
    }
    assert!(ended(&scene.claimed[0], TouchState::Failed, "").reason.is_none());
}
