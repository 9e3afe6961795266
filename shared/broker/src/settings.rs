//! The `[broker]` section.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// How to reach the broker and how much it may hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `amqp://` or `amqps://` with user, password, host and virtual host. Empty: the in-process broker.
    pub url: SecretString,
    /// Stands before the name of every exchange and queue, so that deployments can share a broker.
    pub prefix: String,
    /// Hints a queue holds before it refuses more. Applies when a queue is created.
    pub max_length: u32,
    /// How often a hint may come back before it is dead-lettered. Applies when a queue is created.
    pub delivery_limit: u32,
    /// Seconds to wait for the confirms of up to 500 hints.
    pub confirm_timeout_seconds: u64,
}

/// What bounds a queue, whichever broker keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Hints a queue holds before it refuses more.
    pub max_length: u32,
    /// How often a hint may come back before it is dead-lettered.
    pub delivery_limit: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            url: SecretString::from(""),
            prefix: String::new(),
            max_length: limits.max_length,
            delivery_limit: limits.delivery_limit,
            confirm_timeout_seconds: 10,
        }
    }
}

impl Default for Limits {
    /// 100 000 hints; 20 returns, which is also what RabbitMQ 4.0 assumes (pipeline.md §2.2).
    fn default() -> Self {
        Self { max_length: 100_000, delivery_limit: 20 }
    }
}

impl Settings {
    /// Whether no RabbitMQ is configured, which only a fleet in one process can do without.
    pub fn is_in_process(&self) -> bool {
        self.url.expose_secret().is_empty()
    }

    /// The bounds of every queue.
    pub fn limits(&self) -> Limits {
        Limits { max_length: self.max_length, delivery_limit: self.delivery_limit }
    }

    pub(crate) fn confirm_timeout(&self) -> Duration {
        Duration::from_secs(self.confirm_timeout_seconds.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_url_means_the_in_process_broker() {
        assert!(Settings::default().is_in_process());
        let url = SecretString::from("amqp://localhost/%2f");
        assert!(!Settings { url, ..Settings::default() }.is_in_process());
    }

    #[test]
    fn the_password_does_not_show_in_debug_output() {
        let url = SecretString::from("amqp://touchline:hunter2@localhost/%2f");
        let shown = format!("{:?}", Settings { url, ..Settings::default() });
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
