//! For tests only: private servers, sinks, builders and the history checker.
//!
//! Everything here panics with a full sentence when it cannot do its work: a test without its
//! server must fail, never pass in silence.

pub mod history;
pub mod servers;

pub use servers::{RabbitMq, RabbitMqControl, TestDatabase, TestVhost, postgres, rabbitmq};
