//! Complaints pause the sending domain; what was due waits, and goes on when a person says so.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::pause::PauseScope;
use domain::suppression::{Origin, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, Medium, TouchState};
use storage::Role;
use storage::enrolments::Selection;
use storage::pauses::OpenPause;
use storage::suppressions::{NewSuppression, Target};
use storage::touches::{Touch, TouchFilter};
use testkit::fixture::{plan, template};
use tests::fleet::{Crew, Fleet};

use super::collect;

/// Longer than the breakers wait for transactions of other tests.
const PATIENCE: Duration = Duration::from_secs(180);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn touches(fleet: &Fleet, state: TouchState) -> Vec<Touch> {
    let all = fleet.deployment.operator.touches(&TouchFilter::default(), 100).await.unwrap();
    all.into_iter().filter(|touch| touch.state == state).collect()
}

/// As if so many more had gone out, in the name of one touch.
async fn send_more(fleet: &Fleet, touch: &Touch, count: i32) {
    let more = "INSERT INTO touch_events (touch_id, attempt, decided_at, state, worker)
                SELECT $1, 1, $2, 'sent', 'test' FROM generate_series(1, $3)";
    let more = sqlx::query(more).bind(touch.id.as_uuid()).bind(fleet.clock.now()).bind(count);
    more.execute(fleet.probe()).await.unwrap();
}

async fn complain(fleet: &Fleet, n: usize, touch: &Touch) {
    let key = fleet.deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com"));
    let entry = NewSuppression {
        target: Target::Address { key, channel: ContactChannel::Email, domain: None },
        reason: SuppressionReason::Complaint,
        origin: Origin::Recipient,
        actor: "test".to_owned(),
        evidence: None,
        touch: Some(touch.id),
        received_at: None,
    };
    fleet.deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
}

async fn pause_opened(fleet: &Fleet) -> OpenPause {
    let since = Instant::now();
    loop {
        if let Some(pause) = fleet.deployment.operator.open_pauses().await.unwrap().pop() {
            return pause;
        }
        assert!(since.elapsed() < PATIENCE, "the breaker does not trip");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn complaints_pause_the_domain_until_a_person_lifts_it() {
    let fleet = Fleet::start(&Crew::one_of_each(at("2026-06-01T00:00:00Z"))).await;
    fleet.deployment.store_plan(&plan("two", &[(1, Channel::Email), (2, Channel::Email)])).await;
    fleet.deployment.store_template(&template(Medium::Email)).await;
    let row = |n| format!("p{n},Person {n},p{n}@example.com,AE,Asia/Dubai,fair\n");
    let rows: String = (0..6).map(row).collect();
    let csv = format!("id,name,email,country,time zone,source\n{rows}");
    assert_eq!(fleet.import(&csv).await, [6, 6, 0, 0, 0]);
    let monday = "2026-06-01".parse().unwrap();
    assert_eq!(fleet.enrol("two", &Selection::default(), monday).await, 6);
    fleet.advance_to(at("2026-06-01T12:00:00Z")).await;
    assert_eq!(collect(&fleet).len(), 6);

    let sent = touches(&fleet, TouchState::Sent).await;
    send_more(&fleet, &sent[0], 994).await;
    for (n, touch) in sent.iter().take(4).enumerate() {
        complain(&fleet, n, touch).await;
    }
    let OpenPause { pause, evidence, .. } = pause_opened(&fleet).await;
    assert_eq!((pause.scope, pause.key.as_str()), (PauseScope::SenderDomain, "palm.example"));
    // Between two looks it may have seen three of the four.
    let part = evidence["part"].as_u64().unwrap();
    assert!((3..=4).contains(&part) && evidence["whole"] == 1000, "{evidence}");
    assert!(pause.reason.contains("% of 1,000 messages from palm.example"), "{}", pause.reason);

    // Two people are left to write to: they wait, and are told why.
    fleet.advance_to(at("2026-06-02T09:00:00Z")).await;
    assert_eq!(collect(&fleet).len(), 0);
    let waiting = touches(&fleet, TouchState::Scheduled).await;
    assert_eq!(waiting.len(), 2);
    for touch in &waiting {
        let reason = touch.reason.as_deref().unwrap();
        assert!(reason.starts_with("paused: sender_domain palm.example"), "{reason}");
    }

    let listed = fleet.touchline(&["pauses", "list"]).await.remove(0);
    assert_eq!(
        (&listed["reason"], &listed["lifted_at"]),
        (&pause.reason.clone().into(), &().into())
    );
    let lift =
        ["pauses", "lift", listed["id"].as_str().unwrap(), "--actor", "lina", "--reason", "x"];
    let lifted = fleet.touchline(&lift).await.remove(0);
    assert_eq!(lifted["lifted_by"], "lina");
    let scheduler = fleet.deployment.connect(Role::Scheduler);
    let counts = scheduler.counts(fleet.clock.now(), TimeDelta::minutes(5)).await.unwrap();
    assert!(counts.iter().all(|counted| counted.scope != PauseScope::SenderDomain), "{counts:?}");
    fleet.advance_to(at("2026-06-02T12:00:00Z")).await;
    assert_eq!(collect(&fleet).len(), 2);
    assert!(fleet.deployment.operator.open_pauses().await.unwrap().is_empty());
    fleet.finish().await;
}
