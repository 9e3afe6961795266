//! What a worker holds: a stream of batches, and the handle to settle what it took.

use messages::Hint;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One hint, with what is needed to settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The hint.
    pub hint: Hint,
    /// Whether it may have been delivered before. Never decide by it: the claim knows.
    pub redelivered: bool,
    /// Settles this delivery, once.
    pub token: Token,
}

/// Names one delivery of one connection. A token of a lost connection is ignored, because the broker
/// delivers its hint again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    pub(crate) generation: u64,
    pub(crate) lane: usize,
    pub(crate) tag: u64,
}

/// Lanes of one subscription: the preferred one first. The dead-letter queue has one lane.
pub(crate) const N_LANES: usize = 2;

/// Settles deliveries on the side of one broker. None of these wait.
pub(crate) trait Source: Send + Sync {
    fn ack(&self, tokens: &[Token]);
    fn give_back(&self, tokens: &[Token]);
    fn pause(&self);
    fn resume(&self);
    fn close(&self);
}

/// A stream of hints. Survives lost connections by itself. Dropping it sends what was acknowledged
/// and returns everything else to the broker.
pub struct Subscription {
    inbox: Arc<Inbox>,
    acker: Acker,
    /// When the batch now being gathered has to be handed out.
    linger_until: Option<Instant>,
}

/// Settles deliveries of one subscription, from any task.
#[derive(Clone)]
pub struct Acker {
    source: Arc<dyn Source>,
}

impl Subscription {
    pub(crate) fn new(inbox: Arc<Inbox>, source: Arc<dyn Source>) -> Self {
        Self { inbox, acker: Acker { source }, linger_until: None }
    }

    /// Waits for the first hint, then at most `linger` for more, and returns up to `max` of them,
    /// `hi` before `bulk`. `None` means the broker was closed for good. Cancelling loses nothing.
    pub async fn next_batch(&mut self, max: usize, linger: Duration) -> Option<Vec<Delivery>> {
        let max = max.max(1);
        loop {
            match self.inbox.n_waiting() {
                None => return None,
                Some(0) => {
                    self.linger_until = None;
                    self.inbox.arrived.notified().await;
                }
                Some(n_waiting) => {
                    let until = *self.linger_until.get_or_insert_with(|| Instant::now() + linger);
                    if n_waiting >= max || Instant::now() >= until {
                        self.linger_until = None;
                        let batch = self.inbox.take(max);
                        // Nothing is left when the connection was lost since the count.
                        if !batch.is_empty() {
                            return Some(batch);
                        }
                        continue;
                    }
                    tokio::select! {
                        () = self.inbox.arrived.notified() => {}
                        () = tokio::time::sleep_until(until) => {}
                    }
                }
            }
        }
    }

    /// The handle to settle deliveries from other tasks.
    pub fn acker(&self) -> Acker {
        self.acker.clone()
    }

    /// See [`Acker::ack`].
    pub fn ack(&self, tokens: impl IntoIterator<Item = Token>) {
        self.acker.ack(tokens);
    }

    /// See [`Acker::give_back`].
    pub fn give_back(&self, tokens: impl IntoIterator<Item = Token>) {
        self.acker.give_back(tokens);
    }

    /// See [`Acker::pause`].
    pub fn pause(&self) {
        self.acker.pause();
    }

    /// See [`Acker::resume`].
    pub fn resume(&self) {
        self.acker.resume();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.acker.source.close();
    }
}

impl Acker {
    /// Acknowledges deliveries. Goes out with the next 50, or 50 ms later, whichever is first. Tokens
    /// of a lost connection, and tokens already settled, are ignored.
    pub fn ack(&self, tokens: impl IntoIterator<Item = Token>) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        if !tokens.is_empty() {
            self.source.ack(&tokens);
        }
    }

    /// Returns deliveries unprocessed, for this or another worker. It counts towards the delivery
    /// limit, so [`pause`](Self::pause) first: otherwise they come straight back.
    pub fn give_back(&self, tokens: impl IntoIterator<Item = Token>) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        if !tokens.is_empty() {
            self.source.give_back(&tokens);
        }
    }

    /// Stops taking hints and returns those that no batch has handed out yet. What was handed out
    /// stays with the caller and can still be settled.
    pub fn pause(&self) {
        self.source.pause();
    }

    /// Takes hints again.
    pub fn resume(&self) {
        self.source.resume();
    }
}

/// Hints between the broker and `next_batch`. The broker's prefetch bounds it.
#[derive(Default)]
pub(crate) struct Inbox {
    lanes: Mutex<Lanes>,
    arrived: Notify,
}

#[derive(Default)]
struct Lanes {
    waiting: [VecDeque<Delivery>; N_LANES],
    closed: bool,
}

impl Inbox {
    pub(crate) fn push(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        let mut lanes = self.lock();
        for delivery in deliveries {
            lanes.waiting[delivery.token.lane].push_back(delivery);
        }
        drop(lanes);
        self.arrived.notify_one();
    }

    /// Takes everything out, for a pause or after a lost connection.
    pub(crate) fn take_all(&self) -> Vec<Delivery> {
        self.take(usize::MAX)
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn n_waiting(&self) -> Option<usize> {
        let lanes = self.lock();
        (!lanes.closed).then(|| lanes.waiting.iter().map(VecDeque::len).sum())
    }

    fn take(&self, max: usize) -> Vec<Delivery> {
        let mut lanes = self.lock();
        let mut batch = Vec::new();
        for lane in &mut lanes.waiting {
            let n_taken = lane.len().min(max - batch.len());
            batch.extend(lane.drain(..n_taken));
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
