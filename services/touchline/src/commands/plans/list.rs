//! `touchline plans list`.

use std::collections::BTreeMap;

use domain::{Locale, Plan};
use serde::Serialize;

use super::{LibraryFolder, database_if_any};
use crate::connect::Session;

/// Which plans.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    folder: LibraryFolder,
    /// The language of the names.
    #[arg(long, default_value = "en")]
    locale: Locale,
}

#[derive(Serialize)]
struct Shown {
    key: String,
    name: String,
    touches: u16,
    /// How many versions are stored; unknown without a database.
    versions: Option<i32>,
    loaded: Option<bool>,
    /// Whether the newest stored version says what the library says.
    current: Option<bool>,
    then: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// When the library cannot be read or the database does not answer.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let library = arguments.folder.library(session)?;
    let stored = match database_if_any(session).await? {
        Some(connection) => Some(connection.database.current_plans().await?),
        None => None,
    };
    let known = stored.is_some();
    let stored = stored.unwrap_or_default();
    let mut plans: BTreeMap<&str, Shown> = library
        .plans()
        .map(|plan| (plan.key.as_str(), shown(plan, arguments.locale, known)))
        .collect();
    for version in &stored {
        let plan = &version.plan;
        let row = plans.entry(&plan.key).or_insert_with(|| shown(plan, arguments.locale, known));
        row.versions = Some(version.version);
        row.loaded = Some(true);
        row.current = library.plan(&plan.key).map(|file| file == plan);
    }
    let plans: Vec<Shown> = plans.into_values().collect();
    session.output.list(&plans, &["Plan", "Name", "Touches", "Then", "Loaded"], |plan| {
        vec![
            plan.key.clone(),
            plan.name.clone(),
            plan.touches.to_string(),
            plan.then.clone().unwrap_or_default(),
            loaded(plan),
        ]
    })?;
    Ok(())
}

fn shown(plan: &Plan, locale: Locale, known: bool) -> Shown {
    Shown {
        key: plan.key.clone(),
        name: plan.name_in(locale).to_owned(),
        touches: plan.touches,
        versions: known.then_some(0),
        loaded: known.then_some(false),
        current: None,
        then: plan.then.as_ref().map(|chain| chain.plan.clone()),
    }
}

fn loaded(plan: &Shown) -> String {
    match (plan.loaded, plan.versions, plan.current) {
        (None, ..) => "no database".to_owned(),
        (_, Some(version), Some(false)) if version > 0 => {
            format!("version {version}; the library differs")
        }
        (_, Some(version), _) if version > 0 => format!("version {version}"),
        _ => "no".to_owned(),
    }
}
