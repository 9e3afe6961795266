//! Both brokers behind the trait, and what only RabbitMQ can do to us. RabbitMQ is real and private.
#![allow(clippy::unwrap_used)]

mod conformance;
mod outages;
mod rabbitmq;

use broker::{
    Broker, Confirm, Delivery, InProcessBroker, Limits, RabbitBroker, Settings, Subscription,
};
use messages::{Hint, Lane, Medium, Month, Route};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use testkit::TestVhost;
use uuid::Uuid;

const EMAIL_HI: Route = Route { medium: Medium::Email, lane: Lane::Hi };
const EMAIL_BULK: Route = Route { medium: Medium::Email, lane: Lane::Bulk };
const SMS_BULK: Route = Route { medium: Medium::Sms, lane: Lane::Bulk };

/// Long enough for a busy machine; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing must happen before we believe that nothing will.
const SILENCE: Duration = Duration::from_millis(400);

/// A broker under test, with the virtual host it lives in.
struct Fixture {
    broker: Arc<dyn Broker>,
    _vhost: Option<TestVhost>,
}

impl Deref for Fixture {
    type Target = dyn Broker;

    fn deref(&self) -> &Self::Target {
        &*self.broker
    }
}

/// Which broker a conformance test runs against.
#[derive(Clone, Copy)]
enum Kind {
    InProcess,
    RabbitMq,
}

impl Kind {
    async fn open(self, limits: Limits) -> Fixture {
        match self {
            Self::InProcess => {
                Fixture { broker: Arc::new(InProcessBroker::new(limits)), _vhost: None }
            }
            Self::RabbitMq => {
                let vhost = TestVhost::create().await;
                let broker = rabbit(settings(vhost.url(), limits)).await;
                Fixture { broker, _vhost: Some(vhost) }
            }
        }
    }
}

fn settings(url: &str, limits: Limits) -> Settings {
    Settings {
        url: url.into(),
        prefix: "test.".into(),
        max_length: limits.max_length,
        delivery_limit: limits.delivery_limit,
        confirm_timeout_seconds: 5,
    }
}

/// Connects and waits until the broker is ready.
async fn rabbit(settings: Settings) -> Arc<RabbitBroker> {
    let broker = Arc::new(RabbitBroker::connect(settings).unwrap());
    ready(&*broker).await;
    broker
}

async fn ready(broker: &dyn Broker) {
    let mut state = broker.watch_state();
    let waiting = state.wait_for(|state| state.is_ready());
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("the broker did not become ready: {:?}", broker.state());
    }
}

fn hint() -> Hint {
    Hint { touch_id: Uuid::now_v7(), due_month: Month::new(2026, 11).unwrap(), epoch: 1 }
}

fn hints(n_hints: usize) -> Vec<Hint> {
    (0..n_hints).map(|_| hint()).collect()
}

fn on(route: Route, hints: &[Hint]) -> Vec<(Route, Hint)> {
    hints.iter().map(|&hint| (route, hint)).collect()
}

/// Publishes hints of which every one has to be accepted.
async fn publish(broker: &dyn Broker, route: Route, hints: &[Hint]) {
    let confirms = broker.publish(on(route, hints)).await.unwrap();
    assert_eq!(confirms, vec![Confirm::Accepted; hints.len()]);
}

/// Waits for that many hints and no longer than needed.
async fn take(subscription: &mut Subscription, n_hints: usize) -> Vec<Delivery> {
    let mut taken = Vec::new();
    let taking = async {
        while taken.len() < n_hints {
            let batch = subscription.next_batch(n_hints - taken.len(), Duration::ZERO).await;
            taken.extend(batch.expect("the subscription is open"));
        }
    };
    if tokio::time::timeout(PATIENCE, taking).await.is_err() {
        panic!("only {} of {n_hints} hints came", taken.len());
    }
    taken
}

/// Takes whatever comes, until nothing comes any more.
async fn take_rest(subscription: &mut Subscription) -> Vec<Delivery> {
    let mut taken = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(SILENCE, subscription.next_batch(1000, Duration::ZERO)).await
    {
        subscription.ack(batch.iter().map(|delivery| delivery.token));
        taken.extend(batch);
    }
    taken
}

async fn assert_silent(subscription: &mut Subscription) {
    let batch = tokio::time::timeout(SILENCE, subscription.next_batch(1000, Duration::ZERO)).await;
    assert!(batch.is_err(), "nothing should have come, but {batch:?} did");
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<Uuid> {
    deliveries.iter().map(|delivery| delivery.hint.touch_id).collect()
}

fn ids_of(hints: &[Hint]) -> BTreeSet<Uuid> {
    hints.iter().map(|hint| hint.touch_id).collect()
}

/// Waits until a route has that many ready hints.
async fn depth_reaches(broker: &dyn Broker, route: Route, expected: u64) {
    let mut last = None;
    let waiting = async {
        // The broker announces no depth, so it is asked until it fits.
        while last != Some(expected) {
            last = broker.depth(route).await.ok();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("{route} should have {expected} ready hints but has {last:?}");
    }
}

/// Confirms by touch, to compare with what arrives.
type Ledger = BTreeMap<Uuid, Confirm>;

fn with_confirm(ledger: &Ledger, confirm: Confirm) -> BTreeSet<Uuid> {
    ledger.iter().filter(|(_, it)| **it == confirm).map(|(id, _)| *id).collect()
}
