//! `touchline explain`: the story of a touch, from its plan to its end.

use domain::{Locale, TouchId};
use office::story::{self, Told};

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
    let connection = session.connect().await?;
    let library = fleet::load_library(&session.settings)?;
    let told = match connection.database.touch(id).await? {
        Some(touch) => {
            story::tell(touch, &connection, &session.team()?, library.calendar()).await?
        }
        None => None,
    };
    let Some(story) = told else {
        anyhow::bail!("there is no touch {id}; `touchline touches list` shows those there are");
    };
    let in_words = |story: &story::Story| {
        let told = text(story::words(story, Locale::En));
        // Where this command is told of a collector, somebody looks into traces.
        let trace = trace::is_on().then(|| trace::id_of(story.enrolment.as_uuid()));
        trace.iter().fold(told, |told, id| format!("{told}\nIts trace is {id}."))
    };
    Ok(session.output.object(&story, in_words)?)
}

fn text(told: Told) -> String {
    let mut lines = vec![told.headline, told.purpose, told.standing];
    let indented = |line: String| format!("  {line}");
    lines.extend([String::new(), told.why_this_day_title.to_owned()]);
    lines.extend(told.why_this_day.into_iter().map(indented));
    lines.extend([String::new(), told.happened_title.to_owned()]);
    for paragraph in told.happened {
        lines.push(indented(paragraph.sentence));
        lines.extend(paragraph.details.into_iter().map(|line| format!("    {line}")));
    }
    lines.extend(told.follows.into_iter().map(indented));
    lines.extend([String::new(), told.list_title.to_owned()]);
    lines.extend(told.list.into_iter().map(indented));
    lines.extend([String::new(), told.reference]);
    lines.join("\n")
}
