//! The metrics of both brokers. `queue` is a routing key such as `email.hi`, or `dead`.
//!
//! | name | kind | labels | meaning |
//! | --- | --- | --- | --- |
//! | `touchline_broker_state` | gauge | – | 2 ready, 1 blocked, 0 down: the worst connection |
//! | `touchline_broker_connects_total` | counter | `connection` | connections established; growth means trouble |
//! | `touchline_broker_published_total` | counter | `outcome` | hints published: `accepted`, `refused`, `unroutable`, `unknown` |
//! | `touchline_broker_publish_seconds` | histogram | – | time until all confirms of up to 500 hints were in |
//! | `touchline_broker_received_total` | counter | `queue` | deliveries that could be read |
//! | `touchline_broker_malformed_total` | counter | `queue` | deliveries that could not be read and were acknowledged away |
//! | `touchline_broker_acked_total` | counter | `queue` | deliveries acknowledged on the wire |
//! | `touchline_broker_returned_total` | counter | `queue` | deliveries given back unprocessed |
//! | `touchline_broker_stale_acks_total` | counter | – | acknowledgements of a lost connection, ignored |
//! | `touchline_broker_dead_lettered_total` | counter | – | in-process broker only: hints moved to the dead-letter queue |

use crate::{BrokerState, Confirm};
use metrics::{counter, gauge, histogram};
use std::time::Duration;

pub(crate) fn state(state: &BrokerState) {
    gauge!("touchline_broker_state").set(match state {
        BrokerState::Ready => 2.0,
        BrokerState::Blocked { .. } => 1.0,
        BrokerState::Down { .. } => 0.0,
    });
}

pub(crate) fn connected(connection: &str) {
    counter!("touchline_broker_connects_total", "connection" => connection.to_owned()).increment(1);
}

pub(crate) fn published(confirms: &[Confirm], took: Duration) {
    for (outcome, confirm) in [
        ("accepted", Confirm::Accepted),
        ("refused", Confirm::Refused),
        ("unroutable", Confirm::Unroutable),
        ("unknown", Confirm::Unknown),
    ] {
        let n_confirms = confirms.iter().filter(|&&other| other == confirm).count();
        if n_confirms > 0 {
            counter!("touchline_broker_published_total", "outcome" => outcome)
                .increment(n_confirms as u64);
        }
    }
    histogram!("touchline_broker_publish_seconds").record(took);
}

pub(crate) fn received(queue: &str, n_deliveries: u64) {
    counter!("touchline_broker_received_total", "queue" => queue.to_owned())
        .increment(n_deliveries);
}

pub(crate) fn malformed(queue: &str) {
    counter!("touchline_broker_malformed_total", "queue" => queue.to_owned()).increment(1);
}

pub(crate) fn acked(queue: &str, n_deliveries: u64) {
    counter!("touchline_broker_acked_total", "queue" => queue.to_owned()).increment(n_deliveries);
}

pub(crate) fn returned(queue: &str, n_deliveries: u64) {
    counter!("touchline_broker_returned_total", "queue" => queue.to_owned())
        .increment(n_deliveries);
}

pub(crate) fn stale_acks(n_tokens: u64) {
    if n_tokens > 0 {
        counter!("touchline_broker_stale_acks_total").increment(n_tokens);
    }
}

pub(crate) fn dead_lettered() {
    counter!("touchline_broker_dead_lettered_total").increment(1);
}
