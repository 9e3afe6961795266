//! Sixteen workers against six suppressors that aim at addresses about to be written to, with entries
//! of every scope, while lists are imported.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use broker::{
    Broker, BrokerState, Confirm, DepthError, InProcessBroker, Limits, PublishError,
    SubscribeError, Subscription,
};
use domain::{AddressKey, Channel, TouchId};
use messages::{Hint, Medium, Route};
use testkit::fixture::{Deployment, person_at, plan, template};
use tokio::sync::watch;

use super::aims::{Aims, Call};
use super::{Accepted, Crew, once_each, open, states, until};

const WORKERS: usize = 16;
const PEOPLE: usize = 9_000;
const TOUCHES_EACH: usize = 3;
/// People of one email domain: an entry for it covers them all.
const PER_DOMAIN: usize = 2;
const FEWEST_SENDS: usize = 20_000;

/// Hints wait here only in small numbers, so that what was published last is claimed next.
const SHORT_QUEUE: u64 = 64;
/// Of so many hints published last, one is chosen to be suppressed.
const HOT: usize = 240;

/// The broker inside the process, which tells what it has just taken.
pub(super) struct HotBroker {
    inner: InProcessBroker,
    hot: Mutex<VecDeque<TouchId>>,
}

impl HotBroker {
    /// One of the touches published last, which nobody is given twice.
    pub(super) fn pick(&self, turn: usize) -> Option<TouchId> {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let at = turn.wrapping_mul(7919) % hot.len().max(1);
        hot.remove(at)
    }
}

#[async_trait]
impl Broker for HotBroker {
    async fn publish(&self, batch: Vec<(Route, Hint)>) -> Result<Vec<Confirm>, PublishError> {
        let mut confirms = Vec::with_capacity(batch.len());
        for part in batch.chunks(SHORT_QUEUE as usize) {
            let route = part[0].0;
            until("workers take hints", async || {
                self.inner.depth(route).await.unwrap() < SHORT_QUEUE
            })
            .await;
            confirms.extend(self.inner.publish(part.to_vec()).await?);
            let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
            hot.extend(part.iter().map(|(_, hint)| TouchId::from(hint.touch_id)));
            while hot.len() > HOT {
                hot.pop_front();
            }
        }
        Ok(confirms)
    }

    async fn subscribe(
        &self,
        medium: Medium,
        prefetch: u16,
    ) -> Result<Subscription, SubscribeError> {
        self.inner.subscribe(medium, prefetch).await
    }

    async fn subscribe_dead(&self, prefetch: u16) -> Result<Subscription, SubscribeError> {
        self.inner.subscribe_dead(prefetch).await
    }

    fn state(&self) -> BrokerState {
        self.inner.state()
    }

    fn watch_state(&self) -> watch::Receiver<BrokerState> {
        self.inner.watch_state()
    }

    async fn depth(&self, route: Route) -> Result<u64, DepthError> {
        self.inner.depth(route).await
    }

    async fn dead_depth(&self) -> Result<u64, DepthError> {
        self.inner.dead_depth().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// What the calls and the handler's log say together.
#[derive(Debug, Default)]
struct Verdict {
    /// Accepted after a call that said "clear".
    violations: usize,
    /// Accepted after a call that had not named it.
    unnamed: usize,
    /// Accepted after a call that had named it.
    named: usize,
    /// Accepted while a call was under way that then said "clear".
    raced: usize,
}

fn judge(calls: &[Call], accepted: &[Accepted]) -> Verdict {
    let mut by_key: HashMap<AddressKey, Vec<&Accepted>> = HashMap::new();
    for one in accepted {
        by_key.entry(one.key).or_default().push(one);
    }
    let mut verdict = Verdict::default();
    for call in calls {
        for one in call.covered.iter().filter_map(|key| by_key.get(key)).flatten() {
            let after = one.at.monotonic_ns - call.returned.monotonic_ns;
            let clear = call.in_flight.is_empty();
            if after > 0 && clear {
                verdict.violations += 1;
            } else if after > 0 && call.in_flight.contains(&one.touch) {
                verdict.named += 1;
            } else if after > 0 {
                verdict.unnamed += 1;
            } else if clear && one.at.monotonic_ns > call.began.monotonic_ns {
                verdict.raced += 1;
            }
        }
    }
    verdict
}

/// Enrolments that lack a touch though the list has not stopped them.
async fn short(probe: &sqlx::PgPool) -> i64 {
    let short = "SELECT count(*) FROM enrolments e WHERE state <> 'stopped'
        AND (SELECT count(*) FROM touches t WHERE t.enrolment_id = e.id) < $1";
    sqlx::query_scalar(short).bind(TOUCHES_EACH as i64).fetch_one(probe).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_after_a_suppression_has_returned_clear() {
    let deployment = Deployment::create().await;
    deployment.store_plan(&plan("hot", &[(1, Channel::Email); TOUCHES_EACH])).await;
    deployment.store_template(&template(domain::Medium::Email)).await;
    let person = |n: usize| person_at(n, &format!("d{}.example", n / PER_DOMAIN));
    let people = deployment.import(&(0..PEOPLE).map(person).collect::<Vec<_>>()).await;
    let enrolled = deployment.enrol("hot", &people, "2026-06-01".parse().unwrap()).await;
    assert_eq!(enrolled as usize, PEOPLE);
    let probe = sqlx::PgPool::connect(deployment.url()).await.unwrap();
    let inner = InProcessBroker::new(Limits::default());
    let hot = Arc::new(HotBroker { inner, hot: Mutex::default() });
    let broker: Arc<dyn Broker> = Arc::clone(&hot) as Arc<dyn Broker>;
    let mut crew = Crew::at("2026-06-01T08:30:00Z".parse().unwrap());
    let settings = worker::Settings {
        batch: 8,
        prefetch: 8,
        concurrency: 8,
        flush_milliseconds: 5,
        ..worker::Settings::default()
    };
    crew.hire(WORKERS, deployment.url(), &broker, &settings);
    crew.schedule(&deployment, &broker, 256);
    let started = std::time::Instant::now();
    let over = watch::Sender::new(false);
    let aims = Arc::new(Aims::at(&deployment, &probe, &hot, PER_DOMAIN).await);
    let suppressors = aims.suppressors(&over);
    let importer = tokio::spawn(Arc::clone(&aims).import(over.subscribe()));
    until("every touch has its end", async || open(&probe).await == 0).await;
    let took = started.elapsed();
    over.send_replace(true);
    let mut calls = Vec::new();
    for suppressor in suppressors {
        calls.extend(suppressor.await.unwrap());
    }
    let imports = importer.await.unwrap();
    let (n_entries, n_imports) = (calls.len(), imports.len());
    let scopes = aims.scopes(&calls);
    calls.extend(imports);
    let hand = Arc::clone(&crew.hand);
    crew.finish().await;

    let accepted = hand.accepted();
    let sent = once_each(&accepted);
    let verdict = judge(&calls, &accepted);
    let states = states(&probe).await;
    println!(
        "{} sends, {n_entries} entries {scopes:?} and {n_imports} imports in {took:?}: {verdict:?}, \
         {states:?}",
        sent.len()
    );
    assert_eq!((verdict.violations, verdict.unnamed), (0, 0), "the list did not win");
    let count = |state: &str| usize::try_from(states.get(state).copied().unwrap_or(0)).unwrap();
    assert_eq!(count("sent"), sent.len(), "what was accepted is recorded, and nothing else");
    // What was not yet due when its entry was made is cancelled, and what comes after it is not planned.
    let ends = count("sent") + count("blocked") + count("cancelled");
    let all = states.values().sum::<i64>();
    assert_eq!(usize::try_from(all), Ok(ends), "no other ends: {states:?}");
    assert_eq!(short(&probe).await, 0, "who was not stopped has every touch");
    assert!(scopes.len() == 4 && scopes.values().all(|count| *count > 50), "{scopes:?}");
    assert!(n_imports > 5, "{n_imports} imports");
    assert!(sent.len() >= FEWEST_SENDS, "{} sends", sent.len());
    // Without these the race would not have been one.
    assert!(count("blocked") > 300 && verdict.raced > 20 && verdict.named > 20, "{verdict:?}");
}
