//! `touchline plans`: looks at plans, checks and loads them.

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// List the plans.
    List,
}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline plans cannot do this yet")
}
