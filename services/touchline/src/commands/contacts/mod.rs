//! `touchline contacts`: imports contacts, or looks one up.

mod export;
mod import;
mod show;

use clap::Subcommand;

use crate::connect::Session;

pub use import::{Delimiter, delimiter, rows, shared_rejects};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Import contacts from a CSV file; running it twice changes nothing.
    Import(import::Arguments),
    /// Show a contact: fields, addresses and their state on the list, enrolments, touches.
    Show(show::Arguments),
    /// Write out everything about a person, or what the person gave us; who took it is noted. For
    /// compliance officers.
    Export(export::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Import(arguments) => import::run(arguments, session).await,
        Arguments::Show(arguments) => show::run(arguments, session).await,
        Arguments::Export(arguments) => export::run(arguments, session).await,
    }
}
