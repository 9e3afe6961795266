//! One connection of a subscription: from the first delivery to its loss.
//!
//! Each lane has a channel of its own, because the contiguous prefix of finished tags would otherwise
//! let a slow bulk hint hold back the acknowledgements of the `hi` lane.

use super::consumer::{Queue, Task};
use super::link::{Change, Link, LinkError};
use crate::subscription::{Delivery, Source, Token};
use crate::telemetry;
use futures_util::{FutureExt, Stream, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use messages::Hint;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// Acknowledgements go out in groups of this size (pipeline.md §2.4) …
const ACK_GROUP: usize = 50;
/// … or when the oldest has waited this long.
const ACK_DELAY: Duration = Duration::from_millis(50);
/// Deliveries moved in one go.
const DRAIN: usize = 256;

/// A channel with at most one consumer.
pub(super) struct Lane {
    queue: Queue,
    channel: Channel,
    consumer: Option<Consumer>,
}

pub(super) struct Session<'a> {
    task: &'a Task,
    generation: u64,
    lanes: Vec<Lane>,
    flush_at: Option<Instant>,
}

/// Opens one channel per queue; nothing is consumed yet.
pub(super) async fn open_lanes(
    connection: &Connection,
    queues: &[Queue],
    prefetch: u16,
) -> Result<Vec<Lane>, LinkError> {
    let mut lanes = Vec::with_capacity(queues.len());
    for queue in queues {
        let channel = connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        lanes.push(Lane { queue: queue.clone(), channel, consumer: None });
    }
    Ok(lanes)
}

impl<'a> Session<'a> {
    pub(super) fn new(task: &'a Task, generation: u64, lanes: Vec<Lane>) -> Self {
        Self { task, generation, lanes, flush_at: None }
    }

    /// Moves hints and acknowledgements until the subscription ends, or the connection (an error).
    pub(super) async fn pump(&mut self, link: &mut Link) -> Result<(), LinkError> {
        loop {
            self.follow_pause().await?;
            let flush_at = self.flush_at;
            tokio::select! {
                () = self.task.shared.ended.cancelled() => return Ok(()),
                change = link.changed() => match change {
                    // Only connections that publish are blocked.
                    Change::Blocked(_) | Change::Unblocked => {}
                    Change::Lost(err) => return Err(err),
                },
                (lane, item) = next_delivery(&mut self.lanes) => self.receive(lane, item)?,
                () = self.task.shared.wake.notified() => self.answer().await?,
                () = tokio::time::sleep_until(flush_at.unwrap_or_else(Instant::now)),
                    if flush_at.is_some() => self.flush(false).await?,
            }
        }
    }

    /// Moves this delivery and all others that are there already.
    fn receive(
        &mut self,
        lane: usize,
        item: Option<lapin::Result<lapin::message::Delivery>>,
    ) -> Result<(), LinkError> {
        let mut next = Some((lane, item));
        let mut deliveries = Vec::new();
        while let Some((lane, item)) = next {
            match item {
                Some(Ok(delivery)) => deliveries.extend(self.accept(lane, &delivery)),
                Some(Err(err)) => return Err(err.into()),
                None => return Err(LinkError::ConsumerEnded(self.lanes[lane].queue.name.clone())),
            }
            next = (deliveries.len() < DRAIN)
                .then(|| next_delivery(&mut self.lanes).now_or_never())
                .flatten();
        }
        for (lane, of_lane) in self.lanes.iter().enumerate() {
            let n_deliveries = deliveries.iter().filter(|it| it.token.lane == lane).count();
            if n_deliveries > 0 {
                telemetry::received(of_lane.queue.label, n_deliveries as u64);
            }
        }
        self.task.shared.inbox.push(deliveries);
        Ok(())
    }

    /// Reads one hint. What cannot be read is acknowledged away: no later attempt could read it.
    fn accept(&self, lane: usize, delivery: &lapin::message::Delivery) -> Option<Delivery> {
        let tag = delivery.delivery_tag;
        let mut ledger = self.task.shared.lock();
        ledger.trackers[lane].delivered(tag);
        match Hint::parse(&delivery.data) {
            Ok(hint) => {
                let token = Token { generation: self.generation, lane, tag };
                Some(Delivery { hint, redelivered: delivery.redelivered, token })
            }
            Err(err) => {
                ledger.trackers[lane].finish(tag);
                drop(ledger);
                let queue = &self.lanes[lane].queue;
                telemetry::malformed(queue.label);
                tracing::warn!(queue = queue.name, n_bytes = delivery.data.len(), %err, "message dropped");
                self.task.shared.wake.notify_one();
                None
            }
        }
    }

    /// Does what `ack` and `give_back` asked for, now or a little later.
    async fn answer(&mut self) -> Result<(), LinkError> {
        let (to_return, n_finished) = {
            let mut ledger = self.task.shared.lock();
            (std::mem::take(&mut ledger.to_return), ledger.n_finished())
        };
        for token in to_return {
            self.nack(token.lane, token.tag).await?;
        }
        if n_finished >= ACK_GROUP {
            self.flush(false).await?;
        } else if n_finished > 0 && self.flush_at.is_none() {
            self.flush_at = Some(Instant::now() + ACK_DELAY);
        }
        Ok(())
    }

    /// Sends the acknowledgements asked for: at the end all of them, before that preferably those that
    /// can go together.
    pub(super) async fn flush(&mut self, at_the_end: bool) -> Result<(), LinkError> {
        self.flush_at = None;
        for (index, lane) in self.lanes.iter().enumerate() {
            let (prefix, stragglers) = {
                let mut ledger = self.task.shared.lock();
                let tracker = &mut ledger.trackers[index];
                let prefix = tracker.take_prefix();
                // One slow hint must not use up the prefetch.
                let too_many = tracker.n_finished() > usize::from(self.task.plan.prefetch) / 2;
                (
                    prefix,
                    if too_many || at_the_end { tracker.take_stragglers() } else { Vec::new() },
                )
            };
            let mut n_acked = stragglers.len() as u64;
            if let Some(prefix) = prefix {
                n_acked += prefix.n_deliveries;
                lane.channel.basic_ack(prefix.tag, BasicAckOptions { multiple: true }).await?;
            }
            for tag in stragglers {
                lane.channel.basic_ack(tag, BasicAckOptions::default()).await?;
            }
            if n_acked > 0 {
                telemetry::acked(lane.queue.label, n_acked);
            }
        }
        Ok(())
    }

    async fn nack(&self, lane: usize, tag: u64) -> Result<(), LinkError> {
        let options = BasicNackOptions { multiple: false, requeue: true };
        self.lanes[lane].channel.basic_nack(tag, options).await?;
        telemetry::returned(self.lanes[lane].queue.label, 1);
        Ok(())
    }

    async fn follow_pause(&mut self) -> Result<(), LinkError> {
        let paused = self.task.shared.lock().paused;
        let consuming = self.lanes.iter().any(|lane| lane.consumer.is_some());
        match (paused, consuming) {
            (false, false) => self.consume().await,
            (true, true) => self.stop_consuming().await,
            _ => Ok(()),
        }
    }

    async fn consume(&mut self) -> Result<(), LinkError> {
        for lane in &mut self.lanes {
            let consumer = lane
                .channel
                .basic_consume(
                    lane.queue.name.as_str().into(),
                    // The broker makes up a tag: tags have to be unique per subscription.
                    "".into(),
                    BasicConsumeOptions::default(),
                    FieldTable::default(),
                )
                .await?;
            lane.consumer = Some(consumer);
        }
        Ok(())
    }

    /// Cancels the consumers, then returns what came before the cancellation and what still waits in
    /// the inbox. In this order, or it would all be delivered here again.
    async fn stop_consuming(&mut self) -> Result<(), LinkError> {
        let mut unread = Vec::new();
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let Some(mut consumer) = lane.consumer.take() else { continue };
            lane.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
            while let Some(item) = consumer.next().await {
                let tag = item?.delivery_tag;
                self.task.shared.lock().trackers[index].delivered(tag);
                unread.push(Token { generation: self.generation, lane: index, tag });
            }
        }
        unread.extend(self.task.shared.inbox.take_all().iter().map(|it| it.token));
        self.task.shared.give_back(&unread);
        self.answer().await
    }
}

/// The next delivery of any lane, the preferred lane first. Never ready while nothing is consumed.
/// Cancelling loses nothing.
async fn next_delivery(
    lanes: &mut [Lane],
) -> (usize, Option<lapin::Result<lapin::message::Delivery>>) {
    poll_fn(|cx| {
        for (index, lane) in lanes.iter_mut().enumerate() {
            let Some(consumer) = lane.consumer.as_mut() else { continue };
            if let Poll::Ready(item) = Pin::new(consumer).poll_next(cx) {
                return Poll::Ready((index, item));
            }
        }
        Poll::Pending
    })
    .await
}
