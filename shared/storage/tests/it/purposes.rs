//! What a reason stops: the rules of `domain`, those of the database, and what the claim does.

use std::time::Duration;

use domain::suppression::{Origin, Purpose, SuppressionReason, Topic};
use domain::{Channel, ContactChannel, ContactId};
use sqlx::{Connection, PgConnection};
use storage::Role;
use storage::contacts::{Imported, domain_key, person_key};
use storage::suppressions::{NewSuppression, Target};
use testkit::fixture::{Deployment, person, plan};

use crate::lifting::lifting;
use crate::{claim, make_due, monday};

fn entry(target: Target, reason: SuppressionReason) -> NewSuppression {
    NewSuppression {
        target,
        reason,
        origin: if reason.is_of_recipient() { Origin::Recipient } else { Origin::System },
        actor: "test".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    }
}

#[tokio::test]
async fn domain_and_database_agree_about_every_reason() {
    let deployment = Deployment::create().await;
    let mut db = PgConnection::connect(deployment.url()).await.unwrap();
    let channels = ContactChannel::ALL.iter().copied().map(Some).chain([None]);
    for channel in channels {
        for reason in SuppressionReason::ALL {
            let theirs: (bool, bool, bool, Option<i32>, bool) = sqlx::query_as(
                "SELECT blocks_every_purpose(r, $2::text::contact_channel), is_of_recipient(r),
                        may_expire(r), term_days(r), needs_two_people(r)
                   FROM (SELECT $1::text::suppression_reason AS r) x",
            )
            .bind(reason.as_str())
            .bind(channel.map(ContactChannel::as_str))
            .fetch_one(&mut db)
            .await
            .unwrap();
            let ours = (
                reason.blocks_every_purpose(channel),
                reason.is_of_recipient(),
                reason.may_expire(),
                reason.term_days().map(i32::from),
                reason.needs_two_people(),
            );
            assert_eq!(theirs, ours, "{reason} on {channel:?}");
        }
    }
}

/// What an entry covers in the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Covers {
    Channel,
    Person,
    Domain,
    SameTopic,
    OtherTopic,
}

const ALL: [Covers; 5] =
    [Covers::Channel, Covers::Person, Covers::Domain, Covers::SameTopic, Covers::OtherTopic];

/// One person per row of the table, each in a domain of their own.
async fn people(deployment: &Deployment, count: usize) -> Vec<ContactId> {
    let people: Vec<_> = (0..count)
        .map(|n| {
            let mut person = person(n);
            let email = &mut person.addresses[0];
            email.value = format!("p@d{n}.example");
            email.normalised.clone_from(&email.value);
            email.domain = Some(format!("d{n}.example"));
            person
        })
        .collect();
    let imported = deployment.operator.import_contacts(&deployment.keyer, &people).await.unwrap();
    imported.into_iter().filter_map(Imported::contact).collect()
}

fn target(deployment: &Deployment, n: usize, contact: ContactId, covers: Covers) -> Target {
    let keyer = &deployment.keyer;
    let key = keyer.key(domain::AddressKind::Email, &format!("p@d{n}.example"));
    let channel = ContactChannel::Email;
    let topic = |word: &str| Target::Topic { key, channel, topic: word.parse::<Topic>().unwrap() };
    match covers {
        Covers::Channel => Target::Address { key, channel, domain: None },
        Covers::Person => Target::Person(person_key(keyer, contact)),
        Covers::Domain => Target::Domain(domain_key(keyer, &format!("d{n}.example"))),
        Covers::SameTopic => topic("news"),
        Covers::OtherTopic => topic("listings"),
    }
}

fn stops(covers: Covers, reason: SuppressionReason, purpose: Purpose) -> bool {
    match covers {
        Covers::Channel => reason.blocks(Some(ContactChannel::Email), purpose),
        Covers::Person | Covers::Domain => reason.blocks(None, purpose),
        Covers::SameTopic => purpose == Purpose::Marketing,
        Covers::OtherTopic => false,
    }
}

#[tokio::test]
async fn scope_purpose_and_reason_decide_together() {
    let deployment = Deployment::create().await;
    for purpose in Purpose::ALL {
        let topic = "news".parse().unwrap();
        let plan = plan(purpose.as_str(), &[(1, Channel::Email)]);
        deployment.store_plan(&domain::Plan { purpose: *purpose, topic, ..plan }).await;
    }
    let table: Vec<(Covers, SuppressionReason)> = ALL
        .iter()
        .flat_map(|covers| SuppressionReason::ALL.iter().map(|reason| (*covers, *reason)))
        .filter(|(covers, reason)| {
            let is_topic = matches!(covers, Covers::SameTopic | Covers::OtherTopic);
            !(is_topic && reason.blocks_every_purpose(Some(ContactChannel::Email)))
        })
        .collect();
    let people = people(&deployment, table.len()).await;
    for purpose in Purpose::ALL {
        deployment.enrol(purpose.as_str(), &people, monday()).await;
    }
    for (n, (covers, reason)) in table.iter().enumerate() {
        let target = target(&deployment, n, people[n], *covers);
        let answer = deployment.operator.suppress(&entry(target, *reason), Duration::ZERO).await;
        answer.unwrap_or_else(|error| panic!("{covers:?}, {reason}: {error}"));
    }
    let hints = make_due(&deployment).await;
    let claimed = claim(&deployment.connect(Role::EmailWorker), &hints).await;
    assert_eq!(claimed.len(), table.len() * Purpose::ALL.len());
    for touch in claimed {
        let n = people.iter().position(|id| *id == touch.contact.id).unwrap();
        let plan = deployment.operator.plan_version(touch.plan_version).await.unwrap().plan;
        let (covers, reason) = table[n];
        assert_eq!(
            touch.suppressed_by.is_some(),
            stops(covers, reason, plan.purpose),
            "{covers:?}, {reason}, {}",
            plan.purpose
        );
    }
}

#[tokio::test]
async fn what_stops_everything_is_not_about_one_topic() {
    let deployment = Deployment::create().await;
    let people = people(&deployment, 1).await;
    let target = target(&deployment, 0, people[0], Covers::SameTopic);
    let refused = deployment
        .operator
        .suppress(&entry(target, SuppressionReason::HardBounce), Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(refused.constraint(), Some("suppression_events_topic_reason"));
}

/// Entries and flags, as text that two states can be compared by.
async fn list(db: &mut PgConnection) -> (Vec<String>, Vec<String>) {
    let entries = "SELECT (s.event_id, scope, address_key, channel, topic, reason, origin,
                           expires_at)::text FROM suppressions s ORDER BY event_id";
    let flags = "SELECT (address_key, channel, channel_event, person_event, domain_event,
                         every_event, topic_events)::text FROM address_states ORDER BY 1";
    (
        sqlx::query_scalar(entries).fetch_all(&mut *db).await.unwrap(),
        sqlx::query_scalar(flags).fetch_all(&mut *db).await.unwrap(),
    )
}

#[tokio::test]
async fn entries_and_flags_can_be_made_again_from_the_events() {
    let deployment = Deployment::create().await;
    let people = people(&deployment, 12).await;
    let compliance = deployment.connect(Role::Compliance);
    let reasons = [
        SuppressionReason::OneClick,
        SuppressionReason::HardBounce,
        SuppressionReason::SoftBounceLimit,
        SuppressionReason::NationalDnc,
    ];
    for (n, contact) in people.iter().enumerate() {
        for (turn, reason) in reasons.iter().enumerate() {
            for covers in &ALL[..3] {
                let target = target(&deployment, n, *contact, *covers);
                for _ in 0..=(n + turn) % 2 {
                    let entry = entry(target, *reason);
                    deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
                }
            }
        }
        let topic = target(&deployment, n, *contact, Covers::SameTopic);
        let entry = entry(topic, SuppressionReason::PreferencePage);
        deployment.operator.suppress(&entry, Duration::ZERO).await.unwrap();
        let lifted = target(&deployment, n, *contact, ALL[n % 4]);
        assert!(compliance.lift(&lifting(lifted, "officer")).await.unwrap().lifted > 0);
    }
    let far = crate::now() + chrono::TimeDelta::days(91);
    let scheduler = deployment.connect(Role::Scheduler);
    assert_eq!(scheduler.expire_entries(far, 5, "scheduler").await.unwrap(), 5);
    let mut db = PgConnection::connect(deployment.url()).await.unwrap();
    let before = list(&mut db).await;
    sqlx::query("SELECT rebuild_suppressions()").execute(&mut db).await.unwrap();
    let after = list(&mut db).await;
    assert_eq!(after, before);
    // Not merely left alone.
    sqlx::query("UPDATE address_states SET channel_event = NULL, every_event = NULL")
        .execute(&mut db)
        .await
        .unwrap();
    sqlx::query("SELECT rebuild_suppressions()").execute(&mut db).await.unwrap();
    assert_eq!(list(&mut db).await, before);
}
