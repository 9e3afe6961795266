//! `touchline audit verify`: whether the chain, and what it speaks of, is what it was.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clap::Args;
use domain::audit::{ChainHead, Fault};
use serde::Serialize;
use storage::audit::Verification;

use crate::connect::Session;
use crate::error::{Refused, usage};

/// What to compare with.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The end of the chain as `touchline audit head` printed it earlier: a chain that was cut off
    /// since, or made anew, is then found, too.
    #[arg(long, value_name = "SEQ:HASH")]
    head: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Verified {
    sound: bool,
    /// Where the chain ends.
    head: ChainHead,
    /// Links whose hash was made again.
    links: u64,
    /// Rows that were compared, by table.
    rows: BTreeMap<String, u64>,
    /// Decisions of the gate that are not sealed yet.
    unsealed: u64,
    oldest_unsealed: Option<DateTime<Utc>>,
    broken: Option<First>,
}

/// What is broken first.
#[derive(Debug, Serialize)]
struct First {
    /// The link; none where a row is there that no link speaks of.
    seq: Option<u64>,
    table: String,
    row: Option<String>,
    what: Fault,
    detail: String,
}

/// Runs the command.
///
/// # Errors
/// A broken link, an end of a chain that is none, or a database that does not answer.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let known = arguments
        .head
        .map(|text| text.parse::<ChainHead>().map_err(|why| usage(format!("--head: {why}"))))
        .transpose()?;
    let verification = session.connect().await?.database.verify_audit(known).await?;
    let verified = verified(verification);
    session.output.object(&verified, in_words)?;
    if verified.sound { Ok(()) } else { Err(Refused.into()) }
}

fn verified(checked: Verification) -> Verified {
    Verified {
        sound: checked.broken.is_none(),
        head: checked.head,
        links: checked.links,
        rows: checked.rows.into_iter().filter(|(_, rows)| *rows > 0).collect(),
        unsealed: checked.unsealed,
        oldest_unsealed: checked.oldest_unsealed,
        broken: checked.broken.map(|broken| First {
            seq: broken.seq,
            table: broken.table,
            row: broken.row,
            what: broken.fault,
            detail: broken.detail,
        }),
    }
}

fn in_words(verified: &Verified) -> String {
    let mut lines = Vec::new();
    match &verified.broken {
        Some(First { seq: Some(seq), detail, what, .. }) => {
            lines.push(format!("BROKEN at link {seq}, {what}: {detail}."));
        }
        Some(First { detail, what, .. }) => lines.push(format!("BROKEN, {what}: {detail}.")),
        None => lines.push("The audit log is sound.".to_owned()),
    }
    lines.push(format!(
        "{} links of {} were checked, and the rows",
        verified.links, verified.head.seq
    ));
    for (table, rows) in &verified.rows {
        lines.push(format!("  {rows:>12}  {table}"));
    }
    if let Some(oldest) = verified.oldest_unsealed {
        lines.push(format!(
            "{} decisions of the gate are not sealed yet, the oldest of {}.",
            verified.unsealed,
            oldest.format("%Y-%m-%d %H:%M:%S UTC")
        ));
    }
    lines.push(format!("The chain ends at {}", verified.head));
    lines.join("\n")
}
