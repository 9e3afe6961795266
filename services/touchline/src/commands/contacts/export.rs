//! `touchline contacts export`: everything about a person, for programs or for people, or what the
//! person gave us, to take along.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use domain::{Locale, RequestId};
use office::dossier::{self, Export, Format};
use serde_json::json;
use storage::Role;

use crate::choices;
use crate::commands::{requests, whom};
use crate::connect::Session;
use crate::error::usage;

/// What to export, and how.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose: an id, external id, email address, phone number or name.
    contact: String,
    /// json for programs, html for people, csv for spreadsheets (with --portable alone).
    #[arg(long, default_value = "json", value_parser = choices::format())]
    format: Format,
    /// The language of the page: en or ar; the contact's when not given.
    #[arg(long)]
    language: Option<Locale>,
    /// Only what the person gave us, to take along.
    #[arg(long)]
    portable: bool,
    /// Where to write; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The request it answers.
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
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
/// An unknown contact or request, a person who may not, or a file that cannot be written.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    if arguments.actor.trim().is_empty() || arguments.reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who takes the data, and what for"));
    }
    if arguments.format == Format::Csv && !arguments.portable {
        return Err(usage("--format csv is for --portable; everything is told as json or html"));
    }
    let connection = session.connect_as(Role::Compliance).await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    if let Some(id) = arguments.request {
        requests::known(id, &connection.database).await?;
    }
    let Arguments { format, language, portable, out, request, actor, reason, .. } = arguments;
    let export = Export { format, portable, language, request, actor, reason };
    let exported = dossier::export(&contact, &export, &connection).await?;
    let Some(path) = out else {
        std::io::stdout().lock().write_all(exported.content.as_bytes())?;
        return Ok(());
    };
    std::fs::write(&path, exported.content)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let answer = json!({ "contact": contact.id, "out": path, "event": exported.event });
    session.output.object(&answer, |_| format!("written to {}", path.display()))?;
    Ok(())
}
