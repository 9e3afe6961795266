//! `touchline contacts`: imports contacts, looks one up, and does what people have a right to.

mod correct;
mod erase;
mod evidence;
mod export;
mod import;
mod object;
mod relationship;
mod replies;
mod show;

use clap::Subcommand;

use crate::connect::Session;

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
    /// Write a signed bundle of consents, touches with their decisions, opt-outs and checks, and a page
    /// of the same beside it; who took it is noted. For compliance officers.
    Evidence(evidence::Arguments),
    /// Put right what is known about a person; planned touches and open tasks follow.
    Correct(correct::Arguments),
    /// Record that somebody objects; everything stops.
    Object(object::Arguments),
    /// Erase a person. Keyed hashes stay on the list and keep the person from coming back. For
    /// compliance officers.
    Erase(erase::Arguments),
    /// After a restore: erase again whom an exported list has as erased. For compliance officers.
    ReErase(erase::AgainArguments),
    /// What happened between a contact and us, which may exempt calls from a registry.
    #[command(subcommand)]
    Relationship(relationship::Arguments),
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
        Arguments::Evidence(arguments) => evidence::run(arguments, session).await,
        Arguments::Correct(arguments) => correct::run(arguments, session).await,
        Arguments::Object(arguments) => object::run(arguments, session).await,
        Arguments::Erase(arguments) => erase::run(arguments, session).await,
        Arguments::ReErase(arguments) => erase::again(arguments, session).await,
        Arguments::Relationship(arguments) => relationship::run(arguments, session).await,
    }
}
