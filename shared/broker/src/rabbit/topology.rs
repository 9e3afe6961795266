//! Declares exchanges and queues, the same on RabbitMQ 3.10 and 4.x (pipeline.md §2.2).

use crate::Limits;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};
use messages::{Route, topology::Names};

/// The dead-letter queue has nowhere to hand a hint on to. RabbitMQ 4 would drop it after 20 returns
/// unless told otherwise, and 3.10 does not know "never", hence a limit that is not reached.
const DEAD_DELIVERY_LIMIT: u32 = 1_000_000;

/// Declares everything, again and again without harm.
pub(super) async fn declare(
    connection: &Connection,
    names: &Names,
    limits: Limits,
) -> Result<(), lapin::Error> {
    let mut declarer = Declarer { connection, channel: connection.create_channel().await? };
    declarer.exchange(names.dead_exchange(), ExchangeKind::Fanout).await?;
    declarer.queue(names.dead_queue(), dead_arguments()).await?;
    declarer.bind(names.dead_queue(), names.dead_exchange(), "").await?;
    declarer.exchange(names.exchange(), ExchangeKind::Direct).await?;
    for route in Route::all() {
        declarer.queue(names.queue(route), arguments(names, limits)).await?;
        declarer.bind(names.queue(route), names.exchange(), route.routing_key()).await?;
    }
    declarer.channel.close(200, "OK".into()).await
}

fn arguments(names: &Names, limits: Limits) -> FieldTable {
    table([
        // The only type that is fsynced before it confirms, and on 3.10 twice as fast besides.
        ("x-queue-type", text("quorum")),
        // Explicit, because 3.x has no default and 4.x has 20.
        ("x-delivery-limit", number(limits.delivery_limit)),
        ("x-max-length", number(limits.max_length)),
        // At-least-once dead-lettering demands it; the scheduler is told to slow down by the nack.
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text(&names.dead_exchange())),
        ("x-dead-letter-strategy", text("at-least-once")),
    ])
}

/// No length limit: a full target would stall dead-lettering in the source queues.
fn dead_arguments() -> FieldTable {
    table([("x-queue-type", text("quorum")), ("x-delivery-limit", number(DEAD_DELIVERY_LIMIT))])
}

fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert(name.into(), value);
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongInt(i32::try_from(value).unwrap_or(i32::MAX))
}

struct Declarer<'a> {
    connection: &'a Connection,
    channel: Channel,
}

impl Declarer<'_> {
    async fn exchange(&mut self, name: String, kind: ExchangeKind) -> Result<(), lapin::Error> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let declared = self
            .channel
            .exchange_declare(name.as_str().into(), kind.clone(), options, FieldTable::default())
            .await;
        if !self.must_take_as_it_is(&declared, &name).await? {
            return declared;
        }
        let options = ExchangeDeclareOptions { passive: true, ..options };
        self.channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
    }

    async fn queue(&mut self, name: String, arguments: FieldTable) -> Result<(), lapin::Error> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let declared =
            self.channel.queue_declare(name.as_str().into(), options, arguments).await.map(|_| ());
        if !self.must_take_as_it_is(&declared, &name).await? {
            return declared;
        }
        let options = QueueDeclareOptions { passive: true, ..options };
        self.channel.queue_declare(name.into(), options, FieldTable::default()).await.map(|_| ())
    }

    async fn bind(
        &mut self,
        queue: String,
        exchange: String,
        routing_key: &str,
    ) -> Result<(), lapin::Error> {
        let options = QueueBindOptions::default();
        let bound = self
            .channel
            .queue_bind(
                queue.as_str().into(),
                exchange.into(),
                routing_key.into(),
                options,
                FieldTable::default(),
            )
            .await;
        if self.must_take_as_it_is(&bound, &queue).await? { Ok(()) } else { bound }
    }

    /// Whether the broker keeps this object with other arguments, or keeps it from being changed by
    /// this user. Then it is used as it is: an operator has decided about it, or a setting was changed
    /// after the queue had been created. The refusal has ended the channel, so a new one is opened.
    async fn must_take_as_it_is(
        &mut self,
        outcome: &Result<(), lapin::Error>,
        name: &str,
    ) -> Result<bool, lapin::Error> {
        let Err(err) = outcome else { return Ok(false) };
        let refused = match err.kind() {
            ErrorKind::ProtocolError(err) => matches!(
                err.kind(),
                AMQPErrorKind::Soft(
                    AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::ACCESSREFUSED
                )
            ),
            _ => false,
        };
        if refused {
            tracing::warn!(queue = name, %err, "the broker's own version of this object is used");
            self.channel = self.connection.create_channel().await?;
        }
        Ok(refused)
    }
}
