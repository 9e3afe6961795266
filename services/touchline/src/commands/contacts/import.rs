//! `touchline contacts import`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use office::imports::contacts::{self, Counts, Import, Imported, Storing, WithoutBasis};
use office::imports::{Delimiter, File};
use office::intake::columns::{Field, Mapping, Unknown};
use office::intake::encoding::{Encoding, Source};
use office::intake::rejects::Rejects;
use office::intake::values::DateOrder;
use serde::Serialize;

use crate::choices;
use crate::commands::check;
use crate::commands::unusable::unusable;
use crate::connect::Session;
use crate::error::usage;
use crate::progress::{Progress, per_second};

/// What helps against unknown columns.
const REMEDY: &str = "say what they are in a mapping file (--mapping), or pass --unknown ignore or \
                      --unknown custom";

/// What to import, and how to read it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The CSV file, with a header row.
    file: PathBuf,
    /// TOML file: [columns] "Client" = "full_name"; [values.group] "VIP" = "advocate";
    /// [defaults] source = "trade show".
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, default_value = "auto", value_parser = choices::encoding())]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = choices::delimiter)]
    delimiter: Delimiter,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Where contacts come from when their row does not say it.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Where refused rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// What becomes of unknown columns.
    #[arg(long, default_value = "refuse", value_parser = choices::unknown())]
    unknown: Unknown,
    /// How dates are read that could be read both ways.
    #[arg(long, value_parser = choices::dates())]
    dates: Option<DateOrder>,
    /// Import a row without an address that cannot be used, instead of refusing the row.
    #[arg(long)]
    keep_bad_addresses: bool,
    /// Check every row, store nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    counts: Counts,
    /// Rows that would be imported, in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<u64>,
    dry_run: bool,
    encoding: &'static str,
    rejects: Option<PathBuf>,
    seconds: f64,
    rows_per_second: u64,
}

/// Runs the command.
///
/// # Errors
/// A file, mapping or header that cannot be used; a database that stays away.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let storing = if arguments.dry_run { None } else { Some(storing(session).await?) };
    let heading = format!("the columns of {} cannot be used:\n  ", arguments.file.display());
    let dry_run = arguments.dry_run;
    let import = import(arguments, region)?;
    let mut progress = Progress::default();
    let mut show = |come| progress.show(come);
    let imported = match &storing {
        Some(storing) => contacts::import(import, storing, &mut show).await,
        None => contacts::check(import, &mut show).await,
    };
    progress.finish();
    let imported = imported.map_err(|error| unusable(error, &heading, REMEDY))?;
    let Imported { counts, valid, encoding, rejects, elapsed } = imported;
    let answer = Answer {
        valid: dry_run.then_some(valid),
        dry_run,
        encoding,
        rejects,
        seconds: elapsed.as_secs_f64(),
        rows_per_second: per_second(counts.rows, elapsed),
        counts,
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

async fn storing(session: &Session) -> anyhow::Result<Storing> {
    Ok(Storing {
        connection: session.connect().await?,
        team: session.team()?,
        rules: Arc::clone(fleet::load_library(&session.settings)?.rules()),
        now: session.clock()?.now(),
    })
}

fn import(arguments: Arguments, region: String) -> anyhow::Result<Import> {
    let mut mapping = match &arguments.mapping {
        None => Mapping::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the mapping file {}", path.display()))?;
            toml::from_str(&text).map_err(|why| usage(format!("{}: {why}", path.display())))?
        }
    };
    if let Some(source) = arguments.source {
        mapping.set_default(Field::Source, source);
    }
    let Arguments { file, encoding, delimiter, unknown, dates, keep_bad_addresses, .. } = arguments;
    let rejects = arguments.rejects.unwrap_or_else(|| Rejects::beside(&file));
    let file = File { source: Source::Path(file), encoding, delimiter };
    Ok(Import { file, mapping, unknown, region, dates, keep_bad_addresses, rejects })
}

fn for_people(answer: &Answer) -> String {
    let Counts { rows, added, updated, unchanged, rejected, without_basis } = &answer.counts;
    let mut text = match answer.valid {
        Some(valid) => {
            format!("{rows} rows: {valid} can be imported, {rejected} rejected (dry run)")
        }
        None => format!(
            "{rows} rows: {added} added, {updated} updated, {unchanged} unchanged, {rejected} rejected"
        ),
    };
    text.push_str(&format!("\n{:.1} s, {} rows/s", answer.seconds, answer.rows_per_second));
    text.push_str(&format!(", {}", answer.encoding));
    let WithoutBasis { email, sms } = without_basis;
    if email + sms > 0 {
        text.push_str(&format!(
            "\nno legal basis on file where the law wants one: {email} cannot be written to by email, \
             {sms} not by text; touchline consents import records them"
        ));
    }
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\nrejected rows with reasons: {}", rejects.display()));
    }
    text
}
