//! Bounces: counted once whoever reports them, told in the history, and forgotten after an entry
//! (compliance.md BNC-04, BNC-09, BNC-10).

use chrono::{DateTime, Utc};
use domain::arrival::ReviewDecision;
use domain::bounce::Suppress;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, Channel, ContactChannel};
use storage::arrivals::{Message, NewBounce, NewReview};
use storage::suppressions::{NewSuppression, Target};
use storage::{Database, Role};
use testkit::fixture::Deployment;

use crate::{claim, make_due, monday, sent};

const EMAIL: ContactChannel = ContactChannel::Email;

fn at(day: &str) -> DateTime<Utc> {
    format!("2026-{day}T08:00:00Z").parse().unwrap()
}

fn bounce(key: AddressKey, message: &str, source: &'static str, day: &str) -> NewBounce {
    NewBounce {
        key,
        channel: EMAIL,
        message: message.to_owned(),
        touch: None,
        class: "soft_mailbox",
        status: "5.2.2".to_owned(),
        advice: Suppress::Counter,
        source,
        bounced_at: at(day),
        actor: "test".to_owned(),
    }
}

async fn world() -> (Deployment, Database, AddressKey) {
    let deployment = Deployment::create().await;
    let inbound = deployment.connect(Role::Inbound);
    let key = deployment.keyer.key(AddressKind::Email, "p0@example.com");
    (deployment, inbound, key)
}

#[tokio::test]
async fn a_bounce_counts_once_whoever_reports_it_and_a_delivery_ends_the_run() {
    let (_deployment, inbound, key) = world().await;
    let over = async |day: &str| inbound.bounces_too_often(key, EMAIL, at(day)).await.unwrap();
    for (message, day) in [("touch 1", "03-01"), ("touch 2", "03-08")] {
        assert!(inbound.take_bounce(&bounce(key, message, "mail", day)).await.unwrap());
        for source in ["mail", "postmark", "ses"] {
            // The second report comes on another day, and is about the same message.
            let again = bounce(key, message, source, "03-29");
            assert!(!inbound.take_bounce(&again).await.unwrap(), "{source}");
        }
        assert!(!over(day).await);
    }
    inbound.take_delivery(key, EMAIL, at("03-05")).await.unwrap();
    inbound.take_delivery(key, EMAIL, at("03-02")).await.unwrap();
    assert!(inbound.take_bounce(&bounce(key, "touch 3", "mail", "03-15")).await.unwrap());
    assert!(!over("03-15").await, "something arrived on 03-05");
    assert!(inbound.take_bounce(&bounce(key, "touch 4", "mail", "03-22")).await.unwrap());
    assert!(over("03-22").await, "three days, from 03-08 to 03-22");
}

#[tokio::test]
async fn an_entry_begins_the_count_anew() {
    let (_deployment, inbound, key) = world().await;
    for (message, day) in [("1", "03-01"), ("2", "03-08"), ("3", "03-15")] {
        inbound.take_bounce(&bounce(key, message, "mail", day)).await.unwrap();
    }
    assert!(inbound.bounces_too_often(key, EMAIL, at("03-15")).await.unwrap());
    let entry = NewSuppression {
        target: Target::Address { key, channel: EMAIL, domain: None },
        reason: SuppressionReason::SoftBounceLimit,
        origin: Origin::System,
        actor: "test".to_owned(),
        evidence: Some("a bounce".to_owned()),
        touch: None,
        received_at: None,
    };
    inbound.suppress_now(&entry).await.unwrap();
    inbound.take_bounce(&bounce(key, "3", "ses", "03-15")).await.unwrap();
    assert!(!inbound.bounces_too_often(key, EMAIL, at("03-16")).await.unwrap());
}

#[tokio::test]
async fn a_late_bounce_is_told_in_the_history_of_its_touch_once() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let touch = claim(&worker, &hints).await.remove(0);
    worker.record(&[sent(&touch)], "w1").await.unwrap();
    let inbound = deployment.connect(Role::Inbound);
    let late =
        NewBounce { touch: Some(touch.id), ..bounce(touch.address_key, "1", "ses", "03-01") };
    for _ in 0..3 {
        inbound.take_bounce(&late).await.unwrap();
    }
    let story = deployment.operator.story(touch.id).await.unwrap();
    assert_eq!(story.len(), 2);
    assert_eq!(story[1].reason.as_deref(), Some("bounced: soft_mailbox, 5.2.2"));
    assert_eq!(story[1].detail.as_ref().unwrap()["bounced"]["source"], "ses");
    let stored = deployment.operator.touch(touch.id).await.unwrap().unwrap();
    assert_eq!(stored.reason.as_deref(), Some("bounced: soft_mailbox, 5.2.2"));
}

#[tokio::test]
async fn the_claim_tells_of_an_open_review_until_the_last_one_is_decided() {
    let deployment = Deployment::with_one_step(Channel::Sms, 3, monday()).await;
    let hints = make_due(&deployment).await;
    let inbound = deployment.connect(Role::Inbound);
    let key = deployment.keyer.key(AddressKind::Phone, "+971500000000");
    for id in [1, 2] {
        let review = NewReview {
            message: Message { source: "generic", id },
            key,
            request: None,
            arrived_at: at("03-01"),
            due_at: at("03-02"),
        };
        inbound.open_review(&review).await.unwrap();
        inbound.open_review(&review).await.unwrap();
    }
    let operator = &deployment.operator;
    let reviews = operator.reviews(false, 10).await.unwrap();
    assert_eq!(reviews.len(), 2);
    let carry_on = ReviewDecision::CarryOn;
    assert!(operator.decide_review(reviews[0].id, carry_on, "Mona", "read it").await.unwrap());
    let worker = deployment.connect(Role::SmsWorker);
    let claimed = claim(&worker, &hints).await;
    let paused: Vec<_> = claimed.iter().filter(|touch| touch.under_review.is_some()).collect();
    assert_eq!((claimed.len(), paused.len()), (3, 1));
    assert_eq!((paused[0].address_key, paused[0].under_review), (key, Some(reviews[1].id)));
}
