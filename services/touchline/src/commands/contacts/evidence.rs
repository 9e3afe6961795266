//! `touchline contacts evidence`: what is on record about the messages to one person, signed, for a
//! regulator or a court.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use domain::Locale;
use office::evidence::{self, NoEvidence, Taking};
use serde_json::json;
use storage::Role;

use crate::commands::evidence::{key, page_beside};
use crate::connect::Session;
use crate::error::usage;

/// What to write, and for whom.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Whose: a contact's id or external id, an email address or phone number, also of somebody who
    /// was erased.
    contact: String,
    /// Where to write the bundle; the page goes beside it, with .html at the end.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The language of the page: en or ar; the team's when not given.
    #[arg(long)]
    language: Option<Locale>,
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
/// No key to sign with, nothing on record, a person who may not, or a file that cannot be written.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    if arguments.actor.trim().is_empty() || arguments.reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who takes the data, and what for"));
    }
    let pair = key(session)?;
    let page_path = page_beside(&arguments.out);
    if page_path == arguments.out {
        return Err(usage("--out ends with .html, where the page goes; name a .json file"));
    }
    let team = session.team()?;
    let connection = session.connect_as(Role::Compliance).await?;
    let Arguments { contact, out, language, actor, reason } = arguments;
    let language = language.unwrap_or(team.default_locale);
    let (region, at) = (team.default_region, session.clock()?.now());
    let taking = Taking { contact, region, actor, reason, at, language };
    let bundle = evidence::bundle(&taking, &pair, &connection).await.map_err(no_evidence)?;
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    std::fs::write(&page_path, bundle.page).with_context(|| cannot(&page_path))?;
    std::fs::write(&out, bundle.json).with_context(|| cannot(&out))?;
    let answer = json!({
        "contacts": bundle.contacts, "out": out, "page": page_path, "head": bundle.head,
        "event": bundle.event,
    });
    session
        .output
        .object(&answer, |_| format!("written to {} and {}", out.display(), page_path.display()))?;
    Ok(())
}

fn no_evidence(why: NoEvidence) -> anyhow::Error {
    match why {
        NoEvidence::Domain => usage(why.to_string()),
        NoEvidence::Storage(error) => error.into(),
        why => why.into(),
    }
}
