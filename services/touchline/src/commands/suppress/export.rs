//! `touchline suppress export`: the entries in force as CSV, by keyed hashes, or in clear for
//! compliance.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use office::suppression::{self, Export};
use serde_json::json;
use storage::Role;

use crate::connect::Session;
use crate::error::usage;

/// What to export.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to write; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// With the addresses in clear, as far as contacts have them. For compliance officers.
    #[arg(long)]
    clear: bool,
    /// Who takes it: your own name.
    #[arg(long)]
    actor: String,
    /// What for.
    #[arg(long)]
    reason: String,
}

/// Runs the command.
///
/// # Errors
/// A person who may not, a file that cannot be written, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let Arguments { out, clear, actor, reason } = arguments;
    if actor.trim().is_empty() || reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who takes the list, and what for"));
    }
    let role = if clear { Role::Compliance } else { Role::Operator };
    let connection = session.connect_as(role).await?;
    let open = || -> anyhow::Result<Box<dyn Write + Send>> {
        let Some(path) = &out else { return Ok(Box::new(io::stdout())) };
        let file = File::create(path);
        Ok(Box::new(file.with_context(|| format!("cannot write {}", path.display()))?))
    };
    let export = Export { clear, actor, reason };
    let written = suppression::export(export, &connection, open).await?;
    if let Some(path) = out {
        let entries = written.entries;
        let answer = json!({ "entries": entries, "out": path, "event": written.event });
        let told = format!("{entries} entries written to {}", path.display());
        session.output.object(&answer, |_| told)?;
    }
    Ok(())
}
