//! `touchline audit`: what was changed, by whom, and whether that can still be believed.

mod head;
mod latency;
mod log;
mod period;
mod verify;
mod why;

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Make the chain of the audit log again, compare every row it speaks of, and name the first
    /// broken link. Exit code 1 when there is one.
    Verify(verify::Arguments),
    /// Print the end of the chain as SEQ:HASH, to be written down elsewhere.
    Head,
    /// List what was changed, the newest first.
    Log(log::Arguments),
    /// Say why somebody was, or was not, contacted on a day: also of people who were erased.
    Why(why::Arguments),
    /// Report how long opt-outs took from received to in force.
    Latency(latency::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Verify(arguments) => verify::run(arguments, session).await,
        Arguments::Head => head::run(session).await,
        Arguments::Log(arguments) => log::run(arguments, session).await,
        Arguments::Why(arguments) => why::run(arguments, session).await,
        Arguments::Latency(arguments) => latency::run(arguments, session).await,
    }
}
