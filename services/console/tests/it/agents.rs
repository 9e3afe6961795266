//! A team at work: two agents with contacts of their own, and tasks that are due.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::access::UserRole;
use domain::contact::Level;
use domain::{Channel, Clock, ContactId, Locale, TaskId};
use storage::Role;
use storage::claims::ClaimedTouch;
use storage::contacts::{NewAgent, NewContact};
use storage::outcomes::{AttemptRecord, NewTask};
use testkit::fixture::{person, plan, template};

use crate::world::{Browser, World};

/// What must never come out as markup.
pub const PROBE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

/// The first agent; the second is OMAR.
pub const LAYLA: &str = "layla@palm.example";
pub const OMAR: &str = "omar@palm.example";

/// A world with two agents who can sign in.
pub struct Team {
    pub world: World,
    pub layla: Browser,
    pub omar: Browser,
}

pub fn now() -> DateTime<Utc> {
    Clock::system().now()
}

pub fn today() -> NaiveDate {
    now().date_naive()
}

impl Team {
    pub async fn start() -> Self {
        Self::of(World::with(&[("team.default_time_zone", "UTC")]).await).await
    }

    /// The same in a world of one's own.
    pub async fn of(world: World) -> Self {
        let agent = |email: &str| NewAgent {
            name: email.split('@').next().unwrap().to_owned(),
            email: email.to_owned(),
            phone: String::new(),
            locale: Locale::En,
            time_zone: Some("UTC".to_owned()),
        };
        world.deployment.operator.store_agents(&[agent(LAYLA), agent(OMAR)]).await.unwrap();
        let layla = world.user(LAYLA, &[UserRole::Agent]).await;
        let omar = world.user(OMAR, &[UserRole::Agent]).await;
        let (layla, omar) = (world.signed_in(layla).await, world.signed_in(omar).await);
        world.deployment.store_template(&template(domain::Medium::Call)).await;
        Self { world, layla, omar }
    }

    /// Contacts of an agent, from person number `from` on.
    pub async fn contacts(&self, owner: &str, from: usize, count: usize) -> Vec<ContactId> {
        let people: Vec<NewContact> = (from..from + count)
            .map(|n| NewContact { owner_email: Some(owner.to_owned()), ..person(n) })
            .collect();
        self.world.deployment.import(&people).await
    }

    /// A contact of an agent, with a level and whatever `with` changes.
    pub async fn contact(
        &self,
        owner: &str,
        n: usize,
        level: Level,
        with: impl FnOnce(&mut NewContact),
    ) -> ContactId {
        let mut contact = person(n);
        contact.owner_email = Some(owner.to_owned());
        contact.level = Some(level);
        with(&mut contact);
        self.world.deployment.import(&[contact]).await[0]
    }

    /// Lets a plan of one step come to its worker, who claims what the list leaves.
    pub async fn claim(
        &self,
        key: &str,
        channel: Channel,
        contacts: &[ContactId],
    ) -> (Role, Vec<ClaimedTouch>) {
        let deployment = &self.world.deployment;
        deployment.store_plan(&plan(key, &[(1, channel)])).await;
        let yesterday = today().checked_sub_days(Days::new(1)).unwrap();
        deployment.enrol(key, contacts, yesterday).await;
        let scheduler = deployment.connect(Role::Scheduler);
        let batch = scheduler.claim_due(now(), 1000).await.unwrap();
        let hints = batch.commit(&[], &[]).await.unwrap();
        let hints: Vec<_> = hints.into_iter().map(|outgoing| outgoing.hint).collect();
        let lease = std::time::Duration::from_secs(60);
        let role = match channel.medium() {
            domain::Medium::Call => Role::CallWorker,
            domain::Medium::Email => Role::EmailWorker,
            domain::Medium::Sms => Role::SmsWorker,
        };
        let worker = deployment.connect(role);
        (role, worker.claim(&hints, "w1", lease, now()).await.unwrap())
    }

    /// Tasks of these contacts, due on `day`, in the contacts' order.
    pub async fn tasks(
        &self,
        key: &str,
        channel: Channel,
        contacts: &[ContactId],
        day: NaiveDate,
    ) -> Vec<TaskId> {
        let (role, claimed) = self.claim(key, channel, contacts).await;
        let mut tasks = vec![TaskId::new(); contacts.len()];
        let mut records = Vec::new();
        for touch in claimed {
            let place = contacts.iter().position(|own| *own == touch.contact.id).unwrap();
            let task = NewTask {
                id: TaskId::new(),
                contact: touch.contact.id,
                owner: touch.owner.as_ref().map(|owner| owner.id),
                channel,
                title: format!("Reach {}", touch.contact.full_name),
                script: format!("Ask {} how the search is going.", touch.contact.first_name),
                due_on: day,
                due_at: touch.due_at,
            };
            tasks[place] = task.id;
            records.push(record(&touch, Some(task)));
        }
        let worker = self.world.deployment.connect(role);
        worker.record_with_tasks(&records, "w1").await.unwrap();
        tasks
    }

    /// The touch of a contact in a plan.
    pub async fn touch(&self, contact: ContactId, plan: &str) -> storage::touches::Touch {
        let filter = storage::touches::TouchFilter {
            contact: Some(contact),
            plan_key: Some(plan.to_owned()),
            ..Default::default()
        };
        self.world.database.touches(&filter, 1).await.unwrap().remove(0)
    }
}

/// The record of a touch that was handed over, or became a task.
pub fn record(touch: &ClaimedTouch, task: Option<NewTask>) -> AttemptRecord {
    AttemptRecord {
        touch: touch.id,
        due_month: touch.due_month,
        attempt: touch.attempt,
        state: domain::TouchState::Sent,
        reason: None,
        provider_ref: None,
        decided_at: now(),
        next_due: None,
        failed: false,
        template: None,
        detail: None,
        task,
    }
}

/// What was written stands on the page as text, and nowhere as markup.
pub fn is_text(body: &str) {
    for markup in ["<script>alert", "<img src=x", "\"'><"] {
        assert!(!body.contains(markup), "{body}");
    }
    assert!(body.contains("&#60;script&#62;alert(1)"), "{body}");
}

/// So many days from today.
pub fn in_days(days: i64) -> NaiveDate {
    today() + TimeDelta::days(days)
}
