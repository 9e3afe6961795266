//! What both brokers promise.

use crate::*;
use broker::{BrokerState, PublishError, SubscribeError};

macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::Kind::InProcess).await;
            })+
        }
        mod rabbitmq {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::Kind::RabbitMq).await;
            })+
        }
    };
}

conformance!(
    every_accepted_hint_is_delivered,
    a_hint_without_acknowledgement_comes_back,
    at_most_prefetch_hints_are_with_one_subscription,
    a_hint_that_comes_back_too_often_is_dead_lettered,
    a_full_queue_refuses,
    hi_comes_before_bulk,
    one_slow_hint_does_not_stop_its_lane,
    a_pause_returns_what_no_batch_took,
    subscriptions_share_the_hints,
    a_batch_is_handed_out_when_it_lingered,
    what_was_not_acknowledged_comes_back,
    closing_ends_everything,
    a_prefetch_of_zero_is_refused,
);

async fn every_accepted_hint_is_delivered(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    let (bulk, hi) = (hints(1200), hints(30));
    publish(&*broker, EMAIL_BULK, &bulk).await;
    publish(&*broker, EMAIL_HI, &hi).await;
    depth_reaches(&*broker, EMAIL_BULK, 1200).await;
    let mut subscription = broker.subscribe(Medium::Email, 100).await.unwrap();
    let taken = take_rest(&mut subscription).await;
    assert_eq!(taken.len(), 1230, "none twice");
    assert_eq!(ids(&taken), &ids_of(&bulk) | &ids_of(&hi));
    assert!(taken.iter().all(|delivery| !delivery.redelivered));
    drop(subscription);
    depth_reaches(&*broker, EMAIL_BULK, 0).await;
    assert_eq!(broker.publish(Vec::new()).await.unwrap(), []);
}

async fn a_hint_without_acknowledgement_comes_back(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    publish(&*broker, EMAIL_BULK, &hints(10)).await;
    let mut first = broker.subscribe(Medium::Email, 100).await.unwrap();
    let taken = take(&mut first, 10).await;
    let (done, left) = taken.split_at(4);
    first.ack(done.iter().map(|delivery| delivery.token));
    // Settled is settled: a second acknowledgement changes nothing.
    first.ack(done.iter().map(|delivery| delivery.token));
    let acker = first.acker();
    drop(first);
    let mut second = broker.subscribe(Medium::Email, 100).await.unwrap();
    let again = take(&mut second, 6).await;
    assert_eq!(ids(&again), ids(left));
    assert!(again.iter().all(|delivery| delivery.redelivered));
    // Tokens of the subscription that is gone say nothing about these deliveries.
    acker.ack(left.iter().map(|delivery| delivery.token));
    second.acker().ack(left.iter().map(|delivery| delivery.token));
    assert_silent(&mut second).await;
    drop(second);
    let mut third = broker.subscribe(Medium::Email, 100).await.unwrap();
    assert_eq!(ids(&take(&mut third, 6).await), ids(left));
}

async fn at_most_prefetch_hints_are_with_one_subscription(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    publish(&*broker, EMAIL_BULK, &hints(20)).await;
    let mut subscription = broker.subscribe(Medium::Email, 5).await.unwrap();
    let taken = take(&mut subscription, 5).await;
    assert_silent(&mut subscription).await;
    subscription.ack([taken[0].token, taken[1].token]);
    take(&mut subscription, 2).await;
    assert_silent(&mut subscription).await;
    // The lanes are limited separately: hi hints find room although bulk has none.
    publish(&*broker, EMAIL_HI, &hints(6)).await;
    take(&mut subscription, 5).await;
    assert_silent(&mut subscription).await;
}

async fn a_hint_that_comes_back_too_often_is_dead_lettered(kind: Kind) {
    let broker = kind.open(Limits { delivery_limit: 2, ..Limits::default() }).await;
    let poison = hint();
    publish(&*broker, EMAIL_HI, &[poison]).await;
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    for _ in 0..3 {
        let taken = take(&mut subscription, 1).await;
        subscription.give_back([taken[0].token]);
    }
    assert_silent(&mut subscription).await;
    let mut dead = broker.subscribe_dead(10).await.unwrap();
    let taken = take(&mut dead, 1).await;
    assert_eq!(taken[0].hint, poison);
    dead.ack([taken[0].token]);
    drop(dead);
    let mut dead = broker.subscribe_dead(10).await.unwrap();
    assert_silent(&mut dead).await;
    assert_eq!(broker.dead_depth().await.unwrap(), 0);
}

async fn a_full_queue_refuses(kind: Kind) {
    let broker = kind.open(Limits { max_length: 50, ..Limits::default() }).await;
    let mut ledger = Ledger::new();
    // RabbitMQ notices a full queue a little late, so it is filled until it has noticed.
    for _ in 0..40 {
        let hints = hints(25);
        let confirms = broker.publish(on(EMAIL_BULK, &hints)).await.unwrap();
        ledger.extend(hints.iter().map(|hint| hint.touch_id).zip(confirms));
    }
    let (accepted, refused) =
        (with_confirm(&ledger, Confirm::Accepted), with_confirm(&ledger, Confirm::Refused));
    assert!(accepted.len() >= 50 && !refused.is_empty(), "{} accepted", accepted.len());
    assert_eq!(accepted.len() + refused.len(), 1000);
    let mut subscription = broker.subscribe(Medium::Email, 200).await.unwrap();
    assert_eq!(ids(&take_rest(&mut subscription).await), accepted);
    // There is room again.
    publish(&*broker, EMAIL_BULK, &[hint()]).await;
    take(&mut subscription, 1).await;
}

async fn hi_comes_before_bulk(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    let (bulk, hi) = (hints(40), hints(20));
    publish(&*broker, EMAIL_BULK, &bulk).await;
    let mut subscription = broker.subscribe(Medium::Email, 100).await.unwrap();
    // All forty wait here before the first hi hint exists.
    depth_reaches(&*broker, EMAIL_BULK, 0).await;
    publish(&*broker, EMAIL_HI, &hi).await;
    depth_reaches(&*broker, EMAIL_HI, 0).await;
    let batch = tokio::time::timeout(PATIENCE, subscription.next_batch(60, PATIENCE)).await;
    let batch = batch.unwrap().unwrap();
    assert_eq!(ids(&batch[..20]), ids_of(&hi));
    assert_eq!(ids(&batch[20..]), ids_of(&bulk));
}

async fn one_slow_hint_does_not_stop_its_lane(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    publish(&*broker, EMAIL_BULK, &hints(100)).await;
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    let slow = take(&mut subscription, 1).await;
    for _ in 0..99 {
        let taken = take(&mut subscription, 1).await;
        subscription.ack([taken[0].token]);
    }
    drop(subscription);
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    assert!(ids(&take(&mut subscription, 1).await).is_superset(&ids(&slow)));
}

async fn a_pause_returns_what_no_batch_took(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    let hints = hints(20);
    publish(&*broker, EMAIL_BULK, &hints).await;
    let mut subscription = broker.subscribe(Medium::Email, 20).await.unwrap();
    let taken = take(&mut subscription, 5).await;
    subscription.pause();
    depth_reaches(&*broker, EMAIL_BULK, 15).await;
    assert_silent(&mut subscription).await;
    // What was taken can be settled during the pause, either way.
    subscription.ack(taken[..3].iter().map(|delivery| delivery.token));
    subscription.give_back(taken[3..].iter().map(|delivery| delivery.token));
    depth_reaches(&*broker, EMAIL_BULK, 17).await;
    subscription.resume();
    let rest = take(&mut subscription, 17).await;
    assert_eq!(ids(&rest), &ids_of(&hints) - &ids(&taken[..3]));
    subscription.ack(rest.iter().map(|delivery| delivery.token));
    drop(subscription);
    let mut subscription = broker.subscribe(Medium::Email, 20).await.unwrap();
    assert_silent(&mut subscription).await;
}

async fn subscriptions_share_the_hints(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    let mut first = broker.subscribe(Medium::Email, 10).await.unwrap();
    let mut second = broker.subscribe(Medium::Email, 10).await.unwrap();
    ready(&*broker).await;
    let hints = hints(20);
    publish(&*broker, EMAIL_BULK, &hints).await;
    let (one, other) = tokio::join!(take(&mut first, 10), take(&mut second, 10));
    assert_eq!(&ids(&one) | &ids(&other), ids_of(&hints));
}

async fn a_batch_is_handed_out_when_it_lingered(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    publish(&*broker, EMAIL_HI, &hints(3)).await;
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    depth_reaches(&*broker, EMAIL_HI, 0).await;
    let linger = Duration::from_millis(300);
    let batch = tokio::time::timeout(PATIENCE, subscription.next_batch(10, linger)).await;
    assert_eq!(batch.unwrap().unwrap().len(), 3);
    // Cancelling a wait loses nothing, not even the time waited.
    publish(&*broker, EMAIL_HI, &hints(1)).await;
    for _ in 0..200 {
        let short = Duration::from_millis(10);
        if let Ok(batch) = tokio::time::timeout(short, subscription.next_batch(10, linger)).await {
            assert_eq!(batch.unwrap().len(), 1);
            return;
        }
    }
    panic!("the batch was never handed out");
}

async fn what_was_not_acknowledged_comes_back(kind: Kind) {
    let broker = kind.open(Limits { delivery_limit: 100, ..Limits::default() }).await;
    let mut left = ids_of(&hints_published(&*broker, 300).await);
    let mut n_acknowledged_in_vain = 0;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..8 {
        let mut subscription = broker.subscribe(Medium::Email, 400).await.unwrap();
        let mut taken = Vec::new();
        while !ids(&taken).is_superset(&left) {
            taken.extend(take(&mut subscription, 1).await);
        }
        // In random order and random portions, about a quarter each time.
        taken.sort_by_cached_key(|_| xorshift(&mut random));
        for delivery in taken {
            let id = delivery.hint.touch_id;
            if !left.contains(&id) {
                n_acknowledged_in_vain += 1;
                subscription.ack([delivery.token]);
            } else if xorshift(&mut random).is_multiple_of(4) {
                left.remove(&id);
                subscription.ack([delivery.token]);
            }
            if xorshift(&mut random).is_multiple_of(50) {
                tokio::task::yield_now().await;
            }
        }
    }
    // AMQP does not confirm acknowledgements: RabbitMQ may drop the last ones before a disconnection.
    // The broker in memory has no such excuse.
    assert!(n_acknowledged_in_vain == 0 || matches!(kind, Kind::RabbitMq));
}

async fn hints_published(broker: &dyn Broker, n_hints: usize) -> Vec<Hint> {
    let hints = hints(n_hints);
    let (bulk, hi) = hints.split_at(n_hints / 2);
    publish(broker, EMAIL_BULK, bulk).await;
    publish(broker, EMAIL_HI, hi).await;
    hints
}

fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

async fn closing_ends_everything(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    publish(&*broker, EMAIL_HI, &[hint()]).await;
    let (batch, ()) = tokio::join!(
        async { while subscription.next_batch(10, Duration::ZERO).await.is_some() {} },
        broker.close()
    );
    let () = batch;
    assert!(subscription.next_batch(10, Duration::ZERO).await.is_none());
    assert_eq!(broker.publish(on(EMAIL_HI, &[hint()])).await, Err(PublishError::Closed));
    assert_eq!(broker.subscribe(Medium::Sms, 10).await.err(), Some(SubscribeError::Closed));
    assert!(matches!(broker.state(), BrokerState::Down { .. }));
}

async fn a_prefetch_of_zero_is_refused(kind: Kind) {
    let broker = kind.open(Limits::default()).await;
    assert_eq!(broker.subscribe(Medium::Sms, 0).await.err(), Some(SubscribeError::NoPrefetch));
    assert_eq!(broker.subscribe_dead(0).await.err(), Some(SubscribeError::NoPrefetch));
}
