//! All SQL of Touchline, one module per table family; nothing else in the workspace speaks SQL.
//!
//! Statements longer than a few lines stand in `sql/`, with a comment per part. They are plain
//! text, not checked at compile time: every one of them is run by a test on a real PostgreSQL.
//!
//! Hot paths are single statements, so that no transaction stays open between round trips and a
//! cancelled future cannot leave one behind (sqlx 0.9 loses a connection's state when `begin()` is
//! cancelled, pipeline.md §0.7). The few functions that need a transaction say so; call them from
//! a task that runs to its end, never under `timeout` or `select!`.

mod database;
mod error;
mod migrate;
mod words;

pub mod agents;
pub mod api_tokens;
pub mod arrivals;
pub mod audit;
pub mod blackouts;
pub mod breakers;
pub mod claims;
pub mod consents;
pub mod contacts;
pub mod desk;
pub mod digests;
pub mod domain_checks;
pub mod drafts;
pub mod due;
pub mod effects;
pub mod enrolments;
pub mod facts;
pub mod fleet;
pub mod idempotency;
pub mod images;
pub mod outbox;
pub mod outcomes;
pub mod pauses;
pub mod plan_use;
pub mod plans;
pub mod preferences;
pub mod registries;
pub mod relationships;
pub mod rights;
pub mod sample;
pub mod suppressions;
pub mod sweep;
pub mod tasks;
pub mod test_sends;
pub mod touches;
mod traces;
pub mod users;
pub mod webhooks;

pub use database::{Database, Role, Settings};
pub use error::StorageError;
pub use migrate::schema_fingerprint;
