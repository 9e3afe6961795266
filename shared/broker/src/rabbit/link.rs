//! One connection: opened with its topology, watched, closed within a limit.

use super::{Context, topology};
use crate::telemetry;
use futures_util::{Stream, StreamExt};
use lapin::{Connection, ConnectionProperties, Event};
use std::pin::Pin;
use std::time::Duration;

/// lapin has no limit for the handshake and cannot abandon one: its thread stays until the socket
/// ends. So the limit is generous, and a broker that hangs costs one thread per limit.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How often the connection is looked at in case an end of it was not announced.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Link {
    pub(super) connection: Connection,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

/// What happened to a connection.
pub(super) enum Change {
    Blocked(String),
    Unblocked,
    Lost(LinkError),
}

/// Why a connection cannot be used, in words for the log. Never contains the URL.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("connecting failed: {0}")]
    Connect(lapin::Error),
    #[error("no answer to the handshake within {} s", HANDSHAKE_LIMIT.as_secs())]
    Handshake,
    #[error("exchanges and queues could not be declared: {0}")]
    Topology(lapin::Error),
    #[error("the connection was lost: {0}")]
    Lost(lapin::Error),
    #[error("the connection was lost")]
    Gone,
    #[error("the broker ended the consumer of {0}; was the queue deleted?")]
    ConsumerEnded(String),
    #[error("confirms were missing after the deadline")]
    Deadline,
}

impl From<lapin::Error> for LinkError {
    fn from(err: lapin::Error) -> Self {
        Self::Lost(err)
    }
}

impl Link {
    pub(super) async fn open(context: &Context, name: &str) -> Result<Self, LinkError> {
        let properties = ConnectionProperties::default()
            .with_connection_name(format!("touchline {name}").into());
        let connecting = Connection::connect_uri(context.uri.clone(), properties);
        let connection = tokio::time::timeout(HANDSHAKE_LIMIT, connecting)
            .await
            .map_err(|_| LinkError::Handshake)?
            .map_err(LinkError::Connect)?;
        let limits = context.settings.limits();
        topology::declare(&connection, &context.names, limits)
            .await
            .map_err(LinkError::Topology)?;
        telemetry::connected(name);
        // Only now, because a queue with other arguments ends the declaring channel, and that is an
        // event as well.
        let events = Box::pin(connection.events_listener());
        Ok(Self { connection, events })
    }

    /// Waits for the next change. Cancelling loses none.
    pub(super) async fn changed(&mut self) -> Change {
        loop {
            let event = tokio::select! {
                event = self.events.next() => event,
                () = tokio::time::sleep(LOOK) => {
                    if self.connection.status().connected() {
                        continue;
                    }
                    None
                }
            };
            return match event {
                Some(Event::ConnectionBlocked(why)) => Change::Blocked(why),
                Some(Event::ConnectionUnblocked) => Change::Unblocked,
                Some(Event::Error(err)) => Change::Lost(LinkError::Lost(err)),
                Some(_) => continue,
                None => Change::Lost(LinkError::Gone),
            };
        }
    }

    /// Says goodbye, or gives up saying it: a blocked connection sends nothing at all.
    pub(super) async fn close(self) {
        let goodbye = self.connection.close(200, "OK".into());
        if let Ok(Err(err)) = tokio::time::timeout(CLOSE_LIMIT, goodbye).await {
            tracing::debug!(%err, "the broker connection had ended before it was closed");
        }
    }
}
