//! Publishing with confirms.
//!
//! Two measured faults of lapin shape this module (pipeline.md §0, findings 2 and 3). A channel shared
//! by tasks credits confirms to the wrong message, so one task owns each publishing channel. And a
//! returned message is attached to whichever confirm comes next, so returns are matched by their
//! message id once every confirm of the batch is in.

use super::backoff::Backoff;
use super::link::{Change, Link, LinkError};
use super::{Context, PUBLISHER_PART, topology};
use crate::{BrokerState, Confirm, DepthError, PublishError, telemetry};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, future};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation};
use messages::{Hint, Route};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Hints between two barriers. Above 200 there is little to win, above 1000 nothing (pipeline.md §2.3).
const WINDOW: usize = 500;
/// While one channel waits for its barrier, the other keeps the connection busy.
const N_CHANNELS: usize = 2;
const PERSISTENT: u8 = 2;
const DEPTH_LIMIT: Duration = Duration::from_secs(2);
/// The topology is not declared anew more often than this.
const REDECLARE_PAUSE: Duration = Duration::from_secs(1);
/// A connection that lasted this long was a success, so the next wait is short again.
const STABLE: Duration = Duration::from_secs(10);

type Item = (Route, Hint);

struct Job {
    items: Vec<Item>,
    reply: oneshot::Sender<Vec<Confirm>>,
}

/// The callers' side.
pub(super) struct Publisher {
    context: Arc<Context>,
    jobs: mpsc::Sender<Job>,
    state: watch::Receiver<BrokerState>,
    admin: Arc<Mutex<Option<Channel>>>,
}

impl Publisher {
    pub(super) fn spawn(context: Arc<Context>, tasks: &TaskTracker) -> Self {
        let (jobs, received) = mpsc::channel(64);
        let first = BrokerState::down("not connected yet");
        context.board.report(PUBLISHER_PART, first.clone());
        let (state, watched) = watch::channel(first);
        let admin = Arc::new(Mutex::new(None));
        let keeper = Keeper {
            context: context.clone(),
            jobs: Arc::new(Mutex::new(received)),
            state,
            admin: admin.clone(),
        };
        tasks.spawn(keeper.run());
        Self { context, jobs, state: watched, admin }
    }

    pub(super) async fn publish(&self, batch: Vec<Item>) -> Result<Vec<Confirm>, PublishError> {
        if self.context.closing.is_cancelled() {
            return Err(PublishError::Closed);
        }
        match self.state.borrow().clone() {
            BrokerState::Ready => {}
            BrokerState::Blocked { why } => return Err(PublishError::Blocked { why }),
            BrokerState::Down { why, .. } => return Err(PublishError::Down { why }),
        }
        let chunks = batch.chunks(WINDOW).map(|items| self.publish_chunk(items.to_vec()));
        Ok(future::join_all(chunks).await.concat())
    }

    async fn publish_chunk(&self, items: Vec<Item>) -> Vec<Confirm> {
        let n_items = items.len();
        let (reply, answer) = oneshot::channel();
        // Either fails only when the connection was lost or closed meanwhile.
        let answered = match self.jobs.send(Job { items, reply }).await {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        answered.unwrap_or_else(|| {
            let confirms = vec![Confirm::Unknown; n_items];
            telemetry::published(&confirms, Duration::ZERO);
            confirms
        })
    }

    /// Asks for the ready messages of a queue.
    pub(super) async fn depth(&self, queue: String) -> Result<u64, DepthError> {
        let unavailable =
            |why: &str| DepthError::Unavailable { queue: queue.clone(), why: why.to_owned() };
        let asking = async {
            let admin = self.admin.lock().await;
            let channel = admin.as_ref().ok_or_else(|| unavailable("there is no connection"))?;
            let options = QueueDeclareOptions { passive: true, ..Default::default() };
            channel
                .queue_declare(queue.as_str().into(), options, FieldTable::default())
                .await
                .map(|queue| u64::from(queue.message_count()))
                .map_err(|err| unavailable(&err.to_string()))
        };
        tokio::time::timeout(DEPTH_LIMIT, asking)
            .await
            .unwrap_or_else(|_| Err(unavailable("no answer in time")))
    }
}

/// Keeps the publishing connection.
struct Keeper {
    context: Arc<Context>,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    state: watch::Sender<BrokerState>,
    admin: Arc<Mutex<Option<Channel>>>,
}

impl Keeper {
    async fn run(self) {
        let mut backoff = Backoff::default();
        let mut last_words = String::new();
        loop {
            let started = Instant::now();
            let opened = tokio::select! {
                opened = self.open() => opened,
                () = self.context.closing.cancelled() => break,
            };
            let outcome = match opened {
                Ok((link, channels)) => {
                    last_words.clear();
                    self.serve(link, channels).await
                }
                Err(err) => Err(err),
            };
            let Err(err) = outcome else { break };
            let why = err.to_string();
            self.report(BrokerState::down(why.clone()));
            if why != last_words {
                tracing::warn!(
                    connection = "publish",
                    why,
                    "broker connection is down, reconnecting"
                );
                last_words = why;
            }
            self.refuse_waiting_jobs().await;
            if started.elapsed() > STABLE {
                backoff.reset();
            }
            tokio::select! {
                () = tokio::time::sleep(backoff.next()) => {}
                () = self.context.closing.cancelled() => break,
            }
        }
        self.report(BrokerState::down("closed by this process"));
        self.jobs.lock().await.close();
        self.refuse_waiting_jobs().await;
    }

    async fn open(&self) -> Result<(Link, Vec<Channel>), LinkError> {
        let link = Link::open(&self.context, "publish").await?;
        let mut channels = Vec::with_capacity(N_CHANNELS);
        for _ in 0..N_CHANNELS {
            let channel = link.connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            channels.push(channel);
        }
        *self.admin.lock().await = Some(link.connection.create_channel().await?);
        Ok((link, channels))
    }

    /// Runs until the connection is lost (an error) or the broker is closed.
    async fn serve(&self, mut link: Link, channels: Vec<Channel>) -> Result<(), LinkError> {
        let stop = CancellationToken::new();
        let signals = Arc::new(Signals::default());
        let mut lanes = JoinSet::new();
        for channel in channels {
            lanes.spawn(
                PublishLane {
                    channel,
                    exchange: self.context.names.exchange(),
                    confirm_timeout: self.context.settings.confirm_timeout(),
                    jobs: self.jobs.clone(),
                    signals: signals.clone(),
                    stop: stop.clone(),
                    closing: self.context.closing.clone(),
                }
                .run(),
            );
        }
        self.report(BrokerState::Ready);
        tracing::info!(connection = "publish", "broker connection is up");
        let outcome = self.watch(&mut link, &signals).await;
        // Otherwise the broker is being closed, and the lanes know it.
        if outcome.is_err() {
            stop.cancel();
        }
        lanes.join_all().await;
        *self.admin.lock().await = None;
        link.close().await;
        outcome
    }

    async fn watch(&self, link: &mut Link, signals: &Signals) -> Result<(), LinkError> {
        let mut blocked = false;
        let mut spoiled = false;
        let mut declared_at = Instant::now();
        loop {
            tokio::select! {
                // In this order, because the loss of the connection spoils the channels as well and
                // explains more.
                biased;
                () = self.context.closing.cancelled() => return Ok(()),
                change = link.changed() => match change {
                    Change::Lost(err) => return Err(err),
                    Change::Blocked(why) => {
                        tracing::warn!(why, "the broker has blocked publishers");
                        blocked = true;
                        self.report(BrokerState::Blocked { why });
                    }
                    Change::Unblocked => {
                        tracing::info!("the broker has unblocked publishers");
                        if spoiled {
                            return Err(LinkError::Deadline);
                        }
                        blocked = false;
                        self.report(BrokerState::Ready);
                    }
                },
                // A new connection would be blocked as well, but only after its first message, and
                // until then it would look ready. So a blocked one is kept until the alarm ends.
                () = signals.spoiled.notified() => {
                    if !blocked {
                        return Err(LinkError::Deadline);
                    }
                    spoiled = true;
                }
                () = signals.unroutable.notified() => {
                    if !blocked && declared_at.elapsed() > REDECLARE_PAUSE {
                        let limits = self.context.settings.limits();
                        topology::declare(&link.connection, &self.context.names, limits)
                            .await
                            .map_err(LinkError::Topology)?;
                        declared_at = Instant::now();
                    }
                }
            }
        }
    }

    fn report(&self, state: BrokerState) {
        self.state.send_replace(state.clone());
        self.context.board.report(PUBLISHER_PART, state);
    }

    /// Dropping a job answers it with `Unknown`.
    async fn refuse_waiting_jobs(&self) {
        let mut jobs = self.jobs.lock().await;
        while jobs.try_recv().is_ok() {}
    }
}

/// What the lanes tell the keeper.
#[derive(Default)]
struct Signals {
    spoiled: Notify,
    unroutable: Notify,
}

/// The one task that owns a publishing channel.
struct PublishLane {
    channel: Channel,
    exchange: String,
    confirm_timeout: Duration,
    jobs: Arc<Mutex<mpsc::Receiver<Job>>>,
    signals: Arc<Signals>,
    /// Leave everything as it is, at once.
    stop: CancellationToken,
    /// Finish what there is, then leave.
    closing: CancellationToken,
}

impl PublishLane {
    async fn run(self) {
        // A channel with unanswered publications is never used again: their late answers would be
        // taken for those of the next batch.
        let mut spoiled = false;
        loop {
            let next = async { self.jobs.lock().await.recv().await };
            let job = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                job = next => job,
                // After the jobs, so that what was handed in before the end is still published.
                () = self.closing.cancelled() => return,
            };
            let Some(Job { items, reply }) = job else { return };
            let started = Instant::now();
            let confirms = if spoiled {
                vec![Confirm::Unknown; items.len()]
            } else {
                self.publish(&items).await
            };
            telemetry::published(&confirms, started.elapsed());
            if confirms.contains(&Confirm::Unroutable) {
                self.signals.unroutable.notify_one();
            }
            if confirms.contains(&Confirm::Unknown) {
                spoiled = true;
                self.signals.spoiled.notify_one();
            }
            // The caller may have gone away; the hints are published all the same.
            let _ = reply.send(confirms);
        }
    }

    /// Publishes up to a barrier. Whatever has no answer by then stays `Unknown`.
    async fn publish(&self, items: &[Item]) -> Vec<Confirm> {
        let deadline = Instant::now() + self.confirm_timeout;
        let mut confirms = vec![Confirm::Unknown; items.len()];
        let mut returned = HashSet::new();
        let mut answers: FuturesUnordered<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.publish_one(item).map(move |answer| (index, answer)))
            .collect();
        loop {
            let next = tokio::select! {
                biased;
                next = answers.next() => next,
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep_until(deadline) => break,
            };
            let Some((index, answer)) = next else { break };
            match answer {
                Ok(confirmation) => note(confirmation, &mut confirms[index], &mut returned),
                Err(err) => tracing::debug!(%err, "a publication was not confirmed"),
            }
        }
        if !returned.is_empty() {
            for ((route, hint), confirm) in items.iter().zip(&mut confirms) {
                if returned.contains(&(route.routing_key().to_owned(), hint.message_id())) {
                    *confirm = Confirm::Unroutable;
                }
            }
        }
        confirms
    }

    async fn publish_one(&self, (route, hint): &Item) -> lapin::Result<Confirmation> {
        // `mandatory`, so that a hint no queue is bound for comes back instead of vanishing.
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into())
            .with_message_id(hint.message_id().into());
        let exchange = self.exchange.as_str().into();
        let routing_key = route.routing_key().into();
        let published = self
            .channel
            .basic_publish(exchange, routing_key, options, &hint.to_bytes(), properties)
            .await?;
        published.await
    }
}

/// Takes down one confirm, and the return that came with it, which may be of any other message.
fn note(
    confirmation: Confirmation,
    confirm: &mut Confirm,
    returned: &mut HashSet<(String, String)>,
) {
    *confirm = match &confirmation {
        Confirmation::Ack(_) => Confirm::Accepted,
        Confirmation::Nack(_) => Confirm::Refused,
        Confirmation::NotRequested => Confirm::Unknown,
    };
    if let Some(message) = confirmation.take_message()
        && let Some(id) = message.properties.message_id()
    {
        returned.insert((message.routing_key.to_string(), id.to_string()));
    }
}
