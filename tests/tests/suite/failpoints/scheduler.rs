//! Rows 1 to 5: between what is due and what is on the wire.

use std::time::Duration;

use domain::Channel;
use tests::processes::{Program, Scene};

use super::{EMAIL_QUEUE, ONCE, ends, queue_holds};

const DUE: &str = "SELECT count(*) FROM due_touches";
const UNPUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL AND epoch = 1";
const PUBLISHED: &str = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL";

/// Three due emails, and a scheduler that has died at `point`.
async fn died_at(point: &str) -> Scene {
    let scene = Scene::with(&[Channel::Email], 3).await;
    scene.dies_at(point, (Program::Scheduler, &[])).await;
    scene
}

/// The fleet comes back, and sends each of them exactly once.
async fn is_sent_once(scene: &Scene) {
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    assert_eq!(ends(scene).await[&Channel::Email], [ONCE; 3]);
    queue_holds(scene, EMAIL_QUEUE, 0).await;
}

#[tokio::test]
async fn row_1_a_claim_without_a_commit_leaves_everything_due() {
    let scene = died_at("scheduler.claimed_uncommitted").await;
    scene.sees(DUE, 3).await;
    scene.sees(UNPUBLISHED, 0).await;
    is_sent_once(&scene).await;
}

#[tokio::test]
async fn row_2_what_was_committed_and_not_published_is_published_by_the_sweep() {
    let scene = died_at("scheduler.committed_unpublished").await;
    scene.sees(DUE, 0).await;
    scene.sees(UNPUBLISHED, 3).await;
    is_sent_once(&scene).await;
}

#[tokio::test]
async fn row_3_what_was_published_and_not_confirmed_is_published_twice_and_sent_once() {
    let scene = died_at("scheduler.published_unconfirmed").await;
    published_twice(&scene).await;
}

#[tokio::test]
async fn row_4_what_was_confirmed_and_not_marked_is_published_twice_and_sent_once() {
    let scene = died_at("scheduler.confirmed_unmarked").await;
    published_twice(&scene).await;
}

async fn published_twice(scene: &Scene) {
    queue_holds(scene, EMAIL_QUEUE, 3).await;
    scene.sees(UNPUBLISHED, 3).await;
    // Both hints of each touch are in the queue before the first is claimed.
    let scheduler = scene.start(Program::Scheduler);
    queue_holds(scene, EMAIL_QUEUE, 6).await;
    drop(scheduler);
    is_sent_once(scene).await;
}

#[tokio::test]
async fn row_5_hints_the_broker_lost_are_published_again() {
    let mut scene = Scene::with(&[Channel::Email], 3).await;
    scene.environment = scene.environment.with(&[("scheduler.queued_age_seconds", "2")]);
    let scheduler = scene.start(Program::Scheduler);
    scene.sees(PUBLISHED, 3).await;
    drop(scheduler);
    purge(&scene).await;
    queue_holds(&scene, EMAIL_QUEUE, 0).await;
    is_sent_once(&scene).await;
}

/// Empties the queue behind everybody's back.
async fn purge(scene: &Scene) {
    let vhost = scene.vhost.as_ref().unwrap().name();
    let purge = format!(
        "{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"{vhost}\">>, queue, \
         <<\"{EMAIL_QUEUE}\">>)), rabbit_amqqueue:purge(Q)."
    );
    testkit::rabbitmq().await.eval(&purge).await;
    tokio::time::timeout(Duration::from_secs(5), queue_holds(scene, EMAIL_QUEUE, 0)).await.unwrap();
}

#[tokio::test]
async fn due_rows_of_touches_that_are_over_hold_up_nobody() {
    let scene = Scene::with(&[Channel::Email], 1).await;
    // More than the scheduler takes at once, and all of them earlier.
    let stale = "INSERT INTO due_touches (due_at, touch_id, due_month)
                 SELECT now() - interval '40 days', gen_random_uuid(), date_trunc('month', now())::date
                   FROM generate_series(1, 600)";
    scene.execute(stale.to_owned()).await;
    let _scheduler = scene.start(Program::Scheduler);
    let _worker = scene.start(Program::EmailWorker);
    assert_eq!(ends(&scene).await[&Channel::Email], [ONCE]);
    scene.sees("SELECT count(*) FROM due_touches", 0).await;
}
