//! That a process is there, for people to see: reported every ten seconds until it stops.

use std::sync::Arc;

use bootstrap::Context;
use broker::{Broker, BrokerState};
use serde_json::json;
use storage::Database;
use storage::fleet::members::Presence;

/// Who a service of this process is, for `Database::stay_present`. `name` is its name in leases and
/// history, unique among running processes.
#[must_use]
pub fn presence_of(service: &str, name: &str) -> Presence {
    Presence::of(service, name, bootstrap::VERSION)
}

/// Reports the member until the process stops, with what it sees of the broker.
pub(crate) fn keep(
    ctx: &Context,
    database: &Database,
    broker: &Arc<dyn Broker>,
    service: &str,
    name: &str,
) {
    let (database, broker) = (database.clone(), Arc::clone(broker));
    let (presence, shutdown) = (presence_of(service, name), ctx.shutdown.token());
    ctx.shutdown.spawn("presence", async move {
        let facts = || {
            json!({
                "broker": word(&broker.state()),
                "zone_data": domain::whereabouts::zone_data_version(),
            })
        };
        database.stay_present(presence, facts, shutdown.cancelled()).await;
    });
}

const fn word(state: &BrokerState) -> &'static str {
    match state {
        BrokerState::Ready => "ready",
        BrokerState::Blocked { .. } => "blocked",
        BrokerState::Down { .. } => "down",
    }
}
