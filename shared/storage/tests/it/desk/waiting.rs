//! Ways out of `held` and `unknown`.

use domain::desk::{Attention, Left, Resolution};
use domain::{Channel, TouchState};
use storage::desk::DeskFilter;

use super::{Scene, named};
use crate::{noon, sent};

#[tokio::test]
async fn what_a_paused_plan_holds_goes_on_when_a_person_says_so() {
    let scene = Scene::new(Channel::Email, 2).await;
    scene.end(0, TouchState::Held, "plan_not_active: paused").await;
    scene.end(1, TouchState::Sent, "").await;
    let held = scene.operator().desk_touches(&DeskFilter::default(), None, 5).await.unwrap();
    assert_eq!((held.len(), held[0].kind), (1, Attention::Held));
    scene.run("UPDATE enrolments SET state = 'paused'").await;
    let left = scene.resolve(Resolution::Resume, &DeskFilter::default()).await.left;
    assert_eq!(left, [(scene.claimed[0].id, Left::EnrolmentPaused)]);
    let left = scene.resolve(Resolution::Confirm, &named([scene.claimed[0].id])).await.left;
    assert_eq!(left, [(scene.claimed[0].id, Left::NotWaiting)], "it was never handed over");
    scene.run("UPDATE enrolments SET state = 'active'").await;
    let resumed = scene.resolve(Resolution::Resume, &DeskFilter::default()).await;
    assert_eq!(resumed.done, [scene.claimed[0].id]);
    let claimed = scene.claim_again().await;
    assert_eq!((claimed.len(), claimed[0].attempt), (1, 2));
    scene.worker.record(&[sent(&claimed[0])], "w2").await.unwrap();
    assert_eq!((scene.state(0).await, scene.waiting().await), (TouchState::Sent, 0));
}

#[tokio::test]
async fn what_is_in_doubt_is_confirmed_resumed_or_cancelled_once() {
    let scene = Scene::new(Channel::Email, 3).await;
    scene.die().await;
    let doubt = DeskFilter { kinds: vec![Attention::Unknown], ..DeskFilter::default() };
    let touches = scene.operator().desk_touches(&doubt, None, 5).await.unwrap();
    assert_eq!(touches.len(), 3);
    assert!(touches.iter().all(|touch| (touch.doubts, touch.state) == (1, TouchState::Held)));
    let id = |touch: usize| scene.claimed[touch].id;
    let confirmed = scene.resolve(Resolution::Confirm, &named([id(0)])).await;
    assert_eq!(confirmed.done, [id(0)]);
    let touch = scene.touch(0).await;
    assert_eq!((touch.state, touch.sent_at), (TouchState::Sent, Some(noon())));
    scene.resolve(Resolution::Cancel, &named([id(1)])).await;
    assert_eq!(scene.state(1).await, TouchState::Cancelled);
    scene.resolve(Resolution::Resume, &doubt).await;
    assert_eq!(scene.state(2).await, TouchState::Scheduled);
    for resolution in [Resolution::Resume, Resolution::Confirm, Resolution::Cancel] {
        let again = scene.resolve(resolution, &named([id(0), id(1), id(2)])).await;
        assert_eq!((again.done.len(), again.left_by_reason()[&Left::NotWaiting]), (0, 3));
    }
    // The workers come back: whatever they say is history, and changes nothing.
    for touch in &scene.claimed {
        assert_eq!(scene.worker.record(&[sent(touch)], "w1").await.unwrap(), 0);
    }
    let claimed = scene.claim_again().await;
    assert_eq!((claimed.len(), claimed[0].id, claimed[0].attempt), (1, id(2), 2));
    let story = scene.operator().story(id(2)).await.unwrap();
    let resumed = story.iter().find(|event| event.state == TouchState::Scheduled).unwrap();
    assert_eq!(resumed.detail.as_ref().unwrap()["possible_duplicate"], true);
}

#[tokio::test]
async fn a_doubt_is_resolved_before_the_sweep_sees_it() {
    let scene = Scene::new(Channel::Email, 2).await;
    scene.end(0, TouchState::Unknown, "in_doubt: dot: closed").await;
    let confirmed = scene.resolve(Resolution::Confirm, &DeskFilter::default()).await;
    assert_eq!(confirmed.done, [scene.claimed[0].id]);
    assert_eq!(scene.count("inflight").await, 1, "the other one's");
    scene.die().await;
    assert_eq!(scene.state(0).await, TouchState::Sent, "the sweep finds nothing to settle");
    assert_eq!(scene.state(1).await, TouchState::Held);
}

#[tokio::test]
async fn a_worker_that_knows_better_takes_its_own_doubt_back_from_the_desk() {
    let scene = Scene::new(Channel::Email, 1).await;
    scene.end(0, TouchState::Unknown, "in_doubt: dot: closed").await;
    assert_eq!(scene.waiting().await, 1);
    scene.end(0, TouchState::Sent, "").await;
    assert_eq!((scene.state(0).await, scene.waiting().await), (TouchState::Sent, 0));
}

#[tokio::test]
async fn a_task_is_never_confirmed_as_sent() {
    let scene = Scene::new(Channel::Call, 1).await;
    scene.end(0, TouchState::Unknown, "panicked: x").await;
    let answer = scene.resolve(Resolution::Confirm, &DeskFilter::default()).await;
    assert_eq!(answer.left, [(scene.claimed[0].id, Left::IsTask)]);
    let answer = scene.resolve(Resolution::Resume, &DeskFilter::default()).await;
    assert_eq!((answer.done.len(), scene.count("inflight").await), (1, 0));
}
