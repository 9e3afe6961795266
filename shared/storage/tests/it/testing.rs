//! Tests people send to themselves: taken up once, kept for a month, gone with the person they show.

use std::time::Duration;

use domain::access::UserRole;
use domain::retention::{Kept, Period, Schedule};
use domain::test_send::TestState;
use domain::{ContactId, Locale, Medium, TestSendId, UserId};
use storage::test_sends::{NewTest, TestSend};
use storage::users::NewUser;
use storage::{Database, Role};
use templates::{Compiled, Partials};
use testkit::fixture::{Deployment, template};

const LEASE: Duration = Duration::from_secs(60);
const NONE: Duration = Duration::ZERO;

struct Desk {
    deployment: Deployment,
    console: Database,
    worker: Database,
    user: UserId,
}

impl Desk {
    async fn open() -> Self {
        let deployment = Deployment::create().await;
        let (console, worker) =
            (deployment.connect(Role::Console), deployment.connect(Role::EmailWorker));
        let user = user(&console, "maya@palm-realty.ae").await;
        Self { deployment, console, worker, user }
    }

    async fn ask(&self, contact: Option<ContactId>, most: u32) -> Option<TestSendId> {
        let compiled = compiled(Medium::Email);
        let (user, locale) = (self.user, Locale::En);
        let new =
            NewTest { user, actor: "maya", compiled: &compiled, version: Some(3), contact, locale };
        self.console.ask_test(&new, most).await.unwrap()
    }

    async fn take(&self, lease: Duration, within: Duration) -> Option<TestSendId> {
        let due = self.worker.take_test("w1", lease, Medium::Email, within).await.unwrap();
        due.map(|due| due.id)
    }

    async fn rows(&self) -> Vec<TestSend> {
        self.console.tests_of(self.user, "note").await.unwrap()
    }

    async fn states(&self) -> Vec<TestState> {
        self.rows().await.iter().map(|row| row.state).collect()
    }
}

async fn user(console: &Database, email: &str) -> UserId {
    let new = NewUser {
        email: email.to_owned(),
        full_name: "Maya".to_owned(),
        roles: vec![UserRole::Marketer],
        agent_email: None,
        locale: Locale::En,
        actor: "test".to_owned(),
    };
    console.add_user(&new).await.unwrap().unwrap()
}

fn compiled(medium: Medium) -> Compiled {
    templates::compile(&template(medium), &Partials::new()).unwrap()
}

#[tokio::test]
async fn a_test_is_taken_up_once_and_its_end_is_noted_by_whoever_has_it() {
    let desk = Desk::open().await;
    let id = desk.ask(None, 20).await.unwrap();
    let other = desk.worker.take_test("w1", LEASE, Medium::Sms, LEASE).await.unwrap();
    assert!(other.is_none(), "it is for email");
    let due = desk.worker.take_test("w1", LEASE, Medium::Email, LEASE).await.unwrap().unwrap();
    assert_eq!((due.id, due.user.email.as_str()), (id, "maya@palm-realty.ae"));
    assert_eq!(due.compiled, compiled(Medium::Email));
    assert_eq!(desk.take(LEASE, LEASE).await, None, "somebody has it");
    let (sent, again) = (TestState::Sent, TestState::Waiting);
    desk.worker.end_test(id, "w2", sent, Some("250 ok"), NONE).await.unwrap();
    assert_eq!(desk.states().await, [TestState::Sending], "w2 has it not");
    // There was no place: it waits, and is taken up again after a while.
    desk.worker.end_test(id, "w1", again, None, NONE).await.unwrap();
    assert_eq!(desk.take(LEASE, LEASE).await, Some(id));
    desk.worker.end_test(id, "w1", sent, Some("250 ok"), NONE).await.unwrap();
    let rows = desk.rows().await;
    assert_eq!((rows[0].state, rows[0].answer.as_deref()), (sent, Some("250 ok")));
    assert_eq!(rows[0].version, Some(3));
    assert_eq!(desk.take(LEASE, LEASE).await, None);
}

#[tokio::test]
async fn one_whose_worker_died_is_in_doubt_and_never_taken_up_again() {
    let desk = Desk::open().await;
    desk.ask(None, 20).await.unwrap();
    // The lease of a process that is gone.
    assert!(desk.take(NONE, LEASE).await.is_some());
    let next = desk.ask(None, 20).await;
    assert_eq!(desk.take(LEASE, LEASE).await, next, "what waits behind it is not kept");
    assert_eq!(desk.states().await, [TestState::Sending, TestState::Doubt]);
}

#[tokio::test]
async fn one_that_nobody_took_up_in_time_is_not_sent() {
    let desk = Desk::open().await;
    desk.ask(None, 20).await.unwrap();
    assert_eq!(desk.take(LEASE, NONE).await, None);
    assert_eq!(desk.states().await, [TestState::Late]);
}

#[tokio::test]
async fn many_at_once_are_counted_one_after_the_other() {
    let desk = Desk::open().await;
    let mut asked = tokio::task::JoinSet::new();
    let desk = std::sync::Arc::new(desk);
    for _ in 0..12 {
        let desk = std::sync::Arc::clone(&desk);
        asked.spawn(async move { desk.ask(None, 5).await });
    }
    assert_eq!(asked.join_all().await.into_iter().flatten().count(), 5);
    let other = user(&desk.console, "omar@palm-realty.ae").await;
    let compiled = compiled(Medium::Email);
    let new = NewTest {
        user: other,
        actor: "omar",
        compiled: &compiled,
        version: None,
        contact: None,
        locale: Locale::En,
    };
    let asked = desk.console.ask_test(&new, 5).await.unwrap();
    assert!(asked.is_some(), "each is counted alone");
}

#[tokio::test]
async fn it_goes_after_a_month_and_is_known_to_whoever_asks_what_is_known_of_a_person() {
    let desk = Desk::open().await;
    let people = desk.deployment.people(1).await;
    desk.ask(Some(people[0]), 20).await.unwrap();
    let compliance = desk.deployment.connect(Role::Compliance);
    let dossier = compliance.read_person(people[0], "test", "a request").await.unwrap();
    assert!(format!("{dossier:?}").contains("test_sends"), "{dossier:?}");
    let period = Period {
        what: Kept::Tests,
        country: None,
        months: 1,
        source: "test".to_owned(),
        evidence: Vec::new(),
        verified: String::new(),
    };
    let schedule = Schedule { keep: vec![period] };
    for (days, over) in [(20, 0), (40, 1)] {
        let at = crate::now() + chrono::TimeDelta::days(days);
        let retired = compliance.retire(&schedule, at, false).await.unwrap();
        assert_eq!(retired.tests, over, "after {days} days");
    }
    assert!(desk.rows().await.is_empty());
}

#[tokio::test]
async fn workers_ask_for_none_and_the_console_ends_none() {
    let desk = Desk::open().await;
    let id = desk.ask(None, 20).await.unwrap();
    let compiled = compiled(Medium::Email);
    let (user, locale) = (desk.user, Locale::En);
    let new =
        NewTest { user, actor: "w", compiled: &compiled, version: None, contact: None, locale };
    desk.worker.ask_test(&new, 20).await.unwrap_err();
    desk.console.end_test(id, "w1", TestState::Sent, None, NONE).await.unwrap_err();
}
