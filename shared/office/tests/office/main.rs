//! The office at work on a real database, as the console calls it.
#![allow(clippy::unwrap_used)]

mod enrolling;
mod files;
mod listing;

use domain::Locale;
use office::{Connection, Team};
use testkit::fixture::Deployment;

/// A future that a web server can run on any of its threads.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// The office's connection to a deployment, as the operator.
fn connection(deployment: &Deployment) -> Connection {
    Connection { database: deployment.operator.clone(), keyer: deployment.keyer.clone() }
}

/// A team in Dubai.
fn team() -> Team {
    Team {
        default_region: "AE".to_owned(),
        default_locale: Locale::En,
        default_time_zone: "Asia/Dubai".to_owned(),
    }
}
