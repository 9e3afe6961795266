//! What is known about the connections.

use crate::telemetry;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::Instant;

/// Whether hints can be published and received at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerState {
    /// Connected, topology declared.
    Ready,
    /// Connected, but the broker reads nothing from publishers, for want of memory or disk.
    Blocked {
        /// The alarm, in the broker's words.
        why: String,
    },
    /// Not connected. Reconnecting goes on by itself, unless the broker was closed.
    Down {
        /// Since when.
        since: Instant,
        /// What the last attempt said; never contains the URL.
        why: String,
    },
}

impl BrokerState {
    /// Whether everything works.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    pub(crate) fn down(why: impl Into<String>) -> Self {
        Self::Down { since: Instant::now(), why: why.into() }
    }

    fn severity(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Blocked { .. } => 1,
            Self::Down { .. } => 2,
        }
    }
}

/// Collects the state of every connection and shows the worst.
pub(crate) struct StateBoard {
    parts: Mutex<BTreeMap<u64, BrokerState>>,
    worst: watch::Sender<BrokerState>,
}

impl StateBoard {
    pub(crate) fn new(first: BrokerState) -> Self {
        telemetry::state(&first);
        Self { parts: Mutex::default(), worst: watch::Sender::new(first) }
    }

    /// Sets the state of one connection. A connection that stays down keeps its first `since`.
    pub(crate) fn report(&self, part: u64, state: BrokerState) {
        let mut parts = self.lock();
        let state = match (parts.get(&part), state) {
            (Some(BrokerState::Down { since, .. }), BrokerState::Down { why, .. }) => {
                BrokerState::Down { since: *since, why }
            }
            (_, state) => state,
        };
        parts.insert(part, state);
        self.publish(&parts);
    }

    /// Forgets a connection that was ended on purpose.
    pub(crate) fn forget(&self, part: u64) {
        let mut parts = self.lock();
        parts.remove(&part);
        self.publish(&parts);
    }

    /// Forgets every connection and stays down, after [`Broker::close`](crate::Broker::close).
    pub(crate) fn close(&self) {
        let mut parts = self.lock();
        parts.clear();
        parts.insert(0, BrokerState::down("closed by this process"));
        self.publish(&parts);
    }

    pub(crate) fn worst(&self) -> BrokerState {
        self.worst.borrow().clone()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<BrokerState> {
        self.worst.subscribe()
    }

    fn publish(&self, parts: &BTreeMap<u64, BrokerState>) {
        // `max_by_key` returns the last of equals; the first connection is the publishing one and
        // its words matter most, hence the reversal.
        let Some(worst) = parts.values().rev().max_by_key(|state| state.severity()) else { return };
        self.worst.send_if_modified(|shown| {
            let modified = shown != worst;
            if modified {
                telemetry::state(worst);
                *shown = worst.clone();
            }
            modified
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, BrokerState>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_connection_is_shown() {
        let board = StateBoard::new(BrokerState::down("not connected yet"));
        board.report(0, BrokerState::Ready);
        assert_eq!(board.worst(), BrokerState::Ready);
        board.report(1, BrokerState::down("refused"));
        assert!(matches!(board.worst(), BrokerState::Down { why, .. } if why == "refused"));
        board.report(0, BrokerState::Blocked { why: "memory".into() });
        assert!(matches!(board.worst(), BrokerState::Down { .. }));
        board.forget(1);
        assert_eq!(board.worst(), BrokerState::Blocked { why: "memory".into() });
    }

    #[test]
    fn a_connection_that_stays_down_keeps_its_first_moment() {
        let board = StateBoard::new(BrokerState::Ready);
        board.report(0, BrokerState::down("lost"));
        let BrokerState::Down { since: first, .. } = board.worst() else { panic!("not down") };
        board.report(0, BrokerState::down("refused"));
        let BrokerState::Down { since, why } = board.worst() else { panic!("not down") };
        assert_eq!((since, why.as_str()), (first, "refused"));
    }
}
