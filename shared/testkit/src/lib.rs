//! For tests only: private servers, sinks, builders and the history checker.
//!
//! Everything here panics with a full sentence when it cannot do its work: a test without its
//! server must fail, never pass in silence.

pub mod collector;
pub mod fixture;
pub mod history;
pub mod hook_sink;
pub mod script;
pub mod servers;
pub mod sink_log;
pub mod sms_sink;
pub mod smtp_sink;

pub use collector::{Collector, Seen};
pub use hook_sink::{HookAnswer, HookRequest, HookSink};
pub use servers::{RabbitMq, RabbitMqControl, TestDatabase, TestVhost, postgres, rabbitmq};
pub use sink_log::{Instant, SinkLog};
pub use sms_sink::{AcceptedSms, Answer, SmsSink};
pub use smtp_sink::{AcceptedMail, Fault, SmtpSink, Stage};
