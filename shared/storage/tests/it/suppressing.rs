//! The list: what it stops, and what it says.

use std::time::Duration;

use domain::suppression::{Origin, Scope, SuppressionReason};
use domain::{AddressKind, Channel, ContactChannel, TouchState};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::Role;
use storage::contacts::{domain_key, person_key};
use storage::suppressions::{Asked, ListRow, NewSuppression, Target};
use testkit::fixture::{Deployment, person};

use crate::lifting::lifting;
use crate::{claim, make_due, monday, noon, sent};

fn entry(target: Target) -> NewSuppression {
    NewSuppression {
        target,
        reason: SuppressionReason::StaffEntry,
        origin: Origin::Staff,
        actor: "officer".to_owned(),
        evidence: None,
        touch: None,
        received_at: None,
    }
}

fn email_of(deployment: &Deployment, n: usize) -> Target {
    let key = deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com"));
    Target::Address { key, channel: ContactChannel::Email, domain: None }
}

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_suppressed_address_is_blocked_with_the_entry_that_says_so() {
    let deployment = Deployment::with_one_step(Channel::Email, 2, monday()).await;
    let answer =
        deployment.operator.suppress(&entry(email_of(&deployment, 0)), PATIENCE).await.unwrap();
    assert!(answer.in_flight.is_empty());
    let hints = make_due(&deployment).await;
    let claimed = claim(&deployment.connect(Role::EmailWorker), &hints).await;
    let blocked: Vec<_> = claimed.iter().filter(|t| t.suppressed_by.is_some()).collect();
    assert_eq!((claimed.len(), blocked.len()), (2, 1));
    assert_eq!(blocked[0].suppressed_by, Some(answer.event));
    let touch = deployment.operator.touch(blocked[0].id).await.unwrap().unwrap();
    assert_eq!(touch.state, TouchState::Blocked);
    assert!(touch.reason.unwrap().contains(&answer.event.to_string()));
    assert_eq!(deployment.operator.story(touch.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_is_being_written_to_right_now_is_named() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let claimed = claim(&worker, &hints).await;
    let target = email_of(&deployment, 0);
    let short = Duration::from_millis(30);
    let answer = deployment.operator.suppress(&entry(target), short).await.unwrap();
    assert_eq!(answer.in_flight, vec![claimed[0].id]);
    // With patience the call returns clear as soon as the outcome is recorded.
    let operator = deployment.operator.clone();
    let waiting =
        tokio::spawn(async move { operator.suppress(&entry(target), PATIENCE).await.unwrap() });
    worker.record(&[sent(&claimed[0])], "w1").await.unwrap();
    assert!(waiting.await.unwrap().in_flight.is_empty());
}

#[tokio::test]
async fn a_claim_that_began_before_the_entry_sees_it_on_the_locked_row() {
    // The interleaving of pipeline.md §0.1: the claim's snapshot is older than the entry, and it
    // reaches the row only after the entry's commit. SKIP LOCKED leaves the row alone meanwhile, so
    // that either order ends without a send.
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    let operator = deployment.operator.clone();
    let target = email_of(&deployment, 0);
    let (claimed, answer) = tokio::join!(claim(&worker, &hints), async {
        operator.suppress(&entry(target), Duration::from_millis(50)).await.unwrap()
    });
    let sending = claimed.iter().filter(|touch| touch.suppressed_by.is_none()).count();
    assert_eq!(sending, answer.in_flight.len(), "a touch that is sent is named, and only then");
}

#[tokio::test]
async fn a_person_is_covered_on_every_channel_and_at_every_later_address() {
    let deployment = Deployment::create().await;
    let people = deployment.people(1).await;
    let keyer = &deployment.keyer;
    let target = Target::Person(person_key(keyer, people[0]));
    deployment.operator.suppress(&entry(target), PATIENCE).await.unwrap();
    let mut again = person(0);
    again.addresses[0].value = "new@example.com".to_owned();
    again.addresses[0].normalised = "new@example.com".to_owned();
    deployment.operator.import_contacts(keyer, &[again]).await.unwrap();
    deployment.store_plan(&testkit::fixture::one_step(Channel::Email)).await;
    deployment.enrol("one-step", &people, monday()).await;
    let hints = make_due(&deployment).await;
    let claimed = claim(&deployment.connect(Role::EmailWorker), &hints).await;
    assert_eq!(claimed[0].address.as_deref(), Some("new@example.com"));
    assert!(claimed[0].suppressed_by.is_some());
}

#[tokio::test]
async fn a_domain_covers_its_addresses_now_and_later() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let target = Target::Domain(domain_key(&deployment.keyer, "example.com"));
    deployment.operator.suppress(&entry(target), PATIENCE).await.unwrap();
    let later = deployment.operator.import_contacts(&deployment.keyer, &[person(7)]).await.unwrap();
    assert_eq!(later.len(), 1);
    deployment.enrol("one-step", &deployment.people(8).await, monday()).await;
    let hints = make_due(&deployment).await;
    let claimed = claim(&deployment.connect(Role::EmailWorker), &hints).await;
    assert_eq!(claimed.len(), 8);
    assert!(claimed.iter().all(|touch| touch.suppressed_by.is_some()));
}

#[tokio::test]
async fn lifting_one_entry_leaves_the_others_in_force() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let operator = &deployment.operator;
    let address = email_of(&deployment, 0);
    let domain = Target::Domain(domain_key(&deployment.keyer, "example.com"));
    operator.suppress(&entry(address), PATIENCE).await.unwrap();
    operator.suppress(&entry(domain), PATIENCE).await.unwrap();
    let compliance = deployment.connect(Role::Compliance);
    let lifted = async |target| compliance.lift(&lifting(target, "officer")).await.unwrap().lifted;
    assert_eq!(lifted(address).await, 1);
    assert_eq!(lifted(address).await, 0);
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    assert!(claim(&worker, &hints).await[0].suppressed_by.is_some());
    assert_eq!(lifted(domain).await, 1);
    deployment.enrol("one-step", &deployment.people(1).await, monday()).await;
    assert!(
        operator
            .entries(&[deployment.keyer.key(AddressKind::Email, "p0@example.com")])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn importing_a_list_twice_adds_nothing_the_second_time() {
    let deployment = Deployment::create().await;
    let rows: Vec<ListRow> = (0..500)
        .map(|n| ListRow {
            key: deployment.keyer.key(AddressKind::Phone, &format!("+97150{n:07}")),
            channel: ContactChannel::Sms,
            domain: None,
        })
        .collect();
    let reason = SuppressionReason::StaffEntry;
    for expected in [500, 0] {
        let added = deployment
            .operator
            .import_list(&rows, reason, Origin::Staff, "officer", "list of June")
            .await
            .unwrap();
        assert_eq!(added, expected);
    }
    assert!(deployment.operator.drain_list(PATIENCE).await.unwrap().is_empty());
    assert_eq!(deployment.operator.newest_entries(1000).await.unwrap().len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_flags_addresses_that_contacts_get_at_the_same_moment() {
    let deployment = Deployment::create().await;
    let rows: Vec<ListRow> = (0..3)
        .map(|n| ListRow {
            key: deployment.keyer.key(AddressKind::Email, &format!("late{n}@example.com")),
            channel: ContactChannel::Email,
            domain: None,
        })
        .collect();
    // The second is there and the third is on its way, unseen by a statement that begins now.
    let store = |row: &ListRow| {
        let key = row.key.to_hex();
        format!(
            "INSERT INTO address_states (address_key, channel)
             VALUES (decode('{key}', 'hex'), 'email')"
        )
    };
    deployment.tamper(&store(&rows[1])).await;
    let mut contacts = PgConnection::connect(deployment.url()).await.unwrap();
    let begin = format!("BEGIN; {}", store(&rows[2]));
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut contacts).await.unwrap();
    let (database, list) = (deployment.operator.clone(), rows.clone());
    let importing = tokio::spawn(async move {
        let reason = SuppressionReason::StaffEntry;
        database.import_list(&list, reason, Origin::Staff, "officer", "list of June").await
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted
                      AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
    let mut other = PgConnection::connect(deployment.url()).await.unwrap();
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut other).await.unwrap() == 0 {
        assert!(!importing.is_finished(), "it waits for the address on its way");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sqlx::raw_sql("COMMIT").execute(&mut contacts).await.unwrap();
    assert_eq!(importing.await.unwrap().unwrap(), 3);
    for row in &rows {
        assert_eq!(deployment.operator.entries(&[row.key]).await.unwrap().len(), 1);
    }
    let flagged = "SELECT count(*) FROM address_states WHERE channel_event IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(flagged).fetch_one(&mut other).await.unwrap(), 3);
}

#[tokio::test]
async fn nothing_is_claimed_while_the_list_cannot_be_read() {
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday()).await;
    let hints = make_due(&deployment).await;
    let worker = deployment.connect(Role::EmailWorker);
    worker.close().await;
    let error = worker.claim(&hints, "w1", PATIENCE, noon()).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[tokio::test]
async fn an_address_answers_with_the_entries_of_its_own_its_domain_and_its_people() {
    let deployment = Deployment::create().await;
    let person = deployment.people(3).await[0];
    let key = |n: usize| deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com"));
    let domain = domain_key(&deployment.keyer, "example.com");
    for target in [
        Target::Person(person_key(&deployment.keyer, person)),
        Target::Address { key: key(1), channel: ContactChannel::Email, domain: None },
    ] {
        deployment.operator.suppress(&entry(target), PATIENCE).await.unwrap();
    }
    let asked = [0, 1, 2, 0].map(|n| Asked { key: key(n), domain: Some(domain) });
    let scopes = async || -> Vec<Vec<Scope>> {
        let found = deployment.operator.entries_against(&asked).await.unwrap();
        found.iter().map(|entries| entries.iter().map(|entry| entry.scope).collect()).collect()
    };
    assert_eq!(
        scopes().await,
        [vec![Scope::Person], vec![Scope::Channel], vec![], vec![Scope::Person]]
    );
    deployment.operator.suppress(&entry(Target::Domain(domain)), PATIENCE).await.unwrap();
    let with_domain = |own: Vec<Scope>| [own, vec![Scope::Domain]].concat();
    let person = with_domain(vec![Scope::Person]);
    let expected = [person.clone(), with_domain(vec![Scope::Channel]), with_domain(vec![]), person];
    assert_eq!(scopes().await, expected);
}
