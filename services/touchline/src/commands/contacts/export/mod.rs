//! `touchline contacts export`: everything about a person, for programs or for people, or what the
//! person gave us, to take along (compliance.md PRV-06, PRV-07). That it was read is noted.

mod portable;
pub(super) mod readable;
mod words;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use domain::{Locale, RequestId};
use serde_json::{Map, Value, json};
use storage::Role;
use storage::rights::Dossier;

use crate::commands::{requests, whom};
use crate::connect::Session;
use crate::error::usage;

/// What to export, and how.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose: an id, external id, email address, phone number or name.
    contact: String,
    /// json for programs, html for people, csv for spreadsheets (with --portable alone).
    #[arg(long, value_enum, default_value = "json")]
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

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For programs.
    Json,
    /// For people.
    Html,
    /// For spreadsheets.
    Csv,
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
    let why = match arguments.request {
        Some(id) => format!("{} (request {id})", arguments.reason),
        None => arguments.reason.clone(),
    };
    let dossier = connection.database.read_person(contact.id, &arguments.actor, &why).await?;
    let language = arguments.language.unwrap_or(contact.locale);
    let content = match (arguments.portable, arguments.format) {
        (false, Format::Html) => readable::page(&dossier, language).html(),
        (false, _) => pretty(&everything(&dossier))?,
        (true, Format::Html) => readable::page(&portable::given(&dossier), language).html(),
        (true, Format::Json) => pretty(&everything(&portable::given(&dossier)))?,
        (true, Format::Csv) => portable::csv(&portable::given(&dossier))?,
    };
    let Some(path) = arguments.out else {
        std::io::stdout().lock().write_all(content.as_bytes())?;
        return Ok(());
    };
    std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    let answer = json!({ "contact": contact.id, "out": path, "event": dossier.reading });
    session.output.object(&answer, |_| format!("written to {}", path.display()))?;
    Ok(())
}

/// Everything, a list of rows per table.
fn everything(dossier: &Dossier) -> Value {
    let sections = dossier.sections.iter();
    let tables: Map<String, Value> =
        sections.map(|section| (section.table.clone(), json!(section.rows))).collect();
    json!({ "event": dossier.reading, "tables": tables })
}

fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
