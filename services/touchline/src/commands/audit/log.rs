//! `touchline audit log`: the links of the chain, for people.

use chrono::{DateTime, Utc};
use clap::Args;
use domain::audit::Operation;
use office::Connection;
use office::addresses::Named;
use serde::Serialize;
use storage::audit::{Link, LinkFilter};
use storage::contacts::{domain_key, person_key};

use super::period;
use crate::connect::Session;

/// What to show.
#[derive(Debug, Args)]
pub struct Arguments {
    /// From this day (UTC) or instant on.
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Up to this day (UTC, with it) or instant.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// Of one address in any spelling, @domain, contact by its id, or keyed hash.
    #[arg(long, allow_hyphen_values = true)]
    subject: Option<String>,
    /// The most links shown.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// A link as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    seq: u64,
    recorded_at: DateTime<Utc>,
    table: String,
    operation: Operation,
    rows: u64,
    row: Option<String>,
    action: Option<String>,
    actor: Option<String>,
    login: String,
    role: String,
    subject: Option<String>,
    reason: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
    version: Option<String>,
}

const COLUMNS: [&str; 8] = ["seq", "recorded", "table", "what", "rows", "reason", "actor", "login"];

/// Runs the command.
///
/// # Errors
/// A day or subject that is none, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let since = arguments.since.as_deref().map(period::since).transpose()?;
    let until = arguments.until.as_deref().map(period::until).transpose()?;
    let connection = session.connect().await?;
    let subjects = match &arguments.subject {
        Some(text) => subjects(text, &connection, session).await?,
        None => Vec::new(),
    };
    connection.database.link_audit().await?;
    let filter = LinkFilter { since, until, subjects, before: None };
    let links = connection.database.audit_links(&filter, arguments.limit).await?;
    let links: Vec<Shown> = links.into_iter().map(shown).collect();
    Ok(session.output.list(&links, &COLUMNS, cells)?)
}

/// What the chain may call a subject: its keys, its person's, and the contact's id.
async fn subjects(
    text: &str,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<Vec<String>> {
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(vec![text.to_ascii_lowercase()]);
    }
    let Connection { database, keyer } = connection;
    let named = Named::parse(text, None, &session.team()?.default_region)
        .map_err(|why| anyhow::anyhow!("the subject cannot be used: {why}"))?;
    Ok(match named {
        Named::Domain(name) => vec![domain_key(keyer, &name).to_hex()],
        Named::Person(id) => vec![person_key(keyer, id).to_hex(), id.to_string()],
        Named::Address(address) => {
            let key = address.key(keyer);
            let mut subjects = vec![key.to_hex()];
            for contact in database.find_contacts("", &[key]).await? {
                subjects.push(person_key(keyer, contact.id).to_hex());
                subjects.push(contact.id.to_string());
            }
            subjects
        }
    })
}

fn shown(link: Link) -> Shown {
    Shown {
        seq: link.seq,
        recorded_at: link.recorded_at,
        table: link.source,
        operation: link.operation,
        rows: link.rows,
        row: link.row.map(|row| row.to_string()),
        action: link.action,
        actor: link.actor,
        login: link.login,
        role: link.role,
        subject: link.subject,
        reason: link.reason,
        occurred_at: link.occurred_at,
        version: link.version,
    }
}

fn cells(link: &Shown) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        link.seq.to_string(),
        link.recorded_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        link.table.clone(),
        link.action.clone().unwrap_or_else(|| link.operation.to_string()),
        link.rows.to_string(),
        text(&link.reason),
        text(&link.actor),
        link.login.clone(),
    ]
}
