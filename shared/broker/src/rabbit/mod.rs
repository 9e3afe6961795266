//! RabbitMQ 3.10 to 4.x over AMQP 0-9-1.
//!
//! Publishing has a connection of its own and so has every subscription: when RabbitMQ runs out of
//! memory it stops reading from connections that publish, and an acknowledgement on such a connection
//! would hang as well. Each connection is kept by one task that rebuilds everything after any error;
//! the recovery built into lapin is not used, because it does not cover errors of a channel
//! (pipeline.md §7).
//!
//! TLS (`amqps://`) uses rustls with the process-wide provider, or installs *ring* when there is none.

mod backoff;
mod consumer;
mod link;
mod publisher;
mod session;
mod topology;

use crate::state::StateBoard;
use crate::{
    Broker, BrokerState, Confirm, DepthError, PublishError, Settings, SubscribeError, Subscription,
};
use async_trait::async_trait;
use lapin::uri::AMQPUri;
use messages::{Hint, Lane, Medium, Route, topology::Names};
use publisher::Publisher;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// RabbitMQ sends a heartbeat at least this often; a dead worker's hints return within twice that.
const HEARTBEAT_SECONDS: u16 = 15;
/// The state-board part of the publishing connection.
const PUBLISHER_PART: u64 = 0;

/// The broker of a fleet with more than one process.
pub struct RabbitBroker {
    context: Arc<Context>,
    publisher: Publisher,
    tasks: TaskTracker,
    next_part: AtomicU64,
}

/// Why the settings cannot lead to a connection, ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// `[broker] url` is not an AMQP URL. The URL is not repeated, since it holds the password.
    #[error(
        "[broker] url is not an AMQP URL: write amqp://user:password@host:5672/%2f, or amqps:// for TLS"
    )]
    Url,
    /// The host is an IPv6 address, which the AMQP library would silently replace by `localhost`.
    #[error("[broker] url names the host by an IPv6 address: write a host name instead")]
    Ipv6Literal,
}

/// What every connection needs to know.
struct Context {
    uri: AMQPUri,
    names: Names,
    settings: Settings,
    board: StateBoard,
    closing: CancellationToken,
}

impl RabbitBroker {
    /// Starts connecting and returns at once: a broker that is away is a state, not an error.
    /// Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`] when the URL cannot be understood.
    pub fn connect(settings: Settings) -> Result<Self, ConnectError> {
        let context = Arc::new(Context {
            uri: parse_url(settings.url.expose_secret())?,
            names: Names::new(settings.prefix.clone()),
            settings,
            board: StateBoard::new(BrokerState::down("not connected yet")),
            closing: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        let publisher = Publisher::spawn(context.clone(), &tasks);
        Ok(Self { context, publisher, tasks, next_part: AtomicU64::new(PUBLISHER_PART + 1) })
    }

    fn subscribe_to(
        &self,
        name: String,
        queues: Vec<consumer::Queue>,
        prefetch: u16,
    ) -> Result<Subscription, SubscribeError> {
        if prefetch == 0 {
            return Err(SubscribeError::NoPrefetch);
        }
        if self.context.closing.is_cancelled() {
            return Err(SubscribeError::Closed);
        }
        let part = self.next_part.fetch_add(1, Ordering::Relaxed);
        let plan = consumer::Plan { name, queues, prefetch, part };
        Ok(consumer::spawn(self.context.clone(), plan, &self.tasks))
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn publish(&self, batch: Vec<(Route, Hint)>) -> Result<Vec<Confirm>, PublishError> {
        self.publisher.publish(batch).await
    }

    async fn subscribe(
        &self,
        medium: Medium,
        prefetch: u16,
    ) -> Result<Subscription, SubscribeError> {
        let queues = Lane::ALL.iter().map(|&lane| {
            let route = Route { medium, lane };
            consumer::Queue { name: self.context.names.queue(route), label: route.routing_key() }
        });
        self.subscribe_to(format!("consume {medium}"), queues.collect(), prefetch)
    }

    async fn subscribe_dead(&self, prefetch: u16) -> Result<Subscription, SubscribeError> {
        let queue = consumer::Queue { name: self.context.names.dead_queue(), label: "dead" };
        self.subscribe_to("consume dead".to_owned(), vec![queue], prefetch)
    }

    fn state(&self) -> BrokerState {
        self.context.board.worst()
    }

    fn watch_state(&self) -> watch::Receiver<BrokerState> {
        self.context.board.watch()
    }

    async fn depth(&self, route: Route) -> Result<u64, DepthError> {
        self.publisher.depth(self.context.names.queue(route)).await
    }

    async fn dead_depth(&self) -> Result<u64, DepthError> {
        self.publisher.depth(self.context.names.dead_queue()).await
    }

    async fn close(&self) {
        self.context.closing.cancel();
        self.tasks.close();
        let limit = self.context.settings.confirm_timeout() + Duration::from_secs(5);
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("some broker connections did not end in time and are abandoned");
        }
        self.context.board.close();
    }
}

impl Drop for RabbitBroker {
    fn drop(&mut self) {
        self.context.closing.cancel();
    }
}

fn parse_url(url: &str) -> Result<AMQPUri, ConnectError> {
    let mut uri: AMQPUri = url.parse().map_err(|_| ConnectError::Url)?;
    let after_credentials = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
    if after_credentials.contains('[') {
        return Err(ConnectError::Ipv6Literal);
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    uri.query.connection_timeout.get_or_insert(5_000);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_heartbeat_gets_one() {
        let uri = parse_url("amqp://touchline:secret@rabbit.internal:5673/prod").unwrap();
        assert_eq!(uri.query.heartbeat, Some(HEARTBEAT_SECONDS));
        assert_eq!(uri.authority.host, "rabbit.internal");
        assert_eq!(uri.vhost, "prod");
        let uri = parse_url("amqps://localhost/%2f?heartbeat=30").unwrap();
        assert_eq!((uri.query.heartbeat, uri.authority.port), (Some(30), 5671));
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_its_password() {
        for url in ["", "localhost", "http://u:hunter2@host", "amqp://u:hunter2@host:port/"] {
            let err = parse_url(url).unwrap_err();
            assert_eq!(err, ConnectError::Url, "{url}");
            assert!(!err.to_string().contains("hunter2"));
        }
        assert_eq!(parse_url("amqp://u:p@[2001:db8::1]:5672/"), Err(ConnectError::Ipv6Literal));
    }
}
