//! What circuit breakers count, and the pauses they open.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::breaker::Figure;
use domain::pause::PauseScope;
use domain::{Channel, TouchId};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use storage::Role;
use storage::breakers::Counted;
use storage::pauses::NewPause;
use storage::touches::TouchFilter;
use testkit::fixture::Deployment;

use crate::{monday, noon, now};

const DOMAIN: &str = "palm.example";

/// A deployment whose histories are written by the test itself.
struct Bench {
    deployment: Deployment,
    owner: PgConnection,
    touches: Vec<TouchId>,
    /// Machine time some while ago; what the test writes is of a second of its own after it, round by
    /// round.
    start: DateTime<Utc>,
    round: i32,
}

impl Bench {
    async fn new(channel: Channel, people: usize) -> Self {
        let deployment = Deployment::with_one_step(channel, people, monday()).await;
        let touches = deployment.operator.touches(&TouchFilter::default(), 100).await.unwrap();
        let owner = PgConnection::connect(deployment.url()).await.unwrap();
        let touches = touches.into_iter().map(|touch| touch.id).collect();
        let start = now() - TimeDelta::seconds(50);
        let mut bench = Self { deployment, owner, touches, start, round: 0 };
        bench.begin_round().await;
        bench
    }

    /// What is written from now on is new. The database is a copy of an older one, too.
    async fn begin_round(&mut self) {
        let until = self.at();
        self.round += 1;
        self.run(format!("UPDATE count_progress SET counted_until = '{until}', next_until = NULL"))
            .await;
    }

    fn at(&self) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(self.round.into())
    }

    async fn run(&mut self, sql: impl Into<String>) {
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut self.owner).await.unwrap();
    }

    /// Ends of attempts at the first touch, `ago` before noon.
    async fn attempts(&mut self, count: u32, state: &str, reason: &str, ago: TimeDelta) {
        let (touch, decided_at, at) = (self.touches[0], noon() - ago, self.at());
        self.run(format!(
            "INSERT INTO touch_events (at, touch_id, attempt, decided_at, state, worker, reason)
             SELECT '{at}', '{touch}', 1, '{decided_at}', '{state}', 'w1', nullif('{reason}', '')
               FROM generate_series(1, {count})"
        ))
        .await;
    }

    /// What came back of the touch of that number.
    async fn returned(&mut self, number: usize, reason: &str) {
        let (touch, at) = (self.touches[number], self.at());
        self.run(format!(
            "INSERT INTO suppression_events
                    (id, at, action, scope, address_key, channel, reason, origin, actor, touch_id)
             VALUES (gen_random_uuid(), '{at}', 'suppress', 'channel',
                     decode(repeat('00', 32), 'hex'), 'email', '{reason}', 'system', 'test', '{touch}')"
        ))
        .await;
    }

    /// Counts everything there is, without waiting for transactions of other tests.
    async fn count(&mut self) {
        let scheduler = self.deployment.connect(Role::Scheduler);
        for _ in 0..2 {
            let domain = Some(DOMAIN);
            while scheduler.count_outcomes(noon(), domain, Duration::ZERO).await.unwrap() {}
        }
        self.begin_round().await;
    }

    async fn counted(&self, scope: PauseScope) -> Option<Counted> {
        let scheduler = self.deployment.connect(Role::Scheduler);
        let counts = scheduler.counts(noon(), TimeDelta::minutes(5)).await.unwrap();
        counts.into_iter().find(|counted| counted.scope == scope)
    }
}

const fn figure(part: u64, whole: u64) -> Figure {
    Figure { part, whole }
}

#[tokio::test]
async fn sent_and_complained_messages_count_for_domain_plan_and_source() {
    let mut bench = Bench::new(Channel::Email, 4).await;
    bench.attempts(1000, "sent", "", TimeDelta::minutes(30)).await;
    bench.attempts(7, "scheduled", "outside_window: quiet hours", TimeDelta::minutes(30)).await;
    for number in 0..3 {
        bench.returned(number, "complaint").await;
    }
    // However often it is reported.
    bench.returned(0, "complaint").await;
    bench.returned(3, "hard_bounce").await;
    bench.count().await;
    let domain = bench.counted(PauseScope::SenderDomain).await.unwrap();
    assert_eq!(domain.key, DOMAIN);
    // One of them was taken and came back.
    assert_eq!(domain.complaints_of_day, figure(3, 999));
    assert_eq!(domain.complaints_of_week, figure(3, 999));
    let plan = bench.counted(PauseScope::Plan).await.unwrap();
    assert_eq!((plan.key.as_str(), plan.bounces), ("one-step", figure(1, 1000)));
    let source = bench.counted(PauseScope::Import).await.unwrap();
    assert_eq!((source.key.as_str(), source.bounces), ("test", figure(1, 1000)));
    // Nothing is counted twice.
    bench.returned(1, "complaint").await;
    bench.count().await;
    assert_eq!(bench.counted(PauseScope::SenderDomain).await, Some(domain));
}

#[tokio::test]
async fn windows_end_and_gateways_are_looked_at_by_the_minute() {
    let mut bench = Bench::new(Channel::Email, 1).await;
    bench.attempts(10, "sent", "", TimeDelta::minutes(1)).await;
    bench.attempts(20, "sent", "", TimeDelta::hours(26)).await;
    bench.attempts(40, "sent", "", TimeDelta::days(8)).await;
    bench.attempts(5, "scheduled", "unreachable: opening: timed out", TimeDelta::minutes(2)).await;
    bench.attempts(2, "failed", "attempts_exhausted: unreachable: x", TimeDelta::minutes(2)).await;
    bench.attempts(1, "unknown", "in_doubt: dot: closed", TimeDelta::minutes(2)).await;
    bench.attempts(9, "scheduled", "unreachable: opening: timed out", TimeDelta::minutes(7)).await;
    // A relay passes on what recipients' servers say.
    bench.attempts(3, "scheduled", "deferred: greylisted", TimeDelta::minutes(2)).await;
    bench.attempts(4, "failed", "refused: rcpt: 550 5.1.1", TimeDelta::minutes(2)).await;
    bench.count().await;
    let domain = bench.counted(PauseScope::SenderDomain).await.unwrap();
    assert_eq!(domain.complaints_of_day, figure(0, 10));
    assert_eq!(domain.complaints_of_week, figure(0, 30));
    let gateway = bench.counted(PauseScope::Channel).await.unwrap();
    assert_eq!((gateway.key.as_str(), gateway.gateway), ("email", figure(8, 22)));
    let scheduler = bench.deployment.connect(Role::Scheduler);
    scheduler.forget_counts(noon() + TimeDelta::days(2)).await.unwrap();
    assert_eq!(bench.counted(PauseScope::Channel).await, None);
}

#[tokio::test]
async fn a_gateway_for_texts_answers_for_its_own_deferrals_and_calls_count_nowhere() {
    let mut texts = Bench::new(Channel::Sms, 1).await;
    texts
        .attempts(3, "scheduled", "deferred: the gateway answered 429", TimeDelta::minutes(2))
        .await;
    texts.count().await;
    let gateway = texts.counted(PauseScope::Channel).await.unwrap();
    assert_eq!((gateway.key.as_str(), gateway.gateway), ("sms", figure(3, 3)));
    assert_eq!(texts.counted(PauseScope::SenderDomain).await, None);
    let mut calls = Bench::new(Channel::Call, 1).await;
    calls.attempts(3, "sent", "", TimeDelta::minutes(2)).await;
    calls.count().await;
    assert_eq!(calls.counted(PauseScope::Plan).await, None);
}

#[tokio::test]
async fn counting_begins_anew_where_a_pause_was_lifted() {
    let mut bench = Bench::new(Channel::Email, 1).await;
    bench.attempts(500, "sent", "", TimeDelta::minutes(40)).await;
    bench.count().await;
    let scheduler = bench.deployment.connect(Role::Scheduler);
    let pause = NewPause {
        scope: PauseScope::SenderDomain,
        key: DOMAIN.to_owned(),
        since: noon() - TimeDelta::minutes(35),
        reason: "0.41 % of 12,300 messages".to_owned(),
        evidence: serde_json::json!({ "part": 50 }),
    };
    let id = scheduler.pause(&pause).await.unwrap().unwrap();
    assert_eq!(scheduler.pause(&pause).await.unwrap(), None, "it is open already");
    let lifted = noon() - TimeDelta::minutes(20);
    let operator = &bench.deployment.operator;
    assert!(operator.lift_pause(id, "lina", "the list was cleaned", lifted).await.unwrap());
    assert_eq!(bench.counted(PauseScope::SenderDomain).await, None);
    // Of the same hour: what was decided before the lift, and what came after it.
    bench.attempts(30, "sent", "", TimeDelta::minutes(25)).await;
    bench.attempts(7, "sent", "", TimeDelta::minutes(15)).await;
    bench.count().await;
    let domain = bench.counted(PauseScope::SenderDomain).await.unwrap();
    assert_eq!(domain.complaints_of_week, figure(0, 7));
    // The plan was not paused, and goes on.
    assert_eq!(bench.counted(PauseScope::Plan).await.unwrap().bounces, figure(0, 537));
    let record = bench.deployment.operator.pause_record(id).await.unwrap().unwrap();
    assert_eq!(record.lift.unwrap().by, "lina");
    assert_eq!(bench.deployment.operator.pauses(true, 10).await.unwrap().len(), 0);
    assert_eq!(bench.deployment.operator.pauses(false, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_that_commits_late_is_counted() {
    let mut bench = Bench::new(Channel::Email, 1).await;
    let patient = Duration::from_secs(600);
    let scheduler = bench.deployment.connect(Role::Scheduler);
    let mut late = PgConnection::connect(bench.deployment.url()).await.unwrap();
    let touch = bench.touches[0];
    sqlx::raw_sql(AssertSqlSafe(format!(
        "BEGIN;
         INSERT INTO touch_events (at, touch_id, attempt, decided_at, state, worker)
         VALUES ('{}', '{touch}', 1, '{}', 'sent', 'w1')",
        bench.at(),
        noon()
    )))
    .execute(&mut late)
    .await
    .unwrap();
    // The mark is set, and nothing is counted while the older transaction is open.
    for _ in 0..3 {
        assert!(!scheduler.count_outcomes(noon(), None, patient).await.unwrap());
    }
    let until = "SELECT counted_until > clock_timestamp() - interval '30 s' FROM count_progress";
    let counted: bool = sqlx::query_scalar(until).fetch_one(&mut bench.owner).await.unwrap();
    assert!(!counted);
    sqlx::raw_sql("COMMIT").execute(&mut late).await.unwrap();
    bench.count().await;
    assert_eq!(bench.counted(PauseScope::Plan).await.unwrap().bounces, figure(0, 1));
}

#[tokio::test]
async fn only_people_lift_and_only_the_functions_count() {
    let bench = Bench::new(Channel::Email, 1).await;
    for role in [Role::Scheduler, Role::EmailWorker, Role::Inbound] {
        let id = domain::PauseId::new();
        let lifted = bench.deployment.connect(role).lift_pause(id, "x", "y", noon()).await;
        assert!(lifted.is_err(), "{role}");
    }
    for role in [Role::Operator, Role::EmailWorker, Role::Inbound] {
        let counted = bench.deployment.connect(role);
        assert!(counted.count_outcomes(noon(), None, Duration::ZERO).await.is_err(), "{role}");
    }
}

#[tokio::test]
async fn a_pause_says_who_opened_it_and_so_does_the_audit_log() {
    let mut bench = Bench::new(Channel::Email, 1).await;
    let operator = bench.deployment.connect(Role::Operator);
    let pause = NewPause {
        scope: PauseScope::Channel,
        key: "email".to_owned(),
        since: noon(),
        reason: "the relay moves house".to_owned(),
        evidence: serde_json::json!({}),
    };
    assert!(operator.pause_by(&pause, "").await.is_err(), "nobody");
    let id = operator.pause_by(&pause, "Lina").await.unwrap().unwrap();
    assert_eq!(operator.pause_by(&pause, "Omar").await.unwrap(), None, "it is open already");
    let open = operator.open_pauses().await.unwrap();
    assert_eq!(open[0].opened_by.as_deref(), Some("Lina"));
    assert!(operator.lift_pause(id, "Omar", "it has moved", noon()).await.unwrap());
    assert_eq!(operator.verify_audit(None).await.unwrap().broken, None);
    let logged: Vec<(String, Option<String>)> = sqlx::query_as(
        "SELECT operation::text, actor FROM audit_log
          WHERE source = 'pauses' AND operation <> 'join' ORDER BY seq",
    )
    .fetch_all(&mut bench.owner)
    .await
    .unwrap();
    let by = |operation: &str, who: &str| (operation.to_owned(), Some(who.to_owned()));
    assert_eq!(logged, [by("insert", "Lina"), by("update", "Omar")]);
    let breaker = NewPause { scope: PauseScope::Everything, key: String::new(), ..pause };
    operator.pause(&breaker).await.unwrap().unwrap();
    assert_eq!(operator.open_pauses().await.unwrap()[0].opened_by, None);
}
