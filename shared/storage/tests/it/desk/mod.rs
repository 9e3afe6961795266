//! Touches that wait for a person, and what people decide about them.

mod failures;
mod races;
mod waiting;

use chrono::{DateTime, Utc};
use domain::desk::Resolution;
use domain::{Channel, TouchId, TouchState};
use messages::Hint;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::claims::ClaimedTouch;
use storage::desk::{Decision, DeskFilter, Resolved};
use storage::outcomes::AttemptRecord;
use storage::sweep::UnknownPolicy;
use storage::{Database, Role};
use testkit::fixture::Deployment;

use crate::{claim, make_due, monday, noon, sent};

/// Touches that were claimed by a worker, one per person.
pub(crate) struct Scene {
    pub(crate) deployment: Deployment,
    pub(crate) worker: Database,
    pub(crate) claimed: Vec<ClaimedTouch>,
}

impl Scene {
    pub(crate) async fn new(channel: Channel, people: usize) -> Self {
        let deployment = Deployment::with_one_step(channel, people, monday()).await;
        let hints = make_due(&deployment).await;
        let role = if channel == Channel::Call { Role::CallWorker } else { Role::EmailWorker };
        let worker = deployment.connect(role);
        let mut claimed = claim(&worker, &hints).await;
        assert_eq!(claimed.len(), people);
        claimed.sort_by_key(|touch| touch.id);
        Self { deployment, worker, claimed }
    }

    pub(crate) fn operator(&self) -> &Database {
        &self.deployment.operator
    }

    /// Records how the attempt at a touch ended.
    pub(crate) async fn end(&self, touch: usize, state: TouchState, reason: &str) {
        let record = ended(&self.claimed[touch], state, reason);
        self.worker.record(&[record], "w1").await.unwrap();
    }

    /// Lets the lease of what is in hand be over, and the sweep hold it.
    pub(crate) async fn die(&self) {
        self.run("UPDATE inflight SET lease_until = '-infinity'").await;
        let (scheduler, hold) = (self.deployment.connect(Role::Scheduler), UnknownPolicy::Hold);
        scheduler.settle_expired(100, hold, hold, noon(), "s1").await.unwrap();
    }

    /// Makes what is scheduled due, and claims it again.
    pub(crate) async fn claim_again(&self) -> Vec<ClaimedTouch> {
        let hints = make_due(&self.deployment).await;
        claim(&self.worker, &hints).await
    }

    pub(crate) async fn state(&self, touch: usize) -> TouchState {
        self.touch(touch).await.state
    }

    pub(crate) async fn touch(&self, touch: usize) -> storage::touches::Touch {
        self.operator().touch(self.claimed[touch].id).await.unwrap().unwrap()
    }

    pub(crate) async fn resolve(&self, resolution: Resolution, filter: &DeskFilter) -> Resolved {
        resolve(self.operator(), resolution, filter).await.unwrap()
    }

    /// How many touches stand on the desk.
    pub(crate) async fn waiting(&self) -> usize {
        self.operator().desk_touches(&DeskFilter::default(), None, 100).await.unwrap().len()
    }

    pub(crate) async fn run(&self, sql: impl Into<String>) {
        let mut owner = self.owner().await;
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut owner).await.unwrap();
    }

    pub(crate) async fn count(&self, from: &str) -> i64 {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {from}"));
        sqlx::query_scalar(sql).fetch_one(&mut self.owner().await).await.unwrap()
    }

    pub(crate) async fn owner(&self) -> PgConnection {
        PgConnection::connect(self.deployment.url()).await.unwrap()
    }
}

pub(crate) async fn resolve(
    database: &Database,
    resolution: Resolution,
    filter: &DeskFilter,
) -> Result<Resolved, storage::StorageError> {
    let now: DateTime<Utc> = noon();
    let decision = Decision { resolution, actor: "Lina", why: "the relay is back", now, most: 100 };
    database.resolve_touches(filter, &decision).await
}

pub(crate) fn ended(touch: &ClaimedTouch, state: TouchState, reason: &str) -> AttemptRecord {
    let reason = (!reason.is_empty()).then(|| reason.parse().unwrap());
    AttemptRecord { state, reason, provider_ref: None, ..sent(touch) }
}

pub(crate) fn named(touches: impl IntoIterator<Item = TouchId>) -> DeskFilter {
    DeskFilter { touches: touches.into_iter().collect(), ..DeskFilter::default() }
}

pub(crate) fn hint(touch: &ClaimedTouch, epoch: i32) -> Hint {
    let month = chrono::Datelike::month(&touch.due_month);
    let year = chrono::Datelike::year(&touch.due_month);
    let month = messages::Month::new(year, u8::try_from(month).unwrap()).unwrap();
    Hint { touch_id: touch.id.as_uuid(), due_month: month, epoch }
}
