//! G1, the list wins: real claims, records and suppressions on a real PostgreSQL, with a handler
//! that only takes its time and writes down the moment at which a provider would have accepted.

mod aims;
mod effects;
mod hot;
mod outage;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bootstrap::Shutdown;
use broker::Broker;
use chrono::{DateTime, TimeDelta, Utc};
use domain::token::TokenKeys;
use domain::{AddressKey, Calendar, Clock, Locale, Medium, TouchId};
use scheduler::{Scheduler, UnknownPolicies};
use storage::sweep::UnknownPolicy;
use storage::{Database, Role};
use testkit::Instant;
use testkit::fixture::Deployment;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::{Content, Handler, Outcome, ReadyTouch, Team, Worker};

/// A touch as a provider saw it.
#[derive(Debug, Clone, Copy)]
struct Accepted {
    touch: TouchId,
    key: AddressKey,
    at: Instant,
}

/// Takes 1 to 25 ms for each touch and accepts it at the end of them.
#[derive(Debug, Default)]
struct SlowHand {
    accepted: Mutex<Vec<Accepted>>,
}

impl SlowHand {
    fn accepted(&self) -> Vec<Accepted> {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self) -> usize {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl Handler for SlowHand {
    fn medium(&self) -> Medium {
        Medium::Email
    }

    async fn attempt(&self, touch: &ReadyTouch) -> Outcome {
        let claimed = &touch.claimed;
        let spread = u64::try_from(claimed.id.as_uuid().as_u128() % 25).unwrap();
        tokio::time::sleep(Duration::from_millis(1 + spread)).await;
        let accepted = Accepted { touch: claimed.id, key: claimed.address_key, at: Instant::now() };
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(accepted);
        Outcome::Sent { provider_ref: None }
    }
}

/// Workers and a scheduler around one handler.
struct Crew {
    clock: Clock,
    hand: Arc<SlowHand>,
    shutdown: Shutdown,
    stop: CancellationToken,
    workers: JoinSet<()>,
}

impl Crew {
    /// A crew whose clock stands at `now`.
    fn at(now: DateTime<Utc>) -> Self {
        Self {
            clock: Clock::manual(now),
            hand: Arc::default(),
            shutdown: Shutdown::new(),
            stop: CancellationToken::new(),
            workers: JoinSet::new(),
        }
    }

    fn hire(
        &mut self,
        count: usize,
        url: &str,
        broker: &Arc<dyn Broker>,
        settings: &worker::Settings,
    ) {
        for n in 0..count {
            let database = storage::Settings {
                max_connections: 4,
                connect_timeout_seconds: 2,
                ..storage::Settings::for_url(url)
            };
            let database = Database::new(&database, Some(Role::EmailWorker)).unwrap();
            let tokens = TokenKeys::new("k1", b"test-token-key-do-not-use");
            let content = Content::new(database.clone(), team(), tokens, "http://127.0.0.1:1");
            let any_time = "00:00-23:59".parse().unwrap();
            let worker = Worker {
                database,
                broker: Arc::clone(broker),
                handler: Arc::clone(&self.hand) as Arc<dyn Handler>,
                content: Arc::new(content),
                rules: Arc::default(),
                windows: domain::window::Windows { email: any_time, sms: any_time, call: any_time },
                duties: worker::Duties::default(),
                clock: self.clock.clone(),
                settings: settings.clone(),
                name: format!("worker-{n}"),
            };
            let stop = self.stop.clone();
            self.workers.spawn(async move { worker.run(stop).await.unwrap() });
        }
    }

    fn schedule(&self, deployment: &Deployment, broker: &Arc<dyn Broker>, batch: u32) {
        let scheduler = Scheduler {
            database: deployment.connect(Role::Scheduler),
            broker: Arc::clone(broker),
            calendar: Calendar::default(),
            default_zone: "Asia/Dubai".to_owned(),
            clock: self.clock.clone(),
            settings: scheduler::Settings {
                batch,
                poll_milliseconds: 20,
                sweep_seconds: 1,
                queued_age_seconds: 5,
                ..scheduler::Settings::default()
            },
            policies: UnknownPolicies { email: UnknownPolicy::Resend, sms: UnknownPolicy::Hold },
            limits: None,
            sender_domain: None,
            name: "scheduler".to_owned(),
        };
        scheduler.start(&self.shutdown);
    }

    /// Waits until nothing is open. Meanwhile the clock goes on: what could be claimed and not
    /// decided, because the list was out of reach just then, is due again a second later.
    async fn all_are_written_to(&self, probe: &sqlx::PgPool) {
        until("everybody is written to", async || {
            self.clock.set(self.clock.now() + TimeDelta::seconds(1));
            open(probe).await == 0
        })
        .await;
    }

    async fn finish(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.workers.join_next().await {
            ended.unwrap();
        }
        let left = self.shutdown.drain(Duration::from_secs(10)).await;
        assert!(left.is_empty(), "the scheduler did not stop: {left:?}");
    }
}

fn team() -> Team {
    Team {
        name: "Palm Realty".to_owned(),
        postal_address: "Office 12, Marina Walk, Dubai".to_owned(),
        phone: String::new(),
        reply_to: String::new(),
        default_region: "AE".to_owned(),
        default_time_zone: "Asia/Dubai".to_owned(),
        default_locale: Locale::En,
    }
}

/// Waits until `done` says so.
///
/// # Panics
/// When that takes so long that it hangs.
async fn until<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let started = std::time::Instant::now();
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(600), "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Touches that are due, queued or claimed.
async fn open(probe: &sqlx::PgPool) -> i64 {
    let open = "SELECT (SELECT count(*) FROM due_touches) + (SELECT count(*) FROM outbox)
                     + (SELECT count(*) FROM inflight)";
    sqlx::query_scalar(open).fetch_one(probe).await.unwrap()
}

async fn states(probe: &sqlx::PgPool) -> HashMap<String, i64> {
    let states = "SELECT state::text, count(*) FROM touches GROUP BY 1";
    let rows: Vec<(String, i64)> = sqlx::query_as(states).fetch_all(probe).await.unwrap();
    rows.into_iter().collect()
}

/// Accepted touches, each of which must be there once.
fn once_each(accepted: &[Accepted]) -> HashSet<TouchId> {
    let touches: HashSet<TouchId> = accepted.iter().map(|one| one.touch).collect();
    assert_eq!(touches.len(), accepted.len(), "a touch was sent twice");
    touches
}
