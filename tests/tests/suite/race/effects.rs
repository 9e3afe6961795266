//! What an entry does within seconds: the scheduler cancels what it covers, plans on, and closes
//! tasks (compliance.md SUP-19).

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, InProcessBroker, Limits};
use domain::plan::Repeat;
use domain::suppression::{Origin, SuppressionReason};
use domain::{
    AddressKind, Channel, ContactChannel, ContactId, EnrolmentState, Plan, TaskId, TouchState,
};
use storage::Role;
use storage::contacts::person_key;
use storage::outcomes::{AttemptRecord, NewTask};
use storage::suppressions::{ListRow, NewSuppression, Target};
use storage::touches::TouchFilter;
use testkit::fixture::{Deployment, plan};

use super::{Crew, until};

/// People in a plan that begins tomorrow, and a scheduler at work.
struct Scene {
    deployment: Deployment,
    people: Vec<ContactId>,
    probe: sqlx::PgPool,
    crew: Crew,
}

impl Scene {
    async fn of(plan: &Plan) -> Self {
        Self::with(plan, 2).await
    }

    async fn with(plan: &Plan, people: usize) -> Self {
        let deployment = Deployment::create().await;
        deployment.store_plan(plan).await;
        let people = deployment.people(people).await;
        deployment.enrol(&plan.key, &people, "2026-06-01".parse().unwrap()).await;
        let probe = sqlx::PgPool::connect(deployment.url()).await.unwrap();
        let crew = Crew::at("2026-05-31T08:00:00Z".parse().unwrap());
        Self { deployment, people, probe, crew }
    }

    fn schedule(&self) {
        let broker: Arc<dyn Broker> = Arc::new(InProcessBroker::new(Limits::default()));
        self.crew.schedule(&self.deployment, &broker, 100);
    }

    async fn list(&self, target: Target) {
        let entry = NewSuppression {
            target,
            reason: SuppressionReason::OneClick,
            origin: Origin::Recipient,
            actor: "test".to_owned(),
            evidence: None,
            touch: None,
            received_at: None,
        };
        self.deployment.operator.suppress(&entry, Duration::from_secs(5)).await.unwrap();
    }

    fn address(&self, kind: AddressKind, normalised: &str, channel: ContactChannel) -> Target {
        let key = self.deployment.keyer.key(kind, normalised);
        Target::Address { key, channel, domain: None }
    }

    /// Waits until the entry's work is done, and checks that it took seconds.
    async fn settled(&self) {
        let began = std::time::Instant::now();
        until("the entry has its effects", async || {
            let left = "SELECT count(*) FROM list_effects";
            sqlx::query_scalar::<_, i64>(left).fetch_one(&self.probe).await.unwrap() == 0
        })
        .await;
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }

    /// The touches of person `n` by step, as channel and state.
    async fn touches(&self, n: usize) -> Vec<(Channel, TouchState)> {
        let filter = TouchFilter { contact: Some(self.people[n]), ..TouchFilter::default() };
        let touches = self.deployment.operator.touches(&filter, 500).await.unwrap();
        touches.iter().map(|touch| (touch.channel, touch.state)).collect()
    }

    async fn enrolment(&self, n: usize) -> EnrolmentState {
        self.deployment.operator.enrolments_of(self.people[n]).await.unwrap()[0].state
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_goes_on_with_its_next_step_on_another_channel() {
    use Channel::{Call, Email};
    let plan = plan("mixed", &[(1, Email), (2, Email), (4, Call), (5, Email)]);
    let scene = Scene::of(&plan).await;
    // The entry waits for a scheduler, however long there is none.
    scene.list(scene.address(AddressKind::Email, "p0@example.com", ContactChannel::Email)).await;
    scene.schedule();
    scene.settled().await;
    assert_eq!(
        scene.touches(0).await,
        [(Email, TouchState::Cancelled), (Call, TouchState::Scheduled)],
        "the second email is passed over"
    );
    assert_eq!(scene.enrolment(0).await, EnrolmentState::Active);
    assert_eq!(scene.touches(1).await, [(Email, TouchState::Scheduled)]);
    scene.crew.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_leaves_every_plan_and_a_domain_covers_its_people() {
    let scene = Scene::of(&plan("mails", &[(1, Channel::Email), (3, Channel::Call)])).await;
    scene.schedule();
    scene.list(Target::Person(person_key(&scene.deployment.keyer, scene.people[0]))).await;
    scene.settled().await;
    assert_eq!(scene.touches(0).await, [(Channel::Email, TouchState::Cancelled)]);
    assert_eq!(scene.enrolment(0).await, EnrolmentState::Stopped);
    let domain = storage::contacts::domain_key(&scene.deployment.keyer, "example.com");
    scene.list(Target::Domain(domain)).await;
    scene.settled().await;
    assert_eq!(
        scene.touches(1).await,
        [(Channel::Email, TouchState::Cancelled), (Channel::Call, TouchState::Scheduled)]
    );
    scene.crew.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yearly_plan_of_which_nothing_is_left_comes_to_an_end() {
    let steps = [(1, Channel::Email), (100, Channel::Email)];
    let plan = Plan { repeat: Repeat::Yearly, ..plan("yearly", &steps) };
    let scene = Scene::of(&plan).await;
    scene.schedule();
    scene.list(scene.address(AddressKind::Email, "p0@example.com", ContactChannel::Email)).await;
    scene.settled().await;
    assert_eq!(scene.enrolment(0).await, EnrolmentState::Stopped);
    assert_eq!(scene.touches(0).await, [(Channel::Email, TouchState::Cancelled)]);
    scene.crew.finish().await;
}

/// Every person of a plan of forty emails is put on the list by one import.
#[tokio::test(flavor = "multi_thread")]
async fn many_leave_a_plan_of_emails_with_one_touch_cancelled_each() {
    let people = 500;
    let steps: Vec<(u16, Channel)> = (1..=40).map(|day| (day, Channel::Email)).collect();
    let scene = Scene::with(&plan("mails", &steps), people).await;
    let row = |n: usize| ListRow {
        key: scene.deployment.keyer.key(AddressKind::Email, &format!("p{n}@example.com")),
        channel: ContactChannel::Email,
        domain: None,
    };
    let rows: Vec<ListRow> = (0..people).map(row).collect();
    let (reason, origin) = (SuppressionReason::StaffEntry, Origin::Staff);
    let operator = &scene.deployment.operator;
    assert_eq!(operator.import_list(&rows, reason, origin, "t", "file").await.unwrap(), 500);
    let began = std::time::Instant::now();
    scene.schedule();
    scene.settled().await;
    println!("{people} people left in {:?}", began.elapsed());
    let cancelled = "SELECT count(*) FROM touches WHERE state = 'cancelled'";
    let cancelled: i64 = sqlx::query_scalar(cancelled).fetch_one(&scene.probe).await.unwrap();
    assert_eq!(cancelled, people as i64, "one each");
    scene.crew.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_call_task_is_closed_with_the_reason() {
    let scene = Scene::of(&plan("calls", &[(1, Channel::Call)])).await;
    let now = "2026-06-01T08:30:00Z".parse().unwrap();
    let due = scene.deployment.connect(Role::Scheduler).claim_due(now, 10).await.unwrap();
    let hints = due.commit(&[], &[]).await.unwrap();
    let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
    let caller = scene.deployment.connect(Role::CallWorker);
    let claimed = caller.claim(&hints, "w1", Duration::from_secs(60), now).await.unwrap();
    let records: Vec<AttemptRecord> = claimed
        .iter()
        .map(|touch| AttemptRecord {
            touch: touch.id,
            due_month: touch.due_month,
            attempt: touch.attempt,
            state: TouchState::Sent,
            reason: None,
            provider_ref: None,
            decided_at: now,
            next_due: None,
            failed: false,
            template: None,
            detail: None,
            task: Some(NewTask {
                id: TaskId::new(),
                contact: touch.contact.id,
                owner: None,
                channel: Channel::Call,
                title: "Call".to_owned(),
                script: "Ask.".to_owned(),
                due_on: now.date_naive(),
                due_at: now,
            }),
        })
        .collect();
    caller.record_with_tasks(&records, "w1").await.unwrap();
    let operator = &scene.deployment.operator;
    let day = now.date_naive();
    assert_eq!(operator.open_tasks(day, None, 10).await.unwrap().len(), 2);
    scene.schedule();
    scene.list(scene.address(AddressKind::Phone, "+971500000000", ContactChannel::Call)).await;
    scene.settled().await;
    let open = operator.open_tasks(day, None, 10).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].contact, scene.people[1]);
    let closed = claimed.iter().find(|touch| touch.contact.id == scene.people[0]).unwrap();
    let reason = operator.task_closed(closed.id).await.unwrap().unwrap();
    assert!(reason.starts_with("suppressed: one_click, entry "), "{reason}");
    scene.crew.finish().await;
}
