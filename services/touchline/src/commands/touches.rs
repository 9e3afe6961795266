//! `touchline touches`: lists touches.

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List touches.
    List,
}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline touches cannot do this yet")
}
