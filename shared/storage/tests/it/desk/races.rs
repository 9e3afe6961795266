//! Everybody at once: people, workers, the sweep.

use std::collections::HashSet;

use domain::desk::{Left, Resolution};
use domain::{Channel, TouchState};
use sqlx::Connection;
use storage::Role;
use storage::desk::DeskFilter;
use storage::sweep::UnknownPolicy;

use super::{Scene, ended, named, resolve};
use crate::{noon, sent};

#[tokio::test]
async fn of_many_people_who_resolve_the_same_touches_one_does() {
    let scene = Scene::new(Channel::Email, 40).await;
    scene.die().await;
    let people: Vec<_> = (0..12)
        .map(|number| {
            let operator = scene.deployment.connect(Role::Operator);
            let resolution =
                [Resolution::Resume, Resolution::Confirm, Resolution::Cancel][number % 3];
            tokio::spawn(async move {
                resolve(&operator, resolution, &DeskFilter::default()).await.unwrap()
            })
        })
        .collect();
    let mut done = Vec::new();
    for person in people {
        done.extend(person.await.unwrap().done);
    }
    // What was locked by another person was left; nothing was done twice.
    let distinct: HashSet<_> = done.iter().collect();
    assert_eq!(distinct.len(), done.len());
    assert_eq!(scene.waiting().await, 40 - done.len());
    scene.resolve(Resolution::Resume, &DeskFilter::default()).await;
    assert_eq!(scene.waiting().await, 0);
    let decided = "touch_events WHERE detail ? 'decision'";
    assert_eq!(scene.count(decided).await, 40, "each was decided about once");
    let scheduled = scene.count("touches WHERE state = 'scheduled'").await;
    assert_eq!(scene.count("due_touches").await, scheduled);
    assert_eq!(scene.claim_again().await.len(), usize::try_from(scheduled).unwrap());
}

#[tokio::test]
async fn a_touch_in_other_hands_is_left_without_waiting() {
    let scene = Scene::new(Channel::Email, 2).await;
    for touch in 0..2 {
        scene.end(touch, TouchState::Unknown, "in_doubt: dot: closed").await;
    }
    let id = |touch: usize| scene.claimed[touch].id;
    // As a worker that records holds the one, and the sweep that settles holds the other.
    let mut others = scene.owner().await;
    let mut tx = others.begin().await.unwrap();
    for (sql, touch) in [
        ("SELECT 1 FROM touches WHERE id = $1 FOR NO KEY UPDATE", id(0)),
        ("SELECT 1 FROM inflight WHERE touch_id = $1 FOR UPDATE", id(1)),
    ] {
        sqlx::query(sql).bind(touch.as_uuid()).execute(&mut *tx).await.unwrap();
    }
    let answer = scene.resolve(Resolution::Confirm, &named([id(0), id(1)])).await;
    assert_eq!(answer.left, [(id(0), Left::Busy), (id(1), Left::Busy)]);
    tx.rollback().await.unwrap();
    let answer = scene.resolve(Resolution::Confirm, &named([id(0), id(1)])).await;
    assert_eq!(answer.done.len(), 2);
}

/// The worker that was in doubt reports again, the sweep settles, a person resumes: whoever comes
/// first decides, the others find it done, and the books agree.
#[tokio::test]
async fn workers_sweep_and_people_settle_each_touch_once() {
    let scene = Scene::new(Channel::Email, 60).await;
    let doubts: Vec<_> = scene
        .claimed
        .iter()
        .map(|touch| ended(touch, TouchState::Unknown, "in_doubt: dot: closed"))
        .collect();
    scene.worker.record(&doubts, "w1").await.unwrap();
    let (worker, scheduler) = (scene.worker.clone(), scene.deployment.connect(Role::Scheduler));
    let late: Vec<_> = scene.claimed.iter().map(sent).collect();
    let recording = tokio::spawn(async move {
        let mut moved = 0;
        for record in late.chunks(3).rev() {
            // A deadlock with the sweep would be the recorder's to repeat.
            loop {
                if let Ok(n) = worker.record(record, "w1").await {
                    moved += n;
                    break;
                }
            }
        }
        moved
    });
    let sweeping = tokio::spawn(async move {
        for _ in 0..20 {
            let hold = UnknownPolicy::Hold;
            let _ = scheduler.settle_expired(3, hold, hold, noon(), "s1").await;
        }
    });
    let operator = scene.deployment.connect(Role::Operator);
    let deciding = tokio::spawn(async move {
        let mut done = Vec::new();
        for _ in 0..20 {
            let some = DeskFilter::default();
            done.extend(resolve(&operator, Resolution::Resume, &some).await.unwrap().done);
        }
        done
    });
    let moved = recording.await.unwrap();
    sweeping.await.unwrap();
    let done = deciding.await.unwrap();
    assert_eq!(done.iter().collect::<HashSet<_>>().len(), done.len());
    let sent = scene.count("touches WHERE state = 'sent'").await;
    assert_eq!(sent, i64::try_from(moved).unwrap());
    let scheduled = scene.count("touches WHERE state = 'scheduled'").await;
    assert_eq!(scheduled, i64::try_from(done.len()).unwrap());
    assert_eq!(scene.count("due_touches").await, scheduled);
    let open = scene.count("touches WHERE state IN ('held', 'unknown')").await;
    assert_eq!(scene.count("attention_touches").await, open);
    assert_eq!(sent + scheduled + open, 60);
}
