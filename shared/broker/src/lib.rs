//! RabbitMQ and the in-process broker behind one trait.
//!
//! A hint carries no truth (see `messages`), so both brokers promise little and promise it exactly:
//!
//! * Every hint of a batch gets one [`Confirm`]. `Accepted` means the broker holds it durably (the
//!   in-process broker: in memory); anything else leaves the hint with the sender.
//! * A delivery that is never acknowledged comes back when its subscription ends, at most
//!   `delivery_limit` times; then it goes to the dead-letter queue. One that was acknowledged may come
//!   back as well, when the connection ends before RabbitMQ has digested it: AMQP confirms no
//!   acknowledgement.
//! * At most `prefetch` hints per lane are with one subscription at a time.
//! * `hi` hints are handed out before `bulk` hints. Nothing else is promised about order.
//!
//! Connections are kept by this crate alone. It reports what happens to them as [`BrokerState`] and
//! never asks a caller to reconnect.
//!
//! [`telemetry`] lists the metrics.

mod acks;
mod in_process;
mod rabbit;
mod settings;
mod state;
mod subscription;
pub mod telemetry;

pub use in_process::InProcessBroker;
pub use rabbit::{ConnectError, RabbitBroker};
pub use settings::{Limits, Settings};
pub use state::BrokerState;
pub use subscription::{Acker, Delivery, Subscription, Token};

use async_trait::async_trait;
use messages::{Hint, Medium, Route};
use tokio::sync::watch;

/// Carries hints from the scheduler to the workers.
#[async_trait]
pub trait Broker: Send + Sync {
    /// Publishes a batch and waits until the broker has answered for every hint, at most
    /// `confirm_timeout_seconds` per 500 hints. Returns one answer per hint, in the order given.
    ///
    /// # Errors
    /// [`PublishError`] when nothing of the batch was sent.
    async fn publish(&self, batch: Vec<(Route, Hint)>) -> Result<Vec<Confirm>, PublishError>;

    /// Takes hints of both lanes of a medium, at most `prefetch` unacknowledged ones per lane.
    /// Succeeds while the broker is away, too: deliveries start when it is back.
    ///
    /// # Errors
    /// [`SubscribeError`] when the broker has been closed or `prefetch` is 0.
    async fn subscribe(
        &self,
        medium: Medium,
        prefetch: u16,
    ) -> Result<Subscription, SubscribeError>;

    /// Takes hints from the dead-letter queue, for the reaper that looks each one up in PostgreSQL.
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe).
    async fn subscribe_dead(&self, prefetch: u16) -> Result<Subscription, SubscribeError>;

    /// The worst state of all connections at this moment.
    fn state(&self) -> BrokerState;

    /// The same, to await a change: `watch_state().wait_for(|state| state.is_ready())`.
    fn watch_state(&self) -> watch::Receiver<BrokerState>;

    /// Hints of a route that are ready and with nobody.
    ///
    /// # Errors
    /// [`DepthError`] when the broker cannot be asked now.
    async fn depth(&self, route: Route) -> Result<u64, DepthError>;

    /// Hints in the dead-letter queue that are with nobody.
    ///
    /// # Errors
    /// As for [`depth`](Self::depth).
    async fn dead_depth(&self) -> Result<u64, DepthError>;

    /// Lets batches under way finish, sends outstanding acknowledgements, ends every subscription and
    /// disconnects. Waits for all of it, at most a little longer than one confirm timeout.
    async fn close(&self);
}

/// What became of one published hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirm {
    /// The broker holds it.
    Accepted,
    /// The queue is full. Publish again later, more slowly.
    Refused,
    /// No queue is bound to the route. The topology is declared anew; publish again later.
    Unroutable,
    /// The connection ended, or the deadline passed, before an answer. It may or may not arrive;
    /// publishing it again is harmless.
    Unknown,
}

/// Why nothing of a batch was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection.
    #[error("the broker cannot be reached ({why}): nothing was published; it is being reconnected")]
    Down {
        /// What the last attempt to connect said.
        why: String,
    },
    /// The broker has stopped reading from publishers.
    #[error(
        "the broker has blocked publishers ({why}): nothing was published; free memory or disk on the \
         broker"
    )]
    Blocked {
        /// The alarm, in the broker's words.
        why: String,
    },
    /// [`Broker::close`] has been called.
    #[error("the broker has been closed by this process: nothing was published")]
    Closed,
}

/// Why there is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// [`Broker::close`] has been called.
    #[error("the broker has been closed by this process")]
    Closed,
    /// A prefetch of 0 means "unlimited" in AMQP, which is never wanted.
    #[error("the prefetch is 0: set [worker] prefetch to at least 1")]
    NoPrefetch,
}

/// Why the depth of a queue is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepthError {
    /// There is no connection, it is blocked, or the broker did not answer within two seconds.
    #[error("the broker did not tell the depth of {queue}: {why}")]
    Unavailable {
        /// The queue asked about.
        queue: String,
        /// What went wrong.
        why: String,
    },
}
