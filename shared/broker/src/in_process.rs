//! A broker in memory, for the fleet in one process.
//!
//! Its queues end with the process. Nothing is lost by that: PostgreSQL is the record, and the sweep
//! publishes again what got stuck. For the same reason the dead-letter queue, which RabbitMQ leaves
//! unbounded, forgets its oldest hint here when it is full.

use crate::state::StateBoard;
use crate::subscription::{Inbox, N_LANES, Source, Subscription, Token};
use crate::telemetry;
use crate::{
    Broker, BrokerState, Confirm, Delivery, DepthError, Limits, PublishError, SubscribeError,
};
use async_trait::async_trait;
use messages::{Hint, Lane, Medium, Route};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// Bounded queues in memory with the semantics of [`RabbitBroker`](crate::RabbitBroker).
pub struct InProcessBroker {
    core: Arc<Core>,
}

struct Core {
    limits: Limits,
    queues: Mutex<Queues>,
    board: StateBoard,
}

#[derive(Default)]
struct Queues {
    by_key: BTreeMap<Key, Queue>,
    n_subscriptions: u64,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Route(Route),
    Dead,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<Stored>,
    /// The next one to be served is in front.
    consumers: VecDeque<Consumer>,
}

#[derive(Clone, Copy)]
struct Stored {
    hint: Hint,
    n_returns: u32,
}

struct Consumer {
    subscription: u64,
    lane: usize,
    prefetch: usize,
    paused: bool,
    last_tag: u64,
    unacked: BTreeMap<u64, Stored>,
    inbox: Arc<Inbox>,
}

struct InProcessSource {
    core: Arc<Core>,
    subscription: u64,
    lanes: Vec<Key>,
    inbox: Arc<Inbox>,
}

impl InProcessBroker {
    /// Starts with empty queues.
    pub fn new(limits: Limits) -> Self {
        let board = StateBoard::new(BrokerState::Ready);
        Self { core: Arc::new(Core { limits, queues: Mutex::default(), board }) }
    }

    fn subscribe_to(&self, lanes: Vec<Key>, prefetch: u16) -> Result<Subscription, SubscribeError> {
        if prefetch == 0 {
            return Err(SubscribeError::NoPrefetch);
        }
        debug_assert!(lanes.len() <= N_LANES);
        let inbox = Arc::new(Inbox::default());
        let mut queues = self.core.lock();
        if queues.closed {
            return Err(SubscribeError::Closed);
        }
        queues.n_subscriptions += 1;
        let subscription = queues.n_subscriptions;
        for (lane, &key) in lanes.iter().enumerate() {
            let queue = queues.by_key.entry(key).or_default();
            queue.consumers.push_front(Consumer {
                subscription,
                lane,
                prefetch: usize::from(prefetch),
                paused: false,
                last_tag: 0,
                unacked: BTreeMap::new(),
                inbox: inbox.clone(),
            });
            queue.dispatch(key);
        }
        drop(queues);
        let core = self.core.clone();
        let source = InProcessSource { core, subscription, lanes, inbox: inbox.clone() };
        Ok(Subscription::new(inbox, Arc::new(source)))
    }

    fn ready(&self, key: Key) -> u64 {
        self.core.lock().by_key.get(&key).map_or(0, |queue| queue.ready.len() as u64)
    }
}

#[async_trait]
impl Broker for InProcessBroker {
    async fn publish(&self, batch: Vec<(Route, Hint)>) -> Result<Vec<Confirm>, PublishError> {
        let started = Instant::now();
        let mut queues = self.core.lock();
        if queues.closed {
            return Err(PublishError::Closed);
        }
        let max_length = self.core.limits.max_length as usize;
        let confirms: Vec<_> = batch
            .into_iter()
            .map(|(route, hint)| {
                let key = Key::Route(route);
                let queue = queues.by_key.entry(key).or_default();
                if queue.ready.len() >= max_length {
                    return Confirm::Refused;
                }
                queue.ready.push_back(Stored { hint, n_returns: 0 });
                queue.dispatch(key);
                Confirm::Accepted
            })
            .collect();
        drop(queues);
        telemetry::published(&confirms, started.elapsed());
        Ok(confirms)
    }

    async fn subscribe(
        &self,
        medium: Medium,
        prefetch: u16,
    ) -> Result<Subscription, SubscribeError> {
        let lanes = Lane::ALL.iter().map(|&lane| Key::Route(Route { medium, lane }));
        self.subscribe_to(lanes.collect(), prefetch)
    }

    async fn subscribe_dead(&self, prefetch: u16) -> Result<Subscription, SubscribeError> {
        self.subscribe_to(vec![Key::Dead], prefetch)
    }

    fn state(&self) -> BrokerState {
        self.core.board.worst()
    }

    fn watch_state(&self) -> watch::Receiver<BrokerState> {
        self.core.board.watch()
    }

    async fn depth(&self, route: Route) -> Result<u64, DepthError> {
        Ok(self.ready(Key::Route(route)))
    }

    async fn dead_depth(&self) -> Result<u64, DepthError> {
        Ok(self.ready(Key::Dead))
    }

    async fn close(&self) {
        let mut queues = self.core.lock();
        queues.closed = true;
        for queue in queues.by_key.values_mut() {
            queue.consumers.drain(..).for_each(|consumer| consumer.inbox.close());
        }
        drop(queues);
        self.core.board.close();
    }
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    /// Puts hints back where they came from, oldest first, or into the dead-letter queue.
    fn put_back(&mut self, key: Key, returned: Vec<Stored>, limits: Limits) {
        for mut stored in returned.into_iter().rev() {
            stored.n_returns += 1;
            if key != Key::Dead && stored.n_returns > limits.delivery_limit {
                self.bury(stored.hint, limits);
            } else {
                self.by_key.entry(key).or_default().ready.push_front(stored);
            }
        }
        if let Some(queue) = self.by_key.get_mut(&key) {
            queue.dispatch(key);
        }
    }

    fn bury(&mut self, hint: Hint, limits: Limits) {
        telemetry::dead_lettered();
        let dead = self.by_key.entry(Key::Dead).or_default();
        if dead.ready.len() >= limits.max_length as usize {
            dead.ready.pop_front();
        }
        dead.ready.push_back(Stored { hint, n_returns: 0 });
        dead.dispatch(Key::Dead);
    }
}

impl Queue {
    /// Hands ready hints to consumers with room, in turn.
    fn dispatch(&mut self, key: Key) {
        let mut n_skipped = 0;
        while !self.ready.is_empty() && n_skipped < self.consumers.len() {
            let Some(mut consumer) = self.consumers.pop_front() else { return };
            if consumer.paused || consumer.unacked.len() >= consumer.prefetch {
                n_skipped += 1;
            } else if let Some(stored) = self.ready.pop_front() {
                n_skipped = 0;
                consumer.take(stored, key);
            }
            self.consumers.push_back(consumer);
        }
    }

    fn consumer(&mut self, subscription: u64) -> Option<&mut Consumer> {
        self.consumers.iter_mut().find(|consumer| consumer.subscription == subscription)
    }
}

impl Consumer {
    fn take(&mut self, stored: Stored, key: Key) {
        telemetry::received(key.label(), 1);
        self.last_tag += 1;
        self.unacked.insert(self.last_tag, stored);
        let token = Token { generation: self.subscription, lane: self.lane, tag: self.last_tag };
        let redelivered = stored.n_returns > 0;
        self.inbox.push([Delivery { hint: stored.hint, redelivered, token }]);
    }
}

impl Key {
    fn label(self) -> &'static str {
        match self {
            Self::Route(route) => route.routing_key(),
            Self::Dead => "dead",
        }
    }
}

impl InProcessSource {
    /// Takes deliveries out of the consumers' hands, in the order given, by lane.
    fn settle(&self, queues: &mut Queues, tokens: &[Token]) -> Vec<(Key, Vec<Stored>)> {
        let mut settled = Vec::new();
        for (lane, &key) in self.lanes.iter().enumerate() {
            let Some(queue) = queues.by_key.get_mut(&key) else { continue };
            let Some(consumer) = queue.consumer(self.subscription) else { continue };
            let of_this_lane = tokens
                .iter()
                .filter(|token| token.lane == lane && token.generation == self.subscription);
            let stored: Vec<_> =
                of_this_lane.filter_map(|token| consumer.unacked.remove(&token.tag)).collect();
            if !stored.is_empty() {
                settled.push((key, stored));
            }
        }
        let n_settled: usize = settled.iter().map(|(_, stored)| stored.len()).sum();
        telemetry::stale_acks((tokens.len() - n_settled) as u64);
        settled
    }

    fn set_paused(&self, queues: &mut Queues, paused: bool) {
        for &key in &self.lanes {
            let Some(queue) = queues.by_key.get_mut(&key) else { continue };
            if let Some(consumer) = queue.consumer(self.subscription) {
                consumer.paused = paused;
            }
            queue.dispatch(key);
        }
    }

    fn put_back(&self, queues: &mut Queues, tokens: &[Token]) {
        for (key, stored) in self.settle(queues, tokens) {
            telemetry::returned(key.label(), stored.len() as u64);
            queues.put_back(key, stored, self.core.limits);
        }
    }
}

impl Source for InProcessSource {
    fn ack(&self, tokens: &[Token]) {
        let mut queues = self.core.lock();
        for (key, stored) in self.settle(&mut queues, tokens) {
            telemetry::acked(key.label(), stored.len() as u64);
            if let Some(queue) = queues.by_key.get_mut(&key) {
                queue.dispatch(key);
            }
        }
    }

    fn give_back(&self, tokens: &[Token]) {
        self.put_back(&mut self.core.lock(), tokens);
    }

    fn pause(&self) {
        let mut queues = self.core.lock();
        self.set_paused(&mut queues, true);
        let waiting: Vec<_> = self.inbox.take_all().iter().map(|it| it.token).collect();
        self.put_back(&mut queues, &waiting);
    }

    fn resume(&self) {
        self.set_paused(&mut self.core.lock(), false);
    }

    fn close(&self) {
        self.inbox.close();
        let mut queues = self.core.lock();
        for &key in &self.lanes {
            let Some(queue) = queues.by_key.get_mut(&key) else { continue };
            let position =
                queue.consumers.iter().position(|it| it.subscription == self.subscription);
            let Some(consumer) = position.and_then(|index| queue.consumers.remove(index)) else {
                continue;
            };
            let unacked = consumer.unacked.into_values().collect();
            queues.put_back(key, unacked, self.core.limits);
        }
    }
}
