//! RabbitMQ restarts, dies, runs out of memory and throws us out. Nothing accepted is lost, and
//! nothing hangs.

use crate::*;
use broker::{BrokerState, PublishError};
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::RabbitMq;
use tokio::time::timeout;

/// Publishes small batches until told to stop and records what was answered.
async fn keep_publishing(broker: Arc<RabbitBroker>, stop: Arc<AtomicBool>) -> Ledger {
    let mut ledger = Ledger::new();
    while !stop.load(Ordering::Relaxed) {
        let hints = hints(100);
        match broker.publish(on(EMAIL_BULK, &hints)).await {
            Ok(confirms) => {
                assert_eq!(confirms.len(), hints.len());
                ledger.extend(hints.iter().map(|hint| hint.touch_id).zip(confirms));
            }
            Err(PublishError::Closed) => panic!("nobody closed the broker"),
            Err(_) => ready(&*broker).await,
        }
    }
    ledger
}

/// Takes and acknowledges until every id expected has come, and returns all that came.
async fn take_all(subscription: &mut Subscription, expected: &BTreeSet<Uuid>) -> BTreeSet<Uuid> {
    let mut taken = BTreeSet::new();
    let taking = async {
        while !expected.is_subset(&taken) {
            let batch = subscription.next_batch(200, Duration::from_millis(5)).await.unwrap();
            taken.extend(ids(&batch));
            subscription.ack(batch.iter().map(|delivery| delivery.token));
        }
    };
    if timeout(PATIENCE, taking).await.is_err() {
        panic!("{} accepted hints never came", (expected - &taken).len());
    }
    taken
}

/// Publishes and consumes while `disturb` runs; returns how many confirms were not `Accepted`.
async fn nothing_accepted_is_lost(broker: Arc<RabbitBroker>, disturb: impl AsyncFnOnce()) -> usize {
    let stop = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(keep_publishing(broker.clone(), stop.clone()));
    let mut subscription = broker.subscribe(Medium::Email, 100).await.unwrap();
    let acker = subscription.acker();
    // Every other batch is held back a while, so that tokens are out when the connection is lost.
    let (halfway, consumed) = tokio::sync::oneshot::channel();
    let consuming = tokio::spawn(async move {
        let (mut seen, mut held, mut halfway) = (BTreeSet::new(), Vec::new(), Some(halfway));
        while let Some(batch) = subscription.next_batch(50, Duration::from_millis(5)).await {
            seen.extend(ids(&batch));
            acker.ack(std::mem::replace(&mut held, batch).iter().map(|delivery| delivery.token));
            if seen.len() > 500
                && let Some(halfway) = halfway.take()
            {
                halfway.send(()).unwrap();
            }
        }
        seen
    });
    timeout(PATIENCE, consumed).await.expect("hints flow").unwrap();
    disturb().await;
    ready(&*broker).await;
    let after = hint();
    while broker.publish(on(EMAIL_BULK, &[after])).await != Ok(vec![Confirm::Accepted]) {
        ready(&*broker).await;
    }
    stop.store(true, Ordering::Relaxed);
    let ledger = publishing.await.unwrap();
    let mut accepted = with_confirm(&ledger, Confirm::Accepted);
    accepted.insert(after.touch_id);
    assert!(accepted.len() > 500);
    // The first subscription has to survive on its own; what it has not shown comes to the second
    // one, after the first has returned what it held.
    let mut rest = broker.subscribe(Medium::Email, 100).await.unwrap();
    let waiting = take_rest(&mut rest).await;
    drop(rest);
    broker.close().await;
    let mut seen = timeout(PATIENCE, consuming).await.unwrap().unwrap();
    seen.extend(ids(&waiting));
    let missing = &accepted - &seen;
    assert!(missing.is_empty(), "{} accepted hints never came", missing.len());
    let published: BTreeSet<_> = ledger.keys().copied().chain([after.touch_id]).collect();
    assert!(seen.is_subset(&published), "nothing came that was never published");
    ledger.values().filter(|confirm| **confirm != Confirm::Accepted).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_broker_loses_nothing() {
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    // The broker is away at first: that is a state, not an error.
    node.shut_down().await;
    let broker = Arc::new(RabbitBroker::connect(settings(vhost.url(), Limits::default())).unwrap());
    assert!(matches!(broker.state(), BrokerState::Down { .. }));
    let refused = broker.publish(on(EMAIL_HI, &[hint()])).await;
    assert!(matches!(refused, Err(PublishError::Down { .. })), "{refused:?}");
    let mut early = broker.subscribe(Medium::Sms, 10).await.unwrap();
    node.boot().await;
    ready(&*broker).await;
    publish(&*broker, SMS_BULK, &[hint()]).await;
    take(&mut early, 1).await;
    drop(early);
    nothing_accepted_is_lost(broker, async || {
        node.shut_down().await;
        node.boot().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_loses_nothing_it_accepted() {
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    let broker = rabbit(settings(vhost.url(), Limits::default())).await;
    nothing_accepted_is_lost(broker, async || {
        node.kill().await;
        node.boot().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_closed_by_the_server_lose_nothing() {
    let vhost = TestVhost::create().await;
    let broker = rabbit(settings(vhost.url(), Limits::default())).await;
    nothing_accepted_is_lost(broker.clone(), async || {
        for _ in 0..3 {
            let mut state = broker.watch_state();
            assert!(vhost.close_connections().await >= 2);
            timeout(PATIENCE, state.wait_for(|state| !state.is_ready())).await.unwrap().unwrap();
            ready(&*broker).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_alarm_blocks_publishing_and_nothing_else() {
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    let limits = Limits::default();
    let settings = Settings { confirm_timeout_seconds: 2, ..settings(vhost.url(), limits) };
    let broker = rabbit(settings).await;
    let mut before = hints(20);
    publish(&*broker, EMAIL_BULK, &before).await;
    let mut subscription = broker.subscribe(Medium::Email, 5).await.unwrap();
    let first = take(&mut subscription, 5).await;

    node.control().raise_memory_alarm().await;
    // The alarm takes a moment to reach the connection. Then one batch hangs, but not for long.
    let mut state = broker.watch_state();
    let doubtful = loop {
        let doubtful = hints(3);
        let confirms = timeout(PATIENCE, broker.publish(on(EMAIL_BULK, &doubtful))).await.unwrap();
        match confirms.unwrap()[..] {
            [Confirm::Accepted, ..] => before.extend(doubtful),
            [Confirm::Unknown, ..] => break doubtful,
            ref other => panic!("{other:?}"),
        }
    };
    let blocked = |state: &BrokerState| matches!(state, BrokerState::Blocked { .. });
    timeout(PATIENCE, state.wait_for(blocked)).await.unwrap().unwrap();
    let refused = timeout(PATIENCE, broker.publish(on(EMAIL_BULK, &[hint()]))).await.unwrap();
    assert!(matches!(refused, Err(PublishError::Blocked { .. })), "{refused:?}");
    assert!(timeout(PATIENCE, broker.depth(EMAIL_BULK)).await.unwrap().is_err());
    // Consuming and acknowledging go on.
    subscription.ack(first.iter().map(|delivery| delivery.token));
    let rest = take_all(&mut subscription, &(&ids_of(&before) - &ids(&first))).await;
    assert!(rest.is_disjoint(&ids_of(&doubtful)));

    node.control().clear_memory_alarm().await;
    ready(&*broker).await;
    let after = hints(5);
    publish(&*broker, EMAIL_BULK, &after).await;
    take_all(&mut subscription, &ids_of(&after)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_blocked_broker_does_not_hang() {
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    let limits = Limits::default();
    let settings = Settings { confirm_timeout_seconds: 1, ..settings(vhost.url(), limits) };
    let broker = rabbit(settings).await;
    node.control().raise_memory_alarm().await;
    while broker.publish(on(EMAIL_BULK, &[hint()])).await == Ok(vec![Confirm::Accepted]) {}
    timeout(PATIENCE, broker.close()).await.unwrap();
    assert_eq!(broker.publish(on(EMAIL_BULK, &[hint()])).await, Err(PublishError::Closed));
}
