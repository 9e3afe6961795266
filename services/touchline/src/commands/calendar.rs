//! `touchline calendar`: shows the coming year of a contact.

use clap::Args;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline calendar cannot do this yet")
}
