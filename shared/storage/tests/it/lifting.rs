//! Ending entries: who may, with how many, and what never does.

use std::time::Duration;

use chrono::TimeDelta;
use domain::suppression::{ListAction, Origin, SuppressionReason};
use domain::{AddressKey, AddressKind, Channel, ContactChannel};
use sqlx::{Connection, PgConnection};
use storage::Role;
use storage::suppressions::{LiftAnswer, Lifting, NewSuppression, Reconsent, Target};
use testkit::fixture::{Deployment, person};

use crate::{claim, make_due, monday, now};

pub(crate) fn lifting(target: Target, actor: &str) -> Lifting {
    Lifting {
        target,
        actor: actor.to_owned(),
        reason: "wrong number".to_owned(),
        evidence: "ticket 1".to_owned(),
        approve: false,
    }
}

fn phone(deployment: &Deployment) -> AddressKey {
    deployment.keyer.key(AddressKind::Phone, "+971500000000")
}

fn texts(deployment: &Deployment) -> Target {
    let channel = ContactChannel::Sms;
    Target::Address { key: phone(deployment), channel, domain: None }
}

async fn list(deployment: &Deployment, target: Target, reason: SuppressionReason, origin: Origin) {
    let actor = "test".to_owned();
    let entry = NewSuppression {
        target,
        reason,
        origin,
        actor,
        evidence: None,
        touch: None,
        received_at: None,
    };
    deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
}

async fn count(deployment: &Deployment) -> usize {
    deployment.operator.entries(&[phone(deployment)]).await.unwrap().len()
}

#[tokio::test]
async fn two_people_lift_what_was_said_or_complained_about() {
    for reason in SuppressionReason::ALL.iter().filter(|reason| reason.needs_two_people()) {
        let deployment = Deployment::create().await;
        let compliance = deployment.connect(Role::Compliance);
        let target = texts(&deployment);
        list(&deployment, target, *reason, Origin::Recipient).await;
        let first = lifting(target, "Amal");
        let approval = |actor: &str| Lifting { approve: true, ..lifting(target, actor) };
        // Nobody has asked yet.
        let early = compliance.lift(&approval("Badr")).await.unwrap();
        assert_eq!(early, LiftAnswer { unrequested: 1, ..LiftAnswer::default() }, "{reason}");
        let asked = compliance.lift(&first).await.unwrap();
        assert_eq!(asked, LiftAnswer { requested: 1, ..LiftAnswer::default() });
        // The same person, however the name is written, is not a second one.
        for same in ["Amal", " amal "] {
            assert_eq!(compliance.lift(&approval(same)).await.unwrap().unrequested, 1);
        }
        assert_eq!(count(&deployment).await, 1, "until then the entry stops");
        assert_eq!(compliance.lift(&approval("Badr")).await.unwrap().lifted, 1);
        assert_eq!(count(&deployment).await, 0);
        let history = deployment.operator.list_history(&[phone(&deployment)]).await.unwrap();
        let entry = history[0].id;
        let last = history.last().unwrap();
        assert_eq!((last.action, last.actor.as_str()), (ListAction::Lift, "Badr"));
        assert_eq!((last.of_event, last.note.as_deref()), (Some(entry), Some("wrong number")));
    }
}

#[tokio::test]
async fn an_approval_does_not_reach_what_came_after_the_request() {
    let deployment = Deployment::create().await;
    let compliance = deployment.connect(Role::Compliance);
    let target = texts(&deployment);
    list(&deployment, target, SuppressionReason::VoiceRequest, Origin::Staff).await;
    compliance.lift(&lifting(target, "Amal")).await.unwrap();
    list(&deployment, target, SuppressionReason::Complaint, Origin::Provider).await;
    let approval = Lifting { approve: true, ..lifting(target, "Badr") };
    assert_eq!(compliance.lift(&approval).await.unwrap().unrequested, 1);
    assert_eq!(count(&deployment).await, 2);
}

#[tokio::test]
async fn a_lift_says_who_why_and_what_allows_it() {
    let deployment = Deployment::create().await;
    let compliance = deployment.connect(Role::Compliance);
    let target = texts(&deployment);
    list(&deployment, target, SuppressionReason::StaffEntry, Origin::Staff).await;
    let full = lifting(target, "Amal");
    for blank in [
        Lifting { actor: " ".to_owned(), ..full.clone() },
        Lifting { reason: String::new(), ..full.clone() },
        Lifting { evidence: "\t".to_owned(), ..full.clone() },
    ] {
        let refused = compliance.lift(&blank).await.unwrap_err();
        assert_eq!(refused.constraint(), Some("suppression_events_lift_explained"));
    }
    assert_eq!(count(&deployment).await, 1);
    assert_eq!(compliance.lift(&full).await.unwrap().lifted, 1);
}

#[tokio::test]
async fn only_the_recipients_later_act_on_the_same_channel_reopens_it() {
    let deployment = Deployment::create().await;
    let target = texts(&deployment);
    let key = phone(&deployment);
    list(&deployment, target, SuppressionReason::ReplyKeyword, Origin::Recipient).await;
    list(&deployment, target, SuppressionReason::ReassignedNumber, Origin::System).await;
    let inbound = deployment.connect(Role::Inbound);
    let start = Reconsent {
        key,
        channel: ContactChannel::Sms,
        topic: None,
        occurred_at: now() + TimeDelta::seconds(1),
        actor: "inbound".to_owned(),
        evidence: "START".to_owned(),
    };
    let earlier = Reconsent { occurred_at: now() - TimeDelta::hours(1), ..start.clone() };
    assert_eq!(inbound.reconsent(&earlier).await.unwrap(), 0, "an older consent lifts nothing");
    let elsewhere = Reconsent { channel: ContactChannel::Call, ..start.clone() };
    assert_eq!(inbound.reconsent(&elsewhere).await.unwrap(), 0);
    let future = Reconsent { occurred_at: now() + TimeDelta::days(1), ..start.clone() };
    assert_eq!(
        inbound.reconsent(&future).await.unwrap_err().constraint(),
        Some("reconsent_occurred")
    );
    assert_eq!(inbound.reconsent(&start).await.unwrap(), 1);
    let left = deployment.operator.entries(&[key]).await.unwrap();
    assert_eq!(left.len(), 1, "a number that is somebody else's stays on the list");
    assert_eq!(left[0].reason, SuppressionReason::ReassignedNumber);
}

#[tokio::test]
async fn a_stop_that_was_repeated_after_the_consent_stays() {
    let deployment = Deployment::create().await;
    let target = texts(&deployment);
    list(&deployment, target, SuppressionReason::ReplyKeyword, Origin::Recipient).await;
    let between = now();
    list(&deployment, target, SuppressionReason::ReplyKeyword, Origin::Recipient).await;
    let start = Reconsent {
        key: phone(&deployment),
        channel: ContactChannel::Sms,
        topic: None,
        occurred_at: between,
        actor: "inbound".to_owned(),
        evidence: "START, delivered late".to_owned(),
    };
    let inbound = deployment.connect(Role::Inbound);
    assert_eq!(inbound.reconsent(&start).await.unwrap(), 0);
    assert_eq!(count(&deployment).await, 1);
}

#[tokio::test]
async fn recipient_made_entries_never_end_and_bounce_limits_do() {
    let deployment = Deployment::create().await;
    let mut db = PgConnection::connect(deployment.url()).await.unwrap();
    for reason in SuppressionReason::ALL {
        for origin in [Origin::Recipient, Origin::System] {
            let added = sqlx::query(
                "SELECT * FROM suppress(gen_random_uuid(), 'channel', $1, 'sms', NULL,
                        $2::text::suppression_reason, $3::text::suppression_origin, 'x', NULL, NULL,
                        NULL, now() + interval '1 day')",
            )
            .bind(phone(&deployment).as_bytes().as_slice())
            .bind(reason.as_str())
            .bind(origin.as_str())
            .fetch_all(&mut db)
            .await;
            let may = reason.may_expire() && origin != Origin::Recipient;
            assert_eq!(added.is_ok(), may, "{reason}, {origin}");
        }
    }
    let refused = sqlx::query(
        "INSERT INTO suppressions (event_id, scope, address_key, channel, reason, origin, since,
                                   expires_at)
         VALUES (gen_random_uuid(), 'channel', decode(repeat('00', 32), 'hex'), 'sms', 'one_click',
                 'recipient', now(), now())",
    )
    .execute(&mut db)
    .await;
    assert!(refused.unwrap_err().to_string().contains("suppressions_never_expire"));
}

#[tokio::test]
async fn a_term_ends_by_itself_and_everything_else_stays() {
    let deployment = Deployment::with_one_step(Channel::Sms, 1, monday()).await;
    let target = texts(&deployment);
    list(&deployment, target, SuppressionReason::ProviderSuppressed, Origin::Provider).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let in_days = |days| now() + TimeDelta::days(days);
    assert_eq!(scheduler.expire_entries(in_days(89), 10, "s1").await.unwrap(), 0);
    assert_eq!(scheduler.expire_entries(in_days(91), 10, "s1").await.unwrap(), 1);
    let history = deployment.operator.list_history(&[phone(&deployment)]).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.action, last.origin), (ListAction::Lift, Origin::System));
    list(&deployment, target, SuppressionReason::OneClick, Origin::Recipient).await;
    assert_eq!(scheduler.expire_entries(in_days(20 * 365), 10, "s1").await.unwrap(), 0);
    let hints = make_due(&deployment).await;
    let claimed = claim(&deployment.connect(Role::SmsWorker), &hints).await;
    assert!(claimed[0].suppressed_by.is_some());
}

#[tokio::test]
async fn imports_never_lift() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let target = texts(&deployment);
    list(&deployment, target, SuppressionReason::ReplyKeyword, Origin::Recipient).await;
    let mut again = person(0);
    again.custom.insert("subscribed".to_owned(), true.into());
    deployment.operator.import_contacts(&deployment.keyer, &[again]).await.unwrap();
    assert_eq!(count(&deployment).await, 1);
}

/// The race that a flag could be lost in: a lift works out the flags of a row while another
/// transaction has entered something for it and not committed.
#[tokio::test]
async fn a_lift_leaves_the_flag_of_an_entry_that_is_being_made() {
    let deployment = Deployment::create().await;
    deployment.people(1).await;
    let target = texts(&deployment);
    for turn in 0..30 {
        list(&deployment, target, SuppressionReason::StaffEntry, Origin::Staff).await;
        let compliance = deployment.connect(Role::Compliance);
        let lift = lifting(target, "Amal");
        let (lifted, ()) = tokio::join!(
            compliance.lift(&lift),
            list(&deployment, target, SuppressionReason::OneClick, Origin::Recipient)
        );
        lifted.unwrap();
        let mut db = PgConnection::connect(deployment.url()).await.unwrap();
        let bare: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM suppressions s
              WHERE NOT EXISTS (SELECT FROM address_states a
                                 WHERE a.address_key = s.address_key AND a.channel = s.channel
                                   AND a.channel_event IS NOT NULL)",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        assert_eq!(bare, 0, "turn {turn}");
        compliance.lift(&lift).await.unwrap();
        compliance.close().await;
    }
}
