//! From hints to attempts: takes no more than can be finished, and nothing while the list cannot
//! be read.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Delivery, Subscription, Token};
use domain::TouchId;
use messages::Hint;
use storage::StorageError;
use storage::claims::ClaimedTouch;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::attempt::Attempt;
use crate::facts::{FactReader, TouchFacts};
use crate::recorder::Finished;
use crate::traces::{self, Taken, Tale};
use crate::{Worker, telemetry};

/// How long a batch of hints may wait for company.
const LINGER: Duration = Duration::from_millis(5);

/// A hint whose touch is locked by somebody (a suppression waits for its turn on the same address) is
/// tried this often, a few milliseconds apart, before it is left to the sweep.
const TRIES: u8 = 200;

/// After the database was away the worker waits this long before it claims again, so that opt-outs
/// that were kept elsewhere meanwhile are on the list first (compliance.md V-13 row 11).
const GRACE: Duration = Duration::from_secs(5);

/// Between two looks at a database that is away.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The loop that takes and claims hints.
pub(crate) struct Intake {
    worker: Arc<Worker>,
    subscription: Subscription,
    outcomes: mpsc::Sender<Finished>,
    attempts: TaskTracker,
    /// One permit per touch in hand: claimed and not recorded.
    room: Arc<Semaphore>,
    /// One permit per attempt under way.
    turns: Arc<Semaphore>,
    stopping: CancellationToken,
    facts: FactReader,
    /// Hints whose touch was locked, with the tries left.
    again: Vec<(Delivery, u8)>,
}

impl Intake {
    pub(crate) fn new(
        worker: Arc<Worker>,
        subscription: Subscription,
        outcomes: mpsc::Sender<Finished>,
        attempts: TaskTracker,
    ) -> Self {
        // Two batches in hand: one being attempted while the next is claimed.
        let room = worker.settings.batch * 2 + worker.settings.concurrency;
        let turns = worker.settings.concurrency.max(1);
        let facts = FactReader::new(&worker);
        Self {
            worker,
            subscription,
            outcomes,
            attempts,
            room: Arc::new(Semaphore::new(room)),
            turns: Arc::new(Semaphore::new(turns)),
            stopping: CancellationToken::new(),
            facts,
            again: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let batch = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                batch = self.next_batch() => batch,
            };
            let Some(batch) = batch else { break };
            if batch.is_empty() {
                continue;
            }
            domain::failpoint::pass("worker.delivered_unclaimed");
            self.claim(batch, &shutdown).await;
        }
        // What waits for a turn is given back; what has begun is finished.
        self.stopping.cancel();
        self.subscription.pause();
    }

    /// The next hints, as many as there is room for; the locked ones of before come first.
    async fn next_batch(&mut self) -> Option<Vec<(Delivery, u8)>> {
        let wanted = self.worker.settings.batch;
        // Waiting for room for a whole batch keeps the statements large.
        let room = u32::try_from(wanted).unwrap_or(u32::MAX);
        drop(self.room.acquire_many(room).await.ok()?);
        let mut batch = std::mem::take(&mut self.again);
        let fresh = self.subscription.next_batch(wanted.saturating_sub(batch.len()).max(1), LINGER);
        // Locked hints wait no longer than a batch does for company.
        let patience = if batch.is_empty() { Duration::MAX } else { LINGER };
        if let Ok(fresh) = tokio::time::timeout(patience, fresh).await {
            batch.extend(fresh?.into_iter().map(|delivery| (delivery, TRIES)));
        }
        Some(batch)
    }

    /// Claims a batch and starts its attempts. A claim that has begun is waited for even by a worker
    /// that is to stop: touches claimed and then forgotten would come out unknown.
    async fn claim(&mut self, batch: Vec<(Delivery, u8)>, shutdown: &CancellationToken) {
        let hints: Vec<Hint> = batch.iter().map(|(delivery, _)| delivery.hint).collect();
        let (claimed_at, received) = (Instant::now(), trace::now());
        let medium = self.worker.handler.medium();
        let claimed = match self.claim_hints(hints).await {
            Ok(claimed) => claimed,
            Err(error) => return self.sit_out(batch, &error, shutdown).await,
        };
        telemetry::claimed(medium, claimed.len(), claimed_at.elapsed());
        let taken = Taken { received, claimed: trace::now(), batch: claimed.len() };
        // After the claims are committed, never before: what is claimed now counts for others.
        let facts = self.facts.of(&self.worker, &claimed).await;
        let facts = facts.inspect_err(|error| {
            tracing::warn!(%error, "the facts of a batch cannot be read; its touches go back");
        });
        let mut facts = facts.ok();
        let (mut deliveries, mut pointless) = one_each(batch);
        for touch in claimed {
            let Some((delivery, _)) = deliveries.remove(&touch.id.as_uuid()) else { continue };
            let own = facts.as_mut().and_then(|facts| facts.remove(&touch.id));
            let tale = Tale::begin(&touch, taken);
            self.start(touch, own, (delivery.token, tale), claimed_at);
        }
        let locked = self.locked(&deliveries).await;
        for (touch_id, (delivery, tries)) in deliveries {
            if tries > 1 && locked.contains(&touch_id.into()) {
                self.again.push((delivery, tries - 1));
            } else {
                pointless.push(delivery.token);
            }
        }
        self.subscription.ack(pointless);
        telemetry::in_hand(medium, self.attempts.len());
    }

    /// Which of the hints that a claim did not return are worth another try.
    async fn locked(&self, left: &HashMap<uuid::Uuid, (Delivery, u8)>) -> Vec<TouchId> {
        if left.is_empty() {
            return Vec::new();
        }
        let hints: Vec<Hint> = left.values().map(|(delivery, _)| delivery.hint).collect();
        let queued = self.worker.database.still_queued(&hints).await;
        // Without an answer all are: the next claim will say what is the matter.
        queued.unwrap_or_else(|_| left.keys().copied().map(TouchId::from).collect())
    }

    async fn claim_hints(&self, hints: Vec<Hint>) -> Result<Vec<ClaimedTouch>, StorageError> {
        let worker = Arc::clone(&self.worker);
        let claim = tokio::spawn(async move {
            let now = worker.clock.now();
            worker.database.claim(&hints, &worker.name, worker.settings.lease(), now).await
        });
        // The task ends by a panic only if the driver panics; nothing is known then.
        claim.await.unwrap_or_else(|error| {
            Err(StorageError::Unreadable { what: "claim".to_owned(), why: error.to_string() })
        })
    }

    /// Returns the hints, and waits until the database answers again, or the worker is to stop.
    async fn sit_out(
        &mut self,
        batch: Vec<(Delivery, u8)>,
        error: &StorageError,
        shutdown: &CancellationToken,
    ) {
        tracing::warn!(%error, "the claim failed: nothing is sent until the list can be read");
        self.subscription.pause();
        self.subscription.give_back(batch.into_iter().map(|(delivery, _)| delivery.token));
        self.subscription.give_back(self.again.drain(..).map(|(delivery, _)| delivery.token));
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.await_database() => {
                tracing::info!("the database answers again");
                self.subscription.resume();
            }
        }
    }

    async fn await_database(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            match self.worker.database.ping().await {
                Ok(()) => break,
                Err(_) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        tokio::time::sleep(GRACE).await;
    }

    /// Starts the attempt at a claimed touch in a task that owns its permits.
    fn start(
        &self,
        touch: ClaimedTouch,
        facts: Option<TouchFacts>,
        (token, tale): (Token, Tale),
        claimed_at: Instant,
    ) {
        let medium = self.worker.handler.medium();
        if touch.suppressed_by.is_some() {
            // The claim itself has recorded it.
            let reason = Some(domain::ReasonCode::Suppressed);
            telemetry::came_to(medium, touch.channel, domain::TouchState::Blocked, reason);
            let began = trace::now();
            self.subscription.ack([token]);
            traces::acknowledged(&[(tale, domain::TouchState::Blocked, reason)], began);
            return;
        }
        domain::failpoint::pass("worker.claimed_unattempted");
        let attempt = Attempt {
            worker: Arc::clone(&self.worker),
            facts,
            deadline: claimed_at + self.worker.settings.attempt_time(),
        };
        let room = Arc::clone(&self.room).try_acquire_owned().ok();
        let turns = Arc::clone(&self.turns);
        let stopping = self.stopping.clone();
        let outcomes = self.outcomes.clone();
        let span = tracing::info_span!("touch", touch.id = %touch.id, channel = %touch.channel,
                                       attempt.number = touch.attempt);
        let attempted = async move {
            let turn = tokio::select! {
                biased;
                () = stopping.cancelled() => None,
                turn = turns.acquire_owned() => turn.ok(),
            };
            let (channel, due_at) = (touch.channel, touch.due_at);
            let record = attempt.make(touch, turn.is_some()).await;
            drop(turn);
            // The recorder outlives every attempt, so this fails only if it panicked; the sweep
            // then settles the touch.
            let _ = outcomes.send(Finished { record, token, channel, due_at, tale, room }).await;
        };
        self.attempts.spawn(attempted.instrument(span));
    }
}

/// A batch by touch, the newest hint of each, and the tokens of the others: a hint may come twice,
/// and one that is never settled would hold up the acknowledgement of all behind it.
fn one_each(batch: Vec<(Delivery, u8)>) -> (HashMap<uuid::Uuid, (Delivery, u8)>, Vec<Token>) {
    let mut newest: HashMap<uuid::Uuid, (Delivery, u8)> = HashMap::with_capacity(batch.len());
    let mut others = Vec::new();
    for entry in batch {
        let touch = entry.0.hint.touch_id;
        let other = match newest.get(&touch) {
            Some((known, _)) if known.hint.epoch > entry.0.hint.epoch => Some(entry),
            _ => newest.insert(touch, entry),
        };
        others.extend(other.map(|(delivery, _)| delivery.token));
    }
    (newest, others)
}
