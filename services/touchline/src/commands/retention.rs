//! `touchline retention`: lets go of records whose time is over (compliance.md PRV-13).
//!
//! A command and not a part of the scheduler's sweep: deleting is for compliance alone, and a
//! scheduler has not got that right. Let cron run it.

use clap::{Args, Subcommand};
use serde_json::json;
use storage::Role;
use storage::rights::Retired;

use crate::connect::Session;
use crate::error::usage;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Show how long what is kept, and by which source.
    Show,
    /// Let go of what is kept longer. The list never is. For compliance officers.
    Run(RunArguments),
}

/// How to run.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Count, and let go of nothing.
    #[arg(long)]
    dry_run: bool,
    /// Who runs it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Runs the command.
///
/// # Errors
/// A schedule that cannot be read, a person who may not, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Show => show(session),
        Arguments::Run(arguments) => let_go(arguments, session).await,
    }
}

fn show(session: &Session) -> anyhow::Result<()> {
    let library = fleet::load_library(&session.settings)?;
    let rows: Vec<_> = library
        .retention()
        .keep
        .iter()
        .map(|period| {
            json!({
                "what": period.what, "country": period.country, "months": period.months,
                "source": period.source, "evidence": period.evidence, "verified": period.verified,
            })
        })
        .collect();
    session.output.list(&rows, &["what", "country", "months", "source"], |row| {
        let text = |field: &str| row[field].as_str().unwrap_or("").to_owned();
        let country = row["country"].as_str().unwrap_or("all").to_owned();
        vec![text("what"), country, row["months"].to_string(), text("source")]
    })?;
    Ok(())
}

async fn let_go(arguments: RunArguments, session: &Session) -> anyhow::Result<()> {
    let RunArguments { dry_run, actor } = arguments;
    if actor.trim().is_empty() {
        return Err(usage("--actor is empty; say who runs it"));
    }
    let library = fleet::load_library(&session.settings)?;
    let database = session.connect_as(Role::Compliance).await?.database;
    let now = session.clock()?.now();
    let retired = database.retire(library.retention(), now, dry_run).await?;
    if !dry_run {
        database.note_retention(&actor, library.retention_hash(), &retired).await?;
    }
    let answer = json!({ "dry_run": dry_run, "retired": retired });
    session.output.object(&answer, |_| told(&retired, dry_run))?;
    Ok(())
}

fn told(retired: &Retired, dry_run: bool) -> String {
    let mut text = format!(
        "{}: {} legal bases, {} withdrawals, {} requests, {} tasks, {} tests",
        if dry_run { "over, and kept (dry run)" } else { "let go" },
        retired.consents,
        retired.withdrawals,
        retired.requests,
        retired.tasks,
        retired.tests
    );
    if !retired.months.is_empty() {
        let verb = if dry_run { "to be detached" } else { "detached, to be archived" };
        text.push_str(&format!("\n{verb}: {}", retired.months.join(", ")));
    }
    text
}
