//! `touchline suppress scrub`: compares a file with the list, for whoever is about to use it
//! elsewhere.

use std::path::PathBuf;

use clap::Args;
use domain::ContactChannel;
use office::imports::scrub::{self, Compared, Comparison};
use office::imports::{Delimiter, File};
use office::intake::encoding::{Encoding, Source};

use crate::choices;
use crate::commands::check;
use crate::commands::unusable::unusable;
use crate::connect::Session;
use crate::progress::Progress;

/// What to compare.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file: one address per line, or CSV with a header row.
    file: PathBuf,
    /// Where the verdicts are written; beside the file when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The column that holds the addresses, where its name does not say so.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Only this channel: email, sms, call or post.
    #[arg(long)]
    channel: Option<ContactChannel>,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
    /// Who asks.
    #[arg(long, default_value = "command line")]
    actor: String,
    /// How the file is encoded.
    #[arg(long, default_value = "auto", value_parser = choices::encoding())]
    encoding: Encoding,
    /// What stands between fields: auto, "tab" or a character.
    #[arg(long, default_value = "auto", value_parser = choices::delimiter)]
    delimiter: Delimiter,
}

/// Runs the command.
///
/// # Errors
/// A file or header that cannot be used; a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let region = check::region(arguments.region.as_deref(), session)?;
    let connection = session.connect().await?;
    let Arguments { file: path, out, column, channel, actor, encoding, delimiter, .. } = arguments;
    let out = out.unwrap_or_else(|| path.with_extension("scrubbed.csv"));
    let file = File { source: Source::Path(path), encoding, delimiter };
    let comparison = Comparison { file, out, column, channel, region, actor };
    let mut progress = Progress::default();
    let compared = scrub::compare(comparison, &connection, &mut |come| progress.show(come)).await;
    progress.finish();
    let compared = compared.map_err(|error| unusable(error, "", ""))?;
    session.output.object(&compared, |compared| {
        let Compared { rows, clear, listed, invalid, out } = compared;
        let out = out.display();
        format!("{rows} rows: {clear} clear, {listed} listed, {invalid} invalid\nverdicts: {out}")
    })?;
    Ok(())
}
