//! `touchline contacts erase` and `re-erase` (compliance.md PRV-09, PRV-11, PRV-14, PRV-22).

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use domain::rights::RequestStep;
use domain::suppression::SuppressionReason;
use domain::{AddressKey, RequestId};
use office::Connection;
use serde_json::json;
use storage::Role;
use storage::contacts::Contact;
use storage::rights::{Erased, Erasing, Hold, Tombstone};

use super::replies;
use crate::commands::{requests, whom};
use crate::connect::Session;
use crate::error::{Refused, usage};

/// How many tombstones are looked up with one statement.
const PAGE: usize = 1000;

/// Whom to erase, and why.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An id, external id, email address, phone number or name.
    contact: String,
    /// The request it answers.
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
    /// Who does it: your own name.
    #[arg(long)]
    actor: String,
    /// Why, in words. No name and no address: this stays.
    #[arg(long)]
    reason: String,
    /// What proves it: a ticket, a letter. No name and no address: this stays.
    #[arg(long)]
    evidence: String,
    /// The folder where inbound keeps requests; the configured one when not given.
    #[arg(long, value_name = "DIR")]
    replies_dir: Option<PathBuf>,
    /// How long to wait for what is being handed over at this moment.
    #[arg(long, value_name = "N", default_value_t = 10)]
    wait_seconds: u64,
}

/// Whom to erase again.
#[derive(Debug, Args)]
pub struct AgainArguments {
    /// The list as `suppress export` has written it, newer than the backup.
    list: PathBuf,
    /// Who does it: your own name.
    #[arg(long)]
    actor: String,
    /// Why, e.g. the restore of a backup.
    #[arg(long)]
    reason: String,
    /// The folder where inbound keeps requests; the configured one when not given.
    #[arg(long, value_name = "DIR")]
    replies_dir: Option<PathBuf>,
}

/// Runs `contacts erase`.
///
/// # Errors
/// An unknown contact or request, a person who may not, or a database that does not answer. Refused
/// (exit code 1) where a legal hold stands against it, or something is being handed over.
pub async fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    let Arguments { actor, reason, evidence, .. } = &arguments;
    if [actor, reason, evidence].iter().any(|text| text.trim().is_empty()) {
        return Err(usage("--actor, --reason or --evidence is empty; say who, why, and on what"));
    }
    let connection = session.connect_as(Role::Compliance).await?;
    let database = &connection.database;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    if let Some(id) = arguments.request {
        requests::known(id, database).await?;
    }
    let erasing = Erasing {
        contact: contact.id,
        request: arguments.request,
        actor: actor.clone(),
        reason: reason.clone(),
        evidence: evidence.clone(),
        now: session.clock()?.now(),
    };
    let shared = database.sharing_addresses(contact.id).await?;
    let folder = replies::folder(arguments.replies_dir.clone(), session)?;
    let patience = Duration::from_secs(arguments.wait_seconds);
    match database.erase_person(&erasing, patience).await? {
        Erased::Done(counts) => {
            let files = replies::remove(&folder, &contact).await?;
            tell(&arguments, RequestStep::Answered, "erased", &connection, session).await?;
            let answer = json!({
                "status": "erased", "contact": contact.id, "counts": counts, "files": files,
                "shared_with": shared,
            });
            session.output.object(&answer, |_| told(&contact, files, shared.len()))?;
            Ok(())
        }
        Erased::InFlight(touches) => {
            let answer = json!({ "status": "in_flight", "in_flight": touches });
            session.output.object(&answer, |_| {
                "nothing to the person starts any more, but something is being handed over at this \
                 moment; run the same again to erase"
                    .to_owned()
            })?;
            Err(Refused.into())
        }
        Erased::Held(holds) => {
            let why = in_words(&holds);
            let note = format!("legal hold: {why}");
            tell(&arguments, RequestStep::Refused, &note, &connection, session).await?;
            session.output.object(&json!({ "status": "held", "holds": holds }), |_| {
                format!("not erased, a legal hold keeps the data: {why}")
            })?;
            Err(Refused.into())
        }
        Erased::Unknown => anyhow::bail!("the contact is gone"),
    }
}

fn told(contact: &Contact, files: u64, shared: usize) -> String {
    let mut text = format!("erased: {} names nobody any more", contact.id);
    if files > 0 {
        text.push_str(&format!("; {files} kept requests removed"));
    }
    if shared > 0 {
        text.push_str(&format!(
            "; {shared} other contacts have an address in common with the person, which stays theirs \
             and is listed with the person"
        ));
    }
    text
}

fn in_words(holds: &[Hold]) -> String {
    let words = holds.iter().map(|hold| {
        let evidence = hold.evidence.as_deref().unwrap_or("no reason given");
        format!("{evidence} (entry {}, since {})", hold.entry, hold.since.format("%Y-%m-%d"))
    });
    words.collect::<Vec<_>>().join("; ")
}

async fn tell(
    arguments: &Arguments,
    step: RequestStep,
    note: &str,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<()> {
    let Some(id) = arguments.request else { return Ok(()) };
    requests::note(id, step, note, &arguments.actor, &connection.database, session).await
}

/// Runs `contacts re-erase`.
///
/// # Errors
/// A file that is no exported list, a person who may not, or a database that does not answer.
/// Refused (exit code 1) when somebody is left.
pub async fn again(arguments: AgainArguments, session: &Session) -> anyhow::Result<()> {
    let AgainArguments { list, actor, reason, replies_dir } = arguments;
    if actor.trim().is_empty() || reason.trim().is_empty() {
        return Err(usage("--actor or --reason is empty; say who, and why"));
    }
    let tombstones = tombstones(&list)?;
    let connection = session.connect_as(Role::Compliance).await?;
    let database = &connection.database;
    let folder = replies::folder(replies_dir, session)?;
    let (mut entered, mut erased, mut others, mut left) = (0, 0_u64, 0, Vec::new());
    for page in tombstones.chunks(PAGE) {
        entered += database.restore_tombstones(page, &actor).await?;
        let (risen, with_address) = database.risen(page).await?;
        others += with_address;
        for contact in risen {
            let named = database.contact(contact).await?;
            let erasing = Erasing {
                contact,
                request: None,
                actor: actor.clone(),
                reason: reason.clone(),
                evidence: "erased before".to_owned(),
                now: session.clock()?.now(),
            };
            match database.erase_person(&erasing, Duration::from_secs(10)).await? {
                Erased::Done(_) | Erased::Unknown => {
                    erased += 1;
                    if let Some(contact) = &named {
                        replies::remove(&folder, contact).await?;
                    }
                }
                Erased::InFlight(_) | Erased::Held(_) => left.push(contact),
            }
        }
    }
    let answer = json!({
        "tombstones": tombstones.len(), "entered": entered, "erased": erased, "left": left,
        "others_with_an_erased_address": others,
    });
    session.output.object(&answer, |_| {
        format!(
            "{} tombstones: {entered} were not on the list, {erased} people erased again, {} left \
             (a legal hold, or something being handed over)",
            tombstones.len(),
            left.len()
        )
    })?;
    if left.is_empty() { Ok(()) } else { Err(Refused.into()) }
}

/// The entries for erasure of an exported list.
fn tombstones(list: &PathBuf) -> anyhow::Result<Vec<Tombstone>> {
    let unreadable = || format!("cannot read {}", list.display());
    let mut reader = csv::Reader::from_path(list).with_context(unreadable)?;
    let header = reader.headers().with_context(unreadable)?;
    let columns: HashMap<String, usize> =
        header.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
    let column = |name: &str| {
        columns.get(name).copied().ok_or_else(|| {
            usage(format!(
                "{} has no column {name}; give what suppress export wrote",
                list.display()
            ))
        })
    };
    let (reason, channel, key) = (column("reason")?, column("channel")?, column("key")?);
    let mut found = Vec::new();
    for (at, row) in reader.records().enumerate() {
        let row = row.with_context(unreadable)?;
        if row.get(reason) != Some(SuppressionReason::Erasure.as_str()) {
            continue;
        }
        let channel = row.get(channel).filter(|text| !text.is_empty());
        let channel = channel.map(str::parse).transpose();
        let key = row.get(key).and_then(AddressKey::from_hex);
        let (Ok(channel), Some(key)) = (channel, key) else {
            return Err(usage(format!("{}: line {} is no entry", list.display(), at + 2)));
        };
        found.push(Tombstone { key, channel });
    }
    Ok(found)
}
