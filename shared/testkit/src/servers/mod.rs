//! Private PostgreSQL and RabbitMQ of this machine's packages, for tests.
//!
//! `with-servers` starts both once and names them in the environment ([`POSTGRES_VARIABLE`],
//! [`AMQP_VARIABLE`], [`CONTROL_VARIABLE`]); without it every test process starts its own on first
//! use. Either way nothing outlives its process: see `run_folder`.

mod database;
mod node;
mod postgres;
mod rabbitmq;
mod run_folder;
mod vhost;

pub use database::TestDatabase;
pub use node::RabbitMq;
pub use postgres::{SharedPostgres, postgres, start_postgres};
pub use rabbitmq::{RabbitMqControl, rabbitmq};
pub use run_folder::RunFolder;
pub use vhost::TestVhost;

/// Names the PostgreSQL to use, as the url of any of its databases, for a role that may create
/// databases.
pub const POSTGRES_VARIABLE: &str = "TOUCHLINE_TEST_POSTGRES";

/// Names the RabbitMQ to use, as the `amqp://` url of any of its virtual hosts.
pub const AMQP_VARIABLE: &str = "TOUCHLINE_TEST_AMQP";

/// Names the control socket of the RabbitMQ to use (see [`RabbitMqControl`]).
pub const CONTROL_VARIABLE: &str = "TOUCHLINE_TEST_RABBITMQ_CONTROL";

/// Sixteen random hexadecimal digits, for names nobody else has.
fn unique() -> String {
    // A version 7 id ends in randomness; its beginning is the time.
    uuid::Uuid::now_v7().simple().to_string().split_off(16)
}
