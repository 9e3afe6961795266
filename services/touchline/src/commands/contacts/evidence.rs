//! `touchline contacts evidence`: what is on record about the messages to one person, signed, for a
//! regulator or a court (compliance.md AUD-09). Works for whoever was erased, by address, as far as
//! anything is left. That it was read is noted.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use domain::{AddressKey, ContactId, Locale};
use office::Connection;
use office::addresses::Named;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use storage::Role;
use storage::audit::LinkFilter;
use storage::contacts::person_key;
use storage::rights::{Dossier, Section};

use super::export::readable;
use crate::commands::evidence::{key, page_beside};
use crate::connect::Session;
use crate::error::usage;
use crate::evidence::sign;

/// Links of the audit chain at most.
const MOST_LINKS: u32 = 10_000;

/// The tables that tell of messages and what allows or stops them.
const TABLES: &[&str] = &[
    "addresses",
    "enrolments",
    "touches",
    "touch_events",
    "tasks",
    "suppressions",
    "suppression_events",
    "address_states",
    "consents",
    "consent_uses",
    "consent_withdrawals",
    "relationships",
    "contact_listings",
    "contact_sends",
    "earlier_sends",
    "wishes",
    "reviews",
    "bounces",
    "deliveries",
    "rights_requests",
    "rights_request_events",
    "erasures",
    "list_readings",
];

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
    let (contacts, keys) = meant(&arguments.contact, &team.default_region, &connection).await?;
    let dossier = read(&contacts, &keys, &arguments, &connection).await?;
    let head = connection.database.audit_head().await?;
    let language = arguments.language.unwrap_or(team.default_locale);
    let page = readable::evidence(&dossier, language).html();
    let tables: Map<String, Value> = dossier
        .sections
        .iter()
        .map(|section| (section.table.clone(), json!(section.rows)))
        .collect();
    let evidence = json!({
        "format": "touchline-evidence-1",
        "taken": {
            "by": arguments.actor, "reason": arguments.reason, "at": session.clock()?.now(),
            "event": dossier.reading, "version": env!("CARGO_PKG_VERSION"),
        },
        "contacts": contacts,
        "keys": keys.iter().map(|key| key.to_hex()).collect::<Vec<_>>(),
        "head": head.to_string(),
        "page_sha256": domain::hex::encode(digest(&SHA256, page.as_bytes()).as_ref()),
        "tables": tables,
    });
    let bundle = sign(&evidence, &pair)?;
    let cannot = |path: &PathBuf| format!("cannot write {}", path.display());
    std::fs::write(&page_path, page).with_context(|| cannot(&page_path))?;
    std::fs::write(&arguments.out, bundle).with_context(|| cannot(&arguments.out))?;
    let answer = json!({
        "contacts": contacts, "out": arguments.out, "page": page_path, "head": head.to_string(),
        "event": dossier.reading,
    });
    session.output.object(&answer, |_| {
        format!("written to {} and {}", arguments.out.display(), page_path.display())
    })?;
    Ok(())
}

/// Whose records are meant, and by which keys they are found.
async fn meant(
    text: &str,
    region: &str,
    connection: &Connection,
) -> anyhow::Result<(Vec<ContactId>, Vec<AddressKey>)> {
    let Connection { database, keyer } = connection;
    let mut keys = Vec::new();
    let mut contacts = match Named::parse(text, None, region) {
        Ok(Named::Domain(_)) => return Err(usage("this is a domain; name one address")),
        Ok(Named::Person(id)) => vec![id],
        Ok(Named::Address(address)) => {
            keys.push(address.key(keyer));
            database.contacts_of_keys(&keys).await?
        }
        Err(_) => database.contacts_called(&[text.to_owned()]).await?.into_values().collect(),
    };
    for contact in &contacts {
        keys.push(person_key(keyer, *contact));
        let known = database.find_contacts(&contact.to_string(), &[]).await?;
        keys.extend(known.iter().flat_map(|one| &one.addresses).map(|address| address.key));
    }
    contacts.sort_unstable();
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        anyhow::bail!("no contact has this id or external id");
    }
    Ok((contacts, keys))
}

/// Everything on record, in sections; that it was read is noted for each contact.
async fn read(
    contacts: &[ContactId],
    keys: &[AddressKey],
    arguments: &Arguments,
    connection: &Connection,
) -> anyhow::Result<Dossier> {
    let database = &connection.database;
    let why = format!("evidence bundle: {}", arguments.reason);
    // Without a contact, too, the reading is noted: under an id that nobody has.
    let nobody = [ContactId::new()];
    let mut all: Option<Dossier> = None;
    for contact in if contacts.is_empty() { &nobody[..] } else { contacts } {
        let own = database.read_person(*contact, &arguments.actor, &why).await?;
        match &mut all {
            None => all = Some(own),
            Some(all) => own.sections.into_iter().for_each(|section| add(all, section)),
        }
    }
    let mut dossier = all.context("nobody is meant")?;
    dossier.sections.retain(|section| TABLES.contains(&section.table.as_str()));
    let history = database.list_history(keys).await?;
    let events = history.iter().map(|event| {
        json!({
            "id": event.id, "at": event.at, "action": event.action, "channel": event.channel,
            "reason": event.reason, "origin": event.origin, "actor": event.actor,
            "evidence": event.evidence,
        })
    });
    add(&mut dossier, Section { table: "list_history".to_owned(), rows: events.collect() });
    let mut subjects: Vec<String> = keys.iter().map(|key| key.to_hex()).collect();
    subjects.extend(contacts.iter().map(ToString::to_string));
    let filter = LinkFilter { subjects, ..LinkFilter::default() };
    let links = database.audit_links(&filter, MOST_LINKS).await?;
    let links = links.iter().map(|link| {
        json!({
            "seq": link.seq, "recorded_at": link.recorded_at, "table": link.source,
            "row": link.row, "action": link.action, "actor": link.actor, "role": link.role,
            "reason": link.reason,
        })
    });
    add(&mut dossier, Section { table: "audit_links".to_owned(), rows: links.collect() });
    Ok(dossier)
}

fn add(dossier: &mut Dossier, section: Section) {
    if section.rows.is_empty() {
        return;
    }
    match dossier.sections.iter_mut().find(|own| own.table == section.table) {
        Some(own) => own.rows.extend(section.rows),
        None => dossier.sections.push(section),
    }
}
