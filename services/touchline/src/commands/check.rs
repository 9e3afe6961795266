//! `touchline check`: checks a text message, a phone number or an email address.

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Check a text message.
    Sms,
}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(_arguments: Arguments, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("touchline check cannot do this yet")
}
