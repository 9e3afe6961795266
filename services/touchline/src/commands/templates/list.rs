//! `touchline templates list`.

use std::collections::BTreeMap;

use domain::{Locale, Medium};
use serde::Serialize;
use templates::{Purpose, Source};

use super::{LibraryFolder, database_if_any};
use crate::connect::Session;

/// Which templates.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    folder: LibraryFolder,
    /// The language of the descriptions.
    #[arg(long, default_value = "en")]
    locale: Locale,
}

#[derive(Serialize)]
struct Shown {
    key: String,
    medium: Medium,
    purpose: Purpose,
    locales: Vec<Locale>,
    description: Option<String>,
    /// How many versions are stored; unknown without a database.
    versions: Option<i32>,
    loaded: Option<bool>,
    /// Whether the newest stored version says what the library says.
    current: Option<bool>,
}

/// Runs the command.
///
/// # Errors
/// When the library cannot be read or the database does not answer.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let library = arguments.folder.library(session)?;
    let stored = match database_if_any(session).await? {
        Some(connection) => Some(connection.database.current_templates().await?),
        None => None,
    };
    let known = stored.is_some();
    let stored = stored.unwrap_or_default();
    let mut rows: BTreeMap<&str, Shown> =
        library.templates().map(|source| (source.key.as_str(), shown(source, known))).collect();
    for version in &stored {
        let row = rows.entry(&version.key).or_insert_with(|| shown(&version.source, known));
        row.versions = Some(version.version);
        row.loaded = Some(true);
        row.current = library.template(&version.key).map(|file| *file == version.source);
    }
    for (key, row) in &mut rows {
        row.description = library.description(key, arguments.locale).map(str::to_owned);
    }
    let rows: Vec<Shown> = rows.into_values().collect();
    let columns = ["Template", "Medium", "Purpose", "Languages", "Loaded", "What for"];
    session.output.list(&rows, &columns, |row| {
        let locales: Vec<&str> = row.locales.iter().map(|locale| locale.as_str()).collect();
        let loaded = match (row.versions, row.current) {
            (None, _) => "no database".to_owned(),
            (Some(0), _) => "no".to_owned(),
            (Some(version), Some(false)) => format!("version {version}; the library differs"),
            (Some(version), _) => format!("version {version}"),
        };
        vec![
            row.key.clone(),
            row.medium.to_string(),
            row.purpose.to_string(),
            locales.join(", "),
            loaded,
            row.description.clone().unwrap_or_default(),
        ]
    })?;
    Ok(())
}

fn shown(source: &Source, known: bool) -> Shown {
    Shown {
        key: source.key.clone(),
        medium: source.medium,
        purpose: source.purpose,
        locales: source.locales.keys().copied().collect(),
        description: None,
        versions: known.then_some(0),
        loaded: known.then_some(false),
        current: None,
    }
}
