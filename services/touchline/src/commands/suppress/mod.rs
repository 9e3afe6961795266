//! `touchline suppress`: the list of those who must not be contacted.
//!
//! Entries name addresses by keyed hashes: who is on the list can be asked (`check`), not read.

mod entry;
mod export;
mod import;
mod lookup;
mod scrub;

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Put an address, a person or a domain on the list. When it answers "clear", nothing to it
    /// starts any more and nothing is under way.
    Add(entry::AddArguments),
    /// End the entries for an address, a person or a domain. For compliance officers; what was said
    /// or written, and complaints, need two of them.
    Lift(entry::LiftArguments),
    /// Show the newest entries.
    List(lookup::ListArguments),
    /// Say whether an address is on the list, and by which entries.
    Check(lookup::CheckArguments),
    /// Put the addresses of a file on the list.
    Import(import::Arguments),
    /// Compare a file with the list: every row comes back as clear, listed or invalid.
    Scrub(scrub::Arguments),
    /// Write the entries out, by keyed hashes or in clear; who took them is noted.
    Export(export::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Add(arguments) => entry::add(arguments, session).await,
        Arguments::Lift(arguments) => entry::lift(arguments, session).await,
        Arguments::List(arguments) => lookup::list(arguments, session).await,
        Arguments::Check(arguments) => lookup::check(arguments, session).await,
        Arguments::Import(arguments) => import::run(arguments, session).await,
        Arguments::Scrub(arguments) => scrub::run(arguments, session).await,
        Arguments::Export(arguments) => export::run(arguments, session).await,
    }
}
