//! `touchline plans show`.

use domain::{Channel, Locale, Plan};
use office::suggestion;
use serde::Serialize;

use super::{LibraryFolder, database_if_any};
use crate::connect::Session;
use crate::output::Output;

/// Which plan.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The plan's key, e.g. 8x8.
    key: String,
    /// The language of names and purposes.
    #[arg(long, default_value = "en")]
    locale: Locale,
    #[command(flatten)]
    folder: LibraryFolder,
}

#[derive(Serialize)]
struct Shown {
    key: String,
    name: String,
    description: String,
    touches: u16,
    lane: domain::Lane,
    repeat: domain::plan::Repeat,
    then: Option<domain::plan::Chain>,
    /// The stored version that is shown; none when it is the library's file.
    version: Option<i32>,
    steps: Vec<ShownStep>,
}

#[derive(Serialize)]
struct ShownStep {
    /// From 1.
    step: usize,
    day: u16,
    channel: Channel,
    purpose: String,
    template: String,
    anchor: Option<String>,
    shift: domain::plan::Shift,
    at: String,
    counts: bool,
}

/// Shows the loaded version; the library's where it is not loaded or `--dir` is given.
///
/// # Errors
/// When there is no such plan, or the database does not answer.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let library = arguments.folder.library(session)?;
    let stored = match database_if_any(session).await? {
        Some(connection) if arguments.folder.dir.is_none() => {
            connection.database.current_plan(&arguments.key).await?
        }
        _ => None,
    };
    let version = stored.as_ref().map(|stored| stored.version);
    let Some(plan) = stored.as_ref().map(|s| &s.plan).or_else(|| library.plan(&arguments.key))
    else {
        let known = library.plans().map(|plan| plan.key.as_str());
        let hint = suggestion::of(&arguments.key, known);
        anyhow::bail!("there is no plan \"{}\"; {hint}", arguments.key);
    };
    let shown = shown(plan, arguments.locale, version);
    if session.output.is_json() {
        return Ok(session.output.json(&shown)?);
    }
    Ok(session.output.text(&in_words(&shown, session.output))?)
}

fn shown(plan: &Plan, locale: Locale, version: Option<i32>) -> Shown {
    let steps = (1..).zip(&plan.steps).map(|(number, step)| ShownStep {
        step: number,
        day: step.day,
        channel: step.channel,
        purpose: step.purpose.get(&locale).cloned().unwrap_or_default(),
        template: step.template.clone(),
        anchor: step.anchor.clone().map(String::from),
        shift: step.shift(),
        at: step.at().strftime("%H:%M").to_string(),
        counts: step.counts,
    });
    Shown {
        key: plan.key.clone(),
        name: plan.name_in(locale).to_owned(),
        description: plan.description.get(&locale).cloned().unwrap_or_default(),
        touches: plan.touches,
        lane: plan.lane,
        repeat: plan.repeat,
        then: plan.then.clone(),
        version,
        steps: steps.collect(),
    }
}

fn in_words(plan: &Shown, output: Output) -> String {
    let version = plan.version.map_or_else(
        || "not loaded; this is the library's".to_owned(),
        |version| format!("loaded, version {version}"),
    );
    let mut text = format!("{} ({}): {} touches; {version}\n", plan.name, plan.key, plan.touches);
    if !plan.description.is_empty() {
        text.push_str(&format!("{}\n", plan.description));
    }
    let columns = ["Step", "Day", "Or on", "At", "Channel", "Purpose", "Template"];
    let mut table = output.table(&columns);
    for step in &plan.steps {
        table.add_row([
            step.step.to_string(),
            step.day.to_string(),
            step.anchor.clone().unwrap_or_default(),
            step.at.clone(),
            step.channel.to_string(),
            step.purpose.clone(),
            step.template.clone(),
        ]);
    }
    text.push_str(&table.to_string());
    if plan.repeat == domain::plan::Repeat::Yearly {
        text.push_str("\nIt starts again every year.");
    }
    if let Some(then) = &plan.then {
        text.push_str(&format!("\nOn day {} {} follows.", then.day, then.plan));
    }
    text
}
