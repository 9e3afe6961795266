//! `touchline requests note`, `extend` and `answer`.

use clap::Args;
use domain::RequestId;
use domain::rights::RequestStep;
use jiff::civil::Date;
use office::requests::{self, Refused};
use storage::rights::{Request, RequestEvent};

use super::list::{for_people, shown};
use super::{refused, today};
use crate::connect::Session;

/// Something that happened on the way.
#[derive(Debug, Args)]
pub struct NoteArguments {
    /// The request's id.
    id: RequestId,
    /// confirmed, verified, forwarded or acknowledged.
    #[arg(long)]
    step: RequestStep,
    /// How, to whom: "answered from the address on file", "mail service told". No address.
    #[arg(long)]
    note: String,
    /// Who: your own name.
    #[arg(long)]
    actor: String,
}

/// An extension.
#[derive(Debug, Args)]
pub struct ExtendArguments {
    /// The request's id.
    id: RequestId,
    /// The day the person was told; today when not given.
    #[arg(long, value_name = "DATE")]
    told: Option<Date>,
    /// Why it takes longer.
    #[arg(long)]
    reason: String,
    /// Who: your own name.
    #[arg(long)]
    actor: String,
}

/// An answer.
#[derive(Debug, Args)]
pub struct AnswerArguments {
    /// The request's id.
    id: RequestId,
    /// It was refused.
    #[arg(long)]
    refused: bool,
    /// What was answered and how: a letter, a message. Of a refusal: why. No address.
    #[arg(long)]
    evidence: String,
    /// Who: your own name.
    #[arg(long)]
    actor: String,
}

/// Runs `requests note`.
///
/// # Errors
/// An unknown request, one that is over, or a database that does not answer.
pub async fn note(arguments: NoteArguments, session: &Session) -> anyhow::Result<()> {
    let NoteArguments { id, step, note, actor } = arguments;
    let event = RequestEvent { step, on: today(session)?, note, actor };
    let connection = session.connect().await?;
    tell(requests::note(id, event, &connection.database).await, session)
}

/// Runs `requests extend`.
///
/// # Errors
/// An unknown request, one that has no extension or is past its day, or a database that does not
/// answer.
pub async fn extend(arguments: ExtendArguments, session: &Session) -> anyhow::Result<()> {
    let ExtendArguments { id, told, reason, actor } = arguments;
    let today = today(session)?;
    let told = told.unwrap_or(today);
    let connection = session.connect().await?;
    let database = &connection.database;
    tell(requests::extend(id, told, reason, actor, today, database).await, session)
}

/// Runs `requests answer`.
///
/// # Errors
/// An unknown request, one that was answered before, or a database that does not answer.
pub async fn answer(arguments: AnswerArguments, session: &Session) -> anyhow::Result<()> {
    let AnswerArguments { id, refused, evidence, actor } = arguments;
    let step = if refused { RequestStep::Refused } else { RequestStep::Answered };
    let event = RequestEvent { step, on: today(session)?, note: evidence, actor };
    let connection = session.connect().await?;
    tell(requests::answer(id, &event, &connection.database).await, session)
}

fn tell(done: Result<Request, Refused>, session: &Session) -> anyhow::Result<()> {
    let request = done.map_err(refused)?;
    session.output.object(&shown(&request, today(session)?), for_people)?;
    Ok(())
}
