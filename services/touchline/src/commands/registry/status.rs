//! `touchline registry status`.

use clap::Args;
use domain::clock::timestamp;
use domain::registry::{Registry, next_download};
use serde::Serialize;

use crate::connect::Session;

/// What to show.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this registry: us-national or ae-dncr.
    #[arg(long)]
    registry: Option<Registry>,
}

/// The data of one area code, or that there is none at all.
#[derive(Debug, Serialize)]
struct Row {
    registry: Registry,
    /// Nothing for a registry that was never loaded; 0 for whatever has no row of its own.
    area_code: Option<u32>,
    version_date: Option<String>,
    age_days: Option<i32>,
    entries: Option<u64>,
    /// `fresh`, `stale` or `none`; calls are blocked unless it is `fresh`.
    state: &'static str,
    /// When the registry may be downloaded again; nothing when it may be now.
    next_download: Option<String>,
}

const COLUMNS: [&str; 7] =
    ["registry", "area code", "of", "days old", "numbers", "state", "next download"];

/// Runs the command.
///
/// # Errors
/// When the database does not answer.
pub async fn run(arguments: &Arguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let now = timestamp(session.clock()?.now());
    let mut rows = Vec::new();
    for registry in Registry::ALL.iter().copied() {
        if arguments.registry.is_some_and(|asked| asked != registry) {
            continue;
        }
        let areas = connection.database.registry_areas(registry).await?;
        let loads = connection.database.registry_loads(registry, 1).await?;
        let last = loads.first().map(|load| timestamp(load.loaded_at));
        let next = next_download(last, now).map(|next| next.strftime("%FT%TZ").to_string());
        if areas.is_empty() {
            rows.push(Row {
                registry,
                area_code: None,
                version_date: None,
                age_days: None,
                entries: None,
                state: "none",
                next_download: next.clone(),
            });
        }
        rows.extend(areas.into_iter().map(|(area, version)| Row {
            registry,
            area_code: Some(area.number()),
            version_date: Some(version.version_date.to_string()),
            age_days: Some(registry.age_days(version.version_date, now)),
            entries: Some(version.entries),
            state: if registry.is_stale(version.version_date, now) { "stale" } else { "fresh" },
            next_download: next.clone(),
        }));
    }
    session.output.list(&rows, &COLUMNS, cells)?;
    Ok(())
}

fn cells(row: &Row) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let area = row.area_code.map(|area| match area {
        0 => "others".to_owned(),
        area => area.to_string(),
    });
    vec![
        row.registry.to_string(),
        or_dash(area),
        or_dash(row.version_date.clone()),
        or_dash(row.age_days.map(|days| days.to_string())),
        or_dash(row.entries.map(|entries| entries.to_string())),
        row.state.to_owned(),
        row.next_download.clone().unwrap_or_else(|| "now".to_owned()),
    ]
}
