//! `touchline explain`: the story of a touch, from its plan to its end.

mod story;
pub(super) mod words;

use domain::TouchId;

use crate::connect::Session;
use crate::error::usage;

/// Which touch.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The touch's id, as `touches list` shows it.
    touch: String,
}

/// Runs the command.
///
/// # Errors
/// When there is no such touch, or the database does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let id: TouchId = arguments.touch.trim().parse().map_err(|_| {
        usage("this is not the id of a touch; `touchline touches list` shows the ids")
    })?;
    let Some(story) = story::tell(id, session).await? else {
        anyhow::bail!("there is no touch {id}; `touchline touches list` shows those there are");
    };
    Ok(session.output.object(&story, words::in_words)?)
}
