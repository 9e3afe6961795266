//! What every main calls: settings, tracing, metrics, health, shutdown.
//!
//! A service's `main.rs` is one call of [`run`]. The command line, which composes services in one
//! process, calls the pieces itself.

pub mod health;
pub mod logs;
pub mod metrics;
mod probe;
mod run;
pub mod same_site;
pub mod server;
pub mod settings;
pub mod shutdown;
pub mod telemetry;

pub use run::{Context, exit_code, report, run};
pub use settings::{Loaded, SettingsError};
pub use shutdown::Shutdown;

/// The version all programs of the fleet share.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
