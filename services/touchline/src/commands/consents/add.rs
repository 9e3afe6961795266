//! `touchline consents add` and `withdraw`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use domain::consent::LegalBasis;
use domain::relationship::{Relationship, RelationshipKind};
use domain::suppression::Purpose;
use domain::{AddressKey, ContactChannel};
use jiff::tz::TimeZone;
use office::Connection;
use office::addresses::Named;
use office::consents::Lacking;
use office::local;
use serde_json::json;
use storage::StorageError;
use storage::consents::{NewConsent, Proof, Snapshot, Withdrawal};

use crate::commands::whom;
use crate::connect::Session;
use crate::error::usage;

/// The largest picture or page that is kept with a record.
const LARGEST_SNAPSHOT: u64 = 5 * 1024 * 1024;

/// A record to be made.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Whom it is about: an id, external id, email address, phone number or name.
    contact: String,
    /// What it covers: email, sms, call, post.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',', required = true)]
    channel: Vec<ContactChannel>,
    /// What for: marketing, transactional, legal.
    #[arg(long, value_name = "PURPOSE,…", value_delimiter = ',', default_value = "marketing")]
    purpose: Vec<Purpose>,
    /// consent, implied_consent, soft_opt_in, legitimate_interest, contract or none.
    #[arg(long, default_value = "consent")]
    basis: LegalBasis,
    /// The seller or controller it was given to; the team when not given.
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,
    /// The exact text that was shown.
    #[arg(long, value_name = "TEXT", conflicts_with = "wording_file")]
    wording: Option<String>,
    /// A file with the exact text that was shown.
    #[arg(long, value_name = "FILE")]
    wording_file: Option<PathBuf>,
    /// The language of the text; the contact's when not given.
    #[arg(long)]
    language: Option<String>,
    /// What the person did, e.g. "ticked a box", "answered YES".
    #[arg(long, value_name = "TEXT", default_value = "")]
    act: String,
    /// Where it was given: a URL, a form, an agent, a recording.
    #[arg(long)]
    source: String,
    /// When it was given, e.g. 2026-06-01T08:00:00Z; now when not given.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// The person's time zone then; the contact's, else the team's when not given.
    #[arg(long)]
    zone: Option<String>,
    /// Only for this address or number; otherwise for whichever the contact has.
    #[arg(long)]
    address: Option<String>,
    /// The network address it came from.
    #[arg(long)]
    ip: Option<String>,
    /// The program it came from.
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// The proof that the address confirmed it.
    #[arg(long, value_name = "TEXT")]
    double_opt_in: Option<String>,
    /// A picture, page or form as it was presented; its content is kept.
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// The weighing of interests, or the signed agreement.
    #[arg(long, value_name = "TEXT", requires = "document_date")]
    document: Option<String>,
    /// The day of the document.
    #[arg(long, value_name = "DATE", requires = "document")]
    document_date: Option<NaiveDate>,
    /// What implies consent: a transaction or an inquiry at the time of --at.
    #[arg(long, value_name = "KIND", conflicts_with = "expires")]
    implied_by: Option<RelationshipKind>,
    /// The last day it counts, in UTC.
    #[arg(long, value_name = "DATE")]
    expires: Option<NaiveDate>,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// A withdrawal to be recorded.
#[derive(Debug, Args)]
pub struct WithdrawArguments {
    /// Who withdrew: an id, external id, email address, phone number or name.
    contact: String,
    /// On which channels: email, sms, call, post.
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',', required = true)]
    channel: Vec<ContactChannel>,
    /// What for: marketing, transactional, legal.
    #[arg(long, value_name = "PURPOSE,…", value_delimiter = ',', default_value = "marketing")]
    purpose: Vec<Purpose>,
    /// When, e.g. 2026-06-01T08:00:00Z; now when not given.
    #[arg(long, value_name = "TIME")]
    at: Option<DateTime<Utc>>,
    /// What proves it: a ticket, a message, a recording. No address.
    #[arg(long)]
    evidence: String,
    /// Who records it.
    #[arg(long, default_value = "command line")]
    actor: String,
}

/// Runs `consents add`.
///
/// # Errors
/// An unknown contact, a file that cannot be read, or a proof that the basis needs and lacks.
pub async fn add(arguments: AddArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    let given_at = arguments.at.map_or_else(|| Ok(session.clock()?.now()), anyhow::Ok)?;
    let team = session.team()?;
    let zone = arguments.zone.clone().or(contact.time_zone).unwrap_or(team.default_time_zone);
    if TimeZone::get(&zone).is_err() {
        return Err(usage(format!("{zone:?} is no time zone; write one like Asia/Dubai")));
    }
    let new = NewConsent {
        contact: contact.id,
        address: address(arguments.address.as_deref(), &connection, session)?,
        channels: arguments.channel.clone(),
        purposes: arguments.purpose.clone(),
        basis: arguments.basis,
        expires_at: expires_at(&arguments, given_at),
        proof: Proof {
            controller: controller(arguments.controller, session)?,
            wording: wording(arguments.wording, arguments.wording_file.as_deref())?,
            language: arguments.language.unwrap_or_else(|| contact.locale.to_string()),
            snapshot: arguments.snapshot.as_deref().map(snapshot).transpose()?,
            act: arguments.act,
            given_at,
            given_zone: zone,
            source: arguments.source,
            ip: arguments.ip,
            user_agent: arguments.user_agent,
            double_opt_in: arguments.double_opt_in,
            document: arguments.document.zip(arguments.document_date),
        },
        actor: arguments.actor,
    };
    let id = connection.database.record_consent(&new).await.map_err(missing_proof)?;
    let answer = json!({
        "consent": id, "contact": new.contact, "basis": new.basis, "channels": new.channels,
        "purposes": new.purposes, "given_at": new.proof.given_at, "expires_at": new.expires_at,
    });
    session.output.object(&answer, |_| format!("recorded: {} as {id}", new.basis))?;
    Ok(())
}

/// Runs `consents withdraw`.
///
/// # Errors
/// An unknown contact, or a database that does not answer.
pub async fn withdraw(arguments: WithdrawArguments, session: &Session) -> anyhow::Result<()> {
    let connection = session.connect().await?;
    let contact = whom::contact(&arguments.contact, &connection, session).await?;
    let withdrawn_at = arguments.at.map_or_else(|| Ok(session.clock()?.now()), anyhow::Ok)?;
    for channel in &arguments.channel {
        for purpose in &arguments.purpose {
            let withdrawal = Withdrawal {
                channel: *channel,
                purpose: *purpose,
                withdrawn_at,
                actor: arguments.actor.clone(),
                evidence: arguments.evidence.clone(),
                suppression: None,
            };
            connection.database.withdraw_consent(contact.id, &withdrawal).await?;
        }
    }
    let answer = json!({
        "contact": contact.id, "channels": arguments.channel, "purposes": arguments.purpose,
        "withdrawn_at": withdrawn_at,
    });
    session.output.object(&answer, |_| {
        "recorded; put the address on the list with touchline suppress add, too".to_owned()
    })?;
    Ok(())
}

fn address(
    given: Option<&str>,
    connection: &Connection,
    session: &Session,
) -> anyhow::Result<Option<AddressKey>> {
    let Some(given) = given else { return Ok(None) };
    match Named::parse(given, None, &session.team()?.default_region) {
        Ok(Named::Address(address)) => Ok(Some(address.key(&connection.keyer))),
        Ok(_) => Err(usage("--address takes an email address or a phone number")),
        Err(why) => Err(usage(format!("--address cannot be used: {why}"))),
    }
}

/// To whom it was given: the team, where nobody else is named.
///
/// # Errors
/// When neither has a name.
pub fn controller(given: Option<String>, session: &Session) -> anyhow::Result<String> {
    #[derive(serde::Deserialize)]
    struct Team {
        name: String,
    }
    let name = match given {
        Some(name) => name,
        None => session.settings.section::<Team>("team")?.name,
    };
    if name.trim().is_empty() {
        return Err(usage("say with --controller to whom it was given, or set [team] name"));
    }
    Ok(name)
}

/// The text that was shown.
///
/// # Errors
/// When its file cannot be read.
pub fn wording(text: Option<String>, file: Option<&Path>) -> anyhow::Result<String> {
    match file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {} as UTF-8 text", file.display())),
        None => Ok(text.unwrap_or_default()),
    }
}

fn snapshot(file: &Path) -> anyhow::Result<Snapshot> {
    let unreadable = || format!("cannot read {}", file.display());
    if std::fs::metadata(file).with_context(unreadable)?.len() > LARGEST_SNAPSHOT {
        return Err(usage(format!("{} has more than 5 MB", file.display())));
    }
    let bytes = std::fs::read(file).with_context(unreadable)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Snapshot { name, bytes })
}

/// The instant after the last day it counts.
fn expires_at(arguments: &AddArguments, given_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let last_day = match arguments.implied_by {
        None => arguments.expires?,
        Some(kind) => {
            let on = local::zoned(given_at, &TimeZone::UTC).date();
            let implied = Relationship { kind, on, evidence: arguments.source.clone() };
            implied.implied_consent_until().to_string().parse().ok()?
        }
    };
    Some((last_day.and_time(chrono::NaiveTime::MIN) + TimeDelta::days(1)).and_utc())
}

/// What is missing, in the words of the command line.
fn missing_proof(error: StorageError) -> anyhow::Error {
    match Lacking::of(&error) {
        Some(Lacking::Shown) => {
            usage("a consent needs the text that was shown (--wording) and what was done (--act)")
        }
        Some(Lacking::Weighing) => {
            usage("a legitimate interest needs its weighing: --document and --document-date")
        }
        Some(Lacking::End) => usage("an implied consent ends: give --implied-by, or --expires"),
        Some(Lacking::Time) => usage("it would end before it was given"),
        Some(Lacking::Source) => usage("--source is empty"),
        None => error.into(),
    }
}
