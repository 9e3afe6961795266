//! Testkit tests itself: private servers and sinks.
#![allow(clippy::unwrap_used)]

mod servers;
mod sms_sink;
mod smtp_sink;
