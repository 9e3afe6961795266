//! `touchline requests`: what people ask about their own data, and by when they are answered.
//!
//! A request and what happens to it are never changed, only added to. The days come from
//! `domain::rights` and are worked out once, when a request is recorded.

mod add;
mod list;
mod step;

use clap::Subcommand;
use domain::RequestId;
use domain::rights::RequestStep;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use office::local;
use office::requests::{self, Refused};
use storage::Database;
use storage::rights::{Request, RequestEvent};

use crate::connect::Session;
use crate::error::usage;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Record a request.
    Add(add::Arguments),
    /// List what is to be answered, what is overdue first.
    List(list::ListArguments),
    /// Show a request and what happened to it.
    Show(list::ShowArguments),
    /// Note a step: confirmed, verified, forwarded or acknowledged.
    Note(step::NoteArguments),
    /// Note that the person was told that it takes longer, and why.
    Extend(step::ExtendArguments),
    /// Note that it was answered, or refused.
    Answer(step::AnswerArguments),
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what was asked.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Add(arguments) => add::run(arguments, session).await,
        Arguments::List(arguments) => list::list(&arguments, session).await,
        Arguments::Show(arguments) => list::show(&arguments, session).await,
        Arguments::Note(arguments) => step::note(arguments, session).await,
        Arguments::Extend(arguments) => step::extend(arguments, session).await,
        Arguments::Answer(arguments) => step::answer(arguments, session).await,
    }
}

/// The team's day.
fn today(session: &Session) -> anyhow::Result<Date> {
    let zone = session.team()?.default_time_zone;
    let zone = TimeZone::get(&zone)
        .map_err(|_| usage(format!("[team] default_time_zone: {zone:?} is no time zone")))?;
    Ok(local::zoned(session.clock()?.now(), &zone).date())
}

/// The request of this id.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn known(id: RequestId, database: &Database) -> anyhow::Result<Request> {
    requests::known(id, database).await.map_err(refused)
}

/// Notes that a request was answered by what a command has just done.
///
/// # Errors
/// When it was answered before, or the database does not answer.
pub async fn note(
    id: RequestId,
    step: RequestStep,
    note: &str,
    actor: &str,
    database: &Database,
    session: &Session,
) -> anyhow::Result<()> {
    let event =
        RequestEvent { step, on: today(session)?, note: note.to_owned(), actor: actor.to_owned() };
    requests::answer(id, &event, database).await.map_err(refused)?;
    Ok(())
}

/// Why a request was not recorded or answered, in the words of the command line.
fn refused(why: Refused) -> anyhow::Error {
    match why {
        Refused::Unknown(_) => anyhow::anyhow!("{why}; touchline requests list shows them"),
        Refused::Unsaid => usage("a text or --actor is empty; say what happened, and who says so"),
        Refused::Future => usage("--received lies in the future"),
        Refused::OtherStep => usage("use touchline requests extend, or answer, for this step"),
        Refused::NotExtendable => usage(why.to_string()),
        Refused::ToldWhen => usage("--told lies in the future, or before the request came in"),
        Refused::Storage(error) => error.into(),
        Refused::ToldLate { .. } | Refused::Extended(_) | Refused::Over(..) => why.into(),
    }
}
