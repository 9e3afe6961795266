//! `touchline consents import`: legal bases out of a CSV file.

use std::path::PathBuf;

use clap::Args;
use domain::ContactChannel;
use domain::consent::LegalBasis;
use domain::suppression::Purpose;
use office::imports::consents::{self, Defaults, Import};
use office::imports::{Delimiter, File};
use office::intake::encoding::{Encoding, Source};
use office::intake::rejects::Rejects;
use office::intake::values::DateOrder;
use serde::Serialize;

use super::add::{controller, wording};
use crate::choices;
use crate::commands::check;
use crate::commands::unusable::unusable;
use crate::connect::Session;
use crate::progress::{Progress, per_second};

/// What to import, and what counts where a row says nothing.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The CSV file, with a header row: contact (id, external id, email address or phone number),
    /// channels, purposes, basis, given_at, expires_at, wording, language, act, source, seller, ip,
    /// user_agent, double_opt_in, document, document_date, zone.
    file: PathBuf,
    /// What a record covers: email, sms, call, post.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',')]
    channel: Vec<ContactChannel>,
    /// What for: marketing, transactional, legal.
    #[arg(long, value_name = "PURPOSE,…", value_delimiter = ',', default_value = "marketing")]
    purpose: Vec<Purpose>,
    /// consent, implied_consent, soft_opt_in, legitimate_interest, contract or none.
    #[arg(long, default_value = "consent")]
    basis: LegalBasis,
    /// The seller or controller it was given to; the team when not given.
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,
    /// The exact text that was shown.
    #[arg(long, value_name = "TEXT", conflicts_with = "wording_file")]
    wording: Option<String>,
    /// A file with the exact text that was shown.
    #[arg(long, value_name = "FILE")]
    wording_file: Option<PathBuf>,
    /// What the people did, e.g. "ticked a box".
    #[arg(long, value_name = "TEXT")]
    act: Option<String>,
    /// Where it was given: a URL, a form, an agent, a recording.
    #[arg(long)]
    source: Option<String>,
    /// How dates are read that could be read both ways.
    #[arg(long, value_parser = choices::dates())]
    dates: Option<DateOrder>,
    /// Pass over columns nothing is known about, instead of refusing the file.
    #[arg(long)]
    ignore_unknown: bool,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Where invalid rows are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How the file is encoded.
    #[arg(long, default_value = "auto", value_parser = choices::encoding())]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = choices::delimiter)]
    delimiter: Delimiter,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// `rows` is the sum of added, already and invalid.
#[derive(Debug, Serialize)]
struct Answer {
    rows: u64,
    added: u64,
    already: u64,
    invalid: u64,
    rejects: Option<PathBuf>,
    seconds: f64,
    rows_per_second: u64,
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that stays away.
pub async fn run(arguments: ImportArguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let import = import(arguments, region, session)?;
    let mut progress = Progress::default();
    let imported = consents::import(import, &connection, &mut |come| progress.show(come)).await;
    progress.finish();
    let imported = imported.map_err(|error| {
        let known = consents::columns().join(", ");
        unusable(error, "", &format!("known are {known}; rename them or pass --ignore-unknown"))
    })?;
    let answer = Answer {
        rows: imported.rows,
        added: imported.added,
        already: imported.already,
        invalid: imported.invalid,
        rejects: imported.rejects,
        seconds: imported.elapsed.as_secs_f64(),
        rows_per_second: per_second(imported.rows, imported.elapsed),
    };
    session.output.object(&answer, for_people)?;
    Ok(())
}

fn for_people(answer: &Answer) -> String {
    let Answer { rows, added, already, invalid, seconds, rows_per_second, .. } = answer;
    let mut text = format!(
        "{rows} rows: {added} added, {already} on file already, {invalid} invalid\n\
         {seconds:.1} s, {rows_per_second} rows/s"
    );
    if let Some(rejects) = &answer.rejects {
        text.push_str(&format!("\ninvalid rows with reasons: {}", rejects.display()));
    }
    text
}

fn import(arguments: ImportArguments, region: String, session: &Session) -> anyhow::Result<Import> {
    let team = session.team()?;
    let ImportArguments { file, encoding, delimiter, dates, ignore_unknown, .. } = arguments;
    let defaults = Defaults {
        channels: arguments.channel,
        purposes: arguments.purpose,
        basis: arguments.basis,
        controller: controller(arguments.controller, session).ok(),
        wording: wording(arguments.wording, arguments.wording_file.as_deref())?,
        language: team.default_locale.to_string(),
        act: arguments.act.unwrap_or_default(),
        source: arguments.source,
        zone: team.default_time_zone,
        actor: arguments.actor,
    };
    let rejects = arguments.rejects.unwrap_or_else(|| Rejects::beside(&file));
    let file = File { source: Source::Path(file), encoding, delimiter };
    Ok(Import { file, defaults, dates, ignore_unknown, region, rejects })
}
