//! `touchline suppress list` and `check`.

use std::io::{self, BufRead, BufReader, Write};

use clap::Args;
use office::Connection;
use office::addresses::Named;
use office::suppression::{self, ListedEntry};
use serde_json::json;

use crate::commands::check::without_ending;
use crate::connect::Session;

/// How much to show.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// The most entries shown.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// What to look up.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// An email address, a phone number, @domain, or a contact's id.
    #[arg(allow_hyphen_values = true, required_unless_present = "batch")]
    address: Option<String>,
    /// Read one address per line from standard input, answer one line of JSON each.
    #[arg(long, conflicts_with = "address")]
    batch: bool,
    /// The country of phone numbers without a country code; the team's when not given.
    #[arg(long, value_name = "COUNTRY")]
    region: Option<String>,
}

const COLUMNS: [&str; 6] = ["since", "scope", "channel", "reason", "origin", "event"];

fn cells(entry: &ListedEntry) -> Vec<String> {
    vec![
        entry.since.format("%Y-%m-%d %H:%M").to_string(),
        entry.scope.to_string(),
        entry.channel.map_or_else(|| "all".to_owned(), |channel| channel.to_string()),
        entry.reason.to_string(),
        entry.origin.to_string(),
        entry.event.to_string(),
    ]
}

/// Runs `suppress list`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(arguments: ListArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let entries = suppression::newest(arguments.limit, &connection).await?;
    session.output.list(&entries, &COLUMNS, cells)?;
    Ok(())
}

/// Runs `suppress check`.
///
/// # Errors
/// An address that is none, or a database that does not answer.
pub async fn check(arguments: CheckArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let region = crate::commands::check::region(arguments.region.as_deref(), session)?;
    let Some(address) = &arguments.address else {
        return check_each_line(&connection, &region).await;
    };
    let named = Named::parse(address, None, &region)
        .map_err(|why| anyhow::anyhow!("the address cannot be used: {why}"))?;
    let checked = suppression::check(&named, &connection).await?;
    if session.output.is_json() {
        session.output.json(&checked)?;
    } else if checked.entries.is_empty() {
        session.output.text("not on the list")?;
    } else {
        session.output.list(&checked.entries, &COLUMNS, cells)?;
    }
    Ok(())
}

async fn check_each_line(connection: &Connection, region: &str) -> anyhow::Result<()> {
    let mut input = BufReader::new(io::stdin());
    let mut output = io::BufWriter::new(io::stdout());
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let named = match std::str::from_utf8(without_ending(&line)) {
            Ok(text) => Named::parse(text, None, region),
            Err(_) => Err("the line is not UTF-8".to_owned()),
        };
        match named {
            Ok(named) => {
                let checked = suppression::check(&named, connection).await?;
                serde_json::to_writer(&mut output, &checked)?;
            }
            Err(why) => serde_json::to_writer(&mut output, &json!({ "error": why }))?,
        }
        output.write_all(b"\n")?;
        // Whoever asks line by line waits for this answer before asking on.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
    }
    Ok(output.flush()?)
}
