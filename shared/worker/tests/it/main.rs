//! The runtime against a real PostgreSQL and the in-process broker, with a handler that does what
//! the test says.
#![allow(clippy::unwrap_used)]

mod gate;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use broker::{Broker, InProcessBroker, Limits};
use chrono::{DateTime, NaiveDate, Utc};
use domain::retry::Backoff;
use domain::token::TokenKeys;
use domain::{Channel, Clock, Locale, Medium, Reason, ReasonCode, TouchState};
use storage::Role;
use storage::touches::{Touch, TouchFilter};
use testkit::fixture::Deployment;
use tokio_util::sync::CancellationToken;
use worker::{Content, Handler, Outcome, ReadyTouch, Settings, Team, Worker};

/// A handler made of a function.
struct Does<F>(F, AtomicUsize, Medium);

#[async_trait]
impl<F: Fn(&ReadyTouch, usize) -> Outcome + Send + Sync + 'static> Handler for Does<F> {
    fn medium(&self) -> Medium {
        self.2
    }

    async fn attempt(&self, touch: &ReadyTouch) -> Outcome {
        let before = self.1.fetch_add(1, Ordering::SeqCst);
        (self.0)(touch, before)
    }
}

/// One worker, and the hands that feed it.
struct Bench {
    deployment: Deployment,
    scheduler: storage::Database,
    broker: Arc<InProcessBroker>,
    clock: Clock,
    shutdown: CancellationToken,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap()
}

/// Noon in Dubai, when the fixture's touches are due.
fn noon() -> DateTime<Utc> {
    monday().and_hms_opt(8, 0, 0).unwrap().and_utc()
}

fn team() -> Team {
    Team {
        name: "Palm Realty".to_owned(),
        postal_address: "Office 12, Dubai".to_owned(),
        phone: String::new(),
        reply_to: String::new(),
        default_region: "AE".to_owned(),
        default_time_zone: String::new(),
        default_locale: Locale::En,
    }
}

fn sent() -> Outcome {
    Outcome::Sent { provider_ref: None }
}

impl Bench {
    async fn with(
        touches: usize,
        act: impl Fn(&ReadyTouch, usize) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let deployment = Deployment::with_one_step(Channel::Email, touches, monday()).await;
        Self::staffed(deployment, Medium::Email, 1, |_| {}, act)
    }

    /// So many workers of a medium, each changed before it starts.
    fn staffed(
        deployment: Deployment,
        medium: Medium,
        count: usize,
        change: impl Fn(&mut Worker),
        act: impl Fn(&ReadyTouch, usize) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let limits = Limits { max_length: 100_000, delivery_limit: 20 };
        let broker = Arc::new(InProcessBroker::new(limits));
        let clock = Clock::manual(noon());
        let handler = Arc::new(Does(act, AtomicUsize::new(0), medium));
        let shutdown = CancellationToken::new();
        let workers = (1..=count).map(|n| {
            let role = if medium == Medium::Call { Role::CallWorker } else { Role::EmailWorker };
            let database = deployment.connect(role);
            let tokens = TokenKeys::new("k1", b"secret");
            let content = Content::new(database.clone(), team(), tokens, "https://u.example");
            let mut worker = Worker {
                database,
                broker: Arc::clone(&broker) as Arc<dyn Broker>,
                handler: Arc::clone(&handler) as Arc<dyn Handler>,
                content: Arc::new(content),
                rules: Arc::default(),
                windows: domain::window::Windows {
                    email: "08:00-20:00".parse().unwrap(),
                    sms: "09:00-18:00".parse().unwrap(),
                    call: "09:00-18:00".parse().unwrap(),
                },
                duties: worker::Duties::default(),
                clock: clock.clone(),
                settings: Settings { concurrency: 8, batch: 20, ..Settings::default() },
                name: format!("w{n}"),
            };
            change(&mut worker);
            let token = shutdown.clone();
            tokio::spawn(async move { worker.run(token).await.unwrap() })
        });
        let workers = workers.collect();
        let scheduler = deployment.connect(Role::Scheduler);
        Self { deployment, scheduler, broker, clock, shutdown, workers }
    }

    /// Makes everything due at the clock's time known to the worker.
    async fn publish(&self) {
        let batch = self.scheduler.claim_due(self.clock.now(), 1000).await.unwrap();
        let hints = batch.commit(&[], &[]).await.unwrap();
        let hints = hints.into_iter().map(|outgoing| (outgoing.route, outgoing.hint)).collect();
        self.broker.publish(hints).await.unwrap();
    }

    async fn touches(&self) -> Vec<Touch> {
        self.deployment.operator.touches(&TouchFilter::default(), 1000).await.unwrap()
    }

    /// Waits until every touch that was claimed is recorded, and returns all.
    async fn settled(&self) -> Vec<Touch> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let touches = self.touches().await;
            let is_open =
                |touch: &Touch| matches!(touch.state, TouchState::Queued | TouchState::Sending);
            if !touches.iter().any(is_open) {
                return touches;
            }
            assert!(tokio::time::Instant::now() < deadline, "not settled: {touches:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until every touch is in `state`, and returns them.
    async fn all_come_to(&self, state: TouchState) -> Vec<Touch> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let touches = self.touches().await;
            if touches.iter().all(|touch| touch.state == state) {
                return touches;
            }
            assert!(tokio::time::Instant::now() < deadline, "not all are {state}: {touches:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(self) -> Deployment {
        self.shutdown.cancel();
        for worker in self.workers {
            worker.await.unwrap();
        }
        self.deployment
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn touches_are_attempted_once_and_recorded() {
    let bench = Bench::with(100, |touch, _| {
        assert!(touch.unsubscribe_url.starts_with("https://u.example/u/"));
        assert_eq!(touch.fields.text("first_name"), Some("Person"));
        sent()
    })
    .await;
    bench.publish().await;
    let touches = bench.all_come_to(TouchState::Sent).await;
    assert!(touches.iter().all(|touch| touch.attempt == 1 && touch.sent_at == Some(noon())));
    let story = bench.deployment.operator.story(touches[0].id).await.unwrap();
    assert_eq!(story.len(), 1);
    let detail = story[0].detail.as_ref().unwrap();
    assert_eq!(detail["zone_rule"], "the contact's own time zone");
    assert_eq!(detail["list"], "clear");
    assert_eq!(story[0].template, Some(("note".to_owned(), 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_becomes_a_doubt_and_spares_the_others() {
    let bench =
        Bench::with(10, |_, before| if before == 3 { panic!("broken") } else { sent() }).await;
    bench.publish().await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let touches = bench.touches().await;
        let of = |state| touches.iter().filter(|touch| touch.state == state).count();
        if of(TouchState::Sent) == 9 && of(TouchState::Unknown) == 1 {
            let unknown = touches.iter().find(|touch| touch.state == TouchState::Unknown).unwrap();
            assert_eq!(unknown.reason.as_deref(), Some("panicked: broken"));
            assert_eq!(unknown.doubts, 1);
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{touches:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_a_touch_has_failed_with_the_last_reason() {
    let backoff =
        Backoff { first: Duration::from_secs(60), cap: Duration::from_secs(60), attempts: 3 };
    let bench = Bench::with(1, move |_, _| Outcome::Retry {
        reason: Reason::new(ReasonCode::Deferred, "451 later"),
        backoff,
        after: None,
    })
    .await;
    for attempt in 1..=3 {
        bench.publish().await;
        let state = if attempt < 3 { TouchState::Scheduled } else { TouchState::Failed };
        let touch = loop {
            let touch = bench.touches().await.remove(0);
            if touch.attempt == attempt && touch.state == state {
                break touch;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        bench.clock.set(touch.due_at.max(bench.clock.now()));
    }
    let touch = bench.touches().await.remove(0);
    assert_eq!(touch.reason.as_deref(), Some("attempts_exhausted: deferred: 451 later"));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_window_a_touch_waits_and_loses_no_attempt() {
    let bench = Bench::with(1, |_, _| sent()).await;
    bench.clock.set("2026-06-01T17:00:00Z".parse().unwrap()); // 21:00 in Dubai
    bench.publish().await;
    let touch = loop {
        let now = bench.touches().await.remove(0);
        if now.reason.is_some() {
            break now;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    // Held touches leave over the first half hour (compliance.md QH-11).
    let opening = "2026-06-02T04:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let spread = domain::rules::spread_of(touch.id);
    assert_eq!(touch.due_at, opening + chrono::TimeDelta::seconds(spread.as_secs()));
    assert_eq!(touch.reason.as_deref(), Some("outside_window: the team's 08:00-20:00"));
    bench.clock.set(touch.due_at);
    bench.publish().await;
    bench.all_come_to(TouchState::Sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_worker_finishes_what_it_began_and_gives_back_the_rest() {
    let bench = Bench::with(60, |_, _| {
        // Long enough that some have begun and others wait for a turn.
        std::thread::sleep(Duration::from_millis(30));
        sent()
    })
    .await;
    bench.publish().await;
    while bench.touches().await.iter().all(|touch| touch.state != TouchState::Sent) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let deployment = bench.stop().await;
    let touches = deployment.operator.touches(&TouchFilter::default(), 100).await.unwrap();
    assert!(touches.iter().all(|touch| touch.state != TouchState::Sending), "{touches:?}");
    assert!(touches.iter().all(|touch| touch.doubts == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_is_missing_blocks_with_its_name() {
    let bench = Bench::with(0, |_, _| sent()).await;
    let mut plan = testkit::fixture::plan("other", &[(1, Channel::Email)]);
    plan.steps[0].template = "nowhere".to_owned();
    bench.deployment.store_plan(&plan).await;
    let people = bench.deployment.people(1).await;
    bench.deployment.enrol("other", &people, monday()).await;
    bench.publish().await;
    let touches = bench.all_come_to(TouchState::Blocked).await;
    assert_eq!(touches[0].reason.as_deref(), Some("no_template: nowhere"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_was_retired_blocks_and_says_so() {
    let bench = Bench::with(1, |_, _| sent()).await;
    let operator = &bench.deployment.operator;
    operator.retire_template("note", true, "prices of last year", "mona").await.unwrap();
    bench.publish().await;
    let touches = bench.all_come_to(TouchState::Blocked).await;
    assert_eq!(touches[0].reason.as_deref(), Some("no_template: note (retired)"));
}
