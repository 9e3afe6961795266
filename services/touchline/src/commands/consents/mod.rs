//! `touchline consents`: on which legal basis a contact is reached, and what proves it.
//!
//! Records are never changed. A withdrawal is recorded beside them; the list is told with
//! `touchline suppress add`.

mod add;
mod import;
mod show;

use clap::Subcommand;

use crate::connect::Session;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Record a consent or another legal basis, with everything that proves it.
    Add(Box<add::AddArguments>),
    /// Record those of a CSV file; running it twice changes nothing.
    Import(Box<import::ImportArguments>),
    /// Record that a contact withdrew.
    Withdraw(add::WithdrawArguments),
    /// Show what is recorded about a contact, and what counts now.
    Show(show::Arguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Add(arguments) => add::add(*arguments, session).await,
        Arguments::Import(arguments) => import::run(*arguments, session).await,
        Arguments::Withdraw(arguments) => add::withdraw(arguments, session).await,
        Arguments::Show(arguments) => show::run(&arguments, session).await,
    }
}
