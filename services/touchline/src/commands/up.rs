//! `touchline up`: runs the whole fleet in one process.

use clap::Args;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline up cannot do this yet")
}
