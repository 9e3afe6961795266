//! `touchline requests note`, `extend` and `answer`.

use clap::Args;
use domain::RequestId;
use domain::rights::RequestStep;
use jiff::civil::Date;
use storage::Database;
use storage::rights::RequestEvent;

use super::list::{for_people, shown};
use super::{known, today};
use crate::connect::Session;
use crate::error::usage;

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
/// An unknown request, a step that has a command of its own, or a database that does not answer.
pub async fn note(arguments: NoteArguments, session: &Session) -> anyhow::Result<()> {
    let NoteArguments { id, step, note, actor } = arguments;
    if step == RequestStep::Extended || step.is_final() {
        return Err(usage("use touchline requests extend, or answer, for this step"));
    }
    take(id, RequestEvent { step, on: today(session)?, note, actor }, session).await
}

/// Runs `requests extend`.
///
/// # Errors
/// An unknown request, one that has no extension or is past its day, or a database that does not
/// answer.
pub async fn extend(arguments: ExtendArguments, session: &Session) -> anyhow::Result<()> {
    let ExtendArguments { id, told, reason, actor } = arguments;
    let today = today(session)?;
    let on = told.unwrap_or(today);
    let connection = session.connect().await?;
    let request = known(id, &connection.database).await?;
    if request.clock.extended.is_none() {
        return Err(usage("such a request cannot be extended"));
    }
    if on > today || on < request.received_on {
        return Err(usage("--told lies in the future, or before the request came in"));
    }
    if on > request.clock.due {
        anyhow::bail!(
            "told on {on}, after the last day ({}): that extends nothing",
            request.clock.due
        );
    }
    if request.told_of_extension().is_some() {
        anyhow::bail!("it was extended before, and is due on {}", request.last_day());
    }
    take(id, RequestEvent { step: RequestStep::Extended, on, note: reason, actor }, session).await
}

/// Runs `requests answer`.
///
/// # Errors
/// An unknown request, one that was answered before, or a database that does not answer.
pub async fn answer(arguments: AnswerArguments, session: &Session) -> anyhow::Result<()> {
    let AnswerArguments { id, refused, evidence, actor } = arguments;
    let step = if refused { RequestStep::Refused } else { RequestStep::Answered };
    take(id, RequestEvent { step, on: today(session)?, note: evidence, actor }, session).await
}

async fn take(id: RequestId, event: RequestEvent, session: &Session) -> anyhow::Result<()> {
    if event.note.trim().is_empty() || event.actor.trim().is_empty() {
        return Err(usage("a text or --actor is empty; say what happened, and who says so"));
    }
    let connection = session.connect().await?;
    store(id, &event, &connection.database).await?;
    let request = known(id, &connection.database).await?;
    session.output.object(&shown(&request, today(session)?), for_people)?;
    Ok(())
}

/// Notes an event of a request that is known.
///
/// # Errors
/// An unknown request, one that was answered before, or a database that does not answer.
pub async fn store(id: RequestId, event: &RequestEvent, database: &Database) -> anyhow::Result<()> {
    let request = known(id, database).await?;
    if let Some(end) = request.events.iter().find(|event| event.step.is_final()) {
        anyhow::bail!("the request was {} on {}", end.step, end.on);
    }
    database.note_request(id, event).await?;
    Ok(())
}
