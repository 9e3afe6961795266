//! `touchline registry`: the do-not-call registries that calls and texts are checked against.
//!
//! Their numbers are confidential (compliance.md CALL-27): a number can be asked about, no list is
//! shown.

mod check;
mod import;
mod status;

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Put a downloaded list in force, or refuse it and leave the one before.
    Import(import::Arguments),
    /// Show which area codes there is data for, of which day, and whether it is fresh enough.
    Status(status::Arguments),
    /// Say what the registry of a number's country says of it.
    Check(check::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Import(arguments) => import::run(arguments, session).await,
        Arguments::Status(arguments) => status::run(&arguments, session).await,
        Arguments::Check(arguments) => check::run(&arguments, session).await,
    }
}
