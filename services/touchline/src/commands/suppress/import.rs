//! `touchline suppress import`: a file of addresses, one per line or a column of a CSV file.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use domain::suppression::{Origin, SuppressionReason};
use domain::{ContactChannel, TouchId};
use office::imports::list::{self, Import};
use office::imports::{Delimiter, File};
use office::intake::encoding::{Encoding, Source};
use office::intake::rejects::Rejects;
use serde::Serialize;

use crate::choices;
use crate::commands::check;
use crate::commands::unusable::unusable;
use crate::connect::Session;
use crate::progress::{Progress, per_second};

/// What to import.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file: one address per line, or CSV with a header row.
    file: PathBuf,
    /// Why they are on the list, e.g. national_dnc, ae_dncr, staff_entry.
    #[arg(long)]
    reason: SuppressionReason,
    /// The column that holds the addresses, where its name does not say so.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Only this channel: email, sms, call or post.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Who asked: recipient, staff, system, provider or registry.
    #[arg(long, default_value = "staff")]
    origin: Origin,
    /// Who enters them.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// What proves it; the file's name when not given.
    #[arg(long)]
    evidence: Option<String>,
    /// Where invalid rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, default_value = "auto", value_parser = choices::encoding())]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = choices::delimiter)]
    delimiter: Delimiter,
    /// How long to wait, at the end, for what is being handed over at this moment.
    #[arg(long, value_name = "N", default_value_t = 10)]
    wait_seconds: u64,
}

/// `rows` is the sum of added, already and invalid.
#[derive(Debug, Serialize)]
struct Answer {
    rows: u64,
    added: u64,
    already: u64,
    invalid: u64,
    /// Of the invalid ones, texts that are new in quarantine.
    quarantined: u64,
    rejects: Option<PathBuf>,
    status: &'static str,
    in_flight: Vec<TouchId>,
    seconds: f64,
    rows_per_second: u64,
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that stays away.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let import = import(arguments, region);
    let mut progress = Progress::default();
    let imported = list::import(import, &connection, &mut |come| progress.show(come)).await;
    progress.finish();
    let imported = imported.map_err(|error| unusable(error, "", ""))?;
    let answer = Answer {
        rows: imported.rows,
        added: imported.added,
        already: imported.already,
        invalid: imported.invalid,
        quarantined: imported.quarantined,
        rejects: imported.rejects,
        status: if imported.in_flight.is_empty() { "clear" } else { "in_flight" },
        in_flight: imported.in_flight,
        seconds: imported.elapsed.as_secs_f64(),
        rows_per_second: per_second(imported.rows, imported.elapsed),
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn import(arguments: Arguments, region: String) -> Import {
    let Arguments { file, encoding, delimiter, reason, column, channel, .. } = arguments;
    let rejects = arguments.rejects.unwrap_or_else(|| Rejects::beside(&file));
    Import {
        file: File { source: Source::Path(file), encoding, delimiter },
        reason,
        column,
        channel,
        region,
        origin: arguments.origin,
        actor: arguments.actor,
        evidence: arguments.evidence,
        rejects,
        patience: Duration::from_secs(arguments.wait_seconds),
    }
}

fn for_people(answer: &Answer) -> String {
    let Answer { rows, added, already, invalid, seconds, rows_per_second, .. } = answer;
    let mut text = format!(
        "{rows} rows: {added} added, {already} on the list already, {invalid} invalid\n\
         {seconds:.1} s, {rows_per_second} rows/s"
    );
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\ninvalid rows with reasons: {}", rejects.display()));
    }
    if answer.in_flight.is_empty() {
        text.push_str("\nnothing to any address of the list is under way");
    } else {
        text.push_str("\nbeing handed over at this moment to addresses of the list:");
        answer.in_flight.iter().for_each(|touch| text.push_str(&format!("\n  {touch}")));
    }
    text
}
