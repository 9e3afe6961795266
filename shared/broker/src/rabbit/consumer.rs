//! One subscription: what settles its deliveries, and the task that keeps its connection.

use super::Context;
use super::backoff::Backoff;
use super::link::{Link, LinkError};
use super::session::{self, Lane, Session};
use crate::acks::AckTracker;
use crate::subscription::{Inbox, N_LANES, Source, Subscription, Token};
use crate::{BrokerState, telemetry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A connection that lasted this long was a success, so the next wait is short again.
const STABLE: Duration = Duration::from_secs(10);

/// What to consume.
pub(super) struct Plan {
    /// Shown by RabbitMQ and in the metrics.
    pub(super) name: String,
    /// One queue per lane, the preferred one first.
    pub(super) queues: Vec<Queue>,
    pub(super) prefetch: u16,
    /// The part of the state board.
    pub(super) part: u64,
}

#[derive(Clone)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) label: &'static str,
}

/// Starts the task and returns what it feeds.
pub(super) fn spawn(context: Arc<Context>, plan: Plan, tasks: &TaskTracker) -> Subscription {
    debug_assert!(plan.queues.len() <= N_LANES);
    let shared = Arc::new(Shared {
        inbox: Arc::new(Inbox::default()),
        // So that no two connections of this process share a generation.
        ledger: Mutex::new(Ledger { generation: plan.part << 32, ..Ledger::default() }),
        wake: Notify::new(),
        ended: context.closing.child_token(),
    });
    let subscription = Subscription::new(shared.inbox.clone(), shared.clone());
    context.board.report(plan.part, BrokerState::down("not connected yet"));
    tasks.spawn(Task { context, plan, shared }.run());
    subscription
}

pub(super) struct Shared {
    pub(super) inbox: Arc<Inbox>,
    ledger: Mutex<Ledger>,
    pub(super) wake: Notify,
    pub(super) ended: CancellationToken,
}

/// What is known about the deliveries of the present connection.
#[derive(Default)]
pub(super) struct Ledger {
    generation: u64,
    pub(super) trackers: [AckTracker; N_LANES],
    pub(super) to_return: Vec<Token>,
    pub(super) paused: bool,
}

impl Ledger {
    fn is_current(&self, token: &Token) -> bool {
        token.generation == self.generation && token.lane < N_LANES
    }

    pub(super) fn n_finished(&self) -> usize {
        self.trackers.iter().map(AckTracker::n_finished).sum()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all deliveries of the last connection; their tokens are stale from now on.
    fn next_generation(&self) -> u64 {
        let mut ledger = self.lock();
        ledger.generation += 1;
        ledger.trackers = Default::default();
        ledger.to_return.clear();
        let generation = ledger.generation;
        // Under the lock, so that no delivery of the old connection can slip in afterwards.
        self.inbox.take_all();
        generation
    }
}

impl Source for Shared {
    fn ack(&self, tokens: &[Token]) {
        let mut ledger = self.lock();
        let mut n_acked = 0;
        for token in tokens {
            if ledger.is_current(token) && ledger.trackers[token.lane].finish(token.tag) {
                n_acked += 1;
            }
        }
        drop(ledger);
        telemetry::stale_acks((tokens.len() - n_acked) as u64);
        self.wake.notify_one();
    }

    fn give_back(&self, tokens: &[Token]) {
        let mut ledger = self.lock();
        for token in tokens {
            if ledger.is_current(token) && ledger.trackers[token.lane].give_back(token.tag) {
                ledger.to_return.push(*token);
            }
        }
        drop(ledger);
        self.wake.notify_one();
    }

    fn pause(&self) {
        self.lock().paused = true;
        self.wake.notify_one();
    }

    fn resume(&self) {
        self.lock().paused = false;
        self.wake.notify_one();
    }

    fn close(&self) {
        self.ended.cancel();
    }
}

pub(super) struct Task {
    context: Arc<Context>,
    pub(super) plan: Plan,
    pub(super) shared: Arc<Shared>,
}

impl Task {
    async fn run(self) {
        let mut backoff = Backoff::default();
        let mut last_words = String::new();
        while !self.shared.ended.is_cancelled() {
            let started = Instant::now();
            // Connecting may be cut off by the end; a session in progress ends itself, after its last
            // acknowledgements.
            let opened = tokio::select! {
                opened = self.open() => opened,
                () = self.shared.ended.cancelled() => break,
            };
            let outcome = match opened {
                Ok((link, lanes)) => {
                    last_words.clear();
                    self.serve(link, lanes).await
                }
                Err(err) => Err(err),
            };
            let Err(err) = outcome else { break };
            let why = err.to_string();
            self.context.board.report(self.plan.part, BrokerState::down(why.clone()));
            if why != last_words {
                tracing::warn!(
                    connection = self.plan.name,
                    why,
                    "broker connection is down, reconnecting"
                );
                last_words = why;
            }
            if started.elapsed() > STABLE {
                backoff.reset();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next()) => {}
                () = self.shared.ended.cancelled() => {}
            }
        }
        self.shared.next_generation();
        self.shared.inbox.close();
        self.context.board.forget(self.plan.part);
    }

    async fn open(&self) -> Result<(Link, Vec<Lane>), LinkError> {
        let link = Link::open(&self.context, &self.plan.name).await?;
        let lanes =
            session::open_lanes(&link.connection, &self.plan.queues, self.plan.prefetch).await?;
        Ok((link, lanes))
    }

    /// Runs until the connection is lost (an error) or the subscription ends.
    async fn serve(&self, mut link: Link, lanes: Vec<Lane>) -> Result<(), LinkError> {
        let generation = self.shared.next_generation();
        self.context.board.report(self.plan.part, BrokerState::Ready);
        tracing::info!(connection = self.plan.name, "broker connection is up");
        let mut session = Session::new(self, generation, lanes);
        let outcome = session.pump(&mut link).await;
        if outcome.is_ok() {
            // The last acknowledgements are a courtesy: without them the hints come again.
            let _ = session.flush(true).await;
        }
        self.shared.next_generation();
        drop(session);
        link.close().await;
        outcome
    }
}
