//! What the gate asks besides the list: sends, reservations, pauses, relationships.

use chrono::TimeDelta;
use domain::pause::PauseScope;
use domain::relationship::{CallPurpose, Listing, RelationshipKind};
use domain::suppression::Purpose;
use domain::{Channel, ContactChannel, TouchState};
use storage::Role;
use storage::outcomes::AttemptRecord;
use storage::pauses::NewPause;
use storage::relationships::NewListing;
use storage::sweep::UnknownPolicy;
use testkit::fixture::{self, Deployment};

use crate::{claim, in_minutes, make_due, monday, noon, sent};

#[tokio::test]
async fn a_claimed_touch_is_in_hand_for_others_until_it_is_a_send() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let hints = make_due(&deployment).await;
    let (one, other) = (deployment.connect(Role::EmailWorker), deployment.connect(Role::SmsWorker));
    let claimed = claim(&one, &hints[..1]).await;
    let contact = claimed[0].contact.id;
    let since = noon() - TimeDelta::days(7);
    let facts = other.gate_facts(&[contact], since, noon()).await.unwrap();
    let in_hand = &facts.of(contact).in_hand;
    assert_eq!((in_hand.len(), in_hand[0].touch), (1, claimed[0].id));
    assert!(facts.of(contact).sends.is_empty());
    one.record(&[sent(&claimed[0])], "w1").await.unwrap();
    // Repeated after a lost answer: still one send.
    one.record(&[sent(&claimed[0])], "w1").await.unwrap();
    let facts = other.gate_facts(&[contact], since, noon()).await.unwrap();
    let sends = &facts.of(contact).sends;
    assert!(facts.of(contact).in_hand.is_empty());
    assert_eq!((sends.len(), sends[0].touch, sends[0].at), (1, claimed[0].id, noon()));
    assert_eq!((sends[0].channel, sends[0].topic.as_str()), (ContactChannel::Email, "general"));
    let later = other.gate_facts(&[contact], noon(), noon()).await.unwrap();
    assert!(later.of(contact).sends.is_empty(), "older than asked for");
}

#[tokio::test]
async fn what_did_not_go_out_is_no_send_and_what_is_in_doubt_is_one() {
    let deployment = Deployment::with_one_step(Channel::Email, 3, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    let later = Some(in_minutes(5));
    let wait = AttemptRecord { state: TouchState::Scheduled, next_due: later, ..sent(&claimed[0]) };
    let doubt = AttemptRecord { state: TouchState::Unknown, ..sent(&claimed[1]) };
    worker.record(&[wait, doubt], "w1").await.unwrap();
    // The third worker dies; the sweep comes after its lease.
    expire_leases(&deployment).await;
    let scheduler = deployment.connect(Role::Scheduler);
    let hold = UnknownPolicy::Hold;
    scheduler.settle_expired(10, hold, hold, in_minutes(9), "s1").await.unwrap();
    let contacts: Vec<_> = claimed.iter().map(|touch| touch.contact.id).collect();
    let since = noon() - TimeDelta::days(7);
    let facts = worker.gate_facts(&contacts, since, noon()).await.unwrap();
    let sends: Vec<usize> = contacts.iter().map(|id| facts.of(*id).sends.len()).collect();
    assert_eq!(sends, [0, 1, 1]);
    assert!(contacts.iter().all(|id| facts.of(*id).in_hand.is_empty()));
}

#[tokio::test]
async fn transactional_touches_are_neither_counted_nor_in_the_way() {
    let deployment = Deployment::create().await;
    let mut plan = fixture::one_step(Channel::Email);
    plan.purpose = Purpose::Transactional;
    deployment.store_plan(&plan).await;
    let people = deployment.people(1).await;
    deployment.enrol("one-step", &people, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    assert_eq!(claimed[0].purpose, Purpose::Transactional);
    let since = noon() - TimeDelta::days(7);
    let facts = worker.gate_facts(&people, since, noon()).await.unwrap();
    assert!(facts.of(people[0]).in_hand.is_empty());
    worker.record(&[sent(&claimed[0])], "w1").await.unwrap();
    let facts = worker.gate_facts(&people, since, noon()).await.unwrap();
    assert!(facts.of(people[0]).sends.is_empty());
}

#[tokio::test]
async fn old_sends_are_forgotten_and_refusals_are_not() {
    let deployment = Deployment::with_one_step(Channel::Email, 3, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    let records: Vec<_> = claimed.iter().map(sent).collect();
    worker.record(&records, "w1").await.unwrap();
    let (refuser, call) = (claimed[0].contact.id, claimed[0].id);
    assert!(deployment.operator.note_call(refuser, call, true, true).await.unwrap());
    let scheduler = deployment.connect(Role::Scheduler);
    assert_eq!(scheduler.forget_sends(noon(), 10).await.unwrap(), 0);
    assert_eq!(scheduler.forget_sends(in_minutes(1), 1).await.unwrap(), 1);
    assert_eq!(scheduler.forget_sends(in_minutes(1), 10).await.unwrap(), 1);
    let contact = claimed[0].contact.id;
    let forgotten = claimed[1].contact.id;
    let both = [contact, forgotten];
    let facts = worker.gate_facts(&both, in_minutes(1), in_minutes(1)).await.unwrap();
    assert!(facts.of(contact).sends[0].refused, "read however old it is");
    // Whether a message is the first is a matter of all time.
    let (next, email) = (domain::TouchId::new(), ContactChannel::Email);
    assert!(facts.of(forgotten).sends.is_empty());
    assert!(!facts.of(forgotten).is_first(next, email));
    assert!(facts.of(forgotten).is_first(next, ContactChannel::Sms));
    let old = worker.gate_facts(&[claimed[2].contact.id], noon(), noon()).await.unwrap();
    assert!(!old.of(claimed[2].contact.id).is_first(next, email));
}

#[tokio::test]
async fn a_pause_is_open_once_until_a_person_lifts_it() {
    let deployment = Deployment::create().await;
    let pause = NewPause {
        scope: PauseScope::Plan,
        key: "8x8".to_owned(),
        since: noon(),
        reason: "5.2 % of 400 bounced".to_owned(),
        evidence: serde_json::json!({"sent": 400, "bounced": 21}),
    };
    let scheduler = deployment.connect(Role::Scheduler);
    let id = scheduler.pause(&pause).await.unwrap().unwrap();
    assert_eq!(scheduler.pause(&pause).await.unwrap(), None, "it is open already");
    let other = NewPause { scope: PauseScope::Everything, key: String::new(), ..pause.clone() };
    deployment.operator.pause(&other).await.unwrap().unwrap();
    let wrong = NewPause { scope: PauseScope::Everything, ..pause.clone() };
    assert!(deployment.operator.pause(&wrong).await.is_err(), "everything has no key");
    let worker = deployment.connect(Role::EmailWorker);
    let seen = worker.gate_facts(&[], noon(), noon()).await.unwrap().pauses;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().any(|pause| pause.id == id && pause.key == "8x8"));
    assert!(deployment.operator.lift_pause(id, "lina", "list cleaned", noon()).await.unwrap());
    assert!(!deployment.operator.lift_pause(id, "lina", "again", noon()).await.unwrap());
    let open = deployment.operator.open_pauses().await.unwrap();
    assert_eq!((open.len(), open[0].pause.scope), (1, PauseScope::Everything));
    assert_eq!(open[0].evidence["bounced"], 21);
    assert!(scheduler.pause(&pause).await.unwrap().is_some(), "it may open anew");
    assert!(worker.lift_pause(id, "w", "x", noon()).await.is_err(), "workers lift nothing");
}

#[tokio::test]
async fn relationships_and_listings_are_appended_and_the_newest_listing_counts() {
    let deployment = Deployment::create().await;
    let people = deployment.people(2).await;
    let operator = &deployment.operator;
    let kind = RelationshipKind::Inquiry;
    operator.add_relationship(people[0], kind, monday(), "web form 17", "lina").await.unwrap();
    assert!(operator.add_relationship(people[0], kind, monday(), "", "lina").await.is_err());
    let listing = |listing, purpose, buyer| NewListing {
        listing,
        purpose,
        buyer,
        evidence: "portal".to_owned(),
        actor: "lina".to_owned(),
    };
    let owner_sells = Some(Listing::ForSaleByOwner);
    let solicit = listing(owner_sells, CallPurpose::SolicitListing, None);
    operator.add_listing(people[0], &solicit).await.unwrap();
    let buyer = listing(owner_sells, CallPurpose::BuyerRepresentation, Some(people[1]));
    let newest = operator.add_listing(people[0], &buyer).await.unwrap();
    let wrong = listing(owner_sells, CallPurpose::FollowUp, Some(people[1]));
    assert!(operator.add_listing(people[0], &wrong).await.is_err());
    let worker = deployment.connect(Role::CallWorker);
    let facts = worker.gate_facts(&people, noon(), noon()).await.unwrap();
    let known = facts.of(people[0]);
    assert_eq!((known.relationships.len(), known.relationships[0].what), (1, kind));
    let counts = known.listing.unwrap();
    assert_eq!((counts.id, counts.buyer), (newest, Some(people[1])));
    assert!(facts.of(people[1]).listing.is_none());
    assert_eq!(operator.listings(people[0]).await.unwrap().len(), 2);
    assert_eq!(operator.relationships(people[0]).await.unwrap()[0].evidence, "web form 17");
    let mut db = self::owner(&deployment).await;
    for sql in ["UPDATE relationships SET evidence = 'x'", "DELETE FROM contact_listings"] {
        assert!(sqlx::query(sql).execute(&mut db).await.is_err(), "{sql}");
    }
}

async fn owner(deployment: &Deployment) -> sqlx::PgConnection {
    <sqlx::PgConnection as sqlx::Connection>::connect(deployment.url()).await.unwrap()
}

async fn expire_leases(deployment: &Deployment) {
    let past = "UPDATE inflight SET lease_until = clock_timestamp() - interval '1 minute'";
    sqlx::query(past).execute(&mut owner(deployment).await).await.unwrap();
}
