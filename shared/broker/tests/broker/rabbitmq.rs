//! What only RabbitMQ does: returns, refusals among many publishers, foreign messages, other people's
//! queues.

use crate::*;
use broker::BrokerState;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

/// A channel of an outsider.
async fn outsider(vhost: &TestVhost) -> (Connection, Channel) {
    let connection =
        Connection::connect(vhost.url(), ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unroutable_hint_is_never_mistaken_for_another() {
    let vhost = TestVhost::create().await;
    let broker = rabbit(settings(vhost.url(), Limits::default())).await;
    let (_connection, channel) = outsider(&vhost).await;
    let mut accepted = BTreeSet::new();
    for _ in 0..10 {
        let options = QueueDeleteOptions::default();
        channel.queue_delete("test.touch.sms.bulk.v1".into(), options).await.unwrap();
        let batch: Vec<_> = (0..500)
            .map(|index| (if index % 10 == 0 { SMS_BULK } else { EMAIL_BULK }, hint()))
            .collect();
        let confirms = broker.publish(batch.clone()).await.unwrap();
        for ((route, hint), confirm) in batch.into_iter().zip(confirms) {
            if confirm == Confirm::Accepted {
                accepted.insert(hint.touch_id);
            }
            let expected = if route == SMS_BULK { Confirm::Unroutable } else { Confirm::Accepted };
            assert_eq!(confirm, expected, "{route}");
        }
        // Once noticed, the queue is declared anew, at most once a second.
        wait_until_routable(&*broker).await;
    }
    let mut subscription = broker.subscribe(Medium::Email, 300).await.unwrap();
    assert_eq!(ids(&take_rest(&mut subscription).await), accepted);
}

async fn wait_until_routable(broker: &dyn Broker) {
    let waiting = async {
        while broker.publish(on(SMS_BULK, &[hint()])).await != Ok(vec![Confirm::Accepted]) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the queue is declared anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_publishers_get_their_own_confirms() {
    let vhost = TestVhost::create().await;
    let limits = Limits { max_length: 3000, ..Limits::default() };
    let broker = rabbit(settings(vhost.url(), limits)).await;
    let publishers: Vec<_> = (0..8)
        .map(|_| {
            let broker = broker.clone();
            tokio::spawn(async move {
                let mut ledger = Ledger::new();
                for _ in 0..20 {
                    // Only the bulk queue fills up.
                    let mixed = |index| if index % 4 == 0 { EMAIL_HI } else { EMAIL_BULK };
                    let batch: Vec<_> = (0..60).map(|index| (mixed(index), hint())).collect();
                    let confirms = broker.publish(batch.clone()).await.unwrap();
                    ledger.extend(batch.iter().map(|(_, hint)| hint.touch_id).zip(confirms));
                }
                ledger
            })
        })
        .collect();
    let mut ledger = Ledger::new();
    for publisher in publishers {
        ledger.extend(publisher.await.unwrap());
    }
    assert_eq!(ledger.len(), 8 * 20 * 60);
    assert!(with_confirm(&ledger, Confirm::Refused).len() > 1000, "the bulk queue was full");
    let mut subscription = broker.subscribe(Medium::Email, 500).await.unwrap();
    let delivered = ids(&take_rest(&mut subscription).await);
    assert_eq!(delivered, with_confirm(&ledger, Confirm::Accepted));
}

#[tokio::test]
async fn a_message_that_is_no_hint_is_acknowledged_away() {
    let vhost = TestVhost::create().await;
    let broker = rabbit(settings(vhost.url(), Limits::default())).await;
    let (_connection, channel) = outsider(&vhost).await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    for body in [&b"{}"[..], b"", br#"{"v":2,"touches":[]}"#] {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        let exchange = "test.touch".into();
        channel
            .basic_publish(exchange, "email.hi".into(), options, body, properties)
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let hint = hint();
    publish(&*broker, EMAIL_HI, &[hint]).await;
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    let taken = take(&mut subscription, 1).await;
    assert_eq!(taken[0].hint, hint);
    subscription.ack([taken[0].token]);
    drop(subscription);
    let mut subscription = broker.subscribe(Medium::Email, 10).await.unwrap();
    assert_silent(&mut subscription).await;
    assert_eq!(vhost.messages("test.touch.email.hi.v1").await, Some(0));
    assert_eq!(vhost.messages("test.touch.dlq.v1").await, Some(0));
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_used_as_it_is() {
    let vhost = TestVhost::create().await;
    let small = Limits { max_length: 10, ..Limits::default() };
    drop(rabbit(settings(vhost.url(), small)).await);
    let broker = rabbit(settings(vhost.url(), Limits::default())).await;
    publish(&*broker, EMAIL_HI, &[hint()]).await;
    take(&mut broker.subscribe(Medium::Email, 10).await.unwrap(), 1).await;
}

#[tokio::test]
async fn deployments_with_prefixes_do_not_meet() {
    let vhost = TestVhost::create().await;
    let blue = rabbit(settings(vhost.url(), Limits::default())).await;
    let green = Settings { prefix: "green.".into(), ..settings(vhost.url(), Limits::default()) };
    let green = rabbit(green).await;
    publish(&*blue, EMAIL_HI, &[hint()]).await;
    assert_silent(&mut green.subscribe(Medium::Email, 10).await.unwrap()).await;
    take(&mut blue.subscribe(Medium::Email, 10).await.unwrap(), 1).await;
}

#[tokio::test]
async fn a_broker_that_speaks_no_tls_is_down_and_says_so() {
    let vhost = TestVhost::create().await;
    let url = vhost.url().replace("amqp://", "amqps://");
    let broker = RabbitBroker::connect(settings(&url, Limits::default())).unwrap();
    let mut state = broker.watch_state();
    let failed = |state: &BrokerState| matches!(state, BrokerState::Down { why, .. } if why.contains("connecting failed"));
    tokio::time::timeout(PATIENCE, state.wait_for(failed)).await.unwrap().unwrap();
    let BrokerState::Down { why, .. } = broker.state() else { panic!("not down") };
    assert!(!why.contains("guest@") && !why.contains(&url), "{why}");
}
