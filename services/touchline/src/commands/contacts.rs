//! `touchline contacts`: imports contacts, or looks one up.

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Import contacts.
    Import,
}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline contacts cannot do this yet")
}
