//! The list cannot be read: nothing is sent, and nothing is lost.

use std::collections::HashSet;
use std::sync::Arc;

use broker::{Broker, InProcessBroker, Limits};
use domain::Channel;
use storage::Role;
use testkit::fixture::{Deployment, plan};
use tests::fleet::Proxy;

use super::{Crew, once_each, open, states, until};

const WORKERS: usize = 4;
const PEOPLE: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_list_cannot_be_read() {
    let day = "2026-06-01".parse().unwrap();
    let deployment = Deployment::with_one_step(Channel::Email, PEOPLE, day).await;
    let probe = sqlx::PgPool::connect(deployment.url()).await.unwrap();
    let wire = Proxy::before(deployment.url()).await;
    let broker: Arc<dyn Broker> = Arc::new(InProcessBroker::new(Limits::default()));
    let mut crew = Crew::at("2026-06-01T07:00:00Z".parse().unwrap());
    let settings = worker::Settings {
        batch: 20,
        prefetch: 40,
        concurrency: 8,
        // A claim whose answer is lost with the connection is settled when its lease is over.
        lease_seconds: 15,
        ..worker::Settings::default()
    };
    crew.hire(WORKERS, wire.url(), &broker, &settings);
    crew.schedule(&deployment, &broker, 100);
    let hand = Arc::clone(&crew.hand);

    // Hints come, and the list cannot be read.
    wire.cut();
    crew.clock.set("2026-06-01T08:30:00Z".parse().unwrap());
    let published = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL";
    until("hints are published", async || {
        let published: i64 = sqlx::query_scalar(published).fetch_one(&probe).await.unwrap();
        published as usize == PEOPLE
    })
    .await;
    until("workers ask in vain", async || wire.refused() >= 3 * WORKERS as u64).await;
    assert_eq!(hand.count(), 0, "sent without the list");

    // It is back: everything goes on by itself.
    wire.heal();
    crew.all_are_written_to(&probe).await;
    assert_eq!(hand.count(), PEOPLE);

    // Again, in the middle of sending.
    deployment.store_plan(&plan("second", &[(1, Channel::Email)])).await;
    let contacts = "SELECT id FROM contacts";
    let contacts: Vec<uuid::Uuid> = sqlx::query_scalar(contacts).fetch_all(&probe).await.unwrap();
    let contacts: Vec<_> = contacts.into_iter().map(Into::into).collect();
    assert_eq!(deployment.enrol("second", &contacts, day).await as usize, PEOPLE);
    until("sending", async || hand.count() > PEOPLE + PEOPLE / 4).await;
    wire.cut();
    let refused = wire.refused() + 3 * WORKERS as u64;
    until("workers ask in vain", async || wire.refused() >= refused).await;
    let before = hand.count();
    let refused = wire.refused() + 2 * WORKERS as u64;
    until("workers ask in vain again", async || wire.refused() >= refused).await;
    assert_eq!(hand.count(), before, "sent without the list");
    assert!(before < 2 * PEOPLE, "the wire was cut too late to show anything");

    wire.heal();
    crew.all_are_written_to(&probe).await;
    // A worker that could not record for longer than its lease leaves a doubt, which is written
    // down and resolved by sending again.
    let doubted = "SELECT id FROM touches WHERE doubts > 0";
    let doubted: Vec<uuid::Uuid> = sqlx::query_scalar(doubted).fetch_all(&probe).await.unwrap();
    let mut sent = HashSet::new();
    for one in hand.accepted() {
        let is_first = sent.insert(one.touch);
        assert!(is_first || doubted.contains(&one.touch.as_uuid()), "sent twice without a doubt");
    }
    assert_eq!(sent.len(), 2 * PEOPLE, "lost");
    assert_eq!(
        states(&probe).await.into_iter().collect::<Vec<_>>(),
        [("sent".to_owned(), 2 * PEOPLE as i64)]
    );
    crew.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hint_is_settled_also_when_a_touch_has_two() {
    let day = "2026-06-01".parse().unwrap();
    let deployment = Deployment::with_one_step(Channel::Email, 60, day).await;
    let probe = sqlx::PgPool::connect(deployment.url()).await.unwrap();
    let broker: Arc<dyn Broker> = Arc::new(InProcessBroker::new(Limits::default()));
    let noon = "2026-06-01T08:30:00Z".parse().unwrap();
    let due = deployment.connect(Role::Scheduler).claim_due(noon, 100).await.unwrap();
    let hints = due.commit(&[], &[]).await.unwrap();
    let twice = hints.iter().flat_map(|out| [(out.route, out.hint), (out.route, out.hint)]);
    broker.publish(twice.collect()).await.unwrap();
    // Hints that are never settled would use up the prefetch.
    let mut crew = Crew::at(noon);
    let settings =
        worker::Settings { batch: 8, prefetch: 8, concurrency: 8, ..worker::Settings::default() };
    crew.hire(1, deployment.url(), &broker, &settings);
    until("everybody is written to", async || open(&probe).await == 0).await;
    assert_eq!(once_each(&crew.hand.accepted()).len(), 60);
    crew.finish().await;
}
